"""Every rule page: its examples hold, and it reads as a page should."""

from __future__ import annotations

import ast
import json
import os
import pickle
import re
import time
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor import audit, rulebook
from auditor.diagnose import examples
from auditor.engine import compiled as compiling
from auditor.engine import judge as engine
from auditor.engine.compiled import CompiledRule, check, compiled
from auditor.engine.selection import load_rules
from auditor.errors import RuleError
from auditor.language.message import Message
from auditor.rulebook import Rule, book, profiles
from auditor.rulebook import page as page_module
from auditor.unknown import Unavailable, Unknown
from tests.helpers import check_fits

RULES = list(rulebook.shipped())
BY_ID = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
KEY_ORDER = (
    "severity", "each", "given", "unless", "require", "presume", "gives-way-to", "at", "message", "aadsts", "references", "aliases", "identity",
    "tags", "params", "frameworks",
)  # fmt: skip


@pytest.mark.no_cover
@BY_ID
def test_examples_do_what_the_page_says(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    for few in (0, engine.FEW):  # compiled, and one by one
        monkeypatch.setattr(engine, "FEW", few)
        assert not [f"{rule.path}:{result.line}: {result.problem}" for result in examples.run(rule) if result.problem], few


def block_of(rule: Rule) -> dict[str, Any]:
    """The block, as it is written."""
    return tomllib.loads(rule.page.partition("```toml rule\n")[2].partition("```")[0])


@pytest.mark.no_cover
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
    if rule.block.unless or rule.block.presume:
        assert "likely" in {example.kind for example in rule.examples}, "an example of a failure that is likely"
    order = [KEY_ORDER.index(key) for key in block_of(rule)]
    assert order == sorted(order), f"keys in the order {', '.join(KEY_ORDER)}"
    check_fits(json.loads(json.dumps(block_of(rule), default=str)), "rule")  # days are texts in JSON
    # Words are the field's own.
    prose = re.sub(r"`[^`]*`", "", f"{rule.title} {rule.why} {rule.fix} {rule.block.message}")
    for wrong in ("Azure AD ", "AAD ", "reply URL", "enterprise app ", "client object"):
        if wrong == "Azure AD " and "Azure AD Graph" in prose:
            continue
        assert wrong not in prose, wrong
    # Messages are one line.
    assert isinstance(compiled(rule).message, Message)
    assert "\n" not in rule.block.message
    assert not rule.block.message.endswith(".")


def test_a_rule_is_data() -> None:
    for rule in (*RULES, rulebook.parse(SOUND.replace('"x"\n', '"{since}"\nparams.since = 2026-01-01\n'), "x.md", "x", "a")):
        assert pickle.loads(pickle.dumps(rule)) == rule
        assert hash(pickle.loads(pickle.dumps(rule))) == hash(rule)
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(rule), type=Rule) == rule


def test_equal_rules_are_compiled_once_and_others_are_not() -> None:
    page = SOUND.replace('"x"\n', '"{one}"\nparams.one = 1\n')
    rule, again = (rulebook.parse(page, "x.md", "x", "a") for _ in range(2))
    assert compiled(rule) is compiled(again) is compiled(rule, Unavailable())
    assert compiled(rule.having(params={"one": 2})) is not compiled(rule)
    assert compiled(rule.having(params={"one": True})) is not compiled(rule)
    assert compiled(rule.having(severity="high")).levels == ["high"]
    # What a run knows of other facts is all the same to a rule.
    unavailable = Unavailable({"App.owners": Unknown("owners", "not in the input", collection=True)})
    assert compiled(rule, unavailable) is compiled(rule)
    of_owners = rule.having(require="len(app.owners) > one")
    assert compiled(of_owners, unavailable) is not compiled(of_owners)
    assert compiled(of_owners, unavailable) is compiled(of_owners, unavailable)


@pytest.mark.parametrize(
    ("name", "ordinary"),
    [
        ("owner-guest", "medium"),
        ("owner-disabled", "low"),
        ("credential-on-sp", "medium"),
        ("implicit-access-token", "medium"),
        ("perm-unknown-id", "medium"),
        ("perm-requested-not-granted", "medium"),
        # Whether another credential works is often not in the input: an expired one stays what stops sign-in.
        ("secret-expired", "high"),
        ("certificate-expired", "high"),
    ],
)
def test_the_ordinary_severity_comes_last(name: str, ordinary: str) -> None:
    """An unknown has the severity of the last else."""
    (rule,) = (rule for rule in RULES if rule.id == name)
    node = ast.parse(" ".join(rule.severity.split()), mode="eval").body
    while isinstance(node, ast.IfExp):
        node = node.orelse
    assert isinstance(node, ast.Name)
    assert node.id == ordinary


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


