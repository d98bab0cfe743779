"""Reports that can be shown to others: what the input holds is replaced with names that say what kind of thing it was, as APP-1.

By allow-list. What stays is what regaudit says itself (rules, words, property names, enumerations, numbers, dates) and what Microsoft
publishes (its applications and permissions). A member of a report that this module does not know is replaced. One text has one name in
a run, wherever it occurs, in the order in which they are met; nothing is derived from it, so that nothing of it can be worked out.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple, TypeVar

import msgspec

from auditor.engine.rows import identity_of
from auditor.entra.catalog import CATALOG
from auditor.entra.clouds import CLOUDS
from auditor.errors import InputError
from auditor.facts import kinds
from auditor.language.message import split
from auditor.pattern import late
from auditor.pointer import escape
from auditor.pointer import split as split_pointer
from auditor.results import Loaded, Report
from auditor.rulebook import Rule, profiles, shipped
from auditor.sources import Note
from auditor.template import Template

T = TypeVar("T")
# How a member is treated that is not replaced by a name of its kind.
_OURS, _TEXT, _POINTER, _PATH, _WRITTEN = "ours", "text", "pointer", "path", "written"
_MEMBERS = {  # of structs, by name or by struct and name; of any other a text gets a name of its kind
    **dict.fromkeys((
        "schema_version", "area", "areas", "rule_id", "rule_title", "title", "expected", "references", "reference_url", "stands_for",
        "failed_areas", "passed_areas", "not_evaluated_areas", "fail_on", "cause", "rules", "by_area", "by_rule", "area_verdicts",
        "Rule.id", "Rule.tags", "Rule.why", "Rule.commands", "Tool.name", "Tool.version", "Run.source", "link", "status", "state",
    ), _OURS),
    **dict.fromkeys((
        "message", "hint", "verdict", "reason", "what", "why", "remedy", "remark", "summary", "checked", "portal", "not_evaluated",
        "remediation", "text", "reach_reasons", "exposure_reasons", "bound_to", "problem", "unknown",
    ), _TEXT),
    "pointer": _POINTER, "property_path": _PATH, "Finding.values": _WRITTEN,
    "app_id": "APP", "client_id": "APP", "resource_app_id": "APP", "object_id": "OBJECT", "service_principal_id": "OBJECT",
    "tenant_id": "TENANT", "tenants": "TENANT", "display_name": "NAME", "app_display_name": "NAME", "name": "NAME", "label": "NAME",
    "resource_name": "NAME", "connector": "NAME", "owner": "OWNER", "owners": "OWNER", "Owner.name": "OWNER", "approver": "OWNER",
    "tags": "TAG", "service_management_reference": "REFERENCE", "file": "FILE", "files": "FILE", "paths": "FILE", "passed_over": "FILE",
    "without_exact_places": "FILE", "configuration": "FILE", "baseline": "FILE", "profile": "FILE", "folder": "FOLDER",
    "key_id": "KEY", "credential_key_id": "KEY", "permission_id": "PERMISSION", "permission": "PERMISSION", "scopes": "SCOPE",
    "finding_id": "FINDING", "Run.id": "RUN", "Tenant.portal": "URI", "portal_url": "URI", "redirect_uri": "URI", "redirect_uris": "URI",
    "resource_uri": "URI", "identifier_uris": "URI", "uri": "URI", "because": _TEXT, "run_id": "RUN",
    "tool_version": _OURS, "change": _OURS, "frameworks": _OURS, "Rule.definition": _OURS, "Rule.page": _OURS, "Side.name": "FILE",
    "actual": "VALUE", "Waiver.reason": "REASON",
}  # fmt: skip
_FIRST = ("tenants", "applications", "service_principals", "connectors", "credentials")  # they say of what kind a text is
_GUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_FORMS = (  # of texts whose kind does not follow from where they are
    ("ID", late(_GUID)), ("URI", late(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[/\\]{2}|\S*[./]).*")), ("OWNER", late(r"\S+@\S+\.\S+")),
)  # fmt: skip
_PLAIN = late(r"\d{1,6}|\d{1,6} days?|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?")
_MORE = late(r"(?: and (?:\d+|possibly) more)+$")
_PIECE = late(
    rf"""(?P<issued>[A-Z]+-\d+(?!\w))|(?P<quoted>"[^"]*"|'[^']*'(?!\w))|(?P<form>{_GUID}(?!\w)|[A-Za-z][\w+.-]*:[/\\]{{2}}[^\s"'`<>]*"""
    r"""|[^\s"'@()]+@[^\s"'@()]+)|(?P<word>\w+(?:[.-]\w+)*)|(?P<rest>\s+|[!-/:-@\[-`{-~…]{1,3}|.)""",
    re.DOTALL,
)
_NUMBER = late(r"\d{1,3}(?:,\d{3})*|\d{1,6}|\d{4}-\d\d-\d\d(?:T\d\d)?|\d\dZ")
_SUBWORDS = late(r"[^\W_]+")
_EXAMPLE = late(r"(?i)contoso|fabrikam")  # of our own examples, and of many people's test tenants
_CONSTANT = late(r"'([^']*)'")  # in an expression
_OTHER_REMARKS = (" (likely, depending on ", " (may be ")  # behind a rule's message
_LEAST = 3  # characters of a text that is looked for within others


