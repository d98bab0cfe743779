"""regaudit paths: on which ways the tenant can be taken over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

import click

from auditor.commands import Command, echo_json, option, running
from auditor.commands.options import Output, as_of, inputs, outputs
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.joins.paths import Paths
    from auditor.paths.graph import Node
    from auditor.paths.search import Way
    from auditor.pipeline import Inputs
    from auditor.report import paths as model

_EPILOG = """\b
Examples:
  regaudit paths contoso.ndjson.gz
  regaudit paths --tenant contoso.onmicrosoft.com
  regaudit paths contoso.ndjson.gz --from guest --output-format mermaid
  regaudit paths contoso.ndjson.gz --through Deployment
  regaudit paths contoso.ndjson.gz --without "ann@contoso.com->Deployment"
"""
_NAMED = "A name, sign-in name, object ID or application (client) ID"
_ADMINISTRATOR = "administrator"


@click.command("paths", cls=Command, epilog=_EPILOG)
@inputs()
@option(
    "--from", "starts", multiple=True, metavar="WHO",
    help=f"Only paths that begin here. {_NAMED}, or a kind: guest, user, foreign application, repository and so on.",
)  # fmt: skip
@option("--to", "target", metavar="OBJECT", help=f"Paths to this application, group, role or user, not to the tenant. {_NAMED}.")
@option("--through", metavar="OBJECT", help="The cheapest paths that go over this object.")
@option("--without", "cuts", multiple=True, metavar="FROM->TO", help="Show what it would change to cut this hop.")
@option(
    "--choke-points", "top", type=click.IntRange(min=0), default=10, show_default=True, metavar="N", help="Number of choke points shown."
)
@as_of
@outputs("text", "json", "mermaid", "opengraph", redact=True)
def command(
    inputs: Inputs, output: Output, starts: tuple[str, ...], target: str | None, through: str | None, cuts: tuple[str, ...], top: int,
    as_of: str | None,
) -> int:  # fmt: skip
    """Show on which ways the tenant can be taken over: by guests, users, foreign applications, repositories and clusters.

    For each of them the cheapest way, hop by hop, with what proves each hop; and the objects whose repair ends most ways. An
    administrator's role and an application's own permission do not count.

    Exit codes: 0 there is none, 1 there is one, 2 something could not be read: without it "none" is not known.
    """
    from auditor.facts.paths import COLLECTION_NAMES
    from auditor.paths.words import worded
    from auditor.report.paths import SCHEMA_VERSION, Cut, Paths

    loaded = running.load(inputs, COLLECTION_NAMES, as_of, output)
    worlds = [_Asked(world, starts) for world in loaded.worlds]
    ends = _resolved(worlds, target, "--to") if target else None
    over = _resolved(worlds, through, "--through") if through else None
    cut = [pair for text in cuts for pair in _hop(worlds, text)]
    _check(worlds, starts)
    rows: list[model.Path] = []
    ended: list[model.Node] = []
    for one in worlds:
        before = one.ways(ends, over, ())
        after = one.ways(ends, over, cut) if cut else before
        left = {way.start for way in after}
        ended += [one.node(way.start) for way in before if way.start not in left]
        rows += one.rows(after)
        one.found = after
    found = Paths(
        SCHEMA_VERSION, loaded.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"), rows,
        sum(one.administrators for one in worlds),
        [choke for one in worlds for choke in one.chokes(top)] if target is None and not cut else [],
        [gap for one in worlds for gap in one.gaps()] + _unread(loaded),
        Cut(list(cuts), ended, len(rows)) if cut else None,
    )  # fmt: skip
    if output.redactor is not None:
        found = output.redacted(found)
        for hop in (hop for path in found.paths for hop in path.hops):
            hop.text = worded(hop.kind, hop.target.kind, hop.target.name, hop.by, hop.strength)  # a name may be a word of ours
    _print(found, output)
    gate = running.listed(loaded, "directory", "who can take it over", read=len(worlds), known=len(worlds))
    return max(gate.exit_code, 2 if found.not_evaluated else 1 if rows else 0)


def _unread(loaded: Any) -> list[model.Gap]:
    """What could not be read at all."""
    from auditor.display import counted
    from auditor.report import paths as model

    if loaded.errors:
        return [model.Gap("input", f"{counted(len(loaded.errors), 'error')} while reading", None, None)]
    return [] if loaded.worlds else [model.Gap("input", "it holds nothing of a tenant", None, None)]


def _print(found: model.Paths, output: Output) -> None:
    from auditor.report import paths_text

    if output.form == "json":
        echo_json(found)
        return
    if output.form == "opengraph":
        from auditor.report.opengraph import opengraph

        echo_json(opengraph(found))
    elif output.form == "mermaid":
        _say(paths_text.mermaid(found))
    else:
        _say(paths_text.lines(found, colour=output.coloured, quiet=output.quiet))
        return
    if found.not_evaluated:  # a picture cannot say so
        click.echo(f"regaudit: {paths_text.summary(found)}", err=True)


def _say(lines: Iterable[str]) -> None:
    click.echo("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"), nl=False)


class _Asked:
    """One scope, and what of it was asked for."""

    def __init__(self, world: Any, starts: tuple[str, ...]) -> None:
        self._world = world
        self.paths: Paths = world.paths
        self._wanted = {start.casefold() for start in starts}
        self._tenant = world.tenant.id if isinstance(world.tenant.id, str) else None
        self.administrators = 0
        self.found: list[Way] = []

    def ways(self, ends: Iterable[Node] | None, over: Iterable[Node] | None, cut: Iterable[tuple[Node, Node]]) -> list[Way]:
        """The cheapest of each start that is asked for, cheapest first."""
        from auditor.paths.graph import TENANT

        cut = frozenset(cut)
        best: dict[Node, Way] = {}
        for end in (TENANT,) if ends is None else ends:
            for way in self._to(end, over, cut):
                if way.start not in best or (way.cost, way.strength) < (best[way.start].cost, best[way.start].strength):
                    best[way.start] = way
        wanted = [way for way in best.values() if self._is_wanted(way)]
        self.administrators = 0 if self._wanted else sum(self.paths.start_kind(way) == _ADMINISTRATOR for way in best.values())
        return sorted(wanted, key=lambda way: (way.cost, way.strength, way.start))

    def _to(self, end: Node, over: Iterable[Node] | None, cut: Any) -> Iterator[Way]:
        found = self.paths.search_for(end, cut=cut)
        if over is None:
            yield from found
            return
        for node in over:
            rest = found.of(node)
            if rest is None:
                continue
            for way in self.paths.search_for(node, cut=cut):
                both = way.then(rest)
                if both is None:  # the two cross: the second part goes round the first one
                    other = self.paths.search_for(end, cut=cut, excluded=way.nodes[:-1]).of(node)
                    both = None if other is None else way.then(other)
                if both is not None:
                    yield both

    def _is_wanted(self, way: Way) -> bool:
        kind = self.paths.start_kind(way)
        if not self._wanted:
            return kind is not None and kind != _ADMINISTRATOR
        return (kind or "") in self._wanted or bool(self._wanted & {name.casefold() for name in self.paths.names(way.start)})

    def rows(self, ways: list[Way]) -> list[model.Path]:
        from auditor.report import paths as model

        return [
            model.Path(self.node(way.start), made.start_kind, self.node(way.nodes[-1]), made.strength, self._hops(way, made), self._tenant)
            for way in ways
            for made in (self.paths.path(way, self._world.tenant, self.paths.start_kind(way) or "application"),)
        ]

    def _hops(self, way: Way, made: Any) -> list[model.Hop]:
        from auditor.display import clean
        from auditor.report import paths as model

        found = []
        for step, hop in zip(way.hops, made.hops, strict=True):
            unknown = next((edge.unknown for edge in step if edge.unknown is not None), None)
            place = None
            if hop.document is not None:
                where, line, _ = hop.document.place(hop.at)
                place = model.Place(hop.document.file.shown, line, clean(where, 1000))
            reason = None if unknown is None else clean(unknown.reason)
            ends = self.node(step.source), self.node(step.target)
            found.append(model.Hop(hop.kind, *ends, hop.strength, hop.by, clean(hop.text, 1000), place, reason))
        return found

    def node(self, node: Node) -> model.Node:
        from auditor.display import clean
        from auditor.report import paths as model

        kind = cast("model.NodeKind", node.kind)  # a path has no nodes that only join others
        return model.Node(kind, clean(node.id, 1000), clean(self.paths.name(node)))

    def chokes(self, at_most: int) -> list[model.ChokePoint]:
        from auditor.report import paths as model

        found = self.paths.choke_points(self.found, at_most)
        return [model.ChokePoint(self.node(choke.node), choke.on, choke.cuts, self._tenant) for choke in found]

    def gaps(self) -> list[model.Gap]:
        from auditor.joins import REMEDIES
        from auditor.report import paths as model

        return [model.Gap(gap.what, gap.why, REMEDIES.get(gap.what) or None, self._tenant) for gap in self.paths.gaps]


def _resolved(worlds: list[_Asked], name: str, option: str) -> list[Node]:
    """The nodes that somebody calls by a name. Raises UsageError where there is none."""
    found = [node for one in worlds for node in one.paths.called(name)]
    if not found:
        raise UsageError(f"{option}: nothing in the input is called {name!r}")
    return found


def _hop(worlds: list[_Asked], text: str) -> list[tuple[Node, Node]]:
    """The pairs of nodes of FROM->TO."""
    source, arrow, target = text.partition("->")
    if not arrow or not source.strip() or not target.strip():
        raise UsageError(f'--without {text!r}: say FROM->TO, as in "ann@contoso.com->Deployment"')
    starts, ends = (_resolved(worlds, name.strip(), "--without") for name in (source, target))
    found = [(start, end) for one in worlds for end in ends for start in one.paths.into(end) if start in starts]
    if not found:
        raise UsageError(f"--without {text!r}: there is no such hop; each step of a path is a hop, from one object to the next")
    return found


def _check(worlds: list[_Asked], starts: tuple[str, ...]) -> None:
    from typing import get_args

    from auditor.entra.steps import StartKind

    for start in starts:
        if start.casefold() not in get_args(StartKind):
            _resolved(worlds, start, "--from")
