"""Fixes in blocks: what a page may say, what a finding gets of it, in each shell, and that it heals what the rule found."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shlex
import stat
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor import body, fix, rulebook, schemas, shell
from auditor.engine.compiled import check
from auditor.errors import RuleError
from auditor.language.logic import MOST_ELEMENTS
from auditor.report.build import fix_of
from auditor.report.fixes import Rendered
from auditor.rulebook import Rule
from auditor.shell import Shell
from auditor.sources.coverage import TenantInfo
from tests import fixes
from tests.fixes import Case
from tests.helpers import regaudit, write

RULES = list(rulebook.shipped())
CONVERTED = [rule for rule in RULES if fixes.kind(rule) != "prose"]
CASES = list(fixes.cases([rule for rule in CONVERTED if fixes.kind(rule) != "manual"]))
DATA = Path(__file__).parent / "data"
SHELLS = pytest.mark.parametrize("to", list(Shell))
BY_CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

PAGE = """# Secret is there

```toml rule
severity   = "low"
each       = "app.secrets as secret"
require    = "len(app.secrets) == 0"
message    = "{secret}"
references = ["https://learn.microsoft.com/x"]
```

Why.

## Fix
FIX

## Examples
```json fail
{ "displayName": "Payroll", "passwordCredentials": [ { "keyId": "k" } ] }
```
"""
APP: dict[str, Any] = {
    "id": "22222222-2222-4222-8222-222222222222", "appId": "11111111-1111-4111-8111-111111111111", "displayName": "Payroll",
    "web": {"redirectUris": ["https://a.contoso.com/", "https://b.contoso.com/it's"]}, "spa": {"redirectUris": []},
    "publicClient": {"redirectUris": []}, "passwordCredentials": [{"keyId": "k-1", "displayName": "ci"}], "signInAudience": "AzureADMyOrg",
}  # fmt: skip


def rule_of(text: str) -> Rule:
    return rulebook.parse(PAGE.replace("FIX", text), "x.md", "x", "a")


def markdown(text: str, **app: Any) -> str:
    """The fix of the one finding, in Markdown."""
    (finding,) = fixes.findings(rule_of(text), json.dumps({**APP, **app}), "2026-01-01")
    return finding.remediation or ""


def rendered(text: str, **app: Any) -> list[Rendered]:
    rule = rule_of(text)
    (finding,) = fixes.findings(rule, json.dumps({**APP, **app}), "2026-01-01")
    return fix_of(finding).commands(Shell.bash)


def graph(body: str, request: str = "PATCH /applications/{app.id}") -> str:
    return f"Do it.\n\n```graph\n{request}\n{body}\n```"


def sent(text: str, **app: Any) -> Any:
    """The body that a finding's request sends."""
    (command,) = rendered(text, **app)
    return json.loads(command.words[-1])


# -- what a page may say

