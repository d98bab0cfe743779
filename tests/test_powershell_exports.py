"""What people export with PowerShell: quirks of ConvertTo-Json, of three modules, and what was made to break the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import Report, audit, sources
from auditor.errors import InputError
from auditor.sources import Document, Documents
from auditor.sources.formats.powershell import CUT, NOT_EXPANDED, NOT_SELECTED
from auditor.unknown import Unknown
from tests.helpers import registration
from tests.writers.powershell import five, pascal

GUID = "22222222-2222-4222-8222-222222222222"
WEB = {"redirectUris": ["http://payroll.contoso.com/cb"], "homePageUrl": None, "implicitGrantSettings": None}
APP: dict[str, Any] = pascal(registration("Payroll", web=WEB, identifierUris=["api://payroll"]))
TYPE = "Microsoft.Graph.PowerShell.Models.MicrosoftGraphRequiredResourceAccess"


def read(tmp_path: Path, value: Any) -> Documents:
    path = tmp_path / "apps.json"
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value, indent=2).encode())
    return sources.read([str(path)])


def one(tmp_path: Path, **more: Any) -> Document:
    documents = read(tmp_path, [{**APP, **more}])
    assert documents.errors == []
    (document,) = documents.documents
    return document


def test_names_are_microsoft_graphs_whatever_their_casing(tmp_path: Path) -> None:
    data = one(tmp_path).data
    assert (data.display_name, data.identifier_uris) == ("Payroll", ["api://payroll"])
    assert data.web.redirect_uris == ["http://payroll.contoso.com/cb"]


def test_a_finding_has_the_line_and_the_names_of_the_file(tmp_path: Path) -> None:
    read(tmp_path, five([APP]))
    (row,) = audit(tmp_path, as_of="2026-01-01", select=["redirect-http"]).findings
    lines = five([APP]).decode("utf-16").splitlines()
    assert row.line is not None
    assert "http://payroll" in lines[row.line - 1]
    assert row.pointer == "/0/Web/RedirectUris" or row.pointer == "/0/Web/RedirectUris/0"


CUTS: dict[str, tuple[str, Any]] = {
    "a list of objects": ("RequiredResourceAccess", TYPE),
    "several objects": ("RequiredResourceAccess", f"{TYPE} {TYPE}"),
    "elements of a list": ("RequiredResourceAccess", [TYPE]),
    "within an element": ("RequiredResourceAccess", [{"ResourceAppId": GUID, "ResourceAccess": "System.Object[]"}]),
    "a hashtable's text": ("PasswordCredentials", "@{KeyId=1; EndDateTime=01/02/2026 00:00:00}"),
    "the AzureAD module's text": ("KeyCredentials", ["class KeyCredential {\n  KeyId: 1\n}\n"]),
    "an object": ("Api", "Microsoft.Graph.PowerShell.Models.MicrosoftGraphApiApplication"),
    "an empty text for a list": ("AppRoles", ""),
    "texts joined by blanks": ("IdentifierUris", "api://a api://b"),
    "an array of .NET": ("IdentifierUris", "System.Object[]"),
}


@pytest.mark.parametrize("name", CUTS)
def test_what_was_cut_is_unknown_and_never_none(name: str, tmp_path: Path) -> None:
    member, value = CUTS[name]
    documents = read(tmp_path, [{**APP, member: value}, {**APP, "AppId": GUID, "Id": GUID, member: value}])
    assert documents.errors == []
    (note,) = documents.notes  # one a file
    assert "export again with `ConvertTo-Json -Depth 10`" in note.message
    assert note.line > 1
    data: Any = documents.documents[0].data
    for part in {
        "Api": ("api",),
        "AppRoles": ("app_roles",),
        "IdentifierUris": ("identifier_uris",),
        "KeyCredentials": ("key_credentials",),
        "PasswordCredentials": ("password_credentials",),
        "RequiredResourceAccess": ("required_resource_access",),
    }[member]:
        data = getattr(data, part)
    if isinstance(data, list):
        data = data[0].resource_access
    assert isinstance(data, Unknown)
    assert data.why == CUT


def test_permissions_in_a_hashtables_notation_are_read_where_nothing_of_them_was_lost(tmp_path: Path) -> None:
    def access(text: str) -> Any:
        document = one(tmp_path, RequiredResourceAccess=[{"ResourceAppId": GUID, "ResourceAccess": text}])
        return document.data.required_resource_access[0].resource_access

    whole = access(f"@{{Id={GUID}; Type=Scope}} @{{Id={GUID}; Type=Role}}")
    assert [(item.id, item.type) for item in whole] == [(GUID, "Scope"), (GUID, "Role")]
    assert isinstance(access(f"@{{Id={GUID}; Type=Scope}} @{{Id={GUID}; Ty"), Unknown)


def test_a_text_that_looks_like_what_was_cut_is_a_text_where_texts_are(tmp_path: Path) -> None:
    data = one(tmp_path, DisplayName="System.Object[]", Tags=["@{a=b}"]).data
    assert (data.display_name, data.tags) == ("System.Object[]", ["@{a=b}"])


def test_what_nobody_selected_is_unknown(tmp_path: Path) -> None:
    reduced = {**APP, "AppRoles": None, "IsFallbackPublicClient": None, "Web": {"RedirectUris": None, "AdditionalProperties": {}}}
    data = one(tmp_path, **reduced).data
    for value in (data.app_roles, data.is_fallback_public_client, data.web):
        assert isinstance(value, Unknown)
        assert value.why == NOT_SELECTED
    whole = one(tmp_path, AppRoles=[], IsFallbackPublicClient=None).data
    assert (whole.app_roles, whole.is_fallback_public_client) == ([], None)


@pytest.mark.parametrize("owners", [None, []])
def test_owners_that_nobody_expanded_are_unknown(owners: Any, tmp_path: Path) -> None:
    found = one(tmp_path, Owners=owners).data.owners
    assert isinstance(found, Unknown)
    assert found.why == NOT_EXPANDED


def test_owners_that_were_expanded_are_read_with_their_additional_properties(tmp_path: Path) -> None:
    user = {"Id": GUID, "DeletedDateTime": None, "AdditionalProperties": {"@odata.type": "#microsoft.graph.user", "displayName": "Ann"}}
    (owner,) = one(tmp_path, Owners=[user]).data.owners
    assert (owner.id, owner.display_name) == (GUID, "Ann")


ODD = {
    "one element": ({"KeyId": GUID, "EndDateTime": "2027-01-01T00:00:00Z"}, "2027"),
    "with a count": ({"value": [{"KeyId": GUID, "EndDateTime": "/Date(1798761600000)/"}], "Count": 1}, "2027"),
    "a date of JavaScript": ([{"KeyId": GUID, "EndDateTime": "/Date(1798761600000)/"}], "2027"),
    "written twice": ([{"KeyId": GUID, "EndDateTime": "\\/Date(1798761600000)\\/"}], "2027"),
    "an object for a date": (
        [{"KeyId": GUID, "EndDateTime": {"value": "/Date(1798761600000)/", "DisplayHint": 2, "DateTime": "x"}}],
        "2027",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_credentials_as_convertto_json_writes_them(name: str, tmp_path: Path) -> None:
    value, year = ODD[name]
    (secret,) = one(tmp_path, PasswordCredentials=value).data.password_credentials
    assert (secret.key_id, str(secret.end_date_time.year)) == (GUID, year)


def test_bytes_are_a_thumbprint(tmp_path: Path) -> None:
    key = {"KeyId": GUID, "CustomKeyIdentifier": list(range(20)), "Key": [1, 2], "Type": "AsymmetricX509Cert"}
    (found,) = one(tmp_path, KeyCredentials=[key]).data.key_credentials
    assert found.custom_key_identifier == bytes(range(20)).hex().upper()
    assert found.key.form == "value"


def test_a_hashtable_of_collections_and_what_somebody_put_into_an_object(tmp_path: Path) -> None:
    principal = {"Id": GUID, "AppId": GUID, "DisplayName": "x", "ServicePrincipalType": "Application", "ReplyUrls": []}
    kinds = [document.kind for document in read(tmp_path, {"Applications": [APP], "ServicePrincipals": [principal]}).documents]
    assert kinds == ["application", "servicePrincipal"]
    added = read(tmp_path, {**APP, "Principal": principal})
    assert ([document.kind for document in added.documents], added.errors) == (["application", "servicePrincipal"], [])


def test_the_name_of_a_collection_decides_where_nothing_else_does(tmp_path: Path) -> None:
    either = {"Id": GUID, "AppId": GUID, "DisplayName": "x", "KeyCredentials": []}
    documents = read(tmp_path, {"ServicePrincipals": [either], "connectors": [{"AzureAd": {"ClientId": GUID, "TenantId": GUID}}]})
    assert [document.kind for document in documents.documents] == ["servicePrincipal", "connector"]


def test_what_may_be_a_registration_or_a_principal_is_neither(tmp_path: Path) -> None:
    documents = read(tmp_path, [{"Id": GUID, "AppId": GUID, "DisplayName": "x", "KeyCredentials": []}])
    assert not documents.documents
    (error,) = documents.errors
    assert "nothing says what this object is" in error.message
    assert (error.line, error.column) == (2, 3)


@pytest.mark.parametrize(
    "value",
    [
        {"ResourceName": "AADApplication", "ResourceInstanceName": "x", "AppId": GUID, "IdentifierUris": []},
        {"Logging": {"LogLevel": "x"}, "AppId": GUID, "DisplayName": "x", "Id": "1"},
        {"AppId": "com.contoso.app", "SignInAudience": None, "Web": {}},
    ],
    ids=["Microsoft365DSC", "settings", "a package"],
)
def test_other_objects_with_capitals_are_not_taken_for_ours(value: Any, tmp_path: Path) -> None:
    assert not read(tmp_path, [value]).documents


def test_a_name_twice_is_an_error_and_unknown(tmp_path: Path) -> None:
    text = json.dumps([APP]).replace('"SignInAudience": ', '"SignInAudience": "PersonalMicrosoftAccount", "SignInAudience": ', 1)
    documents = read(tmp_path, text.encode())
    assert "twice with different values" in str(documents.errors[0])
    assert isinstance(documents.documents[0].data.sign_in_audience, Unknown)


def test_a_wrong_type_is_an_error_at_its_place(tmp_path: Path) -> None:
    documents = read(tmp_path, [{**APP, "Tags": {"a": 1}, "IsFallbackPublicClient": "yes"}])
    said = " ".join(map(str, documents.errors))
    assert "/0/IsFallbackPublicClient: true or false" in said
    assert all(error.line > 1 for error in documents.errors)
    assert len(documents.documents) == 1


def test_no_secret_is_held(tmp_path: Path) -> None:
    secret = {"KeyId": GUID, "SecretText": "hunter2~hunter2", "EndDateTime": "2025-01-01T00:00:00Z"}
    report: Report = audit(_written(tmp_path, [{**APP, "PasswordCredentials": secret}]), as_of="2026-01-01")
    assert report.findings
    assert "hunter2" not in repr(report.findings)


def _written(tmp_path: Path, value: Any) -> Path:
    path = tmp_path / "apps.json"
    path.write_text(json.dumps(value))
    return path


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from([TYPE, "@{Id=1}", "System.Object[]", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*APP, "value", "Count", "Id", "x"]), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(sorted(APP)), ANYTHING)
@settings(max_examples=150, deadline=None)
def test_anything_anywhere_is_read_or_complained_of(tmp_path_factory: pytest.TempPathFactory, name: str, value: Any) -> None:
    documents = read(tmp_path_factory.mktemp("x"), [{**APP, name: value}])
    assert all(isinstance(error, InputError) for error in documents.errors)
    assert documents.documents or documents.errors
