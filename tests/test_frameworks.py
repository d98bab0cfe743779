"""What rules are about in CIS, NIST and others: on pages, in the list of items, in what users get."""

from __future__ import annotations

import csv
import io
import json
from functools import partial
from pathlib import Path

import click
import pytest

from auditor import rulebook
from auditor.commands import complete
from auditor.errors import RuleError, UsageError
from auditor.frameworks import catalogue, fault, labels, meant, names, title
from auditor.rulebook.page import parse
from tests.helpers import regaudit

PAGE = """# Payroll is big

```toml rule
severity = "low"
require  = "app.display_name != 'Payroll'"
message  = "it is Payroll"
[frameworks]
{frameworks}
```

Why.

## Examples
```json fail
{{ "displayName": "Payroll" }}
```
```json pass
{{ "displayName": "Orders" }}
```
"""
TODAY = ("--as-of", "2026-01-01")


def items() -> list[tuple[str, str]]:
    return [(framework.id, item.id) for framework in catalogue().values() for item in framework.items]


def test_shipped_pages_name_items_that_there_are() -> None:
    named = {(framework, item) for rule in rulebook.shipped() for framework, of in rule.frameworks.items() for item in of}
    assert sorted(named - set(items())) == []
    for framework, item in set(items()) - named:
        assert next(one.gap for one in catalogue()[framework].items if one.id == item), f"{framework}:{item} has no rule, and no reason"


def test_the_list_is_in_order() -> None:
    assert len(items()) == len(set(items()))
    for framework in catalogue().values():
        assert framework.page.startswith("https://")
        assert framework.source
        for item in framework.items:
            assert not item.title.endswith("."), item
            assert not item.gap or item.gap.endswith("."), item


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("cis-azure", ["5.12", "5.13", "5.14"]),
        ("cis-azure:5.1", []),  # a number is not cut
        ("cis-m365:5.1.5.1", ["5.1.5.1"]),
        ("cis-m365:5.1.2", ["5.1.2.2"]),
        ("scuba:MS.AAD.5.1", ["MS.AAD.5.1v1"]),
        ("nist-800-53:ac-2", ["AC-2", "AC-2(3)"]),
        ("mitre-attack:T1098", ["T1098.001", "T1098.003"]),
        ("eidsca:CR", ["CR01", "CR02", "CR03", "CR04"]),
    ],
)
def test_a_selector_means_items(selector: str, expected: list[str]) -> None:
    framework = selector.partition(":")[0]
    assert [item for of, item in items() if of == framework and names({framework: [item]}, selector)] == expected
    if expected:
        assert [item.id for item in meant(selector)[1]] == expected
    else:
        with pytest.raises(UsageError, match="has no item"):
            meant(selector)


def test_what_is_not_there_is_said() -> None:
    assert fault("cis-m365", "5.1.2.2") == ""
    assert fault("cis-m365", "5.1.22") == "cis-m365 has no item '5.1.22' about app registrations; did you mean '5.1.2.2'?"
    assert fault("cis-m365", "5.1.2").endswith("; `regaudit rules --framework cis-m365` lists the items")
    assert fault("cis-m356", "5.1.2.2") == "no framework is called 'cis-m356'; did you mean 'cis-m365'?"
    assert title("eidsca:CR01") == "Requests for admin consent are enabled"
    assert title("eidsca:XX") == title("iso:1") == ""
    assert labels({"zta": ["21772"], "eidsca": ["CR01", "CR02"]}) == ["zta:21772", "eidsca:CR01", "eidsca:CR02"]


def test_regaudit_test_names_an_item_that_is_not_there_and_a_scan_goes_on(tmp_path: Path) -> None:
    page = tmp_path / "rules/mine/payroll.md"
    page.parent.mkdir(parents=True)
    page.write_text(PAGE.format(frameworks='cis-m365 = ["5.1.2.2"]\nnist-800-53 = ["AC-99"]\nours = ["4"]'))
    tested = regaudit("test", tmp_path / "rules")
    assert tested.code == 1
    assert "payroll.md:9: nist-800-53 has no item 'AC-99' about app registrations" in tested.out
    assert "payroll.md:10: no framework is called 'ours'" in tested.out
    app = tmp_path / "app.json"
    app.write_text('{"appId": "11111111-1111-4111-8111-111111111111", "displayName": "Payroll", "web": {}}')
    for selector in ("ours", "ours:4", "nist-800-53:AC-9"):
        ran = regaudit("scan", app, "--extend-rules", tmp_path / "rules", "--select", selector, *TODAY, "--output-format", "sarif")
        if selector == "nist-800-53:AC-9":
            assert (ran.code, "no rule is about 'nist-800-53:AC-9'" in ran.err) == (2, True)
            continue
        (run,) = json.loads(ran.out)["runs"]
        assert [rule["name"] for rule in run["tool"]["driver"]["rules"]] == ["Payroll"]
        assert {one["name"]: len(one["taxa"]) for one in run["taxonomies"]} == {"cis-m365": 1, "nist-800-53": 1, "ours": 1}