WRONG = [
    ("Do it: `az ad app show --id {app.app_id}`.\n\n```az\naz ad app list\n```", 16, "a command stands in a block of its own"),
    ("Do it: `PATCH /applications/{app.id}`.\n\nThere is no command for this.", 16, "a command stands in a block of its own"),
    ("Do it.\n\n```bash\naz ad app list\n```\n\n```az\naz ad app list\n```", 18, "```az or ```graph"),
    ("Do it.\n\n```az soon\naz ad app list\n```", 18, "```az later"),
    ("Do it.\n\n```az\n\n```", 18, "the block is empty"),
    ("Do it.\n\n```az\naz ad app list\nad app show\n```", 20, "each line of an ```az block is a command"),
    ("Do it.\n\n```az\naz rest --url https://x\n```", 19, "stands in a ```graph block"),
    ("Do it.\n\n```az\naz ad app show --id {app.appid}\n```", 19, "no fact 'appid'"),
    ("Do it.\n\n```az\naz ad app show --id {app.app_id\n```", 19, "'{' is not closed"),
    ("Do it.\n\n```az\naz ad app show --id APP_ID\n```", 19, "capitals and hyphens"),
    ("Do it for APP_ID.\n\n```az\naz ad app list\n```", 16, "capitals and hyphens"),
    ("Do it.\n\n```az\naz ad app show --id <app-id>\n```", 19, "capitals and hyphens"),
    ("Do it.\n\n```az\naz ad app show --id x | cat\n```", 19, "'|' in a command"),
    ("Do it.\n\n```az\naz ad app show --id $(id)\n```", 19, "'$' in a command"),
    ("Do it.\n\n```az\naz ad app show --id %ID%\n```", 19, "'%' in a command"),
    ("Do it.\n\n```az\naz ad app list > ../x.json\n```", 19, "a plain name"),
    ("Do it for {app.nothing}.\n\n```az\naz ad app list\n```", 16, "no fact 'nothing'"),
    ("Do it for {app.\n\n```az\naz ad app list\n```", 16, "not closed"),
    (graph("{}", "PETCH /applications/{app.id}"), 19, "begins with GET, POST"),
    (graph("{}", "PATCH https://graph.microsoft.com/v1.0/applications/{app.id}"), 19, "begins with GET, POST"),
    (graph("{}", "PATCH /v1.0/applications/{app.id}"), 19, "below the version"),
    (graph("{}", "PATCH /applications/{app.nothing}"), 19, "no fact 'nothing'"),
    (graph("{}", "PATCH /applications/{app.id}?a=b&c=d"), 19, "'?' in a command"),
    (graph("", "PATCH /applications/{app.id}"), 19, "PATCH has a body"),
    (graph("{}", "DELETE /applications/{app.id}"), 19, "DELETE has no body"),
    (graph('{"web": {"homePageUrl": }}'), 20, "the body is not JSON"),
    (graph('{"web":\n {"homePageUrl": null,}}'), 21, "the body is not JSON"),
    (graph('["a"]'), 20, "a JSON object"),
    (graph('{"tags": ["{app.nothing}"]}'), 20, "no fact 'nothing'"),
    (graph('{"tags": ["{uri.nothing for uri in app.redirect_uris}"]}'), 20, "no fact 'nothing'"),
    (graph('{"tags": ["{uri for uri in app.redirect_uris}"]}'), 20, "say which of its facts"),
    (graph('{"tags": ["{app.redirect_uris}"]}'), 20, "say which of its facts"),
    (graph('{"tags": ["{uri.value for uri in app.redirect_uris}", "a"]}'), 20, "last in an array"),
    (graph('{"tags": "{uri.value for uri in app.redirect_uris}"}'), 20, "last in an array"),
    (graph('{"tags": ["APP_ID"]}'), 20, "capitals and hyphens"),
    ("There is no command for this.\n\n```az\naz ad app list\n```", 16, "take this line out"),
]


@pytest.mark.parametrize(("text", "line", "says"), WRONG)
def test_a_fix_that_is_written_wrong_names_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(RuleError) as raised:
        check(rule_of(text))
    assert says in str(raised.value)
    # PAGE has the fix on its line 14.
    assert (raised.value.page, raised.value.line) == ("x.md", line - 2)


@pytest.mark.parametrize(
    "line",
    [
        'az "' + "{a}" * 5000,
        "az " + "{" * 20000,
        "az " + "{'" * 20000,
        "az " + "A" * 50000 + "_",
        "az x --id " + "A-" * 20000,
        "az " + '"' * 9999,
    ],
)
def test_no_fix_takes_long_to_read(line: str) -> None:
    """Each of these took time that grows with the square of its length, or faster: the test would not end."""
    for text in (f"Do.\n\n```az\n{line}\n```", graph(f'{{"a": "{line}"}}'), f"{line}\n\nThere is no command for this."):
        with contextlib.suppress(RuleError):
            fix.check(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Rename it: `az ad app list`", "prose"),
        ("Rename it:\n\n```sh\naz ad app list\n```", "prose"),
        ("Rename it.\n\nThere is no command for this.", "manual"),
        ("Rename it.\n\n```az\naz ad app list\n```", "az"),
        (graph("{}"), "graph"),
        ("Look:\n\n```graph\nGET /applications/{app.id}\n```", "az"),
    ],
)
def test_the_kind_of_a_fix(text: str, kind: str) -> None:
    check(rule_of(text))
    assert fix.kind(text) == kind


def test_every_page_says_what_it_is() -> None:
    """Prose is for pages of users."""
    assert not {rule.id for rule in RULES if fixes.kind(rule) == "prose"}, "write the fix in blocks: docs/writing-rules.md"


# -- what a finding gets


def test_values_are_filled_in() -> None:
    text = markdown("Open {app.display_name}.\n\n```az\naz ad app credential delete --id {app.app_id} --key-id {secret.key_id}\n```")
    assert text == ("Open Payroll.\n\n```az\naz ad app credential delete --id 11111111-1111-4111-8111-111111111111 --key-id k-1\n```")


