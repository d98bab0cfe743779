"""From the text of a loop to the plan by which `lookup.py` goes through a long list."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from auditor.language.lookup import Plan
from auditor.language.nodes import Node


def planned(kind: str, loop: ast.GeneratorExp, variable: str, visit: Callable[[ast.expr], Node]) -> Plan:
    """The plan of `… for variable in list if …`. `visit` makes a node of a part that is looked at by itself."""
    targets = [part.target for part in ast.walk(loop) if isinstance(part, ast.comprehension)]
    bound = {target.id for target in targets if isinstance(target, ast.Name)}
    body = [loop.elt, *loop.generators[0].ifs]
    given = [node.exact for node in map(visit, _outside(body, bound)) if not node.const]
    # What does not meet the condition decides all(), whose `if` alone leaves elements out.
    deciding = body[1:] if kind == "all" else body
    needed = [pair for part in deciding for pair in _compared(part, ast.Eq, variable, bound)]
    alternatives = [needed] if needed else [] if kind == "all" else _alternatives(loop.elt, variable, bound)
    unequal = [pair for part in deciding for pair in _compared(part, ast.NotEq, variable, bound)] if needed else []
    return Plan(
        variable,
        [[(visit(of).exact, visit(equal).exact) for of, equal in parts] for parts in alternatives],
        given,
        [(visit(of).exact, visit(other).exact) for of, other in unequal],
    )


def _names(tree: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(tree) if isinstance(part, ast.Name)}


def _outside(trees: list[ast.expr], bound: set[str]) -> Iterator[ast.expr]:
    """The largest parts that speak of no element."""
    for tree in trees:
        names = _names(tree)
        if names.isdisjoint(bound):
            if names:
                yield tree
        elif isinstance(tree, ast.Call):  # its function is no value
            arguments = [*tree.args, *([tree.func.value] if isinstance(tree.func, ast.Attribute) else [])]
            yield from _outside(arguments, bound)
        elif isinstance(tree, ast.GeneratorExp):
            yield from _outside([tree.elt, *(part for loop in tree.generators for part in (loop.iter, *loop.ifs))], bound)
        else:
            yield from _outside([part for part in ast.iter_child_nodes(tree) if isinstance(part, ast.expr)], bound)


def _compared(tree: ast.expr, how: type[ast.cmpop], variable: str, bound: set[str]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What must be equal, or unequal, for a condition to hold: of the element, and of the subject."""
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        for part in tree.values:
            yield from _compared(part, how, variable, bound)
    elif isinstance(tree, ast.Compare) and len(tree.ops) == 1 and isinstance(tree.ops[0], how):
        for of, equal in ((tree.left, tree.comparators[0]), (tree.comparators[0], tree.left)):
            if _names(of) == {variable} and _names(equal).isdisjoint(bound):
                yield of, equal
                return


def _alternatives(tree: ast.expr, variable: str, bound: set[str]) -> list[list[tuple[ast.expr, ast.expr]]]:
    """Of `a or b`: what must be equal for each; nothing where one of them needs nothing equal."""
    if not (isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.Or)):
        return []
    found = [list(_compared(part, ast.Eq, variable, bound)) for part in tree.values]
    return found if all(found) else []
