"""Large collections in parts that can be read side by side: ranges of createdDateTime, each with about as many objects."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise

from auditor.sources.graph.client import Graph
from auditor.sources.graph.plan import APPLICATIONS

PARTITIONED_FROM = 20_000  # objects: below that, to ask for the parts costs as much as it gains
_PARTS = 8
_BEGINNING = datetime(2006, 1, 1, tzinfo=timezone.utc)
_FINEST = timedelta(minutes=10)
_MOST_ASKED = 250  # counts, for the parts of one list


async def count(graph: Graph, condition: str = "") -> int:
    """How many applications there are, by Graph's index; 0 or less where it does not say. Raises GraphFault."""
    query = "$select=id&$count=true&$top=1" + (f"&$filter={condition}" if condition else "")
    page = await graph.page(APPLICATIONS.url(query=query), "the number of applications", advanced=True)
    return page.count or 0


async def ranges(graph: Graph, total: int) -> list[str]:
    """Filters, of which each application meets one: ranges that are open at both ends, and one for those without a date.

    None at all where Graph's counts make no sense.

    Graph takes `ge` and `le` only: who was made at the very second of a bound meets two, and is passed on once.
    """
    most = total * 5 // (4 * _PARTS) + 1
    found: list[tuple[datetime, int]] = []  # where a range begins, and how many it holds
    asked = 0
    makes_sense = True

    async def split(start: datetime, end: datetime, held: int) -> None:
        nonlocal asked, makes_sense
        middle = (start + (end - start) / 2).replace(microsecond=0)
        if held <= most or end - start <= _FINEST:
            found.append((start, held))
            return
        first = await count(graph, f"createdDateTime ge {_iso(start)} and createdDateTime le {_iso(middle)}")
        asked += 1
        makes_sense = makes_sense and 0 <= first <= held and asked < _MOST_ASKED
        if not makes_sense:
            return
        await split(start, middle, first)
        await split(middle, end, held - first)

    # The same bounds all year: who resumes, or asks again, meets the same pages.
    await split(_BEGINNING, datetime(datetime.now(timezone.utc).year + 1, 1, 1, tzinfo=timezone.utc), total)
    if not makes_sense:
        return []
    bounds, held = [], 0
    for start, number in found:
        if held and held + number > most:
            bounds.append(_iso(start))
            held = 0
        held += number
    if not bounds:
        return ["createdDateTime ge 1900-01-01T00:00:00Z", "createdDateTime eq null"]
    between = [f"createdDateTime ge {a} and createdDateTime le {b}" for a, b in pairwise(bounds)]
    return [f"createdDateTime le {bounds[0]}", *between, f"createdDateTime ge {bounds[-1]}", "createdDateTime eq null"]


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
