"""Federated identity credentials: which issuers and subjects tokens have, service by service, and what a user is told of those they do not.

Rows M3 to M6 are those of the audit of real files (shared/reference/precision.md); b20 and so on name its cases.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.display import show
from auditor.entra.issuers import issuer_problem, issuing_tenant, service_of
from auditor.entra.subjects import subject_problem
from tests.helpers import regaudit, write

CASES = Path("/work/shared/cases")
GITHUB = "https://token.actions.githubusercontent.com"
TENANT, OTHER = "7e000000-1111-4111-8111-111111111111", "7e000000-2222-4222-8222-222222222222"
ENTRA = f"https://login.microsoftonline.com/{TENANT}/v2.0"
AKS = f"https://eastus.oic.prod-aks.azure.com/{TENANT}/{OTHER}/"
DEVOPS = f"https://vstoken.dev.azure.com/{TENANT}"
GITLAB, TERRAFORM, GOOGLE = "https://gitlab.com", "https://app.terraform.io", "https://accounts.google.com"
CIRCLECI = f"https://oidc.circleci.com/org/{TENANT}"
BITBUCKET = "https://api.bitbucket.org/2.0/workspaces/contoso/pipelines-config/identity/oidc"
AWS = f"https://{TENANT}.tokens.sts.global.api.aws"


# -- subjects


@pytest.mark.parametrize(
    ("issuer", "subject"),
    [
        (GITHUB, "repo:contoso/pay:ref:refs/heads/release/1"),
        (GITHUB, "repo:contoso/pay:ref:refs/tags/v1"),
        (GITHUB, "repo:contoso/pay:ref:refs/pull/12/merge"),
        (GITHUB, "repo:contoso/pay:pull_request"),
        (GITHUB, "repo:contoso/pay:environment:Production / EU"),
        (GITHUB, "repo:contoso/pay:environment:a%3Ab"),
        (GITHUB, "repo:contoso/pay"),
        (GITHUB, "repo:contoso_emu/.github:pull_request"),
        (GITHUB, "repo:contoso@219859934/pay@1309247986:environment:production"),  # b26
        (
            GITHUB,
            "repo:contoso@219859934/pay@1309247986:environment:plan:job_workflow_ref:contoso/t/.github/workflows/ci.yaml@refs/heads/main",
        ),
        (GITHUB, "repository_owner_id:6154722:repository_id:1157352866:ref:refs/heads/main"),  # b28
        (GITHUB, "repository_owner:contoso:repository_visibility:internal:workflow:deploy"),
        (GITHUB, "repo:contoso/pay:a_claim_of_tomorrow:x"),
        (GITHUB + "/contoso", "repo:contoso/pay:pull_request"),
        ("https://token.actions.contoso.ghe.com", "repo:contoso/pay:pull_request"),
        ("https://github.contoso.com/_services/token", "repo:contoso/pay:pull_request"),
        (GITLAB, "project_path:contoso/hr/pay:ref_type:branch:ref:feature/x"),
        (GITLAB, "project_path:contoso/pay:ref_type:tag:ref:v1:environment:prod"),
        (GITLAB, "project_path:contoso/pay"),
        (TERRAFORM, "organization:contoso:project:Default Project:workspace:pay:run_phase:apply"),
        (TERRAFORM, "organization:contoso:project:hr:stack:pay:deployment:eu:operation:plan"),
        (AKS, "system:serviceaccount:pay:batch"),
        (AKS, "system:serviceaccount:pay-eu:batch.v2"),
        (DEVOPS, "sc://contoso/Pay roll/Production (write)"),
        (DEVOPS, "p://contoso/pay/nightly"),
        (ENTRA, TENANT),
        (ENTRA, "/eid1/c/pub/t/AAAA/a/BBBB/sc/1/2"),
        (GOOGLE, "112233445566778899001"),
        (AWS, "arn:aws:iam::123456789012:role/pay"),
        (BITBUCKET, f"{{{TENANT}}}:{{{OTHER}}}"),
        (CIRCLECI, f"org/{TENANT}/project/{OTHER}/user/{OTHER}"),
    ],
)
def test_subjects_that_tokens_have(issuer: str, subject: str) -> None:
    assert subject_problem(issuer, subject) is None


@pytest.mark.parametrize(
    ("issuer", "subject", "likely"),
    [
        # GitHub (M3, b20)
        (GITHUB, "repo:contoso/pay:pull-request", "repo:contoso/pay:pull_request"),
        (GITHUB, "repo:contoso/pay:pullrequest", "repo:contoso/pay:pull_request"),
        (GITHUB, "repo:contoso/pay:Pull_Request", "repo:contoso/pay:pull_request"),
        (GITHUB, "repo:contoso@1/pay@2:pull-request", "repo:contoso@1/pay@2:pull_request"),
        (GITHUB, "repo:contoso/pay:ref:main", "repo:contoso/pay:ref:refs/heads/main"),
        (GITHUB, "repo:contoso/pay:ref:heads/main", "repo:contoso/pay:ref:refs/heads/main"),
        (GITHUB, "repo:contoso/pay:ref:refs/main", "repo:contoso/pay:ref:refs/heads/main"),
        (GITHUB, "repo:contoso/pay:ref:refs/branches/main", "repo:contoso/pay:ref:refs/heads/main"),
        (GITHUB, "repo:contoso/pay:ref:tags/v1", "repo:contoso/pay:ref:refs/tags/v1"),
        (GITHUB, "repo:contoso/pay:ref:v1.2", "repo:contoso/pay:ref:refs/tags/v1.2"),
        (GITHUB, "repo:contoso/pay:refs/heads/main", "repo:contoso/pay:ref:refs/heads/main"),
        (GITHUB, "repo:contoso/pay:ref/main", "repo:contoso/pay:ref:refs/heads/main"),
        (GITHUB, "repo:contoso/pay:branch:main", "repo:contoso/pay:ref:refs/heads/main"),
        (GITHUB, "repo:contoso/pay:tag:v1", "repo:contoso/pay:ref:refs/tags/v1"),
        (GITHUB, "repo:contoso/pay:env:prod", "repo:contoso/pay:environment:prod"),
        (GITHUB, "repo:contoso/pay:environment/prod", "repo:contoso/pay:environment:prod"),
        (GITHUB, "repo:contoso/pay/environment/prod", "repo:contoso/pay:environment:prod"),
        (GITHUB, "repo:contoso/pay:Environment:prod", "repo:contoso/pay:environment:prod"),
        (GITHUB, "repo:contoso/pay:job-workflow-ref:x", "repo:contoso/pay:job_workflow_ref:x"),
        (GITHUB, "repo:contoso/pay:main", "repo:contoso/pay:ref:refs/heads/main"),
        (GITHUB, "repo:contoso/pay:prod", ""),
        (GITHUB, "repo:contoso/pay:", ""),
        (GITHUB, "repo:contoso/pay:environment:", ""),
        (GITHUB, "repo:contoso/pay:ref", ""),
        (GITHUB, "Repo:contoso/pay:pull_request", "repo:contoso/pay:pull_request"),
        (GITHUB, "contoso/pay:ref:refs/heads/main", "repo:contoso/pay:ref:refs/heads/main"),
        (GITHUB, "repo:https://github.com/contoso/pay:pull_request", "repo:contoso/pay:pull_request"),
        (GITHUB, "https://github.com/contoso/pay:pull_request", "repo:contoso/pay:pull_request"),
        (GITHUB, "repo:contoso/pay.git:pull_request", "repo:contoso/pay:pull_request"),
        (GITHUB, "repo:contoso:pull_request", ""),
        (GITHUB, "repo:contoso@1/pay:pull_request", ""),
        (GITHUB, "repo:contoso@me/pay@2:pull_request", ""),
        (GITHUB, "repo:<owner>/<repo>:pull_request", ""),
        (GITHUB, "refs/heads/main", ""),
        (GITHUB + "/contoso", "repo:contoso/pay:pull-request", "repo:contoso/pay:pull_request"),
        ("https://token.actions.contoso.ghe.com", "repo:contoso/pay:ref:main", "repo:contoso/pay:ref:refs/heads/main"),
        ("https://github.contoso.com/_services/token", "repo:contoso/pay:ref:main", "repo:contoso/pay:ref:refs/heads/main"),
        # GitLab
        (GITLAB, "project_path:contoso/pay:ref_type:branch:ref:refs/heads/main", "project_path:contoso/pay:ref_type:branch:ref:main"),
        (GITLAB, "project:contoso/pay:ref_type:branch:ref:main", "project_path:contoso/pay:ref_type:branch:ref:main"),
        (GITLAB, "contoso/pay:ref_type:branch:ref:main", "project_path:contoso/pay:ref_type:branch:ref:main"),
        (GITLAB, "project_path:contoso/pay:branch:main", "project_path:contoso/pay:ref_type:branch:ref:main"),
        (GITLAB, "project_path:contoso/pay:ref_type:heads:ref:main", ""),
        (GITLAB, "project_path:contoso:ref_type:branch:ref:main", ""),
        (GITLAB, "project_path:contoso/pay:ref_type:branch:ref", ""),
        (
            "https://gitlab.contoso.com",
            "project_path:contoso/pay:ref_type:tag:ref:refs/tags/v1",
            "project_path:contoso/pay:ref_type:tag:ref:v1",
        ),
        # HCP Terraform
        (TERRAFORM, "organization:contoso:workspace:pay:run_phase:plan", ""),
        (TERRAFORM, "org:c:project:p:workspace:w:run_phase:plan", "organization:c:project:p:workspace:w:run_phase:plan"),
        (TERRAFORM, "organization:c:project:p:workspace:w:run-phase:Plan", ""),
        (TERRAFORM, "organization:c:project:p:workspace:w:run_phase:Plan", "organization:c:project:p:workspace:w:run_phase:plan"),
        (TERRAFORM, "organization:c:project:p:workspace:w", ""),
        # Kubernetes (M3, b121)
        (AKS, "system:serviceaccount:pay", ""),
        (AKS, "serviceaccount:pay:batch", "system:serviceaccount:pay:batch"),
        (AKS, "pay:batch", "system:serviceaccount:pay:batch"),
        (AKS, "pay/batch", "system:serviceaccount:pay:batch"),
        (AKS, "system:serviceaccounts:pay:batch", "system:serviceaccount:pay:batch"),
        (AKS, "system:serviceaccount:pay/batch", "system:serviceaccount:pay:batch"),
        (AKS, "system:serviceaccount:Pay:batch", "system:serviceaccount:pay:batch"),
        (AKS, "system:serviceaccount:pay:batch:x", ""),
        ("https://oidc.eks.eu-west-1.amazonaws.com/id/" + "0A" * 16, "pay:batch", "system:serviceaccount:pay:batch"),
        ("https://container.googleapis.com/v1/projects/p/locations/l/clusters/c", "batch", ""),
        # Azure DevOps (b29) and managed identities
        (ENTRA, "sc://contoso/pay/production", ""),
        (DEVOPS, "/eid1/c/pub/t/AAAA/a/BBBB/sc/1/2", ""),
        (DEVOPS, "SC://contoso/pay/production", "sc://contoso/pay/production"),
        (DEVOPS, "contoso/pay/production", "sc://contoso/pay/production"),
        (DEVOPS, "sc://contoso/pay", ""),
        (ENTRA, TENANT.upper(), TENANT),
        (ENTRA, "/subscriptions/x/resourceGroups/y/providers/Microsoft.ManagedIdentity/userAssignedIdentities/z", ""),
        # others
        (GOOGLE, "deploy@pay.iam.gserviceaccount.com", ""),
        (AWS, "deploy", ""),
        (BITBUCKET, f"{TENANT}:{OTHER}", f"{{{TENANT}}}:{{{OTHER}}}"),
        (BITBUCKET, "contoso/pay", ""),
        (CIRCLECI, "contoso/pay", ""),
        (CIRCLECI, f"org/{OTHER}/project/{OTHER}/user/{OTHER}", ""),
        # what belongs to another service
        (GITHUB, "project_path:contoso/pay:ref_type:branch:ref:main", ""),
        (GITHUB, "system:serviceaccount:pay:batch", ""),
        (GITLAB, "repo:contoso/pay:ref:refs/heads/main", ""),
        (ENTRA, "repo:contoso/pay:pull_request", ""),
    ],
)
def test_subjects_that_no_token_has_and_what_was_probably_meant(issuer: str, subject: str, likely: str) -> None:
    problem = subject_problem(issuer, subject)
    assert problem is not None
    assert problem.what
    assert problem.likely == likely
    assert not likely or subject_problem(issuer, likely) is None


# Real forms of the services' documentation, and of other issuers (sibling inputs of M3: none may be told).
@pytest.mark.parametrize(
    ("issuer", "subject"),
    [
        (GITHUB, "repo:octo-org/octo-repo:environment:Production"),
        (GITHUB, "repo:octo-org/octo-repo:environment:prod/eu/west"),
        (GITHUB, "repo:octo-org/octo-repo:environment:review apps (eu)"),
        (GITHUB, "repo:octo-org/octo-repo:environment:a:b:c"),
        (GITHUB, "repo:octo-org/octo-repo:environment:prod%3Aeu"),
        (GITHUB, "repo:octo-org/octo-repo:ref:refs/heads/feature/x-1"),
        (GITHUB, "repo:octo-org/octo-repo:ref:refs/tags/v1.2.3"),
        (GITHUB, "repo:octo-org/octo-repo:pull_request"),
        (GITHUB, "repo:octo-org/.github:ref:refs/heads/main"),
        (GITHUB, "repo:octo_user/octo.repo_1:ref:refs/heads/main"),
        (GITHUB, "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"),
        (GITHUB, "repo:octo-org@123456/octo-repo@456789:environment:prod"),
        (GITHUB, "repository_owner:octo-org"),
        (GITHUB, "repository_id:12345:environment:prod"),
        (GITHUB, "repo:octo-org/octo-repo:job_workflow_ref:octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main"),
        (GITHUB, "job_workflow_ref:octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main"),
        (GITHUB, "repo:octo-org/octo-repo:repository_visibility:internal:ref:refs/heads/main"),
        (GITHUB, "repo:octo-org/octo-repo:ref:refs/heads/main:repository_owner:octo-org:visibility:private"),
        (GITHUB, "repo:octo-org/octo-repo:actor:hubot:ref:refs/heads/main"),
        ("https://token.actions.githubusercontent.com/octo-enterprise", "repo:octo-org/octo-repo:ref:refs/heads/main"),
        ("https://token.actions.octocorp.ghe.com", "repo:octo-org/octo-repo:environment:prod"),
        ("https://ghe.contoso.com/_services/token", "repo:octo-org/octo-repo:ref:refs/heads/main"),
        (GITHUB, "enterprise:contoso:repo:octo-org/octo-repo:environment:prod"),
        (GITHUB, "repo:octo-org/octo-repo:ref:refs/heads/release/2026.11"),
        (GITHUB, "repo:octo-org/octo-repo:ref:refs/pull/12/merge"),
        (GITHUB, "repo:octo-org/octo-repo:environment:copilot"),
        (GITLAB, "project_path:my-group/my-project:ref_type:branch:ref:main"),
        (GITLAB, "project_path:my-group/sub/my-project:ref_type:tag:ref:v1.0"),
        (GITLAB, "project_path:mygroup/myproject:ref_type:branch:ref:feature/x"),
        (GITLAB, "project_id:123:ref_type:branch:ref:main"),
        (GITLAB, "project_path:mygroup/myproject"),
        (GITLAB, "project_path:mygroup/myproject:ref_type:branch:ref:main:environment_protected:true"),
        ("https://gitlab.contoso.com", "project_path:grp/prj:ref_type:branch:ref:main"),
        (GITLAB, "project_path:my.group/my_project:ref_type:branch:ref:refs/foo"),
        (DEVOPS, "sc://contoso/Project A/conn name"),
        (DEVOPS, "sc://contoso/proj/My-Conn (Prod) / 2"),
        (DEVOPS, "p://contoso/proj/pipeline"),
        (
            ENTRA,
            "/eid1/c/pub/t/Y1QpEuNfsEyAtqnoqH0O8g/a/AYuZSZk7KUWwjBxhypeYqA/sc/f3c95789-ace1-4954-ac5d-6baed2eac902/0c395789-ace1-4954-ac5d-6baed2eac902",
        ),
        (ENTRA, "/eid1/c/pub/t/Y1QpEuNfsEyAtqnoqH0O8g/a/qzXoWDkuqUa3l6zM5mM0Rw/n/plugin/e/0c395789-ace1-4954-ac5d-6baed2eac902/h/abc"),
        (ENTRA, "f3c95789-ace1-4954-ac5d-6baed2eac902"),
        (AKS, "system:serviceaccount:default:workload-identity-sa"),
        (AKS, "system:serviceaccount:kube-system:aws.load-balancer"),
        ("https://oidc.eks.us-east-2.amazonaws.com/id/D48675832CA65BD10A532F597AA11BB2", "system:serviceaccount:prod:api"),
        ("https://container.googleapis.com/v1/projects/p-1/locations/europe-west1-b/clusters/c1", "system:serviceaccount:prod:api"),
        (TERRAFORM, "organization:my-org:project:my project:workspace:prod-eu:run_phase:plan"),
        (TERRAFORM, "organization:my-org:project:Default Project:workspace:w:run_phase:apply"),
        ("https://app.eu.terraform.io", "organization:my-org:project:p:workspace:w:run_phase:apply"),
        ("https://accounts.google.com", "112633961854638529490"),
        ("https://oidc.contoso.com", "anything at all"),
        (
            "https://oidc.circleci.com/org/f3c95789-ace1-4954-ac5d-6baed2eac902",
            "org/f3c95789-ace1-4954-ac5d-6baed2eac902/project/0c395789-ace1-4954-ac5d-6baed2eac902/user/0c395789-ace1-4954-ac5d-6baed2eac902",
        ),
        ("https://f3c95789-ace1-4954-ac5d-6baed2eac902.tokens.sts.global.api.aws", "arn:aws:iam::123456789012:role/My/Role"),
        ("https://login.microsoftonline.us/f3c95789-ace1-4954-ac5d-6baed2eac902/v2.0", "0c395789-ace1-4954-ac5d-6baed2eac902"),
        ("https://login.partner.microsoftonline.cn/f3c95789-ace1-4954-ac5d-6baed2eac902/v2.0", "0c395789-ace1-4954-ac5d-6baed2eac902"),
        ("https://oidc.prod-aks.azure.com/x/", "system:serviceaccount:a:b"),
        ("https://spiffe.contoso.com", "spiffe://contoso/ns/a/sa/b"),
        ("https://contoso.okta.com", "0oa1b2c3"),
        ("https://kubernetes.default.svc.cluster.local", "system:serviceaccount:a:b"),
        ("https://contosostorage.z6.web.core.windows.net/", "system:serviceaccount:a:b"),
        ("https://s3.us-east-1.amazonaws.com/my-oidc", "system:serviceaccount:a:b"),
        ("https://oidc.op1.openshiftapps.com/2abc", "system:serviceaccount:ns:name"),
        ("https://buildkite.com", "organization:acme:pipeline:x:ref:refs/heads/main:commit:abc:step:"),
        ("https://agent.buildkite.com", "organization:acme:pipeline:x:ref:refs/heads/main:commit:abc:step:"),
        ("https://api.pulumi.com/oidc", "pulumi:deploy:org:contoso:project:p:stack:s:operation:update:scope:write"),
        ("https://oidc.vercel.com/acme", "owner:acme:project:site:environment:production"),
        ("https://app.spacelift.io", "space:x:stack:y:run_type:TRACKED:scope:write"),
        ("https://keycloak.contoso.com/realms/x", "0c395789-ace1-4954-ac5d-6baed2eac902"),
        ("https://cognito-identity.amazonaws.com", "us-east-1:0c395789-ace1-4954-ac5d-6baed2eac902"),
    ],
)
def test_2_m03_right_subjects_stay_silent(issuer: str, subject: str) -> None:
    assert subject_problem(issuer, subject) is None
    assert issuer_problem(issuer) is None


@pytest.mark.parametrize(
    ("issuer", "subject"),
    [
        (GITHUB, "repo:o/r:environment:"),
        (GITHUB, "repo:o/r:Pull_request"),
        (GITHUB, "repo:o/r:pull_requests"),
        (GITHUB, "repo:o/r:pr"),
        (GITHUB, "repo:o/r:refs/tags/v1"),
        (GITHUB, "repo:o/r:ref:refs/head/main"),
        (GITHUB, "repo:o/r:ref:refs/tag/v1"),
        (GITHUB, "repo:o/r:ref:refs\\heads\\main"),
        (GITHUB, "repo:o/r:branch/main"),
        (GITHUB, "repo: o/r:ref:refs/heads/main"),
        (GITHUB, "repo:o:r:ref:refs/heads/main"),
        (GITHUB, "repo=o/r:ref:refs/heads/main"),
        (GITHUB, "o/r:environment:prod"),
        (GITHUB, "repo:o/r:env/prod"),
        (GITHUB, "repo:o/r:environment=prod"),
        (GITHUB, "repo:o/r:environment :prod"),
        (GITHUB, "repo:o/r:ref: refs/heads/main"),
        (GITHUB, "repo:o/r:environment"),
        (GITHUB, "repo:o/r/ref/refs/heads/main"),
        (GITHUB, "repo:git@github.com:o/r:pull_request"),
        (GITHUB, "repo:o@1/r@:pull_request"),
        (GITHUB, "repo:o/r:ref:"),
        (GITHUB, "repo:o/r::ref:refs/heads/main"),
        (GITHUB, "repo:o/r:tag/v1"),
        (GITHUB, "repos:o/r:pull_request"),
        (GITHUB, "repo:o/r:push"),
        (GITHUB, "repo:o/r:workflow_dispatch"),
        (GITHUB, "repo:o/r:ref:HEAD"),
        (GITHUB, "REPO:o/r:PULL_REQUEST"),
        (GITLAB, "project_path:g/p:ref_type:branch:ref:"),
        (GITLAB, "project_path:g/p:ref:main:ref_type"),
        (GITLAB, "project_path:g/p:ref_type:Branch:ref:main"),
        (GITLAB, "Project_Path:g/p:ref_type:branch:ref:main"),
        (GITLAB, "project_path:https://gitlab.com/g/p:ref_type:branch:ref:main"),
        (GITLAB, "project-path:g/p:ref_type:branch:ref:main"),
        (GITLAB, "g/p"),
        (GITLAB, "project_path:g/p:tag:v1"),
        (GITLAB, "project_path:/g/p:ref_type:branch:ref:main"),
        (GITLAB, "project_path:g/p:ref_type:branches:ref:main"),
        (GITLAB, "project_path:g/p:ref_type:tags:ref:v1"),
        (DEVOPS, "sc:/contoso/p/c"),
        (DEVOPS, "sc://contoso"),
        (DEVOPS, "sc://p/c"),
        (DEVOPS, "https://dev.azure.com/contoso/p/c"),
        (DEVOPS, "sc://https://dev.azure.com/contoso/p/c"),
        (ENTRA, "sc://a/b/c"),
        (ENTRA, "f3c95789ace14954ac5d6baed2eac902"),
        (ENTRA, "{f3c95789-ace1-4954-ac5d-6baed2eac902}"),
        (ENTRA, "eid1/c/pub/t/x"),
        (ENTRA, "my-identity"),
        (AKS, "system:serviceaccount::sa"),
        (AKS, "system:serviceaccount:ns:"),
        (AKS, "system:serviceAccount:ns:sa"),
        (AKS, "system:serviceaccount:ns:sa_1"),
        (AKS, "system:serviceaccount ns:sa"),
        (AKS, "serviceaccount:ns/sa"),
        (TERRAFORM, "organization:o:project:p:workspace:w:run_phase:Apply"),
        (TERRAFORM, "organization:o:workspace:w:project:p:run_phase:plan"),
        (TERRAFORM, "organization:o:project:p:workspace:w:run_phase:"),
        (TERRAFORM, "o/p/w"),
        (TERRAFORM, "organisation:o:project:p:workspace:w:run_phase:plan"),
        (TERRAFORM, "organization:o:project:p:workspace:w:phase:plan"),
        ("https://accounts.google.com", "sa@p.iam.gserviceaccount.com"),
        (GITHUB, "repo:o/r:environment:eu:prod"),
        (GITHUB, "repo:o/r:ref:refs/heads/a:b"),
        (GITLAB, "project_path:g/p:ref_type:branch:ref:x:y"),
    ],
)
def test_2_m03_near_misses_are_told(issuer: str, subject: str) -> None:
    problem = subject_problem(issuer, subject)
    assert problem is not None
    assert not problem.likely or subject_problem(issuer, problem.likely) is None, "what is proposed can match"


@pytest.mark.parametrize(
    "issuer", ["https://idp.contoso.com", "https://contoso.eu.auth0.com/", "https://oidc.contoso.com/cluster", "", "x"]
)
@pytest.mark.parametrize("subject", ["repo:contoso/pay:pull-request", "serviceaccount:pay:batch", "sc://contoso/pay", "anything", ""])
def test_of_an_unknown_issuer_nothing_is_claimed(issuer: str, subject: str) -> None:
    assert service_of(issuer) is None
    assert subject_problem(issuer, subject) is None


ISSUERS = st.sampled_from([GITHUB, GITLAB, TERRAFORM, AKS, DEVOPS, ENTRA, GOOGLE, AWS, BITBUCKET, CIRCLECI])
WORDS = st.lists(
    st.sampled_from(
        [
            "repo",
            "o/r",
            "o@1/r@2",
            "ref",
            "refs/heads/x",
            "environment",
            "pull_request",
            "system",
            "serviceaccount",
            "sc://a/b/c",
            ":",
            "/",
            "",
            "é",
        ]
    )
).map(":".join)


@given(ISSUERS, WORDS | st.text(max_size=40))
def test_any_subject_can_be_judged_and_what_is_proposed_can_match(issuer: str, subject: str) -> None:
    problem = subject_problem(issuer, subject)
    if problem is not None and problem.likely:
        assert problem.likely != subject.strip()


@pytest.mark.parametrize(
    "subject", ["a." * 300, "system:serviceaccount:" + "a-" * 280, "repo:" + "a/" * 290, "x" * 100_000, "repo:o/r:" + "a:" * 290]
)
def test_long_subjects_are_judged_at_once(subject: str) -> None:
    for issuer in (GITHUB, AKS, GITLAB, TERRAFORM, DEVOPS):
        subject_problem(issuer, subject)  # a pattern that goes back and forth would not end
    assert subject_problem(GITHUB, "repo:" + "x" * 600) is None  # Entra ID refuses it: fic-whitespace-or-length


# -- issuers


@pytest.mark.parametrize(
    ("issuer", "service"),
    [
        (GITHUB, "GitHub"), (GITHUB + "/contoso", "GitHub"), ("https://token.actions.contoso.ghe.com", "GitHub"),
        ("https://github.contoso.com/_services/token", "GitHub"), (GITLAB, "GitLab"), ("https://gitlab.contoso.com", "GitLab"),
        (TERRAFORM, "HCP Terraform"), ("https://app.eu.terraform.io", "HCP Terraform"), (GOOGLE, "Google"), (ENTRA, "Microsoft Entra ID"),
        (f"https://login.microsoftonline.us/{TENANT}/v2.0", "Microsoft Entra ID"), (DEVOPS, "Azure DevOps"), (AKS, "Kubernetes"),
        ("https://oidc.eks.eu-west-1.amazonaws.com/id/" + "0A" * 16, "Kubernetes"), (AWS, "AWS"), (BITBUCKET, "Bitbucket"), (CIRCLECI, "CircleCI"),
        ("https://idp.contoso.com", None), ("https://contoso.eu.auth0.com/", None), ("https://Keycloak.contoso.com/realms/Pay", None),
    ],
)  # fmt: skip
def test_issuers_that_tokens_name(issuer: str, service: str | None) -> None:
    assert issuer_problem(issuer) is None
    assert service_of(issuer) == service


@pytest.mark.parametrize(
    ("issuer", "likely"),
    [
        (GITHUB + "/", GITHUB),  # b21
        (GITHUB + "//", GITHUB),
        (GITHUB + "/contoso/", GITHUB + "/contoso"),
        ("http://token.actions.githubusercontent.com", GITHUB),
        ("token.actions.githubusercontent.com", GITHUB),
        ("https://Token.Actions.GitHubUserContent.com", GITHUB),
        (GITHUB + "/.well-known/openid-configuration", GITHUB),
        ("https://github.com", GITHUB),
        ("https://github.com/login/oauth", GITHUB),
        ("https://github.contoso.com/_services/token/", "https://github.contoso.com/_services/token"),
        ("https://GitLab.com", GITLAB),
        ("https://app.terraform.io/", TERRAFORM),
        ("accounts.google.com", GOOGLE),
        (AKS.rstrip("/"), AKS),  # b23
        (AKS + "/", AKS),
        ("https://oidc.eks.eu-west-1.amazonaws.com/id/" + "0a" * 16 + "/", "https://oidc.eks.eu-west-1.amazonaws.com/id/" + "0A" * 16),
        (ENTRA + "/", ENTRA),
        (ENTRA.removesuffix("/v2.0"), ENTRA),
        (ENTRA.replace(TENANT, TENANT.upper()), ENTRA),
        (f"https://sts.windows.net/{TENANT}/", ENTRA),
        ("https://login.microsoftonline.com/common/v2.0", ""),
        ("https://login.microsoftonline.com/contoso.com/v2.0", ""),
        (DEVOPS + "/", DEVOPS),
        ("https://vstoken.dev.azure.com/contoso", ""),
        ("https://app.vstoken.visualstudio.com", ""),
        ("http://idp.contoso.com", "https://idp.contoso.com"),
        ("https://idp.contoso.com/.well-known/openid-configuration", "https://idp.contoso.com"),
        ("https://idp.contoso.com/?tenant=1", ""),
        ("String", ""),
    ],
)
def test_issuers_that_no_token_names(issuer: str, likely: str) -> None:
    problem = issuer_problem(issuer)
    assert problem is not None
    assert problem.likely == likely
    assert not likely or issuer_problem(likely) is None


@given(
    st.text(max_size=60)
    | st.builds(
        lambda host, rest: f"https://{host}/{rest}",
        st.sampled_from(["gitlab.com", "login.microsoftonline.com", "vstoken.dev.azure.com"]),
        st.text(max_size=20),
    )
)
def test_any_issuer_can_be_judged(issuer: str) -> None:
    problem = issuer_problem(issuer)
    assert problem is None or not problem.likely or issuer_problem(problem.likely) is None
    assert issuing_tenant(issuer) is None or service_of(issuer) == "Microsoft Entra ID"


# -- what a user is told


def found(folder: Path, *credentials: dict[str, Any], app: dict[str, Any] | None = None, **tenant: Any) -> dict[str, dict[str, Any]]:
    """Rule -> its finding, of one application with these credentials."""
    of = {"id": "0b000000-1111-4111-8111-111111111111", "appId": "aaaaaaaa-1111-4111-8111-111111111111", "displayName": "Payroll",
          "signInAudience": "AzureADMyOrg", **(app or {})}  # fmt: skip
    of["federatedIdentityCredentials"] = [
        {"name": f"deploy-{n}", "audiences": ["api://AzureADTokenExchange"], **one} for n, one in enumerate(credentials)
    ]
    ran = regaudit(
        "scan", write(folder / "tenant.json", {"applications": [of], **tenant}), "--output-format", "json", "--as-of", "2026-01-01"
    )
    rows = [row for row in ran.json["findings"] if row["status"] == "fail" and row["rule_id"].startswith("fic-")]
    assert len({row["rule_id"] for row in rows}) == len(rows)
    return {row["rule_id"]: row for row in rows}


def test_m3_a_near_miss_is_told_with_what_was_meant(tmp_path: Path) -> None:
    github = found(tmp_path, {"issuer": GITHUB, "subject": "repo:contoso/orders:ref:main"})["fic-github-subject"]
    assert github["severity"] == "high"
    assert "refs/heads/BRANCH" in github["message"]
    assert github["message"].endswith("probably repo:contoso/orders:ref:refs/heads/main")
    aks = found(tmp_path, {"issuer": AKS, "subject": "system:serviceaccount:orders"})
    assert "system:serviceaccount:NAMESPACE:NAME" in aks["fic-kubernetes-subject"]["message"]


def test_one_fault_is_one_finding(tmp_path: Path) -> None:
    assert list(found(tmp_path, {"issuer": GITHUB, "subject": "repo:contoso/orders:pull-request"})) == ["fic-github-subject"]
    assert list(found(tmp_path, {"issuer": GITHUB, "subject": "repo:contoso@1/orders@2:ref:refs/heads/*"})) == ["fic-wildcard-subject"]
    assert list(found(tmp_path, {"issuer": GITHUB + "/", "subject": "repo:contoso@1/orders@2:environment:prod"})) == ["fic-issuer"]
    assert list(found(tmp_path, {"issuer": ENTRA, "subject": "sc://contoso/pay/prod"})) == ["fic-ado-subject"]
    assert list(found(tmp_path, {"issuer": GITHUB, "subject": "sc://contoso/pay/prod"})) == ["fic-github-subject"]
    assert list(found(tmp_path, {"issuer": ENTRA, "subject": "repo:contoso/pay:pull_request"})) == ["fic-managed-identity-subject"]


def test_m4_ids_of_owner_and_repository(tmp_path: Path) -> None:
    assert not found(tmp_path, {"issuer": GITHUB, "subject": "repo:contoso@219859934/pay@1309247986:environment:production"})
    names = found(tmp_path, {"issuer": GITHUB, "subject": "repo:contoso/pay:environment:production"})
    assert {rule: row["severity"] for rule, row in names.items()} == {"fic-github-names": "info"}
    for squattable in ("repo:contoso-219859934/pay-1309247986:environment:production", "repo:219859934/1309247986:environment:production"):
        assert found(tmp_path, {"issuer": GITHUB, "subject": squattable})["fic-github-names"]["severity"] == "medium"
    for name in ("repo:contoso-2024/pay-1309247986:pull_request", "repo:contoso-219859934/pay:pull_request"):
        assert found(tmp_path, {"issuer": GITHUB, "subject": name})["fic-github-names"]["severity"] == "info"
    assert show("repo:contoso@219859934/pay@1309247986:pull_request") == "repo:contoso@219859934/pay@1309247986:pull_request"


def test_a_subject_that_every_repository_can_have(tmp_path: Path) -> None:
    assert found(tmp_path, {"issuer": GITHUB, "subject": "environment:production"})["fic-github-broad"]["severity"] == "high"
    assert "fic-github-broad" not in found(
        tmp_path, {"issuer": GITHUB, "subject": "repository_owner_id:1:repository_id:2:environment:production"}
    )


def principals(**more: Any) -> dict[str, Any]:
    identity = {"id": "5b000000-2222-4222-8222-222222222222", "appId": "cccccccc-2222-4222-8222-222222222222", "displayName": "pay",
                "servicePrincipalType": "ManagedIdentity"}  # fmt: skip
    return {"organization": [{"id": TENANT}], "servicePrincipals": [identity], **more}


def test_m5_the_client_id_of_a_managed_identity(tmp_path: Path) -> None:
    tenant = principals()
    wrong = found(tmp_path, {"issuer": ENTRA, "subject": "cccccccc-2222-4222-8222-222222222222"}, **tenant)
    assert wrong["fic-managed-identity-subject"]["severity"] == "high"
    assert "object (principal) ID" in wrong["fic-managed-identity-subject"]["message"]
    assert not found(tmp_path, {"issuer": ENTRA, "subject": "5b000000-2222-4222-8222-222222222222"}, **tenant)
    assert not found(tmp_path, {"issuer": ENTRA, "subject": "dddddddd-2222-4222-8222-222222222222"}, **tenant)  # nobody's client ID


def test_m6_a_managed_identity_of_another_tenant(tmp_path: Path) -> None:
    elsewhere = ENTRA.replace(TENANT, OTHER)
    row = found(tmp_path, {"issuer": elsewhere, "subject": "5b000000-3333-4333-8333-333333333333"}, **principals())["fic-other-tenant"]
    assert row["severity"] == "medium"
    assert OTHER in row["message"]
    ours = found(tmp_path, {"issuer": elsewhere, "subject": "5b000000-2222-4222-8222-222222222222"}, **principals())["fic-other-tenant"]
    assert ours["severity"] == "high"  # the identity is here, so the tenant in the issuer is wrong
    assert not found(tmp_path, {"issuer": elsewhere, "subject": "/eid1/c/pub/t/AAAA/a/BBBB/sc/1/2"}, **principals())
    assert not found(
        tmp_path, {"issuer": elsewhere, "subject": "5b000000-3333-4333-8333-333333333333"}
    )  # whose tenant this is, nobody said


def test_the_issuer_of_azure_devops_ends(tmp_path: Path) -> None:
    one = {"issuer": DEVOPS, "subject": "sc://contoso/pay/prod"}
    assert found(tmp_path, one)["fic-issuer-retiring"]["severity"] == "low"
    assert not found(tmp_path, one, app={"signInAudience": "AzureADMultipleOrgs"})


def test_which_value_entra_id_refuses_is_named(tmp_path: Path) -> None:
    def said(**one: str) -> str:
        row = found(tmp_path, {"issuer": GITHUB, "subject": "repo:c@1/p@2:environment:x", **one})["fic-whitespace-or-length"]
        return str(row["message"])

    assert "the name 'ci' is not 3 to 120" in said(name="ci")
    assert "the subject begins or ends with a space" in said(subject="repo:c@1/p@2:environment:x ")
    assert "the issuer begins or ends with a space" in said(issuer=f" {GITHUB}")
    assert "the subject has 700 characters" in said(subject="repo:c@1/p@2:environment:".ljust(700, "x"))


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases of others' reports are not here")
@pytest.mark.parametrize(
    ("case", "rules"),
    [
        ("b20-fic-pull-request", {"fic-github-subject"}),
        ("b21-fic-slash", {"fic-issuer"}),
        ("b23-fic-aks-no-slash", {"fic-issuer"}),
        ("b26-fic-immutable", set()),
        ("b28-fic-custom-subject", set()),
        ("b29-fic-ado-old-subject", {"fic-ado-subject"}),
        ("b31-fic-msi-app", {"fic-managed-identity-subject"}),
        ("b121-fic-aks-subject", {"fic-kubernetes-subject"}),
        ("precision/M03_fic_subject", {"fic-github-subject", "fic-kubernetes-subject"}),
    ],
)
def test_cases(case: str, rules: set[str]) -> None:
    rows = json.loads(regaudit("scan", CASES / case, "--output-format", "json").stdout)["findings"]
    told = {row["rule_id"] for row in rows if row["status"] == "fail" and row["severity"] == "high" and row["rule_id"].startswith("fic-")}
    assert told == rules
