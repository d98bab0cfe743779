"""One pass of every rule over the facts. A rule that breaks is an outcome, not a crash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from auditor import pointer
from auditor.display import clean, show
from auditor.facts import App, Credential, Fact, ServicePrincipal
from auditor.finding import Finding, Outcome, Related, fingerprint
from auditor.language import Found
from auditor.resolve import World
from auditor.rulebook import Check, Rule
from auditor.unknown import Unknown, Unread, is_unknown

_NOT_GIVEN = {"app": "applications", "principal": "servicePrincipals", "tenant": "organization"}


def judge(rule: Rule, world: World, *, only: list[Any] | None = None, show_passed: bool = False) -> Outcome:
    """What one rule says of one world, or of `only` these of its roots. Raises RuleError when the page does not check."""
    roots = roots_of(rule, world) if only is None else only
    if not roots:
        return _nothing_to_judge(rule, world)
    check = rule.check(world.unavailable).bind(world.now, world.tenant)
    found = Found()
    check.run(roots, found)
    verdicts = _Verdicts(check, found)
    outcome = Outcome(
        rule,
        failed=verdicts.count["fail"],
        passed=len(found.passed) + verdicts.count["pass"],
        not_evaluated=len(found.blind) + verdicts.count["not-evaluated"],
        errors=len(found.broken) + verdicts.count["error"],
        reasons=verdicts.reasons,
    )
    outcome.not_applicable = len(roots) - outcome.failed - outcome.passed - outcome.not_evaluated - outcome.errors
    rows = _Rows(check, world)
    outcome.rows = rows.failed(found.failed)
    outcome.rows += [(root.rank, rows.error(root, error)) for root, error in found.broken]
    if show_passed:
        outcome.rows += [(root.rank, rows.passed(root)) for root in (*found.passed, *verdicts.passed)]
    return outcome


def roots_of(rule: Rule, world: World) -> list[Any]:
    if rule.root == "app":
        return world.apps
    if rule.root == "principal":
        return world.principals
    return [world.tenant] if world.tenant.document is not None else []


def _nothing_to_judge(rule: Rule, world: World) -> Outcome:
    """A root collection that was not given is not "all of them pass"."""
    collection = _NOT_GIVEN[rule.root]
    if collection in world.complete or not world.given:
        return Outcome(rule)
    unknown = world.missing(collection)
    return Outcome(rule, not_evaluated=1, reasons=Counter({unknown.reason: 1}))


class _Verdicts:
    """The verdicts of the roots that the fast pass did not settle."""

    def __init__(self, check: Check, found: Found) -> None:
        self.count: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.passed: list[Any] = []
        # Roots of which the fast pass met an unknown before or between their subjects are judged again, subject by subject.
        if found.blind:
            assert check.unknown is not None
            self.reasons[check.unknown.reason] += len(found.blind)
        failed = {id(root) for root, _ in found.failed}
        passed: set[int] = set()
        unknown: dict[int, Unknown] = {}
        judged = {(id(root), id(subject)) for root, subject in found.failed}
        for root, opened, gap in found.opened:
            try:
                subjects = [(opened, gap)] if opened is not None else check.subjects(root, gap)
                for subject, missing in subjects:
                    if (id(root), id(subject)) in judged:
                        continue
                    verdict = check.exactly(root, subject, missing)
                    if verdict is False:
                        found.failed.append((root, subject))
                        failed.add(id(root))
                    elif verdict is True:
                        passed.add(id(root))
                    elif verdict is not None:
                        unknown.setdefault(id(root), verdict)
            except Exception as error:  # noqa: BLE001  (a rule that breaks is an outcome)
                found.broken.append((root, error))
        broken = {id(root) for root, _ in found.broken}
        for root, seen, dark in found.special:
            key = id(root)
            if key in broken:
                continue
            if key in failed:
                self.count["fail"] += 1
            elif dark or key in unknown:
                self.count["not-evaluated"] += 1
                reason = unknown[key] if key in unknown else check.unknown
                assert reason is not None
                self.reasons[reason.reason] += 1
            elif seen or key in passed:
                self.count["pass"] += 1
                self.passed.append(root)


class _Subject(NamedTuple):
    """What every row says of a root; worked out once."""

    identity: str
    app_id: str | None
    object_id: str | None
    name: str | None
    kind: str
    owners: list[str] | None
    tags: list[str] | None
    reference: str | None


class _Rows:
    """Makes findings of what a rule found."""

    def __init__(self, check: Check, world: World) -> None:
        self.check, self.rule, self.world = check, check.rule, world
        self.tenant = world.tenant.id if isinstance(world.tenant.id, str) else None
        self.reference = self.rule.references[0] if self.rule.references else None
        self.place = "/" + check.checked.place if check.checked.place else ""
        self.fact = check.checked.property_fact
        self.expected, self.aadsts = self.rule.require, self.rule.aadsts

    def failed(self, found: Iterable[tuple[Any, Any]]) -> list[tuple[int, Finding]]:
        rows = []
        last, twins = None, Counter[str]()
        for root, subject in found:
            if root is not last:
                last = root
                twins.clear()
            key = "" if subject is root else subject.key if isinstance(subject, Fact) else str(subject)
            twins[key] += 1
            try:
                row = self._failure(root, subject, key if twins[key] == 1 else f"{key}#{twins[key]}")
            except Exception as error:  # noqa: BLE001  (a message that breaks must not lose the finding)
                row = self.error(root, error)
            rows.append((root.rank, row))
        return rows

    def _failure(self, root: Any, subject: Any, key: str) -> Finding:
        check = self.check
        row = self._row(root, key, "fail", check.severity(root, subject), check.message(root, subject))
        if isinstance(subject, Fact):
            self._locate(row, subject, self.place)
            if self.fact:
                row.actual = show(getattr(subject, self.fact))
            elif subject is not root:
                row.actual = clean(subject.label)
            if isinstance(subject, Credential):
                row.credential_key_id = _text(subject.key_id)
        else:
            self._locate(row, root, self.place)
            row.actual = show(subject)
        row.expected, row.remediation = self.expected, check.fix(root, subject)
        if check.names_others:
            others = [other for other in check.named(root, subject) if isinstance(other, Fact)]
            row.related = [related for related in map(_related, others) if related is not None] or None
        return row

    def error(self, root: Any, error: Exception) -> Finding:
        message = f"the rule broke here: {type(error).__name__}: {clean(str(error))}"
        row = self._row(root, "error", "error", self.check.checked.levels[-1], message)
        self._locate(row, root, "")
        return row

    def passed(self, root: Any) -> Finding:
        row = self._row(root, "pass", "pass", "info", "passes")
        self._locate(row, root, "")
        return row

    def _row(self, root: Any, key: str, status: str, severity: str, message: str) -> Finding:
        rule = self.rule
        of = root.__dict__.get("subject") or _subject(root)
        return Finding(
            fingerprint(self.tenant or "", rule.id, of.identity, key), rule.id, rule.title, rule.area, severity, status,
            of.app_id, of.object_id, of.name, of.kind, self.tenant,
            message=message, reference_url=self.reference, aadsts=self.aadsts,
            owners=of.owners, tags=of.tags, service_management_reference=of.reference,
        )  # fmt: skip

    @staticmethod
    def _locate(row: Finding, fact: Fact, place: str) -> None:
        document, inside = fact.origin()
        if document is None:
            return
        inside += place
        row.file = document.file.shown
        where, row.line, row.column = document.place(inside)
        row.pointer = clean(where, 1000)
        row.property_path = _property_path(inside)


_RESOURCE_KINDS: dict[type, str] = {App: "application", ServicePrincipal: "servicePrincipal"}


def _subject(root: Any) -> _Subject:
    app_id, object_id = _text(getattr(root, "app_id", None)), _text(root.id)
    document = root.document
    name, tags = getattr(root, "display_name", None), getattr(root, "tags", None)
    reference = getattr(root, "service_management_reference", None)
    found = _Subject(
        object_id or app_id or f"{document.file.name}{document.pointer}",
        app_id,
        object_id,
        clean(name) if isinstance(name, str) else None,
        _RESOURCE_KINDS.get(root.__class__, "tenant"),
        _owners(root),
        [clean(tag) for tag in tags] if type(tags) is list else None,
        _text(reference),
    )
    root.__dict__["subject"] = found
    return found


def _text(value: Any) -> str | None:
    return clean(value) if isinstance(value, str) and value else None


def _owners(root: Any) -> list[str] | None:
    """Names of the owners that are known; None where nobody looked."""
    if is_unknown(getattr(root, "expanded_owners", None)) and "owners" not in root.world.given:
        return None
    owners = getattr(root, "owners", None)
    if owners is None or is_unknown(owners):
        return None
    try:
        return [clean(owner.label) for owner in (owners.known() if hasattr(owners, "known") else owners)]
    except Unread:
        return None


def _related(fact: Fact) -> Related | None:
    document, inside = fact.origin()
    if document is None:
        return None
    where, line, _ = document.place(inside)
    return Related(clean(fact.label), document.file.shown, line, clean(where, 1000))


@lru_cache(maxsize=4096)
def _property_path(inside: str) -> str | None:
    """/passwordCredentials/0/endDateTime -> passwordCredentials[0].endDateTime."""
    path = ""
    for part in pointer.split(inside):
        path += f"[{part}]" if part.isdigit() and path else f".{part}" if path else part
    return clean(path, 500) or None
