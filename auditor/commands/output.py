"""Files that commands write: whole or not at all, and never in place of one that was read."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from auditor.errors import UsageError
from auditor.files import Identity, identities, identity
from auditor.pattern import late

_PAGE = late(rb"^```toml rule", re.MULTILINE)
_WAIVERS = late(rb"^\[\[waiver\]\]", re.MULTILINE)
Kind = Literal["report", "snapshot", "baseline", "waivers"]
_LOOKED_AT = 1 << 20  # bytes of a file that somebody else may have written


def shipped() -> set[Identity]:
    """The files that regaudit is made of: pages, profiles, catalogs."""
    from auditor import rulebook

    folders = {Path(__file__).parent.parent, rulebook.shipped_folder()}
    return identities(path for folder in folders for path in folder.rglob("*") if path.suffix != ".pyc")


def pages(folders: Iterable[str]) -> set[Identity]:
    """The files of folders with rule pages."""
    return identities(path for folder in map(Path, folders) for path in (*folder.glob("*.md"), *folder.glob("*/*.md")))


def guard(file: Path, read: Collection[Identity], *, writes: Kind = "report") -> None:
    """Raises UsageError for a file that nothing may take the place of: one that was `read`, by whatever name, a rule page, or what
    holds registrations. What we wrote ourselves may be written again by its like: a report by a report.
    """
    try:
        target = file.resolve()  # RuntimeError: links that lead in a circle
        if file.exists() and not file.is_file() and not file.is_dir():  # a pipe or a device, which keeps nothing
            return
        if not target.parent.is_dir():
            raise UsageError(f"cannot write {file}: there is no folder {target.parent}")
        if target.is_dir():
            raise UsageError(f"cannot write {file}: it is a folder")
        known = identity(target)
        if known is None:  # there is nothing yet
            return
        with target.open("rb") as content:
            start = content.read(_LOOKED_AT)
            content.seek(max(0, os.fstat(content.fileno()).st_size - _LOOKED_AT))
            end = content.read(_LOOKED_AT)
    except (OSError, RuntimeError, ValueError) as error:  # ValueError: a NUL in the name
        raise UsageError(f"cannot write {file}: {getattr(error, 'strerror', None) or error}") from None
    what = _what_is_lost(start, end, writes=writes)
    if known in read and (what or not _is_ours(start, end, writes=writes)):
        raise UsageError(f"the output would take the place of its own input, {file}")
    if what:
        raise UsageError(f"the output would take the place of {file}, which {what}")


def _is_ours(start: bytes, end: bytes, *, writes: Kind) -> bool:
    return not start or writes in _written_by_us(start, end)


def _written_by_us(start: bytes, end: bytes) -> Iterator[Kind]:
    from auditor.engine.baseline import BEGINS
    from auditor.report import is_report
    from auditor.sources.formats.snapshot import is_snapshot

    if start.startswith(BEGINS):
        yield "baseline"
    if is_snapshot(start):
        yield "snapshot"
    if is_report(start, end):
        yield "report"


def _what_is_lost(start: bytes, end: bytes, *, writes: Kind) -> str:
    """What a file is that nothing of ours may take the place of, whether it was read or not; '' for any other."""
    from auditor.sources.formats import MARKERS

    if _is_ours(start, end, writes=writes):
        return ""
    if _PAGE.search(start):
        return "is a rule page"
    if (ours := next(_written_by_us(start, end), None)) in ("snapshot", "baseline"):
        return f"is a {ours}"
    if _WAIVERS.search(start) and writes != "waivers":
        return "holds waivers"
    return "holds app registrations" if MARKERS.search(start) else ""


def guard_all(targets: Iterable[Path], read: Collection[Identity]) -> None:
    for target in targets:
        guard(target, read)


def write(pieces: Iterator[bytes], file: Path) -> None:
    """To a file that is only there once it is whole. Raises UsageError."""
    try:
        if file.exists() and not file.is_file():  # a pipe, /dev/stdout
            with file.open("wb") as out:
                out.writelines(pieces)
        else:
            _replace(file.resolve(), pieces)  # what a link names is written, not the link
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        raise UsageError(f"cannot write {file}: {getattr(error, 'strerror', None) or error}") from None


def _replace(target: Path, pieces: Iterator[bytes]) -> None:
    import tempfile

    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.writelines(pieces)
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def target(text: str, forms: Collection[str]) -> tuple[str, Path | None]:
    """FORMAT[=FILE]: one of these formats, and where it goes; None is standard output. Raises UsageError."""
    form, equals, file = text.partition("=")
    if form not in forms:
        import difflib  # as long as ten of our modules, and seldom needed

        close = difflib.get_close_matches(form.lower(), forms, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}? There are" if close else "there are"
        raise UsageError(f"no report format is called {form!r}; {hint}: {', '.join(forms)}")
    if equals and not file:
        raise UsageError(f"--output-format {text}: the file's name is missing")
    return form, Path(file) if file else None


def apart(files: list[Path | None]) -> None:
    """Raises UsageError for two reports in one place."""
    seen = set[Any]()
    for file in files:
        key = file and (identity(file) or os.path.realpath(file))
        if key in seen:
            where = file or "standard output"
            raise UsageError(f"two reports on {where}: give each a file of its own, as in --output-format json=report.json")
        seen.add(key)


def to_stdout(pieces: Iterator[bytes]) -> None:
    out = sys.stdout.buffer
    for piece in pieces:
        out.write(piece)
    out.flush()
