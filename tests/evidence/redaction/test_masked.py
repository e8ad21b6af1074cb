"""Masks, placeholders and messages."""

from __future__ import annotations

import pytest

from authwhy.evidence.redaction.masked import (
    is_hidden,
    is_masked,
    is_message,
    is_placeholder,
    is_readable,
    looks_secret,
)
from authwhy.model.secret import Vault


@pytest.mark.parametrize(
    "text",
    [
        "sk-old****abcd",
        "***",
        "<redacted>",
        "((redacted))",
        "[FILTERED]",
        "xxxxxx",
        "XXXX-XXXX",
        "••••••",
        "PASSWORD_REMOVED",
        "<------->",
        "'***'",
        "<snip>",
    ],
)
def test_masked(text: str) -> None:
    """Somebody hid it already."""
    assert is_masked(text)
    assert is_readable(text)


@pytest.mark.parametrize("text", ["hunter2", "a*b", "**", "", "xx", "a" * 300 + "***", "maxxxim"])
def test_not_masked(text: str) -> None:
    """One or two stars, and words with an x."""
    assert not is_masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "undefined", "null", "None", "", "[object Object]", "$TOKEN", "${API_KEY}", "$(cat token)", "${{ secrets.KEY }}", "%TOKEN%",
        "{{ token }}", "{token}", "$env:TOKEN", "process.env.KEY", 'os.environ["KEY"]', "getenv('KEY')", "get_token()", "<token>",
        "<your api key>", "YOUR_API_KEY", "your-api-key-here", "my_token", "insert-password", "API_KEY", "access_token", "...",
    ],
)  # fmt: skip
def test_placeholders(text: str) -> None:
    """What stands where a secret should be."""
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text", ["hunter2", "$ecret", "password", "Passw0rd", "my-horse", "your", "abc.def", "$2y$10$abc", "(x", "a" * 300]
)
def test_not_placeholders(text: str) -> None:
    """Weak passwords are passwords."""
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    ["incorrect", "expired.", "must not be blank", "This field is required.", "is not valid", "The token has expired"],
)
def test_messages(text: str) -> None:
    """States and sentences with a fault in them."""
    assert is_message(text)


@pytest.mark.parametrize(
    "text", ["correct horse battery staple", "hunter2", "good", "open sesame now", "x" * 3000 + " is invalid"]
)
def test_not_messages(text: str) -> None:
    """Pass phrases are no messages."""
    assert not is_message(text)


def test_hidden() -> None:
    """Only placeholders, quotes, blanks and PEM marks."""
    mark = Vault().hide("x", "password")
    assert is_hidden(f' "{mark}" ')
    assert is_hidden(f"-----BEGIN PRIVATE KEY-----{mark}-----END PRIVATE KEY-----\\n")
    assert not is_hidden(f"a{mark}")
    assert not is_hidden("")


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        ("hunter2", True),
        ("p@ss", True),
        ("YWxpY2U=", True),
        ("hello", False),
        ("base64", False),
        ("123456", False),
        ("expired", False),
        ("abc", False),
    ],
)
def test_looks_secret(text: str, likely: bool) -> None:
    """Digits among letters or symbols; no words, numbers or names of formats."""
    assert looks_secret(text) is likely
