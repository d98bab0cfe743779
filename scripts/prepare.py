"""Makes the package `auditor.prepared` of the rule pages: rules as data, and the code of their fast pass, as Python source.

The build of a wheel runs this (`hatch_build.py`); nobody else needs to, and a checkout has no such package. Source, not bytecode:
the installer compiles it, for its own Python.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from auditor.engine.compiled import CompiledRule, check, compiled
from auditor.engine.functions import CHECKS, ROWS
from auditor.entra.collections import APPLICATIONS
from auditor.facts.base import Fact
from auditor.joins.known import PARTIAL_WITHOUT, UNKNOWN_WITHOUT, Known
from auditor.language.logic import BUILTINS
from auditor.language.stored import stored
from auditor.rulebook import Rule, load_folder, profiles, shipped_folder
from auditor.rulebook.prepared import LINES
from auditor.unknown import Unavailable, Unknown

_HEAD = '"""Made of the rule pages when the wheel was built: see scripts/prepare.py."""\n\n# ruff: noqa\n'
_PATH = "PATH"  # stands for where the pages lie


def files() -> dict[str, str]:
    """Name of a file of `auditor.prepared` -> its text. Raises RuleError for a page that does not check."""
    rules = load_folder(shipped_folder())
    for rule in rules:
        check(rule)
    known = unavailable()
    ready, others = [compiled(rule, known) for rule in rules], [compiled(rule) for rule in rules]
    index, lines = _lines(ready, others, known)
    made = {"__init__.py": _HEAD, "rules.py": _rules(rules), "lines.py": index, "lines.json": lines}
    made |= {"constructors.py": _constructors(), "reads.py": _reads(ready, known)}
    for root in sorted({rule.root for rule in rules}):
        made[f"checks_{root}.py"] = _checks([one for one in ready if one.rule.root == root])
        made[f"known_{root}.py"] = _checks([one for one in others if one not in ready and one.rule.root == root])
    for area in sorted({rule.area for rule in rules}):
        made[f"rows_{area.replace('-', '_')}.py"] = _rows([one for one in ready if one.rule.area == area])
    return made


def unavailable() -> Unavailable:
    """What a run cannot know that reads registrations and nothing else."""
    known = Known()
    known.given = {APPLICATIONS.name}
    return known.unavailable(())


class _Module:
    """A module that is written: what its lines name is imported."""

    def __init__(self) -> None:
        self._imports: set[str] = set()
        self._lines: list[str] = []

    def add(self, *lines: str) -> None:
        self._lines += lines

    def text(self) -> str:
        return "\n".join([_HEAD, *sorted(self._imports), "", *self._lines, ""])

    def use(self, value: Any, name: str = "") -> str:
        """The name of a function or class, which is imported."""
        self._imports.add(f"from {value.__module__} import {value.__qualname__}" + (f" as {name}" if name else ""))
        return name or value.__qualname__

    def source(self, value: Any) -> str:
        """An expression that makes a value again."""
        if isinstance(value, Enum):
            return f"{self.use(type(value))}.{value.name}"
        if value is None or type(value) in (str, int, float, bool):
            return repr(value)
        if type(value) in (list, tuple):
            inside = ", ".join(map(self.source, value))
            return f"[{inside}]" if type(value) is list else f"({inside},)" if value else "()"
        if type(value) is dict:
            return "{" + ", ".join(f"{self.source(key)}: {self.source(item)}" for key, item in value.items()) + "}"
        if isinstance(value, datetime):
            return f"{self.use(datetime)}.fromisoformat({value.isoformat()!r})"
        if isinstance(value, Unknown):
            return f"{self.use(Unknown)}({value.what!r}, {value.why!r}, collection={value.collection})"
        if isinstance(value, msgspec.Struct):
            fields = msgspec.structs.fields(value)
            given = {field.name: getattr(value, field.name) for field in fields}
            differ = {name: item for name, item in given.items() if item != _default(next(f for f in fields if f.name == name))}
            return f"{self.use(type(value))}({', '.join(f'{name}={self.source(item)}' for name, item in differ.items())})"
        raise TypeError(f"{type(value).__name__} cannot be written")


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default


def _rules(rules: Iterable[Rule]) -> str:
    """`rules(folder)`, as the pages lie in this folder, and PROFILES."""
    out = _Module()
    out.add("from os.path import join")
    rules = list(rules)
    paths = [rule.path.replace("\\", "/").rsplit("/", 2)[1:] for rule in rules]
    areas = {area: area.replace("-", "_") for area, _ in paths}
    out.add(
        "", "", "def rules(folder):", *(f"    {name} = join(folder, {area!r}, '')" for area, name in sorted(areas.items())), "    return ["
    )
    for rule, (area, page) in zip(rules, paths, strict=True):
        source = out.source(msgspec.structs.replace(rule, path=_PATH, text=None))
        out.add(f"        {_placed(source, f'{areas[area]} + {page!r}')},")
    out.add("    ]", "", "", "def profiles(folder):", "    return {")
    for name in profiles.names():
        source = out.source(msgspec.structs.replace(profiles.load(name), path=_PATH))
        path = f"join(folder, {f'{name}.toml'!r})"
        out.add(f"        {name!r}: {_placed(source, path)},")
    out.add("    }")
    return out.text()


def _reads(ready: list[CompiledRule], known: Unavailable) -> str:
    """FACTS: what each rule reads of what can be unavailable, and of that what runs cannot know that read registrations alone. NEEDS: the
    collections that decide.
    """
    can_be = {*UNKNOWN_WITHOUT, *PARTIAL_WITHOUT}
    facts = {rule.rule.id: (tuple(fact for fact in rule.facts if fact in can_be), known.of(rule.facts)) for rule in ready}
    needs = {rule.rule.id: sorted(rule.collections()) for rule in ready}
    return f"{_HEAD}FACTS = {facts!r}\nNEEDS = {needs!r}\n"


def _lines(ready: list[CompiledRule], others: list[CompiledRule], known: Unavailable) -> tuple[str, str]:
    """The module that says where the lines of a rule are, and the file of them. `others`: the rules where all can be known."""
    at: dict[str, tuple[int, ...]] = {}
    text = b""
    for rule, other in zip(ready, others, strict=True):
        checks, of_other = stored(rule.exact_checks), stored(other.exact_checks)
        values = checks, stored(rule.exact_rows), rule.template, rule.rule.prose, None if checks == of_other else of_other
        assert len(values) == len(LINES)
        lines = [msgspec.json.encode(value) + b"\n" for value in values]
        at[rule.rule.id] = len(text), *map(len, lines)
        text += b"".join(lines)
    return f"{_HEAD}UNAVAILABLE = {known.key!r}\nAT = {at!r}\n", text.decode()


def _placed(source: str, path: str) -> str:
    """The source, with an expression for the path."""
    return source.replace(f"path={_PATH!r}", f"path={path}", 1)


def _checks(ready: list[CompiledRule]) -> str:
    out = _Module()
    out.add("ANSWERS = {")
    for rule in ready:
        answers = rule.place, rule.property_fact, rule.levels, rule.may_be_likely, rule.unknown
        out.add(f"    {rule.rule.id!r}: {out.source(answers)},")
    out.add("}")
    _functions(out, ready, CHECKS)
    return out.text()


def _rows(ready: list[CompiledRule]) -> str:
    out = _Module()
    _functions(out, ready, ROWS)
    return out.text()


def fact_classes(of: type[Fact] = Fact) -> Iterator[type[Fact]]:
    """All classes of facts whose constructor follows from their declarations."""
    for cls in of.__subclasses__():
        if cls.is_declared:
            yield cls
        yield from fact_classes(cls)


def _constructors() -> str:
    """CONSTRUCTORS: of each class of facts, by its name, a function that a run gives the conversions it calls."""
    classes = {cls.__name__: cls for cls in fact_classes()}
    text = "\n\n\n".join(cls.constructor_source() for cls in classes.values())
    return f"{_HEAD}\n{text}\n\n\nCONSTRUCTORS = {{{', '.join(f'{name!r}: {name}' for name in classes)}}}\n"


def _functions(out: _Module, ready: list[CompiledRule], names: tuple[str, ...]) -> None:
    """FUNCTIONS: by rule, a function that makes these functions for a run."""
    for rule in ready:
        trees = {name: rule.tree(name) for name in names}
        body = [ast.unparse(ast.fix_missing_locations(_Plain().visit(tree))) for tree in trees.values() if tree is not None]
        used = {part.id for tree in trees.values() if tree is not None for part in ast.walk(tree) if isinstance(part, ast.Name)}
        constants: list[str] = []
        for key, (_, code) in reversed(rule.checker.constants.items()):
            if key in used:
                constants.insert(0, f"{key} = _late({key!r})" if code is None else f"{key} = {ast.unparse(code)}")
                used |= {part.id for part in ast.walk(code) if isinstance(part, ast.Name)} if code is not None else set()
        for name in sorted(used & BUILTINS.keys() - {"__builtins__"}):
            value = BUILTINS[name]
            out.add(f"{name} = {out.source(value)}") if isinstance(value, Enum) else out.use(value, name)
        made = ", ".join(f"{name!r}: {name if tree is not None else None}" for name, tree in trees.items())
        arguments = ", ".join(["_late", "_unknown", "now", "tenant", *rule.rule.params])
        out.add("", "", f"def _{rule.rule.id.replace('-', '_')}({arguments}):")
        out.add(*(f"    {line}" for part in [*constants, *body] for line in part.split("\n")), f"    return {{{made}}}")
    out.add("", "", "FUNCTIONS = {", *(f"    {rule.rule.id!r}: _{rule.rule.id.replace('-', '_')}," for rule in ready), "}")


class _Plain(ast.NodeTransformer):
    """Texts with values are joined: how quotes nest in an f-string, Python's versions do not agree on."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return ast.Call(ast.Attribute(ast.Constant(""), "join", ast.Load()), [ast.Tuple(parts, ast.Load())], [])
