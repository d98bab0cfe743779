"""A checked expression, in the forms in which it is needed."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from auditor.facts import Fact
from auditor.facts.lists import LONG
from auditor.language.exact import conjunction, constant, disjunction, local, negation
from auditor.language.logic import Exact
from auditor.language.types import BOOL, SEVERITY, Type
from auditor.severity import Severity
from auditor.unknown import Unknown


@dataclass(slots=True)
class PartlyKnown:
    """What is certain of an expression of which a part cannot be known in the whole run.

    Plain Python once more, but in two parts: `true` holds where the expression is certainly true, `false` where it is certainly
    false; None: never. Of a number `low` and `high` are its bounds (high None: none). Of a list `known` are its known elements.
    `exact`: where neither holds, the verdict is "not evaluated". Otherwise the three-valued form decides.
    """

    unknown: Unknown
    true: ast.expr | None = None
    false: ast.expr | None = None
    low: ast.expr | None = None
    high: ast.expr | None = None
    known: ast.expr | None = None
    exact: bool = True


@dataclass(slots=True)
class Node:
    """`code` is the fast form: plain Python, in which touching an unknown raises Unread. `exact` is the same in three-valued logic."""

    type: Type
    code: ast.expr
    exact: Exact
    path: str = ""  # dotted path, for null checks and for the place of a finding
    true: frozenset[str] = field(default_factory=frozenset)  # paths that are not null when this is true
    false: frozenset[str] = field(default_factory=frozenset)  # paths that are not null when this is false
    const: bool = False  # made of constants and parameters only
    value: Any = None  # of a literal
    blind: PartlyKnown | None = None
    parts: tuple[Node, ...] = ()  # of a conjunction


class Constant(NamedTuple):
    """A part of a rule that is the same for all subjects. `code` speaks of the run's clock, parameters and earlier constants; None: there
    is only the three-valued form, of a function.
    """

    exact: Exact
    code: ast.expr | None


@dataclass(frozen=True, slots=True)
class Read:
    """A fact that an expression reads: `path` is what it is read from ("secret")."""

    path: str
    cls: type[Fact]
    name: str

    @property
    def key(self) -> str:
        return f"{self.cls.__name__}.{self.name}"


def severity_node(severity: Severity) -> Node:
    return Node(SEVERITY, name(f"_{severity}"), constant(severity))


def name(identifier: str) -> ast.expr:
    return ast.Name(identifier, ast.Load())


def literal(value: Any) -> ast.expr:
    return ast.Constant(value)


def call(function: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(name(function), list(arguments), [])


def attribute(base: ast.expr, member: str) -> ast.expr:
    return ast.Attribute(base, member, ast.Load())


def negated(code: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), code)


def compared(left: ast.expr, symbol: ast.cmpop, right: ast.expr) -> ast.expr:
    return ast.Compare(left, [symbol], [right])


def every(parts: list[ast.expr | None]) -> ast.expr | None:
    """All of them; None when one never holds."""
    sure = [part for part in parts if part is not None]
    if len(sure) < len(parts):
        return None
    return sure[0] if len(sure) == 1 else ast.BoolOp(ast.And(), sure)


def some(parts: list[ast.expr | None]) -> ast.expr | None:
    """One of them; None when none ever holds."""
    possible = [part for part in parts if part is not None]
    if not possible:
        return None
    return possible[0] if len(possible) == 1 else ast.BoolOp(ast.Or(), possible)


def surely(node: Node, verdict: bool) -> ast.expr | None:
    """Code that holds where the condition certainly is this; None when it never is."""
    if node.blind is not None:
        return node.blind.true if verdict else node.blind.false
    return node.code if verdict else negated(node.code)


def joined(parts: list[Node], *, conjunctive: bool) -> Node:
    """The parts joined by `and`, or by `or`."""
    if len(parts) == 1:
        return parts[0]
    true, false = [part.true for part in parts], [part.false for part in parts]
    nothing: frozenset[str] = frozenset()
    blind = None
    if first := next((part.blind for part in parts if part.blind), None):
        blind = PartlyKnown(
            first.unknown,
            true=(every if conjunctive else some)([surely(part, True) for part in parts]),
            false=(some if conjunctive else every)([surely(part, False) for part in parts]),
            exact=all(part.blind is None or part.blind.exact for part in parts),
        )
    return Node(
        BOOL,
        ast.BoolOp(ast.And() if conjunctive else ast.Or(), [part.code for part in parts]),
        (conjunction if conjunctive else disjunction)([part.exact for part in parts]),
        true=nothing.union(*true) if conjunctive else true[0].intersection(*true[1:]),
        false=false[0].intersection(*false[1:]) if conjunctive else nothing.union(*false),
        const=all(part.const for part in parts),
        blind=blind,
        parts=tuple(parts) if conjunctive else (),
    )


def inverse(part: Node) -> Node:
    """`not part`."""
    blind = part.blind and replace(part.blind, true=part.blind.false, false=part.blind.true)
    return Node(
        BOOL, negated(part.code), negation(part.exact),
        true=part.false, false=part.true, const=part.const, blind=blind,
    )  # fmt: skip


def loop_code(
    kind: str, variable: str, over: ast.expr, conditions: list[ast.expr], body: ast.expr, looked_up: ast.expr | None = None
) -> ast.expr:
    """any, all or count as plain Python; most lists are empty, and a generator is dear. `looked_up`: the same of a long list."""
    values = f"_of_{variable}"  # the list, which is read once

    def comprehension(tests: list[ast.expr]) -> ast.comprehension:
        return ast.comprehension(ast.Name(variable, ast.Store()), name(values), tests, 0)

    if kind == "count":
        code = call("_len", ast.ListComp(literal(0), [comprehension([*conditions, body])]))
    else:
        code = call(f"_{kind}", ast.GeneratorExp(body, [comprehension(conditions)]))
    if looked_up is not None:
        is_short_list = ast.BoolOp(
            ast.And(),
            [
                compared(attribute(name(values), "__class__"), ast.Is(), name("_list")),
                compared(call("_len", name(values)), ast.LtE(), literal(LONG)),
            ],
        )
        long = ast.BoolOp(ast.And(), [negated(is_short_list), call("_is_long", name(values))])
        code = ast.IfExp(long, looked_up, code)
    return ast.IfExp(ast.NamedExpr(ast.Name(values, ast.Store()), over), code, literal(0 if kind == "count" else kind == "all"))


def variable(identifier: str, cls: type[Fact] | None = None, kind: Type | None = None, blind: PartlyKnown | None = None) -> Node:
    """A name in scope."""
    return Node(kind or Type("fact", cls=cls), name(identifier), local(identifier), path=identifier if cls else "", blind=blind)


def mentions(node: Node, names: Collection[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node.code))


_LOCATED = (ast.expr, ast.stmt, ast.ExceptHandler, ast.arg)


def located(tree: ast.AST) -> Any:
    """The tree, each node with a place, as `compile` wants it. `ast.fix_missing_locations` takes five times as long."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, _LOCATED):
            if "lineno" in node.__dict__:
                continue  # a node that stands in several places
            node.lineno = node.end_lineno = 1
            node.col_offset = node.end_col_offset = 0
        for field_name in node._fields:
            value = getattr(node, field_name, None)
            if value.__class__ is list:
                stack += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                stack.append(value)
    return tree
