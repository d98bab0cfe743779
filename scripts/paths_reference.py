"""Makes the table of docs/paths.md of what permissions and roles let their holders do, from auditor/paths/powers.tsv."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = "docs/paths.md"
BEGIN, END = "<!-- powers -->\n", "<!-- /powers -->"
_HELD = {
    "permission": "Application permissions of Microsoft Graph", "delegated": "Delegated permissions, with consent for all users",
    "role": "Directory roles over the whole tenant", "action": "Actions of custom roles",
}  # fmt: skip


def table() -> str:
    """A heading for each kind of what is held, below it a row for each effect."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for line in (ROOT / "auditor/paths/powers.tsv").read_text("utf-8").splitlines()[1:]:
        held, name, hop, reach, strength = line.split("\t")
        found.setdefault((held, hop, reach, strength), []).append(name)
    text = ""
    for held, title in _HELD.items():
        text += f"\n### {title}\n\n| hop | reaches | strength | of |\n|---|---|---|---|\n"
        for (of, hop, reach, strength), names in found.items():
            if of == held:
                shown = ", ".join(name if held == "role" else f"`{name}`" for name in names)
                text += f"| `{hop}` | {_REACHES.get(reach, reach)} | {strength} | {shown} |\n"
    return text


_REACHES = {
    "applications": "every registration", "service principals": "every service principal", "role groups": "groups that can hold roles",
    "other groups": "other groups", "users": "users whom no role protects", "tenant": "the tenant",
}  # fmt: skip


def files() -> dict[str, str]:
    text = (ROOT / PAGE).read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return {PAGE: before + BEGIN + table() + "\n" + END + after}
