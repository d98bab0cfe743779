"""Policies of Power Platform connectors: what they send with every request, of which only keys matter here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from auditor.entra.ids import is_guid
from auditor.pattern import late
from auditor.pointer import join
from auditor.sources.element import Element
from auditor.sources.formats.base import Converted, Members, Piece
from auditor.sources.formats.graph import stands_in

_PARAMETER = "x-ms-apimTemplateParameter."
_NAMES_A_KEY = late(r"key|auth|token|secret|passw|credential|cookie|session", re.IGNORECASE)
# Names that bear nothing but a key. Under others (X-Auth-Provider, api-key-version) many things stand, and only what looks made up is one.
_IS_A_KEY = late(
    r"(?:proxy-)?authorization|(?:[a-z0-9]+[-_])*(?:api|app|access|auth|client|function|functions|account|shared|secret|subscription)?"
    r"[-_]?(?:key|token|secret|password)",
    re.IGNORECASE,
)
_MADE_UP = late(r"(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9+_~]{16,}")
_EXPRESSION = late(r"@(?:\{|[A-Za-z]+\()")
_SCHEME = late(r"(?:bearer|basic|apikey|token|sharedkey|sharedaccesssignature)\s+", re.IGNORECASE)
_LEAST_KEY = 16  # characters: what is shorter is a version, a name


def is_policy(members: Members) -> bool:
    """A policy of a connector, of apiProperties.json or of a solution's policytemplateinstances."""
    return "templateId" in members and "parameters" in members and members["parameters"].is_object


def pieces(policy: Element) -> Iterator[Piece]:
    """A key that a policy sends with every request, as a header or a query parameter of such a name.

    It is read as a connector of a kind of its own, which has nothing but the form of that key. What a connection brings is none.
    """
    parameters = policy.members()["parameters"].members()
    name, value = (parameters.get(_PARAMETER + word) for word in ("name", "value"))
    if name is None or value is None or not name.is_text or not value.is_text or not _NAMES_A_KEY.search(str(name.value())):
        return
    if _is_key(str(name.value()).strip(), _SCHEME.sub("", str(value.value()).strip(), count=1)):
        yield Piece(policy, "connector", _key_of)


def _is_key(name: str, value: str) -> bool:
    """Whether a value that is sent under a name is a key, and neither an expression nor a placeholder."""
    is_guid_key = is_guid(value.lower()) is not None and len(set(value)) > 2  # APIs of others give out GUIDs; one of zeros is a placeholder
    if len(value) < _LEAST_KEY or _EXPRESSION.search(value) is not None or (stands_in(value) and not is_guid_key):
        return False
    return _IS_A_KEY.fullmatch(name) is not None or is_guid_key or _MADE_UP.search(value) is not None


def _key_of(policy: dict[str, Any]) -> Converted:
    out = Converted()
    out.put("kind", "policy", "")
    out.put("identityProvider", "", "")
    out.put("secretForm", "other", f"/parameters{join(_PARAMETER + 'value')}")
    return out
