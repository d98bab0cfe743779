"""Flat rows for Power BI, Log Analytics, Excel, DuckDB, jq: CSV with a header, or a JSON object a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from auditor.accepted import Baselined, Waiver
from auditor.display import cell, escaped, harmless
from auditor.report import Options
from auditor.report.model import Related, Report
from auditor.report.rows import ApplicationRow, CredentialRow, FindingRow, Rows

_LONGEST = 8000  # characters of a cell; Excel takes 32,767
_STRUCTS: dict[str, type[msgspec.Struct]] = {"findings": FindingRow, "applications": ApplicationRow, "credentials": CredentialRow}
_NAMES = {"findings": "finding", "applications": "application", "credentials": "credential"}
# Every row begins with these: rows of many runs can be kept in one table.
HEAD = ("schema_version", "tool", "row", "run_id", "as_of")
_encoder = msgspec.json.Encoder()


def columns(kind: str) -> tuple[str, ...]:
    """The columns of the rows of one of `KINDS`, in their order."""
    return HEAD + _STRUCTS[kind].__struct_fields__


def _head(report: Report, kind: str) -> dict[str, str]:
    run = report.run
    return dict(zip(HEAD, (report.schema_version, report.tool.name, _NAMES[kind], run.id, run.as_of), strict=True))


def _rows(report: Report, kind: str) -> Iterator[msgspec.Struct]:
    found: Iterator[msgspec.Struct] = getattr(Rows(report), kind)()
    return found


def ndjson(report: Report, options: Options) -> Iterator[bytes]:
    start = _encoder.encode(_head(report, options.rows))[:-1]
    for row in _rows(report, options.rows):
        yield start + b"," + escaped(_encoder.encode(row))[1:] + b"\n"


def comma_separated(report: Report, options: Options) -> Iterator[bytes]:
    """RFC 4180, in UTF-8, a row a line. No cell is a formula; lists are joined by "; "."""
    head = list(_head(report, options.rows).values())
    yield from separated(columns(options.rows), ([*head, *msgspec.structs.astuple(row)] for row in _rows(report, options.rows)))


def separated(names: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    """CSV with a header. The texts of the rows are clean."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow(map(_cell, row))
        if out.tell() > 1 << 16:
            yield _taken(out)
    yield _taken(out)


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = "; ".join(one.label if isinstance(one, Related) else str(one) for one in value)
    if isinstance(value, Waiver):
        value = f"{f'until {value.until}: ' if value.until else ''}{value.reason} ({value.file}:{value.line})"
    if isinstance(value, Baselined):
        value = f"since {value.since} ({value.file})"
    if isinstance(value, bool):
        return "true" if value else "false"
    return cell(harmless(" ".join(value.split()), _LONGEST)) if isinstance(value, str) else value
