"""What an answer of Microsoft Graph, or the lack of one, means: try again, begin again, do without, or give up. No SDK here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone

from auditor.errors import RegauditError
from auditor.sources.graph.redaction import redacted

_EXPIRED_PAGE = re.compile(r"expired_?page_?token|skip_?token|page token", re.IGNORECASE)
_UNLICENSED = re.compile(r"license|non_?premium", re.IGNORECASE)


class GraphFault(RegauditError):
    """Something of the tenant could not be read. Its text says what, and what to do."""

    passing = False  # it may go away by itself: try again
    retry_after: float | None = None  # seconds that Graph asks to wait
    throttled = False  # everybody waits, not only this request


class Denied(GraphFault):
    """403: a permission is missing."""


class Unlicensed(Denied):
    """The tenant has no licence for it."""


class NotThere(GraphFault):
    """404: the object does not exist (any more)."""


class NotTaken(GraphFault):
    """400: Graph does not take the query."""


class Expired(GraphFault):
    """The rest of a list cannot be had any more, or is missing: it has to be read from its beginning."""


class NotSignedIn(GraphFault):
    """No token, or one that Graph does not accept."""


class Passing(GraphFault):
    """Throttled, broken for the moment, cut off on the way."""

    passing = True

    def __init__(self, message: str, retry_after: float | None = None, *, throttled: bool = False) -> None:
        super().__init__(message)
        self.retry_after, self.throttled = retry_after, throttled


class Nonsense(Passing):
    """A whole answer that is not what was asked for: it may be better the next time, but is hardly so for long."""


class Unreadable(GraphFault):
    """Nothing but nonsense came, again and again."""


def of_status(status: int, code: str, message: str, headers: Mapping[str, str], what: str) -> GraphFault:
    """The fault that an answer with an error status stands for. `code` and `message` are Graph's own words, '' where it says none."""
    said = ": ".join(part for part in (str(status), redacted(code)[:80], redacted(message)) if part)
    if status in (429, 503):
        return Passing(f"Microsoft Graph is busy ({said})", retry_after(headers), throttled=True)
    if 500 <= status < 600 or status == 408:
        return Passing(f"Microsoft Graph failed ({said})", retry_after(headers))
    if status == 401:
        return NotSignedIn(f"Microsoft Graph does not accept the token ({said}); sign in again")
    if status in (400, 403) and _UNLICENSED.search(f"{code} {message}"):
        return Unlicensed(f"Microsoft Graph refuses it: the tenant has no licence for it ({said})")
    if status == 403:
        return Denied(f"Microsoft Graph refuses it ({said})")
    if status == 410 or (status == 400 and _EXPIRED_PAGE.search(f"{code} {message}")):
        return Expired(f"the page of {what} has expired ({said})")
    if status == 404:
        return NotThere(f"{what} is not there ({said})")
    return NotTaken(f"Microsoft Graph does not take the request for {what} ({said})")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header: a number, whole or not, or a date. None where there is none that makes sense."""
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
    except (ValueError, OverflowError):
        return None
