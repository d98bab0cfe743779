"""Paths of the command line -> files to read. Version control, packages and what `.gitignore` names are not entered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import InputError, UsageError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NOT_ENTERED = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".terraform"})
# Folders that an exporter makes inside one tenant's export; they are no tenants of their own.
_EXPORT_FOLDERS = frozenset({"applications", "serviceprincipals", "organization", "grants", "apps"})


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read. `named`: the user named it; `scope`: joins reach over the files of one scope."""

    path: Path
    name: str
    scope: str
    named: bool


class Walk:
    """All files below the given paths, in the order of their names. Errors are collected, not raised."""

    def __init__(self, paths: list[str], exclude: list[str]) -> None:
        self.paths, self.errors = paths, list[InputError]()
        self.excluded = _spec(exclude) if exclude else None

    def __iter__(self) -> Iterator[Found]:
        for given in self.paths:
            path = Path(given)
            if not os.path.lexists(path):
                raise UsageError(f"{given}: there is no such file or folder")
            if path.is_dir():
                yield from self._folder(path, path, [], os.fspath(path))
            else:
                # Files that are named one by one belong together: a client and its API, say.
                yield Found(path, _name(path), "", named=True)

    def _folder(self, top: Path, folder: Path, ignored: list[tuple[Path, GitIgnoreSpec]], scope: str) -> Iterator[Found]:
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
                yield from self._folder(top, path, ignored, os.fspath(path) if own else scope)
            elif not (entry.is_symlink() and path.is_dir()):  # links to folders are not followed: they may lead in circles
                yield Found(path, _name(path), scope, named=False)

    def _is_ignored(self, top: Path, path: Path, is_folder: bool, ignored: list[tuple[Path, GitIgnoreSpec]]) -> bool:
        slash = "/" if is_folder else ""
        if self.excluded is not None and self.excluded.match_file(path.relative_to(top).as_posix() + slash):
            return True
        return any(spec.match_file(path.relative_to(base).as_posix() + slash) for base, spec in ignored)


def _spec(lines: list[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)


def _name(path: Path) -> str:
    return path.as_posix()
