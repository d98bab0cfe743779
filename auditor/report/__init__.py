"""Reports: `build` makes the model of an audit; each format is a function of the model alone, from a report to pieces of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import IntEnum
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from auditor.pattern import late
from auditor.shell import Shell

if TYPE_CHECKING:
    from auditor.report.model import Report


class Depth(IntEnum):
    """How much of what was read a report has, besides findings."""

    findings = 0  # the objects that findings are of: all that a text needs
    objects = 1  # all objects and their credentials
    inventory = 2  # also owners, permissions and URIs of each app registration


class Format(msgspec.Struct, frozen=True):
    """All that the rest of regaudit knows of a format. Its renderer takes a report and `Options`, and gives pieces of bytes.

    `begins` or `ends` is how its reports are recognised, so that one replaces an older one and nothing that somebody else wrote.
    """

    module: str  # imported when a report is rendered
    renderer: str = "render"
    needs: Depth = Depth.objects
    flat: bool = False  # it has rows of one of KINDS
    by_rule: int = 0  # it has what each rule says of each object, if these are not more
    is_binary: bool = False  # no terminal shows it
    says_what_it_lacks: bool = False  # where a report has less than it needs
    package: str = ""  # that is only installed with the extra of the format's name
    begins: re.Pattern[bytes] | None = None
    ends: re.Pattern[bytes] | None = None

    def wrote(self, start: bytes, end: bytes) -> bool:
        """Whether a file that begins and ends so is a report in this format."""
        return bool((self.begins and self.begins.match(start)) or (self.ends and self.ends.search(end)))

    @property
    def is_installed(self) -> bool:
        if not self.package:
            return True
        from importlib.util import find_spec

        return find_spec(self.package) is not None


_ANNOTATED = late(rb"^regaudit: annotated [\d,]+ of [\d,]+ findings?\.", re.MULTILINE)
_SARIF = rb'\{"\$schema":"[^"]*","version":"2\.1\.0","runs":\[\{"tool":\{"driver":\{"name":"regaudit"'
FORMATS = {
    "text": Format("text", needs=Depth.findings, ends=late(rb"^Evaluated [\d,]+\schecks?\swith\s[\d,]+\srules?:\s", re.MULTILINE)),
    "json": Format("json", begins=late(rb'\{"schema_version":"[\d.]+","tool":\{"name":"regaudit"')),
    "csv": Format("table", "comma_separated", flat=True, begins=late(rb"schema_version,tool,row,run_id,as_of,")),
    "ndjson": Format("table", "ndjson", flat=True, begins=late(rb'\{"schema_version":"[\d.]+","tool":"regaudit"')),
    "sarif": Format("sarif", needs=Depth.findings, begins=late(_SARIF)),
    "junit": Format("junit", by_rule=50_000, begins=late(rb"<\?xml [^>]*>\s*<!-- Report of regaudit ")),
    "github": Format("annotations", "github", needs=Depth.findings, ends=_ANNOTATED),
    "azure": Format("annotations", "azure", needs=Depth.findings, ends=_ANNOTATED),
    "gitlab": Format("gitlab", needs=Depth.findings, begins=late(rb'\[(?:\]\s*\Z|\s*\{"engine_name":"regaudit")')),
    "markdown": Format("markdown", needs=Depth.findings, begins=late(rb"<!-- Report of regaudit ")),
    "ocsf": Format("ocsf", needs=Depth.findings, begins=late(rb'\[(?:\]\s*\Z|\s*\{"metadata":\{"product":\{"name":"regaudit")')),
    "prometheus": Format("prometheus", begins=late(rb"# HELP regaudit_")),
    "html": Format("html", needs=Depth.inventory, says_what_it_lacks=True, begins=late(rb"<!doctype html>\n<!-- Report of regaudit ")),
    "xlsx": Format("xlsx", needs=Depth.inventory, is_binary=True, package="xlsxwriter", ends=late(rb"Report of regaudit\Z")),
}
KINDS = ("findings", "applications", "credentials", "service_principals")  # of rows
OF_INVENTORY = ("applications", "service_principals")  # that have columns of the inventory
# Of the script that --fix-script writes, which is not a format.
_SCRIPT = late(rb"\A(?:\xef\xbb\xbf|#!/usr/bin/env bash\n|@echo off\r\n)(?:#|rem) Fixes of regaudit\. ")
# Of what `regaudit diff` writes, in its three formats.
_DIFF = late(
    rb"^older: .+ \(\d{4}-\d\d-\d\d, |\A<!-- Difference of regaudit "
    rb'|\A\{\s*"schema_version": "[\d.]+",\s*"tool": \{\s*"name": "regaudit"',
    re.MULTILINE,
)


class Options(msgspec.Struct, frozen=True):
    """How a reader wants to see it. None of it changes what the report holds."""

    limit: int | None = None  # findings shown of a rule, object or owner; 0: all; None: as many as are readable
    colour: bool = False
    quiet: bool = False
    verbose: bool = False
    first: frozenset[str] = frozenset()  # app ids whose findings come before all others
    rows: str = KINDS[0]  # of flat formats
    group_by: str = "rule"  # rule, app or owner
    shell: Shell = Shell.bash  # for which commands are written
    summary: str = ""  # the file of the run's Markdown report, for a pipeline to show


def render(report: Report, form: str, options: Options) -> Iterator[bytes]:
    """The report in one of FORMATS, in pieces."""
    module = import_module(f"auditor.report.{FORMATS[form].module}")
    renderer: Callable[[Report, Options], Iterator[bytes]] = getattr(module, FORMATS[form].renderer)
    return renderer(report, options)


def is_report(start: bytes, end: bytes) -> bool:
    """Whether a file that begins and ends so is a report of ours."""
    return any(form.wrote(start, end) for form in FORMATS.values()) or any(made.search(start) for made in (_SCRIPT, _DIFF))
