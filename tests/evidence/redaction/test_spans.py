"""Replacing pieces of a text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from authwhy.evidence.redaction.spans import Span, splice


def test_pieces_are_replaced() -> None:
    """In any order."""
    assert splice("abcdef", [Span(4, 5, "E"), Span(0, 2, "X")]) == "XcdEf"
    assert splice("abc", []) == "abc"


def test_overlaps_hide_both() -> None:
    """No part of either stays."""
    assert splice("abcdef", [Span(1, 3, "X"), Span(2, 5, "Y")]) == "aXYf"
    assert splice("abcdef", [Span(1, 5, "X"), Span(2, 3, "Y")]) == "aXf"


@given(st.text("abc", max_size=20), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=6))
def test_nothing_covered_survives(text: str, pieces: list[tuple[int, int]]) -> None:
    """What no span covers stays, in order."""
    spans = [Span(start, min(len(text), start + length), "") for start, length in pieces if start < len(text)]
    covered = {at for span in spans for at in range(span.start, span.end)}
    assert splice(text, spans) == "".join(char for at, char in enumerate(text) if at not in covered)
