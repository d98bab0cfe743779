"""Messages and fixes: text with facts in braces, `secret {secret} expired on {secret.end:date}`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from auditor.display import pasted, show
from auditor.errors import RuleError
from auditor.language.checker import Checker
from auditor.language.logic import Env
from auditor.language.nodes import Node, call, literal

FORMS = {"date": "date", "days": "duration"}


class Message:
    """A checked message. `render(env)` gives its text; what is unknown reads "unknown"."""

    def __init__(self, checker: Checker, text: str, *, commands: bool = False) -> None:
        self.parts: list[str | tuple[Node, str]] = []
        self._pasted: set[int] = set()  # parts that stand in a command, between backticks
        inside = False
        for part in _split(text):
            if isinstance(part, str):
                inside ^= part.count("`") % 2 == 1
            elif commands and inside:
                self._pasted.add(len(self.parts))
            self.parts.append(part if isinstance(part, str) else _field(checker, text, *part))
        self.constant = "".join(part for part in self.parts if isinstance(part, str))
        self.fixed = all(isinstance(part, str) for part in self.parts)

    def render(self, env: Env) -> str:
        texts = []
        for i, part in enumerate(self.parts):
            if isinstance(part, str):
                texts.append(part)
            else:
                value = show(part[0].exact(env), part[1])
                texts.append(pasted(value, part[0].path) if i in self._pasted else value)
        return "".join(texts)

    def code(self) -> ast.expr:
        """The text as plain Python, in which an unknown on the way to a fact raises Unread."""
        if self.fixed:
            return literal(self.constant)
        values: list[ast.expr] = []
        for i, part in enumerate(self.parts):
            if isinstance(part, str):
                values.append(literal(part))
            else:
                node, form = part
                shown = call("_show", node.code, literal(form)) if form else call("_show", node.code)
                if i in self._pasted:
                    shown = call("_pasted", shown, literal(node.path))
                values.append(ast.FormattedValue(shown, -1, None))
        return ast.JoinedStr(values)

    def named(self) -> list[Callable[[Env], Any]]:
        """The other facts (not texts or numbers) that the message names: related locations of a finding."""
        return [part[0].exact for part in self.parts if not isinstance(part, str) and part[0].type.kind == "fact" and "." in part[0].path]


def _field(checker: Checker, text: str, source: str, form: str, start: int) -> tuple[Node, str]:
    try:
        node = checker.check(source, None)
    except RuleError as error:
        raise RuleError(error.message, text, start + error.col, start + error.end) from None
    if form and FORMS.get(form) != node.type.kind:
        there = ", ".join(f":{name} for a {kind}" for name, kind in FORMS.items())
        raise RuleError(f"no format {form!r} for {node.type}; there are: {there}", text, start, start + len(source))
    return node, form


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


BUILTINS = {"_show": show, "_pasted": pasted}
