"""Annotations of GitHub Actions and Azure Pipelines: lines of a log that the system obeys. It shows a few, so the worst come first.

Every value is escaped as the system reads it, and clean before: only the commands that begin a line here are obeyed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from auditor.display import counted
from auditor.report import Options
from auditor.report.model import Report
from auditor.report.rows import Artifact, Rows, worst
from auditor.severity import Certainty, Severity, Status

_MOST_OF_A_KIND = 10  # that both systems show of a step; GitHub shows fifty of a job, and there are three kinds
_MOST_ERRORS = 5  # of what could not be read: findings shall be seen, too


class _Annotation(NamedTuple):
    kind: str
    title: str
    message: str
    place: Artifact | None


class _System(NamedTuple):
    kinds: dict[Severity, str]
    line: Callable[[_Annotation], str]


def github(report: Report, options: Options) -> Iterator[bytes]:
    yield from _render(report, _GITHUB)


def azure(report: Report, options: Options) -> Iterator[bytes]:
    """With the Markdown report of the same run as the summary of the pipeline, where there is one."""
    yield from _render(report, _AZURE)
    if options.summary:
        yield _line(f"##vso[task.uploadsummary]{_azure(options.summary)}")


def _render(report: Report, system: _System) -> Iterator[bytes]:
    yield _line(report.summary.gate.verdict)
    findings = 0
    left = dict.fromkeys(system.kinds.values(), _MOST_OF_A_KIND)
    for annotation, is_finding in _annotations(report, system):
        if left[annotation.kind]:
            left[annotation.kind] -= 1
            findings += is_finding
            yield _line(system.line(annotation))
    yield _line(f"regaudit: annotated {findings:,} of {counted(report.summary.by_status.get(Status.fail, 0), 'finding')}.")


def _annotations(report: Report, system: _System) -> Iterator[tuple[_Annotation, bool]]:
    """What could not be done first, then the worst findings of each kind; those that are waived or known before have none."""
    gravest = system.kinds[Severity.critical]
    for error in report.run.errors[:_MOST_ERRORS]:
        place = Artifact(error.file, error.line or 1, error.column) if error.file else None
        yield _Annotation(gravest, "not read", error.text, place), False
    for one in report.summary.gate.incomplete:
        yield _Annotation(gravest, "incomplete", one.message, None), False
    rows = Rows(report)
    for kind in dict.fromkeys(system.kinds.values()):
        some = [row for row in report.findings if row.status is Status.fail and system.kinds[row.severity] == kind]
        for row in worst(some, _MOST_OF_A_KIND):
            likely = ", likely" if row.certainty is Certainty.likely else ""
            message = f"{rows.name_of(row)}: {row.message} ({row.severity}{likely})"
            yield _Annotation(kind, row.rule_id, message, rows.artifact_of(row)), True


def _line(text: str) -> bytes:
    return (text + "\n").encode("utf-8", "replace")


# -- GitHub Actions: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands


def _github_line(one: _Annotation) -> str:
    values: dict[str, object] = {}
    if one.place is not None:
        values = {"file": one.place.path, "line": one.place.line}
        if one.place.column:
            values["col"] = one.place.column
    values["title"] = f"regaudit: {one.title}"
    listed = ",".join(f"{name}={_github(str(value)).replace(':', '%3A').replace(',', '%2C')}" for name, value in values.items())
    return f"::{one.kind} {listed}::{_github(one.message)}"


def _github(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


_GITHUB = _System(
    {Severity.critical: "error", Severity.high: "error", Severity.medium: "warning", Severity.low: "notice", Severity.info: "notice"},
    _github_line,
)


# -- Azure Pipelines: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands


def _azure_line(one: _Annotation) -> str:
    values: dict[str, object] = {"type": one.kind}
    if one.place is not None:
        values |= {"sourcepath": one.place.path, "linenumber": one.place.line}
        if one.place.column:
            values["columnnumber"] = one.place.column
    values["code"] = one.title
    listed = ";".join(f"{name}={_azure(str(value)).replace(';', '%3B').replace(']', '%5D')}" for name, value in values.items())
    return f"##vso[task.logissue {listed};]{_azure(one.message)}"


def _azure(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


_AZURE = _System(
    {Severity.critical: "error", Severity.high: "error", Severity.medium: "warning", Severity.low: "warning", Severity.info: "warning"},
    _azure_line,
)
