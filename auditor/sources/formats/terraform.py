"""Plans and states of Terraform's azuread provider: what `terraform show -json` prints, and a raw state file.

Resources that describe one application are folded into it. What Terraform does not manage it does not show: of what others may have
added to an application that is there already, such as client secrets, there may be more. Names and defaults are those of the
provider's documentation (registry.terraform.io/providers/hashicorp/azuread, versions 2 and 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from auditor.display import clean, counted
from auditor.entra.collections import APPLICATIONS
from auditor.sources.formats import azuread, terraform_file
from auditor.sources.formats.base import Converted, Members, Object, ObjectFormat, Piece, Remark
from auditor.sources.formats.gaps import settle
from auditor.sources.formats.terraform_file import Resource, Resources

_WHY = "not in the output of Terraform"
_NOT_READ = "{} is of a type of resource that regaudit does not read"
_INSTEAD = "export the registration with `az ad app show --id APP_ID`"
_NOTHING = "this is {}, and it has no app registration or service principal of the azuread provider"


class _Terraform(ObjectFormat):
    markers = (rb"azuread_\w+", rb"azurerm_azuread_\w+", rb"msgraph_resource")
    holds = ("applications", "servicePrincipals", "oauth2PermissionGrants", "appRoleAssignments")
    cannot_carry = azuread.NO_ATTRIBUTE
    shows_in_part = azuread.IN_PART

    def is_certain(self, seen: Object) -> bool:
        return True

    def _resources(self, members: Members) -> Resources:
        raise NotImplementedError

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece | Remark]:
        found = self._resources(seen.members)
        ours = [one for one in found.managed if azuread.is_ours(one.type, one.value)]
        for one in ours:
            if one.type not in azuread.READ and one.type not in azuread.NOT_READ:
                yield Remark(one.element, _NOT_READ.format(clean(one.address, 200)), is_error=True, hint=_INSTEAD)
        yield from (group.piece() for group in _Groups([one for one in ours if one.type in azuread.READ], found.references).all)
        for one in ours:
            if (link := azuread.LINKS.get(one.type)) is not None:
                yield Piece(one.element, link.kind, partial(_link, one), identity=one.address, why=_WHY)
        if found.destroyed:
            yield Remark(seen.element, f"what the plan destroys is not audited: {counted(found.destroyed, 'resource')}")
        if found.referenced:
            yield Remark(seen.element, f"data sources are not audited: {counted(found.referenced, 'reference')} to what others manage")
        if not ours:
            yield Remark(seen.element, _NOTHING.format(found.what))


class _Shown(_Terraform):
    """terraform show -json."""

    name = "Terraform plan or state"
    about = "A plan or a state that `terraform show -json` prints, with resources of the azuread provider"
    told_by = "`format_version` or `terraform_version` beside `resource_changes`, `planned_values` or `values`"

    def recognises(self, seen: Object) -> str | None:
        return APPLICATIONS.kind if terraform_file.is_shown(seen.members) else None

    def _resources(self, members: Members) -> Resources:
        return terraform_file.shown(members)


class _State(_Terraform):
    """terraform.tfstate."""

    name = "Terraform state file"
    about = "A state file of Terraform (terraform.tfstate), with resources of the azuread provider"
    told_by = "`lineage` beside `resources`"

    def recognises(self, seen: Object) -> str | None:
        return APPLICATIONS.kind if terraform_file.is_state(seen.members) else None

    def _resources(self, members: Members) -> Resources:
        return terraform_file.state(members)


class _Group:
    """An application or service principal, and the resources that describe it. Without a `base` another configuration made it."""

    def __init__(self, kind: str, base: Resource | None, guid: str) -> None:
        self.kind, self.base, self.guid = kind, base, guid
        self.parts: list[Resource] = []
        self.may_have_more = set[str]()  # types of resources that may belong to it, too: nothing says whether they do

    def piece(self) -> Piece:
        one = self.base or self.parts[0]
        return Piece(one.element, self.kind, self._converted, identity=one.address, why=_WHY)

    def _converted(self, value: dict[str, Any]) -> Converted:
        out = Converted()
        if self.base is not None:
            azuread.MAKES[self.base.type][self.kind].convert(out, self.base.completed(value))
        if self.guid and not isinstance(out.value.get("id"), str):
            out.put("id", self.guid, "")
        for part in self.parts:
            azuread.PARTS[part.type].fold(out, part.value(), f"#{part.element.pointer}")
            out.wrong += part.wrong(out)
        made_by, is_new = (self.base.type, self.base.is_new) if self.base is not None else ("", False)
        azuread.complete(out, self.kind, made_by, is_new=is_new)
        for kind in sorted(self.may_have_more):
            azuread.leave_open(out, kind)
        settle(out)
        return out


class _Groups:
    """Which resources describe one object: by its id, or by what the configuration refers to where the id is known after apply."""

    def __init__(self, resources: list[Resource], references: Callable[[Resource], list[str]]) -> None:
        self.all: list[_Group] = []
        self._by_id: dict[tuple[str, str], _Group] = {}
        self._by_address: dict[str, list[_Group]] = {}
        self._references = references
        for one in resources:
            for kind, made in azuread.MAKES.get(one.type, {}).items():
                self._begin(kind, one, azuread.guid_of(one.value(), made.names))
        for one in resources:
            if one.type in azuread.PARTS:
                self._fold(one)

    def _begin(self, kind: str, base: Resource | None, guid: str) -> _Group:
        group = _Group(kind, base, guid)
        self.all.append(group)
        if guid:
            self._by_id.setdefault((kind, guid), group)
        if base is not None:
            self._by_address.setdefault(base.configured, []).append(group)
        return group

    def _fold(self, part: Resource) -> None:
        kind, names = azuread.PARTS[part.type][:2]
        if guid := azuread.guid_of(part.value(), names):
            (self._by_id.get((kind, guid)) or self._begin(kind, None, guid)).parts.append(part)
            return
        candidates = [group for address in self._references(part) for group in self._by_address.get(address, ()) if group.kind == kind]
        same = [group for group in candidates if group.base is not None and group.base.index == part.index]
        chosen = candidates if len(candidates) == 1 else same if part.index is not None and len(same) == 1 else []
        if chosen:
            chosen[0].parts.append(part)
            return
        self._begin(kind, None, "").parts.append(part)
        for group in candidates or [group for group in self.all if group.kind == kind and group.base is not None]:
            group.may_have_more.add(part.type)


def _link(one: Resource, value: dict[str, Any]) -> Converted:
    out = Converted()
    azuread.LINKS[one.type].convert(out, one.completed(value))
    settle(out)
    return out


FORMATS = (_Shown(), _State())
