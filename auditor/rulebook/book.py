"""A folder of pages -> Rulebook, selectors, parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from auditor.errors import RuleError, UsageError
from auditor.near import near
from auditor.rulebook.page import Rule, kind_of, load, midnight
from auditor.startup import prepared

_OWN = "; pages of your own need --extend-rules DIR"

NOT_PAGES = ("readme", "index")


def _groups(rule: Rule) -> Iterator[tuple[str, str]]:
    """Names that select a rule with others, and what each is."""
    yield rule.area, "an area"
    yield from ((tag, "a tag") for tag in rule.block.tags)
    yield from ((framework, "a framework") for framework in rule.block.frameworks)


def _is_about(rule: Rule, selector: str) -> bool:
    """Whether it names an item of a framework that the selector means."""
    if selector.partition(":")[0] not in rule.block.frameworks:
        return False
    from auditor.frameworks import names  # most runs select by nothing of it

    return names(rule.block.frameworks, selector)


def _each_name_once(rules: list[Rule]) -> None:
    """An id, an alias or an identity belongs to one page, and an alias selects nothing else. Raises RuleError at the later page."""
    groups = {name: kind for rule in rules for name, kind in _groups(rule)}
    owners: dict[str, Rule] = {}
    known_by: dict[str, Rule] = {}
    for rule in rules:
        for name in (rule.id, *rule.aliases):
            what = "the rule" if name == rule.id else "the alias"
            if name in owners:
                raise RuleError(f"{what} {name!r} is also in {owners[name].path}", page=rule.path, line=1)
            owners[name] = rule
        for alias in rule.aliases:
            if alias in groups:
                raise RuleError(f"the alias {alias!r} is {groups[alias]}", page=rule.path, line=1)
        if (other := known_by.setdefault(rule.identity, rule)) is not rule:
            raise RuleError(f"the identity {rule.identity!r} is also in {other.path}", page=rule.path, line=1)


def check_giving_way(rules: Iterable[Rule], others: Iterable[Rule] = ()) -> None:
    """Whoever gives way names other rules, of these or `others`, and none that gives way to it in turn. Raises RuleError at the page."""
    listed = list(rules)
    owners = {name: rule for rule in (*others, *listed) for name in (rule.id, *rule.aliases)}

    def fail(rule: Rule, name: str, message: str) -> RuleError:
        return rule.placed(RuleError(message, name, 0, len(name)), "gives-way-to")

    def reached(rule: Rule, before: tuple[str, ...]) -> Iterator[str]:
        for name in rule.gives_way_to:
            other = owners.get(name)
            if other is not None and other.id not in before:
                yield other.id
                yield from reached(other, (*before, other.id))

    for rule in listed:
        for name in rule.gives_way_to:
            other = owners.get(name)
            if other is None:
                close = near(name, owners)
                raise fail(rule, name, f"no rule is called {name!r}" + (f"; did you mean {close!r}?" if close else ""))
            if other.id == rule.id or rule.id in reached(other, (other.id,)):
                raise fail(
                    rule, name, f"{name} gives way to {rule.id} in turn" if other.id != rule.id else "a rule cannot give way to itself"
                )
            if other.root != rule.root:
                raise fail(rule, name, f"{name} is about another kind of object: {other.root}, not {rule.root}")


class Rulebook:
    """All rules of a run, by id."""

    def __init__(self, rules: Iterable[Rule], *, are_checked: bool = False) -> None:
        """`are_checked`: they are of a book, so that no name is there twice. Raises RuleError for one that is."""
        listed = list(rules)
        self.rules: dict[str, Rule] = {rule.id: rule for rule in sorted(listed, key=lambda r: r.id)}
        self._aliases: dict[str, str] = {alias: rule.id for rule in listed for alias in rule.aliases}
        if not are_checked:
            _each_name_once(listed)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules.values())

    def __len__(self) -> int:
        return len(self.rules)

    def get(self, id_: str) -> Rule:
        rule = self.rules.get(self._aliases.get(id_, id_))
        if rule is None:
            close = near(id_, [*self.rules, *self._aliases])
            raise UsageError(f"no rule is called {id_!r}; {f'did you mean {close}?' if close else f'`regaudit rules` lists them{_OWN}'}")
        return rule

    def names(self) -> set[str]:
        """Whatever a selector can be."""
        return {"ALL", *self.rules, *self._aliases, *(name for rule in self for name, _ in _groups(rule))}

    def matching(self, selectors: Iterable[str]) -> set[str]:
        """Ids of the rules that a list of names, areas, tags, items of frameworks, globs or ALL selects.

        Raises UsageError for one that selects nothing.
        """
        found: set[str] = set()
        for selector in selectors:
            if "*" in selector:
                pattern = re.compile(".*".join(re.escape(part) for part in selector.split("*")))
                hits = {r.id for r in self if pattern.fullmatch(r.id)}
            else:
                wanted = self._aliases.get(selector, selector)
                hits = {r.id for r in self if wanted in ("ALL", r.id, r.area) or wanted in r.block.tags or _is_about(r, wanted)}
            if not hits and any((framework := selector.partition(":")[0]) in rule.block.frameworks for rule in self):
                raise UsageError(f"no rule is about {selector!r}; `regaudit rules --framework {framework}` shows which items have rules")
            if not hits:
                close = near(selector, self.names())
                hint = f"did you mean {close!r}?" if close else f"`regaudit rules` lists names, areas and tags{_OWN}"
                raise UsageError(f"no rule, area or tag is called {selector!r}; {hint}")
            found |= hits
        return found

    def with_parameters(self, settings: dict[tuple[str, str], Any], *, texts: bool = False) -> Rulebook:
        """The same rules with parameters set: (rule, parameter) -> value. Raises UsageError.

        `texts`: values may be texts of a command line, in TOML or plain.
        """
        if not settings:
            return self
        changed = dict(self.rules)
        for (id_, name), value in settings.items():
            rule = changed[self.get(id_).id]
            changed[rule.id] = with_parameter(rule, name, value, texts=texts)
        return Rulebook(changed.values(), are_checked=True)


def with_parameter(rule: Rule, name: str, value: Any, *, texts: bool = False) -> Rule:
    """The rule with another value of a parameter, which must be of the default's kind. Raises UsageError."""
    if name not in rule.params:
        there = ", ".join(rule.params) or "none"
        raise UsageError(f"rule {rule.id} has no parameter {name!r}; it has: {there}")
    default = rule.params[name]
    new = midnight(value)
    if texts and isinstance(value, str):
        new = _from_text(value, default)
    if new is None or not kind_of(new) or kind_of(new) != kind_of(default):
        raise UsageError(f"{rule.id}.{name}: {value!r} is not {_needed(default)}; the default is {default!r}")
    return rule.having(params={**rule.params, name: new})


