"""What tests share: runs of the command line, files with made-up registrations, a rule page."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import jsonschema
import msgspec

from auditor import schemas
from auditor.cli import main
from auditor.report.model import decode
from auditor.report.rows import Rows

ROOT = Path(__file__).parent.parent
# The default profile leaves out rules with this tag.
PAGE = """# {title}

```toml rule
severity   = "{severity}"
require    = "app.display_name != 'Payroll'"
message    = "{{app}} is careless"
references = ["https://example.com/{id}"]
tags       = ["{tag}"]
```

Why it matters.

## Fix
Rename it.

## Examples
```json fail
{{ "displayName": "Payroll" }}
```
```json pass
{{ "displayName": "Tidy" }}
```
"""


@dataclass(frozen=True)
class Ran:
    """What a run of the command line came to."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode("utf-8")

    @property
    def err(self) -> str:
        return self.stderr.decode("utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def rules(self) -> list[str]:
        """Ids of the rules that a JSON report says were checked."""
        return [rule["id"] for rule in self.json["rules"]]

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The findings of a JSON report, each with all that belongs to it."""
        return flat(self.json)


def flat(report: dict[str, Any], kind: str = "findings") -> list[dict[str, Any]]:
    """The rows of a JSON report as csv and ndjson have them; with the findings, what passed and where a rule broke."""
    decoded = decode(json.dumps(report))
    decoded.findings += decoded.rule_errors + decoded.passed
    rows = getattr(Rows(decoded), kind)()
    return [msgspec.to_builtins(row) for row in rows]


def regaudit(*args: str | Path, stdin: bytes = b"") -> Ran:
    """`regaudit ARGS` within this process: its own entry point, so that errors and exit codes are those that a user gets."""
    out, err = io.BytesIO(), io.BytesIO()
    with (
        mock.patch.object(sys, "argv", ["regaudit", *map(str, args)]),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8")),
        contextlib.redirect_stdout(io.TextIOWrapper(out, "utf-8", write_through=True)),
        contextlib.redirect_stderr(io.TextIOWrapper(err, "utf-8", "backslashreplace", write_through=True)),
    ):
        try:
            main()
        except SystemExit as stop:
            assert isinstance(stop.code, int)
            return Ran(stop.code, out.getvalue(), err.getvalue())
        finally:
            gc.enable()  # the entry point switches it off, as its process is about to end
    raise AssertionError("the entry point always exits")


def process(*args: str | Path, stdin: bytes = b"", python: tuple[str, ...] = ("-m", "auditor"), **options: Any) -> Ran:
    """`python -m auditor ARGS` as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    done = subprocess.run([sys.executable, *python, *map(str, args)], input=stdin, capture_output=True, env=environment, **options)
    return Ran(done.returncode, done.stdout, done.stderr)


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    return path


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    """Of a published schema, which is held to the metaschema once: `jsonschema.validate` does that each time."""
    jsonschema.Draft202012Validator.check_schema(schemas.load(name))
    return jsonschema.Draft202012Validator(schemas.load(name))


def check_fits(value: Any, schema: str) -> None:
    """Raises ValidationError where the value is not of the published schema of this name."""
    _validator(schema).validate(value)


def registration(name: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": f"1111111{number}-1111-4111-8111-111111111111",
        "appId": f"2222222{number}-2222-4222-8222-222222222222",
        "displayName": name,
        "signInAudience": "AzureADMyOrg",
        **more,
    }
