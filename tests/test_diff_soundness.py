"""What is said to be new is new, and what is said to be fixed is fixed: data that is missing is neither.

A tenant with holes is the same tenant: nothing of it is new, fixed, added or removed, whichever of the two is the older one.
"""

from __future__ import annotations

import random
from collections import Counter
from itertools import permutations
from typing import Any
from unittest import mock

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import pipeline
from auditor.engine.rows import name_all
from auditor.history import changes
from auditor.history.compare import Class, Comparison, compare
from auditor.history.diff import diff_of
from auditor.report import Depth
from auditor.report.build import report_of
from auditor.report.model import Report, decode
from auditor.results import Loaded
from auditor.severity import Certainty, Severity
from tests.tenants import Maker
from tests.test_soundness import NOW, RULES, with_exemptions, world_of

CERTIFICATES = {rule.id for rule in RULES if "certificates" in rule.each}


def report(tenant: dict[str, object], depth: Depth = Depth.inventory) -> Report:
    """The report of a tenant by all rules, as it is read from its JSON."""
    world = world_of(tenant)
    name_all([world])
    loaded = Loaded(worlds=[world], errors=[], notes=[], paths=[], as_of=NOW, files_read=1, passed_over=[], inexact=[])
    with mock.patch.object(pipeline, "load", return_value=loaded):
        audited = pipeline.audit("tenant.json", select=["ALL"], as_of=NOW)
    return decode(msgspec.json.encode(report_of(audited, depth=depth)))


def classes(compared: Comparison) -> Counter[str]:
    return Counter(one.be.value for one in (*compared.old, *compared.new))


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
def test_what_is_missing_is_neither_new_nor_fixed(seed: int) -> None:
    maker = Maker(seed)
    tenant = with_exemptions(maker.tenant())
    holes = [maker.with_holes(tenant) for _ in range(3)]
    depths = [Depth.inventory, Depth.inventory, Depth.objects, Depth.inventory]
    reports = [report(one, depth) for one, depth in zip([tenant, *holes], depths, strict=True)]
    for old, new in permutations(reports, 2):
        compared = compare(old, new, Severity.high)
        for one in (*compared.old, *compared.new):
            if one.was is not None or one.finding.certainty is Certainty.likely:
                continue  # it says itself that it rests on what is missing
            if one.finding.rule_id in CERTIFICATES:
                continue  # the two entries of one certificate are told apart when their thumbprints are missing
            assert one.be not in (Class.new, Class.fixed), (seed, one)
        assert changes.changes(old, new).found == []


def test_there_was_something_to_miss() -> None:
    """The test above sees findings of every class that it allows."""
    maker = Maker(1)
    tenant = maker.tenant()
    whole, part = report(tenant), report(maker.with_holes(tenant))
    assert {"known", "not-seen"} <= {*classes(compare(whole, part, None))}
    assert {"known", "newly-visible"} <= {*classes(compare(part, whole, None))}


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_each_finding_is_in_one_class_whatever_the_order(first: int, second: int) -> None:
    old, new = report(Maker(first).tenant()), report(Maker(second).tenant())
    compared = compare(old, new, Severity.medium)
    assert [one.finding for one in compared.old] == old.findings
    assert [one.finding for one in compared.new] == new.findings
    assert {one.be for one in compared.old} <= {Class.fixed, Class.not_seen, Class.known}
    assert {one.be for one in compared.new} <= {Class.new, Class.newly_visible, Class.known}
    diff = diff_of(old, new)
    counts = diff.summary
    assert counts.new + counts.newly_visible + counts.known == len(new.findings)
    assert counts.fixed + counts.not_seen <= len(old.findings)
    assert msgspec.json.encode(diff_of(shuffled(old, first), shuffled(new, second))) == msgspec.json.encode(diff)
    same = diff_of(old, old)
    assert not any((same.new_findings, same.newly_visible, same.fixed, same.not_seen, same.changes))
    assert same.summary.known == len(old.findings)


def shuffled(report: Report, seed: int) -> Report:
    """The same report in another order: of findings, rules, reasons, and the objects that positions name."""
    rnd, other = random.Random(seed), decode(msgspec.json.encode(report))

    def moved(rows: list[Any]) -> dict[int, int]:
        """Shuffles rows; where each was -> where it is now."""
        order = rnd.sample(range(len(rows)), len(rows))
        rows[:] = [rows[at] for at in order]
        return {was: now for now, was in enumerate(order)}

    moved(other.findings)
    moved(other.rules)
    reasons = moved(other.not_evaluated)
    for areas in other.area_verdicts:
        for verdict in areas.values():
            verdict.reasons = [reasons[reason] for reason in verdict.reasons]
    lists: dict[str, list[Any]] = {"app": other.applications, "principal": other.service_principals}
    for member, objects in lists.items():
        places = moved(objects)
        for row in (*other.findings, *other.rule_errors, *other.passed, *other.credentials):
            if (at := getattr(row, member, None)) is not None:
                setattr(row, member, places[at])
    return other
