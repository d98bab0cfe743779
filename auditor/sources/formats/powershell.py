"""What PowerShell's ConvertTo-Json makes of registrations: of Microsoft Graph PowerShell, of the Az module, of the AzureAD module.

All three write .NET names (`SignInAudience`), and all three lose something: what lies deeper than -Depth becomes a text, a list of one
element becomes that element, and what was not asked for is null like what is not set. Such values are unknown.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

from auditor import schemas
from auditor.entra.collections import APPLICATIONS, SERVICE_PRINCIPALS
from auditor.pattern import late
from auditor.pointer import join
from auditor.sources import detect, marks
from auditor.sources.element import Element
from auditor.sources.formats import legacy
from auditor.sources.formats.base import Converted, Members, Object, ObjectFormat, Piece

CUT, NOT_EXPANDED = "cut by -Depth", "read with -ExpandProperty only"
NOT_SELECTED, NOT_RETURNED = "null, as what -Property did not select", "null, as what the AzureAD module does not return"
_EXPORT_AGAIN = "ConvertTo-Json cut values that lie deeper than -Depth: they count as unknown; export again with `ConvertTo-Json -Depth 10`"
_MORE = "AdditionalProperties"  # what Microsoft's SDK has no property for; its names are Microsoft Graph's
# The text of a .NET object: its type, the hashtable's notation, the AzureAD module's own.
_OBJECT_AS_TEXT = late(r"\s*(?:(?:Microsoft|System)\.[\w.`+\[\], ]*|@\{.*|class \w+ \{.*)", re.DOTALL)
_ACCESS = late(r"\s*@\{Id=([0-9A-Fa-f-]{36}); Type=(Scope|Role)\}")
_CERTIFICATE_HASH = 20  # bytes of SHA-1
# What only one of the two kinds has: PowerShell writes all properties of a type, also those that are not set.
_OF_APPLICATIONS = {
    "web", "spa", "api", "publicClient", "requiredResourceAccess", "identifierUris", "identifierUri", "isFallbackPublicClient",
}  # fmt: skip
_OF_PRINCIPALS = {
    "servicePrincipalType", "servicePrincipalNames", "servicePrincipalName", "appOwnerOrganizationId", "appRoleAssignmentRequired",
    "preferredSingleSignOnMode",
}  # fmt: skip
_NAVIGATION = {"owners", "federatedIdentityCredentials"}  # empty where nobody expanded them
_NEVER_NULL = {
    "addIns", "appRoles", "identifierUris", "keyCredentials", "passwordCredentials", "requiredResourceAccess", "tags", "resourceAccess",
    "redirectUris", "redirectUriSettings", "delegatedPermissionIds", "replyUrls", "servicePrincipalNames", "alternativeNames",
    "notificationEmailAddresses", "oauth2PermissionScopes", "oauth2Permissions", "preAuthorizedApplications", "knownClientApplications",
    "allowedMemberTypes", "audiences",
}  # fmt: skip
_ALWAYS_THERE = ("appRoles", "identifierUris", "keyCredentials", "passwordCredentials", "tags", "replyUrls")
_PLATFORMS = {"web", "spa", "publicClient", "api"}  # never null, either; in Azure AD Graph one of these names is a switch
_AZ_NAMES = {
    "IdentifierUri", "AppRole", "Tag", "ReplyUrl", "ServicePrincipalName", "Oauth2PermissionScope", "AddIn", "AlternativeName", "Audience",
    "Note", "GroupMembershipClaim",
}  # fmt: skip


class _Node(NamedTuple):
    """What Microsoft Graph has at a place: a list, an object with members by their names in lower case, or a plain value."""

    is_list: bool = False
    members: dict[str, tuple[str, _Node]] | None = None
    can_be_null: bool = True

    def of(self, name: str, *, singular: bool) -> tuple[str, _Node] | None:
        """A member by a name in any casing; the Az module has names of lists without their last letter."""
        if self.members is None:
            return None
        plain = name.lower()
        return self.members.get(plain) or (self.members.get(plain + "s") if singular else None)


@cache
def _node(kind: str) -> _Node:
    defs = schemas.load("application")["$defs"]
    return _of_schema(defs[kind], defs) if kind in defs else _Node(members={})


def _of_schema(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> _Node:
    if "$ref" in schema:
        return _of_schema(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "items" in schema:
        return _Node(True, _of_schema(schema["items"], defs).members)
    if "properties" in schema or schema.get("type") == "object":
        return _Node(members={name.lower(): (name, _of_schema(item, defs)) for name, item in schema.get("properties", {}).items()})
    return _Node(can_be_null="null" in schema.get("type", "null"))


@cache
def _old_node(kind: str) -> _Node:
    """Of the AzureAD module's objects: lists that Microsoft Graph has at another place."""
    members = dict(_node(kind).members or {})
    for name, (of, _) in _OLD_LISTS.items():
        inner = {"permissionids": ("permissionIds", _Node(True)), **(_node(of).members or {})} if of else None
        members.setdefault(name.lower(), (name, _Node(True, inner)))
    return _Node(members=members)


