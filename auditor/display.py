"""How values read in messages and reports. Nothing that comes out of here is obeyed by a terminal, a CI log or a spreadsheet.

Names and URIs are chosen by whoever registers an application, so they are hostile until `clean` has seen them.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any

from auditor.unknown import Partial, Unknown

MAX_LENGTH = 200
LISTED = 5
# Azure Pipelines obeys "##vso[" and "##[" anywhere in a line, GitHub Actions "::" at its start.
# Within a command: no shell obeys it, and no program takes it for an option or for the name of a file to read. (On Windows, az is a batch
# file, in which even a quoted % counts.)
_HARMLESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:/-]{0,255}")
_USER = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)?[^/]+@")  # not the @ that a placeholder begins with
_COMMAND = re.compile(r"##(?=\[|vso\[)", re.IGNORECASE)


def clean(value: str, limit: int = MAX_LENGTH) -> str:
    """A hostile text on one line: control and formatting characters replaced, CI commands broken, cut at `limit` characters."""
    if value.isprintable() and len(value) <= limit and "#" not in value and value[:1] not in (":", " "):
        return value
    if len(value) > limit:
        value = value[: limit + 1]  # enough to see that it was longer
    if not value.isprintable():
        value = "".join(c if c.isprintable() else "\ufffd" for c in value)
    if "##" in value:
        value = _COMMAND.sub("# #", value)
    if value.lstrip()[:2] == "::":
        value = value.replace("::", ": :", 1)
    return value if len(value) <= limit else value[: limit - 1] + "…"


def clean_or_none(value: Any) -> str | None:
    """A text as a row of a report has it; None where it is not known, null or empty."""
    return clean(value) if isinstance(value, str) and value else None


def clean_lines(text: str, limit: int = 2000) -> str:
    """Each line of a text cleaned; what indents it stays."""
    lines = (line.expandtabs(4).rstrip() for line in text.split("\n"))
    return "\n".join(line[: len(line) - len(line.lstrip(" "))] + clean(line.lstrip(" "), limit) for line in lines)


def show(value: Any, form: str = "") -> str:
    """A fact as it reads in a message. `form` is "date" or "days"."""
    kind = value.__class__
    if kind is str:
        return clean(value)
    if kind is datetime:
        text = utc(value).isoformat(" ", "minutes")
        return text[:10] if form == "date" else text[:16] + "Z"
    if value is None:
        return "not set"
    if kind is bool:
        return "yes" if value else "no"
    if kind is Unknown:
        return "unknown"
    if kind is timedelta:
        return f"{value.days} day{'s' * (value.days != 1)}"
    if hasattr(value, "__iter__"):
        return _show_list(value)
    return clean(str(value))


def bare_uri(uri: str) -> str:
    """A URI without user, query and fragment, where secrets may stand."""
    return _USER.sub(r"\1", re.split(r"[?#]", uri, maxsplit=1)[0])


def pasted(value: Any, placeholder: str, form: str = "") -> str:
    """A value within a command that somebody will paste; the placeholder where it is not known, or where a shell could obey it."""
    if value is None or value.__class__ in (Unknown, Partial) or value == []:
        return placeholder
    shown = show(value, form)
    return shown if _HARMLESS.fullmatch(shown) else placeholder


def filled_in(value: Any, placeholder: str, form: str = "") -> str:
    """A value within the prose of a fix; the placeholder where it is not known."""
    if value.__class__ in (list, Partial):
        known = [item for item in list.__iter__(value) if item.__class__ is not Unknown]
        if value.__class__ is Partial or len(known) < len(value):
            return show(Partial(known, Unknown(placeholder))) if known else placeholder
    return placeholder if value.__class__ is Unknown else show(value, form)


def _show_list(values: Any) -> str:
    shown, more = (values.known(), True) if values.__class__ is Partial else (values, False)
    text = ", ".join(show(value) for value in islice(shown, LISTED))
    if len(shown) > LISTED:
        text += f" and {len(shown) - LISTED} more"
    return text + (" and possibly more" if more else "") or "none"


def utc(moment: datetime) -> datetime:
    """In UTC; a moment at the edge of the calendar stays in its own offset."""
    if moment.tzinfo is timezone.utc:
        return moment
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        return moment


def iso(moment: datetime | None) -> str | None:
    """2026-01-31T00:00:00Z."""
    return None if moment is None else utc(moment).isoformat("T", "seconds")[:19] + "Z"
