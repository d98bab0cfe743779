"""regaudit new-rule: a page to begin with, which fails its test until it is filled in."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from auditor import rulebook, schemas
from auditor.commands import new_rule
from auditor.rulebook import book
from tests.helpers import regaudit
from tests.test_pages import block_of
from tests.test_pages import test_a_page_is_complete as page_is_complete

# What an author writes in place of each line with FILL-IN, in their order; None deletes the line.
FILLED_IN = (
    "# Name does not begin with the team's prefix",
    'severity   = "low"',
    None,
    "require    = \"app.display_name.startswith('team-')\"",
    'message    = "{app} does not begin with team-"',
    'references = ["https://learn.microsoft.com/entra/identity-platform/quickstart-register-app"]',
    "We find an application's owner by the prefix of its name, at night, too.",
    "1. Open **App registrations** > {app} > **Branding & properties** and change **Name**.",
    "The command changes the name only:",
    "az ad app update --id {app.app_id} --display-name team-NAME",
    '{ "displayName": "Payroll" }',
    '{ "displayName": "team-payroll" }',
    None,
)


def fill_in(text: str, leave: int | None = None) -> str:
    """The page as its author leaves it; the placeholder with the number `leave` is overlooked."""
    lines, number = [], -1
    for line in text.splitlines():
        if "FILL-IN" in line:
            number += 1
            filled_in = line if number == leave else FILLED_IN[number]
            lines += [] if filled_in is None else [filled_in]
        elif not line.startswith("# "):  # the examples of `each` and `given`
            lines.append(line)
    assert number == len(FILLED_IN) - 1
    return "\n".join(lines) + "\n"


def begun(folder: Path) -> Path:
    ran = regaudit("new-rule", "naming/prefix-missing", "--folder", folder)
    assert (ran.code, ran.err) == (0, "")
    return folder / "naming/prefix-missing.md"


def test_a_new_page_loads_and_fails_its_test_at_each_line_to_fill_in(tmp_path: Path) -> None:
    page = begun(tmp_path / "mine")
    (rule,) = rulebook.load_folder(tmp_path / "mine")
    assert (rule.id, rule.area) == ("prefix-missing", "naming")
    jsonschema.validate(block_of(rule), schemas.load("rule"))
    ran = regaudit("test", tmp_path / "mine")
    assert ran.code == 1
    said = {int(line) for line in re.findall(r"prefix-missing\.md:(\d+): still to be filled in: \w", ran.out)}
    assert said == {number for number, line in enumerate(page.read_text("utf-8").splitlines(), 1) if "FILL-IN" in line}
    assert "the example should be fail, it is pass" in ran.out
    assert ran.out.splitlines()[-1].startswith("1 rule, 3 examples, ")


def test_a_page_that_is_filled_in_is_a_rule(tmp_path: Path) -> None:
    page = begun(tmp_path / "mine")
    page.write_text(fill_in(page.read_text("utf-8")), "utf-8")
    ran = regaudit("test", tmp_path / "mine")
    assert (ran.code, ran.out) == (0, "1 rule, 3 examples, 0 wrong\n")
    page_is_complete(rulebook.load(page))
    (tmp_path / "app.json").write_text(
        '{"id": "aaaaaaaa-0000-4000-8000-000000000001", "appId": "bbbbbbbb-0000-4000-8000-000000000001", "displayName": "Payroll"}'
    )
    scanned = regaudit("scan", tmp_path / "app.json", "--extend-rules", tmp_path / "mine", "--select", "naming", "--fail-on", "low")
    assert scanned.code == 1
    assert "Payroll does not begin with team-" in scanned.out


@pytest.mark.parametrize("left", range(len(FILLED_IN)))
def test_one_line_that_was_overlooked_fails(left: int, tmp_path: Path) -> None:
    page = begun(tmp_path)
    page.write_text(fill_in(page.read_text("utf-8"), leave=left), "utf-8")
    ran = regaudit("test", tmp_path)
    assert ran.code == 1
    assert len(re.findall("still to be filled in", ran.out)) == 1


def test_it_says_what_to_do_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = regaudit("new-rule", "naming/prefix-missing", "--folder", "mine")
    assert ran.out.startswith(f"wrote {Path('mine/naming/prefix-missing.md')}\n")
    assert "regaudit test mine --select prefix-missing -v" in ran.out
    assert "regaudit scan . --extend-rules mine" in ran.out
    hostile = regaudit("new-rule", "naming/prefix-missing", "--folder", "my;$(reboot)\x1b[2J")
    assert "regaudit test DIR --select" in hostile.out
    assert "\x1b" not in hostile.out


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("prefix-missing", "'prefix-missing' names no area: AREA/NAME"),
        ("a/b/c", "'b/c' is not a name for a rule: kebab-case"),
        ("../prefix", "'..' is not a name for an area: kebab-case"),
        ("/prefix", "'' is not a name for an area"),
        ("naming/", "'' is not a name for a rule"),
        ("naming/Prefix", "'Prefix' is not a name for a rule"),
        ("naming/prefix_missing", "is not a name for a rule"),
        ("naming/prefix\n", "is not a name for a rule"),
        ("naming/préfixe", "is not a name for a rule"),
        ("naming/nul", "the name of a device on Windows"),
        ("com1/prefix", "the name of a device on Windows"),
        ("naming/readme", "never read as a rule page"),
        ("naming/secret-expired", "'secret-expired' is the name of one of regaudit's rules, areas or tags already"),
        ("naming/credentials", "'credentials' is the name of one of regaudit's rules, areas or tags already"),
        ("naming/" + "x" * 300, "cannot write "),
    ],
)
def test_names_that_no_page_can_have(rule: str, says: str, tmp_path: Path) -> None:
    ran = regaudit("new-rule", rule, "--folder", tmp_path / "mine")
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert not list(tmp_path.rglob("*.md"))


def test_what_is_there_already_is_left_as_it_is(tmp_path: Path) -> None:
    page = begun(tmp_path)
    page.write_text("mine\n")
    for area in ("naming", "another"):
        ran = regaudit("new-rule", f"{area}/prefix-missing", "--folder", tmp_path)
        assert ran.code == 2
        assert "prefix-missing.md is a rule of this name already" in ran.err
    (tmp_path / "naming/dangling.md").symlink_to(tmp_path / "elsewhere.md")
    assert regaudit("new-rule", "naming/dangling", "--folder", tmp_path).code == 2
    (tmp_path / "file").write_text("")
    ran = regaudit("new-rule", "naming/other", "--folder", tmp_path / "file")
    assert ran.code == 2
    assert "file" in ran.err
    assert "Traceback" not in ran.err
    assert page.read_text() == "mine\n"
    assert not (tmp_path / "elsewhere.md").exists()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own, so that no test writes into ours."""
    rules = tmp_path / "rules"
    (rules / "credentials").mkdir(parents=True)
    source = rulebook.shipped_folder() / "credentials/secret-expired.md"
    (rules / "credentials/secret-expired.md").write_bytes(source.read_bytes())
    (rules / "profiles").mkdir()
    (rules / "profiles/default.toml").write_text("")
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(book, "shipped_folder", lambda: rules)
    return rules


