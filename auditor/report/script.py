"""The commands of all findings as a script of one shell, which somebody reads and then runs. We never do.

It prints its commands, and runs them only where the variable REGAUDIT_RUN is 1. What has to be filled in or done by hand is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.report.fixes import Rendered
from auditor.report.model import Finding, Report
from auditor.report.rows import Rows
from auditor.severity import Status
from auditor.shell import Shell, quoted

TITLE = "Fixes of regaudit"  # by which `report.is_report` knows a script of ours
_NOT_IN_COMMENTS = re.compile(r"[^\w .,:;/()\[\]'\"-]")  # what cmd would obey even there
_RUN = "REGAUDIT_RUN"

_BASH = f"""\
#!/usr/bin/env bash
# {TITLE}. Read them before you run them.
# Dry run: the commands are printed. To run them: {_RUN}=1 bash FILE
set -eu
run() {{ printf '%q ' "$@"; echo; if [ "${{{_RUN}:-}}" = 1 ]; then "$@"; fi; }}
"""
_POWERSHELL = f"""\
# {TITLE}. Read them before you run them.
# Dry run: the commands are printed. To run them: $env:{_RUN} = '1', then the script again.
function run {{
  Write-Output ($args -join ' ')
  if ($env:{_RUN} -eq '1') {{
    $program, $words = $args
    & $program @words
    if ($LASTEXITCODE) {{ exit $LASTEXITCODE }}
  }}
}}
"""
_CMD = f"""\
@echo off
rem {TITLE}. Read them before you run them.
rem Dry run: the commands are printed. To run them: set {_RUN}=1, then the script again.
"""
_HEADS = {Shell.bash: _BASH, Shell.powershell: _POWERSHELL, Shell.cmd: _CMD}


def render(report: Report, shell: Shell) -> Iterator[bytes]:
    """The script, in pieces: of Windows in the line ends and the encoding that Windows reads rightly."""
    # Without the mark Windows PowerShell takes a script for ANSI text.
    encoding, end = {Shell.bash: ("utf-8", "\n"), Shell.powershell: ("utf-8", "\r\n"), Shell.cmd: ("ascii", "\r\n")}[shell]
    if shell is Shell.powershell:
        yield b"\xef\xbb\xbf"
    for line in _lines(report, shell):
        yield (line + end).encode(encoding, "replace")


def _lines(report: Report, shell: Shell) -> Iterator[str]:
    rows = Rows(report)
    yield from _HEADS[shell].splitlines()
    seen: dict[tuple[str, ...], str] = {}
    for finding in report.findings:
        if finding.status is Status.fail and rows.rules[finding.rule_id].fix is not None:
            yield from _of(finding, rows, shell, seen)


def _of(finding: Finding, rows: Rows, shell: Shell, seen: dict[tuple[str, ...], str]) -> Iterator[str]:
    _, of = rows.object_of(finding)
    name = " ".join(filter(None, (of.display_name, of.app_id or of.object_id)))
    yield ""
    yield _comment(f"{finding.finding_id} {finding.rule_id} ({finding.severity}): {name}", shell)
    yield _comment(finding.message, shell)
    commands = rows.commands_of(finding).commands(shell)
    if not commands:
        yield _comment(f"no command: regaudit explain {finding.rule_id}", shell)
    for command in commands:
        earlier = seen.get(command.words) or next((seen[one] for one in sorted(command.writes) if one in seen), None)
        if why := _why_not(command, earlier):
            yield _comment(f"not run, {why}:", shell)
            yield from (_hidden(line, shell) for line in command.lines)
            continue
        seen[command.words] = finding.finding_id
        seen |= dict.fromkeys(command.writes, finding.finding_id)
        yield from _run(command, shell)


def _why_not(command: Rendered, earlier: str | None) -> str:
    """Why a command cannot simply be run, or ''."""
    if command.missing:
        return f"fill in {', '.join(command.missing)}"
    if command.how == "or":
        return "it does in another way what the command before it does"
    if command.how == "later":
        return "something has to be done first"
    return f"the command of finding {earlier} is the same or sets the same: scan again after it has run" if earlier else ""


def _run(command: Rendered, shell: Shell) -> Iterator[str]:
    *files, line = command.lines
    if shell is Shell.cmd:
        for one in files:
            yield f'if "%{_RUN}%"=="1" {one}'
        yield f"echo {line}"
        yield f'if "%{_RUN}%"=="1" call {line} || exit /b 1'  # az is a batch file: without call the script would end with it
    elif shell is Shell.powershell:
        yield from (f"if ($env:{_RUN} -eq '1') {{ {one} }}" for one in files)
        yield f"run {line}"
    else:
        yield from (f'if [ "${{{_RUN}:-}}" = 1 ]; then {one}; fi' for one in files)
        yield f"run {' '.join(quoted(word, shell) for word in command.words)}"


def _comment(text: str, shell: Shell) -> str:
    return _hidden(_NOT_IN_COMMENTS.sub("_", text), shell)


def _hidden(line: str, shell: Shell) -> str:
    """A line that is not run. The first word behind rem is read as one of a command is, the others are not."""
    return f"rem - {line}" if shell is Shell.cmd else f"# {line}"
