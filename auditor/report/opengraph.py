"""Escalation paths as BloodHound's OpenGraph: nodes that AzureHound's may have too, by the same IDs, and edges of our own.

Sources: bloodhound.specterops.io/opengraph/schema: a node has one to three kinds, a kind has letters, digits and underscores only, and
values of properties are plain, or lists of plain ones.
"""

from __future__ import annotations

from typing import Any

from auditor.display import harmless
from auditor.report.paths import Node, Paths

_KINDS = {
    "tenant": "AZTenant", "application": "AZApp", "service principal": "AZServicePrincipal", "user": "AZUser", "group": "AZGroup",
    "role": "AZRole", "subject": "RegauditSubject",
}  # fmt: skip


def opengraph(found: Paths) -> dict[str, Any]:
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str, str], dict[str, Any]] = {}
    for path in found.paths:
        tenant = (path.tenant_id or "").upper()
        for hop in path.hops:
            start, end = _id(hop.source, tenant), _id(hop.target, tenant)
            nodes.setdefault(start, _node(hop.source, start, tenant))
            nodes.setdefault(end, _node(hop.target, end, tenant))
            kind = "Regaudit" + "".join(word.capitalize() for word in hop.kind.split("-"))
            properties = {"strength": hop.strength, "by": hop.by, "text": harmless(hop.text)}
            edges.setdefault((kind, start, end), _edge(kind, start, end, properties))
    return {"metadata": {"source_kind": "Regaudit"}, "graph": {"nodes": list(nodes.values()), "edges": list(edges.values())}}


def _id(node: Node, tenant: str) -> str:
    """As BloodHound writes it: in capitals, a role with its tenant."""
    if node.kind == "tenant":
        return tenant or "TENANT"
    return f"{node.id.upper()}@{tenant}" if node.kind == "role" else node.id.upper() if node.kind != "subject" else harmless(node.id, 700)


def _node(node: Node, id_: str, tenant: str) -> dict[str, Any]:
    name = harmless(node.name)
    properties = {"name": name.upper(), "displayname": name, "objectid": id_, "tenantid": tenant}
    return {"id": id_, "kinds": [_KINDS[node.kind], "Regaudit"], "properties": properties}


def _edge(kind: str, start: str, end: str, properties: dict[str, str]) -> dict[str, Any]:
    ends = {name: {"value": value, "match_by": "id"} for name, value in (("start", start), ("end", end))}
    return {"kind": kind, **ends, "properties": properties}
