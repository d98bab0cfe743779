"""Nodes and edges of escalation paths.

An edge leads from who can to what he comes to control. Edges are made when a search asks for those into a node, so that of a large
tenant only what leads to the end is looked at. What reaches all objects of a kind (a role, a permission) leads to one virtual node,
from which an edge leads to each of them: the number of edges stays linear. A virtual node is no step: it costs nothing to reach, and
`search.py` makes one hop of the two edges.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Literal, NamedTuple

from auditor.entra.steps import HopKind, PathStrength

NodeKind = Literal[
    "tenant", "application", "service principal", "user", "group", "role", "subject",
    "applications", "service principals", "possibly applications", "possibly service principals", "role groups", "other groups", "users",
]  # fmt: skip
VIRTUAL: frozenset[NodeKind] = frozenset(
    ("applications", "service principals", "possibly applications", "possibly service principals", "role groups", "other groups", "users")
)


class Node(NamedTuple):
    """`id`: object ID in lower case; of an application too, of a role the definition's, of a subject issuer and subject."""

    kind: NodeKind
    id: str = ""


TENANT = Node("tenant")


class Strength(IntEnum):
    """What somebody needs for a hop besides what he has. The strength of a path is that of its weakest hop."""

    certain = 0
    eligible = 1  # he activates it first
    needs_approval = 2  # and somebody else agrees
    possible = 3  # a condition that is not known, or that another person meets

    @property
    def cost(self) -> int:
        """By which paths are compared: a longer one of sure hops comes before a short one that may not work."""
        return _COSTS[self]

    @property
    def label(self) -> PathStrength:
        return _LABELS[self]


_COSTS = (1, 2, 3, 5)
_LABELS: tuple[PathStrength, ...] = ("certain", "eligible", "needs approval", "possible")


class Edge(NamedTuple):
    """`source` comes to control `target`. `proofs`: what says so (facts, or rows with their documents); `unknown`: an exception that
    nobody read, for which the hop is only possible; `by`: the permission, the role or the group that is the reason.
    """

    kind: HopKind
    source: Node
    target: Node
    strength: Strength = Strength.certain
    proofs: tuple[Any, ...] = ()
    unknown: Any = None
    by: str = ""
