"""How objects are joined: who belongs to whom, what is complete, and what nobody knows."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, cast

import pytest

from auditor import joins, rulebook
from auditor.engine.compiled import compiled
from auditor.engine.judge import judge
from auditor.entra.catalog import DATE
from auditor.entra.ids import MICROSOFT_GRAPH
from auditor.facts import App, Client, RequestedPermission, ServicePrincipal
from auditor.joins.world import World
from auditor.sources import Documents, reader
from auditor.unknown import Reason
from tests.test_facts import NOW, OTHER, TENANT, partly, unknown, world

GRAPH_ID, MICROSOFT = "99999999-0000-4000-8000-000000000003", "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
USER_READ, MAIL_READ, MAIL_WRITE = (
    "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
    "570282fd-fa5c-430d-a7fd-fc8dc98a9dca",
    "024d486e-b451-40bb-833d-3e66d98c5c73",
)
ROLE_WRITE, USER_READ_ALL = "06b708a9-e830-4db3-a914-8e69da51d44f", "df021288-bdef-4463-88db-98f22de89214"
GRAPH = {"id": GRAPH_ID, "appId": MICROSOFT_GRAPH, "displayName": "Microsoft Graph", "appOwnerOrganizationId": MICROSOFT}
WHOLE: dict[str, Any] = {
    "applications": [], "servicePrincipals": [GRAPH], "oauth2PermissionGrants": [], "appRoleAssignments": [], "owners": [],
    "federatedIdentityCredentials": [], "organization": {"id": TENANT, "verifiedDomains": []},
}  # fmt: skip


def tenant(*apps: Any, principals: Any = (), without: str = "", **collections: Any) -> World:
    """A whole tenant, one of its collections left out."""
    value = {**WHOLE, "applications": list(apps), "servicePrincipals": [GRAPH, *principals], **collections}
    return world({name: documents for name, documents in value.items() if name not in without.split()})


def alone(**properties: Any) -> App:
    (found,) = world({"id": "o-a", "appId": "a", "web": None, **properties}).apps
    return found


def one(app_id: str, **properties: Any) -> dict[str, Any]:
    """A registration."""
    return {"id": f"o-{app_id}", "appId": app_id, "displayName": app_id, "requiredResourceAccess": [], **properties}


def sp(app_id: str, home: str | None = TENANT, **properties: Any) -> dict[str, Any]:
    """A service principal."""
    return {"id": f"p-{app_id}", "appId": app_id, "displayName": f"SP {app_id}", "appOwnerOrganizationId": home, **properties}


def asks(resource: str, *permissions: tuple[str, str]) -> dict[str, Any]:
    return {"resourceAppId": resource, "resourceAccess": [{"id": id_, "type": kind} for id_, kind in permissions]}


def grant(client: str, scope: str, resource: str = GRAPH_ID, user: str | None = None) -> dict[str, Any]:
    consent = "AllPrincipals" if user is None else "Principal"
    return {
        "id": f"{client} {scope}",
        "clientId": client,
        "resourceId": resource,
        "consentType": consent,
        "principalId": user,
        "scope": scope,
    }


def assigned(principal: str, role: str, resource: str = GRAPH_ID) -> dict[str, Any]:
    return {"id": f"{principal} {role}", "principalId": principal, "resourceId": resource, "appRoleId": role}


def app_of(found: World, app_id: str = "a") -> App:
    return next(app for app in found.apps if app.app_id == app_id)


def principal_of(found: World, app_id: str = "a") -> ServicePrincipal:
    return next(principal for principal in found.principals if principal.app_id == app_id)


def app_ids(facts: Any) -> list[str]:
    return [fact.app_id for fact in facts]


# -- registration and service principal


def test_registration_and_service_principal_find_each_other() -> None:
    found = tenant(one("a"), one("b"), principals=[sp("A"), sp("x", OTHER)])
    app, principal = app_of(found), principal_of(found)
    assert app.service_principal is principal
    assert principal.app is app
    assert app_of(found, "b").service_principal is None
    assert principal_of(found, "x").app is None


def test_what_was_not_found_in_a_part_is_unknown() -> None:
    assert unknown(alone().service_principal)
    assert unknown(tenant(one("a"), without="servicePrincipals").apps[0].service_principal)
    assert unknown(principal_of(tenant(principals=[sp("a")], without="applications")).app)
    nameless = tenant(one("a"), principals=[{"id": "p", "displayName": "of whom?"}])
    assert unknown(app_of(nameless).service_principal)


def test_an_application_id_uri_that_the_service_principal_lacks() -> None:
    found = tenant(
        one("a", identifierUris=["api://x", "api://y"]),
        one("b", identifierUris=["api://z"]),
        principals=[sp("a", servicePrincipalNames=["a", "api://x"])],
    )
    assert [uri.on_service_principal for uri in app_of(found).identifier_uris] == [True, False]
    assert app_of(found, "b").identifier_uris[0].on_service_principal is False
    unread = tenant(one("a", identifierUris=["api://x"]), principals=[sp("a")])
    assert unknown(app_of(unread).identifier_uris[0].on_service_principal)
    assert unknown(alone(identifierUris=["api://x"]).identifier_uris[0].on_service_principal)


# -- home and foreign


def test_first_party_and_foreign_service_principals() -> None:
    found = tenant(principals=[sp("home"), sp("away", OTHER), sp("ms", MICROSOFT.upper()), sp(AZURE_CLI, OTHER), sp("identity", None)])
    seen = {p.app_id: (p.first_party, p.foreign) for p in found.principals}
    assert seen == {
        MICROSOFT_GRAPH: (True, False), "home": (False, False), "away": (False, True), "ms": (True, False), AZURE_CLI: (True, False),
        "identity": (False, False),
    }  # fmt: skip


def test_nobody_is_foreign_where_the_tenant_is_not_known() -> None:
    found = tenant(principals=[sp("away", OTHER), sp("ms", MICROSOFT), {"id": "p", "appId": "x"}], without="organization")
    assert unknown(principal_of(found, "away").foreign)
    assert principal_of(found, "ms").foreign is False
    assert unknown(principal_of(found, "x").foreign)
    assert unknown(principal_of(found, "x").first_party)


def test_the_tenant_id_is_told_from_the_homes_of_its_own_registrations() -> None:
    told = tenant(one("a"), one("b"), principals=[sp("a", TENANT.upper()), sp("x", OTHER)], without="organization")
    assert told.tenant.id == TENANT
    assert principal_of(told, "x").foreign is True
    assert unknown(told.tenant.verified_domains)
    torn = tenant(one("a"), one("b"), principals=[sp("a", TENANT), sp("b", OTHER)], without="organization")
    assert unknown(torn.tenant.id)
    assert unknown(tenant(one("a"), principals=[sp("x", OTHER)], without="organization").tenant.id)
    assert tenant(one("a"), principals=[sp("a", OTHER)]).tenant.id == TENANT


def test_verified_domains_are_read_in_lower_case_and_may_be_partly_known() -> None:
    domains = [{"name": "Contoso.COM"}, {"isInitial": True}]
    assert tenant(organization={"id": TENANT, "verifiedDomains": domains[:1]}).tenant.verified_domains == ["contoso.com"]
    found = tenant(one("a", web={"redirectUris": ["https://a.contoso.com", "https://b.example"]}, spa=None, publicClient=None),
                   organization={"id": TENANT, "verifiedDomains": domains})  # fmt: skip
    assert partly(found.tenant.verified_domains) == ["contoso.com"]
    inside, outside = app_of(found).redirect_uris
    assert inside.verified_domain is True
    assert unknown(outside.verified_domain)


def test_clients_that_are_named() -> None:
    api = {"knownClientApplications": ["here", AZURE_CLI, "away", "nobody"]}
    found = tenant(one("a", api=api), one("here", displayName="Here"), principals=[sp("away", OTHER)])
    here, cli, away, nobody = app_of(found).known_clients
    assert [c.foreign for c in (here, cli, away, nobody)] == [False, False, True, True]
    assert [c.first_party for c in (here, cli, away, nobody)] == [False, True, False, False]
    assert [c.display_name for c in (here, cli, away, nobody)] == ["Here", "Microsoft Azure CLI", "SP away", ""]
    assert here.app is app_of(found, "here")
    assert (away.app, away.service_principal, nobody.service_principal) == (None, principal_of(found, "away"), None)


def test_clients_of_a_registration_alone() -> None:
    named: list[Client] = alone(api={"knownClientApplications": ["x", AZURE_CLI]}).known_clients
    stranger, cli = named
    assert [unknown(value) for value in (stranger.app, stranger.service_principal, stranger.foreign)] == [True] * 3
    assert (stranger.first_party, cli.first_party, cli.foreign, cli.display_name) == (False, True, False, "Microsoft Azure CLI")


# -- the same value on several registrations


def web(*uris: str) -> dict[str, Any]:
    return {"web": {"redirectUris": list(uris)}, "spa": None, "publicClient": None}


NAMES = ["redirect URI", "Application ID URI", "certificate", "federated credential", "display name"]
SHARED: list[tuple[dict[str, Any], dict[str, Any], Callable[[App], Any]]] = [
    (web("https://x/cb"), web("https://x/CB"), lambda app: app.redirect_uris[0].also_on),
    ({"identifierUris": ["api://x"]}, {"identifierUris": ["api://y"]}, lambda app: app.identifier_uris[0].also_on),
    (
        {"keyCredentials": [{"customKeyIdentifier": "a" * 40}]},
        {"keyCredentials": [{"customKeyIdentifier": "b" * 40}]},
        lambda app: app.certificates[0].also_on,
    ),
    (
        {"federatedIdentityCredentials": [{"issuer": "https://i", "subject": "s"}]},
        {"federatedIdentityCredentials": [{"issuer": "https://i", "subject": "S"}]},
        lambda app: app.federated_credentials[0].also_on,
    ),
    ({"displayName": "Twin"}, {"displayName": "Other"}, lambda app: app.namesakes),
]


@pytest.mark.parametrize(("same", "different", "others"), SHARED, ids=NAMES)
def test_other_registrations_with_the_same(same: Any, different: Any, others: Callable[[App], Any]) -> None:
    found = tenant(one("a", **same), one("b", **same), one("c", **different))
    assert app_ids(others(app_of(found, "a"))) == ["b"]
    assert app_ids(others(app_of(found, "b"))) == ["a"]
    assert len(others(app_of(found, "c"))) == 0


@pytest.mark.parametrize(("same", "others"), [(same, others) for same, _, others in SHARED], ids=NAMES)
def test_there_may_be_more_of_them_in_the_rest_of_the_tenant(same: Any, others: Callable[[App], Any]) -> None:
    assert partly(others(alone(**same))) == []
    part = world([one("a", **same), one("b", **same)])
    assert app_ids(partly(others(app_of(part)))) == ["b"]


def test_a_registration_whose_values_were_not_read_could_share_them() -> None:
    found = tenant(one("a", **web("https://x/cb")), {"id": "o-b", "appId": "b"})
    assert partly(app_of(found).redirect_uris[0].also_on) == []
    assert partly(app_of(found).namesakes) == []


def test_null_and_nothing_are_shared_with_nobody() -> None:
    key = {
        "keyCredentials": [{"customKeyIdentifier": None}],
        "displayName": None,
        "federatedIdentityCredentials": [{"issuer": "i", "subject": None}],
    }
    found = tenant(one("a", **key), one("b", **key))
    assert app_of(found).certificates[0].also_on == []
    assert app_of(found).namesakes == []
    assert len(app_of(found).federated_credentials[0].also_on) == 0
    assert unknown(alone(keyCredentials=[{}]).certificates[0].also_on)
    assert unknown(alone().namesakes)


# -- what belongs to an object


def test_owners_and_federated_credentials_by_their_place() -> None:
    owners = [
        {"of": "o-a", "@odata.type": "#microsoft.graph.user", "id": "u1"},
        {"of": "P-a", "@odata.type": "#microsoft.graph.user", "id": "u2"},
    ]
    credentials = [{"of": "o-a", "id": "f", "issuer": "https://i", "subject": "s", "audiences": []}]
    found = tenant(one("a"), one("b"), principals=[sp("a")], owners=owners, federatedIdentityCredentials=credentials)
    assert [o.id for o in app_of(found).owners] == ["u1"]
    assert [o.id for o in principal_of(found).owners] == ["u2"]
    assert [f.subject for f in app_of(found).federated_credentials] == ["s"]
    assert (app_of(found, "b").owners, app_of(found, "b").federated_credentials) == ([], [])


def test_owners_that_were_not_given_or_could_be_anybodys() -> None:
    assert unknown(alone().owners)
    assert unknown(alone().federated_credentials)
    assert unknown(principal_of(tenant(principals=[sp("a")], without="owners")).owners)
    user = {"@odata.type": "#microsoft.graph.user", "id": "u1"}
    assert partly(app_of(tenant(one("a"), owners=[user])).owners) == []
    assert unknown(tenant({"appId": "a", "displayName": "A"}, owners=[{"of": "x", **user}]).apps[0].owners)


# -- requested permissions


def requested(found: World, app_id: str = "a") -> list[RequestedPermission]:
    return app_of(found, app_id).requested_permissions


def test_a_requested_permission_is_named_and_rated_by_the_catalog() -> None:
    app = alone(
        requiredResourceAccess=[
            asks(MICROSOFT_GRAPH.upper(), (USER_READ.upper(), "Scope"), (ROLE_WRITE, "Role"), (ROLE_WRITE, "Scope"), ("no-such", "Scope"))
        ]
    )
    read, write, wrong_kind, nothing = app.requested_permissions
    assert (read.value, read.kind, read.privilege, read.id) == ("User.Read", "delegated", "low", USER_READ)
    assert (write.value, write.kind, write.privilege) == ("AppRoleAssignment.ReadWrite.All", "application", "tier 0")
    assert (wrong_kind.definition, wrong_kind.value, wrong_kind.privilege) == (None, "", "unrated")
    assert wrong_kind.other_kind is not None
    assert wrong_kind.other_kind.value == "AppRoleAssignment.ReadWrite.All"
    assert (nothing.definition, nothing.other_kind) == (None, None)
    (resource,) = app.requested_resources
    assert (resource.app_id, resource.display_name) == (MICROSOFT_GRAPH, "Microsoft Graph")
    assert [p.id for p in resource.permissions] == [p.id for p in app.requested_permissions]


def test_permissions_given_by_name_as_toolkits_write_them() -> None:
    app = alone(requiredResourceAccess=[asks("Microsoft Graph", ("User.Read", "scope"), ("User.Read.All", "Role"))])
    assert [(p.resource_app_id, p.id) for p in app.requested_permissions] == [
        (MICROSOFT_GRAPH, USER_READ),
        (MICROSOFT_GRAPH, USER_READ_ALL),
    ]


def api_with(value: str, **more: Any) -> dict[str, Any]:
    return {"oauth2PermissionScopes": [{"id": "s1", "value": value, "type": "Admin", "isEnabled": True, **more}]}


def test_definitions_by_registration_before_service_principal_before_catalog() -> None:
    client = one("a", requiredResourceAccess=[asks("b", ("s1", "Scope"), ("s2", "Scope"))])
    mirror = sp("b", **api_with("by.principal"), appRoles=[])
    registered = tenant(client, one("b", api=api_with("by.registration"), appRoles=[]), principals=[mirror])
    assert [p.value for p in requested(registered)] == ["by.registration", ""]
    assert requested(registered)[0].definition is not None
    enterprise = tenant(client, principals=[mirror])
    assert [p.value for p in requested(enterprise)] == ["by.principal", ""]
    graph = {
        **GRAPH,
        "oauth2PermissionScopes": [{"id": USER_READ, "value": "User.Renamed", "type": "Admin", "isEnabled": False}],
        "appRoles": [],
    }
    told = tenant(
        one("a", requiredResourceAccess=[asks(MICROSOFT_GRAPH, (USER_READ, "Scope"), (MAIL_READ, "Scope"))]), servicePrincipals=[graph]
    )
    assert [p.value for p in requested(told)] == ["User.Renamed", ""]  # the tenant's own list beats the catalog's
    definition = requested(told)[0].definition
    assert definition is not None
    assert (definition.admin_consent, definition.enabled, definition.privilege) == (True, False, "unrated")
    untold = tenant(one("a", requiredResourceAccess=[asks(MICROSOFT_GRAPH, (MAIL_READ, "Scope"))]))
    assert requested(untold)[0].value == "Mail.Read"


def test_definitions_that_nobody_gave() -> None:
    client = one("a", requiredResourceAccess=[asks("b", ("s1", "Scope"))])
    for found in (world([client]), tenant(client, principals=[sp("b")]), tenant(client, one("b"))):
        (permission,) = requested(found)
        assert [unknown(v) for v in (permission.definition, permission.value, permission.privilege, permission.other_kind)] == [True] * 4
    (nobodys,) = requested(tenant(client))
    assert (nobodys.resource, nobodys.definition, nobodys.value, nobodys.privilege) == (None, None, "", "unrated")
    (bare,) = alone(requiredResourceAccess=[{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [{}]}]).requested_permissions
    assert unknown(bare.value)
    assert unknown(bare.kind)


def test_the_catalogs_date_stands_only_where_the_catalog_speaks() -> None:
    client = one("a", requiredResourceAccess=[asks(MICROSOFT_GRAPH, (USER_READ, "Scope"))])
    by_catalog = requested(tenant(client))[0].resource
    assert by_catalog is not None
    assert (by_catalog.catalog_date, by_catalog.first_party, by_catalog.foreign, by_catalog.display_name) == (
        DATE,
        True,
        False,
        "Microsoft Graph",
    )
    own = requested(tenant(client, servicePrincipals=[{**GRAPH, "oauth2PermissionScopes": [], "appRoles": []}]))[0].resource
    assert own is not None
    assert own.catalog_date is None
    on_its_own = alone(requiredResourceAccess=[asks(MICROSOFT_GRAPH, (USER_READ, "Scope"))]).requested_permissions[0].resource
    assert on_its_own is not None
    assert on_its_own.catalog_date == DATE


def test_resources_here_elsewhere_and_nowhere() -> None:
    client = one("a", requiredResourceAccess=[asks(api, ("s", "Scope")) for api in ("b", "away", "nobody", MICROSOFT_GRAPH)])
    found = tenant(client, one("b"), principals=[sp("away", OTHER)])
    here, away, nobody, graph = app_of(found).requested_resources
    assert [r.foreign for r in (here, away, nobody, graph)] == [False, True, True, False]
    assert [r.display_name for r in (here, away, nobody, graph)] == ["b", "SP away", "", "Microsoft Graph"]
    assert here.resource is not None
    assert here.resource.app is app_of(found, "b")
    assert (here.service_principal, away.service_principal, nobody.resource) == (None, principal_of(found, "away"), None)
    lone = alone(requiredResourceAccess=[asks("nobody", ("s", "Scope"))]).requested_resources[0]
    assert [unknown(v) for v in (lone.resource, lone.foreign, lone.service_principal)] == [True] * 3


def test_permissions_of_an_api_that_were_not_read() -> None:
    app = alone(requiredResourceAccess=[asks(MICROSOFT_GRAPH, (USER_READ, "Scope")), {"resourceAppId": "b"}])
    assert [p.value for p in partly(app.requested_permissions)] == ["User.Read"]
    assert unknown(alone(requiredResourceAccess=[{"resourceAppId": "b"}]).requested_permissions)


def test_a_permission_that_a_wider_one_includes() -> None:
    resource = asks(MICROSOFT_GRAPH, (MAIL_READ, "Scope"), (MAIL_WRITE, "Scope"), (USER_READ, "Scope"), (USER_READ_ALL, "Role"))
    mail, wider, user, role = alone(requiredResourceAccess=[resource]).requested_permissions
    assert [p.value for p in mail.implied_by] == ["Mail.ReadWrite"]
    assert (wider.implied_by, user.implied_by, role.implied_by) == ([], [], [])  # User.Read.All is another kind
    half = alone(requiredResourceAccess=[resource, {"resourceAppId": "b"}]).requested_permissions
    assert [p.value for p in partly(partly(half)[0].implied_by)] == ["Mail.ReadWrite"]


# -- preauthorization

READ, WRITE = (
    {"id": "s-read", "value": "read", "isEnabled": True, "type": "User"},
    {"id": "s-write", "value": "write", "isEnabled": True, "type": "User"},
)


def api(*preauthorized: Any, **more: Any) -> dict[str, Any]:
    return one("b", appRoles=[], api={"oauth2PermissionScopes": [READ, WRITE], "preAuthorizedApplications": list(preauthorized), **more})


def preauthorized(of: dict[str, Any], *principals: dict[str, Any], client: str = "a", kind: str = "Scope") -> list[Any]:
    asking = one(client, requiredResourceAccess=[asks("b", ("s-read", kind), ("s-write", kind))])
    return [wish.preauthorized for wish in app_of(tenant(asking, of, principals=list(principals)), client).requested_permissions]


def test_a_permission_that_the_api_preauthorizes() -> None:
    other = {"appId": "c", "delegatedPermissionIds": ["s-read", "s-write"]}
    assert preauthorized(api({"appId": "A", "delegatedPermissionIds": ["s-read"]})) == [True, False]
    assert preauthorized(api(other, {"appId": "a", "delegatedPermissionIds": ["S-WRITE"]}, other)) == [False, True]
    assert preauthorized(
        api({"appId": "a", "delegatedPermissionIds": ["s-read"]}, {"appId": "a", "delegatedPermissionIds": ["s-write"]})
    ) == [True, True]
    assert preauthorized(api(other)) == preauthorized(api()) == [False, False]


def test_an_application_permission_is_never_preauthorized() -> None:
    assert preauthorized(api({"appId": "a", "delegatedPermissionIds": ["s-read"]}), kind="Role") == [False, False]


def test_what_is_not_known_of_preauthorization_is_unknown() -> None:
    nameless = {"delegatedPermissionIds": ["s-read"]}
    assert unknown(preauthorized(api(nameless))[0])  # it may be this client
    read, write = preauthorized(api(nameless, {"appId": "a", "delegatedPermissionIds": ["s-read"]}))
    assert read is True
    assert unknown(write)
    assert all(unknown(value) for value in preauthorized(api({"appId": "a"})))  # for which permissions nobody read
    assert all(unknown(value) for value in preauthorized({**api(), "api": {"oauth2PermissionScopes": [READ, WRITE]}}))


def test_preauthorization_by_an_api_of_another_tenant_is_unknown() -> None:
    foreign = sp("b", OTHER, oauth2PermissionScopes=[READ, WRITE], appRoles=[])
    found = tenant(one("a", requiredResourceAccess=[asks("b", ("s-read", "Scope"))]), principals=[foreign])
    assert unknown(app_of(found).requested_permissions[0].preauthorized)
    microsoft = tenant(one("a", requiredResourceAccess=[asks(MICROSOFT_GRAPH, ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "Scope"))]))
    assert app_of(microsoft).requested_permissions[0].preauthorized is False  # Microsoft preauthorizes its own


# -- granted permissions


def granted(found: World, app_id: str = "a") -> list[tuple[str, str, str, list[str]]]:
    return [(g.value, g.kind, g.consent, g.users) for g in principal_of(found, app_id).granted_permissions]


GRANTS = [
    grant("P-a", " User.Read Mail.Read"),
    grant("p-a", "User.Read", user="u1"),
    grant("p-a", "User.Read", user="u2"),
    grant("p-b", "Mail.Send"),
]
ASSIGNED = [assigned("p-a", ROLE_WRITE.upper()), assigned("p-a", "00000000-0000-0000-0000-000000000000"), assigned("p-b", USER_READ_ALL)]


def test_grants_one_for_each_permission_and_kind_of_consent() -> None:
    found = tenant(one("a"), principals=[sp("a"), sp("b")], oauth2PermissionGrants=GRANTS, appRoleAssignments=ASSIGNED)
    assert granted(found) == [
        ("User.Read", "delegated", "admin", []), ("Mail.Read", "delegated", "admin", []), ("User.Read", "delegated", "user", ["u1", "u2"]),
        ("AppRoleAssignment.ReadWrite.All", "application", "admin", []),
    ]  # fmt: skip
    assert [g.privilege for g in principal_of(found).granted_permissions] == ["low", "medium", "low", "tier 0"]
    assert app_of(found).granted_permissions == principal_of(found).granted_permissions
    assert (app_of(found).privileged, principal_of(found, "b").privileged) == (True, False)
    assert app_of(tenant(one("c")), "c").granted_permissions == []
    assert app_of(tenant(one("c")), "c").privileged is False


def test_grants_of_which_one_collection_is_missing() -> None:
    principals = [sp("a")]
    some = principal_of(tenant(principals=principals, oauth2PermissionGrants=GRANTS, without="appRoleAssignments"))
    assert [g.value for g in partly(some.granted_permissions)] == ["User.Read", "Mail.Read", "User.Read"]
    assert unknown(some.privileged)
    none = principal_of(tenant(principals=principals, without="appRoleAssignments oauth2PermissionGrants"))
    assert [unknown(v) for v in (none.granted_permissions, none.delegated_grants, none.assignments, none.privileged)] == [True] * 4
    assert [unknown(v) for v in (alone().granted_permissions, alone().privileged)] == [True, True]
    (nameless,) = tenant(servicePrincipals=[{"appId": "a", "servicePrincipalType": "Application"}]).principals
    assert unknown(nameless.granted_permissions)
    assert unknown(nameless.assignments)


def test_requests_and_their_grants() -> None:
    client = one("a", requiredResourceAccess=[asks(MICROSOFT_GRAPH, (USER_READ, "Scope"), (ROLE_WRITE, "Role"), (MAIL_WRITE, "Scope"))])
    found = tenant(client, principals=[sp("a"), sp("b")], oauth2PermissionGrants=GRANTS, appRoleAssignments=ASSIGNED)
    assert [[(g.value, g.consent) for g in p.grants] for p in requested(found)] == [
        [("User.Read", "admin"), ("User.Read", "user")], [("AppRoleAssignment.ReadWrite.All", "admin")], [],
    ]  # fmt: skip
    assert [g.requested for g in principal_of(found).granted_permissions] == [True, False, True, True]
    assert principal_of(found, "b").granted_permissions[0].requested is False
    assert unknown(alone(requiredResourceAccess=client["requiredResourceAccess"]).requested_permissions[0].grants)
    blind = tenant(client, principals=[sp("a")], oauth2PermissionGrants=GRANTS, without="applications")
    assert unknown(principal_of(blind).granted_permissions[0].requested)


def test_a_grant_that_a_wider_one_includes() -> None:
    def implied(*grants: Any) -> list[list[str]]:
        found = tenant(principals=[sp("a")], oauth2PermissionGrants=list(grants))
        return [[g.value for g in p.implied_by] for p in principal_of(found).granted_permissions]

    assert implied(grant("p-a", "Mail.Read Mail.ReadWrite")) == [["Mail.ReadWrite"], []]
    assert implied(grant("p-a", "Mail.Read", user="u"), grant("p-a", "Mail.ReadWrite")) == [["Mail.ReadWrite"], []]
    assert implied(grant("p-a", "Mail.Read"), grant("p-a", "Mail.ReadWrite", user="u")) == [[], []]  # for fewer users
    some = tenant(principals=[sp("a")], oauth2PermissionGrants=[grant("p-a", "Mail.Read")], without="appRoleAssignments")
    assert partly(partly(principal_of(some).granted_permissions)[0].implied_by) == []


def test_grants_whose_api_is_gone() -> None:
    gone: dict[str, Any] = {
        "oauth2PermissionGrants": [grant("p-a", "read", resource="p-gone")],
        "appRoleAssignments": [assigned("p-a", "r", resource="p-gone")],
    }
    found = principal_of(tenant(principals=[sp("a")], **gone))
    assert [(g.resource_app_id, g.resource, g.value, g.privilege) for g in found.granted_permissions] == [
        ("", None, "read", "unrated"),
        ("", None, "", "unrated"),
    ]
    assert [(g.resource_id, g.resource) for g in found.delegated_grants] == [("p-gone", None)]
    part = principal_of(world([sp("a", servicePrincipalType="Application"), *gone["oauth2PermissionGrants"], *gone["appRoleAssignments"]]))
    first = partly(part.granted_permissions)[0]
    assert [unknown(v) for v in (first.resource, first.resource_app_id, first.privilege)] == [True] * 3
    assert unknown(partly(part.delegated_grants)[0].resource)


def test_delegated_grants_as_they_stand() -> None:
    found = tenant(principals=[sp("a")], oauth2PermissionGrants=[grant("p-a", "User.Read", user="U1"), grant("p-a", "Mail.Read")])
    assert [(g.consent, g.user_id, g.scope) for g in principal_of(found).delegated_grants] == [
        ("Principal", "u1", "User.Read"),
        ("AllPrincipals", "", "Mail.Read"),
    ]
    assert principal_of(found).delegated_grants[0].resource is principal_of(found, MICROSOFT_GRAPH)
    lost = tenant(principals=[sp("a")], oauth2PermissionGrants=[{"id": "g", "resourceId": GRAPH_ID, "scope": "x"}])
    assert partly(principal_of(lost).delegated_grants) == []


def test_those_that_are_assigned_to_an_application_and_to_its_roles() -> None:
    everybody = [assigned("u1", "R1", "p-a"), assigned("u2", "00000000-0000-0000-0000-000000000000", "P-a"), assigned("u3", "r2", "p-b")]
    roles = {"appRoles": [{"id": "r1"}, {"id": "r2"}, {}]}
    found = tenant(one("a", **roles), one("c", **roles), principals=[sp("a"), sp("b")], appRoleAssignments=everybody)
    assert (principal_of(found).assignments, principal_of(found, "b").assignments) == (["u1", "u2"], ["u3"])
    first, second, unread = app_of(found).app_roles
    assert (first.assignments, second.assignments) == (["u1"], [])
    assert unknown(unread.assignments)
    assert app_of(found, "c").app_roles[0].assignments == []
    assert unknown(alone(**roles).app_roles[0].assignments)
    assert unknown(app_of(tenant(one("a", **roles), principals=[sp("a")], without="appRoleAssignments")).app_roles[0].assignments)
    half = tenant(
        one("a", **roles), principals=[sp("a")], appRoleAssignments=[*everybody, {"principalId": "u4", "resourceId": "p-a", "id": "x"}]
    )
    assert partly(app_of(half).app_roles[0].assignments) == ["u1"]


def test_clients_are_those_that_request_or_were_granted() -> None:
    asking = [one(name, requiredResourceAccess=[asks("a", ("s", "Scope"))]) for name in ("a", "b")]
    grants: dict[str, Any] = {
        "oauth2PermissionGrants": [grant("p-c", "s", "p-a")],
        "appRoleAssignments": [assigned("p-d", "r", "p-a"), assigned("u1", "r", "p-a")],
    }
    principals = [sp("a"), sp("c", OTHER), sp("d", OTHER)]
    found = tenant(*asking, principals=principals, **grants)
    assert app_ids(app_of(found).clients) == ["b", "c", "d"]
    assert app_of(found).clients[1].foreign is True
    assert app_of(found, "b").clients == []
    for missing, seen in (("servicePrincipals", ["b"]), ("oauth2PermissionGrants", ["b", "d"]), ("appRoleAssignments", ["b", "c"])):
        assert app_ids(partly(app_of(tenant(*asking, principals=principals, **grants, without=missing)).clients)) == seen
    assert partly(alone(requiredResourceAccess=[]).clients) == []
    unread = tenant(asking[0], {"id": "o-b", "appId": "b"}, principals=principals)
    assert partly(app_of(unread).clients) == []


def test_names_that_look_like_another_tenants() -> None:
    names = {"a": "Payroll", "b": "P\u0430yr\u043ell", "c": "pay\u200bROLL", "d": "Payroll 2", "e": "Payroll"}
    homes = {"a": TENANT, "b": OTHER, "c": OTHER, "d": OTHER, "e": TENANT}
    principals = [sp(key, homes[key], displayName=name) for key, name in names.items()]
    found = tenant(principals=principals)
    assert app_ids(principal_of(found).lookalikes) == ["b", "c"]
    assert app_ids(principal_of(found, "b").lookalikes) == ["a", "e"]
    assert principal_of(found, "d").lookalikes == []
    part = world([{**one_, "servicePrincipalType": "Application"} for one_ in principals])
    assert app_ids(partly(principal_of(part).lookalikes)) == ["b", "c"]
    nameless = tenant(principals=[principals[0], {"id": "p-x", "appId": "x"}])
    assert partly(principal_of(nameless).lookalikes) == []
    assert unknown(principal_of(nameless, "x").lookalikes)
    homeless = tenant(principals=[principals[0], {"id": "p-x", "appId": "x", "displayName": "Payroll"}])
    assert partly(principal_of(homeless).lookalikes) == []


# -- completeness


def files(*texts: Any, scope: str = "s") -> World:
    """Files of one folder."""
    documents = Documents()
    for number, value in enumerate(texts):
        reader.read(json.dumps(value).encode(), f"{number}.json", scope, documents)
    assert not documents.errors
    return joins.worlds(documents, NOW)[0]


def page(collection: str, *objects: Any, more: bool = False, count: int | None = None) -> dict[str, Any]:
    head: dict[str, Any] = {"@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{collection}"}
    if more:
        head["@odata.nextLink"] = "https://graph.microsoft.com/v1.0/next"
    if count is not None:
        head["@odata.count"] = count
    return {**head, "value": list(objects)}


APPS, PRINCIPALS = page("applications", one("a")), page("servicePrincipals", GRAPH)


@pytest.mark.parametrize(
    ("pages", "complete"),
    [
        ([APPS, PRINCIPALS], {"applications", "servicePrincipals"}),
        ([PRINCIPALS, APPS], {"applications", "servicePrincipals"}),
        ([[one("a"), one("b")], [GRAPH | {"servicePrincipalType": "Application"}]], {"applications", "servicePrincipals"}),
        ([APPS], set()),
        ([APPS, page("servicePrincipals", sp("a"))], set()),  # a tenant without Microsoft Graph is a selection
        ([APPS, page("servicePrincipals", GRAPH, more=True)], set()),
        ([page("applications", one("a"), more=True), PRINCIPALS], {"servicePrincipals"}),
        ([APPS, page("applications", one("b")), PRINCIPALS], {"servicePrincipals"}),  # two lists: which is the tenant's?
        ([page("applications", one("a"), more=True, count=2), page("applications", one("b")), PRINCIPALS], {"applications", "servicePrincipals"}),
        ([page("applications", one("a"), more=True, count=3), page("applications", one("b")), PRINCIPALS], {"servicePrincipals"}),
        ([page("applications", one("a"), more=True, count=1), PRINCIPALS], {"servicePrincipals"}),
        ([page("applications", *[one(str(i)) for i in range(100)]), PRINCIPALS], {"servicePrincipals"}),  # az stops there
        ([page("applications", *[one(str(i)) for i in range(101)]), PRINCIPALS], {"applications", "servicePrincipals"}),
        ([page("applications"), PRINCIPALS], {"applications", "servicePrincipals"}),
    ],
)  # fmt: skip
def test_when_a_collection_is_the_whole_tenants(pages: list[Any], complete: set[str]) -> None:
    assert files(*pages).complete == complete


REPORT = "reports/servicePrincipalSignInActivities"
RECENTLY = {"lastSignInDateTime": "2025-12-30T00:00:00Z"}
ROWS: list[dict[str, Any]] = [{"appId": MICROSOFT_GRAPH, "lastSignInActivity": RECENTLY}, {"appId": "b", "lastSignInActivity": None}]


@pytest.mark.parametrize(
    ("pages", "complete", "never"),
    [
        ([page(REPORT, *ROWS)], True, True),
        ([ROWS], True, True),
        ([page(REPORT, ROWS[0], more=True)], False, False),
        ([page(REPORT, *ROWS, more=True), page(REPORT, {"appId": "c"})], False, False),
        ([page(REPORT, *ROWS[1:])], False, False),  # everybody signs in to Microsoft Graph: this was filtered
        ([page(REPORT)], False, False),
        ([{"@odata.context": f"https://graph.microsoft.com/beta/$metadata#{REPORT}", **ROWS[0]}], False, False),
        ([page(REPORT, {"lastSignInActivity": None}, *ROWS)], True, False),  # whose row the first is nobody knows
    ],
)
def test_when_the_report_of_sign_ins_is_whole_and_who_it_leaves_out_never_signed_in(pages: list[Any], complete: bool, never: bool) -> None:
    found = files(*pages, [sp("a") | {"servicePrincipalType": "Application"}])
    assert ("servicePrincipalSignInActivities" in found.complete) is complete
    last = principal_of(found).last_sign_in
    assert last is None if never else unknown(last)


def test_a_report_of_which_a_page_is_missing_still_says_what_it_says() -> None:
    found = files(
        page(REPORT, {"appId": "A", "lastSignInActivity": RECENTLY}, more=True), [sp("a") | {"servicePrincipalType": "Application"}]
    )
    assert str(principal_of(found).last_sign_in) == "2025-12-30 00:00:00+00:00"


def test_a_report_that_was_saved_long_ago_does_not_say_who_signed_in_since() -> None:
    row = {"appId": "a", "lastSignInActivity": {"lastSignInDateTime": "2025-03-01T00:00:00Z"}}
    principals = [sp("a") | {"servicePrincipalType": "Application"}]
    assert str(principal_of(files(page(REPORT, row, *ROWS), principals)).last_sign_in) == "2025-03-01 00:00:00+00:00"
    old = files(
        page(REPORT, row, {"appId": MICROSOFT_GRAPH, "lastSignInActivity": {"lastSignInDateTime": "2025-12-01T00:00:00Z"}}), principals
    )
    last: Any = principal_of(old).last_sign_in
    assert last.reason == "servicePrincipalSignInActivities: saved long ago, its newest sign-in is of 2025-12-01"
    assert old.complete == set()
    undated: Any = principal_of(files([{"appId": "a", "lastSignInActivity": None}], principals)).last_sign_in
    assert undated.reason == "servicePrincipalSignInActivities: its date is unknown"


POLICY = {"isEnabled": False, "notifyReviewers": False}


def test_a_tenant_of_which_only_a_policy_is_given_is_judged_and_the_finding_points_there() -> None:
    book = rulebook.shipped()
    found = files({"id": "o", "verifiedDomains": []}, POLICY)
    alone = files(POLICY)
    for where, world_ in (("1.json", found), ("0.json", alone)):
        outcome = judge(book.get("tenant-admin-consent-workflow"), world_)
        (row,) = [row for _, row in outcome.rows]
        assert (row.file, row.line, row.pointer, row.property_path, row.resource_kind) == (where, 1, "/isEnabled", "isEnabled", "tenant")
    assert unknown(alone.tenant.id)
    other = judge(book.get("tenant-user-consent"), alone)
    assert (other.not_evaluated, dict(other.reasons)) == (1, {Reason("authorizationPolicy", "not in the input", collection=True): 1})


def test_rules_on_the_tenant_say_what_they_need_when_nothing_of_it_is_given() -> None:
    outcome = judge(rulebook.shipped().get("tenant-app-policy-gaps"), files(one("a")))
    assert dict(outcome.reasons) == {Reason("defaultAppManagementPolicy", "not in the input", collection=True): 1}


def test_what_rules_on_the_tenant_and_on_sign_ins_need() -> None:
    book = rulebook.shipped()
    assert compiled(book.get("tenant-user-consent")).collections() == {"authorizationPolicy"}
    assert compiled(book.get("tenant-app-policy-lifetime")).collections() == {"defaultAppManagementPolicy"}
    assert "servicePrincipalSignInActivities*" in compiled(book.get("app-unused")).collections()


def test_a_policy_that_was_read_twice_is_told() -> None:
    notes = joins.read_twice(files(POLICY, {**POLICY, "isEnabled": True}))
    assert [str(note) for note in notes] == [
        "1.json:1:1: the adminConsentRequestPolicy was already read from 0.json:1; only that is judged"
    ]


def test_a_restriction_that_is_not_set_points_at_where_it_would_stand() -> None:
    entry = {"restrictionType": "passwordLifetime", "state": "disabled"}
    policy = {"isEnabled": True, "applicationRestrictions": {"passwordCredentials": [entry], "keyCredentials": [], "identifierUris": None}}
    outcome = judge(rulebook.shipped().get("tenant-app-policy-gaps"), files(policy))
    assert [row.property_path for _, row in outcome.rows][:2] == [
        "applicationRestrictions.passwordCredentials[0].state",
        "applicationRestrictions.passwordCredentials",
    ]


def test_an_export_that_says_so_is_whole_and_names_what_it_does_not_hold() -> None:
    assert tenant().complete == {*WHOLE, "appRoleAssignedTo", "servicePrincipalOwners"}
    assert tenant(without="owners organization").complete == {*WHOLE, "appRoleAssignedTo"} - {"owners", "organization"}
    assert world(one("a")).complete == set()


def test_what_lists_the_children_of_one_object_is_whole_for_it() -> None:
    of_one = f"servicePrincipals('{GRAPH_ID}')/appRoleAssignedTo"
    found = files({**page(of_one), "value": [assigned("u1", ROLE_WRITE)]}, PRINCIPALS)
    assert principal_of(found, MICROSOFT_GRAPH).assignments == ["u1"]
    ahead = files({**page(of_one, more=True), "value": [assigned("u1", ROLE_WRITE)]}, PRINCIPALS)
    assert partly(principal_of(ahead, MICROSOFT_GRAPH).assignments) == ["u1"]


def test_what_a_run_says_that_it_cannot_know_is_not_known() -> None:
    exposed = {
        "appRoles": [{"id": "r"}],
        "identifierUris": ["api://x"],
        "keyCredentials": [{"customKeyIdentifier": "a" * 40}],
        **web("https://x"),
    }
    part = world({"applications": [one("a", requiredResourceAccess=[asks(MICROSOFT_GRAPH, (USER_READ, "Scope"))], **exposed)]})
    app = app_of(part)
    holders: dict[str, Any] = {
        "App": app, "RequestedPermission": app.requested_permissions[0], "RequestedResource": app.requested_resources[0], "AppRole": app.app_roles[0],
        "Resource": app.requested_resources[0].resource, "IdentifierUri": app.identifier_uris[0], "RedirectUri": app.redirect_uris[0], "Tenant": part.tenant,
    }  # fmt: skip
    seen = [getattr(holders[kind], fact) for kind, _, fact in (name.partition(".") for name in part.unavailable.unknown) if kind in holders]
    assert len(seen) > 10
    assert all(unknown(value) for value in seen)
    assert part.unavailable.partial == {}
    lone = alone(**exposed)
    assert cast(World, lone.world).unavailable.partial.keys() >= {"App.namesakes", "App.clients", "RedirectUri.also_on"}
    assert partly(lone.redirect_uris[0].also_on) == []


def test_joins_reach_over_one_folder_only() -> None:
    documents = Documents()
    for scope, value in (
        ("s1", [one("a", displayName="Twin")]),
        ("s2", [one("b", displayName="Twin"), sp("a") | {"servicePrincipalType": "Application"}]),
    ):
        reader.read(json.dumps(value).encode(), f"{scope}.json", scope, documents)
    first, second = joins.worlds(documents, NOW)
    assert (first.scope, second.scope) == ("s1", "s2")
    assert partly(first.apps[0].namesakes) == []
    assert unknown(first.apps[0].service_principal)


def test_the_order_of_files_does_not_matter() -> None:
    objects = [*(one(name, displayName="Twin") for name in "cab"), sp("a"), GRAPH]
    objects = [o | {"servicePrincipalType": "Application"} if "appOwnerOrganizationId" in o else o for o in objects]
    for seed in range(5):
        random.Random(seed).shuffle(objects)
        found = files(*objects)
        assert app_ids(found.apps) == ["a", "b", "c"]
        assert app_ids(partly(app_of(found, "b").namesakes)) == ["a", "c"]
        assert app_of(found).service_principal is principal_of(found)


# -- read twice


def test_objects_that_were_read_twice_are_told_and_share_nothing_with_themselves() -> None:
    registration = one("a", displayName="Twin", **web("https://x/cb"))
    found = files(
        registration, {**registration, "id": "O-a"}, one("b", displayName="Twin"), sp("x") | {"servicePrincipalType": "Application"}
    )
    (note,) = joins.read_twice(found)
    assert str(note) == "1.json:1:1: the app registration o-a was already read from 0.json:1; both are judged"
    assert len(found.apps) == 3
    assert [app_ids(partly(app.namesakes)) for app in found.apps] == [["b"], ["b"], ["a"]]
    assert [partly(app.redirect_uris[0].also_on) for app in found.apps[:2]] == [[], []]


def test_service_principals_read_twice_and_objects_without_ids() -> None:
    principal = sp("x") | {"servicePrincipalType": "Application"}
    notes = joins.read_twice(files([principal], [principal]))
    assert [n.message for n in notes] == ["the service principal p-x was already read from 0.json:1; both are judged"]
    assert joins.read_twice(files([one("a")], [one("b")])) == []
    nameless = {"displayName": "A", "web": {"redirectUris": []}}
    assert joins.read_twice(files(nameless, nameless)) == []
    by_app_id = {"appId": "A", **nameless}
    assert len(joins.read_twice(files(by_app_id, {**by_app_id, "appId": "a"}))) == 1


# -- lists of what belongs to one object


PARENT = "77777777-0000-4000-8000-000000000001"
ROLES, USERS = f"servicePrincipals('{PARENT}')/appRoleAssignments", f"servicePrincipals('{PARENT}')/appRoleAssignedTo"
ROLE = {"id": "r", "principalId": PARENT, "resourceId": GRAPH_ID, "appRoleId": ROLE_WRITE}


@pytest.mark.parametrize(
    ("pages", "whole"),
    [
        ([page(ROLES, ROLE)], True),
        ([page(ROLES, ROLE, count=1)], True),
        ([page(ROLES, ROLE, count=2)], False),
        ([page(ROLES, ROLE, more=True)], False),
        ([page(ROLES, ROLE, more=True), page(ROLES)], False),  # what stood between them nobody knows
        ([page(USERS, ROLE)], False),  # another list: who is assigned to it
    ],
)
def test_a_principals_assignments_are_known_when_one_list_was_read_to_its_end(pages: list[Any], whole: bool) -> None:
    found = world([{"id": PARENT, "appId": "a", "displayName": "A", "servicePrincipalType": "Application"}, *pages])
    assert (found.grants.application(principal_of(found, "a")).__class__ is list) is whole


def test_what_many_registrations_request_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = world([one(f"app-{i}", requiredResourceAccess=[asks(MICROSOFT_GRAPH, (USER_READ, "Scope"))]) for i in range(20)])
    asked: list[tuple[str, str, str]] = []
    definition = found.apis.definition
    monkeypatch.setattr(found.apis, "definition", lambda *key: asked.append(key) or definition(*key))  # type: ignore[func-returns-value]
    first, *others = (app.requested_permissions[0] for app in found.apps)
    assert (first.value, first.definition is not None, first.other_kind) == ("User.Read", True, None)
    assert (first.privilege, first.reach) == (others[0].privilege, others[0].reach)
    once = len(asked)
    assert all(wish.value == "User.Read" and wish.definition is first.definition and wish.other_kind is None for wish in others)
    assert len(asked) == once > 0


def test_a_permission_of_an_unknown_kind_is_like_no_other() -> None:
    wish = {"requiredResourceAccess": [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [{"id": USER_READ}]}]}
    unsure = world([one("a", **wish), one("b", requiredResourceAccess=[asks(MICROSOFT_GRAPH, (USER_READ, "Scope"))])])
    first, second = (app_of(unsure, name).requested_permissions[0] for name in "ab")
    assert unknown(first.definition)
    assert first.resource is second.resource is not None
    assert second.value == "User.Read"


def test_a_value_that_a_registration_has_twice_is_shared_with_others_only() -> None:
    twice = web("https://x/cb", "https://x/cb")
    assert len(app_of(tenant(one("a", **twice))).redirect_uris[0].also_on) == 0
    both = tenant(one("a", **twice), one("b", **twice))
    assert app_ids(app_of(both).redirect_uris[0].also_on) == ["b"]
