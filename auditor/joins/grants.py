"""What was granted: delegated permissions and app roles, to whom and of which API; and who is assigned to an application."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from auditor.entra.collections import ASSIGNED_TO, ASSIGNMENTS, GRANTS
from auditor.entra.ids import DEFAULT_ACCESS
from auditor.entra.shapes import AppRoleAssignment
from auditor.facts import App, DelegatedGrant, GrantedPermission, Permission, ServicePrincipal
from auditor.joins.apis import Apis
from auditor.joins.lookups import Lookups, grouped
from auditor.sources import Document
from auditor.unknown import Partial, Unknown, first_unknown, keep, known, read, whole_or_partial

Grant = tuple[Any, Document]  # an oauth2PermissionGrant, whose shape follows from what facts declare
Assignment = tuple[AppRoleAssignment, Document]
_Found = dict[tuple[object, ...], GrantedPermission]
_CONSENT = {"AllPrincipals": "admin", "Principal": "user"}


class Grants:
    """Of one world."""

    def __init__(self, lookups: Lookups, apis: Apis, grants: list[Grant], assignments: list[Assignment]) -> None:
        self._lookups, self._known, self._apis = lookups, lookups.known, apis
        self._grants, self._assignments = grants, assignments

    @cached_property
    def _by_client(self) -> tuple[dict[str, list[Grant]], Unknown | None]:
        return grouped(self._grants, "client_id")

    @cached_property
    def _by_holder(self) -> tuple[dict[str, list[Assignment]], Unknown | None]:
        return grouped(self._assignments, "principal_id")

    @cached_property
    def _by_resource(self) -> tuple[dict[str, list[Assignment]], Unknown | None]:
        return grouped(self._assignments, "resource_id")

    # -- to a service principal

    def of(self, principal: ServicePrincipal) -> list[GrantedPermission] | Unknown:
        """Permissions of both kinds."""
        delegated, application = self.delegated(principal), self.application(principal)
        if isinstance(delegated, Unknown) and isinstance(application, Unknown):
            return delegated
        parts = [values for values in (delegated, application) if not isinstance(values, Unknown)]
        gap = first_unknown(delegated, application, *(getattr(values, "unknown", None) for values in parts))
        return whole_or_partial([grant for values in parts for grant in known(values)], gap)

    def delegated(self, principal: ServicePrincipal) -> list[GrantedPermission] | Unknown:
        if not self._known.has(GRANTS):
            return self._known.missing(GRANTS)
        if isinstance(principal.id, Unknown):
            return principal.id
        if principal.id not in self._by_client[0]:  # most have none: nothing to keep
            return self._delegated(principal)
        return self._lookups.once("delegated permissions", principal, lambda: self._delegated(principal))

    def _delegated(self, principal: ServicePrincipal) -> list[GrantedPermission]:
        found: _Found = {}
        groups, gap = self._by_client
        for doc, document in groups.get(principal.id, ()):
            gap = first_unknown(self._add_delegated(principal, doc, document, found), gap)
        if gap is None and not self._known.has_all_of(principal.id, GRANTS):
            gap = self._known.missing(GRANTS)
        return whole_or_partial(list(found.values()), gap)

    def application(self, principal: ServicePrincipal) -> list[GrantedPermission] | Unknown:
        if not self._known.has(ASSIGNMENTS):
            return self._known.missing(ASSIGNMENTS)
        if isinstance(principal.id, Unknown):
            return principal.id
        if principal.id not in self._by_holder[0]:
            return self._application(principal)
        return self._lookups.once("application permissions", principal, lambda: self._application(principal))

    def _application(self, principal: ServicePrincipal) -> list[GrantedPermission]:
        found: _Found = {}
        groups, gap = self._by_holder
        for doc, document in groups.get(principal.id, ()):
            self._add_application(principal, doc, document, found)
        if gap is None and not self._known.has_all_of(principal.id, ASSIGNMENTS):
            gap = self._known.missing(ASSIGNMENTS)
        return whole_or_partial(list(found.values()), gap)

    def as_given(self, principal: ServicePrincipal) -> list[DelegatedGrant] | Unknown:
        """The oauth2PermissionGrants of which it is the client, as they stand in the tenant."""
        if not self._known.has(GRANTS):
            return self._known.missing(GRANTS)
        if isinstance(principal.id, Unknown):
            return principal.id
        groups, gap = self._by_client
        found = [DelegatedGrant(doc, principal, "", document) for doc, document in groups.get(principal.id, ())]
        if gap is None and not self._known.has_all_of(principal.id, GRANTS):
            gap = self._known.missing(GRANTS)
        return whole_or_partial(found, gap)

    def _add_delegated(self, principal: ServicePrincipal, doc: Any, document: Document, found: _Found) -> Unknown | None:
        """Adds what a grant gives; returns what is not known of it."""
        resource = self._resource_of(doc.resource_id)
        consent = _CONSENT.get(doc.consent_type, doc.consent_type) if isinstance(doc.consent_type, str) else doc.consent_type
        if isinstance(doc.scope, Unknown):
            return doc.scope
        for value in dict.fromkeys((doc.scope or "").split()):
            key = (_key_of(resource), value, _key_of(consent), "delegated")
            grant = found.get(key)
            if grant is None:
                grant = found[key] = GrantedPermission(principal, document, "delegated", resource, "", value, consent, doc.id, doc.scope)
            else:
                grant.grant_id = None  # several give it, each to one user or by mistake
            if isinstance(doc.principal_id, str):
                grant.users.append(doc.principal_id.lower())
            elif isinstance(doc.principal_id, Unknown) and grant.users.__class__ is list:
                grant.users = Partial(grant.users, doc.principal_id)
        return None

    def _add_application(self, principal: ServicePrincipal, doc: AppRoleAssignment, document: Document, found: _Found) -> None:
        resource = self._resource_of(doc.resource_id)
        role_id = doc.app_role_id.lower() if isinstance(doc.app_role_id, str) else doc.app_role_id
        if isinstance(role_id, str) and role_id == DEFAULT_ACCESS:
            return  # access without a role: an assignment, no permission
        definition = self._apis.described(resource, role_id, "application")
        value = definition.value if isinstance(definition, Permission) else "" if definition is None else definition
        found[_key_of(resource), _key_of(role_id), "role"] = GrantedPermission(
            principal, document, "application", resource, role_id, value, "admin", doc.id
        )

    def _resource_of(self, object_id: str | None) -> str | Unknown:
        """App id of the service principal that a grant names as its resource; '' where the tenant has none any more."""
        resource = self._lookups.principal_by_id(object_id)
        if isinstance(resource, ServicePrincipal):
            return resource.app_id
        return "" if resource is None else resource

    # -- of a service principal

    def assigned_to(self, principal: ServicePrincipal) -> list[str] | Unknown:
        """Object IDs of the users, groups and service principals that are assigned to it."""
        assigned = self.assigned(principal)
        if isinstance(assigned, Unknown):
            return assigned
        documents, gap = assigned
        return whole_or_partial([doc.principal_id for doc, _ in documents], gap)

    def users_of(self, principal: ServicePrincipal) -> list[str] | Unknown:
        """Object IDs of the users among them, each once: a user may have several roles."""
        assigned = self.assigned(principal)
        if isinstance(assigned, Unknown):
            return assigned
        documents, gap = assigned
        users = keep([doc for doc, _ in documents], lambda doc: read(doc.principal_type) == "User")
        ids = list(dict.fromkeys(doc.principal_id for doc in known(users) if isinstance(doc.principal_id, str)))
        return whole_or_partial(ids, first_unknown(gap, getattr(users, "unknown", None)))

    def assigned(self, principal: ServicePrincipal) -> tuple[Sequence[Assignment], Unknown | None] | Unknown:
        """What assigns somebody to it, and what is not known of that."""
        if not self._known.has(ASSIGNMENTS):
            return self._known.missing(ASSIGNED_TO)
        if isinstance(principal.id, Unknown):
            return principal.id
        groups, gap = self._by_resource
        if gap is None and not self._known.has_all_of(principal.id, ASSIGNED_TO):
            gap = self._known.missing(ASSIGNED_TO)
        return groups.get(principal.id, ()), gap

    def for_everybody(self, principal: ServicePrincipal) -> tuple[list[Grant], Unknown | None] | Unknown:
        """The oauth2PermissionGrants by which all users have consented to permissions of it, and what is not known of them."""
        if not self._known.has(GRANTS):
            return self._known.missing(GRANTS)
        if isinstance(principal.id, Unknown):
            return principal.id
        found: list[Grant] = []
        gap = self._known.first_missing(GRANTS)
        for given in self._grants:
            consent, resource = given[0].consent_type, given[0].resource_id
            if consent.__class__ is str and consent != "AllPrincipals":
                continue
            if (unknown := first_unknown(consent, resource)) is not None:
                gap = first_unknown(gap, unknown)
            elif resource and resource.lower() == principal.id:
                found.append(given)
        return found, gap

    def holders(self, one: App | ServicePrincipal, role_id: str | Unknown) -> list[str] | Unknown:
        """Object IDs of those that hold a role of an application here."""
        principal = self._lookups.principal(one.app_id)
        if isinstance(principal, Unknown):
            return principal
        if isinstance(role_id, Unknown):
            return role_id
        if principal is None:
            return []
        assigned = self.assigned(principal)
        if isinstance(assigned, Unknown):
            return assigned
        holders, gaps = self._by_role
        return whole_or_partial(holders.get((principal.id, role_id), []), first_unknown(gaps.get(principal.id), assigned[1]))

    @cached_property
    def _by_role(self) -> tuple[dict[tuple[str, str], list[Any]], dict[str, Unknown]]:
        """Who holds each role of each service principal, and of which one holds a role that is not known."""
        holders: dict[tuple[str, str], list[Any]] = {}
        gaps: dict[str, Unknown] = {}
        for resource, documents in self._by_resource[0].items():
            for doc, _ in documents:
                role: str | Unknown | None = doc.app_role_id
                if isinstance(role, Unknown):
                    gaps.setdefault(resource, role)
                elif role:
                    holders.setdefault((resource, role.lower()), []).append(doc.principal_id)
        return holders, gaps


def _key_of(value: object) -> object:
    """A dictionary key for a value; two unknowns never get the same key."""
    return id(value) if isinstance(value, Unknown) else value
