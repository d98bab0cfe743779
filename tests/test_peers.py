"""What docs/peers.md says of our rules is true: names, what is opt-in, numbers."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from auditor import rulebook
from auditor.frameworks import catalogue

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import peer_checks  # noqa: E402

PAGE = (ROOT / "docs/peers.md").read_text("utf-8")
TABLE = re.compile(r"^\| (.*) \|$", re.MULTILINE)


def table_of(section: str) -> list[list[str]]:
    """The rows of its table, without the two of the head."""
    return [row.split(" | ") for row in TABLE.findall(section)[1:]]


SECTIONS = {section.partition("\n")[0]: section for section in PAGE.split("\n## ")[1:]}


def test_every_rule_is_there_and_what_is_opt_in_is_marked() -> None:
    book = rulebook.shipped()
    found = re.findall(r"\[([\w-]+)\]\(\.\./rules/([\w-]+)/([\w-]+)\.md\)( \(\*opt-in\*\))?", PAGE)
    assert len(found) > 200
    for name, area, file, mark in found:
        rule = book.rules[name]
        assert (rule.area, rule.id) == (area, file)
        assert ("opt-in" in rule.tags) == bool(mark), name


def test_the_numbers_are_those_of_the_rows() -> None:
    counts = {row[0].strip("[").partition("]")[0]: [int(number) for number in row[1:]] for row in table_of(PAGE.partition("\n## ")[0])}
    total = Counter[int]()
    for name, section in SECTIONS.items():
        if name == "Left out":
            continue
        rows = table_of(section)
        statuses = Counter(row[2] for row in rows)
        opt_in = sum(row[2] == "covered" and 0 < row[3].count("](") == row[3].count("*opt-in*") for row in rows)
        of = [len(rows), *(statuses[status] for status in peer_checks.STATUSES), opt_in]
        assert counts.pop(name) == of, name
        total.update(dict(enumerate(of)))
    assert counts == {"all": [total[position] for position in range(6)]}


@pytest.mark.parametrize(("peer", "framework"), [("Zero Trust Assessment", "zta"), ("CIS Microsoft 365 7.0.0", "cis-m365")])
def test_both_pages_say_the_same_of_what_is_a_peer_and_a_framework(peer: str, framework: str) -> None:
    book = rulebook.shipped()
    known = catalogue()[framework]
    told = {check.name: check.status for check in peer_checks.checks(book) if check.peer == peer and check.status != peer_checks.OUT}
    about = {item.id: [rule for rule in book if item.id in rule.frameworks.get(framework, ())] for item in known.items}
    assert told == {item.id: known.coverage(item, about[item.id]) for item in known.items}


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("Maester\tX1\tlogic\tnosuch\tcovered\t", "no rule is called 'nosuch'"),
        ("Maester\tX1\tlogic\tregaudit:nosuch\tcovered\t", "there is no command regaudit:nosuch"),
        ("Maester\tX1\tlogic\tsecret-expired\tmissing\tNothing reads it.", "what is covered, also partly, has rules, and nothing else has"),
        ("Maester\tX1\tlogic\t\tcovered\t", "what is covered, also partly, has rules, and nothing else has"),
        ("Maester\tX1\tlogic\tsecret-expired\tpartly\t", "the note says why it is not covered"),
        ("Maester\tX1\tlogic\tsecret-expired\tgood\t", "'good' is not one of covered, partly, missing, out"),
    ],
)
def test_a_row_that_cannot_be_true_stops_the_generator(row: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_checks, "rows", lambda name: [row.split("\t")])
    with pytest.raises(SystemExit, match=re.escape(f"peer_checks.tsv: Maester, X1: {fault}")):
        peer_checks.checks(rulebook.shipped())
