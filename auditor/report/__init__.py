"""Reports: `build` makes the model of an audit; each format is a function of the model alone, from a report to pieces of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from auditor.pattern import late
from auditor.shell import Shell

if TYPE_CHECKING:
    from auditor.report.model import Report

FORMATS = ("text", "json", "csv", "ndjson")
# How the reports of each format begin or end, so that an older one is known from what somebody else wrote.
_BEGINNINGS = (
    late(rb'\{"schema_version":"[\d.]+","tool":\{"name":"regaudit"'),
    late(rb"(?:\xef\xbb\xbf|#!/usr/bin/env bash\n|@echo off\r\n)(?:#|rem) Fixes of regaudit\. "),
    late(rb'\{"schema_version":"[\d.]+","tool":"regaudit"'),
    late(rb"schema_version,tool,row,run_id,as_of,"),
)
_ENDS = (late(rb"^Evaluated [\d,]+ checks? with [\d,]+ rules?: ", re.MULTILINE),)


class Options(msgspec.Struct, frozen=True):
    """How a reader wants to see it. None of it changes what the report holds."""

    limit: int = 20  # findings shown of a rule; 0: all
    colour: bool = False
    quiet: bool = False
    verbose: bool = False
    first: frozenset[str] = frozenset()  # app ids whose findings come before all others
    rows: str = "findings"  # of csv and ndjson: one of rows.KINDS
    shell: Shell = Shell.bash  # for which commands are written


def render(report: Report, form: str, options: Options) -> Iterator[bytes]:
    """The report in one of FORMATS, in pieces."""
    renderer: Callable[[Report, Options], Iterator[bytes]]
    if form == "json":
        from auditor.report.json import render as renderer
    elif form == "csv":
        from auditor.report.table import comma_separated as renderer
    elif form == "ndjson":
        from auditor.report.table import ndjson as renderer
    else:
        from auditor.report.text import render as renderer
    return renderer(report, options)


def is_report(start: bytes, end: bytes) -> bool:
    """Whether a file that begins and ends so is a report of ours."""
    return any(pattern.match(start) for pattern in _BEGINNINGS) or any(pattern.search(end) for pattern in _ENDS)
