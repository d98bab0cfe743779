"""Pages -> rules, folders -> rulebooks, profiles."""

from auditor.rulebook.book import (
    KINDS,
    Check,
    Checked,
    Example,
    Rule,
    Rulebook,
    collections,
    fact_needs,
    load,
    load_folder,
    pages,
    parameter_type,
    parse,
    shipped,
    shipped_folder,
)

__all__ = [
    "KINDS", "Check", "Checked", "Example", "Rule", "Rulebook", "collections", "fact_needs", "load", "load_folder", "pages",
    "parameter_type", "parse", "shipped", "shipped_folder",
]  # fmt: skip
