"""The docs site: its pages, as they are made, and (external) the site that `make site` builds: each link, each anchor, nothing of another host."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from auditor import links, rulebook
from auditor.rulebook import page as rule_page
from tests.helpers import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

import site_pages

CONFIG = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return site_pages.files()


def listed(entries: list[dict[str, object]]) -> Iterator[str]:
    """The pages of the navigation."""
    for entry in entries:
        for value in entry.values():
            yield from [value] if isinstance(value, str) else listed(value)  # type: ignore[arg-type]


def test_every_page_is_in_the_navigation(pages: dict[str, str]) -> None:
    in_navigation = list(listed(CONFIG["nav"]))
    of_their_own = {name for name in pages if re.match(r"(rules|decisions)/", name) and not name.endswith("index.md")} | {"site.css"}
    assert sorted(in_navigation) == sorted(pages.keys() - of_their_own)


def test_the_address_is_that_of_the_links() -> None:
    assert CONFIG["site_url"] == links.DOCS
    assert ROOT / CONFIG["docs_dir"] == site_pages.PAGES


def test_every_rule_has_a_page_at_its_identity_and_every_other_name_leads_there(pages: dict[str, str]) -> None:
    book = rulebook.shipped()
    for rule in book:
        assert links.rule_page(rule.identity) == f"{links.DOCS}rules/{rule.identity}/"
        text = pages[f"rules/{rule.identity}.md"]
        assert text.startswith("# ")
        assert f"`{rule.id}`" in text
        for part in ("## Fix", "## What it reads", "## Examples", "## Rule"):
            assert text.count(f"\n{part}\n") == 1, f"{rule.id}: {part}"
        for name in {rule.id, *rule.aliases} - {rule.identity}:
            assert f"url=../{rule.identity}/" in pages[f"rules/{name}/index.html"]
    assert any(rule.id != rule.identity for rule in book)


def test_a_rules_page_says_what_the_rule_says(pages: dict[str, str]) -> None:
    text = pages["rules/secret-expired.md"]
    assert re.search(r"^\| Severity \| low if .+, else high \|$", text, re.MULTILINE)
    assert (
        "(`Application.Read.All` in a live tenant; for files: add the response to GET /applications/{id}/federatedIdentityCredentials"
        in text
    )
    assert text.count("**Fails**") == 2
    assert "**Fails**, on 2026-06-01:" in text
    assert "[AADSTS7000222](../sign-in-errors.md#aadsts7000222)" in text
    assert "az ad app credential reset --id APP-ID --append --display-name renewed-YYYY-MM-DD --end-date YYYY-MM-DD" in text
    assert "{app" not in text.partition("## Rule")[0], "facts in braces are for the tool"
    assert text.count("```json\n") == len(rulebook.shipped().get("secret-expired").examples)
    shells = pages["rules/connector-redirect-unregistered.md"]
    assert all(f'=== "{shell}"' in shells for shell in ("bash", "PowerShell", "cmd"))
    assert """--body '{"web": {"redirectUris": ["CALLBACK", "ALL-URIS-TO-KEEP"]}}'""" in shells, "the ordinary case of an expression"


def test_indexes_have_every_rule(pages: dict[str, str]) -> None:
    for rule in rulebook.shipped():
        assert f"[{rule.id}]({rule.identity}.md)" in pages["rules/index.md"]
        for code in rule.aadsts:
            assert f"## AADSTS{code}\n" in pages["sign-in-errors.md"]
            assert f"[{rule.id}](rules/{rule.identity}.md)" in pages["sign-in-errors.md"].split(f"## AADSTS{code}\n")[1].split("\n## ")[0]


def test_no_title_is_markup() -> None:
    assert site_pages.escaped("a <script> | *b* `{c}` [d](e)") == "a &#60;script&#62; &#124; &#42;b&#42; `{c}` &#91;d&#93;(e)"
    assert site_pages.text_of("a < b `<c>` <d> <https://e>") == "a &lt; b `<c>` &lt;d> <https://e>"


def test_links_are_those_of_the_site() -> None:
    places = {"docs/a.md": "a.md", "rules/credentials/b.md": "rules/first-name.md", "README.md": "index.md"}
    text = "[x](../rules/credentials/b.md#fix) `[y](../none.md)` [z](https://example.com/)\n```\n[w](none.md)\n```\n"
    assert site_pages.moved(text, "docs/a.md", places) == text.replace("../rules/credentials/b.md", "rules/first-name.md")
    assert site_pages.moved("[x](docs/a.md)", "README.md", places) == "[x](a.md)"
    with pytest.raises(ValueError, match=r"docs/a\.md: the site does not have \.\./auditor/cli\.py"):
        site_pages.moved("[x](../auditor/cli.py)", "docs/a.md", places)


def test_lists_are_lists_on_the_site(pages: dict[str, str]) -> None:
    """The forge takes a list right below a paragraph for one; the site's Markdown does not."""
    for name, text in pages.items():
        prose = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
        assert not re.search(r"^(?!- |\d+\. |\s|#|\|).+\n(?:- |1\. |\|)", prose, re.MULTILINE), name


