"""Where documents come from: files, folders, standard input."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from auditor.errors import InputError, UsageError
from auditor.files import MAX_FILE_SIZE, TooLarge, identity, is_device, read_whole, too_large
from auditor.sources import detect, foreign, reader, snapshot, text
from auditor.sources.document import Document, Documents, File, Listing, Note
from auditor.sources.formats import connector, msal, solution
from auditor.sources.walk import Found, Walk

STDIN = "-"
_LOOKS_LIKE_JSON = re.compile(rb"^(?:\xef\xbb\xbf)?\s*[{\[]")
_EMPTY = re.compile(rb"\s*(?:\[\s*\]|\{\s*\})\s*")
_MEMORY = "there is not enough memory to read it"
_DEVICE = "this is a device, not a file"


def read(
    paths: list[str],
    *,
    exclude: list[str] | None = None,
    stdin_name: str = "<stdin>",
    take: Callable[[Document], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
    wanted: Callable[[], Collection[str]] | None = None,
    max_file_size: int = MAX_FILE_SIZE,
) -> Documents:
    """Read all documents of files, folders and "-" (standard input); of snapshots only the `wanted` collections.

    A file that cannot be read is an error in the result, and the rest is read all the same. `take` gets each document as it is
    read, so that they need not all be held; `progress` is called with the number of files and of objects so far. Raises UsageError
    for a path that does not exist.
    """
    if "" in paths:
        raise UsageError("a path is empty: is a variable not set? To audit the working directory, give .")
    into = Documents(take)
    walk = Walk([path for path in paths if path != STDIN], exclude or [])
    if STDIN in paths:
        _standard_input(stdin_name, max_file_size, into)
    seen: set[str] = set()
    for found in walk:
        real = os.path.realpath(found.path)
        if real in seen:
            continue  # a path given twice, or a link to a file that is read anyway
        seen.add(real)
        try:
            raw = _content(found, max_file_size, into, wanted)
        except OSError as error:
            into.errors.append(InputError(found.name, f"cannot be read: {error.strerror or error}"))
            continue
        except MemoryError:
            into.errors.append(InputError(found.name, _MEMORY))
            continue
        if raw is None:
            continue
        _read(raw, found, into)
        if progress is not None:
            progress(into.files_read + len(into.passed_over), into.count)
    into.opened |= walk.opened
    into.errors += walk.errors
    _say_what_is_empty(into)
    return into


def _standard_input(name: str, limit: int, into: Documents) -> None:
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    found = Found(Path(name), name, "", named=True)
    file = sys.stdin.buffer
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):  # no file of the operating system's
        status = None
    if status is not None and is_device(status) and not file.isatty():
        into.errors.append(InputError(name, _DEVICE))
        return
    if (known := identity(file.fileno()) if status is not None else None) is not None:
        into.opened.add(known)
    try:
        raw = read_whole(file, 1 << 20, limit)
    except TooLarge as error:
        into.errors.append(InputError(name, str(error)))
        return
    if snapshot.is_snapshot(raw[:4096]):
        raise UsageError("a snapshot is read from its file: name it in place of -")
    _read(raw, found, into)


def _content(found: Found, limit: int, into: Documents, wanted: Callable[[], Collection[str]] | None) -> bytes | None:
    """A file's bytes; None where it is a snapshot, which is read here, or is not to be read. Raises OSError."""
    status = os.stat(found.path)
    regular = stat.S_ISREG(status.st_mode)
    if not regular and not found.named:
        into.passed_over.append(found.name)  # a pipe or a socket in a folder would block
        return None
    if is_device(status) and not os.path.samestat(status, os.stat(os.devnull)):
        into.errors.append(InputError(found.name, _DEVICE))
        return None
    with found.path.open("rb", buffering=0) as file:  # a buffer would be one more copy of a large file
        start = b""
        if regular:  # what a pipe gives can be read once
            into.opened.add((status.st_dev, status.st_ino))
            start = file.read(4096)
            file.seek(0)
        if status.st_size > limit:
            _leave_out(found, start, too_large(status.st_size, limit), into)
            return None
        if not snapshot.is_snapshot(start):
            try:
                return read_whole(file, status.st_size, limit)
            except TooLarge as error:
                _leave_out(found, start, str(error), into)
                return None
    if snapshot.read(found.path, found.name, into, None if wanted is None else wanted()):
        into.snapshots.add(found.name)
    return None


def _leave_out(found: Found, start: bytes, why: str, into: Documents) -> None:
    """A file that is too large: an error where it may hold registrations, else a note. Nobody looked."""
    if found.named or _LOOKS_LIKE_JSON.search(start) or snapshot.is_snapshot(start) or found.name.lower().endswith(foreign.JSON_NAMES):
        into.errors.append(InputError(found.name, why))
    else:
        into.notes.append(Note(why, found.name))
        into.passed_over.append(found.name)


