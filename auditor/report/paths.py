"""Escalation paths as data: what `regaudit paths` prints, in every format.

The text below a member describes it, also in the JSON Schema (`regaudit schema paths`).
"""

from __future__ import annotations

from typing import Literal

from auditor.entra.steps import HopKind, PathStrength, StartKind
from auditor.report.objects import Model, Time

SCHEMA_VERSION = "1.0"
NodeKind = Literal["tenant", "application", "service principal", "user", "group", "role", "subject"]


class Node(Model):
    """Somebody or something that a path begins with, goes over or leads to."""

    kind: NodeKind
    """What it is; a subject is what a federated credential trusts: a repository, a cluster."""
    id: str
    """Object ID, a role's definition ID, issuer and subject of a federated credential; '' of the tenant."""
    name: str
    """What people call it."""


class Place(Model):
    """Where a hop is proved."""

    file: str | None
    """The file; null in a live tenant and in a snapshot."""
    line: int | None
    """Its line, from 1."""
    pointer: str
    """JSON Pointer into the file."""


class Hop(Model, rename={"source": "from", "target": "to"}):
    """One step of a path: who comes to control what."""

    kind: HopKind
    """What makes it possible."""
    source: Node
    """Who takes it."""
    target: Node
    """What he comes to control."""
    strength: PathStrength
    """What he needs besides: nothing (certain), an activation (eligible), an approval, or a condition that is not known (possible)."""
    by: str
    """The permission or role that is the reason; '' for none."""
    text: str
    """All of it in words."""
    place: Place | None
    """What proves it."""
    depends_on: str | None
    """The exception that was not read, for which it is only possible."""


class Path(Model):
    """The cheapest path of one start."""

    start: Node
    """Who takes it."""
    start_kind: StartKind
    """What that is."""
    target: Node
    """What he comes to control."""
    strength: PathStrength
    """That of its weakest hop."""
    hops: list[Hop]
    """Its steps, in order."""
    tenant_id: str | None
    """The tenant; null where it is not known."""


class ChokePoint(Model):
    """An object over which paths go: who repairs it ends them."""

    object: Node
    """The object."""
    on: int
    """Number of starts whose cheapest path goes over it."""
    cuts: int
    """Number of starts that have no path without it."""
    tenant_id: str | None
    """Its tenant; null where it is not known."""


class Gap(Model):
    """What was not read, for which there may be more paths."""

    what: str
    """The collection or property."""
    reason: str
    """Why it is not known."""
    remedy: str | None
    """What would make it known."""
    tenant_id: str | None
    """The tenant; null where it is not known."""


class Cut(Model):
    """What it would change to cut hops (--without)."""

    without: list[str]
    """The hops that are cut."""
    ended: list[Node]
    """Who has a path today and would have none."""
    left: int
    """Number of starts that would still have one: `paths` shows these."""


class Paths(Model):
    """The cheapest paths of all starts."""

    schema_version: str
    """Of this document."""
    as_of: Time
    """The date of the run."""
    paths: list[Path]
    """One for each start, the cheapest first."""
    administrators: int
    """Number of users with a role for it: no starts, unless --from administrator asks for them."""
    choke_points: list[ChokePoint]
    """The objects whose repair ends most paths."""
    not_evaluated: list[Gap]
    """While there is any, there may be more paths."""
    cut: Cut | None
    """With --without: what it would change."""