class _Ours(NamedTuple):
    texts: frozenset[str]  # whole constants of the code
    words: frozenset[str]


@cache
def _ours() -> _Ours:
    """What regaudit itself says: the texts of its code, of which those with values in them are known in parts."""
    texts: set[str] = set()
    folder = Path(__file__).parent
    for path in folder.rglob("*.py"):
        name = ".".join(("auditor", *path.relative_to(folder).with_suffix("").parts))
        if (code := SourceFileLoader(name, str(path)).get_code(name)) is not None:
            texts.update(_constants(code.co_consts))
    texts = {text for text in texts if not _EXAMPLE.search(text)}
    texts |= {name for of in kinds.KINDS for name in kinds.members(of)}
    return _Ours(frozenset(texts), frozenset(word for text in texts for word in _SUBWORDS.findall(text.lower())))


def _constants(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, CodeType):
            yield from _constants(value.co_consts)
        elif isinstance(value, (tuple, frozenset)):
            yield from _constants(value)


@cache
def _published() -> frozenset[str]:
    """What Microsoft publishes: its applications, its permissions and what they are for, its clouds. In lower case."""
    found = {
        *CATALOG.first_party,
        *CATALOG.first_party.values(),
        *CATALOG.microsoft_tenants,
        *CATALOG.resource_names,
        *CATALOG.at_first_use,
    }
    found |= {text for one in CATALOG.permissions.values() for text in (one.id, one.value, one.reach)}
    found |= {address for cloud in CLOUDS.values() for address in (cloud.graph, cloud.portal)}
    return frozenset(text.lower() for text in found if text)


