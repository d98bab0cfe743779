"""Two made-up tenants of more than 300 registrations, for the golden files. The same code always writes the same bytes.

Contoso is whole: registrations with owners and federated credentials, service principals, grants, assignments, policies, sign-ins, connectors.
Tailspin is what people really hand over: some pages of a `$select`, a collection that goes on, a few manifests of the portal, twice the same
registration, names that would do harm, a broken file. Adatum, a small one, is a snapshot for which two permissions were missing.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from auditor.entra.catalog import CATALOG
from auditor.entra.ids import MICROSOFT_GRAPH
from benchmarks.tenant import USER_READ, registration
from tests.tenants import HOME, MICROSOFT, Maker, guid

Json = dict[str, Any]
ODD = 11  # registrations in which anything may stand, besides those that look like everybody's
PLAIN = 292
DAYS = [*["2026-11-23T00:00:00Z"] * 12, "2026-09-30T00:00:00Z", "2026-01-05T00:00:00Z", "2024-06-01T00:00:00Z", None]  # of the last sign-in
POLICIES = ("authorizationPolicy", "adminConsentRequestPolicy", "defaultAppManagementPolicy")
SELECTED = ("id", "appId", "displayName", "signInAudience", "passwordCredentials", "keyCredentials", "web")
HOSTILE = (
    "\x1b[31mRed\x1b[0m", "::set-output name=a::b", "##vso[task.setvariable variable=x]y", "=HYPERLINK(\"https://evil.example\")", "Pay\u202elorp",
    "Two\nlines", "$(touch /tmp/x)", "'; DROP TABLE apps; --", "A" * 300, "日本語のアプリ", "</script><script>alert(1)</script>", "Payro\u043b\u043b",
)  # fmt: skip


def write(folder: Path) -> None:
    _write_contoso(folder / "contoso/tenant", tenant(seed=1))
    _write_tailspin(folder / "tailspin/tenant", tenant(seed=3))
    _write_adatum(folder / "adatum.ndjson", tenant(seed=2, plain=24))
    _write_fabrikam(folder)


def write_big(folder: Path) -> None:
    """A tenant of 3,000 registrations."""
    _write_contoso(folder / "big/tenant", tenant(seed=5, plain=3000 - ODD))


def tenant(seed: int, plain: int = PLAIN) -> Json:
    """`Maker`'s tenant with more registrations, and what hangs on them."""
    maker = Maker(seed)
    rnd, whole = maker.rnd, maker.tenant()
    odd = [maker.app(number) for number in range(1, ODD + 1)]
    others = list(_plain(rnd, plain))
    graph = next(principal for principal in whole["servicePrincipals"] if principal["appId"] == MICROSOFT_GRAPH)
    _define(graph, others)
    principals: list[Json] = [graph]
    grants: list[Json] = []
    assignments: list[Json] = []
    for number, app in enumerate([*odd, *others], 1):
        ordinary = number > ODD
        app["owners"] = [
            _user(n) if ordinary else maker.owner(n) for n in rnd.sample(range(1, 60), 2 if number % 8 else rnd.choice([0, 1, 3]))
        ]
        app["federatedIdentityCredentials"] = [_federated(number, app)] if number % 29 == 3 else []
        if number % 20 == 7 or number == 900:  # that of Microsoft Graph
            continue
        principal = maker.principal(app["appId"], number, HOME, app["identifierUris"]) | {
            "displayName": app["displayName"], "servicePrincipalType": "Application", "appRoles": app["appRoles"], "replyUrls": [],
            "oauth2PermissionScopes": (app["api"] or {}).get("oauth2PermissionScopes", []), "passwordCredentials": [], "keyCredentials": [],
            "owners": app["owners"][:1],
        }  # fmt: skip
        if ordinary:
            principal |= {
                "accountEnabled": True,
                "appRoleAssignmentRequired": False,
                "preferredSingleSignOnMode": None,
                "keyCredentials": [],
                "disabledByMicrosoftStatus": None,
            }
        principals.append(principal)
        asked = [
            access
            for entry in app["requiredResourceAccess"]
            if entry["resourceAppId"] == MICROSOFT_GRAPH
            for access in entry["resourceAccess"]
        ]
        scopes = [one["value"] for one in graph["oauth2PermissionScopes"] if one["id"] in {access["id"] for access in asked}]
        if scopes and number % 20 != 9:
            grants.append(
                {"id": f"grant-{number}", "clientId": principal["id"], "resourceId": graph["id"], "consentType": "AllPrincipals", "principalId": None,
                 "scope": " ".join(scopes)}
            )  # fmt: skip
        for access in asked:
            if access["type"] == "Role" and rnd.random() < 0.8:
                assignments.append(
                    {"id": f"assignment-{len(assignments)}", "principalId": principal["id"], "resourceId": graph["id"],
                     "principalType": "ServicePrincipal", "appRoleId": access["id"]}
                )  # fmt: skip
    activities = []
    for principal in principals:
        last = {"lastSignInDateTime": rnd.choice(DAYS)}
        activities.append({"appId": principal["appId"], "lastSignInActivity": last, "delegatedClientSignInActivity": last})
    return {
        "applications": [*odd, *others], "servicePrincipals": principals, "oauth2PermissionGrants": grants, "appRoleAssignments": assignments,
        "organization": [whole["organization"]], **{name: whole[name] for name in POLICIES}, "servicePrincipalSignInActivities": activities,
        "connectors": [maker.connector(number) for number in range(1, 6)],
    }  # fmt: skip


