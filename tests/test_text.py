"""The text report of many findings: short, the worst first, grouped as the reader wants it, and every number adds up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from auditor.report.paint import STYLES
from tests.helpers import regaudit, write

TODAY = ("--as-of", "2026-01-01")
ROLE = {"id": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", "type": "Role"}  # of tier 0
GRAPH = "00000003-0000-0000-c000-000000000000"


def app(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{number:08d}-1111-4111-8111-111111111111", "appId": f"{number:08d}-2222-4222-8222-222222222222", "displayName": f"App {number}",
        "web": {"redirectUris": ["http://a.contoso.com/cb", "https://*.contoso.com/cb"]}, "owners": [{"id": "u", "userPrincipalName": "ann@contoso.com"}],
        **more,
    }  # fmt: skip


@pytest.fixture
def many(tmp_path: Path) -> Path:
    apps = [app(number) for number in range(1, 41)]
    apps[39]["requiredResourceAccess"] = [{"resourceAppId": GRAPH, "resourceAccess": [ROLE]}]
    apps[38]["owners"] = [{"id": "v", "userPrincipalName": "bob@contoso.com"}, {"id": "u", "userPrincipalName": "ann@contoso.com"}]
    return write(tmp_path / "apps.json", {"value": apps})


def test_many_findings_are_examples_and_a_line_for_each_rule(many: Path) -> None:
    ran = regaudit("scan", many, *TODAY)
    lines = ran.out.splitlines()
    assert len(lines) <= 60
    assert "First: App 40 (00000040-2222-4222-8222-222222222222) has powerful permissions and a way in (`regaudit overview`)." in lines
    assert not [line for line in lines if line.startswith("  fix")]
    sections = [
        int(number.replace(",", "")) for number in re.findall(r"^\w+ [\w-]+  .*\((\d[\d,]*)(?: on \d+ objects?)?\)", ran.out, re.MULTILINE)
    ]
    table = [int(line.split()[1].replace(",", "")) for line in lines if re.match(r"(critical|high|medium|low|info) +\d", line)]
    severities = next(line for line in lines if line.startswith("Findings: "))
    assert sum(sections) + sum(table) == sum(int(number) for number in re.findall(r"(\d+) (?:critical|high|medium|low|info)", severities))


def test_what_is_within_reach_comes_first(many: Path) -> None:
    ran = regaudit("scan", many, *TODAY, "--select", "redirect-http,perm-tier0-requested")
    lines = ran.out.splitlines()
    for head in (
        "high redirect-http  Redirect URI does not use https  (40)",
        "high perm-tier0-requested  ",
    ):
        (at,) = [number for number, line in enumerate(lines) if line.startswith(head)]
        assert lines[at + 1] == "  App 40 (00000040-2222-4222-8222-222222222222)"


def test_verbose_and_limit_show_findings_with_fixes(many: Path) -> None:
    short = regaudit("scan", many, *TODAY, "--select", "redirect-http,redirect-wildcard").out
    assert "fix" not in short.partition("-v or --limit")[0]
    for options, shown in ((("-v",), 20), (("--limit", "3"), 3), (("--limit", "0"), 40)):
        ran = regaudit("scan", many, *TODAY, "--select", "redirect-http,redirect-wildcard", *options).out
        assert len(re.findall(r"^    .*http://a\.contoso\.com/cb does not use https", ran, re.MULTILINE)) == shown
        assert "  fix (App" in ran


@pytest.mark.parametrize(
    ("by", "first"), [("app", "high App 40 (00000040-2222-4222-8222-222222222222)  "), ("owner", "high ann@contoso.com  ")]
)
def test_grouped(many: Path, by: str, first: str) -> None:
    ran = regaudit("scan", many, *TODAY, "--select", "redirect-http,perm-tier0-requested", "--group-by", by)
    heads = [line for line in ran.out.splitlines() if re.match(r"(critical|high|medium|low|info) \S+.*  \d", line)]
    assert heads[0].startswith(first)
    if by == "owner":
        assert heads[0].endswith("41 high on 40 objects")
        assert "high bob@contoso.com  1 high on 1 object" in heads


def test_few_findings_have_their_fixes_however_they_are_grouped(tmp_path: Path) -> None:
    one = write(tmp_path / "app.json", app(1))
    by_rule = regaudit("scan", one, *TODAY, "--select", "redirect-http,redirect-wildcard").out
    for by in ("app", "owner"):
        ran = regaudit("scan", one, *TODAY, "--select", "redirect-http,redirect-wildcard", "--group-by", by).out
        assert ran.count("  fix:") == by_rule.count("  fix:") == 2


def test_what_files_cannot_say_is_one_line(tmp_path: Path) -> None:
    one = write(tmp_path / "app.json", app(1))
    (line,) = [line for line in regaudit("scan", one, *TODAY).out.splitlines() if line.startswith("Not evaluated: ")]
    assert re.fullmatch(
        r"Not evaluated: \d+ checks\. .+: -v lists them, --profile files leaves out rules that need the tenant\.",
        line,
    )


def test_colours_can_be_read_on_any_background() -> None:
    for style in STYLES.values():
        assert "bg" in style or style.get("fg") in (None, "red", "green", "magenta")


def test_a_narrow_terminal(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    for by in ("rule", "app", "owner"):
        for line in regaudit("scan", many, *TODAY, "--group-by", by).out.splitlines():
            assert len(line) <= 62, line  # a row of the table with a name of one word
