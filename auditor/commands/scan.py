"""regaudit scan: audit files, folders, standard input or a live tenant."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from auditor.commands import Command, complete, running
from auditor.commands.options import (
    Output,
    as_of,
    certain_only,
    exceptions,
    fail_on,
    group_by,
    ignore_newly_visible,
    inputs,
    limit,
    outputs,
    rules,
    strict,
)
from auditor.commands.output import apart, guard_all, pages, shipped, target, to_stdout, write
from auditor.errors import UsageError
from auditor.files import identities
from auditor.report import FORMATS, KINDS, Depth, Options, render
from auditor.severity import SEVERITIES

if TYPE_CHECKING:
    from auditor.engine.exceptions import Accepted
    from auditor.engine.selection import RuleSelection
    from auditor.pipeline import Inputs

_EPILOG = """\b
Examples:
  regaudit scan manifests/
  az ad app list --all | regaudit scan -
  regaudit scan --tenant contoso.onmicrosoft.com
  regaudit scan --tenant contoso.onmicrosoft.com --app 11111111-2222-3333-4444-555555555555
  regaudit scan . --select credentials --fail-on medium
  regaudit scan . --group-by owner
  regaudit scan . --output-format text --output-format json=report.json
  regaudit scan . --output-format github --output-format sarif=regaudit.sarif
  regaudit scan . --output-format azure --output-format markdown=summary.md
  regaudit scan . --fix-script fixes.ps1 --shell powershell
  regaudit scan . --output-format csv=credentials.csv --rows credentials
  regaudit scan . --against old-report.json --fail-on-new
  regaudit scan . --set secret-expiring.warn_days=60 --as-of 2026-01-31
"""
_FLAT = [name for name, form in FORMATS.items() if form.flat]


def _either(names: Iterable[str]) -> str:
    """text, json or csv."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


