"""regaudit permissions: what a live scan needs of Microsoft Graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.commands import Command, echo_table
from auditor.commands.options import Output, outputs, rules

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection


@click.command(
    "permissions", cls=Command, epilog="\b\nExample:\n  regaudit permissions --select credentials --output-format required-resource-access"
)
@rules(settings=False)
@outputs("text", "json", "required-resource-access")
def command(rules: RuleSelection, output: Output) -> None:
    """Print the least Microsoft Graph permissions that a live scan needs, and the calls that need them.

    All of them are read permissions. If one is missing, the rules that need it are not evaluated; all other rules are. Without an
    optional one the scan still counts as complete.
    --output-format required-resource-access prints a block to paste into a registration's manifest.
    """
    import json

    from auditor.engine.prepared import collections
    from auditor.sources.graph.plan import plan, required_resource_access

    selected = rules.rules()
    planned = plan(collections(selected))
    permissions = planned.permissions()
    if output.form == "required-resource-access":
        click.echo(json.dumps(required_resource_access(permissions), indent=2))
        return
    reads = {rule.id: collections([rule]) for rule in selected}
    without = {name: sorted(id_ for id_, read in reads.items() if read & set(needs)) for name, needs in permissions.items()}
    calls = [
        {"method": "GET", "url": f"/{call.version}{call.path}", "query": call.query, "permission": call.permission,
         "also": call.also or None, "collection": call.collection, "why": call.why}
        for call in planned.calls
    ]  # fmt: skip
    if output.form == "json":
        rows = [
            {"permission": name, "optional": planned.is_optional(name), "collections": permissions[name], "rules": without[name]}
            for name in permissions
        ]
        click.echo(
            json.dumps({"permissions": rows, "calls": calls, "required_resource_access": required_resource_access(permissions)}, indent=2)
        )
        return
    if output.quiet:
        click.echo("\n".join(permissions))
        return
    click.echo("Microsoft Graph permissions (application, or delegated of the same name):\n")
    poorer = {call.also for call in planned.calls} - {call.permission for call in planned.calls}
    table = []
    for name, needs in permissions.items():
        readers = ", ".join(without[name]) if output.verbose else f"{len(without[name])} rules"
        remark = " (names only)" if name in poorer else " (optional)" if planned.is_optional(name) else ""
        table.append((name, ", ".join(needs), readers + remark))
    echo_table(table, ["permission", "for", "read by"])
    click.echo("\nCalls:\n")
    echo_table([(call.shown, call.why) for call in planned.calls], ["call", "for"])
    click.echo("\nTo paste into a registration's manifest:\nregaudit permissions --output-format required-resource-access")
