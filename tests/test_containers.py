"""Containers and noise: what people hand over in archives, compressed, or cut out of a terminal, and archives made to do harm."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import audit, sources
from auditor.errors import InputError
from auditor.sources import Documents, archive
from tests.helpers import registration

APP = json.dumps([registration("Payroll")]).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return out.getvalue()


def tarred(members: dict[str, bytes], *more: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
        for info in more:
            packed.addfile(info)
    return out.getvalue()


def read(path: Path, raw: bytes) -> Documents:
    path.write_bytes(raw)
    return sources.read([str(path)])


def errors(path: Path, raw: bytes) -> list[str]:
    return [str(error).replace(path.as_posix(), path.name) for error in read(path, raw).errors]


CONTAINERS = {
    "zip": ("x.zip", zipped({"apps/apps.json": APP}), "x.zip/apps/apps.json"),
    "gzip": ("apps.json.gz", gzip.compress(APP), "apps.json.gz"),
    "gzip in two parts": ("apps.json.gz", gzip.compress(APP[:9]) + gzip.compress(APP[9:]), "apps.json.gz"),
    "gzip with padding": ("apps.json.gz", gzip.compress(APP) + bytes(512), "apps.json.gz"),
    "tar": ("x.tar", tarred({"./apps.json": APP}), "x.tar/./apps.json"),
    "tar in gzip": ("x.tgz", gzip.compress(tarred({"apps.json": APP})), "x.tgz/apps.json"),
    "gzip in zip": ("x.zip", zipped({"apps.json.gz": gzip.compress(APP)}), "x.zip/apps.json.gz"),
    "zip in zip": ("x.zip", zipped({"inner.zip": zipped({"apps.json": APP})}), "x.zip/inner.zip/apps.json"),
    "lines in zip": ("x.zip", zipped({"apps.ndjson": APP[1:-1] + b"\n"}), "x.zip/apps.ndjson"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_is_in_a_container_is_read_as_if_it_were_unpacked(name: str, tmp_path: Path) -> None:
    file, raw, place = CONTAINERS[name]
    alone = read(tmp_path / file, raw)
    (document,) = alone.documents
    assert (document.kind, document.file.name) == ("application", f"{tmp_path.as_posix()}/{place}")
    assert (alone.errors, alone.passed_over, alone.files_read) == ([], [], 1)
    (found,) = sources.read([str(tmp_path)]).documents
    assert found.file.name == document.file.name


def test_a_finding_in_an_archive_has_its_line(tmp_path: Path) -> None:
    app = registration("Payroll", web={"redirectUris": ["http://payroll.contoso.com/cb"]})
    text = json.dumps([app], indent=1)
    (tmp_path / "x.zip").write_bytes(zipped({"apps.json": text.encode()}))
    (row,) = audit(tmp_path / "x.zip", as_of="2026-01-01", select=["redirect-http"]).findings
    assert row.file == f"{tmp_path.as_posix()}/x.zip/apps.json"
    assert row.line is not None
    assert "http://payroll" in text.splitlines()[row.line - 1]


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar"])
@pytest.mark.parametrize("name", ["../apps.json", "/etc/apps.json", "a/../../apps.json"])
def test_a_name_that_leads_out_is_not_read(pack: Any, name: str, tmp_path: Path) -> None:
    (said,) = errors(tmp_path / "x.bin", pack({name: APP}))
    assert "leads out of the archive" in said
    assert not list(tmp_path.parent.glob("apps.json"))


def test_links_in_a_tar_archive_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_bytes(APP)
    links = []
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        link = tarfile.TarInfo("link.json")
        link.type, link.linkname = kind, str(secret)
        links.append(link)
    documents = read(tmp_path / "x.tar", tarred({}, *links))
    assert not documents.documents
    assert "holds no app registration" in str(documents.errors[0])


def bomb(size: int) -> bytes:
    return b"[" + b" " * size + b"]"


BOMBS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "gzip": lambda: ("x.json.gz", gzip.compress(bomb(64 << 20))),
    "zip": lambda: ("x.zip", zipped({"apps.json": bomb(64 << 20)})),
    "zip in zip": lambda: ("x.zip", zipped({"a.zip": zipped({"apps.json": bomb(64 << 20)})})),
    "tar in gzip": lambda: ("x.tgz", gzip.compress(tarred({"apps.json": bomb(64 << 20)}))),
    "gzip in gzip": lambda: ("x.json.gz", gzip.compress(gzip.compress(bomb(64 << 20)))),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(name: str, tmp_path: Path) -> None:
    file, raw = BOMBS[name]()
    (tmp_path / file).write_bytes(raw)
    began = time.process_time()
    report = audit(tmp_path / file, as_of="2026-01-01")
    assert report.exit_code() == 2
    assert "times its size" in str(report.errors[0])
    assert time.process_time() - began < 10


def test_what_archives_within_archives_hold_is_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_IN_ALL", 3 * len(APP))
    inner = {f"{n}.zip": zipped({"apps.json": APP}) for n in range(5)}
    documents = read(tmp_path / "x.zip", zipped(inner))
    assert 0 < len(documents.documents) < 3
    assert all("left to it" in str(error) for error in documents.errors)
    assert len(documents.errors) + len(documents.documents) >= 5


def test_archives_in_archives_in_archives_are_not_opened(tmp_path: Path) -> None:
    raw = zipped({"apps.json": APP})
    for _ in range(30):
        raw = zipped({"a.zip": raw})
    (said,) = errors(tmp_path / "x.zip", raw)
    assert said == "x.zip/a.zip/a.zip: this archive is in an archive that is in another one: it is not opened"


BROKEN = {
    "cut gzip": ("x.json.gz", gzip.compress(APP)[:-20], "cut off"),
    "damaged gzip": ("x.json.gz", gzip.compress(APP)[:40] + b"\xff" * 40 + gzip.compress(APP)[80:], "cannot be read"),
    "cut tar": ("x.tar", tarred({"apps.json": APP * 20})[:1024], ""),
    "cut zip": ("x.zip", zipped({"apps.json": APP})[:60], "cannot be read"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_container_is_one_clear_error(name: str, tmp_path: Path) -> None:
    file, raw, says = BROKEN[name]
    (said,) = errors(tmp_path / file, raw)
    assert says in said


def test_what_is_nothing_of_ours_is_passed_over_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"2026-01-01 started\n" * 1000))
    (tmp_path / "other.json.gz").write_bytes(gzip.compress(b'{"name": "x"}'))
    (tmp_path / "site.tar").write_bytes(tarred({"package.json": b'{"name": "x"}', "index.html": b"<html>"}))
    (tmp_path / "site.zip").write_bytes(zipped({"package.json": b'{"name": "x"}', "broken.json": b"{x"}))
    documents = sources.read([str(tmp_path)])
    assert (documents.documents, documents.errors) == ([], [])


def test_a_snapshot_in_an_archive_is_not_read_as_a_list_of_lines(tmp_path: Path) -> None:
    (said,) = errors(tmp_path / "x.zip", zipped({"tenant.ndjson": b'{"regaudit":"snapshot","version":1}\n{}\n'}))
    assert "a snapshot is read from its own file" in said


def test_a_list_without_elements_in_a_container_is_an_answer(tmp_path: Path) -> None:
    documents = read(tmp_path / "apps.json.gz", gzip.compress(b"[]"))
    assert documents.errors == []
    assert [one.why for one in documents.empty] == ["the list is empty"]


@given(st.sampled_from(["x.zip", "x.tar", "x.gz"]), st.integers(0, 2000), st.binary(max_size=40))
@settings(max_examples=60, deadline=None)
def test_no_container_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, name: str, at: int, damage: bytes) -> None:
    whole = {"x.zip": zipped({"apps.json": APP}), "x.tar": tarred({"apps.json": APP}), "x.gz": gzip.compress(APP)}[name]
    raw = whole[:at] + damage + whole[at + len(damage) :]
    path = tmp_path_factory.mktemp("x") / name
    path.write_bytes(raw)
    for error in sources.read([str(path)]).errors:
        assert isinstance(error, InputError)


NOISE = {
    "colours": (b"\x1b[36m" + APP[:1] + b"\x1b[0m" + APP[1:], 1),
    "a warning of az": (b"WARNING: The underlying Active Directory Graph API will be replaced.\n" + APP, 1),
    "az in Windows PowerShell": (b"az : WARNING: x\r\nAt line:1 char:1\r\n+ CategoryInfo : NotSpecified: (x:String) []\r\n" + APP, 1),
    "comments": (b"// exported by hand\n" + APP[:1] + b"/* one */" + APP[1:], 1),
    "a trailing comma": (APP[:-1] + b",\n]", 1),
    "concatenated": (APP[1:-1] + b"\n" + APP[1:-1], 2),
    "concatenated, with comments": (b"// one\n" + APP[1:-1] + b"\n// two\n" + APP[1:-1], 2),
    "a warning, then lines": (b"WARNING: x\n" + APP[1:-1] + b"\n" + APP[1:-1] + b"\n", 2),
}


@pytest.mark.parametrize("name", NOISE)
def test_what_a_terminal_or_a_person_put_around_the_json_is_skipped(name: str, tmp_path: Path) -> None:
    raw, objects = NOISE[name]
    documents = read(tmp_path / "apps.json", raw)
    assert documents.errors == []
    assert [document.kind for document in documents.documents] == ["application"] * objects


_MEASURED = """
import resource, sys
from auditor import sources
documents = sources.read([sys.argv[1]])
assert not documents.documents
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


@pytest.mark.slow
@pytest.mark.parametrize("named", [True, False], ids=["named", "in a folder"])
def test_lines_without_registrations_take_little_more_memory_than_their_bytes(named: bool, tmp_path: Path) -> None:
    """1 GB within 1.5 GB, scaled: what a large file takes beyond a small one's process is at most 1.3 times its size."""
    line = b'{"timestamp":"2026-01-01T00:00:00Z","level":"info","path":"/api/orders","user":{"id":"u1","name":"somebody"}}\n'
    used = []
    for size in (1 << 10, 48 << 20):
        path = tmp_path / "log.ndjson"
        path.write_bytes(line * (size // len(line)))
        ran = subprocess.run(
            [sys.executable, "-c", _MEASURED, str(path if named else tmp_path)], capture_output=True, text=True, check=True
        )
        used.append(int(ran.stdout))
    assert used[1] - used[0] < 1.3 * (48 << 20)
