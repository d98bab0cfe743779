"""Reading connectors: apiProperties.json and what lies beside it, solutions, MSAL configurations; and where each value stands."""

from __future__ import annotations

import io
import json
import os
import re
import time
import zipfile
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import audit, joins, sources
from auditor.facts import Connector
from auditor.pipeline import moment
from auditor.sources import archive, javascript
from auditor.sources.formats.connector import belongs_to, secret_form
from auditor.unknown import Unknown, is_unknown
from tests.helpers import regaudit

CLIENT, API = "11111111-1111-4111-8111-111111111111", "aaaaaaaa-0000-4000-8000-000000000001"
REDIRECT = "https://global.consent.azure-apim.net/redirect"


def properties(
    provider: str | None = "aad", custom: dict[str, Any] | None = None, beside: dict[str, Any] | None = None, **settings: Any
) -> dict[str, Any]:
    token = {"type": "oauthSetting", "oAuthSettings": {"identityProvider": provider, **settings, "customParameters": custom or {}}}
    return {"properties": {"connectionParameters": {"token": token, **(beside or {})}, "iconBrandColor": "#007ee5", "capabilities": []}}


def written(folder: Path, **files: Any) -> Path:
    for name, content in files.items():
        file = folder / name.replace("__", "/").replace("_json", ".json").replace("_swagger", ".swagger")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    return folder


def connectors(*paths: Path) -> list[Connector]:
    documents = sources.read([str(path) for path in paths])
    assert documents.errors == []
    return [connector for world in joins.worlds(documents, moment("2026-01-01")) for connector in world.connectors]


def only(*paths: Path) -> Connector:
    (connector,) = connectors(*paths)
    return connector


# -- apiProperties.json


def test_what_a_connector_says(tmp_path: Path) -> None:
    custom = {
        "loginUri": {"value": "https://login.windows.net"}, "tenantId": {"value": "Common"}, "resourceUri": {"value": f"api://{API}"},
        "enableOnbehalfOfLogin": {"value": "true"},
    }  # fmt: skip
    file = properties(
        custom=custom, clientId=CLIENT.upper(), scopes=["User.Read offline_access"], redirectMode="global", redirectUrl=REDIRECT
    )
    one = only(written(tmp_path, apiProperties_json=file))
    assert (one.identity_provider, one.client_id, one.tenant_id, one.resource_uri) == ("aad", CLIENT, "common", f"api://{API}")
    assert [scope.text for scope in one.scopes] == ["User.Read", "offline_access"]
    assert (one.redirect_mode, one.callback, one.on_behalf_of, one.login_cloud) == ("Global", REDIRECT, True, "public")
    assert one.entra
    assert one.signs_in


def test_names_in_other_case_and_values_without_a_wrapper(tmp_path: Path) -> None:
    parameters = {"token": {"type": "oAuthSetting", "OAuthSettings": {
        "IdentityProvider": "AAD", "ClientId": CLIENT, "CustomParameters": {"LoginUri": {"value": "https://login.microsoftonline.com"},
        "TenantId": "contoso.com", "ResourceUri": {"value": API}, "EnableOnBehalfOfLogin": False}}}}  # fmt: skip
    one = only(written(tmp_path, apiProperties_json={"properties": {"connectionParameters": parameters}}))
    assert (one.identity_provider, one.client_id, one.tenant_id, one.resource_uri, one.on_behalf_of) == (
        "aad",
        CLIENT,
        "contoso.com",
        API,
        False,
    )


@pytest.mark.parametrize(
    "provider", ["aad", "aadcertificate", "oauth2", "oauth2generic", "DocuSign", "facebook", "FederatedIdentity", "google"]
)
def test_identity_providers_are_told_apart(provider: str, tmp_path: Path) -> None:
    one = only(written(tmp_path, apiProperties_json=properties(provider)))
    assert one.identity_provider == provider.lower()
    assert one.entra is (provider in ("aad", "aadcertificate")) or is_unknown(one.entra)  # generic: its URL decides


@pytest.mark.parametrize(
    ("url", "entra"), [("https://login.microsoftonline.com/common/oauth2/authorize", True), ("https://accounts.example/authorize", False)]
)
def test_generic_oauth_may_be_entra_id(url: str, entra: bool, tmp_path: Path) -> None:
    one = only(written(tmp_path, apiProperties_json=properties("oauth2generic", {"AuthorizationUrlTemplate": {"value": url}})))
    assert (one.entra, one.generic) == (entra, entra)


def test_a_connector_with_an_api_key_has_no_identity_provider(tmp_path: Path) -> None:
    one = only(
        written(
            tmp_path,
            apiProperties_json={"properties": {"connectionParameters": {"api_key": {"type": "securestring"}}, "iconBrandColor": "x"}},
        )
    )
    assert one.identity_provider == ""
    assert one.signs_in is False


def test_each_set_of_parameters_is_a_sign_in(tmp_path: Path) -> None:
    token = properties()["properties"]["connectionParameters"]["token"]
    sets = {
        "values": [
            {"name": "a", "parameters": {"token": token}},
            {"name": "key", "parameters": {"key": {"type": "securestring"}}},
            {"name": "b", "parameters": {"token": token}},
        ]
    }
    found = connectors(written(tmp_path, apiProperties_json={"properties": {"connectionParameterSets": sets}}))
    assert [one.document.pointer for one in found] == [f"/properties/connectionParameterSets/values/{i}/parameters/token" for i in (0, 2)]


