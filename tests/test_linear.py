"""No list of one object costs the square of its length: twice as long, twice the work, whichever rule reads it."""

from __future__ import annotations

import pytest

from auditor import pointer
from benchmarks.large_objects import KINDS, ROOTS, calls, growth

COUNT = 80  # more than what is looped over as it is (auditor.language.logic.LONG)


@pytest.mark.parametrize("roots", ROOTS.values(), ids=ROOTS)
@pytest.mark.parametrize("kind", KINDS)
def test_twice_as_long_takes_twice_the_calls(kind: str, roots: int) -> None:
    once, twice, ratio = growth(calls, kind, COUNT, roots)
    assert once > COUNT, "the list is looked at"
    assert ratio <= 2.2, f"{once:,} calls for {COUNT}, {twice:,} for {2 * COUNT}"


def test_places_far_into_a_text() -> None:
    text = "line\n" * 50_000 + "the last"
    for index in (0, 4, 5, 70_000, 70_004, 70_005, len(text) - 1):
        assert pointer.position(text, index) == (text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))
