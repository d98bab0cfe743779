"""One HTML page for a browser: the whole report in a file that asks nobody for anything.

The page is a small program (`web/`, built into `report/web`) and the report's data, compressed. A content security policy lets nothing
run or load but this program and this style: names in the report are text wherever they stand.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator
from pathlib import Path

from auditor.digest import sha256
from auditor.report import Options
from auditor.report.html_data import Data, packed, title
from auditor.report.model import Report

_WEB = Path(__file__).parent / "web"
BEGINS = b"<!doctype html>\n<!-- Report of regaudit "


def render(report: Report, options: Options) -> Iterator[bytes]:
    program, style = ((_WEB / name).read_bytes() for name in ("app.js", "app.css"))
    data = Data(report, options.shell)
    yield BEGINS + report.tool.version.encode() + b" -->\n"
    yield b'<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_policy(program, style)}">\n'.encode()
    yield b'<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
    yield b'<meta name="color-scheme" content="light dark">\n<meta name="robots" content="noindex">\n'
    yield f"<title>{html.escape(title(report))}</title>\n".encode("utf-8", "replace")
    yield b"<style>" + style + b"</style>\n</head>\n<body>\n"
    yield f'<div id="app"><noscript><h1>regaudit</h1><p>{html.escape(report.summary.gate.verdict)}</p>'.encode("utf-8", "replace")
    yield b"<p>The tables of this page need JavaScript. The text, JSON and CSV reports do not.</p></noscript></div>\n"
    for number, details in enumerate(data.details()):
        yield _block(f"details-{number}", packed(details))
    yield _block("tables", packed(data.tables()))
    yield _block("head", packed(data.head()))
    yield b"<script>" + program + b"</script>\n</body>\n</html>\n"


def _policy(program: bytes, style: bytes) -> str:
    hashes = (f"'sha256-{base64.b64encode(sha256(content).digest()).decode()}'" for content in (program, style))
    script, styles = hashes
    return f"default-src 'none'; script-src {script}; style-src {styles}; base-uri 'none'; form-action 'none'"


def _block(name: str, content: bytes) -> bytes:
    """Data, which no browser runs. Base64 has no character that could end it."""
    return b'<script type="text/plain" id="' + name.encode() + b'">' + content + b"</script>\n"
