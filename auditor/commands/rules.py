"""regaudit rules: list the rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from auditor.commands import Command, complete, echo_json, option
from auditor.commands.options import Output, outputs, rules
from auditor.errors import UsageError
from auditor.rulebook import Rule

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection
    from auditor.severity import Severity

_LONGEST = 1000  # characters of a line, before it is wrapped


_EPILOG = """\b
Examples:
  regaudit rules --select credentials
  regaudit rules --framework cis-m365
  regaudit rules --framework cis-m365:5.1.5
"""


@click.command("rules", cls=Command, epilog=_EPILOG)
@rules()
@option(
    "--framework", metavar="NAME[:ITEM]", shell_complete=complete.frameworks,
    help="The items of a framework, such as cis-m365 or nist-800-53:AC-6, and the rules that check them, also those that are opt-in.",
)  # fmt: skip
@outputs("text", "json")
def command(rules: RuleSelection, framework: str | None, output: Output) -> None:
    """List the rules with their severity and what they report; with -v also what they need besides app registrations, and parameters."""
    found = rules.rules() if framework is None else _about(framework, rules)
    if output.form == "json":
        echo_json([described(rule) for rule in found])
    elif output.quiet:
        click.echo("".join(f"{rule.id}\n" for rule in found), nl=False)
    else:
        rows = [described(rule) for rule in found]
        lines = _lines(rows, output) if framework is None else _items(framework, rows, output)
        click.echo("\n".join(lines), color=output.coloured)


def _about(framework: str, rules: RuleSelection) -> list[Rule]:
    """The rules that name an item of it. Raises UsageError."""
    from auditor import frameworks

    if rules.select or rules.ignore:
        raise UsageError("--framework shows what all rules cover: leave out --select and --ignore")
    frameworks.meant(framework)
    return [rule for rule in rules.book() if frameworks.names(rule.frameworks, framework)]


def _items(selector: str, rows: list[dict[str, Any]], output: Output) -> Iterator[str]:
    """By item: whether the rules cover it, its title, below them the rules and what they do not check."""
    from auditor import frameworks
    from auditor.display import counted, wrapped

    framework, items = frameworks.meant(selector)
    yield click.style(framework.title, bold=True) if output.coloured else framework.title
    yield from wrapped(f"{framework.scope} {framework.limit}".strip())
    yield ""
    width, words = max(len(item.id) for item in items) + 2, list[str]()
    for item in items:
        about = [row["id"] + (" (opt-in)" if "opt-in" in row["tags"] else "") for row in rows if item.id in row["frameworks"][framework.id]]
        words.append(framework.coverage(item, about))
        first, others = f"  {item.id:<{width}}{words[-1]:<9}", " " * (width + 11)
        yield from wrapped(item.title, first, others)
        for text in filter(None, (", ".join(about), item.gap)):
            yield from wrapped(text, others, others)
    yield ""
    told = ", ".join(f"{words.count(word)} {word}" for word in frameworks.COVERAGE if word in words)
    yield f"{counted(len(items), 'item')}: {told}. `regaudit explain RULE` shows a rule."


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
    from auditor.engine.compiled import compiled
    from auditor.engine.prepared import collections

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
        "frameworks": rule.frameworks,
        "aliases": rule.aliases,
        "page": rule.path,
    }
