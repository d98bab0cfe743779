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
    """Of one rule, each made when it is first asked for: most rules of a small run find nothing."""

    # Judges all of some roots in one pass, as far as they can be judged without three values.
    check: Callable[[list[Any], Found], None]
    # Those of some roots that have a subject, or may have one.
    with_subjects: Callable[[list[Any]], list[Any]]
    severity: Callable[[Any, Any], Severity]
    message: Callable[[Any, Any], str]
    # What the fix takes from a subject, None for a value that is not known; None where it takes nothing.
    values: Callable[[Any, Any], dict[str, str | None]] | None
    # Facts that the message names besides the subject; None where it names none.
    named: Callable[[Any, Any], list[Any]] | None

    def __init__(self, rule: CompiledRule | PreparedRule, env: Env) -> None:
        self._rule, self._env = rule, env

    def __getattr__(self, name: str) -> Any:
        """A function that was not made yet, and is kept from now on, as are those that are made with it."""
        if (made := f"_{name}") not in (*CHECKS, *ROWS):
            raise AttributeError(name)
        for one, function in self._rule.functions(made, self._env).items():
            setattr(self, one[1:], function)
        return self.__dict__[name]


def space(env: Env, unknown: object) -> Env:
    """The names that compiled code may use, but for the rule's constants."""
    return {**BUILTINS, **env, "_unknown": unknown}
