"""The tokens that were sent, and how they are kept out of everything that is printed or written. No SDK here.

Whoever answers may repeat them: an error's text, a proxy's page, a link. They are looked for by themselves, since not every token looks
like one.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from itertools import groupby
from urllib.parse import unquote

from auditor import display

_HIDDEN = "(token)"
_PIECE = 12  # characters in a row that are shown of no token: errors cut what they repeat
_SHORTEST = 6  # characters: what is shorter is a word
_LOOKED_AT = 20_000  # characters of a text, of which few are shown
_NESTED = 5  # encodings within encodings
_ESCAPE = re.compile(r"\\(?:u00([0-9a-fA-F]{2})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
# Characters of tokens that JSON's text escapes though nobody has to.
_NEEDLESS = re.compile(rb"\\(?:u00(2[bdefBDEF]|3[0-9dD]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE])|.)", re.DOTALL)
_ANY_NEEDLESS = re.compile(rb"\\u00(?:2[bdefBDEF]|3[0-9dD]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE])")
# Letters in one case, both alphabets of base64 the same.
_FOLDED: dict[int, int | str] = {**{n: n + 32 for n in range(ord("A"), ord("Z") + 1)}, ord("-"): "+", ord("_"): "/"}
_sent: dict[str, tuple[str, ...]] = {}  # token -> it, and what base64 makes of it wherever it begins


def sent(token: str) -> None:
    """Notes a token that is about to be sent."""
    if token not in _sent and len(token) >= _SHORTEST:
        _sent[token] = (token, *(b64encode(b" " * shift + token.encode()).decode()[4:-4] for shift in range(3)))


def redacted(text: str) -> str:
    """A text of somebody else as we may print it: no token, one line, short."""
    return display.redacted(without(text, (form for forms in _sent.values() for form in forms)))


def without(text: str, secrets: Iterable[str]) -> str:
    """A text without these secrets and the pieces of them, however they are encoded. It is decoded only where that shows one."""
    pieces = {piece for secret in secrets for piece in _pieces(secret.translate(_FOLDED))}
    text = shown = text[:_LOOKED_AT]
    for _ in range(_NESTED if pieces else 0):
        hidden = _without_pieces(text, pieces)
        if hidden != text:
            text = shown = hidden
        decoded = _decoded(text)
        if decoded == text:
            break
        text = decoded
    return shown


def without_tokens(raw: bytes) -> bytes:
    """An answer in JSON without the tokens that were sent. What does not hold one stays as it is."""
    plain = _NEEDLESS.sub(lambda found: bytes([int(found[1], 16)]) if found[1] else found[0], raw) if _ANY_NEEDLESS.search(raw) else raw
    held = plain
    for token in _sent:
        for form in (token.encode(), token.replace("/", "\\/").encode()):
            if form in held:
                held = held.replace(form, _HIDDEN.encode())
    return raw if held is plain else held


def _pieces(secret: str) -> Iterable[str]:
    size = min(_PIECE, len(secret))
    return (secret[i : i + size] for i in range(len(secret) - size + 1)) if size >= _SHORTEST else ()


def _without_pieces(text: str, pieces: set[str]) -> str:
    folded, sizes = text.translate(_FOLDED), {len(piece) for piece in pieces}
    covered = bytearray(len(text))
    for size in sizes:
        for i in range(len(text) - size + 1):
            if folded[i : i + size] in pieces:
                covered[i : i + size] = b"\1" * size
    runs = groupby(zip(text, covered, strict=True), key=lambda pair: pair[1])
    return "".join(_HIDDEN if hidden else "".join(character for character, _ in run) for hidden, run in runs)


def _decoded(text: str) -> str:
    from html import unescape

    return unquote(unescape(_ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)) if found[3] is None else found[3], text)))