class Redactor:
    """Gives every text of the input its name. One for a run."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # text in lower case -> name
        self._issued: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._known: set[str] = set()  # texts that are looked for within others
        self._lengths: list[int] = []  # of them, the longest first
        self._messages: dict[str, list[str | None]] = {}  # rule -> its message, None where a value is
        self._fixes: dict[str, Template] = {}
        self._own: set[str] = set()  # texts that rules' messages have in their expressions

    # -- what is known beforehand

    def learn(self, kind: str, texts: Iterable[object]) -> None:
        """Texts that may occur in errors and messages, before a report is made."""
        for text in texts:
            if isinstance(text, str) and text:
                self.value(text, kind)

    def learn_all(self, loaded: Loaded) -> None:
        """What was read, by kind, and the words of the rules: what else a message or a fix has comes of the input."""
        self.learn("FILE", loaded.paths)
        for world in loaded.worlds:
            self.learn("TENANT", [world.tenant.id])
            roots: list[Any] = [*world.apps, *world.principals, *world.connectors]
            for root in roots:
                of = identity_of(root)
                self.learn("APP", [of.app_id])
                self.learn("OBJECT", [of.object_id])
                self.learn("NAME", [of.name])
                self.learn("OWNER", of.owners or ())
                self.learn("FILE", [root.document.file.shown])
        if isinstance(loaded, Report):
            for outcome in loaded.outcomes:
                self._learn_rule(outcome.rule)
            self._fixes |= {row.rule_id: row.template for row in loaded.findings if row.template is not None}

    def _learn_rule(self, rule: Rule) -> list[str | None]:
        parts: list[str | None] = []
        for part in split(rule.block.message):
            if isinstance(part, str):
                parts.append(part)
            else:
                parts.append(None)
                self._own.update(_CONSTANT.findall(part[0]))
        self._messages[rule.id] = parts
        return parts

    # -- texts

    def value(self, text: str, kind: str = "NAME") -> str:
        """A text that is one value, or a list of some: its name, unless anybody may see it."""
        if not text or text in self._issued or text in self._own or is_public(text):
            return text
        if (name := self._names.get(text.lower())) is not None:
            return name
        more = _MORE.search(text)
        if more or (", " in text and kind in ("NAME", "VALUE")):
            end = more.start() if more else len(text)
            return ", ".join(self.value(part, kind) for part in text[:end].split(", ")) + text[end:]
        if kind in ("NAME", "VALUE"):
            kind = next((form for form, pattern in _FORMS if pattern.fullmatch(text)), kind)
        return self._name(text, kind)

    def _name(self, text: str, kind: str) -> str:
        self._counts[kind] += 1
        name = self._names[text.lower()] = f"{kind}-{self._counts[kind]}"
        self._issued.add(name)
        if len(text) >= _LEAST and not _is_one_of_our_words(text):
            self._known.add(text)
            if len(text) not in self._lengths:
                self._lengths = sorted([*self._lengths, len(text)], reverse=True)
        return name

    def text(self, text: str) -> str:
        """A sentence of ours with values in it: known texts, the longest first, and whatever regaudit does not say itself."""
        if text in _ours().texts:
            return text
        out: list[str] = []
        at = 0
        while at < len(text):
            starts = at == 0 or not text[at - 1].isalnum()
            if starts and (known := self._known_at(text, at)):
                out.append(self._names[known.lower()])
                at += len(known)
                continue
            found = _PIECE.match(text, at)
            assert found is not None  # its last way takes any character
            out.append(self._piece(found))
            at = found.end()
        return "".join(out)

    def _known_at(self, text: str, at: int) -> str | None:
        for length in self._lengths:
            end = at + length
            known = text[at:end]
            if end <= len(text) and known in self._known and not (end < len(text) and known[-1].isalnum() and text[end].isalnum()):
                return known
        return None

    def _piece(self, found: re.Match[str]) -> str:
        piece = found[0]
        if found.lastgroup == "issued" and piece in self._issued:
            return piece
        if found.lastgroup == "quoted":
            inside = piece[1:-1]
            return piece if _is_term(inside) else piece[0] + self.value(inside) + piece[-1]
        if found.lastgroup == "form":
            ends = len(piece) - len(piece.rstrip(".,;:)"))
            core = piece[: len(piece) - ends]
            return (core if core in _ours().texts else self.value(core)) + piece[len(core) :]
        if found.lastgroup in ("word", "issued"):
            return (
                piece if _NUMBER.fullmatch(piece) or piece.lower() in _published() or _are_our_words(piece) else self._name_of_word(piece)
            )
        return piece if piece.isspace() or piece.isascii() or piece == "…" else self._name_of_word(piece)

    def _name_of_word(self, word: str) -> str:
        return self._names.get(word.lower()) or self._name(word, "WORD")

    def pointer(self, pointer: str) -> str:
        """A JSON Pointer without the names that the input chose."""
        return (
            "".join("/" + escape(self._member(part)) for part in split_pointer(pointer)) if pointer.startswith("/") else self.text(pointer)
        )

    def _member(self, part: str) -> str:
        return part if _is_term(part) or (part.isdigit() and len(part) <= 7) else self.value(part, "MEMBER")

    def message(self, rule: str, text: str) -> str:
        """A finding's message: the words of its rule, and names in place of what it says of the input."""
        if (parts := self._messages.get(rule)) is None and rule in shipped().rules:  # of a report that was read
            parts = self._learn_rule(shipped().get(rule))
        if parts is not None:
            for remark in ("", *_OTHER_REMARKS):
                at = text.rfind(remark) if remark else len(text)
                if at >= 0 and (said := self._filled(parts, text[:at])) is not None:
                    return said + self.text(text[at:])
        return self.text(text)

    def fix(self, rule: str, text: str) -> str:
        """A fix that is filled in."""
        template = self._fixes.get(rule)
        if template is None:
            return self.text(text)
        names = "|".join(re.escape(name) for name in sorted(template.places, key=len, reverse=True)) or "(?!)"
        pieces = re.split("{(?:" + names + ")}", template.text)
        parts = [part for piece in pieces for part in (None, piece)][1:]
        keep = frozenset(place.placeholder for place in template.places.values())
        return said if (said := self._filled(parts, text, keep)) is not None else self.text(text)

    def _filled(self, parts: list[str | None], text: str, keep: frozenset[str] = frozenset()) -> str | None:
        """A text that was made of `parts`, in which None stands for a value; None where it was not."""
        out: list[str] = []
        at, is_open = 0, False
        for number, part in enumerate(parts):
            if part is None:
                is_open = True
                continue
            is_last = number == len(parts) - 1
            found = (len(text) - len(part) if text.endswith(part) else -1) if is_last else text.find(part, at)
            if found < at or (found > at and not is_open):
                return None
            if is_open:
                out.append(self._written(text[at:found], keep))
            out.append(part)
            at, is_open = found + len(part), False
        if is_open:
            out.append(self._written(text[at:], keep))
            at = len(text)
        return "".join(out) if at == len(text) else None

    def _written(self, text: str, keep: frozenset[str] = frozenset()) -> str:
        """A value as it stands in a fix: as it is, or as JSON."""
        if text in keep:
            return text
        comma = ", " if text.startswith(', "') else ""
        bare = text.removeprefix(comma)
        if bare[:1] in ('"', "["):
            try:
                values = json.loads(f"[{bare}]")
            except (ValueError, RecursionError):
                return self.value(text)
            return comma + json.dumps(self._json(values))[1:-1]
        return self.value(text)

    def _json(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._json(one) for one in value]
        return self.value(value) if isinstance(value, str) else None if isinstance(value, dict) else value

    # -- reports, rows, errors

    def of(self, thing: T) -> T:
        """A struct of a report, or a list of some, with all that they hold."""
        if isinstance(thing, msgspec.Struct):
            return self._struct(thing)  # type: ignore[return-value]
        if isinstance(thing, list):
            return [self.of(one) for one in thing]  # type: ignore[return-value]
        return thing

    def error(self, error: InputError) -> InputError:
        return InputError(self.value(error.file, "FILE"), self.text(error.message), error.line, error.column, self.text(error.hint))

    def note(self, note: Note) -> Note:
        return msgspec.structs.replace(note, message=self.text(note.message), file=self.value(note.file, "FILE") if note.file else "")

    def _struct(self, thing: msgspec.Struct) -> msgspec.Struct:
        if isinstance(thing, Template):
            return thing
        of, changes = type(thing).__name__, dict[str, Any]()
        rule = getattr(thing, "rule_id", None)
        for name in sorted(thing.__struct_fields__, key=lambda name: name not in _FIRST):
            value = getattr(thing, name)
            if rule and name in ("message", "remediation") and isinstance(value, str):
                changes[name] = self.message(rule, value) if name == "message" else self.fix(rule, value)
            elif value.__class__ not in (int, bool, float) and value:
                changes[name] = self._member_value(
                    value, _MEMBERS.get(f"{of}.{name}") or _MEMBERS.get(name) or name.upper().replace("_", "-")
                )
        return msgspec.structs.replace(thing, **changes)

    def _member_value(self, value: Any, how: str) -> Any:
        if isinstance(value, (list, tuple)):
            return [self._member_value(one, how) for one in value]
        if isinstance(value, dict):
            return {
                key if how in (_OURS, _WRITTEN) else self._member_value(key, how): self._member_value(one, how)
                for key, one in value.items()
            }
        if isinstance(value, msgspec.Struct):
            return self._struct(value)
        if not isinstance(value, str) or isinstance(value, Enum) or how == _OURS:
            return value
        if how == _TEXT:
            return self.text(value)
        if how == _POINTER:
            return self.pointer(value)
        if how == _PATH:
            return re.sub(r"[^.\[\]]+", lambda part: self._member(part[0]), value)
        return self._written(value) if how == _WRITTEN else self.value(value, how)


def is_public(text: str) -> bool:
    """Whether a value may stay: a small number, a date, a constant of ours, what Microsoft publishes."""
    return _PLAIN.fullmatch(text) is not None or text in _ours().texts or text.lower() in _published() or text in profiles.names()


def _are_our_words(text: str) -> bool:
    return all(word in _ours().words or (word.isdigit() and len(word) <= 6) for word in _SUBWORDS.findall(text.lower()))


def _is_term(text: str) -> bool:
    """An option, a member, a package of ours: nothing with blanks."""
    return _are_our_words(text) and not any(c.isspace() for c in text)


def _is_one_of_our_words(text: str) -> bool:
    return text.isalnum() and _are_our_words(text)
