"""Pieces of a file -> documents in Microsoft Graph's shape. What does not fit is an error at its place, and the rest is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor import pointer, schemas
from auditor.display import clean
from auditor.errors import InputError
from auditor.sources import marks, spelling, twice
from auditor.sources.document import Document, Documents, File, Note
from auditor.sources.element import UNREADABLE
from auditor.sources.formats import graph
from auditor.sources.formats.base import Converted, Format, ObjectFormat, Piece
from auditor.sources.places import Places, reason

_MISPLACED = "this is an app registration in a place of another kind ({}): what only registrations have is not read"


class Maker:
    """Makes documents of one file's pieces."""

    def __init__(self, file: File, places: Places, into: Documents) -> None:
        self.file, self.into = file, into
        self.deleted = 0  # objects that are in the recycle bin
        self._places = places
        self._told = set[str]()  # remarks about the whole file
        self._is_cased = False  # an object with names in another casing was told

    def take(self, piece: Piece, form: Format) -> bool:
        """Whether it may hold others, as members that no object of its kind has."""
        element = piece.element
        line, column = piece.start or self._places.of(element.start)
        document = Document(
            piece.kind, self.file, element.pointer, element.start, element.end, line, column, None, piece.parent,
            format=form, places=piece.places, identity=piece.identity,
        )  # fmt: skip
        template = (
            piece.may_be_template
            and self.file.raw is not None
            and graph.PLACEHOLDERS.search(element.view()) is not None
            and graph.is_template(element.value())
        )
        if template:
            self.into.notes.append(Note("template: values such as ${{...}} are treated as unknown", self.file.name, line, column))
        data = None
        as_it_is = piece.convert is None and piece.converted is None
        if as_it_is and not template:
            try:
                data = graph.decode[piece.kind](element.view())
            except UNREADABLE:
                pass  # `_slowly` says what is wrong
        is_to_visit = False
        if data is not None and spelling.is_plain(piece.kind, element):
            document.data = data
        else:
            named = as_it_is or (isinstance(form, ObjectFormat) and form.is_directory)
            is_to_visit = self._slowly(document, piece, data, template=template, named=named)
        if document.data is None:
            return is_to_visit
        if piece.why:
            graph.explain(document.data, piece.why)
        if isinstance(deleted := getattr(document.data, "deleted_date_time", None), str):
            self._deleted(document, deleted)
            return is_to_visit
        self.into.add(document)
        return is_to_visit

    def _deleted(self, document: Document, since: str) -> None:
        self.deleted += 1
        name = clean(document.data.display_name, 100) if isinstance(document.data.display_name, str) else document.pointer or "the object"
        message = f"{name!r} was deleted on {clean(since[:10])} and is in the recycle bin: it is not checked"
        self.into.notes.append(Note(message, self.file.name, document.line, document.column))

    def _slowly(self, document: Document, piece: Piece, data: Any, *, template: bool, named: bool) -> bool:
        """By way of Python values: other formats, objects that do not fit the shape at once, or have members that Microsoft Graph has not.

        `data` is what fitted. `named`: the names in it are those of Entra ID's objects.
        """
        is_to_visit = False
        odd: list[tuple[str, str]] = []
        unknown: dict[str, str] = {}
        more: dict[str, str] = {}
        twins: list[spelling.Twin] = []
        try:
            converted = piece.converted
            value = None
            if named:
                seen = self._examined(document, piece, twice.decoded(piece.element))
                value, is_to_visit, twins = seen.value, seen.is_to_visit, seen.twice
                if data is not None and document.origins:
                    data = graph.fitting(document.kind, value)
            elif converted is None:
                value = twice.decoded(piece.element)
                if document.kind == "connector" and marks.bears(value):
                    self._wrong(document, [("", _MISPLACED.format(document.kind))])
            if template:
                value = graph.without_placeholders(value)
            if piece.convert is not None:
                converted = piece.convert(value)
                if not named and next(twice.places(value), None) is not None:
                    self._open(piece.convert(twice.with_others(value)), converted)
            if converted is not None:
                names = document.origins or {}
                document.origins = {place: pointer.mapped(own, names) for place, own in converted.origins.items()}
                value, unknown, more = converted.value, converted.unknown, converted.more
                self._wrong(document, converted.wrong)
                for place, message in converted.notes:
                    self._note(document, place, message)
                for place, message in converted.once:
                    if message not in self._told:
                        self._told.add(message)
                        self._note(document, pointer.mapped(place, names), message)
            document.data = graph.convert(document.kind, value, odd, unknown, more) if data is None else data
        except graph.Wrong as wrong:
            document.data = wrong.data
            self._wrong(document, wrong.places, "" if wrong.data is not None else "; the object is not audited")
        except (*UNREADABLE, AttributeError, TypeError) as error:
            document.data = data
            self.into.errors.append(
                self._places.error(piece.element, f"the object cannot be read: {reason(error, piece.element.view())}", error)
            )
        if twins:
            self._forget(document, twins, converted)
        for place, message in odd:
            where, line, column = document.place(place)
            self.into.notes.append(Note(f"{where}: {message}", self.file.name, line or 0, column or 0))
        return is_to_visit

    def _wrong(self, document: Document, places: list[tuple[str, str]], then: str = "") -> None:
        for place, message in places:
            where, line, column = document.place(place)
            self.into.errors.append(InputError(self.file.name, f"{where or '/'}: {message}{then}", line or 0, column or 0))

    def _forget(self, document: Document, twins: list[spelling.Twin], converted: Converted | None) -> None:
        """Which of two values a property has, nobody can say: it is unknown."""
        became = None if converted is None else _became(converted.origins)
        for twin in twins:
            # In a format's own shape: what became of the place, or of the whole property that it is in.
            paths = [twin.meant] if became is None else became.get(pointer.join(*twin.meant)) or became.get(pointer.join(twin.meant[0]), [])
            is_read = [graph.forget(document.data, path, "it is in the object twice, with different values") for path in paths]
            spelt = twice.spelt(twin.other)
            if any(is_read):
                self._wrong(document, [(twin.pointer, twice.UNKNOWN + spelt)])
            else:
                message = f"{clean(pointer.split(twin.pointer)[-1], 80)!r} is here twice with different values{spelt}; no rule reads it"
                self._note(document, twin.pointer, message)

    @staticmethod
    def _open(other: Converted, converted: Converted) -> None:
        """What is read differently where a name is in the object twice is unknown."""
        for path in list(twice.differing(converted.value, other.value)):
            place = pointer.join(*path)
            converted.origins.setdefault(place, pointer.mapped(place, {**other.origins, **converted.origins}))
            converted.wrong.append((place, twice.UNKNOWN))
            held = converted.value
            for part in path[:-1]:
                held = held[part]
            held.pop(path[-1], None)

    def _examined(self, document: Document, piece: Piece, value: Any) -> spelling.Look:
        """What decoding skips: properties in another casing are read after all, registrations within the object are errors."""
        seen = spelling.look(piece.kind, value, is_legacy=piece.convert is not None)
        self._wrong(
            document, [(place, "an app registration or service principal within another object is not read") for place in seen.strays]
        )
        self._wrong(
            document, [(pointer.join(name), "a property of the old manifest is not read beside Microsoft Graph's") for name in seen.old]
        )
        for name, today in seen.ignored:
            self._note(
                document,
                pointer.join(name),
                f"{clean(name, 80)} is a property of the old manifest, which Entra ID ignores in this one: its name is {today}",
            )
        if seen.is_registration:
            self._wrong(document, [("", _MISPLACED.format(document.kind))])
        any_casing = isinstance(document.format, ObjectFormat) and document.format.any_casing
        if seen.origins and not self._is_cased and not any_casing:
            self._is_cased = True
            names = sorted({pointer.split(place)[-1] for place in seen.origins.values()})
            listed = ", ".join(map(repr, names[:3])) + (" and more" if len(names) > 3 else "")
            self._note(document, "", f"property names in another casing are read: {clean(listed)}")
        document.origins = seen.origins or None
        if self.file.raw is not None and piece.convert is None:
            for path, name, meant in schemas.misspelt(document.kind, seen.value):
                self._note(document, pointer.join(*path), f"unknown property {name!r}; did you mean {meant!r}?")
        return seen

    def _note(self, document: Document, place: str, message: str) -> None:
        _, line, column = document.place(place)
        self.into.notes.append(Note(message, self.file.name, line or 0, column or 0))


def _became(origins: Mapping[str, str]) -> dict[str, list[Sequence[str | int]]]:
    """Place in a format's own shape -> what became of it; of a whole property, all that became of what is in it."""
    found: dict[str, list[Sequence[str | int]]] = {}
    for place, own in origins.items():
        for one in {own, "/" + own.split("/")[1]} if own else ():
            found.setdefault(one, []).append(pointer.split(place))
    return found
