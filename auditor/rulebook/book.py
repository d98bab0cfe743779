"""A page -> Rule, a folder -> Rulebook, selectors.

Loading a page reads its block; checking and compiling its expressions wait until the rule is used.
"""

from __future__ import annotations

import ast
import difflib
import itertools
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timezone
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import Any

from auditor.engine.finding import SEVERITIES
from auditor.entra.collections import SHIPPED
from auditor.errors import RuleError, UsageError
from auditor.facts import ROOTS, Tenant
from auditor.language import (
    BOOL,
    BUILTINS,
    DATE,
    FUNCTIONS,
    INT,
    MESSAGE_BUILTINS,
    SEVERITY,
    TEXT,
    Checker,
    Env,
    Found,
    Judgement,
    Message,
    Node,
    Program,
    Type,
    joined,
    located,
    mentions,
    variable,
)  # fmt: skip
from auditor.unknown import Partial, Unavailable, Unknown, Unread

_FENCE = re.compile(r"^```(\w+)[ \t]+([^\n`]*)\n(.*?)^```[ \t]*$", re.M | re.S)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEYS = ("severity", "each", "given", "require", "at", "message", "aadsts", "references", "params", "aliases", "tags")
_MAX_PARAMETER = 10**6
KINDS = ("fail", "pass", "not-applicable", "not-evaluated")


@dataclass(frozen=True, slots=True)
class Example:
    """A document on a page and what the rule must say of it."""

    kind: str
    text: str
    line: int
    as_of: str


@dataclass(frozen=True)
class Rule:
    """One page: the rule, its documentation and its tests."""

    id: str
    area: str
    title: str
    page: str = field(repr=False)
    path: str
    line: int  # of the block's first line
    block: dict[str, Any] = field(repr=False)
    params: dict[str, Any]

    # -- what the page says

    @property
    def aadsts(self) -> list[int]:
        return list(self.block.get("aadsts", []))

    @property
    def references(self) -> list[str]:
        return list(self.block.get("references", []))

    @property
    def tags(self) -> list[str]:
        return list(self.block.get("tags", []))

    @property
    def aliases(self) -> list[str]:
        return list(self.block.get("aliases", []))

    @cached_property
    def require(self) -> str:
        return " ".join(self.block["require"].split())

    @cached_property
    def _each(self) -> tuple[str, str]:
        path, _, name = self.block.get("each", "app").partition(" as ")
        path = path.strip()
        return path, name.strip() or path

    @property
    def each(self) -> str:
        """The path that the rule's subjects come from; the root itself when it is the subject."""
        return self._each[0]

    @property
    def root(self) -> str:
        """The root that the rule starts from: app, principal or tenant."""
        return self._each[0].partition(".")[0]

    @cached_property
    def why(self) -> str:
        """The prose between the block and the first heading."""
        rest = self.page[self.page.index("```", self.page.index("```toml rule") + 3) + 3 :]
        return re.split(r"^## ", rest, maxsplit=1, flags=re.M)[0].strip()

    @cached_property
    def fix(self) -> str:
        """The section "Fix"."""
        found = re.search(r"^## Fix[ \t]*\n(.*?)(?=^## |^```json |\Z)", self.page, re.M | re.S)
        return found[1].strip() if found else ""

    def examples(self) -> Iterator[Example]:
        for found in _FENCE.finditer(self.page):
            words = found[2].split()
            if found[1] == "json" and words:
                as_of = next((word.removeprefix("as-of=") for word in words[1:] if word.startswith("as-of=")), "2026-01-01")
                yield Example(words[0], found[3], self.page.count("\n", 0, found.start()) + 2, as_of)

    # -- its expressions

    def check(self, unavailable: Unavailable | None = None) -> Checked:
        """Type-check the expressions, once for all runs that know the same. Raises RuleError with the page's line."""
        unavailable = unavailable or Unavailable()
        if unavailable.key not in self._checked:
            try:
                self._checked[unavailable.key] = Checked(self, unavailable)
            except RuleError as error:
                raise self.place(error) from None
        return self._checked[unavailable.key]

    @cached_property
    def _checked(self) -> dict[Any, Checked]:
        return {}

    def place(self, error: RuleError) -> RuleError:
        """The error with the page and the line on which its text stands."""
        line = self.line
        needle = error.text.split("\n")[0].strip()[:40]
        if needle:
            lines = self.page.split("\n")
            stop = next((i for i in range(self.line, len(lines)) if lines[i].startswith("```")), len(lines))
            at = next((i + 1 for i in range(self.line - 1, stop) if needle in lines[i]), None)
            if at is None:
                words = needle.split()
                at = next((i + 1 for i in range(self.line - 1, stop) if words and words[0] in lines[i]), None)
            line = at or line
        return RuleError(error.message, error.text, error.col, error.end, page=self.path, line=line)


