"""Reading files: every format, every place, and whatever is wrong with them."""

from __future__ import annotations

import copy
import json
import os
import re
import socket
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import audit, sources
from auditor.errors import InputError, UsageError
from auditor.sources import Documents, reader, spelling, text
from auditor.sources.element import Element
from auditor.unknown import Unknown, is_unknown
from benchmarks.tenant import registrations

APP: dict[str, Any] = {
    "id": "11111111-1111-4111-8111-111111111111",
    "appId": "22222222-2222-4222-8222-222222222222",
    "displayName": "Payroll",
    "createdDateTime": "2024-05-07T06:53:08.7412392Z",
    "signInAudience": "AzureADMyOrg",
    "identifierUris": ["api://22222222-2222-4222-8222-222222222222"],
    "tags": [],
    "isFallbackPublicClient": None,
    "api": {
        "requestedAccessTokenVersion": 2,
        "knownClientApplications": [],
        "oauth2PermissionScopes": [
            {"id": "33333333-3333-4333-8333-333333333333", "value": "access_as_user", "type": "User", "isEnabled": True}
        ],
        "preAuthorizedApplications": [],
    },
    "web": {"redirectUris": ["https://payroll.contoso.com/cb"], "implicitGrantSettings": {"enableAccessTokenIssuance": False}},
    "spa": {"redirectUris": []},
    "publicClient": {"redirectUris": []},
    "passwordCredentials": [{"keyId": "44444444-4444-4444-8444-444444444444", "displayName": "ci", "endDateTime": "2027-01-31T00:00:00Z"}],
    "keyCredentials": [],
    "requiredResourceAccess": [
        {
            "resourceAppId": "00000003-0000-0000-c000-000000000000",
            "resourceAccess": [{"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}],
        }
    ],
}


def read_bytes(raw: bytes) -> Documents:
    into = Documents()
    reader.read(raw, "x.json", "", into)
    return into


def read_json(value: Any) -> Documents:
    return read_bytes(json.dumps(value).encode())


def kinds(documents: Documents) -> list[str]:
    return [document.kind for document in documents.documents]


# -- bytes


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps(APP).encode(),
        b"\xef\xbb\xbf" + json.dumps(APP).encode(),
        json.dumps(APP).encode("utf-16"),
        json.dumps(APP).encode("utf-16-le"),
        json.dumps(APP, indent=2).replace("\n", "\r\n").encode(),
        b"WARNING: This command has been migrated.\n" + json.dumps(APP, indent=2).encode(),
        b"\x1b[94m" + json.dumps(APP).encode() + b"\x1b[0m",
        b"// exported\n" + json.dumps(APP, indent=1).encode()[:-1] + b", /* end */ }",
        json.dumps(APP)[:-1].encode() + b",}",
    ],
    ids=["plain", "utf-8 mark", "utf-16 mark", "utf-16 without mark", "crlf", "az noise", "colours", "comments", "trailing comma"],
)
def test_texts_of_every_make(raw: bytes) -> None:
    documents = read_bytes(raw)
    assert kinds(documents) == ["application"]
    assert documents.documents[0].data.display_name == "Payroll"
    assert not documents.errors


def test_ndjson() -> None:
    documents = read_bytes(b"\n".join(json.dumps({**APP, "id": str(i)}).encode() for i in range(3)))
    assert [(d.data.id, d.line) for d in documents.documents] == [("0", 1), ("1", 2), ("2", 3)]


@pytest.mark.parametrize(
    ("raw", "line", "column", "says"),
    [
        (b'{\n "appId": "a",\n "web": {', 3, 10, "not JSON"),
        (b'{"appId": "a" "b": 1}', 1, 15, "not JSON"),
        (b'{"appId": NaN}', 1, 11, "NaN is not a JSON number"),
        (b'{"appId": "\xff"}', 1, 12, "not valid UTF-8: byte 0xff"),
        (b'{"appId": ' + b"1" * 5000 + b"}", 1, 11, "thousands of digits"),
        (b'{"appId": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 1, 1, "nested too deeply"),
        (b"", 0, 0, "the file is empty"),
        (b"  \n ", 0, 0, "the file is empty"),
        (b"PK\x03\x04rest", 0, 0, "zip archive"),
        (b"SQLite format 3\0", 0, 0, "SQLite"),
        (bytes(range(256)), 2, 118, "not valid UTF-8"),
    ],
)
def test_a_text_that_cannot_be_read_is_one_clear_error(raw: bytes, line: int, column: int, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_bytes(raw)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert says in caught.value.message


@settings(max_examples=400)
@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_raise_anything_but_its_own_error(raw: bytes) -> None:
    try:
        read_bytes(raw)
    except InputError:
        pass


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*APP, "value", "@odata.context", "replyUrls", "x"]), inner, max_size=5)
    ),
    max_leaves=20,
)


@settings(max_examples=400)
@given(json_values)
def test_no_json_makes_the_reader_raise_anything_but_its_own_error(value: Any) -> None:
    try:
        read_bytes(json.dumps(value).encode())
    except InputError:
        pass


@settings(max_examples=300)
@given(st.data())
def test_a_manifest_with_anything_anywhere_is_read_or_complained_of(data: st.DataObject) -> None:
    """A value of any kind in any place: an error that names the place, or a manifest that the facts can be made of."""
    from datetime import datetime, timezone

    from auditor import joins

    value = copy.deepcopy(APP)
    at: Any = value
    while True:
        key = data.draw(st.sampled_from(list(at) if isinstance(at, dict) else list(range(len(at)))))
        if isinstance(at[key], (dict, list)) and at[key] and data.draw(st.booleans()):
            at = at[key]
        else:
            at[key] = data.draw(json_values)
            break
    try:
        documents = read_bytes(json.dumps(value).encode())
    except InputError:
        return
    for world in joins.worlds(documents, datetime(2026, 1, 1, tzinfo=timezone.utc)):
        for app in world.apps:
            for name in type(app).FACTS:
                getattr(app, name)


# -- wrong types


def every_place(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    here = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return here + [place for key, item in items for place in every_place(item, (*path, key))]


@pytest.mark.parametrize("path", every_place(APP), ids=lambda path: ".".join(map(str, path)))
def test_a_wrong_type_in_any_place_is_named_and_the_rest_is_kept(path: tuple[Any, ...]) -> None:
    value = copy.deepcopy(APP)
    at: Any = value
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = 7 if not isinstance(at[path[-1]], int) else "seven"
    documents = read_bytes(json.dumps(value, indent=1).encode())
    assert len(documents.errors) == 1, documents.errors
    error = documents.errors[0]
    assert error.line > 1
    assert error.column > 0
    assert "is needed here" in error.message
    assert "/" + "/".join(map(str, path)) in error.message
    kept = documents.documents[0].data
    if path[0] != "displayName":
        assert kept.display_name == "Payroll"


def test_several_wrong_places_are_all_named() -> None:
    documents = read_json({**APP, "displayName": 1, "tags": "x", "createdDateTime": "yesterday"})
    assert sorted(error.message.split(":")[0] for error in documents.errors) == ["/createdDateTime", "/displayName", "/tags"]


def test_one_wrong_object_does_not_cost_its_page() -> None:
    page = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications", "value": [APP, {**APP, "web": []}, "x", APP]}
    documents = read_json(page)
    assert [d.pointer for d in documents.documents] == ["/value/0", "/value/1", "/value/3"]
    assert [error.message for error in documents.errors] == [
        "/value/1/web: an object or null is needed here, this is a list",
        "/value/2: an object is needed here",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:59:59.9999999Z",
        "0001-01-01T00:00:00Z",
        "2024-05-07T06:53:08",
        "2024-05-07",
        "/Date(1733343742000)/",
        "2024-05-07T06:53:08+14:00",
    ],
)
def test_odd_dates_are_understood(text: str) -> None:
    documents = read_json({**APP, "createdDateTime": text})
    assert not documents.errors
    assert documents.documents[0].data.created_date_time is not None


