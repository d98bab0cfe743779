"""regaudit formats: which files are read, how each is recognised, and what it cannot hold."""

from __future__ import annotations

from typing import Any

import click

from auditor.commands import Command, echo_json
from auditor.commands.options import Output, outputs


@click.command("formats", cls=Command, epilog="Example: regaudit formats --output-format json")
@outputs("text", "json")
def command(output: Output) -> None:
    """List the formats that regaudit reads, in the order in which a file is compared with them.

    The content of a file decides, not its name. What a format cannot hold is unknown: rules that need it are not evaluated.
    """
    from auditor.display import wrapped

    rows = described()
    if output.form == "json":
        echo_json(rows)
    elif output.quiet:
        click.echo("\n".join(row["name"] for row in rows))
    else:
        for row in rows:
            click.echo(row["name"] if not output.coloured else click.style(row["name"], bold=True))
            for label, text in _lines(row):
                click.echo("\n".join(wrapped(f"{label}: {text}", "  ", "    ")))
        click.echo("\nTo be sure that a file was read: `regaudit scan FILE` says how many objects were.")


def described() -> list[dict[str, Any]]:
    """One row a format: its name, what it is, how it is recognised, what it holds, what it cannot hold."""
    from auditor.sources import formats

    return [
        {
            "name": form.name,
            "about": form.about,
            "told_by": form.told_by,
            "holds": list(form.holds),
            "cannot_hold": sorted(form.cannot_carry),
        }
        for form in formats.FORMATS
    ]


def _lines(row: dict[str, Any]) -> list[tuple[str, str]]:
    lines = [("what", row["about"]), ("recognised by", row["told_by"]), ("holds", ", ".join(row["holds"]))]
    return [(label, text) for label, text in [*lines, ("cannot hold", ", ".join(row["cannot_hold"]))] if text]
