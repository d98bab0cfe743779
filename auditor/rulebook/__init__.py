"""Pages -> rules, folders -> rulebooks, profiles."""

from auditor.rulebook.book import NOT_PAGES, Rulebook, collections, load_folder, pages, shipped, shipped_folder
from auditor.rulebook.checked import Check, fact_needs
from auditor.rulebook.page import ID, KINDS, Example, Rule, load, parse

__all__ = [
    "ID", "KINDS", "NOT_PAGES", "Check", "Example", "Rule", "Rulebook", "collections", "fact_needs", "load", "load_folder", "pages",
    "parse", "shipped", "shipped_folder",
]  # fmt: skip
