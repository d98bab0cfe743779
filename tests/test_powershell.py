"""PowerShell's lines of all fixes, by a grammar of PowerShell that somebody else has written. `make external` installs it and runs this."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from auditor import rulebook
from auditor.shell import Shell
from tests import fixes
from tests.helpers import ROOT, regaudit

pytestmark = pytest.mark.external
PARSER = Path(__file__).parent / "powershell_parser.py"


def parsed(scripts: list[str]) -> list[list[list[str]] | None]:
    """The words of each command of a script; None for a script that is wrong."""
    python = os.environ.get("REGAUDIT_POWERSHELL_PYTHON")
    assert python, "REGAUDIT_POWERSHELL_PYTHON names a Python with tree-sitter-powershell: `make external` sets it"
    done = subprocess.run([python, str(PARSER)], input=json.dumps(scripts), capture_output=True, text=True, check=True)
    found: list[Any] = json.loads(done.stdout)
    return found


def test_powershell_gives_az_what_was_meant() -> None:
    cases = fixes.cases([rule for rule in rulebook.shipped() if fixes.kind(rule) != "manual"])
    given = [command for case in cases for command in fixes.commands(case, Shell.powershell)]
    assert len(given) > 500
    for command, found in zip(given, parsed(["\n".join(command.lines) for command in given]), strict=True):
        assert found, command.lines
        *files, az = found
        assert az == list(command.words), command.lines
        for write in files:  # JSON, into the file that the command then sends
            assert write[:4] == ["Set-Content", "-Encoding", "ascii", "-Path"]
            assert f"@{write[4]}" in az
            assert isinstance(json.loads(write[6]), dict)


def test_a_script_of_fixes_is_powershell(tmp_path: Path) -> None:
    file = tmp_path / "fixes.ps1"
    ran = regaudit("scan", ROOT / "sample_manifests", "--as-of", "2026-11-24", "--shell", "powershell", "--fix-script", file)
    assert ran.code == 1
    (found,) = parsed([file.read_text("utf-8-sig")])
    assert found
    assert sum(words[:2] == ["run", "az"] for words in found) > 10


@pytest.mark.parametrize("line", ["az x 'open", "az x a & b", "az x [].b", "az x )"])
def test_what_is_wrong_is_seen(line: str) -> None:
    assert parsed([line]) == [None]
