"""The JSON values of one file -> documents in Microsoft Graph's shape."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from auditor import pointer, schemas
from auditor.display import redacted
from auditor.errors import InputError
from auditor.sources import detect, text
from auditor.sources.detect import AAD_GRAPH, COLLECTIONS, CONNECTOR, GRAPH, OWN_NAMES, PIECES, PORTAL
from auditor.sources.document import EXACT_UP_TO, Document, Documents, File, Listing, Note
from auditor.sources.element import Element
from auditor.sources.formats import Converted, graph, legacy

MAX_DEPTH = 6  # wrappers within wrappers: pages in a batch response in a list


def read(raw: bytes, name: str, scope: str, into: Documents) -> int:
    """Read one file's bytes into `into`. Returns the number of objects. Raises InputError when the text cannot be read at all."""
    raw = text.to_utf8(raw, name)
    notes: list[Note] = []
    cleaned, roots = text.roots(raw, name, notes)
    small = len(cleaned) <= EXACT_UP_TO
    file = File(name, scope, len(raw), cleaned if small else None)
    reader = _Reader(file, cleaned, into)
    for root in roots:
        try:
            reader.value(root, 0)
        except (msgspec.DecodeError, RecursionError) as error:
            into.errors.append(reader.error(root, f"not JSON: {_reason(error)}", error))
    if reader.objects:
        into.notes += notes
        if not small:
            into.inexact.append(name)
    return reader.objects


