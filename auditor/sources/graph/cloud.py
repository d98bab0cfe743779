"""The cloud of a run: one of Microsoft's, or another Graph and authority."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec.structs import replace

from auditor.entra.clouds import CLOUDS, Cloud
from auditor.errors import UsageError

AUTHS = (
    "default", "cli", "environment", "workload-identity", "managed-identity", "client-secret", "certificate", "azure-pipelines",
    "github-actions", "device-code", "browser", "token",
)  # fmt: skip


def cloud(name: str, graph_url: str | None = None, authority: str | None = None) -> Cloud:
    """A cloud by name, or another Graph and authority. Raises UsageError for an address that is none."""
    of = CLOUDS[name]
    if graph_url is None and authority is None:
        return of
    return replace(
        of,
        graph=_address("--graph-url", graph_url) if graph_url else of.graph,
        authority=_address("--authority", authority) if authority else of.authority,
        portal=of.portal if graph_url is None else "",
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
