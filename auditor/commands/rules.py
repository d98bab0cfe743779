"""regaudit rules: list the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.commands import Command, echo_json, echo_table
from auditor.commands.options import Output, outputs, rules
from auditor.rulebook import Rule

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection


@click.command("rules", cls=Command, epilog="Example: regaudit rules --select credentials")
@rules()
@outputs("text", "json")
def command(rules: RuleSelection, output: Output) -> None:
    """List the rules: severity, what they need, what they are about."""
    rows = [described(rule) for rule in rules.rules()]
    if output.form == "json":
        echo_json(rows)
        return
    if output.quiet:
        click.echo("\n".join(row["id"] for row in rows))
        return
    from auditor.display import harmless

    headers = ["area", "rule", "severity", "needs besides applications", "tags", "what fails"]
    table = [
        [row["area"], row["id"], " or ".join(row["levels"]), ", ".join(row["needs"]) or "-", ", ".join(row["tags"]) or "-", row["title"]]
        for row in rows
    ]
    if output.verbose:
        headers.append("parameters")
        for cells, row in zip(table, rows, strict=True):
            cells.append(", ".join(f"{name} = {value!r}" for name, value in row["parameters"].items()) or "-")
    echo_table(sorted([harmless(cell) for cell in row] for row in table), headers)
    click.echo(f"\n{len(rows)} rules. `regaudit explain RULE` shows one.")


def described(rule: Rule) -> dict[str, Any]:
    from auditor.engine.compiled import collections, compiled

    return {
        "id": rule.id,
        "area": rule.area,
        "title": rule.title,
        "severity": rule.severity,
        "levels": compiled(rule).levels,
        "needs": sorted(collections([rule]) - {"applications"}),
        "parameters": {name: value if isinstance(value, (bool, int, str, list)) else str(value) for name, value in rule.params.items()},
        "aadsts": rule.aadsts,
        "references": rule.references,
        "unless": rule.block.unless,
        "presume": rule.block.presume,
        "gives_way_to": rule.gives_way_to,
        "tags": rule.tags,
        "aliases": rule.aliases,
        "page": rule.path,
    }
