"""What a start does without is there when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.no_cover  # coverage imports some of these modules before anything else


def told(code: str) -> list[str]:
    """What a process prints that has begun as the command does."""
    begin = "import sys; from auditor.startup import defer, import_msgspec; defer(); "
    done = subprocess.run([sys.executable, "-c", begin + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_module_is_loaded_when_something_of_it_is_used() -> None:
    code = "import click, inspect; before = 'tokenize' in sys.modules; inspect.cleandoc('x'); print(before, 'tokenize' in sys.modules)"
    assert told(code) == ["False", "True"]
    assert told("import inspect; print(hasattr(inspect, 'no_such_thing'), inspect.signature(print) is not None)") == ["False", "True"]
    assert told("import ipaddress, textwrap, ntpath, fnmatch; print(ipaddress.ip_address('::1'), textwrap.dedent(' a'))") == ["::1", "a"]
    assert told("import ntpath, fnmatch; print(ntpath.join('a', 'b'), fnmatch.fnmatch('ab', 'a*'))") == ["a\\b", "True"]


def test_what_is_known_of_a_module_is_what_the_module_says() -> None:
    said = told("import uuid, platform; said = platform.system(); platform.machine(); print(said, platform.system(), uuid.uuid4().version)")
    assert said[0] == said[1]
    assert said[2] == "4"


def test_threads_wait_for_a_module() -> None:
    code = (
        "import inspect; from threading import Barrier, Thread; barrier = Barrier(8); found = []\n"
        "def use(): barrier.wait(); found.append(inspect.cleandoc('a'))\n"
        "threads = [Thread(target=use) for _ in range(8)]\n"
        "for one in threads: one.start()\n"
        "for one in threads: one.join()\n"
        "print(*found)"
    )
    assert told(code) == ["a"] * 8


def test_other_libraries_have_typing_extensions() -> None:
    assert told("import_msgspec(); before = 'typing_extensions' in sys.modules; import typing_extensions; print(before)") == ["False"]
    assert told("import_msgspec(); import msgspec, azure.identity, jsonschema; print(msgspec.json.decode(b'1'))") == ["1"]
