"""Snapshots, which `regaudit export` writes: a tenant in a file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from auditor.sources.formats.base import FileFormat, Part, Tenant, Whole

_MAGIC = b'{"regaudit":"snapshot"'


def is_snapshot(start: bytes) -> bool:
    """Whether a file that begins with these bytes is a snapshot, compressed or not."""
    if start.startswith(b"\x1f\x8b"):
        import zlib

        try:
            start = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(start, 1024)
        except zlib.error:
            return False
    return start.startswith(_MAGIC)


class _Snapshot(FileFormat):
    name = "snapshot"
    about = "a tenant that `regaudit export` read, compressed or not"
    told_by = "the header in its first line"
    holds = ("everything",)
    on_disk = True

    def recognises(self, file: Whole) -> bool:
        return is_snapshot(file.head)

    def pieces(self, file: Whole) -> Iterator[Part]:
        from auditor.sources import snapshot

        assert file.path is not None
        yield Tenant(partial(snapshot.read, file.path, file.name, limit=file.limit))


FORMATS = (_Snapshot(),)