def test_who_brings_an_own_client_has_no_client_id(tmp_path: Path) -> None:
    one = only(written(tmp_path, apiProperties_json=properties(beside={"token:ClientId": {"type": "string"}}, clientId=CLIENT)))
    assert is_unknown(one.client_id)
    assert isinstance(one.client_id_form, Unknown)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (CLIENT, "app id"), ("<<Please add your clientID here>>", "placeholder"), ("[[DUMMY]]", "placeholder"), ("{{ client id }}", "placeholder"),
        ("dummy", "placeholder"), ("enter your client id", "placeholder"), ("@@id@@", "placeholder"), ("****CLIENT_ID****", "placeholder"),
        ("Enter_the_Application_Id_Here", "placeholder"), ("00000000-0000-0000-0000-000000000000", "placeholder"),
        ("00000000-0000-0000-0000-00000000000", "placeholder"), ("", "missing"), (None, "missing"), ("orders", "other"), (CLIENT[:-1], "other"),
    ],
)  # fmt: skip
def test_client_ids_and_what_stands_in_their_place(value: str | None, form: str, tmp_path: Path) -> None:
    assert only(written(tmp_path, apiProperties_json=properties(clientId=value))).client_id_form == form


@pytest.mark.parametrize(
    ("scopes", "texts"),
    [
        ([], []), (None, []), ([""], []), (["a b", "c"], ["a", "b", "c"]), ("a b", ["a", "b"]),
        (["@connectionParameters('scope')"], ["@connectionParameters('scope')"]), (["<your scope here>"], ["<your scope here>"]),
    ],
)  # fmt: skip
def test_scopes_come_in_many_forms(scopes: Any, texts: list[str], tmp_path: Path) -> None:
    assert [scope.text for scope in only(written(tmp_path, apiProperties_json=properties(scopes=scopes))).scopes] == texts


@pytest.mark.parametrize(
    ("text", "resource", "value"),
    [
        ("access_as_user", "", "access_as_user"), (f"api://{API}/access_as_user", f"api://{API}", "access_as_user"), (f"api://{API}", f"api://{API}", ""),
        (f"{API}/.default", API, ".default"), (API, API, ""), ("https://graph.microsoft.com/User.Read", "https://graph.microsoft.com", "User.Read"),
        ("api://app.example/x/read", "api://app.example/x", "read"), ("Orders/Read", "", "Orders/Read"),
    ],
)  # fmt: skip
def test_a_scope_is_an_api_and_a_name(text: str, resource: str, value: str, tmp_path: Path) -> None:
    (scope,) = only(written(tmp_path, apiProperties_json=properties(scopes=[text]))).scopes
    assert (scope.resource_uri, scope.value) == (resource, value)


def test_the_redirect_uri_that_is_used(tmp_path: Path) -> None:
    def callback(number: int, **said: Any) -> Any:
        return only(written(tmp_path / str(number), apiProperties_json=properties(**said))).callback

    own = f"{REDIRECT}/orders-5f0123456789abcdef"
    assert callback(0, redirectMode="GlobalPerConnector", redirectUrl=own) == own
    assert callback(1, redirectMode="GlobalPerConnector", redirectUrl=[REDIRECT, own]) == own
    assert callback(2, redirectMode="Global", redirectUrl=None) == REDIRECT
    assert is_unknown(callback(3, redirectMode="GlobalPerConnector", redirectUrl=REDIRECT))
    assert is_unknown(callback(4, redirectMode="GlobalPerConnector"))
    assert is_unknown(callback(5, redirectMode="Direct", redirectUrl=None))
    assert is_unknown(callback(6, redirectMode="Global"))  # the file says nothing of it
    folder = written(tmp_path / "7", apiProperties_json=properties(redirectMode="GlobalPerConnector", redirectUrl=REDIRECT),
                     settings_json={"connectorId": "shared_orders-5fabc", "apiProperties": "apiProperties.json", "apiDefinition": "x.json"})  # fmt: skip
    assert only(folder).callback == f"{REDIRECT}/orders-5fabc"


# -- places


def test_places_are_those_of_the_file(tmp_path: Path) -> None:
    file = properties(
        custom={"ResourceUri": {"value": f"api://{API}/"}, "tenantId": {"value": "x y"}}, clientId="orders", scopes=["a", "b"]
    )
    written(tmp_path, apiProperties_json=file, client_json={"appId": CLIENT, "displayName": "C", "identifierUris": []})
    report = audit([tmp_path / "apiProperties.json", tmp_path / "client.json"], select=["connectors"], as_of="2026-01-01")
    lines = (tmp_path / "apiProperties.json").read_text().split("\n")
    found = {finding.rule_id: finding for finding in report.findings if finding.status == "fail"}
    invalid = found["connector-client-id-invalid"]
    assert invalid.pointer == "/properties/connectionParameters/token/oAuthSettings/clientId"
    assert invalid.line is not None
    assert invalid.column is not None
    assert lines[invalid.line - 1][invalid.column - 1 :].startswith('"clientId"')
    tenant = found["connector-tenant-invalid"]
    assert tenant.pointer == "/properties/connectionParameters/token/oAuthSettings/customParameters/tenantId/value"
    assert tenant.line is not None
    assert '"value": "x y"' in lines[tenant.line - 1]


