"""--redact: what the input says occurs in no output, and the output is still of use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.cli import cli
from auditor.redact import Redactor, _are_our_words, is_public
from auditor.report import FORMATS

ROOT = Path(__file__).parent.parent
GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}")
FORMS = [form for form in FORMATS if form != "xlsx"]  # which is compressed
AS_OF = ("--as-of", "2026-06-01")
COMMANDS = (
    ("scan", "-v", "--show-passed", "--group-by", "owner"),
    ("credentials", "--within", "all", "--expired", "-v"),
    ("api-permissions", "-v"),
    ("connect", "-v"),
    ("overview", "-v"),
)


def texts(value: Any) -> Iterator[str]:
    """All texts of a JSON value, names of members too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from (key, *texts(member))
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


@cache
def text_of_rules() -> str:
    """What the pages of rules say is not of the input either."""
    return "".join(page.read_text("utf-8").lower() for page in (ROOT / "rules").glob("*/*.md"))


@cache
def words_of_rules() -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", text_of_rules()))


def secrets(found: set[str]) -> set[str]:
    """What may not occur: each text of four characters or more, and each of its words, but what anybody may see."""
    own = {text for text in found if not is_public(text) and not re.match(r"\d{4}-\d\d-\d\dT", text)}
    words = {word for text in own for word in re.findall(r"[^\W_]{4,}", GUID.sub(" ", text))}
    listed = {one for one in words if one.lower() in words_of_rules()} | {one for one in own if one.lower() in text_of_rules()}
    return {one for one in (own | words) - listed if len(one) >= 4 and not is_public(one) and not _are_our_words(one)}


def outputs(tmp_path: Path, *paths: str, forms: Iterable[str] = FORMS) -> str:
    """Everything that the commands print and write."""
    out = []
    for number, (command, *options) in enumerate(COMMANDS):
        if command == "scan":
            options += [word for form in forms if form != "text" for word in ("--output-format", f"{form}={tmp_path / f'{number}.{form}'}")]
            options += ["--output-format", "text", "--inventory", "--fix-script", str(tmp_path / "fixes.sh")]
        for form in ("text",) if command == "scan" else ("text", "json"):
            of_form = ["--output-format", form] if command != "scan" else []
            as_of = () if command == "api-permissions" else AS_OF
            done = CliRunner().invoke(cli, [command, *paths, "--redact", *options, *of_form, *as_of])
            assert done.exception is None or isinstance(done.exception, SystemExit) or type(done.exception).__name__ == "UsageError", (
                done.exception
            )
            out += [done.output, str(done.exception or "")]
    out += [path.read_text("utf-8", "replace") for path in tmp_path.iterdir() if path.name[0].isdigit() or path.name == "fixes.sh"]
    return "\n".join(out)


def leaks(output: str, found: set[str]) -> list[str]:
    flat = re.sub(r"\s+", " ", output)
    return sorted(secret for secret in secrets(found) if re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", flat))


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "folder", ["sample_manifests/careless", "sample_manifests/tidy", "sample_downloads/expenses", "sample_downloads/pair-no-secret"]
)
def test_nothing_of_a_sample_is_in_any_output(folder: str, tmp_path: Path) -> None:
    files = list((ROOT / folder).rglob("*.json"))
    found = {text for path in files for text in texts(json.loads(path.read_text("utf-8-sig")))} | {path.name for path in files}
    said = outputs(tmp_path, str(ROOT / folder))
    assert re.search(r"\bNAME-1\b", said)
    assert not leaks(said, found), leaks(said, found)


HOSTILE = st.text(st.characters(codec="utf-8"), min_size=4, max_size=30) | st.sampled_from([
    "APP-1", "severity", "client secret", "x' OR 'y", "a, b and 3 more", "is registered on \" (likely, depending on zebra quagga",
    "https://payroll.zebra.example/x?code=q#f", "zebra@quagga.example", "\u202ezebra", "##vso[task.zebra]", "zebra\nquagga", "12345678901",
])  # fmt: skip


