"""What goes wrong on request: each fault says which requests it meets, and how."""

from __future__ import annotations

import re
import threading
from typing import Any

# Answered in place of the real answer; they also meet requests inside of a $batch.
ANSWERS = {"status", "claims", "expired", "html", "sign_in"}
# The real answer, changed: they also meet requests inside of a $batch.
PAGES = {"empty_page", "foreign_link", "other_path", "loop", "repeat", "mangle"}
# How the bytes travel: only of whole HTTP requests.
TRANSPORT = {"truncated", "bad_json", "reset", "slow_head", "slow_body", "redirect"}


class Fault:
    def __init__(self, pattern: str, kind: str, nth: int, times: int | None, details: dict[str, Any]) -> None:
        if kind not in ANSWERS | PAGES | TRANSPORT:
            raise ValueError(f"no such fault: {kind}")
        self.pattern, self.kind, self.nth, self.times, self.details = re.compile(pattern), kind, nth, times, details
        self.met = 0  # requests that the pattern met
        self.hits = 0  # of these, how many got the fault

    def meets(self, path: str, target: str, inner: bool) -> bool:
        """Whether this request gets it. Counts, so it is asked once a request."""
        if (inner and self.kind in TRANSPORT) or not (self.pattern.search(path) or self.pattern.search(target)):
            return False
        self.met += 1
        hit = self.met >= self.nth and (self.times is None or self.met < self.nth + self.times)
        self.hits += hit
        return hit


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._all.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._all.clear()

    def of(self, path: str, target: str, inner: bool) -> Fault | None:
        """The first fault that this request gets, path by itself or with its query, both unquoted."""
        with self._lock:
            hits = [fault for fault in self._all if fault.meets(path, target, inner)]
        return hits[0] if hits else None
