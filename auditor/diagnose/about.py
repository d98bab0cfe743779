"""What a rule is about, for people who read a report: its page and what follows from it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from auditor import frameworks, joins, pipeline
from auditor.diagnose import examples
from auditor.engine.compiled import compiled
from auditor.engine.judge import judge
from auditor.engine.prepared import collections
from auditor.entra.catalog import CATALOG
from auditor.entra.collections import BY_NAME
from auditor.errors import InputError, UsageError
from auditor.language import words
from auditor.report.build import fix_of
from auditor.report.fixes import Fix
from auditor.rulebook import Rule
from auditor.severity import Status

_WIDTH = 76  # characters of a line of JSON, where its values allow it


class Reading(NamedTuple):
    """A collection that a rule reads. `permission`: of a live scan, "" where it comes with another collection; `files`: how to get it
    for a scan of files.
    """

    collection: str
    what: str
    permission: str
    files: str


class Failing(NamedTuple):
    """An example of a page that fails, as it fits into a terminal, what is reported of it, and what to do about it."""

    text: str
    as_of: str
    severity: str
    message: str
    fix: Fix


class About(NamedTuple):
    severity: str  # in words
    readings: list[Reading]
    codes: dict[int, str]  # AADSTS code -> what it means
    frameworks: dict[str, str]  # framework:item -> its title
    failing: Failing | None


def about(rule: Rule) -> About:
    """Raises RuleError where the page does not check."""
    known = {number: CATALOG.codes[number].meaning if number in CATALOG.codes else "" for number in rule.aadsts}
    items = {label: frameworks.title(label) for label in frameworks.labels(rule.frameworks)}
    return About(words.severity(rule.severity, rule.params), readings(rule), known, items, failing(rule))


def readings(rule: Rule) -> list[Reading]:
    """In the order of the tenant's collections; what is always read comes first."""
    from auditor.sources.graph.plan import plan

    read = collections([rule])
    permissions = {call.collection: call.permission for call in plan(read).calls}
    return [
        Reading(name, one.what or _WHAT.get(name, name), permissions.get(name, ""), one.remedy)
        for name, one in BY_NAME.items()
        if name in read
    ]


_WHAT = {
    "appRoleAssignedTo": "who is assigned to a service principal",
    "connectors": "custom connectors, and configurations of clients",
    "connectorParts": "the other files of a custom connector",
}


def failing(rule: Rule) -> Failing | None:
    """The first example that fails, with the first finding; None where the page has none, as one that is being written."""
    example = next((one for one in rule.examples if one.kind == "fail"), None)
    if example is None:
        return None
    try:
        documents, now = examples.read(example.text), pipeline.moment(example.as_of)
    except (InputError, UsageError):  # `regaudit test` says why
        return None
    worlds = [] if documents.errors else joins.worlds(documents, now)
    row = next((row for world in worlds[:1] for _, row in judge(rule, world).rows if row.status is Status.fail), None)
    if row is None:
        return None
    return Failing(fitted(example.text), example.as_of, row.severity, row.message, fix_of(row))


def unfilled(rule: Rule) -> Fix:
    """The fix with a placeholder for every value."""
    template = compiled(rule).fix.template
    return Fix("", template.filled({}), template.placeholders)


def fitted(text: str) -> str:
    """JSON in lines that a terminal has room for; several documents as they are written."""
    try:
        return "\n".join(_lines(json.loads(text), "", ""))
    except ValueError:
        return text.strip("\n")


def _lines(value: Any, indent: str, before: str) -> list[str]:
    text = before + json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, dict | list) or len(indent) + len(text) <= _WIDTH:
        return [indent + text]
    members = [(f"{json.dumps(key)}: ", one) for key, one in value.items()] if isinstance(value, dict) else [("", one) for one in value]
    lines = [indent + before + ("{" if isinstance(value, dict) else "[")]
    for number, (key, one) in enumerate(members, 1):
        lines += _lines(one, indent + "  ", key)
        lines[-1] += "," if number < len(members) else ""
    return [*lines, indent + ("}" if isinstance(value, dict) else "]")]
