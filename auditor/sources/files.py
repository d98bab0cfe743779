"""Files, folders and standard input -> documents: each file goes to the format that recognises it, or is read as JSON."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Collection
from functools import partial

from auditor.errors import InputError, UsageError
from auditor.files import MAX_FILE_SIZE, STDIN_NAME, TooLarge, identity, is_device, read_whole, too_large
from auditor.pattern import late
from auditor.sources import formats, reader
from auditor.sources.document import EXACT_UP_TO, Document, Documents, Empty, File, Listing, Note
from auditor.sources.formats.base import JSON_NAMES, FileFormat, Piece, Tenant, Whole
from auditor.sources.maker import Maker
from auditor.sources.places import Places
from auditor.sources.walk import Found, Walk

STDIN = "-"
_EMPTY = late(rb"\s*(?:\[\s*\]|\{\s*\})\s*")
_SOMETHING = late(rb"\S")
_DEVICE = "this is a device, not a file"


def read(
    paths: list[str],
    *,
    exclude: list[str] | None = None,
    stdin_name: str = STDIN_NAME,
    take: Callable[[Document], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
    wanted: Callable[[], Collection[str]] | None = None,
    max_file_size: int = MAX_FILE_SIZE,
    run_bicep: bool = False,
) -> Documents:
    """Read all documents of files, folders and "-" (standard input); of snapshots only the `wanted` collections.

    A file that cannot be read is an error in the result, and the rest is read all the same. `take` gets each document as it is
    read, so that they need not all be held; `progress` is called with the number of files and of objects so far. `run_bicep`: Bicep
    files are compiled by the `bicep` on the PATH. Raises UsageError for a path that does not exist.
    """
    if "" in paths:
        raise UsageError("a path is empty: is a variable not set? To audit the working directory, give .")
    into = Documents(take)
    files = _Files(into, wanted, run_bicep=run_bicep)
    walk = Walk([path for path in paths if path != STDIN], exclude or [])
    if STDIN in paths:
        files.take(lambda: _standard_input(stdin_name, max_file_size, into), stdin_name)
    seen: set[str] = set()
    for found in walk:
        real = os.path.realpath(found.path)
        if real in seen:
            continue  # a path given twice, or a link to a file that is read anyway
        seen.add(real)
        files.take(partial(_opened, found, max_file_size, into), found.name)
        if progress is not None:
            progress(into.files_read + len(into.passed_over), into.count)
    into.opened |= walk.opened
    into.errors += walk.errors
    return into


def _standard_input(name: str, limit: int, into: Documents) -> Whole:
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    stream = sys.stdin.buffer
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # no file of the operating system's
        status = None
    if status is not None and is_device(status) and not stream.isatty():
        raise InputError(name, _DEVICE)
    if (known := identity(stream.fileno()) if status is not None else None) is not None:
        into.opened.add(known)
    try:
        file = Whole(name, "", named=True, raw=read_whole(stream, 1 << 20, limit))
    except TooLarge as error:
        raise InputError(name, str(error)) from None
    if form := formats.of_head(file):
        raise UsageError(f"a {form.name} is read from its file: name it in place of -")
    return file


def _opened(found: Found, limit: int, into: Documents) -> Whole | None:
    """A file to recognise; None where it is left out. Raises InputError where it cannot be read."""
    try:
        status = os.stat(found.path)
        regular = stat.S_ISREG(status.st_mode)
        if not regular and not found.named:
            into.passed_over.append(found.name)  # a pipe or a socket in a folder would block
            return None
        if is_device(status) and not os.path.samestat(status, os.stat(os.devnull)):
            raise InputError(found.name, _DEVICE)
        if not regular:  # what a pipe gives can be read once
            with found.path.open("rb", buffering=0) as pipe:
                return Whole(found.name, found.scope, named=True, raw=read_whole(pipe, status.st_size, limit))
        into.opened.add((status.st_dev, status.st_ino))
        file = Whole(found.name, found.scope, named=found.named, path=found.path, limit=limit)
        if status.st_size > limit:
            _leave_out(file, too_large(status.st_size, limit), into)
            return None
        return file
    except TooLarge as error:
        raise InputError(found.name, str(error)) from None
    except OSError as error:
        raise InputError(found.name, f"cannot be read: {error.strerror or error}") from None


def _leave_out(file: Whole, why: str, into: Documents) -> None:
    """A file that is too large: an error where it may hold registrations, else a note. Nobody looked."""
    if file.named or file.begins_like_json or formats.of_head(file) is not None or file.name.lower().endswith(JSON_NAMES):
        raise InputError(file.name, why)
    into.notes.append(Note(why, file.name))
    into.passed_over.append(file.name)


class _Files:
    """Reads one file after the other into `into`."""

    def __init__(self, into: Documents, wanted: Callable[[], Collection[str]] | None, *, run_bicep: bool) -> None:
        self.into, self._wanted, self._run_bicep = into, wanted, run_bicep

    def take(self, opened: Callable[[], Whole | None], name: str) -> None:
        """One file. What is wrong with it, or takes more memory than there is, costs only itself."""
        try:
            if (file := opened()) is not None:
                self.read(file)
        except InputError as error:
            self.into.errors.append(error)
        except MemoryError:
            self.into.errors.append(InputError(name, "there is not enough memory to read it"))
        except RecursionError:
            self.into.errors.append(InputError(name, "nested too deeply to be read"))

    def read(self, file: Whole) -> None:
        if self._run_bicep and file.name.lower().endswith(".bicep"):
            from auditor.sources import bicep

            file = bicep.compiled(file) if bicep.is_to_compile(file) else file
        form = formats.of_file(file)
        if file.level and (whole := formats.of_head(file)) is not None:
            raise InputError(file.name, f"a {whole.name} is read from its own file: take it out of the archive first")
        if form is not None:
            self._pieces(file, form)
        elif (file.named and len(file.raw) <= EXACT_UP_TO) or _is_marked(file):
            self._json(file)
        elif file.named:  # of a large file nobody waits for all of it to be parsed
            self._not_read(file, [], FileFormat.holds_nothing)
        else:
            if _SOMETHING.search(file.raw) is None and file.name.lower().endswith(JSON_NAMES):
                self.into.empty.append(Empty(file.name, "the file is empty", is_answer=False))
            self.into.passed_over.append(file.name)

    def _pieces(self, file: Whole, form: FileFormat) -> None:
        """What a format finds in a file. What is wrong with a file that may not be of the format after all is not worth an error."""
        into = self.into
        skipped = len(into.passed_over)
        before, errors, remarks = (into.count, len(into.errors), len(into.empty)), list[InputError](), list[Note]()
        maker: Maker | None = None
        for part in form.pieces(file):
            if isinstance(part, Piece):
                if maker is None:
                    raw = b"" if form.on_disk else file.raw
                    own = File(file.name, file.scope, len(raw))
                    maker = Maker(own, Places(own, raw), into)
                maker.take(part, form)
            elif isinstance(part, Whole):
                self.read(part)
            elif isinstance(part, Listing):
                into.listings.append(part)
            elif isinstance(part, Tenant):
                if part.read(into, None if self._wanted is None else self._wanted()):
                    into.snapshots.add(file.name)
                return
            elif isinstance(part, InputError):
                errors.append(part)
            else:
                remarks.append(part)
        if errors and (file.asked or into.count > before[0] or form.is_certain(file)):
            into.errors += errors
        if (into.count, len(into.errors), len(into.empty)) == before:
            del into.passed_over[skipped:]  # of an archive: itself, and not each file in it
            self._not_read(file, remarks, form.holds_nothing)
            return
        into.notes += remarks
        into.files_read += form.counts

    def _json(self, file: Whole) -> None:
        into = self.into
        errors = len(into.errors)
        try:
            reading = reader.read(file.raw, file.name, file.scope, into)
        except InputError as error:
            if file.named or file.is_json or file.name.lower().endswith(JSON_NAMES):
                into.errors.append(error)
            else:
                into.passed_over.append(file.name)  # prose or source code that speaks of app registrations
            return
        if reading.objects:
            into.files_read += 1
            into.notes += reading.remarks
            if reading.deleted == reading.objects:
                into.empty.append(Empty(file.name, "all objects in it were deleted"))
        elif reading.empty:
            into.empty.append(Empty(file.name, "the list is empty"))
            into.files_read += 1
        elif len(into.errors) == errors:
            self._not_read(file, reading.remarks, FileFormat.holds_nothing)

    def _not_read(self, file: Whole, remarks: list[Note], holds_nothing: tuple[str, str]) -> None:
        """A file of which nothing was read: an error where the user named it."""
        self.into.passed_over.append(file.name)
        if not file.named:
            self.into.notes += remarks
        elif remarks:
            self.into.errors += [InputError(file.name, remark.message, remark.line, remark.column) for remark in remarks]
        else:
            message, hint = holds_nothing
            self.into.errors.append(InputError(file.name, message, hint=hint))


def _is_marked(file: Whole) -> bool:
    """Whether something in a text may be of Entra ID, or is worth a word."""
    raw = file.raw
    if formats.may_hold_ours(raw):
        return True
    if file.is_json:
        if formats.is_placed(file.name):
            return True
        from auditor.sources import foreign

        if foreign.HINTS.search(raw) or _EMPTY.fullmatch(raw[:200]):
            return True
    # What is left of UTF-16 is broken, and holds every marker with a NUL behind each letter.
    return raw[:2] in (b"\xff\xfe", b"\xfe\xff") and formats.may_hold_ours(raw.replace(b"\0", b""))