def _lowered(members: Members) -> dict[str, Element]:
    """Members by the names that Microsoft Graph gives them."""
    found = {name[:1].lower() + name[1:]: member for name, member in members.items()}
    more = members.get(_MORE)
    return {**more.members(), **found} if more is not None and more.is_object else found


def _is_net(members: Members) -> bool:
    """Whether most names begin with a capital, as those of .NET's properties do. Microsoft365DSC's do, too."""
    capitals = sum(name[:1].isupper() for name in members)
    return capitals * 2 > len(members) and "ResourceInstanceName" not in members


class _PowerShell(ObjectFormat):
    is_directory = True
    any_casing = True
    singular = False

    def recognises(self, seen: Object) -> str | None:
        members = seen.members
        if not _is_net(members):
            return None
        lowered = _lowered(members)
        if not self._is_ours(lowered, members):
            return None
        kind = self._kind(lowered)
        if kind in (APPLICATIONS.kind, SERVICE_PRINCIPALS.kind) and len(marks.of(members)) < marks.ENOUGH:
            return None
        return kind

    def _is_ours(self, lowered: Members, members: Members) -> bool:
        raise NotImplementedError

    @staticmethod
    def _kind(lowered: Members) -> str | None:
        stated = detect.stated_kind(lowered)
        if stated is not None:
            return stated or None
        is_app, is_principal = not _OF_APPLICATIONS.isdisjoint(lowered), not _OF_PRINCIPALS.isdisjoint(lowered)
        if "appId" in lowered and is_app is not is_principal:
            return APPLICATIONS.kind if is_app else SERVICE_PRINCIPALS.kind
        kind = detect.directory_kind(lowered)
        # Of what both kinds have nothing says which it is: a principal must not be judged as a registration.
        return None if kind == APPLICATIONS.kind and not is_app else kind

    def fits(self, kind: str, seen: Object, *, one: bool) -> str | None:
        if not _is_net(seen.members) or detect.is_map_of(kind, seen.members, one=one):
            return None
        lowered = _lowered(seen.members)
        if not self._is_ours(lowered, seen.members):
            return None
        found = self._kind(lowered)
        # Of what may be of either kind the collection's name decides.
        is_either = found is None and kind in (APPLICATIONS.kind, SERVICE_PRINCIPALS.kind) and marks.of(seen.members)
        return kind if found == kind or is_either else None

    def is_certain(self, seen: Object) -> bool:
        return detect.is_certain(seen.members)

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        parent = detect.text(_lowered(seen.members), "of").lower()
        yield Piece(seen.element, kind, partial(self._converted, kind), parent)

    def _converted(self, kind: str, value: dict[str, Any]) -> Converted:
        return _Conversion(kind, singular=self.singular).of(value)


class _MicrosoftGraph(_PowerShell):
    """Get-MgApplication, Get-MgServicePrincipal and the other cmdlets of Microsoft Graph PowerShell; Get-EntraApplication."""

    name = "Microsoft Graph PowerShell"
    about = "`Get-MgApplication`, `Get-MgServicePrincipal` and others of Microsoft Graph PowerShell, with `ConvertTo-Json -Depth 10`"
    told_by = "names that begin with a capital: `AppId`, `SignInAudience`"
    holds = ("everything",)
    markers = (rb"AppId", rb"SignInAudience", rb"AppRoleId", rb"ConsentType", rb"VerifiedDomains", rb"DefaultUserRolePermissions")

    def _is_ours(self, lowered: Members, members: Members) -> bool:
        return ("objectId" not in members and not detect.is_aad_graph(lowered)) or "Id" in members


