"""The gate: exit codes 0, 1 and 2 of every command that has input, and the verdict line, which says the same."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auditor import audit
from auditor.engine.finding import Outcome
from auditor.engine.gate import Cause, Gate, Shortfall, of_audit
from auditor.joins.world import World
from auditor.report.verdict import verdict
from auditor.severity import SEVERITIES, Severity
from tests.helpers import ROOT, Ran, regaudit, registration, write
from tests.tenants import guid

TODAY = ("--as-of", "2026-01-01")
SAMPLES = ROOT / "sample_manifests"
SECRET = {"keyId": guid("k", 1), "displayName": "ci", "endDateTime": "2020-01-01T00:00:00Z"}
FAULTY = registration("Payroll", 1, passwordCredentials=[SECRET], keyCredentials=[], requiredResourceAccess=[])
SOUND = registration("Tidy", 2, passwordCredentials=[{**SECRET, "endDateTime": None}], keyCredentials=[], requiredResourceAccess=[])
BLIND = {key: value for key, value in registration("Blind", 3).items() if key != "signInAudience"}
COMMANDS: dict[str, tuple[str, ...]] = {
    "scan": ("scan", "--select", "secret-expired", *TODAY),
    "explain": ("explain", "AADSTS7000222", *TODAY),
    "credentials": ("credentials", *TODAY),
    "api-permissions": ("api-permissions",),
    "connect": ("connect", *TODAY),
}
EVERY = pytest.mark.parametrize("command", COMMANDS)
JUDGES = pytest.mark.parametrize("command", ["scan", "explain"])
EMPTY = {
    "a list": "[]",
    "a page": '{"value": []}',
    "a collection": '{"applications": []}',
    "deleted": json.dumps([{**FAULTY, "deletedDateTime": "2025-01-01T00:00:00Z"}]),
}


def run(command: str, *args: str | Path) -> Ran:
    return regaudit(*COMMANDS[command], *args)


def gate_of(command: str, *args: str | Path) -> dict[str, Any]:
    printed = run(command, *args, "--output-format", "json").json
    found: dict[str, Any] = {"scan": lambda: printed["summary"]["gate"], "explain": lambda: printed["report"]["summary"]["gate"],
                             "connect": lambda: printed["gate"]}[command]()  # fmt: skip
    return found


def line_of(ran: Ran) -> str:
    """The verdict line."""
    (line,) = [line for line in ran.out.splitlines() if re.match(r"(pass|fail|incomplete)\b.*: ", line)]
    return line


# -- nothing to look at


@EVERY
@pytest.mark.parametrize("what", EMPTY)
def test_an_empty_file_is_2_and_said_to_be_empty(command: str, what: str, tmp_path: Path) -> None:
    file = write(tmp_path / "apps.json", EMPTY[what])
    ran = run(command, file)
    assert ran.code == 2
    assert re.search("empty|deleted", ran.err)
    assert f"{file.as_posix()}: " in ran.err
    allowed = run(command, file, "--allow-empty")
    assert (allowed.code, allowed.err) == (0, "")


@EVERY
def test_an_empty_folder_is_2(command: str, tmp_path: Path) -> None:
    ran = run(command, tmp_path)
    assert ran.code == 2
    assert "no app registration found in 0 files" in ran.err
    assert run(command, tmp_path, "--allow-empty").code == 0


@EVERY
def test_a_file_of_no_bytes_is_no_empty_list(command: str, tmp_path: Path) -> None:
    """`az ad app list > apps.json` that failed leaves one."""
    file = write(tmp_path / "apps.json", "")
    for path in (file, tmp_path):
        ran = run(command, path, "--allow-empty")
        assert ran.code == 2, path
        assert "the file is empty" in ran.err


@EVERY
def test_what_cannot_be_read_is_not_empty(command: str, tmp_path: Path) -> None:
    write(tmp_path / "empty.json", "[]")
    write(tmp_path / "broken.json", '{"appId": "x", "displayName": }')
    assert run(command, tmp_path, "--allow-empty").code == 2


def test_the_verdict_says_that_it_is_empty(tmp_path: Path) -> None:
    file = write(tmp_path / "apps.json", "[]")
    assert line_of(run("scan", file)) == "incomplete (the input is empty): nothing was checked"
    assert line_of(run("connect", file)) == "incomplete (the input is empty): nothing was checked"
    for command in ("scan", "explain", "connect"):
        said = line_of(run(command, file, "--allow-empty"))
        assert said == "pass: nothing was checked: the input holds nothing to check (--allow-empty)"
        gate = gate_of(command, file)
        assert (gate["exit_code"], gate["complete"], gate["failed"]) == (2, False, False)
        assert [one["cause"] for one in gate["incomplete"]] == ["empty"]
        assert gate_of(command, file, "--allow-empty")["incomplete"] == []


def test_strict_does_not_mind_what_is_allowed_to_be_empty(tmp_path: Path) -> None:
    assert run("scan", write(tmp_path / "apps.json", "[]"), "--allow-empty", "--strict").code == 0


@pytest.mark.parametrize("allow", [(), ("--allow-empty",)])
@pytest.mark.parametrize("command", ["scan", "explain", "credentials", "api-permissions"])
def test_where_no_check_could_look_it_is_2(command: str, allow: tuple[str, ...], tmp_path: Path) -> None:
    """A registration without the property: nobody looked, and no option makes that a pass."""
    ran = run(command, write(tmp_path / "app.json", BLIND), *allow)
    assert ran.code == 2
    if command in ("scan", "explain"):
        assert line_of(ran) == "incomplete (no check could be evaluated): nothing was checked"
        assert [one["cause"] for one in gate_of(command, tmp_path)["incomplete"]] == ["nothing-checked"]
    else:
        assert "regaudit: incomplete: the input does not say which" in ran.err
        assert "No credential has" not in ran.out
        assert "0 permissions requested" not in ran.out


def test_rules_that_find_nothing_to_check(tmp_path: Path) -> None:
    args = ("scan", write(tmp_path / "app.json", SOUND), "--select", "connector-client-id-invalid", *TODAY)
    ran = regaudit(*args)
    assert (ran.code, line_of(ran)) == (2, "incomplete (the input holds nothing that these rules check): nothing was checked")
    assert regaudit(*args, "--allow-empty").code == 0


def test_a_list_says_of_how_many_it_knows_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "apps.json", [SOUND, BLIND])
    ran = run("credentials", file)
    assert ran.code == 0
    assert "Not all credentials are known of 1 of 2 objects" in ran.out
    ran = run("api-permissions", file)
    assert (ran.code, "What 1 registration requests is not known" in ran.out) == (0, True)


@pytest.mark.parametrize("command", ["credentials", "api-permissions"])
def test_a_list_of_other_things(command: str, tmp_path: Path) -> None:
    grant = {"id": "g", "clientId": guid("s", 1), "resourceId": guid("s", 2), "consentType": "AllPrincipals", "scope": "User.Read"}
    ran = run(command, write(tmp_path / "grants.json", {"oauth2PermissionGrants": [grant]}))
    assert ran.code == 2
    assert re.search(r"regaudit: incomplete: the input holds no (app registration|service principal)", ran.err)


# -- 0, 1, 2


@JUDGES
def test_0_1_and_2(command: str, tmp_path: Path) -> None:
    sound, faulty = write(tmp_path / "sound.json", SOUND), write(tmp_path / "faulty.json", FAULTY)
    broken = write(tmp_path / "broken.json", '{"appId": "x", "displayName": }')
    expected = {
        (sound,): (0, "pass: "),
        (sound, faulty): (1, "fail: "),
        (sound, broken): (2, "incomplete (1 error while reading): "),
        (sound, faulty, broken): (2, "fail, incomplete (1 error while reading): "),
    }
    for files, (code, start) in expected.items():
        ran, gate = run(command, *files), gate_of(command, *files)
        assert ran.code == gate["exit_code"] == code
        assert line_of(ran).startswith(start)
        assert gate["verdict"] == line_of(ran)
        assert (gate["failed"], gate["complete"]) == (faulty in files, broken not in files)
        assert (gate["findings"] > 0) == gate["failed"]


def test_0_1_and_2_of_a_connector(tmp_path: Path) -> None:
    tidy, faulty = SAMPLES / "tidy", SAMPLES / "pair-no-secret"
    broken = write(tmp_path / "broken.json", '{"appId": "x", "displayName": }')
    cases = [((tidy,), 0, "pass: no broken link in 1 connector"), ((faulty,), 1, "fail: 1 of 1 connector has broken links: 1 of 8 links broken; "),
             ((tidy, broken), 2, "incomplete (1 error while reading): no broken link"), ((faulty, broken), 2, "fail, incomplete (1 error while reading): 1 of 1")]  # fmt: skip
    for paths, code, start in cases:
        ran, gate = run("connect", *paths), gate_of("connect", *paths)
        assert ran.code == gate["exit_code"] == code
        assert ran.out.startswith(start)
        assert gate["verdict"] == ran.out.splitlines()[0]


def test_a_connector_of_which_no_link_could_be_evaluated(tmp_path: Path) -> None:
    settings = {"identityProvider": "aad", "clientId": "@connectionParameters('x')", "scopes": [], "redirectMode": "Global"}
    write(tmp_path / "apiProperties.json", {"properties": {"connectionParameters": {"token": {"oAuthSettings": settings}}}})
    args = (tmp_path, "--ignore", "connector-resource-missing")
    ran = run("connect", *args)
    assert ran.code == gate_of("connect", *args)["exit_code"] == 2
    assert ran.out.splitlines()[0] == "incomplete (no link could be evaluated): nothing was checked; 8 links not evaluated"
    assert "no link is broken" not in ran.out
    assert run("connect", *args, "--allow-empty").code == 2
    assert run("connect", *args, SAMPLES / "tidy").code == 0


@pytest.mark.parametrize("command", ["credentials", "api-permissions"])
def test_a_list_judges_nothing(command: str, tmp_path: Path) -> None:
    faulty = write(tmp_path / "faulty.json", FAULTY)
    assert run(command, faulty).code == 0
    broken = write(tmp_path / "broken.json", '{"appId": "x", "displayName": }')
    ran = run(command, faulty, broken)
    assert ran.code == 2
    assert f"{broken.as_posix()}:1:" in ran.err


def test_a_rule_that_breaks_is_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: World, app_id: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(World, "principal", broken)
    value = {"applications": [FAULTY], "servicePrincipals": [{"id": guid("s", 1), "appId": guid("a", 9)}]}
    ran = regaudit("scan", write(tmp_path / "t.json", value), "--select", "secret-expired,sp-missing", *TODAY)
    assert ran.code == 2
    assert line_of(ran).startswith("fail, incomplete (1 check broke): ")


# -- the verdict line


def test_the_verdict_is_the_first_line_and_its_counts_add_up() -> None:
    ran = regaudit("scan", SAMPLES, *TODAY)
    quiet = regaudit("scan", SAMPLES, *TODAY, "-q")
    report = audit(SAMPLES, as_of="2026-01-01")
    line = ran.out.splitlines()[0]
    assert line == quiet.out.splitlines()[0]
    missing = r"([\d,]+) checks not evaluated, ([\d,]+) rules not at all"
    found = re.fullmatch(rf"fail: (.+) have findings: (.+) \((\d+) at or above --fail-on high\); {missing}", line)
    assert found is not None, line
    by_severity = Counter({name: int(count) for count, name in re.findall(r"(\d+) (\w+)", found[2])})
    assert by_severity.total() == len(report.findings)
    assert by_severity["critical"] + by_severity["high"] == int(found[3])
    faulty = {(row.resource_kind, row.file, (row.pointer or "").split("/")[1:3] and row.app_id) for row in report.findings if row.app_id}
    objects = {kind: tuple(map(int, pair)) for *pair, kind in re.findall(r"(\d+) of (\d+) (registration|connector)", found[1])}
    assert objects["registration"] == (len({one for one in faulty if one[0] == "application"}), report.applications)
    assert objects["connector"][1] == report.connectors
    blind = [one for one in report.outcomes if one.not_evaluated > 1 and not (one.passed or one.failed or one.errors)]
    assert int(found[4].replace(",", "")) == report.count("not_evaluated") - sum(one.not_evaluated for one in blind)
    assert int(found[5]) == len(blind)


def test_an_object_is_counted_once_whatever_is_wrong_with_it(tmp_path: Path) -> None:
    twice = {
        **FAULTY,
        "passwordCredentials": [SECRET, {**SECRET, "keyId": guid("k", 2)}],
        "web": {"redirectUris": ["http://a.contoso.com/"]},
    }
    file = write(tmp_path / "apps.json", [twice, SOUND, {key: value for key, value in twice.items() if key not in ("id", "appId")}])
    line = line_of(regaudit("scan", file, "--select", "secret-expired,redirect-http", *TODAY))
    assert line.startswith("fail: 2 of 3 registrations have findings: 6 high (6 at or above --fail-on high)")


@pytest.mark.parametrize("fail_on", [*SEVERITIES[1:], "never"])
def test_the_line_the_json_and_the_exit_code_say_the_same(fail_on: str, tmp_path: Path) -> None:
    file = write(tmp_path / "apps.json", [FAULTY, SOUND])
    ran, gate = run("scan", file, "--fail-on", fail_on), gate_of("scan", file, "--fail-on", fail_on)
    counts = fail_on != "never" and Severity.high >= fail_on
    assert ran.code == gate["exit_code"] == int(counts)
    number = "" if fail_on == "never" else "1 at or above " if counts else "none at or above "
    assert line_of(ran) == f"{'fail' if counts else 'pass'}: 1 of 2 registrations has findings: 1 high ({number}--fail-on {fail_on})"
    assert (gate["fail_on"], gate["findings"]) == (fail_on, int(counts))


def test_what_is_hidden_counts(tmp_path: Path) -> None:
    file = write(tmp_path / "apps.json", [FAULTY, SOUND])
    assert line_of(run("scan", file, "--min-severity", "critical")) == line_of(run("scan", file))


@pytest.mark.parametrize(
    ("read", "wrong", "said"),
    [
        ({"application": 100_000}, {"application": 1_234}, "fail: 1,234 of 100,000 registrations have findings: 12,345 high (12,345 at or above --fail-on high)"),
        ({"application": 1}, {"application": 1}, "fail: 1 of 1 registration has findings: 12,345 high (12,345 at or above --fail-on high)"),
        ({"application": 9, "servicePrincipal": 4_000}, {"servicePrincipal": 1},
         "fail: 0 of 9 registrations and 1 of 4,000 service principals has findings: 12,345 high (12,345 at or above --fail-on high)"),
        ({"application": 9, "servicePrincipal": 8, "connector": 7, "tenant": 1}, {"application": 2, "connector": 3, "tenant": 1},
         "fail: 2 of 9 registrations, 3 of 7 connectors and 1 of 1 tenant have findings: 12,345 high (12,345 at or above --fail-on high)"),
    ],
)  # fmt: skip
def test_numbers_have_separators(read: dict[str, int], wrong: dict[str, int], said: str) -> None:
    assert verdict(Gate("high", 12_345), read, wrong, {Severity.high: 12_345}, checks=1, gaps=0) == said
    everything = verdict(Gate("high"), read, {}, {}, checks=1, gaps=4_321)
    assert everything.startswith("pass: no findings in ")
    assert everything.endswith(" (--fail-on high); 4,321 checks not evaluated")
    assert verdict(Gate("high"), read, {}, {}, checks=1, gaps=1, of_blind=2).endswith("; 1 check not evaluated, 2 rules not at all")
    assert verdict(Gate("high"), read, {}, {}, checks=1, gaps=0, of_blind=2).endswith("; 2 rules not evaluated")


def test_a_verdict_names_the_causes_without_their_details() -> None:
    gate = Gate(
        "high",
        0,
        [Shortfall(Cause.errors, "2 errors while reading", 2), Shortfall(Cause.left_out, "1 rule at … could not …: a, b and 2 more")],
    )
    assert gate.head == "incomplete (2 errors while reading; 1 rule at … could not …)"
    assert gate.exit_code == 2


def test_a_gate_of_nothing_is_not_a_pass() -> None:
    def gate(*outcomes: Outcome, **more: Any) -> Gate:
        return of_audit("never", outcomes, (), **{"errors": 0, "mendable": (), "is_empty": False, "allow_empty": False, **more})

    rule: Any = None
    assert gate().exit_code == 2
    assert gate(Outcome(rule, not_evaluated=3)).exit_code == 2
    assert gate(Outcome(rule, not_evaluated=3), allow_empty=True).exit_code == 2
    for outcome in (Outcome(rule, passed=1), Outcome(rule, failed=1), Outcome(rule, not_applicable=1)):
        assert gate(outcome, Outcome(rule, not_evaluated=3)).exit_code == 0
    assert gate(Outcome(rule, passed=1), errors=1).exit_code == 2
    assert gate(is_empty=True, errors=1).exit_code == 2
    assert gate(is_empty=True, allow_empty=True).exit_code == 0
