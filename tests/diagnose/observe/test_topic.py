"""What makes a text one about authentication."""

import pytest

from authwhy.diagnose.observe.topic import is_about_authentication, is_at_home


@pytest.mark.parametrize(
    "text",
    [
        "Login incorrect",
        "HTTP 401",
        "the token",
        "x509: unknown authority",
        "falsches Kennwort",
        "OAuth2 callback",
        "kinit: bad",
    ],
)
def test_words_of_authentication_are_heard(text: str) -> None:
    """Whole words for the short ones, stems for the long ones, other languages too."""
    assert is_about_authentication(text)


@pytest.mark.parametrize(
    "text",
    [
        "Author: Alice <alice@example.com>",
        "tokenizer.ts(41,17): error",
        "a 4011 byte file",
        "The key issue is the lease",
        "authors",
    ],
)
def test_words_that_only_look_alike_are_not(text: str) -> None:
    """An author, a tokenizer, a longer number."""
    assert not is_about_authentication(text)


def test_a_short_text_is_one_place_and_a_long_one_is_not() -> None:
    """A login far away in a long log says nothing about this line."""
    assert is_at_home("disk: access denied\nlater: login", "disk: access denied")
    assert not is_at_home("login\n" + "x " * 3000 + "\ndisk: access denied", "disk: access denied")


def test_bare_words_are_asked_about() -> None:
    """Whoever hands in nothing but `permission denied` means it."""
    assert is_at_home("Permission denied", "Permission denied")
    assert not is_at_home("bash: ./run.sh: cannot be run: Permission denied", "")
