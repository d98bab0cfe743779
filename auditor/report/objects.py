"""The objects that a report is about: app registrations, service principals, connectors, tenants, credentials. Structs only.

The text below a member describes it, also in the JSON Schema (`regaudit schema report`).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from auditor.severity import Severity, Status

State = Literal["valid", "expiring", "expired", "not-yet-valid", "unknown"]
Reach = Literal["tier 0", "high", "other", "not evaluated"]
Exposure = Literal["way in", "credential", "none known", "not evaluated"]
Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]  # 2026-01-31T00:00:00Z


class Model(msgspec.Struct, gc=False):
    """An object of the report, with all of its members."""


class Row(Model, omit_defaults=True):
    """One of many objects of a kind: a member that is not there has its default."""


class Entity(Row):
    """An object of the tenant that rules are about."""

    app_id: str | None = None
    """Its Application (client) ID."""
    object_id: str | None = None
    """Its object ID, or a connector's own ID."""
    display_name: str | None = None
    """Its name."""
    tenant: int = 0
    """Position of its tenant in `tenants`."""
    file: int | None = None
    """Position in `files` of the file that it was read from; null for an object of a live tenant or a snapshot."""
    line: int | None = None
    """The line on which it begins."""
    pointer: str = ""
    """JSON Pointer (RFC 6901) of the object within the file."""
    owners: list[str] | None = None
    """Its owners, by user principal name or name; null where owners were not read."""
    tags: list[str] | None = None
    """Its tags; null where they are not known."""
    service_management_reference: str | None = None
    """Its reference to a system of service management."""
    areas: int | None = None
    """Position in `area_verdicts` of what each area of rules says of it; null where no rule applies to it."""
    findings: int = 0
    """Number of its findings, also of those that the report does not list."""
    worst_severity: Severity | None = None
    """The highest severity among its findings."""


class Owner(Model):
    """An owner, with `--inventory`."""

    name: str
    """User principal name or name."""
    object_id: str | None = None
    """Object ID."""
    kind: str | None = None
    """user, servicePrincipal, group."""


class RedirectUri(Model):
    """A redirect URI, with `--inventory`."""

    uri: str
    """The URI, without what may be secret in it."""
    platform: str
    """web, spa or publicClient."""


class _Permission(Model):
    resource_app_id: str | None = None
    """Application ID of the API."""
    resource_name: str | None = None
    """Name of the API."""
    permission_id: str | None = None
    """ID of the permission; null of a granted delegated one, which is granted by name."""
    permission: str | None = None
    """Name of the permission, such as User.Read."""
    kind: str | None = None
    """delegated or application."""
    tier: str | None = None
    """How far it reaches: tier 0, high, …"""


class Permission(_Permission):
    """An entry of API permissions, with `--inventory`."""

    granted: str | None = None
    """admin, user, preauthorized or no; null where it is not known."""


class FederatedCredential(Model):
    """A federated identity credential, with `--inventory`: whoever has a token of this issuer and subject signs in as the app."""

    name: str
    """Its name."""
    issuer: str | None = None
    """Who issues the tokens."""
    subject: str | None = None
    """Whose tokens they are: the subject, or the expression that claims must match."""


class Grant(_Permission):
    """A permission that a service principal was granted, with `--inventory`."""

    consent: str | None = None
    """admin or user."""
    users: int | None = None
    """Number of users who consented for themselves."""


class DirectoryRole(Model):
    """A directory role that a service principal holds, itself or by a group, with `--inventory`."""

    name: str | None = None
    """Its name, of a built-in role in English."""
    definition_id: str | None = None
    """Template ID of a built-in role, ID of a custom one."""
    tier: str | None = None
    """How far it reaches over the whole tenant: tier 0, high, …"""
    scope: str | None = None
    """What it is held over: / is the whole tenant."""


class Risk(Model):
    """How far an application reaches and how others get in, with `--inventory`. A registration and its service principal are one
    application. No severity follows from it, and none goes into it. not evaluated: something that decides is not known."""

    reach: Reach
    """How far its application permissions and directory roles reach, also those that it may have: tier 0, high; other: none of both."""
    reach_reasons: list[str]
    """What it follows from, and what is not known."""
    exposure: Exposure
    """How somebody else may sign in as it: way in, by what rules find; credential, by one that it has; none known: neither."""
    exposure_reasons: list[str]
    """What it follows from, and what is not known."""


