"""Findings of what a rule found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from auditor.display import clean, clean_or_none, show
from auditor.engine import identity
from auditor.engine.bound import BoundRule
from auditor.engine.finding import About, Finding, Related, Undecided
from auditor.engine.identity import KINDS, Identity, fingerprint, key_of, numbered
from auditor.entra.clouds import portal_url
from auditor.entra.collections import OWNERS
from auditor.facts import Connector, Credential, Fact
from auditor.joins.world import World
from auditor.language.logic import Choice, Likely
from auditor.pointer import property_path
from auditor.severity import Certainty, Severity, Status
from auditor.unknown import Unknown, Unread, is_unknown, known


class RootIdentity(Struct, frozen=True):
    """What every row says of a root; worked out once."""

    identity: Identity
    app_id: str | None
    object_id: str | None
    name: str | None
    kind: str
    owners: list[str] | None
    tags: list[str] | None
    reference: str | None


class Rows:
    """Makes findings of what a rule found."""

    def __init__(self, rule: BoundRule, world: World) -> None:
        self.bound, self.rule, self.world = rule, rule.rule, world
        self.tenant = clean(world.tenant.id) if isinstance(world.tenant.id, str) else None
        self.place = "/" + rule.compiled.place if rule.compiled.place else ""
        self.fact = rule.compiled.property_fact

    def failed(
        self, found: Iterable[tuple[Any, Any]], likely: Mapping[tuple[int, int], Likely], undecided: set[Undecided]
    ) -> list[tuple[About, Finding]]:
        """A row for each; severities that an unknown decides are noted in `undecided`."""
        rows = []
        last, twins = None, Counter[str]()
        for root, subject in found:
            if root is not last:
                last = root
                twins.clear()
            key, is_weak = key_of(root, subject)
            try:
                row = self._failure(root, subject, own := numbered(key, twins), likely.get((id(root), id(subject))), undecided)
                row.weak = row.weak or is_weak or own != key
            except Exception as error:  # noqa: BLE001  (a message that breaks must not lose the finding)
                row = self.error(root, error, key)
            rows.append((About(root.rank, key), row))
        return rows

    def _failure(self, root: Any, subject: Any, key: str, likely: Likely | None, undecided: set[Undecided]) -> Finding:
        bound = self.bound
        severity, message = bound.severity(root, subject), bound.message(root, subject)
        choice = severity if isinstance(severity, Choice) else None
        if likely is not None or choice is not None:
            remarks = (likely and _rests_on(likely), choice and _may_be(choice))
            message = f"{message} ({'; '.join(remark for remark in remarks if remark)})"
        row = self._row(root, key, Status.fail, severity.ordinary if isinstance(severity, Choice) else severity, message)
        row.certainty = Certainty.certain if likely is None else Certainty.likely
        if choice is not None:
            row.highest_severity = max(choice.severities)
            undecided.update(Undecided(row.finding_id, row.severity, row.highest_severity, unknown.key) for unknown in choice.unknowns)
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
        if subject is not root and isinstance(subject, Fact) and len(subject.KEY) > 1:
            row.known_by = subject.known_by
        row.template, row.values = bound.compiled.template, bound.values(root, subject)
        named = list(bound.named(root, subject))
        if isinstance(subject, Fact):
            named += [one for name in subject.PROOFS for one in known(getattr(subject, name))]
        if named:
            related = [_related(other) for other in named if isinstance(other, Fact)]
            row.related = [one for one in related if one is not None] or None
        return row

    def error(self, root: Any, error: Exception, key: str = "") -> Finding:
        message = f"the rule broke here: {type(error).__name__}: {clean(str(error))}"
        row = self._row(root, key, Status.error, self.bound.compiled.levels[-1], message)
        self._locate(row, root, "")
        return row

    def passed(self, root: Any) -> Finding:
        row = self._row(root, "", Status.passed, Severity.info, "passes")
        self._locate(row, root, "")
        return row

    def _row(self, root: Any, key: str, status: Status, severity: Severity, message: str) -> Finding:
        rule = self.rule
        of = identity_of(root)
        return Finding(
            fingerprint(rule.identity, of.identity, status.value, key), rule, severity, severity, status,
            of.app_id, of.object_id, of.name, of.kind, self.tenant,
            None, None, None, None, None, None, None,  # its place is filled in later
            message, of.owners, of.tags, of.reference, portal_url=_portal_url(root, of, rule.area), weak=of.identity.is_weak,
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


def _rests_on(likely: Likely) -> str:
    """likely, depending on displayName: absent."""
    return f"likely, depending on {_reasons(likely.unknowns)}"


def _may_be(choice: Choice) -> str:
    """may be high or critical, depending on servicePrincipals: not in the input."""
    others = " or ".join(sorted(choice.severities - {choice.ordinary}))
    return f"may be {others}, depending on {_reasons(choice.unknowns)}"


def _reasons(unknowns: Iterable[Unknown]) -> str:
    return "; ".join(dict.fromkeys(clean(unknown.reason) for unknown in unknowns))


def name_all(worlds: Iterable[World]) -> None:
    """Decides what the roots without an ID are known by, which depends on all that was read."""
    for root, of in identity.without_id(worlds):
        root.subject = _described(root, of)


def identity_of(root: Any) -> RootIdentity:
    """What reports say of a root."""
    if (known := getattr(root, "subject", None)) is None:
        known = root.subject = _described(root, identity.with_id(root) or identity.by_place(root))
    return known


def _described(root: Any, of: Identity) -> RootIdentity:
    name, tags = getattr(root, "display_name", None), getattr(root, "tags", None)
    return RootIdentity(
        of,
        clean_or_none(getattr(root, "app_id", None)),
        clean_or_none(root.id),
        show(name) if isinstance(name, str) else show(root) if isinstance(root, Connector) else None,
        "savedSecret" if isinstance(root, Connector) and not root.signs_in_by_itself else KINDS[type(root)],
        owner_names(root),
        [show(tag) for tag in tags] if type(tags) is list else None,
        clean_or_none(getattr(root, "service_management_reference", None)),
    )


def owner_names(root: Any) -> list[str] | None:
    """Names of the known owners; None where owners were not read."""
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
