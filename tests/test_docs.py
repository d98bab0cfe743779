"""The pages of docs/ say what the tool says: their commands run, and print what is shown; tables of permissions and ways to sign in."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from auditor import rulebook
from auditor.cli import cli
from auditor.entra.clouds import CLOUDS
from auditor.sources.graph.cloud import AUTHS
from tests.helpers import regaudit

DOCS = Path(__file__).parent.parent / "docs"
LIVE = (DOCS / "live.md").read_text("utf-8")
PAGES = sorted([DOCS.parent / "README.md", *DOCS.glob("*.md")])
FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<words>[^\n]*)\n(?P<text>.*?)^(?P=ticks)$", re.MULTILINE | re.DOTALL)
# What needs a tenant, a program that is not installed everywhere, or the ID of a finding. Options are checked all the same.
NEEDS_MORE = re.compile(r"--tenant|regaudit (whoami|export|waive)\b|--auth|\baz |\.ndjson|\$PROFILE|~/|manifests/contoso|solution\.zip")
CALL = re.compile(r"(?:^|[-:|$(] |&& |bin/)[ ]*regaudit ([a-z][a-z-]+)\b([^#\n|>]*)", re.MULTILINE)
COMMANDS = sorted(
    {
        (verb, rest)
        for page in PAGES
        if page.stem != "report-reference"  # its texts are those of the schema
        for text in [
            *(found["text"] for found in FENCE.finditer(page.read_text("utf-8"))),
            *re.findall(r"`(regaudit [^`]+)`", page.read_text("utf-8")),
        ]
        for verb, rest in CALL.findall(text)
    }
)


def test_what_a_missing_permission_costs() -> None:
    rows = json.loads(regaudit("permissions", "--output-format", "json").out)["permissions"]
    for row in rows:
        line = f"| `{row['permission']}` | {', '.join(row['collections'])} |"
        assert line in LIVE.splitlines(), f"docs/live.md has to say: {line}"
    assert len(re.findall(r"^\| `[\w-]+\.Read\.\w+` \| \w", LIVE, re.MULTILINE)) == len(rows)


def test_the_rules_on_policies_and_sign_ins_can_be_left_out() -> None:
    rules = {row["permission"]: set(row["rules"]) for row in regaudit("permissions", "--output-format", "json").json["permissions"]}
    book = rulebook.shipped()
    assert rules["Policy.Read.All"] <= book.matching(["tenant"])
    assert rules["AuditLog.Read.All"] <= book.matching(["sign-ins"])


def test_no_text_counts_the_rules() -> None:
    """Two changes that add a rule each must not meet in one line of a shared text. Measurements name the rules that they were made with."""
    measured = {DOCS / "benchmarks.md", *(DOCS / "decisions").iterdir()}
    for page in {DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md", *DOCS.rglob("*.md")} - measured:
        counts = re.findall(r"\b\d[\d,]* (?:rules|rule pages|checks)\b|\b\d+ of \d+\b", page.read_text("utf-8"))
        assert not counts, f"{page.name}: {counts}"


def test_every_way_to_sign_in_is_there() -> None:
    table = re.search(r"^\| `--auth` .+?\n\n", LIVE, re.MULTILINE | re.DOTALL)
    assert table is not None
    assert re.findall(r"^\| `(\w[\w-]*)` ", table[0], re.MULTILINE) == list(AUTHS)
    assert all(f"`{name}`" in LIVE or f"--cloud {name}" in LIVE for name in CLOUDS if name != "global")


@pytest.mark.parametrize(("verb", "rest"), COMMANDS)
def test_commands_have_these_options(verb: str, rest: str) -> None:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None, f"there is no regaudit {verb}"
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
    assert set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest)) <= known


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the pages' commands read."""
    if os.name == "nt":
        pytest.skip("the commands of the pages are written for bash")
    for name in ("sample_manifests", "sample_downloads"):
        (tmp_path / name).symlink_to(DOCS.parent / name)
    shutil.copytree(DOCS.parent / "sample_manifests/careless", tmp_path / "manifests")
    shutil.copytree(DOCS.parent / "sample_manifests/tidy", tmp_path / "tenant")
    shutil.copytree(DOCS.parent / "sample_downloads/expenses", tmp_path / "expenses")
    shutil.copytree(DOCS.parent / "sample_downloads/expenses/connector", tmp_path / "connector")
    shutil.copy(DOCS.parent / "sample_downloads/expenses/Expenses connector.json", tmp_path / "client.json")
    shutil.copy(DOCS.parent / "sample_downloads/expenses/Expenses API.json", tmp_path / "api.json")
    (tmp_path / "message.txt").write_text("AADSTS50011: The redirect URI 'https://example.com/' does not match.")
    (tmp_path / "team").mkdir()
    (tmp_path / "team/regaudit.toml").write_text('fail-on = "high"\n')
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/regaudit").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m auditor "$@"\n')
    (tmp_path / "bin/regaudit").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", str(DOCS.parent))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(line: str) -> tuple[int, str]:
    """A line as the reader's shell runs it: its exit code and all that it prints."""
    words = shlex.split(line, comments=True)
    if words[0] == "regaudit" and not set("<>|&;$") & set("".join(words)):
        ran = regaudit(*words[1:])
        return ran.code, ran.err + ran.out
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr + done.stdout


