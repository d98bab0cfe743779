"""regaudit paths: what people, pipelines and BloodHound get."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from auditor import schemas
from auditor.entra.steps import HopKind
from tests.helpers import ROOT, Ran, regaudit

SAMPLES = ROOT / "sample_manifests"
SAMPLE = SAMPLES / "paths"


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def run(*arguments: str | Path) -> Ran:
    return regaudit("paths", *arguments)


def of(*arguments: str | Path) -> Any:
    return json.loads(run(SAMPLE, *arguments, "--output-format", "json").out)


def starts(found: Any) -> list[tuple[str, str]]:
    return [(path["start_kind"], path["start"]["name"]) for path in found["paths"]]


def test_the_sample_says_what_its_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = (SAMPLES / "README.md").read_text("utf-8").partition("<!-- paths -->")[2].partition("<!-- /paths -->")[0]
    text, diagram = re.findall(r"```(?:mermaid)?\n(.*?)```", page, re.DOTALL)
    said = run("sample_manifests/paths")
    assert said.out == text
    assert said.code == 1
    assert run("sample_manifests/paths", "--output-format", "mermaid").out == diagram


def test_the_json_fits_its_schema_and_proves_each_hop() -> None:
    found = of()
    Draft202012Validator(schemas.load("paths")).validate(found)
    assert starts(found) == [
        ("application", "Tailspin Deployment"), ("user", "mia@tailspin.com"), ("guest", "ben_fabrikam.com#EXT#@tailspin.onmicrosoft.com"),
    ]  # fmt: skip
    assert found["administrators"] == 1
    assert found["not_evaluated"] == []
    for path in found["paths"]:
        assert [hop["from"] for hop in path["hops"][1:]] == [hop["to"] for hop in path["hops"][:-1]]
        assert path["start"] == path["hops"][0]["from"]
        for hop in path["hops"]:
            assert hop["place"] is not None or hop["kind"] == "takeover"  # a role is what it is
            if hop["place"] is not None:
                assert json.loads(Path(hop["place"]["file"]).read_text()) is not None
                assert hop["place"]["line"] > 1
    assert [(choke["object"]["name"], choke["on"], choke["cuts"]) for choke in found["choke_points"]] == [
        ("Tailspin Identity Sync", 2, 2), ("Tailspin Deployment", 1, 1), ("Identity administrators", 1, 1),
    ]  # fmt: skip


def test_only_some_starts() -> None:
    assert starts(of("--from", "guest")) == [("guest", "ben_fabrikam.com#EXT#@tailspin.onmicrosoft.com")]
    assert starts(of("--from", "mia@tailspin.com")) == [("user", "mia@tailspin.com")]
    assert starts(of("--from", "administrator")) == [("administrator", "lee@tailspin.com")]
    nobody = run(SAMPLE, "--from", "nobody")
    assert (nobody.code, nobody.err) == (2, "regaudit: --from: nothing in the input is called 'nobody'\n")


def test_another_end() -> None:
    found = of("--to", "Tailspin Identity Sync")
    assert ("guest", "ben_fabrikam.com#EXT#@tailspin.onmicrosoft.com") in starts(found)
    assert {path["target"]["name"] for path in found["paths"]} == {"Tailspin Identity Sync"}
    group = of("--to", "Identity administrators")
    assert [[hop["kind"] for hop in path["hops"]] for path in group["paths"]] == [["owner"]]


def test_over_one_object() -> None:
    assert starts(of("--through", "Identity administrators")) == [("user", "mia@tailspin.com")]


def test_what_a_cut_would_change() -> None:
    found = of("--without", "Tailspin Deployment->Tailspin Identity Sync")
    assert starts(found) == [("user", "mia@tailspin.com")]
    assert sorted(node["name"] for node in found["cut"]["ended"]) == [
        "Tailspin Deployment",
        "ben_fabrikam.com#EXT#@tailspin.onmicrosoft.com",
    ]
    assert found["cut"]["left"] == 1
    wrong = run(SAMPLE, "--without", "Deployment")
    assert (wrong.code, "say FROM->TO" in wrong.err) == (2, True)


@pytest.mark.parametrize("missing", ["roleAssignments", "appRoleAssignments", "groups", "roleEligibilityScheduleInstances"])
def test_a_missing_document_is_no_clean_result(missing: str, tmp_path: Path) -> None:
    for file in SAMPLE.glob("*.json"):
        if file.stem != missing:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    found = run(tmp_path, "--from", "guest")
    assert found.code == 2
    assert "not evaluated: " in found.out
    assert "There may be" in found.out


def test_nothing_that_was_read_is_no_clean_result(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    for file in (SAMPLES / "tidy").glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    found = run(tmp_path / "broken.json", tmp_path)
    assert (found.code, found.out.startswith("No path is known. There may be some")) == (2, True)
    assert "not evaluated: input: 1 error while reading" in found.out


def test_two_tenants_do_not_meet(tmp_path: Path) -> None:
    for number, tenant in enumerate(("c3f8a6d1", "d3f8a6d1")):
        (tmp_path / f"t{number}").mkdir()
        for file in SAMPLE.glob("*.json"):
            (tmp_path / f"t{number}" / file.name).write_text(file.read_text("utf-8").replace("c3f8a6d1", tenant), "utf-8")
    diagram = run(tmp_path, "--output-format", "mermaid").out
    assert diagram.count("the tenant ") == 2
    assert " of tenant d3f8a6d1-" in run(tmp_path).out


def test_a_hop_that_is_not_there_cannot_be_cut() -> None:
    ran = run(SAMPLE, "--without", "mia@tailspin.com->Tailspin Deployment")
    assert (ran.code, "there is no such hop" in ran.err) == (2, True)


def test_a_tenant_without_a_way() -> None:
    found = run(SAMPLES / "tidy")
    assert found.code == 0
    assert found.out.startswith("There is no path. 2 administrators have a role for it")


def test_bloodhound_gets_its_form() -> None:
    """bloodhound.specterops.io/opengraph/schema: kinds without spaces, ends that are there, plain properties."""
    graph = json.loads(run(SAMPLE, "--output-format", "opengraph").out)["graph"]
    ids = {node["id"] for node in graph["nodes"]}
    assert len(ids) == len(graph["nodes"]) == 9
    for node in graph["nodes"]:
        assert 1 <= len(node["kinds"]) <= 3
        assert all(isinstance(value, str) for value in node["properties"].values())
    for edge in graph["edges"]:
        assert re.fullmatch(r"[A-Za-z0-9_]+", edge["kind"])
        assert {edge["start"]["value"], edge["end"]["value"]} <= ids


EVIL = 'Pay\x1b[31m"]]; click n0 "javascript:alert(1)" %% \n::error::\u202ex <script>'


def test_names_are_names(tmp_path: Path) -> None:
    for file in SAMPLE.glob("*.json"):
        text = file.read_text("utf-8").replace('"Tailspin Identity Sync"', json.dumps(EVIL))
        (tmp_path / file.name).write_text(text, "utf-8")
    for form in ("text", "mermaid", "json", "opengraph"):
        said = run(tmp_path, "--output-format", form)
        assert said.code == 1
        assert "\x1b" not in said.out
        assert "\u202e" not in said.out
        assert not re.search(r"^::", said.out, re.MULTILINE)
        if form == "mermaid":
            assert "<script" not in said.out
            assert all(
                re.fullmatch(r'flowchart LR|  n\d+\S+"[^"]*"\S+|  n\d+ -[-.]+>\|"[^"]*"\| n\d+', line) for line in said.out.splitlines()
            )


def test_what_is_shown_to_others_has_no_names() -> None:
    for form in ("text", "mermaid", "json", "opengraph"):
        said = run(SAMPLE, "--redact", "--output-format", form).out.lower()
        assert not re.search(r"tailspin|fabrikam|mia@|identity sync|identity administrators", said), form


def test_the_page_explains_each_hop() -> None:
    page = (ROOT / "docs/paths.md").read_text("utf-8").partition("## The hops")[2].partition("\n## ")[0]
    assert {kind for kind in get_args(HopKind) if f"`{kind}`" not in page} == set()
