"""One pass of every rule over the facts. A rule that breaks is an outcome, not a crash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from auditor import pointer
from auditor.display import clean, clean_or_none, show
from auditor.engine.finding import Finding, Outcome, Related, Status, Undecided, fingerprint
from auditor.entra.collections import CONNECTORS, OWNERS
from auditor.facts import ROOTS, App, Connector, Credential, Fact, ServicePrincipal
from auditor.joins.world import World
from auditor.language import Choice, Found
from auditor.rulebook import Check, Rule
from auditor.severity import Severity
from auditor.unknown import Unknown, Unread, is_unknown, known

_CHUNK = 256  # roots
FEW = 4  # roots: to judge these one by one takes less time than to compile a rule


def judge(rule: Rule, world: World, *, only: list[Any] | None = None, show_passed: bool = False) -> Outcome:
    """What one rule says of one world, or of `only` these of its roots. Raises RuleError when the page does not check."""
    return judge_all([rule], world, only=only, show_passed=show_passed)[0]


def judge_all(
    rules: list[Rule],
    world: World,
    *,
    only: list[Any] | None = None,
    show_passed: bool = False,
    tell: Callable[[int, int], None] | None = None,
) -> list[Outcome]:
    """What each rule says of a world. `tell` is called with the number of roots done and of all."""
    judges = {rule.id: _Judge(rule, world, show_passed=show_passed) for rule in rules if only is not None or roots_of(rule, world)}
    sets: list[tuple[list[_Judge], list[Any]]] = []
    for kind in dict.fromkeys(rule.root for rule in rules):
        these = [judges[rule.id] for rule in rules if rule.root == kind and rule.id in judges]
        if these:
            sets.append((these, roots_of(these[0].rule, world) if only is None else only))
    done, total = 0, sum(len(roots) for _, roots in sets)
    for these, roots in sets:
        # All rules over a few hundred roots, then over the next: what one rule has read is at hand for the others.
        for start in range(0, len(roots), _CHUNK):
            chunk = roots[start : start + _CHUNK]
            subjects: dict[str, list[Any]] = {}  # of `each` -> roots that have any
            for one in these:
                if one.each not in subjects:
                    subjects[one.each] = one.check.with_subjects(chunk) if len(chunk) > FEW else chunk
                one.judge(subjects[one.each], len(chunk))
            done += len(chunk)
            if tell is not None:
                tell(done, total)
    return [judges[rule.id].outcome if rule.id in judges else _nothing_to_judge(rule, world) for rule in rules]


def roots_of(rule: Rule, world: World) -> list[Any]:
    if rule.root == "app":
        return world.apps
    if rule.root == "principal":
        return world.principals
    if rule.root == "connector":
        return world.connectors
    return [world.tenant] if world.tenant.document is not None else []


def _nothing_to_judge(rule: Rule, world: World) -> Outcome:
    """A root collection that was not given is not "all of them pass". (Nobody knows of connectors but those that were given.)"""
    (collection,) = ROOTS[rule.root].COLLECTIONS
    if collection is CONNECTORS or world.known.is_complete(collection) or not world.given:
        return Outcome(rule)
    unknown = rule.check(world.unavailable).unknown if rule.root == "tenant" else None  # a policy, say, and no organization
    if unknown is None:
        unknown = world.missing(collection)
    return Outcome(rule, not_evaluated=1, reasons=Counter({unknown.reason: 1}))


def judge_subjects(rule: Rule, world: World, root: Any, subjects: list[Any]) -> Outcome:
    """What one rule says of these subjects of one root, the others left aside."""
    one = _Judge(rule, world, show_passed=False)
    gap = one.check.unknown if one.check.unknown is not None else Unknown("", "")  # never seen: the subjects are known
    one.count(Found(special=[(root, False, False)], opened=[(root, subject, gap) for subject in subjects]), 1)
    return one.outcome


class _Judge:
    """One rule over one world, a few roots at a time."""

    def __init__(self, rule: Rule, world: World, *, show_passed: bool) -> None:
        self.rule, self.show_passed = rule, show_passed
        self.check = rule.check(world.unavailable).bind(world.now, world.tenant)
        self.each = rule.each
        self.outcome = Outcome(rule)
        self._rows = _Rows(self.check, world)

    def judge(self, roots: list[Any], total: int) -> None:
        """Judge these of `total` roots; to the others the rule does not apply, since they have no subject."""
        found = Found()
        if len(roots) > FEW or self.check.compiled:
            self.check.run(roots, found)
        else:
            found.special = [(root, False, False) for root in roots]
            found.opened = [(root, None, self.check.unknown) for root in roots]
        self.count(found, total)

    def count(self, found: Found, total: int) -> None:
        """Verdicts and rows of what a pass over some roots left behind."""
        outcome, passed = self.outcome, found.passed
        outcome.not_applicable += total - len(passed) - len(found.blind) - len(found.special) - len(found.broken)
        if found.blind:
            assert self.check.unknown is not None
            outcome.not_evaluated += len(found.blind)
            outcome.reasons[self.check.unknown.reason] += len(found.blind)
        if found.special:
            passed = passed + self._settle(found)
            rows = self._rows.failed(found.failed, outcome.undecided)
            outcome.rows += rows
            outcome.errors += sum(row.status is Status.error for _, row in rows)
        if found.broken:
            outcome.errors += len(found.broken)
            outcome.rows += [(root.rank, self._rows.error(root, error)) for root, error in found.broken]
        outcome.passed += len(passed)
        if self.show_passed:
            outcome.rows += [(root.rank, self._rows.passed(root)) for root in passed]

    def _settle(self, found: Found) -> list[Any]:
        """Verdicts of the roots that failed, or of which the fast pass met an unknown. Returns those that pass after all."""
        failed = {id(root) for root, _ in found.failed}
        passed: set[int] = set()
        unknown: dict[int, Unknown] = {}
        broken: set[int] = set()
        if found.opened:
            self._judge_exactly(found, failed, passed, unknown, broken)
        outcome, passing = self.outcome, []
        for root, seen, dark in found.special:
            key = id(root)
            if key in broken:
                continue
            if key in failed:
                outcome.failed += 1
            elif dark or key in unknown:
                reason = unknown.get(key, self.check.unknown)
                assert reason is not None
                outcome.not_evaluated += 1
                outcome.reasons[reason.reason] += 1
            elif seen or key in passed:
                passing.append(root)
            else:
                outcome.not_applicable += 1
        return passing

    def _judge_exactly(self, found: Found, failed: set[int], passed: set[int], unknown: dict[int, Unknown], broken: set[int]) -> None:
        """Subjects at which an unknown was met, once more in three values; of a root at which it was met before, all subjects."""
        judged = {(id(root), id(subject)) for root, subject in found.failed}
        for root, opened, gap in found.opened:
            try:
                subjects = [(opened, gap)] if opened is not None else self.check.subjects(root, gap)
                for subject, missing in subjects:
                    if (id(root), id(subject)) in judged:
                        continue
                    judged.add((id(root), id(subject)))
                    verdict = self.check.exactly(root, subject, missing)
                    if verdict is False:
                        found.failed.append((root, subject))
                        failed.add(id(root))
                    elif verdict is True:
                        passed.add(id(root))
                    elif verdict is not None:
                        unknown.setdefault(id(root), verdict)
            except Exception as error:  # noqa: BLE001  (a rule that breaks is an outcome)
                if id(root) not in broken:
                    broken.add(id(root))
                    found.broken.append((root, error))


class Subject(NamedTuple):
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
        self.tenant = clean(world.tenant.id) if isinstance(world.tenant.id, str) else None
        self.reference = self.rule.references[0] if self.rule.references else None
        self.place = "/" + check.checked.place if check.checked.place else ""
        self.fact = check.checked.property_fact
        self.expected, self.aadsts = self.rule.require, self.rule.aadsts

    def failed(self, found: Iterable[tuple[Any, Any]], undecided: set[Undecided]) -> list[tuple[int, Finding]]:
        """A row for each; severities that an unknown decides are noted in `undecided`."""
        rows = []
        last, twins = None, Counter[str]()
        for root, subject in found:
            if root is not last:
                last = root
                twins.clear()
            key = "" if subject is root else subject.key if isinstance(subject, Fact) else str(subject)
            twins[key] += 1
            try:
                row = self._failure(root, subject, key if twins[key] == 1 else f"{key}#{twins[key]}", undecided)
            except Exception as error:  # noqa: BLE001  (a message that breaks must not lose the finding)
                row = self.error(root, error, key)
            rows.append((root.rank, row))
        return rows

    def _failure(self, root: Any, subject: Any, key: str, undecided: set[Undecided]) -> Finding:
        check = self.check
        severity, message = check.severity(root, subject), check.message(root, subject)
        if isinstance(severity, Choice):
            row = self._row(root, key, Status.fail, severity.ordinary, f"{message} ({_may_be(severity)})")
            row.highest_severity = max(severity.severities)
            undecided.update(Undecided(row.severity, row.highest_severity, unknown.reason) for unknown in severity.unknowns)
        else:
            row = self._row(root, key, Status.fail, severity, message)
        if isinstance(subject, Fact):
            self._locate(row, subject, self.place)
            if self.fact:
                row.actual = show(getattr(subject, self.fact))
            elif subject is not root:
                row.actual = show(subject)
            if isinstance(subject, Credential):
                row.credential_key_id = clean_or_none(subject.key_id)
        else:
            self._locate(row, root, self.place)
            row.actual = show(subject)
        row.expected, row.remediation = self.expected, check.fix(root, subject)
        if check.names_others:
            others = [other for other in check.named(root, subject) if isinstance(other, Fact)]
            row.related = [related for related in map(_related, others) if related is not None] or None
        return row

    def error(self, root: Any, error: Exception, key: str = "") -> Finding:
        message = f"the rule broke here: {type(error).__name__}: {clean(str(error))}"
        row = self._row(root, f"error {key}", Status.error, self.check.checked.levels[-1], message)
        self._locate(row, root, "")
        return row

    def passed(self, root: Any) -> Finding:
        row = self._row(root, "pass", Status.passed, Severity.info, "passes")
        self._locate(row, root, "")
        return row

    def _row(self, root: Any, key: str, status: Status, severity: Severity, message: str) -> Finding:
        rule = self.rule
        of = subject_of(root)
        return Finding(
            fingerprint(self.tenant or "", rule.id, of.identity, key), rule.id, rule.title, rule.area, severity, severity, status,
            of.app_id, of.object_id, of.name, of.kind, self.tenant,
            None, None, None, None, None, None, None, None,  # its place is filled in later
            message, None, self.reference, self.aadsts, of.owners, of.tags, of.reference,
            portal_url=_portal_url(root, rule.area),
        )  # fmt: skip

    @staticmethod
    def _locate(row: Finding, fact: Fact, place: str) -> None:
        document, inside = fact.origin(place)
        if document is None:
            return
        row.file = document.file.shown
        where, row.line, row.column = document.place(inside)
        row.pointer = clean(where, 1000)
        row.property_path = _property_path(inside)


def _may_be(choice: Choice) -> str:
    """may be high or critical, depending on servicePrincipals: not given."""
    others = " or ".join(sorted(choice.severities - {choice.ordinary}))
    reasons = dict.fromkeys(clean(unknown.reason) for unknown in choice.unknowns)
    return f"may be {others}, depending on {'; '.join(reasons)}"


_RESOURCE_KINDS: dict[type, str] = {App: "application", ServicePrincipal: "servicePrincipal", Connector: "connector"}


def subject_of(root: Any) -> Subject:
    """What reports say of a root."""
    if (known := getattr(root, "subject", None)) is not None:
        return known  # type: ignore[no-any-return]
    app_id, object_id = clean_or_none(getattr(root, "app_id", None)), clean_or_none(root.id)
    document = root.document
    name, tags = getattr(root, "display_name", None), getattr(root, "tags", None)
    reference = getattr(root, "service_management_reference", None)
    found = Subject(
        object_id or app_id or f"{document.file.name}{document.pointer}",
        app_id,
        object_id,
        show(name) if isinstance(name, str) else show(root) if isinstance(root, Connector) else None,
        _RESOURCE_KINDS.get(root.__class__, "tenant"),
        owner_names(root),
        [show(tag) for tag in tags] if type(tags) is list else None,
        clean_or_none(reference),
    )
    root.subject = found
    return found


def owner_names(root: Any) -> list[str] | None:
    """Names of the owners that are known; None where nobody looked."""
    if is_unknown(getattr(root, "expanded_owners", None)) and not root.world.known.has(OWNERS):
        return None
    owners = getattr(root, "owners", None)
    if owners is None or is_unknown(owners):
        return None
    try:
        return [show(owner) for owner in known(owners)]
    except Unread:
        return None


_BLADES = {  # of the portal's page of a registration, by area of rules
    "redirect-uris": "Authentication", "tokens": "Authentication", "credentials": "Credentials", "api-permissions": "CallAnAPI",
    "exposed-api": "ProtectAnAPI", "ownership": "Owners",
}  # fmt: skip


def _portal_url(root: Any, area: str) -> str | None:
    """Where people look at a live object."""
    if root.document is None or not (portal := root.document.file.portal):
        return None
    of = subject_of(root)
    if of.kind == "application" and of.app_id:
        blade = _BLADES.get(area, "Overview")
        return f"{portal}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/{blade}/appId/{quote(of.app_id)}"
    if of.kind == "servicePrincipal" and of.app_id and of.object_id:
        at = f"objectId/{quote(of.object_id)}/appId/{quote(of.app_id)}"
        return f"{portal}/#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/Overview/{at}"
    return None


def _related(fact: Fact) -> Related | None:
    document, inside = fact.origin()
    if document is None:
        return None
    where, line, _ = document.place(inside)
    return Related(show(fact), document.file.shown, line, clean(where, 1000))


@lru_cache(maxsize=4096)
def _property_path(inside: str) -> str | None:
    """/passwordCredentials/0/endDateTime -> passwordCredentials[0].endDateTime."""
    path = ""
    for part in pointer.split(inside):
        path += f"[{part}]" if part.isdigit() and path else f".{part}" if path else part
    return clean(path, 500) or None
