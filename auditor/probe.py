"""What Microsoft Graph answers, without what it says: which properties came, and of what form their values are.

For a bug report of somebody whose tenant we cannot see. A name or a value is shown only where it is Microsoft's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from auditor import __version__
from auditor.errors import UNDECODABLE
from auditor.pattern import late
from auditor.redact import Redactor, is_public
from auditor.sources.graph.live import Answer

_OTHER = "(extension)"
# Microsoft's properties. Those that a tenant adds have an underscore: extension_APPID_name, contoso_courses.
_PROPERTY = late(r"[@A-Za-z][A-Za-z0-9.@]{0,79}")
_CUSTOM = "customSecurityAttributes"  # what is in them is named by the tenant
_ENUMERATED = {  # properties of which Microsoft's values are shown
    "@odata.type", "allowedMemberTypes", "consentType", "disabledByMicrosoftStatus", "groupMembershipClaims", "origin",
    "preferredSingleSignOnMode", "principalType", "servicePrincipalType", "signInAudience", "type", "usage", "userType",
}  # fmt: skip
_FORMS = (
    ("empty text", late(r"\s*")), ("GUID", late(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")),
    ("date and time", late(r"\d{4}-\d\d-\d\dT.*")), ("URI", late(r"[A-Za-z][A-Za-z0-9+.-]*://.*")),
)  # fmt: skip


class Probed(msgspec.Struct):
    """What came of one call."""

    call: str
    """As `regaudit permissions` prints it, without IDs."""
    collection: str
    """What it reads."""
    answer: str
    """object; empty, where there is none; refused."""
    reason: str | None
    """Why it is refused."""
    properties: dict[str, dict[str, int]]
    """Property, `[]` for the elements of a list -> form of its values, or a value that is Microsoft's -> number."""


class Probe(msgspec.Struct):
    """The shape of a tenant's answers."""

    regaudit: str
    """Our version."""
    calls: list[Probed]
    """One for each call of the plan."""


def probe(answers: Iterable[Answer]) -> Probe:
    """The shapes of what Microsoft Graph answered."""
    redactor = Redactor()
    return Probe(__version__, [_probed(answer, redactor) for answer in answers])


def lines(probe: Probe) -> list[str]:
    """As people read it."""
    out = [f"Shapes of what Microsoft Graph answers, for regaudit {probe.regaudit}: no names, no IDs, no values of the tenant."]
    for one in probe.calls:
        out += ["", one.call, f"  {one.answer}" + (f": {one.reason}" if one.reason else "")]
        for name, forms in one.properties.items():
            shown = ", ".join(form if count == 1 else f"{form} ({count})" for form, count in forms.items())
            out.append(f"  {name}: {shown}")
    return out


def _probed(answer: Answer, redactor: Redactor) -> Probed:
    found = Probed(answer.call.shown, answer.call.collection, "empty", None, {})
    if answer.refused:
        found.answer, found.reason = "refused", redactor.text(answer.refused)
        return found
    try:
        value = msgspec.json.decode(answer.body) if answer.body else None
    except UNDECODABLE:
        found.answer = "not JSON"
        return found
    if isinstance(value, dict) and isinstance(value.get("value"), list):
        value = value["value"][0] if value["value"] else None
    if value is not None:
        found.answer = "object"
        forms: dict[str, Counter[str]] = {}
        _look(value, "", forms)
        found.properties = {name: dict(counts) for name, counts in sorted(forms.items())}
    return found


def _look(value: Any, path: str, forms: dict[str, Counter[str]]) -> None:
    if path:
        forms.setdefault(path, Counter())[_form(value, _last(path))] += 1
    if isinstance(value, dict):
        for name, member in value.items():
            shown = name if _PROPERTY.fullmatch(name) else _OTHER
            _look({} if name == _CUSTOM else member, f"{path}.{shown}" if path else shown, forms)
    elif isinstance(value, list):
        for one in value:
            _look(one, f"{path}[]", forms)


def _last(path: str) -> str:
    """The property that a path ends in."""
    return next((name for name in _ENUMERATED if f".{path}".rstrip("[]").endswith(f".{name}")), "")


def _form(value: Any, name: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, list):
        return "list" if value else "empty list"
    if isinstance(value, dict):
        return "object" if value else "empty object"
    if name in _ENUMERATED and is_public(value):
        return repr(value)
    return next((form for form, pattern in _FORMS if pattern.fullmatch(value)), "text")
