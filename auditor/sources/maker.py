"""Pieces of a file -> documents in Microsoft Graph's shape. What does not fit is an error at its place, and the rest is kept."""

from __future__ import annotations

from typing import Any

from auditor import pointer, schemas
from auditor.display import clean
from auditor.errors import InputError
from auditor.sources import spelling
from auditor.sources.document import Document, Documents, File, Note
from auditor.sources.element import UNREADABLE, Element
from auditor.sources.formats import graph
from auditor.sources.formats.base import Format, Piece
from auditor.sources.places import Places, reason


class Maker:
    """Makes documents of one file's pieces."""

    def __init__(self, file: File, places: Places, into: Documents) -> None:
        self.file, self.into = file, into
        self.deleted = 0  # objects that are in the recycle bin
        self._places = places
        self._is_odd: bool | None = None  # the file may hold property names in another casing

    def take(self, piece: Piece, form: Format) -> None:
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
            self.into.notes.append(Note("a template: what its placeholders stand for is not known", self.file.name, line, column))
        is_plain = piece.convert is None and piece.converted is None
        if is_plain and not template:
            try:
                document.data = graph.decode[piece.kind](element.view())
            except UNREADABLE:
                self._slowly(document, piece)
        else:
            self._slowly(document, piece, template=template)
        value = self._decoded(element) if is_plain and self._is_to_examine(element) else None
        if value is not None and not template:
            value = self._examined(document, piece, value)
        if document.data is None:
            return
        if piece.why:
            graph.explain(document.data, piece.why)
        if (deleted := getattr(document.data, "deleted_date_time", None)) is not None:
            self._deleted(document, deleted)
            return
        if value is not None and self.file.raw is not None:
            self._spelling(document, value)
        self.into.add(document)

    def _is_to_examine(self, element: Element) -> bool:
        """A small file's objects are walked; of a large one those in which something may be odd."""
        if self._is_odd is None:
            self._is_odd = self.file.raw is not None or spelling.may_be_odd(element.raw)
        return self._is_odd or spelling.may_hold_others(element)

    @staticmethod
    def _decoded(element: Element) -> Any:
        """An object's value; None where it cannot be decoded, which has been said."""
        try:
            return element.value()
        except UNREADABLE:
            return None

    def _examined(self, document: Document, piece: Piece, value: Any) -> Any:
        """What decoding skipped: properties in another casing are read after all, registrations within the object are errors.

        Returns the value with Microsoft Graph's names.
        """
        seen = spelling.examined(piece.kind, value)
        self._wrong(document, [(place, f"it is here twice, also as {name!r}: only that is read") for place, name in seen.twice])
        self._wrong(
            document, [(place, "an app registration or service principal within another object is not read") for place in seen.strays]
        )
        if not seen.origins:
            return seen.value
        names = sorted({place.rpartition("/")[2] for place in seen.origins.values()})
        _, line, column = document.place("")
        listed = ", ".join(map(repr, names[:3])) + (" and more" if len(names) > 3 else "")
        self.into.notes.append(Note(f"property names in another casing are read: {clean(listed)}", self.file.name, line or 0, column or 0))
        document.origins = seen.origins
        self._slowly(document, piece, respelt=seen.value)
        return seen.value

    def _deleted(self, document: Document, since: str) -> None:
        self.deleted += 1
        name = clean(document.data.display_name, 100) if isinstance(document.data.display_name, str) else document.pointer or "the object"
        message = f"{name!r} was deleted on {clean(since[:10])} and is in the recycle bin: it is not judged"
        self.into.notes.append(Note(message, self.file.name, document.line, document.column))

    def _slowly(self, document: Document, piece: Piece, *, template: bool = False, respelt: Any = None) -> None:
        """By way of Python values: other formats, and objects that do not fit the shape at once."""
        odd: list[tuple[str, str]] = []
        unknown: dict[str, str] = {}
        try:
            converted = piece.converted
            value = respelt if respelt is not None else piece.element.value() if converted is None else None
            if template:
                value = graph.without_placeholders(value)
            if piece.convert is not None:
                converted = piece.convert(value)
            if converted is not None:
                value, document.origins, unknown = converted.value, converted.origins, converted.unknown
                self._wrong(document, converted.wrong)
                for place, message in converted.notes:
                    _, line, column = document.place(place)
                    self.into.notes.append(Note(message, self.file.name, line or 0, column or 0))
            document.data = graph.convert(document.kind, value, odd, unknown)
        except graph.Wrong as wrong:
            document.data = wrong.data
            self._wrong(document, wrong.places, "" if wrong.data is not None else "; the object is not audited")
        except (*UNREADABLE, AttributeError, TypeError) as error:
            self.into.errors.append(self._places.error(piece.element, f"the object cannot be read: {reason(error)}", error))
        for place, message in odd:
            where, line, column = document.place(place)
            self.into.notes.append(Note(f"{where}: {message}", self.file.name, line or 0, column or 0))

    def _wrong(self, document: Document, places: list[tuple[str, str]], then: str = "") -> None:
        for place, message in places:
            where, line, column = document.place(place)
            self.into.errors.append(InputError(self.file.name, f"{where or '/'}: {message}{then}", line or 0, column or 0))

    def _spelling(self, document: Document, value: Any) -> None:
        for path, name, meant in schemas.misspelt(document.kind, value):
            _, line, column = document.place(pointer.join(*path))
            self.into.notes.append(Note(f"unknown property {name!r}; did you mean {meant!r}?", self.file.name, line or 0, column or 0))
