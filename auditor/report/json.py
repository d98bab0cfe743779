"""The report for pipelines and dashboards: the model as it is. `regaudit schema report` describes it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.display import escaped
from auditor.report import Options
from auditor.report.model import Report

_BATCH = 2000  # rows encoded at a time
_encoder = msgspec.json.Encoder()


def render(report: Report, options: Options) -> Iterator[bytes]:
    """In pieces: members one after the other, long lists in batches. A member that is null is not there."""
    start = b"{"
    for name in report.__struct_fields__:
        value = getattr(report, name)
        if value is None:
            continue
        yield start + b'"' + name.encode() + b'":'
        if isinstance(value, list):
            yield b"["
            for first in range(0, len(value), _BATCH):
                yield (b"," if first else b"") + escaped(_encoder.encode(value[first : first + _BATCH]))[1:-1]
            yield b"]"
        else:
            yield escaped(_encoder.encode(value))
        start = b","
    yield b"}\n"
