"""Azure Resource Manager templates with resources of Microsoft Graph, as `bicep build` writes them.

Resources are in Microsoft Graph's shape. A deployment sets what a template names and leaves the rest as it is: what is not there is
unknown. So is an expression whose value is not in the template; parameters have their default values.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from auditor.entra.collections import APPLICATIONS, ASSIGNMENTS, FEDERATED, GRANTS, SERVICE_PRINCIPALS
from auditor.pattern import late
from auditor.pointer import join
from auditor.sources import twice
from auditor.sources.detect import text
from auditor.sources.element import UNREADABLE, Element
from auditor.sources.formats.arm_expression import Scope, resolved
from auditor.sources.formats.base import Converted, Members, Object, ObjectFormat, Piece, Remark
from auditor.sources.formats.gaps import Gap, settle

_PREFIX = "microsoft.graph/"
_KINDS = {
    "applications": APPLICATIONS.kind, "serviceprincipals": SERVICE_PRINCIPALS.kind, "approleassignedto": ASSIGNMENTS.kind,
    "oauth2permissiongrants": GRANTS.kind, "applications/federatedidentitycredentials": FEDERATED.kind,
}  # fmt: skip
_OTHERS = ("groups", "users")  # which nobody audits
_DEPLOYMENT = "microsoft.resources/deployments"
_MOST_TEMPLATES = 20  # within each other
_WHY = "not in the template"
_OTHER_CREDENTIALS = "the application may have others beside those of the template"
_REFERENCE = late(r"reference\('([^']+)'")


class Deployed(NamedTuple):
    """A resource of Microsoft Graph's in a template."""

    kind: str
    name: str  # its symbolic name, or its place in a list
    address: str  # with the names of the deployments that it is in
    element: Element  # its properties
    scope: Scope
    refers: frozenset[str]  # names of the resources that it depends on or takes values of

    def properties(self) -> Any:
        return resolved(self.element.value(), self.scope)


class _Template(ObjectFormat):
    name = "Azure Resource Manager template"
    about = "A template with resources of Microsoft.Graph, which `bicep build` writes"
    told_by = "`$schema` of a deployment template, and resources whose type begins with Microsoft.Graph/"
    holds = ("applications", "servicePrincipals", "oauth2PermissionGrants", "appRoleAssignments")
    markers = (rb"(?i:Microsoft\.Graph/)[\w/@.]+",)

    def recognises(self, seen: Object) -> str | None:
        resources = seen.members.get("resources")
        if resources is None or not (resources.is_object or resources.is_array):
            return None
        told = "$schema" in seen.members and b"deploymenttemplate.json" in bytes(seen.members["$schema"].view()).lower()
        return APPLICATIONS.kind if told and _PREFIX.encode() in bytes(resources.view()).lower() else None

    def is_certain(self, seen: Object) -> bool:
        return True

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece | Remark]:
        found: list[Deployed] = []
        for one in _deployed(seen.element, Scope(seen.members), "", 0):
            if isinstance(one, Remark):
                yield one
            else:
                found.append(one)
        owner_of = _Owners(found)
        trusts: dict[int, list[Deployed]] = {}
        for one in found:
            if one.kind == FEDERATED.kind:
                if (owner := owner_of(one)) is None:
                    yield Piece(one.element, APPLICATIONS.kind, partial(_of_others, one), identity=one.address, why=_WHY)
                else:
                    trusts.setdefault(id(owner), []).append(one)
        for one in found:
            if one.kind != FEDERATED.kind:
                own = trusts.get(id(one), [])
                yield Piece(one.element, one.kind, partial(_converted, one, own), identity=one.address, why=_WHY)


FORMATS = (_Template(),)


def _deployed(template: Element, scope: Scope, within: str, depth: int) -> Iterator[Deployed | Remark]:
    """The resources of a template, and of those that it deploys."""
    resources = template.members().get("resources")
    if resources is None or not (resources.is_object or resources.is_array):
        return
    named = resources.members().items() if resources.is_object else ((str(i), one) for i, one in enumerate(resources.items()))
    for name, one in named:
        if one.is_object:
            yield from _resource(name, one, scope, within, depth)


def _resource(name: str, element: Element, scope: Scope, within: str, depth: int) -> Iterator[Deployed | Remark]:
    members = element.members()
    kind, _, _ = text(members, "type").lower().partition("@")
    if "existing" in members and members["existing"].value() is True:
        if kind.startswith(_PREFIX):
            yield Remark(element, f"an existing resource is not audited: {kind.removeprefix(_PREFIX)} that the template only refers to")
        return
    if "condition" in members and resolved(members["condition"].value(), scope) is False:
        return
    properties = members.get("properties")
    if properties is None or not properties.is_object:
        properties = None
    address = within + (name if not name.isdigit() or not (own := _known(members, "name", scope)) else own)
    if kind == _DEPLOYMENT and properties is not None:
        yield from _nested(properties, scope, f"{address}/", depth)
    elif kind.startswith(_PREFIX):
        of = kind.removeprefix(_PREFIX)
        if of in _KINDS and properties is not None:
            yield Deployed(_KINDS[of], name, address, properties, scope, _refers(members))
        elif of not in _OTHERS:
            yield Remark(element, f"{of} of Microsoft Graph in a template is not read", is_error=of.startswith(("applications", "service")))


