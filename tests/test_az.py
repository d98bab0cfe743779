"""Commands that rule pages tell people to run: azure-cli's own parser takes them. `make external` installs azure-cli and runs this."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import joins, pipeline, rulebook
from auditor.diagnose import examples
from auditor.engine.judge import judge
from auditor.rulebook import Rule

pytestmark = pytest.mark.external
PARSER = Path(__file__).parent / "az_parser.py"
COMMAND = re.compile(r"`(az [^`]+)`|^ *(az .+)$", re.MULTILINE)


def line_of(command: str) -> str:
    """The command as azure-cli gets it from the shell: nothing piped or written to a file."""
    line = re.split(r" [|>] ", " ".join(command.split()))[0].strip()
    return line + " VALUE" if re.search(r" --(identifier|web-redirect)-uris$", line) else line  # prose that leaves the value to the reader


def advice(rule: Rule) -> Iterator[str]:
    """The fixes that the page's failing examples are given."""
    for example in rule.examples:
        if example.kind == "fail":
            world = joins.worlds(examples.read(example.text), pipeline.moment(example.as_of))[0]
            yield from (row.remediation or "" for _, row in judge(rule, world).rows)


def refused(lines: list[str], folder: Path) -> dict[str, str]:
    python = os.environ.get("REGAUDIT_AZ_PYTHON")
    assert python, "REGAUDIT_AZ_PYTHON names a Python with azure-cli: `make external` sets it"
    environment = {**os.environ, "AZURE_CONFIG_DIR": str(folder), "AZURE_CORE_COLLECT_TELEMETRY": "no"}  # never the user's own
    done = subprocess.run(
        [python, str(PARSER)], input=json.dumps(lines), capture_output=True, text=True, env=environment, cwd=folder, check=True
    )
    return {line: why for line, why in zip(lines, json.loads(done.stdout), strict=True) if why}


def test_commands_of_rule_pages_parse(tmp_path: Path) -> None:
    pages = {line_of(a or b): rule.id for rule in rulebook.shipped() for text in advice(rule) for a, b in COMMAND.findall(text)}
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
    ]
    right = ["az ad app show --id x", "az ad app credential", "az rest --method PATCH --url https://graph.microsoft.com/v1.0/x --body '{}'"]
    assert set(refused([*wrong, *right], tmp_path)) == {*wrong} - {"az ad app show"}  # without options it is a name
