"""The fake Microsoft Graph refuses what the real one refuses, pages completely, and fails as it is told to."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

pytest.importorskip("cryptography", reason="comes with the extra `live`")

from tests.fake_graph import FakeGraph, made_up
from tests.fake_graph.certificates import client_certificate

EVENTUAL = {"ConsistencyLevel": "eventual"}
TENANT = made_up(250)
APPS = [app["id"] for app in TENANT["applications"]]


@pytest.fixture
def graph() -> Iterator[FakeGraph]:
    with FakeGraph(TENANT) as graph:
        yield graph


class Client:
    """A plain HTTP client, one connection."""

    def __init__(self, graph: FakeGraph, token: str = "") -> None:
        self.graph, self.token = graph, token or graph.token
        self.connection = http.client.HTTPSConnection(
            "localhost", graph.port, context=ssl.create_default_context(cafile=graph.ca), timeout=10
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, path: str, headers: dict[str, str] | None = None, body: Any = None, method: str = "") -> http.client.HTTPResponse:
        path = quote(path.removeprefix(self.graph.url), safe="/?&=$(),:'%~+")
        text = json.dumps(body) if isinstance(body, dict) else body
        self.connection.request(
            method or ("POST" if body else "GET"), path, text, {"Authorization": "Bearer " + self.token, **(headers or {})}
        )
        return self.connection.getresponse()

    def get(self, path: str, headers: dict[str, str] | None = None, body: Any = None, method: str = "") -> tuple[int, Any]:
        answer = self.send(path, headers, body, method)
        return answer.status, json.loads(answer.read() or b"null")

    def all(self, path: str, headers: dict[str, str] | None = None) -> list[list[Any]]:
        """The pages."""
        pages, link = [], path
        while link:
            status, body = self.get(link, headers)
            assert status == 200, body
            pages.append(body["value"])
            link = body.get("@odata.nextLink")
        return pages


@pytest.fixture
def client(graph: FakeGraph) -> Iterator[Client]:
    with Client(graph) as client:
        yield client


def ids(pages: list[list[Any]]) -> list[str]:
    return [item["id"] for page in pages for item in page]


@pytest.mark.parametrize(
    ("query", "sizes"),
    [("", [100, 100, 50]), ("?$top=999", [250]), ("?$top=7&$select=id", [7] * 35 + [5]), ("?$expand=owners&$top=999", [100, 100, 50])],
)
def test_pages_are_complete(client: Client, query: str, sizes: list[int]) -> None:
    pages = client.all("/v1.0/applications" + query)
    assert [len(page) for page in pages] == sizes
    assert ids(pages) == APPS


def test_every_collection_is_served(client: Client) -> None:
    assert ids(client.all("/v1.0/servicePrincipals?$top=999")) == [p["id"] for p in TENANT["servicePrincipals"]]
    assert ids(client.all("/v1.0/oauth2PermissionGrants")) == [g["id"] for g in TENANT["oauth2PermissionGrants"]]
    resource = TENANT["servicePrincipals"][0]["id"]
    assert client.get(f"/v1.0/servicePrincipals/{resource}")[1]["appId"] == "00000003-0000-0000-c000-000000000000"
    assigned = client.all(f"/v1.0/servicePrincipals/{resource}/appRoleAssignedTo?$top=10")
    assert ids(assigned) == [a["id"] for a in TENANT["appRoleAssignments"]]
    principal = TENANT["appRoleAssignments"][0]["principalId"]
    assert client.all(f"/v1.0/servicePrincipals/{principal}/appRoleAssignments")[0][0]["resourceId"] == resource
    _, organization = client.get("/v1.0/organization?$select=id,verifiedDomains")
    assert [domain["name"] for domain in organization["value"][0]["verifiedDomains"]] == ["contoso.com", "contoso.onmicrosoft.com"]
    for name in ("authorizationPolicy", "adminConsentRequestPolicy", "defaultAppManagementPolicy"):
        assert client.get(f"/v1.0/policies/{name}")[1].items() >= TENANT[name].items()
    assert len(ids(client.all("/beta/reports/servicePrincipalSignInActivities?$top=999"))) == len(TENANT["servicePrincipals"])
    app = TENANT["applications"][5]
    assert client.get(f"/v1.0/applications(appId='{app['appId']}')?$select=id")[1] == {
        "@odata.context": client.graph.url + "/v1.0/$metadata#applications(id)/$entity",
        "id": app["id"],
    }
    assert (
        client.all(f"/v1.0/applications/{app['id']}/federatedIdentityCredentials")[0] == TENANT["federatedIdentityCredentials"][app["id"]]
    )


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1.0/applications?$top=1000", 400, "Request_BadRequest"),
        ("/v1.0/applications?$top=0", 400, "Request_BadRequest"),
        ("/v1.0/applications?$top=many", 400, "Request_BadRequest"),
        ("/v1.0/applications?$fliter=appId eq 'x'", 400, "Request_BadRequest"),
        ("/v1.0/applications?top=5", 400, "Request_BadRequest"),
        ("/v1.0/applications?$top=5&$top=6", 400, "Request_BadRequest"),
        ("/v1.0/applications?$orderby=displayName", 400, "Request_BadRequest"),
        ("/v1.0/applications?$select=id,nonsense", 400, "Request_BadRequest"),
        ("/v1.0/applications?$select=owners", 400, "Request_BadRequest"),
        ("/v1.0/applications?$expand=members", 400, "Request_BadRequest"),
        ("/v1.0/applications?$expand=owners($select=nonsense)", 400, "Request_BadRequest"),
        ("/v1.0/applications?$expand=owners,federatedIdentityCredentials", 400, "Request_BadRequest"),
        ("/v1.0/applications?$filter=appId eq x", 400, "Request_BadRequest"),
        ("/v1.0/applications?$filter=appId eq 'x' or appId eq 'y'", 400, "Request_BadRequest"),
        ("/v1.0/applications?$filter=notes eq 'x'", 400, "Request_UnsupportedQuery"),
        ("/v1.0/applications?$filter=startswith(appId,'0')", 400, "Request_UnsupportedQuery"),
        ("/v1.0/applications?$skiptoken=abc", 400, "Request_BadRequest"),
        ("/v1.0/applications/$count", 400, "Request_BadRequest"),
        ("/v1.0/applications/not-a-guid", 400, "Request_BadRequest"),
        ("/v1.0/applications/00000000-0000-4000-8000-000000000000", 404, "Request_ResourceNotFound"),
        ("/v1.0/applications(appId='00000000-0000-4000-8000-000000000000')", 404, "Request_ResourceNotFound"),
        ("/v1.0/oauth2PermissionGrants?$expand=owners", 400, "Request_BadRequest"),
        ("/v1.0/servicePrincipals?$select=createdDateTime", 400, "Request_BadRequest"),
        ("/v1.0/reports/servicePrincipalSignInActivities", 400, "BadRequest"),
        ("/v1.0/nonsense", 400, "BadRequest"),
        ("/v1.0/me", 400, "BadRequest"),
    ],
)
def test_refuses_what_graph_refuses(client: Client, path: str, status: int, code: str) -> None:
    answer = client.get(path)
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    "condition",
    [
        "createdDateTime ge 2020-01-01T00:00:00Z",
        "createdDateTime eq null",
        "owners/$count eq 0",
        "federatedIdentityCredentials/$count ne 0",
    ],
)
def test_advanced_queries_need_the_header_and_the_count_on_every_page(client: Client, condition: str) -> None:
    path = f"/v1.0/applications?$filter={condition}"
    for query, headers in ((path, EVENTUAL), (path + "&$count=true", {}), (path + "&$count=true&$expand=owners", EVENTUAL)):
        status, body = client.get(query, headers)
        assert (status, body["error"]["code"]) == (400, "Request_UnsupportedQuery")
    status, body = client.get(path + "&$count=true&$top=2", EVENTUAL)
    assert status == 200
    if link := body.get("@odata.nextLink"):
        assert client.get(link)[0] == 400
        assert "@odata.count" not in client.get(link, EVENTUAL)[1]
    assert len(ids(client.all(path + "&$count=true&$top=2", EVENTUAL))) == body["@odata.count"]


def test_filters_find_what_they_say(client: Client) -> None:
    app = TENANT["applications"][9]

    def found(condition: str, **headers: str) -> list[str]:
        return ids(client.all(f"/v1.0/applications?$top=999&$count={'true' if headers else 'false'}&$filter={condition}", headers))

    assert found(f"appId eq '{app['appId']}'") == [app["id"]]
    assert found(f"appId in ('{app['appId']}', 'x')") == [app["id"]]
    assert found(f"startswith(displayName,'{app['displayName'].upper()}')") == [app["id"]]
    assert found("owners/$count eq 0", **EVENTUAL) == [i for i in APPS if not TENANT["owners"].get(i)]
    assert found("federatedIdentityCredentials/$count ne 0", **EVENTUAL) == [i for i in APPS if i in TENANT["federatedIdentityCredentials"]]
    limit = app["createdDateTime"]
    parts = [found(f"createdDateTime {op} {limit}", **EVENTUAL) for op in ("lt", "ge")] + [found("createdDateTime eq null", **EVENTUAL)]
    assert app["id"] in parts[1]
    assert not parts[2]
    assert sorted(parts[0] + parts[1]) == sorted(APPS)
    grant = TENANT["oauth2PermissionGrants"][0]
    assert grant in client.get(f"/v1.0/oauth2PermissionGrants?$filter=clientId eq '{grant['clientId']}'")[1]["value"]
    answer = client.send("/v1.0/applications/$count", EVENTUAL)
    assert answer.read() == b"250"


def test_what_comes_only_when_it_is_selected(client: Client) -> None:
    number, app = next((n, app) for n, app in enumerate(TENANT["applications"]) if app["keyCredentials"])
    usual = client.get(f"/v1.0/applications/{APPS[number]}")[1]
    assert "authenticationBehaviors" not in usual
    assert usual["keyCredentials"][0]["key"] is None
    chosen = client.get(f"/v1.0/applications/{APPS[number]}?$select=keyCredentials,authenticationBehaviors")[1]
    assert chosen["keyCredentials"] == app["keyCredentials"]
    assert chosen["authenticationBehaviors"]["removeUnverifiedEmailClaim"] is True


def test_owners_are_expanded_up_to_twenty_and_bare_without_the_right_to_read_users(client: Client) -> None:
    path = "/v1.0/applications?$select=id&$expand=owners($select=id,userPrincipalName)"
    page = client.get(path)[1]
    assert page["@odata.context"].endswith("#applications(id,owners(id,userPrincipalName))")
    assert len(TENANT["owners"][APPS[7]]) == 25
    assert len(page["value"][7]["owners"]) == 20
    assert page["value"][7]["owners"][0].keys() == {"@odata.type", "id", "userPrincipalName"}
    assert len(client.all(f"/v1.0/applications/{APPS[7]}/owners?$top=20")[1]) == 5
    client.graph.granted.remove("User.Read.All")
    bare = client.get(path)[1]["value"][7]["owners"][0]
    assert bare == {**page["value"][7]["owners"][0], "userPrincipalName": None}


@pytest.mark.parametrize(
    ("permission", "path"),
    [
        ("Application.Read.All", "/v1.0/applications"),
        ("Application.Read.All", f"/v1.0/applications/{APPS[0]}/owners"),
        ("Directory.Read.All", "/v1.0/oauth2PermissionGrants"),
        ("Directory.Read.All", "/v1.0/organization"),
        ("Policy.Read.All", "/v1.0/policies/defaultAppManagementPolicy"),
        ("AuditLog.Read.All", "/beta/reports/servicePrincipalSignInActivities"),
    ],
)
def test_a_permission_that_is_missing(client: Client, permission: str, path: str) -> None:
    assert client.get(path)[0] == 200
    client.graph.granted.remove(permission)
    status, body = client.get(path)
    assert (status, body["error"]["code"]) == (403, "Authorization_RequestDenied")


def test_only_its_own_tokens_are_taken_while_they_last(graph: FakeGraph) -> None:
    graph.token_lifetime = 60
    form = {"grant_type": "client_credentials", "client_id": graph.client_id, "scope": "https://graph.microsoft.com/.default"}
    with Client(graph) as client:
        body = urlencode({**form, "client_secret": graph.client_secret})
        status, answer = client.get("/contoso.com/oauth2/v2.0/token", body=body)
        assert (status, answer["expires_in"]) == (200, 60)
        client.token = answer["access_token"]
        assert client.get("/v1.0/applications")[0] == 200
        graph.tokens.revoke()
        assert client.get("/v1.0/applications")[0] == 401
        client.token = "eyJ0.made.up"
        assert client.get("/v1.0/applications")[1]["error"]["code"] == "InvalidAuthenticationToken"
        client.token = graph.delegated_token
        assert client.get("/v1.0/me?$select=userPrincipalName")[1]["userPrincipalName"] == "ada@contoso.com"


@pytest.mark.parametrize(
    ("tenant", "change", "status", "code"),
    [
        ("contoso.com", {"client_secret": "wrong"}, 401, 7000215),
        ("contoso.com", {"client_secret": "expired-secret-do-not-print-me"}, 401, 7000222),
        ("contoso.com", {"client_id": "00000000-0000-4000-8000-000000000000", "client_secret": "x"}, 400, 700016),
        ("fabrikam.com", {"client_secret": "x"}, 400, 90002),
        ("contoso.com", {}, 401, 7000218),
        ("contoso.com", {"client_secret": "x", "scope": "User.Read"}, 400, 1002012),
        ("contoso.com", {"grant_type": "password"}, 400, 70003),
    ],
)
def test_sign_in_fails_as_entra_id_says_it(client: Client, tenant: str, change: dict[str, str], status: int, code: int) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": client.graph.client_id,
        "scope": "https://graph.microsoft.com/.default",
        **change,
    }
    answer = client.get(f"/{tenant}/oauth2/v2.0/token", body=urlencode(form))
    assert answer[0] == status
    assert answer[1]["error_codes"] == [code]
    assert answer[1]["error_description"].startswith(f"AADSTS{code}: ")


def test_batch(client: Client) -> None:
    def batch(*urls: str, **more: Any) -> tuple[int, Any]:
        requests = [{"id": str(n), "method": "GET", "url": url, **more} for n, url in enumerate(urls)]
        return client.get("/v1.0/$batch", body={"requests": requests})

    client.graph.fault("/owners", 429, nth=2, headers={"Retry-After": "1"})
    status, body = batch(*[f"/applications/{i}/owners?$select=id" for i in APPS[:3]], "/applications/nonsense")
    assert status == 200
    answers = {answer["id"]: answer for answer in body["responses"]}
    assert [answer["id"] for answer in body["responses"]] != sorted(answers)
    assert {i: a["status"] for i, a in answers.items()} == {"0": 200, "1": 429, "2": 200, "3": 400}
    assert answers["1"]["headers"]["Retry-After"] == "1"
    assert [o["id"] for o in answers["2"]["body"]["value"]] == [o["id"] for o in TENANT["owners"][APPS[2]]]
    assert [request.status for request in client.graph.asked("/owners")] == [200, 429, 200]
    url = "/applications?$top=1"
    assert batch(*[url] * 20)[0] == 200
    assert batch(*[url] * 21)[0] == 400
    assert batch()[0] == 400
    assert batch(client.graph.url + "/v1.0" + url)[0] == 400
    assert batch(url, dependsOn=["0"])[0] == 400
    assert client.get("/v1.0/$batch", body={"requests": [{"id": "1", "method": "GET", "url": url}] * 2})[0] == 400
    assert client.get("/v1.0/applications", body={"displayName": "x"})[0] == 405


def test_faults_in_place_of_an_answer(client: Client) -> None:
    graph = client.graph
    graph.fault("/applications$", 429, nth=2, times=2, headers={"Retry-After": "2.128"})
    assert [client.get("/v1.0/applications")[0] for _ in range(4)] == [200, 429, 429, 200]
    graph.faults.clear()
    graph.fault("skiptoken", "expired")
    link = client.get("/v1.0/applications")[1]["@odata.nextLink"]
    assert client.get(link)[1]["error"]["code"] == "Directory_ExpiredPageToken"
    assert ids(client.all("/v1.0/applications")) == APPS
    graph.fault("/applications", "html", status=502)
    answer = client.send("/v1.0/applications")
    assert (answer.status, answer.getheader("Content-Type"), answer.read()[:9]) == (502, "text/html", b"<!DOCTYPE")
    graph.fault("/applications", "redirect")
    answer = client.send("/v1.0/applications?$top=1")
    assert answer.read() == b""
    assert (answer.status, answer.getheader("Location")) == (302, graph.elsewhere + "/v1.0/applications?$top=1")
    graph.fault("/applications", "claims")
    answer = client.send("/v1.0/applications")
    assert answer.read()
    assert 'claims="' in (answer.getheader("WWW-Authenticate") or "")
    assert client.get("/v1.0/applications")[0] == 401  # that token stays bad
    graph.fault("oauth2", "sign_in", aadsts=65001)
    assert client.get("/contoso.com/oauth2/v2.0/token", body="x=y")[1]["error_codes"] == [65001]
    with pytest.raises(ValueError, match="no such fault"):
        graph.fault("", "nonsense")


def test_faults_of_pages(client: Client) -> None:
    graph = client.graph
    first = client.get("/v1.0/applications?$top=200")[1]
    graph.fault("/applications", "empty_page")
    assert [len(page) for page in client.all("/v1.0/applications?$top=200")] == [0, 200, 50]
    graph.fault("/applications", "repeat", nth=2)
    assert [len(page) for page in client.all("/v1.0/applications?$top=200")] == [200, 51]
    graph.fault("/applications", "foreign_link")
    assert client.get("/v1.0/applications?$top=200")[1]["@odata.nextLink"] == first["@odata.nextLink"].replace("localhost", "127.0.0.1")
    graph.fault("/applications", "other_path")
    assert "/v1.0/users?" in client.get("/v1.0/applications?$top=200")[1]["@odata.nextLink"]
    graph.fault("skiptoken", "loop")
    assert client.get(first["@odata.nextLink"])[1]["@odata.nextLink"] == first["@odata.nextLink"]
    graph.fault("/applications", "mangle", index=3, change=lambda app: app.update(appId=7))
    mangled = client.get("/v1.0/applications?$top=200")[1]["value"]
    assert [n for n, app in enumerate(mangled) if app != first["value"][n]] == [3]
    # A nextLink that was not kept as it is
    assert client.get(first["@odata.nextLink"].replace("top=200", "top=100"))[0] == 400
    assert client.get(first["@odata.nextLink"].replace("%2B", "+"))[0] == 400


@pytest.mark.parametrize("how", ["length", "chunked", "close", "gzip"])
def test_a_body_that_ends_early(client: Client, how: str) -> None:
    whole = client.send("/v1.0/applications").read()
    client.graph.fault("/applications", "truncated", how=how)
    answer = client.send("/v1.0/applications")
    if how in ("length", "chunked"):
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
    elif how == "gzip":
        with pytest.raises(EOFError):
            gzip.decompress(answer.read())
    else:
        assert whole.startswith(part := answer.read())
        assert len(part) == len(whole) // 2
    client.connection.close()
    assert client.send("/v1.0/applications").read() == whole


def test_other_faults_on_the_way(client: Client) -> None:
    whole = client.send("/v1.0/applications").read()
    client.graph.fault("/applications", "bad_json")
    with pytest.raises(json.JSONDecodeError):
        client.get("/v1.0/applications")
    for at, errors in ((None, ConnectionResetError), (0.3, (ConnectionResetError, http.client.IncompleteRead))):
        client.graph.fault("/applications", "reset", at=at)
        with pytest.raises(errors):
            client.send("/v1.0/applications").read()
        client.connection.close()
    for kind in ("slow_head", "slow_body"):
        client.graph.fault("/applications", kind, seconds=0.2)
        began = time.monotonic()
        assert client.send("/v1.0/applications").read() == whole
        assert time.monotonic() - began >= 0.2
    answer = client.send("/v1.0/applications", {"Accept-Encoding": "gzip"})
    assert answer.getheader("Content-Encoding") == "gzip"
    assert gzip.decompress(answer.read()) == whole


def test_answers_that_are_meant_to_do_harm(client: Client) -> None:
    client.graph.page_size = 40
    client.graph.fault("/applications", "corrupt")
    with pytest.raises(UnicodeDecodeError):
        client.send("/v1.0/applications").read().decode()
    client.graph.fault("/applications", "bomb", size=3 << 20)
    assert gzip.decompress(client.send("/v1.0/applications").read()) == b" " * (3 << 20)
    client.graph.fault("/applications", "last_page", says=77)
    _, page = client.get("/v1.0/applications")
    assert (len(page["value"]), page["@odata.count"], page.get("@odata.nextLink")) == (40, 77, None)
    client.graph.fault("/servicePrincipals", "endless", times=None, make=lambda page: [b'{"id":"%d"}' % page])
    _, page = client.get("/v1.0/servicePrincipals")
    _, page = client.get(page["@odata.nextLink"])
    assert (page["value"], "@odata.nextLink" in page) == ([{"id": "2"}], True)


def test_as_a_program(tmp_path: Path) -> None:
    tenant = tmp_path / "tenant.json"
    tenant.write_text(json.dumps({"applications": TENANT["applications"][:3]}))
    info = tmp_path / "info.json"
    command = [sys.executable, "-m", "tests.fake_graph", "--tenant", str(tenant), "--write-info", str(info)]
    process = subprocess.Popen(command, cwd=Path(__file__).parent.parent)
    try:
        while not info.exists():
            assert process.poll() is None
            time.sleep(0.02)
        about = json.loads(info.read_text())
        assert about["pid"] == process.pid
        connection = http.client.HTTPSConnection(
            about["url"].removeprefix("https://"), context=ssl.create_default_context(cafile=about["ca"])
        )
        connection.request("GET", "/v1.0/applications", headers={"Authorization": "Bearer " + about["token"]})
        assert ids([json.load(connection.getresponse())["value"]]) == APPS[:3]
        connection.close()
    finally:
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0


def test_azure_identity_signs_in(graph: FakeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = pytest.importorskip("azure.identity")
    ours: dict[str, Any] = {
        "authority": graph.authority, "disable_instance_discovery": True, "connection_verify": graph.ca, "retry_total": 0,
    }  # fmt: skip
    token_file = tmp_path / "token"
    token_file.write_text(graph.federated_token)
    who: dict[str, Any] = {"tenant_id": graph.tenant_id, "client_id": graph.client_id, **ours}
    monkeypatch.setenv("SYSTEM_OIDCREQUESTURI", graph.url + "/pipelines/oidc")
    monkeypatch.setenv("IDENTITY_ENDPOINT", graph.url + "/identity/token")
    monkeypatch.setenv("IDENTITY_HEADER", graph.pipeline_token)
    credentials = [
        identity.ClientSecretCredential(client_secret=graph.client_secret, **who),
        identity.CertificateCredential(certificate_path=graph.client_certificate, **who),
        identity.WorkloadIdentityCredential(token_file_path=str(token_file), **who),
        identity.AzurePipelinesCredential(service_connection_id="x", system_access_token=graph.pipeline_token, **who),
        identity.DeviceCodeCredential(prompt_callback=lambda *_: None, **who),
        identity.ManagedIdentityCredential(connection_verify=graph.ca, retry_total=0),
    ]
    for credential in credentials:
        token = credential.get_token("https://graph.microsoft.com/.default").token
        delegated = isinstance(credential, identity.DeviceCodeCredential)
        assert graph.tokens.check(token) == ("delegated" if delegated else "application")
        credential.close()
    other = identity.CertificateCredential(
        graph.tenant_id, graph.client_id, certificate_data=client_certificate("other").path.read_bytes(), **ours
    )
    with other, pytest.raises(Exception, match="AADSTS700027"):
        other.get_token("https://graph.microsoft.com/.default")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own classes warn when they are imported
def test_the_sdk_reads_bytes(graph: FakeGraph) -> None:
    pytest.importorskip("msgraph")
    import httpx
    from azure.identity import ClientSecretCredential
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.graph_request_adapter import GraphRequestAdapter
    from msgraph.graph_service_client import GraphServiceClient

    async def read() -> None:
        tls = ssl.create_default_context(cafile=graph.ca)
        credential = ClientSecretCredential(
            graph.tenant_id, graph.client_id, graph.client_secret,
            authority=graph.authority, disable_instance_discovery=True, connection_verify=graph.ca,
        )  # fmt: skip
        provider = AzureIdentityAuthenticationProvider(credential, scopes=["https://localhost/.default"], allowed_hosts=["localhost"])
        async with httpx.AsyncClient(verify=tls) as http_client:
            adapter = GraphRequestAdapter(provider, client=http_client)
            adapter.base_url = graph.url + "/v1.0"
            applications = GraphServiceClient(request_adapter=adapter).applications
            found, request = [], applications.to_get_request_information()
            while request:
                raw: Any = await adapter.send_primitive_async(request, "bytes", {"XXX": ODataError})
                page = json.loads(raw)
                found += page["value"]
                link = page.get("@odata.nextLink")
                request = applications.with_url(link).to_get_request_information() if link else None  # type: ignore[assignment]
            assert [app["id"] for app in found] == APPS
            with pytest.raises(ODataError, match="Could not find a property named 'nonsense'"):
                await adapter.send_primitive_async(
                    applications.with_url(graph.url + "/v1.0/applications?$select=nonsense").to_get_request_information(),
                    "bytes", {"XXX": ODataError},
                )  # fmt: skip

    asyncio.run(read())
