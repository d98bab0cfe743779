"""Rule expressions: a closed subset of Python's syntax, checked against the facts' types.

One method a construct, each returning a `Node`. Nothing of the user's text is ever compiled: code is built here, from fresh nodes
of Python's AST.
"""

from __future__ import annotations

import ast
from dataclasses import replace

from auditor.language import exact
from auditor.language.blind import choice_blind, compare_blind, membership_blind, undecided
from auditor.language.calls import FUNCTIONS, TEXT_METHODS, Calls
from auditor.language.nodes import (
    Node,
    PartlyKnown,
    Read,
    attribute,
    call,
    compared,
    inverse,
    joined,
    literal,
    negated,
)  # fmt: skip
from auditor.language.types import BOOL, DURATION, INT, NULL, SEVERITY, TEXT, Type, type_of

MAX_NUMBER = 10**9
_SYMBOLS: dict[type[ast.cmpop], str] = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_NOTHING: frozenset[str] = frozenset()


class Checker(Calls):
    """The operators and values of the language."""

    # -- leaves

    def on_Constant(self, tree: ast.Constant) -> Node:  # noqa: N802
        value = tree.value
        kinds: dict[type, Type] = {type(None): NULL, bool: BOOL, int: INT, str: TEXT}
        kind = kinds.get(type(value))
        if kind is None:
            self._fail(f"a constant of kind {type(value).__name__} cannot be used in a rule", tree)
        if isinstance(value, int) and abs(value) > MAX_NUMBER:
            self._fail(f"a number here is at most {MAX_NUMBER:,}", tree)
        return Node(kind, literal(value), exact.constant(value), const=True, value=value)

    def on_Name(self, tree: ast.Name) -> Node:  # noqa: N802
        if tree.id not in self.scope:
            if tree.id.lower() in ("null", "none", "true", "false"):
                self._fail(f"write {'None' if tree.id.lower() in ('null', 'none') else tree.id.capitalize()}", tree)
            self._fail(f"unknown name {tree.id!r}{self._near(tree.id, [*self.scope, *FUNCTIONS])}", tree)
        self.used.add(tree.id)
        return replace(self.scope[tree.id])

    def on_Attribute(self, tree: ast.Attribute) -> Node:  # noqa: N802
        base = self.visit(tree.value)
        cls = base.type.cls
        if base.type.kind != "fact" or cls is None:
            extra = {
                "list": f"; use len() or any(… for x in {base.path or '…'})",
                "text": f"; a text has {', '.join(TEXT_METHODS)}",
            }.get(base.type.kind, "")
            self._fail(f"{base.type} has no facts{extra}", tree)
        self._not_null(base, tree.value)
        hints = cls.hints()
        if tree.attr not in hints:
            self._fail(f"{cls.__name__} has no fact {tree.attr!r}{self._near(tree.attr, hints)}", tree)
        read = Read(base.path, cls, tree.attr)
        self.reads.append(read)
        member = tree.attr
        path = f"{base.path}.{member}" if base.path else ""
        kind = type_of(hints[member])
        code = attribute(base.code, member)
        blind = undecided(base)
        if blind is None and (unknown := self.unavailable.unknown.get(read.key)) is not None:
            blind = PartlyKnown(unknown)
        if blind is None and (unknown := self.unavailable.partial.get(read.key)) is not None:
            blind = PartlyKnown(unknown, known=call("_known", code))
        return Node(kind, code, exact.fact(base.exact, member, path), path=path, blind=blind)

    # -- logic

    def on_BoolOp(self, tree: ast.BoolOp) -> Node:  # noqa: N802
        conjunctive = isinstance(tree.op, ast.And)
        outside, parts = self.nonnull, []
        for value in tree.values:
            part = self._condition(value)
            parts.append(part)
            self.nonnull |= part.true if conjunctive else part.false
        self.nonnull = outside
        return joined(parts, conjunctive=conjunctive)

    def on_UnaryOp(self, tree: ast.UnaryOp) -> Node:  # noqa: N802
        if isinstance(tree.op, ast.Not):
            return inverse(self._condition(tree.operand))
        operand = tree.operand
        if not (isinstance(tree.op, ast.USub) and isinstance(operand, ast.Constant) and type(operand.value) is int):
            self._fail("this operator cannot be used in a rule", tree)
        return self.on_Constant(ast.Constant(-operand.value))

    def on_IfExp(self, tree: ast.IfExp) -> Node:  # noqa: N802
        test = self._condition(tree.test)
        outside = self.nonnull
        self.nonnull = outside | test.true
        body = self.visit(tree.body)
        self.nonnull = outside | test.false
        other = self.visit(tree.orelse)
        self.nonnull = outside
        if body.type.kind != other.type.kind or (body.type.kind == "list" and body.type != other.type):
            self._fail(f"both sides must be of one kind: {body.type} and {other.type}", tree)
        if body.type.cls is not other.type.cls:
            self._fail(f"both sides must be of one kind: {body.type} and {other.type}", tree)

        values = body.type.values and other.type.values and tuple(dict.fromkeys(body.type.values + other.type.values))
        return Node(
            replace(body.type, values=values or (), null=body.type.null or other.type.null),
            ast.IfExp(test.code, body.code, other.code),
            exact.choose(test.exact, body.exact, other.exact, body.type == SEVERITY),
            const=test.const and body.const and other.const,
            blind=choice_blind(test, body, other),
        )

    # -- comparison

    def on_Compare(self, tree: ast.Compare) -> Node:  # noqa: N802
        if len(tree.ops) != 1:
            self._fail("one comparison at a time: join two with 'and'", tree)
        operator, left, right = tree.ops[0], tree.left, tree.comparators[0]
        if isinstance(operator, (ast.Is, ast.IsNot)):
            return self._null_check(tree, left, right, isinstance(operator, ast.Is))
        if isinstance(operator, (ast.In, ast.NotIn)):
            return self._membership(tree, left, right, isinstance(operator, ast.NotIn))
        symbol = _SYMBOLS[type(operator)]
        if isinstance(right, ast.Constant) and type(right.value) is int and isinstance(left, ast.Call) and _is_call_of(left, "count"):
            self._enough = right.value + 1
        if symbol in ("==", "!="):
            a, b = self.visit(left), self.visit(right)
            for node, part in ((a, left), (b, right)):
                if node.type.kind in ("list", "fact", "severity"):
                    self._fail(f"{node.type} cannot be compared; compare its key or its len()", part)
                if node.type.kind == "null":
                    self._fail("write 'is None' or 'is not None'", tree)
        else:
            a, b = self._known(left, "int", "date", "duration"), self._known(right, "int", "date", "duration")
        self._same_kind(tree, a, b)
        value = exact.compare(symbol, a.exact, b.exact)
        return Node(BOOL, compared(a.code, type(operator)(), b.code), value, const=a.const and b.const, blind=compare_blind(symbol, a, b))

    def _same_kind(self, tree: ast.AST, a: Node, b: Node) -> None:
        if a.type.kind != b.type.kind:
            extra = "; write days(…)" if {a.type.kind, b.type.kind} == {"int", "duration"} else ""
            self._fail(f"{a.type} is never {b.type}{extra}", tree)
        for node, other in ((a, b), (b, a)):
            if node.type.values and isinstance(other.value, str) and other.value not in node.type.values and other.value != "":
                self._fail(f"{node.path or 'this'} is never {other.value!r}{self._near(other.value, node.type.values)}", tree)

    def _null_check(self, tree: ast.AST, left: ast.expr, right: ast.expr, is_null: bool) -> Node:
        node = self.visit(left)
        if not (isinstance(right, ast.Constant) and right.value is None):
            self._fail("'is' is for None only; compare with ==", tree)
        if not node.type.null:
            self._fail(f"{node.path or 'this'} is never null", tree)
        paths = frozenset({node.path}) if node.path else _NOTHING
        # `==`, not `is`: an unknown raises when it is compared.
        code = compared(node.code, ast.Eq() if is_null else ast.NotEq(), literal(None))
        blind = undecided(node)
        true, false = (_NOTHING, paths) if is_null else (paths, _NOTHING)
        return Node(BOOL, code, exact.null_check(node.exact, is_null), true=true, false=false, blind=blind)

    def _membership(self, tree: ast.AST, left: ast.expr, right: ast.expr, negate: bool) -> Node:
        needle, hay = self.visit(left), self.visit(right)
        blind = None
        if hay.type.kind == "text":
            self._not_null(hay, right)
            needle = self._known(left, "text")
            code = compared(needle.code, ast.In(), hay.code) if needle.const else call("_has", needle.code, hay.code)
            blind = undecided(needle, hay)
        elif hay.type.kind == "list" and hay.type.item is not None:
            self._same_kind(tree, needle, Node(hay.type.item, hay.code, hay.exact, path=hay.path))
            for value in hay.value or ():
                self._same_kind(tree, needle, Node(TEXT if isinstance(value, str) else INT, hay.code, hay.exact, value=value))
            if needle.type.kind not in ("text", "int"):
                self._fail(f"'in' looks for a text or a number, this is {needle.type}", left)
            code = compared(needle.code, ast.In(), hay.code)
            blind = membership_blind(needle, hay)
        else:
            self._fail(f"'in' needs a list or text on its right, this is {hay.type}", right)
        const, value = needle.const and hay.const, exact.contains(needle.exact, hay.exact)
        if not negate:
            return Node(BOOL, code, value, const=const, blind=blind)
        blind = blind and replace(blind, true=blind.false, false=blind.true)
        return Node(BOOL, negated(code), exact.negation(value), const=const, blind=blind)

    # -- arithmetic

    def on_BinOp(self, tree: ast.BinOp) -> Node:  # noqa: N802
        if not isinstance(tree.op, (ast.Add, ast.Sub)):
            self._fail("only + and - can be used in a rule", tree)
        plus = isinstance(tree.op, ast.Add)
        a, b = self._known(tree.left, "int", "date", "duration"), self._known(tree.right, "int", "date", "duration")
        kinds = (a.type.kind, b.type.kind)
        if kinds in (("int", "int"), ("duration", "duration")):
            kind = a.type
        elif kinds == ("date", "date") and not plus:
            kind = DURATION
        elif "date" in kinds:
            self._fail("a date is not moved: compare the distance, as in secret.end - now < days(30)", tree)
        else:
            self._fail(f"{a.type} and {b.type} do not add up; write days(…)", tree)

        code = ast.BinOp(a.code, ast.Add() if plus else ast.Sub(), b.code)
        blind = undecided(a, b)
        if blind and kind.kind == "int":
            blind.exact = False  # bounds are left to the three-valued form
        value = exact.add(a.exact, b.exact, 1 if plus else -1)
        return Node(replace(kind, null=False, values=()), code, value, const=a.const and b.const, blind=blind)

    # -- lists

    def on_List(self, tree: ast.List) -> Node:  # noqa: N802
        items = [self.visit(item) for item in tree.elts]
        if not items or any(item.value is None or item.type not in (TEXT, INT) for item in items):
            self._fail("a list here holds texts or numbers written out", tree)
        if len({item.type for item in items}) > 1:
            self._fail("a list holds one kind of value", tree)
        values = tuple(item.value for item in items)
        code = ast.Tuple([literal(value) for value in values], ast.Load())
        return Node(Type("list", item=items[0].type), code, exact.constant(values), const=True, value=values)

    on_Tuple = on_Set = on_List  # noqa: N815


def _is_call_of(tree: ast.Call, function: str) -> bool:
    return isinstance(tree.func, ast.Name) and tree.func.id == function
