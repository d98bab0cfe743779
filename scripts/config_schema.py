"""Makes `auditor/schemas/config.json` and `waivers.json`, the JSON Schemas of what a team writes by hand, from the structs that read it.

The text below a member of a struct describes it. Unlike a report, these are closed: an unknown key is a mistake.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from report_schema import described

from auditor import configuration_file
from auditor.engine import waivers
from auditor.severity import SEVERITIES


def schema(kind: type[msgspec.Struct], title: str, module: Any) -> dict[str, Any]:
    made = msgspec.json.schema(kind)
    texts = described(module)
    for name, definition in made["$defs"].items():
        definition["description"] = " ".join(texts[name][""].split())
        for member, value in definition["properties"].items():
            value["description"] = texts[name][member.replace("-", "_")]
            if member == "severity":
                value["additionalProperties"] = {"enum": list(SEVERITIES)}
            elif member == "params":
                value["additionalProperties"] = {"type": "object"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": "Made by scripts/generate.py.",
        **made,
    }


def files() -> dict[str, str]:
    made = {
        "config": schema(configuration_file.Table, "regaudit.toml, or [tool.regaudit] of pyproject.toml", configuration_file),
        "waivers": schema(waivers.File, "regaudit-waivers.toml", waivers),
    }
    return {f"auditor/schemas/{name}.json": json.dumps(one, indent=1) + "\n" for name, one in made.items()}
