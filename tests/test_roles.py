"""Directory roles: what is read of them, what facts say of them, and what a missing permission or licence costs."""

from __future__ import annotations

from typing import Any

from auditor.entra.catalog import CATALOG
from auditor.facts import Role
from auditor.joins.world import World
from auditor.unknown import known
from tests.fake_graph.roles import APPLICATIONS, CUSTOM, GLOBAL, READERS, UNIT, USERS
from tests.test_facts import partly, unknown
from tests.test_resolve import one, sp, tenant

Json = dict[str, Any]
ANN, BEN, GROUP = ("a0000000-0000-4000-8000-000000000001", "b0000000-0000-4000-8000-000000000002", "64000000-0000-4000-8000-000000000001")
USER, GROUPED, PRINCIPAL = ({"@odata.type": f"#microsoft.graph.{kind}"} for kind in ("user", "group", "servicePrincipal"))
WHOLE: Json = {
    "roleAssignments": [], "roleDefinitions": [], "roleEligibilityScheduleInstances": [], "groups": [], "groupEligibilityScheduleInstances": [],
    "administrativeUnits": [],
}  # fmt: skip


def held(role: str, by: str, kind: Json = USER, scope: str = "/", **more: Any) -> Json:
    """A directory role that somebody holds."""
    return {
        "id": f"{role[:4]}-{by[:4]}", "roleDefinitionId": role, "principalId": by, "directoryScopeId": scope,
        "principal": {**kind, "id": by, "displayName": by[:1]}, **more,
    }  # fmt: skip


def eligible(role: str, by: str, kind: Json = USER, scope: str = "/") -> Json:
    return held(role, by, kind, scope, roleEligibilityScheduleId="s")


def group(*members: str, **more: Any) -> Json:
    return {
        "id": GROUP,
        "displayName": "Admins",
        "isAssignableToRole": True,
        "members": [{"id": id_} for id_ in members],
        "owners": [],
        **more,
    }


def of_roles(*apps: Any, principals: Any = (), without: str = "", **collections: Any) -> World:
    return tenant(*apps, principals=principals, without=without, **{**WHOLE, **collections})


def names(roles: Any) -> list[tuple[str, str, str]]:
    return sorted((role.name, role.privilege, role.group) for role in roles)


def principal(world: World, app_id: str = "a") -> Any:
    return next(found for found in world.principals if found.app_id == app_id)


def owner(**collections: Any) -> Any:
    """Ann, who owns a registration."""
    owners = [{"of": "o-a", "id": ANN, "displayName": "Ann", "userPrincipalName": "ann@contoso.com", **USER}]
    (app,) = of_roles(one("a"), owners=owners, **collections).apps
    (found,) = app.owners
    return found


def test_a_role_is_held_directly_or_by_a_group() -> None:
    world = of_roles(
        principals=[sp("a"), sp("b")], groups=[group("p-a", "p-b")],
        roleAssignments=[held(READERS, "p-a", PRINCIPAL), held(APPLICATIONS, GROUP, GROUPED)],
    )  # fmt: skip
    assert names(principal(world).roles) == [("Application Administrator", "tier 0", "Admins"), ("Directory Readers", "low", "")]
    assert names(principal(world, "b").roles) == [("Application Administrator", "tier 0", "Admins")]
    assert [principal(world, name).has_tier0_role for name in ("a", "b")] == [True, True]
    assert [one.display_name for one in principal(world).groups] == ["Admins"]
    assert [one.role_names for one in principal(world).groups] == ["Application Administrator"]
    role = principal(world).roles[0]
    assert (role.holder, role.holder_kind, role.scope_kind, role.scope_name, role.built_in) == ("p", "servicePrincipal", "tenant", "", True)


def test_a_role_over_one_object_reaches_no_further() -> None:
    world = of_roles(
        one("a"), principals=[sp("b")], administrativeUnits=[{"id": UNIT, "displayName": "Branches", "isMemberManagementRestricted": False}],
        roleAssignments=[
            held(APPLICATIONS, ANN, scope="/o-a"), held(USERS, "p-b", PRINCIPAL, f"/administrativeUnits/{UNIT}"),
            held(APPLICATIONS, "p-b", PRINCIPAL, "/o-a"), held(APPLICATIONS, "p-b", PRINCIPAL, "/gone"),
        ],
    )  # fmt: skip
    assert not principal(world, "b").has_tier0_role
    scopes = [(role.scope_kind, role.scope_name, role.takes_over_tenant) for role in principal(world, "b").roles]
    assert scopes == [("administrative unit", "Branches", False), ("application", "a", False), ("other", "", False)]
    (app,) = world.apps
    assert [(role.holder_id, role.holder_kind) for role in app.administrators] == [(ANN, "user"), ("p-b", "servicePrincipal")]


