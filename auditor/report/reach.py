"""Which objects are dangerous and within reach: findings about powerful permissions, and findings about a way in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from auditor.report.model import Finding
from auditor.report.objects import Entity
from auditor.report.rows import Rows
from auditor.severity import Severity, Status

POWER = frozenset({
    "app-can-grant-itself", "foreign-app-azure-role", "foreign-app-directory-role", "foreign-app-privileged", "grant-all-principals-risky",
    "managed-identity-privileged", "perm-dangerous-delegated",
    "perm-high-application", "perm-high-requested", "perm-mailbox-unscoped", "perm-sites-unscoped",
    "perm-tier0-application", "perm-tier0-requested", "sp-azure-role", "sp-directory-role",
})  # fmt: skip
"""Rules that find powerful permissions, directory roles and roles in Azure."""
TIER_0 = frozenset({"app-can-grant-itself", "perm-tier0-application", "perm-tier0-requested"})
"""Those that are about tier 0."""
WAYS_IN = frozenset({
    # a token is sent to an address that somebody else can get
    "redirect-custom-scheme-generic", "redirect-host-unresolved", "redirect-http", "redirect-ip-literal", "redirect-on-sp-only",
    "redirect-shortener-or-tunnel", "redirect-takeover-prone", "redirect-test-tool-host", "redirect-wildcard",
    "sp-redirect-host-unresolved", "sp-redirect-loopback-access", "sp-redirect-unsafe",
    "implicit-access-token",
    # a workload of somebody else signs in
    "fic-ado-subject", "fic-flex-too-broad", "fic-github-broad", "fic-issuer", "fic-on-privileged-app", "fic-other-tenant",
    "fic-wildcard-subject",
    # a credential that others have, may have, or can add
    "agent-blueprint-owner", "app-scoped-administrator", "certificate-shared", "credential-on-app-with-role", "connector-key-in-policy",
    "connector-secret-in-file", "credential-on-microsoft-sp", "credential-on-sp",
    "key-in-file", "public-client-with-credentials", "saved-client-secret", "secret-as-description", "secret-in-file", "secret-in-text",
    "secret-lifetime", "secret-long-ago", "secret-no-end", "sp-secret-in-file", "spa-with-credentials",
    "owner-guest", "owner-of-app-with-role", "owner-of-privileged-app", "owner-service-principal", "sp-credential-lifetime",
    "sp-owner-guest", "sp-owner-of-app-with-role", "sp-owner-of-privileged", "sp-owns-privileged-group", "sp-risky",
    # somebody else's user or application is taken for one of ours
    "accept-mapped-claims-multitenant", "disabled-by-microsoft", "fallback-public-client", "impersonates-microsoft", "malicious-app-id",
    "preauth-foreign-client", "unverified-email-allowed",
})  # fmt: skip
"""Rules that find a way to sign in as an application, or to get its tokens, that somebody else may use."""

BESIDE = frozenset({
    "foreign-app-azure-role", "perm-mailbox-unscoped", "redirect-host-unresolved", "sp-azure-role", "sp-redirect-host-unresolved",
    "sp-risky",
})  # fmt: skip
"""Of both those that need files of other services, or a licence that few have: an object is placed without them."""

Key = tuple[int, str]  # position of the tenant; application ID, else what the object is


class Reach(Struct, frozen=True):
    """What an application can do that it should not, and how others get in."""

    power: list[Finding]
    ways_in: list[Finding]

    @property
    def is_both(self) -> bool:
        return bool(self.power and self.ways_in)

    @property
    def rank(self) -> tuple[int, int, int]:
        """The worst comes first."""
        return -_worst(self.power), -_worst(self.ways_in), -len(self.ways_in)


def _worst(findings: list[Finding]) -> int:
    return max((row.severity.rank for row in findings), default=-1)


def key(of: Entity, kind: str = "") -> Key:
    """What an object is known by. A registration and its service principal are one application."""
    return of.tenant, of.app_id or f"{kind} {of.object_id or of.pointer} {of.file}"


def key_of(rows: Rows, finding: Finding) -> Key:
    """What a finding is of."""
    kind, of = rows.object_of(finding)
    return key(of, "" if kind in ("application", "servicePrincipal") else kind)


def reach_of(rows: Rows, at_least: Severity = Severity.medium, *, findings: Iterable[Finding] | None = None) -> dict[Key, Reach]:
    """Objects with findings of POWER, or of WAYS_IN that are at least so severe. What is accepted does not count.

    `findings`: also those that the report does not list; None: those of the report.
    """
    found: dict[Key, Reach] = defaultdict(lambda: Reach([], []))
    for row in rows.report.findings if findings is None else findings:
        if row.status is not Status.fail:
            continue
        if row.rule_id in POWER:
            found[key_of(rows, row)].power.append(row)
        elif row.rule_id in WAYS_IN and row.severity >= at_least:
            found[key_of(rows, row)].ways_in.append(row)
    return found
