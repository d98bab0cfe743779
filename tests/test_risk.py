"""How far applications reach and how others get in: what the places follow from, and that what is not known is never low."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auditor.engine.areas import RootVerdicts
from auditor.pipeline import judge
from auditor.report import Depth
from auditor.report.build import report_of
from auditor.report.model import decode
from auditor.report.objects import Risk
from auditor.report.risk import risks
from auditor.report.rows import Rows
from auditor.results import Report
from tests.helpers import ROOT, regaudit, write
from tests.tenants import Maker
from tests.test_soundness import NOW, RULES, world_of

TODAY = ("--as-of", "2026-11-24")
HOME = "5d7a1c3e-0b94-4f62-8e1d-a36c7f9b2048"
ORDER = {"reach": ("other", "high", "tier 0"), "exposure": ("none known", "credential", "way in")}


def scanned(*paths: Path, options: tuple[str, ...] = ()) -> dict[str, Any]:
    """Name of each registration and service principal -> its places; where both have a name, they must be the same."""
    ran = regaudit("scan", *paths, *TODAY, *options, "--inventory", "--output-format", "json")
    found: dict[str, Any] = {}
    for of in (*ran.json["applications"], *ran.json["service_principals"]):
        risk = of["inventory"]["risk"]
        assert found.setdefault(of["display_name"], risk) == risk
    return found


@pytest.fixture(scope="module")
def careless() -> dict[str, Any]:
    return scanned(ROOT / "sample_tenants/careless-roles")


def test_directory_roles_and_rules_are_reasons(careless: dict[str, Any]) -> None:
    one = careless["Northwind Provisioning"]
    assert (one["reach"], one["exposure"]) == ("tier 0", "way in")
    assert one["reach_reasons"] == [
        "directory role Application Administrator over the whole tenant: tier 0",
        "rule sp-azure-role",
        "rule sp-directory-role",
    ]
    assert one["exposure_reasons"][0].startswith("rule ")
    assert one["exposure_reasons"][-1] == "1 client secret"


def test_an_application_of_another_tenant_reaches_far_and_nobody_here_sees_its_credentials(careless: dict[str, Any]) -> None:
    foreign = careless["Tailspin Backup"]
    assert foreign["reach"] == "high"
    assert foreign["exposure"] == "not evaluated"
    assert "credentials of its registration, which is in another tenant" in foreign["exposure_reasons"][0]
    managed = careless["func-offboarding"]
    assert (managed["exposure"], managed["exposure_reasons"]) == ("none known", [])


def test_nothing_is_low_of_what_a_file_does_not_say(tmp_path: Path) -> None:
    write(tmp_path / "app.json", {"id": "11111111-1111-4111-8111-111111111111", "appId": "22222222-2222-4222-8222-222222222222",
          "displayName": "Alone", "signInAudience": "AzureADMyOrg", "requiredResourceAccess": [], "passwordCredentials": [], "keyCredentials": []})  # fmt: skip
    alone = scanned(tmp_path)["Alone"]
    assert (alone["reach"], alone["exposure"]) == ("not evaluated", "not evaluated")
    (reason,) = alone["reach_reasons"]
    assert reason.startswith("not known: ")
    assert "its service principal" in reason


def test_a_rule_that_did_not_run_found_nothing(tmp_path: Path) -> None:
    tidy = ROOT / "sample_manifests/tidy"
    whole, part = scanned(tidy), scanned(tidy, options=("--ignore", "owner-guest,perm-dangerous-delegated"))
    for name, risk in part.items():
        assert risk["reach"] != "other", name
        assert risk["exposure"] != "none known", name
    assert {risk["reach"] for risk in whole.values()} >= {"other"}
    assert any("1 of 12 rules about permissions not checked" in reason for risk in part.values() for reason in risk["reach_reasons"])


@pytest.mark.parametrize(
    ("usage", "exposure", "said"),
    [
        (["Sign", "Verify"], "not evaluated", "not known"),  # SAML: the secret and both halves of the certificate are for that
        (["Verify"], "credential", "1 certificate"),
        (["Encrypt"], "credential", "1 client secret"),
        ([None], "not evaluated", "whether 1 client secret can be used; whether 1 certificate can be used"),
    ],
)
def test_what_signs_tokens_lets_nobody_in(tmp_path: Path, usage: list[str | None], exposure: str, said: str) -> None:
    span = {"startDateTime": "2026-10-01T00:00:00Z", "endDateTime": "2027-01-15T00:00:00Z"}
    keys = [
        {"keyId": f"{number}", "type": "AsymmetricX509Cert", "customKeyIdentifier": "A" * 40, **span, **({"usage": use} if use else {})}
        for number, use in enumerate(usage)
    ]
    write(tmp_path / "app.json", {"id": "11111111-1111-4111-8111-111111111111", "appId": "22222222-2222-4222-8222-222222222222",
          "displayName": "Saml", "signInAudience": "AzureADMyOrg", "keyCredentials": keys,
          "passwordCredentials": [{"keyId": "s", "displayName": "s", **span}]})  # fmt: skip
    one = scanned(tmp_path)["Saml"]
    assert one["exposure"] == exposure
    assert said in "; ".join(one["exposure_reasons"])


def test_findings_that_are_not_listed_count(tmp_path: Path) -> None:
    careless = ROOT / "sample_tenants/careless-roles"
    assert scanned(careless, options=("--min-severity", "critical")) == scanned(careless)


def test_what_is_accepted_does_not_count(tmp_path: Path) -> None:
    waivers = "".join(
        f'[[waiver]]\nrule = "{rule}"\nregistration = "6c39a0d4-f17b-4e58-8a2c-93b5e0d1f784"\nreason = "Known"\nuntil = 2027-01-01\n'
        for rule in ("app-scoped-administrator", "credential-on-app-with-role", "owner-of-app-with-role", "sp-directory-role")
    )
    file = write(tmp_path / "waivers.toml", waivers)
    one = scanned(ROOT / "sample_tenants/careless-roles", options=("--waivers", str(file)))["Northwind Provisioning"]
    assert one["exposure"] == "credential"
    assert one["reach"] == "tier 0", "it has the role all the same"


def test_a_report_of_an_earlier_version_says_what_is_not_known(tmp_path: Path) -> None:
    ran = regaudit("scan", ROOT / "sample_tenants/careless-roles", *TODAY, "--inventory", "--output-format", "json")
    old = ran.json
    for of in (*old["applications"], *old["service_principals"]):
        for name in ("risk", "roles", "kind"):
            of["inventory"].pop(name, None)
    found = risks(Rows(decode(json.dumps(old))))
    now = risks(Rows(decode(ran.stdout)))
    assert set(found) == set(now)
    assert all("what rules could not evaluate" in str(risk) for risk in found.values() if risk.reach == "not evaluated")
    assert not [risk for risk in found.values() if "other" in risk.reach or "none" in risk.exposure]


def test_rows_have_the_places_of_registrations_and_of_service_principals() -> None:
    for kind in ("applications", "service_principals"):
        ran = regaudit("scan", ROOT / "sample_tenants/careless-roles", *TODAY, "--output-format", "ndjson", "--rows", kind)
        rows = [json.loads(line) for line in ran.out.splitlines()]
        (one,) = [row for row in rows if row["display_name"] == "Northwind Provisioning"]
        assert (one["reach"], one["exposure"]) == ("tier 0", "way in")
        assert [*one][-4:] == ["reach", "reach_reasons", "exposure", "exposure_reasons"]


def test_an_overview_has_service_principals_of_other_tenants(tmp_path: Path) -> None:
    ran = regaudit("overview", ROOT / "sample_tenants/careless-roles", *TODAY, "--output-format", "json")
    table = ran.json["total"]["reach"]
    assert sum(sum(counts.values()) for counts in table.values()) == 5, "two registrations, and three that have none here"
    assert table["high"] == {"way in": 0, "credential": 0, "none known": 1, "not evaluated": 1}
    assert ran.json["total"]["not_placed"]["credentials of its registration, which is in another tenant"] == 2
    assert "Not evaluated, since not known: " in regaudit("overview", ROOT / "sample_tenants/careless-roles", *TODAY).out


# -- a part of a tenant


def places(tenant: dict[str, Any]) -> dict[str, Risk]:
    """Application ID -> its places. `tenant`: as an example of a rule page has it."""
    world, by_root = world_of(tenant), RootVerdicts()
    audited = Report(
        worlds=[world], errors=[], notes=[], paths=[], as_of=NOW, files_read=1, passed_over=[], inexact=[],
        outcomes=judge([world], RULES, by_root=by_root), findings=[], by_root=by_root, profile="strict", started=NOW, finished=NOW, fixed=True,
    )  # fmt: skip
    audited.findings = [row for outcome in audited.outcomes for _, row in outcome.rows]
    report = report_of(audited, depth=Depth.inventory)
    twice = Counter(of.app_id for of in report.applications) + Counter(of.app_id for of in report.service_principals)
    found = {of.app_id: of.inventory.risk for of in report.applications if of.inventory}
    return {app_id: risk for app_id, risk in found.items() if app_id and risk and twice[app_id] < 3}


@pytest.mark.no_cover
@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 8))])
def test_nothing_is_lower_in_a_part_than_in_the_whole(part: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(part * 6, part * 6 + 6):
        maker = Maker(seed)
        tenant = maker.tenant()
        whole = places(tenant)
        for holes in (maker.with_holes(tenant) for _ in range(3)):
            for app_id, risk in places(holes).items():
                for name, order in ORDER.items():
                    says, why = getattr(risk, name), getattr(risk, f"{name}_reasons")
                    full = getattr(whole[app_id], name) if app_id in whole else "not evaluated"
                    seen[says] += 1
                    if "not evaluated" in (says, full) or any(reason.startswith("not known") for reason in why):
                        continue
                    assert order.index(says) >= order.index(full), f"seed {seed}: {app_id}: {says} of a part, {full} of the whole: {why}"
    assert seen["not evaluated"]
    print(dict(seen))
