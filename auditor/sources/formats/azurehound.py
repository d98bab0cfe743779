"""What AzureHound collects for BloodHound: a file of all it found, or an object a line. Each object is in an envelope, `kind` and `data`.

AzureHound leaves out what is false, null or empty: of the properties that it knows, an absent one has that value. Those that it does not
know are not in its files. What it could not read it logs, and writes the rest as if that were all: no list is known to be whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

from auditor.entra.collections import APPLICATIONS, ASSIGNMENTS, FEDERATED, GRANTS, ORGANIZATION, OWNERS, SERVICE_PRINCIPALS
from auditor.pattern import late
from auditor.sources import detect
from auditor.sources.formats.base import Converted, Members, Object, ObjectFormat, Piece

NOT_EXPORTED = "AzureHound does not export it"
_KIND = late(r"AZ[A-Z]\w*")
_OBJECTS = {
    "AZApp": APPLICATIONS.kind,
    "AZServicePrincipal": SERVICE_PRINCIPALS.kind,
    "AZAppRoleAssignment": ASSIGNMENTS.kind,
    "AZOAuth2PermissionGrant": GRANTS.kind,
    "AZTenant": ORGANIZATION.kind,
}
# What belongs to an object is in a list: kind of the envelope -> our kind, the list, a member of it, what names the object.
_LISTS = {
    "AZAppOwner": (OWNERS.kind, "owners", "owner", "appId"),
    "AZServicePrincipalOwner": (OWNERS.kind, "owners", "owner", "servicePrincipalId"),
    "AZFederatedIdentityCredential": (FEDERATED.kind, "fics", "fic", "appId"),
}
# What the properties that AzureHound knows are where they are absent; of an object a table of its own, of a list that of its elements.
_Absent: TypeAlias = dict[str, Any]
_SCOPE: _Absent = {
    "isEnabled": False,
    **dict.fromkeys(("value", "adminConsentDisplayName", "adminConsentDescription", "userConsentDisplayName", "userConsentDescription")),
}
_ROLE: _Absent = {"isEnabled": False, "value": None, "displayName": None, "description": None, "allowedMemberTypes": []}
_SECRET: _Absent = {"displayName": None, "hint": None, "secretText": None, "startDateTime": None, "endDateTime": None}
_CERTIFICATE: _Absent = {"displayName": None, "customKeyIdentifier": None, "key": None, "startDateTime": None, "endDateTime": None}
_CLAIM: _Absent = {"source": None, "essential": False, "additionalProperties": []}
_URIS: _Absent = {"redirectUris": []}
_CREDENTIALS: _Absent = {"passwordCredentials": [_SECRET], "keyCredentials": [_CERTIFICATE]}
_COMMON: _Absent = {
    **_CREDENTIALS, "appRoles": [_ROLE], "tags": [], "verifiedPublisher": {"verifiedPublisherId": None, "displayName": None},
    **dict.fromkeys(("displayName", "deletedDateTime", "description", "disabledByMicrosoftStatus", "notes", "applicationTemplateId")),
    "tokenEncryptionKeyId": None,
}  # fmt: skip
_PROPERTIES: dict[str, _Absent] = {
    APPLICATIONS.kind: {
        **_COMMON, "groupMembershipClaims": None, "publisherDomain": None, "identifierUris": [], "isFallbackPublicClient": False,
        "isDeviceOnlyAuthSupported": False, "spa": _URIS, "publicClient": _URIS,
        "requiredResourceAccess": [{"resourceAccess": []}],
        "optionalClaims": {"idToken": [_CLAIM], "accessToken": [_CLAIM], "saml2Token": [_CLAIM]},
        "api": {
            "acceptMappedClaims": False, "requestedAccessTokenVersion": None, "knownClientApplications": [],
            "oauth2PermissionScopes": [_SCOPE], "preAuthorizedApplications": [{"delegatedPermissionIds": []}],
        },
        "web": {
            **_URIS, "homePageUrl": None, "logoutUrl": None,
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
        },
    },
    SERVICE_PRINCIPALS.kind: {
        **_COMMON, "accountEnabled": False, "appRoleAssignmentRequired": False, "appOwnerOrganizationId": None, "alternativeNames": [],
        "replyUrls": [], "servicePrincipalNames": [], "notificationEmailAddresses": [], "oauth2PermissionScopes": [_SCOPE],
        "preferredSingleSignOnMode": None, "homepage": None, "loginUrl": None, "logoutUrl": None,
    },
    ASSIGNMENTS.kind: {},
    GRANTS.kind: {"principalId": None, "scope": ""},
    FEDERATED.kind: {"subject": None, "audiences": [], "claimsMatchingExpression": None},
    OWNERS.kind: {},  # as they came: what is absent of one may have been refused
}  # fmt: skip


class _AzureHound(ObjectFormat):
    name = "AzureHound"
    about = "the output of AzureHound: a file, a line an object, a zip archive"
    holds = ("applications", "servicePrincipals", "owners", "appRoleAssignments")
    told_by = 'objects with "kind" (AZApp, AZServicePrincipal and others) and "data"'
    markers = (rb"AZ(?:App|ServicePrincipal|OAuth2PermissionGrant|FederatedIdentityCredential|Tenant)\w*",)
    cannot_carry = frozenset({
        "isDisabled", "serviceManagementReference", "defaultRedirectUri", "nativeAuthenticationApisEnabled", "requestSignatureVerification",
        "servicePrincipalLockConfiguration", "authenticationBehaviors", "signInAudienceRestrictions", "sponsors",
        "preferredTokenSigningKeyThumbprint", "passwordCredentials.customKeyIdentifier",
    })  # fmt: skip

    def recognises(self, seen: Object) -> str | None:
        """Also of what AzureHound says of anything else: '', since it holds nothing of ours, such as a group's members."""
        data, kind = seen.members.get("data"), detect.text(seen.members, "kind")
        if data is None or _KIND.fullmatch(kind) is None:
            return None
        if kind == "AZTenant" and not (data.is_object and _is_true(data.members(), "collected")):
            return ""  # one that is only related to the tenant that was collected
        return _LISTS[kind][0] if kind in _LISTS else _OBJECTS.get(kind, "")

    def is_certain(self, seen: Object) -> bool:
        return True

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        envelope, data = detect.text(seen.members, "kind"), seen.members["data"]
        if envelope in _LISTS and data.is_object:
            yield from self._belonging(data.members(), *_LISTS[envelope])
        elif kind == ORGANIZATION.kind:
            yield Piece(data, kind, _tenant, why=NOT_EXPORTED)
        else:
            yield Piece(data, kind, partial(_whole, _PROPERTIES[kind]), why=NOT_EXPORTED)

    @staticmethod
    def _belonging(data: Members, kind: str, name: str, member: str, whose: str) -> Iterator[Piece]:
        parent = detect.text(data, whose).lower()
        rows = data.get(name)
        for row in () if rows is None or rows.is_null else rows.items() if rows.is_array else (rows,):
            one = row.members().get(member) if row.is_object else None
            yield Piece(one or row, kind, partial(_whole, _PROPERTIES[kind]), parent)


