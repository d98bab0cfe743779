"""What a hostile or unlucky surrounding does: files that must survive, inputs without an end, readers that go away, faults of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import jsonschema
import msgspec
import pytest
import rich.errors
from pathspec.patterns.gitignore.base import GitIgnorePatternError

import auditor.pipeline
from auditor.files import in_units, size_of
from auditor.rulebook import shipped_folder
from tests.helpers import PAGE, ROOT, process, regaudit, registration, write

APP = registration("Payroll")
OWN_PAGE = PAGE.format(title="Careless", severity="high", id="own", tag="own")


@pytest.fixture
def tenant(tmp_path: Path) -> Path:
    """A folder with a registration, a file that is nobody's, and what links lead to from without."""
    folder = tmp_path / "tenant"
    write(folder / "app.json", APP)
    write(folder / "deep/down/other.json", registration("Other", 2))
    write(folder / "README.md", "Prose of somebody.")
    write(folder / ".gitignore", "*.log\n")
    write(tmp_path / "pages/own.md", OWN_PAGE)
    write(tmp_path / "mine.toml", 'select = ["ALL"]\n')
    os.link(folder / "app.json", tmp_path / "hard")
    (tmp_path / "soft").symlink_to(folder / "app.json")
    (folder / "linked.json").symlink_to(write(tmp_path / "elsewhere/far.json", registration("Far", 3)))
    return folder


def everything(below: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in below.rglob("*") if path.is_file()}


# -- files that must survive


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "target",
    [
        "tenant/app.json",
        "tenant/deep/../app.json",
        "tenant/deep/down/other.json",
        "tenant/README.md",
        "tenant/.gitignore",
        "hard",
        "soft",
        "tenant/linked.json",
        "elsewhere/far.json",
        "pages/own.md",
        "mine.toml",
    ],
)
def test_a_report_takes_the_place_of_nothing_that_was_read(tenant: Path, target: str, form: str) -> None:
    before = everything(tenant.parent)
    ran = regaudit(
        "scan", tenant, "--extend-rules", tenant.parent / "pages", "--profile", tenant.parent / "mine.toml",
        "--output-format", f"json={tenant.parent / 'other.out'}", "--output-format", f"{form}={tenant.parent / target}",
    )  # fmt: skip
    assert ran.code == 2
    assert "would take the place of" in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert everything(tenant.parent) == before  # nothing else was written either


@pytest.mark.parametrize("name", ["credentials/secret-expired.md", "profiles/default.toml"])
def test_a_report_takes_the_place_of_no_shipped_page(tenant: Path, name: str, tmp_path: Path) -> None:
    page = tmp_path / "link"
    page.symlink_to(shipped_folder() / name)
    before = page.read_bytes()
    ran = regaudit("scan", tenant, "--output-format", f"json={page}")
    assert (ran.code, page.read_bytes()) == (2, before)
    assert regaudit("export", "--tenant", "contoso.com", "-o", page).code == 2
    assert page.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "why"), [(APP, "holds app registrations"), (OWN_PAGE, "is a rule page"), ('{"regaudit":"snapshot"}\n', "is a snapshot")]
)
def test_what_was_not_read_but_is_an_input_by_its_content_survives_too(tenant: Path, tmp_path: Path, content: Any, why: str) -> None:
    file = write(tmp_path / "not-read", content)
    before = file.read_bytes()
    ran = regaudit("scan", tenant, "--output-format", f"json={file}")
    assert (ran.code, file.read_bytes()) == (2, before)
    assert why in ran.err
    if why != "is a snapshot":
        ran = regaudit("export", "--tenant", "contoso.com", "-o", file)
        assert (ran.code, file.read_bytes()) == (2, before)
        assert why in ran.err


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("options", [[], ["-q"], ["-v"]])
def test_an_older_report_in_the_folder_is_replaced(tenant: Path, form: str, options: list[str]) -> None:
    target = tenant / f"report.{form}"
    for _ in range(2):
        ran = regaudit("scan", tenant, "--as-of", "2026-01-01", *options, "--output-format", f"{form}={target}")
        assert ran.code in (0, 1), ran.err
    assert b"regaudit" in target.read_bytes() if form == "json" else b"Evaluated" in target.read_bytes()


def test_standard_input_from_a_file_is_an_input_too(tmp_path: Path) -> None:
    file = write(tmp_path / "app.json", APP)
    before = file.read_bytes()
    with file.open("rb") as stream:
        command = [sys.executable, "-m", "auditor", "scan", "-", "--output-format", f"json={file}"]
        done = subprocess.run(command, stdin=stream, capture_output=True, cwd=ROOT, check=False)
    assert (done.returncode, file.read_bytes()) == (2, before)
    assert b"would take the place of" in done.stderr