class Inventory(Model):
    """What an app registration holds, with `--inventory`. What is null is not known."""

    sign_in_audience: str | None = None
    """Who can sign in: AzureADMyOrg, AzureADMultipleOrgs, …"""
    created: Time | None = None
    """When it was created."""
    service_principal_id: str | None = None
    """Object ID of its service principal in the tenant."""
    secrets: int | None = None
    """Number of its client secrets."""
    certificates: int | None = None
    """Number of its certificates."""
    federated_credentials: int | None = None
    """Number of its federated identity credentials."""
    requested_permissions: int | None = None
    """Number of its API permissions."""
    owners: list[Owner] | None = None
    """Its owners."""
    permissions: list[Permission] | None = None
    """What it requests: its API permissions."""
    redirect_uris: list[RedirectUri] | None = None
    """Its redirect URIs."""
    identifier_uris: list[str] | None = None
    """Its Application ID URIs."""
    incomplete: list[str] = []
    """Names of its lists that may have more entries."""
    federated: list[FederatedCredential] | None = None
    """Its federated identity credentials."""
    deactivated: bool | None = None
    """Whether an administrator has deactivated it."""
    risk: Risk | None = None
    """How far it reaches and how others get in; null in a report of an earlier version."""


class PrincipalInventory(Model):
    """What a service principal holds, with `--inventory`. What is null is not known."""

    enabled: bool | None = None
    """Whether users and applications can sign in with it."""
    home_tenant_id: str | None = None
    """Home tenant of its registration."""
    secrets: int | None = None
    """Number of its own client secrets."""
    certificates: int | None = None
    """Number of its own certificates."""
    owners: list[Owner] | None = None
    """Its owners."""
    grants: list[Grant] | None = None
    """What it was granted."""
    incomplete: list[str] = []
    """Names of its lists that may have more entries."""
    kind: str | None = None
    """What it stands for: Application, ManagedIdentity, …"""
    roles: list[DirectoryRole] | None = None
    """Directory roles that it holds."""
    risk: Risk | None = None
    """How far it reaches and how others get in; null in a report of an earlier version."""


class Application(Entity):
    """An app registration."""

    inventory: Inventory | None = None
    """What it holds, with `--inventory`."""


class ServicePrincipal(Entity):
    """A service principal (enterprise application)."""

    inventory: PrincipalInventory | None = None
    """What it holds, with `--inventory`."""


class Connector(Entity):
    """A custom connector of Power Platform. What it says of its client is null where it is not known."""

    kind: str = "connector"
    """connector, or api: the configuration of an API."""
    identity_provider: str | None = None
    """aad, oauth2, …"""
    signs_in_through_entra_id: bool | None = None
    """Whether it signs in through Microsoft Entra ID."""
    client_id: str | None = None
    """Application ID of its client."""
    tenant_id: str | None = None
    """Tenant that it signs in to."""
    resource_uri: str | None = None
    """The API that it asks a token for."""
    scopes: list[str] | None = None
    """The scopes that it asks for."""
    redirect_mode: str | None = None
    """Global or GlobalPerConnector."""
    redirect_uri: str | None = None
    """Its redirect URI."""
    on_behalf_of: bool | None = None
    """Whether it signs in on behalf of the user."""


class Credential(Row):
    """A client secret or certificate. It belongs to an app registration or to a service principal."""

    kind: Literal["secret", "certificate"]
    """Which of both it is."""
    state: State
    """At `run.as_of`; expiring: it ends within 30 days."""
    app: int | None = None
    """Position of its app registration in `applications`."""
    principal: int | None = None
    """Position of its service principal in `service_principals`."""
    key_id: str | None = None
    """Its key ID."""
    display_name: str | None = None
    """Its name."""
    start: Time | None = None
    """From when it is valid."""
    end: Time | None = None
    """Until when it is valid."""
    is_superseded: bool | None = False
    """Whether a later credential of the same kind has replaced it; null where it is not known."""
    signs_in: bool | None = True
    """Whether its owner can sign in with it: what signs SAML tokens, or encrypts tokens, is for that alone; null where it is not known."""


class Collection(Model):
    """A collection of a tenant, as a live tenant or a snapshot says of it."""

    collection: str
    """Its name."""
    status: Literal["complete", "selected", "unavailable", "partial", "denied", "failed"]
    """How much of it was read."""
    count: int = 0
    """Number of objects that were read."""
    reason: str | None = None
    """Why it was not read completely."""
    missing_permission: str | None = None
    """The permission that would be needed."""


class Tenant(Entity):
    """What is joined: a tenant, a folder, or all files that were named together."""

    tenant_id: str | None = None
    """ID of the tenant, where it is known."""
    folder: str | None = None
    """The folder whose files are joined."""
    portal: str | None = None
    """Address of the portal in which a live tenant is managed."""
    graph: str | None = None
    """Address of Microsoft Graph in its cloud."""
    complete_collections: list[str] = []
    """Collections of which every entry was read."""
    collections: list[Collection] = []
    """What the tenant or the snapshot says of each collection."""
    applications_read: int = 0
    """Number of app registrations."""
    service_principals_read: int = 0
    """Number of service principals."""


class AreaVerdict(Row):
    """What the rules of one area say of an object."""

    status: Status
    """fail; error, where a rule broke; not-evaluated, where a rule that none contradicts could not be evaluated; pass, where all that
    apply were."""
    reasons: list[int] = []
    """Positions in `not_evaluated`: why a part of the area is not evaluated."""
