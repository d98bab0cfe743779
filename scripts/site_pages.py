"""Makes the Markdown pages of the docs site: `docs/`, the front page, and a page for every rule. `make site` builds the site from them.

python scripts/site_pages.py  writes the pages into build/pages, which it empties first

A rule's page is at `rules/IDENTITY/` for ever; its present id and its former ones lead there.
"""

from __future__ import annotations

import html
import posixpath
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from auditor import rulebook
from auditor.diagnose.aadsts import explained
from auditor.diagnose.about import readings
from auditor.engine.compiled import compiled
from auditor.entra.catalog import CATALOG
from auditor.frameworks import labels
from auditor.language import words
from auditor.links import DOCS
from auditor.report.fixes import Fix
from auditor.rulebook import Rule, Rulebook
from auditor.severity import SEVERITIES
from auditor.shell import Shell
from auditor.template import Place, Way

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
PAGES = ROOT / "build/pages"  # docs_dir in zensical.toml
# Pages from outside docs/, and where they are on the site.
OTHERS = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "sample_manifests/README.md": "samples.md",
    "auditor/entra/NOTICE.md": "notice.md",
    "rules": "rules/index.md",
    "docs/decisions": "decisions/index.md",
}
SHELLS = {Shell.bash: "bash", Shell.powershell: "PowerShell", Shell.cmd: "cmd"}
LINK = re.compile(r"(?<=\]\()([^)#\s:]+)((?:#[^)\s]*)?)(?=\))")
_CODE = re.compile(r"^(?P<fence> *`{3,})[^\n]*\n.*?^(?P=fence)$|(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)", re.MULTILINE | re.DOTALL)
_ELSE = re.compile(r"\{'[^{}']*' if [^{}]* else '([^{}']*)'\}")  # of a fact in a fix: the text of its last case
_EXAMPLE = re.compile(r"^```json (\S+)(?: as-of=(\S+))?", re.MULTILINE)
_KINDS = {"fail": "Fails", "likely": "Likely fails", "pass": "Passes", "not-applicable": "Does not apply", "not-evaluated": "Not evaluated"}
_ITEM = re.compile(r"- |\d+\. ")
_COMMENT = re.compile(r"^<!--.*-->$", re.MULTILINE)  # a mark for a generator; a table behind it would be text


def files() -> dict[str, str]:
    """All pages: path below the folder -> text."""
    book = rulebook.shipped()
    places = {f"rules/{rule.area}/{rule.id}.md": f"rules/{rule.identity}.md" for rule in book} | OTHERS
    of_docs = [*(ROOT / "docs").rglob("*.md"), *PICTURES.iterdir()]
    places |= {page.relative_to(ROOT).as_posix(): page.relative_to(ROOT / "docs").as_posix() for page in of_docs}
    pages = {
        site: moved((ROOT / source).read_text("utf-8"), source, places)
        for source, site in places.items()
        if source.endswith(".md") and not source.startswith("rules/")
    }
    pages |= {f"rules/{rule.identity}.md": rule_page(rule) for rule in book}
    pages |= {"rules/index.md": rule_index(book), "sign-in-errors.md": sign_in_errors(book), "decisions/index.md": decisions()}
    return pages | redirects(book) | {"site.css": (ROOT / "docs/site.css").read_text("utf-8")}


def moved(text: str, source: str, places: Mapping[str, str]) -> str:
    """A page of the repository with its links as they are on the site. Raises ValueError for a link to what the site does not have."""

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), found[1]))
        if target not in places:
            raise ValueError(f"{source}: the site does not have {found[1]}: write its name as code, without a link")
        return posixpath.relpath(places[target], posixpath.dirname(places[source])) + found[2]

    return outside_code(LINK, link, deeper(_CODE.sub(_plain, _COMMENT.sub("", text))))


def deeper(text: str) -> str:
    """What belongs to the item of a list, such as code, by four spaces: with less, the site takes it for what follows the list."""
    lines, marker, in_block = list[str](), 0, False
    for line in text.split("\n"):
        if line.startswith("```"):
            in_block = not in_block
        if not in_block and (item := _ITEM.match(line)) is not None:
            marker = len(item[0])
        elif marker and line.startswith(" " * marker):
            line = " " * (4 - marker) + line
        elif line:
            marker = 0
        lines.append(line)
    return "\n".join(lines)


def _plain(code: re.Match[str]) -> str:
    """A block begins with its language alone: with more, such as the file that a recipe reads, the site takes it for text."""
    return re.sub(r"^( *`{3,}\S+) .*", r"\1", code[0], count=1) if code["fence"] else code[0]


