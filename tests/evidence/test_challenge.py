"""The challenge grammar of RFC 9110 11.6.1, and what servers make of it."""

from __future__ import annotations

import time
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.evidence.challenge import parse_challenges

TABLE = tomllib.loads((Path(__file__).parent / "data/challenges.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", TABLE, ids=[case["value"][:40] or "empty" for case in TABLE])
def test_table(case: dict[str, Any]) -> None:
    """Scheme, token68 and parameters of every challenge."""
    found = [[one.scheme, one.token68 or "", dict(one.parameters)] for one in parse_challenges(case["value"])]
    assert found == case["challenges"]


def test_offsets_point_at_each_challenge() -> None:
    """A proof can show the very characters."""
    value = 'Basic realm="a, b" , Negotiate YII=, Bearer'
    assert [value[one.start : one.end] for one in parse_challenges(value)] == [
        'Basic realm="a, b"',
        "Negotiate YII=",
        "Bearer",
    ]


def test_parameters_are_found_whatever_their_case() -> None:
    """RFC 9110 11.2: parameter names are case-insensitive."""
    assert parse_challenges("Digest STALE=true")[0].parameter("stale") == "true"


@given(st.text(max_size=200))
def test_any_text_is_read(value: str) -> None:
    """Never raises; challenges come in order and do not overlap."""
    found = parse_challenges(value)
    assert all(one.start < one.end <= len(value) for one in found)
    assert all(before.end <= after.start for before, after in pairwise(found))


NAME = st.text("abcXYZ-_", min_size=1, max_size=8)
QUOTED = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), max_size=20)


@given(st.lists(st.tuples(NAME, st.lists(st.tuples(NAME, QUOTED), min_size=1, max_size=4)), min_size=1, max_size=4))
def test_what_was_written_is_read(challenges: list[tuple[str, list[tuple[str, str]]]]) -> None:
    """A well-formed field value gives back what it was made of."""
    written = ", ".join(
        f"{scheme} "
        + ", ".join(
            '{}="{}"'.format(name, value.replace("\\", "\\\\").replace('"', '\\"')) for name, value in parameters
        )
        for scheme, parameters in challenges
    )
    assert [(one.scheme, list(one.parameters)) for one in parse_challenges(written)] == challenges


@pytest.mark.parametrize("piece", [",", 'a="', "a ", "a=b ", '"\\', "=,=", "Basic "])
def test_long_input_is_linear(piece: str) -> None:
    """Ten times the text takes about ten times as long, not a hundred."""
    start = time.process_time()
    parse_challenges(piece * (1_000_000 // len(piece)))
    assert time.process_time() - start < 5
