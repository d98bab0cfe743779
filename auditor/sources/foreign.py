"""Files that regaudit does not read, but knows: what they are, and what to do instead.

A row names a format, says how to recognise it, when it would hold app registrations, and what helps. Whoever adds a reader for one
takes its row away.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from auditor.pattern import late
from auditor.sources import marks
from auditor.sources.detect import inner
from auditor.sources.element import UNREADABLE
from auditor.sources.formats import may_hold_ours
from auditor.sources.formats.base import JSON_NAMES, Members

_AZ = "export with `az ad app list --all`, which regaudit reads"
_SHOW = "export the whole registration with `az ad app show --id APP_ID`"
_GRAPH_POWERSHELL = "export with `az ad app list --all`, or `Invoke-MgGraphRequest -OutputType Json -Uri v1.0/applications`"
_STATE = "export the registrations that it made with `az ad app list --all`"
_PLAN = "it is not evaluated; run `terraform plan -out=tfplan`, then `terraform show -json tfplan > plan.json`, and scan plan.json"
_BICEP = "compile it with `bicep build` and scan the JSON file that it writes, or add --run-bicep"


_BEGINNING, _MEMORY = 1 << 16, 128 << 20  # bytes


class Foreign(NamedTuple):
    """What a file or an object is. `holds`: app registrations may be in it, and they are not checked."""

    what: str
    advice: str
    holds: bool

    @property
    def sentence(self) -> str:
        return f"this is {self.what}, which regaudit does not read: {self.advice}"


# Bytes of a JSON file in a folder that has no marker of ours, and yet is worth a word.
HINTS = late(
    rb'"(?:webApplicationInfo|AzureA[dD]|AzureAdB2C|EntraId|_postman_id|AADApplication|azuread_\w+|azuread:[\w/:]+|clientSecret|innerError'
    rb'|Authorization_RequestDenied|error_description|odata\.error)"|"(?i:Microsoft\.Graph/)|getpostman\.com'
    rb'|\A\s*\[\s*\{[^{}\[\]]{0,500}"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-'
)


class _Object(NamedTuple):
    what: str
    test: Callable[[Members], bool]
    evidence: bytes  # a pattern: where it is found the object would hold registrations; empty: never
    advice: str


class _Text(NamedTuple):
    what: str
    test: re.Pattern[bytes]
    suffixes: tuple[str, ...]  # in a folder only files of these names: prose and source code show such texts, too
    evidence: bytes
    advice: str


def of_object(members: Members, whole: memoryview) -> Foreign | None:
    """What a JSON object is; `whole` is its text."""
    for row in _OBJECTS:
        if row.test(members):
            holds = row.evidence != b"" and re.search(row.evidence, whole) is not None
            return Foreign(row.what, row.advice, holds)
    return None


def of_text(raw: bytes, name: str, *, named: bool) -> Foreign | None:
    """What a text is that is not JSON; in a folder its name has to say so, too."""
    if (packed := _packed(raw)) is not None:
        what, beginning = packed
        holds = may_hold_ours(beginning)
        # What cannot be looked into is worth a word where its name speaks of JSON: there are many archives in folders.
        return Foreign(what, "unpack it first", holds) if holds or named or ".json" in name.lower() else None
    if raw.startswith(b"SQLite format 3\0"):
        ours = all(re.search(table, raw) for table in (rb"Applications\b", rb"ServicePrincipals\b"))
        return Foreign("a database in an archive or a pipe", "save it as a file", ours)  # others `formats/roadrecon.py` reads
    meant = named or name.lower().endswith(JSON_NAMES)  # somebody takes it for data
    for row in _TEXTS:
        if (meant or name.lower().endswith(row.suffixes)) and row.test.search(raw):
            holds = row.evidence != b"" and re.search(row.evidence, raw) is not None
            if meant or holds or not row.evidence:
                return Foreign(row.what, row.advice, holds)
            return None
    return None


def _packed(raw: bytes) -> tuple[str, bytes] | None:
    """What a compressed file or an archive is, and what is at its beginning; None of another file."""
    for magic, what, unpacked in _PACKED:
        if raw.startswith(magic):
            try:
                return what, unpacked(raw)
            except (OSError, EOFError, ValueError, RuntimeError):
                return what, b""
    return None


def _bunzipped(raw: bytes) -> bytes:
    import bz2

    return bz2.BZ2Decompressor().decompress(raw, _BEGINNING)


def _unxzed(raw: bytes) -> bytes:
    import lzma

    try:
        return lzma.LZMADecompressor(memlimit=_MEMORY).decompress(raw, _BEGINNING)
    except lzma.LZMAError:
        return b""


def _opaque(raw: bytes) -> bytes:
    """Nothing here unpacks it."""
    return b""


_PACKED: tuple[tuple[bytes, str, Callable[[bytes], bytes]], ...] = (
    (b"BZh", "a bzip2 file", _bunzipped),
    (b"\xfd7zXZ\0", "an xz file", _unxzed),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", _opaque),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _opaque),
    (b"Rar!\x1a\x07", "a RAR archive", _opaque),
)


# -- objects


def _text(members: Members, name: str) -> str:
    element = members.get(name)
    if element is None or not element.is_text:
        return ""
    try:
        return str(element.value())
    except UNREADABLE:
        return ""


def _schema(*parts: str) -> Callable[[Members], bool]:
    return lambda members: any(part in _text(members, "$schema").lower() for part in parts)


def _has(*names: str) -> Callable[[Members], bool]:
    return lambda members: all(name in members for name in names)


def _only(*names: str) -> Callable[[Members], bool]:
    """Nothing but these, annotations aside."""
    return lambda members: bool(own := {name for name in members if "@" not in name}) and own <= set(names)


def _is_terraform_configuration(members: Members) -> bool:
    return bool({"resource", "terraform", "provider"} & members.keys()) and b'"azuread_' in _view(members, "resource")


def _view(members: Members, name: str) -> bytes:
    return bytes(members[name].view()) if name in members else b""


def _is_app_settings(members: Members) -> bool:
    return any("ClientId" in inner(members, name) for name in ("AzureAd", "AzureAD", "AzureAdB2C", "EntraId"))


def _is_reduced(members: Members) -> bool:
    """A few plain values, an id among them: what --query and Select-Object leave of an object."""
    if not members or len(members) > 8 or any(element.is_object or element.is_array for element in members.values()):
        return False
    return any(marks.found([("appId", _text(members, name))]) for name in members)


_OBJECTS = (
    _Object(
        "a JSON Schema", lambda members: "json-schema.org" in _text(members, "$schema"), b"",
        "it describes objects and holds none",
    ),
    _Object("an OpenAPI definition", _has("openapi", "paths"), b"", "it describes an API and holds no app registration"),
    _Object("a Terraform configuration (*.tf.json)", _is_terraform_configuration, rb'"azuread_(?:application|service_principal)', _PLAN),
    _Object(
        "a Pulumi state", lambda members: "resources" in inner(members, "deployment") or "latest" in inner(members, "checkpoint"),
        rb'"azuread:', _STATE,
    ),
    _Object(
        "an Azure Resource Manager template or parameter file", _schema("deploymenttemplate.json", "deploymentparameters.json"),
        rb'(?i)"Microsoft\.Graph/', "export the registrations that it deploys with `az ad app list --all`",
    ),
    _Object("a Microsoft365DSC report", _has("ResourceName", "ResourceInstanceName"), rb'"AAD(?:Application|ServicePrincipal)"', _AZ),
    _Object(
        "a Postman collection",
        lambda members: "_postman_id" in inner(members, "info") or "getpostman.com" in _text(inner(members, "info"), "schema"), b"",
        "it holds requests; save the answer of one, or " + _AZ,
    ),
    _Object(
        "an app manifest of Microsoft Teams", lambda members: "manifestVersion" in members, b"",
        "the app registration that webApplicationInfo names is another file: " + _SHOW,
    ),
    _Object("a manifest of a web app", _has("start_url"), b"", "it holds no app registration"),
    _Object(
        "an application's settings (appsettings.json of Microsoft.Identity.Web)", _is_app_settings, b"",
        "the app registration that its ClientId names is not in it: " + _SHOW,
    ),
    _Object("a Capacitor configuration", lambda members: "webDir" in members and "appId" in members, b"", "it holds no app registration"),
    _Object(
        "a part of a manifest", _only(
            "requiredResourceAccess", "optionalClaims", "resourceAppId", "resourceAccess", "idToken", "accessToken", "saml2Token",
            "appRoles", "oauth2PermissionScopes", "preAuthorizedApplications", "knownClientApplications", "passwordCredentials",
            "keyCredentials", "identifierUris", "requestedAccessTokenVersion", "acceptMappedClaims", "implicitGrantSettings",
            "redirectUris",
        ),
        rb'"(?:requiredResourceAccess|optionalClaims|resourceAppId|preAuthorizedApplications|appRoles|oauth2PermissionScopes'
        rb'|passwordCredentials|keyCredentials|identifierUris|requestedAccessTokenVersion|implicitGrantSettings)"', _SHOW,
    ),
    _Object(
        "a list that --query or Select-Object reduced", _is_reduced, b"",
        "what is left of each object has nothing to check; export whole objects with `az ad app list --all`",
    ),
)  # fmt: skip


# -- texts

_KEY = (
    rb"^[ \t]*(?:- )?(?:signInAudience|requiredResourceAccess|identifierUris|passwordCredentials|keyCredentials|replyUrlsWithType)"
    rb"[ \t]*:"
)
_TEXTS = (
    _Text(
        "a web page (HTML)", late(rb"(?i)\A\s*<(?:!doctype html|html|head)"), (), b"",
        "a sign-in page was saved instead of data: sign in and export again",
    ),
    _Text(
        "CLIXML of PowerShell", late(rb"\A[^<]{0,200}<Objs\s"), (".xml", ".clixml"),
        rb'N="(?:AppId|SignInAudience)"', _GRAPH_POWERSHELL,
    ),
    _Text(
        "a solution's Customizations.xml", late(rb"\A\s*(?:<\?xml[^>]*\?>)?\s*<ImportExportXml"), (".xml",), b"",
        "it names connection references and holds no app registration; give the folder of the unpacked solution",
    ),
    _Text("an XML file", late(rb"\A\s*<(?:\?xml|[A-Za-z])"), (), b"", "it holds no app registration; " + _AZ),
    _Text(
        "a Terraform configuration", late(rb'(?m)^[ \t]*(?:resource|data|provider|module)[ \t]+"\w'), (".tf", ".hcl"),
        rb'resource[ \t]+"(?:azuread_(?:application|service_principal)|msgraph_resource)', _PLAN,
    ),
    _Text(
        "a Bicep file", late(rb"(?m)^[ \t]*(?:resource[ \t]+\w+[ \t]+'|extension[ \t]+\w|param[ \t]+\w+[ \t]+\w)"), (".bicep",),
        rb"(?i)'Microsoft\.Graph/", _BICEP,
    ),
    _Text(
        "a configuration of Microsoft365DSC", late(rb"(?mi)^[ \t]*(?:configuration[ \t]+\w|AADApplication[ \t]+['\"])"), (".ps1",),
        rb"(?mi)^[ \t]*AAD(?:Application|ServicePrincipal)[ \t]+['\"\w]", _AZ,
    ),
    _Text(
        "a list of applications as CSV, from the portal or PowerShell",
        late(
            rb"(?i)\A(?=[^\n]*[,;\t])[^\n\0{}\[\]]*\b(?:application (?:\(client\) )?id|appid)\b[^\n\0{}\[\]]*(?:\n|\Z)"
        ), (".csv", ".tsv"), rb".",
        "it has no configuration; " + _AZ,
    ),
    _Text(
        "YAML", late(rb"(?m)\A(?![\s\S]*^[{\[])(?:---|[\s-]*[\w@.\"']+:(?:\s|\Z))"), (".yaml", ".yml"),
        rb"(?ms)" + _KEY + rb".*" + _KEY,
        "export with `-o json`, as in `az ad app list --all -o json`",
    ),
)  # fmt: skip
