"""Files of other tools: each is named in one sentence that helps; in a folder it is an error only where registrations would be in it."""

from __future__ import annotations

import bz2
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from auditor import audit
from tests.test_sources import APP

GUID = "22222222-2222-4222-8222-222222222222"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
CLIXML = (
    '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj><Props><S N="AppId">x</S></Props></Obj></Objs>'
)
DENIED = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges", "innerError": {}}}
ACCESS = {"resourceAppId": GUID, "resourceAccess": [{"id": GUID, "type": "Scope"}]}


def zipped(name: str, content: Any) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, content if isinstance(content, str) else json.dumps(content))
    return packed.getvalue()


def tarred(content: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("app.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content.encode()))
    return packed.getvalue()


# name of the file, what it holds, words of the sentence, whether it would hold registrations
FILES: list[tuple[str, Any, str, bool]] = [
    ("apps.clixml", CLIXML, "CLIXML", True),
    ("main.tf", 'resource "azuread_application" "a" {\n  display_name = "x"\n}\n', "terraform show -json tfplan", True),
    ("main.tf.json", {"resource": {"azuread_application": {"a": {"display_name": "x"}}}}, "terraform show -json tfplan", True),
    ("pulumi.json", {"version": 3, "deployment": {"resources": [{"type": "azuread:index/application:Application"}]}}, "Pulumi", True),
    ("main.bicep", "extension graph\nresource app 'Microsoft.Graph/applications@v1.0' = {\n  displayName: 'x'\n}\n", "Bicep", True),
    ("dsc.ps1", "Configuration M365\n{\n  AADApplication 'Payroll'\n  {\n    DisplayName = 'x'\n  }\n}\n", "Microsoft365DSC", True),
    ("dsc.json", [{"ResourceName": "AADApplication", "ResourceInstanceName": "x", "DisplayName": "x"}], "Microsoft365DSC", True),
    ("portal.csv", f"Display name,Application (client) ID\nx,{GUID}\n", "CSV", True),
    ("apps.yaml", "all:\n    - appId: x\n      signInAudience: AzureADMyOrg\n      identifierUris: []\n", "YAML", True),
    ("required.json", {"requiredResourceAccess": [ACCESS]}, "a part of a manifest", True),
    ("required-list.json", [ACCESS], "a part of a manifest", True),
    ("claims.json", {"optionalClaims": {"idToken": [{"name": "email"}]}}, "a part of a manifest", True),
    ("apps.json.bz2", bz2.compress(json.dumps(APP).encode()), "a bzip2 file", True),
    ("apps.xz", lzma.compress(json.dumps([APP]).encode()), "an xz file", True),
    ("apps.json.zst", b"\x28\xb5\x2f\xfd whatever", "a Zstandard file", False),
    ("portal.tsv", f"Display name\tApplication (client) ID\nx\t{GUID}\n", "CSV", True),
    ("token.json", {"error": "invalid_grant", "error_description": "AADSTS70008: it has expired"}, "an error was saved instead of data: invalid_grant", True),
    ("old.json", {"odata.error": {"code": "Request_ResourceNotFound", "message": {"value": "no"}}}, "an error was saved instead of data", True),
    ("denied.json", DENIED, "grant the permission that was refused", True),
    ("postman.json", {"info": {"_postman_id": "x", "schema": "https://schema.getpostman.com/x"}, "item": []}, "Postman", False),
    ("teams.json", {"manifestVersion": "1.16", "id": "x", "webApplicationInfo": {"id": GUID}}, "Microsoft Teams", False),
    ("appsettings.json", {"AzureAd": {"Instance": "https://login.microsoftonline.com/", "ClientId": GUID}}, "appsettings.json", False),
    ("query.json", [{"id": GUID, "name": "x"}], "--query", False),
    ("slim.json", {"appId": GUID, "displayName": "x"}, "--query or Select-Object", False),
    ("bad-apps.json", {"applications": [{"appId": GUID, "displayName": "x", "category": "mail"}]}, "--query", False),
    ("capacitor.config.json", {"appId": "com.example.app", "appName": "x", "webDir": "www"}, "Capacitor", False),
    ("schema.json", {"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"appId": {}, "identifierUris": {}}}, "JSON Schema", False),
    ("html.json", "<html><body>Sign in</body></html>", "HTML", False),
    ("Customizations.xml", "<ImportExportXml><connectionreferences/></ImportExportXml>", "Customizations.xml", False),
    ("zero.json", "", "empty", False),
    ("none.json", [], "empty", False),
    ("page.json", {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications", "value": []}, "empty", False),
]  # fmt: skip
IDS = [row[0] for row in FILES]


def put(path: Path, content: Any) -> None:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.mark.parametrize(("name", "content", "says", "holds"), FILES, ids=IDS)
def test_a_file_that_is_named_is_called_by_its_name(tmp_path: Path, name: str, content: Any, says: str, holds: bool) -> None:
    put(tmp_path / name, content)
    report = audit(tmp_path / name, as_of="2026-01-01")
    assert report.exit_code() == 2
    (error,) = report.errors
    assert says in str(error)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(("name", "content", "says", "holds"), FILES, ids=IDS)
def test_in_a_folder_it_is_an_error_only_where_registrations_would_be_in_it(
    tmp_path: Path, name: str, content: Any, says: str, holds: bool
) -> None:
    put(tmp_path / "good.json", APP)
    put(tmp_path / name, content)
    report = audit(tmp_path, as_of="2026-01-01", select=["redirect-http"])
    assert report.applications == 1
    assert report.exit_code() == (2 if holds else 0)
    said = report.errors if holds else report.notes
    assert says in " ".join(str(one) for one in said if name in str(one))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("error.json", '{"error": "none", "description": "x"}'),
        ("README.md", "signInAudience: x\nidentifierUris: []\n```\nresource \"azuread_application\" \"a\" {\n```\n"),
        ("main.tf", 'resource "aws_s3_bucket" "b" {\n}\n'),
        ("deploy.yaml", "kind: Deployment\nmetadata:\n  name: x\n"),
        ("deploy.ps1", "New-MgApplication -DisplayName x\n"),
        ("package.json", '{"name": "x", "version": "1"}'),
        ("people.csv", "name,age\nx,1\n"),
        ("other.zip", zipped("package.json", {"name": "x", "appId": "com.example.app"})),
        ("other.tar", tarred('{"appId": "com.example.app"}')),
        ("other.xz", lzma.compress(b"prose")),
        ("i18n.json", '{"en": {"appId": "Application ID", "signInAudience": "Who signs in", "identifierUris": "URIs"}}'),
        ("arm.json", json.dumps({"$schema": SCHEMA, "resources": [{"type": "Microsoft.Storage/storageAccounts"}]})),
    ],
)  # fmt: skip
def test_what_has_nothing_to_do_with_it_is_no_error(tmp_path: Path, name: str, content: Any) -> None:
    put(tmp_path / "good.json", APP)
    put(tmp_path / name, content)
    report = audit(tmp_path, as_of="2026-01-01", select=["redirect-http"])
    assert (report.applications, report.errors) == (1, [])
