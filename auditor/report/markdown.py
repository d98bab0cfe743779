"""Markdown for the summary of a job or the comment on a pull request: numbers, then a table of findings, the worst first.

GitHub takes one MiB: what is longer is cut at a row, and says so. No name in it is a link, a mention, HTML or the end of a cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditor.display import counted, placed
from auditor.report import Options
from auditor.report.model import Finding, Report
from auditor.report.rows import Rows, worst
from auditor.severity import Certainty, Status

MOST = 1 << 20  # bytes of a job's summary
_ROOM = 200  # of these for the last line of the table
_MOST_ROWS = 20_000  # a row has more than 60 bytes
_MOST_LISTED = 50  # errors, reasons
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#+|~&$^=]")
_ADDRESS = re.compile(r":(?=//)|(?<=www)\.|(?<=mailto):|(?<=xmpp):", re.IGNORECASE)
_EMOJI = re.compile(r":(?=[\w+-]+:)")


def render(report: Report, options: Options) -> Iterator[bytes]:
    before, after = b"".join(_head(report)), b"".join(_gaps(report))
    yield before
    left = MOST - len(before) - len(after) - _ROOM
    shown, rows = 0, Rows(report)
    if report.findings:
        yield b"\n| Severity | Rule | Object | Finding | Place |\n|---|---|---|---|---|\n"
    for finding in worst(report.findings, _MOST_ROWS):
        text = _row(rows, finding)
        if len(text) > left:
            break
        left -= len(text)
        shown += 1
        yield text
    if shown < len(report.findings):
        yield f"\nThe worst {shown:,} of {counted(len(report.findings), 'finding')}: a summary has at most one MiB.\n".encode()
    yield after


def _head(report: Report) -> Iterator[bytes]:
    run, summary = report.run, report.summary
    yield f"<!-- Report of regaudit {report.tool.version} -->\n".encode()
    word, colon, rest = summary.gate.verdict.partition(":")
    yield f"### {'❌' if summary.gate.exit_code else '✅'} regaudit: **{word}**{colon}{plain(rest)}\n\n".encode()
    tenants = ", ".join(map(plain, run.tenants))
    read = run.coverage
    objects = f"{counted(read.applications_read, 'app registration')}, {counted(read.service_principals_read, 'service principal')}"
    verdicts = read.verdicts
    yield (
        f"{objects}{f' of tenant {tenants}' if tenants else ''}, {counted(len(report.rules), 'rule')}: {verdicts.passed:,} passed, "
        f"{verdicts.failed:,} failed, {verdicts.not_evaluated:,} not evaluated; {run.as_of[:10]}.\n"
    ).encode()
    if severities := [f"{count:,} {severity}" for severity, count in summary.by_severity.items() if count]:
        likely = f"; {summary.likely:,} of them only likely" if summary.likely else ""
        yield f"\nFindings: {', '.join(severities)}{likely}.\n".encode()
    if run.errors:
        yield b"\nCould not be read:\n\n"
        yield from _listed([_place(error.file, error.line) + plain(error.text) for error in run.errors])
    if summary.gate.incomplete:
        yield b"\nNot done:\n\n"
        yield from _listed([plain(one.message) for one in summary.gate.incomplete])


def _gaps(report: Report) -> Iterator[bytes]:
    """What is not evaluated, and why: folded, since it may be long."""
    count = report.run.coverage.verdicts.not_evaluated
    if count:
        gaps = sorted(report.not_evaluated, key=lambda one: -one.count)
        yield f"\n<details><summary>Not evaluated: {counted(count, 'check')}. Missing data:</summary>\n\n".encode()
        lines = [f"{gap.count:,} {plain(f'{gap.what}: {gap.why}')}" + (f" ({plain(gap.remedy)})" if gap.remedy else "") for gap in gaps]
        yield from _listed(lines)
        yield b"\n</details>\n"


def table(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """A table of clean texts, that is cut at a row where it is longer than a summary may be."""
    names = list(headers)
    yield f"\n| {' | '.join(names)} |\n|{'---|' * len(names)}\n".encode()
    left, more = MOST // 2, 0
    for row in rows:
        text = f"| {' | '.join(map(plain, row))} |\n".encode("utf-8", "replace")
        left -= len(text)
        if left >= 0 and not more:
            yield text
        else:
            more += 1
    if more:
        yield f"\nand {counted(more, 'more row')}: take csv, which has them all.\n".encode()


def _listed(lines: list[str]) -> Iterator[bytes]:
    more = [f"and {len(lines) - _MOST_LISTED:,} more"] if len(lines) > _MOST_LISTED else []
    for line in lines[:_MOST_LISTED] + more:
        yield f"- {line}\n".encode("utf-8", "replace")


def _place(file: str | None, line: int | None) -> str:
    return f"{placed(plain(file), line)}: " if file else ""


def _row(rows: Rows, finding: Finding) -> bytes:
    rule = rows.rules[finding.rule_id]
    link = f"[{rule.id}]({rule.page})" if rule.page else plain(rule.id)
    marks: list[str] = [finding.severity]
    if finding.status is not Status.fail:
        marks.append(f"{finding.status}: {plain(finding.waiver.reason)}" if finding.waiver is not None else finding.status)
    marks += [Certainty.likely] if finding.certainty is Certainty.likely else []
    file, _, path = rows.place_of(finding)
    portal = rows.portal_of(finding)
    place = placed(plain(file), finding.line) if file else f"[portal]({portal})" if portal else plain(path or "")
    cells = (", ".join(marks), link, plain(rows.name_of(finding)), plain(finding.message), place)
    return f"| {' | '.join(cells)} |\n".encode("utf-8", "replace")


def plain(text: str) -> str:
    """A clean text that is only text in GitHub's Markdown."""
    text = _SPECIAL.sub(r"\\\g<0>", text)
    if ":" in text or "." in text:
        text = _EMOJI.sub("&#58;", _ADDRESS.sub(lambda found: f"&#{ord(found[0])};", text))
    return text.replace("@", "@<!-- -->")  # neither a mention nor an address of e-mail