def commands(page: Path) -> list[str]:
    """What a page tells the reader to run, in its order: lines, or a whole block where a line goes on in the next."""
    found: list[str] = []
    for fence in FENCE.finditer(page.read_text("utf-8")):
        lines = fence["text"].splitlines()
        if fence["words"] == "yaml":
            found += re.findall(r"(?<=[:-] )regaudit .*", fence["text"])
        elif fence["words"] == "sh":
            found += [fence["text"]] if any(line.startswith("  ") for line in lines) else lines
    return [line for line in found if line.startswith("regaudit ") and "…" not in line and not NEEDS_MORE.search(line)]


def own_rule() -> str:
    """The page that docs/first-rule.md tells the reader to fill in."""
    (text,) = (fence["text"] for fence in FENCE.finditer((DOCS / "first-rule.md").read_text("utf-8")) if fence["words"] == "markdown")
    return str(text)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.stem)
def test_every_command_runs(page: Path, folder: Path) -> None:
    """In the order of the page. Its exit code is 0 or 1, or what the comment behind it says."""
    own = folder / "my-rules/naming/prefix-missing.md"
    for name in ("old", "old-report", "new", "monday", "tuesday"):  # reports that are compared
        if any(f" {name}.json" in line for line in commands(page)):
            run(f"regaudit scan manifests --inventory --output-format json={name}.json")
    for line in commands(page):
        if line.startswith("regaudit test my-rules") and "exit code" not in line:
            own.parent.mkdir(parents=True, exist_ok=True)
            own.write_text(own_rule())
        wanted = re.search(r"# exit code (\d)", line)
        code, printed = run(line)
        allowed = {int(wanted[1])} if wanted else {0, 1, 2} if printed.startswith("cannot tell") else {0, 1}
        assert code in allowed, f"{line}\n{printed}"


def test_the_commands_are_found() -> None:
    """The test above cannot pass because it ran nothing."""
    found = {page.stem: commands(page) for page in PAGES}
    assert "regaudit connect expenses" in found["makers"]
    assert found["exit-codes"][-1].startswith("regaudit scan sample_manifests/careless --output-format json=report.json -q\ncase $? in\n")
    assert all(found[name] for name in ("README", "installation", "makers", "pipelines", "tenants", "first-rule", "exit-codes", "cli"))


def shown() -> list[tuple[str, str, str]]:
    """(page, command, what the page says that it prints)."""
    return [
        (page.stem, command[2:], text)
        for page in PAGES
        for fence in FENCE.finditer(page.read_text("utf-8"))
        if fence["words"] == "console"
        for command, _, text in [fence["text"].partition("\n")]
        if command.startswith("$ regaudit")
    ]


@pytest.mark.parametrize(("page", "command", "text"), shown(), ids=lambda value: value[:30] if isinstance(value, str) else None)
def test_a_command_prints_what_its_page_shows(page: str, command: str, text: str, folder: Path) -> None:
    """Line by line and in their order; "…" is whatever changes with each new rule or sample, or is left out."""
    (folder / "package.json").write_text('{"name": "a package"}')
    (folder / "denied.json").write_text('{"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}}')
    (folder / "empty").mkdir()
    printed = iter(run(command)[1].splitlines())
    for line in text.splitlines():
        if line != "…":
            pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
            assert any(pattern.fullmatch(other) for other in printed), f"{page}: {line}"


def test_python_examples_run(folder: Path) -> None:
    text = (DOCS / "python.md").read_text("utf-8")
    (example,) = (fence["text"] for fence in FENCE.finditer(text) if fence["words"] == "python")
    assert subprocess.run([sys.executable, "-c", example], check=False, capture_output=True).returncode == 0


def anchors(page: Path) -> set[str]:
    """Of a page's headings, as the site makes them."""
    text = FENCE.sub("", page.read_text("utf-8"))
    headings = [re.sub(r"[*`]", "", heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}


def test_links_lead_somewhere() -> None:
    for page in [*DOCS.parent.glob("*.md"), *DOCS.rglob("*.md")]:
        for link, anchor in re.findall(r"\]\(([^)#\s:]*)(?:#([^)\s]*))?\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
            target = page.parent / link if link else page
            assert not anchor or anchor in anchors(target), f"{page.name}: {link}#{anchor}"
