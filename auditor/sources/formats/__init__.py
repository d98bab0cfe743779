"""One module for each format: each turns its shape into the documents that facts are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from auditor.sources.element import Element


class Converted:
    """An object in the shape that facts are made of, and where each of its places stands in the file."""

    def __init__(self) -> None:
        self.value: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.wrong: list[tuple[str, str]] = []  # (place in our shape, what is wrong there); what is wrong is left out
        self.notes: list[tuple[str, str]] = []  # (place in the file's shape, what a person should know)

    def put(self, path: str, value: Any, origin: str) -> None:
        *parents, last = path.split("/")
        at = self.value
        for part in parents:
            at = at.setdefault(part, {})
        at[last] = value
        self.origins["/" + path] = origin


class Piece(NamedTuple):
    """A document within an object of another shape: one object may hold several."""

    element: Element
    kind: str
    convert: Callable[[Any], Converted]
    parent: str = ""
