"""An audit from paths to a report: the one place where sources, joins, rules and engine come together."""

from __future__ import annotations

import gc
import hashlib
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from auditor import joins, rulebook, sources
from auditor.engine.compiled import collections, compiled, load_rules
from auditor.engine.finding import Finding, Outcome, Status
from auditor.engine.judge import judge_all
from auditor.errors import InputError, UsageError
from auditor.files import MAX_FILE_SIZE, Identity
from auditor.joins.world import World
from auditor.rulebook import profiles
from auditor.severity import SEVERITIES, Severity
from auditor.sources import Documents, Note
from auditor.sources.coverage import AS_MEANT, COMPLETE, DENIED, LOST, UNAVAILABLE, TenantInfo
from auditor.sources.graph.live import Live, Straight, Tell
from auditor.sources.graph.live import read as read_live
from auditor.sources.graph.plan import Plan, plan
from auditor.unknown import Reason

Progress = Callable[[str, int, int], None]  # stage, done, total (0: not known)


@dataclass(slots=True)
class Report:
    """What an audit came to. Findings are in a fixed order; `exit_code` says what a pipeline should do."""

    outcomes: list[Outcome]
    findings: list[Finding]
    errors: list[InputError]
    notes: list[Note]
    worlds: list[World] = field(repr=False)
    paths: list[str]
    profile: str
    as_of: datetime
    started: datetime
    finished: datetime
    fixed: bool  # the clock was given, so that nothing of this run differs from another over the same input
    files_read: int
    passed_over: list[str]
    inexact: list[str]
    tenants: list[TenantInfo] = field(default_factory=list)  # live ones and snapshots
    opened: set[Identity] = field(default_factory=set, repr=False)  # every file that was read: no report takes its place

    @property
    def files_passed_over(self) -> int:
        return len(self.passed_over)

    @property
    def run_id(self) -> str:
        """Under a given clock it derives from that and from what was read."""
        if not self.fixed:
            return str(uuid.uuid4())
        digest = hashlib.sha256(repr((self.as_of.isoformat(), self.profile, [outcome.rule.id for outcome in self.outcomes])).encode())
        for finding in self.findings:
            digest.update(finding.finding_id.encode())
        for world in self.worlds:
            for root in (*world.apps, *world.principals, *world.connectors):
                place = f"{root.document.file.name}\0{root.document.start}\0{root.document.end}\0{root.label}"
                digest.update(place.encode("utf-8", "surrogatepass"))
        return str(uuid.UUID(digest.hexdigest()[:32]))

    @property
    def applications(self) -> int:
        return sum(len(world.apps) for world in self.worlds)

    @property
    def service_principals(self) -> int:
        return sum(len(world.principals) for world in self.worlds)

    @property
    def connectors(self) -> int:
        return sum(len(world.connectors) for world in self.worlds)

    def count(self, status: str) -> int:
        """Verdicts: one for each rule and registration (or other root)."""
        return sum(getattr(outcome, status) for outcome in self.outcomes)

    def by_severity(self) -> Counter[Severity]:
        """Failures, by severity."""
        return Counter(finding.severity for finding in self.findings if finding.status is Status.fail)

    def reasons(self) -> Counter[Reason]:
        """Why verdicts are missing -> how many."""
        found: Counter[Reason] = Counter()
        for outcome in self.outcomes:
            found.update(outcome.reasons)
        return found

    def remedy(self, reason: Reason) -> str | None:
        """What would make known what is not."""
        said = next((found[reason] for found in (tenant.remedies() for tenant in self.tenants) if reason in found), None)
        if said is None and reason.collection:
            said = joins.REMEDIES.get(reason.what)
        return said or None

    def left_out(self, fail_on: str) -> list[str]:
        """Rules at or above a severity that could not be evaluated for something that can be mended."""
        gate, mendable = _gate(fail_on), self._mendable()
        if gate is None or not mendable:
            return []
        return [
            outcome.rule.id for outcome in self.outcomes
            if not mendable.isdisjoint(outcome.reasons) and compiled(outcome.rule).levels[-1] >= gate
        ]  # fmt: skip

    def may_reach(self, fail_on: str) -> list[str]:
        """Rules with findings below a severity that would be at or above it, if something turned out so that can be mended."""
        gate, mendable = _gate(fail_on), self._mendable()
        if gate is None or not mendable:
            return []
        return [
            outcome.rule.id for outcome in self.outcomes
            if any(one.reason in mendable and one.may_reach(gate) for one in outcome.undecided)
        ]  # fmt: skip

    def _mendable(self) -> set[Reason]:
        return {reason for tenant in self.tenants for reason in tenant.mendable()}

    def exit_code(self, fail_on: str = "high", *, strict: bool = False) -> int:
        """0 clean, 1 findings at or above `fail_on`, 2 the job, or a part of it, could not be done. 2 wins over 1.

        `fail_on` is a severity, or "never". `strict`: whatever could not be evaluated counts as not done. Raises UsageError.
        """
        if self.errors or self.count("errors") or (strict and self.count("not_evaluated")):
            return 2
        gate = _gate(fail_on)
        if self.left_out(fail_on) or self.may_reach(fail_on):
            return 2
        return int(gate is not None and any(one.status is Status.fail and one.severity >= gate for one in self.findings))


