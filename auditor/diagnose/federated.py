"""The token that a workload presented, held against the federated identity credentials that were read."""

from __future__ import annotations

import re
from typing import Any

from auditor.diagnose.aadsts import Message
from auditor.diagnose.clue import Answers, Said, closest, meant, names
from auditor.display import clean, show
from auditor.joins.world import World
from auditor.unknown import Partial, is_unknown, known


def federated(message: Message, worlds: list[World]) -> Answers:
    presented = {claim: message.facts[claim] for claim in ("subject", "issuer", "audience") if claim in message.facts}
    if not presented:
        return
    apps = meant(message, worlds)
    credentials: list[Any] = []
    gap = None
    for app in apps:
        values: Any = app.federated_credentials
        if is_unknown(values):
            gap = values.reason
            continue
        gap = values.unknown.reason if isinstance(values, Partial) else gap
        credentials += known(values)
    matched: dict[str, list[Any]] = {}
    for claim, value in presented.items():
        exact, near = [], []
        for credential in credentials:
            of_claim = _claims(credential, claim)
            if of_claim is None:
                gap = f'federated credential "{clean(show(credential))}" uses an expression, or its {claim} is not known'
            elif value in of_claim:
                exact.append(credential)
            else:
                near += [(one, credential) for one in of_claim]
        shown = clean(value)
        if exact:
            matched[claim] = exact
            yield Said.excluded, f'{claim} "{shown}" is that of {names(exact, _credential)}'
            continue
        text = f'no federated credential in the input has the {claim} "{shown}"'
        if close := closest(value, [one for one, _ in near]):
            whose = next(credential for one, credential in near if one == close)
            text += f"; {_credential(whose)} has {_difference(value, close)}"
        elif near:
            text += f"; {names(near, _has)}"
        yield (Said.open, f"{text}, but some are not known ({clean(gap)})") if gap and not (near and close) else (Said.found, text)
    if not apps:
        yield Said.open, "no app registration is in the input"
    if len(presented) > 1 and credentials and all(claim in matched for claim in presented):
        of_all = [one for one in credentials if all(any(one is other for other in matched[claim]) for claim in presented)]
        if not of_all:
            claims = " and ".join(f'{claim} "{clean(value)}"' for claim, value in presented.items())
            yield (Said.open if gap else Said.found), f"no federated credential in the input has all of {claims}: each is of another one"


def _claims(credential: Any, claim: str) -> list[str] | None:
    """What a federated credential has for a claim of the token; None where that is not known, or an expression."""
    if claim == "audience":
        values = credential.audiences
        return None if is_unknown(values) or isinstance(values, Partial) else [one for one in values if one.__class__ is str]
    value = getattr(credential, claim)
    return [value] if value.__class__ is str else None


def _credential(credential: Any) -> str:
    owner = f' of "{clean(show(credential.owner))}"' if credential.owner is not None else ""
    return f'federated credential "{clean(show(credential))}"{owner}'


def _has(pair: tuple[str, Any]) -> str:
    """What a credential has in place of a claim."""
    value, credential = pair
    return f'{_credential(credential)} has "{clean(value)}"'


_ID_FORM = re.compile(r"@\d+")


def _difference(presented: str, registered: str) -> str:
    shown = f'"{clean(registered)}"'
    if presented.lower() == registered.lower():
        return f"{shown}, which differs in upper and lower case only"
    if presented.rstrip("/") == registered.rstrip("/"):
        return f"{shown}, which differs by a slash at its end only"
    if presented.startswith("repo:") and _ID_FORM.sub("", presented) == _ID_FORM.sub("", registered):
        old, new = ("the token", "the credential") if _ID_FORM.search(registered) else ("the credential", "the token")
        return (
            f"{shown}: {new} has GitHub's immutable form with IDs (repo:OWNER@ID/REPOSITORY@ID:…), {old} the form with names only. "
            "Use the same form in both"
        )
    return shown
