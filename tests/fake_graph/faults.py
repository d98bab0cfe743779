"""What goes wrong on request: each fault says which requests it meets, and how.

| kind | details | what happens |
|---|---|---|
| a number, or "status" | status, code, message, headers, body | this error in place of the answer; body can be a function of the request |
| "claims" | | 401 with a claims challenge, from now on for every request with the token of this one |
| "expired" | | all page tokens so far expire: 400 Directory_ExpiredPageToken where one is used |
| "html" | status=200 | a web page |
| "sign_in" | aadsts, status, error, message | an error of Microsoft Entra ID; for the token endpoint |
| "empty_page" | | no objects, and a nextLink to where they are |
| "foreign_link", "other_path", "loop" | to, path | a nextLink to another host, to another path, to this page |
| "count" | says | this @odata.count |
| "last_page" | says | no nextLink, whatever is left, and this @odata.count |
| "endless" | make | for one list: objects as the function makes them of the page's number, and always a next page |
| "repeat" | | the last object of the page before comes again; for a next page |
| "mangle" | change, index=0 | an object as the function changes it, or returns it |
| "truncated" | how="length" / "chunked" / "close" / "gzip", at=0.5 | the body ends early, by what the answer ends with |
| "bad_json" | at=0.5 | the body ends early, but is whole for HTTP |
| "corrupt" | at=0.5 | a byte that no UTF-8 has, in the middle of the text |
| "bomb" | size | so many bytes of blanks, packed |
| "reset" | at=None | RST, with `at` after this part of the body |
| "slow_head", "slow_body" | seconds | nothing for so long; or the body drips |
| "redirect" | to | 302 to the same path of another host |

Those from "truncated" on meet whole HTTP requests only, the others requests in a $batch, too.
"""

from __future__ import annotations

import re
import threading
from typing import Any

ANSWERS = {"status", "claims", "expired", "html", "sign_in"}
PAGES = {"empty_page", "foreign_link", "other_path", "loop", "repeat", "mangle", "count", "last_page", "endless"}
TRANSPORT = {"corrupt", "bomb", "truncated", "bad_json", "reset", "slow_head", "slow_body", "redirect"}
CODES = {403: "Authorization_RequestDenied", 404: "Request_ResourceNotFound", 429: "TooManyRequests", 503: "serviceNotAvailable"}


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
        """The first fault that this request gets, by its path alone or with its query, both unquoted."""
        with self._lock:
            hits = [fault for fault in self._all if fault.meets(path, target, inner)]
        return hits[0] if hits else None
