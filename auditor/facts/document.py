"""Where facts stand, as much of it as facts need to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class File(Protocol):
    """A file that was read, or a tenant."""

    @property
    def name(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def shown(self) -> Any: ...  # a text; null for a tenant, of which nothing is a file
    @property
    def portal(self) -> str: ...


class Format(Protocol):
    """What a file was read as."""

    @property
    def name(self) -> str: ...
    @property
    def cannot_carry(self) -> frozenset[str]: ...  # collections and properties that no file of it can hold

    @property
    def shows_in_part(self) -> Mapping[str, str]: ...  # lists of which no file of it has all entries, and why


class Document(Protocol):
    """Where a fact stands."""

    @property
    def format(self) -> Format | None: ...  # None in a tenant and in a snapshot

    @property
    def file(self) -> File: ...
    @property
    def parent(self) -> str: ...
    @property
    def pointer(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def line(self) -> int: ...
    def place(self, inside: str) -> tuple[str, int | None, int | None]: ...
