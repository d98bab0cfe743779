"""regaudit report render: a JSON report in other formats."""

from __future__ import annotations

import click

from auditor.commands import Command, FilePath
from auditor.commands.options import Output, group_by, limit, outputs
from auditor.commands.output import guard_all
from auditor.commands.rendering import depths_of, output_formats, rows, targets_of, write_reports
from auditor.errors import UsageError
from auditor.files import identities
from auditor.report import FORMATS, Depth

_EPILOG = """\b
Examples:
  regaudit scan . --inventory --output-format json=report.json
  regaudit report render report.json --output-format html=report.html
  regaudit report render report.json --output-format sarif=regaudit.sarif --output-format csv=findings.csv
"""


@click.command("report", cls=Command, epilog=_EPILOG)
@click.argument("action", type=click.Choice(["render"]))
@click.argument("report", metavar="REPORT", type=FilePath())
@output_formats
@rows
@group_by
@limit
@outputs(commands=True, redact=True)
def command(
    action: str, report: str, output: Output, formats: tuple[str, ...], rows: str | None, group_by: str, limit: int | None
) -> int:  # fmt: skip
    """Write a JSON report of `regaudit scan` in other formats. Nothing is audited again.

    REPORT is a file, or - for standard input. html, xlsx and rows of applications show more of a report that was made with --inventory.
    The exit code is 0; that of the run is in the report.
    """
    from auditor.commands.older import written_at

    targets = targets_of(formats or ("text",))
    guard_all([file for _, file in targets if file is not None], identities([report]))
    depths = depths_of(targets, rows)
    found = written_at(report)
    if found is None:
        raise UsageError(f"{report} is not a JSON report: make one with `regaudit scan --output-format json --inventory`")
    needs = [form for form, depth in depths.items() if depth is Depth.inventory and not FORMATS[form].says_what_it_lacks]
    if needs and not found.has_inventory and (found.applications or found.service_principals):
        raise UsageError(f"{needs[0]} needs an inventory, and {report} has none: scan with --output-format json --inventory")
    write_reports(output.redacted(found), targets, output, limit=limit, rows=rows, group_by=group_by)
    return 0
