"""A page's fix with the facts of a finding: Markdown in which prose, commands and requests each have values written their own way.

In prose a value reads as in a message. In a command it is filled in only where no shell could obey it. In a request's body it is JSON:
a string that is a fact and nothing else, `"{app.multi_tenant}"`, stands for the fact's value, yes/no, number, text or list;
`"{uri.value for uri in app.redirect_uris if uri.platform == 'web'}"`, last in an array, for as many elements as there are. What is not
known is a placeholder for the reader to fill in (`APP-ID`, `ALL-URIS-TO-KEEP`).
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from auditor import fix
from auditor.errors import RuleError
from auditor.facts import ROOTS, App, ServicePrincipal
from auditor.language.checker import Checker
from auditor.language.logic import Env, Exact
from auditor.language.message import checked, split
from auditor.language.nodes import Node, call, literal, name
from auditor.template import Place, Template, Way, written

_AROUND = re.compile(r"(,\s*)?$")  # what stands before the last element of an array
_FOR = re.compile(r"\bfor\b")
_LAST = 'the elements of a list stand last in an array: ["https://a.example", "{uri.value for uri in app.redirect_uris}"]'
_IN_JSON = ("bool", "int", "text", "date")


class _Field(NamedTuple):
    """A fact in braces."""

    node: Node
    way: Way
    form: str  # of a date or duration; of elements, what stands before each
    path: str  # "app.app_id"; '' for what is no path
    cls: type | None  # whose fact it is
    each: str = ""  # of elements: the list that they are taken from


class Fix:
    """A checked fix: a template, the same for all findings of the rule, and what it takes from each."""

    def __init__(self, checker: Checker, text: str, members: Mapping[str, str], params: Env) -> None:
        """`members`: facts that every finding has in a member of its own, by path. `params`: the rule's, the same for all findings."""
        fix.check(text)
        self._checker, self._text = checker, text
        self.parts: list[str | _Field] = []
        end, inside = 0, False
        for part in fix.parts(text):
            self._copy(text[end : part.at])
            if isinstance(part, fix.Prose):
                end = part.at + len(part.text)
                inside = self._prose(part, inside)
            elif isinstance(part, fix.Command):
                end = part.at + len(part.text)
                self._line(part.text, part.at, Way.word)
            else:
                end = part.body_at + len(part.body)
                self._line(text[part.at : part.body_at] if part.body else text[part.at : part.body_at].rstrip("\n"), part.at, Way.word)
                if not part.body:
                    end = part.at + len(text[part.at : part.body_at].rstrip("\n"))
                elif part.body.startswith("@"):
                    self._copy(part.body)
                else:
                    self._body(part)
        self._copy(text[end:])
        fields = [part for part in self.parts if not isinstance(part, str)]
        names = placeholders({field.path: field.cls for field in fields if not field.each})
        names |= {field.path: _all_to_keep(field.each) for field in fields if field.each}
        self._own: dict[str, _Field] = {}
        self.template = self._template(names, members, params)

    def _template(self, names: Mapping[str, str], members: Mapping[str, str], params: Env) -> Template:
        whole, places = "", dict[str, Place]()
        for number, part in enumerate(self.parts):
            if isinstance(part, str):
                whole += part
                continue
            wanted, member = names[part.path], None if part.form else members.get(part.path)
            placeholder = {Way.value: f'"{wanted}"', Way.elements: f'{part.form}"{wanted}"'}.get(part.way, wanted)
            if (constant := _constant(part, params)) is not None:
                whole += constant
                continue
            shown = part.path if part.path and part.way is not Way.elements else f"value{number}"
            form = part.form if part.way is not Way.elements else ""
            key = ":".join(filter(None, (shown, form, part.way if part.way is not Way.prose else "")))
            places[key] = Place(placeholder, member, part.way)
            whole += f"{{{key}}}"
            if member is None:
                self._own[key] = part
        return Template(whole, places, sorted({*names.values(), *fix.PLACEHOLDER.findall(self._text)}))

    def values(self) -> dict[str, tuple[Exact, Way, str]]:
        """What the template needs of a subject, in three values."""
        return {key: (field.node.exact, field.way, field.form) for key, field in self._own.items()}

    def values_code(self) -> ast.expr | None:
        """The same as plain Python, None for a value that is not known; null where nothing is needed."""
        values = [call("_written", field.node.code, name(f"_way_{field.way}"), literal(field.form)) for field in self._own.values()]
        return ast.Dict([literal(key) for key in self._own], values) if values else None

    # -- the text, taken apart

    def _copy(self, text: str) -> None:
        if text:
            self.parts.append(text)

    def _prose(self, prose: fix.Prose, inside: bool) -> bool:
        """Prose; code between backticks is pasted like a command. Gives whether one is open at its end."""
        for part in self._split(prose.text, prose.at):
            if isinstance(part, str):
                inside ^= part.count("`") % 2 == 1
                self._copy(part)
            else:
                self._add(part, prose.at, prose.text, Way.word if inside else Way.prose)
        return inside

    def _line(self, text: str, at: int, way: Way) -> None:
        for part in self._split(text, at):
            if isinstance(part, str):
                self._copy(part)
            else:
                self._add(part, at, text, way)

    def _split(self, text: str, at: int) -> Iterator[str | tuple[str, str, int]]:
        try:
            yield from split(text)
        except RuleError as error:
            raise RuleError(error.message, self._text, at + error.col, at + error.end) from None

    def _body(self, request: fix.Request) -> None:
        text, end = request.body, 0
        for string in fix.STRING.finditer(text):
            if "{" not in string[1]:
                continue
            pieces = list(self._split(string[1], request.body_at + string.start(1)))
            before, after = text[end : string.start()], text[string.end() :].lstrip()
            only = pieces[0] if len(pieces) == 1 and after[:1] != ":" else ""
            whole, end = not isinstance(only, str), string.end()
            if not isinstance(only, str) and _FOR.search(only[0]):
                comma = _AROUND.search(before)
                self._copy(before[: comma.start()] if comma else before)
                if after[:1] != "]":
                    raise self._error(request.body_at + string.start(1), string[1], _LAST)
                self._elements(only[0], request.body_at + string.start(1) + only[2], ", " if comma and comma[0] else "")
                continue
            self._copy(before if whole else before + '"')
            for piece in pieces:
                if isinstance(piece, str):
                    self._copy(piece)
                else:
                    self._add(piece, request.body_at + string.start(1), string[1], Way.value if whole else Way.text)
            if not whole:
                self._copy('"')
        self._copy(text[end:])

    def _add(self, field: tuple[str, str, int], at: int, text: str, way: Way) -> None:
        source, form, start = field
        try:
            node, form, path, cls = checked(self._checker, text, source, form, start)
        except RuleError as error:
            raise RuleError(error.message, self._text, at + error.col, at + error.end) from None
        kinds = (node.type.kind, node.type.item.kind if node.type.item else "")
        if way in (Way.text, Way.value) and kinds[0] not in _IN_JSON and not (way is Way.value and kinds[1] in _IN_JSON):
            raise self._error(at + start, source, f"{node.type} cannot be written in a body: say which of its facts")
        each = (node.path or "").rpartition(".")[2] if kinds[0] == "list" and way is Way.value else ""
        self.parts.append(_Field(node, way, form, path, cls, each))

    def _elements(self, source: str, at: int, before: str) -> None:
        try:
            node, over = self._checker.elements(source)
        except RuleError as error:
            raise RuleError(error.message, self._text, at + error.col, at + error.end) from None
        if node.type.item is None or node.type.item.kind not in _IN_JSON:
            raise self._error(at, source, f"{node.type} cannot be written in a body: say which of its facts")
        self.parts.append(_Field(node, Way.elements, before, source, None, over))

    def _error(self, at: int, part: str, message: str) -> RuleError:
        return RuleError(message, self._text, at, at + len(part))


