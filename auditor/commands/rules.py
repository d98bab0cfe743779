"""regaudit rules: list the rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from auditor.commands import Command, echo_json
from auditor.commands.options import Output, outputs, rules
from auditor.rulebook import Rule

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection
    from auditor.severity import Severity

_LONGEST = 1000  # characters of a line, before it is wrapped


@click.command("rules", cls=Command, epilog="Example: regaudit rules --select credentials")
@rules()
@outputs("text", "json")
def command(rules: RuleSelection, output: Output) -> None:
    """List the rules with their severity and what they report; with -v also what they need besides app registrations, and parameters."""
    rows = [described(rule) for rule in rules.rules()]
    if output.form == "json":
        echo_json(rows)
        return
    if output.quiet:
        click.echo("\n".join(row["id"] for row in rows))
        return
    click.echo("\n".join(_lines(rows, output)), color=output.coloured)


def _lines(rows: list[dict[str, Any]], output: Output) -> Iterator[str]:
    """By area, the gravest first: severity and title, below them the rule's name."""
    from auditor.display import cell, counted, harmless, wrapped

    width = max((len(_levels(row)) for row in rows), default=0) + 2
    for area in sorted({row["area"] for row in rows}):
        of_area = sorted((row for row in rows if row["area"] == area), key=lambda row: (-row["levels"][-1].rank, row["title"]))
        head = f"{harmless(area)} ({len(of_area)})"
        yield click.style(head, bold=True) if output.coloured else head
        for row in of_area:
            first, others = f"  {_levels(row):<{width}}", " " * (width + 2)
            title = wrapped(cell(harmless(row["title"])), first, others)
            yield title[0].replace(first, _coloured(first, row["levels"][-1], output), 1)
            yield from title[1:]
            about = [row["id"] + (f" ({', '.join(row['tags'])})" if row["tags"] else "")]
            if output.verbose:
                about += [f"needs {', '.join(row['needs'])}"] if row["needs"] else []
                about += [f"{name} = {value!r}" for name, value in row["parameters"].items()]
            for line in about:
                yield from wrapped(cell(harmless(line, _LONGEST)), others, others + "  ")
        yield ""
    yield f"{counted(len(rows), 'rule')}. `regaudit explain RULE` shows one."


def _levels(row: dict[str, Any]) -> str:
    levels = row["levels"]
    return f"{levels[0]} to {levels[-1]}" if len(levels) > 1 else str(levels[0])


def _coloured(text: str, severity: Severity, output: Output) -> str:
    from auditor.report.paint import painted

    said = text.strip()
    return text.replace(said, painted(said, severity, colour=output.coloured), 1)


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
