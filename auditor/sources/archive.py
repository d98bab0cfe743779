"""Archives and compressed files: what is read of one is read in memory and within bounds. Nothing is ever unpacked to a disk."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from auditor.errors import InputError
from auditor.files import in_units

if TYPE_CHECKING:
    import zipfile

MOST_MEMBERS = 2000  # of those that are read
MOST_BYTES, MOST_IN_ALL = 256 * 1024 * 1024, 1024**3  # of one member, of all that a file holds, archives within it included
MOST_RATIO, _ALWAYS = 200, 1 << 20  # unpacked to packed, of what is larger than this: no export of anybody's is packed so well
LEVELS = 2  # containers within containers: a tar within gzip, a zip within a zip
ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second begins an empty one
GZIP = b"\x1f\x8b"
_STEP = 1 << 20
_DEFLATED_OR_STORED = (8, 0)  # the other methods of zip give no say in how much comes out at once
Member: TypeAlias = "tuple[str, bytes] | InputError"


class Budget:
    """How many bytes may still come out of a file, from all archives within it."""

    def __init__(self) -> None:
        self.left = MOST_IN_ALL


def is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def names(raw: bytes) -> list[str]:
    """Names of a zip archive's members; none of an archive that cannot be read."""
    import zipfile

    try:
        return zipfile.ZipFile(io.BytesIO(raw)).namelist()
    except _broken():
        return []


def _broken() -> tuple[type[Exception], ...]:
    import zipfile

    return (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError)


def zipped(raw: bytes, name: str, wanted: re.Pattern[str], budget: Budget) -> Iterator[Member]:
    """Name and content of the `wanted` members of a zip archive. What cannot be read is an error with the member's name."""
    import zipfile

    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        infos = [info for info in archive.infolist() if not info.filename.endswith("/")]  # is_dir() raises at one without a name
    except _broken() as error:
        yield InputError(name, f"the zip archive cannot be read: {error}")
        return
    ours = [info for info in infos if wanted.search(info.filename)]
    if (refusal := _too_many(ours, name)) is not None:
        yield refusal
        return
    seen = set[str]()
    for info in sorted(ours, key=lambda info: info.filename):
        where = f"{name}/{info.filename}"
        if (why := _refused(info.filename, "\\" in info.orig_filename, info.file_size, seen, budget)) is not None:
            yield InputError(where, why)
        elif info.flag_bits & 1:
            yield InputError(where, "the member is encrypted")
        elif info.compress_type not in _DEFLATED_OR_STORED:
            yield InputError(where, "the member is compressed in a way that exports are not; it is not read")
        elif _is_bomb(info.file_size, info.compress_size):
            yield InputError(where, _BOMB)
        else:
            seen.add(info.filename)
            budget.left -= info.file_size  # also of one that turns out to be broken: it was unpacked
            content = _content(archive, info, where)
            yield content if isinstance(content, InputError) else (where, content)


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> bytes | InputError:
    """What a member holds. No more than its declared size is asked for: of one that holds more the checksum is wrong."""
    try:
        with archive.open(info) as member:
            return member.read(info.file_size)
    except Exception as error:  # noqa: BLE001  (zlib and zipfile raise many kinds over a broken member)
        return InputError(where, f"the member cannot be read: {error}")


def tarred(raw: bytes, name: str, wanted: re.Pattern[str], budget: Budget) -> Iterator[Member]:
    """Name and content of the `wanted` members of a tar archive. Links lead nowhere."""
    import tarfile

    try:
        archive = tarfile.open(fileobj=io.BytesIO(raw), mode="r:")  # noqa: SIM115  (it is closed with the bytes it reads)
        infos = [info for info in archive if info.isreg()]
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
        yield InputError(name, f"the tar archive cannot be read: {error}")
        return
    ours = [info for info in infos if wanted.search(info.name)]
    if (refusal := _too_many(ours, name)) is not None:
        yield refusal
        return
    seen = set[str]()
    for info in sorted(ours, key=lambda info: info.name):
        where = f"{name}/{info.name}"
        if (why := _refused(info.name.removeprefix("./"), "\\" in info.name, info.size, seen, budget)) is not None:
            yield InputError(where, why)
        elif info.issparse():
            yield InputError(where, "the member has holes: its size says nothing of what is in it; it is not read")
        else:
            seen.add(info.name.removeprefix("./"))
            budget.left -= info.size
            file: Any = archive.extractfile(info)
            content = file.read(info.size)
            yield (where, content) if len(content) == info.size else InputError(where, "the archive ends within this member")


def gunzipped(raw: bytes, name: str, limit: int, budget: Budget) -> bytes:
    """What a gzip file holds: all of its members. Raises InputError."""
    import zlib

    parts, at, size = list[bytes](), 0, 0
    most = min(limit, budget.left)
    while at < len(raw):
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
        data: bytes | memoryview = memoryview(raw)[at:]
        while not unpack.eof:
            try:
                part = unpack.decompress(data, _STEP)
            except zlib.error as error:
                raise InputError(name, f"the gzip file cannot be read: {error}") from None
            data = unpack.unconsumed_tail
            if not part and not data and not unpack.eof:
                raise InputError(name, "the gzip file is cut off")
            parts.append(part)
            size += len(part)
            if size > most:
                raise InputError(name, f"the gzip file holds more than the {in_units(most)} that are left to it; it is not read")
            if _is_bomb(size, len(raw)):
                raise InputError(name, _BOMB)
        at = len(raw) - len(unpack.unused_data)
        if not unpack.unused_data.strip(b"\0"):  # padding
            break
    budget.left -= size
    return b"".join(parts)


def begins(raw: bytes, size: int) -> bytes:
    """The first bytes of what a gzip file holds; none where it is broken."""
    import zlib

    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw, size)
    except zlib.error:
        return b""


_BOMB = f"it unpacks to more than {MOST_RATIO} times its size, as no export does; it is not read"


def _is_bomb(unpacked: int, packed: int) -> bool:
    return unpacked > _ALWAYS and unpacked > MOST_RATIO * packed


def _too_many(ours: list[Any], name: str) -> InputError | None:
    if len(ours) <= MOST_MEMBERS:
        return None
    return InputError(name, f"the archive holds {len(ours)} files that regaudit would read; {MOST_MEMBERS} are the most that are read")


def _refused(name: str, has_backslash: bool, size: int, seen: set[str], budget: Budget) -> str | None:
    """Why a member is not read, by what the archive's list says of it."""
    if name.startswith("/") or has_backslash or ".." in name.split("/"):
        return "the member's name leads out of the archive; it is not read"
    if name in seen:
        return "the archive holds two members of this name; the first one counts"
    if size > (most := min(MOST_BYTES, budget.left)):
        return f"the member is larger than the {in_units(most)} that are left to it; it is not read"
    return None
