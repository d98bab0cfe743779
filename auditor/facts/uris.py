"""Redirect URIs and Application ID URIs, split once."""

from __future__ import annotations

import re
from sys import intern
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from auditor.display import hidden
from auditor.entra import hosts
from auditor.entra.clouds import INITIAL_DOMAINS
from auditor.entra.collections import APPLICATIONS, HOST_ANSWERS, ORGANIZATION, SERVICE_PRINCIPALS
from auditor.entra.ids import is_guid
from auditor.facts.base import Fact, fact, prop
from auditor.facts.convert import PLACEHOLDER, conversion, each, number, places, text
from auditor.pattern import late
from auditor.unknown import Partial, Unknown, known, read, some, whole_or_partial

if TYPE_CHECKING:
    from auditor.facts.app import App
    from auditor.facts.principal import ServicePrincipal

Platform = Literal["web", "spa", "publicClient"]
MobileFault = Literal[
    "two slashes are missing before the rest", "nothing but auth is expected behind the slashes", "the hash is not URL-encoded",
    "the hash is not a SHA-1 in base64",
]  # fmt: skip
_SLASHES: MobileFault = "two slashes are missing before the rest"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_URI = late(r"([A-Za-z][A-Za-z0-9+.\-]*):(?://([^/?#\\]*))?([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_PLAIN_SCHEMES = frozenset({"", "http", "https", "urn", "ms-appx-web"})
_FORBIDDEN = late(r'[ \\"<>{}|^`]')
_PORT = late(r"(.*?):(\d{1,5})")


def as_compared(value: str) -> str:
    """A redirect URI in the form in which Entra ID compares it with those of a request (Microsoft's page "reply-url").

    `https://host` is `https://host/`, the port of a loopback address is ignored, and case counts in the path only.
    URIs of other schemes than http and https are compared as they are written.
    """
    found = _URI.fullmatch(value)
    if found is None or not found[2] or "@" in found[2] or found[1].lower() not in ("http", "https"):
        return value
    scheme, host, path = found[1].lower(), found[2].lower(), "" if found[3] == "/" else found[3]
    if (split := _PORT.fullmatch(host)) and split[1] in LOOPBACK:
        host = split[1]
    return f"{scheme}://{host}{path}{found[4] or ''}{found[5] or ''}"


class Uri(Fact):
    """An absolute or malformed URI. Scheme and host in lower case, path as written: Entra ID compares them so."""

    LABEL = ("value",)
    KEY: Any = (("value",),)
    owner: App | ServicePrincipal

    value: str = prop(doc="As written.")
    scheme: str = prop(doc="Lower case; '' when the URI is not absolute.")
    host: str = prop(doc="Lower case, without user and port; '' when there is none.")
    port: int | None = prop(doc="As written; null when not written.")
    path: str = prop(doc="As written (case matters).")
    query: str = prop(doc="With its '?', or ''.")
    fragment: str = prop(doc="With its '#', or ''.")
    loopback: bool = prop(doc="Host is localhost, 127.0.0.1 or [::1].")
    ip_literal: bool = prop(doc="Host is an IP address.")
    application_proxy: bool = prop(doc="Host is one that Application Proxy made for the tenant (msappproxy.net).")
    internationalized: bool = prop(doc="Host has letters beyond ASCII, or a label in punycode (xn--).")

    def __init__(self, value: str, owner: App | ServicePrincipal, at: str) -> None:
        self.value, self.owner, self.at = value, owner, at
        self.port = None
        found = _URI.fullmatch(value)
        if found is None:
            self.scheme = self.host = self.query = self.fragment = ""
            self.path = value
            self.loopback = self.ip_literal = self.internationalized = self.application_proxy = False
            return
        scheme, authority, path, query, fragment = found.groups()
        self.scheme, self.path, self.query, self.fragment = intern(scheme.lower()), path, query or "", fragment or ""
        host = authority.rpartition("@")[2].lower() if authority else ""
        if ":" in host and (split := _PORT.fullmatch(host)):
            host, self.port = split[1], int(split[2])
        if host[-1:] == "." and host[-2:] != "..":
            host = host[:-1]  # fully qualified: the same host
        self.host = host = intern(host)  # many registrations have a few hosts
        self.loopback, self.application_proxy = host in LOOPBACK, hosts.is_application_proxys(host)
        self.ip_literal = host[:1] == "[" or (host[-1:].isdigit() and host.count(".") == 3 and host.replace(".", "").isdigit())
        self.internationalized = not host.isascii() or host[:4] == "xn--" or ".xn--" in host

    @property
    def label(self) -> str:
        """As it may be shown: user, query and fragment are where secrets stand."""
        value: Any = self.value
        return hidden(str(value.what) if isinstance(value, Unknown) else value)

    @fact()
    def well_formed(self) -> bool:
        """Absolute, with a host where the scheme is http or https, without user, space, backslash or control character."""
        return (
            self.scheme != ""
            and (self.host != "" or self.scheme not in ("http", "https"))
            and self.value.isprintable()
            and _FORBIDDEN.search(self.value) is None
            and ".." not in self.host
            and (self.port is None or self.port <= 65535)
            and (":" not in self.host or self.host.startswith("["))  # what is left of a port that is no number
            and ("@" not in self.value or "@" not in self.value[: len(self.value) - len(self.path + self.query + self.fragment)])
        )

    @fact()
    def compared(self) -> str:
        """As Entra ID compares redirect URIs: `https://host` is `https://host/`, and the port of a loopback address is ignored."""
        return as_compared(read(self.value))

    @fact()
    def domain(self) -> str:
        """The registrable domain (public suffix list); '' for loopback, IP addresses and custom schemes."""
        if self.loopback or self.ip_literal or self.scheme not in ("http", "https"):
            return ""
        return hosts.registrable_domain(self.host)

    @fact(ORGANIZATION, unknown_without=(ORGANIZATION,))
    def verified_domain(self) -> bool:
        """Host is a verified domain of the tenant or lies under one."""
        host = self.host
        return some(self.owner.world.tenant.verified_domains, lambda domain: host == domain or host.endswith("." + domain))

    @fact(HOST_ANSWERS, unknown_without=(HOST_ANSWERS,))
    def host_missing(self) -> bool:
        """A name server answered that its host does not exist (NXDOMAIN). From a file of dnsx."""
        return self.owner.world.imported.is_missing(self.host, self.domain)

    @fact(HOST_ANSWERS, unknown_without=(HOST_ANSWERS,))
    def domain_missing(self) -> bool:
        """A name server answered so of its registrable domain: anybody can register it."""
        return self.owner.world.imported.is_missing(self.domain, "")


class RedirectUri(Uri):
    """A redirect URI of one of the three platforms (web, spa, publicClient .redirectUris)."""

    KEY = (("platform", "value"),)
    owner: App

    platform: Platform = prop(doc="Which list it stands in.")
    portless: str = prop(doc="The URI without its port, as Entra ID compares loopback URIs.")
    slashless: str = prop(doc="The URI without a slash at its end.")
    shared_callback: bool = prop(doc="A callback host of a Microsoft service that serves many customers.")
    connector_callback: Literal["shared", "per connector", "regional"] | None = prop(
        doc="What kind of callback of Power Platform's connectors it is; null for other URIs."
    )
    custom_scheme: bool = prop(doc="A scheme of the application's own, such as myapp://auth or msal{app id}://auth.")
    takeover_prone: str | None = prop(
        doc="The cloud service whose released host names anybody can register; null when the host is not such a one."
    )
    third_party: Literal["shortener", "tunnel", "test tool"] | None = prop(
        doc="What kind of public service the host belongs to, where anybody can receive the code; null for other hosts."
    )
    bound_tunnel: bool = prop(doc="A tunnel's name that stays with the account that made it: a dev tunnel, a name that ngrok reserved.")
    app_service_callback: bool = prop(doc="Where App Service authentication receives sign-ins (/.auth/login/aad/callback).")
    broker_app_id: str | None = prop(
        doc="What stands for the app id in a broker's URI (ms-appx-web://…/{id}, msal{id}://auth); null for other URIs."
    )

    mobile_fault: MobileFault | None = prop(
        doc="What is wrong with a URI in MSAL's form, msauth.{bundle}://auth on iOS or msauth://{package}/{hash} on Android; null: nothing."
    )

    def __init__(self, value: str, owner: App, at: str, platform: Platform) -> None:
        super().__init__(value, owner, at)
        self.platform = platform
        scheme, host = self.scheme, self.host
        self.portless = value if self.port is None else f"{scheme}://{host}{self.path}{self.query}"
        self.slashless = value.rstrip("/")
        self.shared_callback = host in hosts.SHARED_CALLBACKS
        self.connector_callback = hosts.connector_callback(value) if ".consent.azure-apim." in host else None
        self.takeover_prone, self.third_party = hosts.takeover_prone(host), hosts.third_party(host)
        self.bound_tunnel = self.third_party == "tunnel" and hosts.is_bound_tunnel(host)
        self.app_service_callback = hosts.is_app_service_callback(self.path)
        self.custom_scheme = scheme not in _PLAIN_SCHEMES
        self.mobile_fault = _mobile_fault(self) if scheme[:6] == "msauth" else None
        self.broker_app_id = _broker_app_id(scheme, host, self.path) if scheme[:2] == "ms" else None

    @fact(APPLICATIONS.whole, partial_without=APPLICATIONS)
    def also_on(self) -> list[App]:
        """Other registrations with the same redirect URI."""
        return self.owner.world.sharing.others("redirect URI", self.value, self.owner)


class ReplyUri(Uri):
    """A redirect URI of a service principal (replyUrls), as it came from the registration."""

    COLLECTIONS = (SERVICE_PRINCIPALS,)
    owner: ServicePrincipal

    @fact()
    def shared_callback(self) -> bool:
        """A callback host of a Microsoft service that serves many customers."""
        return self.host in hosts.SHARED_CALLBACKS

    @fact()
    def weakness(self) -> Literal["http", "wildcard", "IP address", "takeover-prone", "shortener", "tunnel", "test tool"] | None:
        """Why somebody else may receive what is sent to it: the worst reason; null: nothing is seen."""
        host = self.host
        if "*" in host:
            return "wildcard"
        if self.ip_literal and not self.loopback:
            return "IP address"
        if hosts.takeover_prone(host) is not None:
            return "takeover-prone"
        if (third := hosts.third_party(host)) is not None:
            return third
        return "http" if self.scheme == "http" and not self.loopback else None


class RedirectUriSetting(Fact):
    """The index of a redirect URI, for SAML (web.redirectUriSettings)."""

    WITHIN = "web.redirectUriSettings"
    KEY = (("uri",),)
    LABEL = ("uri",)
    owner: App

    uri: str = prop("uri", text, "The redirect URI.")
    index: int | None = prop("index", number, "Its index; null when it has none.")


class IdentifierUri(Uri):
    """An Application ID URI (identifierUris)."""

    owner: App

    @fact(ORGANIZATION)
    def form(
        self,
    ) -> Literal[
        "api-app-id",
        "api-tenant",
        "api-tenant-app-id",
        "api-tenant-string",
        "api-string-app-id",
        "api-verified-domain",
        "tenant-domain",
        "verified-domain",
        "other",
    ]:
        """Which documented form it has; api://{tenant id} alone is 'api-tenant', 'other' has none."""
        if self.scheme == "api" and not (self.query or self.fragment):
            parts = self.value[len("api://") :].lower().split("/")
            app_id = self.owner.app_id
            if parts == [app_id]:
                return "api-app-id"
            if len(parts) == 1 and is_guid(parts[0]) and parts[0] == self.owner.world.tenant.id:
                return "api-tenant"
            if len(parts) == 2 and "" not in parts and is_guid(parts[0]):
                if parts[0] == self.owner.world.tenant.id:
                    return "api-tenant-app-id" if parts[1] == app_id else "api-tenant-string"
                return "api-string-app-id" if parts[1] == app_id else "other"
            if len(parts) == 2 and parts[0] and parts[1] == app_id:
                return "api-string-app-id"
            if "" not in parts and "." in self.host and self.verified_domain:
                return "api-verified-domain"
        if self.scheme == "https" and self.host and not self.value.endswith("/") and self.verified_domain:
            return "tenant-domain" if self.host.endswith(INITIAL_DOMAINS) else "verified-domain"
        return "other"

    @fact(APPLICATIONS.whole, partial_without=APPLICATIONS)
    def also_on(self) -> list[App]:
        """Other registrations with the same Application ID URI, upper and lower case apart."""
        return self.owner.world.sharing.others("Application ID URI", self.value.lower(), self.owner)

    @fact(SERVICE_PRINCIPALS.whole, unknown_without=(SERVICE_PRINCIPALS,))
    def on_service_principal(self) -> bool:
        """The app's service principal has it as a name; false when there is no service principal."""
        principal = self.owner.service_principal
        return principal is not None and any(name == self.value for name in principal.names)

    @fact()
    def host_in_capitals(self) -> bool:
        """What stands for its host, and is not an ID, has upper case letters."""
        authority = self.value.partition("://")[2].partition("/")[0]
        return authority != authority.lower() and not is_guid(authority.lower())

    @fact()
    def app_id_inside(self) -> str | None:
        """The GUID that it names as api://GUID; null when it names none."""
        rest = self.value[len("api://") :].lower() if self.scheme == "api" else ""
        return rest if is_guid(rest) else None

    @fact()
    def claimed_id(self) -> str | None:
        """The GUID that stands where the application's ID belongs: api://GUID, api://GUID/orders, api://host/GUID. The application's own,
        where it is among several; null when there is none.
        """
        if self.scheme != "api":
            return None
        first, *rest = self.value[len("api://") :].lower().rstrip("/").split("/")
        guids = [part for part in (first, *rest[-1:]) if is_guid(part)]
        return next((guid for guid in guids if guid == self.owner.app_id), guids[0]) if guids else None

    @fact(APPLICATIONS.whole)
    def names_registration(self) -> bool:
        """What stands in it as an ID is that of another registration of the tenant, or of a Microsoft application."""
        named, world = self.claimed_id, self.owner.world
        if named is None or named == self.owner.app_id:
            return False
        return named in world.catalog.first_party or read(world.app(named)) is not None


def _mobile_fault(uri: Uri) -> MobileFault | None:
    """What MSAL would write in another way. learn.microsoft.com/entra/identity-platform/redirect-uris-ios, /msal/android."""
    rest = uri.value[len(uri.scheme) + 1 :]
    if uri.scheme == "msauth":
        if not rest.startswith("//"):
            return _SLASHES
        raw = rest[2:].partition("/")[2]
        if uri.host == "code" and "://" in unquote(raw):
            return None  # what the broker on iOS sends when it signs in with a certificate
        if raw == "" or "{" in raw or "<" in raw:
            return None
        if not raw.isascii() or set(raw) & set("=+/"):
            return "the hash is not URL-encoded"
        return None if _SHA_1.fullmatch(unquote(raw)) else "the hash is not a SHA-1 in base64"
    if not uri.scheme.startswith("msauth."):
        return None
    if _BUNDLE.fullmatch(rest):
        return None  # of an app that came from ADAL: msauth.xyz://com.contoso.app
    return None if rest == "//auth" else "nothing but auth is expected behind the slashes" if rest.startswith("//") else _SLASHES


_BUNDLE = late(r"//[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_SHA_1 = late(r"[A-Za-z0-9+/]{27}=")  # twenty bytes in base64


def _broker_app_id(scheme: str, host: str, path: str) -> str | None:
    if scheme == "ms-appx-web" and host == "microsoft.aad.brokerplugin":
        named = path.strip("/").lower()
        return None if named.startswith("s-1-15-") else named  # a package's security identifier is no app id
    rest = scheme.removeprefix("msal")
    return rest if rest != scheme and is_guid(rest) else None


@conversion(list[str], "spa/redirectUris", "publicClient/redirectUris", owned=True)
def redirect_uris(web: Any, spa: Any, public_client: Any, app: App, _below: str) -> list[RedirectUri]:
    """Of the three platforms; partly known when one of them is unknown."""
    found: list[RedirectUri] = []
    missing: Unknown | None = None
    platforms: tuple[tuple[Platform, Any], ...] = (("web", web), ("spa", spa), ("publicClient", public_client))
    for platform, values in platforms:
        if values.__class__ is Unknown:
            missing = values if missing is None else missing  # Web first: see web_uris
            continue
        if values.__class__ is Partial:
            missing, values = values.unknown if missing is None else missing, values.known()
        if values:
            at = places(f"/{platform}/redirectUris", len(values))
            found += [RedirectUri(value, app, place, platform) for value, place in zip(values, at, strict=False)]
    return _without_placeholders(app, found, missing)


def web_uris(uris: Any) -> list[RedirectUri]:
    """Those of the platform Web, of an application's redirect URIs; partly known where that platform, or one of its URIs, is not."""
    if uris.__class__ is list:
        return [uri for uri in uris if uri.platform == "web"] if uris else uris
    gap = uris if isinstance(uris, Unknown) else uris.unknown if isinstance(uris, Partial) else None
    if gap is not None and gap.what.partition(".")[0] in ("spa", "publicClient"):
        gap = None
    return whole_or_partial([] if isinstance(uris, Unknown) else [uri for uri in known(uris) if uri.platform == "web"], gap)


_each_uri = each(IdentifierUri, str)


@conversion(list[str], owned=True)
def identifier_uris(values: Any, app: App, below: str) -> Any:
    """The Application ID URIs; partly known when one holds a placeholder of a template."""
    found: Any = _each_uri(values, app, below)
    if found.__class__ is Unknown:
        return found
    return _without_placeholders(app, known(found), found.unknown if found.__class__ is Partial else None)


def _without_placeholders(app: App, uris: list[Any], missing: Unknown | None) -> list[Any]:
    """In a template "https://${{TAB_DOMAIN}}/cb" is some URI, but nobody knows which; of "http://host/${{PATH}}" enough is known."""
    if not is_template(app):
        return whole_or_partial(uris, missing)
    kept = []
    for uri in uris:
        if is_known_in_part(uri):
            kept.append(uri)
        else:
            missing = Unknown(hidden(uri.value), PLACEHOLDER)
    return whole_or_partial(kept, missing)


def is_template(app: App) -> bool:
    """Placeholders mean something where an id is one, or where there is none: never in what Entra ID gave out."""
    ids: tuple[Any, Any] = (app.id, app.app_id)
    if ids[0].__class__ is str and ids[1].__class__ is str:
        return False
    return any(one.__class__ is Unknown and one.why == PLACEHOLDER for one in ids) or all(one.__class__ is Unknown for one in ids)


def is_known_in_part(uri: Uri) -> bool:
    """Whether scheme and host of a template's URI are known; what a placeholder stands in is then unknown."""
    value = uri.value
    if "{" not in value or not (found := _PLACEHOLDER.search(value)):
        return True
    gap = Unknown(hidden(value), PLACEHOLDER)
    _, authority, rest = re.match(r"([^:/]*:)?(//[^/?#]*)?(.*)", value[: found.start()], re.DOTALL).groups()  # type: ignore[union-attr]
    if not authority or not rest:
        return False
    for name in type(uri).FACTS:
        if name not in _BESIDE_PLACEHOLDERS:
            setattr(uri, name, gap)
    return True


# A template's placeholder, and what is known of a URI that has one behind its host.
_PLACEHOLDER = late(r"\$\{|\{\{")
_BESIDE_PLACEHOLDERS = frozenset({
    "scheme", "host", "port", "loopback", "ip_literal", "internationalized", "verified_domain", "platform", "shared_callback",
    "custom_scheme", "takeover_prone", "third_party", "domain", "application_proxy", "bound_tunnel",
})  # fmt: skip
