"""regaudit explain: show a rule's page."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click


@click.command("explain", epilog="Example: regaudit explain secret-expired")
@click.argument("rule")
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

    plain = no_color or bool(os.environ.get("NO_COLOR")) or not (sys.stdout.isatty() or os.environ.get("FORCE_COLOR"))
    console = Console(
        width=None if sys.stdout.isatty() else 100, no_color=plain, force_terminal=None if not plain else False, highlight=False
    )
    # In a fix, doubled braces stand for themselves.
    text = page.page.replace(page.fix, page.fix.replace("{{", "{").replace("}}", "}")) if page.fix else page.page
    console.print(Markdown(text, code_theme="ansi_dark"))
