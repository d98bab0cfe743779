"""Makes `docs/formats.md`, the list of formats that are read, from what the formats declare."""

from __future__ import annotations

from auditor.commands.formats import described


def files() -> dict[str, str]:
    lines = [
        "# Formats: which files are read",
        "",
        "Made by `python scripts/generate.py` from the declarations in `auditor/sources/formats/`; `regaudit formats` prints the same.",
        "",
        "The content of a file decides what it is, not its name. A file or object goes to the first format of this list that recognises "
        "it. What a format cannot hold is unknown: rules that need it are not evaluated, and the report says so. `everything`: all "
        "collections that rules read (`regaudit permissions` lists them).",
        "",
        "| format | what it is | recognised by | holds | cannot hold |",
        "|---|---|---|---|---|",
    ]
    for row in described():
        cells = (row["name"], row["about"], row["told_by"], ", ".join(row["holds"]), _names(row["cannot_hold"]))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += [
        "",
        "## Around and within files",
        "",
        "- UTF-8, UTF-16 and UTF-32, with and without byte order mark; colours of a terminal; text before the JSON; comments and trailing "
        "commas; several JSON values after each other, one a line or not.",
        "- A name that an object has twice with different values is an error, and the value is unknown.",
        "- Of PowerShell: `ConvertTo-Json` without `-Depth 10` cuts what lies deeper than two levels. What was cut is unknown; a note says "
        "where the first such value is. A list of one element that was written as the element is read as a list. Null is unknown where "
        "`-Property` may not have selected it.",
        "- Archives are read in memory: at most 2,000 files of 256 MB, 1 GB in all, packed at most 200 times smaller; an archive in an "
        "archive is opened, one in that is not. Names that lead out of an archive, links and encrypted files are not read.",
        "",
    ]
    return {"docs/formats.md": "\n".join(lines)}


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
