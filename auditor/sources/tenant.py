"""A tenant as a source: objects as Microsoft Graph gives them, live or out of a snapshot, and how much of the tenant they are.

A tenant is no file: what is found in it is placed by object and JSON Pointer ("/applications/ID/web/redirectUris/0").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from auditor.entra.collections import BY_NAME, SERVICE_PRINCIPALS
from auditor.errors import UNDECODABLE, InputError
from auditor.sources.coverage import TenantInfo
from auditor.sources.document import Document, Documents, File
from auditor.sources.formats import graph

_MOST_ERRORS = 500


class Intake:
    """Makes documents of a tenant's objects."""

    def __init__(self, info: TenantInfo, into: Documents) -> None:
        self._file = File(info.tenant_id, info.scope, 0, portal=info.portal, is_tenant=True)
        self._into = into
        self._errors = 0
        self.lost: set[str] = set()  # collections of which an object could not be read

    def take(self, collection: str, kind: str, raw: bytes | msgspec.Raw, parent: str = "") -> None:
        """One object. What does not fit is an error that names it; the rest is kept."""
        parent = parent.lower()
        document = Document(kind, self._file, "", 0, 0, 0, 0, None, parent=parent)
        try:
            document.data = graph.decode[kind](raw)
        except UNDECODABLE:
            self._slowly(document, collection, raw)
        if document.data is None:
            self.lost.add(collection)
            return
        id_ = getattr(document.data, "id", None)
        document.pointer = self._place(collection, id_ if isinstance(id_, str) else "", parent)
        self._into.add(document)

    def _slowly(self, document: Document, collection: str, raw: bytes | msgspec.Raw) -> None:
        value: Any = None
        try:
            value = msgspec.json.decode(raw)
            document.data = graph.convert(document.kind, value)
        except graph.Wrong as wrong:
            document.data = wrong.data
            places: Iterable[tuple[str, str]] = wrong.places
        except UNDECODABLE as error:
            places = [("", f"the object cannot be read: {error}")]
        else:
            places = []
        id_ = value.get("id") if isinstance(value, dict) else None
        where = self._place(collection, id_ if isinstance(id_, str) else "?", document.parent)
        for place, message in places:
            self._errors += 1
            if self._errors > _MOST_ERRORS:
                return
            kept = "" if document.data is not None else "; the object is not audited"
            self._into.errors.append(InputError(self._file.name, f"{where}{place}: {message}{kept}"))

    @staticmethod
    def _place(collection: str, id_: str, parent: str) -> str:
        if parent:
            of = BY_NAME[collection]
            whose = of.parent or SERVICE_PRINCIPALS
            return f"/{whose.name}/{parent}/{of.relation or of.name}/{id_}"
        return f"/{collection}/{id_}" if id_ else f"/{collection}"
