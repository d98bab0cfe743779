"""What compiled code leaves behind, for the engine."""

from __future__ import annotations

from typing import Any

import msgspec

from auditor.language.logic import Likely


class Found(msgspec.Struct):
    """What one pass of a rule leaves behind. A root stands in one of `passed`, `blind`, `mixed` and `broken`, or did not apply."""

    passed: list[Any] = []  # roots of which every subject that applied passed
    blind: list[Any] = []  # roots with a subject that this run cannot judge, and none that failed
    mixed: list[tuple[Any, bool, bool]] = []  # the others: (root, any_passed, any_unknown) of its subjects
    failed: list[tuple[Any, Any]] = []  # (root, subject)
    likely: dict[tuple[int, int], Likely] = {}  # of those, by id() of root and subject, what is only likely
    opened: list[tuple[Any, Any, Any]] = []  # (root, subject or None, unknown): to be judged exactly
    broken: list[tuple[Any, Exception]] = []  # roots at which the rule raised
