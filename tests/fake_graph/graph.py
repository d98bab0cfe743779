"""The fake Microsoft Graph: what it answers."""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
import zlib
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, quote

from tests.fake_graph import more, sign_in
from tests.fake_graph.certificates import client_certificate, server_files
from tests.fake_graph.faults import CODES, TRANSPORT, Fault, Faults
from tests.fake_graph.message import JSON_TYPE, Answer, Request, as_json
from tests.fake_graph.query import BETA, EXPANDED, V1, Collection, Json, Options, Refused, bad, encode, filtered, parse, parse_filter
from tests.fake_graph.server import Server

HTML = b"<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body><p>Please accept the terms.</p></body></html>"
PERMISSIONS = {"Application.Read.All", "AuditLog.Read.All", "Directory.Read.All", "Policy.Read.All", "User.Read.All", *more.PERMISSIONS}
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
LISTS = {"applications": "application", "servicePrincipals": "servicePrincipal", "oauth2PermissionGrants": "oAuth2PermissionGrant"}
RELATIONS = {
    "applications": {"owners": "directoryObject", "federatedIdentityCredentials": "federatedIdentityCredential"},
    "servicePrincipals": {
        "owners": "directoryObject", "appRoleAssignments": "appRoleAssignment", "appRoleAssignedTo": "appRoleAssignment",
    },
}  # fmt: skip
POLICIES = {
    "authorizationPolicy": "authorizationPolicy", "adminConsentRequestPolicy": "adminConsentRequestPolicy",
    "defaultAppManagementPolicy": "tenantAppManagementPolicy",
}  # fmt: skip
CLAIMS = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"1793491200"}}}').decode()
UNSUPPORTED = "Request_UnsupportedQuery"


