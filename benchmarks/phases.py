"""Where the time and the memory of a large page go: `python -m benchmarks.phases [COUNT]` (20,000 registrations unless you say).

CPU seconds and resident memory of each phase of one scan in this process, as a Markdown table. Linux only: memory is read from /proc.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from auditor import pipeline
from auditor.engine.rows import Rows
from auditor.engine.selection import RuleSelection
from auditor.pipeline import AuditRequest, Inputs
from auditor.report import Depth, Options
from auditor.report import json as json_report
from auditor.report.build import report_of
from benchmarks.run import write_page


def resident() -> int:
    """Bytes of this process in memory."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) * 1024


class Phases:
    def __init__(self, registrations: int) -> None:
        self._registrations = registrations
        self.lines: list[str] = []

    def add(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, of which each call is a phase."""

        def timed(*given: Any, **named: Any) -> Any:
            start, before = time.process_time(), resident()
            found = function(*given, **named)
            seconds, grown = time.process_time() - start, resident() - before
            self.line(name, seconds, f"{grown / self._registrations / 1000:.1f}")
            return found

        return timed

    def line(self, name: str, seconds: float, grown: str = "") -> None:
        self.lines.append(f"| {name} | {seconds:.1f} | {seconds / self._registrations * 1e6:.0f} | {grown} |")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        page = write_page(count, Path(folder) / "page.json")
        phases = Phases(count)
        pipeline.load = phases.add("reading, facts, joining", pipeline.load)
        rows = 0.0
        failed = Rows.failed

        def timed(*given: Any) -> Any:
            nonlocal rows
            start = time.perf_counter()
            found = failed(*given)
            rows += time.perf_counter() - start
            return found

        Rows.failed = timed  # type: ignore[method-assign, assignment]
        pipeline.judge = phases.add("judging", pipeline.judge)
        request = AuditRequest(Inputs(tuple(page.files)), RuleSelection(), "2026-11-01", by_area=True)
        audited = pipeline.run(request)
        phases.line("of judging: rows of findings", rows)
        report = phases.add("report", report_of)(audited, depth=Depth.objects)
        phases.add("JSON", lambda: sum(map(len, json_report.render(report, Options()))))()
        print(f"{count:,} registrations, {page.size / 1e6:.0f} MB, {page.size / count / 1000:.1f} kB each.\n")
        print("| phase | CPU s | µs a registration | kB more a registration |\n|---|---|---|---|")
        print("\n".join(phases.lines))


if __name__ == "__main__":
    main()
