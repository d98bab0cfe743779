"""What changed of the objects themselves, in the words of the portal: from the inventories of two reports."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

import msgspec

from auditor.history.seen import Seen, entities
from auditor.report.model import Report
from auditor.report.objects import (
    Application,
    Credential,
    Entity,
    FederatedCredential,
    Grant,
    Owner,
    Permission,
    RedirectUri,
    ServicePrincipal,
)

_AUDIENCES = {  # who can sign in
    "AzureADMyOrg": {"own"},
    "AzureADMultipleOrgs": {"own", "others"},
    "AzureADandPersonalMicrosoftAccount": {"own", "others", "personal"},
    "PersonalMicrosoftAccount": {"personal"},
}
_Held = Application | ServicePrincipal


class Changed(msgspec.Struct, frozen=True):
    """One change of one object. `kind` is one of KINDS; `what` names what changed, `id` is its ID."""

    kind: str
    of: Entity
    of_kind: str
    what: str
    id: str | None = None


class Changes(msgspec.Struct, frozen=True):
    """`untold`: list of an inventory -> number of objects of which it is not known whether it changed.
    `only_there`: kind of object -> number of those that only the newer report has, and of which it is not known whether they are new.
    """

    found: list[Changed]
    untold: dict[str, int]
    only_there: dict[str, int]


# The kinds of changes, in the order in which they are said, and what people call them.
KINDS = {
    "registration-added": "app registration added",
    "registration-removed": "app registration removed",
    "principal-added": "service principal added",
    "principal-removed": "service principal removed",
    "enabled": "enabled",
    "disabled": "disabled",
    "audience-widened": "audience widened",
    "audience-narrowed": "audience narrowed",
    "audience-changed": "audience changed",
    "credential-added": "credential added",
    "credential-removed": "credential removed",
    "federated-subject-added": "federated subject added",
    "federated-subject-removed": "federated subject removed",
    "owner-added": "owner added",
    "owner-removed": "owner removed",
    "permission-granted": "permission granted",
    "permission-revoked": "permission revoked",
    "consent-given": "consent given",
    "consent-withdrawn": "consent withdrawn",
    "permission-requested": "permission requested",
    "permission-dropped": "permission no longer requested",
    "redirect-uri-added": "redirect URI added",
    "redirect-uri-removed": "redirect URI removed",
    "identifier-uri-added": "Application ID URI added",
    "identifier-uri-removed": "Application ID URI removed",
    "renamed": "renamed",
}
_ORDER = {kind: number for number, kind in enumerate(KINDS)}
_ADDED = {"application": "registration-added", "servicePrincipal": "principal-added"}
_REMOVED = {"application": "registration-removed", "servicePrincipal": "principal-removed"}
REMOVED = frozenset(_REMOVED.values())  # of an object of the older report


def changes(old: Report, new: Report) -> Changes:
    """In the order of objects, by name. Of an object that came or went it is not said what it held."""
    return _Changes(Seen(old, "older"), Seen(new, "newer")).all()


class _Entry(NamedTuple):
    """An entry of a list: by what it is known (None: a part of that was not read), its kinds of change, what it is called, its ID."""

    key: Hashable | None
    added: str
    removed: str
    what: str
    id: str | None


class _Changes:
    def __init__(self, old: Seen, new: Seen) -> None:
        self.old, self.new = old, new
        self.found: list[Changed] = []
        self.untold: Counter[str] = Counter()
        self.only_there: Counter[str] = Counter()

    def all(self) -> Changes:
        old, new = self.old, self.new
        credentials = _credentials(old), _credentials(new)
        compared = set[int]()
        for kind, now in _held(new):
            if before := [one for one in old.same(kind, now, new) if isinstance(one, _Held)]:
                was, after = _first(before, old), _first(new.same(kind, now, new), new)
                if after is now and id(was) not in compared:  # once, also where it was read twice
                    compared.add(id(was))
                    self._compare(kind, was, now, credentials[0].get(id(was), []), credentials[1].get(id(now), []))
            elif old.is_absent(kind, now, new):
                self.found.append(Changed(_ADDED[kind], now, kind, ""))
            else:
                self.only_there[kind] += 1
        for kind, was in _held(old):
            if new.is_absent(kind, was, old):
                self.found.append(Changed(_REMOVED[kind], was, kind, ""))
        self.found.sort(key=lambda one: (one.of.display_name or "", *_ids(one.of), one.of_kind, _ORDER[one.kind], one.what, one.id or ""))
        return Changes(self.found, dict(sorted(self.untold.items())), dict(sorted(self.only_there.items())))

    def _compare(self, kind: str, was: _Held, now: _Held, old: list[Credential], new: list[Credential]) -> None:
        """What changed of one object."""

        def say(change: str, what: str, id_: str | None = None) -> None:
            self.found.append(Changed(change, now, kind, what, id_))

        if was.display_name and now.display_name and was.display_name != now.display_name:
            say("renamed", f'from "{was.display_name}" to "{now.display_name}"')
        if was.inventory is None or now.inventory is None:
            return
        self._switched(was.inventory, now.inventory, say)
        once, since = (getattr(has, "sign_in_audience", None) for has in (was.inventory, now.inventory))
        if once and since and once != since:
            say(_audience_change(once, since), f"from {once} to {since}")
        for name, entry in _LISTS.items():
            if hasattr(now.inventory, name):
                self._list(name, entry, was.inventory, now.inventory, say)
        for name, credential in ("secrets", "secret"), ("certificates", "certificate"):
            if getattr(was.inventory, name) is None or getattr(now.inventory, name) is None:
                self.untold["credentials"] += 1
                continue
            before, after = (_credentials_of(side, credential) for side in (old, new))
            if not _differ(before, after, say):
                self.untold["credentials"] += 1

    def _switched(self, was: Any, now: Any, say: Callable[..., None]) -> None:
        for name, enabling in ("enabled", True), ("deactivated", False):
            before, after = getattr(was, name, None), getattr(now, name, None)
            if before is not None and after is not None and before != after:
                enabled = after is enabling
                say("enabled" if enabled else "disabled", "sign-in is allowed" if enabled else "nobody can sign in")

    def _list(self, name: str, entry: Callable[[Any], _Entry], was: Any, now: Any, say: Callable[..., None]) -> None:
        before, after = getattr(was, name), getattr(now, name)
        if before is None or after is None:
            self.untold[_CALLED.get(name, name)] += 1
            return
        open_before, open_after = name in was.incomplete, name in now.incomplete
        entries = [entry(one) for one in before], [entry(one) for one in after]
        if not _differ(*entries, say, added=not open_before, removed=not open_after):
            self.untold[_CALLED.get(name, name)] += 1
        if name == "grants":
            _more_users(before, after, say)


def _differ(before: list[_Entry], after: list[_Entry], say: Callable[..., None], *, added: bool = True, removed: bool = True) -> bool:
    """What only one of two lists has. `added`, `removed`: whether that an entry is not in the other list says that it was not there.

    Returns whether all was told: an entry of which it is not known what it is may be any of the other list.
    """
    entries = {entry.key: entry for entry in (*before, *after)}
    were, are = Counter(entry.key for entry in before), Counter(entry.key for entry in after)
    added, removed = added and None not in were, removed and None not in are
    for told, some, others, change in (added, are, were, "added"), (removed, were, are, "removed"):
        for entry in [entries[key] for key in some - others if told and key is not None]:
            say(getattr(entry, change), entry.what, entry.id)
    return added and removed


def _more_users(before: list[Grant], after: list[Grant], say: Callable[..., None]) -> None:
    """Users who consented for themselves since."""
    were = {_grant(grant).key: grant.users for grant in before}
    for grant in after:
        entry = _grant(grant)
        if entry.key is not None and (users := were.get(entry.key)) is not None and grant.users is not None and grant.users != users:
            change = "consent-given" if grant.users > users else "consent-withdrawn"
            say(change, f"{_of_api(grant)} by users: {grant.users:,} now, {users:,} before", entry.id)


# -- entries of lists


def _owner(owner: Owner) -> _Entry:
    ids = f" ({owner.object_id})" if owner.object_id and owner.object_id != owner.name else ""
    return _Entry(owner.object_id, "owner-added", "owner-removed", f'"{owner.name}"{ids}', owner.object_id)


def _requested(one: Permission) -> _Entry:
    key = _known(one.resource_app_id, one.permission_id, one.kind)
    return _Entry(key, "permission-requested", "permission-dropped", _of_api(one), one.permission_id)


def _grant(one: Grant) -> _Entry:
    key = _known(one.resource_app_id, one.permission_id if one.kind == "application" else one.permission, one.kind, one.consent)
    if one.kind == "application":
        return _Entry(key, "permission-granted", "permission-revoked", _of_api(one), one.permission_id)
    by = {"admin": " by an admin, for all users", "user": " by users"}.get(one.consent or "", "")
    return _Entry(key, "consent-given", "consent-withdrawn", _of_api(one) + by, one.permission_id)


def _of_api(one: Permission | Grant) -> str:
    """Mail.Read (delegated, tier high) of Microsoft Graph."""
    marks = ", ".join(filter(None, (one.kind, one.tier if one.tier != "unrated" else None)))
    name = one.permission or one.permission_id or "(a permission without a name)"
    api = one.resource_name and f'"{one.resource_name}"'
    return f"{name}{f' ({marks})' if marks else ''} of {api or one.resource_app_id or 'an API that is not known'}"


def _redirect_uri(one: RedirectUri) -> _Entry:
    return _Entry((one.uri, one.platform), "redirect-uri-added", "redirect-uri-removed", f"{one.uri} ({one.platform})", None)


def _identifier_uri(uri: str) -> _Entry:
    return _Entry(uri, "identifier-uri-added", "identifier-uri-removed", uri, None)


def _federated(one: FederatedCredential) -> _Entry:
    subject = one.subject or "a subject that is not known"
    what = f'{subject} of {one.issuer or "an issuer that is not known"} (credential "{one.name}")'
    return _Entry(_known(one.issuer, one.subject), "federated-subject-added", "federated-subject-removed", what, None)


def _credential(one: Credential) -> _Entry:
    kind = "client secret" if one.kind == "secret" else "certificate"
    name = f' "{one.display_name}"' if one.display_name else ""
    facts = ", ".join(filter(None, (one.key_id and f"key ID {one.key_id}", one.end and f"ends {one.end[:10]}")))
    # Entra ID lists a SAML certificate twice, to sign and to verify, with two key IDs and one term.
    key = one.key_id if one.kind == "secret" else _known(one.start, one.end)
    return _Entry(key, "credential-added", "credential-removed", f"{kind}{name}{f' ({facts})' if facts else ''}", one.key_id)


def _credentials_of(credentials: list[Credential], kind: str) -> list[_Entry]:
    """Those of a kind; the two entries of one certificate are one."""
    entries = [_credential(one) for one in credentials if one.kind == kind]
    return entries if kind == "secret" else list({entry.key: entry for entry in entries}.values())


def _known(*parts: str | None) -> tuple[str | None, ...] | None:
    return None if None in parts else parts


# Lists of an inventory.
_LISTS: dict[str, Callable[[Any], _Entry]] = {
    "owners": _owner,
    "permissions": _requested,
    "grants": _grant,
    "redirect_uris": _redirect_uri,
    "identifier_uris": _identifier_uri,
    "federated": _federated,
}
_CALLED = {
    "permissions": "requested permissions", "grants": "granted permissions", "redirect_uris": "redirect URIs",
    "identifier_uris": "Application ID URIs", "federated": "federated credentials",
}  # fmt: skip


def _audience_change(was: str, now: str) -> str:
    if was not in _AUDIENCES or now not in _AUDIENCES:
        return "audience-changed"
    return "audience-widened" if _AUDIENCES[now] - _AUDIENCES[was] else "audience-narrowed"


# -- objects


def _held(seen: Seen) -> Iterator[tuple[str, _Held]]:
    """Registrations and service principals."""
    for kind, one in entities(seen.report):
        if isinstance(one, _Held):
            yield kind, one


def _first(same: list[Any], seen: Seen) -> Any:
    """Of an object that was read several times the first by its place."""
    return min(same, key=lambda one: (seen.file_of(one), one.pointer))


def _credentials(seen: Seen) -> dict[int, list[Credential]]:
    """By the object that has them."""
    found: dict[int, list[Credential]] = defaultdict(list)
    for credential in seen.report.credentials:
        found[id(seen.rows.object_of(credential)[1])].append(credential)
    return found


def _ids(of: Entity) -> tuple[str, str]:
    return of.app_id or "", of.object_id or ""
