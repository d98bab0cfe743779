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
    "graph_wrapped": {"appRoleAssignment": 5, "application": 3, "servicePrincipal": 5},
    "legacy_manifest": {"application": 8},
}  # fmt: skip


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


def test_the_whole_corpus_is_audited_without_a_rule_that_breaks() -> None:
    report = audit(CORPUS, as_of="2026-01-01")
    assert report.applications >= 40
    assert report.count("errors") == 0
