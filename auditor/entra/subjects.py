"""What the subject of a federated identity credential can be, by the service that issues the token.

A subject is compared character by character. `subject_problem` names what no token of the service can carry, and only that: where a
service lets customers build subjects of their own, whatever could be one is left alone. Sources: see `issuers.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from auditor.entra.ids import GUID
from auditor.entra.issuers import MAX_LENGTH, Problem, Service, service_of
from auditor.pattern import late

# How the subjects of one service begin; under the issuer of another one they are misplaced.
_BEGINNINGS: dict[str, Service] = {
    "repo:": "GitHub",
    "project_path:": "GitLab",
    "system:serviceaccount:": "Kubernetes",
    "sc://": "Azure DevOps",
    "/eid1/": "Microsoft Entra ID",
    "organization:": "HCP Terraform",
    "arn:aws": "AWS",
}


def subject_problem(issuer: str, subject: str) -> Problem | None:
    """Why no token of the issuer carries the subject; None where one may, or where the issuer is not known.

    Blanks at the ends, wildcards and values that are too long are faults of their own, and not checked here.
    """
    service = service_of(issuer)
    subject = subject.strip()
    if service is None or not subject or "*" in subject or len(subject) > MAX_LENGTH:
        return None
    begins = next((begin for begin in _BEGINNINGS if subject.startswith(begin)), None)
    if begins is not None and (of := _BEGINNINGS[begins]) != service:
        if begins == "sc://":
            return Problem(
                "a subject that begins with sc:// belongs to Azure DevOps's own issuer, https://vstoken.dev.azure.com/ORGANIZATION-ID; "
                "with Microsoft Entra ID as issuer the service connection shows one that begins with /eid1/"
            )
        if begins == "/eid1/":
            return Problem("a subject that begins with /eid1/ belongs to the issuer https://login.microsoftonline.com/TENANT-ID/v2.0")
        if not (service == "GitHub" and begins == "organization:"):
            return Problem(f"subjects of {of} begin with {begins}, and the issuer is of {service}")
    check = _CHECKS.get(service)
    return None if check is None else _with_a_value_that_fits(check, issuer, check(issuer, subject))


def _with_a_value_that_fits(check: Callable[[str, str], Problem | None], issuer: str, problem: Problem | None) -> Problem | None:
    """A subject with two faults: what is proposed instead has neither, or nothing is."""
    if problem is None or not problem.likely or (other := check(issuer, problem.likely)) is None:
        return problem
    return replace(problem, likely=other.likely if other.likely and check(issuer, other.likely) is None else "")


# -- GitHub


class Repository(Struct, frozen=True):
    """What a subject of GitHub's says of its repository. `ids`: "" where it has none."""

    owner: str
    owner_id: str
    name: str
    name_id: str
    context: str  # what follows: environment:production, ref:refs/heads/main, pull_request, …

    @property
    def prefix(self) -> str:
        """As it is written in the subject: repo:OWNER@ID/NAME@ID."""
        ids = [f"@{id_}" if id_ else "" for id_ in (self.owner_id, self.name_id)]
        return f"repo:{self.owner}{ids[0]}/{self.name}{ids[1]}"