def test_a_rule_of_regaudits_own(checkout: Path) -> None:
    ran = regaudit("new-rule", "credentials/secret-forgotten")
    assert ran.code == 0
    assert (checkout / "credentials/secret-forgotten.md").read_text("utf-8") == new_rule.PAGE
    assert "python scripts/generate.py" in ran.out


@pytest.mark.parametrize("how", [(), ("--folder",)])
def test_a_new_area_of_regaudits_own_is_not_made_by_mistake(how: tuple[str, ...], checkout: Path) -> None:
    where: list[str | Path] = [*how, checkout] if how else []
    ran = regaudit("new-rule", "credentails/secret-forgotten", *where)
    assert ran.code == 2
    assert "regaudit has no area 'credentails'; did you mean 'credentials'?" in ran.err
    ran = regaudit("new-rule", "profiles/secret-forgotten", *where)
    assert ran.code == 2
    assert "regaudit has no area 'profiles'; there are: credentials." in ran.err
    (checkout / "agents").mkdir()
    assert regaudit("new-rule", "agents/secret-forgotten", *where).code == 0


def test_without_a_checkout_a_folder_must_be_named(checkout: Path) -> None:
    (checkout.parent / "pyproject.toml").unlink()
    ran = regaudit("new-rule", "credentials/secret-forgotten")
    assert ran.code == 2
    assert "--folder DIR" in ran.err
    assert not (checkout / "credentials/secret-forgotten.md").exists()


def test_our_own_pages_have_nothing_left_to_fill_in() -> None:
    assert not [rule.path for rule in rulebook.shipped() if "FILL-IN" in rule.page]
    block = new_rule.PAGE.partition("```toml rule\n")[2].partition("```")[0]
    assert {"severity", "require", "message"} <= tomllib.loads(block).keys()
