"""Fenced blocks of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from auditor.pattern import late

# Lines are found by the line end before them: `re` looks for a fixed beginning far faster than for `^`.
_FENCE = late(r"\n(`{3,})(.*)")


class Fence(Struct, frozen=True):
    """A fenced block: the words behind the opening fence, and its text. `line` is the opening fence's, which is at `at`."""

    words: list[str]
    text: str
    line: int
    closed: bool
    at: int
    start: int  # where the text begins
    end: int  # behind the closing fence and its line end


def fences(markdown: str) -> Iterator[Fence]:
    """The blocks in their order; of the last one the closing fence may be missing."""
    text = f"\n{markdown}"
    opening: re.Match[str] | None = None
    line, counted = 1, 0
    for mark in _FENCE.finditer(text):
        if opening is None:
            opening = None if "`" in mark[2] else mark
            line, counted = line + text.count("\n", counted, mark.start()), mark.start()
        elif mark[1].startswith(opening[1]) and not mark[2].strip("` \t"):
            inside = text[opening.end() + 1 : mark.start() + 1]
            yield Fence(opening[2].split(), inside, line, True, opening.start(), opening.end(), min(mark.end(), len(markdown)))
            opening = None
    if opening is not None:
        yield Fence(opening[2].split(), text[opening.end() + 1 :], line, False, opening.start(), opening.end(), len(markdown))
