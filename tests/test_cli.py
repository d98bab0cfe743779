"""The command line: what it prints, what it exits with, what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import auditor
from auditor import rulebook
from auditor.errors import UsageError
from auditor.report import FORMATS
from tests.helpers import PAGE, ROOT, Ran, process, regaudit, registration, write

COMMANDS = ("scan", "rules", "credentials", "explain", "test", "new-rule", "schema", "completion")
GATES = ("critical", "high", "medium", "low", "never")
SEVERITIES = ("critical", "high", "medium", "low", "info")
BLIND = PAGE.replace("app.display_name != 'Payroll'", "len(app.owners) > 0").replace("is careless", "has no owner")


@pytest.fixture
def careless(tmp_path: Path) -> Path:
    return write(tmp_path / "in/careless.json", registration("Payroll", 1))


@pytest.fixture
def tidy(tmp_path: Path) -> Path:
    return write(tmp_path / "in/tidy.json", registration("Tidy", 2))


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder of rules: one a severity that the careless app fails and the tidy one passes, and one that nobody can judge."""
    folder = tmp_path / "house"
    for severity in SEVERITIES:
        id_ = f"careless-{severity}"
        tag = "house-worst" if severity in ("critical", "high") else "house-rest"
        write(folder / f"manners/{id_}.md", PAGE.format(title=f"Careless, {severity}", severity=severity, id=id_, tag=tag))
    write(folder / "people/nobody.md", BLIND.format(title="Nobody cares", severity="high", id="nobody", tag="house-blind"))
    return folder


def scan(house: Path, *args: str | Path, select: str = "manners") -> Ran:
    return regaudit("scan", "--extend-rules", house, "--select", select, "--as-of", "2026-01-01", *args)


# -- exit codes


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_findings_at_or_above_the_gate_exit_with_1(house: Path, careless: Path, severity: str, gate: str) -> None:
    order = (*SEVERITIES, "never")
    reached = gate != "never" and order.index(severity) <= order.index(gate)
    for form in ("text", "json"):
        ran = scan(house, careless, "--fail-on", gate, "--output-format", form, select=f"careless-{severity}")
        assert (ran.code, ran.stderr) == (int(reached), b"")
        assert f"careless-{severity}" in ran.out


def test_the_gate_is_high_unless_said(house: Path, careless: Path) -> None:
    assert scan(house, careless, select="careless-high").code == 1
    assert scan(house, careless, select="careless-medium").code == 0


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_found_is_clean(house: Path, tidy: Path, gate: str, form: str) -> None:
    assert scan(house, tidy, "--fail-on", gate, "--output-format", form).code == 0


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("form", ["text", "json"])
def test_2_wins_over_1_and_the_rest_is_audited_all_the_same(house: Path, careless: Path, tmp_path: Path, gate: str, form: str) -> None:
    broken = write(tmp_path / "broken.json", '{"appId": "x",\n  "displayName": }')
    ran = scan(house, careless, broken, "--fail-on", gate, "--output-format", form)
    assert ran.code == 2
    assert f"{broken.as_posix()}:2:18: " in ran.err
    assert ran.out.count("is careless") == 5


