"""Policies of which a tenant can have many, by whom they apply to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from auditor.entra.collections import (
    APP_POLICIES,
    APP_POLICY_TARGETS,
    CONDITIONAL_ACCESS,
    CONSENT_POLICIES,
    CONSENT_REQUESTS,
    USER_CONSENT_REQUESTS,
    Collection,
)
from auditor.joins.known import Known
from auditor.joins.within import Given, Parents, belongings, by_id
from auditor.sources import Document
from auditor.unknown import Partial, Unknown, first_unknown, keep, known, whole_or_partial


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

    def consent_requests(self) -> list[tuple[Any, Any, Document]] | Unknown:
        """Each application for which users asked for admin consent, who asked, and its document."""
        if not self._known.has(CONSENT_REQUESTS):
            return self._known.missing(CONSENT_REQUESTS)
        found = [(row, self._asked(row), document) for row, document in self._documents[CONSENT_REQUESTS]]
        return whole_or_partial(found, self._known.first_missing(CONSENT_REQUESTS))

    def _asked(self, request: Any) -> list[Any] | Unknown:
        """Who asked: within the request, or read on its own."""
        if not isinstance(request.user_consent_requests, Unknown):
            return request.user_consent_requests or []
        if isinstance(request.id, Unknown):
            return request.id
        id_ = (request.id or "").lower()
        rows = [row for row, document in self._documents[USER_CONSENT_REQUESTS] if document.parent == id_]
        return whole_or_partial(
            rows, None if self._known.has_all_of(id_, USER_CONSENT_REQUESTS) else self._known.missing(USER_CONSENT_REQUESTS)
        )

    def conditional_access(self) -> list[Given] | Unknown:
        """Every Conditional Access policy for workload identities that is on, with its document."""
        if not self._known.has(CONDITIONAL_ACCESS):
            return self._known.missing(CONDITIONAL_ACCESS)
        return self._workload_policies

    @cached_property
    def _workload_policies(self) -> list[Given]:
        found = keep(
            self._documents[CONDITIONAL_ACCESS], lambda given: given[0].state == "enabled" and given[0].conditions.client_applications
        )
        gap = found.unknown if isinstance(found, Partial) else self._known.first_missing(CONDITIONAL_ACCESS)
        return whole_or_partial(known(found), gap)

    @cached_property
    def _consent_policies(self) -> Parents:
        return self._by_id(CONSENT_POLICIES)

    @cached_property
    def _app_policies(self) -> Parents:
        return self._by_id(APP_POLICIES)

    @cached_property
    def _app_policies_by_target(self) -> tuple[dict[str, list[str]], Unknown | None]:
        given = self._documents[APP_POLICY_TARGETS]
        found = belongings(self._known, self._app_policies, APP_POLICY_TARGETS, given, "applies_to")
        return found.by_id, found.gap

    def _by_id(self, of: Collection) -> Parents:
        found, gap = by_id(self._documents[of])
        return found, first_unknown(self._known.first_missing(of), gap)
