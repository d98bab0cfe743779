"""Reads the data of others that lies in `scripts/data/`. `sources.toml` there says where each file comes from, its licence and its hash."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
TABLES = ("graph_permissions.tsv", "other_permissions.tsv", "first_party_apps.tsv")  # of others


def source(name: str) -> dict[str, str]:
    """The row of a file in sources.toml."""
    return tomllib.loads((DATA / "sources.toml").read_text("utf-8"))[name]  # type: ignore[no-any-return]


def load(name: str) -> Any:
    """A JSON file."""
    return json.loads(_content(name))


def rows(name: str) -> list[list[str]]:
    """The rows of a table below its head: one of others', or one that we keep ourselves."""
    content = _content(name) if name in TABLES else (DATA / name).read_bytes()
    return [line.split("\t") for line in content.decode("utf-8").splitlines()[1:] if line]


def _content(name: str) -> bytes:
    """Stops when a file is not the one that sources.toml describes."""
    content = (DATA / name).read_bytes()
    found, expected = hashlib.sha256(content).hexdigest(), source(name)["sha256"]
    if found != expected:
        raise SystemExit(f"scripts/data/{name} has the SHA-256 {found}, sources.toml says {expected}: restore the file, or renew its row")
    return content