class _Az(_PowerShell):
    """Get-AzADApplication and Get-AzADServicePrincipal of the Az module, which names lists in the singular."""

    name = "Az PowerShell"
    about = "`Get-AzADApplication` and `Get-AzADServicePrincipal` of the Az module, with `ConvertTo-Json -Depth 10`"
    told_by = "names of lists in the singular: `IdentifierUri`, `AppRole`, `Tag`"
    holds = ("applications", "servicePrincipals")
    markers = (rb"IdentifierUri", rb"ServicePrincipalName")
    singular = True

    def _is_ours(self, lowered: Members, members: Members) -> bool:
        return not _AZ_NAMES.isdisjoint(members) and not detect.is_aad_graph(lowered)


class _AzureAD(_PowerShell):
    """Get-AzureADApplication and Get-AzureADServicePrincipal of the retired AzureAD module: Azure AD Graph's objects."""

    name = "AzureAD PowerShell"
    about = "`Get-AzureADApplication` and `Get-AzureADServicePrincipal` of the retired AzureAD module, with `ConvertTo-Json -Depth 10`"
    told_by = "`ObjectId` and names that begin with a capital: `ReplyUrls`, `AvailableToOtherTenants`"
    holds = ("applications", "servicePrincipals")
    markers = (rb"ObjectId",)
    cannot_carry = legacy.CANNOT_CARRY

    def _is_ours(self, lowered: Members, members: Members) -> bool:
        return "Id" not in members and detect.is_aad_graph(lowered)

    @staticmethod
    def _kind(lowered: Members) -> str | None:
        return detect.aad_graph_kind(lowered)

    def _converted(self, kind: str, value: dict[str, Any]) -> Converted:
        plain = _Conversion(kind, is_old=True).of(value)
        convert = legacy.service_principal if kind == SERVICE_PRINCIPALS.kind else partial(legacy.application, portal=False)
        out = convert(plain.value)
        became = {own: place for place, own in out.origins.items()}
        out.origins = {place: plain.origins.get(own, own) for place, own in out.origins.items()}
        for path, why in plain.unknown.items():
            first, slash, rest = path.partition("/")
            place = became.get(join(first), f"/{_OLD_LISTS[first][1]}" if first in _OLD_LISTS else join(first))
            out.unknown[place[1:] + slash + rest] = why
            out.origins.setdefault(place + slash + rest, plain.origins[f"/{path}"])
        out.once += plain.once
        return out


# Lists that only Azure AD Graph's objects have at this place -> as whose members they are read, what becomes of them.
_OLD_LISTS = {
    "replyUrls": ("", "web/redirectUris"), "knownClientApplications": ("", "api/knownClientApplications"),
    "oauth2Permissions": ("permissionScope", "api/oauth2PermissionScopes"),
    "preAuthorizedApplications": ("preAuthorizedApplication", "api/preAuthorizedApplications"),
}  # fmt: skip


