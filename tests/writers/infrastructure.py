"""What Terraform keeps of a tenant whose applications its azuread provider manages: a state, and what `terraform show -json` prints."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from auditor.joins.known import INCOMPLETE
from auditor.sources.formats import azuread
from tests.writers import Files, Tenant, Writer

_Resource = tuple[str, str, dict[str, Any]]  # type, name, attributes


def _platform(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [{"redirect_uris": (item[name] or {}).get("redirectUris", [])}]


_SCOPE = {
    "id": "id", "value": "value", "type": "type", "isEnabled": "enabled", "adminConsentDisplayName": "admin_consent_display_name",
    "adminConsentDescription": "admin_consent_description", "userConsentDisplayName": "user_consent_display_name",
    "userConsentDescription": "user_consent_description",
}  # fmt: skip
_ROLE = {
    "id": "id", "value": "value", "displayName": "display_name", "description": "description", "isEnabled": "enabled",
    "allowedMemberTypes": "allowed_member_types",
}  # fmt: skip


def _scopes(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{_SCOPE[name]: value for name, value in one.items()} for one in items]


def _roles(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{_ROLE[name]: value for name, value in one.items()} for one in items]


def _claims(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"name": c["name"], "source": c["source"], "essential": c["essential"], "additional_properties": c["additionalProperties"]}
        for c in items
    ]


def _application(item: dict[str, Any]) -> dict[str, Any]:
    web, api, claims = item["web"], item["api"], item["optionalClaims"]
    implicit = web["implicitGrantSettings"] or {}
    groups = item["groupMembershipClaims"]
    return {
        "id": f"/applications/{item['id']}", "object_id": item["id"], "client_id": item["appId"], "display_name": item["displayName"],
        "sign_in_audience": item["signInAudience"], "identifier_uris": item["identifierUris"], "notes": item["notes"], "tags": item["tags"],
        "fallback_public_client_enabled": item["isFallbackPublicClient"], "group_membership_claims": groups.split(",") if groups else [],
        "native_authentication_apis_enabled": item["nativeAuthenticationApisEnabled"], "publisher_domain": item["publisherDomain"],
        "disabled_by_microsoft": item["disabledByMicrosoftStatus"], "service_management_reference": item["serviceManagementReference"],
        "template_id": item["applicationTemplateId"], "single_page_application": _platform(item, "spa"),
        "public_client": _platform(item, "publicClient"),
        "web": [{
            **_platform(item, "web")[0], "homepage_url": web["homePageUrl"], "logout_url": web["logoutUrl"],
            "implicit_grant": [{
                "access_token_issuance_enabled": implicit.get("enableAccessTokenIssuance"),
                "id_token_issuance_enabled": implicit.get("enableIdTokenIssuance"),
            }],
        }],
        "api": [{
            "requested_access_token_version": api["requestedAccessTokenVersion"], "mapped_claims_enabled": api["acceptMappedClaims"],
            "known_client_applications": api["knownClientApplications"], "oauth2_permission_scope": _scopes(api["oauth2PermissionScopes"]),
        }],
        "app_role": _roles(item["appRoles"]), "password": [],
        "optional_claims": [{
            "access_token": _claims(claims["accessToken"]), "id_token": _claims(claims["idToken"]), "saml2_token": _claims(claims["saml2Token"]),
        }] if claims else [],
        "required_resource_access": [
            {"resource_app_id": one["resourceAppId"], "resource_access": one["resourceAccess"]} for one in item["requiredResourceAccess"]
        ],
    }  # fmt: skip


def _principal(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"/servicePrincipals/{item['id']}", "object_id": item["id"], "client_id": item["appId"], "display_name": item["displayName"],
        "account_enabled": item["accountEnabled"], "app_role_assignment_required": item["appRoleAssignmentRequired"],
        "type": item["servicePrincipalType"], "application_tenant_id": item["appOwnerOrganizationId"], "redirect_uris": item["replyUrls"],
        "service_principal_names": item["servicePrincipalNames"], "preferred_single_sign_on_mode": item["preferredSingleSignOnMode"],
        "notification_email_addresses": item["notificationEmailAddresses"], "tags": item["tags"], "app_roles": _roles(item["appRoles"]),
        "oauth2_permission_scopes": _scopes(item["oauth2PermissionScopes"]),
    }  # fmt: skip


def _credentials(kind: str, owner: dict[str, str], item: dict[str, Any]) -> Iterator[_Resource]:
    for name, path in (("password", "passwordCredentials"), ("certificate", "keyCredentials")):
        for one in item[path]:
            own = {"key_id": one["keyId"], "start_date": one["startDateTime"], "end_date": one["endDateTime"], "value": "made up"}
            more = {"display_name": one["displayName"]} if name == "password" else {"type": one["type"], "encoding": "pem"}
            yield f"azuread_{kind}_{name}", one["keyId"], {**owner, **own, **more}


def _resources(tenant: Tenant) -> Iterator[_Resource]:
    for item in tenant["applications"]:
        owner = {"application_id": f"/applications/{item['id']}"}
        yield "azuread_application", item["id"], _application(item)
        for i, one in enumerate(item["api"]["preAuthorizedApplications"]):
            own = {"authorized_client_id": one["appId"], "permission_ids": one["delegatedPermissionIds"]}
            yield "azuread_application_pre_authorized", f"{item['id']}-{i}", {**owner, **own}
        yield from _credentials("application", owner, item)
    for item in tenant["servicePrincipals"]:
        yield "azuread_service_principal", item["id"], _principal(item)
        yield from _credentials("service_principal", {"service_principal_id": f"/servicePrincipals/{item['id']}"}, item)
    for i, one in enumerate(tenant["appRoleAssignments"]):
        path = f"{one['resourceId']}/appRoleAssignment/{one['id']}"
        own = {
            "id": path,
            "app_role_id": one["appRoleId"],
            "principal_object_id": one["principalId"],
            "resource_object_id": one["resourceId"],
        }
        yield "azuread_app_role_assignment", str(i), own
    for i, one in enumerate(tenant["oauth2PermissionGrants"]):
        own = {
            "id": one["id"], "service_principal_object_id": one["clientId"], "resource_service_principal_object_id": one["resourceId"],
            "claim_values": (one["scope"] or "").split(), "user_object_id": one.get("principalId"),
        }  # fmt: skip
        yield "azuread_service_principal_delegated_permission_grant", str(i), own


def shown(tenant: Tenant) -> Files:
    resources = [
        {"address": f'{kind}.all["{name}"]', "mode": "managed", "type": kind, "name": "all", "index": name, "values": values}
        for kind, name, values in _resources(tenant)
    ]
    state = {"format_version": "1.0", "terraform_version": "1.9.5", "values": {"root_module": {"resources": resources}}}
    return {"state.json": json.dumps(state, indent=2).encode()}


def raw(tenant: Tenant) -> Files:
    resources = [
        {"mode": "managed", "type": kind, "name": "all", "instances": [{"index_key": name, "attributes": values}]}
        for kind, name, values in _resources(tenant)
    ]
    state = {"version": 4, "terraform_version": "1.9.5", "serial": 1, "lineage": "x", "outputs": {}, "resources": resources}
    return {"terraform.tfstate": json.dumps(state, indent=2).encode()}


def _fitting(tenant: Tenant) -> Tenant:
    """What the provider's resources can make: certificates that verify, an application once in a list of clients,
    a grant of a user's or of all."""
    found = copy.deepcopy(tenant)
    for item in [*found["applications"], *found["servicePrincipals"]]:
        item["keyCredentials"] = [one for one in item["keyCredentials"] if one["usage"] == "Verify" and one["type"] == "AsymmetricX509Cert"]
        for one in item["keyCredentials"]:
            one["customKeyIdentifier"] = None
    for item in found["applications"]:
        clients = {one["appId"]: one for one in item["api"]["preAuthorizedApplications"]}
        item["api"]["preAuthorizedApplications"] = list(clients.values())
    for grant in found["oauth2PermissionGrants"]:
        grant["principalId"] = None if grant["consentType"] == "AllPrincipals" else "dddddddd-0000-4000-8000-000000000001"
    return found