class Checked:
    """The checked expressions of a rule, given what the run cannot know."""

    def __init__(self, rule: Rule, unavailable: Unavailable) -> None:
        self.rule = rule
        path, self.subject = rule._each
        self.checker = checker = Checker(self._scope(rule, path, self.subject), unavailable)
        self.each: Node | None = None
        self.guards: list[Node] = []  # facts on the path of `each` that may be null
        walked: frozenset[str] = frozenset()
        if path != rule.root:
            self.each, walked = self._walk(checker, path)
            item = self.each.type.item
            assert item is not None
            checker.scope[self.subject] = replace(variable(self.subject, item.cls, item), path=self.subject)
        checker.nonnull = walked
        self.judgement, decisive = self._judge(checker)
        self.reads = list(checker.reads)  # facts that decide; those of the message do not
        self.unseen: Judgement | None = None
        if self.each is not None and self.each.blind:
            self.unseen = self._unseen(rule, unavailable, self.each, walked)
        checker.nonnull |= self.judgement.require.false
        self.place = self._place(checker, decisive)
        self.severity = self._severity(checker, rule.block["severity"])
        self.message = Message(checker, rule.block["message"])
        if unused := set(rule.params) - checker.used:
            self.fix  # noqa: B018  (it may use them)
        if unused := set(rule.params) - checker.used:
            raise RuleError(f"parameter {min(unused)!r} is not used", min(unused))

    @staticmethod
    def _scope(rule: Rule, path: str, subject: str) -> dict[str, Node]:
        if rule.root not in ROOTS:
            raise RuleError(f"each starts at {', '.join(ROOTS)}", rule.block["each"], 0, len(rule.root))
        if (path == rule.root) != (subject == rule.root):
            raise RuleError("write each = 'app.secrets as secret'", rule.block["each"])
        scope = {rule.root: variable(rule.root, ROOTS[rule.root]), "tenant": variable("tenant", Tenant)}
        scope["now"] = replace(variable("now", kind=DATE), const=True)
        taken = {*scope, *FUNCTIONS, *ROOTS, *SEVERITIES}
        if not _NAME.fullmatch(subject) or (subject in taken and subject != rule.root):
            raise RuleError(f"{subject!r} cannot be a name here", rule.block.get("each", subject))
        for name, value in rule.params.items():
            if not _NAME.fullmatch(name) or name in taken or name == subject:
                raise RuleError(f"parameter {name!r}: choose another name", name)
            scope[name] = replace(variable(name, kind=parameter_type(name, value)), const=True)
        return scope

    def _walk(self, checker: Checker, path: str) -> tuple[Node, frozenset[str]]:
        """The list that `each` names. A null on the way means that there is nothing to judge."""
        tree: ast.expr = checker.parse(path)
        steps: list[ast.Attribute] = []
        while isinstance(tree, ast.Attribute):
            steps.append(tree)
            tree = tree.value
        if not isinstance(tree, ast.Name):
            raise RuleError("each is a path such as app.secrets", path, 0, len(path))
        node = checker.visit(tree)
        for step in reversed(steps):
            if node.type.null:
                checker.nonnull |= {node.path}
                self.guards.append(node)
            node = checker.visit(step)
        if node.type.kind != "list":
            raise RuleError(f"each needs a list, {node.path} is {node.type}", path, 0, len(path))
        return node, checker.nonnull

    def _judge(self, checker: Checker) -> tuple[Judgement, slice]:
        """The conditions, and which of the checker's reads belong to `require`."""
        outer = given = None
        if "given" in self.rule.block:
            given = checker.check(self.rule.block["given"])
            checker.nonnull |= given.true
            if self.each is not None:
                outer, given = self._split(given)
        start = len(checker.reads)
        require = checker.check(self.rule.block["require"])
        return Judgement(outer, given, require), slice(start, len(checker.reads))

    def _split(self, given: Node) -> tuple[Node | None, Node | None]:
        """`given` in two: leading parts that do not speak of the subject are judged once, before the loop over subjects."""
        parts = list(given.parts or (given,))
        lead = list(itertools.takewhile(lambda part: not part.blind and not mentions(part, {self.subject}), parts))
        rest = parts[len(lead) :]
        return joined(lead, conjunctive=True) if lead else None, joined(rest, conjunctive=True) if rest else None

    def _unseen(self, rule: Rule, unavailable: Unavailable, each: Node, walked: frozenset[str]) -> Judgement:
        """The conditions once more, for a subject of which nothing is known."""
        assert each.blind is not None
        assert each.type.item is not None
        checker = Checker(self.checker.scope, unavailable)
        item = each.type.item
        blind = type(each.blind)(each.blind.unknown)
        checker.scope[self.subject] = replace(variable(self.subject, item.cls, item, blind), path=self.subject)
        checker.nonnull = walked
        given = None
        if "given" in rule.block:
            given = checker.check(rule.block["given"])
            checker.nonnull |= given.true
        judgement = Judgement(None, given, checker.check(rule.block["require"]))
        self.checker.constants |= checker.constants
        return judgement

    def _place(self, checker: Checker, decisive: slice) -> str:
        """The property of the subject's document that a finding points at: `at`, else the first that `require` reads."""
        if (at := self.rule.block.get("at")) is not None:
            checker.check(at, None)
            read = checker.reads[-1] if "." in at else None
            if read is None or read.path != self.subject:
                raise RuleError(f"at names a fact of the subject, such as {self.subject}.id", at, 0, len(at))
            return read.cls.FACTS[read.name].graph
        for read in checker.reads[decisive]:
            graph = read.cls.FACTS[read.name].graph
            if read.path == self.subject and graph:
                return graph
        return ""

    @cached_property
    def fix(self) -> Message:
        """The page's fix. Raises RuleError."""
        try:
            return Message(self.checker, self.rule.fix, commands=True)
        except RuleError as error:
            raise self.rule.place(error) from None

    # -- compiled, each when it is first needed

    @cached_property
    def _program(self) -> Program:
        return Program(self.rule.root, self.subject, self.each, self.guards, self.judgement, self.unseen)

    @cached_property
    def unknown(self) -> Unknown | None:
        """What the run cannot know and the rule needs."""
        nodes = (self.judgement.require, self.judgement.given, self.each)
        return next((node.blind.unknown for node in nodes if node is not None and node.blind), None)

    @cached_property
    def code(self) -> CodeType:
        return self._program.compile(f"<rule {self.rule.id}>")

    @cached_property
    def selection_code(self) -> CodeType:
        return self._program.compile_selection(f"<each {self.rule.id}>")

    @cached_property
    def severity_code(self) -> CodeType:
        return self._function(self.severity.code)

    @cached_property
    def message_code(self) -> CodeType:
        return self._function(self.message.code())

    @cached_property
    def fix_code(self) -> CodeType:
        return self._function(self.fix.code())

    def _function(self, code: ast.expr) -> CodeType:
        """What a row says, as a function of root and subject; an unknown on the way raises Unread."""
        names = [self.rule.root, "_" if self.subject == self.rule.root else self.subject]
        arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
        return compile(located(ast.Expression(ast.Lambda(arguments, code))), f"<message {self.rule.id}>", "eval")

    @property
    def property_fact(self) -> str:
        """Name of the fact that `place` stands for, whose value a finding shows as `actual`; '' for the subject itself."""
        cls = ROOTS[self.rule.root] if self.each is None else self.each.type.item.cls if self.each.type.item else None
        names = [n for n, member in cls.FACTS.items() if member.graph == self.place] if cls is not None and self.place else []
        read = {r.name for r in self.reads if r.path == self.subject}
        return next((n for n in names if n in read), names[0] if names else "")

    def _severity(self, checker: Checker, source: str) -> Node:
        known = dict(checker.scope)
        for level in SEVERITIES:
            checker.scope[level] = Node(SEVERITY, ast.Constant(level), (lambda value: lambda env: value)(level))
        node = checker.check(source, SEVERITY)
        self.levels = [level for level in SEVERITIES if level in checker.used]  # the worst comes last
        checker.scope = known
        return node

    def collections(self) -> set[str]:
        """The tenant's collections that decide; "applications*" where the whole tenant's are needed."""
        return {need for read in self.reads for need in fact_needs(read.cls, read.name)}

    def bind(self, now: datetime, tenant: Any, params: dict[str, Any] | None = None) -> Check:
        return Check(self, now, tenant, {**self.rule.params, **(params or {})})


