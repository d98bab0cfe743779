"""A live tenant, read from a fake Microsoft Graph over TLS on loopback, by the real msgraph-sdk and azure-identity."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import tracemalloc
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("msgraph")

from auditor.entra.clouds import Cloud
from auditor.entra.collections import BY_NAME
from auditor.errors import RegauditError
from auditor.sources import Documents
from auditor.sources.coverage import Covered, TenantInfo
from auditor.sources.graph import live as source
from auditor.sources.graph.body import Budget, Limits, unpacked
from auditor.sources.graph.client import Patience
from auditor.sources.graph.live import DocumentSink, Live
from auditor.sources.graph.plan import plan
from tests.fake_graph import FakeGraph, made_up

TENANT = made_up(230, seed=7)  # three pages at 100 objects, one at 999
ALL = (
    "servicePrincipals",
    "oauth2PermissionGrants",
    "appRoleAssignedTo",
    "owners",
    "servicePrincipalOwners",
    "federatedIdentityCredentials",
)
QUICK = Patience(first=0.02, most=0.2, answer=1.5, total=4.0)
Ids = dict[str, list[str]]


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGraph]:
    with FakeGraph(TENANT) as graph:
        monkeypatch.setenv("AZURE_CLIENT_ID", graph.client_id)
        monkeypatch.setenv("AZURE_CLIENT_SECRET", graph.client_secret)
        monkeypatch.setenv("REGAUDIT_ACCESS_TOKEN", graph.token)
        yield graph


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred objects a page, so that the tenant has several."""
    from auditor.sources.graph import plan as calls

    for name in ("APPLICATIONS", "PRINCIPALS", "GRANTS"):
        call = getattr(calls, name)
        smaller = replace(call, query=call.query.replace("$top=999", "$top=100"))
        monkeypatch.setattr(calls, name, smaller)
        monkeypatch.setattr(calls, "CALLS", tuple(smaller if one is call else one for one in calls.CALLS))


def live(graph: FakeGraph, **options: Any) -> Live:
    cloud = Cloud(graph.url, graph.authority, "https://entra.microsoft.com", known_authority=False)
    return Live(**{"tenant": graph.tenant_id, "auth": "token", "cloud": cloud, "ca_bundle": graph.ca, "patience": QUICK, **options})


def read(graph: FakeGraph, needs: tuple[str, ...] = ALL, **options: Any) -> tuple[Ids, TenantInfo, Documents]:
    """Ids of what was read, by kind."""
    documents = Documents()
    info = source.read(live(graph, **options), plan(needs), DocumentSink(documents))
    ids: Ids = {}
    for document in documents.documents:
        ids.setdefault(document.kind, []).append(f"{document.parent} {document.data.id}".strip())
    return {kind: sorted(found) for kind, found in ids.items()}, info, documents


def expected() -> Ids:
    related = {
        "owner": [f"{parent} {owner['id']}" for parent, owners in TENANT["owners"].items() for owner in owners],
        "federatedIdentityCredential": [
            f"{parent} {one['id']}" for parent, found in TENANT["federatedIdentityCredentials"].items() for one in found
        ],
    }
    lists = {
        kind: [one["id"] for one in TENANT[name]]
        for kind, name in (
            ("application", "applications"),
            ("servicePrincipal", "servicePrincipals"),
            ("oauth2PermissionGrant", "oauth2PermissionGrants"),
        )
    }
    assignments = {"appRoleAssignment": [f"{one['resourceId']} {one['id']}" for one in TENANT["appRoleAssignments"]]}
    return {
        kind: sorted(found) for kind, found in {**related, **lists, **assignments, "organization": [TENANT["organization"]["id"]]}.items()
    }


def statuses(info: TenantInfo) -> dict[str, str]:
    return {covered.collection: covered.status for covered in info.covered}


def of(info: TenantInfo, collection: str) -> Covered:
    found = info.of(collection)
    assert found is not None
    return found


def test_a_whole_tenant_is_read_once(graph: FakeGraph) -> None:
    ids, info, documents = read(graph)
    assert ids == expected()
    assert set(statuses(info).values()) == {"complete", "selected"}
    assert of(info, "appRoleAssignedTo").status == "selected"  # of those whom rules ask about
    assert not documents.errors
    assert info.tenant_id == graph.tenant_id
    assert not [request for request in graph.requests if request.method not in ("GET", "POST")]  # nothing is ever written
    assert all(request.path.endswith("/$batch") for request in graph.requests if request.method == "POST")


