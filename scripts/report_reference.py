"""Makes `docs/report-reference.md`, every member of the JSON report, from its JSON Schema."""

from __future__ import annotations

import json
from typing import Any

import report_schema

HEAD = """\
# The JSON report, member by member

Made by `python scripts/generate.py` from the JSON Schema that `regaudit schema report` prints. [Reports](report.md) says how the parts
belong together and what may change. A member with a default can be left out of the report.
"""


def files() -> dict[str, str]:
    made = json.loads(report_schema.files()["auditor/schemas/report.json"])
    parts = [HEAD]
    for name, definition in made["$defs"].items():
        parts.append(f"## {name}\n\n{definition['description']}\n")
        if "enum" in definition:
            parts.append(f"One of {', '.join(f'`{value}`' for value in definition['enum'])}.\n")
        if properties := definition.get("properties"):
            required = definition.get("required", ())
            rows = [f"| `{member}` | {kind(value)} | {meaning(value, member in required)} |" for member, value in properties.items()]
            parts.append("| member | type | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return {"docs/report-reference.md": "\n".join(parts)}


def kind(value: dict[str, Any]) -> str:
    """The type of a member, with links to the definitions that it names."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in value:
        return " or ".join(kind(one) for one in value["anyOf"])
    if "enum" in value:
        return " or ".join(f"`{one}`" for one in value["enum"])
    if value.get("type") == "array":
        return f"list of {kind(value['items'])}" if "items" in value else "list"
    if value.get("type") == "object":
        return f"object of {kind(value['additionalProperties'])}" if isinstance(value.get("additionalProperties"), dict) else "object"
    return str(value.get("format", value["type"]))


def meaning(value: dict[str, Any], required: bool) -> str:
    """What a member says, and what it is where it is left out."""
    text = str(value["description"]).replace("|", "\\|")
    if required:
        return text
    default = value.get("default")
    return f"{text} Default: {'empty' if default in ('', [], {}) else json.dumps(default)}."
