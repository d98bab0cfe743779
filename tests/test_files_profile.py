"""The profile `files` leaves out what a manifest can never say, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auditor import joins, pipeline
from auditor.diagnose import examples
from auditor.engine.judge import judge
from auditor.pipeline import audit
from auditor.rulebook import Rule, profiles, shipped
from auditor.sources.detect import COLLECTIONS
from tests.helpers import ROOT, regaudit
from tests.tenants import Maker

BESIDE = ("owners", "federatedIdentityCredentials")  # of a registration, which a manifest does not have
TODAY = "2026-11-24"
# Says something of several manifests together, and its examples have service principals.
OF_SEVERAL = {"preauth-foreign-client"}


def manifest(app: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in app.items() if name not in BESIDE}


def of_files(text: str) -> str | None:
    """An example without what a manifest cannot say; None where nothing is left."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if not isinstance(value, dict):
        return text
    if not (value and value.keys() <= COLLECTIONS.keys()):
        return json.dumps(manifest(value))
    left = {name: value[name] for name in ("applications", "connectors", "connectorParts") if name in value}
    if "applications" in left:
        left["applications"] = [manifest(app) for app in left["applications"]]
    return json.dumps(left) if left else None


def says_anything(rule: Rule) -> bool:
    """Whether the rule comes to a verdict on what manifests say in any of its examples."""
    for example in rule.examples:
        if (text := of_files(example.text)) is None:
            continue
        documents = examples.read(text)
        documents.whole.clear()
        for world in joins.worlds(documents, pipeline.moment(example.as_of)):
            outcome = judge(rule, world)
            if outcome.passed or outcome.failed or outcome.errors:
                return True
    return False


def test_it_ignores_the_rules_that_have_no_verdict_on_manifests() -> None:
    ignored = {*profiles.load("files").choice.ignore} - {"opt-in"}
    silent = {rule.id for rule in shipped() if "opt-in" not in rule.tags and not says_anything(rule)} - OF_SEVERAL
    assert ignored == silent, "write them into rules/profiles/files.toml"


@pytest.mark.parametrize("seed", range(0, 40, 8))
def test_no_rule_that_is_left_out_would_have_said_anything(seed: int, tmp_path: Path) -> None:
    verdicts = Counter[str]()
    for number in range(seed, seed + 8):
        for position, app in enumerate(Maker(number).tenant()["applications"]):
            (tmp_path / f"{number}-{position}.json").write_text(json.dumps(manifest(app)))
    for outcome in audit(tmp_path, as_of=TODAY).outcomes:
        verdicts[outcome.rule.id] += outcome.passed + outcome.failed + outcome.errors
    assert not [name for name in profiles.load("files").choice.ignore if verdicts[name]]
    assert sum(verdicts.values()) > 1000


def test_the_findings_of_manifests_are_the_same_and_less_is_not_evaluated() -> None:
    careless = ROOT / "sample_manifests/careless"
    whole, files = audit(careless, as_of=TODAY), audit(careless, profile="files", as_of=TODAY)
    assert [row.finding_id for row in files.findings] == [row.finding_id for row in whole.findings]
    assert files.count("not_evaluated") < whole.count("not_evaluated") / 2
    said = regaudit("scan", careless, "--as-of", TODAY, "--profile", "files").out
    assert "--profile files" not in said
    assert "-v lists them" in said
