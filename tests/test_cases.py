"""Configurations rebuilt after public reports (../shared/cases): what `scan` and `explain` say of each, against INDEX.tsv's right answer.

A row names what must be found, what must not, and what the output must say; whatever else is found may not be more than `medium`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import regaudit

CASES = Path(__file__).parent.parent.parent / "shared/cases"
pytestmark = pytest.mark.skipif(not (CASES / "INDEX.tsv").is_file(), reason="the rebuilt cases are not here")
AS_OF = "2026-11-28"
LOUD = ("critical", "high")


@dataclass
class Case:
    found: dict[str, str] = field(default_factory=dict)  # rule -> severity
    says: str = ""  # in the text of `scan -v`, notes and errors included
    exit: int | None = None  # None: by what is found
    not_found: tuple[str, ...] = ()


def high(*rules: str) -> Case:
    return Case(dict.fromkeys(rules, "high"))


def medium(*rules: str) -> Case:
    return Case(dict.fromkeys(rules, "medium"))


QUIET = Case()
TOLD = 2  # exit code where the only file cannot be read
SCANS: dict[str, Case] = {
    "b01-redirect-not-registered": high("connector-redirect-unregistered"),
    "b03-mode-per-connector-generic": high("connector-redirect-unregistered"),
    "b05-redirect-case": QUIET,
    "b06-resource-no-scheme": high("connector-resource-no-scheme"),
    "b08-host-is-not-audience": medium("connector-host-audience"),
    "b09-provider-became-generic": high("connector-oauth-endpoints"),
    "b11-secret-id": high("connector-secret-is-id"),
    "b12-scope-guid": high("connector-scope-malformed", "connector-scope-unknown-api"),
    "b13-no-refresh-token": medium("connector-oauth-no-refresh", "connector-oauth-generic"),
    "b15-api-in-other-tenant": high("perm-resource-missing", "connector-resource-unknown"),
    "b16-obo-not-preauthorized": high("connector-obo-not-preauthorized"),
    "b20-fic-pull-request": high("fic-github-subject"),
    "b21-fic-slash": high("fic-issuer"),
    "b23-fic-aks-no-slash": high("fic-issuer"),
    "b24-fic-case": QUIET,
    "b26-fic-immutable": Case(not_found=("fic-github-broad", "fic-github-subject", "fic-github-names")),
    "b28-fic-custom-subject": Case(not_found=("fic-github-broad", "fic-github-subject", "fic-github-names")),
    "b29-fic-ado-old-subject": high("fic-ado-subject"),
    "b31-fic-msi-app": high("fic-managed-identity-subject"),
    "b40-azcli-not-preauthorized": QUIET,
    "b42-id-uri-uppercase": Case({"app-id-uri-uppercase": "low"}),
    "b43-legacy-key-in-graph-manifest": Case(says="accessTokenAcceptedVersion is a property of the old manifest"),
    "b44-msa-token-version": high("token-version-1-msa"),
    "b45-id-uri-slash": medium("app-id-uri-trailing-slash"),
    "b47-saml-entity-id": QUIET,
    "b48-known-clients": Case({"known-client-missing": "low"}),
    "b50-v1-token-v2-validation": high("api-config-token-version-mismatch"),
    "b60-both-platforms": high("redirect-multi-platform"),
    "b62-spa-computed-config": Case(says="authConfig.js:3:5: clientId is"),
    "b64-secret-on-spa": medium("spa-with-credentials"),
    "b65-public-on-web": Case({"public-client-without-redirect": "info"}),
    "b67-no-sp": medium("sp-missing"),
    "b68-thumbprint": QUIET,
    "b70-teams-resource": high("api-config-audience"),
    # it asks for RoleManagement.ReadWrite.Directory: what is said of that is right
    "b80-empty-secrets": Case(
        {"perm-tier0-requested": "high", "app-can-grant-itself": "critical"}, not_found=("secret-*", "credential-on-sp")
    ),
    "b81-secret-on-sp": medium("credential-on-sp"),
    "b90-generic-template-keys": Case(
        {"connector-oauth-generic": "medium", "connector-oauth-no-refresh": "medium", "connector-scope-missing": "high"}
    ),
    "b92-generic-common": high("connector-tenant-common"),
    "b93-coe-secret-expired": high("secret-expired"),
    "b95-role-as-scope": high("perm-wrong-type"),
    "b97-guest-tenant": QUIET,
    "b99-b2c-implicit": QUIET,
    "b100-tenant-domain": QUIET,
    "b102-dataverse-wildcard": Case(not_found=("connector-resource-unknown", "connector-host-audience")),
    "b103-obo-learn-setup": Case(not_found=("connector-obo-not-preauthorized",)),
    "b110-legacy-az-expired": high("secret-expired", "certificate-expired"),
    "b112-environment-variables-all": Case(says="it comes from the environment variable ord_"),
    "b114-list-of-app-ids": Case(says="Read 0 app registrations", exit=TOLD),
    "b116-no-auth-solution": Case(says="1 connector"),
    "b117-fix-without-object-id": Case({"redirect-http": "high"}, says="/applications/OBJECT-ID"),
    "b119-sp-disabled": high("sp-disabled"),
    "b121-fic-aks-subject": high("fic-kubernetes-subject"),
    "f01-mg-pascal": high("redirect-http"),
    "f03-mg-depth2": Case({"redirect-http": "high"}, says="-Depth 10"),
    "f04-utf16": high("redirect-http"),
    "f06-az-warning-line": Case({"redirect-http": "high"}, says="text before the JSON is"),
    "f07-az-query": Case(says="--query", exit=TOLD),
    "f09-az-yaml": Case({"redirect-http": "high"}, says="-o json"),
    "f10-portal-csv": Case(says="CSV", exit=TOLD),
    "f12-tfplan": high("redirect-http", "implicit-access-token"),
    "f13-arm": high("redirect-http"),
    "f15-azurehound": Case({"redirect-http": "high"}, says="1 app registration and 1 service principal"),
    "f16-m365cli": QUIET,
    "f18-azpowershell": high("redirect-http"),
    "f19-azureadmodule": high("redirect-http", "implicit-access-token"),
    "f21-page": Case({"redirect-http": "high"}, says="the export is incomplete"),
    "f22-instantiate": Case({"redirect-http": "high"}, says="1 app registration and 1 service principal"),
    "f24-teams": QUIET,
    "f25-appsettings": QUIET,
    "f27-concatenated": Case({"redirect-http": "high"}, says="Read 2 app registrations"),
    "f29-malicious-list": Case(says="Read 0 app registrations", exit=TOLD),
    "f32-azcli-legacy-mixed": Case({"secret-expired": "high", "redirect-http": "high", "implicit-access-token": "high"}),
    "f33-connref": Case(says="holds no app registration", exit=TOLD),
    "f35-gz": high("redirect-http"),
    "f36-empty": Case(says="the file is empty", exit=TOLD),
    "f38-graph-error": Case(says="Authorization_RequestDenied", exit=TOLD),
    "f39-html": Case(says="web page (HTML)", exit=TOLD),
    "f41-agentidentity": Case(says="1 service principal"),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", SCANS)
def test_scan_says_what_is_right(name: str) -> None:
    case, folder = SCANS[name], CASES / name / "input"
    ran = regaudit("scan", folder, "--as-of", AS_OF, "--limit", "0", "--output-format", "json")
    rows: list[dict[str, Any]] = [row for row in ran.json["findings"] if row["status"] == "fail"]
    found = {row["rule_id"]: row["severity"] for row in rows}
    assert {rule: found.get(rule) for rule in case.found} == case.found
    loud = {rule for rule, severity in found.items() if severity in LOUD}
    assert loud <= case.found.keys(), "nothing else is said aloud"
    for rule in case.not_found:
        assert not [one for one in found if one == rule or (rule.endswith("*") and one.startswith(rule[:-1]))]
    expected = case.exit if case.exit is not None else 1 if loud else 0
    assert ran.code == expected
    if case.says:
        text = regaudit("scan", folder, "--as-of", AS_OF, "-v")
        assert case.says in " ".join((text.out + text.err).split())


def test_no_case_of_the_index_is_left_out() -> None:
    listed = {line.split("\t")[0] for line in (CASES / "INDEX.tsv").read_text("utf-8").splitlines()[1:] if line}
    assert listed == SCANS.keys()


EXPLAINS = {  # case -> what `explain` with the message must say
    "b05-redirect-case": "close to it is https://portal.orders.example/Auth/Callback",
    "b20-fic-pull-request": "repo:orders-inc/shop:pull-request",
    "b24-fic-case": "repo:Orders-Inc/Shop:environment:production",
    "b26-fic-immutable": "repo:orders-inc@",
    "b40-azcli-not-preauthorized": "does not preauthorize 04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "b42-id-uri-uppercase": "api://OrdersPortal.orders.example",
    "b68-thumbprint": "FFEEDDCCBBAA99887766554433221100FFEEDDCC",
    "b97-guest-tenant": "AzureADMyOrg",
    "b99-b2c-implicit": "AADB2C90057 is a code of Azure AD B2C",
}


@pytest.mark.parametrize("name", EXPLAINS)
def test_explain_reads_the_message(name: str) -> None:
    message = (CASES / name / "message.txt").read_text("utf-8").strip()
    ran = regaudit("explain", message, CASES / name / "input", "--as-of", AS_OF)
    assert EXPLAINS[name] in " ".join((ran.out + ran.err).split())


def test_connect_counts_a_connector_without_sign_in() -> None:
    ran = regaudit("connect", CASES / "b116-no-auth-solution" / "input")
    assert "none of these files holds a connector" not in ran.out + ran.err


def test_connect_shows_the_expired_secret_at_the_client() -> None:
    ran = regaudit("connect", CASES / "b93-coe-secret-expired" / "input", "--as-of", AS_OF)
    assert ran.code == 1
    assert "expired" in ran.out
