"""Regular expressions that are compiled when they are first used: a scan of one manifest meets a few of a hundred."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, AnyStr, cast


class _Late:
    """Becomes what `re.compile` gives, one method after the other."""

    def __init__(self, pattern: str | bytes | Callable[[], str | bytes], flags: int) -> None:
        self._pattern, self._flags = pattern, flags

    def __getattr__(self, name: str) -> Any:
        pattern = self._pattern if isinstance(self._pattern, (str, bytes)) else self._pattern()
        value = getattr(re.compile(pattern, self._flags), name)
        self.__dict__[name] = value
        return value


def late(pattern: AnyStr | Callable[[], AnyStr], flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, but an error in the pattern shows when it is used: for patterns that a test uses.

    A function gives a pattern that it takes time to put together.
    """
    return cast("re.Pattern[AnyStr]", _Late(pattern, flags))
