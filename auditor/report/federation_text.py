"""The federation supply chain for people: text, a table in Markdown, rows for spreadsheets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from auditor.display import cell, counted, wrapped
from auditor.report import objects
from auditor.report.federation import TIERS, Federation, Trust
from auditor.report.markdown import table
from auditor.report.paint import painted
from auditor.report.table import separated

_FEW = 3  # permissions and roles on one line
_STYLES = {"tier 0": "critical", "high": "high", "unknown": "medium"}
_HEADERS = ("Reach", "Tokens of", "Bound to", "Sign in as", "Permissions", "Directory roles")


class FlatTrust(msgspec.Struct):
    """The columns of a row. A list that is not known is "unknown"; one that may have more entries ends in "possibly more"."""

    tier: str
    issued_by: str
    workload: str
    bound_to: str | None
    app_display_name: str | None
    app_id: str | None
    permissions: list[str]
    roles: list[str]
    credential: str
    issuer: str | None
    subject: str | None
    is_flexible: bool | None
    problem: str | None
    object_id: str | None
    tenant_id: str | None
    owners: list[str] | None


def lines(found: Federation, *, colour: bool) -> Iterator[str]:
    """A few lines for each credential: whose tokens, as which application, and what that can do."""
    for row in found.credentials:
        head = f"{row.issued_by}: {row.workload}" + (f", {row.bound_to}" if row.bound_to else "")
        first, *others = wrapped(cell(head), "", "  ")
        yield painted(first, "name", colour=colour)
        yield from others
        yield from wrapped(f'sign in as {_app(row)} by "{row.credential}"', "  ", "    ")
        held = f"permissions: {_some(_permissions(row))}; directory roles: {_some(_roles(row))}"
        first, *others = wrapped(f"reach: {_reach(row)}; {held}", "  ", "    ")
        yield first.replace(row.tier, painted(row.tier, _STYLES.get(row.tier, ""), colour=colour), 1)
        yield from others
        if row.problem:
            yield from wrapped(f"no token matches: {row.problem}", "  ", "    ")
        yield ""


def summary(found: Federation) -> Iterator[str]:
    """How many there are, and what is not known."""
    rows = found.credentials
    if not rows:
        none = "No registration has a federated identity credential."
        yield "No federated identity credential is known." if found.not_known else none
    else:
        counts = Counter(row.tier for row in rows)
        tiers = ", ".join(f"{counts[tier]:,} {tier}" for tier in TIERS if counts[tier])
        apps = len({(row.app_id, row.object_id) for row in rows})
        yield f"{counted(len(rows), 'federated identity credential')} of {counted(apps, 'registration')}: {tiers}."
    if found.not_known:
        yield f"Not all are known of {found.not_known:,} of {counted(found.registrations, 'registration')}: the input does not list them."


def markdown(found: Federation) -> Iterator[bytes]:
    yield f"### Federated identity credentials, {found.as_of[:10]}\n\n{' '.join(summary(found))}\n".encode()
    yield from table(_HEADERS, map(_cells, found.credentials))


def _cells(row: Trust) -> tuple[str, ...]:
    can = "; ".join(_permissions(row)) or "none", "; ".join(_roles(row)) or "none"
    return _reach(row), f"{row.issued_by}: {row.workload}", row.bound_to or "", _app(row), *can


def comma_separated(found: Federation) -> bytes:
    return separated(FlatTrust.__struct_fields__, map(_flat, found.credentials))


def _flat(row: Trust) -> FlatTrust:
    return FlatTrust(
        row.tier, row.issued_by, row.workload, row.bound_to, row.app_display_name, row.app_id, _permissions(row), _roles(row),
        row.credential, row.issuer, row.subject, row.is_flexible, row.problem, row.object_id, row.tenant_id, row.owners,
    )  # fmt: skip


def _app(row: Trust) -> str:
    name, identity = row.app_display_name or "(no name)", row.app_id or row.object_id
    return f"{name} ({identity})" if identity else name


def _reach(row: Trust) -> str:
    """The tier; where more may come, that it is only the least."""
    return f"at least {row.tier}" if row.unknown and row.tier not in ("tier 0", "unknown") else row.tier


def _permissions(row: Trust) -> list[str]:
    """The worst first, those of applications before those that need a user."""
    if row.permissions is None:
        return ["unknown"]
    ordered = sorted((one.kind != "application", _rank(one.tier), _permission(one)) for one in row.permissions)
    return [text for _, _, text in ordered] + ["possibly more"] * ("granted permissions" in row.unknown)


def _permission(one: objects.Grant) -> str:
    api = f" of {one.resource_name or one.resource_app_id}" if one.resource_name or one.resource_app_id else ""
    return f"{one.permission or one.permission_id or 'unknown'}{api} ({one.kind or 'unknown'}, {one.tier or 'unknown'})"


def _roles(row: Trust) -> list[str]:
    if row.roles is None:
        return ["unknown"]
    named = [f"{one.name or one.definition_id or 'unknown'} ({one.tier or 'unknown'}, over {_scope(one)})" for one in row.roles]
    return named + ["possibly more"] * ("directory roles" in row.unknown)


def _scope(role: objects.DirectoryRole) -> str:
    return "the whole tenant" if role.scope == "/" else role.scope or "unknown"


def _rank(tier: str | None) -> int:
    return next((rank for rank, one in enumerate(TIERS) if one == (tier or "unknown")), len(TIERS))


def _some(texts: list[str]) -> str:
    return (", ".join(texts[:_FEW]) or "none") + (f" and {len(texts) - _FEW:,} more" if len(texts) > _FEW else "")
