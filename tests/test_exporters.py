"""EntraExporter, AzureHound and ROADrecon: what each says by leaving out, and files that are made to break a reader."""

from __future__ import annotations

import json
import sqlite3
import time
import zipfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from auditor import Report, audit, joins, sources
from auditor.joins.world import World
from auditor.sources import Documents
from auditor.sources.formats import roadrecon
from auditor.unknown import Unread, is_unknown
from tests.helpers import regaudit
from tests.test_every_format import NOW
from tests.test_sources import APP

CORPUS = Path(__file__).parent.parent.parent / "shared/corpus/synthetic"
OWNER = "66666666-6666-4666-8666-666666666666"
SP = "77777777-7777-4777-8777-777777777777"
SECRET = "Zx8~planted-secret-of-a-test.0123456789"
PRINCIPAL = {"id": SP, "appId": APP["appId"], "displayName": "Payroll", "servicePrincipalType": "Application", "accountEnabled": True}


def world(documents: Documents) -> World:
    (found,) = joins.worlds(documents, NOW)
    return found


def owners(documents: Documents) -> list[tuple[str, str]]:
    """Of the only registration: each owner's id and name. Whether these are all is not known."""
    (app,) = world(documents).apps
    found: list[tuple[str, str]] = []
    with pytest.raises(Unread):
        found.extend((owner.id, owner.label) for owner in app.owners)
    return found


# -- EntraExporter


def exported(folder: Path, files: dict[str, Any], encoding: str = "utf-8") -> Path:
    for name, content in files.items():
        path = folder / f"{name}/{name.rpartition('/')[2]}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding=encoding)
    return folder


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_folders_of_entraexporter_say_whose_an_owner_is(tmp_path: Path, encoding: str) -> None:
    person = {"id": OWNER, "userPrincipalName": "ann@contoso.com", "displayName": "Ann"}
    app = f"Applications/{APP['id']}"
    folder = exported(
        tmp_path,
        {app: APP, f"{app}/Owners/{OWNER}": person, f"Groups/{SP}/Owners/{OWNER}": person, "Organization/Branding": {"id": "0"}},
        encoding,
    )
    documents = sources.read([str(folder)])
    assert documents.errors == []
    assert Counter(document.kind for document in documents.documents) == {"application": 1, "owner": 1}
    assert owners(documents) == [(OWNER, "ann@contoso.com")]


def test_an_owner_of_entraexporter_that_is_broken_is_an_error(tmp_path: Path) -> None:
    app = f"Applications/{APP['id']}"
    folder = exported(tmp_path, {app: APP, f"{app}/Owners/{OWNER}": {}})
    broken = folder / f"{app}/Owners/{OWNER}/{OWNER}.json"
    broken.write_text('{\n  "id": "' + OWNER)
    (error,) = sources.read([str(folder)]).errors
    assert error.file == broken.as_posix()
    assert error.line == 2


def test_federated_credentials_are_not_in_an_export_and_may_be_there(tmp_path: Path) -> None:
    """The rule neither passes nor is silent: what it says is likely."""
    app = {**APP, "passwordCredentials": [{**APP["passwordCredentials"][0], "endDateTime": "2025-01-01T00:00:00Z"}]}
    report = audit(
        exported(tmp_path, {f"Applications/{APP['id']}": app}), as_of="2026-01-01", select=["credential-all-expired", "fic-issuer"]
    )
    assert [(row.rule_id, str(row.certainty)) for row in report.findings] == [("credential-all-expired", "likely")]
    (outcome,) = [one for one in report.outcomes if one.rule.id == "fic-issuer"]
    assert [reason.what for reason in outcome.reasons] == ["federatedIdentityCredentials"]


# -- AzureHound


def hound(path: Path, *rows: tuple[str, Any]) -> Path:
    data = [{"kind": kind, "data": data} for kind, data in rows]
    path.write_text(json.dumps({"data": data, "meta": {"type": "azure", "version": 5, "count": len(data)}}, indent=1))
    return path


