"""What a format is: how it is recognised, in a folder and by its content, and the pieces that it yields.

Two kinds are in one list (`formats/__init__.py`): formats of whole files, and of objects within JSON. Both yield pieces, of which
`maker.py` makes documents.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from auditor.errors import InputError
from auditor.files import MAX_FILE_SIZE, TooLarge, read_whole
from auditor.pattern import late
from auditor.sources import text
from auditor.sources.document import Documents, Listing, Note, Places
from auditor.sources.element import Element

if TYPE_CHECKING:
    from auditor.sources.archive import Budget

Members: TypeAlias = Mapping[str, Element]
JSON_NAMES = (".json", ".jsonc", ".ndjson", ".jsonl")
_LOOKS_LIKE_JSON = late(rb"^(?:\xef\xbb\xbf)?\s*[{\[]")
_HEAD = 4096  # bytes
COMPUTED: Any = object()  # stands in a decoded value for what is not a literal in the file
SPREAD = "..."  # the name under which a decoded object holds that it may have others


class Converted:
    """An object in the shape that facts are made of, and where each of its places stands in the file.

    An origin is a JSON Pointer below the piece's element; with a # before it one from the root of the file.
    """

    def __init__(self) -> None:
        self.value: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.wrong: list[tuple[str, str]] = []  # (place in our shape, what is wrong there); what is wrong is left out
        self.notes: list[tuple[str, str]] = []  # (place in the file's shape, what a person should know)
        self.once: list[tuple[str, str]] = []  # as notes: about the whole file, and said of its first object only
        self.unknown: dict[str, str] = {}  # path in our shape -> why it is unknown, where the file says so: "known after apply"
        self.more: dict[str, str] = {}  # path of a list -> why it may have more entries than those that are here

    def holder(self, path: str) -> tuple[dict[str, Any], str]:
        """The object in which a path ends, and the last name of the path. Objects on the way are made."""
        *parents, last = path.split("/")
        at = self.value
        for part in parents:
            at = at.setdefault(part, {})
        return at, last

    def put(self, path: str, value: Any, origin: str) -> None:
        at, last = self.holder(path)
        at[last] = value
        self.origins["/" + path] = origin

    def leave_out(self, path: str, why: str, origin: str) -> None:
        """Says why a property is unknown that the file names, and has no value of."""
        self.holder(path)
        self.unknown[path] = why
        self.origins["/" + path] = origin


class Piece(msgspec.Struct, gc=False):
    """A document within a file, in the format's own shape: one object or file may hold several.

    `convert` turns its decoded value into Microsoft Graph's shape; None: it has this shape already.
    """

    element: Element
    kind: str
    convert: Callable[[Any], Converted] | None = None
    parent: str = ""  # object id of what it belongs to, or app id; of a connector what its files have in common
    identity: str = ""  # names it in its file where it has no ids, such as a resource's address: a finding goes by that, not by its place
    why: str = ""  # why what it does not hold is unknown; "": absent from the document
    may_be_template: bool = False  # placeholders in it mean that a tool fills them in later
    # Of a text that is not JSON:
    converted: Converted | None = None
    start: tuple[int, int] | None = None  # line and column of its beginning
    places: Places | None = None


class Remark(msgspec.Struct, frozen=True):
    """What a format says of a place in its file: that something there is not read (`is_error`), or what a person should know."""

    element: Element
    message: str
    is_error: bool = False
    hint: str = ""


class Extent(msgspec.Struct, frozen=True):
    """How much of a collection the pieces of an object are: a number of `total`, and whether there is no further page."""

    kind: str
    number: int
    ended: bool
    total: int | None = None


class Tenant(msgspec.Struct, frozen=True):
    """A whole tenant within a file. `read` takes the collections that are wanted (None: all); None when it could not be read."""

    read: Callable[[Documents, Collection[str] | None], object]


class Whole:
    """A file to recognise. Of one on a disk no more is read than is asked for."""

    def __init__(
        self,
        name: str,
        scope: str,
        *,
        named: bool,
        raw: bytes | None = None,
        path: Path | None = None,
        limit: int = MAX_FILE_SIZE,
        level: int = 0,
        budget: Budget | None = None,
        asked: bool = False,
    ) -> None:
        self.name, self.scope = name, scope
        self.named = named  # by the user: what it is meant to be is not in doubt
        self.asked = named or asked  # it, or the archive that it is in
        self.path = path  # of a file that can be read again: not of a pipe, nor of a file within an archive
        self.limit = limit  # bytes that are read, unpacked
        self.level, self.budget = level, budget  # containers around it, and what may still come out of them
        self._raw = None if raw is None else _utf8(raw)
        self._head: bytes | None = raw[:_HEAD] if raw is not None else None

    @property
    def head(self) -> bytes:
        """Its first bytes, as they are."""
        if self._head is None:
            self._head = self._read(_HEAD)
        return self._head

    @property
    def begins_like_json(self) -> bool:
        return _LOOKS_LIKE_JSON.search(self.head) is not None

    @property
    def raw(self) -> bytes:
        """All of it; a text in UTF-8, where it can be: where not, the reader says why. Raises InputError where it cannot be read."""
        if self._raw is None:
            self._raw = _utf8(self._read(-1))
        return self._raw

    @property
    def is_json(self) -> bool:
        """Whether it begins like JSON."""
        return _LOOKS_LIKE_JSON.search(self.raw[:_HEAD]) is not None

    def _read(self, size: int) -> bytes:
        assert self.path is not None
        try:
            with self.path.open("rb", buffering=0) as file:  # a buffer would be one more copy of a large file
                return file.read(size) if size >= 0 else read_whole(file, os.fstat(file.fileno()).st_size, self.limit)
        except TooLarge as error:
            raise InputError(self.name, str(error)) from None
        except OSError as error:
            raise InputError(self.name, f"cannot be read: {error.strerror or error}") from None


def _utf8(raw: bytes) -> bytes:
    try:
        return text.to_utf8(raw, "")
    except InputError:
        return raw


class Object(msgspec.Struct, gc=False):
    """An object within JSON to recognise."""

    element: Element
    members: Members
    file: str  # its name
    collection: str | None = None  # the kind that the collection is named after in which it is


class Format:
    """What all formats have in common.

    `markers` are patterns of names in quotes: a file of JSON in a folder is read if it has one of any format's. A format of whole
    files has none where `recognises` itself tells. `path` tells files of JSON by where they are in a folder, whatever they hold.
    """

    name: str  # as people call it
    about: str = ""  # for people: what it is, and what makes it
    told_by: str = ""  # for people: how a file or an object of it is recognised
    holds: tuple[str, ...] = ()  # for people: collections of which it can hold objects
    markers: tuple[bytes, ...] = ()
    path: re.Pattern[str] | None = None
    cannot_carry: frozenset[str] = frozenset()  # properties in Microsoft Graph's shape that no file of this format can hold
    shows_in_part: Mapping[str, str] = {}  # lists of which a file has only the entries that its tool made, and the reason that it gives


class ObjectFormat(Format):
    """A format of objects within JSON."""

    collection = ""  # the kind of which it reads, in a collection named after it, also what no format recognises
    is_directory = False  # an object of Entra ID's own: others that $expand brought may be within it
    any_casing = False  # its names are in another casing than Microsoft Graph's

    def recognises(self, seen: Object) -> str | None:
        """The kind of an object by its content; None where it is not of this format."""
        raise NotImplementedError

    def fits(self, kind: str, seen: Object, *, one: bool) -> str | None:
        """The kind of an object in a collection that is named after `kind`; `one`: the name promises one object."""
        return self.recognises(seen) if kind == "connector" else None

    def is_certain(self, seen: Object) -> bool:
        """Whether an object says by itself that it is of this format, wherever it is."""
        return False

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece | Remark | Extent]:
        raise NotImplementedError


class FileFormat(Format):
    """A format of whole files that are not JSON, or that only the file's name tells."""

    on_disk = False  # read from its file as it goes; it cannot come through a pipe
    counts = True  # as a file that was read; an archive does not: the files in it do
    holds_nothing = (  # of a file that the user named: what is wrong, and what helps
        "holds no app registration, service principal or grant that regaudit knows",
        "export one with `az ad app show --id APP_ID`, or download the manifest in the portal",
    )

    def recognises(self, file: Whole) -> bool:
        raise NotImplementedError

    def is_certain(self, file: Whole) -> bool:
        """Whether what is wrong with a file in a folder is worth an error, also where nothing in it was understood."""
        return True

    def pieces(self, file: Whole) -> Iterator[Part]:
        raise NotImplementedError


# An InputError is about what cannot be read; a Note is a remark; a Whole is a file within the file; a Listing says how much of a
# collection its pieces are.
Part: TypeAlias = Piece | Tenant | Whole | InputError | Note | Listing
