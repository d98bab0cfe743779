"""Messages and fixes: text with facts in braces, `secret {secret} expired on {secret.end:date}`.

A fix is kept apart from the values that it takes from a finding (`auditor/template.py`).
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from auditor.display import is_pasted, show, value_of
from auditor.errors import RuleError
from auditor.facts import ROOTS, App, ServicePrincipal
from auditor.language.checker import Checker
from auditor.language.logic import Env, Exact
from auditor.language.nodes import Node, call, literal
from auditor.template import Place, Template

FORMS = {"date": "date", "days": "duration"}


class Message:
    """A checked message. `render(env)` gives its text; what is unknown reads "unknown"."""

    def __init__(self, checker: Checker, text: str) -> None:
        self.parts: list[str | _Field] = []
        for part in _split(text):
            self.parts.append(part if isinstance(part, str) else _field(checker, text, *part))
        self.fields = [part for part in self.parts if not isinstance(part, str)]

    def render(self, env: Env) -> str:
        return "".join(part if isinstance(part, str) else show(part.node.exact(env), part.form) for part in self.parts)

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


class Fix(Message):
    """A checked fix: a template, the same for all findings of the rule, and what it takes from each."""

    def __init__(self, checker: Checker, text: str, members: Mapping[str, str], params: Env) -> None:
        """`members`: facts that every finding has in a member of its own, by path. `params`: the rule's, the same for all findings."""
        super().__init__(checker, text)
        names = placeholders({field.path: field.cls for field in self.fields})
        whole, places = "", dict[str, Place]()
        self._own: dict[str, _Field] = {}
        for number, part in enumerate(self.parts):
            if isinstance(part, str):
                whole += part
            elif (constant := _constant(part, params)) is not None:
                within = whole.count("`") % 2 == 1
                whole += constant if not within or is_pasted(constant) else names[part.path]
            else:
                key = f"{part.path or f'value{number}'}{part.form and ':'}{part.form}"
                places[key] = Place(names[part.path], None if part.form else members.get(part.path))
                whole += f"{{{key}}}"
                if places[key].member is None:
                    self._own[key] = part
        self.template = Template(whole, places)

    def values(self, env: Env) -> dict[str, str]:
        """What the template needs of a subject, as far as it is known."""
        found = {key: value_of(field.node.exact(env), field.form) for key, field in self._own.items()}
        return {key: value for key, value in found.items() if value is not None}

    def values_code(self) -> ast.expr | None:
        """The same as plain Python, None for a value that is not known; null where nothing is needed."""
        values = [call("_value_of", field.node.code, literal(field.form)) for field in self._own.values()]
        return ast.Dict([literal(key) for key in self._own], values) if values else None


def _constant(field: _Field, params: Env) -> str | None:
    """What a field is in all findings of the rule; None where it is not the same in all."""
    try:
        return value_of(field.node.exact(params), field.form) if field.node.const else None
    except KeyError:  # it is made of the clock
        return None


class _Field(NamedTuple):
    """A fact in braces."""

    node: Node
    form: str
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


def _field(checker: Checker, text: str, source: str, form: str, start: int) -> _Field:
    reads = len(checker.reads)
    try:
        node = checker.check(source, None)
    except RuleError as error:
        raise RuleError(error.message, text, start + error.col, start + error.end) from None
    if form and FORMS.get(form) != node.type.kind:
        there = ", ".join(f":{name} for a {kind}" for name, kind in FORMS.items())
        raise RuleError(f"no format {form!r} for {node.type}; there are: {there}", text, start, start + len(source))
    path = node.path or (source.strip() if source.strip().isidentifier() else "")
    return _Field(node, form, path, checker.reads[-1].cls if len(checker.reads) > reads else None)


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
