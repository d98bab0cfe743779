"""Flat rows for Power BI, Log Analytics, Excel, DuckDB, jq: CSV with a header, or a JSON object a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec

from auditor.accepted import Baselined, Waiver
from auditor.display import cell, escaped, harmless
from auditor.report import Options
from auditor.report.model import Related, Report
from auditor.report.rows import ApplicationRow, CredentialRow, FindingRow, PrincipalRow, Rows

_BATCH = 500  # lines
_LONGEST = 8000  # characters of a cell; Excel takes 32,767
_STRUCTS: dict[str, type[msgspec.Struct]] = {
    "findings": FindingRow, "applications": ApplicationRow, "credentials": CredentialRow, "service_principals": PrincipalRow,
}  # fmt: skip
_NAMES = {
    "findings": "finding", "applications": "application", "credentials": "credential", "service_principals": "service_principal",
}  # fmt: skip
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
    rows = _rows(report, options.rows)
    while batch := list(islice(rows, _BATCH)):
        yield escaped(b"".join([start + b"," + _encoder.encode(row)[1:] + b"\n" for row in batch]))


def comma_separated(report: Report, options: Options) -> Iterator[bytes]:
    """RFC 4180, in UTF-8, a row a line. No cell is a formula; lists are joined by "; ".

    Not by the module csv, which looks at every character by itself: that takes longer than all the rest.
    """
    head = "".join(f"{_text(value)}," for value in _head(report, options.rows).values())
    lines = [",".join(columns(options.rows))]
    for row in _rows(report, options.rows):
        lines.append(head + ",".join(map(_cell, msgspec.structs.astuple(row))))
        if len(lines) == _BATCH:
            yield _taken(lines)
    yield _taken(lines)


def separated(names: Iterable[str], rows: Iterable[msgspec.Struct]) -> bytes:
    """The same of other rows, whose texts are clean."""
    return _taken([",".join(names), *(",".join(map(_cell, msgspec.structs.astuple(row))) for row in rows)])


def _taken(lines: list[str]) -> bytes:
    text = "".join([f"{line}\r\n" for line in lines])
    lines.clear()
    return text.encode("utf-8", "replace")


def joined(values: list[Any]) -> str:
    return "; ".join([one.label if isinstance(one, Related) else str(one) for one in values])


def one_line(text: str) -> str:
    return harmless(" ".join(text.split()), _LONGEST)


def _cell(value: Any) -> str:
    kind = value.__class__
    if value is None:
        return ""
    if kind is int:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is list:
        value = joined(value)
    if kind is Waiver:
        value = f"{f'until {value.until}: ' if value.until else ''}{value.reason} ({value.file}:{value.line})"
    if kind is Baselined:
        value = f"since {value.since} ({value.file})"
    return _text(value)


@lru_cache(maxsize=4096)
def _text(value: str) -> str:
    """The findings of an object and of a rule share most of their texts."""
    shown = cell(one_line(value))
    if '"' in shown:
        shown = shown.replace('"', '""')
    elif "," not in shown:
        return shown
    return f'"{shown}"'
