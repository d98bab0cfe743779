"""The body of an answer: how much of it is read, at most, and what it is once it is unpacked. No SDK here."""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncIterable
from dataclasses import dataclass

from auditor.sources.graph.faults import GraphFault, Nonsense, Passing

_STEP = 1 << 20  # bytes that are unpacked at once: a few packed ones can stand for gigabytes


@dataclass(frozen=True, slots=True)
class Limits:
    """More than any tenant needs. What goes beyond has no end, or is meant to do harm: it is not read, and said to be incomplete."""

    answer: int = 128 << 20  # bytes of one answer, unpacked
    pages: int = 20_000  # of one list
    requests: int = 1_000_000  # of one run
    size: int = 256 << 30  # bytes of one run
    seconds: float = 6 * 3600.0  # for one run


class Budget:
    """What one run may still read."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._began = time.monotonic()
        self._requests = self._size = 0

    def request(self) -> None:
        """One more request. Raises GraphFault where there have been enough."""
        self._requests += 1
        if self._requests > self.limits.requests:
            raise GraphFault(f"not read any further: this run has sent {self.limits.requests:,} requests")
        if time.monotonic() - self._began > self.limits.seconds:
            raise GraphFault(f"not read any further: this run has taken {self.limits.seconds / 3600:.0f} hours")

    def came(self, size: int) -> None:
        self._size += size
        if self._size > self.limits.size:
            raise GraphFault(f"not read any further: this run has read {self.limits.size >> 30:,} GiB")


async def unpacked(chunks: AsyncIterable[bytes], encoding: str, budget: Budget) -> bytes:
    """The whole body, unpacked as it comes. Raises GraphFault for one that is too large, cut off, or packed in another way."""
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Nonsense(f"an answer came packed in a way that was not asked for ({encoding[:40]!r})")
    parts: list[bytes] = []
    held = packed = 0
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if encoding.endswith("gzip") else None
    async for chunk in chunks:
        packed += len(chunk)
        more = True
        while more:
            part, chunk, more = _step(unpack, chunk) if unpack is not None else (chunk, b"", False)
            held += len(part)
            budget.came(len(part))
            # What is packed counts as well: a body that unpacks to nothing can go on for ever.
            if max(held, packed) > budget.limits.answer:
                raise GraphFault(f"an answer is too large: it was stopped after {budget.limits.answer >> 20:,} MiB")
            parts.append(part)
    if unpack is not None and packed and not unpack.eof:
        raise Passing("an answer broke off before its end")
    return b"".join(parts)


def _step(unpack: zlib._Decompress, chunk: bytes) -> tuple[bytes, bytes, bool]:
    """Something of what a packed chunk holds, what is left of it, and whether there is more to come of it."""
    if unpack.eof:
        return b"", b"", False  # what follows the end means nothing
    try:
        part = unpack.decompress(chunk, _STEP)
    except zlib.error:
        raise Nonsense("an answer is damaged: it cannot be unpacked") from None
    return part, unpack.unconsumed_tail, len(part) == _STEP
