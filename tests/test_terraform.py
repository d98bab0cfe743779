"""Terraform: what `terraform show -json` prints of a plan and of a state, and a raw state file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor import Report, audit
from auditor.sources import read
from tests.helpers import regaudit

APP_ID = "22fb637d-f54e-4978-9748-f2abd3f67ebf"
OBJECT = "8b3ea827-d57d-4445-ba0a-54b4e7b553f9"
OTHER = "9c4fb938-e68e-4556-8b1b-65c5f8c664f0"
PRINCIPAL = "1d5fc049-f79f-4667-9c2c-76d6f9d775f1"
PLANTED = "7Vn8Q~planted.value_that-nobody.may.see0"
WEB = {
    "homepage_url": "", "logout_url": "", "redirect_uris": ["http://orders.example/cb"],
    "implicit_grant": [{"access_token_issuance_enabled": True, "id_token_issuance_enabled": False}],
}  # fmt: skip
APP: dict[str, Any] = {
    "id": f"/applications/{OBJECT}", "object_id": OBJECT, "client_id": APP_ID, "display_name": "Orders",
    "sign_in_audience": "AzureADMyOrg", "identifier_uris": [], "api": [], "app_role": [], "web": [WEB], "single_page_application": [],
    "public_client": [], "required_resource_access": [], "optional_claims": [], "group_membership_claims": [], "owners": [OTHER],
    "password": [], "fallback_public_client_enabled": False, "tags": [],
}  # fmt: skip
# What exists after apply only.
LATER = {"id": True, "object_id": True, "client_id": True, "publisher_domain": True}
OLD_SECRET = {
    "application_id": f"/applications/{OBJECT}", "key_id": "aa000000-0000-4000-8000-000000000001", "display_name": "ci",
    "start_date": "2020-01-01T00:00:00Z", "end_date": "2021-01-01T00:00:00Z", "value": PLANTED,
}  # fmt: skip


def resource(kind: str, values: dict[str, Any], name: str = "orders", module: str = "", index: Any = None) -> dict[str, Any]:
    key = "" if index is None else f"[{json.dumps(index)}]"
    made = {"address": f"{module}{kind}.{name}{key}", "mode": "managed", "type": kind, "name": name, "values": values}
    return made if index is None else made | {"index": index}


def state(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"format_version": "1.0", "terraform_version": "1.9.5", "values": {"root_module": {"resources": list(resources)}}, **more}


def change(one: dict[str, Any], later: Any = None, actions: tuple[str, ...] = ("create",), **more: Any) -> dict[str, Any]:
    moved = {name: value for name, value in one.items() if name != "values"}
    after = {name: value for name, value in one["values"].items() if (later or {}).get(name) is not True}
    return moved | {"change": {"actions": list(actions), "before": None, "after": after, "after_unknown": later or {}, **more}}


def plan(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.5",
        "planned_values": {"root_module": {}},
        "resource_changes": changes,
        **more,
    }


def raw(*resources: dict[str, Any]) -> dict[str, Any]:
    """terraform.tfstate, of the same resources."""
    held = [
        {
            "mode": one["mode"], "type": one["type"], "name": one["name"], "provider": 'provider["registry.terraform.io/hashicorp/azuread"]',
            "instances": [{"schema_version": 2, "attributes": one["values"], **({"index_key": one["index"]} if "index" in one else {})}],
            **({"module": one["address"].split(f".{one['type']}")[0]} if one["address"].startswith("module.") else {}),
        }
        for one in resources
    ]  # fmt: skip
    return {"version": 4, "terraform_version": "1.9.5", "serial": 3, "lineage": "x", "outputs": {}, "resources": held}


def write(folder: Path, content: Any, name: str = "plan.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(content, indent=2))
    return path


def scan(folder: Path, content: Any, select: str) -> Report:
    return audit(write(folder, content), as_of="2026-01-01", select=select.split(","))


def found(report: Report) -> set[tuple[str, str | None]]:
    return {(row.rule_id, row.app_display_name) for row in report.findings if row.status == "fail"}


def reasons(report: Report) -> set[str]:
    return {str(reason) for outcome in report.outcomes for reason in outcome.reasons}


def test_a_plan_a_state_and_a_raw_state_have_the_same_findings(tmp_path: Path) -> None:
    app = resource("azuread_application", APP)
    for content in (plan(change(app)), state(app), raw(app)):
        report = scan(tmp_path, content, "redirect-http,implicit-access-token,owner-none")
        assert found(report) == {("redirect-http", "Orders"), ("implicit-access-token", "Orders")}
        assert not report.errors


@pytest.mark.parametrize("content", [plan(change(resource("azuread_application", APP))), raw(resource("azuread_application", APP))])
def test_a_finding_points_at_its_line(tmp_path: Path, content: Any) -> None:
    (row,) = scan(tmp_path, content, "redirect-http").findings
    assert row.line is not None
    assert "http://orders.example/cb" in (tmp_path / "plan.json").read_text().splitlines()[row.line - 1]


def test_a_finding_goes_by_the_address_of_its_resource(tmp_path: Path) -> None:
    one = change(resource("azuread_application", APP), LATER)
    other = change(resource("azuread_application", APP | {"display_name": "Other"}, "other", "module.a.", "x"), LATER)
    before = {row.app_display_name: row.finding_id for row in scan(tmp_path, plan(one, other), "redirect-http").findings}
    after = {row.app_display_name: row.finding_id for row in scan(tmp_path, plan(other, one), "redirect-http").findings}
    assert len(set(before.values())) == 2
    assert after == before
    (document, _) = read([str(write(tmp_path, plan(other, one)))]).documents
    assert document.identity == 'module.a.azuread_application.other["x"]'


def test_what_is_known_after_apply_is_unknown(tmp_path: Path) -> None:
    later = LATER | {"web": [{"redirect_uris": True, "implicit_grant": [{}]}]}
    report = scan(tmp_path, plan(change(resource("azuread_application", APP), later)), "redirect-http,implicit-access-token")
    assert found(report) == {("implicit-access-token", "Orders")}
    assert reasons(report) == {"web.redirectUris: known after apply"}
    one_of_two = APP | {"web": [WEB | {"redirect_uris": ["http://orders.example/cb", None]}]}
    later = LATER | {"web": [{"redirect_uris": [False, True], "implicit_grant": [{}]}]}
    report = scan(tmp_path, plan(change(resource("azuread_application", one_of_two), later)), "redirect-http")
    assert found(report) == {("redirect-http", "Orders")}, "the URI that is known is judged"


def test_what_a_user_marks_as_sensitive_is_not_shown(tmp_path: Path) -> None:
    app = resource("azuread_application", APP | {"display_name": "hush-hush"})
    path = write(tmp_path, plan(change(app, after_sensitive={"display_name": True, "web": [{"redirect_uris": True}]})))
    ran = regaudit("scan", path, "-v", "--as-of", "2026-01-01")
    assert "hush-hush" not in ran.out + ran.err
    assert "Terraform marks it as sensitive" in ran.out


def test_secrets_are_judged_and_never_shown(tmp_path: Path) -> None:
    inline = APP | {"password": [{**OLD_SECRET, "key_id": "aa000000-0000-4000-8000-000000000002"}]}
    held = [
        resource("azuread_application", inline),
        resource("azuread_application_password", OLD_SECRET, "ci"),
        resource("azuread_service_principal", {"client_id": APP_ID, "object_id": PRINCIPAL, "display_name": "Orders"}),
        resource("azuread_service_principal_password", {**OLD_SECRET, "service_principal_id": f"/servicePrincipals/{PRINCIPAL}"}),
        resource("azuread_application_certificate", {**OLD_SECRET, "type": "Symmetric", "key_id": "aa000000-0000-4000-8000-000000000003"}),
    ]
    outputs = {"secret": {"value": PLANTED, "type": "string", "sensitive": True}}
    for content in (state(*held, outputs=outputs), raw(*held) | {"outputs": outputs}, plan(*map(change, held))):
        path = write(tmp_path, content)
        for form in ("text", "json", "sarif", "csv", "markdown"):
            ran = regaudit("scan", path, "-v", "--profile", "strict", "--output-format", form, "--limit", "0", "--as-of", "2026-01-01")
            assert "expired" in ran.out
            assert PLANTED not in ran.out + ran.err
        report = audit(path, as_of="2026-01-01", select=["secret-expired", "secret-in-file", "key-in-file"])
        rows = [(row.rule_id, row.resource_kind) for row in report.findings if row.status == "fail"]
        assert rows.count(("secret-expired", "application")) == 2
        assert ("key-in-file", "application") in rows


def test_a_state_shows_only_the_secrets_that_terraform_manages(tmp_path: Path) -> None:
    report = scan(
        tmp_path, state(resource("azuread_application", APP), resource("azuread_application_password", OLD_SECRET)), "secret-expired"
    )
    assert found(report) == {("secret-expired", "Orders")}
    (row,) = (row for row in report.findings if row.status == "fail")
    assert "(likely, depending on passwordCredentials: Terraform shows only what it manages;" in row.message
    report = scan(tmp_path, plan(change(resource("azuread_application", APP), LATER)), "secret-expired")
    assert (found(report), reasons(report)) == (set(), set()), "a new application has no other secrets"


SPLIT: list[tuple[str, dict[str, Any], str]] = [
    ("redirect_uris", {"type": "SPA", "redirect_uris": ["http://orders.example/spa"]}, "redirect-http"),
    ("redirect_uris", {"type": "PublicClient", "redirect_uris": ["http://orders.example/x"]}, "redirect-http"),
    ("identifier_uri", {"identifier_uri": "api://*"}, "app-id-uri-wildcard"),
    ("api_access", {"api_client_id": "00000002-0000-0000-c000-000000000000", "role_ids": [OTHER], "scope_ids": []}, "perm-aad-graph"),
    ("federated_identity_credential", {"display_name": "gh", "issuer": "https://token.actions.githubusercontent.com", "subject": "ref:main",
     "audiences": ["api://AzureADTokenExchange"]}, "fic-github-subject"),
    ("certificate", {"key_id": OTHER, "start_date": "2020-01-01T00:00:00Z", "end_date": "2021-01-01T00:00:00Z",
     "type": "AsymmetricX509Cert"}, "certificate-expired"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "rule"), SPLIT, ids=[f"{row[0]}-{row[2]}" for row in SPLIT])
def test_a_resource_is_folded_into_its_application(tmp_path: Path, kind: str, values: dict[str, Any], rule: str) -> None:
    app = resource(
        "azuread_application_registration",
        {"id": f"/applications/{OBJECT}", "object_id": OBJECT, "client_id": APP_ID, "display_name": "Orders"},
    )
    part = resource(f"azuread_application_{kind}", {**values, "application_id": f"/applications/{OBJECT}"}, "part")
    report = scan(tmp_path, state(app, part), rule)
    assert found(report) == {(rule, "Orders")}
    (row,) = (one for one in report.findings if one.status == "fail")
    text = (tmp_path / "plan.json").read_text()
    assert row.line is not None
    assert row.line > text[: text.index(f'"azuread_application_{kind}"')].count("\n"), "it points at the resource that says so"


def test_in_a_plan_the_configuration_says_whose_a_resource_is(tmp_path: Path) -> None:
    later = {"application_id": True, "key_id": True, "value": True, "start_date": True}
    apps = [change(resource("azuread_application", APP | {"display_name": name}, name, "module.m."), LATER) for name in ("one", "two")]
    part = change(resource("azuread_application_password", OLD_SECRET, "ci", "module.m."), later)
    expressions = {"application_id": {"references": ["azuread_application.two.id", "azuread_application.two"]}}
    module = {"resources": [{"address": "azuread_application_password.ci", "expressions": expressions}]}
    configured = {"root_module": {"module_calls": {"m": {"module": module}}}}
    report = scan(tmp_path, plan(*apps, part, configuration=configured), "secret-expired")
    assert found(report) == {("secret-expired", "two")}
    report = scan(tmp_path, plan(*apps, part), "secret-expired")
    assert [row.object_id for row in report.findings if row.status == "fail"] == [None], "judged, though nothing says whose it is"
    assert any("nothing says which application" in reason for reason in reasons(report))


def test_count_and_for_each_are_told_apart_by_their_index(tmp_path: Path) -> None:
    later = {"application_id": True}
    apps = [change(resource("azuread_application", APP | {"display_name": f"app {i}"}, index=i), LATER) for i in (0, 1)]
    part = change(resource("azuread_application_password", OLD_SECRET, "ci", index=1), later)
    expressions = {"application_id": {"references": ["azuread_application.orders", "count.index"]}}
    configured = {"root_module": {"resources": [{"address": "azuread_application_password.ci", "expressions": expressions}]}}
    assert found(scan(tmp_path, plan(*apps, part, configuration=configured), "secret-expired")) == {("secret-expired", "app 1")}


def test_a_part_of_an_application_that_others_manage_is_judged(tmp_path: Path) -> None:
    report = scan(tmp_path, state(resource("azuread_application_password", OLD_SECRET)), "secret-expired,redirect-http")
    assert [(row.rule_id, row.object_id) for row in report.findings if row.status == "fail"] == [("secret-expired", OBJECT)]
    assert reasons(report) == {"web: not in the output of Terraform"}


def test_what_the_application_shows_itself_is_there_once(tmp_path: Path) -> None:
    part = resource(
        "azuread_application_redirect_uris", {"application_id": OBJECT, "type": "Web", "redirect_uris": WEB["redirect_uris"]}, "u"
    )
    report = scan(tmp_path, state(resource("azuread_application", APP), part), "redirect-http")
    assert len([row for row in report.findings if row.status == "fail"]) == 1


def test_grants_and_assignments_are_joined(tmp_path: Path) -> None:
    graph = {"client_id": "00000003-0000-0000-c000-000000000000", "object_id": OTHER, "display_name": "Microsoft Graph"}
    assignment = {
        "app_role_id": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", "principal_object_id": PRINCIPAL, "resource_object_id": OTHER,
    }  # fmt: skip
    held = [
        resource("azuread_application", APP),
        resource("azuread_service_principal", {"client_id": APP_ID, "object_id": PRINCIPAL, "display_name": "Orders"}),
        resource("azuread_service_principal", graph, "graph"),
        resource("azuread_app_role_assignment", assignment, "admin"),
        resource(
            "azuread_service_principal_delegated_permission_grant",
            {"service_principal_object_id": PRINCIPAL, "resource_service_principal_object_id": OTHER, "claim_values": ["Directory.ReadWrite.All"], "user_object_id": None},
        ),
    ]  # fmt: skip
    kinds = {document.kind for document in read([str(write(tmp_path, state(*held)))]).documents}
    assert kinds == {"application", "servicePrincipal", "appRoleAssignment", "oauth2PermissionGrant"}
    report = audit(tmp_path / "plan.json", as_of="2026-01-01", select=["app-can-grant-itself", "perm-*"])
    assert any("RoleManagement.ReadWrite.Directory" in row.message for row in report.findings if row.status == "fail")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (state(), "it has no app registration"),
        (state(resource("azurerm_storage_account", {"primary_access_key": PLANTED})), "it has no app registration"),
        (state({**resource("azuread_application", APP), "mode": "data"}), "data sources are not audited"),
        (
            plan({**change(resource("azuread_application", APP)), "change": {"actions": ["delete"], "after": None}}),
            "destroys is not audited",
        ),
        (state(resource("azurerm_azuread_application", APP)), "that regaudit does not read"),
        (state(resource("msgraph_resource", {"url": "applications", "body": {"displayName": "x"}})), "that regaudit does not read"),
        (state(resource("msgraph_resource", {"url": "groups", "body": {"displayName": "x"}})), "it has no app registration"),
        (raw(resource("azuread_application_of_tomorrow", {"application_id": OBJECT})), "that regaudit does not read"),
    ],
)
def test_what_is_not_read_is_told(tmp_path: Path, content: Any, says: str) -> None:
    ran = regaudit("scan", write(tmp_path, content))
    assert ran.code == 2
    assert says in ran.out + ran.err
    assert PLANTED not in ran.out + ran.err


def test_a_name_that_is_there_twice_is_unknown(tmp_path: Path) -> None:
    part = {**OLD_SECRET, "zz": 1}
    text = json.dumps(state(resource("azuread_application", APP), resource("azuread_application_password", part)))
    path = tmp_path / "state.json"
    path.write_text(text.replace('"zz": 1', '"end_date": "2999-01-01T00:00:00Z"'))
    report = audit(path, as_of="2026-01-01", select=["secret-expired"])
    assert any("twice with different values" in str(error) for error in report.errors)


@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [None], [3], ["x"], [[]], True])
@pytest.mark.parametrize(
    "place", ["web", "api", "password", "owners", "app_role", "group_membership_claims", "required_resource_access", "identifier_uris"]
)
def test_any_value_in_any_place_is_one_error_at_most(tmp_path: Path, place: str, value: Any) -> None:
    report = scan(tmp_path, state(resource("azuread_application", APP | {place: value})), "ALL")
    assert report.errors == [] or all(error.line for error in report.errors)
    assert not [row for row in report.findings if row.status == "error"]
