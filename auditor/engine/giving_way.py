"""Two pages that say the same of one object: one finding stands for both.

A page names the pages that its findings give way to (`gives-way-to`). It is a step after judging, among the rules of the run, and
only to a finding that is there: what is selected alone, or waived at the other page, stays.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.engine.finding import About, Finding, Outcome, Status


def give_way(outcomes: list[Outcome]) -> None:
    """Take the findings that give way out of the rows of these outcomes. Each is in `gave_way`, with the finding that stands for it.

    Of a pair the page that is named stays, unless it is less certain than the other: nobody shall lose what is known for what is
    presumed. What stays is of the same severity or a higher one, also by what is possible.
    """
    by_name = {name: outcome for outcome in outcomes for name in (outcome.rule.id, *outcome.rule.aliases)}
    for outcome in outcomes:
        for other in _named(outcome, by_name):
            for mine, theirs in _pairs(outcome, other):
                if theirs.certainty < mine.certainty and _as_severe(mine, theirs):  # type: ignore[operator]
                    _replace(other, theirs, outcome, mine)
    settled: set[str] = set()

    def settle(outcome: Outcome) -> None:
        """Those that it gives way to come first: they may give way themselves."""
        if outcome.rule.id in settled:
            return
        settled.add(outcome.rule.id)
        for other in _named(outcome, by_name):
            settle(other)
            for mine, theirs in _pairs(outcome, other):
                if theirs.certainty >= mine.certainty and _as_severe(theirs, mine):  # type: ignore[operator]
                    _replace(outcome, mine, other, theirs)

    for outcome in outcomes:
        settle(outcome)
        if outcome.gave_way:
            outcome.rows = [row for row in outcome.rows if id(row[1]) not in outcome.gave_way]


def _named(outcome: Outcome, by_name: dict[str, Outcome]) -> list[Outcome]:
    """The outcomes that one gives way to."""
    return [by_name[name] for name in outcome.rule.gives_way_to if name in by_name] if outcome.rows else []


def _pairs(outcome: Outcome, other: Outcome) -> Iterator[tuple[Finding, Finding]]:
    """A finding of the one, and one of the other that is there and says the same: of the same subject, or of the whole object."""
    there: dict[About, Finding] = {}
    same_subjects = outcome.rule.each == other.rule.each
    for about, finding in other.rows:
        if finding.status is Status.fail and (not about.key or same_subjects):
            there.setdefault(about, finding)
    if not there:
        return
    for about, finding in outcome.rows:
        if finding.status is not Status.fail:
            continue
        for theirs in (there.get(about), there.get(About(about.rank, ""))):
            if theirs is not None and id(theirs) not in other.gave_way and id(finding) not in outcome.gave_way:
                yield finding, theirs


def _as_severe(one: Finding, other: Finding) -> bool:
    return one.severity >= other.severity and one.highest_severity >= other.highest_severity


def _replace(outcome: Outcome, finding: Finding, other: Outcome, theirs: Finding) -> None:
    """A finding of the one gives way to one of the other."""
    outcome.gave_way[id(finding)] = theirs
    theirs.stands_for = sorted({*(theirs.stands_for or ()), outcome.rule.id, *(finding.stands_for or ())} - {other.rule.id})
