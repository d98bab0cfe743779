"""A rule's expressions, type-checked for what a run cannot know, and bound to its clock, tenant and parameters."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from keyword import iskeyword
from types import CodeType
from typing import TYPE_CHECKING, Any

from auditor.errors import RuleError
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
    Choice,
    Env,
    Fix,
    Found,
    Judgement,
    Message,
    Node,
    Program,
    Type,
    joined,
    located,
    mentions,
    severity_node,
    variable,
)  # fmt: skip
from auditor.severity import SEVERITIES, Severity
from auditor.unknown import Partial, Unavailable, Unknown, Unread

if TYPE_CHECKING:
    from auditor.rulebook.page import Rule

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MAX_PARAMETER = 10**6


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
        start = len(checker.reads)
        self.severity = self._severity(checker, rule.block["severity"])
        self._grading = checker.reads[start:]
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
        if not _is_name(subject) or (subject in taken and subject != rule.root):
            raise RuleError(f"{subject!r} cannot be a name here", rule.block.get("each", subject))
        for name, value in rule.params.items():
            if not _is_name(name) or name in taken or name == subject:
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
        checker = Checker(self.checker.scope, unavailable, "_u")
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
    def fix(self) -> Fix:
        """The page's fix. Raises RuleError."""
        try:
            return Fix(self.checker, self.rule.fix)
        except RuleError as error:
            raise self.rule.place_in_fix(error) from None

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
        for severity in Severity:
            checker.scope[severity.value] = severity_node(severity)
        node = checker.check(source, SEVERITY)
        self.levels = [severity for severity in Severity if severity.value in checker.used]  # the worst comes last
        checker.scope = known
        return node

    def collections(self) -> set[str]:
        """The tenant's collections that decide, also how severe it is; "applications*" where the whole tenant's are needed."""
        return {need for read in (*self.reads, *self._grading) for need in fact_needs(read.cls, read.name)}

    def bind(self, now: datetime, tenant: Any, params: dict[str, Any] | None = None) -> Check:
        return Check(self, now, tenant, {**self.rule.params, **(params or {})})


def _is_name(text: str) -> bool:
    """Whether a page can give this name to something. No name of compiled code is one: those begin with an underscore."""
    return _NAME.fullmatch(text) is not None and not iskeyword(text)


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
        return self._space["_check"]  # type: ignore[no-any-return]

    @property
    def compiled(self) -> bool:
        return "code" in self.checked.__dict__

    @cached_property
    def with_subjects(self) -> Callable[[list[Any]], list[Any]]:
        """Those of some roots that have a subject, or may have one."""
        exec(self.checked.selection_code, self._space)  # noqa: S102
        return self._space["_with_subjects"]  # type: ignore[no-any-return]

    @cached_property
    def _severity(self) -> Callable[[Any, Any], Severity]:
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

    def severity(self, root: Any, subject: Any) -> Severity | Choice:
        """What the expression comes to; where an unknown decides, what it may come to."""
        try:
            return self._severity(root, subject)
        except Unread:
            return self.checked.severity.exact(self._env(root, subject))  # type: ignore[no-any-return]

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
