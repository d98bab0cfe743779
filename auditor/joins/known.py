"""What was read of a tenant's collections: which are in the input, which are complete, and what stands for the rest."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Literal

from auditor.entra.collections import (
    APPLICATIONS,
    BY_KIND,
    CONNECTOR_PARTS,
    FIRST_SIDES,
    IMPORTED,
    OTHER_SIDE,
    SERVICE_PRINCIPALS,
    SIGN_INS,
    TENANT,
    Collection,
)  # fmt: skip
from auditor.facts import TYPES
from auditor.sources import Listing
from auditor.sources.coverage import COMPLETE, PARTIAL, SELECTED, TenantInfo
from auditor.unknown import Unavailable, Unknown

# What connectors ask registrations for.
CLIENT, RESOURCE, DEFINITION = "client registration", "resource registration", "connector definition"
_MANIFEST = f"add its manifest, or {APPLICATIONS.remedy.removeprefix('add ')}"
# What would make known what is not, by what an Unknown is of.
REMEDIES = {of.name: of.remedy for of in (*TENANT, *IMPORTED)} | {
    CLIENT: _MANIFEST, RESOURCE: _MANIFEST, DEFINITION: CONNECTOR_PARTS.remedy,
}  # fmt: skip
INCOMPLETE = "incomplete in the input"
NOT_IN_INPUT = "not in the input"  # why an Unknown is not known: nothing of a collection was read
_PAGE_CAP = 100  # az stops here without --all
_FACTS = [(f"{cls.__name__}.{name}", member) for cls in TYPES for name, member in cls.FACTS.items()]
UNKNOWN_WITHOUT = {name: frozenset(member.unknown_without) for name, member in _FACTS if member.unknown_without}
PARTIAL_WITHOUT = {name: member.partial_without for name, member in _FACTS if member.partial_without is not None}
_Ids = Literal["read", "unread", "absent"]


class Known:
    """Of one world. Names of collections: `given`, of which anything was read; `complete`, of which the whole tenant's was."""

    def __init__(self) -> None:
        self.given: set[str] = set()
        self.complete: set[str] = set()
        self.vouched_for = False  # the source says itself that lists and objects are whole: a live tenant, a snapshot
        self.info: TenantInfo | None = None  # what a live tenant or a snapshot says of its collections
        self._listings: list[Listing] = []
        self._missing: dict[Collection, Unknown] = {}
        self._named: dict[tuple[Collection, _Ids], frozenset[str]] = {}

    def add(self, listings: Iterable[Listing], info: TenantInfo | None) -> None:
        """What sources say of what they read."""
        self._listings, self.info = list(listings), info
        self.given |= {BY_KIND[listing.kind].name for listing in self._listings}
        if info is not None:
            self.given |= {covered.collection for covered in info.covered if covered.status in (COMPLETE, SELECTED, PARTIAL)}

    def settle(self, *, whole: bool, graph_is_there: bool, sign_ins_may_be_whole: bool) -> None:
        """Decides which collections are complete. `whole`: the source says so of all of them.

        Every tenant has Microsoft Graph's service principal: a list without it is a selection.
        """
        self.vouched_for = whole or self.info is not None
        imported = {of.name for of in IMPORTED if self._ended(of)}  # by themselves: they do not come from the tenant
        if self.info is not None:
            self.complete = {covered.collection for covered in self.info.covered if covered.status == COMPLETE} | imported
            return
        if whole:
            found = set(self.given)
        else:
            ended = {of.name for of in FIRST_SIDES if self._ended(of)}
            sign_ins = {SIGN_INS.name} & ended if sign_ins_may_be_whole else set()
            found = sign_ins | (ended - {SIGN_INS.name} if SERVICE_PRINCIPALS.name in ended and graph_is_there else set())
        self.complete = found | imported | {other.name for one, other in OTHER_SIDE.items() if one.name in found}

    def _ended(self, of: Collection) -> bool:
        """One list, read to its end, or pages that add up to what the service says that there are."""
        lists = [listing for listing in self._listings if listing.kind == of.kind and not listing.parent]
        if len(lists) == 1:
            return _is_whole(lists[0]) and (lists[0].count != _PAGE_CAP or of in IMPORTED)
        totals = {listing.total for listing in lists if listing.total is not None}
        return len(totals) == 1 and sum(listing.count for listing in lists) == totals.pop() and any(listing.ended for listing in lists)

    # -- questions

    @property
    def one_by_one(self) -> bool:
        """Whether registrations were given one by one, as they are downloaded, and not as a list, of which a part may be missing."""
        lists = any(listing.kind == APPLICATIONS.kind for listing in self._listings)
        return not (lists or self.vouched_for or self.is_complete(APPLICATIONS))

    def has(self, of: Collection) -> bool:
        """Whether anything of a collection was read, be it an empty page."""
        return of.name in self.given

    def is_complete(self, *collections: Collection) -> bool:
        return self.complete.issuperset([of.name for of in collections])

    def missing(self, of: Collection) -> Unknown:
        """The Unknown to return when a look-up finds nothing in a collection that may be incomplete."""
        if of not in self._missing:
            covered = self.info.of(of.name) if self.info is not None else None
            why = covered.reason if covered is not None else ""
            why = why or (INCOMPLETE if self.has(of) else NOT_IN_INPUT)
            self._missing[of] = Unknown(of.name, why, collection=True)
        return self._missing[of]

    def first_missing(self, *collections: Collection) -> Unknown | None:
        """What stands for the first of these collections that is not complete; None where all are."""
        for of in collections:
            if of.name not in self.complete:
                return self.missing(of)
        return None

    def ids(self, of: Collection, which: _Ids) -> frozenset[str]:
        """Ids that the source names for a collection: of which it was `read`, was `unread`, or which are `absent`."""
        if self.info is None or (covered := self.info.of(of.name)) is None:
            return frozenset()
        if (of, which) not in self._named:
            self._named[of, which] = frozenset(id_.lower() for id_ in getattr(covered, which))
        return self._named[of, which]

    def has_all_of(self, object_id: str, of: Collection) -> bool:
        """Whether every entry of a collection was read that belongs to one object."""
        if self.is_complete(of):
            return object_id not in self.ids(of, "unread")
        relation = of.name.lower() if of.is_link and of.parent is not None else ""  # which of its two sides a page shows
        return object_id in self.ids(of, "read") or self._lists_all_of(object_id, of.side_of or of, relation)

    def _lists_all_of(self, object_id: str, of: Collection, relation: str) -> bool:
        """Whether what belongs to an object was read from one list, to its end."""
        lists = self._lists_of_one_object.get((object_id, of.kind, relation), [])
        return len(lists) == 1 and _is_whole(lists[0])

    @cached_property
    def _lists_of_one_object(self) -> dict[tuple[str, str, str], list[Listing]]:
        found: dict[tuple[str, str, str], list[Listing]] = {}
        for listing in self._listings:
            for relation in {listing.relation, ""}:
                found.setdefault((listing.parent, listing.kind, relation), []).append(listing)
        return found

    def unavailable(self, expanded: Iterable[Collection]) -> Unavailable:
        """Facts that are unknown of every object, and lists that can never be wholly known: so that rules need not try.

        `expanded`: collections of which members stand within other objects.
        """
        gone = {of for of in (*FIRST_SIDES, *IMPORTED) if not self.has(of)}.difference(expanded)
        unknown = {fact: self.missing(min(without, key=lambda of: of.name)) for fact, without in UNKNOWN_WITHOUT.items() if without <= gone}
        partial = {fact: self.missing(of) for fact, of in PARTIAL_WITHOUT.items() if not self.is_complete(of)}
        return Unavailable(unknown, partial)


def _is_whole(listing: Listing) -> bool:
    """Whether a list was read to its end."""
    return listing.ended and listing.total in (None, listing.count)
