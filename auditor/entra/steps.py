"""What the steps of escalation paths are called. docs/paths.md explains each."""

from __future__ import annotations

from typing import Literal

HopKind = Literal[
    "owner", "sign-in", "member", "eligible-member", "role", "eligible-role", "scoped-role", "eligible-scoped-role", "add-credential",
    "add-owner", "add-member", "reset-password", "federation", "permission", "delegated-permission", "takeover",
]  # fmt: skip
StartKind = Literal[
    "guest", "disabled user", "user", "administrator", "foreign application", "application", "managed identity",
    "repository", "pipeline", "cluster", "identity",
]  # fmt: skip
PathStrength = Literal["certain", "eligible", "needs approval", "possible"]
