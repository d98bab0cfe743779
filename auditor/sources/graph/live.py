"""A live tenant as a source: sign in, find out which tenant it is, read it. The SDK is imported when a tenant is read, not before."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.entra.clouds import CLOUDS, Cloud
from auditor.errors import UNDECODABLE, UsageError
from auditor.sources.coverage import TenantInfo
from auditor.sources.document import Documents
from auditor.sources.graph.faults import Denied, GraphFault, NotTaken, NotThere
from auditor.sources.graph.plan import Call, Plan
from auditor.sources.graph.sink import Objects, ProgressCallback, Resumed, SinkFactory
from auditor.sources.tenant import Intake

if TYPE_CHECKING:
    from auditor.sources.graph.body import Limits
    from auditor.sources.graph.client import Graph, Patience

_ANY_TENANT = ("token", "managed-identity", "default")  # ways to sign in that do not heed --tenant


@dataclass(frozen=True, slots=True)
class Live:
    """Which tenant to read, and how. `tenant` is an id or a verified domain; None is the one that the sign-in belongs to."""

    tenant: str | None = None
    auth: str = "default"
    cloud: Cloud = CLOUDS["global"]
    ca_bundle: str | None = None
    apps: tuple[str, ...] = ()  # app ids or object ids: only these registrations
    filter: str = ""  # an OData filter over registrations
    patience: Patience | None = None
    limits: Limits | None = None
    prompt: Callable[[str], None] = lambda line: print(line, file=sys.stderr)  # noqa: T201


class _Domain(msgspec.Struct):
    name: str | None = None


class _Named(msgspec.Struct, rename="camel"):
    display_name: str | None = None
    user_principal_name: str | None = None


class _Organization(msgspec.Struct, rename="camel"):
    id: str | None = None
    verified_domains: list[_Domain] | None = None


def read(live: Live, plan: Plan, factory: SinkFactory, progress: ProgressCallback | None = None) -> TenantInfo:
    """Reads what is planned of a tenant, and says how much that was.

    Raises UsageError where the packages for it are not installed or something is not set, GraphFault when nothing can be read at
    all: not signed in, another tenant, no network.
    """
    needs_sdk()
    import asyncio

    return asyncio.run(_read(live, plan, factory, progress))


def needs_sdk() -> None:
    """Raises UsageError where the packages for live tenants are not installed."""
    from importlib.util import find_spec

    if find_spec("msgraph") is None or find_spec("azure") is None or find_spec("azure.identity") is None:
        raise UsageError("to read a live tenant, install Microsoft's packages for it: pip install azure-identity msgraph-sdk")


def connect(live: Live, progress: ProgressCallback | None = None) -> tuple[Graph, Any]:
    """The client and its credential. Call within an event loop."""
    from auditor.sources.graph import client, signin

    signin.quiet()
    credential = signin.SignIn(live.auth, live.cloud, live.tenant, live.ca_bundle, live.prompt).credential()
    report = progress or (lambda collection, count, state: None)
    graph = client.Graph(
        credential, live.cloud.graph, tls=client.tls(live.ca_bundle), patience=live.patience, limits=live.limits,
        waiting=lambda seconds: report("", 0, f"Microsoft Graph asks to wait {seconds:.0f} s"),
    )  # fmt: skip
    return graph, credential


async def _read(live: Live, plan: Plan, factory: SinkFactory, progress: ProgressCallback | None) -> TenantInfo:
    from auditor.sources.graph.load import Loader
    from auditor.sources.graph.subset import SubsetLoader

    graph, credential = connect(live, progress)
    async with graph:
        try:
            is_subset = live.apps or live.filter
            loader = SubsetLoader(graph, plan, live.apps, live.filter, progress) if is_subset else Loader(graph, plan, progress)
            raw = await loader.organization()
            now = datetime.now(timezone.utc).isoformat(timespec="seconds")
            info = TenantInfo(identity(live, raw), live.cloud.portal, now, graph=live.cloud.graph)
            sink = factory.open(info)
            await loader.load(sink)
            info.covered = loader.covered
            return info
        finally:
            await credential.close()


@dataclass(slots=True)
class SignedIn:
    """Who signed in, and what Microsoft Graph answered."""

    tenant_id: str
    tenant: str
    who: str
    answers: list[Answer]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Microsoft Graph answered when it was asked for one object of a call: why it refuses, or "" and the JSON."""

    call: Call
    refused: str
    body: bytes = b""


