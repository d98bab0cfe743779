"""How much of a tenant was read, as its source says: a live tenant, a snapshot."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timezone

import msgspec

from auditor.entra.collections import BY_NAME, TENANT
from auditor.pattern import late
from auditor.unknown import Reason

COMPLETE, SELECTED, UNAVAILABLE, PARTIAL, DENIED, FAILED = "complete", "selected", "unavailable", "partial", "denied", "failed"
_WILL_NOT_PASS = late(r"does not take the request for .*\(4\d\d")  # Microsoft Graph has no such request
AS_MEANT = (COMPLETE, SELECTED, UNAVAILABLE)  # nobody has to do anything about these
INTERRUPTED, LOST = "reading it was interrupted", "an object of it could not be read"  # reasons


class Covered(msgspec.Struct, rename="camel", omit_defaults=True):
    """How much of one collection was read. What is not complete says why, and which permission is missing.

    `status`: complete; selected, of which no more was asked for; unavailable in this cloud; partial, read up to a fault; denied; failed.
    """

    collection: str
    status: str = COMPLETE
    count: int = 0
    reason: str = ""
    permission: str = ""
    read: list[str] = []  # object ids of which this collection was read, where not of all
    unread: list[str] = []  # object ids of which it was not read, though of all others
    absent: list[str] = []  # ids that were looked for, and are not there

    @property
    def key(self) -> Reason:
        """The reason of verdicts that are missing without it."""
        return Reason(self.collection, self.reason, True)

    @property
    def is_mendable(self) -> bool:
        """Whether a run is incomplete until somebody does something about what was not read: a permission is missing, a fault happened.

        Who grants no permission for what is optional has decided to do without (decision 0050).
        """
        if self.status == DENIED and self.is_optional:
            return False
        return self.status not in AS_MEANT or bool(self.unread or self.permission)

    @property
    def is_optional(self) -> bool:
        of = BY_NAME.get(self.collection)
        return of is not None and of.is_optional

    @property
    def remedy(self) -> str:
        """What would make known what was not read."""
        if self.permission:
            return f"grant {self.permission} to what regaudit signs in with (`regaudit permissions` says all)"
        if self.status == SELECTED:
            return "audit the whole tenant, without --app and --filter"
        if self.status == UNAVAILABLE:
            return ""
        if _WILL_NOT_PASS.search(self.reason):
            return "trying again does not help: report it, with what `regaudit whoami --probe` prints"
        return "try again"


class TenantInfo(msgspec.Struct, rename="camel"):
    """Which tenant was read, and how much of it: all that is known beside its objects.

    `tenant_id` is its id; a domain, or "tenant", where nobody could ask for the id.
    """

    tenant_id: str
    portal: str = ""  # where people look at it
    taken: str = ""  # when the reading began, in UTC
    covered: list[Covered] = []
    graph: str = ""  # the address of its Microsoft Graph, without a version

    @property
    def taken_at(self) -> datetime | None:
        try:
            moment = datetime.fromisoformat(self.taken)
        except ValueError:
            return None
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)

    @property
    def scope(self) -> str:
        """What its objects are joined over. No folder has such a name."""
        return f"\0{self.tenant_id}"

    def lose(self, collections: Collection[str], why: str) -> None:
        """Of these collections not everything is there that was read: they are not complete, nor is any part of them."""
        lost = {*collections, *(one.name for one in TENANT if one.side_of is not None and not one.path and one.side_of.name in collections)}
        for covered in self.covered:
            if covered.collection in lost and covered.status in (COMPLETE, SELECTED):
                covered.status, covered.reason, covered.read = PARTIAL, why, []

    def of(self, collection: str) -> Covered | None:
        return next((covered for covered in self.covered if covered.collection == collection), None)

    def remedies(self) -> dict[Reason, str]:
        """Why something is not known, as verdicts count it -> what would make it known."""
        return {covered.key: covered.remedy for covered in self.covered if covered.reason}

    def optional(self) -> set[Reason]:
        """Those reasons that somebody could do something about, and may leave."""
        return {covered.key for covered in self.covered if covered.is_optional and covered.status == DENIED}

    def mendable(self) -> set[Reason]:
        """Those reasons that somebody can do something about."""
        return {covered.key for covered in self.covered if covered.is_mendable}
