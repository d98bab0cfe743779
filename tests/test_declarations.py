"""A property is declared once: what is decoded, asked of Microsoft Graph and made a fact follows from it."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from auditor import schemas
from auditor.diagnose.examples import read
from auditor.entra import shapes
from auditor.entra.collections import BY_KIND
from auditor.facts import TYPES, App, ServicePrincipal, kinds
from auditor.facts.base import Fact, fact, part, prop
from auditor.facts.convert import Conversion, each, flag, number, text
from auditor.facts.derive import Reading
from auditor.sources.graph.plan import APPLICATIONS, ORGANIZATION, PRINCIPALS
from auditor.unknown import Unknown

PACKAGE = Path(kinds.__file__).parents[1]
READERS = [*(file for room in ("facts", "joins") for file in sorted((PACKAGE / room).glob("*.py"))), PACKAGE / "sources" / "maker.py"]
# Relations, which have calls of their own; and what Microsoft Graph lists nothing of that has it.
# Lists with requests of their own, what only beta has, and what comes unasked.
NOT_SELECTED = {"owners", "federatedIdentityCredentials", "deletedDateTime", "signInAudienceRestrictions", "sponsors", "@odata.type",
                "agentIdentityBlueprintId", "onPremisesPublishing"}  # fmt: skip


class Inner(Fact):
    """An element of a list."""

    WITHIN = "inners"

    side: str = prop(doc="Given by who makes it.")
    name: str = prop("name", text)


class Outer(Fact):
    """A document with everything that can be declared."""

    name: str = prop("name", text)
    version: int | None = prop("settings/version", number)
    on: bool = prop("settings/deep/on", flag)
    size: int = prop("size", Conversion(int, lambda value: 0 if value is None else value), absent="magnitude")
    both: list[Any] = prop("name", Conversion(str, lambda name, other: [name, other], also=("settings/other",)))
    inners: list[Inner] = prop("settings/inners", each(lambda doc, owner, at: Inner(doc, owner, at, "left"), Inner))

    _kept: Any = part("settings/kept", str)

    @fact()
    def loud(self) -> str:
        """From a part."""
        return str(self._kept.upper())


def outer(document: str) -> Outer:
    return Outer(msgspec.json.decode(document, type=Outer.shape()), None, "/outer")


def test_a_declaration_makes_shape_and_constructor() -> None:
    found = outer(
        '{"name": "n", "size": 3, "more": [1], "settings": {"version": 2, "deep": {"on": true}, "other": "o", "kept": "k",'
        ' "inners": [{"name": "a"}, {"name": null}]}}'
    )
    assert (found.name, found.version, found.on, found.size, found.both, found.loud) == ("n", 2, True, 3, ["n", "o"], "K")
    assert [(one.name, one.side, one.at, one.owner) for one in found.inners] == [
        ("a", "left", "/outer/settings/inners/0", found), ("", "left", "/outer/settings/inners/1", found),
    ]  # fmt: skip


@pytest.mark.parametrize("document", ['{"name": null, "size": null, "settings": null}', '{"settings": {"deep": null}}'])
def test_below_a_null_nothing_is_set(document: str) -> None:
    assert outer(document).on is False


def test_below_a_null_parent_are_nulls() -> None:
    found = outer('{"name": null, "size": null, "settings": null}')
    assert (found.name, found.version, found.size, found.both, found.inners) == ("", None, 0, [None, None], [])


@pytest.mark.parametrize(
    ("document", "fact_", "what"),
    [
        ("{}", "name", "name"),
        ("{}", "on", "settings"),
        ("{}", "loud", "settings"),
        ('{"settings": {}}', "version", "settings.version"),
        ('{"settings": {}}', "on", "settings.deep"),
        ('{"settings": {"deep": {}}}', "on", "settings.deep.on"),
        ('{"settings": {}}', "inners", "settings.inners"),
        ('{"settings": {}}', "loud", "settings.kept"),
    ],
)
def test_what_is_absent_is_unknown_and_says_how_deep(document: str, fact_: str, what: str) -> None:
    value: Any = getattr(outer(document), fact_)
    assert isinstance(value, Unknown)
    assert value.reason == f"{what}: absent from the document"


def test_an_element_of_a_list_names_the_list() -> None:
    found = outer('{"settings": {"inners": [{}]}}')
    assert found.inners[0].name.what == "inners.name"  # type: ignore[attr-defined]


def test_a_file_may_call_it_something_else() -> None:
    shape: Any = msgspec.json.decode("{}", type=Outer.shape())
    assert shape.size.what == "magnitude"


def test_what_is_absent_may_count_as_null() -> None:
    class Dated(Fact):
        """With what most documents do not have."""

        version: int | None = prop("version", number, absent=None)
        since: Any = part("since", str, absent=None)

    assert Dated.shape()() == msgspec.convert({"version": None, "since": None}, Dated.shape())
    found = Dated(Dated.shape()(), None, "")
    assert (found.version, found.since) == (None, None)


def test_a_derived_class_has_a_constructor_of_its_own_whichever_is_made_first() -> None:
    class Wider(Outer):
        """With one more."""

        extra: str = prop("extra", text)

    document = '{"name": "n", "size": 1, "settings": null, "extra": "e"}'
    assert outer(document).name == "n"
    wider = Wider(msgspec.json.decode(document, type=Wider.shape()), None, "")
    assert (wider.extra, wider.name) == ("e", "n")


def test_one_path_has_one_type() -> None:
    class Torn(Fact):
        """Two declarations that cannot both hold."""

        one: str = prop("name", text)
        other: bool = prop("name", flag)

    with pytest.raises(TypeError, match="name is read as"):
        Torn.shape()


def test_every_collection_says_what_its_objects_are_read_as() -> None:
    assert kinds.KINDS.keys() == BY_KIND.keys()
    for kind in BY_KIND:
        assert set(kinds.members(kind)) == set(kinds.shape(kind).__struct_encode_fields__)


# -- nothing is decoded or selected that no fact reads


def names_read(files: list[Path]) -> set[str]:
    """Attributes that code reads, and what it names in a text (getattr, the attribute of an index)."""
    found: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def unread(cls: type[Fact]) -> list[str]:
    """Parts that no computed fact reads, nor a join as the document's member."""
    named, shape = names_read(READERS), cls.shape()
    attributes = dict(zip(shape.__struct_encode_fields__, shape.__struct_fields__, strict=True))
    parts = [(name, member.path) for name, member in cls.DECLARED.items() if isinstance(member, Reading)]
    return [name for name, path in parts if name not in named and attributes[path.partition("/")[0]] not in named]


