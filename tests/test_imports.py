"""Files of other services (decision 0047): as their tools write them, beside a tenant, torn, hostile, and not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor import Report, audit, rulebook
from auditor.sources.coverage import Covered, TenantInfo
from auditor.sources.graph import plan
from auditor.sources.spool import Writer
from tests.fake_graph import FakeGraph, made_up
from tests.fake_graph.data import TENANT_ID
from tests.test_soundness import ALLOWED, world_of
from tests.test_soundness import verdicts as of_roots

TENANT, OTHER_TENANT = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
APP, PRINCIPAL, OTHER = (
    "22222222-2222-4222-8222-222222222222",
    "44444444-4444-4444-8444-444444444444",
    "66666666-6666-4666-8666-666666666666",
)
GRAPH_ID, GRAPH = "33333333-3333-4333-8333-333333333333", "00000003-0000-0000-c000-000000000000"
OWNER, READER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "acdd72a7-3385-48ef-bd42-f606fba81ae7"
SUBSCRIPTION = "/subscriptions/55555555-5555-4555-8555-555555555555"


def principal(**more: Any) -> dict[str, Any]:
    return {
        "id": PRINCIPAL, "appId": APP, "displayName": "Payroll", "servicePrincipalType": "Application", "appOwnerOrganizationId": TENANT, **more,
    }  # fmt: skip


def tenant(folder: Path, **more: list[dict[str, Any]]) -> Path:
    """A tenant of which the service principals are wholly known."""
    folder.mkdir(parents=True, exist_ok=True)
    lists = {"servicePrincipals": [principal(), {"id": GRAPH_ID, "appId": GRAPH, "displayName": "Microsoft Graph"}], **more}
    (folder / "tenant.json").write_text(json.dumps({"organization": [{"id": TENANT, "verifiedDomains": []}], **lists}))
    return folder


def beside(folder: Path, content: Any, name: str = "import.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def verdicts(report: Report) -> str:
    """What the only rule of a run says of the principal or registration."""
    (outcome,) = report.outcomes
    assert not outcome.errors
    assert not report.errors
    return "fail" if outcome.failed else "not evaluated" if outcome.not_evaluated else "pass" if outcome.passed else "not applicable"


def reasons(report: Report) -> set[str]:
    return {str(reason) for reason in report.reasons()}


# -- Azure roles


def assignment(role: str, scope: str, holder: str = PRINCIPAL, **more: Any) -> dict[str, Any]:
    """A row of Azure Resource Graph."""
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/RoleAssignments/a1", "name": "a1",
        "type": "microsoft.authorization/roleassignments",
        "properties": {
            "principalId": holder, "principalType": "ServicePrincipal", "scope": scope,
            "roleDefinitionId": f"/providers/Microsoft.Authorization/RoleDefinitions/{role}",
        },
        **more,
    }  # fmt: skip


def answer(*rows: Any, **more: Any) -> dict[str, Any]:
    """What `az graph query` prints."""
    return {"count": len(rows), "data": [*rows], "skip_token": None, "total_records": len(rows), **more}


def of_cli(role: str, scope: str, name: str) -> dict[str, Any]:
    """What `az role assignment list` prints."""
    return {
        "condition": None, "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/a1", "name": "a1", "principalId": PRINCIPAL,
        "principalName": APP, "principalType": "ServicePrincipal", "scope": scope, "type": "Microsoft.Authorization/roleAssignments",
        "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}", "roleDefinitionName": name,
    }  # fmt: skip


def azure(folder: Path, content: Any, rule: str = "sp-azure-role") -> Report:
    return audit(beside(tenant(folder), content), select=[rule], as_of="2026-01-01")


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (answer(assignment(OWNER, SUBSCRIPTION)), "fail"),
        (answer(assignment(READER, SUBSCRIPTION)), "pass"),
        (answer(assignment(OWNER, f"{SUBSCRIPTION}/resourceGroups/x")), "not applicable"),
        (answer(assignment(OWNER, SUBSCRIPTION, OTHER)), "not applicable"),
        # Whoever has no role on the first page may have one on the next.
        (answer(assignment(OWNER, SUBSCRIPTION, OTHER), skip_token="x"), "not evaluated"),
        (answer(assignment(OWNER, SUBSCRIPTION), skip_token="x"), "fail"),
        ({"count": 1, "data": [assignment(OWNER, "/")], "facets": [], "resultTruncated": "false", "totalRecords": 1}, "fail"),  # REST
        ([assignment(OWNER, SUBSCRIPTION)], "fail"),  # the rows alone, as Search-AzGraph gives them
        ([of_cli(OWNER, SUBSCRIPTION, "Owner")], "fail"),
        ([of_cli(READER, f"{SUBSCRIPTION}/resourceGroups/x", "Reader")], "not evaluated"),  # of one subscription
        ([of_cli(OTHER, SUBSCRIPTION, "Deployer")], "not evaluated"),  # what it allows is not known
        ({"value": [assignment(OWNER, SUBSCRIPTION)]}, "fail"),  # Azure Resource Manager
    ],
)
def test_azure_roles(tmp_path: Path, content: Any, verdict: str) -> None:
    assert verdicts(azure(tmp_path, content)) == verdict


def test_without_a_file_nothing_is_said(tmp_path: Path) -> None:
    report = audit(tenant(tmp_path), select=["sp-azure-role"], as_of="2026-01-01")
    assert verdicts(report) == "not evaluated"
    assert reasons(report) == {"azureRoleAssignments: not in the input"}
    (reason,) = report.reasons()
    assert "Azure Resource Graph" in (report.remedy(reason) or "")


@pytest.mark.parametrize(
    ("actions", "not_actions", "verdict"),
    [
        (["*"], ["Microsoft.Authorization/*/Write"], "fail"),
        (["*"], [], "fail"),
        (["Microsoft.Authorization/*"], [], "fail"),
        (["microsoft.authorization/roleAssignments/*"], [], "fail"),
        (["*/write"], [], "fail"),
        (["*/read"], [], "pass"),
        (["Microsoft.Authorization/roleAssignments/*"], ["Microsoft.Authorization/roleAssignments/write"], "pass"),
        ([], [], "pass"),
    ],
)
def test_a_custom_role_is_what_it_allows(tmp_path: Path, actions: list[str], not_actions: list[str], verdict: str) -> None:
    allowed = {"roleName": "Deployer", "type": "CustomRole", "permissions": [{"actions": actions, "notActions": not_actions}]}
    joined = answer(assignment(OTHER, SUBSCRIPTION, definition=allowed))
    assert verdicts(azure(tmp_path / "joined", joined)) == verdict
    id_ = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{OTHER}"
    listed = [of_cli(OTHER, SUBSCRIPTION, "Deployer")]
    beside(
        tmp_path / "apart",
        [{**allowed, "id": id_, "assignableScopes": ["/"], "type": "Microsoft.Authorization/roleDefinitions"}],
        "roles.json",
    )
    report = azure(tmp_path / "apart", listed)
    assert verdicts(report) == {"pass": "not evaluated"}.get(verdict, verdict)  # there may be more roles elsewhere
    assert all("Deployer" in finding.message for finding in report.findings if finding.status == "fail")


def test_pages_that_add_up_are_the_whole(tmp_path: Path) -> None:
    one = answer(assignment(OWNER, SUBSCRIPTION, OTHER), skip_token="x", total_records=2)
    two = answer(assignment(READER, SUBSCRIPTION, OTHER), total_records=2)
    assert verdicts(azure(beside(tmp_path, two, "two.json"), one)) == "not applicable"


def test_a_pattern_with_many_stars_takes_no_time(tmp_path: Path) -> None:
    allowed = {"permissions": [{"actions": ["*a" * 5000 + "*"], "notActions": []}]}
    assert verdicts(azure(tmp_path, answer(assignment(OTHER, SUBSCRIPTION, definition=allowed)))) == "pass"


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ({**assignment(OWNER, SUBSCRIPTION), "properties": {"principalId": 7, "scope": "/"}}, "/data/0/properties/principalId"),
        (assignment(OTHER, SUBSCRIPTION, definition={"permissions": [{"actions": "*"}]}), "/data/0/definition/permissions/0/actions"),
        ({"type": "microsoft.compute/virtualmachines"}, "neither an Azure role assignment nor a role definition"),
    ],
)
def test_what_does_not_fit_is_an_error_at_its_place(tmp_path: Path, row: Any, place: str) -> None:
    report = azure(tmp_path, json.dumps(answer(row, assignment(OWNER, SUBSCRIPTION, OTHER)), indent=1))
    (error,) = report.errors
    assert place in error.message
    assert error.file.endswith("import.json")
    assert error.line > 2
    assert error.column > 0
    assert report.outcomes[0].not_evaluated  # nothing is taken for whole


def test_a_foreign_application(tmp_path: Path) -> None:
    lists = {
        "servicePrincipals": [
            principal(appOwnerOrganizationId=OTHER_TENANT),
            {"id": GRAPH_ID, "appId": GRAPH, "displayName": "Microsoft Graph"},
        ]
    }
    for role, verdict in ((OWNER, "fail"), (READER, "pass")):
        beside(tenant(tmp_path, **lists), answer(assignment(role, f"{SUBSCRIPTION}/resourceGroups/x")))
        assert verdicts(audit(tmp_path, select=["foreign-app-azure-role"], as_of="2026-01-01")) == verdict


# -- mailboxes

MAIL_READ = "810c84a8-4a9e-49e6-bf7d-12d183f40d01"


def policy(app: str = APP, right: str = "RestrictAccess", **more: Any) -> dict[str, Any]:
    """What Get-ApplicationAccessPolicy gives."""
    return {
        "ScopeName": "Payroll mailboxes", "ScopeIdentity": "Payroll mailboxes1", "Identity": f"{TENANT}\\{app}:S-1-5-21-1;p1", "AppId": app,
        "ScopeIdentityRaw": "S-1-5-21-1", "Description": "", "AccessRight": right, "ShardType": "All", "IsValid": True, "ObjectState": "Unchanged",
        **more,
    }  # fmt: skip


def with_permission(folder: Path, role: str = MAIL_READ) -> Path:
    assigned = {"id": "g1", "principalId": PRINCIPAL, "resourceId": GRAPH_ID, "appRoleId": role}
    return tenant(folder, appRoleAssignments=[assigned], oauth2PermissionGrants=[])


def exchange(folder: Path, content: Any) -> Report:
    return audit(beside(with_permission(folder), content), select=["perm-mailbox-unscoped"], as_of="2026-01-01")


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        ({"applicationAccessPolicies": [policy()]}, "pass"),
        ({"applicationAccessPolicies": [policy(OTHER)]}, "fail"),
        ({"applicationAccessPolicies": []}, "fail"),
        ({"applicationAccessPolicies": [policy(right="DenyAccess")]}, "fail"),
        ({"applicationAccessPolicies": [policy(IsValid=False)]}, "fail"),
        ({"applicationAccessPolicies": [policy(APP.upper())]}, "pass"),
        ({"ApplicationAccessPolicies": {"value": [policy()], "Count": 1}}, "pass"),  # Windows PowerShell 5.1
        (policy(), "pass"),  # one is written as itself
        ([policy(), policy(OTHER)], "pass"),
        ([policy(OTHER)], "not evaluated"),  # nobody says that these are all
    ],
)
def test_limits_to_mailboxes(tmp_path: Path, content: Any, verdict: str) -> None:
    assert verdicts(exchange(tmp_path, content)) == verdict


def test_without_exchange_nothing_is_said(tmp_path: Path) -> None:
    report = audit(with_permission(tmp_path), select=["perm-mailbox-unscoped"], as_of="2026-01-01")
    assert verdicts(report) == "not evaluated"
    assert reasons(report) == {"applicationAccessPolicies: not in the input"}


def test_a_policy_that_does_not_fit(tmp_path: Path) -> None:
    """ConvertTo-Json writes a number where an enumeration is not a text: which right it is, nobody says."""
    report = exchange(tmp_path, json.dumps({"applicationAccessPolicies": [policy(AccessRight=1)]}, indent=1))
    (error,) = report.errors
    assert "/applicationAccessPolicies/0/AccessRight" in error.message
    assert error.line == 10
    assert report.outcomes[0].not_evaluated


# -- use of permissions


def used(in_use: Any, value: str = "Mail.Read", kind: str = "Application") -> dict[str, Any]:
    return {
        "PermissionValue": value, "PermissionType": kind, "PrivilegeLevel": "High", "TargetAppId": GRAPH,
        "TargetAppDisplayName": "Microsoft Graph", "InUse": in_use,
    }  # fmt: skip


def hunted(*permissions: Any, day: str = "2025-12-31", app: str = APP) -> dict[str, Any]:
    """What runHuntingQuery answers."""
    row = {"Timestamp": f"{day}T06:00:00.1234567Z", "OAuthAppId": app, "AppName": "Payroll", "Permissions": [*permissions]}
    return {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.security.huntingQueryResults",
        "schema": [{"name": "Timestamp", "type": "DateTime"}, {"name": "OAuthAppId", "type": "String"}], "results": [row],
    }  # fmt: skip


def defender(folder: Path, content: Any) -> Report:
    return audit(beside(with_permission(folder), content), select=["perm-granted-unused"], as_of="2026-01-01")


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (hunted(used(False)), "fail"),
        (hunted(used(True)), "pass"),
        (hunted(used("NotInUse")), "fail"),
        (hunted(used("In use")), "pass"),
        (hunted(used("NotSupported")), "not applicable"),
        (hunted(json.dumps(used(False))), "fail"),  # Defender writes texts
        (hunted(used(True, kind="Delegated")), "not evaluated"),
        (hunted(used(False), app=OTHER), "not evaluated"),
        (hunted(used(False), day="2025-12-01"), "not evaluated"),  # old
        ([{"OAuthAppId": APP, "Permissions": [used(False)]}], "not evaluated"),  # nobody knows how old
        (hunted(used(False))["results"], "fail"),
        ({"schema": [{"name": "OAuthAppId", "type": "String"}], "results": []}, "not evaluated"),
        ([*hunted(used(False), day="2025-12-30")["results"], *hunted(used(True))["results"]], "pass"),  # the newest row
        ([*hunted(used(True), day="2025-12-30")["results"], *hunted(used(False))["results"]], "fail"),
    ],
)
def test_use_of_permissions(tmp_path: Path, content: Any, verdict: str) -> None:
    assert verdicts(defender(tmp_path, content)) == verdict


@pytest.mark.parametrize("entry", ["no JSON", 7, None, "[" * 100_000])
def test_an_entry_that_is_no_permission_leaves_the_others(tmp_path: Path, entry: Any) -> None:
    report = defender(tmp_path, json.dumps(hunted(used(False), entry), indent=1))
    (error,) = report.errors
    assert "/results/0/Permissions" in error.message
    assert report.outcomes[0].failed


# -- hosts


def told(*answers: tuple[str, str]) -> str:
    """What dnsx writes, a line each."""
    rows = (
        {"host": host, "resolver": ["192.0.2.53:53"], "status_code": code, "timestamp": "2025-12-31T09:00:00Z"} for host, code in answers
    )
    return "\n".join(json.dumps(row) for row in rows) + "\n"


def dnsx(folder: Path, content: str, uri: str = "https://Payroll.fabrikam.com/cb") -> Report:
    app = {
        "id": OTHER,
        "appId": APP,
        "displayName": "Payroll",
        "web": {"redirectUris": [uri]},
        "spa": {"redirectUris": []},
        "publicClient": {"redirectUris": []},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.json").write_text(json.dumps(app))
    return audit(beside(folder, content), select=["redirect-host-unresolved"], as_of="2026-01-01")


HOST, DOMAIN = "payroll.fabrikam.com", "fabrikam.com"


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ([(HOST, "NXDOMAIN")], "fail"),
        ([(HOST.upper() + ".", "nxdomain")], "fail"),
        ([(DOMAIN, "NXDOMAIN")], "fail"),  # nothing is below what is not there
        ([(HOST, "NOERROR")], "pass"),
        ([(HOST, "NXDOMAIN"), (HOST, "NOERROR")], "pass"),  # one of two name servers knows it
        ([(HOST, "NXDOMAIN"), (HOST, "SERVFAIL")], "fail"),
        ([(HOST, "SERVFAIL")], "not evaluated"),
        ([(DOMAIN, "NOERROR")], "not evaluated"),
        ([("other.fabrikam.com", "NXDOMAIN")], "not evaluated"),
    ],
)
def test_hosts(tmp_path: Path, answers: list[tuple[str, str]], verdict: str) -> None:
    assert verdicts(dnsx(tmp_path, told(*answers))) == verdict


@pytest.mark.parametrize(
    ("answers", "uri", "severities"),
    [
        ([(HOST, "NXDOMAIN"), (DOMAIN, "NXDOMAIN")], f"https://{HOST}/cb", ("high", "high")),
        ([(HOST, "NXDOMAIN"), (DOMAIN, "NOERROR")], f"https://{HOST}/cb", ("medium", "medium")),
        ([(HOST, "NXDOMAIN")], f"https://{HOST}/cb", ("medium", "high")),  # nobody asked for the domain
        ([(DOMAIN, "NXDOMAIN")], f"https://{DOMAIN}/cb", ("high", "high")),
        ([("payroll.azurewebsites.net", "NXDOMAIN")], "https://payroll.azurewebsites.net/cb", ("high", "high")),
    ],
)
def test_who_can_take_a_host(tmp_path: Path, answers: list[tuple[str, str]], uri: str, severities: tuple[str, str]) -> None:
    (finding,) = dnsx(tmp_path, told(*answers), uri).findings
    assert (str(finding.severity), str(finding.highest_severity)) == severities


def test_an_answer_without_a_host_is_an_error(tmp_path: Path) -> None:
    report = dnsx(tmp_path, told((HOST, "NXDOMAIN")) + '{"host": 7, "status_code": "NXDOMAIN", "timestamp": ""}\n')
    (error,) = report.errors
    assert (error.line, "/host" in error.message) == (2, True)
    assert report.outcomes[0].failed


# -- hostile files

RULES = [
    "sp-azure-role", "foreign-app-azure-role", "perm-mailbox-unscoped", "perm-granted-unused", "redirect-host-unresolved",
    "sp-redirect-host-unresolved",
]  # fmt: skip
ALL: list[Any] = [
    answer(assignment(OTHER, SUBSCRIPTION, definition={"roleName": "x", "permissions": [{"actions": ["*"], "notActions": []}]})),
    of_cli(OWNER, SUBSCRIPTION, "Owner"), {"applicationAccessPolicies": [policy()]}, hunted(used(False), json.dumps(used(True))),
    json.loads(told((HOST, "NXDOMAIN"))),
]  # fmt: skip


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield at
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*at, name))


def put(value: Any, at: tuple[str | int, ...], new: Any) -> Any:
    if not at:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = put(value[at[0]], at[1:], new)
    return copy


@pytest.mark.no_cover
@pytest.mark.parametrize("number", range(len(ALL)))
@pytest.mark.parametrize(
    "new", [None, 7, -1.5e300, True, "", "\\ud800\x00\u202e$(id)`", [], {}, [[]], [None], {"": None}, "/" * 10_000, "[" * 50_000]
)
def test_whatever_stands_anywhere_nothing_breaks(tmp_path: Path, number: int, new: Any) -> None:
    """An error with its place, a note, an unknown: but no rule breaks, and nothing raises."""
    app = {
        "id": OTHER,
        "appId": APP,
        "displayName": "Payroll",
        "web": {"redirectUris": [f"https://{HOST}/cb"]},
        "spa": {"redirectUris": []},
    }
    assigned = {"id": "g1", "principalId": PRINCIPAL, "resourceId": GRAPH_ID, "appRoleId": MAIL_READ}
    tenant(tmp_path, appRoleAssignments=[assigned], oauth2PermissionGrants=[], applications=[{**app, "publicClient": {"redirectUris": []}}])
    for at in places(ALL[number]):
        beside(tmp_path, put(ALL[number], at, new))
        report = audit(tmp_path, select=RULES, as_of="2026-01-01")
        assert not [outcome.rule.id for outcome in report.outcomes if outcome.errors], at
        assert all(error.file.endswith("import.json") and "Traceback" not in error.message for error in report.errors)


# -- what is said of a part holds of the whole

KEPT = {"type", "AppId", "AccessRight", "OAuthAppId", "Permissions", "host", "status_code"}  # by which an object is recognised
COLLECTIONS = {
    "azureRoleAssignments": [assignment(OTHER, SUBSCRIPTION), assignment(OWNER, f"{SUBSCRIPTION}/resourceGroups/x"), of_cli(READER, "/", "Reader")],
    "azureRoleDefinitions": [
        {
            "id": f"/providers/Microsoft.Authorization/roleDefinitions/{OTHER}", "type": "Microsoft.Authorization/roleDefinitions",
            "roleName": "Deployer", "permissions": [{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}],
        }
    ],
    "applicationAccessPolicies": [policy(), policy(right="DenyAccess"), policy(OTHER)],
    "oAuthAppInfo": [
        {"Timestamp": "2025-12-31T00:00:00Z", "OAuthAppId": APP, "Permissions": [used(False), used(True, "User.Read.All"), used(None, "Mail.Send")]},
    ],
    "hostAnswers": [json.loads(told(answer)) for answer in ((HOST, "NXDOMAIN"), (DOMAIN, "NOERROR"), ("x.contoso.com", "NXDOMAIN"))],
}  # fmt: skip


def whole_tenant(home: str) -> dict[str, Any]:
    uris = [f"https://{HOST}/cb", "https://x.contoso.com/cb"]
    lists = {"web": {"redirectUris": uris}, "spa": {"redirectUris": []}, "publicClient": {"redirectUris": []}}
    roles = MAIL_READ, "df021288-bdef-4463-88db-98f22de89214", "b633e1c5-b582-4048-a93e-9f11b44c7e96"
    return {
        "organization": {"id": TENANT, "verifiedDomains": []},
        "applications": [{"id": OTHER, "appId": APP, "displayName": "Payroll", **lists}],
        "servicePrincipals": [
            principal(appOwnerOrganizationId=home, accountEnabled=True, replyUrls=uris),
            {"id": GRAPH_ID, "appId": GRAPH, "displayName": "Microsoft Graph", "appOwnerOrganizationId": OTHER_TENANT, "replyUrls": []},
        ],
        "oauth2PermissionGrants": [],
        "appRoleAssignments": [
            {"id": f"g{number}", "principalId": PRINCIPAL, "resourceId": GRAPH_ID, "appRoleId": role} for number, role in enumerate(roles)
        ],
        **COLLECTIONS,
    }  # fmt: skip


def without(value: Any, at: tuple[str | int, ...]) -> Any:
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    if len(at) == 1:
        del copy[at[0]]
    else:
        copy[at[0]] = without(value[at[0]], at[1:])
    return copy


@pytest.mark.parametrize("home", [TENANT, OTHER_TENANT])
def test_no_verdict_on_a_part_contradicts_the_whole(home: str) -> None:
    """Whole collections are taken away, and properties, but no elements of lists: what stays is true."""
    tenant_ = whole_tenant(home)
    rules = [rule for rule in rulebook.shipped() if rule.id in RULES]
    full = {rule.id: of_roots(rule, world_of(tenant_)) for rule in rules}
    assert {verdict for found in full.values() for verdict, _ in found.values()} > {"fail", "not-applicable"}
    gone = [at for name in COLLECTIONS for at in places(tenant_[name], (name,)) if isinstance(at[-1], str) and at[-1] not in KEPT]
    assert len(gone) > 50
    for at in gone:
        part = world_of(without(tenant_, at))
        for rule in rules:
            for place, (verdict, findings) in of_roots(rule, part).items():
                complete, most = full[rule.id][place]
                assert complete == "not-evaluated" or complete in ALLOWED[verdict], (rule.id, at, verdict, complete)
                assert findings <= most, (rule.id, at)


# -- whose a file is


def test_beside_a_snapshot(tmp_path: Path) -> None:
    lists = ["applications", "servicePrincipals", "organization"]
    info = TenantInfo(TENANT, taken="2026-01-01T00:00:00Z", covered=[Covered(name, count=int(name != "applications")) for name in lists])
    writer = Writer(tmp_path / "tenant.ndjson", lists, "1").open(info)
    writer.page("servicePrincipals", plan.PRINCIPALS, [("", json.dumps(principal()).encode())], None, [])
    writer.page("organization", plan.ORGANIZATION, [("", json.dumps({"id": TENANT, "verifiedDomains": []}).encode())], None, [])
    writer.finish(info)
    beside(tmp_path / "azure", answer(assignment(OWNER, SUBSCRIPTION)))
    report = audit([tmp_path / "tenant.ndjson", tmp_path / "azure/import.json"], select=["sp-azure-role"], as_of="2026-01-01")
    assert verdicts(report) == "fail"
    assert report.exit_code() == 1
    alone = audit(tmp_path / "tenant.ndjson", select=["sp-azure-role", "sp-name-problem"], as_of="2026-01-01")
    assert alone.exit_code() == 0  # a file that is not there is no fault of the run


def test_beside_a_live_tenant(tmp_path: Path) -> None:
    pytest.importorskip("msgraph")
    from tests.test_live_cli import run

    made = made_up(5, seed=3)
    one = next(
        one
        for one in made["servicePrincipals"]
        if one["servicePrincipalType"] == "ManagedIdentity" or one["appOwnerOrganizationId"] == TENANT_ID
    )
    beside(tmp_path, answer(assignment(OWNER, SUBSCRIPTION, one["id"])))
    with FakeGraph(made) as graph:
        scan = run(graph, "scan", str(tmp_path / "import.json"), "--select", "sp-azure-role", "--output-format", "json")
    report = json.loads(scan.stdout)
    assert (scan.returncode, scan.stderr) == (1, "")
    assert [finding["rule_id"] for finding in report["findings"] if finding["status"] == "fail"] == ["sp-azure-role"]
    assert report["summary"]["gate"]["complete"]


def test_two_tenants_do_not_share_a_file(tmp_path: Path) -> None:
    tenant(tmp_path / "one")
    beside(tenant(tmp_path / "two"), answer(assignment(OWNER, SUBSCRIPTION)))
    report = audit(tmp_path, select=["sp-azure-role"], as_of="2026-01-01")
    assert [finding.file for finding in report.findings if finding.status == "fail"] == [(tmp_path / "two/import.json").as_posix()]


def test_a_file_of_no_tenant_is_named(tmp_path: Path) -> None:
    tenant(tmp_path / "one")
    tenant(tmp_path / "two")
    beside(tmp_path / "azure", answer(assignment(OWNER, SUBSCRIPTION)))
    report = audit(tmp_path, select=["sp-azure-role"], as_of="2026-01-01")
    assert verdicts(report) == "not evaluated"
    assert any("not used" in note.message and note.file.endswith("azure/import.json") for note in report.notes)
