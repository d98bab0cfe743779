"""What belongs to objects of which there are many: read on its own, or within the object, as $expand gives it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from auditor.entra.collections import Collection
from auditor.entra.role_shapes import DirectoryObject
from auditor.joins.known import Known
from auditor.sources import Document
from auditor.unknown import Partial, Unknown, first_unknown
from auditor.unknown import known as known_of

Given = tuple[Any, Document]
Parents = tuple[dict[str, Given], Unknown | None]  # object id in lower case -> the object; and why there may be more
_EXPANDED_AT_MOST = 20


def by_id(given: Iterable[Given]) -> Parents:
    """The first object that has an id."""
    found: dict[str, Given] = {}
    gap: Unknown | None = None
    for one, document in given:
        if isinstance(one.id, Unknown):
            gap = first_unknown(gap, one.id)
        elif one.id:
            found.setdefault(one.id.lower(), (one, document))
    return found, gap


class Belonging(NamedTuple):
    """What belongs to an object, as far as it is told there, and where it says so."""

    id: str
    told: Any
    document: Document
    place: str = ""


class Belongings(NamedTuple):
    """Id of what belongs to objects -> ids of those that it belongs to; of each of these what belongs to it; and why there may be more."""

    by_id: dict[str, list[str]]
    of_parent: dict[str, list[Belonging]]
    gap: Unknown | None


def belongings(known: Known, parents: Parents, of: Collection, given: Iterable[Given], expanded: str) -> Belongings:
    """What belongs to objects: read on its own, or within the object, as its member `expanded`."""
    by_id: dict[str, list[str]] = {}
    of_parent: dict[str, list[Belonging]] = {}
    gap = parents[1]
    below: dict[str, list[Belonging]] = {}
    for one, document in given:
        below.setdefault(document.parent, []).append(Belonging(one.id, one, document))
    if "" in below:
        gap = first_unknown(gap, Unknown(of.name, "the input does not say to what some entries belong", collection=True))
    for parent_id, (parent, document) in parents[0].items():
        found = list(below.get(parent_id, ()))
        within = getattr(parent, expanded)
        if isinstance(within, Unknown):
            if not known.has_all_of(parent_id, of):
                gap = first_unknown(gap, known.missing(of))
        else:
            listed = list(known_of(within or []))
            found += [Belonging(_id_of(one), _as_told(one), document, f"/{expanded}/{i}") for i, one in enumerate(listed)]
            if isinstance(within, Partial) or len(listed) >= _EXPANDED_AT_MOST:
                gap = first_unknown(gap, Unknown(of.name, f"$expand returns {_EXPANDED_AT_MOST} at most", collection=True))
        for belonging in found:
            if isinstance(belonging.id, str) and belonging.id:
                by_id.setdefault(belonging.id.lower(), []).append(parent_id)
                of_parent.setdefault(parent_id, []).append(belonging._replace(id=belonging.id.lower()))
            else:
                gap = first_unknown(gap, belonging.id, Unknown(of.name, "an entry has no id", collection=True))
    return Belongings(by_id, of_parent, gap)


def _as_told(one: Any) -> Any:
    """What is within an object, in the shape in which it comes on its own."""
    if not isinstance(one, dict):
        return one
    names = {field.name: field.encode_name for field in msgspec.structs.fields(DirectoryObject)}
    return DirectoryObject(**{name: one[key] for name, key in names.items() if isinstance(one.get(key), str)})


def _id_of(one: Any) -> Any:
    return one.get("id") if isinstance(one, dict) else getattr(one, "id", None)