def test_a_value_of_the_wrong_kind_is_an_error_at_its_place_and_the_rest_is_kept(tmp_path: Path) -> None:
    file = written(tmp_path, apiProperties_json=properties(custom={"resourceUri": {"value": API}}, clientId=5, scopes=[1]))
    documents = sources.read([str(file)])
    said = [str(error) for error in documents.errors]
    assert "clientId: a text is needed here, this is a number" in said[0]
    assert "scopes: a list of texts is needed here" in said[1]
    assert all(error.line > 1 for error in documents.errors)
    assert documents.documents[0].data.resource_uri == API


def test_a_client_secret_is_never_held(tmp_path: Path) -> None:
    secret = "made-up~Value.0f_a-secret"
    folder = written(tmp_path, apiProperties_json=properties(clientId=CLIENT, clientSecret=secret))
    one = only(folder)
    assert one.secret_form == "other"
    report = audit(folder, as_of="2026-01-01")
    assert [finding.rule_id for finding in report.findings] == ["connector-secret-in-file"]
    assert secret not in repr(report.findings) + repr(
        vars(one.document) if hasattr(one.document, "__dict__") else cast(Any, one.document).data
    )


SECRET = "abc8Q~" + "MadeUp" * 5 + "12"


def said_of(folder: Path) -> str:
    """All that is said of a folder and a client registration, in text and JSON."""
    written(folder, client_json={"id": API, "appId": CLIENT, "displayName": "C", "signInAudience": "AzureADMyOrg"})
    ran = [regaudit("scan", folder, "--select", "connectors", "--output-format", form) for form in ("text", "json")]
    assert all(one.code in (0, 1) for one in ran), ran
    return "".join(one.out + one.err for one in ran)


def test_a_secret_in_place_of_a_client_id_is_not_shown(tmp_path: Path) -> None:
    out = said_of(written(tmp_path, c__apiProperties_json=properties(clientId=SECRET)))
    assert "is not an application (client) ID: a text that looks like a client secret" in out
    assert SECRET not in out
    out = said_of(written(tmp_path, **{"c__apiProperties_json": "{}", "m__authConfig.js": MSAL.replace(CLIENT, SECRET)}))
    assert "a text that looks like a client secret" in out
    assert SECRET not in out


@pytest.mark.parametrize("value", ["orders", "api://Orders-2024-Production", "<<Enter your client ID>>", "orders-connector.contoso.com"])
def test_other_texts_in_place_of_a_client_id_are_shown(value: str, tmp_path: Path) -> None:
    assert only(written(tmp_path, apiProperties_json=properties(clientId=value))).client_id == value


def test_user_and_query_of_urls_are_not_shown(tmp_path: Path) -> None:
    host = "login.microsoftonline.com/x/oauth2"
    custom = {"authorizationUrl": f"https://{host}/v2.0/authorize?client_secret={SECRET}", "refreshUrl": f"https://{host}/x#{SECRET}",
              "tokenUrl": {"value": f"https://u:{SECRET}@{host}/token?client_secret={SECRET}"}}  # fmt: skip
    written(tmp_path, a__apiProperties_json=properties("oauth2", custom, clientId=CLIENT))
    written(tmp_path, b__apiProperties_json=properties(custom={"loginUri": f"https://u:{SECRET}@login.example/?{SECRET}"}, clientId=CLIENT))
    written(tmp_path, **{"m__authConfig.js": MSAL.replace("//login", f"//{SECRET}@login")})
    out = said_of(tmp_path)
    assert f"authorizes at https://{host}/v2.0/authorize and redeems codes at https://{host}/token" in out
    assert "signs in at https://login.example/, which is not a login address" in out
    assert SECRET not in out


def test_of_two_spellings_of_one_property_neither_counts_where_they_differ(tmp_path: Path) -> None:
    file = properties(custom={"LoginUri": "x", "loginUri": "https://login.windows.net"}, clientId="<<bad>>", ClientID=CLIENT)
    written(tmp_path, apiProperties_json=file)
    documents = sources.read([str(tmp_path / "apiProperties.json")])
    place = "/properties/connectionParameters/token/oAuthSettings"
    assert [(error.message.partition(":")[0], error.line > 1) for error in documents.errors] == [
        (f"{place}/ClientID", True),
        (f"{place}/customParameters/loginUri", True),
    ]
    data = documents.documents[0].data
    assert is_unknown(data.client_id)
    assert is_unknown(data.login_uri)
    assert data.identity_provider == "aad"


@pytest.mark.parametrize(
    ("name", "first", "counts"),
    [("clientId", '"x"', True), ("identityProvider", '"oauth2"', True), ("properties", '{"x": 1}', True), ("token", "null", True),
     ("OAUTHSETTINGS", '{"clientId": "x"}', True), ("tooltip", '"x"', False), ("clientId", f'"{CLIENT}"', False)],
)  # fmt: skip
def test_a_name_twice_in_a_connector_is_an_error_where_it_is_read(name: str, first: str, counts: bool, tmp_path: Path) -> None:
    file = properties(clientId=CLIENT)
    file["properties"]["connectionParameters"]["token"]["tooltip"] = "a"
    text = json.dumps(file, indent=1)
    real = "oAuthSettings" if name.isupper() else name
    assert f'"{real}": ' in text
    written(tmp_path, apiProperties_json=text.replace(f'"{real}": ', f'"{name}": {first}, "{real}": ', 1))
    documents = sources.read([str(tmp_path / "apiProperties.json")])
    assert ["twice" in error.message for error in documents.errors] == [True] * counts
    if name == "clientId":
        assert is_unknown(documents.documents[0].data.client_id) == counts


