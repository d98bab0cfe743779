"""What a hop is, in words."""

from __future__ import annotations

_WORDS: dict[str, str] = {
    "owner": "owns {target}", "sign-in": "signs in as it", "member": "is a member of {target}",
    "eligible-member": "activates the membership of {target}", "role": "holds {target}", "eligible-role": "activates {target}",
    "scoped-role": "holds {by} over {target}", "eligible-scoped-role": "activates {by} over {target}",
    "add-credential": "adds a credential to {target}", "add-owner": "makes itself an owner of {target}",
    "add-member": "makes itself a member of {target}", "reset-password": "resets the password of {target}",
    "federation": "gets tokens of {target}", "permission": "takes over the tenant by {by}",
    "delegated-permission": "acts by {by} for an administrator who signs in", "takeover": "takes over the tenant",
}  # fmt: skip


def worded(kind: str, target_kind: str, target: str, by: str, strength: str) -> str:
    """`target`: a name; `by`: the permission or role that is the reason."""
    text = _WORDS[kind].format(target=target if target_kind == "role" else f'"{target}"', by=by)
    return f"possibly {text}" if strength == "possible" else text
