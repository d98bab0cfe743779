"""regaudit connect: from a connector to its API, link by link."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from auditor.commands import Command, echo_json, running
from auditor.commands.options import Output, as_of, certain_only, inputs, outputs, rules, strict
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection
    from auditor.pipeline import Inputs

_EPILOG = """\b
Examples:
  regaudit connect connector/ client.json api.json
  regaudit connect solution.zip tenant/ --profile custom-connector
  regaudit connect connector/ --tenant contoso.onmicrosoft.com
  regaudit connect tenant/ --output-format json
"""
_NOTHING = "nothing to walk: give a connector and its registrations, as in `regaudit connect connector/ client.json api.json`"
_MARKS = {"pass": ("pass", "green"), "fail": ("FAIL", "red"), "not-evaluated": ("not evaluated", "yellow")}


@click.command("connect", cls=Command, epilog=_EPILOG)
@inputs(nothing=_NOTHING)
@rules(profile="custom-connector", select=False, extend=False)
@strict
@certain_only
@as_of
@outputs("text", "json", commands=True)
def command(inputs: Inputs, rules: RuleSelection, output: Output, strict: bool, certain_only: bool, as_of: str | None) -> int:
    """Walk from each connector to its API: client, service principals, permission, scope, consent.

    PATH is a connector's folder, its apiProperties.json or a solution, and the app registrations that belong to it: two manifests, a
    whole tenant's exports, or a live tenant. Links behind a broken one are not evaluated.

    Exit codes: 0 no link is broken, 1 one is, 2 something could not be read, no link could be evaluated, or not all with --strict.
    """
    from auditor.diagnose.chain import RULES, chains, gate, roots, verdict
    from auditor.pipeline import AuditRequest
    from auditor.report.build import fix_of

    if not inputs.paths:
        raise UsageError(_NOTHING)
    report = running.run(
        AuditRequest(inputs, replace(rules, select=RULES), as_of, only=roots, certain_only=certain_only), output, notes=True
    )
    found = list(chains(report))
    if not found and not report.errors and not inputs.allow_empty:
        raise UsageError("none of these files holds a connector: give its folder, its apiProperties.json or its solution")
    passed = gate(found, report, strict=strict)
    said = verdict(found, passed)
    if output.form == "json":
        echo_json({"as_of": report.as_of.isoformat(), "gate": passed.row(said), "connectors": found})
    else:

        def lines(row: Any) -> list[str]:
            return fix_of(row, report.tenants).lines(output.shell)

        click.echo(f"{said}\n")
        for chain in found:
            click.echo("\n".join(_page(chain, output, lines)))
    return passed.exit_code


def _page(chain: Any, output: Output, fix: Callable[[Any], list[str]]) -> list[str]:
    from auditor.display import cell

    def style(text: str, name: str) -> str:
        return click.style(text, fg=name) if output.coloured else text

    lines = [f"{cell(chain.connector)}  {chain.file}:{chain.line}"]
    if chain.status == "not-applicable":
        how = f"by {chain.identity_provider}" if chain.identity_provider else "without OAuth"
        lines.append(f"  signs in {how}, not through Microsoft Entra ID: there is nothing to walk")
    if not output.quiet:
        lines += _links(chain, style, fix, verbose=output.verbose)
    counts = {status: sum(link.status == status for link in chain.links) for status in _MARKS}
    if chain.links:
        broken = f"{counts['fail']} of {len(chain.links)} links broken" if counts["fail"] else "no link is broken"
        unknown = f", {counts['not-evaluated']} could not be evaluated" if counts["not-evaluated"] else ""
        none = counts["not-evaluated"] == len(chain.links)
        lines.append("  no link could be evaluated" if none else f"  {broken}{unknown}")
    return [*lines, ""]


def _links(chain: Any, style: Any, fix: Callable[[Any], list[str]], *, verbose: bool) -> list[str]:
    from auditor.display import cell

    lines = []
    width = max((len(link.link) for link in chain.links), default=0)
    for link in chain.links:
        word, name = _MARKS[link.status]
        lines.append(f"  {link.link:<{width}}  {style(f'{word:<13}', name)}  {cell(link.what or '')}".rstrip())
        if link.reason:
            lines.append(f"  {'':<{width}}  {link.reason}")
        if link.remedy:
            lines.append(f"  {'':<{width}}  {link.remedy}")
        if verbose and link.rules:
            lines.append(f"  {'':<{width}}  checked by {', '.join(link.rules)}")
        for row in (*link.findings, *link.remarks):
            lines += _finding(row, " " * (width + 4), fix)
    for row in chain.remarks:
        lines += ["  also", *_finding(row, "  ", fix)]
    return lines


def _finding(row: Any, indent: str, fix: Callable[[Any], list[str]]) -> list[str]:
    from auditor.display import cell, harmless

    codes = "".join(f"  AADSTS{code}" for code in row.aadsts)
    likely = " (likely)" if row.certainty == "likely" else ""
    lines = [f"{indent}{row.severity}{likely} {row.rule_id}{codes}", f"{indent}  {cell(harmless(row.message, 4000))}"]
    if row.file:
        lines.append(f"{indent}  {row.file}:{row.line}{f':{row.column}' if row.column else ''}  {row.property_path or ''}".rstrip())
    lines += [f"{indent}  {'fix: ' if i == 0 else '     '}{line}".rstrip() for i, line in enumerate(fix(row))]
    return lines
