"""The commands of all pages' fixes: whoever pastes one harms nothing that the page does not name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor import audit, rulebook
from auditor.engine.compiled import compiled
from auditor.report.fixes import Fix
from auditor.rulebook import Rule
from auditor.shell import Shell
from auditor.template import Way
from tests.fixes import kind
from tests.helpers import regaudit, write

RULES = list(rulebook.shipped())
BY_ID = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)

FACT = "FACT"  # stands for whatever a command takes from the finding; it never has a character that a shell obeys
UNQUOTED = set("$&?*[](){};|!#~`\\^")  # obeyed by bash, zsh or PowerShell
IN_DOUBLE_QUOTES = set("$`\\!")

DELETES = re.compile(r"az (?:ad \S+(?: \S+)? (?:delete|remove)|rest --method DELETE)\b")
SAYS_SO = re.compile(
    r"\b(?:deletes?|removes?|takes? out)\b[^.`]*\b(?:registration|service principal|secret|certificate|key|credential|entries|permissions?|"
    r"APIs?|grant|assignment|owner|guest as owner)\b",
    re.IGNORECASE,
)
REPLACES = re.compile(
    r"--(?:web-redirect-uris|public-client-redirect-uris|identifier-uris|app-roles|required-resource-accesses|optional-claims)\b"
    r"|--method (?:PATCH|PUT) .*--body (?:'@|.*\[|.*\"scope\")",
    re.DOTALL,
)
KEEPS = re.compile(r"\bALL-(?:[A-Z]+-)+TO-KEEP\b")
# What is there goes to a file, and is edited.
EDITED = re.compile(r"> (?P<file>\S+\.json)[`\n]|az rest --url \S+/policies/|credential\.json")
NOTHING_TO_KEEP = {
    "fic-bad-audience": "a credential has one audience",
    "audience-restricted-to-nobody": "fails where no tenant is named",
    "app-id-uri-missing": "fails where there is no URI",
    "public-client-without-redirect": "fails where the platform has no URI",
    "redirect-missing": "fails where web and SPA have no URI",
    "saml-cert-no-notification": "fails where nobody is named",
    "tenant-admin-consent-no-reviewers": "fails where there is no reviewer",
    "scope-none-exposed": "takes all URIs out, and says so",
}


def fix(rule: Rule) -> str:
    """The fix as it is printed, FACT for each value and a placeholder for what is taken from a list."""
    template = compiled(rule).fix.template
    said = {
        name: f'"{FACT}"' if place.way is Way.value else FACT for name, place in template.places.items() if place.way is not Way.elements
    }
    return template.filled(said)


def commands(rule: Rule) -> Iterator[tuple[str, str]]:
    """Each command of the fix as bash has it, and the text before it since the last command that deletes."""
    text, start = fix(rule), 0
    if kind(rule) != "prose":
        before = ""
        for part in Fix("0" * 32, text).parts(Shell.bash):
            if isinstance(part, str):
                before += part
            else:
                yield part.lines[-1], before
                before = "" if DELETES.match(part.lines[-1]) else before
        return
    for found in re.finditer(r"```\w*\n(?P<fence>.*?)^```|`(?P<inline>[^`]*)`", text, re.M | re.S):
        for command in (found["fence"] or found["inline"] or "").strip().split("\n"):
            if re.match(r"az |pac |[A-Z]\w+-Mg", command):
                yield command, text[start : found.start()]
                start = found.end() if DELETES.match(command) else start


def obeyed(command: str) -> set[str]:
    """Characters that a shell would obey; a quote that is left open is one."""
    quote, found = "", set()
    for before, char in zip(" " + command, command, strict=False):
        if quote:
            found |= {char} & IN_DOUBLE_QUOTES if quote == '"' else set()
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in UNQUOTED or (char == "@" and before == " "):  # PowerShell splats @name
            found.add(char)
    return found | ({quote} if quote else set())


@BY_ID
def test_no_shell_obeys_a_part_of_a_command(rule: Rule) -> None:
    in_blocks = {"@"} if kind(rule) != "prose" else set()  # these are lines of bash; PowerShell gets such a word in quotes
    for command, _ in commands(rule):
        assert not obeyed(command) - in_blocks, command


@pytest.mark.parametrize(
    "command", ["az rest --url https://x/$ref", "az x --query a[].b", "az x --body @a.json", 'az x "$a"', "az x 'a", "az x ?a=b&c"]
)
def test_what_a_shell_obeys_is_seen(command: str) -> None:
    assert obeyed(command)


@BY_ID
def test_a_new_credential_leaves_the_others_and_ends_in_time(rule: Rule) -> None:
    for command, _ in commands(rule):
        if "credential reset" in command:
            assert "--append" in command, "without it all other credentials are deleted"
            assert "--cert" in command or re.search(f"--end-date (?:END-DATE|{FACT})", command), (
                "a year is longer than secret-lifetime allows"
            )
            assert "--cert" in command or "--display-name" in command, "secret-unnamed would be the next finding"
            assert "END-DATE" not in command or "`END-DATE` is at most" in fix(rule)


@BY_ID
def test_what_is_deleted_is_said_before(rule: Rule) -> None:
    for command, before in commands(rule):
        if DELETES.match(command):
            before = re.sub(r"\s+", " ", before)
            assert SAYS_SO.search(before), f"{command}: {before!r}"


@BY_ID
def test_a_list_that_is_replaced_keeps_what_is_in_it(rule: Rule) -> None:
    text = fix(rule)
    for command, _ in commands(rule):
        if REPLACES.search(command) and rule.id not in NOTHING_TO_KEEP:
            assert (
                KEEPS.search(command)
                or (FACT in command and "_to_keep}" in rule.fix)
                or ("'@" in command and (EDITED.search(text) or "whole list" in text))
            ), command


@BY_ID
def test_a_command_is_whole_and_its_placeholders_are_spelt_alike(rule: Rule) -> None:
    for command, _ in commands(rule):
        assert not re.search(r"--(?!append\b|cert\b)[\w-]+$", command), f"an option without its value: {command}"
        assert not re.search(r"\b[A-Z]+_[A-Z_]+\b", command), command


@BY_ID
def test_credentials_are_named_by_the_application_id(rule: Rule) -> None:
    for found in re.finditer(r"az ad app (?:federated-)?credential \w+ --id (\{[^}]*\}|\S+?)[`\s]", rule.fix):
        assert re.fullmatch(r"\{(?:(?:app|connector\.client)\.app_id|connector\.client_id\b.*)\}", found[1]), found[0]


# -- what single fixes say of a finding

CLIENT, API = "11111111-1111-4111-8111-111111111111", "aaaaaaaa-0000-4000-8000-000000000001"


def fixes(tmp_path: Path, rule: str, *apps: dict[str, Any], connector: dict[str, Any] | None = None, **params: Any) -> list[str]:
    """The fixes of a rule's findings; a connector that is given signs in through CLIENT."""
    (tmp_path / "apps.json").write_text(json.dumps(apps))
    if connector is not None:
        settings = {"identityProvider": "aad", "clientId": CLIENT, "scopes": [], "redirectMode": "Global"}
        parameters = {"tenantId": {"value": connector["tenant"]}, "resourceUri": {"value": connector["resource"]}}
        token = {"type": "oauthSetting", "oAuthSettings": {**settings, "customParameters": parameters}}
        (tmp_path / "apiProperties.json").write_text(json.dumps({"properties": {"connectionParameters": {"token": token}}}))
    report = audit(str(tmp_path), select=[rule], as_of="2026-01-01", params={f"{rule}.{name}": value for name, value in params.items()})
    assert not [row.message for row in report.findings if row.status == "error"]
    return [row.remediation or "" for row in report.findings if row.rule_id == rule and row.status == "fail"]


