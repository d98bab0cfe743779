"""Makes `sample_manifests/pair-*`: the story's pair, a connector's client and its API, in order and with one fault each; and
`sample_downloads/pair-*`, the same as a maker has them who downloads two manifests in the portal.

Their table in sample_manifests/README.md, too. What is wrong in each stands in tests/test_connect.py, which holds
them to the rules that must fail.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from tests.test_connect import VARIANTS, Pair

# What Microsoft Graph returns of a registration, and the manifest that the portal offers for download does not hold.
NOT_IN_PORTAL = frozenset({"isDisabled", "disabledByMicrosoftStatus", "federatedIdentityCredentials", "owners"})
README = Path(__file__).parent.parent / "sample_manifests/README.md"
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


def downloads(pair: Path) -> dict[str, str]:
    """A pair as a maker has it without `az`: the connector, and the two manifests as the portal downloads them."""
    found = {f"connector/{path.name}": path.read_text("utf-8") for path in (pair / "connector").iterdir()}
    for app in json.loads((pair / "tenant.json").read_text("utf-8"))["applications"]:
        manifest = {name: value for name, value in app.items() if name not in NOT_IN_PORTAL}
        found[f"{app['displayName']}.json"] = json.dumps(manifest, indent=2) + "\n"
    return found


def files() -> dict[str, str]:
    text = README.read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        table = write(made)
        portal = {
            f"sample_downloads/{pair.name}/{name}": text for pair in sorted(made.glob("pair-*")) for name, text in downloads(pair).items()
        }
        samples = {path.relative_to(made).as_posix(): path.read_text("utf-8") for path in made.glob("pair-*/**/*.json")}
    samples["README.md"] = text[: text.index(BEGIN) + len(BEGIN)] + table + text[text.index(END) :]
    return {f"sample_manifests/{path}": text for path, text in samples.items()} | portal
