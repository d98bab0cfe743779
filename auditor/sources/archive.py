"""Zip archives: what is read of one is read in memory and within bounds. Nothing is ever unpacked to a disk."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from auditor.errors import InputError

MOST_MEMBERS, MOST_BYTES, MOST_IN_ALL = 2000, 16 * 1024 * 1024, 64 * 1024 * 1024  # of one member, of all of them
STARTS = (b"PK\x03\x04", b"PK\x05\x06")  # the second begins an empty one
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others give no say in how much comes out at once
_BROKEN = (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError)


def names(raw: bytes) -> list[str]:
    """Names of the members; none of an archive that cannot be read."""
    try:
        return zipfile.ZipFile(io.BytesIO(raw)).namelist()
    except _BROKEN:
        return []


def members(raw: bytes, name: str, wanted: re.Pattern[str]) -> Iterator[tuple[str, bytes] | InputError]:
    """Name and content of the `wanted` members. What cannot be read is an error with the member's name."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        infos = [info for info in archive.infolist() if not info.filename.endswith("/")]  # is_dir() raises at one without a name
    except _BROKEN as error:
        yield InputError(name, f"the zip archive cannot be read: {error}")
        return
    ours = [info for info in infos if wanted.search(info.filename)]
    if len(ours) > MOST_MEMBERS:
        yield InputError(name, f"the archive holds {len(ours)} files of connectors; {MOST_MEMBERS} are the most that are read")
        return
    left, seen = MOST_IN_ALL, set[str]()
    for info in sorted(ours, key=lambda info: info.filename):
        where = f"{name}/{info.filename}"
        if info.filename.startswith("/") or "\\" in info.orig_filename or ".." in info.filename.split("/"):
            yield InputError(where, "the member's name leads out of the archive; it is not read")
        elif info.filename in seen:
            yield InputError(where, "the archive holds two members of this name; the first one counts")
        elif info.flag_bits & 1:
            yield InputError(where, "the member is encrypted")
        elif info.compress_type not in _PACKED:
            yield InputError(where, "the member is compressed in a way that solutions are not; it is not read")
        elif info.file_size > (most := min(MOST_BYTES, left)):
            yield InputError(where, f"the member is larger than the {most} bytes that are left to it")
        else:
            seen.add(info.filename)
            left -= info.file_size  # also of one that turns out to be broken: it was unpacked
            content = _content(archive, info, where)
            yield content if isinstance(content, InputError) else (where, content)


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> bytes | InputError:
    """What a member holds. No more than its declared size is asked for: of one that holds more the checksum is wrong."""
    try:
        with archive.open(info) as member:
            content = member.read(info.file_size)
    except Exception as error:  # noqa: BLE001  (zlib and zipfile raise many kinds over a broken member)
        return InputError(where, f"the member cannot be read: {error}")
    if content.startswith(STARTS):
        return InputError(where, "the member is a zip archive itself; it is not opened")
    return content