_REPOSITORY = late(r"repo:([^/:@]+)(?:@(\d+))?/([^:@]+)(?:@(\d+))?(?::(.*))?", re.DOTALL)
_OWNER_AND_NAME = late(r"([A-Za-z0-9_-]+)(@\d+)?/([A-Za-z0-9._-]+)(@\d+)?")
# Claims that a subject can be built of, as `include_claim_keys` names them: docs.github.com/actions/reference/security/oidc.
_CLAIMS = frozenset({
    "repo", "context", "actor", "actor_id", "base_ref", "check_run_id", "enterprise", "enterprise_id", "environment",
    "environment_node_id", "event_name", "head_ref", "job_workflow_ref", "job_workflow_sha", "ref", "ref_protected", "ref_type",
    "repository", "repository_id", "repository_owner", "repository_owner_id", "repository_visibility", "run_attempt", "run_id",
    "run_number", "runner_environment", "sha", "workflow", "workflow_ref", "workflow_sha",
})  # fmt: skip
_CLAIM = late(r"[a-z][a-z0-9_]*")  # new ones may come
_REF = late(r"refs/(?:heads|tags|pull)/.+")
_BRANCH, _TAG = "ref:refs/heads/", "ref:refs/tags/"
# What people write for a claim of GitHub's that has another name.
_NOT_CLAIMS = {
    "branch": _BRANCH, "branches": _BRANCH, "head": _BRANCH, "heads": _BRANCH, "tag": _TAG, "tags": _TAG, "release": _TAG,
    "env": "environment:", "environments": "environment:", "deployment": "environment:",
}  # fmt: skip
_REPOS = ("repos", "repo_name", "reponame")
_PULL_REQUESTS = ("pullrequest", "pullrequests", "pr", "prs")
_HOST = late(r"(?:https?://)?(?:www\.)?github\.com/", re.IGNORECASE)


def repository(subject: str) -> Repository | None:
    """The repository that a subject of GitHub's names; None where it names none."""
    found = _REPOSITORY.fullmatch(subject)
    return found and Repository(found[1], found[2] or "", found[3], found[4] or "", found[5] or "")


def withdrawn(of: Repository) -> bool:
    """IDs in place of names or behind a hyphen, as GitHub announced for the spring of 2026 and then took back: repo:OWNER-ID/NAME-ID.

    Such a subject is a pair of names that anybody can register. It may be the name of somebody, too: nobody can tell by its form.
    """
    return not of.owner_id and all(re.fullmatch(r"(?:.*-)?\d{5,}", one) is not None for one in (of.owner, of.name))


def _github(issuer: str, subject: str) -> Problem | None:
    if _HOST.match(subject.removeprefix("repo:")):
        plain = _HOST.sub("", subject.removeprefix("repo:"), count=1).rstrip("/")
        return Problem("a subject names the repository without address", f"repo:{plain}")
    first, _, rest = subject.partition(":")
    if first.lower() == "repo":
        if first != "repo":
            return Problem("repo: is written in lower case", f"repo:{rest}")
        slug, _, context = rest.partition(":")
        return _github_slug(slug, context) or (_github_context(f"repo:{slug}", context) if ":" in rest else None)
    if first.lower() in _REPOS:
        return Problem("repo: is the name of the claim", f"repo:{rest}" if _github(issuer, f"repo:{rest}") is None else "")
    if re.fullmatch(r"[A-Za-z0-9_-]+/[A-Za-z0-9._-]+", first) and not first.startswith("refs/"):
        return Problem("a subject begins with repo:", f"repo:{subject}")
    if ":" not in subject:
        return Problem(
            "a subject names the repository first: repo:OWNER/REPOSITORY:ref:refs/heads/BRANCH, …:environment:NAME or …:pull_request"
        )
    return _github_context("", subject)


def _github_slug(slug: str, context: str) -> Problem | None:
    found = _OWNER_AND_NAME.fullmatch(slug)
    if found is None:
        parts = slug.split("/")
        if len(parts) > 2 and _OWNER_AND_NAME.fullmatch("/".join(parts[:2])):
            return Problem("a colon follows the repository, not a slash", _slashed("/".join(parts[:2]), "/".join(parts[2:]), context))
        if len(parts) == 1:
            return Problem("the repository is named with its owner: repo:OWNER/REPOSITORY")
        if "@" in slug:
            return Problem("IDs are numbers that follow the names: repo:OWNER@ID/REPOSITORY@ID")
        return Problem("OWNER and REPOSITORY have letters, digits, hyphens, dots and underscores only")
    if (found[2] is None) != (found[4] is None):
        return Problem("GitHub sends the IDs of both, the owner and the repository, or none: repo:OWNER@ID/REPOSITORY@ID")
    if slug.endswith(".git"):
        return Problem("the name of a repository does not end in .git", f"repo:{slug[:-4]}{context and ':'}{context}")
    return None


