"""Reads a tenant: lists as chains of pages, side by side; what belongs to single objects in batches; and says how much it got.

What was read goes to a sink page by page and is not kept here, but for the ids: an object that Graph repeats, on the next page or
after a collection had to be begun again, is passed on once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Any

import msgspec

from auditor.entra import collections
from auditor.entra.collections import BY_NAME
from auditor.errors import UNDECODABLE
from auditor.facts.owner import UNREADABLE
from auditor.sources.coverage import COMPLETE, DENIED, FAILED, INTERRUPTED, PARTIAL, SELECTED, UNAVAILABLE, Covered
from auditor.sources.graph import partition
from auditor.sources.graph import plan as calls
from auditor.sources.graph.client import Graph, Page
from auditor.sources.graph.faults import Denied, Expired, GraphFault, NotTaken, NotThere, Unlicensed, Unreadable
from auditor.sources.graph.parents import of_each, parents_of
from auditor.sources.graph.plan import Call, Plan
from auditor.sources.graph.sink import STOPPING, Json, Objects, ProgressCallback, Resumed, Sink

_Members = Callable[[Json, list[str]], Objects]
_IN_BATCH = 20  # requests; Graph's limit
_BATCHES_AT_ONCE = 4
_PARTS_AT_ONCE = 6  # pages of a thousand applications, each of some twenty megabytes while it is read
_EXPANDED_AT_MOST = 20  # owners that $expand gives
_ASSIGNEES = collections.ASSIGNED_TO.name
_MANY = "!"  # before the id of an object that has as many


class _Id(msgspec.Struct):
    id: str | None = None


class _Owner(msgspec.Struct, rename="camel"):
    display_name: str | None = ""
    user_principal_name: str | None = ""


class _Expanded(msgspec.Struct):
    owners: list[msgspec.Raw] | None = None
    next: str | None = msgspec.field(name="owners@odata.nextLink", default=None)


_id = msgspec.json.Decoder(_Id).decode
_owner = msgspec.json.Decoder(_Owner).decode
_expanded = msgspec.json.Decoder(_Expanded).decode
_list = msgspec.json.Decoder(Page).decode


class Loader:
    """Reads one tenant. `covered` says, afterwards, how much of each collection was read."""

    def __init__(self, graph: Graph, plan: Plan, progress: ProgressCallback | None = None) -> None:
        self._graph, self._plan = graph, plan
        self._sink: Sink
        self._organization: Objects = []
        self._progress = progress or (lambda collection, count, state: None)
        self._found: dict[str, Covered] = {}
        self._counts: dict[str, int] = {}
        self._seen: dict[str, set[str]] = {}
        self._unnamed = False  # an owner came of whom nothing but the id may be read
        self._of_each = of_each(plan)
        self._parents: dict[str, list[str]] = {}  # collection -> ids of the objects that are asked for theirs
        self._ended = {call.collection: asyncio.Event() for call in plan.calls}

    @property
    def covered(self) -> list[Covered]:
        return [self._found.get(name) or Covered(name, FAILED, reason=INTERRUPTED) for name in {**self._ended, **self._found}]

    async def organization(self) -> bytes | None:
        """The tenant itself, asked for first: whoever cannot sign in, or not reach Graph, learns it here. Raises GraphFault."""
        call = calls.ORGANIZATION
        try:
            page = await self._graph.page(call.url(), "the organization")
        except (Denied, NotThere, NotTaken, Unreadable) as fault:
            self._found[call.collection] = refused_by(call, fault, 0)
            return None
        self._organization = [("", bytes(raw)) for raw in page.value[:1]]
        self._found[call.collection] = Covered(call.collection, COMPLETE, len(self._organization))
        return self._organization[0][1] if self._organization else None

    async def load(self, sink: Sink) -> None:
        """Reads all else that is planned. When it is interrupted, what was read by then is with the sink, and `covered` says so."""
        self._sink = sink
        if sink.resumed(calls.ORGANIZATION.collection) is None:
            self._pass_on(calls.ORGANIZATION.collection, calls.ORGANIZATION, self._organization, None, [])
        organization = self._found[calls.ORGANIZATION.collection]
        self._progress(organization.collection, organization.count, organization.status)
        reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait([reading])
        except asyncio.CancelledError:  # Ctrl-C: what has been read is audited
            self._progress("", 0, STOPPING)
            reading.cancel()
            await asyncio.wait([reading])
        if not reading.cancelled():
            reading.result()  # raises what it raised

    async def _read(self) -> None:
        ways: dict[Call, Callable[[], Awaitable[Covered | list[str] | None]]] = {
            calls.APPLICATIONS: self._applications,
            calls.ASSIGNED_TO: self._assigned_to,
            calls.OWNERS: lambda: self._owners(calls.OWNERS, calls.OWNERS_OF_ONE),
            calls.PRINCIPAL_OWNERS: lambda: self._owners(calls.PRINCIPAL_OWNERS, calls.PRINCIPAL_OWNERS_OF_ONE),
            calls.FEDERATED: self._federated,
            **{call: partial(self._each_of, call) for called in self._of_each.values() for call in called if call is not calls.ASSIGNED_TO},
            **{call: partial(self._single, call) for call in calls.SINGLES},
        }
        wanted = [call for call in self._plan.calls if call is not calls.ORGANIZATION]
        await _side_by_side(self._cover(call, ways.get(call, partial(self._chain, call))) for call in wanted)

    # -- one collection

    async def _cover(self, call: Call, read: Callable[[], Awaitable[Covered | list[str] | None]]) -> None:
        name = call.collection
        found = Covered(name, PARTIAL, reason=INTERRUPTED)
        try:
            answer = await read()
            found = answer if isinstance(answer, Covered) else Covered(name)
        except GraphFault as fault:
            found = refused_by(call, fault, self._counts.get(name, 0))
        finally:
            found.count = self._counts.get(name, 0)
            self._found[name] = found
            self._ended[name].set()
            self._progress(name, found.count, found.status)

    async def _chain(
        self, call: Call, chain: str = "", url: str = "", members: _Members | None = None, *, advanced: bool = False
    ) -> list[str]:
        """All pages of a list, and what was noted of them.

        A list whose pages expire on the way, or that is shorter than Graph says, is begun again, once: what was read before is not
        passed on again.
        """
        chain = chain or call.collection
        first: str = url or call.url()
        at: str | None = first
        noted: list[str] = []
        if (resumed := self._sink.resumed(chain)) is not None:
            self._take_up(call, resumed)
            at, noted = resumed.next, resumed.noted
        again = False
        while at is not None:
            try:
                async for page in self._graph.pages(at, call.collection, advanced=advanced):
                    new: list[str] = []
                    objects = [pair for raw in page.value for pair in (members(raw, new) if members else [("", raw)])]
                    self._pass_on(chain, call, objects, page.next, new)
                    noted += new
                return noted
            except NotTaken:
                if not call.poorer or at != call.url():
                    raise
                first = at = call.url(query=call.poorer)
            except Expired:
                if again:
                    raise
                again, at = True, first
        return noted

    async def _each(self, call: Call, ids: list[str], chain: str = "") -> Covered:
        """What belongs to each of some objects, in batches."""
        chain = chain or call.collection
        if (resumed := self._sink.resumed(chain)) is not None:
            self._take_up(call, resumed)
            done = set(resumed.noted)
            ids = [id_ for id_ in ids if id_ not in done]
        unread: dict[str, GraphFault] = {}
        size = _IN_BATCH * _BATCHES_AT_ONCE
        for start in range(0, len(ids), size):
            window = ids[start : start + size]
            answers = await _side_by_side(
                self._graph.batch({id_: call.url(id_) for id_ in group}, call.collection) for group in in_groups(window)
            )
            found: Objects = []
            for id_, body in (pair for answer in answers for pair in answer.items()):
                if isinstance(body, GraphFault):
                    unread[id_] = body
                else:
                    found += await self._of_one(call, id_, body)
            self._pass_on(chain, call, found, None, [id_ for id_ in window if id_ not in unread])
            fault = next(iter(unread.values()), None)
            if isinstance(fault, Denied) and len(unread) == start + len(window):
                raise fault  # not one of them can be read
        missing = [id_ for id_, fault in unread.items() if isinstance(fault, NotThere)]
        for id_ in missing if BY_NAME[call.collection].is_one_each else await self._gone(call, missing):
            del unread[id_]
        return Covered(call.collection, reason=next((str(fault) for fault in unread.values()), ""), unread=sorted(unread))

    async def _gone(self, call: Call, ids: list[str]) -> list[str]:
        """Those of some objects that have been deleted since they were listed, and that are nobody's loss."""
        parents = call.parents or f"/v1.0{call.path.partition('/{id}')[0]}"
        gone = []
        for group in in_groups(ids):
            answers = await self._graph.batch({id_: f"{parents}/{id_}?$select=id" for id_ in group}, call.collection)
            gone += [id_ for id_, answer in answers.items() if isinstance(answer, NotThere)]
        return gone

    async def _of_one(self, call: Call, id_: str, body: bytes) -> Objects:
        """The members of one object, on its first page and the following ones; or the one that it has."""
        if BY_NAME[call.collection].is_one_each:
            return [(id_, body)]
        try:
            page = _list(body)
        except UNDECODABLE:
            page = None
        if page is not None and page.next is None:
            return [(id_, raw) for raw in page.value]
        for again in (False, True):
            try:
                return [(id_, raw) async for page in self._graph.pages(call.url(id_), call.collection) for raw in page.value]
            except Expired:
                if again:
                    raise
        raise AssertionError

    async def _single(self, call: Call) -> None:
        if (resumed := self._sink.resumed(call.collection)) is not None:
            self._take_up(call, resumed)
        else:
            raw = await self._graph.object(call.url(), call.collection)
            self._pass_on(call.collection, call, [("", raw)], None, [])

    # -- those that are more than a list

    async def _applications(self) -> None:
        """One chain, or several side by side where there are many."""
        call = calls.APPLICATIONS
        short = False
        try:
            total = await partition.count(self._graph)
            parts = self._sink.parts()
            if parts is None:
                parts = self._sink.parts(await partition.ranges(self._graph, total) if total >= partition.PARTITIONED_FROM else []) or []
            urls = [call.url(query=f"{call.query}&$count=true&$filter={part}") for part in parts]
            few = asyncio.Semaphore(_PARTS_AT_ONCE)

            async def part(i: int, url: str) -> None:
                nonlocal short
                async with few:
                    try:
                        await self._chain(call, f"{call.collection}-{i}", url, advanced=True)
                    except Expired:
                        short = True  # the plain list gives what is missing, or says that it does not

            await _side_by_side(part(i, url) for i, url in enumerate(urls))
        except NotTaken:
            total = 0  # no advanced queries here: the plain list gives everything
        if total <= 0 or short or self._counts.get(call.collection, 0) < total:
            await self._chain(call)
        if total > 0 and (read := self._counts.get(call.collection, 0)) < total:
            total = min(total, await partition.count(self._graph))  # some may have been deleted meanwhile
            if read < total:
                raise GraphFault(f"Microsoft Graph counts {total} applications, and {read} came")

    async def _owners(self, call: Call, one: Call) -> Covered:
        """By $expand, which gives twenty at most: objects that have as many are asked for again."""

        def members(raw: Json, noted: list[str]) -> Objects:
            id_ = _id_of(raw, call)
            noted.append(id_)
            try:
                of = _expanded(raw)
            except UNDECODABLE:  # something in it is odd: asked for alone, it costs nobody else
                of = _Expanded()
            if of.owners is not None and of.next is None and len(of.owners) < _EXPANDED_AT_MOST:
                return [(id_, owner) for owner in of.owners]
            noted.append(_MANY + id_)
            return []

        noted = await self._chain(call, members=members)
        many = {id_.removeprefix(_MANY) for id_ in noted if id_.startswith(_MANY)}
        objects = calls.APPLICATIONS if call is calls.OWNERS else calls.PRINCIPALS
        await self._ended[objects.collection].wait()
        many |= self._seen.get(objects.collection, set()) - set(noted)  # that $expand did not show
        found = await self._each(one, sorted(many), chain=f"{call.collection}-of-many")
        if self._unnamed and not found.reason:
            found.reason, found.permission = UNREADABLE.why, call.also
        return found

    async def _federated(self) -> Covered:
        find = calls.WITH_FEDERATED

        def note(raw: Json, ids: list[str]) -> Objects:
            ids.append(_id_of(raw, find))
            return []

        try:
            ids = await self._chain(find, "with-federated", members=note, advanced=True)
        except NotTaken:  # then each registration is asked
            ids = [key.rpartition(" ")[2] for key in await self._all_of(calls.APPLICATIONS.collection)]
        return await self._each(calls.FEDERATED, sorted(set(ids)))

    async def _each_of(self, call: Call) -> Covered:
        """What belongs to each object of another collection, or to those that a test picks (`parents.py`)."""
        of = BY_NAME[call.collection].parent
        assert of is not None
        await self._all_of(of.name)
        ids = sorted(self._parents.get(call.collection, ()))
        found = await self._each(call, ids)
        if not parents_of(call).others_have_none:
            found.status, found.read = SELECTED, sorted(set(ids) - set(found.unread))
            found.reason = found.reason or "read only where it can be set"
        return found

    async def _assigned_to(self) -> Covered:
        """Of each principal that can have any: who is assigned to it.

        So it is known of every principal what it was granted, and of these who is assigned. When one of them could not be asked,
        what was granted is not known of anybody.
        """
        self._found[_ASSIGNEES] = Covered(_ASSIGNEES, SELECTED, reason="read only where assignments are possible")
        try:
            found = await self._each_of(calls.ASSIGNED_TO)
        except GraphFault as fault:
            self._found[_ASSIGNEES] = refused_by(calls.ASSIGNED_TO, fault, 0, _ASSIGNEES)
            raise
        self._found[_ASSIGNEES].read = sorted({*self._parents.get(calls.ASSIGNED_TO.collection, ())} - {*found.unread})
        if found.unread:
            found.status, found.unread = PARTIAL, []
        return found

    async def _all_of(self, collection: str) -> set[str]:
        """Wait for another collection and return what was read of it. Raises GraphFault unless it was read completely."""
        await self._ended[collection].wait()
        found = self._found[collection]
        if found.status == DENIED:
            raise Denied(f"{collection} are refused, and so what belongs to them")
        if found.status == UNAVAILABLE:
            raise NotThere(f"{collection} are not to be had, and so not what belongs to them")
        if found.status != COMPLETE:
            raise GraphFault(f"{collection} could not all be read, and so not what belongs to them")
        return self._seen.get(collection, set())

    # -- passing on

    def _pass_on(self, chain: str, call: Call, objects: Objects, next_: str | None, noted: list[str]) -> None:
        self._sink.page(chain, call, [pair for pair in objects if self._is_new(call, *pair)], next_, noted)
        self._progress(call.collection, self._counts.get(call.collection, 0), "")

    def _take_up(self, call: Call, resumed: Resumed) -> None:
        for parent, raw in resumed.objects:
            self._is_new(call, parent, raw)

    def _is_new(self, call: Call, parent: str, raw: Json) -> bool:
        """Notes an object; False for one that was passed on before."""
        try:
            id_ = _id(raw).id
        except UNDECODABLE:
            id_ = None  # whoever reads it says what is wrong
        if id_ is not None:
            id_ = id_.lower()
            seen = self._seen.setdefault(call.collection, set())
            key = f"{parent.lower()} {id_}" if parent else id_
            if key in seen:
                return False
            seen.add(key)
        self._counts[call.collection] = self._counts.get(call.collection, 0) + 1
        for belonging in self._of_each.get(call.collection, ()):
            if id_ and parents_of(belonging).include(raw):
                self._parents.setdefault(belonging.collection, []).append(id_)
        if call.kind == calls.OWNERS.kind:
            self._unnamed = self._unnamed or _is_unnamed(raw)
        return True