def test_a_custom_role_is_rated_by_what_it_allows() -> None:
    def rated(*actions: str) -> tuple[str, str, str]:
        definition = {
            "id": CUSTOM, "displayName": "Ours", "isBuiltIn": False, "isEnabled": True, "rolePermissions": [{"allowedResourceActions": actions}],
        }  # fmt: skip
        world = of_roles(principals=[sp("a")], roleAssignments=[held(CUSTOM, "p-a", PRINCIPAL)], roleDefinitions=[definition])
        (role,) = principal(world).roles
        return role.name, role.privilege, role.reach

    assert rated("microsoft.directory/applications/credentials/update")[1] == "tier 0"
    assert rated("microsoft.directory/servicePrincipals/owners/update")[2].startswith("adds a credential or an owner")
    assert rated("microsoft.directory/applications/standard/read") == ("Ours", "unrated", "")


def test_who_can_activate_a_role() -> None:
    for collections in (
        {"roleEligibilityScheduleInstances": [eligible(GLOBAL, ANN)]},
        {"roleEligibilityScheduleInstances": [eligible(GLOBAL, GROUP, GROUPED)], "groups": [group(ANN)]},
        {
            "roleAssignments": [held(GLOBAL, GROUP, GROUPED)], "groups": [group()],
            "groupEligibilityScheduleInstances": [{"id": "e", "groupId": GROUP, "principalId": ANN, "accessId": "member"}],
        },
    ):  # fmt: skip
        ann = owner(**collections)
        assert [(role.name, role.eligible) for role in ann.eligible_roles] == [("Global Administrator", True)]
        assert (known(ann.roles), ann.takes_over_tenant, ann.known_to_take_over_tenant) == ([], True, True)
    assert not owner().takes_over_tenant


def test_what_was_not_read_is_unknown_and_never_no_role() -> None:
    nothing = tenant(one("a"), principals=[sp("a")])
    assert unknown(principal(nothing).roles)
    assert unknown(principal(nothing).has_tier0_role)
    assert unknown(principal(nothing).owned_groups)
    ann = owner(without="roleAssignments roleEligibilityScheduleInstances")
    assert [unknown(value) for value in (ann.roles, ann.eligible_roles, ann.takes_over_tenant)] == [True] * 3
    assert ann.known_to_take_over_tenant is False  # only for exemptions: a finding stays

    # A role of a group whose members nobody read may be anybody's.
    admins = [held(GLOBAL, GROUP, GROUPED)]
    without = {key: value for key, value in group().items() if key not in ("members", "owners")}
    world = of_roles(principals=[sp("a")], groups=[without], roleAssignments=admins)
    assert partly(principal(world).roles) == []
    assert unknown(principal(world).has_tier0_role)
    # Where no group holds any, members of groups do not matter.
    world = of_roles(principals=[sp("a")], groups=[without], roleAssignments=[held(READERS, "p-a", PRINCIPAL)])
    assert names(principal(world).roles) == [("Directory Readers", "low", "")]
    # Eligibility that is not known leaves open whether a user could become one; that a role is held is enough.
    assert owner(roleAssignments=[held(GLOBAL, ANN)], without="roleEligibilityScheduleInstances").takes_over_tenant
    assert unknown(owner(without="roleEligibilityScheduleInstances").takes_over_tenant)


def test_what_a_service_principal_owns() -> None:
    owners = [{"of": "o-a", "id": "p-b", "displayName": "b", **PRINCIPAL}]
    world = of_roles(one("a"), principals=[sp("b"), sp("c", owners=[{"id": "p-b", **PRINCIPAL}])], owners=owners,
                     groups=[group(owners=[{"id": "p-b"}])], roleAssignments=[held(GLOBAL, GROUP, GROUPED)])  # fmt: skip
    b = principal(world, "b")
    assert [app.app_id for app in b.owned_apps] == ["a"]
    assert [other.app_id for other in known(b.owned_principals)] == ["c"]
    assert [(found.display_name, found.takes_over_tenant) for found in b.owned_groups] == [("Admins", True)]


def test_every_assignment_is_told_of_the_tenant() -> None:
    world = of_roles(groups=[group()], roleAssignments=[held(GLOBAL, ANN), held(READERS, GROUP, GROUPED)])
    roles: list[Role] = world.tenant.role_assignments
    assert sorted((role.name, role.holder_kind, role.group_id) for role in roles) == [
        ("Directory Readers", "group", ""), ("Global Administrator", "user", ""),
    ]  # fmt: skip


def test_the_table_of_roles() -> None:
    assert len(CATALOG.roles) > 70
    tier0 = {role.name for role in CATALOG.roles.values() if role.privilege == "tier 0"}
    assert {"Global Administrator", "Privileged Role Administrator", "Application Administrator", "Hybrid Identity Administrator"} <= tier0
    for role in CATALOG.roles.values():
        assert role.reach
        assert not role.reach[0].isupper()
        assert role.is_privileged or role.privilege != "tier 0"
