"""Makes `sample_manifests/pair-*`: the story's pair, a connector's client and its API, in order and with one fault each.

python scripts/connector_samples.py          writes the folders, and their table in sample_manifests/README.md
python scripts/connector_samples.py --check  exit code 1 when one is stale

What is wrong in each stands in tests/test_connect.py, which holds them to the rules that must fail.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.test_connect import VARIANTS, Pair  # noqa: E402

SAMPLES = ROOT / "sample_manifests"
BEGIN, END = "<!-- pairs -->\n", "<!-- /pairs -->\n"
CHOSEN = (
    "client ID is a placeholder", "client ID is an object ID", "client of another tenant", "redirect URI of another environment",
    "only the shared redirect URI", "no secret", "client without service principal", "API not in the client's permissions",
    "scope misspelt", "scope disabled", "resource URL without scheme", "resource URL with a slash", "token version on the client",
    "token version 1", "API without service principal", "no consent to an administrator's scope",
)  # fmt: skip


def folder(name: str) -> str:
    return "pair-" + re.sub(r"[^a-z0-9]+", "-", name.lower().replace("'s ", "-")).strip("-")


def write(target: Path) -> str:
    """Writes all folders below `target`. Returns the table of them."""
    Pair("right").write(target / "pair-right")
    rows = ["| folder | what is wrong | rule |", "|---|---|---|", "| `pair-right` | nothing | |"]
    for name in CHOSEN:
        change, rules, _ = VARIANTS[name]
        pair = Pair(name)
        change(pair)
        pair.write(target / folder(name))
        rows.append(f"| `{folder(name)}` | {name} | {', '.join(f'`{rule}`' for rule in sorted(rules))} |")
    for file in target.rglob("pair-*/**/*.json"):
        file.write_text(file.read_text("utf-8") + "\n", "utf-8")
    return "\n".join(rows) + "\n"


def files(below: Path) -> dict[str, bytes]:
    return {path.relative_to(below).as_posix(): path.read_bytes() for path in below.glob("pair-*/**/*.json")}


def main(check: bool) -> int:
    readme = SAMPLES / "README.md"
    text = readme.read_text("utf-8")
    with tempfile.TemporaryDirectory() as made:
        table = write(Path(made))
        whole = text[: text.index(BEGIN) + len(BEGIN)] + table + text[text.index(END) :]
        if check:
            stale = files(Path(made)) != files(SAMPLES) or whole != text
            print(
                "sample_manifests/pair-* are stale: run scripts/connector_samples.py" if stale else "sample_manifests/pair-* are up to date"
            )
            return int(stale)
        for old in SAMPLES.glob("pair-*"):
            shutil.rmtree(old)
        for new in Path(made).iterdir():
            shutil.copytree(new, SAMPLES / new.name)
    readme.write_text(whole, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
