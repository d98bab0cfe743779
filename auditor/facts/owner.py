"""Owners of registrations and service principals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from auditor.entra.collections import (
    ASSIGNMENTS,
    OWNERS,
    REGISTRATION_DETAILS,
    ROLE_ASSIGNMENTS,
    ROLE_ELIGIBILITY,
    SERVICE_PRINCIPALS,
)
from auditor.facts.base import Fact, fact, part, prop
from auditor.facts.convert import lower, switch, text
from auditor.facts.roles import ELIGIBLE, HELD, Role, takes_over
from auditor.unknown import Unknown, Unread, either, is_unknown

if TYPE_CHECKING:
    from auditor.facts.app import App
    from auditor.facts.principal import ServicePrincipal
    from auditor.facts.world import World


UNREADABLE: Any = Unknown("owners", "only their ids came, User.Read.All is missing", collection=True)


class Owner(Fact):
    """An owner of a registration or service principal."""

    SLOTS = ("document",)
    COLLECTIONS = (OWNERS,)
    WITHIN = OWNERS.name
    KEY = (("id",),)
    LABEL = ("user_principal_name", "display_name", "id")
    owner: App | ServicePrincipal

    id: str = prop("id", lower, "Object ID.")

    _name: Any = part("displayName", str)
    _sign_in_name: Any = part("userPrincipalName", str)
    _enabled: Any = part("accountEnabled", bool)
    _user_type: Any = part("userType", str)
    _odata_type: Any = part("@odata.type", str)
    _principal_type: Any = part("servicePrincipalType", str)  # beta

    def _require_name(self) -> None:
        """Everybody has a name: without a permission for users Microsoft Graph gives the id, and null for all else."""
        if self._name is None and self._sign_in_name is None:
            raise Unread(UNREADABLE)

    @fact(graph="displayName")
    def display_name(self) -> str:
        """Its name."""
        self._require_name()
        name: str = text(self._name)
        return name

    @fact(graph="userPrincipalName")
    def user_principal_name(self) -> str:
        """Sign-in name of a user; '' for a service principal."""
        self._require_name()
        known = not is_unknown(self.kind) and self.kind == "servicePrincipal"
        name: str = "" if known else text(self._sign_in_name)
        return name

    @fact(graph="accountEnabled")
    def enabled(self) -> bool:
        """Can sign in; null = yes."""
        self._require_name()
        enabled: bool = switch(self._enabled)
        return enabled

    @fact(graph="@odata.type")
    def kind(self) -> Literal["user", "servicePrincipal"]:
        """User or service principal."""
        if isinstance(self._odata_type, str):
            return "servicePrincipal" if self._odata_type == "#microsoft.graph.servicePrincipal" else "user"
        if isinstance(self._principal_type, str):
            return "servicePrincipal"
        return "user" if isinstance(self._sign_in_name, str) else self._odata_type

    @fact(graph="userType")
    def guest(self) -> bool:
        """A user of another organization: userType Guest, or #EXT# in the sign-in name."""
        return self.kind == "user" and either(self._is_called_guest, lambda: "#EXT#" in self.user_principal_name.upper())

    @property
    def world(self) -> World:
        return self.owner.world

    @fact(REGISTRATION_DETAILS)
    def without_mfa(self) -> bool:
        """A user of whom the report on authentication methods says that none for multifactor authentication is registered."""
        return self.kind == "user" and self.world.methods.without_mfa(self.id)

    @fact(*HELD, unknown_without=(ROLE_ASSIGNMENTS,))
    def roles(self) -> list[Role]:
        """Directory roles that it holds, directly or by a group."""
        return self.world.roles.held(self.id, self)

    @fact(*ELIGIBLE, unknown_without=(ROLE_ELIGIBILITY,))
    def eligible_roles(self) -> list[Role]:
        """Directory roles that it can activate, itself or by a group."""
        return self.world.roles.eligible(self.id, self)

    @fact(*ELIGIBLE, SERVICE_PRINCIPALS, ASSIGNMENTS, unknown_without=(ROLE_ASSIGNMENTS,))
    def takes_over_tenant(self) -> bool:
        """It can take over the tenant anyway: by a tier 0 directory role that it holds or can activate over the whole tenant, or by a
        tier 0 application permission.
        """
        return either(
            lambda: takes_over(self.roles),
            lambda: either(self._is_privileged, lambda: self.kind == "user" and takes_over(self.eligible_roles)),
        )

    @fact(*ELIGIBLE, SERVICE_PRINCIPALS, ASSIGNMENTS)
    def known_to_take_over_tenant(self) -> bool:
        """`takes_over_tenant` as far as it was read: false where that is unknown. For exemptions only."""
        taken = self.takes_over_tenant
        return taken.__class__ is bool and taken

    def _is_privileged(self) -> bool:
        if self.kind != "servicePrincipal":
            return False
        principal = self.world.principal_by_id(self.id)
        return principal is not None and principal.privileged

    def _is_called_guest(self) -> bool:
        self._require_name()
        return bool(text(self._user_type) == "Guest")
