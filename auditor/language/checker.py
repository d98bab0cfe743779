"""Rule expressions: a closed subset of Python's syntax, checked against the facts' types.

One method a construct, each returning a `Node`. Nothing of the user's text is ever compiled: code is built here, from fresh nodes
of Python's AST.
"""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from auditor.errors import RuleError
from auditor.language import logic
from auditor.language.blind import choice_blind, compare_blind, loop_blind, membership_blind, size_blind, undecided
from auditor.language.logic import Env, Exact
from auditor.language.lookup import Plan, planned
from auditor.language.nodes import (
    Constant,
    Node,
    PartlyKnown,
    Read,
    attribute,
    call,
    compared,
    inverse,
    joined,
    literal,
    loop_code,
    name,
    negated,
    unknowns,
)  # fmt: skip
from auditor.language.parse import Text, parse
from auditor.language.types import BOOL, DURATION, INT, NULL, SEVERITY, TEXT, Type, type_of
from auditor.unknown import Unavailable, Unknown

MAX_NESTING, MAX_NUMBER = 2, 10**9
FUNCTIONS = {"any": 1, "all": 1, "count": 1, "len": 1, "days": 1, "matches": 2}
TEXT_METHODS = ("lower", "startswith", "endswith")
_WORDS = {
    "Lambda": "lambda", "Subscript": "[…]", "Dict": "a dict", "JoinedStr": "an f-string", "NamedExpr": ":=", "Await": "await",
    "GeneratorExp": "a bare generator", "ListComp": "a list comprehension", "DictComp": "a dict comprehension",
    "SetComp": "a set comprehension", "Starred": "*", "Yield": "yield", "YieldFrom": "yield", "Slice": "a slice",
}  # fmt: skip
_SYMBOLS: dict[type[ast.cmpop], str] = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_NOTHING: frozenset[str] = frozenset()


