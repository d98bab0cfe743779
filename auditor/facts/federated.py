"""Federated identity credentials: whose tokens they trust, and why no token may ever match."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from auditor.entra import issuers, subjects
from auditor.entra.collections import APPLICATIONS, FEDERATED, SERVICE_PRINCIPALS
from auditor.entra.ids import is_guid
from auditor.entra.issuers import Service
from auditor.facts.base import Fact, fact, part, prop
from auditor.facts.convert import listed, lower, string, text
from auditor.unknown import Unknown, is_unknown, read

if TYPE_CHECKING:
    from auditor.facts.app import App
    from auditor.facts.principal import ServicePrincipal


class GitHubSubject(Fact):
    """The subject of a token that GitHub Actions issues."""

    LABEL = ("repository",)
    COLLECTIONS = (FEDERATED,)
    owner: FederatedCredential

    organization: str = prop(doc="Owner of the repository; '' when the subject names none.")
    repository: str = prop(doc="Its name; '' when the subject names none.")
    prefix: str = prop(doc="How it names the repository: repo:OWNER/NAME, or with IDs repo:OWNER@ID/NAME@ID; '' when it does not.")
    immutable: bool = prop(doc="It names the repository by its ID, which nobody else can ever have.")
    withdrawn: bool = prop(
        doc="Its names look like IDs, in a form that GitHub announced and took back (OWNER-ID/NAME-ID): names that anybody can register."
    )
    bound: bool = prop(doc="It names a repository or its owner; else every repository on GitHub can have the same subject.")
    entity: Literal["environment", "branch", "tag", "pull_request", "other"] = prop(doc="What the token is bound to.")
    name: str = prop(doc="Name of the environment, branch or tag.")

    def __init__(self, subject: str, owner: FederatedCredential) -> None:
        self.owner, self.at = owner, ""
        found = subjects.repository(subject)
        self.organization, self.repository = (found.owner, found.name) if found else ("", "")
        self.prefix = found.prefix if found else ""
        self.immutable = "repository_id:" in subject or (found is not None and found.name_id != "")
        self.withdrawn = found is not None and not self.immutable and subjects.withdrawn(found)
        self.bound = (
            found is not None
            or re.search(r"(?:^|:)(?:repo|repository|repository_id|repository_owner|repository_owner_id):", subject) is not None
        )
        rest = found.context if found else subject
        self.entity, self.name = "other", rest
        for prefix, entity in _GITHUB_ENTITIES:
            if rest.startswith(prefix):
                self.entity, self.name = entity, rest[len(prefix) :]
                return
        if rest == "pull_request":
            self.entity, self.name = "pull_request", ""


_GITHUB_ENTITIES: tuple[tuple[str, Literal["environment", "branch", "tag"]], ...] = (
    ("environment:", "environment"),
    ("ref:refs/heads/", "branch"),
    ("ref:refs/tags/", "tag"),
)


class ClaimTest(Fact):
    """One test of a flexible federated credential's expression; all of them must hold."""

    LABEL = ("pattern",)
    COLLECTIONS = (FEDERATED,)
    owner: FederatedCredential

    claim: str = prop(doc="Name of the claim.")
    operator: Literal["eq", "matches"] = prop(doc="eq or matches.")
    pattern: str = prop(doc="As written.")
    fixed: str = prop(doc="The pattern up to its first wildcard; an `eq` test has none.")

    def __init__(self, claim: str, operator: Any, pattern: str, owner: FederatedCredential) -> None:
        self.owner, self.at = owner, ""
        self.claim, self.operator, self.pattern = claim, operator, pattern
        self.fixed = re.split(r"[*?]", pattern, maxsplit=1)[0] if operator == "matches" else pattern


