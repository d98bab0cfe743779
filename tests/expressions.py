"""Random well-typed rule expressions over the whole vocabulary."""

from __future__ import annotations

import itertools
import random
from typing import Any

from auditor.facts import App, Fact
from auditor.language.types import Type, type_of


class Writer:
    def __init__(self, seed: int) -> None:
        self.rnd = random.Random(seed)
        self.names = (f"x{i}" for i in itertools.count())

    def condition(self) -> str:
        return self._boolean(App, "app", 3, 0)

    def _members(self, cls: type[Fact], kind: str, null: bool | None = None) -> list[str]:
        hints = cls.hints()
        return [n for n in sorted(hints) if (t := type_of(hints[n])).kind == kind and (null is None or t.null == null)]

    def _path(self, cls: type[Fact], start: str, kind: str, depth: int = 2) -> tuple[list[str], str] | None:
        """Guards and a path of this kind that starts at `start`."""
        own = self._members(cls, kind, null=False)
        steps = self._members(cls, "fact")
        if depth and steps and (not own or self.rnd.random() < 0.35):
            step = self.rnd.choice(steps)
            kind_of_step = type_of(cls.hints()[step])
            assert kind_of_step.cls is not None
            if got := self._path(kind_of_step.cls, f"{start}.{step}", kind, depth - 1):
                return ([f"{start}.{step}"] if kind_of_step.null else []) + got[0], got[1]
            return None
        return ([], f"{start}.{self.rnd.choice(own)}") if own else None

    def _guarded(self, guards: list[str], text: str) -> str:
        if not guards:
            return text
        if self.rnd.random() < 0.5:
            return f"({' and '.join(f'{g} is not None' for g in guards)} and {text})"
        return f"({' or '.join(f'{g} is None' for g in guards)} or {text})"

    @staticmethod
    def _type_at(cls: type[Fact], start: str, path: str) -> Type:
        kind = Type("fact", cls=cls)
        for part in path[len(start) + 1 :].split("."):
            assert kind.cls is not None
            kind = type_of(kind.cls.hints()[part])
        return kind

    def _number(self, cls: type[Fact], start: str, depth: int, nesting: int) -> tuple[list[str], str]:
        got = self._path(cls, start, "list")
        if got is None:
            return [], str(self.rnd.randint(0, 3))
        item = self._type_at(cls, start, got[1]).item
        if self.rnd.random() < 0.5 or not depth or nesting > 1 or item is None or item.cls is None:
            return got[0], f"len({got[1]})"
        name = next(self.names)
        return got[0], f"count({self._boolean(item.cls, name, depth - 1, nesting + 1)} for {name} in {got[1]})"

    def _boolean(self, cls: type[Fact], start: str, depth: int, nesting: int) -> str:
        roll, choice = self.rnd.random(), self.rnd.choice
        if depth and roll < 0.25:
            parts = [self._boolean(cls, start, depth - 1, nesting) for _ in range(self.rnd.randint(2, 3))]
            return "(" + choice([" and ", " or "]).join(parts) + ")"
        if depth and roll < 0.32:
            return f"not {self._boolean(cls, start, depth - 1, nesting)}"
        if depth and roll < 0.37:
            a, b, c = (self._boolean(cls, start, depth - 1, nesting) for _ in range(3))
            return f"({a} if {b} else {c})"
        if depth and roll < 0.6 and nesting < 2 and (got := self._path(cls, start, "list")):
            item = self._type_at(cls, start, got[1]).item
            if item is not None and item.cls is not None:
                name = next(self.names)
                only = f" if {self._boolean(item.cls, name, 0, 2)}" if self.rnd.random() < 0.3 else ""
                body = self._boolean(item.cls, name, depth - 1, nesting + 1)
                return self._guarded(got[0], f"{choice(['any', 'all'])}({body} for {name} in {got[1]}{only})")
        if roll < 0.72:
            guards, number = self._number(cls, start, depth, nesting)
            return self._guarded(guards, f"{number} {choice(['<', '<=', '>', '>=', '==', '!='])} {self.rnd.randint(0, 3)}")
        if roll < 0.84 and (text := self._path(cls, start, "text")):
            return self._guarded(text[0], self._text_test(text[1], self._type_at(cls, start, text[1])))
        nullable = [n for kind in ("date", "text", "duration", "fact") for n in self._members(cls, kind, null=True)]
        if roll < 0.92 and nullable:
            return f"{start}.{choice(nullable)} is {choice(['', 'not '])}None"
        dates = self._members(cls, "date", null=True)
        if dates and roll > 0.96:
            name = choice(dates)
            return f"({start}.{name} is not None and {start}.{name} - now {choice('<>')} days({self.rnd.randint(-400, 400)}))"
        got = self._path(cls, start, "bool")
        return self._guarded(*got) if got else "True"

    def _text_test(self, path: str, kind: Type) -> str:
        value: Any = self.rnd.choice(kind.values or ("", "read", "https", "User.Read", "contoso"))
        tests = [f"{path} == '{value}'", f"{path} != '{value}'", f"{path} in ['{value}', '{value}']"]
        if not kind.values:
            tests += [
                f"'{value}' in {path}",
                f"matches({path}, '*{value}*')",
                f"{path}.startswith('{value}')",
                f"{path}.lower() == '{value}'",
            ]
        return str(self.rnd.choice(tests))
