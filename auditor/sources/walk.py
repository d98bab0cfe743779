"""Paths of the command line -> files to read. Version control, packages and what `.gitignore` names are not entered."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from auditor.entra.collections import TENANT
from auditor.errors import InputError, UsageError
from auditor.files import Identity, identity

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NOT_ENTERED = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".terraform"})
# Folders that an exporter makes inside one tenant's export; they are no tenants of their own.
_EXPORT_FOLDERS = {"grants", "apps", *(collection.place.lower() for collection in TENANT if collection.path)}
_LONGEST_GITIGNORE = 1 << 20  # bytes
_MOST_STARS = 3  # in a segment of a pattern; with more, a pattern and a long name could take minutes


class Found(msgspec.Struct, frozen=True):
    """A file to read. `named`: the user named it; `scope`: joins reach over the files of one scope."""

    path: Path
    name: str
    scope: str
    named: bool


_Ignored: TypeAlias = "list[tuple[Path, GitIgnoreSpec]]"  # folders, and the patterns that hold below them


class Walk:
    """All files below the given paths, in the order of their names. Errors are collected, not raised."""

    def __init__(self, paths: list[str], exclude: list[str]) -> None:
        self.paths, self.errors = paths, list[InputError]()
        self.opened = set[Identity]()  # .gitignore files
        self.excluded = _spec(exclude) if exclude else None
        if exclude and (bad := [line for line in exclude if not _patterns([line]) and line.strip()]):
            raise UsageError(f"--exclude {bad[0]}: this is not a pattern in .gitignore's syntax")

    def __iter__(self) -> Iterator[Found]:
        for given in self.paths:
            path = Path(given)
            if not os.path.lexists(path):
                raise UsageError(f"{given}: there is no such file or folder")
            if path.is_dir():
                yield from self._below(path)
            else:
                # Files that are named one by one belong together: a client and its API, say.
                yield Found(path, _name(path), "", named=True)

    def _below(self, top: Path) -> Iterator[Found]:
        """All files below a folder, depth first. No recursion: a folder may be deeper than Python's stack."""
        open_: list[Iterator[tuple[os.DirEntry[str], str, _Ignored]]] = [self._entries(top, os.fspath(top), [])]
        while open_:
            step = next(open_[-1], None)
            if step is None:
                open_.pop()
                continue
            entry, scope, ignored = step
            path = Path(entry.path)
            is_folder = entry.is_dir(follow_symlinks=False)
            if (is_folder and entry.name in NOT_ENTERED) or self._is_ignored(top, path, is_folder, ignored):
                continue
            if is_folder:
                own = len(open_) == 1 and entry.name.lower() not in _EXPORT_FOLDERS
                open_.append(self._entries(path, os.fspath(path) if own else scope, ignored))
            elif not (entry.is_symlink() and path.is_dir()):  # links to folders are not followed: they may lead in circles
                yield Found(path, _name(path), scope, named=False)

    def _entries(self, folder: Path, scope: str, ignored: _Ignored) -> Iterator[tuple[os.DirEntry[str], str, _Ignored]]:
        """What a folder holds, with its scope and what is ignored there."""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self.errors.append(InputError(_name(folder), f"the folder cannot be read: {error.strerror}"))
            return
        if any(entry.name == ".gitignore" for entry in entries) and (lines := self._gitignore(folder / ".gitignore")):
            ignored = [*ignored, (folder, _spec(lines))]
        for entry in entries:
            yield entry, scope, ignored

    def _gitignore(self, file: Path) -> list[str]:
        if (known := identity(file)) is None:  # a pipe would block
            return []
        self.opened.add(known)
        try:
            with file.open("rb") as content:
                return content.read(_LONGEST_GITIGNORE).decode("utf-8", "replace").splitlines()
        except OSError:
            return []

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
