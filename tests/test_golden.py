"""What commands print, word for word, over the samples and made-up tenants: a change of a report shows in review.

`make golden` (`pytest tests/test_golden.py --renew-golden`) writes tests/golden/ anew.
"""

from __future__ import annotations

import difflib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import auditor
from auditor.report import Options, overview_text, render
from auditor.report.model import decode
from auditor.report.overview import overview
from tests import golden_tenants
from tests.helpers import ROOT, Ran, regaudit, write

GOLDEN = Path(__file__).parent / "golden"
TODAY = ("--as-of", "2026-11-24")
INPUTS = {"samples": "sample_manifests", "contoso": "contoso", "tailspin": "tailspin"}
ACCEPTED = {  # a configuration, waivers that apply, have ended, and are not used
    "regaudit.toml": """\
extend = "house.toml"
waivers = "waivers.toml"
baseline = "baseline.json"
ignore = ["perm-wrong-type"]

[[override]]
name = "Fabrikam *"
reason = "Moves to the new tenant in spring"
ignore = ["app-id-uri-*"]
""",
    "house.toml": 'fail-on = "medium"\n\n[severity]\nredirect-http = "low"\n\n[params.secret-expiring]\nwarn_days = 60\n',
    "waivers.toml": """\
[[waiver]]
rule = "secret-expired"
registration = "d757a0a7-238c-4822-96df-7dfa02238784"
reason = "Replaced by a certificate on 1 February"
until = 2027-02-01
approver = "Security board"

[[waiver]]
rule = "redirect-http"
registration = "bc4b3fce-ffa3-4da6-a48e-90b3abc78239"
reason = "Test system"
until = 2026-11-23

[[waiver]]
rule = "secret-expired"
registration = "bc4b3fce-ffa3-4da6-a48e-90b3abc78239"
reason = "Was needed once"
until = 2027-02-01
""",
}
COMMANDS: dict[str, tuple[str, ...]] = {
    "rules": ("rules",),
    "permissions": ("permissions",),
    "explain-rule": ("explain", "secret-expired"),
    "explain-code": ("explain", "AADSTS50011"),
    "explain-message": ("explain", "AADSTS700016: Application with identifier 'x' was not found in the directory 'contoso.com'."),
    "adatum-scan": ("scan", "adatum.ndjson", *TODAY),
    "fabrikam-diff": ("diff", "fabrikam-monday.ndjson", "fabrikam-tuesday.ndjson"),
    "fabrikam-against": (
        "scan",
        "fabrikam-tuesday.ndjson",
        *TODAY,
        "--select",
        "redirect-http,app-unused,secret-lifetime",
        "--limit",
        "2",
        "--against",
        "fabrikam-monday.ndjson",
        "--fail-on-new",
    ),
    "expenses-connect": ("connect", "sample_downloads/expenses", *TODAY),
    "contoso-scan-owner": ("scan", "contoso", "--group-by", "owner", *TODAY),
    "contoso-credentials-expired": ("credentials", "contoso", "--expired", *TODAY),
    "tidy-federated": ("credentials", "sample_manifests/tidy", "--federated", *TODAY),
    "contoso-federated": ("credentials", "contoso", "--federated", *TODAY),
    "contoso-overview": ("overview", "contoso", *TODAY),
    "tenants-overview": ("overview", "sample_manifests/careless", "sample_downloads/expenses", "adatum.ndjson", "--top", "3", *TODAY),
    "accepted-scan": ("scan", "sample_manifests/careless", "--config", "accepted/regaudit.toml", *TODAY),
    "accepted-config": ("config", "sample_manifests/careless", "--config", "accepted/regaudit.toml"),
}
for _name, _path in INPUTS.items():
    COMMANDS |= {
        f"{_name}-scan": ("scan", _path, *TODAY),
        f"{_name}-credentials": ("credentials", _path, *TODAY),
        f"{_name}-api-permissions": ("api-permissions", _path),
        f"{_name}-connect": ("connect", _path, *TODAY),
        f"{_name}-explain": ("explain", "AADSTS50011", _path, *TODAY),
    }
