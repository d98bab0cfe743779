"""The frameworks that rules name, such as CIS and NIST 800-53: what of each concerns app registrations. `frameworks.toml` is their list.

A selector is a framework (`cis-m365`), or a framework and the beginning of items (`cis-m365:5.1.2`, `nist-800-53:AC-6`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path

import msgspec

from auditor.errors import UsageError
from auditor.near import near

COVERAGE = ("covered", "partly", "missing")
Named = Mapping[str, list[str]]  # what a page names: framework -> items


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`title` is in our own words. `gap` says what of it the rules do not check."""

    id: str
    title: str
    gap: str = ""


class Framework(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`scope` says what of it is here, `source` where that was read, `limit` what the rules check of none of its items."""

    id: str
    name: str
    page: str
    source: str
    read: date
    scope: str
    items: list[Item]
    version: str = ""
    limit: str = ""

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}".rstrip()

    def coverage(self, item: Item, rules: Sequence[object]) -> str:
        """One of `COVERAGE`, where these rules name the item."""
        if not rules:
            return "missing"
        return "partly" if item.gap or self.limit else "covered"


@cache
def catalogue() -> dict[str, Framework]:
    """All frameworks by id, in their order."""
    import tomllib

    class File(msgspec.Struct, forbid_unknown_fields=True):
        framework: list[Framework]

    text = Path(__file__).with_suffix(".toml").read_text("utf-8")
    return {one.id: one for one in msgspec.convert(tomllib.loads(text), File).framework}


def labels(named: Named) -> list[str]:
    """Each item as it is written in a line: cis-m365:5.1.2.2."""
    return [f"{framework}:{item}" for framework, items in named.items() for item in items]


def title(label: str) -> str:
    """The title of an item that is written as in a line; '' of one that is not in the catalogue."""
    framework, _, id_ = label.partition(":")
    known = catalogue().get(framework)
    return next((item.title for item in known.items if item.id == id_), "") if known is not None else ""


def names(named: Named, selector: str) -> bool:
    """Whether one of the items is one that the selector means."""
    framework, _, part = selector.partition(":")
    return any(_begins(item, part) for item in named.get(framework, ()))


def meant(selector: str) -> tuple[Framework, list[Item]]:
    """The framework and its items that a selector means. Raises UsageError."""
    name, colon, part = selector.partition(":")
    framework = catalogue().get(name)
    if framework is None:
        raise UsageError(_no_framework(name))
    items = [item for item in framework.items if _begins(item.id, part)]
    if not items or (colon and not part):
        raise UsageError(_no_item(framework, part))
    return framework, items


def fault(framework: str, item: str) -> str:
    """Why a page cannot name this item; '' where it can."""
    known = catalogue().get(framework)
    if known is None:
        return _no_framework(framework)
    return "" if any(one.id == item for one in known.items) else _no_item(known, item)


def _no_framework(name: str) -> str:
    close = near(name, catalogue())
    return f"no framework is called {name!r}; " + (f"did you mean {close!r}?" if close else f"there are: {', '.join(catalogue())}")


def _no_item(framework: Framework, item: str) -> str:
    close = near(item, (one.id for one in framework.items))
    hint = f"did you mean {close!r}?" if close else f"`regaudit rules --framework {framework.id}` lists the items"
    return f"{framework.id} has no item {item!r} about app registrations; {hint}"


def _begins(item: str, part: str) -> bool:
    """Whether the item is the part or below it. A number is not cut: 5.1 does not mean 5.10."""
    if not item.lower().startswith(part.lower()):
        return False
    return not (part[-1:].isdigit() and item[len(part) : len(part) + 1].isdigit())
