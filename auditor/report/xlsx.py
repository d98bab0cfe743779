"""An Excel workbook with a sheet each for findings, registrations, credentials and service principals: the rows of `csv`, with filters.

No cell is a formula or a link, and Excel makes none of it when somebody edits it: such texts are marked as texts.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from auditor.display import FORMULA, counted
from auditor.report import Options, table
from auditor.report.model import Report
from auditor.report.rows import Rows

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook

MARK = b"Report of regaudit"  # the comment of the archive, by which `report.is_report` knows it
_MOST = 1_048_574  # rows; a sheet takes two more, the header and a note that there are others
_SHEETS = {  # kind of rows -> name
    "findings": "findings", "applications": "registrations", "credentials": "credentials", "service_principals": "service principals",
}  # fmt: skip
_WIDTHS = {"message": 80, "remediation": 60, "rule_title": 40, "app_display_name": 30, "display_name": 30}  # characters
_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def render(report: Report, options: Options) -> Iterator[bytes]:
    from xlsxwriter.workbook import Workbook  # an extra: FORMATS has it

    out = io.BytesIO()
    workbook = Workbook(out, _OPTIONS)
    created = datetime.fromisoformat(report.run.as_of)
    workbook.set_properties({"title": "regaudit", "comments": report.summary.gate.verdict, "created": created})
    head, text = workbook.add_format({"bold": True}), workbook.add_format({"quote_prefix": True})
    for kind in _SHEETS:
        _sheet(workbook, report, kind, head, text)
    workbook.close()
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = MARK
    yield out.getvalue()


def _sheet(workbook: Workbook, report: Report, kind: str, head: Format, text: Format) -> None:
    sheet = workbook.add_worksheet(_SHEETS[kind])
    columns = table.columns(kind)[len(table.HEAD) :]
    rows: Iterator[msgspec.Struct] = getattr(Rows(report), kind)()
    for number, name in enumerate(columns):
        sheet.set_column(number, number, _WIDTHS.get(name, 16))
    sheet.freeze_panes(1, 0)
    for number, name in enumerate(columns):
        sheet.write_string(0, number, name, head)
    last = 0
    for last, row in enumerate(islice(rows, _MOST), 1):
        for number, value in enumerate(msgspec.structs.astuple(row)):
            if isinstance(value, list):
                value = table.joined(value)
            if isinstance(value, bool):
                sheet.write_boolean(last, number, value)
            elif isinstance(value, int):
                sheet.write_number(last, number, value)
            elif value:
                shown = table.one_line(value)
                sheet.write_string(last, number, shown, text if shown.lstrip().startswith(FORMULA) else None)
    sheet.autofilter(0, 0, last, len(columns) - 1)
    if next(rows, None) is not None:
        sheet.write_string(last + 1, 0, f"There are more than {counted(_MOST, 'row')}: take csv, which has them all.")
