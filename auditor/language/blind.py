"""What is certain of an expression of which a part cannot be known in the whole run: its forms as `PartlyKnown`.

`undecided` of values, and one function for each construct of which more can be said: conjunctions are in `nodes.joined`.
"""

from __future__ import annotations

import ast

from auditor.language.nodes import Node, PartlyKnown, call, compared, every, literal, loop_code, negated, some, surely
from auditor.language.types import BOOL


def undecided(*nodes: Node) -> PartlyKnown | None:
    """PartlyKnown in every respect, when one of the nodes is blind."""
    blind = [node.blind for node in nodes if node.blind]
    return PartlyKnown(blind[0].unknown, exact=all(part.exact for part in blind)) if blind else None


def choice_blind(test: Node, body: Node, other: Node) -> PartlyKnown | None:
    """Of `body if test else other`."""
    first = test.blind or body.blind or other.blind
    if first is None:
        return None
    if test.blind is not None or body.type != BOOL:
        return PartlyKnown(first.unknown, exact=False)

    def both(verdict: bool) -> ast.expr:
        return ast.IfExp(test.code, surely(body, verdict) or literal(False), surely(other, verdict) or literal(False))

    exact = all(part.blind is None or part.blind.exact for part in (body, other))
    return PartlyKnown(first.unknown, both(True), both(False), exact=exact)


def membership_blind(needle: Node, hay: Node) -> PartlyKnown | None:
    """Of `needle in hay`, where `hay` is a list."""
    if needle.blind:
        # Whatever it is, it is not in an empty list: a list written out never is.
        return PartlyKnown(needle.blind.unknown, exact=needle.blind.exact and hay.const)
    if hay.blind:
        sure = hay.blind.known and compared(needle.code, ast.In(), hay.blind.known)
        return PartlyKnown(hay.blind.unknown, true=sure, exact=hay.blind.exact)
    return None


def size_blind(node: Node) -> PartlyKnown | None:
    """Of `len(list)`."""
    if not node.blind:
        return None
    return PartlyKnown(node.blind.unknown, low=node.blind.known and call("_len", node.blind.known), exact=node.blind.exact)


def loop_blind(kind: str, variable: str, over: Node, conditions: list[Node], body: Node) -> PartlyKnown | None:
    """Of any, all or count over a list."""
    first = next((node.blind for node in (over, *conditions, body) if node.blind), None)
    if first is None:
        return None
    exact = all(node.blind is None or node.blind.exact for node in (over, *conditions, body))
    if over.blind and over.blind.known is None:
        return PartlyKnown(over.blind.unknown, exact=exact)
    values = over.blind.known if over.blind and over.blind.known else over.code

    def certain(verdict: bool) -> ast.expr | None:  # the element surely counts as this
        return every([surely(c, True) for c in conditions] + [surely(body, verdict)])

    def possible(verdict: bool) -> ast.expr | None:  # the element surely does not count as the contrary
        return some([surely(c, False) for c in conditions] + [surely(body, verdict)])

    def loop(quantifier: str, test: ast.expr | None) -> ast.expr | None:
        if test is None:
            return None if quantifier != "all" else negated(values)  # all of nothing holds
        return loop_code(quantifier, variable, values, [], test)

    whole = over.blind is None
    if kind == "any":
        return PartlyKnown(
            first.unknown, true=loop("any", certain(True)), false=loop("all", possible(False)) if whole else None, exact=exact
        )
    if kind == "all":
        return PartlyKnown(
            first.unknown, true=loop("all", possible(True)) if whole else None, false=loop("any", certain(False)), exact=exact
        )
    low = loop("count", certain(True)) or literal(0)
    high = None
    if whole:
        sure_not = possible(False)
        high = loop_code("count", variable, values, [], negated(sure_not)) if sure_not is not None else call("_len", values)
    return PartlyKnown(first.unknown, low=low, high=high, exact=exact)


def compare_blind(symbol: str, a: Node, b: Node) -> PartlyKnown | None:
    """Of a comparison: of numbers by their bounds."""
    first = a.blind or b.blind
    if first is None:
        return None
    if a.type.kind != "int":
        return undecided(a, b)
    exact = all(node.blind is None or node.blind.exact for node in (a, b))

    def bounds(node: Node) -> tuple[ast.expr | None, ast.expr | None]:
        return (node.blind.low, node.blind.high) if node.blind else (node.code, node.code)

    (low, high), (other_low, other_high) = bounds(a), bounds(b)

    def below(x: ast.expr | None, op: ast.cmpop, y: ast.expr | None) -> ast.expr | None:
        return None if x is None or y is None else compared(x, op, y)

    if symbol in (">", ">="):
        symbol, low, high, other_low, other_high = "<" if symbol == ">" else "<=", other_low, other_high, low, high
    if symbol == "<":
        return PartlyKnown(first.unknown, true=below(high, ast.Lt(), other_low), false=below(low, ast.GtE(), other_high), exact=exact)
    if symbol == "<=":
        return PartlyKnown(first.unknown, true=below(high, ast.LtE(), other_low), false=below(low, ast.Gt(), other_high), exact=exact)
    differ = some([below(high, ast.Lt(), other_low), below(low, ast.Gt(), other_high)])
    same = every([below(high, ast.LtE(), other_low), below(low, ast.GtE(), other_high)])
    if symbol == "!=":
        same, differ = differ, same
    return PartlyKnown(first.unknown, true=same, false=differ, exact=exact)
