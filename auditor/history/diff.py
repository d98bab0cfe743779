"""Two reports -> what changed between them, as data."""

from __future__ import annotations

from collections.abc import Iterable

from auditor import __version__
from auditor.display import clean, counted
from auditor.engine.gate import Cause, Gate, Shortfall, counts, threshold
from auditor.history import changes, model
from auditor.history.changes import Changed
from auditor.history.compare import Class, Compared, Comparison, compare
from auditor.history.seen import NAMES
from auditor.report.model import Gate as GateRow
from auditor.report.model import Report, Tool
from auditor.report.model import Shortfall as ShortfallRow
from auditor.report.objects import Entity
from auditor.report.rows import Rows

NOT_COMPARED = Shortfall(Cause.not_compared, "the two runs cannot be compared: they have no object and no rule in common")


def diff_of(
    old: Report, new: Report, *, names: tuple[str, str] = ("", ""), fail_on: str = "high", ignore_newly_visible: bool = False
) -> model.Diff:
    """What changed. `names`: how the user named the two. Findings that are new count at `fail_on`, a severity or "never", and so do
    those that are newly visible, unless they are ignored. Raises UsageError.
    """
    at = threshold(fail_on)
    compared, changed = compare(old, new, at), changes.changes(old, new)
    classes = {each: compared.of(each) for each in Class}
    heeded = [*classes[Class.new], *([] if ignore_newly_visible else classes[Class.newly_visible])]
    gate = Gate(fail_on, sum(counts(one.finding, at) for one in heeded), _shortfalls(new, compared))
    numbers = {each.name: len(found) for each, found in classes.items()}
    rows, olds = Rows(new), Rows(old)
    return model.Diff(
        model.SCHEMA_VERSION,
        Tool("regaudit", __version__),
        _side(old, names[0]),
        _side(new, names[1]),
        model.Summary(**numbers, changes=len(changed.found), gate=_gate_row(gate, numbers, len(changed.found))),
        _findings(rows, classes[Class.new]),
        _findings(rows, classes[Class.newly_visible]),
        _findings(olds, classes[Class.fixed]),
        _findings(olds, classes[Class.not_seen]),
        [_change(one, old, new) for one in changed.found],
        list(_notes(old, new, changed)),
    )


def _shortfalls(new: Report, compared: Comparison) -> list[Shortfall]:
    """Of the newer run: what the older one did not do, shows as findings that are newly visible."""
    found = [Shortfall(Cause(one.cause), clean(one.message, 500), one.count, one.rules) for one in new.summary.gate.incomplete]
    return found if compared.comparable else [*found, NOT_COMPARED]


def _gate_row(gate: Gate, numbers: dict[str, int], changed: int) -> GateRow:
    incomplete = [ShortfallRow(one.cause.value, one.message, one.count, one.rules) for one in gate.incomplete]
    verdict = f"{gate.head}: {_numbers(gate, numbers)}; {counted(changed, 'change')}"
    return GateRow(verdict, gate.fail_on, gate.findings, gate.findings > 0, not incomplete, incomplete, gate.exit_code)


def _numbers(gate: Gate, numbers: dict[str, int]) -> str:
    """2 new findings and 1 newly visible (1 at or above --fail-on high); 3 fixed, 1 not seen, 40 known."""
    found = counted(numbers["new"], "new finding") if numbers["new"] else "no new findings"
    if numbers["newly_visible"]:
        found += f" and {numbers['newly_visible']:,} newly visible"
    at = (
        ""
        if gate.fail_on in ("never", "info")
        else f" ({f'{gate.findings:,}' if gate.findings else 'none'} at or above --fail-on {gate.fail_on})"
    )
    return f"{found}{at}; {numbers['fixed']:,} fixed, {numbers['not_seen']:,} not seen, {numbers['known']:,} known"


def _side(report: Report, name: str) -> model.Side:
    run = report.run
    return model.Side(
        name, clean(run.id), clean(run.as_of), clean(report.tool.version), clean(run.profile), [clean(tenant) for tenant in run.tenants],
        len(report.applications), len(report.findings), _has_inventory(report), report.summary.gate.complete,
    )  # fmt: skip


def _has_inventory(report: Report) -> bool:
    apps, principals = report.applications, report.service_principals
    return any(one.inventory is not None for one in apps) or any(one.inventory is not None for one in principals)


def _findings(rows: Rows, found: Iterable[Compared]) -> list[model.DiffFinding]:
    made = [_finding(rows, one) for one in found]
    # Where two are alike in all else, their order says nothing.
    made.sort(key=lambda one: (-one.severity.rank, one.rule_id, one.display_name or "", one.app_id or "", one.finding_id, one.file or ""))
    return made


def _finding(rows: Rows, compared: Compared) -> model.DiffFinding:
    finding = compared.finding
    kind, of = rows.object_of(finding)
    file, pointer, path = rows.place_of(finding)
    return model.DiffFinding(
        *_object(rows.report, kind, of),
        finding_id=clean(finding.finding_id),
        rule_id=clean(finding.rule_id),
        rule_title=clean(rows.rules[finding.rule_id].title),
        severity=finding.severity,
        status=finding.status,
        certainty=finding.certainty,
        weak=finding.weak,
        was=compared.was,
        because=_or_none(compared.because or None, 500),
        message=clean(finding.message, 4000),
        file=_or_none(file, 1000),
        line=finding.line,
        pointer=_or_none(pointer, 1000),
        property_path=_or_none(path, 1000),
    )


def _change(change: Changed, old: Report, new: Report) -> model.Change:
    report = old if change.kind in changes.REMOVED else new
    return model.Change(
        *_object(report, change.of_kind, change.of), kind=change.kind, what=clean(change.what, 1000), id=_or_none(change.id)
    )


def _object(report: Report, kind: str, of: Entity) -> tuple[str, str | None, str | None, str | None, str | None]:
    tenant = report.tenants[of.tenant]
    return kind, _or_none(of.app_id), _or_none(of.object_id), _or_none(of.display_name), _or_none(tenant.tenant_id)


def _or_none(text: str | None, limit: int = 200) -> str | None:
    """A report is a file, in which somebody may have written what they like."""
    return None if text is None else clean(text, limit)


def _notes(old: Report, new: Report, changed: changes.Changes) -> Iterable[str]:
    """What cannot be told, and why."""
    without = [side for side, report in (("older", old), ("newer", new)) if report.applications and not _has_inventory(report)]
    if without:
        which = "neither report has" if len(without) == 2 else f"the {without[0]} report does not have"
        yield (
            "changes of credentials, owners, permissions and URIs cannot be told: "
            f"{which} an inventory (regaudit scan --output-format json --inventory)"
        )
    if changed.untold:
        lists = ", ".join(f"{name} ({counted(count, 'object')})" for name, count in changed.untold.items())
        yield f"not all changes of these are listed, since one of the reports does not have the whole list: {lists}"
    for kind, count in changed.only_there.items():
        verb = "is" if count == 1 else "are"
        yield f"{counted(count, NAMES[kind])} {verb} only in the newer input, and the older input may not have listed all of them"
    if old.tool.version != new.tool.version:
        yield (
            f"the reports were made by regaudit {clean(old.tool.version)} and {clean(new.tool.version)}: "
            "what the newer version knows better shows as a change"
        )
    if not old.summary.gate.complete:
        yield "the older run was not complete: what it could not check is newly visible"
