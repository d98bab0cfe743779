"""Two pages that say the same of one object: one finding stands for both.

A page names the pages that its findings give way to (`gives-way-to`). It is a step after judging, among the rules of the run, and
only to a finding that is there: where the other page is not selected, or its finding is waived, this page's stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct

from auditor.engine.finding import About, Finding, Outcome
from auditor.engine.gate import is_failure


class _Pair(Struct, frozen=True):
    """Two findings that say the same: the page of the first names the page of the other."""

    outcome: Outcome
    about: About
    finding: Finding
    other: Outcome
    others: About
    theirs: Finding


def give_way(outcomes: list[Outcome]) -> None:
    """Take the findings that give way out of the rows of these outcomes. Each is in `gave_way`, with the finding that stands for it.

    Of a pair the finding of the page that is named stays, with two exceptions: one that is less certain than the other (nobody shall
    lose what is known for what is presumed), and one about a whole object that would stand for one part of it only, which is named more
    exactly by the other. What stays has the same severity or a higher one, also by what is possible.
    """
    by_name = {name: outcome for outcome in outcomes for name in (outcome.rule.id, *outcome.rule.aliases)}
    pairs: dict[int, list[_Pair]] = defaultdict(list)  # by id() of the finding that would stay
    for outcome in outcomes:
        for other in _named(outcome, by_name):
            for pair in _pairs(outcome, other):
                pairs[id(pair.theirs)].append(pair)
    for group in pairs.values():
        reverse = next((pair for pair in group if _rather_the_other_way(pair, len(group))), None)
        if reverse is not None:
            _replace(reverse.other, reverse.theirs, reverse.outcome, reverse.finding)
    settled: set[str] = set()
    for outcome in outcomes:
        _settle(outcome, by_name, settled)
    for outcome in outcomes:
        if outcome.gave_way:
            outcome.rows = [row for row in outcome.rows if id(row[1]) not in outcome.gave_way]


def _settle(outcome: Outcome, by_name: dict[str, Outcome], settled: set[str]) -> None:
    """Its findings give way to those that stay: the pages that it names come first, since theirs may give way themselves."""
    if outcome.rule.id in settled:
        return
    settled.add(outcome.rule.id)
    for other in _named(outcome, by_name):
        _settle(other, by_name, settled)
        for pair in _pairs(outcome, other):
            if _stands_for(pair.theirs, pair.finding):
                _replace(outcome, pair.finding, other, pair.theirs)


def _rather_the_other_way(pair: _Pair, number: int) -> bool:
    """Whether the finding of the page that is named gives way to the other one, of `number` that it would stand for."""
    more_certain = pair.finding.certainty != pair.theirs.certainty
    more_exact = number == 1 and not pair.others.key and bool(pair.about.key)
    return (more_certain or more_exact) and _stands_for(pair.finding, pair.theirs)


def _stands_for(one: Finding, other: Finding) -> bool:
    assert one.certainty is not None, "a failure has a certainty"
    assert other.certainty is not None, "a failure has a certainty"
    return one.certainty >= other.certainty and one.severity >= other.severity and one.highest_severity >= other.highest_severity


def _named(outcome: Outcome, by_name: dict[str, Outcome]) -> list[Outcome]:
    """The outcomes that one gives way to."""
    return [by_name[name] for name in outcome.rule.gives_way_to if name in by_name] if outcome.rows else []


def _pairs(outcome: Outcome, other: Outcome) -> Iterator[_Pair]:
    """Each finding of the one that is there still, with those of the other on the same subject, or on the whole object."""
    there: dict[About, Finding] = {}
    same_subjects = outcome.rule.each == other.rule.each
    for about, finding in other.rows:
        if is_failure(finding) and (not about.key or same_subjects):
            there.setdefault(about, finding)
    if not there:
        return
    for about, finding in outcome.rows:
        if not is_failure(finding):
            continue
        for where in dict.fromkeys((about, About(about.rank, ""))):
            theirs = there.get(where)
            if theirs is not None and id(theirs) not in other.gave_way and id(finding) not in outcome.gave_way:
                yield _Pair(outcome, about, finding, other, where, theirs)


def _replace(outcome: Outcome, finding: Finding, other: Outcome, theirs: Finding) -> None:
    """A finding of the one gives way to one of the other."""
    outcome.gave_way[id(finding)] = theirs
    theirs.stands_for = sorted({*(theirs.stands_for or ()), outcome.rule.id, *(finding.stands_for or ())} - {other.rule.id})
