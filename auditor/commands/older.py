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


def report_at(
    path: str, rules: RuleSelection, output: Output, *, fail_on: str = "high", certain_only: bool = False, as_of: str | None = None
) -> Report:
    """A JSON report; "-" is one on standard input. Anything else is audited with these rules, with an inventory: a snapshot as of `as_of`,
    or of the day on which it was taken. Raises UsageError, and what an audit raises.
    """
    from auditor.report import FORMATS, is_report
    from auditor.sources.formats.snapshot import is_snapshot

    if path == "-":
        return _decoded(_utf8(sys.stdin.buffer.read(), "standard input"), "standard input")
    start, end = _ends(Path(path))
    is_of_tenant = is_snapshot(start)
    if not is_of_tenant and (start.lstrip()[:1] == b"{" or start[:2] in _MARKS):
        content = _utf8(Path(path).read_bytes(), path)
        if FORMATS["json"].wrote(content[:_LOOKED_AT], b"") or (b'"schema_version"' in content and b'"area_verdicts"' in content):
            return _decoded(content, path)
    if is_report(start, end):
        raise UsageError(f"{path} is not a JSON report: make one with `regaudit scan --output-format json --inventory`")
    return _audited(path, rules, output, fail_on, _taken(path) if is_of_tenant and as_of is None else as_of, certain_only=certain_only)


def _audited(path: str, rules: RuleSelection, output: Output, fail_on: str, as_of: str | None, *, certain_only: bool) -> Report:
    from auditor.pipeline import AuditRequest, Inputs
    from auditor.report import Depth
    from auditor.report.build import report_of
    from auditor.report.tables import INVENTORY

    request = AuditRequest(Inputs((path,)), rules, as_of, by_area=True, certain_only=certain_only, also=INVENTORY)
    return report_of(running.run(request, output), fail_on=fail_on, depth=Depth.inventory)


def _taken(path: str) -> str | None:
    from auditor.sources.snapshot import taken_at

    moment = taken_at(Path(path))
    return None if moment is None else moment.isoformat()


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
        return decode(content)
    except UNDECODABLE as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"{name} is not a JSON report of `regaudit scan`: {why}") from None
