"""A scope that a connector asks for, and the permission of an API that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auditor.entra.collections import APPLICATIONS, CONNECTORS, GRANTS, SERVICE_PRINCIPALS
from auditor.entra.ids import MICROSOFT_GRAPH, is_guid
from auditor.facts.api import Permission, Resource
from auditor.facts.base import Fact, fact, prop
from auditor.facts.permissions import RequestedPermission
from auditor.facts.placeholders import PROTOCOL_SCOPES, from_elsewhere, is_placeholder
from auditor.unknown import Unknown, keep, some

if TYPE_CHECKING:
    from auditor.facts.connector import Connector


class ConnectorScope(Fact):
    """A scope that a connector asks for."""

    KEY = (("text",),)
    LABEL = ("text",)
    COLLECTIONS = (CONNECTORS,)
    owner: Connector

    text: str = prop(doc="As written.")
    value: str = prop(doc="Its name without the API; '' when only an API is named.")
    resource_uri: str = prop(doc="The API that it names; '' when it names none.")
    protocol: bool = prop(doc="openid, profile, email or offline_access: of no API.")
    placeholder: bool = prop(doc="To be replaced by whoever uses the file.")

    def __init__(self, value: str, owner: Connector, at: str) -> None:
        self.owner, self.at, self.text = owner, at, value
        if why := from_elsewhere(value):
            elsewhere: Any = Unknown("scopes", why)
            self.protocol = self.placeholder = self.resource_uri = self.value = elsewhere
            return
        self.protocol, self.placeholder = value in PROTOCOL_SCOPES, is_placeholder(value)
        before, _, name = value.rpartition("/")
        if is_guid(value.lower()) or ("://" in value and "/" not in value.partition("://")[2]):
            self.resource_uri, self.value = value, ""
        elif "://" in before or is_guid(before.lower()):
            self.resource_uri, self.value = before, name
        else:
            self.resource_uri, self.value = "", value

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def resource(self) -> Resource | None:
        """The API that it is asked of: the one that it names, else the connector's; Microsoft Graph where no API is named at all."""
        if self.resource_uri:
            return self.owner.world.connections.resource(self.resource_uri)
        if self.owner.identity_provider in ("aad", "aadcertificate") or self.owner.kind == "api":
            return self.owner.resource
        return self.owner.world.apis.resource(MICROSOFT_GRAPH)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def definition(self) -> Permission | None:
        """The delegated permission of the API with this name; null when it has none."""
        return self._defined("delegated")

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def as_role(self) -> Permission | None:
        """The application permission of the API with this name; null when it has none."""
        return self._defined("application")

    def _defined(self, kind: str) -> Permission | None:
        resource = self.resource
        return None if resource is None else self.owner.world.apis.named(resource.app_id, self.value, kind)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole)
    def requested(self) -> RequestedPermission | None:
        """The client's entry for it in requiredResourceAccess; null when there is none."""
        client, resource, definition = self.owner.client, self.resource, self.definition
        if client is None or resource is None or definition is None:
            return None
        same = keep(
            client.requested_permissions,
            lambda wish: wish.kind == "delegated" and wish.resource_app_id == resource.app_id and wish.id == definition.id,
        )
        return next(iter(same), None)

    @fact(APPLICATIONS.whole, SERVICE_PRINCIPALS.whole, GRANTS)
    def granted(self) -> bool:
        """The client was granted it, or is preauthorized for it by the API."""
        client, resource = self.owner.client, self.resource
        if client is None or resource is None:
            return False
        if self.owner.world.apis.preauthorized(client.app_id, resource, self.definition):
            return True
        return some(
            client.granted_permissions,
            lambda grant: grant.kind == "delegated" and grant.resource_app_id == resource.app_id and grant.value == self.value,
        )
