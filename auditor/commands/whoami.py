"""regaudit whoami: the sign-in, and what it may read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.commands import Command, echo_json, option
from auditor.commands.live import live_of, sign_in_options
from auditor.commands.options import Output, outputs, rules

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection

_EPILOG = """\b
Examples:
  regaudit whoami --tenant contoso.onmicrosoft.com --auth cli
  regaudit whoami --tenant contoso.onmicrosoft.com --probe > shapes.txt
"""


@click.command("whoami", cls=Command, epilog=_EPILOG)
@sign_in_options
@rules(settings=False)
@option(
    "--probe", is_flag=True,
    help="Print the shapes of what Microsoft Graph answers: properties and types, without names, IDs and values. For a bug report.",
)  # fmt: skip
@outputs("text", "json")
def command(rules: RuleSelection, output: Output, probe: bool, **options: Any) -> int:
    """Sign in to a tenant in the same way as a scan, and show who is signed in and what they can read.

    Requests one object of each collection that the rules need from Microsoft Graph. The exit code is 2 if something is refused
    that is not optional.
    """
    from auditor.display import clean
    from auditor.engine.prepared import collections
    from auditor.sources.graph import live as source
    from auditor.sources.graph.plan import plan

    live = live_of(options, always=True)
    assert live is not None
    found = source.check(live, plan(collections(rules.rules())))
    refused = [answer for answer in found.answers if answer.refused]
    missing = sorted({answer.call.permission for answer in refused})
    code = 2 if any(not answer.call.is_optional for answer in refused) else 0
    if probe:
        from auditor import probe as shapes

        probed = shapes.probe(found.answers)
        if output.form == "json":
            echo_json(probed)
        else:
            click.echo("\n".join(shapes.lines(probed)))
        return code
    if output.form == "json":
        import json

        rows = [{"collection": one.call.collection, "permission": one.call.permission, "allowed": not one.refused,
                 "optional": one.call.is_optional, "reason": clean(one.refused) or None} for one in found.answers]  # fmt: skip
        who = {"tenant_id": clean(found.tenant_id), "tenant": clean(found.tenant), "who": clean(found.who), "may_read": rows}
        click.echo(json.dumps(who, indent=2))
        return code
    click.echo(f"tenant   {clean(found.tenant_id, 100)}" + (f"  {clean(found.tenant, 200)}" if found.tenant else ""))
    click.echo(f"who      {clean(found.who, 200)}")
    for one in found.answers:
        if one.refused or not output.quiet:
            needs = f"  needs {one.call.permission}" if one.refused or output.verbose else ""
            needs += " (optional)" if one.call.is_optional and needs else ""
            click.echo(f"{'refused' if one.refused else 'allowed'}  {one.call.collection}{needs}")
    if missing:
        click.echo(
            f"\nGrant {', '.join(missing)}: `regaudit permissions` says what for. Without, the rules that need it are not evaluated."
        )
    return code
