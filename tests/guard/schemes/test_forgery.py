"""Which requests come from a page of ours."""

from __future__ import annotations

import pytest

from authwhy.guard import View
from authwhy.guard.schemes.forgery import SameOrigin

OURS = SameOrigin(["https://app.example"])
Headers = dict[str, str]


def problem(headers: Headers, method: str = "POST", check: SameOrigin = OURS, protocol: str = "http") -> object:
    """What speaks against it, None when nothing does."""
    view = View.of(method, "/", {"host": "shop.example", **headers})
    view.protocol = protocol  # type: ignore[assignment]
    failure = check.failure(view)
    return None if failure is None else failure.facts["problem"]


GOOD: list[Headers] = [
    {"origin": "https://shop.example"},
    {"origin": "https://shop.example:443"},
    {"origin": "https://SHOP.example"},
    {"origin": "https://app.example", "sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "Same-Origin", "origin": "https://shop.example"},
    {"sec-fetch-site": "none"},
    {"referer": "https://shop.example/pay?x=1"},
]
BAD: list[tuple[Headers, str]] = [
    ({}, "no_origin"),
    ({"origin": "https://evil.example"}, "other_origin"),
    ({"origin": "null"}, "other_origin"),
    ({"origin": ""}, "other_origin"),
    ({"origin": "https://shop.example.evil.example"}, "other_origin"),
    ({"origin": "https://shop.example:8443"}, "other_origin"),
    ({"origin": "http://shop.example"}, "other_origin"),
    ({"origin": "https://shop.example/path"}, "other_origin"),
    ({"origin": "https://x@shop.example"}, "other_origin"),
    ({"origin": "https://[shop.example"}, "other_origin"),
    ({"origin": "https://shop.example", "sec-fetch-site": "cross-site"}, "cross_site"),
    ({"origin": "https://shop.example", "sec-fetch-site": "same-site"}, "cross_site"),
    ({"origin": "https://shop.example", "sec-fetch-site": "none"}, "cross_site"),
    ({"origin": "https://evil.example", "referer": "https://shop.example/"}, "other_origin"),
    ({"referer": "https://evil.example/https://shop.example/"}, "other_origin"),
    ({"referer": "nonsense"}, "other_origin"),
    ({"origin": "https://" + "a" * 9_000}, "other_origin"),
]


@pytest.mark.parametrize("headers", GOOD)
def test_from_a_page_of_ours(headers: Headers) -> None:
    """Each of the three headers is enough; the most telling one decides."""
    assert problem(headers) is None


@pytest.mark.parametrize(("headers", "expected"), BAD)
def test_from_elsewhere(headers: Headers, expected: str) -> None:
    """Compared whole: scheme, host and port."""
    assert problem(headers) == expected


def test_what_changes_nothing_is_not_checked() -> None:
    """GET and HEAD may come from anywhere; but a WebSocket begins with a GET, and carries the cookie."""
    evil = {"origin": "https://evil.example"}
    assert [problem(evil, method) for method in ("GET", "HEAD", "OPTIONS")] == [None, None, None]
    assert [problem(evil, method) for method in ("PUT", "DELETE", "QUERY", "get")] == ["other_origin"] * 4
    assert problem(evil, "GET", protocol="websocket") == "other_origin"
    assert problem({"origin": "https://shop.example"}, "GET", protocol="websocket") is None


def test_plain_http_only_on_this_machine_or_when_asked_for() -> None:
    """With cookies for https only, a page on http is not ours; while developing it is."""
    plain = {"origin": "http://localhost:8000", "host": "localhost:8000"}
    assert problem(plain) is None
    assert problem({"origin": "http://shop.example"}, check=SameOrigin(secure=False)) is None


def test_without_a_host_nothing_is_ours() -> None:
    """A request that does not say where it was sent."""
    assert problem({"origin": "https://shop.example", "host": ""}) == "other_origin"


@pytest.mark.parametrize("text", ["app.example", "https://app.example/", "*", "null", ""])
def test_trusted_origins_are_origins(text: str) -> None:
    """Said when the service starts."""
    with pytest.raises(ValueError, match="https://host"):
        SameOrigin([text])
