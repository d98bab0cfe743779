"""regaudit test: run the examples of rule pages, ours or a user's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.commands import Command
from auditor.commands.options import Output, outputs, rules

if TYPE_CHECKING:
    from auditor.engine.selection import RuleSelection


@click.command("test", cls=Command, epilog="Example: regaudit test my-rules/")
@click.argument("folder", metavar="[DIR]", required=False)
@rules(profile=None, extend=False, settings=False)
@outputs()
def command(folder: str | None, rules: RuleSelection, output: Output) -> int:
    """Run the examples of all rule pages in DIR, or of the rules that come with regaudit.

    Each page needs an example that fails and one that passes. Exit code 1 when an example does not do what its page says.
    """
    from auditor import rulebook
    from auditor.diagnose import examples
    from auditor.display import clean_lines

    where = Path(folder) if folder else rulebook.shipped_folder()
    book = rulebook.Rulebook(rulebook.load_folder(where))
    if not len(book):
        raise click.UsageError(f"{where} holds no rule pages (*.md with a ```toml rule block)")
    rulebook.check_giving_way(book, rulebook.shipped())
    wanted = (book.matching(rules.select) if rules.select else set(book.rules)) - book.matching(rules.ignore)
    tested = wrong = 0
    for rule in book:
        if rule.id not in wanted:
            continue
        for result in examples.run(rule):
            tested += bool(result.kind)  # else it is about the page
            if result.problem:
                wrong += 1
                click.echo(clean_lines(f"{rule.path}:{result.line}: {result.problem}"))
            elif output.verbose:
                click.echo(clean_lines(f"{rule.path}:{result.line}: {result.kind}: {result.detail}"))
    if wrong or not tested or not output.quiet:
        click.echo(f"{len(wanted)} rule{'s' * (len(wanted) != 1)}, {tested} example{'s' * (tested != 1)}, {wrong} wrong")
    return 1 if wrong else 0
