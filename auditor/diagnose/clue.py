"""What a message's facts come to, said in clues, and how they are compared with what was read."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from auditor.diagnose.aadsts import Message
from auditor.display import clean, placed, show
from auditor.facts import App
from auditor.joins.world import World


class Said(StrEnum):
    """Of one cause: it is found, it is excluded, or it cannot be told."""

    found = "found"
    excluded = "excluded"
    open = "cannot-tell"


class Clue(NamedTuple):
    """What one fact of a message comes to. `code` is the AADSTS code that it explains."""

    code: int
    said: Said
    text: str


Answers = Iterator[tuple[Said, str]]
MOST = 3  # objects that are named


def apps_of(worlds: list[World], app_id: str | None = None) -> list[App]:
    return [app for world in worlds for app in world.apps if app_id is None or (app.app_id.__class__ is str and app.app_id == app_id)]


def named(app: Any) -> str:
    file = app.document.file.shown
    return f'"{clean(show(app))}"' + (f" ({placed(clean(file), app.document.line)})" if file else "")


def names(things: list[Any], name: Callable[[Any], str]) -> str:
    more = f" and {len(things) - MOST} more" if len(things) > MOST else ""
    return ", ".join(map(name, things[:MOST])) + more


def not_read(app_id: str) -> tuple[Said, str]:
    return Said.open, f"the registration {app_id} that the message names is not in the input"


def named_apps(message: Message, worlds: list[World]) -> list[App]:
    """The registrations whose application IDs a message has."""
    return [app for id_ in message.ids for app in apps_of(worlds, id_)]


def meant(message: Message, worlds: list[World]) -> list[App]:
    """The registrations that a message names, else all."""
    return named_apps(message, worlds) or apps_of(worlds)


def closest(value: str, others: list[str], cutoff: float = 0.5) -> str | None:
    folded = next((one for one in others if one.lower() == value.lower()), None)
    if folded is not None:
        return folded
    close = difflib.get_close_matches(value[:400], [one[:400] for one in others[:1000]], n=1, cutoff=cutoff)
    return next((one for one in others if one[:400] == close[0]), None) if close else None
