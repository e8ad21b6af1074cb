"""Which address may be asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause
from authwhy.stores.origin import MAX_URL, Origin, Target, target_of
from authwhy.stores.reach import FetchFailed


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://id.example.com", Target(Origin("https", "id.example.com", 443), "/")),
        ("https://ID.example.com:8443/a/b?c=d", Target(Origin("https", "id.example.com", 8443), "/a/b?c=d")),
        ("HTTPS://id.example.com/", Target(Origin("https", "id.example.com", 443), "/")),
        ("https://[2001:db8::1]/", Target(Origin("https", "2001:db8::1", 443), "/")),
        ("http://127.0.0.1:8080/keys", Target(Origin("http", "127.0.0.1", 8080), "/keys")),
        ("http://localhost/keys", Target(Origin("http", "localhost", 80), "/keys")),
    ],
)
def test_addresses_that_may_be_asked(url: str, expected: Target) -> None:
    assert target_of(url, ("http://127.0.0.1:8080", "http://LOCALHOST:80/")) == expected


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:8080/", "not_https"),
        ("http://127.0.0.1:8081/", "not_https"),
        ("http://localhost:8080/", "not_https"),
        ("file:///etc/passwd", "not_https"),
        ("ftp://id.example.com/keys", "not_https"),
        ("//id.example.com/keys", "not_https"),
        ("/keys", "not_https"),
        ("javascript:1", "not_https"),
        ("https://user@id.example.com/", "credentials_in_url"),
        ("https://user:secret@id.example.com/", "credentials_in_url"),
        ("https://@id.example.com/", "credentials_in_url"),
        ("https://id.example.com\\@evil.example/", "bad_url"),
        ("https://id.example.com/\r\nHost: evil.example", "bad_url"),
        ("https://id.example.com/a b", "bad_url"),
        ("https://id.example.com/\u20ac", "bad_url"),
        ("https://id.example.com:0/", "bad_url"),
        ("https://id.example.com:99999/", "bad_url"),
        ("https://[::1/", "bad_url"),
        ("https://.example.com/", "bad_url"),
        ("https:///keys", "bad_url"),
        ("https://id.example.com/#part", "bad_url"),
        ("https://id.example.com/" + "a" * MAX_URL, "bad_url"),
        ("", "bad_url"),
    ],
)
def test_addresses_that_may_not(url: str, problem: str) -> None:
    """Another port or name of a listed host is another origin."""
    with pytest.raises(FetchFailed) as failed:
        target_of(url, ("http://[::1]:8080", "nonsense", "http://127.0.0.1:x"))
    assert failed.value.cause is Cause.MISCONFIGURED
    assert failed.value.facts == {"setting": "url", "problem": problem}


@given(st.text(max_size=60) | st.from_regex(r"https?://[a-z0-9.@:/\\\[\]#?]{0,30}", fullmatch=True))
def test_hostile_addresses_raise_nothing_else(url: str) -> None:
    """And what passes is https and can be put into a request line."""
    try:
        target = target_of(url)
    except FetchFailed:
        return
    assert target.origin.scheme == "https"
    assert target.path.startswith("/")
    assert " " not in target.path
    assert target.path.isascii()
    assert "@" not in target.origin.netloc


@pytest.mark.parametrize(
    ("origin", "netloc"),
    [
        (Origin("https", "a.example", 443), "a.example"),
        (Origin("https", "a.example", 80), "a.example:80"),
        (Origin("http", "::1", 8080), "[::1]:8080"),
    ],
)
def test_host_field(origin: Origin, netloc: str) -> None:
    assert origin.netloc == netloc
    assert str(origin) == f"{origin.scheme}://{netloc}"