SOUND = """# T

```toml rule
severity = "low"
require = "not app.multi_tenant"
message = "x"
```

Why.

"""


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
        ("# T\n```toml rule\nseverity = \"low\"\nrequire = \"True\"\nmessage = \"x\"\naliases = [\"ALL\"]\n```\n", "'ALL' is not an alias"),
        ("# T\n```toml rule\nseverity = \"low\"\n", "x.md:2: the block that begins here does not end"),
        (SOUND + "```json fail\n{}\n", "x.md:11: the block that begins here does not end"),
        (SOUND + "```toml rule\n```\n", "x.md:11: a page has one ```toml rule block"),
        ("# T\n```toml rule\na" + ".a" * 400_000 + " = 1\n```\n", "x.md:3: the block is longer than"),
        ("# T\n```toml rule\nx = " + "[" * 5000 + "]" * 5000 + "\n```\n", "x.md"),
    ],
)  # fmt: skip
def test_pages_that_do_not_load(page: str, says: str) -> None:
    with pytest.raises(RuleError) as caught:
        rulebook.parse(page, "x.md", "x", "a")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("fix", "line", "says", "marked"),
    [
        ("Do `x {app.app_idd}`.", 12, "App has no fact 'app_idd'; did you mean 'app_id'?", "app.app_idd"),
        ("Do.\n\nThen\n`x {app.id} {app.created:days}` now.", 15, "no format 'days'", "app.created"),
        ("{app.__class__}", 12, "App has no fact '__class__'", "app.__class__"),
        ("One.\nTwo }", 13, "a single '}'", "}"),
        ("One.\n{app.id!r}", 13, "not an expression", "!"),
        ("One.\n{app.id", 13, "'{' is not closed", "{"),
    ],
)
def test_a_fault_in_a_fix_has_its_line_when_the_page_loads(tmp_path: Path, fix: str, line: int, says: str, marked: str) -> None:
    page = tmp_path / "mine.md"
    page.write_text(SOUND + f"## Fix\n{fix}\n")
    with pytest.raises(RuleError) as caught:
        load_rules([tmp_path])
    assert str(caught.value).startswith(f"{page}:{line}: ")
    assert says in str(caught.value)
    assert caught.value.text[caught.value.col : caught.value.end] == marked
    assert caught.value.text in page.read_text().split("\n")
    (result,) = examples.run(rulebook.load(page))
    assert (result.line, says in result.problem) == (line, True)


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ('aliases = ["secret-expired"]', "the alias 'secret-expired' is also in"),
        ('aliases = ["redirect-uris"]', "the alias 'redirect-uris' is an area"),
        ('aliases = ["opt-in"]', "the alias 'opt-in' is a tag"),
        ('aliases = ["mine"]', "the rule 'mine' is also in"),
        ('aliases = ["other", "other"]', "the alias 'other' is also in"),
    ],
)
def test_a_page_takes_no_name_that_another_has(tmp_path: Path, block: str, says: str) -> None:
    page = tmp_path / "mine.md"
    page.write_text(SOUND.replace('message = "x"', f'message = "x"\n{block}'))
    with pytest.raises(RuleError) as caught:
        load_rules([tmp_path])
    assert str(caught.value).startswith(f"{page}:1: {says}") or says.startswith("the rule 'mine'")
    assert says in str(caught.value)


def test_an_id_that_is_the_alias_of_another_page_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text(SOUND.replace('message = "x"', 'message = "x"\naliases = ["other"]'))
    (tmp_path / "other.md").write_text(SOUND)
    with pytest.raises(RuleError, match=r"other\.md:1: the rule 'other' is also in .*mine\.md"):
        load_rules([tmp_path])
    (tmp_path / "other.md").unlink()
    assert load_rules([tmp_path]).get("other").id == "mine"


BLOCK = (
    """# T

```toml rule
# severity = "x"
severity = "high if app.multi_tenant else low"
each = "app.redirect_uris as uri"
given = '''
app.multi_tenant
 and uri.scheme != 'https' '''
require = """
    + '"""'
    + r"""app.multi_tenant and \
  uri.scheme == "http" and
  not app.multi_tenant"""
    + '"""'
    + """
at = 'uri.value'
message = 'at """
    + '"""'
    + """ {uri} {limit}' # not.a = "message"
aadsts = [
  50011, # ]
]
references = ["a]", 'b[']
[params]
"limit" = 30 # x
```

Why.

## Fix
Do {uri}.
"""
)


