"""The JSON values of one file -> documents in Microsoft Graph's shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from auditor import pointer, schemas
from auditor.display import clean
from auditor.entra.collections import APPLICATIONS, SERVICE_PRINCIPALS, TENANT
from auditor.errors import InputError
from auditor.facts import kinds
from auditor.sources import detect, foreign, marks, text
from auditor.sources.detect import AAD_GRAPH, COLLECTIONS, CONNECTOR, GRAPH, OWN_NAMES, PIECES, PORTAL
from auditor.sources.document import EXACT_UP_TO, Document, Documents, File, Listing, Note
from auditor.sources.element import UNREADABLE, Element
from auditor.sources.formats import Converted, graph, legacy
from auditor.sources.places import Places, reason

MAX_DEPTH = 6  # wrappers within wrappers: pages in a batch response in a list


@dataclass(slots=True)
class Reading:
    """What came of a file: how many objects were understood, and why there are none."""

    objects: int = 0
    empty: int = 0  # lists and pages without elements
    deleted: int = 0
    remarks: list[Note] = field(default_factory=list)  # on what is not read, and need not be


def read(raw: bytes, name: str, scope: str, into: Documents) -> Reading:
    """Read one file's bytes into `into`. Raises InputError when the text cannot be read at all."""
    raw = text.to_utf8(raw, name)
    notes: list[Note] = []
    cleaned, roots = text.roots(raw, name, notes)
    small = len(cleaned) <= EXACT_UP_TO
    file = File(name, scope, len(raw), cleaned if small else None)
    reader = _Reader(file, cleaned, into)
    if len(roots) == 1:
        reader.value(roots[0], 0)
    else:
        reader.items(roots, 0)
    reading = reader.reading
    if reading.objects:
        into.notes += notes
        if not small:
            into.inexact.append(name)
    return reading


