"""Makes `docs/frameworks.md`: what of each framework concerns app registrations, and what of it the rules cover.

From `auditor/frameworks.toml` and what rule pages name. Stops at an item that a page names and the list does not have, and at one without
a rule and without a reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from auditor import rulebook
from auditor.frameworks import COVERAGE, Framework, catalogue, fault
from auditor.rulebook import Rulebook


def files() -> dict[str, str]:
    book = rulebook.shipped()
    for rule in book:
        for framework, items in rule.frameworks.items():
            if wrong := next(filter(None, (fault(framework, item) for item in items)), ""):
                raise SystemExit(f"{rule.path}: {wrong}")
    lines = [
        "# What CIS, NIST and other frameworks ask of app registrations",
        "",
        "Made by `python scripts/generate.py` from `auditor/frameworks.toml` and the rule pages. Titles are in our own words; what an item "
        "asks exactly, its publisher says. An item is `covered` if the rules decide it, `partly` if the last column says what they do not "
        "check, else `missing`. A rule that is *opt-in* is not in the default profile.",
        "",
        "`regaudit rules --framework cis-m365` prints this of one framework, `regaudit scan PATH --select cis-m365` checks its rules, "
        "`--select cis-m365:5.1.5` those of a section. JSON, CSV, Excel, SARIF and OCSF reports name the items of each rule. A report "
        "without findings of these rules does not show that an organization complies with a framework.",
        "",
        "| framework | read | items | covered | partly | missing |",
        "|---|---|---|---|---|---|",
        *(_row(framework, book) for framework in catalogue().values()),
        "",
    ]
    for one in catalogue().values():
        lines += [f"## {one.id}", "", *_section(one, book), ""]
    return {"docs/frameworks.md": "\n".join(lines)}


def _row(framework: Framework, book: Rulebook) -> str:
    counts = Counter(framework.coverage(item, rules_of(book, framework.id, item.id)) for item in framework.items)
    numbers = " | ".join(str(counts[word]) for word in COVERAGE)
    return f"| [{framework.title}](#{framework.id}) | {framework.read:%Y-%m-%d} | {len(framework.items)} | {numbers} |"


def _section(framework: Framework, book: Rulebook) -> Iterator[str]:
    yield f"[{framework.title}](<{framework.page}>). {framework.scope} {framework.limit}".rstrip()
    yield ""
    yield f"Source: {framework.source}."
    yield ""
    yield "| item | what it asks | | rules | not checked |"
    yield "|---|---|---|---|---|"
    for item in framework.items:
        rules = rules_of(book, framework.id, item.id)
        if not rules and not item.gap:
            raise SystemExit(f"auditor/frameworks.toml: {framework.id}:{item.id} has no rule: say in `gap` why")
        yield f"| {item.id} | {item.title} | {framework.coverage(item, rules)} | {', '.join(rules)} | {item.gap} |"


def rules_of(book: Rulebook, framework: str, item: str) -> list[str]:
    """The rules that name an item, each with a link to its page."""
    return [
        f"[{rule.id}](../rules/{rule.area}/{rule.id}.md)" + (" (*opt-in*)" if "opt-in" in rule.tags else "")
        for rule in book
        if item in rule.frameworks.get(framework, ())
    ]