def app(**properties: Any) -> dict[str, Any]:
    return {"id": "22222222-2222-4222-8222-222222222222", "appId": CLIENT, "displayName": "Payroll", **properties}


def platforms(web: list[str], spa: list[str], *, access: bool = True, ids: bool = True) -> dict[str, Any]:
    grant = {"enableAccessTokenIssuance": access, "enableIdTokenIssuance": ids}
    return {
        "web": {"redirectUris": web, "implicitGrantSettings": grant},
        "spa": {"redirectUris": spa},
        "publicClient": {"redirectUris": []},
    }


def test_removing_an_owner_keeps_the_reference_in_the_url() -> None:
    (rule,) = (rule for rule in RULES if rule.id == "owner-mismatch-app-sp")
    deletes = [command for command, _ in commands(rule) if "DELETE" in command]
    assert deletes == [f"az rest --method DELETE --url 'https://graph.microsoft.com/v1.0/servicePrincipals/{FACT}/owners/{FACT}/$ref'"]


def test_a_new_secret_ends_within_the_lifetime_that_the_user_allows(tmp_path: Path) -> None:
    secret = {
        "keyId": "44444444-4444-4444-8444-444444444444",
        "startDateTime": "2025-12-01T00:00:00Z",
        "endDateTime": "2027-12-01T00:00:00Z",
    }
    (text,) = fixes(tmp_path, "secret-lifetime", app(passwordCredentials=[{**secret, "displayName": "ci"}]), max_days=90)
    assert "--end-date 2026-04-01" in text
    assert "at most 90 days" in text


