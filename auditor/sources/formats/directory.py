"""Entra ID's own objects: in Microsoft Graph's shape, and in the two older ones of Azure AD Graph's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from auditor.entra.collections import IMPORTED_KINDS, SERVICE_PRINCIPALS, TENANT
from auditor.entra.ids import GUID
from auditor.pattern import late
from auditor.sources import detect
from auditor.sources.detect import SEGMENTS
from auditor.sources.formats import legacy
from auditor.sources.formats.base import Converted, Object, ObjectFormat, Piece

_OF_OTHERS = {"connector", *IMPORTED_KINDS}
_CHILDREN = {collection.kind for collection in TENANT if collection.parent is not None and not collection.is_link}

# Of EntraExporter: an object of its own, or one of those that belong to it.
_EXPORTED = late(
    rf"(?:^|/)(Applications|ServicePrincipals)/((?i:{GUID}))/"
    r"(?:\2\.json|(Owners|AppRoleAssignments|AppRoleAssignedTo|Oauth2PermissionGrants)/([^/]+)/\4\.json)\Z"
)
_EXPORTED_KINDS = {"Applications": "application", "ServicePrincipals": "servicePrincipal"}


def _casings(name: str) -> tuple[bytes, bytes]:
    """A property as Microsoft Graph or PowerShell writes it, and as other tools do."""
    return f"[{name[0]}{name[0].upper()}]{name[1:]}".encode(), re.sub("([A-Z])", r"_\1", name).lower().encode()


class _Directory(ObjectFormat):
    is_directory = True

    def fits(self, kind: str, seen: Object, *, one: bool) -> str | None:
        found = self.recognises(seen)
        return kind if found == kind and not detect.is_map_of(kind, seen.members, one=one) else None

    def is_certain(self, seen: Object) -> bool:
        return detect.is_certain(seen.members)

    def _piece(self, seen: Object, kind: str, convert: Callable[[Any], Converted] | None = None) -> Piece:
        members = seen.members
        parent = detect.text(members, "of").lower() if seen.collection in _CHILDREN else ""
        parent = parent or detect.context(detect.text(members, "@odata.context")).parent
        return Piece(seen.element, kind, convert, parent, may_be_template=True)


class _EntraExporter(_Directory):
    """A file for each object, in folders that say what it is and whose: `ServicePrincipals/ID/Owners/ID/ID.json`.

    Which collections it read to their end, it does not say.
    """

    name = "EntraExporter"
    about = "the files of an export of EntraExporter"
    holds = ("everything",)
    told_by = "the folders Applications/ID and ServicePrincipals/ID, each with ID.json in it"
    path = _EXPORTED
    cannot_carry = frozenset({"federatedIdentityCredentials"})

    def recognises(self, seen: Object) -> str | None:
        if seen.element.pointer or not any(folder in seen.file for folder in _EXPORTED_KINDS):
            return None
        if (found := _EXPORTED.search(seen.file)) is None:
            return None
        folder, _, collection, _ = found.groups()
        if collection == "Owners":
            return "owner"
        kind = detect.directory_kind(seen.members)
        return kind if kind == (_EXPORTED_KINDS[folder] if collection is None else SEGMENTS[collection.lower()]) else None

    def is_certain(self, seen: Object) -> bool:
        return True

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        found = _EXPORTED.search(seen.file)
        parent = found[2].lower() if found is not None and kind == "owner" else ""
        yield Piece(seen.element, kind, parent=parent)


class _AzureADGraph(_Directory):
    """`az` before 2.37."""

    name = "Azure AD Graph"
    about = "`az ad app list` and `az ad sp list` before az 2.37"
    told_by = "`objectId` beside `objectType`, `replyUrls` or `odata.type`"
    holds = ("applications", "servicePrincipals")
    markers = (rb"[rR]eplyUrls", rb"odata\.metadata", rb"objectType", rb"[oO]auth2Permissions")
    cannot_carry = legacy.CANNOT_CARRY

    def recognises(self, seen: Object) -> str | None:
        return detect.aad_graph_kind(seen.members) if detect.is_aad_graph(seen.members) else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        convert = legacy.service_principal if kind == SERVICE_PRINCIPALS.kind else partial(legacy.application, portal=False)
        yield self._piece(seen, kind, convert)


class _PortalManifest(_Directory):
    """What the portal showed until 2024."""

    name = "Azure AD Graph manifest"
    about = "the manifest that the portal showed until 2024"
    told_by = "`replyUrlsWithType`, `oauth2Permissions`, `accessTokenAcceptedVersion`"
    holds = ("applications",)
    markers = (rb"[rR]eplyUrlsWithType", rb"[oO]auth2Permissions")
    cannot_carry = legacy.OF_THEIR_OWN

    def recognises(self, seen: Object) -> str | None:
        if not detect.is_legacy(seen.members):
            return None
        return "application" if detect.directory_kind(seen.members) == "application" else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        yield self._piece(seen, kind, partial(legacy.application, portal=True))


class _MicrosoftGraph(_Directory):
    """The portal's manifest, REST, `az`, CLI for Microsoft 365."""

    name = "Microsoft Graph"
    about = "Microsoft Graph itself, `az` from 2.37, CLI for Microsoft 365, the manifest of the portal"
    told_by = "`@odata.type`, `@odata.context`, or names such as `signInAudience` and `servicePrincipalType`"
    holds = ("everything",)
    markers = (
        *(casing for collection in TENANT for name in collection.markers for casing in _casings(name)),
        *_casings("oauth2PermissionScopes"), rb"resourceAppId", rb"optionalClaims", rb"@odata\.context",
    )  # fmt: skip

    def recognises(self, seen: Object) -> str | None:
        return detect.directory_kind(seen.members)

    def fits(self, kind: str, seen: Object, *, one: bool) -> str | None:
        return kind if kind not in _OF_OTHERS and detect.may_be(kind, seen.members, one=one) else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        yield self._piece(seen, kind)


PLAIN = _MicrosoftGraph()
FORMATS = (_EntraExporter(), _AzureADGraph(), _PortalManifest(), PLAIN)
