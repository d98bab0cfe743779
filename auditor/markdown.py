"""Markdown of rule pages as text for a terminal: paragraphs and lists are wrapped, code stays as it is, marks are taken out.

A library would draw boxes, fill lines with blanks and break commands; what pages have is paragraphs, lists and blocks of code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from auditor.display import KEPT, harmless, wrapped
from auditor.fences import fences
from auditor.pattern import late

_LONGEST = 4000  # characters of a paragraph, whose parts are cut already
_CODE = late(r"`([^`\n]+)`")
# Not the asterisks of https://**.contoso.com/**.
_BOLD = late(r"(?<![\w/:.*-])\*\*(?=\S)(.+?)(?<=\S)\*\*(?![\w/*])")
_LINK = late(r"\[([^\]\n]+)\]\((https?://[^)\s]+)\)|<(https?://[^>\s]+)>")
_MARKED = late(
    r"(?<![\w/:.*-])\*\*(?=\S)(?P<bold>.+?)(?<=\S)\*\*(?![\w/*])"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<address>https?://[^)\s]+)\)|<(?P<alone>https?://[^>\s]+)>"
)
_ITEM = late(r"( *)((?:\d{1,3}\.|[-*+]) +)(?=\S)")
_HEADING = late(r"#{1,6} +")
_COMMAND = late(r'"(?:az|pac|regaudit|[A-Z][a-z]+-Mg\w+) [^"]*"')  # is pasted: not cut either
_AS_IT_IS = late(r" *\|")  # a row of a table


class Line(Struct, frozen=True):
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


class Block(Struct, frozen=True):
    """A paragraph, an item of a list with its mark, a heading, a row of a table, or code. `hanging`: the length of an item's mark."""

    text: str
    kind: Literal["paragraph", "item", "heading", "row", "code"] = "paragraph"
    hanging: int = 0
    is_apart: bool = False  # an empty line is before it


class Span(Struct, frozen=True):
    """A part of a line. `kind`: "", code, bold or link."""

    text: str
    kind: str = ""
    address: str = ""


def spans(text: str) -> Iterator[Span]:
    """What a line is made of: text, code between backticks, what is bold, links."""
    for i, part in enumerate(_CODE.split(text)):
        if i % 2:
            yield Span(part, "code")
            continue
        end = 0
        for found in _MARKED.finditer(part):
            if found.start() > end:
                yield Span(part[end : found.start()])
            end = found.end()
            if found["bold"] is not None:
                yield Span(found["bold"], "bold")
            else:
                address = found["address"] or found["alone"]
                yield Span(found["label"] or address, "link", address)
        if end < len(part):
            yield Span(part[end:])


def lines(markdown: str) -> Iterator[Line]:
    """What a text says, in its order, with an empty line between blocks. Nothing in it is obeyed."""
    for block in blocks(markdown):
        if block.is_apart:
            yield Line("")
        if block.kind == "code":
            yield from (Line(harmless(line.rstrip(), len(line)), is_code=True) for line in block.text.split("\n"))
        else:
            yield Line(harmless(inline(block.text), _LONGEST), block.hanging, is_code=block.kind == "row")


def blocks(markdown: str) -> Iterator[Block]:
    """The paragraphs, items, headings and blocks of code of a text, in its order."""
    end, any_yet = 0, False
    for fence in (*fences(markdown), None):
        is_first = True
        for block in _prose(markdown[end : fence.at if fence else len(markdown)]):
            yield replace(block, is_apart=any_yet) if is_first else block
            is_first, any_yet = False, True
        if fence:
            yield Block(fence.text.rstrip("\n"), "code", is_apart=any_yet)
            end, any_yet = fence.end, True


def _prose(markdown: str) -> Iterator[Block]:
    said, hanging, waiting, any_yet = "", 0, False, False
    for line in (*markdown.split("\n"), ""):
        text = line.expandtabs(4).rstrip()
        item, heading = _ITEM.match(text), _HEADING.match(text)
        alone = bool(heading or _AS_IT_IS.match(text))
        if said and (not text or item or alone):
            yield Block(said, "item" if hanging else "paragraph", hanging, waiting and any_yet)
            said, waiting, any_yet = "", False, True
        if not text:
            waiting = True
        elif alone:
            yield Block(text[heading.end() :] if heading else text, "heading" if heading else "row", 0, waiting and any_yet)
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
