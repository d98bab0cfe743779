"""What follows from the declarations of a class of facts: the shape that its documents are decoded into, and its constructor.

Both are made when they are first needed: a run makes facts of a few classes only. What is not declared is skipped while decoding, so
that most is never held; of secret material (`secretText`, `key`) there is only what it looks like (`Concealed`).
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import FunctionType, GenericAlias
from typing import Any

import msgspec

from auditor.entra.shapes import absent
from auditor.facts.convert import Conversion
from auditor.startup import prepared
from auditor.unknown import Unknown

Tree = dict[str, Any]  # member of a document -> the Reading of it, or the Tree of an object's members


class Reading(msgspec.Struct, frozen=True):
    """A property of a document that a class of facts reads. Where it is not there it is called `absent`; None: it counts as null."""

    path: str
    conversion: Conversion
    absent: str | None = ""


def shape(name: str, within: str, readings: Iterable[Reading]) -> type[msgspec.Struct]:
    """The struct of all that is read of a document. `within` names the list that such documents are in, for what is absent."""
    return _struct(name, within, _tree(readings))


def _tree(readings: Iterable[Reading]) -> Tree:
    tree: Tree = {}
    for reading in readings:
        for path in (reading.path, *reading.conversion.also):
            *parents, last = path.split("/")
            inside = tree
            for parent in parents:
                inside = inside.setdefault(parent, {})
            known = inside.setdefault(last, reading)
            if known.conversion.kind != reading.conversion.kind:
                raise TypeError(f"{path} is read as {known.conversion.kind} and as {reading.conversion.kind}")
    return tree


def _struct(name: str, within: str, tree: Tree) -> type[msgspec.Struct]:
    fields, names = [], {}
    for member, below in tree.items():
        path = f"{within}.{member}" if within else member
        kind = _struct(member, path, below) if isinstance(below, dict) else _type(below.conversion.kind)
        what = below.absent if isinstance(below, Reading) else ""
        names[attribute(member)] = member
        default = None if what is None else absent(what or path)
        fields.append((attribute(member), kind | None, default))
    return msgspec.defstruct(name, fields, rename=names, gc=False)


def _type(kind: Any) -> Any:
    item: Any = typing.get_args(kind)[0] if typing.get_origin(kind) is list else None
    return GenericAlias(list, (item.shape(),)) if hasattr(item, "shape") else kind


_SNAKE = str.maketrans({"@": "", ".": "_", "/": "_", **{letter: f"_{letter.lower()}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}})


@cache
def attribute(member: str) -> str:
    """The Python name of a document's member: "appId" -> app_id, "@odata.type" -> odata_type."""
    return member.translate(_SNAKE)


def constructor(name: str, slots: Iterable[str], given: Iterable[str], readings: Mapping[str, Reading]) -> Callable[..., None]:
    """`__init__(self, doc, owner, at, *given, document=None)` of a part, `__init__(self, doc, world, document)` of a root.

    `given` are the facts that whoever makes the fact says, `readings` those of the document, by name.
    """
    space: dict[str, Any] = {"Unknown": Unknown}
    for fact, reading in readings.items():
        if reading.conversion.function is not None:
            space[f"_convert_{fact}"] = reading.conversion.function
    made = prepared("constructors")
    if made is not None and name in made.CONSTRUCTORS:
        function = made.CONSTRUCTORS[name]
        return FunctionType(function.__code__, space, "__init__", function.__defaults__)
    code = compile(constructor_source(name, slots, given, readings), f"<constructor of {name}>", "exec")
    exec(code, space)  # noqa: S102  (names and paths of our own declarations)
    return typing.cast("Callable[..., None]", space[name])


def constructor_source(name: str, slots: Iterable[str], given: Iterable[str], readings: Mapping[str, Reading]) -> str:
    """The constructor as a function of Python with the class's name; what converts a property to a fact is `_convert_` and the fact."""
    kept, given = set(slots), tuple(given)
    root = "world" in kept
    lines = ["self.owner = owner", "self.at = ''" if root else "self.at = at", *(f"self.{fact} = {fact}" for fact in given)]
    lines += ["self.world = owner"] * root + ["self.document = document"] * ("document" in kept)
    lines += _read(_tree(readings.values()), "doc", "")
    for fact, reading in readings.items():
        path, conversion = reading.path, reading.conversion
        values = [_local(one) if "/" in one else f"doc.{attribute(one)}" for one in (path, *conversion.also)]
        if conversion.function is not None:
            values += ["self", f"'/{path}'"] * conversion.owned
            lines.append(f"self.{fact} = _convert_{fact}({', '.join(values)})")
        elif conversion.null is not None:
            lines.append(f"self.{fact} = {conversion.null!r} if (value := {values[0]}) is None else value")
        else:
            lines.append(f"self.{fact} = {values[0]}")
    head = "doc, owner, document" if root else ", ".join(["doc, owner, at", *given, *["document=None"] * ("document" in kept)])
    return f"def {name}(self, {head}):\n " + "\n ".join(lines)


def _local(path: str) -> str:
    return "v_" + attribute(path)


def _read(tree: Tree, source: str, within: str) -> list[str]:
    """Lines that bind what lies deeper to locals. Below a null nothing is set either, below an unknown nothing is known."""
    lines = []
    for member, below in tree.items():
        path = within + member
        if isinstance(below, dict):
            inside = f"{_local(path)} = {source}.{attribute(member)}"
            leaves = " = ".join(map(_local, _leaves(below, path + "/")))
            local = _local(path)
            lines += [inside, f"if {local} is None or {local}.__class__ is Unknown:", f" {leaves} = {local}", "else:"]
            lines += [f" {line}" for line in _read(below, local, path + "/")]
        elif within:
            lines.append(f"{_local(path)} = {source}.{attribute(member)}")
    return lines


def _leaves(tree: Tree, within: str) -> list[str]:
    found: list[str] = []
    for member, below in tree.items():
        found += _leaves(below, within + member + "/") if isinstance(below, dict) else [within + member]
    return found
