"""What somebody may have meant: the name that differs from what was typed by a slip or two. Any other suggestion would mislead."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 80  # characters; a longer word is no slip


def near(word: str, names: Iterable[str]) -> str | None:
    """The name that is nearest to a word, by letters that are missing, added, replaced or swapped: one of four, at least one."""
    if len(word) > _LONGEST:
        return None
    typed = word.lower()
    least = min(((_slips(typed, name.lower()), name) for name in sorted(names)), default=None)
    return least[1] if least is not None and least[0] <= max(1, len(typed) // 4) else None


def _slips(one: str, other: str) -> int:
    """The optimal string alignment distance."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
