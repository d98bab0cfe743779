"""Expressions of Azure Resource Manager templates: `[parameters('name')]`, as far as the template itself has their values."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from auditor.sources.formats.base import Members
from auditor.sources.formats.gaps import Gap

_GAP = Gap("an expression of the template")
_PARAMETER = "a parameter of the template without a default value"
_TOKEN = re.compile(r"\s*(?:(?P<word>[A-Za-z_]\w*)\s*(?P<call>\()?|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<mark>[(),]))")
_PLACE = re.compile(r"\{(\d+)\}")
_MOST = 100  # expressions within each other
_LONGEST = 64 * 1024  # characters


class Scope:
    """What the expressions of one template refer to: its parameters, with the values that a deployment gives them, and variables."""

    def __init__(self, template: Members, given: dict[str, Any] | None = None) -> None:
        self._given = {name.lower(): value for name, value in (given or {}).items()}
        self._parameters = _declared(template, "parameters")
        self._variables = _declared(template, "variables")
        self._known: dict[tuple[str, str], Any] = {}
        self._depth = 0

    def parameter(self, name: str) -> Any:
        """Its value, or its default; a gap where it is secure or has none."""
        declared = self._parameters.get(name.lower())
        if not isinstance(declared, dict) or str(declared.get("type")).lower().startswith("secure"):
            return Gap(_PARAMETER)
        if name.lower() in self._given:
            return _plain(self._given[name.lower()])
        return self._once("parameter", name.lower(), declared["defaultValue"]) if "defaultValue" in declared else Gap(_PARAMETER)

    def variable(self, name: str) -> Any:
        """Its value."""
        return self._once("variable", name.lower(), self._variables[name.lower()]) if name.lower() in self._variables else _GAP

    def _once(self, kind: str, name: str, value: Any) -> Any:
        """A value is worked out once: variables that name each other twice would take for ever, and one that names itself has none."""
        key = kind, name
        if key not in self._known:
            self._known[key] = _GAP
            self._known[key] = _plain(resolved(value, self))
        return self._known[key]

    def evaluated(self, expression: str) -> Any:
        """The value of an expression; a gap where the template does not have it."""
        if self._depth >= _MOST or len(expression) > _LONGEST:
            return _GAP
        self._depth += 1
        try:
            parser = _Parser(expression, self)
            value = parser.value()
            return value if parser.is_at_end else _GAP
        except (ValueError, RecursionError):
            return _GAP
        finally:
            self._depth -= 1


def _plain(value: Any) -> Any:
    """A text, a number, a truth value, null or a list of such: what holds others could become as large as you like."""
    items = value if isinstance(value, list) else [value]
    return _GAP if any(isinstance(item, (list, dict)) for item in items) else value


def _declared(template: Members, name: str) -> dict[str, Any]:
    held = template[name].value() if name in template and template[name].is_object else {}
    return {key.lower(): value for key, value in held.items()}


def resolved(value: Any, scope: Scope) -> Any:
    """A decoded value with its expressions evaluated."""
    if isinstance(value, str):
        if value.startswith("[["):
            return value[1:]
        return scope.evaluated(value[1:-1]) if value.startswith("[") and value.endswith("]") else value
    if isinstance(value, dict):
        return {name: resolved(item, scope) for name, item in value.items()}
    return [resolved(item, scope) for item in value] if isinstance(value, list) else value


class _Parser:
    """A call of a function, a text or a number; raises ValueError of anything else."""

    def __init__(self, text: str, scope: Scope) -> None:
        self._text, self._at, self._scope = text, 0, scope

    @property
    def is_at_end(self) -> bool:
        return self._text[self._at :].strip() == ""

    def value(self) -> Any:
        token = self._next()
        if token["text"] is not None:
            return token["text"][1:-1].replace("''", "'")
        if token["number"] is not None:
            return int(token["number"])
        if token["call"] is None:
            raise ValueError(token[0])
        return self._called(token["word"].lower(), self._arguments())

    def _next(self) -> re.Match[str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise ValueError(self._text)
        self._at = found.end()
        return found

    def _arguments(self) -> list[Any]:
        start = self._at
        if self._next()["mark"] == ")":
            return []
        self._at = start
        found = [self.value()]
        while (mark := self._next()["mark"]) == ",":
            found.append(self.value())
        if mark != ")":
            raise ValueError(self._text)
        return found

    def _called(self, name: str, arguments: list[Any]) -> Any:
        if name in ("parameters", "variables") and len(arguments) == 1 and isinstance(arguments[0], str):
            return self._scope.parameter(arguments[0]) if name == "parameters" else self._scope.variable(arguments[0])
        gap = next((one for one in arguments if isinstance(one, Gap)), None)
        if gap is not None:
            return gap
        return _FUNCTIONS[name](arguments) if name in _FUNCTIONS else _GAP


def _format(arguments: list[Any]) -> Any:
    pattern, *values = arguments
    if not isinstance(pattern, str) or any(not isinstance(one, (str, int)) or isinstance(one, bool) for one in values):
        return _GAP
    numbers = [int(found) for found in _PLACE.findall(pattern)]
    if any(number >= len(values) for number in numbers) or "{" in _PLACE.sub("", pattern):
        return _GAP
    made = _PLACE.sub(lambda found: str(values[int(found[1])]), pattern) if len(pattern) < _LONGEST else ""
    return made if len(made) < _LONGEST else _GAP


def _concat(arguments: list[Any]) -> Any:
    made = "".join(arguments) if all(isinstance(one, str) for one in arguments) else ""
    if made or all(one == "" for one in arguments):
        return made if len(made) < _LONGEST else _GAP
    return _GAP


_FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "format": _format,
    "concat": _concat,
    "tolower": lambda given: given[0].lower() if len(given) == 1 and isinstance(given[0], str) else _GAP,
    "createarray": lambda given: _plain(given),
    "null": lambda given: None if not given else _GAP,
    "true": lambda given: True if not given else _GAP,
    "false": lambda given: False if not given else _GAP,
}