APPLICATIONS, NEXT, GRANTS = (
    r"^/v1.0/applications\?.*\$select=id,appId",
    r"^/v1.0/applications\?(?=.*select=id,appId).*skiptoken",
    r"^/v1.0/oauth2PermissionGrants",
)
PRINCIPALS = r"^/v1.0/servicePrincipals\?(?!.*expand)"
IN_BATCH = r"appRoleAssignedTo"
SURVIVED: dict[str, Callable[[FakeGraph], Any]] = {
    "429 that asks for a second": lambda g: g.fault(APPLICATIONS, 429, headers={"Retry-After": "1"}),
    "429 with a part of a second": lambda g: g.fault(APPLICATIONS, 429, headers={"Retry-After": "0.128"}),
    "429 until a date": lambda g: g.fault(APPLICATIONS, 429, headers={"Retry-After": formatdate(time.time() + 1, usegmt=True)}),
    "429 for no time at all": lambda g: g.fault(APPLICATIONS, 429, headers={"Retry-After": "0"}),
    "429 that says nothing": lambda g: g.fault(APPLICATIONS, 429),
    "429 with nonsense": lambda g: g.fault(APPLICATIONS, 429, headers={"Retry-After": "soon"}),
    "429 five times": lambda g: g.fault(APPLICATIONS, 429, times=5),
    "500": lambda g: g.fault(APPLICATIONS, 500),
    "502 with a web page": lambda g: g.fault(NEXT, "html", status=502),
    "503": lambda g: g.fault(NEXT, 503),
    "504": lambda g: g.fault(GRANTS, 504),
    "408": lambda g: g.fault(GRANTS, 408),
    "cut off, by its length": lambda g: g.fault(APPLICATIONS, "truncated", how="length"),
    "cut off, in chunks": lambda g: g.fault(NEXT, "truncated", how="chunked"),
    "cut off, connection closed": lambda g: g.fault(NEXT, "truncated", how="close"),
    "cut off, compressed": lambda g: g.fault(NEXT, "truncated", how="gzip"),
    "bad JSON": lambda g: g.fault(NEXT, "bad_json"),
    "a web page with 200": lambda g: g.fault(APPLICATIONS, "html"),
    "connection reset": lambda g: g.fault(APPLICATIONS, "reset"),
    "connection reset in the body": lambda g: g.fault(NEXT, "reset", at=0.5),
    "no answer in time": lambda g: g.fault(NEXT, "slow_head", seconds=4),
    "a body that drips": lambda g: g.fault(NEXT, "slow_body", seconds=4),
    "an empty page with a next one": lambda g: g.fault(APPLICATIONS, "empty_page"),
    "page tokens expire": lambda g: g.fault(NEXT, "expired", nth=2),
    "410 for a page": lambda g: g.fault(NEXT, 410, nth=1),
    "an object comes twice": lambda g: g.fault(NEXT, "repeat"),
    "429 within a batch": lambda g: g.fault(IN_BATCH, 429, nth=2, times=7, headers={"Retry-After": "0.2"}),
    "500 within a batch": lambda g: g.fault(IN_BATCH, 500),
    "503 of a whole batch": lambda g: g.fault(r"\$batch", 503),
    "a byte that no UTF-8 has, in a page": lambda g: g.fault(NEXT, "corrupt"),
    "a byte that no UTF-8 has, in the organization": lambda g: g.fault("/organization", "corrupt"),
    "a byte that no UTF-8 has, in a batch": lambda g: g.fault(r"\$batch", "corrupt"),
    "a list that ends too early, once": lambda g: g.fault(PRINCIPALS, "last_page", nth=2, says=300),
    "a batch cut off": lambda g: g.fault(r"\$batch", "truncated", how="length"),
}


@pytest.mark.parametrize("name", SURVIVED)
def test_what_passes_by_itself_costs_no_object(graph: FakeGraph, name: str) -> None:
    fault = SURVIVED[name](graph)
    ids, info, documents = read(graph)
    assert fault.hits, "the fault was never met"
    assert ids == expected()
    assert set(statuses(info).values()) == {"complete", "selected"}
    assert not documents.errors


def test_a_challenge_is_met_with_a_new_token(graph: FakeGraph) -> None:
    fault = graph.fault(NEXT, "claims")
    ids, info, _ = read(graph, auth="client-secret")
    assert fault.hits == 1
    assert ids == expected()
    assert set(statuses(info).values()) == {"complete", "selected"}