class FederatedCredential(Fact):
    """A federated identity credential."""

    SLOTS = ("document",)
    COLLECTIONS = (FEDERATED,)
    WITHIN = FEDERATED.name
    KEY = (("name",), ("id",))
    LABEL = ("name", "id")
    owner: App

    id: str = prop("id", lower, "Its id.")
    name: str = prop("name", text, "Its name, fixed at creation.")
    issuer: str = prop("issuer", text, "Must equal the token's iss.")
    subject: str | None = prop("subject", string, "Must equal the token's sub; null when an expression is used.")
    audiences: list[str] = prop("audiences", listed, "Must contain the token's aud.")

    _expression: Any = part("claimsMatchingExpression/value", str)  # beta

    @fact(graph="claimsMatchingExpression/value")
    def claims_expression(self) -> str | None:
        """Flexible credential (beta); null for an ordinary one."""
        # v1.0 does not return the property; a credential with a subject cannot have one.
        return None if is_unknown(self._expression) and isinstance(self.subject, str) and self.subject else self._expression

    @fact()
    def untrimmed(self) -> bool:
        """Issuer, subject or an audience begins or ends with a space: it never equals a token's."""
        subject = self.subject
        values = [self.issuer, "" if subject is None else subject, *self.audiences]
        return any(value != value.strip() for value in values)

    @fact()
    def valid_name(self) -> bool:
        """Its name has 3 to 120 letters, digits, - and _."""
        return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}", read(self.name)) is not None

    @fact()
    def value_problem(self) -> str | None:
        """Which of its values Entra ID refuses, or cannot match, by its form alone; null where none."""
        subject = self.subject
        values = {"issuer": self.issuer, "subject": "" if subject is None else subject}
        audiences = list(self.audiences)
        for what, value in [*values.items(), *(("audience", audience) for audience in audiences)]:
            if value != value.strip():
                return f"the {what} begins or ends with a space, which tokens do not have"
            if len(value) > issuers.MAX_LENGTH:
                return f"the {what} has {len(value)} characters; Entra ID allows {issuers.MAX_LENGTH}"
        return None if self.valid_name else f"the name {self.name!r} is not 3 to 120 letters, digits, hyphens and underscores"

    @fact()
    def issued_by(self) -> Service | None:
        """The service whose issuer it is meant to be, however it is spelled; null for any other."""
        return issuers.service_of(read(self.issuer))

    @fact()
    def issuer_problem(self) -> str | None:
        """Why no token names this issuer, and which was probably meant; null where one may."""
        problem = self._issuer_problem()
        return None if problem is None else str(problem)

    @fact()
    def likely_issuer(self) -> str | None:
        """The issuer that was probably meant, where no token names the one that is there; null where none can be told."""
        problem = self._issuer_problem()
        return None if problem is None or not problem.likely else problem.likely

    def _issuer_problem(self) -> issuers.Problem | None:
        return issuers.issuer_problem(read(self.issuer).strip())

    @fact()
    def issuer_ends(self) -> datetime | None:
        """When Microsoft stops accepting the issuer: Azure DevOps's own, of single-tenant applications; null for any other."""
        return issuers.AZURE_DEVOPS_ENDS if self.issued_by == "Azure DevOps" else None

    @fact()
    def issuing_tenant(self) -> str | None:
        """The tenant whose managed identity it trusts, by the issuer; null for other issuers, and for what Azure DevOps and others of
        Microsoft's services issue through Microsoft Entra ID (/eid1/…).
        """
        subject = self.subject
        return issuers.issuing_tenant(read(self.issuer)) if subject is not None and is_guid(subject.strip().lower()) else None

    @fact()
    def subject_problem(self) -> str | None:
        """Why no token of the issuer carries this subject, and which was probably meant; null where one may, or where the issuer is of
        no service that is known.
        """
        problem = self._subject_problem()
        return None if problem is None else str(problem)

    @fact()
    def likely_subject(self) -> str | None:
        """The subject that was probably meant, where the one that is there cannot match; null where none can be told."""
        problem = self._subject_problem()
        return None if problem is None or not problem.likely else problem.likely

    def _subject_problem(self) -> issuers.Problem | None:
        subject = self.subject
        return None if subject is None else subjects.subject_problem(read(self.issuer), subject)

    @fact(SERVICE_PRINCIPALS.whole)
    def managed_identity(self) -> ServicePrincipal | None:
        """The service principal whose object ID is the subject, where the issuer is Microsoft Entra ID; null where there is none here."""
        if self.issuing_tenant is None:
            return None
        return self.owner.world.principal_by_id((self.subject or "").strip().lower())

    @fact(SERVICE_PRINCIPALS.whole)
    def client_id_of(self) -> ServicePrincipal | None:
        """The service principal whose application (client) ID is the subject, in place of its object ID; null where there is none."""
        holder: Any = self.managed_identity
        if self.issuing_tenant is None or (holder is not None and holder.__class__ is not Unknown):
            return None
        return self.owner.world.principal((self.subject or "").strip().lower())

    @fact()
    def github(self) -> GitHubSubject | None:
        """The subject's parts when the issuer is GitHub Actions, of github.com or of an enterprise; null otherwise."""
        if self.issued_by != "GitHub" or self.issuer_problem is not None:
            return None
        subject = self.subject
        return GitHubSubject(subject, self) if subject is not None and subject != "" else None

    @fact()
    def claim_tests(self) -> list[ClaimTest]:
        """The tests of claims_expression, in order; none for an ordinary credential."""
        tests = re.findall(r"claims\['([^']+)'\]\s+(eq|matches)\s+'([^']*)'", read(self.claims_expression) or "")
        return [ClaimTest(claim, operator, pattern, self) for claim, operator, pattern in tests]

    @fact()
    def trust(self) -> str:
        """Issuer and subject together: whose tokens it takes; '' for a flexible credential."""
        subject = read(self.subject)
        return "" if subject is None else f"{read(self.issuer)} {subject}"

    @fact(FEDERATED.whole, partial_without=APPLICATIONS)
    def also_on(self) -> list[App]:
        """Other registrations that trust the same issuer and subject."""
        return self.owner.world.sharing.others("federated credential", self.trust, self.owner)
