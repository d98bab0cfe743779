"""Loading and auditing as commands do it: progress and what could not be read go to standard error."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from auditor.commands.options import Output
from auditor.commands.progress import Progress

if TYPE_CHECKING:
    from auditor.engine.gate import Gate
    from auditor.pipeline import AuditRequest, Inputs
    from auditor.results import Loaded, Report


def load(inputs: Inputs, collections: Collection[str], as_of: str | None, output: Output) -> Loaded:
    """What was read, joined, and nothing judged; of a tenant or a snapshot these collections."""
    from auditor import pipeline

    with _shown(output) as progress:
        loaded = pipeline.load(inputs, lambda: collections, pipeline.moment(as_of), progress=progress, tenant_progress=progress.collection)
    _say(loaded, output, notes=True)
    return loaded


def run(request: AuditRequest, output: Output, *, notes: bool = False) -> Report:
    """The report of an audit. `notes` go to standard error where --verbose asks for them and the report does not print them itself."""
    from auditor import pipeline

    with _shown(output) as progress:
        report = pipeline.run(request, progress=progress, tenant_progress=progress.collection)
    _say(report, output, notes=notes)
    return report


def listed(loaded: Loaded, objects: str, what: str, *, read: int, known: int) -> Gate:
    """What a list comes to that judges nothing (see `gate.of_list`). Where nothing was checked, standard error says why."""
    from auditor.engine import gate

    errors = len(loaded.errors)
    passed = gate.of_list(objects, what, read=read, known=known, errors=errors, is_empty=loaded.is_empty, allow_empty=loaded.allow_empty)
    for shortfall in passed.incomplete:
        if shortfall.cause is not gate.Cause.errors:
            click.echo(f"regaudit: incomplete: {shortfall.message}", err=True)
    return passed


@contextmanager
def _shown(output: Output) -> Iterator[Progress]:
    progress = Progress(quiet=output.quiet)
    try:
        yield progress
    finally:
        progress.close()


def _say(loaded: Loaded, output: Output, *, notes: bool) -> None:
    if output.redactor is not None:
        output.redactor.learn_all(loaded)
    say_errors(loaded.errors if output.redactor is None else map(output.redactor.error, loaded.errors))
    if notes and output.verbose:
        _say_notes(loaded, output)


def say_errors(errors: Iterable[Exception]) -> None:
    """What could not be read, a line each."""
    from auditor.display import told

    for error in errors:
        click.echo(f"regaudit: {told(error, 1000)}", err=True)


def _say_notes(loaded: Loaded, output: Output) -> None:
    from auditor.display import harmless, told

    redactor = output.redactor
    for note in loaded.notes if redactor is None else map(redactor.note, loaded.notes):
        click.echo(f"note {told(note, 500)}", err=True)
    for name in loaded.passed_over:
        click.echo(f"skipped {harmless(name if redactor is None else redactor.value(name, 'FILE'), 500)}", err=True)
