"""Paths of the command line -> files to read. Version control, packages and what `.gitignore` names are not entered."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from auditor.entra.collections import TENANT
from auditor.errors import InputError, UsageError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NOT_ENTERED = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".terraform"})
# Folders that an exporter makes inside one tenant's export; they are no tenants of their own.
_EXPORT_FOLDERS = {"grants", "apps", *(collection.place.lower() for collection in TENANT if collection.path)}


_MOST_STARS = 3  # in a segment of a pattern; with more, a pattern and a long name could take minutes


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read. `named`: the user named it; `scope`: joins reach over the files of one scope."""

    path: Path
    name: str
    scope: str
    named: bool


_Ignored: TypeAlias = "list[tuple[Path, GitIgnoreSpec]]"  # of each folder above: its .gitignore


class Walk:
    """All files below the given paths, in the order of their names. Errors are collected, not raised."""

    def __init__(self, paths: list[str], exclude: list[str]) -> None:
        self.paths, self.errors = paths, list[InputError]()
        self.excluded = _spec(exclude) if exclude else None
        if exclude and (bad := [line for line in exclude if not _patterns([line]) and line.strip()]):
            raise UsageError(f"--exclude {bad[0]}: this is no pattern of .gitignore's syntax")

    def __iter__(self) -> Iterator[Found]:
        for given in self.paths:
            path = Path(given)
            if not os.path.lexists(path):
                raise UsageError(f"{given}: there is no such file or folder")
            if path.is_dir():
                yield from self._folder(path)
            else:
                # Files that are named one by one belong together: a client and its API, say.
                yield Found(path, _name(path), "", named=True)

    def _folder(self, top: Path) -> Iterator[Found]:
        """All files below a folder. A stack of what is left of each folder: nesting has no limit."""
        stack = [self._entries(top, top, [], os.fspath(top))]
        while stack:
            found = next(stack[-1], None)
            if found is None:
                stack.pop()
            elif isinstance(found, Found):
                yield found
            else:
                stack.append(self._entries(top, *found))

    def _entries(self, top: Path, folder: Path, ignored: _Ignored, scope: str) -> Iterator[Found | tuple[Path, _Ignored, str]]:
        """The files of a folder, and the folders within it that are to be entered."""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self.errors.append(InputError(_name(folder), f"the folder cannot be read: {error.strerror}"))
            return
        if any(entry.name == ".gitignore" for entry in entries):
            try:
                lines = (folder / ".gitignore").read_text("utf-8", "replace").splitlines()
            except OSError:
                lines = []
            if lines:
                ignored = [*ignored, (folder, _spec(lines))]
        for entry in entries:
            path = Path(entry.path)
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder and entry.name in NOT_ENTERED:
                continue
            if self._is_ignored(top, path, is_folder, ignored):
                continue
            if is_folder:
                own = folder == top and entry.name.lower() not in _EXPORT_FOLDERS
                yield path, ignored, os.fspath(path) if own else scope
            elif not (entry.is_symlink() and path.is_dir()):  # links to folders are not followed: they may lead in circles
                yield Found(path, _name(path), scope, named=False)

    def _is_ignored(self, top: Path, path: Path, is_folder: bool, ignored: _Ignored) -> bool:
        slash = "/" if is_folder else ""
        if self.excluded is not None and self.excluded.match_file(path.relative_to(top).as_posix() + slash):
            return True
        return any(spec.match_file(path.relative_to(base).as_posix() + slash) for base, spec in ignored)


def _spec(lines: list[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(_patterns(lines))


def _patterns(lines: list[str]) -> list[str]:
    """Those that are patterns: git passes over the others, too."""
    from pathspec import GitIgnoreSpec

    good = []
    for line in lines:
        if any(segment.count("*") > _MOST_STARS for segment in line.split("/")):
            continue
        try:
            GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error):
            continue
        good.append(line)
    return good


def _name(path: Path) -> str:
    return path.as_posix()
