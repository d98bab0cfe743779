"""Addresses of our documentation: rules, reports and help name them, so they have one home."""

DOCS = "https://regaudit.readthedocs.io/"


def rule_page(identity: str) -> str:
    """The page of the rule with this identity, which outlives a rename of its title or its file."""
    return f"{DOCS}rules/{identity}/"
