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

NAMES = {"application": "app registration", "servicePrincipal": "service principal", "connector": "connector", "tenant": "tenant"}
_LISTS = {"application": "applications", "servicePrincipal": "servicePrincipals"}  # kind -> the collection that lists all of them


class Seen:
    """Of one report. `side` is how messages name its run: older or newer."""

    def __init__(self, report: Report, side: str) -> None:
        self.report, self.side, self.rows = report, side, Rows(report)
        self.rules = self.rows.rules
        self._named: dict[tuple[str, ...], list[Entity]] = defaultdict(list)
        self._nameless: set[str] = set()  # kinds of which an object has no ID at all
        for kind, entity in entities(report):
            for name in self._names(kind, entity):
                self._named[name].append(entity)
            if not any(_ids(kind, entity).values()):
                self._nameless.add(kind)
        self._reasons: dict[str, list[str]] = defaultdict(list)  # rule -> what is missing somewhere in the run
        for missing in report.not_evaluated:
            for rule in missing.rules:
                self._reasons[rule].append(f"{missing.what}: {missing.why}")
        self._broken = {(row.rule_id, self._of(row)) for row in report.rule_errors}
        self._among_unknown = {(row.rule_id, self._of(row)) for row in report.findings if row.among_unknown}
        self._stands_for = {(rule, self._of(row)): row.rule_id for row in report.findings for rule in row.stands_for}
        self._hidden = _hidden(report)
        self._lists_principals = any(one.inventory is not None for one in report.service_principals)

    # -- objects

    def file_of(self, entity: Entity) -> str:
        """Its file, however it was spelled on the command line; '' for an object of a tenant."""
        file = self.rows.file_of(entity)
        return "" if file is None else posixpath.normpath(file.replace("\\", "/"))

    def finding_key(self, finding: Finding) -> tuple[str, str]:
        """What a finding is known by: its ID, which of a weak one counts in the same file only."""
        return finding.finding_id, self.file_of(self.rows.object_of(finding)[1]) if finding.weak else ""

    def same(self, kind: str, entity: Entity, of: Seen) -> list[Entity]:
        """The objects of this report that an object of another one is. (One may have been read twice.)"""
        found = {id(one): one for name in of._names(kind, entity) for one in self._named.get(name, ())}
        return list(found.values())

    @staticmethod
    def is_known_otherwise(kind: str, one: Entity, other: Entity) -> bool:
        """Whether an object has another identity in the other report, since an ID was not read."""
        first, second = (next((item for item in _ids(kind, each).items() if item[1] is not None), None) for each in (one, other))
        return first != second

    def is_absent(self, kind: str, entity: Entity, of: Seen) -> bool:
        """Whether an object of another report is certainly not in the tenant of this one."""
        if kind not in _LISTS or self.same(kind, entity, of):
            return False
        if kind == "servicePrincipal" and not self._lists_principals:
            return False  # the report leaves out those without a finding or a credential
        return not self._may_be_without_id(kind, entity) and self._lists_all(kind, entity, of)

    def _may_be_without_id(self, kind: str, entity: Entity) -> bool:
        """Whether an object of another report may be one of this report of which an ID was not read."""
        return kind in self._nameless or None in _ids(kind, entity).values()

    def _names(self, kind: str, entity: Entity) -> list[tuple[str, ...]]:
        """By what an object is found in another report: each of its IDs, or its place and name."""
        found: list[tuple[str, ...]] = [(kind, name, id_.lower()) for name, id_ in _ids(kind, entity).items() if id_ is not None]
        return found or [(kind, "place", self.file_of(entity), entity.display_name or entity.pointer, entity.app_id or "")]

    def _of(self, finding: Finding) -> int:
        """Which object of this report a finding is of."""
        return id(self.rows.object_of(finding)[1])

    def _lists_all(self, kind: str, entity: Entity, of: Seen) -> bool:
        """Whether all objects of its kind were read of the tenant of an object."""
        return kind in _LISTS and any(_LISTS[kind] in tenant.complete_collections for tenant in self._tenants(entity, of))

    def _tenants(self, entity: Entity, of: Seen) -> list[Tenant]:
        """Its tenant in this report. One without an ID is the one of the same folder, or the only one that there is."""
        theirs, own = of.report.tenants, self.report.tenants
        tenant = theirs[entity.tenant]
        if tenant.tenant_id is not None and (found := [one for one in own if one.tenant_id == tenant.tenant_id]):
            return found
        unnamed = [one for one in own if one.tenant_id is None or tenant.tenant_id is None]
        return unnamed if len(theirs) == len(own) == 1 else [one for one in unnamed if one.folder and one.folder == tenant.folder]

    # -- rules

    def gap(self, rule: Rule, kind: str, entity: Entity, of: Seen) -> str | None:
        """Why it is not known what a rule says here of an object, both of another report; None where it was evaluated on it, and where
        the object is certainly not there.
        """
        if self.is_absent(kind, entity, of):
            return None
        own = self.rules.get(rule.id)
        if own is None:
            return f"the {self.side} run did not check the rule"
        if own.definition is None or own.definition != rule.definition:
            return f"the {self.side} run checked the rule with other conditions or parameters"
        if rule.id in self._hidden:
            return f"the {self.side} report lists only findings of severity {self.report.run.min_severity} or higher"
        same = self.same(kind, entity, of)
        for one in same:
            at = rule.id, id(one)
            if at in self._broken:
                return f"the rule broke in the {self.side} run"
            if at in self._stands_for:
                return f"the {self.side} report has a finding of {self._stands_for[at]} instead"
            if at in self._among_unknown:
                return f"the {self.side} run could not evaluate every part of the {NAMES[kind]}"
        if same and kind == "tenant" and all(one.object_id is None for one in same):
            return f"the tenant's own settings were not in the {self.side} input"
        if same:
            reasons = self._missing_of(rule.id, same)
        elif self._may_be_without_id(kind, entity):
            return f"the {NAMES[kind]} is not in the {self.side} report, or it is one without an ID"
        elif kind == "servicePrincipal" and not self._lists_principals and self._lists_all(kind, entity, of):
            reasons = iter(self._reasons.get(rule.id, ()))  # not listed: if it was there, it may be any of those that these are of
        else:
            return f"the {NAMES[kind]} was not in the {self.side} input"
        missing = next(reasons, None)
        return None if missing is None else f"missing data in the {self.side} run: {missing}"

    def _missing_of(self, rule: str, same: Iterable[Entity]) -> Iterator[str]:
        """What was missing for a rule at an object, whose area says which reasons it has."""
        if not self.report.area_verdicts:  # the run did not gather them
            yield from self._reasons.get(rule, ())
            return
        for entity in same:
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


def _ids(kind: str, entity: Entity) -> dict[str, str | None]:
    """The IDs that say which object it is; None for one that was not read, or is still to be filled in."""
    if kind == "application":
        ids = {"app_id": entity.app_id, "object_id": entity.object_id}
    elif isinstance(entity, Tenant):
        ids = {"tenant_id": entity.tenant_id}
    else:  # each tenant has a service principal of the same application
        ids = {"object_id": entity.object_id}
    return {name: None if id_ in ("", NIL) else id_ for name, id_ in ids.items()}


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
