"""regaudit diff, and scan --against: what is new, fixed, newly visible and not seen, and what changed of the objects."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from auditor.history.changes import KINDS
from auditor.report.model import decode
from tests.helpers import PAGE, Ran, check_fits, regaudit, registration, write
from tests.tenants import GRAPH, HOME, MICROSOFT, guid
from tests.test_report import HOSTILE

TODAY = ("--as-of", "2026-01-01")
JSON = ("--output-format", "json")
APP, OTHER = "22222221-2222-4222-8222-222222222222", "22222222-2222-4222-8222-222222222222"


def secret(number: int, end: str = "2025-06-01", **more: Any) -> dict[str, Any]:
    return {
        "keyId": guid("k", number), "displayName": f"secret {number}", "startDateTime": "2025-01-01T00:00:00Z",
        "endDateTime": f"{end}T00:00:00Z", **more,
    }  # fmt: skip


def app(number: int = 1, **more: Any) -> dict[str, Any]:
    """A registration of which Microsoft Graph gave everything that it has."""
    empty: dict[str, Any] = {"redirectUris": []}
    return registration(
        more.pop("name", f"App {number}"), number,
        **{
            "passwordCredentials": [], "keyCredentials": [], "identifierUris": [], "web": empty, "spa": empty, "publicClient": empty,
            "requiredResourceAccess": [], **more,
        },
    )  # fmt: skip


def principal(number: int = 1, **more: Any) -> dict[str, Any]:
    ids = {"id": guid("p", number), "appId": registration("", number)["appId"], "displayName": f"App {number}"}
    lists: dict[str, Any] = {"passwordCredentials": [], "keyCredentials": [], "servicePrincipalNames": [], "replyUrls": [], "tags": []}
    return {**ids, **lists, "accountEnabled": True, "servicePrincipalType": "Application", "appOwnerOrganizationId": HOME, **more}


def user(name: str) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.user",
        "id": guid("u", len(name)),
        "displayName": name,
        "userPrincipalName": f"{name}@contoso.com",
    }


SCOPES = [{"id": guid("s", 1), "value": "Mail.Read", "isEnabled": True, "type": "User"}]
ROLES = [{"id": "df021288-bdef-4463-88db-98f22de89214", "value": "User.Read.All", "isEnabled": True, "allowedMemberTypes": ["Application"]}]


def snapshot(path: Path, apps: list[dict[str, Any]], *, taken: str = "2026-01-01", denied: tuple[str, ...] = (), **more: Any) -> Path:
    """A snapshot of a tenant, whole but for the collections that were denied. Owners and federated credentials are those of `apps`."""
    graph = {**principal(9, appId=GRAPH, id=guid("p", 9), displayName="Microsoft Graph"), "appOwnerOrganizationId": MICROSOFT}
    graph |= {"oauth2PermissionScopes": SCOPES, "appRoles": ROLES}
    lines: list[dict[str, Any]] = []
    links = ("owners", "federatedIdentityCredentials")
    for one in apps:
        lines.append({"collection": "applications", "object": {key: value for key, value in one.items() if key not in links}})
        lines += [{"collection": link, "object": held, "of": one["id"]} for link in links for held in one.get(link, ())]
    collections = {
        "servicePrincipals": [graph, *more.get("principals", ())], "oauth2PermissionGrants": more.get("grants", ()),
        "appRoleAssignments": more.get("assignments", ()), "organization": [{"id": HOME, "verifiedDomains": []}],
    }  # fmt: skip
    lines += [{"collection": name, "object": one} for name, objects in collections.items() for one in objects]
    lines = [line for line in lines if line["collection"] not in denied]
    names = ["applications", *links, *collections]
    covered = [
        {"collection": name, "status": "denied", "reason": "a permission is missing", "permission": "Directory.Read.All"}
        if name in denied
        else {"collection": name, "status": "complete", "count": sum(line["collection"] == name for line in lines)}
        for name in names
    ]
    tenant = {"tenantId": HOME, "portal": "", "taken": f"{taken}T00:00:00Z", "covered": covered}
    header = {"regaudit": "snapshot", "schemaVersion": "1.0", "toolVersion": "0", "tenant": tenant}
    return write(path, "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in [header, *lines]))


def report(source: Path, *options: str, name: str = "report.json", inventory: bool = True) -> Path:
    """The JSON report of a scan."""
    file = source.parent / name
    more = ("--inventory",) if inventory else ()
    ran = regaudit("scan", source, *TODAY, *options, "--output-format", f"json={file}", *more)
    assert file.exists(), ran.err
    return file


def diff(old: Path, new: Path, *options: str) -> dict[str, Any]:
    """What `regaudit diff` prints as JSON, which its schema describes."""
    ran = regaudit("diff", old, new, *JSON, *options)
    assert ran.out, ran.err
    check_fits(ran.json, "diff")
    assert ran.json["summary"]["gate"]["exit_code"] == ran.code
    found: dict[str, Any] = ran.json
    return found


def rules(found: dict[str, Any], kind: str) -> set[str]:
    return {row["rule_id"] for row in found[kind]}


SECRETS = ("--select", "secret-expired")


# -- findings


def test_what_came_is_new_and_what_went_is_fixed(tmp_path: Path) -> None:
    old = snapshot(tmp_path / "old.ndjson", [app(1, passwordCredentials=[secret(1)]), app(2, passwordCredentials=[secret(2)])])
    new = snapshot(tmp_path / "new.ndjson", [app(1, passwordCredentials=[secret(3)]), app(3, passwordCredentials=[secret(4)])])
    found = diff(old, new, *SECRETS)
    assert {(row["app_id"], row.get("because")) for row in found["new_findings"]} == {
        (APP, None), ("22222223-2222-4222-8222-222222222222", None),
    }  # fmt: skip
    assert {(row["app_id"], row.get("because")) for row in found["fixed"]} == {
        (APP, None), (OTHER, "the app registration is not there any more"),
    }  # fmt: skip
    assert (found["newly_visible"], found["not_seen"]) == ([], [])


def test_a_report_says_what_its_snapshot_says(tmp_path: Path) -> None:
    old = snapshot(tmp_path / "old.ndjson", [app(1, passwordCredentials=[secret(1)])])
    new = snapshot(tmp_path / "new.ndjson", [app(1, passwordCredentials=[secret(2)])])
    audited = diff(old, new, *SECRETS)
    read = diff(report(old, *SECRETS, name="a.json"), report(new, *SECRETS, name="b.json"))
    for name in ("new_findings", "newly_visible", "fixed", "not_seen", "changes", "notes"):
        assert read[name] == audited[name], name
    assert (len(read["new_findings"]), len(read["fixed"])) == (1, 1)


def test_a_snapshot_is_audited_as_of_its_day(tmp_path: Path) -> None:
    """A secret that ended between the two days is new."""
    apps = [app(1, passwordCredentials=[secret(1, "2026-01-05")])]
    old, new = snapshot(tmp_path / "old.ndjson", apps, taken="2026-01-01"), snapshot(tmp_path / "new.ndjson", apps, taken="2026-01-09")
    assert rules(diff(old, new, *SECRETS), "new_findings") == {"secret-expired"}
    assert diff(old, new, *SECRETS, "--as-of", "2026-01-09")["summary"]["known"] == 1


@pytest.mark.parametrize(
    ("options", "because"),
    [
        (("--select", "redirect-http"), "did not check the rule"),
        (("--set", "secret-lifetime.max_days=400", *("--select", "secret-lifetime")), "other conditions or parameters"),
        (("--select", "secret-lifetime", "--min-severity", "critical"), "only findings of severity critical or higher"),
    ],
)
def test_what_the_other_run_did_not_check_is_neither_new_nor_fixed(options: tuple[str, ...], because: str, tmp_path: Path) -> None:
    """What one run checks otherwise is newly visible in the other, or not seen, but never new or fixed."""
    source = snapshot(
        tmp_path / "one.ndjson", [app(1, passwordCredentials=[secret(1, "2026-12-01", startDateTime="2025-12-01T00:00:00Z")])]
    )
    full, part = report(source, "--select", "secret-lifetime", name="full.json"), report(source, *options, name="part.json")
    assert decode(full.read_bytes()).findings
    later, earlier = diff(part, full), diff(full, part)
    assert rules(later, "newly_visible") == rules(earlier, "not_seen") == {"secret-lifetime"}
    assert (later["new_findings"], earlier["fixed"]) == ([], [])
    assert because in later["newly_visible"][0]["because"]
    assert because in earlier["not_seen"][0]["because"]


def test_missing_permissions_hide_findings(tmp_path: Path) -> None:
    apps = [app(1, owners=[])]
    full = snapshot(tmp_path / "full.ndjson", apps, principals=[principal(1)])
    part = snapshot(tmp_path / "part.ndjson", apps, principals=[principal(1)], denied=("owners",))
    found = diff(full, part, "--select", "owner-none")
    assert rules(found, "not_seen") == {"owner-none"}
    assert found["not_seen"][0]["because"] == "missing data in the newer run: owners: a permission is missing"
    assert diff(part, full, "--select", "owner-none")["newly_visible"][0]["rule_id"] == "owner-none"


def test_a_registration_that_is_not_in_a_list_of_files_is_not_fixed(tmp_path: Path) -> None:
    both = write(tmp_path / "old/apps.json", [app(1, passwordCredentials=[secret(1)]), app(2, passwordCredentials=[secret(2)])])
    one = write(tmp_path / "new/apps.json", [app(1, passwordCredentials=[secret(1)])])
    found = diff(report(both, *SECRETS), report(one, *SECRETS))
    assert [row["because"] for row in found["not_seen"]] == ["the app registration was not in the newer input"]
    back = diff(report(one, *SECRETS), report(both, *SECRETS))
    assert [row["because"] for row in back["newly_visible"]] == ["the app registration was not in the older input"]


def test_a_subject_that_was_not_read_is_not_fixed(tmp_path: Path) -> None:
    """One secret still fails; of the other the end was not read. The rule fails on the registration, and yet not all of it was seen."""
    long, rule = "2027-12-01", ("--select", "secret-lifetime")
    old = write(tmp_path / "old/apps.json", app(1, passwordCredentials=[secret(1, long), secret(2, long)]))
    half = {key: value for key, value in secret(2).items() if key != "endDateTime"}
    new = write(tmp_path / "new/apps.json", app(1, passwordCredentials=[secret(1, long), half]))
    found = diff(report(old, *rule), report(new, *rule))
    assert (found["summary"]["known"], found["fixed"]) == (1, [])
    assert "could not evaluate every part" in found["not_seen"][0]["because"]
    assert "could not evaluate every part" in diff(report(new, *rule), report(old, *rule))["newly_visible"][0]["because"]


def test_a_finding_that_rises_over_the_gate_is_new(tmp_path: Path) -> None:
    for name, severity in (("low", "low"), ("high", "high")):
        write(tmp_path / f"{name}/manners/careless.md", PAGE.format(id="careless", title="Careless", severity=severity, tag="house"))
    source = write(tmp_path / "apps.json", app(1, name="Payroll"))
    old, new = (
        report(source, "--select", "careless", "--extend-rules", str(tmp_path / name), name=f"{name}.json") for name in ("low", "high")
    )
    found = diff(old, new)
    assert [(row["was"], row["severity"], row["because"]) for row in found["new_findings"]] == [("low", "high", "its severity was low")]
    assert found["summary"]["gate"]["exit_code"] == 1
    assert diff(old, new, "--fail-on", "critical")["summary"]["known"] == 1
    assert diff(new, old)["summary"]["known"] == 1


def test_a_weak_finding_is_known_in_the_same_file_only(tmp_path: Path) -> None:
    template = {"displayName": "Payroll", "signInAudience": "AzureADMyOrg", "web": {"redirectUris": ["http://a.contoso.com/cb"]}}
    here = report(write(tmp_path / "a/app.json", template), "--select", "redirect-http")
    there = report(write(tmp_path / "b/app.json", template), "--select", "redirect-http")
    assert decode(here.read_bytes()).findings[0].weak
    assert diff(here, here)["summary"]["known"] == 1
    assert diff(here, there)["summary"]["known"] == 0


# -- changes


def changed(tmp_path: Path, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What changed, as the text says it."""
    files = snapshot(tmp_path / "old.ndjson", **old), snapshot(tmp_path / "new.ndjson", **new)
    text = " ".join(regaudit("diff", *files, *SECRETS).out.split())
    found = []
    for row in diff(*files, *SECRETS)["changes"]:
        found.append(f"{row['resource_kind']}: {KINDS[row['kind']]}{': ' if row['what'] else ''}{row['what']}")
        assert found[-1].partition(": ")[2] in text
    return found