def test_id_tokens_stay_on_where_a_web_platform_may_need_them(tmp_path: Path) -> None:
    beside = app(**platforms(["https://a.contoso.com/.auth/login/aad/callback"], ["https://a.contoso.com/app"]))
    (text,) = fixes(tmp_path, "implicit-with-spa", beside)
    assert "--enable-access-token-issuance false" in text
    assert "--enable-id-token-issuance false" not in text
    (text,) = fixes(tmp_path, "implicit-with-spa", app(**platforms([], ["https://a.contoso.com/app"])))
    assert "--enable-id-token-issuance false" in text


@pytest.mark.parametrize("uri", ["https://global.consent.azure-apim.net/redirect", "https://europe-002.consent.azure-apim.net/redirect"])
def test_a_connectors_client_is_not_sent_to_the_single_page_platform(tmp_path: Path, uri: str) -> None:
    client = app(**platforms([uri], []), passwordCredentials=[], keyCredentials=[])
    assert not fixes(tmp_path, "redirect-web-on-spa", client)
    (text,) = fixes(tmp_path, "implicit-access-token", client)
    assert "redirect URIs stay on the web platform" in text
    assert "--enable-access-token-issuance false" in text


def test_a_profile_that_wants_the_implicit_grant_is_told_to_switch_it_on(tmp_path: Path) -> None:
    (text,) = fixes(tmp_path, "implicit-access-token", app(**platforms([], [], access=False)), implicit="on")
    assert "--enable-access-token-issuance true" in text
    assert "switch the grant off" not in text


def api(**properties: Any) -> dict[str, Any]:
    scope = {"id": "99999999-9999-4999-8999-999999999999", "value": "access_as_user", "type": "User", "isEnabled": True}
    exposed = {"oauth2PermissionScopes": [scope], "preAuthorizedApplications": []}
    return {"id": "33333333-3333-4333-8333-333333333333", "appId": API, "displayName": "Orders API", "appRoles": [],
            "identifierUris": [f"api://{API}"], "api": exposed, **properties}  # fmt: skip


@pytest.mark.parametrize(
    ("client", "wanted", "first"),
    [
        ("AzureADMultipleOrgs", "AzureADMyOrg", "Enter your tenant ID"),
        ("AzureADandPersonalMicrosoftAccount", "AzureADMultipleOrgs", "Leave the tenant ID as it is"),
    ],
)
def test_a_connectors_client_gets_the_account_types_of_the_api(tmp_path: Path, client: str, wanted: str, first: str) -> None:
    connector = {"tenant": "common", "resource": f"api://{API}"}
    (text,) = fixes(
        tmp_path,
        "connector-accounts-mismatch",
        app(signInAudience=client, identifierUris=[]),
        api(signInAudience=wanted),
        connector=connector,
    )
    assert text.index(first) < text.index(f"--sign-in-audience {wanted}\n")


