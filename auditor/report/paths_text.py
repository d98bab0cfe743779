"""Escalation paths for people: on a terminal, and as a diagram of Mermaid in a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from auditor.display import cell, counted, harmless, placed, wrapped
from auditor.report.paint import painted
from auditor.report.paths import Hop, Node, Path, Paths

_STYLES = {"certain": "critical", "eligible": "high", "needs approval": "medium", "possible": "low"}
_NODES = {"user": ("([", "])"), "subject": ("[/", "/]"), "group": ("{{", "}}"), "role": ("[[", "]]"), "tenant": ("(((", ")))")}
_ARROWS = {"certain": "-->", "eligible": "-.->", "needs approval": "-.->", "possible": "-.->"}


def lines(found: Paths, *, colour: bool, quiet: bool = False) -> Iterator[str]:
    """Each path hop by hop, then what ends most of them, then how many there are."""
    of_many = _of_many(found)
    for path in () if quiet else found.paths:
        yield from _path(path, f" of tenant {path.tenant_id or '(unknown)'}" if of_many else "", colour=colour)
        yield ""
    if found.choke_points and not quiet:
        yield "Choke points:"
        for choke in found.choke_points:
            yield from wrapped(
                f"{choke.object.kind} {_quoted(choke.object)}: on {counted(choke.on, 'path')}, ends {choke.cuts:,} of them", "  ", "    "
            )
        yield ""
    if found.cut is not None:
        ended = ", ".join(_quoted(node) for node in found.cut.ended) or "nobody"
        yield from wrapped(f"Without {'; '.join(cell(harmless(one, 300)) for one in found.cut.without)}: no path for {ended}.", "", "  ")
    yield from wrapped(summary(found), "", "  ")
    for gap in found.not_evaluated:
        remedy = f"; {gap.remedy}" if gap.remedy else ""
        yield from wrapped(f"not evaluated: {gap.what}: {gap.reason}{remedy}", "", "  ")


def summary(found: Paths) -> str:
    """How many paths there are, of whom, and whether there may be more."""
    kinds = Counter(path.start_kind for path in found.paths)
    of = ", ".join(counted(number, kind) for kind, number in kinds.most_common())
    if found.paths:
        said = f"{counted(len(found.paths), 'path')}: {of}."
    else:
        said = "No path is known." if found.not_evaluated else "There is no path."
    if found.not_evaluated:
        said += f" There may be {'more' if found.paths else 'some'}: not everything was read."
    if found.administrators:
        have = "has" if found.administrators == 1 else "have"
        said += f" {counted(found.administrators, 'administrator')} {have} a role for it: --from administrator lists them."
    return said


def _path(path: Path, tenant: str, *, colour: bool) -> Iterator[str]:
    head = f"{path.start_kind} {_quoted(path.start)}{tenant}"
    strength = painted(path.strength, _STYLES[path.strength], colour=colour)
    first, *others = wrapped(head, "", "  ")
    yield f"{painted(first, 'name', colour=colour)}  {strength}, {counted(len(path.hops), 'hop')}"
    yield from others
    for number, hop in enumerate(path.hops, 1):
        yield from wrapped(cell(harmless(hop.text, 1000)), f"  {number}. ", "     ")
        for said in _proof(hop):
            yield from (painted(line, "minor", colour=colour) for line in wrapped(said, "     ", "       "))


def _proof(hop: Hop) -> Iterator[str]:
    if hop.place is not None:
        where = placed(harmless(hop.place.file, 1000), hop.place.line) if hop.place.file else ""
        yield " ".join(part for part in (where, harmless(hop.place.pointer, 300)) if part)
    if hop.depends_on:
        yield f"depends on {harmless(hop.depends_on, 300)}"


def _quoted(node: Node) -> str:
    return f'"{cell(harmless(node.name, 300))}"' if node.kind != "tenant" else node.name


# -- Mermaid


def mermaid(found: Paths) -> Iterator[str]:
    """A flowchart: from left to right, each hop once; dashed where somebody has to do something first, or it is only possible."""
    numbers: dict[tuple[str | None, str, str], str] = {}
    of_many = _of_many(found)
    people = {(path.tenant_id, path.start.id): path.start_kind for path in found.paths if path.start.kind in ("user", "subject")}
    yield "flowchart LR"
    for path in found.paths:
        for node in (end for hop in path.hops for end in (hop.source, hop.target)):
            key = (path.tenant_id, node.kind, node.id)
            if key not in numbers:
                numbers[key] = f"n{len(numbers)}"
                begin, end = _NODES.get(node.kind, ("[", "]"))
                kind = "" if node.kind == "tenant" else f"{people.get((path.tenant_id, node.id), node.kind)}<br>"
                name = f"{node.name} {path.tenant_id}" if of_many and node.kind == "tenant" else node.name
                yield f'  {numbers[key]}{begin}"{kind}{_plain(name)}"{end}'
    drawn = dict.fromkeys(
        (numbers[path.tenant_id, hop.source.kind, hop.source.id], numbers[path.tenant_id, hop.target.kind, hop.target.id], hop.kind, hop.by,
         hop.strength)
        for path in found.paths for hop in path.hops
    )  # fmt: skip
    for source, target, kind, by, strength in drawn:
        label = _plain(f"{kind}: {by}" if by else kind)
        yield f'  {source} {_ARROWS[strength]}|"{label}"| {target}'


def _of_many(found: Paths) -> bool:
    """Whether paths are of several tenants."""
    return len({path.tenant_id for path in found.paths}) > 1


def _plain(text: str) -> str:
    """A text that Mermaid and the page around it take as text: everything but letters, digits and a few signs as a character code."""
    return "".join(c if c.isalnum() or c in " .,:_-@/" else f"#{ord(c)};" for c in harmless(text, 120)).replace("://", "#58;//")
