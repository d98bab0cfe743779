"""regaudit api-permissions: what registrations request, resolved."""

from __future__ import annotations

from typing import Any

import click

from auditor.commands import Command, echo_json, echo_table, say_errors, size_option
from auditor.commands.live import live_of, sign_in_options
from auditor.errors import UsageError

_EPILOG = """\b
Examples:
  regaudit api-permissions tenant/
  regaudit api-permissions --tenant contoso.onmicrosoft.com
  regaudit api-permissions tenant/ --app "Contoso Orders" --output-format json
"""
_HEADERS = ("application", "API", "permission", "kind", "tier", "admin consent", "granted")


@click.command("api-permissions", cls=Command, epilog=_EPILOG)
@click.argument("paths", nargs=-1, metavar="PATH…", type=click.Path())
@click.option("--app", metavar="NAME_OR_ID", help="Only of this registration: its name, application (client) ID or object ID.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--exclude", multiple=True, metavar="GLOB", help="Files and folders to leave out, in the syntax of .gitignore.")
@size_option
@sign_in_options
def command(
    paths: tuple[str, ...], app: str | None, output_format: str, exclude: tuple[str, ...], max_file_size: int, **options: Any
) -> int:
    """List every configured API permission (requiredResourceAccess): of which API, how far it reaches, and whether it was granted.

    What the input does not say is shown as ?, in JSON as null.
    """
    from auditor.pipeline import audit
    from auditor.report.tables import api_permissions

    live = live_of(options)
    if not paths and live is None:
        raise UsageError("nothing to read: give files or a folder, as in `regaudit api-permissions tenant/`, - or --tenant")
    granted = ("servicePrincipals", "oauth2PermissionGrants", "appRoleAssignments")
    report = audit(paths, tenant=live, also=granted, select=["perm-empty-resource"], exclude=exclude, max_file_size=max_file_size)
    say_errors(report.errors)
    rows = [row for row in api_permissions(report) if app is None or app.lower() in _names(row)]
    if app is not None and not rows and not report.errors:
        raise UsageError(f"no registration {app!r} requests a permission")
    if output_format == "json":
        echo_json(rows)
    else:
        _table(rows)
    return 2 if report.errors else 0


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
    if table:
        echo_table(table, _HEADERS)
        click.echo()
    missing, unknown = sum(row.granted == "no" for row in rows), sum(row.granted is None for row in rows)
    click.echo(f"{len(rows)} permission{'s' * (len(rows) != 1)} requested: {missing} not granted, {unknown} not known.")
