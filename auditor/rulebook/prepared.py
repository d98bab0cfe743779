"""What was made of the pages when the wheel was built: Python source, `scripts/prepare.py`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def prepared(module: str) -> ModuleType | None:
    """A module of what was made of the pages when the wheel was built; None in a checkout, which reads its pages anew."""
    try:
        return import_module(f"auditor.prepared.{module}")
    except ModuleNotFoundError as error:
        if error.name != "auditor.prepared":
            raise
        return None
