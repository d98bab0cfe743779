"""Rules -> compiled rules: type-checked and turned into plain Python, given what a run cannot know."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, lru_cache
from keyword import iskeyword
from types import CodeType
from typing import Any

from auditor.engine import functions
from auditor.errors import RuleError
from auditor.facts import ROOTS, Credential, Tenant
from auditor.language.calls import FUNCTIONS
from auditor.language.checker import Checker
from auditor.language.exact import ExactChecks, ExactRows
from auditor.language.fix import Fix
from auditor.language.logic import Env, Exact
from auditor.language.message import Message
from auditor.language.nodes import Node, Read, inverse, joined, located, mentions, severity_node, variable
from auditor.language.program import Conditions, Program
from auditor.language.types import BOOL, DATE, INT, SEVERITY, TEXT, Type, type_of
from auditor.rulebook import Rule
from auditor.rulebook.page import FIX, kind_of
from auditor.severity import SEVERITIES, Severity
from auditor.template import Template
from auditor.unknown import Unavailable, Unknown

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KINDS = {
    "bool": BOOL,
    "int": INT,
    "text": TEXT,
    "date": DATE,
    "list of int": Type("list", item=INT),
    "list of text": Type("list", item=TEXT),
}
_MOST = 4096  # rules of a process, each compiled for what some runs know


def compiled(rule: Rule, unavailable: Unavailable | None = None) -> CompiledRule:
    """The rule, compiled once in a process for all runs that know the same of the facts it reads. Raises RuleError with the page's line."""
    known = unavailable or Unavailable()
    variants = _variants(rule, repr(rule.params))
    for one in variants:
        if one.unavailable.of(one.facts) == known.of(one.facts):
            return one
    variants.append(CompiledRule(rule, known))
    return variants[-1]


@lru_cache(maxsize=_MOST)
def _variants(rule: Rule, params: str) -> list[CompiledRule]:
    """The rule as it was compiled so far. Rules of the same content are equal, but so are 1 and True, and one moment in two time zones:
    `params` tells these apart.
    """
    return []


def check(rule: Rule) -> None:
    """Everything that is on the page, also what only findings need. Raises RuleError with the page's line."""
    compiled(rule).fix  # noqa: B018


@contextmanager
def _in(rule: Rule, key: str) -> Iterator[None]:
    """Errors in a text of the page get its line."""
    try:
        yield
    except RuleError as error:
        raise rule.placed(error, key) from None


