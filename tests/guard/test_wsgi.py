"""Guard before a WSGI application."""

from __future__ import annotations

from typing import Any

import pytest
from tests.guard.scripted import Scripted, authorization, watched
from tests.guard.wsgi_client import Endpoint, call, environ_of

from authwhy.causes import Cause
from authwhy.guard import Accept, View, api_key, basic, deny, optional
from authwhy.guard.schemes.interface import Reply
from authwhy.guard.wsgi import WsgiGuard, view_of


def says(value: str) -> object:
    return Accept("mara", headers=((b"x-rotated", b"1"),)) if value == "good" else deny(Cause.WRONG_SECRET)


def guarded(**rules: Any) -> tuple[WsgiGuard, Endpoint, list[Any]]:
    made, events = watched(Scripted("a", says))
    endpoint = Endpoint()
    paths = rules or {"/health": None, "/orders": "a", "/home": optional("a")}
    return made.wsgi(endpoint, paths), endpoint, events


def test_accepted() -> None:
    app, endpoint, events = guarded()
    answer = call(app, "GET", "/orders", {"X-A": "good"})
    assert (answer.status, answer.body) == (200, b"ran")
    assert answer.lines("x-rotated") == ["1"]
    assert answer.lines("x-inner") == ["1"]
    assert endpoint.decisions[0].principal == "mara"
    assert (events[0].route, events[0].address, events[0].port) == ("/orders", "192.0.2.1", 4711)


def test_refused() -> None:
    app, endpoint, _ = guarded()
    answer = call(app, "GET", "/orders", {"X-A": "bad"})
    assert answer.status == 401
    assert answer.lines("www-authenticate") == ['A realm="x"']
    assert answer.problem()["code"] == "invalid_credentials"
    assert call(app, "HEAD", "/orders").body == b""
    assert call(app, "GET", "/nowhere", {"X-A": "good"}).status == 403
    assert endpoint.decisions == []


def test_open() -> None:
    app, endpoint, _ = guarded()
    assert call(app, "GET", "/health").status == 200
    assert call(app, "GET", "/home").status == 200
    assert [decision.anonymous for decision in endpoint.decisions] == [True, True]


def test_preflight() -> None:
    made, _ = watched(Scripted("a", says))
    endpoint = Endpoint()
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    app = made.wsgi(endpoint, {"/orders": "a"})
    answer = call(app, "OPTIONS", "/orders", headers)
    assert (answer.status, answer.body) == (200, b"")
    assert call(app, "OPTIONS", "/orders", {**headers, "Authorization": "Bearer x"}).status == 401
    assert call(app, "OPTIONS", "/orders", {"Origin": "https://shop.example"}).status == 401
    assert call(app, "GET", "/orders", headers).status == 401
    assert len(endpoint.decisions) == 1


def test_an_address_of_a_provider() -> None:
    class Page(Scripted):
        def routes(self) -> dict[str, str]:
            return {"/sign-in": "form"}

        def serve(self, route: str, view: View, now: int) -> Any:
            yield from ()
            return Reply(200, ((b"content-type", b"text/html"),), b"<form>")

    made, _ = watched(Page("a", says))
    app = made.wsgi(Endpoint(), {"/*": "a"})
    assert call(app, "GET", "/sign-in").body == b"<form>"
    assert call(app, "HEAD", "/sign-in").body == b""


def test_view() -> None:
    environ = environ_of(
        "POST", "/a/é?x=1", [("X-A", "1"), ("X-A", "2")], b"abc", CONTENT_TYPE="text/plain", RAW_URI="/a/%C3%A9?x=1",
        SCRIPT_NAME="/shop",
    )  # fmt: skip
    view = view_of(environ)
    assert (view.method, view.path, view.query, view.scheme) == ("POST", "/shop/a/é", b"x=1", "https")
    assert view.raw_path == b"/a/%C3%A9"
    assert view.values(b"x-a") == [b"1,2"]
    assert view.header(b"content-type") == "text/plain"
    assert view_of(environ_of("GET", "", REMOTE_ADDR="", REMOTE_PORT="x")).peer is None
    assert view_of(environ_of("GET", "", REMOTE_PORT="x")).path == "/"


@pytest.mark.parametrize(
    ("length", "more", "read"),
    [
        ("5", {}, b"abcde"), ("", {}, b""), ("11", {}, None), ("-1", {}, None), ("x", {}, None), ("٣", {}, None),
        ("0" * 12 + "99", {}, None), ("9" * 5_000, {}, None), ("", {"HTTP_TRANSFER_ENCODING": "chunked"}, None),
        ("5", {"HTTP_TRANSFER_ENCODING": "chunked"}, b"abcde"),
    ],
)  # fmt: skip
def test_body(length: str, more: dict[str, str], read: bytes | None) -> None:
    """Read for the check within its limit, and there for the application all the same."""
    environ = environ_of("POST", "/", (), b"abcdefghijk", CONTENT_LENGTH=length, **more)
    assert view_of(environ).read_body(10) == read  # type: ignore[misc]
    assert environ["wsgi.input"].read().startswith(b"" if read is not None and length == "" else b"abc")


def test_certificate() -> None:
    text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    assert view_of(environ_of(SSL_CLIENT_CERT=text)).client_certificate is not None
    assert view_of(environ_of(SSL_CLIENT_CERT="")).client_certificate is None
    assert (
        view_of(environ_of(HTTP_SSL_CLIENT_CERT=text)).client_certificate is None
    )  # a caller's header is no word of the server


def test_real_providers() -> None:
    made, events = watched(api_key("key", lookup=lambda key: "robot"), basic("b", verify=lambda c: {"n": c.username}))
    endpoint = Endpoint()
    app = made.wsgi(endpoint, {"/*": made.everyone})
    assert call(app, headers={"X-Api-Key": "k"}).status == 200
    assert call(app, headers=authorization("mara", "x")).status == 200
    assert call(app, headers=[("X-Api-Key", "k"), ("X-Api-Key", "k")]).status == 400
    assert [decision.principal for decision in endpoint.decisions] == ["robot", {"n": "mara"}]
    assert events[-1].cause is Cause.AMBIGUOUS
