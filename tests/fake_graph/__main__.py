"""`python -m tests.fake_graph --applications 50000 --write-info FILE`: serves until it is killed."""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
import threading
from pathlib import Path

from tests.fake_graph import FakeGraph, made_up


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fake_graph", description="A fake Microsoft Graph on loopback, until it is killed."
    )
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--applications", type=int, default=100, help="size of the tenant that is made up")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tenant", type=Path, help="a JSON file with the tenant, in place of one that is made up")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument(
        "--write-info", type=Path, help="where url, authority, ca, token and more are written, once it serves; else to stdout"
    )
    args = parser.parse_args()
    gc.disable()  # nothing here is garbage until the tenant is encoded
    tenant = json.loads(args.tenant.read_text("utf-8")) if args.tenant else made_up(args.applications, args.seed)
    graph = FakeGraph(tenant, port=args.port, latency=args.latency)
    graph.record = False
    del tenant
    gc.enable()
    names = ("url", "authority", "ca", "token", "tenant_id", "client_id", "client_secret", "client_certificate", "elsewhere")
    info = json.dumps({"pid": os.getpid(), **{name: getattr(graph, name) for name in names}})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with graph:
        if args.write_info:
            # Complete or not there: who waits for the file must not read half of it.
            half = args.write_info.with_name(args.write_info.name + ".part")
            half.touch(0o600)
            half.write_text(info, "utf-8")
            half.replace(args.write_info)
        else:
            print(info, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