def test_a_hidden_report_keeps_its_exit_code(house: Path, careless: Path, tmp_path: Path) -> None:
    assert scan(house, careless, "-q").code == 1
    assert scan(house, careless, "--output-format", f"json={tmp_path / 'report.json'}").code == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_strict_counts_what_was_not_evaluated(house: Path, careless: Path, tidy: Path, form: str) -> None:
    both = "nobody,careless-high"
    assert scan(house, tidy, "--output-format", form, select=both).code == 0
    assert scan(house, tidy, "--output-format", form, "--strict", select=both).code == 2
    assert scan(house, tidy, "--output-format", form, "--strict", "--fail-on", "never", select=both).code == 2
    assert scan(house, careless, "--output-format", form, "--strict", select=both).code == 2
    assert scan(house, tidy, "--output-format", form, "--strict").code == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "nothing to read: give a file or a folder, as in `regaudit scan manifests/`"),
        (["{app}", "--select", "secret-expird"], "'secret-expird'; did you mean 'secret-expired'?"),
        (["{app}", "--ignore", "credentialz"], "'credentialz'; did you mean 'credentials'?"),
        (["{app}", "--select", "zzz-*"], "'zzz-*'"),
        (["{app}", "--select", "secret-expired", "--ignore", "credentials"], "no rule is left to check"),
        (["{app}", "--set", "secret-expiring"], "say RULE.PARAM=VALUE"),
        (["{app}", "--set", "secret-expiring.warn_days=[60]"], "secret-expiring.warn_days: '[60]' is not a number up to a million"),
        (["{app}", "--set", "secret-expiring.warn_days="], "secret-expiring.warn_days: '' is not a number"),
        (["{app}", "--set", "secret-expiring.warn_days=2000000"], "'2000000' is not a number up to a million; the default is 30"),
        (["{app}", "--set", "tenant-app-policy-gaps.wanted=[1, 2]"], "tenant-app-policy-gaps.wanted: '[1, 2]' is not a list of texts"),
        (["{app}", "--set", 'tenant-app-policy-gaps.wanted=["a"'], "is not a list of texts"),
        (["{app}", "--set", "tenant-app-policy-gaps.wanted=a,,b"], "is not a list of texts"),
        (["{app}", "--select", ","], "',' names no rule, area or tag"),
        (["{app}", "--ignore", " , "], "names no rule, area or tag"),
        ([""], "'PATH…': it is empty"),
        (["{app}", ""], "'PATH…': it is empty"),
        *((["{app}", f"--{option}", ""], f"'--{option}': it is empty") for option in (
            "select", "ignore", "exclude", "profile", "set", "extend-rules", "output-format", "as-of", "tenant", "filter", "app", "stdin-filename",
        )),
        (["{app}", "--set", "warn_days=60"], "say RULE.PARAMETER"),
        (["{app}", "--set", "secret-expirin.warn_days=60"], "did you mean secret-expiring"),
        (["{app}", "--set", "secret-expiring.warn=60"], "has no parameter 'warn'; it has: warn_days"),
        (["{app}", "--set", "secret-expiring.warn_days=soon"], "'soon' is not a number"),
        (["{app}", "--as-of", "tomorrow"], "'tomorrow' is not a date such as 2026-01-31"),
        (["{app}", "--baselin", "x"], "Error: No such option '--baselin'. Did you mean '--baseline'?"),
        (["{app}", "--exit-zero"], "Error: No such option '--exit-zero'.\n"),
        (["{app}", "--output-frmat", "json"], "Did you mean '--output-format'?"),
        (["{app}", "--severity", "high"], "Did you mean '--min-severity'?"),
        (["--select", "credentials", "redirect-uris"], "names of rules are separated by commas: --select credentials,redirect-uris"),
        (["{app}", "--select", "naming"], "no rule, area or tag is called 'naming'; `regaudit rules` lists names, areas and tags"),
        (["{app}", "--as-of", "2026-02-30"], "'2026-02-30' is not a date"),
        (["{app}", "--profile", "strct"], "did you mean 'strict'?"),
        (["{app}", "--profile", "no-such.toml"], "no-such.toml"),
        (["{app}", "--extend-rules", "no-such-folder"], "no-such-folder is not a folder"),
        (["{app}", "--output-format", "yaml"], "no report format is called 'yaml'; did you mean 'html'? There are: text, json"),
        (["{app}", "--output-format", "json="], "the file's name is missing"),
        (["{app}", "--output-format", "text", "--output-format", "json"], "two reports on standard output"),
        (["{app}", "--output-format", "json", "--output-format", "json"], "two reports on standard output"),
        (["{app}", "--output-format", "json=no-such-folder/report.json"], "cannot write no-such-folder/report.json"),
        (["{app}", "--fail-on", "worst"], "'worst' is not one of 'critical', 'high', 'medium', 'low', 'never'"),
        (["{app}", "--min-severity", "worst"], "'worst' is not one of"),
        (["{app}", "--limit", "-1"], "-1"),
        (["{app}", "--slect", "ALL"], "--select"),
        (["no-such-file.json"], "no-such-file.json: there is no such file or folder"),
        (["{app}", "no-such-file.json"], "no-such-file.json: there is no such file or folder"),
    ],
)  # fmt: skip
def test_errors_of_usage(careless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    ran = regaudit("scan", *(arg.format(app=careless) for arg in args))
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "args",
    [("scan", ""), ("connect", ""), ("credentials", ""), ("api-permissions", ""), ("explain", "AADSTS50011", ""), ("explain", ""), ("test", ""),
     ("test", "--select", ""), ("export", "-o", ""), ("rules", "--extend-rules", ""), ("rules", "--select", ""), ("permissions", "--select", ""),
     ("explain", "secret-expired", "--extend-rules", ""), ("connect", "--profile", "", "x"), ("credentials", "--exclude", "", "x"),
     ("whoami", "--tenant", "")],
)  # fmt: skip
def test_what_a_pipeline_left_unset_is_an_error_of_usage(careless: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...]) -> None:
    """`regaudit scan "$FOLDER"` does not audit the working directory."""
    monkeypatch.chdir(careless.parent)
    ran = regaudit(*args)
    assert (ran.code, ran.out) == (2, "")
    assert "it is empty" in ran.err


@pytest.mark.parametrize("what", [{"paths": ""}, {"paths": ["."], "extend_rules": [""]}, {"paths": ".", "exclude": [""]}])
def test_audit_takes_no_empty_path(what: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="is empty"):
        auditor.audit(**what)


def test_a_profile_that_is_wrong(careless: Path, tmp_path: Path) -> None:
    for text, said in (
        ("selekt = ['ALL']", "'selekt'"),
        ("select = 'ALL'", "'select'"),
        ("[severity]\nsecret-expired = 'worst'", "mine.toml:2: severity 'worst' of secret-expired"),
        (
            "[severity]\nsecret-expired = 'low'\nsecret-expird = 'low'",
            "mine.toml:3: severity: no rule is called 'secret-expird'; did you mean secret-expired",
        ),
        ("select = [", "mine.toml:1: the profile is not TOML"),
        ("[params.secret-expiring]\nwarn = 1", "no parameter 'warn'"),
        ("[params.secret-expiring]\nwarn_days = '60'", "mine.toml:2: params: secret-expiring.warn_days: '60' is not a number"),
        (
            "[params.tenant-app-policy-gaps]\nwanted = 'a,b'",
            "mine.toml:2: params: tenant-app-policy-gaps.wanted: 'a,b' is not a list of texts",
        ),
        ("[params.tenant-app-policy-gaps]\nwanted = []", "is not a list of texts"),
        ("[params]\nsecret-expiring = 1", "parameters stand below their rule"),
        ("select = ['nosuch']", "mine.toml:1: select: no rule, area or tag is called 'nosuch'"),
        ("ignore = ['nosuch']", "mine.toml:1: ignore: no rule, area or tag is called 'nosuch'"),
        ("select = []", "'select' names no rule"),
        ("ignore = [1]", "'ignore' is a list of texts"),
        ("[severity]\nsecret-expired = 1", "severity 1 of secret-expired is not one of"),
        ("severity = 'low'", "mine.toml:1: 'severity' is a table"),
    ):
        ran = regaudit("scan", careless, "--profile", write(tmp_path / "mine.toml", text))
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err


