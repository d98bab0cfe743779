"""What the shell offers when a user presses Tab. Pages are not read for it: their names are enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click


def rules(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of rules; for options that take several, areas and ALL, too, behind what stands before the last comma."""
    from auditor.rulebook import shipped_folder

    pages = [path for path in shipped_folder().glob("*/*.md") if path.name != "README.md"]
    names = {path.stem for path in pages}
    if not isinstance(parameter, click.Option):
        return _beginning(incomplete, names)
    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in _beginning(last, names | {path.parent.name for path in pages} | {"ALL"})]


def explained(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of rules and, once one is begun, AADSTS codes, written as it was begun."""
    from auditor.entra.catalog import CATALOG

    codes = [f"{word}{number}" for word in ("AADSTS", "aadsts", "") for number in CATALOG.codes] if incomplete else []
    return rules(context, parameter, incomplete) + _beginning(incomplete, codes)


def frameworks(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of frameworks and, once one is whole, its items."""
    from auditor.frameworks import catalogue

    name, colon, _ = incomplete.partition(":")
    if not colon or name not in catalogue():
        return _beginning(incomplete, catalogue())
    return _beginning(incomplete, [f"{name}:{item.id}" for item in catalogue()[name].items])


def profiles(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from auditor.rulebook.profiles import names

    return _beginning(incomplete, names())


def formats(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from auditor.report import FORMATS

    return _beginning(incomplete, FORMATS)


def of(names: Iterable[str]) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Offers these names."""
    return lambda context, parameter, incomplete: _beginning(incomplete, names)


def _beginning(start: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(start))
