"""What tests ask of fixes: their commands over failing examples, for a shell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from auditor import fix, joins, pipeline
from auditor.diagnose import examples
from auditor.engine.finding import Finding
from auditor.engine.judge import judge
from auditor.joins.world import World
from auditor.report.build import fix_of
from auditor.report.fixes import Rendered
from auditor.rulebook import Example, Rule
from auditor.severity import Status
from auditor.shell import Shell
from auditor.sources.detect import COLLECTIONS


class Case(NamedTuple):
    """A failing example, whose objects have the ids that a real one would have."""

    rule: Rule
    example: Example
    text: str

    @property
    def name(self) -> str:
        return f"{self.rule.id}:{self.example.line}"

    @property
    def is_lone(self) -> bool:
        """Whether the example is one application."""
        return not json.loads(self.text).keys() <= COLLECTIONS.keys()


def cases(rules: list[Rule]) -> Iterator[Case]:
    for rule in rules:
        for example in rule.examples:
            if example.kind in ("fail", "likely") and not SEVERAL.search(example.text):
                yield Case(rule, example, json.dumps(with_ids(json.loads(example.text))))


# Several documents, as files that are given one by one: what is missing there is presumed, and a fix in one of them shows nothing.
SEVERAL = re.compile(r"^\{.*^\{", re.MULTILINE | re.DOTALL)


def with_ids(value: Any) -> Any:
    """The example with ids for the objects that have none."""
    if not value.keys() <= COLLECTIONS.keys():
        value = {"applications": [value]}
        return with_ids(value)["applications"][0]
    for kind, (name, objects) in enumerate(value.items()):
        for number, one in enumerate(objects if isinstance(objects, list) and name != "connectors" else []):
            if "owner" not in name.lower():
                one.setdefault("id", f"0a0a0a0a-{kind:04d}-4000-8000-{number:012d}")
            if name in ("applications", "servicePrincipals"):
                one.setdefault("appId", f"0b0b0b0b-{kind:04d}-4000-8000-{number:012d}")
    return value


def world(text: str, as_of: str) -> World:
    return joins.worlds(examples.read(text), pipeline.moment(as_of))[0]


def findings(rule: Rule, text: str, as_of: str) -> list[Finding]:
    return [row for _, row in judge(rule, world(text, as_of)).rows if row.status is Status.fail]


def commands(case: Case, shell: Shell = Shell.bash) -> list[Rendered]:
    """The commands of all findings of an example."""
    rows = findings(case.rule, case.text, case.example.as_of)
    return [command for row in rows for command in fix_of(row).commands(shell)]


@cache
def kind(rule: Rule) -> str:
    return fix.kind(rule.fix)


def arguments(line: str) -> list[str]:
    """The words of a line as cmd and az.cmd make them of it, or raises where either would obey a part of it."""
    assert not re.search(r"[%!^&|<>`\n\r]", line), line
    assert line.count('"') % 2 == 0, line
    outside = re.sub(r'"[^"]*"', "", line)
    assert not re.search(r"[()]", outside), line
    return [word.replace('"', "") for word in re.findall(r'(?:"[^"]*"|[^\s"])+', line)]
