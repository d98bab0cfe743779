"""Accepted findings: waivers, which end, and baselines, which only become smaller."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import audit
from auditor.commands.waive import with_entry
from auditor.engine import waivers
from auditor.engine.identity import Paths
from auditor.severity import Status
from tests import golden_tenants
from tests.helpers import ROOT, Ran, regaudit, registration, write

TODAY = ("--as-of", "2026-11-24")
PAYROLL, SHOP = "22222221-2222-4222-8222-222222222222", "22222222-2222-4222-8222-222222222222"
KEY = "33333333-3333-4333-8333-333333333331"
SECRET = {"keyId": KEY, "displayName": "old", "startDateTime": "2024-01-01T00:00:00Z", "endDateTime": "2025-01-01T00:00:00Z"}
Json = dict[str, Any]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the manifests of two registrations, and one of a template, which has no ID."""
    write(tmp_path / "manifests/payroll.json", registration("Payroll", 1, **uris("http://p.contoso.com/cb"), passwordCredentials=[SECRET]))
    write(tmp_path / "manifests/shop.json", registration("Shop", 2, **uris("http://s.contoso.com/cb", "http://t.contoso.com/cb")))
    write(
        tmp_path / "manifests/new.json",
        {"displayName": "New", "signInAudience": "AzureADMyOrg", "web": {"redirectUris": ["http://n.contoso.com/cb"]}},
    )
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scan(*args: str | Path, on: str = "2026-11-24") -> Ran:
    return regaudit("scan", "manifests", *args, "--as-of", on)


def uris(*web: str) -> Json:
    return {"web": {"redirectUris": [*web]}, "spa": {"redirectUris": []}, "publicClient": {"redirectUris": []}}


def verdict(ran: Ran) -> str:
    return ran.out.partition("\n")[0]


def statuses(ran: Ran) -> dict[tuple[str, str, str], str]:
    """(rule, registration, value) -> status."""
    return {(row["rule_id"], row["app_display_name"], row["actual"]): row["status"] for row in ran.findings}


def id_of(rule: str, name: str, value: str = "") -> str:
    rows = scan("--output-format", "json", "--no-config").findings
    return str(
        next(
            row["finding_id"]
            for row in rows
            if (row["rule_id"], row["app_display_name"]) == (rule, name) and value in (row["actual"] or "")
        )
    )


def waive(id_: str, *more: str | Path, until: str = "2027-03-31", reason: str = "replaced in March") -> Ran:
    return regaudit("waive", id_, *(more or ("manifests",)), "--reason", reason, "--until", until, *TODAY)


def waiver(**values: str) -> str:
    values = {"rule": "redirect-http", "reason": "x", "until": "2027-01-01", **values}
    return "[[waiver]]\n" + "".join(f"{key} = {value if key == 'until' else json.dumps(value)}\n" for key, value in values.items())


# -- waivers


def test_a_waived_finding_does_not_count_and_is_always_listed(team: Path) -> None:
    assert verdict(scan()).startswith("fail: 3 of 3 registrations have findings: 5 high (5 at or above")
    for rule, name, value in [("secret-expired", "Payroll", ""), ("redirect-http", "Payroll", ""), ("redirect-http", "Shop", "s."), ("redirect-http", "Shop", "t."), ("redirect-http", "New", "")]:  # fmt: skip
        ran = waive(id_of(rule, name, value))
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith(f"regaudit-waivers.toml: {rule} is waived until 2027-03-31 (")
    ran = scan()
    assert (ran.code, ran.err) == (0, "")
    assert verdict(ran).startswith("pass: no findings in 3 registrations (--fail-on high); ")
    assert verdict(ran).endswith("; findings taken away: 5 by regaudit-waivers.toml")
    assert "waived secret-expired  Client secret has expired  (1)" in ran.out
    assert "    waived until 2027-03-31: replaced in March (regaudit-waivers.toml:" in ran.out
    assert "\n  fix" not in ran.out
    assert "\nNo findings but those that are accepted.\nWaived: 5 findings.\n" in ran.out
    assert scan("--no-config").code == 1
    assert scan("--no-config", "--waivers", "regaudit-waivers.toml").code == 0


