"""How far applications reach and how others get in, each with what it follows from: columns to sort by, never a severity.

A function of a report. What is not known makes a place "not evaluated", unless what is known says enough already.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from auditor.display import counted
from auditor.report.model import Finding, Report
from auditor.report.objects import (
    Application,
    Credential,
    DirectoryRole,
    Entity,
    Exposure,
    Inventory,
    PrincipalInventory,
    Risk,
    ServicePrincipal,
    Tenant,
)
from auditor.report.objects import Reach as Tier
from auditor.report.reach import BESIDE, POWER, TIER_0, WAYS_IN, Key, Reach, key, reach_of
from auditor.report.rows import Rows

TIERS: tuple[Tier, ...] = ("tier 0", "high", "other", "not evaluated")
EXPOSURES: tuple[Exposure, ...] = ("way in", "credential", "none known", "not evaluated")
_POWERFUL = TIERS[:2]
_RANKS = {str(tier): rank for rank, tier in enumerate(TIERS)}
WHOLE_TENANT = "/"  # scope of a directory role
_GRANTED = {
    "admin": "granted", "user": "granted by users", "preauthorized": "preauthorized",
    None: "requested; whether it is granted is not known",
}  # fmt: skip
# Lists and numbers of inventories, and what they are called.
_HELD = {"permissions": "requested permissions", "grants": "granted permissions", "roles": "directory roles"}
_SIGNS_IN_WITH = {
    "secrets": "client secrets", "certificates": "certificates", "federated_credentials": "federated identity credentials",
}  # fmt: skip
_NOT_KNOWN, _BETWEEN = "not known: ", "; "
_NOUNS = {"secret": "client secret", "certificate": "certificate"}


class Gaps(NamedTuple):
    """Of each application why rules about power, and about ways in, could not be evaluated."""

    power: Mapping[Key, Iterable[str]]
    ways_in: Mapping[Key, Iterable[str]]


class _Parts:
    """The objects that are one application, and the credentials with which it may sign in."""

    def __init__(self) -> None:
        self.registrations: list[Application] = []
        self.principals: list[ServicePrincipal] = []
        self.credentials: list[Credential] = []

    @property
    def inventories(self) -> list[Inventory | PrincipalInventory | None]:
        return [*(one.inventory for one in self.registrations), *(one.inventory for one in self.principals)]


def risks(rows: Rows) -> dict[Key, Risk]:
    """Of each registration and service principal of a report: what it says itself, else what can be worked out of it."""
    report = rows.report
    everything: list[Application | ServicePrincipal] = [*report.applications, *report.service_principals]
    said: dict[Key, Risk] = {}
    for of in everything:
        if of.inventory is not None and of.inventory.risk is not None:
            said[key(of)] = of.inventory.risk
    return said if all(key(of) in said for of in everything) else {**_work_out(rows, report.findings, None), **said}


def fill_in(report: Report, findings: Iterable[Finding], gaps: Gaps | None) -> None:
    """Writes it into the inventories of a report. `findings`: also those that it does not list; `gaps`: None where they are not known."""
    found = _work_out(Rows(report), findings, gaps)
    for app in report.applications:
        if app.inventory is not None:
            app.inventory.risk = found[key(app)]
    for principal in report.service_principals:
        if principal.inventory is not None:
            principal.inventory.risk = found[key(principal)]


def powerful(of: Entity) -> list[tuple[str, str]] | None:
    """Application permissions of tier 0 and high that an object has, or may have, with their tiers, the highest first; None where the
    report does not list its permissions.
    """
    rows = _permissions(of)
    if rows is None:
        return None
    named = ((each.permission or each.permission_id or "", each.tier) for each in rows if _counts(each))
    return sorted(dict.fromkeys(named), key=lambda item: _RANKS[item[1]])


def tier_of_role(role: DirectoryRole) -> str | None:
    """How far a role reaches over what it is held over; None where that is not known."""
    is_less = role.tier == "tier 0" and role.scope is not None and role.scope != WHOLE_TENANT
    return "high" if is_less else role.tier


def _permissions(of: Entity) -> list[Any] | None:
    has = of.inventory if isinstance(of, (Application, ServicePrincipal)) else None
    if has is None:
        return None
    return [*(has.permissions or ())] if isinstance(has, Inventory) and has.permissions is not None else getattr(has, "grants", None)


def _counts(permission: Any) -> bool:
    return permission.tier in _POWERFUL and permission.kind == "application" and getattr(permission, "granted", "admin") != "no"


def _work_out(rows: Rows, findings: Iterable[Finding], gaps: Gaps | None) -> dict[Key, Risk]:
    report = rows.report
    parts: dict[Key, _Parts] = defaultdict(_Parts)
    for app in report.applications:
        parts[key(app)].registrations.append(app)
    for principal in report.service_principals:
        parts[key(principal)].principals.append(principal)
    for credential in report.credentials:
        parts[key(rows.object_of(credential)[1])].credentials.append(credential)
    found, none = reach_of(rows, findings=findings), Reach([], [])
    judged = {rule.id for rule in report.rules}
    power, ways_in = _unjudged("permissions", POWER - BESIDE, judged), _unjudged("ways in", WAYS_IN - BESIDE, judged)
    if gaps is None:
        power.append("what rules could not evaluate")
        ways_in.append("what rules could not evaluate")
    complete_of = _complete(report)
    made: dict[Key, Risk] = {}
    for at, of in parts.items():
        said = found.get(at, none)
        complete, home = complete_of[at[0]], report.tenants[at[0]].tenant_id if report.tenants else None
        open_power = [*power, *sorted(gaps.power.get(at, ()))] if gaps else power
        open_ways = [*ways_in, *sorted(gaps.ways_in.get(at, ()))] if gaps else ways_in
        made[at] = Risk(*_reach(of, said, complete, open_power), *_exposure(of, said, complete, home, open_ways))
    return made


def _complete(report: Report) -> dict[int, frozenset[str]]:
    """Position of a tenant -> of which kinds one that is not there does not exist. What has no application ID may be of any."""
    found = {at: set(tenant.complete_collections) for at, tenant in enumerate(report.tenants or [Tenant()])}
    for app in report.applications:
        if app.app_id is None:
            found[app.tenant].discard("applications")
    for principal in report.service_principals:
        if principal.app_id is None:
            found[principal.tenant] -= {"applications", "servicePrincipals"}
    return {at: frozenset(names) for at, names in found.items()}


def _unjudged(what: str, rules: Collection[str], judged: set[str]) -> list[str]:
    """A rule that did not run says nothing."""
    left = sum(rule not in judged for rule in rules)
    return [f"{left:,} of {counted(len(rules), 'rule')} about {what} not checked"] if left else []


def _reach(of: _Parts, said: Reach, complete: frozenset[str], gaps: list[str]) -> tuple[Tier, list[str]]:
    held: dict[str, tuple[str, str]] = {}
    missing: list[str] = []
    for entity in (*of.registrations, *of.principals):  # what is granted is told of the service principal, which comes last
        for each in filter(_counts, _permissions(entity) or ()):
            name = each.permission or each.permission_id or ""
            api = f" of {each.resource_name}" if each.resource_name else ""
            how = _GRANTED.get(getattr(each, "granted", "admin"), "granted")
            held[f"{each.resource_app_id} {each.permission_id or name}"] = each.tier, f"{name}{api}: {each.tier}, {how}"
    for principal in of.principals:
        for role in (principal.inventory.roles if principal.inventory else None) or ():
            tier = tier_of_role(role)
            if tier is None:
                missing.append(f"what the directory role {role.name or role.definition_id} allows")
            elif tier in _POWERFUL:
                over = "over the whole tenant" if role.scope == WHOLE_TENANT else "over a part of the tenant"
                name = role.name or role.definition_id or ""
                held[f"role {name} {role.scope}"] = tier, f"directory role {name} {over}: {tier}"
    for rule in worst_ids(said.power):
        held[f"rule {rule}"] = "tier 0" if rule in TIER_0 else "high", f"rule {rule}"
    for name, noun in _HELD.items():
        missing += _unlisted(of, name, noun)
    if of.registrations and not of.principals and "servicePrincipals" not in complete:
        missing.append("its service principal")
    ordered = sorted(held.values(), key=lambda item: _RANKS[item[0]])
    return _settled(ordered[0][0] if ordered else "other", [reason for _, reason in ordered], [*missing, *gaps], enough=("tier 0",))


def _exposure(of: _Parts, said: Reach, complete: frozenset[str], home: str | None, gaps: list[str]) -> tuple[Exposure, list[str]]:
    reasons = [f"rule {rule}" for rule in worst_ids(said.ways_in)]
    usable: Counter[str] = Counter(one.kind for one in of.credentials if one.state in ("valid", "expiring") and one.signs_in)
    unsure: Counter[str] = Counter(one.kind for one in of.credentials if _may_be_usable(one))
    credentials = [counted(usable[kind], noun) for kind, noun in _NOUNS.items() if usable[kind]]
    federated = sum(one.inventory.federated_credentials or 0 for one in of.registrations if one.inventory)
    if federated:
        credentials.append(counted(federated, "federated identity credential"))
    missing = [f"whether {counted(unsure[kind], noun)} can be used" for kind, noun in _NOUNS.items() if unsure[kind]]
    for name, noun in _SIGNS_IN_WITH.items():
        missing += _unlisted(of, name, noun)
    if not of.registrations:
        missing += _of_its_registration(of, complete, home)
    exposure: Exposure = "way in" if reasons else "credential" if credentials else "none known"
    return _settled(exposure, [*reasons, *credentials], [*missing, *gaps], enough=("way in",))


def _may_be_usable(one: Credential) -> bool:
    may_be_valid = one.state in ("valid", "expiring", "unknown")
    return may_be_valid and one.signs_in is not False and (one.state == "unknown" or one.signs_in is None)


def _of_its_registration(of: _Parts, complete: frozenset[str], tenant: str | None) -> list[str]:
    """Credentials of a registration that the report does not have: nobody here sees who signs in with them."""
    has = [one.inventory for one in of.principals if one.inventory is not None]
    if any(one.kind == "ManagedIdentity" for one in has):
        return []
    home = next((one.home_tenant_id for one in has if one.home_tenant_id), None)
    if home is not None and home != tenant:
        return ["credentials of its registration, which is in another tenant"]
    return [] if home is not None and "applications" in complete else ["credentials of its registration"]


def _unlisted(of: _Parts, name: str, noun: str) -> list[str]:
    """What a list of an inventory holds, where the report does not have all of it."""
    owners = [has for has in of.inventories if has is None or hasattr(has, name)]
    return [noun] if any(has is None or getattr(has, name) is None or name in has.incomplete for has in owners) else []


def _settled(place: Any, reasons: list[str], missing: list[str], *, enough: tuple[str, ...]) -> tuple[Any, list[str]]:
    """`place` and why, with what is not known; where only that would decide, nothing is evaluated. `enough`: nothing ranks higher."""
    if not missing or place in enough:
        return place, reasons
    said = _NOT_KNOWN + _BETWEEN.join(dict.fromkeys(one.replace(_BETWEEN, ", ") for one in missing))
    return (place if reasons else "not evaluated"), [*reasons, said]


def not_known(reasons: list[str]) -> list[str]:
    """What is not known, among the reasons of a place."""
    return [one for reason in reasons if reason.startswith(_NOT_KNOWN) for one in reason.removeprefix(_NOT_KNOWN).split(_BETWEEN)]


def worst_ids(findings: list[Finding]) -> list[str]:
    """The rules of some findings, the worst first."""
    return list(dict.fromkeys(row.rule_id for row in sorted(findings, key=lambda row: (-row.severity.rank, row.rule_id))))
