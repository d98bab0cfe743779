"""What a collection's objects are decoded into: the shape that follows from a class of facts, or one that is written out."""

from __future__ import annotations

from importlib import import_module

import msgspec

from auditor.entra import collections, shapes
from auditor.facts import App, ClassifiedPermission, Connector, DelegatedGrant, FederatedCredential, Group, Owner, ServicePrincipal
from auditor.facts.base import FactType

# A shape that few inputs need is named, and imported when the first object of its kind is met.
_READ_AS: dict[collections.Collection, FactType | type[shapes.Shape] | str] = {
    collections.APPLICATIONS: App,
    collections.SERVICE_PRINCIPALS: ServicePrincipal,
    collections.GRANTS: DelegatedGrant,
    collections.ASSIGNMENTS: shapes.AppRoleAssignment,
    collections.OWNERS: Owner,
    collections.FEDERATED: FederatedCredential,
    collections.ORGANIZATION: shapes.Organization,
    collections.AUTHORIZATION: "policy_shapes.AuthorizationPolicy",
    collections.ADMIN_CONSENT: "policy_shapes.AdminConsentRequestPolicy",
    collections.APP_MANAGEMENT: "policy_shapes.AppManagementPolicy",
    collections.SIGN_INS: shapes.SignInActivity,
    collections.ROLE_ASSIGNMENTS: "role_shapes.RoleAssignment",
    collections.ROLE_DEFINITIONS: "role_shapes.RoleDefinition",
    collections.ROLE_ELIGIBILITY: "role_shapes.RoleAssignment",
    collections.ROLE_POLICIES: "role_shapes.RolePolicyAssignment",
    collections.GROUPS: Group,
    collections.GROUP_MEMBERS: "role_shapes.DirectoryObject",
    collections.GROUP_OWNERS: "role_shapes.DirectoryObject",
    collections.GROUP_ELIGIBILITY: "role_shapes.GroupEligibility",
    collections.ADMINISTRATIVE_UNITS: "role_shapes.AdministrativeUnit",
    collections.CREDENTIAL_SIGN_INS: "sign_in_shapes.CredentialSignIn",
    collections.AZURE_ROLES: "imported_shapes.AzureRoleAssignment",
    collections.AZURE_ROLE_DEFINITIONS: "imported_shapes.AzureRoleDefinition",
    collections.MAILBOX_POLICIES: "imported_shapes.ApplicationAccessPolicy",
    collections.PERMISSION_USE: "imported_shapes.OAuthApp",
    collections.HOST_ANSWERS: "imported_shapes.HostAnswer",
    collections.AGENTS: "agent_shapes.AgentIdentity",
    collections.BLUEPRINT_SPONSORS: "agent_shapes.Sponsor",
    collections.PUBLISHING: shapes.OnPremisesApplication,
    collections.REGISTRATION_DETAILS: "sign_in_shapes.RegistrationDetails",
    collections.SYNCHRONIZATION_JOBS: shapes.SynchronizationJob,
    collections.RECOMMENDATIONS: "recommendation_shapes.Recommendation",
    collections.GROUP_SETTINGS: "setting_shapes.GroupSetting",
    collections.TEAMS_APP_SETTINGS: "setting_shapes.TeamsAppSettings",
    collections.STORE_SETTINGS: "setting_shapes.AppsAndServicesSettings",
    collections.ACCESS_POLICIES: "access_shapes.AssignmentPolicy",
    collections.ACCESS_CATALOGS: "access_shapes.AccessCatalog",
    collections.RISKY_PRINCIPALS: "risk_shapes.RiskyPrincipal",
    collections.APP_POLICIES: "policy_shapes.CustomAppPolicy",
    collections.APP_POLICY_TARGETS: "role_shapes.DirectoryObject",
    collections.CONSENT_POLICIES: "policy_shapes.ConsentPolicy",
    collections.CLASSIFICATIONS: ClassifiedPermission,
    collections.CONSENT_REQUESTS: "policy_shapes.ConsentRequest",
    collections.USER_CONSENT_REQUESTS: "policy_shapes.UserConsentRequest",
    collections.CONDITIONAL_ACCESS: "policy_shapes.ConditionalAccessPolicy",
    collections.CONNECTORS: Connector,
    collections.CONNECTOR_PARTS: shapes.ConnectorPart,
}
KINDS = {of.kind: read_as for of, read_as in _READ_AS.items()}


def _read_as(kind: str) -> FactType | type[shapes.Shape]:
    found = KINDS[kind]
    if isinstance(found, str):
        module, _, name = found.partition(".")
        named: type[shapes.Shape] = getattr(import_module(f"auditor.entra.{module}"), name)
        KINDS[kind] = named
        return named
    return found


def shape(kind: str) -> type[msgspec.Struct]:
    """What objects of a kind are decoded into; of facts made when it is first asked for."""
    found = _read_as(kind)
    return found.shape() if isinstance(found, FactType) else found


def members(kind: str) -> tuple[str, ...]:
    """The members of a kind's objects that are read."""
    found = _read_as(kind)
    return tuple(found.members()) if isinstance(found, FactType) else found.__struct_encode_fields__