CASES = {
    **{f"{name}-{columns}.txt": args for name, args in COMMANDS.items() for columns in (80, 160)},
    **{f"{name}.json": (*args, "--output-format", "json") for name, args in COMMANDS.items() if "--group-by" not in args},
    "tidy-federated.md": (*COMMANDS["tidy-federated"], "--output-format", "markdown"),
    "fabrikam-diff.md": (*COMMANDS["fabrikam-diff"], "--output-format", "markdown"),
    **{f"{name}-credentials.ics": ("credentials", path, *TODAY, "--output-format", "ics") for name, path in INPUTS.items()},
}
BIG = {f"big-{name}-{columns}.txt": name for name in ("scan", "scan-owner", "overview") for columns in (80, 160)}
IDS, TEXTS = ("app_id", "object_id", "credential_key_id", "key_id"), ("message", "remediation", "portal_url")
Row = dict[str, Any]
MOST_LINES = 120  # of a difference that a failing test shows


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golden")
    golden_tenants.write(folder)
    for samples in ("sample_manifests", "sample_downloads"):
        shutil.copytree(ROOT / samples, folder / samples)  # a link would lead into the repository, and identities begin there
    for name, text in ACCEPTED.items():
        write(folder / "accepted" / name, text)
    made = regaudit(
        "baseline", folder / "sample_manifests/careless", "-o", folder / "accepted/baseline.json", "--select", "redirect-*", *TODAY
    )
    assert made.code == 0, made.err
    return folder


