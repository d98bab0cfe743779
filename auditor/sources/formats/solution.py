"""Power Platform solutions: the zip that is exported, and the XML that describes a connector in an unpacked one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from auditor.display import clean
from auditor.errors import InputError
from auditor.pattern import late
from auditor.sources.element import UNREADABLE, Element
from auditor.sources.formats.base import Converted, FileFormat, Object, ObjectFormat, Part, Piece, Whole

# Connector/NAME_connectionparameters.json and its like; in an unpacked solution the folder is called Connectors.
_PART = late(r"(?:^|/)Connectors?/[^/]+(?:_(?:connectionparameters|connectionparametersets|openapidefinition)\.json|\.xml)$", re.IGNORECASE)
_OURS = late(
    _PART.pattern + r"|(?:^|/)environmentvariabledefinitions/[^/]+/environmentvariable(?:definition\.xml|values\.json)$"
    r"|(?:^|/)(?:apiProperties|apiDefinition(?:\.swagger)?|settings)\.json$",
    re.IGNORECASE,
)
_JSON = late(r"\.(?:json|ndjson|jsonl)$", re.IGNORECASE)
_VARIABLE = late(r"(?:^|/)environmentvariabledefinitions/([^/]+)/environmentvariable(?:definition\.xml|values\.json)$", re.IGNORECASE)
_VARIABLE_ROOT = late(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*<environmentvariabledefinition[\s>]")
_ROOT = late(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*<Connector[\s>]")


class _Solution(FileFormat):
    """The archive that is exported. Of a zip only what belongs to connectors is read; registrations in it are an error."""

    name = "solution"
    counts = False
    holds_nothing = "this zip archive holds no connector", "export the solution that the connector is in"

    def recognises(self, file: Whole) -> bool:
        return file.raw.startswith((b"PK\x03\x04", b"PK\x05\x06"))  # the second begins an empty one

    def is_certain(self, file: Whole) -> bool:
        """With a part of a connector where solutions have it, or a registration."""
        from auditor.sources import archive

        return any(_PART.search(name) for name in archive.names(file.raw)) or _with_registrations(file) is not None

    def pieces(self, file: Whole) -> Iterator[Part]:
        from auditor.sources import archive

        for member in archive.members(file.raw, file.name, _OURS):
            yield member if isinstance(member, InputError) else Whole(member[0], file.scope, named=False, raw=member[1])
        if (held := _with_registrations(file)) is not None:
            yield InputError(
                file.name, f"this zip archive holds app registrations ({clean(held, 200)}), which are not read", hint="unpack it first"
            )


def _with_registrations(file: Whole) -> str | None:
    """The first JSON file in an archive, beside the parts of connectors, that holds a registration or principal."""
    from auditor.sources import archive, marks
    from auditor.sources.formats import may_hold_ours  # of which this is one

    for member in archive.members(file.raw, file.name, _JSON):
        if isinstance(member, InputError) or _OURS.search(member[0]) or not may_hold_ours(member[1]):
            continue
        with suppress(*UNREADABLE):
            decode = msgspec.json.Decoder().decode if member[0].lower().endswith(".json") else msgspec.json.Decoder().decode_lines
            if marks.bears(decode(member[1])):
                return member[0]
    return None


class _Description(FileFormat):
    """A solution's <Connector>: a part of the connector, its name."""

    name = "solution XML"

    def recognises(self, file: Whole) -> bool:
        return _ROOT.match(file.raw[:1000]) is not None

    def pieces(self, file: Whole) -> Iterator[Part]:
        from auditor.sources.formats import connector

        root = _tree(file)
        if isinstance(root, InputError):
            yield root
            return
        out = Converted()
        if (title := root.findtext("displayname")) is not None:
            out.put("displayName", title, "")
        parent = connector.belongs_to(file.name)
        yield Piece(Element(file.raw, 0, len(file.raw), ""), "connectorPart", converted=out, parent=parent, start=(1, 1))


class _Definition(FileFormat):
    """A solution's definition of an environment variable: its name and default."""

    name = "environment variable"

    def recognises(self, file: Whole) -> bool:
        return _VARIABLE_ROOT.match(file.raw[:1000]) is not None

    def pieces(self, file: Whole) -> Iterator[Part]:
        root = _tree(file)
        if isinstance(root, InputError):
            yield root
            return
        out = _variable(root.get("schemaname") or _name_of(file.name), "default", root.findtext("defaultvalue"))
        yield Piece(Element(file.raw, 0, len(file.raw), ""), "connectorPart", converted=out, start=(1, 1))


class _Values(ObjectFormat):
    """environmentvariablevalues.json of a solution, and the settings of a deployment (`pac solution create-settings`)."""

    name = "values of environment variables"
    markers = (rb"environmentvariablevalues", rb"EnvironmentVariables")

    def recognises(self, seen: Object) -> str | None:
        members = seen.members
        own = "environmentvariablevalues" in members and members["environmentvariablevalues"].is_object and _name_of(seen.file)
        # Lists of other tools with this name ("Name", "Value") have no schema names.
        rows = members.get("EnvironmentVariables")
        settings = rows is not None and rows.is_array and any(map(_is_setting, rows.items()))
        return "connectorPart" if own or settings else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        members = seen.members
        if "EnvironmentVariables" not in members:
            inside = members["environmentvariablevalues"].members()
            one = inside.get("environmentvariablevalue")
            rows = one.items() if one is not None and one.is_array else [one] if one is not None and one.is_object else []
            for row in rows:
                yield Piece(row, kind, lambda value: _variable(_name_of(seen.file), "value", value.get("value")))
            return
        for row in members["EnvironmentVariables"].items():
            if _is_setting(row):
                yield Piece(row, kind, lambda value: _variable(value.get("SchemaName"), "value", value.get("Value")))


def _is_setting(row: Element) -> bool:
    return row.is_object and "SchemaName" in row.members()


def _name_of(file: str) -> str:
    """The variable that a file is of, by its folder; '' where it is of none."""
    found = _VARIABLE.search(file.replace("\\", "/"))
    return found[1] if found else ""


def _variable(name: object, what: str, value: object) -> Converted:
    out = Converted()
    out.put("variable", name if isinstance(name, str) else "", "")
    if isinstance(value, str):
        out.put(what, value, "")
    return out


def _tree(file: Whole) -> Any:
    """The root of an XML file, or what is wrong with it."""
    raw, name = file.raw, file.name
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        return InputError(name, "a solution's XML declares no document type; it is not read", 1, 1)
    from xml.etree import ElementTree

    try:
        # Of a text the parser does not ask what encoding is declared, so that it sees what was looked at above.
        return ElementTree.fromstring(raw.decode("utf-8"))  # noqa: S314  (without document type there are no entities)
    except UnicodeDecodeError:
        return InputError(name, "not valid UTF-8", 1, 1)
    except ElementTree.ParseError as error:
        line, column = error.position
        return InputError(name, f"not XML: {str(error).partition(':')[0]}", line, column + 1)


FORMATS = (_Solution(), _Description(), _Definition(), _Values())
