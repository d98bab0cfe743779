"""Azure Resource Manager templates with Microsoft.Graph resources, as `bicep build` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor import Report, audit
from auditor.sources import read
from tests.helpers import regaudit

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
APP = {"uniqueName": "orders", "displayName": "Orders", "web": {"redirectUris": ["http://orders.example/cb"]}}
TRUST = {
    "name": "[format('{0}/gh', reference('app').uniqueName)]", "audiences": ["api://AzureADTokenExchange"],
    "issuer": "https://token.actions.githubusercontent.com", "subject": "ref:main",
}  # fmt: skip


def of(kind: str, properties: Any, **more: Any) -> dict[str, Any]:
    return {"import": "graph", "type": f"Microsoft.Graph/{kind}@v1.0", "properties": properties, **more}


def template(resources: Any, **more: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "languageVersion": "2.1-experimental", "contentVersion": "1.0.0.0", "resources": resources, **more}


def nested(label: str, inside: dict[str, Any], scope: str = "inner", **given: Any) -> dict[str, Any]:
    parameters = {key: {"value": value} for key, value in given.items()}
    properties = {"mode": "Incremental", "expressionEvaluationOptions": {"scope": scope}, "parameters": parameters, "template": inside}
    return {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": label, "properties": properties}


def write(folder: Path, content: Any) -> Path:
    path = folder / "main.json"
    path.write_text(json.dumps(content, indent=2))
    return path


def scan(folder: Path, content: Any, *select: str) -> Report:
    return audit(write(folder, content), as_of="2026-01-01", select=list(select) or ["redirect-http"])


def found(report: Report) -> set[tuple[str, str | None]]:
    return {(row.rule_id, row.app_display_name) for row in report.findings if row.status == "fail"}


def reasons(report: Report) -> set[str]:
    return {str(reason) for outcome in report.outcomes for reason in outcome.reasons}


@pytest.mark.parametrize(
    "resources",
    [
        {"app": of("applications", APP)},
        [of("applications", APP)],
        {"app": {**of("Applications", APP), "type": "microsoft.graph/APPLICATIONS@beta"}},
    ],
)
def test_an_application_is_judged_at_its_line(tmp_path: Path, resources: Any) -> None:
    (row,) = scan(tmp_path, template(resources)).findings
    assert row.line is not None
    assert "http://orders.example/cb" in (tmp_path / "main.json").read_text().splitlines()[row.line - 1]


def test_what_is_not_in_the_template_is_unknown(tmp_path: Path) -> None:
    report = scan(tmp_path, template({"app": of("applications", APP)}), "implicit-access-token", "secret-expired")
    assert reasons(report) == {"web.implicitGrantSettings: not in the template", "passwordCredentials: not in the template"}


def test_expressions_have_the_values_that_the_template_has(tmp_path: Path) -> None:
    properties = {
        "displayName": "[format('{0}-{1}', parameters('name'), variables('stage'))]",
        "web": {"redirectUris": ["[parameters('uri')]", "[parameters('URL')]", "[[literal]", "[uniqueString('x')]"]},
    }
    content = template(
        {"app": of("applications", properties)},
        parameters={
            "name": {"type": "string", "defaultValue": "orders"},
            "uri": {"type": "string", "defaultValue": "http://a.example/"},
            "url": {"type": "string"},
        },
        variables={"stage": "[concat('d', 'ev')]"},
    )
    report = scan(tmp_path, content)
    assert found(report) == {("redirect-http", "orders-dev")}
    (document,) = read([str(write(tmp_path, content))]).documents
    assert document.data.web.redirect_uris.known() == ["http://a.example/", "[literal]"]
    assert document.data.web.redirect_uris.unknown.reason in (
        "web.redirectUris: a parameter of the template without a default value", "web.redirectUris: an expression of the template",
    )  # fmt: skip
    assert document.place("/web/redirectUris/1")[0].endswith("/redirectUris/2")


def test_a_secure_parameter_is_never_taken(tmp_path: Path) -> None:
    content = template(
        {"app": of("applications", APP | {"notes": "[parameters('secret')]"})},
        parameters={"secret": {"type": "secureString", "defaultValue": "hush-hush"}},
    )
    ran = regaudit("scan", write(tmp_path, content), "-v", "--profile", "strict")
    assert "hush-hush" not in ran.out + ran.err


def test_a_module_has_its_own_parameters(tmp_path: Path) -> None:
    inside = template(
        {"app": of("applications", {"displayName": "[parameters('name')]", **{key: APP[key] for key in ("web",)}})},
        parameters={"name": {"type": "string", "defaultValue": "own"}},
    )
    content = template(
        {"m": nested("m", inside, name="[parameters('name')]"), "n": nested("n", inside)},
        parameters={"name": {"type": "string", "defaultValue": "given"}},
    )
    assert found(scan(tmp_path, content)) == {("redirect-http", "given"), ("redirect-http", "own")}
    assert [document.identity for document in read([str(tmp_path / "main.json")]).documents] == ["m/app", "n/app"]


def test_an_outer_scope_has_the_parameters_of_the_template_around(tmp_path: Path) -> None:
    inside = template([of("applications", {**APP, "displayName": "[parameters('name')]"})])
    content = template([nested("m", inside, "outer")], parameters={"name": {"type": "string", "defaultValue": "outside"}})
    assert found(scan(tmp_path, content)) == {("redirect-http", "outside")}


def test_a_federated_credential_belongs_to_its_application(tmp_path: Path) -> None:
    trust = of("applications/federatedIdentityCredentials", TRUST)
    assert found(scan(tmp_path, template({"app": of("applications", APP), "trust": trust}), "fic-github-subject")) == {
        ("fic-github-subject", "Orders")
    }
    named = of("applications/federatedIdentityCredentials", {**TRUST, "name": "orders/gh"})
    two = {"app": of("applications", APP), "other": of("applications", {"uniqueName": "other", "displayName": "Other"}), "trust": named}
    assert found(scan(tmp_path, template(two), "fic-github-subject")) == {("fic-github-subject", "Orders")}
    alone = scan(tmp_path, template({"app": of("applications", {}, existing=True), "trust": trust}), "fic-github-subject")
    assert len([row for row in alone.findings if row.status == "fail"]) == 1, "it is judged, though its application is elsewhere"


def test_owners_are_added_or_replaced(tmp_path: Path) -> None:
    owners: dict[str, Any] = {"relationships": [], "relationshipSemantics": "append"}
    report = scan(tmp_path, template({"app": of("applications", {**APP, "owners": owners})}), "owner-none")
    assert (found(report), len(reasons(report))) == (set(), 1)
    owners["relationshipSemantics"] = "replace"
    assert found(scan(tmp_path, template({"app": of("applications", {**APP, "owners": owners})}), "owner-none")) == {
        ("owner-none", "Orders")
    }


@pytest.mark.parametrize(
    ("resources", "says"),
    [
        ({"app": of("applications", APP, existing=True)}, "an existing resource is not audited"),
        ({"group": of("groups", {"displayName": "x"})}, "holds no app registration"),
        ({"new": of("applications/keys", {"displayName": "x"})}, "is not read"),
    ],
)
def test_what_is_not_read_is_told(tmp_path: Path, resources: Any, says: str) -> None:
    ran = regaudit("scan", write(tmp_path, template(resources)))
    assert ran.code == 2
    assert says in ran.out + ran.err


@pytest.mark.parametrize(
    "expression",
    [
        "[",
        "[]",
        "[parameters(]",
        "[parameters('a')]",
        "[variables('v')]",
        "[format('{9}', 'x')]",
        "[concat(1, 2)]",
        "[" + "concat(" * 5000 + "]",
        "[format()]",
        "[concat()]",
        "[tolower()]",
    ],
)
def test_no_expression_breaks_anything(tmp_path: Path, expression: str) -> None:
    content = template(
        {"app": of("applications", {**APP, "displayName": expression, "tags": [expression], "api": expression})},
        parameters={"a": {"type": "string", "defaultValue": "[parameters('a')]"}},
        variables={"v": "[concat(variables('v'), variables('v'))]"},
    )
    report = scan(tmp_path, content, "redirect-http")
    assert len([row for row in report.findings if row.status == "fail"]) == 1


def test_a_real_template_is_read() -> None:
    path = Path("/work/shared/corpus/arm_msgraph/microsoftgraph__msgraph-bicep-types__samples__deploy-template__sample-template.json")
    if not path.exists():
        pytest.skip("the corpus is not here")
    (document,) = read([str(path)]).documents
    assert (document.kind, document.identity) == ("application", "myApp")
