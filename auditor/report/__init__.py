"""Reports: one module a format, each one function from a Report to text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.engine.finding import Finding, Status
from auditor.severity import Severity
from auditor.shell import Shell

if TYPE_CHECKING:
    from auditor.pipeline import Report

FORMATS = ("text", "json")
# How the reports of each format begin or end, so that an older one is known from what somebody else wrote.
_BEGINNINGS = (
    re.compile(rb'\{"schema_version":"[\d.]+","tool":\{"name":"regaudit"'),
    re.compile(rb"(?:\xef\xbb\xbf|#!/usr/bin/env bash\n|@echo off\r\n)(?:#|rem) Fixes of regaudit\. "),
)
_ENDS = (re.compile(rb"^Evaluated [\d,]+ checks? with [\d,]+ rules?: ", re.MULTILINE),)


@dataclass(frozen=True, slots=True)
class Options:
    """What a reader asked for; formats for machines pay no heed to it."""

    limit: int = 20  # findings shown of a rule; 0: all
    colour: bool = False
    quiet: bool = False
    verbose: bool = False
    strict: bool = False
    fail_on: str = "never"
    first: frozenset[str] = frozenset()  # app ids whose findings come before all others
    shell: Shell = Shell.bash  # for which commands are written
    min_severity: str = Severity.info  # what cannot be as high is not listed; counts and exit codes are of everything

    def shows(self, finding: Finding) -> bool:
        """Errors, and what passed if that is asked for, have no severity of their own."""
        return finding.status is not Status.fail or finding.highest_severity >= self.min_severity


def render(report: Report, form: str, options: Options) -> Iterator[bytes]:
    """The report in one of FORMATS, in pieces."""
    renderer: Callable[[Report, Options], Iterator[bytes]]
    if form == "json":
        from auditor.report.json import render as renderer
    else:
        from auditor.report.text import render as renderer
    return renderer(report, options)


def is_report(start: bytes, end: bytes) -> bool:
    """Whether a file that begins and ends so is a report of ours."""
    return any(pattern.match(start) for pattern in _BEGINNINGS) or any(pattern.search(end) for pattern in _ENDS)