def test_what_azurehound_leaves_out_is_false_or_empty(tmp_path: Path) -> None:
    app = {
        "id": APP["id"],
        "appId": APP["appId"].upper(),
        "signInAudience": "AzureADMyOrg",
        "web": {"implicitGrantSettings": {}},
        "api": {},
    }
    principal = {"id": SP.upper(), "appId": APP["appId"], "servicePrincipalType": "Application"}
    found = world(sources.read([str(hound(tmp_path / "a.json", ("AZApp", app), ("AZServicePrincipal", principal)))]))
    (one,), (other,) = found.apps, found.principals
    assert one.app_id == APP["appId"]
    assert [one.secrets, one.certificates, one.fallback_public_client] == [[], [], False]
    assert [list(one.redirect_uris), one.display_name] == [[], ""]
    assert other.id == SP
    assert other.enabled is False
    assert is_unknown(one.deactivated), "AzureHound has no such property"


def test_what_azurehound_does_not_export_is_unknown_for_that_reason(tmp_path: Path) -> None:
    report = audit(
        hound(tmp_path / "a.json", ("AZApp", {"id": APP["id"], "appId": APP["appId"], "signInAudience": "AzureADMultipleOrgs"})),
        as_of="2026-01-01",
        select=["app-lock-missing"],
    )
    assert [str(reason) for outcome in report.outcomes for reason in outcome.reasons] == [
        "servicePrincipalLockConfiguration: AzureHound does not export it"
    ]


@pytest.mark.parametrize("named", [APP["appId"].upper(), APP["id"].upper()], ids=["by app id", "by object id"])
def test_owners_and_federated_credentials_of_azurehound_find_their_registration(tmp_path: Path, named: str) -> None:
    owner = {"owner": {"@odata.type": "#microsoft.graph.user", "id": OWNER.upper()}, "appId": named}
    trust = {
        "fic": {"name": "gh", "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:a/b:pull_request"},
        "appId": named,
    }
    rows = (
        ("AZAppOwner", {"owners": [owner], "appId": named}),
        ("AZAppOwner", {"appId": APP["appId"]}),
        ("AZFederatedIdentityCredential", {"fics": [trust], "appId": named}),
        ("AZApp", APP),
    )
    path = hound(tmp_path / "a.json", *rows)
    assert owners(sources.read([str(path)])) == [(OWNER, OWNER)]
    report = audit(path, as_of="2026-01-01", select=["fic-bad-audience"])
    assert {row.rule_id for row in report.findings} == {"fic-bad-audience"}
    line = path.read_text().partition('"fic"')[0].count("\n") + 1
    assert {line <= (row.line or 0) <= line + 4 for row in report.findings} == {True}


def test_what_azurehound_says_of_others_is_not_read(tmp_path: Path) -> None:
    """A group's member can be a service principal: it is there by itself, and whole."""
    member = {"@odata.type": "#microsoft.graph.servicePrincipal", **PRINCIPAL}
    rows = (
        ("AZGroupMember", {"groupId": "g", "members": [{"groupId": "g", "member": member}]}),
        ("AZTenant", {"tenantId": SP, "displayName": "other"}),
        ("AZTenant", {"tenantId": OWNER, "displayName": "own", "collected": True}),
        ("AZApp", APP),
    )
    for path in (hound(tmp_path / "a.json", *rows), tmp_path / "b.ndjson"):
        if not path.exists():
            path.write_text("\n".join(json.dumps({"kind": kind, "data": data}) for kind, data in rows))
        documents = sources.read([str(path)])
        assert documents.errors == []
        assert [document.kind for document in documents.documents] == ["organization", "application"]
        assert world(documents).tenant.id == OWNER


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("AZApp", None), "an object is needed here"),
        (("AZApp", [APP]), "an object is needed here"),
        (("AZApp", {**APP, "web": {"redirectUris": "https://x"}}), "redirectUris"),
        (("AZAppOwner", {"owners": ["x"], "appId": "y"}), "an object is needed here"),
        (("AZAppOwner", {"owners": "x", "appId": "y"}), "an object is needed here"),
    ],
)
def test_an_object_of_azurehound_that_is_wrong_is_an_error(tmp_path: Path, row: tuple[str, Any], message: str) -> None:
    documents = sources.read([str(hound(tmp_path / "a.json", row, ("AZApp", {**APP, "id": SP})))])
    (error,) = documents.errors
    assert message in error.message
    assert error.line
    assert any(document.data is not None and document.data.id == SP for document in documents.documents)