class FakeGraph:
    """`with FakeGraph(tenant) as graph:` serves it on loopback until the block ends. An error inside of the fake fails the block.

    A tenant is a dict by Graph's names of collections, as `made_up` gives it. Stricter than Graph: no permission stands in for another.
    """

    def __init__(self, tenant: Json | None = None, *, port: int = 0, latency: float = 0.0, page_size: int = 999) -> None:
        tenant = tenant or {}
        self._tenant = tenant
        self.page_size = page_size  # the most that comes on a page, as Graph chooses it
        self.latency = latency
        self.granted = set(PERMISSIONS)
        self.token_lifetime = 3599
        self.tokens = sign_in.Tokens()
        self.token = self.tokens.issue(float("inf"), delegated=False, name="static")
        self.delegated_token = self.tokens.issue(float("inf"), delegated=True, name="delegated")
        self.client_id, self.client_secret, self.expired_secret = sign_in.CLIENT_ID, sign_in.CLIENT_SECRET, sign_in.EXPIRED_SECRET
        self.federated_token, self.pipeline_token = sign_in.FEDERATED_TOKEN, sign_in.PIPELINE_TOKEN
        self.requests: list[Request] = []
        self.record = True
        self.errors: list[BaseException] = []
        self.faults = Faults()
        self.epoch = 1
        self.stopping = threading.Event()
        self._challenged: set[str] = set()
        self._compressed: dict[tuple[str, int], bytes] = {}
        self._lists = {name: Collection(kind, tenant.get(name, ())) for name, kind in LISTS.items()}
        self._assignments = Collection("appRoleAssignment", tenant.get("appRoleAssignments", ()))
        links = {"appRoleAssignments": "principalId", "appRoleAssignedTo": "resourceId"}
        self._assigned = {name: self._assignments.group(link) for name, link in links.items()}
        self._related: Json = {name: tenant.get(name, {}) for name in EXPANDED}
        self._activities = Collection("servicePrincipalSignInActivity", tenant.get("servicePrincipalSignInActivities", ()))
        self._organization = Collection("organization", [tenant["organization"]] if "organization" in tenant else [])
        self._policies = {name: Collection(kind, [tenant[name]]) for name, kind in POLICIES.items() if name in tenant}
        organization: Json = tenant.get("organization", {})
        self.tenant_id: str = organization.get("id", "7e4a0000-0000-4000-8000-000000000001")
        self.domains: list[str] = [domain["name"] for domain in organization.get("verifiedDomains", ())]
        self._server = Server(self, port)
        self.port = self._server.server_port
        self.url = self.authority = f"https://localhost:{self.port}"
        self.github_url = f"{self.url}/github/oidc?api-version=2.0"  # ACTIONS_ID_TOKEN_REQUEST_URL
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
        """From the nth request whose path, or path and query, matches: `times` requests (None: all) get this fault, of faults.py."""
        if isinstance(kind, int):
            kind, details = "status", {"status": kind, **details}
        return self.faults.add(Fault(path_regex, kind, nth, times, details))

    def expire_pages(self) -> None:
        """Every $skiptoken that was given out so far is expired."""
        self.epoch += 1

    def asked(self, path_regex: str = "") -> list[Request]:
        """Requests, and those in a $batch, whose path, or path and query, matches."""
        every = [request for outer in self.requests for request in [outer, *outer.inner]]
        return [request for request in every if re.search(path_regex, request.path) or re.search(path_regex, request.target)]

    def compressed(self, url: str, body: bytes) -> bytes:
        """Compressed once: who asks again must not wait for the fake."""
        key = (url, zlib.crc32(body))
        if key not in self._compressed:
            self._compressed[key] = gzip.compress(body, 1, mtime=0)
        return self._compressed[key]

    # What is answered

    def answer(self, request: Request, inner: bool = False) -> Answer:
        fault = self.faults.of(request.path, request.target, inner)
        try:
            answer = (self._stand_in(request, fault) if fault else None) or self._answer(request, fault)
        except Refused as refused:
            about = {"date": "2026-11-01T00:00:00", "request-id": "0e000000-0000-4000-8000-00000000e44e"}
            body = {"error": {"code": refused.code, "message": refused.message, "innerError": about}}
            answer = as_json(body, refused.status, refused.headers)
        except sign_in.SignInError as error:
            answer = as_json(error.body, error.status)
        except Exception as error:  # noqa: BLE001
            self.errors.append(error)
            answer = as_json({"error": {"code": "fakeIsBroken", "message": repr(error)}}, 500)
        answer.fault = fault if fault and fault.kind in TRANSPORT else None
        request.status = answer.status
        return answer

    def _stand_in(self, request: Request, fault: Fault) -> Answer | None:
        """What a fault answers in place of Graph."""
        details = fault.details
        match fault.kind:
            case "status" if "body" in details:
                body = details["body"]
                return Answer(
                    details["status"],
                    body(request) if callable(body) else body,
                    {"Content-Type": "text/plain", **details.get("headers", {})},
                )
            case "status":
                code = details.get("code", CODES.get(details["status"], "UnknownError"))
                raise Refused(details["status"], code, details.get("message", "Made to fail."), details.get("headers"))
            case "html":
                return Answer(details.get("status", 200), HTML, {"Content-Type": "text/html"})
            case "redirect":
                return Answer(302, b"", {"Location": details.get("to", self.elsewhere) + request.url})
            case "sign_in":
                error, message = details.get("error", "invalid_grant"), details.get("message", "Made to fail.")
                raise sign_in.SignInError(details.get("status", 400), error, details["aadsts"], message)
            case "claims":
                self._challenged.add(request.headers.get("authorization", ""))
            case "expired":
                self.expire_pages()
        return None

    def _answer(self, request: Request, fault: Fault | None) -> Answer:
        version, _, resource = request.path[1:].partition("/")
        if version not in ("v1.0", "beta"):
            return self._sign_in(request, version, resource)
        delegated = self._authorized(request.headers.get("authorization", ""))
        if resource == "$batch":
            return self._batch(request, version)
        if request.method != "GET":
            raise Refused(405, "Request_BadRequest", f"Specified HTTP method is not allowed for the request target: {request.method}.")
        return self._resource(request, version, resource, delegated, fault)

    def _authorized(self, authorization: str) -> bool:
        """Whether a user stands behind the token; refuses one that is not good."""
        scheme, _, token = authorization.partition(" ")
        kind = self.tokens.check(token) if scheme.lower() == "bearer" else ""
        challenge = f'Bearer realm="", authorization_uri="{self.authority}/common/oauth2/authorize"'
        message = "Lifetime validation failed, the token is expired or not ours." if token else "Access token is empty."
        if kind and authorization in self._challenged:
            kind, message = "", "Continuous access evaluation resulted in challenge."
            challenge += f', error="insufficient_claims", claims="{CLAIMS}"'
        if not kind:
            raise Refused(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": challenge})
        return kind == "delegated"

    def _needs(self, *any_of: str) -> None:
        if self.granted.isdisjoint(any_of):
            raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

    def _resource(self, request: Request, version: str, resource: str, delegated: bool, fault: Fault | None) -> Answer:
        known = V1 if version == "v1.0" else BETA
        resource = re.sub(r"^(applications|servicePrincipals)\(appId='([^']*)'\)", r"\1/appId=\2", resource)
        parts = resource.split("/")
        if (found := more.resource_at(resource, version)) is not None:
            listed, key = found
            self._needs(*listed.permissions)
            whole, options = more.objects(listed, self._tenant, key, [pair for pair in request.options if pair[0] != "$skiptoken"])
            if listed.is_one:
                if not whole.usual:
                    raise Refused(404, "Request_ResourceNotFound", f"Resource '{key}' does not exist.")
                return self._one(request, whole.encoded(0, options.select), resource + options.context, fault)
            options = replace(options, skiptoken=dict(request.options).get("$skiptoken", ""))
            return self._page(request, whole, whole.numbers, options, resource, fault)
        if (name := parts[0]) in LISTS and len(parts) <= 3:
            self._needs("Directory.Read.All" if name == "oauth2PermissionGrants" else "Application.Read.All")
            whole = self._lists[name]
            match parts[1:]:
                case []:
                    options = parse(request.options, whole.kind, "top select expand filter count skiptoken", known)
                    return self._page(request, whole, self._filtered(request, whole, options), options, name, fault)
                case ["$count"]:
                    if not request.eventual:
                        raise bad("$count is not currently supported.")
                    options = parse(request.options, whole.kind, "filter", known)
                    return Answer(200, str(len(self._filtered(request, whole, options))).encode(), {"Content-Type": "text/plain"})
                case [key]:
                    options = parse(request.options, whole.kind, "select expand", known)
                    return self._one(request, self._bytes(whole, self._find(whole, key), options), name + options.context, fault)
                case [key, relation] if relation in RELATIONS.get(name, ()):
                    of: str = whole.light[self._find(whole, key)]["id"]
                    options = parse(request.options, RELATIONS[name][relation], "top select count skiptoken", known)
                    if options.count and not request.eventual:
                        raise bad("$count needs the header ConsistencyLevel: eventual.", UNSUPPORTED)
                    what = "directoryObjects" if relation == "owners" else f"{name}('{of}')/{relation}"
                    if relation in self._assigned:
                        return self._page(request, self._assignments, self._assigned[relation].get(of, ()), options, what, fault)
                    members = self._members(relation, of)
                    return self._page(request, members, members.numbers, options, what, fault)
        match parts:
            case ["organization"]:
                self._needs("Directory.Read.All", "Organization.Read.All")
                options = parse(request.options, "organization", "select", known)
                return self._page(request, self._organization, self._organization.numbers, options, resource, fault)
            case ["policies", name] if name in self._policies and version == "v1.0":
                self._needs("Policy.Read.All")
                options = parse(request.options, POLICIES[name], "select", known)
                return self._one(request, self._policies[name].encoded(0, options.select), resource + options.context, fault)
            case ["reports", "servicePrincipalSignInActivities"] if version == "beta":
                self._needs("AuditLog.Read.All")
                options = parse(request.options, self._activities.kind, "top select skiptoken", known)
                return self._page(request, self._activities, self._activities.numbers, options, resource, fault)
            case ["me"]:
                if not delegated:
                    raise bad("/me request is only valid with delegated authentication flow.", "BadRequest")
                options = parse(request.options, "user", "select", known)
                me = Collection("user", [sign_in.USER])
                return self._one(request, me.encoded(0, options.select), f"users{options.context}", fault)
        raise bad(f"Resource not found for the segment '{parts[-1]}'.", "BadRequest")

    def _find(self, whole: Collection, key: str) -> int:
        numbers = whole.by_app_id if key.startswith("appId=") else whole.by_id
        key = key.removeprefix("appId=")
        number = numbers.get(key, numbers.get(key.lower()))
        if number is None:
            if whole.kind != "oAuth2PermissionGrant" and not GUID.fullmatch(key):
                raise bad(f"Invalid object identifier '{key}'.")
            message = f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."
            raise Refused(404, "Request_ResourceNotFound", message)
        return number

    def _members(self, relation: str, of: str) -> Collection:
        objects = self._related[relation].get(of, [])
        if relation == "owners" and "User.Read.All" not in self.granted:
            # Who may not read users sees what they are, and nothing else.
            objects = [{name: value if name in ("@odata.type", "id") else None for name, value in obj.items()} for obj in objects]
        return Collection(EXPANDED[relation], objects)

    def _filtered(self, request: Request, whole: Collection, options: Options) -> Sequence[int]:
        """What $filter leaves, under the rules of advanced queries."""
        found = parse_filter(options.filter, whole.kind) if options.filter else None
        counted = options.count or request.path.endswith("/$count")
        if found and found.advanced and not counted:
            raise bad("Unsupported Query: this $filter needs $count=true and the header ConsistencyLevel: eventual.", UNSUPPORTED)
        if counted and not request.eventual:
            raise bad("Unsupported Query: the header ConsistencyLevel: eventual is missing.", UNSUPPORTED)
        if counted and options.expand:
            raise bad("Unsupported Query: $expand is not supported with advanced query capabilities.", UNSUPPORTED)
        return filtered(found, whole, self._related) if found else whole.numbers

    def _bytes(self, whole: Collection, number: int, options: Options) -> bytes:
        text = whole.encoded(number, options.select)
        if options.expand:
            members = self._members(options.expand, whole.light[number]["id"])
            items = b",".join(members.encoded(n, options.expand_select) for n in members.numbers[:20])
            text = text[:-1] + (b"," if len(text) > 2 else b"") + f'"{options.expand}":['.encode() + items + b"]}"
        return text

    def _context(self, request: Request, what: str) -> str:
        return f'"@odata.context":"{self.url}/{request.path.split("/")[1]}/$metadata#{what}"'

    def _one(self, request: Request, text: bytes, what: str, fault: Fault | None) -> Answer:
        if fault and fault.kind == "mangle":
            text = _mangled(text, fault)
        context = self._context(request, what + "/$entity").encode()
        return Answer(200, b"{" + context + (b"," if len(text) > 2 else b"") + text[1:], {"Content-Type": JSON_TYPE})

    def _page(
        self, request: Request, whole: Collection, numbers: Sequence[int], options: Options, what: str, fault: Fault | None
    ) -> Answer:  # fmt: skip
        kind, details = (fault.kind, fault.details) if fault else ("", {})
        # A page token belongs to its query: whoever rewrites a nextLink is refused.
        query = [(name, value) for name, value in request.options if name != "$skiptoken"]
        bound = zlib.crc32(repr((request.path, query)).encode())
        start = self._start(options.skiptoken, bound) if options.skiptoken and kind != "endless" else 0
        end = start if kind == "empty_page" else start + min(options.top or 100, 100 if options.expand else 999, self.page_size)
        items = [self._bytes(whole, n, options) for n in numbers[start:end]]
        if kind == "repeat" and start:
            items.insert(0, self._bytes(whole, numbers[start - 1], options))
        if fault and kind == "mangle":
            items[details.get("index", 0)] = _mangled(items[details.get("index", 0)], fault)
        head = self._context(request, what + options.context)
        if "says" in details or (options.count and not options.skiptoken):
            head += f',"@odata.count":{details.get("says", len(numbers))}'
        if kind == "endless":
            details["page"] = details.get("page", 0) + 1
            items = details["make"](details["page"])
            link = f"{self.url}{request.path}?$skiptoken={details['page']}"
            head += f',"@odata.nextLink":{json.dumps(link)}'
        elif kind == "last_page":
            pass
        elif end < len(numbers) or kind in ("foreign_link", "other_path", "loop"):
            state = base64.b64encode(f"{self.epoch}:{end}:{bound}:~~~".encode()).decode()
            pairs = [*query, ("$skiptoken", f"m~{state}'+/=")]
            host = details.get("to", self.elsewhere) if kind == "foreign_link" else self.url
            path = details.get("path", "/v1.0/users") if kind == "other_path" else request.path
            link = host + quote(path) + "?" + "&".join(f"{name}={quote(value, safe='~/=$(),:')}" for name, value in pairs)
            head += f',"@odata.nextLink":{json.dumps(self.url + request.url if kind == "loop" else link)}'
        body = b"".join([b"{", head.encode(), b',"value":[', b",".join(items), b"]}"])
        return Answer(200, body, {"Content-Type": JSON_TYPE})

    def _start(self, skiptoken: str, bound: int) -> int:
        match = re.fullmatch(r"m~([A-Za-z0-9+/]+=*)'\+/=", skiptoken)
        try:
            epoch, start, of, _ = base64.b64decode(match[1] if match else "").decode().split(":")
        except ValueError:
            of = ""
        if of != str(bound):
            raise bad("Invalid $skiptoken.")
        if int(epoch) != self.epoch:
            raise bad(
                "The specified page token value has expired and can no longer be included in your request.", "Directory_ExpiredPageToken"
            )
        return int(start)

    def _batch(self, request: Request, version: str) -> Answer:
        try:
            asked = json.loads(request.body)["requests"] if request.method == "POST" else []
            ids, urls = [item["id"] for item in asked], [item["url"] for item in asked]
            methods = [item["method"] for item in asked]
        except (ValueError, KeyError, TypeError):
            raise bad("Invalid batch payload format.", "BadRequest") from None
        if not 1 <= len(asked) <= 20:
            raise bad(f"Number of batch request steps has to be between 1 and the maximum value of 20: {len(asked)}.", "BadRequest")
        if not all(isinstance(i, str) and i for i in ids) or len({i.lower() for i in ids}) < len(ids):
            raise bad("Request Ids must be strings, and unique in a batch.", "BadRequest")
        if not all(isinstance(url, str) and url.startswith("/") and not url.startswith("//") for url in urls):
            raise bad("Invalid batch payload: request URL must be relative to the service root.", "BadRequest")
        if any(item.keys() - {"id", "method", "url", "headers", "body"} for item in asked):
            raise bad("Invalid batch payload: unknown property.", "BadRequest")
        done = []
        for item, method, url in zip(asked, methods, urls, strict=True):
            headers = {"authorization": request.headers["authorization"]}
            headers |= {name.lower(): value for name, value in item.get("headers", {}).items()}
            inner = Request.of(method, f"/{version}{url}", headers, encode(item["body"]) if "body" in item else b"")
            request.inner.append(inner)
            answer = self.answer(inner, inner=True)
            is_json = answer.headers.get("Content-Type", "").startswith("application/json")
            body: Any = json.loads(answer.body) if is_json else base64.b64encode(answer.body).decode()
            done.append(
                {"id": item["id"], "status": answer.status, "headers": {"Cache-Control": "no-cache", **answer.headers}, "body": body}
            )
        return as_json({"responses": done[::-1]})  # Graph promises no order

    def _sign_in(self, request: Request, tenant: str, what: str) -> Answer:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        match (request.method, tenant, what):
            case ("POST", "pipelines", "oidc"):
                return as_json(sign_in.pipeline(request.headers))
            case ("GET", "github", "oidc"):
                return as_json(sign_in.github(request.headers, request.query))
            case ("GET", "identity", "token"):
                return as_json(sign_in.managed_identity(request.headers, self.tokens, self.token_lifetime))
        if tenant.lower() not in {self.tenant_id, "common", "organizations", *self.domains}:
            message = (
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
            )
            raise sign_in.SignInError(400, "invalid_tenant", 90002, message)
        match (request.method, what):
            case ("GET", "v2.0/.well-known/openid-configuration"):
                return as_json(sign_in.configuration(self.authority, tenant, self.tenant_id))
            case ("POST", "oauth2/v2.0/token"):
                return as_json(sign_in.token(form, self.authority, self.tenant_id, self.tokens, self.token_lifetime))
            case ("POST", "oauth2/v2.0/devicecode"):
                return as_json(sign_in.device_code(self.authority, tenant))
        return Answer(404, b"", {})


def _mangled(text: bytes, fault: Fault) -> bytes:
    obj = json.loads(text)
    changed = fault.details["change"](obj)
    return encode(obj if changed is None else changed)
