"""The checks of peers that need directory roles (issue 21): for each a tenant that fails and one that passes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor import audit

SAMPLES = Path(__file__).parent.parent / "sample_manifests"
# Rows of the table of peers' checks -> our rules and the objects that they name in the careless tenant.
ROWS: Mapping[int, dict[str, set[str]]] = {
    1: {
        "sp-directory-role": {"Northwind Provisioning", "func-offboarding"}, "foreign-app-directory-role": {"Tailspin Backup"},
        "credential-on-app-with-role": {"Northwind Provisioning"},
    },
    2: {"owner-of-app-with-role": {"Northwind Provisioning"}},
    23: {"app-scoped-administrator": {"Northwind Provisioning"}},
    24: {"sp-owns-privileged-group": {"Northwind Hooks"}},
    33: {"tenant-sync-account-user": {"5d7a1c3e-0b94-4f62-8e1d-a36c7f9b2048"}},
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_the_careless_tenant_fails_and_the_tidy_one_does_not(row: int) -> None:
    rules = ROWS[row]
    careless = audit(SAMPLES.parent / "sample_tenants/careless-roles", select=list(rules), as_of="2026-11-24")
    failed: dict[str, set[str]] = {}
    for finding in careless.findings:
        assert finding.status == "fail"
        failed.setdefault(finding.rule_id, set()).add(finding.app_display_name or finding.tenant_id or "")
    assert failed == rules
    tidy = audit(SAMPLES / "tidy", select=list(rules))
    assert not tidy.findings
    assert not tidy.count("not_evaluated")
