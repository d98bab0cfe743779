"""What is said of a part of a tenant must hold of the whole tenant: a pass means that somebody looked."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timezone
from typing import Any

import pytest

from auditor import engine, resolve, rulebook
from auditor.examples import read
from auditor.resolve import World
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
    return resolve.worlds(documents, NOW)[0]


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


@pytest.mark.parametrize("part", range(12))
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
                    assert findings <= most or "certificates" in rule.block.get("each", ""), (
                        f"seed {seed}: {rule.id} at {place}: {findings} findings in a part, {most} in the whole"
                    )
    assert len({rule for rule, _ in seen}) == len(RULES)