def _is_true(members: Members, name: str) -> bool:
    return name in members and members[name].value() is True


def _whole(absent: _Absent, value: Any) -> Converted:
    """An object with all the properties that AzureHound knows."""
    out = Converted()
    out.value = _filled(absent, value) if isinstance(value, dict) else value
    return out


def _filled(absent: Any, value: Any) -> Any:
    if value is None:
        return _nothing(absent)  # what versions before 2.0 write of an empty list
    if isinstance(absent, dict) and isinstance(value, dict):
        return {name: _filled(absent.get(name), item) for name, item in value.items()} | {
            name: _nothing(of) for name, of in absent.items() if name not in value
        }
    if isinstance(absent, list) and isinstance(value, list):
        return [_filled(absent[0], item) for item in value] if absent else value
    if absent is None and (value == "" or (value == 0 and value is not False)):
        return None  # as they write a date, or the version of access tokens
    return value


def _nothing(absent: Any) -> Any:
    """What an absent property is."""
    if isinstance(absent, dict):
        return {name: _nothing(of) for name, of in absent.items()}
    return [] if isinstance(absent, list) else absent


def _tenant(value: Mapping[str, Any]) -> Converted:
    out = Converted()
    out.put("id", value.get("tenantId"), "/tenantId")
    return out


FORMATS = (_AzureHound(),)
