"""The functions of a rule's fast pass in a run: plain Python, in which touching an unknown raises Unread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auditor.language.found import Found
from auditor.language.logic import BUILTINS, Env
from auditor.severity import Severity

if TYPE_CHECKING:
    from auditor.engine.compiled import CompiledRule
    from auditor.engine.prepared import PreparedRule

CHECKS = ("_check", "_with_subjects")  # what every run calls
ROWS = ("_severity", "_message", "_values", "_named")  # what only a failure calls


class Functions:
    """Of one rule, each made when it is first called for: most rules of a small run find nothing."""

    def __init__(self, rule: CompiledRule | PreparedRule, env: Env) -> None:
        self._rule, self._env = rule, env
        self._made: dict[str, Callable[..., Any] | None] = {}

    def _get(self, name: str) -> Any:
        if name not in self._made:
            self._made |= self._rule.functions(name, self._env)
        return self._made[name]

    @property
    def check(self) -> Callable[[list[Any], Found], None]:
        """Judges all of some roots in one pass, as far as they can be judged without three values."""
        return self._get("_check")  # type: ignore[no-any-return]

    @property
    def with_subjects(self) -> Callable[[list[Any]], list[Any]]:
        """Those of some roots that have a subject, or may have one."""
        return self._get("_with_subjects")  # type: ignore[no-any-return]

    @property
    def severity(self) -> Callable[[Any, Any], Severity]:
        return self._get("_severity")  # type: ignore[no-any-return]

    @property
    def message(self) -> Callable[[Any, Any], str]:
        return self._get("_message")  # type: ignore[no-any-return]

    @property
    def values(self) -> Callable[[Any, Any], dict[str, str | None]] | None:
        """What the fix takes from a subject, None for a value that is not known; None where it takes nothing."""
        return self._get("_values")  # type: ignore[no-any-return]

    @property
    def named(self) -> Callable[[Any, Any], list[Any]] | None:
        """Facts that the message names besides the subject; None where it names none."""
        return self._get("_named")  # type: ignore[no-any-return]


def space(env: Env, unknown: object) -> Env:
    """The names that compiled code may use, but for the rule's constants."""
    return {**BUILTINS, **env, "_unknown": unknown}
