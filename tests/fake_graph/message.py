"""A request as it was recorded, and its answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fake_graph.faults import Fault
from tests.fake_graph.query import encode

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass
class Request:
    """`path` and `target` are unquoted, `target` with the query; `url` is as it was sent. `inner` are the requests in a $batch."""

    method: str
    url: str
    path: str
    target: str
    options: list[tuple[str, str]]
    headers: dict[str, str]  # names in lower case
    body: bytes
    time: float = field(default_factory=time.monotonic)
    inner: list[Request] = field(default_factory=list)
    status: int = 0  # of the answer

    @classmethod
    def of(cls, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Request:
        parts = urlsplit(url)
        return cls(method, url, unquote(parts.path), unquote(url), parse_qsl(parts.query, keep_blank_values=True), headers, body)

    @property
    def query(self) -> dict[str, str]:
        return dict(self.options)

    @property
    def eventual(self) -> bool:
        return self.headers.get("consistencylevel", "").lower() == "eventual"


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None  # of how it travels


def as_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, encode(value), {"Content-Type": JSON_TYPE, **(headers or {})})
