"""How long a JSON report is: `python -m benchmarks.report_size [REGISTRATIONS]` prints its parts against the input (default 3000).

The goals are 0.25 for findings and 0.45 for the whole report, of a made-up tenant (`benchmarks/tenant.py`).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parent.parent))
from auditor.pipeline import audit
from auditor.report import Depth, Options, render
from auditor.report.build import report_of
from benchmarks.tenant import write_page


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.json"
        write_page(count, page)
        size = page.stat().st_size
        audited = audit(page, as_of="2026-11-01")
    report = report_of(audited)
    found = len(report.findings)
    print(f"{count:,} registrations, {size / 1e6:,.1f} MB, {found / count:.2f} findings a registration.\n")
    print("| part | bytes | against the input |\n|---|---|---|")
    for name in report.__struct_fields__:
        length = len(msgspec.json.encode(getattr(report, name)))
        if length > size / 10_000:
            print(f"| {name} | {length:,} | {length / size:.3f} |")
    whole = sum(map(len, render(report, "json", Options())))
    print(f"| **all** | {whole:,} | {whole / size:.3f} |")
    inventory = sum(map(len, render(report_of(audited, depth=Depth.inventory), "json", Options())))
    print(f"| all, with --inventory | {inventory:,} | {inventory / size:.3f} |")
    a_finding = len(msgspec.json.encode(report.findings)) / found
    print(
        f"\nA finding has {a_finding:.0f} bytes: with two a registration, findings would be {2 * a_finding * count / size:.3f} of the input."
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
