"""Reports in the formats that were asked for, on standard output and in files: what `scan` and `report render` share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from auditor.commands import complete, option
from auditor.commands.output import apart, target, to_stdout, write
from auditor.errors import UsageError
from auditor.report import FORMATS, KINDS, OF_INVENTORY, Depth, Options, render

if TYPE_CHECKING:
    from auditor.commands.options import Output
    from auditor.report.model import Report

Target = tuple[str, Path | None]  # a format, and the file that it goes to; None: standard output
FLAT = [name for name, form in FORMATS.items() if form.flat]


def either(names: Iterable[str]) -> str:
    """text, json or csv."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


output_formats = option(
    "--output-format",
    "formats",
    multiple=True,
    metavar="FORMAT[=FILE]",
    shell_complete=complete.formats,
    help=f"{either(FORMATS)}; FORMAT=FILE writes it to a file. Repeatable.",
)
rows = option("--rows", type=click.Choice(KINDS), help=f"What each row of {either(FLAT)} is about (default: {KINDS[0]}).")


def targets_of(formats: Iterable[str], *others: Path | None) -> list[Target]:
    """What was asked for, each of which can be written here. `others`: files that are written besides. Raises UsageError."""
    targets = [_target(form) for form in formats]
    apart([*(file for _, file in targets), *filter(None, others)])
    return targets


def _target(text: str) -> Target:
    form, file = target(text, FORMATS)
    if not FORMATS[form].is_installed:
        raise UsageError(f'the format {form} needs a package that is not installed: pip install "regaudit[{form}]"')
    if FORMATS[form].is_binary and not file and sys.stdout.isatty():
        raise UsageError(f"{form} is not for a terminal: give it a file, as in --output-format {form}=report.{form}")
    return form, file


def depths_of(targets: Iterable[Target], rows: str | None) -> dict[str, Depth]:
    """How much of what was read each of these formats shows. Raises UsageError for rows of none of them."""
    forms = {form: FORMATS[form] for form, _ in targets}
    if rows is not None and not any(form.flat for form in forms.values()):
        raise UsageError(f"--rows is about {' and '.join(FLAT)}: add --output-format {either(FLAT)}")
    return {name: Depth.inventory if form.flat and rows in OF_INVENTORY else form.needs for name, form in forms.items()}


def write_reports(report: Report, targets: list[Target], output: Output, *, limit: int | None, rows: str | None, group_by: str) -> None:
    """Files first: a pipeline reads one as soon as standard output tells of it."""
    written = (os.path.abspath(file) for form, file in targets if form == "markdown" and file is not None)
    options = Options(
        limit, False, output.quiet, output.verbose, rows=rows or KINDS[0], group_by=group_by, shell=output.shell,
        summary="" if output.redactor is not None else next(written, ""),  # where it is says who runs it
    )  # fmt: skip
    for form, file in sorted(targets, key=lambda one: one[1] is None):
        shown = options if file is not None else msgspec.structs.replace(options, colour=output.coloured)
        pieces = render(report, form, shown)
        to_stdout(pieces) if file is None else write(pieces, file)
