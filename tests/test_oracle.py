"""What nobody knows is put into tenants: what an oracle still sees in them, regaudit reports, or it says that it could not read.

`test_soundness.py` takes data out; this adds: wrappers, members, casings, columns, strangers, duplicates.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import Ran, flat, regaudit, registration
from tests.oracle import registrations, seen
from tests.tenants import guid

TODAY = "2026-11-24"
App = dict[str, Any]
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


ADDITIONS = (wrapped, mapped, in_text, with_members, with_columns, in_casings, with_strangers, twice)


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 6))])
@pytest.mark.parametrize("add", ADDITIONS, ids=lambda add: add.__name__)
def test_what_is_there_is_reported_or_cannot_be_read(add: Callable[[random.Random, list[App]], Any], part: int, tmp_path: Path) -> None:
    unseen: list[str] = []
    for seed in range(part * 20, part * 20 + 20):
        rnd = random.Random(f"{add.__name__} {seed}")
        text = json.dumps(add(rnd, [app(rnd, number) for number in range(1, rnd.randint(2, 4))]))
        (tmp_path / "file.json").write_text(text)
        ran = regaudit(
            "scan", tmp_path / "file.json", "--as-of", TODAY, "--select", "redirect-http,secret-expired", "--output-format", "json"
        )
        if ran.code != 2:
            unseen.extend(f"seed {seed}, {what}: {text[:300]}" for what in missed(text, ran))
    assert not unseen, "\n".join(unseen)


def missed(text: str, ran: Ran) -> list[str]:
    """What the oracle sees and the report does not tell."""
    expired, plain = seen(text, TODAY)
    told = {row.get("app_id") for row in ran.json["applications"]}
    secrets = {(row["app_id"], row["key_id"]) for row in flat(ran.json, "credentials") if row["state"] == "expired"}
    uris = {(row["app_id"], row["message"]) for row in ran.findings if row["rule_id"] == "redirect-http"}
    return [
        *(f"application {id_}" for id_, _ in registrations(json.loads(text)) if id_ not in told),
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
