"""regaudit explain: show a rule's page, or what an AADSTS code means and which rules look for its cause."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from auditor.commands import Command, FilePath, complete, echo_json, echo_table, option, running
from auditor.commands.options import Output, as_of, certain_only, exceptions, inputs, limit, outputs, rules
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.diagnose.aadsts import Explanation, Mention, Message
    from auditor.diagnose.about import About, Reading
    from auditor.diagnose.causes import Cause
    from auditor.engine.exceptions import Accepted
    from auditor.engine.selection import RuleSelection
    from auditor.pipeline import AuditRequest, Inputs
    from auditor.redact import Redactor
    from auditor.report.model import Report
    from auditor.results import Report as Audited
    from auditor.rulebook import Rule, Rulebook

_NAMES = 10  # characters: the column of names
_LONGEST = 4000  # characters of a text of a page
_FAIL_ON = "info"  # whatever its severity, a finding may be the cause
_LOOKED_AT = ("applications", "servicePrincipals", "organization")  # where no rule says what is needed
_SAID = {"found": "cause", "excluded": "not the cause", "cannot-tell": "not known"}
_LONGEST_WORD = 100  # characters; what is longer names no rule
_EPILOG = """\b
Examples:
  regaudit explain secret-expired
  regaudit explain AADSTS50011
  regaudit explain AADSTS50011 manifests/
  regaudit explain "AADSTS50011: The redirect URI 'https://…' …" manifests/
  regaudit explain - manifests/ < message.txt
  regaudit explain --list-codes
