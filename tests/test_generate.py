"""`python scripts/generate.py` makes every generated file from what lies in the repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import generate  # noqa: E402
import vendored  # noqa: E402


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["generate.py", *arguments])
    return generate.main()


def test_every_generated_file_is_up_to_date() -> None:
    ran = subprocess.run([sys.executable, ROOT / "scripts/generate.py", "--check"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "all generated files are up to date\n", "")


def test_a_stale_file_is_named_then_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    leftover = tmp_path / "sample_manifests/pair-of-last-year/client.json"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("{}")
    assert run(monkeypatch, "--check") == 1
    said = capsys.readouterr().out.splitlines()
    for name in ("docs/facts.md", "docs/peers.md", "auditor/schemas/objects.json", "sample_manifests/pair-of-last-year/client.json"):
        assert f"{name} is stale: run python scripts/generate.py" in said
    assert leftover.exists()
    assert not (tmp_path / "docs").exists()

    assert run(monkeypatch) == 0
    assert "deleted sample_manifests/pair-of-last-year/client.json" in capsys.readouterr().out
    assert not leftover.parent.exists()
    for name in ("docs/facts.md", "docs/peers.md", "auditor/schemas/objects.json", "tests/fake_graph/properties.json"):
        assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes()
    (tmp_path / "docs/facts.md").write_text("# Facts\n")
    assert run(monkeypatch, "--check") == 1
    assert capsys.readouterr().out == "docs/facts.md is stale: run python scripts/generate.py\n"


def test_data_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(vendored.DATA, tmp_path / "data")
    monkeypatch.setattr(vendored, "DATA", tmp_path / "data")
    assert vendored.load("graph_types.json")["types"]
    changed = tmp_path / "data/graph_types.json"
    changed.write_bytes(changed.read_bytes().replace(b'"nullable": true', b'"nullable": false', 1))
    with pytest.raises(SystemExit, match=r"scripts/data/graph_types\.json has the SHA-256 [0-9a-f]{64}, sources\.toml says"):
        vendored.load("graph_types.json")


@pytest.mark.parametrize("path", sorted((ROOT / "scripts/data").glob("*.json")), ids=lambda path: path.name)
def test_data_says_where_it_comes_from(path: Path) -> None:
    source = vendored.source(path.name)
    assert source["url"].startswith("https://")
    assert all(source[key] for key in ("what", "taken", "licence", "notice", "sha256"))


@pytest.mark.parametrize("path", sorted((ROOT / "scripts").glob("*.py")), ids=lambda path: path.name)
def test_every_generator_is_run(path: Path) -> None:
    generators = {Path(module.__file__ or "").name for module in generate.GENERATORS}
    assert path.name in generators | {
        "generate.py",
        "vendored.py",
        "prepare.py",
        "site_pages.py",
    }  # hatch_build.py and `make site` run the last two
