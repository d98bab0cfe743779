"""Any bytes as a file: JSON of every format, solutions, scripts, plans, prose."""

from __future__ import annotations

from auditor import sources
from auditor.errors import InputError, UsageError
from auditor.sources import Documents
from tests.fuzz import file_of

NAMES = ("file.json", "file.ts", "file.xml", "file.zip", "file.ndjson", "file")


def take(data: bytes) -> None:
    path = file_of(data, NAMES[len(data) % len(NAMES)])
    try:
        for place in (path, path.parent):  # in a folder nobody said that the file is for us
            _check(sources.read([str(place)]))
    except (InputError, UsageError):
        pass
    finally:
        path.unlink()


def _check(documents: Documents) -> None:
    told = (documents.errors, documents.passed_over, documents.notes, documents.empty)
    assert documents.documents or documents.tenants or any(told)  # nothing vanishes
    for document in documents.documents:
        document.place("/passwordCredentials/0/endDateTime")
