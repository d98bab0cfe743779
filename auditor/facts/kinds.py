"""What a collection's objects are decoded into: the shape that follows from a class of facts, or one that is written out."""

from __future__ import annotations

import msgspec

from auditor.entra import collections, role_shapes, shapes
from auditor.facts import App, Connector, DelegatedGrant, FederatedCredential, Group, Owner, ServicePrincipal
from auditor.facts.base import FactType

_READ_AS: dict[collections.Collection, FactType | type[shapes.Shape]] = {
    collections.APPLICATIONS: App,
    collections.SERVICE_PRINCIPALS: ServicePrincipal,
    collections.GRANTS: DelegatedGrant,
    collections.ASSIGNMENTS: shapes.AppRoleAssignment,
    collections.OWNERS: Owner,
    collections.FEDERATED: FederatedCredential,
    collections.ORGANIZATION: shapes.Organization,
    collections.AUTHORIZATION: shapes.AuthorizationPolicy,
    collections.ADMIN_CONSENT: shapes.AdminConsentRequestPolicy,
    collections.APP_MANAGEMENT: shapes.AppManagementPolicy,
    collections.SIGN_INS: shapes.SignInActivity,
    collections.ROLE_ASSIGNMENTS: role_shapes.RoleAssignment,
    collections.ROLE_DEFINITIONS: role_shapes.RoleDefinition,
    collections.ROLE_ELIGIBILITY: role_shapes.RoleAssignment,
    collections.GROUPS: Group,
    collections.GROUP_MEMBERS: role_shapes.DirectoryObject,
    collections.GROUP_OWNERS: role_shapes.DirectoryObject,
    collections.GROUP_ELIGIBILITY: role_shapes.GroupEligibility,
    collections.ADMINISTRATIVE_UNITS: role_shapes.AdministrativeUnit,
    collections.CONNECTORS: Connector,
    collections.CONNECTOR_PARTS: shapes.ConnectorPart,
}
KINDS = {of.kind: read_as for of, read_as in _READ_AS.items()}


def shape(kind: str) -> type[msgspec.Struct]:
    """What objects of a kind are decoded into; of facts made when it is first asked for."""
    found = KINDS[kind]
    return found.shape() if isinstance(found, FactType) else found


def members(kind: str) -> tuple[str, ...]:
    """The members of a kind's objects that are read."""
    found = KINDS[kind]
    return tuple(found.members()) if isinstance(found, FactType) else found.__struct_encode_fields__
