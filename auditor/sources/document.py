"""What a source yields: documents, and how complete their collections are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from auditor import pointer
from auditor.display import harmless
from auditor.errors import InputError
from auditor.files import Identity
from auditor.sources.coverage import TenantInfo

if TYPE_CHECKING:
    from auditor.sources.formats.base import Format

EXACT_UP_TO = 8 * 1024 * 1024  # bytes; up to here places have columns


class File(msgspec.Struct, eq=False):
    """A file that was read, or a tenant. `raw` is a file's text in UTF-8, kept while it is small enough for exact places."""

    name: str
    scope: str  # joins reach over one scope
    size: int
    raw: bytes | None = None
    is_tenant: bool = False  # a live one or a snapshot: no file at all, and `name` is its id
    portal: str = ""  # where people look at the tenant
    shown: str | None = None  # the name as a report may print it; None for a tenant

    _places: tuple[int, pointer.Places] | None = None  # of the object that was asked for last
    _whole: pointer.Places | None = None  # of all of it

    def __post_init__(self) -> None:
        self.shown = None if self.is_tenant else harmless(self.name, 1000)

    def place(self, where: str, otherwise: int) -> tuple[str, int | None, int | None]:
        """Pointer, line and column of what a pointer from the file's root names. `otherwise`: the line to say in a large file."""
        if self.raw is None:
            return where, otherwise or None, None
        if self._whole is None:
            self._whole = pointer.Places(self.raw.decode("utf-8", "replace"))
        return where, *pointer.position(self._whole.text, self._whole.locate(where) or 0)

    def places_of(self, document: Document) -> pointer.Places:
        assert self.raw is not None
        if self._places is None or self._places[0] != document.start:
            text = self.raw[document.start : document.end].decode("utf-8", "replace")
            self._places = document.start, pointer.Places(text)
        return self._places[1]


class Places(Protocol):
    """Where the values of a text stand."""

    @property
    def text(self) -> str: ...

    def locate(self, pointer: str) -> int | None: ...


class Document(msgspec.Struct, eq=False):
    """One object of a file, in Microsoft Graph's shape. `data` is taken away once facts have been made of it."""

    kind: str
    file: File
    pointer: str  # of the object within the file
    start: int  # byte offsets within the file
    end: int
    line: int  # where the object begins; 0 in a tenant
    column: int  # of its first character; 0 in a large file
    data: Any
    parent: str = ""  # object id of what it belongs to, or app id, where its place says so; of a connector what its files have in common
    origins: dict[str, str] | None = None  # Graph pointer -> pointer in the file's own shape, for other formats
    format: Format | None = None  # as what it was read; None in a tenant
    identity: str = ""  # names it in its file where it has no ids, such as a resource's address
    places: Places | None = None  # of a text that is no JSON

    def place(self, inside: str) -> tuple[str, int | None, int | None]:
        """Pointer in the file, line and column of what a Graph pointer names. No column in a large file, no line in a tenant."""
        own = pointer.mapped(inside, self.origins) if self.origins else inside
        if own.startswith("#"):
            return self.file.place(own[1:], self.line)
        places = self.places
        if places is not None:
            return self.pointer + own, *pointer.position(places.text, places.locate(own) or 0)
        if self.file.raw is None:
            return self.pointer + own, self.line or None, None
        places = self.file.places_of(self)
        line, column = pointer.position(places.text, places.locate(own) or 0)
        if line == 1:
            column += self.column - 1
        return self.pointer + own, self.line + line - 1, column


class Listing(msgspec.Struct):
    """A collection as it was read from one place."""

    scope: str
    kind: str
    count: int
    ended: bool  # there is no further page
    total: int | None = None  # what the service says that there are
    parent: str = ""  # object id, where it lists what belongs to one object
    relation: str = ""  # appRoleAssignments or appRoleAssignedTo


class Empty(msgspec.Struct, frozen=True):
    """A file that was understood and holds nothing, and why: "the list is empty"."""

    file: str
    why: str
    is_answer: bool = True  # it says that there is nothing; a file of no bytes says nothing


class Note(msgspec.Struct):
    """Something about the input that a person should know; no error."""

    message: str
    file: str = ""
    line: int = 0
    column: int = 0

    @property
    def place(self) -> str:
        return self.file + (f":{self.line}:{self.column}" if self.line else "")

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class Documents(msgspec.Struct):
    """All that was read. `take` gets each document as it is read; without it they are kept in `documents`."""

    take: Callable[[Document], None] | None = None
    documents: list[Document] = []
    count: int = 0
    listings: list[Listing] = []
    errors: list[InputError] = []
    notes: list[Note] = []
    files_read: int = 0
    passed_over: list[str] = []  # files that hold nothing of Entra ID's
    inexact: list[str] = []  # files too large for columns
    whole: set[str] = set()  # scopes whose collections are complete because the source says so
    tenants: dict[str, TenantInfo] = {}  # scope -> what the source says of its collections
    opened: set[Identity] = set()  # every file of which something was read
    snapshots: set[str] = set()  # paths of those that were read
    empty: list[Empty] = []

    def add(self, document: Document) -> None:
        self.count += 1
        if self.take is None:
            self.documents.append(document)
        else:
            self.take(document)
