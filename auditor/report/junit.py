"""JUnit XML for the test pages of Azure DevOps, GitLab and others: a suite an object, a case a rule. What is not evaluated is skipped.

Above 50,000 cases, which such pages cannot show, there is one suite with a case a rule, whose numbers say what it came to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from auditor.display import placed
from auditor.report import Options
from auditor.report.model import Finding, Report, RuleVerdict
from auditor.report.rows import Rows, named
from auditor.severity import Status

_BEGINNING = '<?xml version="1.0" encoding="UTF-8"?>\n<!-- Report of regaudit {version} -->\n<testsuites>\n'


class _Outcome(StrEnum):
    """The elements of a case; one that passed has none."""

    passed = ""
    failure = "failure"
    error = "error"
    skipped = "skipped"


class _Case(NamedTuple):
    name: str
    outcome: _Outcome = _Outcome.passed
    message: str = ""
    kind: str = ""  # of a failure or an error


def render(report: Report, options: Options) -> Iterator[bytes]:
    yield _BEGINNING.format(version=report.tool.version).encode()
    suites = [("regaudit", _run(report)), *(_by_object(report) if report.rule_verdicts is not None else [("rules", _by_rule(report))])]
    for number, (name, cases) in enumerate(suites):
        yield _suite(number, name, cases, report.run.as_of[:19]).encode("utf-8", "replace")
    yield b"</testsuites>\n"


def _suite(number: int, name: str, cases: list[_Case], stamp: str) -> str:
    lines: list[str] = []
    numbers = dict.fromkeys(_Outcome, 0)
    shown = quoteattr(name)  # a clean text, which has no control characters
    for case in cases:
        numbers[case.outcome] += 1
        kind = f" type={quoteattr(case.kind)}" if case.kind else ""
        rest = f"><{case.outcome} message={quoteattr(case.message)}{kind}/></testcase>" if case.outcome else "/>"
        lines.append(f'<testcase classname={shown} name={quoteattr(case.name)} time="0"{rest}')
    counts = (
        f'tests="{len(cases)}" failures="{numbers[_Outcome.failure]}" errors="{numbers[_Outcome.error]}" '
        f'skipped="{numbers[_Outcome.skipped]}"'
    )
    about = f'name={shown} package="regaudit" id="{number}" timestamp="{stamp}" hostname="localhost" time="0"'
    return "\n".join((f"<testsuite {about} {counts}>", "<properties/>", *lines, "<system-out/>", "<system-err/>", "</testsuite>", ""))


# -- the run: what is not about one object


def _run(report: Report) -> list[_Case]:
    """Whether everything was read, and the rules that could not be evaluated on any object."""
    cases = [_Case(f"read {one.file or 'the input'}", _Outcome.error, one.text, "input") for one in report.run.errors]
    cases = cases or [_Case("read the input")]
    for one in report.summary.gate.incomplete:
        cases.append(_Case(f"complete: {one.cause}", _Outcome.error, one.message, "incomplete"))
    if report.rule_verdicts is not None:
        by_rule: dict[str, int] = defaultdict(int)
        for verdict in report.rule_verdicts:
            by_rule[verdict.rule_id] += verdict.status is Status.not_evaluated
        for rule in report.rules:
            if rule.verdicts.not_evaluated > by_rule[rule.id]:  # there is no object, and there may be some that were not read
                cases.append(_Case(rule.id, _Outcome.skipped, _reasons(report, rule.id)))
    return cases


def _reasons(report: Report, rule_id: str) -> str:
    return "; ".join(f"{one.what}: {one.why}" for one in report.not_evaluated if rule_id in one.rules)


# -- by object


def _by_object(report: Report) -> Iterator[tuple[str, list[_Case]]]:
    rows = Rows(report)
    found: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    stands_for: dict[tuple[object, ...], str] = {}
    for finding in (*report.findings, *report.rule_errors):
        of = _object(finding)
        found[of, finding.rule_id].append(finding)
        stands_for |= {(of, other): finding.rule_id for other in finding.stands_for}
    by_object: dict[tuple[int | None, ...], list[RuleVerdict]] = defaultdict(list)
    for verdict in report.rule_verdicts or ():
        by_object[_object(verdict)].append(verdict)
    for of, verdicts in by_object.items():
        kind, entity = rows.object_of(verdicts[0])
        name = named(entity, kind)
        cases = [_case(rows, one, found.get((of, one.rule_id), []), stands_for.get((of, one.rule_id))) for one in verdicts]
        yield (name if kind == "application" else f"{kind} {name}"), cases


def _object(of: Finding | RuleVerdict) -> tuple[int | None, ...]:
    return of.app, of.principal, of.connector, of.tenant


def _case(rows: Rows, verdict: RuleVerdict, found: list[Finding], other: str | None) -> _Case:
    name, report = verdict.rule_id, rows.report
    if verdict.status is Status.not_evaluated:
        reason = None if verdict.reason is None else report.not_evaluated[verdict.reason]
        return _Case(name, _Outcome.skipped, "not evaluated" if reason is None else f"{reason.what}: {reason.why}")
    texts = [_said(rows, row) for row in found if row.status in (Status.fail, Status.error)]
    if verdict.status is Status.error:
        return _Case(name, _Outcome.error, "; ".join(texts) or "the rule broke", "rule")
    if verdict.status in (Status.fail, Status.waived, Status.baselined):
        if texts:
            return _Case(name, _Outcome.failure, "; ".join(texts), max(row.severity for row in found if row.status is Status.fail))
        accepted = {f"waived: {row.waiver.reason}" if row.waiver is not None else str(row.status) for row in found}
        why = "; ".join(sorted(accepted)) or (f"{other} reports it" if other else f"below --min-severity {report.run.min_severity}")
        return _Case(name, _Outcome.skipped, why)
    return _Case(name)


def _said(rows: Rows, finding: Finding) -> str:
    file, *_ = rows.place_of(finding)
    place = placed(file, finding.line) if file else rows.portal_of(finding)
    return f"{finding.message} ({place})" if place else finding.message


# -- by rule


def _by_rule(report: Report) -> list[_Case]:
    cases: list[_Case] = []
    for rule in report.rules:
        says = rule.verdicts
        numbers = {"failed": says.failed, "broke": says.errors, "not evaluated": says.not_evaluated, "passed": says.passed}
        text = ", ".join(f"{count:,} {word}" for word, count in numbers.items() if count)
        if says.errors:
            cases.append(_Case(rule.id, _Outcome.error, text, "rule"))
        elif says.failed:
            cases.append(_Case(rule.id, _Outcome.failure, text, "findings"))
        elif says.not_evaluated:
            cases.append(_Case(rule.id, _Outcome.skipped, text))
        elif says.passed:
            cases.append(_Case(rule.id))
    return cases