def _gate(fail_on: str) -> Severity | None:
    """The severity; None for "never". Raises UsageError."""
    if fail_on == "never":
        return None
    if fail_on not in SEVERITIES:
        raise UsageError(f"fail_on is one of {', '.join(SEVERITIES)} or never, not {fail_on!r}")
    return Severity(fail_on)


def audit(
    paths: str | Path | Iterable[str | Path] = (),
    *,
    tenant: Live | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    profile: str = profiles.DEFAULT,
    params: Mapping[str, Any] | None = None,
    extend_rules: Iterable[str | Path] = (),
    as_of: datetime | date | str | None = None,
    exclude: Iterable[str] = (),
    show_passed: bool = False,
    stdin_name: str = "<stdin>",
    progress: Progress | None = None,
    tenant_progress: Tell | None = None,
    also: Iterable[str] = (),
    max_file_size: int = MAX_FILE_SIZE,
) -> Report:
    """Audit files, folders, snapshots or standard input ("-"), and a live `tenant`.

    `select` and `ignore` name rules, areas, tags or "ALL"; `params` sets parameters: {"secret-expiring.warn_days": 60}.
    `also` names collections of a tenant to read beside those that the rules need. A file of more than `max_file_size` bytes is not read.
    `as_of` is the day that counts as today, for reproducible reports. Input that cannot be read is in `errors` of the report, and
    the rest is audited all the same. Raises UsageError for paths, rules, profiles and parameters that do not exist, RuleError for a
    page that does not load, GraphFault for a tenant of which nothing can be read.
    """
    listed = [paths] if isinstance(paths, (str, Path)) else list(paths)
    if not listed and tenant is None:
        raise UsageError("nothing to audit: give a file, a folder or a tenant")
    folders, left_out = list(extend_rules), list(exclude)
    for what, values in (("a path", listed), ("a folder of rules", folders), ("a pattern to exclude", left_out)):
        if "" in values:
            raise UsageError(f"{what} is empty")
    started = datetime.now(timezone.utc)
    now = moment(as_of) if as_of is not None else started
    chosen_profile = profiles.load(profile)
    book = chosen_profile.apply(load_rules([Path(folder) for folder in folders]))
    book = book.with_parameters({_parameter(name): value for name, value in (params or {}).items()}, texts=True)
    rules = profiles.chosen(book, chosen_profile, select, ignore)
    tell = progress or (lambda stage, done, total: None)

    @cache
    def planned() -> Plan:
        return plan({*collections(rules), *also})

    with _collector_off():
        joiner = joins.Joiner(now)
        documents = sources.read(
            [str(path) for path in listed],
            exclude=left_out,
            stdin_name=stdin_name,
            take=joiner.add,
            progress=lambda files, _: tell("reading", files, 0),
            wanted=lambda: planned().collections,
            max_file_size=max_file_size,
        )
        if tenant is not None:
            straight = Straight(documents)
            info = read_live(tenant, planned(), straight, tenant_progress)
            info.lose(straight.lost, LOST)
            documents.tenants[info.scope] = info
        _say_what_is_missing(documents)
        if not documents.count and not documents.listings and not documents.errors and not documents.tenants:
            documents.errors.append(
                InputError(
                    ", ".join(str(path) for path in listed),
                    f"no app registration found in {len(documents.passed_over)} files",
                    hint="export one with `az ad app show --id APP_ID`, or download the manifest in the portal",
                )
            )
        worlds = joiner.worlds(documents)
        tell("joined", len(worlds), 0)
        outcomes = _judged(rules, worlds, tell, show_passed=show_passed)
    findings = _by_root(outcomes)
    notes = sorted(
        [*documents.notes, *(note for world in worlds for note in joins.read_twice(world))],
        key=lambda note: (note.file, note.line, note.column, note.message),
    )
    errors = sorted(documents.errors, key=lambda error: (error.file, error.line, error.column, error.message))
    fixed = as_of is not None
    return Report(
        outcomes, findings, errors, notes, worlds, _named(listed, documents), chosen_profile.name, now,
        now if fixed else started, now if fixed else datetime.now(timezone.utc), fixed,
        documents.files_read, sorted(documents.passed_over), sorted(documents.inexact),
        [documents.tenants[scope] for scope in sorted(documents.tenants)],
        documents.opened,
    )  # fmt: skip


