"""regaudit new-rule: begin a rule page."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import click

from auditor.commands import Command, option
from auditor.errors import UsageError

_NOT_ON_WINDOWS = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9]")  # a file of this name cannot be checked out there
# Loads as it is, and fails `regaudit test` until the last FILL-IN is gone (auditor/diagnose/examples.py).
PAGE = """\
# FILL-IN: what is wrong, as a headline: Client secret has expired

```toml rule
severity   = "medium"                  # FILL-IN: critical, high, medium, low or info
# FILL-IN: what the rule checks and where it applies; delete these three lines if it checks every registration
# each     = "app.secrets as secret"
# given    = "not secret.superseded"
require    = "app.display_name != ''"  # FILL-IN: what must hold
message    = "{app} has a fault"       # FILL-IN: what is wrong, with the value that is wrong; no full stop
references = []                        # FILL-IN: Microsoft's document, without the language: https://learn.microsoft.com/entra/…
```

FILL-IN: why it matters, in two or three sentences: what breaks at sign-in, or what somebody can abuse.

## Fix
1. Open **App registrations** > {app} > FILL-IN: the steps in the portal.

FILL-IN: what the command does, and what else it touches. Without one say instead: There is no command for this.

```az
az ad app update --id {app.app_id} --set FILL-IN: property=value
```

## Examples
```json fail
{ "displayName": "FILL-IN: the smallest object that has the fault" }
```
```json pass
{ "displayName": "FILL-IN: the same object without the fault" }
```
FILL-IN: delete this line. The object without what the rule reads, since missing data is neither right nor wrong:
```json not-evaluated
{ "appId": "aaaaaaaa-0000-4000-8000-000000000001" }
```
"""


@click.command("new-rule", cls=Command, epilog="Example: regaudit new-rule naming/team-prefix-missing --folder my-rules")
@click.argument("rule", metavar="AREA/NAME")
@option("--folder", metavar="DIR", help="The folder of your own rules (default: regaudit's rules, in a checkout).")
def command(rule: str, folder: str | None) -> None:
    """Begin a rule of your own: write the page DIR/AREA/NAME.md, which says what to fill in and fails `regaudit test` until it is complete.

    AREA and NAME are in kebab-case, and NAME says what is wrong: client-secret-expired.
    """
    from auditor.display import clean, pasted
    from auditor.rulebook import book as rulebook

    shipped = rulebook.shipped_folder()
    if folder is None and not (shipped.parent / "pyproject.toml").is_file():
        raise UsageError("this is not a checkout of regaudit: name the folder of your own rules with --folder DIR")
    target = shipped if folder is None else Path(folder)
    is_ours = target.resolve() == shipped.resolve()
    area, name = _area_and_name(rule, target)
    if is_ours:
        _must_be_an_area(area, shipped)
    page = target / area / f"{name}.md"
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        with page.open("x", encoding="utf-8", newline="\n") as file:
            file.write(PAGE)
    except FileExistsError:
        raise UsageError(f"{page} or a folder on its path is there already, and is left as it is") from None
    except OSError as error:
        raise UsageError(f"cannot write {page}: {error.strerror or error}") from None
    place = pasted(target.as_posix(), "DIR")
    then = "python scripts/generate.py, and a line in CHANGELOG.md" if is_ours else f"regaudit scan . --extend-rules {place}"
    click.echo(
        f"wrote {clean(str(page), 500)}\n\n"
        "Next:\n"
        "1. Replace each FILL-IN. `regaudit explain secret-expired --raw` shows a finished page;\n"
        "   docs/writing-rules.md says what each part means, docs/facts.md what a rule may speak about.\n"
        f"2. regaudit test {place} --select {name} -v     (fails until the page is filled in)\n"
        f"3. {then}"
    )


def _area_and_name(rule: str, folder: Path) -> tuple[str, str]:
    """Both halves of AREA/NAME. Raises UsageError for what no page can be called."""
    from auditor.rulebook import ID
    from auditor.rulebook import book as rulebook

    area, slash, name = rule.partition("/")
    if not slash:
        raise UsageError(f"{rule!r} names no area: AREA/NAME, such as credentials/client-secret-expired")
    for part, what in ((area, "an area"), (name, "a rule")):
        if not ID.fullmatch(part):
            raise UsageError(f"{part!r} is not a name for {what}: kebab-case, letters a-z and digits, such as client-secret-expired")
        if _NOT_ON_WINDOWS.fullmatch(part):
            raise UsageError(f"{part!r} is the name of a device on Windows; choose another name")
    if name in rulebook.NOT_PAGES:
        raise UsageError(f"{name}.md is never read as a rule page; choose another name")
    same = [page for page in rulebook.pages(folder) if page.stem == name]
    if same:
        raise UsageError(f"{same[0]} is a rule of this name already, and is left as it is")
    if name in rulebook.shipped().names():
        raise UsageError(f"{name!r} is the name of one of regaudit's rules, areas or tags already")
    return area, name


def _must_be_an_area(area: str, shipped: Path) -> None:
    from auditor.rulebook import book as rulebook

    areas = sorted({page.parent.name for page in rulebook.pages(shipped)})
    if area in areas or ((shipped / area).is_dir() and not any((shipped / area).iterdir())):
        return
    close = difflib.get_close_matches(area, areas, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(areas)}."
    raise UsageError(
        f"regaudit has no area {area!r}; {hint} For a new area make an empty folder of this name in {shipped} first, or use --folder DIR"
    )