def check(live: Live, plan: Plan) -> SignedIn:
    """Signs in, and asks for one object of each collection that is planned. Raises as `read` does."""
    needs_sdk()
    import asyncio

    return asyncio.run(_check(live, plan))


async def _check(live: Live, plan: Plan) -> SignedIn:
    from auditor.sources.graph.load import Loader

    graph, credential = connect(live)
    async with graph:
        try:
            loader = Loader(graph, plan)
            raw = await loader.organization()
            found = SignedIn(identity(live, raw), "", "", [])
            found.tenant = _named(raw or b"{}").display_name or ""
            try:
                me = _named(await graph.object("/v1.0/me?$select=displayName,userPrincipalName", "the user"))
                found.who = f"user {me.user_principal_name or me.display_name or '(whose name cannot be read)'}"
            except GraphFault:
                client = os.environ.get("AZURE_CLIENT_ID", "")
                found.who = f"an application, by --auth {live.auth}" + (f" ({client})" if client else "")
            for call in plan.calls:
                found.answers.append(await _asked(graph, call))
            return found
        finally:
            await credential.close()


def _organization(raw: bytes | msgspec.Raw) -> _Organization:
    try:
        return msgspec.json.decode(raw, type=_Organization)
    except UNDECODABLE:
        return _Organization()


def _named(raw: bytes) -> _Named:
    try:
        return msgspec.json.decode(raw, type=_Named)
    except UNDECODABLE:
        return _Named()


async def _asked(graph: Graph, call: Call) -> Answer:
    """One object of a call. Of what belongs to single objects, the first one's is asked for."""
    id_ = ""
    if call.parents:
        try:
            page = await graph.page(f"{call.parents}?$select=id&$top=1", call.collection)
        except GraphFault as fault:
            return Answer(call, str(fault))
        id_ = _organization(page.value[0]).id or "" if page.value else ""
        if not id_:
            return Answer(call, "")
    said = ""
    for query in filter(None, (call.query or " ", call.poorer)):
        try:
            body = await graph.object(call.url(id_, query=query.strip().replace("$top=999", "$top=1")), call.collection)
        except (Denied, NotTaken, NotThere) as fault:
            said = str(fault)
        else:
            return Answer(call, "", body)
    return Answer(call, said)


def identity(live: Live, organization: bytes | None) -> str:
    """The tenant's id. Raises GraphFault when it is another tenant than the one that was asked for."""
    asked = (live.tenant or "").lower()
    found = _organization(organization or b"{}")
    id_ = (found.id or "").lower()
    domains = {domain.name.lower() for domain in found.verified_domains or () if domain.name}
    if asked and asked != id_ and asked not in domains:
        if id_ and (domains or "." not in asked):
            raise GraphFault(
                f"signed in to tenant {id_}, not to {asked}: sign in there (`az login --tenant {asked}`), or give the tenant that is meant"
            )
        if live.auth in _ANY_TENANT:
            raise GraphFault(
                f"it is unknown whether this sign-in is to {asked}: grant Directory.Read.All, by which the organization can be read, "
                "leave --tenant out, or sign in by another --auth"
            )
    return id_ or asked or "tenant"


class DocumentSink:
    """Turns each object into a document as it arrives."""

    def __init__(self, into: Documents) -> None:
        self._into = into
        self._intake: Intake | None = None

    def open(self, info: TenantInfo) -> DocumentSink:
        if info.scope in self._into.tenants:
            raise UsageError(f"tenant {info.tenant_id} was read already, from a snapshot: audit one of the two")
        self._intake = Intake(info, self._into)
        return self

    @property
    def lost(self) -> set[str]:
        return self._intake.lost if self._intake is not None else set()

    def page(self, chain: str, call: Call, objects: Objects, next_: str | None, noted: list[str]) -> None:
        assert self._intake is not None
        for parent, raw in objects:
            self._intake.take(call.collection, call.kind, raw, parent)

    def resumed(self, chain: str) -> Resumed | None:
        return None

    def parts(self, chosen: list[str] | None = None) -> list[str] | None:
        return chosen
