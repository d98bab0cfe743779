"""The process: `regaudit`, and `python -m auditor`."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

from auditor.startup import defer


def main() -> NoReturn:
    """Runs a command and ends the process, both without what Python would do for one that lives long.

    Nothing is garbage before the end. Then the operating system frees all at once what Python would take apart: that took half of what
    bare Python takes in all.
    """
    gc.disable()  # before anything is imported
    defer()
    from auditor.cli import main as run

    try:
        run()
    except SystemExit as ended:
        import atexit
        import threading

        if threading.active_count() > 1:  # they may have something to end
            raise
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # nobody can be told
                pass
        os._exit(ended.code if isinstance(ended.code, int) else 0)


if __name__ == "__main__":
    main()
