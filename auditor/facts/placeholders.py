"""What the file of a connector leaves to others: placeholders for whoever uses it, values of each connection or environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from auditor.facts.convert import Conversion, text
from auditor.pattern import late
from auditor.unknown import Unknown

# "<<Enter your client ID>>", "[[DUMMY]]", "{{ client id }}", "****ID****", "@@id@@", "@connectionParameters('scope')",
# "Enter_the_Application_Id_Here", "https://YourApplicationIDURI", a GUID of zeros, "resource-id", "__TenantId__".
_PLACEHOLDER = late(
    r"[<>{}\[\]*@$%]|^(?:0+-)+0+$|placeholder|dummy|^enter[ _]|^your[ _]?|yourapp|replace|^(?:client|tenant|resource|app)[-_ ]?id$"
    r"|^__.+__$|^todo\b|^tbd$",
    re.IGNORECASE,
)
# Of the identity platform itself: no API's scopes.
PROTOCOL_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
_ENVIRONMENT_VARIABLE = late(r"@\{?environmentvariables\(\s*['\"]?([\w.-]{1,100})", re.IGNORECASE)

_EXPRESSION = late(r"@(?:\{\s*)?environmentvariables\(\s*['\"]([\w.-]{1,100})['\"]\s*\)(?:\s*\})?", re.IGNORECASE)


def is_placeholder(value: str) -> bool:
    """Whether a text is there to be replaced by whoever uses the file."""
    return _PLACEHOLDER.search(value) is not None


def from_elsewhere(value: str) -> str:
    """Why the value of an expression ("@connectionParameters('scope')") is not in the file; '' for a value."""
    if value.lower().startswith("@connectionparameters("):
        return "each connection brings its own"
    found = _ENVIRONMENT_VARIABLE.search(value)
    return f"it comes from the environment variable {found[1]}" if found else ""


def with_variables(value: str, variables: Mapping[str, str]) -> str:
    """A text with the values of environment variables in place of the expressions that name them (names in lower case)."""
    return _EXPRESSION.sub(lambda found: variables.get(found[1].lower(), found[0]), value)


def filled_in(name: str, then: Conversion = text) -> Conversion:
    """The conversion of a text that the file may leave to each connection or environment: then it is unknown."""

    def convert(value: Any) -> Any:
        why = from_elsewhere(value) if isinstance(value, str) else ""
        return Unknown(name, why) if why else then(value)

    return Conversion(str, convert)


def address(name: str) -> Conversion:
    """As `filled_in`, for a URL: unknown, too, where a placeholder stands for the whole of it."""
    otherwise = filled_in(name)

    def convert(value: Any) -> Any:
        whole = isinstance(value, str) and "://" not in value and is_placeholder(value) and not from_elsewhere(value)
        return Unknown(name, "a placeholder") if whole else otherwise(value)

    return Conversion(str, convert)
