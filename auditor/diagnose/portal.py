"""Where the portals show, or offer for download, what is not in the input: for makers, who have no `az`."""

from __future__ import annotations

from typing import Any

from auditor.display import cell, show
from auditor.facts import Connector
from auditor.joins.known import CLIENT, DEFINITION, RESOURCE
from auditor.unknown import Reason, Unread, is_unknown

_ADMIN = "Microsoft Entra admin center"
_REGISTRATION = f"{_ADMIN} > App registrations > All applications > {{app}}"
_ENTERPRISE = f"{_ADMIN} > Enterprise apps > {{app}}"
_DOWNLOAD = f"{_REGISTRATION} > Manifest > Download"
_PRINCIPAL = (
    f'{_REGISTRATION} > Overview: "Managed application in local directory" names the service principal, or offers to create it; '
    'Enterprise apps > {app} > Properties: "Enabled for users to sign in?" is Yes (there is no download)'
)
_CONSENT = (
    f'{_REGISTRATION} > API permissions: "Status" says "Granted for" your organization where an administrator has consented; without it '
    "each user is asked at the first sign-in, where the permission and the tenant allow that"
)
_ASSIGNED = f'{_ENTERPRISE} > Properties: "Assignment required?", and Users and groups: the user or a group of the user is assigned'
_TENANT = f"{_ADMIN} > Overview: compare Tenant ID with the tenant ID of the connector"

# By what is unknown. {app}: the application that is meant.
_WAYS = {
    CLIENT: _DOWNLOAD,
    RESOURCE: _DOWNLOAD,
    "applications": _DOWNLOAD,
    "servicePrincipals": _PRINCIPAL,
    "oauth2PermissionGrants": _CONSENT,
    "appRoleAssignedTo": _ASSIGNED,
    "organization": _TENANT,
    "federatedIdentityCredentials": f"{_REGISTRATION} > Certificates & secrets > Federated credentials",
    "authorizationPolicy": f"{_ADMIN} > Enterprise apps > Consent and permissions > User consent settings",
    "adminConsentRequestPolicy": f"{_ADMIN} > Enterprise apps > Consent and permissions > Admin consent settings",
    DEFINITION: "Power Apps > Custom connectors > Download, or `pac connector download`",
}
# By the code of a sign-in error, where that says more than what is unknown.
_CREDENTIALS = f"{_REGISTRATION} > Certificates & secrets"
_BY_CODE = {
    **dict.fromkeys((700027, 7000215, 7000218, 7000222), _CREDENTIALS),
    50011: f"{_REGISTRATION} > Authentication: compare each redirect URI with redirect_uri in the address of the failed sign-in",
    50105: _ASSIGNED, 65001: _CONSENT, 90094: _CONSENT, 90095: _CONSENT, 650056: _CONSENT, 700016: f"{_TENANT}; {_PRINCIPAL}",
}  # fmt: skip
_OF_API = ("resource", "resource's service principal")  # links of the API; the others are of the client


def way(reason: Reason, link: str, connector: Connector) -> str | None:
    """Where the portal shows what a link lacks, or what it offers for download."""
    text = _CONSENT if link == "consent" and reason.what == "servicePrincipals" else _WAYS.get(reason.what) if reason.collection else None
    return None if text is None else text.format(app=_whose(reason.what, link, connector))


def way_of_code(code: int, reasons: list[Reason], app: Any) -> list[str]:
    """Where the portal shows what the rules of a code lack. `app`: the registration that the message names, or None."""
    found = [_BY_CODE[code]] if code in _BY_CODE else [_WAYS[one.what] for one in reasons if one.collection and one.what in _WAYS]
    return [text.format(app="the application" if app is None else _name(app)) for text in dict.fromkeys(found)]


def _whose(what: str, link: str, connector: Connector) -> str:
    of_api = what == RESOURCE or (what != CLIENT and link in _OF_API)
    try:
        of: Any = connector.resource if of_api else connector.client
        of = None if is_unknown(of) else of
    except Unread:
        of = None
    return _name(of) if of is not None else "the API" if of_api else "the client"


def _name(fact: Any) -> str:
    return f'"{cell(show(fact))}"'
