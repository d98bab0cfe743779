"""ConvertTo-Json of Windows PowerShell 5.1 and PowerShell 7, over the objects of three modules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from auditor.sources.formats.powershell import CUT
from tests.writers import Files, Tenant, Writer
from tests.writers.directory import ALL, of_one_platform, old

_BOM = b"\xff\xfe"
_KEPT_PLURAL = ("KeyCredentials", "PasswordCredentials", "RequiredResourceAccess", "AdditionalProperties")
Write = Callable[[Any], bytes]


def pascal(value: Any) -> Any:
    """The properties of .NET objects, each with what the SDK has no property for."""
    if isinstance(value, list):
        return [pascal(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {name[0].upper() + name[1:]: pascal(item) for name, item in value.items() if "@" not in name}
    # A claim has a property of this name itself.
    return {"AdditionalProperties": {name: item for name, item in value.items() if "@" in name}, **plain}


def singular(value: Any) -> Any:
    """The Az module's names."""
    if isinstance(value, list):
        return [singular(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name if name in _KEPT_PLURAL else re.sub("(?<=[a-z])s$", "", name) if isinstance(item, list) or name in ("OptionalClaims", "Notes") else name:
        singular(item) for name, item in value.items()
    }  # fmt: skip


def seven(value: Any) -> bytes:
    """PowerShell 7, with -Depth 10."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def five(value: Any) -> bytes:
    """Windows PowerShell 5.1, redirected: UTF-16, dates as JavaScript had them, a list of one element as that element."""
    text = json.dumps(_five(value), indent=4).replace("/Date(", "\\/Date(").replace(')/"', ')\\/"')
    text = text.replace('": ', '":  ').replace("'", "\\u0027").replace("<", "\\u003c").replace("&", "\\u0026")
    return _BOM + text.replace("\n", "\r\n").encode("utf-16-le")


def _five(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _one(_five(item)) for name, item in value.items()}
    if isinstance(value, list):
        return [_five(item) for item in value]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
        return f"/Date({int(datetime.fromisoformat(value).timestamp() * 1000)})/"
    return value


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def cut(value: Any) -> bytes:
    """PowerShell 7 without -Depth: what lies deeper than the second level is a text."""
    return seven([{name: _cut(item, 2) for name, item in one.items()} for one in value])


def _cut(value: Any, depth: int) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    if depth == 0:
        return " ".join(map(_text, value)) if isinstance(value, list) else _text(value)
    if isinstance(value, list):
        return [_cut(item, depth - 1) for item in value]
    return {name: _cut(item, depth - 1) for name, item in value.items()}


def _text(value: Any) -> str:
    return "Microsoft.Graph.PowerShell.Models.MicrosoftGraphX" if isinstance(value, dict) else str(value)


def _files(shape: Callable[[Any], Any], write: Write) -> Callable[[Tenant], Files]:
    return lambda tenant: {f"{name}.json": write(shape(items)) for name, items in tenant.items()}


def _az(items: Any) -> Any:
    return singular(pascal(items))


def azuread(write: Write) -> Callable[[Tenant], Files]:
    kinds = {"applications": "Application", "servicePrincipals": "ServicePrincipal"}
    return lambda tenant: {
        f"{name}.json": write(
            [{key: item for key, item in pascal(old(kinds[name], one)).items() if key != "AdditionalProperties"} for one in items]
        )
        for name, items in tenant.items()
    }


GRAPH, AZ, AZUREAD = "Microsoft Graph PowerShell", "Az PowerShell", "AzureAD PowerShell"
TWO = ("applications", "servicePrincipals")
WRITERS = [
    Writer("mg-7", GRAPH, _files(pascal, seven), ALL),
    Writer("mg-5.1", GRAPH, _files(pascal, five), ALL, frozenset({CUT})),
    Writer("mg-cut", GRAPH, _files(pascal, cut), ALL, frozenset({CUT})),
    Writer("az-7", AZ, _files(_az, seven), TWO),
    Writer("az-5.1", AZ, _files(_az, five), TWO, frozenset({CUT})),
    Writer("azuread-7", AZUREAD, azuread(seven), TWO, fitting=of_one_platform),
    Writer("azuread-5.1", AZUREAD, azuread(five), TWO, frozenset({CUT}), fitting=of_one_platform),
]
