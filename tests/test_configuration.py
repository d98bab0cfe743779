"""The configuration: where it is found, what it decides, what is said of it."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import click
import jsonschema
import msgspec
import pytest

from auditor.cli import cli
from auditor.commands import _CONFIGURABLE
from auditor.configuration_file import Table
from tests.helpers import ROOT, Ran, regaudit, registration, write

TODAY = ("--as-of", "2026-11-24")
OLD = "2025-01-01T00:00:00Z"
PAYROLL = registration(
    "Payroll", 1, web={"redirectUris": ["http://payroll.contoso.com/cb"]},
    passwordCredentials=[{"keyId": "33333333-3333-4333-8333-333333333331", "displayName": "old", "startDateTime": "2024-01-01T00:00:00Z", "endDateTime": OLD}],
)  # fmt: skip
SHOP = registration("Shop", 2, tags=["lab"], web={"redirectUris": ["http://shop.contoso.com/cb"]})


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two registrations, in its folder `team`."""
    folder = tmp_path / "repository"
    write(folder / "team/manifests/payroll.json", PAYROLL)
    write(folder / "team/manifests/shop.json", SHOP)
    (folder / ".git").mkdir()
    monkeypatch.chdir(folder / "team")
    return folder


def scan(*args: str | Path) -> Ran:
    return regaudit("scan", *(args or ("manifests",)), *TODAY)


def verdict(ran: Ran) -> str:
    return ran.out.partition("\n")[0]


def says(ran: Ran) -> str:
    """What went wrong, without the program's name."""
    assert ran.code == 2, ran.out
    return ran.err.removeprefix("regaudit: ").strip()


# -- where it is found


@pytest.mark.parametrize("name", ["team/regaudit.toml", "regaudit.toml", "team/pyproject.toml", "pyproject.toml"])
def test_it_is_found_from_the_working_directory_up_to_the_repository(repository: Path, name: str) -> None:
    table = "[project]\nname = 'x'\n[tool.regaudit]\n" if "pyproject" in name else ""
    write(repository / name, f'{table}fail-on = "never"\n')
    assert scan().code == 0
    assert verdict(scan()).endswith(f"; findings taken away: 0 by {os.path.relpath(repository / name)}")
    assert scan("manifests", "--no-config").code == 1


def test_above_the_repository_there_is_none(repository: Path) -> None:
    write(repository.parent / "regaudit.toml", 'fail-on = "never"')
    assert scan().code == 1


def test_without_a_repository_only_the_working_directory_has_one(repository: Path) -> None:
    (repository / ".git").rmdir()
    write(repository / "regaudit.toml", 'fail-on = "never"')
    assert scan().code == 1
    write(repository / "team/regaudit.toml", 'fail-on = "never"')
    assert scan().code == 0


def test_the_nearest_decides_alone(repository: Path) -> None:
    write(repository / "regaudit.toml", 'fail-on = "never"')
    write(repository / "team/regaudit.toml", "limit = 1")
    assert scan().code == 1


@pytest.mark.parametrize(("where", "paths"), [("team", ["manifests"]), ("team/manifests", ["."]), ("team/manifests", []), (".", ["team"])])
def test_whoever_wrote_what_is_audited_decides_nothing(
    repository: Path, monkeypatch: pytest.MonkeyPatch, where: str, paths: list[str]
) -> None:
    write(repository / "team/manifests/regaudit.toml", 'fail-on = "never"')
    write(repository / "team/manifests/regaudit-waivers.toml", WAIVER)
    monkeypatch.chdir(repository / where)
    ran = scan(*(paths or [str(repository / "team/manifests")]))
    assert ran.code == 1, "the configuration inside the audited folder was read"
    assert "taken away" not in ran.out
    if where == "team/manifests":
        assert "note regaudit.toml is not read: it is inside the folder that is audited; to use it: --config regaudit.toml" in ran.err
        assert scan(".", "--config", "regaudit.toml").code == 0, "whoever names it wants it"


