"""Makes the JSON Schemas of the JSON report and of what `regaudit diff` and `regaudit overview` print, from the structs of their models.

The text below a member of a struct describes it. All objects are open: a later version may add members.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import msgspec

from auditor import accepted, severity, template
from auditor.history import model as diff
from auditor.report import federation, model, objects, overview, paths
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


def schema(of: type, modules: Iterable[ModuleType], title: str, version: str, changes: str) -> dict[str, Any]:
    """The schema of a struct whose parts are in these modules; of two classes of one name that of the last."""
    made = msgspec.json.schema(of)
    texts = {name: members for module in modules for name, members in described(module).items()}
    for name, definition in made["$defs"].items():
        said = texts[name]
        definition["description"] = " ".join(said[""].split())
        own = [cls for module in modules if (cls := getattr(module, name, None)) is not None][-1]
        members = dict(zip(getattr(own, "__struct_encode_fields__", ()), getattr(own, "__struct_fields__", ()), strict=True))
        for member, value in definition.get("properties", {}).items():
            value["description"] = said[members[member]]
            _without_names(value)
    if "Severity" in made["$defs"]:
        made["$defs"]["Severity"]["enum"] = list(SEVERITIES)  # in their order
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": f"schema_version {version}. Made by scripts/generate.py. What may change: {changes}.",
        **made,
    }


def _without_names(value: Any) -> None:
    """What names an object's members can have, which not every version of msgspec says."""
    if isinstance(value, dict):
        value.pop("propertyNames", None)
        for part in value.values():
            _without_names(part)
    elif isinstance(value, list):
        for part in value:
            _without_names(part)


def files() -> dict[str, str]:
    schemas = {
        "report": schema(model.Report, MODULES, "regaudit's JSON report", model.SCHEMA_VERSION, "docs/report.md"),
        "diff": schema(diff.Diff, (*MODULES, diff), "What changed between two runs of regaudit", diff.SCHEMA_VERSION, "docs/report.md"),
        "overview": schema(overview.Overview, (*MODULES, overview), "regaudit's overview", overview.SCHEMA_VERSION, "docs/report.md"),
        "paths": schema(paths.Paths, (*MODULES, paths), "regaudit's escalation paths", paths.SCHEMA_VERSION, "docs/report.md"),
        "federation": schema(
            federation.Federation,
            (*MODULES, federation),
            "regaudit's federated identity credentials",
            federation.SCHEMA_VERSION,
            "docs/report.md",
        ),
    }
    return {f"auditor/schemas/{name}.json": json.dumps(made, indent=1) + "\n" for name, made in schemas.items()}