@pytest.mark.parametrize(
    ("old", "new", "line", "marked"),
    [
        ("high if app.multi_tenant", "high if app.multi_tennant", 5, "app.multi_tennant"),
        ("app.redirect_uris as", "app.redirect_urls as", 6, "app.redirect_urls"),
        ("app.redirect_uris as", "app as", 6, "a"),
        ("app.multi_tenant\n and uri.scheme", "app.multi_tennant\n and uri.scheme", 8, "app.multi_tennant"),
        ("and uri.scheme !=", "and uri.schema !=", 9, "uri.schema"),
        ("app.multi_tenant and \\", "app.tenant and \\", 10, "app.tenant"),
        ('uri.scheme == "http"', 'uri.schema == "http"', 11, "uri.schema"),
        ("not app.multi_tenant", "not app.tenant", 12, "app.tenant"),
        ("uri.value", "app.value", 13, "app.value"),
        ("{uri} {limit}' #", "{uri.nosuch} {limit}' #", 14, "uri.nosuch"),
        ("50011,", '"50011",', 15, None),
        ('"limit"', "Limit", 20, "L"),
        ('"limit" = 30', "limit = 1.5", 20, "l"),
        ('"limit" = 30', "limit = 30\nmore = 1", 21, "m"),
        ("{uri}.", "{url}.", 26, "url"),
        ("aadsts", "aadst", 15, None),
    ],
)
def test_an_error_has_the_line_of_its_part_of_the_page(old: str, new: str, line: int, marked: str | None) -> None:
    check(rulebook.parse(BLOCK, "x.md", "x", "a"))
    assert old in BLOCK
    with pytest.raises(RuleError) as caught:
        check(rulebook.parse(BLOCK.replace(old, new, 1), "x.md", "x", "a"))
    assert (caught.value.page, caught.value.line) == ("x.md", line), caught.value
    if marked is not None:
        assert caught.value.text[caught.value.col : caught.value.end] == marked


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("what", ["pipe", "device", "folder", "large"])
def test_a_page_is_a_file_of_reasonable_size(tmp_path: Path, what: str) -> None:
    page = tmp_path / "mine.md"
    if what == "pipe":
        os.mkfifo(page)
    elif what == "device":
        page.symlink_to("/dev/zero")
    elif what == "folder":
        page.mkdir()
    else:
        page.write_text(SOUND + "x" * 2**20)
    with pytest.raises(RuleError, match=r"mine\.md:1: cannot read the page: it is (not a regular file|larger than 1024 KiB)"):
        load_rules([tmp_path])


@pytest.mark.parametrize("line", ["```json fail\n", "```toml rule\n", "```\n", "```a b\n", "## Fix\n", "````json fail\n```\n", "# \n"])
def test_pages_are_read_in_linear_time(line: str) -> None:
    began = time.perf_counter()
    for page in (SOUND + line * (2**20 // len(line)), SOUND + line * 1000 + "```json pass\n{}\n```\n"):
        try:
            rule = rulebook.parse(page, "x.md", "x", "a")
        except RuleError:
            continue
        assert rule.why
        assert rule.fix is not None
        assert rule.examples is not None
    assert time.perf_counter() - began < 10


def test_shipped_pages_are_read_once_in_a_process_and_own_pages_at_each_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    checked: list[str] = []
    parse = page_module.parse

    def counted_parse(*args: str) -> Rule:
        read.append(args[2])
        return parse(*args)

    def counted_check(rule: Rule, unavailable: Unavailable) -> CompiledRule:
        checked.append(rule.id)
        return CompiledRule(rule, unavailable)

    monkeypatch.setattr(page_module, "parse", counted_parse)
    monkeypatch.setattr(compiling, "CompiledRule", counted_check)
    monkeypatch.setattr(compiling, "_variants", lru_cache(None)(compiling._variants.__wrapped__))
    monkeypatch.setattr(book, "_shipped", cache(book._shipped.__wrapped__))
    (tmp_path / "app.json").write_text('{"appId": "a", "displayName": "A", "signInAudience": "AzureADMultipleOrgs"}')
    own = tmp_path / "rules/mine.md"
    own.parent.mkdir()
    own.write_text(SOUND)

    def run() -> list[str]:
        report = audit(tmp_path / "app.json", extend_rules=[own.parent], as_of="2026-01-01")
        return [row.message for row in report.findings if row.rule_id == "mine"]

    assert run() == ["x"]
    assert sorted(read) == sorted([*(rule.id for rule in RULES), "mine"])
    assert checked
    read.clear()
    checked.clear()
    own.write_text(SOUND.replace('message = "x"', 'message = "y"'))
    assert run() == ["y"]
    assert read == ["mine"]
    assert set(checked) == {"mine"}