def outside_code(pattern: re.Pattern[str], change: Callable[[re.Match[str]], str], text: str) -> str:
    """`re.sub` of what is neither in a code block nor between backticks."""
    out, end = list[str](), 0
    for code in _CODE.finditer(text):
        out += [pattern.sub(change, text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*out, pattern.sub(change, text[end:])])


# -- rules


def rule_page(rule: Rule) -> str:
    """What it means, how to fix it, what it needs, examples, and last the rule itself."""
    blocks = [f"# {escaped(rule.title)}", *_properties(rule), text_of(rule.why), "## Fix", *_fix(rule)]
    blocks += ["## What it reads", "\n".join(_readings(rule)), "## Examples", _examples(rule)]
    if rule.references:
        blocks += ["## References", "\n".join(f"- <{address}>" for address in rule.references)]
    blocks += ["## Rule", f"```toml\n{rule.page[slice(*rule.prose.block_at)].strip()}\n```"]
    return "\n\n".join(blocks) + "\n"


def _readings(rule: Rule) -> Iterator[str]:
    for one in readings(rule):
        live = f"`{one.permission}` in a live tenant" if one.permission else ""
        ways = "; ".join(filter(None, (live, f"for files: {text_of(one.files)}" if one.files else "")))
        yield f"- {escaped(one.what)}" + (f" ({ways})" if ways else "")


def _examples(rule: Rule) -> str:
    """The last section of the page, with a word on each example."""
    return text_of(_EXAMPLE.sub(_labelled, rule.page.partition("\n## Examples\n")[2]))


def _labelled(found: re.Match[str]) -> str:
    on = f", on {found[2]}" if found[2] else ""
    return f"\n**{_KINDS.get(found[1], found[1])}**{on}:\n\n```json"


def _properties(rule: Rule) -> Iterator[str]:
    former = [name for name in dict.fromkeys((*rule.aliases, rule.identity)) if name != rule.id]
    rows = {
        "Name": f"`{rule.id}`" + (f", formerly {_codes(former)}" if former else ""),
        "Severity": escaped(words.severity(rule.severity, rule.params)),
        "Area": f"[{rule.area}](index.md#{rule.area})",
        "Tags": ", ".join(f"[{tag}](index.md#tag-{tag})" for tag in rule.tags),
        "Frameworks": ", ".join(f"[{label}](../frameworks.md#{label.partition(':')[0]})" for label in labels(rule.frameworks)),
        "Sign-in errors": ", ".join(f"[AADSTS{code}](../sign-in-errors.md#aadsts{code})" for code in rule.aadsts),
        "Parameters": ", ".join(f"`{name} = {value!r}`" for name, value in rule.params.items()),
        "Gives way to": ", ".join(_link(rulebook.shipped().get(name)) for name in rule.gives_way_to),
    }
    head, *lines = (f"| {name} | {value} |" for name, value in rows.items() if value)
    yield "\n".join((head, "|---|---|", *lines))
    if "opt-in" in rule.tags:
        yield f"This rule is not in the default profile: select it with `--select {rule.id}`, or use `--profile strict`."


def levels(rule: Rule) -> str:
    """The severities that a finding can have, in their order."""
    return " or ".join(sorted(compiled(rule).levels, key=SEVERITIES.index))


def _fix(rule: Rule) -> Iterator[str]:
    """The fix in the ordinary case, which an expression names last, with placeholders, and its commands for each shell."""
    ordinary = replace(rule, text=replace(rule.prose, fix=_ELSE.sub(r"\1", rule.fix)))
    template = compiled(ordinary).template
    text = template.filled({name: _unsaid(name, place) for name, place in template.places.items()})
    fix = Fix("example", text, template.placeholders)
    for parts in zip(*(fix.parts(shell) for shell in SHELLS), strict=True):  # the same part for each shell
        commands = ["\n".join(part.lines) for part in parts if not isinstance(part, str)]
        if isinstance(parts[0], str):
            yield text_of(parts[0])
        elif len(set(commands)) == 1:
            yield f"```sh\n{commands[0]}\n```"
        else:
            for name, command in zip(SHELLS.values(), commands, strict=True):
                block = f"```{name.lower()}\n{command}\n```".replace("\n", "\n    ")
                yield f'=== "{name}"\n\n    {block}'


def _unsaid(name: str, place: Place) -> str | None:
    """What stands for a value that only a finding has; None: its placeholder."""
    if ":date:" in name or ":from-now" in name or name.endswith(":date"):
        return "YYYY-MM-DD"
    return "(depends on the finding)" if place.way is Way.prose and place.placeholder == "VALUE" else None