def test_no_list_of_azurehound_is_taken_for_whole(tmp_path: Path) -> None:
    found = world(sources.read([str(hound(tmp_path / "a.json", ("AZApp", APP), ("AZServicePrincipal", PRINCIPAL)))]))
    assert found.complete == set()


def test_zips_of_exporters_are_read(tmp_path: Path) -> None:
    """BloodHound takes AzureHound's files zipped."""
    app = f"Applications/{APP['id']}"
    folder = exported(tmp_path / "tenant", {app: APP, f"{app}/Owners/{OWNER}": {"id": OWNER, "userPrincipalName": "ann@contoso.com"}})
    hound(tmp_path / "a.json", ("AZApp", {**APP, "id": SP}))
    with zipfile.ZipFile(tmp_path / "hound.zip", "w") as packed:
        packed.write(tmp_path / "a.json", "a.json")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as packed:
        for path in sorted(folder.rglob("*.json")):
            packed.write(path, path.relative_to(tmp_path).as_posix())
    for name, form, kinds in (("hound.zip", "AzureHound", ["application"]), ("export.zip", "EntraExporter", ["application", "owner"])):
        documents = sources.read([str(tmp_path / name)])
        assert documents.errors == []
        assert sorted(document.kind for document in documents.documents) == kinds
        assert {document.format.name for document in documents.documents if document.format is not None} == {form}


# -- ROADrecon

OLD_APP = {
    "objectId": APP["id"], "appId": APP["appId"], "displayName": "Payroll", "availableToOtherTenants": 0, "publicClient": None,
    "replyUrls": '["http://payroll.contoso.com/"]',
    "passwordCredentials": json.dumps([{"keyId": SP, "startDate": "2024-01-01T00:00:00Z", "endDate": "2025-01-01T00:00:00Z", "value": SECRET}]),
    "keyCredentials": "[]",
}  # fmt: skip
NEW_APP = {"id": APP["id"], "appId": APP["appId"], "displayName": "Payroll", "web": '{"redirectUris": ["http://payroll.contoso.com/"]}'}


def database(path: Path, *statements: str, **tables: dict[str, Any]) -> Path:
    tables = {"Applications": OLD_APP, "ServicePrincipals": {"objectId": SP, "appId": APP["appId"], "accountEnabled": 1}} | tables
    with closing(sqlite3.connect(path)) as made:
        for table, row in tables.items():
            if row:
                types = (
                    "BOOLEAN" if name in ("accountEnabled", "availableToOtherTenants", "publicClient") and row is not NEW_APP else "TEXT"
                    for name in row
                )
                made.execute(f"CREATE TABLE {table} ({', '.join(map(' '.join, zip(row, types, strict=True)))})")
                made.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", list(row.values()))
        for statement in statements:
            made.execute(statement)
        made.commit()
    return path


def http(path: Path) -> Report:
    return audit(path, as_of="2026-01-01", select=["redirect-http", "secret-expired"])


