"""What a report says of what its run looked at: which objects were there, and on which of them a rule was evaluated.

A finding that a report does not have is one thing where the rule was evaluated on the object, and another where nobody looked.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from auditor.entra.ids import NIL
from auditor.report.model import Finding, Report, Rule
from auditor.report.objects import Entity, Tenant
from auditor.report.rows import Rows
from auditor.severity import Severity, Status

Key = tuple[str, ...]  # what an object is known by in every report: its kind, and its ID or its place
NAMES = {"application": "app registration", "servicePrincipal": "service principal", "connector": "connector", "tenant": "tenant"}
_LISTS = {"application": "applications", "servicePrincipal": "servicePrincipals"}  # kind -> the collection that lists all of them


class Seen:
    """Of one report. `side` is how messages name its run: older or newer."""

    def __init__(self, report: Report, side: str) -> None:
        self.report, self.side, self.rows = report, side, Rows(report)
        self.rules = self.rows.rules
        self.objects: dict[Key, list[Entity]] = defaultdict(list)
        for kind, entity in entities(report):
            self.objects[self.key(kind, entity)].append(entity)
        self._reasons: dict[str, list[str]] = defaultdict(list)  # rule -> what is missing somewhere in the run
        for missing in report.not_evaluated:
            for rule in missing.rules:
                self._reasons[rule].append(f"{missing.what}: {missing.why}")
        self._broken = {(row.rule_id, self.key_of(row)) for row in report.rule_errors}
        self._among_unknown = {(row.rule_id, self.key_of(row)) for row in report.findings if row.among_unknown}
        self._stands_for = {(rule, self.key_of(row)): row.rule_id for row in report.findings for rule in row.stands_for}
        self._hidden = _hidden(report)
        self._lists_principals = any(one.inventory is not None for one in report.service_principals)

    # -- objects

    def file_of(self, entity: Entity) -> str:
        """Its file, however it was spelled on the command line; '' for an object of a tenant."""
        file = self.rows.file_of(entity)
        return "" if file is None else posixpath.normpath(file.replace("\\", "/"))

    def key(self, kind: str, entity: Entity) -> Key:
        ids = {"application": entity.app_id or entity.object_id, "tenant": getattr(entity, "tenant_id", None)}
        id_ = ids.get(kind, entity.object_id)
        if id_ and id_ != NIL:
            return kind, id_.lower()
        return kind, self.file_of(entity), entity.display_name or entity.pointer, entity.app_id or ""

    def key_of(self, finding: Finding) -> Key:
        return self.key(*self.rows.object_of(finding))

    def finding_key(self, finding: Finding) -> tuple[str, str]:
        """What a finding is known by: its ID, which of a weak one counts in the same file only."""
        return finding.finding_id, self.file_of(self.rows.object_of(finding)[1]) if finding.weak else ""

    def is_absent(self, kind: str, key: Key, tenant: Tenant, *, alone: bool) -> bool:
        """Whether an object of that tenant is certainly not there. `alone`: it is the only tenant of the other report."""
        if key in self.objects or kind not in _LISTS:
            return False
        if kind == "servicePrincipal" and not self._lists_principals:
            return False  # the report leaves out those without a finding or a credential
        return self.lists_all(kind, tenant, alone=alone)

    def lists_all(self, kind: str, tenant: Tenant, *, alone: bool) -> bool:
        """Whether all objects of a kind were read of that tenant."""
        return any(_LISTS[kind] in one.complete_collections for one in self._same(tenant, alone=alone))

    def _same(self, tenant: Tenant, *, alone: bool) -> Iterable[Tenant]:
        tenants = self.report.tenants
        if tenant.tenant_id is not None and (found := [one for one in tenants if one.tenant_id == tenant.tenant_id]):
            return found
        unnamed = [one for one in tenants if one.tenant_id is None or tenant.tenant_id is None]
        return unnamed if alone and len(tenants) == 1 else [one for one in unnamed if one.folder and one.folder == tenant.folder]

    # -- rules

    def gap(self, rule: Rule, kind: str, key: Key, tenant: Tenant, *, alone: bool) -> str | None:
        """Why it is not known what a rule of the other report says of an object here; None where it was evaluated on it, and where the
        object is certainly not there.
        """
        if self.is_absent(kind, key, tenant, alone=alone):
            return None
        name, own = rule.id, self.rules.get(rule.id)
        if own is None:
            return f"the {self.side} run did not check the rule"
        if own.definition is None or own.definition != rule.definition:
            return f"the {self.side} run checked the rule with other conditions or parameters"
        if name in self._hidden:
            return f"the {self.side} report lists only findings of severity {self.report.run.min_severity} or higher"
        if (name, key) in self._broken:
            return f"the rule broke in the {self.side} run"
        if other := self._stands_for.get((name, key)):
            return f"the {self.side} report has the finding of {other} for it"
        if (name, key) in self._among_unknown:
            return f"the {self.side} run could not evaluate every part of the {NAMES[kind]}"
        if key in self.objects:
            reasons = self._missing_of(name, key)
        elif kind == "servicePrincipal" and not self._lists_principals and self.lists_all(kind, tenant, alone=alone):
            reasons = iter(self._reasons.get(name, ()))  # not listed: if it was there, it may be any of those that these are of
        else:
            return f"the {NAMES[kind]} was not in the {self.side} input"
        missing = next(reasons, None)
        return None if missing is None else f"missing data in the {self.side} run: {missing}"

    def _missing_of(self, rule: str, key: Key) -> Iterator[str]:
        """What was missing for a rule at an object, whose area says which reasons it has."""
        if not self.report.area_verdicts:  # nobody asked for them
            yield from self._reasons.get(rule, ())
            return
        for entity in self.objects.get(key, ()):
            verdict = None if entity.areas is None else self.report.area_verdicts[entity.areas].get(self.rules[rule].area)
            for position in verdict.reasons if verdict is not None else ():
                missing = self.report.not_evaluated[position]
                if rule in missing.rules:
                    yield f"{missing.what}: {missing.why}"


def entities(report: Report) -> Iterator[tuple[str, Entity]]:
    """All objects of a report, each with its kind."""
    lists: dict[str, Sequence[Entity]] = {
        "application": report.applications,
        "servicePrincipal": report.service_principals,
        "connector": report.connectors,
        "tenant": report.tenants,
    }
    for kind, members in lists.items():
        for entity in members:
            yield kind, entity


def _hidden(report: Report) -> set[str]:
    """The rules of which --min-severity may leave findings out: the numbers of the summary are of all."""
    if report.run.min_severity is Severity.info:
        return set()
    listed: dict[str, int] = defaultdict(int)
    accepted = 0
    for row in report.findings:
        listed[row.rule_id] += row.status is Status.fail
        accepted += row.status is not Status.fail
    if accepted != sum(report.summary.by_status.get(status, 0) for status in (Status.waived, Status.baselined)):
        return {rule.id for rule in report.rules}
    return {rule for rule, count in report.summary.by_rule.items() if count != listed[rule]}