def _plain(rnd: random.Random, count: int) -> Iterable[Json]:
    kinds = {"delegated": "Scope", "application": "Role"}
    low = [
        (id_, kinds[kind])
        for (resource, id_, kind), permission in sorted(CATALOG.permissions.items())
        if resource == MICROSOFT_GRAPH and permission.enabled and permission.privilege not in ("tier 0", "high")
    ][::40]
    high = [
        ("9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", "Role"),
        ("e2a3a72e-5f79-4c64-b1b1-878b674786c9", "Role"),
        ("024d486e-b451-40bb-833d-3e66d98c5c73", "Scope"),
    ]
    for number in range(count):
        app = registration(rnd, {"low": low, "high": high}, [MICROSOFT_GRAPH])
        if number % 8:  # in order, or the golden files would be about these alone
            app["web"]["redirectUris"] = [f"https://{app['displayName']}.contoso.com/signin-oidc"]
            app["web"]["redirectUriSettings"], app["web"]["implicitGrantSettings"] = [], None
            app["appRoles"], app["identifierUris"], app["keyCredentials"], app["isFallbackPublicClient"] = [], [], [], None
            app["api"]["oauth2PermissionScopes"], app["api"]["requestedAccessTokenVersion"] = [], None
            app["spa"], app["publicClient"], app["signInAudience"] = {"redirectUris": []}, {"redirectUris": []}, "AzureADMyOrg"
            app["passwordCredentials"] = [
                {"keyId": guid("k", 10_000 + number), "displayName": "ci", "startDateTime": "2026-09-01T00:00:00Z", "endDateTime": "2027-02-01T00:00:00Z"}
            ]  # fmt: skip
            app["requiredResourceAccess"] = [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [{"id": USER_READ[0], "type": "Scope"}]}]
        yield app


def _define(graph: Json, apps: list[Json]) -> None:
    """Microsoft Graph's service principal defines what is asked of it."""
    names = {
        (id_, kind): permission.value for (resource, id_, kind), permission in CATALOG.permissions.items() if resource == MICROSOFT_GRAPH
    }
    asked = {
        (access["id"], access["type"]) for app in apps for entry in app["requiredResourceAccess"] for access in entry["resourceAccess"]
    }
    graph |= {
        "appOwnerOrganizationId": MICROSOFT, "appRoles": [
            {"id": id_, "value": names[id_, "application"], "isEnabled": True, "allowedMemberTypes": ["Application"]}
            for id_, kind in sorted(asked) if kind == "Role" and (id_, "application") in names
        ],
        "oauth2PermissionScopes": [
            {"id": id_, "value": names[id_, "delegated"], "isEnabled": True, "type": "User"}
            for id_, kind in sorted({*asked, USER_READ}) if kind == "Scope" and (id_, "delegated") in names
        ],
    }  # fmt: skip


