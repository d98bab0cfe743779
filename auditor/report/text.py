"""The report for people: findings by rule, the worst first, and a summary that always says how much was looked at."""

from __future__ import annotations

from collections.abc import Iterator

import click

from auditor.display import cell, clean, counted, harmless, told
from auditor.engine.finding import Finding, Status
from auditor.pipeline import Report
from auditor.report import Options
from auditor.report.fixes import Renderer
from auditor.report.verdict import verdict_of
from auditor.severity import Certainty, Severity

_COLOURS = {"critical": "bright_red", "high": "red", "medium": "yellow", "low": "cyan", "info": "blue"}
_MOST_NOTES, _MOST_REASONS = 10, 8
_LONGEST = 4000  # characters of a message, whose parts are cut already


def render(report: Report, options: Options) -> Iterator[bytes]:
    page = _Page(report, options)
    for line in page.lines():
        yield (line + "\n").encode("utf-8", "replace")


class _Page:
    def __init__(self, report: Report, options: Options) -> None:
        self.report, self.options = report, options
        self.fixes = Renderer([outcome.rule for outcome in report.outcomes], options.shell, report.tenants)
        self.gate = report.gate(options.fail_on, strict=options.strict)

    def lines(self) -> Iterator[str]:
        word, colon, rest = verdict_of(self.report, self.gate).partition(":")
        yield self._style(word, "red" if self.gate.exit_code else "green", bold=True) + colon + rest
        if not self.options.quiet:
            yield from self._notes()
            for rows in self._groups():
                yield from self._group(rows)
        yield from self._summary()

    def _style(self, text: str, colour: str | None = None, *, bold: bool = False, dim: bool = False) -> str:
        return click.style(text, fg=colour, bold=bold, dim=dim) if self.options.colour else text

    # -- findings

    def _groups(self) -> list[list[Finding]]:
        """Failures and errors by rule; first the rules with the worst finding, then those with the most."""
        first = self.options.first
        groups: dict[str, list[Finding]] = {}
        for finding in filter(self.options.shows, self.report.findings):
            groups.setdefault(f"{finding.rule_id} {finding.status}", []).append(finding)
        for rows in groups.values():
            rows.sort(key=lambda row: (row.app_id not in first, -row.highest_severity.rank))  # stable: else in the order of the report
        order = {Status.error: 0, Status.fail: 1, Status.passed: 2}
        return sorted(
            groups.values(),
            key=lambda rows: (
                order.get(rows[0].status, 1), rows[0].app_id not in first, -rows[0].highest_severity.rank, -len(rows), rows[0].rule_id
            ),
        )  # fmt: skip

    def _group(self, rows: list[Finding]) -> Iterator[str]:
        first = rows[0]
        if first.status is Status.passed:
            yield f"{self._style('pass', 'green', bold=True)} {first.rule_id}  {harmless(first.rule_title)}  ({len(rows):,})"
        else:
            word = "error" if first.status is Status.error else first.severity
            codes = "".join(f"  AADSTS{code}" for code in first.aadsts)
            head = f"{self._style(word, _COLOURS.get(word, 'magenta'), bold=True)} {self._style(first.rule_id, bold=True)}"
            yield f"{head}  {harmless(first.rule_title)}  ({len(rows):,}){codes}"
        limit = self.options.limit or len(rows)
        for row in rows[:limit]:
            marks: list[str] = [row.severity] if row.severity != first.severity else []
            marks += [row.certainty] if row.certainty is Certainty.likely else []
            yield f"  {_who(row)}" + (f" [{', '.join(marks)}]" if marks else "")
            if row.status is not Status.passed:
                yield f"    {cell(harmless(row.message, _LONGEST))}"  # its facts are clean
            if row.file:
                column = f":{row.column}" if row.column else ""
                yield self._style(f"    {row.file}:{row.line}{column}  {row.property_path or ''}".rstrip(), dim=True)
            elif place := "  ".join(filter(None, (row.property_path, row.portal_url))):
                yield self._style(f"    {place}", dim=True)
            if row.stands_for:
                yield self._style(f"    also found by {', '.join(row.stands_for)}", dim=True)
        if len(rows) > limit:
            yield f"  … and {len(rows) - limit:,} more (--limit 0 shows all)"
        if first.remediation and first.status is Status.fail:
            yield from self._fix(rows[:limit])
        yield ""

    def _fix(self, rows: list[Finding]) -> Iterator[str]:
        """The fix of the first finding, then the commands of each other one. A command is on a line of its own, which is not cut."""
        first = rows[0]
        commands = self.fixes.commands(first)
        whose = f" ({_who(first)})" if len(rows) > 1 and (commands or "`" in (first.remediation or "")) else ""
        head = self._style("fix", "green") + whose + ": "
        for i, line in enumerate(self.fixes.lines(first)):
            yield f"  {'       ' if i else head}{line}".rstrip()
        done = {command.lines for command in commands}
        for row in rows[1:] if commands else ():
            others = [command for command in self.fixes.commands(row) if command.lines not in done]
            if others:
                yield f"  {self._style('fix', 'green')} ({_who(row)}):"
                yield from (f"       {line}" for command in others for line in command.lines)
            done |= {command.lines for command in others}

    # -- what was looked at

    def _notes(self) -> Iterator[str]:
        notes, verbose = self.report.notes, self.options.verbose
        shown = len(notes) if verbose else _MOST_NOTES
        for note in notes[:shown]:
            yield f"{self._style('note', 'blue')} {told(note, 500)}"
        if len(notes) > shown:
            yield f"… and {len(notes) - shown:,} more notes (-v shows all)"
        passed_over = self.report.passed_over if verbose else []
        for name in passed_over:
            yield f"{self._style('passed over', 'blue')} {harmless(name, 500)}"
        if notes or passed_over:
            yield ""

    def _summary(self) -> Iterator[str]:
        report = self.report
        read = [counted(report.applications, "app registration")]
        if report.service_principals:
            read.append(counted(report.service_principals, "service principal"))
        if report.connectors:
            read.append(counted(report.connectors, "connector"))
        passed = f", {counted(report.files_passed_over, 'file')} passed over" if report.files_passed_over else ""
        sources = [f"tenant {clean(tenant.tenant_id, 100)}" for tenant in report.tenants]
        if report.files_read or not sources:
            sources.append(counted(report.files_read, "file"))
        objects = f"{', '.join(read[:-1])}{' and ' if len(read) > 1 else ''}{read[-1]}"
        yield f"Read {objects} from {' and '.join(sources)}{passed}."
        judged = report.count("passed") + report.count("failed")
        line = f"Evaluated {counted(judged, 'check')} with {counted(len(report.outcomes), 'rule')}: "
        line += f"{report.count('passed'):,} passed, {report.count('failed'):,} failed"
        if report.count("errors"):
            line += f", {report.count('errors'):,} broke"
        yield f"{line}; {report.count('not_applicable'):,} did not apply."
        yield from self._not_evaluated()
        for name in report.inexact:
            yield f"{harmless(name, 200)} is larger than 8 MiB: lines only, and repeated keys are not looked for."
        by_severity = report.by_severity()
        if found := [self._style(f"{by_severity[s]:,} {s}", _COLOURS[s], bold=True) for s in reversed(Severity) if by_severity[s]]:
            likely = sum(one.certainty is Certainty.likely for one in report.findings)
            yield f"Findings: {', '.join(found)}" + (f"; {likely:,} of them only likely." if likely else ".")
        elif not self.gate.incomplete:
            yield self._style("No findings.", "green", bold=True)
        for shortfall in self.gate.incomplete:
            yield self._style(f"{shortfall.message[0].upper()}{shortfall.message[1:]}.", "red", bold=True)

    def _not_evaluated(self) -> Iterator[str]:
        count = self.report.count("not_evaluated")
        if not count:
            return
        yield f"Not evaluated: {counted(count, 'check')}, for want of"
        reasons = sorted(self.report.reasons().items(), key=lambda item: (-item[1], str(item[0])))
        shown = len(reasons) if self.options.verbose else _MOST_REASONS
        for reason, number in reasons[:shown]:
            rules = sorted(outcome.rule.id for outcome in self.report.outcomes if reason in outcome.reasons)
            names = ", ".join(rules[:3]) + (f" and {len(rules) - 3:,} more" if len(rules) > 3 else "")
            yield f"  {number:>6,}  {clean(str(reason))}  ({names})"
            if remedy := self.report.remedy(reason):
                yield self._style(f"          {remedy}", dim=True)
        if len(reasons) > shown:
            yield f"          … and {len(reasons) - shown:,} more reasons (-v shows all)"


def _who(row: Finding) -> str:
    name = row.app_display_name or ("(no name)" if row.resource_kind != "tenant" else "tenant")
    identity = row.app_id or row.object_id
    return cell(f"{name} ({identity})" if identity and identity != name else name)
