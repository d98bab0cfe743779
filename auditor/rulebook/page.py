"""A page -> Rule: the rule, its documentation and its tests, as data.

Loading a page reads it; its expressions are checked and compiled by `engine/compiled.py` when the rule is used.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timezone
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec

from auditor import settings
from auditor.digest import sha256
from auditor.errors import RuleError
from auditor.fences import Fence, fences
from auditor.pattern import late
from auditor.rulebook.prepared import line

_FIX = late(r"\n## Fix[ \t]*\n\s*")
_AFTER_FIX = late(r"\n(?:## |```json )")
ID = late(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ITEM = late(r"[A-Za-z0-9][A-Za-z0-9.()-]{0,39}")  # of a framework: reports print it as it is written
_Frameworks = Annotated[dict[str, list[str]], msgspec.Meta(description='a table of lists of texts, as in cis-m365 = ["5.1.2.2"]')]
_LARGEST_BLOCK = 16 * 1024  # characters; to read a long dotted key takes tomllib quadratic time
_MOST = 10**6  # the largest number that a parameter may be
KINDS = ("fail", "likely", "pass", "not-applicable", "not-evaluated")
FIX = "## Fix"  # names the section as a key names a part of the block


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ```toml rule block, as it is written."""

    severity: str
    each: str = "app"
    given: str | None = None
    unless: str | None = None
    require: str
    presume: list[str] = []
    gives_way_to: list[str] = msgspec.field(default_factory=list, name="gives-way-to")
    at: str | None = None
    message: str
    aadsts: list[int] = []
    references: list[str] = []
    params: dict[str, Any] = {}
    aliases: list[str] = []
    identity: str = ""  # the first id that the page had; "": the one it has
    tags: list[str] = []
    frameworks: _Frameworks = {}  # framework -> the items of it that the rule is about


class Example(msgspec.Struct, frozen=True):
    """A document on a page and what the rule must say of it."""

    kind: str
    text: str
    line: int
    as_of: str


class Prose(msgspec.Struct, frozen=True):
    """A page's text, and what was found in it beside the block."""

    why: str = ""  # between the block and the first heading
    fix: str = ""  # the section "Fix"
    examples: list[Example] = []
    page: str = ""
    block_at: tuple[int, int] = (0, 0)  # where the block is in the page
    fix_at: int = 0


@cache
def _named(each: str) -> tuple[str, str, str]:
    """Of "app.secrets as secret": the path, the name of a subject, the root."""
    path, _, name = (part.strip() for part in each.partition(" as "))
    return path, name or path, path.partition(".")[0]


class Rule(msgspec.Struct, frozen=True):
    """One page: the rule, its documentation and its tests."""

    id: str
    area: str
    title: str
    path: str
    block: Block
    text: Prose | None = None  # null: it is prepared, and read when it is asked for

    def __hash__(self) -> int:
        return hash((self.path, self.id, self.block.require))

    def __repr__(self) -> str:
        return f"<rule {self.id}: {self.path}>"

    @property
    def prose(self) -> Prose:
        if self.text is not None:
            return self.text
        made = line(self.id, "prose")
        return msgspec.json.decode(made, type=Prose) if made else Prose()

    @property
    def why(self) -> str:
        return self.prose.why

    @property
    def fix(self) -> str:
        return self.prose.fix

    @property
    def examples(self) -> list[Example]:
        return self.prose.examples

    @property
    def page(self) -> str:
        return self.prose.page

    @property
    def severity(self) -> str:
        return self.block.severity

    @property
    def params(self) -> dict[str, Any]:
        return self.block.params

    @property
    def definition(self) -> str:
        """What it judges by, as a hash: conditions and parameters, not severity and texts."""
        block = self.block
        what = [block.each, block.given, block.unless, block.require, block.presume, block.params]
        digest: str = sha256(msgspec.json.encode(what, order="deterministic")).hexdigest()
        return digest[:12]

    @property
    def gives_way_to(self) -> list[str]:
        """Ids of the rules whose findings on the same object stand for this one's."""
        return list(self.block.gives_way_to)

    @property
    def aadsts(self) -> list[int]:
        return list(self.block.aadsts)

    @property
    def references(self) -> list[str]:
        return list(self.block.references)

    @property
    def tags(self) -> list[str]:
        return list(self.block.tags)

    @property
    def frameworks(self) -> dict[str, list[str]]:
        """Framework -> the items of it that the rule is about, as in {"cis-m365": ["5.1.2.2"]}."""
        return dict(self.block.frameworks)

    @property
    def aliases(self) -> list[str]:
        return list(self.block.aliases)

    @property
    def identity(self) -> str:
        """The page's first id, by which its findings are known: a page that is renamed keeps it."""
        return self.block.identity or self.id

    @property
    def require(self) -> str:
        return " ".join(self.block.require.split())

    @property
    def each(self) -> str:
        """The path that the rule's subjects come from; the root itself when it is the subject."""
        return _named(self.block.each)[0]

    @property
    def subject(self) -> str:
        """The name that `each` gives to a subject."""
        return _named(self.block.each)[1]

    @property
    def root(self) -> str:
        """The root that the rule starts from: app, principal, connector or tenant."""
        return _named(self.block.each)[2]

    def having(self, **changes: Any) -> Rule:
        """The rule with other values in its block."""
        return msgspec.structs.replace(self, block=msgspec.structs.replace(self.block, **changes))

    def placed(self, error: RuleError, key: str) -> RuleError:
        """An error in the text of a key, or of the fix, with the page and the line."""
        if error.page:
            return error
        if key == FIX:
            before = error.text[: error.col]
            text, start = error.text.split("\n")[before.count("\n")], before.rfind("\n") + 1
            line = 1 + self.page.count("\n", 0, self.prose.fix_at) + before.count("\n")
            return RuleError(error.message, text, error.col - start, error.end - start, page=self.path, line=line)
        start, end = self.prose.block_at
        line = self.page.count("\n", 0, start) + settings.line_of(self.page[start:end], key, error.col)
        return RuleError(error.message, error.text, error.col, error.end, page=self.path, line=line)


