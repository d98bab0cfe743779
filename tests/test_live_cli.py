"""Commands over a live tenant, as people and pipelines run them, against a fake Microsoft Graph on loopback."""

from __future__ import annotations

import contextlib
import gc
import gzip
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

pytest.importorskip("msgraph")

from auditor.cli import main
from tests.fake_graph import FakeGraph, made_up
from tests.fake_graph.sign_in import CLIENT_SECRET, MARK
from tests.helpers import flat

TENANT = made_up(60, seed=11)
PAGE = 25  # objects: three pages of applications
NEXT = r"^/v1.0/applications\?(?=.*select=id,appId).*skiptoken"
AS_OF = "2026-11-01"


@pytest.fixture
def graph() -> Iterator[FakeGraph]:
    with FakeGraph(TENANT, page_size=PAGE) as graph:
        yield graph


@pytest.fixture(scope="module")
def big() -> Iterator[FakeGraph]:
    """Two pages of applications at the size that Microsoft Graph has, and fourteen of their owners."""
    with FakeGraph(made_up(1700, seed=11)) as graph:
        yield graph


def arguments(graph: FakeGraph, *command: str, auth: str = "client-secret") -> list[str]:
    where = ["--tenant", graph.tenant_id, "--auth", auth, "--graph-url", graph.url, "--authority", graph.authority, "--ca-bundle", graph.ca]
    return [sys.executable, "-m", "auditor", *command, *where]


def environment(graph: FakeGraph, **more: str) -> dict[str, str]:
    return {
        **os.environ, "AZURE_CLIENT_ID": graph.client_id, "AZURE_CLIENT_SECRET": graph.client_secret, "REGAUDIT_ACCESS_TOKEN": graph.token,
        "NO_COLOR": "1", **more,
    }  # fmt: skip


def run(graph: FakeGraph, *command: str, auth: str = "client-secret", **env: str) -> subprocess.CompletedProcess[str]:
    """A command over the tenant, within this process: a new one takes a second to import the SDK."""
    return regaudit(*arguments(graph, *command, auth=auth)[3:], **environment(graph, **env))


