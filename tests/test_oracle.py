"""What nobody knows is put into tenants: what an oracle still sees in them, regaudit reports, or it says that it could not read.

`test_soundness.py` takes data out; this adds: wrappers, members, casings, columns, strangers, duplicates.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from auditor.sources import reader, text
from tests.helpers import Ran, flat, regaudit, registration
from tests.oracle import registrations, seen
from tests.tenants import guid

TODAY = "2026-11-24"
App = dict[str, Any]


class Text(NamedTuple):
    """A file that is more than the JSON of a value."""

    text: str | bytes
    value: Any


# Members that are other objects' too, as in a table with the columns of all kinds.
COLUMNS = (
    "servicePrincipalType", "appOwnerOrganizationId", "appRoleAssignmentRequired", "servicePrincipalNames", "publishedPermissionScopes",
    "applicationRestrictions", "servicePrincipalRestrictions", "defaultUserRolePermissions", "lastSignInActivity", "clientId", "resourceId",
    "consentType", "principalId", "appRoleId", "issuer", "userPrincipalName", "verifiedDomains", "connectionParameters", "oauth2PermissionScopes",
)  # fmt: skip
STRANGERS: tuple[Any, ...] = (
    None, 7, True, "x", [], {}, {"id": "x"}, {"kind": "new", "settings": {"on": True}}, [[1]], {"error": {"code": "Request_Denied", "message": "No."}},
)  # fmt: skip
NAMES = (
    "data",
    "items",
    "results",
    "Applications",
    "apps",
    "content",
    "d",
    "entities",
    "tenant-1",
    "value",
    "objects",
    "extra",
    "@odata.etag",
    "x y",
)


def app(rnd: random.Random, number: int) -> App:
    ends = [f"202{rnd.choice('4568')}-0{rnd.randint(1, 9)}-11T00:00:00Z" for _ in range(rnd.randint(1, 3))]
    hosts = [f"{rnd.choice(['http', 'https'])}://h{number}{i}.contoso.com/cb" for i in range(rnd.randint(1, 3))]
    return {
        "id": guid("o", number), "appId": guid("a", number), "displayName": f"App {number}", "signInAudience": "AzureADMyOrg", "identifierUris": [],
        "passwordCredentials": [
            {"keyId": guid("k", number * 10 + i), "displayName": "ci", "startDateTime": "2023-01-01T00:00:00Z", "endDateTime": end}
            for i, end in enumerate(ends)
        ],
        "keyCredentials": [], "requiredResourceAccess": [], "spa": {"redirectUris": []}, "publicClient": {"redirectUris": []},
        "web": {"redirectUris": hosts, "implicitGrantSettings": {"enableIdTokenIssuance": False, "enableAccessTokenIssuance": False}},
    }  # fmt: skip


def page(apps: Any, name: str = "applications") -> dict[str, Any]:
    return {"@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{name}", "value": apps}


def wrapped(rnd: random.Random, apps: list[App]) -> Any:
    value: Any = apps
    for _ in range(rnd.randint(1, 3)):
        name = rnd.choice(NAMES)
        value = rnd.choice([
            {name: value}, [value], page(value), {"applications": value}, {"value": value}, {"applications": page(value)},
            {"responses": [{"id": "1", "status": 200, "body": value}]}, {name: value, "applications": [app(rnd, 8)]}, [{"value": [app(rnd, 8)]}, {name: value}],
            [page([app(rnd, 8)]), value], {"value": [app(rnd, 8)], name + "s": value},
        ])  # fmt: skip
    return value


def mapped(rnd: random.Random, apps: list[App]) -> Any:
    by_id = {one[rnd.choice(["id", "appId", "displayName"])]: one for one in apps}
    return rnd.choice([by_id, {"applications": by_id}, {"value": by_id}])


def in_text(rnd: random.Random, apps: list[App]) -> Any:
    text = json.dumps(rnd.choice([apps, page(apps), apps[0]]))
    return rnd.choice(
        [text, {"body": text}, {"responses": [{"id": "1", "status": 200, "body": text}]}, [app(rnd, 8), text], {"applications": text}]
    )


def with_members(rnd: random.Random, apps: list[App]) -> Any:
    for _ in range(rnd.randint(1, 4)):
        target = rnd.choice(apps)
        for name in rnd.sample(["web", "passwordCredentials", ""], 1):
            inner = target.get(name, target)
            inner = rnd.choice(inner) if isinstance(inner, list) else inner
            inner[rnd.choice(NAMES)] = rnd.choice([*STRANGERS, app(rnd, 8)])
    return rnd.choice([apps, page(apps), {"applications": apps, rnd.choice(NAMES): rnd.choice(STRANGERS)}])


def with_columns(rnd: random.Random, apps: list[App]) -> Any:
    for one in apps:
        one |= dict.fromkeys(rnd.sample(COLUMNS, rnd.randint(1, len(COLUMNS))), rnd.choice([None, None, []]))
    return rnd.choice([apps, page(apps), apps[0]])


def cased(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {change(name): cased(item, change) for name, item in value.items()}
    return [cased(item, change) for item in value] if isinstance(value, list) else value


def in_casings(rnd: random.Random, apps: list[App]) -> Any:
    change = rnd.choice([lambda name: name[:1].upper() + name[1:], str.lower, str.upper])
    if rnd.random() < 0.5:
        return rnd.choice([cased(apps, change), page(cased(apps, change)), [app(rnd, 8), *cased(apps, change)]])
    name = rnd.choice(["passwordCredentials", "web", "appId"])
    return rnd.choice([apps, page(apps)]) if not [one.update({change(name): one.pop(name)}) for one in apps] else page(apps)


def with_strangers(rnd: random.Random, apps: list[App]) -> Any:
    for _ in range(rnd.randint(1, 3)):
        rnd.choice([apps, rnd.choice(apps)["passwordCredentials"], rnd.choice(apps)["web"]["redirectUris"]]).insert(
            rnd.randint(0, 1), rnd.choice(STRANGERS)
        )
        apps = [one for one in apps if isinstance(one, dict) and "web" in one] or apps
    return rnd.choice([apps, page(apps), {"applications": apps}])


def twice(rnd: random.Random, apps: list[App]) -> Any:
    again = json.loads(json.dumps(rnd.choice(apps)))
    again["web"]["redirectUris"] = ["http://again.contoso.com/cb"]
    again["passwordCredentials"] = [
        {"keyId": guid("k", 999), "endDateTime": "2024-02-01T00:00:00Z", "startDateTime": None, "displayName": None}
    ]
    return rnd.choice([[*apps, again], page([again, *apps]), {"applications": [*apps, again]}, [page(apps), page([again])]])


def deeper(rnd: random.Random, apps: list[App]) -> Any:
    """Wrappers of wrappers, lists in lists, collections of collections."""
    value: Any = apps
    for _ in range(rnd.randint(3, 9)):
        name = rnd.choice([*NAMES, "applications", "servicePrincipals"])
        value = rnd.choice([
            [value], [[value]], {name: value}, {name: [value]}, {"applications": [{"applications": value}]}, {"value": [{"value": value}]}, page(value),
            page([{"value": value}]), {"a": {name: value}}, [[], value], {"responses": [{"body": {"responses": [{"body": value}]}}]},
            {name: value, "error": None}, {"id": guid("o", 7), "displayName": "Group", name: value}, page([value], "groups"), [app(rnd, 8), value],
        ])  # fmt: skip
    return value


def in_mixed_casings(rnd: random.Random, apps: list[App]) -> Any:
    """Each name in a casing of its own, or some of them; and something else around them."""
    share = rnd.choice([0.1, 0.3, 1.0])
    casings = (str.upper, str.lower, str.swapcase, str.title, lambda name: "".join(rnd.choice([c.upper(), c.lower()]) for c in name))
    mixed = cased(apps, lambda name: rnd.choice(casings)(name) if rnd.random() < share else name)
    if rnd.random() < 0.3:
        around = rnd.choice([mixed, {rnd.choice(NAMES): mixed}, {"a": {"b": mixed}}, [[mixed]], json.dumps(mixed)])
        return rnd.choice(
            [{"applications": [app(rnd, 8)], "more": around}, [app(rnd, 8), {"more": around}], page([app(rnd, 8) | {"more": around}])]
        )
    return rnd.choice(
        [mixed, page(mixed), {"applications": mixed}, {"Applications": mixed}, mixed[0], [app(rnd, 8), *mixed], page([app(rnd, 8), *mixed])]
    )


def in_both_casings(rnd: random.Random, apps: list[App]) -> Any:
    """A property, and beside it another one of that name in another casing."""
    for one in apps:
        name, empty = rnd.choice([("passwordCredentials", []), ("web", {"redirectUris": []}), ("web", None)])
        other = rnd.choice([str.upper, str.lower])(name) if name != "web" else "Web"
        held = {name: empty, other: one.pop(name)} if rnd.random() < 0.5 else {other: empty, name: one.pop(name)}
        one |= dict(sorted(held.items(), reverse=rnd.random() < 0.5))
    return rnd.choice([apps, page(apps)])


def within(rnd: random.Random, apps: list[App]) -> Any:
    """Registrations as members of what a registration or a principal consists of, whatever the casing of theirs."""
    host = app(rnd, 9)
    host |= {"owners": [{"@odata.type": "#microsoft.graph.user", "id": guid("u", 1)}], "optionalClaims": {"idToken": [{"name": "email"}]}}
    host |= {
        "api": {"oauth2PermissionScopes": [{"id": guid("s", 1), "value": "read"}]},
        "info": {},
        "tags": [],
        "certification": None,
        "addIns": [],
    }
    principal = {
        "id": guid("p", 1),
        "appId": host["appId"],
        "displayName": "P",
        "servicePrincipalType": "Application",
        "keyCredentials": [{}],
    }
    one, name = rnd.choice([host, principal]), rnd.choice(NAMES)
    held: Any = rnd.choice(
        [apps, apps[0], cased(apps, str.upper), cased(apps[0], str.lower), {name: apps}, [[apps]], page(apps), json.dumps(apps[0])]
    )
    places = [one, *(inner for key in ("web", "spa", "info", "api", "optionalClaims") if (inner := one.get(key)) is not None)]
    places += [*one.get("passwordCredentials", []), *one["keyCredentials"]]
    if one is host:
        places += [one["api"]["oauth2PermissionScopes"][0], one["optionalClaims"]["idToken"][0], one["web"]["implicitGrantSettings"]]
    rnd.choice(places)[name] = held
    if rnd.random() < 0.3 and not isinstance(held, str):
        key = rnd.choice(["certification", "addIns", "appRoles", "keyCredentials", "info", "verifiedPublisher", "owners"])
        one[key] = held
    if rnd.random() < 0.1:
        one |= {"displayName" if one is principal else "notes": json.dumps(apps)}
    return rnd.choice([one, [one], page([one], "applications" if one is host else "servicePrincipals"), {"value": [one]}])


def expanded(rnd: random.Random, apps: list[App]) -> Any:
    """What $expand brings stands within principals; that somebody put registrations there, nobody may overlook."""
    principal = {
        "id": guid("p", 1), "appId": apps[0]["appId"], "displayName": "P", "servicePrincipalType": "Application", "replyUrls": [], "appRoles": [],
        "appRoleAssignments": [{"id": "x", "appRoleId": guid("r", 1), "principalId": guid("p", 1), "resourceId": guid("p", 2)}],
    }  # fmt: skip
    principal[rnd.choice(["ownedObjects", "createdObjects", "application", "appRoleAssignedTo", "memberOf"])] = rnd.choice(
        [apps, {"value": apps}]
    )
    return rnd.choice(
        [principal, [principal], page([principal], "servicePrincipals(appRoleAssignments())"), page([principal], "servicePrincipals")]
    )


def in_encodings(rnd: random.Random, apps: list[App]) -> Text:
    value = rnd.choice([apps, page(apps), apps[0]])
    text = json.dumps(value, ensure_ascii=rnd.random() < 0.5, indent=rnd.choice([None, 2]))
    mark = rnd.choice(["", "\ufeff"])
    encoding = rnd.choice(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
    return Text((mark + text).encode(encoding), value)


def in_lines(rnd: random.Random, apps: list[App]) -> Text:
    values = [rnd.choice([one, [one], page([one])]) for one in apps] + [rnd.choice(STRANGERS) for _ in range(rnd.randint(0, 1))]
    rnd.shuffle(values)
    between = rnd.choice(["\n", "\r\n", "\n\n", " ", "", "\n---\n", ",\n"])
    return Text(between.join(map(json.dumps, values)), values)


def among_text(rnd: random.Random, apps: list[App]) -> Text:
    value = rnd.choice([apps, page(apps), apps[0]])
    text = json.dumps(value, indent=rnd.choice([None, 2]))
    before = rnd.choice([
        "", "WARNING: This command is in preview and under development.\n", "\x1b[33mWARNING: The output contains credentials.\x1b[0m\n", "$ az ad app list\n",
        "// exported\n", "export default ", "2026-11-24 INFO [main] read\n", "{}\n", "[]\n", "null\n", ")]}',\n", "HTTP/1.1 200 OK\nContent-Type: application/json\n\n",
    ])  # fmt: skip
    after = rnd.choice(["", "\n", "\nWARNING: done\n", ";", "\n\x1b[0m", "\n}", "\0", "\n// end\n"])
    return Text(before + text + after, value)


def with_names_twice(rnd: random.Random, apps: list[App]) -> Text:
    """A name twice in one object: the second one counts, and the first one may not vanish."""
    name, empty = rnd.choice([("passwordCredentials", []), ("web", {"redirectUris": []}), ("web", None)])
    for one in apps:
        one |= {f"§{name}": empty, name: one.pop(name)}
    text = json.dumps(rnd.choice([apps, page(apps), apps[0]]), ensure_ascii=False).replace("§", "")
    return Text(text, json.loads(text))


ADDITIONS = (
    wrapped, mapped, in_text, with_members, with_columns, in_casings, with_strangers, twice,
    deeper, in_mixed_casings, in_both_casings, within, expanded, in_encodings, in_lines, among_text, with_names_twice,
)  # fmt: skip


@pytest.mark.no_cover
@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 6))])
@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize("add", ADDITIONS, ids=lambda add: add.__name__)
def test_what_is_there_is_reported_or_cannot_be_read(
    add: Callable[[random.Random, list[App]], Any], large: bool, part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:  # as if the file were: it is read in another way then
        for module in (reader, text):
            monkeypatch.setattr(module, "EXACT_UP_TO", 0)
    unseen: list[str] = []
    for seed in range(part * 20, part * 20 + 20):
        rnd = random.Random(f"{add.__name__} {seed}")
        made = add(rnd, [app(rnd, number) for number in range(1, rnd.randint(2, 4))])
        shown, value = made if isinstance(made, Text) else (json.dumps(made), made)
        (tmp_path / "file.json").write_bytes(shown if isinstance(shown, bytes) else shown.encode())
        ran = regaudit(
            "scan", tmp_path / "file.json", "--as-of", TODAY, "--select", "redirect-http,secret-expired", "--output-format", "json"
        )
        if ran.code != 2:
            unseen.extend(f"seed {seed}, {what}: {shown[:300]!r}" for what in missed(json.dumps(value), ran))
    assert not unseen, "\n".join(unseen)


def missed(held: str, ran: Ran) -> list[str]:
    """What the oracle sees and the report does not tell."""
    expired, plain = seen(held, TODAY)
    told = {row.get("app_id") for row in ran.json["applications"]}
    secrets = {(row["app_id"], row["key_id"]) for row in flat(ran.json, "credentials") if row["state"] == "expired"}
    uris = {(row["app_id"], row["message"]) for row in ran.findings if row["rule_id"] == "redirect-http"}
    return [
        *(f"application {id_}" for id_, _ in registrations(json.loads(held)) if id_ not in told),
        *(f"secret {key} of {id_}" for id_, key in expired - secrets),
        *(f"{uri} of {id_}" for id_, uri in plain if not any(id_ == other and uri in message for other, message in uris)),
    ]


def test_the_oracle_sees() -> None:
    one = app(random.Random(1), 1)
    one["web"]["redirectUris"] = ["http://h.contoso.com/cb", "https://h.contoso.com/cb", "http://localhost/cb"]
    one["passwordCredentials"] = [
        {"keyId": "k1", "endDateTime": "2026-11-23T00:00:00Z"},
        {"keyId": "k2", "endDateTime": "2026-11-25T00:00:00Z"},
    ]
    for value in (one, [one], page([one]), {"x": {"y": one}}, json.dumps(one), cased(one, str.upper)):
        assert seen(json.dumps(value), TODAY) == ({(one["appId"], "k1")}, {(one["appId"], "http://h.contoso.com/cb")})
    nothing = regaudit("scan", "-", "--output-format", "json", stdin=json.dumps(registration("Tidy")).encode())
    assert missed(json.dumps([one]), nothing) == [
        f"application {one['appId']}", f"secret k1 of {one['appId']}", f"http://h.contoso.com/cb of {one['appId']}",
    ]  # fmt: skip
