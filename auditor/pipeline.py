"""An audit from paths to a report: the one place where sources, joins, rules and engine come together.

`load` reads and joins, `judge` checks rules; a command that judges nothing only loads. `run` is both, `audit` the same for users.
"""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from auditor import joins, sources
from auditor.display import counted
from auditor.engine import gate
from auditor.engine.areas import RootVerdicts
from auditor.engine.finding import Finding, Outcome
from auditor.engine.giving_way import give_way
from auditor.engine.judge import judge_all
from auditor.engine.rows import name_all
from auditor.engine.selection import RuleSelection
from auditor.errors import InputError, UsageError
from auditor.files import MAX_FILE_SIZE, STDIN_NAME
from auditor.joins.world import World
from auditor.results import Loaded, Report
from auditor.rulebook import Rule, profiles
from auditor.sources import Documents, Note
from auditor.sources.coverage import AS_MEANT, COMPLETE, DENIED, LOST, UNAVAILABLE

if TYPE_CHECKING:
    from auditor.engine.exceptions import Accepted, Applying
    from auditor.sources.graph.live import Live
    from auditor.sources.graph.plan import Plan
    from auditor.sources.graph.sink import ProgressCallback

StageCallback = Callable[[str, int, int], None]  # stage, done, total (0: not known)
Roots = Callable[[World], list[Any]]


class Inputs(msgspec.Struct, frozen=True):
    """What to read: files, folders, snapshots, standard input ("-"), a live tenant. Raises UsageError for an empty name."""

    paths: tuple[str, ...] = ()
    tenant: Live | None = None
    exclude: tuple[str, ...] = ()
    stdin_name: str = STDIN_NAME
    max_file_size: int = MAX_FILE_SIZE
    allow_empty: bool = False  # that there is nothing to audit is no error
    run_bicep: bool = False  # compile Bicep files with the `bicep` on the PATH

    def __post_init__(self) -> None:
        for what, values in (("a path", self.paths), ("a pattern to exclude", self.exclude)):
            if "" in values:
                raise UsageError(f"{what} is empty")

    @property
    def are_none(self) -> bool:
        return not self.paths and self.tenant is None


class AuditRequest(msgspec.Struct, frozen=True):
    """All that decides what a report says. `as_of` is the moment that counts as now.

    `by_area`: verdicts are also gathered by object and area of rules, as a JSON report has them. `by_rule`: and by object and rule, as a
    JUnit report has them, unless there are more than so many.
    `certain_only`: failures that are only likely count as not evaluated.
    `accepted` takes findings away: waivers, a baseline, overrides of the configuration.
    `also` names collections that are read of a snapshot or a tenant whether a rule needs them or not.
    `only` names the roots that are judged, of which every verdict is then recorded; None: all roots are judged, and verdicts counted.
    """

    inputs: Inputs
    rules: RuleSelection = msgspec.field(default_factory=RuleSelection)
    as_of: datetime | date | str | None = None
    show_passed: bool = False
    only: Roots | None = None
    by_area: bool = False
    by_rule: int = 0
    certain_only: bool = False
    accepted: Accepted | None = None
    also: frozenset[str] = frozenset()


def load(
    inputs: Inputs,
    wanted: Callable[[], Iterable[str]],
    now: datetime,
    *,
    progress: StageCallback | None = None,
    tenant_progress: ProgressCallback | None = None,
) -> Loaded:
    """Read everything and join it. Of a tenant or a snapshot the `wanted` collections are read, which are asked for only there.

    Input that cannot be read is in `errors`, and the rest is there all the same. Raises UsageError for no input and for a path that
    does not exist, GraphFault for a tenant of which nothing can be read.
    """

    if inputs.are_none:
        raise UsageError("nothing to audit: give a file, a folder or a tenant")

    @cache
    def planned() -> Plan:
        from auditor.sources.graph.plan import plan

        return plan(wanted())

    with _collector_off():
        joiner = joins.Joiner(now)
        documents = sources.read(
            list(inputs.paths),
            exclude=list(inputs.exclude),
            stdin_name=inputs.stdin_name,
            take=joiner.add,
            progress=lambda files, _: progress("reading", files, 0) if progress else None,
            wanted=lambda: planned().collections,
            max_file_size=inputs.max_file_size,
            run_bicep=inputs.run_bicep,
        )
        if inputs.tenant is not None:
            from auditor.sources.graph import live

            sink = live.DocumentSink(documents)
            info = live.read(inputs.tenant, planned(), sink, tenant_progress)
            info.lose(sink.lost, LOST)
            documents.tenants[info.scope] = info
        _say_what_is_missing(documents)
        is_empty = _is_empty(documents)
        _say_what_is_empty(documents, inputs)
        worlds = joiner.worlds(documents)
        name_all(worlds)
        if progress:
            progress("joined", len(worlds), 0)
        notes = [*documents.notes, *(note for world in worlds for note in joins.read_twice(world))]
        return Loaded(
            worlds=worlds,
            errors=sorted(documents.errors, key=lambda error: (error.file, error.line, error.column, error.message)),
            notes=sorted(notes, key=lambda note: (note.file, note.line, note.column, note.message)),
            paths=_named(inputs.paths, documents),
            as_of=now,
            files_read=documents.files_read,
            passed_over=sorted(documents.passed_over),
            inexact=sorted(documents.inexact),
            tenants=[documents.tenants[scope] for scope in sorted(documents.tenants)],
            is_empty=is_empty,
            allow_empty=inputs.allow_empty,
            opened=documents.opened,
        )