WAIVER = """[[waiver]]
rule = "redirect-http"
registration = "22222221-2222-4222-8222-222222222222"
reason = "x"
until = 2027-01-01
"""


def test_a_link_to_an_audited_folder_is_that_folder(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "link").symlink_to(repository / "team")
    write(repository / "team/regaudit.toml", 'fail-on = "never"')
    assert scan(repository / "link").code == 1


def test_the_old_name_is_said(repository: Path) -> None:
    write(repository / "team/.regaudit.toml", 'fail-on = "never"')
    ran = scan()
    assert (ran.code, ran.err) == (1, "note .regaudit.toml is not read: the configuration is called regaudit.toml\n")


def test_two_in_one_folder_are_an_error(repository: Path) -> None:
    write(repository / "regaudit.toml", "")
    write(repository / "pyproject.toml", "[tool.regaudit]")
    assert says(scan()) == f"both {Path('../regaudit.toml')} and {Path('../pyproject.toml')} are configurations: keep one"


@pytest.mark.parametrize("text", ["[tool.other]\nx = 1", "regaudit = [", "[tool]\nregaudit = 1", "tool = 1 # regaudit"])
def test_a_pyproject_of_others_is_no_configuration(repository: Path, text: str) -> None:
    write(repository / "pyproject.toml", text)
    assert "taken away" not in scan().out


def test_a_broken_pyproject_with_our_table_is_an_error(repository: Path) -> None:
    write(repository / "pyproject.toml", "[tool.regaudit]\nfail-on = never")
    assert says(scan()).startswith(f"configuration {Path('../pyproject.toml')}:2: the configuration is not TOML")


def test_help_needs_no_configuration(repository: Path) -> None:
    write(repository / "regaudit.toml", "nonsense = 1")
    assert regaudit("scan", "--help").code == 0
    assert "unknown key 'nonsense'" in regaudit("rules").err


# -- what is wrong with it


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nfial-on = 'high'", "2: unknown key 'fial-on'; did you mean 'fail-on'?"),
        ("fail-on = 'worst'", "1: 'fail-on' is one of low, medium, high, critical, never, not 'worst'"),
        ("limit = -1", "1: 'limit' is a number that is not negative, not -1"),
        ("strict = 'yes'", "1: 'strict' is yes or no, not 'yes'"),
        ("select = 'ALL'", "1: 'select' is a list of texts, not 'ALL'"),
        ("select = ['credentails']", "1: select: no rule, area or tag is called 'credentails'; did you mean 'credentials'?"),
        ("ignore = [\n 'secret-expird',\n]", "1: ignore: no rule, area or tag is called 'secret-expird'; did you mean 'secret-expired'?"),
        ("[severity]\nsecret-expird = 'low'", "2: severity: no rule is called 'secret-expird'; did you mean secret-expired"),
        ("[severity]\nsecret-expired = 'worst'", "2: severity 'worst' of secret-expired is not one of info, low, medium, high, critical"),
        ("[params.secret-expiring]\nwarn_day = 3", "2: params: rule secret-expiring has no parameter 'warn_day'; it has: warn_days"),
        ("[params.secret-expiring]\nwarn_days = 'x'", "2: params: secret-expiring.warn_days: 'x' is not a number"),
        ("profile = 'defualt'", "1: profile: no profile is called 'defualt'; did you mean 'default'?"),
        ("max-file-size = 'big'", "1: 'max-file-size' is a size such as 500MB, not 'big'"),
        ("output-format = ['jsn=x']", "1: output-format: no report format is called 'jsn'; did you mean 'json'?"),
        ("output-format = ['json=../x']", "1: output-format: '../x' is not below the folder of the configuration, where its files are written"),
        ("fix-script = '/tmp/x'", "1: fix-script: '/tmp/x' is not below the folder of the configuration, where its files are written"),
        ("max-waiver-days = 0", "1: 'max-waiver-days' is a number of days, 1 to 3650, not 0"),
        ("[[override]]\nreason = 'x'", "1: an override names registrations by one of 'app-id', 'name' and 'tag'"),
        ("[[override]]\nname = 'x'", "1: 'reason' is missing"),
        ("[[override]]\nname = 'x'\nreason = ' '", "3: 'reason' is empty: say why"),
        ("[[override]]\nname = 'x'\nreason = 'y'\n[override.severity]\nsecret-expired = 'worst'", "5: severity 'worst' of secret-expired"),
        ("[[override]]\nname = 'x'\nreason = 'y'\n[[override]]\ntag = 'x'\nreason = 'y'\nignore = ['nosuch-rule']", "7: ignore: no rule, area"),
        ("extend = 'nosuch.toml'", "1: extend: configuration nosuch.toml: No such file or directory"),
        ("extend = 'regaudit.toml'", "1: configurations extend one another in a circle, or too often"),
        ("= 1", "1: the configuration is not TOML: "),
        ("tenant = 'x'", "1: unknown key 'tenant'; there are: extend, profile, "),
    ],
)  # fmt: skip
def test_a_fault_has_its_line_and_says_what_to_write(repository: Path, text: str, said: str) -> None:
    write(repository / "team/regaudit.toml", text)
    assert says(scan()).startswith(f"configuration regaudit.toml:{said}")


