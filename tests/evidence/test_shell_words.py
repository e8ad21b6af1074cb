"""Shell words: quoting of POSIX shells, bash's $'...' and cmd.exe."""

from __future__ import annotations

import shlex
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.evidence.shell_words import quoted, word_at, words_at


def values(text: str) -> list[str]:
    """Only the values."""
    return [word.value for word in words_at(text, 0)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a 'b c' \"d e\" f\\ g", ["a", "b c", "d e", "f g"]),
        ("a'b'\"c\"d", ["abcd"]),
        (r"$'a\'b\n\x41\u00e9\101'", ["a'b\nAéA"]),
        (r'"a\"b\$c\d"', ['a"b$c\\d']),
        ("a \\\n  b", ["a", "b"]),
        ("a `\n  b", ["a", "b"]),
        ("a\nb", ["a"]),
        ("a | b", ["a"]),
        ("a; b", ["a"]),
        ("a && b", ["a"]),
        ("a > b", ["a"]),
        ("a 2>&1", ["a"]),
        ("http://x/?a=1&b=2", ["http://x/?a=1&b=2"]),
        ('^"a^&b^" ^\n^"c^\\^"d^"', ["a&b", 'c"d']),
        ("'never closed\nb", ["never closed"]),
        ('"never closed', ["never closed"]),
        ("", []),
    ],
)
def test_words(text: str, wanted: list[str]) -> None:
    """What each kind of quoting gives."""
    assert values(text) == wanted


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x00", exclude_categories=["Cs"]), min_size=1),
        max_size=5,
    )
)
def test_what_a_shell_quotes_is_read(words: list[str]) -> None:
    """The same words as the standard library's."""
    line = shlex.join(words)
    assert values(line) == words if "^" not in line else values(line) is not None


@given(st.text(max_size=100))
def test_any_text_is_read(text: str) -> None:
    """Never raises; words come in order and lie in the text."""
    words = words_at(text, 0)
    assert all(0 <= word.start < word.end <= len(text) for word in words)


@given(
    st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126, exclude_characters="$`"), min_size=1),
    st.sampled_from("'\""),
)
def test_a_quoted_value_reads_back(value: str, quote: str) -> None:
    """What redaction writes has the value it was given."""
    word = word_at(quoted(value, quote), 0)
    assert word is not None
    assert word.value == value or "^" in value


@pytest.mark.parametrize("piece", ["'", '"', "\\", "^", "$'", "a ", "\\\n", '^"', "`\n"])
def test_long_commands_are_linear(piece: str) -> None:
    """A megabyte of quotes takes no minutes."""
    start = time.process_time()
    words_at(piece * (1_000_000 // len(piece)), 0)
    assert time.process_time() - start < 8
