"""Starlette: refusals of `require` are the guard's own answers, inside CORS; bodies, WebSockets and pages go through."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.guard.integrations.service import (
    CORS,
    PAGE,
    a_guard,
    bearer,
    is_the_guards,
    password,
    signature,
)

pytest.importorskip("starlette", reason="Starlette is not installed")
pytest.importorskip("httpx2", reason="Starlette's test client needs httpx2")

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from authwhy.causes import Cause
from authwhy.guard import ConfigurationError, any_of, optional
from authwhy.guard.starlette import RefusedRequest, install
from authwhy.model.event import Event


class Service:
    """An application with every kind of endpoint, its events, and a client."""

    def __init__(self, rules: Any = None, **more: Any) -> None:
        self.guard, self.events = a_guard(**more)
        item = Mount("/shop", routes=[Route("/orders/{id:int}", self.order, methods=["GET", "POST"])])
        routes = [
            item,
            Route("/open", self.free),
            Route("/home", self.home),
            Route("/session", self.session),
            Route("/signed", self.signed, methods=["POST"]),
            Route("/signed/late", self.signed_late, methods=["POST"]),
            Route("/twice", self.twice),
            Route("/careless", self.careless),
            Route("/endless", self.endless),
            WebSocketRoute("/socket", self.socket),
            WebSocketRoute("/socket/late", self.socket_late),
        ]
        self.app = Starlette(routes=routes)
        install(self.guard, self.app, rules)
        self.app.add_middleware(CORSMiddleware, allow_origins=[PAGE], allow_headers=["authorization"])
        self.client = TestClient(self.app, base_url="http://shop.example")

    @property
    def last(self) -> Event:
        return self.events[-1]

    async def order(self, request: Request) -> Response:
        decision = await self.guard.require(request, any_of("token", "key"), scope="orders:read")
        assert request.scope["authwhy"] is decision
        return JSONResponse({"by": decision.principal.id, "order": request.path_params["id"]})

    async def free(self, request: Request) -> Response:
        return PlainTextResponse("open")

    async def home(self, request: Request) -> Response:
        who = (await self.guard.require(request, optional("token"))).principal
        return PlainTextResponse("nobody" if who is None else who.id)

    async def session(self, request: Request) -> Response:
        decision = await self.guard.require(request, "session")
        return StreamingResponse(iter([decision.principal]), headers={"Set-Cookie": "own=1"})

    async def signed(self, request: Request) -> Response:
        await self.guard.require(request, "signed")
        return Response(b"".join([part async for part in request.stream()]))

    async def signed_late(self, request: Request) -> Response:
        body = await request.body()
        await self.guard.require(request, "signed")
        return Response(body)

    async def twice(self, request: Request) -> Response:
        first = await self.guard.require(request, "token")
        return JSONResponse(await self.guard.require(request, "token") is first)

    async def careless(self, request: Request) -> Response:
        try:
            await self.guard.require(request, "token")
        except RefusedRequest as refused:
            return PlainTextResponse(str(refused.denied.cause), 418)
        return PlainTextResponse("in")

    async def endless(self, request: Request) -> Response:
        async def parts() -> Any:
            yield "begun "
            await self.guard.require(request, "token")

        return StreamingResponse(parts())

    async def socket(self, socket: WebSocket) -> None:
        await self.guard.require(socket, "token")
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    async def socket_late(self, socket: WebSocket) -> None:
        await socket.accept()
        async for _ in socket.iter_text():
            decision = await self.guard.require(socket, "token")
            await socket.send_text(decision.principal.id)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.guard.close()


def test_nothing_sent(service: Service) -> None:
    answer = service.client.get("/shop/orders/7")
    lines = is_the_guards(service.last, answer.status_code, answer.headers.multi_items(), answer.content)
    assert [line.split(" ")[0] for line in lines] == ["Bearer", "ApiKey"]
    assert (service.last.causes[0].cause, service.last.route) == (Cause.MISSING, "/shop/orders/{id}")


def test_good_token(service: Service) -> None:
    answer = service.client.get("/shop/orders/7", headers=bearer())
    assert (answer.status_code, answer.json()) == (200, {"by": "alice", "order": 7})
    assert service.last.outcome == "success"


@pytest.mark.parametrize(
    ("headers", "status", "cause"),
    [
        (bearer(exp=1), 401, Cause.EXPIRED),
        (bearer(scope=""), 403, Cause.INSUFFICIENT_SCOPE),
        (password("bob", "x"), 401, Cause.UNSUPPORTED_SCHEME),
        ({"X-Api-Key": "down"}, 503, Cause.PROVIDER_UNREACHABLE),
        ({**bearer(), "X-Api-Key": "good-key"}, 400, Cause.AMBIGUOUS),
    ],
)
def test_refusals(service: Service, headers: dict[str, str], status: int, cause: Cause) -> None:
    answer = service.client.post("/shop/orders/7", headers=headers)
    is_the_guards(service.last, answer.status_code, answer.headers.multi_items(), answer.content)
    assert (answer.status_code, service.last.causes[0].cause) == (status, cause)
    assert ("retry-after" in answer.headers) == (status == 503)


def test_head_has_no_body(service: Service) -> None:
    answer = service.client.head("/shop/orders/7")
    assert (answer.status_code, answer.content) == (401, b"")
    assert "www-authenticate" in answer.headers


def test_refusals_have_cors_headers(service: Service) -> None:
    answer = service.client.get("/shop/orders/7", headers=CORS)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, PAGE)


def test_preflight(service: Service) -> None:
    asks = {**CORS, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    assert service.client.options("/shop/orders/7", headers=asks).status_code == 200
    assert service.events == []


def test_optional(service: Service) -> None:
    assert service.client.get("/home").text == "nobody"
    assert service.client.get("/home", headers=bearer()).text == "alice"
    assert service.client.get("/home", headers=bearer(exp=1)).status_code == 401


def test_header_lines_of_the_provider_reach_the_answer(service: Service) -> None:
    answer = service.client.get("/session", headers={"Cookie": "sid=1"})
    assert answer.headers.get_list("set-cookie") == ["own=1", "sid=2; Path=/; HttpOnly", "seen=1; Path=/"]
    assert (answer.text, answer.headers["authentication-info"]) == ("visitor", 'n="2"')


@pytest.mark.parametrize("path", ["/signed", "/signed/late"])
def test_body_is_read_by_both(service: Service, path: str) -> None:
    body = b"a body" * 100

    def parts() -> Iterator[bytes]:
        yield body[:300]
        yield body[300:]

    answer = service.client.post(path, content=parts(), headers=signature(body))
    assert (answer.status_code, answer.content) == (200, body)


@pytest.mark.parametrize("path", ["/signed", "/signed/late"])
def test_body_too_long_for_the_check(service: Service, path: str) -> None:
    body = b"x" * 1_001
    answer = service.client.post(path, content=body, headers=signature(body))
    assert (answer.status_code, service.last.causes[0].cause) == (401, Cause.MALFORMED)


def test_one_rule_is_decided_once(service: Service) -> None:
    assert service.client.get("/twice", headers=bearer()).json() is True
    assert len(service.events) == 1


def test_the_application_may_answer_itself(service: Service) -> None:
    answer = service.client.get("/careless")
    assert (answer.status_code, answer.text) == (418, "missing")


def test_refused_after_the_answer_has_begun(service: Service) -> None:
    with pytest.raises(RefusedRequest):
        service.client.get("/endless")


def test_websocket_accepted(service: Service) -> None:
    with service.client.websocket_connect("/socket", headers=bearer()) as socket:
        assert socket.receive_text() == "hello"


def test_websocket_refused_by_an_answer(service: Service) -> None:
    with pytest.raises(WebSocketDenialResponse) as refused, service.client.websocket_connect("/socket"):
        pass
    assert (refused.value.status_code, json.loads(refused.value.content)["code"]) == (401, "missing")
    assert refused.value.headers["www-authenticate"].startswith("Bearer")


def test_websocket_refused_after_the_handshake(service: Service) -> None:
    with service.client.websocket_connect("/socket/late") as socket:
        socket.send_text("hello")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert (closed.value.code, closed.value.reason) == (1008, "missing")


def test_open_websocket_is_decided_anew() -> None:
    now = time.time()
    service = Service(clock=lambda: now)
    with service.client.websocket_connect("/socket/late", headers=bearer(exp=int(now) + 10)) as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "alice"
        now += 11
        socket.send_text("still there?")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert (closed.value.code, closed.value.reason) == (1008, "expired")
    service.guard.close()


def test_pages_of_providers(service: Service) -> None:
    answer = service.client.get("/sign-in")
    assert (answer.text, len(answer.headers.get_list("set-cookie"))) == ("sign in here", 2)
    assert service.client.get("/sign-in/broken", headers=CORS).headers["access-control-allow-origin"] == PAGE


def test_rules_by_path() -> None:
    service = Service({"/open": None, "/shop/*": "token", "/socket/*": optional("token")})
    assert service.client.get("/open").status_code == 200
    assert service.client.get("/shop/orders/7", headers=bearer()).status_code == 200
    closed = service.client.get("/home", headers={**bearer(), **CORS})
    assert (closed.status_code, closed.headers["access-control-allow-origin"]) == (403, PAGE)
    assert service.client.get("/sign-in").status_code == 200
    with service.client.websocket_connect("/socket", headers=bearer()) as socket:
        assert socket.receive_text() == "hello"
    for headers in ({}, bearer(exp=1)):  # refused by the endpoint, and by the rule
        with pytest.raises(WebSocketDenialResponse), service.client.websocket_connect("/socket", headers=headers):
            pass
    service.guard.close()


def test_a_mounted_application_needs_its_own_guard(service: Service) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(str((await service.guard.require(request, "token")).principal.id))

    inner = Starlette(routes=[Route("/", endpoint)])
    service.app.mount("/inner", inner)
    with pytest.raises(ConfigurationError, match=r"guard\.install"):
        service.client.get("/inner/", headers=bearer())
    service.guard.install(inner := Starlette(routes=[Route("/", endpoint)]))
    service.app.mount("/better", inner)
    assert service.client.get("/better/").status_code == 401
    assert service.client.get("/better/", headers=bearer()).text == "alice"


def test_unknown_provider(service: Service) -> None:
    async def endpoint(request: Request) -> Response:
        await service.guard.require(request, "nobody")
        return PlainTextResponse("in")

    service.app.add_route("/typo", endpoint)
    with pytest.raises(ConfigurationError, match="nobody"):
        service.client.get("/typo", headers=bearer())


def test_installed_once_and_before_the_start(service: Service) -> None:
    with pytest.raises(ConfigurationError, match="already"):
        service.guard.install(service.app)
    started = Starlette()
    TestClient(started).get("/")
    with pytest.raises(ConfigurationError, match="started"):
        service.guard.install(started)
    with pytest.raises(ConfigurationError, match="no Starlette"):
        service.guard.install(object())


def test_cors_inside_is_warned_of_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    guard, _ = a_guard()
    cors = [Middleware(CORSMiddleware, allow_origins=[PAGE])]
    outer = Starlette(middleware=cors)
    guarded = Starlette(middleware=cors)
    guard.install(guarded)
    outer.mount("/guarded", guarded)
    guard.install(outer)
    with caplog.at_level(logging.WARNING, "authwhy.guard"), TestClient(outer):
        assert not caplog.records
    outer = Starlette(routes=[Mount("/api", routes=[Route("/", Service.free)], middleware=cors)])
    guard.install(outer)
    with caplog.at_level(logging.WARNING, "authwhy.guard"), TestClient(outer):
        assert ["CORS" in record.message for record in caplog.records] == [True]
    guard.close()
