"""What tests ask of fixes: their commands over failing examples, for a shell."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from auditor import fix, joins, pipeline, rulebook
from auditor.diagnose import examples
from auditor.engine.finding import Finding
from auditor.engine.judge import judge, judge_all
from auditor.joins.world import World
from auditor.report.build import fix_of
from auditor.report.fixes import Rendered
from auditor.rulebook import Example, Rule
from auditor.severity import Severity, Status
from auditor.shell import Shell
from auditor.sources.detect import COLLECTIONS
from tests.simulator import KEEP, Tenant, edited

DATA = Path(__file__).parent / "data"


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


# -- what azure-cli would take

OPTIONS: dict[str, list[dict[str, Any]]] = json.loads((DATA / "az_options.json").read_text())


def why_not(words: list[str]) -> str:
    """What azure-cli would refuse, by the options that its commands have; '' where nothing is wrong."""
    name = next((" ".join(words[1:end]) for end in range(len(words), 1, -1) if " ".join(words[1:end]) in OPTIONS), "")
    if not name:
        return "no such command"
    options = {option: about for about in OPTIONS[name] for option in about["names"]}
    given = words[1 + len(name.split()) :]
    for i, word in enumerate(given):
        if word.startswith("-"):
            if word not in options:
                return f"no option {word}"
            value = given[i + 1] if i + 1 < len(given) and not given[i + 1].startswith("--") else None
            if options[word]["value"] and value is None and word != "--cert":
                return f"{word} without a value"
            if value is not None and (choices := options[word].get("choices")) and value.lower() not in map(str.lower, choices):
                return f"{word} is never {value}"
    lacking = [about["names"] for about in OPTIONS[name] if about.get("required") and not {*about["names"]} & {*given}]
    return f"without {lacking[0]}" if lacking else ""


# -- what a tenant would be

# What the reader fills in, for the simulation: of any rule, or of one.
FILLED_IN: dict[str, Any] = tomllib.loads((DATA / "fixes_filled_in.toml").read_text())
# Why a rule's fix cannot be simulated: "rule reason".
NUMBERS = itertools.count(1)
NOT_SIMULATED = dict(line.split(" ", 1) for line in (DATA / "fixes_not_simulated.txt").read_text().splitlines())


TO_FILE = re.compile(r" > (\S+\.json)$")


def of_example(case: Case, value: Any) -> Any:
    """A list with a value for each failing example of the page, or what is the same for all."""
    if not isinstance(value, list) or (value and isinstance(value[0], dict)):
        return value
    return value[[one.example.line for one in cases([case.rule])].index(case.example.line)] if value else value


def filled(case: Case, command: Rendered, files: Mapping[str, str]) -> list[str]:
    """The words of a command with something for each placeholder. What is to be kept of a list, the simulator knows.

    `files`: those that earlier commands wrote, as the reader has changed them.
    """
    values = {**FILLED_IN, **files, **FILLED_IN.get(case.rule.id, {})}
    missing = [name for name in command.missing if name not in values and not KEEP.fullmatch(name) and not name.endswith(".pem")]
    assert not missing, f"{case.name}: say in tests/data/fixes_filled_in.toml what stands for {', '.join(missing)}"
    words = list(command.words)
    for name in sorted(command.missing, key=len, reverse=True):
        if values.get(name) == "nothing":  # is to be kept, of a list that is not known
            words = [word.replace(f', "{name}"', "").replace(f'"{name}"', "") for word in words]
        elif name in values:
            value = of_example(case, values[name])
            value = str(value).replace("NUMBER", str(next(NUMBERS))).replace("#", str(next(NUMBERS)))
            # In a body a quote before it is written as an escape.
            words = [re.sub(rf"(?:(?<![A-Za-z0-9-])|(?<=\\u0027)){name}(?![A-Za-z0-9-])", value, word) for word in words]
    return words


def left_out(case: Case, command: Rendered) -> bool:
    """Whether the reader has nothing to fill in, such as no grant where an app role is meant, and so leaves it out."""
    return any(FILLED_IN.get(case.rule.id, {}).get(name) == "" for name in command.missing)


# Consent to a high-privilege permission is a finding of its own; the fix says so.
FOLLOWS = {"perm-granted-to-some": {"grant-all-principals-risky"}, "perm-requested-not-granted": {"perm-high-application"}}


def seen(text: str, as_of: str) -> set[tuple[str, str | None]]:
    """The rules of medium and above that fail, and at which registration."""
    rows = [row for outcome in judge_all(default(), world(text, as_of)) for _, row in outcome.rows]
    return {(row.rule_id, row.app_id) for row in rows if row.status is Status.fail and row.severity >= Severity.medium}


@cache
def default() -> list[Rule]:
    return [rule for rule in rulebook.shipped() if "opt-in" not in rule.tags]


def simulated(case: Case) -> tuple[list[str], set[str]]:
    """What the rule still reports after its fix was carried out, and which rules of medium and above newly fail."""
    as_of, before = case.example.as_of, json.loads(case.text)
    tenant = Tenant({"applications": [before]} if case.is_lone else before, as_of)
    tenant.enter(FILLED_IN.get(case.rule.id, {}).get("connector", {}))
    edits, files = of_example(case, FILLED_IN.get(case.rule.id, {}).get("edits", [])), dict[str, str]()
    for command in commands(case):
        if command.how != "or" and not left_out(case, command):
            words = filled(case, command, files)
            if edits and (to_file := TO_FILE.search(command.lines[-1])):
                files[to_file[1]] = json.dumps(edited(tenant.shown(words), edits), ensure_ascii=False)
                edits = []  # the file of another finding comes with the change
            tenant.run(words)
    if case.is_lone and not tenant.collections["applications"]:
        return [], set()  # it is deleted
    after = json.dumps(tenant.collections["applications"][0] if case.is_lone else tenant.collections)
    still = [row.message for row in findings(case.rule, after, as_of)]
    return still, {rule for rule, _ in seen(after, as_of) - seen(case.text, as_of)} - FOLLOWS.get(case.rule.id, set())


def main() -> None:
    """Prints how many fixes there are of each kind, and how many were proven in which way."""
    rules = list(rulebook.shipped())
    kinds = Counter(kind(rule) for rule in rules)
    print(f"{len(rules)} pages: {kinds['graph']} change something by a request of Microsoft Graph, {kinds['az']} by az, "
          f"{kinds['manual']} in the portal only")  # fmt: skip
    of_examples = list(cases([rule for rule in rules if kind(rule) != "manual"]))
    given = [command for case in of_examples for command in commands(case)]
    refused = sum(bool(why_not(list(command.words))) for command in given)
    print(f"{len(given)} commands of {len(of_examples)} failing examples held against azure-cli's options: {refused} refused")
    tried = [case for case in of_examples if case.rule.id not in NOT_SIMULATED]
    wrong = sum(any(simulated(case)) for case in tried)
    left = {case.rule.id for case in of_examples} & NOT_SIMULATED.keys()
    print(f"{len(tried)} examples of {len({case.rule.id for case in tried})} pages simulated: {wrong} not as they should be; "
          f"{len(left)} pages not simulated (tests/data/fixes_not_simulated.txt)")  # fmt: skip


if __name__ == "__main__":
    main()
