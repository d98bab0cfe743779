"""regaudit overview: what several audits came to, on a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from auditor.commands import Command, echo_json, option, running
from auditor.commands.options import Output, as_of, exceptions, inputs, outputs, rules
from auditor.errors import UsageError

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
# What makes an overview incomplete. Which findings count is for scan to say.
_NOT_DONE = ("empty", "nothing-checked", "errors", "broken-checks")


@click.command("overview", cls=Command, epilog=_EPILOG)
@inputs()
@rules()
@exceptions()
@as_of
@option("--top", type=click.IntRange(min=0), default=10, show_default=True, metavar="N", help="Rows of each list (0: all).")
@outputs("text", "json", redact=True)
def command(inputs: Inputs, rules: RuleSelection, accepted: Accepted | None, output: Output, as_of: str | None, top: int) -> int:
    """Show what is worst: rules, registrations, owners, what expires next, what is dangerous and within reach, what was not checked.

    PATH is what `regaudit scan` reads, or a JSON report of it. Several tenants are shown each by itself, and all together. Tiers of
    permissions need a report with --inventory. The exit code is 0, or 2 where something could not be read.
    """
    from auditor.report.overview import overview

    reports, left, code = _written(inputs.paths, output)
    others = msgspec.structs.replace(inputs, paths=left)
    if not others.are_none:
        from auditor.pipeline import AuditRequest
        from auditor.report import Depth
        from auditor.report.build import report_of
        from auditor.report.tables import INVENTORY

        audited = running.run(AuditRequest(others, rules, as_of, by_area=True, accepted=accepted, also=INVENTORY), output, notes=True)
        reports.append(report_of(audited, fail_on="never", depth=Depth.inventory))
    if not reports:
        return 2
    found = overview([output.redacted(report) for report in reports], top)
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


def _written(paths: Iterable[str], output: Output) -> tuple[list[Report], tuple[str, ...], int]:
    """The JSON reports among files, the other paths, and 2 where a report cannot be read: standard error says which."""
    from auditor.commands.older import written_at

    reports: list[Report] = []
    others: list[str] = []
    code = 0
    for path in paths:
        try:
            written = written_at(path) if path != "-" and Path(path).is_file() else None
        except UsageError as error:
            running.say_errors([error if output.redactor is None else UsageError(output.redactor.text(str(error)))])
            code = 2
            continue
        if written is None:
            others.append(path)
        else:
            reports.append(written)
    return reports, tuple(others), code
