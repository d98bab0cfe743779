"""The HTML report in a real browser. `make external` installs Chromium, Playwright and what builds the page, and runs this."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import test_harmless
from tests.helpers import regaudit

pytestmark = pytest.mark.external
ROOT = Path(__file__).parent.parent
WEB, BUILT = ROOT / "web", ROOT / "auditor" / "report" / "web"
SAMPLES = ROOT / "sample_manifests"
MOST_BYTES = 30_000_000  # of 50,000 registrations
MOST_SECONDS, MOST_MILLISECONDS = 2 * 3, 300 * 3  # a busy machine; `python -m benchmarks.html` prints what it takes


def variable(name: str) -> str:
    value = os.environ.get(name)
    assert value, f"{name} is not set: `make external` sets it"
    return value


def browser(task: str, *arguments: str | Path) -> dict[str, Any]:
    command = [variable("REGAUDIT_BROWSER_PYTHON"), str(ROOT / "tests" / "browser.py"), task, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    regaudit("scan", SAMPLES, "--as-of", "2026-11-01", "--profile", "strict", "--output-format", f"html={file}")
    return file


def test_the_page_is_what_its_sources_give(tmp_path: Path) -> None:
    """Types are checked, and a build with the same versions gives the same bytes."""
    copy = tmp_path / "web"
    shutil.copytree(WEB, copy, ignore=shutil.ignore_patterns("node_modules"))
    for command in (["npm", "ci", "--silent", "--no-audit", "--no-fund"], ["npx", "--no-install", "tsc", "--noEmit"],
                    ["npx", "--no-install", "vite", "build", "--outDir", str(tmp_path / "built")]):  # fmt: skip
        ran = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    for name in ("app.js", "app.css"):
        assert (tmp_path / "built" / name).read_bytes() == (BUILT / name).read_bytes(), f"{name}: run `npm run build` in web/"


def test_readers_sort_filter_share_and_copy(page: Path) -> None:
    found = browser("reading", page)
    assert found["heard"] == []
    assert found["verdict"].startswith("Fail: ")
    names = [name.casefold() for name in found["by name"] if not any(map(str.isdigit, name))]  # numbers are compared as numbers
    assert names == sorted(names)
    assert found["by name, down"] != found["by name"]
    assert found["sorted"] == "descending"
    assert found["searched"]
    assert all("orders" in row.casefold() for row in found["searched"])
    assert found["address"] == "/registrations?sort=-name&kind=0&q=orders"
    assert found["shared"] == [found["searched"], "orders"]
    _, *rows = csv.reader(io.StringIO(found["csv"], newline=""))
    assert found["count"].startswith(f"{len(rows)} of ")
    assert found["groups"]
    assert found["active"] == "row-0"
    assert found["opened"] == found["searched"][0].partition(" | ")[0]
    assert found["focus"] == "content"
    assert found["commands"]
    assert all(shown == copied for shown, copied in found["commands"].values())


def test_a_hostile_report_does_nothing(tmp_path: Path) -> None:
    name = "</script><!--<img src=x onerror=alert(1)>\u202e" + "A" * 100_000
    test_harmless.tenant(tmp_path / "in", name, "javascript:alert(1)", f"{name}//https://evil.example/")
    file = tmp_path / "report.html"
    regaudit("scan", tmp_path / "in", "--as-of", "2026-11-01", "--profile", "strict", "--output-format", f"html={file}")
    found = browser("hostile", file)
    assert found["heard"] == []
    assert all(link.startswith(("https://learn.microsoft.com/", "https://regaudit.readthedocs.io/")) for link in found["links"])
    assert found["width"] == 1280


def test_everybody_can_read_it(page: Path) -> None:
    found = browser("accessible", page, variable("REGAUDIT_AXE"))
    serious = {
        view: one for view, one in found.items() if isinstance(one, list) and any(i.startswith(("serious", "critical")) for i in one)
    }
    assert serious == {}
    assert {view: width for view, width in found.items() if view.startswith("width") and width > 320} == {}
    assert not found["on paper"]
    assert "Findings" in found["print"]
    assert "When credentials end" in found["print"]


def test_fifty_thousand_registrations(tmp_path: Path) -> None:
    from benchmarks.tenant import write_page

    tenant, file = tmp_path / "tenant.json", tmp_path / "report.html"
    write_page(50_000, tenant)
    regaudit("scan", tenant, "--as-of", "2026-11-01", "--output-format", f"html={file}")
    assert file.stat().st_size <= MOST_BYTES
    found = browser("large", file)
    assert found["count"].startswith("50,00")
    assert found["drawn"] < 100
    assert found["first rows"] <= MOST_SECONDS, found
    assert {what: found[what] for what in ("sort", "sort again", "filter", "search") if found[what] > MOST_MILLISECONDS} == {}
