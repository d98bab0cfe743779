"""A compiled rule in a run: what it says of a root and a subject, in plain Python or in three values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any

from auditor.engine.compiled import CompiledRule
from auditor.language import BUILTINS, FIX_BUILTINS, MESSAGE_BUILTINS, PRESUMED, Choice, Env, Found, Likely, joined, unknowns
from auditor.severity import Severity
from auditor.unknown import Partial, Unknown, Unread


class BoundRule:
    """A compiled rule with the parameters, the clock and the tenant of a run: it judges roots.

    `certain_only`: nothing is presumed, and where an exemption is not known the subject is not evaluated.
    """

    def __init__(self, compiled: CompiledRule, now: datetime, tenant: Any, *, certain_only: bool = False) -> None:
        self.rule, self.compiled = compiled.rule, compiled
        self._may_be_likely = compiled.may_be_likely and not certain_only
        params = {name: tuple(value) if isinstance(value, list) else value for name, value in self.rule.params.items()}
        self.env: Env = {"now": now, "tenant": tenant, **params}
        self.unknown = compiled.unknown
        self._space = {
            **BUILTINS, **MESSAGE_BUILTINS, **FIX_BUILTINS, **self.env, "_unknown": self.unknown,
            **{key: exact(self.env) for key, exact in compiled.checker.constants.items()},
        }  # fmt: skip
        self.names_others = compiled.message.named()

    # Most rules of a small run meet few roots, and find nothing there: compiled is only what is called for.

    @cached_property
    def run(self) -> Callable[[list[Any], Found], None]:
        """Judges all of some roots in one pass, as far as they can be judged without three values."""
        exec(self.compiled.code, self._space)  # noqa: S102  (our own AST, see auditor.language)
        check: Callable[[list[Any], Found], None] = self._space["_check"]
        return check

    @property
    def has_code(self) -> bool:
        """Whether `run` costs no compiling any more."""
        return "code" in self.compiled.__dict__

    @cached_property
    def with_subjects(self) -> Callable[[list[Any]], list[Any]]:
        """Those of some roots that have a subject, or may have one."""
        exec(self.compiled.selection_code, self._space)  # noqa: S102
        selected: Callable[[list[Any]], list[Any]] = self._space["_with_subjects"]
        return selected

    @cached_property
    def _severity(self) -> Callable[[Any, Any], Severity]:
        return eval(self.compiled.severity_code, self._space)  # type: ignore[no-any-return]  # noqa: S307

    @cached_property
    def _message(self) -> Callable[[Any, Any], str]:
        return eval(self.compiled.message_code, self._space)  # type: ignore[no-any-return]  # noqa: S307

    @cached_property
    def _values(self) -> Callable[[Any, Any], dict[str, str | None]] | None:
        code = self.compiled.values_code
        if code is None:
            return None
        self._space |= {key: exact(self.env) for key, exact in self.compiled.checker.constants.items() if key not in self._space}
        return eval(code, self._space)  # type: ignore[no-any-return]  # noqa: S307

    def _env(self, root: Any, subject: Any) -> Env:
        return {**self.env, self.rule.root: root, self.compiled.subject: subject}

    def subjects(self, root: Any, gap: Unknown) -> list[tuple[Any, Unknown]]:
        """The subjects of a root that are known, and None for those that are not; none where the rule does not apply to the root."""
        each = self.compiled.each
        if each is None:
            return [(root, gap)]
        env = self._env(root, root)
        outer = self.compiled.conditions.outer
        if outer is not None and outer.exact(env) is False:
            return []  # as in the compiled pass: a list that is not looked at cannot break
        if any(guard.exact(env) is None for guard in self.compiled.guards):
            return []
        values = each.exact(env)
        if isinstance(values, Unknown):
            return [(None, values)]
        known = [(value, gap) for value in (values.known() if isinstance(values, Partial) else values)]
        return [*known, (None, values.unknown)] if isinstance(values, Partial) else known

    def exactly(self, root: Any, subject: Any, unknown: Unknown) -> Any:
        """True, False, None (not applicable), an Unknown, or Likely: a failure that rests on what is not known.

        A subject of None stands for what is not known of a list: it cannot fail.
        """
        unseen = subject is None
        env = self._env(root, unknown if unseen else subject)
        conditions = self.compiled.conditions
        parts = [node for node in (conditions.outer, conditions.given) if node is not None]
        given = joined(parts, conjunctive=True).exact(env) if parts else True
        if given is False:
            return None
        require = conditions.require.exact(env)
        verdict = require if given is True or require is True else given
        if unseen:
            return unknown if verdict is False else verdict
        if verdict.__class__ is Unknown and self._may_be_likely and self._fails_if_presumed(env):
            open_ = [node for node in (conditions.unless, conditions.about, conditions.require) if node is not None]
            return Likely(tuple({one.key: one for node in open_ for one in unknowns(node, env)}.values()))
        return verdict

    def _fails_if_presumed(self, env: Env) -> bool:
        """Whether a subject fails where lists that its format cannot carry are empty, and an exemption that is not known does not hold."""
        env, conditions = {**env, PRESUMED: self.compiled.presumed}, self.compiled.conditions
        if conditions.about is not None and conditions.about.exact(env) is not True:
            return False
        if conditions.unless is not None and conditions.unless.exact(env) is True:
            return False
        return conditions.require.exact(env) is False

    def severity(self, root: Any, subject: Any) -> Severity | Choice:
        """What the expression comes to; where an unknown decides, what it may come to."""
        try:
            return self._severity(root, subject)
        except Unread:
            found: Severity | Choice = self.compiled.severity.exact(self._env(root, subject))
            return found

    def message(self, root: Any, subject: Any) -> str:
        try:
            return self._message(root, subject)
        except Unread:
            return self.compiled.message.render(self._env(root, subject))

    def values(self, root: Any, subject: Any) -> dict[str, str]:
        """What the fix needs and a row does not say otherwise, as far as it is known."""
        if self._values is None:
            return {}
        try:
            found = self._values(root, subject)
        except Unread:
            return self.compiled.fix.values(self._env(root, subject))
        return {key: value for key, value in found.items() if value is not None}

    def named(self, root: Any, subject: Any) -> list[Any]:
        """Facts that the message names besides the subject."""
        env = self._env(root, subject)
        return [
            value for value in (function(env) for function in self.names_others) if value is not None and not isinstance(value, Unknown)
        ]