def test_the_file_says_what_it_is_about_in_keys_of_their_own(team: Path) -> None:
    report = team / "report.json"
    scan("--output-format", f"json={report}")
    secret, uri, nameless = id_of("secret-expired", "Payroll"), id_of("redirect-http", "Shop", "s."), id_of("redirect-http", "New")
    assert waive(secret[:8], "--report", report, "--approver", "Security board").code == 0
    assert waive(uri, "manifests").code == 0
    assert waive(nameless, "--report", report).code == 0
    text = (team / "regaudit-waivers.toml").read_text()
    until = tomllib.loads("x = 2027-03-31")["x"]
    shared = {"reason": "replaced in March", "until": until}
    assert tomllib.loads(text)["waiver"] == [
        {"id": secret, "rule": "secret-expired", "registration": PAYROLL, "place": KEY, "approver": "Security board", **shared},
        {"id": uri, "rule": "redirect-http", "registration": SHOP, "place": "web.redirectUris[0]", **shared},
        {"id": nameless, "rule": "redirect-http", "place": "web.redirectUris[0]", "file": "manifests/new.json", **shared},
    ]
    assert '\n[[waiver]]\n# Payroll: client secret "old" expired on 2025-01-01 (may be ' in text
    jsonschema.validate(json.loads(json.dumps(tomllib.loads(text), default=str)), regaudit("schema", "waivers").json)


def test_comments_and_order_stay_and_a_waiver_is_renewed_in_its_place(team: Path) -> None:
    old = (
        '# ours\n\n[[waiver]] # first\nreason = "x" # because\nrule = "redirect-http"\nuntil = 2026-12-01\nregistration = "'
        + SHOP
        + '"\n\n# the end'
    )
    write(team / "regaudit-waivers.toml", old)
    id_ = id_of("secret-expired", "Payroll")
    waive(id_)
    text = (team / "regaudit-waivers.toml").read_text()
    assert text.startswith(old + "\n\n[[waiver]]\n# Payroll: ")
    waive(id_, until="2027-06-30", reason="later")
    renewed = (team / "regaudit-waivers.toml").read_text()
    assert renewed == text.replace("2027-03-31", "2027-06-30").replace("replaced in March", "later")


@given(
    st.lists(
        st.sampled_from(["# c\n", "\n", waiver(registration=SHOP), waiver(id="a" * 32), "[[waiver]]\nrule='x' # y\nreason='''a\nb'''\nuntil=2026-01-01\nid=\"b\"\n", "   # d\n"]),
        max_size=6,
    ),
    st.text(max_size=20),
    st.booleans(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_whatever_is_there_stays(tmp_path_factory: pytest.TempPathFactory, parts: list[str], reason: str, windows: bool) -> None:
    file = tmp_path_factory.mktemp("w") / "w.toml"
    text = "".join(parts)
    file.write_bytes(text.replace("\n", "\r\n" if windows else "\n").encode())
    known = waivers.read(file)
    entry = waivers.Entry("secret-expired", reason, known.entries[0].until if known.entries else date(2027, 1, 1), "c" * 32)
    made = with_entry(file, known, entry, "comment").replace("\r\n", "\n")
    assert made.startswith(text.rstrip("\n")) or not text.strip()
    again = waivers.parse(made, "w")
    assert again.entries == (*known.entries, entry)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("nosuch1", "manifests"), "no finding of what was audited has the id 'nosuch1'; JSON reports have it"),
        (("ab", "manifests"), "'ab' is too short: give at least 6 characters"),
        (("a" * 8,), "say where the finding is: either --report FILE"),
        (("a" * 8, "manifests", "--report", "manifests/shop.json"), "say where the finding is: either --report FILE"),
        (("a" * 8, "--report", "manifests/shop.json"), "--report manifests/shop.json: it is not a JSON report of regaudit"),
        (("a" * 8, "--report", "nosuch.json"), "--report nosuch.json: No such file"),
        (("ID", "manifests", "--until", "31.12.2026"), "--until: '31.12.2026' is not a date; use YYYY-MM-DD"),
        (("ID", "manifests", "--until", "2026-11-23"), "--until: 2026-11-23 has passed"),
        (("ID", "manifests", "--until", "2027-11-25"), "'until' is more than 365 days ahead (max-waiver-days), after 2027-11-24"),
        (("ID", "manifests", "--reason", " "), "--reason: it is empty"),
        (("ID", "manifests", "--file", "manifests/shop.json"), "manifests/shop.json"),
        (("ID", "manifests", "--file", "nosuch/w.toml"), "cannot write nosuch/w.toml: there is no folder"),
    ],
)  # fmt: skip
def test_waive_says_what_is_wrong_and_writes_nothing(team: Path, more: tuple[str, ...], says: str) -> None:
    id_ = id_of("secret-expired", "Payroll")
    before = (team / "manifests/shop.json").read_bytes()
    ran = regaudit("waive", "--reason", "x", "--until", "2027-01-01", *[id_ if one == "ID" else one for one in more], *TODAY)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert not (team / "regaudit-waivers.toml").exists()
    assert (team / "manifests/shop.json").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[waivers]]", "1: unknown key 'waivers'; did you mean 'waiver'?"),
        ("waiver = 1", "1: 'waiver' is a list of tables, each of which begins with [[waiver]], not 1"),
        (waiver() + "unti = 1", "5: unknown key 'unti'; did you mean 'until'?"),
        (waiver(registration=SHOP) + waiver(registration=SHOP, until="'soon'"), "9: 'until' is a date such as 2026-01-31, not 'soon'"),
        (waiver(registration=SHOP, until="2027-01-01T00:00:00Z"), "4: 'until' is a date such as 2026-01-31, not datetime"),
        (waiver(registration=SHOP, rule="redirect-htp"), "1: no rule is called 'redirect-htp'; did you mean redirect-http"),
        ("\n" + waiver(), "2: a waiver names a finding by 'id', or a rule on a 'registration' (application ID) or 'object'"),
        (waiver(registration=SHOP, reason=" "), "1: 'reason' is empty: say why the risk is accepted"),
        (waiver(registration=SHOP, until="2027-11-25"), "1: 'until' is more than 365 days ahead (max-waiver-days), after 2027-11-24"),
        ("[[waiver]]\nrule = 'x'", "1: 'reason' is missing"),
    ],
)  # fmt: skip
def test_a_fault_of_the_file_has_its_line(team: Path, text: str, says: str) -> None:
    write(team / "regaudit-waivers.toml", text)
    ran = scan()
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"regaudit: regaudit-waivers.toml:{says}")


