"""Makes `docs/peers.md`: which check of which other tool is which rule, and what is left out and why.

From `peer_checks.tsv` (read off the other tools' sources in August 2026, corrected in November 2026) and `left_out.tsv`. A row's note says
what of the check the rules do not cover.
"""

from __future__ import annotations

from pathlib import Path

from auditor import rulebook

HERE = Path(__file__).parent


def rows(name: str) -> list[list[str]]:
    return [[*line.split("\t"), ""] for line in (HERE / name).read_text("utf-8").splitlines()[1:]]


def files() -> dict[str, str]:
    book = rulebook.shipped()
    left_out = {rule: why for rule, why, *_ in rows("left_out.tsv")}
    for rule in left_out:
        if rule in book.rules:
            raise SystemExit(f"left_out.tsv: {rule} is a rule")

    def cell(rule: str) -> str:
        if rule in book.rules:
            return f"[{rule}](../rules/{book.get(rule).area}/{rule}.md)"
        if rule not in left_out:
            raise SystemExit(f"peer_checks.tsv: {rule} is neither a rule nor left out")
        return f"*{rule}: {left_out[rule]}*"

    def cells(rules: str, note: str) -> str:
        named = ", ".join(map(cell, rules.split()))
        return f"{named} ({note})" if named and note else named or note or "not in what regaudit reads, or not about app registrations"

    lines = [
        "# Which check of which other tool is which rule",
        "",
        "Made by `python scripts/generate.py`. A check in *italics* has no rule, for the reason given. A rule that this page does not name "
        "was found in none of these tools (August 2026). In brackets: what of the check the rules do not cover.",
        "",
        "| tool | check | rule |",
        "|---|---|---|",
        *(f"| {peer} | {check} | {cells(rules, note)} |" for peer, check, rules, note, *_ in rows("peer_checks.tsv")),
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
    return {"docs/peers.md": "\n".join(lines)}
