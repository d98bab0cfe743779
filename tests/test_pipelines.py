"""The places where people run regaudit: the action, the templates, the pre-commit hook, the image, the release.

Their shell lines are run by bash with the variables that the system would set. What lints and builds them is external: `make external`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from tests.fake_graph import FakeGraph, made_up
from tests.helpers import ROOT
from tests.test_docs import DOCS, FENCE

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
COMPONENTS = {path.stem: list(yaml.safe_load_all(path.read_text("utf-8"))) for path in ROOT.glob("templates/*.yml")}
TEMPLATES = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in ROOT.glob("azure-pipelines/*.yml")}
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
EXAMPLES: dict[str, dict[str, Any]] = {
    f"{page} {found['text'].partition(':')[0]}": yaml.safe_load(found["text"])
    for page in ("ci-files", "ci-tenants")
    for found in FENCE.finditer((DOCS / f"{page}.md").read_text("utf-8"))
    if found["words"] == "yaml"
}
TOOLS = os.environ.get("REGAUDIT_PIPELINES", "")
needs_bash = pytest.mark.skipif(os.name == "nt", reason="the shell lines are run by bash")


def test_the_examples_are_found() -> None:
    names = [name for name in EXAMPLES if name.startswith("ci-files")]
    assert names == ["ci-files name", "ci-files resources", "ci-files include", "ci-files repos"]
    assert [name for name in EXAMPLES if name.startswith("ci-tenants")] == ["ci-tenants name", "ci-tenants trigger", "ci-tenants include"]


# -- what examples name is there


def used(key: str, value: object) -> Iterator[dict[str, Any]]:
    """Every mapping of a document that has this key."""
    if isinstance(value, dict):
        if key in value:
            yield value
        for inner in value.values():
            yield from used(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from used(key, inner)


def required(inputs: dict[str, Any]) -> set[str]:
    return {name for name, of in inputs.items() if "default" not in (of or {})}


def test_examples_use_what_there_is() -> None:
    seen = []
    for example in EXAMPLES.values():
        for step in used("uses", example):
            if step["uses"].startswith("contoso/regaudit@"):
                assert step["with"].keys() <= ACTION["inputs"].keys()
                seen.append("action")
        for include in used("component", example):
            component, version = include["component"].rpartition("/")[2].split("@")
            inputs = COMPONENTS[component][0]["spec"]["inputs"]
            assert required(inputs) <= include["inputs"].keys() <= inputs.keys()
            assert re.fullmatch(r"\d+\.\d+\.\d+", version)
            seen.append(f"component {component}")
        for step in used("template", example):
            folder, _, name = step["template"].removesuffix("@regaudit").partition("/")
            assert folder == "azure-pipelines"
            parameters = {of["name"]: of for of in TEMPLATES[name.removesuffix(".yml")]["parameters"]}
            assert required(parameters) <= step["parameters"].keys() <= parameters.keys()
            seen.append(f"template {name}")
        for repository in example.get("repos", ()):
            assert [hook["id"] for hook in repository["hooks"]] == [hook["id"] for hook in HOOKS]
            seen.append("hook")
    assert sorted(seen) == [
        "action", "action", "component files", "component tenant", "hook", "template files.yml", "template tenant.yml"
    ]  # fmt: skip


def test_the_page_has_every_input_of_the_action() -> None:
    table = re.findall(r"^\| ((?:`[\w-]+`(?:, )?)+) \|", (DOCS / "ci-files.md").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"`([\w-]+)`", " ".join(table))) == set(ACTION["inputs"])


# -- pins


def test_actions_are_pinned_by_one_commit_each() -> None:
    commits: dict[str, set[str]] = {}
    for path in (*WORKFLOWS, ROOT / "action.yml", DOCS / "ci-files.md", DOCS / "ci-tenants.md"):
        for name, at in re.findall(r"uses: ([\w./-]+)@(.+)", path.read_text("utf-8")):
            assert re.fullmatch(r"[0-9a-f]{40} # (v\d+\.\d+\.\d+|the commit of the version)", at), f"{path.name}: {name}@{at}"
            commits.setdefault(name, set()).add(at)
    assert {name: at for name, at in commits.items() if len(at) > 1} == {}
    assert len(commits) > 5


def test_one_image_for_all() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    images = set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))
    images |= {spec["spec"]["inputs"]["image"]["default"] for spec, _ in COMPONENTS.values()}
    assert len(images) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", images.pop())


def test_every_dependency_is_constrained() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    pins = {}
    for line in (ROOT / ".ci/constraints.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            pin = Requirement(line)
            pins[pin.name.lower()] = Version(str(pin.specifier).removeprefix("=="))
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    needed += [line for extra in ("live", "xlsx") for line in project["project"]["optional-dependencies"][extra]]
    for requirement in map(Requirement, needed):
        assert pins[requirement.name.lower()] in requirement.specifier, f"renew .ci/constraints.txt: {requirement}"


# -- the shell lines


class Job:
    """A repository in which a system runs shell lines, with `regaudit` on PATH."""

    def __init__(self, folder: Path) -> None:
        self.repository, self.temp, self.bin = folder / "repository", folder / "temp", folder / "bin"
        for path in (self.repository, self.temp, self.bin):
            path.mkdir()
        shutil.copytree(ROOT / "sample_manifests/careless", self.repository / "my manifests")
        (self.bin / "regaudit").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m auditor "$@"\n')
        (self.bin / "regaudit").chmod(0o755)

    def run(self, script: str, *flags: str, **env: str) -> subprocess.CompletedProcess[str]:
        """As a file, as all of these systems do."""
        (self.temp / "script.sh").write_text(script)
        return subprocess.run(
            ["bash", "--noprofile", "--norc", *flags, str(self.temp / "script.sh")],
            env={"PATH": f"{self.bin}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(self.temp), **env},
            cwd=self.repository, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def report(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return found


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


@pytest.fixture(scope="module")
def graph() -> Iterator[FakeGraph]:
    pytest.importorskip("msgraph")
    with FakeGraph(made_up(5, seed=3)) as graph:
        yield graph


def of_the_fake(graph: FakeGraph) -> str:
    return f"--graph-url={graph.url}\n--authority={graph.authority}\n--ca-bundle={graph.ca}\n--as-of=2026-11-24\n"


def filled(values: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    """The variables of a step, with what expressions such as `${{ inputs.tenant }}` stand for."""
    return {name: re.sub(r"\$(?:\{\{ ([\w.-]+) \}\}|\[\[ ([\w.-]+) \]\])", lambda found: names[found[1] or found[2]], value)
            for name, value in values.items()}  # fmt: skip


ARGUMENTS = "my manifests\n\n--as-of=2026-11-24\n--ignore=tenant,sign-ins\n"
HOSTILE = "$(touch owned)\n`touch owned`\n; touch owned\n*\n"


def audit(job: Job, arguments: str, tenant: str = "", client: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """The step of the action that audits."""
    (step,) = (step for step in ACTION["runs"]["steps"] if step.get("id") == "audit")
    names = {
        "inputs.arguments": arguments, "inputs.tenant": tenant, "inputs.client-id": client,
        "steps.install.outputs.regaudit": str(job.bin / "regaudit"),
    }  # fmt: skip
    (job.temp / "summary").touch()
    github = {"RUNNER_TEMP": str(job.temp), "GITHUB_OUTPUT": str(job.temp / "output"), "GITHUB_STEP_SUMMARY": str(job.temp / "summary")}
    return job.run(step["run"], "-eo", "pipefail", **github, **filled(step["env"], names), **env)


@needs_bash
def test_the_action_audits_files(job: Job) -> None:
    ran = audit(job, ARGUMENTS)
    assert ran.returncode == 1, ran.stderr
    assert re.search(r"^::error .*file=my manifests/", ran.stdout, re.MULTILINE)
    assert (job.temp / "summary").read_text().startswith("<!-- Report of regaudit ")
    outputs = dict(line.split("=", 1) for line in (job.temp / "output").read_text().splitlines())
    assert outputs.keys() == ACTION["outputs"].keys()
    assert job.report(Path(outputs["report"]))["summary"]["gate"]["failed"]
    assert job.report(Path(outputs["sarif"]))["version"] == "2.1.0"


@needs_bash
def test_the_action_audits_the_repository_if_nothing_is_said(job: Job) -> None:
    assert audit(job, "").returncode == 1
    assert job.report(job.temp / "regaudit.json")["applications"]


@needs_bash
@pytest.mark.parametrize("arguments", ["--tenant=x.example\n--auth=cli", "my manifests\n--fail-on=nothing"])
def test_the_action_cannot_audit(job: Job, arguments: str) -> None:
    (job.temp / "regaudit.sarif").write_text("of an earlier step")
    assert audit(job, arguments, PATH=f"{job.bin}:/usr/bin:/bin").returncode == 2
    assert not (job.temp / "output").exists(), "nothing to upload"


@pytest.mark.slow
@needs_bash
def test_the_action_signs_in_to_a_tenant(job: Job, graph: FakeGraph) -> None:
    github = {"ACTIONS_ID_TOKEN_REQUEST_URL": graph.github_url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": graph.pipeline_token}
    ran = audit(job, of_the_fake(graph), graph.tenant_id, graph.client_id, **github)
    assert ran.returncode in (0, 1), ran.stderr
    assert job.report(job.temp / "regaudit.json")["tenants"][0]["tenant_id"] == graph.tenant_id
    assert graph.federated_token not in ran.stdout + ran.stderr
    refused = audit(job, of_the_fake(graph), graph.tenant_id, graph.client_id)
    assert refused.returncode == 2
    assert "`permissions: id-token: write`" in refused.stderr


def gitlab(job: Job, component: str, inputs: dict[str, str], **env: str) -> subprocess.CompletedProcess[str]:
    spec, jobs = COMPONENTS[component]
    (described,) = jobs.values()
    given = {name: of["default"] for name, of in spec["spec"]["inputs"].items() if "default" in of} | inputs
    variables = filled(described["variables"], {f"inputs.{name}": value for name, value in given.items()})
    return job.run("\n".join(described["script"]), "-eo", "pipefail", TMPDIR=str(job.temp), **variables, **env)


@needs_bash
def test_the_component_audits_files(job: Job) -> None:
    ran = gitlab(job, "files", {"package": "x", "arguments": ARGUMENTS})
    assert ran.returncode == 1, ran.stderr
    artifacts = COMPONENTS["files"][1]["regaudit"]["artifacts"]
    for name in (*artifacts["paths"], *artifacts["reports"].values()):
        assert (job.repository / name).stat().st_size > 100


@pytest.mark.slow
@needs_bash
def test_the_component_signs_in_to_a_tenant(job: Job, graph: FakeGraph) -> None:
    inputs = {"package": "x", "tenant": graph.tenant_id, "client-id": graph.client_id, "arguments": of_the_fake(graph)}
    ran = gitlab(job, "tenant", inputs, REGAUDIT_ID_TOKEN=graph.federated_token)
    assert ran.returncode in (0, 1), ran.stderr
    assert job.report(job.repository / "regaudit.json")["tenants"][0]["tenant_id"] == graph.tenant_id
    assert [path.name for path in job.temp.iterdir()] == ["script.sh"], "the token stays in no file"


def azure(job: Job, template: str, parameters: dict[str, str], **env: str) -> subprocess.CompletedProcess[str]:
    steps: list[dict[str, Any]] = TEMPLATES[template]["steps"]
    (step,) = (step for step in steps if step.get("displayName") == "Audit")
    variables = filled(step["env"], {f"parameters.{name}": value for name, value in parameters.items()})
    script = step["bash"] if "bash" in step else step["inputs"]["inlineScript"]
    return job.run(script, AGENT_TEMPDIRECTORY=str(job.temp), **variables | env)


@needs_bash
def test_the_template_audits_files(job: Job) -> None:
    ran = azure(job, "files", {"arguments": ARGUMENTS})
    assert ran.returncode == 1, ran.stderr
    assert "##vso[task.logissue type=error;sourcepath=my manifests/" in ran.stdout
    published = re.findall(r"\$\(Agent\.TempDirectory\)/(\S+)", (ROOT / "azure-pipelines/files.yml").read_text("utf-8"))
    assert published
    for name in published:
        assert (job.temp / name).stat().st_size > 100


@pytest.mark.slow
@needs_bash
def test_the_template_signs_in_to_a_tenant(job: Job, graph: FakeGraph) -> None:
    of_the_task = {
        "AZURESUBSCRIPTION_TENANT_ID": graph.tenant_id, "AZURESUBSCRIPTION_CLIENT_ID": graph.client_id,
        "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "x", "SYSTEM_OIDCREQUESTURI": f"{graph.url}/pipelines/oidc",
        "SYSTEM_ACCESSTOKEN": graph.pipeline_token,
    }  # fmt: skip
    ran = azure(job, "tenant", {"tenant": graph.tenant_id, "arguments": of_the_fake(graph)}, **of_the_task)
    assert ran.returncode in (0, 1), ran.stderr
    assert job.report(job.temp / "regaudit.json")["tenants"][0]["tenant_id"] == graph.tenant_id


@needs_bash
@pytest.mark.parametrize("system", ["action", "component", "template"])
def test_no_argument_is_obeyed_by_the_shell(job: Job, system: str) -> None:
    run = {
        "action": lambda: audit(job, HOSTILE),
        "component": lambda: gitlab(job, "files", {"package": "x", "arguments": HOSTILE}),
        "template": lambda: azure(job, "files", {"arguments": HOSTILE}),
    }
    ran = run[system]()
    assert ran.returncode == 2
    assert "$(touch owned)" in ran.stderr
    assert not (job.repository / "owned").exists()


def test_no_expression_is_in_a_shell_line() -> None:
    """What a system writes into a script is obeyed; what it writes into a variable is not."""
    scripts = [step["run"] for step in used("run", ACTION)]
    for workflow in WORKFLOWS:
        scripts += [step["run"] for step in used("run", yaml.safe_load(workflow.read_text("utf-8")))]
    for template in TEMPLATES.values():
        scripts += [step["bash"] for step in used("bash", template)] + [step["inlineScript"] for step in used("inlineScript", template)]
    for _, jobs in COMPONENTS.values():
        scripts += [line for of in jobs.values() for line in (*of["before_script"], *of["script"])]
    assert len(scripts) > 10
    assert [line for line in scripts if re.search(r"\$\{\{|\$\[\[|\$\(\w+\.\w+\)", line)] == []


# -- external: linters, pre-commit, what installs


def tool(name: str, *arguments: str, cwd: Path = ROOT, **env: str) -> str:
    """What a tool of `make external` prints; it must succeed."""
    if not TOOLS:
        pytest.skip("run by `make external`")
    path = f"{TOOLS}:{os.environ['PATH']}"
    ran = subprocess.run(
        [f"{TOOLS}/{name}", *arguments], cwd=cwd, env={**os.environ, "PATH": path, **env}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{name}: {ran.stdout}{ran.stderr}"
    return ran.stdout + ran.stderr


def written(folder: Path, kind: str) -> list[str]:
    """Files with the examples of the docs that have this key, as users would have them."""
    files = []
    for page in ("ci-files", "ci-tenants"):
        for found in FENCE.finditer((DOCS / f"{page}.md").read_text("utf-8")):
            if found["words"] == "yaml" and kind in yaml.safe_load(found["text"]):
                file = folder / f".github/workflows/{page}.yml" if kind == "jobs" else folder / f"{page}-{kind}.yml"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(found["text"])
                files.append(str(file))
    assert files
    return files


@pytest.mark.external
def test_each_system_takes_the_files(tmp_path: Path) -> None:
    """By its schema."""
    components = []
    for name, (_, jobs) in COMPONENTS.items():  # the schema does not know the header of a component
        file = tmp_path / f"component-{name}.yml"
        file.write_text(yaml.safe_dump(jobs))
        components.append(str(file))
    of = {
        "github-workflows": [*map(str, WORKFLOWS), *written(tmp_path, "jobs")],
        "github-actions": ["action.yml"],
        "dependabot": [".github/dependabot.yml"],
        "azure-pipelines": [*map(str, ROOT.glob("azure-pipelines/*.yml")), *written(tmp_path, "steps")],
        "gitlab-ci": [*components, *written(tmp_path, "include")],
    }
    for schema, files in of.items():
        tool("check-jsonschema", "--regex-variant", "nonunicode", "--builtin-schema", f"vendor.{schema}", *files)
    tool("pre-commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml"))
    tool("pre-commit", "validate-config", *written(tmp_path, "repos"))


@pytest.mark.external
def test_linters_find_nothing(tmp_path: Path) -> None:
    examples = written(tmp_path, "jobs")
    tool("zizmor", "--offline", "--no-progress", str(ROOT / ".github"), str(ROOT / "action.yml"), *examples)
    tool("actionlint", "-shellcheck=", *map(str, WORKFLOWS), *examples)
    tool("hadolint", "Dockerfile")


@pytest.mark.external
def test_linters_find_something(tmp_path: Path) -> None:
    """The test above cannot pass because they did not look."""
    text = Path(written(tmp_path, "jobs")[0]).read_text()
    bad = tmp_path / ".github/workflows/bad.yml"
    bad.write_text(text + "      - run: echo ${{ github.event.pull_request.title }}\n      - uses: actions/checkout@v6\n        wiht: {}\n")
    schema = ["--builtin-schema", "vendor.github-workflows"]
    for name, *arguments in (["zizmor", "--offline"], ["actionlint", "-shellcheck="], ["check-jsonschema", *schema]):
        with pytest.raises(AssertionError, match=r"title|wiht"):
            tool(name, *arguments, str(bad))


def tracked(target: Path, names: list[str]) -> None:
    """A copy of a part of the checkout, without what was compiled."""
    for name in names:
        source = ROOT / name
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)


def build_context() -> list[str]:
    """What .dockerignore leaves of the checkout."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "**" in lines
    return [line[1:] for line in lines if line.startswith("!")]


