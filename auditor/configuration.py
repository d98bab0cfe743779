"""The configuration of a team: `regaudit.toml`, or `[tool.regaudit]` in pyproject.toml. Defaults of options, and what rules say.

Looked for from the working directory up to the folder of the repository, never in folders that are audited: whoever wrote what is audited
does not decide what is found there. Without a repository the working directory alone is looked in.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from auditor import settings
from auditor.display import harmless
from auditor.errors import UsageError
from auditor.severity import SEVERITIES

if TYPE_CHECKING:
    from auditor.configuration_file import Table
    from auditor.engine.waivers import Override
    from auditor.rulebook import Rulebook
    from auditor.rulebook.profiles import Profile

NAME, WAIVERS, PYPROJECT, OLD = "regaudit.toml", "regaudit-waivers.toml", "pyproject.toml", ".regaudit.toml"
_AT = "tool.regaudit"  # of pyproject.toml
_MOST = 8  # files that extend one another

# What a layer of rules says; the other keys are defaults of options.
_OF_RULES = ("select", "ignore", "severity", "params", "override", "extend")
_ADD_UP = ("exclude", "extend-rules")
_INPUT_FILES = ("waivers", "baseline", "against")
_OUTPUT_FILES = ("fix-script",)


class Setting(msgspec.Struct, frozen=True):
    """A value that a configuration sets, and where."""

    value: Any
    place: str  # FILE:LINE


class _File(msgspec.Struct):
    path: Path
    name: str
    text: str
    at: str
    found: dict[str, Any]
    table: Table

    def line(self, *keys: str) -> int:
        return settings.line_of(self.text, ".".join([self.at, *keys] if self.at else keys))

    def fault(self, message: str, *keys: str) -> UsageError:
        return UsageError(f"configuration {self.name}:{self.line(*keys)}: {message}")


class Configuration(msgspec.Struct, frozen=True):
    """What is in force. `settings` are defaults of options by key; `notes` are for the person at the terminal."""

    files: tuple[_File, ...] = ()  # the one that decides first
    settings: dict[str, Setting] = {}
    waivers: Path | None = None  # found beside a configuration, or where one could be
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(file.name for file in self.files)

    def value(self, key: str) -> Any:
        return self.settings[key].value if key in self.settings else None

    def layers(self) -> tuple[Profile, ...]:
        """What the files say of rules, each after the one that it extends."""
        from auditor.rulebook import profiles
        from auditor.rulebook.profiles import Choice, Profile

        found = []
        for file in reversed(self.files):
            of = file.table
            if of.profile is not None:
                try:
                    profiles.load(_in_place(file, "profile", of.profile))
                except UsageError as error:
                    raise file.fault(f"profile: {error}", "profile") from None
            choice = Choice("", of.select, of.ignore, of.severity, of.params)
            layer = Profile(file.path.stem, file.name, choice, file.text, file.at, "configuration")
            layer.check()
            found.append(layer)
        return tuple(found)

    def overrides(self, book: Rulebook) -> tuple[Override, ...]:
        """Raises UsageError for rules that do not exist."""
        return tuple(override for file in self.files for override in _overrides(file, book))


def find(audited: Iterable[str]) -> Configuration:
    """The configuration of the working directory, for a run over these paths. Raises UsageError."""
    folders = [os.path.realpath(path) for path in audited if os.path.isdir(path)]  # noqa: PTH112  (Path raises for a text that is too long)
    notes: list[str] = []
    found = waivers = None
    for folder in _upwards():
        for name in (NAME, PYPROJECT, WAIVERS):
            path = folder / name
            if not path.is_file() or (name == PYPROJECT and not _has_table(path)):
                continue
            if (found if name != WAIVERS else waivers) is not None:
                if name == PYPROJECT and found is not None and found.parent == folder:
                    raise UsageError(f"both {shown(found)} and {shown(path)} are configurations: keep one")
                continue
            if any(_is_within(folder, audited_folder) for audited_folder in folders):
                option = "--waivers" if name == WAIVERS else "--config"
                notes.append(f"{shown(path)} is not read: it is inside the folder that is audited; to use it: {option} {shown(path)}")
                continue
            if name == WAIVERS:
                waivers = path
            else:
                found = path
        if (folder / OLD).is_file():
            notes.append(f"{shown(folder / OLD)} is not read: the configuration is called {NAME}")
    return _made(found, waivers, notes)


def load(path: str) -> Configuration:
    """A configuration by its name; waivers beside it are in force, too. Raises UsageError."""
    file = Path(path)
    beside = file.absolute().parent / WAIVERS
    return _made(file, beside if beside.is_file() else None, [])


def _made(path: Path | None, waivers: Path | None, notes: Iterable[str]) -> Configuration:
    files: list[_File] = []
    while path is not None:
        if any(file.path.resolve() == path.resolve() for file in files) or len(files) == _MOST:
            raise files[-1].fault("configurations extend one another in a circle, or too often", "extend")
        try:
            files.append(_read(path))
        except UsageError as error:
            if not files or files[-1].table.extend is None or path.is_file():
                raise
            raise files[-1].fault(f"extend: {error}", "extend") from None
        extend = files[-1].table.extend
        path = None if extend is None else files[-1].path.parent / extend
    return Configuration(tuple(files), _settings(files), waivers, tuple(notes))


def _read(path: Path) -> _File:
    name = harmless(shown(path), 1000)
    try:
        text = settings.read_text(path).replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        raise UsageError(f"configuration {name}: {getattr(error, 'strerror', None) or error}") from None

    from auditor.configuration_file import Table

    def fail(message: str, line: int) -> UsageError:
        return UsageError(f"configuration {name}:{line}: {message}")

    found = settings.table(text, "the configuration", fail)
    at = _AT if path.name == PYPROJECT else ""
    if at:
        found = found.get("tool", {}).get("regaudit")
        if not isinstance(found, dict):
            raise UsageError(f"configuration {name}: it has no table [{_AT}]")
    file = _File(path, name, text, at, found, settings.struct(found, Table, text, fail, at=at))
    _check_options(file)
    for number, override in enumerate(file.table.override):
        whom = [key for key in ("app-id", "name", "tag") if getattr(override, key.replace("-", "_")) is not None]
        if len(whom) != 1:
            raise file.fault("an override names registrations by one of 'app-id', 'name' and 'tag'", f"override.{number}")
        if not override.reason.strip():
            raise file.fault("'reason' is empty: say why", f"override.{number}.reason")
        for rule, severity in override.severity.items():
            if severity not in SEVERITIES:
                said = f"severity {settings.shown(severity)} of {rule} is not one of {', '.join(SEVERITIES)}"
                raise file.fault(said, f"override.{number}.severity.{rule}")
    return file


def _check_options(file: _File) -> None:
    """Raises UsageError for values that no option takes."""
    import difflib

    from auditor.files import size_of
    from auditor.report import FORMATS

    if file.table.max_file_size is not None:
        try:
            size_of(file.table.max_file_size)
        except UsageError:
            raise file.fault(f"'max-file-size' is a size such as 500MB, not {file.table.max_file_size!r}", "max-file-size") from None
    for target in file.table.output_format:
        if (form := target.partition("=")[0]) not in FORMATS:
            close = difflib.get_close_matches(form, FORMATS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(FORMATS)}"
            raise file.fault(f"output-format: no report format is called {form!r}; {hint}", "output-format")


def _settings(files: list[_File]) -> dict[str, Setting]:
    """The values of all files by key; of two files the one that extends the other decides, or lists add up."""
    found: dict[str, Setting] = {}
    for file in reversed(files):
        for key in file.found:
            if key in _OF_RULES:
                continue
            value = _in_place(file, key, getattr(file.table, key.replace("-", "_")))
            if key in _ADD_UP and key in found:
                value = [*found[key].value, *value]
            found[key] = Setting(value, f"{file.name}:{file.line(key)}")
    return found


def _in_place(file: _File, key: str, value: Any) -> Any:
    """A value with its paths as they are from the working directory. What is written stays below the folder of the file."""
    folder = file.path.parent
    if key in _INPUT_FILES or (key == "profile" and value.endswith(".toml")):
        return _joined(folder, value)
    if key == "extend-rules":
        return [_joined(folder, one) for one in value]
    if key in _OUTPUT_FILES:
        return _below(file, key, value)
    if key == "output-format":
        parts = [one.partition("=") for one in value]
        return [form + equals + (_below(file, key, target) if equals else "") for form, equals, target in parts]
    return value


def _joined(folder: Path, path: str) -> str:
    return shown(folder / path)


def _below(file: _File, key: str, target: str) -> str:
    folder = os.path.realpath(file.path.parent)
    if not target or not _is_within(Path(folder, target), folder):
        raise file.fault(f"{key}: {target!r} is not below the folder of the configuration, where its files are written", key)
    return _joined(file.path.parent, target)


def _overrides(file: _File, book: Rulebook) -> Iterator[Override]:
    from auditor.accepted import Waiver
    from auditor.display import clean
    from auditor.engine.waivers import Override
    from auditor.severity import Severity

    for number, of in enumerate(file.table.override):
        at = f"override.{number}"
        try:
            key = "ignore"
            ignored = book.matching(of.ignore)
            key = "severity"
            severity = {book.get(rule).id: Severity(value) for rule, value in of.severity.items()}
        except UsageError as error:
            raise file.fault(f"{key}: {error}", f"{at}.{key}") from None
        app_ids = [of.app_id] if isinstance(of.app_id, str) else of.app_id or []
        waiver = Waiver(clean(of.reason, 500), file.name, file.line(at))
        yield Override(waiver, frozenset(one.lower() for one in app_ids), of.name, of.tag, frozenset(ignored), severity)


# -- where it may be


def _upwards() -> list[Path]:
    """The folders from the working directory up to that of the repository; without a repository the first alone."""
    try:
        here = Path.cwd()
    except OSError:  # it was deleted
        return []
    folders = [here, *here.parents]
    top = next((number for number, folder in enumerate(folders) if os.path.lexists(folder / ".git")), 0)
    return folders[: top + 1]


def _has_table(path: Path) -> bool:
    """Whether a pyproject.toml has our table, as far as can be told. One that is broken is ours to complain of only if it names us."""
    try:
        text = settings.read_text(path)
    except (OSError, ValueError):
        return False
    if _AT not in text and "[tool]" not in text:
        return False
    import tomllib

    try:
        return isinstance(tomllib.loads(text).get("tool", {}).get("regaudit"), dict)
    except (ValueError, AttributeError, RecursionError):
        return f"[{_AT}" in text


def _is_within(path: Path, folder: str) -> bool:
    return os.path.realpath(path) == folder or os.path.realpath(path).startswith(folder.rstrip(os.sep) + os.sep)


def shown(path: Path) -> str:
    """A path as a person at the terminal finds it: from the working directory where it is below that or not far above."""
    try:
        near = os.path.relpath(path)
    except ValueError:  # on Windows, of another drive
        return str(path)
    return near if near.count("..") < 4 else str(path)


def rendered(value: Any) -> str:
    """A value as TOML has it, for people."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(rendered, value))}]"
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, int) else f'"{harmless(str(value), 1000)}"'
