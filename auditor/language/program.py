"""A checked rule as plain Python: `_check(_roots, _found)` judges all roots of a run in one pass.

Where an unknown is met the subject is left open, to be judged again in three values; where it is known beforehand that something
cannot be known in this run, what can be decided without it is compiled in, and the rest counts as not evaluated at once.

Every name that is ours begins with an underscore, and no name of a page does: a page can neither read nor shadow what we compile.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from auditor.language.nodes import Node, attribute, call, compared, literal, name, surely

_LISTS = ("passed", "blind", "mixed", "failed", "opened", "broken")  # of Found, which compiled code fills


@dataclass(slots=True)
class Conditions:
    """Where a rule applies and what it requires, over one kind of subject.

    `about` is the page's `given`, `unless` its exemption. `given` is both, in one condition, less `outer`: the part of it that does not
    speak of the subject.
    """

    outer: Node | None
    given: Node | None
    require: Node
    about: Node | None = None
    unless: Node | None = None


@dataclass(slots=True)
class Program:
    root: str
    subject: str  # the name that `each` gives to the subject, or the root's
    each: Node | None
    guards: list[Node]  # facts on the path of `each` that may be null
    conditions: Conditions
    unseen: Conditions | None  # the same for the subjects that nobody knows, where `each` cannot be known in this run
    again: bool = False  # what cannot be decided is judged again, for failures that are likely

    def selection(self) -> ast.FunctionDef:
        """def _with_subjects(_roots): those that have a subject, or may have one: rules of the same `each` need not look at the others."""
        values = self._subjects()
        body: list[ast.stmt] = [ast.Return(name("_roots"))]
        if self.each is not None and not self.each.blind and values is not None:
            subjects = ast.NamedExpr(ast.Name("_values", ast.Store()), values)
            some = ast.BoolOp(ast.Or(), [compared(attribute(subjects, "__class__"), ast.IsNot(), name("_list")), name("_values")])
            loop = ast.comprehension(ast.Name(self.root, ast.Store()), name("_roots"), [some], 0)
            # What raises here is met again, and caught, when the root is judged.
            body = [
                ast.Try([ast.Return(ast.ListComp(name(self.root), [loop]))], [ast.ExceptHandler(name("_Exception"), None, body)], [], [])
            ]
        arguments = ast.arguments([], [ast.arg("_roots")], None, [], [], None, [])
        return ast.FunctionDef("_with_subjects", arguments, body, [])

    def _subjects(self) -> ast.expr | None:
        """Code of the subjects that are known; a null on the path means none."""
        if self.each is None:
            return None
        values: ast.expr | None = self.each.blind.known if self.each.blind else self.each.code
        if values is not None:
            for guard in reversed(self.guards):
                values = ast.IfExp(compared(guard.code, ast.NotEq(), literal(None)), values, ast.List([], ast.Load()))
        return values

    def function(self) -> ast.FunctionDef:
        """def _check(_roots, _found): judges the roots."""
        handlers = [
            _handler([name(self.root), literal(None)]),
            ast.ExceptHandler(name("_Exception"), "_error", [_append("broken", _tuple(name(self.root), name("_error"))), ast.Continue()]),
        ]
        passed: list[ast.stmt] = [ast.If(name("_any_passed"), [_append("passed", name(self.root))], [])]
        loop: list[ast.stmt] = [
            ast.Assign([ast.Name(flag, ast.Store()) for flag in ("_any_passed", "_any_unknown", "_needs_details")], literal(False)),
            ast.Try(self._roots_body(), handlers, [], []),
            ast.If(
                name("_needs_details"),
                [_append("mixed", _tuple(name(self.root), name("_any_passed"), name("_any_unknown")))],
                [ast.If(name("_any_unknown"), [_append("blind", name(self.root))], passed)],
            ),
        ]
        lists = [_assign(f"_{kind}", attribute(attribute(name("_found"), kind), "append")) for kind in _LISTS]
        arguments = ast.arguments([], [ast.arg("_roots"), ast.arg("_found")], None, [], [], None, [])
        over: list[ast.stmt] = [ast.For(ast.Name(self.root, ast.Store()), name("_roots"), loop, [])]
        return ast.FunctionDef("_check", arguments, [*lists, *over], [])

    def _roots_body(self) -> list[ast.stmt]:
        if self.each is None:
            return self._judged(self.conditions, name(self.root))
        body: list[ast.stmt] = []
        values = self._subjects()
        if values is not None:
            handler = _handler([name(self.root), name(self.subject)])
            inner: list[ast.stmt] = [ast.Try(self._judged(self.conditions, name(self.subject)), [handler], [], [])]
            body.append(ast.For(ast.Name(self.subject, ast.Store()), values, inner, []))
            if (outer := self.conditions.outer) is not None:
                body = [ast.If(outer.code, body, [])]
        if self.unseen is not None:
            # A subject that nobody knows can pass, or not apply, but it cannot fail.
            body += self._judged(self.unseen, literal(None), may_fail=False)
        return body

    def _judged(self, conditions: Conditions, subject: ast.expr, *, may_fail: bool = True) -> list[ast.stmt]:
        given, require = conditions.given, conditions.require
        any_passed: list[ast.stmt] = [_assign("_any_passed", literal(True))]
        needs_details = _assign("_needs_details", literal(True))
        failed: list[ast.stmt] = [_append("failed", _tuple(name(self.root), subject)), needs_details]
        exact = all(node is None or node.blind is None or node.blind.exact for node in (require, given))
        exact = exact and not (may_fail and self.again)
        undecided: list[ast.stmt] = [_assign("_any_unknown", literal(True))]
        if not exact:
            undecided = [_append("opened", _tuple(name(self.root), subject, name("_unknown"))), needs_details]
        if may_fail and exact and self.each is not None and require.blind and not (require.blind.true or require.blind.false):
            undecided.append(ast.Break())  # no other subject can pass or fail either
        if not may_fail:
            failed = undecided
        if given is not None and given.blind:
            failed = _if(surely(given, True), failed, undecided)
        if require.blind:
            judge = _if(surely(require, True), any_passed, _if(surely(require, False), failed, undecided))
        else:
            judge = [ast.If(require.code, any_passed, failed)]
        if given is None:
            return judge
        if given.blind:
            return _if(surely(given, False), [ast.Pass()], judge)
        return [ast.If(given.code, judge, [])]


def _if(test: ast.expr | None, then: list[ast.stmt], otherwise: list[ast.stmt]) -> list[ast.stmt]:
    """`then` where the test holds; a test of None never holds."""
    return otherwise if test is None else [ast.If(test, then, otherwise)]


def _assign(target: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(target, ast.Store())], value)


def _append(to: str, value: ast.expr) -> ast.stmt:
    return ast.Expr(call(f"_{to}", value))


def _tuple(*values: ast.expr) -> ast.expr:
    return ast.Tuple(list(values), ast.Load())


def _handler(place: list[ast.expr]) -> ast.ExceptHandler:
    """An unknown was met: what stands at this place is left open."""
    opened = _append("opened", _tuple(*place, attribute(name("_gap"), "unknown")))
    return ast.ExceptHandler(name("_Unread"), "_gap", [opened, _assign("_needs_details", literal(True))])
