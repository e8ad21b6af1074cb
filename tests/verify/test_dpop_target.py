"""The target of a DPoP proof: which spellings are one URL, and what is said of two that are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause
from authwhy.verify.dpop_target import normal, target_failure

URL = "https://api.example.com/orders"


@pytest.mark.parametrize(
    "same",
    [
        URL,
        "HTTPS://API.example.COM/orders",
        "https://api.example.com:443/orders",
        "https://api.example.com:/orders",
        "https://api.example.com/orders?page=2#top",
        "https://api.example.com/%6frders",
    ],
)
def test_spellings_of_one_url(same: str) -> None:
    """RFC 9449 4.3 with RFC 3986 6.2.2 and 6.2.3."""
    assert normal(same) == URL
    assert target_failure(same, URL, True) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a.example:80", "http://a.example/"),
        ("https://[2001:DB8::1]:443/x", "https://[2001:db8::1]/x"),
        ("https://a.example/%c3%a9", "https://a.example/%C3%A9"),
    ],
)
def test_more_spellings_of_one_url(one: str, other: str) -> None:
    assert normal(one) == normal(other) == other


@pytest.mark.parametrize(
    ("htu", "detail"),
    [
        ("http://api.example.com/orders", "scheme"),
        ("https://api.example.com/orders/", "trailing_slash"),
        ("https://api.example.com/Orders", "case"),
        ("https://api.example.com:8443/orders", None),
        ("https://api.example.com.evil.example/orders", None),
        ("https://api.example.com/a/../orders", None),
        ("https://api.example.com%2Forders", None),
        ("https://api.example.com/%2Forders", None),
        ("https://user:password@api.example.com/orders", None),
        ("/orders", None),
        ("https:///orders", None),
        ("https://api.example.com/ord\ners", None),
        ("https://api.ex\u00e4mple.com/orders", None),
        ("", None),
    ],
)
def test_other_urls(htu: str, detail: str | None) -> None:
    """What differs is named; a password in the text is not told."""
    failure = target_failure(htu, URL, True)
    assert failure is not None
    assert (failure.cause, failure.detail, failure.attested) == (Cause.WRONG_AUDIENCE, detail, True)
    assert failure.facts == {"claim": "htu", "expected": URL, "seen": normal(htu) or ""}
    assert "password" not in repr(failure)


def test_a_request_without_a_readable_url_matches_nothing() -> None:
    """Its address comes from a Host header that may be hostile: two unreadable ones are not equal."""
    assert target_failure("x", "x", True) is not None


@given(st.text() | st.from_regex(r"https?://[^\s]*"))
def test_never_raises_and_is_stable(url: str) -> None:
    """A normal form is its own normal form."""
    once = normal(url)
    assert once is None or normal(once) == once