@pytest.mark.parametrize(
    ("resource", "asks"), [("https://graph.windows.net", "00000003-0000-0000-c000-000000000000"), (f"api://{API}", API)]
)
def test_nobody_is_told_to_request_the_retired_azure_ad_graph(tmp_path: Path, resource: str, asks: str) -> None:
    client = app(requiredResourceAccess=[], identifierUris=[])
    (text,) = fixes(tmp_path, "connector-resource-not-requested", client, api(), connector={"tenant": "common", "resource": resource})
    assert f"--api {asks} " in text
    assert ("retired" in text) is ("windows.net" in resource)


def test_the_version_that_the_api_validates_is_the_one_that_is_set() -> None:
    (rule,) = (rule for rule in RULES if rule.id == "api-config-token-version-mismatch")
    assert '"requestedAccessTokenVersion": "{connector.validated_version}"' in rule.fix


def test_of_two_grants_one_stays() -> None:
    (rule,) = (rule for rule in RULES if rule.id == "grant-duplicate")
    assert "DELETE /oauth2PermissionGrants/OTHER-GRANT-ID" in rule.fix, "both are findings: both would go"


def grants_of(principal: dict[str, Any], grants: list[dict[str, Any]], assignments: list[dict[str, Any]], folder: Path) -> list[str]:
    """The commands of the fixes of what was granted to a service principal."""
    graph = {"id": "33333333-3333-4333-8333-333333333333", "appId": "00000003-0000-0000-c000-000000000000"}
    tenant = {
        "organization": {"id": "aaaaaaaa-0000-4000-8000-000000000001"}, "servicePrincipals": [principal, graph],
        "oauth2PermissionGrants": [{"clientId": principal["id"], "resourceId": graph["id"], **grant} for grant in grants],
        "appRoleAssignments": [{"principalId": principal["id"], "resourceId": graph["id"], **one} for one in assignments],
    }  # fmt: skip
    select = "perm-dangerous-delegated,perm-tier0-application"
    text = regaudit("scan", write(folder / "tenant.json", tenant), "--select", select, "--shell", "bash").out
    return [line.strip() for line in text.splitlines() if line.strip().startswith("az rest --method")]


PAYROLL = {"id": "11111111-1111-4111-8111-111111111111", "appId": "22222222-2222-4222-8222-222222222222", "displayName": "Payroll",
           "appOwnerOrganizationId": "aaaaaaaa-0000-4000-8000-000000000001"}  # fmt: skip


def test_the_grant_is_named_and_its_other_scopes_stay(tmp_path: Path) -> None:
    grant = {"id": "gr-1", "consentType": "AllPrincipals", "scope": "openid Directory.AccessAsUser.All  User.Read"}
    patch, delete, _ = (*grants_of(PAYROLL, [grant], [], tmp_path), "")
    assert "/oauth2PermissionGrants/gr-1 " in patch
    assert """{"scope": "openid User.Read"}""" in patch
    assert delete.endswith("/oauth2PermissionGrants/gr-1")


def test_no_scope_is_written_where_none_is_left(tmp_path: Path) -> None:
    grant = {"id": "gr-1", "consentType": "AllPrincipals", "scope": "Directory.AccessAsUser.All"}
    patch, *_ = grants_of(PAYROLL, [grant], [], tmp_path)
    assert "ALL-SCOPES-TO-KEEP" in patch


def test_of_several_users_grants_none_is_named(tmp_path: Path) -> None:
    grants = [
        {"id": f"gr-{n}", "consentType": "Principal", "principalId": f"00000000-0000-4000-8000-00000000000{n}", "scope": "Directory.AccessAsUser.All"}
        for n in range(2)
    ]  # fmt: skip
    patch, *_ = grants_of(PAYROLL, grants, [], tmp_path)
    assert "/oauth2PermissionGrants/GRANT-ID " in patch
    assert "ALL-SCOPES-TO-KEEP" in patch


@pytest.mark.parametrize(("given", "named"), [({"id": "as-1"}, "as-1"), ({}, "ASSIGNMENT-ID")])
def test_the_assignment_is_named_where_its_id_is_known(tmp_path: Path, given: dict[str, str], named: str) -> None:
    (delete,) = grants_of(PAYROLL, [], [{"appRoleId": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", **given}], tmp_path)
    assert delete.endswith(f"/servicePrincipals/{PAYROLL['id']}/appRoleAssignments/{named}")
