"""The verdict of `regaudit explain`: whether the cause of a sign-in error was found, is excluded, or cannot be told.

The message's own facts decide (`evidence.py`); else the rules that look for its codes. Excluded is only what was evaluated everywhere it
applies; where a message names registrations of the input, findings on others are no cause of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from auditor.diagnose.aadsts import Explanation, Message
from auditor.diagnose.clue import Clue, Said, named_apps
from auditor.diagnose.evidence import clues
from auditor.diagnose.portal import way_of_code
from auditor.display import clean, counted
from auditor.engine import gate
from auditor.engine.finding import Finding
from auditor.entra.catalog import CATALOG
from auditor.results import Loaded, Report
from auditor.severity import Status
from auditor.unknown import Reason

_REASONS = 3  # that are named
_ACCEPTED = (Status.waived, Status.baselined)


@dataclass(frozen=True)
class Cause:
    """What a message, or a code, comes to over the input."""

    said: Said
    verdict: str
    clues: list[Clue]
    incomplete: bool = False  # a part of the input could not be read
    ways: list[str] = field(default_factory=list)  # where the portal shows what is not known

    @property
    def exit_code(self) -> int:
        if self.incomplete:
            return 2
        return {Said.found: 1, Said.excluded: 0, Said.open: 2}[self.said]


def of(message: Message, explanations: list[Explanation], loaded: Loaded) -> Cause:
    """What was found of the codes of a message; of what was only loaded, no rule looks for any of them."""
    found = clues(message, loaded.worlds)
    report = loaded if isinstance(loaded, Report) else None
    broken = report.count("errors") if report else 0
    # A fault that somebody has accepted keeps a sign-in from working all the same.
    rows = [row for row in report.findings if gate.is_failure(row) or row.status in _ACCEPTED] if report else []
    about = _about(message, rows, loaded)
    empty = loaded.is_empty and not loaded.allow_empty
    incomplete = bool(loaded.errors or broken or empty)
    if any(clue.said is Said.found for clue in found):
        return Cause(Said.found, "cause found: the message and the input differ", found, incomplete)
    if about:
        accepted = sum(row.status in _ACCEPTED for row in about)
        of_them = f" ({accepted:,} of them accepted: waived, or in the baseline)" if accepted else ""
        return Cause(Said.found, f"cause found: {counted(len(about), 'finding')}{of_them}", found, incomplete)
    open_ = _open(explanations, found, loaded, rows)
    if incomplete:
        missing = "the input is empty" if empty else f"{counted(len(loaded.errors) + broken, 'error')} while reading"
        return Cause(Said.open, f"cannot tell: {missing}", found, incomplete)
    if open_:
        return Cause(Said.open, f"cannot tell: {open_}", found, ways=_ways(message, explanations, loaded))
    passed = report.count("passed") if report else 0
    checks = f"{counted(passed, 'check')} passed" if passed else "the message agrees with the input"
    return Cause(Said.excluded, f"excluded: {checks}, and nothing that can be checked causes it", found)


def unlooked(explanations: list[Explanation]) -> Cause:
    """Of codes that no rule looks for, and of which no message names a fact that decides."""
    return Cause(Said.open, f"cannot tell: {_no_rule(explanations[0])}", [])


def _no_rule(one: Explanation) -> str:
    limits = one.code.limits if one.code is not None else ""
    return f"no rule looks for AADSTS{one.number}" + (f": {limits}" if limits else "")


def _open(explanations: list[Explanation], found: list[Clue], loaded: Loaded, rows: list[Finding]) -> str:
    """What keeps a cause from being excluded; '' for nothing."""
    if rows:
        return f"{counted(len(rows), 'finding')}, but on none of the registrations that the message names"
    if loaded.is_empty and loaded.allow_empty:
        return ""
    if any(clue.said is Said.open for clue in found):
        return "not all that the message names is in the input"
    answered = {clue.code for clue in found}
    code = next((one for one in explanations if not one.rules and one.number not in answered), None)
    if code is not None:
        return _no_rule(code)
    if not isinstance(loaded, Report):
        return ""
    if gaps := _gaps(loaded):
        reasons = "; ".join(clean(str(reason)) for reason, _ in gaps.most_common(_REASONS))
        return f"{counted(gaps.total(), 'check')} not evaluated ({reasons})"
    if found or loaded.count("passed"):
        return ""
    missing = dict.fromkeys(str(reason) for outcome in loaded.outcomes for reason in outcome.reasons)
    return "; ".join(map(clean, list(missing)[:_REASONS])) or "the input holds nothing that these rules check"


def _gaps(report: Report) -> Counter[Reason]:
    """Why rules were not evaluated on the objects of the input. Of a kind that is not in it at all a rule says nothing."""
    there = {"app": report.applications, "principal": report.service_principals, "connector": report.connectors}
    found: Counter[Reason] = Counter()
    for outcome in report.outcomes:
        if there.get(outcome.rule.root, 1):
            found.update(outcome.reasons)
    return found


def _ways(message: Message, explanations: list[Explanation], loaded: Loaded) -> list[str]:
    """Where the portal shows what keeps a cause from being excluded."""
    app = next(iter(named_apps(message, loaded.worlds)), None)
    outcomes = loaded.outcomes if isinstance(loaded, Report) else []
    found: dict[str, None] = {}
    for one in explanations:
        ids = {rule.id for rule in one.rules}
        reasons = [reason for outcome in outcomes if outcome.rule.id in ids for reason in outcome.reasons]
        found.update(dict.fromkeys(way_of_code(one.number, reasons, app)))
    return list(found)


def _about(message: Message, rows: list[Finding], loaded: Loaded) -> list[Finding]:
    """The findings on what the message names; all, where nothing that it names is in the input."""
    ids = {id_ for id_ in message.ids if id_ not in CATALOG.first_party}
    roots: list[Any] = [root for world in loaded.worlds for root in (*world.apps, *world.principals)]
    named = {
        root.app_id for root in roots
        if root.app_id.__class__ is str and (root.app_id in ids or (root.id.__class__ is str and root.id in ids))
    }  # fmt: skip
    return [row for row in rows if row.app_id in named or row.app_id is None] if named else rows
