"""regaudit test: run the examples of rule pages, ours or a user's own."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.commands import Command, listed


@click.command("test", cls=Command, epilog="Example: regaudit test my-rules/")
@click.argument("folder", metavar="[DIR]", required=False)
@click.option("--select", multiple=True, metavar="RULES", help="Only these rules.")
@click.option("-v", "--verbose", is_flag=True, help="What each example found.")
def command(folder: str | None, select: tuple[str, ...], verbose: bool) -> int:
    """Run the examples of all rule pages of DIR, or of those that come with regaudit.

    Each page needs an example that fails and one that passes. Exit code 1 when an example does not do what its page says.
    """
    from auditor import rulebook
    from auditor.diagnose import examples
    from auditor.display import clean_lines

    where = Path(folder) if folder else rulebook.shipped_folder()
    book = rulebook.Rulebook(rulebook.load_folder(where))
    if not len(book):
        raise click.UsageError(f"{where} holds no rule pages (*.md with a ```toml rule block)")
    wanted = book.matching(listed(select)) if select else set(book.rules)
    tested = wrong = 0
    for rule in book:
        if rule.id not in wanted:
            continue
        for result in examples.run(rule):
            tested += bool(result.kind)  # else it is about the page
            if result.problem:
                wrong += 1
                click.echo(clean_lines(f"{rule.path}:{result.line}: {result.problem}"))
            elif verbose:
                click.echo(clean_lines(f"{rule.path}:{result.line}: {result.kind}: {result.detail}"))
    click.echo(f"{len(wanted)} rule{'s' * (len(wanted) != 1)}, {tested} example{'s' * (tested != 1)}, {wrong} wrong")
    return 1 if wrong else 0
