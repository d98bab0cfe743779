"""Markdown of rule pages as text for a terminal: paragraphs and lists are wrapped, code stays as it is, marks are taken out.

A library would draw boxes, fill lines with blanks and break commands; what pages have is paragraphs, lists and blocks of code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from auditor.display import KEPT, harmless, wrapped
from auditor.fences import fences
from auditor.pattern import late

_LONGEST = 4000  # characters of a paragraph, whose parts are cut already
_CODE = late(r"`([^`\n]+)`")
# Not the asterisks of https://**.contoso.com/**.
_BOLD = late(r"(?<![\w/:.*-])\*\*(?=\S)(.+?)(?<=\S)\*\*(?![\w/*])")
_LINK = late(r"\[([^\]\n]+)\]\((https?://[^)\s]+)\)|<(https?://[^>\s]+)>")
_ITEM = late(r"( *)((?:\d{1,3}\.|[-*+]) +)(?=\S)")
_HEADING = late(r"#{1,6} +")
_COMMAND = late(r'"(?:az|pac|regaudit|[A-Z][a-z]+-Mg\w+) [^"]*"')  # is pasted: not cut either
_AS_IT_IS = late(r" *\|")  # a row of a table


class Line(NamedTuple):
    """A paragraph, an item of a list, or a line of code. `hanging`: how far lines behind the first are indented."""

    text: str
    hanging: int = 0
    is_code: bool = False


def inline(text: str) -> str:
    """A text without the marks of Markdown. Code of several words stands in quotation marks."""
    parts = _CODE.split(text)
    return "".join(_quoted(part) if i % 2 else _unmarked(part) for i, part in enumerate(parts)) if len(parts) > 1 else _unmarked(text)


def _unmarked(text: str) -> str:
    if "**" in text:
        text = _BOLD.sub(r"\1", text)
    if "](" in text or "<http" in text:
        text = _LINK.sub(lambda found: found[3] or f"{found[1]} ({found[2]})", text)
    return text


def _quoted(code: str) -> str:
    return f'"{code}"' if " " in code and '"' not in code else code


def lines(markdown: str) -> Iterator[Line]:
    """What a text says, in its order, with an empty line between blocks. Nothing in it is obeyed."""
    end, before = 0, False
    for fence in (*fences(markdown), None):
        block = list(_prose(markdown[end : fence.at if fence else len(markdown)]))
        if block:
            yield from ([Line("")] if before else [])
            yield from block
            before = True
        if fence:
            yield from ([Line("")] if before else [])
            yield from (Line(harmless(line.rstrip(), len(line)), is_code=True) for line in fence.text.rstrip("\n").split("\n"))
            end, before = fence.end, True


def _prose(markdown: str) -> Iterator[Line]:
    said, hanging, waiting, any_yet = "", 0, False, False
    for line in (*markdown.split("\n"), ""):
        text = line.expandtabs(4).rstrip()
        item, heading = _ITEM.match(text), _HEADING.match(text)
        alone = bool(heading or _AS_IT_IS.match(text))
        if said and (not text or item or alone):
            yield from ([Line("")] if waiting and any_yet else [])
            yield Line(harmless(inline(said), _LONGEST), hanging)
            said, waiting, any_yet = "", False, True
        if not text:
            waiting = True
        elif alone:
            yield from ([Line("")] if waiting and any_yet else [])
            yield Line(harmless(inline(text[heading.end() :] if heading else text), _LONGEST), is_code=not heading)
            waiting, any_yet = bool(heading), True
        elif said:
            said = f"{said} {text.lstrip()}"
        else:
            said, hanging = (text, item.end()) if item else (text.lstrip(), 0)


def wrap(lines: Iterable[Line], indent: str = "") -> Iterator[str]:
    """These lines no wider than the terminal; code is not cut."""
    for line in lines:
        if line.is_code or not line.text:
            yield (indent + line.text).rstrip()
        else:
            text = _COMMAND.sub(lambda command: command[0].replace(" ", KEPT), line.text)
            yield from wrapped(text, indent, indent + " " * line.hanging)