def test_a_report_into_a_pipe(tenant: Path) -> None:
    ran = process("scan", tenant, "--output-format", "json=/dev/stdout")
    assert ran.json["tool"]["name"] == "regaudit"


# -- inputs without an end


def test_a_folder_deeper_than_pythons_stack(tmp_path: Path) -> None:
    script = "import os\nfor i in range(1500):\n os.mkdir('d'); os.chdir('d')\nopen('app.json', 'w').write('{}')"
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    write(tmp_path / "app.json", APP)
    try:
        ran = regaudit("scan", tmp_path, "--output-format", "json")
    finally:
        subprocess.run(["rm", "-r", tmp_path / "d"], check=True)  # pytest could not
    assert ran.code in (0, 1)
    assert ran.json["run"]["coverage"]["files_read"] + ran.json["run"]["coverage"]["files_passed_over"] == 2


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="POSIX devices")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
def test_a_device_is_not_read(device: str, tenant: Path) -> None:
    ran = regaudit("scan", device, tenant, "--output-format", "json")
    assert ran.code == 2
    assert f"{device}: this is a device, not a file" in ran.err
    assert ran.json["run"]["coverage"]["applications_read"] == 3
    with Path(device).open("rb") as stream:
        done = subprocess.run([sys.executable, "-m", "auditor", "scan", "-"], stdin=stream, capture_output=True, cwd=ROOT, check=False)
    assert (done.returncode, b"this is a device" in done.stderr) == (2, True)


def test_a_file_beyond_the_limit_is_named_and_the_rest_is_audited(tenant: Path) -> None:
    for name in ("huge.json", "backup.img"):
        with (tenant / name).open("wb") as file:
            file.truncate(60 * 1024**3)  # sparse: no disk holds it
    ran = regaudit("scan", tenant, "--output-format", "json")
    assert ran.code == 2
    assert "huge.json: not read: 60 GB is larger than the limit of 2 GB (--max-file-size)" in ran.err
    assert "backup.img" not in ran.err  # nothing says that it holds registrations
    assert [note["message"] for note in ran.json["run"]["notes"] if "backup.img" in (note["file"] or "")]
    assert ran.json["run"]["coverage"]["applications_read"] == 3
    (tenant / "huge.json").unlink()
    assert regaudit("scan", tenant).code in (0, 1)
    assert "not read: 60 GB" in regaudit("scan", tenant).out
    assert regaudit("scan", tenant / "backup.img").code == 2


def test_the_limit_holds_for_what_tells_no_size(tmp_path: Path) -> None:
    ran = regaudit("scan", "-", "--max-file-size", "1KB", stdin=b" " * 2000)
    assert ran.code == 2
    assert "<stdin>: not read: it is larger than the limit of 1 KB" in ran.err
    assert regaudit("scan", "-", "--max-file-size", "2KB", stdin=b'{"id": "o", "appId": "a", "displayName": "x", "tags": []}').code in (
        0,
        1,
    )
    command = f'mkfifo pipe; (yes > pipe) & exec "{sys.executable}" -m auditor scan pipe --max-file-size 3MB'
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, cwd=tmp_path, env=env, timeout=60, check=False)
    assert (done.returncode, b"larger than the limit of 3 MB" in done.stderr) == (2, True)


def test_pipes_in_a_folder_are_passed_over(tenant: Path) -> None:
    (tenant / "deep/.gitignore").unlink(missing_ok=True)
    os.mkfifo(tenant / "deep/.gitignore")
    os.mkfifo(tenant / "pipe.json")
    assert regaudit("scan", tenant).code in (0, 1)


@pytest.mark.parametrize("command", ["scan", "connect", "credentials", "api-permissions"])
def test_every_command_with_input_has_the_limit(tenant: Path, command: str) -> None:
    ran = regaudit(command, tenant / "app.json", "--max-file-size", "10")
    assert (ran.code, "larger than the limit of 10 bytes" in ran.err) == (2, True)


@pytest.mark.parametrize(("text", "size"), [("500MB", 500 << 20), ("2g", 2 << 30), ("17", 17), (" 3 KiB", 3 << 10)])
def test_sizes(text: str, size: int) -> None:
    assert size_of(text) == size
    assert in_units(2 << 30) == "2 GB"


@pytest.mark.parametrize("text", ["0", "", "x", "-1", "1.5GB", "1" * 40])
def test_what_is_no_size(text: str, tenant: Path) -> None:
    ran = regaudit("scan", tenant, f"--max-file-size={text}")
    assert (ran.code, ran.out) == (2, "")
    assert "--max-file-size" in ran.err