def test_an_offset_as_microsofts_examples_write_it() -> None:
    (row,) = read_json([{"appId": "a", "lastSignInActivity": {"lastSignInDateTime": "2021-03-01T00:00:00-8:00"}}]).documents
    assert row.data.last_sign_in_activity.last_sign_in_date_time == datetime(2021, 3, 1, 8, tzinfo=timezone.utc)


@pytest.mark.parametrize("duration", ["P180X", "P", "PT", "180", "P1Y2", "", "P99999999999D", 180])
def test_a_duration_that_is_none_is_an_error_and_unknown(duration: Any) -> None:
    entry = {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": duration}
    documents = read_json({"isEnabled": True, "applicationRestrictions": {"passwordCredentials": [entry]}})
    (error,) = documents.errors
    assert error.message.startswith("/applicationRestrictions/passwordCredentials/0/maxLifetime: a ")
    (kept,) = documents.documents[0].data.application_restrictions.password_credentials
    assert kept.state == "enabled"
    assert isinstance(kept.max_lifetime, Unknown)


@pytest.mark.parametrize(
    "value",
    [
        {"defaultUserRolePermissions": {"allowedToCreateApps": "yes"}},
        {"isEnabled": "true", "notifyReviewers": True},
        {"isEnabled": True, "applicationRestrictions": {"identifierUris": {"nonDefaultUriAddition": "on"}}},
        {"appId": "a", "lastSignInActivity": {"lastSignInDateTime": "yesterday"}},
    ],
)
def test_a_wrong_type_in_a_policy_or_report_does_not_cost_the_object(value: Any) -> None:
    documents = read_json(value)
    assert len(documents.documents) == len(documents.errors) == 1
    assert "is needed here" in documents.errors[0].message


def test_a_folder_of_policies_alone(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/consent.json").write_text('{"isEnabled": false, "notifyReviewers": false}')
    (tmp_path / "org.json").write_text('{"id": "t", "verifiedDomains": []}')
    documents = sources.read([str(tmp_path)])
    assert sorted(kinds(documents)) == ["adminConsentRequestPolicy", "organization"]
    assert len({document.file.scope for document in documents.documents}) == 1


def test_null_lists_are_empty() -> None:
    documents = read_json({**APP, "passwordCredentials": None, "identifierUris": None, "api": {"preAuthorizedApplications": None}})
    assert not documents.errors
    assert len(documents.documents) == 1


def test_what_stands_for_a_placeholder_of_a_template_is_not_known() -> None:
    template = {**APP, "appId": "${{AAD_APP_ID}}", "signInAudience": "${{AAD_APP_AUDIENCE}}", "displayName": "Tab ${{APP_NAME_SUFFIX}}"}
    found = read_json(template)
    (document,) = found.documents
    assert isinstance(document.data.sign_in_audience, Unknown)
    assert document.data.display_name == "Tab ${{APP_NAME_SUFFIX}}"
    assert document.data.id == APP["id"]
    assert [note.message for note in found.notes] == ["template: values such as ${{...}} are treated as unknown"]


def test_half_of_a_surrogate_pair_is_read_as_the_replacement_character() -> None:
    raw = json.dumps(APP).replace("Payroll", r"a\ud800b \\ud800 \ud83d\ude00")
    (document,) = read_bytes(raw.encode()).documents
    assert document.data.display_name == "a\ufffdb \\ud800 \U0001f600"


def test_misspelt_properties_are_noted() -> None:
    documents = read_bytes(b'{\n "appId": "a",\n "signInAudience": null,\n "web": {\n  "redirectUri": []\n }\n}')
    assert [str(note) for note in documents.notes] == ["x.json:5:3: unknown property 'redirectUri'; did you mean 'redirectUris'?"]


# -- kinds


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (APP, ["application"]),
        ([APP, APP], ["application", "application"]),
        ({"value": [APP]}, ["application"]),
        ({"value": APP}, ["application"]),
        ({"@odata.context": "https://x/v1.0/$metadata#servicePrinciples/$entity", "id": "x", "appId": "y"}, ["servicePrincipal"]),
        ({"@odata.type": "#microsoft.graph.agentIdentityBlueprint", "id": "x", "appId": "x"}, ["application"]),
        ({"id": "x", "appId": "y", "servicePrincipalType": "Application"}, ["servicePrincipal"]),
        ({"id": "x", "appId": "y", "oauth2PermissionScopes": []}, ["servicePrincipal"]),
        ({"clientId": "a", "resourceId": "b", "scope": "x", "consentType": "AllPrincipals"}, ["oauth2PermissionGrant"]),
        ({"appRoleId": "a", "resourceId": "b", "principalId": "c"}, ["appRoleAssignment"]),
        ({"issuer": "https://x", "subject": "s", "audiences": ["a"], "name": "n"}, ["federatedIdentityCredential"]),
        ({"id": "t", "verifiedDomains": [{"name": "contoso.com"}]}, ["organization"]),
        ({"id": "authorizationPolicy", "defaultUserRolePermissions": {"allowedToCreateApps": True}}, ["authorizationPolicy"]),
        ({"value": [{"permissionGrantPolicyIdsAssignedToDefaultUserRole": []}]}, ["authorizationPolicy"]),
        ({"isEnabled": True, "notifyReviewers": True, "reviewers": []}, ["adminConsentRequestPolicy"]),
        ({"@odata.type": "#microsoft.graph.tenantAppManagementPolicy", "isEnabled": True}, ["defaultAppManagementPolicy"]),
        ({"isEnabled": True, "applicationRestrictions": {}}, ["defaultAppManagementPolicy"]),
        (
            {"@odata.context": "https://x/v1.0/$metadata#policies/adminConsentRequestPolicy/$entity", "isEnabled": True},
            ["adminConsentRequestPolicy"],
        ),
        ({"@odata.context": "https://x/beta/$metadata#policies/authorizationPolicy", "value": [{"id": "p"}]}, ["authorizationPolicy"]),
        (
            {"@odata.context": "https://x/beta/$metadata#reports/servicePrincipalSignInActivities", "value": [{"appId": "a"}]},
            ["servicePrincipalSignInActivity"],
        ),
        ([{"id": "x", "appId": "a", "lastSignInActivity": None}], ["servicePrincipalSignInActivity"]),
        (
            {"authorizationPolicy": {"id": "p"}, "servicePrincipalSignInActivities": [{"appId": "a"}]},
            ["authorizationPolicy", "servicePrincipalSignInActivity"],
        ),
        (
            {
                "@odata.context": "https://x/v1.0/$metadata#policies/appManagementPolicies",
                "value": [{"isEnabled": True, "restrictions": {}}],
            },
            ["appManagementPolicy"],
        ),
        ({"isEnabled": True, "displayName": "x", "restrictions": {"passwordCredentials": []}}, ["appManagementPolicy"]),
        ({"@odata.context": "https://x/v1.0/$metadata#policies/tokenLifetimePolicies", "value": [{"definition": []}]}, []),
        ({"application": APP, "servicePrincipal": {"id": "x", "appId": "y"}}, ["application", "servicePrincipal"]),
        ({"applications": [APP], "owners": [{"of": "X", "id": "u"}]}, ["application", "owner"]),
        ({"responses": [{"id": "1", "status": 200, "body": {"value": [APP]}}, {"id": "2", "status": 404}]}, ["application"]),
        ({"manifestVersion": "1.16", "id": "x", "webApplicationInfo": {"id": "y"}}, []),
        ({"start_url": "/", "display": "standalone", "name": "pwa"}, []),
        ({"appDisplayName": "x", "successfulSignInCount": 1, "id": "y"}, []),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"appId": {}}}, []),
        ({"appId": "a", "displayName": "b", "password": "x", "tenant": "t"}, []),
        ({"appId": "a", "displayName": "b"}, []),
        ([APP, {"appId": "a", "displayName": "b"}], ["application", "application"]),
        (7, []),
        ("appId", []),
        (None, []),
        ([], []),
    ],
)
def test_content_decides_what_an_object_is(value: Any, expected: list[str]) -> None:
    assert kinds(read_json(value)) == expected