def test_what_belongs_to_an_item_is_in_it() -> None:
    text = "1. one\n   more\n\n   ```sh\n   x\n   ```\n\n- two\n  more\n\n  - three\n\nfour\n   five\n```\n- six\n  seven\n```\n"
    assert site_pages.deeper(text) == (
        "1. one\n    more\n\n    ```sh\n    x\n    ```\n\n- two\n    more\n\n    - three\n\nfour\n   five\n```\n- six\n  seven\n```\n"
    )


def test_blocks_are_blocks_on_the_site(pages: dict[str, str]) -> None:
    """It knows no word behind the language."""
    for name, text in pages.items():
        for block in re.finditer(r"^( *`{3,})([^\n]*)\n.*?^\1$", text, re.MULTILINE | re.DOTALL):
            assert re.fullmatch(r"\w*", block[2]), f"{name}: {block[2]}"


def test_a_page_without_a_fix_in_blocks_has_a_page() -> None:
    """As users write them."""
    text = (ROOT / "rules/credentials/secret-expired.md").read_text("utf-8")
    rule = rule_page.parse(
        re.sub(r"## Fix\n.*?\n## Examples", "## Fix\nReplace it.\n\n## Examples", text, flags=re.DOTALL), "p.md", "p", "a"
    )
    assert "## Fix\n\nReplace it.\n\n## What it reads" in site_pages.rule_page(rule)


# -- the built site


class Page(HTMLParser):
    """The ids of a page, what it links to, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag == "link" and values.get("rel") not in ("canonical", "prev", "next"):
            self.loads.append(values["href"])
        elif "src" in values:
            self.loads.append(values["src"])


@pytest.fixture(scope="module")
def site() -> Path:
    folder = os.environ.get("REGAUDIT_SITE")
    assert folder, "make external builds the site and runs this"
    return ROOT / folder


@cache
def read(file: Path) -> Page:
    return Page(file.read_text("utf-8"))


@pytest.mark.external
def test_every_link_and_anchor_leads_somewhere(site: Path) -> None:
    wrong, followed = [], 0
    for file in site.rglob("*.html"):
        if file == site / "404.html":  # its links begin at the root of the site, wherever that is
            continue
        for link in [*read(file).links, *read(file).loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            target = target / "index.html" if target.is_dir() else target
            followed += 1
            if not target.is_relative_to(site.resolve()) or not target.is_file():
                wrong.append(f"{file.relative_to(site)}: {link}")
            elif parts.fragment and unquote(parts.fragment) not in read(target).ids | {"__top"}:
                wrong.append(f"{file.relative_to(site)}: {link}: no such anchor")
    assert not wrong
    assert followed > 10_000


@pytest.mark.external
def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    for file in site.rglob("*.html"):
        assert not [load for load in read(file).loads if urlsplit(load).netloc], file
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"url\(['\"]?(?:https?:)?//|@import", sheet.read_text("utf-8")), sheet


@pytest.mark.external
def test_every_rule_is_found_by_the_search(site: Path) -> None:
    found = {item["location"] for item in json.loads((site / "search.json").read_text("utf-8"))["items"]}
    for rule in rulebook.shipped():
        assert f"rules/{rule.identity}/" in found
        assert (site / "rules" / rule.id / "index.html").is_file()


@pytest.mark.external
def test_workflows_are_yaml() -> None:
    """By the parser that comes with the site's environment."""
    blocks = [
        block
        for page in (ROOT / "docs").glob("*.md")
        for block in re.findall(r"^```yaml\n(.+?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    ]
    program = "import json, sys, yaml; [yaml.safe_load(block) for block in json.load(sys.stdin)]"
    python = os.environ["REGAUDIT_SITE_PYTHON"]
    assert blocks
    assert subprocess.run([python, "-c", program], input=json.dumps(blocks), text=True, check=False).returncode == 0