@pytest.mark.no_cover
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=HOSTILE, uri=HOSTILE, secret=HOSTILE, member=HOSTILE, owner=HOSTILE)
def test_no_hostile_name_is_in_any_output(name: str, uri: str, secret: str, member: str, owner: str, tmp_path: Path) -> None:
    app = {
        "id": "5a0c9b1e-1111-4e5b-9f6d-8a1f0e2d3c4b", "appId": "6b1d0c2f-2222-4f6c-8a7e-9b2a1f3e4d5c", "displayName": name,
        "signInAudience": "AzureADMultipleOrgs", "identifierUris": [f"api://{uri}"], "tags": [secret, owner],
        "web": {"redirectUris": [uri, f"http://{uri}/x", f"https://*.{uri}"], "implicitGrantSettings": {"enableAccessTokenIssuance": True}},
        "passwordCredentials": [{"keyId": "7c2e1d30-3333-4a7d-9b8f-0c3b2a4f5e6d", "displayName": secret, "endDateTime": "2020-01-01T00:00:00Z"}],
        "owners": [{"@odata.type": "#microsoft.graph.user", "id": "8d3f2e41-4444-4b8e-8c90-1d4c3b5a6f7e", "userPrincipalName": owner}],
        "requiredResourceAccess": [{"resourceAppId": uri, "resourceAccess": [{"id": secret, "type": member}]}], member: 3, "notes": secret,
    }  # fmt: skip
    folder = tmp_path / "zebra quagga"
    folder.mkdir(exist_ok=True)
    (folder / "payroll.json").write_text(json.dumps(app), "utf-8")
    (folder / "quagga.json").write_text(json.dumps(app)[:-20], "utf-8")
    said = outputs(tmp_path, str(folder), forms=("json", "sarif"))
    found = set(texts(app)) | {"zebra quagga", "payroll.json"}
    assert not leaks(said, found), leaks(said, found)


def test_one_text_has_one_name_and_what_anybody_may_see_stays() -> None:
    redactor = Redactor()
    assert redactor.value("Payroll export", "NAME") == "NAME-1"
    assert (
        redactor.text('client "Payroll export" of Payroll export has 3 secrets until 2026-01-31')
        == 'client "NAME-1" of NAME-1 has 3 secrets until 2026-01-31'
    )
    assert redactor.text("until 2026-01-31T00:00:00Z, not 2026-01-31zebra") == "until 2026-01-31T00:00:00Z, not WORD-1"
    assert redactor.value("User.Read") == "User.Read"
    assert redactor.value("AzureADMyOrg") == "AzureADMyOrg"
    assert redactor.pointer("/passwordCredentials/0/zebra~1x") == "/passwordCredentials/0/MEMBER-1"


CORPUS = ROOT.parent / "shared/corpus"


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of public files is not here")
def test_nothing_of_the_corpus_is_in_any_output(tmp_path: Path) -> None:
    files = sorted(path for path in CORPUS.rglob("*.json") if path.stat().st_size < 100_000)[:60]
    found = set[str]()
    for path in files:
        try:
            found |= set(texts(json.loads(path.read_text("utf-8-sig"))))
        except ValueError:
            continue
    said = outputs(tmp_path, *map(str, files), forms=("json",))
    assert not leaks(said, found), leaks(said, found)


def test_explain_and_diff_are_redacted_too(tmp_path: Path) -> None:
    folder = ROOT / "sample_downloads/pair-no-secret"
    app = next(path for path in folder.rglob("*.json") if "passwordCredentials" in path.read_text("utf-8-sig"))
    found = {text for path in folder.rglob("*.json") for text in texts(json.loads(path.read_text("utf-8-sig")))} | {app.name}
    id_ = json.loads(app.read_text("utf-8-sig"))["appId"]
    said = ""
    for form in ("text", "json"):
        message = f"AADSTS7000215: Invalid client secret provided for app '{id_}'."
        done = CliRunner().invoke(cli, ["explain", message, str(folder), "--redact", *AS_OF, "--output-format", form])
        assert done.exit_code in (0, 1, 2)
        said += done.output
        for name in ("pair-no-secret", "pair-right"):
            of = ["scan", str(folder.parent / name), *AS_OF, "--inventory", "--output-format", f"json={tmp_path / name}.json"]
            CliRunner().invoke(cli, of)
        reports = [str(tmp_path / f"{name}.json") for name in ("pair-right", "pair-no-secret")]
        done = CliRunner().invoke(cli, ["diff", *reports, "--redact", "--output-format", form])
        said += done.output
    assert "APP-1" in said
    assert not leaks(said, found), leaks(said, found)
