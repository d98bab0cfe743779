"""Says of PowerShell what its commands are, without running it: a program for a Python that has tree-sitter-powershell.

Reads a JSON list of scripts from standard input, writes a JSON list: the words of each command of a script, null for one that is wrong.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any


def commands(node: Any) -> Iterator[list[str]]:
    if node.type == "command":
        elements = node.child_by_field_name("command_elements")
        words = [child for child in (elements.children if elements else []) if child.type not in ("command_argument_sep", "redirection")]
        yield [word(child) for child in (node.child_by_field_name("command_name"), *words)]
    for child in node.children:
        yield from commands(child)


def word(node: Any) -> str:
    text: str = node.text.decode()
    return text[1:-1].replace("''", "'") if text[:1] == "'" else text


def main() -> None:
    import tree_sitter
    import tree_sitter_powershell

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    trees = [parser.parse(script.encode()).root_node for script in json.load(sys.stdin)]
    json.dump([None if tree.has_error else list(commands(tree)) for tree in trees], sys.stdout)


if __name__ == "__main__":
    main()
