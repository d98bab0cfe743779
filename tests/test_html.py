"""The HTML report as a file: one page that loads nothing, whose data is the report's, and whose fixes are those of every other format."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import markdown
from auditor.pipeline import audit
from auditor.report import FORMATS, Depth, Options, is_report, render
from auditor.report.build import report_of
from auditor.report.html_fixes import Fixes, _mark, _written
from auditor.report.model import Report
from auditor.report.rows import Rows
from auditor.shell import Shell
from auditor.template import Place, Template, Way
from tests import golden_tenants, test_harmless
from tests.helpers import regaudit, registration, write

ROOT = Path(__file__).parent.parent
TODAY = ("--as-of", "2026-11-24")


def blocks(page: bytes) -> dict[str, Any]:
    """The data of a page, by the name of its block."""
    found = re.findall(rb'<script type="text/plain" id="([\w-]+)">([A-Za-z0-9+/=]*)</script>', page)
    return {name.decode(): json.loads(gzip.decompress(base64.b64decode(content))) for name, content in found}


def filled(text: str | list[str | int], values: list[str]) -> str:
    """What the page makes of a text (web/src/prose.tsx)."""
    return text if isinstance(text, str) else "".join(values[piece] if isinstance(piece, int) else piece for piece in text)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("tenants")
    golden_tenants.write(folder)
    return report_of(audit(folder, as_of="2026-11-24", profile="strict"), depth=Depth.inventory)


@pytest.fixture(scope="module")
def page(report: Report) -> bytes:
    return b"".join(render(report, "html", Options()))


def test_nothing_is_loaded_and_nothing_but_the_program_runs(page: bytes) -> None:
    (policy,) = re.findall(rb'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    (style,), (program,) = re.findall(rb"<style>(.+?)</style>", page, re.DOTALL), re.findall(rb"<script>(.+?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(content).digest()).decode() for content in (program, style)]
    wanted = f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; base-uri 'none'; form-action 'none'"
    assert policy.decode() == wanted
    without_data = re.sub(rb'<script type="text/plain" id="[\w-]+">[A-Za-z0-9+/=]*</script>\n', b"", page)
    assert without_data.count(b"<script") == without_data.count(b"</script") == 1
    assert not re.search(rb"\b(?:src|href)=[\"']?(?:https?:)?//|@import|url\(", style + without_data.replace(program, b""))
    sources = "".join(file.read_text() for file in (ROOT / "web" / "src").glob("*.ts*"))
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|dangerouslySet|\beval\(|new Function|fetch\(|XMLHttp", sources
    )
    assert is_report(page[:100], page[-100:])


def test_it_has_all_that_the_report_has(report: Report, page: bytes) -> None:
    data = blocks(page)
    head, tables = data["head"], data["tables"]
    kept = [*report.applications, *report.service_principals, *report.connectors, *report.tenants]
    details = [one for name, some in data.items() if name.startswith("details-") for one in some]
    assert len(details) == len(kept) == len(tables["objects"]["kind"])
    for columns in tables.values():
        assert len({len(column) for column in columns.values()}) == 1
    assert len(tables["findings"]["rule"]) == len(report.findings) + len(report.rule_errors)
    assert sum(len(one["findings"]) for one in details) == len(report.findings) + len(report.rule_errors)
    assert sorted(tables["findings"]["message"]) == sorted(row.message for row in (*report.findings, *report.rule_errors))
    assert {row["id"] for one in details for row in one["findings"]} == {row.finding_id for row in (*report.findings, *report.rule_errors)}
    assert len(tables["credentials"]["object"]) == len(report.credentials)
    assert head["verdict"] == report.summary.gate.verdict
    assert sum(one["count"] for one in head["notEvaluated"]) == sum(one.count for one in report.not_evaluated)
    assert head["hasInventory"]


def test_fixes_are_those_of_every_other_format(report: Report) -> None:
    """The values between the pieces are what `report/fixes.py` writes for the finding alone, in each shell."""
    rows = Rows(report)
    fixes = Fixes(rows)
    commands = compared = 0
    for finding in report.findings:
        found = fixes.of(finding)
        assert (found is None) == (report.rules[0].fix is None and rows.rules[finding.rule_id].fix is None)
        if found is None:
            continue
        written, values = fixes.written[found[0]], found[1]
        for number, shell in enumerate(Shell):
            alone = rows.commands_of(finding).commands(shell)
            blocks_ = [block for block in written if "commands" in block]
            assert [[filled(line, values) for line in block["commands"][number]] for block in blocks_] == [list(one.lines) for one in alone]
            assert [block["how"] for block in blocks_] == [one.how for one in alone]
            commands += len(alone)
        if not re.search(r"[*<>\[\]]|\bh?ttps?://", "".join(values)):  # there a value alone would be Markdown
            shown = [filled(span[0], values) for block in written if "spans" in block for span in block["spans"]]
            prose = [part for part in rows.commands_of(finding).parts(Shell.bash) if isinstance(part, str)]
            own = [block for part in prose for block in markdown.blocks(part) if block.kind != "code"]
            wanted = [span.text for block in own for span in markdown.spans(block.text[block.hanging :])]
            assert "".join(shown) == "".join(wanted)
            compared += 1
    assert commands > 100
    assert compared > 100
    assert len(fixes.written) < len(report.findings)


@given(st.lists(st.sampled_from(["zq0q1q", "zq0q", "zq1q", "zq", "q", "`x`", "<b>", " ", "a"]), max_size=6).map("".join))
def test_no_value_passes_for_a_mark(value: str) -> None:
    """What is written for one finding alone has its values in it: none of them is replaced by another value of the finding."""
    places = {"name": Place("NAME"), "id": Place("APP-ID", way=Way.word), "text": Place("TEXT", way=Way.text)}
    template = Template(
        'Open {name}.\n\n```graph\nPATCH /applications/{id}\n{{"notes": "{text}"}}\n```\n'.replace("{{", "{").replace("}}", "}"), places
    )
    assert _mark(template.text, value) not in template.text + value
    (_, request) = _written(template, {"text": value}, "")
    (line,) = request["commands"][0]
    assert filled(line, ["0", "a name", "id-1"]).count("id-1") == 1 + value.count("id-1")
    assert "a name" not in filled(line, ["0", "a name", "id-1"])


def test_hostile_names_are_data(tmp_path: Path) -> None:
    name = "</script><!--<img src=x onerror=alert(1)>\u202e" + "A" * 100_000
    test_harmless.tenant(tmp_path / "in", name, f"https://me:{test_harmless.SECRET}@h.contoso.com/javascript:alert(1)", name)
    ran = regaudit("scan", tmp_path / "in", *TODAY, "--profile", "strict", "--output-format", f"html={tmp_path / 'r.html'}")
    page = (tmp_path / "r.html").read_bytes()
    assert ran.code in (1, 2)
    assert b"onerror" not in page
    data = json.dumps(blocks(page))
    assert test_harmless.SECRET not in data
    assert "\\u202e" not in data
    assert len(page) < 400_000


@pytest.mark.no_cover
def test_a_report_is_rendered_again_in_every_format(tmp_path: Path) -> None:
    golden_tenants.write(tmp_path / "in")
    forms = {form: tmp_path / f"scan.{form}" for form in FORMATS}
    wanted = [f"--output-format={form}={file}" for form, file in forms.items()]
    regaudit("scan", tmp_path / "in", *TODAY, "--inventory", *wanted)
    again = {form: tmp_path / f"render.{form}" for form in FORMATS}
    ran = regaudit("report", "render", forms["json"], *(f"--output-format={form}={file}" for form, file in again.items()))
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    for form, file in again.items():
        if form not in ("xlsx", "azure"):  # a workbook has times in it, and Azure Pipelines is told where its summary is
            assert file.read_bytes() == forms[form].read_bytes(), form
    assert regaudit("report", "render", forms["json"]).out == forms["text"].read_text()


def test_what_cannot_be_rendered(tmp_path: Path) -> None:
    app = write(tmp_path / "app.json", registration("Payroll", 1))
    report = tmp_path / "report.json"
    regaudit("scan", app, *TODAY, f"--output-format=json={report}")
    ran = regaudit("report", "render", report, "--output-format", f"csv={tmp_path / 'a.csv'}", "--rows", "applications")
    assert ran.code == 2
    assert "csv needs an inventory, and" in ran.err
    assert regaudit("report", "render", app).err.startswith(f"regaudit: {app} is not a JSON report: make one with `regaudit scan")
    ran = regaudit("report", "render", report, f"--output-format=html={report}")
    assert ran.code == 0 or "take the place of its own input" in ran.err
    report.write_text("{")
    assert regaudit("report", "render", report).code == 2
    html = regaudit("scan", app, *TODAY, "--output-format", f"html={tmp_path / 'r.html'}")
    assert html.out == ""
    assert regaudit("report", "render", tmp_path / "r.html").err.endswith("regaudit scan --output-format json --inventory`\n")


def test_without_an_inventory_the_page_says_so(tmp_path: Path) -> None:
    app = write(tmp_path / "app.json", registration("Payroll", 1))
    report, page = tmp_path / "report.json", tmp_path / "r.html"
    regaudit("scan", app, *TODAY, f"--output-format=json={report}")
    assert regaudit("report", "render", report, f"--output-format=html={page}").code == 0
    assert not blocks(page.read_bytes())["head"]["hasInventory"]
