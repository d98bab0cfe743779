"""Where the elements of a file stand, and errors that say so."""

from __future__ import annotations

import re

from auditor.errors import InputError
from auditor.sources.document import File
from auditor.sources.element import Element, not_utf_8


class Places:
    """Line and column of bytes that are asked for in rising order."""

    def __init__(self, file: File, raw: bytes) -> None:
        self.file, self.raw = file, raw
        self._line, self._column, self._at = 1, 1, 0
        self._plain = b"\n" not in raw and file.raw is None

    def of(self, offset: int) -> tuple[int, int]:
        """Of a large file the column is 0."""
        if self._plain:
            return 1, 0
        if offset < self._at:
            self._line, self._column, self._at = 1, 1, 0
        newline = self.raw.rfind(b"\n", self._at, offset)
        if newline >= 0:
            self._line += self.raw.count(b"\n", self._at, offset)
            self._column, self._at = 1, newline + 1
        if self.file.raw is None:
            self._at = offset
            return self._line, 0
        self._column += len(self.raw[self._at : offset].decode("utf-8", "replace"))
        self._at = offset
        return self._line, self._column

    def error(self, element: Element, message: str, cause: Exception | None = None, hint: str = "") -> InputError:
        """An error at an element, or at the byte within it that the decoder complains of."""
        at = element.start + _inside(element, cause)
        line, column = self.of(at)
        return InputError(self.file.name, message, line, column or at - self.raw.rfind(b"\n", 0, at), hint)


def _inside(element: Element, cause: Exception | None) -> int:
    """The byte of an element that the decoder complains of."""
    if (byte := not_utf_8(cause, element.view())) is not None:
        return byte.start
    found = re.search(r"\(byte (\d+)\)", str(cause)) if cause else None
    return int(found[1]) if found else 0


def reason(error: BaseException, text: bytes | memoryview) -> str:
    """What is wrong with a text that raised an error."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if (byte := not_utf_8(error, text)) is not None:
        return f"not valid UTF-8: byte 0x{text[byte.start]:02x}"
    return re.sub(r" \(byte \d+\)$", "", str(error).removeprefix("JSON is malformed: "))[:200]
