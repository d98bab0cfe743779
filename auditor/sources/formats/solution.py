"""Power Platform solutions: the zip that is exported, and the XML that describes a connector in an unpacked one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from auditor.display import clean
from auditor.errors import InputError
from auditor.pattern import late
from auditor.sources.element import UNREADABLE, Element
from auditor.sources.formats.base import Converted, FileFormat, Part, Piece, Whole
from auditor.sources.formats.connector import belongs_to

# Connector/NAME_connectionparameters.json and its like; in an unpacked solution the folder is called Connectors.
_PART = late(r"(?:^|/)Connectors?/[^/]+(?:_(?:connectionparameters|connectionparametersets|openapidefinition)\.json|\.xml)$", re.IGNORECASE)
_OURS = late(_PART.pattern + r"|(?:^|/)(?:apiProperties|apiDefinition(?:\.swagger)?|settings)\.json$", re.IGNORECASE)
_JSON = late(r"\.(?:json|ndjson|jsonl)$", re.IGNORECASE)
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
