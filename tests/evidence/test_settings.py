"""Keys and values of configuration and logs."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.evidence.read import read
from authwhy.evidence.settings import MAX_SETTINGS, clean

TABLE = tomllib.loads((Path(__file__).parent / "data/settings.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", TABLE, ids=[case["id"] for case in TABLE])
def test_table(case: dict[str, Any]) -> None:
    """Dotted keys, values without quotes and comments."""
    evidence = read(case["text"])
    assert [[one.key, evidence.vault.reveal(one.value)] for one in evidence.settings] == case["settings"]


def test_places() -> None:
    """The line, or where the JSON begins."""
    assert [one.where for one in read('a=1\n\n{"b": 2}').settings] == ["JSON at line 3", "line 1"]


def test_the_number_of_settings_is_bounded() -> None:
    """A log of a million pairs."""
    evidence = read("a=1\n" * (MAX_SETTINGS + 10))
    assert len(evidence.settings) == MAX_SETTINGS
    assert "were kept" in evidence.notes[0]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("'a b',", "a b"),
        ('"a" # c', "a"),
        ("a # c", "a"),
        ("a,", "a"),
        ("'a' + 'b'", "'a' + 'b'"),
        ("", ""),
        ("'", "'"),
    ],
)
def test_cleaning(raw: str, value: str) -> None:
    """Quotes, commas and comments."""
    assert clean(raw) == value


@given(
    st.dictionaries(
        st.text("abc_", min_size=1, max_size=6),
        st.dictionaries(st.text("abc_", min_size=1, max_size=6), st.integers() | st.booleans(), min_size=1, max_size=3),
        min_size=1,
        max_size=3,
    )
)
def test_json_is_flattened(value: dict[str, dict[str, int | bool]]) -> None:
    """Every leaf is one setting."""
    wanted = {f"{outer}.{inner}": json.dumps(leaf) for outer, one in value.items() for inner, leaf in one.items()}
    assert {one.key: one.value for one in read("x " + json.dumps(value)).settings} == wanted


@given(st.text("ab=:'\"{}[], \n-#", max_size=120))
def test_any_lines_are_read(text: str) -> None:
    """Never raises."""
    read(text)
