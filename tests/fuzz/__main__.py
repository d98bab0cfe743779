"""`python -m tests.fuzz reader -max_total_time=20`: a harness under atheris, from its seeds on. Options are libFuzzer's.

An input at which it raises, that takes 20 seconds or 2 GB goes to `tests/fuzz/found/`: once understood, it belongs to the seeds.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stderr, suppress
from importlib import import_module
from io import StringIO
from pathlib import Path
from pkgutil import walk_packages

import atheris

import auditor

HERE = Path(__file__).parent
LIMITS = ("-timeout=20", "-rss_limit_mb=2048", "-max_len=16777216")  # seconds and megabytes for one input; its bytes, for else it were 4096


def main(name: str, options: list[str]) -> None:
    with redirect_stderr(StringIO()), atheris.instrument_imports(include=["auditor"]):  # it names every module
        for module in walk_packages(auditor.__path__, "auditor."):  # also those that are imported only when met
            if module.name == "auditor.__main__":
                continue
            with suppress(ImportError):  # without the packages for live tenants
                import_module(module.name)
        take = import_module(f"tests.fuzz.{name}").take
    grown, found = HERE / "grown" / name, HERE / "found"
    grown.mkdir(parents=True, exist_ok=True)
    found.mkdir(exist_ok=True)
    folders = [str(grown), str(HERE / "seeds" / name)]
    atheris.Setup([name, *folders, f"-dict={HERE / 'dictionary'}", f"-artifact_prefix={found}/{name}-", *LIMITS, *options], take)
    atheris.Fuzz()


main(sys.argv[1], sys.argv[2:])
