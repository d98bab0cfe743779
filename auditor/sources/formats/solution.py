"""Power Platform solutions: the XML that describes a connector, environment variables. (The zip is a container.)"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from auditor.errors import InputError
from auditor.pattern import late
from auditor.sources.element import Element
from auditor.sources.formats.base import Converted, FileFormat, Object, ObjectFormat, Part, Piece, Whole

_VARIABLE = late(r"(?:^|/)environmentvariabledefinitions/([^/]+)/environmentvariable(?:definition\.xml|values\.json)$", re.IGNORECASE)
_VARIABLE_ROOT = late(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*<environmentvariabledefinition[\s>]")
_ROOT = late(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*<Connector[\s>]")


class _Description(FileFormat):
    """A solution's <Connector>: a part of the connector, its name."""

    name = "solution XML"
    about = "the description of a connector in an unpacked solution"
    told_by = "the element `Connector`"
    holds = ("connectors",)

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
    about = "environmentvariabledefinition.xml of an unpacked solution"
    told_by = "the element `environmentvariabledefinition`"
    holds = ("connectors",)

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
    about = "environmentvariablevalues.json of a solution, the settings of `pac solution create-settings`"
    told_by = "the names `environmentvariablevalues` and `EnvironmentVariables`"
    holds = ("connectors",)
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


FORMATS = (_Description(), _Definition(), _Values())