def _from_text(text: str, default: Any) -> Any:
    """What was meant by a text of the command line: TOML, as in a profile, or a plain value; None where it is neither."""
    import tomllib

    kind = type(default)
    try:
        table = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        table = {}
    if table.keys() == {"value"} and type(value := midnight(table["value"])) is kind:
        return value
    if kind is str:
        return text
    if kind is bool:
        return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(text.lower())
    try:
        if kind is list:
            items = [item.strip() for item in text.split(",")]
            return None if text.lstrip().startswith("[") or "" in items else [type(default[0])(item) for item in items]
        return int(text) if kind is int else datetime.fromisoformat(text)
    except ValueError:
        return None


def _needed(default: Any) -> str:
    """The kind of a parameter, in words."""
    if isinstance(default, list):
        return f"a list of {'numbers' if isinstance(default[0], int) else 'texts'}"
    return {bool: "yes or no", int: "a number up to a million", str: "a text", datetime: "a date with offset"}[type(default)]


def shipped_folder() -> Path:
    """The rules that come with regaudit: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "rules"
    return inside if inside.is_dir() else package.parent / "rules"


def pages(folder: Path) -> list[Path]:
    """Pages of a folder and its areas, in the order of their ids. Files without a rule block (README.md) are not pages."""
    found = [*folder.glob("*.md"), *folder.glob("*/*.md")]
    return sorted((path for path in found if path.stem.lower() not in NOT_PAGES), key=lambda path: path.stem)


def load_folder(folder: Path) -> list[Rule]:
    """Every page below a folder. Raises RuleError for the first that does not load."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder of rule pages")
    return [load(path) for path in pages(folder)]


def shipped(extend: Iterable[Path] = ()) -> Rulebook:
    """The rules that come with regaudit, and those of further folders."""
    ours = list(_shipped(shipped_folder()))
    others: list[Rule] = []
    for folder in extend:
        more = load_folder(folder)
        if not more:
            raise UsageError(f"{folder} holds no rule pages (*.md with a ```toml rule block)")
        others += more
    book = Rulebook([*ours, *others], are_checked=not others and prepared("rules") is not None)
    check_giving_way(others, ours)
    return book


@cache
def _shipped(folder: Path) -> tuple[Rule, ...]:
    """Read once in a process; those of a wheel are prepared."""
    made = prepared("rules")
    return tuple(load_folder(folder) if made is None else made.rules(str(folder)))


def shipped_rule(id_: str) -> Rule | None:
    """The rule that comes with regaudit, as it is shipped."""
    return _by_id().get(id_)


@cache
def _by_id() -> dict[str, Rule]:
    return {rule.id: rule for rule in _shipped(shipped_folder())}
