"""What rules may speak about: typed, joined, read-only. The docstrings are the facts reference."""

from __future__ import annotations

from auditor.entra.catalog import AbuseKind, Kind, Privilege
from auditor.entra.issuers import Service
from auditor.entra.shapes import Audience, ConsentLevel, ConsentType
from auditor.entra.steps import HopKind, PathStrength, StartKind
from auditor.facts.api import AppRole, ClassifiedPermission, Client, OptionalClaim, Permission, Resource, Scope, Token
from auditor.facts.app import AccountType, App
from auditor.facts.base import Fact
from auditor.facts.connector import Connector
from auditor.facts.connector_scope import ConnectorScope
from auditor.facts.credentials import Certificate, Credential, Secret
from auditor.facts.federated import ClaimTest, FederatedCredential, GitHubSubject
from auditor.facts.owner import Owner
from auditor.facts.paths import Hop, Path
from auditor.facts.permissions import DelegatedGrant, GrantedPermission, MailboxPolicy, RequestedPermission, RequestedResource
from auditor.facts.principal import RiskLevel, RiskState, ServicePrincipal
from auditor.facts.restrictions import AppPolicy, Limits, Restriction
from auditor.facts.roles import AzureRole, Group, HolderKind, Role, ScopeKind
from auditor.facts.tenant import ConsentCondition, ConsentRequest, GroupConsent, Tenant, UserConsent, WorkloadPolicy
from auditor.facts.uris import IdentifierUri, MobileFault, Platform, RedirectUri, RedirectUriSetting, ReplyUri, Uri

ROOTS: dict[str, type[Fact]] = {"app": App, "principal": ServicePrincipal, "connector": Connector, "tenant": Tenant}
TYPES: tuple[type[Fact], ...] = (
    App, ServicePrincipal, Connector, Tenant, Restriction, ConnectorScope, RedirectUri, ReplyUri, IdentifierUri, Uri, Scope, AppRole,
    Client, Resource, Permission, RequestedResource, RequestedPermission, GrantedPermission, DelegatedGrant, RedirectUriSetting, Limits,
    Credential, Secret, Certificate, FederatedCredential, GitHubSubject, ClaimTest, OptionalClaim, Owner, Role, Group, Path, Hop,
)  # fmt: skip

__all__ = [
    "ROOTS", "TYPES", "AbuseKind", "AccountType", "App", "AppPolicy", "AppRole", "Audience", "AzureRole", "Certificate", "ClaimTest",
    "ClassifiedPermission", "Client", "Connector", "ConnectorScope", "ConsentCondition", "ConsentLevel", "ConsentRequest", "ConsentType",
    "Credential", "DelegatedGrant", "Fact", "FederatedCredential", "GitHubSubject", "GrantedPermission", "Group", "GroupConsent",
    "HolderKind", "Hop", "HopKind", "IdentifierUri", "Kind", "Limits", "MailboxPolicy", "MobileFault", "OptionalClaim", "Owner", "Path",
    "PathStrength", "Permission", "Platform", "Privilege", "RedirectUri", "RedirectUriSetting", "ReplyUri", "RequestedPermission",
    "RequestedResource", "Resource", "Restriction", "RiskLevel", "RiskState", "Role", "Scope", "ScopeKind", "Secret", "Service",
    "ServicePrincipal", "StartKind", "Tenant", "Token", "Uri", "UserConsent", "WorkloadPolicy",
]  # fmt: skip
