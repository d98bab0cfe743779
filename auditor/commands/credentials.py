"""regaudit credentials: the expiry calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from auditor.commands import Command, echo_json, option, running
from auditor.commands.chosen import NO_OWNER, Chosen
from auditor.commands.options import Output, as_of, exceptions, inputs, outputs
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.engine.exceptions import Accepted
    from auditor.pipeline import Inputs
    from auditor.report.rows import LoneCredentialRow

_EPILOG = """\b
Examples:
  regaudit credentials manifests/ --within 30d
  regaudit credentials manifests/ --expired
  regaudit credentials . --owner none --within 6m --output-format csv
  regaudit credentials --tenant contoso.onmicrosoft.com --unused 90d
  regaudit credentials . --within all --output-format ics > expiry.ics
  regaudit credentials --tenant contoso.onmicrosoft.com --federated
  regaudit credentials --tenant contoso.onmicrosoft.com --app "Contoso Orders"
"""
_READ = ("applications", "servicePrincipals", "owners", "appCredentialSignInActivities")
_WITHIN = "60d"


@click.command("credentials", cls=Command, epilog=_EPILOG)
@inputs(own_app=True)
@option(
    "--within", metavar="TIME",
    help=f"How far ahead to look: 30 or 30d, 8w, 6m or 1y; 'all' for everything (default: {_WITHIN}, nothing with --expired).",
)  # fmt: skip
@option("--expired", is_flag=True, help="Those that have expired, the last first. With --within both.")
@option(
    "--unused", metavar="TIME", help="Only those that nobody has signed in with for so long, or ever, and that have not expired.",
)  # fmt: skip
@option(
    "--owner", "owners", multiple=True, metavar="NAME",
    help=f"Only of what this owner has: user principal name or name, * for any characters; '{NO_OWNER}' for what has no owner.",
)  # fmt: skip
@option(
    "--app", "apps", multiple=True, metavar="NAME_OR_ID", help="Only of this registration: its name, application (client) ID or object ID."
)
@option("--federated", is_flag=True, help="Federated identity credentials instead: whose tokens sign in, and what that can do.")
@exceptions(baseline=False)
@as_of
@outputs("text", "json", "csv", "markdown", "ics", redact=True)
def command(
    inputs: Inputs, accepted: Accepted | None, output: Output, within: str | None, expired: bool, unused: str | None,
    federated: bool, owners: tuple[str, ...], apps: tuple[str, ...], as_of: str | None,
) -> int:  # fmt: skip
    """List client secrets and certificates that expire soon, by registration, the earliest first, with their owners.

    What another, longer-lived credential has replaced is left out: nothing depends on it. --unused lists it, too, whenever it ends: what
    the report of credentials' sign-ins (Microsoft Graph beta) has no recent use of. Of what may be used in other tenants, signs or
    encrypts tokens, or is not in a report, nobody can say that.

    --federated lists federated identity credentials: whose tokens they take (repository and branch, service connection, service account
    and cluster, managed identity), as which application these sign in, and which permissions and directory roles that has.
    """
    chosen = Chosen(owners, apps)
    if federated:
        from auditor.commands import federated as of_others

        if expired or unused is not None or within is not None or output.form == "ics":
            raise UsageError("--federated: such credentials have no secret and no end; leave --within, --expired, --unused and ics out")
        return of_others.run(inputs, output, as_of, chosen)
    from auditor.report import ics
    from auditor.report.rows import UNUSED_FOR
    from auditor.report.tables import credential_rows
    from auditor.unknown import Unknown

    if expired and output.form == "ics":
        raise UsageError("--expired: a calendar has only what is ahead; --output-format csv lists what has expired")
    if unused is not None and (expired or output.form == "ics"):
        raise UsageError(f"--unused: {'--expired lists' if expired else 'a calendar has'} credentials by their end, used or not")
    if within is None and not expired and unused is None:
        within = _WITHIN
    unused_for = UNUSED_FOR if unused is None else ics.days_of(unused, "--unused")
    if unused_for is None:
        raise UsageError("--unused all: say for how long, such as 90d")
    days = ics.days_of(within) if within is not None else None
    loaded = running.load(chosen.narrowed(inputs), _READ, as_of, output)
    every = list(credential_rows(loaded, _waived(accepted, loaded.as_of.date()), unused_for))
    if loaded.worlds and not loaded.errors:
        chosen.check(loaded)
    wanted = [row for row in every if chosen.has(row.owners, row.app_display_name, row.app_id, row.object_id)]
    wanted = output.redacted(wanted)
    ahead, dead = ics.ahead(wanted, days) if within is not None else [], ics.expired(wanted) if expired else []
    if unused is not None:
        near = [row for row in ics.living(wanted) if days is None or (row.days_left is not None and row.days_left <= days)]
        ahead = [row for row in near if row.use == "unused"]
    roots: list[Any] = [root for world in loaded.worlds for root in (*world.apps, *world.principals)]
    unread = [isinstance(root.secrets, Unknown) + isinstance(root.certificates, Unknown) for root in roots]
    objects, what = "app registration or service principal", "which credentials there are"
    gate = running.listed(loaded, objects, what, read=len(roots), known=sum(lists < 2 for lists in unread))
    if output.form == "json":
        echo_json([*dead, *ahead])
    elif output.form == "csv":
        _print_csv([*dead, *ahead])
    elif output.form == "markdown":
        click.echo(b"".join(_markdown([*dead, *ahead])), nl=False)
    elif output.form == "ics":
        click.echo(ics.ics(ahead, loaded.as_of).encode("utf-8", "replace"), nl=False)
    elif wanted or not gate.nothing_known:
        if not output.quiet:
            click.echo("".join(f"{line}\n" for line in (*_page(dead, output), *_page(ahead, output))), nl=False, color=output.coloured)
        said = _said(wanted, ahead, dead, within, days, expired=expired) if unused is None else _said_of_use(wanted, ahead, unused_for)
        for line in said:
            click.echo(line)
        from auditor.display import counted

        if owners and (unowned := sum(row.owners is None for row in every)):
            click.echo(f"{counted(unowned, 'credential')} left out: who owns their registration is not in the input.")
        if blind := sum(map(bool, unread)):
            click.echo(f"Not all credentials are known of {blind:,} of {counted(len(roots), 'object')}: the input does not list them.")
    return gate.exit_code


def _waived(accepted: Accepted | None, today: date) -> Any:
    """What accepts a finding of a credential; None without waivers."""
    if accepted is None or accepted.waivers is None:
        return None
    from auditor.engine.waivers import of_subjects
    from auditor.rulebook import shipped

    accepted.waivers.check(today, accepted.max_waiver_days)
    return of_subjects(accepted.waivers, shipped(), today)


def _print_csv(rows: list[LoneCredentialRow]) -> None:
    from auditor.report.rows import LoneCredentialRow
    from auditor.report.table import separated

    click.echo(separated(LoneCredentialRow.__struct_fields__, rows), nl=False)


def _markdown(rows: list[LoneCredentialRow]) -> Iterator[bytes]:
    from auditor.report.markdown import table

    def cells(row: LoneCredentialRow) -> tuple[str, ...]:
        of = f"{row.app_display_name or '(no name)'} ({row.app_id or row.object_id or 'no ID'})"
        owners = "not known" if row.owners is None else ", ".join(row.owners) or "no owner"
        use = row.last_used[:10] if row.last_used else row.use or ""
        return (row.end or "no end")[:10], row.state, f'{row.kind} "{row.display_name or row.key_id}"', of, owners, use

    return table(("End", "State", "Credential", "Of", "Owners", "Last use"), map(cells, rows))


def _page(rows: list[LoneCredentialRow], output: Output) -> Iterator[str]:
    """By registration: whose it is, and a line for each credential."""
    from auditor.display import cell, counted, wrapped
    from auditor.report.ics import some
    from auditor.report.paint import painted

    groups: dict[tuple[str, str], list[LoneCredentialRow]] = {}
    for row in rows:
        groups.setdefault((row.on, row.app_id or row.object_id or row.app_display_name or ""), []).append(row)
    for (kind, identity), group in groups.items():
        first = group[0]
        name = f"{first.app_display_name or '(no name)'} ({identity})" + (" (service principal)" if kind == "servicePrincipal" else "")
        head, *others = wrapped(cell(name), "", "  ")
        yield painted(head, "name", colour=output.coloured)
        yield from others
        yield from wrapped(f"owners: {some(first.owners)}", "  ", "    ")
        for row in group:
            days = abs(row.days_left or 0)
            when = (
                "no end" if row.end is None else f"{counted(days, 'day')} ago" if row.state == "expired" else f"in {counted(days, 'day')}"
            )
            state = f"  not valid before {row.start[:10]}" if row.state == "not-yet-valid" and row.start else ""
            used = f"  last used {row.last_used[:10]}" if row.last_used else "  no use on record" if row.use in ("unused", "new") else ""
            waived = f"  (waived until {row.waiver.until})" if row.waiver is not None else ""
            end = f"{row.end[:10]}  " if row.end else ""
            line = wrapped(f'{end}{when}  {row.kind} "{row.display_name or row.key_id}"{state}{used}{waived}', "  ", "    ")
            yield from (painted(one, "waived" if row.waiver is not None else "", colour=output.coloured) for one in line)
        yield ""


def _said_of_use(wanted: list[LoneCredentialRow], unused: list[LoneCredentialRow], days: int) -> Iterator[str]:
    """How many nobody uses, and of how many that cannot be said."""
    from auditor.display import counted
    from auditor.report import ics

    none = f"No credential is known to be unused for {counted(days, 'day')}."
    yield (
        f"{counted(len(unused), 'credential')} {'has' if len(unused) == 1 else 'have'} not been used for {counted(days, 'day')}."
        if unused
        else none
    )
    living = ics.living(wanted)
    if unknown := sum(row.use == "not known" for row in living):
        yield f"Whether anybody uses {counted(unknown, 'credential')} is not known: no recent report of credentials' sign-ins says so."
    if new := sum(row.use == "new" for row in living):
        yield f"{counted(new, 'credential')} {'is' if new == 1 else 'are'} younger than that, and without use on record."
    if other := sum(row.use == "other purpose" for row in living):
        they, them = ("signs or encrypts", "it") if other == 1 else ("sign or encrypt", "them")
        yield f"{counted(other, 'credential')} {they} tokens, or Microsoft renews {them}."


def _said(
    wanted: list[LoneCredentialRow], ahead: list[LoneCredentialRow], dead: list[LoneCredentialRow], within: str | None, days: int | None,
    *, expired: bool,
) -> Iterator[str]:  # fmt: skip
    """How many there are, and how many are not listed."""
    from auditor.display import counted
    from auditor.report import ics

    if expired:
        yield f"{counted(len(dead), 'credential')} {'has' if len(dead) == 1 else 'have'} expired." if dead else "No credential has expired."
    if within is not None:
        span = "some day" if days is None else "today" if days == 0 else f"within {counted(days, 'day')}"
        yield f"{counted(len(ahead), 'credential')} expire{'s' * (len(ahead) == 1)} {span}." if ahead else f"No credential expires {span}."
        if not expired and (others := len(ics.expired(wanted))):
            yield f"{counted(others, 'credential')} {'has' if others == 1 else 'have'} expired already: --expired lists them."
    if unknown := sum(row.state == "unknown" for row in wanted):
        yield f"When {counted(unknown, 'credential')} {'ends' if unknown == 1 else 'end'} is not known: the input does not say."
