"""Long lists: what is looked up in them by a key, so that none costs the square of its length."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from auditor.unknown import Partial, Unknown, known, whole_or_partial

if TYPE_CHECKING:
    from auditor.facts.world import World

LONG = 32  # elements: to loop over fewer takes less time than to make an index of them
_Key = tuple[Any, ...]
_Entry = tuple[int, Any]  # an element and its place: what is looked up keeps the order of the list


def is_long(values: Any) -> bool:
    """Whether a list is better looked up than looped over. An unknown is no list, and says so itself."""
    return values.__class__ in (list, Partial) and list.__len__(values) > LONG


def alike(world: World, values: Any, what: str, key_of: Callable[[Any], _Key], keys: Iterable[_Key]) -> Any:
    """Those of a list whose key is one of these, and those of which it is not known, in their order. A short list stays as it is:
    who asks tests each element anyway. `what` names the list and the key.
    """
    if not is_long(values):
        return values
    groups, unsure = world.once(what, values, lambda: _indexed(values, key_of))
    found = sorted([entry for key in keys for entry in groups.get(key, ())] + unsure, key=lambda entry: entry[0])
    return whole_or_partial([value for _, value in found], values.unknown if values.__class__ is Partial else None)


def _indexed(values: Any, key_of: Callable[[Any], _Key]) -> tuple[dict[_Key, list[_Entry]], list[_Entry]]:
    """What is known of a list by a key of its elements; and those of which the key is not known."""
    found: dict[_Key, list[_Entry]] = {}
    unsure: list[_Entry] = []
    for place, value in enumerate(known(values)):
        key = key_of(value)
        if any(part.__class__ is Unknown for part in key):
            unsure.append((place, value))
        else:
            found.setdefault(key, []).append((place, value))
    return found, unsure
