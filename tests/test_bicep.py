"""Bicep: named, and compiled by the user's own `bicep` where the user says so."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.helpers import regaudit
from tests.test_arm import APP, of, template

BICEP = "extension microsoftGraphV1\nresource app 'Microsoft.Graph/applications@v1.0' = {\n  displayName: 'Orders'\n}\n"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake bicep is a script for sh")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `bicep` on the PATH that says that it was started, and prints a compiled template."""
    (tmp_path / "bin").mkdir()
    started = tmp_path / "started"
    (tmp_path / "out.json").write_text(json.dumps(template({"app": of("applications", APP)}), indent=2))
    program = tmp_path / "bin" / "bicep"
    program.write_text(f'#!/bin/sh\necho "$@" >> "{started}"\ncat "{tmp_path}/out.json"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "main.bicep").write_text(BICEP)
    return started


@pytest.mark.parametrize("path", ["in/main.bicep", "in"])
def test_a_bicep_on_the_path_is_not_started(fake: Path, tmp_path: Path, path: str) -> None:
    ran = regaudit("scan", tmp_path / path)
    assert ran.code == 2
    assert "compile it with `bicep build`" in ran.out + ran.err
    assert "--run-bicep" in ran.out + ran.err
    assert not fake.exists()


@pytest.mark.parametrize("path", ["in/main.bicep", "in"])
def test_it_is_started_where_the_user_says_so(fake: Path, tmp_path: Path, path: str) -> None:
    ran = regaudit("scan", tmp_path / path, "--run-bicep", "--output-format", "json")
    assert [row["rule_id"] for row in ran.findings if row["severity"] == "high"] == ["redirect-http"]
    assert fake.read_text().split() == ["build", "--stdout", str(tmp_path / "in" / "main.bicep")]


def test_what_it_complains_of_is_told(fake: Path, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "bicep"
    program.write_text("#!/bin/sh\nprintf 'main.bicep(1,1) : Error BCP057: \\033[31mno\\033[0m' >&2\nexit 1\n")
    ran = regaudit("scan", tmp_path / "in", "--run-bicep")
    assert ran.code == 2
    assert "Error BCP057" in ran.err
    assert "\033" not in ran.err
    program.unlink()
    assert "needs the command bicep" in regaudit("scan", tmp_path / "in", "--run-bicep").err


def test_other_bicep_files_of_a_folder_are_not_compiled(fake: Path, tmp_path: Path) -> None:
    (tmp_path / "in" / "main.bicep").write_text("resource s 'Microsoft.Storage/storageAccounts@2023-01-01' = {\n  name: 'x'\n}\n")
    regaudit("scan", tmp_path / "in", "--run-bicep")
    assert not fake.exists()
