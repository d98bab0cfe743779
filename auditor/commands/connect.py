"""regaudit connect: from a connector to its API, link by link."""

from __future__ import annotations

from typing import Any

import click

from auditor.commands import Command, coloured, complete, echo_json, say_errors, size_option
from auditor.commands.live import live_of, live_options
from auditor.errors import UsageError

_EPILOG = """\b
Examples:
  regaudit connect connector/ client.json api.json
  regaudit connect solution.zip tenant/ --profile custom-connector
  regaudit connect connector/ --tenant contoso.onmicrosoft.com
  regaudit connect tenant/ --output-format json
"""
_MARKS = {"pass": ("pass", "green"), "fail": ("FAIL", "red"), "not-evaluated": ("not evaluated", "yellow")}


@click.command("connect", cls=Command, epilog=_EPILOG)
@click.argument("paths", nargs=-1, metavar="PATH…", type=click.Path())
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--profile", default="custom-connector", show_default=True, shell_complete=complete.profiles,
    help="Which severities and parameters; a name or a TOML file.",
)  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="RULE.PARAM=VALUE", help="Set a rule's parameter.")
@click.option("--strict", is_flag=True, help="Exit with 2 if any link could not be evaluated.")
@click.option("--as-of", metavar="DATE", help="The day that counts as today, as in 2026-01-31.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Files and folders to leave out, in the syntax of .gitignore.")
@size_option
@click.option("--no-color", is_flag=True, help="No colours.")
@live_options
def command(paths: tuple[str, ...], output_format: str, profile: str, strict: bool, no_color: bool, **options: Any) -> int:
    """Walk from each connector to its API: client, service principals, permission, scope, consent.

    PATH is a connector's folder, its apiProperties.json or a solution, and the app registrations that belong to it: two manifests, a
    whole tenant's exports, or a live tenant. Links behind a broken one are not evaluated.

    Exit codes: 0 no link is broken, 1 one is, 2 something could not be read, or not evaluated with --strict.
    """
    from auditor.commands.scan import setting
    from auditor.diagnose.chain import RULES, chains
    from auditor.pipeline import audit

    live = live_of(options)
    if not paths:
        raise UsageError(
            "nothing to walk: give a connector and its registrations, as in `regaudit connect connector/ client.json api.json`"
        )
    params = dict(setting(text) for text in options.pop("settings"))
    report = audit(paths, tenant=live, select=RULES, profile=profile, params=params, **options)
    say_errors(report.errors)
    found = list(chains(report))
    if not found and not report.errors:
        raise UsageError("none of these files holds a connector: give its folder, its apiProperties.json or its solution")
    if output_format == "json":
        echo_json({"as_of": report.as_of.isoformat(), "connectors": found})
    else:
        for chain in found:
            click.echo("\n".join(_page(chain, colour=coloured(no_color))))
    statuses = {chain.status for chain in found}
    if report.errors or (strict and "not-evaluated" in statuses):
        return 2
    return 1 if "fail" in statuses else 0


def _page(chain: Any, *, colour: bool) -> list[str]:
    from auditor.display import cell

    def style(text: str, name: str) -> str:
        return click.style(text, fg=name) if colour else text

    lines = [f"{cell(chain.connector)}  {chain.file}:{chain.line}"]
    if chain.status == "not-applicable":
        how = f"by {chain.identity_provider}" if chain.identity_provider else "without OAuth"
        lines.append(f"  signs in {how}, not through Microsoft Entra ID: there is nothing to walk")
    width = max((len(link.link) for link in chain.links), default=0)
    for link in chain.links:
        word, name = _MARKS[link.status]
        lines.append(f"  {link.link:<{width}}  {style(f'{word:<13}', name)}  {cell(link.what or '')}".rstrip())
        if link.reason:
            lines.append(f"  {'':<{width}}  {link.reason}")
        if link.remedy:
            lines.append(f"  {'':<{width}}  {link.remedy}")
        for row in (*link.findings, *link.remarks):
            lines += _finding(row, " " * (width + 4), style)
    for row in chain.remarks:
        lines += ["  also", *_finding(row, "  ", style)]
    counts = {status: sum(link.status == status for link in chain.links) for status in _MARKS}
    if chain.links:
        broken = f"{counts['fail']} of {len(chain.links)} links broken" if counts["fail"] else "no link is broken"
        unknown = f", {counts['not-evaluated']} could not be evaluated" if counts["not-evaluated"] else ""
        lines.append(f"  {broken}{unknown}")
    return [*lines, ""]


def _finding(row: Any, indent: str, style: Any) -> list[str]:
    from auditor.display import cell, clean_lines, harmless

    codes = "".join(f"  AADSTS{code}" for code in row.aadsts)
    lines = [f"{indent}{row.severity} {row.rule_id}{codes}", f"{indent}  {cell(harmless(row.message, 4000))}"]
    if row.file:
        lines.append(f"{indent}  {row.file}:{row.line}{f':{row.column}' if row.column else ''}  {row.property_path or ''}".rstrip())
    if row.remediation:
        lines += [
            f"{indent}  {'fix: ' if i == 0 else '     '}{line}" for i, line in enumerate(clean_lines(row.remediation, 4000).split("\n"))
        ]
    return lines