def test_the_place_of_a_credential_says_whose_it_is() -> None:
    owner = "11111111-1111-4111-8111-111111111111"
    context = f"https://graph.microsoft.com/v1.0/$metadata#applications('{owner}')/federatedIdentityCredentials"
    documents = read_json(
        {"@odata.context": context, "value": [{"id": "f", "name": "n", "issuer": "https://x", "subject": "s", "audiences": []}]}
    )
    assert [(d.kind, d.parent) for d in documents.documents] == [("federatedIdentityCredential", owner)]


def test_a_saved_error_is_an_error() -> None:
    documents = read_json({"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}})
    assert [e.message for e in documents.errors] == [
        "an error was saved instead of data: Authorization_RequestDenied: Insufficient privileges"
    ]


def test_secret_material_is_not_held() -> None:
    value = {
        **APP,
        "passwordCredentials": [{"keyId": "k", "secretText": "hunter2-secret"}],
        "keyCredentials": [{"keyId": "c", "key": "hunter2-key"}],
    }
    legacy = {
        "id": "x", "appId": "y", "replyUrlsWithType": [], "passwordCredentials": [{"keyId": "k", "value": "hunter2-legacy", "endDate": "2027-01-01T00:00:00Z"}],
    }  # fmt: skip
    for document in (*read_json(value).documents, *read_json(legacy).documents):
        assert "hunter2" not in repr(document.data)


# -- the old formats


LEGACY = {
    "id": "11111111-1111-4111-8111-111111111111",
    "acceptMappedClaims": None,
    "accessTokenAcceptedVersion": None,
    "allowPublicClient": True,
    "appId": "22222222-2222-4222-8222-222222222222",
    "appRoles": [],
    "name": "Old",
    "oauth2AllowIdTokenImplicitFlow": True,
    "oauth2AllowImplicitFlow": False,
    "oauth2Permissions": [{"id": "33333333-3333-4333-8333-333333333333", "value": "read", "isEnabled": True, "lang": None, "origin": "Application"}],
    "passwordCredentials": [{"keyId": "k", "startDate": "2020-01-01T00:00:00Z", "endDate": "2021-01-01T00:00:00Z", "value": None}],
    "preAuthorizedApplications": [{"appId": "a", "permissionIds": ["33333333-3333-4333-8333-333333333333"]}],
    "replyUrlsWithType": [
        {"url": "https://a/cb", "type": "Web"}, {"url": "https://a/", "type": "Spa"}, {"url": "http://localhost", "type": "InstalledClient"},
    ],
    "signInUrl": "https://a/", "logoutUrl": None, "signInAudience": "AzureADMyOrg", "knownClientApplications": None,
}  # fmt: skip


def test_the_old_portal_manifest() -> None:
    document = read_bytes(json.dumps(LEGACY, indent=1).encode()).documents[0]
    app = document.data
    assert (app.display_name, app.is_fallback_public_client) == ("Old", True)
    assert (app.web.redirect_uris, app.spa.redirect_uris, app.public_client.redirect_uris) == (
        ["https://a/cb"],
        ["https://a/"],
        ["http://localhost"],
    )
    assert (app.web.implicit_grant_settings.enable_access_token_issuance, app.web.implicit_grant_settings.enable_id_token_issuance) == (
        False,
        True,
    )
    assert (app.api.requested_access_token_version, app.api.oauth2_permission_scopes[0].type) == (None, "User")
    assert app.api.pre_authorized_applications[0].delegated_permission_ids == ["33333333-3333-4333-8333-333333333333"]
    assert app.password_credentials[0].end_date_time.year == 2021
    assert (app.web.home_page_url, app.api.known_client_applications) == ("https://a/", [])


@pytest.mark.parametrize(
    ("graph", "own"),
    [
        ("/spa/redirectUris/0", "/replyUrlsWithType/1/url"),
        ("/passwordCredentials/0/endDateTime", "/passwordCredentials/0/endDate"),
        ("/web/implicitGrantSettings/enableIdTokenIssuance", "/oauth2AllowIdTokenImplicitFlow"),
        ("/api/oauth2PermissionScopes/0/value", "/oauth2Permissions/0/value"),
        ("/api/preAuthorizedApplications/0/delegatedPermissionIds", "/preAuthorizedApplications/0/permissionIds"),
        ("/displayName", "/name"),
        ("/web/redirectUris", "/replyUrlsWithType"),
        ("/tags", "/tags"),
    ],
)
def test_findings_point_at_what_the_old_manifest_says(graph: str, own: str) -> None:
    text = json.dumps(LEGACY, indent=1)
    where, line, _ = read_bytes(text.encode()).documents[0].place(graph)
    assert where == own
    key = own.rpartition("/")[2]
    if key != "tags":
        assert f'"{key}"' in text.splitlines()[(line or 0) - 1]


def test_azure_ad_graph_of_old_az() -> None:
    value = {
        "odata.metadata": "https://graph.windows.net/x/$metadata#directoryObjects",
        "value": [
            {"odata.type": "Microsoft.DirectoryServices.Application", "objectId": "o", "objectType": "Application", "appId": "a", "displayName": "d",
             "availableToOtherTenants": True, "replyUrls": ["https://a"], "publicClient": None, "oauth2Permissions": [], "homepage": "https://h"},
            {"odata.type": "Microsoft.DirectoryServices.ServicePrincipal", "objectId": "p", "objectType": "ServicePrincipal", "appId": "a",
             "appOwnerTenantId": "t", "replyUrls": [], "oauth2Permissions": []},
        ],
    }  # fmt: skip
    app, principal = (document.data for document in read_json(value).documents)
    assert (app.id, app.sign_in_audience, app.web.redirect_uris, app.public_client.redirect_uris) == (
        "o",
        "AzureADMultipleOrgs",
        ["https://a"],
        [],
    )
    assert (principal.id, principal.app_owner_organization_id, principal.oauth2_permission_scopes) == ("p", "t", [])
    from auditor.unknown import Unknown

    assert isinstance(app.spa, Unknown)  # Azure AD Graph does not say which of them are for single-page applications


# -- places


@pytest.mark.parametrize("indent", [None, 0, 1, 4])
def test_every_place_is_found(indent: int | None) -> None:
    text = json.dumps([{"x": "ü" * 5}, APP], indent=indent, ensure_ascii=False)
    document = read_bytes(text.encode()).documents[0]
    lines = text.split("\n")
    for path in every_place(APP):
        pointer, line, column = document.place("/" + "/".join(map(str, path)))
        assert pointer == "/1/" + "/".join(map(str, path))
        assert column is not None
        rest = lines[(line or 0) - 1][column - 1 :]
        assert rest.startswith(json.dumps(path[-1]) if isinstance(path[-1], str) else json.dumps(_at(APP, path), ensure_ascii=False)[:1])


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


def test_places_in_large_files_are_lines(tmp_path: Path) -> None:
    page = {"value": [{**APP, "id": str(i), "notes": "x" * 5000} for i in range(1700)]}
    file = tmp_path / "large.json"
    file.write_text(json.dumps(page, indent=1))
    documents = sources.read([str(file)])
    assert documents.inexact == [file.as_posix()]
    lines = file.read_text().splitlines()
    for document in (documents.documents[0], documents.documents[1699]):
        pointer, line, column = document.place("/displayName")
        assert (pointer, column) == (f"{document.pointer}/displayName", None)
        assert lines[line or 0].strip() == f'"id": "{document.data.id}",'


# -- folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.json").write_text(json.dumps(APP))
    (tmp_path / "package.json").write_text('{"name": "x", "version": "1"}')
    (tmp_path / "README.md").write_text('Say {"appId": "x"} in it')
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n" + bytes(500))
    for hidden in (".git", "node_modules", "ignored", "kept/deep"):
        (tmp_path / hidden).mkdir(parents=True)
        (tmp_path / hidden / "app.json").write_text(json.dumps(APP))
    (tmp_path / ".gitignore").write_text("ignored/\n*.bak.json\n")
    (tmp_path / "old.bak.json").write_text(json.dumps(APP))
    return tmp_path


def test_a_folder(folder: Path) -> None:
    documents = sources.read([str(folder)])
    assert [os.path.relpath(d.file.name, folder) for d in documents.documents] == ["a.json", "kept/deep/app.json"]
    assert not documents.errors
    assert (documents.files_read, len(documents.passed_over)) == (2, 4)
    assert [d.file.scope for d in documents.documents] == [str(folder), str(folder / "kept")]


def test_exclude(folder: Path) -> None:
    documents = sources.read([str(folder)], exclude=["kept"])
    assert len(documents.documents) == 1


def test_broken_files_in_a_folder(folder: Path) -> None:
    (folder / "broken.json").write_text('{"appId": "a", ')
    (folder / "broken.txt").write_text('{"nothing": "of ours", ')
    (folder / "notes.txt").write_text('the "appId" is { in it')
    documents = sources.read([str(folder)])
    assert [(os.path.basename(e.file), e.line) for e in documents.errors] == [("broken.json", 1)]
    assert len(documents.documents) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_that_loop(folder: Path) -> None:
    (folder / "loop").symlink_to(folder)
    (folder / "self.json").symlink_to(folder / "self.json")
    (folder / "gone.json").symlink_to(folder / "nowhere.json")
    documents = sources.read([str(folder)])
    assert len(documents.documents) == 2
    assert sorted(os.path.basename(e.file) for e in documents.errors) == ["gone.json", "self.json"]


@pytest.mark.skipif(os.name != "posix", reason="modes and pipes of POSIX")
def test_what_cannot_be_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder / "socket.json"))
        documents = sources.read([str(folder)])
    assert len(documents.documents) == 2
    assert not documents.errors


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file(folder: Path) -> None:
    (folder / "a.json").chmod(0)
    documents = sources.read([str(folder)])
    assert [e.message for e in documents.errors] == ["cannot be read: Permission denied"]


