"""What a finding is known by over runs: the same fault has one finding_id, two faults have two."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor import audit
from auditor.engine.identity import Identity, fingerprint
from auditor.errors import RuleError
from auditor.results import Report
from auditor.severity import Status
from tests.helpers import regaudit, registration, write
from tests.tenants import HOME, guid
from tests.test_formats import OTHER, PAYROLL, with_plans  # noqa: F401  (a fixture)

TODAY = "2026-01-01"
SECRET = {"keyId": guid("k", 1), "displayName": "ci", "endDateTime": "2020-01-01T00:00:00Z"}


def known(*paths: Path | str, select: tuple[str, ...] = ("redirect-http", "secret-expired"), **more: Any) -> dict[str, bool]:
    """finding_id -> whether it is weak."""
    return {row.finding_id: row.weak for row in failures(audit(paths, as_of=TODAY, select=select, **more))}


def failures(report: Report) -> list[Any]:
    return [row for row in report.findings if row.status is Status.fail]


def faulty(name: str = "Payroll", number: int = 1, **more: Any) -> dict[str, Any]:
    return registration(name, number, web={"redirectUris": ["http://payroll.contoso.com/"]}, passwordCredentials=[SECRET], **more)


def nameless(**more: Any) -> dict[str, Any]:
    """A registration without IDs."""
    return {key: value for key, value in faulty(**more).items() if key not in ("id", "appId")}


def page(folder: Path, name: str = "careless", each: str = "app", require: str = "app.display_name != 'Payroll'", extra: str = "") -> Path:
    """A rule page that finds what it is told to."""
    subject = each.split()[-1]
    text = f"""# Careless

```toml rule
severity = "low"
each = "{each}"
require = "{require}"
message = "{{{subject}}}"
{extra}
```

Why it matters.

## Fix
Rename it.

## Examples
```json fail
{{}}
```
```json pass
{{}}
```
"""
    return write(folder / "mine" / f"{name}.md", text)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory that is no repository."""
    folder = tmp_path / "house"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# -- with IDs


def test_a_registration_is_known_by_its_app_id(house: Path) -> None:
    before = known(write(house / "app.json", faulty()))
    assert len(before) == 2
    assert not any(before.values())
    moved = {"renamed": faulty("Payroll (old)"), "elsewhere": faulty(), "re-created": faulty(id=guid("x", 9))}
    for name, value in moved.items():
        assert known(write(house / name / "deep" / "b.json", value)) == before, name
    assert not before.keys() & known(write(house / "app.json", faulty(number=2))).keys()


def test_a_tenant_around_it_changes_nothing(house: Path) -> None:
    apps = write(house / "applications.json", [faulty()])
    alone = known(apps)
    organization = write(house / "organization.json", {"id": HOME, "verifiedDomains": []})
    assert known(apps, organization) == alone
    organization.write_text(json.dumps({"id": guid("t", 2), "verifiedDomains": []}))
    assert known(house) == alone


def test_what_is_the_tenants_is_known_by_the_tenant(house: Path) -> None:
    def of(tenant: str) -> dict[str, bool]:
        policy = {"defaultUserRolePermissions": {"allowedToCreateApps": True, "permissionGrantPoliciesAssigned": []}}
        write(house / "t.json", {"organization": {"id": tenant, "verifiedDomains": []}, "authorizationPolicy": policy})
        return known(house / "t.json", select=("tenant",))

    one, other = of(HOME), of(guid("t", 2))
    assert one
    assert len(one) == len(other)
    assert not one.keys() & other.keys()
    assert not any(one.values())


def test_a_service_principal_is_known_by_its_object_id(house: Path) -> None:
    def of(**more: Any) -> dict[str, bool]:
        principal = {"appId": guid("a", 1), "displayName": "X", "passwordCredentials": [SECRET], **more}
        return known(write(house / "sp.json", {"servicePrincipals": [principal]}), select=("careless",), extend_rules=[house / "rules"])

    page(house / "rules", each="principal", require="principal.app_id == 'x'")
    one = of(id=guid("s", 1))
    assert one
    assert not any(one.values())
    assert of(id=guid("s", 1), displayName="Y") == one
    assert not one.keys() & of(id=guid("s", 2)).keys()
    assert all(of().values()), "each tenant has a service principal of the same application"


