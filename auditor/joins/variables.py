"""Environment variables of Power Platform solutions: what connectors leave to them, where the solution's files say it.

A variable has a value, in the file of the solution or in the settings of a deployment, or the default of its definition. What two files
say differently is not known: they are of two environments.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from auditor.display import bare_uri
from auditor.entra.collections import CONNECTOR_PARTS
from auditor.entra.shapes import ConnectorPart
from auditor.facts.placeholders import is_placeholder, with_variables
from auditor.sources import Document


def is_variable(document: Document) -> bool:
    return document.kind == CONNECTOR_PARTS.kind and isinstance(document.data, ConnectorPart) and bool(document.data.variable)


def variables(documents: Iterable[Document]) -> dict[str, str]:
    """Name in lower case -> value, over the whole input: names begin with their publisher's prefix."""
    said: dict[str, tuple[set[str], set[str]]] = {}
    for document in documents:
        part = document.data
        values, defaults = said.setdefault(part.variable.lower(), (set(), set()))
        for said_of_it, value in ((values, part.value), (defaults, part.default)):
            if isinstance(value, str) and value and not is_placeholder(value):  # a pipeline fills "#{TenantId}#" in
                said_of_it.add(value)
    return {name: next(iter(counts)) for name, (values, defaults) in said.items() if len(counts := values or defaults) == 1}


_URLS = ("login_uri", "authorization_url", "token_url", "refresh_url")


def fill_in(data: Any, values: dict[str, str]) -> None:
    """Puts the values of variables into what was read of a connector; never secrets, nor users and queries of URLs."""
    from auditor.sources.formats.connector import client_id

    for field in msgspec.structs.fields(data):
        value = getattr(data, field.name)
        if value.__class__ is str and (filled := with_variables(value, values)) != value:
            held = client_id(filled) if field.name == "client_id" else bare_uri(filled) if field.name in _URLS else filled
            setattr(data, field.name, held)
        elif value.__class__ is list:
            setattr(data, field.name, [with_variables(one, values) if one.__class__ is str else one for one in value])
