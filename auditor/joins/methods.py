"""Which users have registered a method for multifactor authentication."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.entra.collections import REGISTRATION_DETAILS
from auditor.entra.sign_in_shapes import RegistrationDetails
from auditor.joins.lookups import Lookups
from auditor.unknown import Unknown


class Methods:
    """Of one world. A live tenant is asked for those without a method only: of who is missing in its report nothing is said."""

    def __init__(self, lookups: Lookups, rows: Iterable[RegistrationDetails]) -> None:
        self._lookups = lookups
        self._rows: dict[str, RegistrationDetails] = {row.id.lower(): row for row in rows if isinstance(row.id, str)}

    def without_mfa(self, user_id: str | Unknown) -> bool | Unknown:
        """Whether the report says that a user has none."""
        if isinstance(user_id, Unknown):
            return user_id
        row = self._lookups.find(REGISTRATION_DETAILS, (self._rows, None), user_id)
        registered: Any = row.is_mfa_registered if isinstance(row, RegistrationDetails) else row
        return registered if isinstance(registered, Unknown) else registered is not None and not registered