@pytest.mark.parametrize("cls", [cls for cls in TYPES if cls.READINGS], ids=lambda cls: cls.__name__)
def test_every_part_is_read(cls: type[Fact]) -> None:
    assert unread(cls) == []


def test_a_part_that_nobody_reads_is_found() -> None:
    class Wasteful(Fact):
        """Decodes what no fact is made from."""

        _never_read_by_anybody: Any = part("neverReadByAnybody", str)

    assert unread(Wasteful) == ["_never_read_by_anybody"]


def test_every_member_of_the_shapes_that_are_written_out_is_read() -> None:
    named = names_read([*READERS, PACKAGE / "sources" / "tenant.py"])
    written = [cls for cls in vars(shapes).values() if isinstance(cls, type) and issubclass(cls, shapes.Shape)]
    assert len(written) > 10
    assert [f"{cls.__name__}.{name}" for cls in written for name in cls.__struct_fields__ if name not in named] == []


@pytest.mark.parametrize("call", [APPLICATIONS, PRINCIPALS], ids=lambda call: call.collection)
def test_what_is_selected_is_what_facts_read(call: Any) -> None:
    cls = App if call is APPLICATIONS else ServicePrincipal
    selected = call.query.partition("$select=")[2].partition("&")[0].split(",")
    paths = {path.partition("/")[0] for reading in cls.READINGS.values() for path in (reading.path, *reading.conversion.also)}
    assert len(selected) == len(set(selected))
    assert set(selected) == paths - NOT_SELECTED
    assert not {"info", "logo"} & set(selected)


def test_of_the_organization_only_what_is_read_is_selected() -> None:
    assert ORGANIZATION.query == "$select=id,verifiedDomains"


# -- what is declared is what Microsoft Graph has

JSON_TYPES: dict[type, str] = {
    inspect.StrType: "string", inspect.BoolType: "boolean", inspect.IntType: "integer", inspect.DateTimeType: "string",
    inspect.ListType: "array", inspect.StructType: "object", inspect.CustomType: "string",  # shapes.Concealed
}  # fmt: skip
OPEN = {"application.owners[]", "application.sponsors[]", "servicePrincipal.owners[]", "servicePrincipal.sponsors[]"}  # to the schema