@pytest.mark.parametrize("name", ["roadrecon.db", "a b#c?d%20.db"])
def test_a_finding_in_a_database_has_a_place_and_no_line(tmp_path: Path, name: str) -> None:
    report = http(database(tmp_path / name))
    assert {(row.rule_id, row.line, row.pointer) for row in report.findings} == {
        ("redirect-http", None, f"/Applications/{APP['id']}/replyUrls/0"),
        ("secret-expired", None, f"/Applications/{APP['id']}/passwordCredentials/0/endDate"),
    }
    (row,) = http(database(tmp_path / f"new-{name}", Applications=NEW_APP)).findings
    assert row.pointer == f"/Applications/{APP['id']}/web/redirectUris/0"


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "csv", "github", "gitlab", "markdown"])
def test_a_report_on_a_database_names_the_file_and_no_secret(tmp_path: Path, form: str) -> None:
    ran = regaudit("scan", database(tmp_path / "roadrecon.db"), "--as-of", "2026-01-01", "--output-format", form)
    assert ran.code == 1
    assert "roadrecon.db" in ran.out
    assert "roadrecon.db:None" not in ran.out
    assert SECRET not in ran.out + ran.err


def test_owners_in_a_database_find_their_object(tmp_path: Path) -> None:
    path = database(
        tmp_path / "roadrecon.db",
        lnk_application_owner_user={"Application": APP["id"], "User": OWNER},
        Users={"objectId": OWNER, "userPrincipalName": "ann@contoso.com", "accountEnabled": 1},
    )
    assert owners(sources.read([str(path)])) == [(OWNER, "ann@contoso.com")]


def test_personal_accounts_are_unknown_where_no_column_tells(tmp_path: Path) -> None:
    (app,) = world(sources.read([str(database(tmp_path / "a.db", Applications={**OLD_APP, "supportsConvergence": 1}))])).apps
    audience: Any = app.audience
    assert audience.why == roadrecon.CONVERGED
    (app,) = world(sources.read([str(database(tmp_path / "b.db"))])).apps
    assert app.audience == "AzureADMyOrg"


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS objectId, x AS appId FROM n"


def test_a_view_is_refused_at_once(tmp_path: Path) -> None:
    path = database(tmp_path / "roadrecon.db", f"CREATE VIEW Applications AS {ENDLESS}", Applications={})
    start = time.monotonic()
    ran = regaudit("scan", path)
    assert time.monotonic() - start < 5
    assert ran.code == 2
    assert "Applications is a view or a virtual table, which are not read" in ran.err


def test_a_generated_column_is_not_computed(tmp_path: Path) -> None:
    column = "CREATE TABLE Applications (id TEXT, appId TEXT, web TEXT, displayName TEXT GENERATED ALWAYS AS (hex(zeroblob(400000000))))"
    row = f"INSERT INTO Applications VALUES ('{APP['id']}', '{APP['appId']}', '{NEW_APP['web']}')"
    report = http(database(tmp_path / "roadrecon.db", column, row, Applications={}))
    assert [row.rule_id for row in report.findings] == ["redirect-http"]


def test_steps_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roadrecon, "_MOST_STEPS", 10)
    monkeypatch.setattr(roadrecon, "_STEPS_AT_ONCE", 1)
    (error,) = sources.read([str(database(tmp_path / "roadrecon.db"))]).errors
    assert "more steps than are allowed" in error.message


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("replyUrls", "[", "/replyUrls: the column holds no JSON"),
        ("replyUrls", b"[]", "/replyUrls: the column holds a BLOB"),
        ("replyUrls", '{"a": 1}', "/replyUrls: a list or null is needed here"),
        ("displayName", 7, "/displayName: a text or null is needed here"),
    ],
)
def test_a_value_of_a_wrong_type_is_an_error_and_unknown(tmp_path: Path, column: str, value: Any, message: str) -> None:
    path = tmp_path / "roadrecon.db"
    database(path, Applications={**OLD_APP, column: "x"})
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA writable_schema=ON")
        made.execute("UPDATE sqlite_master SET sql = replace(sql, 'TEXT', 'ANY') WHERE name = 'Applications'")
        made.commit()
    with closing(sqlite3.connect(path)) as made:
        made.execute(f"UPDATE Applications SET {column} = ?", [value])
        made.commit()
    documents = sources.read([str(path)])
    assert any(message in error.message for error in documents.errors), documents.errors
    assert [document.kind for document in documents.documents] == ["application", "servicePrincipal"]


