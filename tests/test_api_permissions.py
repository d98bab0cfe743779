"""regaudit api-permissions: every configured permission, resolved."""

from __future__ import annotations

import json
from pathlib import Path

from tests.helpers import regaudit
from tests.test_connect import Pair

TIDY = str(Path(__file__).parent.parent / "sample_manifests/tidy")


def test_a_whole_tenant_is_resolved() -> None:
    ran = regaudit("api-permissions", TIDY, "--output-format", "json")
    assert ran.code == 0
    rows = {(row["app_display_name"], row["permission"]): row for row in json.loads(ran.out)}
    wanted = json.loads((Path(TIDY) / "applications.json").read_text("utf-8"))["value"]
    assert len(rows) == sum(len(entry["resourceAccess"]) for app in wanted for entry in app["requiredResourceAccess"])
    row = rows["Contoso Orders Connector", "access_as_user"]
    assert (row["resource_name"], row["kind"], row["admin_consent"], row["granted"]) == ("Contoso Orders API", "delegated", False, "admin")
    assert row["pointer"].endswith("/requiredResourceAccess/0/resourceAccess/0")
    assert rows["Contoso Orders Connector", "User.Read"]["tier"] == "low"
    assert all(value is not None for row in rows.values() for name, value in row.items() if name != "users")


def test_what_is_not_known_is_null(tmp_path: Path) -> None:
    pair = Pair("lone")
    (tmp_path / "client.json").write_text(json.dumps(pair.client))
    (row,) = json.loads(regaudit("api-permissions", str(tmp_path), "--output-format", "json").out)
    assert (row["resource_app_id"], row["resource_name"], row["permission"], row["granted"]) == (pair.api_id, None, None, None)
    ran = regaudit("api-permissions", str(tmp_path))
    assert "?" in ran.out
    assert ran.out.endswith("1 permission requested: 0 not granted, 1 not known.\n")


def test_how_a_permission_was_granted(tmp_path: Path) -> None:
    def granted(pair: Pair) -> tuple[str | None, int | None]:
        (row,) = json.loads(regaudit("api-permissions", str(pair.write(tmp_path / pair.client_id)), "--output-format", "json").out)
        return row["granted"], row["users"]

    nobody, some, by_api = Pair("nobody"), Pair("users"), Pair("by api")
    nobody.grants.clear()
    some.grants[0].update(consentType="Principal", principalId=some.guid("user"))
    by_api.grants.clear()
    by_api.api["api"]["preAuthorizedApplications"] = [{"appId": by_api.client_id, "delegatedPermissionIds": [by_api.scope_id]}]
    assert [granted(pair) for pair in (Pair("right"), nobody, some, by_api)] == [
        ("admin", None),
        ("no", None),
        ("user", 1),
        ("preauthorized", None),
    ]


def test_one_registration_by_name_or_id() -> None:
    by_name = regaudit("api-permissions", TIDY, "--app", "contoso orders connector")
    assert by_name.out == regaudit("api-permissions", TIDY, "--app", "73f80e52-a369-48b5-a441-4c46f147ecf9").out
    assert "Contoso Orders Sync" not in by_name.out
    assert regaudit("api-permissions", TIDY, "--app", "nobody").code == 2
    assert regaudit("api-permissions").code == 2
