"""What was made of the pages when the wheel was built, `auditor.prepared`: Python source and JSON, by `scripts/prepare.py`."""

from __future__ import annotations

from pathlib import Path

from auditor.startup import prepared

# What there is of each rule in lines.json, a line each: runs need them of none or a few rules.
LINES = ("checks", "rows", "template", "prose", "known")


def line(rule: str, what: str) -> bytes | None:
    """JSON of one of LINES of a rule that is shipped; None of any other, and in a checkout."""
    index = prepared("lines")
    if index is None or rule not in index.AT:
        return None
    start, *sizes = index.AT[rule]
    number = LINES.index(what)
    with Path(str(index.__file__)).with_name("lines.json").open("rb") as file:
        file.seek(start + sum(sizes[:number]))
        return file.read(sizes[number])
