"""What changed, as Markdown for a comment on a pull request. What others chose is written as code."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.display import as_code, counted, placed
from auditor.history.model import Diff, DiffFinding, Side
from auditor.history.text import HEADS, by_object, said, titled
from auditor.severity import Certainty, Status

MOST = 60_000  # characters: GitHub's limit for a comment is 65,536
_OPEN = ("new_findings", "newly_visible")  # the other classes are folded


def render(diff: Diff) -> Iterator[bytes]:
    left = MOST
    for head, *lines in _sections(diff):
        room = left // 2 - len(head)  # the sections that follow have room, too
        shown = 0
        while shown < len(lines) and (room := room - len(lines[shown])) > 0:
            shown += 1
        text = head + "".join(lines[:shown])
        if shown < len(lines):
            text += f"- … and {counted(len(lines) - shown, 'more line')}\n"
        if "<details>" in head:
            text += "\n</details>\n"
        left -= len(text)
        yield text.encode("utf-8", "replace")


def _sections(diff: Diff) -> Iterator[list[str]]:
    gate = diff.summary.gate
    word, _, rest = gate.verdict.partition(": ")
    yield [
        f"<!-- Difference of regaudit {diff.tool.version} -->\n### {'❌' if gate.exit_code else '✅'} regaudit diff: {as_code(word)}\n\n"
        f"{as_code(rest)}\n\nOlder: {_side(diff.old)}; newer: {_side(diff.new)}.\n"
    ]
    for name, (head, why) in HEADS.items():
        found: list[DiffFinding] = getattr(diff, name)
        if found:
            yield [_head(f"{head} ({len(found):,})", why, folded=name not in _OPEN), *(_finding(row) for row in found)]
    if diff.changes:
        lines = []
        for rows in by_object(diff.changes):
            lines += [f"- {as_code(titled(rows[0]))}\n", *(f"  - {as_code(said(row))}\n" for row in rows)]
        yield [_head(f"Changes ({len(diff.changes):,})", "", folded=False), *lines]
    if diff.notes:
        yield [_head("Notes", "", folded=False), *(f"- {as_code(note)}\n" for note in diff.notes)]


def _head(title: str, why: str, *, folded: bool) -> str:
    said = title + (f": {why}" if why else "")
    return f"\n<details><summary>{said}</summary>\n\n" if folded else f"\n**{said}**\n\n"


def _finding(row: DiffFinding) -> str:
    marks: list[str] = [row.severity]
    marks += [row.status] if row.status is not Status.fail else []
    marks += [row.certainty] if row.certainty is Certainty.likely else []
    place = f", {as_code(placed(row.file, row.line))}" if row.file else ""
    because = f" ({as_code(row.because)})" if row.because else ""
    return f"- **{', '.join(marks)}** {as_code(row.rule_id)} {as_code(titled(row))}: {as_code(row.message)}{place}{because}\n"


def _side(side: Side) -> str:
    return f"{as_code(side.name or side.run_id)} ({side.as_of[:10]}, {counted(side.applications, 'app registration')})"