def _is_unnamed(raw: Json) -> bool:
    try:
        owner = _owner(raw)
    except UNDECODABLE:
        return False
    return owner.display_name is None and owner.user_principal_name is None


def _id_of(raw: Json, call: Call) -> str:
    try:
        id_ = _id(raw).id
    except UNDECODABLE:
        id_ = None
    if not id_:
        raise GraphFault(f"an object without an id came for {call.collection}: whose they are cannot be told")
    return id_.lower()


async def _side_by_side(coroutines: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    """The results of all; when one fails the others are stopped, and nothing goes on behind our back."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def in_groups(ids: list[str]) -> list[list[str]]:
    """As many at a time as a batch holds."""
    return [ids[i : i + _IN_BATCH] for i in range(0, len(ids), _IN_BATCH)]


def refused_by(call: Call, fault: GraphFault, count: int, collection: str = "") -> Covered:
    """What a fault leaves of a collection.

    Without what is optional a run is complete: where the tenant has no licence for it, or its Microsoft Graph no such request, it is
    not to be had.
    """
    name = collection or call.collection
    if BY_NAME[name].is_optional and isinstance(fault, (Unlicensed, NotThere, NotTaken)):
        return Covered(name, UNAVAILABLE, count, str(fault))
    if isinstance(fault, Denied):
        return Covered(name, DENIED, count, f"{fault}; it needs {call.permission}", call.permission)
    if isinstance(fault, NotThere) and call.version == "beta":  # not every cloud has what is still in beta
        return Covered(name, UNAVAILABLE, count, str(fault))
    return Covered(name, PARTIAL if count else FAILED, count, str(fault))