def _read(raw: bytes, found: Found, into: Documents) -> None:
    """One file. What it takes more memory than there is for is an error like any other."""
    try:
        _parse(raw, found, into)
    except MemoryError:
        into.errors.append(InputError(found.name, _MEMORY))
    except RecursionError:
        into.errors.append(InputError(found.name, "nested too deeply to be read"))


def _parse(raw: bytes, found: Found, into: Documents) -> None:
    if solution.is_zip(raw):
        _archive(raw, found, into)
        return
    raw = _utf8(raw)
    if solution.is_description(raw):
        into.files_read += solution.read_description(raw, found.name, found.scope, into)
        return
    if connector.is_without_sign_in(raw, found.name):
        into.files_read += connector.read_without_sign_in(raw, found.name, found.scope, into)
        return
    is_json = _LOOKS_LIKE_JSON.search(raw[:4096]) is not None
    # Prose and other languages show configurations, too.
    script = found.named or found.name.lower().endswith(msal.SUFFIXES)
    if script and not is_json and msal.is_script(raw):
        count = msal.read_script(raw, found.name, found.scope, into)
        into.files_read += count
        if not count:
            _not_read([Note(msal.NO_LITERAL, found.name, 1, 1)] if found.named else [], found, into, is_error=False)
        return
    if not is_json and (alien := foreign.of_text(raw, found.name, named=found.named)) is not None:
        _not_read([Note(alien.sentence, found.name)], found, into, is_error=alien.holds)
        return
    if not found.named and not _is_marked(raw, is_json=is_json):
        if not raw.strip() and found.name.lower().endswith(foreign.JSON_NAMES):
            into.vain.append((found.name, "the file is empty"))
        into.passed_over.append(found.name)
        return
    errors = len(into.errors)
    try:
        reading = reader.read(raw, found.name, found.scope, into)
    except InputError as error:
        if found.named or is_json or found.name.lower().endswith(foreign.JSON_NAMES):
            into.errors.append(error)
        else:
            into.passed_over.append(found.name)  # prose or source code that speaks of app registrations
        return
    if reading.objects:
        into.files_read += 1
        into.notes += reading.remarks
        if reading.deleted == reading.objects:
            into.vain.append((found.name, "all objects in it were deleted"))
    elif reading.empty:
        into.vain.append((found.name, "the list is empty"))
        into.files_read += 1
    elif len(into.errors) == errors:
        _not_read(reading.remarks, found, into, is_error=False)


def _not_read(remarks: list[Note], found: Found, into: Documents, *, is_error: bool) -> None:
    """A file of which nothing was read: an error where the user named it, or where it would hold registrations."""
    if not is_error:
        into.passed_over.append(found.name)
    if not (found.named or is_error):
        into.notes += remarks
        return
    for remark in remarks or [Note("", found.name)]:
        message = remark.message or "holds no app registration, service principal or grant that regaudit knows"
        hint = (
            "--exclude leaves it out" if not found.named
            else "" if remark.message
            else "export one with `az ad app show --id APP_ID`, or download the manifest in the portal"
        )  # fmt: skip
        into.errors.append(InputError(found.name, message, remark.line, remark.column, hint=hint))


def _is_marked(raw: bytes, *, is_json: bool) -> bool:
    """Whether something in a text may be of Entra ID, or is worth a word."""
    if detect.MARKERS.search(raw) or (is_json and (foreign.HINTS.search(raw) or _EMPTY.fullmatch(raw[:200]))):
        return True
    # What is left of UTF-16 is broken, and holds every marker with a NUL behind each letter.
    return raw[:2] in (b"\xff\xfe", b"\xfe\xff") and detect.MARKERS.search(raw.replace(b"\0", b"")) is not None


def _say_what_is_empty(into: Documents) -> None:
    """Nothing was looked at where all that was understood is empty; beside others it is worth a note."""
    looked = into.count or into.tenants or into.errors
    for name, why in into.vain:
        if looked:
            into.notes.append(Note(why, name))
        else:
            into.errors.append(InputError(name, f"{why}: there is nothing to audit"))


def _utf8(raw: bytes) -> bytes:
    """The text in UTF-8, where it can be; where not, the reader says why."""
    try:
        return text.to_utf8(raw, "")
    except InputError:
        return raw


def _archive(raw: bytes, found: Found, into: Documents) -> None:
    """A solution that was exported; another archive is passed over, unless the user named it. A broken solution is still one."""
    before = (into.count, len(into.errors))
    errors: list[InputError] = []
    for name, content in solution.members(raw, found.name, errors):
        _parse(content, Found(found.path, name, found.scope, named=False), into)
    if errors and (found.named or into.count > before[0] or solution.is_solution(raw)):
        into.errors += errors
    if (into.count, len(into.errors)) == before:
        if found.named:
            into.errors.append(
                InputError(found.name, "this zip archive holds no connector", hint="export the solution that the connector is in")
            )
        else:
            into.passed_over.append(found.name)


__all__ = ["STDIN", "Document", "Documents", "File", "Listing", "Note", "read"]
