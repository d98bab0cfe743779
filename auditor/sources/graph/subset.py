"""Selected registrations of a tenant and the objects linked to them, looked up one by one instead of in whole lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from urllib.parse import quote

import msgspec

from auditor.entra.collections import ASSIGNED_TO, BY_NAME
from auditor.entra.ids import is_guid
from auditor.errors import UNDECODABLE, UsageError
from auditor.sources.coverage import PARTIAL, SELECTED, Covered
from auditor.sources.graph import plan as calls
from auditor.sources.graph.client import Graph
from auditor.sources.graph.faults import GraphFault, NotTaken, NotThere
from auditor.sources.graph.load import Loader, in_groups, refused_by
from auditor.sources.graph.plan import Call, Plan
from auditor.sources.graph.sink import Objects, ProgressCallback

_LINKS = tuple(call for call in calls.CALLS if BY_NAME[call.collection].is_link)  # they stand alone
_WHY = "only some registrations were asked for"


class _Resource(msgspec.Struct, rename="camel"):
    resource_app_id: str | None = None


class _Client(msgspec.Struct, rename="camel"):
    app_id: str | None = None


class _Api(msgspec.Struct, rename="camel"):
    pre_authorized_applications: list[_Client] | None = None
    known_client_applications: list[str] | None = None


class _App(msgspec.Struct, rename="camel"):
    id: str
    app_id: str
    required_resource_access: list[_Resource] | None = None
    api: _Api | None = None


class _Principal(msgspec.Struct, rename="camel"):
    id: str
    app_id: str


class _Link(msgspec.Struct, rename="camel"):
    resource_id: str | None = None


_app = msgspec.json.Decoder(_App).decode
_principal = msgspec.json.Decoder(_Principal).decode
_link = msgspec.json.Decoder(_Link).decode


class SubsetLoader(Loader):
    """Reads these registrations (by app id or object id), and those that a filter takes."""

    def __init__(self, graph: Graph, plan: Plan, apps: Iterable[str], filter_: str, progress: ProgressCallback | None = None) -> None:
        super().__init__(graph, plan, progress)
        self._asked, self._filter = [app.lower() for app in apps], filter_
        for app in self._asked:
            if not is_guid(app):
                raise UsageError(f"--app {app}: give an application (client) id or an object id; by name: --filter \"displayName eq '…'\"")

    async def _read(self) -> None:
        """Raises GraphFault when none of them is there."""
        try:
            await self._read_some()
        except UNDECODABLE as error:
            raise GraphFault(f"an object linked to these registrations cannot be read: {error}") from None

    async def _read_some(self) -> None:
        apps = [_app(raw) for raw in await self._applications_asked_for()]
        ids = sorted(app.id for app in apps)
        own = await self._principals_of(apps) if calls.PRINCIPALS in self._plan else []
        resources: set[str] = set()
        for call, of, url in (
            (calls.GRANTS, own, calls.GRANTS_OF_ONE.url),
            (calls.ASSIGNED_TO, own, calls.ASSIGNMENTS_OF_ONE.url),
            (calls.OWNERS, ids, calls.OWNERS_OF_ONE.url),
            (calls.PRINCIPAL_OWNERS, own, calls.PRINCIPAL_OWNERS_OF_ONE.url),
            (calls.FEDERATED, ids, calls.FEDERATED.url),
        ):
            if call in self._plan:
                members = await self._belonging(call, of, url)
                resources |= {link for _, raw in members if call in _LINKS and (link := _link(raw).resource_id)}
        if calls.ASSIGNED_TO in self._plan:
            read = await self._belonging(calls.ASSIGNED_TO, own, calls.ASSIGNED_TO.url, ASSIGNED_TO.name)
            resources |= {link for _, raw in read if (link := _link(raw).resource_id)}
        known = self._seen.get(calls.PRINCIPALS.collection, set())
        await self._principals_by({id_: f"/v1.0/servicePrincipals/{id_}" for id_ in sorted(resources - known)})
        for call in self._plan.calls:
            collection = BY_NAME[call.collection]
            if call in calls.SINGLES:
                await self._cover(call, partial(self._single, call))
            elif collection.is_short:
                await self._cover(call, partial(self._each_of if collection.is_of_each else self._chain, call))
            elif call.collection not in self._found:
                self._found[call.collection] = Covered(call.collection, SELECTED, reason=_WHY)

    async def _applications_asked_for(self) -> list[bytes]:
        """By app id, else by object id; and by the filter."""
        call, query = calls.APPLICATIONS, calls.APPLICATIONS.query.partition("&$top")[0]
        by_app_id = await self._batches({app: f"/v1.0/applications(appId='{app}')?{query}" for app in self._asked}, call)
        left = [app for app, answer in by_app_id.items() if isinstance(answer, NotThere)]
        by_id = await self._batches({app: f"/v1.0/applications/{app}?{query}" for app in left}, call)
        found = [answer for answer in (by_app_id | by_id).values() if isinstance(answer, bytes)]
        for app, answer in (by_app_id | by_id).items():
            if isinstance(answer, GraphFault):
                what = "no registration has this app id or object id" if isinstance(answer, NotThere) else str(answer)
                raise GraphFault(f"--app {app}: {what}")
        if self._filter:
            taken = quote(self._filter, safe="$(),;/=:'")
            url = call.url(query=f"{call.query}&$filter={taken}")
            try:
                found += [bytes(raw) async for page in self._graph.pages(url, call.collection) for raw in page.value]
            except NotTaken:  # as an advanced query, then
                pages = self._graph.pages(f"{url}&$count=true", call.collection, advanced=True)
                found += [bytes(raw) async for page in pages for raw in page.value]
            if not found:
                raise GraphFault(f"--filter {self._filter}: no registration meets it")
        self._took(call, [("", raw) for raw in found])
        self._found[call.collection] = Covered(call.collection, SELECTED, self._counts.get(call.collection, 0), _WHY)
        return found

    async def _principals_of(self, apps: list[_App]) -> list[str]:
        """Reads the service principals of these registrations and of the APIs and clients that they name. Returns ids of the former."""
        wanted = {app.app_id.lower() for app in apps}
        for app in apps:
            wanted |= {(resource.resource_app_id or "").lower() for resource in app.required_resource_access or ()}
            if app.api is not None:
                wanted |= {(client.app_id or "").lower() for client in app.api.pre_authorized_applications or ()}
                wanted |= {client.lower() for client in app.api.known_client_applications or ()}
        found = await self._principals_by({i: f"/v1.0/servicePrincipals(appId='{i}')" for i in sorted(wanted) if is_guid(i)})
        own = {app.app_id.lower() for app in apps}
        return sorted(one.id for one in map(_principal, found) if one.app_id.lower() in own)

    async def _principals_by(self, urls: dict[str, str]) -> list[bytes]:
        call = calls.PRINCIPALS
        answers = await self._batches({key: f"{url}?{call.query.partition('&$top')[0]}" for key, url in urls.items()}, call)
        if any(isinstance(answer, NotTaken) for answer in answers.values()):
            answers = await self._batches({key: f"{url}?{call.poorer.partition('&$top')[0]}" for key, url in urls.items()}, call)
        found = [answer for answer in answers.values() if isinstance(answer, bytes)]
        self._took(call, [("", raw) for raw in found])
        before = self._found.get(call.collection) or Covered(call.collection, SELECTED, reason=_WHY)
        before.absent += [key for key, answer in answers.items() if isinstance(answer, NotThere)]
        before.count += len(found)
        self._found[call.collection] = before
        fault = next((answer for answer in answers.values() if isinstance(answer, GraphFault) and not isinstance(answer, NotThere)), None)
        if fault is not None:
            before.status, before.reason = PARTIAL, str(fault)
        return found

    async def _belonging(self, call: Call, ids: list[str], url: Callable[[str], str], collection: str = "") -> Objects:
        """What belongs to each of some objects."""
        answers = await self._batches({id_: url(id_) for id_ in ids}, call)
        found: Objects = []
        for id_, answer in answers.items():
            if isinstance(answer, bytes):
                found += [("" if call in _LINKS else id_, raw) for _, raw in await self._of_one(call, id_, answer)]
        self._took(call, found)
        fault = next((answer for answer in answers.values() if isinstance(answer, GraphFault)), None)
        name = collection or call.collection
        covered = Covered(name, SELECTED, len(found), _WHY, read=[id_ for id_, answer in answers.items() if isinstance(answer, bytes)])
        if fault is not None:
            refused = refused_by(call, fault, len(found))
            covered.status, covered.reason, covered.permission = refused.status, refused.reason, refused.permission
        self._found[name] = covered
        return found

    async def _batches(self, urls: dict[str, str], call: Call) -> dict[str, bytes | GraphFault]:
        answers: dict[str, bytes | GraphFault] = {}
        for group in in_groups(list(urls)):
            answers |= await self._graph.batch({key: urls[key] for key in group}, call.collection)
        return {key: answers[key] for key in urls}

    def _took(self, call: Call, objects: Objects) -> None:
        self._pass_on(call.collection, call, objects, None, [])
