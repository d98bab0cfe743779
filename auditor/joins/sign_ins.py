"""The reports of sign-ins (beta), of service principals and of credentials: their rows, and whether they can be believed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from auditor.entra.ids import MICROSOFT_GRAPH
from auditor.entra.shapes import SignIn, SignInActivity
from auditor.unknown import Unknown

OLD = timedelta(days=7)
R = TypeVar("R")


class Report(Generic[R]):
    """Rows by `KEY`. `gap`: a row's key is not known; `old`: set when the report was saved long before it is judged.

    An old report does not say who has signed in since. Where the source does not say when it was `taken`, its newest sign-in shows its
    age: every tenant has sign-ins all the time.
    """

    KEY: str
    ACTIVITY: str

    def __init__(self, rows: Iterable[R], collection: str, now: datetime, *, vouched: bool, taken: datetime | None = None) -> None:
        self.rows: dict[str, list[R]] = {}
        self.gap: Unknown | None = None
        self.old: Unknown | None = None
        newest = taken
        for row in rows:
            key: Any = getattr(row, self.KEY)
            if isinstance(key, Unknown):
                self.gap = key
            elif key:
                self.rows.setdefault(key.lower(), []).append(row)
            last = getattr(row, self.ACTIVITY)
            date = last.last_sign_in_date_time if isinstance(last, SignIn) else None
            if isinstance(date, datetime) and (newest is None or date > newest):
                newest = date
        if not vouched and (newest is None or now - newest > OLD):
            age = "read on" if taken is not None else "its newest sign-in is of"
            why = "its date is unknown" if newest is None else f"saved long ago, {age} {newest:%Y-%m-%d}"
            self.old = Unknown(collection, why, collection=True)


class SignIns(Report[SignInActivity]):
    """Of service principals, by app id."""

    KEY, ACTIVITY = "app_id", "last_sign_in_activity"

    @property
    def may_be_whole(self) -> bool:
        """Every tenant signs in to Microsoft Graph: a report without it was filtered."""
        return MICROSOFT_GRAPH in self.rows and self.old is None