_ALL = ("applications", "servicePrincipals", "oauth2PermissionGrants", "appRoleAssignments")
_WHYS = frozenset({azuread.NOT_MANAGED, azuread.NO_SUCH.why, INCOMPLETE})  # a configuration seldom manages a whole tenant
WRITERS: tuple[Writer, ...] = (
    Writer("terraform show -json", "Terraform plan or state", shown, _ALL, _WHYS, fitting=_fitting),
    Writer("terraform.tfstate", "Terraform state file", raw, _ALL, _WHYS, fitting=_fitting),
)


# -- Azure Resource Manager

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
_READ_ONLY = ("id", "appId", "createdDateTime", "publisherDomain", "disabledByMicrosoftStatus", "verifiedPublisher")


def template(tenant: Tenant) -> Files:
    """As `bicep build` writes it: who deploys an application does not name its IDs, and texts that begin with [ are expressions."""
    resources = {
        f"app{i}": {
            "import": "microsoftGraphV1", "type": "Microsoft.Graph/applications@v1.0",
            "properties": {"uniqueName": f"app{i}", **{name: value for name, value in item.items() if name not in _READ_ONLY}},
        }
        for i, item in enumerate(tenant["applications"])
    }  # fmt: skip
    whole = {"$schema": _SCHEMA, "languageVersion": "2.1-experimental", "contentVersion": "1.0.0.0", "resources": resources}
    return {"main.json": json.dumps(whole, indent=2).encode()}


def _named(tenant: Tenant) -> Tenant:
    """Applications that their display names tell apart."""
    found = copy.deepcopy(tenant)
    for i, item in enumerate(found["applications"]):
        item["displayName"] = f"Application {i}"
    return found


WRITERS += (
    Writer(
        "bicep build", "Azure Resource Manager template", template, ("applications",), frozenset({"not in the template", INCOMPLETE}),
        key="display_name", fitting=_named,
    ),
)  # fmt: skip
