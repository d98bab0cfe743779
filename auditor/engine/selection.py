"""Which rules a run checks, and with which severities and parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from auditor.errors import UsageError
from auditor.rulebook import Rule, Rulebook, profiles, shipped
from auditor.rulebook.profiles import Profile


def load_rules(extend: Iterable[Path] = ()) -> Rulebook:
    """The rules that come with regaudit, and those of further folders, which are checked: ours are known to be right."""
    book = shipped(extend)
    if not extend:
        return book
    from auditor.engine.compiled import check

    for rule in set(book) - set(shipped()):
        check(rule)
    return book


class RuleSelection(msgspec.Struct, frozen=True):
    """`select` and `ignore` name rules, areas, tags, name-* or "ALL"; `params` sets parameters: {"secret-expiring.warn_days": 60}.

    `profile` is a name or a TOML file, `extend_rules` are folders of the user's own pages. `layers` are configurations, which come after
    the profile; `unconfigured` is what would be selected without them. Raises UsageError for one without a name.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    profile: str = profiles.DEFAULT
    params: Mapping[str, Any] = {}
    extend_rules: tuple[str, ...] = ()
    layers: tuple[Profile, ...] = ()
    unconfigured: RuleSelection | None = None

    def __post_init__(self) -> None:
        if "" in self.extend_rules:
            raise UsageError("a folder of rules is empty")

    @property
    def profile_name(self) -> str:
        """As reports say it: of a file, its name."""
        return Path(self.profile).stem

    def book(self) -> Rulebook:
        """All rules, with the severities and parameters of this run. Raises UsageError and RuleError."""
        return self._book(profiles.load(self.profile))

    def rules(self) -> list[Rule]:
        """Those of them that are checked. Raises UsageError and RuleError."""
        profile = profiles.load(self.profile)
        return profiles.chosen(self._book(profile), profile, self.select, self.ignore, self.layers)

    def _book(self, profile: Profile) -> Rulebook:
        book = load_rules([Path(folder) for folder in self.extend_rules])
        for layer in (profile, *self.layers):
            book = layer.apply(book)
        return book.with_parameters({_parameter(name): value for name, value in self.params.items()}, texts=True)


def _parameter(name: str) -> tuple[str, str]:
    rule, dot, parameter = name.partition(".")
    if not dot or not parameter:
        raise UsageError(f"{name!r} does not name a parameter: say RULE.PARAMETER, as in secret-expiring.warn_days")
    return rule, parameter
