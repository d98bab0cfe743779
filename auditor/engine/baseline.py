"""Findings that were there on the day on which a team began: they stay in the report with status baselined, and what is new counts.

A baseline only becomes smaller. An entry is fixed where its rule was evaluated on its object and passed, or where the object is gone from a
list that was read to its end; what this run could not look for is not seen, and stays. A run that read less than the one that made the
baseline fixes nothing that depends on it: a rule may pass by the catalog where the tenant's own list says more.
A finding that is more severe than its entry is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from auditor.accepted import Baselined
from auditor.digest import sha256
from auditor.display import harmless
from auditor.engine.finding import Finding, Outcome, Says, Verdicts
from auditor.engine.gate import is_failure
from auditor.engine.identity import Paths, fingerprint, roots_of
from auditor.engine.judge import judge_all
from auditor.engine.rows import identity_of
from auditor.engine.waivers import source_of
from auditor.errors import UsageError
from auditor.facts import ROOTS
from auditor.joins.world import World
from auditor.rulebook import Rule
from auditor.severity import Severity, Status

VERSION = 1
BEGINS = b'{"regaudit_baseline":'
_LARGEST = 1 << 30  # bytes of a file


class Entry(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, frozen=True):
    """A finding of a baseline."""

    id: str
    rule: str
    severity: Severity
    since: date
    known_by: str  # a digest of what its object is known by
    registration: str | None = None  # application ID
    object: str | None = None  # object ID
    tenant: str | None = None
    place: str | None = None
    file: str | None = None  # of an object without an ID


class Knew(msgspec.Struct, frozen=True):
    """Collections of a tenant: those that were read to their end, and those of which anything was read."""

    complete: list[str]
    read: list[str]


class _Head(msgspec.Struct):
    regaudit_baseline: int


class Baseline(msgspec.Struct, frozen=True):
    """The entries of a file."""

    path: str
    entries: tuple[Entry, ...] = ()
    knew: dict[str, Knew] = {}  # by tenant; "": what has no tenant ID

    def encoded(self) -> Iterator[bytes]:
        """As a file has it: JSON, an entry a line, in a fixed order, so that a review shows what was taken out."""
        yield BEGINS + b' %d, "knew": %b,\n"findings": [' % (VERSION, msgspec.json.encode(self.knew, order="sorted"))
        end = b"\n"
        for entry in sorted(self.entries, key=lambda one: (one.rule, one.registration or "", one.object or "", one.id)):
            yield end + msgspec.json.encode(entry)
            end = b",\n"
        yield b"\n]}\n"


def read(path: Path, shown: str = "") -> Baseline:
    """Raises UsageError, which names the line of what is not an entry."""
    name = harmless(shown or str(path), 1000)
    try:
        if not path.is_file():
            raise UsageError(f"baseline {name}: " + ("it is not a regular file" if path.exists() else "there is no such file"))
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"baseline {name}: it is too large")
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        raise UsageError(f"baseline {name}: {getattr(error, 'strerror', None) or error}") from None
    try:
        version = msgspec.json.decode(raw, type=_Head).regaudit_baseline
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"baseline {name}: it is not a baseline: `regaudit baseline PATH -o FILE` makes one ({error})") from None
    if version != VERSION:
        raise UsageError(f"baseline {name}: it is of version {version}, this regaudit reads {VERSION}")
    try:
        whole = msgspec.json.decode(raw, type=_Whole)
    except msgspec.DecodeError as error:
        raise UsageError(f"baseline {name}{_line(raw)}: {error}") from None
    return Baseline(name, tuple(whole.findings), whole.knew)


class _Whole(msgspec.Struct):
    knew: dict[str, Knew]
    findings: list[Entry]


def _line(raw: bytes) -> str:
    """:LINE of the first entry that is not one; '' where lines do not tell."""
    for number, line in enumerate(raw.splitlines(), 1):
        if line.startswith(b'{"id"'):
            try:
                msgspec.json.decode(line.rstrip(b","), type=Entry)
            except msgspec.DecodeError:
                return f":{number}"
    return ""


def of(findings: Iterable[Finding], worlds: Iterable[World], path: str, today: date) -> Baseline:
    """The baseline of what was found: all failures that nobody has accepted."""
    worlds = list(worlds)
    digests = {root.rank: digest(root) for world in worlds for root in roots_of(world)}
    paths = Paths()
    entries = {
        row.finding_id: Entry(
            row.finding_id, row.rule.id, row.severity, today, digests[row.rank], row.app_id, row.object_id, row.tenant_id,
            row.credential_key_id or row.property_path, source_of(row, paths) if row.weak else None,
        )
        for row in findings if is_failure(row)
    }  # fmt: skip
    return Baseline(path, tuple(entries.values()), _known(worlds))


def _known(worlds: Iterable[World]) -> dict[str, Knew]:
    """What is known of each tenant; of those without an ID what is of any."""
    found: dict[str, Knew] = {}
    for world in worlds:
        tenant = _tenant_of(world)
        before = found.get(tenant, Knew([], []))
        found[tenant] = Knew(sorted({*before.complete, *world.known.complete}), sorted({*before.read, *world.known.given}))
    return found


def _tenant_of(world: World) -> str:
    return world.tenant.id.lower() if isinstance(world.tenant.id, str) else ""


def digest(root: Any) -> str:
    """What an object is known by, in 16 characters."""
    known_by: str = sha256(ascii(identity_of(root).identity.parts).encode()).hexdigest()
    return known_by[:16]


class Fate(StrEnum):
    """What became of an entry."""

    there = "there"  # it fails still
    fixed = "fixed"
    not_seen = "not-seen"


class Comparing:
    """Holds the outcomes of a run against a baseline."""

    def __init__(self, baseline: Baseline) -> None:
        self.baseline = baseline
        self.risen = 0
        self._entries = {entry.id: entry for entry in baseline.entries}
        self._highest: dict[str, Severity] = {}  # of the entries that are there: the highest severity that is possible
        self._paths = Paths()

    def apply(self, outcomes: Iterable[Outcome]) -> None:
        """Findings of the baseline are baselined, unless they are more severe now. What is waived is there, and stays waived."""
        for outcome in outcomes:
            settled: set[str] = set()
            for _, row in outcome.rows:
                if row.status not in (Status.fail, Status.waived) or (entry := self._entry(row)) is None:
                    continue
                self._highest[entry.id] = max(self._highest.get(entry.id, row.severity), row.highest_severity)
                if not is_failure(row):
                    continue
                if row.severity > entry.severity:
                    self.risen += 1
                    row.message += f" (more severe than in the baseline, where it is {entry.severity})"
                    continue
                row.status = Status.baselined
                row.baseline = Baselined(self.baseline.path, entry.since.isoformat(), entry.severity)
                if row.highest_severity <= entry.severity:
                    settled.add(row.finding_id)
            if settled:
                outcome.undecided = {one for one in outcome.undecided if one.finding_id not in settled}

    def _entry(self, row: Finding) -> Entry | None:
        entry = self._entries.get(row.finding_id)
        if entry is not None and row.weak and entry.file != source_of(row, self._paths):
            return None
        return entry

    def fates(self, worlds: list[World], rules: Iterable[Rule], *, certain_only: bool = False) -> dict[str, Fate]:
        """What became of each entry, by its ID. Of those without a finding the rule is asked once more about the object."""
        found = dict.fromkeys(self._highest, Fate.there)
        missing = [entry for entry in self.baseline.entries if entry.id not in found]
        if not missing:
            return found
        by_name = {name: rule for rule in rules for name in (rule.id, rule.identity, *rule.aliases)}
        now = _known(worlds)
        wanted = {entry.known_by for entry in missing}
        there: dict[str, list[tuple[World, Any]]] = {}
        for world in worlds:
            for root in roots_of(world):
                if (known := digest(root)) in wanted:
                    there.setdefault(known, []).append((world, root))
        asked: dict[str, list[Entry]] = {}  # by rule, which is asked once for all objects
        for entry in missing:
            rule = by_name.get(entry.rule)
            if rule is None or self._knows_less(rule, entry, now):
                found[entry.id] = Fate.not_seen
            elif entry.known_by in there:
                asked.setdefault(rule.id, []).append(entry)
            else:
                found[entry.id] = Fate.fixed if any(_is_whole(world, rule, entry) for world in worlds) else Fate.not_seen
        for id_, entries in asked.items():
            found |= _fates(by_name[id_], entries, there, certain_only=certain_only)
        return found

    def _knows_less(self, rule: Rule, entry: Entry, now: dict[str, Knew]) -> bool:
        """Whether a collection that a rule reads was read when the baseline was made, and is not, or not to its end, now."""
        from auditor.engine.prepared import collections  # which a run with prepared rules does not need

        tenant = (entry.tenant or "").lower()
        before, after = (one.get(tenant, one.get("", Knew([], []))) for one in (self.baseline.knew, now))
        lost = ({*before.complete} - {*after.complete}) | ({*before.read} - {*after.read})
        return not lost.isdisjoint(collections([rule]))

    def shrunk(self, fates: dict[str, Fate], worlds: Iterable[World], rules: Iterable[Rule]) -> Baseline:
        """The baseline without what is fixed; what has become less severe may not rise again."""
        by_name = {name: rule for rule in rules for name in (rule.id, rule.identity, *rule.aliases)}
        now = _known(worlds)
        kept = []
        for entry in self.baseline.entries:
            if fates[entry.id] is Fate.fixed:
                continue
            severity, rule = self._highest.get(entry.id, entry.severity), by_name.get(entry.rule)
            if severity < entry.severity and rule is not None and not self._knows_less(rule, entry, now):
                entry = msgspec.structs.replace(entry, severity=severity)
            kept.append(entry)
        return msgspec.structs.replace(self.baseline, entries=tuple(kept))


def _fates(rule: Rule, entries: list[Entry], there: dict[str, list[tuple[World, Any]]], *, certain_only: bool) -> dict[str, Fate]:
    """What a rule says today of the objects of these entries, which are there; an object may be there more than once."""
    roots: dict[int, tuple[World, dict[int, Any]]] = {}  # by id()
    for known_by in dict.fromkeys(entry.known_by for entry in entries):
        for world, root in there[known_by]:
            roots.setdefault(id(world), (world, {}))[1][id(root)] = root
    outcomes = {
        key: judge_all([rule], world, only=[*of.values()], record=True, certain_only=certain_only)[0] for key, (world, of) in roots.items()
    }
    found = {}
    for entry in entries:
        fates = {_fate(entry, rule, root, outcomes[id(world)].of(root)) for world, root in there[entry.known_by]}
        found[entry.id] = next(fate for fate in (Fate.there, Fate.not_seen, Fate.fixed) if fate in fates)
    return found


def _fate(entry: Entry, rule: Rule, root: Any, verdicts: Verdicts) -> Fate:
    parts = identity_of(root).identity
    for key, verdict in verdicts.items():
        if key is not None and fingerprint(rule.identity, parts, Status.fail.value, key) == entry.id:
            if verdict.says is Says.failed:
                return Fate.there  # it gave way to the finding of another rule, say
            return Fate.fixed if verdict.says in (Says.passed, Says.not_applicable) else Fate.not_seen
    # The credential, say, is gone: for certain only where all that the object has was read and judged.
    return Fate.not_seen if any(verdict.says in (Says.not_evaluated, Says.error) for verdict in verdicts.values()) else Fate.fixed


def _is_whole(world: World, rule: Rule, entry: Entry) -> bool:
    """Whether a world has every object of the tenant that an entry's object would be among."""
    known = world.tenant.id
    same = isinstance(known, str) and entry.tenant is not None and known.lower() == entry.tenant.lower()
    return same and world.known.is_complete(*ROOTS[rule.root].COLLECTIONS)