def test_an_empty_path_is_a_variable_that_is_not_set() -> None:
    ran = regaudit("scan", "")
    assert (ran.code, ran.out, "it is empty" in ran.err) == (2, "", True)


# -- readers that go away


def shell(command: str) -> tuple[str, str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", f'R="{sys.executable} -m auditor"; {command}'], capture_output=True, text=True, env=env, check=True
    )
    return done.stdout.strip(), done.stderr.strip()


@pytest.mark.parametrize(
    "command", ["explain secret-expired", "--help", "--version", "scan --help", "rules", "schema rule", "completion zsh"]
)
def test_a_reader_that_has_seen_enough_is_no_finding(command: str) -> None:
    assert shell(f'$R {command} | (exec <&-; true); echo "${{PIPESTATUS[0]}}"') == ("141", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux")
@pytest.mark.parametrize("command", ["explain secret-expired", "--help", "rules", "schema rule", "credentials sample_manifests"])
def test_a_full_disk_behind_standard_output(command: str) -> None:
    out, err = shell(f"cd {ROOT}; $R {command} >/dev/full; echo $?")
    assert (out, err) == ("2", "regaudit: cannot write to standard output: No space left on device")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux")
@pytest.mark.parametrize("command", ["scan nosuch", "nosuch", "", "scan --nosuch", "rules --select nosuch"])
@pytest.mark.parametrize("stream", ["2>/dev/full", "2>&-", ">/dev/full 2>&1"])
def test_an_error_that_nobody_can_be_told(command: str, stream: str) -> None:
    assert shell(f"($R {command}) {stream}; echo $?") == ("2", "")


# -- faults of ours, and of what we depend on


FAULTS = [
    KeyError("Contoso Payroll"),
    RecursionError("Contoso Payroll"),
    MemoryError(),
    AssertionError("Contoso Payroll"),
    UnicodeDecodeError("utf-8", b"Contoso Payroll", 0, 1, "Contoso Payroll"),
    ValueError("Contoso Payroll"),
    SyntaxError("Contoso Payroll"),
    ExceptionGroup("Contoso Payroll", [ValueError("Contoso Payroll")]),
    jsonschema.ValidationError("Contoso Payroll"),
    jsonschema.SchemaError("Contoso Payroll"),
    jsonschema.exceptions.UnknownType("Contoso Payroll", 1, {}),
    msgspec.ValidationError("Contoso Payroll"),
    msgspec.DecodeError("Contoso Payroll"),
    msgspec.EncodeError("Contoso Payroll"),
    GitIgnorePatternError("Contoso Payroll"),
    rich.errors.MarkupError("Contoso Payroll"),
    rich.errors.ConsoleError("Contoso Payroll"),
    KeyboardInterrupt(),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("args", [["scan"], ["credentials"], ["api-permissions"], ["connect"], ["explain", "AADSTS50011"]])
def test_a_fault_is_one_line_without_tenant_data(tenant: Path, fault: BaseException, args: list[str]) -> None:
    with mock.patch.object(auditor.pipeline, "load", side_effect=fault):
        ran = regaudit(*args, tenant)
    assert ran.code == (130 if isinstance(fault, KeyboardInterrupt) else 2)
    assert len(ran.err.strip().splitlines()) == 1
    assert "Payroll" not in ran.out + ran.err
    if not isinstance(fault, (KeyboardInterrupt, MemoryError)):
        assert f"internal error {type(fault).__name__} in auditor." in ran.err


def test_a_fault_shows_its_traceback_where_that_is_asked_for(tenant: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGAUDIT_DEBUG", "1")
    with mock.patch.object(auditor.pipeline, "load", side_effect=KeyError("Contoso \x1b[31m")):
        ran = regaudit("scan", tenant)
    assert ran.code == 2
    assert "Traceback" in ran.err
    assert "\x1b" not in ran.err


def test_one_file_that_breaks_a_reader_costs_only_itself(tenant: Path) -> None:
    from auditor.sources import reader

    read = reader.read

    def breaks(raw: bytes, name: str, *rest: Any) -> reader.Reading:
        if name.endswith("app.json"):
            raise MemoryError
        return read(raw, name, *rest)

    with mock.patch.object(reader, "read", breaks):
        ran = regaudit("scan", tenant, "--output-format", "json")
    assert (ran.code, ran.json["run"]["coverage"]["applications_read"]) == (2, 2)
    assert "app.json: there is not enough memory to read it" in ran.err
