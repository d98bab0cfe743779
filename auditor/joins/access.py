"""Entitlement management: access packages that applications get by themselves, and applications in catalogs that are gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from auditor.entra.access_shapes import AccessCatalog, AssignmentPolicy, CatalogResource
from auditor.entra.collections import ACCESS_CATALOGS, ACCESS_POLICIES, Collection
from auditor.joins.lookups import Lookups
from auditor.sources import Document
from auditor.unknown import Unknown, Unread, first_unknown, read, whole_or_partial

_NO_USERS = ("allDirectoryServicePrincipals", "allDirectoryAgentIdentities", "specificDirectoryServicePrincipals")


class Access:
    """Of one world."""

    def __init__(self, lookups: Lookups, documents: Mapping[Collection, list[tuple[Any, Document]]]) -> None:
        self._lookups, self._known, self._documents = lookups, lookups.known, documents

    def open_policies(self) -> list[str] | Unknown:
        """Policies by which service principals or agents get an access package that nobody approves: "package: policy"."""
        return self._named(ACCESS_POLICIES, ([(row, row)] for row, _ in self._documents[ACCESS_POLICIES]), _is_open, _policy_name)

    def removed_applications(self) -> list[str] | Unknown:
        """Applications in catalogs of which no service principal is there: "catalog: application"."""
        return self._named(ACCESS_CATALOGS, map(self._resources, self._documents[ACCESS_CATALOGS]), self._is_gone, _resource_name)

    def _named(
        self, of: Collection, groups: Iterable[Any], test: Callable[[Any], bool], name: Callable[[Any, Any], str]
    ) -> list[str] | Unknown:
        """Names of what passes a test, of each group of (whose it is, what it is)."""
        if not self._known.has(of):
            return self._known.missing(of)
        found: list[str] = []
        gap = self._known.first_missing(of)
        for group in groups:
            try:
                for whose, one in read(group):
                    try:
                        if test(one):
                            found.append(name(whose, one))
                    except Unread as unread:
                        gap = first_unknown(gap, unread.unknown)
            except Unread as unread:
                gap = first_unknown(gap, unread.unknown)
        return whole_or_partial(sorted(found), gap)

    @staticmethod
    def _resources(given: tuple[AccessCatalog, Document]) -> list[tuple[AccessCatalog, CatalogResource]] | Unknown:
        catalog = given[0]
        resources: Any = catalog.resources
        return resources if isinstance(resources, Unknown) else [(catalog, one) for one in resources or ()]

    def _is_gone(self, resource: CatalogResource) -> bool:
        return resource.origin_system == "AadApplication" and read(self._lookups.principal_by_id(read(resource.origin_id))) is None


def _is_open(policy: AssignmentPolicy) -> bool:
    if policy.allowed_target_scope not in _NO_USERS or policy.automatic_request_settings is not None:
        return False
    approval = read(policy.request_approval_settings)
    return approval is None or not approval.is_approval_required_for_add


def _policy_name(_: Any, policy: AssignmentPolicy) -> str:
    package: Any = policy.access_package
    named = "" if package.__class__ is Unknown or package is None else _text(package.display_name)
    return f"{named}: {_text(policy.display_name)}" if named else _text(policy.display_name)


def _resource_name(catalog: AccessCatalog, resource: CatalogResource) -> str:
    return f"{_text(catalog.display_name)}: {_text(resource.display_name) or _text(resource.origin_id)}"


def _text(value: Any) -> str:
    return value if value.__class__ is str else ""