@pytest.mark.external
def test_pre_commit_finds_what_a_scan_finds(tmp_path: Path, job: Job) -> None:
    """In a repository with a connector and its registrations in two folders, installed by pre-commit as the page says."""
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main")
    hooks, repository = tmp_path / "regaudit", tmp_path / "two folders"
    tracked(hooks, [*build_context(), ".pre-commit-hooks.yaml"])
    shutil.copytree(ROOT / "sample_downloads/pair-redirect-uri-of-another-environment/connector", repository / "connector")
    (repository / "manifests").mkdir()
    for file in (ROOT / "sample_downloads/pair-redirect-uri-of-another-environment").glob("*.json"):
        shutil.copy(file, repository / "manifests")
    (repository / "package.json").write_text("{}")
    config = yaml.safe_load(Path(written(tmp_path, "repos")[0]).read_text())
    config["repos"][0] |= {"repo": str(hooks)}
    config["repos"][0]["hooks"][0]["args"] = [
        ".",
        "--as-of=2026-11-24",
        "--output-format=text",
        f"--output-format=json={tmp_path}/hook.json",
    ]
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    for folder in (hooks, repository):
        subprocess.run([*git, "init", "-q"], cwd=folder, check=True)
        subprocess.run([*git, "add", "."], cwd=folder, check=True)
        subprocess.run([*git, "commit", "-qm", "x"], cwd=folder, check=True)
        subprocess.run([*git, "tag", config["repos"][0]["rev"]], cwd=folder, check=True)
    with pytest.raises(AssertionError, match=r"1 medium|1 high") as failed:
        tool("pre-commit", "run", "--all-files", cwd=repository, PRE_COMMIT_HOME=str(tmp_path / "home"))
    hooked = json.loads((tmp_path / "hook.json").read_text())
    job.run(f"cd {shlex.quote(str(repository))}; regaudit scan . --as-of 2026-11-24 --output-format json={tmp_path}/scan.json")
    scanned = json.loads((tmp_path / "scan.json").read_text())
    assert hooked["findings"] == scanned["findings"]
    assert any(row["rule_id"].startswith("connector-") for row in hooked["findings"])
    assert str(failed.value).count("at or above --fail-on") == 1, "one process"


