"""The federation supply chain as data: who can sign in with tokens of somebody else, as which application, and what that can do.

The text below a member describes it, also in the JSON Schema (`regaudit schema federation`). Texts are clean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from auditor.display import clean_or_none, show
from auditor.engine.rows import identity_of, owner_names
from auditor.entra.workloads import Workload, issuing_app, workload
from auditor.facts import App, FederatedCredential, ServicePrincipal
from auditor.joins.world import World
from auditor.report import model, objects, tables
from auditor.report.objects import Model
from auditor.report.risk import tier_of_role
from auditor.results import Loaded
from auditor.unknown import Partial, is_unknown, known

SCHEMA_VERSION = "1.0"
# What decides what an application can do.
READ = (
    "applications", "federatedIdentityCredentials", "servicePrincipals", "oauth2PermissionGrants", "appRoleAssignments", "owners",
    "organization", "roleAssignments", "roleDefinitions", "groups", "groupMembers",
)  # fmt: skip
Tier = Literal["tier 0", "high", "unknown", "medium", "low", "unrated", "none"]
TIERS: tuple[Tier, ...] = ("tier 0", "high", "unknown", "medium", "low", "unrated", "none")  # the worst first


class Trust(Model):
    """A federated identity credential: whose tokens it takes, as which application they sign in, and what that can do."""

    issued_by: str
    """Who issues the tokens: GitHub, GitLab, Azure DevOps, Kubernetes, …; managed identity; other; unknown."""
    workload: str
    """Whose they are: repository, project, service account, managed identity; else the subject. "unknown" where it was not read."""
    bound_to: str | None
    """What they are bound to besides: environment, branch, service connection, cluster, tenant; null for nothing."""
    issuer: str | None
    """Issuer."""
    subject: str | None
    """Subject, or the expression that claims must match; null where it was not read."""
    is_flexible: bool | None
    """Whether an expression decides; null where that is not known."""
    problem: str | None
    """Why no token has this issuer or subject, as far as their forms tell; null where one may."""
    credential: str
    """Name of the federated identity credential."""
    app_display_name: str | None
    """Name of the application."""
    app_id: str | None
    """Its Application (client) ID."""
    object_id: str | None
    """Object ID of its registration."""
    tenant_id: str | None
    """The tenant, where it is known."""
    owners: list[str] | None
    """Owners of the registration; null where they are not known."""
    tier: Tier
    """How far its application permissions and directory roles reach; of delegated permissions, which need a user, nothing. unknown: none of
    those that are known is high, and others may be."""
    permissions: list[objects.Grant] | None
    """Permissions that its service principal was granted; null where they are not known."""
    roles: list[objects.DirectoryRole] | None
    """Directory roles that its service principal holds; null where they are not known."""
    unknown: list[str]
    """What is not known, or not wholly: granted permissions, directory roles."""


class Federation(Model):
    """Federated identity credentials, those first that reach far."""

    schema_version: str
    """Version of this schema: within one major version members are only added."""
    tool: model.Tool
    """What made it."""
    as_of: objects.Time
    """The moment that counts as now."""
    registrations: int
    """Number of app registrations."""
    not_known: int
    """Number of those of which not all federated identity credentials are known."""
    credentials: list[Trust]
    """The federated identity credentials."""


def trusts(loaded: Loaded) -> Iterator[Trust]:
    """Each federated identity credential that was read."""
    for world in loaded.worlds:
        apps: list[Any] = world.apps
        for app in apps:
            credentials: Any = app.federated_credentials
            if not is_unknown(credentials):
                for credential in known(credentials):
                    yield _trust(credential, app, world)


def in_order(rows: list[Trust]) -> list[Trust]:
    return sorted(rows, key=lambda row: (TIERS.index(row.tier), row.issued_by, row.workload, row.app_display_name or "", row.credential))


def _trust(credential: FederatedCredential, app: App, world: World) -> Trust:
    issued_by, of = _workload(credential, world)
    subject, expression = clean_or_none(credential.subject), clean_or_none(credential.claims_expression)
    tenant: Any = world.tenant.id
    identity = identity_of(app)
    permissions, roles, unknown = _held(app)
    return Trust(
        issued_by, show(of.name), show(of.bound) if of.bound else None, clean_or_none(credential.issuer), subject or expression,
        None if is_unknown(credential.subject) and not expression else not subject, _problem(credential), show(credential),
        identity.name, identity.app_id, identity.object_id, clean_or_none(tenant), owner_names(app), _tier(permissions, roles, unknown),
        permissions, roles, unknown,
    )  # fmt: skip


def _workload(credential: FederatedCredential, world: World) -> tuple[str, Workload]:
    """Who issues the tokens, and whose they are."""
    service: Any = credential.issued_by
    issuer: Any = credential.issuer
    if is_unknown(service) or is_unknown(issuer):
        return "unknown", Workload("unknown")
    subject = _pattern(credential)
    if subject is None:
        return service or "other", Workload("unknown")
    of = workload(service, issuer, subject)
    tenant: Any = credential.issuing_tenant
    if not is_unknown(tenant) and tenant is not None:
        holder: Any = credential.managed_identity
        name: Any = holder.display_name if isinstance(holder, ServicePrincipal) else None
        named = f"{name} ({of.name})" if isinstance(name, str) and name else of.name
        home: Any = world.tenant.id
        where = "this tenant" if tenant == home else f"tenant {tenant}" if is_unknown(home) else f"another tenant, {tenant}"
        return "managed identity", Workload(named, where)
    if (app_id := issuing_app(subject)) is not None:
        return world.catalog.first_party.get(app_id, "Microsoft Entra ID"), of
    return service or "other", of


def _pattern(credential: FederatedCredential) -> str | None:
    """The subject; of a flexible credential the pattern of its subject, or the expression; None where it was not read."""
    subject: Any = credential.subject
    if isinstance(subject, str) and subject:
        return subject
    tests: Any = credential.claim_tests
    for test in () if is_unknown(tests) else known(tests):
        if test.claim == "sub":
            return str(test.pattern)
    expression: Any = credential.claims_expression
    return expression if isinstance(expression, str) and expression else None


def _problem(credential: FederatedCredential) -> str | None:
    return clean_or_none(credential.issuer_problem) or clean_or_none(credential.subject_problem)


def _held(app: App) -> tuple[list[objects.Grant] | None, list[objects.DirectoryRole] | None, list[str]]:
    """What the service principal of an application can do. Where it has none, it can do nothing in this tenant."""
    principal: Any = app.service_principal
    if principal is None:
        return [], [], []
    lists: list[Any] = []
    unknown: list[str] = []
    for name, what, row in (
        ("granted_permissions", "granted permissions", tables.grant_row), ("roles", "directory roles", tables.role_row),
    ):  # fmt: skip
        values: Any = principal if is_unknown(principal) else getattr(principal, name)
        if is_unknown(values) or isinstance(values, Partial):
            unknown.append(what)
        lists.append(None if is_unknown(values) else [row(one) for one in known(values)])
    return lists[0], lists[1], unknown


def _tier(permissions: list[objects.Grant] | None, roles: list[objects.DirectoryRole] | None, unknown: list[str]) -> Tier:
    tiers: list[Any] = [grant.tier for grant in permissions or () if grant.kind == "application"]
    tiers += [tier_of_role(role) for role in roles or ()]
    rated = {tier for tier in tiers if tier in TIERS} | ({"unknown"} if unknown or None in tiers else set())
    return next((tier for tier in TIERS if tier in rated), "none")
