"""Escalation paths: how somebody comes to control the tenant, hop by hop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.entra.collections import (
    APP_MANAGEMENT,
    APP_POLICIES,
    APP_POLICY_TARGETS,
    APPLICATIONS,
    ASSIGNMENTS,
    FEDERATED,
    GRANTS,
    GROUP_OWNERS,
    OWNERS,
    PRINCIPAL_OWNERS,
    ROLE_ASSIGNMENTS,
    ROLE_ELIGIBILITY,
    ROLE_POLICIES,
    SERVICE_PRINCIPALS,
    Need,
)
from auditor.entra.steps import HopKind, PathStrength, StartKind
from auditor.facts.base import Fact, fact, prop
from auditor.facts.roles import ELIGIBLE
from auditor.unknown import Unknown, read

if TYPE_CHECKING:
    from auditor.facts.document import Document

# What paths are made from.
NEEDED = (
    *ELIGIBLE, ROLE_POLICIES, GROUP_OWNERS, APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, OWNERS, PRINCIPAL_OWNERS, ASSIGNMENTS, GRANTS,
    FEDERATED, APP_MANAGEMENT, APP_POLICIES, APP_POLICY_TARGETS,
)  # fmt: skip
# The collections of these, by name.
COLLECTION_NAMES = tuple(need.collection.name if isinstance(need, Need) else need.name for need in NEEDED)
# Without any of these no path has an end.
NOTHING_WITHOUT = (ROLE_ASSIGNMENTS, ROLE_ELIGIBILITY, ASSIGNMENTS, GRANTS)


class Hop(Fact):
    """One step of an escalation path: who comes to control what."""

    SLOTS = ("document",)
    COLLECTIONS = (ROLE_ASSIGNMENTS,)
    KEY = (("source_id", "kind", "target_id"),)
    LABEL = ("text",)
    owner: Path

    kind: HopKind = prop(doc="What makes it possible.")
    source: str = prop(doc="Who has it: a name.")
    source_id: str = prop(doc="Object ID, a role's definition ID, or issuer and subject of a federated credential.")
    target: str = prop(doc="What he comes to control: a name.")
    target_id: str = prop(doc="Its ID; '' for the tenant.")
    by: str = prop(doc="The permission or role that is the reason; '' for none.")
    strength: PathStrength = prop(doc="What he needs besides: nothing, an activation, an approval, or a condition that is not known.")
    text: str = prop(doc="What he does, in words.")

    def __init__(self, owner: Path, document: Document | None, at: str, **given: str) -> None:
        """`document`: what proves it, at `at`."""
        self.owner, self.document, self.at = owner, document, at
        for name, value in given.items():
            setattr(self, name, value)


class Path(Fact):
    """The cheapest way on which somebody comes to control the tenant."""

    SLOTS = ("_unknown",)
    COLLECTIONS = (ROLE_ASSIGNMENTS,)
    KEY = (("start_id",),)
    LABEL = ("start",)
    PROOFS = ("hops",)
    owner: Any

    start: str = prop(doc="Who takes it: a name.")
    start_id: str = prop(doc="Object ID, or issuer and subject of a federated credential.")
    start_kind: StartKind = prop(
        doc="What that is. administrator: a user with the roles for it; identity: what else a federated credential trusts."
    )
    strength: PathStrength = prop(doc="That of its weakest hop.")
    identities: int = prop(doc="Applications, groups and other users that it goes over; an application and its service principal are one.")
    hops: list[Hop] = prop(doc="Its steps, in order.")

    def __init__(
        self, owner: Any, unknown: Unknown | None, start: str, start_id: str, start_kind: Any, strength: Any, identities: int
    ) -> None:
        """`unknown`: the first exception that may stop it and that nobody read."""
        self.owner, self.at, self._unknown = owner, "", unknown
        self.start, self.start_id, self.start_kind, self.strength = start, start_id, start_kind, strength
        self.identities, self.hops = identities, []

    def origin(self, place: str = "") -> tuple[Document | None, str]:
        """Where its first hop stands."""
        document, inside = self.hops[0].origin(place) if self.hops else (None, "")
        return (document, inside) if document is not None else super().origin(place)

    @fact()
    def stopped(self) -> bool:
        """An exception stops it: a lock, a policy. Never so of a path that is there: it is no, or not known. For exemptions only."""
        if self._unknown is not None:
            read(self._unknown)
        return False

    @fact()
    def length(self) -> int:
        """How many hops it has."""
        return len(self.hops)

    @fact()
    def route(self) -> str:
        """Its hops in words, in order; of a long one the first and the last."""
        texts = [hop.text for hop in self.hops]
        if len(texts) > _SHOWN and sum(map(len, texts)) > _LONG:
            texts[_SHOWN - 1 : -1] = [f"{len(texts) - _SHOWN} more hops"]
        return ", then ".join(texts)


_SHOWN, _LONG = 4, 150  # hops, characters: a message shows no longer text whole
