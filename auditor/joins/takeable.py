"""Whether somebody who may change an application can sign in as it: what stands against it, and what of that nobody read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from auditor.facts import App, ServicePrincipal, Tenant
from auditor.paths.graph import Strength
from auditor.unknown import Unknown, Unread, is_unknown, known

_NEW_SECRETS = "passwordAddition"
_OTHER_TENANT = Unknown("servicePrincipalLockConfiguration", "its registration is in another tenant")


class Condition(NamedTuple):
    """How sure a hop is; `unknown`: the exception that nobody read."""

    strength: Strength = Strength.certain
    unknown: Unknown | None = None


SURE = Condition()


def registration(app: App) -> Condition | None:
    """For a new credential on a registration; None where it helps nobody."""
    return None if is_off(app) else _policy(app.world.tenant, "applications", app.created)


def service_principal(one: ServicePrincipal) -> Condition | None:
    """For a new credential on a service principal itself; None where Entra ID does not take it, or it helps nobody."""
    if is_off(one) or _is(one, "first_party"):
        return None
    kind = one.type
    if kind.__class__ is str and kind == "ManagedIdentity":
        return None
    found = [_lock(one), Condition(Strength.possible, kind) if isinstance(kind, Unknown) else SURE]
    found.append(_policy(one.world.tenant, "service principals", one.created))
    return None if None in found else max((one for one in found if one is not None), key=lambda one: one.strength)


def is_off(one: App | ServicePrincipal) -> bool:
    """It gets no tokens: disabled, deactivated, or stopped by Microsoft."""
    stopped = one.disabled_by_microsoft
    if stopped.__class__ is str and stopped not in ("", "NotDisabled"):
        return True
    return _is(one, "deactivated") if isinstance(one, App) else one.enabled.__class__ is bool and not one.enabled


def enabled(one: ServicePrincipal) -> Condition | None:
    """For getting tokens as a service principal."""
    if is_off(one):
        return None
    return Condition(Strength.possible, one.enabled) if isinstance(one.enabled, Unknown) else SURE


def _is(one: Any, name: str) -> bool:
    value = getattr(one, name)
    return value.__class__ is bool and value


def _lock(one: ServicePrincipal) -> Condition | None:
    """The app instance property lock of its registration; None: it is locked."""
    app: Any = one.app
    if isinstance(app, Unknown):
        return Condition(Strength.possible, app)
    if app is None:
        return Condition(Strength.possible, _OTHER_TENANT)
    try:
        locked = "credentialsWithUsageVerify" not in app.unlocked_properties or "credentialsWithUsageSign" not in app.unlocked_properties
    except Unread as unread:
        return Condition(Strength.possible, unread.unknown)
    return None if locked else SURE


def _policy(tenant: Tenant, target: str, created: datetime | None) -> Condition:
    """The app management policy: a new secret that it forbids leaves certificates, which it may forbid by other means."""
    try:
        if not tenant.app_policy_enabled:
            return SURE
        restrictions = [one for one in known(tenant.app_restrictions) if one.target == target and one.type == _NEW_SECRETS and one.enabled]
        since = [restriction.created_after for restriction in restrictions]
        if not since:
            return SURE
        if any(is_unknown(date) for date in since) or (created is None and None not in since):
            return Condition(Strength.possible, Unknown("createdDateTime", "null"))
        return Condition(Strength.possible) if any(date is None or (created is not None and created >= date) for date in since) else SURE
    except Unread as unread:
        return Condition(Strength.possible, unread.unknown)
