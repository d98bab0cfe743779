"""A snapshot: a whole tenant in one file, as Microsoft Graph gave it, without secrets. `spool.py` writes it.

The file is gzipped NDJSON: a header, then an object a line, then a checksum of all lines. A snapshot is a tenant, not a file: to audit it
gives what auditing the live tenant gave.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from auditor.display import clean
from auditor.errors import UNDECODABLE, InputError
from auditor.files import MAX_FILE_SIZE, in_units
from auditor.sources.coverage import LOST, SELECTED, UNAVAILABLE, TenantInfo
from auditor.sources.document import Documents, Note
from auditor.sources.element import not_utf_8
from auditor.sources.graph.plan import CALLS
from auditor.sources.places import reason
from auditor.sources.tenant import Intake

SCHEMA_VERSION = "2.0"
_WITHOUT_CHECKSUM = "1"  # the version before
_TENANT = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{2,252}")
_MOST_OF_A_LINE = 64 * 1024 * 1024  # bytes; Graph's own limit for an object is far below
_MOST_ERRORS = 20  # lines that are complained of
KINDS = {call.collection: call.kind for call in CALLS}


class Header(msgspec.Struct, rename="camel"):
    """The first line."""

    regaudit: str
    schema_version: str
    tool_version: str
    tenant: TenantInfo

    @property
    def has_no_checksum(self) -> bool:
        return self.schema_version.partition(".")[0] == _WITHOUT_CHECKSUM


class Line(msgspec.Struct):
    collection: str
    object: msgspec.Raw
    of: str = ""  # object id of whose it is


class End(msgspec.Struct):
    """The last line."""

    sha256: str  # of all lines before


_header = msgspec.json.Decoder(Header).decode
decode_line = msgspec.json.Decoder(Line).decode
_end = msgspec.json.Decoder(End).decode


def read(path: Path, name: str, into: Documents, wanted: Collection[str] | None = None, *, limit: int = MAX_FILE_SIZE) -> Header | None:
    """Reads a snapshot, or only the `wanted` collections of it, object by object. What is wrong with it is an error in `into`.

    `limit`: bytes of what it holds, unpacked. It is not read any further.
    """
    reader = _Reader(name, into, wanted)
    try:
        with path.open("rb") as file, _opened(file) as lines:
            held = 0
            while raw := lines.readline(_MOST_OF_A_LINE):
                held += len(raw)
                if len(raw) == _MOST_OF_A_LINE:
                    reader.complain("the line is too long")
                elif held > limit:
                    reader.complain(f"it unpacks to more than the limit of {in_units(limit)} (--max-file-size): the rest is not read")
                elif reader.line(raw):
                    continue
                break
    except (EOFError, gzip.BadGzipFile, zlib.error):
        reader.complain("the snapshot is cut off, or damaged", after=1)
    except OSError as error:
        reader.complain(f"cannot be read: {error.strerror or error}", after=1)
    return reader.end()


def taken_at(path: Path) -> datetime | None:
    """When a snapshot was taken; None for what is not one, and where its header cannot be read."""
    try:
        with path.open("rb") as file, _opened(file) as lines:
            return _header(lines.readline(_MOST_OF_A_LINE)).tenant.taken_at
    except (*UNDECODABLE, EOFError, OSError, zlib.error):
        return None


class _Reader:
    """Takes a snapshot line by line. A line that cannot be read costs itself."""

    def __init__(self, name: str, into: Documents, wanted: Collection[str] | None) -> None:
        self._name, self._into, self._wanted = name, into, wanted
        self._number = self._errors = 0
        self._header: Header | None = None
        self._intake: Intake | None = None
        self._counts: dict[str, int] = {}
        self._digest: Any = hashlib.sha256()
        self._seen: set[int] = set()  # hashes of lines, where no checksum tells
        self._is_whole = self._ended = False

    def line(self, raw: bytes) -> bool:
        """Takes the next line; False where there is no use in going on."""
        self._number += 1
        try:
            if self._intake is None:
                return self._begin(raw)
            if self._ended:
                self.complain("something follows the end of the snapshot")
                self._is_whole = False
                return False
            if raw.startswith(b'{"sha256":'):
                self._is_whole = _end(raw).sha256 == self._digest.hexdigest()
                self._ended = True
                return True
            self._digest.update(raw)
            _ = raw.isascii() or raw.decode("utf-8")  # an object stays Raw, at which the decoder does not look
            self._take(decode_line(raw), raw)
        except UNDECODABLE as error:
            self.complain(f"not a line of a snapshot: {reason(error, raw)}", column=_column(error, raw))
        return self._intake is not None

    def _begin(self, raw: bytes) -> bool:
        header = _header(raw)
        if wrong := _wrong(header, self._into):
            self.complain(wrong)
            return False
        self._digest.update(raw)
        self._header, self._intake = header, Intake(header.tenant, self._into)
        return True

    def _take(self, line: Line, raw: bytes) -> None:
        assert self._header is not None
        assert self._intake is not None
        name = line.collection
        if name not in KINDS:
            raise msgspec.DecodeError(f"no collection is called {clean(name, 80)}")
        if self._header.has_no_checksum:
            before = len(self._seen)
            self._seen.add(hash(raw))
            if len(self._seen) == before:
                return  # a line that came before, maybe in place of another
        self._counts[name] = self._counts.get(name, 0) + 1
        if self._wanted is None or name in self._wanted:
            self._intake.take(name, KINDS[name], line.object, line.of)

    def complain(self, message: str, *, column: int = 1, after: int = 0) -> None:
        """An error at this line, or `after` it."""
        self._errors += 1
        if self._errors <= _MOST_ERRORS:
            number = max(self._number + after, 1)
            self._into.errors.append(InputError(self._name, message, number, column, "export the tenant again"))

    def end(self) -> Header | None:
        """What was read, and how much of the tenant that is."""
        header, intake = self._header, self._intake
        if header is None or intake is None:
            if not self._errors:
                self.complain("the snapshot is empty")
            return None
        info = header.tenant
        info.covered = [covered for covered in info.covered if self._wanted is None or covered.collection in self._wanted]
        for covered in info.covered:
            held = self._counts.get(covered.collection, 0)
            if covered.collection in KINDS and held != covered.count:
                info.lose([covered.collection], f"the snapshot holds {held} of {covered.count}")
        if header.has_no_checksum:
            self._into.notes.append(
                Note("a snapshot of an older version, without a checksum: it cannot be checked for changes", self._name)
            )
        elif not self._is_whole:
            if not self._errors:
                was = "changed: its checksum is another" if self._ended else "cut off: its last line is missing"
                self.complain(f"the snapshot was {was}")
            info.lose([covered.collection for covered in info.covered], "the snapshot was changed, or cut off")
        info.lose(intake.lost, LOST)
        self._into.tenants[info.scope] = info
        return header


def _column(error: Exception, raw: bytes) -> int:
    byte = not_utf_8(error, raw)
    return 1 if byte is None else len(raw[: byte.start].decode("utf-8", "replace")) + 1


def _wrong(header: Header, into: Documents) -> str:
    """Why a snapshot cannot be read; '' where it can."""
    if header.schema_version.partition(".")[0] not in (SCHEMA_VERSION.partition(".")[0], _WITHOUT_CHECKSUM):
        return f"a snapshot of version {clean(header.schema_version, 20)}; this regaudit reads {SCHEMA_VERSION}"
    tenant = header.tenant
    if not _TENANT.fullmatch(tenant.tenant_id):
        return "the snapshot names no tenant"
    if tenant.scope in into.tenants:
        return f"tenant {tenant.tenant_id} was read already: give one snapshot of a tenant"
    names = [covered.collection for covered in tenant.covered]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        return f"the header says twice how much of {clean(twice, 80)} was read"
    applications = tenant.of("applications")
    if applications is None or applications.status in (SELECTED, UNAVAILABLE):
        return "the header does not say that applications were read: a snapshot is of a whole tenant"
    return ""


def _opened(file: IO[bytes]) -> IO[bytes]:
    compressed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if compressed else file  # type: ignore[return-value]
