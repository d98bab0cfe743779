"""The expiry calendar: what a team that owns credentials is told, and in which order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import Ran, regaudit

TODAY = ("--as-of", "2026-01-01")


def secret(key: str, end: str | None, start: str = "2025-01-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    return {"keyId": key, "displayName": f"secret {key}", "startDateTime": start, "endDateTime": end, **more}


def app(app_id: str, *secrets: dict[str, Any], **more: Any) -> dict[str, Any]:
    named = {"id": f"o-{app_id}", "appId": app_id, "displayName": f"App {app_id}", "requiredResourceAccess": []}
    return {**named, "passwordCredentials": list(secrets), "keyCredentials": [], **more}


def calendar(folder: Path, *apps: dict[str, Any], options: tuple[str, ...] = (), form: str = "json") -> Ran:
    for one in apps:
        (folder / f"{one['appId']}.json").write_text(json.dumps(one))
    return regaudit("credentials", folder, *TODAY, "--output-format", form, *options)


def keys(ran: Ran) -> list[str]:
    return [row["key_id"] for row in json.loads(ran.stdout)]


def test_what_ends_soon_and_what_has_ended(tmp_path: Path) -> None:
    apps = [
        app("a", secret("soon", "2026-02-15T00:00:00Z")),
        app("b", secret("ended", "2025-12-01T00:00:00Z")),
        app("c", secret("later", "2027-01-01T00:00:00Z")),
    ]
    ran = calendar(tmp_path, *apps)
    assert (ran.code, keys(ran)) == (0, ["soon"])
    assert keys(calendar(tmp_path, *apps, options=("--expired",))) == ["ended"]
    both = calendar(tmp_path, *apps, options=("--expired", "--within", "60d"))
    assert keys(both) == ["ended", "soon"]
    rows = json.loads(both.stdout)
    assert [(row["days_left"], row["state"], row["app_display_name"]) for row in rows] == [
        (-31, "expired", "App b"),
        (45, "valid", "App a"),
    ]


@pytest.mark.parametrize(
    ("within", "found"),
    [("10d", ["d10"]), ("10", ["d10"]), ("10days", ["d10"]), ("10 days", ["d10"]), ("2 weeks", ["d10"]), ("9d", []), ("2w", ["d10"]), ("1m", ["d10", "d30"]), ("1y", ["d10", "d30", "d365"]), ("all", ["d10", "d30", "d365", "d366"])],
)  # fmt: skip
def test_how_far_ahead(tmp_path: Path, within: str, found: list[str]) -> None:
    ends = {"d10": "2026-01-11", "d30": "2026-01-31", "d365": "2027-01-01", "d366": "2027-01-02"}
    apps = [app(key, secret(key, f"{end}T00:00:00Z")) for key, end in ends.items()]
    assert keys(calendar(tmp_path, *apps, options=("--within", within))) == found


def test_what_a_longer_lived_credential_replaces_is_left_out(tmp_path: Path) -> None:
    replaced = app("a", secret("old", "2026-01-15T00:00:00Z"), secret("new", "2026-02-01T00:00:00Z"))
    not_yet = app("b", secret("now", "2026-01-15T00:00:00Z"), secret("next", "2026-02-01T00:00:00Z", start="2026-01-10T00:00:00Z"))
    assert keys(calendar(tmp_path, replaced, not_yet)) == ["now", "new", "next"]


def test_a_credential_without_a_known_end_is_counted(tmp_path: Path) -> None:
    nameless = {"keyId": "k", "displayName": "n"}
    ran = calendar(tmp_path, app("a", nameless), app("b", secret("endless", None)), form="text")
    assert ran.out.splitlines() == [
        "No credential expires within 60 days.",
        "When 1 credential ends is not known: the input does not say.",
    ]


def test_owners_stand_beside_the_credential(tmp_path: Path) -> None:
    owned = app("a", secret("k", "2026-01-15T00:00:00Z"), owners=[{"id": "u", "userPrincipalName": "ann@contoso.com"}])
    ran = calendar(tmp_path, owned, form="text")
    assert "ann@contoso.com" in ran.out
    assert ran.out.splitlines()[-1] == "1 credential expires within 60 days."


def unfolded(ran: Ran) -> list[str]:
    lines = ran.stdout.decode().split("\r\n")
    assert lines.pop() == ""
    assert all(len(line.encode()) <= 75 for line in lines)
    return "\r\n".join(lines).replace("\r\n ", "").split("\r\n")


def test_a_calendar_file(tmp_path: Path) -> None:
    hostile = "Zahlung; Lohn, Gehalt\\n\r\nBEGIN:VALARM " + "字" * 60
    ran = calendar(
        tmp_path, app("a", secret("k1", "2026-01-15T12:00:00Z"), secret("k2", "2026-01-15T12:00:00Z"), displayName=hostile), form="ics"
    )
    lines = unfolded(ran)
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    assert [line for line in lines if line.startswith(("BEGIN:", "END:"))][1:-1] == ["BEGIN:VEVENT", "END:VEVENT"] * 2
    assert lines.count("DTSTART;VALUE=DATE:20260115") == 2
    uids = [line for line in lines if line.startswith("UID:")]
    assert len(set(uids)) == 2
    (first, _) = [line for line in lines if line.startswith("SUMMARY:")]
    assert "Zahlung\\; Lohn\\, Gehalt\\\\n" in first
    assert "字" * 60 in first
    assert calendar(tmp_path, form="ics").stdout == ran.stdout


@pytest.mark.parametrize("before", range(50, 62))
@pytest.mark.parametrize("hostile", ["::error::x", "  ::error::x", "=cmd|x", ":" * 200, "字::" * 40])
def test_no_folded_line_is_obeyed(tmp_path: Path, hostile: str, before: int) -> None:
    named = {**secret("k", "2026-01-15T00:00:00Z"), "displayName": "A" * before + hostile}
    ran = calendar(tmp_path, app("a", named), form="ics")
    assert not [line for line in ran.stdout.decode().split("\r\n") if line.lstrip().startswith(("::", "##", "=", "+", "-", "@"))]
    assert len(unfolded(ran)) == 11


def test_a_file_that_cannot_be_read_is_said_and_the_rest_still_listed(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"appId": "x", ')
    ran = calendar(tmp_path, app("a", secret("k", "2026-01-15T00:00:00Z")))
    assert (ran.code, keys(ran)) == (2, ["k"])
    assert "broken.json:1:16: " in ran.err


@pytest.mark.parametrize("within", ["soon", "-3d", "1.5y", " "])
def test_a_span_that_is_none(tmp_path: Path, within: str) -> None:
    ran = calendar(tmp_path, app("a"), options=("--within", within))
    assert ran.code == 2
    assert "say 60d, 8w, 6m, 1y or all" in ran.err
    assert regaudit("credentials").code == 2


def test_what_has_expired_comes_last_first_and_is_said_where_it_is_not_listed(tmp_path: Path) -> None:
    apps = [
        app(key, secret(key, f"{end}T00:00:00Z")) for key, end in {"old": "2020-01-01", "new": "2025-12-31", "next": "2026-01-02"}.items()
    ]
    assert keys(calendar(tmp_path, *apps, options=("--expired",))) == ["new", "old"]
    text = calendar(tmp_path, form="text").out
    assert text.splitlines()[-2:] == ["1 credential expires within 60 days.", "2 credentials have expired already: --expired lists them."]
    assert "2020-01-01" not in text
    assert regaudit("credentials", tmp_path, *TODAY, "--expired", "--output-format", "ics").code == 2


def owned(key: str, *owners: str) -> dict[str, Any]:
    return app(key, secret(key, "2026-01-15T00:00:00Z"), owners=[{"id": f"u-{name}", "userPrincipalName": name} for name in owners])


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--owner", "ANN@contoso.com"), ["a", "b"]),
        (("--owner", "bob@*"), ["b"]),
        (("--owner", "bob@*", "--owner", "none"), ["b", "c"]),
        (("--owner", "none"), ["c"]),
        (("--app", "app b"), ["b"]),
        (("--app", "o-c", "--app", "a"), ["a", "c"]),
        (("--app", "a", "--owner", "none"), []),
    ],
)
def test_of_an_owner_or_a_registration(tmp_path: Path, options: tuple[str, ...], found: list[str]) -> None:
    apps = [owned("a", "ann@contoso.com"), owned("b", "ann@contoso.com", "bob@contoso.com"), owned("c")]
    assert keys(calendar(tmp_path, *apps, options=options)) == found


@pytest.mark.parametrize(("option", "value"), [("--owner", "eve@contoso.com"), ("--owner", "an?@contoso.com"), ("--app", "App z")])
def test_a_name_that_is_not_there_is_an_error(tmp_path: Path, option: str, value: str) -> None:
    ran = calendar(tmp_path, owned("a", "ann@contoso.com"), options=(option, value))
    assert ran.code == 2
    assert f"{value!r}" in ran.err


def test_owners_are_cut_to_two_for_people_and_not_in_rows(tmp_path: Path) -> None:
    names = [f"u{number}@contoso.com" for number in range(25)]
    ran = calendar(tmp_path, owned("a", *names), form="text")
    assert "  owners: u0@contoso.com, u1@contoso.com (+23 more)\n" in ran.out
    head, row = calendar(tmp_path, form="csv").stdout.decode().splitlines()
    assert head.startswith("app_id,object_id,app_display_name,key_id,kind,on,display_name,start,end,days_left,state,")
    assert row.count("@contoso.com") == 25
    assert "(+23 more)" in "".join(unfolded(calendar(tmp_path, form="ics")))


def test_credentials_of_a_registration_are_together(tmp_path: Path) -> None:
    apps = [
        app("a", secret("a1", "2026-01-10T00:00:00Z"), secret("a2", "2026-01-30T00:00:00Z", start="2026-01-09T00:00:00Z")),
        app("b", secret("b1", "2026-01-20T00:00:00Z")),
    ]
    lines = calendar(tmp_path, *apps, form="text").out.splitlines()
    assert [line for line in lines if "App " in line] == ["App a (a)", "App b (b)"]
    assert lines[2:4] == [
        '  2026-01-10  in 9 days  secret "secret a1"',
        '  2026-01-30  in 29 days  secret "secret a2"  not valid before 2026-01-09',
    ]


# -- when they were last used

APP, OTHER = "22222222-2222-4222-8222-222222222222", "23333333-2222-4222-8222-222222222222"


def with_use(folder: Path, rows: Mapping[str, str | None], *options: str, form: str = "json", days: str = "90d", **more: Any) -> Ran:
    """An application with secrets of half a year and one of ten days. `rows`: key -> the day of its last use."""
    old, mid, new, endless = (f"{number}1111111-1111-4111-8111-111111111111" for number in (1, 2, 3, 4))
    own = app(
        APP, secret(old, "2026-03-01T00:00:00Z"), secret(mid, "2026-08-01T00:00:00Z"), secret(new, "2027-01-01T00:00:00Z", "2025-12-22T00:00:00Z"),
        secret(endless, None), **{"signInAudience": "AzureADMyOrg", **more},
    )  # fmt: skip
    used = [
        {"appId": APP, "keyId": f"{key}1111111-1111-4111-8111-111111111111", "credentialOrigin": "application", "keyType": "clientSecret",
         "signInActivity": {"lastSignInDateTime": day and f"{day}T00:00:00Z"}}
        for key, day in rows.items()
    ]  # fmt: skip
    folder.mkdir(exist_ok=True)
    # An export of a whole tenant has Microsoft Graph.
    graph = {
        "id": "g",
        "appId": "00000003-0000-0000-c000-000000000000",
        "displayName": "Microsoft Graph",
        "servicePrincipalType": "Application",
    }
    pages = {"applications": [own], "servicePrincipals": [graph], "reports/appCredentialSignInActivities": used}
    for number, (name, objects) in enumerate(pages.items()):
        (folder / f"{number}.json").write_text(
            json.dumps({"@odata.context": f"https://graph.microsoft.com/beta/$metadata#{name}", "value": objects})
        )
    unused = ("--unused", days) if days else ()
    return regaudit("credentials", folder, *TODAY, "--output-format", form, *unused, *options)


def first(ran: Ran) -> list[str]:
    assert ran.code == 0, ran.err
    return [key[0] for key in keys(ran)]


def test_what_nobody_has_used(tmp_path: Path) -> None:
    rows = {"1": "2025-12-30", "2": "2025-08-01"}
    ran = with_use(tmp_path, rows)
    assert first(ran) == ["2", "4"], "also one without an end, and none that is new"
    assert [(row.get("last_used"), row["use"]) for row in json.loads(ran.stdout)] == [("2025-08-01T00:00:00Z", "unused"), (None, "unused")]
    assert first(with_use(tmp_path, rows, days="1y")) == []
    assert first(with_use(tmp_path, rows, days="5d")) == ["2", "3", "4"]
    assert first(with_use(tmp_path, rows, "--within", "300d")) == ["2"]
    text = " ".join(with_use(tmp_path, rows, form="text").out.split())  # however wide the terminal is
    assert '2026-08-01 in 212 days secret "secret 21111111-1111-4111-8111-111111111111" last used 2025-08-01' in text
    assert 'no end secret "secret 41111111-1111-4111-8111-111111111111" no use on record' in text
    assert "2 credentials have not been used for 90 days. 1 credential is younger than that, and without use on record." in text


def test_the_last_use_stands_beside_every_credential(tmp_path: Path) -> None:
    rows = {"1": "2025-12-30", "2": "2025-08-01"}
    assert not keys(with_use(tmp_path, rows, "--within", "all", days="")), "one without an end replaces all"
    two = [
        secret("11111111-1111-4111-8111-111111111111", "2026-03-01T00:00:00Z"),
        secret("31111111-1111-4111-8111-111111111111", "2026-04-01T00:00:00Z", "2026-01-01T00:00:01Z"),
    ]
    ran = with_use(tmp_path, rows, "--within", "all", days="", passwordCredentials=two)
    assert [(row["use"], row.get("last_used")) for row in json.loads(ran.stdout)] == [("used", "2025-12-30T00:00:00Z"), ("new", None)]
    assert "  2026-03-01  in 59 days" in with_use(tmp_path, rows, "--within", "all", form="text", days="", passwordCredentials=two).out
    header, *lines = with_use(tmp_path, rows, form="csv").stdout.decode().splitlines()
    assert header.endswith(",waiver,last_used,use")
    assert lines[0].endswith(",2025-08-01T00:00:00Z,unused")


@pytest.mark.parametrize(
    ("rows", "more"),
    [
        ({}, {}),  # nothing of this application
        ({"1": "2025-11-01"}, {}),  # a report of long ago
        ({"1": "2025-12-30"}, {"signInAudience": "AzureADMultipleOrgs"}),  # other tenants may use them
        ({"1": "2025-12-30"}, {"keyCredentials": [{"keyId": "k"}]}),  # it may sign SAML tokens
    ],
)
def test_what_is_not_known_is_not_unused(tmp_path: Path, rows: dict[str, str | None], more: dict[str, Any]) -> None:
    assert first(with_use(tmp_path, rows, **more)) == []
    said = with_use(tmp_path, rows, form="text", **more).out.splitlines()
    assert said[0] == "No credential is known to be unused for 90 days."
    assert said[1].startswith("Whether anybody uses ")


def test_what_signs_tokens_is_never_unused(tmp_path: Path) -> None:
    certificate = {
        "keyId": "51111111-1111-4111-8111-111111111111", "displayName": "CN=saml", "usage": "Sign", "type": "X509CertAndPassword", "customKeyIdentifier": "A" * 40,
        "startDateTime": "2025-01-01T00:00:00Z", "endDateTime": "2028-01-01T00:00:00Z",
    }  # fmt: skip
    ran = with_use(tmp_path, {"1": "2025-12-30"}, form="text", keyCredentials=[certificate])
    assert "No credential is known to be unused for 90 days." in ran.out
    assert "4 credentials sign or encrypt tokens, or Microsoft renews them." in ran.out
    proxy = with_use(tmp_path / "proxy", {"1": "2025-12-30"}, passwordCredentials=[
        {**secret("61111111-1111-4111-8111-111111111111", "2027-01-01T00:00:00Z"), "displayName": "CWAP_AuthSecret"}])  # fmt: skip
    assert first(proxy) == []


def test_unused_is_about_what_has_not_ended(tmp_path: Path) -> None:
    for options, form in ((("--expired",), "json"), ((), "ics")):
        ran = with_use(tmp_path, {}, *options, form=form)
        assert ran.code == 2
        assert "--unused: " in ran.err
    assert "--unused 'ever': say 60d" in with_use(tmp_path, {}, days="ever").err
    assert "say for how long" in with_use(tmp_path, {}, days="all").err
