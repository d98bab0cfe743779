"""Messages and fixes: text with facts in braces, `secret {secret} expired on {secret.end:date}`.

In a fix, what is not known is a placeholder for the reader to fill in (`APP-ID`), and so is within a command whatever a shell could obey.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from auditor.display import filled_in, pasted, show
from auditor.errors import RuleError
from auditor.facts import ROOTS, App, ServicePrincipal
from auditor.language.checker import Checker
from auditor.language.logic import Env
from auditor.language.nodes import Node, call, literal

FORMS = {"date": "date", "days": "duration"}


class Message:
    """A checked message. `render(env)` gives its text; what is unknown reads "unknown"."""

    def __init__(self, checker: Checker, text: str) -> None:
        self.parts: list[str | _Field] = []
        inside = False  # a command, between backticks
        for part in _split(text):
            if isinstance(part, str):
                inside ^= part.count("`") % 2 == 1
                self.parts.append(part)
            else:
                self.parts.append(_field(checker, text, *part, inside=inside))
        self.fields = [part for part in self.parts if not isinstance(part, str)]

    def render(self, env: Env) -> str:
        return "".join(part if isinstance(part, str) else self._shown(part, part.node.exact(env)) for part in self.parts)

    def _shown(self, field: _Field, value: Any) -> str:
        return show(value, field.form)

    def _show_code(self, field: _Field) -> ast.expr:
        return call("_show", field.node.code, literal(field.form)) if field.form else call("_show", field.node.code)

    def code(self) -> ast.expr:
        """The text as plain Python, in which an unknown on the way to a fact raises Unread."""
        if not self.fields:
            return literal("".join(part for part in self.parts if isinstance(part, str)))
        return ast.JoinedStr(
            [literal(part) if isinstance(part, str) else ast.FormattedValue(self._show_code(part), -1, None) for part in self.parts]
        )

    def named(self) -> list[Callable[[Env], Any]]:
        """The other facts (not texts or numbers) that the message names: related locations of a finding."""
        return [field.node.exact for field in self.fields if field.node.type.kind == "fact" and "." in field.node.path]


class Fix(Message):
    """A checked fix: what is not known is a placeholder, and so is in a command what a shell could obey."""

    def __init__(self, checker: Checker, text: str) -> None:
        super().__init__(checker, text)
        self._placeholders = placeholders({field.path: field.cls for field in self.fields})

    def _shown(self, field: _Field, value: Any) -> str:
        return (pasted if field.inside else filled_in)(value, self._placeholders[field.path], field.form)

    def _show_code(self, field: _Field) -> ast.expr:
        function = "_pasted" if field.inside else "_filled_in"
        return call(function, field.node.code, literal(self._placeholders[field.path]), literal(field.form))


class _Field(NamedTuple):
    """A fact in braces."""

    node: Node
    form: str
    inside: bool  # a command
    path: str  # "app.app_id"; '' for what is no path
    cls: type | None  # whose fact it is


def placeholders(paths: Mapping[str, type | None]) -> dict[str, str]:
    """What stands for the value of a fact, by its path: `app.app_id` -> APP-ID, `secret.key_id` -> KEY-ID.

    Paths that would have one placeholder begin with more of their path, but for a root's own facts.
    """
    parts = {path: path.split(".") for path in paths}
    names: dict[str, list[str]] = {}
    for path, (*before, last) in parts.items():
        if last == "id" and paths[path] in (App, ServicePrincipal):
            last = "object_id"
        names[path] = [*before[-1:], last] if last in _BARE and before else [last]
    while True:
        twins = Counter(map(tuple, names.values()))
        alike = [path for path, words in names.items() if twins[tuple(words)] > 1 and not _is_roots(path)]
        longer = [path for path in alike if len(names[path]) < len(parts[path])]
        if not longer:
            return {path: "-".join(words).upper().replace("_", "-") or "VALUE" for path, words in names.items()}
        for path in longer:
            names[path].insert(0, parts[path][-len(names[path]) - 1])


_BARE = ("id", "key", "kind", "name", "type", "value")  # these say nothing without what they are of


def _is_roots(path: str) -> bool:
    return path.count(".") == 1 and path.partition(".")[0] in ROOTS


def _field(checker: Checker, text: str, source: str, form: str, start: int, *, inside: bool) -> _Field:
    reads = len(checker.reads)
    try:
        node = checker.check(source, None)
    except RuleError as error:
        raise RuleError(error.message, text, start + error.col, start + error.end) from None
    if form and FORMS.get(form) != node.type.kind:
        there = ", ".join(f":{name} for a {kind}" for name, kind in FORMS.items())
        raise RuleError(f"no format {form!r} for {node.type}; there are: {there}", text, start, start + len(source))
    path = node.path or (source.strip() if source.strip().isidentifier() else "")
    return _Field(node, form, inside, path, checker.reads[-1].cls if len(checker.reads) > reads else None)


def _split(text: str) -> list[str | tuple[str, str, int]]:
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


BUILTINS = {"_show": show, "_pasted": pasted, "_filled_in": filled_in}