def rule_index(book: Rulebook) -> str:
    """All rules by area, and those of each tag."""
    areas: dict[str, list[Rule]] = {}
    tags: dict[str, list[Rule]] = {}
    for rule in book:
        areas.setdefault(rule.area, []).append(rule)
        for tag in rule.tags:
            tags.setdefault(tag, []).append(rule)
    by_area = ", ".join(f"[{area}](#{area})" for area in sorted(areas))
    by_tag = ", ".join(f"[{tag}](#tag-{tag})" for tag in sorted(tags))
    blocks = [
        "# Rules",
        "`regaudit rules` prints this list, `regaudit explain NAME` a rule's page. `--select` and `--ignore` take names, areas, tags "
        "and [frameworks](../frameworks.md).",
        "By error message: [sign-in errors](../sign-in-errors.md). Capitals in the commands of a page, such as `APP-ID`, stand for values "
        "that a report fills in.",
        f"Areas: {by_area}. Tags: {by_tag}.",
    ]
    for area, rules in sorted(areas.items()):
        rows = [f"| {_link(rule)} | {escaped(rule.title)} | {levels(rule)} |" for rule in rules]
        blocks += [f"## {area}", "| rule | what fails | severity |\n|---|---|---|\n" + "\n".join(rows)]
    for tag, rules in sorted(tags.items()):
        blocks += [f"## Tag {tag}", ", ".join(map(_link, rules))]
    return "\n\n".join(blocks) + "\n"


def sign_in_errors(book: Rulebook) -> str:
    """The AADSTS codes that are known, and the rules that look for the cause of each."""
    blocks = [
        "# Sign-in errors",
        "What each AADSTS code means, and which rules find its cause before somebody signs in. With the files at hand, "
        "`regaudit explain AADSTS50011 manifests/` checks them, and `regaudit explain - manifests/ < message.txt` compares them "
        "with the whole message. [My connector does not connect](makers.md) shows how.",
    ]
    numbers = sorted(CATALOG.codes.keys() | {number for rule in book for number in rule.aadsts})
    for one in explained(numbers, book):
        blocks.append(f"## AADSTS{one.number}")
        if one.code:
            blocks.append(escaped(one.code.meaning))
        if one.code and one.code.foreseeable != "yes":
            how = "It cannot be foreseen from configuration" if one.code.foreseeable == "no" else "It can only partly be foreseen"
            blocks.append(f"{how}: {escaped(one.code.limits)}.")
        if one.rules:
            blocks.append("\n".join(f"- {_link(rule, 'rules/')}: {escaped(rule.title)}" for rule in one.rules))
    return "\n\n".join(blocks) + "\n"


def decisions() -> str:
    """Why things are as they are: the decisions by number."""
    pages = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    rows = [f"| [{page.stem[:4]}]({page.name}) | {page.read_text('utf-8').partition(chr(10))[0].removeprefix('# ')} |" for page in pages]
    return (
        "# Decisions\n\nWhy regaudit is built as it is, for those who change it.\n\n| number | decision |\n|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def redirects(book: Rulebook) -> dict[str, str]:
    """A page at each name that a rule has or had besides its identity."""
    return {
        f"rules/{name}/index.html": "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        f"<title>{html.escape(rule.title)}</title><link rel=\"canonical\" href=\"{DOCS}rules/{rule.identity}/\">"
        f"<meta http-equiv=\"refresh\" content=\"0; url=../{rule.identity}/\"></head>"
        f"<body><a href=\"../{rule.identity}/\">{html.escape(rule.title)}</a></body></html>\n"
        for rule in book
        for name in {rule.id, *rule.aliases} - {rule.identity}
    }  # fmt: skip


def _link(rule: Rule, folder: str = "") -> str:
    return f"[{rule.id}]({folder}{rule.identity}.md)"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


_TAG = re.compile("<(?!https?:)")
_MARKUP = re.compile(r"[<>&|*_{}\[\]]")


def escaped(text: str) -> str:
    """A line of text: no character of it is markup, but code between backticks stays code."""
    return outside_code(_MARKUP, lambda found: f"&#{ord(found[0])};", text)


def text_of(prose: str) -> str:
    """Prose of a page. Addresses and `<` outside of code are not HTML."""
    return outside_code(_TAG, lambda _: "&lt;", prose).strip()


def main() -> None:
    shutil.rmtree(PAGES, ignore_errors=True)
    for name, text in files().items():
        path = PAGES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    shutil.copytree(PICTURES, PAGES / PICTURES.name)


if __name__ == "__main__":
    main()