def _slashed(slug: str, path: str, context: str) -> str:
    """repo:o/r/environment/prod -> repo:o/r:environment:prod"""
    rest = f"{path}:{context}" if context else path
    if _REF.fullmatch(rest):
        return f"repo:{slug}:ref:{rest}"
    key, mark, value = rest.partition("/")
    if not value or ":" in key:
        key, mark, value = rest.partition(":")
    fits = key == "pull_request" or (value and key in ("environment", "ref"))
    likely = f"repo:{slug}:{key}{mark and ':'}{value}"
    return likely if fits and _github_context(f"repo:{slug}", likely.removeprefix(f"repo:{slug}:")) is None else ""


def _github_context(before: str, context: str) -> Problem | None:
    """What follows the repository: pull_request, or the names and values of claims, with colons between."""
    begin = f"{before}:" if before else ""
    parts = context.split(":")
    i = 0
    while i < len(parts):
        key = parts[i]
        value = parts[i + 1] if i + 1 < len(parts) else None
        done, rest = begin + "".join(f"{part}:" for part in parts[:i]), "".join(f":{part}" for part in parts[i + 1 :])
        if key == "pull_request":
            i += 1
            continue
        if key not in _CLAIMS and re.sub(r"[-_ ]", "", key.lower()) in _PULL_REQUESTS:
            return Problem("GitHub sends pull_request, with an underscore", f"{done}pull_request{rest}")
        if key not in _CLAIMS and (fault := _no_claim(key, value, done)) is not None:
            return fault
        if not value:
            return Problem(f"{key}: has no value" if key in _CLAIMS else "the subject ends in a colon")
        if key == "ref" and not _REF.fullmatch(value):
            return Problem("GitHub sends the full ref: refs/heads/BRANCH or refs/tags/TAG", f"{done}ref:{_whole_ref(value)}")
        i += 2
    return None


def _no_claim(key: str, value: str | None, done: str) -> Problem | None:
    """What is wrong with a word that stands where the name of a claim should; None where it may be one."""
    lower = key.lower().replace("-", "_")
    if _REF.fullmatch(key):
        return Problem("ref: comes before refs/", f"{done}ref:{key}" if value is None else "")
    if lower in _NOT_CLAIMS:
        name = value and re.sub(r"^(?:refs/)?(?:heads|tags)/", "", value)
        return Problem(
            f"GitHub has no claim of this name and sends {_NOT_CLAIMS[lower]}NAME", f"{done}{_NOT_CLAIMS[lower]}{name}" if name else ""
        )
    if lower in _CLAIMS:
        return Problem("names of claims are in lower case, with underscores", f"{done}{lower}" + (f":{value}" if value else ""))
    word, slash, name = key.partition("/")
    if slash and word.lower() in ("environment", "env", "ref") and name and value is None:
        claim = "ref:" + _whole_ref(name) if word.lower() == "ref" else f"environment:{name}"
        return Problem("a colon comes between name and value, not a slash", f"{done}{claim}")
    if not key:
        return None  # said by who looks at values
    if value is None:
        if done.split(":")[-3:-2] == ["environment"]:
            return Problem("GitHub sends a colon in the name of an environment as %3A", f"{done[:-1]}%3A{key}")
        likely = f"{done}{_BRANCH}{key}" if key in ("main", "master") else ""
        return Problem("GitHub sends environment:NAME, ref:refs/heads/BRANCH, ref:refs/tags/TAG or pull_request here", likely)
    return None if _CLAIM.fullmatch(key) else Problem("names of claims have lower-case letters, digits and underscores only")


def _whole_ref(value: str) -> str:
    """main -> refs/heads/main, v1.2 -> refs/tags/v1.2, heads/main -> refs/heads/main"""
    found = re.fullmatch(r"/?(?:refs/)?(?:(heads?|branch(?:es)?)|(tags?))/(.+)", value)
    if found is not None:
        return f"refs/{'heads' if found[1] else 'tags'}/{found[3]}"
    name = value.removeprefix("/").removeprefix("refs/")
    return f"refs/{'tags' if re.fullmatch(r'v?[0-9]+(?:[.][0-9]+)+.*', name) else 'heads'}/{name}"


