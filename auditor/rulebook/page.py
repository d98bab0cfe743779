"""A page -> Rule: the rule, its documentation and its tests.

Loading a page reads its block; checking and compiling its expressions wait until the rule is used.
"""

from __future__ import annotations

import difflib
import re
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from auditor.errors import RuleError
from auditor.rulebook.checked import Checked
from auditor.unknown import Unavailable

_FENCE = re.compile(r"(`{3,})([^`]*)")
ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEYS = ("severity", "each", "given", "require", "at", "message", "aadsts", "references", "params", "aliases", "tags")
_LARGEST = 1024 * 1024  # bytes of a page
_LARGEST_BLOCK = 16 * 1024  # characters; to read a long dotted key takes tomllib quadratic time
_MOST_CHECKED = 32  # runs that know different things, for each of which a rule is kept as it was checked
KINDS = ("fail", "pass", "not-applicable", "not-evaluated")


@dataclass(frozen=True, slots=True)
class Example:
    """A document on a page and what the rule must say of it."""

    kind: str
    text: str
    line: int
    as_of: str


@dataclass(frozen=True)
class Rule:
    """One page: the rule, its documentation and its tests."""

    id: str
    area: str
    title: str
    page: str = field(repr=False)
    path: str
    line: int  # of the block's first line
    block: dict[str, Any] = field(repr=False)
    params: dict[str, Any]

    # -- what the page says

    @property
    def aadsts(self) -> list[int]:
        return list(self.block.get("aadsts", []))

    @property
    def references(self) -> list[str]:
        return list(self.block.get("references", []))

    @property
    def tags(self) -> list[str]:
        return list(self.block.get("tags", []))

    @property
    def aliases(self) -> list[str]:
        return list(self.block.get("aliases", []))

    @cached_property
    def require(self) -> str:
        return " ".join(self.block["require"].split())

    @cached_property
    def _each(self) -> tuple[str, str]:
        path, _, name = self.block.get("each", "app").partition(" as ")
        path = path.strip()
        return path, name.strip() or path

    @property
    def each(self) -> str:
        """The path that the rule's subjects come from; the root itself when it is the subject."""
        return self._each[0]

    @property
    def root(self) -> str:
        """The root that the rule starts from: app, principal or tenant."""
        return self._each[0].partition(".")[0]

    @cached_property
    def why(self) -> str:
        """The prose between the block and the first heading."""
        rest = self.page[self.page.index("```", self.page.index("```toml rule") + 3) + 3 :]
        return re.split(r"^## ", rest, maxsplit=1, flags=re.M)[0].strip()

    @cached_property
    def _fix(self) -> tuple[str, int]:
        found = re.search(r"^## Fix[ \t]*\n\s*(.*?)(?=^## |^```json |\Z)", self.page, re.M | re.S)
        return (found[1].rstrip(), self.page.count("\n", 0, found.start(1)) + 1) if found else ("", 0)

    @property
    def fix(self) -> str:
        """The section "Fix"."""
        return self._fix[0]

    def examples(self) -> Iterator[Example]:
        for fence in _fences(self.page):
            language, *words = fence.words or [""]
            if language == "json" and words:
                as_of = next((word.removeprefix("as-of=") for word in words[1:] if word.startswith("as-of=")), "2026-01-01")
                yield Example(words[0], fence.text, fence.line + 1, as_of)

    # -- its expressions

    def check(self, unavailable: Unavailable | None = None) -> Checked:
        """Type-check the expressions, once for all runs that know the same. Raises RuleError with the page's line."""
        unavailable = unavailable or Unavailable()
        if unavailable.key not in self._checked:
            if len(self._checked) >= _MOST_CHECKED:
                del self._checked[next(iter(self._checked))]  # the oldest
            try:
                self._checked[unavailable.key] = Checked(self, unavailable)
            except RuleError as error:
                raise self.place(error) from None
        return self._checked[unavailable.key]

    @cached_property
    def _checked(self) -> dict[Any, Checked]:
        return {}

    def place_in_fix(self, error: RuleError) -> RuleError:
        """An error in the section "Fix", with the page and the line."""
        before = error.text[: error.col]
        text = error.text.split("\n")[before.count("\n")]
        start = before.rfind("\n") + 1
        return RuleError(error.message, text, error.col - start, error.end - start, page=self.path, line=self._fix[1] + before.count("\n"))

    def place(self, error: RuleError) -> RuleError:
        """The error with the page and the line on which its text stands."""
        line = self.line
        needle = error.text.split("\n")[0].strip()[:40]
        if needle:
            lines = self.page.split("\n")
            stop = next((i for i in range(self.line, len(lines)) if lines[i].startswith("```")), len(lines))
            at = next((i + 1 for i in range(self.line - 1, stop) if needle in lines[i]), None)
            if at is None:
                words = needle.split()
                at = next((i + 1 for i in range(self.line - 1, stop) if words and words[0] in lines[i]), None)
            line = at or line
        return RuleError(error.message, error.text, error.col, error.end, page=self.path, line=line)


