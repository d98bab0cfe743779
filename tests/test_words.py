"""The words of what we print: plain technical English, as Microsoft's portal writes it, in every text that a user may read."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from auditor.cli import cli
from auditor.facts import TYPES
from tests.helpers import ROOT

PACKAGE = ROOT / "auditor"
# What nobody writes who writes plainly, and what to write in its place.
FORBIDDEN = {
    r"\b(stands?|stood) on\b": "is registered on, is set on",
    r"\bfor want of\b": "missing data",
    r"\bpass(ed|es|ing)? over\b": "skipped",
    r"(?<!there )\bis no (?!longer)": "is not a",
    r"\bmend(s|ed|able|ing)?\b": "fix",
    r"\bnot given\b|\bthose given\b|\b(was|were) given\b": "not in the input",
    r"\bholds? for\b": "applies to",
    r"\bnobody (has )?(look|know|read|can tell)\w*": "is unknown, was not read",
    r"\blooked at\b": "checked",
    r"\blook(s|ed|ing)? whether\b": "check whether",
    r"\bnot judged\b|\bjudges the\b": "not checked",
    r"\bends? in AADSTS": "fails with AADSTS",
    r"\bblanks?\b": "space",
    r"\breplaces? [^.:;]{1,80} by\b": "replace … with",
    r"\bprevents? that\b": "prevent … from",
    r"\brefused then\b": "refused afterwards",
    r"\bnot (reported|checked) are\b": "…, are not reported",
    r"\bhighest tier\b|\bpermissions? of tier 0\b": "tier 0 permission",
    r"\b(application|API|client|service)s? of Microsoft(?! (Entra|Teams))": "Microsoft application",
    r"(?<![-\w])multi-tenant(?![-\w])": "multitenant",
}


def is_text(value: str) -> bool:
    """Two words next to each other: no name, no path, no expression."""
    return re.search(r"[a-z]{2,},? [a-z]{2,}", value) is not None


def docstrings(tree: ast.AST) -> set[int]:
    """Ids of the nodes that are docstrings: those that users read come from elsewhere, below."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node) is not None:
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            found.add(id(first.value))
    return found


def literals(file: Path) -> Iterator[tuple[str, str]]:
    """Texts written into a module, with their places: messages, reasons, remedies, notes, descriptions of the schema."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    left_out = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield f"{file.relative_to(ROOT)}:{node.lineno}", node.value


def helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """The help of a command, of its options and of its own commands."""
    yield name, command.help or ""
    for parameter in command.params:
        yield f"{name} {parameter.name}", getattr(parameter, "help", None) or ""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            yield from helps(found, f"{name} {each}")


def facts() -> Iterator[tuple[str, str]]:
    """What the facts reference says of each fact."""
    for cls in TYPES:
        yield cls.__name__, cls.__doc__ or ""
        for name, member in cls.FACTS.items():
            yield f"{cls.__name__}.{name}", member.doc


def descriptions(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """The descriptions of a JSON schema."""
    if isinstance(value, dict):
        if isinstance(value.get("description"), str):
            yield place, value["description"]
        for key, inner in value.items():
            yield from descriptions(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from descriptions(inner, f"{place}/{i}")


def rows(file: Path) -> Iterator[tuple[str, str]]:
    """The lines of a table."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        yield f"{file.relative_to(ROOT)}:{number}", line


def pages() -> Iterator[tuple[str, str]]:
    """The lines of rule pages."""
    for file in sorted((ROOT / "rules").rglob("*.md")):
        yield from rows(file)


def docs() -> Iterator[tuple[str, str]]:
    """The lines of the docs, without those that only contributors read."""
    for file in {ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")} - {ROOT / "docs/architecture.md"}:
        yield from rows(file)


def texts() -> Iterator[tuple[str, str]]:
    """(place, text) of whatever we print."""
    for file in sorted(PACKAGE.rglob("*.py")):
        yield from literals(file)
    for file in sorted(PACKAGE.rglob("*.tsv")):
        yield from rows(file)
    for file in sorted((PACKAGE / "schemas").glob("*.json")):
        yield from descriptions(json.loads(file.read_text(encoding="utf-8")), str(file.relative_to(ROOT)))
    yield from helps(cli, "regaudit")
    yield from facts()
    yield from pages()
    yield from docs()


@pytest.fixture(scope="module")
def printed() -> list[tuple[str, str]]:
    return [(place, text) for place, text in texts() if is_text(text)]


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_no_text_has_a_phrase_that_a_reader_stumbles_over(pattern: str, printed: list[tuple[str, str]]) -> None:
    found = [f"{place}: {text}" for place, text in printed if re.search(pattern, text, re.IGNORECASE)]
    assert not found, f"write {FORBIDDEN[pattern]!r}"


def test_the_texts_of_every_kind_are_read(printed: list[tuple[str, str]]) -> None:
    """The test above cannot pass because it saw nothing: one known text of each kind, and what the patterns are to find."""
    texts_of = dict(printed)
    assert "Audit app registrations in files" in texts_of["regaudit scan"]
    assert "syntax of .gitignore" in texts_of["regaudit scan exclude"]
    assert texts_of["App.connectors"] == "The connectors in the input that sign in through it."
    assert any(place.startswith("auditor/schemas/report.json") for place in texts_of)
    assert any(place.startswith("auditor/entra/aadsts.tsv") for place in texts_of)
    assert any(place.startswith("docs/makers.md") for place in texts_of)
    assert any(place.startswith("auditor/engine/gate.py") and "no check could be evaluated" in text for place, text in printed)
    samples = {
        "a redirect URI that stands on web", "10 checks, for want of", "2 files passed over", "it is no GUID", "which can be mended",
        "owners: not given", "it holds for all", "nobody looked at it", "too long to be looked at as a whole",
        "look whether it exists", "SAML applications are not judged", "sign-in ends in AADSTS50011", "separated by blanks",
        "replace it by the new one", "to prevent that users consent", "other workloads are refused then", "not reported are expired secrets",
        "a permission of the highest tier", "an application of Microsoft", "a multi-tenant application",
    }  # fmt: skip
    assert all(any(re.search(pattern, sample) for sample in samples) for pattern in FORBIDDEN)
    assert all(any(re.search(pattern, sample) for pattern in FORBIDDEN) for sample in samples)
