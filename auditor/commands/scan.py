"""regaudit scan: audit files, folders, standard input or a live tenant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.commands import Command, FilePath, option, running
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
from auditor.commands.output import guard_all, pages, shipped, write
from auditor.commands.rendering import depths_of, output_formats, targets_of, write_reports
from auditor.commands.rendering import rows as row_option
from auditor.errors import UsageError
from auditor.files import identities
from auditor.report import FORMATS, Depth
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
  regaudit scan . --output-format html=report.html
  regaudit scan . --output-format github --output-format sarif=regaudit.sarif
  regaudit scan . --output-format azure --output-format markdown=summary.md
  regaudit scan . --fix-script fixes.ps1 --shell powershell
  regaudit scan . --output-format csv=credentials.csv --rows credentials
  regaudit scan . --against old-report.json --fail-on-new
  regaudit scan . --set secret-expiring.warn_days=60 --as-of 2026-01-31
"""


@click.command("scan", cls=Command, epilog=_EPILOG)
@inputs()
@output_formats
@row_option
@option("--inventory", is_flag=True, help="In JSON, also the owners, permissions and URIs of each object, its reach and exposure.")
@rules()
@exceptions()
@fail_on
@option(
    "--min-severity", type=click.Choice(list(reversed(SEVERITIES))), default="info", show_default=True,
    help="Hide findings below this severity.",
)  # fmt: skip
@strict
@certain_only
@as_of
@option(
    "--against", metavar="OLD", type=FilePath(), help="Compare with an older run: a JSON report or a snapshot. Marks what is new."
)  # fmt: skip
@option("--fail-on-new", is_flag=True, help="With --against: only findings that are new, or newly visible, make the exit code 1.")
@ignore_newly_visible
@option("--show-passed", is_flag=True, help="Also show the checks that passed.")
@group_by
@limit
@option("--fix-script", metavar="FILE", type=FilePath(Path), help="Write the commands of all fixes to a script, which is not run.")
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

    targets = targets_of(formats or ("text",), fix_script)
    if inventory and all(form != "json" for form, _ in targets):
        raise UsageError("--inventory is about the JSON report: add --output-format json")
    depth = max(*depths_of(targets, rows).values(), Depth.inventory if inventory else Depth.findings)
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
    write_reports(report, targets, output, limit=limit, rows=rows, group_by=group_by)
    if fix_script is not None:
        from auditor.report import script

        write(script.render(report, output.shell), fix_script)
    return report.summary.gate.exit_code
