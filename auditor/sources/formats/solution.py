"""Power Platform solutions: the zip that is exported, and the XML that describes a connector in an unpacked one.

Of a zip only what belongs to connectors is read, in memory and within bounds: nothing is ever unpacked to a disk.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

from auditor.errors import InputError
from auditor.sources.document import Document, Documents, File
from auditor.sources.formats import graph
from auditor.sources.formats.connector import belongs_to

ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
MOST_MEMBERS, MOST_BYTES, MOST_IN_ALL = 2000, 16 * 1024 * 1024, 64 * 1024 * 1024  # of one member, of all of them
# Connector/NAME_connectionparameters.json and its like; in an unpacked solution the folder is called Connectors.
_OURS = re.compile(
    r"(?:^|/)Connectors?/[^/]+(?:_(?:connectionparameters|connectionparametersets|openapidefinition)\.json|\.xml)$"
    r"|(?:^|/)(?:apiProperties|apiDefinition(?:\.swagger)?|settings)\.json$",
    re.IGNORECASE,
)
_ROOT = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*<Connector[\s>]")


def is_zip(raw: bytes) -> bool:
    return raw.startswith((ZIP, _EMPTY_ZIP))


def members(raw: bytes, name: str, errors: list[InputError]) -> Iterator[tuple[str, bytes]]:
    """Name and content of what belongs to connectors. What cannot be read is an error with the member's name."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
        errors.append(InputError(name, f"the zip archive cannot be read: {error}"))
        return
    ours = [info for info in infos if _OURS.search(info.filename)]
    if len(ours) > MOST_MEMBERS:
        errors.append(InputError(name, f"the archive holds {len(ours)} files of connectors; {MOST_MEMBERS} are the most that are read"))
        return
    left, seen = MOST_IN_ALL, set[str]()
    for info in sorted(ours, key=lambda info: info.filename):
        where = f"{name}/{info.filename}"
        if info.filename.startswith("/") or "\\" in info.orig_filename or ".." in info.filename.split("/"):
            errors.append(InputError(where, "the member's name leads out of the archive; it is not read"))
        elif info.filename in seen:
            errors.append(InputError(where, "the archive holds two members of this name; the first one counts"))
        elif info.flag_bits & 1:
            errors.append(InputError(where, "the member is encrypted"))
        else:
            seen.add(info.filename)
            content = _content(archive, info, where, min(MOST_BYTES, left), errors)
            if content is not None:
                left -= len(content)
                yield where, content


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, most: int, errors: list[InputError]) -> bytes | None:
    """What a member holds. Its declared size is not believed: one byte more than allowed is asked for, and no more."""
    try:
        with archive.open(info) as member:
            content = member.read(most + 1)
    except Exception as error:  # noqa: BLE001  (zlib, lzma and zipfile raise many kinds over a broken member)
        errors.append(InputError(where, f"the member cannot be read: {error}"))
        return None
    if len(content) > most:
        errors.append(InputError(where, f"the member is larger than the {most} bytes that are left to it"))
        return None
    return content


def is_description(raw: bytes) -> bool:
    """A solution's <Connector>."""
    return _ROOT.match(raw[:1000]) is not None


def read_description(raw: bytes, name: str, scope: str, into: Documents) -> int:
    """A <Connector> as the part of a connector that it is: its name."""
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        into.errors.append(InputError(name, "a solution's XML declares no document type; it is not read", 1, 1))
        return 1
    try:
        root = ElementTree.fromstring(raw)  # noqa: S314  (without document type there are no entities)
    except ElementTree.ParseError as error:
        line, column = error.position
        into.errors.append(InputError(name, f"not XML: {str(error).partition(':')[0]}", line, column + 1))
        return 1
    value = {
        target: text for tag, target in (("displayname", "displayName"), ("connectorid", "connectorId")) if (text := root.findtext(tag))
    }
    file = File(name, scope, len(raw))
    data = graph.convert("connectorPart", {"displayName": value["displayName"]} if "displayName" in value else {})
    into.add(Document("connectorPart", file, "", 0, len(raw), 1, 1, data, parent=belongs_to(name), format="solution XML"))
    return 1
