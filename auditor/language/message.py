"""Messages: text with facts in braces, `secret {secret} expired on {secret.end:date}`."""

from __future__ import annotations

import ast
from typing import NamedTuple

from auditor.errors import RuleError
from auditor.language.checker import Checker
from auditor.language.exact import later
from auditor.language.logic import Exact
from auditor.language.nodes import Node, call, literal, name
from auditor.language.types import DATE

FROM_NOW = "from-now"
FORMS = {"date": "date", "days": "duration", FROM_NOW: "duration"}


class Message:
    """A checked message. `code` and `exact` give its text."""

    def __init__(self, checker: Checker, text: str) -> None:
        self.parts: list[str | _Field] = []
        for part in split(text):
            self.parts.append(part if isinstance(part, str) else _Field(*checked(checker, text, *part)[:2]))
        self.fields = [part for part in self.parts if not isinstance(part, str)]

    def exact(self) -> list[str | tuple[Exact, str]]:
        """Texts, and facts in three values with their formats."""
        return [part if isinstance(part, str) else (part.node.exact, part.form) for part in self.parts]

    def _show_code(self, field: _Field) -> ast.expr:
        return call("_show", field.node.code, literal(field.form)) if field.form else call("_show", field.node.code)

    def code(self) -> ast.expr:
        """The text as plain Python, in which an unknown on the way to a fact raises Unread."""
        if not self.fields:
            return literal("".join(part for part in self.parts if isinstance(part, str)))
        return ast.JoinedStr(
            [literal(part) if isinstance(part, str) else ast.FormattedValue(self._show_code(part), -1, None) for part in self.parts]
        )

    def named(self) -> list[Exact]:
        """The other facts (not texts or numbers) that the message names: related locations of a finding."""
        return [field.node.exact for field in self._facts()]

    def named_code(self) -> ast.expr | None:
        """The same as plain Python: a list; null where it names none."""
        facts = [field.node.code for field in self._facts()]
        return ast.List(facts, ast.Load()) if facts else None

    def _facts(self) -> list[_Field]:
        return [field for field in self.fields if field.node.type.kind == "fact" and "." in field.node.path]


class _Field(NamedTuple):
    """A fact in braces."""

    node: Node
    form: str


def checked(checker: Checker, text: str, source: str, form: str, start: int) -> tuple[Node, str, str, type | None]:
    """A fact in braces, which stands in `text` at `start`, and its format: with its path, '' for what is no path, and whose fact it is."""
    reads = len(checker.reads)
    try:
        node = checker.check(source, None)
    except RuleError as error:
        raise RuleError(error.message, text, start + error.col, start + error.end) from None
    if form and FORMS.get(form) != node.type.kind:
        there = ", ".join(f":{name} for a {kind}" for name, kind in FORMS.items())
        raise RuleError(f"no format {form!r} for {node.type}; there are: {there}", text, start, start + len(source))
    path = node.path or (source.strip() if source.strip().isidentifier() else "")
    if form == FROM_NOW:
        node, form, path = _from_now(node), "date", path and "end_date"
    return node, form, path, checker.reads[-1].cls if len(checker.reads) > reads else None


def _from_now(duration: Node) -> Node:
    """The day that comes so much later than now."""
    return Node(DATE, call("_later", name("now"), duration.code), later(duration.exact))


def split(text: str) -> list[str | tuple[str, str, int]]:
    """'a {x.y:date} b' -> ['a ', ('x.y', 'date', 3), ' b']. '{{' and '}}' stand for themselves."""
    out: list[str | tuple[str, str, int]] = []
    buffer, i = "", 0
    while i < len(text):
        c = text[i]
        if c in "{}" and text[i : i + 2] == c * 2:
            buffer, i = buffer + c, i + 2
        elif c == "}":
            raise RuleError("a single '}': write '}}'", text, i)
        elif c != "{":
            buffer, i = buffer + c, i + 1
        else:
            colon, end = _field_end(text, i)
            if buffer:
                out.append(buffer)
            buffer = ""
            out.append((text[i + 1 : colon or end], text[colon + 1 : end] if colon else "", i + 1))
            i = end + 1
    return [*out, buffer] if buffer else out


def _field_end(text: str, start: int) -> tuple[int, int]:
    """Where the field that opens at `start` has its colon (0: none) and its closing brace."""
    depth, quote, colon = 0, "", 0
    for i in range(start + 1, len(text)):
        c = text[i]
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        elif c in "([{":
            depth += 1
        elif c == "}" and depth == 0:
            return colon, i
        elif c in ")]}":
            depth -= 1
        elif c == ":" and depth == 0 and not colon:
            colon = i
    raise RuleError("'{' is not closed", text, start)