def collections(rules: Iterable[Rule]) -> set[str]:
    """The tenant's collections that decide what these rules say."""
    return {need.rstrip("*") for rule in rules for need in rule.check().collections()} - {SHIPPED.name}


def fact_needs(cls: type, name: str) -> tuple[str, ...]:
    """Collections that a fact is made from; its own document's where it needs no other."""
    return tuple(map(str, cls.FACTS[name].needs)) or tuple(of.name for of in cls.COLLECTIONS)  # type: ignore[attr-defined]


class Check:
    """A rule bound to a run: its parameters, clock and tenant."""

    def __init__(self, checked: Checked, now: datetime, tenant: Any, params: dict[str, Any]) -> None:
        self.rule, self.checked = checked.rule, checked
        self.env: Env = {"now": now, "tenant": tenant, **{k: tuple(v) if isinstance(v, list) else v for k, v in params.items()}}
        self.unknown = checked.unknown
        self._space = {
            **BUILTINS, **MESSAGE_BUILTINS, **self.env, "_unknown": self.unknown,
            **{key: exact(self.env) for key, exact in checked.checker.constants.items()},
        }  # fmt: skip
        self.names_others = checked.message.named()

    # Most rules of a small run meet few roots, and find nothing there: compiled is only what is called for.

    @cached_property
    def run(self) -> Callable[[list[Any], Found], None]:
        """Judges all of some roots in one pass, as far as they can be judged without three values."""
        exec(self.checked.code, self._space)  # noqa: S102  (our own AST, see auditor.language)
        return self._space["check"]  # type: ignore[no-any-return]

    @property
    def compiled(self) -> bool:
        return "code" in self.checked.__dict__

    @cached_property
    def with_subjects(self) -> Callable[[list[Any]], list[Any]]:
        """Those of some roots that have a subject, or may have one."""
        exec(self.checked.selection_code, self._space)  # noqa: S102
        return self._space["with_subjects"]  # type: ignore[no-any-return]

    @cached_property
    def _severity(self) -> Callable[[Any, Any], str]:
        return eval(self.checked.severity_code, self._space)  # type: ignore[no-any-return]  # noqa: S307

    @cached_property
    def _message(self) -> Callable[[Any, Any], str]:
        return eval(self.checked.message_code, self._space)  # type: ignore[no-any-return]  # noqa: S307

    @cached_property
    def _fix(self) -> Callable[[Any, Any], str]:
        code = self.checked.fix_code
        self._space |= {key: exact(self.env) for key, exact in self.checked.checker.constants.items() if key not in self._space}
        return eval(code, self._space)  # type: ignore[no-any-return]  # noqa: S307

    def _env(self, root: Any, subject: Any) -> Env:
        return {**self.env, self.rule.root: root, self.checked.subject: subject}

    def subjects(self, root: Any, gap: Unknown) -> list[tuple[Any, Unknown]]:
        """The subjects of a root that are known, and None for those that are not."""
        each = self.checked.each
        if each is None:
            return [(root, gap)]
        env = self._env(root, root)
        if any(guard.exact(env) is None for guard in self.checked.guards):
            return []
        values = each.exact(env)
        if isinstance(values, Unknown):
            return [(None, values)]
        known = [(value, gap) for value in (values.known() if isinstance(values, Partial) else values)]
        return [*known, (None, values.unknown)] if isinstance(values, Partial) else known

    def exactly(self, root: Any, subject: Any, unknown: Unknown) -> Any:
        """True, False, None (not applicable) or an Unknown. A subject of None stands for what is not known of a list: it cannot fail."""
        unseen = subject is None
        env = self._env(root, unknown if unseen else subject)
        judgement = self.checked.judgement
        parts = [node for node in (judgement.outer, judgement.given) if node is not None]
        given = joined(parts, conjunctive=True).exact(env) if parts else True
        if given is False:
            return None
        require = judgement.require.exact(env)
        verdict = require if given is True or require is True else given
        return unknown if unseen and verdict is False else verdict

    def severity(self, root: Any, subject: Any) -> str:
        """The worst that the expression names, where an unknown decides."""
        try:
            return self._severity(root, subject)
        except Unread:
            value = self.checked.severity.exact(self._env(root, subject))
            return self.checked.levels[-1] if isinstance(value, Unknown) else value

    def message(self, root: Any, subject: Any) -> str:
        try:
            return self._message(root, subject)
        except Unread:
            return self.checked.message.render(self._env(root, subject))

    def fix(self, root: Any, subject: Any) -> str:
        try:
            return self._fix(root, subject)
        except Unread:
            return self.checked.fix.render(self._env(root, subject))

    def named(self, root: Any, subject: Any) -> list[Any]:
        """Facts that the message names besides the subject."""
        env = self._env(root, subject)
        return [
            value for value in (function(env) for function in self.names_others) if value is not None and not isinstance(value, Unknown)
        ]


