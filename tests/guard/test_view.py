"""A request as a value."""

from __future__ import annotations

import pytest

from authwhy.guard.view import MAX_COOKIE_BYTES, View


def test_of() -> None:
    view = View.of("GET", "/orders?a=1&b=%20x", {"X-Api-Key": "k"}, peer="192.0.2.1")
    assert (view.method, view.path, view.query, view.peer) == ("GET", "/orders", b"a=1&b=%20x", "192.0.2.1")
    assert view.headers == [(b"x-api-key", b"k")]
    assert (view.header(b"x-api-key"), view.header(b"x-other")) == ("k", None)
    assert (view.parameters("a"), view.parameters("b"), view.parameters("c")) == (["1"], [" x"], [])


def test_repeated_headers() -> None:
    view = View.of("GET", "/", [("X-A", "1"), ("x-a", "2"), ("X_A", "3")])
    assert view.values(b"x-a") == [b"1", b"2"]
    assert view.header(b"x-a") == "1"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["a=1; sid=2; b=3"], ["2"]), (["sid=1", "sid=2"], ["1", "2"]), (["sid=1; sid=2"], ["1", "2"]), (["xsid=1"], []),
        (["sid"], []), (["sid="], [""]), (["SID=1"], []), (["sid=a=b"], ["a=b"]), (["sid=1" + " " * MAX_COOKIE_BYTES], []),
    ],
)  # fmt: skip
def test_cookies(lines: list[str], found: list[str]) -> None:
    assert View.of("GET", "/", [("Cookie", line) for line in lines]).cookies("sid") == found


def test_parameters_are_bounded() -> None:
    assert View.of("GET", "/?" + "a=1&" * 300).parameters("a") == []
    assert View.of("GET", "/?key=%ff&key=").parameters("key") == ["\ufffd", ""]
