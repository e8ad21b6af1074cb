"""Credentials in header fields, cookies, URLs and forms."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.evidence.redaction.web import (
    redact_authorization,
    redact_cookies,
    redact_credential,
    redact_header,
    redact_parameters,
    redact_set_cookie,
    redact_urls,
)
from authwhy.model.secret import Vault


def shown(redact: Callable[[str, Vault], str], value: str) -> str:
    """The value as people see it."""
    vault = Vault()
    return vault.mask(redact(value, vault))


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ("Bearer abc", "Bearer <token, 3 chars>"),
        ("Basic YWxpY2U6eA==", "Basic <basic, 12 chars>"),
        ("Bearer", "Bearer"),
        ("Bearer ", "Bearer "),
        ("bearer  abc", "bearer  <token, 3 chars>"),
        ("Bearer Bearer abc", "Bearer Bearer <token, 3 chars>"),
        ("Token token=abc, nonce=def", "Token token=<token, 3 chars>, nonce=def"),
        ('OAuth oauth_consumer_key="k", oauth_token="abc", oauth_signature="x%3D"', 'OAuth oauth_consumer_key="k", oauth_token="<token, 3 chars>", oauth_signature="<signature, 4 chars>"'),
        ("AWS AKIAIOSFODNN7EXAMPLE:abc=", "AWS AKIAIOSFODNN7EXAMPLE:<signature, 4 chars>"),
        ("abc def ghi", "<token, 11 chars>"),
        ("failed for user alice", "failed for user alice"),
        ("Bearer undefined", "Bearer undefined"),
        ("Bearer ${TOKEN}", "Bearer ${TOKEN}"),
    ],
)  # fmt: skip
def test_authorization(value: str, safe: str) -> None:
    """Scheme and names stay."""
    assert shown(redact_authorization, value) == safe


def test_cookies() -> None:
    """Names stay; known attributes too."""
    assert shown(redact_cookies, "a=b; c; d=") == "a=<cookie, 1 chars>; <cookie, 1 chars>; d="
    assert (
        shown(redact_set_cookie, "a=b; Path=/x; Odd=c; secure")
        == "a=<cookie, 1 chars>; Path=/x; Odd=<cookie, 1 chars>; secure"
    )
    assert shown(redact_cookies, "undefined") == "undefined"


@pytest.mark.parametrize(
    ("name", "value", "safe"),
    [
        ("X-Api-Key", "abc", "<api_key, 3 chars>"),
        ("X-Auth-Token", "Bearer abc", "Bearer <token, 3 chars>"),
        ("Location", "https://a.example/?code=abc&error=x", "https://a.example/?code=<code, 3 chars>&error=x"),
        ("Server", "nginx", "nginx"),
        ("Cookie", "a=b", "a=<cookie, 1 chars>"),
    ],
)
def test_header(name: str, value: str, safe: str) -> None:
    """By its name."""
    vault = Vault()
    assert vault.mask(redact_header(name, value, vault)) == safe


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ("a=x&page=2", "a=<value, 1 chars>&page=2"),
        ("password=&x", "password=&<value, 1 chars>"),
        (
            "redirect_uri=https%3A%2F%2Fa.example%2F%3Ftoken%3Dabc",
            "redirect_uri=https%3A%2F%2Fa.example%2F%3F<value, 11 chars>",
        ),
        ("page=1&amp;code=abc", "page=1&amp;code=<code, 3 chars>"),
        ("flag", "flag"),
    ],
)
def test_parameters(value: str, safe: str) -> None:
    """Closed unless known."""
    assert shown(redact_parameters, value) == safe


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("amqp://u:p@h/", "amqp://u:<password, 1 chars>@h/"),
        ("redis://:pw@h:6379", "redis://:<password, 2 chars>@h:6379"),
        ("http://h:80/a@b", "http://h:80/a@b"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("postgres://u:a/b?c#d@h:5432/x", "postgres://u:<password, 7 chars>@h:5432/x"),
        (
            "https://abc:@h/ https://abc:x-oauth-basic@h/",
            "https://<token, 3 chars>:@h/ https://<token, 3 chars>:x-oauth-basic@h/",
        ),
        ("https://abc123@h/", "https://<token, 6 chars>@h/"),
        ("ssh://alice@h git://git@h", "ssh://alice@h git://git@h"),
        ("proxy=u:pw1@proxy:3128", "proxy=u:<password, 3 chars>@proxy:3128"),
        ("mailto:alice@a.example:25", "mailto:alice@a.example:25"),
        ("x?a=1#b=2", "x?a=<value, 5 chars>"),
        ("https://a/#b=x&c=y&d=12345", "https://a/#b=<value, 1 chars>&c=<value, 1 chars>&d=12345"),
        ("a && b & c", "a && b & c"),
        ("see (grant_type=x&secret=y)", "see (grant_type=x&secret=<secret, 2 chars>"),
    ],
)
def test_urls(text: str, safe: str) -> None:
    """User information, queries, fragments and forms."""
    assert shown(redact_urls, text) == safe


def test_quotes_around_a_credential_stay() -> None:
    """They are a mistake worth seeing."""
    vault = Vault()
    assert vault.mask(redact_credential(' "abc" ', vault, "token")) == ' "<token, 3 chars>" '


@given(st.text(max_size=80))
def test_values_come_back(value: str) -> None:
    """Every function hides and never changes."""
    clean = value.replace("\ue000", "").replace("\ue001", "")
    for redact in (redact_authorization, redact_cookies, redact_set_cookie, redact_parameters, redact_urls):
        vault = Vault()
        assert vault.reveal(redact(clean, vault)) == clean