def load(path: Path, area: str = "") -> Rule:
    """Read one page. Raises RuleError."""
    try:
        page = read_text(path)
    except (OSError, ValueError) as error:
        raise RuleError(f"cannot read the page: {getattr(error, 'strerror', None) or error}", page=str(path), line=1) from None
    return parse(page, str(path), path.stem, area or path.parent.name)


def read_text(path: Path) -> str:
    """A text that somebody wrote by hand, whole. Raises OSError, ValueError: a pipe or a device may never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is not a regular file")
    with path.open("rb") as file:
        raw = file.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST // 1024} KiB")
    return raw.decode("utf-8-sig")


class _Fence(NamedTuple):
    """A fenced block of a page: the words behind the opening fence, and its text. `line` is the opening fence's."""

    words: list[str]
    text: str
    line: int
    closed: bool


def _fences(page: str) -> Iterator[_Fence]:
    lines = page.split("\n")
    at = 0
    while at < len(lines):
        opening, at = at, at + 1
        if (fence := _FENCE.fullmatch(lines[opening])) is None:
            continue
        while at < len(lines) and not (lines[at].startswith(fence[1]) and not lines[at].strip("` \t")):
            at += 1
        text = "".join(f"{line}\n" for line in lines[opening + 1 : at])
        yield _Fence(fence[2].split(), text, opening + 1, at < len(lines))
        at += 1


def parse(page: str, path: str, id_: str, area: str) -> Rule:
    page = page.replace("\r\n", "\n")

    def fail(message: str, line: int = 1) -> RuleError:
        return RuleError(message, page=path, line=line)

    found: _Fence | None = None
    for fence in _fences(page):
        if not fence.closed:
            raise fail("the block that begins here does not end: ``` is missing", fence.line)
        if fence.words == ["toml", "rule"]:
            if found is not None:
                raise fail("a page has one ```toml rule block, this is another", fence.line)
            found = fence
    if found is None:
        raise fail("the page has no ```toml rule block")
    line = found.line + 1
    if len(found.text) > _LARGEST_BLOCK:
        raise fail(f"the block is longer than {_LARGEST_BLOCK} characters", line)
    try:
        block = tomllib.loads(found.text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        raise fail(f"the block is not TOML: {error}", line + int(at[1]) - 1 if at else line) from None
    except RecursionError:
        raise fail("the block is nested too deeply", line) from None
    title = re.match(r"\s*# (.+)", page)
    if title is None:
        raise fail("the page begins with its title: # Client secret has expired")
    if not ID.fullmatch(id_):
        raise fail(f"{id_!r} is not a rule id: kebab-case, named for the fault")
    for key in block:
        if key not in _KEYS:
            close = difflib.get_close_matches(key, _KEYS, n=1)
            raise fail(f"unknown key {key!r}" + (f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(_KEYS)}"), line)
    for key in ("severity", "require", "message"):
        if not isinstance(block.get(key), str):
            raise fail(f"{key!r} is missing" if key not in block else f"{key!r} is a text", line)
    for key in ("each", "given", "at"):
        if key in block and not isinstance(block[key], str):
            raise fail(f"{key!r} is a text", line)
    for alias in block.get("aliases", []) if isinstance(block.get("aliases"), list) else []:
        if isinstance(alias, str) and not ID.fullmatch(alias):
            raise fail(f"{alias!r} is no alias: it is written as a rule id is, kebab-case", line)
    for key, kind in (("aadsts", int), ("references", str), ("aliases", str), ("tags", str)):
        values = block.get(key, [])
        if not isinstance(values, list) or any(type(value) is not kind for value in values):
            raise fail(f"{key!r} is a list of {'numbers' if kind is int else 'texts'}", line)
    if not isinstance(block.get("params", {}), dict):
        raise fail("'params' is a table", line)
    params = {name: midnight(value) for name, value in block.get("params", {}).items()}
    return Rule(id_, area, title[1].strip(), page, path, line, block, params)


def midnight(value: Any) -> Any:
    """A day, as TOML writes it, begins at midnight UTC."""
    return datetime.combine(value, time(), timezone.utc) if type(value) is date else value
