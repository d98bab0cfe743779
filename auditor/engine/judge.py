"""One pass of every rule over the facts. A rule that breaks is an outcome, not a crash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from auditor.engine.areas import RootVerdicts
from auditor.engine.bound import BoundRule
from auditor.engine.finding import About, Finding, Outcome, Says, Verdict, Verdicts
from auditor.engine.identity import numbered, subject_key
from auditor.engine.prepared import PreparedRule, ready
from auditor.engine.rows import Rows
from auditor.entra.collections import CONNECTORS
from auditor.facts import ROOTS
from auditor.joins.world import World
from auditor.language.found import Found
from auditor.language.logic import Likely
from auditor.rulebook import Rule
from auditor.severity import Status
from auditor.unknown import Unknown

_CHUNK = 256  # roots
FEW = 4  # roots: to judge these one by one takes less time than to compile a rule


def judge(rule: Rule, world: World, *, only: list[Any] | None = None, show_passed: bool = False, certain_only: bool = False) -> Outcome:
    """What one rule says of one world, or of `only` these of its roots. Raises RuleError when the page does not check."""
    return judge_all([rule], world, only=only, show_passed=show_passed, certain_only=certain_only)[0]


def judge_all(
    rules: list[Rule],
    world: World,
    *,
    only: list[Any] | None = None,
    show_passed: bool = False,
    record: bool = False,
    by_root: RootVerdicts | None = None,
    certain_only: bool = False,
    tell: Callable[[int, int], None] | None = None,
) -> list[Outcome]:
    """What each rule says of a world, or of `only` these of its roots. `tell` is called with the number of roots done and of all.

    `by_root` gathers verdicts by root.
    `record`: outcomes keep each verdict, by root and subject. That takes memory, and the time of three-valued logic for all subjects.
    `certain_only`: what would fail by a presumption, or by an exemption that is not known, is not evaluated.
    """
    some = [rule for rule in rules if only is not None or roots_of(rule, world)]
    options: dict[str, Any] = {"show_passed": show_passed, "record": record, "by_root": by_root, "certain_only": certain_only}
    runs = {rule.id: RuleRun(rule, world, **options) for rule in some}
    sets: list[tuple[list[RuleRun], list[Any]]] = []
    kinds: dict[str, list[RuleRun]] = {}
    for rule in some:
        kinds.setdefault(rule.root, []).append(runs[rule.id])
    for kind, these in kinds.items():
        roots = roots_of(these[0].rule, world) if only is None else [root for root in only if isinstance(root, ROOTS[kind])]
        sets.append((these, roots))
    done, total = 0, sum(len(roots) for _, roots in sets)
    for these, roots in sets:
        # All rules over a few hundred roots, then over the next: what one rule has read is at hand for the others.
        for start in range(0, len(roots), _CHUNK):
            chunk = roots[start : start + _CHUNK]
            subjects: dict[str, list[Any]] = {}  # of `each` -> roots that have any
            for one in these:
                if one.each not in subjects:
                    is_ready = len(chunk) > FEW or isinstance(one.bound.compiled, PreparedRule)
                    subjects[one.each] = one.bound.functions.with_subjects(chunk) if is_ready else chunk
                one.judge(subjects[one.each], len(chunk))
            done += len(chunk)
            if tell is not None:
                tell(done, total)
    return [runs[rule.id].outcome if rule.id in runs else _nothing_to_judge(rule, world) for rule in rules]


def roots_of(rule: Rule, world: World) -> list[Any]:
    kind = rule.root
    if kind == "app":
        return world.apps
    if kind == "principal":
        return world.principals
    if kind == "connector":
        return world.connectors
    return [world.tenant] if world.tenant.document is not None else []


def _nothing_to_judge(rule: Rule, world: World) -> Outcome:
    """A root collection that is not in the input is not "all of them pass". (Of connectors only those in the input are known.)"""
    (collection,) = ROOTS[rule.root].COLLECTIONS
    if collection is CONNECTORS or world.known.is_complete(collection) or not world.given:
        return Outcome(rule)
    unknown = ready(rule, world.unavailable).unknown if rule.root == "tenant" else None  # a policy, say, and no organization
    if unknown is None:
        unknown = world.missing(collection)
    return Outcome(rule, not_evaluated=1, reasons={unknown.key: 1})


class RuleRun:
    """One rule over one world, a few roots at a time."""

    def __init__(
        self,
        rule: Rule,
        world: World,
        *,
        show_passed: bool,
        record: bool = False,
        by_root: RootVerdicts | None = None,
        certain_only: bool = False,
    ) -> None:
        self.rule, self.show_passed, self._by_root = rule, show_passed, by_root
        self.bound = BoundRule(ready(rule, world.unavailable), world.now, world.tenant, certain_only=certain_only)
        self.each = rule.each
        self.outcome = Outcome(rule, verdicts={} if record else None)
        self._rows = Rows(self.bound, world)
        # Where verdicts are recorded: findings by root and subject key, errors by root.
        self._findings: dict[tuple[int, str], list[Finding]] = {}
        self._errors: dict[int, Finding] = {}

    def judge(self, roots: list[Any], total: int) -> None:
        """Judge these of `total` roots; to the others the rule does not apply, since they have no subject."""
        if not roots:
            self.outcome.not_applicable += total
            return
        found = Found()
        # Where a part of the rule is blind, the pass and the three values can name different reasons: it is always the pass that does.
        if len(roots) > FEW or self.bound.has_code or self.bound.unknown is not None:
            self.bound.functions.check(roots, found)
        else:
            found.mixed = [(root, False, False) for root in roots]
            found.opened = [(root, None, None) for root in roots]
        self.count(found, total)
        if self.outcome.verdicts is not None:
            for root in roots:
                if verdicts := self._verdicts(root):
                    self.outcome.verdicts[id(root)] = verdicts

    def count(self, found: Found, total: int) -> None:
        """Verdicts and rows of what a pass over some roots left behind."""
        outcome, passed = self.outcome, found.passed
        outcome.not_applicable += total - len(passed) - len(found.blind) - len(found.mixed) - len(found.broken)
        if found.blind:
            assert self.bound.unknown is not None
            outcome.not_evaluated += len(found.blind)
            outcome.leave_open(self.bound.unknown.key, len(found.blind))
        if found.mixed:
            settled, among_unknown = self._settle(found)
            passed = passed + settled
            rows = self._rows.failed(found.failed, found.likely, outcome.undecided)
            outcome.rows += rows
            if among_unknown:
                for (root, _), (_, row) in zip(found.failed, rows, strict=True):
                    row.among_unknown = id(root) in among_unknown
            if outcome.verdicts is not None:
                for (root, subject), (_, row) in zip(found.failed, rows, strict=True):
                    self._findings.setdefault((id(root), subject_key(root, subject)), []).append(row)
            outcome.errors += sum(row.status is Status.error for _, row in rows)
        if found.broken:
            outcome.errors += len(found.broken)
            errors = [(root, self._rows.error(root, error)) for root, error in found.broken]
            outcome.rows += [(About(root.rank, ""), row) for root, row in errors]
            if outcome.verdicts is not None:
                self._errors |= {id(root): row for root, row in errors}
        outcome.passed += len(passed)
        if self._by_root is not None:
            self._by_root.add(self.rule, Status.passed, passed)
            self._by_root.add(self.rule, Status.error, [root for root, _ in found.broken])
            if self.bound.unknown is not None:
                self._by_root.leave_open(self.rule, self.bound.unknown.key, found.blind)
        if self.show_passed:
            outcome.rows += [(About(root.rank, ""), self._rows.passed(root)) for root in passed]

    def _settle(self, found: Found) -> tuple[list[Any], set[int]]:
        """Verdicts of the roots that failed, or of which the fast pass met an unknown.

        Returns those that pass after all, and by id() those that failed and have another subject that is not evaluated.
        """
        failed = {id(root) for root, _ in found.failed}
        passed: set[int] = set()
        unknown: dict[int, Unknown] = {}
        broken: set[int] = set()
        if found.opened:
            self._judge_exactly(found, failed, passed, unknown, broken)
        outcome = self.outcome
        failing, passing = list[Any](), list[Any]()
        among_unknown: set[int] = set()
        left_open: dict[int, tuple[Unknown, list[Any]]] = {}  # by id(): many roots lack the same
        for root, seen, dark in found.mixed:
            key = id(root)
            if key in broken:
                continue
            if key in failed:
                failing.append(root)
                if dark or key in unknown:
                    among_unknown.add(key)
            elif dark or key in unknown:
                reason = unknown.get(key, self.bound.unknown)
                assert reason is not None
                left_open.setdefault(id(reason), (reason, []))[1].append(root)
            elif seen or key in passed:
                passing.append(root)
            else:
                outcome.not_applicable += 1
        outcome.failed += len(failing)
        if self._by_root is not None:
            self._by_root.add(self.rule, Status.fail, failing)
        for reason, roots in left_open.values():
            outcome.not_evaluated += len(roots)
            outcome.leave_open(reason.key, len(roots))
            if self._by_root is not None:
                self._by_root.leave_open(self.rule, reason.key, roots)
        return passing, among_unknown

    def _judge_exactly(self, found: Found, failed: set[int], passed: set[int], unknown: dict[int, Unknown], broken: set[int]) -> None:
        """Subjects at which an unknown was met, once more in three values; of a root at which it was met before, all subjects."""
        judged = {(id(root), id(subject)) for root, subject in found.failed}
        for root, opened, gap in found.opened:
            try:
                subjects = [(opened, gap)] if opened is not None else self.bound.subjects(root, gap)
                for subject, missing in subjects:
                    if (id(root), id(subject)) in judged:
                        continue
                    judged.add((id(root), id(subject)))
                    verdict = self.bound.exactly(root, subject, missing)
                    if verdict is False or verdict.__class__ is Likely:
                        found.failed.append((root, subject))
                        if verdict is not False:
                            found.likely[id(root), id(subject)] = verdict
                        failed.add(id(root))
                    elif verdict is True:
                        passed.add(id(root))
                    elif verdict is not None:
                        unknown.setdefault(id(root), verdict)
            except Exception as error:  # noqa: BLE001  (a rule that breaks is an outcome)
                if id(root) not in broken:
                    broken.add(id(root))
                    found.broken.append((root, error))

    def _verdicts(self, root: Any) -> Verdicts:
        """What the rule says of each subject of a root: in three values, since the fast pass does not tell passing subjects apart."""
        found: Verdicts = {}
        if (error := self._errors.pop(id(root), None)) is not None:
            found[""] = Verdict(Says.error, finding=error)
        twins = Counter[str]()
        missing = self.bound.unknown if self.bound.unknown is not None else Unknown("", "")  # never seen: nothing is missing
        try:
            for subject, gap in self.bound.subjects(root, missing):
                verdict = self.bound.exactly(root, subject, gap)
                if subject is None:
                    found[None] = _verdict(verdict, None)
                else:
                    key = subject_key(root, subject)
                    found[numbered(key, twins)] = _verdict(verdict, self._findings.get((id(root), key)))
        except Exception as error:  # noqa: BLE001  (as above)
            if "" not in found:
                found[""] = Verdict(Says.error, finding=self._rows.error(root, error))
        return found


def _verdict(value: Any, rows: list[Finding] | None) -> Verdict:
    if isinstance(value, Unknown):
        return Verdict(Says.not_evaluated, value.key)
    if value is None:
        return Verdict(Says.not_applicable)
    return Verdict(Says.passed) if value is True else Verdict(Says.failed, finding=rows.pop(0) if rows else None)
