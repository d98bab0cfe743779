"""The figures of docs/benchmarks.md: `python benchmarks/run.py [--count N] [--rounds N] [--python PYTHON]… [--write]`.

Builds the wheel, installs it in an empty environment of each Python, and runs its command line there on made-up tenants: a page of
registrations with two findings each, and a tenant with service principals, grants and connectors. CPU time of the process, the median of
all rounds, in which everything takes its turn: a busy machine is as unfair to one as to another. Prints a Markdown table; --write puts it
into docs/benchmarks.md. The defaults take an hour and 4 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks import joined as joined_tenant
from benchmarks.tenant import registrations

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- printed by benchmarks/run.py -->\n", "<!-- to here -->\n"
SCAN = ("--as-of", "2026-11-01", "--fail-on", "never")
START_UPS = 9  # runs of what takes a tenth of a second, a round


class Run(NamedTuple):
    """CPU seconds and peak memory in bytes of a process."""

    cpu: float
    peak: float


# A process inherits the peak of the one that starts it: this one holds whole tenants, so another starts what is measured.
_STARTER = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
sys.exit(done.returncode)
"""


def once(command: list[str]) -> Run:
    """Runs a command from the folder of none of our sources. Raises RuntimeError where it fails."""
    starter = [sys.executable, "-c", _STARTER, *command]
    done = subprocess.run(starter, cwd=tempfile.gettempdir(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}")
    cpu, peak = map(float, done.stdout.split())
    return Run(cpu, peak)


def median(runs: Iterable[Run]) -> Run:
    listed = list(runs)
    return Run(statistics.median(run.cpu for run in listed), max(run.peak for run in listed))


# -- inputs


class Input(NamedTuple):
    files: list[str]
    registrations: int

    @property
    def size(self) -> int:
        return sum(Path(file).stat().st_size for file in self.files)


def write_page(count: int, target: Path) -> Input:
    """Registrations as one page of Microsoft Graph: two of five redirect to http besides what else is wrong with them."""
    apps = list(registrations(count))
    for number, app in enumerate(apps):
        if number % 5 < 2:
            app["web"]["redirectUris"] = [*app["web"]["redirectUris"], f"http://old-{number}.contoso.com/cb"]
    page = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications", "value": apps}
    target.write_text(json.dumps(page, separators=(",", ":")))
    return Input([str(target)], count)


def write_inputs(count: int, folder: Path) -> dict[str, Input]:
    one = next(registrations(1))
    plain = next(app for app in registrations(50) if app["signInAudience"] == "AzureADMyOrg")
    made = {"one": one, "plain": {**plain, "requiredResourceAccess": []}}
    for name, app in made.items():
        (folder / f"{name}.json").write_text(json.dumps(app))
    (folder / "joined").mkdir()
    return {
        **{name: Input([str(folder / f"{name}.json")], 1) for name in made},
        "page": write_page(count, folder / "page.json"),
        "tenth": write_page(count // 10, folder / "tenth.json"),
        "joined": Input([str(file) for file in joined_tenant.write(count // 5, folder / "joined")], count // 5),
    }


# -- measured in one environment


class Environment:
    """An empty environment with the wheel, of one Python."""

    def __init__(self, python: str, wheel: Path, folder: Path) -> None:
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        self._bin = folder / "bin"
        subprocess.run([self.python, "-m", "pip", "install", "-q", "--disable-pip-version-check", str(wheel)], check=True)
        version = "import platform; print(platform.python_version())"
        self.version = subprocess.run([self.python, "-c", version], capture_output=True, text=True, check=True).stdout.strip()
        self.runs: dict[str, list[Run]] = {}
        self.findings: dict[str, float] = {}  # of a registration

    @property
    def python(self) -> str:
        return str(self._bin / "python")

    def regaudit(self, *arguments: str) -> list[str]:
        return [str(self._bin / "regaudit"), *arguments]

    def take(self, name: str, command: list[str]) -> None:
        self.runs.setdefault(name, []).append(once(command))

    def start_up(self, inputs: dict[str, Input]) -> None:
        self.take("pass", [self.python, "-c", "pass"])
        self.take("version", self.regaudit("--version"))
        for name in ("one", "plain"):
            self.take(name, self.regaudit("scan", *inputs[name].files, "--fail-on", "never"))

    def audits(self, inputs: dict[str, Input], report: Path) -> None:
        for name in ("page", "tenth", "joined"):
            files = inputs[name].files
            if name != "tenth":
                self.take(f"{name}: json.load", [self.python, "-c", f"import json\nkept = [json.load(open(name)) for name in {files!r}]"])
                decode = f"import msgspec\nkept = [msgspec.json.decode(open(name, 'rb').read()) for name in {files!r}]"
                self.take(f"{name}: msgspec", [self.python, "-c", decode])
            self.take(name, self.regaudit("scan", *files, *SCAN, "-q", "--output-format", f"json={report}"))
            if name not in self.findings:
                self.findings[name] = len(json.loads(report.read_text())["findings"]) / inputs[name].registrations


# -- the table


class Row(NamedTuple):
    """`goal` is the most that a figure may be on the first Python; None where there is none."""

    what: str
    unit: str
    goal: float | None
    figures: list[float]

    def line(self) -> str:
        goal = "" if self.goal is None else f"{self.goal:g} {self.unit}"
        state = "" if self.goal is None else "reached" if self.figures[0] <= self.goal else "**missed**"
        return " | ".join(
            [f"| {self.what}", goal, *(f"{figure:.{1 if figure >= 5 else 2}f} {self.unit}" for figure in self.figures), f"{state} |"]
        )


def rows(environments: list[Environment], inputs: dict[str, Input]) -> list[Row]:
    of = [{name: median(runs) for name, runs in env.runs.items()} for env in environments]

    def ratio(name: str, against: str) -> list[float]:
        return [one[name].cpu / one[against].cpu for one in of]

    count, joined = inputs["page"].registrations, inputs["joined"].registrations
    found = [Row("`regaudit --version`, against `python -c pass`", "x", 4, ratio("version", "pass"))]
    found.append(Row("a scan of one manifest, against the same", "x", 10, ratio("one", "pass")))
    found.append(Row("a scan of one manifest that leaves nothing open", "x", 10, ratio("plain", "pass")))
    for name, what, load in (("page", f"{count:,} registrations", 4.0), ("joined", f"a joined tenant of {joined:,} registrations", 3.0)):
        found.append(Row(f"{what}, against `json.load`", "x", load, ratio(name, f"{name}: json.load")))
        found.append(Row(f"{what}, against `msgspec.json.decode`", "x", None, ratio(name, f"{name}: msgspec")))
        of_each = [(one[name].cpu - one["one"].cpu) / inputs[name].registrations * 1e6 for one in of]
        found.append(Row(f"{what}, each of them", "µs", None, of_each))
        found.append(Row(f"{what}, peak memory against the files", "x", 3, [one[name].peak / inputs[name].size for one in of]))
        found.append(Row(f"{what}, findings of each", "", None, [env.findings[name] for env in environments]))
    found.append(Row("ten times the registrations, against a tenth of them", "x", 10.5, ratio("page", "tenth")))
    return found


def table(environments: list[Environment], inputs: dict[str, Input], rounds: int) -> str:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    load = statistics.median(each.cpu for each in environments[0].runs["page: json.load"])
    first = environments[0]
    pythons = [f"Python {env.version}" for env in environments]
    made = (
        f"On {datetime.now(timezone.utc):%Y-%m-%d}, commit {commit}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}. The page has "
        f"{inputs['page'].size / 1e6:.0f} MB (`json.load` {load:.2f} s), the joined tenant {inputs['joined'].size / 1e6:.0f} MB. CPU time, medians: of "
        f"{len(first.runs['pass'])} runs of what starts up, of {rounds} of what audits a tenant. Goals are for {pythons[0]}.\n"
    )
    lines = [f"| what | goal | {' | '.join(pythons)} | state |", "|---" * (len(pythons) + 3) + "|"]
    return "\n".join([made, *lines, *(row.line() for row in rows(environments, inputs))]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="registrations of the page; the joined tenant has a fifth of them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--python", action="append", metavar="PYTHON", help="an interpreter; the first is that of the goals (default: this one)"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([sys.executable, "-m", "build", "-q", "--wheel", "--outdir", str(home), str(ROOT)], check=True)
        (wheel,) = home.glob("*.whl")
        pythons: list[Any] = options.python or [getattr(sys, "_base_executable", sys.executable)]
        environments = [Environment(python, wheel, home / f"python-{number}") for number, python in enumerate(pythons)]
        inputs = write_inputs(options.count, home)
        for env in environments:  # what is run first may find nothing in the caches
            once(env.regaudit("scan", *inputs["one"].files, "--fail-on", "never"))
        for _ in range(options.rounds):
            for env in environments:
                for _ in range(START_UPS):
                    env.start_up(inputs)
                env.audits(inputs, home / "report.json")
        made = table(environments, inputs, options.rounds)
    print(made)
    if options.write:
        text = DOCUMENT.read_text("utf-8")
        before, rest = text.split(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}{made}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
