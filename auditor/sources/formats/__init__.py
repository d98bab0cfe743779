"""The formats that are read, in the order in which they are asked, and the bytes that tell a file of theirs.

Whoever adds one writes a module with an object of `base.py`'s protocol, and its line here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Generic, TypeVar

from auditor.pattern import late
from auditor.sources.formats import directory, snapshot
from auditor.sources.formats.base import FileFormat, Format, Object, ObjectFormat, Whole

_F = TypeVar("_F", bound=Format)
_MODULES = (
    "snapshot",
    "container",
    "solution",
    "saved_secret",
    "directory",
    "powershell",
    "azurehound",
    "connector",
    "msal",
    "app_settings",
    "imported",
    "roadrecon",
    "terraform",
    "arm",
    "az_yaml",
    "other",  # last: what is named only
)
_WHOLE = {"snapshot", "container", "roadrecon", "az_yaml", "other"}  # of these the formats of whole files alone
PLAIN = directory.PLAIN  # Microsoft Graph's own shape, which its pages hold
JSON_FILES: Iterable[FileFormat] = snapshot.FORMATS  # of FILES those that begin like JSON


class _ByNeed(Generic[_F]):
    """The formats of one kind. A module is imported when all those before it have not recognised what they were asked about."""

    def __init__(self, kind: type[_F], modules: Iterable[str] = _MODULES) -> None:
        self._kind, self._modules = kind, modules

    def __iter__(self) -> Iterator[_F]:
        for module in self._modules:
            yield from _of(module, self._kind)  # type: ignore[arg-type]  # a class is hashable


@cache
def _of(module: str, kind: type[_F]) -> tuple[_F, ...]:
    return tuple(form for form in import_module(f"auditor.sources.formats.{module}").FORMATS if isinstance(form, kind))


FORMATS: Iterable[Format] = _ByNeed(Format)
# A database is asked about first: others read a file whole to tell.
FILES: Iterable[FileFormat] = _ByNeed(FileFormat, sorted(_MODULES, key=lambda module: module != "roadrecon"))
OBJECTS: Iterable[ObjectFormat] = _ByNeed(ObjectFormat, [module for module in _MODULES if module not in _WHOLE])


ON_DISK: Iterable[FileFormat] = _ByNeed(FileFormat, ("roadrecon", "snapshot"))  # the modules that have such


def markers_of(forms: Iterable[Format]) -> re.Pattern[bytes]:
    """What a file of JSON has that holds something of these formats. In a text within JSON a backslash is before each quote."""
    return late(lambda: rb'"(?:' + b"|".join(dict.fromkeys(name for form in forms for name in form.markers)) + rb')\\*+"')


MARKERS = markers_of(FORMATS)
_GRAPH_MARKERS = markers_of(directory.FORMATS)  # for which no other module is imported
_APP_ID = late(rb'"app_?id\\*+"', re.IGNORECASE)  # what each registration and principal has, in whatever casing its names are

_ESCAPED = late(rb"\\u00(?:[46][1-9a-fA-F]|[57][0-9aA])")  # a letter, which nobody has to write so: it hides a name


def may_hold_ours(raw: bytes | memoryview) -> bool:
    """Whether a text of JSON may hold something of these formats: without this it does not."""
    return any(pattern.search(raw) is not None for pattern in (_GRAPH_MARKERS, _APP_ID, _ESCAPED, MARKERS))


def is_placed(name: str) -> bool:
    """Whether a file is where a format has files of JSON that need not have a marker."""
    return any(form.path is not None and form.path.search(name) is not None for form in FORMATS)


def of_file(file: Whole) -> FileFormat | None:
    """The format of a whole file; None of JSON, and of what nobody knows."""
    forms = JSON_FILES if file.begins_like_json else FILES
    return next((form for form in forms if (file.path is not None or not form.on_disk) and form.recognises(file)), None)


def of_head(file: Whole) -> FileFormat | None:
    """The format of a file that is too large to read, of those that its first bytes tell."""
    return next((form for form in ON_DISK if form.on_disk and form.recognises(file)), None)


def of_object(seen: Object, *, one: bool = False) -> tuple[str, ObjectFormat] | None:
    """Kind and format of an object: by its content, or by the collection that it is in."""
    kind = seen.collection
    for form in OBJECTS:
        found = form.recognises(seen) if kind is None else form.fits(kind, seen, one=one)
        if found is not None:
            return found, form
    return next(((kind, form) for form in OBJECTS if form.collection == kind), None) if kind else None
