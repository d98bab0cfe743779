"""Texts of TOML that somebody wrote by hand: where their keys are, and what is said of their faults."""

from __future__ import annotations

import tomllib
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import settings
from auditor.rulebook import book, profiles

TEXT = '''# a = 1
a = "x" # b = 2
"b c" = [1, # ]
  2, "]"]
d.e = """
f = "1" \\"""
\\
  g"""
h = { i = "}", j = [] }
k = """l"""""

[m]
n = '' # [o]
  [ p . "q" ]
r = 'x'
'''


def values(table: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Each value of a table by its dotted key."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        found |= values(value, f"{above}{key}.") if isinstance(value, dict) and key not in ("h", "inline") else {above + key: value}
    return found


def test_every_value_has_its_place() -> None:
    places = settings.places(TEXT)
    want = values(tomllib.loads(TEXT))
    assert {key: tomllib.loads("x = " + TEXT[slice(*places[key])])["x"] for key in want} == want
    assert {TEXT[slice(*places[key])] for key in places.keys() - want.keys()} == {"m", 'p . "q"'}
    assert [settings.line_of(TEXT, key) for key in ("a", "b c", "d.e", "h", "h.i", "k", "m", "m.n", "p.q.r", "nosuch")] == [
        2, 3, 6, 9, 9, 10, 12, 13, 15, 1,
    ]  # fmt: skip
    assert [settings.line_of(TEXT, "d.e", index) for index in (10, 11, 12)] == [6, 6, 8]


def test_each_table_of_an_array_has_its_number() -> None:
    text = "a = 1\n[[w]]\nx = 1\n[w.t]\ny = 2\n[[w]]\nx = 3\n[[w.v]]\nz = 4\n[[w.v]]\nz = 5\n[other]\nx = 6\n"
    keys = ["w.0", "w.0.x", "w.0.t.y", "w.1.x", "w.1.v.0.z", "w.1.v.1.z", "other.x", "w.1.nosuch", "w"]
    assert [settings.line_of(text, key) for key in keys] == [2, 3, 5, 7, 9, 11, 13, 6, 2]
    assert settings.lines_of_tables(text, "w", 2) == [2, 6]
    assert settings.lines_of_tables("a = 1\nw = [{x = 1}, {x = 2}]", "w", 2) == [2, 2]


@given(
    st.lists(
        st.sampled_from(['"', "'", '"""', "'''", "\\", "\n", "=", "a", " ", "[", "]", "{", "}", "#", ",", "1", ".", "x = "]), max_size=40
    )
)
def test_whatever_is_toml_has_places(parts: list[str]) -> None:
    text = "k = " + "".join(parts) + "\n"
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    places = settings.places(text)
    for key, value in table.items():
        if key in places and not isinstance(value, (dict, list)):
            assert tomllib.loads("x = " + text[slice(*places[key])])["x"] == value
    assert "k" in places


@pytest.mark.parametrize("folder", [book.shipped_folder()])
def test_profiles_as_they_are_shipped(folder: Any) -> None:
    for name in profiles.names():
        text = (folder / f"profiles/{name}.toml").read_text()
        places = settings.places(text)
        for key, value in values(tomllib.loads(text)).items():
            assert tomllib.loads("x = " + text[slice(*places[key])])["x"] == value


class One(msgspec.Struct, forbid_unknown_fields=True):
    reason: str
    weight: int = 0


class Some(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    count: int = 0
    tags: list[str] = []
    maybe: str | None = None
    level: Annotated[str, msgspec.Meta(pattern="^(low|high)$", description="low or high")] = "low"
    one: Annotated[list[One], msgspec.Meta(description="tables that begin with [[one]]")] = []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("count = 1", "1: 'name' is missing"),
        ("name = 'x'\n\ncuont = 1", "3: unknown key 'cuont'; did you mean 'count'?"),
        ("name = 'x'\nz = 1", "2: unknown key 'z'; there are: name, count, tags, maybe, level, one"),
        ("name = 'x'\ncount = true", "2: 'count' is a number, not True"),
        ("name = 'x'\ntags = [\n 1]", "2: 'tags' is a list of texts, not [1]"),
        ("name = 'x'\nmaybe = 2026-01-01", "2: 'maybe' is a text, not datetime.date(2026, 1, 1)"),
        ("name = 'x'\nlevel = 'worst'", "2: 'level' is low or high, not 'worst'"),
        ("name = 'x'\n[[one]]\nreason = 'y'\n[[one]]\nweight = 1", "4: 'reason' is missing"),
        ("name = 'x'\n[[one]]\nreason = 'y'\nweight = 'x'", "4: 'weight' is a number, not 'x'"),
        ("name = 'x'\n[[one]]\nreazon = 'y'", "3: unknown key 'reazon'; did you mean 'reason'?"),
        ("name = 'x'\none = 1", "2: 'one' is tables that begin with [[one]], not 1"),
        ("name = 'x'\none = [1]", "2: 'one' is tables that begin with [[one]], not [1]"),
        ("name = ['" + "x" * 99 + "']", "1: 'name' is a text, not ['" + "x" * 58 + "…"),
        ("name = 'x'\n=", "2: the text is not TOML: "),
        ("name = " + "[" * 5000, "1: the text is nested too deeply"),
    ],
)
def test_a_fault_has_its_line(text: str, says: str) -> None:
    def fail(message: str, line: int) -> ValueError:
        return ValueError(f"{line}: {message}")

    with pytest.raises(ValueError, match=r"^[0-9]+: ") as caught:
        settings.struct(settings.table(text, "the text", fail), Some, text, fail)
    assert str(caught.value).startswith(says)


def test_a_fault_in_a_table_of_a_text_has_the_line_of_the_text() -> None:
    text = "[other]\nname = 1\n[tool.x]\nname = 'x'\ncount = 'y'\n"
    with pytest.raises(ValueError, match=r"^5: 'count' is a number"):
        settings.struct(tomllib.loads(text)["tool"]["x"], Some, text, lambda said, line: ValueError(f"{line}: {said}"), at="tool.x")


def test_a_struct_is_read() -> None:
    text = "name = 'x'\ntags = ['a']"
    assert settings.struct(tomllib.loads(text), Some, text, lambda message, line: AssertionError(message)) == Some("x", tags=["a"])
