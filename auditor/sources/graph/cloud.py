"""Microsoft's clouds: where Graph, sign-in and the portal are."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from auditor.errors import UsageError

AUTHS = (
    "default", "cli", "environment", "workload-identity", "managed-identity", "client-secret", "certificate", "azure-pipelines",
    "device-code", "browser", "token",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cloud:
    """`known_authority`: Microsoft's own, which says itself where it is to be found."""

    graph: str
    authority: str
    portal: str = ""
    known_authority: bool = True


CLOUDS = {
    "global": Cloud("https://graph.microsoft.com", "https://login.microsoftonline.com", "https://entra.microsoft.com"),
    "usgov": Cloud("https://graph.microsoft.us", "https://login.microsoftonline.us", "https://entra.microsoft.us"),
    "dod": Cloud("https://dod-graph.microsoft.us", "https://login.microsoftonline.us", "https://entra.microsoft.us"),
    "china": Cloud("https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn", "https://entra.microsoftonline.cn"),
}


def cloud(name: str, graph_url: str | None = None, authority: str | None = None) -> Cloud:
    """A cloud by name, or another Graph and authority. Raises UsageError for an address that is none."""
    of = CLOUDS[name]
    if graph_url is None and authority is None:
        return of
    return Cloud(
        _address("--graph-url", graph_url) if graph_url else of.graph,
        _address("--authority", authority) if authority else of.authority,
        of.portal if graph_url is None else "",
        known_authority=authority is None,
    )


def _address(option: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        fits = parts.scheme == "https" and parts.hostname and not parts.query and parts.port != 0 and parts.username is None
    except ValueError:
        fits = False
    if not fits or parts.path.strip("/"):
        raise UsageError(f"{option}: say https://HOST, without a path, a version or a password")
    return url.rstrip("/")