"""


@click.command("explain", cls=Command, epilog=_EPILOG)
@click.argument("what", metavar="RULE|CODE|MESSAGE|-", required=False, shell_complete=complete.explained)
@click.argument("more", metavar="[PATH…]", nargs=-1, type=FilePath())
@option("--list-codes", is_flag=True, help="List the known AADSTS codes, and how many rules look for the cause of each.")
@inputs(argument=False)
@rules(select=False)
@exceptions()
@certain_only
@as_of
@limit
@option("--raw", is_flag=True, help="Show the rule's page as it is written, with all its examples.")
@outputs("text", "json", commands=True, redact=True)
def command(
    what: str | None, more: tuple[str, ...], list_codes: bool, raw: bool, inputs: Inputs, rules: RuleSelection,
    accepted: Accepted | None, output: Output, certain_only: bool, as_of: str | None, limit: int | None,
) -> int:  # fmt: skip
    """Show what RULE is about: how severe it is, what it reads, why it matters, how to fix it, an example that fails.

    For an AADSTS code, or a whole error message that contains one (- reads it from standard input), show what it means and which rules look
    for its cause. With files, folders or a tenant, also check whether they have one of these causes.

    Exit codes with files: 0 the causes that can be checked are excluded, 1 a cause was found, 2 the cause is not known: data is missing
    in the input, or the code is unknown or not about configuration.
    """
    from auditor.pipeline import AuditRequest

    book = rules.book()
    if list_codes:
        if what is not None or raw:
            raise UsageError("--list-codes lists all codes: nothing else goes with it")
        _list(book, as_json=output.form == "json")
        return 0
    if what is None:
        raise UsageError("nothing to explain: give a rule or a code, as in `regaudit explain AADSTS50011`; --list-codes lists the codes")
    asked = _asked(what, more)
    if asked is None:
        if more or not inputs.are_none:
            raise UsageError(f"files go with an AADSTS code; to check one rule: regaudit scan PATH --select {what}")
        _show_page(book.get(what), output, raw=raw)
        return 0
    if raw:
        raise UsageError("--raw shows the page of a rule; a code has none")
    message, paths = asked
    return _explain(
        message,
        AuditRequest(replace(inputs, paths=tuple(paths)), rules, as_of, certain_only=certain_only, accepted=accepted),
        book, output, limit, as_of,
    )  # fmt: skip


# -- a rule


def _show_page(page: Rule, output: Output, *, raw: bool) -> None:
    from auditor.diagnose.about import about
    from auditor.display import clean_lines

    if raw:
        click.echo(clean_lines(page.page, len(page.page)))
        return
    told = about(page)
    if output.form == "json":
        echo_json(_page_row(page, told, output))
    else:
        click.echo("\n".join(_page_lines(page, told, output)), color=output.coloured)


def _page_row(page: Rule, told: About, output: Output) -> dict[str, Any]:
    from auditor.commands.rules import described
    from auditor.display import clean_lines

    example = told.failing
    return {
        **described(page),
        "severity_in_words": told.severity,
        "reads": [reading._asdict() for reading in told.readings],
        "framework_items": [{"item": label, "title": title or None} for label, title in told.frameworks.items()],
        "sign_in_errors": [{"code": number, "meaning": meaning or None} for number, meaning in told.codes.items()],
        "why": clean_lines(page.why),
        "fix": clean_lines(page.fix),
        "example": example and {
            "text": example.text, "as_of": example.as_of, "severity": example.severity, "message": example.message,
            "shell": output.shell, "commands": ["\n".join(command.lines) for command in example.fix.commands(output.shell)],
        },
    }  # fmt: skip


def _toml(value: object) -> str:
    """A parameter's value as the page has it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _page_lines(page: Rule, told: About, output: Output) -> Iterator[str]:
    """What a rule is about, in the terminal's width; commands and JSON are not wrapped."""
    from auditor import markdown
    from auditor.diagnose.about import unfilled
    from auditor.display import harmless, wrapped

    def head(text: str) -> str:
        return click.style(text, bold=True) if output.coloured else text

    def row(name: str, text: str) -> list[str]:
        return wrapped(harmless(text, _LONGEST), f"{name:<{_NAMES}}", " " * _NAMES)

    yield from (head(line) for line in wrapped(_title(page)))
    yield ""
    yield from row("Rule", page.id + (f" (also called {', '.join(page.aliases)})" if page.aliases else ""))
    yield from row("Area", page.area + (f"; {', '.join(page.tags)}" if page.tags else ""))
    yield from row("Severity", markdown.inline(told.severity))
    for number, reading in enumerate(told.readings):
        yield from row("" if number else "Reads", _reading(reading))
    for name, value in page.params.items():
        yield from row("Parameter", f"{name} = {_toml(value)}")
    for number, (code, meaning) in enumerate(told.codes.items()):
        yield from row("" if number else "Sign-in", f"AADSTS{code}" + (f": {markdown.inline(meaning)}" if meaning else ""))
    for number, (label, title) in enumerate(told.frameworks.items()):
        yield from row("" if number else "Framework", f"{label}: {title}" if title else label)
    if page.gives_way_to:
        yield from row("Left out", f"if one of these rules reports the same: {', '.join(page.gives_way_to)}")
    yield from ("", head("Why"))
    yield from markdown.wrap(markdown.lines(page.why), "  ")
    example = told.failing
    if page.fix:
        fix = example.fix if example else unfilled(page)
        commands = fix.commands(output.shell)
        yield from ("", head("Fix") + (" of the example below" if example else "") + (f", for {output.shell}" if commands else ""))
        yield from markdown.wrap(fix.shown(output.shell), "  ")
    if example:
        yield from ("", head("Example that fails") + f", on {example.as_of}")
        yield from (f"  {harmless(line, len(line))}" for line in example.text.split("\n"))
        yield from wrapped(f"{example.severity}: {harmless(example.message, _LONGEST)}", "  ", "  ")
    if page.references:
        yield from ("", head("Links"), *(f"  {harmless(reference, _LONGEST)}" for reference in page.references))
    yield ""
    yield from wrapped(f"`regaudit explain {page.id} --raw` shows the page: all examples, and the expressions that decide.")


def _reading(reading: Reading) -> str:
    from auditor import markdown

    ways = [f"live tenant: {reading.permission}"] if reading.permission else []
    ways += [f"files: {markdown.inline(reading.files)}"] if reading.files else []
    return reading.what + (f" ({'; '.join(ways)})" if ways else "")


# -- a code


def _asked(what: str, more: tuple[str, ...]) -> tuple[Message, list[str]] | None:
    """The message and the files that are meant; None where a rule is named."""
    from auditor.diagnose import aadsts

    if what == "-":
        if "-" in more:
            raise UsageError("standard input cannot be both the message and a file")
        text = _standard_input()
        return _with_a_code(aadsts.parse(text), text), list(more)
    if aadsts.bare(what) is not None:
        numbers = [number for word in (what, *more) if (number := aadsts.bare(word)) is not None]
        return aadsts.Message(list(dict.fromkeys(numbers))), [word for word in more if aadsts.bare(word) is None]
    if len(what) > _LONGEST_WORD or len(what.split()) > 1:
        return _with_a_code(aadsts.parse(what), what), list(more)
    # A message without quotation marks comes as many words; behind it stand the files that there are.
    words = [what, *more]
    end = len(words)
    while end > 1 and (words[end - 1] == "-" or os.path.exists(words[end - 1])):
        end -= 1
    text = " ".join(words[:end])
    message = aadsts.parse(text)
    if message.codes or what[:5].lower() in ("aadst", "aadb2"):
        return _with_a_code(message, text), words[end:]
    return None


