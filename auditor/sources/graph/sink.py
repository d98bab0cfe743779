"""Where a tenant's objects go while it is read: straight into an audit, or into a snapshot; and who hears how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import msgspec

from auditor.sources.coverage import TenantInfo
from auditor.sources.graph.plan import Call

Json = bytes | msgspec.Raw  # an object; a Raw is a view of its page
Objects = list[tuple[str, Json]]  # (object id of whose it is, or "", the object)
ProgressCallback = Callable[[str, int, str], None]  # collection, objects so far, state: '' while it is read, then how it ended
STOPPING = "stopping; press Ctrl-C again to quit"  # a state of the whole tenant, which has no name


class Resumed(NamedTuple):
    """What an earlier run has read of a chain. `next` is None when it came to its end."""

    objects: Iterable[tuple[str, Json]]
    next: str | None
    noted: list[str]


class Sink(Protocol):
    """Takes what was read, page by page. `next_` is where the chain goes on; `noted` are ids that a resumed chain wants back."""

    def page(self, chain: str, call: Call, objects: Objects, next_: str | None, noted: list[str]) -> None: ...

    def resumed(self, chain: str) -> Resumed | None: ...

    def parts(self, chosen: list[str] | None = None) -> list[str] | None:
        """The parts in which applications are read: those of an earlier run, after these have been chosen."""


class SinkFactory(Protocol):
    """Opens the sink when the tenant's id is known."""

    def open(self, info: TenantInfo) -> Sink: ...
