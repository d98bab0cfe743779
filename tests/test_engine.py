"""From documents to findings: verdicts, joins, identity, and rules that break."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timezone
from typing import Any

import msgspec
import pytest

from auditor import joins, rulebook
from auditor.diagnose.examples import read
from auditor.engine import judge as engine
from auditor.engine.finding import Finding, Says, Verdicts
from auditor.engine.identity import subject_key
from auditor.engine.judge import judge
from auditor.facts import App, Fact, ServicePrincipal
from auditor.joins.world import World
from auditor.language.fix import placeholders
from auditor.severity import Severity, Status
from auditor.sources import Documents, reader
from auditor.unknown import Reason, Unknown
from tests.tenants import GRAPH, HOME, Maker
from tests.test_language import rule_of

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def world(value: Any) -> World:
    documents = read(json.dumps(value))
    assert not documents.errors
    return joins.worlds(documents, NOW)[0]


def findings(require: str, value: Any, **block: Any) -> list[Finding]:
    return [row for _, row in judge(rule_of(require, **block), world(value)).rows]


SECRETS = {"each": "app.secrets as secret", "message": "{secret}"}
APP = {"appId": "a", "id": "o", "displayName": "A"}


# -- verdicts


def test_one_verdict_for_each_registration_and_one_finding_for_each_subject() -> None:
    secrets = [
        {"keyId": str(i), "endDateTime": end}
        for i, end in enumerate(["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z", "2030-01-01T00:00:00Z"])
    ]
    apps = [
        {**APP, "passwordCredentials": secrets}, {"appId": "b", "passwordCredentials": secrets[2:]}, {"appId": "c", "passwordCredentials": []},
        {"appId": "d", "web": None},
    ]  # fmt: skip
    outcome = judge(rule_of("secret.end is None or secret.end > now", **SECRETS), world(apps))
    assert (outcome.failed, outcome.passed, outcome.not_applicable, outcome.not_evaluated) == (1, 1, 1, 1)
    assert len(outcome.rows) == 2
    assert outcome.reasons == {Reason("passwordCredentials", "absent from the document"): 1}


def test_a_failure_beside_an_unknown_is_a_failure() -> None:
    secrets = [{"keyId": "1"}, {"keyId": "2", "endDateTime": "2020-01-01T00:00:00Z"}]
    outcome = judge(rule_of("secret.end is None or secret.end > now", **SECRETS), world({**APP, "passwordCredentials": secrets}))
    assert (outcome.failed, outcome.not_evaluated) == (1, 0)


def test_roots_that_were_not_given_do_not_pass() -> None:
    outcome = judge(rule_of("principal.enabled", each="principal"), world({**APP, "web": None}))
    assert (outcome.passed, outcome.not_evaluated) == (0, 1)
    assert outcome.reasons == {Reason("servicePrincipals", "not in the input", collection=True): 1}


def test_a_rule_that_breaks_is_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    apps = world([{**APP, "web": None}, {"appId": "b", "web": None}])
    assert len(apps.apps) == 2

    def broken(self: World, app_id: Any) -> Any:
        if app_id == "a":
            raise ZeroDivisionError("in a join")
        return None

    monkeypatch.setattr(World, "principal", broken)
    apps.complete.add("servicePrincipals")
    apps.given.add("servicePrincipals")
    outcome = judge(rule_of("app.service_principal is None"), apps)
    assert (outcome.errors, outcome.passed) == (1, 1)
    (row,) = [row for _, row in outcome.rows]
    assert (row.status, row.app_id, row.message) == ("error", "a", "the rule broke here: ZeroDivisionError: in a join")


# -- identity


def test_two_secrets_are_two_findings_and_twins_are_told_apart() -> None:
    secret = {"keyId": "k", "endDateTime": "2020-01-01T00:00:00Z"}
    rows = findings("secret.end is None", {**APP, "passwordCredentials": [secret, {**secret, "keyId": "l"}, secret]}, **SECRETS)
    assert len({row.finding_id for row in rows}) == 3


def test_a_finding_keeps_its_identity_when_everything_else_changes() -> None:
    secret = {"keyId": "k", "displayName": "ci", "endDateTime": "2020-01-01T00:00:00Z"}
    (before,) = findings("secret.end is None", {**APP, "passwordCredentials": [secret]}, **SECRETS)
    other = {"keyId": "x", "endDateTime": None}
    (after,) = findings(
        "secret.end is None",
        {"displayName": "Renamed", "id": "O", "appId": "a", "passwordCredentials": [other, {**secret, "displayName": "new"}]},
        **SECRETS,
    )
    assert before.finding_id == after.finding_id
    assert before.message != after.message


@pytest.mark.slow
def test_fingerprints_of_a_tenant_are_distinct() -> None:
    for seed in range(10):
        tenant = world(Maker(seed).tenant())
        ids = [row.finding_id for rule in rulebook.shipped() for _, row in judge(rule, tenant).rows]
        assert len(ids) == len(set(ids))


# -- places


def test_a_finding_points_at_what_require_reads() -> None:
    value = {**APP, "passwordCredentials": [{"keyId": "k", "displayName": "ci", "endDateTime": "2020-01-01T00:00:00Z"}]}
    (row,) = findings("secret.end is None or secret.end > now", value, **SECRETS)
    assert (row.pointer, row.property_path) == ("/application/passwordCredentials/0/endDateTime", "passwordCredentials[0].endDateTime")
    assert (row.actual, row.expected, row.credential_key_id) == ("2020-01-01 00:00Z", "secret.end is None or secret.end > now", "k")
    (row,) = findings("secret.end is None or secret.end > now", value, **SECRETS, at="secret.display_name")
    assert (row.pointer, row.actual) == ("/application/passwordCredentials/0/displayName", "ci")


def test_facts_that_the_message_names_are_related_places() -> None:
    tenant = Maker(1).tenant()
    (row, *_) = findings("False", tenant, each="principal", given="principal.app is not None", message="{principal} of {principal.app}")
    assert row.related
    assert row.related[0].pointer.startswith("/applications/")


SINGLE, MULTI = {"signInAudience": "AzureADMyOrg"}, {"signInAudience": "AzureADMultipleOrgs"}
NO_PUBLIC, PUBLIC = {"isFallbackPublicClient": False}, {"isFallbackPublicClient": True}


@pytest.mark.parametrize(
    ("severity", "app", "expected", "highest", "says"),
    [
        # Where an unknown decides: the ordinary case, which stands last.
        ("high if app.multi_tenant else low", {}, "low", "high", "x (may be high, depending on signInAudience: absent from the document)"),
        ("low if app.multi_tenant else high", {}, "high", "high", "x (may be low, depending on signInAudience: absent from the document)"),
        ("high if app.multi_tenant else low", SINGLE, "low", "low", "x"),
        ("high if app.multi_tenant else low", MULTI, "high", "high", "x"),
        # Three-valued logic decides: there is no unknown.
        ("high if app.multi_tenant or app.fallback_public_client else low", PUBLIC, "high", "high", "x"),
        ("high if app.multi_tenant and app.fallback_public_client else low", NO_PUBLIC, "low", "low", "x"),
        ("low if app.multi_tenant else low", {}, "low", "low", "x"),
        # Only what is still possible is named, and is the severity.
        ("critical if app.multi_tenant else high if app.fallback_public_client else low", NO_PUBLIC, "low", "critical", "may be critical,"),
        ("critical if app.multi_tenant else high if app.fallback_public_client else low", PUBLIC, "high", "critical", "may be critical,"),
        ("critical if app.multi_tenant else high if app.fallback_public_client else low", SINGLE, "low", "high", "may be high,"),
        ("critical if app.multi_tenant else high if app.fallback_public_client else low", {}, "low", "critical", "may be high or critical,"),
        ("(high if app.fallback_public_client else medium) if app.multi_tenant else low", MULTI, "medium", "high", "may be high,"),
        # All that would decide is named.
        (
            "high if app.multi_tenant or app.fallback_public_client else low", {}, "low", "high",
            "signInAudience: absent from the document; isFallbackPublicClient: absent from the document)",
        ),
        ("high if not (app.multi_tenant and app.fallback_public_client) else low", PUBLIC, "low", "high", "on signInAudience: absent"),
    ],
)  # fmt: skip
def test_a_severity_that_an_unknown_decides(severity: str, app: dict[str, Any], expected: str, highest: str, says: str) -> None:
    for apps in ([{**APP, **app}], [{**APP, **app, "id": f"o{i}"} for i in range(6)]):
        rows = findings("False", apps, severity=severity)
        assert len(rows) == len(apps)
        for row in rows:
            assert (row.severity, row.highest_severity) == (expected, highest)
            assert row.message == says if says.startswith("x") else says in row.message


def test_severities_and_statuses_compare_as_one_expects() -> None:
    (row,) = findings("False", APP, severity="high")
    assert row.severity is Severity.high
    assert row.severity == Severity.high == "high"
    assert row.severity >= Severity.high > Severity.medium >= "low"
    assert not row.severity < Severity.medium
    assert max(Severity.high, Severity.info, Severity.medium) is Severity.high
    assert sorted(Severity) == list(Severity) == ["info", "low", "medium", "high", "critical"]
    assert row.status is Status.fail
    assert row.status == "fail"
    assert f"{row.severity} {row.status}" == "high fail"
    assert json.loads(msgspec.json.encode(row))["severity"] == "high"
    with pytest.raises(ValueError, match="hihg"):
        assert row.severity >= "hihg"


# -- fixes


@pytest.mark.parametrize(
    ("fix", "app", "expected"),
    [
        ("`az ad app show --id {app.app_id}`", {}, "`az ad app show --id APP-ID`"),
        ("`az ad app show --id {app.app_id}`", {"appId": "a-1"}, "`az ad app show --id a-1`"),
        ("`x {app.id} {app.app_id}` in {app.id}", {}, "`x OBJECT-ID APP-ID` in OBJECT-ID"),
        ("`x {app.display_name}` of {app.display_name}", {"displayName": "a; rm -rf /"}, "`x DISPLAY-NAME` of a; rm -rf /"),
        ("`x {app.display_name}`", {"displayName": "@file"}, "`x DISPLAY-NAME`"),
        ("`x {app.display_name}`", {"displayName": "--all"}, "`x DISPLAY-NAME`"),
        ("`x {app.display_name}`", {"displayName": "%PATH%"}, "`x DISPLAY-NAME`"),
        ("`x {app.display_name}`", {"displayName": ""}, "`x DISPLAY-NAME`"),
        ("`x {app.display_name}`", {"displayName": None}, "`x DISPLAY-NAME`"),
        ("`x {app.tags}` {app.tags}", {"tags": []}, "`x TAGS` none"),
        ("`x {app.tags}` {app.tags}", {"tags": ["t"]}, "`x t` t"),
        ("`x {app.tags}` {app.tags}", {}, "`x TAGS` TAGS"),
        ("```\nx --id {app.app_id}\n```\nof {app.app_id}", {}, "```\nx --id APP-ID\n```\nof APP-ID"),
        ("`x {app.created:date}` since {app.created:date}", {}, "`x CREATED` since CREATED"),
        ("`x {len(app.tags)}`", {}, "`x VALUE`"),
    ],
)  # fmt: skip
def test_what_a_fix_does_not_know_is_a_placeholder(fix: str, app: dict[str, Any], expected: str) -> None:
    assert fixes(fix, app) == expected


def fixes(fix: str, app: dict[str, Any]) -> str:
    rule = rule_of("False")
    rule = msgspec.structs.replace(rule, text=msgspec.structs.replace(rule.prose, fix=fix))
    texts = {
        str(row.remediation)
        for number in (1, 6)  # one by one, and compiled
        for _, row in judge(rule, world({"applications": [{"signInAudience": "AzureADMyOrg", **app}] * number})).rows
    }
    (text,) = texts
    return text


def test_placeholders_name_what_they_stand_for() -> None:
    def of(*paths: str) -> list[str]:
        classes = {"app.id": App, "principal.id": ServicePrincipal, "app.service_principal.id": ServicePrincipal}
        return list(placeholders({path: classes.get(path, Fact) for path in paths}).values())

    assert of("app.app_id", "app.id", "secret.key_id", "connector.tenant_id") == ["APP-ID", "OBJECT-ID", "KEY-ID", "TENANT-ID"]
    assert of("tenant.id", "scope.id", "uri.value", "group.id") == ["TENANT-ID", "SCOPE-ID", "URI-VALUE", "GROUP-ID"]
    assert of("app.id", "app.service_principal.id") == ["OBJECT-ID", "SERVICE-PRINCIPAL-OBJECT-ID"]
    assert of("app.app_id", "api.resource.app_id", "client.app_id") == ["APP-ID", "RESOURCE-APP-ID", "CLIENT-APP-ID"]
    assert of("permission.a.app_id", "permission.b.a.app_id") == ["PERMISSION-A-APP-ID", "B-A-APP-ID"]
    assert of("") == ["VALUE"]


def test_an_unknown_in_a_message_reads_unknown() -> None:
    (row,) = findings("False", {**APP, "web": None}, message="{app} {app.audience} {app.service_principal} {len(app.secrets)} {app.tags}")
    assert row.message == "A unknown unknown unknown unknown"


# -- joins


def tenant(**parts: Any) -> dict[str, Any]:
    graph = {"id": "sg", "appId": GRAPH, "displayName": "Microsoft Graph", "servicePrincipalType": "Application", "oauth2PermissionScopes": [],
             "appRoles": [{"id": "r1", "value": "User.Read.All", "isEnabled": True, "allowedMemberTypes": ["Application"]}]}  # fmt: skip
    return {
        "applications": [{"id": "o1", "appId": "a1", "displayName": "One"}, {"id": "o2", "appId": "a2", "displayName": "Two"}],
        "servicePrincipals": [graph, {"id": "s1", "appId": "a1", "displayName": "One", "appOwnerOrganizationId": HOME}],
        **parts,
    }


def test_an_app_and_its_service_principal() -> None:
    one, two = world(tenant()).apps
    assert one.service_principal is not None
    assert one.service_principal.id == "s1"
    assert two.service_principal is None
    alone = world(tenant()["applications"]).apps[0]
    assert isinstance(alone.service_principal, Unknown)


def test_the_tenant_is_told_by_its_own_service_principals() -> None:
    assert world(tenant()).tenant.id == HOME


def test_grants() -> None:
    granted = world(
        tenant(
            oauth2PermissionGrants=[
                {"id": "g1", "clientId": "s1", "resourceId": "sg", "consentType": "AllPrincipals", "scope": " User.Read  Mail.Read"},
                {"id": "g2", "clientId": "s1", "resourceId": "sg", "consentType": "Principal", "principalId": "u1", "scope": "Mail.Read"},
            ],
            appRoleAssignments=[
                {"id": "x", "principalId": "s1", "resourceId": "sg", "appRoleId": "R1"},
                {"id": "y", "principalId": "s1", "resourceId": "sg", "appRoleId": "00000000-0000-0000-0000-000000000000"},
            ],
        )
    ).apps[0]
    assert [(g.kind, g.value, g.consent, g.users) for g in granted.granted_permissions] == [
        ("delegated", "User.Read", "admin", []), ("delegated", "Mail.Read", "admin", []), ("delegated", "Mail.Read", "user", ["u1"]),
        ("application", "User.Read.All", "admin", []),
    ]  # fmt: skip
    assert granted.granted_permissions[3].resource is not None
    assert granted.granted_permissions[3].resource.display_name == "Microsoft Graph"


def test_names_instead_of_ids_are_understood() -> None:
    app = world(
        {**APP, "requiredResourceAccess": [{"resourceAppId": "Microsoft Graph", "resourceAccess": [{"id": "User.Read", "type": "Scope"}]}]}
    ).apps[0]
    (permission,) = app.requested_permissions
    assert (permission.resource_app_id, permission.id) == (GRAPH, "e1fe6dd8-ba31-4d61-89e7-88639da4683d")
    as_long_as_a_guid = {"id": "ExternalConnection.ReadWrite.OwnedBy", "type": "Role"}
    app = world({**APP, "requiredResourceAccess": [{"resourceAppId": "Microsoft Graph", "resourceAccess": [as_long_as_a_guid]}]}).apps[0]
    assert app.requested_permissions[0].id == "f431331c-49a6-499f-be1c-62af19c34a9d"


def test_joins_do_not_reach_over_folders() -> None:
    documents = Documents()
    uri = {"web": {"redirectUris": ["https://shared"]}, "spa": None, "publicClient": None}
    for scope in ("one", "two"):
        reader.read(json.dumps({**APP, **uri, "id": scope}).encode(), f"{scope}/app.json", scope, documents)
    for one in joins.worlds(documents, NOW):
        assert one.apps[0].redirect_uris[0].also_on.known() == []  # type: ignore[attr-defined]


def test_an_object_that_was_read_twice_is_noted_and_shares_nothing_with_itself() -> None:
    twice = world([{**APP, "web": {"redirectUris": ["https://x"]}}, {**APP, "web": {"redirectUris": ["https://x"]}}])
    assert [note.message for note in joins.read_twice(twice)] == ["the app registration o was already read from example:1; both are judged"]
    assert [app.redirect_uris.known()[0].also_on.known() for app in twice.apps] == [[], []]  # type: ignore[attr-defined]
    assert len(twice.apps) == 2


@pytest.mark.parametrize(
    ("principals", "complete"),
    [
        ({"value": [{"id": "sg", "appId": GRAPH, "servicePrincipalType": "Application"}]}, True),
        ({"value": [{"id": "x", "appId": "x", "servicePrincipalType": "Application"}]}, False),
        ({"value": [{"id": "sg", "appId": GRAPH, "servicePrincipalType": "Application"}], "@odata.nextLink": "https://x"}, False),
        (
            {"value": [{"id": f"s{i}", "appId": GRAPH if not i else f"a{i}", "servicePrincipalType": "Application"} for i in range(100)]},
            False,
        ),
    ],
    ids=["whole", "without Microsoft Graph", "with a next page", "exactly 100"],
)
def test_a_list_is_whole_only_when_it_shows(principals: dict[str, Any], complete: bool) -> None:
    documents = Documents()
    reader.read(json.dumps({"value": [{**APP, "web": None}]}).encode(), "apps.json", "", documents)
    reader.read(json.dumps(principals).encode(), "principals.json", "", documents)
    (one,) = joins.worlds(documents, NOW)
    assert ("servicePrincipals" in one.complete) is complete
    assert ("applications" in one.complete) is complete
    assert (one.apps[0].service_principal is None) is complete


def test_what_is_declared_unknown_is_unknown_of_every_object() -> None:
    """Rules are compiled without what `unavailable` names: it must never be known of anything."""
    for seed in range(40):
        maker = Maker(seed)
        one = world(maker.with_holes(maker.tenant()))
        for root in (*one.apps, *one.principals, one.tenant):
            for subject in _all_facts(root):
                for name in type(subject).FACTS:
                    key = f"{type(subject).__name__}.{name}"
                    value = getattr(subject, name)
                    if key in one.unavailable.unknown:
                        assert isinstance(value, Unknown), key
                    if key in one.unavailable.partial:
                        assert isinstance(value, Unknown) or value.__class__.__name__ == "Partial", key


def _all_facts(root: Any) -> list[Any]:
    from auditor.facts import Fact

    found = [root]
    for name in type(root).FACTS:
        values = getattr(root, name)
        if isinstance(values, list):
            found += [value for value in list.__iter__(values) if isinstance(value, Fact) and value.owner is root]
    return found


def summary(verdicts: Verdicts) -> Says:
    """The verdict on a root, of those on its subjects."""
    said = {verdict.says for verdict in verdicts.values()}
    order = (Says.error, Says.failed, Says.not_evaluated, Says.passed)
    return next((one for one in order if one in said), Says.not_applicable)


@pytest.mark.no_cover
@pytest.mark.parametrize("few", [0, engine.FEW, 1000], ids=["compiled", "as usual", "one by one"])
@pytest.mark.parametrize("seed", range(4))
def test_recorded_verdicts_are_what_the_outcome_counts(few: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FEW", few)
    if seed == 3:
        monkeypatch.setattr(World, "principal", lambda self, app_id: 1 / 0)
    maker = Maker(seed)
    rules = list(rulebook.shipped())
    found: Counter[Says] = Counter()
    alone = [maker.tenant()["applications"]] if seed != 3 else []  # of a tenant the whole run knows nothing, and looks nothing up
    for tenant in (maker.tenant(), maker.with_holes(maker.tenant()), *alone):
        one = world(tenant)
        for outcome in engine.judge_all(rules, one, record=True):
            roots = engine.roots_of(outcome.rule, one)
            counts = Counter(summary(outcome.of(root)) for root in roots)
            want = {
                Says.failed: outcome.failed, Says.passed: outcome.passed, Says.not_applicable: outcome.not_applicable,
                Says.not_evaluated: outcome.not_evaluated if roots else 0,
            }  # fmt: skip
            assert {says: counts[says] for says in want} == want, outcome.rule
            recorded = [verdict for root in roots for verdict in outcome.of(root).values()]
            ids = [verdict.finding.finding_id for verdict in recorded if verdict.finding is not None]
            assert sorted(ids) == sorted(row.finding_id for _, row in outcome.rows)
            assert all((verdict.finding is not None) is (verdict.says in (Says.failed, Says.error)) for verdict in recorded)
            assert all((verdict.reason is not None) is (verdict.says is Says.not_evaluated) for verdict in recorded)
            found.update(verdict.says for verdict in recorded)
    assert found.keys() == set(Says) - ({Says.error} if seed != 3 else set())


def test_verdicts_are_recorded_by_subject() -> None:
    secrets = [{"keyId": "1", "endDateTime": "2020-01-01T00:00:00Z"}, {"keyId": "2"}, {"keyId": "3", "endDateTime": "2099-01-01T00:00:00Z"}]
    one = world([{**APP, "passwordCredentials": secrets}, {**APP, "id": "o2", "passwordCredentials": []}, {"appId": "b", "web": None}])
    rule = rule_of("secret.end is None or secret.end > now", **SECRETS)
    (outcome,) = engine.judge_all([rule], one, record=True)
    first, second, third = (outcome.of(app) for app in one.apps)
    assert {key: verdict.says for key, verdict in first.items()} == {"1": "fail", "2": "not-evaluated", "3": "pass"}
    assert first["1"].finding is outcome.rows[0][1]
    assert (second, {key: verdict.says for key, verdict in third.items()}) == ({}, {None: "not-evaluated"})
    assert third[None].reason == Reason("passwordCredentials", "absent from the document")
    assert first.keys() == {subject_key(one.apps[0], secret) for secret in one.apps[0].secrets}
    (plain,) = engine.judge_all([rule], one)
    assert plain.verdicts is None
    assert [row for _, row in plain.rows] == [row for _, row in outcome.rows]
