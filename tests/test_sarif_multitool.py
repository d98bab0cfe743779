"""SARIF by the rules of Microsoft's and GitHub's validator. `make external` installs it and runs this."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import golden_tenants
from tests.helpers import regaudit

pytestmark = pytest.mark.external
PLATFORM = {"linux": "linux", "darwin": "darwin", "win32": "win"}[sys.platform]


def complaints(sarif: Path) -> list[str]:
    """What the validator says of a file. Its exit code is 0 whatever it finds, so its own report is read."""
    folder = os.environ.get("REGAUDIT_SARIF_MULTITOOL")
    assert folder, "REGAUDIT_SARIF_MULTITOOL names the folder with the npm package: `make external` sets it"
    program = (
        Path(folder) / f"node_modules/@microsoft/sarif-multitool-{PLATFORM}/Sarif.Multitool{'.exe' if sys.platform == 'win32' else ''}"
    )
    found = sarif.with_suffix(".validated")
    command: list[str | Path] = [program, "validate", sarif, "--output", found, "--log", "ForceOverwrite", "--rule-kind", "Sarif;Ghas"]
    # Without a proxy that answers nothing it waits seconds for addresses of schemas, which it does not need.
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9"})
    (run,) = json.loads(found.read_text("utf-8-sig"))["runs"]
    assert "Analysis completed successfully" in done.stdout, done.stdout + done.stderr
    return [f"{result['ruleId']}: {result['message']}" for result in run.get("results", [])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sarif")
    golden_tenants.write(folder)
    return folder


@pytest.mark.parametrize("source", ["tailspin", "contoso", "adatum.ndjson"])
def test_the_validator_has_no_complaint(folder: Path, source: str) -> None:
    sarif = folder / f"{source}.sarif"
    regaudit("scan", folder / source, "--as-of", "2026-11-24", "--output-format", f"sarif={sarif}")
    assert len(json.loads(sarif.read_text())["runs"][0]["results"]) > 20
    assert complaints(sarif) == []


def test_the_validator_would_complain(folder: Path) -> None:
    sarif = folder / "wrong.sarif"
    regaudit("scan", folder / "adatum.ndjson", "--as-of", "2026-11-24", "--output-format", f"sarif={sarif}")
    wrong: Any = json.loads(sarif.read_text())
    driver = wrong["runs"][0]["tool"]["driver"]
    del driver["informationUri"], driver["rules"][0]["fullDescription"]
    sarif.write_text(json.dumps(wrong))
    assert {complaint.partition(":")[0] for complaint in complaints(sarif)} >= {"GH2012", "SARIF2005"}