def _user(number: int) -> Json:
    return {
        "@odata.type": "#microsoft.graph.user", "id": guid("u", number), "displayName": f"U{number}", "userPrincipalName": f"u{number}@contoso.com",
        "userType": "Member", "accountEnabled": True,
    }  # fmt: skip


def _federated(number: int, app: Json) -> Json:
    subject = ("ref:refs/heads/main", "pull_request", "environment:production")[number % 3]
    return {
        "id": guid("f", number), "name": f"github-{number}", "issuer": "https://token.actions.githubusercontent.com",
        "subject": f"repo:contoso/app-{number}:{subject}", "audiences": ["api://AzureADTokenExchange"], "description": app["displayName"],
    }  # fmt: skip


def _page(path: Path, collection: str, objects: list[Json], select: Iterable[str] = (), **more: Any) -> None:
    """A page of Microsoft Graph, an object a line, so that places in it stay what they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen = f"({','.join(select)})" if select else ""
    head = {"@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{collection}{chosen}", **more}
    lines = ",\n".join(json.dumps(one) for one in objects)
    path.write_text(f'{json.dumps(head)[:-1]}, "value": [\n{lines}\n]}}\n', "utf-8")


def _json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", "utf-8")


def _connectors(folder: Path, connectors: list[Json]) -> None:
    for number, connector in enumerate(connectors, 1):
        if "oAuthSettings" in connector:
            token = {"type": "oauthSetting", **connector}
            _json(folder / f"connector-{number}/apiProperties.json", {"properties": {"connectionParameters": {"token": token}}})
        else:
            _json(folder / f"sample-{number}/authConfig.json", connector)


def _write_contoso(folder: Path, contoso: Json) -> None:
    for collection in (
        "applications",
        "servicePrincipals",
        "oauth2PermissionGrants",
        "appRoleAssignments",
        "organization",
        "servicePrincipalSignInActivities",
    ):
        _page(folder / f"{collection}.json", collection, contoso[collection])
    for policy in POLICIES:
        _json(
            folder / f"{policy}.json",
            {"@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#policies/{policy}/$entity", **contoso[policy]},
        )
    _connectors(folder, contoso["connectors"])


def _write_tailspin(folder: Path, tailspin: Json) -> None:
    apps = tailspin["applications"]
    for app, name in zip(apps[ODD:], HOSTILE, strict=False):
        app["displayName"] = name
    chosen = [{name: app[name] for name in SELECTED} for app in apps[ODD:]]
    _page(folder / "applications-1.json", "applications", chosen[:200], SELECTED)
    _page(folder / "applications-2.json", "applications", chosen[200:], SELECTED)
    for number, app in enumerate(apps[:ODD]):
        _json(
            folder / f"manifests/app-{number:02}.json",
            {name: value for name, value in app.items() if name not in ("owners", "federatedIdentityCredentials")},
        )
    _json(folder / "manifests/again.json", {**apps[0], "displayName": "Again", "passwordCredentials": []})
    more = {"@odata.nextLink": "https://graph.microsoft.com/v1.0/servicePrincipals?$skiptoken=x"}
    _page(folder / "servicePrincipals.json", "servicePrincipals", tailspin["servicePrincipals"][:150], **more)
    _page(folder / "organization.json", "organization", tailspin["organization"])
    (folder / "broken.json").write_text('{\n  "appId": "11111111-1111-4111-8111-111111111111",\n  "displayName": ,\n}\n')
    _json(folder / "wrong.json", {**apps[1], "id": guid("o", 991), "appId": guid("a", 991), "web": [], "signInAudience": 7})
    _connectors(folder, tailspin["connectors"])


def _write_adatum(path: Path, adatum: Json) -> None:
    """As `regaudit export` writes it, which was denied two permissions and lost its connection once."""
    left_out = {"appRoleAssignments", "adminConsentRequestPolicy", "defaultAppManagementPolicy"}
    denied = {"servicePrincipalSignInActivities": "AuditLog.Read.All", "federatedIdentityCredentials": "Application.Read.All"}
    _snapshot(
        path, {name: value for name, value in adatum.items() if name not in left_out}, denied=denied, partial="oauth2PermissionGrants"
    )


def _write_fabrikam(folder: Path) -> None:
    """Two snapshots of one tenant: on Monday the report of sign-ins was denied, on Tuesday the owners; in between it changed."""
    monday, tuesday = tenant(seed=5, plain=20), tenant(seed=5, plain=20)
    apps = tuesday["applications"]
    gone, careless, renamed = apps[-1], apps[-2], apps[-3]
    apps.remove(gone)
    apps.append(
        {**json.loads(json.dumps(careless)), "id": guid("o", 900), "appId": guid("a", 900), "displayName": HOSTILE[2], "owners": []}
    )
    careless["signInAudience"] = "AzureADMultipleOrgs"
    careless["web"]["redirectUris"] = [*careless["web"]["redirectUris"], "http://fabrikam.example/cb?code=hunter2"]
    careless["passwordCredentials"] = [
        {"keyId": guid("k", 900), "displayName": "deploy", "startDateTime": "2026-11-02T00:00:00Z", "endDateTime": "2036-11-02T00:00:00Z"}
    ]
    careless["federatedIdentityCredentials"] = [
        {"id": guid("f", 900), "name": "ci", "issuer": "https://token.actions.githubusercontent.com", "audiences": ["api://AzureADTokenExchange"],
         "subject": "repo:fabrikam/app:ref:refs/heads/main"},
    ]  # fmt: skip
    renamed["displayName"] = "Renamed"
    renamed["identifierUris"] = [f"api://{renamed['appId']}"]
    principals = tuesday["servicePrincipals"]
    graph, first, second = principals[0], principals[-1], principals[-2]
    second["accountEnabled"] = not second["accountEnabled"]
    role = graph["appRoles"][0]["id"]
    tuesday["appRoleAssignments"].append(
        {
            "id": "assignment-new",
            "principalId": first["id"],
            "resourceId": graph["id"],
            "principalType": "ServicePrincipal",
            "appRoleId": role,
        }
    )
    tuesday["oauth2PermissionGrants"].append(
        {
            "id": "grant-new",
            "clientId": first["id"],
            "resourceId": graph["id"],
            "consentType": "Principal",
            "principalId": guid("u", 1),
            "scope": "Mail.Read",
        }
    )
    signs = {"servicePrincipalSignInActivities": "AuditLog.Read.All"}
    _snapshot(folder / "fabrikam-monday.ndjson", monday, denied=signs)
    _snapshot(folder / "fabrikam-tuesday.ndjson", tuesday, denied={"owners": "User.Read.All"}, taken="2026-11-03T00:00:00Z")


def _snapshot(path: Path, whole: Json, *, denied: dict[str, str], partial: str = "", taken: str = "2026-11-01T00:00:00Z") -> None:
    """As `regaudit export` writes it. `denied`: collection -> permission that was missing."""
    lines: list[Json] = []
    parts = {"owners", "federatedIdentityCredentials"} - {*denied}
    for app in whole["applications"]:
        held = {name: value for name, value in app.items() if name not in ("owners", "federatedIdentityCredentials")}
        lines.append({"collection": "applications", "object": held})
        lines.extend({"collection": name, "object": one, "of": app["id"]} for name in sorted(parts, reverse=True) for one in app[name])
    for one in whole["servicePrincipals"]:
        lines.append({"collection": "servicePrincipals", "object": {name: value for name, value in one.items() if name != "owners"}})
    for name in ("oauth2PermissionGrants", "appRoleAssignments", "organization", "servicePrincipalSignInActivities"):
        if name not in denied:
            lines.extend({"collection": name, "object": one} for one in whole.get(name, ()))
    lines.extend({"collection": name, "object": whole[name]} for name in POLICIES if name in whole)
    counts = Counter(line["collection"] for line in lines)
    covered: list[Json] = [
        {"collection": name, "status": "complete", "count": counts[name]} for name in dict.fromkeys([*counts, *sorted(parts)])
    ]
    for one in covered:
        if one["collection"] == partial:
            one.update(status="partial", reason="the connection was lost")
    for name, permission in denied.items():
        covered.append({"collection": name, "status": "denied", "reason": f"{permission} is missing", "permission": permission})
    header = {
        "regaudit": "snapshot", "schemaVersion": "1.0", "toolVersion": "0",
        "tenant": {"tenantId": HOME, "portal": "https://entra.microsoft.com", "taken": taken, "covered": covered},
    }  # fmt: skip
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in [header, *lines]), "utf-8")