class _Conversion:
    """One object: names as Microsoft Graph has them, lists as lists, what was cut as unknown."""

    def __init__(self, kind: str, *, singular: bool = False, is_old: bool = False) -> None:
        self._kind, self._singular, self._is_old = kind, singular, is_old
        self._never_null = _NEVER_NULL if is_old else _NEVER_NULL | _PLATFORMS
        self._out = Converted()

    def of(self, value: dict[str, Any]) -> Converted:
        self._out.value = self._object(_old_node(self._kind) if self._is_old else _node(self._kind), value, "", "")
        if not self._is_old:
            self._reduced(self._out.value)
        return self._out

    def _gap(self, meant: str, own: str, why: str) -> None:
        self._out.unknown[meant[1:]] = why
        self._out.origins[meant] = own
        if why == CUT:
            self._out.once.append((own, _EXPORT_AGAIN))

    def _object(self, node: _Node, value: dict[str, Any], own: str, meant: str) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        more = value.get(_MORE, value.get("additionalProperties"))
        for name, item in value.items():
            if item is more and isinstance(item, dict):
                continue
            found = node.of(name, singular=self._singular)
            known = found[0] if found is not None else name[:1].lower() + name[1:]
            place, at = f"{meant}{join(known)}", f"{own}{join(name)}"
            if known in kept:
                continue
            self._member(kept, known, found[1] if found is not None else _Node(), item, at, place)
        if isinstance(more, dict):
            at = f"{own}/{_MORE}"
            for name, item in more.items():
                if name not in kept:
                    kept[name] = item
                    self._out.origins[f"{meant}{join(name)}"] = f"{at}{join(name)}"
        return kept

    def _member(self, kept: dict[str, Any], name: str, node: _Node, item: Any, own: str, meant: str) -> None:
        if isinstance(item, dict) and _is_hollow(item):
            item = None  # the SDK makes an object for each property that has none
        if name in _NAVIGATION and not item:
            self._gap(meant, own, NOT_EXPANDED)
        elif item is None and (name in self._never_null or not node.can_be_null):
            self._gap(meant, own, NOT_RETURNED if self._is_old else NOT_SELECTED)
        elif item is None:
            kept[name] = None
        elif node.is_list:
            items = self._list(node, item, own, meant)
            if items is None:
                self._gap(meant, own, CUT)
                return
            kept[name] = items
        elif node.members is not None:
            if isinstance(item, str) and (not item or _OBJECT_AS_TEXT.fullmatch(item)):
                self._gap(meant, own, CUT)
                return
            kept[name] = self._object(node, item, own, meant) if isinstance(item, dict) else item
        else:
            kept[name] = self._plain(name, item)
        self._out.origins.setdefault(meant, own)

    def _list(self, node: _Node, item: Any, own: str, meant: str) -> list[Any] | Any | None:
        """A list's elements; None where it was cut. A list of one element is written as that element, one with notes as an object."""
        if isinstance(item, dict) and isinstance(item.get("value"), list) and "Count" in item:
            self._out.origins[meant] = own = f"{own}/value"
            item = item["value"]
        elif not isinstance(item, list):
            if isinstance(item, str) and node.members is None:
                return None if _is_several(item) else [item.strip()]
            if isinstance(item, str) and (rows := _accesses(item)):
                return rows
            if not isinstance(item, (str, dict)):
                return item
            self._out.origins[f"{meant}/0"] = own
            item, own = [item], ""
        found: list[Any] = []
        for number, one in enumerate(item):
            at = f"{own}/{number}" if own else self._out.origins[f"{meant}/0"]
            if isinstance(one, dict) and node.members is not None:
                found.append(self._object(node, one, at, f"{meant}/{number}"))
            elif isinstance(one, str) and node.members is not None:
                if not (rows := _accesses(one)):
                    return None if not one or _OBJECT_AS_TEXT.fullmatch(one) else item
                found += rows
            else:
                found.append(one.strip() if isinstance(one, str) else one)
        return found

    def _plain(self, name: str, item: Any) -> Any:
        """A plain value: bytes are a list of numbers, a date can be an object."""
        if isinstance(item, dict) and isinstance(item.get("value"), str) and ("DateTime" in item or "DisplayHint" in item):
            return item["value"]
        if name in ("customKeyIdentifier", "key", "value") and isinstance(item, list) and all(isinstance(one, int) for one in item):
            try:
                held = bytes(item)
            except ValueError:
                return item
            is_hash = name == "customKeyIdentifier" and len(held) == _CERTIFICATE_HASH and not self._is_old
            return held.hex().upper() if is_hash else base64.b64encode(held).decode()
        return item

    def _reduced(self, value: dict[str, Any]) -> None:
        """Of an object that -Property reduced, which what is never null tells, nothing says whether a null was selected."""
        gaps = self._out.unknown
        reduced = value.get("signInAudience", "") is None or any(gaps.get(name) == NOT_SELECTED for name in _ALWAYS_THERE)
        if not reduced:
            return
        for name, item in list(value.items()):
            if item is None:
                del value[name]
                self._gap(f"/{name}", self._out.origins.get(f"/{name}", ""), NOT_SELECTED)


def _is_hollow(value: dict[str, Any]) -> bool:
    """Whether nothing stands in an object."""
    return all(item is None or (isinstance(item, dict) and _is_hollow(item)) for item in value.values())


def _is_several(text: str) -> bool:
    """Whether a text stands for a list of texts that was cut: they are joined by blanks. Of none it is empty, as of an empty one."""
    text = text.strip()
    return not text or len(text.split()) > 1 or text.startswith("System.")


def _accesses(text: str) -> list[dict[str, str]]:
    """Permissions in the notation of a hashtable, where the whole text is that: nothing of them was lost."""
    found, at = [], 0
    while (one := _ACCESS.match(text, at)) is not None:
        found.append({"id": one[1], "type": one[2]})
        at = one.end()
    return found if at == len(text.rstrip()) else []


FORMATS = (_Az(), _AzureAD(), _MicrosoftGraph())
