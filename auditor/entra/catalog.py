"""Data with its provenance: Microsoft Graph's permissions and how far they reach, Microsoft's and abused applications, AADSTS codes.

The tables and their licences are described in `NOTICE.md` beside them. Everything is read when first asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from msgspec import Struct

from auditor.entra.ids import AZURE_AD_GRAPH, MICROSOFT_GRAPH, MICROSOFT_TENANTS

Privilege = Literal["tier 0", "high", "medium", "low", "unrated"]
Kind = Literal["delegated", "application"]
AbuseKind = Literal["malicious", "abused"]  # made by attackers; a product that they also use
DATE = "2026-08-20"  # the day of the newest source; see NOTICE.md


_FEW = 50  # permissions that are looked for in the text
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


class Code(Struct, frozen=True):
    """An AADSTS code: with what sign-in fails. Which rules look for it stands in their pages, not here."""

    number: int
    foreseeable: str  # from configuration: "yes", "partly" or "no"
    meaning: str
    limits: str  # why it cannot, or can only partly, be foreseen


class Definition(Struct, frozen=True):
    """A permission as an API of Microsoft's defines it."""

    id: str
    value: str
    kind: Kind
    enabled: bool
    admin_consent: bool
    privilege: Privilege
    reach: str  # what it lets its holder do, "assigns …"; of a delegated one what it lets an application do for a user, "assign …"


class RoleTemplate(Struct, frozen=True):
    """A built-in directory role."""

    id: str
    name: str
    privilege: Privilege
    is_privileged: bool  # Microsoft marks it so
    reach: str  # what it lets its holder do, "assigns …"


class Abuse(Struct, frozen=True):
    """An application that attackers use."""

    app_id: str
    name: str  # '' where it had many, or one that says nothing
    kind: AbuseKind
    source: str  # who reported it
    taken: str  # the day on which we took it from there


class Catalog:
    """Look-ups by id and by name."""

    def __init__(self) -> None:
        self._looked_for = 0

    microsoft_tenants = MICROSOFT_TENANTS
    at_first_use = _AT_FIRST_USE  # resource URL without a slash at its end -> name of the API
    resource_names = {f"{name}{slash}": app_id for name, app_id in _RESOURCE_NAMES.items() for slash in ("", "/")}

    @cached_property
    def first_party(self) -> dict[str, str]:
        """Application ID -> name of Microsoft's own applications."""
        return {row[0]: row[1] for row in _rows("first_party_apps.tsv")}

    @cached_property
    def abused(self) -> dict[str, Abuse]:
        """Application ID -> an application that attackers use."""
        return {row[0]: Abuse(row[0], row[1], cast("AbuseKind", row[2]), *row[3:]) for row in _rows("abused_apps.tsv")}

    @cached_property
    def roles(self) -> dict[str, RoleTemplate]:
        """Template ID -> built-in directory role."""
        return {row[0]: RoleTemplate(row[0], row[1], cast("Privilege", row[2]), row[3] == "yes", row[4]) for row in _rows("roles.tsv")}

    @cached_property
    def permissions(self) -> dict[tuple[str, str, str], Definition]:
        """(resource app id, permission id, kind) -> permission."""
        return {(row[0], row[1], row[3]): _definition(row) for row in _rows("permissions.tsv")}

    def permission(self, resource: str, id_: str, kind: str) -> Definition | None:
        """A permission by its ID. The first few are looked for in the text: to make the whole table takes as long as to read a manifest."""
        self._looked_for += 1
        if self._looked_for > _FEW or "permissions" in self.__dict__:
            return self.permissions.get((resource, id_, kind))
        at, beginning = -1, f"\n{resource}\t{id_}\t"
        while (at := self._permissions_text.find(beginning, at + 1)) >= 0:
            row = self._permissions_text[at + 1 : self._permissions_text.find("\n", at + 1)].split("\t")
            if [row[0], row[1], row[3]] == [resource, id_, kind]:
                return _definition(row)
        return None

    @cached_property
    def _permissions_text(self) -> str:
        return _text("permissions.tsv")

    @cached_property
    def rated_apis(self) -> frozenset[str]:
        """App IDs of the APIs of which delegated permissions are rated."""
        return frozenset(app_id for (app_id, _, kind), tier in self.privileges.items() if kind == "delegated" and tier != "unrated")

    @cached_property
    def privileges(self) -> dict[tuple[str, str, str], Privilege]:
        """(resource app id, permission name, kind) -> how far it reaches."""
        return {(resource, p.value, kind): p.privilege for (resource, _, kind), p in self.permissions.items()}

    @cached_property
    def reaches(self) -> dict[tuple[str, str, str], str]:
        """(resource app id, permission name, kind) -> what it lets its holder do, where somebody said it."""
        return {(resource, p.value, kind): p.reach for (resource, _, kind), p in self.permissions.items() if p.reach}

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


def _text(file: str) -> str:
    return (Path(__file__).parent / file).read_text("utf-8")


def _rows(file: str) -> Iterator[list[str]]:
    return (line.split("\t") for line in _text(file).splitlines()[1:] if line)


def _definition(row: list[str]) -> Definition:
    _, id_, value, kind, enabled, admin, privilege, reach = row
    return Definition(id_, value, cast("Kind", kind), enabled == "true", admin == "true", cast("Privilege", privilege), reach)
