"""regaudit scan: audit files, folders, standard input or a live tenant."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from auditor.commands import Command, complete, running
from auditor.commands.options import Output, as_of, certain_only, inputs, limit, outputs, rules, strict
from auditor.commands.output import guard_all, pages, shipped, write
from auditor.errors import UsageError
from auditor.files import identities, identity
from auditor.report import FORMATS, KINDS, Depth, Options, render
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
  regaudit scan . --output-format github --output-format sarif=regaudit.sarif
  regaudit scan . --output-format azure --output-format markdown=summary.md
  regaudit scan . --fix-script fixes.ps1 --shell powershell
  regaudit scan . --output-format csv=credentials.csv --rows credentials
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
@click.option(
    "--fail-on", type=click.Choice([*reversed(SEVERITIES[1:]), "never"]), default="high", show_default=True,
    help="The lowest severity that makes the exit code 1.",
)  # fmt: skip
@click.option(
    "--min-severity", type=click.Choice(list(reversed(SEVERITIES))), default="info", show_default=True,
    help="Hide findings below this severity.",
)  # fmt: skip
@strict
@certain_only
@as_of
@click.option("--show-passed", is_flag=True, help="Also show the checks that passed.")
@limit
@click.option(
    "--fix-script", metavar="FILE", type=click.Path(path_type=Path), help="Write the commands of all fixes to a script, which is not run."
)
@outputs(commands=True, redact=True)
def command(
    inputs: Inputs, rules: RuleSelection, output: Output, formats: tuple[str, ...], as_of: str | None, show_passed: bool, inventory: bool,
    certain_only: bool, fail_on: str, strict: bool, min_severity: str, limit: int, rows: str | None, fix_script: Path | None,
) -> int:  # fmt: skip
    """Audit app registrations in files, folders, standard input (-) or a live tenant.

    PATH is a manifest from the portal, what `az ad app show` or Microsoft Graph printed, a snapshot (`regaudit export`), a Power Apps
    connector or a solution, or a folder of such files. Formats are detected from the content. Objects are linked within one tenant;
    each top-level folder counts as one tenant, and so do all files named on the command line.
    """
    from auditor.pipeline import AuditRequest
    from auditor.report.build import report_of

    targets = [_target(form) for form in formats or ("text",)]
    _apart([file for _, file in targets] + ([fix_script] if fix_script else []))
    depth = _depth({form for form, _ in targets}, rows, inventory=inventory)
    by_rule = max(FORMATS[form].by_rule for form, _ in targets)
    files = [file for file in (*(file for _, file in targets), fix_script) if file is not None]
    known = shipped() | pages(rules.extend_rules) | identities([*inputs.paths, rules.profile]) if files else set()
    guard_all(files, known)
    request = AuditRequest(inputs, rules, as_of, show_passed, by_area=depth > Depth.findings, by_rule=by_rule, certain_only=certain_only)
    audited = running.run(request, output)
    guard_all(files, known | audited.opened)  # now it is known what the folders hold
    report = output.redacted(report_of(audited, fail_on=fail_on, strict=strict, min_severity=min_severity, depth=depth))
    options = Options(
        limit, False, output.quiet, output.verbose, rows=rows or KINDS[0], shell=output.shell,
        summary="" if output.redactor else next((os.path.abspath(file) for form, file in targets if form == "markdown" and file is not None), ""),
    )  # fmt: skip
    # Files first: a pipeline reads one as soon as standard output tells of it.
    for form, file in sorted(targets, key=lambda target: target[1] is None):
        shown = options if file is not None else msgspec.structs.replace(options, colour=output.coloured)
        pieces = render(report, form, shown)
        _to_stdout(pieces) if file is None else write(pieces, file)
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
    form, equals, file = text.partition("=")
    if form not in FORMATS:
        import difflib  # as long as ten of our modules, and seldom needed

        close = difflib.get_close_matches(form.lower(), FORMATS, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}? There are" if close else "there are"
        raise UsageError(f"no report format is called {form!r}; {hint}: {', '.join(FORMATS)}")
    if equals and not file:
        raise UsageError(f"--output-format {text}: the file's name is missing")
    if not FORMATS[form].is_installed:
        raise UsageError(f'the format {form} needs a package that is not installed: pip install "regaudit[{form}]"')
    if FORMATS[form].is_binary and not file and sys.stdout.isatty():
        raise UsageError(f"{form} is not for a terminal: give it a file, as in --output-format {form}=report.{form}")
    return form, Path(file) if file else None


def _to_stdout(pieces: Iterator[bytes]) -> None:
    out = sys.stdout.buffer
    for piece in pieces:
        out.write(piece)
    out.flush()
