"""Every format that is read, by a sample of it: alone, and in a folder. A format without a sample, or without markers, fails here."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from auditor import Report, audit, sources
from auditor.sources import Documents, formats
from auditor.sources.coverage import Covered, TenantInfo
from auditor.sources.formats.base import Converted, FileFormat, Format, Object, ObjectFormat, Piece, Whole
from auditor.sources.graph import plan
from auditor.sources.spool import Writer
from tests.helpers import regaudit

GUID = "22222222-2222-4222-8222-222222222222"
SIGN_IN = {"oAuthSettings": {"identityProvider": "aad", "clientId": GUID}}
CLIENT = {"auth": {"clientId": GUID, "authority": "https://login.microsoftonline.com/common"}}
REGISTRATION = {"id": GUID, "appId": GUID, "displayName": "Payroll", "identifierUris": []}
OLD = {"appId": GUID, "replyUrls": [], "objectId": "11111111-1111-4111-8111-111111111111", "objectType": "Application"}
RESOURCE = {"address": "azuread_application.a", "mode": "managed", "type": "azuread_application", "name": "a"}
PLANNED = {**RESOURCE, "change": {"actions": ["create"], "after": {"display_name": "x"}}}
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
AZURE_ROLE = {
    "type": "microsoft.authorization/roleassignments", "properties": {"roleDefinitionId": GUID, "principalId": GUID, "scope": "/"},
}  # fmt: skip
DEPLOYED = {"type": "Microsoft.Graph/applications@v1.0", "properties": {"displayName": "x"}}

# name of a format -> the smallest files of it: the name of each, and what it holds. bytes are written as they are.
SAMPLES: dict[str, list[tuple[str, Any]]] = {
    "snapshot": [("tenant.ndjson.gz", None)],
    "zip archive": [
        ("solution.zip", {"Connector/x_connectionparameters.json": {"token": SIGN_IN}}),
        ("export.zip", {"a/apps.json": [REGISTRATION]}),
    ],
    "gzip file": [("apps.json.gz", [REGISTRATION])],
    "tar archive": [("apps.tar", {"a/apps.json": [REGISTRATION]})],
    "solution XML": [
        ("x.xml", "<Connector><displayname>Orders</displayname></Connector>"),
        ("y.xml", '<?xml version="1.0"?>\n<Connector />'),
    ],
    "environment variable": [
        ("x.xml", '<environmentvariabledefinition schemaname="x"><defaultvalue>y</defaultvalue></environmentvariabledefinition>')
    ],
    "values of environment variables": [("settings.json", {"EnvironmentVariables": [{"SchemaName": "x", "Value": "y"}]})],
    "answer with a client secret": [
        (
            "answer.json",
            {
                "keyId": "5ec7e700-0000-4000-8000-000000000001",
                "endDateTime": "2027-01-01T00:00:00Z",
                "secretText": "made-up.value_1~of-a-secret",
            },
        ),
        ("az.json", {"appId": GUID, "displayName": "ci", "password": "made-up.value_1~of-a-secret", "tenant": GUID}),
    ],
    "EntraExporter": [
        (f"tenant/Applications/{GUID}/{GUID}.json", {"id": GUID, "appId": GUID, "displayName": "Payroll"}),
        (f"tenant/ServicePrincipals/{GUID}/Owners/{GUID}/{GUID}.json", {"id": GUID, "userPrincipalName": "ann@contoso.com"}),
        (f"tenant/ServicePrincipals/{GUID}/AppRoleAssignedTo/x-1/x-1.json", {"appRoleId": GUID, "resourceId": GUID}),
    ],
    "Azure AD Graph": [
        ("az.json", OLD),
        ("az-list.json", [{**OLD, "objectType": "ServicePrincipal"}]),
        ("page.json", {"odata.metadata": "https://graph.windows.net/t/$metadata#directoryObjects", "value": [OLD]}),
    ],
    "Azure AD Graph manifest": [("manifest.json", {"name": "Payroll", "replyUrlsWithType": []}), ("old.json", {"oauth2Permissions": []})],
    "Microsoft Graph": [
        ("app.json", {"id": GUID, "appId": GUID, "displayName": "Payroll"}),
        ("audience.json", {"signInAudience": "AzureADMyOrg"}),
        ("principal.json", {"servicePrincipalType": "Application", "id": GUID}),
        ("grants.json", [{"clientId": GUID, "resourceId": GUID, "consentType": "AllPrincipals"}]),
        ("assignments.json", [{"appRoleId": GUID, "resourceId": GUID}]),
        ("trust.json", [{"issuer": "https://x", "subject": "y", "audiences": []}]),
        ("tenant.json", {"id": GUID, "verifiedDomains": []}),
        ("policy.json", {"defaultUserRolePermissions": {}}),
        ("consent.json", {"isEnabled": False, "notifyReviewers": True}),
        ("restrictions.json", {"applicationRestrictions": {}}),
        ("sign-ins.json", [{"appId": GUID, "lastSignInActivity": {}}]),
        ("page.json", {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications", "value": [{"displayName": "Payroll"}]}),
    ],
    "Az PowerShell": [("az.json", [{"AppId": GUID, "Id": GUID, "SignInAudience": "AzureADMyOrg", "IdentifierUri": [], "Web": {}}])],
    "AzureAD PowerShell": [("azuread.json", {name[0].upper() + name[1:]: item for name, item in OLD.items()})],
    "Microsoft Graph PowerShell": [
        ("mg.json", [{"Id": GUID, "AppId": GUID, "DisplayName": "x", "SignInAudience": "AzureADMyOrg", "Web": {}}]),
        ("mg-principal.json", {"Id": GUID, "AppId": GUID, "ServicePrincipalType": "Application"}),
        ("grants.json", [{"ClientId": GUID, "ResourceId": GUID, "ConsentType": "AllPrincipals"}]),
        ("assignments.json", [{"AppRoleId": GUID, "ResourceId": GUID}]),
    ],
    "AzureHound": [
        (
            "hound.json",
            {"data": [{"kind": "AZApp", "data": {"id": GUID, "appId": GUID}}], "meta": {"type": "azure", "version": 5, "count": 1}},
        ),
        ("line.ndjson", json.dumps({"kind": "AZServicePrincipal", "data": {"id": GUID}})),
        ("owner.json", {"kind": "AZServicePrincipalOwner", "data": {"owners": [{"owner": {"id": GUID}}], "servicePrincipalId": GUID}}),
    ],
    "connector": [
        ("apiProperties.json", {"properties": {"iconBrandColor": "#fff"}}),
        ("sets.json", {"properties": {"connectionParameterSets": {"values": [{"parameters": {"token": SIGN_IN}}]}}}),
        ("x_connectionparameters.json", {"token": SIGN_IN}),
        ("without-sign-in_connectionparameters.json", {}),
        ("parameter.json", SIGN_IN),
    ],
    "connector definition": [("apiDefinition.swagger.json", {"swagger": "2.0", "host": "x.contoso.com"})],
    "connector settings": [("settings.json", {"apiProperties": "apiProperties.json", "apiDefinition": "apiDefinition.swagger.json"})],
    "authConfig.js": [("authConfig.js", f"const msalConfig = {json.dumps(CLIENT)};"), ("a.ts", f"x.passportConfig = {json.dumps(CLIENT)}")],
    "authConfig.json": [("authConfig.json", {"credentials": {"clientID": GUID}}), ("client.json", CLIENT)],
    "sample.json": [("sample.json", {"AADApps": [{"Name": "spa"}]})],
    "appsettings.json": [("appsettings.json", {"AzureAd": {"ClientId": GUID, "TenantId": GUID}})],
    "configuration of MSAL for Python": [
        ("parameters.json", {"client_id": GUID, "authority": "https://login.microsoftonline.com/common", "scope": ["User.Read"]}),
    ],
    "app manifest of Microsoft Teams": [
        ("manifest.json", {"manifestVersion": "1.16", "webApplicationInfo": {"id": GUID, "resource": f"api://{GUID}"}}),
    ],
    "Azure Resource Graph": [("roles.json", {"count": 1, "data": [AZURE_ROLE], "skip_token": None, "total_records": 1})],
    "Azure roles": [
        ("row.json", AZURE_ROLE),
        ("cli.json", [{"type": "Microsoft.Authorization/roleAssignments", "roleDefinitionId": GUID, "principalId": GUID, "scope": "/"}]),
        (
            "definitions.json",
            [{"type": "Microsoft.Authorization/roleDefinitions", "id": GUID, "permissions": [], "assignableScopes": ["/"]}],
        ),
    ],
    "Exchange application access policies": [
        ("policies.json", [{"AppId": GUID, "AccessRight": "RestrictAccess", "IsValid": True}]),
        ("named.json", {"applicationAccessPolicies": [{"AppId": GUID, "AccessRight": "DenyAccess"}]}),
    ],
    "Microsoft Defender hunting query": [
        ("hunt.json", {"schema": [{"name": "OAuthAppId", "type": "String"}], "results": [{"OAuthAppId": GUID, "Permissions": []}]}),
    ],
    "Microsoft Defender OAuthAppInfo": [("rows.json", [{"OAuthAppId": GUID, "Permissions": ['{"PermissionValue": "Mail.Read"}']}])],
    "dnsx": [("hosts.json", '{"host": "a.contoso.com", "status_code": "NXDOMAIN", "timestamp": "2026-01-01T00:00:00Z"}')],
    "ROADrecon database": [
        ("roadrecon.db", {"Applications": {"objectId": GUID, "appId": GUID, "replyUrls": "[]"}, "ServicePrincipals": {"objectId": GUID}}),
        ("mgraph.db", {"Applications": {"id": GUID, "appId": GUID, "web": '{"redirectUris": []}'}, "ServicePrincipals": {"id": GUID}}),
    ],
    "Terraform plan or state": [
        ("plan.json", {"format_version": "1.2", "resource_changes": [PLANNED]}),
        (
            "state.json",
            {"terraform_version": "1.9", "values": {"root_module": {"resources": [{**RESOURCE, "values": {"display_name": "x"}}]}}},
        ),
    ],
    "Terraform state file": [
        (
            "terraform.tfstate",
            {"version": 4, "lineage": "x", "resources": [{**RESOURCE, "instances": [{"attributes": {"display_name": "x"}}]}]},
        ),
    ],
    "Azure Resource Manager template": [("main.json", {"$schema": SCHEMA, "resources": {"app": DEPLOYED}})],
    "YAML of Azure CLI": [
        ("app.yaml", f"# az ad app show\nappId: {GUID}\ndisplayName: x\nsignInAudience: AzureADMyOrg\n"),
        ("apps.yml", f"---\n- displayName: x\n  appId: {GUID}\n  signInAudience: AzureADMyOrg\n"),
    ],
    "a file of another tool": [("main.tf", 'resource "azuread_application" "a" {\n}\n')],
}
FILES = [(name, file, content) for name, samples in SAMPLES.items() for file, content in samples]


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name.endswith(".json.gz"):
        path.write_bytes(gzip.compress(json.dumps(content).encode()))
    elif path.name.endswith(".gz"):
        info = TenantInfo("7e4a0000-0000-4000-8000-000000000001", taken="2026-11-24T00:00:00Z", covered=[Covered("applications", count=1)])
        writer = Writer(path, ["applications"], "1").open(info)
        writer.page("applications", plan.APPLICATIONS, [("", b'{"id": "a", "appId": "b"}')], None, [])
        writer.finish(info)
    elif path.name.endswith(".db"):
        with closing(sqlite3.connect(path)) as made:
            for table, row in content.items():
                made.execute(f"CREATE TABLE {table} ({', '.join(f'{name} TEXT' for name in row)})")
                made.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", list(row.values()))
            made.commit()
    elif path.name.endswith(".zip"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, member in content.items():
                archive.writestr(name, json.dumps(member))
        path.write_bytes(packed.getvalue())
    elif path.name.endswith(".tar"):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for name, member in content.items():
                head, text = tarfile.TarInfo(name), json.dumps(member).encode()
                head.size = len(text)
                tar.addfile(head, io.BytesIO(text))
        path.write_bytes(packed.getvalue())
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def as_what(path: Path, documents: Documents) -> set[str]:
    """Names of the formats that were found in a file."""
    whole = formats.of_file(Whole(path.as_posix(), "", named=False, path=path))
    return {whole.name} if whole is not None else {document.format.name for document in documents.documents if document.format is not None}


def is_read(documents: Documents) -> bool:
    return bool(documents.documents) and not documents.errors and not documents.passed_over


def is_named(documents: Documents) -> bool:
    return not documents.documents and "which regaudit does not read" in str(documents.errors[0])


def test_every_format_has_a_sample() -> None:
    assert [form.name for form in formats.FORMATS] == list(SAMPLES)


@pytest.mark.parametrize(("name", "file", "content"), FILES, ids=[f"{row[0]}: {row[1]}" for row in FILES])
def test_a_sample_is_read_alone_and_found_in_a_folder(name: str, file: str, content: Any, tmp_path: Path) -> None:
    path = write(tmp_path / file, content)
    test = is_named if name == "a file of another tool" else is_read
    alone = sources.read([str(path)])
    assert test(alone)
    assert as_what(path, alone) == {name}
    (tmp_path / "package.json").write_text('{"name": "x", "dependencies": {"y": "1"}}')
    folder = sources.read([str(tmp_path)])
    assert folder.passed_over == [(tmp_path / "package.json").as_posix()]
    folder.passed_over = []
    assert test(folder)
    assert [(one.kind, one.pointer) for one in folder.documents] == [(one.kind, one.pointer) for one in alone.documents]


def test_every_format_says_what_it_is_how_it_is_recognised_and_what_it_holds() -> None:
    for form in formats.FORMATS:
        assert form.about, form.name
        assert form.told_by, form.name
        assert form.holds or form.name == "a file of another tool", form.name


def test_the_list_of_formats_is_printed() -> None:
    names = [form.name for form in formats.FORMATS]
    assert regaudit("formats", "-q").out.split("\n")[:-1] == names
    rows = regaudit("formats", "--output-format", "json").json
    assert [row["name"] for row in rows] == names
    old = next(row for row in rows if row["name"] == "AzureAD PowerShell")
    assert {"spa", "owners", "api.requestedAccessTokenVersion"} <= set(old["cannot_hold"])
    text = " ".join(regaudit("formats").out.split())
    assert "Get-MgApplication" in text
    assert "cannot hold: api.requestedAccessTokenVersion" in text


# -- a format of a house


class Plan(ObjectFormat):
    """Resources by their addresses, without ids: what a plan of Terraform's is like."""

    name = "plan"
    markers = (rb"house_resources",)

    def recognises(self, seen: Object) -> str | None:
        return "application" if "house_resources" in seen.members else None

    def pieces(self, seen: Object, kind: str) -> Iterator[Piece]:
        for resource in seen.members["house_resources"].items():
            yield Piece(resource, kind, self._convert, identity=str(resource.members()["address"].value()), why="not in a plan")

    @staticmethod
    def _convert(value: dict[str, Any]) -> Converted:
        out = Converted()
        out.put("displayName", value["name"], "/name")
        out.put("passwordCredentials", [{"displayName": "ci"}], "/secrets")
        for platform in ("spa", "publicClient"):
            out.put(f"{platform}/redirectUris", [], "/uris")
        if "uris" in value:
            out.put("web/redirectUris", value["uris"], "/uris")
        else:
            out.leave_out("web/redirectUris", "known after apply", "/uris")
        return out


