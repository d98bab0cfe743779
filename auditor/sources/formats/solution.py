"""Power Platform solutions: the zip that is exported, and the XML that describes a connector in an unpacked one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.errors import InputError
from auditor.sources.element import Element
from auditor.sources.formats.base import Converted, FileFormat, Part, Piece, Whole
from auditor.sources.formats.connector import belongs_to

# Connector/NAME_connectionparameters.json and its like; in an unpacked solution the folder is called Connectors.
_PART = re.compile(
    r"(?:^|/)Connectors?/[^/]+(?:_(?:connectionparameters|connectionparametersets|openapidefinition)\.json|\.xml)$", re.IGNORECASE
)
_OURS = re.compile(_PART.pattern + r"|(?:^|/)(?:apiProperties|apiDefinition(?:\.swagger)?|settings)\.json$", re.IGNORECASE)
_ROOT = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*<Connector[\s>]")


class _Solution(FileFormat):
    """The archive that is exported. Of a zip only what belongs to connectors is read; another zip is passed over."""

    name = "solution"
    counts = False
    holds_nothing = "this zip archive holds no connector", "export the solution that the connector is in"

    def recognises(self, file: Whole) -> bool:
        return file.raw.startswith((b"PK\x03\x04", b"PK\x05\x06"))  # the second begins an empty one

    def is_certain(self, file: Whole) -> bool:
        """With a part of a connector where solutions have it."""
        from auditor.sources import archive

        return any(_PART.search(name) for name in archive.names(file.raw))

    def pieces(self, file: Whole) -> Iterator[Part]:
        from auditor.sources import archive

        for member in archive.members(file.raw, file.name, _OURS):
            yield member if isinstance(member, InputError) else Whole(member[0], file.scope, named=False, raw=member[1])


class _Description(FileFormat):
    """A solution's <Connector>: a part of the connector, its name."""

    name = "solution XML"

    def recognises(self, file: Whole) -> bool:
        return _ROOT.match(file.raw[:1000]) is not None

    def pieces(self, file: Whole) -> Iterator[Part]:
        raw, name = file.raw, file.name
        if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
            yield InputError(name, "a solution's XML declares no document type; it is not read", 1, 1)
            return
        from xml.etree import ElementTree

        try:
            # Of a text the parser does not ask what encoding is declared, so that it sees what was looked at above.
            root = ElementTree.fromstring(raw.decode("utf-8"))  # noqa: S314  (without document type there are no entities)
        except UnicodeDecodeError:
            yield InputError(name, "not valid UTF-8", 1, 1)
            return
        except ElementTree.ParseError as error:
            line, column = error.position
            yield InputError(name, f"not XML: {str(error).partition(':')[0]}", line, column + 1)
            return
        out = Converted()
        if (title := root.findtext("displayname")) is not None:
            out.put("displayName", title, "")
        yield Piece(Element(raw, 0, len(raw), ""), "connectorPart", converted=out, parent=belongs_to(name), start=(1, 1))


FORMATS = (_Solution(), _Description())
