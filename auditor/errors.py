"""Every error that we raise knows its exit code and, where there is a text, its place in it."""

from __future__ import annotations

# What decoders raise over bytes that are not what they should be: not JSON, not UTF-8 (both are ValueErrors), nested too deeply.
UNDECODABLE = (ValueError, RecursionError)


class RegauditError(Exception):
    """The job, or a part of it, could not be done. Its text is for the person at the terminal."""

    exit_code = 2


class UsageError(RegauditError):
    """The caller asked for something that is not there: a path, a rule, a profile, a parameter."""


class InputError(RegauditError):
    """A document that cannot be read. `line` and `column` count from 1; 0 where the place is not known."""

    def __init__(self, file: str, message: str, line: int = 0, column: int = 0, hint: str = "") -> None:
        self.file, self.message, self.line, self.column, self.hint = file, message, line, column, hint
        self.place = file + (f":{line}:{column}" if line else "")
        super().__init__(f"{self.place}: {message}" + (f" ({hint})" if hint else ""))


class RuleError(RegauditError):
    """A rule page that does not load. `text[col:end]` is the part at fault; `page` and `line` say where the text stands."""

    def __init__(self, message: str, text: str = "", col: int = 0, end: int | None = None, *, page: str = "", line: int = 0) -> None:
        self.message, self.text, self.page, self.line = message, text, page, line
        self.col, self.end = col, col + 1 if end is None else end
        super().__init__(message)

    def __str__(self) -> str:
        place = f"{self.page}:{self.line}: " if self.page else ""
        if not self.text:
            return place + self.message
        shown = "".join(c if c.isprintable() else "\ufffd" for c in self.text)
        start = max(0, self.col - 60)
        caret = " " * (self.col - start) + "^" * max(1, min(self.end - self.col, 120))
        return f"{place}{self.message}\n  {shown[start : start + 120]}\n  {caret}"
