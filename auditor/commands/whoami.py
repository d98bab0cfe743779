"""regaudit whoami: the sign-in, and what it may read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.commands import Command
from auditor.commands.live import live_of, sign_in_options
from auditor.commands.options import Output, outputs, rules

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection


@click.command("whoami", cls=Command, epilog="Example: regaudit whoami --tenant contoso.onmicrosoft.com --auth cli")
@sign_in_options
@rules(settings=False)
@outputs("text", "json")
def command(rules: RuleSelection, output: Output, **options: Any) -> int:
    """Sign in to a tenant in the same way as a scan, and show who is signed in and what they can read.

    Requests one object of each collection that the rules need from Microsoft Graph. The exit code is 2 if something is refused.
    """
    from auditor.display import clean
    from auditor.engine.compiled import collections
    from auditor.sources.graph import live as source
    from auditor.sources.graph.plan import plan

    live = live_of(options, always=True)
    assert live is not None
    found = source.check(live, plan(collections(rules.rules())))
    missing = sorted({permission for _, permission, refused in found.answers if refused})
    if output.form == "json":
        import json

        rows = [{"collection": name, "permission": permission, "allowed": not refused, "reason": clean(refused) or None}
                for name, permission, refused in found.answers]  # fmt: skip
        who = {"tenant_id": clean(found.tenant_id), "tenant": clean(found.tenant), "who": clean(found.who), "may_read": rows}
        click.echo(json.dumps(who, indent=2))
        return 2 if missing else 0
    click.echo(f"tenant   {clean(found.tenant_id, 100)}" + (f"  {clean(found.tenant, 200)}" if found.tenant else ""))
    click.echo(f"who      {clean(found.who, 200)}")
    for name, permission, refused in found.answers:
        if refused or not output.quiet:
            needs = f"  needs {permission}" if refused or output.verbose else ""
            click.echo(f"{'refused' if refused else 'allowed'}  {name}{needs}")
    if missing:
        click.echo(
            f"\nGrant {', '.join(missing)}: `regaudit permissions` says what for. Without, the rules that need it are not evaluated."
        )
    return 2 if missing else 0
