"""What permissions, directory roles and their actions let their holders do, as far as it leads on (`powers.tsv`).

Sources: learn.microsoft.com/graph/permissions-reference and /entra/identity/role-based-access-control/permissions-reference, of what each
lets its holder do; how far that reaches is ours (docs/paths.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple, cast

from auditor.entra.catalog import CATALOG
from auditor.entra.steps import HopKind
from auditor.paths.graph import Node, NodeKind, Strength


class Power(NamedTuple):
    """`held`: permission (of an application, of Microsoft Graph), delegated, role (built in) or action (of a custom role)."""

    held: str
    name: str
    hop: HopKind
    reach: Node
    strength: Strength


@cache
def powers(held: str) -> dict[str, list[Power]]:
    """By name: of a permission, of an action in lower case, the template ID of a role."""
    found: dict[str, list[Power]] = {}
    ids = {role.name: role.id for role in CATALOG.roles.values()} if held == "role" else {}
    for line in (Path(__file__).parent / "powers.tsv").read_text("utf-8").splitlines()[1:]:
        of, name, hop, reach, strength = line.split("\t")
        if of == held:
            power = Power(of, name, cast("HopKind", hop), Node(cast("NodeKind", reach)), Strength[strength])
            key = ids[name] if held == "role" else name.lower() if held == "action" else name
            found.setdefault(key, []).append(power)
    return found


def of_actions(actions: Iterable[str]) -> list[Power]:
    """What a custom role lets its holders do; the strongest of each reach."""
    found: dict[Node, Power] = {}
    for action in actions:
        for power in powers("action").get(action.lower(), ()):
            if power.reach not in found or power.hop == "add-credential":
                found[power.reach] = power
    return list(found.values())