def test_how_far_ahead_one_may_end_is_for_the_team_to_say(team: Path) -> None:
    write(team / "regaudit-waivers.toml", waiver(registration=SHOP, until="2027-02-01"))
    write(team / "regaudit.toml", "max-waiver-days = 30")
    assert "'until' is more than 30 days ahead" in scan().err
    write(team / "regaudit.toml", "max-waiver-days = 3650")
    assert scan().code == 1


def test_a_waiver_that_ended_yesterday_is_over_and_says_so(team: Path) -> None:
    write(team / "regaudit-waivers.toml", waiver(registration=SHOP, until="2026-11-24") + waiver(registration=PAYROLL))
    assert "2 high" in verdict(scan(on="2026-11-24")), "its last day"
    ran = scan(on="2026-11-25")
    assert ran.code == 1
    assert "4 high" in verdict(ran)
    assert verdict(ran).endswith("; findings taken away: 1 by regaudit-waivers.toml (1 expired)")
    assert "does not use https (its waiver ended on 2026-11-24: regaudit-waivers.toml:1)" in ran.out
    assert f"\nExpired on 2026-11-24: regaudit-waivers.toml:1: redirect-http on {SHOP}; 2 findings count again\n" in ran.out
    assert {row["status"] for row in scan("--output-format", "json", on="2026-11-25").findings if row["app_display_name"] == "Shop"} == {
        "fail"
    }


def test_a_waiver_by_rule_and_registration_is_for_all_or_for_one_key(team: Path) -> None:
    write(
        team / "regaudit-waivers.toml",
        waiver(registration=SHOP.upper(), key="http://t.contoso.com/cb") + waiver(rule="secret-expired", registration=PAYROLL, key=KEY),
    )
    assert {key for key, status in statuses(scan("--output-format", "json")).items() if status == "waived"} == {
        ("redirect-http", "Shop", "http://t.contoso.com/cb"), ("secret-expired", "Payroll", "2025-01-01 00:00Z"),
    }  # fmt: skip
    for key, number in {"web|http://t.contoso.com/cb": 1, "http://t.contoso.com": 0, "": 2}.items():
        write(team / "regaudit-waivers.toml", waiver(registration=SHOP, **({"key": key} if key else {})))
        assert list(statuses(scan("--output-format", "json")).values()).count("waived") == number


