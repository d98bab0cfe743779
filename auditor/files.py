"""Files as the operating system knows them: by what they are, whatever they are called; and how much of one is read."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from typing import IO

from auditor.errors import UsageError

Identity = tuple[int, int]  # device and inode: the same for every link to a file
STDIN_NAME = "<stdin>"  # where the user gives standard input no other name
MAX_FILE_SIZE = 2 * 1024**3  # bytes; 100,000 registrations are 255 MB
_STEP = 1 << 20
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


class TooLarge(Exception):
    """A file holds more than may be read of it. Its text says so."""


def identity(file: str | os.PathLike[str] | int) -> Identity | None:
    """Which file this is, by its name or by an open descriptor; None where there is none."""
    try:
        status = os.stat(file)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def identities(files: Iterable[str | os.PathLike[str]]) -> set[Identity]:
    return {known for known in map(identity, files) if known is not None}


def is_device(status: os.stat_result) -> bool:
    """A device has no end, a terminal excepted. (A directory, a pipe or a socket is something else.)"""
    return stat.S_ISBLK(status.st_mode) or stat.S_ISCHR(status.st_mode)


def too_large(size: int, limit: int) -> str:
    return f"not read: {in_units(size)} is larger than the limit of {in_units(limit)} (--max-file-size)"


def read_whole(file: IO[bytes], size: int, limit: int) -> bytes:
    """What is left of a file of about `size` bytes, without a buffer's copy. Raises TooLarge beyond `limit`."""
    parts: list[bytes] = []
    left, step = limit + 1, size + 1
    while left > 0 and (part := file.read(min(step, left))):
        parts.append(part)
        left, step = left - len(part), _STEP
    if left <= 0:
        raise TooLarge(f"not read: it is larger than the limit of {in_units(limit)} (--max-file-size)")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def size_of(text: str) -> int:
    """Bytes of "500MB", "2G", "1048576". Raises UsageError."""
    found = re.fullmatch(r"([0-9]{1,15})[ \t]*([kmgt]?)(?:i?b)?", text.strip().lower())  # with IGNORECASE it takes 4 ms to compile
    if found is None or not int(found[1]):
        raise UsageError(f"--max-file-size {text!r}: say 500MB, 2GB or a number of bytes")
    return int(found[1]) * _UNITS[found[2]]


def in_units(size: int) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{size:,} {unit}"
        size //= 1024
    raise AssertionError