@pytest.mark.parametrize(
    ("frameworks", "line", "message"),
    [
        ('cis-m365 = ["5.1 and more"]', 8, "'5.1 and more' is not an item of a framework"),
        ('cis-m365 = ["\\u001b[31m"]', 8, "is not an item of a framework"),
        ('"CIS 365" = ["5.1"]', 8, "'CIS 365' is not an item of a framework"),
        ('cis-m365 = "5.1"', 7, "'frameworks' is a table of lists of texts, as in cis-m365 = [\"5.1.2.2\"], not {'cis-m365': '5.1'}"),
    ],
)
def test_what_cannot_be_printed_anywhere_does_not_load(frameworks: str, line: int, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(PAGE.format(frameworks=frameworks), "payroll.md", "payroll", "mine")
    assert caught.value.line == line
    assert message in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_rules_by_framework() -> None:
    shown = regaudit("rules", "--framework", "zta").out
    assert "  21772  covered  No application has a client secret\n                  secret-present (opt-in)\n" in shown
    assert (
        "  61008  missing  Agent identities have custom security attributes\n                  Custom security attributes are not read.\n"
        in shown
    )
    assert regaudit("rules", "--framework", "eidsca:CR04", "-q").out == "tenant-admin-consent-expiry\n"
    (row,) = json.loads(regaudit("rules", "--framework", "eidsca:CR04", "--output-format", "json").out)
    assert (row["id"], row["frameworks"]) == ("tenant-admin-consent-expiry", {"eidsca": ["CR04"]})
    for wrong, said in (("cis", "no framework is called 'cis'; there are: cis-m365,"), ("zta:", "zta has no item ''")):
        ran = regaudit("rules", "--framework", wrong)
        assert (ran.code, said in ran.err) == (2, True), ran.err
    assert regaudit("rules", "--framework", "zta", "--select", "tenant").code == 2


def test_tab_completes_frameworks_and_their_items() -> None:
    offered = partial(complete.frameworks, click.Context(click.Command("rules")), click.Option(["--framework"]))
    assert offered("cis") == ["cis-azure", "cis-m365"]
    assert offered("cis-azure:5.1") == ["cis-azure:5.12", "cis-azure:5.13", "cis-azure:5.14"]
    assert offered("nosuch:") == []


def test_reports_tell_it(tmp_path: Path) -> None:
    app = tmp_path / "app.json"
    secret = {"keyId": "21111111-1111-4111-8111-111111111111", "endDateTime": "2027-01-01T00:00:00Z"}
    app.write_text(json.dumps({"appId": "11111111-1111-4111-8111-111111111111", "displayName": "Payroll", "passwordCredentials": [secret]}))

    def scanned(form: str, *more: str) -> str:
        return regaudit("scan", app, "--select", "zta:21772,secret-expired", *TODAY, "--output-format", form, *more).out

    named = rulebook.shipped().get("secret-present").frameworks
    assert named["zta"] == ["21772"]
    rules = {rule["id"]: rule for rule in json.loads(scanned("json"))["rules"]}
    assert rules["secret-present"]["frameworks"] == named
    assert rules["secret-expired"]["frameworks"] == {"nist-800-53": ["IA-5"]}  # it has no finding
    for more in ((), ("--redact",)):
        (row,) = csv.DictReader(io.StringIO(scanned("csv", *more)))
        assert row["frameworks"] == "; ".join(labels(named))
    (event,) = json.loads(scanned("ocsf"))
    assert event["unmapped"]["frameworks"] == labels(named)
    (run,) = json.loads(scanned("sarif"))["runs"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert set(labels(named)) < set(rule["properties"]["tags"])
    assert [(one["target"]["toolComponent"]["name"], one["target"]["id"]) for one in rule["relationships"]] == [
        (framework, item) for framework, of in named.items() for item in of
    ]
    taxa = {one["name"]: [taxon["id"] for taxon in one["taxa"]] for one in run["taxonomies"]}
    assert taxa == {framework: sorted(of) for framework, of in named.items()}
    assert [one["name"] for one in run["tool"]["driver"]["supportedTaxonomies"]] == sorted(named)


def test_explain_names_the_items() -> None:
    assert "Framework eidsca:CR04: Requests expire after 30 days at most\n" in regaudit("explain", "tenant-admin-consent-expiry").out
    told = json.loads(regaudit("explain", "tenant-admin-consent-expiry", "--output-format", "json").out)
    assert told["framework_items"] == [{"item": "eidsca:CR04", "title": "Requests expire after 30 days at most"}]