def test_a_read_error_is_an_error_of_that_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, *_: object, **__: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", fail)
    documents = sources.read([str(folder / "a.json")])
    assert [str(e).rpartition("/")[2] for e in documents.errors] == ["a.json: cannot be read: Permission denied"]


def test_a_named_file_without_anything_of_ours_is_an_error(folder: Path) -> None:
    documents = sources.read([str(folder / "package.json"), str(folder / "a.json")])
    assert [e.message.split(",")[0] for e in documents.errors] == ["holds no app registration"]
    assert len(documents.documents) == 1


def test_a_path_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="no such file"):
        sources.read(["/nowhere/at/all"])


def test_named_files_belong_together(tmp_path: Path) -> None:
    for name in ("client", "api"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.json").write_text(json.dumps(APP))
    documents = sources.read([str(tmp_path / "client/m.json"), str(tmp_path / "api/m.json")])
    assert {d.file.scope for d in documents.documents} == {""}


def test_the_folders_of_an_export_are_one_tenant(tmp_path: Path) -> None:
    for kind, value in (("Applications", APP), ("ServicePrincipals", {"id": "x", "appId": "y", "servicePrincipalType": "Application"})):
        (tmp_path / kind / "x").mkdir(parents=True)
        (tmp_path / kind / "x" / "x.json").write_text(json.dumps(value))
    assert {d.file.scope for d in sources.read([str(tmp_path)]).documents} == {str(tmp_path)}


def test_a_page_with_a_next_page_is_noted() -> None:
    documents = read_json({"@odata.nextLink": "https://x", "value": [APP]})
    assert [note.message for note in documents.notes] == ["the export is incomplete: the page names a next page (@odata.nextLink)"]
    assert [(listing.kind, listing.count, listing.ended) for listing in documents.listings] == [("application", 1, False)]


def test_exactly_a_hundred_is_noted() -> None:
    documents = read_json([{**APP, "id": str(i)} for i in range(100)])
    assert [n.message for n in documents.notes] == [
        "exactly 100 applications: `az ad app list` and `az ad sp list` stop there without --all"
    ]


# -- nothing of a file that was read is passed over in silence


EXPIRED = {"id": "x", "passwordCredentials": [{"keyId": "k", "endDateTime": "2021-01-01T00:00:00Z"}]}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([APP, EXPIRED]),
        json.dumps({"value": [APP, EXPIRED]}),
        json.dumps({"value": [APP, None]}),
        json.dumps({"value": [{"error": {"code": "x", "message": "y"}}, APP]}),
        json.dumps({"applications": [APP, "x"]}),
        json.dumps({"responses": [{"status": 200, "body": {"value": [APP]}}, {"id": "2", "status": 503}]}),
        json.dumps({"responses": [{"status": 200, "body": {"value": [APP]}}, {"id": "2", "status": 403, "body": "Forbidden"}]}),
        json.dumps([APP, json.loads('{"value":' * 8 + json.dumps(APP) + "}" * 8)]),
        json.dumps({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications", "value": None}),
    ],
)
def test_what_is_not_understood_beside_our_own_is_an_error(text: str) -> None:
    documents = read_bytes(text.encode())
    assert len(documents.errors) == 1
    assert not any(listing.ended for listing in documents.listings if listing.kind == "application" and '"responses"' not in text)


@pytest.mark.parametrize("more", [{"value": []}, {"properties": {}}, {"verifiedDomains": []}])
def test_a_registration_stays_one_whatever_else_it_has(more: Any) -> None:
    assert [d.kind for d in read_json([APP, {**APP, **more}]).documents] == ["application", "application"]


def test_lists_within_lists_are_read() -> None:
    assert len(read_json([[APP], [APP, APP]]).documents) == 3


def test_users_among_the_owners_are_no_error() -> None:
    found = read_json({"value": [APP, {"@odata.type": "#microsoft.graph.user", "id": "u"}, {"@removed": {"reason": "deleted"}, "id": "x"}]})
    assert (len(found.documents), found.errors) == (1, [])


@pytest.mark.parametrize("text", ['["' + '\\"' * 50_000, '{"appId": ' + "/* " * 50_000, '{"appId": 1,' + " " * 100_000 + "x"])
def test_small_files_take_little_time(text: str) -> None:
    """Quadratic, these took minutes; there is no clock here: whoever breaks it will notice."""
    with pytest.raises(InputError):
        read_bytes(text.encode())


def test_places_of_several_texts_in_one_file_count_bytes() -> None:
    lines = [json.dumps({"id": str(i), "appId": str(i), "displayName": "é字" * i}, ensure_ascii=False) for i in range(1, 5)]
    documents = read_bytes("\n".join(lines).encode()).documents
    assert [(d.line, d.data.display_name) for d in documents] == [(i, "é字" * i) for i in range(1, 5)]


@pytest.mark.parametrize("line", ["!", "\\", "a\\", "[z-a]", "[a-\\d]", "*a*a*a*a*a*a*a*b", ""])
def test_lines_of_gitignore_that_are_no_patterns_are_passed_over(tmp_path: Path, line: str) -> None:
    (tmp_path / ".gitignore").write_text(f"{line}\nout.json\n")
    for name in ("out.json", "a" * 200 + ".json"):
        (tmp_path / name).write_text(json.dumps(APP))
    assert [Path(d.file.name).name for d in sources.read([str(tmp_path)]).documents] == ["a" * 200 + ".json"]
    if line:
        with pytest.raises(UsageError, match="not a pattern"):
            sources.read([str(tmp_path)], exclude=[line])


def test_a_wrong_type_in_a_legacy_manifest_is_an_error() -> None:
    assert len(read_json({**LEGACY_MINIMUM, "preAuthorizedApplications": False}).errors) == 1
    assert len(read_json({"objectType": "Application", "objectId": "o", "appId": "a", "availableToOtherTenants": "false"}).errors) == 1


LEGACY_MINIMUM = {"id": "o", "appId": "a", "name": "x", "replyUrlsWithType": []}


# -- wrappers: what can be read is read, what is ours and is not read is an error


OTHER = {**APP, "id": "99999999-1111-4111-8111-111111111111", "appId": "99999999-2222-4222-8222-222222222222", "displayName": "Other"}
CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#applications"
WRAPPERS: dict[str, Any] = {
    "pages in a collection": {"applications": [{"@odata.context": CONTEXT, "value": [APP]}, {"value": [OTHER]}]},
    "a page as a collection": {"applications": {"@odata.context": CONTEXT, "value": [APP, OTHER]}},
    "a map by id": {"applications": {APP["id"]: APP, OTHER["id"]: OTHER}},
    "a map by words": {"applications": {"web": APP, "api": OTHER}},
    "a map by words without a name": {"web": APP, "api": OTHER},
    "a page and a wrapper": [{"value": [APP]}, {"data": [OTHER]}],
    "an empty page before": [{"value": []}, {"value": [APP, OTHER]}],
    "another case": {"applications": [APP], "Applications": [OTHER]},
    "beside a page": {"value": [APP], "applications": [OTHER]},
    "an unknown name beside a page": {"value": [APP], "more": {"of": {"them": [OTHER]}}},
    "responses beside a page": {"responses": [{"status": 200, "body": APP}], "value": [OTHER]},
    "within tenants": {"applications": [APP], "tenants": [{"applications": [OTHER]}]},
    "within a registration": [{**APP, "children": [OTHER]}],
    "responses within a response": {"responses": [{"body": APP}, {"id": "2", "responses": [{"body": OTHER}]}]},
    "an unknown wrapper": {"data": {"list": [APP, OTHER]}},
}


@pytest.mark.parametrize("value", WRAPPERS.values(), ids=WRAPPERS.keys())
def test_registrations_are_read_in_whatever_they_are_wrapped(value: Any) -> None:
    documents = read_json(value)
    assert sorted(d.data.display_name for d in documents.documents) == ["Other", "Payroll"]
    assert documents.errors == []


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(APP) + "\n" + json.dumps({"SignInAudience": "AzureADMyOrg", "AppId": APP["appId"]}),
        json.dumps({"responses": [{"status": 200, "body": APP}, {"id": "2", "status": 200, "body": json.dumps(OTHER)}]}),
        json.dumps({"responses": [{"status": 200, "body": APP}, {"id": "2", "status": 200, "body": "eyJ4IjogMX0="}]}),
        json.dumps({"responses": [{"status": 200, "body": APP}, {"id": "2", "status": 200, "body": None}]}),
        json.dumps({"responses": [{"status": 200, "body": APP}, {"id": "2", "status": 302}]}),
        json.dumps({"value": [APP], "responses": None}),
        json.dumps([APP, json.dumps(OTHER)]),
        json.dumps({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": [OTHER]}}}}}}}}),
        json.dumps([{"x": {"oauth2PermissionScopes": [], "preAuthorizedApplications": []}}]),
        json.dumps({"x": {"sign_in_audience": "AzureADMyOrg", "required_resource_access": []}}),
    ],
)
def test_what_bears_our_marks_and_is_not_read_is_an_error_at_its_place(text: str) -> None:
    documents = read_bytes(text.encode())
    (error,) = documents.errors
    assert (error.line, error.column) > (0, 0)


def test_text_before_the_json_may_hold_nothing_of_ours() -> None:
    with pytest.raises(InputError, match="not JSON"):
        read_bytes(f"INFO {json.dumps(OTHER)}\n{json.dumps(APP)}".encode())


@pytest.mark.parametrize(
    "column",
    [
        "servicePrincipalType", "appOwnerOrganizationId", "appRoleAssignmentRequired", "servicePrincipalNames", "publishedPermissionScopes",
        "applicationRestrictions", "servicePrincipalRestrictions", "defaultUserRolePermissions", "lastSignInActivity", "notifyReviewers",
        "objectId", "verifiedDomains", "issuer", "appRoleId", "resourceId", "oauth2Permissions",
    ],
)  # fmt: skip
def test_a_column_of_nulls_decides_nothing(column: str) -> None:
    assert kinds(read_json([{**APP, column: None}])) == ["application"]


def test_an_object_with_the_parts_of_an_application_is_one() -> None:
    assert kinds(read_json([{**APP, "oauth2PermissionScopes": [], "appRoleAssignmentRequired": False}])) == ["application"]
    principal: dict[str, Any] = {
        "id": "p",
        "appId": "a",
        "displayName": "d",
        "servicePrincipalType": "Application",
        "web": None,
        "requiredResourceAccess": [],
    }
    assert kinds(read_json([principal])) == ["servicePrincipal"]


def test_what_expand_brings_is_read() -> None:
    guid = "55555555-5555-4555-8555-555555555555"
    assignment = {"id": "x", "appRoleId": guid, "resourceId": guid, "principalId": guid}
    principal = {"id": guid, "appId": guid, "servicePrincipalType": "Application", "appRoleAssignments": [assignment]}
    context = "https://graph.microsoft.com/v1.0/$metadata#servicePrincipals(id,appId,appRoleAssignments())"
    for value in ([principal], {"@odata.context": context, "value": [principal]}):
        assert kinds(read_json(value)) == ["servicePrincipal", "appRoleAssignment"]


def test_the_attacks_that_are_at_hand_find_both_registrations_or_say_why_not() -> None:
    folder = Path(__file__).parent.parent.parent / "shared/cases/attack"
    files = sorted(folder.glob("s[0-9]*.json"))
    if not files:
        pytest.skip("the cases are not here")
    for file in files:
        documents = sources.read([str(file)])
        assert len(documents.documents) == 2 or documents.errors, file


# -- what is wrong costs itself, not its object


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30T00:00:00Z",
        "2024-02-30",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:60Z",
        "0000-01-01T00:00:00Z",
        "/Date(99999999999999999)/",
    ],
)
def test_a_date_that_no_calendar_has_is_unknown_and_noted(text: str) -> None:
    value = {**APP, "createdDateTime": text, "passwordCredentials": [{"keyId": "k", "endDateTime": text}]}
    documents = read_bytes(json.dumps(value, indent=1).encode())
    (document,) = documents.documents
    assert document.data.display_name == "Payroll"
    for date in (document.data.created_date_time, document.data.password_credentials[0].end_date_time):
        assert isinstance(date, Unknown)
        assert text in date.why
    assert [note.line > 1 for note in documents.notes if text in note.message] == [True, True]


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({"signInAudience": "AzureADMultipleOrg"}, lambda app: app.sign_in_audience),
        ({"api": {"requestedAccessTokenVersion": 3}}, lambda app: app.api.requested_access_token_version),
        ({"requiredResourceAccess": [{"resourceAppId": "r", "resourceAccess": [{"id": "i", "type": "Scopes"}]}]},
         lambda app: app.required_resource_access[0].resource_access[0].type),
        ({"api": {"oauth2PermissionScopes": [{"id": "i", "type": "Everyone"}]}}, lambda app: app.api.oauth2_permission_scopes[0].type),
    ],
)  # fmt: skip
def test_a_value_outside_an_enumeration_is_unknown_and_noted(change: Any, read: Any) -> None:
    documents = read_json({**APP, **change})
    assert isinstance(read(documents.documents[0].data), Unknown)
    assert [("is none of" in note.message, note.column > 1) for note in documents.notes] == [(True, True)]
    assert documents.errors == []