def test_a_profile_of_ones_own(house: Path, careless: Path, tmp_path: Path) -> None:
    profile = write(tmp_path / "mine.toml", "select = ['manners']\nignore = ['careless-info']\n[severity]\ncareless-high = 'low'\n")
    ran = regaudit("scan", careless, "--extend-rules", house, "--profile", profile, "--output-format", "json")
    assert ran.rules == ["careless-critical", "careless-high", "careless-low", "careless-medium"]
    assert {row["rule_id"]: row["severity"] for row in ran.findings}["careless-high"] == "low"


def test_nothing_that_can_be_audited(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ran = regaudit("scan", tmp_path / "empty")
    assert ran.code == 2
    assert "no app registration found in 0 files" in ran.err
    assert "Read 0 app registrations from 0 files" in ran.out
    ran = regaudit("scan", write(tmp_path / "package.json", {"name": "x", "version": "1"}))
    assert ran.code == 2
    assert "holds no app registration" in ran.err


def test_a_forgotten_scan(careless: Path) -> None:
    ran = regaudit(careless)
    assert (ran.code, ran.out) == (2, "")
    assert f"to audit it: regaudit scan {careless}" in ran.err


def test_a_misspelt_command() -> None:
    assert "did you mean 'scan'?" in regaudit("scna").err
    assert "did you mean" not in regaudit("report").err
    assert "--no-color goes behind the command, as in `regaudit scan --no-color PATH`" in regaudit("--no-color", "scan").err
    ran = regaudit("frobnicate")
    assert ran.code == 2
    assert all(command in ran.err for command in COMMANDS)


# -- which rules


@pytest.mark.parametrize(
    ("args", "rules"),
    [
        (["--select", "careless-high"], ["careless-high"]),
        (["--select", "careless-high, careless-low"], ["careless-high", "careless-low"]),
        (["--select", "careless-high", "--select", "people"], ["careless-high", "nobody"]),
        (["--select", "people"], ["nobody"]),
        (["--select", "house-worst"], ["careless-critical", "careless-high"]),
        (["--select", "careless-*", "--ignore", "house-worst"], ["careless-info", "careless-low", "careless-medium"]),
        (["--select", "manners,people", "--ignore", "careless-*"], ["nobody"]),
        (["--select", "house-worst,house-blind", "--ignore", "people"], ["careless-critical", "careless-high"]),
    ],
)  # fmt: skip
def test_select_and_ignore(house: Path, careless: Path, args: list[str], rules: list[str]) -> None:
    ran = regaudit("scan", careless, "--extend-rules", house, "--output-format", "json", *args)
    assert ran.rules == rules
    not_evaluated = {rule for reason in ran.json["not_evaluated"] for rule in reason["rules"]}
    assert {row["rule_id"] for row in ran.findings} | not_evaluated == set(rules)


def test_select_all_takes_the_opt_in_rules_too(house: Path, careless: Path) -> None:
    def rules(*args: str) -> set[str]:
        return set(regaudit("scan", careless, "--extend-rules", house, "--output-format", "json", *args).rules)

    everything = rules("--select", "ALL")
    assert everything == rules("--profile", "strict")
    assert rules() < everything
    assert rules("--select", "ALL", "--ignore", "opt-in") == rules()
    assert {"nobody", "careless-high"} <= rules()


def test_a_part_of_the_rules_finds_nothing_that_the_whole_does_not(careless: Path) -> None:
    def rules(*args: str) -> set[str]:
        return set(regaudit("scan", careless, "--output-format", "json", *args).rules)

    assert rules("--select", "credentials") < rules()
    assert rules("--select", "secret-*") < rules()
    assert rules("--select", "secret-present") == {"secret-present"}  # by name
    assert "secret-present" in rules("--select", "credentials", "--profile", "strict")


def test_a_report_in_the_audited_folder_is_not_read_as_a_manifest(tmp_path: Path) -> None:
    for path in (ROOT / "sample_manifests/careless").glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    first, second, third = (
        regaudit("scan", tmp_path, "--as-of", "2026-11-24", "--output-format", "text", "--output-format", f"json={tmp_path / name}")
        for name in ("one.json", "two.json", "one.json")
    )
    assert first.out.splitlines()[-1] == second.out.splitlines()[-1] == third.out.splitlines()[-1]
    assert "2 files skipped" in third.out
    assert f"skipped {tmp_path / 'two.json'}\n" in regaudit("scan", tmp_path, "-v").out


def test_what_strict_does_not_allow_is_said(careless: Path) -> None:
    ran = regaudit("scan", careless, "--strict", "-q")
    assert ran.code == 2
    assert re.search(r"^\d+ checks not evaluated, which --strict does not allow\.$", ran.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("args", "says"), [((), "\nCommands:\n  scan "), (("schema",), "\n    application,\n    config,\n"), (("completion",), "\n    bash,\n")]
)
def test_a_command_that_lacks_something_shows_readable_help(args: tuple[str, ...], says: str) -> None:
    ran = regaudit(*args)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


def test_set_changes_a_parameter(tmp_path: Path) -> None:
    secret = {"keyId": "4" * 8 + "-4444-4444-8444-444444444444", "displayName": "ci", "endDateTime": "2026-03-01T00:00:00Z"}
    app = write(tmp_path / "app.json", registration("Payroll", passwordCredentials=[secret], keyCredentials=[]))
    args: list[str | Path] = ["scan", app, "--select", "secret-expiring", "--as-of", "2026-01-01"]
    assert "No findings" in regaudit(*args, "--set", "secret-expiring.warn_days=30").out
    assert "secret-expiring" in regaudit(*args, "--set", "secret-expiring.warn_days=60").out


# -- what is read


@pytest.mark.parametrize(
    ("value", "wanted"),
    [('["a","b"]', ["a", "b"]), ("['a', 'b']", ["a", "b"]), ("a,b", ["a", "b"]), ("a, b", ["a", "b"]), ("a", ["a"]), ('["a,b"]', ["a,b"])],
)  # fmt: skip
def test_set_takes_toml_and_plain_values(tmp_path: Path, value: str, wanted: list[str]) -> None:
    house = params_page(tmp_path)
    ran = regaudit("scan", write(tmp_path / "a.json", registration("A")), "--extend-rules", house, "--select", "params", "--set",
                   f"params.words={value}", "--output-format", "json")  # fmt: skip
    assert [row["message"] for row in ran.findings] == [f"{', '.join(wanted)}; 3; x; no; 2026-01-01 00:00Z"]


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("number=0x10", "w; 16; x; no; 2026-01-01 00:00Z"), ("number= 7 ", "w; 7; x; no; 2026-01-01 00:00Z"),
        ("text=y z", "w; 3; y z; no; 2026-01-01 00:00Z"), ("text='y'", "w; 3; y; no; 2026-01-01 00:00Z"),
        ("text=7", "w; 3; 7; no; 2026-01-01 00:00Z"), ("flag=true", "w; 3; x; yes; 2026-01-01 00:00Z"), ("flag=On", "w; 3; x; yes; 2026-01-01 00:00Z"),
        ("day=2026-02-01", "w; 3; x; no; 2026-02-01 00:00Z"), ("day=2026-02-01T12:00:00+02:00", "w; 3; x; no; 2026-02-01 10:00Z"),
    ],
)  # fmt: skip
def test_set_takes_every_kind(tmp_path: Path, setting: str, shown: str) -> None:
    ran = regaudit("scan", write(tmp_path / "a.json", registration("A")), "--extend-rules", params_page(tmp_path), "--select", "params", "--set",
                   f"params.{setting}", "--output-format", "json")  # fmt: skip
    assert [row["message"] for row in ran.findings] == [shown]


