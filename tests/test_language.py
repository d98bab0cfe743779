"""The rule language: what it means, and that nothing else gets through."""

from __future__ import annotations

import ast
import builtins
import json
import random
import re
import time
from datetime import datetime, timezone
from keyword import kwlist, softkwlist
from types import CodeType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import joins, rulebook
from auditor.diagnose.examples import read
from auditor.engine.bound import BoundRule
from auditor.engine.compiled import check, compiled
from auditor.engine.functions import CHECKS
from auditor.engine.judge import judge
from auditor.errors import RuleError
from auditor.facts import ROOTS
from auditor.language.calls import FUNCTIONS
from auditor.language.found import Found
from auditor.language.logic import BUILTINS, Glob
from auditor.language.nodes import located
from auditor.rulebook import Block, Rule
from auditor.severity import SEVERITIES
from auditor.unknown import Unavailable, Unknown
from tests.expressions import Writer
from tests.tenants import Maker

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def rule_of(require: str, **block: Any) -> Rule:
    spec = {"severity": "low", "require": require, "message": "x", **block}
    return Rule("r", "area", "Title", "r.md", Block(**spec))


def verdict(require: str, app: dict[str, Any], **block: Any) -> str:
    outcome = judge(rule_of(require, **block), joins.worlds(read(json.dumps({"displayName": "A", "appId": "a", **app})), NOW)[0])
    for name in ("errors", "failed", "not_evaluated", "passed", "not_applicable"):
        if getattr(outcome, name):
            return name
    raise AssertionError(outcome)


SECRET = {"keyId": "k", "displayName": "s", "startDateTime": "2025-01-01T00:00:00Z", "endDateTime": "2026-03-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("require", "app", "expected"),
    [
        ("len(app.secrets) == 1", {"passwordCredentials": [SECRET]}, "passed"),
        ("len(app.secrets) == 1", {"passwordCredentials": []}, "failed"),
        ("len(app.secrets) == 1", {"passwordCredentials": None}, "failed"),
        ("len(app.secrets) == 1", {}, "not_evaluated"),
        ("not app.multi_tenant", {"signInAudience": "AzureADMyOrg"}, "passed"),
        ("not app.multi_tenant", {"signInAudience": "AzureADAndPersonalMicrosoftAccount"}, "failed"),
        ("app.multi_tenant or app.fallback_public_client", {"signInAudience": "AzureADMultipleOrgs"}, "passed"),
        ("app.fallback_public_client or app.multi_tenant", {"signInAudience": "AzureADMultipleOrgs"}, "passed"),
        ("app.fallback_public_client and app.multi_tenant", {"signInAudience": "AzureADMyOrg"}, "failed"),
        ("app.fallback_public_client and app.multi_tenant", {"signInAudience": "AzureADMultipleOrgs"}, "not_evaluated"),
        ("not app.fallback_public_client", {"isFallbackPublicClient": None}, "passed"),
        ("any(s.end is None or s.end > now for s in app.secrets)", {"passwordCredentials": [SECRET, {"keyId": "l"}]}, "passed"),
        ("all(s.end is not None and s.end <= now for s in app.secrets)", {"passwordCredentials": [SECRET, {"keyId": "l"}]}, "failed"),
        ("all(s.end is None or s.end > now for s in app.secrets)", {"passwordCredentials": [SECRET, {"keyId": "l"}]}, "not_evaluated"),
        ("count(s.expired for s in app.secrets) < 2", {"passwordCredentials": [SECRET, {"keyId": "l"}]}, "passed"),
        ("count(s.expired for s in app.secrets) < 1", {"passwordCredentials": [SECRET, {"keyId": "l"}]}, "not_evaluated"),
        ("count(not s.expired for s in app.secrets if s.end is not None) == 1", {"passwordCredentials": [SECRET]}, "passed"),
        ("all(s.end is None or s.end - now > days(59 - 1) for s in app.secrets)", {"passwordCredentials": [SECRET]}, "passed"),
        ("all(s.end is None or s.end - now > days(59) for s in app.secrets)", {"passwordCredentials": [SECRET]}, "failed"),
        ("all(s.lifetime is None or s.lifetime + days(1) <= days(425) for s in app.secrets)", {"passwordCredentials": [SECRET]}, "passed"),
        ("len(app.redirect_uris) < 2", {"web": {"redirectUris": ["https://a", "https://b"]}}, "failed"),
        ("len(app.redirect_uris) < 2", {"web": {"redirectUris": ["https://a"]}}, "not_evaluated"),
        ("len(app.redirect_uris) < 2", {"web": {"redirectUris": ["https://a"]}, "spa": None, "publicClient": None}, "passed"),
        ("any(u.value == 'https://a' for u in app.redirect_uris)", {"web": {"redirectUris": ["https://a"]}}, "passed"),
        ("all(u.scheme == 'https' for u in app.redirect_uris)", {"web": {"redirectUris": ["http://a"]}}, "failed"),
        ("app.display_name in ['A', 'B']", {}, "passed"),
        ("'x' not in app.display_name", {}, "passed"),
        ("matches(app.display_name, '*A*')", {}, "passed"),
        ("app.display_name.lower().startswith(['a', 'b'])", {}, "passed"),
        ("(1 if app.multi_tenant else 2) == 2", {"signInAudience": "AzureADMyOrg"}, "passed"),
        ("'HideApp' in app.tags", {"tags": ["x", "HideApp"]}, "passed"),
        ("any(word in app.display_name.lower() for word in ['a', 'z'])", {}, "passed"),
        ("all(word in app.display_name.lower() for word in ['a', 'z'])", {}, "failed"),
        ("app.created is None", {"createdDateTime": None}, "passed"),
        ("app.created is None", {}, "not_evaluated"),
    ],
)
def test_meaning(require: str, app: dict[str, Any], expected: str) -> None:
    assert verdict(require, app) == expected


