"""Services that issue tokens for federated identity credentials: whose an issuer is, and how tokens spell it.

Sources: the services' own documents (docs.github.com, docs.gitlab.com, developer.hashicorp.com, learn.microsoft.com/azure/devops and
/azure/aks, docs.aws.amazon.com, circleci.com, support.atlassian.com) and learn.microsoft.com/entra/workload-id. An issuer that is none of
these is nobody's: of it nothing is claimed but what OpenID Connect says of all.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import cache
from typing import Literal

from msgspec import Struct

from auditor.entra.ids import GUID
from auditor.pattern import late

Service = Literal[
    "GitHub", "GitLab", "Azure DevOps", "Microsoft Entra ID", "Kubernetes", "HCP Terraform", "Google", "AWS", "Bitbucket", "CircleCI"
]


class Problem(Struct, frozen=True):
    """Why no token carries a value: `what` in our own words, `likely` the value that was probably meant, '' where none can be told."""

    what: str
    likely: str = ""

    def __str__(self) -> str:
        return f"{self.what}; probably {self.likely}" if self.likely else self.what


# learn.microsoft.com/azure/devops/pipelines/release/convert-service-connections
AZURE_DEVOPS_ENDS = datetime(2027, 7, 1, tzinfo=timezone.utc)
MAX_LENGTH = 600  # of an issuer, a subject or an audience: learn.microsoft.com/graph/api/resources/federatedidentitycredential
_DISCOVERY = "/.well-known/openid-configuration"


class _Form(Struct, frozen=True):
    service: Service
    host: re.Pattern[str]  # of an issuer in lower case, without scheme: any that is meant for the service
    exact: re.Pattern[str]  # what tokens name
    of: str  # whose it is, in words
    like: str  # and what it looks like


_SLUG = r"[A-Za-z0-9_-]+"
_LOGIN = r"(?:microsoftonline\.(?:com|us)|(?:partner\.microsoftonline|chinacloudapi)\.cn)"


@cache
def _forms() -> tuple[_Form, ...]:
    """Compiled when the first credential asks: most runs have none."""
    return tuple(_Form(service, re.compile(host), re.compile(exact), of or service, like) for service, host, exact, like, of in _FORMS)


_FORMS: tuple[tuple[Service, str, str, str, str], ...] = (
    # An enterprise can have its slug added to the issuer; one with data residency has a subdomain of ghe.com.
    ("GitHub", r"token\.actions\.githubusercontent\.com(?:/|$)", rf"https://token\.actions\.githubusercontent\.com(?:/{_SLUG})?",
     "https://token.actions.githubusercontent.com, for some enterprises with their slug behind it", ""),
    ("GitHub", r"token\.actions\.[^/]+\.ghe\.com(?:/|$)", rf"https://token\.actions\.[a-z0-9-]+\.ghe\.com(?:/{_SLUG})?",
     "https://token.actions.SUBDOMAIN.ghe.com", "GitHub Enterprise Cloud"),
    ("GitHub", r"[^/]+/_services/token/?$", r"https://[^/]+/_services/token",
     "https://HOST/_services/token", "GitHub Enterprise Server"),
    ("GitLab", r"gitlab\.com(?:/|$)", r"https://gitlab\.com", "https://gitlab.com", "GitLab.com"),
    ("HCP Terraform", r"app\.(?:eu\.)?terraform\.io(?:/|$)", r"https://app\.(?:eu\.)?terraform\.io",
     "https://app.terraform.io or https://app.eu.terraform.io", ""),
    ("Google", r"accounts\.google\.com(?:/|$)", r"https://accounts\.google\.com", "https://accounts.google.com", ""),
    ("Azure DevOps", r"vstoken\.dev\.azure\.com(?:/|$)", rf"https://vstoken\.dev\.azure\.com/{GUID}",
     "https://vstoken.dev.azure.com/ORGANIZATION-ID, with the GUID of the organization and without a slash at the end", ""),
    ("Microsoft Entra ID", rf"(?:login\.(?:{_LOGIN}|windows\.net|microsoft\.com)|sts\.(?:windows\.net|chinacloudapi\.cn))(?:/|$)",
     rf"https://login\.{_LOGIN}/{GUID}/v2\.0",
     "https://login.microsoftonline.com/TENANT-ID/v2.0, with the GUID of the tenant and without a slash at the end", ""),
    ("Kubernetes", r"[^/]+\.oic\.prod-aks\.azure\.[a-z]+(?:/|$)", rf"https://[a-z0-9-]+\.oic\.prod-aks\.azure\.[a-z]+/{GUID}/{GUID}/",
     "https://REGION.oic.prod-aks.azure.com/TENANT-ID/ID/, with a slash at the end", "Azure Kubernetes Service"),
    ("Kubernetes", r"oidc\.eks\.[^/]+\.amazonaws\.com(?:\.cn)?(?:/|$)",
     r"https://oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/id/[0-9A-F]{32}",
     "https://oidc.eks.REGION.amazonaws.com/id/ID, with 32 digits and capitals and without a slash at the end", "Amazon EKS"),
    ("Kubernetes", r"container\.googleapis\.com/v1/projects/",
     r"https://container\.googleapis\.com/v1/projects/[^/]+/(?:locations|zones)/[^/]+/clusters/[^/]+",
     "https://container.googleapis.com/v1/projects/PROJECT/locations/LOCATION/clusters/CLUSTER", "Google Kubernetes Engine"),
    ("AWS", r"[0-9a-f-]{36}\.tokens\.sts\.global\.api\.aws(?:/|$)", rf"https://{GUID}\.tokens\.sts\.global\.api\.aws",
     "https://ID.tokens.sts.global.api.aws", ""),
    ("Bitbucket", r"api\.bitbucket\.org/2\.0/workspaces/",
     r"https://api\.bitbucket\.org/2\.0/workspaces/[^/]+/pipelines-config/identity/oidc",
     "https://api.bitbucket.org/2.0/workspaces/WORKSPACE/pipelines-config/identity/oidc", ""),
    ("CircleCI", r"oidc\.circleci\.com(?:/|$)", rf"https://oidc\.circleci\.com/org/{GUID}",
     "https://oidc.circleci.com/org/ORGANIZATION-ID, with the GUID of the organization", ""),
)  # fmt: skip
# Addresses of these services that are never an issuer, and what is.
_MISTAKEN = {
    "github.com": "https://token.actions.githubusercontent.com",
    "www.github.com": "https://token.actions.githubusercontent.com",
    "api.github.com": "https://token.actions.githubusercontent.com",
    "actions.githubusercontent.com": "https://token.actions.githubusercontent.com",
    "terraform.io": "https://app.terraform.io",
    "www.gitlab.com": "https://gitlab.com",
    "google.com": "https://accounts.google.com",
    "www.google.com": "https://accounts.google.com",
}
_PUBLIC_LOGIN = "login.microsoftonline.com"
_OTHER_LOGINS = ("sts.windows.net", "login.windows.net", "login.microsoft.com")  # of the public cloud; version 1.0 tokens name the first
_DEVOPS_PREVIEW = late(r"app\.vstoken\.visualstudio\.com/?")  # of 2023, before organizations had issuers of their own


def service_of(issuer: str) -> Service | None:
    """The service that an issuer is meant for, however it is spelled; None for any other."""
    rest = _without_scheme(issuer)
    found = next((form.service for form in _forms() if form.host.match(rest)), None)
    if found is None and any(label.startswith("gitlab") for label in rest.partition("/")[0].split(".")[:-2]):
        return "GitLab"  # one's own, gitlab.contoso.com: nothing is said of how it spells its issuer
    return found


def issuer_problem(issuer: str) -> Problem | None:
    """Why no token names this issuer; None where it may. Of one that Entra ID refuses for its length nothing is said."""
    if len(issuer) > MAX_LENGTH:
        return None
    rest = _without_scheme(issuer)
    host = rest.partition("/")[0]
    if host in _MISTAKEN and rest.rstrip("/") in (host, f"{host}/login/oauth"):
        return Problem("this is an address of the service, not its issuer", _MISTAKEN[host])
    if _DEVOPS_PREVIEW.fullmatch(rest):
        return Problem("Azure DevOps used this issuer in a preview in 2023 only")
    form = next((form for form in _forms() if form.host.match(rest)), None)
    if form is not None:
        return None if form.exact.fullmatch(issuer) else Problem(f"the issuer of {form.of} is {form.like}", _repaired(form, issuer))
    if not issuer.startswith("https://"):
        return Problem("an issuer begins with https://", _https(issuer))
    if rest.endswith(_DISCOVERY):
        return Problem("this is the address of the issuer's metadata", issuer[: -len(_DISCOVERY)])
    if "?" in rest or "#" in rest:
        return Problem("an issuer has neither query nor fragment")
    return None


def issuing_tenant(issuer: str) -> str | None:
    """The tenant whose Microsoft Entra ID an issuer is, as a GUID; None for any other issuer, or where it names none."""
    if service_of(issuer) != "Microsoft Entra ID":
        return None
    tenant = _without_scheme(issuer).partition("/")[2].partition("/")[0]
    return tenant if re.fullmatch(GUID, tenant) else None


def _without_scheme(issuer: str) -> str:
    scheme, _, rest = issuer.strip().lower().partition("://")
    return rest or scheme


def _https(issuer: str) -> str:
    rest = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*:/+", "", issuer.strip())
    return f"https://{rest}" if re.match(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:[:/]|$)", rest) else ""


def _repaired(form: _Form, issuer: str) -> str:
    """The issuer of this form that was probably meant; '' where none can be told."""
    rest = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*:/+", "", issuer.strip().removesuffix(_DISCOVERY)).rstrip("/")
    host, _, path = rest.partition("/")
    host = host.lower()
    paths = [path, path.lower()]
    if form.service == "Microsoft Entra ID":
        host = _PUBLIC_LOGIN if host in _OTHER_LOGINS else host
        paths = [f"{path.lower().partition('/')[0]}/v2.0"]
    elif form.service == "Kubernetes":
        paths += [f"{path.lower()}/", f"id/{path.rpartition('/')[2].upper()}"]
    tries = (f"https://{host}/{path}" if path else f"https://{host}" for path in paths)
    return next((text for text in tries if form.exact.fullmatch(text)), "")
