"""regaudit credentials --federated: whose tokens sign in, as which application, and what that can do."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.entra.issuers import service_of
from auditor.entra.workloads import issuing_app, workload
from tests.helpers import ROOT, Ran, check_fits, regaudit, write
from tests.test_federated import AKS, DEVOPS, ENTRA, GITHUB, GITLAB, GOOGLE, OTHER, TENANT, TERRAFORM
from tests.test_report import HOSTILE

TODAY = ("--as-of", "2026-11-24")
APP, APP_ID, PRINCIPAL = (
    "0b000000-1111-4111-8111-111111111111",
    "22222222-2222-4222-8222-222222222222",
    "33333333-3333-4333-8333-333333333333",
)
GRAPH = "00000003-0000-0000-c000-000000000000"
GRAPH_ID = "44444444-4444-4444-8444-444444444444"
TIER_0 = "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"  # RoleManagement.ReadWrite.Directory
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
ACCOUNT = "system:serviceaccount:pay:batch"


# -- whose tokens they are


@pytest.mark.parametrize(
    ("issuer", "subject", "found"),
    [
        (GITHUB, "repo:contoso/pay:ref:refs/heads/release/1", ("contoso/pay", "branch release/1")),
        (GITHUB, "repo:contoso@1/pay@2:environment:production", ("contoso/pay", "environment production")),
        (GITHUB, "repo:contoso/pay:ref:refs/tags/v1", ("contoso/pay", "tag v1")),
        (GITHUB, "repo:contoso/pay:pull_request", ("contoso/pay", "pull requests")),
        (GITHUB, "repo:contoso/pay", ("contoso/pay", "")),
        (GITHUB, "repository_owner:contoso:workflow:deploy", ("repository_owner:contoso:workflow:deploy", "")),
        (GITLAB, "project_path:contoso/hr/pay:ref_type:branch:ref:feature/x", ("contoso/hr/pay", "branch feature/x")),
        (GITLAB, "project_path:contoso/pay:environment:prod", ("contoso/pay", "environment:prod")),
        (DEVOPS, "sc://contoso/Pay roll/Production (write)", ("contoso/Pay roll", "service connection Production (write)")),
        (DEVOPS, "p://contoso/pay/nightly", ("contoso/pay", "pipeline nightly")),
        (AKS, ACCOUNT, ("pay/batch", f"cluster {AKS}")),
        (AKS, "batch", ("batch", "")),
        (TERRAFORM, "organization:contoso:project:pay:workspace:eu:run_phase:apply", ("contoso/pay/eu", "run phase apply")),
        (GOOGLE, "112233445566778899001", ("112233445566778899001", "")),
        (ENTRA, TENANT.upper(), (TENANT, "")),
        ("https://gitea.contoso.com", "anything", ("anything", "issuer https://gitea.contoso.com")),
    ],
)
def test_workloads(issuer: str, subject: str, found: tuple[str, str]) -> None:
    assert workload(service_of(issuer), issuer, subject) == found


def test_the_application_for_which_microsoft_entra_id_issues_tokens() -> None:
    devops = f"/eid1/c/pub/t/iVfJ8-GsVEmsXWuu0urJAg/a/rISbSSETf0KqFyZ8ppdXmA/sc/{OTHER}/{TENANT}"
    broken = "/eid1/c/pub/t/AAAA/a/BBBB/x"
    assert issuing_app(broken) is issuing_app(ACCOUNT) is None
    assert issuing_app(devops) == "499b84ac-1321-427f-aa17-267ca6975798"
    assert workload("Microsoft Entra ID", ENTRA, devops) == (f"organization {OTHER}", f"service connection {TENANT}")
    other = "/eid1/c/pub/t/iVfJ8-GsVEmsXWuu0urJAg/a/xdXvfIVjaEeuXeqh7yzQWg/x"
    assert workload("Microsoft Entra ID", ENTRA, other) == (other, "application 7cefd5c5-6385-4768-ae5d-eaa1ef2cd05a")
    assert workload("Microsoft Entra ID", ENTRA, broken) == (broken, "")


# -- which application, and what it can do


def credential(name: str, issuer: str, subject: str | None, **more: Any) -> dict[str, Any]:
    return {"id": f"f-{name}", "name": name, "issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"], **more}


def tenant(
    folder: Path, *credentials: dict[str, Any], without: tuple[str, ...] = (), name: str = "Deploy", roles: tuple[str, ...] = ()
) -> Path:
    """A tenant of one application that has a tier 0 permission, and of a managed identity."""
    v1 = "https://graph.microsoft.com/v1.0/$metadata#"
    app = {
        "id": APP, "appId": APP_ID, "displayName": name, "signInAudience": "AzureADMyOrg", "passwordCredentials": [], "keyCredentials": [],
        "requiredResourceAccess": [],
    }  # fmt: skip
    principals = [
        {"id": PRINCIPAL, "appId": APP_ID, "displayName": name, "servicePrincipalType": "Application", "appOwnerOrganizationId": TENANT},
        {"id": GRAPH_ID, "appId": GRAPH, "displayName": "Microsoft Graph", "servicePrincipalType": "Application"},
        {
            "id": OTHER,
            "appId": "55555555-5555-4555-8555-555555555555",
            "displayName": "func-pay",
            "servicePrincipalType": "ManagedIdentity",
        },
    ]
    grant = {"id": "g", "principalId": PRINCIPAL, "principalType": "ServicePrincipal", "resourceId": GRAPH_ID, "appRoleId": TIER_0}
    role = {"directoryScopeId": "/", "principalId": PRINCIPAL}
    pages = {
        "organization": [{"id": TENANT, "displayName": "Contoso", "verifiedDomains": [{"name": "contoso.com"}]}],
        "applications": [app],
        f"applications('{APP}')/federatedIdentityCredentials": list(credentials),
        "servicePrincipals": principals,
        f"servicePrincipals('{PRINCIPAL}')/appRoleAssignments": [grant],
        f"servicePrincipals('{OTHER}')/appRoleAssignments": [],
        "oauth2PermissionGrants": [],
        "roleManagement/directory/roleAssignments": [{**role, "id": f"r{i}", "roleDefinitionId": one} for i, one in enumerate(roles)],
    }
    folder.mkdir(exist_ok=True)
    for number, (of, objects) in enumerate(pages.items()):
        if not any(part in of for part in without):
            write(folder / f"{number}.json", {"@odata.context": v1 + of, "value": objects})
    return folder


def listed(folder: Path, *options: str) -> Any:
    ran = regaudit("credentials", folder, "--federated", *TODAY, "--output-format", "json", *options)
    assert ran.code == 0, ran.err
    check_fits(ran.json, "federation")
    return ran.json["credentials"]


def test_from_the_repository_to_the_permission(tmp_path: Path) -> None:
    (row,) = listed(tenant(tmp_path / "in", credential("ci", GITHUB, "repo:contoso/pay:environment:production")))
    assert (row["issued_by"], row["workload"], row["bound_to"], row["problem"]) == ("GitHub", "contoso/pay", "environment production", None)
    assert (row["app_display_name"], row["app_id"], row["tier"], row["is_flexible"]) == ("Deploy", APP_ID, "tier 0", False)
    assert [(one["permission"], one["kind"], one["tier"]) for one in row["permissions"]] == [
        ("RoleManagement.ReadWrite.Directory", "application", "tier 0")
    ]


def test_azure_devops_is_known_behind_microsoft_entra_id(tmp_path: Path) -> None:
    subject = f"/eid1/c/pub/t/iVfJ8-GsVEmsXWuu0urJAg/a/rISbSSETf0KqFyZ8ppdXmA/sc/{OTHER}/{TENANT}"
    (row,) = listed(tenant(tmp_path / "in", credential("ado", ENTRA, subject)))
    assert (row["issued_by"], row["bound_to"]) == ("Azure DevOps", f"service connection {TENANT}")


@pytest.mark.parametrize(
    ("issuer", "name", "where"),
    [
        (ENTRA, f"func-pay ({OTHER})", "this tenant"),
        (ENTRA.replace(TENANT, OTHER), f"func-pay ({OTHER})", f"another tenant, {OTHER}"),
    ],
)
def test_managed_identities_have_their_names(tmp_path: Path, issuer: str, name: str, where: str) -> None:
    (row,) = listed(tenant(tmp_path / "in", credential("mi", issuer, OTHER)))
    assert (row["issued_by"], row["workload"], row["bound_to"]) == ("managed identity", name, where)


def test_flexible_credentials_and_such_that_never_match(tmp_path: Path) -> None:
    rows = listed(
        tenant(
            tmp_path / "in",
            credential(
                "flex", GITHUB, None, claimsMatchingExpression={"value": "claims['sub'] matches 'repo:contoso/pay:ref:refs/heads/*'"}
            ),
            credential("wrong", GITHUB, "repo:contoso/pay:branch:main"),
            credential("mine", "https://gitea.contoso.com", "=cmd"),
        )
    )
    by_name = {row["credential"]: row for row in rows}
    assert (by_name["flex"]["workload"], by_name["flex"]["bound_to"], by_name["flex"]["is_flexible"]) == ("contoso/pay", "branch *", True)
    assert "refs/heads/NAME" in by_name["wrong"]["problem"]
    assert (by_name["mine"]["issued_by"], by_name["mine"]["workload"]) == ("other", "=cmd")


# -- what is not known


def test_directory_roles_count_and_are_unknown_without_them(tmp_path: Path) -> None:
    ci = credential("ci", GITHUB, "repo:contoso/pay:pull_request")
    (row,) = listed(tenant(tmp_path / "a", ci, roles=(GLOBAL_ADMINISTRATOR,)))
    assert [(role["name"], role["tier"]) for role in row["roles"]] == [("Global Administrator", "tier 0")]
    assert row["unknown"] == []
    (row,) = listed(tenant(tmp_path / "b", ci, without=("roleAssignments",)))
    assert (row["roles"], row["unknown"], row["tier"]) == (None, ["directory roles"], "tier 0")


@pytest.mark.parametrize("without", [("appRoleAssignments",), ("appRoleAssignments", "oauth2"), ("servicePrincipals",)])
def test_permissions_that_are_not_known_are_unknown(tmp_path: Path, without: tuple[str, ...]) -> None:
    folder = tenant(tmp_path / "in", credential("ci", GITHUB, "repo:contoso/pay:pull_request"), without=(*without, "roleAssignments"))
    (row,) = listed(folder)
    assert row["tier"] == "unknown"
    assert row["unknown"] == ["granted permissions", "directory roles"]
    text = regaudit("credentials", folder, "--federated", *TODAY).out
    assert "reach: unknown; permissions: " in text
    assert "directory roles: unknown" in " ".join(text.split())
    row_of = next(csv.DictReader(io.StringIO(regaudit("credentials", folder, "--federated", *TODAY, "--output-format", "csv").out)))
    assert row_of["permissions"].split("; ")[-1] in ("unknown", "possibly more")
    assert row_of["roles"] == "unknown"


def test_an_application_without_service_principal_can_do_nothing_here(tmp_path: Path) -> None:
    folder = tenant(tmp_path / "in", credential("ci", GITHUB, "repo:contoso/pay:pull_request"), without=(PRINCIPAL,))
    for file in folder.glob("*.json"):
        page = json.loads(file.read_text())
        if page["@odata.context"].endswith("#servicePrincipals"):
            page["value"] = page["value"][1:]
            write(file, page)
    (row,) = listed(folder)
    assert (row["tier"], row["permissions"], row["roles"], row["unknown"]) == ("none", [], [], [])


def test_what_the_input_does_not_list_is_said(tmp_path: Path) -> None:
    folder = tenant(tmp_path / "in", without=("federated",))
    ran = regaudit("credentials", folder, "--federated", *TODAY)
    assert ran.code == 2
    assert "the input does not say which federated identity credentials there are" in ran.err
    assert "No registration has" not in ran.out


def test_none_at_all(tmp_path: Path) -> None:
    ran = regaudit("credentials", tenant(tmp_path / "in"), "--federated", *TODAY)
    assert (ran.code, ran.out) == (0, "No registration has a federated identity credential.\n")


# -- the command


def test_those_that_reach_far_come_first_and_are_chosen_by_name(tmp_path: Path) -> None:
    tidy = ROOT / "sample_manifests/tidy"
    assert [row["tier"] for row in listed(tidy)] == ["low", "none"]
    assert [row["credential"] for row in listed(tidy, "--owner", "omar@*")] == ["github-production"]
    assert [row["credential"] for row in listed(tidy, "--app", "Contoso Orders Connector")] == ["orders-connector"]
    assert regaudit("credentials", tidy, "--federated", "--app", "Nobody").code == 2


@pytest.mark.parametrize("options", [("--within", "30d"), ("--expired",), ("--unused", "90d"), ("--output-format", "ics")])
def test_they_have_no_end(options: tuple[str, ...]) -> None:
    ran = regaudit("credentials", ROOT / "sample_manifests/tidy", "--federated", *options)
    assert ran.code == 2
    assert "such credentials have no secret and no end" in ran.err


def _all_forms(folder: Path) -> list[Ran]:
    forms = ("text", "json", "csv", "markdown")
    return [regaudit("credentials", folder, "--federated", *TODAY, "--output-format", form) for form in forms]


@pytest.mark.parametrize("hostile", [text for text in HOSTILE.values() if "\ud800" not in text and "\x00" not in text])
def test_nothing_that_others_chose_is_obeyed(tmp_path: Path, hostile: str) -> None:
    folder = tenant(
        tmp_path / "in", credential(hostile[:100], "https://gitea.contoso.com", hostile), credential("b", GITHUB, f"repo:x/{hostile}:environment:{hostile}"),
        credential("c", hostile, hostile), name=hostile,
    )  # fmt: skip
    forms = _all_forms(folder)
    for ran in forms:
        assert ran.code == 0, ran.err
        assert "\x1b" not in ran.out
        assert "##[" not in ran.out
        assert "##vso[" not in ran.out
        assert not [line for line in ran.out.splitlines() if line.lstrip().startswith(("=", "::", "+", "@", "-cmd"))]
    table = [line for line in forms[3].out.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in table} == {7}, "no name ends a cell"
    rows = list(csv.DictReader(io.StringIO(forms[2].out)))
    assert not [value for row in rows for value in row.values() if value and value.startswith(("=", "+", "-", "@"))]


def test_what_is_redacted_has_no_name_of_the_tenant(tmp_path: Path) -> None:
    folder = tenant(tmp_path / "in", credential("ci-secretname", GITHUB, "repo:zzcorp/zzpay:environment:zzprod"), name="Zzdeploy")
    for form in ("text", "json", "csv", "markdown"):
        out = regaudit("credentials", folder, "--federated", *TODAY, "--redact", "--output-format", form).out
        assert "zz" not in out.lower()
        assert "secretname" not in out
        assert "GitHub" in out
        assert "tier 0" in out


def test_credentials_as_markdown(tmp_path: Path) -> None:
    ran = regaudit("credentials", ROOT / "sample_manifests/careless", "--expired", "--within", "all", *TODAY, "--output-format", "markdown")
    head, line, *rows = ran.out.strip().splitlines()
    assert head == "| End | State | Credential | Of | Owners | Last use |"
    assert line == "|---|---|---|---|---|---|"
    assert rows
