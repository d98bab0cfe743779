"""Microsoft Graph as a source of bytes: the SDK carries the requests; retries, throttling and the check of addresses are ours.

Of the SDK come the adapter, its middleware, authentication and `ODataError`. Not its models: they cost four milliseconds an
application, and lose the whole page for one GUID that is none. Not its page iterator and batch builder: both lose data
(docs/decisions/0013-graph-sdk-as-transport.md).
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from kiota_abstractions.api_error import APIError
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from kiota_http.middleware.options import RedirectHandlerOption, RetryHandlerOption
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_request_adapter import options as sdk_options
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory

from auditor.errors import UsageError
from auditor.sources.graph import faults
from auditor.sources.graph.faults import GraphFault, Passing

T = TypeVar("T")
_AT_ONCE = 16  # connections
_ERRORS: dict[str, Any] = {"XXX": ODataError}
_VERSIONS = ("/v1.0/", "/beta/")


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
        waiting: Callable[[float], None] | None = None,
    ) -> None:  # fmt: skip
        self.root = root.rstrip("/")
        self._origin = _origin(self.root)
        self._patience = patience or Patience()
        self._waiting = waiting or (lambda seconds: None)
        self._gate = Gate()
        host = urlsplit(self.root).hostname or ""
        tokens = AzureIdentityAuthenticationProvider(credential, scopes=[f"https://{host}/.default"], allowed_hosts=[host])
        self._http = httpx.AsyncClient(
            verify=tls if tls is not None else True,
            timeout=httpx.Timeout(self._patience.answer, connect=30),
            limits=httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE),
            event_hooks={"response": [_received]},
        )
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

    async def object(self, url: str, what: str) -> bytes:
        """One object's JSON. Raises GraphFault."""
        return await self._persistently(lambda: self._send("GET", url, what), _checked, what)

    async def batch(self, urls: Mapping[str, str], what: str) -> dict[str, bytes | GraphFault]:
        """Up to twenty answers at once: key -> the body, or why there is none. What is throttled alone is asked for again alone.

        `urls` are below the version, as batches want them: "/applications/ID/owners".
        """
        version = next(iter(urls.values())).split("/")[1]
        done: dict[str, bytes | GraphFault] = {}
        started, attempt = time.monotonic(), 0
        while left := {key: url for key, url in urls.items() if key not in done}:
            attempt += 1
            keys = list(left)
            requests = [{"id": str(i), "method": "GET", "url": left[key].removeprefix(f"/{version}")} for i, key in enumerate(keys)]
            body = msgspec.json.encode({"requests": requests})
            answers = await self._persistently(lambda b=body: self._send("POST", f"/{version}/$batch", what, b), _answers, what)  # type: ignore[misc]
            last: GraphFault | None = None
            for answer in answers.responses:
                key = keys[int(answer.id)] if answer.id.isdigit() and int(answer.id) < len(keys) else None
                if key is None:
                    continue
                if answer.status < 300:
                    done[key] = bytes(answer.body)
                    continue
                said = _said(bytes(answer.body))
                fault = faults.of_status(answer.status, said.code, said.message, answer.headers, what)
                if fault.passing:
                    last = fault
                else:
                    done[key] = fault
            if len(done) < len(urls):
                last = last or Passing(f"Microsoft Graph did not answer all of a batch for {what}")
                await self._wait(last, attempt, started)
        return done

    # -- one request

    async def _persistently(self, send: Callable[[], Awaitable[bytes]], decode: Callable[[bytes], T], what: str) -> T:
        started, attempt = time.monotonic(), 0
        while True:
            attempt += 1
            try:
                await self._gate.passed()
                async with asyncio.timeout(self._patience.answer):
                    raw = await send()
                try:
                    return decode(raw)
                except (msgspec.DecodeError, RecursionError):
                    raise Passing(_not_json(raw, what)) from None
            except TimeoutError:
                fault: GraphFault = Passing(f"no whole answer for {what} within {self._patience.answer:.0f} s")
            except httpx.TransportError as error:
                fault = _network(error, self._origin[1])
            except GraphFault as error:
                fault = error
            if not fault.passing:
                raise fault
            await self._wait(fault, attempt, started)

    async def _wait(self, fault: GraphFault, attempt: int, started: float) -> None:
        """Until it makes sense to ask again; raises the fault when there is no time left for that."""
        patience = self._patience
        pause = fault.retry_after
        if pause is None:
            pause = min(patience.most, patience.first * 2 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
        if time.monotonic() - started + pause > patience.total:
            asks = f"; it asks to wait {pause:.0f} s more" if fault.retry_after else ""
            raise GraphFault(f"{fault}: given up after {attempt} attempts{asks}")
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
        if advanced:
            request.headers.add("ConsistencyLevel", "eventual")
        if body is not None:
            request.set_stream_content(body, "application/json")
        try:
            return await self._adapter.send_primitive_async(request, "bytes", _ERRORS) or b""
        except APIError as error:
            said = getattr(error, "error", None)
            raise faults.of_status(
                error.response_status_code or 0, getattr(said, "code", None) or "", getattr(said, "message", None) or "",
                error.response_headers or {}, what,
            ) from None  # fmt: skip

    def _ours(self, url: str) -> str:
        """An address with the token may only lead to our Microsoft Graph, whatever a next page's link says."""
        if url.startswith("/"):
            return self.root + url
        if _origin(url) != self._origin or not urlsplit(url).path.startswith(_VERSIONS) or ".." in url or "\\" in url:
            raise GraphFault(f"a link of Microsoft Graph leads elsewhere: {faults.redacted(url.partition('?')[0])}; it is not followed")
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


async def _received(response: httpx.Response) -> None:
    await response.aread()
    # The stream holds the response, which holds the stream: a page of megabytes would wait for the garbage collector.
    response.stream = httpx.ByteStream(b"")
    if response.is_redirect:
        raise GraphFault("Microsoft Graph's answer leads elsewhere (a redirect); it is not followed. A proxy in between?")


def _checked(raw: bytes) -> bytes:
    _anything(raw)
    return raw


def _said(body: bytes) -> _Said:
    try:
        return _error(body).error
    except msgspec.DecodeError:
        return _Said()


def _not_json(raw: bytes, what: str) -> str:
    start = raw[:200].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return f"a web page came instead of {what}: a proxy or a sign-in page of the network in between"
    return f"the answer for {what} is cut off or no page of a collection ({len(raw)} bytes)"


def _network(error: httpx.TransportError, host: str) -> GraphFault:
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, ssl.SSLCertVerificationError):
            return GraphFault(
                f"the certificate of {host} is not trusted ({faults.redacted(link.verify_message)}); "
                "where the network inspects TLS, name its CA with --ca-bundle FILE"
            )
        link = link.__cause__ or link.__context__
    return Passing(f"{host} cannot be reached, or broke off ({type(error).__name__}: {faults.redacted(str(error))})")


def tls(ca_bundle: str | None) -> ssl.SSLContext | None:
    """TLS with the authorities of a file, or None for the usual ones. Raises UsageError."""
    if ca_bundle is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--ca-bundle {ca_bundle}: {error.strerror or error}; it has to be a file of certificates in PEM") from None
