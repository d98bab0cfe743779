"""Escalation paths: each edge, each exception, what is missing, and the cheapest way among many."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from auditor.joins.world import World
from auditor.paths.graph import Node
from auditor.unknown import Partial, known
from tests.fake_graph.roles import APPLICATIONS, CUSTOM, GLOBAL, READERS, UNIT, USERS
from tests.test_facts import OTHER, TENANT
from tests.test_resolve import GRAPH_ID, one, sp
from tests.test_roles import ANN, BEN, GROUP, GROUPED, PRINCIPAL, USER, eligible, group, held, of_roles

Json = dict[str, Any]
GROUPS_ADMINISTRATOR = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
PERMISSIONS = {
    "takeover": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",  # RoleManagement.ReadWrite.Directory
    "applications": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",  # Application.ReadWrite.All
    "owned": "18a4783c-866b-4cc7-a460-3d5e5662c884",  # Application.ReadWrite.OwnedBy
    "mail": "810c84a8-4a9e-49e6-bf7d-12d183f40d01",  # Mail.Read
    "groups": "62a82d76-70ea-41e2-9197-370581804d09",  # Group.ReadWrite.All
    "role groups": "41202f2c-f7ab-45be-b001-85c9728b9d69",  # PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup
}  # fmt: skip
POLICY: Json = {"isEnabled": False, "applicationRestrictions": {}, "servicePrincipalRestrictions": {}}
WHOLE: Json = {"defaultAppManagementPolicy": POLICY}
UNLOCKED: Json = {"servicePrincipalLockConfiguration": None, "isDisabled": None, "disabledByMicrosoftStatus": None}
ON: Json = {"accountEnabled": True, "servicePrincipalType": "Application", "disabledByMicrosoftStatus": None}


def app(name: str, **more: Any) -> Json:
    return one(name, **{**UNLOCKED, "createdDateTime": "2025-01-01T00:00:00Z", **more})


def principal(name: str, home: str | None = TENANT, **more: Any) -> Json:
    return sp(name, home, **{**ON, "createdDateTime": "2025-01-01T00:00:00Z", "displayName": name, **more})


def granted(permission: str, *to: str) -> list[Json]:
    return [{"id": f"{permission}-{who}", "principalId": who, "resourceId": GRAPH_ID, "appRoleId": PERMISSIONS[permission]} for who in to]


def owner(of: str, who: str = ANN, **more: Any) -> Json:
    name = {ANN: "ann", BEN: "ben"}.get(who, who)
    return {
        "of": of, "id": who, "displayName": name, "userPrincipalName": f"{name}@contoso.com", "userType": "Member", "accountEnabled": True,
        **USER, **more,
    }  # fmt: skip


def owned_by(of: str, who: str) -> Json:
    return {"of": of, "id": who, "displayName": who, **PRINCIPAL}


def found(*apps: Json, principals: Any = (), without: str = "", **collections: Any) -> World:
    return of_roles(*apps, principals=principals, without=without, **{**WHOLE, **collections})


def way(world: World, start: str) -> tuple[str, list[str]] | None:
    """Strength and kinds of hops of the cheapest path from an object ID."""
    found = next((way for way in world.paths.search if way.start.id == start), None)
    return None if found is None else (found.strength.label, [hop.edge.kind for hop in found.hops])


def starts(world: World) -> dict[str, str]:
    return {world.paths.name(way.start): kind for way in world.paths.search if (kind := world.paths.start_kind(way)) is not None}


PAYROLL: Json = {"principals": [principal("a")], "appRoleAssignments": granted("takeover", "p-a")}


def test_an_owner_signs_in_as_a_privileged_application() -> None:
    world = found(app("a"), **PAYROLL, owners=[owner("o-a")])
    assert way(world, ANN) == ("certain", ["owner", "sign-in", "permission"])
    assert not world.paths.gaps
    assert starts(world) == {"ann@contoso.com": "user"}
    (path,) = world.apps[0].ways_in
    assert path.route == ('owns "a", then signs in as it, then takes over the tenant by RoleManagement.ReadWrite.Directory')
    assert [(hop.document.kind, hop.document.file.name) for hop in path.hops if hop.document is not None]


# -- each edge alone


def lone(*names: str, **more: Any) -> Json:
    """Applications of which the first can take over the tenant."""
    return {"principals": [principal(name) for name in names], "appRoleAssignments": granted("takeover", f"p-{names[0]}"), **more}


ENDS = ["sign-in", "permission"]
REPOSITORY: Json = {
    "of": "o-a", "id": "f", "name": "main", "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:contoso/app:ref:refs/heads/main",
    "audiences": ["api://AzureADTokenExchange"],
}  # fmt: skip
OTHERS: Json = {**group(), "id": "64000000-0000-4000-8000-000000000002", "displayName": "Everybody", "isAssignableToRole": False}
IDENTITY = principal("m", servicePrincipalType="ManagedIdentity", id="99999999-1111-4000-8000-000000000009", appOwnerOrganizationId=None)
CASES: dict[str, tuple[list[Json], Json, str, tuple[str, list[str]] | None]] = {
    "owner of the registration": ([app("a")], lone("a", owners=[owner("o-a")]), ANN, ("certain", ["owner", *ENDS])),
    "owner of the service principal": (
        [app("a")], lone("a", owners=[owner("p-a")]), ANN, ("certain", ["owner", "permission"]),
    ),
    "an owner that is an application, without a permission for it": (
        [app("a"), app("b")], lone("a", "b", owners=[owned_by("o-a", "p-b")]), "p-b", ("possible", ["owner", *ENDS]),
    ),
    "an owner that is an application, with the permission for it": (
        [app("a"), app("b")],
        lone("a", "b", owners=[owned_by("o-a", "p-b")], appRoleAssignments=granted("takeover", "p-a") + granted("owned", "p-b")),
        "p-b", ("certain", ["owner", *ENDS]),
    ),
    "a permission for all applications": (
        [app("a"), app("b")], lone("a", "b", appRoleAssignments=granted("takeover", "p-a") + granted("applications", "p-b")), "p-b",
        ("certain", ["add-credential", "permission"]),
    ),
    "Application Administrator": (
        [app("a")], lone("a", roleAssignments=[held(APPLICATIONS, ANN)]), ANN, ("certain", ["role", "add-credential", "permission"]),
    ),
    "Application Administrator, eligible": (
        [app("a")], lone("a", roleEligibilityScheduleInstances=[eligible(APPLICATIONS, ANN)]), ANN,
        ("eligible", ["eligible-role", "add-credential", "permission"]),
    ),
    "Application Administrator, eligible with approval": (
        [app("a")],
        lone(
            "a", roleEligibilityScheduleInstances=[eligible(APPLICATIONS, ANN)],
            roleManagementPolicyAssignments=[{
                "id": "p", "policyId": "p", "scopeId": "/", "scopeType": "DirectoryRole", "roleDefinitionId": APPLICATIONS,
                "policy": {"rules": [{"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": True}}]},
            }],
        ),
        ANN, ("needs approval", ["eligible-role", "add-credential", "permission"]),
    ),
    "Application Administrator of one registration": (
        [app("a")], lone("a", roleAssignments=[held(APPLICATIONS, ANN, scope="/o-a")]), ANN, ("certain", ["scoped-role", *ENDS]),
    ),
    "Application Administrator of one service principal, eligible": (
        [app("a")], lone("a", roleEligibilityScheduleInstances=[eligible(APPLICATIONS, ANN, scope="/p-a")]), ANN,
        ("eligible", ["eligible-scoped-role", "permission"]),
    ),
    "Application Administrator of another registration": (
        [app("a"), app("b")], lone("a", "b", roleAssignments=[held(APPLICATIONS, ANN, scope="/o-b")]), ANN, None,
    ),
    "a role that leads nowhere": ([app("a")], lone("a", roleAssignments=[held(READERS, ANN)]), ANN, None),
    "Global Administrator": ([], {"roleAssignments": [held(GLOBAL, ANN)]}, ANN, ("certain", ["role", "takeover"])),
    "Global Administrator, held by an application": (
        [app("a")], {"principals": [principal("a")], "roleAssignments": [held(GLOBAL, "p-a", PRINCIPAL)], "owners": [owner("o-a")]}, ANN,
        ("certain", ["owner", "sign-in", "role", "takeover"]),
    ),
    "a member of a group with a role": (
        [], {"roleAssignments": [held(GLOBAL, GROUP, GROUPED)], "groups": [group(ANN)]}, ANN, ("certain", ["member", "role", "takeover"]),
    ),
    "an owner of a group with a role": (
        [], {"roleAssignments": [held(GLOBAL, GROUP, GROUPED)], "groups": [group(owners=[{"id": ANN, **USER}])]}, ANN,
        ("certain", ["owner", "role", "takeover"]),
    ),
    "who can activate the membership of a group with a role": (
        [],
        {
            "roleAssignments": [held(GLOBAL, GROUP, GROUPED)], "groups": [group()],
            "groupEligibilityScheduleInstances": [{"id": "e", "groupId": GROUP, "principalId": ANN, "accessId": "member"}],
        },
        ANN, ("eligible", ["eligible-member", "role", "takeover"]),
    ),
    "a permission for the members of groups with roles": (
        [app("b")],
        {
            "principals": [principal("b")], "roleAssignments": [held(GLOBAL, GROUP, GROUPED)], "groups": [group()],
            "appRoleAssignments": granted("role groups", "p-b"),
        },
        "p-b", ("certain", ["add-member", "role", "takeover"]),
    ),
    "a permission for the members of other groups": (
        [app("b")],
        {
            "principals": [principal("b")], "roleAssignments": [held(GLOBAL, GROUP, GROUPED)], "groups": [group(), OTHERS],
            "appRoleAssignments": granted("groups", "p-b"),
        },
        "p-b", None,
    ),
    "a repository": (
        [app("a")], lone("a", federatedIdentityCredentials=[REPOSITORY]), "https://token.actions.githubusercontent.com repo:contoso/app:ref:refs/heads/main",
        ("certain", ["federation", *ENDS]),
    ),
    "a managed identity that a federated credential trusts": (
        [app("a")],
        {
            **lone("a", federatedIdentityCredentials=[{
                **REPOSITORY, "issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0", "subject": IDENTITY["id"],
            }]),
            "principals": [principal("a"), IDENTITY],
        },
        IDENTITY["id"], ("certain", ["federation", *ENDS]),
    ),
    "a password that a lesser administrator resets": (
        [app("a")], lone("a", owners=[owner("o-a")], roleAssignments=[held(USERS, BEN)]), BEN,
        ("certain", ["role", "reset-password", "owner", *ENDS]),
    ),
    "a password that no lesser administrator resets: its user holds a role": (
        [app("a")], lone("a", owners=[owner("o-a")], roleAssignments=[held(USERS, BEN), held(GROUPS_ADMINISTRATOR, ANN)]), BEN, None,
    ),
    "a password of an administrative unit, whose members are not read": (
        [app("a")], lone("a", owners=[owner("o-a")], roleAssignments=[held(USERS, BEN, scope=f"/administrativeUnits/{UNIT}")]), BEN,
        ("possible", ["scoped-role", "owner", *ENDS]),
    ),
    "a custom role": (
        [app("a")],
        lone("a", roleAssignments=[held(CUSTOM, ANN)], roleDefinitions=[{
            "id": CUSTOM, "displayName": "Ours", "isBuiltIn": False, "isEnabled": True,
            "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/applications/credentials/update"]}],
        }]),
        ANN, ("certain", ["role", "add-credential", *ENDS]),
    ),
    "a custom role that is off": (
        [app("a")],
        lone("a", roleAssignments=[held(CUSTOM, ANN)], roleDefinitions=[{
            "id": CUSTOM, "displayName": "Ours", "isBuiltIn": False, "isEnabled": False,
            "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/applications/credentials/update"]}],
        }]),
        ANN, None,
    ),
    "a delegated permission for everybody": (
        [],
        {
            "principals": [principal("x", OTHER)],
            "oauth2PermissionGrants": [{
                "id": "g", "clientId": "p-x", "resourceId": GRAPH_ID, "consentType": "AllPrincipals", "scope": "openid Directory.AccessAsUser.All",
            }],
        },
        "p-x", ("possible", ["delegated-permission"]),
    ),
    "a delegated permission for one user": (
        [],
        {
            "principals": [principal("x", OTHER)],
            "oauth2PermissionGrants": [{
                "id": "g", "clientId": "p-x", "resourceId": GRAPH_ID, "consentType": "Principal", "principalId": ANN, "scope": "Directory.AccessAsUser.All",
            }],
        },
        "p-x", None,
    ),
    # Exceptions, known to hold, known not to hold, and not known.
    "a lock": (
        [app("a", servicePrincipalLockConfiguration={"isEnabled": True, "allProperties": True})],
        lone("a", owners=[owner("p-a")]), ANN, None,
    ),
    "a lock on new credentials does not protect the registration": (
        [app("a", servicePrincipalLockConfiguration={"isEnabled": True, "allProperties": True})],
        lone("a", owners=[owner("o-a")]), ANN, ("certain", ["owner", *ENDS]),
    ),
    "a lock that is off": (
        [app("a", servicePrincipalLockConfiguration={"isEnabled": False, "allProperties": True})],
        lone("a", owners=[owner("p-a")]), ANN, ("certain", ["owner", "permission"]),
    ),
    "a lock that was not read": (
        [{key: value for key, value in app("a").items() if key != "servicePrincipalLockConfiguration"}],
        lone("a", owners=[owner("p-a")]), ANN, ("possible", ["owner", "permission"]),
    ),
    "a lock of another tenant": (
        [], {**lone("a", owners=[owner("p-a")]), "principals": [principal("a", OTHER)]}, ANN, ("possible", ["owner", "permission"]),
    ),
    "a disabled service principal": (
        [app("a")], {**lone("a", owners=[owner("o-a")]), "principals": [principal("a", accountEnabled=False)]}, ANN, None,
    ),
    "a service principal of which it is not known": (
        [app("a")],
        {**lone("a", owners=[owner("o-a")]), "principals": [{k: v for k, v in principal("a").items() if k != "accountEnabled"}]},
        ANN, ("possible", ["owner", *ENDS]),
    ),
    "a deactivated registration": ([app("a", isDisabled=True)], lone("a", owners=[owner("o-a")]), ANN, None),
    "a registration without service principal": ([app("a")], {"owners": [owner("o-a")]}, ANN, None),
    "a managed identity takes no credential": (
        [], {**lone("a", owners=[owner("p-a")]), "principals": [principal("a", None, servicePrincipalType="ManagedIdentity")]},
        ANN, None,
    ),
    "Microsoft's own service principal": (
        [], {**lone("a", owners=[owner("p-a")]), "principals": [principal("a", "f8cdef31-a31e-4b4a-93e4-5f571e91255a")]}, ANN, None,
    ),
    "a policy against new secrets": (
        [app("a")],
        lone("a", owners=[owner("o-a")], defaultAppManagementPolicy={**POLICY, "isEnabled": True, "applicationRestrictions": {
            "passwordCredentials": [{"restrictionType": "passwordAddition", "state": "enabled", "restrictForAppsCreatedAfterDateTime": None}],
        }}),
        ANN, ("possible", ["owner", *ENDS]),
    ),
    "a policy against new secrets that exempts older registrations": (
        [app("a")],
        lone("a", owners=[owner("o-a")], defaultAppManagementPolicy={**POLICY, "isEnabled": True, "applicationRestrictions": {
            "passwordCredentials": [
                {"restrictionType": "passwordAddition", "state": "enabled", "restrictForAppsCreatedAfterDateTime": "2025-06-01T00:00:00Z"},
            ],
        }}),
        ANN, ("certain", ["owner", *ENDS]),
    ),
    "a policy against new secrets of its own": (
        [app("a")],
        lone("a", owners=[owner("o-a")], appManagementPolicies=[{
            "id": "p", "displayName": "Ours", "isEnabled": True, "appliesTo": [{"id": "o-a"}], "restrictions": {
                "passwordCredentials": [{"restrictionType": "passwordAddition", "state": "enabled", "restrictForAppsCreatedAfterDateTime": None}],
            },
        }]),
        ANN, ("possible", ["owner", *ENDS]),
    ),
    "a policy of its own that lifts one against new secrets": (
        [app("a")],
        lone(
            "a", owners=[owner("o-a")],
            defaultAppManagementPolicy={**POLICY, "isEnabled": True, "applicationRestrictions": {
                "passwordCredentials": [{"restrictionType": "passwordAddition", "state": "enabled", "restrictForAppsCreatedAfterDateTime": None}],
            }},
            appManagementPolicies=[{
                "id": "p", "displayName": "Ours", "isEnabled": True, "appliesTo": [{"id": "o-a"}], "restrictions": {
                    "passwordCredentials": [{"restrictionType": "passwordAddition", "state": "disabled", "restrictForAppsCreatedAfterDateTime": None}],
                },
            }],
        ),
        ANN, ("certain", ["owner", *ENDS]),
    ),
    "a policy that was not read": (
        [app("a")], lone("a", owners=[owner("o-a")], without="defaultAppManagementPolicy"), ANN, ("possible", ["owner", *ENDS]),
    ),
    "a federated credential that no token matches": (
        [app("a")], lone("a", federatedIdentityCredentials=[{**REPOSITORY, "issuer": "https://token.actions.githubusercontent.com/ "}]),
        "https://token.actions.githubusercontent.com/  repo:contoso/app:ref:refs/heads/main", None,
    ),
    "a permission that only reads": ([app("a")], {"principals": [principal("a")], "appRoleAssignments": granted("mail", "p-a"), "owners": [owner("o-a")]}, ANN, None),
}  # fmt: skip


@pytest.mark.parametrize(("apps", "collections", "start", "expected"), CASES.values(), ids=CASES.keys())
def test_an_edge(apps: list[Json], collections: Json, start: str, expected: tuple[str, list[str]] | None) -> None:
    world = found(*apps, **collections)
    assert way(world, start) == expected
    assert [gap.reason for gap in world.paths.gaps] == []


# -- what is missing


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        ("roleAssignments", "roleAssignments"), ("roleEligibilityScheduleInstances", "roleEligibilityScheduleInstances"),
        ("appRoleAssignments", "appRoleAssignedTo"), ("oauth2PermissionGrants", "oauth2PermissionGrants"), ("owners", "owners"),
        ("federatedIdentityCredentials", "federatedIdentityCredentials"), ("applications", "applications"),
    ],
)  # fmt: skip
def test_without_a_document_no_path_is_not_known(without: str, missing: str) -> None:
    world = found(app("a"), without=without, **lone("a"))
    assert missing in [gap.what for gap in world.paths.gaps]
    (first,) = (one for one in world.principals if one.app_id == "a")
    assert known_or_none(first.ways_in) == []
    assert isinstance(first.ways_in, Partial)


def known_or_none(values: Any) -> list[Any]:
    return list(known(values))


def test_members_of_a_group_are_missed_only_where_it_leads_on() -> None:
    without_members = {key: value for key, value in group().items() if key not in ("members", "owners")}
    leads_on = found(roleAssignments=[held(GLOBAL, GROUP, GROUPED)], groups=[without_members])
    assert {gap.what for gap in leads_on.paths.gaps} == {"groupMembers", "groupOwners"}
    assert found(roleAssignments=[held(READERS, GROUP, GROUPED)], groups=[without_members]).paths.gaps == []


def test_a_path_is_known_where_something_else_is_missing() -> None:
    world = found(app("a"), without="roleAssignments", **lone("a", owners=[owner("o-a")]))
    assert way(world, ANN) == ("certain", ["owner", *ENDS])
    (registration,) = world.apps
    assert registration.path is not None
    assert [path.start for path in known(registration.ways_in)] == ["ann@contoso.com"]


# -- odd input


GROUP_ROW = held(GLOBAL, GROUP, GROUPED)
ODD: dict[str, Json] = {
    "groups without an ID": {"roleAssignments": [GROUP_ROW], "groups": [{**group(), "id": None}, {"displayName": "x", "isAssignableToRole": True}]},
    "a grant without its API": {"oauth2PermissionGrants": [{"id": "g", "clientId": "p-a", "consentType": "AllPrincipals", "scope": "x"}]},
    "a group that is not in the list": {"roleAssignments": [GROUP_ROW]},
    "a role of nothing": {"roleAssignments": [{**held(GLOBAL, ANN), "roleDefinitionId": None}]},
}  # fmt: skip


@pytest.mark.parametrize("collections", ODD.values(), ids=ODD.keys())
def test_what_cannot_be_read_is_a_gap(collections: Json) -> None:
    world = found(app("a"), **lone("a", **collections))
    assert list(world.paths.search)
    assert world.paths.gaps


def test_what_has_no_name_is_called_by_its_id() -> None:
    nameless = {key: value for key, value in group(ANN).items() if key != "displayName"}
    world = found(roleAssignments=[GROUP_ROW], groups=[nameless])
    assert world.paths.name(Node("group", GROUP)) == GROUP


@pytest.mark.parametrize("id_", [None, "", "absent"])
def test_a_registration_without_an_object_id(id_: str | None) -> None:
    registration = {**app("a"), "id": id_, "owners": [owner("", ANN)]}
    if id_ == "absent":
        del registration["id"]
    world = found(registration, **lone("a"))
    assert way(world, ANN) == ("certain", ["owner", *ENDS])
    assert [gap.what for gap in world.paths.gaps] == ["id"]


def test_a_group_may_activate_a_membership() -> None:
    helpers = {**group(ANN), "id": "64000000-0000-4000-8000-000000000003", "displayName": "Helpers", "isAssignableToRole": False}
    world = found(
        roleAssignments=[GROUP_ROW], groups=[group(), helpers],
        groupEligibilityScheduleInstances=[{"id": "e", "groupId": GROUP, "principalId": helpers["id"], "accessId": "member"}],
    )  # fmt: skip
    assert way(world, ANN) == ("eligible", ["member", "eligible-member", "role", "takeover"])


def test_members_of_other_groups_are_not_protected() -> None:
    canteen = {**OTHERS, "members": [{"id": ANN, **USER}]}
    world = found(app("a"), **lone("a", owners=[owner("o-a")], roleAssignments=[held(USERS, BEN)], groups=[canteen]))
    assert way(world, BEN) == ("certain", ["role", "reset-password", "owner", *ENDS])


def test_the_service_principal_of_a_deactivated_registration_gets_no_tokens() -> None:
    world = found(app("a", isDisabled=True), **lone("a", owners=[owner("p-a")]))
    assert [way(world, start) for start in (ANN, "p-a")] == [None, None]


def test_who_is_a_guest_or_disabled_may_stand_elsewhere() -> None:
    """On an application that no path goes over."""
    world = found(
        app("a"), app("b"), roleAssignments=[GROUP_ROW], groups=[group(owners=[{"id": ANN, **USER}, {"id": BEN, **USER}])],
        owners=[owner("o-b", ANN, userType="Guest"), owner("o-b", BEN, accountEnabled=False)],
    )  # fmt: skip
    assert sorted(starts(world).values()) == ["disabled user", "guest"]


def test_a_registration_that_was_read_twice_has_the_owners_of_both() -> None:
    world = found({**app("a"), "owners": []}, {**app("a"), "owners": [owner("o-a")]}, **lone("a"))
    assert way(world, ANN) == ("certain", ["owner", *ENDS])


# -- many ways


def chain(length: int) -> World:
    """Applications of which each owns the next, with permission; the last can take over the tenant."""
    names = [f"c{number}" for number in range(length)]
    owners = [owned_by(f"o-{after}", f"p-{before}") for before, after in pairwise(names)]
    return found(
        *map(app, names), principals=[principal(name) for name in names], owners=owners,
        appRoleAssignments=granted("takeover", f"p-{names[-1]}") + granted("owned", *(f"p-{name}" for name in names)),
    )  # fmt: skip


def test_a_path_has_eight_hops_at_most() -> None:
    world = chain(6)
    hops = {way.start.id: len(way.hops) for way in world.paths.search if way.start.kind == "service principal"}
    assert hops == {"p-c5": 1, "p-c4": 3, "p-c3": 5, "p-c2": 7}


def test_a_circle_ends() -> None:
    world = found(
        app("a"), app("b"), principals=[principal("a"), principal("b")], owners=[owned_by("o-a", "p-b"), owned_by("o-b", "p-a")],
        appRoleAssignments=granted("owned", "p-a", "p-b"),
    )  # fmt: skip
    assert list(world.paths.search) == []
    assert world.apps[0].path is None


def test_a_certain_way_comes_before_a_shorter_one_that_may_not_work() -> None:
    world = found(
        app("a"), app("b"), app("c"), principals=[principal("a"), principal("b"), principal("c")],
        appRoleAssignments=granted("takeover", "p-a") + granted("owned", "p-b"),
        owners=[owned_by("o-a", "p-c"), owned_by("o-a", "p-b"), owner("o-c"), owner("o-b")],
    )  # fmt: skip
    assert way(world, ANN) == ("certain", ["owner", "sign-in", "owner", *ENDS])


@pytest.mark.parametrize("seed", range(300))
def test_the_cheapest_of_all_paths(seed: int) -> None:
    """Random tenants of eight nodes, each path of which is walked."""
    rng = random.Random(seed)
    names, users = ["a", "b", "c"], [ANN, BEN]
    edges: dict[tuple[str, str], int] = {}  # (from, to) -> strength

    def add(source: str, target: str, strength: int = 0) -> None:
        edges[source, target] = min(strength, edges.get((source, target), 9))

    enabled = {name: rng.random() < 0.85 for name in names}
    locked = {name: rng.choice((True, False, None)) for name in names}
    privileged = [name for name in names if rng.random() < 0.4]
    mighty = [name for name in names if rng.random() < 0.3]
    owning = [name for name in names if rng.random() < 0.5]
    owners: list[Json] = []
    reach = {name: 0 if locked[name] is False else 3 if locked[name] is None else None for name in names}
    for name in names:
        if enabled[name]:
            add(f"o-{name}", f"p-{name}")
            if name in privileged:
                add(f"p-{name}", "")
    for source in [*users, *(f"p-{name}" for name in names)]:
        is_user = source in users
        may = 0 if is_user or source[2:] in owning or source[2:] in mighty else 3
        acts = is_user or enabled[source[2:]]
        for name in names:
            if source == f"p-{name}":
                continue
            if rng.random() < 0.25:
                owners.append(owner(f"o-{name}", source) if is_user else owned_by(f"o-{name}", source))
                if acts:
                    add(source, f"o-{name}", may)
            if rng.random() < 0.15:
                owners.append(owner(f"p-{name}", source) if is_user else owned_by(f"p-{name}", source))
                if acts and enabled[name] and (lock := reach[name]) is not None:
                    add(source, f"p-{name}", max(may, lock))
    for name in mighty:
        if enabled[name]:
            for other in names:
                add(f"p-{name}", f"o-{other}")
                if enabled[other] and (lock := reach[other]) is not None:
                    add(f"p-{name}", f"p-{other}", lock)
    roles: list[Json] = []
    activated: list[Json] = []
    for user in users:
        for role in (GLOBAL, APPLICATIONS):
            if (dice := rng.random()) < 0.3:
                (roles if dice < 0.12 else activated).append(held(role, user) if dice < 0.12 else eligible(role, user))
                strength = 0 if dice < 0.12 else 1
                if role == GLOBAL:
                    add(user, f"role {role}", strength)
                    add(f"role {role}", "")
                else:
                    add(user, f"role {role}", strength)
                    for other in names:
                        add(f"role {role}", f"o-{other}")
                        if enabled[other] and (lock := reach[other]) is not None:
                            add(f"role {role}", f"p-{other}", lock)
    lock_of: dict[bool | None, dict[str, Any]] = {
        True: {"servicePrincipalLockConfiguration": {"isEnabled": True, "allProperties": True}},
        False: {"servicePrincipalLockConfiguration": None},
        None: {},
    }
    apps = [app(name, **lock_of[locked[name]]) for name in names]
    for made, name in zip(apps, names, strict=True):
        if locked[name] is None:
            del made["servicePrincipalLockConfiguration"]
    world = found(
        *apps, principals=[principal(name, accountEnabled=enabled[name]) for name in names], owners=owners, roleAssignments=roles,
        roleEligibilityScheduleInstances=activated,
        appRoleAssignments=granted("takeover", *(f"p-{name}" for name in privileged)) + granted("applications", *(f"p-{name}" for name in mighty))
        + granted("owned", *(f"p-{name}" for name in owning)),
    )  # fmt: skip
    assert world.paths.gaps == []
    ours = {way.start.id: (way.cost, int(way.strength)) for way in world.paths.search if way.start.kind != "role"}
    nodes = {source for source, _ in edges if not source.startswith("role")}
    theirs = {node: best for node in nodes if (best := cheapest(edges, node)) is not None}
    assert ours == theirs


def cheapest(edges: dict[tuple[str, str], int], start: str) -> tuple[int, int] | None:
    """Cost and strength of the best of all paths to the tenant without circles, by walking each."""
    out: dict[str, list[tuple[str, int]]] = {}
    for (source, target), strength in edges.items():
        out.setdefault(source, []).append((target, strength))
    found: list[tuple[int, int]] = []

    def walk(node: str, seen: tuple[str, ...], cost: int, strength: int) -> None:
        if node == "":
            found.append((cost, strength))
        elif len(seen) <= 8:
            for target, more in out.get(node, ()):
                if target not in seen:
                    walk(target, (*seen, target), cost + (1, 2, 3, 5)[more], max(strength, more))

    walk(start, (start,), 0, 0)
    return min(found, default=None)
