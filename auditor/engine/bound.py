"""A compiled rule in a run: what it says of a root and a subject, in plain Python or in three values."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from auditor.engine.functions import Functions
from auditor.language.logic import Choice, Env, Likely
from auditor.severity import Severity
from auditor.unknown import Partial, Unknown, Unread

if TYPE_CHECKING:
    from auditor.engine.compiled import CompiledRule
    from auditor.engine.prepared import PreparedRule


class BoundRule:
    """A compiled rule with the parameters, the clock and the tenant of a run: it judges roots.

    `certain_only`: nothing is presumed, and where an exemption is not known the subject is not evaluated.
    """

    def __init__(self, compiled: CompiledRule | PreparedRule, now: datetime, tenant: Any, *, certain_only: bool = False) -> None:
        self.rule, self.compiled = compiled.rule, compiled
        self._may_be_likely = compiled.may_be_likely and not certain_only
        params = {name: tuple(value) if isinstance(value, list) else value for name, value in self.rule.params.items()}
        self.env: Env = {"now": now, "tenant": tenant, **params}
        self.unknown = compiled.unknown
        self.functions = Functions(compiled, self.env)

    @property
    def has_code(self) -> bool:
        """Whether a pass costs no compiling any more."""
        return self.compiled.has_code

    def _env(self, root: Any, subject: Any) -> Env:
        return {**self.env, self.rule.root: root, self.rule.subject: subject}

    def subjects(self, root: Any, gap: Unknown) -> list[tuple[Any, Unknown]]:
        """The subjects of a root that are known, and None for those that are not; none where the rule does not apply to the root."""
        rule = self.compiled.exact_checks
        each = rule.each
        if each is None:
            return [(root, gap)]
        env = self._env(root, root)
        if rule.outer is not None and rule.outer(env) is False:
            return []  # as in the compiled pass: a list that is not looked at cannot break
        if any(guard(env) is None for guard in rule.guards):
            return []
        values = each(env)
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
        rule = self.compiled.exact_checks
        given = True if rule.given is None else rule.given(env)
        if given is False:
            return None
        require = rule.require(env)
        verdict = require if given is True or require is True else given
        if unseen:
            return unknown if verdict is False else verdict
        if verdict.__class__ is Unknown and self._may_be_likely and rule.fails_if_presumed(env):
            return Likely(rule.unknowns(env))
        return verdict

    def severity(self, root: Any, subject: Any) -> Severity | Choice:
        """What the expression comes to; where an unknown decides, what it may come to."""
        try:
            return self.functions.severity(root, subject)
        except Unread:
            return self.compiled.exact_rows.severity_of(self._env(root, subject))

    def message(self, root: Any, subject: Any) -> str:
        try:
            return self.functions.message(root, subject)
        except Unread:
            return self.compiled.exact_rows.rendered(self._env(root, subject))

    def values(self, root: Any, subject: Any) -> dict[str, str]:
        """What the fix needs and a row does not say otherwise, as far as it is known."""
        if (values := self.functions.values) is None:
            return {}
        try:
            found = values(root, subject)
        except Unread:
            return self.compiled.exact_rows.values_of(self._env(root, subject))
        return {key: value for key, value in found.items() if value is not None}

    def named(self, root: Any, subject: Any) -> list[Any]:
        """Facts that the message names besides the subject."""
        if (named := self.functions.named) is None:
            return []
        try:
            found = named(root, subject)
        except Unread:
            env = self._env(root, subject)
            found = [function(env) for function in self.compiled.exact_rows.named]
        return [value for value in found if value is not None and not isinstance(value, Unknown)]