def test_another_case_is_the_same_word() -> None:
    documents = read_json({**APP, "signInAudience": "AzureADAndPersonalMicrosoftAccount"})
    assert documents.documents[0].data.sign_in_audience == "AzureADandPersonalMicrosoftAccount"
    assert documents.notes == []


def test_deleted_registrations_are_said_to_be_deleted_and_not_judged(tmp_path: Path) -> None:
    gone = {**OTHER, "deletedDateTime": "2025-01-31T00:00:00Z"}
    documents = read_json([APP, gone])
    assert [d.data.display_name for d in documents.documents] == ["Payroll"]
    assert [note.message for note in documents.notes] == ["'Other' was deleted on 2025-01-31 and is in the recycle bin: it is not checked"]
    (tmp_path / "gone.json").write_text(json.dumps(gone))
    (empty,) = sources.read([str(tmp_path)]).empty
    assert empty.why == "all objects in it were deleted"
    (error,) = audit(tmp_path).errors
    assert error.message == "all objects in it were deleted: there is nothing to audit"


# -- bytes that are not UTF-8, nesting, length


@pytest.mark.parametrize("place", ["within an object", "between objects"])
def test_a_large_file_that_is_not_utf_8_is_an_error_and_the_rest_is_read(tmp_path: Path, place: str) -> None:
    page = json.dumps({"value": [{**APP, "id": str(i), "notes": "x" * 5000} for i in range(1800)]}, indent=1).encode("latin-1")
    bad = b"Payr\xf6ll" if place == "within an object" else b"Payroll"
    page = page.replace(b"Payroll", bad, 1)
    if place != "within an object":
        page = page.replace(b'"value"', b'"valu\xe9"', 1)
    (tmp_path / "a.json").write_bytes(page)
    (tmp_path / "b.json").write_text(json.dumps(OTHER))
    documents = sources.read([str(tmp_path)])
    assert [(Path(error.file).name, "not valid UTF-8: byte 0x" in error.message, error.line > 1) for error in documents.errors] == [
        ("a.json", True, True)
    ]
    assert "Other" in [d.data.display_name for d in documents.documents]


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("{a}\n{a}\n", 0),
        ("\r\n{a} \r\n\r\n {a}", 0),
        ("{a} {a}", 0),
        ("WARNING: in preview\n[{a}, {a}]", 1),
        ("// exported\n[{a}, {a},]", 1),
        ("INFO {{x}}\n{a}\n{a}", 1),
    ],
)
@pytest.mark.parametrize("named", [True, False], ids=["named", "in a folder"])
def test_a_large_file_is_read_in_every_way_in_which_a_small_one_is(text: str, notes: int, named: bool, tmp_path: Path) -> None:
    app = json.dumps({**APP, "notes": "x" * 5_000_000})
    (tmp_path / "a.json").write_text(text.format(a=app, x="x"))
    documents = sources.read([str(tmp_path / "a.json" if named else tmp_path)])
    assert (kinds(documents), documents.errors, len(documents.notes)) == (["application"] * 2, [], notes)
    assert documents.documents[1].data.app_id == APP["appId"]


