"""The examples of a rule page, run as tests: for our pages and for users' own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from auditor import frameworks, joins, pipeline
from auditor.engine.compiled import check
from auditor.engine.finding import Outcome
from auditor.engine.judge import judge
from auditor.errors import InputError, RuleError, UsageError
from auditor.rulebook import KINDS, Example, Rule
from auditor.severity import Certainty
from auditor.sources import Documents, reader
from auditor.sources.detect import COLLECTIONS

MUST_HAVE = ("fail", "pass")
FILL_IN = "FILL-IN"  # stands where `regaudit new-rule` leaves something to its author


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an example; `problem` is empty when it does what the page says."""

    kind: str
    line: int
    problem: str = ""
    detail: str = ""


def run(rule: Rule) -> Iterator[Result]:
    """Every example of a page, and what the page lacks."""
    try:
        check(rule)
    except RuleError as error:
        yield Result("", error.line, f"the page does not load: {str(error).removeprefix(f'{error.page}:{error.line}: ')}")
        return
    for framework, items in rule.frameworks.items():
        for fault in filter(None, (frameworks.fault(framework, item) for item in items)):
            yield Result("", rule.placed(RuleError(fault), f"frameworks.{framework}").line, fault)
    kinds = set()
    for example in rule.examples:
        kinds.add(example.kind)
        yield _run(rule, example)
    for kind in MUST_HAVE:
        if kind not in kinds:
            yield Result(kind, 1, f"the page has no example that should {kind}: ```json {kind}")
    for line, text in enumerate(rule.page.split("\n"), 1):
        if FILL_IN in text:
            what = text.partition(FILL_IN)[2].strip(': "}')
            yield Result("", line, f"still to be filled in: {what}")


def _run(rule: Rule, example: Example) -> Result:
    if example.kind not in KINDS:
        return Result(example.kind, example.line, f"an example is one of {', '.join(KINDS)}, not {example.kind!r}")
    try:
        documents = read(example.text)
        now = pipeline.moment(example.as_of)
    except (InputError, UsageError) as error:
        return Result(example.kind, example.line, f"the example cannot be read: {error}")
    if documents.errors:
        return Result(example.kind, example.line, f"the example cannot be read: {documents.errors[0]}")
    worlds = joins.worlds(documents, now)
    if not worlds:
        return Result(example.kind, example.line, "the example holds nothing that regaudit knows")
    outcome = judge(rule, worlds[0])
    verdict = next(
        (
            name
            for name, count in (
                ("error", outcome.errors), (_failure(outcome), outcome.failed), ("not-evaluated", outcome.not_evaluated),
                ("pass", outcome.passed),
            )
            if count
        ),
        "not-applicable",
    )  # fmt: skip
    detail = "; ".join(f"{row.severity}: {row.message}" for _, row in outcome.rows) or "; ".join(map(str, outcome.reasons))
    if verdict != example.kind:
        return Result(
            example.kind,
            example.line,
            f"{rule.id}: the example should be {example.kind}, it is {verdict}" + (f" ({detail})" if detail else ""),
        )
    return Result(example.kind, example.line, detail=detail)


def _failure(outcome: Outcome) -> str:
    """likely, where no failure is certain."""
    return "fail" if any(row.certainty is Certainty.certain for _, row in outcome.rows) else "likely"


def read(text: str) -> Documents:
    """An example's document. An object of Microsoft Graph's collection names holds whole collections; another is one application."""
    documents = Documents()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    names = value.keys() if isinstance(value, dict) else set()
    whole = bool(names) and names <= COLLECTIONS.keys()
    alone = isinstance(value, dict) and not whole and "value" not in names
    reader.read((f'{{"application":{text}}}' if alone else text).encode(), "example", "", documents)
    if whole:
        documents.whole.add("")
    return documents