def _nested(properties: Element, scope: Scope, within: str, depth: int) -> Iterator[Deployed | Remark]:
    members = properties.members()
    template = members.get("template")
    if template is None or not template.is_object:
        return  # a link to another file
    if depth >= _MOST_TEMPLATES:
        yield Remark(template, "templates are nested too deeply to be read", is_error=True)
        return
    options = members["expressionEvaluationOptions"].value() if "expressionEvaluationOptions" in members else None
    if isinstance(options, dict) and str(options.get("scope")).lower() == "inner":
        given = members["parameters"].value() if "parameters" in members else {}
        values = {
            name: resolved(one["value"], scope) if isinstance(one, dict) and "value" in one else Gap("a parameter without a value here")
            for name, one in given.items()
        } if isinstance(given, dict) else {}  # fmt: skip
        scope = Scope(template.members(), values)
    yield from _deployed(template, scope, within, depth + 1)


def _known(members: Members, name: str, scope: Scope) -> str:
    value = resolved(text(members, name), scope)
    return value if isinstance(value, str) else ""


def _refers(members: Members) -> frozenset[str]:
    depends = members["dependsOn"].value() if "dependsOn" in members else []
    names = {one for one in depends if isinstance(one, str)} if isinstance(depends, list) else set()
    properties = members["properties"]
    return frozenset(names | {found[1] for found in _REFERENCE.finditer(str(properties.view(), "utf-8", "replace"))})


class _Owners:
    """Whose a federated credential is: its name begins with the application's uniqueName, or it refers to one application only."""

    def __init__(self, found: list[Deployed]) -> None:
        self._by_unique_name: dict[tuple[str, str], list[Deployed]] = {}
        self._by_name: dict[tuple[str, str], Deployed] = {}
        for one in found:
            if one.kind == APPLICATIONS.kind:
                self._by_name[_template_of(one), one.name] = one
                if isinstance(unique := one.properties().get("uniqueName"), str):
                    self._by_unique_name.setdefault((_template_of(one), unique), []).append(one)

    def __call__(self, trust: Deployed) -> Deployed | None:
        within = _template_of(trust)
        name = trust.properties().get("name")
        unique = name.rpartition("/")[0] if isinstance(name, str) else ""
        named = self._by_unique_name.get((within, unique), []) if unique else []
        referred = [self._by_name[within, one] for one in sorted(trust.refers) if (within, one) in self._by_name]
        return next((them[0] for them in (named, referred) if len(them) == 1), None)


def _template_of(one: Deployed) -> str:
    return one.address.rpartition("/")[0]


def _converted(of: Deployed, trusts: list[Deployed], value: dict[str, Any]) -> Converted:
    out = Converted()
    for name, item in resolved(value, of.scope).items():
        if name == "owners":
            _owners(out, item)
        else:
            out.put(name, item, join(name))
    for trust in trusts:
        _add(out, trust)
    if of.kind == APPLICATIONS.kind and FEDERATED.name in out.value:
        out.more[FEDERATED.name] = _OTHER_CREDENTIALS
    settle(out)
    return out


def _of_others(trust: Deployed, _value: dict[str, Any]) -> Converted:
    """A federated credential of an application that the template does not have: that application, of which nothing else is known."""
    out = Converted()
    _add(out, trust)
    out.more[FEDERATED.name] = _OTHER_CREDENTIALS
    settle(out)
    return out


def _add(out: Converted, trust: Deployed) -> None:
    held = out.value.setdefault(FEDERATED.name, [])
    place = f"/{FEDERATED.name}/{len(held)}"
    out.origins[place] = f"#{trust.element.pointer}"
    properties = trust.properties()
    if isinstance(name := properties.get("name"), str):
        properties["name"] = name.rpartition("/")[2]  # without its application's
    held.append(properties)
    try:
        for path, _, _ in twice.places(twice.decoded(trust.element)):
            out.origins[f"{place}{join(*path)}"] = f"#{trust.element.pointer}{join(*path)}"
            out.wrong.append((f"{place}{join(*path)}", twice.UNKNOWN))
    except UNREADABLE:
        pass  # it was read above


def _owners(out: Converted, item: Any) -> None:
    """Ids of owners, as a plain list or with what becomes of those that are there already."""
    held, at = (item.get("relationships"), "/owners/relationships") if isinstance(item, dict) else (item, "/owners")
    if not isinstance(held, list):
        out.put("owners", held if isinstance(held, Gap) else Gap(_WHY), at)
        return
    out.put("owners", [one if isinstance(one, Gap) else {"id": one} for one in held], at)
    if not (isinstance(item, dict) and item.get("relationshipSemantics") == "replace"):
        out.more["owners"] = "the deployment adds to the owners that are there"