class CompiledRule:
    """The checked expressions of a rule, given what the run cannot know, and their code."""

    def __init__(self, rule: Rule, unavailable: Unavailable) -> None:
        self.rule, self.unavailable = rule, unavailable
        self._codes: dict[str, CodeType | None] = {}
        path, self.subject = rule.each, rule.subject
        with _in(rule, "each"):
            self.checker = checker = Checker(self._scope(rule, path, self.subject), unavailable)
        self.each: Node | None = None
        self.guards: list[Node] = []  # facts on the path of `each` that may be null
        walked: frozenset[str] = frozenset()
        if path != rule.root:
            with _in(rule, "each"):
                self.each, walked = self._walk(checker, path)
            item = self.each.type.item
            assert item is not None
            checker.scope[self.subject] = replace(variable(self.subject, item.cls, item), path=self.subject)
        checker.nonnull = walked
        self.conditions, decisive = self._conditions(checker)
        self.reads = list(checker.reads)  # facts that decide; those of the message do not
        self.presumed = self._presumed()
        self.unseen: Conditions | None = None
        if self.each is not None and self.each.blind:
            self.unseen = self._unseen(rule, unavailable, self.each, walked)
        checker.nonnull |= self.conditions.require.false
        self.place = self._place(checker, decisive)
        start = len(checker.reads)
        self.severity = self._severity(checker)
        self._grading = checker.reads[start:]
        with _in(rule, "message"):
            self.message = Message(checker, rule.block.message)
        self.facts = tuple(sorted({read.key for read in checker.reads}))  # what a run knows of them decides how the rule is compiled
        if unused := set(rule.params) - checker.used:
            self.fix  # noqa: B018  (it may use them)
        if unused := set(rule.params) - checker.used:
            raise rule.placed(RuleError(f"parameter {min(unused)!r} is not used", min(unused)), f"params.{min(unused)}")

    @staticmethod
    def _scope(rule: Rule, path: str, subject: str) -> dict[str, Node]:
        if rule.root not in ROOTS:
            raise RuleError(f"each starts at {', '.join(ROOTS)}", rule.block.each, 0, len(rule.root))
        if (path == rule.root) != (subject == rule.root):
            raise RuleError("write each = 'app.secrets as secret'", rule.block.each)
        scope = {rule.root: variable(rule.root, ROOTS[rule.root]), "tenant": variable("tenant", Tenant)}
        scope["now"] = replace(variable("now", kind=DATE), const=True)
        taken = {*scope, *FUNCTIONS, *ROOTS, *SEVERITIES}
        if not _is_name(subject) or (subject in taken and subject != rule.root):
            raise RuleError(f"{subject!r} cannot be a name here", rule.block.each)
        for name, value in rule.params.items():
            with _in(rule, f"params.{name}"):
                if not _is_name(name) or name in taken or name == subject:
                    raise RuleError(f"parameter {name!r}: choose another name", name)
                scope[name] = replace(variable(name, kind=_parameter_type(name, value)), const=True)
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

    def _conditions(self, checker: Checker) -> tuple[Conditions, slice]:
        """The conditions, and which of the checker's reads belong to `require`."""
        outer = given = about = unless = None
        if self.rule.block.given is not None:
            with _in(self.rule, "given"):
                given = about = checker.check(self.rule.block.given)
            checker.nonnull |= about.true
        if self.rule.block.unless is not None:
            # What it rules out need not be null where it is not known: `require` may not build on it.
            with _in(self.rule, "unless"):
                unless = checker.check(self.rule.block.unless)
            given = joined([*_parts(about), inverse(unless)], conjunctive=True)
        if given is not None and self.each is not None:
            outer, given = self._split(given)
        start = len(checker.reads)
        with _in(self.rule, "require"):
            require = checker.check(self.rule.block.require)
        return Conditions(outer, given, require, about, unless), slice(start, len(checker.reads))

    def _presumed(self) -> frozenset[str]:
        """The lists that the rule presumes to be empty where a format cannot carry them: paths that its conditions read."""
        with _in(self.rule, "presume"):
            for path in self.rule.block.presume:
                read = next((read for read in self.reads if f"{read.path}.{read.name}" == path), None)
                if read is None:
                    there = sorted({f"{read.path}.{read.name}" for read in self.reads if read.path and _is_list(read)})
                    also = f"; they read the lists {', '.join(there)}" if there else ""
                    raise RuleError(f"presume names a list that given, unless or require reads{also}", path, 0, len(path))
                if not (_is_list(read) or read.name in read.cls.PRESUMED_NULL):
                    raise RuleError(f"only a list can be presumed to be empty, {path} is {_type(read)}", path, 0, len(path))
        return frozenset(self.rule.block.presume)

    @cached_property
    def may_be_likely(self) -> bool:
        """Whether a subject that cannot be decided may fail all the same."""
        return bool(self.presumed) or self.conditions.unless is not None

    def _split(self, given: Node) -> tuple[Node | None, Node | None]:
        """`given` in two: leading parts that do not speak of the subject are judged once, before the loop over subjects."""
        parts = _parts(given)
        lead = list(itertools.takewhile(lambda part: not part.blind and not mentions(part, {self.subject}), parts))
        rest = parts[len(lead) :]
        return joined(lead, conjunctive=True) if lead else None, joined(rest, conjunctive=True) if rest else None

    def _unseen(self, rule: Rule, unavailable: Unavailable, each: Node, walked: frozenset[str]) -> Conditions:
        """The conditions once more, for a subject of which nothing is known."""
        assert each.blind is not None
        assert each.type.item is not None
        checker = Checker(self.checker.scope, unavailable, "_u")
        item = each.type.item
        blind = type(each.blind)(each.blind.unknown)
        checker.scope[self.subject] = replace(variable(self.subject, item.cls, item, blind), path=self.subject)
        checker.nonnull = walked
        given = None
        if rule.block.given is not None:
            given = checker.check(rule.block.given)
            checker.nonnull |= given.true
        if rule.block.unless is not None:
            given = joined([*_parts(given), inverse(checker.check(rule.block.unless))], conjunctive=True)
        conditions = Conditions(None, given, checker.check(rule.block.require))
        self.checker.constants |= checker.constants
        return conditions

    def _place(self, checker: Checker, decisive: slice) -> str:
        """The property of the subject's document that a finding points at: `at`, else the first that `require` reads."""
        if (at := self.rule.block.at) is not None:
            with _in(self.rule, "at"):
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
        with _in(self.rule, FIX):
            return Fix(self.checker, self.rule.fix, self._members(), self.rule.params)

    def _members(self) -> dict[str, str]:
        """Facts that a finding has anyway, in a member of its own."""
        root, item = self.rule.root, self.each.type.item if self.each is not None else None
        found = {f"{root}.app_id": "app_id", f"{root}.id": "object_id"} if root in ("app", "principal") else {}
        if item is not None and item.cls is not None and issubclass(item.cls, Credential):
            found[f"{self.subject}.key_id"] = "credential_key_id"
        return found

    # -- compiled, each when it is first needed

    @cached_property
    def _program(self) -> Program:
        unless = self.conditions.unless
        again = bool(self.presumed) or (unless is not None and unless.blind is not None)  # else the unknown is met on the way
        return Program(self.rule.root, self.subject, self.each, self.guards, self.conditions, self.unseen, again)

    @cached_property
    def unknown(self) -> Unknown | None:
        """What the run cannot know and the rule needs."""
        nodes = (self.conditions.require, self.conditions.given, self.each)
        return next((node.blind.unknown for node in nodes if node is not None and node.blind), None)

    @cached_property
    def template(self) -> Template:
        """The fix, the same for all findings of the rule."""
        return self.fix.template

    def tree(self, function: str) -> ast.FunctionDef | None:
        """A function of the fast pass, by its name (see `engine/functions.py`); None where the rule has no use for it."""
        if function == "_check":
            return self._program.function()
        if function == "_with_subjects":
            return self._program.selection()
        code = {
            "_severity": lambda: self.severity.code,
            "_message": self.message.code,
            "_values": lambda: self.fix.values_code(),
            "_named": self.message.named_code,
        }[function]()
        if code is None:
            return None
        # What a row says, as a function of root and subject; an unknown on the way raises Unread.
        names = [self.rule.root, "_" if self.subject == self.rule.root else self.subject]
        arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
        return ast.FunctionDef(function, arguments, [ast.Return(code)], [])

    @property
    def has_code(self) -> bool:
        """Whether a pass costs no compiling any more."""
        return "_check" in self._codes

    def functions(self, name: str, env: Env) -> dict[str, Callable[..., Any] | None]:
        """A function of the fast pass."""
        if name not in self._codes:
            tree = self.tree(name)
            title = f"<{name.strip('_')} of rule {self.rule.id}>"
            self._codes[name] = None if tree is None else compile(located(ast.Module([tree], [])), title, "exec")
        code = self._codes[name]
        if code is None:
            return {name: None}
        constants = {key: constant.exact(env) for key, constant in self.checker.constants.items()}
        space = {**functions.space(env, self.unknown), **constants}
        exec(code, space)  # noqa: S102  (our own AST, see auditor.language)
        return {name: space[name]}

    # -- in three values

    @cached_property
    def exact_checks(self) -> ExactChecks:
        of = self.conditions
        parts = [node for node in (of.outer, of.given) if node is not None]
        return ExactChecks(
            of.require.exact,
            joined(parts, conjunctive=True).exact if parts else None,
            _exact(of.outer),
            _exact(of.about),
            _exact(of.unless),
            _exact(self.each),
            tuple(guard.exact for guard in self.guards),
            self.presumed,
            {key: constant.exact for key, constant in self.checker.constants.items() if constant.code is None},
        )

    @cached_property
    def exact_rows(self) -> ExactRows:
        return ExactRows(self.severity.exact, self.message.exact(), self.message.named(), self.fix.values())

    @property
    def property_fact(self) -> str:
        """Name of the fact that `place` stands for, whose value a finding shows as `actual`; '' for the subject itself."""
        cls = ROOTS[self.rule.root] if self.each is None else self.each.type.item.cls if self.each.type.item else None
        names = [n for n, member in cls.FACTS.items() if member.graph == self.place] if cls is not None and self.place else []
        read = {r.name for r in self.reads if r.path == self.subject}
        return next((n for n in names if n in read), names[0] if names else "")

    def _severity(self, checker: Checker) -> Node:
        known = dict(checker.scope)
        for severity in Severity:
            checker.scope[severity.value] = severity_node(severity)
        with _in(self.rule, "severity"):
            node = checker.check(self.rule.severity, SEVERITY)
        self.levels = [severity for severity in Severity if severity.value in checker.used]  # the worst comes last
        checker.scope = known
        return node

    def collections(self) -> set[str]:
        """The tenant's collections that decide, also how severe it is; "applications*" where the whole tenant's are needed."""
        return {need for read in (*self.reads, *self._grading) for need in fact_needs(read.cls, read.name)}


def _exact(node: Node | None) -> Exact | None:
    return None if node is None else node.exact


def _parameter_type(name: str, value: Any) -> Type:
    if (kind := kind_of(value)) in _KINDS:
        return _KINDS[kind]
    raise RuleError(f"parameter {name}: yes/no, a number up to a million, a text, a list of texts or numbers, or a date with offset", name)


def _parts(condition: Node | None) -> list[Node]:
    """What a condition joins by `and`."""
    return [] if condition is None else list(condition.parts or (condition,))


def _type(read: Read) -> Type:
    return type_of(read.cls.hints()[read.name])


def _is_list(read: Read) -> bool:
    return _type(read).kind == "list"


def _is_name(text: str) -> bool:
    """Whether a page can give this name to something. No name of compiled code is one: those begin with an underscore."""
    return _NAME.fullmatch(text) is not None and not iskeyword(text)


def fact_needs(cls: type, name: str) -> tuple[str, ...]:
    """Collections that a fact is made from; its own document's where it needs no other."""
    return tuple(map(str, cls.FACTS[name].needs)) or tuple(of.name for of in cls.COLLECTIONS)  # type: ignore[attr-defined]
