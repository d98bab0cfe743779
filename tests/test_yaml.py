"""What `az … -o yaml` prints is read as the same JSON would be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditor import Report, audit
from auditor.sources.formats.az_yaml import _as_json

APP: dict[str, Any] = {
    "appId": "11111111-2222-4333-8444-555555555555",
    "displayName": 'Wiki: the "old" one',
    "id": "11111111-2222-4333-8444-555555555556",
    "identifierUris": [],
    "passwordCredentials": [{"displayName": "ci", "endDateTime": "2020-01-31T00:00:00Z", "keyId": "02bea391-074a-4050-90fa-5303c76195bc"}],
    "signInAudience": "AzureADMyOrg",
    "web": {"redirectUris": ["https://wiki.contoso.com/a", "http://wiki.contoso.com/b"]},
}


def of(report: Report) -> set[tuple[str, str | None]]:
    return {(finding.rule_id, finding.actual) for finding in report.findings}


@pytest.mark.parametrize("shape", [APP, [APP]], ids=["show", "list"])
def test_the_findings_are_those_of_the_json(shape: Any, tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(yaml.safe_dump(shape))
    (tmp_path / "app.json").write_text(json.dumps(shape))
    found = audit(tmp_path / "app.yaml")
    assert of(found) == of(audit(tmp_path / "app.json"))
    assert ("redirect-http", "http://wiki.contoso.com/b") in of(found)
    assert [note.message for note in found.notes if "-o json" in note.message]


def test_a_finding_is_where_the_yaml_has_it(tmp_path: Path) -> None:
    path = tmp_path / "app.yaml"
    path.write_text(yaml.safe_dump([APP]))
    found = next(finding for finding in audit(path).findings if finding.rule_id == "redirect-http")
    assert found.line
    assert found.column
    assert path.read_text().splitlines()[found.line - 1][found.column - 1 :] == "http://wiki.contoso.com/b"


def test_a_folder_reads_it_by_its_name_and_leaves_other_yaml_alone(tmp_path: Path) -> None:
    (tmp_path / "app.yml").write_text(yaml.safe_dump(APP))
    (tmp_path / "values.yaml").write_text("wiki:\n  appId: x\n  displayName: y\n  broken: [\n")
    report = audit(tmp_path)
    assert (report.applications, report.errors) == (1, [])


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("appId: &a [x]\ndisplayName: *a\n", "an alias", 2),
        ("appId: x\ndisplayName: [\n", "not valid YAML", 3),
        ("appId: x\ndisplayName: y\n? [a]\n: b\n", "a name that is not a text", 3),
        ("appId: x\ndisplayName: " + "[" * 100_000, "nesting depth", None),
    ],
)
def test_what_is_not_read_is_one_error_with_its_place(text: str, message: str, line: int | None, tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(text)
    [error] = audit(tmp_path / "app.yaml").errors
    assert message in error.message
    assert line is None or error.line == line


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(max_size=8)
    | st.sampled_from(["2026-01-31", "yes", "~", "1e3", "0x1F"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES)
def test_nothing_changes_on_the_way(value: Any) -> None:
    text = yaml.safe_dump(value)
    if "*id" not in text:
        assert json.loads(_as_json(text.encode("utf-8", "surrogatepass"), "x")) == value