def load(path: Path, area: str = "") -> Rule:
    """Read one page. Raises RuleError."""
    try:
        page = settings.read_text(path)
    except (OSError, ValueError) as error:
        raise RuleError(f"cannot read the page: {getattr(error, 'strerror', None) or error}", page=str(path), line=1) from None
    return parse(page, str(path), path.stem, area or path.parent.name)


def parse(page: str, path: str, id_: str, area: str) -> Rule:
    """A page's text -> Rule. Raises RuleError."""
    page = page.replace("\r\n", "\n")

    def fail(message: str, line: int = 1) -> RuleError:
        return RuleError(message, page=path, line=line)

    found: Fence | None = None
    examples = []
    for fence in fences(page):
        if not fence.closed:
            raise fail("the block that begins here does not end: ``` is missing", fence.line)
        if fence.words == ["toml", "rule"]:
            if found is not None:
                raise fail("a page has one ```toml rule block, this is another", fence.line)
            found = fence
        elif fence.words[:1] == ["json"] and len(fence.words) > 1:
            as_of = next((word.removeprefix("as-of=") for word in fence.words[2:] if word.startswith("as-of=")), "2026-01-01")
            examples.append(Example(fence.words[1], fence.text, fence.line + 1, as_of))
    if found is None:
        raise fail("the page has no ```toml rule block")
    block = _block(found, fail)
    title = re.match(r"\s*# (.+)", page)
    if title is None:
        raise fail("the page begins with its title: # Client secret has expired")
    if not ID.fullmatch(id_):
        raise fail(f"{id_!r} is not a rule id: kebab-case, named for the fault")
    end = found.start + len(found.text)
    prose = page.find("\n", end) + 1 or len(page)
    heading = page.find("\n## ", prose - 1)
    why = page[prose : heading if heading >= 0 else len(page)].strip()
    fix, fix_at = "", 0
    if (section := _FIX.search(page)) is not None:
        fix_at, after = section.end(), _AFTER_FIX.search(page, section.end() - 1)
        fix = page[fix_at : after.start() + 1 if after else len(page)].rstrip()
    return Rule(id_, area, title[1].strip(), path, block, Prose(why, fix, examples, page, (found.start, end), fix_at))


def _block(fence: Fence, fail: settings.Fail) -> Block:
    def within(message: str, line: int) -> Exception:
        return fail(message, fence.line + line)

    if len(fence.text) > _LARGEST_BLOCK:
        raise within(f"the block is longer than {_LARGEST_BLOCK} characters", 1)
    block = settings.struct(settings.table(fence.text, "the block", within), Block, fence.text, within)
    for alias in block.aliases:
        if not ID.fullmatch(alias):
            line = settings.line_of(fence.text, "aliases")
            raise within(f"{alias!r} is not an alias: it is written as a rule id is, kebab-case", line)
    if block.identity and not ID.fullmatch(block.identity):
        line = settings.line_of(fence.text, "identity")
        raise within(f"{block.identity!r} is not an identity: it is the page's first id, kebab-case", line)
    for framework, items in block.frameworks.items():
        for wrong in [framework] * (not ID.fullmatch(framework)) + [item for item in items if not _ITEM.fullmatch(item)]:
            line = settings.line_of(fence.text, f"frameworks.{framework}")
            raise within(f'{wrong!r} is not an item of a framework: they are written as in cis-m365 = ["5.1.2.2"]', line)
    if any(type(value) is date for value in block.params.values()):
        return msgspec.structs.replace(block, params={name: midnight(value) for name, value in block.params.items()})
    return block


def midnight(value: Any) -> Any:
    """A day, as TOML writes it, begins at midnight UTC."""
    return datetime.combine(value, time(), timezone.utc) if type(value) is date else value


def kind_of(value: Any) -> str:
    """The kind of a parameter: bool, int, text, date, "list of int" or "list of text"; '' for what cannot be one."""
    kinds: dict[type, str] = {bool: "bool", int: "int", str: "text"}
    if isinstance(value, list):
        types = {type(item) for item in value}
        return f"list of {kinds[types.pop()]}" if types in ({str}, {int}) else ""
    if isinstance(value, datetime):
        return "date" if value.tzinfo is not None else ""
    return "" if type(value) is int and abs(value) > _MOST else kinds.get(type(value), "")
