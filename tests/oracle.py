"""What a file holds, seen without regaudit: JSON and regular expressions only. Nothing here imports `auditor`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
LISTS = ("redirecturis", "replyurls", "url")
Seen = set[tuple[str, str]]


def seen(text: str, today: str) -> tuple[Seen, Seen]:
    """Pairs of app id and expired secret's key id, and of app id and http redirect URI. Members are found in any casing, at any depth."""
    expired: Seen = set()
    plain: Seen = set()
    for app, members in registrations(json.loads(text)):
        for secret in members.get("passwordcredentials") or []:
            low = {name.lower(): value for name, value in secret.items()} if isinstance(secret, dict) else {}
            if low.get("enddatetime", "9") < today:
                expired.add((app, low["keyid"]))
        for name, uri in strings(members):
            if name in LISTS and re.match(r"http://(?!localhost|127\.|\[::1\])", uri, re.IGNORECASE):
                plain.add((app, uri))
    return expired, plain


def registrations(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        members = {name.lower(): item for name, item in value.items()}
        if GUID.match(str(members.get("appid"))) and {"web", "spa", "passwordcredentials"} & members.keys():
            yield members["appid"], members
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from registrations(item)
    elif isinstance(value, str) and value[:1] in "{[":
        yield from registrations(json.loads(value))


def strings(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Texts and the member that holds each, but for those of a registration within."""
    for key, item in value.items() if isinstance(value, dict) else ((name, item) for item in value):
        if isinstance(item, str):
            yield key.lower(), item
        elif isinstance(item, list) or (
            isinstance(item, dict) and not any(GUID.match(str(item[id_])) for id_ in item if id_.lower() == "appid")
        ):
            yield from strings(item, key.lower())
