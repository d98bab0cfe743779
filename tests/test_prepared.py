"""What a wheel has of the rule pages beforehand: it is the pages', it says what they say, and a lone manifest loads little more."""

from __future__ import annotations

import ast
import compileall
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor import rulebook
from auditor.engine import compiled as engine
from auditor.engine.functions import CHECKS, ROWS
from auditor.entra.ids import MICROSOFT_GRAPH
from auditor.language import stored as stored_form
from auditor.rulebook.page import Prose
from auditor.template import Template
from auditor.unknown import Unavailable

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "scripts")]
import prepare  # noqa: E402

from benchmarks.tenant import registrations  # noqa: E402

SAMPLES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "sample_manifests").iterdir() if path.is_dir())
# What no file of Microsoft Graph's needs.
NOT_FOR_GRAPH = {
    "publicsuffixlist",
    "auditor.sources.graph.live", "auditor.sources.graph.plan", "auditor.sources.foreign", "auditor.sources.formats.connector",
    "auditor.sources.formats.msal", "auditor.sources.formats.app_settings", "auditor.sources.formats.other",
    "auditor.language.checker", "auditor.language.nodes", "auditor.engine.compiled", "tomllib", "jsonschema", "rich", "tabulate", "hashlib", "difflib", "tempfile", "dataclasses", "zlib",
}  # fmt: skip
# Where coverage measures the process, it loads these.
OF_COVERAGE = {"tomllib", "hashlib", "tempfile", "dataclasses", "zlib", "difflib", "ast", "tokenize"}
OF_GRAPH = {"auditor.language.stored"}


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return prepare.files()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, sources: dict[str, str]) -> Path:
    """The package and its pages as a wheel has them."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "auditor", site / "auditor", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "rules", site / "auditor" / "rules")
    (site / "auditor" / "prepared").mkdir()
    for name, source in sources.items():
        (site / "auditor" / "prepared" / name).write_text(source, encoding="utf-8", newline="")
    compileall.compile_dir(site, quiet=1)  # as pip does: otherwise each process compiles what it imports
    return site


def run(site: Path, *arguments: str, python: tuple[str, ...] = (), home: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    if home is not None:
        env["HOME"] = home
    command = [sys.executable, *(python or ("-m", "auditor")), *arguments]
    return subprocess.run(command, cwd=ROOT / "sample_manifests", env=env, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registration of which a lone file says all that the rules on it ask."""
    app: dict[str, Any] = next(
        app for app in registrations(50)
        if app["signInAudience"] == "AzureADMyOrg" and any(secret["endDateTime"] > "2027-02" for secret in app["passwordCredentials"])
    )  # fmt: skip
    path = tmp_path_factory.mktemp("manifest") / "app.json"
    path.write_text(json.dumps({**app, "requiredResourceAccess": []}))
    return path


def executed(source: str) -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec(compile(source, "prepared", "exec"), space)
    return space


def test_they_are_the_pages(sources: dict[str, str]) -> None:
    folder = rulebook.shipped_folder()
    rules, index = executed(sources["rules.py"]), executed(sources["lines.py"])
    text = sources["lines.json"].encode()
    pages = rulebook.load_folder(folder)
    made = rules["rules"](str(folder))
    assert [rule.id for rule in made] == [rule.id for rule in pages]
    for rule, page in zip(made, pages, strict=True):
        compiled = engine.compiled(page, prepare.unavailable())
        start, *sizes = index["AT"][page.id]
        lines = []
        for size in sizes:
            lines.append(text[start : start + size])
            start += size
        checks, rows, template, prose, known = lines
        assert msgspec.structs.replace(rule, text=msgspec.json.decode(prose, type=Prose)) == page
        assert msgspec.json.decode(template, type=Template) == compiled.template
        # Closures cannot be compared, but what they were made of can.
        other = engine.compiled(page).exact_checks
        for line, of in ((checks, compiled.exact_checks), (rows, compiled.exact_rows), (checks if known == b"null\n" else known, other)):
            stored = msgspec.json.decode(line)
            assert stored == msgspec.json.decode(msgspec.json.encode(stored_form.stored(of)))
            assert stored_form.stored(stored_form.made(stored)) == stored
    assert rules["profiles"](str(folder / "profiles")) == {name: rulebook.profiles.load(name) for name in rulebook.profiles.names()}


def test_prepared_code_is_that_of_the_pages(sources: dict[str, str]) -> None:
    """Of each rule the functions that a checkout compiles, made in another way: text from values, and constants before them."""
    pages = rulebook.load_folder(rulebook.shipped_folder())
    lone = {page.id: engine.compiled(page, prepare.unavailable()) for page in pages}
    known = {page.id: compiled for page in pages if (compiled := engine.compiled(page)) is not lone[page.id]}
    assert len(known) > 100
    for modules, rules, names in (
        (("checks_", "rows_"), lone, (*CHECKS, *ROWS)),
        (("known_",), known, CHECKS),
    ):
        functions = functions_of(source for name, source in sources.items() if name.startswith(modules))
        assert set(functions) == {f"_{id_.replace('-', '_')}" for id_ in rules}
        for id_, compiled in rules.items():
            found = functions[f"_{id_.replace('-', '_')}"]
            for name in names:
                code = compiled.tree(name)
                assert (code is None) == (name not in found), (id_, name)
                if code is not None:
                    assert found[name] == plain_text(code), (id_, name)


