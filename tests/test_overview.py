"""regaudit overview: what is worst over several audits, as a function of reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.report.reach import POWER, TIER_0, WAYS_IN
from auditor.rulebook import shipped
from tests.helpers import Ran, check_fits, regaudit, write

TODAY = ("--as-of", "2026-01-01")
GRAPH = "00000003-0000-0000-c000-000000000000"
TIER_0_ROLE = "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"  # RoleManagement.ReadWrite.Directory


def app(number: int, *, asks: bool = False, url: str = "https://a.contoso.com/cb", end: str | None = None, **more: Any) -> dict[str, Any]:
    requested = [{"resourceAppId": GRAPH, "resourceAccess": [{"id": TIER_0_ROLE, "type": "Role"}]}] if asks else []
    secrets = [{"keyId": f"k{number}", "displayName": "ci", "startDateTime": "2025-10-01T00:00:00Z", "endDateTime": end}] if end else []
    return {
        "id": f"{number:08d}-1111-4111-8111-111111111111", "appId": f"{number:08d}-2222-4222-8222-222222222222", "displayName": f"App {number}",
        "signInAudience": "AzureADMyOrg", "web": {"redirectUris": [url]}, "requiredResourceAccess": requested, "passwordCredentials": secrets,
        "keyCredentials": [], "owners": [{"id": "u", "userPrincipalName": "ann@contoso.com"}], **more,
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tenants: one with a dangerous registration that others can reach, one with a credential that ends soon."""
    write(tmp_path / "in/first/apps.json", {"value": [app(1, asks=True, url="http://a.contoso.com/cb"), app(2, asks=True), app(3)]})
    write(tmp_path / "in/second/apps.json", {"value": [app(4, end="2026-01-05T00:00:00Z"), app(5, end="2025-12-05T00:00:00Z", owners=[])]})
    return tmp_path / "in"


def of(ran: Ran) -> Any:
    found = json.loads(ran.stdout)
    check_fits(found, "overview")
    return found


def test_tenants_are_apart_and_summed(folder: Path) -> None:
    ran = regaudit("overview", folder, *TODAY, "--output-format", "json")
    assert (ran.code, ran.err) == (0, "")
    found = of(ran)
    total, (first, second) = found["total"], found["tenants"]
    assert [part["applications"] for part in (total, first, second)] == [5, 3, 2]
    assert total["findings"] == first["findings"] + second["findings"] == sum(total["by_severity"].values())
    for tier, counts in total["reach"].items():
        assert counts == {name: first["reach"][tier][name] + second["reach"][tier][name] for name in counts}
    assert sum(sum(counts.values()) for counts in total["reach"].values()) == 5, "every application is in one place"


def test_what_is_dangerous_and_within_reach(folder: Path) -> None:
    (row,) = of(regaudit("overview", folder, *TODAY, "--output-format", "json"))["total"]["dangerous"]
    assert (row["name"], row["tier"], row["permissions"]) == ("App 1", "tier 0", ["RoleManagement.ReadWrite.Directory"])
    assert row["power"] == ["perm-tier0-requested"]
    assert row["ways_in"] == ["redirect-http"]


def test_what_expires_next_and_who_owns_what(folder: Path) -> None:
    total = of(regaudit("overview", folder, *TODAY, "--output-format", "json"))["total"]
    assert (total["expiry"]["expired"], total["expiry"]["within"]) == (1, {"7": 1, "30": 1, "90": 1})
    assert [(row["of"], row["days_left"]) for row in total["expiry"]["next"]] == [("App 4", 4)]
    owners = {(row["owner"], row["is_known"]): row["objects"] for row in total["owners"]}
    assert owners[None, True] == 1
    assert owners["ann@contoso.com", True] >= 2


def test_a_report_says_the_same_as_its_input(folder: Path, tmp_path: Path) -> None:
    regaudit("scan", folder, *TODAY, "--inventory", "--output-format", f"json={tmp_path / 'report.json'}")
    args = (*TODAY, "--output-format", "json")
    assert regaudit("overview", tmp_path / "report.json", *args).stdout == regaudit("overview", folder, *args).stdout


def test_without_an_inventory_tiers_follow_from_findings_and_that_is_said(folder: Path, tmp_path: Path) -> None:
    regaudit("scan", folder / "first", *TODAY, "--output-format", f"json={tmp_path / 'report.json'}")
    ran = regaudit("overview", tmp_path / "report.json")
    assert "tier 0: perm-tier0-requested" in ran.out
    assert "the report has no inventory (scan --inventory)" in ran.out


def test_a_report_that_cannot_be_read_is_an_error_and_the_rest_is_shown(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "broken.json", '{"schema_version":"2.0","tool":{"name":"regaudit"')
    ran = regaudit("overview", tmp_path / "broken.json", folder, *TODAY)
    assert ran.code == 2
    assert f"{tmp_path / 'broken.json'} is not a JSON report" in ran.err
    assert "2 tenants and folders together" in ran.out


def test_a_tenant_that_is_there_twice_is_said(folder: Path, tmp_path: Path) -> None:
    write(folder / "first/organization.json", {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#organization/$entity",
          "id": "aaaaaaaa-0000-4000-8000-000000000001", "displayName": "Contoso", "verifiedDomains": []})  # fmt: skip
    regaudit("scan", folder / "first", *TODAY, "--output-format", f"json={tmp_path / 'report.json'}")
    ran = regaudit("overview", tmp_path / "report.json", folder / "first", *TODAY)
    assert "tenant aaaaaaaa-0000-4000-8000-000000000001 is in the input 2 times" in ran.err


def test_what_is_accepted_is_not_dangerous(folder: Path, tmp_path: Path) -> None:
    waivers = write(
        tmp_path / "waivers.toml",
        '[[waiver]]\nrule = "redirect-http"\nregistration = "00000001-2222-4222-8222-222222222222"\nreason = "Test"\nuntil = 2026-02-01\n',
    )
    total = of(regaudit("overview", folder, *TODAY, "--waivers", waivers, "--output-format", "json"))["total"]
    assert (total["dangerous"], total["accepted"]) == ([], 1)


def test_names_of_others_are_harmless(tmp_path: Path) -> None:
    write(tmp_path / "a.json", app(1, asks=True, url="http://a.contoso.com/cb", displayName="=cmd\x1b[31m|x\n::error::"))
    for form in ("text", "json"):
        out = regaudit("overview", tmp_path / "a.json", *TODAY, "--output-format", form).out
        assert "\x1b" not in out
        assert not [line for line in out.splitlines() if line.lstrip().startswith(("=", "::", "##", "+", "-", "@"))]


def test_rules_that_say_what_is_dangerous_are_there() -> None:
    names = {rule.id for rule in shipped()}
    assert names >= POWER | WAYS_IN
    assert TIER_0 <= POWER
    assert not POWER & WAYS_IN
