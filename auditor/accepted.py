"""What took findings away from the gate: configuration, waivers, baseline. Structs that engine and reports share.

The text below a member describes it, also in the JSON Schema (`regaudit schema report`).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from auditor.severity import Severity

NOT_CHECKED = "its rule was not checked in this run"  # why a waiver is not used


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


class WaiverUse(msgspec.Struct, omit_defaults=True, gc=False):
    """A waiver, or an override of the configuration, and what it did in this run."""

    waiver: Waiver
    """What it says."""
    state: Literal["applied", "expired", "unused"]
    """applied: it accepts at least one finding; expired: its last day has passed, and its findings count again; unused: no finding is
    of it."""
    what: str
    """What it names: a finding, or a rule and an object."""
    findings: int = 0
    """Number of its findings; of an expired one, of those that count again."""
    remark: str | None = None
    """Why it is not used, where that is known."""


class Exceptions(msgspec.Struct):
    """What took findings away from the gate: configuration, waivers, baseline."""

    configuration: list[str] = []
    """The configuration files that are in force, the one that decides first."""
    left_out: int = 0
    """Number of findings that are not in the report because of the configuration: its rules, severities and parameters."""
    lowered: int = 0
    """Number of findings that have a lower severity because of the configuration."""
    waived: int = 0
    """Number of findings with status waived."""
    waivers: list[WaiverUse] = []
    """All waivers and overrides, in the order of their files."""
    baseline: str | None = None
    """The file of the baseline."""
    baselined: int = 0
    """Number of findings with status baselined."""
    risen: int = 0
    """Number of findings that are more severe than the baseline says: they are new."""
    fixed: int = 0
    """Number of findings of the baseline that are fixed: `regaudit baseline PATH --update FILE` takes them out."""
    not_seen: int = 0
    """Number of findings of the baseline that this run could not look for."""
