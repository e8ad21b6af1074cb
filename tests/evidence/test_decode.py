"""Bytes to text."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.evidence.decode import decode


@pytest.mark.parametrize(
    ("data", "text", "note"),
    [
        (b"caf\xc3\xa9", "café", None),
        (b"\xef\xbb\xbfcaf\xc3\xa9", "café", "byte order mark"),
        ("café".encode("utf-16"), "café", "UTF-16"),
        ("token: abcdefgh".encode("utf-16-le"), "token: abcdefgh", "without a byte order mark"),
        ("token: abcdefgh".encode("utf-16-be"), "token: abcdefgh", "without a byte order mark"),
        (b"a \xff b", "a \ufffd b", "not UTF-8"),
        (b"a\r\nb\rc", "a\nb\nc", None),
        ("\ufeffabc", "abc", None),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07x", "red x", "escape codes"),
        ("\x1b", "", "escape codes"),
        (b"", "", None),
    ],
)
def test_text(data: str | bytes, text: str, note: str | None) -> None:
    """Encodings, marks, line breaks and colours."""
    found = decode(data)
    assert found.text == text
    assert any(note in one for one in found.notes) if note else found.notes == ()


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(b"x" * 100),
        b"PK\x03\x04....",
        b"\x89PNG\r\n",
        bytes(range(256)) * 10,
        b"a\x00b\x00\x00c" * 100,
        b"\x00" * 50 + b"\x01" * 50,
    ],
)
def test_binary_input_gives_a_note(data: bytes) -> None:
    """No text, and the reason."""
    found = decode(data)
    assert (found.text, len(found.notes), found.der) == ("", 1, None)


def test_long_input_keeps_both_ends() -> None:
    """The first and the last half of the limit, of text and of bytes."""
    for data in ("a" * 50 + "b" * 100 + "c" * 50, b"a" * 50 + b"b" * 100 + b"c" * 50):
        found = decode(data, limit=60)
        assert found.text == "a" * 30 + "c" * 30
        assert "first and the last 30" in found.notes[0]


def test_asn1_is_handed_on() -> None:
    """One SEQUENCE of the right length."""
    der = b"\x30\x82\x00\xc8" + b"\x02" * 200
    assert decode(der).der == der
    assert decode(b"0123456789 a plain text that starts with a zero").der is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    """Never raises; text has no carriage returns, NULs or escapes."""
    assert not set(decode(data).text) & set("\r\x00\x1b")