@pytest.mark.parametrize("text", ["INFO {a}\n{a}", "[{a}, {a}", "{a}\n{a}]", "x = {a}"])
def test_a_large_file_that_is_not_json_is_an_error_where_it_is_marked(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text.format(a=json.dumps({**APP, "notes": "x" * 5_000_000})) + " " * 4_000_000)
    for path in (tmp_path / "a.json", tmp_path):
        (error,) = sources.read([str(path)]).errors
        assert error.line >= 1


def test_encodings_without_a_mark() -> None:
    for encoding in ("utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        assert kinds(read_bytes(json.dumps(APP).encode(encoding))) == ["application"], encoding


def every_failure() -> list[Exception]:
    import msgspec

    return [msgspec.DecodeError("x"), msgspec.ValidationError("x"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), RecursionError("x")]


@pytest.mark.parametrize("failure", every_failure(), ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize("where", ["members", "items", "value", "decode"])
def test_whatever_the_decoder_raises_is_an_error_of_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception, where: str
) -> None:
    from auditor.sources.element import Element
    from auditor.sources.formats import graph

    def fail(*_: object) -> Any:
        raise failure

    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps([APP]))
    if where == "decode":
        monkeypatch.setitem(graph.decode, "application", fail)
        monkeypatch.setattr(Element, "value", fail)
    else:
        monkeypatch.setattr(Element, where, fail)
    documents = sources.read([str(tmp_path)])
    assert {Path(error.file).name for error in documents.errors} == ({"a.json", "b.json"} if where != "value" else set())


def test_a_folder_a_thousand_levels_deep(tmp_path: Path) -> None:
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(1200):
            Path("d").mkdir()
            os.chdir("d")
        Path("app.json").write_text(json.dumps(APP))
        os.chdir(tmp_path)
        assert len(sources.read(["."]).documents) == 1
    finally:
        os.chdir(tmp_path)
        for depth in range(1200, -1, -1):  # shutil.rmtree recurses
            folder = "/".join(["d"] * depth) or "."
            Path(folder, "app.json").unlink(missing_ok=True)
            if depth:
                Path(folder).rmdir()
        os.chdir(here)


