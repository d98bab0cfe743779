"""One tenant, written in every format: each says the same of it as Microsoft Graph's own JSON, save for what it declares it cannot carry.

The writers are in `tests/writers/`; whoever adds a format adds one. Verdicts are compared by rule, object and subject.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from auditor import joins, rulebook, sources
from auditor.engine.finding import Says, Verdict, Verdicts
from auditor.engine.judge import judge_all
from auditor.joins.world import World
from auditor.severity import Certainty
from auditor.sources import Documents, formats
from auditor.sources.detect import COLLECTIONS
from auditor.sources.formats.base import Format
from auditor.unknown import Unknown
from tests.tenants import Maker
from tests.writers import Files, Tenant, Writer, writers
from tests.writers.directory import pages

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
RULES = [rule for rule in rulebook.shipped() if rule.root in ("app", "principal")]
WRITERS = list(writers())
FORMATS = {form.name: form for form in formats.FORMATS}
SEEDS = [5, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 3, 7))]
Said = dict[tuple[str, str], Verdicts]  # rule, object -> verdicts by subject


def tenant(seed: int, collections: tuple[str, ...]) -> Tenant:
    """A random tenant's collections. What Microsoft Graph never returns is not in it: a permission is enabled or not."""
    whole = Maker(seed).tenant()
    found = {name: whole[name] for name in collections}
    for app in found.get("applications", ()):
        web: dict[str, Any] = {"homePageUrl": None, "logoutUrl": None, "implicitGrantSettings": None, "redirectUriSettings": []}
        for name, more in (("web", web), ("spa", {}), ("publicClient", {})):
            app[name] = app[name] or {"redirectUris": [], **more}
        lists = ("oauth2PermissionScopes", "preAuthorizedApplications", "knownClientApplications")
        empty: dict[str, Any] = {"acceptMappedClaims": None, "requestedAccessTokenVersion": None, **{name: [] for name in lists}}
        app["api"] = app["api"] or empty
        app["applicationTemplateId"] = None
        if (lock := app["servicePrincipalLockConfiguration"]) is not None:
            lock["isEnabled"] = lock["isEnabled"] is True
    for item in [*found.get("applications", ()), *found.get("servicePrincipals", ())]:
        for one in [*item["appRoles"], *(item.get("api") or item).get("oauth2PermissionScopes", ())]:
            one["isEnabled"] = one["isEnabled"] is not False
    assert all(found.values()), "nobody can say of what an empty list is one"
    return found


def read(folder: Path, files: Files) -> Documents:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    documents = sources.read([str(folder)])
    assert documents.errors == []
    assert documents.passed_over == []
    return documents


def said(documents: Documents, key: str) -> Said:
    """All verdicts. Objects go by a fact that both of two tenants have."""
    (world,) = joins.worlds(documents, NOW)
    outcomes = judge_all(RULES, world, record=True)
    roots = [*world.apps, *world.principals]
    assert len({getattr(root, key) for root in roots}) == len(roots)
    return {(outcome.rule.id, str(getattr(root, key))): outcome.of(root) for outcome in outcomes for root in _of(world, outcome.rule.root)}


def _of(world: World, root: str) -> list[Any]:
    return world.apps if root == "app" else world.principals


def is_declared(verdict: Verdict, form: Format, writer: Writer) -> bool:
    """Whether nothing is said since the format cannot carry what would be needed, or its file says that it does not hold it.

    A collection that neither of the two inputs holds can come to be asked for where what excludes a rule is not known.
    """
    reason = verdict.reason
    if reason is None:
        return False
    if reason.collection and reason.what not in writer.collections:
        return True
    parts = reason.what.split(".")
    return reason.why in writer.whys or any(".".join(parts[:end]) in form.cannot_carry for end in range(1, len(parts) + 1))


def contradictions(base: Verdicts, other: Verdicts, form: Format, writer: Writer) -> list[str]:
    """What is said otherwise than of Microsoft Graph's JSON without a reason that the format declares."""
    found = []
    is_open = any(verdict.says is Says.not_evaluated and is_declared(verdict, form, writer) for verdict in other.values())
    for key in base.keys() | other.keys():
        # Without any subject the rule does not apply.
        one, two = base.get(key, None if base else Verdict(Says.not_applicable)), other.get(key, other.get(None))
        if one is None and key is None:
            continue  # the subjects that are not known are those that the other one knows
        if two is None:
            if not is_open:
                found.append(f"{key}: nothing is said, it was {one}")
        elif two.says is Says.passed and one is not None and one.says is Says.not_applicable:
            continue  # what excludes it is not known: the rule is right either way
        elif two.says is Says.not_evaluated:
            if not is_declared(two, form, writer) and (one is None or one.says is not Says.not_evaluated):
                found.append(f"{key}: not evaluated for {two.reason}, which nothing declares")
        elif one is None or one.says is not two.says:
            likely = two.says is Says.failed and two.finding is not None and two.finding.certainty is Certainty.likely
            if not likely:
                found.append(f"{key}: {two.says}, it was {one.says if one is not None else 'nothing'}")
    return found


@pytest.mark.no_cover
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
def test_the_same_is_said_of_a_tenant_in_every_format(writer: Writer, seed: int, tmp_path: Path) -> None:
    form = FORMATS[writer.format]
    whole = writer.fitting(tenant(seed, writer.collections))
    base = said(read(tmp_path / "graph", pages(whole)), writer.key)
    documents = read(tmp_path / writer.name, writer.write(whole))
    assert {document.format for document in documents.documents} == {form}
    kinds = Counter(COLLECTIONS[name] for name, items in whole.items() for _ in items)
    assert Counter(document.kind for document in documents.documents) == kinds
    found = said(documents, writer.key)
    assert found.keys() == base.keys()
    seen: Counter[Says] = Counter()
    for of, verdicts in found.items():
        assert not contradictions(base[of], verdicts, form, writer), of
        seen.update(verdict.says for verdict in verdicts.values())
    assert seen[Says.failed], "nothing failed: nothing was compared"
    assert seen[Says.passed], "nothing passed"


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
def test_what_a_format_declares_it_does_not_hold(writer: Writer, tmp_path: Path) -> None:
    """A declaration that names what the files do hold would excuse what is not read."""
    form = FORMATS[writer.format]
    for document in read(tmp_path / "x", writer.write(tenant(1, writer.collections))).documents:
        for path in form.cannot_carry:
            value = document.data
            for name in path.split("."):
                if isinstance(value, Unknown):
                    break
                fields = dict(zip(getattr(value, "__struct_encode_fields__", ()), getattr(value, "__struct_fields__", ()), strict=True))
                value = getattr(value, fields[name]) if name in fields else Unknown(path, "")
            assert isinstance(value, Unknown), (document.kind, path)
