"""Makes `docs/peers.md`: each check of each other tool, its logic in a few words, our rule, and what our rule does not check.

From `peer_checks.tsv` (read off the other tools' sources by November 2026), `peers.tsv` (these sources) and `left_out.tsv`. Numbers, and
whether a rule is opt-in, are worked out. A rule that does not exist stops it, and a row whose status does not fit the rest of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from auditor import rulebook
from auditor.frameworks import COVERAGE
from auditor.rulebook import Rulebook

HERE = Path(__file__).parent
OUT = "out"  # no logic, or no object that regaudit audits
STATUSES = (*COVERAGE, OUT)
COMMAND = "regaudit:"  # in place of a rule: a command of ours


class Check(NamedTuple):
    peer: str
    name: str
    logic: str
    rules: list[str]
    status: str
    note: str


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (HERE / name).read_text("utf-8").splitlines()[1:]]


def checks(book: Rulebook) -> list[Check]:
    """Every check of every peer. Raises SystemExit for a row that cannot be true."""
    made = [Check(peer, name, logic, rules.split(), status, note) for peer, name, logic, rules, status, note in rows("peer_checks.tsv")]
    seen: set[tuple[str, str]] = set()
    for check in made:
        if fault := _fault(check, book) or ("it is there twice" if (check.peer, check.name) in seen else ""):
            raise SystemExit(f"peer_checks.tsv: {check.peer}, {check.name}: {fault}")
        seen.add((check.peer, check.name))
    return made


def _fault(check: Check, book: Rulebook) -> str:
    for rule in check.rules:
        if rule.startswith(COMMAND):
            if find_spec(f"auditor.commands.{rule.removeprefix(COMMAND)}") is None:
                return f"there is no command {rule}"
        elif rule not in book.rules:
            return f"no rule is called {rule!r}"
    if check.status not in STATUSES:
        return f"{check.status!r} is not one of {', '.join(STATUSES)}"
    if bool(check.rules) != (check.status in ("covered", "partly")):
        return "what is covered, also partly, has rules, and nothing else has"
    return "" if check.note or check.status == "covered" else "the note says why it is not covered"


def is_opt_in(check: Check, book: Rulebook) -> bool:
    """Whether no rule of the default profile covers it."""
    return bool(check.rules) and all(rule in book.rules and "opt-in" in book.get(rule).tags for rule in check.rules)


def files() -> dict[str, str]:
    book = rulebook.shipped()
    left_out: dict[str, str] = dict(rows("left_out.tsv"))
    for rule in left_out:
        if rule in book.rules:
            raise SystemExit(f"left_out.tsv: {rule} is a rule")
    all_checks = checks(book)
    peers = {peer: (source, state) for peer, source, state in rows("peers.tsv")}
    by_peer = {peer: [check for check in all_checks if check.peer == peer] for peer in peers}
    if unknown := {check.peer for check in all_checks} - peers.keys():
        raise SystemExit(f"peers.tsv lacks {', '.join(sorted(unknown))}")
    lines = [
        "# What other tools check",
        "",
        "Made by `python scripts/generate.py` from `scripts/peer_checks.tsv`. The sources of these tools were read, they were not run. "
        "`covered`: a rule decides the same question on the same object. `partly`: of another object, narrower, or by half; the note says "
        "which. `missing`: no rule. `out`: the tool's check has no logic, or is not about what regaudit audits. A question that several "
        "tools ask counts once for each. *Opt-in* rules are not in the default profile: `--profile strict`, or their names, select them.",
        "",
        *_counts(by_peer, book),
        "",
    ]
    for peer, of_peer in by_peer.items():
        source, state = peers[peer]
        lines += [f"## {peer}", "", f"Read: {source}, {state}.", "", "| check | what it checks | | rules | note |", "|---|---|---|---|---|"]
        lines += [f"| {check.name} | {check.logic} | {check.status} | {_rules(check, book)} | {check.note} |" for check in of_peer]
        lines.append("")
    lines += ["## Left out", "", "Candidates that are no rule of their own.", "", "| candidate | why |", "|---|---|"]
    lines += [*(f"| {rule} | {why} |" for rule, why in sorted(left_out.items())), ""]
    return {"docs/peers.md": "\n".join(lines)}


def _counts(by_peer: dict[str, list[Check]], book: Rulebook) -> Iterator[str]:
    yield f"| tool | checks | {' | '.join(STATUSES)} | of the covered ones opt-in |"
    yield "|---|---|---|---|---|---|---|"
    for peer, of_peer in by_peer.items():
        yield _count(f"[{peer}](#{peer.lower().replace(' ', '-').replace('.', '')})", of_peer, book)
    yield _count("all", [check for of_peer in by_peer.values() for check in of_peer], book)


def _count(name: str, of: list[Check], book: Rulebook) -> str:
    by_status = Counter(check.status for check in of)
    opt_in = sum(check.status == "covered" and is_opt_in(check, book) for check in of)
    return f"| {name} | {len(of)} | {' | '.join(str(by_status[status]) for status in STATUSES)} | {opt_in} |"


def _rules(check: Check, book: Rulebook) -> str:
    def one(rule: str) -> str:
        if rule.startswith(COMMAND):
            return f"`regaudit {rule.removeprefix(COMMAND)}`"
        found = book.get(rule)
        return f"[{rule}](../rules/{found.area}/{rule}.md)" + (" (*opt-in*)" if "opt-in" in found.tags else "")

    return ", ".join(map(one, check.rules))
