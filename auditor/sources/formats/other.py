"""Texts of other tools that are named, and not read."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.errors import InputError
from auditor.sources.document import Note
from auditor.sources.formats.base import FileFormat, Part, Whole


class _Other(FileFormat):
    """The rows of `sources/foreign.py` that are not JSON."""

    name = "a file of another tool"
    about = "CSV, YAML, CLIXML, Terraform configurations, Bicep files, bzip2, xz and others"
    told_by = "the beginning, and in a folder the end of its name: it is named, and not read"
    counts = False

    def recognises(self, file: Whole) -> bool:
        if file.is_json:
            return False
        from auditor.sources import foreign

        return foreign.of_text(file.raw, file.name, named=file.named) is not None

    def pieces(self, file: Whole) -> Iterator[Part]:
        from auditor.sources import foreign

        found = foreign.of_text(file.raw, file.name, named=file.named)
        assert found is not None
        if found.holds:
            yield InputError(file.name, found.sentence, hint="" if file.named else "--exclude leaves it out")
        else:
            yield Note(found.sentence, file.name)


FORMATS = (_Other(),)
