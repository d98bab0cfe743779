"""Bicep files, compiled by the user's own `bicep`: only where the user says so, since that starts a program that may fetch modules."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from auditor.display import clean
from auditor.errors import InputError
from auditor.pattern import late
from auditor.sources.formats.base import Whole

_GRAPH = late(rb"(?i)'Microsoft\.Graph/")
_SECONDS = 300


def is_to_compile(file: Whole) -> bool:
    """Whether a file is Bicep that deploys resources of Microsoft Graph's, or one that the user named."""
    meant = file.path is not None and file.name.lower().endswith(".bicep")
    return meant and (file.named or _GRAPH.search(file.raw) is not None)


def compiled(file: Whole) -> Whole:
    """The template that `bicep build` makes of a file. Raises InputError where it makes none."""
    assert file.path is not None
    program = shutil.which("bicep")
    if program is None or not Path(program).is_absolute():  # one of the working directory's is anybody's
        raise InputError(file.name, "--run-bicep needs the command bicep on the PATH", hint="install it, or compile with `az bicep build`")
    command = [program, "build", "--stdout", str(file.path.resolve())]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS)  # noqa: S603  (as the user asked)
    except subprocess.TimeoutExpired:
        raise InputError(file.name, f"bicep build did not end within {_SECONDS} seconds") from None
    except OSError as error:
        raise InputError(file.name, f"bicep cannot be started: {error.strerror or error}") from None
    if done.returncode != 0:
        said = clean(done.stderr.decode("utf-8", "replace").strip(), 500) or f"exit code {done.returncode}"
        raise InputError(file.name, f"bicep build failed: {said}", hint="correct the Bicep file")
    if len(done.stdout) > file.limit:
        raise InputError(file.name, "what bicep build makes of it is larger than --max-file-size allows")
    return Whole(f"{file.name} (compiled)", file.scope, named=file.named, raw=done.stdout, limit=file.limit)