class Checker:
    def __init__(self, scope: Mapping[str, Node], unavailable: Unavailable | None = None, prefix: str = "_k") -> None:
        self.scope = dict(scope)
        self._prefix = prefix  # of the names of constants
        self.unavailable = unavailable or Unavailable()
        self.nonnull = _NOTHING
        self.reads: list[Read] = []
        self.used: set[str] = set()
        self.constants: dict[str, Constant] = {}  # worked out once, when parameters are bound
        self._depth = 0
        self._lenient = False  # nothing is complained of that may be null
        self._enough = math.inf  # what the next count() need not go beyond
        self._text = Text("", 0, ast.Constant(None))

    # -- text -> node

    def check(self, source: str, want: Type | None = BOOL) -> Node:
        tree = self.parse(source)
        node = self.visit(tree)
        if want is not None and node.type != want:
            self._fail(f"this must be {want}, it is {node.type}{self._hint(node)}", tree)
        return node

    def parse(self, source: str) -> ast.expr:
        self._text = text = parse(source)
        return text.tree

    def visit(self, tree: ast.AST) -> Node:
        kind = type(tree).__name__
        method: Callable[[Any], Node] | None = getattr(self, "on_" + kind, None)
        if method is None:
            self._fail(f"{_WORDS.get(kind, kind)} cannot be used in a rule", tree)
        node = method(tree)
        if node.const and not isinstance(node.code, (ast.Constant, ast.Name)) and node.type.kind != "list":
            node.code = self._constant(node.exact, node.code)
        return node

    def _constant(self, exact: Exact, code: ast.expr | None) -> ast.expr:
        key = f"{self._prefix}{len(self.constants)}"
        self.constants[key] = Constant(exact, code)
        return name(key)

    # -- errors

    def _fail(self, message: str, tree: ast.AST) -> NoReturn:
        raise self._text.error(message, tree)

    @staticmethod
    def _near(word: str, names: Iterable[str]) -> str:
        choices = sorted(names)
        close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
        if close:
            return f"; did you mean {close[0]!r}?"
        return f"; there are: {', '.join(choices)}" if len(choices) <= 12 else ""

    @staticmethod
    def _hint(node: Node) -> str:
        path = node.path or "…"
        if node.type.kind == "list":
            return f": say len({path}) > 0"
        if node.type.kind == "text":
            return f": say {path} != ''"
        return f": say {path} is not None" if node.type.null else ""

    def _condition(self, tree: ast.AST) -> Node:
        node = self.visit(tree)
        if node.type != BOOL:
            self._fail(f"a condition is needed here, this is {node.type}{self._hint(node)}", tree)
        return node

    def _known(self, tree: ast.AST, *kinds: str) -> Node:
        """A value of one of these kinds that cannot be null here."""
        node = self.visit(tree)
        if node.type.kind not in kinds:
            self._fail(f"{' or '.join(kinds)} is needed here, this is {node.type}", tree)
        self._not_null(node, tree)
        return node

    def _not_null(self, node: Node, tree: ast.AST) -> None:
        if node.type.null and node.path not in self.nonnull and not self._lenient:
            path = node.path or "…"
            self._fail(f"{node.path or 'this'} may be null: say first '{path} is not None and …', or put that into `given`", tree)

    # -- leaves

    def on_Constant(self, tree: ast.Constant) -> Node:  # noqa: N802
        value = tree.value
        kinds: dict[type, Type] = {type(None): NULL, bool: BOOL, int: INT, str: TEXT}
        kind = kinds.get(type(value))
        if kind is None:
            self._fail(f"a constant of kind {type(value).__name__} cannot be used in a rule", tree)
        if isinstance(value, int) and abs(value) > MAX_NUMBER:
            self._fail("no number beyond a thousand million", tree)
        return Node(kind, literal(value), lambda env: value, const=True, value=value)

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
        member, inner = tree.attr, base.exact
        path = f"{base.path}.{member}" if base.path else ""

        def exact(env: Env) -> Any:
            value = inner(env)
            if value.__class__ is Unknown:
                return value
            found = getattr(value, member)
            return logic.presumed(env, path, value, found) if found.__class__ is Unknown else found

        kind = type_of(hints[member])
        code = attribute(base.code, member)
        blind = undecided(base)
        if blind is None and (unknown := self.unavailable.unknown.get(read.key)) is not None:
            blind = PartlyKnown(unknown)
        if blind is None and (unknown := self.unavailable.partial.get(read.key)) is not None:
            blind = PartlyKnown(unknown, known=call("_known", code))
        return Node(kind, code, exact, path=path, blind=blind)

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

        def exact(env: Env) -> Any:
            which = test.exact(env)
            if which.__class__ is not Unknown:
                return (body if which else other).exact(env)
            return which if body.type != SEVERITY else logic.either(body.exact(env), other.exact(env), unknowns(test, env))

        values = body.type.values and other.type.values and tuple(dict.fromkeys(body.type.values + other.type.values))
        return Node(
            replace(body.type, values=values or (), null=body.type.null or other.type.null),
            ast.IfExp(test.code, body.code, other.code),
            exact,
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
        if isinstance(right, ast.Constant) and type(right.value) is int and isinstance(left, ast.Call) and _calls(left, "count"):
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

        def exact(env: Env) -> Any:
            return logic.compare(symbol, a.exact(env), b.exact(env))

        return Node(BOOL, compared(a.code, type(operator)(), b.code), exact, const=a.const and b.const, blind=compare_blind(symbol, a, b))

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

        def exact(env: Env) -> Any:
            value = node.exact(env)
            return value if value.__class__ is Unknown else (value is None) == is_null

        paths = frozenset({node.path}) if node.path else _NOTHING
        # `==`, not `is`: an unknown raises when it is compared.
        code = compared(node.code, ast.Eq() if is_null else ast.NotEq(), literal(None))
        blind = undecided(node)
        return Node(BOOL, code, exact, true=_NOTHING if is_null else paths, false=paths if is_null else _NOTHING, blind=blind)

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

        def exact(env: Env) -> Any:
            return logic.contains(needle.exact(env), hay.exact(env))

        const = needle.const and hay.const
        if not negate:
            return Node(BOOL, code, exact, const=const, blind=blind)
        blind = blind and replace(blind, true=blind.false, false=blind.true)
        return Node(BOOL, negated(code), logic.negation(exact), const=const, blind=blind)

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

        def exact(env: Env) -> Any:
            return logic.add(a.exact(env), b.exact(env), 1 if plus else -1)

        code = ast.BinOp(a.code, ast.Add() if plus else ast.Sub(), b.code)
        blind = undecided(a, b)
        if blind and kind.kind == "int":
            blind.exact = False  # bounds are left to the three-valued form
        return Node(replace(kind, null=False, values=()), code, exact, const=a.const and b.const, blind=blind)

    # -- lists and calls

    def on_List(self, tree: ast.List) -> Node:  # noqa: N802
        items = [self.visit(item) for item in tree.elts]
        if not items or any(item.value is None or item.type not in (TEXT, INT) for item in items):
            self._fail("a list here holds texts or numbers written out", tree)
        if len({item.type for item in items}) > 1:
            self._fail("a list holds one kind of value", tree)
        values = tuple(item.value for item in items)
        code = ast.Tuple([literal(value) for value in values], ast.Load())
        return Node(Type("list", item=items[0].type), code, lambda env: values, const=True, value=values)

    on_Tuple = on_Set = on_List  # noqa: N815

    def on_Call(self, tree: ast.Call) -> Node:  # noqa: N802
        if tree.keywords:
            self._fail("no keyword arguments in a rule", tree)
        if isinstance(tree.func, ast.Attribute) and tree.func.attr in TEXT_METHODS:
            return self._text_method(tree, tree.func)
        if not isinstance(tree.func, ast.Name):
            self._fail("only the rule functions can be called: " + ", ".join(FUNCTIONS), tree)
        function = tree.func.id
        if function not in FUNCTIONS:
            self._fail(f"unknown function {function!r}{self._near(function, FUNCTIONS)}", tree.func)
        wanted = FUNCTIONS[function]
        if len(tree.args) != wanted or any(isinstance(argument, ast.Starred) for argument in tree.args):
            self._fail(f"{function} takes {wanted} argument{'s' * (wanted > 1)}", tree)
        if function in ("any", "all", "count"):
            return self._quantifier(tree.args[0], function)
        handler: Callable[..., Node] = getattr(self, "_call_" + function)
        return handler(*tree.args)

    def _text_method(self, tree: ast.Call, function: ast.Attribute) -> Node:
        subject, method = self._known(function.value, "text"), function.attr
        blind = undecided(subject)
        if method == "lower":
            if tree.args:
                self._fail("lower() takes no argument", tree)
            code = ast.Call(attribute(subject.code, "lower"), [], [])
            return Node(TEXT, code, logic.lift(str.lower, subject.exact), const=subject.const, blind=blind)
        if len(tree.args) != 1:
            self._fail(f"{method}() takes one argument", tree)
        argument = self.visit(tree.args[0])
        item = argument.type.item if argument.type.kind == "list" else argument.type
        if not argument.const or item != TEXT:
            self._fail(f"{method}() takes a text or a list of texts, written out or a parameter", tree.args[0])
        code = ast.Call(attribute(subject.code, method), [argument.code], [])
        exact = logic.lift(str.startswith if method == "startswith" else str.endswith, subject.exact, argument.exact)
        return Node(BOOL, code, exact, const=subject.const, blind=blind)

    def _call_len(self, argument: ast.expr) -> Node:
        node = self._known(argument, "list", "text")
        return Node(INT, call("_len", node.code), lambda env: logic.size(node.exact(env)), const=node.const, blind=size_blind(node))

    def _call_days(self, argument: ast.expr) -> Node:
        node = self._known(argument, "int")
        exact = logic.lift(lambda number: number.unknown if number.__class__ is logic.Range else logic.days(number), node.exact)
        blind = undecided(node)
        return Node(DURATION, call("_days", node.code), exact, const=node.const, blind=blind)

    def _call_matches(self, argument: ast.expr, pattern: ast.expr) -> Node:
        subject, glob = self._known(argument, "text"), self._known(pattern, "text")
        if not glob.const:
            self._fail("the pattern must be written out or be a parameter", pattern)
        matcher = self._constant(lambda env: logic.Glob(glob.exact(env)), call("_Glob", glob.code))
        exact = logic.lift(lambda text, star: logic.Glob(star)(text), subject.exact, glob.exact)
        blind = undecided(subject)
        return Node(BOOL, ast.Call(matcher, [subject.code], []), exact, blind=blind)

    def _plan(self, kind: str, loop: ast.GeneratorExp, variable: str, over: Node) -> Plan | None:
        """How to look up what a loop compares. Its parts have been checked: whether one may be null does not matter here."""
        scope, kept = self.scope, (len(self.reads), dict(self.constants))
        assert over.type.item is not None
        self.scope = {**scope, variable: Node(over.type.item, name(variable), lambda env: env[variable], path=variable)}
        self._lenient = True
        try:
            return planned(kind, loop, variable, self.visit)
        except RuleError:
            return None
        finally:
            self.scope, self._lenient = scope, False
            del self.reads[kept[0] :]
            self.constants = kept[1]

    def _looked_up(self, exact: Exact, loop: ast.GeneratorExp) -> ast.expr:
        """Code that has a loop over a long list worked out by its three-valued form, which looks up what it compares."""
        function = self._constant(lambda bound: lambda local: logic.decided(exact({**bound, **local})), None)
        names = sorted({part.id for part in ast.walk(loop) if isinstance(part, ast.Name)} & {*self.scope})
        return ast.Call(function, [ast.Dict([literal(each) for each in names], [self.scope[each].code for each in names])], [])

    def _quantifier(self, argument: ast.expr, kind: str) -> Node:
        enough, self._enough = self._enough, math.inf
        if not isinstance(argument, ast.GeneratorExp):
            self._fail(f"write {kind}(… for x in list)", argument)
        variable, over, conditions, body = self._loop(argument)
        if body.type != BOOL:
            self._fail(f"{kind} needs a condition, this is {body.type}{self._hint(body)}", argument.elt)
        exact = logic.quantify(
            kind, over.exact, logic.conjunction([c.exact for c in conditions]), body.exact, variable,
            plan=self._plan(kind, argument, variable, over), enough=enough,
        )  # fmt: skip
        code = loop_code(kind, variable, over.code, [c.code for c in conditions], body.code)
        code = ast.IfExp(call("_is_long", over.code), self._looked_up(exact, argument), code)
        blind = loop_blind(kind, variable, over, conditions, body)
        return Node(INT if kind == "count" else BOOL, code, exact, blind=blind)

    def _loop(self, argument: ast.GeneratorExp) -> tuple[str, Node, list[Node], Node]:
        """The variable of a loop, the list, the conditions and what is said of each element."""
        if len(argument.generators) != 1 or argument.generators[0].is_async:
            self._fail("one 'for name in list' at a time", argument)
        loop = argument.generators[0]
        target = loop.target
        if not isinstance(target, ast.Name):
            self._fail("one 'for name in list' at a time", argument)
        if self._depth >= MAX_NESTING:
            self._fail(f"loops nest {MAX_NESTING} deep at most; deeper is a missing fact", argument)
        variable = target.id
        if variable in self.scope or variable in FUNCTIONS or variable.startswith("_"):
            self._fail(f"{variable!r} is taken: choose another name", target)
        over = self._known(loop.iter, "list")
        if over.type.item is None:
            self._fail("loop over a list", loop.iter)
        outside, scope = self.nonnull, self.scope
        self.scope = {**scope, variable: Node(over.type.item, name(variable), lambda env: env[variable], path=variable)}
        self._depth += 1
        conditions = []
        for condition in loop.ifs:
            node = self._condition(condition)
            conditions.append(node)
            self.nonnull |= node.true
        body = self.visit(argument.elt)
        self.nonnull, self.scope, self._depth = outside, scope, self._depth - 1
        return variable, over, conditions, body

    def elements(self, source: str) -> tuple[Node, str]:
        """The list that a loop makes, `uri.value for uri in app.redirect_uris if …`, and the path of the list that it goes through."""
        tree = self.parse(f"({source})")
        if not isinstance(tree, ast.GeneratorExp):
            self._fail("write x.value for x in list if …", tree)
        variable, over, conditions, body = self._loop(tree)
        exact = logic.elements(over.exact, logic.conjunction([c.exact for c in conditions]), body.exact, variable)
        loop = ast.comprehension(ast.Name(variable, ast.Store()), call("_few", over.code), [c.code for c in conditions], 0)
        return Node(Type("list", item=body.type), ast.ListComp(body.code, [loop]), exact), over.path


def _calls(tree: ast.Call, function: str) -> bool:
    return isinstance(tree.func, ast.Name) and tree.func.id == function
