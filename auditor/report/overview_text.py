"""An overview for people: a page for all tenants together, a line for each, and a page for each where they are few."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from auditor.display import cell, columns, counted, harmless, wrapped
from auditor.report.overview import SPANS, Dangerous, Overview, Part
from auditor.report.paint import painted
from auditor.report.risk import EXPOSURES
from auditor.report.sections import NO_OWNER, NOT_KNOWN, said_by_severity
from auditor.severity import Severity

_FEW_TENANTS = 5  # that have a page each
_FEW = 3  # permissions, ways in, reasons on one line
_NO_NAME = "(no name)"


class Look(NamedTuple):
    """How a reader wants to see it."""

    colour: bool = False
    verbose: bool = False
    quiet: bool = False


def lines(found: Overview, look: Look) -> Iterator[str]:
    if len(found.tenants) == 1:
        yield from _Page(found.tenants[0], look).lines()
        return
    what = "tenants" if all(part.tenant_id for part in found.tenants) else "tenants and folders"
    yield from _Page(found.total, look).lines(f"{len(found.tenants):,} {what} together")
    yield from _tenants(found.tenants)
    if look.quiet:
        return
    yield ""
    if len(found.tenants) > _FEW_TENANTS and not look.verbose:
        yield from wrapped("-v prints a page for each tenant; --output-format json has all of them.")
        return
    for part in found.tenants:
        yield from _Page(part, look).lines()


def _tenants(parts: list[Part]) -> Iterator[str]:
    """A line for each."""
    yield f"{'registrations':>13}  findings  critical  high  dangerous  expired  tenant"
    for part in sorted(parts, key=lambda part: [-part.by_severity.get(severity, 0) for severity in reversed(Severity)]):
        critical, high = part.by_severity[Severity.critical], part.by_severity[Severity.high]
        numbers = f"{part.applications:>13,}  {part.findings:>8,}  {critical:>8,}  {high:>4,}"
        numbers += f"  {_dangerous(part):>9,}  {part.expiry.expired:>7,}  "
        name = harmless(part.name, 500)
        if len(numbers) + len(name) <= columns():
            yield numbers + name
        else:
            yield from (numbers.rstrip(), f"    {name}")


def _dangerous(part: Part) -> int:
    return part.reach["tier 0"]["way in"] + part.reach["high"]["way in"]


def _short(text: str, room: int) -> str:
    """A text that fits, cut between words; a word that does not fit stays whole."""
    first = text.split(" ")[0]
    if len(first) + 2 > room:
        return first
    return textwrap.shorten(text, room, placeholder=" …", break_on_hyphens=False, break_long_words=False)


class _Page:
    def __init__(self, part: Part, look: Look) -> None:
        self.part, self.look = part, look

    def lines(self, name: str = "") -> Iterator[str]:
        part = self.part
        for line in wrapped(harmless(name or part.name, 500), "", "  "):
            yield painted(line, "name", colour=self.look.colour)
        yield from wrapped(self._said(), "  ", "  ")
        yield ""
        if not self.look.quiet:
            yield from self._reach()
            yield from self._rules()
            yield from self._objects()
            yield from self._owners()
            yield from self._expiry()
        yield from self._not_checked()

    def _said(self) -> str:
        """171 of 303 registrations have findings: 6 critical, 84 high."""
        part = self.part
        have = "has" if part.applications_with_findings == 1 else "have"
        registrations = f"{part.applications_with_findings:,} of {counted(part.applications, 'registration')} {have} findings"
        severities = said_by_severity(lambda severity: part.by_severity.get(severity, 0))
        findings = f"{counted(part.findings, 'finding')} in all{f': {severities}' if severities else ''}"
        accepted = f"; {part.accepted:,} more {'is' if part.accepted == 1 else 'are'} accepted" if part.accepted else ""
        return f"{registrations}. {findings}{accepted}."

    def _head(self, text: str) -> Iterator[str]:
        first, *others = wrapped(text, "", "  ")
        yield painted(first, "name", colour=self.look.colour)
        yield from others

    # -- what is dangerous and within reach

    def _reach(self) -> Iterator[str]:
        part = self.part
        yield from self._head("Dangerous and within reach: powerful permissions and a way in")
        for row in part.dangerous:
            yield from self._one(row)
        if not part.dangerous:
            yield "  none known"
        if (more := _dangerous(part) - len(part.dangerous)) > 0:
            yield f"  … and {more:,} more"
        yield ""
        yield from self._head("Applications by permissions and exposure")
        widths = {name: max(10, len(name)) for name in EXPOSURES}
        yield "  permissions    " + "  ".join(f"{name:>{width}}" for name, width in widths.items())
        for tier, counts in part.reach.items():
            yield f"  {tier:<13}  " + "  ".join(f"{counts[name]:>{width},}" for name, width in widths.items())
        if part.not_placed:
            lacks = _some(f"{what} ({count:,})" for what, count in part.not_placed.items())
            yield from wrapped(cell(harmless(f"Not evaluated, since not known: {lacks}", 4000)), "  ", "    ")
        if not part.has_inventory:
            yield from wrapped("Permissions follow from findings: the report has no inventory (scan --inventory).", "  ", "  ")
        yield ""

    def _one(self, row: Dangerous) -> Iterator[str]:
        tier = f"{row.tier}: " + (_some(row.permissions) if row.permissions else _some(row.power))
        style = "critical" if row.tier == "tier 0" else "high"
        first, *others = wrapped(cell(_named(row.name, row.id)), "  ", "    ")
        yield first.replace(row.name or _NO_NAME, painted(row.name or _NO_NAME, style, colour=self.look.colour), 1)
        yield from others
        yield from wrapped(tier, "    ", "      ")
        yield from wrapped(f"way in: {_some(row.ways_in)}", "    ", "      ")

    # -- the worst

    def _rules(self) -> Iterator[str]:
        rows = [(row.severity, row.findings, row.objects, f"{row.id}: {row.title}") for row in self.part.rules]
        yield from self._table("Rules with the worst findings", rows)

    def _objects(self) -> Iterator[str]:
        rows = [(row.severity, row.findings, None, f"{row.id or ''}  {row.name or _NO_NAME}".strip()) for row in self.part.objects]
        yield from self._table("Registrations and other objects with the worst findings", rows)

    def _owners(self) -> Iterator[str]:
        rows = [
            (row.severity, row.findings, row.objects, row.owner or (NO_OWNER if row.is_known else NOT_KNOWN)) for row in self.part.owners
        ]
        yield from self._table("Owners of the worst findings", rows)

    def _table(self, head: str, rows: Sequence[tuple[Severity, int, int | None, str]]) -> Iterator[str]:
        if not rows:
            return
        yield from self._head(head)
        has_objects = rows[0][2] is not None
        yield f"  severity  findings{'  objects' if has_objects else ''}"
        for severity, findings, objects, text in rows:
            start = f"  {severity:<8}  {findings:>8,}" + (f"  {objects:>7,}" if has_objects else "") + "  "
            colour = painted(severity, severity, colour=self.look.colour)
            yield start.replace(severity, colour, 1) + _short(cell(harmless(text)), columns() - len(start))
        yield ""

    # -- what comes, and what is not known

    def _expiry(self) -> Iterator[str]:
        expiry = self.part.expiry
        spans = ", ".join(f"{expiry.within[days]:,} within {days} days" for days in SPANS)
        yield from self._head(f"Expires next: {spans}; {expiry.expired:,} {'has' if expiry.expired == 1 else 'have'} expired")
        for row in expiry.next:
            when = f"{row.end[:10]}  in {counted(row.days_left, 'day')}"
            yield from wrapped(f'{when}  {row.kind} "{row.name or _NO_NAME}" of {_named(row.of, row.id)}', "  ", "    ")
        yield ""

    def _not_checked(self) -> Iterator[str]:
        found = self.part.not_checked
        yield from self._head("Not checked")
        said = []
        for error in found.errors:
            said.append(f"error: {error}")
        for collection, why in found.collections.items():
            said.append(f"{collection}: {why}")
        if found.checks:
            reasons = [f"{why} ({count:,})" for why, count in found.reasons.items()]
            shown = reasons if self.look.verbose else reasons[:_FEW]
            more = [f"{len(reasons) - len(shown):,} more reasons (-v lists them)"] if len(reasons) > len(shown) else []
            said.append(f"{counted(found.checks, 'check')} not evaluated: {'; '.join([*shown, *more])}")
        elif found.checks is None and not said:
            said.append("checks that were not evaluated are counted for all together")
        for text in said or ["everything was checked"]:
            yield from wrapped(cell(harmless(text, 4000)), "  ", "    ")
        yield ""


def _named(name: str | None, identity: str | None) -> str:
    return f"{name or _NO_NAME} ({identity})" if identity else name or _NO_NAME


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:_FEW]) + (f" and {len(names) - _FEW:,} more" if len(names) > _FEW else "")
