"""How a text report is divided: by rule, by object or by owner; what is worst and within reach comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from auditor.display import cell, counted
from auditor.report.model import Finding
from auditor.report.reach import key_of, reach_of
from auditor.report.rows import Rows
from auditor.severity import Certainty, Severity, Status

GROUPS = ("rule", "app", "owner")  # the first is the ordinary one
NO_OWNER, NOT_KNOWN = "no owner", "owners not known"
_ORDER = {Status.error: 0, Status.fail: 1, Status.waived: 2, Status.baselined: 3, Status.passed: 4}


class Section(Struct, frozen=True):
    """Rows of one status that belong together."""

    word: str  # severity of the worst, or the status
    name: str  # of the rule, the object or the owner
    about: str  # what else its first line says
    short: str  # name and more, for a line of a table; the end can be left out
    rows: list[Finding]
    objects: int  # whose rows they are

    @property
    def status(self) -> Status:
        return self.rows[0].status


class Sections:
    """The sections of a report. `first`: app ids whose findings come before all others."""

    def __init__(self, rows: Rows, group_by: str, first: Iterable[str] = ()) -> None:
        self._rows, self._by, self._first = rows, group_by, frozenset(first)
        self.reach = {key: reach for key, reach in reach_of(rows).items() if reach.is_both}

    def made(self, *, baselined: bool) -> list[Section]:
        """In the order in which people should read them. `baselined`: with the findings of the baseline."""
        report = self._rows.report
        groups: dict[tuple[str, str, Status], list[Finding]] = {}
        for row in (*report.findings, *report.rule_errors, *report.passed):
            if row.status is not Status.baselined or baselined:
                for name, key in self._names(row):
                    groups.setdefault((name, key, row.status), []).append(row)
        for rows in groups.values():
            rows.sort(key=self._order)  # stable: else in the order of the report
        ordered = sorted(groups.items(), key=lambda item: (self._rank(item[1]), item[0]))
        return [self._section(name, rows) for (name, _, _), rows in ordered]

    def who(self, row: Finding) -> str:
        """The object of a finding: its name and ID."""
        return cell(self._rows.name_of(row))

    def _identity(self, row: Finding) -> str | None:
        _, of = self._rows.object_of(row)
        return of.app_id or of.object_id

    def _names(self, row: Finding) -> list[tuple[str, str]]:
        """Of the sections that a row belongs to, with what tells those of one name apart."""
        if self._by == "app":
            return [(self.who(row), str(key_of(self._rows, row)))]
        if self._by == "owner":
            owners = self._rows.object_of(row)[1].owners
            return [(cell(name), "") for name in dict.fromkeys(owners or [NOT_KNOWN if owners is None else NO_OWNER])]
        return [(row.rule_id, "")]

    def _section(self, name: str, rows: list[Finding]) -> Section:
        worst, objects = rows[0], len({key_of(self._rows, row) for row in rows})
        word: str = worst.severity if worst.status is Status.fail else worst.status
        if self._by != "rule":
            about = _severities(rows) if worst.status is Status.fail else counted(len(rows), "row")
            about += f" on {counted(objects, 'object')}" if self._by == "owner" else ""
            short = name
            if self._by == "app" and (identity := self._identity(worst)):  # tells those of one name apart
                short = f"{identity}  {name.removesuffix(f'({identity})')}"
            return Section(word, name, about, short, rows, objects)
        rule = self._rows.rules[worst.rule_id]
        number = f"{len(rows):,}" + (f" on {counted(objects, 'object')}" if objects < len(rows) else "")
        codes = "".join(f"  AADSTS{code}" for code in rule.aadsts if worst.status is not Status.passed)
        return Section(word, name, f"{rule.title}  ({number}){codes}", f"{name}: {rule.title}", rows, objects)

    def _order(self, row: Finding) -> tuple[bool, bool, int, int, bool, bool]:
        asked_for = bool(self._first) and self._rows.object_of(row)[1].app_id in self._first
        possible = row.highest_severity or row.severity
        return (
            not asked_for,
            row.change == "known",
            -row.severity.rank,
            -possible.rank,
            not self._is_within_reach(row),
            row.certainty is Certainty.likely,
        )

    def _is_within_reach(self, row: Finding) -> bool:
        return bool(self.reach) and key_of(self._rows, row) in self.reach

    def _rank(self, rows: list[Finding]) -> tuple[Any, ...]:
        """Of a section: the least comes first."""
        worst = rows[0]
        asked_for, is_known, severity, *_ = self._order(worst)
        within: tuple[int, ...] = ()
        if worst.status is Status.fail and self._by == "app":
            reach = self.reach.get(key_of(self._rows, worst))
            within = (1,) if reach is None else (0, *reach.rank)
        elif worst.status is Status.fail and self._by == "owner":
            within = (-sum(row.severity is worst.severity for row in rows),)
        elif worst.status is Status.fail:
            within = (-sum(map(self._is_within_reach, rows)),)
        return _ORDER[worst.status], asked_for, is_known, severity, within, -len(rows)


def _severities(rows: Iterable[Finding]) -> str:
    """2 high, 1 low."""
    return said_by_severity(lambda severity: sum(row.severity is severity for row in rows))


def said_by_severity(count: Callable[[Severity], int]) -> str:
    numbers = [(count(severity), severity) for severity in reversed(Severity)]
    return ", ".join(f"{number:,} {severity}" for number, severity in numbers if number)
