"""SHA-256, of Python's own make: hashlib takes 2 ms to load OpenSSL, a fourth of what bare Python takes to start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any


def sha256(data: bytes = b"") -> Any:
    """As `hashlib.sha256`."""
    return _maker()(data)


@cache
def _maker() -> Callable[[bytes], Any]:
    for module in ("_sha2", "_sha256"):  # of Python 3.12 and newer, of 3.11
        with suppress(ImportError):
            maker: Callable[[bytes], Any] = import_module(module).sha256
            return maker
    from hashlib import sha256

    return sha256
