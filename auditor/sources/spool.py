"""Writes a snapshot of a tenant while it is read.

Each chain of pages goes to a file of its own in a folder beside the snapshot, with a journal of how far each has come, so that a run that
was killed can be taken up where it was. Secrets are taken out before anything is written.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from auditor.errors import UNDECODABLE, UsageError
from auditor.sources.coverage import TenantInfo
from auditor.sources.formats.snapshot import is_snapshot
from auditor.sources.graph.plan import Call
from auditor.sources.graph.sink import Json, Objects, Resumed
from auditor.sources.snapshot import KINDS, SCHEMA_VERSION, End, Header, decode_line

_CHAIN = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z]+)*(?:-[0-9]+)?")
_LEVEL = 1  # of compression: more takes longer than the network does
# Graph shows three characters of each secret, and a certificate's public part; neither is needed, and the secret never comes.
_SECRET = re.compile(rb'("(?:hint|secretText|key)"\s*+:\s*+)"(?:[^"\\]|\\.)*+"')
# What else would be a secret, or is written in another way than Graph does: names in all cases, lists, letters that are escaped.
_SECRETS = {"hint", "key", "secrettext", "secretvalue", "secret", "clientsecret", "privatekey", "password", "accesstoken", "refreshtoken"}
_SUSPECT = re.compile(
    rb'"(?:hint|key|secret_?(?:text|value)?|client_?secret|private_?key|password|(?:access|refresh)_?token)"\s*+:\s*+(?!null)',
    re.IGNORECASE,
)
_ESCAPED = re.compile(rb"\\u00(?:3[0-9]|[46][1-9a-fA-F]|[57][0-9aA])")


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


_entry = msgspec.json.Decoder(_Entry).decode
_encode = msgspec.json.Encoder().encode


class Writer:
    """Spools what is read of a tenant beside `target`, and makes the snapshot of it in one step.

    `resume` takes up what an earlier run left; `force` lets the snapshot take the place of a file that is none. Raises UsageError where
    one of these is needed, or there is nothing to take up.
    """

    def __init__(self, target: Path, planned: Iterable[str], version: str, *, resume: bool = False, force: bool = False) -> None:
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
            raise UsageError(f"{target} is not a file")
        if not force and not _may_be_replaced(target):
            raise UsageError(f"{target} is there already and is not a snapshot: name another file, or replace it with --force")
        if not target.parent.is_dir():
            raise UsageError(f"{target}: there is no folder {target.parent}")
        if self.folder.exists() and not resume:
            raise UsageError(f"an unfinished export is in {self.folder}: continue with --resume, or delete that folder")
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
        digest = hashlib.sha256()
        with self._open("whole", "wb") as out:
            first = _encode(header) + b"\n"
            digest.update(first)
            out.write(gzip.compress(first, _LEVEL, mtime=0))
            for chain in sorted(self._order, key=self._rank):
                for block in self._text(chain):
                    digest.update(block)
                with (self.folder / f"{chain}.gz").open("rb") as part:
                    shutil.copyfileobj(part, out, 1 << 20)
            out.write(gzip.compress(_encode(End(digest.hexdigest())) + b"\n", _LEVEL, mtime=0))
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
        collections = list(KINDS)
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
        damaged = self._damaged
        try:
            with self._open("journal", "r+b") as journal:
                lines = journal.read().split(b"\n")
                journal.truncate(sum(len(line) + 1 for line in lines[:-1]))
            first, *entries = [_entry(line) for line in lines[:-1]]
        except (*UNDECODABLE, OSError):
            raise damaged from None
        if any(entry.chain and not (_CHAIN.fullmatch(entry.chain) and entry.collection in KINDS) for entry in entries):
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
                    line = decode_line(raw)
                    yield line.of, line.object
        except (zlib.error, EOFError, gzip.BadGzipFile, *UNDECODABLE):
            raise self._damaged from None

    def _text(self, chain: str) -> Iterator[bytes]:
        """What a chain's file holds, in blocks."""
        try:
            with gzip.open(self.folder / f"{chain}.gz", "rb") as text:
                while block := text.read(1 << 20):
                    yield block
        except (zlib.error, EOFError, gzip.BadGzipFile):
            raise self._damaged from None

    @property
    def _damaged(self) -> UsageError:
        return UsageError(f"what is left of an earlier export is damaged: delete {self.folder} and export again")


def _may_be_replaced(target: Path) -> bool:
    """Whether a file is not there, or is nobody's loss: a snapshot, or empty."""
    try:
        with target.open("rb") as file:
            start = file.read(4096)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror or error}") from None
    return not start or is_snapshot(start)


def _lines(collection: str, objects: Objects) -> Iterator[bytes]:
    start = b'{"collection":' + _encode(collection)
    for of, raw in objects:
        text = _without_secrets(bytes(raw)).replace(b"\n", b" ").replace(b"\r", b" ")
        yield start + (b',"of":' + _encode(of) if of else b"") + b',"object":' + text + b"}\n"


def _without_secrets(raw: bytes) -> bytes:
    raw = _SECRET.sub(rb"\1null", raw)
    if _SUSPECT.search(raw) is None and _ESCAPED.search(raw) is None:
        return raw
    try:
        return json.dumps(_stripped(json.loads(raw)), allow_nan=False, separators=(",", ":")).encode()
    except UNDECODABLE:
        return b"null"  # nobody can tell what is in it: whoever reads the snapshot says that it cannot be read


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: None if re.sub("[^a-z0-9]", "", key.lower()) in _SECRETS else _stripped(item) for key, item in value.items()}
    return [_stripped(item) for item in value] if isinstance(value, list) else value
