"""Of which objects Microsoft Graph is asked for what belongs to each, such as the members of a group: a test of what was read of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from auditor.entra.catalog import CATALOG
from auditor.entra.collections import (
    ASSIGNMENTS,
    BLUEPRINT_SPONSORS,
    BY_NAME,
    CLASSIFICATIONS,
    PUBLISHING,
    SYNCHRONIZATION_JOBS,
    Collection,
)
from auditor.errors import UNDECODABLE
from auditor.facts.principal import OF_TEMPLATES
from auditor.sources.graph.plan import CALLS, Call, Plan


class Parents:
    """Objects that a test picks. `others_have_none`: of those that it leaves nothing is there to read, so that all is known."""

    def __init__(self, shape: type[msgspec.Struct], test: Callable[[Any], object], *, others_have_none: bool) -> None:
        self._decode = msgspec.json.Decoder(shape).decode
        self._test, self.others_have_none = test, others_have_none

    def include(self, raw: bytes | msgspec.Raw) -> bool:
        """Whether an object is asked for what belongs to it: also one that cannot be decoded, of which nobody knows."""
        try:
            return bool(self._test(self._decode(raw)))
        except UNDECODABLE:
            return True


class _Principal(msgspec.Struct, rename="camel"):
    app_roles: list[Any] | None = None
    app_role_assignment_required: bool | None = None


class _Web(msgspec.Struct, rename="camel"):
    logout_url: str | None = None
    redirect_uris: list[str] | None = None


class _Secret(msgspec.Struct, rename="camel"):
    display_name: str | None = None


class _Published(msgspec.Struct, rename="camel"):
    """What `App.on_premises` looks at."""

    web: _Web | None = None
    password_credentials: list[_Secret] | None = None

    @property
    def is_on_premises(self) -> bool:
        web = self.web or _Web()
        return (
            "appproxy=logout" in (web.logout_url or "").lower()
            or any(".msappproxy." in uri.lower() for uri in web.redirect_uris or ())
            or any(secret.display_name == "CWAP_AuthSecret" for secret in self.password_credentials or ())
        )


class _Template(msgspec.Struct, rename="camel"):
    """What `ServicePrincipal.may_provision` looks at."""

    tags: list[str] | None = None
    preferred_single_sign_on_mode: str | None = None

    @property
    def may_provision(self) -> bool:
        return self.preferred_single_sign_on_mode in ("saml", "password") or any(tag.startswith(OF_TEMPLATES) for tag in self.tags or ())


class _Application(msgspec.Struct):
    type: str | None = msgspec.field(name="@odata.type", default=None)


class _Api(msgspec.Struct, rename="camel"):
    app_id: str | None = None


class _Any(msgspec.Struct):
    pass


ALL = Parents(_Any, lambda _: True, others_have_none=True)
# Collections whose calls ask some of their parents only.
SOME: dict[Collection, Parents] = {
    # Who defines roles, or lets in nobody but who is assigned: so it is known of every principal what it was granted.
    ASSIGNMENTS: Parents(_Principal, lambda one: one.app_roles or one.app_role_assignment_required, others_have_none=True),
    BLUEPRINT_SPONSORS: Parents(_Application, lambda one: (one.type or "").endswith(".agentIdentityBlueprint"), others_have_none=True),
    SYNCHRONIZATION_JOBS: Parents(_Template, lambda one: one.may_provision, others_have_none=False),
    # One request for each: a list does not give what is published.
    PUBLISHING: Parents(_Published, lambda one: one.is_on_premises, others_have_none=False),
    # What a classification is worth is known of these APIs only.
    CLASSIFICATIONS: Parents(_Api, lambda one: (one.app_id or "").lower() in CATALOG.rated_apis, others_have_none=False),
}
_WITH_A_WAY_OF_THEIR_OWN = ("federatedIdentityCredentials",)  # which have any a request of its own finds out


def parents_of(call: Call) -> Parents:
    return SOME.get(BY_NAME[call.collection], ALL)


def of_each(plan: Plan) -> dict[str, list[Call]]:
    """Collection -> the planned calls that ask each of its objects, or some of them."""
    found: dict[str, list[Call]] = {}
    for call in CALLS:
        of = BY_NAME[call.collection]
        if call in plan and of.is_of_each and of.parent is not None and of.name not in _WITH_A_WAY_OF_THEIR_OWN:
            found.setdefault(of.parent.name, []).append(call)
    return found
