"""What a configuration file may say. Few runs have one: only those import this module."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from auditor.severity import SEVERITIES

_Severity = Annotated[str, msgspec.Meta(description=f"one of {', '.join(SEVERITIES)}", pattern=f"^({'|'.join(SEVERITIES)})$")]
_FAIL_ON = (*SEVERITIES[1:], "never")
_FailOn = Annotated[str, msgspec.Meta(description=f"one of {', '.join(_FAIL_ON)}", pattern=f"^({'|'.join(_FAIL_ON)})$")]
_Rows = Annotated[str, msgspec.Meta(description="findings, applications or credentials", pattern="^(findings|applications|credentials)$")]
_Group = Annotated[str, msgspec.Meta(description="rule, app or owner", pattern="^(rule|app|owner)$")]
_Shell = Annotated[str, msgspec.Meta(description="bash, powershell or cmd", pattern="^(bash|powershell|cmd)$")]
_Number = Annotated[int, msgspec.Meta(description="a number that is not negative", ge=0)]
_Days = Annotated[int, msgspec.Meta(description="a number of days, 1 to 3650", ge=1, le=3650)]


class OverrideTable(msgspec.Struct, forbid_unknown_fields=True, rename="kebab"):
    """What applies to single app registrations: those of `app-id`, or those of a name or a tag, which their owners choose."""

    reason: str
    """Why. Every report lists it with the findings that it accepts."""
    app_id: Annotated[str | list[str] | None, msgspec.Meta(description="an application (client) ID, or a list of them")] = None
    """Application (client) IDs."""
    name: str | None = None
    """A pattern of names, in which * is any text."""
    tag: str | None = None
    """A tag."""
    ignore: list[str] = []
    """Rules, areas or tags of rules: what they find there is waived."""
    severity: Annotated[dict[str, Any], msgspec.Meta(description="a table: rule = severity")] = {}
    """Rule = severity that its findings have there."""


class Table(msgspec.Struct, forbid_unknown_fields=True, rename="kebab"):
    """What a configuration may say; the defaults of the command line are in force for the rest. Paths begin at the folder of the file."""

    extend: str | None = None
    """Another configuration that this one adds to, and whose values it replaces."""
    profile: str | None = None
    """The profile of rules: a name, or a TOML file."""
    select: list[str] = []
    """Only these rules: names, areas, tags, frameworks, name-* or ALL."""
    ignore: list[str] = []
    """Not these rules."""
    severity: Annotated[dict[str, Any], msgspec.Meta(description="a table: rule = severity")] = {}
    """Rule = severity of its findings."""
    params: Annotated[dict[str, Any], msgspec.Meta(description="a table for each rule, as in [params.secret-expiring]")] = {}
    """Rule -> parameter = value."""
    override: Annotated[list[OverrideTable], msgspec.Meta(description="a list of tables, each of which begins with [[override]]")] = []
    """What applies to single app registrations."""
    extend_rules: list[str] = []
    """Folders with rule pages of your own."""
    exclude: list[str] = []
    """Files and folders to leave out, in the syntax of .gitignore."""
    waivers: str | None = None
    """The file of waivers; default: regaudit-waivers.toml, which is looked for like the configuration."""
    max_waiver_days: _Days | None = None
    """How many days ahead a waiver may end; default: 365."""
    baseline: str | None = None
    """A baseline (`regaudit baseline`): its findings do not count."""
    against: str | None = None
    """An older JSON report or snapshot that a scan is compared with."""
    fail_on_new: bool | None = None
    """Whether only findings count that the older run did not have."""
    ignore_newly_visible: bool | None = None
    """Whether new findings that the older run could not have found do not count."""
    fail_on: _FailOn | None = None
    """The lowest severity that makes the exit code 1, or never."""
    min_severity: _Severity | None = None
    """Findings below this severity are not listed."""
    strict: bool | None = None
    """Whether the exit code is 2 if anything could not be evaluated."""
    certain_only: bool | None = None
    """Whether findings that are only likely count as not evaluated."""
    allow_empty: bool | None = None
    """Whether the exit code is 0 instead of 2 if the input is empty."""
    max_file_size: str | None = None
    """Larger files are named and not read, as in 500MB."""
    output_format: list[str] = []
    """Reports of `regaudit scan`: FORMAT, or FORMAT=FILE with a file below the folder of this configuration."""
    rows: _Rows | None = None
    """What each row of flat formats is about."""
    inventory: bool | None = None
    """Whether JSON has the owners, permissions and URIs of each app registration."""
    show_passed: bool | None = None
    """Whether checks that passed are shown."""
    group_by: _Group | None = None
    """How the text report is divided."""
    limit: _Number | None = None
    """Findings shown of each rule, object or owner, with their fixes; 0: all."""
    fix_script: str | None = None
    """A file below the folder of this configuration, to which the commands of all fixes are written."""
    shell: _Shell | None = None
    """The shell that commands of fixes are written for."""
    quiet: bool | None = None
    """Whether only the most important lines are printed, and no progress."""
    verbose: bool | None = None
    """Whether all reasons, notes and skipped files are printed."""
    no_color: bool | None = None
    """Whether there are no colours."""
