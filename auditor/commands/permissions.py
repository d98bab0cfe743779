"""regaudit permissions: what a live scan needs of Microsoft Graph."""

from __future__ import annotations

import click

from auditor.commands import Command, complete, listed


@click.command(
    "permissions", cls=Command, epilog="Example: regaudit permissions --select credentials --output-format required-resource-access"
)
@click.option("--select", multiple=True, metavar="RULES", shell_complete=complete.rules, help="What these rules need (default: all).")
@click.option("--ignore", multiple=True, metavar="RULES", shell_complete=complete.rules, help="Without these rules.")
@click.option(
    "--profile", default="default", show_default=True, shell_complete=complete.profiles, help="Which rules, if none are selected."
)
@click.option(
    "--output-format", type=click.Choice(["text", "json", "required-resource-access"]), default="text", show_default=True,
    help="required-resource-access: a block to paste into a registration's manifest.",
)  # fmt: skip
def command(select: tuple[str, ...], ignore: tuple[str, ...], profile: str, output_format: str) -> None:
    """Print the least Microsoft Graph permissions for a live scan, and the calls that need them.

    All of them only read. What is missing costs the rules that read it, and no others: they are then not evaluated.
    """
    import json

    from auditor import rulebook
    from auditor.engine.compiled import collections
    from auditor.rulebook import profiles
    from auditor.sources.graph.plan import plan, required_resource_access

    chosen = profiles.load(profile)
    rules = profiles.chosen(chosen.apply(rulebook.shipped()), chosen, listed(select), listed(ignore))
    planned = plan(collections(rules))
    permissions = planned.permissions()
    if output_format == "required-resource-access":
        click.echo(json.dumps(required_resource_access(permissions), indent=2))
        return
    without = {name: sorted(rule.id for rule in rules if collections([rule]) & set(needs)) for name, needs in permissions.items()}
    calls = [
        {"method": "GET", "url": f"/{call.version}{call.path}", "query": call.query, "permission": call.permission,
         "also": call.also or None, "collection": call.collection, "why": call.why}
        for call in planned.calls
    ]  # fmt: skip
    if output_format == "json":
        rows = [{"permission": name, "collections": permissions[name], "rules": without[name]} for name in permissions]
        click.echo(
            json.dumps({"permissions": rows, "calls": calls, "required_resource_access": required_resource_access(permissions)}, indent=2)
        )
        return
    from tabulate import tabulate

    click.echo("Microsoft Graph permissions (application, or delegated of the same name):\n")
    poorer = {call.also for call in planned.calls} - {call.permission for call in planned.calls}
    table = [
        (name, ", ".join(needs), f"{len(without[name])} rules" + (" (names of owners only)" if name in poorer else ""))
        for name, needs in permissions.items()
    ]
    click.echo(tabulate(table, headers=["permission", "for", "read by"], tablefmt="simple"))
    click.echo("\nCalls:\n")
    click.echo(tabulate([(call.shown, call.why) for call in planned.calls], headers=["call", "for"], tablefmt="simple"))
    click.echo("\nTo paste into a registration's manifest: regaudit permissions --output-format required-resource-access")
