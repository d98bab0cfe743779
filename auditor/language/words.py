"""A severity in words: "low if the client secret has expired, else high".

What is not known here is shown as it is written, between backticks: the words never say anything else than the expression does.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from auditor.errors import RuleError
from auditor.language.parse import parse
from auditor.pattern import late

# What a yes/no fact says of its object, and what its opposite says.
_VERBS = {
    "admin_consent": ("needs admin consent", "does not need admin consent"),
    "bound": ("names a repository or its owner", "names neither a repository nor its owner"),
    "bound_tunnel": ("is a tunnel that stays with one account", "is not a tunnel that stays with one account"),
    "broad": ("is held over a subscription or more", "is held over less than a subscription"),
    "conditional": ("is limited by a condition", "is not limited by a condition"),
    "domain_missing": ("has a domain that does not exist", "has a domain that exists"),
    "enabled": ("is enabled", "is disabled"),
    "expired": ("has expired", "has not expired"),
    "exposes_api": ("exposes an API", "exposes no API"),
    "has_exclusions": ("has exclusions", "has no exclusions"),
    "some_publishers": ("names some publishers", "names all publishers"),
    "first_party": ("belongs to Microsoft", "does not belong to Microsoft"),
    "foreign": ("belongs to another tenant", "does not belong to another tenant"),
    "implicit_access_tokens": ("gets access tokens from the implicit grant", "gets no access tokens from the implicit grant"),
    "loopback": ("is a loopback address", "is not a loopback address"),
    "multi_tenant": ("accepts accounts of other tenants", "accepts accounts of its own tenant only"),
    "needed_by_connector": ("is needed by a connector", "is not needed by a connector"),
    "personal_accounts": ("accepts personal Microsoft accounts", "does not accept personal Microsoft accounts"),
    "privileged": ("has a tier 0 application permission", "has no tier 0 application permission"),
    "takes_over_tenant": ("can take over the tenant", "cannot take over the tenant"),
    "tenant_wide": ("is held over the whole tenant", "is not held over the whole tenant"),
    "untrimmed": (
        "has a space at the beginning or end of its issuer, subject or audience",
        "has no space at the ends of issuer, subject and audience",
    ),
    "valid": ("is valid", "is not valid"),
    "verified_publisher": ("has a verified publisher", "has no verified publisher"),
    "withdrawn": ("has the form that GitHub withdrew", "does not have the form that GitHub withdrew"),
}
# What a fact that equals a value says of its object, and what one says that does not.
_EQUALS = {
    ("abuse", "abused"): ("is a product that attackers also use", "is not a product that attackers also use"),
    ("consent", "admin"): ("applies to all users", "applies to individual users"),
    ("entity", "pull_request"): ("is a pull request", "is not a pull request"),
    ("kind", "application"): ("is an application permission", "is not an application permission"),
    ("kind", "client"): ("is the configuration of a client application", "is not the configuration of a client application"),
    ("kind", "delegated"): ("is a delegated permission", "is not a delegated permission"),
    ("power", "assigns roles"): ("lets its holder assign roles", "does not let its holder assign roles"),
    ("power", "other"): ("is not powerful", "is powerful"),
    ("privilege", "medium"): ("reaches less far", "does not reach less far"),
    ("privilege", "high"): ("reaches far", "does not reach far"),
    ("privilege", "tier 0"): ("is of tier 0", "is not of tier 0"),
    ("risk_level", "low"): ("is at little risk", "is not at little risk"),
    ("risk_level", "medium"): ("is at some risk", "is not at some risk"),
    ("scope_kind", "subscription"): ("is held over a subscription", "is not held over a subscription"),
    ("user_consent", "all"): ("lets users consent to all applications", "does not let users consent to all applications"),
}
# What a fact that is there says of its object, and what one says that is null.
_PRESENT = {
    "catalog_date": ("is known from the catalog only", "is in the input with all its permissions"),
    "managed_identity": ("names a managed identity of this tenant", "names no managed identity of this tenant"),
    "takeover_prone": ("has a host name that anybody can claim", "has no host name that anybody can claim"),
    "microsoft_api": ("names a Microsoft API", "names no Microsoft API"),
}
_LISTS = {
    "additional_properties": "additional property",
    "app_roles": "app role",
    "audiences": "audience",
    "certificates": "certificate",
    "connectors": "connector",
    "federated_credentials": "federated credential",
    "group_claims": "group claim",
    "optional_claims": "optional claim",
    "owners": "owner",
    "permission_ids": "preauthorized permission",
    "redirect_uris": "redirect URI",
    "requested_permissions": "requested permission",
    "scopes": "scope",
    "secrets": "client secret",
    "usages": "usage",
}
# Names of roots, loops and facts that do not read as they are.
_NAMES = {
    "api": "API",
    "app": "registration",
    "app_id": "application ID",
    "catalog_date": "catalog date",
    "credential": "federated credential",
    "github": "GitHub subject",
    "id": "ID",
    "issuer_ends": "last day of the issuer",
    "portless": "address without port",
    "principal": "service principal",
    "resource": "API",
    "resource_app_id": "API",
    "secret": "client secret",
    "uri": "URI",
    "wish": "requested permission",
}
_VALUES = {"00000003-0000-0000-c000-000000000000": "Microsoft Graph"}
_COMPARED = {ast.Gt: "more than", ast.GtE: "at least", ast.Lt: "less than", ast.LtE: "at most"}
_SUBJECT = late(r"the (?:(?! of (?:an?|every) )[\w' -])+? (?=(?:is|has|does|belongs|accepts|gets|needs|exposes|names|lets|applies)\b)")


class _Unsaid(Exception):
    """An expression that there are no words for."""


def severity(expression: str, params: Mapping[str, Any]) -> str:
    """A rule's severity as a person says it. `params`: the values of its parameters."""
    try:
        tree = parse(expression).tree
    except RuleError:
        return f"`{expression}`"
    out = ""
    while isinstance(tree, ast.IfExp):
        out += f"{_level(tree.body)} if {_Words(params).condition(tree.test)}; "
        tree = tree.orelse
    return out.removesuffix("; ") + (", else " if out.count("; ") == 1 else "; else " if out else "") + _level(tree)


