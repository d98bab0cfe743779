"""JSON that goes into a command: no shell obeys anything of it, and it still means what it says.

Texts are written with \\u escapes for all that any shell could obey, quotes among them, so that a body stands between single quotes in
bash and PowerShell, and behind `echo` in cmd.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from auditor.display import hides, is_pasted, iso
from auditor.pattern import late
from auditor.unknown import Partial, Unknown

_LONGEST = 512  # characters; Microsoft Graph takes no longer URI or name
_PLAIN = late(r"[A-Za-z0-9 ._~:/]|(?<=[A-Za-z0-9])-(?=[A-Za-z0-9])")  # with the hyphens of a placeholder


def escaped(text: str) -> str:
    """A text as it stands between the quotes of a JSON string. The first character is a letter or a digit, or escaped."""
    if is_pasted(text):
        return text
    return "".join(c if _PLAIN.match(text, i) and (i or c.isalnum()) else _escape(c) for i, c in enumerate(text))


def _escape(char: str) -> str:
    return json.dumps(char)[1:-1] if ord(char) > 0x7F else f"\\u{ord(char):04x}"


def text(value: Any, form: str = "") -> str | None:
    """A fact within a JSON string; None where it is not known, or where it may hold a secret."""
    found = _json(value, form)
    if not isinstance(found, (str, int)) or isinstance(found, bool) or not _may_be_written(found):
        return None
    return escaped(str(found))


def value(value: Any, form: str = "") -> str | None:
    """A fact as a JSON value; None where it is not known as a whole."""
    found = _json(value, form)
    if isinstance(found, list):
        shown = elements(value)
        return None if shown is None else f"[{shown}]"
    if isinstance(found, (bool, int)):
        return json.dumps(found)
    shown = text(value, form)
    return None if shown is None else f'"{shown}"'


def elements(values: Any, before: str = "") -> str | None:
    """The values of a list as elements of a JSON array, each behind `before` or, without it, behind a comma but for the first.

    None where one is not known, or may not be written.
    """
    found = _json(values)
    if not isinstance(found, list) or not all(map(_may_be_written, found)):
        return None
    shown = [dump(one) for one in found]
    return "".join(before + one for one in shown) if before else ", ".join(shown)


def _may_be_written(value: Any) -> bool:
    """Whether a value is known, of a length that a real one may have, and holds no secret."""
    return not (len(value) > _LONGEST or hides(value)) if isinstance(value, str) else value is not None


def _json(value: Any, form: str = "") -> Any:
    """What of a fact can stand in JSON; None for what is null or not known."""
    if value.__class__ in (Unknown, Partial):
        return None
    if isinstance(value, datetime):
        shown = iso(value)
        return shown[:10] if form == "date" and shown else shown
    if isinstance(value, (list, tuple)):
        return None if any(one.__class__ is Unknown for one in value) else [_json(one) for one in value]
    return value if isinstance(value, (bool, int, str)) else None


def dump(value: Any) -> str:
    """JSON on one line."""
    return "".join(tokens(value))


def tokens(value: Any) -> Iterator[str]:
    """JSON in pieces, between which a line may end."""
    if isinstance(value, str):
        yield f'"{escaped(value)}"'
    elif isinstance(value, dict):
        for i, (key, member) in enumerate(value.items()):
            yield f'{", " if i else "{"}"{escaped(key)}": '
            yield from tokens(member)
        yield "}" if value else "{}"
    elif isinstance(value, list):
        yield "["
        for i, member in enumerate(value):
            if i:
                yield ", "
            yield from tokens(member)
        yield "]"
    else:
        yield json.dumps(value)
