"""A run that is compared with an older one before its report is made: what is new is marked, and the gate may look at that alone."""

from __future__ import annotations

from auditor.engine.gate import Against, threshold
from auditor.history.compare import Class, compare
from auditor.history.diff import NOT_COMPARED
from auditor.report.build import findings_of, report_of
from auditor.report.model import Report
from auditor.results import Report as Audited


def compare_with(old: Report, audited: Audited, fail_on: str, *, only_new: bool, ignore_newly_visible: bool = False) -> None:
    """Marks the findings of a run as new, newly visible or known. `only_new`: those that are known do not count at `fail_on`, nor those
    that are newly visible if these are ignored; and where nothing could be compared the job is not done. Raises UsageError.
    """
    compared = compare(old, report_of(audited, fail_on=fail_on), threshold(fail_on))
    for row, one in zip(findings_of(audited), compared.new, strict=True):
        row.change = one.be.value
    if only_new:
        unheeded = {Class.known.value, *([Class.newly_visible.value] if ignore_newly_visible else [])}
        audited.against = Against(frozenset(unheeded), [] if compared.comparable else [NOT_COMPARED])
