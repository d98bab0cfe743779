"""The options of commands that read a live tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from auditor.commands import FilePath, option
from auditor.entra.clouds import CLOUDS
from auditor.errors import UsageError
from auditor.sources.graph.cloud import AUTHS, cloud

if TYPE_CHECKING:
    from auditor.sources.graph.live import Live

F = TypeVar("F", bound=Callable[..., Any])
_SIGN_IN = (
    option("--tenant", metavar="TENANT", help="A live tenant: its ID, or one of its domains, as in contoso.onmicrosoft.com."),
    option(
        "--auth",
        type=click.Choice(AUTHS),
        help="How to sign in (default: default, DefaultAzureCredential).",
    ),
    option("--cloud", type=click.Choice(list(CLOUDS)), default="global", show_default=True, help="The tenant's cloud."),
    option("--graph-url", metavar="URL", help="The address of another Microsoft Graph: https://HOST, without a version."),
    option("--authority", metavar="URL", help="The address of another authority for the sign-in: https://HOST."),
    option("--ca-bundle", metavar="FILE", type=FilePath(), help="The certificates to trust, in PEM."),
)
_SOME = (
    option("--app", "apps", multiple=True, metavar="ID", help="Only this registration: its application (client) ID or object ID."),
    option("--filter", "filter_", metavar="ODATA", default="", help="Only registrations that match this OData filter."),
)


def sign_in_options(function: F) -> F:
    for add in reversed(_SIGN_IN):
        function = add(function)
    return function


def live_options(function: F) -> F:
    for add in reversed(_SOME):
        function = add(function)
    return sign_in_options(function)


def filter_options(function: F) -> F:
    """For a command that has an --app of its own."""
    return sign_in_options(_SOME[1](function))


def live_of(options: dict[str, Any], *, always: bool = False) -> Live | None:
    """The tenant that the options ask for; None where they ask for none. Takes the options out. Raises UsageError."""
    names = ("tenant", "auth", "cloud", "graph_url", "authority", "ca_bundle", "apps", "filter_")
    of = {name: options.pop(name, None) for name in names}
    if not (always or of["tenant"] or of["auth"]):
        given = next((name for name in ("graph_url", "authority", "ca_bundle", "apps", "filter_") if of[name]), None)
        if given is not None:
            option = "--" + given.rstrip("_").replace("_", "-").replace("apps", "app")
            raise UsageError(f"{option} is about a live tenant: say which with --tenant, or how to sign in with --auth")
        return None
    from auditor.sources.graph.live import Live

    where = cloud(of["cloud"], of["graph_url"], of["authority"])
    return Live(
        of["tenant"], of["auth"] or "default", where, of["ca_bundle"], tuple(of["apps"] or ()), of["filter_"] or "",
        prompt=lambda line: click.echo(line, err=True),
    )  # fmt: skip
