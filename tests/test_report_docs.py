"""docs/report.md: its recipes run, and its columns are those that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from auditor.report import FORMATS, KINDS
from auditor.report.table import HEAD, columns
from tests.helpers import ROOT, flat, regaudit, registration, write

PAGE = (ROOT / "docs/report.md").read_text("utf-8")
JQ = re.findall(r"^```jq (\S+)\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
SQL = re.findall(r"^```sql\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the recipes read, made by the page's own commands."""
    folder = tmp_path_factory.mktemp("recipes")
    shutil.copytree(ROOT / "sample_manifests", folder / "manifests")
    soon = {"keyId": "k", "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2026-12-01T00:00:00Z"}
    owner = {"@odata.type": "#microsoft.graph.user", "id": "ann", "displayName": "Ann", "userPrincipalName": "ann@contoso.com"}
    later = {**soon, "keyId": "l", "endDateTime": "2026-12-09T00:00:00Z"}
    write(folder / "manifests/soon/app.json", registration("Soon", owners=[owner], passwordCredentials=[later, soon]))
    (commands,) = re.findall(r"The files are made with\n\n```sh\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command in commands.splitlines():
            assert regaudit(*command.split()[1:], "--as-of", "2026-11-24").code in (0, 1)
    return folder


@pytest.fixture(scope="module")
def report(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_text())


def jq(folder: Path, number: int) -> list[list[str]]:
    program = shutil.which("jq")
    if program is None:
        pytest.skip("jq is not installed")
    file, recipe = JQ[number]
    done = subprocess.run([program, "-r", recipe, file], cwd=folder, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_jq_finds_what_is_grave(folder: Path, report: Any) -> None:
    rows = [row for row in flat(report) if row["severity"] in ("critical", "high")]
    found = jq(folder, 0)
    assert [(line[0], line[1], line[3]) for line in found] == [(row["severity"], row["rule_id"], row["message"]) for row in rows] != []
    assert [line[2] for line in found] == [row["app_display_name"] if row["resource_kind"] == "application" else "-" for row in rows]


def test_jq_finds_what_ends_soon(folder: Path, report: Any) -> None:
    rows = [row for row in flat(report, "credentials") if row["state"] == "expiring" and row["on"] == "application"]
    found = jq(folder, 1)
    assert sorted(line[2] for line in found) == sorted(row["key_id"] for row in rows) != []
    assert found == sorted(found, key=lambda line: line[0])


def test_jq_finds_areas_that_pass(folder: Path, report: Any) -> None:
    rows = [row["display_name"] for row in flat(report, "applications") if "credentials" in row["passed_areas"]]
    assert [line[0] for line in jq(folder, 2)] == rows


def test_jq_finds_what_was_not_evaluated(folder: Path, report: Any) -> None:
    found = jq(folder, 3)
    assert {(line[1], line[2]) for line in found} == {(one["what"], one["why"]) for one in report["not_evaluated"]}
    assert sum(int(line[0]) for line in found) == report["run"]["coverage"]["verdicts"]["not_evaluated"] > 0


def test_jq_counts_by_owner(folder: Path, report: Any) -> None:
    found = {owner: int(count) for owner, count in jq(folder, 4)}
    summary = report["summary"]
    wanted = {one["owner"]: one["findings"] for one in summary["by_owner"]} | {"not known": summary["owner_not_known"]}
    assert found == {owner: count for owner, count in wanted.items() if count}


def test_duckdb(folder: Path, report: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed: 25 MB for one test")
    monkeypatch.chdir(folder)
    by_area, by_application = (duckdb.sql(recipe).fetchall() for recipe in SQL)
    areas: dict[str, int] = {}
    for area, _, findings, _ in by_area:
        areas[area] = areas.get(area, 0) + findings
    assert areas == report["summary"]["by_area"]
    assert by_application
    assert {str(row[1]): row[2] for row in by_application}.items() <= {
        row["app_id"]: row["findings"] for row in flat(report, "applications")
    }.items()


def test_the_columns_are_those_of_the_page() -> None:
    for kind in KINDS:
        (line,) = re.findall(rf"^\| `{kind}` \| (.+) \|$", PAGE, re.MULTILINE)
        assert (*HEAD, *re.findall(r"`(\w+)`", line)) == columns(kind)


def test_every_format_is_there() -> None:
    assert re.findall(r"^\| `(\w+)` \| ", PAGE.partition("\n## ")[0], re.MULTILINE) == list(FORMATS)
    for example in re.findall(r"^```python\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL):
        compile(example, "docs/report.md", "exec")
