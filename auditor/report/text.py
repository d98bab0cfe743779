"""The report for people: the verdict, what is worst and within reach first, and a summary that always says how much was checked.

Few findings are shown with their fixes. Of many there are examples, and a line for each rule (object, owner): see `_short`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from auditor import markdown
from auditor.display import KEPT, cell, columns, counted, harmless, placed, wrapped
from auditor.report import Options
from auditor.report.model import Finding, Remark, Report
from auditor.report.paint import painted
from auditor.report.rows import Rows, said_of
from auditor.report.sections import Section, Sections
from auditor.report.summary import Summary
from auditor.severity import Certainty, Status

_LONGEST = 4000  # characters of a message, whose parts are cut already
_FULL = 50  # rows that are all shown, with their fixes
_MOST_LINES = 60  # of a short report
_MOST_SECTIONS, _EXAMPLES = 5, 2  # of a short report: sections with examples, and how many of the first; of others one
_FEW_LINES = 2  # of a message in a short report
_MOST_NOTES, _FEW_NOTES = 10, 3
_SHOWN = 20  # rows of a section in a long report, where nobody says how many
_NOUNS = {"rule": "rule", "app": "object", "owner": "owner"}


def render(report: Report, options: Options) -> Iterator[bytes]:
    page = _Page(report, options)
    for line in page.lines():
        yield (line + "\n").encode("utf-8", "replace")


class _Page:
    def __init__(self, report: Report, options: Options) -> None:
        self.report, self.options = report, options
        self.rows = Rows(report)
        self.sections = Sections(self.rows, options.group_by, options.first)

    def lines(self) -> Iterator[str]:
        summary = Summary(self.report, self.options.verbose, self.options.colour)
        if self.options.quiet:
            yield from (*self._verdict(), *summary.lines())
            return
        sections = self.sections.made(baselined=self.options.verbose)
        is_short = not self.options.verbose and self.options.limit is None and sum(len(one.rows) for one in sections) > _FULL
        begins = [*self._verdict(), *self._first(), *self._notes(_FEW_NOTES if is_short else _MOST_NOTES)]
        yield from begins
        if is_short:
            ends = list(summary.lines())
            yield from self._short(sections, _MOST_LINES - len(begins) - len(ends))
            yield from ends
        else:
            for section in sections:
                yield from self._section(section)
            yield from summary.lines()

    def _paint(self, text: str, style: str) -> str:
        return painted(text, style, colour=self.options.colour)

    def _verdict(self) -> Iterator[str]:
        gate = self.report.summary.gate
        first, *others = wrapped(gate.verdict, "", "  ")
        word, colon, rest = first.partition(":")
        yield self._paint(word, "high" if gate.exit_code else "pass") + colon + rest
        yield from others

    def _first(self) -> Iterator[str]:
        """What to look at before everything else."""
        found = sorted(self.sections.reach.values(), key=lambda reach: (reach.rank, self.sections.who(reach.power[0])))
        if not found:
            return
        more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
        have = "has" if len(found) == 1 else "have"
        text = f"First: {self.sections.who(found[0].power[0])}{more} {have} powerful permissions and a way in (`regaudit overview`)."
        yield from wrapped(text, "", "  ")

    # -- many findings

    def _short(self, sections: list[Section], room: int) -> Iterator[str]:
        """Examples of the first sections, a line for each of the others, in so many lines."""
        hint = wrapped(
            "-v or --limit N shows findings with their fixes, --limit 0 and json all of them; --select RULE those of one rule; "
            "--group-by rule, app or owner."
        )
        room -= len(hint) + 1
        out: list[str] = []
        shown = 0
        for section in sections[:_MOST_SECTIONS]:
            part = list(self._section(section, 1 if shown else _EXAMPLES, is_short=True))
            others = len(sections) - shown - 1
            if shown and len(out) + len(part) + min(others + 2, room // 2) > room:
                break
            out += part
            shown += 1
        yield from out
        if shown < len(sections):
            yield from self._table(sections[shown:], max(3, room - len(out)))
        yield from (*hint, "")

    def _table(self, sections: list[Section], room: int) -> Iterator[str]:
        """A line for each section, in so many lines."""
        count = len(sections) if len(sections) + 2 <= room else room - 3
        name = _NOUNS[self.options.group_by]
        width = max(9, *(len(one.word) for one in sections))
        are_one = self.options.group_by == "app"  # each is one object
        yield f"{'severity':<{width}}  findings  {'' if are_one else 'objects  '}{name}"
        for one in sections[:count]:
            objects = "" if are_one else f"{one.objects:>7,}  "
            start = f"{one.word:<{width}}  {len(one.rows):>8,}  {objects}"
            said = textwrap.shorten(
                one.short, max(20, columns() - len(start)), placeholder=" …", break_on_hyphens=False, break_long_words=False
            )
            yield self._paint(one.word, one.word) + start[len(one.word) :] + said
        if left := sections[count:]:
            findings = counted(sum(len(one.rows) for one in left), "finding")
            yield f"… and {counted(len(left), f'more {name}')} with {findings}"
        yield ""

    # -- findings

    def _section(self, section: Section, limit: int | None = None, *, is_short: bool = False) -> Iterator[str]:
        yield from self._head(section)
        rows = section.rows
        if limit is None:
            limit = self.options.limit if self.options.limit is not None else _SHOWN if self.options.verbose else 0
            if section.status is Status.waived:  # no waived one is left out
                limit = 0
        shown = rows[: limit or len(rows)]
        for number, row in enumerate(shown):
            yield from self._row(row, section, is_short=is_short)
            is_last = number + 1 == len(shown) or (self.options.group_by != "rule" and shown[number + 1].rule_id != row.rule_id)
            if is_last and section.status is Status.fail and not is_short:
                yield from self._fix([one for one in shown[: number + 1] if self.options.group_by == "rule" or one.rule_id == row.rule_id])
        if len(rows) > len(shown):
            yield f"  … and {len(rows) - len(shown):,} more" + ("" if is_short else " (--limit 0 shows all)")
        yield ""

    def _head(self, section: Section) -> Iterator[str]:
        first, *others = wrapped(f"{section.word} {section.name}  {section.about}", "", "  ")
        begins = f"{section.word} {section.name}"
        if first.startswith(begins):
            yield f"{self._paint(section.word, section.word)} {self._paint(section.name, 'name')}{first[len(begins) :]}"
        else:  # the terminal is narrow
            yield first
        yield from others

    def _row(self, row: Finding, section: Section, *, is_short: bool) -> Iterator[str]:
        marks: list[str] = [row.severity] if self.options.group_by == "rule" and row.severity != section.rows[0].severity else []
        marks += [row.certainty] if row.certainty is Certainty.likely else []
        marks += [row.change.replace("-", " ")] if row.change not in (None, "known") else []
        said = f" [{', '.join(marks)}]" if marks else ""
        by = self.options.group_by
        if by == "rule":
            yield from wrapped(f"{self.sections.who(row)}{said}", "  ", "    ")
        else:
            whose = f"  {self.sections.who(row)}" if by == "owner" else ""
            first, *others = wrapped(f"{row.severity} {row.rule_id}{said}{whose}", "  ", "    ")
            yield first.replace(row.severity, self._paint(row.severity, row.severity), 1)
            yield from others
        if row.status is not Status.passed:
            message = wrapped(cell(harmless(row.message, _LONGEST)), "    ", "    ")  # its facts are clean
            is_cut = is_short and len(message) > _FEW_LINES
            yield from [*message[: _FEW_LINES - 1], f"{message[_FEW_LINES - 1].rpartition(' ')[0]} …"] if is_cut else message
        if is_short:
            return
        for line in self._place(row):
            yield self._paint(line, "minor")
        if self.options.verbose and row.status in (Status.fail, Status.waived, Status.baselined):
            yield self._paint(f"    id {row.finding_id}", "minor")
        if accepted := said_of(row):
            yield from (self._paint(line, "minor") for line in wrapped(cell(accepted), "    ", "    "))
        if row.stands_for:
            also = wrapped(f"also found by {', '.join(row.stands_for)}", "    ", "    ")
            yield from (self._paint(line, "minor") for line in also)

    def _place(self, row: Finding) -> list[str]:
        file, _, path = self.rows.place_of(row)
        if file:
            return wrapped(placed(file, row.line, row.column).replace(" ", KEPT) + f"  {path or ''}".rstrip(), "    ", "    ")
        place = "  ".join(filter(None, (path, self.rows.portal_of(row))))
        return wrapped(place, "    ", "    ") if place else []

    def _fix(self, rows: list[Finding]) -> Iterator[str]:
        """The fix of the first finding, then the commands of each other one. A command is on a line of its own, which is not cut."""
        first, shell = self.rows.commands_of(rows[0]), self.options.shell
        if not first.text:
            return
        commands = first.commands(shell)
        yield from self._fix_of(rows[0] if len(rows) > 1 and (commands or "`" in first.text) else None)
        yield from markdown.wrap(first.shown(shell), "    ")
        done = {command.lines for command in commands}
        for row in rows[1:] if commands else ():
            others = [(why, command) for why, command in self.rows.commands_of(row).explained(shell) if command.lines not in done]
            if others:
                yield from self._fix_of(row)
            for why, command in others:
                if command.how:  # somebody decides first: not to be pasted with the others
                    yield from markdown.wrap(why, "    ")
                yield from (f"    {line}" for line in command.lines)
            done |= {command.lines for _, command in others}

    def _fix_of(self, row: Finding | None) -> Iterator[str]:
        """What a fix begins with. `row`: whose it is, where there are several."""
        first, *others = wrapped("fix" + (f" ({self.sections.who(row)})" if row else "") + ":", "  ", "    ")
        yield first.replace("fix", self._paint("fix", "fix"), 1)
        yield from others

    # -- the input

    def _notes(self, most: int) -> Iterator[str]:
        notes, verbose = self.report.run.notes, self.options.verbose
        shown = len(notes) if verbose else most
        for note in notes[:shown]:
            yield from wrapped(f"note {_remark(note)}", "", "  ")
        if len(notes) > shown:
            yield f"… and {counted(len(notes) - shown, 'more note')} (-v shows all)"
        passed_over = self.report.run.coverage.passed_over if verbose else []
        for name in passed_over:
            yield f"skipped {name}"
        yield ""


def _remark(said: Remark) -> str:
    place = "" if said.line is None else f":{said.line}:{said.column or 0}"
    return f"{said.file}{place}".replace(" ", KEPT) + f": {said.message}" if said.file else said.message
