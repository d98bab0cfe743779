"""regaudit credentials: the expiry calendar."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from auditor.commands import Command, echo_json, echo_table, running
from auditor.commands.options import Output, as_of, exceptions, inputs, outputs

if TYPE_CHECKING:
    from auditor.engine.exceptions import Accepted
    from auditor.pipeline import Inputs

_EPILOG = """\b
Examples:
  regaudit credentials manifests/ --within 60d
  regaudit credentials . --output-format ics > expiry.ics
  regaudit credentials --tenant contoso.onmicrosoft.com
"""
_READ = ("applications", "servicePrincipals", "owners")
_HEADERS = ("ends", "days left", "state", "kind", "name", "application", "app id", "owners")


@click.command("credentials", cls=Command, epilog=_EPILOG)
@inputs()
@click.option(
    "--within", default="60d", show_default=True, metavar="TIME", help="How far ahead to look: 60d, 8w, 6m or 1y; 'all' for everything."
)
@exceptions(baseline=False)
@as_of
@outputs("text", "json", "ics", redact=True)
def command(inputs: Inputs, accepted: Accepted | None, output: Output, within: str, as_of: str | None) -> int:
    """List client secrets and certificates that have expired or expire soon, the earliest first, with their owners.

    What another, longer-lived credential has replaced is left out: nothing depends on it.
    """
    from auditor.display import counted
    from auditor.report.ics import calendar, days_of, ics
    from auditor.report.tables import credential_rows
    from auditor.unknown import Unknown

    days = days_of(within)
    loaded = running.load(inputs, _READ, as_of, output)
    every = output.redacted(list(credential_rows(loaded, _waived(accepted, loaded.as_of.date()))))
    rows = calendar(every, days)
    roots: list[Any] = [root for world in loaded.worlds for root in (*world.apps, *world.principals)]
    unread = [isinstance(root.secrets, Unknown) + isinstance(root.certificates, Unknown) for root in roots]
    objects, what = "app registration or service principal", "which credentials there are"
    gate = running.listed(loaded, objects, what, read=len(roots), known=sum(lists < 2 for lists in unread))
    if output.form == "json":
        echo_json(rows)
    elif output.form == "ics":
        click.echo(ics(rows, loaded.as_of).encode("utf-8", "replace"), nl=False)
    elif rows or not gate.nothing_known:
        if rows and not output.quiet:
            _table(rows)
        ahead = "some day" if days is None else f"within {within}"
        verbs = "has expired or expires" if len(rows) == 1 else "have expired or expire"
        click.echo(f"{counted(len(rows), 'credential')} {verbs} {ahead}." if rows else f"No credential has expired or expires {ahead}.")
        if unknown := sum(row.state == "unknown" for row in every):
            click.echo(f"When {counted(unknown, 'credential')} {'ends' if unknown == 1 else 'end'} is not known: the input does not say.")
        if blind := sum(map(bool, unread)):
            click.echo(f"Not all credentials are known of {blind:,} of {counted(len(roots), 'object')}: the input does not list them.")
    return gate.exit_code


def _waived(accepted: Accepted | None, today: date) -> Any:
    """What accepts a finding of a credential; None without waivers."""
    if accepted is None or accepted.waivers is None:
        return None
    from auditor.engine.waivers import of_subjects
    from auditor.rulebook import shipped

    accepted.waivers.check(today, accepted.max_waiver_days)
    return of_subjects(accepted.waivers, shipped(), today)


def _table(rows: list[Any]) -> None:
    table = [
        (
            row.end[:10],
            row.days_left,
            row.state if row.waiver is None else f"{row.state}, waived until {row.waiver.until}",
            row.kind,
            row.display_name or row.key_id,
            row.app_display_name,
            row.app_id,
            "not known" if row.owners is None else ", ".join(row.owners) or "none",
        )
        for row in rows
    ]
    echo_table(table, _HEADERS)
    click.echo()
