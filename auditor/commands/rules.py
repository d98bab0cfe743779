"""regaudit rules: list the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from auditor.commands import Command, complete, echo_json, echo_table, listed
from auditor.rulebook import Rule


@click.command("rules", cls=Command, epilog="Example: regaudit rules --select credentials")
@click.option(
    "--select", multiple=True, metavar="RULES", shell_complete=complete.rules,
    help="Only these: names, areas, tags, name-* or ALL, separated by commas.",
)  # fmt: skip
@click.option("--extend-rules", multiple=True, metavar="DIR", help="A folder with rule pages of your own.")
@click.option(
    "--profile",
    default="default",
    show_default=True,
    shell_complete=complete.profiles,
    help="The profile whose choice and severities are shown.",
)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(select: tuple[str, ...], extend_rules: tuple[str, ...], profile: str, output_format: str) -> None:
    """List the rules: severity, what they need, what they are about."""
    from auditor.engine.compiled import load_rules
    from auditor.rulebook import profiles

    chosen = profiles.load(profile)
    book = chosen.apply(load_rules([Path(folder) for folder in extend_rules]))
    rows = [described(rule) for rule in profiles.chosen(book, chosen, listed(select))]
    if output_format == "json":
        echo_json(rows)
        return
    from auditor.display import harmless

    table = [
        (row["area"], row["id"], " or ".join(row["levels"]), ", ".join(row["needs"]) or "-", ", ".join(row["tags"]) or "-", row["title"])
        for row in rows
    ]
    cells = sorted([harmless(cell) for cell in row] for row in table)
    echo_table(cells, ["area", "rule", "severity", "needs besides applications", "tags", "what fails"])
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
        "tags": rule.tags,
        "aliases": rule.aliases,
        "page": rule.path,
    }
