"""Microsoft Graph as a source of bytes: the SDK carries the requests; retries, throttling and the check of addresses are ours.

Of the SDK come the adapter, its middleware and authentication. Not its models: they cost four milliseconds an application, and lose
the whole page for one GUID that is none. Not its page iterator and batch builder: both lose data
(docs/decisions/0013-graph-sdk-as-transport.md).
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from kiota_abstractions.api_error import APIError
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from kiota_http.middleware.options import RedirectHandlerOption, RetryHandlerOption
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_request_adapter import options as sdk_options
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from auditor.errors import UNDECODABLE, UsageError
from auditor.sources.graph import faults
from auditor.sources.graph.body import Budget, Limits, unpacked
from auditor.sources.graph.faults import Expired, GraphFault, Nonsense, Passing, Unreadable
from auditor.sources.graph.redaction import redacted, without_tokens

T = TypeVar("T")
_AT_ONCE = 16  # connections
_VERSIONS = ("/v1.0/", "/beta/")
_MOST_IDLE = 100  # pages one after the other that are empty, or begin as an earlier one did
_MOST_NONSENSE = 6  # answers: half a minute
_TRUSTED = 3  # attempts for which Graph alone says how long to wait
_UNREACHED = 30.0  # seconds until a host that never answered is given up


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try, in seconds."""

    first: float = 1.0  # wait after the first failure; doubles each time
    most: float = 60.0  # between two attempts, where Graph does not say
    answer: float = 120.0  # for one whole answer
    total: float = 600.0  # for one request with all its attempts, waiting for Graph included


class Page(msgspec.Struct):
    """One page of a collection."""

    value: list[msgspec.Raw]
    next: str | None = msgspec.field(name="@odata.nextLink", default=None)
    count: int | None = msgspec.field(name="@odata.count", default=None)