def test_an_id_that_is_still_to_be_filled_in_is_none(house: Path) -> None:
    zeros = {"appId": "00000000-0000-0000-0000-000000000000", "id": "00000000-0000-0000-0000-000000000000"}
    rows = known(write(house / "a.json", faulty() | zeros), write(house / "b.json", faulty("Other") | zeros))
    assert len(rows) == 4
    assert all(rows.values())


# -- without


def spellings(path: Path) -> dict[str, str]:
    here = os.path.relpath(path)
    return {
        "relative": here, "with ./": f"./{here}", "absolute": str(path.resolve()),
        "with ..": f"../{Path.cwd().name}/{here}", "doubled": here.replace("/", "//"),
    }  # fmt: skip


@pytest.mark.parametrize("what", [faulty, nameless])
@pytest.mark.parametrize("twice", [False, True], ids=["one", "two of a name"])
def test_how_a_file_is_named_does_not_matter(what: Callable[[], Any], house: Path, *, twice: bool) -> None:
    """One of a name goes by the name, two by their places: both are the same by any way to the file."""
    path = write(house / "folder" / "app.json", [what()] * (1 + twice))
    found = {name: Counter(row.finding_id for row in failures(audit(spelt, as_of=TODAY, select=["redirect-http"])))
             for name, spelt in spellings(path).items()}  # fmt: skip
    found |= {f"folder, {name}": Counter(row.finding_id for row in failures(audit(spelt, as_of=TODAY, select=["redirect-http"])))
              for name, spelt in spellings(path.parent).items()}  # fmt: skip
    (house / "link").symlink_to(path.parent)
    found["by a link"] = Counter(row.finding_id for row in failures(audit("link/app.json", as_of=TODAY, select=["redirect-http"])))
    assert len({json.dumps(ids) for ids in found.values()}) == 1, found
    assert sum(found["relative"].values()) == 1 + twice
    assert len(found["relative"]) == (2 if twice and what is nameless else 1)


def test_standard_input_can_be_a_file(house: Path) -> None:
    text = json.dumps([nameless(), nameless()]).encode()
    write(house / "app.json", text.decode())
    args = ("--as-of", TODAY, "--select", "redirect-http", "--output-format", "json")

    def ids(*more: str, stdin: bytes = b"") -> list[str]:
        return [row["finding_id"] for row in regaudit("scan", *more, *args, stdin=stdin).json["findings"] if row["status"] == "fail"]

    by_file = ids("app.json")
    assert len(set(by_file)) == 2
    assert ids("-", "--stdin-filename", "./app.json", stdin=text) == by_file
    assert ids("-", stdin=text) != by_file
    assert len(ids("-", "--stdin-filename", "a\0b", stdin=text)) == 2


