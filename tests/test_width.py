"""What people read fits the terminal: a line is longer only where a command, an address or another word would be broken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
COMMAND = re.compile(r" *(az|pac|regaudit|curl|printf|cat|[A-Z][a-z]+-[A-Z]\w+) ")
NARROW = sorted(GOLDEN.glob("*-80.txt"))
WIDE = sorted(GOLDEN.glob("*-160.txt"))


def too_long(file: Path, width: int) -> list[str]:
    """The lines of standard output that are too long and could have been broken at a blank."""
    printed = file.read_text("utf-8").partition("\n")[2].rpartition("\n[exit code")[0]
    return [line for line in printed.split("\n") if len(line) > width and " " in line.strip() and not COMMAND.match(line)]


@pytest.mark.parametrize("file", NARROW, ids=lambda file: file.stem)
def test_at_80_columns_no_line_is_longer(file: Path) -> None:
    assert not too_long(file, 80)


@pytest.mark.parametrize("file", WIDE, ids=lambda file: file.stem)
def test_at_160_columns_no_line_is_longer(file: Path) -> None:
    assert not too_long(file, 160)


def test_both_widths_are_looked_at() -> None:
    assert len(NARROW) == len(WIDE) > 20