class _Answer(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Answers(msgspec.Struct):
    responses: list[_Answer]


class _Said(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Error(msgspec.Struct):
    error: _Said = msgspec.field(default_factory=_Said)


_page = msgspec.json.Decoder(Page).decode
_answers = msgspec.json.Decoder(_Answers).decode
_error = msgspec.json.Decoder(_Error).decode
_anything = msgspec.json.Decoder().decode


class _Refused(Exception):
    """An answer with an error status."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.status, self.body, self.headers = status, body, headers


class _Attempts:
    """At one request."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.number = self.nonsense = 0


class Gate:
    """While Graph asks one request to wait, all requests of the tenant wait."""

    def __init__(self) -> None:
        self._until = 0.0

    def shut(self, seconds: float) -> None:
        self._until = max(self._until, time.monotonic() + seconds)

    async def passed(self) -> None:
        while (left := self._until - time.monotonic()) > 0:
            await asyncio.sleep(left)


class Graph:
    """One tenant's Microsoft Graph at `root` ("https://graph.microsoft.com"). Use as an async context manager.

    `waiting` is called with the seconds that Graph asks to wait, for a person to see why nothing moves.
    """

    def __init__(
        self, credential: Any, root: str, *, tls: ssl.SSLContext | None = None, patience: Patience | None = None,
        limits: Limits | None = None, waiting: Callable[[float], None] | None = None,
    ) -> None:  # fmt: skip
        self.root = root.rstrip("/")
        self._origin = _origin(self.root)
        self._patience = patience or Patience()
        self._waiting = waiting or (lambda seconds: None)
        self._budget = Budget(limits or Limits())
        self._gate = Gate()
        self._reached = False
        host = urlsplit(self.root).hostname or ""
        self._credential, self._scope = credential, f"https://{host}/.default"
        tokens = AzureIdentityAuthenticationProvider(credential, scopes=[self._scope], allowed_hosts=[host])
        try:
            self._http = httpx.AsyncClient(
                verify=tls if tls is not None else True,
                timeout=httpx.Timeout(self._patience.answer, connect=30),
                limits=httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE),
                event_hooks={"response": [self._received]},
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # none are kept
            )
        except (ValueError, ImportError) as error:
            raise UsageError(f"the proxy in HTTPS_PROXY or ALL_PROXY cannot be used: {redacted(str(error))}") from None
        # The SDK's transport, put around these, does not close them.
        self._transports = [transport for transport in (self._http._transport, *self._http._mounts.values()) if transport is not None]
        options = {
            **sdk_options,
            RetryHandlerOption.get_key(): RetryHandlerOption(max_retries=0, should_retry=False),
            RedirectHandlerOption.get_key(): RedirectHandlerOption(max_redirect=0, should_redirect=False),
        }
        adapter = GraphRequestAdapter(tokens, client=GraphClientFactory.create_with_default_middleware(client=self._http, options=options))
        adapter.base_url = f"{self.root}/v1.0"
        self._adapter = GraphServiceClient(request_adapter=adapter).request_adapter

    async def __aenter__(self) -> Graph:
        return self

    async def __aexit__(self, *_: object) -> None:
        for transport in self._transports:
            await transport.aclose()
        await self._http.aclose()

    async def page(self, url: str, what: str, *, advanced: bool = False) -> Page:
        """A page of a collection; a body that is cut off or no page at all is asked for again. Raises GraphFault."""
        return await self._persistently(lambda: self._send("GET", url, what, advanced=advanced), _page, what)

    async def pages(self, url: str, what: str, *, advanced: bool = False) -> AsyncIterator[Page]:
        """A collection from one of its pages to its last. Raises GraphFault, also where the links lead nowhere or objects are missing."""
        visited: set[str] = set()
        begun: set[int] = set()  # hashes of the objects that pages began with
        idle = came = 0
        expected: int | None = None
        while True:
            page = await self.page(url, what, advanced=advanced)
            if not visited and url.startswith("/"):  # out of the plan, and so the whole list
                expected = page.count
            visited.add(url)
            first = hash(bytes(page.value[0])) if page.value else None
            idle = idle + 1 if first is None or first in begun else 0
            begun |= {first} if first is not None else set()
            came += len(page.value)
            yield page
            if page.next is None:
                break
            if page.next in visited or idle > _MOST_IDLE:
                raise GraphFault(f"the pages of {what} go round in a circle: Microsoft Graph links to one that was read before")
            if len(visited) >= self._budget.limits.pages:
                raise GraphFault(f"the pages of {what} do not end: not read any further than {self._budget.limits.pages:,} pages")
            if page.next.startswith("/") or _last_segment(page.next) != _last_segment(url):
                raise _elsewhere(page.next)
            url = page.next
        if expected is not None and came < expected:
            raise Expired(f"Microsoft Graph counts {expected} {what}, and {came} came")

    async def object(self, url: str, what: str) -> bytes:
        """One object's JSON. Raises GraphFault."""
        return await self._persistently(lambda: self._send("GET", url, what), _checked, what)

    async def batch(self, urls: Mapping[str, str], what: str) -> dict[str, bytes | GraphFault]:
        """Up to twenty answers at once: key -> the body, or why there is none. What is throttled alone is asked for again alone.

        `urls` are below the version, as batches want them: "/applications/ID/owners".
        """
        version = next(iter(urls.values())).split("/")[1]
        done: dict[str, bytes | GraphFault] = {}
        attempts = _Attempts()
        while left := {key: url for key, url in urls.items() if key not in done}:
            by_number = {str(i): key for i, key in enumerate(left)}
            requests = [{"id": i, "method": "GET", "url": left[key].removeprefix(f"/{version}")} for i, key in by_number.items()]
            body = msgspec.json.encode({"requests": requests})
            answers = await self._persistently(lambda b=body: self._send("POST", f"/{version}/$batch", what, b), _answers, what)  # type: ignore[misc]
            last: GraphFault | None = None
            for answer in answers.responses:
                key = by_number.get(answer.id)
                if key is None or key in done:
                    continue
                if 200 <= answer.status < 300:
                    done[key] = bytes(answer.body)
                    continue
                said = _said(bytes(answer.body))
                fault = faults.of_status(answer.status, said.code, said.message, answer.headers, what)
                if fault.passing:
                    last = fault
                else:
                    done[key] = fault
            if len(done) < len(urls):
                last = last or Nonsense(f"Microsoft Graph did not answer all of a batch for {what}")
                await self._wait(last, attempts)
        return done

    # -- one request

    async def _persistently(self, send: Callable[[], Awaitable[bytes]], decode: Callable[[bytes], T], what: str) -> T:
        attempts = _Attempts()
        while True:
            try:
                await self._gate.passed()
                self._budget.request()
                await self._credential.get_token(self._scope)  # a person may need longer for it than Graph for an answer
                async with asyncio.timeout(self._patience.answer):
                    raw = await send()
                self._reached = True
                try:
                    _ = raw.isascii() or raw.decode("utf-8")  # what stays Raw is not looked at by the decoder
                    return decode(raw)
                except UNDECODABLE:
                    raise Nonsense(_not_json(raw, what)) from None
            except TimeoutError:
                fault: GraphFault = Passing(f"no whole answer for {what} within {self._patience.answer:.0f} s")
            except (httpx.RequestError, OSError, EOFError) as error:
                fault = _network(error, self._origin[1])
            except httpx.InvalidURL:
                fault = GraphFault(f"a link of Microsoft Graph for {what} is not an address")
            except (ValueError, LookupError, RuntimeError) as error:  # out of the SDK, over headers that make no sense
                fault = Nonsense(f"the answer for {what} makes no sense ({type(error).__name__}: {redacted(str(error))})")
            except GraphFault as error:
                fault = error
            if not fault.passing:
                raise fault
            await self._wait(fault, attempts)

    async def _wait(self, fault: GraphFault, attempts: _Attempts) -> None:
        """Until it makes sense to ask again; raises a GraphFault when there is no time left for that, or no hope."""
        patience = self._patience
        attempts.number += 1
        attempts.nonsense += isinstance(fault, Nonsense)
        if attempts.nonsense >= _MOST_NONSENSE:
            raise Unreadable(f"{fault}: given up after {attempts.number} attempts")
        growing = min(patience.most, patience.first * 2 ** (attempts.number - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
        # Who asks for no wait at all, again and again, is given one nevertheless.
        pause = growing if fault.retry_after is None else max(fault.retry_after, growing if attempts.number > _TRUSTED else 0)
        total = patience.total if self._reached or fault.throttled else min(patience.total, _UNREACHED)
        if time.monotonic() - attempts.started + pause > total:
            asks = f"; it asks to wait {pause:.0f} s more" if fault.retry_after else ""
            raise GraphFault(f"{fault}: given up after {attempts.number} attempts{asks}")
        if fault.throttled:
            self._gate.shut(pause)
            self._waiting(pause)
        else:
            await asyncio.sleep(pause)

    async def _send(self, method: str, url: str, what: str, body: bytes | None = None, *, advanced: bool = False) -> bytes:
        request = RequestInformation()
        request.http_method = Method(method)
        request.url = self._ours(url)
        request.headers.add("Accept", "application/json")
        request.headers.add("Accept-Encoding", "gzip")  # what is unpacked step by step
        if advanced:
            request.headers.add("ConsistencyLevel", "eventual")
        if body is not None:
            request.set_stream_content(body, "application/json")
        try:
            return await self._adapter.send_primitive_async(request, "bytes", {}) or b""
        except _Refused as refused:
            said = _said(refused.body)
            raise faults.of_status(refused.status, said.code, said.message, refused.headers, what) from None
        except APIError as error:  # a challenge that a new token did not meet
            raise faults.of_status(error.response_status_code or 0, "", "", error.response_headers or {}, what) from None

    async def _received(self, response: httpx.Response) -> None:
        """Reads an answer, before the SDK sees it. Raises GraphFault, or what error it is."""
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        try:
            raw = await unpacked(stream, response.headers.get("Content-Encoding", "").strip().lower(), self._budget)
        finally:
            await stream.aclose()
        raw = without_tokens(raw)
        if response.is_redirect:
            raise GraphFault("Microsoft Graph's answer leads elsewhere (a redirect); it is not followed. A proxy in between?")
        is_challenge = response.status_code == 401 and "claims=" in response.headers.get("WWW-Authenticate", "")
        if response.status_code >= 400 and not is_challenge:
            raise _Refused(response.status_code, raw, response.headers)
        if "Content-Encoding" in response.headers:
            del response.headers["Content-Encoding"]
        response.stream = httpx.ByteStream(raw)
        await response.aread()
        # The stream holds the response, which holds the stream: a page of megabytes would wait for the garbage collector.
        response.stream = httpx.ByteStream(b"")

    def _ours(self, url: str) -> str:
        """An address with the token may only lead to our Microsoft Graph, whatever a next page's link says."""
        if url.startswith("/"):
            return self.root + url  # out of the plan
        path = urlsplit(url).path if _origin(url) == self._origin else ""
        if not path.startswith(_VERSIONS) or ".." in path or "\\" in url or not url.isascii() or not url.isprintable():
            raise _elsewhere(url)
        return url


def _origin(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        return "", "", 0
    if parts.username is not None:
        return "", "", 0
    return parts.scheme, (parts.hostname or "").lower(), port


def _checked(raw: bytes) -> bytes:
    found = _anything(raw)
    if not isinstance(found, dict) or "error" in found:
        raise ValueError("no object")
    return raw


def _said(body: bytes) -> _Said:
    try:
        return _error(body).error
    except UNDECODABLE:
        return _Said()


def _not_json(raw: bytes, what: str) -> str:
    start = raw[:200].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return f"a web page came instead of {what}: a proxy or a sign-in page of the network in between"
    return f"the answer for {what} is cut off or not in the form of Microsoft Graph ({len(raw)} bytes)"


def _elsewhere(link: str) -> GraphFault:
    return GraphFault(f"a link of Microsoft Graph leads elsewhere: {redacted(link.partition('?')[0])}; it is not followed")


def _last_segment(url: str) -> str:
    return url.partition("?")[0].rstrip("/").rpartition("/")[2].lower()


def _network(error: Exception, host: str) -> GraphFault:
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, ssl.SSLCertVerificationError):
            return GraphFault(
                f"the certificate of {host} is not trusted ({redacted(link.verify_message)}); "
                "where the network inspects TLS, name its CA with --ca-bundle FILE"
            )
        link = link.__cause__ or link.__context__
    return Passing(f"{host} cannot be reached, or broke off ({type(error).__name__}: {redacted(str(error))})")


def tls(ca_bundle: str | None) -> ssl.SSLContext | None:
    """TLS with the authorities of a file, or None for the usual ones. Raises UsageError."""
    if ca_bundle is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--ca-bundle {ca_bundle}: {error.strerror or error}; it has to be a file of certificates in PEM") from None
