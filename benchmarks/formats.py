"""What each report format costs: `python -m benchmarks.formats [REGISTRATIONS]` prints CPU time a finding (default 100000; two minutes).

The goal is 10 µs a finding, of a made-up tenant (`benchmarks/tenant.py`). Formats that show the worst findings only still look at all.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from auditor.pipeline import AuditRequest, Inputs, run
from auditor.report import FORMATS, Depth, Options, render
from auditor.report.build import report_of
from benchmarks.tenant import write_page

GOAL = 10  # µs a finding


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.json"
        write_page(count, page)
        by_rule = max(form.by_rule for form in FORMATS.values())
        audited = run(AuditRequest(Inputs((str(page),)), as_of="2026-11-01", by_area=True, by_rule=by_rule))
    report = report_of(audited, depth=Depth.inventory)
    del audited
    gc.disable()
    found = len(report.findings)
    print(f"{count:,} registrations, {found:,} findings, {len(report.credentials):,} credentials.\n")
    print("| format | MB | µs a finding | |\n|---|---|---|---|")
    for name in FORMATS:
        best, size = float("inf"), 0
        for _ in range(2):
            began = time.process_time()
            size = sum(map(len, render(report, name, Options())))
            best = min(best, time.process_time() - began)
            if best / found * 1e6 > 5 * GOAL:  # not worth another minute
                break
        each = best / found * 1e6
        print(f"| `{name}` | {size / 1e6:,.1f} | {each:.1f} | {'' if each <= GOAL else 'over the goal'} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