def test_on_behalf_of_that_is_neither_true_nor_false_is_an_error(tmp_path: Path) -> None:
    written(tmp_path, apiProperties_json=properties(custom={"enableOnbehalfOfLogin": "yes"}, clientId=CLIENT))
    documents = sources.read([str(tmp_path)])
    (error,) = documents.errors
    assert str(error).endswith("/customParameters/enableOnbehalfOfLogin: true or false is needed here, this is another text")
    assert is_unknown(documents.documents[0].data.on_behalf_of)
    assert is_unknown(
        only(written(tmp_path, apiProperties_json=properties(custom={"enableOnbehalfOfLogin": "<<true or false>>"}))).on_behalf_of
    )


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("", "none"),
        (None, "none"),
        ({"type": "securestring"}, "none"),
        ("[[DUMMY]]", "placeholder"),
        ("Enter your client secret", "placeholder"),
        (CLIENT, "guid"),
        ("a~b.c", "placeholder"),
        ("a~b.c-0123456789", "other"),
    ],
)
def test_what_a_secret_looks_like(value: Any, form: str) -> None:
    assert secret_form(value) == form


# -- the files beside it


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("c/apiProperties.json", "c/"), ("c/apiDefinition.swagger.json", "c/"), ("c/apiDefinition.json", "c/"), ("c/settings.json", "c/"),
        ("s/Connectors/admin_5Forders_connectionparameters.json", "s/Connectors/admin_5Forders"), ("s/Connectors/admin_5Forders.xml", "s/Connectors/admin_5Forders"),
        ("s/Connectors/admin_5Forders_openapidefinition.json", "s/Connectors/admin_5Forders"), ("X__apiProperties.json", "X__"),
        ("c\\apiProperties.json", "c/"), ("other.json", "other"),
    ],
)  # fmt: skip
def test_which_files_belong_together(name: str, key: str) -> None:
    assert belongs_to(name) == key


def test_a_definition_names_the_connector_of_its_folder_only(tmp_path: Path) -> None:
    definition = {"swagger": "2.0", "info": {"title": "Orders"}, "host": "orders.example", "paths": {}}
    settings = {
        "connectorId": "shared_orders",
        "environment": "Default",
        "apiProperties": "apiProperties.json",
        "apiDefinition": "apiDefinition.json",
    }
    written(
        tmp_path,
        a__apiProperties_json=properties(),
        a__apiDefinition_swagger_json=definition,
        a__settings_json=settings,
        b__apiProperties_json=properties(),
    )
    first, second = connectors(tmp_path)
    assert (first.display_name, first.id, first.host) == ("Orders", "shared_orders", "orders.example")
    assert is_unknown(second.display_name)
    assert second.label.endswith("/b")


def test_a_definition_by_itself_is_nothing_to_judge(tmp_path: Path) -> None:
    report = audit(written(tmp_path, apiDefinition_json={"swagger": "2.0", "info": {"title": "X"}, "paths": {}}))
    assert (report.files_read, report.connectors, report.findings, report.errors) == (1, 0, [], [])


def test_a_folder_of_connectors_belongs_to_the_only_tenant(tmp_path: Path) -> None:
    client = {"id": CLIENT, "appId": CLIENT, "displayName": "Client"}
    written(tmp_path, connector__apiProperties_json=properties(clientId=CLIENT), one__client_json=client)
    connector = next(one for one in connectors(tmp_path))
    assert connector.client is not None
    assert connector.client.display_name == "Client"
    written(tmp_path, two__client_json=client)  # the tenant is neither; the registration is in both
    connector = next(one for one in connectors(tmp_path))
    assert connector.client is not None
    assert connector.client.display_name == "Client"


def test_a_registration_of_another_folder_says_only_what_it_says_itself(tmp_path: Path) -> None:
    """Never principals, grants or policies; not from another tenant, nor into a tenant whose list is whole."""
    client = {"id": CLIENT, "appId": CLIENT, "displayName": "Client", "web": {"redirectUris": ["https://a.example/cb"]}}
    principal = {"id": API, "appId": CLIENT, "displayName": "Client", "accountEnabled": False}
    written(tmp_path, connector__apiProperties_json=properties(clientId=CLIENT), one__client_json=client, one__sp_json=principal)
    written(tmp_path, other__api_json={"id": API, "appId": API, "displayName": "Other"})
    connector = next(one for one in connectors(tmp_path))
    assert connector.client is not None
    assert connector.client.display_name == "Client"
    assert isinstance(connector.client_principal, Unknown)
    assert isinstance(connector.client.service_principal, Unknown)


@pytest.mark.parametrize("newer", ["one", "two"])
def test_of_what_two_files_differ_in_nothing_is_known(newer: str, tmp_path: Path) -> None:
    right = {
        "id": CLIENT,
        "appId": CLIENT,
        "displayName": "Client",
        "signInAudience": "AzureADMyOrg",
        "web": {"redirectUris": ["https://a/cb"]},
    }
    wrong = {**right, "web": {"redirectUris": ["https://b/cb"]}}
    written(tmp_path, connector__apiProperties_json=properties(clientId=CLIENT), one__client_json=right, two__client_json=wrong)
    os.utime(tmp_path / newer / "client.json", (2_000_000_000, 2_000_000_000))
    client = next(one for one in connectors(tmp_path)).client
    assert client is not None
    assert client.audience == "AzureADMyOrg"
    assert isinstance(client.redirect_uris, Unknown)
    assert client.redirect_uris.why.endswith("client.json differ")


