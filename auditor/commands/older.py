"""The runs that a command compares: reports that were written, and snapshots, which are audited first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.commands import running
from auditor.commands.options import Output
from auditor.errors import UNDECODABLE, InputError, UsageError

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection
    from auditor.report.model import Report

_LOOKED_AT = 4096  # bytes
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb")  # of texts as PowerShell writes them


def report_at(path: str, rules: RuleSelection, output: Output, *, fail_on: str, certain_only: bool) -> Report:
    """What a file says that is a report, or what an audit says of anything else."""
    return written_at(path) or audited_at(path, rules, output, fail_on=fail_on, certain_only=certain_only)


def written_at(path: str) -> Report | None:
    """The JSON report that a file, a pipe, or standard input ("-") is; None for a file that is to be audited. Raises UsageError."""
    from auditor.report import FORMATS, is_report

    if path == "-":
        return _decoded(sys.stdin.buffer.read(), "standard input")
    if Path(path).is_fifo():
        return _decoded(Path(path).read_bytes(), path)
    start, end = _ends(Path(path))
    if start.lstrip()[:1] == b"{" or start[:2] in _MARKS:
        content = _utf8(Path(path).read_bytes(), path)
        if FORMATS["json"].wrote(content[:_LOOKED_AT], b"") or (b'"schema_version"' in content and b'"area_verdicts"' in content):
            return _decoded(content, path)
    if is_report(start, end):
        raise UsageError(f"{path} is not a JSON report: make one with `regaudit scan --output-format json --inventory`")
    return None


def audited_at(
    path: str, rules: RuleSelection, output: Output, *, fail_on: str, certain_only: bool = False, as_of: str | None = None
) -> Report:
    """The report of an audit with these rules, with an inventory; of a snapshot as of `as_of`, or of the day on which it was taken.
    Raises what an audit raises.
    """
    from auditor.pipeline import AuditRequest, Inputs
    from auditor.report import Depth
    from auditor.report.build import report_of
    from auditor.report.tables import INVENTORY
    from auditor.sources.snapshot import taken_at

    if as_of is None and (taken := taken_at(Path(path))) is not None:
        as_of = taken.isoformat()
    request = AuditRequest(Inputs((path,)), rules, as_of, by_area=True, certain_only=certain_only, also=INVENTORY)
    return report_of(running.run(request, output), fail_on=fail_on, depth=Depth.inventory)


def _ends(path: Path) -> tuple[bytes, bytes]:
    """The first and the last bytes of a file; of a folder none."""
    try:
        if path.is_dir():
            return b"", b""
        with path.open("rb") as file:
            start = file.read(_LOOKED_AT)
            size = file.seek(0, 2)
            file.seek(max(0, size - _LOOKED_AT))
            return start, file.read()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UsageError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def _utf8(content: bytes, name: str) -> bytes:
    from auditor.sources.text import to_utf8

    try:
        return to_utf8(content, name)
    except InputError as error:
        raise UsageError(str(error)) from None


def _decoded(content: bytes, name: str) -> Report:
    from auditor.report.model import decode

    try:
        return decode(_utf8(content, name))
    except UNDECODABLE as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"{name} is not a JSON report of `regaudit scan`: {why}") from None
