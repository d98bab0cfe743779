"""Makes every generated file of the repository: documentation, JSON Schemas, samples, tables of the fake Microsoft Graph.

python scripts/generate.py          writes the files that are stale, and names them
python scripts/generate.py --check  writes nothing; exit code 1 when one is stale
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the samples are made from tests/test_connect.py

import application_schema  # noqa: E402
import catalog  # noqa: E402
import cli_reference  # noqa: E402
import config_schema  # noqa: E402
import connector_samples  # noqa: E402
import facts_reference  # noqa: E402
import formats_reference  # noqa: E402
import frameworks_reference  # noqa: E402
import graph_properties  # noqa: E402
import paths_reference  # noqa: E402
import peer_checks  # noqa: E402
import report_reference  # noqa: E402
import report_schema  # noqa: E402

# Each has `files()`: path below the repository -> text.
GENERATORS = (
    application_schema,
    catalog,
    cli_reference,
    config_schema,
    connector_samples,
    facts_reference,
    formats_reference,
    frameworks_reference,
    graph_properties,
    paths_reference,
    peer_checks,
    report_reference,
    report_schema,
)
# All files that match are generated: one that no generator makes any longer is deleted.
OWNED = ("sample_manifests/pair-*/**/*.json",)


def stale() -> dict[Path, str | None]:
    """The files that differ from what the generators make, and their new text; None for one to delete."""
    made = {ROOT / path: text for generator in GENERATORS for path, text in generator.files().items()}
    leftovers = {path for pattern in OWNED for path in ROOT.glob(pattern)} - made.keys()
    differ = {path: text for path, text in made.items() if not path.is_file() or path.read_bytes() != text.encode()}
    return {**differ, **dict.fromkeys(leftovers)}


def main() -> int:
    options = argparse.ArgumentParser(description="Make every generated file of the repository.")
    options.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a file is stale")
    check = options.parse_args().check
    found = stale()
    for path, text in sorted(found.items()):
        name = path.relative_to(ROOT).as_posix()
        if check:
            print(f"{name} is stale: run python scripts/generate.py")
        elif text is None:
            path.unlink()
            for folder in path.parents:  # git knows no empty folders, but the tests of the samples do
                if any(folder.iterdir()):
                    break
                folder.rmdir()
            print(f"deleted {name}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            print(f"wrote {name}")
    if not found:
        print("all generated files are up to date")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main())
