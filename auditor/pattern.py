"""Regular expressions that are compiled when they are first used: a scan of one manifest meets a few of a hundred."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Late:
    """Becomes what `re.compile` gives, one method after the other."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self.pattern, self.flags = pattern, flags

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(self.pattern, self.flags), name)
        self.__dict__[name] = value
        return value


def late(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, but an error in the pattern shows when it is used: for patterns that a test uses."""
    return cast("re.Pattern[AnyStr]", _Late(pattern, flags))
