"""Fixes as the HTML report has them: written once for all findings in which only plain values differ, in the commands of each shell.

Quoting a value for a shell is the business of `report/fixes.py`. So a fix is rendered here, with marks in place of the values that need
no quotes in any shell, and split at the marks: the page puts a finding's values between the pieces. A fix with another value in a
command is written for its finding alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor import markdown
from auditor.markdown import Block
from auditor.pattern import late
from auditor.report import fixes
from auditor.report.fixes import Rendered
from auditor.report.model import Finding
from auditor.report.rows import Rows
from auditor.shell import Shell
from auditor.template import Template, Way

Text = str | list[str | int]  # a number is a position in the values of a finding
_PLAIN = late(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}")  # no shell has a meaning for any of it within a word
_OF_FINDING = 8  # characters of a finding's ID that are in the names of files


class Fixes:
    """The fixes of a report. `written`: each once, a list of paragraphs and commands."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.written: list[list[dict[str, Any]]] = []
        self._at: dict[tuple[str, ...], int] = {}

    def of(self, finding: Finding) -> tuple[int, list[str]] | None:
        """Position in `written`, and the values of a finding; None where its rule has no fix."""
        template = self._rows.rules[finding.rule_id].fix
        if template is None:
            return None
        values: list[str] = [finding.finding_id[:_OF_FINDING]]
        given, literal = self._rows.values_of(finding, template), dict[str, str]()
        for name, place in template.places.items():
            value = place.filled(given.get(name))
            if place.way is Way.prose or (place.way is Way.word and value != place.placeholder and _PLAIN.fullmatch(value)):
                values.append(value)
            else:
                literal[name] = value
        graph = self._rows.graph_of(finding)
        key = (finding.rule_id, graph, *(part for item in literal.items() for part in item))
        if key not in self._at:
            self._at[key] = len(self.written)
            self.written.append(list(_written(template, literal, graph)))
        return self._at[key], values


def _written(template: Template, literal: dict[str, str], graph: str) -> Iterable[dict[str, Any]]:
    begin = _mark(template.text, *literal.values())
    names = [name for name in template.places if name not in literal]
    marks = {name: f"{begin}{number}q" for number, name in enumerate(names, 1)}
    split = _Split(begin, len(names))
    fix = fixes.Fix(f"{begin}0q", template.joined({**literal, **marks}), template.placeholders, graph)
    for parts in zip(*(fix.parts(shell) for shell in Shell), strict=True):
        first = parts[0]
        if isinstance(first, str):
            yield from (split.block(block) for block in markdown.blocks(first))
        else:
            commands = [part for part in parts if isinstance(part, Rendered)]
            yield {
                "commands": [[split.text(line) for line in command.lines] for command in commands],
                "how": first.how,
                "missing": list(dict.fromkeys(name for command in commands for name in command.missing)),
            }


def prose(text: str) -> list[dict[str, Any]]:
    """The paragraphs of a text of a page."""
    split = _Split(_mark(text), 0)
    return [split.block(block) for block in markdown.blocks(text)]


def _mark(*texts: str) -> str:
    """The beginning of marks, which is in none of these texts: no value passes for a mark."""
    number = 0
    while any(f"zq{number}q" in text for text in texts):
        number += 1
    return f"zq{number}q"


class _Split:
    """Texts in pieces, split at marks. `begin` is how a mark begins: its number and a q follow."""

    def __init__(self, begin: str, most: int) -> None:
        self._begin, self._most = begin, most

    def text(self, text: str) -> Text:
        first, *others = text.split(self._begin)
        pieces: list[str | int] = [first]
        for other in others:
            number, _, rest = other.partition("q")
            assert int(number) <= self._most
            pieces += [int(number), rest]
        return pieces if len(pieces) > 1 else first

    def block(self, block: Block) -> dict[str, Any]:
        if block.kind == "code":
            return {"kind": "code", "text": self.text(block.text)}
        item = block.kind == "item"
        text = block.text[block.hanging :] if item else block.text
        spans = [[self.text(span.text), span.kind, *([span.address] if span.address else [])] for span in markdown.spans(text)]
        return {"kind": block.kind, "spans": spans, **({"mark": block.text[: block.hanging]} if item else {})}