def _standard_input() -> str:
    from auditor.diagnose import aadsts
    from auditor.sources.text import to_utf8

    if sys.stdin is None:
        raise UsageError("standard input is closed")
    raw = sys.stdin.buffer.read(4 * (aadsts.LONGEST + 1))  # no character takes more bytes
    return to_utf8(raw, "standard input").decode("utf-8", "replace")


def _with_a_code(message: Message, text: str) -> Message:
    from auditor.diagnose import aadsts

    if not message.codes and (code := aadsts.of_b2c(text)) is not None:
        raise UsageError(f"{code} is a code of Azure AD B2C; regaudit knows those of Microsoft Entra ID, AADSTS and a number")
    if not message.codes:
        raise UsageError(
            "no AADSTS code is named, such as AADSTS50011 (see --list-codes). An error without one comes from the connector or its API: "
            "`regaudit connect PATH` checks the way to it"
        )
    return message


def _explain(message: Message, request: AuditRequest, book: Rulebook, output: Output, limit: int | None, as_of: str | None) -> int:
    from auditor.diagnose import aadsts, causes
    from auditor.diagnose.evidence import CODES
    from auditor.report import Depth, Options, render
    from auditor.report.build import report_of

    ignored = book.matching(request.rules.ignore)
    explanations = aadsts.explained(message.codes, (rule for rule in book if rule.id not in ignored))
    rules = sorted({rule.id for explanation in explanations for rule in explanation.rules})
    as_json = output.form == "json"
    audited: Audited | None = None
    report: Report | None = None
    cause: Cause | None = None
    named: list[Mention] = []
    if not request.inputs.are_none and not rules and CODES.isdisjoint(message.codes):
        cause = causes.unlooked(explanations)
        click.echo("regaudit: the files were not read: no rule looks for this", err=True)
    elif not request.inputs.are_none:
        if rules:
            audited = running.run(
                replace(request, rules=replace(request.rules, select=tuple(rules), unconfigured=None), by_area=as_json), output
            )
            report = report_of(audited, fail_on=_FAIL_ON, depth=Depth.objects if as_json else Depth.findings)
        loaded = audited or running.load(request.inputs, _LOOKED_AT, as_of, output)
        named = aadsts.mentions(message, loaded)
        cause = causes.of(message, explanations, loaded)
    first = frozenset(message.ids)
    if output.redactor is not None:
        report, first = output.redacted(report), frozenset(output.redactor.value(id_, "APP") for id_ in first)
        cause, named = _redacted(cause, named, output.redactor)
    colour = output.form == "text" and output.coloured
    shown = Options(
        colour=colour, limit=limit, quiet=output.quiet, verbose=output.verbose, first=first,
        shell=output.shell,
    )  # fmt: skip
    if as_json:
        _print_json(explanations, named, cause, report, shown)
    else:
        _print_text(explanations, named, cause, report, colour=colour)
        if report:
            for piece in render(report, "text", shown):
                click.echo(piece, nl=False)
    if message.more:
        click.echo("regaudit: the message is too long: only its beginning was read", err=True)
    known = all(explanation.known for explanation in explanations)
    return cause.exit_code if cause is not None and known else 0 if known else 2


def _redacted(cause: Cause | None, named: list[Mention], redactor: Redactor) -> tuple[Cause | None, list[Mention]]:
    """What was found of a message, as --redact shows it."""
    import dataclasses

    if cause is not None:
        clues = [clue._replace(text=redactor.text(clue.text)) for clue in cause.clues]
        cause = dataclasses.replace(
            cause, verdict=redactor.text(cause.verdict), clues=clues, ways=[redactor.text(way) for way in cause.ways]
        )
    return cause, [one._replace(value=redactor.value(one.value), found=redactor.text(one.found)) for one in named]


