"""Hosts that mean something to an auditor of redirect URIs. Source: Microsoft's page on dangling DNS, and the services' own documents."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal

from auditor.pattern import late

SHARED_CALLBACKS = frozenset({
    "global.consent.azure-apim.net",
    "login.live.com",
    "login.microsoftonline.com",
    "oauth.powerbi.com",
    "teams.microsoft.com",
    "token.botframework.com",
})  # fmt: skip

_TAKEOVER_PRONE = {
    "azure-api.net": "Azure API Management",
    "azurecontainer.io": "Azure Container Instances",
    "azureedge.net": "Azure CDN",
    "azurehdinsight.net": "Azure HDInsight",
    "blob.core.windows.net": "Azure Storage",
    "cloudapp.azure.com": "Azure virtual machines",
    "cloudapp.net": "Azure Cloud Services",
    "github.io": "GitHub Pages",
    "herokuapp.com": "Heroku",
    "netlify.app": "Netlify",
    "trafficmanager.net": "Azure Traffic Manager",
    "vercel.app": "Vercel",
    "web.core.windows.net": "Azure Storage",
}


_THIRD_PARTIES: dict[str, Literal["shortener", "tunnel", "test tool"]] = {
    "bit.ly": "shortener", "cutt.ly": "shortener", "goo.gl": "shortener", "is.gd": "shortener", "ow.ly": "shortener",
    "rebrand.ly": "shortener", "t.co": "shortener", "tinyurl.com": "shortener", "aka.ms": "shortener",
    "devtunnels.ms": "tunnel", "loca.lt": "tunnel", "localhost.run": "tunnel", "lhr.life": "tunnel", "ngrok-free.app": "tunnel",
    "ngrok-free.dev": "tunnel", "ngrok.app": "tunnel", "ngrok.dev": "tunnel", "ngrok.io": "tunnel", "serveo.net": "tunnel",
    "trycloudflare.com": "tunnel", "tunnelmole.net": "tunnel",
    "beeceptor.com": "test tool", "hookbin.com": "test tool", "jwt.io": "test tool", "jwt.ms": "test tool",
    "oauth.pstmn.io": "test tool", "oauth.tools": "test tool", "oauthdebugger.com": "test tool", "oidcdebugger.com": "test tool",
    "openidconnect.net": "test tool", "requestbin.com": "test tool", "webhook.site": "test tool",
}  # fmt: skip


def third_party(host: str) -> Literal["shortener", "tunnel", "test tool"] | None:
    """What kind of public service a host or one of its parents belongs to, or None."""
    if not host.endswith(_THIRD_PARTY_ENDS):
        return None
    while host:
        if kind := _THIRD_PARTIES.get(host):
            return kind
        host = host.partition(".")[2]
    return None


# Power Platform's callback for connectors: one for all, one a connector, and those that regions had before. Environments of the
# preview region, in which a connector is tested before it is certified, sign in by global-test: learn.microsoft.com/connectors.
_CONNECTOR_CALLBACK = late(r"https://([a-z0-9-]+)\.consent\.azure-apim\.(?:net|us|cn)/redirect(/[^/?#]+)?/?")


def connector_callback(uri: str) -> Literal["shared", "per connector", "regional"] | None:
    """What kind of callback of Power Platform's connectors a redirect URI is, or None."""
    found = _CONNECTOR_CALLBACK.fullmatch(uri)
    if found is None:
        return None
    return "per connector" if found[2] else "shared" if found[1] in ("global", "global-test") else "regional"


# Names that the service makes up itself, so that nobody can ask for one: a label of App Service, container instances or virtual machines
# whose name may not be reused by other tenants is followed by a hash, Heroku puts twelve hex digits behind a name (since June 2023).
# Names of azurestaticapps.net always have a random part.
_MADE_UP = late(
    r"[a-z0-9-]+\.[a-z0-9]{12,}\.[a-z0-9]+\.(?:azurecontainer\.io|cloudapp\.azure\.com)|[a-z0-9-]+-[0-9a-f]{12}\.herokuapp\.com"
)
# One look at a host's end settles nearly all of them.
_CLAIMABLE = (".azurewebsites.net", *(f".{suffix}" for suffix in _TAKEOVER_PRONE))
_THIRD_PARTY_ENDS = tuple(_THIRD_PARTIES)


@cache
def _suffixes() -> Any:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def registrable_domain(host: str) -> str:
    """`b.example.co.uk` -> `example.co.uk`, by the public suffix list; '' for a suffix itself."""
    return _suffixes().privatesuffix(host.strip("*.")) or ""


