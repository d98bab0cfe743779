"""regaudit completion: print the completion script of a shell."""

from __future__ import annotations

import click

from auditor.commands import Command

_SHELLS = ("bash", "zsh", "fish", "powershell")
_POWERSHELL = r"""Register-ArgumentCompleter -Native -CommandName regaudit -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $env:COMP_WORDS = $commandAst.ToString()
    $env:COMP_CWORD = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition }).Count
    $env:_REGAUDIT_COMPLETE = "bash_complete"
    try {
        regaudit | ForEach-Object {
            $kind, $value = $_ -split ",", 2
            if ($value) { [System.Management.Automation.CompletionResult]::new($value, $value, "ParameterValue", $value) }
        }
    } finally { Remove-Item Env:COMP_WORDS, Env:COMP_CWORD, Env:_REGAUDIT_COMPLETE -ErrorAction SilentlyContinue }
}
"""
_EPILOG = """\b
Examples:
  regaudit completion bash >> ~/.bashrc
  regaudit completion zsh >> ~/.zshrc
  regaudit completion fish > ~/.config/fish/completions/regaudit.fish
  regaudit completion powershell >> $PROFILE
"""


@click.command("completion", cls=Command, epilog=_EPILOG)
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> None:
    """Print the script that completes regaudit's commands and options in SHELL."""
    if shell == "powershell":
        click.echo(_POWERSHELL)
        return
    from click.shell_completion import get_completion_class

    from auditor.cli import cli

    kind = get_completion_class(shell)
    assert kind is not None
    if shell == "bash":
        # click asks bash for its version here, which need not be installed where the script is made.
        kind._check_version = staticmethod(lambda: None)  # type: ignore[attr-defined]
    click.echo(kind(cli, {}, "regaudit", "_REGAUDIT_COMPLETE").source())
