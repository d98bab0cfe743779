"""regaudit scan: audit files, folders, standard input or a live tenant."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from auditor.commands import Command, coloured, complete, listed, output, say_errors, size_option
from auditor.commands.live import live_of, live_options
from auditor.commands.progress import Progress
from auditor.errors import UsageError
from auditor.files import identities, identity
from auditor.severity import SEVERITIES

_EPILOG = """\b
Examples:
  regaudit scan manifests/
  az ad app list --all | regaudit scan -
  regaudit scan --tenant contoso.onmicrosoft.com
  regaudit scan --tenant contoso.onmicrosoft.com --app 11111111-2222-3333-4444-555555555555
  regaudit scan . --select credentials --fail-on medium
  regaudit scan . --output-format text --output-format json=report.json
  regaudit scan . --set secret-expiring.warn_days=60 --as-of 2026-01-31
"""


@click.command("scan", cls=Command, epilog=_EPILOG)
@click.argument("paths", nargs=-1, metavar="PATH…", type=click.Path())
@click.option(
    "--output-format",
    "formats",
    multiple=True,
    metavar="FORMAT[=FILE]",
    shell_complete=complete.formats,
    help="text or json, into a file if one is named. Repeatable.",
)
@click.option(
    "--select", multiple=True, metavar="RULES", shell_complete=complete.rules,
    help="Only these rules: names, areas, tags, name-* or ALL, separated by commas.",
)  # fmt: skip
@click.option("--ignore", multiple=True, metavar="RULES", shell_complete=complete.rules, help="Not these rules.")
@click.option("--extend-rules", multiple=True, metavar="DIR", type=click.Path(), help="A folder with rule pages of your own.")
@click.option(
    "--profile", default="default", show_default=True, shell_complete=complete.profiles,
    help="Which rules, severities and parameters; a name or a TOML file.",
)  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="RULE.PARAM=VALUE", help="Set a rule's parameter.")
@click.option(
    "--fail-on", type=click.Choice([*reversed(SEVERITIES[1:]), "never"]), default="high", show_default=True,
    help="The least severity that makes the exit code 1.",
)  # fmt: skip
@click.option(
    "--min-severity", type=click.Choice(list(reversed(SEVERITIES))), default="info", show_default=True, help="Show nothing below this."
)
@click.option("--strict", is_flag=True, help="Exit with 2 if any rule could not be evaluated for any registration.")
@click.option("--as-of", metavar="DATE", help="The day that counts as today, as in 2026-01-31. Makes the report reproducible.")
@live_options
@click.option("--exclude", multiple=True, metavar="GLOB", help="Files and folders to leave out, in the syntax of .gitignore.")
@size_option
@click.option("--stdin-filename", default="<stdin>", metavar="NAME", help="How to name standard input in the report.")
@click.option("--show-passed", is_flag=True, help="Show what passed, too.")
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Findings shown of a rule; 0 shows all.")
@click.option("-q", "--quiet", is_flag=True, help="The summary only.")
@click.option(
    "-v", "--verbose", is_flag=True, help="All reasons why something was not evaluated, all notes, and which files were passed over."
)
@click.option("--no-color", is_flag=True, help="No colours. NO_COLOR and FORCE_COLOR are obeyed, too.")
def command(paths: tuple[str, ...], formats: tuple[str, ...], **options: Any) -> int:
    """Audit app registrations in files, folders, standard input (-) or a live tenant.

    PATH is a manifest from the portal, what `az ad app show` or Microsoft Graph printed, a snapshot (`regaudit export`), a Power Apps
    connector or a solution, or a folder of such files. What they are is told by their content. Joins (an app and its service
    principal, say) reach over the files that are named, over one top-level folder, or over one tenant.
    """
    live = live_of(options)
    if not paths and live is None:
        raise UsageError(
            "nothing to audit: give a file or a folder, as in `regaudit scan manifests/`, - for standard input, or --tenant TENANT"
        )
    from auditor.pipeline import audit
    from auditor.report import Options, render

    targets = [_target(form) for form in formats or ("text",)]
    _apart(targets)
    files = [file for _, file in targets if file is not None]
    known = output.shipped() | output.pages(options["extend_rules"]) | identities([*paths, options["profile"]]) if files else set()
    output.guard_all(files, known)
    progress = Progress(quiet=options["quiet"])
    report = audit(
        paths,
        tenant=live,
        select=listed(options["select"]),
        ignore=listed(options["ignore"]),
        profile=options["profile"],
        params=dict(setting(text) for text in options["settings"]),
        extend_rules=options["extend_rules"],
        as_of=options["as_of"],
        exclude=options["exclude"],
        show_passed=options["show_passed"],
        stdin_name=options["stdin_filename"],
        max_file_size=options["max_file_size"],
        progress=progress,
        tenant_progress=progress.collection,
    )
    progress.close()
    say_errors(report.errors)
    output.guard_all(files, known | report.opened)  # now it is known what the folders hold
    for form, file in targets:
        colour = file is None and coloured(options["no_color"])
        names = ("limit", "quiet", "verbose", "strict", "fail_on", "min_severity")
        shown = Options(colour=colour, **{name: options[name] for name in names})
        pieces = render(report, form, shown)
        _to_stdout(pieces) if file is None else output.write(pieces, file)
    return report.exit_code(options["fail_on"], strict=options["strict"])


def _apart(targets: list[tuple[str, Path | None]]) -> None:
    """Raises UsageError for two reports in one place."""
    seen = set[Any]()
    for _, file in targets:
        key = file and (identity(file) or os.path.realpath(file))
        if key in seen:
            where = file or "standard output"
            raise UsageError(f"two reports on {where}: give each a file of its own, as in --output-format json=report.json")
        seen.add(key)


def _target(text: str) -> tuple[str, Path | None]:
    from auditor.report import FORMATS

    form, equals, file = text.partition("=")
    if form not in FORMATS:
        raise UsageError(f"no report format is called {form!r}; there are: {', '.join(FORMATS)}")
    if equals and not file:
        raise UsageError(f"--output-format {text}: the file's name is missing")
    return form, Path(file) if file else None


def setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--set {text}: say RULE.PARAM=VALUE, as in secret-expiring.warn_days=60")
    return name, value


def _to_stdout(pieces: Iterator[bytes]) -> None:
    out = sys.stdout.buffer
    for piece in pieces:
        out.write(piece)
    out.flush()