def functions_of(sources: Iterable[str]) -> dict[str, dict[str, str]]:
    """By rule, the functions that are within its own, as text."""
    functions: dict[str, dict[str, str]] = {}
    for source in sources:
        for outer in ast.parse(source).body:
            if isinstance(outer, ast.FunctionDef):
                inner = {one.name: ast.unparse(one) for one in outer.body if isinstance(one, ast.FunctionDef)}
                functions.setdefault(outer.name, {}).update(inner)
    return functions


def plain_text(code: ast.FunctionDef) -> str:
    return ast.unparse(ast.fix_missing_locations(prepare._Plain().visit(code)))


def test_what_a_run_knows_does_not_change_what_rows_say() -> None:
    """So that rows are prepared once for both variants. Constants are numbered, and checks have some."""
    for page in rulebook.load_folder(rulebook.shipped_folder()):
        one, other = engine.CompiledRule(page, prepare.unavailable()), engine.CompiledRule(page, Unavailable())
        assert (one.levels, one.place, one.property_fact, one.template) == (other.levels, other.place, other.property_fact, other.template)
        assert stored_form.stored(one.exact_rows) == stored_form.stored(other.exact_rows)
        for name in ROWS:
            trees = [None if (tree := rule.tree(name)) is None else re.sub(r"\b_k\d+\b", "_k", plain_text(tree)) for rule in (one, other)]
            assert trees[0] == trees[1], (page.id, name)


@pytest.mark.parametrize("sample", ["pair-right", "paths", "tidy"])
def test_hardly_a_rule_is_compiled_for_a_folder(sample: str, installed: Path) -> None:
    """Most rules read what is known of the whole folder, or what a lone manifest does not know either."""
    code = (
        "import sys; from auditor.engine import compiled; made = []; init = compiled.CompiledRule.__init__\n"
        "def counted(self, *given): made.append(self); init(self, *given)\n"
        "compiled.CompiledRule.__init__ = counted\n"
        "from auditor import cli\n"
        "try: cli.main()\nfinally: print(len(made), file=sys.stderr)"
    )
    done = run(installed, "scan", sample, "-q", "--fail-on", "never", python=("-c", code))
    assert done.returncode == 0, done.stderr
    assert int(done.stderr.split()[-1]) <= 40


def test_prepared_constructors_are_those_of_the_facts(sources: dict[str, str]) -> None:
    made = {one.name: one for one in ast.parse(sources["constructors.py"]).body if isinstance(one, ast.FunctionDef)}
    classes = {cls.__name__: cls for cls in prepare.fact_classes()}
    assert set(made) == set(classes) >= {"App", "Secret", "ServicePrincipal"}
    for name, cls in classes.items():
        assert ast.dump(made[name]) == ast.dump(ast.parse(cls.constructor_source()).body[0])


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_wheel_says_what_a_checkout_says(installed: Path, plain: Path, form: str) -> None:
    for sample in (*(Path(sample).name for sample in SAMPLES[:4]), ".", str(plain)):
        arguments = ("scan", sample, "--as-of", "2026-11-01", "-v", "--output-format", form)
        wheel, checkout = run(installed, *arguments), run(ROOT, *arguments)
        assert (wheel.returncode, wheel.stderr) == (checkout.returncode, checkout.stderr)
        assert wheel.stdout == checkout.stdout, sample
        assert len(wheel.stdout) > 100


def loaded(site: Path, *arguments: str) -> set[str]:
    """Modules that a process has loaded when it ends."""
    code = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); from auditor.__main__ import main; main()"
    done = run(site, *arguments, python=("-c", code))
    assert "Evaluated" in done.stdout
    return set(done.stderr.split())


