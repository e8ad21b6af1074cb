"""The canonical request, part by part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.verify.hmac_request.sigv4_canonical import (
    canonical_lines,
    canonical_path,
    canonical_query,
    canonical_value,
    path_once,
    path_twice,
)


@pytest.mark.parametrize(
    ("path", "once", "twice"),
    [
        ("", "/", "/"),
        ("/", "/", "/"),
        ("/a/b.txt", "/a/b.txt", "/a/b.txt"),
        ("/a b", "/a%20b", "/a%20b"),
        ("/a%20b", "/a%20b", "/a%2520b"),
        ("/a$b", "/a%24b", "/a%24b"),
        ("/a%2fb", "/a%2Fb", "/a%252fb"),
        ("//a//", "//a//", "/a/"),
        ("/a/./b", "/a/./b", "/a/b"),
        ("/a/../b", "/a/../b", "/b"),
        ("/../..", "/../..", "/"),
        ("/a/..", "/a/..", "/"),
        ("/.well-known/x", "/.well-known/x", "/.well-known/x"),
        ("/~a_b-c", "/~a_b-c", "/~a_b-c"),
    ],
)
def test_paths(path: str, once: str, twice: str) -> None:
    """S3 encodes once and keeps everything; other services normalise and encode what arrived."""
    assert (canonical_path(path, True), canonical_path(path, False)) == (once, twice)


@given(st.text(st.sampled_from("/.a~%2F \xe1"), max_size=12))
def test_the_short_way_is_the_long_way(path: str) -> None:
    """A path that is left alone is one that both rules leave alone."""
    assert canonical_path(path, True) == path_once(path)
    assert canonical_path(path, False) == path_twice(path)


def test_a_slash_in_a_segment_stays_apart() -> None:
    """A router may tell them apart, so the signature must."""
    assert canonical_path("/a%2Fb", True) != canonical_path("/a/b", True)


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("", ""),
        ("a", "a="),
        ("b=2&a=1", "a=1&b=2"),
        ("a=2&a=1", "a=1&a=2"),
        ("a-b=1&a=2", "a=2&a-b=1"),
        ("a=x+y", "a=x%20y"),
        ("a=x%2fy", "a=x%2Fy"),
        ("a=b=c", "a=b%3Dc"),
        ("&a=1&&", "a=1"),
        ("X-Amz-Signature=1&a=1", "a=1"),
        ("a=%7E", "a=~"),
    ],
)
def test_queries(query: str, canonical: str) -> None:
    """In order of the encoded names; each name and value decoded and encoded once."""
    assert canonical_query(query, "X-Amz-Signature") == canonical


@pytest.mark.parametrize(
    ("value", "canonical"),
    [(" a ", "a"), ("a   b", "a b"), ('"a   b"', '"a b"'), ("a\t\r\n b", "a b"), ("a\xa0 b", "a\xa0 b"), ("", "")],
)
def test_values(value: str, canonical: str) -> None:
    """Runs of blanks are one, also inside quotes; no control character survives to forge a line."""
    assert canonical_value(value) == canonical
    assert canonical_lines({"a": value.strip(" \t")}, ("a",)) == f"a:{canonical}\n"


def test_lines() -> None:
    """In the order of the names; equal names joined; what is not there is empty."""
    assert canonical_lines({"a": ["1", " 2  3"], "b": "x"}, ("a", "b", "c")) == "a:1,2 3\nb:x\nc:\n"


@given(st.text(max_size=40))
def test_text_that_is_no_octets(text: str) -> None:
    """The one error that these functions have."""
    for make in (path_once, path_twice, canonical_query):
        try:
            assert make(text).isascii()
        except UnicodeEncodeError:
            assert any(ord(letter) > 255 for letter in text)
