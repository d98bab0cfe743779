"""The report for people: findings by rule, the worst first, and a summary that always says how much was checked."""

from __future__ import annotations

from collections.abc import Iterator

import click

from auditor import markdown
from auditor.accepted import NOT_CHECKED, Exceptions
from auditor.display import cell, counted, harmless
from auditor.report import Options
from auditor.report.model import Finding, NotEvaluated, Remark, Report
from auditor.report.rows import Rows, said_of
from auditor.severity import Certainty, Status

COLOURS = {"critical": "bright_red", "high": "red", "medium": "yellow", "low": "cyan", "info": "blue"}
_MOST_NOTES, _MOST_REASONS = 10, 8
_TO_CHECK = ". To check one, add the manifests of its client and API: App registrations > the application > Manifest > Download"
_LONGEST = 4000  # characters of a message, whose parts are cut already


def render(report: Report, options: Options) -> Iterator[bytes]:
    page = _Page(report, options)
    for line in page.lines():
        yield (line + "\n").encode("utf-8", "replace")


class _Page:
    def __init__(self, report: Report, options: Options) -> None:
        self.report, self.options = report, options
        self.rows = Rows(report)

    def lines(self) -> Iterator[str]:
        gate = self.report.summary.gate
        word, colon, rest = gate.verdict.partition(":")
        yield self._style(word, "red" if gate.exit_code else "green", bold=True) + colon + rest
        if not self.options.quiet:
            yield from self._notes()
            for rows in self._groups():
                yield from self._group(rows)
        yield from self._summary()

    def _style(self, text: str, colour: str | None = None, *, bold: bool = False, dim: bool = False) -> str:
        return click.style(text, fg=colour, bold=bold, dim=dim) if self.options.colour else text

    # -- findings

    def _groups(self) -> list[list[Finding]]:
        """Errors and findings by rule; first the rules with the worst finding, then those with the most."""
        report = self.report
        groups: dict[tuple[str, Status], list[Finding]] = {}
        for row in (*report.findings, *report.rule_errors, *report.passed):
            groups.setdefault((row.rule_id, row.status), []).append(row)
        for rows in groups.values():
            rows.sort(key=self._order)  # stable: else in the order of the report
        if not self.options.verbose:  # the old ones, which a summary counts
            groups = {key: rows for key, rows in groups.items() if key[1] is not Status.baselined}
        order = {Status.error: 0, Status.waived: 2, Status.baselined: 3, Status.passed: 4}
        return sorted(groups.values(), key=lambda rows: (order.get(rows[0].status, 1), *self._order(rows[0]), -len(rows), rows[0].rule_id))

    def _order(self, row: Finding) -> tuple[bool, bool, int]:
        first = self.options.first
        asked_for = first and self.rows.object_of(row)[1].app_id in first
        return not asked_for, row.change == "known", -(row.highest_severity or row.severity).rank

    def _group(self, rows: list[Finding]) -> Iterator[str]:
        first = rows[0]
        rule = self.rows.rules[first.rule_id]
        if first.status is Status.passed:
            yield f"{self._style('pass', 'green', bold=True)} {rule.id}  {rule.title}  ({len(rows):,})"
        else:
            word = first.severity if first.status is Status.fail else first.status
            codes = "".join(f"  AADSTS{code}" for code in rule.aadsts)
            head = f"{self._style(word, COLOURS.get(word, 'magenta'), bold=True)} {self._style(rule.id, bold=True)}"
            yield f"{head}  {rule.title}  ({len(rows):,}){codes}"
        limit = self.options.limit if self.options.limit and first.status is not Status.waived else len(rows)  # no waived one is left out
        for row in rows[:limit]:
            marks: list[str] = [row.severity] if row.severity != first.severity else []
            marks += [row.certainty] if row.certainty is Certainty.likely else []
            marks += [row.change.replace("-", " ")] if row.change not in (None, "known") else []
            yield f"  {self._who(row)}" + (f" [{', '.join(marks)}]" if marks else "")
            if row.status is not Status.passed:
                yield f"    {cell(harmless(row.message, _LONGEST))}"  # its facts are clean
            yield from self._place(row)
            if self.options.verbose and row.status in (Status.fail, Status.waived, Status.baselined):
                yield self._style(f"    id {row.finding_id}", dim=True)
            if accepted := said_of(row):
                yield self._style(f"    {cell(accepted)}", dim=True)
            if row.stands_for:
                yield self._style(f"    also found by {', '.join(row.stands_for)}", dim=True)
        if len(rows) > limit:
            yield f"  … and {len(rows) - limit:,} more (--limit 0 shows all)"
        if first.status is Status.fail:
            yield from self._fix(rows[:limit])
        yield ""

    def _fix(self, rows: list[Finding]) -> Iterator[str]:
        """The fix of the first finding, then the commands of each other one. A command is on a line of its own, which is not cut."""
        first, shell = self.rows.commands_of(rows[0]), self.options.shell
        if not first.text:
            return
        commands = first.commands(shell)
        whose = f" ({self._who(rows[0])})" if len(rows) > 1 and (commands or "`" in first.text) else ""
        yield f"  {self._style('fix', 'green')}{whose}:"
        yield from markdown.wrap(first.shown(shell), "    ")
        done = {command.lines for command in commands}
        for row in rows[1:] if commands else ():
            others = [(why, command) for why, command in self.rows.commands_of(row).explained(shell) if command.lines not in done]
            if others:
                yield f"  {self._style('fix', 'green')} ({self._who(row)}):"
            for why, command in others:
                if command.how:  # somebody decides first: not to be pasted with the others
                    yield from markdown.wrap(why, "    ")
                yield from (f"    {line}" for line in command.lines)
            done |= {command.lines for _, command in others}

    def _place(self, row: Finding) -> Iterator[str]:
        file, _, path = self.rows.place_of(row)
        if file:
            column = f":{row.column}" if row.column else ""
            yield self._style(f"    {file}:{row.line}{column}  {path or ''}".rstrip(), dim=True)
        elif place := "  ".join(filter(None, (path, self.rows.portal_of(row)))):
            yield self._style(f"    {place}", dim=True)

    def _who(self, row: Finding) -> str:
        return cell(self.rows.name_of(row))

    # -- what was checked

    def _notes(self) -> Iterator[str]:
        notes, verbose = self.report.run.notes, self.options.verbose
        shown = len(notes) if verbose else _MOST_NOTES
        for note in notes[:shown]:
            yield f"{self._style('note', 'blue')} {_remark(note)}"
        if len(notes) > shown:
            yield f"… and {counted(len(notes) - shown, 'more note')} (-v shows all)"
        passed_over = self.report.run.coverage.passed_over if verbose else []
        for name in passed_over:
            yield f"{self._style('skipped', 'blue')} {name}"
        if notes or passed_over:
            yield ""

    def _summary(self) -> Iterator[str]:
        run, summary = self.report.run, self.report.summary
        read, verdicts = run.coverage, run.coverage.verdicts
        objects = [counted(read.applications_read, "app registration")]
        if read.service_principals_read:
            objects.append(counted(read.service_principals_read, "service principal"))
        if read.connectors_read:
            objects.append(counted(read.connectors_read, "connector"))
        if read.saved_secrets_read:
            objects.append(counted(read.saved_secrets_read, "saved secret"))
        passed = f", {counted(read.files_passed_over, 'file')} skipped" if read.files_passed_over else ""
        sources = [f"tenant {harmless(tenant, 100)}" for tenant in run.tenants]
        if read.files_read or not sources:
            sources.append(counted(read.files_read, "file"))
        yield f"Read {', '.join(objects[:-1])}{' and ' if len(objects) > 1 else ''}{objects[-1]} from {' and '.join(sources)}{passed}."
        if read.connectors_read and not read.applications_read:
            verb = "signs" if read.connectors_through_entra_id == 1 else "sign"
            through = (
                f"{read.connectors_through_entra_id:,} of {counted(read.connectors_read, 'connector')} {verb} in through Microsoft Entra ID"
            )
            yield f"{through}{_TO_CHECK if read.connectors_through_entra_id else ''}."
        checks = counted(verdicts.passed + verdicts.failed, "check")
        line = f"Evaluated {checks} with {counted(len(self.report.rules), 'rule')}: {verdicts.passed:,} passed, {verdicts.failed:,} failed"
        if verdicts.errors:
            line += f", {verdicts.errors:,} broke"
        yield f"{line}; {verdicts.not_applicable:,} did not apply."
        yield from self._not_evaluated()
        for name in read.without_exact_places:
            yield f"{harmless(name, 200)} is larger than 8 MiB: its findings have lines and no columns."
        severities = summary.by_severity.items()
        if found := [self._style(f"{count:,} {severity}", COLOURS[severity], bold=True) for severity, count in severities if count]:
            yield f"Findings: {', '.join(found)}" + (f"; {summary.likely:,} of them only likely." if summary.likely else ".")
        elif not summary.gate.incomplete:
            others = summary.by_status.get(Status.waived) or summary.by_status.get(Status.baselined)
            yield self._style("No findings but those that are accepted." if others else "No findings.", "green", bold=True)
        if self.report.exceptions is not None:
            yield from self._exceptions(self.report.exceptions)
        for shortfall in summary.gate.incomplete:
            yield self._style(f"{shortfall.message[0].upper()}{shortfall.message[1:]}.", "red", bold=True)

    def _exceptions(self, found: Exceptions) -> Iterator[str]:
        if found.configuration:
            effects = [f"{counted(found.left_out, 'finding')} left out"] if found.left_out else []
            effects += [f"{counted(found.lowered, 'finding')} with a lower severity"] if found.lowered else []
            yield f"Configuration: {', '.join(found.configuration)}" + (f": {', '.join(effects)}." if effects else ".")
        if found.waived:
            yield f"Waived: {counted(found.waived, 'finding')}."
        for use in found.waivers:
            place = f"{use.waiver.file}:{use.waiver.line}: {use.what}"
            if use.state == "expired":
                number = counted(use.findings, "finding")
                back = f"; {number} {'counts' if use.findings == 1 else 'count'} again" if use.findings else ""
                yield self._style(f"Expired on {use.waiver.until}: {place}{back}", "yellow")
            elif use.state == "unused" and (self.options.verbose or not use.remark or use.remark != NOT_CHECKED):
                yield f"Unused: {place}" + (f" ({use.remark})" if use.remark else "")
        if found.baseline is not None:
            risen = f"; {counted(found.risen, 'finding')} more severe than there" if found.risen else ""
            hint = "" if self.options.verbose or not found.baselined else " (-v lists them)"
            yield f"Baseline {found.baseline}: {counted(found.baselined, 'finding')} accepted{hint}{risen}."
            if found.fixed:
                yield f"  {found.fixed:,} fixed: `regaudit baseline PATH --update {found.baseline}` takes them out."
            if found.not_seen:
                yield f"  {found.not_seen:,} not seen: this run could not look for them."

    def _not_evaluated(self) -> Iterator[str]:
        count = self.report.run.coverage.verdicts.not_evaluated
        if not count:
            return
        yield f"Not evaluated: {counted(count, 'check')}. Missing data:"
        reasons = sorted(self.report.not_evaluated, key=lambda one: (-one.count, _reason(one)))
        shown = len(reasons) if self.options.verbose else _MOST_REASONS
        for reason in reasons[:shown]:
            yield f"  {reason.count:>6,}  {_reason(reason)}  ({_some(sorted(reason.rules))})"
            if reason.remedy:
                yield from (self._style(line, dim=True) for line in markdown.wrap(markdown.lines(reason.remedy), " " * 10))
        if len(reasons) > shown:
            yield f"          … and {counted(len(reasons) - shown, 'more reason')} (-v shows all)"


def _remark(said: Remark) -> str:
    place = "" if said.line is None else f":{said.line}:{said.column or 0}"
    return f"{said.file}{place}: {said.message}" if said.file else said.message


def _reason(one: NotEvaluated) -> str:
    return f"{one.what}: {one.why}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
