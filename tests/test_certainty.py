"""Exemptions, presumptions and findings that give way: what is known, what is likely, and what is not said twice."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from auditor import Report, audit, joins, rulebook
from auditor.diagnose.examples import read
from auditor.engine import judge as engine
from auditor.engine.bound import BoundRule
from auditor.engine.compiled import check, compiled
from auditor.engine.finding import Finding, Outcome
from auditor.engine.giving_way import give_way
from auditor.engine.judge import judge
from auditor.errors import RuleError
from auditor.language.logic import Likely
from auditor.rulebook import Block, Rule
from auditor.severity import Certainty
from auditor.sources.coverage import DENIED, Covered, TenantInfo
from auditor.sources.graph import plan
from auditor.sources.spool import Writer as Spool
from auditor.unknown import Unknown
from tests.expressions import Writer
from tests.helpers import regaudit
from tests.tenants import Maker
from tests.test_language import NOW, rule_of

CASES = Path("/work/shared/cases")
AS_OF = "2026-11-28"
ID, APP_ID, KEY = "0b000000-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "11111111-1111-4111-8111-111111111111"
EXPIRED = {"keyId": KEY, "displayName": "ci", "endDateTime": "2024-01-31T00:00:00Z"}
APP = {"id": ID, "appId": APP_ID, "displayName": "Payroll", "keyCredentials": []}
OLD = {"objectId": ID, "appId": APP_ID, "name": "Payroll", "replyUrlsWithType": [], "keyCredentials": []}  # the manifest until 2024
OLD_SECRET = {"keyId": KEY, "displayName": "ci", "endDate": "2024-01-31T00:00:00Z"}
FEDERATED = {
    "@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#applications('{ID}')/federatedIdentityCredentials",
    "value": [
        {
            "id": "f", "name": "deploy", "issuer": "https://token.actions.githubusercontent.com",
            "subject": "repo:contoso/payroll:environment:production", "audiences": ["api://AzureADTokenExchange"],
        }
    ],
}  # fmt: skip


def write(folder: Path, **files: Any) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value))
    return folder


def failures(report: Report) -> list[Finding]:
    assert report.errors == []
    return [one for one in report.findings if one.status == "fail"]


def said(report: Report) -> dict[str, tuple[str, str | None]]:
    """Rule -> severity and certainty of what fails; of each rule one finding at most."""
    found = failures(report)
    assert len({one.rule_id for one in found}) == len(found)
    return {one.rule_id: (one.severity, one.certainty) for one in found}


def verdict(rule: Rule, value: Any, **how: Any) -> str:
    outcome = judge(rule, joins.worlds(read(json.dumps(value)), NOW)[0], **how)
    assert not outcome.errors
    if outcome.failed:
        return " and ".join(sorted({str(row.certainty) for _, row in outcome.rows}))
    return next(name for name in ("not_evaluated", "passed", "not_applicable") if getattr(outcome, name))


# -- unless


SECRETS = {"each": "app.secrets as secret", "unless": "secret.managed_by_microsoft"}
PROXY, OURS, UNNAMED = {"displayName": "CWAP_AuthSecret"}, {"displayName": "ci"}, {}  # type: ignore[var-annotated]
LATE, SOON = {"endDateTime": "2031-01-01T00:00:00Z"}, {"endDateTime": "2025-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        (PROXY | SOON, "not_applicable"), (PROXY | LATE, "not_applicable"), (PROXY, "not_applicable"),
        (OURS | SOON, "certain"), (OURS | LATE, "passed"), (OURS, "not_evaluated"),
        (UNNAMED | SOON, "likely"), (UNNAMED | LATE, "passed"), (UNNAMED, "not_evaluated"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("number", [1, 6], ids=["alone", "compiled"])
def test_an_exemption_holds_only_where_it_is_known_to_hold(secret: dict[str, Any], expected: str, number: int) -> None:
    apps = [{"appId": f"{i}", "passwordCredentials": [secret]} for i in range(number)]
    rule = rule_of("secret.end is None or secret.end > now", **SECRETS)
    assert verdict(rule, apps) == expected
    assert verdict(rule, apps, certain_only=True) == {"likely": "not_evaluated"}.get(expected, expected)


def test_where_a_rule_applies_is_no_exemption() -> None:
    """What it is about stays in `given`: where that is not known, nothing is said."""
    block = {"each": "app.secrets as secret", "given": "app.multi_tenant", "unless": "secret.managed_by_microsoft"}
    rule = rule_of("secret.end is None or secret.end > now", **block)
    apps: list[dict[str, Any]] = [
        {"passwordCredentials": [{"keyId": "1", **SOON}]},
        {"signInAudience": "AzureADMyOrg", "passwordCredentials": [{"keyId": "1", **SOON}]},
    ]
    assert verdict(rule, apps[0]) == "not_evaluated"
    assert verdict(rule, apps[1]) == "not_applicable"
    assert verdict(rule, {**apps[1], "signInAudience": "AzureADMultipleOrgs"}) == "likely"


def test_an_exemption_that_a_whole_run_cannot_know() -> None:
    """Nothing of service principals is in the input: that is compiled in, and fails all the same."""
    rule = rule_of("not app.multi_tenant", unless="app.service_principal is not None and app.service_principal.enabled")
    apps = [{"appId": f"{i}", "signInAudience": "AzureADMultipleOrgs"} for i in range(9)]
    assert verdict(rule, apps) == verdict(rule, apps[:1]) == "likely"
    assert verdict(rule, apps, certain_only=True) == "not_evaluated"
    assert verdict(rule, {"applications": apps, "servicePrincipals": []}) == "certain"


def test_a_likely_finding_says_what_it_depends_on() -> None:
    rule = rule_of("secret.end is None or secret.end > now", severity="high if app.multi_tenant else low", **SECRETS)
    outcome = judge(rule, joins.worlds(read(json.dumps({"passwordCredentials": [{"keyId": "1", **SOON}]})), NOW)[0])
    ((_, row),) = outcome.rows
    assert row.message == (
        "x (likely, depending on passwordCredentials.displayName: absent from the document; "
        "may be high, depending on signInAudience: absent from the document)"
    )
    assert (row.severity, row.highest_severity, row.certainty) == ("low", "high", Certainty.likely)


def test_certainties_compare_as_one_expects() -> None:
    assert Certainty.likely < Certainty.certain
    assert Certainty.certain >= "likely"
    assert max(Certainty) is Certainty.certain == "certain"


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", range(3))
def test_an_exemption_differs_from_a_condition_only_where_it_is_not_known(seed: int) -> None:
    """Random rules on random tenants: `unless` is `given = not …`, but for failures of which only the exemption is not known."""
    writer = Writer(seed)
    seen = {"likely": 0, "decided": 0, "unknown": 0}
    for number in range(60):
        require, exemption = writer.condition(), writer.condition()
        try:
            plain, exempt = rule_of(require, given=f"not ({exemption})"), rule_of(require, unless=exemption)
            check(plain)
            check(exempt)
        except RuleError:
            continue
        maker = Maker(seed * 100 + number)
        tenant = maker.tenant()
        for data in (tenant, maker.with_holes(tenant)):
            world = joins.worlds(read(json.dumps(data)), NOW)[0]
            one, other = (BoundRule(compiled(rule, world.unavailable), NOW, world.tenant) for rule in (plain, exempt))
            strict = BoundRule(compiled(exempt, world.unavailable), NOW, world.tenant, certain_only=True)
            for app in world.apps:
                want, got = one.exactly(app, app, Unknown("x")), other.exactly(app, app, Unknown("x"))
                if isinstance(got, Likely):
                    assert isinstance(want, Unknown)
                    assert got.unknowns
                    assert isinstance(strict.exactly(app, app, Unknown("x")), Unknown)
                    assert BoundRule(compiled(rule_of(require)), NOW, world.tenant).exactly(app, app, Unknown("x")) is False
                    seen["likely"] += 1
                elif isinstance(want, Unknown):
                    assert isinstance(got, Unknown)
                    seen["unknown"] += 1
                else:
                    assert got is want
                    seen["decided"] += 1
            # And compiled, as one by one.
            few = [judge(exempt, world, only=[app]) for app in world.apps]
            many = judge(exempt, world, only=world.apps)
            for name in ("failed", "passed", "not_applicable", "not_evaluated"):
                assert getattr(many, name) == sum(getattr(alone, name) for alone in few)
    assert all(seen.values()), seen


# -- unless, in our own pages: three tenants


def tenant_with(tmp_path: Path, secret: dict[str, Any]) -> Report:
    """A tenant of one registration with one secret, which ended."""
    application = {
        "id": ID,
        "appId": APP_ID,
        "displayName": "Payroll",
        "keyCredentials": [],
        "passwordCredentials": [{"keyId": KEY, **SOON, **secret}],
    }
    folder = write(tmp_path / "tenant", apps=[application])
    return audit(folder, select=["secret-expired"], as_of=AS_OF)


@pytest.mark.parametrize(
    ("secret", "expected", "code"),
    [
        (PROXY, {}, 0),  # known to hold
        (UNNAMED, {"secret-expired": ("high", "likely")}, 1),  # not known
        (OURS, {"secret-expired": ("high", "certain")}, 1),  # known not to hold
    ],
    ids=["known", "unknown", "known not to hold"],
)
def test_three_tenants(tmp_path: Path, secret: dict[str, Any], expected: dict[str, Any], code: int) -> None:
    report = tenant_with(tmp_path, secret)
    assert said(report) == expected
    assert report.exit_code() == code
    assert report.count("not_applicable") == (not expected)


def test_the_identity_of_a_finding_is_the_same_however_sure_it_is(tmp_path: Path) -> None:
    (likely,), (certain,) = failures(tenant_with(tmp_path / "a", UNNAMED)), failures(tenant_with(tmp_path / "b", OURS))
    assert (likely.certainty, certain.certainty) == ("likely", "certain")
    assert likely.finding_id == certain.finding_id


def test_the_old_az_writes_no_description_where_there_is_none(tmp_path: Path) -> None:
    """b110: its customKeyIdentifier is the description of a secret. Of a certificate it is the thumbprint, and the description is unknown."""
    old = {"objectId": ID, "appId": APP_ID, "displayName": "Payroll", "objectType": "Application", "replyUrls": []}
    ended = {"keyId": KEY, "endDate": "2026-10-01T00:00:00+00:00", "startDate": "2024-10-01T00:00:00+00:00", "value": None}
    certificate = {
        **ended,
        "customKeyIdentifier": "A1B2C3D4E5F60718293A4B5C6D7E8F9001122334",
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }
    for identifier, expected in (
        (None, {"secret-expired": ("high", "certain"), "certificate-expired": ("high", "likely")}),
        ("YwBpAA==", {"secret-expired": ("high", "certain"), "certificate-expired": ("high", "likely")}),
        ("QwBXAEEAUABfAEEAdQB0AGgAUwBlAGMAcgBlAHQA", {"certificate-expired": ("high", "likely")}),
        ("Q1dBUF9BdXRoU2VjcmV0", {"certificate-expired": ("high", "likely")}),
    ):
        secret = {**ended, "customKeyIdentifier": identifier}
        folder = write(tmp_path, app=[{**old, "passwordCredentials": [secret], "keyCredentials": [certificate]}])
        report = audit(folder, select=["secret-expired", "certificate-expired"], as_of=AS_OF)
        assert said(report) == expected, identifier


def test_cases_of_expired_secrets() -> None:
    if not CASES.is_dir():
        pytest.skip("the shared cases are not here")
    for name in ("b93-coe-secret-expired", "b110-legacy-az-expired", "f32-azcli-legacy-mixed"):
        report = audit(CASES / name / "input", as_of=AS_OF)
        assert "secret-expired" in {one.rule_id for one in failures(report)}, name
        assert report.exit_code() == 1


# -- an expired secret, and what else there is to sign in with


def test_az_ad_app_show_with_and_without_its_federated_credentials(tmp_path: Path) -> None:
    shown = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications/$entity", **APP, "passwordCredentials": [EXPIRED]}
    report = audit(write(tmp_path / "alone", app=shown), as_of=AS_OF)
    (one,) = [one for one in failures(report) if "expired" in one.rule_id]
    assert (one.rule_id, one.severity, one.certainty) == ("secret-expired", "high", "certain")
    assert "(may be low, depending on federatedIdentityCredentials: not in the input)" in one.message
    assert report.exit_code() == 1
    report = audit(write(tmp_path / "beside", app=shown, federated=FEDERATED), as_of=AS_OF)
    (one,) = [one for one in failures(report) if "expired" in one.rule_id]
    assert (one.rule_id, one.severity, one.certainty) == ("secret-expired", "low", "certain")
    assert report.exit_code() == 0


# -- presume


def presumed(folder: Path, **how: Any) -> Report:
    return audit(folder, select=["credential-all-expired"], as_of=AS_OF, **how)


def test_what_a_format_cannot_carry_is_presumed(tmp_path: Path) -> None:
    folder = write(tmp_path / "old", app={**OLD, "passwordCredentials": [OLD_SECRET]})
    report = presumed(folder)
    assert said(report) == {"credential-all-expired": ("high", "likely")}
    assert failures(report)[0].message.endswith("(likely, depending on federatedIdentityCredentials: not in the input)")
    assert report.exit_code() == 1
    strict = presumed(folder, certain_only=True)
    assert said(strict) == {}
    assert (strict.count("not_evaluated"), strict.exit_code()) == (1, 2)  # nobody could look: that is no pass


def test_nothing_is_presumed_that_could_have_been_there(tmp_path: Path) -> None:
    """Today's shape can hold federated credentials; a scope of which some were read, and a whole tenant, say what they hold."""
    old, new = {**OLD, "passwordCredentials": [OLD_SECRET]}, {**APP, "passwordCredentials": [EXPIRED]}
    others = {**FEDERATED, "@odata.context": str(FEDERATED["@odata.context"]).replace(ID, KEY)}
    within = {**new, "id": KEY, "appId": KEY, "federatedIdentityCredentials": []}
    cases: dict[str, dict[str, Any]] = {
        "today's shape": {"app": new}, "some were read": {"app": old, "others": others}, "some within another": {"app": old, "other": [within]},
        "selected away": {"app": {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications(id,passwordCredentials)/$entity", **new}},
    }  # fmt: skip
    for name, files in cases.items():
        report = presumed(write(tmp_path / name, **files))
        assert [one.certainty for one in failures(report) if one.app_id == APP_ID] == [], name
        assert report.count("not_evaluated") == 1, name
    report = presumed(write(tmp_path / "it has one", app=old, federated=FEDERATED))
    assert (said(report), report.count("passed")) == ({}, 1)


def test_nothing_of_a_tenant_is_presumed(tmp_path: Path) -> None:
    """A snapshot for which federated credentials were denied."""
    why = {"reason": "Application.Read.All is missing", "permission": "Application.Read.All"}
    info = TenantInfo(
        ID, taken="2026-11-24T00:00:00Z",
        covered=[Covered("applications", count=1), Covered("federatedIdentityCredentials", status=DENIED, **why)],  # type: ignore[arg-type]
    )  # fmt: skip
    writer = Spool(tmp_path / "tenant.ndjson.gz", ["applications", "federatedIdentityCredentials"], "1").open(info)
    writer.page("applications", plan.APPLICATIONS, [("", json.dumps({**APP, "passwordCredentials": [EXPIRED]}).encode())], None, [])
    writer.finish(info)
    report = presumed(tmp_path / "tenant.ndjson.gz")
    assert (said(report), report.count("not_evaluated"), report.exit_code()) == ({}, 1, 2)


def test_a_presumption_never_passes_nor_exempts(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps({**OLD, "passwordCredentials": []}))
    page = '# T\n\n```toml rule\nseverity = "low"\n{}\npresume = ["app.federated_credentials"]\nmessage = "x"\n```\n'
    for number, (block, verdicts) in enumerate({
        'require = "len(app.federated_credentials) == 0"': "not_evaluated",
        'given = "len(app.federated_credentials) > 0"\nrequire = "app.multi_tenant"': "not_evaluated",
        'unless = "len(app.federated_credentials) == 0"\nrequire = "len(app.secrets) > 0"': "not_evaluated",
        'given = "len(app.federated_credentials) == 0"\nrequire = "len(app.secrets) > 0"': "failed",
    }.items()):  # fmt: skip
        folder = tmp_path / f"rules{number}"
        (folder / "own").mkdir(parents=True)
        (folder / "own" / f"own-{number}.md").write_text(page.format(block))
        report = audit(tmp_path / "old.json", select=[f"own-{number}"], extend_rules=[folder])
        assert report.count(verdicts) == 1, block
        assert all(one.certainty == "likely" for one in failures(report))


# -- a severity that an unknown decides: precision.md, rows 6, 7 and 8


OWNER = {
    "@odata.type": "#microsoft.graph.user",
    "id": "u",
    "displayName": "G",
    "userPrincipalName": "g_x.com#EXT#@contoso.com",
    "userType": "Guest",
}
ON_SP = {
    "id": "p",
    "appId": APP_ID,
    "displayName": "Payroll",
    "servicePrincipalType": "Application",
    "servicePrincipalNames": [APP_ID],
    "keyCredentials": [],
}


@pytest.mark.parametrize(
    ("rule", "files"),
    [
        (  # row 6
            "implicit-access-token",
            {"app": {**APP, "web": {"redirectUris": ["https://a.contoso.com/cb"], "implicitGrantSettings": {"enableAccessTokenIssuance": True}}, "spa": None}},
        ),
        ("owner-guest", {"app": {**APP, "owners": [OWNER]}}),  # row 7
        ("credential-on-sp", {"sp": {**ON_SP, "passwordCredentials": [{**EXPIRED, **LATE}], "appOwnerOrganizationId": KEY}}),  # row 8
    ],
    ids=["row 6", "row 7", "row 8"],
)  # fmt: skip
def test_an_unknown_alone_never_lifts_a_finding_over_the_gate(rule: str, files: dict[str, Any], tmp_path: Path) -> None:
    report = audit(write(tmp_path, **files), select=[rule], as_of=AS_OF)
    (one,) = failures(report)
    assert (one.rule_id, one.severity, one.highest_severity, one.certainty) == (rule, "medium", "high", "certain")
    assert "(may be high, depending on " in one.message
    assert report.exit_code() == 0


# -- what a page may say


@pytest.mark.parametrize(
    ("block", "line", "says", "marked"),
    [
        ('unless = "app.multi_tennant"', 5, "App has no fact 'multi_tennant'; did you mean 'multi_tenant'?", "app.multi_tennant"),
        ('unless = "app.secrets"', 5, "this must be yes/no, it is list of Secret", "app.secrets"),
        ("unless = 1", 5, "'unless' is a text, not 1", ""),
        ('unles = "app.multi_tenant"', 5, "unknown key 'unles'; did you mean 'unless'?", ""),
        ('presume = ["app.owners"]', 5, "presume names a list that given, unless or require reads; they read the lists app.secrets", "app.owners"),
        ('presume = ["app.display_name"]', 5, "only a list can be presumed to be empty, app.display_name is text", "app.display_name"),
        ('presume = "app.secrets"', 5, "'presume' is a list of texts, not 'app.secrets'", ""),
        ('gives-way-to = ["credential-all-expird"]', 5, "no rule is called 'credential-all-expird'; did you mean 'credential-all-expired'?", "credential-all-expird"),
        ('gives-way-to = ["own"]', 5, "a rule cannot give way to itself", "own"),
        ('gives-way-to = ["foreign-app"]', 5, "foreign-app is about another kind of object: principal, not app", "foreign-app"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", [("scan", "."), ("test",)], ids=["scan", "test"])
def test_what_is_wrong_on_a_page_is_said_with_its_line(
    block: str, line: int, says: str, marked: str, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path / "in", app=APP))
    page = tmp_path / "pages" / "area" / "own.md"
    page.parent.mkdir(parents=True)
    page.write_text(
        f'# T\n\n```toml rule\nseverity = "low"\n{block}\nrequire = "len(app.secrets) == 0 or app.display_name != \'\'"\nmessage = "x"\n```\n'
    )
    ran = regaudit(*command, "--extend-rules", tmp_path / "pages") if command[0] == "scan" else regaudit("test", tmp_path / "pages")
    assert ran.code in ((2,) if command[0] == "scan" else (1, 2))
    text = ran.out + ran.err
    assert f"own.md:{line}: " in text
    assert says in text
    if marked and command[0] == "scan":
        assert f"{marked}\n" in text
        assert "^" * len(marked) in text


def test_whoever_gives_way_to_each_other_is_refused() -> None:
    def page(id_: str, *names: str) -> Rule:
        return Rule(id_, "a", "T", f"{id_}.md", Block(severity="low", require="True", message="x", gives_way_to=list(names)))

    with pytest.raises(RuleError, match="c gives way to a in turn"):
        rulebook.check_giving_way([page("a", "c"), page("c", "b"), page("b", "a")])
    rulebook.check_giving_way([page("a", "b", "c"), page("b", "c"), page("c")])


def test_our_own_pages_name_rules_that_there_are() -> None:
    rulebook.check_giving_way(rulebook.shipped())
    assert [rule.id for rule in rulebook.shipped() if rule.gives_way_to]


# -- giving way


def outcomes(value: Any, *rules: Rule, **how: Any) -> list[Outcome]:
    found = engine.judge_all(list(rules), joins.worlds(read(json.dumps(value)), NOW)[0], **how)
    give_way(found)
    return found


def named(id_: str, require: str, *to: str, **block: Any) -> Rule:
    spec = {"severity": "medium", "message": id_, "require": require, "gives_way_to": list(to), **block}
    return Rule(id_, "area", "T", f"{id_}.md", Block(**spec))


def left(found: list[Outcome]) -> list[str]:
    return [row.message for outcome in found for _, row in outcome.rows]


EACH = {"each": "app.secrets as secret"}
TWO: dict[str, Any] = {"appId": "a", "passwordCredentials": [{"keyId": "1", "displayName": "ci"}, {"keyId": "2", "displayName": "b"}]}


def test_a_finding_gives_way_to_one_on_the_same_subject_or_the_whole_object() -> None:
    part, same, whole = named("part", "False", "same", **EACH), named("same", "secret.key_id != '1'", **EACH), named("whole", "False")
    first, second = outcomes(TWO, part, same)
    assert [about.key for about, _ in first.rows] == ["2"]  # of the second secret the other page says nothing
    assert [row.stands_for for _, row in second.rows] == [["part"]]
    assert left(outcomes(TWO, named("part", "False", "whole", **EACH), whole)) == ["whole"]
    assert left(outcomes([TWO, {**TWO, "appId": "b"}], named("part", "False", "other", **EACH), named("other", "app.app_id == 'a'"))) == [
        "part", "part", "other",
    ]  # fmt: skip


def test_of_one_part_and_the_whole_the_part_is_named() -> None:
    """One secret that ended is told by its key and its date, and not as all credentials."""
    rules = named("part", "False", "whole", **EACH), named("whole", "False")
    one = {"appId": "a", "passwordCredentials": TWO["passwordCredentials"][:1]}
    found = outcomes(one, *rules)
    assert left(found) == ["part"]
    assert found[0].rows[0][1].stands_for == ["whole"]
    assert (found[0].failed, found[1].failed) == (1, 1)  # both were judged


def test_nothing_gives_way_to_what_is_not_there_or_weighs_less() -> None:
    part = named("part", "False", "whole", **EACH)
    assert left(outcomes(TWO, part)) == ["part", "part"]
    assert left(outcomes(TWO, part, named("whole", "True"))) == ["part", "part"]
    assert left(outcomes(TWO, part, named("whole", "False", severity="low"))) == ["part", "part", "whole"]
    open_ = named("part", "False", "whole", severity="high if app.multi_tenant else medium", **EACH)
    assert len(left(outcomes(TWO, open_, named("whole", "False")))) == 3  # it may be high
    assert left(outcomes(TWO, open_, named("whole", "False", severity="high"))) == ["whole"]


def test_nothing_gives_way_to_what_is_waived() -> None:
    rules = named("part", "False", "whole", **EACH), named("whole", "False")
    found = engine.judge_all(list(rules), joins.worlds(read(json.dumps(TWO)), NOW)[0])
    for _, row in found[1].rows:
        row.status = "waived"  # type: ignore[assignment]
    give_way(found)
    assert [row.status for outcome in found for _, row in outcome.rows] == ["fail", "fail", "waived"]


def test_a_certain_finding_never_gives_way_to_a_likely_one() -> None:
    part, whole = named("part", "False", "whole", **EACH), named("whole", "False", unless="app.multi_tenant")
    found = outcomes(TWO, part, whole)
    assert left(found) == ["part", "part"]
    assert {one.certainty for _, one in found[0].rows} == {"certain"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_chain_gives_way_to_its_end_in_any_order(order: tuple[int, ...]) -> None:
    rules = [named("a", "False", "b", "c"), named("b", "False", "c"), named("c", "False")]
    found = outcomes(TWO, *(rules[i] for i in order))
    assert left(found) == ["c"]
    assert next(row for outcome in found for _, row in outcome.rows).stands_for == ["a", "b"]


def test_several_expired_credentials_are_one_finding(tmp_path: Path) -> None:
    """One fault, one finding; a rule that is asked for alone speaks for itself."""
    secrets = [{**EXPIRED, "keyId": f"1111111{i}-1111-4111-8111-111111111111"} for i in range(3)]
    folder = write(tmp_path, app={**APP, "passwordCredentials": secrets, "federatedIdentityCredentials": []})
    report = audit(folder, as_of=AS_OF, select=["credentials"])
    (one,) = [one for one in failures(report) if one.severity >= "medium"]
    assert (one.rule_id, one.stands_for) == ("credential-all-expired", ["secret-expired"])
    assert len(failures(audit(folder, as_of=AS_OF, select=["secret-expired"]))) == 3


def test_a_managed_identity_with_tier_0_is_one_finding(tmp_path: Path) -> None:
    """precision.md, row 24."""
    graph = {"id": "33333333-3333-4333-8333-333333333333", "appId": "00000003-0000-0000-c000-000000000000"}
    principal = {"id": ID, "appId": APP_ID, "displayName": "aa", "servicePrincipalType": "ManagedIdentity", "appOwnerOrganizationId": KEY}
    roles = {
        "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
        "RoleManagement.ReadWrite.Directory": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
    }
    tenant = {
        "organization": {"id": KEY}, "servicePrincipals": [principal, graph], "oauth2PermissionGrants": [],
        "appRoleAssignments": [
            {"id": name, "principalId": ID, "resourceId": graph["id"], "appRoleId": role} for name, role in roles.items()
        ],
    }  # fmt: skip
    ids = ("managed-identity-privileged", "perm-tier0-application", "app-can-grant-itself")
    found = outcomes(tenant, *(rulebook.shipped().get(id_) for id_ in ids))
    rows = [row for outcome in found for _, row in outcome.rows]
    assert [row.rule_id for row in rows] == ["app-can-grant-itself"] * 2  # one for each permission
    assert {row.severity for row in rows} == {"critical"}
    assert all(row.stands_for == ["managed-identity-privileged", "perm-tier0-application"] for row in rows)


def test_connect_says_a_fault_once(tmp_path: Path) -> None:
    from tests.test_connect import VARIANTS, Pair, walk

    pair = Pair("secret expired")
    VARIANTS["secret expired"][0](pair)
    (chain,) = walk(pair.write(tmp_path), "custom-connector")
    client = next(link for link in chain.links if link.link == "client")
    assert client.status == "fail"
    assert [row.rule_id for row in client.findings] == ["secret-expired"]


def test_a_permission_that_is_disabled_is_not_said_to_be_missing(tmp_path: Path) -> None:
    """precision.md 2, "Found, but unhelpful", 39."""
    scope = {"id": "99999999-9999-4999-8999-999999999999", "value": "Orders.Read", "isEnabled": False, "type": "User"}
    api = {"id": KEY, "appId": KEY, "displayName": "Orders API", "appRoles": [], "api": {"oauth2PermissionScopes": [scope]}}
    client = {**APP, "requiredResourceAccess": [{"resourceAppId": KEY, "resourceAccess": [{"id": scope["id"], "type": "Scope"}]}]}
    report = audit(write(tmp_path, api=api, client=client), select=["perm-disabled", "perm-unknown-id"], as_of=AS_OF)
    (one,) = failures(report)
    assert one.rule_id == "perm-disabled"
    assert "Orders API" in one.message
    assert "Orders.Read" in one.message
    assert "disabled" in one.message


# -- what a reader is told


def test_text_and_json_say_how_sure_a_finding_is(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", app={**APP, "passwordCredentials": [{"keyId": KEY, **SOON}]})
    arguments = ("scan", folder, "--select", "secret-expired,owner-none", "--as-of", AS_OF)
    text = regaudit(*arguments)
    assert text.code == 1
    assert "[likely]" in text.out
    assert "Findings: 1 high; 1 of them only likely." in text.out
    rows = regaudit(*arguments, "--output-format", "json").json["findings"]
    assert {row["status"]: row["certainty"] for row in rows} == {"fail": "likely"}
    certain = regaudit(*arguments, "--certain-only", "--output-format", "json")
    assert certain.code == 2  # nothing is left that somebody looked at
    assert certain.json["findings"] == []
    assert {rule for reason in certain.json["not_evaluated"] for rule in reason["rules"]} == {"secret-expired", "owner-none"}
    assert regaudit(*arguments, "--certain-only", "--strict").code == 2
    for command in ("explain", "connect"):
        assert "--certain-only" in regaudit(command, "--help").out
    explained = regaudit("explain", "AADSTS7000222", folder, "--as-of", AS_OF)
    assert (explained.code, regaudit("explain", "AADSTS7000222", folder, "--as-of", AS_OF, "--certain-only").code) == (1, 2)


def test_an_example_of_a_page_says_whether_its_failure_is_certain(tmp_path: Path) -> None:
    page = tmp_path / "area" / "own.md"
    page.parent.mkdir()
    block = '```toml rule\nseverity = "low"\neach = "app.secrets as secret"\nunless = "secret.managed_by_microsoft"\nrequire = "secret.end is None"\nmessage = "x"\n```\n'
    named = json.dumps({"passwordCredentials": [{"keyId": "1", "displayName": "ci", **SOON}]})
    unnamed = json.dumps({"passwordCredentials": [{"keyId": "1", **SOON}]})
    passing = f"```json pass\n{json.dumps({'passwordCredentials': [{'keyId': '1', 'endDateTime': None}]})}\n```\n"

    def tested(fail: str, likely: str) -> tuple[int, str]:
        page.write_text(f"# T\n\n{block}\n```json fail\n{fail}\n```\n```json likely\n{likely}\n```\n{passing}")
        ran = regaudit("test", tmp_path)
        return ran.code, ran.out

    assert tested(named, unnamed)[0] == 0
    code, out = tested(unnamed, named)
    assert code == 1
    assert "the example should be fail, it is likely" in out
    assert "the example should be likely, it is fail" in out