def test_each_given_and_parameters() -> None:
    block = {"each": "app.secrets as secret", "given": "secret.end is not None and app.multi_tenant", "params": {"limit": 30}}
    require = "secret.end - now > days(limit)"
    assert verdict(require, {"signInAudience": "AzureADMultipleOrgs", "passwordCredentials": [SECRET]}, **block) == "passed"
    assert verdict(require, {"signInAudience": "AzureADMyOrg", "passwordCredentials": [SECRET]}, **block) == "not_applicable"
    assert verdict(require, {"signInAudience": "AzureADMultipleOrgs", "passwordCredentials": []}, **block) == "not_applicable"
    assert verdict(require, {"passwordCredentials": [SECRET]}, **block) == "passed"  # whatever the audience is
    block["params"] = {"limit": 90}
    assert verdict(require, {"signInAudience": "AzureADMultipleOrgs", "passwordCredentials": [SECRET]}, **block) == "failed"
    assert verdict(require, {"passwordCredentials": [SECRET]}, **block) == "not_evaluated"


HOSTILE = [
    # a way out
    "app.__class__ == 1", "().__class__.__bases__", "app._lock == 1", "app.world.now == now", "app.secrets.__len__() == 1", "__import__('os')",
    "open('/etc/passwd')", "eval('1')", "exec('x')", "globals()", "getattr(app, 'id')", "vars(app)", "app.display_name.format(app)",
    "app.display_name.encode()", "'{0.__class__}'.format(app)", "f'{app.__class__}' == ''", "app.origin() == ''", "app.key == ''", "any.__self__",
    "app.owner.now == now", "app.document is None", "app.at == ''", "app.FACTS == 1", "app.__dict__ == 1",
    # other syntax
    "lambda: True", "(x := True)", "[x for x in app.secrets]", "{x for x in app.secrets}", "{1: 2}", "app.secrets[0]", "app.secrets[:1]", "await app",
    "yield", "(yield 1)", "*app.secrets", "app.id; import os", "import os", "True if", "def f(): pass", "print('x')", "not", "", "  ",
    "any(True for x in app.secrets for y in app.secrets)", "any(True async for x in app.secrets)", "any(True for (a, b) in app.secrets)",
    "any(True for app in app.secrets)", "any(True for any in app.secrets)", "any(True for _x in app.secrets)", "any(app.secrets)", "all([True])",
    "any(any(any(True for c in app.secrets) for b in app.secrets) for a in app.secrets)", "count(1 for x in app.secrets) == 1",
    # work without end
    "9**9**9 == 1", "1 << 999999999 == 1", "'a' * 999999999 == 'a'", "app.secrets * 10 == 1", "1000000000000000000000 == 1", "1e400 == 1.0", "1j == 1",
    "len(app.id) % 2 == 0", "(" * 300 + "True" + ")" * 300, "not " * 400 + "True", "-" * 900 + "1 == 1", " and ".join(["True"] * 199),
    "True" + " " * 2000, "app" + ".service_principal.app" * 30 + " is None", "[" * 200, "'" * 501, "1" * 900 + " == 1",
    "matches(app.display_name, app.id)", "matches(app.display_name, '(a+)+$') and app.x", "app.display_name.startswith(app.id)",
    # types
    "app.secrets", "app.display_name", "app.audience == 'AzureAdMyOrg'", "app.audience == 2", "app.audience > 'a'", "app.created > now",
    "app.created - now < 30", "now + days(1) > now", "now - 5 > now", "app.created is not None and app.created + days(99999999) > now",
    "app.service_principal.enabled", "app.secrets.end > now", "app.secret == 1", "any(s.expird for s in app.secrets)",
    "app.secrets == app.certificates", "app == app", "app.display_name is None", "app.id is 'x'", "1 < len(app.secrets) < 3", "len(app) == 1",
    "len(app.id, 2) == 1", "len(x=1) == 1", "len(*app.secrets) == 1", "days('1') > days(2)", "app.multi_tenant == None", "None", "null", "true",
    "app.secrets in app.secrets", "'x' in 1", "1 in ['a']", "'a' in ['a', 1]", "app.audience in ['AzureADMyOrg', 'Nonsense']", "b'x' == b'x'",
    "... == 1", "1.5 == 1.5", "len(app.secrets) == True", "(app.scopes if app.multi_tenant else app.secrets) == 1",
    # tricks with text
    "app.multi_tenant # and app.exposes_api", "app.multi_tenant) or (app.exposes_api", "app.multi_tenant\x00", "\u0430pp.multi_tenant",
    "app.multi_tenant\nimport os", "app.multi_tenant if True else", "'\\N{BULLET}' == 'x' and app.q", "'\\d' == app.id", "\ud800 == 1",
    "app.\u217fulti", "print", "n\u043et app.multi_tenant",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_expressions_are_refused(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(RuleError):
        compiled(rule_of(text))
    assert time.perf_counter() - began < 5  # nothing is ever worked out, whatever it would cost


BLOCKS: list[dict[str, Any]] = [
    {"each": "os as x"}, {"each": "app.secrets as app"}, {"each": "app.secrets as now"}, {"each": "app.secrets as x.y"}, {"each": "app.secrets as any"},
    {"each": "app.display_name as x"}, {"each": "app.secrets"}, {"each": "app as x"}, {"each": "[s for s in app.secrets] as x"},
    {"each": "app.secrets as tenant"}, {"each": "app.secrets as high"}, {"each": ""}, {"message": "{app.__class__}"}, {"message": "{app.id!r}"},
    {"message": "{app.id:>999999999}"}, {"message": "{app.id"}, {"message": "app.id}"}, {"message": "{}"}, {"message": "{app.created:days}"},
    {"message": "{app.id:{app.id}}"}, {"message": "{app.service_principal.id}"}, {"message": "{lambda: 1}"}, {"severity": "urgent"},
    {"severity": "'high'"}, {"severity": "high if app.secrets else low"}, {"severity": "app.id"}, {"severity": "high if high == low else low"}, {"params": {"days": 3}}, {"params": {"app": 3}},
    {"params": {"x": 3}}, {"params": {"x": 3.5}, "require": "x == 3"}, {"params": {"__x": 1}}, {"params": {"x": 10**9}, "require": "x == 1"},
    {"params": {"x": ["a", 1]}, "require": "'a' in x"}, {"params": {"x": []}, "require": "'a' in x"}, {"given": "app.secrets"}, {"given": ""},
    {"at": "now"}, {"at": "app"}, {"at": "tenant.id"}, {"at": "app.nothing"},
]  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_hostile_blocks_are_refused(block: dict[str, Any]) -> None:
    with pytest.raises(RuleError):
        compiled(rule_of(block.pop("require", "app.multi_tenant"), **block))


@given(st.text(max_size=60))
def test_any_text_is_refused_or_harmless(text: str) -> None:
    try:
        BoundRule(compiled(rule_of(text)), NOW, None)
    except RuleError:
        pass


def test_token_soup_is_refused_or_harmless() -> None:
    rnd = random.Random(7)
    tokens = [
        "app",
        "secrets",
        "secret",
        "tenant",
        "now",
        "any",
        "all",
        "count",
        "len",
        "days",
        "matches",
        "for",
        "in",
        "if",
        "else",
        "is",
        "not",
        "None",
        "and",
        "or",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ".",
        ",",
        ":",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "+",
        "-",
        "*",
        "'a'",
        '"b"',
        "1",
        "30",
        "True",
        "False",
        "_x",
        "__class__",
        "lambda",
        "x",
        "uri",
        "app.secrets",
        "app.redirect_uris",
        "end",
        "scheme",
        ":=",
        "#",
        "\\",
        "\n",
        "@",
        ";",
        "`",
        "$",
        "é",
    ]
    for _ in range(20_000):
        try:
            BoundRule(compiled(rule_of(" ".join(rnd.choice(tokens) for _ in range(rnd.randint(1, 12))))), NOW, None)
        except RuleError:
            pass


@pytest.mark.parametrize(
    ("text", "says", "marked"),
    [
        ("any(s.expird for s in app.secrets)", "Secret has no fact 'expird'; did you mean 'expired'?", "s.expird"),
        ("app.audience == 'AzureADMyorg'", "did you mean 'AzureADMyOrg'?", "app.audience == 'AzureADMyorg'"),
        ("len(app.redirect_uri) > 0", "did you mean 'redirect_uris'?", "app.redirect_uri"),
        ("app.created - now < days(30)", "app.created may be null: say first 'app.created is not None and …'", "app.created"),
        ("app.secrets", "this must be yes/no, it is list of Secret: say len(app.secrets) > 0", "app.secrets"),
        ("true and app.multi_tenant", "write True", "true"),
        ("'\u00e9' == app.display_name and app.multi_tennant", "did you mean 'multi_tenant'?", "app.multi_tennant"),
    ],
)
def test_errors_point_at_the_fault_and_help(text: str, says: str, marked: str) -> None:
    with pytest.raises(RuleError) as caught:
        compiled(rule_of(text))
    assert says in caught.value.message
    assert caught.value.text[caught.value.col : caught.value.end] == marked


# -- names

URIS = [["https://a"], ["https://a", "http://b"], [], None]
SIX = [
    {"id": f"o{i}", "appId": f"a{i}", "displayName": "A", "notes": None, **({"web": {"redirectUris": uris}, "spa": None, "publicClient": None} if uris is not None else {})}
    for i, uris in enumerate([*URIS, *URIS[:2]])
]  # fmt: skip
RESERVED = {*kwlist, *FUNCTIONS, *ROOTS, *SEVERITIES, "now", "tenant"}


def compiled_names() -> set[str]:
    """Whatever compiled code calls something, without the underscores."""
    rule = rule_of("any(s.expired for s in app.secrets)", each="app.redirect_uris as uri", given="uri.scheme == 'http'")
    one = compiled(rule)
    trees = [tree for name in (*CHECKS, "_message") if (tree := one.tree(name)) is not None]
    codes, found = [compile(located(ast.Module([tree], [])), "", "exec") for tree in trees], set[str]()
    while codes:
        code = codes.pop()
        found |= {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars, code.co_name}
        codes += [const for const in code.co_consts if isinstance(const, CodeType)]
    return {name.strip("_<>") for name in (*found, *BUILTINS)} - {""}


NAMES = sorted(
    {*dir(builtins), *kwlist, *softkwlist, *RESERVED, *compiled_names(), "found", "roots", "check", "dark", "fell", "gap", "value"}
)


def verdicts_with(name: str, kind: str) -> list[Any]:
    """What a rule that speaks of `name` says of each of six registrations alone, and of all six."""
    blocks: dict[str, dict[str, Any]] = {
        "parameter": {"require": f"len(app.redirect_uris) >= {name}", "params": {name: 2}, "message": f"{{{name}}}"},
        "subject": {"require": f"{name}.scheme == 'https'", "each": f"app.redirect_uris as {name}", "message": f"{{{name}}}"},
        "loop": {"require": f"all({name}.scheme == 'https' for {name} in app.redirect_uris)"},
        "both": {
            "require": f"any({name}.value != the_subject.value for {name} in app.redirect_uris)", "each": "app.redirect_uris as the_subject",
            "given": f"count(True for {name} in app.redirect_uris) > 0",
        },
    }  # fmt: skip
    rule = rule_of(**blocks[kind])
    check(rule)

    def of(apps: list[dict[str, Any]]) -> tuple[Any, ...]:
        outcome = judge(rule, joins.worlds(read(json.dumps(apps)), NOW)[0])
        counts = (outcome.failed, outcome.passed, outcome.not_applicable, outcome.not_evaluated, outcome.errors)
        return (*counts, [row.message for _, row in outcome.rows])

    return [*(of([app]) for app in SIX), of(SIX)]


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", ["parameter", "subject", "loop", "both"])
def test_every_name_that_a_page_may_use_means_the_same(kind: str) -> None:
    want = verdicts_with("zzz", kind)
    assert [sum(one[i] for one in want[:-1]) for i in range(5)] == list(want[-1][:5])  # one by one as all at once
    assert want[-1][0]
    assert want[-1][1]
    for name in NAMES:
        try:
            assert verdicts_with(name, kind) == want, name
        except RuleError:
            assert name in RESERVED or not re.fullmatch("[a-z][a-z0-9_]*", name), name
    for name in (
        "any_passed",
        "any_unknown",
        "needs_details",
        "seen",
        "dark",
        "fell",
        "found",
        "roots",
        "gap",
        "error",
        "check",
        "with_subjects",
        "opened",
        "match",
        "type",
        "open",
    ):
        assert verdicts_with(name, kind) == want, name


@settings(deadline=None, max_examples=60)
@given(st.from_regex(r"[a-z_][a-z0-9_]{0,7}", fullmatch=True), st.sampled_from(["parameter", "subject", "loop", "both"]))
def test_any_name_means_the_same_or_is_refused(name: str, kind: str) -> None:
    try:
        assert verdicts_with(name, kind) == verdicts_with("zzz", kind)
    except RuleError:
        assert name in RESERVED or name.startswith("_")


def test_an_error_names_the_line_of_the_page() -> None:
    page = '# Title\n\n```toml rule\nseverity = "low"\ngiven = "app.multi_tenant"\nrequire = "app.multi_tennant"\nmessage = "x"\n```\n'
    with pytest.raises(RuleError) as caught:
        compiled(rulebook.parse(page, "rules/a/x.md", "x", "a"))
    assert str(caught.value).startswith("rules/a/x.md:6: App has no fact 'multi_tennant'")


def worlds(seed: int) -> tuple[Any, Any]:
    maker = Maker(seed)
    tenant = maker.tenant()
    return tuple(joins.worlds(read(json.dumps(t)), NOW)[0] for t in (tenant, maker.with_holes(tenant)))  # type: ignore[return-value]


def exact(check: Any, root: Any) -> Any:
    return check.exactly(root, root, Unknown("x"))


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
def test_fast_and_blind_paths_agree_with_three_valued_logic(seed: int) -> None:
    """Random expressions on random tenants: whatever plain Python decides is what three-valued logic says, and nothing else."""
    writer = Writer(seed)
    decided = 0
    for number in range(120):
        rule = rule_of(writer.condition())
        try:
            known = compiled(rule)
        except RuleError as error:
            assert "too long" in error.message or "characters" in error.message or "never null" in error.message, error
            continue
        for world in worlds(seed * 1000 + number % 25):
            plain, blind = BoundRule(known, NOW, world.tenant), BoundRule(compiled(rule, world.unavailable), NOW, world.tenant)
            for app in world.apps:
                want = exact(plain, app)
                for bound in (plain, blind):
                    found = Found()
                    bound.functions.check([app], found)
                    assert not found.broken, found.broken
                    if found.opened:
                        continue  # three-valued logic has the last word
                    got = True if found.passed else False if found.failed else None
                    if got is None:
                        assert isinstance(want, Unknown), (rule.require, want)
                    else:
                        assert want is got, (rule.require, want, got)
                        decided += 1
    assert decided > 200


def test_what_cannot_be_known_is_compiled_in() -> None:
    unknown = Unknown("owners", "not in the input", collection=True)
    rule = rule_of("not app.multi_tenant or len(app.owners) > 0")
    bound = BoundRule(compiled(rule, Unavailable({"App.owners": unknown})), NOW, None)
    apps = [{"appId": "a", "signInAudience": audience} for audience in ("AzureADMyOrg", "AzureADMultipleOrgs")]
    world = joins.worlds(read(json.dumps(apps)), NOW)[0]
    found = Found()
    bound.functions.check(world.apps, found)
    assert (len(found.passed), len(found.blind), found.opened) == (1, 1, [])


@given(st.text(alphabet="ab*.", max_size=12), st.text(alphabet="ab.", max_size=20))
def test_glob_means_what_it_says(pattern: str, text: str) -> None:
    assert Glob(pattern)(text) == bool(re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL))


def test_glob_is_linear() -> None:
    began = time.perf_counter()
    assert not Glob("*a" * 200 + "b")("a" * 200_000)
    assert time.perf_counter() - began < 5
