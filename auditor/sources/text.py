"""Bytes -> the JSON values in them. Whatever is blanked out keeps its length, so that lines and columns stay true."""

from __future__ import annotations

import json
import re
import sys

import msgspec

from auditor.errors import InputError
from auditor.pattern import late
from auditor.pointer import position
from auditor.sources.document import EXACT_UP_TO, Note
from auditor.sources.element import UNREADABLE, Element

_ANSI = late(r"\x1b\[[0-9;]*m")
_SURROGATE = late(r"\\u[dD][89a-fA-F]")
# An escape within a string: a pair of surrogates, half of one, or any other.
_ESCAPE = late(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}(\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL)
# A string or a comment that does not end goes on to the end of the text: else each of its quotes would be looked at again.
_COMMENT = late(r'"(?:[^"\\]|\\.)*+"?|//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?', re.DOTALL)
_TRAILING_COMMA = late(r'"(?:[^"\\]|\\.)*+"?|,(?=\s*+[}\]])', re.DOTALL)
_JSON_START = late(r"^[ \t]*[{\[]", re.MULTILINE)
_SOMETHING = late(rb"\S")
_BY_ZEROS: dict[tuple[bool, ...], str] = {
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
}
_raw = msgspec.json.Decoder(msgspec.Raw)
_MOST_ROOTS = 200_000
_RELAXED = "not strict JSON: it has comments or trailing commas"
_FOREIGN = (
    (b"SQLite format 3\0", "a SQLite database"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip file"),
)


class NotJson(Exception):
    """The text is not JSON. `index` is where it stops being so."""

    def __init__(self, message: str, index: int = 0) -> None:
        self.message, self.index = message, index


def to_utf8(raw: bytes, file: str) -> bytes:
    """The text in UTF-8 without a byte order mark. Raises InputError for other encodings."""
    for magic, what in _FOREIGN:
        if raw.startswith(magic):
            raise InputError(file, f"this is {what}; regaudit reads JSON")
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:]
    encoding = _encoding(raw)
    if encoding == "utf-8":
        return raw
    try:
        return raw.decode(encoding).encode("utf-8", "replace")
    except UnicodeDecodeError as error:
        raise InputError(file, f"the file is not valid {encoding.upper()}: {error.reason}") from None


