"""Loading and auditing as commands do it: progress and what could not be read go to standard error."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from auditor.commands.options import Output
from auditor.commands.progress import Progress

if TYPE_CHECKING:
    from auditor.pipeline import AuditRequest, Inputs, Loaded, Report


def load(inputs: Inputs, collections: Collection[str], as_of: str | None, output: Output) -> Loaded:
    """What was read, joined, and nothing judged; of a tenant or a snapshot these collections."""
    from auditor import pipeline

    with _shown(output) as progress:
        loaded = pipeline.load(inputs, lambda: collections, pipeline.moment(as_of), progress=progress, tenant_progress=progress.collection)
    say_errors(loaded.errors)
    if output.verbose:
        _say_notes(loaded)
    return loaded


def run(request: AuditRequest, output: Output, *, notes: bool = False) -> Report:
    """The report of an audit. `notes` go to standard error where --verbose asks for them and the report does not print them itself."""
    from auditor import pipeline

    with _shown(output) as progress:
        report = pipeline.run(request, progress=progress, tenant_progress=progress.collection)
    say_errors(report.errors)
    if notes and output.verbose:
        _say_notes(report)
    return report


@contextmanager
def _shown(output: Output) -> Iterator[Progress]:
    progress = Progress(quiet=output.quiet)
    try:
        yield progress
    finally:
        progress.close()


def say_errors(errors: Iterable[Exception]) -> None:
    """What could not be read, a line each."""
    from auditor.display import told

    for error in errors:
        click.echo(f"regaudit: {told(error, 1000)}", err=True)


def _say_notes(loaded: Loaded) -> None:
    from auditor.display import harmless, told

    for note in loaded.notes:
        click.echo(f"note {told(note, 500)}", err=True)
    for name in loaded.passed_over:
        click.echo(f"passed over {harmless(name, 500)}", err=True)
