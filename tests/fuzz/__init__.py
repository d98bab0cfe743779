"""Harnesses for a coverage-guided fuzzer: `make fuzz` runs them under atheris, `tests/test_fuzz.py` runs their seeds without it.

Each takes any bytes and lets no error through but those that we document: whatever else it raises is a fault of ours.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_made = tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None)


def file_of(data: bytes, name: str) -> Path:
    """A file of these bytes, alone in its folder."""
    path = Path(_made.name) / name
    path.write_bytes(data)
    return path
