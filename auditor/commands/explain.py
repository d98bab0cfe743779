"""regaudit explain: show a rule's page."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.commands import coloured, complete

if TYPE_CHECKING:
    from auditor.rulebook import Rule


@click.command("explain", epilog="Example: regaudit explain secret-expired")
@click.argument("rule", shell_complete=complete.rules)
@click.option("--extend-rules", multiple=True, metavar="DIR", help="A folder with rule pages of your own.")
@click.option("--raw", is_flag=True, help="The page as it is written.")
@click.option("--no-color", is_flag=True, help="No colours.")
def command(rule: str, extend_rules: tuple[str, ...], raw: bool, no_color: bool) -> None:
    """Show the page of RULE: why it matters, how to fix it, examples that fail and pass."""
    from auditor import rulebook

    page = rulebook.shipped(Path(folder) for folder in extend_rules).get(rule)
    if raw:
        click.echo(page.page)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    from auditor.display import clean_lines

    plain = not coloured(no_color)
    console = Console(
        width=None if sys.stdout.isatty() else 100, no_color=plain, force_terminal=None if not plain else False, highlight=False
    )
    console.print(Markdown(clean_lines(readable(page)), code_theme="ansi_dark"))


def readable(rule: Rule) -> str:
    """The page as a person reads it: first what it means, last how it is checked, and what each example is an example of."""
    # In a fix, doubled braces stand for themselves.
    text = rule.page.replace(rule.fix, rule.fix.replace("{{", "{").replace("}}", "}")) if rule.fix else rule.page
    block = re.search(r"^```toml rule\n.*?^```\n+", text, re.MULTILINE | re.DOTALL)
    if block is not None:
        text = f"{text[: block.start()]}{text[block.end() :].rstrip()}\n\n## Rule\n{block[0]}"
    return re.sub(r"^```json (\S+)(?: as-of=(\S+))?", _labelled, text, flags=re.MULTILINE)


def _labelled(found: re.Match[str]) -> str:
    on = f", on {found[2]}" if found[2] else ""
    return f"\n**{found[1]}**{on}:\n```json"
