"""Makes `auditor/schemas/report.json`, the JSON Schema of the JSON report, from the structs of `auditor/report/model.py`.

The text below a member of a struct describes it. All objects are open: a later version may add members.
"""

from __future__ import annotations

import ast
import inspect
import json
from types import ModuleType
from typing import Any

import msgspec

from auditor import accepted, severity, template
from auditor.report import model, objects
from auditor.severity import SEVERITIES

MODULES = (model, objects, accepted, severity, template)


def described(module: ModuleType) -> dict[str, dict[str, str]]:
    """Class -> member -> the text below it, also of the classes that it extends within the module; "": of the class itself."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            texts = {"": ast.get_docstring(node) or ""}
            for base in node.bases:
                texts = {**found.get(ast.unparse(base), {}), **texts}
            for member, text in zip(node.body, node.body[1:], strict=False):
                if isinstance(member, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                    texts[ast.unparse(member.target)] = " ".join(str(text.value.value).split())
            found[node.name] = texts
    return found


def schema() -> dict[str, Any]:
    made = msgspec.json.schema(model.Report)
    texts = {name: members for module in MODULES for name, members in described(module).items()}
    for name, definition in made["$defs"].items():
        definition["description"] = " ".join(texts[name][""].split())
        for member, value in definition.get("properties", {}).items():
            value["description"] = texts[name][member]
    made["$defs"]["Severity"]["enum"] = list(SEVERITIES)  # in their order
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "regaudit's JSON report",
        "description": f"schema_version {model.SCHEMA_VERSION}. Made by scripts/generate.py. What may change: docs/report.md.",
        **made,
    }


def files() -> dict[str, str]:
    return {"auditor/schemas/report.json": json.dumps(schema(), indent=1) + "\n"}
