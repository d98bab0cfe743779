"""What only app registrations, service principals and grants have: how an object that is not read is known to be one of ours.

Two of these properties in one object mean that somebody meant it to be audited. Names are compared without case and underscores,
so that PowerShell's (`SignInAudience`) and Terraform's (`sign_in_audience`) count, too. A null says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from auditor.pattern import late
from auditor.sources.element import Element

ENOUGH = 2  # properties; one alone is nobody's: a Capacitor configuration has an appId
_GUID = late(r"\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")
_FLATTENED = ("Microsoft.", "System.", "@{")  # what ConvertTo-Json makes of objects that lie too deep
_RESTRICTION = b'"restrictionType"'  # entries of an app management policy: not a credential
_TEXT = late(r"\s*[{\[]")


def _guid(value: Any) -> bool:
    return isinstance(value, str) and _GUID.fullmatch(value.strip()) is not None


def _held(value: Any) -> bool:
    return isinstance(value, (list, dict)) or (isinstance(value, str) and value.startswith(_FLATTENED))


def _credentials(value: Any) -> bool:
    if isinstance(value, list):  # an empty one may be of restrictions, too
        return bool(value) and not (isinstance(value[0], dict) and "restrictionType" in value[0])
    return _held(value)


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


def _one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value.lower().startswith(words)


_OWN: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("appid", "approleid", "resourceappid", "appownerorganizationid", "appownertenantid"), _guid),
    **dict.fromkeys(
        (
            "requiredresourceaccess", "resourceaccess", "identifieruris", "replyurls", "replyurlswithtype", "oauth2permissions",
            "oauth2permissionscopes", "publishedpermissionscopes", "approles", "preauthorizedapplications", "knownclientapplications",
            "serviceprincipalnames", "optionalclaims", "implicitgrantsettings", "redirecturis", "delegatedpermissionids",
        ),
        _held,
    ),
    **dict.fromkeys(("passwordcredentials", "keycredentials"), _credentials),
    **dict.fromkeys(
        (
            "approleassignmentrequired", "availabletoothertenants", "oauth2allowimplicitflow", "oauth2allowidtokenimplicitflow",
            "isfallbackpublicclient",
        ),
        _is(bool),
    ),
    "serviceprincipaltype": _is(str),
    "requestedaccesstokenversion": _is(int),
    "signinaudience": _one_of("azuread", "personalmicrosoft"),
    "consenttype": _one_of("allprincipals", "principal"),
}  # fmt: skip
_OF_GRANTS = ("clientid", "resourceid", "principalid")  # other services have these, too: they count beside what only grants have
_TRUST = {"issuer", "subject", "audiences"}


def found(members: Iterable[tuple[str, Any]]) -> list[str]:
    """Those of an object's properties that only ours have."""
    own, of_grants, trust = [], [], set()
    for name, value in members:
        plain = name.replace("_", "").lower()
        test = _OWN.get(plain)
        if test is not None:
            if test(value):
                own.append(name)
        elif plain in _OF_GRANTS and _guid(value):
            of_grants.append(name)
        elif plain in _TRUST and value:
            trust.add(plain)
    if any(name.lower() in ("consenttype", "approleid") for name in own):
        own += of_grants
    return [*own, *sorted(trust)] if trust == _TRUST else own


def of(members: Mapping[str, Element]) -> list[str]:
    """As `found`, of an object whose values are not decoded: containers are not opened."""
    return found((name, _glimpse(element)) for name, element in members.items())


def _glimpse(element: Element) -> Any:
    if element.is_array:
        return [{"restrictionType": None}] if _RESTRICTION in element.raw[element.start : min(element.end, element.start + 1000)] else [{}]
    return {} if element.is_object else element.value()


def bears(value: Any) -> bool:
    """Whether an object of ours stands anywhere in a decoded value, or in a JSON text within it."""
    import json

    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            if len(found(one.items())) >= ENOUGH:
                return True
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
        elif isinstance(one, str) and _TEXT.match(one):
            try:
                stack.append(json.loads(one))
            except (ValueError, RecursionError):
                continue
    return False
