"""What people read: hostile names on one harmless line, and values as they are spoken of."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auditor.display import LISTED, MAX_LENGTH, cell, clean, escaped, iso, pasted, redacted, show, told, utc, value_of
from auditor.sources import Note
from auditor.unknown import Partial, Unknown

HOSTILE = [
    "\x1b[2J",
    "\x00",
    "\r",
    "\n",
    "\t",
    "\x7f",
    "\x85",
    "\x9b",
    "\u202e",
    "\u2066",
    "\u2069",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\u2029",
    "\U000e0041",
]
COMMANDS = ["::", "::error::x", "##vso[task.setvariable]", "##[error]", "##VSO[x", "###[", "#", ":", "[", "vso[", " ", "\u3000"]
TEXTS = st.lists(st.one_of(st.text(max_size=8), st.sampled_from(HOSTILE + COMMANDS)), max_size=8).map("".join)
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, format (bidi, zero width, tags), surrogate, private, unassigned, separators


@settings(deadline=None)
@given(TEXTS)
@example(" ::error::x")
@example("a\n::error::x")
@example("\u202e::add-mask::x")
@example("##vso[task]##[x]")
def test_nothing_hostile_comes_through(value: str) -> None:
    shown = clean(value)
    assert not {unicodedata.category(c) for c in shown} & UNSEEN
    assert len(shown.splitlines()) <= 1
    assert not re.search(r"##(vso)?\[", shown, re.IGNORECASE)
    assert not shown.lstrip().startswith("::")


@settings(deadline=None)
@given(TEXTS)
def test_cleaning_twice_changes_nothing_more(value: str) -> None:
    assert clean(clean(value, 1000), 1000) == clean(value, 1000)


@settings(deadline=None)
@given(st.text(min_size=MAX_LENGTH + 1, max_size=MAX_LENGTH + 50, alphabet="aé字 -"))
def test_a_long_text_is_cut_and_says_so(value: str) -> None:
    shown = clean(value)
    assert shown == value[: MAX_LENGTH - 1] + "…"
    assert clean(shown) == shown


@pytest.mark.parametrize(
    "plain",
    [
        "Payroll",
        "",
        "Größe 字 😀",
        "https://a.contoso.com:8443/cb",
        "Who? Me",
        "Payroll?2024",
        "Contoso.Web#2",
        "C#",
        "a#b",
        "guest_fabrikam.com#EXT#@contoso.onmicrosoft.com",
        "C#/F#",
        "R&D/C# team",
        "CI/CD #1",
        "Bearer token API",
        "me@contoso.com",
        "@Microsoft.KeyVault(x)",
        "1+1=2",
        "# 1 in sales",
        "C# [new]",
        "a::b",
        "urn:ietf:wg:oauth:2.0:oob",
        " padded",
    ],
)
def test_an_ordinary_name_reads_as_it_is(plain: str) -> None:
    assert clean(plain) == plain


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("https://a.contoso.com:8443/cb?x=1#f", "https://a.contoso.com:8443/cb?…#…"),
        ("https://me:Passw0rd@a.contoso.com/cb", "https://…@a.contoso.com/cb"),
        ("https://a@b:c@d.com/?", "https://…@d.com/?"),
        ("HTTPS:\\\\me:Passw0rd@d.com?s", "HTTPS:\\\\…@d.com?…"),
        ("https://a.com/cb#access_token=s", "https://a.com/cb#…"),
        ("https://a.com/cb?s=with blanks in it", "https://a.com/cb?…"),
        ("?s=x", "?…"),
        ("a.contoso.com/cb?s", "a.contoso.com/cb?…"),
        ("xn--e1a.contoso.com/#s", "xn--e1a.contoso.com/#…"),
        ("a.contoso.com/cb#/a?s", "a.contoso.com/cb#…"),
        ("(*.contoso.com\\cb#s).", "(*.contoso.com\\cb#…)."),
        ("a.contoso.com#s", "a.contoso.com#…"),
        ("10.0.0.1#s", "10.0.0.1#…"),
        ("see LOCALHOST:8080#s", "see LOCALHOST:8080#…"),
        ("urn:x?s", "urn:x?…"),
        ("see 'https://u:p@a.com/cb?s=1 2' and (https://b.com/?q), then", "see 'https://…@a.com/cb?…' and (https://b.com/?…), then"),
        ("https://a.com/\ncb?s=\n1", "https://a.com/\ufffdcb?…"),
        ("token eyJ0eXAiOiJKV1Qi.eyJhdWQi.c2ln", "token (token)"),
        ("ci abc8Q~defghijklmnopqrstuvwxyz.0123456789_- of May", "ci (client secret) of May"),
        ("-----BEGIN RSA PRIVATE KEY----- MIIE", "(token)"),
        ("Q~ -----BEGIN CERTIFICATE-----", "Q~ -----BEGIN CERTIFICATE-----"),
        ("Authorization: Bearer abcdefghij0123456789", "Authorization: (token)"),
        ("https://me:" + "Passw0rd" * 100 + "@a.com/cb", "https://…@a.com/cb"),
    ],
)
def test_what_a_uri_hides_is_not_shown(value: str, shown: str) -> None:
    assert show(value) == shown
    assert show(shown) == shown


@settings(deadline=None)
@given(
    before=st.sampled_from(["https://", "HTTP://", "https:\\\\", "msauth.x://", "api://", "see 'https://", "(https://", "a, https://"]),
    user=st.sampled_from(["", "s3cret@", "u:s3cret@", "s3cret:s3cret@", "a@s3cret@"]),
    path=st.text(st.characters(categories=("L", "N")), max_size=10),
    query=st.sampled_from(["", "?s3cret", "?a=s3cret", "?a=1&b=s3cret", "?a=\u202es3cret", "?a=#s3cret", "#s3cret", "?a=\ns3cret"]),
    after=st.sampled_from(["", "'", ")", " is wrong", "; then"]),
)
def test_no_secret_of_a_uri_comes_through(before: str, user: str, path: str, query: str, after: str) -> None:
    text = f"{before}{user}host.contoso.com/{path}{query}{after}"
    for shown in (clean(text), show(text), show([text]), redacted(text), told(Note(text, "a.json"), 500)):
        assert "s3cret" not in shown


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\uff1d"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert cell(start + "cmd|' /C calc'!A0").startswith("'")
    assert cell("-") == "-"
    assert cell("a=b") == "a=b"


@settings(deadline=None)
@given(TEXTS)
def test_json_is_read_as_it_was_and_holds_nothing_hostile(value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    shown = escaped(json.dumps(value, ensure_ascii=False).encode())
    assert json.loads(shown) == value
    assert b"##" not in shown
    assert not {unicodedata.category(c) for c in shown.decode()} & {"Cc", "Cf", "Zl", "Zp"}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_cannot_be_seen_is_made_visible(hostile: str) -> None:
    assert "\ufffd" in clean(f"Pay{hostile}roll")


DAY = datetime(2026, 1, 31, 12, 30, 15, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (None, "", "not set"),
        (True, "", "yes"),
        (False, "", "no"),
        (7, "", "7"),
        (DAY, "", "2026-01-31 12:30Z"),
        (DAY, "date", "2026-01-31"),
        (DAY.astimezone(timezone(timedelta(hours=14))), "date", "2026-01-31"),
        (timedelta(days=1, hours=23), "days", "1 day"),
        (timedelta(days=180), "", "180 days"),
        (timedelta(0), "", "0 days"),
        ([], "", "none"),
        (["a", "b\n"], "", "a, b\ufffd"),
        ([str(i) for i in range(LISTED)], "", "0, 1, 2, 3, 4"),
        ([str(i) for i in range(LISTED + 2)], "", "0, 1, 2, 3, 4 and 2 more"),
        ([None, "a"], "", "not set, a"),
    ],
)
def test_values_in_messages(value: Any, form: str, shown: str) -> None:
    assert show(value, form) == shown


def test_what_nobody_read_is_said_to_be_unknown() -> None:
    gap = Unknown("owners")
    assert show(gap) == "unknown"
    assert show(["a", gap]) == "a, unknown"
    assert show(Partial(["a"], gap)) == "a and possibly more"


@pytest.mark.parametrize("safe", ["11111111-2222", "https://a.contoso.com:1/cb", "a_b.c", "api://x/~y"])
def test_a_harmless_value_is_pasted(safe: str) -> None:
    assert pasted(safe, "URI-VALUE") == safe


@settings(deadline=None)
@given(value=st.text(max_size=20), bad=st.sampled_from(list(" ;&|$`'\"\\<>(){}*?!#\n\r\x00^é%@=,+")))
def test_nothing_that_a_shell_obeys_is_pasted(value: str, bad: str) -> None:
    assert pasted(value + bad + value, "OBJECT-ID") == "OBJECT-ID"


def test_what_is_no_value_and_what_a_program_takes_for_something_else_is_not_pasted() -> None:
    gap = Unknown("x")
    values: list[Any] = ["", None, gap, [], Partial(["a"], gap), "-rf", "--all", "~/.ssh/id", "/etc", ".x", "a" * 300]
    for value in values:
        assert pasted(value, "OBJECT-ID") == "OBJECT-ID"


def test_what_a_fix_does_not_know() -> None:
    gap = Unknown("tags")
    assert value_of(gap) is value_of([gap]) is value_of(Partial([], gap)) is None
    assert value_of(["a", gap]) == value_of(Partial(["a"], gap)) == "a and possibly more"
    assert (value_of("a b"), value_of([]), value_of(None)) == ("a b", "none", "not set")


def test_times_are_told_in_utc_and_stay_put_at_the_edge_of_the_calendar() -> None:
    east = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    assert utc(east) == east
    assert show(east, "date") == "0001-01-01"
    assert utc(datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))).isoformat() == "2025-12-31T23:00:00+00:00"
    assert iso(DAY) == "2026-01-31T12:30:15Z"
    assert iso(None) is None
