"""The options of commands: what to read, which rules to check, how to say it. Each has one name, one help text, one check everywhere.

A decorator adds its options to a command and hands over what was asked for as one value.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from auditor import files
from auditor.commands import FilePath, Option, complete, configured, option, redactor
from auditor.commands.live import filter_options, live_of, live_options, sign_in_options
from auditor.errors import UsageError
from auditor.pattern import late
from auditor.severity import SEVERITIES
from auditor.shell import Shell
from auditor.shell import default as default_shell

if TYPE_CHECKING:
    from auditor.engine.exceptions import Accepted
    from auditor.engine.selection import RuleSelection
    from auditor.pipeline import Inputs
    from auditor.redact import Redactor

DEFAULT = "default"  # profile
_NOTHING = "nothing to read: give a file or a folder, as in `regaudit {command} manifests/`, - for standard input, or --tenant TENANT"
T = TypeVar("T")
_NAME = late(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")  # of a rule, or of most areas
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class _Profile(Option):
    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Names the profiles that there are; their folder is only read for it."""
        from copy import copy

        from auditor.rulebook import profiles

        named = copy(self)
        named.help = f"Selects rules, severities and parameters: {', '.join(profiles.names())}, or a TOML file."
        return Option.get_help_record(named, ctx)


_EXCLUDE = option("--exclude", multiple=True, metavar="GLOB", help="Files and folders to leave out, in the syntax of .gitignore.")
_ALLOW_EMPTY = option("--allow-empty/--no-allow-empty", help="Exit with 0 instead of 2 if the input is empty.")
_RUN_BICEP = option(
    "--run-bicep", is_flag=True, help="Compile Bicep files with the command bicep, which may download modules. It is not started otherwise."
)
_STDIN_NAME = option("--stdin-filename", default=files.STDIN_NAME, metavar="NAME", help="The name of standard input in the report.")


def _size(context: click.Context, parameter: click.Parameter, value: str) -> int:
    return files.size_of(value)


_MAX_SIZE = option(
    "--max-file-size", default="2GB", show_default=True, metavar="SIZE", callback=_size,
    help="Larger files are reported and not read. 100,000 registrations are 255 MB; reading them takes three times as much memory.",
)  # fmt: skip
_SELECT = option(
    "--select", multiple=True, metavar="RULES", shell_complete=complete.rules,
    help="Only these rules: names, areas, tags, frameworks (cis-m365:5.1.5), name-* or ALL, separated by commas.",
)  # fmt: skip
_IGNORE = option("--ignore", multiple=True, metavar="RULES", shell_complete=complete.rules, help="All but these rules.")
_EXTEND = option("--extend-rules", multiple=True, metavar="DIR", type=FilePath(), help="A folder with rule pages of your own.")
_SET = option("--set", "settings", multiple=True, metavar="RULE.PARAM=VALUE", help="Set a rule's parameter.")
_QUIET = option("-q", "--quiet", is_flag=True, help="Print only the most important lines, and no progress.")
_VERBOSE = option("-v", "--verbose", is_flag=True, help="Also print all reasons, notes and skipped files.")
_NO_COLOR = option("--no-color", is_flag=True, help="Print no colours. NO_COLOR and FORCE_COLOR are also obeyed.")
_SHELL = option(
    "--shell",
    type=click.Choice([shell.value for shell in Shell]),
    help="The shell that the commands of fixes are written for (default: that of the platform).",
)  # fmt: skip
_REDACT = option(
    "--redact", is_flag=True,
    help="Replace what the input says (names, IDs, URIs, files) with APP-1, URI-1 and so on, so that the output can be shown to others.",
)  # fmt: skip
as_of = option("--as-of", metavar="DATE", help="The date to use as today, as in 2026-01-31. Makes the report reproducible.")
fail_on = option(
    "--fail-on", type=click.Choice([*reversed(SEVERITIES[1:]), "never"]), default="high", show_default=True,
    help="The lowest severity that makes the exit code 1.",
)  # fmt: skip
ignore_newly_visible = option(
    "--ignore-newly-visible", is_flag=True, help="Do not count new findings that the older run could not have found."
)
strict = option("--strict/--no-strict", help="Exit with 2 if anything could not be evaluated.")
certain_only = option(
    "--certain-only/--no-certain-only",
    help="Count findings that are only likely (they depend on an exemption or on data that is not in the input) as not evaluated.",
)  # fmt: skip
limit = option(
    "--limit", type=click.IntRange(min=0), metavar="N",
    help="Findings shown of each rule, object or owner, with their fixes (0: all). Default: all of few, examples of many, 20 with -v.",
)  # fmt: skip
group_by = option(
    "--group-by", type=click.Choice(["rule", "app", "owner"]), default="rule", show_default=True,
    help="How the text report is divided: by rule, by registration (or other object), or by owner.",
)  # fmt: skip


