"""What rules may speak about: typed, joined, read-only. The docstrings are the facts reference."""

from __future__ import annotations

from auditor.entra.catalog import AbuseKind, Kind, Privilege
from auditor.entra.issuers import Service
from auditor.entra.shapes import Audience, ConsentLevel, ConsentType
from auditor.facts.api import AppRole, ClassifiedPermission, Client, Permission, Resource, Scope
from auditor.facts.app import AccountType, App, Limits, OptionalClaim, RedirectUriSetting, Token
from auditor.facts.base import Fact
from auditor.facts.connector import Connector
from auditor.facts.connector_scope import ConnectorScope
from auditor.facts.credentials import Certificate, Credential, Secret
from auditor.facts.federated import ClaimTest, FederatedCredential, GitHubSubject
from auditor.facts.permissions import DelegatedGrant, GrantedPermission, RequestedPermission, RequestedResource
from auditor.facts.principal import Owner, RiskLevel, RiskState, ServicePrincipal
from auditor.facts.restrictions import AppPolicy, Restriction
from auditor.facts.roles import Group, HolderKind, Role, ScopeKind
from auditor.facts.tenant import ConsentCondition, ConsentRequest, Tenant, UserConsent, WorkloadPolicy
from auditor.facts.uris import IdentifierUri, MobileFault, Platform, RedirectUri, ReplyUri, Uri

ROOTS: dict[str, type[Fact]] = {"app": App, "principal": ServicePrincipal, "connector": Connector, "tenant": Tenant}
TYPES: tuple[type[Fact], ...] = (
    App, ServicePrincipal, Connector, Tenant, Restriction, AppPolicy, ConsentCondition, ConsentRequest, WorkloadPolicy, ConnectorScope,
    RedirectUri, ReplyUri, IdentifierUri, Uri, Scope, AppRole, ClassifiedPermission, Client, Resource, Permission, RequestedResource,
    RequestedPermission, GrantedPermission, DelegatedGrant, RedirectUriSetting, Limits, Credential, Secret, Certificate,
    FederatedCredential, GitHubSubject, ClaimTest, OptionalClaim, Owner, Role, Group,
)  # fmt: skip

__all__ = [
    "ROOTS", "TYPES", "AbuseKind", "AccountType", "App", "AppPolicy", "AppRole", "Audience", "Certificate", "ClaimTest",
    "ClassifiedPermission", "Client", "Connector", "ConnectorScope", "ConsentCondition", "ConsentLevel", "ConsentRequest", "ConsentType",
    "Credential", "DelegatedGrant", "Fact", "FederatedCredential", "GitHubSubject", "GrantedPermission", "Group", "HolderKind",
    "IdentifierUri", "Kind", "Limits", "MobileFault", "OptionalClaim", "Owner", "Permission", "Platform", "Privilege", "RedirectUri",
    "RedirectUriSetting", "ReplyUri", "RequestedPermission", "RequestedResource", "Resource", "Restriction", "RiskLevel", "RiskState",
    "Role", "Scope", "ScopeKind", "Secret", "Service", "ServicePrincipal", "Tenant", "Token", "Uri", "UserConsent", "WorkloadPolicy",
]  # fmt: skip
