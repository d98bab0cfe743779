"""The checks of peers on the use of single credentials (issue 21, row 15): what fails, what passes, and what nobody can tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor import audit

APP, OTHER = "22222222-2222-4222-8222-222222222222", "23333333-2222-4222-8222-222222222222"
OLD, NEW = "11111111-1111-4111-8111-111111111111", "12222222-2222-4222-8222-222222222222"
GRAPH = {"id": "33333333-3333-4333-8333-333333333333", "appId": "00000003-0000-0000-c000-000000000000", "displayName": "Microsoft Graph"}
RULES = ["credential-idle", "credential-expiring-in-use"]


def secret(key: str, start: str, end: str) -> dict[str, Any]:
    return {"keyId": key, "displayName": key[:2], "startDateTime": f"{start}T00:00:00Z", "endDateTime": f"{end}T00:00:00Z"}


def used(key: str, day: str | None, app: str = APP) -> dict[str, Any]:
    last = {"lastSignInDateTime": day and f"{day}T00:00:00Z", "lastSignInRequestId": None}
    return {"appId": app, "keyId": key, "credentialOrigin": "application", "keyType": "clientSecret", "signInActivity": last}


def scan(folder: Path, *rows: dict[str, Any], start: str = "2025-06-01", end: str = "2026-03-01") -> dict[str, str]:
    """Rule -> what it says of the old secret or, if nothing fails, of the registration."""
    app = {
        "id": "a0000000-0000-4000-8000-000000000001", "appId": APP, "displayName": "Orders", "signInAudience": "AzureADMyOrg",
        "requiredResourceAccess": [], "identifierUris": [], "keyCredentials": [],
        "passwordCredentials": [secret(OLD, start, end), secret(NEW, "2025-08-01", "2026-08-01")],
    }  # fmt: skip
    context = "https://graph.microsoft.com/beta/$metadata#"
    pages = {
        "applications": [app], "servicePrincipals": [{**GRAPH, "servicePrincipalType": "Application"}],
        "reports/appCredentialSignInActivities": rows,
    }  # fmt: skip
    for number, (name, objects) in enumerate(pages.items()):
        (folder / f"{number}.json").write_text(json.dumps({"@odata.context": context + name, "value": objects}))
    report = audit(folder, select=RULES, as_of="2026-01-01")
    found: dict[str, str] = {finding.rule_id: finding.status for finding in report.findings}
    assert all(finding.status != "fail" or OLD[:2] in finding.message for finding in report.findings)
    return found


def test_what_is_not_used_beside_what_is(tmp_path: Path) -> None:
    assert scan(tmp_path, used(OLD, "2025-08-01"), used(NEW, "2025-12-31")) == {"credential-idle": "fail"}


@pytest.mark.parametrize("rows", [[used(NEW, "2025-12-31")], [used(OLD, None), used(NEW, "2025-12-31")], [used(OLD, "0001-01-01"), used(NEW, "2025-12-31")]])  # fmt: skip
def test_what_was_never_used(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    assert scan(tmp_path, *rows) == {"credential-idle": "fail"}


def test_what_expires_while_it_is_used(tmp_path: Path) -> None:
    both = used(OLD, "2025-12-31"), used(NEW, "2025-12-30")
    assert scan(tmp_path, *both, end="2026-01-20") == {"credential-expiring-in-use": "fail"}


def test_both_are_used(tmp_path: Path) -> None:
    assert scan(tmp_path, used(OLD, "2025-12-31"), used(NEW, "2025-12-30")) == {}


def test_a_new_secret_may_wait(tmp_path: Path) -> None:
    assert scan(tmp_path, used(NEW, "2025-12-31"), start="2025-12-01") == {}


def test_a_report_of_other_applications_says_nothing(tmp_path: Path) -> None:
    assert "fail" not in scan(tmp_path, used(OLD, "2025-12-31", OTHER) | {"keyId": OTHER}, end="2026-01-20").values()


def test_an_old_report_does_not_say_what_is_used_today(tmp_path: Path) -> None:
    assert "fail" not in scan(tmp_path, used(OLD, "2025-08-01"), used(NEW, "2025-11-30")).values()