def parameter_type(name: str, value: Any) -> Type:
    kinds: dict[type, Type] = {bool: BOOL, int: INT, str: TEXT}
    if isinstance(value, list) and value and {type(item) for item in value} in ({str}, {int}):
        return Type("list", item=kinds[type(value[0])])
    if isinstance(value, datetime) and value.tzinfo is not None:
        return DATE
    if type(value) in kinds and not (type(value) is int and abs(value) > _MAX_PARAMETER):
        return kinds[type(value)]
    raise RuleError(f"parameter {name}: yes/no, a number up to a million, a text, a list of texts or numbers, or a date with offset", name)


def load(path: Path, area: str = "") -> Rule:
    """Read one page. Raises RuleError."""
    try:
        page = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"cannot read the page: {error}", page=str(path), line=1) from None
    return parse(page, str(path), path.stem, area or path.parent.name)


def parse(page: str, path: str, id_: str, area: str) -> Rule:
    page = page.replace("\r\n", "\n")

    def fail(message: str, line: int = 1) -> RuleError:
        return RuleError(message, page=path, line=line)

    found = re.search(r"^```toml rule[ \t]*\n(.*?)^```[ \t]*$", page, re.M | re.S)
    if found is None:
        raise fail("the page has no ```toml rule block")
    line = page.count("\n", 0, found.start(1)) + 1
    try:
        block = tomllib.loads(found[1])
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        raise fail(f"the block is not TOML: {error}", line + int(at[1]) - 1 if at else line) from None
    except RecursionError:
        raise fail("the block is nested too deeply", line) from None
    title = re.match(r"\s*# (.+)", page)
    if title is None:
        raise fail("the page begins with its title: # Client secret has expired")
    if not _ID.fullmatch(id_):
        raise fail(f"{id_!r} is not a rule id: kebab-case, named for the fault")
    for key in block:
        if key not in _KEYS:
            close = difflib.get_close_matches(key, _KEYS, n=1)
            raise fail(f"unknown key {key!r}" + (f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(_KEYS)}"), line)
    for key in ("severity", "require", "message"):
        if not isinstance(block.get(key), str):
            raise fail(f"{key!r} is missing" if key not in block else f"{key!r} is a text", line)
    for key in ("each", "given", "at"):
        if key in block and not isinstance(block[key], str):
            raise fail(f"{key!r} is a text", line)
    for key, kind in (("aadsts", int), ("references", str), ("aliases", str), ("tags", str)):
        values = block.get(key, [])
        if not isinstance(values, list) or any(type(value) is not kind for value in values):
            raise fail(f"{key!r} is a list of {'numbers' if kind is int else 'texts'}", line)
    if not isinstance(block.get("params", {}), dict):
        raise fail("'params' is a table", line)
    params = {name: _midnight(value) for name, value in block.get("params", {}).items()}
    return Rule(id_, area, title[1].strip(), page, path, line, block, params)


def _midnight(value: Any) -> Any:
    """A day, as TOML writes it, begins at midnight UTC."""
    return datetime.combine(value, time(), timezone.utc) if type(value) is date else value


class Rulebook:
    """All rules of a run, by id."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules: dict[str, Rule] = {}
        self._aliases: dict[str, str] = {}
        for rule in sorted(rules, key=lambda r: r.id):
            if rule.id in self.rules:
                raise RuleError(f"the rule {rule.id!r} is also in {self.rules[rule.id].path}", page=rule.path, line=1)
            self.rules[rule.id] = rule
            for alias in rule.aliases:
                self._aliases[alias] = rule.id

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules.values())

    def __len__(self) -> int:
        return len(self.rules)

    def get(self, id_: str) -> Rule:
        rule = self.rules.get(self._aliases.get(id_, id_))
        if rule is None:
            close = difflib.get_close_matches(id_, [*self.rules, *self._aliases], n=3, cutoff=0.5)
            raise UsageError(
                f"no rule is called {id_!r}" + (f"; did you mean {' or '.join(close)}?" if close else "; regaudit rules lists them")
            )
        return rule

    def names(self) -> set[str]:
        """Whatever a selector can be."""
        return {"ALL", *self.rules, *self._aliases, *(r.area for r in self), *(tag for r in self for tag in r.tags)}

    def matching(self, selectors: Iterable[str]) -> set[str]:
        """Ids of the rules that a list of names, areas, tags, globs or ALL selects. Raises UsageError for one that selects nothing."""
        found: set[str] = set()
        for selector in selectors:
            if "*" in selector:
                pattern = re.compile(".*".join(re.escape(part) for part in selector.split("*")))
                hits = {r.id for r in self if pattern.fullmatch(r.id)}
            else:
                wanted = self._aliases.get(selector, selector)
                hits = {r.id for r in self if wanted in ("ALL", r.id, r.area) or wanted in r.tags}
            if not hits:
                close = difflib.get_close_matches(selector, sorted(self.names()), n=1, cutoff=0.5)
                hint = f"; did you mean {close[0]!r}?" if close else "; regaudit rules lists names, areas and tags"
                raise UsageError(f"no rule, area or tag is called {selector!r}{hint}")
            found |= hits
        return found

    def with_parameters(self, settings: dict[tuple[str, str], Any]) -> Rulebook:
        """The same rules with parameters set: (rule, parameter) -> value. Raises UsageError."""
        changed = dict(self.rules)
        for (id_, name), value in settings.items():
            rule = self.get(id_)
            if name not in rule.params:
                there = ", ".join(rule.params) or "none"
                raise UsageError(f"rule {rule.id} has no parameter {name!r}; it has: {there}")
            rule = changed[rule.id]
            changed[rule.id] = replace(rule, params={**rule.params, name: _converted(rule, name, value)})
        return Rulebook(changed.values())


def _converted(rule: Rule, name: str, value: Any) -> Any:
    """A parameter's new value, which must be of the default's kind; texts of the command line are converted."""
    default = rule.params[name]
    kind = type(default)
    if isinstance(value, str) and kind is not str:
        converters: dict[type, Callable[[str], Any]] = {
            bool: lambda text: {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}[text.lower()],
            int: int,
            list: lambda text: [type(default[0])(item.strip()) for item in text.split(",")],
            datetime: datetime.fromisoformat,
        }
        try:
            value = converters[kind](value)
        except (KeyError, ValueError):
            raise UsageError(
                f"{rule.id}.{name}: {value!r} is not a {_KIND_NAMES.get(kind, kind.__name__)}; the default is {default!r}"
            ) from None
    if type(value) is not kind:
        raise UsageError(f"{rule.id}.{name}: {value!r} is not a {_KIND_NAMES.get(kind, kind.__name__)}; the default is {default!r}")
    try:
        parameter_type(name, value)
    except RuleError as error:
        raise UsageError(f"{rule.id}.{error.message}") from None
    return value


_KIND_NAMES: dict[type, str] = {bool: "yes or no", int: "number", list: "list", str: "text", datetime: "date with offset"}


def shipped_folder() -> Path:
    """The rules that come with regaudit: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "rules"
    return inside if inside.is_dir() else package.parent / "rules"


def pages(folder: Path) -> list[Path]:
    """Pages of a folder and its areas, in the order of their ids. Files without a rule block (README.md) are not pages."""
    found = [*folder.glob("*.md"), *folder.glob("*/*.md")]
    return sorted((path for path in found if path.stem.lower() not in ("readme", "index")), key=lambda path: path.stem)


def load_folder(folder: Path) -> list[Rule]:
    """Every page below a folder. Raises RuleError for the first that does not load."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder of rule pages")
    return [load(path) for path in pages(folder)]


def shipped(extend: Iterable[Path] = ()) -> Rulebook:
    """The rules that come with regaudit, and those of further folders."""
    rules = load_folder(shipped_folder())
    for folder in extend:
        more = load_folder(folder)
        if not more:
            raise UsageError(f"{folder} holds no rule pages (*.md with a ```toml rule block)")
        rules += more
    return Rulebook(rules)