def test_a_path_begins_with_the_repository(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(house / "repo" / "infra" / "app.json", [nameless(), nameless()])
    (house / "repo" / ".git").mkdir()
    before = known(path)
    assert len(before) == 4
    monkeypatch.chdir(house / "repo" / "infra")
    assert known("app.json") == before
    shutil.move(house / "repo", house / "another clone")
    assert known(house / "another clone") == before
    shutil.rmtree(house / "another clone" / ".git")
    (house / "another clone" / ".git").write_text("gitdir: elsewhere")  # of a worktree
    assert known(house / "another clone") == before
    (house / "another clone" / "infra").rename(house / "another clone" / "deploy")
    assert not known(house / "another clone").keys() & before.keys()


def test_without_ids_one_of_a_name_goes_by_it(house: Path) -> None:
    path = write(house / "app.json", nameless())
    before = known(path)
    assert all(before.values()), "another registration may have the name"
    shutil.move(path, write(house / "elsewhere" / "b.json", "").parent / "b.json")
    assert known(house) == before
    write(house / "more.json", [faulty("Other"), nameless(name="Third")])
    assert before.keys() < known(house).keys()
    assert not known(write(house / "alone.json", nameless(name="Renamed"))).keys() & before.keys()


@pytest.mark.parametrize("twin", [faulty, nameless], ids=["with IDs", "without"])
def test_a_name_that_another_has_names_nobody(twin: Callable[[], Any], house: Path) -> None:
    by_name = known(write(house / "a.json", nameless()))
    write(house / "sub" / "b.json", twin())
    both = known(house)
    assert len(both) == 4
    assert not by_name.keys() & both.keys()


def test_two_folders_with_equal_files(house: Path) -> None:
    for folder in ("dev", "prod"):
        write(house / folder / "app.json", [faulty(), nameless(name="No ids")])
    rows = failures(audit(house, as_of=TODAY, select=["redirect-http", "secret-expired"]))
    ids = Counter((row.finding_id, row.weak) for row in rows)
    assert sorted(ids.values()) == [1, 1, 1, 1, 2, 2], "a registration with an ID is one object, one without is two"
    assert {weak for (_, weak), count in ids.items() if count == 1} == {True}
    assert {weak for (_, weak), count in ids.items() if count == 2} == {False}


def test_two_resources_that_swap_places_keep_their_findings(house: Path, with_plans: Any) -> None:  # noqa: F811
    def ids(*resources: dict[str, Any], path: str = "plan.json") -> dict[str | None, str]:
        report = audit(write(house / path, {"house_resources": resources}), as_of=TODAY, select=["redirect-http"])
        assert all(row.weak for row in report.findings)
        return {row.app_display_name: row.finding_id for row in report.findings}

    before = ids(PAYROLL, OTHER)
    assert len(set(before.values())) == 2
    for resources in itertools.permutations((PAYROLL, OTHER, {**OTHER, "address": "app.third", "name": "Third"})):
        assert before.items() <= ids(*resources).items()
    assert ids(PAYROLL, OTHER, path="elsewhere/b.json") == before
    renamed = ids({**PAYROLL, "name": "Other"}, {**OTHER, "name": "Payroll"})
    assert renamed == {"Other": before["Payroll"], "Payroll": before["Other"]}, "a resource keeps its address when it is renamed"


def test_two_plans_with_resources_of_the_same_addresses(house: Path, with_plans: Any) -> None:  # noqa: F811
    for folder in ("dev", "prod"):
        write(house / folder / "plan.json", {"house_resources": [PAYROLL, OTHER]})
    first = known(house, select=("redirect-http",))
    assert len(first) == 4
    write(house / "dev" / "plan.json", {"house_resources": [OTHER, PAYROLL]})
    assert known(house, select=("redirect-http",)) == first


def test_sign_ins_of_one_connector_are_told_apart(house: Path) -> None:
    settings = {"identityProvider": "aad", "clientId": "not an id", "scopes": [], "redirectMode": "Global"}
    sets = {"values": [{"name": name, "parameters": {"token": {"oAuthSettings": settings}}} for name in ("one", "two")]}
    write(house / "c" / "apiProperties.json", {"properties": {"connectionParameterSets": sets}})
    write(
        house / "c" / "settings.json", {"connectorId": "shared_expenses", "apiProperties": "apiProperties.json", "apiDefinition": "x.json"}
    )
    page(house / "rules", each="connector", require="connector.kind == 'client'")

    def of(*paths: str) -> list[tuple[str, str | None, bool]]:
        rows = failures(audit(paths, as_of=TODAY, select=["careless"], extend_rules=[house / "rules"]))
        return [(row.finding_id, row.object_id, row.weak) for row in rows]

    rows = of("c")
    assert [(name, weak) for _, name, weak in rows] == [("shared_expenses", False)] * 2
    assert len({row[0] for row in rows}) == 2
    shutil.copytree(house / "c", house / "copy")
    assert of("copy") == rows
    assert sorted(of("c", "copy")) == sorted([*rows, *rows]), "the same object, read twice"
    (house / "c" / "settings.json").unlink()
    assert len({row[0] for row in of("c")}) == 2
    assert all(weak for _, _, weak in of("c"))


# -- what is judged within a registration


def secrets_of(house: Path, *secrets: dict[str, Any]) -> dict[str, bool]:
    return known(write(house / "app.json", registration("Payroll", passwordCredentials=secrets)), select=("secret-expired",))


def test_the_order_of_a_list_does_not_matter(house: Path) -> None:
    other = {**SECRET, "keyId": guid("k", 2)}
    assert secrets_of(house, SECRET, other) == secrets_of(house, other, SECRET)
    assert secrets_of(house, {**SECRET, "displayName": "renamed"}).keys() < secrets_of(house, SECRET, other).keys()


def test_what_has_no_key_is_weak(house: Path) -> None:
    plain = {"endDateTime": SECRET["endDateTime"]}
    assert list(secrets_of(house, SECRET).values()) == [False]
    assert list(secrets_of(house, plain).values()) == [True]
    twins = secrets_of(house, SECRET, {**SECRET, "displayName": "again"})
    assert sorted(twins.values()) == [False, True], "the second of one key is told apart by its place alone"


def test_a_granted_role_is_the_same_whether_its_name_is_known(house: Path) -> None:
    """Microsoft Graph's roles are in the catalog, those of others only where their service principal is."""
    principal, api = (
        {"id": guid("s", 1), "appId": guid("a", 1), "displayName": "X"},
        {"id": guid("s", 2), "appId": guid("a", 2), "displayName": "API"},
    )
    assignment = {
        "id": "x",
        "appRoleId": guid("r", 1),
        "principalId": principal["id"],
        "resourceId": api["id"],
        "principalType": "ServicePrincipal",
    }
    page(house / "rules", each="principal.granted_permissions as grant", require="grant.kind == 'delegated'")

    def of(**more: Any) -> dict[str, bool]:
        tenant = {"servicePrincipals": [principal, api | more], "appRoleAssignments": [assignment]}
        return known(write(house / "t.json", tenant), select=("careless",), extend_rules=[house / "rules"])

    nobody_knows = of()
    assert list(nobody_knows.values()) == [False]
    assert (
        of(appRoles=[{"id": guid("r", 1), "value": "Orders.Read", "isEnabled": True, "allowedMemberTypes": ["Application"]}])
        == nobody_knows
    )


# -- pages


def test_a_renamed_page_keeps_its_findings(house: Path) -> None:
    path = write(house / "app.json", registration("Payroll"))

    def of(name: str, extra: str = "") -> dict[str, bool]:
        page(house / name, name, extra=extra)
        return known(path, select=(name,), extend_rules=[house / name])

    before = of("careless")
    assert len(before) == 1
    assert of("sloppy", 'identity = "careless"') == before
    assert of("messy") != before


@pytest.mark.parametrize(
    ("identity", "says"),
    [("secret-expired", "the identity 'secret-expired' is also in"), ("Not an id", "'Not an id' is not an identity")],
)
def test_an_identity_belongs_to_one_page(identity: str, says: str, tmp_path: Path) -> None:
    path = page(tmp_path, extra=f'identity = "{identity}"')
    with pytest.raises(RuleError) as caught:
        audit(write(tmp_path / "app.json", registration("Payroll")), extend_rules=[tmp_path])
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")


# -- the hash


def test_no_value_passes_for_two() -> None:
    parts = [("a", "b"), ("a\0b",), ("a', 'b",), ("a", "", "b"), ("a", "b", ""), ("A", "b"), ("a", "\ud800b"), ("a", "é"), ("a", "e\u0301")]
    ids = {fingerprint("rule", Identity(one), "fail", "key") for one in parts}
    ids |= {fingerprint("rule", Identity(("a",)), "b", *one) for one in parts}
    assert len(ids) == 2 * len(parts)
    assert all(len(one) == 32 for one in ids)


def test_an_identity_is_for_ever() -> None:
    """Waivers and baselines hold these: another form is another version, `regaudit/v3`."""
    root = Identity(("application", "app_id", guid("a", 1)))
    assert fingerprint("secret-expired", root, "fail", guid("k", 1)) == "3d6a87d1174479457bab57501fb909df"
