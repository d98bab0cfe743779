"""Directory roles: which principal holds which, directly or by a group, and which it can activate.

An assignment to a group concerns its members. A group that can hold roles has no groups among its members, so nothing is nested. Where
members of such a group are not known, anybody may be one: then nobody's roles are wholly known.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple, cast

from auditor.entra.catalog import CATALOG, Privilege, RoleTemplate
from auditor.entra.collections import (
    ADMINISTRATIVE_UNITS,
    GROUP_ELIGIBILITY,
    GROUP_MEMBERS,
    GROUP_OWNERS,
    GROUPS,
    ROLE_ASSIGNMENTS,
    ROLE_DEFINITIONS,
    ROLE_ELIGIBILITY,
    ROLE_POLICIES,
    Collection,
)
from auditor.facts import Fact, Group, Role, ServicePrincipal
from auditor.facts.convert import text
from auditor.joins.lookups import Lookups
from auditor.joins.within import Belonging, Belongings, Given, belongings, by_id
from auditor.sources.coverage import UNAVAILABLE
from auditor.unknown import Unknown, Unread, first_unknown, whole_or_partial

_TYPES = {"#microsoft.graph.user": "user", "#microsoft.graph.group": "group", "#microsoft.graph.serviceprincipal": "servicePrincipal"}
_AGENT = "#microsoft.graph.agent"  # agent identities and their blueprints' principals are service principals
# Actions by which whoever holds a custom role signs in as any application: it adds a credential to it, or itself as its owner.
_TAKE_OVER = ("credentials/update", "owners/update", "allproperties/update", "allproperties/alltasks")
_APPROVAL = "Approval_EndUser_Assignment"  # Microsoft's ID of the rule on approval of an activation
_OF_APPLICATIONS = ("microsoft.directory/applications", "microsoft.directory/serviceprincipals")


class _Rows(NamedTuple):
    """Assignments or eligibilities by object id, in lower case; and why there may be more."""

    by_id: dict[str, list[Given]]
    gap: Unknown | None


class Roles:
    """Of one world."""

    def __init__(self, lookups: Lookups, documents: Mapping[Collection, list[Given]]) -> None:
        self._lookups, self._known, self._documents = lookups, lookups.known, documents

    # -- of one principal

    def held(self, object_id: str, owner: Fact) -> list[Role] | Unknown:
        """Those that it holds now, directly or as a member of a group."""
        if not self._known.has(ROLE_ASSIGNMENTS):
            return self._known.missing(ROLE_ASSIGNMENTS)
        if isinstance(object_id, Unknown):
            return object_id
        rows, groups = self.assignments, self.members
        bearing = self._bearers(rows)
        found = self._made(rows, object_id, owner)
        for group in groups.by_id.get(object_id, ()):
            found += self._made(rows, group, owner, group)
        return whole_or_partial(
            found, first_unknown(rows.gap, bearing if isinstance(bearing, Unknown) else groups.gap if bearing else None)
        )

    def eligible(self, object_id: str, owner: Fact) -> list[Role] | Unknown:
        """Those that it can activate: itself, by a group whose members can, or by a membership that it can activate."""
        if not self._is_told(ROLE_ELIGIBILITY):
            return self._known.missing(ROLE_ELIGIBILITY)
        if isinstance(object_id, Unknown):
            return object_id
        rows, held, groups = self.eligibilities, self.assignments, self.members
        found = self._made(rows, object_id, owner, eligible=True)
        for group in groups.by_id.get(object_id, ()):
            found += self._made(rows, group, owner, group, eligible=True)
        for group in self.activated.by_id.get(object_id, ()):
            found += self._made(rows, group, owner, group, eligible=True) + self._made(held, group, owner, group, eligible=True)
        bearing = [self._bearers(rows), self._bearers(held)]
        gap = first_unknown(rows.gap, *bearing)
        if gap is None and any(bearing):
            gap = first_unknown(groups.gap, self.activated.gap)
        return whole_or_partial(found, gap)

    def assigned_to(self, object_id: str, owner: Fact) -> list[Role] | Unknown:
        """Those that are assigned to an object itself."""
        return self._assigned(ROLE_ASSIGNMENTS, object_id, owner)

    def activated_by(self, object_id: str, owner: Fact) -> list[Role] | Unknown:
        """Those for which an object itself is eligible."""
        return self._assigned(ROLE_ELIGIBILITY, object_id, owner)

    def _assigned(self, of: Collection, object_id: str, owner: Fact) -> list[Role] | Unknown:
        if not self._is_told(of):
            return self._known.missing(of)
        if isinstance(object_id, Unknown):
            return object_id
        rows = self.assignments if of is ROLE_ASSIGNMENTS else self.eligibilities
        return whole_or_partial(self._made(rows, object_id, owner, eligible=of is ROLE_ELIGIBILITY), rows.gap)

    def member_of(self, object_id: str, owner: Fact) -> list[Group] | Unknown:
        """The groups that can hold roles of which it is a member."""
        return self._groups_of(GROUP_MEMBERS, self.members, object_id, owner)

    def owner_of(self, object_id: str, owner: Fact) -> list[Group] | Unknown:
        """The groups that can hold roles of which it is an owner."""
        return self._groups_of(GROUP_OWNERS, self.owners, object_id, owner)

    def _groups_of(self, of: Collection, groups: Belongings, object_id: str, owner: Fact) -> list[Group] | Unknown:
        if not self._known.has(GROUPS):
            return self._known.missing(GROUPS)
        if isinstance(object_id, Unknown):
            return object_id
        made = [Group(*self.groups[0][id_][:1], owner, "", document=self.groups[0][id_][1]) for id_ in groups.by_id.get(object_id, ())]
        return whole_or_partial(made, first_unknown(groups.gap, self.groups[1]))

    def needs_approval(self, definition_id: str) -> bool | Unknown:
        """Whether somebody else has to approve its activation over the whole tenant."""
        rules, gap = self._approvals
        found = rules.get(definition_id)
        return found if found is not None else gap if gap is not None else False

    @cached_property
    def _approvals(self) -> tuple[dict[str, bool | Unknown], Unknown | None]:
        """Definition ID -> whether its activation needs approval."""
        found: dict[str, bool | Unknown] = {}
        gap = self._missing(ROLE_POLICIES)
        for row, _ in self._documents[ROLE_POLICIES]:
            if isinstance(row.role_definition_id, Unknown):
                gap = first_unknown(gap, row.role_definition_id)
            elif row.role_definition_id:
                try:
                    rules = row.policy.rules if row.policy is not None else ()
                    settings = [rule.setting for rule in rules or () if rule.id == _APPROVAL]
                    found[row.role_definition_id.lower()] = any(one.is_approval_required for one in settings if one is not None)
                except Unread as unread:
                    found[row.role_definition_id.lower()] = unread.unknown
        return found, gap

    # -- of many

    def all(self, owner: Fact) -> list[Role] | Unknown:
        """Every assignment, as it was made."""
        if not self._known.has(ROLE_ASSIGNMENTS):
            return self._known.missing(ROLE_ASSIGNMENTS)
        rows = self.assignments
        return whole_or_partial([role for id_ in rows.by_id for role in self._made(rows, id_, owner)], rows.gap)

    def over(self, object_id: str, owner: Fact) -> list[Role] | Unknown:
        """Those that are held over one object: a registration, a service principal."""
        if not self._known.has(ROLE_ASSIGNMENTS):
            return self._known.missing(ROLE_ASSIGNMENTS)
        if isinstance(object_id, Unknown):
            return object_id
        rows, gap = self._by_scope
        return whole_or_partial([Role(owner, document, row, "", eligible=False) for row, document in rows.get(object_id, ())], gap)

    # -- what a role is

    def name(self, definition_id: str) -> str | Unknown:
        template = self._template(definition_id)
        if template is not None:
            return template.name
        found = self.definition(definition_id)
        return found if isinstance(found, Unknown) else "" if found is None else cast("str | Unknown", text(found.display_name))

    def is_built_in(self, definition_id: str) -> bool | Unknown:
        if self._template(definition_id) is not None:
            return True
        found = self.definition(definition_id)
        return found if isinstance(found, Unknown) else found is not None and bool(found.is_built_in)

    def privilege(self, definition_id: str) -> Privilege | Unknown:
        template = self._template(definition_id)
        if template is not None:
            return template.privilege
        found = self.definition(definition_id)
        if isinstance(found, Unknown):
            return found
        if found is None or found.is_built_in is True:
            return "unrated"
        try:
            actions = [str(action).lower() for part in found.role_permissions or () for action in part.allowed_resource_actions or ()]
        except Unread as unread:
            return unread.unknown
        return "tier 0" if any(action.startswith(_OF_APPLICATIONS) and action.endswith(_TAKE_OVER) for action in actions) else "unrated"

    def reach(self, definition_id: str) -> str | Unknown:
        template = self._template(definition_id)
        if template is not None:
            return template.reach
        privilege = self.privilege(definition_id)
        if isinstance(privilege, Unknown):
            return privilege
        return "adds a credential or an owner to any application and signs in as it" if privilege == "tier 0" else ""

    def _template(self, definition_id: str | Unknown) -> RoleTemplate | None:
        if isinstance(definition_id, Unknown):
            raise Unread(definition_id)
        return CATALOG.roles.get(definition_id)

    def definition(self, definition_id: str) -> Any:
        """A custom role, or one of Microsoft's that the catalog does not know."""
        return self._found(ROLE_DEFINITIONS, self._definitions, definition_id)

    def _found(self, of: Collection, given: tuple[dict[str, Given], Unknown | None], id_: str) -> Any:
        found: Any = self._lookups.find(of, given, id_)
        return found if found is None or isinstance(found, Unknown) else found[0]

    @cached_property
    def _definitions(self) -> tuple[dict[str, Given], Unknown | None]:
        return by_id(self._documents[ROLE_DEFINITIONS])

    def unit_name(self, unit_id: str) -> str | Unknown:
        found = self._found(ADMINISTRATIVE_UNITS, self._units, unit_id)
        return found if isinstance(found, Unknown) else "" if found is None else found.display_name or ""

    @cached_property
    def _units(self) -> tuple[dict[str, Given], Unknown | None]:
        return by_id(self._documents[ADMINISTRATIVE_UNITS])

    # -- who somebody is

    def kind(self, object_id: str | Unknown, told: Any) -> str | Unknown:
        """user, group or servicePrincipal. `told`: what came with the assignment."""
        stated = getattr(told, "odata_type", None) if not isinstance(told, Unknown) and told is not None else None
        if isinstance(stated, str):
            return "servicePrincipal" if stated.lower().startswith(_AGENT) else _TYPES.get(stated.lower(), "user")
        if isinstance(object_id, Unknown):
            return object_id
        if isinstance(found := self._lookups.principal_by_id(object_id), ServicePrincipal):
            return "servicePrincipal"
        if object_id in self.groups[0]:
            return "group"
        gap = first_unknown(found, self.groups[1])
        return "user" if gap is None else gap

    def group_name(self, group_id: str, told: Any) -> str | Unknown:
        if group_id in self.groups[0]:
            return cast("str | Unknown", text(self.groups[0][group_id][0].display_name))
        name = getattr(told, "display_name", None) if not isinstance(told, Unknown) else told
        return self._known.missing(GROUPS) if name is None else name

    # -- indexes

    def _made(self, rows: _Rows, object_id: str, owner: Fact, group: str = "", *, eligible: bool = False) -> list[Role]:
        return [Role(owner, document, row, group, eligible=eligible) for row, document in rows.by_id.get(object_id, ())]

    def _is_told(self, of: Collection) -> bool:
        """Whether anything of it was read; a tenant without the licence for it has none."""
        return self._known.has(of) or self._is_none(of)

    def _is_none(self, of: Collection) -> bool:
        covered = self._known.info.of(of.name) if self._known.info is not None else None
        return covered is not None and covered.status == UNAVAILABLE

    def _missing(self, *collections: Collection) -> Unknown | None:
        return self._known.first_missing(*(of for of in collections if not self._is_none(of)))

    @cached_property
    def assignments(self) -> _Rows:
        return self._rows(ROLE_ASSIGNMENTS)

    @cached_property
    def eligibilities(self) -> _Rows:
        return self._rows(ROLE_ELIGIBILITY)

    def _rows(self, of: Collection) -> _Rows:
        found: dict[str, list[Given]] = {}
        gap = self._missing(of)
        for row, document in self._documents[of]:
            if isinstance(row.principal_id, Unknown):
                gap = first_unknown(gap, row.principal_id)
            elif row.principal_id:
                found.setdefault(row.principal_id.lower(), []).append((row, document))
        return _Rows(found, gap)

    @cached_property
    def _by_scope(self) -> tuple[dict[str, list[Given]], Unknown | None]:
        found: dict[str, list[Given]] = {}
        gap = self.assignments.gap
        for given in (given for rows in self.assignments.by_id.values() for given in rows):
            scope = given[0].directory_scope_id
            if isinstance(scope, Unknown):
                gap = first_unknown(gap, scope)
            elif scope and scope != "/":
                found.setdefault(scope.rpartition("/")[2].lower(), []).append(given)
        return found, gap

    def _bearers(self, rows: _Rows) -> bool | Unknown:
        """Whether groups are among those who hold these: then it has to be known who their members are."""
        return self._lookups.once("groups with roles", rows.by_id, lambda: self._has_groups(rows))

    def _has_groups(self, rows: _Rows) -> bool | Unknown:
        kinds = [self.kind(id_, given[0][0].principal) for id_, given in rows.by_id.items()]
        if "group" in [kind for kind in kinds if isinstance(kind, str)]:
            return True
        gap = first_unknown(*kinds)
        return False if gap is None else gap

    @cached_property
    def groups(self) -> tuple[dict[str, Given], Unknown | None]:
        found, gap = by_id(self._documents[GROUPS])
        return found, first_unknown(self._missing(GROUPS), gap)

    @cached_property
    def members(self) -> Belongings:
        return self._belonging(GROUP_MEMBERS, "members")

    @cached_property
    def owners(self) -> Belongings:
        return self._belonging(GROUP_OWNERS, "owners")

    def _belonging(self, of: Collection, expanded: str) -> Belongings:
        """Who belongs to each group."""
        return belongings(self._known, self.groups, of, self._documents[of], expanded)

    @cached_property
    def activated(self) -> Belongings:
        """Memberships that can be activated; `of_parent` has ownerships too."""
        found: dict[str, list[str]] = {}
        of_parent: dict[str, list[Belonging]] = {}
        gap = self._missing(GROUP_ELIGIBILITY)
        for row, document in self._documents[GROUP_ELIGIBILITY]:
            values = (row.principal_id, row.group_id, row.access_id)
            if (unknown := first_unknown(*values)) is not None:
                gap = first_unknown(gap, unknown)
            elif all(values):
                holder, group = row.principal_id.lower(), row.group_id.lower()
                of_parent.setdefault(group, []).append(Belonging(holder, row, document))
                if row.access_id == "member":
                    found.setdefault(holder, []).append(group)
        return Belongings(found, of_parent, gap)
