"""regaudit credentials --federated: who can sign in with tokens of somebody else, and what that can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.commands import echo_json, running

if TYPE_CHECKING:
    from auditor.commands.chosen import Chosen
    from auditor.commands.options import Output
    from auditor.pipeline import Inputs


def run(inputs: Inputs, output: Output, as_of: str | None, chosen: Chosen) -> int:
    from auditor import __version__
    from auditor.display import iso
    from auditor.report import federation
    from auditor.report.model import Tool
    from auditor.unknown import Partial, Unknown

    loaded = running.load(chosen.narrowed(inputs), federation.READ, as_of, output)
    if loaded.worlds and not loaded.errors:
        chosen.check(loaded)
    rows = [row for row in federation.trusts(loaded) if chosen.has(row.owners, row.app_display_name, row.app_id, row.object_id)]
    lists = [app.federated_credentials for world in loaded.worlds for app in world.apps]
    unread = sum(isinstance(one, Unknown) for one in lists)
    what = "which federated identity credentials there are"
    gate = running.listed(loaded, "app registration", what, read=len(lists), known=len(lists) - unread)
    partial = unread + sum(isinstance(one, Partial) for one in lists)
    tool = Tool("regaudit", __version__)
    found = federation.Federation(
        federation.SCHEMA_VERSION, tool, iso(loaded.as_of) or "", len(lists), partial, output.redacted(federation.in_order(rows))
    )
    if output.form == "json":
        echo_json(found)
        return gate.exit_code
    from auditor.report import federation_text as shown

    if output.form == "csv":
        click.echo(shown.comma_separated(found), nl=False)
    elif output.form == "markdown":
        click.echo(b"".join(shown.markdown(found)), nl=False)
    elif rows or not gate.nothing_known:
        page = [] if output.quiet else shown.lines(found, colour=output.coloured)
        click.echo("".join(f"{line}\n" for line in (*page, *shown.summary(found))), nl=False, color=output.coloured)
    return gate.exit_code
