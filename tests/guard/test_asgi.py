"""Guard before an ASGI application."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from tests.guard.asgi_client import Endpoint, acall, call, scope_of
from tests.guard.scripted import Scripted, watched

from authwhy.causes import Cause
from authwhy.guard import Accept, View, deny, optional
from authwhy.guard.asgi import AsgiGuard, Body, Message, view_of
from authwhy.guard.schemes.interface import Reply


def says(value: str) -> object:
    return Accept("mara", headers=((b"x-rotated", b"1"),)) if value == "good" else deny(Cause.WRONG_SECRET)


def guarded(provider: Any = None) -> tuple[AsgiGuard, Endpoint, list[Any]]:
    made, events = watched(provider or Scripted("a", says))
    endpoint = Endpoint()
    return made.asgi(endpoint, {"/health": None, "/orders": "a", "/home": optional("a")}), endpoint, events


def test_accepted() -> None:
    app, endpoint, events = guarded()
    for _ in range(2):  # the second one by the shortcut where there is one
        answer = call(app, "GET", "/orders", {"x-a": "good"})
        assert (answer.status, answer.body) == (200, b"ran")
        assert (answer.lines("x-rotated"), answer.lines("x-inner")) == (["1"], ["1"])
    assert endpoint.decisions[0].principal == "mara"
    assert (events[0].route, events[0].address, events[0].port) == ("/orders", "192.0.2.1", 4711)


def test_refused() -> None:
    app, endpoint, _ = guarded()
    for _ in range(2):
        answer = call(app, "GET", "/orders", {"x-a": "bad"})
        assert answer.status == 401
        assert answer.lines("www-authenticate") == ['A realm="x"']
        assert answer.problem()["code"] == "invalid_credentials"
        assert call(app, "HEAD", "/orders").body == b""
        assert call(app, "GET", "/orders").problem()["code"] == "missing"
        assert call(app, "GET", "/nowhere", {"x-a": "good"}).status == 403
    assert endpoint.decisions == []


def test_open() -> None:
    app, endpoint, _ = guarded()
    for _ in range(2):
        assert call(app, "GET", "/health").status == 200
        assert call(app, "GET", "/home").status == 200
    assert all(decision.anonymous for decision in endpoint.decisions)


def test_a_preflight_gets_nothing_of_what_is_guarded() -> None:
    """Browsers send it without credentials, so it has to pass; anybody can send one, so only its own headers come back."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        lines = [(b"Access-Control-Allow-Origin", b"*"), (b"Vary", b"Origin"), (b"X-Secret", b"s3cret")]
        await send({"type": "http.response.start", "status": 200, "headers": [*lines, (b"content-length", b"6")]})
        await send({"type": "http.response.body", "body": b"s3", "more_body": True})
        await send({"type": "http.response.pathsend", "path": "/secret"})
        await send({"type": "http.response.body", "body": b"cret"})

    made, _ = watched(Scripted("a", says))
    app = made.asgi(inner, {"/orders": "a"})
    answer = call(app, "OPTIONS", "/orders", {"origin": "https://shop.example", "access-control-request-method": "GET"})
    assert (answer.status, answer.body) == (200, b"")
    assert {name.lower() for name, _ in answer.headers} == {b"access-control-allow-origin", b"vary", b"content-length"}


def test_a_preflight_that_is_answered_inside() -> None:
    made, _ = watched(Scripted("a", says))
    endpoint = Endpoint()
    app = made.asgi(CORSMiddleware(endpoint), {"/orders": "a"})
    headers = {"origin": "https://shop.example", "access-control-request-method": "GET"}
    for _ in range(2):
        assert call(app, "OPTIONS", "/orders", headers).status == 200
        assert call(app, "OPTIONS", "/orders", {**headers, "authorization": "Bearer x"}).status == 401
        assert call(app, "OPTIONS", "/orders", {"origin": "https://shop.example"}).status == 401
        assert call(app, "GET", "/orders", headers).status == 401
    assert len(endpoint.decisions) == 2


