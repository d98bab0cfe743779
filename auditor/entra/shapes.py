"""Shapes of the objects that joins read, where no module beside this one has them. Others follow from the declarations of facts.

An absent property is an `Unknown` that bears its name. Only what is read is declared; the rest of an object is skipped while decoding.
Source of the shapes: Microsoft Graph v1.0 metadata, and beta where a comment says so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import msgspec

from auditor.unknown import Unknown

Time = Annotated[datetime, msgspec.Meta(tz=True)]
Audience = Literal["AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"]
TokenVersion = Literal[1, 2]
PermissionType = Literal["Scope", "Role"]
ConsentLevel = Literal["User", "Admin"]
ConsentType = Literal["AllPrincipals", "Principal"]
# Property -> its values, or by the list that it stands in. Another value is unknown, never a default.
ENUMERATIONS: dict[str, tuple[Any, ...] | dict[str, tuple[Any, ...]]] = {
    "signInAudience": get_args(Audience),
    "requestedAccessTokenVersion": get_args(TokenVersion),
    "consentType": get_args(ConsentType),
    "type": {"resourceAccess": get_args(PermissionType), "oauth2PermissionScopes": get_args(ConsentLevel)},
}


ABSENT = "absent from the document"


def absent(name: str) -> Any:
    return Unknown(name, ABSENT)


class Concealed:
    """Secret material: what it looks like, "none", "placeholder" or "value"; whoever decodes it lets the material go."""

    __slots__ = ("form",)

    def __init__(self, form: str) -> None:
        self.form = form


class Shape(msgspec.Struct, rename="camel", gc=False):
    """Base: Python names in snake_case, documents in camelCase."""


class AppRoleAssignment(Shape):
    id: str | None = absent("id")
    app_role_id: str | None = absent("appRoleId")
    principal_id: str | None = absent("principalId")
    principal_type: str | None = absent("principalType")
    resource_id: str | None = absent("resourceId")


class VerifiedDomain(Shape):
    name: str | None = absent("verifiedDomains.name")


class Organization(Shape):
    id: str | None = absent("id")
    verified_domains: list[VerifiedDomain] | None = absent("verifiedDomains")


class ConnectorPart(Shape):
    """What a file beside a connector says of it: its definition (swagger), its settings, a solution's XML."""

    display_name: str | None = absent("the connector's name")
    host: str | None = absent("host")
    schemes: str | None = absent("schemes")  # of the definition, with blanks between; "" where it names none
    connector_id: str | None = absent("connectorId")
    variable: str | None = None  # an environment variable of its solution: name, value, and what it is without a value
    value: str | None = None
    default: str | None = None


class OnPremisesPublishing(Shape):
    """How Application Proxy publishes an application (beta)."""

    external_authentication_type: str | None = absent("onPremisesPublishing.externalAuthenticationType")
    external_url: str | None = absent("onPremisesPublishing.externalUrl")
    is_http_only_cookie_enabled: bool | None = absent("onPremisesPublishing.isHttpOnlyCookieEnabled")
    is_secure_cookie_enabled: bool | None = absent("onPremisesPublishing.isSecureCookieEnabled")
    is_persistent_cookie_enabled: bool | None = absent("onPremisesPublishing.isPersistentCookieEnabled")
    is_backend_certificate_validation_enabled: bool | None = absent("onPremisesPublishing.isBackendCertificateValidationEnabled")


class OnPremisesApplication(Shape):
    """An application as it is asked for alone: a list does not tell how it is published."""

    id: str | None = absent("id")
    on_premises_publishing: OnPremisesPublishing | None = absent("onPremisesPublishing")


class SynchronizationStatus(Shape):
    code: str | None = absent("status.code")


class SynchronizationJob(Shape):
    """A provisioning job of an application."""

    id: str | None = absent("id")
    template_id: str | None = absent("templateId")
    status: SynchronizationStatus | None = absent("status")


class SignIn(Shape):
    last_sign_in_date_time: Time | None = absent("lastSignInDateTime")


class SignInActivity(Shape):
    """A row of the report of service principals' sign-ins (beta)."""

    app_id: str | None = absent("appId")
    last_sign_in_activity: SignIn | None = absent("lastSignInActivity")
    delegated_client_sign_in_activity: SignIn | None = absent("delegatedClientSignInActivity")
    application_authentication_client_sign_in_activity: SignIn | None = absent("applicationAuthenticationClientSignInActivity")
