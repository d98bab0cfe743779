"""JSON Pointers, and the places in a text that they name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auditor import pointer

KEYS = st.one_of(
    st.text(max_size=6), st.sampled_from(["", "a/b", "~", "~1", "~0", "0", "é", "\u202e", "😀", '"', "\\", "\n", "}", "[", ":", ","])
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8), KEYS)
JSON = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)), max_leaves=25)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value within a JSON value, with the steps that lead to it."""
    yield path, value
    for step, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, step))


def parsed_at(text: str, index: int) -> Any:
    return json.JSONDecoder().raw_decode(text, index)[0]


def index_of(text: str, line: int, column: int) -> int:
    """What an editor does with a line and a column."""
    return sum(len(before) + 1 for before in text.split("\n")[: line - 1]) + column - 1


@settings(deadline=None)
@given(
    value=JSON,
    indent=st.sampled_from([None, 0, 1, 2, 4, "\t"]),
    ascii_only=st.booleans(),
    blank=st.sampled_from(["", " ", "\n", "\r\n\t "]),
)
@example(value={"a/b": {"~1": [1, {"": "}"}]}}, indent=2, ascii_only=True, blank="\n")
def test_a_pointer_leads_to_its_value_in_any_layout(value: Any, indent: int | str | None, ascii_only: bool, blank: str) -> None:
    text = blank + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + blank
    for path, inner in places(value):
        index = pointer.locate(text, pointer.join(*path))
        assert index is not None
        assert index_of(text, *pointer.position(text, index)) == index
        # Of a member its key is shown, since that is what a person looks for.
        in_object = path and isinstance(_at(value, path[:-1]), dict)
        assert parsed_at(text, index) == (path[-1] if in_object else inner)


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


@settings(deadline=None)
@given(st.lists(st.one_of(st.integers(min_value=0), st.text()), max_size=6))
def test_splitting_undoes_joining(steps: list[Any]) -> None:
    assert pointer.split(pointer.join(*steps)) == [str(step) for step in steps]


@settings(deadline=None)
@given(text=st.text(alphabet='{}[]",:\\ 01atrue\n', max_size=30), steps=st.lists(st.sampled_from(["a", "0", "1", ""]), max_size=3))
def test_a_text_that_is_no_json_never_breaks_a_report(text: str, steps: list[str]) -> None:
    index = pointer.locate(text, pointer.join(*steps))
    assert index is None or 0 <= index <= len(text)


@pytest.mark.parametrize(
    ("missing", "nearest"),
    [
        ("/web/spa", '"web"'),
        ("/web/redirectUris/7", '"redirectUris"'),
        ("/web/redirectUris/0/x", '"https://a"'),
        ("/web/redirectUris/-", '"redirectUris"'),
        ("/web/redirectUris/00", '"redirectUris"'),
        ("/tags", "{"),
    ],
)
def test_what_is_not_there_falls_back_to_the_nearest_that_is(missing: str, nearest: str) -> None:
    text = json.dumps({"web": {"redirectUris": ["https://a"]}}, indent=2)
    index = pointer.locate(text, missing)
    assert index is not None
    assert text[index:].startswith(nearest)


def test_lines_and_columns_count_from_one_and_in_characters() -> None:
    text = '{\n  "ü": "😀", "tags": [\n    "é"]}'
    assert pointer.position(text, 0) == (1, 1)
    index = pointer.locate(text, "/tags/0")
    assert index is not None
    assert pointer.position(text, index) == (3, 5)
    index = pointer.locate(text, "/tags")
    assert index is not None
    assert pointer.position(text, index) == (2, 13)


def test_a_broken_text_has_no_place() -> None:
    assert pointer.locate('{"a": 1, "b": 2}', "/b") == 9
    assert pointer.locate('{"a": 1, "b', "/b") is None
    assert pointer.locate("[" * 100_000, "/1") is None
