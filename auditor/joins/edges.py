"""Edges of escalation paths, out of everything of one scope. docs/paths.md explains each.

What nobody read is noted: while there is such a gap, "no path" is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from auditor.entra.catalog import CATALOG
from auditor.entra.collections import GROUPS
from auditor.entra.ids import MICROSOFT_GRAPH
from auditor.entra.steps import HopKind
from auditor.facts import App, FederatedCredential, Owner, Permission, ServicePrincipal
from auditor.facts.convert import flag
from auditor.facts.document import Document as FactsDocument
from auditor.joins import takeable
from auditor.joins.roles import Roles
from auditor.joins.takeable import SURE, Condition
from auditor.joins.told import Told
from auditor.joins.within import Belonging
from auditor.paths.graph import TENANT, VIRTUAL, Edge, Node, Strength
from auditor.paths.powers import Power, of_actions, powers
from auditor.sources import Document
from auditor.unknown import Partial, Unknown, Unread, first_unknown, known

_OWNED_ONLY = "Application.ReadWrite.OwnedBy"  # with which a service principal changes the applications that it owns
_ANY_OWNED = frozenset((_OWNED_ONLY, "Application.ReadWrite.All", "Application.ReadUpdate.All", "Directory.ReadWrite.All"))
_OF_GROUPS = frozenset(("Group.ReadWrite.All", "GroupMember.ReadWrite.All", "Directory.ReadWrite.All"))
# Roles that do not protect their holders against a password reset by the roles that may reset only ordinary users.
_UNPROTECTING = frozenset(("Directory Readers", "Guest Inviter", "Message Center Reader", "Reports Reader", "Usage Summary Reports Reader"))
_POSSIBLY = {Node("applications"): Node("possibly applications"), Node("service principals"): Node("possibly service principals")}


class Proof(NamedTuple):
    """Where it stands that a hop is there."""

    document: FactsDocument | None
    place: str = ""


class _Holding(NamedTuple):
    """A role that somebody holds or can activate."""

    holder: str
    row: Any
    document: Document
    eligible: bool


class Edges:
    """Of one world. `gaps`: what is missing of what was asked for so far, each once."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._roles: Roles = world.roles
        self._into: dict[Node, list[Edge]] = {}
        self._gaps: dict[Any, Unknown] = {}
        self._powers: dict[str, list[Power]] = {}  # of a role's definition
        self.people: dict[str, list[Any]] = {}  # object ID of a user -> what says something of him: owners, rows
        self.told = Told(world)

    @property
    def gaps(self) -> list[Unknown]:
        return list(self._gaps.values())

    def into(self, node: Node) -> list[Edge]:
        """The edges that lead to a node."""
        if node not in self._into:
            make = self._by_reach if node.kind in VIRTUAL else getattr(self, "_into_" + node.kind.replace(" ", "_"), None)
            self._into[node] = [] if make is None else list(make(node))
        return self._into[node]

    def _miss(self, *gaps: object) -> None:
        for gap in gaps:
            if isinstance(gap, Unknown):
                self._gaps.setdefault(gap.key, gap)

    def _known(self, values: Any) -> list[Any]:
        """The known part of a list; the rest is a gap."""
        self._miss(values.unknown if isinstance(values, Partial) else values)
        return [] if isinstance(values, Unknown) else list(known(values))

    # -- the end, and what leads to many

    def _into_tenant(self, node: Node) -> Iterator[Edge]:
        yield from self._by_permission(node)
        yield from self._by_delegated_permission()
        yield from self._by_role(node)

    def _by_reach(self, node: Node) -> Iterator[Edge]:
        yield from self._by_permission(node)
        yield from self._by_role(node)

    def _by_permission(self, node: Node) -> Iterator[Edge]:
        for power, principal, document, condition in self._permissions.get(node, ()):
            strength = Strength.certain if node in _POSSIBLY.values() else condition.strength  # there the next edge says so
            hop: HopKind = "permission" if power.hop == "takeover" else power.hop
            yield Edge(hop, _node(principal), node, strength, (Proof(document),), condition.unknown, power.name)

    @cached_property
    def _permissions(self) -> dict[Node, list[tuple[Power, ServicePrincipal, Document, Condition]]]:
        """Application permissions of Microsoft Graph that lead on, by what they reach, and how sure that is."""
        found: dict[Node, list[tuple[Power, ServicePrincipal, Document, Condition]]] = {}
        of_role: dict[str, list[Power]] = {}
        for doc, document in self._assigned_to_graph:
            role_id, holder = doc.app_role_id, doc.principal_id
            if (gap := first_unknown(role_id, holder)) is not None:
                self._miss(gap)
                continue
            if not role_id or not holder:
                continue
            role_id = role_id.lower()
            if role_id not in of_role:
                of_role[role_id] = powers("permission").get(self._role_value(role_id), [])
            for power in of_role[role_id]:
                principal = self._world.principal_by_id(holder)
                self._miss(principal)
                if not isinstance(principal, ServicePrincipal) or _is_microsofts(principal):
                    continue
                if (condition := takeable.enabled(principal)) is not None:
                    condition = condition._replace(strength=max(condition.strength, power.strength))
                    reach = power.reach if condition.strength is Strength.certain else _POSSIBLY.get(power.reach, power.reach)
                    found.setdefault(reach, []).append((power, principal, document, condition))
        return found

    def _role_value(self, role_id: str) -> str:
        definition = self._world.apis.described(MICROSOFT_GRAPH, role_id, "application")
        value = definition.value if isinstance(definition, Permission) else definition
        self._miss(value)
        return value if isinstance(value, str) else ""

    @cached_property
    def _graph(self) -> ServicePrincipal | None:
        found = self._world.principal(MICROSOFT_GRAPH)
        self._miss(found)
        return found if isinstance(found, ServicePrincipal) else None

    @cached_property
    def _assigned_to_graph(self) -> list[Any]:
        if self._graph is None:
            return []
        assigned = self._world.grants.assigned(self._graph)
        if isinstance(assigned, Unknown):
            self._miss(assigned)
            return []
        self._miss(assigned[1])
        return list(assigned[0])

    @cached_property
    def _can_change_owned(self) -> dict[str, set[str]]:
        """Object ID of a service principal -> its permissions by which it may change what it owns."""
        found: dict[str, set[str]] = {}
        values: dict[str, str] = {}
        for doc, _ in self._assigned_to_graph:
            role_id, holder = doc.app_role_id, doc.principal_id
            if isinstance(role_id, str) and isinstance(holder, str):
                value = values.setdefault(role_id.lower(), "") or self._role_value(role_id.lower())
                values[role_id.lower()] = value
                if value in _ANY_OWNED or value in _OF_GROUPS:
                    found.setdefault(holder.lower(), set()).add(value)
        return found

    def _by_delegated_permission(self) -> Iterator[Edge]:
        """Everybody has consented: an application acts as an administrator who signs in to it."""
        found = [] if self._graph is None else self._world.grants.for_everybody(self._graph)
        if isinstance(found, Unknown):
            self._miss(found)
            return
        if not found:
            return
        grants, gap = found
        self._miss(gap)
        wanted = powers("delegated")
        for doc, document in grants:
            self._miss(doc.scope, doc.client_id)
            if not isinstance(doc.scope, str) or not isinstance(doc.client_id, str):
                continue
            values = [value for value in doc.scope.split() if value in wanted]
            principal = self._world.principal_by_id(doc.client_id) if values else None
            self._miss(principal)
            if isinstance(principal, ServicePrincipal) and not _is_microsofts(principal) and not takeable.is_off(principal):
                proofs = (Proof(document, "/scope"),)
                yield Edge("delegated-permission", _node(principal), TENANT, Strength.possible, proofs, by=", ".join(values))

    # -- directory roles

    def _by_role(self, node: Node) -> Iterator[Edge]:
        """Roles, held over the whole tenant, that reach something. Who holds them is asked for later."""
        for definition_id, found in self._role_powers.items():
            for power in found:
                reach = power.reach if power.strength is Strength.certain or node == TENANT else _POSSIBLY.get(power.reach, power.reach)
                if reach == node:
                    strength = power.strength if node == TENANT else Strength.certain
                    yield Edge(power.hop, Node("role", definition_id), node, strength, by=power.name)

    @cached_property
    def _role_powers(self) -> dict[str, list[Power]]:
        """Definition ID of each role that somebody holds or can activate -> what it lets him do."""
        ids = dict.fromkeys(holding.row.role_definition_id.lower() for held in self._by_definition.values() for holding in held)
        return {id_: found for id_ in ids if (found := self._powers_of(id_))}

    def _powers_of(self, definition_id: str) -> list[Power]:
        if definition_id not in self._powers:
            self._powers[definition_id] = self._allowed(definition_id)
        return self._powers[definition_id]

    def _allowed(self, definition_id: str) -> list[Power]:
        if definition_id in CATALOG.roles:
            return powers("role").get(definition_id, [])
        found = self._roles.definition(definition_id)
        self._miss(found)
        if found is None or isinstance(found, Unknown) or found.is_built_in is True or found.is_enabled is False:
            return []
        try:
            return of_actions(str(action) for part in found.role_permissions or () for action in part.allowed_resource_actions or ())
        except Unread as unread:
            self._miss(unread.unknown)
            return []

    @cached_property
    def _by_definition(self) -> dict[tuple[str, str], list[_Holding]]:
        """(definition ID, what it is held over: '' for the whole tenant, else an object ID) -> who holds it."""
        found: dict[tuple[str, str], list[_Holding]] = {}
        for rows, eligible in ((self._roles.assignments, False), (self._roles.eligibilities, True)):
            self._miss(rows.gap)
            for holder, given in rows.by_id.items():
                for row, document in given:
                    definition, scope = row.role_definition_id, row.directory_scope_id
                    if (gap := first_unknown(definition, scope)) is not None:
                        self._miss(gap)
                    elif definition and scope:
                        found.setdefault((definition.lower(), _scope_of(scope)), []).append(_Holding(holder, row, document, eligible))
                    elif not row.app_scope_id:  # a scope in one application's own terms leads nowhere
                        self._miss(Unknown("directoryScopeId" if definition else "roleDefinitionId", "null"))
        return found

    def _into_role(self, node: Node) -> Iterator[Edge]:
        yield from self._held(node.id, "", node, "role", "eligible-role")

    def _held(self, definition_id: str, over: str, target: Node, hop: HopKind, eligible: HopKind, of: Condition = SURE) -> Iterator[Edge]:
        for holding in self._by_definition.get((definition_id, over), ()):
            holder = self._node_of(holding.holder, holding.row.principal)
            if holder is not None:
                strength = max(of.strength, self._activation(definition_id) if holding.eligible else Strength.certain)
                by = "" if target.kind == "role" else str(self._roles.name(definition_id))
                yield Edge(eligible if holding.eligible else hop, holder, target, strength, (Proof(holding.document),), of.unknown, by)

    def _activation(self, definition_id: str) -> Strength:
        """What it takes to activate a role: where it is not known whether that needs approval, it counts as if it did not."""
        return Strength.needs_approval if self._roles.needs_approval(definition_id) is True else Strength.eligible

    def _scoped(self, node: Node, reach: str, condition: Condition) -> Iterator[Edge]:
        """Roles that are held over one application or service principal alone."""
        for definition_id, over in self._by_definition:
            if over == node.id and any(power.reach.kind == reach for power in self._powers_of(definition_id)):
                yield from self._held(definition_id, over, node, "scoped-role", "eligible-scoped-role", condition)

    # -- groups

    def _into_group(self, node: Node) -> Iterator[Edge]:
        given = self._roles.groups[0].get(node.id)
        belong: tuple[tuple[HopKind, Any], ...] = (
            ("member", self._roles.members), ("owner", self._roles.owners), ("eligible-member", self._roles.activated),
        )  # fmt: skip
        for hop, groups in belong:
            self._miss(groups.gap)
            for one in groups.of_parent.get(node.id, ()):
                yield from self._belongs(one, node, hop)
        if given is None:
            self._miss(Unknown(GROUPS.name, "a group that leads on is not among them", collection=True))
            return
        assignable: Any = flag(given[0].is_assignable_to_role)
        self._miss(assignable)
        if not isinstance(assignable, Unknown):
            yield Edge("add-member", Node("role groups" if assignable else "other groups"), node)

    def _belongs(self, one: Belonging, group: Node, hop: HopKind) -> Iterator[Edge]:
        holder = self._node_of(one.id, one.told)
        if holder is None:
            return
        strength = Strength.eligible if hop == "eligible-member" else Strength.certain
        if hop == "owner" and holder.kind == "service principal" and not self._can_change_owned.get(holder.id, set()) & _OF_GROUPS:
            strength = Strength.possible
        yield Edge(hop, holder, group, strength, (Proof(one.document, one.place),))

    # -- applications

    def _into_application(self, node: Node) -> Iterator[Edge]:
        for number, app in enumerate(self.apps.get(node.id, ())):  # of one that was read twice, what one of them says
            if takeable.is_off(app):
                return
            condition = takeable.registration(app)
            if condition is not None:
                yield from self._owned(app, node, condition)
                if number == 0:
                    yield from self._reached("applications", node, condition)
                    yield from self._scoped(node, "applications", condition)
            for credential in self._known(app.federated_credentials):
                yield from self._trusted(credential, node)

    def _into_service_principal(self, node: Node) -> Iterator[Edge]:
        principal: ServicePrincipal | None = self._world.principals_by_id[0].get(node.id)
        if principal is None or (runs := takeable.enabled(principal)) is None:
            return
        app: Any = principal.app if not _is_microsofts(principal) else None
        self._miss(app)
        if isinstance(app, App) and (id_ := id_of(app)):
            if not isinstance(app.id, str) or not app.id:
                self._miss(app.id if isinstance(app.id, Unknown) else Unknown("id", "null"))  # roles over it alone cannot be told
            yield Edge("sign-in", Node("application", id_), node, runs.strength, (Proof(principal.document, "/appId"),), runs.unknown)
        condition = takeable.service_principal(principal)
        if condition is not None:
            yield from self._owned(principal, node, condition)
            yield from self._reached("service principals", node, condition)
            yield from self._scoped(node, "service principals", condition)

    @staticmethod
    def _reached(reach: Any, node: Node, condition: Condition) -> Iterator[Edge]:
        """From what reaches all of a kind."""
        yield Edge("add-credential", Node(reach), node, condition.strength, (), condition.unknown)
        yield Edge("add-credential", _POSSIBLY[Node(reach)], node, Strength.possible, (), condition.unknown)

    def _owned(self, one: App | ServicePrincipal, node: Node, condition: Condition) -> Iterator[Edge]:
        for owner in self._known(one.owners):
            owner_id, kind = owner.id, owner.kind
            self._miss(owner_id, kind)
            if not isinstance(owner_id, str) or not isinstance(kind, str):
                continue
            strength = condition.strength
            if kind == "servicePrincipal":
                source = self._node_of(owner_id, owner)
                if source is not None and not self._can_change_owned.get(owner_id, set()) & _ANY_OWNED:
                    strength = Strength.possible  # Microsoft Graph asks for a permission besides
            else:
                source = Node("user", owner_id)
                self._note(owner_id, owner)
            if source is not None:
                yield Edge("owner", source, node, strength, (Proof(*owner.origin()),), condition.unknown)

    def _trusted(self, credential: FederatedCredential, node: Node) -> Iterator[Edge]:
        """Whose tokens a federated credential takes."""
        never = (credential.issuer_problem, credential.subject_problem, credential.untrimmed)
        if any(value.__class__ in (str, bool) and value for value in never):
            return
        proofs = (Proof(*credential.origin()),)
        identity = credential.managed_identity
        if isinstance(identity, ServicePrincipal):
            if isinstance(identity.id, str) and takeable.enabled(identity) is not None:
                yield Edge("federation", _node(identity), node, proofs=proofs)
            return
        subject, issuer = credential.subject, credential.issuer
        self._miss(subject, issuer)
        if isinstance(issuer, str) and not isinstance(subject, Unknown):
            expression = credential.claims_expression if subject is None else subject
            self._miss(expression)
            if isinstance(expression, str):
                source = Node("subject", f"{issuer} {expression}")
                self.people.setdefault(source.id, []).append(credential)
                yield Edge("federation", source, node, proofs=proofs)

    # -- users

    def _into_user(self, node: Node) -> Iterator[Edge]:
        """Their passwords, which lesser administrators reset of those alone who hold no role that protects them."""
        if self.told.is_disabled(node.id):
            return
        held = [row for row, _ in self._roles.assignments.by_id.get(node.id, ())]
        names = [self._roles.name(row.role_definition_id.lower()) for row in held if isinstance(row.role_definition_id, str)]
        if any(isinstance(name, str) and name not in _UNPROTECTING for name in names):
            return
        groups = {*self._roles.members.by_id.get(node.id, ()), *self._roles.owners.by_id.get(node.id, ())}
        assignable = [flag(self._roles.groups[0][group][0].is_assignable_to_role) for group in groups]
        if any(one is True for one in assignable):
            return  # members and owners of groups that can hold roles are protected
        unknown = first_unknown(self._roles.assignments.gap, self._roles.members.gap, self._roles.owners.gap, *names, *assignable)
        yield Edge("reset-password", Node("users"), node, Strength.certain if unknown is None else Strength.possible, (), unknown)
        for definition_id, over in self._by_definition:
            if over.startswith("/") and any(power.reach.kind == "users" for power in self._powers_of(definition_id)):
                possibly = Condition(Strength.possible)  # who belongs to an administrative unit is not read
                yield from self._held(definition_id, over, node, "scoped-role", "eligible-scoped-role", possibly)

    # -- who somebody is

    @cached_property
    def apps(self) -> dict[str, list[App]]:
        """Registrations by `id_of`: all that were read of each."""
        found: dict[str, list[App]] = {}
        for app in self._world.apps:
            if id_ := id_of(app):
                found.setdefault(id_, []).append(app)
        return found

    def _node_of(self, object_id: str, told: Any) -> Node | None:
        """The node of an object ID. None, and a gap, where it is not known what it is; None of one that gets no tokens."""
        kind = told.kind if isinstance(told, Owner) else self._roles.kind(object_id, None if isinstance(told, Unknown) else told)
        if isinstance(kind, Unknown):
            self._miss(kind)
            return None
        if kind == "user":
            self._note(object_id, told)
            return Node("user", object_id)
        if kind == "group":
            return Node("group", object_id)
        principal = self._world.principal_by_id(object_id)
        self._miss(principal)
        if not isinstance(principal, ServicePrincipal) or takeable.is_off(principal):
            return None
        return _node(principal)

    def everybody(self) -> list[Node]:
        """The roles that somebody holds, and the users and subjects that objects name, as far as a path may begin with them."""
        roles = [Node("role", definition_id) for definition_id in dict.fromkeys(definition_id for definition_id, _ in self._by_definition)]
        apps = [Node("application", id_) for id_ in self.apps]
        principals = [Node("service principal", id_) for id_ in self._world.principals_by_id[0]]
        for node in (*roles, *apps, *principals, *(Node("group", id_) for id_ in self._roles.groups[0])):
            self.into(node)
        return roles + [Node("subject" if isinstance(told[0], FederatedCredential) else "user", id_) for id_, told in self.people.items()]

    def _note(self, user_id: str, told: Any) -> None:
        if told is not None and not isinstance(told, Unknown):
            self.people.setdefault(user_id, []).append(told)


def id_of(app: App) -> str:
    """By what a registration is known: its object ID, else its application ID; '' without both."""
    return next((id_ for id_ in (app.id, app.app_id) if isinstance(id_, str) and id_), "")


def _node(principal: ServicePrincipal) -> Node:
    return Node("service principal", principal.id)


def _is_microsofts(principal: ServicePrincipal) -> bool:
    value = principal.first_party
    return value.__class__ is bool and value


def _scope_of(scope: str) -> str:
    """'' for the whole tenant, the object ID of one object, or the path of something else (an administrative unit)."""
    if scope == "/":
        return ""
    inside = scope.strip("/").lower()
    return f"/{inside}" if "/" in inside else inside
