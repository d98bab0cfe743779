"""What lists of owners and of members say of users, wherever these are: a guest may own an application that no path goes over."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from auditor.entra.collections import GROUPS, OWNERS
from auditor.unknown import Unknown, known


class Told:
    """Of one world."""

    def __init__(self, world: Any) -> None:
        self._world = world

    @cached_property
    def _rows(self) -> dict[str, list[Any]]:
        """Object ID -> what lists of owners and members say of it, wherever these are."""
        found: dict[str, list[Any]] = {}
        lists = [one.expanded_owners for one in (*self._world.apps, *self._world.principals)]
        lists += [getattr(group, name) for group, _ in self._world.documents[GROUPS] for name in ("members", "owners")]
        lists.append([row for row, _ in self._world.documents[OWNERS]])
        for rows in lists:
            for row in () if rows is None or isinstance(rows, Unknown) else known(rows):
                id_ = row.get("id") if isinstance(row, dict) else row.id
                if isinstance(id_, str):
                    found.setdefault(id_.lower(), []).append(row)
        return found

    def is_guest(self, user_id: str, more: Iterable[Any] = ()) -> bool:
        """Somebody says so: by userType or by #EXT# in the sign-in name. `more`: other rows about the user."""
        rows = (*self._rows.get(user_id, ()), *more)
        return any(_of(row, "user_type", "userType") == "Guest" or _is_external(row) for row in rows)

    def is_disabled(self, user_id: str) -> bool:
        return any(_of(row, "account_enabled", "accountEnabled") is False for row in self._rows.get(user_id, ()))


def _of(row: Any, attribute: str, key: str) -> Any:
    """What a row says, as it was decoded or as it came; None where it does not."""
    value = row.get(key) if isinstance(row, dict) else getattr(row, attribute, None)
    return None if isinstance(value, Unknown) else value


def _is_external(row: Any) -> bool:
    name = _of(row, "user_principal_name", "userPrincipalName")
    return isinstance(name, str) and "#EXT#" in name.upper()