def _unguarded(values: list[ast.expr]) -> list[ast.expr]:
    """Without what only says that a fact is there which another part speaks of."""
    kept = []
    for one in values:
        match one:
            case ast.Compare(left=ast.Attribute() as fact, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
                if any(ast.unparse(fact) in map(ast.unparse, ast.walk(other)) for other in values if other is not one):
                    continue
        kept.append(one)
    return kept


def _level(tree: ast.expr) -> str:
    return tree.id if isinstance(tree, ast.Name) else f"`{ast.unparse(tree)}`"


def _joined(parts: list[str], *, by_or: bool) -> str:
    """What was just spoken of is "it"."""
    said = parts[:1]
    for before, part in pairwise(parts):
        spoken_of = _SUBJECT.match(before)
        said.append(f"it {part[spoken_of.end() :]}" if spoken_of and part.startswith(spoken_of[0]) else part)
    return ", or ".join(said) if by_or else " and ".join(f"({part})" if ", or " in part else part for part in said)


class _Words:
    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.loops: dict[str, str] = {}  # what a loop goes over, until it is "it"
        self.its: set[str] = set()

    def condition(self, tree: ast.expr, *, holds: bool = True) -> str:
        """What is true where the condition holds, or where it does not."""
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return self.condition(tree.operand, holds=not holds)
        if isinstance(tree, ast.BoolOp):
            if (said := self._expiry(tree, holds)) is not None:
                return said
            values = _unguarded(tree.values) if isinstance(tree.op, ast.And) and holds else tree.values
            return _joined([self.condition(one, holds=holds) for one in values], by_or=isinstance(tree.op, ast.Or) is holds)
        try:
            return self._said(tree, holds)
        except _Unsaid:
            return f"`{ast.unparse(tree)}`" if holds else f"not `{ast.unparse(tree)}`"

    def _expiry(self, tree: ast.BoolOp, holds: bool) -> str | None:
        """x.end is None or x.end > now: a credential that has not expired."""
        match tree:
            case ast.BoolOp(
                op=ast.Or(),
                values=[
                    ast.Compare(left=ast.Attribute(value=of, attr="end") as end, ops=[ast.Is()], comparators=[ast.Constant(value=None)]),
                    ast.Compare(left=left, ops=[ast.Gt()], comparators=[right]),
                ],
            ):
                match left, right:
                    case _, ast.Name(id="now") if ast.unparse(left) == ast.unparse(end):
                        return f"{self._subject(of)} has {'not ' * holds}expired"
                    case ast.BinOp(left=moment, op=ast.Sub(), right=ast.Name(id="now")), _ if ast.unparse(moment) == ast.unparse(end):
                        return f"{self._subject(of)} {'does not expire' if holds else 'expires'} within {self._value(right)}"
        return None

    def _said(self, tree: ast.expr, holds: bool) -> str:
        if isinstance(tree, ast.Attribute) and tree.attr in _VERBS:
            return f"{self._subject(tree.value)} {_VERBS[tree.attr][not holds]}"
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in ("any", "all") and len(tree.args) == 1:
            return self._loop(tree.func.id, tree.args[0], holds)
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute) and tree.func.attr == "startswith" and len(tree.args) == 1:
            text = tree.func.value
            if isinstance(text, ast.Call) and isinstance(text.func, ast.Attribute) and text.func.attr == "lower":
                text = text.func.value
            return f"{self._subject(text)} {'begins' if holds else 'does not begin'} with {self._value(tree.args[0])}"
        if isinstance(tree, ast.Compare) and len(tree.ops) == 1:
            return self._compared(tree.left, tree.ops[0], tree.comparators[0], holds)
        raise _Unsaid

    def _loop(self, quantifier: str, loop: ast.expr, holds: bool) -> str:
        if not isinstance(loop, ast.GeneratorExp) or len(loop.generators) != 1 or not isinstance(loop.generators[0].target, ast.Name):
            raise _Unsaid
        over, name = loop.generators[0], loop.generators[0].target.id
        noun, of = self._list(over.iter)
        match loop.elt:
            case ast.Compare(
                left=ast.Attribute(value=ast.Name(id=left), attr=attr), ops=[ast.NotEq()], comparators=[ast.Name(id=other)]
            ) if quantifier == "all" and holds and left == name and other in self.loops and not over.ifs:
                return f"{self._subject(loop.elt.comparators[0])} is the {_name(attr)} of no {noun} of {of}"
        # any(a) is "a … a", all(a) "every … a"; where any does not hold, it is "every … not a".
        each = (quantifier == "all") is holds
        filtered = [self._filter(name, condition) for condition in over.ifs]
        which = f" with {' and '.join(filtered)}" if filtered else ""
        self.its.discard(name)
        self.loops[name] = f"{f'every {noun}' if each else _a(noun)} of {of}{which}"
        said = self.condition(loop.elt, holds=holds)
        if "`" in said:  # without what it goes over it would say something else
            raise _Unsaid
        return said

    def _filter(self, name: str, condition: ast.expr) -> str:
        """The condition of a loop, as what the element has: the use 'Verify'."""
        match condition:
            case ast.Compare(
                left=ast.Constant(value=str(value)), ops=[ast.In()], comparators=[ast.Attribute(value=ast.Name(id=of), attr=attr)]
            ):
                if of == name and attr in _LISTS:
                    return f"the {_LISTS[attr]} {value!r}"
        raise _Unsaid

    def _compared(self, left: ast.expr, operator: ast.cmpop, right: ast.expr, holds: bool) -> str:
        match left, operator, right:
            case ast.Call(func=ast.Name(id="len"), args=[listed]), ast.Gt(), ast.Constant(value=0):
                noun, of = self._list(listed)
                return f"{of} has {_a(noun) if holds else f'no {noun}'}"
            case ast.BinOp(left=one, op=ast.Add(), right=other), ast.Gt(), ast.Constant(value=0):
                (noun, of), (other_noun, others) = self._counted(one), self._counted(other)
                if of == others:
                    return f"{of} has {_a(noun)} or {_a(other_noun)}" if holds else f"{of} has no {noun} and no {other_noun}"
            case ast.Call(func=ast.Name(id="len"), args=[listed]), ast.NotEq(), ast.Constant(value=int(number)) if holds:
                noun, of = self._list(listed)
                return f"{of} does not have exactly {_number(number)} {noun}{'s' * (number != 1)}"
            case ast.Call(func=ast.Name(id="len"), args=[listed]), (ast.GtE() | ast.Gt() | ast.Lt() | ast.LtE()), ast.Constant(
                value=int(number)
            ) if holds:
                noun, of = self._list(listed)
                return f"{of} has {_COMPARED[type(operator)]} {number} {_many(noun)}"
            case _, (ast.Is() | ast.IsNot()), ast.Constant(value=None):
                is_none = isinstance(operator, ast.Is) is holds
                if isinstance(left, ast.Attribute) and left.attr in _PRESENT:
                    return f"{self._subject(left.value)} {_PRESENT[left.attr][is_none]}"
                return f"{self._thing(left)} is {'not ' * is_none}set"
            case ast.BinOp(left=moment, op=ast.Sub(), right=ast.Name(id="now")), (ast.Gt() | ast.LtE()), _:
                later = isinstance(operator, ast.Gt) is holds
                return f"{self._thing(moment)} is {'more than' if later else 'at most'} {self._value(right)} away"
            case _, (ast.Gt() | ast.LtE()), ast.Name(id="now"):
                later = isinstance(operator, ast.Gt) is holds
                return f"{self._thing(left)} {'is in the future' if later else 'has passed'}"
            case ast.Attribute(value=of, attr=attr), (ast.Eq() | ast.NotEq()), ast.Constant(value=str(value)) if (attr, value) in _EQUALS:
                return f"{self._subject(of)} {_EQUALS[attr, value][isinstance(operator, ast.Eq) is not holds]}"
            case ast.Attribute(value=of, attr=attr), (ast.Eq() | ast.NotEq()), ast.Attribute(value=other, attr=also) if attr == also:
                same = isinstance(operator, ast.Eq) is holds
                name = _name(attr)
                return f"{self._subject(of)} has {f'the same {name} as' if same else f'another {name} than'} {self._subject(other)}"
            case _, (ast.Eq() | ast.NotEq()), _:
                same = isinstance(operator, ast.Eq) is holds
                return f"{self._thing(left)} is {'' if same else 'not '}{self._value(right)}"
            case _, (ast.In() | ast.NotIn()), ast.List(elts=values):
                among = isinstance(operator, ast.In) is holds
                return f"{self._thing(left)} is {'' if among else 'not '}{' or '.join(self._value(value) for value in values)}"
            case _, (ast.In() | ast.NotIn()), ast.Name(id=name) if name in self.params:
                among = isinstance(operator, ast.In) is holds
                return f"{self._thing(left)} is {'' if among else 'not '}listed in the parameter {name}"
            case ast.Constant(), ast.In(), ast.Attribute(value=of, attr=attr) if attr in _LISTS:
                return f"{self._subject(of)} {'has' if holds else 'does not have'} the {_LISTS[attr]} {self._value(left)}"
            case ast.Constant(), ast.In(), ast.Attribute():
                return f"{self._thing(right)} {'contains' if holds else 'does not contain'} {self._value(left)}"
        raise _Unsaid

    # -- what is spoken of

    def _list(self, tree: ast.expr) -> tuple[str, str]:
        """What a list has in it, one, and whose it is."""
        if isinstance(tree, ast.Attribute) and tree.attr in _LISTS:
            return _LISTS[tree.attr], self._subject(tree.value)
        raise _Unsaid

    def _counted(self, tree: ast.expr) -> tuple[str, str]:
        match tree:
            case ast.Call(func=ast.Name(id="len"), args=[listed]):
                return self._list(listed)
        raise _Unsaid

    def _subject(self, tree: ast.expr) -> str:
        if isinstance(tree, ast.Name):
            if tree.id in self.its:
                return "it"
            if tree.id in self.loops:
                self.its.add(tree.id)
                return self.loops[tree.id]
            return f"the {_name(tree.id)}"
        if isinstance(tree, ast.Attribute):
            return self._thing(tree)
        raise _Unsaid

    def _thing(self, tree: ast.expr) -> str:
        """A fact, as whose it is: the host of the redirect URI."""
        if isinstance(tree, ast.Name) and tree.id in self.params:
            return f"the parameter {tree.id}"
        if not isinstance(tree, ast.Attribute):
            raise _Unsaid
        if tree.attr == "definition":  # of a permission: itself
            return self._subject(tree.value)
        of = self._subject(tree.value)
        if tree.attr == "resource" and of == "the API":  # of a requested API: itself
            return of
        return f"its {_name(tree.attr)}" if of == "it" else f"the {_name(tree.attr)} of {of}"

    def _value(self, tree: ast.expr) -> str:
        match tree:
            case ast.Constant(value=str(text)):
                return _VALUES.get(text, repr(text))
            case ast.Constant(value=bool(value) | int(value)):
                return str(value)
            case ast.Call(func=ast.Name(id="days"), args=[ast.Name(id=name)]) if name in self.params:
                return f"{self.params[name]} days"
            case ast.Call(func=ast.Name(id="days"), args=[ast.Constant(value=int(number))]):
                return f"{number} days"
            case ast.Attribute():
                return self._thing(tree)
        raise _Unsaid


def _name(name: str) -> str:
    return _NAMES.get(name, name.replace("_", " "))


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"


def _many(noun: str) -> str:
    return noun[:-1] + "ies" if noun.endswith("ty") else noun + "s"


def _number(number: int) -> str:
    return "one" if number == 1 else str(number)