def judge(
    worlds: Iterable[World],
    rules: list[Rule],
    *,
    only: Roots | None = None,
    show_passed: bool = False,
    by_root: RootVerdicts | None = None,
    certain_only: bool = False,
    applying: Applying | None = None,
    progress: StageCallback | None = None,
) -> list[Outcome]:
    """What each rule says of all worlds together, or of `only` some roots, of which every verdict is then recorded.

    Findings that say the same as one of another rule have given way to it. What `applying` accepts is waived, or baselined.
    """
    tell = None if progress is None else lambda done, total: progress("checking", done, total)
    totals = [Outcome(rule) for rule in rules]
    with _collector_off():
        for world in worlds:
            roots = None if only is None else only(world)
            outcomes = judge_all(
                rules,
                world,
                only=roots,
                record=only is not None,
                show_passed=show_passed,
                by_root=by_root,
                certain_only=certain_only,
                tell=tell,
            )
            for total, one in zip(totals, outcomes, strict=True):
                total.add(one)
    if applying is not None:
        applying.waive(totals)
    give_way(totals)
    if applying is not None:
        applying.compare(totals, by_root)
    return totals


def run(request: AuditRequest, *, progress: StageCallback | None = None, tenant_progress: ProgressCallback | None = None) -> Report:
    """Load and judge. Raises what RuleSelection, `moment` and `load` raise."""
    started = datetime.now(timezone.utc)
    now = started if request.as_of is None else moment(request.as_of)
    rules = request.rules.rules()

    def wanted() -> set[str]:
        from auditor.engine.prepared import collections

        return collections(rules) | request.also

    by_root = RootVerdicts(request.by_rule) if request.by_area or request.by_rule else None
    applying, exceptions, shrunk = None, None, None
    if request.accepted is not None:
        from auditor.engine.exceptions import Applying

        applying = Applying(request.accepted, request.rules.book(), now.date())
    with _collector_off():
        loaded = load(request.inputs, wanted, now, progress=progress, tenant_progress=tenant_progress)
        outcomes = judge(
            loaded.worlds,
            rules,
            only=request.only,
            show_passed=request.show_passed,
            by_root=by_root,
            certain_only=request.certain_only,
            applying=applying,
            progress=progress,
        )
        with_findings, findings = _with_findings(outcomes), _by_root(outcomes)
        if applying is not None:
            unconfigured = _unconfigured(request, loaded, rules)
            exceptions, shrunk = applying.summed_up(findings, loaded.worlds, rules, unconfigured, certain_only=request.certain_only)
    fixed = request.as_of is not None
    return Report(
        **{name: getattr(loaded, name) for name in loaded.__struct_fields__},
        outcomes=outcomes,
        with_findings=with_findings,
        findings=findings,
        by_root=by_root,
        profile=request.rules.profile_name,
        started=now if fixed else started,
        finished=now if fixed else datetime.now(timezone.utc),
        fixed=fixed,
        exceptions=exceptions,
        baseline=shrunk,
    )