def misfits(kind: Any, schema: dict[str, Any], path: str) -> list[str]:
    """Places at which a shape and Microsoft's metadata differ."""
    defs = schemas.load("application")["$defs"]
    if "$ref" in schema:
        schema = {**defs[schema["$ref"].rpartition("/")[2]], **schema}
    if isinstance(kind, inspect.UnionType):
        (kind,) = (one for one in kind.types if not isinstance(one, inspect.NoneType))
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    allowed = schema.get("type", [])
    if isinstance(kind, inspect.LiteralType):
        kind = inspect.type_info(type(kind.values[0]))
    if allowed and JSON_TYPES[type(kind)] not in allowed:  # without a type it is an enumeration, which the schema leaves open
        return [f"{path} is {allowed}"]
    if isinstance(kind, inspect.ListType):
        return misfits(kind.item_type, schema["items"], f"{path}[]")
    found: list[str] = []
    if isinstance(kind, inspect.StructType) and path not in OPEN:
        for field in kind.fields:
            if field.encode_name not in schema["properties"]:
                found.append(f"{path} has no {field.encode_name}")
            else:
                found += misfits(field.type, schema["properties"][field.encode_name], f"{path}.{field.encode_name}")
    return found


KINDS = sorted({*kinds.KINDS} & schemas.load("application")["$defs"].keys())


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_are_those_of_the_schema(kind: str) -> None:
    """A value of the wrong type is found, and becomes unknown, only where the schema has the property too."""
    assert misfits(inspect.type_info(kinds.shape(kind)), {"$ref": f"#/$defs/{kind}"}, kind) == []


def test_a_property_that_microsoft_graph_does_not_have_is_found() -> None:
    class Wrong(Fact):
        """A path that is misspelt, and a type that is another one."""

        one: str = prop("web/homepageUrl", text)
        other: bool = prop("displayName", flag)

    found = misfits(inspect.type_info(Wrong.shape()), {"$ref": "#/$defs/application"}, "application")
    assert found == ["application.web has no homepageUrl", "application.displayName is ['string', 'null']"]


@pytest.mark.parametrize(
    ("members", "place", "lost"),
    [
        ({"appRoles": [{"id": "r", "value": "read", "description": 5}]}, "/appRoles/0/description", "app_roles.0.description"),
        ({"owners": [{"id": "a"}, {"@odata.type": 5, "id": "b"}]}, "/owners/1/@odata.type", "owners.1.odata_type"),
        ({"owners": [{"id": {"a": 1}, "displayName": "U"}]}, "/owners/0/id", "owners.0.id"),
        ({"owners": [{"id": "a"}, "b"]}, "/owners/1", "owners"),
    ],
)
def test_one_wrong_value_costs_that_value(members: dict[str, Any], place: str, lost: str) -> None:
    """Whether Microsoft's metadata describes it or not; the rest of the object is audited."""
    documents = read(json.dumps({"appId": "00000000-0000-4000-8000-000000000001", "displayName": "x", **members}))
    (error,) = documents.errors
    assert f"{place}: " in error.message
    assert "not audited" not in error.message
    value = documents.documents[0].data
    assert value.display_name == "x"
    for name in lost.split("."):
        value = value[int(name)] if name.isdigit() else getattr(value, name)
    assert isinstance(value, Unknown)


def test_an_object_of_too_many_wrong_values_is_given_up() -> None:
    owners = [{"id": 5}] * 1000
    documents = read(json.dumps({"appId": "00000000-0000-4000-8000-000000000001", "displayName": "x", "owners": owners}))
    assert documents.documents == []
    assert len(documents.errors) <= 100
    assert "the object is not audited" in documents.errors[-1].message


def test_of_secret_material_only_its_form_is_decoded() -> None:
    readings = [reading for cls in TYPES for reading in cls.READINGS.values()]
    paths = {path for reading in readings for path in (reading.path, *reading.conversion.also)}
    assert len(paths) > 60
    assert not {path for path in paths if path.rpartition("/")[2] in ("proxy", "hint")}
    material = {reading.path: reading.conversion for reading in readings if reading.path.rpartition("/")[2] in ("key", "secretText")}
    assert {path: conversion.kind for path, conversion in material.items()} == {"key": shapes.Concealed, "secretText": shapes.Concealed}
    assert not any({"key", "secretText"} & set(reading.conversion.also) for reading in readings)
