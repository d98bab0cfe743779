"""Files that hold others: zip and tar archives, gzip. What is in them is read as if it were there unpacked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from auditor.errors import InputError
from auditor.pattern import late
from auditor.sources import archive
from auditor.sources.formats.base import FileFormat, Part, Whole

# In an archive names decide: there are archives of everything, and what is in them is unpacked to be looked at.
_JSON = r"\.(?:jsonc?|ndjson|jsonl|tfstate)$"
_PACKED = r"\.(?:zip|tar|tgz|gz)$"
# What belongs to a connector, in a solution or beside one.
_CONNECTOR = (
    r"(?:^|/)Connectors?/[^/]+(?:_(?:connectionparameters|connectionparametersets|openapidefinition)\.json|\.xml)$"
    r"|(?:^|/)environmentvariabledefinitions/[^/]+/environmentvariable(?:definition\.xml|values\.json)$"
)
_WANTED = late(f"{_JSON}|{_PACKED}|{_CONNECTOR}", re.IGNORECASE)
_OF_SOLUTION = late(_CONNECTOR, re.IGNORECASE)
_IS_JSON = late(rb"\A(?:\xef\xbb\xbf)?\s*[{\[]|\A(?:\xff\xfe|\xfe\xff)")
_NAMED_JSON = late(_JSON.removesuffix("$") + r"\.gz$", re.IGNORECASE)
_BEGINNING = 1 << 16  # bytes
_TOO_DEEP = "this archive is in an archive that is in another one: it is not opened"


def _around(file: Whole, budget: archive.Budget) -> dict[str, Any]:
    """What a file that comes out of this one has of it."""
    return {"limit": file.limit, "level": file.level + 1, "budget": budget, "asked": file.asked}


class _Container(FileFormat):
    counts = False
    holds_nothing = (
        "this archive holds no app registration, service principal or connector that regaudit knows",
        "the names of files in it have to end in .json, .ndjson, .jsonl or .tfstate; of a Power Platform solution export the whole archive",
    )

    def pieces(self, file: Whole) -> Iterator[Part]:
        if file.level >= archive.LEVELS:
            yield InputError(file.name, _TOO_DEEP)
            return
        budget = file.budget or archive.Budget()
        for member in self._members(file, budget):
            if isinstance(member, InputError):
                yield member
            else:
                name, content = member
                yield Whole(name, file.scope, named=False, raw=content, **_around(file, budget))

    def _members(self, file: Whole, budget: archive.Budget) -> Iterable[archive.Member]:
        raise NotImplementedError


class _Zip(_Container):
    """A zip archive: a Power Platform solution, an export, a download."""

    name = "zip archive"
    about = "a zip archive: a Power Platform solution, an export, a download"
    told_by = "its first bytes; files in it by the ends of their names"
    holds = ("what is in it",)

    def recognises(self, file: Whole) -> bool:
        return file.raw.startswith(archive.ZIP)

    def is_certain(self, file: Whole) -> bool:
        """With a part of a connector where solutions have it."""
        return any(_OF_SOLUTION.search(name) for name in archive.names(file.raw))

    def _members(self, file: Whole, budget: archive.Budget) -> Iterable[archive.Member]:
        return archive.zipped(file.raw, file.name, _WANTED, budget)


class _Tar(_Container):
    """A tar archive, also one within gzip."""

    name = "tar archive"
    about = "a tar archive, also within gzip"
    told_by = "its header; files in it by the ends of their names"
    holds = ("what is in it",)

    def recognises(self, file: Whole) -> bool:
        return archive.is_tar(file.raw)

    def is_certain(self, file: Whole) -> bool:
        return False

    def _members(self, file: Whole, budget: archive.Budget) -> Iterable[archive.Member]:
        return archive.tarred(file.raw, file.name, _WANTED, budget)


class _Gzip(FileFormat):
    """A file that gzip compressed."""

    name = "gzip file"
    about = "a file that gzip compressed"
    told_by = "its first bytes; in a folder by what it begins with, or a name that ends in .json.gz"
    holds = ("what is in it",)
    counts = False

    def recognises(self, file: Whole) -> bool:
        return file.raw.startswith(archive.GZIP)

    def is_certain(self, file: Whole) -> bool:
        return _NAMED_JSON.search(file.name) is not None

    def pieces(self, file: Whole) -> Iterator[Part]:
        if file.level >= archive.LEVELS:
            yield InputError(file.name, _TOO_DEEP)
            return
        if not (file.named or self.is_certain(file)):
            head = archive.begins(file.raw, _BEGINNING)
            if not (_IS_JSON.search(head) or archive.is_tar(head)):
                return  # a log, a page of a manual: to unpack all of it would take time and memory
        budget = file.budget or archive.Budget()
        try:
            content = archive.gunzipped(file.raw, file.name, file.limit, budget)
        except InputError as error:
            yield error
            return
        yield Whole(file.name, file.scope, named=file.named, raw=content, **_around(file, budget))


FORMATS = (_Zip(), _Gzip(), _Tar())
