"""How values read in messages and reports. Nothing that comes out of here is obeyed by a terminal, a CI log or a spreadsheet.

Names and URIs are chosen by whoever registers an application, so they are hostile until `clean` has seen them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache, lru_cache
from itertools import islice
from typing import Any

import msgspec

from auditor.pattern import late
from auditor.unknown import Partial, Unknown

_encode = msgspec.json.Encoder().encode
MAX_LENGTH = 200
LISTED = 5
NOTHING = "none"  # an empty list
# Within a command: no shell obeys it, and no program takes it for an option or for the name of a file to read. (On Windows, az is a batch
# file, in which even a quoted % counts.)
_HARMLESS = late(r"[A-Za-z0-9][A-Za-z0-9._~:/-]{0,255}")
# Azure Pipelines obeys "##vso[" and "##[" anywhere in a line, GitHub Actions "::" at its start.
_COMMAND = late(r"##(?=\[|vso\[)", re.IGNORECASE)
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the full-width ones are obeyed, too
# What JSON may hold and a CI log or a terminal would obey: command prefixes, and characters that move the cursor or turn the line round.
_OBEYED = late(
    rb"##|\x7f|\xc2[\x80-\x9f\xad]|\xd8[\x80-\x85\x9c]|\xdb\x9d|\xdc\x8f|\xe1\xa0\x8e|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]"
    rb"|\xef\xbb\xbf|\xef\xbf[\xb9-\xbb]|\xf3\xa0[\x80\x81][\x80-\xbf]"
)
# Where secrets travel: tokens, client secrets as Entra ID makes them, keys; and of a URI user and password, query and fragment.
# The value of a client secret, as Entra ID has made them since 2021: three characters, a digit, "Q~", and the rest of forty.
_GENERATED = r"[\w~.-]{3}\dQ~[\w~.-]{31,}"
_SURE = rf"\bey[A-Za-z0-9_-]{{8,}}(?:\.[A-Za-z0-9_-]*)+|{_GENERATED}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*"
_TOKEN = late(_SURE + r"|(?i:bearer)\s+\S+|(?i:client_secret|client_assertion|access_token)=[^&\s]+")
# Within names, which may speak of bearers.
_SURE_TOKEN = late(_SURE + r"|(?i:bearer)\s+(?=\S*\d)\S{16,}")
_URI = late(r"\s*[A-Za-z][A-Za-z0-9+.-]*:[/\\]{2}")
_SCHEME = late(r"\s*[A-Za-z][A-Za-z0-9+.-]*:(?=\S)")
_USER = late(r"^(\s*(?:[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]*)[^/\\?#]+@")  # not the @ that a placeholder begins with
_BARE = late(r"^([A-Za-z][A-Za-z0-9+.-]*://)?[^/]+@")
_USER_WITHIN = late(r"([/\\]{2})[^\s/\\?#]+@")
_AUTHORITY = late(r":[/\\]{2}")
# me:password@host, with or without a scheme; what stands before an address of e-mail is a kind of it.
_USER_OF_WORD = late(r"""^(['"(\[{<,]*(?:[A-Za-z][A-Za-z0-9+.-]*:(?=[^/\\?#]*:))?)(?!(?:mailto|smtp|sips?):)[^/\\?#:]+:[^/\\?#]+@""", re.I)
# The subject of a token of GitHub's names owner and repository with their IDs: no password stands before these "@".
_SUBJECT = late(r"""['"(\[{<,]*repo:[\w.-]+@\d+/[\w.-]+@\d+(?=:|['"\])}>.,;]*$)""")
_QUOTED_URI = late(r"""(['"])([A-Za-z][A-Za-z0-9+.-]{0,40}:[/\\]{2}[^'"]{0,4000})\1""")
_WORD = late(r"\S+")
_HIDDEN = late(r"[?#](?!…)")
# A host without a scheme. Names ("Contoso.Web#2") are seldom in one case throughout, guests' ("a_contoso.com#EXT#@b.com") have a "_".
_HOST = late(r"""['"(\[{<,]*(?:\*\.)?[A-Za-z0-9-]+(?:(?:\.[A-Za-z0-9-]+)+(?::\d+)?|:\d+)""")
_BEGINS = late(r"\s+(?=[=+@:#%!|>-])")  # no line: a CI log or a spreadsheet would obey it
KEPT = "\0"  # stands for a blank at which `wrapped` breaks no line
_CLOSING = late(r"""['"\])}>.,;:]*$""")


def clean(value: str, limit: int = MAX_LENGTH) -> str:
    """A hostile text on one line, of which no terminal or CI log obeys anything, cut at `limit` characters. What URIs in it hide
    (user and password, query, fragment) is not shown, nor is a token or the value of a client secret.
    """
    if not value.isprintable():  # first: what a line break cuts in two is one URI
        value = _visible(value)
    if _has_mark(value):
        value = _without_secrets(value)
    if _may_hold_token(value):
        value = _SURE_TOKEN.sub(lambda found: "(client secret)" if "Q~" in found[0] else "(token)", value)
    return harmless(value, limit)


def _has_mark(value: str) -> bool:
    """Whether a text has what begins the parts of a URI that are not shown, or ends the first of them."""
    return "?" in value or "@" in value or "#" in value


def _may_hold_token(value: str) -> bool:
    """Whether it is worth a search for `_SURE_TOKEN`, which takes much longer."""
    return "ey" in value or "Q~" in value or "-----" in value or "earer" in value.lower()


def holds_secret(value: str) -> bool:
    """Whether a text has the value of a client secret in it, by its form."""
    return "Q~" in value and re.search(_GENERATED, value) is not None


def harmless(value: str, limit: int = MAX_LENGTH) -> str:
    """A text of our own, or the name of a file: control and formatting characters replaced, CI commands broken, cut."""
    if value.isprintable() and len(value) <= limit and "#" not in value and value[:1] not in (":", " "):
        return value
    if len(value) > limit:
        value = value[: limit + 1]  # enough to see that it was longer
    if not value.isprintable():
        value = _visible(value)
    if "##" in value:
        value = _COMMAND.sub("# #", value)
    if value.lstrip()[:2] == "::":
        value = value.replace("::", ": :", 1)
    return value if len(value) <= limit else value[: limit - 1] + "…"


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _without_secrets(text: str) -> str:
    """A text without what URIs in it hide."""
    if _URI.match(text) and not any(c.isspace() for c in text.strip()):
        return hidden(text)
    if "'" in text or '"' in text:
        text = _QUOTED_URI.sub(lambda found: found[1] + hidden(found[2]) + found[1], text)
    text = _USER_WITHIN.sub(r"\1…@", text)
    uri = _AUTHORITY.search(text)
    begins = uri.start() if uri else len(text)
    return _WORD.sub(lambda word: _bare_word(word[0], within=word.end() > begins), text)


def _bare_word(word: str, *, within: bool) -> str:
    """A word without what the URI hides that it is, or that began before it. A name may have a mark in it."""
    if "@" in word and not _SUBJECT.match(word):
        word = _USER_OF_WORD.sub(r"\1…@", word)
    first = _HIDDEN.search(word)
    if first is None:
        return word
    rest = word[first.end() :]
    end = _CLOSING.search(rest)
    closing = end[0] if end else ""
    query, before = word.find("?"), word[: max(0, word.rfind("?"))]
    of_a_uri = (
        within
        or (query >= 0 and ("=" in word[query:] or any(c in before for c in ":/.\\")))
        or (first[0] == "#" and _is_host_or_path(word[: first.start()]))
    )
    return f"{word[: first.end()]}…{closing}" if of_a_uri and len(rest) > len(closing) else word


def _is_host_or_path(text: str) -> bool:
    """Whether what stands before a "#" makes a fragment of what follows: "C#" and "a#b" are names."""
    text = text.rpartition("…@")[2]  # a user that is hidden already: a host follows
    return "/" in text or "\\" in text or (text in (text.lower(), text.upper()) and _HOST.fullmatch(text) is not None)


def hidden(uri: str) -> str:
    """A URI as it may be shown: that it has a user, a query or a fragment, but not which."""
    if not _has_mark(uri):
        return uri
    if not _SUBJECT.match(uri):
        uri = _USER.sub(r"\1…@", uri)
    mark = _HIDDEN.search(uri)
    if mark is None or mark.end() == len(uri):
        return uri
    fragment = "#…" if mark[0] == "?" and "#" in uri[mark.end() :] else ""
    return f"{uri[: mark.end()]}…{fragment}"


def redacted(text: str) -> str:
    """A text of somebody else, an error's, as we may print it: no token, one line, short."""
    return clean(_TOKEN.sub("(token)", text), 300)


def clean_or_none(value: Any) -> str | None:
    """A text as a row of a report has it; None where it is not known, null or empty."""
    return show(value) if isinstance(value, str) and value else None


def clean_lines(text: str, limit: int = 2000, *, line_of: Callable[[str, int], str] = harmless) -> str:
    """Each line of a text of our own made harmless, of another's `clean`; what indents it stays."""
    lines = (line.expandtabs(4).rstrip() for line in text.split("\n"))
    return "\n".join(line[: len(line) - len(line.lstrip(" "))] + line_of(line.lstrip(" "), limit) for line in lines)


def told(error: object, limit: int) -> str:
    """An error or a note with its place. The name of a file is shown as it is, so that it can be found."""
    place, message = getattr(error, "place", ""), str(error)
    if not place or not message.startswith(place):
        return clean(message, limit)
    return harmless(place, limit) + clean(message[len(place) :], limit)


def counted(number: int, noun: str) -> str:
    """1,234 checks; 1 check."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def cell(value: str) -> str:
    """A text that is clean, at the start of a line or in a table: no spreadsheet takes it for a formula."""
    return "'" + value if value.lstrip().startswith(FORMULA) and value != "-" else value


def placed(file: str, line: int | None, column: int | None = None) -> str:
    """A place in a file as editors read it; of a file without lines, such as a database, the file alone."""
    return f"{file}:{line}{f':{column}' if column else ''}" if line else file


def as_code(text: str) -> str:
    """A text as code: there Markdown has no markup, no link and no mention, which backslashes would not prevent everywhere."""
    return f"`{cell(harmless(text, 4000)).replace('`', chr(39))}`"


def wrapped(text: str, first: str = "", others: str = "", *, width: int | None = None) -> list[str]:
    """Lines no wider than the terminal; what is one word, such as an address or a subject, is never broken.

    What others chose begins no line.
    """
    import textwrap

    room = max(40, width or columns())
    kept = _BEGINS.sub(KEPT, text)
    lines = textwrap.wrap(kept, room, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False)
    return [line.replace(KEPT, " ") for line in lines] or [first.rstrip()]


def columns() -> int:
    """How wide the terminal is. As `shutil.get_terminal_size` has it, for which Python would import all that it packs archives with."""
    try:
        width = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        width = 0
    if width <= 0 and sys.__stdout__ is not None:
        try:
            width = os.get_terminal_size(sys.__stdout__.fileno()).columns
        except (ValueError, OSError):  # it is closed, or no terminal
            pass
    return width if width > 0 else 80


def escaped(json: bytes) -> bytes:
    """JSON in which nothing stands that a terminal or a CI log obeys."""
    if json.isascii() and b"##" not in json and b"\x7f" not in json:
        return json
    return _OBEYED.sub(_escape, json)


def _escape(found: re.Match[bytes]) -> bytes:
    return b"".join(b"\\u" + unit for unit in found[0].decode("utf-8").encode("utf-16-be").hex(" ", 2).encode().split())


def show(value: Any, form: str = "") -> str:
    """A fact as it reads in a message. `form` is "date" or "days"."""
    kind = value.__class__
    if kind is str:
        return _shown(value)
    if kind is datetime:
        text = _iso(value)
        return text[:10] if form == "date" else f"{text[:10]} {text[11:16]}Z"
    if value is None:
        return "not set"
    if kind is bool:
        return "yes" if value else "no"
    if kind is Unknown:
        return "unknown"
    if kind is timedelta:
        return counted(value.days, "day")
    if _is_listed(kind):
        return _show_list(value)
    return _shown(str(value))


@lru_cache(maxsize=4096)  # a registration's name is in each of its findings
def _shown(value: str) -> str:
    return clean(hidden(value) if _may_hide(value) else value)


@cache
def _is_listed(kind: type) -> bool:
    return hasattr(kind, "__iter__")


def _may_hide(value: str) -> bool:
    """Whether a text is a URI, or what stands at the end of one, that may have a user, a query or a fragment."""
    return _has_mark(value) and (_SCHEME.match(value) is not None or value[0] in "?#")


def hides(value: str) -> bool:
    """Whether a part of a text, where a secret may stand, is not shown."""
    if _has_mark(value) and ((_may_hide(value) and hidden(value) != value) or _without_secrets(value) != value):
        return True
    return _may_hold_token(value) and _SURE_TOKEN.search(value) is not None


def bare_uri(uri: str) -> str:
    """A URI without user, query and fragment, where secrets may stand."""
    return _BARE.sub(r"\1", re.split(r"[?#]", uri, maxsplit=1)[0])


def is_pasted(shown: str) -> bool:
    """Whether no shell obeys a text within a command that somebody will paste."""
    return _HARMLESS.fullmatch(shown) is not None


def pasted(value: Any, placeholder: str) -> str:
    """A value within a command that somebody will paste; the placeholder where it is not known, or where a shell could obey it."""
    if value is None or value.__class__ in (Unknown, Partial) or value == []:
        return placeholder
    shown = show(value)
    return shown if is_pasted(shown) else placeholder


def value_of(value: Any, form: str = "") -> str | None:
    """A value that goes into a fix; None where it is not known."""
    if value.__class__ in (list, Partial):
        known = [item for item in list.__iter__(value) if item.__class__ is not Unknown]
        if value.__class__ is Partial or len(known) < len(value):
            return show(Partial(known, Unknown("", ""))) if known else None
    return None if value.__class__ is Unknown else show(value, form)


def _named(value: Any) -> Any:
    """An element of a list; a fact by the name that tells it from others of its name."""
    return value if value.__class__ in (str, Unknown) else getattr(value, "name_in_list", value)


def _show_list(values: Any) -> str:
    shown, more = (values.known(), True) if values.__class__ is Partial else (values, False)
    text = ", ".join(show(_named(value)) for value in islice(shown, LISTED))
    if len(shown) > LISTED:
        text += f" and {len(shown) - LISTED} more"
    return text + (" and possibly more" if more else "") or NOTHING


def utc(moment: datetime) -> datetime:
    """In UTC; a moment at the edge of the calendar stays in its own offset."""
    if moment.tzinfo is timezone.utc:
        return moment
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:
        return moment


def iso(moment: datetime | None) -> str | None:
    """2026-01-31T00:00:00Z."""
    return None if moment is None else _iso(moment)[:19] + "Z"


def _iso(moment: datetime) -> str:
    """2026-01-31T00:00:00 in UTC, and more; msgspec takes a tenth of the time of `isoformat`."""
    return _encode(utc(moment))[1:-1].decode()
