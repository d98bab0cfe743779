"""Options of commands: one name, one help text, one check, whichever command takes it; and each does something."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from pathlib import Path

import click
import pytest

from auditor.cli import cli
from tests.helpers import ROOT, regaudit

CONTEXT = click.Context(cli)
COMMANDS = {name: command for name in cli.list_commands(CONTEXT) if (command := cli.get_command(CONTEXT, name)) is not None}
READING = ("scan", "connect", "credentials", "api-permissions", "explain")
CHOOSING = ("scan", "connect", "explain", "export", "permissions", "whoami", "rules", "test")
PRINTING = (*READING, "export", "permissions", "whoami", "rules", "test")
TODAY = ("--as-of", "2026-11-24")
OWN = {
    ("api-permissions", "--app"),  # a row of its table, by name too
    ("credentials", "--app"),
    ("scan", "--output-format"),
    ("report", "--output-format"),
    ("diff", "--output-format"),  # several reports, into files
    ("new-rule", "--folder"),
    ("baseline", "--output"),  # what it writes
}
SAMPLES = ROOT / "sample_manifests"


def options() -> dict[str, dict[str, click.Option]]:
    """Name of an option -> command -> the option."""
    found: dict[str, dict[str, click.Option]] = defaultdict(dict)
    for name, command in COMMANDS.items():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                found[max(parameter.opts, key=len)][name] = parameter
    return found


def test_an_option_is_the_same_in_every_command() -> None:
    for name, by_command in options().items():
        said = {
            (option.help, option.metavar, option.multiple, tuple(option.opts))
            for command, option in by_command.items()
            if (command, name) not in OWN
        }
        assert len(said) <= 1, f"{name}: {said}"


@pytest.mark.parametrize(
    ("wanted", "commands"),
    [
        ({"--tenant", "--auth", "--exclude", "--stdin-filename"}, READING),
        ({"--ignore"}, CHOOSING),
        ({"--quiet", "--verbose", "--no-color"}, PRINTING),
        ({"--profile"}, [name for name in CHOOSING if name != "test"]),
        ({"--set"}, ["scan", "connect", "explain", "rules"]),
        ({"--as-of"}, ["scan", "connect", "explain", "credentials", "diff"]),
        ({"--quiet", "--verbose", "--no-color", "--output-format"}, [*READING, "diff", "permissions", "whoami", "rules"]),
        ({"--redact"}, ["scan", "report", "connect", "credentials", "api-permissions", "diff", "explain", "overview"]),
    ],
)
def test_who_has_one_of_a_kind_has_all(wanted: set[str], commands: list[str]) -> None:
    for name in commands:
        assert wanted <= {option for parameter in COMMANDS[name].params for option in parameter.opts}, name


def test_help_says_what_to_put_there() -> None:
    for name in COMMANDS:
        text = regaudit(name, "--help").out
        assert "INTEGER RANGE" not in text
        assert " TEXT" not in text, name
        if "--profile" in text:
            assert "--profile NAME|FILE.toml" in text
            assert "connector, default, files, strict, or a TOML file" in " ".join(text.split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A connector whose client has only the shared redirect URI, and a file that is passed over."""
    shutil.copytree(SAMPLES / "pair-only-the-shared-redirect-uri", tmp_path / "pair")
    (tmp_path / "pair/package.json").write_text('{"name": "x"}')
    return tmp_path / "pair"


@pytest.mark.parametrize(
    "args",
    [
        ("scan", "FOLDER", *TODAY),
        ("connect", "FOLDER", *TODAY),
        ("credentials", "FOLDER", "--within", "all", *TODAY),
        ("api-permissions", "FOLDER"),
        ("explain", "AADSTS50011", "FOLDER", *TODAY),
        ("permissions",),
        ("rules",),
        ("test", "--select", "secret-expired"),
    ],
    ids=lambda args: args[0],
)
def test_quiet_says_less_and_verbose_more(args: tuple[str, ...], folder: Path) -> None:
    args = tuple(str(folder) if arg == "FOLDER" else arg for arg in args)
    plain, quiet, verbose = (regaudit(*args, *more) for more in ((), ("-q",), ("-v",)))
    assert plain.code == quiet.code == verbose.code
    assert len(quiet.out) < len(plain.out)
    assert len(verbose.out + verbose.err) > len(plain.out + plain.err)
    assert regaudit(*args, "--no-color").out == plain.out


@pytest.mark.parametrize("command", ["connect", "credentials", "api-permissions"])
def test_verbose_names_the_files_passed_over_beside_json(command: str, folder: Path) -> None:
    plain, verbose = (regaudit(command, folder, "--output-format", "json", *more) for more in ((), ("-v",)))
    assert json.loads(verbose.out) is not None
    assert (plain.err, verbose.err) == ("", f"skipped {folder / 'package.json'}\n")


def test_connect_leaves_out_what_is_ignored() -> None:
    args = ("connect", SAMPLES / "pair-no-secret", *TODAY, "-q")
    ran, without = regaudit(*args), regaudit(*args, "--ignore", "connector-no-credential")
    assert (ran.code, without.code) == (1, 0)
    verdict, *lines = (line for line in ran.out.splitlines() if line)
    assert verdict.startswith("fail: 1 of 1 connector has broken links")
    assert "apiProperties.json:" in "".join(lines)
    assert lines[-1] == "  1 of 8 links fits, 1 is broken, 6 are open"


def test_explain_takes_a_profile_and_leaves_out_what_is_ignored(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[severity]\nconnector-redirect-unregistered = "info"\n')
    args = ("explain", "AADSTS50011", folder, "--output-format", "json")
    rows = json.loads(regaudit(*args, "--profile", mine).out)["report"]["findings"]
    assert {row["severity"] for row in rows if row["rule_id"] == "connector-redirect-unregistered"} == {"info"}
    without = json.loads(regaudit(*args, "--ignore", "connector-redirect-unregistered").out)
    assert "connector-redirect-unregistered" not in {rule["id"] for rule in without["codes"][0]["rules"]}


def test_standard_input_has_a_name_everywhere() -> None:
    broken = b'{"appId": '
    for command in (("credentials",), ("api-permissions",), ("connect",), ("explain", "AADSTS50011"), ("scan",)):
        ran = regaudit(*command, "-", "--stdin-filename", "apps/payroll.json", stdin=broken)
        assert "apps/payroll.json:1:" in ran.err, command
        assert ran.code == 2