@pytest.mark.external
def test_the_action_installs_its_own_version(tmp_path: Path, job: Job) -> None:
    """And nothing of the repository that it audits runs meanwhile."""
    if not TOOLS:
        pytest.skip("run by `make external`")
    tracked(tmp_path / "action", build_context())
    for name in ("venv", "pip", "auditor", "click"):
        (job.repository / f"{name}.py").write_text("open('owned', 'w')")
    (step,) = (step for step in ACTION["runs"]["steps"] if step.get("id") == "install")
    variables = filled(step["env"], {"steps.python.outputs.python-path": sys.executable, "inputs.tenant": ""})
    github = {"RUNNER_TEMP": str(job.temp), "GITHUB_OUTPUT": str(job.temp / "output"), "GITHUB_ACTION_PATH": str(tmp_path / "action")}
    installed = job.run(step["run"], "-eo", "pipefail", **github, **variables, PYTHONPATH="")
    assert installed.returncode == 0, installed.stderr
    regaudit = (job.temp / "output").read_text().strip().removeprefix("regaudit=")
    ran = job.run(f"{shlex.quote(regaudit)} scan . --fail-on never", PYTHONPATH="")
    assert ran.returncode == 0, ran.stderr
    assert not (job.repository / "owned").exists()


@pytest.mark.external
def test_the_image_can_be_built(tmp_path: Path) -> None:
    """The lines of the Dockerfile's first stage, run without Docker in a copy of what it would send. Half a gigabyte is not unpacked."""
    if not TOOLS:
        pytest.skip("run by `make external`")
    source = tmp_path / "src"
    tracked(source, build_context())
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "python")], check=True)
    stage = (ROOT / "Dockerfile").read_text("utf-8").split("\nFROM ")[1].replace("\\\n", " ")
    wheel, install = re.findall(r"^RUN (.+)", stage, re.MULTILINE)
    env = {**os.environ, "PATH": f"{tmp_path / 'python/bin'}:{os.environ['PATH']}"}
    printed = ""
    for line, more in ((wheel, {}), (install, {"PIP_DRY_RUN": "1"})):
        moved = line.replace("/wheels", str(tmp_path / "wheels")).replace("/opt/regaudit", str(tmp_path / "regaudit"))
        printed = subprocess.run(["sh", "-c", moved], cwd=source, env=env | more, check=True, capture_output=True, text=True).stdout
    would = printed.partition("Would install ")[2]
    assert re.search(r"\bregaudit-\d", would)
    assert re.search(r"\bmsgraph-sdk-\d", would)
    assert re.search(r"\bazure-identity-\d", would)
