"""docs/live.md says what the tool says: its table of permissions, its ways to sign in, its commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from auditor import rulebook
from auditor.cli import cli
from auditor.entra.clouds import CLOUDS
from auditor.sources.graph.cloud import AUTHS
from tests.helpers import regaudit

DOCS = Path(__file__).parent.parent / "docs"
LIVE = (DOCS / "live.md").read_text("utf-8")
CODE = "\n".join([*re.findall(r"^```(?:sh|yaml)\n(.+?)^```", LIVE, re.MULTILINE | re.DOTALL), *re.findall(r"`(regaudit [^`]+)`", LIVE)])
COMMANDS = sorted(set(re.findall(r"\bregaudit ([a-z]+)\b([^#\n]*)", CODE)))


def test_what_a_missing_permission_costs() -> None:
    rows = json.loads(regaudit("permissions", "--output-format", "json").out)["permissions"]
    for row in rows:
        line = f"| `{row['permission']}` | {', '.join(row['collections'])} |"
        assert line in LIVE.splitlines(), f"docs/live.md has to say: {line}"
    assert len(re.findall(r"^\| `\w+\.Read\.All`", LIVE, re.MULTILINE)) == len(rows)


def test_the_rules_on_policies_and_sign_ins_can_be_left_out() -> None:
    rules = {row["permission"]: set(row["rules"]) for row in regaudit("permissions", "--output-format", "json").json["permissions"]}
    book = rulebook.shipped()
    assert rules["Policy.Read.All"] <= book.matching(["tenant"])
    assert rules["AuditLog.Read.All"] <= book.matching(["sign-ins"])


def test_no_text_counts_the_rules() -> None:
    """Two changes that add a rule each must not meet in one line of a shared text. Measurements name the rules that they were made with."""
    measured = {DOCS / "benchmarks.md", *(DOCS / "decisions").iterdir()}
    for page in {DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md", *DOCS.rglob("*.md")} - measured:
        counts = re.findall(r"\b\d[\d,]* (?:rules|rule pages|checks)\b|\b\d+ of \d+\b", page.read_text("utf-8"))
        assert not counts, f"{page.name}: {counts}"


def test_every_way_to_sign_in_is_there() -> None:
    table = re.search(r"^\| `--auth` .+?\n\n", LIVE, re.MULTILINE | re.DOTALL)
    assert table is not None
    assert re.findall(r"^\| `(\w[\w-]*)` ", table[0], re.MULTILINE) == list(AUTHS)
    assert all(f"`{name}`" in LIVE or f"--cloud {name}" in LIVE for name in CLOUDS if name != "global")


@pytest.mark.parametrize(("verb", "rest"), COMMANDS)
def test_commands_have_these_options(verb: str, rest: str) -> None:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None, f"there is no regaudit {verb}"
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest)) <= known


def test_links_lead_somewhere() -> None:
    for page in [*DOCS.parent.glob("*.md"), *DOCS.rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
