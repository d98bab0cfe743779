"""Makes the tables that the catalog reads: `auditor/entra/permissions.tsv` and `first_party_apps.tsv`, from `scripts/data/`.

How far a permission reaches says `tiers.tsv`, where we judged it ourselves; else ScubaGear's risk, else the privilege level of Microsoft's
devx content. Tier 0 comes from `tiers.tsv` only, with what its holder can do: docs/decisions/0030-tiers-by-what-a-permission-does.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import vendored

from auditor.entra.catalog import DATE
from auditor.entra.ids import MICROSOFT_GRAPH

_SCUBAGEAR = {"Critical": "high", "High": "high", "Medium": "medium", "Low": "low"}
_DEVX = {"4": "high", "3": "medium", "2": "low", "1": "low"}
_KINDS = {"Application": "application", "Delegated": "delegated"}


def files() -> dict[str, str]:
    newest = max(vendored.source(name)["taken"] for name in vendored.TABLES)
    if newest != DATE:
        raise SystemExit(f"the newest table of scripts/data is of {newest}: say so in DATE of auditor/entra/catalog.py, too")
    return {
        "auditor/entra/permissions.tsv": _text("resource\tid\tvalue\tkind\tenabled\tadmin_consent\tprivilege\treach", _permissions()),
        "auditor/entra/first_party_apps.tsv": _text("app_id\tname", _first_party()),
    }


def _text(head: str, rows: Iterator[tuple[str, ...]]) -> str:
    return "\n".join([head, *("\t".join(row) for row in rows)]) + "\n"


def _permissions() -> Iterator[tuple[str, ...]]:
    """resource, id, value, kind, enabled, admin consent, privilege, reach."""
    tiers = {(resource, value, kind): (privilege, reach) for resource, value, kind, privilege, reach in vendored.rows("tiers.tsv")}
    used = set()
    for resource, id_, value, kind, enabled, admin, rated in _listed():
        key = resource, value, kind
        privilege, reach = tiers.get(key, (rated, ""))
        used.add(key)
        yield resource, id_, value, kind, enabled, admin, privilege, reach
    if unused := sorted(tiers.keys() - used):
        raise SystemExit(f"scripts/data/tiers.tsv rates permissions that do not exist: {unused}")


def _listed() -> Iterator[tuple[str, ...]]:
    """Permissions as others list them, with what they rate them."""
    for id_, value, kind, admin, devx, scubagear, enabled in vendored.rows("graph_permissions.tsv"):
        rated = _SCUBAGEAR.get(scubagear) or _DEVX.get(devx) or "unrated"
        yield MICROSOFT_GRAPH, id_.lower(), value, _KINDS[kind], enabled, admin, rated
    for resource, _, id_, value, kind, scubagear in vendored.rows("other_permissions.tsv"):
        admin = "true" if kind == "Application" else "false"
        yield resource.lower(), id_.lower(), value, _KINDS[kind], "true", admin, _SCUBAGEAR.get(scubagear) or "unrated"


def _first_party() -> Iterator[tuple[str, ...]]:
    found = {app_id.lower(): name for app_id, name, _ in vendored.rows("first_party_apps.tsv") if name}
    found |= {app_id: name for app_id, name, _ in vendored.rows("first_party_more.tsv")}
    yield from found.items()