def calls(action: Any) -> int:
    """How many functions an action calls, of Python and of C."""
    count = 0

    def profile(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(profile)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "make",
    [
        lambda n: json.dumps({"@odata.context": "https://x/$metadata#" + "(" * n + ")" * n + "applications", "value": [APP]}),
        lambda n: '{"appId": [' + ",".join(["1" * 3999] * n) + ", " + "1" * 5000 + "]}",
        lambda n: json.dumps([APP] * (n // 20)),
        lambda n: json.dumps({"data": [{"x": i, "appId": "a"} for i in range(n)]}),
        lambda n: json.dumps({**APP, "passwordCredentials": [{"endDateTime": "2024-02-30T00:00:00Z"}] * (n // 4)}),
        lambda n: json.dumps([{"AppId": APP["appId"], "SignInAudience": "AzureADMyOrg"}] * n),
        lambda n: '{"appId": "a", "web": {}' + ', "displayName": "x"' * n + ', "displayName": "y"}',
        lambda n: '{"appId": "a", "web": {}, "keyCredentials": [' + ", ".join(['{"keyId": "x", "keyId": "y"}'] * (n // 10)) + "]}",
        lambda n: json.dumps({**APP, "PasswordCredentials": [{"KeyId": f"{i}"} for i in range(n // 4)], "passwordCredentials": None}),
        lambda n: json.dumps({**APP, **{f"x{i}": {"x": "{}"} for i in range(n)}}),
        lambda n: json.dumps({**APP, "owners": [{"id": f"{i}", "keyCredentials": []} for i in range(n)]}),
        lambda n: json.dumps({"applications": {f"{i}": {f"{i}": [APP]} for i in range(n // 20)}}),
        lambda n: json.dumps({"responses": [{"id": f"{i}", "body": {"value": [APP]}} for i in range(n // 20)]}),
        lambda n: "\n".join([json.dumps({"data": {"data": {"data": [APP]}}})] * (n // 20)),
        lambda n: json.dumps({**APP, "notes": json.dumps([APP]) * (n // 20), "displayName": '"' * n}),
    ],
    ids=[
        "parentheses", "digits", "registrations", "strangers", "dates", "powershell", "twins", "twins in a list", "casings", "members",
        "owners", "maps", "responses", "lines of wrappers", "notes",
    ],
)  # fmt: skip
def test_twice_the_input_costs_twice_the_calls(make: Any) -> None:
    def read(text: str) -> None:
        try:
            read_bytes(text.encode())
        except InputError:
            pass

    small, large = make(2000), make(4000)
    read(small)  # what is imported and cached is not counted
    assert calls(lambda: read(large)) <= 2.2 * calls(lambda: read(small))


def test_twice_as_many_files_cost_twice_the_calls(tmp_path: Path) -> None:
    for folder, count in (("small", 100), ("large", 200)):
        for i in range(count):
            file = tmp_path / folder / f"team{i % 7}" / f"app{i}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({**APP, "id": f"{i}", "appId": f"{i}"}), "utf-8")

    def read(folder: str) -> None:
        assert len(sources.read([str(tmp_path / folder)]).documents) == {"small": 100, "large": 200}[folder]

    read("small")
    assert calls(lambda: read("large")) <= 2.2 * calls(lambda: read("small"))


def test_parentheses_and_digits_take_no_time() -> None:
    """No call is made for each of them: quadratic, these took from seconds to minutes."""
    from auditor.sources import detect

    assert detect.context("https://x/$metadata#" + "(" * 200_000 + ")" * 200_000 + "applications").kind == "application"
    with pytest.raises(InputError, match="thousands of digits") as caught:
        read_bytes(b'{"appId": [' + b",".join([b"1" * 3999] * 1000) + b",\n" + b"1" * 5000 + b"]}")
    assert (caught.value.line, caught.value.column) == (2, 1)


EXPIRED = {"keyId": "k", "displayName": "ci", "startDateTime": "2020-01-01T00:00:00Z", "endDateTime": "2021-01-01T00:00:00Z"}


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize(
    "names", [("PasswordCredentials", "EndDateTime"), ("passwordcredentials", "enddatetime"), ("PASSWORDCREDENTIALS", "EndDateTime")]
)
def test_properties_in_another_casing_are_read_and_noted(names: tuple[str, str], large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr(reader, "EXACT_UP_TO", 0)
    secret = {names[1] if name == "endDateTime" else name: value for name, value in EXPIRED.items()}
    app = {"id": "o", "appId": "a", "displayName": "Payroll", names[0]: [secret]}
    documents = read_json({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications", "value": [app]})
    (document,) = documents.documents
    assert document.data.password_credentials[0].end_date_time == datetime(2021, 1, 1, tzinfo=timezone.utc)
    assert document.data.app_id == "a"
    assert document.place("/passwordCredentials/0/endDateTime")[0] == f"/value/0/{names[0]}/0/{names[1]}"
    (note,) = documents.notes
    assert note.message == f"property names in another casing are read: {', '.join(map(repr, sorted(names)))}"
    assert not documents.errors


PAGE = '{{"@odata.context": "https://x/$metadata#applications", "value": [{}]}}'


def of(data: Any, path: str) -> Any:
    for part in path.split("/"):
        data = data[int(part)] if part.isdigit() else getattr(data, part)
    return data


TWICE = [
    ('"passwordCredentials": [{"keyId": "k"}], "passwordCredentials": []', "password_credentials"),
    ('"passwordCredentials": [], "tags": [], "passwordCredentials": null, "passwordCredentials": [{}]', "password_credentials"),
    ('"PasswordCredentials": [{"keyId": "k"}], "passwordCredentials": []', "password_credentials"),
    ('"passwordCredentials": [{"endDateTime": "2021-01-01T00:00:00Z", "endDateTime": null}]', "password_credentials/0/end_date_time"),
    ('"web": {"redirectUris": ["http://x"]}, "web": {}', "web"),
    ('"web": {"redirectUris": ["http://x"], "redirectUris" : []}', "web/redirect_uris"),
    ('"web": {"RedirectUris": ["http://x"], "RedirectUris" : []}', "web/redirect_uris"),
    ('"web": {"implicitGrantSettings": {"enableIdTokenIssuance": true, "enableIdTokenIssuance": false}}', "web/implicit_grant_settings/enable_id_token_issuance"),
    ('"signInAudience": "AzureADMultipleOrgs", "notes": "\\u0022", "signInAudience": "AzureADMyOrg"', "sign_in_audience"),
    ('"displayName": "\\"", "displayName": "x"', "display_name"),
    ('"api": {"requestedAccessTokenVersion": 12, "requestedAccessTokenVersion": 1}', "api/requested_access_token_version"),
    ('"unheardOf": 1, "signInAudience": "", "signInAudience": null', "sign_in_audience"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["replyUrlsWithType", "ReplyUrls", "oauth2AllowImplicitFlow", "preAuthorizedApplications"])
@pytest.mark.parametrize("around", ["{}", "[{}]", PAGE])
def test_a_property_of_the_old_manifest_beside_those_of_microsoft_graph_is_an_error(name: str, around: str) -> None:
    held = {"url": "http://x", "type": "Web"}
    documents = read_bytes(around.format(json.dumps({**APP, name: [held]})).encode())
    (error,) = documents.errors
    assert f"/{name}: a property of the old manifest is not read" in error.message
    assert kinds(documents) == ["application"]
    assert read_bytes(around.format(json.dumps({**APP, name: []})).encode()).errors == []


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize("around", ["{}", "[{}]", PAGE])
@pytest.mark.parametrize(("members", "path"), TWICE, ids=[members[:60] for members, _ in TWICE])
def test_a_property_that_is_there_twice_is_an_error_and_unknown(
    members: str, path: str, around: str, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing says which of two values is meant. In a large file, too; and the rest of the object is judged."""
    if large:
        for module in (reader, text):
            monkeypatch.setattr(module, "EXACT_UP_TO", 0)
    documents = read_bytes(around.format('{"id": "o", "appId": "a", ' + members + ', "identifierUris": ["api://x"]}').encode())
    (document,) = documents.documents
    assert is_unknown(of(document.data, path))
    assert (document.data.app_id, document.data.identifier_uris) == ("a", ["api://x"])
    (error,) = documents.errors
    assert "twice with different values, so it counts as unknown" in error.message
    assert (error.line, error.column > 20 or large) == (1, True)


TWICE_OLD = [
    ('"replyUrlsWithType": [{"url": "http://x", "type": "Web"}], "replyUrlsWithType": []', "web/redirect_uris"),
    ('"replyUrlsWithType": [{"url": "http://x", "url": "https://x", "type": "Web"}]', "web/redirect_uris"),
    ('"replyUrlsWithType": [{"url": "http://x", "type": "Web", "type": "Spa"}]', "web/redirect_uris"),
    ('"replyUrlsWithType": [], "oauth2AllowImplicitFlow": true, "oauth2AllowImplicitFlow": false', "web/implicit_grant_settings/enable_access_token_issuance"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "path"), TWICE_OLD, ids=[members[:60] for members, _ in TWICE_OLD])
def test_a_property_of_the_old_manifest_that_is_there_twice_is_unknown_too(members: str, path: str) -> None:
    documents = read_bytes(b'[{"id": "o", "appId": "a", ' + members.encode() + b"}]")
    assert is_unknown(of(documents.documents[0].data, path))
    (error,) = documents.errors
    assert "twice with different values, so it counts as unknown" in error.message


@pytest.mark.parametrize(
    ("members", "notes"),
    [('"tags": ["x", "y"], "tags" : ["x","y"]', 0), ('"Tags": [], "tags": []', 0), ('"description": "x", "description": "y"', 1),
     ('"unheardOf": 1, "unheardOf": 2', 0), ('"web": {"redirectUris": [], "of": {"x": 1, "x": 2}}', 0), ('"notes": "\\"tags\\": 1, \\"tags\\": 2"', 0)],
)  # fmt: skip
def test_what_is_there_twice_is_no_error_where_it_decides_nothing(members: str, notes: int) -> None:
    documents = read_bytes(b'{"id": "o", "appId": "a", "displayName": "x", "spa": {}, ' + members.encode() + b"}")
    assert (documents.errors, len(documents.notes)) == ([], notes)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('{"value": [%s], "value": []}', 1),
        ('{"value": [%s], "value": null}', 1),
        ('{"value": [%s], "value": [%s]}', 2),
        ('{"@odata.context": "https://x/$metadata#applications", "value": [%s], "value": []}', 1),
        ('{"applications": [%s], "applications": []}', 1),
        ('{"applications": [], "applications": [%s]}', 1),
        ('{"applications": {"x": %s, "x": %s}}', 2),
        ('{"data": {"applications": [%s]}, "data": 1}', 1),
        ('{"responses": [{"id": "1", "body": {"value": [%s]}, "body": null}]}', 0),
        ('{"responses": [{"id": "1", "body": %s}], "responses": []}', 1),
        ('{"a": %s, "a": "x"}', 1),
        ('[{"@odata.type": "#microsoft.graph.application", "@odata.type": "#microsoft.graph.user", "appId": "x", "id": "o"}, %s]', 1),
    ],
)
def test_a_list_that_is_there_twice_is_an_error_and_loses_nothing(text: str, read: int) -> None:
    app = iter([json.dumps({**APP, "appId": APP["appId"][:-1] + str(i)}) for i in range(2)])
    documents = read_bytes("".join(next(app) if part == "%s" else part for part in re.split("(%s)", text)).encode())
    assert any("twice with different values" in error.message for error in documents.errors)
    assert kinds(documents) == ["application"] * read


def test_a_number_that_begins_like_its_twin_loses_nothing() -> None:
    documents = read_bytes(b'{"x": 12, "applications": [' + json.dumps(APP).encode() + b'], "x": 1}')
    assert (kinds(documents), documents.errors) == (["application"], [])


def test_casings_are_noted_once_a_file() -> None:
    apps = [{"id": f"o{i}", "appId": f"a{i}", "displayName": "A", "Web": {"RedirectUris": ["http://x"]}} for i in range(3)]
    documents = read_json({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications", "value": apps})
    assert [document.data.web.redirect_uris for document in documents.documents] == [["http://x"]] * 3
    assert [note.message for note in documents.notes] == ["property names in another casing are read: 'RedirectUris', 'Web'"]


def test_casings_of_older_manifests_are_read_at_their_place() -> None:
    manifest = {
        "id": "o", "appId": "a", "name": "Old", "replyUrlsWithType": [], "oauth2AllowImplicitFlow": True,
        "PasswordCredentials": [{"keyId": "k", "EndDate": "2021-01-01T00:00:00Z"}],
        "PreAuthorizedApplications": [{"AppId": "c", "PermissionIds": ["p"]}],
    }  # fmt: skip
    (document,) = read_json(manifest).documents
    assert document.data.password_credentials[0].end_date_time == datetime(2021, 1, 1, tzinfo=timezone.utc)
    assert document.data.api.pre_authorized_applications[0].delegated_permission_ids == ["p"]
    assert document.place("/passwordCredentials/0/endDateTime")[0] == "/PasswordCredentials/0/EndDate"


def test_a_registration_among_owners_is_an_error_and_a_principal_is_not() -> None:
    owner = {
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": "p",
        "appId": "600d0000-0000-4000-8001-000000000000",
        "keyCredentials": [],
    }
    app = {"id": "o", "appId": "a", "displayName": "Payroll", "web": {}, "owners": [owner]}
    assert not read_json(app).errors
    (error,) = read_json({**app, "owners": [owner, {**owner, "web": {}}]}).errors
    assert "/owners/1: an app registration or service principal within another object is not read" in str(error)


def test_a_registration_among_principals_is_an_error() -> None:
    (error,) = read_json(
        {"servicePrincipals": [{"id": "o", "appId": "a", "displayName": "A", "web": {"redirectUris": ["http://x"]}}]}
    ).errors
    assert "/servicePrincipals/0: this is an app registration in a place of another kind (servicePrincipal)" in str(error)
    columns: dict[str, Any] = {"id": "o", "appId": "a", "displayName": "A", "servicePrincipalType": "Application", "web": None, "spa": {}}
    assert not read_json({"servicePrincipals": [columns]}).errors


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize(
    "place",
    [
        "owners",
        "oauth2PermissionGrants",
        "appRoleAssignments",
        "federatedIdentityCredentials",
        "organization",
        "connectors",
        "servicePrincipals",
    ],
)
@pytest.mark.parametrize("held", [[APP], {"x": [APP]}, {"x": {"y": APP}}], ids=["list", "map", "deep"])
def test_a_registration_in_a_place_of_another_kind_is_read_or_an_error(
    place: str, held: Any, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        for module in (reader, text):
            monkeypatch.setattr(module, "EXACT_UP_TO", 0)
    others = {"applications": [{**APP, "appId": APP["appId"][:-1] + "9"}]}
    documents = read_json({**others, place: held})
    assert documents.errors or kinds(documents).count("application") == 2
    page = read_json({"@odata.context": f"https://x/$metadata#{place}", "value": held})
    assert page.errors or kinds(page) == ["application"]


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
def test_names_with_underscores_are_read_and_noted(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        for module in (reader, text):
            monkeypatch.setattr(module, "EXACT_UP_TO", 0)
    app = {"id": "o", "appId": "a", "web": {"redirect_uris": ["http://x"]}, "password_credentials": [{"key_id": "k"}]}
    documents = read_json([app])
    (document,) = documents.documents
    assert (document.data.web.redirect_uris, document.data.password_credentials[0].key_id) == (["http://x"], "k")
    assert [note.message for note in documents.notes] == [
        "property names in another casing are read: 'key_id', 'password_credentials', 'redirect_uris'"
    ]
    assert not documents.errors


def test_names_that_are_written_with_escapes_are_names() -> None:
    app = json.dumps(APP).replace('"appId"', '"app\\u0049d"').replace("redirectUris", "redirect\\u0055ris").replace('"api"', '"\\u0061pi"')
    assert kinds(read_bytes(app.encode())) == ["application"]
    assert read_bytes(app.encode()).documents[0].data.web.redirect_uris == APP["web"]["redirectUris"]
    assert kinds(read_bytes(b'{"applications": [], "x": ' + app.encode() + b"}")) == ["application"]


def test_what_microsoft_graph_returns_is_plain() -> None:
    def is_plain(raw: bytes) -> bool:
        return spelling.is_plain("application", Element(raw, 0, len(raw), ""))

    raw = json.dumps(next(iter(registrations(1)))).encode()
    assert is_plain(raw)
    for name in ("AppId", "APPID", "appid", "unknown"):
        assert not is_plain(raw.replace(b'"appId"', f'"{name}"'.encode(), 1))


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
def test_a_registration_within_another_ones_property_is_an_error(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr(reader, "EXACT_UP_TO", 0)
    inner = {"appId": "600d0000-0000-4000-8001-000000000000", "displayName": "Within", "passwordCredentials": [EXPIRED]}
    app = {"id": "o", "appId": "a", "displayName": "Payroll", "web": {"redirectUris": [], "data": inner}}
    documents = read_json({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications", "value": [app]})
    (error,) = documents.errors
    assert "/value/0/web/data: an app registration or service principal within another object is not read" in str(error)
    assert [document.data.display_name for document in documents.documents] == ["Payroll"]


WIKI = {
    "appId": "a", "displayName": None, "tags": ["x", 1, None], "web": {"redirectUris": ["https://a.example"], "implicitGrantSettings": None},
    "passwordCredentials": [{"keyId": "k", "hint": None}], "owners": [],
}  # fmt: skip
SPOILT: list[tuple[str, Any]] = [
    ("stranger", 1), ("AppId", "b"), ("appId", {"a": 1}), ("appId", [{}]), ("appId", [[1]]), ("tags", [[]]), ("tags", "x"), ("web", 5),
    ("web", []), ("web", {"stranger": 1}), ("web", [{"redirectUris": []}]), ("web", {"implicitGrantSettings": {"x": 1}}),
    ("passwordCredentials", [None]), ("passwordCredentials", {"keyId": "k"}), ("passwordCredentials", [{"KeyId": "k"}]),
    ("owners", [{}]), ("owners", None), ("owners", "x"), ("displayName", 10**30), ("displayName", 1.5),
]  # fmt: skip


@pytest.mark.parametrize("change", [*SPOILT, ("appId", "a")], ids=str)
def test_the_first_objects_are_held_to_the_same_names_as_the_others(change: tuple[str, Any]) -> None:
    """In Python, before the decoder is made that does it for thousands."""
    element = Element(json.dumps({**WIKI, change[0]: change[1]}).encode(), 0, len(json.dumps({**WIKI, change[0]: change[1]})), "")
    first, later = spelling._Gate(spelling._names("application")), spelling._Gate(spelling._names("application"))
    later._seen = spelling._FEW

    def is_let_through(gate: spelling._Gate) -> bool:
        try:
            gate(element)
        except msgspec.ValidationError:
            return False
        return True

    assert is_let_through(first) == is_let_through(later)
    assert (first._decode, later._decode is None) == (None, False)