class _Reader:
    """Visits every value of a file. Each is read, or looked into, or it is said why not: nothing that bears our marks is dropped.

    `ours`: what stands around a value says that it is one of Entra ID's. Within something unknown an object has to say so by itself.
    """

    def __init__(self, file: File, raw: bytes, into: Documents) -> None:
        self.file, self.into = file, into
        self.reading = Reading()
        self._complaints: Counter[str] = Counter()
        self._places = Places(file, raw)

    @property
    def _progress(self) -> tuple[int, int, int]:
        """Stays the same where nothing was understood."""
        return self.reading.objects, self.reading.empty, len(self.into.errors)

    # -- structure

    def value(self, element: Element, depth: int, *, ours: bool = True) -> None:
        try:
            if depth > MAX_DEPTH:
                if detect.MARKERS.search(element.view()) and marks.bears(element.value()):
                    self._complain(element, "nested too deeply to be looked at")
            elif element.is_array:
                kinds, ended = self.items(element.items(), depth, ours=ours)
                self._listed(kinds, ended=ended and ours)
            elif element.is_object:
                self._object(element, depth, ours=ours)
            elif element.is_text and detect.MARKERS.search(element.view()) and marks.bears(element.value()):
                self._complain(element, "JSON within a text is not read: save it as JSON")
        except UNREADABLE as error:
            self._unreadable(element, error)

    def items(
        self, items: list[Element], depth: int, *, ours: bool = True, kind: str | None = None, one: bool = False
    ) -> tuple[Counter[str], bool]:
        """Of a list: how many of each kind, and whether all of them are known. `kind` is what the list's name says that they are."""
        kinds: Counter[str] = Counter()
        strangers = []
        before, errors = self.reading.objects, len(self.into.errors)
        for item in items:
            known = self._progress
            found = None
            if item.is_object:
                try:
                    found = self._object(item, depth, ours=ours, kind=kind, one=one)
                except UNREADABLE as error:
                    self._unreadable(item, error)
            else:
                self.value(item, depth + 1, ours=ours)
            if found:
                kinds[found] += 1
            elif self._progress == known:
                strangers.append(item)
        if not items and ours:
            self.reading.empty += 1
        if ours and kinds.keys() == {"application"}:
            strangers = [item for item in strangers if not self._is_slim(item, kinds)]
        if ours and self.reading.objects > before:
            self._strangers(strangers)
        return kinds, len(self.into.errors) == errors

    def _is_slim(self, item: Element, kinds: Counter[str]) -> bool:
        """Reads what is a registration only because it stands in a list of them: its appId and displayName, say, and no more."""
        members = item.members() if item.is_object else {}
        if "appId" not in members or detect.fits("application", members, one=False) is None:
            return False
        self._document(item, "application", GRAPH)
        kinds["application"] += 1
        return True

    def _object(self, element: Element, depth: int, *, ours: bool, kind: str | None = None, one: bool = False) -> str | None:
        """Reads an object; returns its kind if it is one of Entra ID's. `kind`: what the collection that it stands in is named after."""
        members = element.members()
        if "schema_version" in members and "tool" in members:
            return None  # a report of our own
        wraps = "value" in members and "appId" not in members
        if not wraps:
            found = self._classified(members, kind, ours=ours, one=one)
            if found is not None:
                self._read(element, members, *found, kind)
                return found[0]
        self._wrapper(element, members, depth, ours=ours, kind=kind)
        return None

    @staticmethod
    def _classified(members: dict[str, Element], kind: str | None, *, ours: bool, one: bool) -> tuple[str, str] | None:
        if kind == "connector":
            found = detect.classify(members)
            return found if found is not None and found[1] in PIECES else (kind, CONNECTOR)
        if kind is not None:
            form = detect.fits(kind, members, one=one)
            return None if form is None else (kind, form)
        found = detect.classify(members)
        return found if found is None or ours or (found[1] not in PIECES and detect.is_certain(members)) else None

    def _read(self, element: Element, members: dict[str, Element], kind: str, form: str, named: str | None) -> None:
        if form in PIECES:
            self._pieces(element, form)
            return
        parent = _text(members.get("of")).lower() if named in _CHILDREN else ""
        context = detect.context(_text(members.get("@odata.context")))
        self._document(element, kind, form, context=context, parent=parent)
        self._expanded(kind, members)

    def _expanded(self, kind: str, members: dict[str, Element]) -> None:
        """What stands within a registration or principal and is no property of it: what $expand brought, or what somebody put there."""
        if kind not in ("application", "servicePrincipal"):
            return
        for name in members.keys() - _PROPERTIES[kind]:
            member = members[name]
            if (member.is_array or member.is_object) and detect.MARKERS.search(member.view()):
                self.value(member, 1, ours=False)

    def _wrapper(self, element: Element, members: dict[str, Element], depth: int, *, ours: bool, kind: str | None) -> None:
        """Not one of Entra ID's objects itself: something around such objects, or something else."""
        own = marks.of(members)
        if self._saved_error(element, members):
            return
        alien = foreign.of_object(members, element.view()) if ours or len(own) >= marks.ENOUGH else None
        if alien is not None:
            self._alien(element, alien, own)
            return
        if len(own) >= marks.ENOUGH:
            self._complain(element, f"{_WHAT_IS_IT} ({', '.join(own[:3])})")
            return
        holds = any(name in members and not members[name].is_null for name in ("value", "responses")) or self._holds_collections(members)
        is_map = kind is not None and not holds and all(member.is_object for member in members.values())
        for name, member in members.items():
            if name == "value" and (member.is_array or member.is_object):
                self._page(members, depth, ours=ours, kind=kind)
            elif name == "value" and detect.context(_text(members.get("@odata.context"))).kind and "id" not in members:
                self._complain(member, "a page's value is a list, or an object")
            elif name == "responses" and ours:
                self._batch(member, depth)
            elif holds and (collection := COLLECTIONS.get(_PROPER.get(name.lower(), ""))) and (member.is_array or member.is_object):
                self._collection(collection, name, member, depth, ours=ours)
            elif is_map:
                self._collection(kind or "", name, member, depth, ours=ours, listed=False)
            elif detect.MARKERS.search(member.view()):
                self.value(member, depth + 1, ours=False)
        if not own or holds:
            return
        _, line, column = "", *self._places.of(element.start)
        self.reading.remarks.append(Note(f"not read: beside {own[0]} it has nothing of an app registration", self.file.name, line, column))

    @staticmethod
    def _holds_collections(members: dict[str, Element]) -> bool:
        return any(_PROPER.get(name.lower()) in OWN_NAMES and (m.is_array or m.is_object) for name, m in members.items())

    def _collection(self, kind: str, name: str, member: Element, depth: int, *, ours: bool, listed: bool = True) -> None:
        """A list of objects of one kind; a page of them, one of them, or a map of them by id."""
        items = member.items() if member.is_array else [member]
        one = member.is_object and COLLECTIONS.get(name) == name  # "application" as Microsoft Graph answers to instantiate
        kinds, ended = self.items(items, depth + 1, ours=ours, kind=kind, one=one)
        if member.is_array and listed and (kinds or not items):
            self._listed(Counter({kind: kinds[kind]}), ended=ended and ours, relation=name)

    def _page(self, members: dict[str, Element], depth: int, *, ours: bool, kind: str | None) -> None:
        member = members["value"]
        if member.is_object:
            self.value(member, depth + 1, ours=ours)
            return
        context = detect.context(_text(members.get("@odata.context")))
        next_link = any(name in members for name in ("@odata.nextLink", "odata.nextLink"))
        total = members["@odata.count"].value() if "@odata.count" in members else None
        items = member.items()
        if context.kind is None:
            kinds, ended = self.items(items, depth, ours=ours, kind=kind)
        else:
            kinds, ended = self._plain_page(items, context, context.kind)
        if not items and (context.kind or kind):
            kinds[context.kind or kind or ""] = 0
        ended = ended and not next_link and ours
        self._listed(kinds, ended=ended, total=total if isinstance(total, int) else None, parent=context.parent, relation=context.relation)
        if next_link and kinds:
            self.into.notes.append(Note("the export is incomplete: the page names a next page (@odata.nextLink)", self.file.name))

    def _plain_page(self, items: list[Element], context: detect.Context, kind: str) -> tuple[Counter[str], bool]:
        """A page of Microsoft Graph says what its elements are: none of them is looked at twice."""
        kinds: Counter[str] = Counter()
        strangers, errors = [], len(self.into.errors)
        for item in items:
            if not item.is_object:
                strangers.append(item)
                continue
            self._document(item, kind, GRAPH, context=context)
            if context.is_expanded:
                self._expanded(kind, item.members())
            kinds[kind] += 1
        self.reading.empty += not items
        self._strangers(strangers)
        return kinds, len(self.into.errors) == errors

    def _batch(self, member: Element, depth: int) -> None:
        """The answers to a batch of requests, each of which has to be there."""
        responses = member.items() if member.is_array else list(member.members().values()) if member.is_object else []
        if not responses:
            self._complain(member, "nothing was read of the responses: a list is needed here")
        for number, response in enumerate(responses):
            members = response.members() if response.is_object else {}
            known = self._progress
            body = members.get("body")
            if body is not None and (body.is_array or body.is_object):
                self.value(body, depth + 1)
            elif "responses" in members:
                self.value(response, depth + 1)
            status = members["status"].value() if "status" in members else 200
            if self._progress != known:
                continue
            if str(status) >= "400":
                self._complain(response, f"the service answered {clean(repr(status), 20)}: what was asked for is not here")
            elif body is None or not (body.is_array or body.is_object) or body.value() == {}:
                name = clean(str(members["id"].value()), 40) if "id" in members else str(number)
                form = "its body is a text: save it as JSON" if body is not None and body.is_text else "it has no body"
                self._complain(response, f"nothing was read of response {name!r}: {form}")

    # -- what is not read

    def _complain(self, element: Element, message: str, *, once: bool = False, hint: str = "") -> None:
        """An error at an object: it counts as understood, so that nobody says that there is none."""
        self.reading.objects += 1
        self._complaints[message] += 1
        if self._complaints[message] <= (1 if once else _MOST_STRANGERS):
            self.into.errors.append(self._places.error(element, message, hint=hint))

    def _unreadable(self, element: Element, error: Exception) -> None:
        self.into.errors.append(self._places.error(element, f"not JSON: {reason(error)}", error))

    def _saved_error(self, element: Element, members: dict[str, Element]) -> bool:
        error = members.get("error")
        inner = error.members() if error is not None and error.is_object else {}
        if "code" not in inner:
            return False
        from auditor.sources.graph.redaction import redacted

        said = [redacted(str(inner[key].value())) for key in ("code", "message") if key in inner]
        refused = said[0] in _REFUSED
        self._complain(element, f"an error was saved instead of data: {': '.join(said)[:300]}", hint=_GRANT if refused else "")
        return True

    def _alien(self, element: Element, alien: foreign.Foreign, own: list[str]) -> None:
        if alien.holds or len(own) >= marks.ENOUGH:
            self._complain(element, alien.sentence, once=True, hint="--exclude leaves it out")
        elif not any(alien.sentence == remark.message for remark in self.reading.remarks):
            line, column = self._places.of(element.start)
            self.reading.remarks.append(Note(alien.sentence, self.file.name, line, column))

    def _strangers(self, strangers: list[Element]) -> None:
        """Errors for the elements of a list of ours that are not known: nobody looks at them. A list with errors is not complete."""
        unknown = 0
        for element in strangers:
            members = element.members() if element.is_object else {}
            if any(name in members for name in ("@odata.type", "@removed", "@odata.context", "schema_version")):
                continue  # a user among the owners, say
            unknown += 1
            if unknown <= _MOST_STRANGERS:
                if "error" in members:
                    what = "an error was saved instead of data"
                else:
                    what = _WHAT_IS_IT if members else "an object is needed here"
                self.into.errors.append(self._places.error(element, f"{element.pointer}: {what}"))

    def _listed(self, kinds: Counter[str], *, ended: bool, total: int | None = None, parent: str = "", relation: str = "") -> None:
        for kind, count in kinds.items():
            self.into.listings.append(Listing(self.file.scope, kind, count, ended, total, parent, relation))
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
        self.reading.objects += 1
        line, column = self._places.of(element.start)
        document = Document(kind, self.file, element.pointer, element.start, element.end, line, column, None, format=form)
        document.parent = parent or (context.parent if context else "")
        # Of a connector each placeholder is looked at by itself: one in its icon's colour means nothing.
        template = (
            convert is None
            and self.file.raw is not None
            and graph.PLACEHOLDERS.search(element.view()) is not None
            and graph.is_template(element.value())
        )
        if template:
            self.into.notes.append(Note("a template: what its placeholders stand for is not known", self.file.name, line, column))
        if form == GRAPH and not template:
            try:
                document.data = graph.decode[kind](element.view())
            except UNREADABLE:
                self._slowly(document, element, None)
        else:
            if form in (PORTAL, AAD_GRAPH):
                principal = document.kind == SERVICE_PRINCIPALS.kind
                convert = legacy.service_principal if principal else partial(legacy.application, portal=form == PORTAL)
            self._slowly(document, element, convert, template=template)
        if document.data is not None:
            if (deleted := getattr(document.data, "deleted_date_time", None)) is not None:
                self._deleted(document, deleted)
                return
            if self.file.raw is not None and form == GRAPH:
                self._spelling(document, element)
            self.into.add(document)

    def _deleted(self, document: Document, since: str) -> None:
        self.reading.deleted += 1
        name = clean(document.data.display_name, 100) if isinstance(document.data.display_name, str) else document.pointer or "the object"
        message = f"{name!r} was deleted on {clean(since[:10])} and is in the recycle bin: it is not judged"
        self.into.notes.append(Note(message, self.file.name, document.line, document.column))

    def _slowly(self, document: Document, element: Element, convert: Callable[[Any], Converted] | None, *, template: bool = False) -> None:
        """By way of Python values: other formats, and objects that do not fit the shape at once."""
        odd: list[tuple[str, str]] = []
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
            document.data = graph.convert(document.kind, value, odd)
        except graph.Wrong as wrong:
            document.data = wrong.data
            self._wrong(document, wrong.places, "" if wrong.data is not None else "; the object is not audited")
        except (*UNREADABLE, AttributeError, TypeError) as error:
            self.into.errors.append(self._places.error(element, f"the object cannot be read: {reason(error)}", error))
        for place, message in odd:
            where, line, column = document.place(place)
            self.into.notes.append(Note(f"{where}: {message}", self.file.name, line or 0, column or 0))

    def _wrong(self, document: Document, places: list[tuple[str, str]], then: str = "") -> None:
        for place, message in places:
            where, line, column = document.place(place)
            self.into.errors.append(InputError(self.file.name, f"{where or '/'}: {message}{then}", line or 0, column or 0))

    def _spelling(self, document: Document, element: Element) -> None:
        try:
            value = element.value()
        except UNREADABLE:
            return
        for path, name, meant in schemas.misspelt(document.kind, value):
            _, line, column = document.place(pointer.join(*path))
            self.into.notes.append(Note(f"unknown property {name!r}; did you mean {meant!r}?", self.file.name, line or 0, column or 0))


_MOST_STRANGERS = 20  # errors
_PROPER = {name.lower(): name for name in COLLECTIONS}
_PROPERTIES = {of.kind: frozenset(kinds.members(of.kind)) for of in (APPLICATIONS, SERVICE_PRINCIPALS)}
_WHAT_IS_IT = "nothing says what this object is, so it is not read: export it with all its properties, or leave the file out with --exclude"
_REFUSED = ("Authorization_RequestDenied", "Forbidden", "AccessDenied", "accessDenied", "UnauthorizedAccessException")
_GRANT = "grant the permission that was refused (`regaudit permissions` lists what is needed) and export again"
_CHILDREN = {collection.kind for collection in TENANT if collection.parent is not None and not collection.is_link}


def _text(element: Element | None) -> str:
    value: Any = element.value() if element is not None else ""
    return value if isinstance(value, str) else ""