def _unconfigured(request: AuditRequest, loaded: Loaded, rules: list[Rule]) -> list[Finding]:
    """The findings of the rules that the configuration changes or leaves out, as they would be without it.

    Nothing more is read of a tenant for it. Rules that these give way to, or that give way to these, are judged with them.
    """
    if request.rules.unconfigured is None:
        return []
    ours = {rule.id: rule for rule in rules}
    others = request.rules.unconfigured.rules()
    changed = {rule.id for rule in others if ours.get(rule.id) != rule}
    near = {name for rule in others if rule.id in changed for name in rule.gives_way_to}
    asked = [
        rule for rule in others if rule.id in changed or not {rule.id, *rule.aliases}.isdisjoint(near) or changed & {*rule.gives_way_to}
    ]
    if not changed:
        return []
    outcomes = judge(loaded.worlds, asked, only=request.only, certain_only=request.certain_only)
    return [row for outcome in outcomes if outcome.rule.id in changed for _, row in outcome.rows if gate.is_failure(row)]


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
    certain_only: bool = False,
    stdin_name: str = STDIN_NAME,
    max_file_size: int = MAX_FILE_SIZE,
    allow_empty: bool = False,
    waivers: str | Path | None = None,
    baseline: str | Path | None = None,
    progress: StageCallback | None = None,
    tenant_progress: ProgressCallback | None = None,
) -> Report:
    """Audit files, folders, snapshots or standard input ("-"), and a live `tenant`.

    `select` and `ignore` name rules, areas, tags or "ALL"; `params` sets parameters: {"secret-expiring.warn_days": 60}.
    `certain_only` leaves out failures that are only likely: they count as not evaluated.
    A file of more than `max_file_size` bytes is not read. `allow_empty`: it is no error that there is nothing to audit.
    `waivers` and `baseline` are files of findings that do not count; no configuration is read.
    `as_of` is the day that counts as today, for reproducible reports. Input that cannot be read is in `errors` of the report, and
    the rest is audited all the same. Raises UsageError for paths, rules, profiles and parameters that do not exist, RuleError for a
    page that does not load, GraphFault for a tenant of which nothing can be read.
    """
    listed = [paths] if isinstance(paths, (str, Path)) else paths
    request = AuditRequest(
        Inputs(tuple(map(str, listed)), tenant, tuple(exclude), stdin_name, max_file_size, allow_empty),
        RuleSelection(tuple(select), tuple(ignore), profile, params or {}, tuple(map(str, extend_rules))),
        as_of,
        show_passed,
        by_area=True,
        certain_only=certain_only,
        accepted=None if waivers is None and baseline is None else _accepted(waivers, baseline),
    )
    return run(request, progress=progress, tenant_progress=tenant_progress)


def _accepted(waivers: str | Path | None, baseline: str | Path | None) -> Accepted:
    from auditor.engine import baseline as baselines
    from auditor.engine import waivers as of_waivers
    from auditor.engine.exceptions import Accepted

    return Accepted(
        waivers=None if waivers is None else of_waivers.read(Path(waivers)),
        baseline=None if baseline is None else baselines.read(Path(baseline)),
    )


def _say_what_is_missing(documents: Documents) -> None:
    """What could not be read of a tenant: an error where the job is not done, a note where a permission would give more."""
    for tenant in documents.tenants.values():
        for covered in tenant.covered:
            text = f"{covered.collection}: {covered.reason}"
            if covered.status in (COMPLETE, UNAVAILABLE, DENIED) and covered.collection != "applications":
                documents.notes += [Note(text, tenant.tenant_id)] if covered.reason else []
            elif covered.status not in AS_MEANT:
                documents.errors.append(InputError(tenant.tenant_id, text, hint=covered.remedy))


def _is_empty(documents: Documents) -> bool:
    """Whether everything was read, and holds nothing. A fault of a tenant is among the errors, or is a problem that the user can fix."""
    if documents.count or documents.errors or not all(one.is_answer for one in documents.empty):
        return False
    return not any(tenant.mendable() for tenant in documents.tenants.values())


def _say_what_is_empty(documents: Documents, inputs: Inputs) -> None:
    """Beside other files an empty one is worth a note. Where all that was understood is empty, nothing was checked."""
    looked = documents.count or documents.tenants or documents.errors
    for empty in documents.empty:
        if looked or (inputs.allow_empty and empty.is_answer):
            documents.notes.append(Note(empty.why, empty.file))
        else:
            documents.errors.append(InputError(empty.file, f"{empty.why}: there is nothing to audit"))
    if not looked and not documents.listings and not documents.empty and not inputs.allow_empty:
        documents.errors.append(
            InputError(
                ", ".join(inputs.paths),
                f"no app registration found in {counted(len(documents.passed_over), 'file')}",
                hint="export one with `az ad app show --id APP_ID`, or download the manifest in the portal",
            )
        )


def _named(paths: Iterable[str], documents: Documents) -> list[str]:
    """What was audited, as a report names it: a snapshot stands for its tenant."""
    snapshots = {os.path.normpath(path) for path in documents.snapshots}
    files = [path for path in paths if os.path.normpath(path) not in snapshots]
    return sorted({*files, *(tenant.tenant_id for tenant in documents.tenants.values())})


def _with_findings(outcomes: list[Outcome]) -> Counter[str]:
    """How many objects of each kind something is wrong with."""
    roots = {about.rank: row.resource_kind or "" for outcome in outcomes for about, row in outcome.rows if gate.is_failure(row)}
    return Counter(roots.values())


def _by_root(outcomes: list[Outcome]) -> list[Finding]:
    """All findings by registration, then by rule: outcomes come in the order of rules, and the findings of one in that of its roots."""
    rows = [row for outcome in outcomes for row in outcome.rows]
    for outcome in outcomes:
        outcome.rows = []  # a hundred thousand pairs that nobody needs any more
    rows.sort(key=lambda row: row[0].rank)
    return [finding for _, finding in rows]


def moment(value: datetime | date | str | None) -> datetime:
    """A day, or a moment, in UTC; None is now. Raises UsageError."""
    if value is None:
        return datetime.now(timezone.utc)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise UsageError(f"{value!r} is not a date such as 2026-01-31") from None
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value


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
