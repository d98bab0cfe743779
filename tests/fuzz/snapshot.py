"""Any bytes as a snapshot, compressed or not."""

from __future__ import annotations

from auditor.sources import snapshot
from auditor.sources.document import Documents
from tests.fuzz import file_of


def take(data: bytes) -> None:
    documents = Documents()
    header = snapshot.read(file_of(data, "tenant.ndjson"), "tenant.ndjson", documents)
    # What cannot be read is told, and makes a collection incomplete.
    assert header is not None or documents.errors
    assert bool(documents.tenants) == (header is not None)
