"""The report of service principals' sign-ins (beta): its rows, and whether they can be believed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from auditor.entra.ids import MICROSOFT_GRAPH
from auditor.entra.shapes import SignIn, SignInActivity
from auditor.unknown import Unknown

_OLD = timedelta(days=7)


class SignIns:
    """Rows by app id. `gap`: a row's app id is not known; `old`: set when the report was saved long before it is judged.

    An old report does not say who has signed in since. Where the source does not say when it was `taken`, its newest sign-in shows its
    age: every tenant has sign-ins all the time.
    """

    def __init__(
        self, rows: Iterable[SignInActivity], collection: str, now: datetime, *, vouched: bool, taken: datetime | None = None
    ) -> None:
        self.rows: dict[str, list[SignInActivity]] = {}
        self.gap: Unknown | None = None
        self.old: Unknown | None = None
        newest = taken
        for row in rows:
            if isinstance(row.app_id, Unknown):
                self.gap = row.app_id
            elif row.app_id:
                self.rows.setdefault(row.app_id.lower(), []).append(row)
            last = row.last_sign_in_activity
            date = last.last_sign_in_date_time if isinstance(last, SignIn) else None
            if isinstance(date, datetime) and (newest is None or date > newest):
                newest = date
        if not vouched and (newest is None or now - newest > _OLD):
            age = "read on" if taken is not None else "its newest sign-in is of"
            why = "its date is unknown" if newest is None else f"saved long ago, {age} {newest:%Y-%m-%d}"
            self.old = Unknown(collection, why, collection=True)

    @property
    def may_be_whole(self) -> bool:
        """Every tenant signs in to Microsoft Graph: a report without it was filtered."""
        return MICROSOFT_GRAPH in self.rows and self.old is None
