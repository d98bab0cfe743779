"""A snapshot: a whole tenant in one file, as Microsoft Graph gave it, without secrets.

The file is gzipped NDJSON: a header, then an object a line. While it is written, each chain of pages goes to a file of its own in
a folder beside it, with a journal of how far each has come, so that a run that was killed can be taken up where it was. A snapshot
is a tenant, not a file: to audit it gives what auditing the live tenant gave.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import stat
import sys
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import IO

import msgspec

from auditor.display import clean
from auditor.errors import InputError, UsageError
from auditor.sources.coverage import LOST, TenantInfo
from auditor.sources.document import Documents
from auditor.sources.graph.plan import CALLS, Call
from auditor.sources.graph.sink import Json, Objects, Resumed
from auditor.sources.tenant import Intake

SCHEMA_VERSION = "1.0"
_TENANT = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{2,252}")
_CHAIN = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z]+)*(?:-[0-9]+)?")
_MAGIC = b'{"regaudit":"snapshot"'
_LEVEL = 1  # of compression: more takes longer than the network does
_MOST_OF_A_LINE = 64 * 1024 * 1024  # bytes; Graph's own limit for an object is far below
_KINDS = {call.collection: call.kind for call in CALLS}
# Graph shows three characters of each secret, and a certificate's public part; neither is needed, and the secret never comes.
_SECRET = re.compile(rb'("(?:hint|secretText|key)"\s*:\s*)"(?:[^"\\]|\\.)*+"')


class Header(msgspec.Struct, rename="camel"):
    """The first line."""

    regaudit: str
    schema_version: str
    tool_version: str
    tenant: TenantInfo


class _Line(msgspec.Struct):
    collection: str
    object: msgspec.Raw
    of: str = ""  # object id of whose it is


class _Entry(msgspec.Struct, rename="camel", omit_defaults=True):
    """A line of the journal. The first says what is being read; the others how far a chain has come."""

    chain: str = ""
    collection: str = ""
    size: int = 0  # of the chain's file
    next: str | None = None
    noted: list[str] = []
    tenant: str = ""
    taken: str = ""
    tool_version: str = ""
    planned: list[str] = []
    parts: list[str] | None = None


_header = msgspec.json.Decoder(Header).decode
_line = msgspec.json.Decoder(_Line).decode
_entry = msgspec.json.Decoder(_Entry).decode
_encode = msgspec.json.Encoder().encode


def is_snapshot(start: bytes) -> bool:
    """Whether a file that begins with these bytes is a snapshot, compressed or not."""
    if start.startswith(b"\x1f\x8b"):
        try:
            start = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(start, 1024)
        except zlib.error:
            return False
    return start.startswith(_MAGIC)


def read(path: Path, name: str, into: Documents, wanted: Collection[str] | None = None) -> Header | None:
    """Reads a snapshot, or only the `wanted` collections of it, object by object. What is wrong with it is an error in `into`."""
    number = 0
    header: Header | None = None
    counts: dict[str, int] = {}
    intake: Intake | None = None
    broken = ""
    try:
        with path.open("rb") as file, _opened(file) as lines:
            for raw in _bounded(lines):
                number += 1
                if header is None:
                    header = _header(raw)
                    if wrong := _wrong(header, into):
                        into.errors.append(InputError(name, wrong, 1, 1))
                        return None
                    intake = Intake(header.tenant, into)
                    continue
                assert intake is not None
                line = _line(raw)
                if line.collection not in _KINDS:
                    raise msgspec.DecodeError(f"no collection is called {clean(line.collection, 80)}")
                counts[line.collection] = counts.get(line.collection, 0) + 1
                if wanted is None or line.collection in wanted:
                    intake.take(line.collection, _KINDS[line.collection], line.object, line.of)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        broken = "the snapshot is cut off, or damaged"
    except (msgspec.DecodeError, RecursionError) as error:
        broken = f"not a line of a snapshot: {error}"
    except OSError as error:
        broken = f"cannot be read: {error.strerror or error}"
    if broken:
        into.errors.append(InputError(name, broken, number + (header is not None), 1, "export the tenant again"))
    if header is None or intake is None:
        return None
    info = header.tenant
    info.covered = [covered for covered in info.covered if wanted is None or covered.collection in wanted]
    for covered in info.covered:
        held = counts.get(covered.collection, 0)
        if covered.collection in _KINDS and held != covered.count:
            info.lose([covered.collection], f"the snapshot holds {held} of {covered.count}")
    info.lose(intake.lost, LOST)
    into.tenants[info.scope] = info
    return header


def _wrong(header: Header, into: Documents) -> str:
    """Why a snapshot cannot be read; '' where it can."""
    if header.schema_version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        return f"a snapshot of version {clean(header.schema_version, 20)}; this regaudit reads {SCHEMA_VERSION}"
    if not _TENANT.fullmatch(header.tenant.tenant_id):
        return "the snapshot names no tenant"
    if header.tenant.scope in into.tenants:
        return f"tenant {header.tenant.tenant_id} was read already: give one snapshot of a tenant"
    return ""


def _opened(file: IO[bytes]) -> IO[bytes]:
    compressed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if compressed else file  # type: ignore[return-value]


def _bounded(lines: IO[bytes]) -> Iterator[bytes]:
    while line := lines.readline(_MOST_OF_A_LINE):
        if len(line) == _MOST_OF_A_LINE:
            raise msgspec.DecodeError("the line is too long")
        yield line


class Writer:
    """Spools what is read of a tenant beside `target`, and makes the snapshot of it in one step.

    `resume` takes up what an earlier run left. Raises UsageError where there is something to take up and nobody said so, or nothing.
    """

    def __init__(self, target: Path, planned: Iterable[str], version: str, *, resume: bool = False) -> None:
        target = target.resolve()  # what a link names is written, not the link
        self.target, self._planned, self._version = target, list(planned), version
        self._taken = ""
        self.folder = target.parent / (target.name + ".part")
        self._resume = resume
        self._journal: IO[bytes] | None = None
        self._held: IO[bytes] | None = None
        self._files: dict[str, IO[bytes]] = {}
        self._order: dict[str, str] = {}  # chain -> collection, as they began
        self._last: dict[str, _Entry] = {}
        self._noted: dict[str, list[str]] = {}
        self._parts: list[str] | None = None
        if not target.name or (target.exists() and not target.is_file()):
            raise UsageError(f"{target} is no file")
        if not target.parent.is_dir():
            raise UsageError(f"{target}: there is no folder {target.parent}")
        if self.folder.exists() and not resume:
            raise UsageError(f"an unfinished export is in {self.folder}: go on with --resume, or delete that folder")
        if resume and not (self.folder / "journal").is_file():
            raise UsageError(f"nothing to resume: there is no {self.folder}")

    # -- the sink of what is read

    def open(self, info: TenantInfo) -> Writer:
        self._taken = info.taken
        begun = _Entry(tenant=info.tenant_id, taken=self._taken, tool_version=self._version, planned=self._planned)
        if self._resume:
            self._lock()
            first = self._recall()
            if (first.tenant, first.planned, first.tool_version) != (begun.tenant, begun.planned, begun.tool_version):
                raise UsageError(f"{self.folder} was begun for another tenant, other rules or by another version: delete it, begin again")
            self._taken = first.taken
        else:
            self.folder.mkdir(mode=0o700)
            self._lock()
        self._journal = self._open("journal", "ab")
        if not self._resume:
            self._note(begun)
        return self

    def page(self, chain: str, call: Call, objects: Objects, next_: str | None, noted: list[str]) -> None:
        file = self._files.get(chain)
        if file is None:
            file = self._files[chain] = self._open(f"{chain}.gz", "ab")
            self._order.setdefault(chain, call.collection)
        if objects:
            packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
            for line in _lines(call.collection, objects):
                file.write(packer.compress(line))
            file.write(packer.flush())
            file.flush()
        # What the journal says is in the file must be there, even after a power cut.
        os.fsync(file.fileno())
        self._note(_Entry(chain, call.collection, file.tell(), next_, noted))

    def resumed(self, chain: str) -> Resumed | None:
        last = self._last.get(chain)
        return Resumed(self._spooled(chain), last.next, list(self._noted.get(chain, []))) if last is not None else None

    def parts(self, chosen: list[str] | None = None) -> list[str] | None:
        if chosen is not None:
            self._parts = chosen
            self._note(_Entry(parts=chosen))
        return self._parts

    # -- the end

    def finish(self, info: TenantInfo) -> None:
        """The snapshot, in place of whatever had its name."""
        self.close()
        info.taken = self._taken
        header = Header("snapshot", SCHEMA_VERSION, self._version, info)
        temporary = self.folder / "whole"
        temporary.unlink(missing_ok=True)
        with self._open("whole", "wb") as out:
            out.write(gzip.compress(_encode(header) + b"\n", _LEVEL, mtime=0))
            for chain in sorted(self._order, key=self._rank):
                with (self.folder / f"{chain}.gz").open("rb") as part:
                    shutil.copyfileobj(part, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(self.target)
        shutil.rmtree(self.folder)

    def close(self) -> None:
        for file in (*self._files.values(), self._journal, self._held):
            if file is not None:
                file.close()

    # -- files

    def _rank(self, chain: str) -> tuple[int, str, int]:
        """By collection, then by part: the same whatever came first this time."""
        name, _, number = chain.rpartition("-")
        collections = list(_KINDS)
        return collections.index(self._order[chain]), name if number.isdigit() else chain, int(number) if number.isdigit() else 0

    def _open(self, name: str, mode: str) -> IO[bytes]:
        """A file of our own: not what a link leads to."""
        flags = {"ab": os.O_CREAT | os.O_APPEND, "wb": os.O_CREAT | os.O_EXCL, "r+b": 0}[mode]
        handle = os.open(self.folder / name, os.O_RDWR | flags | getattr(os, "O_NOFOLLOW", 0), 0o600)
        return os.fdopen(handle, mode)

    def _lock(self) -> None:
        """So that two exports do not write into one folder. Raises UsageError."""
        status = self.folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or (hasattr(os, "geteuid") and (status.st_uid != os.geteuid() or status.st_mode & 0o077)):
            raise UsageError(f"{self.folder} is not a folder of an export of yours: delete it to begin again")
        if sys.platform == "win32":  # has no flock: two exports that resume one folder at once are not told apart there
            return
        import fcntl

        self._held = self._open("lock", "ab")
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(f"another export is writing into {self.folder}") from None

    def _note(self, entry: _Entry) -> None:
        assert self._journal is not None
        self._journal.write(_encode(entry) + b"\n")
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def _recall(self) -> _Entry:
        """What the journal says; a line that was not finished counts for nothing. What files hold beyond it is cut off."""
        damaged = UsageError(f"what is left of an earlier export is damaged: delete {self.folder} and export again")
        try:
            with self._open("journal", "r+b") as journal:
                lines = journal.read().split(b"\n")
                journal.truncate(sum(len(line) + 1 for line in lines[:-1]))
            first, *entries = [_entry(line) for line in lines[:-1]]
        except (msgspec.DecodeError, ValueError, OSError):
            raise damaged from None
        if any(entry.chain and not (_CHAIN.fullmatch(entry.chain) and entry.collection in _KINDS) for entry in entries):
            raise damaged
        for entry in entries:
            if entry.chain:
                self._order.setdefault(entry.chain, entry.collection)
                self._last[entry.chain] = entry
                self._noted.setdefault(entry.chain, []).extend(entry.noted)
            elif entry.parts is not None:
                self._parts = entry.parts
        for chain, last in self._last.items():
            with self._open(f"{chain}.gz", "r+b") as file:
                if file.seek(0, os.SEEK_END) < last.size:
                    raise damaged
                file.truncate(last.size)
        for stray in self.folder.glob("*.gz"):
            if stray.name.removesuffix(".gz") not in self._last:
                stray.unlink()
        return first

    def _spooled(self, chain: str) -> Iterator[tuple[str, Json]]:
        try:
            with gzip.open(self.folder / f"{chain}.gz", "rb") as lines:
                for raw in lines:
                    line = _line(raw)
                    yield line.of, line.object
        except (zlib.error, EOFError, gzip.BadGzipFile, msgspec.DecodeError):
            raise UsageError(f"what is left of an earlier export is damaged: delete {self.folder} and export again") from None


def _lines(collection: str, objects: Objects) -> Iterator[bytes]:
    start = b'{"collection":' + _encode(collection)
    for of, raw in objects:
        text = _SECRET.sub(rb"\1null", bytes(raw)).replace(b"\n", b" ").replace(b"\r", b" ")
        yield start + (b',"of":' + _encode(of) if of else b"") + b',"object":' + text + b"}\n"