def test_what_is_not_known_is_a_placeholder() -> None:
    unknown: dict[str, Any] = {"appId": None, "id": None}
    (command,) = rendered("Do.\n\n```az\naz ad app show --id {app.app_id}\n```", **unknown)
    assert command.lines == ("az ad app show --id APP-ID",)
    assert command.missing == ("APP-ID",)
    (command,) = rendered(graph('{"displayName": "x", "tags": ["{secret.display_name}"]}'), **unknown, passwordCredentials=[{"keyId": "k"}])
    assert command.missing == ("OBJECT-ID", "DISPLAY-NAME")


def test_a_body_has_facts_of_their_kind() -> None:
    text = graph(
        '{"isFallbackPublicClient": "{app.multi_tenant}", "displayName": "{app.display_name}", "notes": "of {app.display_name} {now:date}", '
        '"{app.display_name}": {"a": [1, {"b": null}]}}'
    )
    assert sent(text, displayName='a"b\\c\'é\n$(id)') == {
        "isFallbackPublicClient": False, "displayName": 'a"b\\c\'é\n$(id)', "notes": 'of a"b\\c\'é\n$(id) 2026-01-01',
        'a"b\\c\'é\n$(id)': {"a": [1, {"b": None}]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("array", "want"),
    [
        ('["{uri.value for uri in app.redirect_uris}"]', ["https://a.contoso.com/", "https://b.contoso.com/it's"]),
        ('["x",\n  "{uri.value for uri in app.redirect_uris}" ]', ["x", "https://a.contoso.com/", "https://b.contoso.com/it's"]),
        ("""["x", "{uri.value for uri in app.redirect_uris if uri.host == 'a.contoso.com'}"]""", ["x", "https://a.contoso.com/"]),
        ("""["x", "{uri.value for uri in app.redirect_uris if uri.platform == 'spa'}"]""", ["x"]),
        ("""["{uri.value for uri in app.redirect_uris if uri.platform == 'spa'}"]""", []),
        ('["{uri.port is None for uri in app.redirect_uris}"]', [True, True]),
    ],
)
def test_a_list_that_is_written_as_a_whole(array: str, want: list[Any]) -> None:
    assert sent(graph(f'{{"web": {{"redirectUris": {array}}}}}')) == {"web": {"redirectUris": want}}


@pytest.mark.parametrize(
    "change",
    [
        {"spa": {}},  # of a platform nothing is known
        {"web": None, "spa": None},
        {"web": {"redirectUris": ["https://a.contoso.com/", "https://b.contoso.com/?code=s3cr3t"]}},
        {"web": {"redirectUris": ["https://me:s3cr3t@b.contoso.com/"]}},
    ],
)
def test_a_list_that_is_not_wholly_known_or_shown_stays_a_placeholder(change: dict[str, Any]) -> None:
    app = {key: value for key, value in {**APP, **change}.items() if value is not None}
    text = graph('{"web": {"redirectUris": ["https://new.contoso.com/", "{uri.value for uri in app.redirect_uris}"]}}')
    rule = rule_of(text)
    (finding,) = fixes.findings(rule, json.dumps(app), "2026-01-01")
    (command,) = fix_of(finding).commands(Shell.bash)
    assert json.loads(command.words[-1]) == {"web": {"redirectUris": ["https://new.contoso.com/", "ALL-URIS-TO-KEEP"]}}
    assert command.missing == ("ALL-URIS-TO-KEEP",)
    assert "s3cr3t" not in str(command)


def test_a_long_list_is_not_written_out() -> None:
    uris = [f"https://app.contoso.com/{number}" for number in range(MOST_ELEMENTS + 1)]
    text = graph('{"web": {"redirectUris": ["{uri.value for uri in app.redirect_uris}"]}}')
    assert sent(text, web={"redirectUris": uris}) == {"web": {"redirectUris": ["ALL-URIS-TO-KEEP"]}}
    assert sent(text, web={"redirectUris": uris[1:]}) == {"web": {"redirectUris": uris[1:]}}
    assert sent(text, web={"redirectUris": ["https://app.contoso.com/" + "x" * 500]}) == {"web": {"redirectUris": ["ALL-URIS-TO-KEEP"]}}


def test_a_day_from_now_on() -> None:
    (command,) = rendered("Do.\n\n```az\naz ad app credential reset --id {app.app_id} --append --end-date {days(180):from-now}\n```")
    assert command.words[-1] == "2026-06-30"
    text = "Do.\n\n```az\naz ad app credential reset --id x --append --end-date {days(900000000):from-now}\n```"
    assert rendered(text)[0].words[-1] == "9999-12-31"


def test_prose_begins_no_block() -> None:
    text = markdown("{app.display_name}\n\n```az\naz ad app list\n```", displayName="```az later\naz ad app delete --id x\n```")
    assert [type(part).__name__ for part in fix.parts(text)] == ["Prose", "Command"]


@pytest.mark.parametrize(
    ("info", "root"),
    [
        ({}, "https://graph.microsoft.com"),
        ({"graph": "https://dod-graph.microsoft.us", "portal": "https://entra.microsoft.us"}, "https://dod-graph.microsoft.us"),
        ({"portal": "https://entra.microsoftonline.cn"}, "https://microsoftgraph.chinacloudapi.cn"),  # a snapshot of an earlier version
        ({"portal": "https://entra.microsoft.us"}, "https://GRAPH-HOST"),
        ({"graph": "https://graph.fabrikam.com"}, "https://GRAPH-HOST"),
        ({"graph": "https://x/$(id)"}, "https://GRAPH-HOST"),
    ],
)
def test_the_cloud_of_a_tenant(info: dict[str, str], root: str) -> None:
    rule = rule_of(graph("{}"))
    (finding,) = fixes.findings(rule, json.dumps(APP), "2026-01-01")
    finding.tenant_id = "t"
    (command,) = fix_of(finding, [TenantInfo("t", **info)]).commands(Shell.bash)  # type: ignore[arg-type]
    assert command.words[5].startswith(f"{root}/v1.0/")
    assert ("GRAPH-HOST" in command.missing) is ("GRAPH-HOST" in root)


# -- in each shell

WORDS = [
    "az",
    "ad",
    "app",
    "update",
    "--id",
    "x",
    "--query",
    "[].{a: b}",
    "@api.json",
    "it's",
    "a b",
    "Scope=Role",
    "https://x/$ref",
    "a,b",
]


def test_words_in_bash() -> None:
    assert shlex.split(shell.line(WORDS, Shell.bash)) == WORDS
    script = f"for word in {shell.line(WORDS, Shell.bash)}; do printf '%s\\n' \"$word\"; done"
    assert subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines() == WORDS


def test_words_in_windows_shells() -> None:
    assert fixes.arguments(shell.line(WORDS, Shell.cmd)) == WORDS
    line = shell.line(WORDS, Shell.powershell)
    found = [quoted.replace("''", "'") or bare for quoted, bare in re.findall(r"'((?:[^']|'')*)'|([^\s']+)", line)]
    assert found == WORDS
    assert not re.search(r"[@$,{}\[\]]", re.sub(r"'(?:[^']|'')*'", "", line)), "PowerShell obeys these outside of quotes"


HOSTILE = [
    "@C:/x",
    "-h",
    "%USERPROFILE%",
    '"&calc&"',
    "$(id)",
    "`id`",
    "a\nb",
    "a\r\nb",
    "it's",
    'a"b',
    "{app}",
    "!x!",
    "^&",
    "\u2019; id",
    "|id",
]
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20), st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=3).map(" ".join))
EVERYWHERE = """Open {app.display_name}.

```az
az ad app credential delete --id {app.app_id} --key-id {secret.key_id} --query "x {secret.display_name} y"
az ad app show --id {app.display_name} > app.json
```

```graph
PATCH /applications/{app.id}/x/{secret.key_id}
{"displayName": "{app.display_name}", "{secret.display_name}": "a {app.display_name} b", "tags": ["{one.display_name for one in app.secrets}"]}
```
"""
OF_EVERYWHERE = rule_of(EVERYWHERE)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=NAMES, key=NAMES, description=NAMES)
def test_hostile_values_come_into_no_command_of_any_shell(name: str, key: str, description: str) -> None:
    app = {**APP, "displayName": name, "passwordCredentials": [{"keyId": key, "displayName": description}]}
    (finding,) = fixes.findings(OF_EVERYWHERE, json.dumps(app), "2026-01-01")
    for to in Shell:
        *_, request = commands = fix_of(finding).commands(to)
        lines = [line for command in commands for line in command.lines]
        for line in lines:
            assert line.isascii()
            assert line.isprintable()
            for value in (name, key, description):
                if (
                    not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._~:/ -]*|[A-Za-z0-9 ._~:/-]?|\\+", value) and value.strip()
                ):  # \\ begins escapes
                    is_plain = re.fullmatch(r"[A-Za-z0-9._~:/ -]*", value) is not None  # within a text nobody obeys it
                    assert not any(value == piece if is_plain else value in piece for piece in fixed(line)), (value, line)
        if to is Shell.cmd:
            for line in lines:
                fixes.arguments(line.replace(" > app.json", "").removeprefix(">"))
        elif to is Shell.powershell:
            assert all(line.count("'") % 2 == 0 for line in lines)
            assert not any(re.search(r"[$`&|;<()@#{}]", re.sub(r"'[^']*'", "", line.replace(" > app.json", ""))) for line in lines)
        else:
            assert shlex.split(lines[-1]) == list(request.words)
            sent = json.loads(request.words[-1])
            assert sent.get("displayName") in (name, "DISPLAY-NAME", "APP-DISPLAY-NAME")