# The other width is the same code again: it is not measured.
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.no_cover) if "-160." in name else name for name in CASES])
def test_what_is_printed(name: str, surroundings: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.chdir(surroundings)
    monkeypatch.setenv("COLUMNS", "160" if "-160." in name else "80")
    args = CASES[name]
    compare(name, as_golden(name, args, regaudit(*args)), request)


@pytest.mark.slow
def test_what_is_printed_of_3000_registrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    golden_tenants.write_big(tmp_path)
    monkeypatch.chdir(tmp_path)
    big = decode(regaudit("scan", "big", "--inventory", "--output-format", "json", *TODAY).stdout)
    for name, what in BIG.items():
        monkeypatch.setenv("COLUMNS", "160" if "-160." in name else "80")
        if what == "overview":
            printed = "".join(f"{line}\n" for line in overview_text.lines(overview([big]), overview_text.Look()))
        else:
            printed = b"".join(render(big, "text", Options(group_by="owner" if "owner" in what else "rule"))).decode()
            assert len(printed.splitlines()) <= 60
        compare(name, f"$ 3,000 registrations\n{printed}\n[exit code]\n", request)


def compare(name: str, printed: str, request: pytest.FixtureRequest) -> None:
    """With the golden file, which --renew-golden writes."""
    file = GOLDEN / name
    if request.config.getoption("--renew-golden"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(printed, "utf-8", newline="\n")
        return
    wanted = file.read_text("utf-8") if file.exists() else ""
    if printed != wanted:
        pytest.fail(f"tests/golden/{name} has changed; `make golden` writes it anew:\n{difference(wanted, printed)}", pytrace=False)


def test_every_golden_file_is_of_a_case(request: pytest.FixtureRequest) -> None:
    left = {path.name for path in GOLDEN.glob("*")} - set(CASES) - set(BIG)
    if request.config.getoption("--renew-golden"):
        for name in left:
            (GOLDEN / name).unlink()
    else:
        assert not left


def as_golden(name: str, args: tuple[str, ...], ran: Ran) -> str:
    """All that a user gets of the command: what is printed, errors, exit code. Only the version and the checkout's place are left out."""
    out, errors = (
        said.replace("\r\n", "\n").replace(auditor.__version__, "VERSION").replace(f"{ROOT}/", "") for said in (ran.out, ran.err)
    )
    if not name.endswith(".json") or not out:
        return f"$ regaudit {' '.join(args)}\n{out}\n[exit code {ran.code}]\n{errors}"
    printed = json.loads(out)
    if isinstance(printed, dict) and printed.get("report"):  # of explain: its inventory is that of scan
        printed["report"] |= {key: f"{len(printed['report'][key])} rows" for key in ("applications", "service_principals", "credentials")}
    reports = [printed, printed.get("report") or {}] if isinstance(printed, dict) else []
    for rule in (rule for report in reports if isinstance(report.get("rules"), list) for rule in report["rules"]):  # of config: a number
        rule.pop("definition", None)  # a hash, of which no reviewer learns anything
    return "\n".join([*lines({"$": " ".join(args), "exit code": ran.code, "errors": errors.splitlines(), "report": printed}), ""])


def lines(value: Any, indent: str = "") -> Iterator[str]:
    """JSON with an object of a list a line, so that a difference shows the objects that differ; findings by rule."""
    if len(text := json.dumps(value, ensure_ascii=False)) <= 120 or not isinstance(value, dict | list):
        yield indent + text
        return
    if (
        isinstance(value, list)
        and len({(row["rule_id"], row["status"]) for row in value if isinstance(row, dict) and "finding_id" in row}) > 1
    ):
        yield from lines(by_rule(value), indent)
        return
    rows = shortened(value) if isinstance(value, list) else value
    start, end = "[]" if isinstance(value, list) else "{}"
    yield indent + start
    for number, item in enumerate(rows, 1):
        first, *rest = lines(rows[item], indent + "  ") if isinstance(rows, dict) else [f"{indent}  {json.dumps(item, ensure_ascii=False)}"]
        if isinstance(rows, dict):
            first = f"{indent}  {json.dumps(item)}: {first.strip()}"
        *rest, last = first, *rest
        yield from [*rest, last + ("," if number < len(rows) else "")]
    yield indent + end


def by_rule(findings: list[Row]) -> dict[str, list[Row]]:
    """Rule -> its findings, in which the ids that a finding names stand for themselves: one text for all where it is one."""
    grouped: dict[str, list[Row]] = {}
    for row in findings:
        named = {row[key]: f"<{key}>" for key in IDS if row.get(key)}
        text = {key: reduce(lambda said, id_: said.replace(id_, named[id_]), named, row[key]) for key in TEXTS if row.get(key)}
        grouped.setdefault(f"{row['rule_id']} {row['status']}", []).append({**row, **text})
    return grouped


def shortened(rows: list[Any]) -> list[Any]:
    """Many objects of one kind: one with what most of them say, then what each says otherwise, and which members it has not."""
    if len(rows) < 4 or not all(isinstance(row, dict) and len(row.keys() & rows[0].keys()) > 2 for row in rows):
        return rows
    keys = list(dict.fromkeys(key for row in rows for key in row))  # a member that is not there has its default
    counts = {key: Counter(json.dumps(row[key]) for row in rows if key in row).most_common(1)[0] for key in keys}
    usual = {key: text for key, (text, count) in counts.items() if count > 1}
    return [
        {"mostly": {key: json.loads(text) for key, text in usual.items()}},
        *(
            {key: value for key, value in row.items() if json.dumps(value) != usual.get(key)}
            | ({"without": left_out} if (left_out := [key for key in usual if key not in row]) else {})
            for row in rows
        ),
    ]


def difference(wanted: str, printed: str) -> str:
    found = difflib.unified_diff(wanted.splitlines(), printed.splitlines(), "as it was", "as it is", n=1, lineterm="")
    shown = [line if len(line) <= 400 else line[:400] + "…" for line in islice(found, MOST_LINES + 1)]
    return "\n".join(shown[:MOST_LINES]) + ("\n… and more" if len(shown) > MOST_LINES else "")
