"""What Mermaid draws of `regaudit paths --output-format mermaid`: the names as they are, and nothing that they ask for."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import ROOT, regaudit
from tests.test_paths_command import EVIL, SAMPLE

pytestmark = pytest.mark.external


def drawn(text: str, folder: Path) -> Any:
    python, browser = os.environ.get("REGAUDIT_BROWSER_PYTHON"), os.environ.get("REGAUDIT_AXE")
    if not python or not browser:
        pytest.skip("REGAUDIT_BROWSER_PYTHON and REGAUDIT_AXE say where a browser and Mermaid are: make external")
    (folder / "paths.mmd").write_text(text, "utf-8")
    library = Path(browser) / "node_modules/mermaid/dist/mermaid.min.js"
    command = [python, str(ROOT / "tests/browser.py"), "diagram", str(folder / "paths.mmd"), str(library)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


def test_it_is_a_diagram(tmp_path: Path) -> None:
    found = drawn(regaudit("paths", SAMPLE, "--output-format", "mermaid").out, tmp_path)
    assert (found["drawn"], found["heard"], found["scripts"]) == ("drawn", [], 0)
    assert len(found["labels"]) == 9
    assert any("ben_fabrikam.com#EXT#@tailspin.onmicrosoft.com" in label for label in found["labels"])


def test_names_are_drawn_and_not_obeyed(tmp_path: Path) -> None:
    for file in SAMPLE.glob("*.json"):
        (tmp_path / file.name).write_text(file.read_text("utf-8").replace('"Tailspin Identity Sync"', json.dumps(EVIL)), "utf-8")
    found = drawn(regaudit("paths", tmp_path, "--output-format", "mermaid").out, tmp_path)
    assert (found["drawn"], found["heard"], found["scripts"]) == ("drawn", [], 0)
    assert any("javascript" in label for label in found["labels"])