def fixed(line: str) -> list[str]:
    """The pieces of a line between what a page itself has in it."""
    return re.split(
        r"--[a-z-]+|Content-Type=application/json|@fix-\w+(?:-\d)?\.json|^>+\S+|' *| *'|[\"{}\[\],]| > app.json|-Encoding|-Path|-Value|-Content",
        line,
    )


@pytest.mark.parametrize("value", ["x\n```\n\n```az\naz ad app delete --id y", "`id`", "$(id)", '"; calc', "-h", "@C:/x"])
def test_a_report_that_somebody_has_changed_ends_no_block(value: str) -> None:
    (finding,) = fixes.findings(OF_EVERYWHERE, json.dumps(APP), "2026-01-01")
    assert finding.template is not None
    finding.values = dict.fromkeys(finding.values, value)
    before = [part for part in fix.parts(finding.template.text) if not isinstance(part, fix.Prose)]
    after = [part for part in fix.parts(finding.remediation or "") if not isinstance(part, fix.Prose)]
    assert len(before) == len(after)
    for part in after:
        if isinstance(part, fix.Command):
            assert value not in part.text
        else:
            json.loads(part.body)


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_text_in_a_body_means_what_it_says(text: str) -> None:
    shown = body.dump({"a": [text, 1, None, True, {}], text: {}})
    assert json.loads(shown) == {"a": [text, 1, None, True, {}], text: {}}
    assert re.fullmatch(r'[A-Za-z0-9 ._~:/"{}\[\],\\-]*', shown)


