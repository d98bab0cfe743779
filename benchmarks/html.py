"""The HTML report of 50,000 registrations: `python -m benchmarks.html [REGISTRATIONS]` prints its size, and times in Chromium.

Needs what `make external` installs: `.venv/browser` and Debian's chromium.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
from auditor.pipeline import audit
from auditor.report import Depth, Options, render
from auditor.report.build import report_of
from benchmarks.tenant import write_page


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tenant, page = Path(folder) / "tenant.json", Path(folder) / "report.html"
        write_page(count, tenant)
        report = report_of(audit(tenant, as_of="2026-11-01"), depth=Depth.inventory)
        start = time.process_time()
        size = page.write_bytes(b"".join(render(report, "html", Options())))
        made = time.process_time() - start
        python = ROOT / ".venv" / "browser" / "bin" / "python"
        ran = subprocess.run([python, ROOT / "tests" / "browser.py", "large", page], capture_output=True, text=True, check=True)
        found = json.loads(ran.stdout)
        print(f"{count:,} registrations, {len(report.findings):,} findings, {tenant.stat().st_size / 1e6:,.0f} MB.\n")
    print("| what | measured | bar |\n|---|---|---|")
    print(f"| size of the page | {size / 1e6:.1f} MB | 30 MB |")
    print(f"| to write it, besides the audit | {made:.1f} s of CPU time | |")
    print(f"| from opening to the first rows | {found['first rows']:.2f} s | 2 s |")
    for what in ("sort", "sort again", "filter", "search"):
        print(f"| {what} | {found[what]:.0f} ms | 300 ms |")
    print(f"\nPeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB, the audit included.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
