"""regaudit config: print what is in force, and where it comes from."""

from __future__ import annotations

from typing import Any

import click

from auditor.commands import Command, FilePath, configured, echo_json, options
from auditor.commands.options import Output, outputs

_EPILOG = """\b
Examples:
  regaudit config
  regaudit config manifests/ --output-format json
  regaudit config --config team/regaudit.toml
"""
_DEFAULT = "default"


@click.command("config", cls=Command, epilog=_EPILOG)
@click.argument("paths", nargs=-1, metavar="[PATH…]", type=FilePath())
@outputs("text", "json")
def command(paths: tuple[str, ...], output: Output) -> None:
    """Print the configuration that is in force for a scan of PATH, and where each value comes from.

    A configuration inside a folder that is audited is not read, so PATH matters. The command line of a scan comes first.
    """
    from auditor.configuration import rendered, shown
    from auditor.display import wrapped
    from auditor.engine.selection import RuleSelection

    found = configured()
    waivers = found.value("waivers") or (shown(found.waivers) if found.waivers is not None else None)
    profile = found.value("profile") or options.DEFAULT
    rules = RuleSelection(profile=profile, extend_rules=tuple(found.value("extend-rules") or ()), layers=found.layers())
    book = rules.book()
    checked = rules.rules()
    overrides = found.overrides(book)
    rows = [(key, found.settings[key].value, found.settings[key].place) for key in sorted(found.settings)]
    if "waivers" not in found.settings and waivers is not None:
        rows.append(("waivers", waivers, "found"))
    for file in found.files:
        for table in ("select", "ignore", "severity", "params"):
            if value := getattr(file.table, table):
                rows += _rows(table, value, file)
    rows += [("override", one.what, f"{one.waiver.file}:{one.waiver.line}") for one in overrides]
    if output.form == "json":
        settings = [{"key": key, "value": value, "from": place} for key, value, place in rows]
        echo_json({"files": found.names, "waivers": waivers, "rules": len(checked), "settings": settings})
        return
    click.echo(f"Configuration: {', '.join(found.names) or 'none found'}")
    width = max((len(f"{key} = {rendered(value)}") for key, value, _ in rows), default=0)
    for key, value, place in rows:
        click.echo("\n".join(wrapped(place, f"  {f'{key} = {rendered(value)}':<{min(width, 50)}}  ", "      ")))
    text = f"{len(checked)} of {len(book)} rules are checked. All other options have the defaults of `regaudit scan --help`."
    click.echo("\n".join(wrapped(text)))


def _rows(table: str, value: Any, file: Any) -> list[tuple[str, Any, str]]:
    """The entries of a table that says something of rules, each with its line."""
    if isinstance(value, list):
        return [(table, value, f"{file.name}:{file.line(table)}")]
    found: list[tuple[str, Any, str]] = []
    for key, one in value.items():
        if isinstance(one, dict):
            found += [(f"{table}.{key}.{name}", each, f"{file.name}:{file.line(table, key, name)}") for name, each in one.items()]
        else:
            found.append((f"{table}.{key}", one, f"{file.name}:{file.line(table, key)}"))
    return found
