"""What compiled code leaves behind, for the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from auditor.language.logic import Likely


@dataclass(slots=True)
class Found:
    """What one pass of a rule leaves behind. A root stands in one of `passed`, `blind`, `mixed` and `broken`, or did not apply."""

    passed: list[Any] = field(default_factory=list)  # roots of which every subject that applied passed
    blind: list[Any] = field(default_factory=list)  # roots with a subject that this run cannot judge, and none that failed
    mixed: list[tuple[Any, bool, bool]] = field(default_factory=list)  # the others: (root, any_passed, any_unknown) of its subjects
    failed: list[tuple[Any, Any]] = field(default_factory=list)  # (root, subject)
    likely: dict[tuple[int, int], Likely] = field(default_factory=dict)  # of those, by id() of root and subject, what is only likely
    opened: list[tuple[Any, Any, Any]] = field(default_factory=list)  # (root, subject or None, unknown): to be judged exactly
    broken: list[tuple[Any, Exception]] = field(default_factory=list)  # roots at which the rule raised
