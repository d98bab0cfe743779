"""A fix that is written once for a rule, and filled in with what a finding knows."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from auditor.display import NOTHING, is_pasted


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a value goes in a template."""

    placeholder: str
    """Stands for a value that is not known, or that a shell could obey within a command: APP-ID."""
    member: str | None = None
    """The member of the finding or of its object that has the value; null: it is in the finding's `values`."""


class Template(msgspec.Struct, frozen=True):
    """Markdown with places in braces, `az ad app delete --id {app.app_id}`. Commands are between backticks."""

    text: str
    """Markdown, with a place between braces wherever a value goes."""
    places: dict[str, Place] = {}
    """What stands between the braces -> where its value comes from."""

    def __hash__(self) -> int:
        return hash(self.text)

    def filled(self, values: Mapping[str, str | None]) -> str:
        """The text with these values, by what stands between the braces. Braces that are no place stay."""
        if not self.places:
            return self.text
        names = "|".join(re.escape(name) for name in sorted(self.places, key=len, reverse=True))
        # Every second part is the name of a place. Between an odd backtick and the next one is a command.
        parts = re.split("{(" + names + ")}", self.text)
        out, inside = [], False
        for text, name in zip(parts[::2], [*parts[1::2], ""], strict=True):
            inside ^= text.count("`") % 2 == 1
            out.append(text)
            if name:
                value, placeholder = values.get(name), self.places[name].placeholder
                known = value is not None and (not inside or (value != NOTHING and is_pasted(value)))
                out.append(value if known and value is not None else placeholder)
        return "".join(out)
