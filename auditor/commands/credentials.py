"""regaudit credentials: the expiry calendar."""

from __future__ import annotations

from typing import Any

import click

from auditor.commands import Command, echo_json, echo_table, say_errors, size_option
from auditor.commands.live import live_of, sign_in_options
from auditor.errors import UsageError

_EPILOG = """\b
Examples:
  regaudit credentials manifests/ --within 60d
  regaudit credentials . --output-format ics > expiry.ics
  regaudit credentials --tenant contoso.onmicrosoft.com
"""
_HEADERS = ("ends", "days left", "state", "kind", "name", "application", "app id", "owners")


@click.command("credentials", cls=Command, epilog=_EPILOG)
@click.argument("paths", nargs=-1, metavar="PATH…", type=click.Path())
@click.option(
    "--within", default="60d", show_default=True, metavar="TIME", help="How far ahead to look: 60d, 8w, 6m or 1y; 'all' for everything."
)
@click.option("--output-format", type=click.Choice(["text", "json", "ics"]), default="text", show_default=True)
@click.option("--as-of", metavar="DATE", help="The day that counts as today, as in 2026-01-31.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Files and folders to leave out, in the syntax of .gitignore.")
@size_option
@sign_in_options
def command(
    paths: tuple[str, ...], within: str, output_format: str, as_of: str | None, exclude: tuple[str, ...], max_file_size: int, **options: Any
) -> int:
    """List client secrets and certificates that have expired or expire soon, the earliest first, with their owners.

    What another, longer-lived credential has replaced is left out: nothing depends on it.
    """
    from auditor.pipeline import audit
    from auditor.report.ics import calendar, days_of, ics
    from auditor.report.tables import credentials

    live = live_of(options)
    if not paths and live is None:
        raise UsageError("nothing to read: give files or a folder, as in `regaudit credentials manifests/`, - or --tenant")
    days = days_of(within)
    # Any rule does that reads nothing but registrations: the calendar is made of what was read, not of findings.
    report = audit(
        paths,
        tenant=live,
        also=("servicePrincipals", "owners"),
        select=["perm-empty-resource"],
        as_of=as_of,
        exclude=exclude,
        max_file_size=max_file_size,
    )
    say_errors(report.errors)
    rows = calendar(report, days)
    if output_format == "json":
        echo_json(rows)
    elif output_format == "ics":
        click.echo(ics(rows, report.as_of).encode("utf-8", "replace"), nl=False)
    else:
        _table(rows, within, days)
        if unknown := sum(row.state == "unknown" for row in credentials(report)):
            click.echo(f"When {_count(unknown)} {'ends' if unknown == 1 else 'end'} is not known: the input does not say.")
    return 2 if report.errors else 0


def _count(number: int) -> str:
    return f"{number} credential{'' if number == 1 else 's'}"


def _table(rows: list[Any], within: str, days: int | None) -> None:
    table = [
        (
            row.end[:10],
            row.days_left,
            row.state,
            row.kind,
            row.display_name or row.key_id,
            row.app_display_name,
            row.app_id,
            "not known" if row.owners is None else ", ".join(row.owners) or "none",
        )
        for row in rows
    ]
    if table:
        echo_table(table, _HEADERS)
        click.echo()
    ahead = "some day" if days is None else f"within {within}"
    verbs = "has expired or expires" if len(rows) == 1 else "have expired or expire"
    click.echo(f"{_count(len(rows))} {verbs} {ahead}." if rows else f"No credential has expired or expires {ahead}.")