def params_page(tmp_path: Path) -> Path:
    page = PAGE.format(title="T", severity="low", id="params", tag="t").replace("app.display_name != 'Payroll'", "False")
    page = page.replace("{app} is careless", "{words}; {number}; {text}; {flag}; {day}")
    page = page.replace("]\n```\n\nWhy", "]\n[params]\nwords = ['w']\nnumber = 3\ntext = 'x'\nflag = false\nday = 2026-01-01\n```\n\nWhy")
    write(tmp_path / "rules/params.md", page)
    return tmp_path / "rules"


SNAPSHOT = {
    "regaudit": "snapshot",
    "schemaVersion": "1.0",
    "toolVersion": "0",
    "tenant": {"tenantId": "contoso.onmicrosoft.com", "taken": "2026-01-01T00:00:00Z"},
}
RISING = PAGE.format(title="T", severity="SEVERITY", id="rising", tag="t").replace("app.display_name != 'Payroll'", "False").replace(
    '"SEVERITY"', '"critical if app.fallback_public_client else high if app.service_principal is not None else low"'
)  # fmt: skip


@pytest.mark.parametrize(
    ("status", "public", "gate", "code"),
    [
        ("denied", False, "high", 2),  # a permission could lift it to the gate
        ("denied", False, "critical", 0),  # not so high
        ("denied", False, "low", 1),  # it is there already
        ("denied", False, "never", 0),
        ("denied", True, "high", 1),  # what is denied decides nothing
        ("complete", False, "high", 0),
        ("unavailable", False, "high", 0),  # nobody can mend it
    ],
)
def test_what_a_permission_could_lift_to_the_gate_exits_with_2(tmp_path: Path, status: str, public: bool, gate: str, code: int) -> None:
    covered: list[dict[str, Any]] = [{"collection": "applications", "count": 1}, {"collection": "servicePrincipals", "status": status}]
    if status != "complete":
        covered[1]["reason"] = "it is not there"
    if status == "denied":
        covered[1]["permission"] = "Directory.Read.All"
    header = {**SNAPSHOT, "tenant": {**SNAPSHOT["tenant"], "covered": covered}}  # type: ignore[dict-item]
    line = {"collection": "applications", "object": registration("Payroll", isFallbackPublicClient=public)}
    snapshot = write(tmp_path / "contoso.ndjson", "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in (header, line)))
    write(tmp_path / "rules/rising.md", RISING)
    args = ("scan", snapshot, "--extend-rules", tmp_path / "rules", "--select", "rising", "--fail-on", gate)
    ran = regaudit(*args)
    assert ran.code == code, ran.out + ran.err
    assert ("1 rule may have findings at or above --fail-on" in ran.out) == (code == 2)
    assert ("(may be high, depending on servicePrincipals: it is not there)" in ran.out) == (status != "complete" and not public)
    (row,) = regaudit(*args, "--output-format", "json").findings
    highest = "critical" if public else "low" if status == "complete" else "high"
    assert (row["severity"], row["highest_severity"]) == ("critical" if public else "low", highest)
    shown = regaudit(*args, "--min-severity", "high")
    assert (" rising  T" in shown.out) == (highest != "low")  # --min-severity goes by what is possible


def test_standard_input(house: Path, careless: Path) -> None:
    args: list[str | Path] = ["scan", "-", "--extend-rules", house, "--select", "manners", "--output-format", "json"]
    text = careless.read_bytes()
    assert {row["file"] for row in regaudit(*args, stdin=text).findings} == {"<stdin>"}
    ran = regaudit(*args, "--stdin-filename", "apps/payroll.json", stdin=text)
    assert ran.code == 1
    assert {row["file"] for row in ran.findings} == {"apps/payroll.json"}
    ran = regaudit(*args, "--stdin-filename", "apps/payroll.json", stdin=b'{"appId": ')
    assert ran.code == 2
    assert "apps/payroll.json:1:" in ran.err
    assert regaudit(*args, stdin=b"").code == 2


def test_exclude(house: Path, careless: Path, tidy: Path, tmp_path: Path) -> None:
    write(tmp_path / "in/old/older.json", registration("Older", 3))

    def read(*args: str) -> list[str]:
        rows = scan(house, tmp_path / "in", "--output-format", "json", *args).json["applications"]
        return sorted(row["display_name"] for row in rows)

    assert read() == ["Older", "Payroll", "Tidy"]
    assert read("--exclude", "old/") == ["Payroll", "Tidy"]
    assert read("--exclude", "care*.json", "--exclude", "old") == ["Tidy"]
    assert read("--exclude", "*.json", "--exclude", "!tidy.json") == ["Tidy"]
    assert scan(house, tmp_path / "in", "--exclude", "careless.json").code == 0


# -- what is shown


def test_min_severity(house: Path, careless: Path) -> None:
    for i, severity in enumerate(SEVERITIES):
        ran = scan(house, careless, "--min-severity", severity, "--output-format", "json")
        assert sorted(row["severity"] for row in ran.findings) == sorted(SEVERITIES[: i + 1])


def test_show_passed(house: Path, careless: Path, tidy: Path) -> None:
    assert "Tidy" not in scan(house, careless, tidy).out
    shown = scan(house, careless, tidy, "--show-passed")
    assert "pass careless-high  Careless, high  (1)\n  Tidy (22222222-" in shown.out
    ran = scan(house, careless, tidy, "--show-passed", "--output-format", "json")
    assert {(row["app_display_name"], row["status"]) for row in ran.findings} == {("Payroll", "fail"), ("Tidy", "pass")}
    assert {row["status"] for row in ran.json["findings"]} == {"fail"}


def test_limit(house: Path, tmp_path: Path) -> None:
    apps = [
        {**registration("Payroll"), "id": f"{i:08d}-1111-4111-8111-111111111111", "appId": f"{i:08d}-2222-4222-8222-222222222222"}
        for i in range(30)
    ]
    many = write(tmp_path / "many.json", {"value": apps})
    assert scan(house, many, select="careless-high").out.count("is careless") == 30
    verbose = scan(house, many, "-v", select="careless-high").out
    assert verbose.count("is careless") == 20
    assert "… and 10 more (--limit 0 shows all)" in verbose
    assert scan(house, many, "--limit", "3", select="careless-high").out.count("is careless") == 3
    everything = scan(house, many, "--limit", "0", select="careless-high").out
    assert everything.count("is careless") == 30
    assert "more (" not in everything
    assert len(scan(house, many, "--limit", "3", "--output-format", "json", select="careless-high").findings) == 30


def test_quiet_leaves_the_summary(house: Path, careless: Path) -> None:
    quiet, full = scan(house, careless, "-q"), scan(house, careless)
    assert "is careless" not in quiet.out
    verdict, read, *_ = quiet.out.splitlines()
    assert verdict.startswith("fail: ")
    assert read == "Read 1 app registration from 1 file."
    assert full.out.startswith(f"{verdict}\n")
    assert full.out.endswith(quiet.out.removeprefix(f"{verdict}\n"))


def test_verbose_gives_all_reasons(careless: Path) -> None:
    brief = regaudit("scan", careless, "--profile", "strict")
    full = regaudit("scan", careless, "--profile", "strict", "-v")
    assert re.search(r"Not evaluated: \d+ checks\. .+: -v lists them", brief.out)
    assert "Missing data:" not in brief.out
    assert "Missing data:" in full.out
    assert len(full.out.splitlines()) > len(brief.out.splitlines())


def test_colours(house: Path, careless: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert b"\x1b" not in scan(house, careless).stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = scan(house, careless)
    assert b"\x1b[" in coloured.stdout
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured.out) == scan(house, careless, "--no-color").out
    assert b"\x1b" not in scan(house, careless, "--output-format", "json").stdout
    scan(house, careless, "--output-format", f"text={tmp_path / 'report.txt'}")
    assert b"\x1b" not in (tmp_path / "report.txt").read_bytes()
    monkeypatch.setenv("NO_COLOR", "1")
    assert b"\x1b" not in scan(house, careless).stdout
    monkeypatch.delenv("FORCE_COLOR")
    assert b"\x1b" not in scan(house, careless).stdout


# -- into files


def test_several_reports_at_once(house: Path, careless: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.txt"
    ran = scan(house, careless, "--output-format", "text", "--output-format", f"json={one}", "--output-format", f"text={two}")
    assert ran.code == 1
    assert two.read_bytes() == ran.stdout == scan(house, careless).stdout
    assert one.read_bytes() == scan(house, careless, "--output-format", "json").stdout


def test_a_report_takes_the_place_of_an_older_one(house: Path, careless: Path, tmp_path: Path) -> None:
    target = write(tmp_path / "out/report.json", "old, and longer than nothing")
    scan(house, careless, "--output-format", f"json={target}")
    assert len(json.loads(target.read_bytes())["findings"]) == 5
    assert list(target.parent.iterdir()) == [target]


def test_a_report_that_cannot_be_put_there_leaves_nothing(house: Path, careless: Path, tmp_path: Path) -> None:
    (tmp_path / "out/report.json").mkdir(parents=True)
    ran = scan(house, careless, "--output-format", f"json={tmp_path / 'out/report.json'}")
    assert (ran.code, ran.out) == (2, "")
    assert "cannot write" in ran.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.json"]


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are POSIX's")
def test_a_full_disk_leaves_the_older_report(careless: Path, tmp_path: Path) -> None:
    import resource

    target = write(tmp_path / "out/report.json", "old")
    ran = process(
        "scan", careless, "--output-format", f"json={target}",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )  # fmt: skip
    assert (ran.code, ran.out) == (2, "")
    assert f"cannot write {target}" in ran.err
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]


# -- a process of its own


def test_as_a_process(house: Path, careless: Path, tidy: Path, tmp_path: Path) -> None:
    args: list[str | Path] = ["--extend-rules", house, "--select", "manners", "--as-of", "2026-01-01"]
    assert process("scan", tidy, *args).code == 0
    failing = process("scan", careless, *args)
    assert failing == scan(house, careless)
    assert failing.code == 1
    piped = process("scan", "-", *args, "--output-format", "json", stdin=careless.read_bytes())
    assert (piped.code, len(piped.findings)) == (1, 5)
    missing = process("scan", tmp_path / "no-such-file.json", *args)
    assert missing.code == 2
    assert missing.err == f"regaudit: {tmp_path}/no-such-file.json: there is no such file or folder\n"


def test_version() -> None:
    assert regaudit("--version").out == f"regaudit {auditor.__version__}\n"
    assert regaudit("-V").code == 0


def test_a_reader_who_has_seen_enough(careless: Path) -> None:
    command = f"'{sys.executable}' -m auditor rules --output-format json | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert len(done.stdout) == 10
    assert b"Traceback" not in done.stderr


HEAVY = ("msgraph", "azure", "kiota_abstractions", "kiota_http", "jsonschema", "rich", "msgspec", "tabulate")
LOADED = f"print(sorted({{name.partition('.')[0] for name in __import__('sys').modules}} & set({HEAVY!r})))"
AS_REGAUDIT = "import sys; from auditor.cli import main\ntry: main()\nexcept SystemExit: pass\n"


def test_the_package_imports_nothing_heavy() -> None:
    assert process(python=("-c", f"import auditor; {LOADED}")).out == "[]\n"


def test_the_version_imports_nothing_heavy() -> None:
    assert process("--version", python=("-c", AS_REGAUDIT + LOADED)).out == f"regaudit {auditor.__version__}\n[]\n"
    times = process("--version", python=("-X", "importtime", "-m", "auditor"))
    assert "click" in times.err
    assert not re.search(rf"\|\s+({'|'.join(HEAVY)})\b", times.err)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_scan_imports_only_what_it_needs(tmp_path: Path, form: str) -> None:
    app = write(tmp_path / "app.json", registration("Payroll", web={"redirectUris": ["http://contoso.com/cb"]}))
    ran = process("scan", app, "--output-format", form, python=("-c", AS_REGAUDIT + LOADED))
    assert "redirect-http" in ran.out
    assert ran.out.splitlines()[-1] == "['msgspec']"


# -- the other commands


@pytest.mark.parametrize("command", ["", *COMMANDS])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_has_an_example(command: str, flag: str) -> None:
    ran = regaudit(*([command] if command else []), flag)
    assert (ran.code, ran.stderr) == (0, b"")
    assert ran.out.startswith("Usage: ")
    assert re.search(rf"Examples?:\s+(az .*\| )?regaudit {command or 'scan'}", ran.out)


def test_help_names_the_commands_and_exit_codes() -> None:
    text = regaudit("-h").out
    assert all(re.search(rf"^  {command}\s+[A-Z]", text, re.M) for command in COMMANDS)
    assert "Exit codes: 0 clean, 1 findings" in text


def test_rules_as_text(house: Path) -> None:
    ran = regaudit("rules", "--extend-rules", house, "--select", "house-worst,people")
    assert ran.code == 0
    assert (
        ran.out
        == """manners (2)
  critical  Careless, critical
            careless-critical (house-worst)
  high      Careless, high
            careless-high (house-worst)

people (1)
  high      Nobody cares
            nobody (house-blind)

3 rules. `regaudit explain RULE` shows one.
"""
    )
    ran = regaudit("rules", "--extend-rules", house, "--select", "nobody", "-v")
    assert "        nobody (house-blind)\n        needs owners\n" in ran.out


def test_rules_fit_into_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for more in ((), ("-v",)):
        ran = regaudit("rules", "--select", "ALL", *more)
        assert max(map(len, ran.out.splitlines())) <= 80
        for rule in rulebook.shipped():
            assert re.search(rf"^ {{10,}}{rule.id}(?: \(|$)", ran.out, re.MULTILINE), rule.id
            assert " ".join(rule.title.split()) in " ".join(ran.out.split()), rule.id


def test_rules_as_json(house: Path) -> None:
    rows = regaudit("rules", "--extend-rules", house, "--select", "nobody", "--output-format", "json").json
    assert len(rows) == 1
    row = rows[0]
    assert row.pop("page").endswith("people/nobody.md")
    assert row == {
        "id": "nobody", "area": "people", "title": "Nobody cares", "severity": "high", "levels": ["high"], "needs": ["owners"], "parameters": {},
        "aadsts": [], "references": ["https://example.com/nobody"], "unless": None, "presume": [], "gives_way_to": [], "tags": ["house-blind"],
        "aliases": [], "frameworks": {},
    }  # fmt: skip


def test_rules_name_their_parameters() -> None:
    (row,) = regaudit("rules", "--select", "secret-expiring", "--output-format", "json").json
    assert row["parameters"] == {"warn_days": 30}


def test_rules_follow_the_profile() -> None:
    def ids(*args: str) -> set[str]:
        return {row["id"] for row in regaudit("rules", "--output-format", "json", *args).json}

    assert ids() < ids("--profile", "strict") == ids("--select", "ALL")
    ran = regaudit("rules", "--select", "secret-expird")
    assert ran.code == 2
    assert "did you mean 'secret-expired'?" in ran.err


def test_explain(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = regaudit("explain", "secret-expired")
    assert (ran.code, ran.stderr) == (0, b"")
    assert "Client secret has expired" in ran.out
    assert "az ad app credential delete" in ran.out
    assert "```" not in ran.out
    said = [
        "Severity",
        "Reads",
        "\nWhy\n",
        "is refused with AADSTS7000222",
        "\nFix of the example below",
        "\nExample that fails, on 2026-01-01\n",
        "\nLinks\n",
    ]
    assert sorted(said, key=ran.out.index) == said
    assert b"\x1b" not in ran.stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert b"\x1b[" in regaudit("explain", "secret-expired").stdout
    assert b"\x1b" not in regaudit("explain", "secret-expired", "--no-color").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert b"\x1b" not in regaudit("explain", "secret-expired").stdout


def test_explain_raw_is_the_page(house: Path) -> None:
    ran = regaudit("explain", "nobody", "--raw", "--extend-rules", house)
    assert ran.out.strip() == (house / "people/nobody.md").read_text().strip()


def test_explain_what_there_is_not() -> None:
    ran = regaudit("explain", "secret-expird")
    assert (ran.code, ran.out) == (2, "")
    assert "no rule is called 'secret-expird'; did you mean secret-expired" in ran.err


def test_the_examples_of_ones_own_pages(house: Path) -> None:
    ran = regaudit("test", house / "manners")
    assert (ran.code, ran.out) == (0, "5 rules, 10 examples, 0 wrong\n")
    verbose = regaudit("test", house / "manners", "-v", "--select", "careless-low")
    assert "careless-low.md:" in verbose.out
    assert "fail: low: Payroll is careless" in verbose.out
    assert verbose.out.endswith("1 rule, 2 examples, 0 wrong\n")


def test_a_page_whose_example_is_wrong(house: Path) -> None:
    page = house / "manners/careless-low.md"
    text = page.read_text().replace('"displayName": "Tidy"', '"displayName": "Payroll"')
    page.write_text(text)
    ran = regaudit("test", house / "manners")
    assert ran.code == 1
    line = text.splitlines().index("```json pass") + 1
    assert re.match(rf"{re.escape(str(page))}:{line}(?!\d)|{re.escape(str(page))}:{line + 1}(?!\d)", ran.out)
    assert "the example should be pass, it is fail (low: Payroll is careless)" in ran.out
    assert ran.out.endswith("5 rules, 10 examples, 1 wrong\n")


def test_a_page_without_an_example_or_with_a_wrong_rule(tmp_path: Path) -> None:
    page = PAGE.format(title="T", severity="low", id="lone", tag="t")
    write(tmp_path / "a/lone.md", page.partition("```json pass")[0])
    ran = regaudit("test", tmp_path / "a")
    assert ran.code == 1
    assert "no example that should pass" in ran.out
    write(tmp_path / "b/lone.md", page.replace("app.display_name !=", "app.displayname !="))
    ran = regaudit("test", tmp_path / "b")
    assert ran.code == 1
    assert "display_name" in ran.out
    (tmp_path / "c").mkdir()
    ran = regaudit("test", tmp_path / "c")
    assert ran.code == 2
    assert "no rule pages" in ran.err
    ran = regaudit("test", tmp_path / "no-such-folder")
    assert ran.code == 2
    assert "no-such-folder" in ran.err


@pytest.mark.parametrize("name", ["application", "config", "overview", "report", "rule", "waivers"])
def test_schemas_are_schemas(name: str) -> None:
    ran = regaudit("schema", name)
    assert ran.code == 0
    assert ran.json["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(ran.json)


def test_a_schema_that_there_is_not() -> None:
    ran = regaudit("schema", "raport")
    assert ran.code == 2
    assert "'report'" in ran.err


@pytest.mark.parametrize(
    ("shell", "marks"),
    [
        ("bash", ["complete ", "_REGAUDIT_COMPLETE=bash_complete", "regaudit"]),
        ("zsh", ["#compdef regaudit", "_REGAUDIT_COMPLETE=zsh_complete"]),
        ("fish", ["complete --no-files --command regaudit", "_REGAUDIT_COMPLETE=fish_complete"]),
        ("powershell", ["Register-ArgumentCompleter -Native -CommandName regaudit", "_REGAUDIT_COMPLETE"]),
    ],
)
def test_completion(shell: str, marks: list[str]) -> None:
    ran = regaudit("completion", shell)
    assert (ran.code, ran.stderr) == (0, b"")
    assert all(mark in ran.out for mark in marks)
    assert ran.out.count("{") == ran.out.count("}")


def test_the_script_for_bash_is_bash() -> None:
    script = process("completion", "bash").stdout
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True)
    assert (checked.returncode, checked.stderr) == (0, b"")


def test_completion_knows_commands_and_options() -> None:
    def completed(words: str, at: int) -> list[str]:
        ran = process(
            python=("-c", "import sys; sys.argv[0] = 'regaudit'; from auditor.cli import main; main()"),
            env={"_REGAUDIT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)},
        )
        return [line.partition(",")[2] for line in ran.out.splitlines()]

    assert completed("regaudit s", 1) == ["scan", "schema"]
    assert "--fail-on" in completed("regaudit scan --f", 2)
    assert completed("regaudit scan --fail-on ", 3) == list(GATES)
    names = ["application", "config", "diff", "federation", "overview", "paths", "report", "rule", "waivers"]
    assert completed("regaudit schema ", 2) == names
    assert completed("regaudit explain secret-expir", 2) == ["secret-expired", "secret-expired-leftover", "secret-expiring"]
    assert {"tokens,credentials", "tokens,credential-all-expired"} <= set(completed("regaudit scan --select tokens,cred", 3))
    assert completed("regaudit scan --profile ", 3) == ["custom-connector", "default", "files", "strict"]
    assert completed("regaudit scan --output-format ", 3) == sorted(FORMATS)


def test_a_shell_that_is_not_known() -> None:
    ran = regaudit("completion", "tcsh")
    assert ran.code == 2
    assert "'bash', 'zsh', 'fish', 'powershell'" in ran.err


# -- what a hostile or unlucky surrounding does


def test_a_reader_that_has_seen_enough_is_no_finding(tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m auditor scan "{ROOT}/sample_manifests/tidy" --show-passed --limit 0 | (exec <&-; true); echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    assert (done.stdout, done.stderr) == ("141\n", "")


def test_closed_streams() -> None:
    careless = ROOT / "sample_manifests/careless/http-redirect.json"
    for redirect, code in ((">&-", 1), ("2>&-", 1)):
        command = f'"{sys.executable}" -m auditor scan "{careless}" {redirect}'
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
        )
        assert (done.returncode, done.stderr) == (code, "")
    command = f'"{sys.executable}" -m auditor scan - <&-'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert (done.returncode, done.stderr) == (2, "regaudit: standard input is closed\n")


def test_a_console_without_the_letters_of_a_name(tmp_path: Path) -> None:
    app = {"id": "o", "appId": "a", "displayName": "日本", "passwordCredentials": [{"keyId": "k", "endDateTime": "2020-01-01T00:00:00Z"}]}
    file = tmp_path / "app.json"
    file.write_text(json.dumps(app))
    for args in (("credentials", file), ("credentials", file, "--output-format", "json"), ("scan", file), ("explain", "display-name-bidi")):
        ran = process(*args, env={"PYTHONIOENCODING": "cp1252"})
        assert b"Traceback" not in ran.stderr
        assert ran.code in (0, 1)


def test_a_report_never_takes_the_place_of_its_input_or_of_another(careless: Path, tmp_path: Path) -> None:
    before = careless.read_bytes()
    ran = regaudit("scan", careless, "--output-format", f"json={careless}")
    assert (ran.code, careless.read_bytes()) == (2, before)
    assert "would take the place of its own input" in ran.err
    out = tmp_path / "r.out"
    (tmp_path / "sub").mkdir()
    ran = regaudit("scan", careless, "--output-format", f"json={out}", "--output-format", f"text={tmp_path}/sub/../r.out")
    assert (ran.code, out.exists()) == (2, False)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    ran = regaudit("scan", careless, "--output-format", f"json={loop}")
    assert ran.code == 2
    assert "cannot write" in ran.err


@pytest.mark.parametrize("text", ["select=[5]", 'ignore=[["x"]]', "[params]\nsecret-expired=5", "select=" + "[" * 3000, "x = 1"])
def test_hostile_profiles(careless: Path, tmp_path: Path, text: str) -> None:
    profile = tmp_path / "p.toml"
    profile.write_text(text)
    ran = regaudit("scan", careless, "--profile", profile)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("regaudit: profile ")


def test_rule_pages_cannot_write_to_the_terminal(careless: Path, tmp_path: Path) -> None:
    page = (
        '# T ##vso[x]\n\n```toml rule\nseverity = "high"\nrequire = "app.disabled_by_microsoft == \'x\'"\n'
        'message = "\\u001b[31mRED ##vso[task.setvariable] \\u202E"\n```\nWhy.\n\n## Fix\nDo:\n::set-output name=a::b\n##vso[task.x]y\n\n'
        '## Examples\n```json pass\n{"displayName": "x", "disabledByMicrosoftStatus": "x"}\n```\n```json fail\n' + "[" * 5000 + "\n```\n"
    )
    folder = tmp_path / "pages/esc"
    folder.mkdir(parents=True)
    (folder / "esc.md").write_text(page)
    app = tmp_path / "app.json"
    app.write_text(json.dumps({"id": "o", "appId": "a", "displayName": "x", "disabledByMicrosoftStatus": None}))
    pages = tmp_path / "pages"
    for args in (
        ("scan", app, "--extend-rules", pages, "--select", "esc"),
        ("test", pages, "-v"),
        ("rules", "--extend-rules", pages, "--select", "esc"),
        ("explain", "esc", "--extend-rules", pages),
    ):
        ran = regaudit(*args)
        assert ran.code in (0, 1), ran.err
        assert ran.out
        for text in (ran.out, ran.err):
            assert not re.search("\x1b|\u202e|##vso\\[|^::", text, re.MULTILINE), args
