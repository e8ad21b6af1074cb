"""Structured fields: the examples of RFC 8941, and what is not one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.verify.structured_field import (
    MAX_TEXT,
    Bare,
    Decimal,
    InnerList,
    Item,
    Token,
    parse_dictionary,
    serialize,
)


def again(text: str) -> str | None:
    """Parsed and written in the strict spelling."""
    members = parse_dictionary(text)
    if members is None:
        return None
    return ", ".join(f"{key}={serialize(member)}" for key, member in members.items())


@pytest.mark.parametrize(
    ("text", "strict"),
    [
        ('en="Applepie", da=:w4ZibGV0w6ZydGU=:', 'en="Applepie", da=:w4ZibGV0w6ZydGU=:'),
        ("a=?0, b, c; foo=bar", "a=?0, b=?1, c=?1;foo=bar"),
        ("rating=1.5, feelings=(joy sadness)", "rating=1.5, feelings=(joy sadness)"),
        ("a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid", "a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid"),
        ("foo=1, bar=2", "foo=1, bar=2"),
        ("  foo=1\t,\tbar=2  ", "foo=1, bar=2"),
        ("a=1, a=2", "a=2"),
        ("a=x;p=1;p=2", "a=x;p=2"),
        (r'a="a\"b\\c"', r'a="a\"b\\c"'),
        ("a=-007, b=1.50, c=-0.10", "a=-7, b=1.5, c=-0.1"),
        ("a=(  )", "a=()"),
        ("a=*tok/en:x", "a=*tok/en:x"),
        ('s=("a";key="x"  "b");n=1', 's=("a";key="x" "b");n=1'),
        ("", ""),
    ],
)
def test_well_formed(text: str, strict: str) -> None:
    """Any spelling of a field has one strict spelling (section 4.1)."""
    assert again(text) == strict


@pytest.mark.parametrize(
    "text",
    [
        "A=1",
        "a=",
        "a=1,",
        "a=1 b=2",
        "a=(1",
        "a=(1 2",
        'a=("x""y")',
        "a=:AAA:",
        "a=:AA==",
        "a=?2",
        'a="\x01"',
        'a="x',
        r'a="\x"',
        "a=1.",
        "a=1.2345",
        "a=1234567890123456",
        "a=1234567890123.1",
        "a=--1",
        "a=\u2603",
        "a;",
        "a=1;B",
        ",",
        "a" * (MAX_TEXT + 1),
    ],
)
def test_not_well_formed(text: str) -> None:
    """One fault anywhere refuses the whole field (section 4.2)."""
    assert parse_dictionary(text) is None


def test_values() -> None:
    """Each type is kept apart."""
    members = parse_dictionary('i=1, s="1", t=one, b=:AQ==:, f=?0, d=1.0, l=(1)')
    assert members == {
        "i": Item(1),
        "s": Item("1"),
        "t": Item(Token("one")),
        "b": Item(b"\x01"),
        "f": Item(False),
        "d": Item(Decimal("1.0")),
        "l": InnerList((Item(1),)),
    }


@given(st.text(max_size=60) | st.text(st.sampled_from('ab=,;()":?01.* \\/+\t'), max_size=60))
def test_hostile_text_never_raises(text: str) -> None:
    """And the strict spelling is its own strict spelling."""
    strict = again(text)
    assert strict is None or again(strict) == strict


BARE: st.SearchStrategy[Bare] = st.one_of(
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    st.binary(max_size=20),
    st.booleans(),
)
PARAMETERS = st.dictionaries(st.sampled_from(["a", "b-1", "*c"]), BARE, max_size=3).map(
    lambda found: tuple(found.items())
)
ITEMS = st.builds(Item, BARE, PARAMETERS)


@given(ITEMS | st.builds(InnerList, st.lists(ITEMS, max_size=3).map(tuple), PARAMETERS))
def test_what_is_written_is_read_again(member: Item | InnerList) -> None:
    """Serialised, then parsed."""
    assert parse_dictionary(f"key={serialize(member)}") == {"key": member}
