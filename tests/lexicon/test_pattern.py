"""Folding, cutting and finding literal patterns with holes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.lexicon.pattern import HOLE_LIMIT, anchors, cut, find, fold, tidy, words


def matches(pattern: str, text: str) -> dict[str, str] | None:
    """The holes of the first match, or None."""
    pieces, end_hole = cut(pattern)
    tidied = tidy(text)
    found = find(pieces, end_hole, fold(tidied))
    return None if found is None else {name: tidied[start:end] for name, start, end in found.holes}


@pytest.mark.parametrize(
    ("pattern", "text", "holes"),
    [
        ("user {user} not found", "User alice not found", {"user": "alice"}),
        ("user '{user}' not found", 'the user "alice" not found.', {"user": "alice"}),
        ("error: {seen}", 'x {\\"error\\": \\"bad\\"}', None),
        ("'error': '{seen}'", 'x {\\"error\\": \\"bad\\"}', {"seen": "bad"}),
        ("token  expired", "Token\texpired", {}),
        ("expired", "unexpired", None),
        ("expired", "expired_at", None),
        ("AADSTS50011", "AADSTS50011: The redirect", {}),
        ("AADSTS50011", "AADSTS500112: The reply", None),
        ("begin {*} end", "begin\nmany\nlines\nend", {"*": "\nmany\nlines\n"}),
        ("begin {seen} end", "begin\nend", None),
        ("now {now}", "the time is now 12:00\nnext", {"now": "12:00"}),
        ("can’t sign in", "can't sign in", {}),
        ("a {x} b", "a " + "y" * (HOLE_LIMIT + 5) + " b", None),
    ],
)  # fmt: skip
def test_patterns_match_what_people_paste(pattern: str, text: str, holes: dict[str, str] | None) -> None:
    """Case, quotes, blanks and JSON escapes do not count; words and lines do."""
    got = matches(pattern, text)
    assert (got and {name: value.strip(" ") for name, value in got.items()}) == holes


@given(st.text(max_size=400))
def test_folding_keeps_every_offset(text: str) -> None:
    """A quote is cut from the tidied text by offsets found in the folded one."""
    tidied = tidy(text)
    assert len(fold(tidied)) == len(tidied)


@given(st.text(max_size=200), st.sampled_from(["user {user} not found", "a {*} b", "{x} end", "start {x}"]))
def test_finding_never_raises_and_stays_inside(text: str, pattern: str) -> None:
    """Spans of a match lie inside the text and in order."""
    pieces, end_hole = cut(pattern)
    folded = fold(tidy(text))
    found = find(pieces, end_hole, folded)
    if found is not None:
        assert 0 <= found.start <= found.end <= len(folded)
        assert all(found.start <= start <= end <= found.end for _, start, end in found.holes)


def test_anchor_words_are_whole_words_that_touch_no_hole() -> None:
    """A word glued to a hole may be longer in the text, so it cannot be looked up."""
    pieces, end_hole = cut("id{n} was refused by gate{gate}")
    assert anchors(pieces, end_hole is not None) == {b"was", b"refused", b"by"}


def test_words_keep_letters_beyond_ascii_together() -> None:
    """A German or Japanese word is one word."""
    assert words(fold("Ungültiges Kennwort")) == {"ungültiges".encode(), b"kennwort"}


def test_a_hostile_text_of_near_matches_stays_linear() -> None:
    """Twice the text costs about twice the work, counted in characters looked at, not in time."""
    pieces, end_hole = cut("aa {x} zz")
    calls = 0

    class Counting(str):
        def find(self, *args):  # type: ignore[no-untyped-def]
            nonlocal calls
            calls += 1
            return str.find(self, *args)

    find(pieces, end_hole, Counting("aa " * 100_000))
    assert calls < 10_000