def inputs(*, argument: bool = True, some: bool = True, own_app: bool = False, nothing: str = _NOTHING) -> Decorator:
    """Hands over `inputs`. `some`: a part of a tenant can be read. `argument`: the command has PATH…; `nothing` is said without any.

    `own_app`: the command has an --app of its own, which is about files, too.
    """
    paths = (click.argument("paths", nargs=-1, metavar="PATH…", type=FilePath()),)
    tenant_options = filter_options if own_app else live_options if some else sign_in_options

    def build(
        exclude: tuple[str, ...],
        allow_empty: bool,
        run_bicep: bool,
        max_file_size: int,
        stdin_filename: str,
        paths: tuple[str, ...] | None = None,
        **live: Any,
    ) -> Inputs:
        tenant = live_of(live)
        if paths == () and tenant is None:
            raise UsageError(nothing.format(command=click.get_current_context().command.name))
        _no_rules(paths or ())
        from auditor.pipeline import Inputs

        return Inputs(paths or (), tenant, exclude, stdin_filename, max_file_size, allow_empty, run_bicep)

    return _one_value(
        "inputs", build, (*(paths if argument else ()), tenant_options, _EXCLUDE, _ALLOW_EMPTY, _RUN_BICEP, _MAX_SIZE, _STDIN_NAME)
    )


def _no_rules(paths: tuple[str, ...]) -> None:
    """Raises UsageError for names of rules behind a blank, where --select takes one word."""
    chosen = click.get_current_context().params
    for name in ("select", "ignore"):
        if chosen.get(name) and (wrong := [path for path in paths if _NAME.fullmatch(path) and not os.path.lexists(path)]):
            both = ",".join([*chosen[name], *wrong])
            raise UsageError(f"{wrong[0]}: there is no such file or folder; names of rules are separated by commas: --{name} {both}")


def rules(*, profile: str | None = DEFAULT, select: bool = True, extend: bool = True, settings: bool = True) -> Decorator:
    """Hands over `rules`. `profile` is the one that counts where none is named; without one the command knows no profiles.

    `select`: the command does not choose them itself; `extend`: own pages count; `settings`: parameters matter.
    """
    of_profile = option(
        "--profile", cls=_Profile, default=profile, show_default=True, metavar="NAME|FILE.toml", shell_complete=complete.profiles
    )
    wanted = ((_SELECT, select), (_IGNORE, True), (_EXTEND, extend), (of_profile, profile is not None), (_SET, settings))
    return _one_value("rules", _rules, tuple(option for option, there in wanted if there))


def _rules(
    ignore: tuple[str, ...], select: tuple[str, ...] = (), extend_rules: tuple[str, ...] = (), settings: tuple[str, ...] = (), **more: Any
) -> RuleSelection:
    from auditor.engine.selection import RuleSelection

    params = dict(_setting(text) for text in settings)
    typed: dict[str, Any] = {"select": _listed(select), "ignore": _listed(ignore), "params": params, "extend_rules": extend_rules}
    layers = configured().layers()
    if not layers:
        return RuleSelection(**typed, **more)
    context = click.get_current_context()
    source = context.get_parameter_source("profile") if "profile" in more else None
    alone = {"profile": DEFAULT} if source is click.core.ParameterSource.DEFAULT_MAP else more
    return RuleSelection(**typed, **more, layers=layers, unconfigured=RuleSelection(**typed, **alone))


