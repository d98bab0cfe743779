"""Names that look the same: confusable letters folded."""

from __future__ import annotations

from functools import cache

from auditor.entra.catalog import CATALOG

# Cyrillic and Greek letters that look like Latin ones, and digits that stand in for letters.
_CONFUSABLE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u051b\u0455\u0501\u04bb\u04cf\u03bf\u03b1\u03b5\u03b9\u03ba\u03bd\u03c1\u03c4\u03c5\u03c9\u043c\u0442\u043d\u043a\u0432\u0433\u0030\u0031\u0033\u0035",
    "aeopcyxijqsdhloaeikvptuwmthkbroles",
    "\u200b\u200c\u200d\u2060\ufeff \t.-_",
)
_ALIKE = str.maketrans("i\u0251", "la")  # a capital I looks like a small l


def fold(name: str) -> str:
    if not name.isascii():
        import unicodedata

        name = unicodedata.normalize("NFKC", name)
    return name.casefold().translate(_CONFUSABLE).translate(_ALIKE)


def has_letters(name: str) -> bool:
    """Whether a name has a letter or digit of any script, so that people can read it out."""
    return any(character.isalnum() for character in name)


def imitated(name: str) -> str | None:
    """The Microsoft application whose name this one looks like, or None."""
    folded = fold(name) if name else ""
    return _microsofts().get(folded) if folded else None


@cache
def _microsofts() -> dict[str, str]:
    """Folded name -> name of Microsoft's own applications."""
    return {fold(name): name for name in CATALOG.first_party.values()}
