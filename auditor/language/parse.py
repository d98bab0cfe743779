"""A text -> the tree of Python's own parser, within limits. What a rule may say, the checker decides."""

from __future__ import annotations

import ast
import re
import warnings
from typing import NamedTuple

from auditor.errors import RuleError

MAX_LENGTH, MAX_NODES = 1000, 300


class Text(NamedTuple):
    """An expression as it is written, and its tree, whose places count from `offset`."""

    source: str
    offset: int
    tree: ast.expr

    def error(self, message: str, tree: ast.AST) -> RuleError:
        """The error that is at a part of the tree."""
        raw = self.source[self.offset :].encode()

        def column(byte: int) -> int:  # Python counts bytes of UTF-8
            return self.offset + len(raw[:byte].decode(errors="ignore"))

        return RuleError(message, self.source, column(getattr(tree, "col_offset", 0)), column(getattr(tree, "end_col_offset", 1)))


def parse(source: str) -> Text:
    """Raises RuleError for what is not one expression, or is too long."""
    text = re.sub(r"[\r\n\t]", " ", source)
    start = len(text) - len(text.lstrip(" "))
    if len(text) > MAX_LENGTH:
        raise RuleError(f"an expression has at most {MAX_LENGTH} characters; a longer one is a missing fact", text[:80])
    if not text.strip():
        raise RuleError("an expression is missing", text)
    if "\\" in text:
        raise RuleError("no backslash in an expression", text, text.index("\\"))
    if "#" in re.sub(r"'[^']*'|\"[^\"]*\"", "", text):
        raise RuleError("no comment within an expression", text, text.index("#"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(text[start:], mode="eval").body
    except SyntaxError as error:
        raise RuleError(f"not an expression: {error.msg}", text, start + max(0, (error.offset or 1) - 1)) from None
    except (ValueError, RecursionError, MemoryError, OverflowError, Warning) as error:
        raise RuleError(f"not an expression: {type(error).__name__}", text[:80]) from None
    # A character makes at most two nodes: short texts need not be counted.
    if 2 * len(text) + 2 > MAX_NODES and sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise RuleError("too long: give the idea a name, as a fact", text, 0, len(text))
    return Text(text, start, tree)
