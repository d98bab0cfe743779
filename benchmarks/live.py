"""The figures of a live tenant in docs/benchmarks.md: `python benchmarks/live.py [APPLICATIONS]` (default 50000; three minutes).

A fake Microsoft Graph on loopback serves pages of 999 over TLS. Each way of reading them runs in a process of its own and tells how long
the reading took, imports left out, and its peak memory; the best of three counts. Every figure is a ratio of two things of one run.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import platform
import re
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

ROOT = Path(__file__).parent.parent
_NEXT = re.compile(rb'"@odata\.nextLink":"([^"]+)"')
TYPED = 5_000  # applications that the SDK's own models read: the rest would take minutes


async def bare(info: dict[str, Any]) -> int:
    """The same pages, fetched and dropped."""
    import httpx

    from auditor.sources.graph.plan import APPLICATIONS

    headers = {"Authorization": f"Bearer {info['token']}", "Accept": "application/json"}
    size = 0
    async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=info["ca"]), headers=headers, timeout=100) as client:
        url: str | None = info["url"] + APPLICATIONS.url()
        while url:
            raw = (await client.get(url)).content
            size += len(raw)
            found = _NEXT.search(raw, max(0, len(raw) - 5000)) or _NEXT.search(raw[:5000])
            url = found[1].decode() if found else None
    return size


def live(info: dict[str, Any]) -> Any:
    from auditor.entra.clouds import Cloud
    from auditor.sources.graph.live import Live

    os.environ["REGAUDIT_ACCESS_TOKEN"] = info["token"]
    return Live(info["tenant_id"], "token", Cloud(info["url"], info["authority"], known_authority=False), info["ca"])


def structs(info: dict[str, Any]) -> int:
    from auditor.sources import Documents
    from auditor.sources.graph.live import DocumentSink, read
    from auditor.sources.graph.plan import plan

    documents = Documents()
    read(live(info), plan(()), DocumentSink(documents))
    return documents.count


def export(info: dict[str, Any]) -> int:
    from auditor.sources.graph.live import read
    from auditor.sources.graph.plan import plan
    from auditor.sources.spool import Writer

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "tenant.ndjson.gz"
        writer = Writer(target, (), "benchmark")
        writer.finish(read(live(info), plan(()), writer))
        return target.stat().st_size


async def typed(info: dict[str, Any]) -> int:
    """The SDK as its own documentation uses it."""
    import httpx
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
    from msgraph.generated.applications.applications_request_builder import ApplicationsRequestBuilder
    from msgraph.graph_request_adapter import GraphRequestAdapter
    from msgraph.graph_service_client import GraphServiceClient
    from msgraph_core import GraphClientFactory

    from auditor.sources.graph.signin import Credential, _Given

    http = httpx.AsyncClient(verify=ssl.create_default_context(cafile=info["ca"]), timeout=100)
    credential: Any = Credential(_Given(info["token"]), "token", {})
    provider = AzureIdentityAuthenticationProvider(credential, scopes=["x"], allowed_hosts=["localhost"])
    adapter = GraphRequestAdapter(provider, client=GraphClientFactory.create_with_default_middleware(client=http))
    adapter.base_url = info["url"] + "/v1.0"
    client = GraphServiceClient(request_adapter=adapter)
    query = ApplicationsRequestBuilder.ApplicationsRequestBuilderGetQueryParameters(top=999)
    page = await client.applications.get(RequestConfiguration(query_parameters=query))
    found = []
    while page is not None:
        found += page.value or []
        if len(found) >= TYPED or not page.odata_next_link:
            break
        page = await client.applications.with_url(page.odata_next_link).get()
    return len(found)


def child(way: str, info: dict[str, Any]) -> None:
    gc.disable()
    import httpx  # noqa: F401  (whoever reads, needs it)

    if way != "bare":
        from auditor.sources.graph import client, load, signin  # noqa: F401
    began = time.perf_counter()
    if way in ("bare", "typed"):
        number = asyncio.run({"bare": bare, "typed": typed}[way](info))
    else:
        number = {"structs": structs, "export": export}[way](info)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "number": number, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def measure(way: str, info: Path, times: int = 3) -> dict[str, float]:
    runs = []
    for _ in range(times):
        done = subprocess.run([sys.executable, __file__, "--child", way, str(info)], cwd=ROOT, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    return {"seconds": min(run["seconds"] for run in runs), "peak": max(run["peak"] for run in runs), "number": runs[0]["number"]}


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        info = Path(folder) / "info.json"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        command = [sys.executable, "-m", "tests.fake_graph", "--applications", str(count), "--write-info", str(info)]
        server = subprocess.Popen(command, cwd=ROOT)
        try:
            while not info.exists():
                time.sleep(0.2)
            measure("bare", info, 2)  # the fake, too, has to warm up
            fetch, whole = measure("bare", info), measure("structs", info)
            spool, models = measure("export", info), measure("typed", info, 1)
        finally:
            server.terminate()
            server.wait()
    each = models["seconds"] / models["number"]
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores (the fake needs one), "
        f"{count:,} applications, {fetch['number'] / 1e6:.0f} MB; bare httpx {fetch['seconds']:.2f} s.\n"
    )
    rows = [
        (f"{count:,} applications to structs", "a bare httpx fetch of the same pages", f"{whole['seconds'] / fetch['seconds']:.2f} x"),
        ("the same into a compressed snapshot", "a bare httpx fetch of the same pages", f"{spool['seconds'] / fetch['seconds']:.2f} x"),
        ("peak memory of that export", "", f"{spool['peak'] / 1e6:.0f} MB"),
        (
            f"one application by the SDK's own models ({models['number']:,} read)",
            "one to structs",
            f"{each / (whole['seconds'] / count):.0f} x",
        ),
    ]
    print("| what | against | ratio |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], json.loads(Path(sys.argv[3]).read_text()))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
