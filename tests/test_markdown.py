"""Rule pages as text for a terminal, and severities in words."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import rulebook
from auditor.diagnose import about
from auditor.language import words
from auditor.markdown import Line, inline, lines, wrap
from auditor.rulebook import Rule
from auditor.severity import SEVERITIES
from auditor.shell import Shell
from tests.helpers import regaudit

RULES = list(rulebook.shipped())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Open **App registrations** > Payroll", "Open App registrations > Payroll"),
        ("**Web**, **SPA**.", "Web, SPA."),
        ("set `spa` and `a b`", 'set spa and "a b"'),
        ('set `{"a": "b c"}`', 'set {"a": "b c"}'),
        ("see [the page](https://x.example/a) or <https://y.example>", "see the page (https://x.example/a) or https://y.example"),
        ("`**not bold**` `[a](https://b)`", '"**not bold**" [a](https://b)'),
        ("replace https://**.contoso.com/** and https://*.contoso.com/*", "replace https://**.contoso.com/** and https://*.contoso.com/*"),
        ("**https://*.contoso.com**", "https://*.contoso.com"),
        ("a ** b ** c", "a ** b ** c"),
        ("a ` b", "a ` b"),
    ],
)
def test_marks_are_taken_out(text: str, shown: str) -> None:
    assert inline(text) == shown


def test_blocks() -> None:
    text = "Do this,\nand **that**.\n\n1. One\n   and more.\n2. Two\n\n- `x`\n\n# Head\nText.\n\n```json\n{ \"a\":  1 }\n\n  b\n```\nEnd.\n| a | b |\n|---|---|\n"  # fmt: skip
    assert list(lines(text)) == [
        Line("Do this, and that."), Line(""), Line("1. One and more.", 3), Line("2. Two", 3), Line(""), Line("- x", 2), Line(""),
        Line("Head"), Line(""), Line("Text."), Line(""), Line('{ "a":  1 }', is_code=True), Line("", is_code=True), Line("  b", is_code=True),
        Line(""), Line("End."), Line("| a | b |", is_code=True), Line("|---|---|", is_code=True),
    ]  # fmt: skip


def test_lines_are_as_wide_as_the_terminal_and_commands_are_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    command = "az ad app update --id 11111111-1111-4111-8111-111111111111 --display-name x"
    shown = list(wrap(lines(f"1. {'word ' * 20}\n\nRun `{command}`.\n\n```sh\n{command}\n```"), "  "))
    assert shown[1].startswith("     word")
    assert [line for line in shown if len(line) > 40] == [f'  "{command}".', f"  {command}"]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab `*#[]()<>-+=@:|1.\n\t\x1b\u202e/hps", max_size=120))
def test_nothing_that_is_obeyed_comes_out(text: str) -> None:
    for line in wrap(lines(text), "  "):
        assert line.isprintable()
        assert not re.search(r"##(?:vso)?\[|^\s*::", line)


def test_no_mark_is_left_of_any_page() -> None:
    for rule in RULES:
        for text in (rule.why, rule.fix):
            for line in lines(re.sub(r"\{(?!\{)[^{}]*\}", "X", text)):
                assert line.is_code or not re.search(r"\*\*|`|\]\(", line.text), (rule.id, line.text)


# -- what a rule is about


@pytest.mark.parametrize(
    ("severity", "said"),
    [
        ("high", "high"),
        ("high if app.privileged else low", "high if the registration has a tier 0 application permission, else low"),
        ("high if not app.privileged else low", "high if the registration has no tier 0 application permission, else low"),
        ("low if a.enabled else high if b.expired else info", "low if the a is enabled; high if the b has expired; else info"),
        ("high if len(app.secrets) > 0 else low", "high if the registration has a client secret, else low"),
        ("high if not any(s.expired for s in app.secrets) else low", "high if every client secret of the registration has not expired, else low"),
        ("high if not all(s.expired for s in app.secrets) else low", "high if a client secret of the registration has not expired, else low"),
        (
            "high if any(s.end is None or s.end - now > days(most) for s in app.secrets) else low",
            "high if a client secret of the registration does not expire within 30 days, else low",
        ),
        ("high if not any(s.end is None or s.end > now for s in app.secrets) else low", "high if every client secret of the registration has expired, else low"),
        ("high if a.end is None or b.end > now else low", "high if the end of the a is not set, or the end of the b is in the future, else low"),
        # What only says that a fact is there is left out where another part speaks of it, and nowhere else.
        ("high if a.b is not None and a.b.c == 'd' else low", "high if the c of the b of the a is 'd', else low"),
        ("high if not (a.b is not None and a.b.c == 'd') else low", "high if the b of the a is not set, or the c of the b of the a is not 'd', else low"),
        ("high if a.b is not None and a.bc == 'd' else low", "high if the b of the a is set and the bc of the a is 'd', else low"),
        ("high if a.kind != 'delegated' else low", "high if the a is not a delegated permission, else low"),
        ("high if a.port != b.port else low", "high if the a has another port than the b, else low"),
        (
            "high if any(all(s.id != id for s in app.scopes) for id in a.permission_ids) else low",
            "high if a preauthorized permission of the a is the ID of no scope of the registration, else low",
        ),
        ("high if any(x.lower().startswith('y') for x in a.audiences) else low", "high if an audience of the a begins with 'y', else low"),
        (
            "high if app.privileged and (a.enabled or a.expired) else low",
            "high if the registration has a tier 0 application permission and (the a is enabled, or it has expired), else low",
        ),
        (
            "high if any(s.valid for s in app.secrets) or any(s.valid for s in app.secrets) else low",
            "high if a client secret of the registration is valid, or a client secret of the registration is valid, else low",
        ),
        # No words: as it is written, with all that it takes to be read rightly.
        ("high if a.b + 1 > 2 and app.privileged else low", "high if `a.b + 1 > 2` and the registration has a tier 0 application permission, else low"),
        ("high if any(x.y.z() for x in app.secrets) else low", "high if `any((x.y.z() for x in app.secrets))`, else low"),
        ("high if any(x.valid for x in app.secrets if x.end > 1) else low", "high if `any((x.valid for x in app.secrets if x.end > 1))`, else low"),
        ("high if", "`high if`"),
    ],
)  # fmt: skip
def test_a_severity_in_words(severity: str, said: str) -> None:
    assert words.severity(severity, {"most": 30}) == said


def test_severities_of_all_pages_are_said_in_words() -> None:
    written = {rule.id for rule in RULES if "`" in words.severity(rule.severity, rule.params)}
    assert not written, "say it in auditor/language/words.py"
    for rule in RULES:
        levels = [sorted(word for word in re.findall(r"[a-z]+", said) if word in SEVERITIES) for said in _severities(rule)]
        assert levels[0] == levels[1], rule.id


def _severities(rule: Rule) -> tuple[str, str]:
    """As it is said, and as it is written."""
    return words.severity(rule.severity, rule.params), re.sub(r"'[^']*'", "", rule.severity)


@pytest.mark.parametrize("rule", RULES[::8], ids=lambda rule: rule.id)
def test_explain_fits_into_a_terminal(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ran = regaudit("explain", rule.id, "--shell", "powershell")
    assert (ran.code, ran.err) == (0, "")
    told = about.about(rule)
    assert told.failing
    assert told.failing.message
    whole = {line for command in told.failing.fix.commands(Shell.powershell) for line in command.lines}
    for line in ran.out.splitlines():
        assert len(line) <= 80 or line.strip() in whole or "://" in line or line.lstrip().startswith('"'), line
        assert not re.search(r"\*\*|```", line)
    assert all(f"  {line}" in ran.out.splitlines() for line in whole)
    printed = regaudit("explain", rule.id, "--shell", "powershell", "--output-format", "json").json
    assert printed["severity_in_words"] == told.severity
    assert [one["collection"] for one in printed["reads"]] == [one.collection for one in told.readings]
    assert printed["example"]["message"] == told.failing.message
    assert whole == {line for command in printed["example"]["commands"] for line in command.split("\n")}
    json.loads(printed["example"]["text"])
