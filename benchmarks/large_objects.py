"""One registration with a very long list in it: calls and seconds at n and 2n, over the ordinary path and the compiled one.

    python -m benchmarks.large_objects [--seconds] [--count 4000] [KIND…]

What is linear makes twice as many calls; seconds say what calls hide (a text that is looked through again for each of its lines).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from auditor.pipeline import audit
from auditor.report import Options, render
from auditor.report.build import report_of
from auditor.results import Report

Json = dict[str, Any]
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
GRAPH = "00000003-0000-0000-c000-000000000000"
ROOTS = {"one registration": 1, "six registrations": 6}  # few are judged one by one, more by compiled rules


def guid(number: int, kind: int = 0) -> str:
    return f"{number:08x}-{kind:04x}-4000-8000-000000000000"


def registration(number: int, **more: Any) -> Json:
    return {
        "id": guid(number, 1), "appId": guid(number, 2), "displayName": f"App {number}", "signInAudience": "AzureADMyOrg", "tags": [],
        "identifierUris": [], "web": {"redirectUris": []}, "spa": {"redirectUris": []}, "publicClient": {"redirectUris": []},
        "api": {"oauth2PermissionScopes": [], "preAuthorizedApplications": [], "knownClientApplications": []}, "appRoles": [],
        "requiredResourceAccess": [], "passwordCredentials": [], "keyCredentials": [], **more,
    }  # fmt: skip


def principal(number: int, app: int, **more: Any) -> Json:
    return {
        "id": guid(number, 3), "appId": guid(app, 2), "displayName": f"App {app}", "servicePrincipalType": "Application",
        "accountEnabled": True, "appOwnerOrganizationId": guid(1, 9), "servicePrincipalNames": [guid(app, 2)], **more,
    }  # fmt: skip


def _scopes(count: int) -> list[Json]:
    return [
        {"id": guid(i, 4), "value": f"Thing{i}.Read", "type": "User", "isEnabled": True, "adminConsentDisplayName": "x",
         "adminConsentDescription": f"Read {i}", "userConsentDisplayName": "x", "userConsentDescription": "x"}
        for i in range(count)
    ]  # fmt: skip


def _of_app(number: int, more: Json) -> Json:
    return {"applications": [registration(number, **more)]}


def _credentials(count: int) -> list[Json]:
    return [
        {"keyId": guid(i, 5), "displayName": f"s{i}", "startDateTime": "2025-01-01T00:00:00Z", "endDateTime": f"20{26 + i % 9}-{1 + i % 12:02d}-01T00:00:00Z"}
        for i in range(count)
    ]  # fmt: skip


def _granted(number: int, count: int) -> Json:
    words = " ".join(f"Thing{i}.Read" for i in range(count))
    api = principal(99, 99)
    grant = {"id": f"g{number}", "clientId": guid(number, 3), "consentType": "AllPrincipals", "resourceId": api["id"], "scope": words}
    wishes = {"resourceAppId": guid(99, 2), "resourceAccess": [{"id": guid(i, 4), "type": "Scope"} for i in range(20)]}
    client = registration(number, requiredResourceAccess=[wishes])
    return {"applications": [client], "servicePrincipals": [principal(number, number), api], "oauth2PermissionGrants": [grant]}


def _roles(count: int) -> list[Json]:
    return [
        {"id": guid(i, 6), "value": f"Thing{i}.All", "displayName": f"T{i}", "description": "x", "allowedMemberTypes": ["Application"], "isEnabled": True}
        for i in range(count)
    ]  # fmt: skip


def _assignments(number: int, count: int) -> Json:
    """As many app roles, each assigned to a client that is a service principal."""
    api = principal(number, number)
    clients = [principal(100_000 + i, 100_000 + i) for i in range(count)]
    assigned = [
        {"id": f"a{i}", "principalId": client["id"], "principalType": "ServicePrincipal", "resourceId": api["id"], "appRoleId": guid(i, 6)}
        for i, client in enumerate(clients)
    ]  # fmt: skip
    return {
        "applications": [registration(number, appRoles=_roles(count))],
        "servicePrincipals": [api, *clients],
        "appRoleAssignments": assigned,
    }


KINDS: dict[str, Callable[[int, int], Json]] = {
    "tags": lambda k, n: _of_app(k, {"tags": [f"tag{i}" for i in range(n)]}),
    "redirect URIs": lambda k, n: _of_app(k, {"web": {"redirectUris": [f"https://h{i}.contoso.com/cb/{i}" for i in range(n)]}}),
    "redirect URIs that fail": lambda k, n: _of_app(k, {"web": {"redirectUris": [f"http://h{i}.azurewebsites.net/*?{i}" for i in range(n)]}}),
    "loopback redirect URIs": lambda k, n: _of_app(k, {"publicClient": {"redirectUris": [f"http://localhost:{i}" for i in range(n)]}}),
    "Application ID URIs": lambda k, n: _of_app(k, {"identifierUris": [f"api://h{i}.contoso.com/x" for i in range(n)]}),
    "secrets": lambda k, n: _of_app(k, {"passwordCredentials": _credentials(n)}),
    "certificates": lambda k, n: _of_app(
        k, {"keyCredentials": [{**one, "type": "AsymmetricX509Cert", "usage": "Verify", "customKeyIdentifier": f"{i:040X}"} for i, one in enumerate(_credentials(n))]}
    ),
    "one certificate over and over": lambda k, n: _of_app(
        k, {"keyCredentials": [{**one, "endDateTime": "2027-01-01T00:00:00Z", "type": "AsymmetricX509Cert", "usage": "Verify", "customKeyIdentifier": "A" * 40} for one in _credentials(n)]}
    ),
    "scopes": lambda k, n: _of_app(k, {"identifierUris": [f"api://{guid(k, 2)}"], "api": {"oauth2PermissionScopes": _scopes(n)}}),
    "scopes of one value": lambda k, n: _of_app(k, {"api": {"oauth2PermissionScopes": [{**one, "value": "read"} for one in _scopes(n)]}}),
    "preauthorized clients": lambda k, n: _of_app(
        k, {"api": {"oauth2PermissionScopes": _scopes(9), "preAuthorizedApplications": [{"appId": guid(i, 7), "delegatedPermissionIds": [guid(i % 9, 4)]} for i in range(n)]}}
    ),
    "permissions of a preauthorized client": lambda k, n: _of_app(
        k, {"api": {"oauth2PermissionScopes": _scopes(n), "preAuthorizedApplications": [{"appId": guid(1, 7), "delegatedPermissionIds": [guid(i, 4) for i in range(n)]}]}}
    ),
    "one preauthorized client over and over": lambda k, n: _of_app(
        k, {"api": {"oauth2PermissionScopes": _scopes(9), "preAuthorizedApplications": [{"appId": guid(1, 7), "delegatedPermissionIds": [guid(i % 9, 4)]} for i in range(n)]}}
    ),
    "known clients": lambda k, n: _of_app(k, {"api": {"knownClientApplications": [guid(i, 7) for i in range(n)]}}),
    "app roles": lambda k, n: _of_app(k, {"appRoles": _roles(n)}),
    "app roles and scopes": lambda k, n: _of_app(k, {"appRoles": _roles(n), "api": {"oauth2PermissionScopes": _scopes(n)}}),
    "app roles that are assigned": _assignments,
    "APIs requested": lambda k, n: _of_app(
        k, {"requiredResourceAccess": [{"resourceAppId": guid(i, 8), "resourceAccess": [{"id": guid(i, 4), "type": "Scope"}]} for i in range(n)]}
    ),
    "permissions requested": lambda k, n: _of_app(
        k, {"requiredResourceAccess": [{"resourceAppId": GRAPH, "resourceAccess": [{"id": guid(i, 4), "type": "Role"} for i in range(n)]}]}
    ),
    "one permission over and over": lambda k, n: _of_app(
        k, {"requiredResourceAccess": [{"resourceAppId": GRAPH, "resourceAccess": [{"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}] * n}]}
    ),
    "federated credentials": lambda k, n: _of_app(
        k, {"federatedIdentityCredentials": [{"id": f"f{i}", "name": f"fic{i}", "issuer": "https://token.actions.githubusercontent.com",
                                              "subject": f"repo:contoso/r{i}:ref:refs/heads/main", "audiences": ["api://AzureADTokenExchange"]} for i in range(n)]}
    ),
    "owners": lambda k, n: _of_app(k, {"owners": [{"id": guid(i, 7), "displayName": f"O {i}"} for i in range(n)]}),
    "optional claims": lambda k, n: _of_app(k, {"optionalClaims": {"idToken": [{"name": f"c{i}"} for i in range(n)]}}),
    "one owner over and over": lambda k, n: _of_app(k, {"owners": [{"id": guid(1, 7), "displayName": "O", "accountEnabled": False}] * n}),
    "one optional claim over and over": lambda k, n: _of_app(k, {"optionalClaims": {"accessToken": [{"name": "email", "essential": True}] * n}}),
    "one tag over and over": lambda k, n: _of_app(k, {"tags": ["HideApp"] * n}),
    "app roles of one value": lambda k, n: _of_app(k, {"appRoles": [{**one, "value": "All"} for one in _roles(n)]}),
    "one federated credential over and over": lambda k, n: _of_app(
        k, {"federatedIdentityCredentials": [{"id": "f", "name": "fic", "issuer": "https://token.actions.githubusercontent.com/",
                                              "subject": "repo:contoso/r:pull_request", "audiences": ["api://x", "api://y"]}] * n}
    ),
    "secrets that have expired": lambda k, n: _of_app(k, {"passwordCredentials": [{**one, "endDateTime": "2025-06-01T00:00:00Z"} for one in _credentials(n)]}),
    "redirect URI settings": lambda k, n: _of_app(
        k, {"web": {"redirectUris": [f"https://h{i}.contoso.com/" for i in range(n)], "redirectUriSettings": [{"uri": f"https://h{i}.contoso.com/", "index": i} for i in range(n)]}}
    ),
    "words of a granted scope": _granted,
    "namesake service principals": lambda k, n: {
        "applications": [registration(k)],
        "servicePrincipals": [principal(k * 100_000 + i, k * 100_000 + i, displayName="Contoso", appOwnerOrganizationId=guid(i, 9)) for i in range(n)],
    },
    "namesakes of an own service principal": lambda k, n: {
        **KINDS["namesake service principals"](k, n),
        "organization": [{"id": guid(1, 9)}],
    },
    "names of a service principal": lambda k, n: {
        "applications": [registration(k)],
        "servicePrincipals": [principal(k, k, servicePrincipalNames=[f"api://h{i}.contoso.com" for i in range(n)], replyUrls=[f"https://h{i}.contoso.com/" for i in range(n)])],
    },
}  # fmt: skip


def tenant(kind: str, count: int, roots: int) -> Json:
    """Registrations of which the first has a list of `count`."""
    whole = KINDS[kind](1, count)
    whole["applications"] += [registration(k) for k in range(2, roots + 1)]
    return whole


def run(file: Path) -> Report:
    report = audit(file, select=["ALL"], as_of=NOW)
    for form in ("json", "text"):
        for _ in render(report_of(report), form, Options()):
            pass
    return report


def calls(file: Path) -> int:
    """Calls of Python and C functions that an audit with all rules, and both reports, make."""
    made = 0

    def count_one(frame: Any, event: str, argument: Any) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    run(file)  # what is made once does not count
    sys.setprofile(count_one)
    try:
        run(file)
    finally:
        sys.setprofile(None)
    return made


def seconds(file: Path) -> float:
    run(file)
    start = time.process_time()
    run(file)
    return time.process_time() - start


def growth(measure: Callable[[Path], float], kind: str, count: int, roots: int) -> tuple[float, float, float]:
    """What a list of `count` costs, of twice as many, and how many times as much that is; beside what an empty one costs."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tenant.json"

        def of(length: int) -> float:
            file.write_text(json.dumps(tenant(kind, length, roots), indent=1))
            return measure(file)

        none, once, twice = of(0), of(count), of(2 * count)
    return once - none, twice - none, (twice - none) / max(once - none, 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--seconds", action="store_true", help="seconds, not calls")
    parser.add_argument("--count", type=int, default=4000, help="elements; and twice as many")
    given = parser.parse_args()
    for kind in given.kinds:
        for name, roots in ROOTS.items():
            once, twice, ratio = growth(seconds if given.seconds else calls, kind, given.count, roots)
            print(f"{kind:40} {name:18} {once:>14,.2f} {twice:>14,.2f}  {ratio:5.2f}", flush=True)


if __name__ == "__main__":
    main()
