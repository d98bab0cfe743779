"""The JSON values of one file -> documents in Microsoft Graph's shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from auditor import pointer
from auditor.display import clean, redacted
from auditor.entra.collections import APPLICATIONS, IMPORTED_KINDS, SERVICE_PRINCIPALS
from auditor.facts import kinds
from auditor.pattern import late
from auditor.sources import detect, formats, marks, spelling, text, twice
from auditor.sources.detect import COLLECTIONS, OWN_NAMES
from auditor.sources.document import EXACT_UP_TO, Documents, File, Listing, Note
from auditor.sources.element import UNREADABLE, Element, Members
from auditor.sources.formats import may_hold_ours
from auditor.sources.formats.base import Extent, Format, Object, ObjectFormat, Piece
from auditor.sources.maker import Maker
from auditor.sources.places import Places, reason

MAX_DEPTH = 6  # wrappers within wrappers: pages in a batch response in a list


class Reading(msgspec.Struct):
    """What came of a file: how many objects were understood, and why there are none."""

    objects: int = 0
    empty: int = 0  # lists and pages without elements
    deleted: int = 0
    remarks: list[Note] = []  # on what is not read, and need not be


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
    reading.deleted = reader.maker.deleted
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
        self._inside = 0  # objects of ours around what is read
        self._places = Places(file, raw)
        self.maker = Maker(file, self._places, into)

    @property
    def _progress(self) -> tuple[int, int, int]:
        """Stays the same where nothing was understood."""
        return self.reading.objects, self.reading.empty, len(self.into.errors)

    # -- structure

    def value(self, element: Element, depth: int, *, ours: bool = True) -> None:
        try:
            if depth > MAX_DEPTH:
                if may_hold_ours(element.view()) and marks.bears(element.value()):
                    self._complain(element, "nested too deeply to be read")
            elif element.is_array:
                kinds, ended = self.items(element.items(), depth, ours=ours)
                self._listed(kinds, ended=ended and ours)
            elif element.is_object:
                self._object(element, depth, ours=ours)
            elif element.is_text and may_hold_ours(element.view()) and marks.bears(element.value()):
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
            elif found is None and self._progress == known:
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
        if "appId" not in members:
            return False
        seen = Object(item, members, self.file.name, "application")
        found = formats.of_object(seen)
        if found is None:
            return False
        for piece in found[1].pieces(seen, "application"):
            if isinstance(piece, Piece):
                self._take(piece, found[1])
        kinds["application"] += 1
        return True

    def _object(self, element: Element, depth: int, *, ours: bool, kind: str | None = None, one: bool = False) -> str | None:
        """Reads an object; returns its kind if it is one of Entra ID's, "" where a format knows it and it holds nothing of Entra ID's.

        `kind`: what the collection that it stands in is named after.
        """
        members = element.members()
        if members.twins:
            self._twins(members, ours=ours or kind is not None)
        if "schema_version" in members and "tool" in members:
            return None  # a report of our own
        if _is_removed(members):
            self._removed(element)
            return ""
        wraps = "value" in members and "appId" not in members
        if not wraps:
            seen = Object(element, members, self.file.name, kind)
            found = formats.of_object(seen, one=one)
            if found is not None and (ours or kind is not None or found[1].is_certain(seen)):
                if found[0]:
                    self._read(seen, *found)
                return found[0]
        self._wrapper(element, members, depth, ours=ours, kind=kind)
        return None

    def _read(self, seen: Object, kind: str, form: ObjectFormat) -> None:
        is_to_visit = False
        pieces: list[Piece] = []
        for part in form.pieces(seen, kind):
            if isinstance(part, Piece):
                pieces.append(part)
            elif isinstance(part, Extent):
                self._extent(seen.element, part)
            elif part.is_error:
                self._complain(part.element, part.message, hint=part.hint)
            else:
                self.reading.remarks.append(Note(part.message, self.file.name, *self._places.of(part.element.start)))
        if not form.is_directory:
            self._twice_outside(seen, pieces)
        for piece in pieces:
            is_to_visit |= self._take(piece, form)
        if form.is_directory and is_to_visit:
            self._expanded(kind, seen.members)

    def _extent(self, element: Element, extent: Extent) -> None:
        """What an object says of the list in it. An empty one is understood, too."""
        self.into.listings.append(Listing(self.file.scope, extent.kind, extent.number, extent.ended, extent.total))
        self.reading.empty += not extent.number
        if not extent.ended:
            line, column = self._places.of(element.start)
            self.into.notes.append(Note("the export is incomplete: further pages were not saved", self.file.name, line, column))

    def _twice_outside(self, seen: Object, pieces: list[Piece]) -> None:
        """Errors for the lists and objects around the pieces of which one more is there by the same name."""
        within = tuple(piece.element.pointer + "/" for piece in pieces)
        for path, one, other in twice.places(twice.decoded(seen.element)):
            place = seen.element.pointer + pointer.join(*path)
            if not place.startswith(within) and (isinstance(one, (dict, list)) or isinstance(other, (dict, list))):
                self._complain(seen.element, f"{place}: {twice.ERROR}")

    def _twins(self, members: Members, *, ours: bool) -> None:
        """Errors for names that an object has twice with different values, where they say what it is or hold what is ours."""
        for name, twin in members.twins:
            decides = ours and (name in _DECIDING or _PROPER.get(name.lower()) in OWN_NAMES)
            if (decides or may_hold_ours(twin.view())) and twin.value() != members[name].value():
                self._complain(twin, f"{twin.pointer}: {twice.ERROR}")

    def _take(self, piece: Piece, form: Format) -> bool:
        """Whether it may hold others, that are to be visited."""
        self.reading.objects += 1
        return self.maker.take(piece, form)

    def _expanded(self, kind: str, members: Mapping[str, Element]) -> None:
        """What stands within a registration or principal and is no property of it: what $expand brought, or what somebody put there."""
        if kind not in spelling.VISITED:
            return
        self._inside += 1
        for name, member in members.items():
            if not spelling.is_known(kind, name) and may_hold_ours(member.view()):
                self.value(member, self._inside, ours=False)
        self._inside -= 1

    def _wrapper(self, element: Element, members: Members, depth: int, *, ours: bool, kind: str | None) -> None:
        """Not one of Entra ID's objects itself: something around such objects, or something else."""
        own = marks.of(members)
        if self._saved_error(element, members):
            return
        is_page = "value" in members and detect.context(detect.text(members, "@odata.context")).kind is not None  # of Microsoft Graph
        if not is_page and (ours or len(own) >= marks.ENOUGH) and self._is_alien(element, members, own):
            return
        if len(own) >= marks.ENOUGH:
            self._complain(element, f"{_WHAT_IS_IT} ({', '.join(own[:3])})")
            return
        holds = any(name in members and not members[name].is_null for name in ("value", "responses")) or self._holds_collections(members)
        is_map = kind is not None and not holds and all(member.is_object for member in members.values())
        for name, member in (*members.twins, *members.items()):
            if name == "value" and (member.is_array or member.is_object):
                self._page(member, members, depth, ours=ours, kind=kind)
            elif name == "value" and detect.context(detect.text(members, "@odata.context")).kind and "id" not in members:
                self._complain(member, "a page's value is a list, or an object")
            elif name == "responses" and ours:
                self._batch(member, depth)
            elif holds and (collection := COLLECTIONS.get(_PROPER.get(name.lower(), ""))) and (member.is_array or member.is_object):
                self._collection(collection, name, member, depth, ours=ours)
            elif is_map:
                self._collection(kind or "", name, member, depth, ours=ours, listed=False)
            elif _may_hold_ours(member):
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

    def _page(self, member: Element, members: Members, depth: int, *, ours: bool, kind: str | None) -> None:
        if member.is_object:
            self.value(member, depth + 1, ours=ours)
            return
        context = detect.context(detect.text(members, "@odata.context"))
        next_link = any(name in members for name in ("@odata.nextLink", "odata.nextLink"))
        total = members["@odata.count"].value() if "@odata.count" in members else None
        items = member.items()
        if context.kind is None:
            kinds, ended = self.items(items, depth, ours=ours, kind=kind)
        else:
            kinds, ended = self._plain_page(items, context, context.kind, depth)
        if not items and (context.kind or kind):
            kinds[context.kind or kind or ""] = 0
        is_delta = any(name in members for name in ("@odata.deltaLink", "odata.deltaLink"))
        ended = ended and not next_link and not is_delta and ours
        self._listed(kinds, ended=ended, total=total if isinstance(total, int) else None, parent=context.parent, relation=context.relation)
        if next_link and kinds:
            self.into.notes.append(Note("the export is incomplete: the page names a next page (@odata.nextLink)", self.file.name))
        elif is_delta and kinds:
            self.into.notes.append(
                Note("the export may be incomplete: a delta query returns what has changed (@odata.deltaLink)", self.file.name)
            )

    def _plain_page(self, items: list[Element], context: detect.Context, kind: str, depth: int) -> tuple[Counter[str], bool]:
        """A page of Microsoft Graph says what its elements are: none of them is looked at twice."""
        kinds: Counter[str] = Counter()
        strangers, errors = [], len(self.into.errors)
        with_removed = bool(items) and items[0].raw.find(b'"@removed"', items[0].start, items[-1].end) >= 0
        for item in items:
            if not item.is_object:
                strangers.append(item)
                continue
            if with_removed and _is_removed(item.members()):
                self._removed(item)
                continue
            if kind in _PROPERTIES and _is_foreign(item, kind):  # a page within the page, say
                before = (self.reading.objects, len(self.into.errors))
                self.value(item, depth + 1)
                if (self.reading.objects, len(self.into.errors)) != before:
                    continue  # else it is one of which nothing is known
            if self._take(Piece(item, kind, parent=context.parent, may_be_template=True), formats.PLAIN):
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
            members = response.members() if response.is_object else Members()
            known = self._progress
            self._twins(members, ours=True)
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

    def _removed(self, element: Element) -> None:
        """An object that a delta query names as removed: nothing else of it is here."""
        self.reading.objects += 1
        self.maker.deleted += 1
        line, column = self._places.of(element.start)
        self.into.notes.append(
            Note("the delta query says that this object was removed (@removed): it is not audited", self.file.name, line, column)
        )

    def _complain(self, element: Element, message: str, *, once: bool = False, hint: str = "") -> None:
        """An error at an object: it counts as understood, so that nobody says that there is none."""
        self.reading.objects += 1
        self._complaints[message] += 1
        if self._complaints[message] <= (1 if once else _MOST_STRANGERS):
            self.into.errors.append(self._places.error(element, message, hint=hint))

    def _unreadable(self, element: Element, error: Exception) -> None:
        self.into.errors.append(self._places.error(element, f"not JSON: {reason(error, element.view())}", error))

    def _saved_error(self, element: Element, members: dict[str, Element]) -> bool:
        error = members.get("error") or members.get("odata.error")
        inner: Mapping[str, Element] = error.members() if error is not None and error.is_object else {}
        if "code" in inner:
            said = [redacted(str(inner[key].value())) for key in ("code", "message") if key in inner]
        elif error is not None and error.is_text and "error_description" in members:  # of the token endpoint
            said = [redacted(str(one.value())) for one in (error, members["error_description"])]
        else:
            return False
        refused = said[0] in _REFUSED
        self._complain(element, f"an error was saved instead of data: {': '.join(said)[:300]}", hint=_GRANT if refused else "")
        return True

    def _is_alien(self, element: Element, members: Members, own: list[str]) -> bool:
        """Names what another tool wrote."""
        from auditor.sources import foreign

        alien = foreign.of_object(members, element.view())
        if alien is None:
            return False
        if alien.holds or len(own) >= marks.ENOUGH:
            self._complain(element, alien.sentence, once=True, hint="--exclude leaves it out")
        elif not any(alien.sentence == remark.message for remark in self.reading.remarks):
            line, column = self._places.of(element.start)
            self.reading.remarks.append(Note(alien.sentence, self.file.name, line, column))
        return True

    def _strangers(self, strangers: list[Element]) -> None:
        """Errors for those elements of our lists that are not recognised: they are not checked. A list with errors is not complete."""
        unknown = 0
        for element in strangers:
            members = element.members() if element.is_object else {}
            if any(name in members for name in ("@odata.type", "@odata.context", "schema_version")):
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
            if kind in IMPORTED_KINDS and not relation:
                continue  # a plain list of another service does not say what was asked for: one subscription, say
            self.into.listings.append(Listing(self.file.scope, kind, count, ended, total, parent, relation))
            if count == 100 and ended and not relation and total is None:
                self.into.notes.append(
                    Note(f"exactly 100 {kind}s: `az ad app list` and `az ad sp list` stop there without --all", self.file.name)
                )


