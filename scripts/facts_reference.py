"""Makes `docs/facts.md`, the reference of what rules may speak about, from the facts' own declarations."""

from __future__ import annotations

from auditor.engine.compiled import fact_needs
from auditor.facts import ROOTS, TYPES
from auditor.language.types import Type, type_of


def files() -> dict[str, str]:
    lines = [
        "# Facts: what rules may speak about",
        "",
        "Made by `python scripts/generate.py` from the declarations in `auditor/facts/`. A rule starts from one of the roots "
        + ", ".join(f"`{name}` ({cls.__name__})" for name, cls in ROOTS.items())
        + "; `tenant` and `now` stand in every rule.",
        "",
        "Texts are never null (`null` reads as `''`). `x*` under *needs* means that the fact is only known for sure when the collection is "
        "the whole tenant's. What was not read is unknown: neither null nor empty.",
        "",
    ]
    for cls in TYPES:
        lines += [f"## {cls.__name__}", "", (cls.__doc__ or "").strip(), "", "| fact | type | meaning | needs |", "|---|---|---|---|"]
        for name, hint in sorted(cls.hints().items()):
            member = cls.FACTS[name]
            place = f" `{member.graph}`" if member.graph else ""
            needs = ", ".join(need for need in fact_needs(cls, name) if need != "applications")
            lines.append(f"| `{name}` | {_type(type_of(hint))} | {member.doc}{place} | {needs} |")
        lines.append("")
    return {"docs/facts.md": "\n".join(lines)}


def _type(kind: Type) -> str:
    if kind.values:
        return " \\| ".join(f"`{value}`" for value in kind.values) + (" or null" if kind.null else "")
    if kind.kind == "list" and kind.item is not None:
        return f"list of {_type(kind.item)}"
    return str(kind)
