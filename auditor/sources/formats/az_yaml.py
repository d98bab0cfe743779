"""What `az … -o yaml` prints. It becomes JSON whose values are on the lines and in the columns that they have in the YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from auditor.errors import InputError
from auditor.pattern import late
from auditor.sources.document import Note
from auditor.sources.formats.base import FileFormat, Part, Whole

_NAMES = (
    rb"displayName|signInAudience|identifierUris|requiredResourceAccess|passwordCredentials|servicePrincipalType|appOwnerOrganizationId"
)
# Names of one object at the left margin, or of objects in a list there: other tools' YAML has such names deeper.
_BEGINNING = rb"(?s)\A(?:(?:#|---)[^\n]*\n|\s*\n)*+"
_ONE, _LIST = (
    late(
        _BEGINNING + first + rb"(?=.*^" + margin + rb"(['\"]?)appId\1:\s)(?=.*^" + margin + rb"(['\"]?)(?:" + _NAMES + rb")\2:\s)",
        re.MULTILINE,
    )
    for first, margin in ((rb"(?=[\w@.\"'])", b""), (rb"(?=- )", rb"[ -] "))
)
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class _AzYaml(FileFormat):
    counts = False  # what is read is the JSON
    name = "YAML of Azure CLI"
    about = "what `az ad app list -o yaml` and the like print"
    told_by = "`appId` and another name of an application at the left margin, or in a list there"
    holds = ("applications", "servicePrincipals")

    def recognises(self, file: Whole) -> bool:
        if file.is_json or not (file.named or file.name.lower().endswith((".yaml", ".yml"))):
            return False
        return any(pattern.match(file.raw) is not None for pattern in (_ONE, _LIST))

    def pieces(self, file: Whole) -> Iterator[Part]:
        yield Note("this is YAML, which is read as if it were JSON; `-o json` is surer", file.name)
        raw = _as_json(file.raw, file.name).encode()
        yield Whole(file.name, file.scope, named=True, raw=raw, limit=file.limit, level=file.level, budget=file.budget, asked=file.asked)


def _as_json(raw: bytes, name: str) -> str:
    """The documents of a YAML text as JSON. Raises InputError with the place."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = raw.decode("utf-8")
        # An alias stands for what may be large, and hold others: ten lines could be more than the memory.
        for event in yaml.parse(text, loader):
            if isinstance(event, yaml.AliasEvent):
                raise _error(name, "an alias (*NAME) is not read; use `-o json`", event.start_mark)
        written = _Written()
        for root in yaml.compose_all(text, loader):
            _write(root, written, name)
        return "".join(written.parts)
    except yaml.MarkedYAMLError as error:
        raise _error(name, f"this is not valid YAML: {error.problem}", error.problem_mark) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(name, f"this is not valid YAML: {error}") from None


def _error(name: str, message: str, mark: Any) -> InputError:
    return InputError(name, message, mark.line + 1, mark.column + 1) if mark else InputError(name, message)


class _Written:
    """A text that grows, and where it ends. Lines and columns count from 0."""

    def __init__(self) -> None:
        self.parts, self.line, self.column = list[str](), 0, 0

    def add(self, text: str) -> None:
        """Text without a line break."""
        self.parts.append(text)
        self.column += len(text)

    def go_to(self, line: int, column: int) -> None:
        """To a place, as far as it is ahead."""
        if line > self.line:
            self.parts.append("\n" * (line - self.line))
            self.line, self.column = line, 0
        if column > self.column:
            self.add(" " * (column - self.column))


def _write(node: Any, written: _Written, name: str) -> None:
    """A node where it is in the YAML. What JSON has besides (names, brackets, commas) goes before: there YAML has indents and dashes."""
    kind, mark = node.tag.rpartition(":")[2], node.start_mark
    if node.id == "scalar":
        written.go_to(mark.line, mark.column)
        written.add(json.dumps(_value(node.value, kind)))
        return
    before, after = "{}" if node.id == "mapping" else "[]"
    if node.flow_style:
        written.go_to(mark.line, mark.column)
    elif node.id == "mapping":
        written.go_to(mark.line, mark.column - 2)  # in place of a list's dash
    written.add(before)
    for number, entry in enumerate(node.value):
        if number:
            written.add(",")
        if node.id == "mapping":
            key, entry = entry
            if key.id != "scalar":
                raise _error(name, "a name that is not a text", key.start_mark)
            written.add(json.dumps(key.value) + ":")
        _write(entry, written, name)
    written.add(after)


def _value(text: str, kind: str) -> Any:
    """A scalar of YAML; what JSON has no kind for, such as a date, is the text that it is."""
    if kind == "null":
        return None
    if kind == "bool":
        return _WORDS[text.lower()]
    if kind in ("int", "float"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


FORMATS = (_AzYaml(),)
