"""The figures of docs/benchmarks.md: `python benchmarks/run.py [REGISTRATIONS]` prints the table (default 100000; ten minutes).

Every figure is a ratio of two things measured in this run, each in processes of their own; the best of a few counts.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.tenant import write_page

ROOT = Path(__file__).parent.parent
AREAS = "redirect-http,redirect-wildcard,redirect-takeover-prone,redirect-shared-between-apps,redirect-on-sp-only," \
    "app-id-uri-missing,app-id-uri-foreign-appid,scope-duplicate,preauth-permission-missing,known-client-missing," \
    "perm-unknown-id,perm-wrong-type,perm-aad-graph,perm-tier0-requested,perm-requested-not-granted," \
    "implicit-access-token,implicit-id-token,token-version-1-msa,accept-mapped-claims-multitenant,optional-claim-email," \
    "secret-expired,secret-expiring,credential-all-expired,certificate-shared,secret-lifetime," \
    "sp-missing,sp-orphaned,sp-disabled,app-lock-missing,impersonates-microsoft"  # fmt: skip


def measure(command: list[str], times: int = 3) -> tuple[float, float]:
    """Seconds (the best) and peak memory in bytes of a command."""
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        best = min(best, time.perf_counter() - began)  # the first run also compiles the modules
    script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); " \
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"  # fmt: skip
    peak = subprocess.run([sys.executable, "-c", script, *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return best, int(peak) * 1024


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def scan(file: Path, report: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "auditor", "scan", str(file), "--output-format", f"json={report}", "--as-of", "2026-11-01", *more]


def main(count: int) -> None:
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        # Bytecode as an installation has it, also where this environment writes none.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        page, small, report = Path(folder) / "page.json", Path(folder) / "small.json", Path(folder) / "report.json"
        write_page(count, page)
        write_page(count // 10, small)
        size = page.stat().st_size
        load, _ = measure(python(f"import json; json.load(open({str(page)!r}))"))
        areas, areas_peak = measure(scan(page, report, "--select", AREAS))
        found = len(json.loads(report.read_text())["findings"])
        whole, peak = measure(scan(page, report))
        text = json.loads(report.read_text())
        tenth, _ = measure(scan(small, report))
        rows.append(
            (
                f"a whole audit of {count:,} registrations with 30 rules, five an area, JSON report",
                "json.load of the same file",
                f"{areas / load:.2f} x",
            )
        )
        rows.append(("the same with every rule of the default profile", "json.load of the same file", f"{whole / load:.2f} x"))
        rows.append(("peak memory, 30 rules", "the size of the file", f"{areas_peak / size:.2f} x"))
        rows.append(("peak memory, every rule of the default profile", "the size of the file", f"{peak / size:.2f} x"))
        rows.append(("ten times the registrations", "a tenth of them", f"{whole / tenth:.1f} x"))
        one = Path(folder) / "one.json"
        write_page(1, one)
        bare, _ = measure(python("pass"), 15)
        version, _ = measure([sys.executable, "-m", "auditor", "--version"], 15)
        single, _ = measure([sys.executable, "-m", "auditor", "scan", str(one)], 9)
        rows.append(("regaudit --version", "python -c pass", f"{version / bare:.1f} x"))
        rows.append(("a scan of one manifest with every rule of the default profile", "python -c pass", f"{single / bare:.1f} x"))
        rules = len(text["run"]["rules"])
        per_rule = (whole - areas) / max(1, rules - 30) / count * 1e6
        rows.append(("one more rule, per registration", "", f"{per_rule:.2f} µs"))
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {size / 1e6:.0f} MB in one page, ", end=""
    )
    print(
        f"{found / count:.2f} findings a registration with 30 rules, {len([f for f in text['findings'] if f['status'] == 'fail']) / count:.2f} with {rules}; ",
        end="",
    )
    print(f"json.load {load:.2f} s.\n")
    print("| what | against | ratio |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