_DECIDING = frozenset(("value", "responses", "body", "error", "status", "objectType", "odata.type"))
_DECIDING |= {"@odata.type", "@odata.context", "@odata.nextLink"}


def _is_removed(members: Members) -> bool:
    """Whether a delta query says of an object that it was removed, and nothing else."""
    return "@removed" in members and members["@removed"].is_object and not marks.of(members)


def _may_hold_ours(element: Element) -> bool:
    """Whether objects of ours may be in a value: of a text, in the JSON that it may be, where a backslash is before each quote."""
    if element.is_array or element.is_object:
        return may_hold_ours(element.view())
    return element.is_text and element.raw.find(b"\\", element.start, element.end) >= 0 and may_hold_ours(element.view())


def _is_foreign(item: Element, kind: str) -> bool:
    """Whether an element of a page has nothing of the page's kind. Its first member nearly always settles that."""
    first = _FIRST.match(item.raw, item.start, item.end)
    return (
        first is not None
        and first[1].decode().lower() not in _PROPERTIES[kind]
        and _PROPERTIES[kind].isdisjoint(map(str.lower, item.members()))
    )


_FIRST = late(rb'\{\s*"(\w*)')
_MOST_STRANGERS = 20  # errors
_PROPER = {name.lower(): name for name in COLLECTIONS}
_PROPERTIES = {of.kind: frozenset(map(str.lower, kinds.members(of.kind))) for of in (APPLICATIONS, SERVICE_PRINCIPALS)}
_WHAT_IS_IT = "nothing says what this object is, so it is not read: export it with all its properties, or leave the file out with --exclude"
_REFUSED = ("Authorization_RequestDenied", "Forbidden", "AccessDenied", "accessDenied", "UnauthorizedAccessException")
_GRANT = "grant the permission that was refused (`regaudit permissions` lists what is needed) and export again"
