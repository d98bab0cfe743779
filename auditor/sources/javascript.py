"""JavaScript's literals: what a script assigns to names, as far as it is literal. Nothing is executed.

What is not a literal (a function, a spread, a name) is `COMPUTED`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from auditor.pointer import join
from auditor.sources.formats.base import COMPUTED, SPREAD

_ASSIGNED = re.compile(r"(?<![\w$])([A-Za-z_$][\w$]*+)\s*+=\s*+(?=\{)")
_SKIP = re.compile(r"\s*+")
# A text; one that does not end goes on to the end.
_QUOTED = re.compile(r"""'(?:[^'\\\n]|\\.)*+'?|"(?:[^"\\\n]|\\.)*+"?|`(?:[^`\\]|\\.)*+`?""", re.DOTALL)
_COMMENT = re.compile(_QUOTED.pattern + r"|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_TEXT = re.compile(r"""'((?:[^'\\\n]|\\.)*+)'?|"((?:[^"\\\n]|\\.)*+)"?|`((?:[^`\\$]|\\.|\$(?!\{))*+)`""", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_ENDS = ("", ",", "}", "]")
_GOES_ON = (".", "[", "(", "?", "&", "|")
_DEEPEST = 30


class Literals(NamedTuple):
    """What a script assigns, as far as it is literal, and where in the text each value stands (JSON Pointer -> index)."""

    text: str
    values: dict[str, Any]
    offsets: dict[str, int]
    computed: dict[str, int]  # pointers of what is no literal

    def locate(self, pointer: str) -> int:
        """As `pointer.Places` does: the nearest that is there."""
        while pointer and pointer not in self.offsets:
            pointer = pointer.rpartition("/")[0]
        return self.offsets.get(pointer, 0)


class _NotLiteral(Exception):
    """`at`: where the expression goes on."""

    def __init__(self, at: int) -> None:
        self.at = at


class _Reader:
    """A tolerant reader of JavaScript's literals: objects, lists, texts, numbers, true, false, null."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offsets: dict[str, int] = {}
        self.computed: dict[str, int] = {}

    def value(self, at: int, pointer: str, depth: int = 0) -> tuple[Any, int]:
        """A value and the index behind it; raises _NotLiteral for what is none."""
        at = self.skip(at)
        if depth > _DEEPEST:
            raise _NotLiteral(at)
        self.offsets.setdefault(pointer, at)
        here = self.text[at : at + 1]
        value: Any
        if here == "{":
            value, end = self._members(at + 1, pointer, depth)
        elif here == "[":
            value, end = self._elements(at + 1, pointer, depth)
        elif found := _TEXT.match(self.text, at):
            raw = next(group for group in found.groups() if group is not None)
            value, end = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), raw, flags=re.DOTALL), found.end()
        elif found := _NUMBER.match(self.text, at):
            value, end = float(found[0]) if "." in found[0] else int(found[0][:15]), found.end()
        elif (found := _NAME.match(self.text, at)) and found[0] in ("true", "false", "null"):
            value, end = {"true": True, "false": False, "null": None}[found[0]], found.end()
        else:
            raise _NotLiteral(at)
        after = self.skip(end)
        # Within brackets a line's end ends nothing; behind a whole object the next statement may stand.
        if self.text[after : after + 1] in _GOES_ON if depth == 0 else self.text[after : after + 1] not in _ENDS:
            raise _NotLiteral(end)  # "a" + b, ["a"].concat(b)
        return value, end

    def skip(self, at: int) -> int:
        return _SKIP.match(self.text, at).end()  # type: ignore[union-attr]

    def _members(self, at: int, pointer: str, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        while (at := self.skip(at)) < len(self.text) and self.text[at] not in ")]}":
            start = at
            if name := _NAME.match(self.text, at):
                key, at = name[0], name.end()
            elif name := _TEXT.match(self.text, at):
                key, at = next(group for group in name.groups() if group is not None), name.end()
            else:
                at = self._pass_over(at, pointer)  # a spread, a computed name: it may be any, also one that stands before it
                found.clear()
                found[SPREAD] = COMPUTED
                continue
            at = self.skip(at)
            where = pointer + join(key)
            if self.text[at : at + 1] != ":":
                at = self._pass_over(at, where, start)  # a method, a shorthand
                found[key] = COMPUTED
                continue
            self.offsets[where] = start
            try:
                found[key], at = self.value(at + 1, where, depth + 1)
                at = self._comma(at)
            except _NotLiteral as no:
                found[key] = COMPUTED
                at = self._pass_over(no.at, where, start)
        return found, at + 1

    def _elements(self, at: int, pointer: str, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        while (at := self.skip(at)) < len(self.text) and self.text[at] not in ")]}":
            where = f"{pointer}/{len(found)}"
            try:
                value, at = self.value(at, where, depth + 1)
                found.append(value)
                at = self._comma(at)
            except _NotLiteral as no:
                found.append(COMPUTED)
                at = self._pass_over(no.at, pointer)
        return found, at + 1

    def _comma(self, at: int) -> int:
        at = self.skip(at)
        return at + 1 if self.text[at : at + 1] == "," else at

    def _pass_over(self, at: int, pointer: str, start: int | None = None) -> int:
        """Over what is no literal, to the comma or bracket that ends it."""
        self.computed[pointer] = at if start is None else start
        depth = 0
        while at < len(self.text):
            if found := _QUOTED.match(self.text, at):
                at = found.end()
                continue
            here = self.text[at]
            if here in "([{":
                depth += 1
            elif here in ")]}":
                if depth == 0:
                    return at
                depth -= 1
            elif here == "," and depth == 0:
                return at + 1
            at += 1
        return at


def literals(text: str) -> Literals:
    """The objects that a script assigns to names, and that it exports."""
    text = _COMMENT.sub(lambda found: _blank(found[0]) if found[0][0] == "/" else found[0], text)
    code = _QUOTED.sub(lambda found: _blank(found[0]), text)  # what a text says is no assignment
    reader, values = _Reader(text), dict[str, Any]()
    at = 0
    while found := _ASSIGNED.search(code, at):
        at = found.end()
        if found[1] not in values:
            pointer = join(found[1])
            reader.offsets[pointer] = found.start(1)
            try:
                values[found[1]], at = reader.value(found.end(), pointer)
            except _NotLiteral as no:
                reader.computed[pointer], at = found.start(1), no.at
    return Literals(text, values, reader.offsets, reader.computed)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
