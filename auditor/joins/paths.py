"""Escalation paths of one scope: who starts them, which object they enter by, and what each hop is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from functools import cached_property
from typing import Any, NamedTuple

from auditor.entra.steps import StartKind
from auditor.facts import App, FederatedCredential, ServicePrincipal, Tenant
from auditor.facts.paths import NOTHING_WITHOUT, Hop, Path
from auditor.joins import takeable
from auditor.joins.edges import Edges, id_of
from auditor.paths.graph import TENANT, Node
from auditor.paths.search import Hop as Step
from auditor.paths.search import Search, Way, without
from auditor.paths.words import worded
from auditor.unknown import Unknown, known, whole_or_partial

_IDENTITIES = frozenset(("application", "service principal", "group", "user"))
# Hops of what somebody has himself.
_GIVEN = frozenset(("permission", "delegated-permission", "member", "eligible-member", "role", "eligible-role", "takeover"))
# Hops into an object that the object itself shows, and its repair ends.
_BY_THE_OBJECT = frozenset(("owner", "scoped-role", "eligible-scoped-role", "federation"))
_ISSUERS: dict[str | None, StartKind] = {
    "GitHub": "repository", "GitLab": "repository", "Bitbucket": "repository", "CircleCI": "repository", "Azure DevOps": "pipeline",
    "HCP Terraform": "pipeline", "Kubernetes": "cluster",
}  # fmt: skip


class Choke(NamedTuple):
    """An object whose repair ends paths: of how many starts the cheapest path goes over it, and how many have none without it."""

    node: Node
    on: int
    cuts: int


class Paths:
    """Of one world."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self.edges = Edges(world)

    # -- for facts

    def of(self, one: App | ServicePrincipal) -> Path | Unknown | None:
        """The cheapest path of an object itself; null where it has none."""
        if (nameless := _without_id(one)) is not None:
            return nameless
        way = self.search.of(node_of(one))
        if way is not None and not (isinstance(one, ServicePrincipal) and takeable.is_off(one)):
            return self.path(way, one, "managed identity" if _is_managed(one) else "application")
        return next(iter(self.gaps), None)

    def ways_in(self, one: App | ServicePrincipal | Tenant) -> list[Path] | Unknown:
        """The cheapest paths of all starts that enter by an object: it is where they can be ended."""
        if not isinstance(one, Tenant) and (nameless := _without_id(one)) is not None:
            return nameless
        if not any(self._world.known.has(of) for of in NOTHING_WITHOUT):
            missing: Unknown = self._world.missing(NOTHING_WITHOUT[0])
            return missing
        found = [self.path(way, one, kind) for kind, way in self._entering.get(node_of(one), ())]
        return whole_or_partial(found, next(iter(self.gaps), None))

    @cached_property
    def search(self) -> Search:
        return self.search_for(TENANT)

    def search_for(self, end: Node, *, cut: Collection[tuple[Node, Node]] = (), excluded: Collection[Node] = ()) -> Search:
        """The cheapest paths to a node, without the hops that are cut, and without some nodes."""
        return Search(without(self.edges.into, cut) if cut else self.edges.into, end, excluded=excluded)

    def into(self, node: Node) -> set[Node]:
        """From where a hop leads to a node."""
        return {edge.source for edge in without(self.edges.into, ())(node)}

    @property
    def gaps(self) -> list[Unknown]:
        """What was not read, for which there may be more paths."""
        assert self.search is not None
        return self.edges.gaps

    @cached_property
    def _entering(self) -> dict[Node, list[tuple[StartKind, Way]]]:
        found: dict[Node, list[tuple[StartKind, Way]]] = {}
        for way in self.search:
            if (kind := self.start_kind(way)) is not None:
                found.setdefault(_entrance(way), []).append((kind, way))
        return found

    # -- starts

    def start_kind(self, way: Way) -> StartKind | None:
        """What the start of a path is; None of what is no start: a registration, a group, a role, and an application with the
        permissions itself.
        """
        node = way.start
        if node.kind == "user":
            if self.edges.told.is_guest(node.id, self.edges.people.get(node.id, ())):
                return "guest"
            if self._is_administrator(node.id):
                return "administrator"
            return "disabled user" if self.edges.told.is_disabled(node.id) else "user"
        if node.kind == "subject":
            return self._subject_kind(node)
        if node.kind != "service principal":
            return None
        principal: ServicePrincipal = self._world.principals_by_id[0][node.id]
        if takeable.is_off(principal):
            return None
        if principal.foreign.__class__ is bool and principal.foreign:
            return "foreign application"
        is_given = all(hop.edge.kind in _GIVEN for hop in way.hops)
        return None if is_given else "managed identity" if _is_managed(principal) else "application"

    def _is_administrator(self, user_id: str) -> bool:
        """Whether he has a role that controls the whole tenant, or can activate one."""
        roles, tenant = self._world.roles, self._world.tenant
        found = [values for values in (roles.held(user_id, tenant), roles.eligible(user_id, tenant)) if not isinstance(values, Unknown)]
        return any(role.takes_over_tenant is True for values in found for role in known(values))

    def _subject_kind(self, node: Node) -> StartKind:
        services = [one.issued_by for one in self.edges.people.get(node.id, ()) if isinstance(one, FederatedCredential)]
        return next((_ISSUERS[service] for service in services if isinstance(service, str) and service in _ISSUERS), "identity")

    # -- what can be ended

    def choke_points(self, ways: list[Way], at_most: int) -> list[Choke]:
        """The objects over which most of these paths go, those first without which most starts have none; a registration and its
        service principal are one.
        """
        over = [
            {self._object(node) for node in way.nodes[1:] if node.kind in ("application", "service principal", "group")} for way in ways
        ]
        counts = Counter(nodes for found in over for nodes in found)
        found = []
        for nodes in sorted(counts, key=lambda nodes: (-counts[nodes], nodes))[:at_most]:
            left = self.search_for(TENANT, excluded=nodes)
            found.append(Choke(nodes[0], counts[nodes], sum(way.start not in nodes and left.of(way.start) is None for way in ways)))
        return sorted(found, key=lambda choke: (-choke.cuts, -choke.on, choke.node))

    def _object(self, node: Node) -> tuple[Node, ...]:
        """A node; of a registration and its service principal both, the registration first."""
        if node.kind == "application":
            principal = self._world.principal(self.edges.apps[node.id][0].app_id)
            return (node, node_of(principal)) if isinstance(principal, ServicePrincipal) and isinstance(principal.id, str) else (node,)
        if node.kind == "service principal":
            app = self._world.principals_by_id[0][node.id].app
            return (node_of(app), node) if isinstance(app, App) and id_of(app) else (node,)
        return (node,)

    # -- paths in words

    def path(self, way: Way, owner: Any, kind: StartKind) -> Path:
        unknown = next((edge.unknown for hop in way.hops for edge in hop if edge.unknown is not None), None)
        over = {hop.target for hop in way.hops if hop.target.kind in _IDENTITIES and hop.edge.kind != "sign-in"}
        made = Path(owner, unknown, self.name(way.start), way.start.id, kind, way.strength.label, len(over))
        made.hops = [self.hop(made, hop) for hop in way.hops]
        return made

    def hop(self, path: Path, hop: Step) -> Hop:
        edge, target = hop.edge, self.name(hop.target)
        proof = next(iter((*edge.proofs, *hop.last.proofs)), None)
        strength = hop.strength.label
        text = worded(edge.kind, hop.target.kind, target, edge.by, strength)
        return Hop(
            path, None if proof is None else proof.document, "" if proof is None else proof.place,
            kind=edge.kind, source=self.name(edge.source), source_id=edge.source.id, target=target, target_id=hop.target.id,
            by=edge.by if edge.kind != "takeover" else "", strength=strength, text=text,
        )  # fmt: skip

    def name(self, node: Node) -> str:
        """What people call a node."""
        if node.kind == "tenant":
            return "the tenant"
        if node.kind == "user":
            return next((name for one in self.edges.people.get(node.id, ()) if (name := _called(one))), node.id)
        if node.kind == "subject":
            return self._subject(node)
        if node.kind in ("application", "service principal"):
            one = self._one(node)
            name = "" if one is None else one.display_name
        elif node.kind == "group":
            name = self._world.roles.group_name(node.id, None)
        else:
            name = self._world.roles.name(node.id)
        return name if isinstance(name, str) and name else node.id

    def names(self, node: Node) -> list[str]:
        """Everything that a node can be called by."""
        found = [node.id, self.name(node)]
        if node.kind in ("application", "service principal"):
            one = self._one(node)
            found += [] if one is None else [one.app_id]
        return [name for name in found if isinstance(name, str)]

    def called(self, name: str) -> list[Node]:
        """The nodes of a name: registrations, service principals, groups, roles, and whoever some object in the input names."""
        wanted = name.casefold()
        if wanted in ("tenant", "the tenant"):
            return [TENANT]
        nodes = [Node("application", id_) for id_ in self.edges.apps]
        nodes += [Node("service principal", id_) for id_ in self._world.principals_by_id[0]]
        nodes += [Node("group", id_) for id_ in self._world.roles.groups[0]]
        everybody = Edges(self._world)  # of their own: what is looked at for a name is no gap of a path
        nodes += everybody.everybody()
        for node_id, told in everybody.people.items():
            self.edges.people.setdefault(node_id, told)
        return [node for node in nodes if wanted in (called.casefold() for called in self.names(node))]

    def _one(self, node: Node) -> Any:
        """The registration or service principal of a node; None where it is not in the input."""
        if node.kind == "application":
            return next(iter(self.edges.apps.get(node.id, ())), None)
        return self._world.principals_by_id[0].get(node.id)

    def _subject(self, node: Node) -> str:
        credential = next((one for one in self.edges.people.get(node.id, ()) if isinstance(one, FederatedCredential)), None)
        github: Any = None if credential is None else credential.github
        if github is not None and not isinstance(github, Unknown) and github.repository:
            return f"{github.organization}/{github.repository}"
        issuer, _, subject = node.id.partition(" ")
        return f"{subject} of {issuer}"


def node_of(one: App | ServicePrincipal | Tenant) -> Node:
    if isinstance(one, Tenant):
        return TENANT
    return Node("application", id_of(one)) if isinstance(one, App) else Node("service principal", one.id)


def _without_id(one: App | ServicePrincipal) -> Unknown | None:
    """Why there is nothing to know it by; null where there is."""
    if id_of(one) if isinstance(one, App) else isinstance(one.id, str) and one.id:
        return None
    return one.id if isinstance(one.id, Unknown) else Unknown("id", "null")


def _entrance(way: Way) -> Node:
    """The object at which a path can be ended: what its first hop leads to, an application of somebody else's itself, or the tenant."""
    first = way.hops[0]
    if first.edge.kind in _BY_THE_OBJECT and first.target.kind in ("application", "service principal"):
        return first.target
    return way.start if way.start.kind == "service principal" else TENANT


def _is_managed(one: App | ServicePrincipal) -> bool:
    return isinstance(one, ServicePrincipal) and one.type.__class__ is str and one.type == "ManagedIdentity"


def _called(one: Any) -> str:
    for attribute in ("user_principal_name", "display_name"):
        name = getattr(one, attribute, None)
        if isinstance(name, str) and name:
            return name
    return ""
