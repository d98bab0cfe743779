"""No list of one object costs the square of its length: twice as long, twice the work, whichever rule reads it."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from auditor import pointer
from auditor.facts import lists as long_lists
from benchmarks.large_objects import KINDS, ROOTS, calls, growth, guid, principal, registration, run

COUNT = 80  # more than what is looped over as it is (auditor.facts.lists.LONG)


@pytest.mark.no_cover
@pytest.mark.parametrize("roots", ROOTS.values(), ids=ROOTS)
@pytest.mark.parametrize("kind", KINDS)
def test_twice_as_long_takes_twice_the_calls(kind: str, roots: int) -> None:
    once, twice, ratio = growth(calls, kind, COUNT, roots)
    assert once > COUNT, "the list is looked at"
    assert ratio <= 2.2, f"{once:,} calls for {COUNT}, {twice:,} for {2 * COUNT}"


def test_places_far_into_a_text() -> None:
    text = "line\n" * 50_000 + "the last"
    for index in (0, 4, 5, 70_000, 70_004, 70_005, len(text) - 1):
        assert pointer.position(text, index) == (text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


# -- what is looked up is what a loop would find

ID = st.sampled_from([f"{i:08x}-0000-4000-8000-000000000000" for i in range(6)])
NAME = st.sampled_from(["", "a", "A", "b", "Files.Read.All", "Files.ReadWrite.All"])
URI = st.sampled_from(
    ["http://localhost:1", "http://localhost:2", "http://localhost", "https://a.contoso.com/CB", "https://a.contoso.com/cb", "https://a.contoso.com/cb/",
     "https://b.contoso.com/", "https://b.fabrikam.com/", "https://global.consent.azure-apim.net/redirect"]
)  # fmt: skip
DATE = st.sampled_from([None, "2020-01-01T00:00:00Z", "2025-12-31T00:00:00Z", "2026-01-15T00:00:00Z", "2027-01-01T00:00:00Z"])


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Objects of which now and then a member is missing, more than are looped over as they are."""
    return st.lists(st.fixed_dictionaries({}, optional=members), min_size=30, max_size=45)


LISTS = {
    "tags": st.lists(NAME, min_size=30, max_size=45),
    "web": st.fixed_dictionaries({"redirectUris": st.lists(URI, min_size=20, max_size=40), "redirectUriSettings": some(uri=URI, index=st.integers(0, 3))}),
    "spa": st.fixed_dictionaries({"redirectUris": st.lists(URI, max_size=20)}),
    "publicClient": st.fixed_dictionaries({"redirectUris": st.lists(URI, min_size=20, max_size=40)}),
    "api": st.fixed_dictionaries(
        {"oauth2PermissionScopes": some(id=ID, value=NAME, isEnabled=st.booleans()),
         "preAuthorizedApplications": some(appId=ID, delegatedPermissionIds=st.lists(ID, max_size=3))}
    ),
    "appRoles": some(id=ID, value=NAME, isEnabled=st.booleans()),
    "requiredResourceAccess": some(resourceAppId=ID, resourceAccess=st.lists(st.fixed_dictionaries({"id": ID}, optional={"type": st.sampled_from(["Role", "Scope"])}), max_size=3)),
    "passwordCredentials": some(keyId=ID, startDateTime=DATE, endDateTime=DATE),
    "keyCredentials": some(keyId=ID, startDateTime=DATE, endDateTime=DATE, customKeyIdentifier=NAME, usage=st.sampled_from(["Sign", "Verify"]), type=NAME),
    "optionalClaims": st.fixed_dictionaries({"idToken": some(name=st.sampled_from(["email", "xms_edov", "groups"]))}),
}  # fmt: skip


@pytest.mark.no_cover
@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(st.data())
def test_what_is_looked_up_is_what_a_loop_finds(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    lists = data.draw(st.fixed_dictionaries({}, optional=LISTS))
    grants = data.draw(
        some(consentType=st.sampled_from(["AllPrincipals", "Principal"]), resourceId=st.just(guid(99, 3)), scope=NAME, principalId=ID)
    )
    roles = data.draw(some(appRoleId=ID, resourceId=st.just(guid(99, 3))))
    named = data.draw(some(displayName=NAME, appOwnerOrganizationId=ID, servicePrincipalType=st.just("Application")))
    whole = {
        "applications": [registration(1, **lists), registration(99, appRoles=lists.get("appRoles", []))] + [registration(i) for i in range(2, data.draw(st.sampled_from([2, 7])))],
        "servicePrincipals": [principal(1, 1, replyUrls=data.draw(st.lists(URI, max_size=40))), principal(99, 99)]
        + [{"id": guid(i, 5), "appId": guid(i, 6), **one} for i, one in enumerate(named)],
        "oauth2PermissionGrants": [{"id": f"g{i}", "clientId": guid(1, 3), **one} for i, one in enumerate(grants)],
        "appRoleAssignments": [{"id": f"a{i}", "principalId": guid(1, 3), **one} for i, one in enumerate(roles)],
        "organization": [{"id": guid(0, 0)}] if data.draw(st.booleans()) else [],
    }  # fmt: skip
    file = tmp_path_factory.mktemp("lists") / "tenant.json"
    file.write_text(json.dumps(whole))

    def verdicts() -> Any:
        report = run(file)
        rows = sorted((row.rule_id, row.severity, row.message, row.pointer, row.actual or "") for row in report.findings)
        ids = sorted(row.finding_id for row in report.findings)
        return rows, ids, [(o.rule.id, o.failed, o.passed, o.not_applicable, o.not_evaluated, o.errors) for o in report.outcomes]

    looked_up = verdicts()
    with mock.patch.object(long_lists, "LONG", 10**9):
        looped = verdicts()
    for one, other in zip(looked_up, looped, strict=True):
        assert [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]][:2] == []
    assert looked_up == looped
