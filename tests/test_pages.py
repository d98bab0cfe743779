"""Every rule page: its examples hold, and it reads as a page should."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from auditor import engine, examples, profiles, rulebook, schemas
from auditor.language import Message
from auditor.rulebook import Rule

RULES = list(rulebook.shipped())
BY_ID = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
KEY_ORDER = ("severity", "each", "given", "require", "at", "message", "aadsts", "references", "aliases", "tags", "params")


@BY_ID
def test_examples_do_what_the_page_says(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    for few in (0, engine.FEW):  # compiled, and one by one
        monkeypatch.setattr(engine, "FEW", few)
        assert not [f"{rule.path}:{result.line}: {result.problem}" for result in examples.run(rule) if result.problem], few


@BY_ID
def test_a_page_is_complete(rule: Rule) -> None:
    assert rule.area == Path(rule.path).parent.name
    assert not rule.title.endswith(".")
    assert len(rule.title) <= 90
    assert 40 <= len(rule.why) <= 1200, "two or three sentences that say why it matters"
    assert rule.fix, "a section '## Fix'"
    assert rule.references, "Microsoft's document"
    assert all(reference.startswith("https://learn.microsoft.com/") or "rfc-editor.org" in reference for reference in rule.references)
    assert not any("/en-us/" in reference for reference in rule.references)
    assert all(code > 1000 for code in rule.aadsts)
    order = [KEY_ORDER.index(key) for key in rule.block]
    assert order == sorted(order), f"keys in the order {', '.join(KEY_ORDER)}"
    jsonschema.validate(json.loads(json.dumps(rule.block, default=str)), schemas.load("rule"))  # days are texts in JSON
    # Words are the field's own.
    prose = re.sub(r"`[^`]*`", "", f"{rule.title} {rule.why} {rule.fix} {rule.block['message']}")
    for wrong in ("Azure AD ", "AAD ", "reply URL", "enterprise app ", "client object"):
        if wrong == "Azure AD " and "Azure AD Graph" in prose:
            continue
        assert wrong not in prose, wrong
    # Messages are one line.
    checked = rule.check()
    assert isinstance(checked.message, Message)
    assert "\n" not in rule.block["message"]
    assert not rule.block["message"].endswith(".")


def test_there_are_rules_in_every_area() -> None:
    areas = {rule.area for rule in RULES}
    assert {"redirect-uris", "exposed-api", "api-permissions", "tokens", "credentials", "service-principals", "tenant"} <= areas


@pytest.mark.parametrize("name", profiles.names())
def test_profiles_name_rules_that_exist(name: str) -> None:
    profile = profiles.load(name)
    assert profile.description
    book = profile.apply(rulebook.Rulebook(RULES))
    assert profiles.chosen(book, profile)
    assert tomllib.loads((rulebook.shipped_folder() / f"profiles/{name}.toml").read_text())


def test_a_users_own_page(tmp_path: Path) -> None:
    page = tmp_path / "naming.md"
    page.write_text(
        '# Name does not begin with the team\'s prefix\n\n```toml rule\nseverity = "low"\nrequire = "app.display_name.startswith(prefix)"\n'
        'message = "{app} does not begin with {prefix}"\n[params]\nprefix = "team-"\n```\n\nWe sort by it.\n\n## Fix\nRename it.\n\n'
        '```json fail\n{"displayName": "Payroll"}\n```\n```json pass\n{"displayName": "team-payroll"}\n```\n```json not-evaluated\n{"appId": "x"}\n```\n'
    )
    (rule,) = rulebook.load_folder(tmp_path)
    assert [result.problem for result in examples.run(rule)] == ["", "", ""]
    page.write_text(page.read_text().replace('"team-payroll"', '"payroll"'))
    (rule,) = rulebook.load_folder(tmp_path)
    problems = [result.problem for result in examples.run(rule) if result.problem]
    assert problems == ["naming: the example should be pass, it is fail (low: payroll does not begin with team-)"]


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("# T\n", "no ```toml rule block"),
        ("```toml rule\nseverity = \"low\"\nrequire = \"True\"\nmessage = \"x\"\n```\n", "begins with its title"),
        ("# T\n```toml rule\nseverity = \n```\n", "x.md:3: the block is not TOML"),
        ("# T\n```toml rule\nseverity = \"low\"\nrequire = \"True\"\n```\n", "'message' is missing"),
        ("# T\n```toml rule\nseverity = \"low\"\nrequires = \"True\"\nmessage = \"x\"\n```\n", "did you mean 'require'?"),
        ("# T\n```toml rule\nseverity = \"low\"\nrequire = 1\nmessage = \"x\"\n```\n", "'require' is a text"),
        ("# T\n```toml rule\nseverity = \"low\"\nrequire = \"True\"\nmessage = \"x\"\naadsts = [\"1\"]\n```\n", "'aadsts' is a list of numbers"),
        ("# T\n```toml rule\nx = " + "[" * 5000 + "]" * 5000 + "\n```\n", "x.md"),
    ],
)  # fmt: skip
def test_pages_that_do_not_load(page: str, says: str) -> None:
    from auditor.errors import RuleError

    with pytest.raises(RuleError) as caught:
        rulebook.parse(page, "x.md", "x", "a")
    assert says in str(caught.value)