def test_unused_waivers_are_told_and_why(team: Path) -> None:
    id_, nameless = id_of("redirect-http", "Payroll"), id_of("redirect-http", "New")
    write(
        team / "regaudit-waivers.toml",
        waiver(registration="nobody") + waiver(id="0" * 32) + waiver(id=id_, rule="secret-expired") + waiver(id=id_, registration=SHOP)
        + waiver(id=nameless) + waiver(id=nameless, file="manifests/other.json") + waiver(rule="fic-bad-audience", registration=SHOP),
    )  # fmt: skip
    ran = scan("--select", "redirect-http,secret-expired", "-v")
    assert ran.code == 1
    told = [line.partition(": ")[2] for line in ran.out.splitlines() if line.startswith("Unused: ")]
    ours = "its object has no ID of its own, so the waiver must also say file = 'manifests/new.json'"
    assert told == [
        "regaudit-waivers.toml:1: redirect-http on nobody",
        f"regaudit-waivers.toml:6: redirect-http ({'0' * 32})",
        f"regaudit-waivers.toml:11: secret-expired ({id_}) (the finding with this id is of rule redirect-http)",
        f"regaudit-waivers.toml:16: redirect-http on {SHOP} ({id_}) (the finding with this id is of another registration: {PAYROLL})",
        f"regaudit-waivers.toml:22: redirect-http ({nameless}) ({ours})",
        f"regaudit-waivers.toml:27: redirect-http ({nameless}) ({ours})",
        f"regaudit-waivers.toml:33: fic-bad-audience on {SHOP} (its rule was not checked in this run)",
    ]
    assert "fic-bad-audience" not in scan("--select", "redirect-http").out, "what was not checked is no news"
    uses = scan("--output-format", "json").json["exceptions"]["waivers"]
    assert {use["state"] for use in uses} == {"unused"}


def test_no_finding_gives_way_to_a_waived_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path / "m/a.json",
        registration("Payroll", 1, **uris(), passwordCredentials=[SECRET], keyCredentials=[], federatedIdentityCredentials=[]),
    )
    (row,) = [row for row in regaudit("scan", "m", "--output-format", "json", *TODAY).findings if row["rule_id"] == "secret-expired"]
    assert row["stands_for"] == ["credential-all-expired"]
    write(tmp_path / "regaudit-waivers.toml", waiver(rule="secret-expired", registration=PAYROLL))
    after = {row["rule_id"]: row["status"] for row in regaudit("scan", "m", "--output-format", "json", *TODAY).findings}
    assert (after["secret-expired"], after["credential-all-expired"]) == ("waived", "fail")


def test_no_format_and_no_command_shows_a_waived_finding_as_a_failing_one(team: Path) -> None:
    write(
        team / "regaudit-waivers.toml",
        waiver(registration=SHOP) + waiver(registration=PAYROLL) + waiver(rule="secret-expired", registration=PAYROLL),
    )
    only = ("--exclude", "new.json")
    report = scan(*only, "--output-format", "json").json
    assert (report["summary"]["findings"], report["summary"]["by_status"]["waived"]) == (0, 4)
    assert [(one.get("findings", 0), one.get("worst_severity")) for one in report["applications"]] == [(0, None)] * 2
    areas = [report["area_verdicts"][one["areas"]] for one in report["applications"]]
    assert {area[name]["status"] for area in areas for name in area} <= {"waived", "pass", "not-evaluated"}
    rows = [json.loads(line) for line in scan(*only, "--output-format", "ndjson", "--rows", "applications").out.splitlines()]
    assert {name for row in rows for name in row["failed_areas"]} == set()
    assert {name for row in rows for name in row["accepted_areas"]} == {"redirect-uris", "credentials"}
    csv = scan(*only, "--output-format", "csv").out
    assert csv.count(",waived,") == 4
    assert "until 2027-01-01: x (regaudit-waivers.toml:1)" in csv
    junit = scan(*only, "--output-format", "junit").out
    assert ("<failure" in junit, junit.count('<skipped message="waived: x"')) == (False, 3), "of one rule and object one case"
    scan(*only, "--fix-script", "fixes.sh", "--shell", "bash")
    assert "az " not in (team / "fixes.sh").read_text().partition("run()")[2].partition("\n}")[2]
    explained = regaudit("explain", "AADSTS7000222", "manifests", *only, *TODAY)
    assert explained.out.startswith("cause found: 1 finding (1 of them accepted: waived, or in the baseline)\n"), (
        "an accepted fault is a cause"
    )
    assert "\nwaived secret-expired " in explained.out
    assert "high secret-expired" not in explained.out


