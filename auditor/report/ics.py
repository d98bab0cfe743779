"""When credentials end: the rows of `regaudit credentials`, and as a calendar file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from auditor.display import iso
from auditor.errors import UsageError
from auditor.report.rows import LoneCredentialRow

_OBEYED = re.compile(r"\s*(?:::|##|[=+@-])")  # by a CI log, and by a spreadsheet
_COLONS = re.compile(r"(?::\s*){20,}")  # longer than a line with nowhere to fold it
_SPAN = re.compile(r"(\d{1,5}) ?(?:(d|days?)|(w|weeks?)|(m|months?)|(y|years?))?")
_DAYS = (1, 7, 30, 365)
MOST_OWNERS = 2  # that are named


def days_of(text: str, option: str = "--within") -> int | None:
    """Of "60d", "8 weeks", "6m", "1y"; a number alone is days; None for "all". Raises UsageError, about this option."""
    if text == "all":
        return None
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(f"{option} {text!r}: say 60d, 8w, 6m, 1y or all")
    return int(found[1]) * next((days for days, unit in zip(_DAYS, found.groups()[1:], strict=True) if unit), 1)


def is_expired(row: LoneCredentialRow) -> bool:
    return row.state == "expired"


def ahead(credentials: Iterable[LoneCredentialRow], days: int | None) -> list[LoneCredentialRow]:
    """Credentials that end within so many days from now and that no longer-lived one replaces, the earliest first."""
    return _in_order(row for row in credentials if not is_expired(row) and (days is None or (row.days_left or 0) <= days))


def expired(credentials: Iterable[LoneCredentialRow]) -> list[LoneCredentialRow]:
    """Credentials that have ended and that no longer-lived one replaces, the last first."""
    return _in_order(filter(is_expired, credentials))[::-1]


def living(credentials: Iterable[LoneCredentialRow]) -> list[LoneCredentialRow]:
    """All that have not ended, by registration, the earliest first; what has no end comes last."""
    rows = (row for row in credentials if not is_expired(row))
    return sorted(rows, key=lambda row: (row.app_display_name or "", row.app_id or "", row.end is None, row.end or "", row.key_id or ""))


def _in_order(credentials: Iterable[LoneCredentialRow]) -> list[LoneCredentialRow]:
    rows = [row for row in credentials if row.end is not None and row.days_left is not None and not row.is_superseded]
    return sorted(rows, key=lambda row: (row.end or "", row.app_id or "", row.key_id or ""))


def some(owners: list[str] | None) -> str:
    """ann@contoso.com, bob@contoso.com (+23 more); no owner; not known."""
    if owners is None:
        return "not known"
    more = f" (+{len(owners) - MOST_OWNERS:,} more)" if len(owners) > MOST_OWNERS else ""
    return f"{', '.join(owners[:MOST_OWNERS])}{more}" or "no owner"


def ics(rows: list[LoneCredentialRow], now: datetime) -> str:
    """An iCalendar file (RFC 5545) with one all-day event for each credential, on the day on which it ends."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//regaudit//credentials//EN"]
    stamp = _basic(iso(now) or "")
    for row in rows:
        day = (row.end or "")[:10].replace("-", "")
        name = row.display_name or row.key_id or row.kind
        owners = f" Owners: {some(row.owners)}." if row.owners else ""
        waived = f" Waived until {row.waiver.until}." if row.waiver is not None else ""
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_escaped(f'{row.app_id}-{row.key_id}-{day}')}@regaudit",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{day}",
            f"SUMMARY:{_escaped(f'{row.kind} {name} of {row.app_display_name or row.app_id} expires')}",
            f"DESCRIPTION:{_escaped(f'Application {row.app_id}, key {row.key_id}, until {row.end}.{owners}{waived}')}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(_folded(line) for line in lines)


def _basic(text: str) -> str:
    return text.replace("-", "").replace(":", "")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> str:
    """At most 75 octets a line; what is longer goes on in the next, behind a blank. No part begins with what anybody obeys."""
    line = _COLONS.sub(lambda found: ": " * found[0].count(":"), line)
    out: list[str] = []
    room = 75
    while len(line.encode("utf-8")) > room:
        end = len(line.encode("utf-8")[:room].decode("utf-8", "ignore"))
        while end > 1 and _OBEYED.match(line, end):
            end -= 1
        out.append(line[:end])
        line, room = line[end:], 74
    return "\r\n ".join([*out, line]) + "\r\n"
