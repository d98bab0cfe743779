"""Of which owners and registrations a command lists something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.pipeline import Inputs

NO_OWNER = "none"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Chosen(NamedTuple):
    """What --owner and --app name; empty: everything."""

    owners: tuple[str, ...]
    apps: tuple[str, ...]

    def narrowed(self, inputs: Inputs) -> Inputs:
        """Of a live tenant only these registrations are read, where they are named by their IDs."""
        if inputs.tenant is None or not self.apps or not all(map(_GUID.fullmatch, self.apps)):
            return inputs
        from dataclasses import replace

        return msgspec.structs.replace(inputs, tenant=replace(inputs.tenant, apps=self.apps))

    def check(self, loaded: Any) -> None:
        """Raises UsageError for an owner or a registration that is not there: a typing error must not look like a clean list."""
        from auditor.engine.rows import identity_of

        of = [identity_of(root) for world in loaded.worlds for root in (*world.apps, *world.principals)]
        for app in self.apps:
            if not any(_is_called((one.name, one.app_id, one.object_id), (app,)) for one in of):
                raise UsageError(f"--app: no registration or service principal in the input is called {app!r}")
        for owner in self.owners:
            if owner != NO_OWNER and not any(_is_of(one.owners, (owner,)) for one in of):
                known = "" if any(one.owners is not None for one in of) else ": the input does not say who owns what"
                raise UsageError(f"--owner: nothing in the input has the owner {owner!r}{known}")

    def has(self, owners: list[str] | None, *names: str | None) -> bool:
        """Whether something of these owners, with these names and IDs, is among them."""
        return _is_of(owners, self.owners) and _is_called(names, self.apps)


def _is_called(names: tuple[str | None, ...], apps: tuple[str, ...]) -> bool:
    return not apps or not {app.casefold() for app in apps}.isdisjoint(name.casefold() for name in names if name)


def _is_of(has: list[str] | None, owners: tuple[str, ...]) -> bool:
    """Whether one of `owners`, patterns, is among them."""
    if not owners:
        return True
    if has is None:
        return False
    from fnmatch import fnmatchcase

    patterns = [re.sub(r"([\[?])", r"[\1]", owner.casefold()) for owner in owners]  # only * is special
    return (not has and NO_OWNER in owners) or any(fnmatchcase(name.casefold(), pattern) for name in has for pattern in patterns)
