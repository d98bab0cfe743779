"""When client secrets and certificates were last used."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Any

from auditor.entra.collections import CREDENTIAL_SIGN_INS
from auditor.entra.shapes import SignIn
from auditor.entra.sign_in_shapes import CredentialSignIn
from auditor.joins.lookups import Lookups
from auditor.joins.sign_ins import Report
from auditor.unknown import Unknown, first_unknown


class _Rows(Report[CredentialSignIn]):
    """By key ID."""

    KEY, ACTIVITY = "key_id", "sign_in_activity"


class CredentialUse:
    """Of one scope. A file may hold the rows of some applications only: unless the source vouches for its report, nothing of an
    application is no answer.
    """

    def __init__(self, lookups: Lookups, rows: Iterable[CredentialSignIn], now: datetime, *, vouched: bool) -> None:
        self._lookups, self._known = lookups, lookups.known
        taken = self._known.info.taken_at if self._known.info is not None else None
        self._report = _Rows(rows, CREDENTIAL_SIGN_INS.name, now, vouched=vouched, taken=taken)

    def last(self, key_ids: list[str], app_id: str | Unknown) -> datetime | Unknown | None:
        """When a credential with these key IDs was last used; null where the report has nothing of it."""
        if self._report.old is not None and self._known.has(CREDENTIAL_SIGN_INS):
            return self._report.old
        found = [self._rows(key_id) for key_id in key_ids]
        activities = [row.sign_in_activity for rows in found if isinstance(rows, list) for row in rows]
        dates: list[Any] = [one.last_sign_in_date_time if isinstance(one, SignIn) else one for one in activities]
        if (gap := first_unknown(*found, *dates)) is not None:
            return gap
        if not activities and not self._known.vouched_for:
            if isinstance(app_id, Unknown):
                return app_id
            if app_id not in self._app_ids:
                return Unknown(CREDENTIAL_SIGN_INS.name, "the input has nothing of this application", collection=True)
        return max((date for date in dates if date is not None and date.year > 1), default=None)  # the year 1 stands for never

    def _rows(self, key_id: str) -> list[CredentialSignIn] | Unknown | None:
        return self._lookups.find(CREDENTIAL_SIGN_INS, (self._report.rows, self._report.gap), key_id)

    @cached_property
    def _app_ids(self) -> frozenset[str]:
        rows = (row for rows in self._report.rows.values() for row in rows)
        return frozenset(row.app_id.lower() for row in rows if isinstance(row.app_id, str))