def test_connect_counts_no_link_that_only_waived_findings_break(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pair = ROOT / "sample_manifests/pair-only-the-shared-redirect-uri"
    before = regaudit("connect", pair, *TODAY, "--output-format", "json").json
    (broken,) = [link for link in before["connectors"][0]["links"] if link["status"] == "fail"]
    (row,) = broken["findings"]
    write(tmp_path / "w.toml", waiver(rule=row["rule_id"], id=row["finding_id"], file=Paths().of(row["file"])))
    ran = regaudit("connect", pair, *TODAY, "--waivers", "w.toml")
    assert ran.code == 0
    assert "BROKEN" not in ran.out
    assert "findings taken away: 1 by w.toml" in verdict(ran)
    assert f"waived {row['severity']} {row['rule_id']}" in ran.out
    assert "waived until 2027-01-01: x (w.toml:1)" in ran.out
    after = regaudit("connect", pair, *TODAY, "--waivers", "w.toml", "--output-format", "json").json["connectors"][0]
    assert (after["status"], [link["status"] for link in after["links"] if link["link"] == broken["link"]]) == ("waived", ["waived"])
    assert "**waived**" not in regaudit("connect", pair, *TODAY, "--output-format", "markdown").out
    assert "waived until 2027-01-01" in regaudit("connect", pair, *TODAY, "--waivers", "w.toml", "--output-format", "markdown").out


@pytest.mark.parametrize("by_id", [True, False])
def test_the_list_of_credentials_says_which_are_waived(team: Path, by_id: bool) -> None:
    named = {"id": id_of("secret-expired", "Payroll")} if by_id else {"registration": PAYROLL, "key": KEY}
    write(
        team / "regaudit-waivers.toml",
        waiver(rule="secret-expired", **named) + waiver(rule="certificate-expired", registration=PAYROLL, key=KEY),
    )
    ran = regaudit("credentials", "manifests", "--expired", *TODAY)
    assert ran.code == 0
    assert "(waived until 2027-01-01)" in ran.out
    (row,) = regaudit("credentials", "manifests", "--expired", *TODAY, "--output-format", "json").json
    assert row["waiver"] == {"reason": "x", "file": "regaudit-waivers.toml", "line": 1, "until": "2027-01-01"}
    assert "waived" not in regaudit("credentials", "manifests", "--expired", "--as-of", "2027-01-02").out, "it has ended"
    for file in (team / "manifests").rglob("*.json"):  # a calendar has what is ahead
        file.write_text(file.read_text().replace("2025-01-01T", "2026-12-10T"))
    assert "Waived until 2027-01-01" in regaudit("credentials", "manifests", *TODAY, "--output-format", "ics").out.replace("\r\n ", "")


def test_what_a_waiver_says_is_not_obeyed(team: Path) -> None:
    hostile = "\x1b[31m::set-output name=a::b ##vso[task.x]y =1+1"
    id_ = id_of("secret-expired", "Payroll")
    assert waive(id_, reason=hostile).code == 0
    for form in ("text", "json", "csv", "ndjson"):
        out = scan("--output-format", form).out
        assert "\x1b[31m" not in out
        assert "##vso[" not in out
    raw = (team / "regaudit-waivers.toml").read_text()
    assert "\x1b" not in raw


def test_a_waiver_of_an_audited_folder_is_not_found_and_waive_says_so(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = id_of("secret-expired", "Payroll")
    monkeypatch.chdir(team / "manifests")
    ran = regaudit("waive", id_, ".", "--reason", "x", "--until", "2027-01-01", *TODAY)
    assert ran.code == 0
    assert "note regaudit-waivers.toml is inside the folder that is audited: to use it there: --waivers regaudit-waivers.toml" in ran.err
    assert "taken away" not in regaudit("scan", ".", *TODAY).out


@pytest.mark.slow
def test_killed_in_the_middle_the_file_is_whole(team: Path) -> None:
    """kill -9 at whatever moment: the file is the old one or the new one, with its comments."""
    old = "# ours\n" + "".join(f"# {n}\n" + waiver(registration=f"app-{n}") for n in range(3000))
    file = write(team / "regaudit-waivers.toml", old)
    report = team / "report.json"
    scan("--no-config", "--output-format", f"json={report}")
    command = [sys.executable, "-m", "auditor", "waive", id_of("secret-expired", "Payroll"), "--report", str(report), "--reason", "x", "--until", "2027-01-01", *TODAY]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    began = time.monotonic()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    took = time.monotonic() - began
    new = file.read_text()
    assert new.startswith(old)
    seen = set()
    for step in range(12):
        file.write_text(old)
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        time.sleep(took * (0.4 + 0.06 * step))
        process.send_signal(signal.SIGKILL)
        process.wait()
        text = file.read_text()
        assert text in (old, new)
        seen.add(text == new)
    assert False in seen


# -- baselines


def baseline(*args: str | Path) -> Ran:
    return regaudit("baseline", *args, *TODAY)


def test_only_what_is_new_counts(team: Path) -> None:
    made = baseline("manifests", "-o", "baseline.json")
    assert (made.code, made.out, made.err) == (0, "baseline.json: 5 findings\n", "")
    ran = scan("--baseline", "baseline.json")
    assert ran.code == 0
    assert verdict(ran).endswith("; findings taken away: 5 by baseline.json")
    assert "redirect-http" not in ran.out.partition("Read ")[0]
    assert "\nBaseline baseline.json: 5 findings accepted (-v lists them).\n" in ran.out
    verbose = scan("--baseline", "baseline.json", "-v").out
    assert "baselined redirect-http" in verbose
    assert "    in the baseline since 2026-11-24 (baseline.json)" in verbose
    write(team / "manifests/shop.json", registration("Shop", 2, **uris("http://s.contoso.com/cb", "http://u.contoso.com/cb")))
    ran = scan("--baseline", "baseline.json")
    assert ran.code == 1
    assert verdict(ran).startswith("fail: 1 of 3 registrations has findings: 1 high (1 at or above")
    assert "http://u.contoso.com/cb" in ran.out
    assert "  1 fixed: `regaudit baseline PATH --update baseline.json` takes them out." in ran.out
    shown = json.loads(scan("--baseline", "baseline.json", "--output-format", "json").out)
    assert shown["exceptions"]["baselined"] == 4
    (row,) = [one for one in shown["findings"] if one["rule_id"] == "secret-expired"]
    assert row["baseline"] == {"file": "baseline.json", "since": "2026-11-24", "severity": "high"}


def test_it_only_becomes_smaller(team: Path) -> None:
    baseline("manifests", "-o", "baseline.json")
    before = (team / "baseline.json").read_text()
    refused = baseline("manifests", "-o", "baseline.json")
    assert (refused.code, refused.out) == (2, "")
    assert "baseline.json exists; `regaudit baseline PATH --update baseline.json` takes out what is fixed" in refused.err
    write(team / "manifests/payroll.json", registration("Payroll", 1, **uris("http://q.contoso.com/cb"), passwordCredentials=[]))
    ran = baseline("manifests", "--update", "baseline.json")
    assert (ran.code, ran.out) == (0, "baseline.json: 3 findings; 2 fixed and taken out, 0 not seen and kept\n")
    after = (team / "baseline.json").read_text()
    assert {line.rstrip(",") for line in after.splitlines()} < {line.rstrip(",") for line in before.splitlines()}
    assert scan("--baseline", "baseline.json").code == 1, "http://q.contoso.com/cb is new"


@pytest.mark.parametrize(
    ("args", "kept"),
    [
        (["--select", "secret-expired"], 5),  # the other rules did not run
        (["--exclude", "shop.json"], 5),  # a folder is no list that was read to its end
        (["--ignore", "redirect-http"], 5),
    ],
)
def test_what_a_run_could_not_look_for_stays(team: Path, args: list[str], kept: int) -> None:
    baseline("manifests", "-o", "baseline.json")
    ran = baseline("manifests", "--update", "baseline.json", *args)
    assert ran.out.startswith(f"baseline.json: {kept} findings; 0 fixed and taken out, ")
    assert scan("--baseline", "baseline.json").code == 0


def test_what_is_not_in_the_export_any_more_is_not_fixed(team: Path) -> None:
    """Without passwordCredentials nobody knows whether the secret is still there; an empty list says that it is gone."""
    baseline("manifests", "-o", "baseline.json")
    write(team / "manifests/payroll.json", registration("Payroll", 1, **uris("http://p.contoso.com/cb")))
    assert baseline("manifests", "--update", "baseline.json").out.endswith("0 fixed and taken out, 1 not seen and kept\n")


def test_what_is_more_severe_than_there_is_new(team: Path) -> None:
    baseline("manifests", "-o", "baseline.json")
    write(team / "regaudit.toml", '[severity]\nredirect-http = "critical"\nsecret-expired = "low"')
    ran = scan("--baseline", "baseline.json")
    assert ran.code == 1
    assert verdict(ran).endswith("0 by regaudit.toml (1 with a lower severity), 1 by baseline.json (4 more severe than there)")
    assert "(more severe than in the baseline, where it is high)" in ran.out
    baseline("manifests", "--update", "baseline.json")
    (team / "regaudit.toml").unlink()
    rows = scan("--baseline", "baseline.json", "--output-format", "json").findings
    assert {row["rule_id"]: row["status"] for row in rows} == {"redirect-http": "baselined", "secret-expired": "fail"}, (
        "it may not rise again"
    )


def test_a_weak_identity_needs_the_file(team: Path) -> None:
    baseline("manifests", "-o", "baseline.json")
    (team / "manifests/new.json").rename(team / "manifests/moved.json")
    rows = scan("--baseline", "baseline.json", "--output-format", "json").findings
    assert {row["app_display_name"]: row["status"] for row in rows} == {"Payroll": "baselined", "Shop": "baselined", "New": "fail"}


def test_what_is_waived_is_not_in_it_and_comes_back_when_the_waiver_ends(team: Path) -> None:
    write(team / "regaudit-waivers.toml", waiver(registration=SHOP))
    assert baseline("manifests", "-o", "baseline.json").out == "baseline.json: 3 findings\n"
    assert scan("--baseline", "baseline.json").code == 0
    assert scan("--baseline", "baseline.json", on="2027-01-02").code == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{}", "it is not a baseline: `regaudit baseline PATH -o FILE` makes one"),
        ("[", "it is not a baseline"),
        ('{"regaudit_baseline": 9, "knew": {}, "findings": []}', "it is of version 9, this regaudit reads 1"),
        ('{"regaudit_baseline": 1, "knew": {},\n"findings": [\n{"id":"a","rule":"b"}\n]}', ":3: Object missing required field"),
    ],
)  # fmt: skip
def test_a_file_that_is_none(team: Path, text: str, says: str) -> None:
    write(team / "b.json", text)
    ran = scan("--baseline", "b.json")
    assert (ran.code, ran.out) == (2, "")
    assert f"baseline b.json{'' if says.startswith(':') else ': '}{says}" in ran.err
    assert "baseline nosuch.json: there is no such file" in scan("--baseline", "nosuch.json").err


