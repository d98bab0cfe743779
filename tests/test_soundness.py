"""What is said of a part of a tenant must hold of the whole tenant: a pass means that somebody looked.

Only a failure that is certain binds. One that is likely may be overturned by the whole; how often it is, is printed (pytest -s, -rP).
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from auditor import joins, rulebook, sources
from auditor.diagnose.examples import read
from auditor.engine import judge as engine
from auditor.joins.world import World
from auditor.rulebook import Rule
from auditor.severity import Certainty
from tests.tenants import Maker

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
RULES = list(rulebook.shipped())
ALLOWED = {
    "fail": {"fail"},
    "likely": {"fail", "pass", "not-applicable"},
    "pass": {"pass", "not-applicable"},  # a subject that nobody knew can turn out not to exist
    "not-applicable": {"not-applicable"},
    "not-evaluated": {"fail", "pass", "not-applicable"},
}


def world_of(tenant: dict[str, Any]) -> World:
    documents = read(json.dumps(tenant))
    assert not documents.errors
    return joins.worlds(documents, NOW)[0]


def verdicts(rule: Rule, world: World) -> dict[str, tuple[str, int]]:
    """Object id (or place) of each root -> its verdict and number of findings, of those that are certain where any is."""
    found: dict[str, tuple[str, int]] = {}
    for root in engine.roots_of(rule, world):
        alone = engine.judge(rule, world, only=[root])
        assert not alone.errors, [row.message for _, row in alone.rows]
        certain = sum(row.certainty is Certainty.certain for _, row in alone.rows)
        counts = (("fail", certain), ("likely", alone.failed), ("not-evaluated", alone.not_evaluated), ("pass", alone.passed))
        verdict = next((name for name, count in counts if count), "not-applicable")
        # The tenant stands in several documents, and the first of them may be gone.
        found["tenant" if root is world.tenant else root.document.pointer] = (verdict, certain)
    return found


def with_exemptions(tenant: dict[str, Any]) -> dict[str, Any]:
    """A tenant of which some credentials are Microsoft's own. Entries of one certificate have one subject."""
    for i, app in enumerate(tenant["applications"]):
        for secret in (app.get("passwordCredentials") or [])[i % 3 :: 3]:
            secret["displayName"] = "CWAP_AuthSecret"
        keys = app.get("keyCredentials") or []
        for subject in {key.get("displayName") for key in keys[i % 3 :: 3]}:
            for key in keys:
                if key.get("displayName") == subject:
                    key["displayName"] = "CN=x.powerva.microsoft.com"
    return tenant


def unnamed(tenant: dict[str, Any]) -> dict[str, Any]:
    """The tenant as an export without the descriptions of credentials."""
    part: dict[str, Any] = json.loads(json.dumps(tenant))
    for app in part["applications"]:
        for credential in [*(app.get("passwordCredentials") or []), *(app.get("keyCredentials") or [])]:
            credential.pop("displayName", None)
    return part


def as_old_manifests(tenant: dict[str, Any]) -> dict[str, Any]:
    """Its registrations in the shape of Azure AD Graph, which holds no federated credentials."""
    renamed = {"startDateTime": "startDate", "endDateTime": "endDate"}

    def old(credentials: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{renamed.get(name, name): value for name, value in credential.items()} for credential in credentials]

    return {
        "applications": [
            {
                "objectId": app["id"], "appId": app["appId"], "name": app["displayName"], "signInAudience": app["signInAudience"], "replyUrlsWithType": [],
                "passwordCredentials": old(app["passwordCredentials"]), "keyCredentials": old(app["keyCredentials"]),
            }
            for app in tenant["applications"]
        ]
    }  # fmt: skip


CREDENTIALS = [rule for rule in RULES if rule.area == "credentials" and rule.root == "app"]


# Eight tenants a part: two parts at each change, all before it lands.
@pytest.mark.no_cover
@pytest.mark.parametrize("part", [0, 1, *(pytest.param(part, marks=pytest.mark.slow) for part in range(2, 12))])
def test_no_verdict_on_a_part_contradicts_the_whole(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if part % 2:
        monkeypatch.setattr(engine, "FEW", 0)  # compiled, as for many registrations
    seen: Counter[tuple[str, str]] = Counter()
    likely: Counter[str] = Counter()
    for seed in range(part * 8, part * 8 + 8):
        maker = Maker(seed)
        tenant = with_exemptions(maker.tenant())
        whole = world_of(tenant)
        holes = [world_of(maker.with_holes(tenant)) for _ in range(3)]
        presumed = [world_of(unnamed(tenant)), world_of(as_old_manifests(tenant))]
        for rule in RULES:
            full = verdicts(rule, whole)
            seen.update((rule.id, verdict) for verdict, _ in full.values())
            for world in [*holes, *(presumed if rule in CREDENTIALS else ())]:
                for place, (verdict, findings) in verdicts(rule, world).items():
                    if place not in full:
                        continue
                    complete, most = full[place]
                    if complete in ("not-evaluated", "likely"):
                        continue
                    if verdict == "likely":
                        likely[complete] += 1
                    assert complete in ALLOWED[verdict], f"seed {seed}: {rule.id} at {place}: {verdict} of a part, {complete} of the whole"
                    # The two entries of one certificate are told apart when their thumbprints are missing.
                    assert findings <= most or "certificates" in rule.each, (
                        f"seed {seed}: {rule.id} at {place}: {findings} findings in a part, {most} in the whole"
                    )
    assert len({rule for rule, _ in seen}) == len(RULES)
    print(f"{sum(likely.values())} likely failures of a part; the whole says: {dict(likely)}")
    assert likely["fail"], "no likely failure turned out to be one: nothing was tested"


STRANGERS: dict[str, Any] = {
    "an object that only has an id": {"id": "99999999-0000-4000-8000-000000000099"},
    "an object of properties that nobody knows": {"kind": "somethingNew", "settings": {"on": True}},
    "a text": "00000003-0000-0000-c000-000000000000",
    "a list": [{"appId": "99999999-0000-4000-8000-000000000099"}],
    "null": None,
    "a number": 7,
}


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("collection", ["applications", "servicePrincipals", "oauth2PermissionGrants", "appRoleAssignments", "owners"])
def test_what_nobody_knows_in_a_list_is_an_error_or_makes_the_list_incomplete(tmp_path: Path, collection: str, stranger: str) -> None:
    """A list with something in it that we cannot read may hold what a rule looks for: it must not count as the whole list."""
    tenant = Maker(3).tenant()
    page = {
        "@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{collection}",
        "value": [*tenant[collection], STRANGERS[stranger]],
    }
    (tmp_path / "page.json").write_text(json.dumps(page))
    documents = sources.read([str(tmp_path / "page.json")])
    world = joins.worlds(documents, NOW)[0]
    if documents.errors:
        assert collection not in world.complete
    else:  # kept, as an object of which nothing is known: look-ups by what it may be are then unknown
        assert len(documents.documents) == len(page["value"]), "it was dropped in silence"
        assert not isinstance(world.principal("99999999-0000-4000-8000-000000000000"), type(None))
