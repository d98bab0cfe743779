"""The figures of escalation paths in docs/benchmarks.md: `python -m benchmarks.paths [REGISTRATIONS]` (default 100000).

A joined tenant with two service principals and ten delegated grants a registration, half as many rows of directory roles and groups as
registrations, an owner each, and a permission that leads on for one service principal of a hundred. A process reads and joins it, another one
searches it besides. Ratios of two things of one run, by CPU time.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks import joined

_ROLES = ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "729827e3-9c14-49f7-bb1b-9608f156bbb8", "88d8e3e3-8f55-4a1e-953a-9b9898b8876b")
_GRANTED = (
    "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",  # RoleManagement.ReadWrite.Directory, Application.ReadWrite.All
    *("18a4783c-866b-4cc7-a460-3d5e5662c884",) * 18,  # Application.ReadWrite.OwnedBy
)  # fmt: skip


def write(count: int, folder: Path) -> list[Path]:
    files = joined.write(count, folder)
    rnd = random.Random(count)

    def user() -> dict[str, Any]:
        number = rnd.randrange(count)
        return {
            "@odata.type": "#microsoft.graph.user", "id": f"{number:08d}-0000-4000-8000-00000000000a", "displayName": f"User {number}",
            "userPrincipalName": f"u{number}@contoso.com", "userType": "Guest" if number % 50 == 0 else "Member", "accountEnabled": True,
        }  # fmt: skip

    def save(name: str, values: list[Any]) -> None:
        path = folder / f"{name}.json"
        page = {"@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{name}", "value": values}
        path.write_text(json.dumps(page, separators=(",", ":")))
        if path not in files:
            files.append(path)

    apps = json.loads((folder / "applications.json").read_text())["value"]
    principals = json.loads((folder / "servicePrincipals.json").read_text())["value"]
    graph, own = principals[0], [one for one in principals[1:] if not one["displayName"].startswith("Foreign")]
    for app in apps:
        app["owners"] = [user()]
        if rnd.random() < 0.1:
            one = rnd.choice(own)
            app["owners"].append({"@odata.type": "#microsoft.graph.servicePrincipal", "id": one["id"], "displayName": one["displayName"]})
    save("applications", apps)
    holders = rnd.sample(principals[1:], count // 50)
    save("appRoleAssignments", [
        {"id": f"r{i}", "principalId": one["id"], "principalType": "ServicePrincipal", "resourceId": graph["id"], "appRoleId": rnd.choice(_GRANTED)}
        for i, one in enumerate(holders)
    ])  # fmt: skip
    groups = [
        {"id": f"{i:08d}-0000-4000-8000-00000000000b", "displayName": f"Group {i}", "isAssignableToRole": True,
         "members": [user() for _ in range(4)], "owners": [user()]} for i in range(count // 20)
    ]  # fmt: skip
    save("groups", groups)
    rows = [
        {"id": f"a{i}", "roleDefinitionId": rnd.choice(_ROLES), "directoryScopeId": "/", "principalId": one["id"], "principal": one}
        for i in range(count * 9 // 20) for one in (user(),)
    ]  # fmt: skip
    rows += [{
        "id": f"g{i}", "roleDefinitionId": rnd.choice(_ROLES), "directoryScopeId": "/", "principalId": group["id"],
        "principal": {"@odata.type": "#microsoft.graph.group", "id": group["id"]},
    } for i, group in enumerate(groups[::10])]  # fmt: skip
    save("roleAssignments", rows)
    save("roleEligibilityScheduleInstances", [])
    save("groupEligibilityScheduleInstances", [])
    return files


def once(files: list[str], *, search: bool) -> dict[str, Any]:
    """What one process takes; `reached`: nodes with a path."""
    code = f"from benchmarks.paths import child; child({files!r}, {search})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def child(files: list[str], search: bool) -> None:
    from auditor import pipeline
    from auditor.facts.paths import COLLECTION_NAMES

    loaded = pipeline.load(pipeline.Inputs(tuple(files)), lambda: COLLECTION_NAMES, pipeline.moment("2026-11-01"))
    began, reached = time.process_time(), 0
    if search:
        reached = sum(1 for world in loaded.worlds for _ in world.paths.search)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {"cpu": used.ru_utime + used.ru_stime, "search": time.process_time() - began, "peak": used.ru_maxrss, "reached": reached}
        )
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        files = [str(file) for file in write(count, Path(folder)) if file.name != "connectors.json"]
        read, searched = once(files, search=False), once(files, search=True)
    print(f"{count:,} registrations, {2 * count:,} service principals, {10 * count:,} grants, {count // 2:,} rows of roles and groups")
    print(f"read and joined: {read['cpu']:.1f} s of CPU, {read['peak'] / 1024:.0f} MiB")
    print(f"the search: {searched['search']:.1f} s of it, {searched['reached']:,} nodes with a path")
    print(
        f"with the search: {searched['cpu'] / read['cpu']:.2f} x the time, {searched['peak'] / read['peak']:.2f} x the memory (bars 2 and 1.2)"
    )


if __name__ == "__main__":
    main()
