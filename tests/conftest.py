"""Tests see a plain terminal, whatever the machine that runs them says, and leave no process behind."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# Who runs tests in the background, a shell or CI, ignores the interrupt, and children inherit that: what is tested is what they do at one.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Compiled modules are kept: the tests' own, and those of the processes that tests start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# A change lands or not by what is in it, not by the luck of a draw: new examples are looked for at home.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "CI", "GITHUB_ACTIONS", "TF_BUILD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "1000")  # what a message says does not depend on where its lines end: tests/golden has those


def _children() -> dict[int, str]:
    """Processes that this one has started and not waited for, and their command lines. Empty where there is no /proc."""
    found: dict[int, str] = {}
    for thread in Path("/proc/self/task").glob("*/children"):
        try:
            children = thread.read_text().split()
        except OSError:  # the thread has ended
            continue
        for child in children:
            try:
                found[int(child)] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ").strip()
            except OSError:
                pass
    return found


@pytest.fixture(autouse=True)
def no_process_is_left_behind() -> Iterator[None]:
    """A process that outlives its test fails another one, by taking its time or by a warning when it is collected."""
    before = _children().keys()
    yield
    left = {child: command for child, command in _children().items() if child not in before}
    for child in left:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert not left, f"the test left processes behind: {left}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Coverage is not measured in slow tests: they run what others run, a thousand times, and take twice as long under it.

    Quick tests of many cases are marked no_cover for the same reason, where others run the same lines.
    """
    for item in items:
        if item.get_closest_marker("slow") is not None:
            item.add_marker("no_cover")


def pytest_collection_finish() -> None:
    """Thousands of tests are some million objects that live to the end: no collection of garbage needs to look at them again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_coverage_of_children(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest-cov pauses in this process only: what such a test starts would still be measured."""
    if request.node.get_closest_marker("no_cover") is not None:
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="write tests/golden/ anew: see tests/test_golden.py")