def test_a_fault_in_pyproject_has_the_line_of_the_file(repository: Path) -> None:
    write(
        repository / "pyproject.toml",
        "[project]\nname = 'x'\n\n[tool.regaudit]\nlimit = 1\n[tool.regaudit.severity]\nsecret-expird = 'low'\n",
    )
    assert says(scan()).startswith(f"configuration {Path('../pyproject.toml')}:7: severity: no rule is called 'secret-expird'")


def test_a_file_that_is_named_has_to_be_there(repository: Path) -> None:
    assert says(scan("manifests", "--config", "nosuch.toml")) == "configuration nosuch.toml: No such file or directory"
    assert "--config and --no-config exclude each other" in scan("manifests", "--config", "x", "--no-config").err
    write(repository / "team/mine.toml", 'fail-on = "never"')
    assert scan("manifests", "--config", "mine.toml").code == 0


def test_a_file_that_holds_secrets_is_not_printed(repository: Path) -> None:
    write(repository / "team/regaudit.toml", "fail-on = '\\u001b[31m" + "x" * 500 + "'")
    assert "\x1b" not in scan().err
    assert len(scan().err) < 300


# -- what it decides


def test_the_command_line_wins(repository: Path) -> None:
    write(repository / "regaudit.toml", 'fail-on = "never"\nstrict = true\nquiet = true\n[severity]\nredirect-http = "low"')
    assert scan("manifests").code == 2, "strict"
    assert scan("manifests", "--no-strict").code == 0
    assert scan("manifests", "--no-strict", "--fail-on", "low").code == 1


def test_what_is_ignored_can_be_asked_for_by_name(repository: Path) -> None:
    write(repository / "regaudit.toml", 'ignore = ["redirect-http"]')
    assert "redirect-http" not in scan("manifests", "--select", "redirect-*", "--output-format", "json").rules
    assert scan("manifests", "--select", "redirect-http").code == 1
    assert says(scan("manifests", "--select", "redirect-http", "--ignore", "redirect-http")).startswith("no rule is left to check")


def test_options_of_other_commands_have_its_defaults(repository: Path) -> None:
    write(repository / "regaudit.toml", 'quiet = true\nignore = ["credentials"]\noutput-format = ["json"]\nprofile = "strict"')
    names = regaudit("rules").out.split()
    assert "redirect-http" in names, "--quiet prints names alone"
    assert "secret-expired" not in names
    assert regaudit("connect", ROOT / "sample_manifests/pair-only-the-shared-redirect-uri", *TODAY).out.startswith(
        "fail: 1 of 1 connector"
    ), "formats are of a scan"


