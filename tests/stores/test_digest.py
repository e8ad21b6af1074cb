"""Names as digests: one size, no two lists alike, nothing without the key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from authwhy.stores.digest import digest

NAMES = st.lists(st.text(st.characters(exclude_categories=[])), max_size=3)


@given(NAMES, NAMES)
def test_equal_only_for_equal_lists(one: list[str], two: list[str]) -> None:
    """Also with lone surrogates, which headers can carry."""
    assert (digest(*one) == digest(*two)) is (one == two)
    assert len(digest(*one)) == 16


def test_no_list_looks_like_another() -> None:
    """Where one part ends and the next begins is part of the name."""
    lists = [("ab", "c"), ("a", "bc"), ("abc",), ("", "abc"), ("abc", ""), ("1:a",), ("a", "1:a"), ()]
    assert len({digest(*parts) for parts in lists}) == len(lists)


def test_a_key_changes_every_name() -> None:
    """So that nobody without it can look for a name."""
    assert len({digest("alice"), digest("alice", key=b"k" * 16), digest("alice", key=b"l" * 16)}) == 3
