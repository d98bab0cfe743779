"""regaudit overview: what several audits came to, on a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from auditor.commands import Command, echo_json, running
from auditor.commands.options import Output, as_of, exceptions, inputs, outputs, rules

if TYPE_CHECKING:
    from auditor.engine.exceptions import Accepted
    from auditor.engine.selection import RuleSelection
    from auditor.pipeline import Inputs
    from auditor.report.model import Report

_EPILOG = """\b
Examples:
  regaudit overview manifests/
  regaudit overview contoso.ndjson.gz fabrikam.ndjson.gz
  regaudit overview --tenant contoso.onmicrosoft.com --output-format json
  regaudit scan . --inventory --output-format json=report.json; regaudit overview report.json
"""
_START = 200  # bytes that tell a report
# What makes an overview incomplete. Which findings count is for scan to say.
_NOT_DONE = ("empty", "nothing-checked", "errors", "broken-checks")


@click.command("overview", cls=Command, epilog=_EPILOG)
@inputs()
@rules()
@exceptions()
@as_of
@click.option("--top", type=click.IntRange(min=0), default=10, show_default=True, metavar="N", help="Rows of each list (0: all).")
@outputs("text", "json")
def command(inputs: Inputs, rules: RuleSelection, accepted: Accepted | None, output: Output, as_of: str | None, top: int) -> int:
    """Show what is worst: rules, registrations, owners, what expires next, what is dangerous and within reach, what was not checked.

    PATH is what `regaudit scan` reads, or a JSON report of it. Several tenants are shown each by itself, and all together. Tiers of
    permissions need a report with --inventory. The exit code is 0, or 2 where something could not be read.
    """
    from auditor.report.overview import overview

    files = [path for path in inputs.paths if _is_report(path)]
    reports, code = _decoded(files)
    others = msgspec.structs.replace(inputs, paths=tuple(path for path in inputs.paths if path not in files))
    if not others.are_none:
        from auditor.pipeline import AuditRequest
        from auditor.report import Depth
        from auditor.report.build import report_of

        audited = running.run(AuditRequest(others, rules, as_of, by_area=False, accepted=accepted), output, notes=True)
        reports.append(report_of(audited, fail_on="never", depth=Depth.inventory))
    if not reports:
        return 2
    found = overview(reports, top)
    for name, number in Counter(part.tenant_id for part in found.tenants if part.tenant_id).items():
        if number > 1:
            click.echo(f"regaudit: tenant {name} is in the input {number} times: the total counts it {number} times", err=True)
    if output.form == "json":
        echo_json(found)
    else:
        from auditor.report.overview_text import Look, lines

        text = "".join(f"{line}\n" for line in lines(found, Look(output.coloured, output.verbose, output.quiet)))
        click.echo(text.encode("utf-8", "replace"), nl=False)
    is_done = all(one.cause not in _NOT_DONE for report in reports for one in report.summary.gate.incomplete)
    return code if is_done else 2


def _is_report(path: str) -> bool:
    """Whether a file is a JSON report, by its beginning."""
    from auditor.report import FORMATS

    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as file:
            return FORMATS["json"].wrote(file.read(_START), b"")
    except (OSError, ValueError):
        return False  # reading it says why


def _decoded(files: Iterable[str]) -> tuple[list[Report], int]:
    """The reports in files, and 2 where one cannot be read: standard error says which."""
    from auditor.display import clean, harmless
    from auditor.report.model import decode

    reports, code = [], 0
    for file in files:
        try:
            reports.append(decode(Path(file).read_bytes()))
        except (OSError, ValueError, RecursionError) as error:  # msgspec's are ValueErrors
            reason = getattr(error, "strerror", None) or str(error)
            click.echo(f"regaudit: {harmless(file, 500)}: this JSON report cannot be read: {clean(reason, 500)}", err=True)
            code = 2
    return reports, code