# Microsoft's own APIs are under these; what is a customer's there can be taken over or is one of theirs.
_MICROSOFTS = (
    ".azure.com", ".azure.net", ".azureiotcentral.com", ".dynamics.com", ".microsoft.com", ".office.com", ".office365.com",
    ".powerapps.com", ".powerbi.com", ".visualstudio.com", ".windows.net",
)  # fmt: skip


def is_microsofts(host: str) -> bool:
    """Whether an API at this host is Microsoft's; not what a customer has published in Azure."""
    return host.endswith(_MICROSOFTS) and takeover_prone(host) is None and not host.endswith(_CLAIMABLE)


# Where an API of Microsoft is called that takes tokens for itself only, with its app id; `.` begins the end of a name.
_APIS = {
    "graph.microsoft.com": "00000003-0000-0000-c000-000000000000",
    "graph.microsoft.us": "00000003-0000-0000-c000-000000000000",
    "graph.windows.net": "00000002-0000-0000-c000-000000000000",
    "api.powerbi.com": "00000009-0000-0000-c000-000000000000",
    "api.fabric.microsoft.com": "00000009-0000-0000-c000-000000000000",
    "api.businesscentral.dynamics.com": "996def3d-b36c-4153-8607-a6fd3c01b89f",
    ".sharepoint.com": "00000003-0000-0ff1-ce00-000000000000",
    "manage.office.com": "c5393580-f805-4401-95e8-94b7a6ef2fc2",
    "management.azure.com": "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "outlook.office.com": "00000002-0000-0ff1-ce00-000000000000",
    "outlook.office365.com": "00000002-0000-0ff1-ce00-000000000000",
    ".vault.azure.net": "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
}
_DATAVERSE = late(r"[^.]+\.(?:api\.)?crm\d*\.dynamics\.com", re.IGNORECASE)


def api_at(host: str) -> str | None:
    """The app id of the API of Microsoft that is called at a host; None where it is another host, or an API takes several audiences."""
    host = host.lower().partition(":")[0]
    if _DATAVERSE.fullmatch(host) is not None:
        return "00000007-0000-0000-c000-000000000000"
    return _APIS.get(host) or _APIS.get("." + host.partition(".")[2])


_APPLICATION_PROXY = (".msappproxy.net", ".msappproxy.us")
# App Service, Functions, Static Web Apps and Container Apps sign users in there, with response_type=code id_token.
_APP_SERVICE_CALLBACK = late(r"/\.auth/login/aad/callback/?", re.IGNORECASE)


def is_application_proxys(host: str) -> bool:
    """Whether Application Proxy made the name, for one tenant alone."""
    return host.endswith(_APPLICATION_PROXY)


def is_app_service_callback(path: str) -> bool:
    """Whether App Service authentication receives sign-ins at this path."""
    return _APP_SERVICE_CALLBACK.fullmatch(path) is not None


# A tunnel's name that only the account can use that has it: the random id of a dev tunnel, what somebody reserved at ngrok. Names
# that ngrok gives away for the time of a session are hexadecimal, today with the IP address behind it.
_PASSING_NGROK = late(r"[0-9a-f]{8,}\..*|[0-9a-f]{2,}-(?:\d{1,3}-){3}\d{1,3}\..*|(?:[0-9a-f]{1,4}-+){3,}[0-9a-f]{1,4}\..*")
_NGROK = (".ngrok-free.app", ".ngrok-free.dev", ".ngrok.app", ".ngrok.dev", ".ngrok.io")


def is_bound_tunnel(host: str) -> bool:
    """Whether a tunnel's name stays with the account that made or reserved it."""
    return host.endswith(".devtunnels.ms") or (host.endswith(_NGROK) and "*" not in host and _PASSING_NGROK.fullmatch(host) is None)


def takeover_prone(host: str) -> str | None:
    """The service whose released names of this form anybody can register, or None.

    App Service's regional names with a hash (`app-a1b2.westeurope-01.azurewebsites.net`) cannot be claimed by others; the short form can.
    """
    if not host.endswith(_CLAIMABLE):
        return None
    if host.endswith(".azurewebsites.net"):
        labels = host.removesuffix(".azurewebsites.net").removesuffix(".scm").split(".")
        return "Azure App Service" if len(labels) == 1 else None
    if _MADE_UP.fullmatch(host):
        return None
    suffix = host
    while "." in suffix:
        suffix = suffix.partition(".")[2]
        if service := _TAKEOVER_PRONE.get(suffix):
            return service
    return None