# -- solutions

NAME = "admin_5Forders"
XML = f'<?xml version="1.0" encoding="utf-8"?>\n<Connector>\n  <connectorid>{API}</connectorid>\n  <displayname>Orders &amp; more</displayname>\n  <name>{NAME}</name>\n</Connector>'
PARAMETERS = properties(clientId=CLIENT)["properties"]["connectionParameters"]


def zipped(members: dict[str, bytes | str], **how: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_an_unpacked_solution(tmp_path: Path) -> None:
    folder = tmp_path / "src" / "Connectors"
    folder.mkdir(parents=True)
    (folder / f"{NAME}.xml").write_text(XML)
    (folder / f"{NAME}_connectionparameters.json").write_text(json.dumps(PARAMETERS))
    one = only(tmp_path)
    assert (one.display_name, one.client_id) == ("Orders & more", CLIENT)


def test_a_solution_that_is_zipped(tmp_path: Path) -> None:
    definition = {"swagger": "2.0", "info": {"title": "Orders"}, "paths": {}}
    content: dict[str, bytes | str] = {
        "solution.xml": "<ImportExportXml/>", "customizations.xml": "<x/>", f"Connector/{NAME}_connectionparameters.json": json.dumps(PARAMETERS, indent=1),
        f"Connector/{NAME}_openapidefinition.json": json.dumps(definition), f"Connector/{NAME}_iconblob.Png": b"\x89PNG",
    }  # fmt: skip
    (tmp_path / "orders.zip").write_bytes(zipped(content))
    one = only(tmp_path)
    assert (one.display_name, one.client_id) == ("Orders", CLIENT)
    assert one.document.file.name.endswith(f"orders.zip/Connector/{NAME}_connectionparameters.json")
    assert one.document.place("/clientId")[1] == 6


def errors_of(tmp_path: Path, raw: bytes) -> list[str]:
    file = tmp_path / "x.zip"
    file.write_bytes(raw)
    documents = sources.read([str(file)])
    assert documents.documents == []
    return [str(error).replace(str(file), "x.zip") for error in documents.errors]


@pytest.mark.parametrize(
    "name",
    [
        "../Connector/a_connectionparameters.json",
        "/Connector/a_connectionparameters.json",
        "Connector/../../Connector/a_connectionparameters.json",
    ],
)
def test_a_member_that_leads_out_of_the_archive(name: str, tmp_path: Path) -> None:
    (said,) = errors_of(tmp_path, zipped({name: json.dumps(PARAMETERS)}))
    assert "leads out of the archive" in said
    assert name in said


@pytest.mark.slow
def test_a_bomb_is_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 16 * 1024 * 1024)
    began = time.perf_counter()
    (said,) = errors_of(tmp_path, zipped({f"Connector/{NAME}_connectionparameters.json": b" " * (archive.MOST_BYTES + 1)}))
    assert f"x.zip/Connector/{NAME}_connectionparameters.json: the member is larger than" in said
    assert time.perf_counter() - began < 5
    monkeypatch.setattr(archive, "MOST_IN_ALL", 1000)
    said_of = errors_of(tmp_path, zipped({f"Connector/{n}_connectionparameters.json": b'{"x":1}' + b" " * 600 for n in "abc"}))
    assert len([one for one in said_of if "larger than" in one]) == 2
    monkeypatch.setattr(archive, "MOST_IN_ALL", 40 * 1024 * 1024)
    monkeypatch.setattr(archive, "MOST_RATIO", 10_000)
    began = time.perf_counter()  # what is refused is not unpacked, and what was unpacked in vain is counted
    assert len(errors_of(tmp_path, zipped({f"d{n}/settings.json": b" " * (archive.MOST_BYTES + 1) for n in range(30)}))) == 30
    broken = zipped({f"Connector/{n}_connectionparameters.json": b" " * (archive.MOST_BYTES - 9) for n in range(4)})
    crc = zipfile.ZipFile(io.BytesIO(broken)).infolist()[0].CRC.to_bytes(4, "little")
    said_of = errors_of(tmp_path, broken.replace(crc, b"\0\0\0\0"))
    assert ["CRC" in one for one in said_of] == [True, True, False, False]
    assert "larger than" in said_of[3]
    assert time.perf_counter() - began < 20
    monkeypatch.setattr(archive, "MOST_MEMBERS", 2)
    (said,) = errors_of(tmp_path, zipped({f"Connector/{n}_connectionparameters.json": b"{}" for n in "abc"}))
    assert "2 are the most" in said


def test_broken_archives_are_one_error_each(tmp_path: Path) -> None:
    whole = zipped({f"Connector/{NAME}_connectionparameters.json": json.dumps(PARAMETERS) * 50})
    assert "cannot be read" in errors_of(tmp_path, whole[:60])[0]
    start = whole.index(b"_connectionparameters.json") + 40
    assert "cannot be read" in errors_of(tmp_path, whole[:start] + b"\xff" * 20 + whole[start + 20 :])[0]
    (said,) = errors_of(tmp_path, zipped({f"Connector/{NAME}_connectionparameters.json": '{"token": {"oAuthSettings": {'}))
    assert f"x.zip/Connector/{NAME}_connectionparameters.json:1:" in said
    (said,) = errors_of(tmp_path, zipped({"word/document.xml": "<x/>"}))
    assert "holds no app registration" in said


