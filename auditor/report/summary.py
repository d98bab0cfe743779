"""The end of a text report: what was read and checked, what could not be, and what took findings away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from auditor import markdown
from auditor.accepted import NOT_CHECKED, Exceptions
from auditor.display import counted, harmless, wrapped
from auditor.entra.collections import IMPORTED, SERVICE_PRINCIPALS, TENANT
from auditor.report.model import NotEvaluated, Report, blind
from auditor.report.paint import painted
from auditor.severity import Status

_TO_CHECK = ". To check one, add the manifests of its client and API: App registrations > the application > Manifest > Download"
_FEW = 3  # reasons in one line
_OF_OTHERS = {collection.name for collection in IMPORTED}
_OF_TENANT = {collection.name for collection in TENANT}
_FILES = "files"  # the profile without the rules that need a tenant


class Summary(Struct, frozen=True):
    """The summary of a report, no wider than the terminal."""

    report: Report
    verbose: bool
    colour: bool

    def lines(self) -> Iterator[str]:
        yield from wrapped(self.read())
        if through := self.connectors():
            yield from wrapped(through)
        yield from wrapped(self.evaluated())
        yield from self._not_evaluated()
        for name in self.report.run.coverage.without_exact_places:
            yield from wrapped(f"{harmless(name, 200)} is larger than 8 MiB: its findings have lines and no columns.")
        yield from self._findings()
        if self.report.exceptions is not None:
            yield from self._exceptions(self.report.exceptions)
        for shortfall in self.report.summary.gate.incomplete:
            yield from self._painted(wrapped(f"{shortfall.message[0].upper()}{shortfall.message[1:]}."), "high")

    def _painted(self, lines: Iterable[str], style: str) -> Iterator[str]:
        return (painted(line, style, colour=self.colour) for line in lines)

    def read(self) -> str:
        run = self.report.run
        read = run.coverage
        objects = [counted(read.applications_read, "app registration")]
        if read.service_principals_read:
            objects.append(counted(read.service_principals_read, "service principal"))
        if read.connectors_read:
            objects.append(counted(read.connectors_read, "connector"))
        if read.saved_secrets_read:
            objects.append(counted(read.saved_secrets_read, "saved secret"))
        skipped = f", {counted(read.files_passed_over, 'file')} skipped" if read.files_passed_over else ""
        sources = [f"tenant {harmless(tenant, 100)}" for tenant in run.tenants]
        if read.files_read or not sources:
            sources.append(counted(read.files_read, "file"))
        return f"Read {', '.join(objects[:-1])}{' and ' if len(objects) > 1 else ''}{objects[-1]} from {' and '.join(sources)}{skipped}."

    def connectors(self) -> str:
        """Of connectors without any registration."""
        read = self.report.run.coverage
        if not read.connectors_read or read.applications_read:
            return ""
        verb = "signs" if read.connectors_through_entra_id == 1 else "sign"
        connectors = f"{read.connectors_through_entra_id:,} of {counted(read.connectors_read, 'connector')}"
        return f"{connectors} {verb} in through Microsoft Entra ID{_TO_CHECK if read.connectors_through_entra_id else ''}."

    def evaluated(self) -> str:
        verdicts = self.report.run.coverage.verdicts
        checks = counted(verdicts.passed + verdicts.failed, "check")
        line = f"Evaluated {checks} with {counted(len(self.report.rules), 'rule')}: {verdicts.passed:,} passed, {verdicts.failed:,} failed"
        if verdicts.errors:
            line += f", {verdicts.errors:,} broke"
        return f"{line}; {verdicts.not_applicable:,} did not apply."

    def _findings(self) -> Iterator[str]:
        summary = self.report.summary
        found = [(count, severity) for severity, count in summary.by_severity.items() if count]
        if found:
            text = f"Findings: {', '.join(f'{count:,} {severity}' for count, severity in found)}"
            text += f"; {summary.likely:,} of them only likely" if summary.likely else ""
            failed = self.report.run.coverage.verdicts.failed
            text += f". Together {summary.findings:,}: a failed check can have several" if summary.findings > failed else ""
            (first, *others), begins = wrapped(f"{text}."), "Findings:"
            yield painted(begins, found[0][1], colour=self.colour) + first.removeprefix(begins)
            yield from others
        elif not summary.gate.incomplete:
            accepted = summary.by_status.get(Status.waived) or summary.by_status.get(Status.baselined)
            yield painted("No findings but those that are accepted." if accepted else "No findings.", "pass", colour=self.colour)

    # -- what could not be checked

    def _not_evaluated(self) -> Iterator[str]:
        count = self.report.run.coverage.verdicts.not_evaluated
        if not count:
            return
        reasons = sorted(self.report.not_evaluated, key=lambda one: (-one.count, _reason(one)))
        head = f"Not evaluated: {counted(count, 'check')}"
        if of_blind := blind(rule.verdicts for rule in self.report.rules):
            all_ = "all" if sum(of_blind) == count else f"{sum(of_blind):,}"
            head += f", {all_} of {counted(len(of_blind), 'rule')} that could not be evaluated at all"
        if not self.verbose:
            why = _of_files(reasons) if self.report.run.source == "manifest" else _of_tenant(reasons)
            ways = ["-v lists them"]
            if self.report.run.profile != _FILES and any(one.what == SERVICE_PRINCIPALS.name and one.is_collection for one in reasons):
                ways.append("--profile files leaves out rules that need the tenant")
            yield from wrapped(f"{head}. {why}: {', '.join(ways)}.")
            return
        yield f"{head}. Missing data:"
        for reason in reasons:
            yield from wrapped(f"{_reason(reason)}  ({_some(sorted(reason.rules))})", f"  {reason.count:>6,}  ", " " * 10)
            if reason.remedy:
                yield from self._painted(markdown.wrap(markdown.lines(reason.remedy), " " * 10), "minor")

    # -- what took findings away

    def _exceptions(self, found: Exceptions) -> Iterator[str]:
        for said in exceptions_said(found, verbose=self.verbose):
            yield from self._painted(wrapped(said.text, said.indent, said.indent), "warning" if said.is_warning else "")


class Sentence(Struct, frozen=True):
    """A sentence of the summary."""

    text: str
    is_warning: bool = False
    indent: str = ""


def exceptions_said(found: Exceptions, *, verbose: bool) -> Iterator[Sentence]:
    """What configuration, waivers and baseline took away, a sentence each."""
    if found.configuration:
        effects = [f"{counted(found.left_out, 'finding')} left out"] if found.left_out else []
        effects += [f"{counted(found.lowered, 'finding')} with a lower severity"] if found.lowered else []
        yield Sentence(f"Configuration: {', '.join(found.configuration)}" + (f": {', '.join(effects)}." if effects else "."))
    if found.waived:
        yield Sentence(f"Waived: {counted(found.waived, 'finding')}.")
    for use in found.waivers:
        place = f"{use.waiver.file}:{use.waiver.line}: {use.what}"
        if use.state == "expired":
            number = counted(use.findings, "finding")
            back = f"; {number} {'counts' if use.findings == 1 else 'count'} again" if use.findings else ""
            yield Sentence(f"Expired on {use.waiver.until}: {place}{back}", is_warning=True)
        elif use.state == "unused" and (verbose or not use.remark or use.remark != NOT_CHECKED):
            yield Sentence(f"Unused: {place}" + (f" ({use.remark})" if use.remark else ""))
    if found.baseline is not None:
        risen = f"; {counted(found.risen, 'finding')} more severe than there" if found.risen else ""
        hint = "" if verbose or not found.baselined else " (-v lists them)"
        yield Sentence(f"Baseline {found.baseline}: {counted(found.baselined, 'finding')} accepted{hint}{risen}.")
        if found.fixed:
            yield Sentence(f"{found.fixed:,} fixed: `regaudit baseline PATH --update {found.baseline}` takes them out.", indent="  ")
        if found.not_seen:
            yield Sentence(f"{found.not_seen:,} not seen: this run could not look for them.", indent="  ")


def _reason(one: NotEvaluated) -> str:
    return f"{one.what}: {one.why}"


def _of_files(reasons: list[NotEvaluated]) -> str:
    """612 need data of the tenant (service principals, owners and 3 more), 194 other data that the input does not have."""
    of_tenant = [one for one in reasons if one.what in _OF_TENANT]
    imported = [one for one in reasons if one.what in _OF_OTHERS]
    others = [one for one in reasons if one.what not in _OF_TENANT | _OF_OTHERS]
    asked, rest = (sum(one.count for one in some) for some in (of_tenant, others))
    is_alone = sum(map(bool, (of_tenant, imported, others))) == 1
    parts = []
    if asked:
        names = list(dict.fromkeys(_words(one.what) for one in of_tenant))
        parts.append(f"{'Missing is' if is_alone else _needs(asked)} tenant data ({_some(names)})")
    if rest:
        missing = "data" if not asked else "other data"
        parts.append(f"{'Missing is' if is_alone else _needs(rest)} {missing} that the input does not have")
    if imported:
        parts.append(_imported(imported, is_alone=is_alone))
    return ", ".join(parts)


def _imported(reasons: list[NotEvaluated], *, is_alone: bool) -> str:
    """Nobody has to have such files: they are named last, however many checks need them."""
    return f"{'Missing are' if is_alone else _needs(sum(one.count for one in reasons))} files of other services"


def _needs(count: int) -> str:
    return f"{count:,} {'needs' if count == 1 else 'need'}"


def _of_tenant(reasons: list[NotEvaluated]) -> str:
    """federatedIdentityCredentials: Application.Read.All is missing (614), and 2 more reasons."""
    own = [one for one in reasons if one.what not in _OF_OTHERS]
    imported = [one for one in reasons if one.what in _OF_OTHERS]
    said = [f"{_reason(one)} ({one.count:,})" for one in own[:_FEW]]
    more = [f"and {counted(len(own) - _FEW, 'more reason')}"] if len(own) > _FEW else []
    return "; ".join(said + more + ([_imported(imported, is_alone=not own)] if imported else []))


def _words(collection: str) -> str:
    """servicePrincipals: service principals."""
    return re.sub(r"(?<=[a-z\d])(?=[A-Z])", " ", collection).lower()


def _some(names: list[str]) -> str:
    return ", ".join(names[:_FEW]) + (f" and {len(names) - _FEW:,} more" if len(names) > _FEW else "")
