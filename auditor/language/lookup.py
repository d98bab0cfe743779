"""Loops over long lists, in time that does not grow with their square.

A rule that compares each element of a list with its siblings (`count(other.id == scope.id for other in app.scopes) == 1`) would look
at all of them for each. Of a long list the loop looks only at those that can count: what the condition compares is an index. And
what a loop comes to depends on nothing but the list and the values of the subject that it names: of the same it is worked out once.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from typing import Any

from auditor.facts.lists import is_long
from auditor.language.nodes import Node

Env = dict[str, Any]
_VALUES = (str, int, bool, type(None), datetime, timedelta)
_UNSURE = object()
_Entry = tuple[int, Any]  # an element and its place: what is looked up keeps the order of the list


@dataclass(slots=True)
class Plan:
    """How to look up what a loop compares. `keys`: alternatives, of which an element that counts meets one: what of the element
    equals what of the subject. `given`: all that the loop reads of anything but the element.
    """

    variable: str
    keys: list[list[tuple[Node, Node]]]
    given: list[Node]
    unequal: list[tuple[Node, Node]] = field(default_factory=list)  # what of the element differs from what of the subject
    _values: Any = None  # the list that was looked at last: rules go from subject to subject of one list
    _indexes: list[dict[Any, list[_Entry]]] = field(default_factory=list)
    _unsure: list[list[_Entry]] = field(default_factory=list)
    _groups: dict[tuple[int, int], dict[Any, list[_Entry]]] = field(default_factory=dict)  # elements that are alike, by what differs
    _results: dict[Any, tuple[Any, list[Any]]] = field(default_factory=dict)

    def run(self, values: Any, known: list[Any], env: Env, loop: Callable[[Iterable[Any]], Any]) -> Any:
        """What `loop` comes to over the elements that can count."""
        if self._values is not values:
            self._values, self._results = values, {}
            self._indexes, self._unsure, self._groups = [], [], {}
        try:
            of = [node.exact(env) for node in self.given]
        except (AttributeError, TypeError):  # of a null, which the loop would not have met
            return loop(known)
        key = tuple(value if isinstance(value, _VALUES) else id(value) for value in of)
        if key not in self._results:
            # The values are kept, so that none of the ids is given to another object.
            self._results[key] = loop(self._candidates(known, env)), of
        return self._results[key][0]

    def _candidates(self, known: list[Any], env: Env) -> Iterable[Any]:
        if not self.keys:
            return known
        if not self._indexes and not self._index(known, env):
            return known
        found: list[list[_Entry]] = []
        for parts, index, unsure in zip(self.keys, self._indexes, self._unsure, strict=True):
            sought = tuple(node.exact(env) for _, node in parts)
            if not all(isinstance(value, _VALUES) for value in sought):
                return known
            found += [*self._differing(index.get(sought, []), env), unsure]
        return _elements(found)

    def _differing(self, alike: list[_Entry], env: Env) -> list[list[_Entry]]:
        """Of elements that are alike, those that differ from the subject in the respect in which they differ least."""
        best: list[list[_Entry]] = [alike]
        fewest = len(alike)
        for number, (of, mine) in enumerate(self.unequal if is_long(alike) else ()):
            value = mine.exact(env)
            groups = self._groups.get((id(alike), number))
            if groups is None:
                groups = self._groups[id(alike), number] = {}
                for entry in alike:
                    env[self.variable] = entry[1]
                    other = of.exact(env)
                    groups.setdefault(other if isinstance(other, _VALUES) else _UNSURE, []).append(entry)
            if isinstance(value, _VALUES) and len(groups) < fewest:
                best, fewest = [group for key, group in groups.items() if key is _UNSURE or key != value], len(groups)
        return best

    def _index(self, known: list[Any], env: Env) -> bool:
        """Elements by each alternative. What is not known of an element could be anything."""
        indexes, unsure = [], []
        for parts in self.keys:
            index: dict[Any, list[_Entry]] = {}
            others: list[_Entry] = []
            for place, element in enumerate(known):
                env[self.variable] = element
                try:
                    key = tuple(node.exact(env) for node, _ in parts)
                except (AttributeError, TypeError):
                    return False
                plain = all(isinstance(value, _VALUES) for value in key)
                (index.setdefault(key, []) if plain else others).append((place, element))
            indexes.append(index)
            unsure.append(others)
        self._indexes, self._unsure = indexes, unsure
        return True


def _elements(lists: list[list[_Entry]]) -> Iterator[Any]:
    last = -1
    for place, element in merge(*lists, key=lambda entry: entry[0]):
        if place != last:
            last = place
            yield element


# -- from the text of a loop to a plan


def planned(kind: str, loop: ast.GeneratorExp, variable: str, visit: Callable[[ast.expr], Node]) -> Plan:
    """The plan of `… for variable in list if …`. `visit` makes a node of a part that is looked at by itself."""
    targets = [part.target for part in ast.walk(loop) if isinstance(part, ast.comprehension)]
    bound = {target.id for target in targets if isinstance(target, ast.Name)}
    body = [loop.elt, *loop.generators[0].ifs]
    given = [node for node in map(visit, _outside(body, bound)) if not node.const]
    # What does not meet the condition decides all(), whose `if` alone leaves elements out.
    deciding = body[1:] if kind == "all" else body
    needed = [pair for part in deciding for pair in _compared(part, ast.Eq, variable, bound)]
    alternatives = [needed] if needed else [] if kind == "all" else _alternatives(loop.elt, variable, bound)
    unequal = [pair for part in deciding for pair in _compared(part, ast.NotEq, variable, bound)] if needed else []
    return Plan(
        variable,
        [[(visit(of), visit(equal)) for of, equal in parts] for parts in alternatives],
        given,
        [(visit(of), visit(other)) for of, other in unequal],
    )


def _names(tree: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(tree) if isinstance(part, ast.Name)}


def _outside(trees: list[ast.expr], bound: set[str]) -> Iterator[ast.expr]:
    """The largest parts that speak of no element."""
    for tree in trees:
        names = _names(tree)
        if names.isdisjoint(bound):
            if names:
                yield tree
        elif isinstance(tree, ast.Call):  # its function is no value
            arguments = [*tree.args, *([tree.func.value] if isinstance(tree.func, ast.Attribute) else [])]
            yield from _outside(arguments, bound)
        elif isinstance(tree, ast.GeneratorExp):
            yield from _outside([tree.elt, *(part for loop in tree.generators for part in (loop.iter, *loop.ifs))], bound)
        else:
            yield from _outside([part for part in ast.iter_child_nodes(tree) if isinstance(part, ast.expr)], bound)


def _compared(tree: ast.expr, how: type[ast.cmpop], variable: str, bound: set[str]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What must be equal, or unequal, for a condition to hold: of the element, and of the subject."""
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        for part in tree.values:
            yield from _compared(part, how, variable, bound)
    elif isinstance(tree, ast.Compare) and len(tree.ops) == 1 and isinstance(tree.ops[0], how):
        for of, equal in ((tree.left, tree.comparators[0]), (tree.comparators[0], tree.left)):
            if _names(of) == {variable} and _names(equal).isdisjoint(bound):
                yield of, equal
                return


def _alternatives(tree: ast.expr, variable: str, bound: set[str]) -> list[list[tuple[ast.expr, ast.expr]]]:
    """Of `a or b`: what must be equal for each; nothing where one of them needs nothing equal."""
    if not (isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.Or)):
        return []
    found = [list(_compared(part, ast.Eq, variable, bound)) for part in tree.values]
    return found if all(found) else []
