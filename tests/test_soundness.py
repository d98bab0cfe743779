"""What is said of a part of a tenant must hold of the whole tenant: a pass means that somebody looked."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from auditor import joins, rulebook, sources
from auditor.diagnose.examples import read
from auditor.engine import judge as engine
from auditor.joins.world import World
from auditor.rulebook import Rule
from tests.tenants import Maker

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
RULES = list(rulebook.shipped())
ALLOWED = {
    "fail": {"fail"},
    "pass": {"pass", "not-applicable"},  # a subject that nobody knew can turn out not to exist
    "not-applicable": {"not-applicable"},
    "not-evaluated": {"fail", "pass", "not-applicable"},
}


def world_of(tenant: dict[str, Any]) -> World:
    documents = read(json.dumps(tenant))
    assert not documents.errors
    return joins.worlds(documents, NOW)[0]


def verdicts(rule: Rule, world: World) -> dict[str, tuple[str, int]]:
    """Object id (or place) of each root -> its verdict and number of findings."""
    found: dict[str, tuple[str, int]] = {}
    for root in engine.roots_of(rule, world):
        alone = engine.judge(rule, world, only=[root])
        assert not alone.errors, [row.message for _, row in alone.rows]
        counts = (("fail", alone.failed), ("not-evaluated", alone.not_evaluated), ("pass", alone.passed))
        verdict = next((name for name, count in counts if count), "not-applicable")
        # The tenant stands in several documents, and the first of them may be gone.
        found["tenant" if root is world.tenant else root.document.pointer] = (verdict, len(alone.rows))
    return found


# Eight tenants a part: two parts at each change, all before it lands.
@pytest.mark.parametrize("part", [0, 1, *(pytest.param(part, marks=pytest.mark.slow) for part in range(2, 12))])
def test_no_verdict_on_a_part_contradicts_the_whole(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if part % 2:
        monkeypatch.setattr(engine, "FEW", 0)  # compiled, as for many registrations
    seen: Counter[tuple[str, str]] = Counter()
    for seed in range(part * 8, part * 8 + 8):
        maker = Maker(seed)
        tenant = maker.tenant()
        whole = world_of(tenant)
        holes = [world_of(maker.with_holes(tenant)) for _ in range(3)]
        for rule in RULES:
            full = verdicts(rule, whole)
            seen.update((rule.id, verdict) for verdict, _ in full.values())
            for world in holes:
                for place, (verdict, findings) in verdicts(rule, world).items():
                    if place not in full:
                        continue
                    complete, most = full[place]
                    if complete == "not-evaluated":
                        continue
                    assert complete in ALLOWED[verdict], f"seed {seed}: {rule.id} at {place}: {verdict} of a part, {complete} of the whole"
                    # The two entries of one certificate are told apart when their thumbprints are missing.
                    assert findings <= most or "certificates" in rule.each, (
                        f"seed {seed}: {rule.id} at {place}: {findings} findings in a part, {most} in the whole"
                    )
    assert len({rule for rule, _ in seen}) == len(RULES)


STRANGERS: dict[str, Any] = {
    "an object that only has an id": {"id": "99999999-0000-4000-8000-000000000099"},
    "an object of properties that nobody knows": {"kind": "somethingNew", "settings": {"on": True}},
    "a text": "00000003-0000-0000-c000-000000000000",
    "a list": [{"appId": "99999999-0000-4000-8000-000000000099"}],
    "null": None,
    "a number": 7,
}


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("collection", ["applications", "servicePrincipals", "oauth2PermissionGrants", "appRoleAssignments", "owners"])
def test_what_nobody_knows_in_a_list_is_an_error_or_makes_the_list_incomplete(tmp_path: Path, collection: str, stranger: str) -> None:
    """A list with something in it that we cannot read may hold what a rule looks for: it must not count as the whole list."""
    tenant = Maker(3).tenant()
    page = {
        "@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{collection}",
        "value": [*tenant[collection], STRANGERS[stranger]],
    }
    (tmp_path / "page.json").write_text(json.dumps(page))
    documents = sources.read([str(tmp_path / "page.json")])
    world = joins.worlds(documents, NOW)[0]
    if documents.errors:
        assert collection not in world.complete
    else:  # kept, as an object of which nothing is known: look-ups by what it may be are then unknown
        assert len(documents.documents) == len(page["value"]), "it was dropped in silence"
        assert not isinstance(world.principal("99999999-0000-4000-8000-000000000000"), type(None))
