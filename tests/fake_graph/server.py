"""The fake Microsoft Graph: one TLS server for Graph (/v1.0, /beta) and for the authority that issues its tokens."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tests.fake_graph import sign_in
from tests.fake_graph.certificates import client_certificate, server_files
from tests.fake_graph.faults import TRANSPORT, Fault, Faults
from tests.fake_graph.query import BETA, EXPANDED, V1, Collection, Json, Options, Refused, bad, encode, filtered, parse, parse_filter

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
HTML = b"<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body><p>Please accept the terms.</p></body></html>"
PERMISSIONS = {"Application.Read.All", "AuditLog.Read.All", "Directory.Read.All", "Policy.Read.All", "User.Read.All"}
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
LISTS = {"applications": "application", "servicePrincipals": "servicePrincipal", "oauth2PermissionGrants": "oAuth2PermissionGrant"}
# Per relation: type, and what it belongs to.
RELATIONS = {
    "owners": ("directoryObject", LISTS.keys() - {"oauth2PermissionGrants"}),
    "federatedIdentityCredentials": ("federatedIdentityCredential", {"applications"}),
    "appRoleAssignments": ("appRoleAssignment", {"servicePrincipals"}),
    "appRoleAssignedTo": ("appRoleAssignment", {"servicePrincipals"}),
}
POLICIES = {
    "authorizationPolicy": "authorizationPolicy", "adminConsentRequestPolicy": "adminConsentRequestPolicy",
    "defaultAppManagementPolicy": "tenantAppManagementPolicy",
}  # fmt: skip


@dataclass
class Request:
    """What was asked. `path` and `target` are unquoted, `target` with the query; `inner` are the requests in a $batch."""

    method: str
    path: str
    target: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes
    url: str = ""  # as sent
    time: float = field(default_factory=time.monotonic)
    inner: list[Request] = field(default_factory=list)
    status: int = 0  # what was answered

    @classmethod
    def of(cls, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Request:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return cls(method, unquote(parts.path), unquote(url), query, headers, body, url)

    @property
    def options(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None


def as_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, encode(value), {"Content-Type": JSON_TYPE, **(headers or {})})


class FakeGraph:
    """`with FakeGraph(tenant) as graph:` serves it on loopback until the block ends. An error inside of the fake fails the block."""

    def __init__(self, tenant: Json | None = None, *, port: int = 0, latency: float = 0.0) -> None:
        tenant = tenant or {}
        self.latency = latency
        self.granted = set(PERMISSIONS)
        self.token_lifetime = 3599
        self.tokens = sign_in.Tokens()
        self.token = self.tokens.issue(float("inf"), delegated=False, name="static")
        self.delegated_token = self.tokens.issue(float("inf"), delegated=True, name="delegated")
        self.client_id, self.client_secret, self.expired_secret = sign_in.CLIENT_ID, sign_in.CLIENT_SECRET, sign_in.EXPIRED_SECRET
        self.federated_token = sign_in.FEDERATED_TOKEN
        self.requests: list[Request] = []
        self.record = True
        self.errors: list[BaseException] = []
        self.faults = Faults()
        self.epoch = 1
        self.stopping = threading.Event()
        self._compressed: dict[tuple[str, int], bytes] = {}
        self._lists = {name: Collection(kind, tenant.get(name, ())) for name, kind in LISTS.items()}
        self._assignments = Collection("appRoleAssignment", tenant.get("appRoleAssignments", ()))
        self._assigned = {
            "appRoleAssignments": self._assignments.group("principalId"),
            "appRoleAssignedTo": self._assignments.group("resourceId"),
        }
        self._related: Json = {name: tenant.get(name, {}) for name in EXPANDED}
        self._activities = Collection("servicePrincipalSignInActivity", tenant.get("servicePrincipalSignInActivities", ()))
        organization = tenant.get("organization")
        self.organization: Json = organization or {"id": "7e4a0000-0000-4000-8000-000000000001", "verifiedDomains": []}
        self._organization = Collection("organization", [organization] if organization else [])
        self._policies: Json = {name: tenant[name] for name in POLICIES if name in tenant}
        self.tenant_id: str = self.organization["id"]
        self._server = _Server(self, port)
        self.port = self._server.server_port
        self.url = self.authority = f"https://localhost:{self.port}"
        self.elsewhere = f"https://127.0.0.1:{self.port}"  # the same server, but another host
        self.ca = str(server_files().ca)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="fake graph")

    @property
    def client_certificate(self) -> str:
        return str(client_certificate().path)

    def __enter__(self) -> FakeGraph:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()
        if self.errors and error is None:
            raise self.errors[0]

    def fault(self, path_regex: str, kind: str | int, nth: int = 1, times: int | None = 1, **details: Any) -> Fault:
        """From the nth request whose path, or path and query, matches: `times` requests (None: all) get this fault. A number is a status."""
        if isinstance(kind, int):
            kind, details = "status", {"status": kind, **details}
        return self.faults.add(Fault(path_regex, kind, nth, times, details))

    def expire_pages(self) -> None:
        """Every $skiptoken that was given out so far is expired."""
        self.epoch += 1

    def asked(self, path_regex: str = "") -> list[Request]:
        """Requests, and those inside of a $batch, whose path or path and query matches."""
        every = [r for outer in self.requests for r in [outer, *outer.inner]]
        return [r for r in every if re.search(path_regex, r.path) or re.search(path_regex, r.target)]

    # Answers

    def answer(self, request: Request, inner: bool = False) -> Answer:
        fault = self.faults.of(request.path, request.target, inner)
        try:
            answer = self._answer(request, fault)
        except Refused as refused:
            answer = self._error(refused)
        except sign_in.SignInError as error:
            answer = as_json(error.body, error.status, {"Content-Type": "application/json; charset=utf-8"})
        except Exception as error:  # noqa: BLE001
            self.errors.append(error)
            answer = as_json({"error": {"code": "fakeIsBroken", "message": repr(error)}}, 500)
        answer.fault = fault if fault and fault.kind in TRANSPORT else None
        request.status = answer.status
        return answer

    def _error(self, refused: Refused) -> Answer:
        inner = {"date": "2026-11-01T00:00:00", "request-id": "0e000000-0000-4000-8000-00000000e44e"}
        body = {"error": {"code": refused.code, "message": refused.message, "innerError": inner}}
        return as_json(body, refused.status, refused.headers)

    def _answer(self, request: Request, fault: Fault | None) -> Answer:
        if fault:
            details = fault.details
            if fault.kind == "status":
                if "body" in details:
                    return Answer(details["status"], details["body"], {"Content-Type": "text/plain", **details.get("headers", {})})
                code = details.get(
                    "code", {429: "TooManyRequests", 403: "Authorization_RequestDenied"}.get(details["status"], "UnknownError")
                )
                raise Refused(details["status"], code, details.get("message", "Made to fail."), details.get("headers"))
            if fault.kind == "claims":
                claims = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"1793491200"}}}').decode()
                challenge = f'Bearer realm="", authorization_uri="{self.authority}/common/oauth2/authorize", error="insufficient_claims", claims="{claims}"'
                raise Refused(
                    401,
                    "InvalidAuthenticationToken",
                    "Continuous access evaluation resulted in challenge.",
                    {"WWW-Authenticate": challenge},
                )
            if fault.kind == "expired":
                self.expire_pages()
            if fault.kind == "html":
                return Answer(details.get("status", 200), HTML, {"Content-Type": "text/html"})
            if fault.kind == "redirect":
                return Answer(302, b"", {"Location": details.get("to", self.elsewhere) + request.url})
            if fault.kind == "sign_in":
                raise sign_in.SignInError(
                    details.get("status", 400),
                    details.get("error", "invalid_grant"),
                    details["aadsts"],
                    details.get("message", "Made to fail."),
                )
        _, _, rest = request.path.partition("/")
        version, _, resource = rest.partition("/")
        if version not in ("v1.0", "beta"):
            return self._sign_in(request, rest)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        kind = self.tokens.check(given)
        if scheme.lower() != "bearer" or not kind:
            message = "Access token is empty." if not given else "Lifetime validation failed, the token is expired or not ours."
            challenge = f'Bearer realm="", authorization_uri="{self.authority}/common/oauth2/authorize"'
            raise Refused(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": challenge})
        if resource == "$batch":
            return self._batch(request, version)
        if request.method != "GET":
            raise Refused(405, "Request_BadRequest", f"Specified HTTP method is not allowed for the request target: {request.method}.")
        return self._resource(request, version, resource, kind == "delegated", fault)

    def _needs(self, *any_of: str) -> None:
        if self.granted.isdisjoint(any_of):
            raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

    def _resource(self, request: Request, version: str, resource: str, delegated: bool, fault: Fault | None) -> Answer:
        known = V1 if version == "v1.0" else BETA
        parts = resource.split("/")
        match = re.fullmatch(r"(\w+)\(appId='([^']*)'\)", parts[0])
        if match and match[1] in ("applications", "servicePrincipals"):
            parts[0:1] = [match[1], "appId=" + match[2]]
        match parts:
            case [("applications" | "servicePrincipals" | "oauth2PermissionGrants") as name]:
                self._needs("Directory.Read.All" if name == "oauth2PermissionGrants" else "Application.Read.All")
                allowed = "top select filter count skiptoken" + (" expand" if name != "oauth2PermissionGrants" else "")
                collection = self._lists[name]
                options = parse(request.options, collection.kind, allowed, known)
                numbers = self._filtered(request, collection, options)
                return self._page(request, version, collection, numbers, options, name, fault)
            case [("applications" | "servicePrincipals") as name, "$count"]:
                self._needs("Application.Read.All")
                options = parse(request.options, LISTS[name], "filter", known)
                if not self._eventual(request):
                    raise bad("$count is not currently supported.")
                numbers = self._filtered(request, self._lists[name], options, counted=True)
                return Answer(200, str(len(numbers)).encode(), {"Content-Type": "text/plain"})
            case [("applications" | "servicePrincipals" | "oauth2PermissionGrants") as name, key]:
                self._needs("Directory.Read.All" if name == "oauth2PermissionGrants" else "Application.Read.All")
                collection = self._lists[name]
                number = self._find(collection, key)
                options = parse(request.options, collection.kind, "select expand", known)
                return self._one(version, self._bytes(collection, number, options), f"{name}{options.context}/$entity", fault)
            case [("applications" | "servicePrincipals") as name, key, relation] if (
                relation in RELATIONS and name in RELATIONS[relation][1]
            ):
                self._needs("Application.Read.All")
                parent = self._lists[name]
                parent_id = parent.light[self._find(parent, key)]["id"]
                options = parse(request.options, RELATIONS[relation][0], "top select count skiptoken", known)
                if relation in self._assigned:
                    collection, numbers = self._assignments, self._assigned[relation].get(parent_id, ())
                else:
                    collection = self._relation(relation, parent_id)
                    numbers = collection.numbers
                what = "directoryObjects" if relation == "owners" else f"{name}('{parent_id}')/{relation}"
                return self._page(request, version, collection, numbers, options, what, fault)
            case ["organization"]:
                self._needs("Directory.Read.All", "Organization.Read.All")
                options = parse(request.options, "organization", "select", known)
                return self._page(request, version, self._organization, self._organization.numbers, options, "organization", fault)
            case ["policies", name] if name in self._policies and version == "v1.0":
                self._needs("Policy.Read.All")
                policy = Collection(POLICIES[name], [self._policies[name]])
                options = parse(request.options, POLICIES[name], "select", known)
                return self._one(version, policy.encoded(0, options.select), f"policies/{name}{options.context}/$entity", fault)
            case ["reports", "servicePrincipalSignInActivities"] if version == "beta":
                self._needs("AuditLog.Read.All")
                options = parse(request.options, self._activities.kind, "top select skiptoken", known)
                return self._page(request, version, self._activities, self._activities.numbers, options, resource, fault)
            case ["me"]:
                if not delegated:
                    raise bad("/me request is only valid with delegated authentication flow.", "BadRequest")
                options = parse(request.options, "user", "select", known)
                return self._one(
                    version, Collection("user", [sign_in.USER]).encoded(0, options.select), f"users{options.context}/$entity", fault
                )
        raise bad(f"Resource not found for the segment '{parts[-1]}'.", "BadRequest")

    def _find(self, collection: Collection, key: str) -> int:
        by_app_id = key.startswith("appId=")
        key = key.removeprefix("appId=")
        number = (collection.by_app_id if by_app_id else collection.by_id).get(key)
        if number is None:
            if collection.kind != "oAuth2PermissionGrant" and not GUID.fullmatch(key):
                raise bad(f"Invalid object identifier '{key}'.")
            message = f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."
            raise Refused(404, "Request_ResourceNotFound", message)
        return number

    def _relation(self, name: str, parent_id: str) -> Collection:
        objects = self._related[name].get(parent_id, [])
        if name == "owners" and self.granted.isdisjoint({"User.Read.All"}):
            # Who may not read users sees what they are, and nothing else.
            objects = [{key: value if key in ("@odata.type", "id") else None for key, value in obj.items()} for obj in objects]
        return Collection(EXPANDED[name], objects)

    @staticmethod
    def _eventual(request: Request) -> bool:
        return request.headers.get("consistencylevel", "").lower() == "eventual"

    def _filtered(self, request: Request, collection: Collection, options: Options, counted: bool = False) -> Sequence[int]:
        """The numbers of the objects that $filter leaves, after the rules of advanced queries."""
        advanced = options.count
        found = None
        if options.filter:
            found = parse_filter(options.filter, collection.kind)
            advanced = advanced or found.advanced
            if found.advanced and not (options.count or counted):
                raise bad(
                    "Unsupported Query: this filter needs $count=true and the header ConsistencyLevel: eventual.",
                    "Request_UnsupportedQuery",
                )
        if advanced and not self._eventual(request):
            raise bad("Unsupported Query: the header ConsistencyLevel: eventual is missing.", "Request_UnsupportedQuery")
        if advanced and options.expand:
            raise bad("Unsupported Query: $expand is not supported with advanced query capabilities.", "Request_UnsupportedQuery")
        return filtered(found, collection, collection.numbers, self._related) if found else collection.numbers

    def _bytes(self, collection: Collection, number: int, options: Options) -> bytes:
        text = collection.encoded(number, options.select)
        if options.expand:
            related = self._relation(options.expand, collection.light[number]["id"])
            items = b",".join(related.encoded(n, options.expand_select) for n in related.numbers[:20])
            text = text[:-1] + (b"," if len(text) > 2 else b"") + f'"{options.expand}":['.encode() + items + b"]}"
        return text

    def _mangled(self, text: bytes, fault: Fault) -> bytes:
        obj = json.loads(text)
        change: Callable[[Json], Any] = fault.details["change"]
        changed = change(obj)
        return encode(obj if changed is None else changed)

    def _one(self, version: str, text: bytes, context: str, fault: Fault | None) -> Answer:
        if fault and fault.kind == "mangle":
            text = self._mangled(text, fault)
        head = f'{{"@odata.context":"{self.url}/{version}/$metadata#{context}"'.encode()
        return Answer(200, head + (b"}" if text == b"{}" else b"," + text[1:]), {"Content-Type": JSON_TYPE})

    def _page(
        self,
        request: Request,
        version: str,
        collection: Collection,
        numbers: Sequence[int],
        options: Options,
        what: str,
        fault: Fault | None,
    ) -> Answer:
        kind = fault.kind if fault else ""
        size = min(options.top or 100, 100 if options.expand else 999)
        # A token belongs to its query: whoever rewrites a nextLink is refused.
        query = [(name, value) for name, value in request.options if name != "$skiptoken"]
        bound = zlib.crc32(repr((request.path, query)).encode())
        start = self._start(options.skiptoken, bound) if options.skiptoken else 0
        items = [self._bytes(collection, n, options) for n in numbers[start : start + size]]
        end = start + size
        if kind == "empty_page":
            items, end = [], start
        elif kind == "repeat" and start:
            items.insert(0, self._bytes(collection, numbers[start - 1], options))
        elif kind == "mangle" and fault and items:
            index = fault.details.get("index", 0)
            items[index] = self._mangled(items[index], fault)
        head = f'"@odata.context":"{self.url}/{version}/$metadata#{what}{options.context}"'
        if options.count and not options.skiptoken:
            head += f',"@odata.count":{len(numbers)}'
        if end < len(numbers) or kind in ("foreign_link", "other_path", "loop"):
            state = base64.b64encode(f"{self.epoch}:{end}:{bound}:~~~".encode()).decode()
            pairs = [*query, ("$skiptoken", f"m~{state}'+/=")]
            base = fault.details.get("to", self.elsewhere) if fault and kind == "foreign_link" else self.url
            path = fault.details.get("path", "/v1.0/users") if fault and kind == "other_path" else request.path
            link = base + quote(path) + "?" + "&".join(f"{name}={quote(value, safe='~/=$(),:')}" for name, value in pairs)
            head += f',"@odata.nextLink":{json.dumps(self.url + request.url if kind == "loop" else link)}'
        body = b"".join([b"{", head.encode(), b',"value":[', b",".join(items), b"]}"])
        return Answer(200, body, {"Content-Type": JSON_TYPE})

    def _start(self, skiptoken: str, bound: int) -> int:
        match = re.fullmatch(r"m~([A-Za-z0-9+/=]+)'\+/=", skiptoken)
        state = base64.b64decode(match[1]).decode().split(":") if match else []
        if len(state) != 4 or state[2] != str(bound):
            raise bad("Invalid $skiptoken.", "Request_BadRequest")
        if int(state[0]) != self.epoch:
            raise bad(
                "The specified page token value has expired and can no longer be included in your request.", "Directory_ExpiredPageToken"
            )
        return int(state[1])

    def _batch(self, request: Request, version: str) -> Answer:
        if request.method != "POST":
            raise bad("$batch takes POST.", "BadRequest")
        try:
            asked = json.loads(request.body)["requests"]
            ids = [item["id"] for item in asked]
            calls = [(item["method"], item["url"]) for item in asked]
        except (ValueError, KeyError, TypeError):
            raise bad("Invalid batch payload format.", "BadRequest") from None
        if not 1 <= len(asked) <= 20:
            raise bad(f"Number of batch request steps exceeds the maximum value of 20: {len(asked)}.", "BadRequest")
        if len(set(ids)) < len(ids) or not all(isinstance(i, str) and i for i in ids):
            raise bad("Request Ids must be strings, and unique in a batch.", "BadRequest")
        if not all(isinstance(url, str) and url.startswith("/") and not url.startswith("//") for _, url in calls):
            raise bad("Invalid batch payload: request URL must be relative to the service root.", "BadRequest")
        if any(item.keys() - {"id", "method", "url", "headers", "body"} for item in asked):
            raise bad("Invalid batch payload: unknown property.", "BadRequest")
        done = []
        for item in asked:
            headers = {name.lower(): value for name, value in item.get("headers", {}).items()}
            headers.setdefault("authorization", request.headers["authorization"])
            inner = Request.of(item["method"], f"/{version}{item['url']}", headers)
            request.inner.append(inner)
            answer = self.answer(inner, inner=True)
            if answer.headers.get("Content-Type", "").startswith("application/json"):
                body: Any = json.loads(answer.body)
            else:
                body = base64.b64encode(answer.body).decode()
            done.append(
                {"id": item["id"], "status": answer.status, "headers": {"Cache-Control": "no-cache", **answer.headers}, "body": body}
            )
        # Graph promises no order.
        return as_json({"responses": done[::-1]})

    def _sign_in(self, request: Request, rest: str) -> Answer:
        tenant, _, what = rest.partition("/")
        domains = {domain["name"] for domain in self.organization.get("verifiedDomains", ())}
        ours = what == "v2.0/.well-known/openid-configuration" or what.startswith("oauth2/v2.0/")
        if ours and tenant.lower() not in {self.tenant_id, "common", "organizations", *domains}:
            message = (
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
            )
            raise sign_in.SignInError(400, "invalid_tenant", 90002, message)
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        match (request.method, what):
            case ("GET", "v2.0/.well-known/openid-configuration"):
                return as_json(sign_in.configuration(self.authority, tenant, self.tenant_id))
            case ("POST", "oauth2/v2.0/token"):
                return as_json(sign_in.token(form, self.authority, self.tenant_id, self.tokens, self.token_lifetime))
            case ("POST", "oauth2/v2.0/devicecode"):
                return as_json(sign_in.device_code(self.authority, tenant))
        return Answer(404, b"", {})

    # Bytes

    def compressed(self, url: str, body: bytes) -> bytes:
        """Compressed once: what is asked again must not be slow for the fake's sake."""
        key = (url, zlib.crc32(body))
        if key not in self._compressed:
            self._compressed[key] = gzip.compress(body, 1, mtime=0)
        return self._compressed[key]


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = False

    def __init__(self, graph: FakeGraph, port: int) -> None:
        self.graph = graph
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(server_files().leaf)
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        raw, address = self.socket.accept()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The handshake happens in the connection's own thread.
        connection = self.context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        self.open.add(connection)
        return connection, address

    def close_request(self, request: Any) -> None:
        self.open.discard(request)
        request.close()

    def hang_up(self) -> None:
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, (OSError, ValueError)):  # a client that went away is none of ours
            self.graph.errors.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle(self) -> None:
        self.connection.do_handshake()
        super().handle()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """The requests are recorded; nothing is printed."""

    def _serve(self) -> None:
        graph = self.server.graph
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request.of(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        if graph.record:
            graph.requests.append(request)
        if graph.latency:
            graph.stopping.wait(graph.latency)
        self._send(graph, request, graph.answer(request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815

    def _send(self, graph: FakeGraph, request: Request, answer: Answer) -> None:
        kind, details = (answer.fault.kind, answer.fault.details) if answer.fault else ("", {})
        how = details.get("how", "length") if kind == "truncated" else ""
        body, headers = answer.body, answer.headers
        if kind == "reset":
            self._reset(b"")
            return
        if kind == "slow_head":
            graph.stopping.wait(details["seconds"])
        if kind == "bad_json":
            body = body[: len(body) // 2]
        if how == "gzip" or (not how and len(body) > 500 and "gzip" in request.headers.get("accept-encoding", "")):
            headers = {**headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            body = graph.compressed(request.url, body)
        part = body[: int(len(body) * details.get("at", 0.5))] if how else body
        if how in ("chunked", "close"):
            headers = {**headers, "Transfer-Encoding": "chunked"} if how == "chunked" else {**headers, "Connection": "close"}
        else:
            headers = {**headers, "Content-Length": str(len(part if how == "gzip" else body))}
        lines = [f"HTTP/1.1 {answer.status} {self.responses.get(answer.status, ('Unknown',))[0]}", f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["OData-Version: 4.0", "request-id: 0e000000-0000-4000-8000-00000000e44e", "x-ms-resource-unit: 1", "", ""]
        self.connection.sendall("\r\n".join(lines).encode("latin-1"))
        if how == "chunked":
            part = f"{len(body):x}\r\n".encode() + part
        if kind == "slow_body":
            step = len(part) // 10 + 1
            for at in range(0, len(part), step):
                graph.stopping.wait(details["seconds"] / 10)
                self.connection.sendall(part[at : at + step])
        elif self.command != "HEAD":
            self.connection.sendall(part)
        if how in ("length", "chunked", "close"):
            self._close()

    def _close(self) -> None:
        """An orderly end of TLS and of the connection, with whatever was sent so far."""
        self.close_connection = True
        self.connection.settimeout(1)
        with contextlib.suppress(OSError, ValueError):
            self.connection.unwrap()

    def _reset(self, first: bytes) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
