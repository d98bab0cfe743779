"""What changed, for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import click
import msgspec

from auditor.display import cell, counted, placed, wrapped
from auditor.history.changes import KINDS
from auditor.history.model import Change, Diff, DiffFinding, Object, Side
from auditor.history.seen import NAMES
from auditor.severity import Certainty, Status

HEADS = {
    "new_findings": ("New", ""),
    "newly_visible": ("Newly visible", "the older run could not have found these"),
    "fixed": ("Fixed", ""),
    "not_seen": ("Not seen", "the newer run could not have found these"),
}
_COLOURS = {"new_findings": "red", "newly_visible": "yellow", "fixed": "green", "not_seen": "magenta", "changes": "cyan"}


class Options(msgspec.Struct, frozen=True):
    """How a reader wants to see it."""

    limit: int = 20  # findings of a rule, changed objects; 0: all
    colour: bool = False
    quiet: bool = False


def render(diff: Diff, options: Options) -> Iterator[bytes]:
    for line in _Page(diff, options).lines():
        yield (line + "\n").encode("utf-8", "replace")


class _Page:
    def __init__(self, diff: Diff, options: Options) -> None:
        self.diff, self.options = diff, options

    def lines(self) -> Iterator[str]:
        gate = self.diff.summary.gate
        first, *others = wrapped(gate.verdict, "", "  ")
        word, colon, rest = first.partition(":")
        yield self._style(word, "red" if gate.exit_code else "green", bold=True) + colon + rest
        yield from others
        yield from wrapped(_side("older", self.diff.old), "", "  ")
        yield from wrapped(_side("newer", self.diff.new), "", "  ")
        if not self.options.quiet:
            for name, (head, why) in HEADS.items():
                yield from self._class(name, head, why)
            yield from self._changes()
        for note in self.diff.notes:
            yield from wrapped(f"note {note}.", "", "  ")
        for shortfall in gate.incomplete:
            yield from wrapped(f"{shortfall.message[:1].upper()}{shortfall.message[1:]}.", "", "  ")

    def _style(self, text: str, colour: str | None = None, *, bold: bool = False) -> str:
        return click.style(text, fg=colour, bold=bold) if self.options.colour else text

    def _class(self, name: str, head: str, why: str) -> Iterator[str]:
        found: list[DiffFinding] = getattr(self.diff, name)
        if not found:
            return
        yield ""
        yield self._style(head, _COLOURS[name], bold=True) + f" ({len(found):,})" + (f": {why}" if why else "")
        for rule, group in groupby(found, lambda one: (one.severity, one.rule_id, one.rule_title)):
            rows = list(group)
            yield from wrapped(f"{rule[0]} {rule[1]}  {rule[2]}" + (f"  ({len(rows):,})" if len(rows) > 1 else ""), "  ", "    ")
            reasons = {row.because for row in rows}
            if name != "new_findings" and len(reasons) == 1 and len(rows) > 1:  # once for all
                yield from wrapped(rows[0].because, "    ", "    ") if rows[0].because else ()
                rows = [msgspec.structs.replace(row, because=None) for row in rows]
            limit = self.options.limit or len(rows)
            for row in rows[:limit]:
                yield from self._finding(row, is_there=name in ("new_findings", "newly_visible"))
            if len(rows) > limit:
                yield f"    … and {len(rows) - limit:,} more (--limit 0 shows all)"

    def _finding(self, row: DiffFinding, *, is_there: bool) -> Iterator[str]:
        marks = [row.status.value] if row.status is not Status.fail else []
        marks += [row.certainty.value] if row.certainty is Certainty.likely else []
        yield from wrapped(titled(row) + (f" [{', '.join(marks)}]" if marks else ""), "    ", "      ")
        if is_there:
            yield from wrapped(cell(row.message), "      ", "      ")
            if row.file:
                yield from wrapped(f"{placed(row.file, row.line)}  {row.property_path or ''}".rstrip(), "      ", "      ")
        if row.because:
            yield from wrapped(row.because, "      ", "      ")

    def _changes(self) -> Iterator[str]:
        changes = self.diff.changes
        if not changes:
            return
        yield ""
        yield self._style("Changes", _COLOURS["changes"], bold=True) + f" ({len(changes):,})"
        objects = by_object(changes)
        limit = self.options.limit or len(objects)
        for rows in objects[:limit]:
            yield from wrapped(titled(rows[0]), "  ", "    ")
            for row in rows:
                yield from wrapped(said(row), "    ", "      ")
        if len(objects) > limit:
            yield f"  … and {counted(len(objects) - limit, 'more object')} (--limit 0 shows all)"


def titled(of: Object) -> str:
    """app registration "Payroll" (11111111-…)."""
    name = f' "{of.display_name}"' if of.display_name else ""
    identity = of.app_id or of.object_id or (of.tenant_id if of.resource_kind == "tenant" else None)
    return f"{NAMES.get(of.resource_kind, of.resource_kind)}{name}{f' ({identity})' if identity else ''}"


def said(change: Change) -> str:
    """owner removed: "Ann" (…)."""
    words = KINDS.get(change.kind, change.kind)
    return f"{words}: {change.what}" if change.what else words


def by_object(changes: Iterable[Change]) -> list[list[Change]]:
    """Changes of one object stand together."""
    found = groupby(changes, lambda one: (one.resource_kind, one.app_id, one.object_id, one.display_name, one.tenant_id))
    return [list(group) for _, group in found]


def _side(word: str, side: Side) -> str:
    what = [side.as_of[:10], counted(side.applications, "app registration"), counted(side.findings, "finding")]
    return f"{word}: {side.name or side.run_id} ({', '.join(what)})"
