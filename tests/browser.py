"""Opens HTML reports in Chromium, does what readers do, and prints as JSON what they see. `tests/test_html_browser.py` runs it.

Run by the Python of an environment with Playwright: browser.py TASK PAGE [FOLDER]. It imports nothing of regaudit.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
READY = "html[data-ready]"


@contextmanager
def opened(browser: Browser, file: str, hash_: str = "", *, heard: list[str] | None = None, **options: Any) -> Iterator[Page]:
    """A page in a window of its own. `heard` gets requests, dialogs, errors and messages of the console."""
    context = (
        browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        if "viewport" not in options
        else browser.new_context(**options)
    )
    page = context.new_page()
    said = heard if heard is not None else []

    def dismissed(dialog: Dialog) -> None:
        said.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on(
        "request",
        lambda request: said.append(f"request {request.url[:200]}") if request.url.partition("#")[0] != f"file://{file}" else None,
    )
    page.on("dialog", dismissed)
    page.on("pageerror", lambda error: said.append(f"error {error}"))
    page.on("console", lambda message: said.append(f"console {message.text}"))
    page.goto(f"file://{file}{hash_}")
    page.wait_for_selector(READY, state="attached", timeout=30_000)
    yield page
    context.close()


def rows(page: Page) -> list[str]:
    return [row.inner_text().replace("\n", " | ") for row in page.query_selector_all(".grid .body .row")]


def settled(page: Page) -> None:
    page.wait_for_timeout(250)


def reading(browser: Browser, file: str) -> dict[str, Any]:
    """Sorting, filtering, the address, the keyboard, copying, CSV."""
    heard: list[str] = []
    found: dict[str, Any] = {"heard": heard}
    with opened(browser, file, heard=heard, permissions=["clipboard-read", "clipboard-write"], accept_downloads=True) as page:
        found["verdict"] = page.inner_text(".verdict h1")
        page.click("nav a:has-text('Registrations')")
        page.wait_for_selector(".grid .body .row")
        page.click("[role=columnheader] button:has-text('Name')")
        settled(page)
        found["by name"] = [row.partition(" | ")[0] for row in rows(page)]
        page.click("[role=columnheader] button:has-text('Name')")
        settled(page)
        found["by name, down"] = [row.partition(" | ")[0] for row in rows(page)]
        found["sorted"] = page.get_attribute("[role=columnheader]:first-child", "aria-sort")
        page.select_option(".choice select", "0")
        page.fill("input[type=search]", "orders")
        settled(page)
        found["searched"], found["count"], found["address"] = rows(page), page.inner_text(".count"), page.url.partition("#")[2]
        with page.expect_download() as download:
            page.click("button:has-text('CSV')")
        found["csv"] = Path(download.value.path()).read_text("utf-8-sig")
        page.check(".check input")
        settled(page)
        found["groups"] = [row.inner_text() for row in page.query_selector_all(".grid .row.group")]
        page.go_back()
        settled(page)
        page.focus(".grid")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        found["active"] = page.get_attribute(".grid", "aria-activedescendant")
        page.keyboard.press("Enter")
        page.wait_for_selector(".finding")
        found["opened"] = page.inner_text("h1")
        found["focus"] = page.evaluate("document.activeElement.id")
        page.evaluate("document.querySelectorAll('details.finding').forEach(one => one.open = true)")
        found["commands"] = {}
        for name in ("Bash", "PowerShell", "Command Prompt"):
            if page.query_selector(f".shells button:has-text('{name}')"):
                page.click(f".shells button:has-text('{name}')")
                page.click(".code .copy")
                page.wait_for_selector(".code .copy:has-text('Copied')")
                found["commands"][name] = [page.inner_text(".code pre"), page.evaluate("navigator.clipboard.readText()")]
    with opened(browser, file, "#" + found["address"], heard=heard) as page:
        settled(page)
        found["shared"] = [rows(page), page.input_value("input[type=search]")]
    return found


def large(browser: Browser, file: str) -> dict[str, Any]:
    """Seconds to the first rows, and milliseconds of sorting and filtering, until other rows are drawn."""
    found: dict[str, Any] = {}
    with opened(browser, file, "#/registrations"):
        pass  # the browser has started
    start = time.perf_counter()
    with opened(browser, file, "#/registrations") as page:
        page.wait_for_selector(".grid .body .row")
        found["first rows"] = time.perf_counter() - start
        found["count"] = page.inner_text(".count")
        found["drawn"] = len(page.query_selector_all(".grid .body .row"))
        for what, does in (
            ("sort", "document.querySelectorAll('[role=columnheader] button')[0].click()"),
            ("sort again", "document.querySelectorAll('[role=columnheader] button')[3].click()"),
            (
                "filter",
                "const one = document.querySelectorAll('.choice select')[0]; one.value = '0'; one.dispatchEvent(new Event('change', {bubbles: true}))",
            ),
            (
                "search",
                "const one = document.querySelector('input[type=search]'); one.value = 'payroll'; one.dispatchEvent(new Event('input', {bubbles: true}))",
            ),
        ):
            found[what] = _timed(page, does)
    return found


def _timed(page: Page, does: str) -> float:
    """Playwright's own code is not bound by the page's policy, which forbids eval."""
    return float(page.evaluate(
        "async () => { const seen = () => document.querySelector('.count').innerText + document.querySelector('.grid .body').innerText;"
        " const before = seen(), start = performance.now(); {" + does + "}"
        " while (seen() === before && performance.now() - start < 5000) await new Promise(next => setTimeout(next, 5));"
        " return performance.now() - start; }"
    ))  # fmt: skip


def hostile(browser: Browser, file: str) -> dict[str, Any]:
    """All views of a report with hostile names: what happened besides showing them."""
    heard: list[str] = []
    with opened(browser, file, heard=heard) as page:
        views = [
            "#/",
            "#/registrations",
            "#/findings",
            "#/credentials",
            *(f"#/object/{number}" for number in range(6)),
            "#/object/x",
            "#/nowhere?q=<b>",
        ]
        for view in views:
            page.evaluate(f"location.hash = {view!r}")
            settled(page)
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        links = page.evaluate("[...document.querySelectorAll('a[href]')].map(one => one.href).filter(one => !one.startsWith('file:'))")
        wide = page.evaluate("document.documentElement.scrollWidth")
        text = page.inner_text("body")
    return {"heard": heard, "links": links, "width": wide, "text": text[:200]}


def accessible(browser: Browser, file: str, folder: str) -> dict[str, Any]:
    """Findings of axe-core in each view, light and dark; and how wide the page is on a narrow screen."""
    axe = (Path(folder) / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
    found: dict[str, Any] = {}
    for scheme in ("light", "dark"):
        for view in ("#/", "#/registrations", "#/findings", "#/credentials", "#/object/0"):
            with opened(browser, file, view, color_scheme=scheme, bypass_csp=True) as page:
                settled(page)
                page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
                page.add_script_tag(content=axe)
                result = page.evaluate("axe.run()")
                found[f"{scheme} {view}"] = [
                    f"{one['impact']} {one['id']}: {one['nodes'][0]['html'][:200]}" for one in result["violations"]
                ]  # fmt: skip
    for view in ("#/", "#/registrations", "#/findings", "#/object/0"):
        with opened(browser, file, view, viewport={"width": 320, "height": 700}) as page:
            settled(page)
            found[f"width {view}"] = page.evaluate("document.documentElement.scrollWidth")
    with opened(browser, file) as page:
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        found["print"] = page.inner_text("#paper")
        found["on paper"] = page.is_visible("#app")
    return found


def pictures(browser: Browser, file: str, folder: str) -> dict[str, Any]:
    """The screenshots of the documentation."""
    shots = (
        ("light", "#/", "light", 1280, 900), ("dark", "#/findings", "dark", 1280, 700), ("narrow", "#/", "light", 320, 760),
        ("registration", "#/registration", "light", 1100, 1150), ("print", "", "light", 794, 1123),
    )  # fmt: skip
    for name, view, scheme, width, height in shots:
        at = "#/" if view in ("", "#/registration") else view
        with opened(browser, file, at, viewport={"width": width, "height": height}, color_scheme=scheme) as page:
            settled(page)
            if name == "registration":
                page.click(".first a")
                page.wait_for_selector(".finding")
            if name == "print":
                page.emulate_media(media="print")
                page.evaluate("dispatchEvent(new Event('beforeprint'))")
            settled(page)
            page.screenshot(path=str(Path(folder) / f"html-{name}.png"))
    return {}


def diagram(browser: Browser, file: str, mermaid: str, target: str = "") -> dict[str, Any]:
    """What Mermaid, the library in the file `mermaid`, draws of the text in a file; `target`: where a picture of it is written."""
    heard: list[str] = []
    page = browser.new_context(viewport={"width": 1400, "height": 700}).new_page()
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.on("request", lambda request: heard.append(request.url))
    page.set_content("<body style='margin:12px;background:white'></body>")
    page.add_script_tag(content=Path(mermaid).read_text("utf-8"))
    text = Path(file).read_text("utf-8")
    drawn = page.evaluate(
        """async text => {
            mermaid.initialize({startOnLoad: false, securityLevel: "strict"});
            try { document.body.innerHTML = (await mermaid.render("d", text)).svg; return "drawn"; }
            catch (error) { return String(error); }
        }""",
        text,
    )
    if target:
        page.locator("svg").first.screenshot(path=target)
    labels = [text.strip() for text in page.locator(".node").all_text_contents()]
    return {"drawn": drawn, "labels": labels, "heard": heard, "scripts": page.locator("svg script, svg a").count()}


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        print(json.dumps(globals()[task](chromium, *arguments)))
        chromium.close()
