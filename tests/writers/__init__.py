"""Writers of one tenant in the formats that are read, by the rules of those formats and not by our readers.

A module of this folder has WRITERS; `test_every_format.py` finds it and holds what is read to what is read of Microsoft Graph's own JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

Tenant = dict[str, Any]  # by Microsoft Graph's names of collections, as `tests/tenants.py` makes it
Files = dict[str, bytes]  # name of a file -> what it holds


class Writer(NamedTuple):
    """One way to write a tenant.

    `collections` are those that it writes: what is read is compared with the same ones in Microsoft Graph's JSON.
    `format` is the name of the format as which objects must be read; its `cannot_carry` names what may be unknown.
    `whys`: besides that, what is unknown for one of these reasons may be, since the file says so: "cut by -Depth".
    `fitting` takes out of a tenant what the format tells as something else, for the comparison's both sides.
    `key`: the fact by which an object is found again where the format has no object IDs.
    """

    name: str
    format: str
    write: Callable[[Tenant], Files]
    collections: tuple[str, ...] = ("applications", "servicePrincipals")
    whys: frozenset[str] = frozenset()
    key: str = "id"
    fitting: Callable[[Tenant], Tenant] = lambda tenant: tenant


def writers() -> Iterator[Writer]:
    """All of them, in the order of their modules' names."""
    for module in sorted(iter_modules(__path__), key=lambda found: found.name):
        yield from import_module(f"{__name__}.{module.name}").WRITERS