def test_a_body_that_a_check_reads_is_there_for_the_application() -> None:
    seen: list[bytes | None] = []

    class Reading(Scripted):
        def check(self, presented: Any, view: View, now: int) -> Any:
            from authwhy.guard.effects import Call

            assert view.read_body is not None
            seen.append((yield Call(view.read_body, (100,))))
            seen.append((yield Call(view.read_body, (100,))))
            seen.append((yield Call(view.read_body, (3,))))
            return Accept("mara")

    app, endpoint, _ = guarded(Reading("a", says))
    call(app, "POST", "/orders", {"x-a": "good"}, [b"ab", b"cd", b"e"])
    assert seen == [b"abcde", b"abcde", None]
    assert endpoint.bodies == [b"abcde"]


def test_a_body_that_is_too_long_is_not_read_to_its_end() -> None:
    received = 0

    async def receive() -> Message:
        nonlocal received
        received += 1
        return {"type": "http.request", "body": b"x" * 10, "more_body": True}

    async def go() -> bytes | None:
        return await Body(receive).read(25)

    assert asyncio.run(go()) is None
    assert received == 3


def test_web_socket() -> None:
    app, endpoint, _ = guarded()
    opened = call(app, "GET", "/orders", {"x-a": "good"}, type="websocket")
    assert opened.messages == [{"type": "websocket.accept", "headers": [(b"x-rotated", b"1")]}]
    closed = call(app, "GET", "/orders", {"x-a": "bad"}, type="websocket")
    assert closed.messages == [{"type": "websocket.close", "code": 1008, "reason": "invalid_credentials"}]
    denied = call(app, "GET", "/orders", type="websocket", extensions={"websocket.http.response": {}})
    assert (denied.status, denied.messages[0]["type"]) == (401, "websocket.http.response.start")
    assert denied.problem()["code"] == "missing"
    assert call(app, "GET", "/nowhere", type="websocket").messages[0]["type"] == "websocket.close"
    assert len(endpoint.decisions) == 1


def test_life_span_passes() -> None:
    made, _ = watched(Scripted("a", says))
    seen: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    app = made.asgi(inner, {"/": "a"})

    async def go() -> None:
        await app({"type": "lifespan"}, None, None)  # type: ignore[arg-type]

    asyncio.run(go())
    assert seen == ["lifespan"]


def test_an_address_of_a_provider() -> None:
    class Page(Scripted):
        def routes(self) -> dict[str, str]:
            return {"/orders": "form"}

        def serve(self, route: str, view: View, now: int) -> Any:
            yield from ()
            return Reply(200, ((b"content-type", b"text/html"),), b"<form>")

    app, endpoint, _ = guarded(Page("a", says))
    assert call(app, "GET", "/orders").body == b"<form>"
    assert call(app, "HEAD", "/orders").body == b""
    assert endpoint.decisions == []


def test_view() -> None:
    view = view_of(scope_of("GET", "/a?x=1", {"x-a": "1"}, client=None, scheme="http"))
    assert (view.path, view.query, view.peer, view.port, view.scheme) == ("/a", b"x=1", None, None, "http")
    text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    tls = {"tls": {"client_cert_chain": [text]}}
    assert view_of(scope_of("GET", "/", extensions=tls)).client_certificate is not None
    assert view_of(scope_of("GET", "/", extensions={"tls": {"client_cert_chain": []}})).client_certificate is None


class CORSMiddleware:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class Outer:
    def __init__(self, app: Any) -> None:
        self.app = app


def test_a_warning_when_cors_is_inside(caplog: pytest.LogCaptureFixture) -> None:
    made, _ = watched(Scripted("a", says))
    with caplog.at_level(logging.WARNING, "authwhy.guard"):
        made.asgi(Outer(Endpoint()), {"/": "a"})
        assert caplog.records == []
        made.asgi(Outer(CORSMiddleware(Endpoint())), {"/": "a"})
        assert len(caplog.records) == 1


def test_paths_kept_are_bounded() -> None:
    made, _ = watched(Scripted("a", says))
    app = made.asgi(Endpoint(), {"/*": "a"})

    async def go() -> None:
        for number in range(3_000):
            await acall(app, "GET", f"/{number}")

    asyncio.run(go())
    assert len(app._short) <= 2_048