def _say_what_is_missing(documents: Documents) -> None:
    """What could not be read of a tenant: an error where the job is not done, a note where a permission would give more."""
    for tenant in documents.tenants.values():
        for covered in tenant.covered:
            text = f"{covered.collection}: {covered.reason}"
            if covered.status in (COMPLETE, UNAVAILABLE, DENIED) and covered.collection != "applications":
                documents.notes += [Note(text, tenant.tenant_id)] if covered.reason else []
            elif covered.status not in AS_MEANT:
                documents.errors.append(InputError(tenant.tenant_id, text, hint=covered.remedy))


def _named(paths: list[str | Path], documents: Documents) -> list[str]:
    """What was audited, as a report names it: a snapshot stands for its tenant."""
    snapshots = {os.path.normpath(path) for path in documents.snapshots}
    files = [str(path) for path in paths if os.path.normpath(path) not in snapshots]
    return sorted({*files, *(tenant.tenant_id for tenant in documents.tenants.values())})


def _judged(rules: list[rulebook.Rule], worlds: list[World], tell: Progress, *, show_passed: bool) -> list[Outcome]:
    totals = [Outcome(rule) for rule in rules]
    for world in worlds:
        outcomes = judge_all(rules, world, show_passed=show_passed, tell=lambda done, total: tell("checking", done, total))
        for total, one in zip(totals, outcomes, strict=True):
            total.add(one)
    return totals


def _by_root(outcomes: list[Outcome]) -> list[Finding]:
    """All findings by registration, then by rule: outcomes come in the order of rules, and the findings of one in that of its roots."""
    rows = [row for outcome in outcomes for row in outcome.rows]
    for outcome in outcomes:
        outcome.rows = []  # a hundred thousand pairs that nobody needs any more
    rows.sort(key=itemgetter(0))
    return [finding for _, finding in rows]


def moment(value: datetime | date | str) -> datetime:
    """A day, or a moment, in UTC. Raises UsageError."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise UsageError(f"{value!r} is not a day such as 2026-01-31") from None
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value


def _parameter(name: str) -> tuple[str, str]:
    rule, dot, parameter = name.partition(".")
    if not dot or not parameter:
        raise UsageError(f"{name!r} does not name a parameter: say RULE.PARAMETER, as in secret-expiring.warn_days")
    return rule, parameter


@contextmanager
def _collector_off() -> Iterator[None]:
    """Facts hold on to one another and live until the end: looking for garbage among them only costs time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
