"""Makes `docs/peers.md`: which check of which other tool is which rule, and what is left out and why.

    python scripts/peer_checks.py          writes the page
    python scripts/peer_checks.py --check  exit code 1 when it is stale, or names a rule that is neither there nor left out

From `peer_checks.tsv` (read off the other tools' sources in August 2026) and `left_out.tsv`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from auditor import rulebook

HERE = Path(__file__).parent
TARGET = HERE.parent / "docs/peers.md"


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (HERE / name).read_text("utf-8").splitlines()[1:]]


def page() -> str:
    book = rulebook.shipped()
    left_out = dict(rows("left_out.tsv"))
    for rule in left_out:
        if rule in book.rules:
            raise SystemExit(f"left_out.tsv: {rule} is a rule")

    def cell(rule: str) -> str:
        if rule in book.rules:
            return f"[{rule}](../rules/{book.get(rule).area}/{rule}.md)"
        if rule not in left_out:
            raise SystemExit(f"peer_checks.tsv: {rule} is neither a rule nor left out")
        return f"*{rule}: {left_out[rule]}*"

    named = {rule for _, _, rules in rows("peer_checks.tsv") for rule in rules.split()}
    ours = sorted(set(book.rules) - named)
    lines = [
        "# Which check of which other tool is which rule",
        "",
        "Made by `python scripts/peer_checks.py`. A check in *italics* has no rule, for the reason given.",
        "",
        "| tool | check | rule |",
        "|---|---|---|",
        *(
            f"| {peer} | {check} | {', '.join(map(cell, rules.split())) or 'not in what regaudit reads, or not about app registrations'} |"
            for peer, check, rules in rows("peer_checks.tsv")
        ),
        "",
        f"## Rules that none of them has ({len(ours)} of {len(book)})",
        "",
        ", ".join(f"[{rule}](../rules/{book.get(rule).area}/{rule}.md)" for rule in ours),
        "",
        "## Left out",
        "",
        "Candidates that are no rule of their own.",
        "",
        "| candidate | why |",
        "|---|---|",
        *(f"| {rule} | {why} |" for rule, why in sorted(left_out.items())),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.read_text("utf-8") == page() else f"{TARGET} is stale: run python scripts/peer_checks.py")
    TARGET.write_text(page(), "utf-8")