def _encoding(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if len(raw) < 4:
        return "utf-8"
    # Without a mark: JSON begins with two characters of ASCII, so that the other bytes are NUL.
    return _BY_ZEROS.get(tuple(byte == 0 for byte in raw[:4]), "utf-8")


def roots(raw: bytes, file: str, notes: list[Note]) -> tuple[bytes, list[Element]]:
    """The text, with what is not JSON blanked out, and the values in it. Raises InputError with the place."""
    if _SOMETHING.search(raw) is None:
        raise InputError(file, "the file is empty")
    if len(raw) > EXACT_UP_TO and (plain := _plain(raw)):
        return raw, plain
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = position(raw[: error.start].decode("utf-8", "replace") + "?", len(raw[: error.start].decode("utf-8", "replace")))
        raise InputError(file, f"not valid UTF-8: byte 0x{raw[error.start]:02x}", line, column) from None
    text = _ANSI.sub(lambda found: " " * len(found[0]), text)
    if _SURROGATE.search(text):
        text = _ESCAPE.sub(_whole_characters, text)
    try:
        spans, text = _spans(text, file, notes)
    except NotJson as error:
        line, column = position(text, error.index)
        raise InputError(file, error.message, line, column) from None
    cleaned = text.encode("utf-8")
    found = []
    characters = offset = 0  # both of the same place
    for number, (start, end) in enumerate(spans):
        first = offset + len(text[characters:start].encode())
        offset = first + len(text[start:end].encode())
        characters = end
        found.append(Element(cleaned, first, offset, "" if len(spans) == 1 else f"/{number}"))
    return cleaned, found


def _plain(raw: bytes) -> list[Element]:
    """The values of a large text that is JSON, or JSON a line, and nothing else; none of another, which needs a second look."""
    try:
        values = [_raw.decode(raw)]
    except UNREADABLE:
        try:
            values = _raw.decode_lines(raw)
        except UNREADABLE:
            return []
    found, at = list[Element](), 0
    for number, value in enumerate(values):
        start = _SOMETHING.search(raw, at).start()  # type: ignore[union-attr]
        at = start + memoryview(value).nbytes
        found.append(Element(raw, start, at, "" if len(values) == 1 else f"/{number}"))
    return found


def _spans(text: str, file: str, notes: list[Note]) -> tuple[list[tuple[int, int]], str]:
    """Where the JSON values of the text stand, and the text with all else blanked out."""
    try:
        return [_whole(text)], text
    except NotJson as error:
        first = error
    attempt = text
    before = Note("the text before the JSON is skipped", file, 1, 1)
    noise = _JSON_START.search(text)
    if noise and noise.start() and not text[: noise.start()].lstrip().startswith(("{", "[")) and not _is_marked(text[: noise.start()]):
        attempt = _blank(text[: noise.start()]) + text[noise.start() :]
        try:
            found = _whole(attempt)
        except NotJson:
            pass
        else:
            notes.append(before)
            return [found], attempt
    relaxed = _TRAILING_COMMA.sub(_blank_comma, _COMMENT.sub(_blank_comment, attempt))
    if relaxed != attempt:
        try:
            found = _whole(relaxed)
        except NotJson:
            pass
        else:
            if attempt != text and not text.lstrip().startswith("/"):  # a comment is told below
                notes.append(before)
            notes.append(Note(_RELAXED, file, 1, 1))
            return [found], relaxed
    for candidate in (attempt, relaxed) if relaxed != attempt else (attempt,):
        if (several := _several(candidate)) is None:
            continue
        for start, end in several:
            _whole(candidate[start:end])
        if attempt != text:
            notes.append(before)
        if candidate != attempt:
            notes.append(Note(_RELAXED, file, 1, 1))
        return several, candidate
    raise first


def _is_marked(text: str) -> bool:
    """Whether the text that would be skipped holds something of ours: `INFO {"appId": …}`."""
    from auditor.sources.formats import may_hold_ours  # which formats there are is nothing that bytes depend on

    return may_hold_ours(text.encode("utf-8", "replace"))


def _whole_characters(found: re.Match[str]) -> str:
    """Half of a surrogate pair is no character: JSON's grammar lets it through, nothing else does."""
    return "\\ufffd" if found[2] else found[0]


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _blank_comment(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith('"') else _blank(found[0])


def _blank_comma(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith('"') else " "


def _whole(text: str) -> tuple[int, int]:
    """The span of the one JSON value that the text is. Raises NotJson."""

    def constant(name: str) -> None:
        raise NotJson(f"not JSON: {name} is not a JSON number", max(0, text.find(name)))

    try:
        json.loads(text, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise NotJson(f"not JSON: {error.msg[0].lower()}{error.msg[1:].removesuffix(' at')}", error.pos) from None
    except RecursionError:
        raise NotJson("not JSON that anybody wrote: it is nested too deeply") from None
    except ValueError as error:
        longest = sys.get_int_max_str_digits()
        digits = next((run.start() for run in re.finditer(r"\d++", text) if run.end() - run.start() > longest), 0)
        raise NotJson(f"not JSON: {_reason(error)}", digits) from None
    start = len(text) - len(text.lstrip())
    return start, len(text.rstrip())


def _several(text: str) -> list[tuple[int, int]] | None:
    """The spans of JSON values that follow one another (NDJSON), or None."""
    decoder = json.JSONDecoder()
    found: list[tuple[int, int]] = []
    at = 0
    try:
        while (start := at + len(text[at : at + 4096]) - len(text[at : at + 4096].lstrip())) < len(text):
            if text[start].isspace():
                at = start
                continue
            _, at = decoder.raw_decode(text, start)
            found.append((start, at))
            if len(found) > _MOST_ROOTS:
                return None
    except (ValueError, RecursionError):
        return None
    return found if len(found) > 1 else None


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    text = str(error).removeprefix("JSON is malformed: ")
    if "digits" in text:
        return "a number has thousands of digits"
    return text[:1].lower() + text[1:]
