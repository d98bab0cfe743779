"""Pages -> rules, folders -> rulebooks, profiles. A rule is data: to compile and to run it is the engine's."""

from auditor.rulebook.book import NOT_PAGES, Rulebook, check_giving_way, load_folder, pages, shipped, shipped_folder
from auditor.rulebook.page import ID, KINDS, Block, Example, Rule, load, parse

__all__ = [
    "ID", "KINDS", "NOT_PAGES", "Block", "Example", "Rule", "Rulebook", "check_giving_way", "load", "load_folder", "pages",
    "parse", "shipped", "shipped_folder",
]  # fmt: skip