def test_findings_that_it_takes_away_are_counted(repository: Path) -> None:
    write(repository / "team/regaudit.toml", 'ignore = ["secret-expired"]\n[severity]\nredirect-http = "low"\n')
    ran = scan()
    assert (ran.code, verdict(ran).rpartition("; ")[2]) == (0, "findings taken away: 1 by regaudit.toml (2 with a lower severity)")
    assert "\nConfiguration: regaudit.toml: 1 finding left out, 2 findings with a lower severity.\n" in ran.out
    found = scan("manifests", "--output-format", "json").json["exceptions"]
    assert (found["configuration"], found["left_out"], found["lowered"]) == (["regaudit.toml"], 1, 2)


@pytest.mark.parametrize(
    "text", ["select = ['redirect-https*', 'redirect-http']", "[params.redirect-http]\n", "profile = 'custom-connector'"]
)
def test_what_is_not_selected_counts_as_left_out(repository: Path, text: str) -> None:
    write(repository / "team/regaudit.toml", text.replace("'redirect-https*', ", ""))
    left_out = scan("manifests", "--output-format", "json").json["exceptions"]["left_out"]
    assert left_out == (1 if text.startswith("select") else 0)
    assert scan("manifests", "--select", "redirect-http", "--output-format", "json").json["exceptions"]["left_out"] == 0, (
        "the command line chose"
    )


def test_configurations_extend_one_another(repository: Path) -> None:
    write(repository / "house/base.toml", 'fail-on = "critical"\nexclude = ["shop.json"]\nignore = ["secret-expired"]\nlimit = 1')
    write(repository / "team/regaudit.toml", 'extend = "../house/base.toml"\nlimit = 2\n[severity]\nredirect-http = "critical"')
    ran = scan("manifests", "--output-format", "json")
    assert (ran.code, [one["rule_id"] for one in ran.findings], [one["app_display_name"] for one in ran.findings]) == (
        1, ["redirect-http"], ["Payroll"],
    )  # fmt: skip
    assert ran.json["exceptions"]["configuration"] == ["regaudit.toml", str(Path("../house/base.toml"))]


def test_its_files_are_written_below_its_folder(repository: Path) -> None:
    write(repository / "regaudit.toml", 'output-format = ["text", "json=out.json"]\nfix-script = "fixes.sh"\nshell = "bash"')
    assert scan().code == 1
    assert json.loads((repository / "out.json").read_text())["tool"]["name"] == "regaudit"
    assert (repository / "fixes.sh").is_file()
    assert says(scan("manifests", "--output-format", f"json={repository / 'regaudit.toml'}")).startswith(
        "the output would take the place of its own input"
    )


# -- overrides


@pytest.mark.parametrize("whom", ['app-id = "22222222-2222-4222-8222-222222222222"', 'app-id = ["x", "22222222-2222-4222-8222-222222222222"]', 'name = "Sh*"', 'tag = "lab"'])  # fmt: skip
def test_an_override_is_of_single_registrations_and_always_listed(repository: Path, whom: str) -> None:
    write(repository / "team/regaudit.toml", f'\n[[override]]\n{whom}\nreason = "a lab"\nignore = ["redirect-http"]\n')
    ran = scan("manifests", "--output-format", "json")
    rows = {(row["rule_id"], row["app_display_name"]): row for row in ran.findings}
    assert {key: row["status"] for key, row in rows.items()} == {
        ("redirect-http", "Payroll"): "fail", ("secret-expired", "Payroll"): "fail", ("redirect-http", "Shop"): "waived",
    }  # fmt: skip
    assert rows["redirect-http", "Shop"]["waiver"] == {"reason": "a lab", "file": "regaudit.toml", "line": 2}
    text = scan()
    assert "waived redirect-http " in text.out
    assert "waived by the configuration: a lab (regaudit.toml:2)" in text.out
    assert verdict(text).endswith("findings taken away: 1 by regaudit.toml")


