"""The frame of checking: from text to a node, what is in scope, what may be null, and errors at their place.

`calls.py` adds the functions that a rule may call, `checker.py` all other constructs: one method each.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from auditor.language.logic import Exact
from auditor.language.nodes import Constant, Node, Read, name
from auditor.language.parse import Text, parse
from auditor.language.types import BOOL, Type
from auditor.unknown import Unavailable

_WORDS = {
    "Lambda": "lambda", "Subscript": "[…]", "Dict": "a dict", "JoinedStr": "an f-string", "NamedExpr": ":=", "Await": "await",
    "GeneratorExp": "a bare generator", "ListComp": "a list comprehension", "DictComp": "a dict comprehension",
    "SetComp": "a set comprehension", "Starred": "*", "Yield": "yield", "YieldFrom": "yield", "Slice": "a slice",
}  # fmt: skip
_NOTHING: frozenset[str] = frozenset()


class Frame:
    """What every construct needs. Raises RuleError for whatever a rule cannot say."""

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
        self._enough: int | None = None  # what the next count() need not go beyond
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
