"""What a rule may call: methods of texts, `len`, `days`, `matches`, and the loops `any`, `all` and `count`."""

from __future__ import annotations

import ast
from collections.abc import Callable

from auditor.errors import RuleError
from auditor.language import exact, logic
from auditor.language.blind import loop_blind, size_blind, undecided
from auditor.language.frame import Frame
from auditor.language.logic import Exact
from auditor.language.lookup import Plan
from auditor.language.nodes import Node, attribute, call, literal, loop_code, name
from auditor.language.planning import planned
from auditor.language.types import BOOL, DURATION, INT, TEXT, Type

MAX_NESTING = 2
FUNCTIONS = {"any": 1, "all": 1, "count": 1, "len": 1, "days": 1, "matches": 2}
TEXT_METHODS = ("lower", "startswith", "endswith")


class Calls(Frame):
    """One method a function, each returning a `Node`."""

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
            return Node(TEXT, code, exact.lift(str.lower, subject.exact), const=subject.const, blind=blind)
        if len(tree.args) != 1:
            self._fail(f"{method}() takes one argument", tree)
        argument = self.visit(tree.args[0])
        item = argument.type.item if argument.type.kind == "list" else argument.type
        if not argument.const or item != TEXT:
            self._fail(f"{method}() takes a text or a list of texts, written out or a parameter", tree.args[0])
        code = ast.Call(attribute(subject.code, method), [argument.code], [])
        value = exact.lift(str.startswith if method == "startswith" else str.endswith, subject.exact, argument.exact)
        return Node(BOOL, code, value, const=subject.const, blind=blind)

    def _call_len(self, argument: ast.expr) -> Node:
        node = self._known(argument, "list", "text")
        return Node(INT, call("_len", node.code), exact.size(node.exact), const=node.const, blind=size_blind(node))

    def _call_days(self, argument: ast.expr) -> Node:
        node = self._known(argument, "int")
        value = exact.lift(logic.days_or_unknown, node.exact)
        blind = undecided(node)
        return Node(DURATION, call("_days", node.code), value, const=node.const, blind=blind)

    def _call_matches(self, argument: ast.expr, pattern: ast.expr) -> Node:
        subject, glob = self._known(argument, "text"), self._known(pattern, "text")
        if not glob.const:
            self._fail("the pattern must be written out or be a parameter", pattern)
        matcher = self._constant(lambda env: logic.Glob(glob.exact(env)), call("_Glob", glob.code))
        value = exact.lift(logic.matches, subject.exact, glob.exact)
        return Node(BOOL, ast.Call(matcher, [subject.code], []), value, blind=undecided(subject))

    def _plan(self, kind: str, loop: ast.GeneratorExp, variable: str, over: Node) -> Plan | None:
        """How to look up what a loop compares. Its parts have been checked: whether one may be null does not matter here."""
        scope, kept = self.scope, (len(self.reads), dict(self.constants))
        assert over.type.item is not None
        self.scope = {**scope, variable: Node(over.type.item, name(variable), exact.local(variable), path=variable)}
        self._lenient = True
        try:
            return planned(kind, loop, variable, self.visit)
        except RuleError:
            return None
        finally:
            self.scope, self._lenient = scope, False
            del self.reads[kept[0] :]
            self.constants = kept[1]

    def _looked_up(self, value: Exact, loop: ast.GeneratorExp) -> ast.expr:
        """Code that has a loop over a long list worked out by its three-valued form, which looks up what it compares."""
        function = self._constant(exact.looked_up(value), None)
        names = sorted({part.id for part in ast.walk(loop) if isinstance(part, ast.Name)} & {*self.scope})
        return ast.Call(function, [ast.Dict([literal(each) for each in names], [self.scope[each].code for each in names])], [])

    def _quantifier(self, argument: ast.expr, kind: str) -> Node:
        enough, self._enough = self._enough, None
        if not isinstance(argument, ast.GeneratorExp):
            self._fail(f"write {kind}(… for x in list)", argument)
        variable, over, conditions, body = self._loop(argument)
        if body.type != BOOL:
            self._fail(f"{kind} needs a condition, this is {body.type}{self._hint(body)}", argument.elt)
        value = exact.quantify(
            kind, over.exact, exact.conjunction([c.exact for c in conditions]), body.exact, variable,
            self._plan(kind, argument, variable, over), enough,
        )  # fmt: skip
        looked_up = self._looked_up(value, argument)
        code = loop_code(kind, variable, over.code, [c.code for c in conditions], body.code, looked_up)
        blind = loop_blind(kind, variable, over, conditions, body)
        return Node(INT if kind == "count" else BOOL, code, value, blind=blind)

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
        self.scope = {**scope, variable: Node(over.type.item, name(variable), exact.local(variable), path=variable)}
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
        value = exact.elements(over.exact, exact.conjunction([c.exact for c in conditions]), body.exact, variable)
        loop = ast.comprehension(ast.Name(variable, ast.Store()), call("_few", over.code), [c.code for c in conditions], 0)
        return Node(Type("list", item=body.type), ast.ListComp(body.code, [loop]), value), over.path