def regaudit(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    out, err = io.BytesIO(), io.BytesIO()
    with (
        mock.patch.object(sys, "argv", ["regaudit", *command]),
        mock.patch.dict(os.environ, env),
        contextlib.redirect_stdout(io.TextIOWrapper(out, "utf-8", write_through=True)),
        contextlib.redirect_stderr(io.TextIOWrapper(err, "utf-8", write_through=True)),
    ):
        try:
            main()
        except SystemExit as stop:
            assert isinstance(stop.code, int)
            return subprocess.CompletedProcess(command, stop.code, out.getvalue().decode(), err.getvalue().decode())
        finally:
            gc.enable()  # the entry point switches it off, as its process is about to end
    raise AssertionError("the entry point always exits")


@contextlib.contextmanager
def started(graph: FakeGraph, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A command as a process of its own, for what can only be done to one. It is gone at the end, whatever happened."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs tests in the background ignores it, and children inherit that
    with subprocess.Popen(
        arguments(graph, *command), env=environment(graph), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines(snapshot: Path) -> tuple[dict[str, Any], list[bytes]]:
    """Its header and its objects."""
    header, *objects, end = gzip.decompress(snapshot.read_bytes()).splitlines()
    assert end.startswith(b'{"sha256":')
    return json.loads(header), objects


def sealed(header: dict[str, Any], objects: list[bytes]) -> bytes:
    """A snapshot's text, with the checksum of what is in it."""
    text = b"\n".join([json.dumps(header, separators=(",", ":")).encode(), *objects]) + b"\n"
    return text + b'{"sha256":"%s"}\n' % hashlib.sha256(text).hexdigest().encode()


def test_a_finding_has_one_id_live_in_a_snapshot_and_in_files(graph: FakeGraph, tmp_path: Path) -> None:
    target = tmp_path / "contoso.ndjson.gz"
    assert run(graph, "export", "-o", str(target)).returncode == 0
    lists = ("applications", "servicePrincipals", "oauth2PermissionGrants", "appRoleAssignments")
    export, alone = tmp_path / "export.json", tmp_path / "applications.json"
    export.write_text(json.dumps({name: TENANT[name] for name in lists}), "utf-8")
    alone.write_text(json.dumps(TENANT["applications"]), "utf-8")
    args = (
        "scan",
        "--as-of",
        AS_OF,
        "--select",
        "redirect-uris,credentials,secret-present,perm-requested-not-granted",
        "--output-format",
        "json",
    )

    def ids(done: subprocess.CompletedProcess[str]) -> dict[tuple[str, str], set[str]]:
        """Of each rule and object the findings that are known by an ID."""
        found: dict[tuple[str, str], set[str]] = {}
        for row in flat(json.loads(done.stdout)):
            if row["status"] == "fail" and not row["weak"]:
                found.setdefault((row["rule_id"], row["object_id"]), set()).add(row["finding_id"])
        return found

    live, snapshot, files = ids(run(graph, *args)), ids(regaudit(*args, str(target))), ids(regaudit(*args, str(export)))
    assert live == snapshot
    for one in (files, ids(regaudit(*args, str(alone)))):
        both = one.keys() & live.keys()  # what takes the whole tenant is not evaluated of files
        assert len(both) > 20
        assert {key: one[key] for key in both} == {key: live[key] for key in both}


@pytest.mark.parametrize("size", ["graph", pytest.param("big", marks=pytest.mark.slow)])
def test_a_snapshot_gives_the_report_of_the_live_scan_byte_for_byte(size: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    graph: FakeGraph = request.getfixturevalue(size)
    target = tmp_path / "contoso.ndjson.gz"
    assert run(graph, "export", "-o", str(target)).returncode == 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    plain = tmp_path / "plain.ndjson"
    plain.write_bytes(gzip.decompress(target.read_bytes()))
    for select in ((), ("--select", "credentials"), ("--select", "owner-none,app-can-grant-itself")):
        reports = []
        live = run(graph, "scan", "--as-of", AS_OF, *select, "--output-format", f"json={tmp_path / 'live.json'}", "--output-format", "text")
        for path in (target, plain):
            command = ["scan", str(path), "--as-of", AS_OF, *select, "--output-format", f"json={tmp_path / 'snapshot.json'}"]
            done = regaudit(*command, "--output-format", "text", **environment(graph))
            assert (done.stdout, done.returncode) == (live.stdout, live.returncode)
            reports.append((tmp_path / "snapshot.json").read_bytes())
        assert reports == [(tmp_path / "live.json").read_bytes()] * 2
    report = json.loads((tmp_path / "live.json").read_text())
    assert report["run"]["source"] == "graph"
    assert report["run"]["paths"] == [graph.tenant_id]
    finding = flat(report)[0]
    assert (finding["file"], finding["line"]) == (None, None)
    assert finding["pointer"].startswith(("/applications/", "/servicePrincipals/"))


def test_the_paths_of_a_tenant_are_those_of_its_snapshot(graph: FakeGraph, tmp_path: Path) -> None:
    file = str(tmp_path / "tenant.ndjson.gz")
    assert run(graph, "export", "-o", file).returncode == 0
    live = run(graph, "paths", "--as-of", AS_OF, "--output-format", "json")
    saved = regaudit("paths", file, "--as-of", AS_OF, "--output-format", "json")
    assert (saved.returncode, saved.stdout) == (live.returncode, live.stdout)
    found = json.loads(live.stdout)
    assert found["paths"]
    assert found["not_evaluated"] == []


def test_paths_without_a_permission_say_what_they_miss(graph: FakeGraph) -> None:
    graph.granted.remove("RoleManagement.Read.Directory")
    ran = run(graph, "paths")
    assert ran.returncode == 2
    assert "not evaluated: roleAssignments: " in ran.stdout


def test_reports_do_not_depend_on_the_order_in_which_answers_come(graph: FakeGraph, tmp_path: Path) -> None:
    first = run(graph, "scan", "--as-of", AS_OF, "--output-format", "json")
    graph.fault(r"^/v1.0/applications", "slow_head", seconds=1)
    graph.fault(r"^/v1.0/servicePrincipals", 503)
    assert run(graph, "scan", "--as-of", AS_OF, "--output-format", "json").stdout == first.stdout


@pytest.mark.no_cover
@pytest.mark.parametrize("written", [1, 4, 9, 16])
def test_an_export_that_was_killed_goes_on_where_it_was(tmp_path: Path, written: int) -> None:
    """After so many pages; the journal, too, is cut off in the middle of a line."""
    with FakeGraph(TENANT, latency=0.03, page_size=PAGE) as graph:
        whole, target = tmp_path / "whole.ndjson.gz", tmp_path / "killed.ndjson.gz"
        assert run(graph, "export", "-o", str(whole)).returncode == 0
        before = len(graph.requests)
        journal = tmp_path / "killed.ndjson.gz.part" / "journal"
        with started(graph, "export", "-o", str(target)):
            until(lambda: journal.exists() and journal.read_bytes().count(b"\n") > written)
        assert not target.exists()
        half = len(graph.requests) - before
        with journal.open("ab") as file:
            file.write(b'{"chain":"applic')
        with next(journal.parent.glob("*.gz")).open("ab") as file:
            file.write(b"\x1f\x8b half a page")
        again = run(graph, "export", "-o", str(target))
        assert again.returncode == 2
        assert "--resume" in again.stderr
        graph.expire_pages() if written == 9 else None
        done = run(graph, "export", "-o", str(target), "--resume")
        assert done.returncode == 0, done.stderr
        assert not journal.parent.exists()
        (header, objects), (header_of_whole, objects_of_whole) = lines(target), lines(whole)
        assert header["tenant"].pop("taken") >= header_of_whole["tenant"].pop("taken")
        assert header == header_of_whole
        assert sorted(objects) == sorted(objects_of_whole)
        if written != 9:  # a collection that was begun again comes in another order
            assert objects == objects_of_whole
            asked = [request for request in graph.requests if request.path.startswith(("/v1.0", "/beta"))]
            whole_run = len([request for request in asked if request in graph.requests[:before]])
            in_flight = 16  # what had come but was not yet written
            assert len(asked) - whole_run - half <= whole_run - written + in_flight, "what had been read was read again"


def until(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.005)


def test_resuming_says_when_there_is_nothing_or_something_else(graph: FakeGraph, tmp_path: Path) -> None:
    target = tmp_path / "contoso.ndjson.gz"
    done = run(graph, "export", "-o", str(target), "--resume")
    assert (done.returncode, "nothing to resume" in done.stderr) == (2, True)
    graph.fault(r"^/v1.0/applications", 503, times=None, headers={"Retry-After": "4000"})
    assert run(graph, "export", "-o", str(target)).returncode == 2
    assert run(graph, "export", "-o", str(tmp_path / "no" / "where.gz")).returncode == 2


def test_a_refused_permission_makes_its_rules_not_evaluated_and_the_exit_code_2(graph: FakeGraph, tmp_path: Path) -> None:
    graph.granted.remove("Directory.Read.All")
    done = run(graph, "scan", "--as-of", AS_OF, "--output-format", f"json={tmp_path / 'r.json'}", "--output-format", "text", "-v")
    report = json.loads((tmp_path / "r.json").read_text())
    assert done.returncode == 2
    assert "it needs Directory.Read.All" in done.stdout
    assert "could not be fully evaluated" in done.stdout
    missing = {row["collection"]: row for row in report["tenants"][0]["collections"] if row["status"] == "denied"}
    assert missing["oauth2PermissionGrants"]["missing_permission"] == "Directory.Read.All"
    reasons = [row for row in report["not_evaluated"] if row["what"] == "oauth2PermissionGrants"]
    assert reasons
    assert "grant Directory.Read.All" in reasons[0]["remedy"]
    assert "perm-requested-not-granted" in reasons[0]["rules"]
    # What no rule at or above --fail-on reads is no reason to fail.
    assert run(graph, "scan", "--select", "secret-expired", "--fail-on", "critical", "-q").returncode == 0
    assert run(graph, "scan", "--select", "perm-requested-not-granted", "--fail-on", "critical", "-q").returncode == 0
    assert run(graph, "scan", "--select", "perm-requested-not-granted", "--fail-on", "high", "-q").returncode == 2


@pytest.mark.parametrize(
    ("permission", "rule"),
    [("User.Read.All", "owner-guest"), ("Policy.Read.All", "tenant-user-consent"), ("AuditLog.Read.All", "app-unused")],
)
def test_no_missing_permission_makes_a_rule_pass(graph: FakeGraph, tmp_path: Path, permission: str, rule: str) -> None:
    command = ("scan", "--as-of", AS_OF, "--select", rule, "--fail-on", "low", "--output-format", f"json={tmp_path / 'r.json'}")
    run(graph, *command)
    before = json.loads((tmp_path / "r.json").read_text())
    assert before["summary"]["findings"]
    graph.granted.remove(permission)
    done = run(graph, *command)
    report = json.loads((tmp_path / "r.json").read_text())
    assert done.returncode == 2
    assert not report["summary"]["findings"]
    assert report["run"]["coverage"]["verdicts"]["not_evaluated"] >= before["run"]["coverage"]["verdicts"]["failed"]
    assert f"grant {permission}" in report["not_evaluated"][0]["remedy"]
    assert run(graph, "export", "-o", str(tmp_path / "x.gz"), "--select", rule).returncode == 2


def test_without_optional_permissions_the_other_rules_say_what_they_said(graph: FakeGraph, tmp_path: Path) -> None:
    """Directory roles are denied: their rules are not evaluated, by name; all others are as before, and so is the exit code."""
    new = {
        row["permission"]: set(row["rules"]) for row in json.loads(regaudit("permissions", "--output-format", "json").stdout)["permissions"]
    }
    of_roles = new["RoleManagement.Read.Directory"] - {"owner-of-privileged-app", "sp-owner-of-privileged"}
    assert len(of_roles) >= 8
    graph.granted -= {"RoleManagement.Read.Directory", "PrivilegedEligibilitySchedule.Read.AzureADGroup"}
    select = ("--fail-on", "critical", "--output-format", f"json={tmp_path / 'r.json'}")
    without = run(graph, "scan", "--as-of", AS_OF, "--ignore", ",".join(of_roles), *select)
    before = flat(json.loads((tmp_path / "r.json").read_text()))
    done = run(graph, "scan", "--as-of", AS_OF, *select)
    report = json.loads((tmp_path / "r.json").read_text())
    assert done.returncode == without.returncode
    assert [(row["rule_id"], row["message"]) for row in flat(report)] == [(row["rule_id"], row["message"]) for row in before]
    assert "it needs RoleManagement.Read.Directory" in json.dumps(report["run"])
    unjudged = {row["rule_id"] for row in report["not_evaluated"]} if "rule_id" in report["not_evaluated"][0] else of_roles
    assert of_roles & unjudged
    assert run(graph, "whoami").returncode == 0
    assert run(graph, "scan", "--as-of", AS_OF, "--strict", *select).returncode == 2
    assert run(graph, "scan", "--as-of", AS_OF, "--select", "sp-directory-role").returncode == 2  # nothing else was asked for
    assert run(graph, "export", "-o", str(tmp_path / "x.gz")).returncode == 0


def test_what_a_cloud_does_not_have_is_nothing_to_mend(graph: FakeGraph, tmp_path: Path) -> None:
    graph.fault("/reports/", 404, times=None)
    done = run(
        graph, "scan", "--as-of", AS_OF, "--select", "app-unused", "--fail-on", "low", "--output-format", f"json={tmp_path / 'r.json'}"
    )
    assert done.returncode == 0
    assert json.loads((tmp_path / "r.json").read_text())["run"]["coverage"]["verdicts"]["not_evaluated"]
    assert "servicePrincipalSignInActivities" in run(graph, "whoami").stdout


def test_without_applications_there_is_no_verdict(graph: FakeGraph) -> None:
    graph.granted.remove("Application.Read.All")
    done = run(graph, "scan")
    assert done.returncode == 2
    assert "applications: Microsoft Graph refuses it (403" in done.stderr
    assert "grant Application.Read.All" in done.stderr
    assert "No findings" not in done.stdout


@pytest.mark.parametrize("missing", ["oauth2PermissionGrants", "servicePrincipals"])
def test_half_of_a_collection_is_never_judged_as_the_whole(graph: FakeGraph, tmp_path: Path, missing: str) -> None:
    """Whatever is said while pages are missing must be what is said of the whole tenant."""
    run(graph, "scan", "--as-of", AS_OF, "--output-format", f"json={tmp_path / 'whole.json'}", "--show-passed")
    graph.fault(rf"^/v1.0/{missing}\?.*skiptoken", 503, times=None, headers={"Retry-After": "4000"})
    done = run(graph, "scan", "--as-of", AS_OF, "--output-format", f"json={tmp_path / 'half.json'}", "--show-passed")
    assert done.returncode == 2
    whole, half = (json.loads((tmp_path / name).read_text()) for name in ("whole.json", "half.json"))
    said = {(row["rule_id"], row["object_id"]): row["status"] for row in flat(whole) if row["object_id"]}
    verdicts = [row for row in flat(half) if row["object_id"]]
    assert len(verdicts) > 500
    for row in verdicts:
        assert said.get((row["rule_id"], row["object_id"]), "pass") == row["status"], (row["rule_id"], row["message"])


SPILT: dict[str, tuple[str, str | int, dict[str, Any]]] = {
    "": ("^nothing", 404, {}),
    "401": (r"\$batch", 401, {}),
    "403": (r"^/v1.0/applications", 403, {}),
    "sign-in": ("/token", "sign_in", {"aadsts": 50000, "message": f"AADSTS50000: it was {CLIENT_SECRET} eyJhbGciOi.{MARK}.x"}),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("fault", SPILT)
def test_no_secret_and_no_token_is_ever_written(tmp_path: Path, fault: str) -> None:
    tenant = json.loads(json.dumps(TENANT))
    for app in tenant["applications"][:50]:
        app["passwordCredentials"] = [
            {
                "keyId": "11111111-0000-4000-8000-000000000000",
                "hint": "Q~x",
                "secretText": f"{MARK}-secret",
                "endDateTime": "2030-01-01T00:00:00Z",
            }
        ]
        app["keyCredentials"] = [
            {"keyId": "22222222-0000-4000-8000-000000000000", "key": f"{MARK}key", "type": "AsymmetricX509Cert", "usage": "Verify"}
        ]
    texts: list[str] = []
    with FakeGraph(tenant, page_size=PAGE) as graph:
        path, kind, details = SPILT[fault]
        graph.fault(path, kind, times=None, **details)
        target = tmp_path / "s.ndjson.gz"
        scanned = ("scan", "-v", "-v", "--output-format", "text", "--output-format", f"json={tmp_path / 'r.json'}")
        for auth in ("client-secret", "token"):
            for command in (scanned, ("export", "-o", str(target)), ("whoami",)):
                done = run(graph, *command, auth=auth)
                texts += [done.stdout, done.stderr]
        whole = subprocess.run(
            arguments(graph, *scanned), env=environment(graph, AZURE_LOG_LEVEL="debug"), capture_output=True, text=True, check=False
        )
        texts += [whole.stdout, whole.stderr]
    assert target.exists() or fault == "sign-in"
    for written in tmp_path.rglob("*"):
        if written.is_file():
            raw = written.read_bytes()
            texts.append((gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8", "replace"))
    assert any(texts)
    for text in texts:
        for secret in (MARK, graph.client_secret, graph.token, "Q~x", "authorization: ", "Authorization: ", "Bearer "):
            assert secret not in text, text[max(0, text.index(secret) - 200) :][:400]


def test_without_the_packages_one_line_says_how_to_install_them(tmp_path: Path) -> None:
    code = "import sys; sys.modules['msgraph'] = None; from auditor.cli import main; sys.argv = ['regaudit', *sys.argv[1:]]; main()"
    for command in (
        ["scan", "--tenant", "contoso.com"],
        ["whoami", "--auth", "cli"],
        ["export", "--tenant", "x", "-o", str(tmp_path / "x.gz")],
    ):
        done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert (
            done.stderr == "regaudit: to read a live tenant, install Microsoft's packages for it: pip install azure-identity msgraph-sdk\n"
        )


def test_a_scan_that_is_interrupted_reports_what_it_read(graph: FakeGraph, tmp_path: Path) -> None:
    graph.fault(NEXT, "slow_head", seconds=60)
    with started(graph, "scan", "--as-of", AS_OF) as scan:
        until(lambda: len(graph.asked(NEXT)) and len(graph.asked("appRoleAssignedTo")) > 5)
        time.sleep(0.5)
        scan.send_signal(signal.SIGINT)
        out, err = scan.communicate(timeout=60)
    assert scan.returncode == 2
    assert "stopping; press Ctrl-C again to quit\n" in err
    assert "applications: reading it was interrupted" in err
    assert f"Read {PAGE} app registrations" in out
    assert "Traceback" not in err


def test_an_export_that_is_interrupted_can_be_resumed(graph: FakeGraph, tmp_path: Path) -> None:
    target = tmp_path / "contoso.ndjson.gz"
    graph.fault(NEXT, "slow_head", seconds=60)
    with started(graph, "export", "-o", str(target)) as export:
        until(lambda: len(graph.asked(NEXT)))
        time.sleep(0.3)
        export.send_signal(signal.SIGINT)
        _, err = export.communicate(timeout=60)
    assert (export.returncode, "--resume" in err, "Traceback" in err) == (2, True, False)
    assert run(graph, "export", "-o", str(target), "--resume").returncode == 0
    assert lines(target)[0]["tenant"]["covered"][0] == {"collection": "applications", "count": 60}


DAMAGES = {
    "cut": "cut off, or damaged", "bytes": "damaged.ndjson.gz", "line": "not a line of a snapshot", "fewer": "its checksum is another",
    "replaced": "its checksum is another", "changed": "its checksum is another", "no end": "its last line is missing",
    "more": "something follows the end",
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_snapshot_is_an_error_and_never_a_whole_tenant(snapshot: Path, tmp_path: Path, damage: str) -> None:
    raw = snapshot.read_bytes()
    text = gzip.decompress(raw).splitlines(keepends=True)
    target = tmp_path / "damaged.ndjson.gz"
    target.write_bytes(
        {
            "cut": raw[: len(raw) // 2],
            "bytes": raw[: len(raw) // 2] + b"\0" * 1000 + raw[len(raw) // 2 + 1000 :],
            "line": gzip.compress(b"".join([*text[:20], b"{nonsense\n", *text[20:]])),
            "fewer": gzip.compress(b"".join([*text[:20], *text[30:]])),
            "replaced": gzip.compress(b"".join([*text[:20], text[19], *text[21:]])),
            "changed": gzip.compress(b"".join([*text[:20], text[20].replace(b'"displayName":"', b'"displayName":"x'), *text[21:]])),
            "no end": gzip.compress(b"".join(text[:-1])),
            "more": gzip.compress(b"".join([*text, text[20]])),
        }[damage]
    )
    done = scan(target)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert DAMAGES[damage] in done.stderr
    assert f"{target}:" in done.stderr
    assert "owners: the snapshot " in done.stderr


def test_a_snapshot_of_the_version_before_says_that_it_has_no_checksum(snapshot: Path, tmp_path: Path) -> None:
    header, objects = lines(snapshot)
    older = json.dumps({**header, "schemaVersion": "1.0"}, separators=(",", ":")).encode()
    target = tmp_path / "older.ndjson"
    target.write_bytes(b"\n".join([older, *objects]) + b"\n")
    done = regaudit("scan", str(target), "--as-of", AS_OF)
    assert done.returncode == scan(snapshot).returncode
    assert "without a checksum" in done.stdout + done.stderr
    target.write_bytes(b"\n".join([older, *objects[:10], objects[9], *objects[11:]]) + b"\n")
    done = scan(target)
    assert (done.returncode, "the snapshot holds 29 of 30" in done.stderr) == (2, True)


def test_who_signed_in_and_what_it_may_read(graph: FakeGraph) -> None:
    done = run(graph, "whoami")
    assert done.returncode == 0
    assert graph.tenant_id in done.stdout
    assert "refused" not in done.stdout
    graph.granted.remove("Directory.Read.All")
    done = run(graph, "whoami", "--output-format", "json")
    assert done.returncode == 2
    answers = {row["collection"]: row for row in json.loads(done.stdout)["may_read"]}
    assert answers["applications"]["allowed"]
    assert answers["oauth2PermissionGrants"]["permission"] == "Directory.Read.All"
    assert not answers["oauth2PermissionGrants"]["allowed"]


@pytest.mark.parametrize("body", [b'{"value":[7]}', b'{"value":[{"id":7,"displayName":[]}]}', b'{"value":[null]}', b'{"value":[{}]}'])
def test_odd_answers_are_no_traceback_of_any_command(graph: FakeGraph, tmp_path: Path, body: bytes) -> None:
    graph.fault(r"^/(v1.0|beta)/(?!\$batch)", "status", status=200, times=None, body=body)
    for command in (("whoami",), ("scan",), ("export", "-o", str(tmp_path / "s.gz")), ("api-permissions",)):
        done = run(graph, *command, "--select", "owner-none") if command[0] in ("scan", "export") else run(graph, *command)
        assert "Traceback" not in done.stderr
        assert done.returncode == 2 or command[0] != "scan" or body == b'{"value":[{}]}'


def test_the_needed_permissions_are_printed_and_are_enough(graph: FakeGraph, tmp_path: Path) -> None:
    select = ("--select", "secret-lifetime,sp-missing")
    listed = regaudit("permissions", *select, "--output-format", "json")
    permissions = {row["permission"] for row in json.loads(listed.stdout)["permissions"]}
    assert permissions == {"Application.Read.All", "Directory.Read.All"}
    graph.granted.intersection_update(permissions)
    done = run(graph, "scan", *select, "--fail-on", "never", "--output-format", f"json={tmp_path / 'r.json'}")
    assert done.returncode == 0
    assert not json.loads((tmp_path / "r.json").read_text())["not_evaluated"]
    assert {request.path for request in graph.asked()} <= {"/v1.0/applications", "/v1.0/servicePrincipals", "/v1.0/organization"} | {
        request.path for request in graph.requests if request.path.endswith("/token") or ".well-known" in request.path
    }
    block = regaudit("permissions", "--output-format", "required-resource-access")
    app = {"displayName": "regaudit", "appId": "11111111-0000-4000-8000-000000000000", "requiredResourceAccess": json.loads(block.stdout)}
    (tmp_path / "app.json").write_text(json.dumps(app))
    scan = regaudit("scan", str(tmp_path / "app.json"), "--select", "perm-unknown-id,perm-wrong-type")
    assert scan.returncode == 0


def test_options_of_a_live_tenant_ask_for_one() -> None:
    done = regaudit("scan", ".", "--app", "x")
    assert done.returncode == 2
    assert "--app is about a live tenant" in done.stderr
    done = regaudit("scan", "--tenant", "x", "--graph-url", "https://graph.example/v1.0")
    assert "without a path" in done.stderr


def scan(*paths: Path | str) -> subprocess.CompletedProcess[str]:
    return regaudit("scan", *map(str, paths), "--as-of", AS_OF, "-q")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("snapshot") / "contoso.ndjson.gz"
    with FakeGraph(made_up(30, seed=3)) as graph:
        assert run(graph, "export", "-o", str(target)).returncode == 0
    return target


def test_two_snapshots_of_one_tenant_are_not_mixed(snapshot: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.ndjson.gz"
    other.write_bytes(snapshot.read_bytes())
    done = scan(snapshot, other)
    assert done.returncode == 2
    assert "was read already: give one snapshot of a tenant" in done.stderr
    assert scan(snapshot, snapshot).returncode == scan(snapshot).returncode  # the same file twice is one


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tenantId": "manifests/payroll"}, "names no tenant"),
        ({"tenantId": "\u001b[31m##vso[task]"}, "names no tenant"),
        ({"taken": "yesterday"}, ""),
        ({"taken": "2026-11-24T10:00:00"}, ""),
        ({"covered": [{"collection": "applications", "count": 31}]}, "the snapshot holds 30 of 31"),
        ({"covered": [{"collection": "applications", "count": 29}]}, "the snapshot holds 30 of 29"),
        ({"covered": "everything"}, "not a line of a snapshot"),
        ({"covered": []}, "does not say that applications were read"),
        ({"covered": [{"collection": "owners", "count": 30}]}, "does not say that applications were read"),
        ({"covered": [{"collection": "applications", "status": "unavailable"}]}, "does not say that applications were read"),
        ({"covered": [{"collection": "applications", "status": "selected", "count": 30}]}, "does not say that applications were read"),
        ({"covered": [{"collection": "applications", "count": 30}] * 2}, "says twice how much of applications"),
        ({"covered": [{"collection": "applications", "count": -1}]}, "the snapshot holds 30 of -1"),
    ],
)
def test_what_a_snapshot_claims_is_checked(snapshot: Path, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    header, objects = lines(snapshot)
    header["tenant"] |= change
    target = tmp_path / "claims.ndjson.gz"
    target.write_bytes(gzip.compress(sealed(header, objects)))
    done = scan(target)
    assert "Traceback" not in done.stderr
    assert (done.returncode == 2) == bool(said)
    assert said in done.stderr


HOSTILE = (
    b"[" * 200_000, b'{"collection":"applications","object":' + b"[" * 200_000 + b"}", b'{"collection":"secrets","object":{}}',
    b'{"collection":"owners","of":7,"object":{}}', b"\xff\xfe", b'{"collection":"applications","object":{"displayName":"M\xfcller"}}', b"",
    b'{"collection":"applications","object":{"id":"x","appId":1e400}}', b'{"sha256":7}',
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_line_of_a_snapshot_is_an_error_and_the_rest_is_audited(snapshot: Path, tmp_path: Path, number: int) -> None:
    target, line = tmp_path / "hostile.ndjson", HOSTILE[number]
    header, objects = lines(snapshot)
    target.write_bytes(sealed(header, [*objects[:5], line, *objects[5:]]))
    done = regaudit("scan", str(target), "--as-of", AS_OF)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert f"{target}:7:" in done.stderr or "the object cannot be read" in done.stderr or "/applications/x" in done.stderr
    assert "Read 30 app registrations" in done.stdout or "Read 31" in done.stdout


def test_a_snapshot_in_latin_1_is_an_error_with_its_place_and_other_input_is_audited(snapshot: Path, tmp_path: Path) -> None:
    header, objects = lines(snapshot)
    name = json.loads(objects[3])["object"]["displayName"].encode()
    objects[3] = objects[3].replace(b'"' + name, b'"M\xfcller ' + name, 1)
    (tmp_path / "latin.ndjson").write_bytes(sealed(header, objects))
    (tmp_path / "app.json").write_text('{"id": "o", "appId":"11111111-0000-4000-8000-000000000000","displayName":"x"}')
    done = regaudit("scan", str(tmp_path / "latin.ndjson"), str(tmp_path / "app.json"), "--as-of", AS_OF)
    assert done.returncode == 2
    assert f"latin.ndjson:5:{objects[3].index(0xFC) + 1}: not a line of a snapshot: not valid UTF-8: byte 0xfc" in done.stderr
    assert "applications: the snapshot holds 29 of 30" in done.stderr
    assert "Read 30 app registrations" in done.stdout  # 29, and the file's


def test_a_snapshot_that_unpacks_to_gigabytes_is_left(snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.sources import snapshot as source

    header, objects = lines(snapshot)
    target = tmp_path / "bomb.ndjson.gz"
    target.write_bytes(gzip.compress(sealed(header, [*objects, *[objects[0]] * 20_000])))
    assert target.stat().st_size < 1 << 20
    lines_read: list[bytes] = []
    take = source._Reader.line

    def counted(reader: source._Reader, raw: bytes) -> bool:
        lines_read.append(raw)
        return take(reader, raw)

    monkeypatch.setattr(source._Reader, "line", counted)
    done = scan(target, "--max-file-size", "1MB")
    assert done.returncode == 2
    assert "it unpacks to more than the limit of 1 MB (--max-file-size): the rest is not read" in done.stderr
    assert 0.9 < sum(map(len, lines_read)) / (1 << 20) <= 1
    monkeypatch.undo()
    target.write_bytes(gzip.compress(b"\n".join([json.dumps(header, separators=(",", ":")).encode(), b" " * (65 << 20)])))
    done = scan(target)
    assert (done.returncode, "the line is too long" in done.stderr) == (2, True)


def test_a_snapshot_holds_no_secret_in_whatever_way_it_is_written(graph: FakeGraph, tmp_path: Path) -> None:
    """Graph sends none; a proxy, or a Graph that ignores $select, may."""
    spelt = {
        "Hint": MARK, "KEY": [MARK], "secretText": {"deep": MARK}, "privateKey": MARK, "client_secret": MARK, "clientSecret": [[MARK]],
        "password": MARK, "SecretText": MARK, "more": [{"deep": [{"key": MARK}]}], "hint": None,
    }  # fmt: skip
    graph.fault(r"^/v1.0/applications\?(?!.*expand)(?=.*appId)", "mangle", change=lambda app: {**app, **spelt, "kept": "key"}, index=3)
    graph.fault("/policies/authorizationPolicy", "mangle", change=lambda policy: {**policy, "s": [{"secretText": 7, "hint": f"{MARK}"}]})
    body = b'{"value":[{"id":"1","\\u006bey":"%s","n":1e400},{"id":"2","\\u0068int":["%s"],"scope":"x"}]}' % (MARK.encode(), MARK.encode())
    graph.fault(r"^/v1.0/oauth2PermissionGrants", "status", status=200, body=body)
    target = tmp_path / "contoso.ndjson.gz"
    assert run(graph, "export", "-o", str(target)).returncode == 0
    assert MARK.encode() not in gzip.decompress(target.read_bytes())
    _, objects = lines(target)
    found = [json.loads(line)["object"] for line in objects]
    app = next(one for one in found if one and "kept" in one)
    assert (app["kept"], app["KEY"], app["more"]) == ("key", None, [{"deep": [{"key": None}]}])
    assert {"id": "2", "hint": None, "scope": "x"} in found
    assert None in found  # what nobody can look into is not written
    assert scan(target).returncode == 2


def test_a_snapshot_in_standard_input_says_where_it_belongs(snapshot: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "auditor", "scan", "-"], input=snapshot.read_bytes(), capture_output=True, check=False)
    assert (done.returncode, b"name it in place of -" in done.stderr) == (2, True)


def unfinished(graph: FakeGraph, target: Path) -> Path:
    """The folder of an export that was stopped after some pages."""
    graph.fault(NEXT, "slow_head", seconds=60)
    with started(graph, "export", "-o", str(target)):
        until(lambda: len(graph.asked(NEXT)) and (target.parent / f"{target.name}.part/owners.gz").exists())
    return target.parent / f"{target.name}.part"


@pytest.mark.no_cover
@pytest.mark.parametrize("damage", ["shorter", "bytes", "elsewhere", "link", "collection", "open to all", "busy"])
def test_what_is_left_of_an_export_is_not_believed_blindly(graph: FakeGraph, tmp_path: Path, damage: str) -> None:
    victim = tmp_path / "victim.gz"
    victim.write_bytes(b"precious")
    target = tmp_path / "contoso.ndjson.gz"
    folder = unfinished(graph, target)
    chain, journal = folder / "applications.gz", folder / "journal"
    held = None
    if damage == "shorter":
        chain.write_bytes(chain.read_bytes()[:100])
    elif damage == "bytes":
        raw = bytearray(chain.read_bytes())
        raw[len(raw) // 2] ^= 255
        chain.write_bytes(raw)
    elif damage == "elsewhere":
        with journal.open("ab") as file:
            file.write(json.dumps({"chain": str(victim)[:-3], "collection": "owners", "size": 0}).encode() + b"\n")
    elif damage == "collection":
        with journal.open("ab") as file:
            file.write(b'{"chain":"x","collection":"y","size":0}\n')
    elif damage == "link":
        chain.unlink()
        chain.symlink_to(victim)
    elif damage == "open to all":
        folder.chmod(0o777)
    else:
        import fcntl

        held = (folder / "lock").open("ab")
        fcntl.flock(held, fcntl.LOCK_EX)
    done = run(graph, "export", "-o", str(target), "--resume")
    if held is not None:
        held.close()
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert victim.read_bytes() == b"precious"
    assert not target.exists()


def test_an_export_writes_what_a_link_names(graph: FakeGraph, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.gz").symlink_to(tmp_path / "real" / "contoso.gz")
    assert run(graph, "export", "-o", str(tmp_path / "link.gz"), "--select", "secret-expired").returncode == 0
    assert (tmp_path / "link.gz").is_symlink()
    assert lines(tmp_path / "real" / "contoso.gz")[0]["regaudit"] == "snapshot"
    assert run(graph, "export", "-o", "").returncode == 2


def test_an_export_replaces_a_snapshot_and_nothing_else(graph: FakeGraph, tmp_path: Path) -> None:
    target = tmp_path / "rule.md"
    target.write_text("# precious")
    export = ("export", "-o", str(target), "--select", "secret-expired")
    done = run(graph, *export)
    assert (done.returncode, "is not a snapshot: name another file, or replace it with --force" in done.stderr) == (2, True)
    assert target.read_text() == "# precious"
    assert [path.name for path in tmp_path.iterdir()] == ["rule.md"]
    assert not graph.requests
    assert run(graph, *export, "--force").returncode == 0
    assert run(graph, *export).returncode == 0  # a snapshot of ours
    target.write_bytes(b"")  # mktemp
    assert run(graph, *export).returncode == 0


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"REGAUDIT_ACCESS_TOKEN": "part one\r\nX-Header: secret-tail"}, "holds no token"),
        ({"REGAUDIT_ACCESS_TOKEN": "t\u00f6ken"}, "holds no token"),
        ({"HTTPS_PROXY": "foo://proxy:1"}, "proxy"),
    ],
)
def test_odd_surroundings_are_usage_errors(graph: FakeGraph, env: dict[str, str], said: str) -> None:
    done = run(graph, "scan", auth="token", **env)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr, "secret-tail" in done.stderr) == (2, True, False, False)


@pytest.fixture
def story() -> Iterator[FakeGraph]:
    """A live tenant that holds what `sample_manifests/tidy` does."""
    folder = Path(__file__).parent.parent / "sample_manifests/tidy"
    tenant: dict[str, Any] = {}
    for name in ("applications", "servicePrincipals", "oauth2PermissionGrants"):
        tenant[name] = json.loads((folder / f"{name}.json").read_text())
        tenant[name] = tenant[name].get("value", tenant[name]) if isinstance(tenant[name], dict) else tenant[name]
    organization = json.loads((folder / "organization.json").read_text())
    tenant["organization"] = organization["value"][0] if "value" in organization else organization
    batches = [json.loads((folder / f"{name}.json").read_text()) for name in ("appRoleAssignments", "appRoleAssignedTo")]
    assignments = [one for batch in batches for response in batch["responses"] for one in response["body"]["value"]]
    tenant["appRoleAssignments"] = list({one["id"]: one for one in assignments}.values())
    federated: dict[str, Any] = {}
    for response in json.loads((folder / "federatedIdentityCredentials.json").read_text())["responses"]:
        federated[response["body"]["@odata.context"].partition("applications('")[2][:36]] = response["body"]["value"]
    tenant["federatedIdentityCredentials"] = federated
    with FakeGraph(tenant) as graph:
        yield graph


def test_a_connector_in_a_folder_meets_its_live_tenant(story: FakeGraph, tmp_path: Path) -> None:
    connector = Path(__file__).parent.parent / "sample_manifests/tidy/connector"
    done = run(story, "connect", str(connector), "--as-of", AS_OF)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  8 of 8 links fit\n" in done.stdout
    for file in connector.iterdir():
        (tmp_path / file.name).write_text(file.read_text().replace("contoso-20orders-5fa3c1d0e2b749f681", "contoso-20orders-another"))
    done = run(story, "connect", str(tmp_path), "--as-of", AS_OF)
    assert done.returncode == 1
    assert re.search("connector-redirect-unregistered.*AADSTS50011", done.stdout)


def test_other_commands_read_a_live_tenant_too(story: FakeGraph, graph: FakeGraph) -> None:
    done = run(story, "api-permissions")
    assert (done.returncode, "access_as_user" in done.stdout) == (0, True)
    done = run(graph, "credentials", "--within", "30d", "--as-of", AS_OF)
    assert (done.returncode, "within 30 days" in done.stdout) == (0, True)


def test_the_use_of_credentials_is_listed_where_it_may_be_read(graph: FakeGraph) -> None:
    args = ("credentials", "--unused", "30d", "--as-of", AS_OF, "--output-format", "json")
    done = run(graph, *args)
    rows = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert {row["use"] for row in rows} == {"unused"}
    assert any("last_used" in row for row in rows)
    graph.granted.remove("AuditLog.Read.All")
    without = run(graph, *args)
    assert (without.returncode, json.loads(without.stdout)) == (0, []), without.stderr
    text = run(graph, *args[:-2])
    assert re.search(r"^Whether anybody uses [\d,]+ credentials is not known", text.stdout, re.MULTILINE)


def test_the_federation_supply_chain_of_a_live_tenant(graph: FakeGraph) -> None:
    args = ("credentials", "--federated", "--as-of", AS_OF, "--output-format", "json")
    done = run(graph, *args)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["credentials"]
    assert rows
    assert not [row for row in rows if row["unknown"]]
    graph.granted -= {"RoleManagement.Read.Directory", "RoleManagement.Read.All"}
    without = run(graph, *args)
    assert without.returncode == 0, without.stderr
    assert all(
        row["unknown"] == ["directory roles"] and row["roles"] is None
        for row in json.loads(without.stdout)["credentials"]
        if row["permissions"]
    )


def test_each_collection_ends_in_how_it_ended(graph: FakeGraph) -> None:
    """On a terminal: what was read stays there, and how much that was in all."""
    pty = pytest.importorskip("pty")
    graph.granted.remove("Policy.Read.All")
    graph.fault(r"^/v1.0/servicePrincipals", "slow_head", seconds=1.5)
    mine, its = pty.openpty()
    shown = b""
    with subprocess.Popen(
        arguments(graph, "scan", "--as-of", AS_OF), env=environment(graph, COLUMNS="100", TERM="xterm"), stdout=subprocess.DEVNULL, stderr=its
    ) as scan:  # fmt: skip
        os.close(its)
        with contextlib.suppress(OSError):  # the terminal is closed
            while piece := os.read(mine, 65536):
                shown += piece
        assert scan.wait() == 2
    last = shown.decode().rpartition("\x1b[2K")[2]
    assert re.search(r"^applications +\S+ +60  complete +\d+ s", last, re.MULTILINE)
    assert re.search(r"^authorizationPolicy +\S+ +0  denied +\d+ s", last, re.MULTILINE)
    assert re.search(r"[\d,]+ objects of \d+ collections in \d+ s", last, re.MULTILINE)
    assert last.count("applications ") == 1
    assert "checking" not in last


def test_a_probe_says_of_what_form_answers_are_and_nothing_that_they_say(graph: FakeGraph) -> None:
    graph.granted.remove("Policy.Read.All")
    text, rows = run(graph, "whoami", "--probe"), run(graph, "whoami", "--probe", "--output-format", "json")
    assert (text.returncode, rows.returncode) == (2, 2)
    assert re.search(r"^GET /v1.0/applications\n  object\n", text.stdout, re.MULTILINE)
    assert "  signInAudience: 'AzureADM" in text.stdout
    assert "  displayName: text\n" in text.stdout
    probe = {row["call"]: row for row in json.loads(rows.stdout)["calls"]}
    assert probe["GET /v1.0/applications"]["properties"]["appId"] == {"GUID": 1}
    assert probe["GET /v1.0/policies/authorizationPolicy"]["answer"] == "refused"
    assert "403" in probe["GET /v1.0/policies/authorizationPolicy"]["reason"]
    for said in (text.stdout, rows.stdout, text.stderr):
        assert graph.tenant_id not in said
        for kind in ("applications", "servicePrincipals"):
            for one in TENANT[kind]:
                names = {one["id"], one["appId"], one["displayName"]} - {"Microsoft Graph"}
                assert not [name for name in names if name in said]


def test_the_shape_of_an_answer_names_no_extension() -> None:
    from auditor.probe import lines, probe
    from auditor.sources.graph.live import Answer
    from auditor.sources.graph.plan import APPLICATIONS

    body = {"value": [{"extension_6b1d0c2f_payroll": "x", "customSecurityAttributes": {"Payroll": {"Zebra": 1}}, "newProperty": [1, "a"]}]}
    said = "\n".join(lines(probe([Answer(APPLICATIONS, "", json.dumps(body).encode()), Answer(APPLICATIONS, "", b"{")])))
    assert "(extension): text" in said
    assert "newProperty[]: number, text" in said
    assert "not JSON" in said
    assert not re.search("(?i)payroll|zebra|6b1d0c2f", said)
