"""Real public files, where they are at hand (../shared/corpus): each is read, and for what it is."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from auditor import audit, sources
from auditor.diagnose import chain
from auditor.engine.selection import RuleSelection
from auditor.pipeline import AuditRequest, Inputs, run

CORPUS = Path(__file__).parent.parent.parent / "shared/corpus"
FORMATS = ("graph_manifest", "legacy_manifest", "graph_rest", "cli_m365", "az_cli", "az_cli_legacy", "graph_wrapped")
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of public files is not here")

ROWS = list(csv.DictReader((CORPUS / "SOURCES.tsv").read_text("utf-8").splitlines(), delimiter="\t")) if CORPUS.is_dir() else []
FILES = [row for row in ROWS if row["format"] in FORMATS]
# No auditable objects: bare sub-resources, a list of grants of another service, requests that only name a reference.
NOT_AUDITABLE = (
    "apiapplication__snippet", "passwordcredential__snippet", "requiredresourceaccess__snippet", "preauthorizedapplication__snippet",
    "approleassignment-list__json", "serviceprincipal-grant-list", "app-permission-list", "MockMissingPermission", "MockMissingRole",
    "MockPowerPlatformUnneeded", "MockDelegatedPermissions", "webapplication__snippet",
)  # fmt: skip


def is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text("utf-8-sig"))
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("row", FILES, ids=lambda row: Path(row["file"]).name[-60:])
def test_a_file_is_read_or_named_as_broken(row: dict[str, str]) -> None:
    path = CORPUS / row["file"]
    documents = sources.read([str(path)])
    if documents.documents or documents.listings:
        assert documents.files_read == 1
        return
    assert documents.errors, "neither objects nor an error"
    if not any(part in path.name for part in NOT_AUDITABLE):
        assert not is_json(path)
        assert documents.errors[0].line > 0


def test_objects_are_counted() -> None:
    counts: dict[str, Counter[str]] = {}
    for row in FILES:
        found = sources.read([str(CORPUS / row["file"])])
        counts.setdefault(row["format"], Counter()).update(document.kind for document in found.documents)
    assert {form: dict(sorted(count.items())) for form, count in counts.items()} == EXPECTED


EXPECTED = {
    "az_cli": {"application": 1},
    "az_cli_legacy": {"servicePrincipal": 1},
    "cli_m365": {"appRoleAssignment": 1, "application": 1, "oauth2PermissionGrant": 1, "servicePrincipal": 2},
    "graph_manifest": {"application": 4},
    "graph_rest": {
        "appRoleAssignment": 7, "application": 13, "connector": 1, "federatedIdentityCredential": 3, "oauth2PermissionGrant": 9,
        "servicePrincipal": 12,
    },
    "graph_wrapped": {"appRoleAssignment": 13, "application": 3, "servicePrincipal": 5},
    "legacy_manifest": {"application": 8},
}  # fmt: skip


# Group of the table -> as what its files are read, and how many of them; TOLD: an error says what the file is, or where it breaks.
TOLD = "an error"
READ_AS = {
    "arm_msgraph": {"Azure Resource Manager template": 1},
    "az_cli": {"Microsoft Graph": 1},
    "az_cli_legacy": {"Azure AD Graph": 1},
    "cli_m365": {"Microsoft Graph": 5},
    "graph_manifest": {"Microsoft Graph": 4},
    "graph_rest": {"Microsoft Graph": 43, "answer with a client secret": 1, TOLD: 5},
    "graph_wrapped": {"Microsoft Graph": 5, "Microsoft Graph PowerShell": 1, TOLD: 2},
    "legacy_manifest": {"Azure AD Graph manifest": 8, TOLD: 1},
    "msal_sample": {"sample.json": 5, "authConfig.json": 1},
    "negative": {TOLD: 10},
    "power_platform": {"connector": 68, "connector settings": 2, TOLD: 1},
    "power_platform_schema": {TOLD: 1},
    "power_platform_solution": {"solution XML": 1},
    "power_platform_swagger": {"connector definition": 22},
    "powershell_json": {"Microsoft Graph PowerShell": 3, TOLD: 2},
    "synthetic/az": {"Microsoft Graph": 4, TOLD: 1},
    "synthetic/azurehound": {"AzureHound": 3},
    "synthetic/entraexporter": {"EntraExporter": 10},
    "synthetic/powershell": {"Microsoft Graph PowerShell": 5},
    "synthetic/roadrecon": {"ROADrecon database": 2},
}


@pytest.mark.parametrize("group", READ_AS)
def test_every_file_of_the_table_is_called_what_it_is(group: str) -> None:
    found: Counter[str] = Counter()
    for row in ROWS:
        path = CORPUS / row["file"]
        if row["format"] != group or not path.is_file():
            continue
        documents = sources.read([str(path)])
        names = {document.format.name for document in documents.documents if document.format is not None}
        if not names:
            (error, *_) = documents.errors
            assert error.message
            # What is no text, or speaks of nothing that we know, has no line; what is broken or of another tool has.
            assert error.line > 0 or "holds no app registration" in error.message, error
            assert error.column > 0 or error.line == 0
            names = {TOLD}
        assert len(names) == 1, (path.name, names)
        found.update(names)
    assert found == READ_AS[group]


def test_no_group_of_the_table_is_left_out() -> None:
    assert {row["format"] for row in ROWS} == READ_AS.keys()


@pytest.mark.parametrize("row", [row for row in ROWS if row["format"] == "negative"], ids=lambda row: Path(row["file"]).name[-60:])
def test_what_is_nothing_of_ours_is_not_taken_for_it(row: dict[str, str]) -> None:
    documents = sources.read([str(CORPUS / row["file"])])
    assert not documents.documents


CONNECTORS = [row for row in ROWS if row["format"].startswith("power_platform") and not row["format"].endswith("schema")]
PROVIDERS = {"aad": 35, "oauth2": 26, "oauth2generic": 7, "": 5, "aadcertificate": 4}


def test_every_connector_is_read_and_its_provider_named() -> None:
    found: Counter[str] = Counter()
    for row in CONNECTORS:
        path = CORPUS / row["file"]
        documents = sources.read([str(path)])
        if documents.errors:
            assert not is_json(path)  # SigningHub's lacks a comma
            assert documents.errors[0].line > 0
            continue
        assert documents.files_read == 1
        found.update(document.data.identity_provider for document in documents.documents if document.kind == "connector")
    assert found == PROVIDERS


def test_a_schema_of_connectors_is_none() -> None:
    assert not sources.read([str(CORPUS / "power_platform_schema")]).documents


def test_connectors_without_their_registrations_are_not_evaluated() -> None:
    request = AuditRequest(Inputs((str(CORPUS / "power_platform"),)), RuleSelection(chain.RULES), "2026-01-01", only=chain.roots)
    report = run(request)
    walked = list(chain.chains(report))
    assert not report.findings
    assert len(walked) == sum(PROVIDERS.values())
    for one in walked:
        if one.identity_provider in ("aad", "aadcertificate"):
            assert {link.status for link in one.links} == {"not-evaluated"}, one.file
        assert one.status in ("not-evaluated", "not-applicable")


@pytest.mark.parametrize("row", [row for row in ROWS if row["format"] == "msal_sample"], ids=lambda row: Path(row["file"]).name[-60:])
def test_the_samples_configurations_are_read(row: dict[str, str]) -> None:
    documents = sources.read([str(CORPUS / row["file"])])
    assert documents.errors == []
    assert {document.kind for document in documents.documents} <= {"application", "connector"}
    assert documents.documents


@pytest.mark.no_cover
def test_the_whole_corpus_is_audited_without_a_rule_that_breaks() -> None:
    report = audit(CORPUS, as_of="2026-01-01")
    assert report.applications >= 40
    assert report.count("errors") == 0