def test_a_long_body_is_written_in_lines_that_cmd_takes() -> None:
    value = {"web": {"redirectUris": [f"https://app.contoso.com/{number}" for number in range(500)]}}
    lines = list(shell.written(value, "fix-1.json", Shell.cmd))
    assert max(map(len, lines)) < 2500
    assert json.loads("".join(re.sub(r"^>>?fix-1\.json echo ", "", line) for line in lines)) == value
    assert [line.count(">") for line in lines] == [1] + [2] * (len(lines) - 1)


@pytest.fixture
def stub(tmp_path: Path) -> dict[str, str]:
    """An `az` that writes its arguments, as JSON, to the file `calls`."""
    program = tmp_path / "bin" / "az"
    program.parent.mkdir()
    program.write_text(
        "#!/usr/bin/env python3\nimport json, sys\n"
        f"open({str(tmp_path / 'calls')!r}, 'a').write(json.dumps(['az', *sys.argv[1:]]) + chr(10))\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def calls(folder: Path) -> list[list[str]]:
    file = folder / "calls"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


AZ = """az() {
  local word
  for word in az "$@"; do
    if [[ $word == @fix-* ]]; then printf '%s\\0' "$(cat "${word#@}")"; else printf '%s\\0' "$word"; fi
  done
  printf '\\n\\0'
}
"""  # says what it was given


def given_in_bash(folder: Path, commands: list[Rendered]) -> list[list[str]]:
    script = AZ + "\n".join(line for command in commands for line in command.lines)
    done = subprocess.run(["bash", "-eu"], input=script, capture_output=True, text=True, check=True, cwd=folder)
    return [call.split("\0")[:-1] for call in done.stdout.split("\n\0")[:-1]]


@pytest.mark.skipif(os.name == "nt", reason="runs bash")
def test_bash_gives_az_what_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = [command for case in CASES for command in fixes.commands(case) if not re.search(" > ", command.lines[-1])]
    meant = [list(command.words) for command in commands]
    assert given_in_bash(tmp_path, commands) == meant
    monkeypatch.setattr(shell, "_LONGEST_ARGUMENT", 10)  # bodies in files
    in_files = [command for case in CASES for command in fixes.commands(case) if not re.search(" > ", command.lines[-1])]
    assert any(len(command.lines) > 1 for command in in_files)
    assert given_in_bash(tmp_path, in_files) == meant


WORST = ["@C:/x", "-h", "%USERPROFILE%", '"&calc&"', "$(id)"]


def planted(value: Any, hostile: str) -> Iterator[Any]:
    """Copies of an example, each with another one of its texts replaced."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        for changed in [hostile] if isinstance(member, str) else planted(member, hostile):
            copy = value.copy()
            copy[key] = changed
            yield copy


@pytest.mark.slow
def test_the_worst_values_come_into_no_command_of_any_page() -> None:
    """Wherever an example of a page has a text, in turn."""
    values, seen = itertools.cycle(WORST), Counter[str]()
    for case in {case.rule.id: case for case in CASES}.values():
        for text in map(json.dumps, planted(json.loads(case.text), "PLANTED")):
            hostile = next(values)
            rows = fixes.findings(case.rule, text.replace('"PLANTED"', json.dumps(hostile)), case.example.as_of)
            for command in (command for row in rows for to in Shell for command in fix_of(row).commands(to)):
                assert not any(value in line for line in command.lines for value in WORST if value != "-h"), (case.name, command.lines)
                assert "-h" not in command.words, (case.name, command.lines)
                seen[hostile] += 1
    assert all(seen[value] > 500 for value in WORST), seen


# -- the script

CARELESS = [
    APP | {"web": {"redirectUris": ["http://a.contoso.com/"]}, "passwordCredentials": [
        {"keyId": f"k-{name}", "displayName": name, "endDateTime": "2024-01-31T00:00:00Z"} for name in ("one", "$(touch pwned)")]},
    APP | {"id": "33333333-2222-4222-8222-222222222222", "appId": "44444444-2222-4222-8222-222222222222", "displayName": "%PATH%\r\ncalc & `id` $(id)",
           "passwordCredentials": [{"keyId": "-h", "displayName": "x", "endDateTime": "2024-01-31T00:00:00Z"}]},
]  # fmt: skip
SCAN = ("scan", "apps.json", "--select", "secret-expired,redirect-http", "--as-of", "2026-01-01", "--fix-script")


@pytest.mark.skipif(os.name == "nt", reason="runs bash")
def test_the_script_prints_its_commands_and_runs_them_only_when_told_to(
    tmp_path: Path, stub: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "apps.json", CARELESS)
    assert regaudit(*SCAN, "fixes.sh", "--shell", "bash").code == 1
    dry = subprocess.run(["bash", "fixes.sh"], env=stub, check=True, capture_output=True, text=True)
    assert not calls(tmp_path)
    subprocess.run(["bash", "fixes.sh"], env={**stub, "REGAUDIT_RUN": "1"}, check=True)
    found = calls(tmp_path)
    assert [shlex.split(line) for line in dry.stdout.splitlines()] == found
    # Of each registration one new secret; what deletes, or is to be filled in, is left to the reader.
    assert Counter(tuple(words[1:4]) for words in found) == {("ad", "app", "credential"): 2}
    assert [words[words.index("--id") + 1] for words in found] == [app["appId"] for app in CARELESS]
    assert not (tmp_path / "pwned").exists()
    text = (tmp_path / "fixes.sh").read_text()
    assert "# az ad app credential delete --id 11111111-1111-4111-8111-111111111111 --key-id k-one" in text
    assert "# not run, fill in KEY-ID:" in text
    assert "# not run, fill in HTTPS-URI:" in text


@SHELLS
def test_a_script_has_nothing_hostile_in_it(tmp_path: Path, to: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "apps.json", CARELESS)
    for _ in range(2):  # ours may be written again
        assert regaudit(*SCAN, "fixes", "--shell", to).code == 1
    raw = (tmp_path / "fixes").read_bytes()
    text = raw.decode("utf-8-sig")
    for hostile in ("$(id)", "%PATH%", "`id`", "& ", "$(touch", " -h"):
        assert hostile not in "\n".join(line for line in text.splitlines() if "$program" not in line), hostile
    lines = text.splitlines()
    comment = "rem - " if to is Shell.cmd else "# "
    assert sum(line.startswith(f"{comment}az ad app credential delete") for line in lines) == 3
    assert sum("secret-expired (high)" in line for line in lines) == 3
    if to is Shell.cmd:
        assert raw.isascii()
        assert all(line.startswith(("@echo off", "rem ", "echo az ", 'if "%REGAUDIT_RUN%"=="1" ')) or not line for line in lines)
        assert all(" call az " in line for line in lines if line.startswith("if ") and " az " in line)
    if to is not Shell.bash:
        assert raw.count(b"\r\n") == raw.count(b"\n")


@SHELLS
def test_the_worst_values_come_into_no_script(tmp_path: Path, to: Shell) -> None:
    apps = [
        {**APP, "id": f"{number}2222222-2222-4222-8222-222222222222", "appId": f"{number}1111111-1111-4111-8111-111111111111",
         "displayName": value, "identifierUris": [f"https://x/{value}", value],
         "web": {"redirectUris": [f"http://a.contoso.com/{value}", value]}, "notes": value,
         "passwordCredentials": [{"keyId": value, "displayName": value, "endDateTime": "2024-01-31T00:00:00Z"}]}
        for number, value in enumerate(WORST)
    ]  # fmt: skip
    file = tmp_path / "fixes"
    scan = ("scan", write(tmp_path / "apps.json", apps), "--profile", "strict", "--select", "ALL", "--shell", to, "--fix-script", file)
    assert regaudit(*scan, "--as-of", "2026-01-01").code == 1
    lines = file.read_text("utf-8-sig").splitlines()
    assert sum("az " in line for line in lines) > 15
    for line in lines:
        assert not any(value in line for value in WORST if value != "-h"), line
        assert not re.search(r"\s-h\b", re.sub(r"^(?:#|rem) .*", "", line)), line


def test_a_script_takes_the_place_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "apps.json", CARELESS)
    before = (tmp_path / "apps.json").read_bytes()
    ran = regaudit(*SCAN, "apps.json")
    assert (ran.code, ran.out) == (2, "")
    assert "take the place of its own input" in ran.err
    assert (tmp_path / "apps.json").read_bytes() == before
    ran = regaudit(*SCAN, "r.json", "--output-format", "json=r.json")
    assert ran.code == 2
    assert "two" in ran.err
    assert regaudit(*SCAN, "no/such/folder").code == 2


def test_two_findings_do_not_write_one_list_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    uri = "https://global.consent.azure-apim.net/redirect/{}-5f0123456789abcdef"
    settings = {"identityProvider": "aad", "clientId": APP["appId"], "redirectMode": "GlobalPerConnector"}
    for name in ("orders", "stock"):
        parameters = {"token": {"type": "oauthSetting", "oAuthSettings": {**settings, "redirectUrl": uri.format(name)}}}
        write(tmp_path / "in" / name / "apiProperties.json", {"properties": {"connectionParameters": parameters}})
    write(tmp_path / "in" / "app.json", APP)
    ran = regaudit("scan", "in", "--select", "connector-redirect-unregistered", "--fix-script", "fixes.sh", "--shell", "bash")
    assert ran.code == 1
    lines = (tmp_path / "fixes.sh").read_text().splitlines()
    assert sum(line.startswith("run az rest --method PATCH") for line in lines) == 1
    assert sum("sets the same: scan again" in line for line in lines) == 1


def test_each_finding_has_its_commands_on_lines_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "apps.json", CARELESS)
    for to, program in ((Shell.bash, "az rest"), (Shell.powershell, "Set-Content"), (Shell.cmd, ">fix-")):
        lines = regaudit(*SCAN[:-1], "--shell", to).out.splitlines()
        assert sum(line.strip().startswith("az ad app credential reset") for line in lines) == 2
        assert sum(line.strip().startswith("az ad app credential delete") for line in lines) == 3
        assert any(line.strip().startswith(program) for line in lines), to


# -- proof


@BY_CASE
def test_azure_cli_takes_every_command(case: Case) -> None:
    commands = fixes.commands(case)
    assert commands
    for command in commands:
        assert not fixes.why_not(list(command.words)), command.lines


@pytest.mark.parametrize(
    "line",
    ["az ad app nothing", "az ad app update --id x --bogus y", "az ad app update --sign-in-audience AzureADMyOrg", "az ad app show --id",
     "az ad app update --id x --sign-in-aud AzureADMyOrg", "az rest --method PETCH --url x"],
)  # fmt: skip
def test_what_azure_cli_refuses_is_seen(line: str) -> None:
    assert fixes.why_not(line.split())


TYPES = {
    "applications": "application", "servicePrincipals": "servicePrincipal", "federatedIdentityCredentials": "federatedIdentityCredential",
    "oauth2PermissionGrants": "oauth2PermissionGrant", "appRoleAssignments": "appRoleAssignment", "appRoleAssignedTo": "appRoleAssignment",
    "authenticationBehaviors": "authenticationBehaviors", "deletedItems": "application", "authorizationPolicy": "authorizationPolicy",
    "removePassword": "passwordCredential", "adminConsentRequestPolicy": "adminConsentRequestPolicy", "defaultAppManagementPolicy": "defaultAppManagementPolicy",
    "roleAssignments": "unifiedRoleAssignment", "groups": "group", "teamsAppSettings": "teamsAppSettings",
    "appsAndServices": "appsAndServicesSettings", "riskyServicePrincipals": "riskyServicePrincipal",
    "appManagementPolicies": "appManagementPolicy", "delegatedPermissionClassifications": "delegatedPermissionClassification",
    "appConsentRequests": "appConsentRequest", "conditionalAccess": "conditionalAccessPolicy",
}  # fmt: skip
SCHEMA = schemas.load("objects")
# Members of Graph's types that rules do not read.
DOCUMENTED = {"/claimsMatchingExpression/languageVersion", "/signInAudienceRestrictions/isHomeTenantAllowed"}


def unknown_members(value: Any, of: dict[str, Any], at: str = "") -> list[str]:
    """Members that Graph's type does not have, at any depth."""
    if "$ref" in of:
        return unknown_members(value, SCHEMA["$defs"][of["$ref"].rpartition("/")[2]], at)
    for choice in of.get("anyOf", of.get("oneOf", [])):
        if choice.get("type") != "null":
            return unknown_members(value, choice, at)
    if isinstance(value, list):
        return [name for one in value for name in unknown_members(one, of.get("items", {}), at)]
    if not isinstance(value, dict) or "properties" not in of:
        return []
    return [
        name
        for key, member in value.items()
        for name in (unknown_members(member, of["properties"][key], f"{at}/{key}") if key in of["properties"] else [f"{at}/{key}"])
    ]


@BY_CASE
def test_bodies_are_of_the_types_of_microsoft_graph(case: Case) -> None:
    for command in fixes.commands(case):
        words = list(command.words)
        if words[1] != "rest":
            continue
        segments = re.split(r"/(?:v1\.0|beta)/", words[words.index("--url") + 1])[1].partition("?")[0].split("/")
        named = [segment for segment in segments if segment in TYPES]
        assert named, segments
        if "--body" in words and not words[-1].startswith("@"):
            sent = json.loads(words[-1])
            if segments[-1] == "$ref":
                assert sent.keys() == {"@odata.id"}
                continue
            sent = sent["settings"] if segments[-1] == "appsAndServices" else sent
            type_ = SCHEMA["$defs"][TYPES[named[-1]]]
            assert not {*unknown_members(sent, type_)} - DOCUMENTED
            if not command.missing:
                jsonschema.Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{TYPES[named[-1]]}"}).validate(sent)


def test_a_member_that_is_not_of_the_type_is_seen() -> None:
    application = SCHEMA["$defs"]["application"]
    assert unknown_members({"web": {"redirectUris": []}, "spaa": {}, "api": {"x": 1}}, application) == ["/spaa", "/api/x"]


@pytest.mark.no_cover
@BY_CASE
def test_a_fix_heals_what_the_rule_found_and_breaks_nothing_else(case: Case) -> None:
    if case.rule.id in fixes.NOT_SIMULATED:
        pytest.skip(fixes.NOT_SIMULATED[case.rule.id])
    still, new = fixes.simulated(case)
    assert not still
    assert not new


def test_what_is_not_simulated_is_a_page_in_blocks() -> None:
    assert {*fixes.NOT_SIMULATED} <= {rule.id for rule in CONVERTED}
    assert all(fixes.NOT_SIMULATED.values())


def test_fixes_are_counted(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m tests.fixes`: what is printed is what was counted."""
    some = [rule for rule in RULES if rule.area == "tenant"]
    monkeypatch.setattr(rulebook, "shipped", lambda: some)
    fixes.main()
    kinds = Counter(fixes.kind(rule) for rule in some)
    printed = capsys.readouterr().out
    assert printed.startswith(f"{len(some)} pages: {kinds['graph']} change something by a request")
    assert " 0 refused" in printed
    assert " 0 not as they should be" in printed
