"""regaudit schema: print a JSON Schema."""

from __future__ import annotations

import click

from auditor.commands import Command
from auditor.schemas import NAMES


@click.command("schema", cls=Command, epilog="Example: regaudit schema report > report.schema.json")
@click.argument("name", type=click.Choice(NAMES))
def command(name: str) -> None:
    """Print a JSON Schema: of what regaudit reads (application), writes (report, diff, overview, paths, federation), or takes as a rule's
    block (rule); of regaudit.toml (config), and of regaudit-waivers.toml (waivers).
    """
    import json

    from auditor import schemas

    click.echo(json.dumps(schemas.load(name), indent=2))
