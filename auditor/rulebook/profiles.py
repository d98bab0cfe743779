"""Profiles: which rules, severities and parameters. `rules/profiles/*.toml`."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.rulebook import Rule, Rulebook, shipped_folder
from auditor.rulebook.page import read_text
from auditor.severity import SEVERITIES

DEFAULT = "default"
_SELECTORS = "a list of texts: names, areas, tags, name-* or ALL"
_KINDS: dict[str, tuple[type, str]] = {
    "description": (str, "a text"), "select": (list, _SELECTORS), "ignore": (list, _SELECTORS),
    "severity": (dict, "a table: rule = severity"), "params": (dict, "a table for each rule, as in [params.secret-expiring]"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """`path` is the file that it stands in."""

    name: str
    path: str = ""
    description: str = ""
    select: list[str] = field(default_factory=lambda: ["ALL"])
    ignore: list[str] = field(default_factory=list)
    severity: dict[str, str] = field(default_factory=dict)
    params: dict[str, dict[str, Any]] = field(default_factory=dict)

    def apply(self, book: Rulebook) -> Rulebook:
        """The rules with this profile's severities and parameters. Raises UsageError for a rule that does not exist."""
        rules: dict[str, Rule] = {rule.id: rule for rule in book}
        with self._named("severity"):
            for id_, severity in self.severity.items():
                rule = book.get(id_)
                rules[rule.id] = replace(rule, block={**rule.block, "severity": severity})
        with self._named("params"):
            settings = {(id_, name): value for id_, values in self.params.items() for name, value in values.items()}
            return Rulebook(rules.values()).with_parameters(settings)

    def matching(self, book: Rulebook, key: str) -> set[str]:
        """Ids of the rules that its `select` or `ignore` names. Raises UsageError."""
        with self._named(key):
            return book.matching(getattr(self, key))

    @contextmanager
    def _named(self, key: str) -> Iterator[None]:
        """Errors name the file and the key."""
        try:
            yield
        except UsageError as error:
            raise UsageError(f"profile {self.path}: {key}: {error}") from None


def names() -> list[str]:
    return sorted(path.stem for path in (shipped_folder() / "profiles").glob("*.toml"))


def load(name: str) -> Profile:
    """A profile by name, or a TOML file of the user's own. Raises UsageError."""
    path = Path(name) if name.endswith(".toml") else shipped_folder() / "profiles" / f"{name}.toml"
    try:
        data = tomllib.loads(read_text(path))
    except FileNotFoundError:
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(names())}, or a file NAME.toml"
        raise UsageError(f"no profile is called {name!r}{hint}") from None
    except (OSError, ValueError, RecursionError) as error:  # of UTF-8 and TOML, too
        raise UsageError(f"profile {path}: {getattr(error, 'strerror', None) or error}") from None
    for key, value in data.items():
        if key not in _KINDS:
            close = difflib.get_close_matches(key, _KINDS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(_KINDS)}"
            raise UsageError(f"profile {path}: there is no key {key!r}; {hint}")
        kind, words = _KINDS[key]
        if not isinstance(value, kind) or (isinstance(value, list) and not all(isinstance(selector, str) for selector in value)):
            raise UsageError(f"profile {path}: {key!r} is {words}, not {value!r}")
    if data.get("select") == []:
        raise UsageError(f"profile {path}: 'select' names no rule; ALL selects every one")
    for id_, values in data.get("params", {}).items():
        if not isinstance(values, dict):
            raise UsageError(f"profile {path}: parameters stand below their rule, as in [params.{id_}]")
    for id_, severity in data.get("severity", {}).items():
        if severity not in SEVERITIES:
            raise UsageError(f"profile {path}: severity {severity!r} of {id_} is not one of {', '.join(SEVERITIES)}")
    return Profile(path.stem, str(path), **data)


def chosen(book: Rulebook, profile: Profile, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> list[Rule]:
    """The rules of a run: `select` takes the place of the profile's own choice. Raises UsageError.

    What the profile ignores stays out of an area and of name-*; who asks for it by its name or tag, or for ALL, gets it.
    """
    select = list(select)
    wanted = book.matching(select) if select else profile.matching(book, "select")
    areas = {rule.area for rule in book}
    by_name = book.matching(selector for selector in select if selector not in areas and "*" not in selector)
    unwanted = book.matching(ignore) | (profile.matching(book, "ignore") - by_name)
    found = [rule for rule in book if rule.id in wanted - unwanted]
    if not found:
        raise UsageError("no rule is left to check: --ignore takes away all that --select names")
    return found
