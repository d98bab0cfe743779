"""What Microsoft Entra ID recommends for which application."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from auditor.entra.collections import RECOMMENDATIONS
from auditor.entra.recommendation_shapes import Recommendation
from auditor.facts import ServicePrincipal
from auditor.joins.lookups import Lookups
from auditor.unknown import Unknown, Unread, first_unknown, read, whole_or_partial


class Recommendations:
    """Of one world."""

    def __init__(self, lookups: Lookups, rows: Iterable[Recommendation]) -> None:
        self._known, self._rows = lookups.known, list(rows)

    def of(self, principal: ServicePrincipal) -> list[str] | Unknown:
        """Types of the active recommendations that name a service principal, by its application ID or object ID."""
        if not self._known.has(RECOMMENDATIONS):
            return self._known.missing(RECOMMENDATIONS)
        by_id, gap = self._by_id
        ids: list[Any] = [principal.app_id, principal.id]
        found = [kind for id_ in dict.fromkeys(one for one in ids if one.__class__ is str) for kind in by_id.get(id_, ())]
        return whole_or_partial(list(dict.fromkeys(found)), first_unknown(gap, *ids, self._known.first_missing(RECOMMENDATIONS)))

    @cached_property
    def _by_id(self) -> tuple[dict[str, list[str]], Unknown | None]:
        found: dict[str, list[str]] = {}
        gap: Unknown | None = None
        for row in self._rows:
            try:
                if row.status != "active":
                    continue
                kind = row.recommendation_type or ""
                for resource in row.impacted_resources or ():
                    if resource.status == "active" and (subject := read(resource.subject_id)):
                        found.setdefault(subject.lower(), []).append(read(kind))
            except Unread as unread:
                gap = unread.unknown
        return found, gap
