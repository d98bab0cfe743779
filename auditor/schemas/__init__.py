"""JSON Schemas that regaudit ships, and what they say of a document."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_DIRECTORY = Path(__file__).parent
NAMES = ("application", "config", "diff", "federation", "overview", "paths", "report", "rule", "waivers")


@cache
def load(name: str) -> dict[str, Any]:
    """A published schema, by one of NAMES."""
    file = "objects" if name == "application" else name
    schema: dict[str, Any] = msgspec.json.decode((_DIRECTORY / f"{file}.json").read_bytes())
    return schema


def problems(kind: str, value: Any) -> Iterator[tuple[list[str | int], str]]:
    """Every place at which an object does not fit, once: path and what is wrong there."""
    if kind not in load("application")["$defs"]:  # of what is not in the metadata nobody says how it looks
        return
    seen: set[tuple[str | int, ...]] = set()
    for error in _validator(kind).iter_errors(value):
        path = tuple(error.absolute_path)
        if path not in seen:
            seen.add(path)
            yield list(path), _sentence(error)


@cache
def _validator(kind: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": load("application")["$defs"]})


def _sentence(error: Any) -> str:
    if error.validator == "type":
        wanted = error.validator_value
        names = {
            "string": "a text",
            "boolean": "true or false",
            "integer": "a whole number",
            "array": "a list",
            "object": "an object",
            "null": "null",
        }
        kinds = [wanted] if isinstance(wanted, str) else wanted
        return f"{' or '.join(names.get(kind, kind) for kind in kinds)} is needed here, this is {kind_of(error.instance)}"
    if error.validator == "pattern":
        what = "a duration such as P180D" if error.validator_value.startswith("^P") else "a date and time such as 2026-01-31T00:00:00Z"
        return f"{what} is needed here"
    return str(error.message)[:200]


def kind_of(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        type(None): "null",
    }
    return names.get(type(value), "something else")


def misspelt(kind: str, value: Any) -> Iterator[tuple[list[str | int], str, str]]:
    """Properties that Microsoft Graph does not have, where one is spelt nearly so: path, name, what was probably meant."""
    defs = load("application")["$defs"]
    if kind in defs:
        yield from _misspelt(defs, defs[kind], value, [])


def _misspelt(
    defs: dict[str, Any], schema: dict[str, Any], value: Any, path: list[str | int]
) -> Iterator[tuple[list[str | int], str, str]]:
    if "$ref" in schema:
        schema = defs[schema["$ref"].rpartition("/")[2]]
    if isinstance(value, dict) and (properties := schema.get("properties")):
        for name, item in value.items():
            if name in properties:
                yield from _misspelt(defs, properties[name], item, [*path, name])
            elif "@" not in name:
                import difflib

                absent = [known for known in properties if known not in value]
                if close := difflib.get_close_matches(name, absent, n=1, cutoff=0.85):
                    yield [*path, name], name, close[0]
    elif isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value[:1000]):
            yield from _misspelt(defs, schema["items"], item, [*path, i])
