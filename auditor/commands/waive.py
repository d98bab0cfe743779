"""regaudit waive: accept the risk of one finding, for a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from auditor.commands import Command, FilePath, configured, option, running
from auditor.commands.options import Output, as_of, inputs, outputs, rules
from auditor.commands.output import guard, write
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection
    from auditor.engine.waivers import Waivers
    from auditor.pipeline import Inputs
    from auditor.report.rows import FindingRow

_SHORTEST = 6  # characters of an ID that is cut
_HEAD = "Accepted risks. `regaudit waive` adds them; every report lists them, and they end on their last day."
_EPILOG = """\b
Examples:
  regaudit scan manifests/ --output-format json=report.json
  regaudit waive 1f3870be --report report.json --reason "replaced in March" --until 2027-03-31
  regaudit waive 1f3870be manifests/ --reason "no data behind it" --until 2027-01-31 --approver "Security board"
"""


@click.command("waive", cls=Command, epilog=_EPILOG)
@click.argument("finding_id")
@click.argument("paths", nargs=-1, metavar="[PATH…]", type=FilePath())
@option("--report", metavar="FILE", type=FilePath(Path), help="A JSON report that has the finding.")
@option("--reason", required=True, metavar="REASON", help="Why the risk is accepted.")
@option("--until", required=True, metavar="DATE", help="The last day on which it is accepted, as in 2026-12-31.")
@option("--approver", metavar="NAME", help="Who approved it.")
@option(
    "--file", metavar="FILE", type=FilePath(Path),
    help="The file of waivers; default: that of the configuration, or regaudit-waivers.toml.",
)  # fmt: skip
@inputs(argument=False)
@rules()
@as_of
@outputs()
def command(
    finding_id: str, paths: tuple[str, ...], report: Path | None, reason: str, until: str, approver: str | None, file: Path | None,
    inputs: Inputs, rules: RuleSelection, as_of: str | None, output: Output,
) -> int:  # fmt: skip
    """Accept the risk of one finding until a day: it does not count any longer, and every report lists it as waived.

    FINDING_ID is the `finding_id` of a JSON report (`regaudit scan -v` prints it, too), or its beginning. The finding is looked up in
    --report, or in what PATH holds. Comments and order of the file stay. A finding that is in the file already is renewed.
    """
    from auditor.configuration import shown
    from auditor.display import cell
    from auditor.engine import waivers
    from auditor.engine.identity import Paths
    from auditor.pipeline import moment

    inputs = replace(inputs, paths=paths)
    if (report is None) == inputs.are_none:
        raise UsageError("say where the finding is: either --report FILE, a JSON report, or PATH, which is audited once more")
    today = moment(as_of).date()
    target = file or Path(shown(Path(configured().value("waivers") or configured().waivers or waivers.NAME)))
    guard(target, (), writes="waivers")
    known = waivers.read(target) if target.exists() else waivers.Waivers(str(target), (), ())
    row, audited = _of_report(report, finding_id) if report is not None else _of_run(inputs, rules, as_of, output, finding_id)
    object_id = row.object_id if row.app_id is None else None
    entry = waivers.Entry(
        row.rule_id, _line(reason, "--reason"), _date(until, today), row.finding_id, row.app_id, object_id,
        place=row.credential_key_id or row.property_path or row.pointer or None,
        file=waivers.source_of(row, Paths()) if row.weak else None, approver=None if approver is None else _line(approver, "--approver"),
    )  # fmt: skip
    waivers.Waivers(f"{target}", (entry,), (0,)).check_until(0, today, configured().value("max-waiver-days") or waivers.MAX_DAYS)
    text = with_entry(target, known, entry, cell(f"{row.app_display_name or ''}: {row.message}".lstrip(": ")))
    write(iter([text.encode("utf-8")]), target)
    if not output.quiet:
        click.echo(f"{target}: {entry.rule} is waived until {entry.until} ({cell(row.message)})")
    _say_where(target, audited)
    return 0


def _of_report(report: Path, finding_id: str) -> tuple[FindingRow, list[str]]:
    """The finding, and what was audited."""
    from auditor.report.model import decode
    from auditor.report.rows import Rows

    try:
        decoded = decode(report.read_bytes())
    except OSError as error:
        raise UsageError(f"--report {report}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--report {report}: it is not a JSON report of regaudit: {error}") from None
    return _only(Rows(decoded).findings(), finding_id, f"{report}"), decoded.run.paths


def _of_run(inputs: Inputs, rules: RuleSelection, as_of: str | None, output: Output, finding_id: str) -> tuple[FindingRow, list[str]]:
    from auditor.pipeline import AuditRequest
    from auditor.report.tables import finding_row
    from auditor.severity import Status

    audited = running.run(AuditRequest(inputs, rules, as_of), output)
    failed = (finding_row(row) for row in audited.findings if row.status is Status.fail)
    return _only(failed, finding_id, "what was audited"), audited.paths


def _only(rows: Iterable[FindingRow], finding_id: str, where: str) -> FindingRow:
    """The finding with an ID, or with one that begins so. One object that was read twice has its findings twice."""
    wanted = finding_id.strip().lower()
    found = {row.finding_id: row for row in rows if row.finding_id.startswith(wanted)}
    if wanted in found:
        return found[wanted]
    if len(wanted) < _SHORTEST:
        raise UsageError(f"{finding_id!r} is too short: give at least {_SHORTEST} characters of the finding_id")
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise UsageError(f"{len(found)} findings have an id that begins with {finding_id!r}: give more of it")
    raise UsageError(
        f"no finding of {where} has the id {finding_id!r}; JSON reports have it as finding_id, and `regaudit scan -v` prints it"
    )


def _line(text: str, option: str) -> str:
    """What a person typed, on one line."""
    from auditor.display import clean

    if not (said := clean(" ".join(text.split()), 500)):
        raise UsageError(f"{option}: it is empty")
    return said


def _date(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--until: {text!r} is not a date; use YYYY-MM-DD") from None
    if day < today:
        raise UsageError(f"--until: {day} has passed")
    return day


def with_entry(file: Path, known: Waivers, entry: Any, comment: str) -> str:
    """The text of a file of waivers with one more, or with this one renewed; everything else as it is."""
    import msgspec
    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import AoT

    from auditor.engine import waivers

    exists = file.exists()
    text = file.read_bytes().decode("utf-8-sig") if exists else ""
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise UsageError(f"{file}: {error}") from None
    if not text.strip():
        document.add(tomlkit.comment(_HEAD))
        document.add(tomlkit.nl())
    tables = document.get("waiver")
    if tables is None:
        tables = tomlkit.aot()
        document.add("waiver", tables)
    if not isinstance(tables, AoT):
        raise UsageError(f"{file}: begin each waiver with [[waiver]]: an array in one line cannot be added to")
    values = {name: value for name, value in msgspec.structs.asdict(entry).items() if value is not None}
    number = next((number for number, one in enumerate(known.entries) if one.id == entry.id), None)
    if number is None:
        table = tomlkit.table()
        table.add(tomlkit.comment(comment))
        for name in ("id", "rule", "registration", "object", "place", "file", "reason", "until", "approver"):
            if name in values:
                table.add(name, values[name])
        if text.strip():
            _blank_line_before(document, tables, table)
        tables.append(table)
    else:
        for name in ("reason", "until", "approver"):
            if name in values:
                tables[number][name] = values[name]
    made = tomlkit.dumps(document)
    again = waivers.parse(made.replace("\r\n", "\n"), str(file)).entries
    expected = list(known.entries)
    if number is None:
        expected.append(entry)
    if [one.id for one in again] != [one.id for one in expected]:
        raise UsageError(f"{file}: its layout is one that cannot be added to: add the waiver by hand")
    return made


def _blank_line_before(document: Any, tables: Any, table: Any) -> None:
    """A blank line between what is there and the new table."""
    import tomlkit

    text = tomlkit.dumps(document)
    if text and not text.endswith("\n\n"):
        table.trivia.indent = ("" if text.endswith("\n") else "\n") + "\n"


def _say_where(target: Path, audited: Iterable[str]) -> None:
    """A file of waivers in an audited folder is not found by itself."""
    here = target.resolve()
    if any(Path(path).is_dir() and Path(path).resolve() in here.parents for path in _paths(audited)):
        click.echo(f"note {target} is inside the folder that is audited: to use it there: --waivers {target}", err=True)


def _paths(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if "\0" not in name:
            yield name
