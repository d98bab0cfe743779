"""Accepted risks: waivers, which end, and overrides of a configuration. What they accept stays in the report with status waived.

A waiver names a finding by its ID, or a rule and an object by their IDs: never by a name, which its owner can change.
"""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from auditor import settings
from auditor.accepted import NOT_CHECKED, Waiver, WaiverUse
from auditor.display import clean, harmless
from auditor.engine.finding import About, Finding, Outcome
from auditor.engine.gate import is_failure
from auditor.engine.identity import Paths, fingerprint
from auditor.engine.rows import identity_of
from auditor.errors import UsageError
from auditor.facts import ROOTS
from auditor.rulebook import Rule, Rulebook
from auditor.severity import Severity, Status

NAME = "regaudit-waivers.toml"
MAX_DAYS = 365  # how far ahead a waiver may end


class Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An accepted risk."""

    rule: str
    """The rule of the finding."""
    reason: str
    """Why the risk is accepted."""
    until: Annotated[date, msgspec.Meta(description="a date such as 2026-01-31")]
    """The last day on which it is accepted."""
    id: str | None = None
    """`finding_id` of the finding. Without it the waiver is for all findings of the rule on the object, or for those with `key`."""
    registration: str | None = None
    """Application (client) ID of the object."""
    object: str | None = None
    """Object ID of an object that has no application ID, such as a tenant."""
    key: str | None = None
    """What the finding is about within the object: the key ID of a credential, a URI, the ID of a permission or of an owner."""
    place: str | None = None
    """Where the finding was, for people."""
    file: str | None = None
    """The file of an object without an ID, from the folder of the repository on; its tenant ID where there is no file."""
    approver: str | None = None
    """Who approved it."""


class File(msgspec.Struct, forbid_unknown_fields=True):
    """Accepted risks."""

    waiver: Annotated[list[Entry], msgspec.Meta(description="a list of tables, each of which begins with [[waiver]]")] = []
    """What is accepted."""


class Waivers(msgspec.Struct, frozen=True):
    """A file of waivers."""

    path: str
    entries: tuple[Entry, ...]
    lines: tuple[int, ...]  # on which each begins

    def fault(self, number: int, message: str) -> UsageError:
        return UsageError(f"{self.path}:{self.lines[number]}: {message}")

    def check(self, today: date, max_days: int = MAX_DAYS) -> None:
        """Raises UsageError for a waiver that names too little, or ends too late."""
        for number, entry in enumerate(self.entries):
            if not entry.reason.strip():
                raise self.fault(number, "'reason' is empty: say why the risk is accepted")
            if entry.id is None and not (entry.registration or entry.object):
                raise self.fault(number, "a waiver names a finding by 'id', or a rule on a 'registration' (application ID) or 'object'")
            self.check_until(number, today, max_days)

    def check_until(self, number: int, today: date, max_days: int) -> None:
        if self.entries[number].until > today + timedelta(max_days):
            raise self.fault(number, f"'until' is more than {max_days} days ahead (max-waiver-days), after {today + timedelta(max_days)}")


def read(path: Path, shown: str = "") -> Waivers:
    """The waivers of a file. Raises UsageError, which names the line."""
    name = harmless(shown or str(path), 1000)
    try:
        text = settings.read_text(path).replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        raise UsageError(f"waivers {name}: {getattr(error, 'strerror', None) or error}") from None
    return parse(text, name)


def parse(text: str, name: str) -> Waivers:
    """The same, of a text."""

    def fail(message: str, line: int) -> UsageError:
        return UsageError(f"{name}:{line}: {message}")

    found = settings.struct(settings.table(text, "the file", fail), File, text, fail)
    return Waivers(name, tuple(found.waiver), tuple(settings.lines_of_tables(text, "waiver", len(found.waiver))))


class Override(msgspec.Struct, frozen=True):
    """What a configuration says of single app registrations. Rules are known by their IDs."""

    waiver: Waiver
    app_ids: frozenset[str] = frozenset()
    name: str | None = None  # a pattern, which owners can come to meet: so what it accepts is listed like a waiver
    tag: str | None = None
    ignore: frozenset[str] = frozenset()
    severity: dict[str, Severity] = {}

    @property
    def what(self) -> str:
        whom = sorted(self.app_ids) or [f"name {self.name}" if self.name is not None else f"tag {self.tag}"]
        return f"override of {clean(', '.join(whom))}"

    def is_of(self, row: Finding) -> bool:
        if self.app_ids:
            return row.app_id is not None and row.app_id.lower() in self.app_ids
        if self.name is not None:
            return row.app_display_name is not None and fnmatch.fnmatchcase(row.app_display_name, self.name)
        return self.tag in (row.tags or ())


class _InUse:
    """A waiver or an override during a run."""

    def __init__(self, waiver: Waiver, what: str) -> None:
        self.waiver, self.what = waiver, what
        self.rows: list[Finding] = []
        self.has_ended = False
        self.remark: str | None = None

    def use(self) -> WaiverUse:
        state: Literal["applied", "expired", "unused"] = "expired" if self.has_ended else "applied" if self.rows else "unused"
        number = sum(map(is_failure, self.rows)) if self.has_ended else len(self.rows)  # a baseline may accept them still
        return WaiverUse(self.waiver, state, self.what, number, self.remark if state != "applied" else None)


class Accepting:
    """Applies waivers and overrides to the outcomes of a run. `today` is the day that counts as now."""

    def __init__(self, waivers: Waivers | None, overrides: Iterable[Override], book: Rulebook, today: date) -> None:
        self.lowered: set[str] = set()  # IDs of findings
        self._today, self._overrides = today, list(overrides)
        self._entries = waivers.entries if waivers is not None else ()
        self._rules = [_InUse(_waiver(waivers, number), _what(entry)) for number, entry in enumerate(self._entries)] if waivers else []
        self._more = [_InUse(override.waiver, override.what) for override in self._overrides]
        self._by_id: dict[str, list[int]] = defaultdict(list)
        self._by_object: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, entry in enumerate(self._entries):
            if entry.id is not None:
                self._by_id[entry.id].append(number)
                continue
            assert waivers is not None
            try:
                rule = book.get(entry.rule).id
            except UsageError as error:
                raise waivers.fault(number, str(error)) from None
            self._by_object[rule, (entry.registration or entry.object or "").lower()].append(number)
        self._paths = Paths()

    def apply(self, outcomes: Iterable[Outcome]) -> None:
        """Findings that are accepted are waived; those of a waiver that has ended say so."""
        outcomes = list(outcomes)
        for outcome in outcomes:
            settled: set[str] = set()
            for about, row in outcome.rows:
                if is_failure(row):
                    self._override(row, settled)
                    self._waive(about, row)
                    if not is_failure(row):
                        settled.add(row.finding_id)
            if settled:
                outcome.undecided = {one for one in outcome.undecided if one.finding_id not in settled}
        checked = {name for outcome in outcomes for name in _names(outcome.rule)}
        for entry, rule in zip(self._entries, self._rules, strict=True):
            if not rule.rows and entry.rule not in checked:
                rule.remark = NOT_CHECKED
            rule.has_ended = entry.until < self._today

    def uses(self) -> list[WaiverUse]:
        return [rule.use() for rule in (*self._rules, *self._more)]

    def _override(self, row: Finding, settled: set[str]) -> None:
        for override, rule in zip(self._overrides, self._more, strict=True):
            if not override.is_of(row):
                continue
            if row.rule_id in override.ignore:
                row.status, row.waiver = Status.waived, override.waiver
                rule.rows.append(row)
                return
            severity = override.severity.get(row.rule_id)
            if severity is not None and severity != row.severity:
                if severity < row.severity:
                    self.lowered.add(row.finding_id)
                row.message += f" (severity {row.severity} without {override.waiver.file}:{override.waiver.line})"
                row.severity = row.highest_severity = severity
                rule.rows.append(row)
                settled.add(row.finding_id)

    def _waive(self, about: About, row: Finding) -> None:
        if not is_failure(row):
            return
        ended: Waiver | None = None
        for number in self._naming(about, row):
            entry, rule = self._entries[number], self._rules[number]
            if why := self._why_not(entry, row):
                rule.remark = why
                continue
            rule.rows.append(row)
            if entry.until < self._today:
                ended = ended or rule.waiver
            else:
                row.status, row.waiver = Status.waived, rule.waiver
                return
        if ended is not None:
            row.message += f" (its waiver ended on {ended.until}: {ended.file}:{ended.line})"

    def _naming(self, about: About, row: Finding) -> Iterator[int]:
        yield from self._by_id.get(row.finding_id, ())
        for id_ in dict.fromkeys((row.app_id, row.object_id)):
            for number in self._by_object.get((row.rule_id, (id_ or "").lower()), ()):
                entry = self._entries[number]
                if id_ and id_ == (row.app_id if entry.registration else row.object_id) and _is_key(entry.key, about.key):
                    yield number

    def _why_not(self, entry: Entry, row: Finding) -> str:
        """Why a waiver does not accept a finding that it names, or ''. What reviewers read must be true, not the ID alone."""
        if entry.rule not in _names(row.rule):
            return f"the finding with this id is of rule {row.rule_id}"
        for name, wanted, value in (("registration", entry.registration, row.app_id), ("object", entry.object, row.object_id)):
            if wanted and wanted.lower() != (value or "").lower():
                return f"the finding with this id is of another {name}: {value}"
        if row.weak and entry.file != (source := source_of(row, self._paths)):
            return f"its object has no ID of its own, so the waiver must also say file = {source!r}"
        return ""


def of_subjects(waivers: Waivers, book: Rulebook, today: date) -> Callable[[Any, Any, str], Waiver | None]:
    """What accepts a finding of one subject, where nothing is judged: of a root, a fact of one of its lists, and the name of the list."""
    by_list: dict[str, list[tuple[int, Rule]]] = defaultdict(list)
    for number, entry in enumerate(waivers.entries):
        names = [rule for rule in book if entry.rule in _names(rule)]
        if names and entry.until >= today:
            by_list[names[0].each.partition(".")[2]].append((number, names[0]))

    def find(root: Any, fact: Any, list_: str) -> Waiver | None:
        of = identity_of(root)
        for number, rule in by_list.get(list_, ()):
            entry = waivers.entries[number]
            if not isinstance(root, ROOTS[rule.root]):
                continue
            if entry.id is not None:
                is_meant = entry.id == fingerprint(rule.identity, of.identity, Status.fail.value, fact.key)
            else:
                whom = of.app_id if entry.registration else of.object_id
                is_meant = (entry.registration or entry.object or "").lower() == whom and _is_key(entry.key, fact.key)
            if is_meant:
                return _waiver(waivers, number)
        return None

    return find


def source_of(row: Any, paths: Paths) -> str | None:
    """The file of a finding, from the folder of the repository on, or the tenant that it was read from."""
    file: str | None = row.file
    tenant: str | None = row.tenant_id
    return paths.of(file) if file else tenant


def _is_key(wanted: str | None, key: str) -> bool:
    """Whether a key is meant: all of it, as in web|https://…, or a part, as in https://…"""
    return wanted is None or wanted == key or wanted in key.split("|")


def _names(rule: Rule) -> tuple[str, ...]:
    return rule.id, rule.identity, *rule.aliases


def _waiver(waivers: Waivers, number: int) -> Waiver:
    entry = waivers.entries[number]
    approver = None if entry.approver is None else clean(entry.approver)
    return Waiver(clean(entry.reason, 500), waivers.path, waivers.lines[number], entry.until.isoformat(), approver)


def _what(entry: Entry) -> str:
    whom = entry.registration or entry.object
    named = [entry.rule, f"on {whom}" if whom else "", f"key {entry.key}" if entry.key else "", f"({entry.id})" if entry.id else ""]
    return clean(" ".join(filter(None, named)))