def _constant(field: _Field, params: Env) -> str | None:
    """What a field is in all findings of the rule; None where it is not the same in all."""
    try:
        return written(field.node.exact(params), field.way, field.form) if field.node.const else None
    except KeyError:  # it is made of the clock
        return None


# -- placeholders


def _all_to_keep(path: str) -> str:
    """app.redirect_uris -> ALL-URIS-TO-KEEP."""
    return f"ALL-{re.split(r'[._]', path)[-1].upper()}-TO-KEEP"


def placeholders(paths: Mapping[str, type | None]) -> dict[str, str]:
    """What stands for the value of a fact, by its path: `app.app_id` -> APP-ID, `secret.key_id` -> KEY-ID.

    Paths that would have one placeholder begin with more of their path, but for a root's own facts.
    """
    parts = {path: path.split(".") for path in paths}
    names: dict[str, list[str]] = {}
    for path, (*before, last) in parts.items():
        if last == "id" and paths[path] in (App, ServicePrincipal):
            last = "object_id"
        names[path] = [*before[-1:], last] if last in _BARE and before else [last]
    while True:
        twins = Counter(map(tuple, names.values()))
        alike = [path for path, words in names.items() if twins[tuple(words)] > 1 and not _is_roots(path)]
        longer = [path for path in alike if len(names[path]) < len(parts[path])]
        if not longer:
            return {path: "-".join(words).upper().replace("_", "-") or "VALUE" for path, words in names.items()}
        for path in longer:
            names[path].insert(0, parts[path][-len(names[path]) - 1])


_BARE = ("id", "key", "kind", "name", "type", "value")  # these say nothing without what they are of


def _is_roots(path: str) -> bool:
    return path.count(".") == 1 and path.partition(".")[0] in ROOTS
