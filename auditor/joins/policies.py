"""Policies of which a tenant can have many, by whom they apply to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from auditor.entra.collections import APP_POLICIES, APP_POLICY_TARGETS, CONSENT_POLICIES, Collection
from auditor.joins.known import Known
from auditor.joins.within import Given, Parents, by_id, parents_of
from auditor.unknown import Unknown, first_unknown


class Policies:
    """Of one world."""

    def __init__(self, known: Known, documents: Mapping[Collection, list[Given]]) -> None:
        self._known, self._documents = known, documents

    def app_policy_of(self, object_id: str | Unknown) -> Given | Unknown | None:
        """The app management policy that a registration or service principal has of its own, with its document; it can have one."""
        if not self._known.has(APP_POLICIES):
            return self._known.missing(APP_POLICIES)
        if isinstance(object_id, Unknown):
            return object_id
        found, gap = self._app_policies_by_target
        ids = found.get(object_id)
        return self._app_policies[0][ids[0]] if ids else gap

    def consent_policy(self, policy_id: str) -> Given | Unknown | None:
        """A consent policy by its id, which is a name; null where it is gone."""
        found, gap = self._consent_policies
        return found.get(policy_id.lower(), gap)

    @cached_property
    def _consent_policies(self) -> Parents:
        return self._by_id(CONSENT_POLICIES)

    @cached_property
    def _app_policies(self) -> Parents:
        return self._by_id(APP_POLICIES)

    @cached_property
    def _app_policies_by_target(self) -> tuple[dict[str, list[str]], Unknown | None]:
        return parents_of(self._known, self._app_policies, APP_POLICY_TARGETS, self._documents[APP_POLICY_TARGETS], "applies_to")

    def _by_id(self, of: Collection) -> Parents:
        found, gap = by_id(self._documents[of])
        return found, first_unknown(self._known.first_missing(of), gap)