# -- others


_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_ACCOUNT = late(rf"system:serviceaccount:{_LABEL}:{_LABEL}(?:\.{_LABEL})*")
_ACCOUNT_FORM = "the form is system:serviceaccount:NAMESPACE:NAME"


def _kubernetes(issuer: str, subject: str) -> Problem | None:
    if _ACCOUNT.fullmatch(subject):
        return None
    words = re.sub(r"^/|/$", "", subject).replace("/", ":").split(":")
    known = [word.lower().replace("-", "").replace("_", "") for word in words]
    while known and known[0] in ("system", "serviceaccount", "serviceaccounts", "namespace", "sa", "ns"):
        known, words = known[1:], words[1:]
    likely = f"system:serviceaccount:{':'.join(words)}".lower()
    if len(words) == 1 and words[0]:
        return Problem(f"{_ACCOUNT_FORM}; the namespace or the name is missing")
    return Problem(f"{_ACCOUNT_FORM}, in lower case", likely if _ACCOUNT.fullmatch(likely) else "")


def _gitlab(issuer: str, subject: str) -> Problem | None:
    """Subjects are built of claims here, too; the first is project_path."""
    first, colon, rest = subject.partition(":")
    if first != "project_path":
        near = first.lower().replace("-", "_") in ("project_path", "project", "path", "projectpath")
        if near or "/" in first or not colon:
            slug = rest if near else subject
            likely = f"project_path:{slug}"
            return Problem(
                "the form is project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH", likely if _gitlab(issuer, likely) is None else ""
            )
        return None
    project, _, claims = rest.partition(":")
    if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+", project):
        return Problem("the project is named with its group: project_path:GROUP/PROJECT")
    begin, words = f"project_path:{project}:", claims.split(":") if claims else []
    pairs = dict(zip(words[::2], words[1::2], strict=False))
    if words[:1] in (["branch"], ["tag"]) and len(words) == 2:
        return Problem("GitLab sends ref_type: and ref:", f"{begin}ref_type:{words[0]}:ref:{words[1]}")
    if pairs.get("ref_type", "branch") not in ("branch", "tag"):
        return Problem("ref_type is branch or tag")
    if (found := re.fullmatch(r"refs/(?:heads|tags)/(.+)", pairs.get("ref", ""))) is not None:
        return Problem("GitLab sends the name of the branch or tag alone", subject.replace(f":ref:{found[0]}", f":ref:{found[1]}"))
    return Problem("a name or a value is missing at the end") if len(words) % 2 or "" in words else None


_RUNS = (["organization", "project", "workspace", "run_phase"], ["organization", "project", "stack", "deployment", "operation"])
_RUN_FORM = "the form is organization:NAME:project:NAME:workspace:NAME:run_phase:plan (or apply)"
_RUN_WORDS = frozenset(
    {"organization", "organisation", "org", "project", "workspace", "run_phase", "stack", "deployment", "operation", "phase"}
)


def _terraform(issuer: str, subject: str) -> Problem | None:
    words = subject.split(":")
    keys = words[::2]
    if keys in _RUNS and len(words) == 2 * len(keys) and all(words):
        phase = words[-1]
        if phase in ("plan", "apply"):
            return None
        likely = subject[: -len(phase)] + phase.lower()
        return Problem(f"{keys[-1]} is plan or apply", likely if phase.lower() in ("plan", "apply") else "")
    if keys == ["organization", "workspace", "run_phase"]:
        return Problem(f"the project is missing: {_RUN_FORM}")
    lower = [key.lower().replace("-", "_") for key in keys]
    fixed = [{"org": "organization", "organisation": "organization", "phase": "run_phase"}.get(key, key) for key in lower]
    if fixed in _RUNS and len(words) == 2 * len(keys):
        likely = ":".join(f"{key}:{value}" for key, value in zip(fixed, words[1::2], strict=True))
        return Problem(_RUN_FORM, likely if likely != subject and _terraform(issuer, likely) is None else "")
    return Problem(_RUN_FORM) if set(lower) <= _RUN_WORDS or ":" not in subject else None  # words that are not known may be new


