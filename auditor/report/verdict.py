"""The verdict of a run in one line, the first of every report for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from auditor.display import counted
from auditor.engine.gate import Gate, is_failure
from auditor.report.model import blind
from auditor.results import Report
from auditor.severity import Severity

KINDS = {
    "application": "registration", "servicePrincipal": "service principal", "connector": "connector", "savedSecret": "saved secret",
    "tenant": "tenant",
}  # fmt: skip


def verdict_of(report: Report, gate: Gate) -> str:
    checks = sum(map(report.count, ("passed", "failed", "not_applicable", "errors")))
    of_blind = blind(report.outcomes)
    gaps = report.count("not_evaluated") - sum(of_blind)
    said = verdict(gate, report.objects, report.with_findings, report.by_severity(), checks=checks, gaps=gaps, of_blind=len(of_blind))
    changes = Counter(row.change for row in report.findings if is_failure(row) and row.change is not None)
    return said + _compared(changes) + taken_away(report)


def taken_away(report: Report) -> str:
    """; findings taken away: 3 by regaudit.toml (1 with a lower severity), 2 by regaudit-waivers.toml (1 expired), 4 by baseline.json

    Every file that can take findings away is named, also where it takes none. '' where there is none.
    """
    if (all_ := report.exceptions) is None:
        return ""
    counts = Counter({use.waiver.file: 0 for use in all_.waivers})
    counts.update(row.waiver.file for row in report.findings if row.waiver is not None)
    more: dict[str, list[str]] = {}
    expired = Counter(use.waiver.file for use in all_.waivers if use.state == "expired" and use.findings)
    for file, number in expired.items():
        more.setdefault(file, []).append(f"{number:,} expired")
    order = list(counts)
    if all_.configuration:
        decides = all_.configuration[0]
        others = [file for file in all_.configuration[1:] if file in counts]
        counts[decides] += all_.left_out
        order = list(dict.fromkeys([decides, *others, *order]))
        if all_.lowered:
            more.setdefault(decides, []).append(f"{all_.lowered:,} with a lower severity")
    if all_.baseline is not None:
        counts[all_.baseline] += all_.baselined
        order.append(all_.baseline)
        if all_.risen:
            more.setdefault(all_.baseline, []).append(f"{all_.risen:,} more severe than there")
    if not order:
        return ""
    named = [f"{counts[file]:,} by {file}" + (f" ({', '.join(more[file])})" if file in more else "") for file in order]
    return f"; findings taken away: {', '.join(named)}"


def _compared(changes: Mapping[str, int]) -> str:
    """Of a run that was compared with an older one: 2 new, 1 newly visible, 40 known."""
    if not changes:
        return ""
    visible = f"{changes['newly-visible']:,} newly visible, " if changes.get("newly-visible") else ""
    return f"; {changes.get('new', 0):,} new, {visible}{changes.get('known', 0):,} known"


def verdict(
    gate: Gate,
    read: Mapping[str, int],
    with_findings: Mapping[str, int],
    by_severity: Mapping[Severity, int],
    *,
    checks: int,
    gaps: int,
    of_blind: int = 0,
) -> str:
    """fail: 3 of 12 registrations have findings: 1 critical, 2 high (3 at or above --fail-on high); 9 checks not evaluated

    `read` and `with_findings` count objects by kind; `checks` is the number of verdicts, `gaps` of checks that were not evaluated, those of
    rules that could not be evaluated at all left out: `of_blind` is the number of these rules.
    """
    if not checks:
        return f"{gate.head}: {nothing(gate)}"
    findings = ", ".join(f"{by_severity[severity]:,} {severity}" for severity in reversed(Severity) if by_severity.get(severity))
    missing = [f"{counted(gaps, 'check')} not evaluated"] if gaps else []
    missing += [f"{counted(of_blind, 'rule')} not {'at all' if gaps else 'evaluated'}"] if of_blind else []
    unknown = f"; {', '.join(missing)}" if missing else ""
    if not findings:
        objects = [counted(read[kind], noun) for kind, noun in KINDS.items() if read.get(kind)]
        return f"{gate.head}: no findings in {_listed(objects)}{_at_gate(gate, '')}{unknown}"
    objects = [
        f"{with_findings.get(kind, 0):,} of {counted(read[kind], noun)}"
        for kind, noun in KINDS.items()
        if with_findings.get(kind) or (kind == "application" and read.get(kind))
    ]
    count = f"{gate.findings:,} at or above " if gate.findings else "none at or above "
    verb = "has" if sum(with_findings.values()) == 1 else "have"
    return f"{gate.head}: {_listed(objects)} {verb} findings: {findings}{_at_gate(gate, count)}{unknown}"


def nothing(gate: Gate) -> str:
    """Of a run without any verdict."""
    return "nothing was checked" + ("" if gate.incomplete else ": the input holds nothing to check (--allow-empty)")


def _at_gate(gate: Gate, count: str) -> str:
    if gate.fail_on == Severity.info:  # all of them count
        return ""
    return f" ({count if gate.fail_on != 'never' else ''}--fail-on {gate.fail_on})"


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