@click.command("scan", cls=Command, epilog=_EPILOG)
@inputs()
@click.option(
    "--output-format",
    "formats",
    multiple=True,
    metavar="FORMAT[=FILE]",
    shell_complete=complete.formats,
    help=f"{_either(FORMATS)}; FORMAT=FILE writes it to a file. Repeatable.",
)
@click.option("--rows", type=click.Choice(KINDS), help=f"What each row of {_either(_FLAT)} is about (default: {KINDS[0]}).")
@click.option("--inventory", is_flag=True, help="In JSON, also the owners, permissions and URIs of each app registration.")
@rules()
@exceptions()
@fail_on
@click.option(
    "--min-severity", type=click.Choice(list(reversed(SEVERITIES))), default="info", show_default=True,
    help="Hide findings below this severity.",
)  # fmt: skip
@strict
@certain_only
@as_of
@click.option(
    "--against", metavar="OLD", type=click.Path(), help="Compare with an older run: a JSON report or a snapshot. Marks what is new."
)  # fmt: skip
@click.option("--fail-on-new", is_flag=True, help="With --against: only findings that are new, or newly visible, make the exit code 1.")
@ignore_newly_visible
@click.option("--show-passed", is_flag=True, help="Also show the checks that passed.")
@group_by
@limit
@click.option(
    "--fix-script", metavar="FILE", type=click.Path(path_type=Path), help="Write the commands of all fixes to a script, which is not run."
)
@outputs(commands=True, redact=True)
def command(
    inputs: Inputs, rules: RuleSelection, accepted: Accepted | None, output: Output, formats: tuple[str, ...], as_of: str | None,
    show_passed: bool, inventory: bool, certain_only: bool, fail_on: str, strict: bool, min_severity: str, group_by: str,
    limit: int | None, rows: str | None, fix_script: Path | None, against: str | None, fail_on_new: bool, ignore_newly_visible: bool,
) -> int:  # fmt: skip
    """Audit app registrations in files, folders, standard input (-) or a live tenant.

    PATH is a manifest from the portal, what `az ad app show` or Microsoft Graph printed, a snapshot (`regaudit export`), a Power Apps
    connector or a solution, or a folder of such files. Formats are detected from the content. Objects are linked within one tenant;
    each top-level folder counts as one tenant, and so do all files named on the command line.
    """
    from auditor.pipeline import AuditRequest
    from auditor.report.build import report_of

    targets = [_target(form) for form in formats or ("text",)]
    apart([file for _, file in targets] + ([fix_script] if fix_script else []))
    depth = _depth({form for form, _ in targets}, rows, inventory=inventory)
    by_rule = max(FORMATS[form].by_rule for form, _ in targets)
    if against is None and fail_on_new:
        raise UsageError("--fail-on-new needs --against OLD, a JSON report or a snapshot of an older run")
    if ignore_newly_visible and not fail_on_new:
        raise UsageError("--ignore-newly-visible is about --fail-on-new")
    files = [file for file in (*(file for _, file in targets), fix_script) if file is not None]
    own = accepted.files if accepted is not None else []
    known = shipped() | pages(rules.extend_rules) | identities([*inputs.paths, rules.profile, against or "", *own]) if files else set()
    guard_all(files, known)
    by_area = depth > Depth.findings
    request = AuditRequest(
        inputs, rules, as_of, show_passed, by_area=by_area, by_rule=by_rule, certain_only=certain_only, accepted=accepted
    )
    old = None
    if against is not None:
        from auditor.commands import older

        old = older.report_at(against, rules, output, fail_on=fail_on, certain_only=certain_only)
    audited = running.run(request, output)
    guard_all(files, known | audited.opened)  # now it is known what the folders hold
    if old is not None:
        from auditor.history.against import compare_with

        compare_with(old, audited, fail_on, only_new=fail_on_new, ignore_newly_visible=ignore_newly_visible)
    report = output.redacted(report_of(audited, fail_on=fail_on, strict=strict, min_severity=min_severity, depth=depth))
    written = (os.path.abspath(file) for form, file in targets if form == "markdown" and file is not None)
    options = Options(
        limit, False, output.quiet, output.verbose, rows=rows or KINDS[0], group_by=group_by, shell=output.shell,
        summary="" if output.redactor is not None else next(written, ""),  # where it is says who runs it
    )  # fmt: skip
    # Files first: a pipeline reads one as soon as standard output tells of it.
    for form, file in sorted(targets, key=lambda target: target[1] is None):
        shown = options if file is not None else msgspec.structs.replace(options, colour=output.coloured)
        pieces = render(report, form, shown)
        to_stdout(pieces) if file is None else write(pieces, file)
    if fix_script is not None:
        from auditor.report import script

        write(script.render(report, output.shell), fix_script)
    return report.summary.gate.exit_code


def _depth(forms: set[str], rows: str | None, *, inventory: bool) -> Depth:
    """How much of what was read the reports need. Raises UsageError for an option that none of them heeds."""
    flat = forms & {*_FLAT}
    if rows is not None and not flat:
        raise UsageError(f"--rows is about {' and '.join(_FLAT)}: add --output-format {_either(_FLAT)}")
    if inventory and "json" not in forms:
        raise UsageError("--inventory is about the JSON report: add --output-format json")
    if inventory or (flat and rows == "applications"):  # some of their columns are of the inventory
        return Depth.inventory
    return max(FORMATS[form].needs for form in forms)


def _target(text: str) -> tuple[str, Path | None]:
    """FORMAT[=FILE], which can be written here. Raises UsageError."""
    form, file = target(text, FORMATS)
    if not FORMATS[form].is_installed:
        raise UsageError(f'the format {form} needs a package that is not installed: pip install "regaudit[{form}]"')
    if FORMATS[form].is_binary and not file and sys.stdout.isatty():
        raise UsageError(f"{form} is not for a terminal: give it a file, as in --output-format {form}=report.{form}")
    return form, file