BROKEN: dict[str, tuple[Callable[[FakeGraph], Any], str, str]] = {
    "a next page on another host": (lambda g: g.fault(APPLICATIONS, "foreign_link", to=g.elsewhere), "partial", "leads elsewhere"),
    "a next page on another path": (lambda g: g.fault(APPLICATIONS, "other_path", path="/evil"), "partial", "leads elsewhere"),
    "next pages in a circle": (lambda g: g.fault(NEXT, "loop"), "partial", "circle"),
    "a redirect": (lambda g: g.fault(APPLICATIONS, "redirect", to=g.elsewhere), "failed", "redirect"),
    "Retry-After of an hour": (lambda g: g.fault(APPLICATIONS, 429, headers={"Retry-After": "4000"}), "failed", "4000 s more"),
    "503 for ever": (lambda g: g.fault(APPLICATIONS, 503, times=None), "failed", "given up after"),
    "a web page for ever": (lambda g: g.fault(APPLICATIONS, "html", times=None), "failed", "a web page came instead"),
    "cut off for ever": (lambda g: g.fault(NEXT, "truncated", times=None, how="gzip"), "partial", "given up after"),
    "pages that expire again": (lambda g: g.fault(NEXT, 410, times=None), "partial", "has expired"),
    "403": (lambda g: g.fault(APPLICATIONS, 403, times=None), "denied", "it needs Application.Read.All"),
    "401": (lambda g: g.fault(APPLICATIONS, 401, times=None), "failed", "does not accept the token"),
    "404": (lambda g: g.fault(APPLICATIONS, 404, times=None), "failed", "not there"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_pass_is_said_and_the_rest_is_read(graph: FakeGraph, name: str) -> None:
    make, status, reason = BROKEN[name]
    fault = make(graph)
    ids, info, _ = read(graph, patience=replace(QUICK, total=2.0))
    assert fault.hits
    assert of(info, "applications").status == status
    assert reason in of(info, "applications").reason
    assert ids["servicePrincipal"] == expected()["servicePrincipal"]
    assert of(info, "servicePrincipals").status == of(info, "oauth2PermissionGrants").status == "complete"
    elsewhere = [request for request in graph.requests if graph.elsewhere.removeprefix("https://") == request.headers.get("host")]
    assert not elsewhere, "a request went where a link or a redirect led"


@pytest.mark.parametrize(("collection", "path"), [("oauth2PermissionGrants", GRANTS), ("servicePrincipals", r"^/v1.0/servicePrincipals")])
def test_one_refused_collection_costs_itself(graph: FakeGraph, collection: str, path: str) -> None:
    graph.fault(path, 403, times=None)
    ids, info, _ = read(graph)
    assert of(info, collection).status == "denied"
    assert ids["application"] == expected()["application"]
    if collection == "servicePrincipals":  # without them nobody knows whose assignments to ask for
        assert of(info, "appRoleAssignments").status == "denied"


def test_who_was_granted_what_is_not_known_of_anybody_when_one_api_does_not_say(graph: FakeGraph) -> None:
    graph.fault(IN_BATCH, 403, nth=2)
    ids, info, _ = read(graph)
    covered = of(info, "appRoleAssignments")
    assert (covered.status, "403" in covered.reason) == ("partial", True)
    silent = {one["id"] for one in TENANT["servicePrincipals"] if one["appRoles"] or one["appRoleAssignmentRequired"]} - set(
        of(info, "appRoleAssignedTo").read
    )
    assert len(silent) == 1
    assert ids["appRoleAssignment"] == [one for one in expected()["appRoleAssignment"] if one[:36] not in silent]


def test_what_cannot_be_read_of_one_object_is_named(graph: FakeGraph) -> None:
    graph.fault("federatedIdentityCredentials$", 403, nth=2)
    ids, info, _ = read(graph)
    covered = of(info, "federatedIdentityCredentials")
    assert (covered.status, len(covered.unread), "403" in covered.reason) == ("complete", 1, True)
    left = [one for one in expected()["federatedIdentityCredential"] if not one.startswith(covered.unread[0])]
    assert ids["federatedIdentityCredential"] == left


@pytest.mark.parametrize("deleted", [True, False])
def test_only_an_object_that_was_deleted_meanwhile_is_nothing_to_complain_of(graph: FakeGraph, deleted: bool) -> None:
    graph.fault("federatedIdentityCredentials$", 404, nth=2)
    if deleted:
        graph.fault(r"^/v1.0/applications/[0-9a-f-]{36}$", 404)
    _, info, documents = read(graph)
    assert of(info, "federatedIdentityCredentials").status == "complete"
    assert len(of(info, "federatedIdentityCredentials").unread) == (0 if deleted else 1)
    assert not documents.errors


EXPAND = r"^/v1.0/applications\?.*expand=owners"


@pytest.mark.parametrize(
    "change",
    [
        lambda app: {key: value for key, value in app.items() if key != "owners"},
        lambda app: {**app, "owners": app["owners"][:1], "owners@odata.nextLink": "https://graph.example/more"},
        lambda app: {**app, "owners": "what?"},
        lambda app: {**app, "id": "99999999-0000-4000-8000-000000000000", "owners": []},
    ],
)
def test_owners_that_expand_does_not_show_are_asked_for(graph: FakeGraph, change: Any) -> None:
    index = next(i for i, app in enumerate(TENANT["applications"]) if 1 < len(TENANT["owners"].get(app["id"], ())) < 20)
    assert graph.fault(EXPAND, "mangle", change=change, index=index)
    ids, info, _ = read(graph)
    assert ids["owner"] == expected()["owner"]
    assert of(info, "owners").status == "complete"


def test_ids_are_the_same_in_any_case(graph: FakeGraph) -> None:
    graph.fault(APPLICATIONS, "mangle", change=lambda app: {**app, "id": app["id"].upper()}, index=0)
    ids, info, _ = read(graph)
    assert ids["owner"] == expected()["owner"]
    assert set(statuses(info).values()) == {"complete", "selected"}


def test_fewer_objects_than_graph_counts_are_not_all(graph: FakeGraph) -> None:
    graph.fault(NEXT, "status", status=200, body=b'{"value":[]}', times=None)
    _, info, _ = read(graph)
    assert of(info, "applications").status == "partial"
    assert "counts 230 applications, and 100 came" in of(info, "applications").reason


def test_who_asks_for_no_wait_for_ever_is_asked_less_and_less(graph: FakeGraph) -> None:
    graph.fault(APPLICATIONS, 429, times=None, headers={"Retry-After": "0"})
    _, info, _ = read(graph, needs=(), patience=replace(QUICK, total=2.0))
    assert of(info, "applications").status == "failed"
    assert len(graph.asked(APPLICATIONS)) < 60


ODD: dict[str, dict[str, Any]] = {
    "a body that is not what its encoding says": {"body": b"\x1f\x8bgarbage", "headers": {"Content-Encoding": "gzip"}},
    "no list": {"body": b'{"value":{}}'},
    "a number as next page": {"body": b'{"value":[],"@odata.nextLink":7}'},
    "a next page with a line break": {"body": b'{"value":[],"@odata.nextLink":"https://localhost/v1.0/applications\\n"}'},
    "a next page of another collection": {"body": b'{"value":[],"@odata.nextLink":"/v1.0/servicePrincipals"}'},
    "deep nesting": {"body": b"[" * 100_000},
    "deep nesting in an object": {"body": b'{"value":[{"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}"},
    "nothing": {"body": b""},
    "no content": {"body": b"", "status": 204},
    "an error that is called a success": {"body": b'{"error":{"code":"x","message":"y"}}'},
    "a count in a text": {"body": b'{"value":[],"@odata.count":"30"}'},
    "a number that is too large": {"body": b'{"value":[{"id":"x"}],"@odata.count":' + b"9" * 5000 + b"}"},
    "another encoding than was asked for": {"body": b"x" * 100, "headers": {"Content-Encoding": "br"}},
    "packed twice": {"body": b"x" * 100, "headers": {"Content-Encoding": "gzip, gzip"}},
    "Latin-1": {"body": '{"value":[{"id":"x","displayName":"M\u00fcller"}]}'.encode("latin-1")},
    "a challenge that makes no sense": {"body": b"", "status": 401, "headers": {"WWW-Authenticate": 'Bearer claims="\u00fc!"'}},
    "an error in Latin-1": {"body": b'{"error":{"message":"\xfc"}}', "status": 400, "headers": {"Content-Type": "application/json"}},
    "an error that is nested deeply": {"body": b"[" * 100_000, "status": 403, "headers": {"Content-Type": "application/json"}},
    "304": {"body": b"", "status": 304},
    "a status that nobody knows": {"body": b"", "status": 799},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_answers_are_faults_of_their_collection(graph: FakeGraph, name: str) -> None:
    """Told, and not asked for again for minutes."""
    graph.fault(APPLICATIONS, "status", times=None, **{"status": 200, **ODD[name]})
    ids, info, _ = read(graph, ("servicePrincipals",), auth="client-secret", patience=replace(QUICK, total=600.0))
    assert of(info, "applications").status in ("failed", "denied")
    assert len(graph.asked(APPLICATIONS)) <= 6
    assert ids["servicePrincipal"] == expected()["servicePrincipal"]


@pytest.mark.parametrize(
    ("path", "collection"),
    [(NEXT, "applications"), (r"/organization", "organization"), (r"\$batch", "appRoleAssignments"), (GRANTS, "oauth2PermissionGrants")],
)
def test_what_is_no_utf_8_again_and_again_is_incomplete_and_the_rest_is_read(graph: FakeGraph, path: str, collection: str) -> None:
    graph.fault(path, "corrupt", times=None)
    ids, info, documents = read(graph, auth="client-secret")
    assert of(info, collection).status in ("partial", "failed")
    assert "given up after 6 attempts" in of(info, collection).reason
    assert ids["servicePrincipal"] == expected()["servicePrincipal"]
    assert not documents.errors


# -- limits


def test_an_answer_without_end_is_stopped_while_it_is_unpacked(graph: FakeGraph) -> None:
    """A quarter of a gigabyte out of a quarter of a megabyte: no more of it is held than is allowed."""
    graph.fault(APPLICATIONS, "bomb", times=None, size=256 << 20)
    tracemalloc.start()
    ids, info, _ = read(graph, ("servicePrincipals",), limits=Limits(answer=8 << 20), patience=replace(QUICK, answer=30))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert of(info, "applications").status == "failed"
    assert "too large: it was stopped after 8 MiB" in of(info, "applications").reason
    assert peak < 64 << 20
    assert len(graph.asked(APPLICATIONS)) == 1
    assert ids["servicePrincipal"] == expected()["servicePrincipal"]


@pytest.mark.parametrize("size", [1, 999, 65_536, 10 << 20])
def test_an_answer_arrives_whole_in_whatever_pieces(size: int) -> None:
    text = (b"a" * 2_000_000 + bytes(range(256)) * 2000) * 3
    packed = gzip.compress(text)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(packed), size):
            yield packed[start : start + size]

    assert asyncio.run(unpacked(pieces(), "gzip", Budget(Limits()))) == text


def made(numbers: Iterable[int]) -> list[bytes]:
    return [b'{"id":"99999999-0000-4000-8000-%012d"}' % number for number in numbers]


ENDLESS: dict[str, tuple[Callable[[int], list[bytes]], str]] = {
    "always new ones": (lambda page: made([page]), "do not end"),
    "always the same ones": (lambda page: made(range(10)), "in a circle"),
    "the same ones, turned round": (lambda page: made([page % 7, *range(10)]), "in a circle"),
    "none": (lambda page: [], "in a circle"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_pages_without_end_are_left(graph: FakeGraph, name: str) -> None:
    make, said = ENDLESS[name]
    graph.fault(r"^/v1.0/servicePrincipals\?", "endless", times=None, make=make)
    ids, info, _ = read(graph, ("servicePrincipals",), limits=Limits(pages=150))
    assert of(info, "servicePrincipals").status == ("partial" if name != "none" else "failed")
    assert said in of(info, "servicePrincipals").reason
    assert ids["application"] == expected()["application"]


@pytest.mark.parametrize(
    ("limits", "said"), [(Limits(requests=5), "5 requests"), (Limits(size=100_000), "GiB"), (Limits(seconds=0.05), "hours")]
)
def test_a_run_has_an_end_and_says_what_it_did_not_read(graph: FakeGraph, limits: Limits, said: str) -> None:
    graph.latency = 0.02
    _, info, _ = read(graph, limits=limits)
    incomplete = [covered for covered in info.covered if covered.status not in ("complete", "selected")]
    assert incomplete
    assert any(said in covered.reason for covered in incomplete)


COUNTS: dict[str, Callable[[FakeGraph], Any]] = {
    "negative": lambda g: g.fault(COUNT, "count", times=None, says=-5),
    "none": lambda g: g.fault(COUNT, "count", times=None, says=0),
    "negative in a page": lambda g: g.fault(PRINCIPALS, "count", times=None, says=-1),
    "less than came": lambda g: g.fault(PRINCIPALS, "count", times=None, says=3),
}
COUNT = r"^/v1.0/applications\?.*\$top=1$"


@pytest.mark.parametrize("name", COUNTS)
def test_a_count_that_cannot_be_leaves_nothing_unread(graph: FakeGraph, name: str) -> None:
    assert COUNTS[name](graph)
    ids, info, _ = read(graph)
    assert ids == expected()
    assert set(statuses(info).values()) == {"complete", "selected"}


def test_a_list_that_is_shorter_than_its_count_is_incomplete(graph: FakeGraph) -> None:
    graph.page_size = 100
    graph.fault(PRINCIPALS, "last_page", times=None, says=200)
    _, info, _ = read(graph)
    assert of(info, "servicePrincipals").status == "partial"
    assert "counts 200 servicePrincipals, and 100 came" in of(info, "servicePrincipals").reason


@pytest.mark.parametrize("says", [10**18, 10**6])
def test_counts_that_contradict_each_other_do_not_ask_for_ever(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch, says: int) -> None:
    graph.fault(r"^/v1.0/applications\?.*\$count=true.*\$top=1", "count", times=None, says=says)
    ids, info, _ = read(graph, ("servicePrincipals",))
    assert ids["application"] == expected()["application"]
    assert of(info, "applications").status == "partial"
    assert len(graph.asked(r"\$count=true")) < 600


# -- the token


def encodings(token: str) -> dict[str, str]:
    return {
        "as it is": token,
        "in an address": quote(token, safe=""),
        "in an address, every character": "".join(f"%{ord(c):02x}" for c in token),
        "in an address, twice": quote("".join(f"%{ord(c):02x}" for c in token)),
        "in JSON": "".join(f"\\u{ord(c):04x}" for c in token),
        "in HTML": "".join(f"&#{ord(c)};" for c in token),
        "in capitals": token.upper(),
        "cut off": token[:-7],
        "in base64": b64encode(b"Bearer " + token.encode()).decode(),
        "in two lines": f"{token[:20]}\n{token[20:]}",
    }


@pytest.mark.parametrize(
    ("status", "form"), [*((403, form) for form in encodings("x")), *((status, "as it is") for status in (400, 401, 404, 410, 429, 500))]
)
def test_the_token_that_was_sent_is_never_said_again(graph: FakeGraph, status: int, form: str) -> None:
    """Whatever it looks like, and however an error, its code, or a link, repeats it."""

    def body(request: Any) -> bytes:
        said = encodings(request.headers["authorization"].removeprefix("Bearer "))[form]
        return json.dumps({"error": {"code": f"c {said}", "message": f"the request had {said} in it"}}).encode()

    graph.fault(GRANTS, status, times=None, body=body)
    _, info, _ = read(graph, ("oauth2PermissionGrants",), patience=replace(QUICK, total=0.2))
    reason = of(info, "oauth2PermissionGrants").reason
    assert str(status) in reason
    for said in encodings(graph.token).values():
        inside = said[12:]  # base64 begins with what is no token
        assert not {inside[i : i + 12] for i in range(len(inside) - 11)} & {reason[i : i + 12] for i in range(len(reason) - 11)}


def test_the_token_that_was_sent_is_in_no_object(graph: FakeGraph) -> None:
    escaped = "".join(f"\\u{ord(c):04x}" for c in graph.token)
    text = f'{{"value":[{{"id":"1","displayName":"{graph.token} {escaped} \\\\u0041"}}]}}'
    graph.fault(APPLICATIONS, "status", status=200, times=None, body=text.encode())
    _, _, documents = read(graph)
    names = [document.data.display_name for document in documents.documents if document.kind == "application"]
    assert names == ["(token) (token) \\u0041"]


def test_a_link_that_holds_the_token_is_not_shown(graph: FakeGraph) -> None:
    graph.fault(APPLICATIONS, "foreign_link", to=f"https://localhost/{graph.token}")
    _, info, _ = read(graph)
    assert "leads elsewhere" in of(info, "applications").reason
    assert graph.token not in of(info, "applications").reason


def test_no_cookie_is_sent_back(graph: FakeGraph) -> None:
    graph.fault("/organization", "status", status=503, body=b"", headers={"Set-Cookie": "who=me; Path=/", "Retry-After": "0"})
    read(graph)
    assert not [request for request in graph.requests if "cookie" in request.headers]


def test_an_unreadable_object_costs_itself_and_not_its_page(graph: FakeGraph) -> None:
    def spoil(app: dict[str, Any]) -> dict[str, Any]:
        return {**app, "web": "what?", "signInAudience": 7}

    graph.fault(APPLICATIONS, "mangle", change=spoil, index=3)
    ids, _, documents = read(graph)
    assert ids["application"] == expected()["application"]
    assert {("web" in str(error), "signInAudience" in str(error)) for error in documents.errors} == {(True, False), (False, True)}
    assert all("/applications/" in str(error) for error in documents.errors)


def test_a_query_that_graph_does_not_take_is_asked_in_a_poorer_way(graph: FakeGraph) -> None:
    graph.fault(r"\$expand=owners\(\$select", 400)
    graph.fault(r"federatedIdentityCredentials/\$count", 400)
    ids, info, _ = read(graph)
    assert ids == expected()
    assert set(statuses(info).values()) == {"complete", "selected"}


def test_while_one_waits_all_wait(graph: FakeGraph) -> None:
    graph.fault(GRANTS, 429, headers={"Retry-After": "1"})
    read(graph)
    times = sorted(request.time for request in graph.requests)
    throttled = next(request.time for request in graph.requests if request.status == 429)
    assert not [t for t in times if throttled + 0.3 < t < throttled + 0.9]


def test_many_applications_are_read_in_parts(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.sources.graph import partition

    monkeypatch.setattr(partition, "PARTITIONED_FROM", 50)
    ids, info, _ = read(graph)
    assert ids == expected()
    assert of(info, "applications").status == "complete"
    parts = {
        request.query["$filter"]
        for request in graph.asked(r"^/v1.0/applications")
        if "$top=100" in request.target and "$filter" in request.query
    }
    assert len([part for part in parts if "createdDateTime" in part]) >= 4


def test_parts_that_do_not_add_up_are_read_again_as_a_whole(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.sources.graph import partition

    async def short(graph: Any, total: int) -> list[str]:
        return ["createdDateTime lt 2022-01-01T00:00:00Z"]

    monkeypatch.setattr(partition, "PARTITIONED_FROM", 50)
    monkeypatch.setattr(partition, "ranges", short)
    ids, _, _ = read(graph)
    assert ids == expected()


def test_nothing_is_asked_for_that_no_rule_reads(graph: FakeGraph) -> None:
    _, info, _ = read(graph, needs=())
    assert set(statuses(info)) == {"applications", "organization"}
    assert {request.path for request in graph.requests} == {"/v1.0/applications", "/v1.0/organization"}


# -- one registration


def test_one_registration_with_what_hangs_on_it(graph: FakeGraph) -> None:
    app = TENANT["applications"][5]
    principal = next((one for one in TENANT["servicePrincipals"] if one["appId"] == app["appId"]), None)
    ids, info, _ = read(graph, apps=(app["appId"],))
    assert ids["application"] == [app["id"]]
    assert not [request for request in graph.requests if request.path == "/v1.0/applications"]
    if principal is None:
        assert app["appId"] in of(info, "servicePrincipals").absent
    else:
        assert principal["id"] in ids["servicePrincipal"]
    by_object_id, _, _ = read(graph, apps=(app["id"].upper(),))
    assert by_object_id == ids


def test_registrations_by_a_filter(graph: FakeGraph) -> None:
    name = TENANT["applications"][9]["displayName"]
    ids, _, _ = read(graph, filter=f"displayName eq '{name}'")
    assert TENANT["applications"][9]["id"] in ids["application"]
    with pytest.raises(RegauditError, match="no registration meets it"):
        read(graph, filter="displayName eq 'nobody & co'")


def test_a_registration_that_is_not_there_is_an_error(graph: FakeGraph) -> None:
    with pytest.raises(RegauditError, match="no registration has this app id or object id"):
        read(graph, apps=("11111111-2222-4333-8444-555555555555",))
    with pytest.raises(RegauditError, match="give an application"):
        read(graph, apps=("Payroll",))


# -- signing in


def test_the_cli_is_asked_once(graph: FakeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    az = tmp_path / "az"
    answer = json.dumps({"accessToken": graph.token, "expires_on": int(time.time()) + 3600, "expiresOn": "2099-01-01 00:00:00.000000"})
    az.write_text(f"#!/bin/sh\necho started >> {tmp_path}/calls\ncat <<'END'\n{answer}\nEND\n")
    az.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    ids, _, _ = read(graph, auth="cli")
    assert ids == expected()
    assert (tmp_path / "calls").read_text() == "started\n"


@pytest.mark.parametrize("auth", ["client-secret", "environment", "certificate", "workload-identity", "github-actions", "default"])
def test_ways_to_sign_in(graph: FakeGraph, auth: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", graph.tenant_id)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", graph.github_url)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", graph.pipeline_token)
    if auth == "certificate":
        monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PATH", graph.client_certificate)
    if auth == "workload-identity":
        (tmp_path / "token").write_text(graph.federated_token)
        monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    ids, _, _ = read(graph, needs=(), auth=auth)
    assert ids["application"] == expected()["application"]


def test_a_token_that_soon_ends_is_renewed(graph: FakeGraph) -> None:
    graph.token_lifetime = 301
    graph.fault(NEXT, "slow_head", seconds=1.2)  # by then it has less than five minutes
    ids, _, _ = read(graph, needs=(), auth="client-secret", patience=replace(QUICK, answer=5))
    assert ids["application"] == expected()["application"]
    assert len([request for request in graph.requests if request.path.endswith("/oauth2/v2.0/token")]) > 1


SIGN_IN_ERRORS: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "an expired secret": (
        {"auth": "client-secret"},
        {"AZURE_CLIENT_SECRET": "expired_secret"},
        r"AADSTS7000222.*has expired: add a new one",
    ),
    "a wrong secret": ({"auth": "client-secret"}, {"AZURE_CLIENT_SECRET": "=nonsense-secret-value"}, r"AADSTS7000215.*secret is wrong"),
    "no such tenant": ({"auth": "client-secret", "tenant": "nowhere.example"}, {}, r"no such tenant there: check --tenant"),
    "no such application": (
        {"auth": "client-secret"},
        {"AZURE_CLIENT_ID": "=99999999-0000-4000-8000-000000000000"},
        r"AADSTS700016.*right\?",
    ),
    "another tenant": ({"tenant": "22222222-0000-4000-8000-000000000000"}, {}, r"signed in to tenant .* not to 22222222"),
    "no secret set": ({"auth": "client-secret"}, {"AZURE_CLIENT_SECRET": "="}, r"needs AZURE_CLIENT_SECRET in the environment"),
    "not in a job": ({"auth": "github-actions"}, {}, r"job of GitHub Actions that has `permissions: id-token: write`"),
    "a job's token that is refused": (
        {"auth": "github-actions"},
        {"ACTIONS_ID_TOKEN_REQUEST_URL": "github_url", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "=nonsense-secret-value"},
        r"cannot sign in: GitHub does not give the job a token: .*401",
    ),
    "no az": ({"auth": "cli"}, {"PATH": "=/nowhere"}, r"cannot sign in.*az login"),
    "a token that is none": ({}, {"REGAUDIT_ACCESS_TOKEN": "=not-a-token"}, r"does not accept the token"),
}


@pytest.mark.parametrize("name", SIGN_IN_ERRORS)
def test_who_cannot_sign_in_learns_what_to_do(graph: FakeGraph, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options, env, said = SIGN_IN_ERRORS[name]
    for variable, value in env.items():
        monkeypatch.setenv(variable, value.removeprefix("=") if value.startswith("=") else getattr(graph, value))
    with pytest.raises(RegauditError, match=said) as error:
        read(graph, **options)
    assert "\n" not in str(error.value)
    for secret in (graph.client_secret, graph.expired_secret, graph.token, "nonsense-secret-value"):
        assert secret not in str(error.value)


def test_a_certificate_that_nobody_knows_is_explained(graph: FakeGraph) -> None:
    with pytest.raises(RegauditError, match=r"not trusted.*--ca-bundle"):
        read(graph, ca_bundle=None)


def test_a_host_that_does_not_answer_is_an_error(graph: FakeGraph) -> None:
    where = Cloud("https://localhost:1", graph.authority, known_authority=False)
    with pytest.raises(RegauditError, match=r"localhost cannot be reached.*given up after"):
        read(graph, cloud=where, patience=replace(QUICK, total=2.0))


def test_a_request_that_is_refused_for_good_is_not_to_be_tried_again() -> None:
    """Microsoft Graph answers 405 where it has no such request: that does not pass."""
    from auditor.sources.coverage import FAILED, Covered
    from auditor.sources.graph.faults import of_status

    reason = str(of_status(405, "Request_BadRequest", "Specified HTTP method is not allowed", {}, "federatedIdentityCredentials"))
    assert "trying again does not help" in Covered("federatedIdentityCredentials", FAILED, reason=reason).remedy
    busy = str(of_status(503, "", "", {}, "applications"))
    assert Covered("applications", FAILED, reason=busy).remedy == "try again"


ROLES = ("roleAssignments", "roleDefinitions", "roleEligibilityScheduleInstances", "groups", "groupMembers", "groupOwners",
         "groupEligibilityScheduleInstances", "administrativeUnits")  # fmt: skip


def test_directory_roles_and_the_groups_that_bear_them(graph: FakeGraph) -> None:
    ids, info, _ = read(graph, ROLES)
    assert {name: statuses(info)[name] for name in ROLES} == dict.fromkeys(ROLES, "complete")
    assert len(ids["unifiedRoleAssignment"]) == len(TENANT["roleAssignments"])
    assignable = [group["id"] for group in TENANT["groups"] if group["isAssignableToRole"]]
    assert ids["group"] == assignable
    assert ids["groupMember"] == sorted(f"{group} {one['id']}" for group in assignable for one in TENANT["groupMembers"][group])
    assert [request.target for request in graph.asked("eligibilityScheduleInstances.*groupId")] == [
        f"/v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances?$filter=groupId eq '{group}'" for group in assignable
    ]  # fmt: skip


@pytest.mark.parametrize("answer", ["refused", "unlicensed", "not there", "failed"])
def test_what_is_optional_costs_itself(graph: FakeGraph, answer: str) -> None:
    """A run is complete without its permission or licence; a fault is a fault."""
    faults: dict[str, dict[str, Any]] = {
        "refused": {"kind": 403},
        "unlicensed": {"kind": 400, "code": "AadPremiumLicenseRequired", "message": "The tenant needs an AAD Premium 2 license."},
        "not there": {"kind": 404},
        "failed": {"kind": 503, "headers": {"Retry-After": "4000"}},
    }
    graph.fault("roleEligibilityScheduleInstances", times=None, **faults[answer])
    _, info, _ = read(graph, ROLES)
    got = of(info, "roleEligibilityScheduleInstances")
    status = {"refused": "denied", "unlicensed": "unavailable", "not there": "unavailable", "failed": "failed"}[answer]
    assert (got.status, got.is_mendable) == (status, answer == "failed")
    assert of(info, "roleAssignments").status == "complete"
    if answer == "refused":
        assert got.permission == "RoleManagement.Read.Directory"


def test_roles_are_read_with_some_registrations_too(graph: FakeGraph) -> None:
    _, info, _ = read(graph, ROLES, apps=(TENANT["applications"][0]["appId"],))
    assert {name: statuses(info)[name] for name in ROLES} == dict.fromkeys(ROLES, "complete")


@pytest.mark.parametrize(
    "name", ["riskyServicePrincipals", "appManagementPolicies", "permissionGrantPolicies", "conditionalAccessPolicies"]
)
def test_lists_of_policies_and_of_risk(graph: FakeGraph, name: str) -> None:
    ids, info, _ = read(graph, (name,))
    assert statuses(info)[name] == "complete"
    assert len(ids[BY_NAME[name].kind]) == len(TENANT[name])


def test_requests_for_consent_that_wait(graph: FakeGraph) -> None:
    ids, info, _ = read(graph, ("appConsentRequests", "userConsentRequests"))
    assert {statuses(info)[name] for name in ("appConsentRequests", "userConsentRequests")} == {"complete"}
    assert (len(ids["appConsentRequest"]), len(ids["userConsentRequest"])) == (1, 1)


def test_classified_permissions_of_the_apis_that_are_rated(graph: FakeGraph) -> None:
    ids, info, _ = read(graph, ("delegatedPermissionClassifications",))
    found = of(info, "delegatedPermissionClassifications")
    assert (found.status, found.read) == ("selected", [TENANT["servicePrincipals"][0]["id"]])
    assert len(ids["delegatedPermissionClassification"]) == 3
    assert len(list(graph.asked("delegatedPermissionClassifications"))) <= 1  # by a batch


def test_the_use_of_credentials(graph: FakeGraph) -> None:
    """The report exists in Microsoft Graph beta only."""
    name = "appCredentialSignInActivities"
    ids, info, _ = read(graph, (name,))
    assert statuses(info)[name] == "complete"
    assert len(ids["appCredentialSignInActivity"]) == len(TENANT[name])
    assert {request.target.partition("?")[0] for request in graph.asked(name)} == {f"/beta/reports/{name}"}


def guid(number: int) -> str:
    return f"a9e00000-0000-4000-8000-{number:012d}"


def test_agents_and_who_is_accountable_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the list of service principals does not say of them; sponsors are asked for of blueprints alone."""
    blueprint = {"@odata.type": "#microsoft.graph.agentIdentityBlueprint", "id": guid(1), "appId": guid(2), "displayName": "Sales agents"}
    agents = [
        {"id": guid(n), "displayName": f"Agent {n}", "agentIdentityBlueprintId": guid(2), "sponsors": [{"id": guid(9), "mail": "a@b.c"}][n - 3 :]}
        for n in (3, 4)
    ]  # fmt: skip
    tenant = {
        **TENANT, "applications": [*TENANT["applications"], blueprint], "agentIdentities": agents, "sponsors": {guid(1): [{"id": guid(9)}]},
    }  # fmt: skip
    names = ("agentIdentities", "sponsors")
    with FakeGraph(tenant) as graph:
        monkeypatch.setenv("REGAUDIT_ACCESS_TOKEN", graph.token)
        for poorer in (False, True):
            if poorer:
                graph.fault(r"expand=sponsors\(", 400, times=None)
            ids, info, _ = read(graph, names)
            assert [statuses(info)[name] for name in names] == ["complete", "complete"]
            assert ids["agentIdentityDetails"] == [guid(3), guid(4)]
            assert ids["sponsor"] == [f"{guid(1)} {guid(9)}"]
        assert len(graph.asked("agentIdentityBlueprint/sponsors")) == 2


def test_how_application_proxy_publishes_an_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """No list tells: those that look published are asked for alone."""
    published = {"id": guid(1), "appId": guid(2), "web": {"redirectUris": [], "logoutUrl": "https://x.contoso.com/?appproxy=logout"}}
    other = {"id": guid(3), "appId": guid(4), "web": {"redirectUris": ["https://y.contoso.com/"], "logoutUrl": None}}
    alone = {guid(1): [{"id": guid(1), "onPremisesPublishing": {"externalAuthenticationType": "passthru"}}]}
    with FakeGraph({**TENANT, "applications": [published, other], "onPremisesPublishing": alone}) as graph:
        monkeypatch.setenv("REGAUDIT_ACCESS_TOKEN", graph.token)
        ids, info, _ = read(graph, ("onPremisesPublishing",))
        got = of(info, "onPremisesPublishing")
        assert (got.status, got.read, got.is_mendable) == ("selected", [guid(1)], False)
        assert ids["onPremisesPublishing"] == [f"{guid(1)} {guid(1)}"]
        assert len(graph.asked("/beta/applications/")) == 1


def test_users_without_multifactor_authentication(graph: FakeGraph) -> None:
    """Of the others nothing is asked."""
    ids, info, _ = read(graph, ("userRegistrationDetails",))
    assert statuses(info)["userRegistrationDetails"] == "complete"
    assert ids["userRegistrationDetails"] == [row["id"] for row in TENANT["userRegistrationDetails"] if not row["isMfaRegistered"]]


def test_provisioning_jobs_are_asked_for_where_there_can_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    principals = [
        {"id": guid(n), "appId": guid(n), "displayName": "x", "preferredSingleSignOnMode": mode, "tags": tags}
        for n, mode, tags in ((1, "saml", []), (2, None, ["WindowsAzureActiveDirectoryGalleryApplicationNonPrimaryV1"]), (3, None, ["HideApp"]))
    ]  # fmt: skip
    jobs = {guid(1): [{"id": "a.1", "templateId": "a", "status": {"code": "Quarantine"}}]}
    with FakeGraph({**TENANT, "servicePrincipals": principals, "synchronizationJobs": jobs}) as graph:
        monkeypatch.setenv("REGAUDIT_ACCESS_TOKEN", graph.token)
        ids, info, _ = read(graph, ("synchronizationJobs",))
        assert (statuses(info)["synchronizationJobs"], of(info, "synchronizationJobs").read) == ("selected", [guid(1), guid(2)])
        assert ids["synchronizationJob"] == [f"{guid(1)} a.1"]


def test_recommendations(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "id": "x",
        "recommendationType": "managedIdentity",
        "status": "active",
        "impactedResources": [{"subjectId": guid(1), "status": "active"}],
    }
    with FakeGraph({**TENANT, "recommendations": [row]}) as graph:
        monkeypatch.setenv("REGAUDIT_ACCESS_TOKEN", graph.token)
        _, info, documents = read(graph, ("recommendations",))
        assert statuses(info)["recommendations"] == "complete"
        (document,) = (document for document in documents.documents if document.kind == "recommendation")
        assert [resource.subject_id for resource in document.data.impacted_resources] == [guid(1)]
