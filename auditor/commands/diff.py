"""regaudit diff: what changed between two runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.commands import Command, FilePath, complete, older, option
from auditor.commands.options import Output, as_of, fail_on, ignore_newly_visible, limit, outputs, rules
from auditor.commands.output import apart, guard_all, pages, shipped, target, to_stdout, write
from auditor.errors import UsageError
from auditor.files import identities

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection
    from auditor.history.model import Diff

_EPILOG = """\b
Examples:
  regaudit diff monday.json tuesday.json
  regaudit diff monday.ndjson.gz tuesday.ndjson.gz --fail-on medium
  regaudit diff old.json new.json --output-format markdown=comment.md
  regaudit scan . --output-format json --inventory | regaudit diff old.json -
"""
_FORMATS = ("text", "json", "markdown")


@click.command("diff", cls=Command, epilog=_EPILOG)
@click.argument("old", type=FilePath())
@click.argument("new", type=FilePath())
@option(
    "--output-format",
    "formats",
    multiple=True,
    metavar="FORMAT[=FILE]",
    shell_complete=complete.of(_FORMATS),
    help="text, json or markdown; FORMAT=FILE writes it to a file. Repeatable.",
)
@rules()
@fail_on
@ignore_newly_visible
@as_of
@limit
@outputs(redact=True)
def command(
    old: str, new: str, rules: RuleSelection, output: Output, formats: tuple[str, ...], fail_on: str, ignore_newly_visible: bool,
    as_of: str | None, limit: int,
) -> int:  # fmt: skip
    """Say what changed from OLD to NEW: new and fixed findings, and credentials, owners, permissions, URIs that came or went.

    OLD and NEW are JSON reports (`regaudit scan --output-format json --inventory`) or snapshots (`regaudit export`), which are audited
    first, with the same rules, as of the day on which each was taken. A finding that the older run could not have found is newly visible;
    one that the newer run could not have found is not seen, which does not mean that it is fixed. Findings that are new or newly visible
    make the exit code 1.
    """
    from auditor.engine.selection import RuleSelection
    from auditor.history.diff import diff_of

    if old == new == "-":
        raise UsageError("only one of OLD and NEW can be standard input")
    targets = [target(form, _FORMATS) for form in formats or ("text",)]
    apart([file for _, file in targets])
    files = [file for _, file in targets if file is not None]
    guard_all(files, shipped() | pages(rules.extend_rules) | identities([old, new, rules.profile]) if files else set())
    written = [older.written_at(path) for path in (old, new)]
    if None not in written and (rules != RuleSelection() or as_of is not None):
        raise UsageError(
            "--as-of and the options that choose rules are about snapshots; OLD and NEW are reports, which have their findings"
        )
    before, after = (
        report or older.audited_at(path, rules, output, fail_on=fail_on, as_of=as_of)
        for report, path in zip(written, (old, new), strict=True)
    )
    diff = diff_of(before, after, names=(_named(old), _named(new)), fail_on=fail_on, ignore_newly_visible=ignore_newly_visible)
    if output.redactor is not None:
        output.redacted([before, after])  # what is what is known of objects
        diff = output.redacted(diff)
    for form, file in targets:
        pieces = _rendered(diff, form, output, limit, to_file=file is not None)
        to_stdout(pieces) if file is None else write(pieces, Path(file))
    return diff.summary.gate.exit_code


def _named(path: str) -> str:
    from auditor.display import harmless

    return "standard input" if path == "-" else harmless(path, 1000)


def _rendered(diff: Diff, form: str, output: Output, limit: int, *, to_file: bool) -> Iterator[bytes]:
    if form == "json":
        import msgspec

        from auditor.display import escaped

        return iter([escaped(msgspec.json.format(msgspec.json.encode(diff), indent=2)), b"\n"])
    if form == "markdown":
        from auditor.history.markdown import render as markdown

        return markdown(diff)
    from auditor.history.text import Options, render

    return render(diff, Options(limit, output.coloured and not to_file, output.quiet))
