"""Data with its provenance: Microsoft Graph's permissions and their privilege, Microsoft's first-party applications, AADSTS codes.

The tables and their licences are described in `NOTICE.md` beside them. Everything is read when first asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from auditor.entra.ids import API_CONNECTIONS, AZURE_AD_GRAPH, MICROSOFT_GRAPH, MICROSOFT_TENANTS

Privilege = Literal["tier 0", "high", "medium", "low", "unrated"]
Kind = Literal["delegated", "application"]
DATE = "2026-08-20"  # the day of the newest source; see NOTICE.md
# ScubaGear's risk first, else the privilege level of Microsoft's devx content.
_SCUBAGEAR = {"Critical": "tier 0", "High": "high", "Medium": "medium", "Low": "low"}
_DEVX = {"4": "high", "3": "medium", "2": "low", "1": "low"}
# Named by Microsoft's own documents, not in the table. The hosts of Teams tabs are those of tab-sso-register-aad (Microsoft Teams).
_ALSO_FIRST_PARTY = {
    "1950a258-227b-4e31-a9cf-717495945fc2": "Microsoft Azure PowerShell",
    "d3590ed6-52b3-4102-aeff-aad2292ab01c": "Microsoft Office",
    "4765445b-32c6-49b0-83e6-1d93765276ca": "Microsoft 365 web",
    "0ec893e0-5785-4de6-99da-4ed124e5296c": "Microsoft 365 desktop",
    "4345a7b9-9a63-4910-a426-35363201d503": "Microsoft 365 web (earlier ID)",
    "27922004-5251-4030-b22d-91ecd9a37ea4": "Outlook mobile",
    API_CONNECTIONS: "Azure API Connections",
}


# Names of Microsoft's APIs that are asked for most, where the tenant's service principals do not say them.
_RESOURCE_NAMES = {
    "https://graph.microsoft.com": MICROSOFT_GRAPH,
    "https://graph.windows.net": AZURE_AD_GRAPH,
    "https://management.azure.com": "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "https://management.core.windows.net": "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "https://outlook.office.com": "00000002-0000-0ff1-ce00-000000000000",
    "https://outlook.office365.com": "00000002-0000-0ff1-ce00-000000000000",
    "https://vault.azure.net": "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
}


# APIs of Microsoft's that get a service principal in a tenant at their first use.
_AT_FIRST_USE = {
    "https://api.applicationinsights.io": "Application Insights API",
    "https://api.businesscentral.dynamics.com": "Dynamics 365 Business Central",
    "https://api.loganalytics.io": "Log Analytics API",
    "https://api.partnercenter.microsoft.com": "Microsoft Partner Center",
    "https://api.securitycenter.microsoft.com": "WindowsDefenderATP",
    "https://apps.azureiotcentral.com": "Azure IoT Central",
    "https://cognitiveservices.azure.com": "Microsoft Cognitive Services",
    "https://database.windows.net": "Azure SQL Database",
    "https://digitaltwins.azure.net": "Azure Digital Twins",
    "https://manage.office.com": "Office 365 Management APIs",
    "https://storage.azure.com": "Azure Storage",
}


class Code(NamedTuple):
    """An AADSTS code: with what sign-in fails. Which rules look for it stands in their pages, not here."""

    number: int
    foreseeable: str  # from configuration: "yes", "partly" or "no"
    meaning: str
    limits: str  # why it cannot, or can only partly, be foreseen


class Definition(NamedTuple):
    """A permission as an API of Microsoft's defines it."""

    id: str
    value: str
    kind: Kind
    enabled: bool
    admin_consent: bool
    privilege: Privilege


class Catalog:
    """Look-ups by id and by name."""

    microsoft_tenants = MICROSOFT_TENANTS
    at_first_use = _AT_FIRST_USE  # resource URL without a slash at its end -> name of the API
    resource_names = {f"{name}{slash}": app_id for name, app_id in _RESOURCE_NAMES.items() for slash in ("", "/")}

    @cached_property
    def first_party(self) -> dict[str, str]:
        """Application ID -> name of Microsoft's own applications."""
        return {row[0].lower(): row[1] for row in _rows("first_party_apps.tsv") if row[1]} | _ALSO_FIRST_PARTY

    @cached_property
    def permissions(self) -> dict[tuple[str, str, str], Definition]:
        """(resource app id, permission id, kind) -> permission."""
        found: dict[tuple[str, str, str], Definition] = {}
        for id_, value, kind, admin, devx, scubagear, enabled in _rows("graph_permissions.tsv"):
            privilege = _SCUBAGEAR.get(scubagear) or _DEVX.get(devx) or "unrated"
            found[MICROSOFT_GRAPH, id_.lower(), kind.lower()] = Definition(
                id_.lower(), value, _kind(kind), enabled == "true", admin == "true", cast("Privilege", privilege)
            )
        for resource, _, id_, value, kind, scubagear in _rows("other_permissions.tsv"):
            privilege = _SCUBAGEAR.get(scubagear) or "unrated"
            found[resource.lower(), id_.lower(), kind.lower()] = Definition(
                id_.lower(), value, _kind(kind), True, kind == "Application", cast("Privilege", privilege)
            )
        return found

    @cached_property
    def privileges(self) -> dict[tuple[str, str, str], Privilege]:
        """(resource app id, permission name, kind) -> how far it reaches."""
        return {(resource, p.value, kind): p.privilege for (resource, _, kind), p in self.permissions.items()}

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {name.casefold(): app_id for app_id, name in reversed(self.first_party.items())}

    def app_id(self, value: str) -> str:
        """The app id of an API that is given by its name; any other value as it is."""
        return self._by_name.get(value, value)

    def permission_id(self, resource: Any, value: Any, kind: Any) -> Any:
        """The id of a permission that is given by its name; any other value as it is."""
        if resource.__class__ is not str or kind.__class__ is not str:
            return value
        return self._ids_by_name.get((resource, value, kind), value)

    def permission_named(self, resource: str, value: str, kind: str) -> Definition | None:
        """The permission of an API with a name, or None."""
        id_ = self._ids_by_name.get((resource, value.lower(), kind))
        return None if id_ is None else self.permissions[resource, id_, kind]

    @cached_property
    def _ids_by_name(self) -> dict[tuple[str, str, str], str]:
        return {(resource, p.value.lower(), kind): p.id for (resource, _, kind), p in self.permissions.items()}

    @cached_property
    def codes(self) -> dict[int, Code]:
        """Number -> AADSTS code."""
        return {int(row[0]): Code(int(row[0]), *row[1:]) for row in _rows("aadsts.tsv")}


CATALOG = Catalog()


def _kind(word: str) -> Kind:
    return "application" if word == "Application" else "delegated"


def _rows(file: str) -> Iterator[list[str]]:
    lines = (Path(__file__).parent / file).read_text("utf-8").splitlines()
    return (line.split("\t") for line in lines[1:] if line)
