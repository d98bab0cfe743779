"""How far permissions reach and why, which applications are Microsoft's or abused: the catalogue's judgement, and what a user is told of it.

Rows 9, 20 and M2 are those of the audit of real files (shared/reference/precision.md).
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor.entra.catalog import CATALOG
from auditor.entra.ids import MICROSOFT_GRAPH
from tests.helpers import ROOT, regaudit, write

SHARED = Path("/work/shared")
EXCHANGE, SHAREPOINT = "00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0ff1-ce00-000000000000"
DATAVERSE, POWER_BI = "00000007-0000-0000-c000-000000000000", "00000009-0000-0000-c000-000000000000"
TENANT, CLIENT = "7e000000-1111-4111-8111-111111111111", "5b000000-1111-4111-8111-111111111111"


def tier(api: str, name: str, kind: str = "application") -> str:
    return CATALOG.privileges[api, name, kind]


# -- the catalogue


def test_every_permission_of_tier_0_says_what_its_holder_can_do() -> None:
    silent = [
        (resource, p.value, kind) for (resource, _, kind), p in CATALOG.permissions.items() if p.privilege == "tier 0" and not p.reach
    ]
    assert not silent
    for (_, _, kind), p in CATALOG.permissions.items():
        if p.reach:  # "whoever signs in as it assigns …", "on behalf of the signed-in user it can assign …"
            verb = p.reach.split()[0].rstrip(",")
            assert verb.endswith("s") == (kind == "application"), (p.value, p.reach)
            assert len(p.reach) <= 140
            assert not p.reach.endswith(".")


@pytest.mark.parametrize(
    "name", ["PrivilegedAccess", "PrivilegedAssignmentSchedule", "PrivilegedEligibilitySchedule", "RoleManagementPolicy"]
)
def test_m2_privileged_identity_management_for_groups(name: str) -> None:
    assert tier(MICROSOFT_GRAPH, f"{name}.ReadWrite.AzureADGroup") == "tier 0"
    assert tier(MICROSOFT_GRAPH, f"{name}.Read.AzureADGroup") != "tier 0"


@pytest.mark.parametrize(
    ("name", "privilege"),
    [
        ("Application.ReadUpdate.All", "tier 0"),
        ("EntitlementManagement.ReadWrite.All", "tier 0"),
        ("DeviceManagementConfiguration.ReadWrite.All", "tier 0"),
        ("DeviceManagementRBAC.ReadWrite.All", "tier 0"),
        ("DeviceManagementScripts.ReadWrite.All", "tier 0"),
        ("PrivilegedAccess.ReadWrite.AzureAD", "tier 0"),
        ("PrivilegedAccess.ReadWrite.AzureResources", "tier 0"),
        ("Group.ReadWrite.All", "high"),  # groups that can hold directory roles are out of its reach
        ("GroupMember.ReadWrite.All", "high"),
        ("AdministrativeUnit.ReadWrite.All", "high"),
        ("Application.ReadWrite.OwnedBy", "high"),
        ("Synchronization.ReadWrite.All", "high"),
        ("User.DeleteRestore.All", "high"),
        ("LicenseAssignment.ReadWrite.All", "high"),  # row 9
        ("UserAuthMethod-TAP.ReadWrite.All", "tier 0"),
        ("UserAuthMethod-WindowsHello.ReadWrite.All", "high"),  # can only be removed
    ],
)
def test_what_others_rate_otherwise(name: str, privilege: str) -> None:
    assert tier(MICROSOFT_GRAPH, name) == privilege


def test_rows_9_and_20_other_apis() -> None:
    assert tier(SHAREPOINT, "User.ReadWrite.All") == tier(SHAREPOINT, "User.ReadWrite.All", "delegated") == "medium"  # writes profiles
    assert tier(SHAREPOINT, "Sites.FullControl.All") == "tier 0"
    assert tier(EXCHANGE, "Exchange.ManageAsApp") == "high"  # nothing without a role
    for api, name in [
        (DATAVERSE, "user_impersonation"), (MICROSOFT_GRAPH, "Sites.ReadWrite.All"), (SHAREPOINT, "AllSites.FullControl"),
        (SHAREPOINT, "AllSites.Write"), (POWER_BI, "Tenant.ReadWrite.All"),
    ]:  # fmt: skip
        assert tier(api, name, "delegated") == "high"


@pytest.mark.skipif(not SHARED.is_dir(), reason="what peers rate is not here")
def test_every_permission_that_two_peers_put_first_is_judged() -> None:
    """Takeover according to two peers or more: ours is a judgement, tier 0 or high, and never a level that somebody else counted."""
    with (SHARED / "reference/peers_permission_tiers.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    first = [row["permission"] for row in rows if row["m365assess"] == "T0" and (row["entrafalcon"] or row["maester"])]
    assert len(first) > 25
    judged = {p.value: p for (resource, _, kind), p in CATALOG.permissions.items() if (resource, kind) == (MICROSOFT_GRAPH, "application")}
    assert not [name for name in first if judged[name].privilege not in ("tier 0", "high") or not judged[name].reach]


def test_applications_are_somebodys_and_say_whose(tmp_path: Path) -> None:
    assert len(CATALOG.abused) > 50
    for app_id, abuse in CATALOG.abused.items():
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", app_id)
        assert app_id not in CATALOG.first_party
        assert abuse.kind in ("malicious", "abused")
        assert abuse.source.startswith("https://")
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", abuse.taken)
    for client in ("12128f48-ec9e-42f0-b203-ea49fb6af367", "fb78d390-0c51-40cd-8e17-fdbfab77341b", "9bc3ab49-b65d-410a-85ad-de819febfddc",
                   "9cee029c-6210-4654-90bb-17e6e9d36617", "4765445b-32c6-49b0-83e6-1d93765276ca", "27922004-5251-4030-b22d-91ecd9a37ea4"):  # fmt: skip
        assert CATALOG.first_party[client]


def test_a_rating_of_what_no_api_has_stops_the_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    for name in ("catalog", "vendored"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import catalog
    import vendored

    real = vendored.rows
    wrong = [MICROSOFT_GRAPH, "Nobody.Made.This", "application", "tier 0", "does nothing"]
    monkeypatch.setattr(vendored, "rows", lambda name: [*real(name), wrong] if name == "tiers.tsv" else real(name))
    with pytest.raises(SystemExit, match=r"Nobody\.Made\.This"):
        catalog.files()


# -- what a user is told


def findings(path: Path, *rules: str) -> list[tuple[str, str, str]]:
    """Rule, severity and message of what fails."""
    ran = regaudit("scan", path, "--select", ",".join(rules), "--output-format", "json", "--as-of", "2026-01-01")
    return [(row["rule_id"], row["severity"], row["message"]) for row in ran.json["findings"] if row["status"] == "fail"]


def requested(folder: Path, *permissions: tuple[str, str]) -> Path:
    by_name = {(resource, p.value): p.id for (resource, _, kind), p in CATALOG.permissions.items() if kind == "application"}
    wanted = [{"resourceAppId": api, "resourceAccess": [{"id": by_name[api, name], "type": "Role"}]} for api, name in permissions]
    return write(folder / "app.json", {"id": CLIENT, "appId": TENANT, "displayName": "Payroll", "requiredResourceAccess": wanted})


def granted(folder: Path, api: str, scope: str, consent: str = "AllPrincipals") -> Path:
    return write(folder / "tenant.json", {
        "organization": [{"id": TENANT}],
        "servicePrincipals": [{"id": CLIENT, "appId": TENANT, "displayName": "Payroll", "appOwnerOrganizationId": TENANT},
                              {"id": "5b000000-9999-4999-8999-999999999999", "appId": api, "displayName": "API"}],
        "oauth2PermissionGrants": [{"id": "g", "clientId": CLIENT, "consentType": consent, "resourceId": "5b000000-9999-4999-8999-999999999999",
                                    "principalId": None if consent == "AllPrincipals" else "u", "scope": scope}],
        "appRoleAssignments": [],
    })  # fmt: skip


def test_row_9_licences_and_profiles_take_over_nothing(tmp_path: Path) -> None:
    path = requested(tmp_path, (MICROSOFT_GRAPH, "LicenseAssignment.ReadWrite.All"), (SHAREPOINT, "User.ReadWrite.All"))
    assert findings(path, "perm-tier0-requested", "perm-high-requested") == [
        ("perm-high-requested", "low", "the application requests the application permission LicenseAssignment.ReadWrite.All of Microsoft Graph: "
         "after consent, anyone who signs in as \"Payroll\" assigns and takes away licences"),
    ]  # fmt: skip


def test_m2_the_way_to_takeover_is_said(tmp_path: Path) -> None:
    path = requested(tmp_path, (MICROSOFT_GRAPH, "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup"))
    ((rule, severity, message),) = findings(path, "perm-tier0-requested")
    assert (rule, severity) == ("perm-tier0-requested", "high")
    assert "makes anybody a member of groups that hold directory roles" in message


@pytest.mark.parametrize(("api", "scope"), [(DATAVERSE, "user_impersonation"), (MICROSOFT_GRAPH, "Sites.ReadWrite.All")])
def test_row_20_what_opens_the_users_own_data_is_medium(tmp_path: Path, api: str, scope: str) -> None:
    rules = "perm-dangerous-delegated", "grant-all-principals-risky"
    ((rule, severity, message),) = findings(granted(tmp_path, api, scope), *rules)
    assert (rule, severity) == ("grant-all-principals-risky", "medium")
    assert message.endswith(("what the user may do", "the sites that the user reaches"))
    assert not findings(granted(tmp_path, api, scope, "Principal"), *rules)


def test_a_delegated_permission_is_told_by_what_the_user_may(tmp_path: Path) -> None:
    everybody = findings(granted(tmp_path, MICROSOFT_GRAPH, "RoleManagement.ReadWrite.Directory"), "perm-dangerous-delegated")
    assert everybody == [
        ("perm-dangerous-delegated", "high", "\"Payroll\" has RoleManagement.ReadWrite.Directory of API for all users: "
         "on behalf of the signed-in user it can assign directory roles, where the user may"),
    ]  # fmt: skip
    ((_, severity, message),) = findings(
        granted(tmp_path, MICROSOFT_GRAPH, "Directory.AccessAsUser.All", "Principal"), "perm-dangerous-delegated"
    )
    assert severity == "medium"
    assert "for some users" in message


def test_abused_applications_and_products(tmp_path: Path) -> None:
    def said(app_id: str, *options: str) -> list[tuple[str, str]]:
        one = {"id": CLIENT, "appId": app_id, "displayName": "Adobe", "accountEnabled": True}
        path = write(tmp_path / "sp.json", {"servicePrincipals": [one]})
        ran: Any = regaudit("scan", path, "--select", "malicious-app-id", "--output-format", "json", *options).json
        return [(row["severity"], row["message"]) for row in ran["findings"] if row["status"] == "fail"]

    ((severity, message),) = said("14b2864e-3cff-4d33-b5cd-7f14ca272ea4")
    assert severity == "high"
    assert "created or taken over by attackers; reported by https://www.wiz.io/" in message
    ((severity, message),) = said("e9a7fea1-1cc0-4cd9-a31b-9137ca5deedd")
    assert severity == "low"
    assert "a product that attackers also use" in message
    assert not said("e9a7fea1-1cc0-4cd9-a31b-9137ca5deedd", "--set", "malicious-app-id.accepted=e9a7fea1-1cc0-4cd9-a31b-9137ca5deedd")
    ((severity, message),) = said(TENANT, "--set", f"malicious-app-id.app_ids={TENANT}")
    assert severity == "high"
    assert "on your list" in message
    assert not said(TENANT)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the cases are not here")
def test_cases() -> None:
    rules = "perm-tier0-requested", "perm-high-requested"
    assert [row[1] for row in findings(SHARED / "cases/precision/F08_license_tier0", *rules)] == ["low"]
    assert [row[:2] for row in findings(SHARED / "cases/precision/M02_pim_groups", *rules)] == [("perm-tier0-requested", "high")] * 3
