"""Colours of what people read: each can be read on a light and on a dark background. None is needed to understand a report."""

from __future__ import annotations

from typing import Any

import click

# No yellow, cyan or white: they vanish on one of both, unless the background is ours too.
STYLES: dict[str, dict[str, Any]] = {
    "critical": {"fg": "bright_white", "bg": "red", "bold": True},
    "high": {"fg": "red", "bold": True},
    "medium": {"fg": "magenta", "bold": True},
    "low": {"bold": True},
    "info": {},
    "error": {"reverse": True},
    "pass": {"fg": "green", "bold": True},
    "fix": {"fg": "green"},
    "name": {"bold": True},
    "warning": {"fg": "magenta"},
    "minor": {"dim": True},  # places, and what is accepted
    "waived": {"dim": True},
    "baselined": {"dim": True},
}


def painted(text: str, style: str, *, colour: bool) -> str:
    """A text in one of STYLES; another word has none."""
    given = STYLES.get(style)
    return click.style(text, **given) if colour and given and text else text