def test_other_archives_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "book.zip").write_bytes(zipped({"word/document.xml": "<x/>"}))
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04")
    documents = sources.read([str(tmp_path)])
    assert documents.errors == []
    assert len(documents.passed_over) == 2


def test_a_broken_solution_in_a_folder_is_no_other_archive(tmp_path: Path) -> None:
    name = f"Connector/{NAME}_connectionparameters.json"
    whole = zipped({name: json.dumps(PARAMETERS)})
    crc = zipfile.ZipFile(io.BytesIO(whole)).infolist()[0].CRC.to_bytes(4, "little")
    (tmp_path / "solution.zip").write_bytes(whole.replace(crc, b"\0\0\0\0"))
    (tmp_path / "tenant.json").write_text(json.dumps({"appId": CLIENT, "displayName": "C", "id": API}))
    documents = sources.read([str(tmp_path)])
    (error,) = documents.errors
    assert f"solution.zip/{name}: the member cannot be read: Bad CRC-32" in str(error)
    assert documents.passed_over == []
    # The settings.json of whatever else is packed are nobody's.
    (tmp_path / "solution.zip").write_bytes(zipped({"settings.json": "{x"}))
    documents = sources.read([str(tmp_path)])
    assert (documents.errors, len(documents.passed_over)) == ([], 1)