class _Reader:
    def __init__(self, file: File, raw: bytes, into: Documents) -> None:
        self.file, self.raw, self.into = file, raw, into
        self.objects = 0
        self.lists: Counter[str] = Counter()
        self._line, self._column, self._at = 1, 1, 0
        self._plain = b"\n" not in raw and file.raw is None

    # -- structure

    def value(self, element: Element, depth: int) -> None:
        if depth > MAX_DEPTH:
            if detect.MARKERS.search(element.view()):
                self.into.errors.append(self.error(element, "nested too deeply to be looked at"))
                self.objects += 1
            return
        if element.is_array:
            kinds: Counter[str] = Counter()
            strangers, errors = [], len(self.into.errors)
            for item in element.items():
                before = self.objects
                if item.is_array:
                    self.value(item, depth + 1)
                kind = self._object(item, depth) if item.is_object else None
                if kind:
                    kinds[kind] += 1
                elif self.objects == before:
                    strangers.append(item)
            self._strangers(strangers, kinds)
            self._listed(kinds, ended=len(self.into.errors) == errors)
        elif element.is_object:
            self._object(element, depth)

    def _object(self, element: Element, depth: int) -> str | None:
        """Reads an object; returns its kind if it is one of Entra ID's."""
        members = element.members()
        if "schema_version" in members and "tool" in members:
            return None  # a report of our own
        wraps = "value" in members and "appId" not in members
        if wraps and members["value"].is_array:
            self._page(members)
        elif wraps and members["value"].is_object:
            self.value(members["value"], depth + 1)
        elif wraps and "id" not in members and detect.context(_text(members.get("@odata.context"))).kind:
            self.into.errors.append(self.error(members["value"], "a page's value is a list, or an object"))
            self.objects += 1
        elif "responses" in members and members["responses"].is_array:
            self._batch(members["responses"], depth)
        elif (error := members.get("error")) and error.is_object and "code" in (inner := error.members()):
            said = [inner[key].value() for key in ("code", "message") if key in inner]
            self.into.errors.append(self.error(element, f"an error was saved instead of data: {redacted(': '.join(map(str, said)))}"))
            self.objects += 1
        elif (found := detect.classify(members)) is not None:
            kind, form = found
            if form in PIECES:
                self._pieces(element, form)
            else:
                self._document(element, kind, form, context=detect.context(_text(members.get("@odata.context"))))
            return kind
        elif self._holds_collections(members):
            for name, member in members.items():
                if name in COLLECTIONS and (member.is_array or member.is_object):
                    self._collection(COLLECTIONS[name], name, member)
        return None

    @staticmethod
    def _holds_collections(members: dict[str, Element]) -> bool:
        named = [m for name, m in members.items() if name in COLLECTIONS and (m.is_array or m.is_object)]
        return bool(named) and any(members.get(name) in named for name in OWN_NAMES)

    def _collection(self, kind: str, name: str, member: Element) -> None:
        items = member.items() if member.is_array else [member]
        objects, errors = [item for item in items if item.is_object], len(self.into.errors)
        for item in objects:
            if kind == "connector":
                found = detect.classify(item.members())
                self._pieces(item, found[1] if found is not None and found[1] in PIECES else CONNECTOR)
            else:
                self._document(item, kind, GRAPH, parent=_text(item.members().get("of")).lower() if kind in _CHILDREN else "")
        if member.is_array:
            self._strangers([item for item in items if not item.is_object], Counter({kind: 1}))
            self._listed(Counter({kind: len(objects)}), ended=len(self.into.errors) == errors, relation=name)

    def _page(self, members: dict[str, Element]) -> None:
        context = detect.context(_text(members.get("@odata.context")))
        next_link = any(name in members for name in ("@odata.nextLink", "odata.nextLink"))
        total = members["@odata.count"].value() if "@odata.count" in members else None
        items = members["value"].items()
        kinds: Counter[str] = Counter()
        strangers, errors = [], len(self.into.errors)
        for item in items:
            if not item.is_object:
                strangers.append(item)
                continue
            kind: str | None = context.kind
            if kind is None:
                found = detect.classify(item.members())
                if found is None:
                    strangers.append(item)
                    continue
                kind = found[0]
                self._document(item, *found, context=context)
            else:
                self._document(item, kind, GRAPH, context=context)
            kinds[kind] += 1
        if not items and context.kind:
            kinds[context.kind] = 0
        self._strangers(strangers, kinds)
        ended = not next_link and len(self.into.errors) == errors
        self._listed(kinds, ended=ended, total=total if isinstance(total, int) else None, parent=context.parent, relation=context.relation)
        if next_link and kinds:
            self.into.notes.append(Note("the export is incomplete: the page names a next page (@odata.nextLink)", self.file.name))

    def _batch(self, responses: Element, depth: int) -> None:
        for response in responses.items():
            members = response.members() if response.is_object else {}
            errors = len(self.into.errors)
            if (body := members.get("body")) is not None:
                self.value(body, depth + 1)
            status = members["status"].value() if "status" in members else 200
            if str(status) >= "400" and len(self.into.errors) == errors:
                self.into.errors.append(self.error(response, f"the service answered {status!r:.20}: what was asked for is not here"))
                self.objects += 1

    def _strangers(self, strangers: list[Element], kinds: Counter[str]) -> None:
        """Errors for the elements of a list of ours that are not known: nobody looks at them. A list with errors is not complete."""
        unknown = 0
        for element in strangers if kinds else ():
            members = element.members() if element.is_object else {}
            if "@odata.type" in members or "@removed" in members:
                continue  # a user among the owners, say
            unknown += 1
            if unknown <= _MOST_STRANGERS:
                if "error" in members:
                    what = "an error was saved instead of data"
                elif members:
                    what = "nothing says what this object is; export it with its appId and displayName"
                else:
                    what = "an object is needed here"
                self.into.errors.append(self.error(element, f"{element.pointer}: {what}"))

    def _listed(self, kinds: Counter[str], *, ended: bool, total: int | None = None, parent: str = "", relation: str = "") -> None:
        for kind, count in kinds.items():
            self.into.listings.append(Listing(self.file.scope, kind, count, ended, total, parent, relation))
            if not kinds[kind]:
                self.objects += 1  # an empty page was understood
            if count == 100 and ended and not relation and total is None:
                self.into.notes.append(
                    Note(f"exactly 100 {kind}s: `az ad app list` and `az ad sp list` stop there without --all", self.file.name)
                )

    # -- documents

    def _pieces(self, element: Element, form: str) -> None:
        for piece in PIECES[form](element, self.file.name):
            self._document(piece.element, piece.kind, form, convert=piece.convert, parent=piece.parent)

    def _document(
        self,
        element: Element,
        kind: str,
        form: str,
        *,
        convert: Callable[[Any], Converted] | None = None,
        context: detect.Context | None = None,
        parent: str = "",
    ) -> None:
        self.objects += 1
        line, column = self._place_of(element.start)
        document = Document(kind, self.file, element.pointer, element.start, element.end, line, column, None, format=form)
        document.parent = parent or (context.parent if context else "")
        # Of a connector each placeholder is looked at by itself: one in its icon's colour means nothing.
        template = convert is None and self.file.raw is not None and graph.PLACEHOLDERS.search(element.view()) is not None
        if template:
            self.into.notes.append(Note("a template: what its placeholders stand for is not known", self.file.name, line, column))
        if form == GRAPH and not template:
            try:
                document.data = graph.decode[kind](element.view())
            except (msgspec.DecodeError, RecursionError):
                self._slowly(document, element, None)
        else:
            if form in (PORTAL, AAD_GRAPH):
                principal = document.kind == "servicePrincipal"
                convert = legacy.service_principal if principal else partial(legacy.application, portal=form == PORTAL)
            self._slowly(document, element, convert, template=template)
        if document.data is not None:
            if self.file.raw is not None and form == GRAPH:
                self._spelling(document, element)
            self.into.add(document)

    def _slowly(self, document: Document, element: Element, convert: Callable[[Any], Converted] | None, *, template: bool = False) -> None:
        """By way of Python values: other formats, and objects that do not fit the shape at once."""
        try:
            value = element.value()
            if template:
                value = graph.without_placeholders(value)
            if convert is not None:
                converted = convert(value)
                value, document.origins = converted.value, converted.origins
                self._wrong(document, converted.wrong)
                for place, message in converted.notes:
                    _, line, column = document.place(place)
                    self.into.notes.append(Note(message, self.file.name, line or 0, column or 0))
            document.data = graph.convert(document.kind, value)
        except graph.Wrong as wrong:
            document.data = wrong.data
            self._wrong(document, wrong.places, "" if wrong.data is not None else "; the object is not audited")
        except (msgspec.DecodeError, RecursionError, AttributeError, TypeError) as error:
            self.into.errors.append(self.error(element, f"the object cannot be read: {_reason(error)}"))

    def _wrong(self, document: Document, places: list[tuple[str, str]], then: str = "") -> None:
        for place, message in places:
            where, line, column = document.place(place)
            self.into.errors.append(InputError(self.file.name, f"{where or '/'}: {message}{then}", line or 0, column or 0))

    def _spelling(self, document: Document, element: Element) -> None:
        try:
            value = element.value()
        except (msgspec.DecodeError, RecursionError):
            return
        for path, name, meant in schemas.misspelt(document.kind, value):
            _, line, column = document.place(pointer.join(*path))
            self.into.notes.append(Note(f"unknown property {name!r}; did you mean {meant!r}?", self.file.name, line or 0, column or 0))

    # -- places

    def _place_of(self, offset: int) -> tuple[int, int]:
        """Line and column of a byte; offsets are asked for in rising order. Of a large file the column is 0."""
        if self._plain:
            return 1, 0
        if offset < self._at:
            self._line, self._column, self._at = 1, 1, 0
        newline = self.raw.rfind(b"\n", self._at, offset)
        if newline >= 0:
            self._line += self.raw.count(b"\n", self._at, offset)
            self._column, self._at = 1, newline + 1
        if self.file.raw is None:
            self._at = offset
            return self._line, 0
        self._column += len(self.raw[self._at : offset].decode("utf-8", "replace"))
        self._at = offset
        return self._line, self._column

    def error(self, element: Element, message: str, reason: Exception | None = None) -> InputError:
        """An error at an element, or at the byte within it that the decoder complains of."""
        inside = re.search(r"\(byte (\d+)\)", str(reason)) if reason else None
        at = element.start + (int(inside[1]) if inside else 0)
        line, column = self._place_of(at)
        return InputError(self.file.name, message, line, column or at - self.raw.rfind(b"\n", 0, at))


_MOST_STRANGERS = 20  # errors
_CHILDREN = ("owner", "federatedIdentityCredential")


def _text(element: Element | None) -> str:
    value: Any = element.value() if element is not None else ""
    return value if isinstance(value, str) else ""


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return re.sub(r" \(byte \d+\)$", "", str(error).removeprefix("JSON is malformed: "))[:200]
