"""What files of other services say of applications, by their ids: Azure roles, limits to mailboxes, use of permissions; and of hosts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cached_property
from typing import Any

from auditor.entra import azure_roles
from auditor.entra.collections import AZURE_ROLE_DEFINITIONS, AZURE_ROLES, HOST_ANSWERS, MAILBOX_POLICIES, PERMISSION_USE, Collection
from auditor.facts import AzureRole, Fact, MailboxPolicy
from auditor.joins.lookups import Index, Lookups, grouped
from auditor.joins.sign_ins import OLD
from auditor.sources import Document
from auditor.unknown import Unknown, Unread, first_unknown, read, whole_or_partial

Given = tuple[Any, Document]


class Imported:
    """Of one world."""

    def __init__(self, lookups: Lookups, documents: Mapping[Collection, list[Given]], now: datetime) -> None:
        self._known, self._documents, self._now = lookups.known, documents, now

    # -- Azure roles

    def azure_roles_of(self, object_id: str, owner: Fact) -> list[AzureRole] | Unknown:
        """Those that are assigned to an object itself."""
        if not self._known.has(AZURE_ROLES):
            return self._known.missing(AZURE_ROLES)
        if isinstance(object_id, Unknown):
            return object_id
        rows, gap = self._azure_roles
        found = [AzureRole(row, owner, "", document=document) for row, document in rows.get(object_id, ())]
        return whole_or_partial(found, gap if gap is not None else self._known.first_missing(AZURE_ROLES))

    @cached_property
    def _azure_roles(self) -> Index[list[Given]]:
        return grouped(self._documents[AZURE_ROLES], "principal_id")

    @cached_property
    def _azure_definitions(self) -> Index[list[Given]]:
        rows, gap = grouped(self._documents[AZURE_ROLE_DEFINITIONS], "id")
        return {_last(id_): found for id_, found in rows.items()}, gap

    def azure_role_name(self, definition_id: str, told: Any) -> str:
        """By its id, then as the assignment tells it; '' where nothing has it."""
        if (built_in := azure_roles.BUILT_IN.get(_last(definition_id))) is not None:
            return built_in[0]
        if isinstance(told, str) and told:
            return told
        definition = self._azure_definitions[0].get(_last(definition_id))
        name = definition[0][0].role_name if definition is not None else None
        return name if isinstance(name, str) else ""

    def azure_power(self, definition_id: str) -> azure_roles.Power:
        """By its id, then by what its definition allows. Raises Unread where neither is known."""
        if (built_in := azure_roles.BUILT_IN.get(_last(definition_id))) is not None:
            return built_in[1]
        rows, gap = self._azure_definitions
        found = rows.get(_last(definition_id))
        if found is None:
            raise Unread(
                Unknown(AZURE_ROLE_DEFINITIONS.name, "the input has nothing of this role", collection=True) if gap is None else gap
            )
        allowed = [(read(one.actions) or [], read(one.not_actions) or []) for one in read(found[0][0].permissions) or []]
        return azure_roles.power(allowed)

    # -- mailboxes

    def mailbox_policies_of(self, app_id: str, owner: Fact) -> list[MailboxPolicy] | Unknown:
        """Application access policies of Exchange Online that name an application."""
        if not self._known.has(MAILBOX_POLICIES):
            return self._known.missing(MAILBOX_POLICIES)
        if isinstance(app_id, Unknown):
            return app_id
        rows, gap = self._mailbox_policies
        found = [MailboxPolicy(row, owner, "", document=document) for row, document in rows.get(app_id, ())]
        return whole_or_partial(found, gap if gap is not None else self._known.first_missing(MAILBOX_POLICIES))

    @cached_property
    def _mailbox_policies(self) -> Index[list[Given]]:
        return grouped(self._documents[MAILBOX_POLICIES], "app_id")

    # -- use of permissions

    def in_use(self, app_id: str | Unknown, kind: str, resource_app_id: str | Unknown, value: str | Unknown) -> bool | Unknown | None:
        """Whether Microsoft Defender has seen an application use a permission; null where it does not say."""
        if not self._known.has(PERMISSION_USE):
            return self._known.missing(PERMISSION_USE)
        if (gap := first_unknown(app_id, resource_app_id, value)) is not None:
            return gap
        rows, gap = self._oauth_apps
        if (app := rows.get(str(app_id))) is None:
            return first_unknown(gap, Unknown(PERMISSION_USE.name, "it has nothing of this application", collection=True))
        if (old := self._old(app)) is not None:
            return old
        for one in read(app.permissions) or []:
            same = read(one.value) == value and (read(one.kind) or "").lower().startswith(kind)
            if same and (read(one.resource_app_id) or "").lower() == resource_app_id:
                used: bool | Unknown | None = one.in_use
                return used
        return Unknown(PERMISSION_USE.name, "it has nothing of this permission", collection=True)

    # -- hosts

    def is_missing(self, host: str, domain: str) -> bool | Unknown:
        """Whether a host does not exist: nothing exists below a name that does not. `domain`: the registrable one, or ''."""
        if not self._known.has(HOST_ANSWERS):
            return self._known.missing(HOST_ANSWERS)
        if (own := self._hosts.get(host)) is not None:
            return own
        if domain and self._hosts.get(domain):
            return True
        return Unknown(HOST_ANSWERS.name, "it has no answer for this host", collection=True)

    @cached_property
    def _hosts(self) -> dict[str, bool]:
        """Host -> whether it is missing. One answer that it is there is enough; a server that failed says nothing."""
        found: dict[str, bool] = {}
        for row, _ in self._documents[HOST_ANSWERS]:
            if (
                isinstance(row.host, str)
                and isinstance(row.status_code, str)
                and (missing := _MISSING.get(row.status_code.upper())) is not None
            ):
                host = row.host.strip().rstrip(".").lower()
                found[host] = found.get(host, True) and missing
        return found

    @cached_property
    def _oauth_apps(self) -> Index[Any]:
        """Of each application the newest row."""
        rows, gap = grouped(self._documents[PERMISSION_USE], "app_id")
        return {app_id: max(found, key=lambda given: _seen(given[0]))[0] for app_id, found in rows.items()}, gap

    def _old(self, row: Any) -> Unknown | None:
        """What was not used when a row was made may be used since."""
        seen = _seen(row)
        if self._now - seen <= OLD:
            return None
        why = "its date is unknown" if seen == _NEVER else f"made long ago, on {seen:%Y-%m-%d}"
        return Unknown(PERMISSION_USE.name, why, collection=True)


_MISSING = {"NOERROR": False, "NXDOMAIN": True}
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


def _seen(row: Any) -> datetime:
    return row.seen if isinstance(row.seen, datetime) else _NEVER


def _last(id_: str) -> str:
    """An id of a role definition is a path, which begins with a subscription or not."""
    return id_.rstrip("/").rpartition("/")[2].lower()