def test_members_that_are_packed_in_another_way_are_not_unpacked(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("apiProperties.json", json.dumps(properties(clientId=CLIENT)))
    (said,) = errors_of(tmp_path, out.getvalue())
    assert "compressed in a way" in said


@given(st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_no_archive_breaks_the_reader(tail: bytes) -> None:
    raw = zipped({f"Connector/{NAME}_connectionparameters.json": b"{}"})[:80] + tail
    list(archive.zipped(raw, "x.zip", re.compile(""), archive.Budget()))


def test_xml_declares_no_entities(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_text('<?xml version="1.0"?>\n<Connector>\n<!DOCTYPE x [<!ENTITY a "b">]>\n</Connector>')
    (error,) = sources.read([str(file)]).errors
    assert "no document type" in str(error)
    file.write_text("<Connector>\n  <displayname>x</displayname>\n  <name>\n</Connector>")
    (error,) = sources.read([str(file)]).errors
    assert (error.line, "not XML" in str(error)) == (4, True)


@pytest.mark.parametrize("encoding", ["foo", "utf-7", "shift_jis", "utf-16"])
def test_xml_is_read_as_the_utf_8_that_it_is(encoding: str, tmp_path: Path) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><Connector><displayname>Ä</displayname></Connector>'
    file = tmp_path / "a.xml"
    file.write_text(text, "utf-8")
    (document,) = sources.read([str(tmp_path)]).documents
    assert document.data.display_name == "Ä"
    file.write_text(text, "utf-16")
    (document,) = sources.read([str(tmp_path)]).documents
    assert document.data.display_name == "Ä"
    file.write_text(text.replace("?><", "?><!DOCTYPE x><"), "utf-16")
    assert sources.read([str(file)]).documents == []
    file.write_text(text, "latin-1")
    (error,) = sources.read([str(file)]).errors
    assert "not valid UTF-8" in str(error)


# -- MSAL samples

SPA = """
/**
 * const msalConfig = { auth: { clientId: 'in a comment' } };
 */
const msalConfig = {
    auth: {
        clientId: 'CLIENT', // the application's own
        authority: "https://login.microsoftonline.com/f3c95789-ace1-4954-ac5d-6baed2eac902",
        redirectUri: 'http://localhost:3000/redirect',
        postLogoutRedirectUri: window.location.origin + '/out',
    },
    cache: { cacheLocation: 'sessionStorage', storeAuthStateInCookie: false },
    system: {
        loggerOptions: {
            loggerCallback: (level, message, containsPii) => {
                if (containsPii) { return; }
                console.error(`x ${message} }`);
            },
        },
    },
};

const protectedResources = {
    todolistApi: {
        endpoint: `http://localhost:4000/api/todolist`,
        scopes: { read: ['api://API/Todolist.Read'], "write": ["api://API/Todolist.ReadWrite", ], },
    },
    graph: { endpoint: 'x', scopes: ['https://graph.microsoft.com/User.Read'] },
};
const loginRequest = { scopes: [...protectedResources.todolistApi.scopes.read] };
throw new Error('never run');
""".replace("CLIENT", CLIENT).replace("API", API)  # fmt: skip
PASSPORT = """
const passportConfig = {
    credentials: { tenantID: 'f3c95789-ace1-4954-ac5d-6baed2eac902', clientID: 'API' },
    metadata: { authority: 'login.microsoftonline.com', discovery: '.well-known/openid-configuration', version: 'v2.0' },
    protectedRoutes: {
        todolist: {
            endpoint: '/api/todolist',
            delegatedPermissions: { read: ['Todolist.Read', 'Todolist.ReadWrite'], write: ['Todolist.ReadWrite'] },
        },
    },
};
module.exports = passportConfig;
""".replace("API", API)  # fmt: skip


def test_a_single_page_samples_configuration(tmp_path: Path) -> None:
    one = only(written(tmp_path, **{"authConfig.js": SPA}))
    assert (one.kind, one.client_id, one.tenant_id) == ("client", CLIENT, "f3c95789-ace1-4954-ac5d-6baed2eac902")
    assert one.callback == "http://localhost:3000/redirect"
    assert one.resource_uri == f"api://{API}"
    assert [scope.text for scope in one.scopes] == [
        f"api://{API}/Todolist.Read",
        f"api://{API}/Todolist.ReadWrite",
        "https://graph.microsoft.com/User.Read",
    ]
    where, line, column = one.document.place("/clientId")
    assert SPA.split("\n")[(line or 0) - 1][(column or 0) - 1 :].startswith(f"clientId: '{CLIENT}'")
    assert where == "/msalConfig/auth/clientId"
    _, line, column = one.document.place("/scopes/1")
    assert SPA.split("\n")[(line or 0) - 1][(column or 0) - 1 :].startswith(f'"api://{API}/Todolist.ReadWrite"')


def test_an_api_samples_configuration(tmp_path: Path) -> None:
    api = {"appId": API, "displayName": "API", "api": {"requestedAccessTokenVersion": None, "oauth2PermissionScopes": [
        {"id": CLIENT, "value": "Todolist.Read", "isEnabled": True, "type": "User"}]}, "appRoles": []}  # fmt: skip
    folder = written(tmp_path, **{"authConfig.js": PASSPORT, "api_json": api})
    one = only(folder)
    assert (one.kind, one.validated_version, one.resource_uri) == ("api", 2, API)
    report = audit([folder / "authConfig.js", folder / "api.json"], select=["connectors"], as_of="2026-01-01")
    found = {finding.rule_id: finding for finding in report.findings if finding.status == "fail"}
    assert set(found) == {"api-config-token-version-mismatch", "connector-scope-missing"}
    assert found["api-config-token-version-mismatch"].line == 4
    assert found["connector-scope-missing"].line == 8


def test_what_is_no_literal_is_unknown_and_said(tmp_path: Path) -> None:
    script = "export const msalConfig = { auth: { clientId: process.env.CLIENT, authority: 'https://login.microsoftonline.com/common' } };"
    documents = sources.read([str(written(tmp_path, **{"authConfig.js": script}) / "authConfig.js")])
    (document,) = documents.documents
    assert is_unknown(document.data.client_id)
    assert document.data.tenant_id == "common"


def configured(folder: Path, script: str) -> tuple[Any, list[str]]:
    """What a script configures, and what is said of it."""
    documents = sources.read([str(written(folder, **{"authConfig.js": script}) / "authConfig.js")])
    (document,) = documents.documents
    assert documents.errors == []
    return document.data, [note.message for note in documents.notes]


MSAL = f"const msalConfig = {{ auth: {{ clientId: '{CLIENT}', authority: 'https://login.microsoftonline.com/common' }} }};\n"


@pytest.mark.parametrize(
    "value", ["'1'\n + suffix", "'1' + suffix", "pick('1')", "`${one}`", "'1' || two", "'1'\n.concat(x)", "cond ? '1' : '2'"]
)
def test_an_expression_is_no_literal(value: str, tmp_path: Path) -> None:
    data, said = configured(tmp_path, f"const msalConfig = {{ auth: {{ clientId: {value}, redirectUri: 'http://localhost' }} }};")
    assert is_unknown(data.client_id)
    assert data.redirect_urls == ["http://localhost"]
    assert said == ["clientId is not a literal: its value is unknown"]


@pytest.mark.parametrize(
    "resources",
    [
        "{ a: { scopes: ['api://x/read' + s] } }",
        "{ a: { scopes: ['api://x/read', ...more] } }",
        "{ a: { scopes: getScopes() } }",
        "{ a: { scopes: { read: getScopes() } } }",
        "{ a: { scopes: ['api://x/read'].concat(more) } }",
        "{ a: { scopes: ['api://x/read'], ...others } }",
        "{ a: getResource(), b: { scopes: ['api://x/read'] } }",
        "{ ...others, b: { scopes: ['api://x/read'] } }",
    ],
)
def test_scopes_of_which_a_part_is_no_literal_are_unknown(resources: str, tmp_path: Path) -> None:
    data, said = configured(tmp_path, f"{MSAL} const protectedResources = {resources};")
    assert data.client_id == CLIENT
    assert is_unknown(data.scopes)
    assert is_unknown(data.resource_uri)
    assert len(said) == 1


def test_a_script_without_resources_does_not_say_that_no_scope_is_asked_for(tmp_path: Path) -> None:
    assert is_unknown(configured(tmp_path, MSAL)[0].scopes)
    assert is_unknown(configured(tmp_path, f"{MSAL} const protectedResources = make();")[0].scopes)
    assert configured(tmp_path, f"{MSAL} const protectedResources = {{}};")[0].scopes == []
    data, _ = configured(tmp_path, PASSPORT.replace("read: ['Todolist.Read', 'Todolist.ReadWrite']", "read: scopes()"))
    assert is_unknown(data.scopes)


def test_what_an_object_is_spread_over_is_unknown(tmp_path: Path) -> None:
    data, _ = configured(tmp_path, MSAL.replace("auth: {", "auth: { redirectUri: 'http://localhost', ...base, "))
    assert data.client_id == CLIENT
    assert is_unknown(data.redirect_urls)


def test_a_text_assigns_nothing(tmp_path: Path) -> None:
    said = "const help = \"const msalConfig = { auth: { clientId: '99999999-9999-4999-8999-999999999999' } }\";\n"
    assert configured(tmp_path, said + MSAL)[0].client_id == CLIENT


def test_only_scripts_are_read_as_scripts(tmp_path: Path) -> None:
    example = MSAL.replace(CLIENT, "Enter_the_Application_Id_Here")
    written(tmp_path, **{"README.md": f"# Set up\n```js\n{example}```\n", "app.py": "msalConfig = get_config()\n"})
    documents = sources.read([str(tmp_path)])
    assert (documents.documents, documents.errors, len(documents.passed_over)) == ([], [], 2)
    written(tmp_path, **{"src__authConfig.mjs": MSAL})
    assert only(tmp_path).client_id == CLIENT
    (tmp_path / "src" / "authConfig.mjs").rename(tmp_path / "config.txt")
    assert connectors(tmp_path) == []
    assert only(tmp_path / "config.txt").client_id == CLIENT  # who names it means it


def test_a_script_in_utf_16(tmp_path: Path) -> None:
    (tmp_path / "authConfig.js").write_text(MSAL, "utf-16")
    assert only(tmp_path).client_id == CLIENT


def test_a_script_that_cannot_be_read_as_literals(tmp_path: Path) -> None:
    (error,) = sources.read([str(written(tmp_path, **{"authConfig.js": "const msalConfig = makeConfig();"}) / "authConfig.js")]).errors
    assert "assigns it no literal" in str(error)


def test_a_test_of_a_script_is_no_configuration(tmp_path: Path) -> None:
    written(tmp_path, **{"sample.test.js": "beforeAll(() => { global.msalConfig = require('./authConfig.js').msalConfig; });"})
    documents = sources.read([str(tmp_path)])
    assert (documents.documents, documents.errors, len(documents.passed_over)) == ([], [], 1)


def test_a_solutions_connector_without_parameters_is_counted(tmp_path: Path) -> None:
    report = audit(written(tmp_path, **{"Connectors__x_connectionparameters.json": {}}))
    assert (report.connectors, report.errors) == (1, [])


def test_other_scripts_are_passed_over(tmp_path: Path) -> None:
    written(tmp_path, **{"app.js": "import { msalConfig } from './authConfig'; new PublicClientApplication(msalConfig);"})
    documents = sources.read([str(tmp_path)])
    assert (documents.documents, documents.errors, len(documents.passed_over)) == ([], [], 1)


@given(st.text(alphabet="{}[]'\"`,:;/*=\\$. \nab1-", max_size=120))
@settings(max_examples=300, deadline=None)
def test_no_script_breaks_the_reader(tail: str) -> None:
    javascript.literals("const msalConfig = {" + tail)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "piece", ["{a:", "[", "/*", "'", "`", "a={", "msalConfig = {", "...", "//", '"\\', "a", " ", "a:1,...b,", "}.a=1;a={", "a:f(),", "'a',"]
)
def test_hostile_scripts_take_no_time(piece: str, tmp_path: Path) -> None:
    began = time.perf_counter()
    javascript.literals("const msalConfig = {" + piece * (200_000 // len(piece)))
    javascript.literals(MSAL + piece * (200_000 // len(piece)))
    configured(tmp_path, f"{MSAL} const protectedResources = {{ a: {{ scopes: [" + piece * (200_000 // len(piece)))
    assert time.perf_counter() - began < 5


def test_a_samples_registrations(tmp_path: Path) -> None:
    sample = {"Sample": {}, "AADApps": [
        {"Id": "service", "Name": "msal-node-api", "Kind": "WebApi", "Audience": "AzureADMyOrg", "Scopes": ["Todolist.Read"],
         "AppRoles": [{"AllowedMemberTypes": ["Application"], "Name": "Todolist.Read.All", "Description": "d"}]},
        {"Id": "client", "Name": "msal-spa", "Kind": "SinglePageApplication", "ReplyUrls": "http://localhost:3000/ , http://localhost:3000/redirect",
         "RequiredResourcesAccess": [{"Resource": "service", "DelegatedPermissions": ["Todolist.Read"]},
                                     {"Resource": "Microsoft Graph", "DelegatedPermissions": ["User.Read"]}]}]}  # fmt: skip
    documents = sources.read([str(written(tmp_path, sample_json=sample))])
    (world,) = joins.worlds(documents, moment("2026-01-01"))
    apps = {app.display_name: app for app in world.apps}
    spa, api = apps["msal-spa"], apps["msal-node-api"]
    assert [(uri.platform, uri.value) for uri in spa.redirect_uris] == [
        ("spa", "http://localhost:3000/"),
        ("spa", "http://localhost:3000/redirect"),
    ]
    assert [permission.value for permission in spa.requested_resources[1].permissions] == ["User.Read"]
    assert is_unknown(spa.requested_resources[0].app_id)
    assert [scope.value for scope in api.scopes] == ["Todolist.Read"]
    assert [role.for_applications for role in api.app_roles] == [True]
    assert is_unknown(api.app_id)
    assert spa.document.place("/spa/redirectUris/1")[0] == "/AADApps/1/ReplyUrls"