def _print_text(explanations: list[Explanation], named: list[Mention], cause: Cause | None, report: Report | None, *, colour: bool) -> None:
    from auditor.display import wrapped

    if cause is not None:
        for line in wrapped(cause.verdict, "", "  "):
            click.echo(click.style(line, bold=True) if colour else line)
        for clue in cause.clues:
            click.echo("\n".join(wrapped(f"{_SAID[clue.said]}: {clue.text}", "  ", "    ")))
        for way in cause.ways:
            click.echo("\n".join(wrapped(f"to find out: {way}", "  ", "    ")))
        click.echo()
    for explanation in explanations:
        title = f"AADSTS{explanation.number}"
        click.echo(click.style(title, bold=True) if colour else title)
        for line in _sentences(explanation):
            click.echo("\n".join(wrapped(line, "  ", "  ")))
        width = max((len(rule.id) for rule in explanation.rules), default=0)
        for rule in explanation.rules:
            behind = " " * (width + 6)
            click.echo("\n".join(wrapped(_title(rule), f"    {rule.id:<{width}}  ", behind)))
            if report:
                click.echo("\n".join(wrapped(_verdicts(_counts(rule, report)), behind, behind)))
        click.echo()
    if named:
        click.echo("The message names")
        for mention in named:
            click.echo(f"  {mention.value}\n    {mention.found}")
        click.echo()
    if cause is None and (number := next((one.number for one in explanations if one.rules), 0)):
        click.echo(f"`regaudit explain RULE` shows a rule. To run them over your files:\nregaudit explain AADSTS{number} manifests/")


def _sentences(explanation: Explanation) -> list[str]:
    code, number = explanation.code, len(explanation.rules)
    if not explanation.known:
        near = " or ".join(f"AADSTS{near}" for near in explanation.close)
        return [
            "regaudit does not know this code." + (f" Did you mean {near}?" if near else ""),
            f"Microsoft's page: {explanation.look_up}",
        ]
    said = [code.meaning] if code else []
    if code and code.foreseeable == "no":
        said.append(f"It cannot be foreseen from configuration: {code.limits}.")
    elif code and code.foreseeable == "partly":
        said.append(f"It can only partly be foreseen from configuration: {code.limits}.")
    if number:
        said.append(f"{number} {'rule looks' if number == 1 else 'rules look'} for it:")
    elif code and code.foreseeable != "no":
        said.append("No rule looks for this yet.")
    return said


def _title(rule: Rule) -> str:
    from auditor.display import harmless

    return harmless(rule.title)


def _counts(rule: Rule, report: Report) -> dict[str, int]:
    verdicts = next(row.verdicts for row in report.rules if row.id == rule.id)
    return {name: getattr(verdicts, name) for name in ("failed", "passed", "not_evaluated", "not_applicable", "errors")}


def _verdicts(counts: dict[str, int]) -> str:
    words = {"failed": "failed", "passed": "passed", "not_evaluated": "not evaluated", "not_applicable": "did not apply", "errors": "broke"}
    return ", ".join(f"{counts[name]} {word}" for name, word in words.items() if counts[name]) or "nothing to check"


def _row(explanation: Explanation, report: Report | None) -> dict[str, Any]:
    code = explanation.code
    return {
        "code": explanation.number,
        "known": explanation.known,
        "meaning": code.meaning if code else None,
        "foreseeable": code.foreseeable if code else None,
        "limits": code.limits or None if code else None,
        "close": explanation.close,
        "look_up": explanation.look_up,
        "rules": [
            {"id": rule.id, "title": _title(rule), "verdicts": _counts(rule, report) if report else None} for rule in explanation.rules
        ],
    }


def _print_json(explanations: list[Explanation], named: list[Mention], cause: Cause | None, report: Report | None, shown: Any) -> None:
    from auditor.display import escaped
    from auditor.report import render

    found = None
    if cause is not None:
        clues = [clue._asdict() for clue in cause.clues]
        found = {"verdict": cause.verdict, "said": cause.said, "exit_code": cause.exit_code, "clues": clues, "portal": cause.ways}
    rows = {"cause": found, "codes": [_row(one, report) for one in explanations], "mentions": [mention._asdict() for mention in named]}
    click.echo(escaped(json.dumps(rows).encode())[:-1] + b', "report": ', nl=False)
    for piece in render(report, "json", shown) if report else [b"null"]:
        click.echo(piece, nl=False)
    click.echo("}")


def _list(book: Rulebook, *, as_json: bool) -> None:
    from auditor.diagnose import aadsts
    from auditor.entra.catalog import CATALOG

    numbers = sorted(CATALOG.codes.keys() | {number for rule in book for number in rule.aadsts})
    explanations = aadsts.explained(numbers, book)
    if as_json:
        echo_json([_row(explanation, None) for explanation in explanations])
        return
    table = []
    for one in explanations:
        blind = one.code is not None and one.code.foreseeable == "no"
        table.append(
            (f"AADSTS{one.number}", len(one.rules) or ("cannot be foreseen" if blind else "none yet"), one.code.meaning if one.code else "")
        )
    echo_table(table, ["code", "rules", "what it means"])
    click.echo(f"\n{len(table)} codes. `regaudit explain AADSTS50011` explains one.")