def test_an_override_of_a_severity_is_said_at_the_finding(repository: Path) -> None:
    write(
        repository / "team/regaudit.toml",
        '[[override]]\nname = "*"\nreason = "x"\n[override.severity]\nredirect-http = "low"\nsecret-expired = "critical"',
    )
    rows = scan("manifests", "--output-format", "json").findings
    assert {(row["rule_id"], row["severity"], row["highest_severity"]) for row in rows} == {("redirect-http", "low", "low"), ("secret-expired", "critical", "critical")}  # fmt: skip
    assert all("without regaudit.toml:1)" in row["message"] for row in rows)
    assert verdict(scan()).endswith("findings taken away: 0 by regaudit.toml (2 with a lower severity)")


# -- what is printed of it


def test_config_prints_what_is_in_force_and_where_from(repository: Path) -> None:
    write(repository / "house.toml", 'fail-on = "critical"\n[params.secret-expiring]\nwarn_days = 60')
    write(
        repository / "regaudit.toml",
        'extend = "house.toml"\nignore = ["tenant"]\n[[override]]\ntag = "lab"\nreason = "x"\nignore = ["ALL"]',
    )
    write(repository / "regaudit-waivers.toml", "")
    lines = regaudit("config", "manifests").out.splitlines()
    up = Path("..")
    assert lines[0] == f"Configuration: {up / 'regaudit.toml'}, {up / 'house.toml'}"
    assert {tuple(part.strip() for part in line.strip().split("  ") if part.strip()) for line in lines[1:-1]} == {
        ('fail-on = "critical"', str(up / "house.toml:1")),
        (f'waivers = "{up / "regaudit-waivers.toml"}"', "found"),
        ('ignore = ["tenant"]', str(up / "regaudit.toml:2")),
        ("params.secret-expiring.warn_days = 60", str(up / "house.toml:3")),
        ('override = "override of tag lab"', str(up / "regaudit.toml:3")),
    }
    assert "rules are checked" in lines[-1]
    printed = regaudit("config", "manifests", "--output-format", "json").json
    assert {"key": "fail-on", "value": "critical", "from": str(up / "house.toml:1")} in printed["settings"]
    assert regaudit("config", "manifests", "--no-config").out.startswith("Configuration: none found\n")


def test_the_schema_is_what_is_read() -> None:
    schema = regaudit("schema", "config").json
    example = (ROOT / "docs/configuration.md").read_text().partition("```toml regaudit.toml\n")[2].partition("```")[0]
    table = tomllib.loads(example)
    jsonschema.validate(table, schema)
    msgspec.convert(table, Table)
    for wrong in ({"nosuch": 1}, {"fail-on": "worst"}, {"override": [{"name": "x"}]}, {"severity": {"secret-expired": "worst"}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_every_key_is_an_option_or_about_rules_and_every_option_is_a_key_or_left_out_on_purpose() -> None:
    keys = {field.encode_name for field in msgspec.structs.fields(Table)}
    of_rules = {"select", "ignore", "severity", "params", "override", "extend", "max-waiver-days"}
    assert keys == of_rules | set(_CONFIGURABLE)
    command: Any = cli.get_command(click.Context(cli), "scan")
    options = {max(one.opts, key=len).removeprefix("--") for one in command.params if isinstance(one, click.Option)}
    # Who signs in where, and which program is started, is not for a file that others may write; a clock that stands still would end no
    # waiver; who may see what is for whoever hands the report on.
    left_out = {"run-bicep", "redact", "tenant", "auth", "cloud", "graph-url", "authority", "ca-bundle", "app", "filter", "as-of", "stdin-filename", "set", "config", "no-config"}  # fmt: skip
    assert options - left_out - {"help"} == keys - {"severity", "params", "override", "extend", "max-waiver-days"}