# What click, msgspec and pathlib would load for what is not used here (`auditor/startup.py`).
OF_LIBRARIES = {"ast", "difflib", "locale", "tokenize", "typing_extensions"}
GRAPH = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#applications"}
ID = "11111111-2222-4333-8444-555555555555"
CONNECTOR = {
    "properties": {
        "iconBrandColor": "#007ee5",
        "connectionParameters": {"token": {"type": "oauthSetting", "oAuthSettings": {"identityProvider": "aad", "clientId": ID}}},
    }
}
REQUESTED = [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [{"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}]}]
MSAL = {"auth": {"clientId": ID, "authority": f"https://login.microsoftonline.com/{ID}"}}
LEGACY = {"id": ID, "appId": ID, "displayName": "Wiki", "replyUrlsWithType": [{"url": "https://wiki.contoso.com/", "type": "Web"}]}


@pytest.mark.parametrize(
    ("content", "modules", "needed"),
    [
        pytest.param(lambda app: app, 143, set(), id="a registration"),
        pytest.param(lambda app: {**GRAPH, "value": [app]}, 143, set(), id="a page of Microsoft Graph"),
        pytest.param(lambda app: [app], 143, set(), id="what az ad app list prints"),
        pytest.param(lambda app: {**app, "web": {"redirectUris": ["https://a.contoso.com/cb"]}}, 146, set(), id="a redirect URI"),
        # An unknown is met, and a permission is looked up: no page is checked for it.
        pytest.param(lambda app: {**app, "requiredResourceAccess": REQUESTED}, 146, {"auditor.language.stored"}, id="an unknown"),
        pytest.param(lambda app: LEGACY, 146, {"auditor.sources.formats.legacy"}, id="the portal's old manifest"),
        # Only an object that does not fit is held to the schema.
        pytest.param(lambda app: {**app, "displayName": 7}, 146, {"jsonschema"}, id="a bad object"),
        pytest.param(lambda app: CONNECTOR, 159, {"auditor.sources.formats.connector"}, id="a connector"),
        pytest.param(lambda app: MSAL, 159, {"auditor.sources.formats.msal"}, id="a configuration of MSAL"),
    ],
)  # fmt: skip
def test_an_input_loads_what_it_needs(
    content: Callable[[Any], Any], modules: int, needed: set[str], installed: Path, plain: Path, tmp_path: Path
) -> None:
    """Our modules count, not seconds: `modules` is a bar. Where more are loaded, something is imported before it is needed."""
    path = tmp_path / "input.json"
    path.write_text(json.dumps(content(json.loads(plain.read_text()))))
    found = loaded(installed, "scan", str(path))
    assert {*needed, "auditor.prepared.rules", "auditor.prepared.lines"} <= found
    if not needed or needed <= OF_GRAPH:
        banned = NOT_FOR_GRAPH - (OF_COVERAGE if "coverage" in found else set())
        assert found & banned == set()
        assert found & (OF_LIBRARIES - (OF_COVERAGE if "coverage" in found else set())) == set()
    ours = [module for module in found if module.partition(".")[0] == "auditor"]
    assert len(ours) <= modules, sorted(ours)


def test_a_changed_rule_is_not_the_prepared_one(installed: Path, plain: Path) -> None:
    before, after = (
        json.loads(run(installed, "scan", str(plain), "--as-of", "2026-11-01", "--output-format", "json", *more).stdout)["findings"]
        for more in ((), ("--set", "secret-expiring.warn_days=100000", "--ignore", "secret-expired"))
    )
    assert "secret-expiring" in {finding["rule_id"] for finding in after} - {finding["rule_id"] for finding in before}


def test_own_pages_are_read_beside_the_prepared_ones(installed: Path, plain: Path, tmp_path: Path) -> None:
    assert run(installed, "new-rule", "mine/every-app", "--folder", str(tmp_path / "own")).returncode == 0
    page = next((tmp_path / "own").rglob("every-app.md"))
    text = page.read_text()
    block = '```toml rule\nseverity = "low"\nrequire = "app.display_name == \'\'"\nmessage = "{app} has a name"\n```\n'
    page.write_text(text[: text.index("```toml rule")] + block + "It matters.\n")
    done = run(installed, "scan", str(plain), "--extend-rules", str(tmp_path / "own"), "--select", "every-app", "--fail-on", "low")
    assert (done.returncode, done.stderr) == (1, "")
    # An edit counts at once, whatever the file's time says.
    stamp = page.stat()
    page.write_text(page.read_text().replace("has a name", "HAS A NAME"))
    os.utime(page, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert "HAS A NAME" in run(installed, "scan", str(plain), "--extend-rules", str(tmp_path / "own"), "--select", "every-app").stdout


def test_a_page_of_a_checkout_that_is_edited_counts_at_once(tmp_path: Path, plain: Path) -> None:
    """Also where its time and its size are as before: nothing is kept of it."""
    for part in ("auditor", "rules"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    page = tmp_path / "rules" / "credentials" / "secret-lifetime.md"
    stamp, text = page.stat(), page.read_text()
    assert text.startswith("# ")
    page.write_text(text.replace("# ", "# X", 1)[:-1])
    os.utime(page, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert run(tmp_path, "explain", "secret-lifetime").stdout.lstrip().startswith("X")


def test_nothing_is_written_beside_the_report(installed: Path, plain: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o500)
    before = set(installed.rglob("*"))
    assert run(installed, "scan", str(plain), home=str(home)).stderr == ""
    assert set(installed.rglob("*")) == before
    assert not list(home.iterdir())
