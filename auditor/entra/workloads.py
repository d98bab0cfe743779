"""Which workload an issuer and a subject of a federated identity credential stand for: the repository, the pipeline, the service account.

What is read here is only what `subjects.py` has the grammar of; of any other subject the workload is the subject itself.
"""

from __future__ import annotations

import binascii
import re
import uuid
from typing import NamedTuple

from auditor.entra.ids import is_guid
from auditor.entra.issuers import Service
from auditor.entra.subjects import repository
from auditor.pattern import late


class Workload(NamedTuple):
    """`name`: what has the tokens; `bound`: what they are bound to besides, '' for nothing."""

    name: str
    bound: str = ""


_ENTITIES = (("environment:", "environment"), ("ref:refs/heads/", "branch"), ("ref:refs/tags/", "tag"))
# What Azure DevOps, Power Platform and others have Microsoft Entra ID issue: tenant and application in base64, then their own.
_EID1 = late(r"/eid1/c/pub/t/[\w-]{22}/a/([\w-]{22})/(.+)", re.DOTALL)
_AZURE_DEVOPS = "499b84ac-1321-427f-aa17-267ca6975798"


def issuing_app(subject: str) -> str | None:
    """The application of Microsoft's for which Microsoft Entra ID issues tokens with such a subject; None for any other subject."""
    found = _EID1.fullmatch(subject)
    try:
        return None if found is None else str(uuid.UUID(bytes_le=binascii.a2b_base64(found[1].translate(_URL_SAFE) + "==")))
    except (ValueError, binascii.Error):
        return None


_URL_SAFE = str.maketrans("-_", "+/")


def workload(service: Service | None, issuer: str, subject: str) -> Workload:
    """Whose tokens these are. `subject` may be a pattern."""
    made = _READERS[service](issuer, subject) if service in _READERS else None
    return made or Workload(subject, "" if service is not None else f"issuer {issuer}")


def _github(issuer: str, subject: str) -> Workload | None:
    found = repository(subject)
    if found is None:
        return None
    for begin, entity in _ENTITIES:
        if found.context.startswith(begin):
            return Workload(f"{found.owner}/{found.name}", f"{entity} {found.context[len(begin) :]}")
    return Workload(f"{found.owner}/{found.name}", "pull requests" if found.context == "pull_request" else found.context)


def _gitlab(issuer: str, subject: str) -> Workload | None:
    first, _, rest = subject.partition(":")
    project, _, claims = rest.partition(":")
    if first != "project_path" or not project:
        return None
    words = claims.split(":") if claims else []
    if words[:1] == ["ref_type"] and words[2:3] == ["ref"] and len(words) > 3:
        return Workload(project, " ".join((words[1], ":".join(words[3:]))))
    return Workload(project, claims)


def _azure_devops(issuer: str, subject: str) -> Workload | None:
    kind, mark, path = subject.partition("://")
    parts = path.split("/")
    if not mark or kind not in ("sc", "p") or len(parts) < 3:
        return None
    return Workload("/".join(parts[:2]), f"{'service connection' if kind == 'sc' else 'pipeline'} {'/'.join(parts[2:])}")


def _entra(issuer: str, subject: str) -> Workload | None:
    if is_guid(subject.strip().lower()):
        return Workload(subject.strip().lower())
    found, app_id = _EID1.fullmatch(subject), issuing_app(subject)
    if found is None or app_id is None:
        return None
    parts = found[2].split("/")
    if app_id == _AZURE_DEVOPS and parts[0] == "sc" and len(parts) == 3:
        return Workload(f"organization {parts[1]}", f"service connection {parts[2]}")
    return Workload(subject, f"application {app_id}")


def _kubernetes(issuer: str, subject: str) -> Workload | None:
    words = subject.split(":")
    if words[:2] != ["system", "serviceaccount"] or len(words) != 4:
        return None
    return Workload(f"{words[2]}/{words[3]}", f"cluster {issuer}")


def _terraform(issuer: str, subject: str) -> Workload | None:
    words = subject.split(":")
    if words[:1] != ["organization"] or len(words) % 2 or len(words) < 4:
        return None
    return Workload("/".join(words[1:-2:2]), f"{words[-2].replace('_', ' ')} {words[-1]}")


_READERS = {
    "GitHub": _github, "GitLab": _gitlab, "Azure DevOps": _azure_devops, "Microsoft Entra ID": _entra, "Kubernetes": _kubernetes,
    "HCP Terraform": _terraform,
}  # fmt: skip
