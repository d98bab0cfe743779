"""Connectors: what signs in through a client registration to a resource registration, and what it is configured with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from auditor.entra import clouds, hosts
from auditor.entra.collections import APPLICATIONS, CONNECTOR_PARTS, CONNECTORS, ORGANIZATION, SERVICE_PRINCIPALS
from auditor.entra.ids import API_CONNECTIONS, is_guid
from auditor.facts.api import Resource
from auditor.facts.base import Fact, fact, part, prop
from auditor.facts.connector_scope import ConnectorScope
from auditor.facts.convert import conversion, each, flag, listed, lower, number, text
from auditor.facts.permissions import RequestedPermission, RequestedResource
from auditor.facts.placeholders import address, filled_in, is_placeholder
from auditor.facts.uris import as_compared
from auditor.pattern import late
from auditor.unknown import Unknown, Unread, is_unknown, keep, read, some

if TYPE_CHECKING:
    from auditor.facts.app import App
    from auditor.facts.document import Document
    from auditor.facts.principal import ServicePrincipal
    from auditor.facts.world import World

_DOMAIN = late(r"(?:[a-z0-9-]+\.)+[a-z]{2,}")
SHARED_REDIRECT = "https://global.consent.azure-apim.net/redirect"
_ANYBODYS: dict[str, Literal["common", "organizations", "consumers"]] = {
    "common": "common", "organizations": "organizations", "consumers": "consumers",
}  # fmt: skip
_AT_ENTRA = ("aad", "aadcertificate", "msal")


@conversion(str)
def _kind(value: Any) -> Any:
    return "custom connector" if value.__class__ is Unknown else value


@conversion(str)
def _provider(value: Any) -> Any:
    return value.strip().lower() if value.__class__ is str else text(value)


@conversion(str)
def _secret_form(value: Any) -> Any:
    """What the secret looks like; never the secret. A file that holds none says nothing about it: it is never exported."""
    return "none" if value.__class__ is Unknown else value


class Connector(Fact):
    """What a client is configured to sign in with: a Power Apps custom connector, or the configuration of an MSAL sample."""

    SLOTS = ("world", "document", "rank", "subject")
    COLLECTIONS = (CONNECTORS,)
    KEY = (("id",),)
    LABEL = ("display_name", "place")
    PRESUMED_NULL = frozenset({"client", "client_principal", "mistaken_client", "resource"})
    world: World
    document: Document

    kind: Literal["custom connector", "client", "api", "saved secret", "policy"] = prop(
        "kind",
        _kind,
        "A custom connector; the authConfig of a sample's client, or of its API; an answer with a new client secret that was saved; "
        "a connector's policy that sends a key.",
    )
    identity_provider: str = prop(
        "identityProvider", _provider, "aad, aadcertificate, oauth2, oauth2generic, …, msal for a sample; '' when it signs in otherwise."
    )
    tenant_id: str = prop(
        "tenantId", filled_in("tenantId", then=lower), "As written, lower case: common, organizations, a tenant ID or a domain."
    )
    login_uri: str = prop("loginUri", filled_in("loginUri"), "Where it signs in, without user and query; '' when not set.")
    resource_uri: str = prop("resourceUri", filled_in("resourceUri"), "The API that it asks a token for; '' when not set.")
    scopes: list[ConnectorScope] = prop(
        "scopes", each(ConnectorScope, str), "Scopes that it asks for; none: whatever the client is configured for."
    )
    redirect_mode: Literal["Global", "GlobalPerConnector", "Direct"] = prop("redirectMode", text, "'' when not set, which means Global.")
    redirect_urls: list[str] = prop("redirectUrls", listed, "As written; often not what is used.", absent="redirectUrl")
    on_behalf_of: bool = prop("onBehalfOf", flag, "On-behalf-of login is on; null = no.", absent="enableOnbehalfOfLogin")
    grant_type: str = prop(
        "grantType",
        filled_in("grantType"),
        "How it gets tokens, as written: code, client_credentials; '' when not set, which means code.",
        absent=None,
    )
    authorization_url: str = prop(
        "authorizationUrl", filled_in("authorizationUrl"), "Of generic OAuth 2, without user and query; '' when not set."
    )
    token_url: str = prop("tokenUrl", address("tokenUrl"), "Of generic OAuth 2, without user and query; '' when not set.")
    refresh_url: str = prop("refreshUrl", address("refreshUrl"), "Of generic OAuth 2, without user and query; '' when not set.")
    secret_form: Literal["none", "placeholder", "guid", "other"] = prop(
        "secretForm", _secret_form, "What the client secret in the file looks like."
    )
    validated_version: int | None = prop(
        "tokenVersion", number, "Version of access tokens that an API's configuration validates; null: not said.", absent=None
    )

    reroutes: bool = prop(
        "reroutes",
        flag,
        "A policy or code of its own may send requests to another host than that of the definition.",
        absent="policyTemplateInstances",
    )
    parameter_set: str = prop(
        "parameterSet", text, "Name of its set of connection parameters, where the connector has several; '' for others.", absent=None
    )

    _client_id: Any = part("clientId", str)
    _own_app: Any = part("ownApp", bool)  # who makes a connection brings a client of his own

    def presumed(self, name: str, unknown: Unknown) -> Any:
        """Null where the registrations that were given by hand are others: one is left over."""
        if name not in self.PRESUMED_NULL:
            return super().presumed(name, unknown)
        return None if self.world.connections.presumably_none(unknown, api=name == "resource") else unknown

    @property
    def label(self) -> str:
        """Sign-ins of one connector are told apart by the names of their parameter sets."""
        name = super().label
        return f"{name} ({self.parameter_set})" if self.parameter_set.__class__ is str and self.parameter_set else name

    @fact()
    def place(self) -> str:
        """Where it was read from: its folder, or the beginning of its files' names."""
        return self.document.parent.rstrip("/") or self.document.file.name

    @fact(graph="clientId")
    def client_id(self) -> str:
        """Application (client) ID of its client; what else stands there as written, but never a secret."""
        if self._own_app is True:
            raise Unread(Unknown("clientId", "each connection brings a client of its own"))
        value = self._client_id
        return value.lower() if isinstance(value, str) and is_guid(value.lower()) else filled_in("clientId")(value)

    # -- the files beside it

    @fact(CONNECTOR_PARTS)
    def id(self) -> str:
        """Connector ID (shared_…) of the environment that it was downloaded from."""
        return self.world.connections.part(self, "connector_id")

    @fact(CONNECTOR_PARTS)
    def display_name(self) -> str:
        """Its title in the definition beside it."""
        return self.world.connections.part(self, "display_name")

    @fact(CONNECTOR_PARTS)
    def host(self) -> str:
        """Host of the API, from the definition beside it."""
        return self.world.connections.part(self, "host")

    @fact(CONNECTOR_PARTS)
    def plain_http(self) -> bool:
        """The definition beside it calls its API over http only; false where it names no scheme."""
        return self.world.connections.part(self, "schemes") == "http"

    @fact(CONNECTOR_PARTS)
    def microsoft_host(self) -> str | None:
        """App ID of the Microsoft API that is called at `host`, where it takes tokens for itself only; null for other hosts."""
        return hosts.api_at(self.host)

    @property
    def signs_in_by_itself(self) -> bool:
        """Whether it is a connector or a sample's configuration, and no secret or key beside one."""
        return self.kind not in ("saved secret", "policy")

    @fact()
    def settings_page(self) -> str:
        """For fixes: what to open to change its settings."""
        if self.kind == "custom connector":
            return "the custom connector in Power Apps or Power Automate, and select its Security tab"
        return "the configuration of the application, which the finding names"

    @fact()
    def to_save(self) -> str:
        """For fixes: how changed settings are saved."""
        return "select Update connector" if self.kind == "custom connector" else "save the configuration"

    # -- what stands in the file

    @fact()
    def entra(self) -> bool:
        """Signs in through Microsoft Entra ID, whatever the identity provider is called."""
        if self.identity_provider in _AT_ENTRA:
            return True
        if self.identity_provider not in ("oauth2", "oauth2generic"):
            return False
        # Without any URL there are only the parameters of the provider Microsoft Entra ID, which a solution's import leaves behind.
        return clouds.login_cloud(self.authorization_url or self.login_uri) is not None

    @fact()
    def generic(self) -> bool:
        """Uses generic OAuth 2, with URLs of its own, to sign in through Microsoft Entra ID."""
        return self.entra and self.identity_provider not in _AT_ENTRA

    @fact()
    def signs_in(self) -> bool:
        """Signs in through Microsoft Entra ID with a client (the configuration of an API does not)."""
        return self.kind != "api" and self.entra

    @fact()
    def signs_users_in(self) -> bool:
        """Signs users in through Microsoft Entra ID, so that it needs a scope and a redirect URI; no with client credentials."""
        return self.signs_in and self.grant_type.replace("_", "").lower() != "clientcredentials"

    @fact(APPLICATIONS)
    def with_registrations(self) -> bool:
        """The input holds app registrations, so that it is not a template to be filled in; unknown otherwise."""
        return self.world.connections.given()

    @fact(graph="clientId")
    def client_id_form(self) -> Literal["app id", "placeholder", "missing", "other"]:
        """What stands as client ID."""
        value = self.client_id
        if value == "":
            return "missing"
        return "placeholder" if is_placeholder(value) else "app id" if is_guid(value) else "other"

    @fact(graph="tenantId")
    def tenant_form(self) -> Literal["tenant id", "domain", "common", "organizations", "consumers", "placeholder", "missing", "other"]:
        """What stands as tenant ID."""
        value = self.tenant_id
        if (anybodys := _ANYBODYS.get(value)) is not None:
            return anybodys
        if value == "":
            return "missing"
        if is_placeholder(value):
            return "placeholder"
        return "tenant id" if is_guid(value) else "domain" if _DOMAIN.fullmatch(value) else "other"

    @fact(graph="resourceUri")
    def resource_form(self) -> Literal["app id", "uri", "no scheme", "placeholder", "missing"]:
        """What stands as resource URL."""
        value = self.resource_uri
        if value == "":
            return "missing"
        if is_placeholder(value):
            return "placeholder"
        return "app id" if is_guid(value.lower()) else "uri" if "://" in value or value.startswith("urn:") else "no scheme"

    @fact(graph="resourceUri")
    def microsoft_api(self) -> str | None:
        """The Microsoft API that its resource URL names, by its host 'a Microsoft API'; null for others."""
        uri = self.resource_uri.rstrip("/").lower()
        if (name := self.world.catalog.at_first_use.get(uri)) is not None:
            return name
        _, scheme, rest = uri.partition("://")
        return "a Microsoft API" if hosts.is_microsofts((rest if scheme else uri).partition("/")[0]) else None

    @fact(graph="loginUri")
    def login_cloud(self) -> Literal["public", "us government", "china"] | None:
        """The cloud that its login host belongs to; null when that host does not belong to Microsoft Entra ID."""
        return clouds.login_cloud(self.authorization_url if self.generic else self.login_uri, customers=True)

    @fact(ORGANIZATION, graph="loginUri")
    def in_tenants_cloud(self) -> bool:
        """Its login host belongs to the cloud of the tenant."""
        return self.world.connections.tenant_cloud() == self.login_cloud

    @fact(ORGANIZATION, graph="tenantId")
    def in_tenant(self) -> bool:
        """Its tenant ID or domain is that of the audited tenant."""
        if self.tenant_form == "tenant id":
            return self.tenant_id == self.world.tenant.id
        return some(self.world.tenant.verified_domains, lambda domain: domain == self.tenant_id)

    @fact(graph="scopes")
    def named_scopes(self) -> list[ConnectorScope]:
        """Its scopes without those of the protocol (openid, offline_access, …), without placeholders and lists with commas."""
        return keep(self.scopes, lambda scope: not scope.protocol and not scope.placeholder and "," not in scope.text)

    @fact(CONNECTOR_PARTS, graph="redirectUrls")
    def callback(self) -> str:
        """The redirect URI that it signs in with; unknown where it is made when the connector is created and the file does not say it."""
        urls = self.redirect_urls
        if self.kind == "client":
            url = next((url for url in urls if "://" in url), None)
            if url is None:
                raise Unread(Unknown("redirectUri", "it depends on the page"))
            return url
        own = [url for url in urls if hosts.connector_callback(url) == "per connector"]
        mode = self.redirect_mode
        if len(own) == 1 and (len(urls) == 1 or mode == "GlobalPerConnector"):
            return own[0]
        if mode == "GlobalPerConnector":
            return f"{SHARED_REDIRECT}/{read(self.id).removeprefix('shared_')}"
        if mode != "Direct" and len(urls) == 0:
            return SHARED_REDIRECT
        if len(urls) == 1 and not is_placeholder(urls[0]):
            return urls[0]
        raise Unread(Unknown("redirectUrl", "the file does not say which one is used"))

    @fact(CONNECTOR_PARTS, graph="redirectUrls")
    def callback_compared(self) -> str:
        """`callback` as Entra ID compares it with the client's redirect URIs (`uri.compared`)."""
        return as_compared(read(self.callback))

    @fact(CONNECTOR_PARTS, graph="redirectUrls")
    def callback_shown(self) -> str:
        """`callback`, or in words where it is only known that it is the connector's own."""
        try:
            known: str = read(self.callback)
            return known
        except Unread:
            if self.redirect_mode != "GlobalPerConnector":
                raise
            return f"a redirect URI of its own ({SHARED_REDIRECT}/…)"

    # -- joins

    @fact(APPLICATIONS.whole)
    def client(self) -> App | None:
        """The registration that it signs in through; null when the tenant has none with its client ID."""
        if self.kind == "api":
            return None
        if self.client_id_form != "app id":
            return None
        return self.world.connections.client(self.client_id)

    @fact(APPLICATIONS.whole)
    def registration(self) -> App | None:
        """The registration that its client ID names; of an API's configuration the API's own. Null when the tenant has none with it."""
        return self.world.connections.client(self.client_id) if self.client_id_form == "app id" else None

    @fact(SERVICE_PRINCIPALS.whole)
    def client_principal(self) -> ServicePrincipal | None:
        """The service principal of its client; null when the tenant has none."""
        return None if self.kind == "api" else self.world.principal(self.client_id)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, graph="clientId")
    def mistaken_client(self) -> App | None:
        """The registration whose object ID, or whose service principal's, was entered as client ID; null when it is another ID."""
        return self.world.connections.by_object_id(self.client_id)

    @fact(graph="clientId")
    def client_first_party(self) -> bool:
        """Its client is a Microsoft application."""
        return self.client_id in self.world.catalog.first_party

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, graph="resourceUri")
    def resource(self) -> Resource | None:
        """The API that its resource URL names, by Application ID URI, app id or name of a service principal; null when none does."""
        if self.resource_form not in ("app id", "uri", "no scheme"):
            return None
        return self.world.connections.resource(self.resource_uri)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, graph="resourceUri")
    def resource_nearly(self) -> str | None:
        """The name of an API that differs from the resource URL in case, scheme or a slash at its end; null when none is so near."""
        return self.world.connections.nearly(self.resource_uri)

    @fact(APPLICATIONS, SERVICE_PRINCIPALS, graph="resourceUri")
    def resource_hint(self) -> str:
        """`resource_nearly` of the APIs that were read, for messages; '' when none of them is so near."""
        near = self.resource_nearly
        return "" if near is None or is_unknown(near) else near

    @fact()
    def unnamed_clients(self) -> str:
        """For messages: the registrations of the input that are no API and that no connector names, such as '"Orders" (<app id>)'."""
        return self.world.connections.left_over(api=False)

    @fact()
    def unnamed_apis(self) -> str:
        """For messages: the APIs of the input that no connector names; '' for none, and for more than can be named."""
        return self.world.connections.left_over(api=True)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def requested(self) -> RequestedResource | None:
        """The client's entry for the API in requiredResourceAccess; null when it has none."""
        client, resource = self.client, self.resource
        if client is None or resource is None:
            return None
        return next(iter(keep(client.requested_resources, lambda entry: entry.app_id == resource.app_id)), None)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def permissions(self) -> list[RequestedPermission]:
        """The client's configured delegated permissions that its tokens need: those that its scopes name, else all of the API."""
        client, resource, asked = self.client, self.resource, self._asked()
        if client is None or resource is None:
            return []
        delegated = keep(client.requested_permissions, lambda wish: wish.kind == "delegated" and wish.resource_app_id == resource.app_id)
        return keep(delegated, lambda wish: any(scope.value == wish.value for scope in asked)) if asked else delegated

    def _asked(self) -> list[ConnectorScope]:
        """The scopes that it names one by one."""
        return keep(self.named_scopes, lambda scope: scope.value not in ("", ".default"))

    def _preauthorizes(self, client_id: str) -> bool:
        """The API preauthorizes a client for every scope that is asked of it; where none is named, for one at least."""
        resource, apis = self.resource, self.world.apis
        if resource is None:
            return False
        asked = self._asked()
        if not asked:
            return apis.preauthorized(client_id, resource, None)
        return all(
            scope.definition is not None and scope.resource is not None and apis.preauthorized(client_id, scope.resource, scope.definition)
            for scope in asked
        )

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def preauthorized(self) -> bool:
        """The API preauthorizes its client for every scope that it names; where it names none, for one of the API's at least."""
        client = self.client
        return client is not None and self._preauthorizes(client.app_id)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def preauthorizes_api_connections(self) -> bool:
        """The API preauthorizes Azure API Connections, which on-behalf-of login goes through, for the scopes that it names."""
        return self._preauthorizes(API_CONNECTIONS)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def client_preauthorizes_api_connections(self) -> bool:
        """Its client exposes a scope of its own and preauthorizes Azure API Connections for it."""
        client, world = self.client, self.world
        own = None if client is None else world.apis.resource(client.app_id)
        return own is not None and world.apis.preauthorized(API_CONNECTIONS, own, None)

    @fact(SERVICE_PRINCIPALS.whole)
    def api_connections(self) -> ServicePrincipal | None:
        """The tenant's service principal of Azure API Connections; null when there is none."""
        return self.world.principal(API_CONNECTIONS)
