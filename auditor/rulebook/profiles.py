"""Profiles: which rules, severities and parameters. `rules/profiles/*.toml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec

from auditor import settings
from auditor.errors import UsageError
from auditor.rulebook.book import Rulebook, shipped_folder, with_parameter
from auditor.rulebook.page import Rule
from auditor.severity import SEVERITIES
from auditor.startup import prepared

DEFAULT = "default"
_Selectors = Annotated[list[str], msgspec.Meta(description="a list of texts: names, areas, tags, frameworks, name-* or ALL")]


class Choice(msgspec.Struct, forbid_unknown_fields=True):
    """What a profile's file may say."""

    description: str = ""
    select: _Selectors = msgspec.field(default_factory=lambda: ["ALL"])
    ignore: _Selectors = []
    severity: Annotated[dict[str, Any], msgspec.Meta(description="a table: rule = severity")] = {}
    params: Annotated[dict[str, Any], msgspec.Meta(description="a table for each rule, as in [params.secret-expiring]")] = {}


class Profile(msgspec.Struct):
    """`path` is the file that it is in, `text` what is written there, `at` the key of its table; "" is the whole file.

    A configuration has the same, and comes after the profile; `noun` says which of both it is.
    """

    name: str
    path: str = ""
    choice: Choice = msgspec.field(default_factory=Choice)
    text: str = ""
    at: str = ""
    noun: str = "profile"

    @property
    def description(self) -> str:
        return self.choice.description

    def apply(self, book: Rulebook) -> Rulebook:
        """The rules with this profile's severities and parameters. Raises UsageError for a rule that does not exist."""
        if not self.choice.severity and not self.choice.params:
            return book
        rules = dict(book.rules)
        for id_, severity in self.choice.severity.items():
            with self.named("severity", id_):
                rule = rules[book.get(id_).id]
                rules[rule.id] = rule.having(severity=severity)
        for id_, values in self.choice.params.items():
            for name, value in values.items():
                with self.named("params", id_, name):
                    rule = rules[book.get(id_).id]
                    rules[rule.id] = with_parameter(rule, name, value)
        return Rulebook(rules.values(), are_checked=True)

    def matching(self, book: Rulebook, key: str) -> set[str]:
        """Ids of the rules that its `select` or `ignore` names. Raises UsageError."""
        with self.named(key):
            return book.matching(getattr(self.choice, key))

    @contextmanager
    def named(self, *keys: str) -> Iterator[None]:
        """Errors name the file, the line and the key."""
        try:
            yield
        except UsageError as error:
            raise self.fault(f"{keys[0]}: {error}", *keys) from None

    def fault(self, message: str, *keys: str) -> UsageError:
        """An error at a key of its table."""
        return self.fault_at(message, settings.line_of(self.text, ".".join([self.at, *keys] if self.at else keys)))

    def fault_at(self, message: str, line: int) -> UsageError:
        return UsageError(f"{self.noun} {self.path}:{line}: {message}")

    def check(self) -> None:
        """Raises UsageError for severities and parameters that no rule can have."""
        for id_, values in self.choice.params.items():
            if not isinstance(values, dict):
                raise self.fault(f"parameters stand below their rule, as in [{self.at and f'{self.at}.'}params.{id_}]", "params", id_)
        for id_, severity in self.choice.severity.items():
            if severity not in SEVERITIES:
                said = f"severity {settings.shown(severity)} of {id_} is not one of {', '.join(SEVERITIES)}"
                raise self.fault(said, "severity", id_)


def names() -> list[str]:
    return sorted(path.stem for path in (shipped_folder() / "profiles").glob("*.toml"))


def load(name: str) -> Profile:
    """A profile by name, or a TOML file of the user's own. Raises UsageError."""
    if (made := prepared("rules")) is not None and (profile := made.profiles(str(shipped_folder() / "profiles")).get(name)) is not None:
        return profile  # type: ignore[no-any-return]
    path = Path(name) if name.endswith(".toml") else shipped_folder() / "profiles" / f"{name}.toml"
    try:
        text = settings.read_text(path).replace("\r\n", "\n")
    except FileNotFoundError:
        import difflib

        close = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(names())}, or a file NAME.toml"
        raise UsageError(f"no profile is called {name!r}{hint}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"profile {path}: {getattr(error, 'strerror', None) or error}") from None

    profile = Profile(path.stem, str(path), text=text)
    choice = settings.struct(settings.table(text, "the profile", profile.fault_at), Choice, text, profile.fault_at)
    profile = msgspec.structs.replace(profile, choice=choice)
    if not choice.select:
        raise profile.fault("'select' names no rule; ALL selects every one", "select")
    profile.check()
    return profile


def chosen(
    book: Rulebook, profile: Profile, select: Iterable[str] = (), ignore: Iterable[str] = (), layers: Iterable[Profile] = ()
) -> list[Rule]:
    """The rules of a run: `select` takes the place of the profile's own choice. Raises UsageError.

    `layers` come after the profile: the last that selects anything decides, and each may ignore more.
    What they ignore stays out of an area and of name-*; who asks for it by its name or tag, or for ALL, gets it.
    """
    select, layers = list(select), [profile, *layers]
    choosing = next(layer for layer in reversed(layers) if layer.choice.select)
    wanted = book.matching(select) if select else choosing.matching(book, "select")
    areas = {rule.area for rule in book}
    by_name = book.matching(selector for selector in select if selector not in areas and "*" not in selector)
    left_out = set[str]().union(*(layer.matching(book, "ignore") for layer in layers))
    wanted -= book.matching(ignore) | (left_out - by_name)
    found = [rule for rule in book if rule.id in wanted]
    if not found:
        raise UsageError("no rule is left to check: what is ignored takes away all that is selected")
    return found