def test_no_report_takes_its_place_nor_that_of_waivers(team: Path) -> None:
    baseline("manifests", "-o", "baseline.json")
    write(team / "w.toml", waiver(registration=SHOP))
    for name in ("baseline.json", "w.toml"):
        before = (team / name).read_bytes()
        assert scan("--output-format", f"json={name}").code == 2
        assert (team / name).read_bytes() == before


def test_beside_manifests_they_are_no_input(team: Path) -> None:
    baseline("manifests", "-o", "manifests/baseline.json")
    write(team / "manifests/regaudit-waivers.toml", waiver(registration=SHOP))
    ran = scan()
    assert ran.err.count("\n") == 0 or "not read: it is inside" in ran.err
    assert "note" not in ran.out
    assert "from 3 files, 2 files skipped." in ran.out


def test_nothing_checked_makes_no_baseline(team: Path) -> None:
    write(team / "empty/a.json", "[]")
    ran = baseline("empty", "-o", "b.json")
    assert (ran.code, (team / "b.json").exists()) == (2, False)
    assert "say either -o FILE" in baseline("manifests").err
    assert "say either -o FILE" in baseline("manifests", "-o", "x", "--update", "y").err


# -- a tenant


@pytest.fixture
def tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Snapshots of one tenant: whole; without service principals, which were denied; without one registration."""
    monkeypatch.chdir(tmp_path)
    golden_tenants._write_adatum(tmp_path / "whole.ndjson", golden_tenants.tenant(seed=2, plain=24))
    header, *lines = [json.loads(line) for line in (tmp_path / "whole.ndjson").read_text("utf-8").splitlines()]
    covered = {one["collection"]: one for one in header["tenant"]["covered"]}
    covered["oauth2PermissionGrants"]["status"] = "complete"
    for name in ("servicePrincipalSignInActivities", "federatedIdentityCredentials"):
        covered[name] = {"collection": name, "status": "complete", "count": 0}
    gone = lines[0]["object"]["id"]

    def snapshot(name: str, kept: list[Json], **changes: Json) -> None:
        counts = [one | {"count": sum(line["collection"] == one["collection"] for line in kept)} for one in covered.values()]
        head = {**header, "tenant": {**header["tenant"], "covered": [one | changes.get(one["collection"], {}) for one in counts]}}
        (tmp_path / name).write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in [head, *kept]), "utf-8")

    denied = {"status": "denied", "reason": "Application.Read.All is missing", "permission": "Application.Read.All"}
    snapshot("whole.ndjson", lines)
    snapshot("denied.ndjson", [one for one in lines if one["collection"] != "servicePrincipals"], servicePrincipals=denied)
    snapshot("gone.ndjson", [one for one in lines if gone not in (one["object"].get("id"), one.get("of"))])
    return tmp_path


def test_a_run_that_was_denied_a_collection_fixes_nothing(tenant: Path) -> None:
    assert baseline("whole.ndjson", "-o", "b.json").code == 0
    before = (tenant / "b.json").read_bytes()
    scanned = regaudit("scan", "denied.ndjson", "--baseline", "b.json", *TODAY)
    assert scanned.code == 2, "a permission is missing"
    assert " not seen: this run could not look for them." in scanned.out
    updated = baseline("denied.ndjson", "--update", "b.json")
    assert "; 0 fixed and taken out, " in updated.out
    assert (tenant / "b.json").read_bytes() == before
    whole = regaudit("scan", "whole.ndjson", "--baseline", "b.json", *TODAY)
    assert (whole.code, whole.out.partition(":")[0]) == (0, "pass")


def test_an_object_that_is_gone_from_a_whole_list_is_fixed(tenant: Path) -> None:
    baseline("whole.ndjson", "-o", "b.json")
    gone = json.loads((tenant / "whole.ndjson").read_text("utf-8").splitlines()[1])["object"]["appId"]
    number = (tenant / "b.json").read_text().count(f'"registration":"{gone}"')
    assert number > 0
    updated = baseline("gone.ndjson", "--update", "b.json")
    assert int(updated.out.split("; ")[1].split()[0]) >= number
    assert gone not in (tenant / "b.json").read_text()
    selected = regaudit("scan", "whole.ndjson", "--baseline", "b.json", *TODAY)
    assert selected.code == 1, "it is there again"


def test_waivers_and_baselines_are_there_for_python(team: Path) -> None:
    write(team / "w.toml", waiver(registration=SHOP))
    baseline("manifests", "-o", "b.json", "--select", "secret-expired")
    report = audit("manifests", waivers="w.toml", baseline="b.json", as_of="2026-11-24")
    found = sorted((row.rule_id, row.app_display_name, row.status) for row in report.findings)
    assert found == [
        ("redirect-http", "New", Status.fail), ("redirect-http", "Payroll", Status.fail), ("redirect-http", "Shop", Status.waived),
        ("redirect-http", "Shop", Status.waived), ("secret-expired", "Payroll", Status.baselined),
    ]  # fmt: skip


# -- the page


def test_from_nothing_to_a_gate_as_the_page_says(team: Path) -> None:
    """Every command of the page, in its order, with the exit code that it names."""
    page = (ROOT / "docs/exceptions.md").read_text("utf-8")
    blocks = re.findall(r"^ {3}```sh\n(.*?)^ {3}```", page, re.MULTILINE | re.DOTALL)
    commands = [re.split(r"\s+# ", line.strip()) for block in blocks for line in block.splitlines()]
    exits = []
    for command, *said in commands:
        words = shlex.split(command.replace("DATE", "2027-03-31"))
        if words[0] == "echo":
            write(team / words[3], words[1])
            continue
        if words[1:3] == ["scan", "manifests/"] and "-v" in words:
            write(team / "manifests/shop.json", registration("Shop", 2, **uris("http://s.contoso.com/cb", "http://new.contoso.com/cb")))
        if "FINDING_ID" in words:
            (new,) = [row for row in json.loads((team / "report.json").read_text())["findings"] if row["status"] == "fail"]
            words[words.index("FINDING_ID")] = new["finding_id"]
        ran = regaudit(*words[1:], *TODAY)
        exits.append(ran.code)
        assert said == [f"exit code {ran.code}"], (command, ran.out, ran.err)
    assert exits == [1, 0, 0, 1, 0, 0, 0]


def test_the_example_of_the_page_is_a_file_of_waivers(team: Path) -> None:
    page = (ROOT / "docs/exceptions.md").read_text("utf-8")
    text = page.partition("```toml regaudit-waivers.toml\n")[2].partition("```")[0]
    assert [entry.key for entry in waivers.parse(text, "w").entries] == [None, "cccccccc-2222-4333-8444-555555555555"]
    jsonschema.validate(json.loads(json.dumps(tomllib.loads(text), default=str)), regaudit("schema", "waivers").json)
