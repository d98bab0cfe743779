"""regaudit report render: a JSON report in other formats."""

from __future__ import annotations

import click

from auditor.commands import Command
from auditor.commands.options import Output, group_by, limit, outputs
from auditor.commands.output import guard_all
from auditor.commands.rendering import depth_of, output_formats, rows, targets_of, write_reports
from auditor.errors import UsageError
from auditor.files import identities
from auditor.report import FORMATS, KINDS, Depth, Options

_EPILOG = """\b
Examples:
  regaudit scan . --inventory --output-format json=report.json
  regaudit report render report.json --output-format html=report.html
  regaudit report render report.json --output-format sarif=regaudit.sarif --output-format csv=findings.csv
"""


@click.command("report", cls=Command, epilog=_EPILOG)
@click.argument("action", type=click.Choice(["render"]))
@click.argument("report", metavar="REPORT", type=click.Path())
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
    depth_of({form for form, _ in targets}, rows)  # of rows that none of them has
    found = written_at(report)
    if found is None:
        raise UsageError(f"{report} is not a JSON report: make one with `regaudit scan --output-format json --inventory`")
    # An HTML report says itself what it does not show.
    needs = [form for form, _ in targets if form != "html" and depth_of({form}, rows if FORMATS[form].flat else None) is Depth.inventory]
    if needs and not found.has_inventory and (found.applications or found.service_principals):
        raise UsageError(f"{needs[0]} needs an inventory, and {report} has none: scan with --output-format json --inventory")
    options = Options(
        limit, False, output.quiet, output.verbose, rows=rows or KINDS[0], group_by=group_by, shell=output.shell,
    )  # fmt: skip
    write_reports(output.redacted(found), targets, options, output)
    return 0
