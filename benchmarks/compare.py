"""Speed and memory of several commits in one run: `python benchmarks/compare.py [--count N] [--rounds N] COMMIT COMMIT…`.

The commits take turns, so that a busy machine is as unfair to one as to another. CPU time of the process (user and system; not the
clock), the median of all rounds; peak memory, the highest. Every commit runs with the packages of this environment.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.tenant import write_page

ROOT = Path(__file__).parent.parent


def unpack(commit: str, folder: Path) -> None:
    """The files of a commit. Raises CalledProcessError for one that is not there."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "x"], cwd=folder, input=archive, check=True)


def once(folder: Path, arguments: list[str]) -> tuple[float, int]:
    """CPU seconds and peak memory in bytes of one command. Raises RuntimeError where it is not an audit that ended with 0 or 1."""
    process = subprocess.Popen(
        [sys.executable, "-m", "auditor", *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(arguments)} in {folder.name}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commits", nargs="+")
    parser.add_argument("--count", type=int, default=20_000, help="registrations in the long page")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # bytecode as an installation has it
        os.environ["PYTHONPYCACHEPREFIX"] = str(home / "bytecode")
        page, one, report = home / "page.json", home / "one.json", home / "report.json"
        write_page(options.count, page)
        write_page(1, one)
        scan = ["--as-of", "2026-11-01", "--fail-on", "never", "--output-format", f"json={report}"]
        tasks = {
            "--version": ["--version"],
            "a scan of one manifest, default profile": ["scan", str(one), *scan],
            f"{options.count:,} registrations, default profile": ["scan", str(page), *scan],
        }
        folders = {commit: home / f"commit-{i}" for i, commit in enumerate(options.commits)}
        taken: dict[tuple[str, str], list[tuple[float, int]]] = {}
        for commit, folder in folders.items():
            unpack(commit, folder)
            once(folder, tasks["a scan of one manifest, default profile"])  # compiles the modules
        for _ in range(options.rounds):
            for task, arguments in tasks.items():
                for commit, folder in folders.items():
                    taken.setdefault((task, commit), []).append(once(folder, arguments))
        print("| what | " + " | ".join(f"{commit}: CPU s, MB" for commit in folders) + " |")
        print("|---" * (len(folders) + 1) + "|")
        for task in tasks:
            figures = []
            for commit in folders:
                runs = taken[task, commit]
                figures.append(f"{statistics.median(cpu for cpu, _ in runs):.3f}, {max(peak for _, peak in runs) / 1e6:.0f}")
            print(f"| {task} | " + " | ".join(figures) + " |")


if __name__ == "__main__":
    main()
