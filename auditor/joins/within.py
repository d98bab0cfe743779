"""What belongs to objects of which there are many: read on its own, or within the object, as $expand gives it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.entra.collections import Collection
from auditor.joins.known import Known
from auditor.sources import Document
from auditor.unknown import Partial, Unknown

Given = tuple[Any, Document]
Parents = tuple[dict[str, Given], Unknown | None]  # object id in lower case -> the object; and why there may be more
_EXPANDED_AT_MOST = 20


def by_id(given: Iterable[Given]) -> Parents:
    """The first object that has an id."""
    found: dict[str, Given] = {}
    gap: Unknown | None = None
    for one, document in given:
        if isinstance(one.id, Unknown):
            gap = gap or one.id
        elif one.id:
            found.setdefault(one.id.lower(), (one, document))
    return found, gap


def parents_of(
    known: Known, parents: Parents, of: Collection, given: Iterable[Given], expanded: str
) -> tuple[dict[str, list[str]], Unknown | None]:
    """Id of what belongs to objects -> ids of those that it belongs to; and why there may be more. `expanded`: the object's member."""
    found: dict[str, list[str]] = {}
    gap = parents[1]
    below: dict[str, list[Any]] = {}
    for one, document in given:
        below.setdefault(document.parent, []).append(one.id)
    if "" in below:
        gap = gap or Unknown(of.name, "the input does not say to what some entries belong", collection=True)
    for parent_id, (parent, _) in parents[0].items():
        ids = list(below.get(parent_id, ()))
        within = getattr(parent, expanded)
        if isinstance(within, Unknown):
            if not known.has_all_of(parent_id, of):
                gap = gap or known.missing(of)
        else:
            ids += [_id_of(one) for one in within or ()]
            if isinstance(within, Partial) or len(within or ()) >= _EXPANDED_AT_MOST:
                gap = gap or Unknown(of.name, f"$expand returns {_EXPANDED_AT_MOST} at most", collection=True)
        for id_ in ids:
            if isinstance(id_, str) and id_:
                found.setdefault(id_.lower(), []).append(parent_id)
            else:
                gap = gap or (id_ if isinstance(id_, Unknown) else Unknown(of.name, "an entry has no id", collection=True))
    return found, gap


def _id_of(one: Any) -> Any:
    return one.get("id") if isinstance(one, dict) else getattr(one, "id", None)
