"""What a rule sees of one object: each fact from documents, and what it is when the document does not say."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import joins
from auditor.diagnose.examples import read
from auditor.entra.collections import HOST_ANSWERS
from auditor.facts import (
    App,
    ClaimTest,
    Fact,
    FederatedCredential,
    IdentifierUri,
    Owner,
    RedirectUri,
    Restriction,
    Secret,
    ServicePrincipal,
    Tenant,
)  # fmt: skip
from auditor.joins.world import World
from auditor.unknown import Partial, Unknown, known

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
APP_ID, TENANT, OTHER = (
    "11111111-1111-4111-8111-111111111111",
    "22222222-2222-4222-8222-222222222222",
    "33333333-3333-4333-8333-333333333333",
)
ORGANIZATION = {"id": TENANT, "verifiedDomains": [{"name": "Contoso.com"}, {"name": "contoso.onmicrosoft.com"}]}


def world(value: Any) -> World:
    documents = read(json.dumps(value))
    assert not documents.errors
    return joins.worlds(documents, NOW)[0]


def app(**properties: Any) -> App:
    """A registration alone: nothing else of its tenant is known."""
    (found,) = world({"id": "o", "appId": APP_ID, "displayName": "Payroll", **properties}).apps
    return found


def app_at_home(**properties: Any) -> App:
    """A registration of which the tenant is known too."""
    found = world({"applications": [{"id": "o", "appId": APP_ID, "displayName": "Payroll", **properties}], "organization": ORGANIZATION})
    return found.apps[0]


def principal(**properties: Any) -> ServicePrincipal:
    (found,) = world({"servicePrincipal": {"id": "p", "appId": APP_ID, "displayName": "Payroll", **properties}}).principals
    return found


def unknown(value: object) -> bool:
    return value.__class__ is Unknown


def partly(values: Any) -> list[Any]:
    """What is known of a list that is only partly known."""
    assert values.__class__ is Partial
    return list(known(values))


def redirect(uri: str, platform: str = "web") -> RedirectUri:
    platforms: dict[str, Any] = {"web": None, "spa": None, "publicClient": None, platform: {"redirectUris": [uri]}}
    (found,) = app(**platforms).redirect_uris
    return found


# -- texts, switches and lists


@pytest.mark.parametrize(
    ("fact", "path", "when_null"),
    [
        ("created", "createdDateTime", None),
        ("audience", "signInAudience", ""),
        ("multi_tenant", "signInAudience", False),
        ("personal_accounts", "signInAudience", False),
        ("accepts", "signInAudience", []),
        ("disabled_by_microsoft", "disabledByMicrosoftStatus", ""),
        ("deactivated", "isDisabled", False),
        ("fallback_public_client", "isFallbackPublicClient", False),
        ("group_claims", "groupMembershipClaims", []),
        ("publisher_domain", "publisherDomain", ""),
        ("service_management_reference", "serviceManagementReference", ""),
        ("template_id", "applicationTemplateId", ""),
        ("token_encryption_key_id", "tokenEncryptionKeyId", ""),
        ("default_redirect_uri", "defaultRedirectUri", ""),
        ("notes", "notes", ""),
        ("native_authentication", "nativeAuthenticationApisEnabled", ""),
        ("tags", "tags", []),
        ("identifier_uris", "identifierUris", []),
        ("app_roles", "appRoles", []),
        ("secrets", "passwordCredentials", []),
        ("certificates", "keyCredentials", []),
        ("requested_resources", "requiredResourceAccess", []),
        ("requested_permissions", "requiredResourceAccess", []),
        ("optional_claims", "optionalClaims", []),
        ("verified_publisher", "verifiedPublisher", False),
        ("weak_signature_algorithms", "requestSignatureVerification", ""),
        ("lock_enabled", "servicePrincipalLockConfiguration", False),
        ("requires_client_principal", "authenticationBehaviors", True),
        ("removes_unverified_email", "authenticationBehaviors", True),
        ("blocks_azure_ad_graph", "authenticationBehaviors", False),
        ("home_page_url", "web", ""),
        ("logout_url", "web", None),
        ("implicit_access_tokens", "web", False),
        ("implicit_id_tokens", "web", False),
        ("redirect_uri_settings", "web", []),
        ("access_token_version", "api", 1),
        ("token_version_set", "api", False),
        ("accept_mapped_claims", "api", False),
        ("scopes", "api", []),
        ("preauthorized_clients", "api", []),
        ("known_clients", "api", []),
    ],
)
def test_null_is_known_and_absent_is_not(fact: str, path: str, when_null: Any) -> None:
    assert getattr(app(**{path: None}), fact) == when_null
    assert unknown(getattr(app(), fact))


@pytest.mark.parametrize(
    ("fact", "inside", "value", "seen"),
    [
        ("implicit_access_tokens", "web/implicitGrantSettings/enableAccessTokenIssuance", True, True),
        ("implicit_id_tokens", "web/implicitGrantSettings/enableIdTokenIssuance", True, True),
        ("home_page_url", "web/homePageUrl", "https://x", "https://x"),
        ("access_token_version", "api/requestedAccessTokenVersion", 2, 2),
        ("token_version_set", "api/requestedAccessTokenVersion", 1, True),
        ("accept_mapped_claims", "api/acceptMappedClaims", True, True),
        ("verified_publisher", "verifiedPublisher/verifiedPublisherId", "12345", True),
        ("weak_signature_algorithms", "requestSignatureVerification/allowedWeakAlgorithms", "rsaSha1", "rsaSha1"),
        ("lock_enabled", "servicePrincipalLockConfiguration/isEnabled", True, True),
        ("removes_unverified_email", "authenticationBehaviors/removeUnverifiedEmailClaim", False, False),
        ("requires_client_principal", "authenticationBehaviors/requireClientServicePrincipal", False, False),
        ("blocks_azure_ad_graph", "authenticationBehaviors/blockAzureADGraphAccess", True, True),
    ],
)
def test_a_property_within_is_read_or_unknown_when_it_alone_is_absent(fact: str, inside: str, value: Any, seen: Any) -> None:
    *outer, last = inside.split("/")

    def wrapped(inner: dict[str, Any]) -> dict[str, Any]:
        for name in reversed(outer):
            inner = {name: inner}
        return inner

    assert getattr(app(**wrapped({last: value})), fact) == seen
    assert unknown(getattr(app(**wrapped({})), fact))


@pytest.mark.parametrize(
    ("claims", "seen"),
    [
        ("SecurityGroup", ["SecurityGroup"]),
        ("SecurityGroup, ApplicationGroup", ["SecurityGroup", "ApplicationGroup"]),
        ("DirectoryRole,All", ["DirectoryRole", "All"]),
        ("None", []),
        ("", []),
    ],
)
def test_group_claims(claims: str, seen: list[str]) -> None:
    assert app(groupMembershipClaims=claims).group_claims == seen


# -- account types


@pytest.mark.parametrize(
    ("audience", "accepts", "multi_tenant", "personal"),
    [
        ("AzureADMyOrg", ["this tenant"], False, False),
        ("AzureADMultipleOrgs", ["this tenant", "other tenants"], True, False),
        ("AzureADandPersonalMicrosoftAccount", ["this tenant", "other tenants", "personal accounts"], True, True),
        ("PersonalMicrosoftAccount", ["personal accounts"], False, True),
        ("azureadmyorg", ["this tenant"], False, False),
    ],
)
def test_whose_accounts_can_sign_in_and_what_that_allows(audience: str, accepts: list[str], multi_tenant: bool, personal: bool) -> None:
    found = app(signInAudience=audience)
    assert (found.accepts, found.multi_tenant, found.personal_accounts) == (accepts, multi_tenant, personal)
    assert found.audience.lower() == audience.lower()
    limits = found.limits
    assert (limits.redirect_uris, limits.secrets, limits.identifier_uri_length) == ((100, 2, 120) if personal else (256, None, 255))
    assert (limits.requested_permissions, limits.permissions_per_resource) == ((200, 30) if personal else (400, None))
    assert (limits.scope_value_length, limits.scopes, limits.identifier_uris) == ((40, 100, 50) if personal else (120, None, None))
    assert (limits.preauthorized_clients, limits.display_name_length) == ((100, 90) if personal else (None, 120))
    assert limits.requested_resources == 50


def test_without_audience_there_are_no_limits_to_speak_of() -> None:
    assert unknown(app().limits)
    assert unknown(app().accepts)


# -- redirect URIs


def test_a_redirect_uri_is_split_once_and_as_entra_id_compares_it() -> None:
    uri = redirect("HTTPS://User@Pay.Contoso.COM:8443/Cb/Sub?State=A#Frag")
    assert (uri.scheme, uri.host, uri.port, uri.path, uri.query, uri.fragment) == (
        "https",
        "pay.contoso.com",
        8443,
        "/Cb/Sub",
        "?State=A",
        "#Frag",
    )
    assert uri.platform == "web"
    assert uri.domain == "contoso.com"
    assert (uri.loopback, uri.ip_literal, uri.internationalized, uri.custom_scheme) == (False, False, False, False)


def test_platforms_and_hosts() -> None:
    found = app(
        web={"redirectUris": ["https://a.contoso.com/1", "https://A.contoso.com/2"]}, spa={"redirectUris": ["http://localhost:3000"]},
        publicClient={"redirectUris": ["https://b.contoso.com", "myapp://auth"]},
    )  # fmt: skip
    assert [uri.platform for uri in found.redirect_uris] == ["web", "web", "spa", "publicClient", "publicClient"]
    assert found.redirect_hosts == ["a.contoso.com", "b.contoso.com", "auth"]


def test_a_platform_that_was_not_read_leaves_the_list_open() -> None:
    found = app(web={"redirectUris": ["https://a.contoso.com"]}, spa=None)
    assert [uri.value for uri in partly(found.redirect_uris)] == ["https://a.contoso.com"]
    assert unknown(found.redirect_hosts)
    assert partly(app(web={}, spa=None, publicClient=None).redirect_uris) == []


@pytest.mark.parametrize(
    ("uri", "facts"),
    [
        ("http://localhost:5000/cb", {"loopback": True, "portless": "http://localhost/cb", "port": 5000, "domain": ""}),
        ("http://127.0.0.1/cb", {"loopback": True, "ip_literal": True, "portless": "http://127.0.0.1/cb", "port": None}),
        ("http://[::1]:7/cb", {"loopback": True, "ip_literal": True, "host": "[::1]", "port": 7, "domain": ""}),
        ("http://localhost.contoso.com", {"loopback": False}),
        ("https://10.0.0.1/cb", {"ip_literal": True, "loopback": False, "domain": ""}),
        ("https://1.2.3.4.contoso.com", {"ip_literal": False}),
        ("https://bücher.example", {"internationalized": True}),
        ("https://a.xn--bcher-kva.example", {"internationalized": True}),
        ("https://xnfoo.example", {"internationalized": False}),
        ("myapp://auth", {"custom_scheme": True, "scheme": "myapp", "host": "auth", "domain": ""}),
        ("urn:ietf:wg:oauth:2.0:oob", {"custom_scheme": False, "scheme": "urn", "host": ""}),
        ("com.contoso.app:/cb", {"custom_scheme": True, "scheme": "com.contoso.app", "path": "/cb"}),
        ("/relative", {"scheme": "", "well_formed": False, "custom_scheme": False, "path": "/relative"}),
        ("", {"scheme": "", "well_formed": False}),
        ("https://a.contoso.com/cb//", {"slashless": "https://a.contoso.com/cb"}),
        ("https://global.consent.azure-apim.net/redirect/x", {"shared_callback": True, "takeover_prone": None}),
        ("https://token.botframework.com/.auth/web/redirect", {"shared_callback": True}),
        ("https://sub.token.botframework.com/", {"shared_callback": False}),
        ("https://payroll.azurewebsites.net/cb", {"takeover_prone": "Azure App Service", "third_party": None}),
        ("https://payroll.SCM.azurewebsites.net", {"takeover_prone": "Azure App Service"}),
        ("https://payroll-a1b2.westeurope-01.azurewebsites.net", {"takeover_prone": None}),
        ("https://a1.ngrok.io/cb", {"third_party": "tunnel", "takeover_prone": None}),
        ("https://jwt.ms", {"third_party": "test tool"}),
        ("https://bit.ly/x", {"third_party": "shortener"}),
    ],
)
def test_what_a_redirect_uri_is(uri: str, facts: dict[str, Any]) -> None:
    found = redirect(uri)
    assert {name: getattr(found, name) for name in facts} == facts


@pytest.mark.parametrize(
    ("uri", "well_formed"),
    [
        ("https://a.contoso.com/cb?x=1#f", True),
        ("https://a.contoso.com/~user@home", True),
        ("myapp://auth", True),
        ("urn:x:y", True),
        ("http://[::1]:80/cb", True),
        ("https:///cb", False),
        ("https:a.contoso.com", False),
        ("https://user@a.contoso.com/", False),
        ("https://a.contoso.com:port/", False),
        ("https://a..contoso.com/", False),
        ("https://a.contoso.com/a b", False),
        ("https://a.contoso.com\\@evil.example", False),
        ("https://a.contoso.com/\n", False),
        (" https://a.contoso.com", False),
        ("https://a.contoso.com/<x>", False),
    ],
)
def test_well_formed_uris(uri: str, well_formed: bool) -> None:
    assert redirect(uri).well_formed is well_formed


@pytest.mark.parametrize(
    ("uri", "app_id"),
    [
        (f"ms-appx-web://Microsoft.AAD.BrokerPlugin/{APP_ID.upper()}", APP_ID),
        (f"msal{OTHER}://auth", OTHER),
        ("ms-appx-web://Microsoft.AAD.BrokerPlugin/S-1-15-2-123", None),
        ("msauth://com.contoso.app/abc", None),
        ("msauth.com.contoso.app://auth", None),
        ("msalnothing://auth", None),
        (f"https://msal.contoso.com/{APP_ID}", None),
    ],
)
def test_the_app_id_that_a_broker_uri_names(uri: str, app_id: str | None) -> None:
    assert redirect(uri, "publicClient").broker_app_id == app_id


@pytest.mark.parametrize(
    ("uri", "verified"),
    [
        ("https://contoso.com/cb", True),
        ("https://a.b.CONTOSO.com", True),
        ("https://contoso.onmicrosoft.com", True),
        ("https://notcontoso.com", False),
        ("https://contoso.com.evil.example", False),
        ("urn:x", False),
    ],
)
def test_hosts_under_a_verified_domain(uri: str, verified: bool) -> None:
    at_home = app_at_home(web={"redirectUris": [uri]}, spa=None, publicClient=None)
    assert at_home.redirect_uris[0].verified_domain is verified
    assert unknown(redirect(uri).verified_domain)


def test_a_placeholder_of_a_template_is_no_uri_and_no_id() -> None:
    found = app(
        appId="${{AAD_APP_CLIENT_ID}}", spa=None, publicClient=None, identifierUris=["api://{{domain}}/x", f"api://{APP_ID}"],
        web={"redirectUris": ["https://${{TAB_DOMAIN}}/cb", "https://a.contoso.com"]},
    )  # fmt: skip
    assert [uri.value for uri in partly(found.redirect_uris)] == ["https://a.contoso.com"]
    assert [uri.value for uri in partly(found.identifier_uris)] == [f"api://{APP_ID}"]
    assert unknown(found.app_id)
    assert unknown(app(appId="<app id>").app_id)


@pytest.mark.parametrize("uri", ["http://evil.contoso.com/cb?x=${y}", "https://{{x}}.contoso.com/cb", "https://a.contoso.com/${{p}}"])
def test_a_placeholder_in_a_registration_with_ids_is_a_value(uri: str) -> None:
    found = app(id="11111111-1111-4111-8111-111111111111", web={"redirectUris": [uri], "logoutUrl": uri}, spa=None, publicClient=None)
    assert [one.value for one in found.redirect_uris] == [uri]
    assert found.logout_url is not None
    assert found.logout_url.value == uri


def test_what_stands_beside_a_placeholder_is_known() -> None:
    web = {"redirectUris": ["http://evil.contoso.com/cb?x=${y}"], "logoutUrl": "http://${{HOST}}/out"}
    found = app(appId="${{AAD_APP_CLIENT_ID}}", web=web, spa=None, publicClient=None)
    (uri,) = found.redirect_uris
    assert (uri.scheme, uri.host, uri.platform, uri.loopback) == ("http", "evil.contoso.com", "web", False)
    assert all(unknown(fact) for fact in (uri.value, uri.path, uri.query, uri.also_on, uri.slashless))
    assert str(uri) == "http://evil.contoso.com/cb?…"
    assert unknown(found.logout_url)


def test_a_dot_at_the_end_of_a_host_is_not_part_of_it() -> None:
    uri = redirect("https://evil.azurewebsites.net./cb")
    assert (uri.host, uri.takeover_prone) == ("evil.azurewebsites.net", "Azure App Service")
    assert not redirect("https://evil.contoso.com../cb").well_formed


def test_settings_of_redirect_uris_and_the_logout_url() -> None:
    web = {"redirectUriSettings": [{"uri": "https://a", "index": 2}, {"uri": "https://b", "index": None}, {}], "logoutUrl": "HTTP://x/out"}
    found = app(web=web)
    assert [(s.uri, s.index) for s in found.redirect_uri_settings[:2]] == [("https://a", 2), ("https://b", None)]
    assert unknown(found.redirect_uri_settings[2].index)
    assert found.logout_url is not None
    assert (found.logout_url.scheme, found.logout_url.host) == ("http", "x")
    assert app(web={"logoutUrl": ""}).logout_url is None
    assert unknown(app(web={}).logout_url)


URI_TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="aZ1.:/@[]?#%*\\ \n$-_é٣²xn", max_size=30),
    st.tuples(st.sampled_from(["https://", "http://", "api://", "ms-appx-web://", "msal", "HTTPS:", "urn:"]), st.text(max_size=20)).map(
        "".join
    ),
)


@settings(deadline=None)
@given(st.lists(URI_TEXTS, max_size=4))
def test_no_text_breaks_the_splitting_of_uris(texts: list[str]) -> None:
    web = {"redirectUris": texts, "logoutUrl": texts[0] if texts else None}
    one = {"appId": APP_ID, "web": web, "spa": None, "publicClient": None, "identifierUris": texts}
    (found,) = world({"applications": [one], "servicePrincipals": [], "organization": ORGANIZATION}).apps
    uris: list[Fact] = [*known(found.redirect_uris), *known(found.identifier_uris), *([found.logout_url] if found.logout_url else [])]
    for uri in uris:
        for name in (name for name, of in type(uri).FACTS.items() if HOST_ANSWERS not in of.unknown_without):
            assert not unknown(getattr(uri, name)), name
        parts = f"{getattr(uri, 'path')}{getattr(uri, 'query')}{getattr(uri, 'fragment')}"  # noqa: B009
        assert getattr(uri, "value").endswith(parts)  # noqa: B009


# -- Application ID URIs


def identifier(value: str, home: bool = True) -> IdentifierUri:
    make = app_at_home if home else app
    return make(identifierUris=[value]).identifier_uris[0]


FORMS = [
    # Microsoft's table; the last column says whether the form is clear without the tenant.
    (f"api://{APP_ID}", "api-app-id", True),
    (f"api://{APP_ID.upper()}", "api-app-id", True),
    (f"api://{TENANT}", "api-tenant", False),
    (f"api://{TENANT}/{APP_ID}", "api-tenant-app-id", False),
    (f"api://{TENANT}/payroll", "api-tenant-string", False),
    (f"api://payroll/{APP_ID}", "api-string-app-id", True),
    (f"api://pay.contoso.com/{APP_ID}", "api-string-app-id", True),
    (f"api://{OTHER}/{APP_ID}", "api-string-app-id", False),
    ("https://contoso.onmicrosoft.com/payroll", "tenant-domain", False),
    ("https://contoso.com", "verified-domain", False),
    ("https://contoso.com/payroll/v1", "verified-domain", False),
    ("https://pay.contoso.com", "verified-domain", False),
    ("https://pay.contoso.com/v1", "verified-domain", False),
    ("api://pay.contoso.com/v1", "api-verified-domain", False),
    # Outside it.
    ("https://fabrikam.com/payroll", "other", False),
    ("https://fabrikam.onmicrosoft.com/payroll", "other", False),
    ("https://pay.contoso.com/", "other", True),
    ("http://contoso.com/payroll", "other", True),
    (f"api://{OTHER}", "other", False),
    (f"api://{OTHER}/payroll", "other", False),
    ("api://payroll", "other", True),
    (f"api://{APP_ID}/", "other", True),
    (f"api:///{APP_ID}", "other", True),
    (f"api://{APP_ID}?x=1", "other", True),
    ("urn:contoso:payroll", "other", True),
    ("payroll", "other", True),
]  # fmt: skip


@pytest.mark.parametrize(("uri", "form", "clear"), FORMS)
def test_the_form_of_an_application_id_uri(uri: str, form: str, clear: bool) -> None:
    assert identifier(uri).form == form
    alone = identifier(uri, home=False).form
    assert alone == form if clear else unknown(alone)


def test_forms_when_only_one_half_of_the_tenant_is_known() -> None:
    uris = [f"api://{TENANT}/payroll", "https://pay.contoso.com"]
    without_domains = world({"applications": [{"appId": APP_ID, "identifierUris": uris}], "organization": {"id": TENANT}}).apps[0]
    assert without_domains.identifier_uris[0].form == "api-tenant-string"
    assert unknown(without_domains.identifier_uris[1].form)
    without_id = world(
        {"applications": [{"appId": APP_ID, "identifierUris": uris}], "organization": {"verifiedDomains": [{"name": "contoso.com"}]}}
    ).apps[0]
    assert unknown(without_id.identifier_uris[0].form)
    assert without_id.identifier_uris[1].form == "verified-domain"


@pytest.mark.parametrize(
    ("uri", "guid"),
    [
        (f"api://{OTHER.upper()}", OTHER),
        (f"api://{OTHER}/x", None),
        (f"https://{OTHER}", None),
        ("api://payroll", None),
        (f"api://{OTHER}/", None),
    ],
)
def test_the_guid_that_an_application_id_uri_names(uri: str, guid: str | None) -> None:
    assert identifier(uri, home=False).app_id_inside == guid


# -- exposed API


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("access_as_user", True),
        ("Files.Read", True),
        ("a:b/c", True),
        (".default", False),
        ("has blank", False),
        ("", False),
        ("ü", False),
        ('q"', False),
    ],
)
def test_values_that_entra_id_allows(value: str, valid: bool) -> None:
    found = app(api={"oauth2PermissionScopes": [{"value": value}]}, appRoles=[{"value": value}])
    assert found.scopes[0].valid_value is valid
    assert found.app_roles[0].valid_value is (valid or value == "")


def test_the_value_that_nobody_read_is_neither_valid_nor_not() -> None:
    found = app(api={"oauth2PermissionScopes": [{}]}, appRoles=[{}])
    assert unknown(found.scopes[0].valid_value)
    assert unknown(found.app_roles[0].valid_value)
    assert unknown(found.app_roles[0].for_applications)


def test_scopes_and_roles_as_they_are_exposed() -> None:
    scope = {
        "id": OTHER.upper(),
        "value": "read",
        "type": "Admin",
        "isEnabled": True,
        "adminConsentDisplayName": "Read",
        "userConsentDescription": None,
    }
    role = {
        "id": OTHER,
        "value": None,
        "isEnabled": False,
        "allowedMemberTypes": ["User", "Application"],
        "displayName": "R",
        "description": "D",
    }
    found = app(api={"oauth2PermissionScopes": [scope]}, appRoles=[role])
    (seen,) = found.scopes
    assert (seen.id, seen.value, seen.consent, seen.enabled) == (OTHER, "read", "Admin", True)
    assert (seen.admin_consent_display_name, seen.user_consent_description) == ("Read", "")
    assert unknown(seen.admin_consent_description)
    assert unknown(seen.user_consent_display_name)
    (held,) = found.app_roles
    assert (held.id, held.value, held.enabled, held.member_types, held.for_applications) == (
        OTHER,
        "",
        False,
        ["User", "Application"],
        True,
    )
    assert (held.display_name, held.description) == ("R", "D")


@pytest.mark.parametrize(
    ("scopes", "roles", "exposes"),
    [
        ([{"isEnabled": True}], [], True),
        ([{"isEnabled": True}], None, True),
        ([{"isEnabled": False}], [{"isEnabled": True, "allowedMemberTypes": ["User"]}], False),
        ([], [{"isEnabled": True, "allowedMemberTypes": ["User", "Application"]}], True),
        ([], [{"isEnabled": False, "allowedMemberTypes": ["Application"]}], False),
        ([], [], False),
    ],
)
def test_who_exposes_an_api(scopes: Any, roles: Any, exposes: bool) -> None:
    assert app(api={"oauth2PermissionScopes": scopes}, appRoles=roles).exposes_api is exposes


def test_one_enabled_scope_settles_it_and_nothing_read_settles_nothing() -> None:
    assert app(api={"oauth2PermissionScopes": [{"isEnabled": True}]}).exposes_api is True
    assert app(appRoles=[{"isEnabled": True, "allowedMemberTypes": ["Application"]}]).exposes_api is True
    assert unknown(app(appRoles=[]).exposes_api)
    assert unknown(app(api=None).exposes_api)


def test_preauthorized_clients_and_permissions_that_the_api_lacks() -> None:
    scopes = [{"id": "S1", "isEnabled": True}, {"id": "s2", "isEnabled": False}]
    clients = [{"appId": OTHER.upper(), "delegatedPermissionIds": ["s1", "S2", "s9"]}, {"appId": OTHER, "delegatedPermissionIds": None}, {}]
    found = app(api={"oauth2PermissionScopes": scopes, "preAuthorizedApplications": clients, "knownClientApplications": [OTHER.upper()]})
    first, second, third = found.preauthorized_clients
    assert (first.app_id, first.permission_ids, first.unknown_permission_ids) == (OTHER, ["s1", "s2", "s9"], ["s2", "s9"])
    assert (second.permission_ids, second.unknown_permission_ids) == ([], [])
    assert unknown(third.app_id)
    assert unknown(third.unknown_permission_ids)
    assert [(c.app_id, list(c.permission_ids)) for c in found.known_clients] == [(OTHER, [])]
    blind = app(api={"preAuthorizedApplications": clients[:1]})
    assert unknown(blind.preauthorized_clients[0].unknown_permission_ids)


# -- secrets and certificates


def secrets(*ends: str | None, **more: Any) -> list[Secret]:
    return app(passwordCredentials=[{"keyId": str(i), "endDateTime": end, **more} for i, end in enumerate(ends)]).secrets


def test_expiry_at_the_boundary_and_lifetimes() -> None:
    ended, now_ending, valid, endless = secrets(
        "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", None, startDateTime="2025-01-01T00:00:00Z"
    )
    assert [s.expired for s in (ended, now_ending, valid, endless)] == [True, True, False, False]
    assert now_ending.lifetime == timedelta(days=365)
    assert endless.lifetime is None
    assert secrets("2026-06-01T00:00:00Z", startDateTime=None)[0].lifetime is None
    assert unknown(secrets("2026-06-01T00:00:00Z")[0].lifetime)
    (bare,) = app(passwordCredentials=[{}]).secrets
    assert [unknown(value) for value in (bare.end, bare.expired, bare.lifetime, bare.start, bare.key_id, bare.display_name)] == [True] * 6


@pytest.mark.parametrize(
    ("end", "other", "superseded"),
    [
        ("2025-06-01T00:00:00Z", "2027-01-01T00:00:00Z", True),
        ("2025-06-01T00:00:00Z", None, True),
        ("2025-06-01T00:00:00Z", "2025-12-01T00:00:00Z", False),  # the later one is over, too
        ("2025-06-01T00:00:00Z", "2026-01-01T00:00:00Z", False),  # it ends now
        ("2025-06-01T00:00:00Z", "2026-01-01T00:00:01Z", True),
        ("2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z", False),  # both end together
        ("2026-06-01T00:00:00Z", "2026-06-01T00:00:01Z", True),
        ("2026-06-01T00:00:00Z", "2026-02-01T00:00:00Z", False),
        (None, "2030-01-01T00:00:00Z", False),
        (None, None, False),
    ],
)
def test_superseded_credentials(end: str | None, other: str | None, superseded: bool) -> None:
    began = "2025-01-01T00:00:00Z"
    assert secrets(end, other, startDateTime=began)[0].superseded is superseded
    keys = [
        {"keyId": "1", "customKeyIdentifier": "a" * 40, "startDateTime": began, "endDateTime": end},
        {"keyId": "2", "customKeyIdentifier": "b" * 40, "startDateTime": began, "endDateTime": other},
    ]
    assert app(keyCredentials=keys).certificates[0].superseded is superseded


def test_a_credential_that_begins_later_supersedes_nothing_yet() -> None:
    later = {"endDateTime": "2030-01-01T00:00:00Z", "startDateTime": "2026-01-01T00:00:01Z"}
    found = app(passwordCredentials=[{"endDateTime": "2025-06-01T00:00:00Z"}, later]).secrets
    assert found[0].superseded is False


@pytest.mark.parametrize(
    ("entry", "managed"),
    [
        ({"displayName": "CWAP_AuthSecret"}, True),
        ({"displayName": "ci"}, False),
        ({"displayName": None}, False),
        ({}, None),
        ({"customKeyIdentifier": None}, None),  # today's exports have the description in displayName
        ({"customKeyIdentifier": "Q1dBUF9BdXRoU2VjcmV0"}, True),
        ({"displayName": None, "customKeyIdentifier": base64.b64encode("CWAP_AuthSecret".encode("utf-16-le")).decode()}, True),
        ({"customKeyIdentifier": "Y2k="}, False),
    ],
)
def test_a_secret_is_microsofts_by_its_description_only(entry: dict[str, Any], managed: bool | None) -> None:
    found = app(passwordCredentials=[entry]).secrets[0].managed_by_microsoft
    assert unknown(found) if managed is None else found is managed


@pytest.mark.parametrize(
    ("entry", "managed"),
    [({"displayName": "CN=service.prod.powerva.microsoft.com"}, True), ({"displayName": "CN=payroll"}, False), ({"displayName": None}, False), ({}, None)],
)  # fmt: skip
def test_a_certificate_is_microsofts_by_its_description_only(entry: dict[str, Any], managed: bool | None) -> None:
    found = app(keyCredentials=[entry]).certificates[0].managed_by_microsoft
    assert unknown(found) if managed is None else found is managed


def test_superseded_is_unknown_while_the_other_one_is() -> None:
    found = app(passwordCredentials=[{"endDateTime": "2025-06-01T00:00:00Z"}, {}]).secrets
    assert unknown(found[0].superseded)
    assert unknown(found[1].superseded)
    assert secrets("2025-06-01T00:00:00Z")[0].superseded is False


@pytest.mark.parametrize(
    ("start", "end", "valid"),
    [
        ("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z", True),
        ("2025-01-01T00:00:00Z", None, True),
        (None, "2027-01-01T00:00:00Z", True),
        (None, None, True),
        ("2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z", False),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", False),  # it ends now
        ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", True),  # it begins now
        ("2026-01-01T00:00:01Z", "2027-01-01T00:00:00Z", False),  # it does not yet begin
    ],
)
@pytest.mark.parametrize("lists", [("passwordCredentials", "keyCredentials"), ("keyCredentials", "passwordCredentials")])
@pytest.mark.parametrize("of", [app, principal])
def test_valid_credentials(of: Any, lists: tuple[str, str], start: str | None, end: str | None, valid: bool) -> None:
    one = {"keyId": "k", "startDateTime": start, "endDateTime": end}
    assert of(**{lists[0]: [one], lists[1]: []}).has_valid_credential is valid
    over = {"keyId": "o", "startDateTime": None, "endDateTime": "2020-01-01T00:00:00Z"}
    assert of(**{lists[0]: [over, one], lists[1]: [over]}).has_valid_credential is valid
    assert of(**{lists[0]: [over], lists[1]: [over, one]}).has_valid_credential is valid


def test_without_credentials_none_is_valid() -> None:
    assert app(passwordCredentials=[], keyCredentials=[]).has_valid_credential is False
    assert principal(passwordCredentials=None, keyCredentials=None).has_valid_credential is False


def test_whether_a_credential_is_valid_is_unknown_while_one_could_be() -> None:
    valid, over = {"startDateTime": None, "endDateTime": None}, {"startDateTime": None, "endDateTime": "2020-01-01T00:00:00Z"}
    assert unknown(app(passwordCredentials=[over]).has_valid_credential)  # nobody looked at its certificates
    assert app(passwordCredentials=[valid]).has_valid_credential is True
    assert app(passwordCredentials=[{}, valid], keyCredentials=[]).has_valid_credential is True
    assert unknown(app(passwordCredentials=[{}, over], keyCredentials=[]).has_valid_credential)
    assert (
        app(passwordCredentials=[{"endDateTime": "2020-01-01T00:00:00Z"}], keyCredentials=[]).has_valid_credential is False
    )  # over, whenever it began


@pytest.mark.parametrize(("mode", "saml"), [("saml", True), ("password", False), ("", False), (None, False)])
def test_saml(mode: str | None, saml: bool) -> None:
    assert principal(preferredSingleSignOnMode=mode).saml is saml
    one = {"id": "o", "appId": APP_ID, "displayName": "Payroll"}
    of = {"id": "p", "appId": APP_ID, "displayName": "Payroll", "preferredSingleSignOnMode": mode}
    assert world({"applications": [one], "servicePrincipals": [of]}).apps[0].saml is saml
    assert unknown(principal().saml)


def test_saml_without_a_service_principal() -> None:
    one = {"id": "o", "appId": APP_ID, "displayName": "Payroll"}
    assert world({"applications": [one], "servicePrincipals": []}).apps[0].saml is False
    assert unknown(app().saml)


def key(thumbprint: str | None, usage: str, key_id: str, **more: Any) -> dict[str, Any]:
    return {"keyId": key_id, "usage": usage, "customKeyIdentifier": thumbprint, "type": "AsymmetricX509Cert", "displayName": "CN=x", **more}


def test_the_two_entries_of_a_saml_certificate_are_one() -> None:
    found = app(keyCredentials=[key("A" * 40, "Sign", "K1"), key("a" * 40, "Verify", "k2"), key("B" * 40, "Verify", "k3")]).certificates
    assert [(c.thumbprint, c.usages, c.key_ids, c.key_id) for c in found] == [
        ("A" * 40, ["Sign", "Verify"], ["k1", "k2"], "k1"), ("B" * 40, ["Verify"], ["k3"], "k3"),
    ]  # fmt: skip
    assert (found[0].type, found[0].display_name) == ("AsymmetricX509Cert", "CN=x")


def test_entries_without_thumbprint_stay_apart() -> None:
    found = app(keyCredentials=[key(None, "Sign", "1"), key(None, "Verify", "2")]).certificates
    assert [(c.thumbprint, c.usages) for c in found] == [(None, ["Sign"]), (None, ["Verify"])]
    unread = [{k: v for k, v in key(None, usage, usage).items() if k != "customKeyIdentifier"} for usage in ("Sign", "Verify")]
    for certificate in app(keyCredentials=unread).certificates:
        assert unknown(certificate.thumbprint)
        assert len(partly(certificate.usages)) == 1
        assert len(partly(certificate.key_ids)) == 1
    assert app(keyCredentials=unread[:1]).certificates[0].usages == ["Sign"]
    assert unknown(app(keyCredentials=[{"customKeyIdentifier": "A" * 40}]).certificates[0].usages)


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        (base64.b64encode(bytes.fromhex("52ED9B5038A47B9E2E2190715CC238359D4F8F73")).decode(), "52ED9B5038A47B9E2E2190715CC238359D4F8F73"),
        ("52ed9b5038a47b9e2e2190715cc238359d4f8f73", "52ED9B5038A47B9E2E2190715CC238359D4F8F73"),
        ("my own name", "my own name"),
        ("!" * 27 + "=", "!" * 27 + "="),
        (None, None),
    ],
)
def test_thumbprints_read_alike_however_written(written: str | None, seen: str | None) -> None:
    assert app(keyCredentials=[key(written, "Verify", "1")]).certificates[0].thumbprint == seen


def test_the_certificate_that_signs_saml_tokens_now() -> None:
    keys = [key("A" * 40, "Sign", "1"), key("B" * 40, "Sign", "2")]
    found = principal(keyCredentials=keys, preferredTokenSigningKeyThumbprint="b" * 40)
    assert found.signing_certificate is found.certificates[1]
    assert principal(keyCredentials=keys, preferredTokenSigningKeyThumbprint="C" * 40).signing_certificate is None
    assert principal(keyCredentials=keys, preferredTokenSigningKeyThumbprint=None).signing_certificate is None
    assert unknown(principal(keyCredentials=keys).signing_certificate)
    assert unknown(principal(preferredTokenSigningKeyThumbprint="A" * 40).signing_certificate)


# -- federated credentials

GITHUB = "https://token.actions.githubusercontent.com"


def federated(**properties: Any) -> FederatedCredential:
    return app(federatedIdentityCredentials=[properties]).federated_credentials[0]


@pytest.mark.parametrize(
    ("subject", "seen"),
    [
        ("repo:contoso/pay:environment:Production", ("contoso", "pay", "environment", "Production")),
        ("repo:contoso/pay:ref:refs/heads/release/1", ("contoso", "pay", "branch", "release/1")),
        ("repo:contoso/pay:ref:refs/tags/v1", ("contoso", "pay", "tag", "v1")),
        ("repo:contoso/pay:pull_request", ("contoso", "pay", "pull_request", "")),
        ("repo:contoso/pay", ("contoso", "pay", "other", "")),
        ("repo:contoso/*:ref:refs/heads/main", ("contoso", "*", "branch", "main")),
        (
            "job_workflow_ref:contoso/x/.github/workflows/a.yml@main",
            ("", "", "other", "job_workflow_ref:contoso/x/.github/workflows/a.yml@main"),
        ),
        ("repo:contoso", ("", "", "other", "repo:contoso")),
    ],
)
def test_subjects_of_github_actions(subject: str, seen: tuple[str, str, str, str]) -> None:
    found = federated(issuer=GITHUB, subject=subject).github
    assert found is not None
    assert (found.organization, found.repository, found.entity, found.name) == seen


def test_who_is_not_github_has_no_github_subject() -> None:
    assert federated(issuer="https://gitlab.com", subject="repo:a/b:pull_request").github is None
    assert federated(issuer=GITHUB + "/", subject="repo:a/b:pull_request").github is None
    assert federated(issuer=GITHUB, subject=None).github is None
    assert federated(issuer="https://gitlab.com").github is None
    assert unknown(federated(issuer=GITHUB).github)
    assert unknown(federated(subject="repo:a/b:pull_request").github)


@pytest.mark.parametrize(
    ("issuer", "likely"),
    [(GITHUB + "/", GITHUB), (f" {GITHUB}", None), ("https://login.microsoftonline.com/common/v2.0", None), (GITHUB, None)],
)
def test_the_issuer_that_was_probably_meant(issuer: str, likely: str | None) -> None:
    assert federated(issuer=issuer).likely_issuer == likely


def test_the_likely_issuer_of_an_issuer_that_was_not_read_is_unknown() -> None:
    assert unknown(federated(subject="s").likely_issuer)


def test_flexible_credentials() -> None:
    text = "claims['sub'] matches 'repo:contoso/*:ref:refs/heads/?' and claims['job_workflow_ref'] eq 'contoso/x@main'"
    found = federated(issuer=GITHUB, subject=None, claimsMatchingExpression={"value": text})
    tests: list[ClaimTest] = found.claim_tests
    assert [(t.claim, t.operator, t.pattern, t.fixed) for t in tests] == [
        ("sub", "matches", "repo:contoso/*:ref:refs/heads/?", "repo:contoso/"),
        ("job_workflow_ref", "eq", "contoso/x@main", "contoso/x@main"),
    ]
    assert (found.claims_expression, found.subject, found.trust) == (text, None, "")


def test_an_expression_that_v1_does_not_return() -> None:
    ordinary = federated(issuer="https://x", subject="s")
    assert (ordinary.claims_expression, ordinary.claim_tests, ordinary.trust) == (None, [], "https://x s")
    open_question = federated(issuer="https://x", subject=None)
    assert unknown(open_question.claims_expression)
    assert unknown(open_question.claim_tests)
    assert unknown(federated(subject="s").trust)
    assert unknown(federated(issuer="https://x").trust)


@pytest.mark.parametrize(
    ("issuer", "subject", "audiences", "untrimmed"),
    [
        ("https://x", "s", ["a"], False),
        ("https://x ", "s", ["a"], True),
        ("https://x", "\ts", ["a"], True),
        ("https://x", "s", ["a", "b "], True),
        ("https://x", None, [], False),
    ],
)
def test_blanks_that_never_match(issuer: str, subject: str | None, audiences: list[str], untrimmed: bool) -> None:
    assert federated(issuer=issuer, subject=subject, audiences=audiences).untrimmed is untrimmed
    assert unknown(federated(issuer=issuer, subject=subject).untrimmed)


@pytest.mark.parametrize(
    ("name", "valid"),
    [("abc", True), ("a-b_1", True), ("a" * 120, True), ("ab", False), ("a" * 121, False), ("a b", False), ("-ab", False), ("ab\n", False)],
)
def test_names_of_federated_credentials(name: str, valid: bool) -> None:
    assert federated(name=name).valid_name is valid
    assert unknown(federated().valid_name)


# -- owners


def owner(**properties: Any) -> Owner:
    return app(owners=[{"id": "U", **properties}]).owners[0]


USER, SERVICE = "#microsoft.graph.user", "#microsoft.graph.servicePrincipal"


@pytest.mark.parametrize(
    ("properties", "kind", "guest"),
    [
        ({"@odata.type": USER, "userType": "Member", "userPrincipalName": "u@contoso.com"}, "user", False),
        ({"@odata.type": USER, "userType": "Guest", "userPrincipalName": "u@contoso.com"}, "user", True),
        ({"@odata.type": USER, "userType": "Guest"}, "user", True),
        ({"@odata.type": USER, "userPrincipalName": "u_x.com#ext#@contoso.com"}, "user", True),
        ({"@odata.type": USER, "userType": None, "userPrincipalName": "u@contoso.com"}, "user", False),
        ({"@odata.type": SERVICE}, "servicePrincipal", False),
        ({"servicePrincipalType": "Application"}, "servicePrincipal", False),
        ({"userPrincipalName": "u#EXT#@contoso.com"}, "user", True),
    ],
)
def test_kinds_of_owners(properties: dict[str, Any], kind: str, guest: bool) -> None:
    found = owner(**properties)
    assert (found.kind, found.guest, found.id) == (kind, guest, "u")


def test_an_owner_of_whom_little_was_read() -> None:
    assert unknown(owner().kind)
    assert unknown(owner().guest)
    assert unknown(owner(**{"@odata.type": USER, "userPrincipalName": "u@contoso.com"}).guest)
    assert unknown(owner(**{"@odata.type": USER}).user_principal_name)
    assert unknown(owner().enabled)
    assert owner(accountEnabled=None).enabled is True
    assert owner(accountEnabled=False).enabled is False
    assert owner(**{"@odata.type": SERVICE}).user_principal_name == ""
    assert unknown(app().owners)


def test_expanded_owners_are_whole_until_graph_cuts_them() -> None:
    assert app(owners=[]).owners == []
    assert len(app(owners=[{"id": str(i)} for i in range(19)]).owners) == 19
    assert len(partly(app(owners=[{"id": str(i)} for i in range(20)]).owners)) == 20


# -- lock, claims, entries

LOCKABLE = ["credentialsWithUsageVerify", "credentialsWithUsageSign", "tokenEncryptionKeyId"]
OPEN = dict.fromkeys(LOCKABLE, False)


@pytest.mark.parametrize(
    ("lock", "unlocked"),
    [
        (None, LOCKABLE),
        ({"isEnabled": False, "allProperties": True}, LOCKABLE),
        ({"isEnabled": None}, LOCKABLE),
        ({"isEnabled": True, "allProperties": True}, []),
        ({"isEnabled": True, "allProperties": False, **OPEN}, LOCKABLE),
        ({"isEnabled": True, "allProperties": None, **OPEN, "credentialsWithUsageSign": True}, [LOCKABLE[0], LOCKABLE[2]]),
        ({"isEnabled": True, "allProperties": False, **dict.fromkeys(LOCKABLE, True)}, []),
    ],
)
def test_what_the_lock_leaves_open(lock: Any, unlocked: list[str]) -> None:
    assert app(servicePrincipalLockConfiguration=lock).unlocked_properties == unlocked


@pytest.mark.parametrize("lock", [{}, {"isEnabled": True}, {"isEnabled": True, "allProperties": False, "credentialsWithUsageSign": True}])
def test_a_lock_of_which_not_enough_was_read(lock: Any) -> None:
    assert unknown(app(servicePrincipalLockConfiguration=lock).unlocked_properties)
    assert unknown(app().unlocked_properties)


def test_optional_claims_of_all_tokens() -> None:
    claim = {"name": "email", "source": None, "additionalProperties": ["include_externally_authenticated_upn"]}
    found = app(optionalClaims={"idToken": [claim], "accessToken": None, "saml2Token": [{"name": "ext", "source": "user"}]}).optional_claims
    assert [(c.token, c.name, c.source) for c in found] == [("id", "email", ""), ("saml2", "ext", "user")]
    assert found[0].additional_properties == ["include_externally_authenticated_upn"]
    assert unknown(found[1].additional_properties)


def test_optional_claims_of_some_tokens() -> None:
    found = app(optionalClaims={"idToken": [{"name": "email"}], "saml2Token": []})
    assert [c.name for c in partly(found.optional_claims)] == ["email"]


def test_entries_of_the_manifest() -> None:
    lists: dict[str, Any] = {
        "web": {"redirectUris": ["https://a", "https://b"]}, "spa": {"redirectUris": ["https://c"]}, "publicClient": None,
        "identifierUris": ["api://x"], "appRoles": [{}], "passwordCredentials": [{}, {}], "tags": ["t"],
        "keyCredentials": [key("A" * 40, "Sign", "1"), key("A" * 40, "Verify", "2")], "optionalClaims": {"idToken": [{}], "accessToken": [], "saml2Token": []},
        "api": {"oauth2PermissionScopes": [{}], "preAuthorizedApplications": [{}], "knownClientApplications": [OTHER]},
        "requiredResourceAccess": [{"resourceAppId": OTHER, "resourceAccess": [{}, {}]}],
    }  # fmt: skip
    # 3 redirect URIs, 1 Application ID URI, 1 role, 2 secrets, 1 tag, 2 keys, 1 claim, 3 below api, 1 API with 2 permissions
    assert app(**lists).entry_count == 17
    for name in lists:
        assert unknown(app(**{k: v for k, v in lists.items() if k != name}).entry_count), name


# -- service principals


@pytest.mark.parametrize(
    ("fact", "name", "when_null"),
    [
        ("enabled", "accountEnabled", True),
        ("assignment_required", "appRoleAssignmentRequired", False),
        ("type", "servicePrincipalType", ""),
        ("home_tenant_id", "appOwnerOrganizationId", None),
        ("disabled_by_microsoft", "disabledByMicrosoftStatus", ""),
        ("reply_urls", "replyUrls", []),
        ("names", "servicePrincipalNames", []),
        ("sso_mode", "preferredSingleSignOnMode", ""),
        ("signing_thumbprint", "preferredTokenSigningKeyThumbprint", ""),
        ("notification_emails", "notificationEmailAddresses", []),
        ("tags", "tags", []),
        ("scopes", "oauth2PermissionScopes", []),
        ("app_roles", "appRoles", []),
        ("secrets", "passwordCredentials", []),
        ("certificates", "keyCredentials", []),
        ("created", "createdDateTime", None),
        ("verified_publisher", "verifiedPublisher", False),
    ],
)
def test_null_and_absent_on_a_service_principal(fact: str, name: str, when_null: Any) -> None:
    assert getattr(principal(**{name: None}), fact) == when_null
    assert unknown(getattr(principal(), fact))


# -- the tenant's policies


def policy(kind: str, **properties: Any) -> Tenant:
    return world({kind: properties}).tenant


def consent(*assigned: str) -> str:
    granted = policy("authorizationPolicy", defaultUserRolePermissions={"permissionGrantPoliciesAssigned": list(assigned)}).user_consent
    beta = policy("authorizationPolicy", permissionGrantPolicyIdsAssignedToDefaultUserRole=list(assigned)).user_consent
    assert granted == beta
    return granted


MINE, OWNED = "ManagePermissionGrantsForSelf.", "ManagePermissionGrantsForOwnedResource."


@pytest.mark.parametrize(
    ("assigned", "seen"),
    [
        ([], "none"),
        ([OWNED + "microsoft-dynamically-managed-permissions-for-chat"], "none"),
        ([MINE + "microsoft-user-default-low", OWNED + "x"], "low impact"),
        ([(MINE + "microsoft-user-default-low").upper()], "low impact"),
        (["managePermissionGrantsForSelf.microsoft-user-default-legacy"], "all"),
        ([MINE + "microsoft-user-default-low", MINE + "microsoft-user-default-legacy", MINE + "own"], "all"),
        ([MINE + "microsoft-user-default-recommended", MINE + "microsoft-user-default-allow-consent-apps"], "Microsoft managed"),
        ([MINE + "microsoft-user-default-recommended", MINE + "contoso"], "custom"),
        (["just-user-read"], "custom"),
    ],
)
def test_what_users_may_consent_to(assigned: list[str], seen: str) -> None:
    assert consent(*assigned) == seen


def test_the_policy_on_users() -> None:
    found = policy(
        "authorizationPolicy",
        allowUserConsentForRiskyApps=None,
        defaultUserRolePermissions={"allowedToCreateApps": False, "permissionGrantPoliciesAssigned": None},
    )
    assert (found.users_may_register_apps, found.user_consent, found.risky_consent_allowed) == (False, "none", False)
    for nothing in (
        policy("authorizationPolicy"),
        policy("adminConsentRequestPolicy"),
        policy("authorizationPolicy", defaultUserRolePermissions=None),
    ):
        assert unknown(nothing.users_may_register_apps)
        assert unknown(nothing.user_consent)
        assert unknown(nothing.risky_consent_allowed)
    assert unknown(policy("authorizationPolicy", defaultUserRolePermissions={"allowedToCreateApps": None}).users_may_register_apps)


def test_the_workflow_of_admin_consent() -> None:
    found = policy(
        "adminConsentRequestPolicy",
        isEnabled=True, notifyReviewers=False, remindersEnabled=True, requestDurationInDays=14, reviewers=[{"query": "/users/u"}],
    )  # fmt: skip
    assert (found.admin_consent_workflow, found.admin_consent_notifies, found.admin_consent_reminds) == (True, False, True)
    assert (found.admin_consent_days, found.admin_consent_reviewers) == (14, ["/users/u"])
    assert partly(policy("adminConsentRequestPolicy", reviewers=[{"query": "/users/u"}, {}]).admin_consent_reviewers) == ["/users/u"]
    empty = policy("adminConsentRequestPolicy", isEnabled=None)
    assert all(unknown(getattr(empty, fact)) for fact in Tenant.FACTS if fact.startswith("admin_consent_"))


def restrictions(**properties: Any) -> dict[tuple[str, str], Restriction]:
    found = policy("defaultAppManagementPolicy", isEnabled=True, **properties).app_restrictions
    return {(restriction.target, restriction.type): restriction for restriction in found}


def test_every_restriction_is_there_whether_it_is_set_or_not() -> None:
    entry = {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P90D", "restrictForAppsCreatedAfterDateTime": None}
    off = {
        "restrictionType": "passwordAddition",
        "state": "disabled",
        "maxLifetime": None,
        "restrictForAppsCreatedAfterDateTime": "0001-01-01T00:00:00Z",
    }
    uris = {"nonDefaultUriAddition": {"state": "enabled", "restrictForAppsCreatedAfterDateTime": "2025-01-01T00:00:00Z"}}
    found = restrictions(
        applicationRestrictions={"passwordCredentials": [off, entry], "keyCredentials": None, "identifierUris": uris}, servicePrincipalRestrictions=None
    )  # fmt: skip
    assert len(found) == 14
    lifetime, addition = found["applications", "passwordLifetime"], found["applications", "passwordAddition"]
    assert (lifetime.enabled, lifetime.max_lifetime, lifetime.created_after, lifetime.needed) == (True, timedelta(90), None, True)
    assert (addition.enabled, addition.max_lifetime, addition.created_after) == (False, None, None)
    assert found["applications", "nonDefaultUriAddition"].created_after == datetime(2025, 1, 1, tzinfo=timezone.utc)
    assert unknown(found["applications", "uriAdditionWithoutUniqueTenantIdentifier"].enabled)
    assert {target for (target, _), restriction in found.items() if restriction.enabled.__class__ is bool and restriction.enabled} == {
        "applications"
    }
    assert not found["service principals", "symmetricKeyAddition"].enabled
    assert len({restriction.key for restriction in found.values()}) == 14


def test_restrictions_of_which_not_enough_was_read() -> None:
    assert all(unknown(restriction.enabled) for restriction in restrictions().values())
    nameless = restrictions(
        applicationRestrictions={"passwordCredentials": [{"state": "enabled"}, {"restrictionType": "passwordLifetime"}]}
    )
    assert unknown(nameless["applications", "passwordAddition"].enabled)  # the first may be it
    assert unknown(nameless["applications", "passwordLifetime"].enabled)
    assert unknown(nameless["applications", "passwordLifetime"].needed)
    assert unknown(policy("authorizationPolicy").app_restrictions)
    assert policy("defaultAppManagementPolicy", isEnabled=None).app_policy_enabled is False


def test_a_stricter_restriction_makes_another_needless() -> None:
    entries = [{"restrictionType": name, "state": "enabled"} for name in ("passwordAddition", "symmetricKeyAddition")]
    found = restrictions(applicationRestrictions={"passwordCredentials": entries}, servicePrincipalRestrictions=None)
    needless = {key for key, restriction in found.items() if not restriction.needed}
    assert needless == {("applications", name) for name in ("passwordLifetime", "customPasswordAddition", "symmetricKeyLifetime")}


@pytest.mark.parametrize(
    ("duration", "length"),
    [
        ("P180D", timedelta(180)),
        ("P1Y", timedelta(366)),
        ("P12M", timedelta(366)),
        ("P2Y", timedelta(731)),
        ("P4Y", timedelta(1461)),
        ("P6M", timedelta(184)),
        ("P1Y6M2W3D", timedelta(366 + 184 + 14 + 3)),
        ("P4DT12H30M5.5S", timedelta(days=4, hours=12, minutes=30, seconds=5)),
        ("PT36H", timedelta(1, hours=12)),
        ("P999999999Y", timedelta.max),
    ],
)
def test_a_duration_counts_as_long_as_it_can_be(duration: str, length: timedelta) -> None:
    entry = {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": duration}
    found = restrictions(applicationRestrictions={"passwordCredentials": [entry]})
    assert found["applications", "passwordLifetime"].max_lifetime == length


# -- sign-ins


def signed_in(*rows: dict[str, Any]) -> ServicePrincipal:
    found = world(
        {
            "servicePrincipals": [{"id": "p", "appId": APP_ID}],
            "servicePrincipalSignInActivities": [{"appId": APP_ID, **row} for row in rows],
        }
    )
    return found.principals[0]


def test_the_last_sign_ins_of_an_application() -> None:
    dates = [f"2025-0{month}-01T00:00:00Z" for month in (1, 2, 3)]
    last, user, alone = ({"lastSignInDateTime": date} for date in reversed(dates))
    row = {"lastSignInActivity": last, "delegatedClientSignInActivity": user, "applicationAuthenticationClientSignInActivity": alone}
    found = signed_in(row)
    assert [found.last_sign_in, found.last_client_sign_in, found.last_app_only_sign_in] == [
        datetime(2025, m, 1, tzinfo=timezone.utc) for m in (3, 2, 1)
    ]
    older = signed_in({**row, "lastSignInActivity": alone}, row)
    assert older.last_sign_in == found.last_sign_in  # two reports: the later one counts


def test_who_never_signed_in_and_what_nobody_read() -> None:
    assert signed_in().last_sign_in is None
    for never in (None, {"lastSignInDateTime": None}, {"lastSignInDateTime": "0001-01-01T00:00:00Z"}):
        assert signed_in({"lastSignInActivity": never}).last_sign_in is None
    assert unknown(signed_in({"lastSignInActivity": {}}).last_sign_in)
    assert unknown(signed_in({"delegatedClientSignInActivity": None}).last_client_sign_in)
    assert unknown(principal().last_sign_in)


def test_names_that_imitate_microsofts() -> None:
    away = {"appOwnerOrganizationId": OTHER}
    assert principal(displayName="Gr\u0430ph\u200b EXPLORER", **away).imitates == "Graph Explorer"
    assert principal(displayName="Payroll", **away).imitates is None
    assert principal(displayName="Graph Explorer", appId="de8bc8b5-d9f9-48b1-a8ad-b748da725064").imitates is None
    assert principal(displayName="Graph Explorer", appOwnerOrganizationId="72f988bf-86f1-41af-91ab-2d7cd011db47").imitates is None
    assert unknown(principal(displayName="Graph Explorer").imitates)


def test_a_service_principal_of_which_the_name_was_not_read_imitates_nobody_for_sure() -> None:
    (found,) = world({"servicePrincipal": {"appId": APP_ID, "appOwnerOrganizationId": OTHER}}).principals
    assert unknown(found.imitates)
    assert unknown(found.display_name)


def test_certificates_of_one_identifier_that_differ_are_two() -> None:
    def two(identifier: str, **second: Any) -> int:
        first = {
            "customKeyIdentifier": identifier,
            "type": "X509CertAndPassword",
            "startDateTime": "2027-01-01T00:00:00Z",
            "endDateTime": "2028-01-01T00:00:00Z",
        }
        return len(app(keyCredentials=[{**first, "keyId": "1"}, {**first, "keyId": "2", **second}]).certificates)

    assert two("AB" * 20, type="AsymmetricX509Cert") == 1  # a SAML certificate's halves
    assert two("AB" * 20, endDateTime="2025-01-01T00:00:00Z") == two("AB" * 20, startDateTime="2025-01-01T00:00:00Z") == 2
    assert two("AB" * 20, type="Symmetric") == 2
    assert two("") == 2
