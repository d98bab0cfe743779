"""Power Platform solutions: the zip that is exported, and the XML that describes a connector in an unpacked one.

Of a zip only what belongs to connectors is read, in memory and within bounds: nothing is ever unpacked to a disk.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from auditor.errors import InputError
from auditor.sources.document import Document, Documents, File
from auditor.sources.formats import graph
from auditor.sources.formats.connector import belongs_to

ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
MOST_MEMBERS, MOST_BYTES, MOST_IN_ALL = 2000, 16 * 1024 * 1024, 64 * 1024 * 1024  # of one member, of all of them
# Connector/NAME_connectionparameters.json and its like; in an unpacked solution the folder is called Connectors.
_PART = re.compile(
    r"(?:^|/)Connectors?/[^/]+(?:_(?:connectionparameters|connectionparametersets|openapidefinition)\.json|\.xml)$", re.IGNORECASE
)
_OURS = re.compile(_PART.pattern + r"|(?:^|/)(?:apiProperties|apiDefinition(?:\.swagger)?|settings)\.json$", re.IGNORECASE)
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others give no say in how much comes out at once
_BROKEN = (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError)
_ROOT = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*<Connector[\s>]")


def is_zip(raw: bytes) -> bool:
    return raw.startswith((ZIP, _EMPTY_ZIP))


def is_solution(raw: bytes) -> bool:
    """An archive with a part of a connector where solutions have it."""
    try:
        return any(_PART.search(name) for name in zipfile.ZipFile(io.BytesIO(raw)).namelist())
    except _BROKEN:
        return False


def members(raw: bytes, name: str, errors: list[InputError]) -> Iterator[tuple[str, bytes]]:
    """Name and content of what belongs to connectors. What cannot be read is an error with the member's name."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except _BROKEN as error:
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
        elif info.compress_type not in _PACKED:
            errors.append(InputError(where, "the member is compressed in a way that solutions are not; it is not read"))
        elif info.file_size > (most := min(MOST_BYTES, left)):
            errors.append(InputError(where, f"the member is larger than the {most} bytes that are left to it"))
        else:
            seen.add(info.filename)
            left -= info.file_size  # also of one that turns out to be broken: it was unpacked
            content = _content(archive, info, where, errors)
            if content is not None:
                yield where, content


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, errors: list[InputError]) -> bytes | None:
    """What a member holds. No more than its declared size is asked for: of one that holds more the checksum is wrong."""
    try:
        with archive.open(info) as member:
            content = member.read(info.file_size)
    except Exception as error:  # noqa: BLE001  (zlib and zipfile raise many kinds over a broken member)
        errors.append(InputError(where, f"the member cannot be read: {error}"))
        return None
    if is_zip(content):
        errors.append(InputError(where, "the member is a zip archive itself; it is not opened"))
        return None
    return content


def is_description(raw: bytes) -> bool:
    """A solution's <Connector>."""
    return _ROOT.match(raw[:1000]) is not None


def read_description(raw: bytes, name: str, scope: str, into: Documents) -> int:
    """A <Connector>, in UTF-8, as the part of a connector that it is: its name."""
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        into.errors.append(InputError(name, "a solution's XML declares no document type; it is not read", 1, 1))
        return 1
    from xml.etree import ElementTree

    try:
        # Of a text the parser does not ask what encoding is declared, so that it sees what was looked at above.
        root = ElementTree.fromstring(raw.decode("utf-8"))  # noqa: S314  (without document type there are no entities)
    except UnicodeDecodeError:
        into.errors.append(InputError(name, "not valid UTF-8", 1, 1))
        return 1
    except ElementTree.ParseError as error:
        line, column = error.position
        into.errors.append(InputError(name, f"not XML: {str(error).partition(':')[0]}", line, column + 1))
        return 1
    file = File(name, scope, len(raw))
    title = root.findtext("displayname")
    data = graph.convert("connectorPart", {} if title is None else {"displayName": title})
    into.add(Document("connectorPart", file, "", 0, len(raw), 1, 1, data, parent=belongs_to(name), format="solution XML"))
    return 1
