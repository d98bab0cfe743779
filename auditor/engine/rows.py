"""Findings of what a rule found, and the identity of what they are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from auditor.display import clean, clean_or_none, show
from auditor.engine.bound import BoundRule
from auditor.engine.finding import Finding, Related, Undecided, fingerprint
from auditor.entra.clouds import portal_url
from auditor.entra.collections import OWNERS
from auditor.facts import App, Connector, Credential, Fact, ServicePrincipal
from auditor.joins.world import World
from auditor.language import Choice
from auditor.pointer import property_path
from auditor.severity import Severity, Status
from auditor.unknown import Unread, is_unknown, known


class RootIdentity(NamedTuple):
    """What every row says of a root; worked out once."""

    identity: str
    app_id: str | None
    object_id: str | None
    name: str | None
    kind: str
    owners: list[str] | None
    tags: list[str] | None
    reference: str | None


def subject_key(root: Any, subject: Any) -> str:
    """The key of a subject among those of its root; '' for the root itself."""
    return "" if subject is root else subject.key if isinstance(subject, Fact) else str(subject)


def numbered(key: str, twins: Counter[str]) -> str:
    """A key that no other subject of the root has: the second of one key gets a number. `twins` counts those before."""
    twins[key] += 1
    return key if twins[key] == 1 else f"{key}#{twins[key]}"


class Rows:
    """Makes findings of what a rule found."""

    def __init__(self, rule: BoundRule, world: World) -> None:
        self.bound, self.rule, self.world = rule, rule.rule, world
        self.tenant = clean(world.tenant.id) if isinstance(world.tenant.id, str) else None
        self.place = "/" + rule.compiled.place if rule.compiled.place else ""
        self.fact = rule.compiled.property_fact

    def failed(self, found: Iterable[tuple[Any, Any]], undecided: set[Undecided]) -> list[tuple[int, Finding]]:
        """A row for each; severities that an unknown decides are noted in `undecided`."""
        rows = []
        last, twins = None, Counter[str]()
        for root, subject in found:
            if root is not last:
                last = root
                twins.clear()
            key = subject_key(root, subject)
            try:
                row = self._failure(root, subject, numbered(key, twins), undecided)
            except Exception as error:  # noqa: BLE001  (a message that breaks must not lose the finding)
                row = self.error(root, error, key)
            rows.append((root.rank, row))
        return rows

    def _failure(self, root: Any, subject: Any, key: str, undecided: set[Undecided]) -> Finding:
        bound = self.bound
        severity, message = bound.severity(root, subject), bound.message(root, subject)
        if isinstance(severity, Choice):
            row = self._row(root, key, Status.fail, severity.ordinary, f"{message} ({_may_be(severity)})")
            row.highest_severity = max(severity.severities)
            undecided.update(Undecided(row.severity, row.highest_severity, unknown.key) for unknown in severity.unknowns)
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
        row.template, row.values = bound.compiled.fix.template, bound.values(root, subject)
        if bound.names_others:
            others = [other for other in bound.named(root, subject) if isinstance(other, Fact)]
            row.related = [related for related in map(_related, others) if related is not None] or None
        return row

    def error(self, root: Any, error: Exception, key: str = "") -> Finding:
        message = f"the rule broke here: {type(error).__name__}: {clean(str(error))}"
        row = self._row(root, f"error {key}", Status.error, self.bound.compiled.levels[-1], message)
        self._locate(row, root, "")
        return row

    def passed(self, root: Any) -> Finding:
        row = self._row(root, "pass", Status.passed, Severity.info, "passes")
        self._locate(row, root, "")
        return row

    def _row(self, root: Any, key: str, status: Status, severity: Severity, message: str) -> Finding:
        rule = self.rule
        of = identity_of(root)
        return Finding(
            fingerprint(self.tenant or "", rule.id, of.identity, key), rule, severity, severity, status,
            of.app_id, of.object_id, of.name, of.kind, self.tenant,
            None, None, None, None, None, None, None,  # its place is filled in later
            message, of.owners, of.tags, of.reference, portal_url=_portal_url(root, of, rule.area),
            rank=root.rank,
        )  # fmt: skip

    @staticmethod
    def _locate(row: Finding, fact: Fact, place: str) -> None:
        document, inside = fact.origin(place)
        if document is None:
            return
        row.file = document.file.shown
        where, row.line, row.column = document.place(inside)
        row.pointer = clean(where, 1000)
        row.property_path = property_path(inside)


def _may_be(choice: Choice) -> str:
    """may be high or critical, depending on servicePrincipals: not given."""
    others = " or ".join(sorted(choice.severities - {choice.ordinary}))
    reasons = dict.fromkeys(clean(unknown.reason) for unknown in choice.unknowns)
    return f"may be {others}, depending on {'; '.join(reasons)}"


_RESOURCE_KINDS: dict[type, str] = {App: "application", ServicePrincipal: "servicePrincipal", Connector: "connector"}


def identity_of(root: Any) -> RootIdentity:
    """What reports say of a root."""
    if (known := getattr(root, "subject", None)) is not None:
        return known  # type: ignore[no-any-return]
    app_id, object_id = clean_or_none(getattr(root, "app_id", None)), clean_or_none(root.id)
    document = root.document
    name, tags = getattr(root, "display_name", None), getattr(root, "tags", None)
    reference = getattr(root, "service_management_reference", None)
    found = RootIdentity(
        object_id or app_id or document.file.name + (f"#{document.identity}" if document.identity else document.pointer),
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


def _portal_url(root: Any, of: RootIdentity, area: str) -> str | None:
    return None if root.document is None else portal_url(root.document.file.portal, of.kind, of.app_id, of.object_id, area)


def _related(fact: Fact) -> Related | None:
    document, inside = fact.origin()
    if document is None:
        return None
    where, line, _ = document.place(inside)
    return Related(show(fact), document.file.shown, line, clean(where, 1000))
