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


def _made(name: str) -> Any:
    return property(lambda self: self.get(name))


class Functions:
    """Of one rule, each made when it is first called for: most rules of a small run find nothing."""

    # Judges all of some roots in one pass, as far as they can be judged without three values.
    check: Callable[[list[Any], Found], None] = _made("_check")
    # Those of some roots that have a subject, or may have one.
    with_subjects: Callable[[list[Any]], list[Any]] = _made("_with_subjects")
    severity: Callable[[Any, Any], Severity] = _made("_severity")
    message: Callable[[Any, Any], str] = _made("_message")
    # What the fix takes from a subject, None for a value that is not known; None where it takes nothing.
    values: Callable[[Any, Any], dict[str, str | None]] | None = _made("_values")
    # Facts that the message names besides the subject; None where it names none.
    named: Callable[[Any, Any], list[Any]] | None = _made("_named")

    def __init__(self, rule: CompiledRule | PreparedRule, env: Env) -> None:
        self._rule, self._env = rule, env
        self._made: dict[str, Callable[..., Any] | None] = {}

    def get(self, name: str) -> Callable[..., Any] | None:
        if name not in self._made:
            self._made |= self._rule.functions(name, self._env)
        return self._made[name]


def space(env: Env, unknown: object) -> Env:
    """The names that compiled code may use, but for the rule's constants."""
    return {**BUILTINS, **env, "_unknown": unknown}
