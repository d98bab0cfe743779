"""The gate of a pipeline: which findings count, whether the job is complete, and the exit code that says both.

0: complete, and no finding counts. 1: complete, and a finding counts. 2: the job, or a part of it, could not be done, whatever was
found: a pass means that somebody looked. Text, JSON, exit code and every command ask here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from auditor.display import counted
from auditor.engine.finding import Finding, Outcome
from auditor.errors import UsageError
from auditor.severity import SEVERITIES, Severity, Status
from auditor.unknown import Reason, Unavailable


class Cause(StrEnum):
    """Why a job is not complete."""

    empty = "empty"
    nothing_checked = "nothing-checked"
    errors = "errors"
    broken = "broken-checks"
    left_out = "not-evaluated-at-gate"
    may_reach = "may-reach-gate"
    strict = "strict"
    not_compared = "not-compared"


class Rated(Protocol):
    """A row of a run or of its report."""

    @property
    def status(self) -> Status: ...

    @property
    def severity(self) -> Severity: ...


class Shortfall(msgspec.Struct, frozen=True):
    """A part of the job that could not be done. `count` is of what `message` speaks of; `rules` are those that it is about."""

    cause: Cause
    message: str
    count: int = 1
    rules: list[str] = []


class Gate(msgspec.Struct, frozen=True):
    """What a run came to. `findings` is the number of those that count at `fail_on`: a severity, or "never"."""

    fail_on: str
    findings: int = 0
    incomplete: list[Shortfall] = []  # empty: the job is complete

    @property
    def exit_code(self) -> int:
        return 2 if self.incomplete else 1 if self.findings else 0

    @property
    def nothing_known(self) -> bool:
        """Nothing was checked."""
        return any(shortfall.cause in (Cause.empty, Cause.nothing_checked) for shortfall in self.incomplete)

    @property
    def head(self) -> str:
        """What a verdict begins with: pass; fail; incomplete (1 error while reading); fail, incomplete (…)."""
        words = ["fail"] * (self.findings > 0) + ["incomplete"] * bool(self.incomplete)
        reasons = "; ".join(shortfall.message.partition(":")[0] for shortfall in self.incomplete)
        return (", ".join(words) or "pass") + (f" ({reasons})" if reasons else "")

    def row(self, verdict: str) -> dict[str, Any]:
        """As JSON reports say it."""
        return {
            "verdict": verdict,
            "fail_on": self.fail_on,
            "findings": self.findings,
            "failed": self.findings > 0,
            "complete": not self.incomplete,
            "incomplete": self.incomplete,
            "exit_code": self.exit_code,
        }


class Against(msgspec.Struct, frozen=True):
    """What a comparison with an older run asks of the gate: findings of these changes (`Finding.change`) do not count."""

    unheeded: frozenset[str] = frozenset()
    shortfalls: list[Shortfall] = []


EMPTY = Shortfall(Cause.empty, "the input is empty: it holds nothing to check")


def threshold(fail_on: str) -> Severity | None:
    """The severity; None for "never". Raises UsageError."""
    if fail_on == "never":
        return None
    if fail_on not in SEVERITIES:
        raise UsageError(f"fail_on is one of {', '.join(SEVERITIES)} or never, not {fail_on!r}")
    return Severity(fail_on)


def is_failure(finding: Rated) -> bool:
    """Whether a row says that something is wrong with its object, and nobody has accepted that."""
    return finding.status is Status.fail


def counts(finding: Rated, at: Severity | None) -> bool:
    """Whether a finding counts at a severity; at None ("never") none does."""
    return at is not None and is_failure(finding) and finding.severity >= at


def of_audit(
    fail_on: str,
    outcomes: Collection[Outcome],
    findings: Iterable[Finding],
    *,
    errors: int,
    mendable: Collection[Reason],
    optional: Collection[Reason] = (),
    is_empty: bool,
    allow_empty: bool,
    strict: bool = False,
    against: Against = Against(),  # noqa: B008  (frozen)
) -> Gate:
    """What the outcomes of a run come to.

    `errors`: inputs that could not be read. `mendable`: what is unknown because of something fixable, such as a missing permission.
    `optional`: what is unknown because of a permission that a run can do without: it counts where every rule asks for it.
    `is_empty`: the input was read and holds nothing to audit. `strict`: whatever could not be evaluated is not done. Raises UsageError.
    """
    at = threshold(fail_on)
    if is_empty:
        return Gate(fail_on, 0, [] if allow_empty else [EMPTY])
    broken, gaps = (sum(getattr(outcome, name) for outcome in outcomes) for name in ("errors", "not_evaluated"))
    found = unread(errors, broken)
    if not found and not any(outcome.passed or outcome.failed or outcome.not_applicable for outcome in outcomes):
        if gaps:
            found.append(Shortfall(Cause.nothing_checked, "no check could be evaluated", gaps))
        elif not allow_empty:
            found.append(Shortfall(Cause.nothing_checked, "the input holds nothing that these rules check"))
    if optional and all(not set(optional).isdisjoint(outcome.reasons) for outcome in outcomes):
        mendable = {*mendable, *optional}
    if at is not None and mendable:
        found += _below(at, outcomes, mendable)
    if strict:
        found += strictly(gaps, "check")
    counted_ones = sum(counts(finding, at) and finding.change not in against.unheeded for finding in findings)
    return Gate(fail_on, counted_ones, found + against.shortfalls)


def of_list(objects: str, what: str, *, read: int, known: int, errors: int, is_empty: bool, allow_empty: bool) -> Gate:
    """What a list comes to that judges nothing: of so many `objects` that were `read`, `what` is `known` of so many."""
    if not read and (is_empty or not errors):
        return Gate("never", 0, [] if allow_empty else [Shortfall(Cause.empty, f"the input holds no {objects}")])
    found = unread(errors)
    if read and not known:
        found.append(Shortfall(Cause.nothing_checked, f"the input does not say {what}", read))
    return Gate("never", 0, found)


def strictly(gaps: int, noun: str) -> list[Shortfall]:
    """Under --strict nothing may stay without a verdict."""
    return [Shortfall(Cause.strict, f"{counted(gaps, noun)} not evaluated, which --strict does not allow", gaps)] if gaps else []


def unread(errors: int, broken: int = 0) -> list[Shortfall]:
    """Inputs that could not be read, and checks that broke."""
    found = []
    if errors:
        found.append(Shortfall(Cause.errors, f"{counted(errors, 'error')} while reading", errors))
    if broken:
        found.append(Shortfall(Cause.broken, f"{counted(broken, 'check')} broke: a rule or regaudit itself is at fault", broken))
    return found


def _below(at: Severity, outcomes: Iterable[Outcome], mendable: Collection[Reason]) -> list[Shortfall]:
    """Rules at or above a severity that could not be evaluated, or may have findings of it, because of a problem that the user can fix."""
    gaps = set(mendable)
    if not gaps:
        return []
    from auditor.engine.prepared import ready

    out = [o.rule.id for o in outcomes if not gaps.isdisjoint(o.reasons) and ready(o.rule, Unavailable()).levels[-1] >= at]
    rising = [o.rule.id for o in outcomes if any(one.reason in gaps and one.may_reach(at) for one in o.undecided)]
    found = []
    if out:
        text = f"{counted(len(out), 'rule')} at or above --fail-on could not be fully evaluated because of a problem you can fix"
        found.append(Shortfall(Cause.left_out, f"{text}: {_names(out)}", len(out), out))
    if rising:
        text = f"{counted(len(rising), 'rule')} may have findings at or above --fail-on, depending on a problem you can fix"
        found.append(Shortfall(Cause.may_reach, f"{text}: {_names(rising)}", len(rising), rising))
    return found


def _names(rules: list[str]) -> str:
    return ", ".join(rules[:3]) + (f" and {len(rules) - 3:,} more" if len(rules) > 3 else "")