_DEVOPS_ADDRESS = late(r"https?://(?:dev\.azure\.com|[^/]+\.visualstudio\.com)/", re.IGNORECASE)


def _azure_devops(issuer: str, subject: str) -> Problem | None:
    found = re.fullmatch(r"(sc|p):/*(.*)", subject, re.IGNORECASE | re.DOTALL)
    if (address := _DEVOPS_ADDRESS.search(subject)) is not None:
        path = subject[address.end() :]
        likely = f"sc://{path}" if path.count("/") == 2 and "" not in path.split("/") else ""
        return Problem("a subject names organization, project and service connection, without an address", likely)
    if found is None:
        bare = re.fullmatch(r"[^/:]+/[^/:]+/[^/:]+", subject)
        return Problem("a subject begins with sc://", f"sc://{subject}") if bare else None
    likely = f"{found[1].lower()}://{found[2]}"
    if len([part for part in found[2].split("/") if part]) < 3:
        return Problem("the form is sc://ORGANIZATION/PROJECT/SERVICE-CONNECTION")
    return None if likely == subject else Problem("the form is sc://ORGANIZATION/PROJECT/SERVICE-CONNECTION", likely)


def _entra(issuer: str, subject: str) -> Problem | None:
    """The object ID of a managed identity, or what Azure DevOps and Power Platform build, which begins with /eid1/."""
    bare = subject.strip("{}").lower()
    if re.fullmatch(GUID, bare):
        return None if bare == subject else Problem("the object ID is written in lower case, without braces", bare)
    if re.fullmatch(r"[0-9a-f]{32}", bare):
        return Problem("the object ID is written with hyphens", "-".join((bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:])))
    if subject.startswith("eid1/"):
        return Problem("a slash comes before eid1", f"/{subject}")
    if re.fullmatch(r"[\w.-]+", subject):
        return Problem("the subject is the object (principal) ID of the managed identity, not its name")
    if "/userassignedidentities/" in bare or bare.startswith("/subscriptions/"):
        return Problem("the subject is the object (principal) ID of the managed identity, not its resource ID")
    return None


def _google(issuer: str, subject: str) -> Problem | None:
    if subject.isdecimal():
        return None
    return Problem("the subject is the numeric unique ID of the service account, not its name or email address")


def _aws(issuer: str, subject: str) -> Problem | None:
    return (
        None
        if subject.startswith("arn:")
        else Problem("the subject is the ARN of the IAM role or user, such as arn:aws:iam::ACCOUNT:role/NAME")
    )


def _bitbucket(issuer: str, subject: str) -> Problem | None:
    ids = subject.split(":")
    if all(re.fullmatch(rf"\{{{GUID}\}}", one) for one in ids):
        return None
    likely = ":".join(f"{{{one.strip('{}').lower()}}}" for one in ids)
    fits = all(re.fullmatch(rf"\{{{GUID}\}}", one) for one in likely.split(":"))
    return Problem("Bitbucket sends UUIDs in braces, of the repository first", likely if fits else "")


def _circleci(issuer: str, subject: str) -> Problem | None:
    found = re.fullmatch(rf"org/({GUID})/project/{GUID}(?:/.+)?", subject)
    if found is None:
        return Problem("the form is org/ORGANIZATION-ID/project/PROJECT-ID/user/USER-ID, with GUIDs")
    of = issuer.rstrip("/").rpartition("/")[2]
    return None if of == found[1] or not re.fullmatch(GUID, of) else Problem("the organization of the subject is not that of the issuer")


_CHECKS: dict[Service, Callable[[str, str], Problem | None]] = {
    "GitHub": _github,
    "GitLab": _gitlab,
    "Kubernetes": _kubernetes,
    "HCP Terraform": _terraform,
    "Azure DevOps": _azure_devops,
    "Microsoft Entra ID": _entra,
    "Google": _google,
    "AWS": _aws,
    "Bitbucket": _bitbucket,
    "CircleCI": _circleci,
}
