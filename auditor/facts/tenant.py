"""The audited tenant."""

from __future__ import annotations

from typing import Any

from auditor import documents
from auditor.facts.base import Fact, listed, prop
from auditor.unknown import Unknown, first_unknown, whole_or_partial


class Tenant(Fact):
    """The audited tenant."""

    SLOTS = ("world", "document", "rank", "subject")
    COLLECTION = "organization"
    KEY = (("id",),)
    LABEL = ("id",)

    id: str = prop("id", "Tenant ID.")
    verified_domains: list[str] = prop("verifiedDomains", "Names of its verified domains, lower case.")

    def __init__(self, doc: documents.Organization | None, world: Any, document: Any, tenant_id: Any) -> None:
        self.owner, self.at, self.world, self.document = world, "", world, document
        self.id, self.rank = tenant_id, 0
        domains: Any = Unknown("organization", "not given", collection=True) if doc is None else listed(doc.verified_domains)
        if domains.__class__ is list:
            names = [domain.name for domain in domains]
            domains = whole_or_partial([name.lower() for name in names if name.__class__ is str], first_unknown(*names))
        self.verified_domains = domains
