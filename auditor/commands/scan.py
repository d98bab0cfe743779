"""regaudit scan: audit files, folders, standard input or a live tenant."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.commands import Command, complete, running
from auditor.commands.options import Output, as_of, certain_only, inputs, limit, outputs, rules, strict
from auditor.commands.output import guard_all, pages, shipped, write
from auditor.errors import UsageError
from auditor.files import identities, identity
from auditor.severity import SEVERITIES

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection
    from auditor.pipeline import Inputs

_EPILOG = """\b
Examples:
  regaudit scan manifests/
  az ad app list --all | regaudit scan -
  regaudit scan --tenant contoso.onmicrosoft.com
  regaudit scan --tenant contoso.onmicrosoft.com --app 11111111-2222-3333-4444-555555555555
  regaudit scan . --select credentials --fail-on medium
  regaudit scan . --output-format text --output-format json=report.json
  regaudit scan . --fix-script fixes.ps1 --shell powershell
  regaudit scan . --set secret-expiring.warn_days=60 --as-of 2026-01-31
"""


@click.command("scan", cls=Command, epilog=_EPILOG)
@inputs()
@click.option(
    "--output-format",
    "formats",
    multiple=True,
    metavar="FORMAT[=FILE]",
    shell_complete=complete.formats,
    help="text or json, into a file if one is named. Repeatable.",
)
@rules()
@click.option(
    "--fail-on", type=click.Choice([*reversed(SEVERITIES[1:]), "never"]), default="high", show_default=True,
    help="The least severity that makes the exit code 1.",
)  # fmt: skip
@click.option(
    "--min-severity", type=click.Choice(list(reversed(SEVERITIES))), default="info", show_default=True, help="Show nothing below this."
)
@strict
@certain_only
@as_of
@click.option("--show-passed", is_flag=True, help="Show what passed, too.")
@limit
@click.option(
    "--fix-script", metavar="FILE", type=click.Path(path_type=Path), help="Write the commands of all fixes to a script, which is not run."
)
@outputs(commands=True)
def command(
    inputs: Inputs, rules: RuleSelection, output: Output, formats: tuple[str, ...], as_of: str | None, show_passed: bool,
    certain_only: bool, fix_script: Path | None, **options: Any,
) -> int:  # fmt: skip
    """Audit app registrations in files, folders, standard input (-) or a live tenant.

    PATH is a manifest from the portal, what `az ad app show` or Microsoft Graph printed, a snapshot (`regaudit export`), a Power Apps
    connector or a solution, or a folder of such files. What they are is told by their content. Joins (an app and its service
    principal, say) reach over the files that are named, over one top-level folder, or over one tenant.
    """
    from auditor.pipeline import AuditRequest
    from auditor.report import Options, render

    targets = [_target(form) for form in formats or ("text",)]
    _apart([file for _, file in targets] + ([fix_script] if fix_script else []))
    files = [file for file in (*(file for _, file in targets), fix_script) if file is not None]
    known = shipped() | pages(rules.extend_rules) | identities([*inputs.paths, rules.profile]) if files else set()
    guard_all(files, known)
    report = running.run(AuditRequest(inputs, rules, as_of, show_passed, certain_only=certain_only), output)
    guard_all(files, known | report.opened)  # now it is known what the folders hold
    for form, file in targets:
        shown = Options(colour=file is None and output.coloured, quiet=output.quiet, verbose=output.verbose, shell=output.shell, **options)
        pieces = render(report, form, shown)
        _to_stdout(pieces) if file is None else write(pieces, file)
    if fix_script is not None:
        from auditor.report import script

        write(script.render(report, output.shell), fix_script)
    return report.exit_code(options["fail_on"], strict=options["strict"])


def _apart(files: list[Path | None]) -> None:
    """Raises UsageError for two reports in one place."""
    seen = set[Any]()
    for file in files:
        key = file and (identity(file) or os.path.realpath(file))
        if key in seen:
            where = file or "standard output"
            raise UsageError(f"two reports on {where}: give each a file of its own, as in --output-format json=report.json")
        seen.add(key)


def _target(text: str) -> tuple[str, Path | None]:
    from auditor.report import FORMATS

    form, equals, file = text.partition("=")
    if form not in FORMATS:
        raise UsageError(f"no report format is called {form!r}; there are: {', '.join(FORMATS)}")
    if equals and not file:
        raise UsageError(f"--output-format {text}: the file's name is missing")
    return form, Path(file) if file else None


def _to_stdout(pieces: Iterator[bytes]) -> None:
    out = sys.stdout.buffer
    for piece in pieces:
        out.write(piece)
    out.flush()
