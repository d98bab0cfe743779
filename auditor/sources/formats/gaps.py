"""Values that a file names and does not hold: what is known after apply only, or an expression.

A format that describes what will be leaves a `Gap` where a value goes. `settle` takes them out of what was converted: a property
becomes unknown for its reason, a list keeps its other entries and may have more.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from auditor.pointer import join, mapped
from auditor.sources.formats.base import Converted


class Gap(NamedTuple):
    """Stands where a value is not in the file, and says why."""

    why: str


def settle(out: Converted) -> None:
    """Takes all gaps out of `out.value`, and says in `unknown` and `more` where they were."""
    _object(out, out.value, ())


def _object(out: Converted, value: dict[str, Any], path: tuple[str | int, ...]) -> None:
    for name, item in list(value.items()):
        here = (*path, name)
        if isinstance(item, Gap):
            del value[name]
            out.unknown["/".join(map(str, here))] = item.why
        elif isinstance(item, dict):
            _object(out, item, here)
        elif isinstance(item, list):
            _list(out, item, here)


def _list(out: Converted, items: list[Any], path: tuple[str | int, ...]) -> None:
    gap = next((item for item in items if isinstance(item, Gap)), None)
    if gap is not None:
        out.more["/".join(map(str, path))] = gap.why
        kept = [i for i, item in enumerate(items) if not isinstance(item, Gap)]
        _move(out.origins, join(*path), kept)
        items[:] = [items[i] for i in kept]
    for i, item in enumerate(items):
        if isinstance(item, dict):
            _object(out, item, (*path, i))


def _move(origins: dict[str, str], at: str, kept: list[int]) -> None:
    """Entries of a list get new numbers: what is `kept` stays in its order."""
    whole = {f"{at}/{old}": mapped(f"{at}/{old}", origins) for old in kept}
    inside = {place: own for place, own in origins.items() if place.startswith(f"{at}/")}
    for place in inside:
        del origins[place]
    for new, old in enumerate(kept):
        before, now = f"{at}/{old}", f"{at}/{new}"
        origins[now] = whole[before]
        for place, own in inside.items():
            if place.startswith(f"{before}/"):
                origins[now + place[len(before) :]] = own
