"""regaudit baseline: accept what is found today, and take out of it what is fixed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from auditor.commands import Command, FilePath, option, running
from auditor.commands.options import Output, as_of, certain_only, exceptions, inputs, outputs, rules
from auditor.commands.output import guard, pages, shipped, write
from auditor.errors import UsageError
from auditor.files import identities

if TYPE_CHECKING:
    from auditor.engine.exceptions import Accepted
    from auditor.engine.selection import RuleSelection
    from auditor.pipeline import Inputs

_EPILOG = """\b
Examples:
  regaudit baseline manifests/ -o baseline.json
  regaudit scan manifests/ --baseline baseline.json
  regaudit baseline manifests/ --update baseline.json
"""


@click.command("baseline", cls=Command, epilog=_EPILOG)
@inputs()
@option("-o", "--output", "target", metavar="FILE", type=FilePath(Path), help="The new baseline.")
@option(
    "--update", metavar="FILE", type=FilePath(Path),
    help="Take out of this baseline what is fixed. Nothing is added to it, and what this run could not look for stays.",
)  # fmt: skip
@rules()
@exceptions(baseline=False)
@certain_only
@as_of
@outputs()
def command(
    inputs: Inputs, target: Path | None, update: Path | None, rules: RuleSelection, accepted: Accepted | None, certain_only: bool,
    as_of: str | None, output: Output,
) -> int:  # fmt: skip
    """Accept what is found today, so that `regaudit scan --baseline FILE` fails on what is new only.

    What is waived is not in a baseline. A baseline only becomes smaller: --update is the one way to change it.

    Exit codes: 0 the baseline is written, 2 something could not be read, or nothing was checked.
    """
    from auditor.display import counted
    from auditor.engine import baseline as baselines
    from auditor.engine.baseline import Baseline
    from auditor.engine.exceptions import Accepted
    from auditor.pipeline import AuditRequest

    if (target is None) == (update is None):
        raise UsageError("say either -o FILE, to make a baseline, or --update FILE, to take out what is fixed")
    file = target or update
    assert file is not None
    own = accepted.files if accepted is not None else []
    known = shipped() | pages(rules.extend_rules) | identities([*inputs.paths, rules.profile, *own])
    guard(file, known, writes="baseline")
    if target is not None and target.exists() and target.stat().st_size:
        raise UsageError(f"{target} exists; `regaudit baseline PATH --update {target}` takes out what is fixed; to begin anew, delete it")
    old: Baseline | None = baselines.read(file, str(file)) if update is not None else None
    request = AuditRequest(inputs, rules, as_of, certain_only=certain_only, accepted=replace(accepted or Accepted(), baseline=old))
    audited = running.run(request, output)
    gate = audited.gate("never")
    if gate.nothing_known:
        raise UsageError(f"{file} is not written: nothing was checked")
    guard(file, known | audited.opened, writes="baseline")
    new = audited.baseline if old is not None else baselines.of(audited.findings, audited.worlds, str(file), audited.as_of.date())
    assert new is not None
    write(new.encoded(), file)
    if not output.quiet:
        said = f"{file}: {counted(len(new.entries), 'finding')}"
        if old is not None and (found := audited.exceptions) is not None:
            said += f"; {found.fixed:,} fixed and taken out, {found.not_seen:,} not seen and kept"
        click.echo(said)
    return gate.exit_code
