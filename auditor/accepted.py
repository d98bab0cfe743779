"""What is said of a finding that somebody has accepted: by a waiver, or by a baseline. Structs that findings and reports share.

The text below a member describes it, also in the JSON Schema (`regaudit schema report`).
"""

from __future__ import annotations

import msgspec

from auditor.severity import Severity


class Waiver(msgspec.Struct, omit_defaults=True, gc=False):
    """Who accepts a risk, why and until when: what a waiver, or an override of the configuration, says."""

    reason: str
    """Why it is accepted."""
    file: str
    """The file that says so."""
    line: int
    """The line on which it begins there."""
    until: str | None = None
    """The last day of the waiver, as in 2026-01-31; null for an override, which does not end."""
    approver: str | None = None
    """Who approved it."""


class Baselined(msgspec.Struct, omit_defaults=True, gc=False):
    """What a baseline says of a finding that was there when it was made."""

    file: str
    """The file of the baseline."""
    since: str
    """The day on which the finding was recorded, as in 2026-01-31."""
    severity: Severity
    """Its severity on that day. A finding that is more severe now is new: its status is fail."""
