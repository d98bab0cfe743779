"""A JSON text seen from above: elements know where they stand, and are only decoded when somebody asks."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from auditor.pattern import late

# Whatever decoding a text can raise: of bytes that are not UTF-8 older versions of msgspec raise UnicodeDecodeError.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_ENDS = 4096  # bytes
_AFTER = frozenset(bytes([byte]) for byte in b",]} \t\r\n")
_COMMA = late(rb"[\s,]*")
_KEY = late(rb'[\s,]*"((?:[^"\\]|\\.)*)"\s*:\s*', re.DOTALL)
_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])
_arrays = msgspec.json.Decoder(list[msgspec.Raw])
_values = msgspec.json.Decoder()


@cache
def _scanner() -> Callable[[str, int], tuple[Any, int]]:
    import json

    return json.JSONDecoder(strict=False).raw_decode


def not_utf_8(error: BaseException | None, text: bytes | memoryview) -> UnicodeDecodeError | None:
    """Where in a text, which raised `error`, the first byte is that is not UTF-8; None where something else is wrong with it."""
    if isinstance(error, UnicodeDecodeError) or "UTF-8" in str(error or ""):
        try:
            str(text, "utf-8")
        except UnicodeDecodeError as found:
            return found
    return None


class Members(dict[str, "Element"]):
    """Members of an object by name. Of a name that is there twice the last counts, and `twins` has the others."""

    def __init__(self) -> None:
        self.twins = list[tuple[str, Element]]()


class Element:
    """A value within `raw`: bytes `start` to `end`, at `pointer`."""

    __slots__ = ("end", "pointer", "raw", "start")

    def __init__(self, raw: bytes, start: int, end: int, pointer: str) -> None:
        self.raw, self.start, self.end, self.pointer = raw, start, end, pointer

    def view(self) -> memoryview:
        return memoryview(self.raw)[self.start : self.end]

    @property
    def is_object(self) -> bool:
        return self.raw[self.start : self.start + 1] == b"{"

    @property
    def is_array(self) -> bool:
        return self.raw[self.start : self.start + 1] == b"["

    @property
    def is_text(self) -> bool:
        return self.raw[self.start : self.start + 1] == b'"'

    @property
    def is_null(self) -> bool:
        return self.raw[self.start : self.start + 1] == b"n"

    def members(self) -> Members:
        """Of an object."""
        from auditor.pointer import escape

        values = _objects.decode(self.view())
        found = Members()
        at = self.start + 1
        text = ""
        while key := _KEY.match(self.raw, at, self.end):
            name = _values.decode(b'"' + key[1] + b'"')
            start = key.end()
            value = memoryview(values[name])
            end = start + value.nbytes
            if not _same(self.raw, start, end, value):  # a twin of a repeated name
                text = text or str(self.view(), "latin-1")  # a character for each byte
                end = self.start + _scanner()(text, start - self.start)[1]
            one = Element(self.raw, start, end, f"{self.pointer}/{escape(name)}")
            if name in found:
                found.twins.append((name, found[name]))
            found[name] = one
            at = end
        return found

    def items(self) -> list[Element]:
        """Of an array."""
        found = []
        at = self.start + 1
        for i, raw in enumerate(_arrays.decode(self.view())):
            start = _COMMA.match(self.raw, at).end()  # type: ignore[union-attr]
            at = start + memoryview(raw).nbytes
            found.append(Element(self.raw, start, at, f"{self.pointer}/{i}"))
        return found

    def value(self) -> Any:
        return _values.decode(self.view())


def _same(raw: bytes, start: int, end: int, value: memoryview) -> bool:
    """Whether the bytes are the value, and not a number that begins with it; of a long one its ends are compared."""
    if raw[end : end + 1] not in _AFTER:
        return False
    if value.nbytes <= 2 * _ENDS:
        return raw[start:end] == value
    return raw[start : start + _ENDS] == value[:_ENDS] and raw[end - _ENDS : end] == value[-_ENDS:]