def test_a_database_that_is_being_written_is_told(tmp_path: Path) -> None:
    path = database(tmp_path / "roadrecon.db")
    (tmp_path / "roadrecon.db-wal").write_bytes(b"x")
    (error,) = sources.read([str(path)]).errors
    assert "roadrecon.db-wal has changes to this database that are not read" in error.message


def test_a_database_of_somebody_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "browser.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE Applications (objectId TEXT)")
        made.commit()
    (error,) = sources.read([str(path)]).errors
    assert "not ROADrecon's" in error.message
    folder = sources.read([str(tmp_path)])
    assert folder.errors == []
    assert "not ROADrecon's" in folder.notes[0].message
    (tmp_path / "broken.db").write_bytes(path.read_bytes()[:4096].replace(b"CREATE TABLE", b"\xff" * 12))
    (error,) = sources.read([str(tmp_path / "broken.db")]).errors
    assert "the database cannot be read" in error.message


# -- delta queries of Microsoft Graph


def test_what_a_delta_query_names_as_removed_is_told_and_not_audited(tmp_path: Path) -> None:
    removed = [{"id": SP, "@removed": {"reason": "deleted"}}, {"id": OWNER, "@removed": {"reason": "changed"}}]
    context = "https://graph.microsoft.com/v1.0/$metadata#applications"
    for head in ({"@odata.context": context}, {}):
        path = tmp_path / "page.json"
        path.write_text(json.dumps({**head, "@odata.deltaLink": "https://x", "value": [APP, *removed]}))
        documents = sources.read([str(path)])
        assert documents.errors == []
        assert [document.data.id for document in documents.documents] == [APP["id"]]
        assert sum("@removed" in note.message for note in documents.notes) == 2
        assert not any(listing.ended for listing in documents.listings), "a list of changes is not the whole list"


def test_an_object_with_properties_is_not_removed_by_a_member(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"value": [{**APP, "@removed": {"reason": "deleted"}}]}))
    assert [document.data.id for document in sources.read([str(path)]).documents] == [APP["id"]]


# -- the corpus


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize(
    ("name", "form", "kinds"),
    [
        ("azurehound/azurehound_2.x.json", "AzureHound", {"application": 2, "owner": 2, "servicePrincipal": 1, "appRoleAssignment": 1, "federatedIdentityCredential": 1}),
        ("azurehound/azurehound_2026-08_uppercased.json", "AzureHound", {"application": 2, "owner": 2, "servicePrincipal": 1, "appRoleAssignment": 1, "federatedIdentityCredential": 1}),
        ("azurehound/azurehound_stdout.ndjson", "AzureHound", {"application": 2, "owner": 2, "servicePrincipal": 1, "appRoleAssignment": 1, "federatedIdentityCredential": 1}),
        ("roadrecon/roadrecon_aadgraph.db", "ROADrecon database", {"application": 1, "servicePrincipal": 1, "oauth2PermissionGrant": 1, "appRoleAssignment": 1}),
        ("roadrecon/roadrecon_msgraph.db", "ROADrecon database", {"application": 1, "servicePrincipal": 1}),
        ("entraexporter/EntraExporter_pwsh7", "EntraExporter", {"application": 2, "servicePrincipal": 1, "owner": 1, "oauth2PermissionGrant": 1}),
        ("entraexporter/EntraExporter_ps51", "EntraExporter", {"application": 2, "servicePrincipal": 1, "owner": 1, "oauth2PermissionGrant": 1}),
    ],
)  # fmt: skip
def test_files_of_the_corpus_are_read(name: str, form: str, kinds: dict[str, int]) -> None:
    documents = sources.read([str(CORPUS / name)])
    assert documents.errors == []
    assert {document.format.name for document in documents.documents if document.format is not None} == {form}
    assert Counter(document.kind for document in documents.documents) == kinds
