"""Addresses of the documentation on the web."""

from __future__ import annotations

DOCS = "https://regaudit.readthedocs.io/"


def rule_page(identity: str) -> str:
    """The page of a rule, by its identity, which a rule that is renamed keeps."""
    return f"{DOCS}rules/{identity}/"
