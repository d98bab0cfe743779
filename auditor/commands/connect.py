"""regaudit connect: from a connector to its API, link by link."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from auditor.commands import Command, echo_json, running
from auditor.commands.options import Output, as_of, certain_only, exceptions, inputs, outputs, rules, strict
from auditor.display import placed, wrapped
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.engine.exceptions import Accepted
    from auditor.engine.selection import RuleSelection
    from auditor.pipeline import Inputs

    Fix = Callable[[Any], list[tuple[str, bool]]]  # of a finding -> lines, and whether each is a command

_EPILOG = """\b
Examples:
  regaudit connect connector/ client.json api.json
  regaudit connect solution.zip tenant/ --profile custom-connector
  regaudit connect connector/ --tenant contoso.onmicrosoft.com
  regaudit connect tenant/ --output-format json
"""
_NOTHING = "nothing to walk: give a connector and its registrations, as in `regaudit connect connector/ client.json api.json`"
_NO_CONNECTOR = "none of these files holds a connector: give its folder, its apiProperties.json or its solution"
_ONLY_DEFINITION = (  # what the portal offers for download
    "these files describe a connector and do not say how it signs in: give its apiProperties.json, as `pac connector download` writes "
    "it, or the solution that the connector is in"
)
_MARKS = {
    "pass": ("fits", "green"), "fail": ("BROKEN", "red"), "likely": ("likely broken", "red"), "not-evaluated": ("open", "yellow"),
    "waived": ("waived", "yellow"), "baselined": ("in baseline", "yellow"),
}  # fmt: skip


@click.command("connect", cls=Command, epilog=_EPILOG)
@inputs(nothing=_NOTHING)
@rules(profile="custom-connector", select=False, extend=False)
@exceptions()
@strict
@certain_only
@as_of
@outputs("text", "json", "markdown", commands=True, redact=True)
def command(
    inputs: Inputs, rules: RuleSelection, accepted: Accepted | None, output: Output, strict: bool, certain_only: bool, as_of: str | None
) -> int:
    """Check the way from each connector to its API, link by link: client, service principals, permission, scope, consent.

    PATH is a connector's folder, its apiProperties.json or a solution, and the app registrations that belong to it: two manifests, a
    whole tenant's exports, or a live tenant. A link fits, is broken, is likely broken, or is open (it could not be checked). The output
    says what was checked, and what is missing. Links after a broken one are open.

    Exit codes: 0 no link is broken, 1 a link is or likely is broken, 2 something could not be read, no link could be checked, or with
    --strict a link is open.
    """
    from auditor.diagnose.chain import RULES, chains, gate, overview, roots, verdict
    from auditor.pipeline import AuditRequest
    from auditor.report.build import fix_of
    from auditor.report.verdict import taken_away

    if not inputs.paths:
        raise UsageError(_NOTHING)
    chosen = replace(rules, select=RULES, unconfigured=None)
    request = AuditRequest(inputs, chosen, as_of, only=roots, certain_only=certain_only, accepted=accepted)
    report = running.run(request, output, notes=True)
    found = list(chains(report))
    if not found and not report.errors and not inputs.allow_empty:
        raise UsageError(_ONLY_DEFINITION if any(world.connector_parts for world in report.worlds) else _NO_CONNECTOR)
    passed = gate(found, report, strict=strict)
    said = verdict(found, passed) + taken_away(report)
    found = output.redacted(found)
    if output.form == "json":
        echo_json({"as_of": report.as_of.isoformat(), "gate": passed.row(said), "connectors": found})
    else:

        def lines(row: Any) -> list[tuple[str, bool]]:
            fix = fix_of(row, report.tenants)
            if output.form == "text":
                return [(line.text, line.is_code) for line in fix.shown(output.shell)]
            commands = {line for command in fix.commands(output.shell) for line in command.lines}
            return [(line, line in commands) for line in fix.lines(output.shell)]

        if output.form == "markdown":
            click.echo("\n".join(_markdown(found, said, overview(found), lines)))
            return passed.exit_code
        click.echo("\n".join(wrapped(said, "", "  ")))
        if (text := overview(found)) is not None:
            click.echo("\n".join(wrapped(text)))
        click.echo()
        for chain in found:
            click.echo("\n".join(_page(chain, output, lines)))
    return passed.exit_code


def _page(chain: Any, output: Output, fix: Fix) -> list[str]:
    from auditor.display import cell

    def style(text: str, name: str) -> str:
        return click.style(text, fg=name) if output.coloured else text

    name = chain.connector.removeprefix(chain.file.rpartition("/")[0] + "/")  # one without a title is called by its place
    lines = wrapped(f'Connector "{cell(name)}"  {placed(chain.file, chain.line)}', "", "  ")
    if chain.status == "not-applicable":
        how = f"by {chain.identity_provider}" if chain.identity_provider else "without OAuth"
        lines += wrapped(f"signs in {how}, not through Microsoft Entra ID: there is nothing to walk", "  ", "    ")
    if not output.quiet:
        lines += _links(chain, style, fix, verbose=output.verbose)
    if chain.links:
        lines += wrapped(chain.summary, "  ", "  ")
    return [*lines, ""]


def _links(chain: Any, style: Any, fix: Fix, *, verbose: bool) -> list[str]:
    from auditor.display import cell, columns

    lines: list[str] = []

    def say(text: str, indent: int = 4) -> None:
        lines.extend(wrapped(text, " " * indent, " " * (indent + 2)))

    ways: set[str] = set()
    width = max((len(link.link) for link in chain.links), default=0)
    for link in chain.links:
        word, name = _MARKS[link.certainty if link.certainty == "likely" else link.status]
        what = f'"{cell(link.what)}"' if link.what and link.link != "connector" else ""
        room = columns() - width - len(f"    {word:<13}  ")
        lines.append(f"  {link.link:<{width}}  {style(f'{word:<13}', name)}  {what if len(what) <= room else ''}".rstrip())
        lines += wrapped(what, "    ", "    ") if len(what) > room else []
        for said in link.checked:
            say(f"fits: {said}")
        for row in (*link.findings, *link.remarks):
            _finding(row, say, lines, fix)
        if link.reason:
            say(f"open: {link.reason}")
        if link.status in ("fail", "not-evaluated") and (way := _ways(link)):
            say(f"{'to make sure' if link.certainty else 'to close it'}: {'as above' if way in ways else way}", 6)
            ways.add(way)
        for gap in link.unchecked:
            if not verbose and (link.status != "pass" or gap.reason == link.reason):
                continue
            say(f"not checked: {', '.join(gap.rules)} ({gap.reason})")
            if closes := _ways(gap) if verbose else gap.portal:
                say(f"to check it: {'as above' if closes in ways else closes}", 6)
                ways.add(closes)
        if verbose and link.rules:
            say(f"checked by {', '.join(link.rules)}")
    for row in chain.remarks:
        lines.append("  also")
        _finding(row, say, lines, fix)
    return lines


def _markdown(found: list[Any], said: str, overview: str | None, fix: Fix) -> list[str]:
    """For a ticket or a summary of a pipeline: a list for each connector. What others chose is written as code."""
    from auditor.display import as_code
    from auditor.report.rows import said_of

    lines = ["# regaudit connect", "", as_code(said), ""]
    if overview is not None:
        lines += [as_code(overview), ""]
    for chain in found:
        lines += [f"## Connector {as_code(chain.connector)}", "", as_code(placed(chain.file, chain.line)), ""]
        for link in chain.links:
            word, _ = _MARKS[link.certainty if link.certainty == "likely" else link.status]
            lines.append(f"- **{link.link}**: {word}" + (f", {as_code(link.what)}" if link.what else ""))
            lines += [f"  - fits: {as_code(checked)}" for checked in link.checked]
            for row in (*link.findings, *link.remarks):
                codes = "".join(f" AADSTS{code}" for code in row.aadsts)
                accepted = said_of(row)
                status = f"{row.status} " if accepted else ""
                lines.append(f"  - {status}{row.severity} `{row.rule_id}`{codes}: {as_code(row.message)}")
                if accepted:
                    lines.append(f"    {as_code(accepted)}")
                    continue
                prose = " ".join(line for line, is_command in fix(row) if line and not is_command)
                lines += [f"    Fix: {as_code(prose)}"] if prose else []
                if commands := [line for line, is_command in fix(row) if is_command]:
                    lines += ["", "    ~~~~", *(f"    {line}" for line in commands), "    ~~~~", ""]
            lines += [f"  - open: {as_code(link.reason)}"] if link.reason else []
            lines += [f"  - to close it: {as_code(_ways(link))}"] if link.status in ("fail", "not-evaluated") and _ways(link) else []
            lines += [f"  - not checked: {', '.join(f'`{rule}`' for rule in gap.rules)} {as_code(gap.reason)}" for gap in link.unchecked]
        lines += ["", as_code(chain.summary) if chain.links else "It does not sign in through Microsoft Entra ID.", ""]
    return lines


def _ways(gap: Any) -> str:
    """The portal's way and the command's to what is missing."""
    return "; or ".join(way for way in (gap.portal, gap.remedy) if way)


def _finding(row: Any, say: Any, lines: list[str], fix: Fix) -> None:
    from auditor.display import cell, harmless
    from auditor.report.rows import said_of

    codes = "".join(f"  AADSTS{code}" for code in row.aadsts)
    likely = " (likely)" if row.certainty == "likely" else ""
    accepted = said_of(row)
    say(f"{f'{row.status} ' if accepted else ''}{row.severity}{likely} {row.rule_id}{codes}")
    say(cell(harmless(row.message, 4000)), 6)
    if accepted:
        say(cell(accepted), 6)
    if row.file:
        say(f"{placed(row.file, row.line, row.column)}  {row.property_path or ''}".rstrip(), 6)
    for i, (line, is_command) in enumerate(() if accepted else fix(row)):
        if is_command:
            lines.append(f"{' ' * 8}{line}")  # nothing may break it
        else:
            say(f"{'fix: ' if i == 0 else ''}{line}".rstrip(), 6)
