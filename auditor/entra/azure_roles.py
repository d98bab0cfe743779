"""Azure roles: those that Microsoft defines and that people assign most, and what a role's actions come to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Power = Literal["assigns roles", "changes all resources", "other"]
ScopeKind = Literal["root", "management group", "subscription", "resource group", "resource"]
# By the last segment of their ids, which are the same in all tenants. Source: Microsoft's page on built-in roles.
BUILT_IN: dict[str, tuple[str, Power]] = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": ("Owner", "assigns roles"),
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": ("User Access Administrator", "assigns roles"),
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": ("Role Based Access Control Administrator", "assigns roles"),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": ("Contributor", "changes all resources"),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": ("Reader", "other"),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": ("Storage Blob Data Reader", "other"),
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": ("Storage Blob Data Contributor", "other"),
    "4633458b-17de-408a-b874-0445c86b69e6": ("Key Vault Secrets User", "other"),
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": ("AcrPull", "other"),
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05": ("Monitoring Reader", "other"),
}
_ASSIGN = "microsoft.authorization/roleassignments/write"


def power(allowed: Iterable[tuple[Iterable[str], Iterable[str]]]) -> Power:
    """What a role comes to: `allowed` are its actions and those that are taken out again, of each of its permissions."""
    found: Power = "other"
    for actions, not_actions in allowed:
        if any(_includes(action, _ASSIGN) for action in actions) and not any(_includes(action, _ASSIGN) for action in not_actions):
            return "assigns roles"
        if any(action.strip() == "*" for action in actions):
            found = "changes all resources"
    return found


def _includes(pattern: str, action: str) -> bool:
    """Whether an action is of a pattern, in which * is any run of characters; parts of it, in their order: nothing backtracks."""
    first, *others = re.split(r"\*+", pattern.strip().lower())
    if not others:
        return first == action
    if not action.startswith(first) or not action.endswith(others[-1]) or len(first) + len(others[-1]) > len(action):
        return False
    at = len(first)
    for part in others[:-1]:
        at = action.find(part, at, len(action) - len(others[-1]))
        if at < 0:
            return False
        at += len(part)
    return True


def scope_kind(scope: str) -> ScopeKind:
    """Of "/subscriptions/ID/resourceGroups/NAME": a resource group."""
    parts = [part.lower() for part in scope.split("/") if part]
    if not parts:
        return "root"
    if parts[:2] == ["providers", "microsoft.management"] and len(parts) == 4:
        return "management group"
    if parts[0] == "subscriptions" and len(parts) in (2, 4):
        return "subscription" if len(parts) == 2 else "resource group" if parts[2] == "resourcegroups" else "resource"
    return "resource"