def _listed(values: Iterable[str]) -> tuple[str, ...]:
    """The names of an option that takes several, repeated or separated by commas. Raises UsageError for a value that has none."""
    names: list[str] = []
    for value in values:
        found = [part.strip() for part in value.split(",") if part.strip()]
        if not found:
            raise UsageError(f"{value!r} names no rule, area or tag")
        names += found
    return tuple(names)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--set {text}: say RULE.PARAM=VALUE, as in secret-expiring.warn_days=60")
    return name, value


_WAIVERS = option("--waivers", metavar="FILE", type=FilePath(), help="Accepted risks; default: the regaudit-waivers.toml that is found.")
_BASELINE = option(
    "--baseline", metavar="FILE", type=FilePath(), help="Findings that do not count: those of `regaudit baseline`, while not more severe."
)


def exceptions(*, baseline: bool = True) -> Decorator:
    """Hands over `accepted`: waivers, the overrides of the configuration and, where the command heeds one, a baseline; or None."""
    return _one_value("accepted", _accepted, (_WAIVERS, _BASELINE) if baseline else (_WAIVERS,))


def _accepted(waivers: str | None, baseline: str | None = None) -> Accepted | None:
    found = configured()
    if waivers is None and baseline is None and found.waivers is None and not found.files:
        return None
    from pathlib import Path

    from auditor.configuration import shown
    from auditor.engine import baseline as baselines
    from auditor.engine import waivers as of_waivers
    from auditor.engine.exceptions import Accepted

    file = Path(waivers) if waivers is not None else found.waivers
    return Accepted(
        found.names,
        found.overrides,
        of_waivers.read(file, shown(file)) if file is not None else None,
        found.value("max-waiver-days") or of_waivers.MAX_DAYS,
        baselines.read(Path(baseline), baseline) if baseline is not None else None,
    )


class Output(msgspec.Struct, frozen=True):
    """How a command says what it found."""

    form: str
    quiet: bool
    verbose: bool
    no_color: bool
    shell: Shell
    redactor: Redactor | None = None  # where --redact asks for one

    def redacted(self, thing: T) -> T:
        """Structs of a report, as --redact shows them."""
        return thing if self.redactor is None else self.redactor.of(thing)

    @property
    def coloured(self) -> bool:
        """Whether standard output shall have colours."""
        if self.no_color or os.environ.get("NO_COLOR"):
            return False
        return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def outputs(*forms: str, commands: bool = False, redact: bool = False) -> Decorator:
    """Hands over `output`. `forms`: what --output-format can be; without them the command has none, or one of its own.

    `commands`: what is printed has commands in it. `redact`: it has what the input says, which can be left out.
    """
    form = option("--output-format", type=click.Choice(forms), default="text", show_default=True, help="The format of the output.")
    shared = (_QUIET, _VERBOSE, _NO_COLOR, *((_SHELL,) if commands else ()), *((_REDACT,) if redact else ()))
    return _one_value("output", _output, (form, *shared) if forms else shared)


def _output(
    quiet: bool, verbose: bool, no_color: bool, output_format: str = "text", shell: str | None = None, redact: bool = False
) -> Output:
    return Output(output_format, quiet, verbose, no_color, Shell(shell) if shell else default_shell(), redactor() if redact else None)


def _one_value(value: str, build: Callable[..., Any], options: Iterable[Callable[..., Any]]) -> Decorator:
    """A decorator that adds `options` to a command, and calls it with what `build` makes of them, as this value."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(**given: Any) -> Any:
            own = {name: given.pop(name) for name in names}
            return function(**{value: build(**own)}, **given)

        before = len(getattr(function, "__click_params__", ()))
        for add in reversed(list(options)):
            command = add(command)
        names = [parameter.name for parameter in command.__click_params__[before:]]  # type: ignore[attr-defined]  # where click keeps them until there is a command
        return command

    return decorate