GRANT = {"id": "g", "clientId": guid("p", 1), "resourceId": guid("p", 9), "consentType": "AllPrincipals", "scope": "Mail.Read"}
ROLE = {
    "id": "r",
    "principalId": guid("p", 1),
    "resourceId": guid("p", 9),
    "principalType": "ServicePrincipal",
    "appRoleId": ROLES[0]["id"],
}
FEDERATED = {"id": guid("f", 1), "name": "ci", "issuer": "https://issuer.example", "subject": "repo:a/b:ref:x", "audiences": ["x"]}


@pytest.mark.parametrize(
    ("before", "after", "added", "removed"),
    [
        ({}, {"passwordCredentials": [secret(7)]}, "credential added: client secret \"secret 7\" (key ID", "credential removed: client secret \"secret 7\""),
        ({"owners": []}, {"owners": [user("ann")]}, "owner added: \"ann@contoso.com\" (", "owner removed: \"ann@contoso.com\""),
        ({}, {"web": {"redirectUris": ["https://a.contoso.com/cb"]}}, "redirect URI added: https://a.contoso.com/cb (web)", "redirect URI removed: https://a"),
        ({}, {"identifierUris": ["api://x"]}, "Application ID URI added: api://x", "Application ID URI removed: api://x"),
        ({}, {"signInAudience": "AzureADMultipleOrgs"}, "audience widened: from AzureADMyOrg to AzureADMultipleOrgs", "audience narrowed: from AzureADM"),
        (
            {}, {"requiredResourceAccess": [{"resourceAppId": GRAPH, "resourceAccess": [{"id": ROLES[0]["id"], "type": "Role"}]}]},
            "permission requested: User.Read.All (application, ", "permission no longer requested: User.Read.All (application, ",
        ),
        ({}, {"federatedIdentityCredentials": [FEDERATED]}, "federated subject added: repo:a/b:ref:x of https://issuer.example", "federated subject removed: repo"),
        ({}, {"isDisabled": True}, "disabled: nobody can sign in", "enabled: sign-in is allowed"),
        ({}, {"name": "Other"}, 'renamed: from "App 1" to "Other"', 'renamed: from "Other" to "App 1"'),
    ],
    ids=lambda value: next(iter(value), "") if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_registration_changed(before: dict[str, Any], after: dict[str, Any], added: str, removed: str, tmp_path: Path) -> None:
    old, new = {"apps": [app(1, isDisabled=False, **before)]}, {"apps": [app(1, **{"isDisabled": False, **before, **after})]}
    for first, second, said in ((old, new, added), (new, old, removed)):
        lines = changed(tmp_path, first, second)
        assert any(line.startswith(f"application: {said}") for line in lines), lines
        assert len(lines) == 1, lines
    assert changed(tmp_path, new, new) == []


@pytest.mark.parametrize(
    ("after", "added", "removed"),
    [
        ({"grants": [GRANT]}, "consent given: Mail.Read (delegated, medium) of \"Microsoft Graph\" by an admin, for all users", "consent withdrawn: Mail.Read"),
        ({"assignments": [ROLE]}, "permission granted: User.Read.All (application", "permission revoked: User.Read.All (application"),
        ({"principals": [principal(1, accountEnabled=False)]}, "disabled: nobody can sign in", "enabled: sign-in is allowed"),
        ({"principals": [principal(1, passwordCredentials=[secret(8)])]}, "credential added: client secret \"secret 8\"", "credential removed: client secret"),
        ({"principals": [principal(1), principal(2)]}, "service principal added", "service principal removed"),
    ],
    ids=["consent", "role", "enabled", "credential", "principal"],
)  # fmt: skip
def test_a_service_principal_changed(after: dict[str, Any], added: str, removed: str, tmp_path: Path) -> None:
    old: dict[str, Any] = {"apps": [app(1)], "principals": [principal(1)]}
    new = {**old, **after}
    for first, second, said in ((old, new, added), (new, old, removed)):
        lines = changed(tmp_path, first, second)
        assert len(lines) == 1, lines
        assert lines[0].startswith(f"servicePrincipal: {said}"), lines


def test_more_users_consented(tmp_path: Path) -> None:
    grants = [{**GRANT, "id": f"g{n}", "consentType": "Principal", "principalId": guid("u", n)} for n in range(3)]
    old: dict[str, Any] = {"apps": [app(1)], "principals": [principal(1)], "grants": grants[:1]}
    lines = changed(tmp_path, old, {**old, "grants": grants})
    assert lines == ['servicePrincipal: consent given: Mail.Read (delegated, medium) of "Microsoft Graph" by users: 3 now, 1 before']


def test_a_registration_came_and_another_went(tmp_path: Path) -> None:
    lines = changed(tmp_path, {"apps": [app(1)]}, {"apps": [app(2)]})
    assert lines == ["application: app registration removed", "application: app registration added"]


def test_a_list_that_was_denied_has_no_changes(tmp_path: Path) -> None:
    old, new = (snapshot(tmp_path / f"{i}.ndjson", [app(1, owners=[user("ann")])], denied=("owners",) * i) for i in range(2))
    ran = regaudit("diff", old, new, *SECRETS)
    assert "owner removed" not in ran.out
    assert "the whole list: owners (" in " ".join(ran.out.split())


def test_without_an_inventory_findings_are_compared_and_the_rest_is_not_told(tmp_path: Path) -> None:
    old = report(snapshot(tmp_path / "old.ndjson", [app(1)]), *SECRETS, name="a.json", inventory=False)
    new = report(snapshot(tmp_path / "new.ndjson", [app(1, passwordCredentials=[secret(1)])]), *SECRETS, name="b.json")
    found = diff(old, new)
    assert (rules(found, "new_findings"), found["changes"]) == ({"secret-expired"}, [])
    assert found["notes"][0].startswith(
        "changes of credentials, owners, permissions and URIs cannot be told: the older report does not have an"
    )


# -- the gate


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with a secret that ended, and a redirect URI that is not https."""
    write(tmp_path / "apps/app.json", app(1, passwordCredentials=[secret(1)], web={"redirectUris": ["http://a.contoso.com/cb"]}))
    return tmp_path / "apps"


BOTH = ("--select", "secret-expired,redirect-http")


def against(house: Path, old: Path, *options: str) -> Ran:
    return regaudit("scan", house, *TODAY, *BOTH, "--against", old, *options)


def test_only_what_is_new_counts(house: Path) -> None:
    old = report(house, *BOTH)
    assert against(house, old).code == 1
    ran = against(house, old, "--fail-on-new")
    assert (ran.code, ran.out.splitlines()[0].split("; ")[-1]) == (0, "0 new, 2 known")
    assert "[new]" not in ran.out
    write(
        house / "app.json",
        app(1, passwordCredentials=[secret(1)], web={"redirectUris": ["http://a.contoso.com/cb", "http://b.contoso.com/cb"]}),
    )
    ran = against(house, old, "--fail-on-new", *JSON, "--output-format", f"text={house.parent / 'report.txt'}")
    assert ran.code == 1
    assert sorted(row.get("change") for row in ran.json["findings"]) == ["known", "known", "new"]
    assert ran.json["summary"]["gate"]["findings"] == 1
    text = (house.parent / "report.txt").read_text("utf-8")
    assert text.splitlines()[0].endswith("; 1 new, 2 known")
    assert re.search(r"^  App 1 \(2222\S+\) \[new\]\n    web redirect URI http://b\.contoso\.com/cb", text, re.MULTILINE)


def test_the_rules_that_an_older_report_did_not_check_are_newly_visible(house: Path) -> None:
    old = report(house, "--select", "secret-expired")
    ran = against(house, old, "--fail-on-new", *JSON)
    assert {row["rule_id"]: row["change"] for row in ran.json["findings"]} == {"secret-expired": "known", "redirect-http": "newly-visible"}
    assert ran.code == 1
    assert "0 new, 1 newly visible, 1 known" in against(house, old, "--fail-on-new").out
    assert against(house, old, "--fail-on-new", "--ignore-newly-visible").code == 0


def test_a_hidden_finding_counts_all_the_same(house: Path) -> None:
    old = report(house, "--select", "secret-expired")
    ran = against(house, old, "--fail-on-new", "--min-severity", "critical", *JSON)
    assert (ran.code, ran.json["findings"]) == (1, [])


def test_against_a_snapshot(tmp_path: Path) -> None:
    old = snapshot(tmp_path / "old.ndjson", [app(1, passwordCredentials=[secret(1)])])
    new = snapshot(
        tmp_path / "new.ndjson", [app(1, passwordCredentials=[secret(1)]), app(2, web={"redirectUris": ["http://x.contoso.com"]})]
    )
    ran = regaudit("scan", new, *TODAY, *BOTH, "--against", old, "--fail-on-new", *JSON)
    assert {row["rule_id"]: row["change"] for row in ran.json["findings"]} == {"secret-expired": "known", "redirect-http": "new"}
    assert ran.code == 1


def test_two_tenants_cannot_be_compared(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a/app.json", app(1)), write(tmp_path / "b/app.json", app(2))
    found = diff(report(one, *SECRETS), report(other, *SECRETS))
    assert (found["summary"]["gate"]["exit_code"], found["summary"]["gate"]["incomplete"][0]["cause"]) == (2, "not-compared")
    ran = regaudit("scan", other, *TODAY, *SECRETS, "--against", report(one, *SECRETS), "--fail-on-new")
    assert ran.code == 2
    assert "cannot be compared" in ran.out


@pytest.mark.parametrize(
    ("option", "says"), [("--fail-on-new", "needs --against OLD"), ("--ignore-newly-visible", "is about --fail-on-new")]
)
def test_an_option_without_what_it_is_about(option: str, says: str, house: Path) -> None:
    ran = regaudit("scan", house, option)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


def test_exit_codes(tmp_path: Path) -> None:
    clean, faulty = (
        report(snapshot(tmp_path / f"{n}.ndjson", [app(1, passwordCredentials=[secret(1)] * n)]), *SECRETS, name=f"{n}.json")
        for n in (0, 1)
    )
    severity = decode(faulty.read_bytes()).findings[0].severity
    assert diff(clean, faulty, "--fail-on", severity)["summary"]["gate"]["exit_code"] == 1
    assert diff(clean, faulty, "--fail-on", "never")["summary"]["gate"]["exit_code"] == 0
    assert diff(faulty, clean, "--fail-on", severity)["summary"]["gate"]["exit_code"] == 0
    broken = write(tmp_path / "apps/app.json", app(1))
    write(tmp_path / "apps/broken.json", '{"appId": ')
    assert broken.exists()
    incomplete = report(tmp_path / "apps", *SECRETS, name="incomplete.json")
    assert regaudit("diff", clean, incomplete).code == 2, "the newer run did not read everything"
    assert regaudit("diff", incomplete, clean).code == 0


# -- input and output


def test_a_report_is_known_however_it_was_written(tmp_path: Path) -> None:
    file = report(snapshot(tmp_path / "old.ndjson", [app(1, passwordCredentials=[secret(1)])]), *SECRETS)
    text = file.read_text("utf-8")
    for name, content in {
        "sorted by jq": json.dumps(json.loads(text), indent=2, sort_keys=True).encode(),
        "by PowerShell": text.encode("utf-16"),
        "with a mark": text.encode("utf-8-sig"),
    }.items():
        (tmp_path / "other.json").write_bytes(content)
        assert diff(file, tmp_path / "other.json")["summary"]["known"] == 1, name
    ran = regaudit("diff", file, "-", *JSON, stdin=text.encode())
    assert (ran.json["summary"]["known"], ran.json["new"]["name"]) == (1, "standard input")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda report: report["findings"][0].update(app=7), "the report was changed: a finding has the app 7, of 1"),
        (lambda report: report["findings"][0].update(rule_id="x"), "a finding is of a rule that is not in `rules`"),
        (lambda report: report["findings"][0].pop("app"), "a finding is of no object"),
        (lambda report: report["applications"][0].update(file=-1), "an object has the file -1, of "),
        (lambda report: report.update(schema_version="3.0"), "schema_version 3.0"),
        (lambda report: report.update(findings=7), "Expected `array`"),
        (lambda report: report.pop("run"), "missing required field `run`"),
    ],
)
def test_a_report_that_was_changed_is_one_error(change: Any, says: str, tmp_path: Path) -> None:
    file = report(write(tmp_path / "app.json", app(1, passwordCredentials=[secret(1)])), *SECRETS)
    changed = json.loads(file.read_text("utf-8"))
    change(changed)
    bad = write(tmp_path / "bad.json", changed)
    ran = regaudit("diff", bad, file)
    assert (ran.code, ran.out) == (2, "")
    assert f"{bad} is not a JSON report of `regaudit scan`: " in ran.err
    assert says in ran.err
    assert ran.err.count("\n") == 1


def test_what_is_no_report(tmp_path: Path) -> None:
    source = write(tmp_path / "app.json", app(1))
    regaudit("scan", source, "--output-format", f"csv={tmp_path / 'report.csv'}")
    good = report(source, *SECRETS)
    for old, says in (
        (tmp_path / "report.csv", "is not a JSON report: make one with"),
        (tmp_path / "none.json", "cannot read"),
        ("-", "not a JSON report"),
    ):
        ran = regaudit("diff", old, good)
        assert (ran.code, ran.out) == (2, ""), old
        assert says in ran.err
    for option in (("--select", "tokens"), ("--as-of", "2026-01-01")):
        ran = regaudit("diff", good, good, *option)
        assert (ran.code, ran.out) == (2, "")
        assert "are about snapshots; OLD and NEW are reports" in ran.err
    assert regaudit("diff", "-", "-").err == "regaudit: only one of OLD and NEW can be standard input\n"


def test_what_was_written_is_replaced_and_input_is_not(tmp_path: Path) -> None:
    old = report(write(tmp_path / "app.json", app(1)), *SECRETS)
    for form in ("text", "json", "markdown"):
        for _ in range(2):
            ran = regaudit("diff", old, old, "--output-format", f"{form}={tmp_path / form}")
            assert (ran.code, ran.out, ran.err) == (0, "", ""), form
    for _ in range(2):
        assert regaudit("diff", old, tmp_path / "app.json", "--output-format", f"json={tmp_path / 'app.json'}").code == 2
    assert json.loads((tmp_path / "app.json").read_text("utf-8")) == app(1)


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_nothing_in_it_is_obeyed(form: str, tmp_path: Path) -> None:
    names = [text for text in HOSTILE.values() if "\ud800" not in text and "\x00" not in text]
    old = snapshot(tmp_path / "old.ndjson", [app(n, id=guid("o", n), appId=guid("a", n), name=text) for n, text in enumerate(names)])
    hostile = [
        app(
            n, id=guid("o", n), appId=guid("a", n), name=f"{text}!", passwordCredentials=[secret(n, displayName=text)], identifierUris=[f"api://{text}"],
            owners=[user(text)], web={"redirectUris": [f"http://x.example/{text}"]}, federatedIdentityCredentials=[{**FEDERATED, "subject": text}],
        )
        for n, text in enumerate(names)
    ]  # fmt: skip
    ran = regaudit("diff", old, snapshot(tmp_path / "new.ndjson", hostile), "--output-format", form, "--limit", "0")
    assert ran.out, ran.err
    for line in ran.out.splitlines():
        assert line.isprintable(), line
        assert "##vso[" not in line and "##[" not in line, line  # noqa: PT018  (one of them is obeyed by one service)
        assert not line.lstrip().startswith("::"), line
        if form == "markdown":
            outside = re.sub(r"`[^`]*`", "", line)
            assert not re.search(r"[@\[]|https?:|<(?!!-- Difference|/?details>|summary>|/summary>)", outside), line
    assert "hunter2" not in ran.out


def hostile(value: Any) -> Any:
    """A report in which every text that is not one of a few words is one that a terminal or a CI log obeys."""
    if isinstance(value, dict):
        return {key: text if key in KEPT else hostile(text) for key, text in value.items()}
    if isinstance(value, list):
        return [hostile(one) for one in value]
    return f"\x1b[31m\n::error::##vso[x]{value}" if isinstance(value, str) else value


KEPT = ("schema_version", "reach", "exposure", "name", "id", "rule_id", "source", "severity", "status", "certainty", "kind", "state", "min_severity", "fail_on", "cause",
        "worst_severity", "app_id", "object_id", "complete_collections", "definition", "area", "rules", "by_severity", "area_verdicts", "tenant_id", "finding_id")  # fmt: skip


def test_nothing_in_a_report_of_somebody_else_is_obeyed(tmp_path: Path) -> None:
    apps = [app(1, passwordCredentials=[secret(1)], owners=[user("ann")]), app(2, owners=[])]
    full = report(snapshot(tmp_path / "full.ndjson", apps, principals=[principal(1)]), name="full.json")
    part = report(snapshot(tmp_path / "part.ndjson", apps, principals=[principal(1)], denied=("owners", "organization")), name="part.json")
    for file in (full, part):
        write(file, hostile(json.loads(file.read_text("utf-8"))))
    for old, new in ((full, part), (part, full)):
        for form in ("text", "json", "markdown"):
            ran = regaudit("diff", old, new, "--output-format", form, "--limit", "0")
            assert ran.out, ran.err
            assert "missing data in the" in " ".join(ran.out.split())
            for line in ran.out.splitlines():
                assert line.isprintable(), line
                assert not line.lstrip().startswith("::"), line
                assert "##vso[" not in line, line


def test_lines_fit_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    old = snapshot(tmp_path / "old.ndjson", [app(1)])
    new = snapshot(tmp_path / "new.ndjson", [app(1, passwordCredentials=[secret(1)], owners=[user("ann")])])
    ran = regaudit("diff", old.name, new.name)
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_long_comment_is_cut(tmp_path: Path) -> None:
    old = snapshot(tmp_path / "old.ndjson", [app(1)])
    many = [secret(n) for n in range(600)]
    ran = regaudit(
        "diff", old, snapshot(tmp_path / "new.ndjson", [app(1, passwordCredentials=many)]), *SECRETS, "--output-format", "markdown"
    )
    assert len(ran.out) < 65_536
    assert "more lines\n" in ran.out
    assert "**Changes (600)**" in ran.out
