"""What Windows lacks is not asked for. Simulated here, and no more than that: no run on Windows stands behind it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.sources.coverage import Covered, TenantInfo
from auditor.sources.document import Documents
from auditor.sources.graph import plan
from auditor.sources.snapshot import read
from auditor.sources.spool import Writer

IMPORT_ALL = """
import builtins, importlib, pkgutil, sys
POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty"}
original = builtins.__import__

def without_posix(name, globals=None, locals=None, fromlist=(), level=0):
    if name.partition(".")[0] in POSIX_ONLY and str((globals or {}).get("__name__")).startswith("auditor"):
        raise ModuleNotFoundError(f"No module named {name!r}")
    return original(name, globals, locals, fromlist, level)

builtins.__import__ = without_posix
import auditor
for module in pkgutil.walk_packages(auditor.__path__, "auditor."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print("imported", sum(name.startswith("auditor.") for name in sys.modules))
"""


def test_every_module_imports_without_the_modules_of_posix() -> None:
    ran = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert int(ran.stdout.removeprefix("imported ")) > 50


@pytest.mark.skipif(sys.platform == "win32", reason="takes away what is not there")
def test_a_snapshot_is_written_and_resumed_without_locks_and_owners_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.delattr(os, "O_NOFOLLOW")
    monkeypatch.delattr(os, "geteuid")
    info = TenantInfo("7e4a0000-0000-4000-8000-000000000001", taken="2026-11-24T00:00:00Z", covered=[Covered("applications", count=2)])
    writer = Writer(tmp_path / "tenant.ndjson.gz", ["applications"], "1").open(info)
    writer.page("applications", plan.APPLICATIONS, [("", b'{"id": "a", "appId": "a1"}')], "/v1.0/applications?next", [])
    writer.close()
    writer = Writer(tmp_path / "tenant.ndjson.gz", ["applications"], "1", resume=True).open(info)
    writer.page("applications", plan.APPLICATIONS, [("", b'{"id": "b", "appId": "b1"}')], None, [])
    writer.finish(info)
    documents = Documents()
    assert read(tmp_path / "tenant.ndjson.gz", "tenant.ndjson.gz", documents) is not None
    assert not documents.errors
    assert [document.data.app_id for document in documents.documents] == ["a1", "b1"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no flock")
def test_two_exports_do_not_write_into_one_folder(tmp_path: Path) -> None:
    info = TenantInfo("7e4a0000-0000-4000-8000-000000000001", taken="2026-11-24T00:00:00Z")
    first = Writer(tmp_path / "tenant.ndjson.gz", ["applications"], "1").open(info)
    second = Writer(tmp_path / "tenant.ndjson.gz", ["applications"], "1", resume=True)
    with pytest.raises(UsageError, match="another export is writing into"):
        second.open(info)
    second.close()
    first.close()
    Writer(tmp_path / "tenant.ndjson.gz", ["applications"], "1", resume=True).open(info).close()
