"""regaudit export: a snapshot of a live tenant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.commands import Command, FilePath, option
from auditor.commands.live import live_of, live_options
from auditor.commands.options import Output, outputs, rules
from auditor.commands.output import guard, shipped
from auditor.commands.progress import Progress
from auditor.errors import UsageError
from auditor.files import identities

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection

_EPILOG = """\b
Examples:
  regaudit export --tenant contoso.onmicrosoft.com -o contoso.ndjson.gz
  regaudit export --tenant contoso.onmicrosoft.com -o contoso.ndjson.gz --resume
  regaudit scan contoso.ndjson.gz
"""


@click.command("export", cls=Command, epilog=_EPILOG)
@option("-o", "--output", "target", required=True, metavar="FILE", type=FilePath(), help="The snapshot: FILE.ndjson.gz.")
@live_options
@rules(profile="strict", settings=False)
@option("--resume", is_flag=True, help="Continue an export that was stopped.")
@option("--force", is_flag=True, help="Replace FILE even if it is not a snapshot.")
@outputs()
def command(target: str, rules: RuleSelection, output: Output, resume: bool, force: bool, **options: Any) -> int:
    """Save a live tenant in one file, without secrets, for `regaudit scan` to audit later or elsewhere.

    The data is first collected beside FILE; FILE is written once it is complete. The exit code is 2 if a part of the tenant could not be
    read; the snapshot then says which part.
    """
    from auditor import __version__
    from auditor.display import clean
    from auditor.engine.prepared import collections
    from auditor.sources.coverage import COMPLETE, DENIED, INTERRUPTED
    from auditor.sources.graph import live as source
    from auditor.sources.graph.plan import plan
    from auditor.sources.spool import Writer

    live = live_of(options, always=True)
    assert live is not None
    if live.apps or live.filter:
        raise UsageError("a snapshot is of a whole tenant: --app and --filter are for `regaudit scan`")
    guard(Path(target), shipped() | identities([live.ca_bundle or ""]), writes="snapshot")
    planned = plan(collections(rules.rules()))
    writer = Writer(Path(target), sorted(planned.collections), __version__, resume=resume, force=force)
    progress = Progress(quiet=output.quiet)
    try:
        info = source.read(live, planned, writer, progress.collection)
        if any(covered.reason == INTERRUPTED for covered in info.covered):
            raise UsageError(f"stopped; continue with --resume, or delete {writer.folder}")
        writer.finish(info)
    except OSError as error:
        raise UsageError(
            f"cannot write {target}: {error.strerror or error}; what was read so far is in {writer.folder} (--resume)"
        ) from None
    finally:
        progress.close()
        writer.close()
    for covered in info.covered:
        if covered.is_mendable or covered.status == DENIED:
            click.echo(f"regaudit: {covered.collection}: {clean(covered.reason, 500)}", err=True)
        elif not output.quiet and covered.status == COMPLETE:
            click.echo(f"{covered.count:>8,} {covered.collection}")
        elif output.verbose:
            click.echo(f"{covered.status:>8} {covered.collection}: {clean(covered.reason, 500)}")
    if not output.quiet:
        click.echo(f"wrote {clean(target, 500)}: tenant {clean(info.tenant_id, 100)}")
    return 2 if any(covered.is_mendable for covered in info.covered) else 0
