"""What a wheel has of the rule pages beforehand: it is the pages', it says what they say, and a lone manifest loads little more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor import rulebook

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "scripts")]
import prepare  # noqa: E402

from benchmarks.tenant import registrations  # noqa: E402

SAMPLES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "sample_manifests").iterdir() if path.is_dir())
# What a run needs only where it meets something else than a file of Microsoft Graph's that leaves nothing open.
NOT_LOADED = {
    "auditor.sources.graph.live",
    "auditor.sources.graph.plan",
    "auditor.language.checker",
    "auditor.engine.compiled",
    "tomllib",
    "jsonschema",
}


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


def test_they_are_the_pages(sources: dict[str, str], installed: Path) -> None:
    prose: dict[str, Any] = {"__file__": str(installed / "auditor" / "prepared" / "prose.py")}
    exec(compile(sources["prose.py"], "prose", "exec"), prose)
    space: dict[str, Any] = {}
    exec(compile(sources["rules.py"], "rules", "exec"), space)
    folder = rulebook.shipped_folder()
    made = [msgspec.structs.replace(rule, text=prose["prose"](rule.id)) for rule in space["rules"](str(folder))]
    assert made == rulebook.load_folder(folder)
    assert space["profiles"](str(folder / "profiles")) == {name: rulebook.profiles.load(name) for name in rulebook.profiles.names()}


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
    code = "import sys; from auditor import cli\ntry: cli.main()\nfinally: print(*sys.modules, file=sys.stderr)"
    done = run(site, *arguments, python=("-c", code))
    assert "Evaluated" in done.stdout
    return set(done.stderr.split())


def test_a_lone_manifest_loads_what_it_needs(installed: Path, plain: Path) -> None:
    modules = loaded(installed, "scan", str(plain))
    assert {"auditor.prepared.rules", "auditor.prepared.checks", "auditor.prepared.rows"} <= modules
    assert not modules & NOT_LOADED - ({"tomllib"} if "coverage" in modules else set())  # coverage reads its settings with it
    assert {"auditor.language.checker", "tomllib"} <= loaded(ROOT, "scan", str(plain))


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
