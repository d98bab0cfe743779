"""Commands that rule pages tell people to run: azure-cli's own parser takes them. `make external` installs azure-cli and runs this."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import rulebook
from auditor.report.build import fix_of
from auditor.rulebook import Rule
from auditor.shell import Shell
from tests import fixes

pytestmark = pytest.mark.external
PARSER = Path(__file__).parent / "az_parser.py"
COMMAND = re.compile(r"`(az [^`]+)`")
ELSEWHERE = {"az identity show"}  # of a module that needs a client of Azure Resource Manager, which is not installed


def line_of(command: str) -> str:
    """The command as azure-cli gets it from the shell: nothing piped or written to a file."""
    line = re.split(r" [|>] ", " ".join(command.split()))[0].strip()
    return line + " VALUE" if re.search(r" --(identifier|web-redirect)-uris$", line) else line  # prose that leaves the value to the reader


def lines(rule: Rule) -> Iterator[str]:
    """The commands that the page's failing examples are given: in blocks, for bash, and in prose."""
    for case in fixes.cases([rule]):
        for row in fixes.findings(rule, case.text, case.example.as_of):
            for part in fix_of(row).parts(Shell.bash):
                yield from COMMAND.findall(part) if isinstance(part, str) else part.lines[-1:]


def refused(lines: list[str], folder: Path) -> dict[str, str]:
    python = os.environ.get("REGAUDIT_AZ_PYTHON")
    assert python, "REGAUDIT_AZ_PYTHON names a Python with azure-cli: `make external` sets it"
    environment = {**os.environ, "AZURE_CONFIG_DIR": str(folder), "AZURE_CORE_COLLECT_TELEMETRY": "no"}  # never the user's own
    done = subprocess.run(
        [python, str(PARSER)], input=json.dumps(lines), capture_output=True, text=True, env=environment, cwd=folder, check=True
    )
    return {line: why for line, why in zip(lines, json.loads(done.stdout), strict=True) if why}


def test_commands_of_rule_pages_parse(tmp_path: Path) -> None:
    pages = {line_of(line): rule.id for rule in rulebook.shipped() for line in lines(rule) if line not in ELSEWHERE}
    for file in {name for line in pages for name in re.findall(r"[\w-]+\.json\b", line)}:  # they are read while a command is parsed
        (tmp_path / file).write_text("{}")
    assert len(pages) > 100
    wrong = refused(sorted(pages), tmp_path)
    assert not wrong, "\n".join(f"{pages[line]}: {line}: {why}" for line, why in wrong.items())


def test_a_wrong_command_is_refused(tmp_path: Path) -> None:
    wrong = [
        "az ad app update --id x --bogus",
        "az ad app credentials",
        "az ad app show",
        "az rest --method PETCH --url x",
        "az ad app show --id 'x",
        "az ad app update --id x --sign-in-aud AzureADMyOrg",
    ]
    right = ["az ad app show --id x", "az ad app credential", "az rest --method PATCH --url https://graph.microsoft.com/v1.0/x --body '{}'"]
    assert set(refused([*wrong, *right], tmp_path)) == {*wrong} - {"az ad app show"}  # without options it is a name


def test_the_committed_options_are_those_of_azure_cli(tmp_path: Path) -> None:
    """tests/data/az_options.json is what `tests/az_parser.py --options` writes."""
    python = os.environ["REGAUDIT_AZ_PYTHON"]
    environment = {**os.environ, "AZURE_CONFIG_DIR": str(tmp_path), "AZURE_CORE_COLLECT_TELEMETRY": "no"}
    done = subprocess.run([python, str(PARSER), "--options"], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == (PARSER.parent / "data" / "az_options.json").read_text()
