"""The checks of peers on risk, consent and policies beside the default ones (issue 21): what fails, what passes, and what is unknown."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auditor import audit, rulebook
from tests.tenants import Maker
from tests.test_soundness import ALLOWED, verdicts, world_of

Json = dict[str, Any]
PRINCIPAL, OTHER = "44444444-4444-4444-8444-444444444444", "45555555-4444-4444-8444-444444444444"
APP_ID = "22222222-2222-4222-8222-222222222222"
V1 = "https://graph.microsoft.com/v1.0/$metadata#"
GRAPH = {
    "id": "33333333-3333-4333-8333-333333333333", "appId": "00000003-0000-0000-c000-000000000000", "displayName": "Microsoft Graph",
    "servicePrincipalType": "Application", "accountEnabled": True,
}  # fmt: skip
PAYROLL = {"id": PRINCIPAL, "appId": APP_ID, "displayName": "Payroll", "servicePrincipalType": "Application", "accountEnabled": True}


def scan(folder: Path, rule: str, **pages: Any) -> dict[str, str]:
    """What a rule says: a message of what fails, else the verdicts. Files are as Microsoft Graph returns them, lists with their context."""
    for number, (name, content) in enumerate(pages.items()):
        page = {"@odata.context": V1 + name.replace("__", "/"), "value": content} if isinstance(content, list) else content
        (folder / f"{number}.json").write_text(json.dumps(page))
    report = audit(folder, select=[rule], as_of="2026-01-01")
    assert not report.errors
    failed = [finding.message for finding in report.findings if finding.status == "fail"]
    return {"fail": failed[0]} if failed else {name: "" for name in ("passed", "not_evaluated") if report.count(name)}


def risky(state: str, id_: str = PRINCIPAL, level: str = "high") -> Json:
    return {
        "id": id_, "appId": APP_ID, "displayName": "Payroll", "isEnabled": True, "isProcessing": False, "riskLevel": level, "riskState": state,
        "riskDetail": "none", "riskLastUpdatedDateTime": "2025-12-20T08:00:00Z", "servicePrincipalType": "Application",
    }  # fmt: skip


@pytest.mark.parametrize("state", ["atRisk", "confirmedCompromised"])
def test_a_principal_at_risk(tmp_path: Path, state: str) -> None:
    found = scan(
        tmp_path,
        "sp-risky",
        servicePrincipals=[GRAPH, PAYROLL],
        identityProtection__riskyServicePrincipals=[risky(state, PRINCIPAL.upper())],
    )
    assert found.keys() == {"fail"}
    assert "Payroll" in found["fail"]


@pytest.mark.parametrize("rows", [[risky("dismissed")], [risky("remediated"), risky("atRisk", OTHER)], [risky("confirmedSafe")]])
def test_risk_that_was_dealt_with_or_is_of_another(tmp_path: Path, rows: list[Json]) -> None:
    assert scan(tmp_path, "sp-risky", servicePrincipals=[GRAPH, PAYROLL], identityProtection__riskyServicePrincipals=rows).keys() == {
        "passed"
    }


def test_rows_are_known_by_their_members(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(json.dumps([risky("atRisk")]))
    assert scan(tmp_path, "sp-risky", servicePrincipals=[GRAPH, PAYROLL]).keys() == {"fail"}


def test_part_of_a_list_says_nothing_of_the_others(tmp_path: Path) -> None:
    page = {"@odata.context": V1 + "identityProtection/riskyServicePrincipals", "value": [risky("atRisk", OTHER)],
            "@odata.nextLink": "https://graph.microsoft.com/v1.0/identityProtection/riskyServicePrincipals?$skiptoken=x"}  # fmt: skip
    assert scan(tmp_path, "sp-risky", servicePrincipals=[GRAPH, PAYROLL], risk=page).keys() == {"not_evaluated"}


# -- app management policies of single applications

APP = {"id": "0b000000-1111-4111-8111-111111111111", "appId": APP_ID, "displayName": "Payroll", "createdDateTime": "2025-06-01T00:00:00Z"}
NO_SECRETS = {"restrictionType": "passwordAddition", "state": "enabled", "maxLifetime": None, "restrictForAppsCreatedAfterDateTime": None}
OTHER_URIS = {"uriAdditionWithoutUniqueTenantIdentifier": None}
DEFAULT = {
    "@odata.context": V1 + "policies/defaultAppManagementPolicy/$entity", "isEnabled": True, "servicePrincipalRestrictions": None,
    "applicationRestrictions": {
        "identifierUris": {"nonDefaultUriAddition": {"state": "enabled", "restrictForAppsCreatedAfterDateTime": None}, **OTHER_URIS},
        "keyCredentials": [],
        "passwordCredentials": [NO_SECRETS, {**NO_SECRETS, "restrictionType": "passwordLifetime", "maxLifetime": "P90D"}],
    },
}  # fmt: skip


def exempt(*passwords: Json, enabled: bool = True, uris: Json | None = None, ids: tuple[str, ...] = (APP["id"],)) -> list[Json]:
    return [{
        "id": "5a000000-5555-4555-8555-555555555555", "displayName": "Exempt", "isEnabled": enabled,
        "restrictions": {"passwordCredentials": passwords, "keyCredentials": [], "applicationRestrictions": uris and {"identifierUris": uris}},
        "appliesTo": [{"@odata.type": "#microsoft.graph.application", "id": id_.upper()} for id_ in ids],
    }]  # fmt: skip


def scan_app(folder: Path, policies: list[Json], **more: Any) -> dict[str, str]:
    pages = {"applications": [APP], "servicePrincipals": [GRAPH], "default": DEFAULT, "policies__appManagementPolicies": policies, **more}
    return scan(folder, "app-exempt-from-app-policy", **pages)


@pytest.mark.parametrize(
    ("policy", "lifted"),
    [
        (exempt({**NO_SECRETS, "state": "disabled"}), "passwordAddition"),
        (exempt({**NO_SECRETS, "restrictForAppsCreatedAfterDateTime": "2025-07-01T00:00:00Z"}), "passwordAddition"),
        (exempt({**NO_SECRETS, "restrictionType": "passwordLifetime", "maxLifetime": "P91D"}), "passwordLifetime"),
        (
            exempt(uris={"nonDefaultUriAddition": {"state": "disabled", "restrictForAppsCreatedAfterDateTime": None}, **OTHER_URIS}),
            "nonDefaultUriAddition",
        ),
    ],
)
def test_an_application_that_is_exempt(tmp_path: Path, policy: list[Json], lifted: str) -> None:
    assert scan_app(tmp_path, policy)["fail"].endswith(f'exempts "Payroll" from {lifted}')


@pytest.mark.parametrize(
    ("policy", "verdicts"),
    [
        (exempt(), {"passed"}),  # names nothing: the default policy decides all
        (exempt(NO_SECRETS), {"passed"}),
        (exempt({**NO_SECRETS, "restrictionType": "passwordLifetime", "maxLifetime": "P30D"}), {"passed"}),
        (exempt({**NO_SECRETS, "restrictionType": "customPasswordAddition", "state": "disabled"}), {"passed"}),  # nor does the default one
        (exempt({**NO_SECRETS, "state": "disabled"}, ids=(PRINCIPAL,)), set()),
        (exempt({**NO_SECRETS, "state": "disabled"}, enabled=False), {"not_evaluated"}),
        (exempt({**NO_SECRETS, "state": "disabled"}, ids=tuple(OTHER[:-2] + str(n) for n in range(10, 30))), {"not_evaluated"}),  # $expand
    ],
)
def test_an_application_that_is_not_exempt(tmp_path: Path, policy: list[Json], verdicts: set[str]) -> None:
    assert scan_app(tmp_path, policy).keys() == verdicts


def test_policies_without_whom_they_apply_to_say_nothing(tmp_path: Path) -> None:
    policy = {name: value for name, value in exempt(NO_SECRETS)[0].items() if name != "appliesTo"}
    assert scan_app(tmp_path, [policy]).keys() == {"not_evaluated"}


# -- custom consent policies


def assigned(*names: str) -> Json:
    policies = [f"ManagePermissionGrantsForSelf.{name}" for name in names]
    return {"@odata.context": V1 + "policies/authorizationPolicy/$entity", "id": "authorizationPolicy",
            "defaultUserRolePermissions": {"allowedToCreateApps": False, "permissionGrantPoliciesAssigned": policies}}  # fmt: skip


def consent(name: str, excludes: list[Json] | None = None, **conditions: Any) -> Json:
    included = {
        "id": "c1", "permissionClassification": "all", "permissionType": "delegated", "resourceApplication": "any", "permissions": ["all"],
        "clientApplicationIds": ["all"], "clientApplicationTenantIds": ["all"], "clientApplicationPublisherIds": ["all"],
        "clientApplicationsFromVerifiedPublisherOnly": False, **conditions,
    }  # fmt: skip
    return {"id": name, "displayName": name.title(), "includes": [included], "excludes": excludes or []}


def scan_consent(folder: Path, policy: Json, *more: str) -> dict[str, str]:
    pages = {
        "servicePrincipals": [GRAPH],
        "authorization": assigned("own", *more),
        "policies__permissionGrantPolicies": [policy, consent("other")],
    }
    return scan(folder, "tenant-user-consent-policy-wide", **pages)


@pytest.mark.parametrize(
    ("policy", "whom"),
    [
        (consent("own"), "every application"),
        (consent("OWN", permissions=["ALL"], resourceApplication=None), "every application"),
        (consent("own", clientApplicationPublisherIds=["123"]), "applications of some publishers"),
        (consent("own", clientApplicationsFromVerifiedPublisherOnly=True), "applications of some publishers"),
        (consent("own", [{"permissionType": "delegated"}]), "every application"),
    ],
)
def test_a_custom_policy_that_lets_everything_through(tmp_path: Path, policy: Json, whom: str) -> None:
    assert whom in scan_consent(tmp_path, policy, "microsoft-user-default-low")["fail"]


@pytest.mark.parametrize(
    ("policy", "verdicts"),
    [
        (consent("own", permissionClassification="low"), {"passed"}),
        (consent("own", resourceApplication=GRAPH["appId"]), {"passed"}),
        (consent("own", permissions=[APP_ID]), {"passed"}),
        (consent("own", clientApplicationTenantIds=[OTHER]), set()),
        (consent("own", permissionType="application"), set()),
        (consent("deleted"), set()),
    ],
)
def test_a_custom_policy_that_does_not(tmp_path: Path, policy: Json, verdicts: set[str]) -> None:
    assert scan_consent(tmp_path, policy).keys() == verdicts


def test_custom_policies_that_were_not_read(tmp_path: Path) -> None:
    found = scan(tmp_path, "tenant-user-consent-policy-wide", servicePrincipals=[GRAPH], authorization=assigned("own"))
    assert found.keys() == {"not_evaluated"}


# -- permissions that the tenant classifies as low impact


def classified(name: str, classification: str = "low") -> Json:
    context = f"{V1}servicePrincipals('{GRAPH['id']}')/delegatedPermissionClassifications"
    row = {"id": "c1", "permissionId": OTHER, "permissionName": name, "classification": classification}
    return {
        "@odata.context": context,
        "value": [row, {**row, "id": "c2", "permissionId": APP_ID, "permissionName": "openid", "classification": "low"}],
    }


@pytest.mark.parametrize(
    ("page", "consent_by", "verdict"),
    [
        (classified("Mail.ReadWrite"), "microsoft-user-default-low", "high"),
        (classified("Mail.Read"), "microsoft-user-default-low", "medium"),
        (classified("Mail.ReadWrite"), "microsoft-user-default-legacy", "low"),
        (classified("User.Read"), "microsoft-user-default-low", None),
        (classified("Mail.ReadWrite", "high"), "microsoft-user-default-low", None),
    ],
)
def test_what_is_classified_as_low_impact(tmp_path: Path, page: Json, consent_by: str, verdict: str | None) -> None:
    pages = {"servicePrincipals": [GRAPH, PAYROLL], "authorization": assigned(consent_by), "classified": page}
    assert scan(tmp_path, "low-impact-permission-risky", **pages).keys() == {"fail" if verdict else "passed"}
    report = audit(tmp_path, select=["low-impact-permission-risky"], as_of="2026-01-01")
    assert [str(finding.severity) for finding in report.findings] == [verdict] * (verdict is not None)


def test_what_is_not_read_is_not_low(tmp_path: Path) -> None:
    found = scan(tmp_path, "low-impact-permission-risky", servicePrincipals=[GRAPH], authorization=assigned("microsoft-user-default-low"))
    assert found.keys() == {"not_evaluated"}


# -- requests for admin consent, and MSOnline

REQUEST = {
    "id": "5c000000-1111-4111-8111-111111111111",
    "appId": APP_ID,
    "appDisplayName": "Whiteboard",
    "pendingScopes": [{"displayName": "Files.Read"}],
}
ORGANIZATION = {"@odata.context": V1 + "organization/$entity", "id": "99999999-9999-4999-8999-999999999999", "verifiedDomains": []}


def asked(*requests: tuple[str, str | None]) -> Json:
    rows = [{"id": f"u{i}", "status": status, "createdDateTime": day and f"{day}T08:00:00Z"} for i, (status, day) in enumerate(requests)]
    return {"@odata.context": f"{V1}identityGovernance/appConsent/appConsentRequests('{REQUEST['id']}')/userConsentRequests", "value": rows}


@pytest.mark.parametrize(
    ("page", "verdicts"),
    [
        (asked(("InProgress", "2025-12-01"), ("InProgress", "2025-12-31")), {"fail"}),
        (asked(("InProgress", "2025-12-31"), ("Completed", "2025-12-01")), {"passed"}),
        (asked(("Completed", "2025-12-01")), set()),
        (asked(), set()),
        (None, {"not_evaluated"}),
    ],
)
def test_requests_on_which_nobody_decides(tmp_path: Path, page: Json | None, verdicts: set[str]) -> None:
    pages: Json = {
        "organization": ORGANIZATION,
        "servicePrincipals": [GRAPH],
        "identityGovernance__appConsent__appConsentRequests": [REQUEST],
    }
    found = scan(tmp_path, "tenant-consent-request-pending", **pages, **({"asked": page} if page else {}))
    assert found.keys() == verdicts
    assert "Whiteboard" in found.get("fail", "Whiteboard")


def test_msonline_is_blocked_or_not(tmp_path: Path) -> None:
    for value, verdict in ((True, "passed"), (False, "fail"), (None, "fail")):
        assert scan(tmp_path, "tenant-msol-powershell", policy={**assigned(), "blockMsolPowerShell": value}).keys() == {verdict}
    assert scan(tmp_path, "tenant-msol-powershell", policy=assigned()).keys() == {"not_evaluated"}


# -- Conditional Access for workload identities

GRANTS_ITSELF = "06b708a9-e830-4db3-a914-8e69da51d44f"  # AppRoleAssignment.ReadWrite.All
HOME, TIER_0 = "99999999-9999-4999-8999-999999999999", "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"
SECRET = {"keyId": OTHER, "displayName": "ci", "startDateTime": "2025-12-01T00:00:00Z", "endDateTime": "2026-05-01T00:00:00Z"}


def access(
    included: list[str], *, excluded: tuple[str, ...] = (), control: str = "block", state: str = "enabled",
    locations: Json | None = None, risk: tuple[str, ...] = (), resources: str = "All", filter_: Json | None = None,
) -> Json:  # fmt: skip
    clients = {"includeServicePrincipals": included, "excludeServicePrincipals": excluded, "servicePrincipalFilter": filter_}
    return {
        "id": "ca000000-1111-4111-8111-111111111111", "displayName": "Workloads", "state": state,
        "conditions": {
            "applications": {"includeApplications": [resources], "excludeApplications": []}, "clientApplications": clients,
            "locations": locations, "servicePrincipalRiskLevels": risk,
        },
        "grantControls": {"operator": "OR", "builtInControls": [control]},
    }  # fmt: skip


OUTSIDE = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
MINE = ["ServicePrincipalsInMyTenant"]


def scan_access(folder: Path, policy: Json, **app: Any) -> dict[str, str]:
    registration = {**APP, "signInAudience": "AzureADMyOrg", "keyCredentials": [], "passwordCredentials": [SECRET], **app}
    own = {"appOwnerOrganizationId": HOME, "keyCredentials": [], "passwordCredentials": []}
    granted = [{"id": "a1", "appRoleId": TIER_0, "principalId": PRINCIPAL, "resourceId": GRAPH["id"]}]
    pages = {
        "organization": ORGANIZATION, "applications": [registration], "servicePrincipals": [{**PAYROLL, **own}, {**GRAPH, "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a"}],
        "appRoleAssignments": granted, "identity__conditionalAccess__policies": [policy],
    }  # fmt: skip
    return scan(folder, "sp-no-conditional-access", **pages)


@pytest.mark.parametrize(
    ("policy", "verdicts"),
    [
        (access(MINE, locations=OUTSIDE), {"passed"}),
        (access([PRINCIPAL.upper()], risk=("high",)), {"passed"}),
        (access(MINE), {"fail"}),  # neither by location nor by risk
        (access(MINE, locations={"includeLocations": ["All"], "excludeLocations": []}), {"fail"}),  # blocks everywhere: nobody has that on
        (access(MINE, locations=OUTSIDE, excluded=(PRINCIPAL,)), {"fail"}),
        (access(MINE, locations=OUTSIDE, state="disabled"), {"fail"}),
        (access(MINE, locations=OUTSIDE, control="mfa"), {"fail"}),
        (access(MINE, locations=OUTSIDE, resources=OTHER), {"fail"}),
        (access([OTHER], locations=OUTSIDE), {"fail"}),
        (access(MINE, locations=OUTSIDE, filter_={"mode": "exclude", "rule": "x"}), {"not_evaluated"}),
    ],
)
def test_what_restricts_a_privileged_application(tmp_path: Path, policy: Json, verdicts: set[str]) -> None:
    assert scan_access(tmp_path, policy).keys() == verdicts


def test_whom_conditional_access_cannot_restrict(tmp_path: Path) -> None:
    policy = access([OTHER])
    assert scan_access(tmp_path, policy, signInAudience="AzureADMultipleOrgs").keys() == set()
    assert scan_access(tmp_path, policy, passwordCredentials=[]).keys() == set()


# -- the samples

SAMPLES = Path(__file__).parent.parent
ROWS = {
    7: ["tenant-msol-powershell"],
    14: ["app-exempt-from-app-policy", "sp-exempt-from-app-policy"],
    16: ["low-impact-permission-risky"],
    17: ["tenant-user-consent-policy-wide"],
    21: ["sp-risky"],
    30: ["tenant-consent-request-pending"],
}


@pytest.mark.parametrize("row", ROWS)
def test_the_careless_tenant_fails_and_the_tidy_one_does_not(row: int) -> None:
    rules = ROWS[row]
    careless = audit(SAMPLES / "sample_tenants/careless-policies", select=rules, as_of="2026-11-24")
    assert sorted(finding.rule_id for finding in careless.findings) == rules
    tidy = audit(SAMPLES / "sample_manifests/tidy", select=rules)
    assert not tidy.findings
    assert not tidy.count("not_evaluated")


# -- soundness: no verdict on a part contradicts the whole


def with_policies(tenant: Json, rnd: random.Random) -> Json:
    """A random tenant with the collections of this module."""
    pick = rnd.choice
    apps, principals = tenant["applications"], tenant["servicePrincipals"]
    states = ["atRisk", "dismissed", "confirmedCompromised", None]
    limits = [
        {**NO_SECRETS, "state": pick(["enabled", "disabled"])},
        {**NO_SECRETS, "restrictionType": "passwordLifetime", "maxLifetime": pick([None, "P30D", "P1Y"])},
    ]
    tenant["authorizationPolicy"]["blockMsolPowerShell"] = pick([True, False, None])
    apps[0] |= {"signInAudience": "AzureADMyOrg", "passwordCredentials": [SECRET], "keyCredentials": []}
    for own in [p for p in principals if p["appId"] == apps[0]["appId"]]:  # a privileged application of the tenant's own
        own |= {"accountEnabled": True, "servicePrincipalType": "Application"}
        tenant["appRoleAssignments"].append(
            {"id": "tier-0", "appRoleId": GRANTS_ITSELF, "principalId": own["id"], "resourceId": principals[0]["id"]}
        )
    return {
        **tenant,
        "riskyServicePrincipals": [{**risky("x", p["id"]), "riskState": pick(states)} for p in principals if rnd.random() < 0.5],
        "appManagementPolicies": [
            {**policy, "id": f"policy-{i}"}
            for i, one in enumerate((*apps, *principals))
            if rnd.random() < 0.7
            for policy in exempt(*limits[: rnd.randint(0, 2)], enabled=rnd.random() < 0.9, ids=(one["id"],))
        ],
        "permissionGrantPolicies": [
            consent(
                name, pick([None, [{"permissionType": "delegated"}]]), permissionClassification=pick(["all", "low"]),
                clientApplicationTenantIds=pick([["all"], [HOME]]), clientApplicationsFromVerifiedPublisherOnly=pick([True, False]),
            )
            for name in ("own", "other")
        ],
        "delegatedPermissionClassifications": [
            {"of": principals[0]["id"], "id": f"c{i}", "permissionId": OTHER, "permissionName": pick(["Mail.ReadWrite", "User.Read"]),
             "classification": pick(["low", "high"])}
            for i in range(rnd.randint(0, 2))
        ],
        "appConsentRequests": [{**REQUEST, "id": f"r{i}"} for i in range(2)],
        "userConsentRequests": [
            {"of": f"r{rnd.randint(0, 1)}", "id": f"u{i}", "status": pick(["InProgress", "Completed"]),
             "createdDateTime": pick(["2025-12-01T00:00:00Z", "2025-12-31T00:00:00Z"])}
            for i in range(rnd.randint(0, 3))
        ],
        "roleAssignments": [],
        "conditionalAccessPolicies": [
            access(pick([MINE, [p["id"] for p in principals[:2]]]), locations=pick([OUTSIDE, None]), control=pick(["block", "mfa"]))
            for _ in range(rnd.randint(0, 2))
        ],
    }  # fmt: skip


RULES = [rule for rule in rulebook.shipped() if rule.id in {*(id_ for ids in ROWS.values() for id_ in ids), "sp-no-conditional-access"}]


@pytest.mark.no_cover
def test_no_verdict_on_a_part_contradicts_the_whole() -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for seed in range(60):
        maker = Maker(seed)
        tenant = with_policies(maker.tenant(), random.Random(seed))
        whole = world_of(tenant)
        parts = [world_of(maker.with_holes(tenant)) for _ in range(4)]
        for rule in RULES:
            full = verdicts(rule, whole)
            seen.update((rule.id, verdict) for verdict, _ in full.values())
            for place, (verdict, findings) in (pair for part in parts for pair in verdicts(rule, part).items()):
                complete, most = full.get(place, ("not-evaluated", 0))
                if complete not in ("not-evaluated", "likely"):
                    assert complete in ALLOWED[verdict], f"seed {seed}: {rule.id} at {place}: {verdict} of a part, {complete} of the whole"
                    assert findings <= most
    assert not [(rule.id, verdict) for rule in RULES for verdict in ("fail", "pass") if not seen[rule.id, verdict]]
