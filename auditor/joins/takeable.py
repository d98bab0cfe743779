"""Whether somebody who may change an application can sign in as it: what stands against it, and what of that nobody read."""

from __future__ import annotations

from typing import Any, NamedTuple

from auditor.facts import App, AppPolicy, Restriction, ServicePrincipal
from auditor.paths.graph import Strength
from auditor.unknown import Unknown, Unread, known, read

_NEW_SECRETS = "passwordAddition"
_OTHER_TENANT = Unknown("servicePrincipalLockConfiguration", "its registration is in another tenant")


class Condition(NamedTuple):
    """How sure a hop is; `unknown`: the exception that nobody read."""

    strength: Strength = Strength.certain
    unknown: Unknown | None = None


SURE = Condition()


def registration(app: App) -> Condition | None:
    """For a new credential on a registration; None where it helps nobody."""
    return None if is_off(app) else _policy(app)


def service_principal(one: ServicePrincipal) -> Condition | None:
    """For a new credential on a service principal itself; None where Entra ID does not take it, or it helps nobody."""
    if is_off(one) or _is(one, "first_party"):
        return None
    kind = one.type
    if kind.__class__ is str and kind == "ManagedIdentity":
        return None
    found = [_lock(one), Condition(Strength.possible, kind) if isinstance(kind, Unknown) else SURE]
    found.append(_policy(one))
    return None if None in found else max((one for one in found if one is not None), key=lambda one: one.strength)


def is_off(one: App | ServicePrincipal) -> bool:
    """It gets no tokens: disabled, deactivated, or stopped by Microsoft, itself or its registration."""
    stopped = one.disabled_by_microsoft
    if stopped.__class__ is str and stopped not in ("", "NotDisabled"):
        return True
    if isinstance(one, App):
        return _is(one, "deactivated")
    app: Any = one.app
    return (one.enabled.__class__ is bool and not one.enabled) or (isinstance(app, App) and is_off(app))


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


def _policy(one: App | ServicePrincipal) -> Condition:
    """App management policies: where they forbid new secrets, certificates are left, which they may forbid by other means."""
    own: Any = one.own_app_policy
    try:
        if isinstance(own, AppPolicy):
            if any(_binds(restriction, one) for restriction in known(own.own_restrictions)):
                return Condition(Strength.possible)
            if any(restriction.type == _NEW_SECRETS for restriction in known(own.lifts)):
                return SURE
        tenant = one.world.tenant
        is_bound = tenant.app_policy_enabled and any(
            _binds(restriction, one) for restriction in known(tenant.app_restrictions) if restriction.target == one.POLICY_TARGET
        )
    except Unread as unread:
        return Condition(Strength.possible, unread.unknown)
    return Condition(Strength.possible) if is_bound else SURE


def _binds(restriction: Restriction, one: App | ServicePrincipal) -> bool:
    """Whether a restriction forbids new secrets of an object. Raises Unread."""
    if restriction.type != _NEW_SECRETS or not restriction.enabled:
        return False
    since, created = read(restriction.created_after), read(one.created)
    if since is not None and created is None:
        raise Unread(Unknown("createdDateTime", "null"))
    return since is None or created >= since
