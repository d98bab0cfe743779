"""Fixes for the reader's shell: prose, and commands that can be pasted as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from auditor import fix, shell
from auditor.display import clean, clean_lines
from auditor.engine.compiled import compiled
from auditor.engine.finding import Finding
from auditor.entra.clouds import graph_of
from auditor.rulebook import Rule
from auditor.shell import Shell
from auditor.sources.coverage import TenantInfo

_LONGEST = 4000  # characters of a line of prose, whose parts are cut already
GRAPH = "https://GRAPH-HOST"  # where it is not known, or not Microsoft's own


class Rendered(NamedTuple):
    """A command for one shell. `lines` are run one after the other: a body is written to a file before it is sent from it."""

    lines: tuple[str, ...]
    words: tuple[str, ...]  # of the command itself
    missing: tuple[str, ...]  # placeholders, and files that the reader makes
    how: str  # "or", "later": see auditor.fix.Block
    writes: frozenset[tuple[str, ...]]  # what of which object it sets


class Renderer:
    """Renders the fixes of some rules for one shell."""

    def __init__(self, rules: Collection[Rule], to: Shell, tenants: Iterable[TenantInfo] = ()) -> None:
        """`tenants`: the live ones and snapshots; what is of no tenant is taken to be in the public cloud."""
        self.shell = to
        self._graphs = {clean(tenant.tenant_id): graph_of(tenant.graph, tenant.portal) or GRAPH for tenant in tenants}
        roots = {*self._graphs.values()}
        self._other = roots.pop() if len(roots) == 1 else GRAPH  # of a tenant whose ID nobody could ask for
        self._rules = {rule.id: rule for rule in rules}
        self._placeholders: dict[str, re.Pattern[str]] = {}

    def parts(self, finding: Finding) -> list[str | Rendered]:
        """The fix of a finding: prose, and commands."""
        out: list[str | Rendered] = []
        root = self._graphs.get(finding.tenant_id or "", self._other if self._graphs and not finding.file else graph_of("") or GRAPH)
        for part in fix.parts(finding.remediation or ""):
            if isinstance(part, fix.Prose):
                out.append(part.text.strip("\n"))
            elif isinstance(part, fix.Command):
                out.append(self._command(finding, part))
            else:
                file = f"fix-{finding.finding_id[:8]}{f'-{len(out)}' if any(isinstance(one, Rendered) for one in out) else ''}.json"
                out.append(self._request(finding, part, root, file))
        return out

    def lines(self, finding: Finding) -> list[str]:
        """The fix of a finding as people read it. A command is on a line of its own, which is not cut."""
        return [line for part in self.parts(finding) for line in (_prose(part) if isinstance(part, str) else part.lines)]

    def commands(self, finding: Finding) -> list[Rendered]:
        return [part for part in self.parts(finding) if not isinstance(part, str)]

    def _command(self, finding: Finding, command: fix.Command) -> Rendered:
        words = tuple(command.words)
        files = [word[1:] for word in words if word.startswith("@")]
        missing = (*self._missing(finding, command.text), *files)
        line = shell.line(words, self.shell, command.to_file)
        return Rendered((line,), words, missing, command.block.how or ("later" if command.to_file else ""), _options(words))

    def _request(self, finding: Finding, request: fix.Request, root: str, file: str) -> Rendered:
        beta = request.path.startswith("/beta/")
        words = ["az", "rest", "--method", request.method, "--url", f"{root}{'' if beta else '/v1.0'}{request.path}"]
        missing = self._missing(finding, f"{request.path} {request.body}")
        if root == GRAPH:
            missing.append("GRAPH-HOST")
        lines: list[str] = []
        value: Any = None
        if request.body.startswith("@"):
            words += ["--headers", "Content-Type=application/json", "--body", request.body]
            missing.append(request.body[1:])
        elif request.body:
            value = json.loads(request.body)
            sent = shell.inline(value, self.shell)
            if sent is None:
                lines += shell.written(value, file, self.shell)
                sent = f"@{file}"
            words += ["--headers", "Content-Type=application/json", "--body", sent]
        how = request.block.how or ("later" if request.to_file else "")
        lines.append(shell.line(words, self.shell, request.to_file))
        return Rendered(
            tuple(lines),
            tuple(words),
            tuple(missing),
            how,
            frozenset(_members(request.path, value) if request.method in ("PATCH", "PUT") else ()),
        )

    def _missing(self, finding: Finding, text: str) -> list[str]:
        """Placeholders of the rule's page that stand in a command."""
        if finding.rule_id not in self._placeholders:
            names = sorted(compiled(self._rules[finding.rule_id]).fix.names, key=len, reverse=True)
            self._placeholders[finding.rule_id] = re.compile(rf"(?<![A-Za-z0-9-])(?:{'|'.join(names) or '(?!)'})(?![A-Za-z0-9-])")
        return list(dict.fromkeys(self._placeholders[finding.rule_id].findall(text)))


def _prose(text: str) -> list[str]:
    return clean_lines(text, _LONGEST).split("\n")


def _members(path: str, value: Any, *above: str) -> Iterator[tuple[str, ...]]:
    """The members of an object that a request sets, each with the object's path."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _members(path, member, *above, key)
    elif above:
        yield (path, *above)


def _options(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """What a command sets, where it sets rather than adds."""
    if "update" not in words:
        return frozenset()
    options = [i for i, word in enumerate(words) if word.startswith("--")]
    ids = tuple(words[i + 1] for i in options if words[i].endswith("id") and i + 1 < len(words))
    return frozenset((*ids, words[i]) for i in options if not words[i].endswith("id"))
