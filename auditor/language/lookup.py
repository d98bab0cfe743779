"""Loops over long lists, in time that does not grow with their square.

A rule that compares each element of a list with its siblings (`count(other.id == scope.id for other in app.scopes) == 1`) would look
at all of them for each. Of a long list the loop looks only at those that can count: what the condition compares is an index. And
what a loop comes to depends on nothing but the list and the values of the subject that it names: of the same it is worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from auditor.facts.lists import is_long
from auditor.language.logic import Env, Exact

_VALUES = (str, int, bool, type(None), datetime, timedelta)
_UNSURE = object()
_Entry = tuple[int, Any]  # an element and its place: what is looked up keeps the order of the list


class Plan:
    """How to look up what a loop compares. `keys`: alternatives, of which an element that counts meets one: what of the element
    equals what of the subject. `given`: all that the loop reads of anything but the element. `unequal`: what of the element differs from
    what of the subject.
    """

    def __init__(
        self, variable: str, keys: list[list[tuple[Exact, Exact]]], given: list[Exact], unequal: list[tuple[Exact, Exact]]
    ) -> None:
        self.variable, self.keys, self.given, self.unequal = variable, keys, given, unequal
        self._values: Any = None  # the list that was looked at last: rules go from subject to subject of one list
        self._indexes: list[dict[Any, list[_Entry]]] = []
        self._unsure: list[list[_Entry]] = []
        self._groups: dict[tuple[int, int], dict[Any, list[_Entry]]] = {}  # elements that are alike, by what differs
        self._results: dict[Any, tuple[Any, list[Any]]] = {}

    def run(self, values: Any, known: list[Any], env: Env, loop: Callable[[Iterable[Any]], Any]) -> Any:
        """What `loop` comes to over the elements that can count."""
        if self._values is not values:
            self._values, self._results = values, {}
            self._indexes, self._unsure, self._groups = [], [], {}
        try:
            of = [node(env) for node in self.given]
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
            sought = tuple(node(env) for _, node in parts)
            if not all(isinstance(value, _VALUES) for value in sought):
                return known
            found += [*self._differing(index.get(sought, []), env), unsure]
        return _elements(found)

    def _differing(self, alike: list[_Entry], env: Env) -> list[list[_Entry]]:
        """Of elements that are alike, those that differ from the subject in the respect in which they differ least."""
        best: list[list[_Entry]] = [alike]
        fewest = len(alike)
        for number, (of, mine) in enumerate(self.unequal if is_long(alike) else ()):
            value = mine(env)
            groups = self._groups.get((id(alike), number))
            if groups is None:
                groups = self._groups[id(alike), number] = {}
                for entry in alike:
                    env[self.variable] = entry[1]
                    other = of(env)
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
                    key = tuple(node(env) for node, _ in parts)
                except (AttributeError, TypeError):
                    return False
                plain = all(isinstance(value, _VALUES) for value in key)
                (index.setdefault(key, []) if plain else others).append((place, element))
            indexes.append(index)
            unsure.append(others)
        self._indexes, self._unsure = indexes, unsure
        return True


def _elements(lists: list[list[_Entry]]) -> Iterator[Any]:
    from heapq import merge

    last = -1
    for place, element in merge(*lists, key=lambda entry: entry[0]):
        if place != last:
            last = place
            yield element
