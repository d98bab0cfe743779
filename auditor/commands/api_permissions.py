"""regaudit api-permissions: what registrations request, resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.commands import Command, echo_json, echo_table, option, running
from auditor.commands.options import Output, inputs, outputs
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.pipeline import Inputs

_EPILOG = """\b
Examples:
  regaudit api-permissions tenant/
  regaudit api-permissions --tenant contoso.onmicrosoft.com
  regaudit api-permissions tenant/ --app "Contoso Orders" --output-format json
"""
_READ = ("applications", "servicePrincipals", "oauth2PermissionGrants", "appRoleAssignments")
_HEADERS = ("application", "API", "permission", "kind", "tier", "admin consent", "granted")


@click.command("api-permissions", cls=Command, epilog=_EPILOG)
@inputs(some=False)
@option("--app", metavar="NAME_OR_ID", help="Only of this registration: its name, application (client) ID or object ID.")
@outputs("text", "json", redact=True)
def command(inputs: Inputs, output: Output, app: str | None) -> int:
    """List every configured API permission (requiredResourceAccess) with its API, its tier, and whether it is granted.

    What the input does not say is shown as ?, in JSON as null.
    """
    from auditor.display import counted
    from auditor.report.tables import api_permissions
    from auditor.unknown import Unknown

    loaded = running.load(inputs, _READ, None, output)
    rows = [row for row in api_permissions(loaded) if app is None or app.lower() in _names(row)]
    if app is not None and not rows and not loaded.errors:
        raise UsageError(f"no registration {app!r} requests a permission")
    rows = output.redacted(rows)
    apps = [app for world in loaded.worlds for app in world.apps]
    known = sum(not isinstance(app.requested_permissions, Unknown) for app in apps)
    gate = running.listed(loaded, "app registration", "which permissions are requested", read=len(apps), known=known)
    if output.form == "json":
        echo_json(rows)
    elif rows or not gate.nothing_known:
        if rows and not output.quiet:
            _table(rows)
        missing, unknown = sum(row.granted == "no" for row in rows), sum(row.granted is None for row in rows)
        click.echo(f"{counted(len(rows), 'permission')} requested: {missing:,} not granted, {unknown:,} not known.")
        if blind := len(apps) - known:
            click.echo(f"What {counted(blind, 'registration')} request{'s' * (blind == 1)} is not known: the input does not say.")
    return gate.exit_code


def _names(row: Any) -> set[str]:
    return {value.lower() for value in (row.app_display_name, row.app_id, row.object_id) if value}


def _table(rows: list[Any]) -> None:
    def yes(value: bool | None) -> str:
        return "?" if value is None else "yes" if value else "no"

    table = [
        (
            row.app_display_name or row.app_id or "?",
            row.resource_name or row.resource_app_id or "?",
            (row.permission or row.permission_id or "?") + (" (disabled)" if row.enabled is False else ""),
            row.kind or "?",
            row.tier or "?",
            yes(row.admin_consent),
            f"user ({row.users})" if row.granted == "user" and row.users else row.granted or "?",
        )
        for row in rows
    ]
    echo_table(table, _HEADERS)
    click.echo()
