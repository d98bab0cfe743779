"""Microsoft's clouds: where Microsoft Graph, sign-in and the portal are, and how tenants are called there."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

import msgspec

CloudName = Literal["public", "us government", "china"]


class Cloud(msgspec.Struct, frozen=True):
    """`name` is what rules call one of Microsoft's. `known_authority`: Microsoft's own, which says itself where it is to be found."""

    graph: str
    authority: str
    portal: str = ""
    known_authority: bool = True
    name: CloudName | None = None
    login_hosts: tuple[str, ...] = ()  # beside that of the authority
    initial_domain: str = ""  # the end of the domain that a tenant is created with
    federated_audience: str = "api://AzureADTokenExchange"  # of the tokens of other issuers that sign-in accepts

    @property
    def all_login_hosts(self) -> tuple[str, ...]:
        return self.authority.partition("://")[2], *self.login_hosts


# By the names of --cloud.
CLOUDS = {
    "global": Cloud(
        "https://graph.microsoft.com", "https://login.microsoftonline.com", "https://entra.microsoft.com", name="public",
        login_hosts=("login.windows.net", "login.microsoft.com", "sts.windows.net"), initial_domain=".onmicrosoft.com",
    ),
    "usgov": Cloud(
        "https://graph.microsoft.us", "https://login.microsoftonline.us", "https://entra.microsoft.us",
        name="us government", initial_domain=".onmicrosoft.us", federated_audience="api://AzureADTokenExchangeUSGov",
    ),
    "dod": Cloud(
        "https://dod-graph.microsoft.us", "https://login.microsoftonline.us", "https://entra.microsoft.us",
        name="us government", initial_domain=".onmicrosoft.us", federated_audience="api://AzureADTokenExchangeUSGov",
    ),
    "china": Cloud(
        "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn", "https://entra.microsoftonline.cn",
        name="china", login_hosts=("login.partner.microsoftonline.cn",), initial_domain=".partner.onmschina.cn",
        federated_audience="api://AzureADTokenExchangeChina",
    ),
}  # fmt: skip
_BY_LOGIN_HOST: dict[str, CloudName] = {host: cloud.name for cloud in CLOUDS.values() if cloud.name for host in cloud.all_login_hosts}
BY_INITIAL_DOMAIN: dict[str, CloudName] = {cloud.initial_domain: cloud.name for cloud in CLOUDS.values() if cloud.name}
INITIAL_DOMAINS = tuple(BY_INITIAL_DOMAIN)


# Of one tenant each: External ID, Azure AD B2C.
_OF_CUSTOMERS = (".ciamlogin.com", ".b2clogin.com")


def login_cloud(url: str, *, customers: bool = False) -> CloudName | None:
    """The cloud that a login URL of Microsoft Entra ID belongs to, or None. `customers`: an address of External ID counts, too."""
    scheme, _, rest = url.strip().lower().partition("://")
    host = rest.partition("/")[0]
    if scheme != "https":
        return None
    return "public" if customers and host.endswith(_OF_CUSTOMERS) else _BY_LOGIN_HOST.get(host)


def graph_of(graph: str, portal: str = "") -> str | None:
    """Microsoft Graph's address where it is Microsoft's own; without one that of the cloud with this portal, the public one without
    either. None where it is another's, or where two clouds share the portal.
    """
    roots = {cloud.graph for cloud in CLOUDS.values() if cloud.graph == graph or (not graph and cloud.portal == portal)}
    if not graph and not portal:
        return CLOUDS["global"].graph
    return roots.pop() if len(roots) == 1 else None


_BLADES = {  # of the portal's page of a registration, by area of rules
    "redirect-uris": "Authentication", "tokens": "Authentication", "credentials": "Credentials", "api-permissions": "CallAnAPI",
    "exposed-api": "ProtectAnAPI", "ownership": "Owners",
}  # fmt: skip


def portal_url(portal: str, kind: str, app_id: str | None, object_id: str | None, area: str) -> str | None:
    """Where people look at an object of a live tenant; None where `portal` is empty."""
    if not portal or not app_id:
        return None
    if kind == "application":
        return f"{portal}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/{_BLADES.get(area, 'Overview')}/appId/{quote(app_id)}"
    if kind == "servicePrincipal" and object_id:
        at = f"objectId/{quote(object_id)}/appId/{quote(app_id)}"
        return f"{portal}/#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/Overview/{at}"
    return None
