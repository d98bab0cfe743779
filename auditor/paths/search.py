"""The cheapest paths to one node, of all that can reach it.

Dijkstra's algorithm backwards, with a limit of hops: a label of a node is kept as long as no cheaper one takes as few hops. So for
each node the cheapest path within the limit is found, and of those as cheap the one whose weakest hop is strongest.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from itertools import count
from typing import NamedTuple

from auditor.paths.graph import VIRTUAL, Edge, Node, Strength

LONGEST = 8  # hops
Into = Callable[[Node], Iterable[Edge]]


class Hop(NamedTuple):
    """One step of a path: an edge, or two with a virtual node between them."""

    edge: Edge
    last: Edge  # the second of the two; the same where there is one

    @property
    def source(self) -> Node:
        return self.edge.source

    @property
    def target(self) -> Node:
        return self.last.target

    @property
    def strength(self) -> Strength:
        return max(self.edge.strength, self.last.strength)


class Way(NamedTuple):
    """A path: who takes it, and its hops in order."""

    start: Node
    hops: list[Hop]

    @property
    def strength(self) -> Strength:
        return max(hop.strength for hop in self.hops)

    @property
    def cost(self) -> int:
        return sum(hop.strength.cost for hop in self.hops)

    @property
    def nodes(self) -> list[Node]:
        return [self.start, *(hop.target for hop in self.hops)]

    def then(self, other: Way) -> Way | None:
        """This one and another that begins where it ends; None where that goes in a circle, or is too long."""
        both = Way(self.start, [*self.hops, *other.hops])
        return both if len(both.hops) <= LONGEST and len(set(both.nodes)) == len(both.nodes) else None


class Label(NamedTuple):
    """How a node reaches the end. Labels are compared by this order; `edge` leads to `then`, the label of the next node."""

    cost: int
    strength: Strength
    hops: int
    node: Node
    edge: Edge | None
    then: Label | None

    @property
    def way(self) -> Way:
        found: list[Hop] = []
        label: Label | None = self
        while label is not None and label.edge is not None and label.then is not None:
            edge = label.edge
            if edge.target.kind in VIRTUAL:
                label = label.then
                assert label.edge is not None, "a virtual node leads on"
                found.append(Hop(edge, label.edge))
            else:
                found.append(Hop(edge, edge))
            label = label.then
        return Way(self.node, found)


class Search:
    """Everything that reaches one node, by the cheapest path of at most `limit` hops, without what is `excluded`."""

    def __init__(self, into: Into, end: Node, *, excluded: Collection[Node] = (), limit: int = LONGEST) -> None:
        self._into, self._end, self._excluded, self._limit = into, end, frozenset(excluded), limit
        self._labels: dict[Node, Label] = {}  # the best of each node
        self._run()

    def of(self, node: Node) -> Way | None:
        """The cheapest path of a node; None where it has none."""
        label = self._labels.get(node)
        return None if label is None or label.edge is None else label.way

    def __iter__(self) -> Iterator[Way]:
        """Of all nodes but the end and virtual ones, cheapest first."""
        return (label.way for label in self._labels.values() if label.edge is not None and label.node.kind not in VIRTUAL)

    def _run(self) -> None:
        fewest: dict[Node, int] = dict.fromkeys(self._excluded, -1)  # hops of the labels that were settled
        heap: list[tuple[int, Strength, int, Node, int, Label]] = []
        number = count()  # labels themselves are not compared
        too_many = self._limit + 1

        def push(label: Label) -> None:
            heapq.heappush(heap, (label.cost, label.strength, label.hops, label.node, next(number), label))

        push(Label(0, Strength.certain, 0, self._end, None, None))
        while heap:
            label = heapq.heappop(heap)[-1]
            if fewest.get(label.node, too_many) <= label.hops:
                continue
            fewest[label.node] = label.hops
            self._labels.setdefault(label.node, label)
            for edge in self._into(label.node):
                made = _before(label, edge)
                if made.hops < fewest.get(made.node, too_many):
                    push(made)


def _before(label: Label, edge: Edge) -> Label:
    """The label of an edge's source."""
    strength = max(label.strength, edge.strength)
    if edge.target.kind in VIRTUAL:
        return Label(label.cost, strength, label.hops, edge.source, edge, label)
    return Label(label.cost + edge.strength.cost, strength, label.hops + 1, edge.source, edge, label)


def without(into: Into, cut: Container[tuple[Node, Node]]) -> Into:
    """The same graph without some hops, and without virtual nodes: of what reaches all objects of a kind, a hop to one can be cut."""

    def left(node: Node) -> Iterator[Edge]:
        for edge in into(node):
            if edge.source.kind not in VIRTUAL:
                found = [edge]
            else:
                found = [
                    first._replace(
                        target=node, strength=max(first.strength, edge.strength), proofs=first.proofs + edge.proofs, unknown=edge.unknown
                    )
                    for first in into(edge.source)
                ]
            yield from (one for one in found if (one.source, node) not in cut)

    return left