PAYROLL = {"address": "app.payroll", "name": "Payroll", "uris": ["http://payroll.contoso.com/"]}
OTHER = {"address": "app.other", "name": "Other", "uris": ["http://other.contoso.com/"]}


@pytest.fixture
def with_plans(monkeypatch: pytest.MonkeyPatch) -> Plan:
    form = Plan()
    install(form, monkeypatch)
    return form


def install(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    forms: tuple[Format, ...] = (form, *formats.FORMATS)
    monkeypatch.setattr(formats, "MARKERS", formats.markers_of(forms))
    monkeypatch.setattr(formats, "FILES", [one for one in forms if isinstance(one, FileFormat)])
    monkeypatch.setattr(formats, "OBJECTS", [one for one in forms if isinstance(one, ObjectFormat)])


def test_a_format_without_markers_is_not_found_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_plans: Plan) -> None:
    path = write(tmp_path / "plan.json", {"house_resources": [PAYROLL]})
    assert is_read(sources.read([str(tmp_path)]))
    monkeypatch.setattr(with_plans, "markers", (), raising=False)
    install(with_plans, monkeypatch)
    assert is_read(sources.read([str(path)]))
    assert not is_read(sources.read([str(tmp_path)]))


def plans(path: Path, *resources: dict[str, Any], select: str = "redirect-http") -> Report:
    return audit(write(path, {"house_resources": resources}), as_of="2026-01-01", select=[select])


