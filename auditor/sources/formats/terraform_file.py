"""The files of Terraform: where a plan or a state has its resources, what is known after apply, and what refers to what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from auditor import pointer
from auditor.sources import twice
from auditor.sources.detect import inner, text
from auditor.sources.element import UNREADABLE, Element
from auditor.sources.formats.base import Converted, Members
from auditor.sources.formats.gaps import Gap

_LATER = Gap("known after apply")
_SENSITIVE = Gap("Terraform marks it as sensitive")
_CONCEALED = ("value", "password")  # secret material, of which only its form is kept: that it is sensitive hides nothing else
_INDEX = re.compile(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")
_MOST_MODULES = 50  # within each other
_NAMES_OWNER = ("application_id", "application_object_id", "service_principal_id")
_REFERS = ("azuread_application", "azuread_service_principal")


class Resource:
    """A managed resource: its values as the file has them, and which of them are not known or not to be shown."""

    def __init__(
        self, address: str, kind: str, index: object, element: Element, *, later: Any = None, sensitive: Any = None, is_new: bool = False
    ) -> None:
        self.address, self.type, self.index, self.element = address, kind, index, element
        self.is_new = is_new  # nothing but what the plan says will be there
        self._later, self._sensitive = later, sensitive

    @property
    def configured(self) -> str:
        """Its address in the configuration, where it and its modules have no numbers and keys."""
        return _INDEX.sub("", self.address)

    def completed(self, value: dict[str, Any]) -> dict[str, Any]:
        """Its decoded values, with gaps in the places of those that are not known or not to be shown."""
        marked = _marked(value, self._sensitive, _SENSITIVE) if self._sensitive else value
        whole = _marked(marked, self._later, _LATER) if self._later else marked
        return whole if isinstance(whole, dict) else {}

    def value(self) -> dict[str, Any]:
        """Its values, decoded and completed."""
        try:
            value = self.element.value()
        except UNREADABLE:
            return {}
        return self.completed(value) if isinstance(value, dict) else {}

    def wrong(self, out: Converted) -> Iterator[tuple[str, str]]:
        """(place in our shape, what is wrong there) of each name that an object in it has twice, with different values."""
        for path, _, _ in twice.places(twice.decoded(self.element)):
            place = f"/{self.address}{pointer.join(*path)}"
            out.origins[place] = f"#{self.element.pointer}{pointer.join(*path)}"
            yield place, twice.ERROR


class Resources(NamedTuple):
    """What a file of Terraform has. `references`: addresses in the configuration that a resource refers to where it names its owner."""

    what: str
    managed: list[Resource]
    references: Callable[[Resource], list[str]]
    destroyed: int = 0
    referenced: int = 0  # data sources


def is_shown(members: Members) -> bool:
    """Whether an object is what `terraform show -json` prints."""
    if "format_version" not in members and "terraform_version" not in members:
        return False
    held = any(name in members and members[name].is_object for name in ("planned_values", "values"))
    return held or ("resource_changes" in members and members["resource_changes"].is_array)


def is_state(members: Members) -> bool:
    """Whether an object is a state file, of the version that Terraform writes since 0.12."""
    return "lineage" in members and "resources" in members and members["resources"].is_array


def shown(members: Members) -> Resources:
    """Of a plan its changes, which say what is known after apply; of a state, and of a plan without changes, its values."""
    is_plan = "planned_values" in members or "resource_changes" in members
    refers = _references(inner(members, "configuration")) if "configuration" in members else _none
    if "resource_changes" in members and members["resource_changes"].is_array:
        managed, destroyed = _changes(members["resource_changes"])
        return Resources("a plan of Terraform", managed, refers, destroyed, _data(inner(members, "prior_state")))
    held = inner(members, "planned_values" if is_plan else "values")
    root = held.get("root_module")
    found = list(_within(root, 0)) if root is not None and root.is_object else []
    managed = [one for one in found if isinstance(one, Resource)]
    return Resources("a plan of Terraform" if is_plan else "a state of Terraform", managed, refers, 0, len(found) - len(managed))


def state(members: Members) -> Resources:
    """A state file."""
    managed: list[Resource] = []
    referenced = 0
    for resource in members["resources"].items():
        own = resource.members() if resource.is_object else {}
        if text(own, "mode") == "data":
            referenced += text(own, "type").startswith(_REFERS)
            continue
        kind = text(own, "type")
        address = ".".join(part for part in (text(own, "module"), kind, text(own, "name")) if part)
        for instance in own["instances"].items() if "instances" in own and own["instances"].is_array else ():
            inside = instance.members() if instance.is_object else {}
            if "deposed" in inside or "attributes" not in inside or not inside["attributes"].is_object:
                continue
            index = inside["index_key"].value() if "index_key" in inside else None
            sensitive = _paths(inside["sensitive_attributes"].value()) if "sensitive_attributes" in inside else None
            managed.append(Resource(address + _index(index), kind, index, inside["attributes"], sensitive=sensitive))
    return Resources("a state of Terraform", managed, _none, 0, referenced)


def _none(_: Resource) -> list[str]:
    return []


def _index(key: object) -> str:
    return f'["{key}"]' if isinstance(key, str) else f"[{key}]" if isinstance(key, int) else ""


def _changes(changes: Element) -> tuple[list[Resource], int]:
    managed: list[Resource] = []
    destroyed = 0
    for one in changes.items():
        members = one.members() if one.is_object else {}
        if text(members, "mode") == "data" or "deposed" in members:
            continue
        change = inner(members, "change")
        kind = text(members, "type")
        if "after" not in change or not change["after"].is_object:
            destroyed += kind.startswith(_REFERS)
            continue
        later, sensitive = (change[name].value() if name in change else None for name in ("after_unknown", "after_sensitive"))
        actions = change["actions"].value() if "actions" in change else []
        index = members["index"].value() if "index" in members else None
        is_new = isinstance(actions, list) and "create" in actions
        managed.append(Resource(text(members, "address"), kind, index, change["after"], later=later, sensitive=sensitive, is_new=is_new))
    return managed, destroyed


def _within(module: Element, depth: int) -> Iterator[Resource | None]:
    """Resources of a module and of those within it; None for each data source."""
    members = module.members()
    for one in members["resources"].items() if "resources" in members and members["resources"].is_array else ():
        own = one.members() if one.is_object else {}
        if text(own, "mode") == "data":
            if text(own, "type").startswith(_REFERS):
                yield None
        elif "values" in own and own["values"].is_object:
            sensitive = own["sensitive_values"].value() if "sensitive_values" in own else None
            index = own["index"].value() if "index" in own else None
            yield Resource(text(own, "address"), text(own, "type"), index, own["values"], sensitive=sensitive)
    for child in members["child_modules"].items() if "child_modules" in members and depth < _MOST_MODULES else ():
        if child.is_object:
            yield from _within(child, depth + 1)


def _data(prior: Members) -> int:
    """How many data sources the state before a plan has."""
    root = inner(prior, "values").get("root_module")
    return sum(one is None for one in _within(root, 0)) if root is not None and root.is_object else 0


def _marked(value: Any, mask: Any, gap: Gap) -> Any:
    """A value with a gap in each place that Terraform marks."""
    if mask is True:
        return gap
    if isinstance(mask, dict) and isinstance(value, dict):
        names = (name for name in mask if gap is not _SENSITIVE or name not in _CONCEALED)
        return value | {name: marked for name in names if (marked := _marked(value.get(name), mask[name], gap)) is not None}
    if isinstance(mask, list) and isinstance(value, list):
        marked = [_marked(item, mask[i] if i < len(mask) else None, gap) for i, item in enumerate(value)]
        return marked + [gap for one in mask[len(value) :] if one is True]
    return value


def _paths(paths: Any) -> dict[str, Any]:
    """The attributes that a state names as sensitive: whole ones, by the first step of each path."""
    found: dict[str, Any] = {}
    for path in paths if isinstance(paths, list) else ():
        step = path[0] if isinstance(path, list) and path else None
        name = step.get("value") if isinstance(step, dict) else None
        if isinstance(name, str):
            found[name] = True
    return found


def _references(configuration: Members) -> Callable[[Resource], list[str]]:
    """What the resources of a configuration refer to where they name whose they are, by their addresses there."""
    found: dict[str, list[str]] = {}
    root = configuration.get("root_module")
    if root is not None and root.is_object:
        _configured(root, "", found, 0)
    return lambda resource: found.get(resource.configured, [])


def _configured(module: Element, prefix: str, found: dict[str, list[str]], depth: int) -> None:
    members = module.members()
    for one in members["resources"].items() if "resources" in members and members["resources"].is_array else ():
        own = one.members() if one.is_object else {}
        expressions = inner(own, "expressions")
        names = [
            reference
            for name in _NAMES_OWNER if name in expressions and expressions[name].is_object
            for reference in _listed(expressions[name].members())
        ]  # fmt: skip
        # "azuread_application.a.id" and "azuread_application.a": the resource is of two parts.
        targets = {".".join(_INDEX.sub("", name).split(".")[:2]) for name in names if name.startswith(_REFERS)}
        found[prefix + text(own, "address")] = [prefix + target for target in sorted(targets)]
    calls = inner(members, "module_calls") if depth < _MOST_MODULES else {}
    for name, call in calls.items():
        inside = call.members().get("module") if call.is_object else None
        if inside is not None and inside.is_object:
            _configured(inside, f"{prefix}module.{name}.", found, depth + 1)


def _listed(expression: Members) -> list[str]:
    held = expression["references"].value() if "references" in expression else []
    return [one for one in held if isinstance(one, str)] if isinstance(held, list) else []
