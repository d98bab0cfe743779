"""The sample manifests: the tidy tenant is clean on any day, each careless file fails what README.md says of it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

from auditor import audit
from auditor.entra.catalog import CATALOG
from auditor.entra.ids import MICROSOFT_GRAPH
from auditor.rulebook import shipped
from tests.helpers import regaudit

SAMPLES = Path(__file__).parent.parent / "sample_manifests"
MEANT_FOR = "2026-11-24"  # README.md names the day
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ROWS = re.findall(r"^\| `([\w-]+\.json)` \| (.+) \| (`.+`) \|$", (SAMPLES / "README.md").read_text("utf-8"), re.MULTILINE)
EXPECTED = {file: set(re.findall(r"`([\w-]+)`", rules)) for file, _, rules in ROWS}
CARELESS_FILES = {path.name for path in (SAMPLES / "careless").iterdir()} - {"organization.json"}
PUBLIC_IDS = {
    MICROSOFT_GRAPH,
    "f8cdef31-a31e-4b4a-93e4-5f571e91255a",  # Microsoft's tenant, Microsoft Graph's home
    "00000000-0000-0000-0000-000000000000",  # assigned without a role
    *CATALOG.roles,  # template IDs
    *(permission_id for app_id, permission_id, _ in CATALOG.permissions if app_id == MICROSOFT_GRAPH),
}


def failed_rules(folder: Path, as_of: str | None) -> dict[str, set[str]]:
    """File name -> rules that a file of the folder fails."""
    found = defaultdict(set)
    report = audit(folder, as_of=as_of)
    assert not report.errors
    assert report.count("errors") == 0
    for finding in report.findings:
        if finding.status == "fail":
            assert finding.file is not None
            found[Path(finding.file).relative_to(SAMPLES).as_posix()].add(finding.rule_id)
    return dict(found)


def made_up_ids(path: Path) -> set[str]:
    return set(GUID.findall(path.read_text("utf-8").lower())) - PUBLIC_IDS


@pytest.mark.parametrize("as_of", [None, "2026-01-01", MEANT_FOR, "2030-01-01", "2040-01-01"])
@pytest.mark.parametrize("profile", ["default", "custom-connector"])
def test_the_tidy_tenant_is_clean_and_wholly_judged(profile: str, as_of: str | None) -> None:
    report = audit(SAMPLES / "tidy", profile=profile, as_of=as_of, ignore=["sign-ins"])
    assert [finding.message for finding in report.findings] == []
    assert report.notes == []
    assert (report.applications, report.service_principals) == (4, 5)
    assert report.count("passed") > 200
    assert report.exit_code("low", strict=True) == 0


def test_the_table_names_every_careless_file() -> None:
    assert set(EXPECTED) == CARELESS_FILES
    assert len(CARELESS_FILES) >= 12


def test_each_careless_file_fails_what_the_table_says_and_nothing_else() -> None:
    assert failed_rules(SAMPLES / "careless", MEANT_FOR) == {f"careless/{file}": rules for file, rules in EXPECTED.items()}
    report = audit(SAMPLES / "careless", as_of=MEANT_FOR)
    assert report.notes == []
    assert report.exit_code() == 1


def test_the_folders_do_not_touch_one_another() -> None:
    every = failed_rules(SAMPLES, MEANT_FOR)
    assert {file: rules for file, rules in every.items() if not file.startswith(("pair-", "paths/"))} == failed_rules(
        SAMPLES / "careless", MEANT_FOR
    )
    tenants = [set().union(*map(made_up_ids, folder.glob("*.json"))) for folder in (SAMPLES / "tidy", SAMPLES / "careless")]
    assert all(tenants)
    assert not tenants[0] & tenants[1]


def test_the_tenant_with_paths_fails_nothing_likely() -> None:
    report = audit(SAMPLES / "paths", as_of=MEANT_FOR)
    assert not report.errors
    found = {finding.rule_id: finding.certainty for finding in report.findings if finding.rule_id in shipped().matching(["paths"])}
    assert found == {"path-from-guest": "certain", "tenant-path-from-user": "certain"}


@pytest.mark.parametrize("name", ["careless-roles", "careless-policies"])
def test_a_careless_tenant_fails_what_its_table_says(name: str) -> None:
    report = audit(SAMPLES.parent / "sample_tenants" / name, as_of=MEANT_FOR)
    assert not report.errors
    text = (SAMPLES / "README.md").read_text("utf-8").partition(f"## {name}")[2].partition("\n## ")[0]
    assert sorted(finding.rule_id for finding in report.findings if finding.status == "fail") == sorted(
        rule for rule in re.findall(r"^\| .+ \| `([\w-]+)` \|$", text, re.MULTILINE)
    )
    assert all(finding.certainty != "likely" for finding in report.findings)


@pytest.mark.parametrize("folder", sorted(path.name for path in SAMPLES.glob("pair-*")))
def test_each_pair_fails_what_the_table_says(folder: str) -> None:
    table = (SAMPLES / "README.md").read_text("utf-8")
    row = re.search(rf"^\| `{folder}` \| .+ \| (.*)\|$", table, re.MULTILINE)
    assert row is not None
    report = audit(SAMPLES / folder, as_of=MEANT_FOR, profile="custom-connector")
    failed = {finding.rule_id for finding in report.findings if finding.status == "fail" and finding.severity != "info"}
    assert failed == set(re.findall(r"`([\w-]+)`", row[1]))
    assert regaudit("connect", str(SAMPLES / folder), "--as-of", MEANT_FOR).code == (1 if failed else 0)


def test_pairs_share_no_id() -> None:
    seen: dict[str, str] = {}
    for path in sorted(SAMPLES.glob("pair-*/**/*.json")):
        for made_up in made_up_ids(path) - {"00000003-0000-0000-c000-000000000000"}:
            assert seen.setdefault(made_up, path.relative_to(SAMPLES).parts[0]) == path.relative_to(SAMPLES).parts[0]


def test_careless_files_share_no_id() -> None:
    seen: dict[str, str] = {}
    for path in sorted((SAMPLES / "careless").glob("*.json")):
        for made_up in made_up_ids(path):
            assert seen.setdefault(made_up, path.name) == path.name


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*/*.json")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_samples_are_pretty_printed(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_the_readme_shows_what_the_first_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (SAMPLES.parent / "README.md").read_text("utf-8")
    command = re.search(r"\.venv/bin/regaudit (scan .+)", readme)
    shown = re.search(r"```console\n(.+?)```", readme, re.DOTALL)
    assert command is not None
    assert shown is not None
    monkeypatch.chdir(SAMPLES.parent)
    monkeypatch.setenv("COLUMNS", "1000")
    ran = regaudit(*command[1].split(), "--no-color")
    printed = iter(ran.out.splitlines())
    for line in shown[1].splitlines():  # "…" is whatever changes with each new rule or sample, or is left out
        if line != "…":
            pattern = re.compile(".+".join(map(re.escape, line.split("…"))))
            assert any(pattern.fullmatch(other) for other in printed), line
    assert ran.code == 1