def test_a_finding_goes_by_its_resource_and_not_by_its_place(tmp_path: Path, with_plans: Plan) -> None:
    def ids(*resources: dict[str, Any]) -> dict[str | None, str]:
        return {row.app_display_name: row.finding_id for row in plans(tmp_path / "plan.json", *resources).findings}

    before = ids(PAYROLL, OTHER)
    assert len(set(before.values())) == 2
    assert ids(OTHER, PAYROLL) == before
    assert ids(OTHER) == {"Other": before["Other"]}


def test_two_resources_of_one_address_are_two(tmp_path: Path, with_plans: Plan) -> None:
    rows = plans(tmp_path / "plan.json", PAYROLL, {**PAYROLL, "name": "Payroll again"}).findings
    assert len({row.finding_id for row in rows}) == 2


def test_what_a_format_does_not_hold_is_unknown_for_its_reason(tmp_path: Path, with_plans: Plan) -> None:
    def reasons(select: str) -> set[str]:
        report = plans(tmp_path / "plan.json", {"address": "a", "name": "x"}, select=select)
        return {str(reason) for outcome in report.outcomes for reason in outcome.reasons}

    assert reasons("redirect-http") == {"web.redirectUris: known after apply"}
    assert reasons("secret-expired") == {"passwordCredentials.endDateTime: not in a plan"}
    assert reasons("perm-aad-graph") == {"requiredResourceAccess: not in a plan"}


def test_a_manifest_says_what_it_cannot_carry(tmp_path: Path) -> None:
    """A rule may presume nothing else of what is absent."""
    (old,) = sources.read([str(write(tmp_path / "old.json", {"appId": GUID, "replyUrlsWithType": []}))]).documents
    (new,) = sources.read([str(write(tmp_path / "new.json", {"appId": GUID, "id": GUID, "displayName": "x"}))]).documents
    assert old.format is not None
    assert new.format is not None
    assert old.format.cannot_carry == {"owners", "federatedIdentityCredentials"}
    assert new.format.cannot_carry == set()


def test_an_object_asks_no_module_that_reads_whole_files_only() -> None:
    """`_WHOLE` saves imports: what it names has no format of objects, and what it does not name has one."""
    own = {form for form in formats.FORMATS if isinstance(form, ObjectFormat)}
    assert own == set(formats.OBJECTS)


def test_files_that_cannot_come_through_a_pipe_are_in_few_modules() -> None:
    """Their first bytes are asked about standard input, for which no other format is loaded."""
    assert {form.name for form in formats.FILES if form.on_disk} == {form.name for form in formats.ON_DISK if form.on_disk}
