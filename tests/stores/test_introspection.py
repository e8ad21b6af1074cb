"""Asking an introspection endpoint, a real one on loopback."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from tests.stores.loopback_site import Clock, Reply, Request, Site, site, until

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Refused
from authwhy.stores.discovery import Discovery
from authwhy.stores.introspection import Introspector
from authwhy.verify.flow import Unavailable, adrive, drive
from authwhy.verify.introspection import Introspected, IntrospectionAsk, IntrospectionPolicy, verify

NOW = 1_767_625_200
SECRET = "canary:3f81/+ \u20ac"
ACTIVE = Reply(json.dumps({"active": True, "sub": "alice", "exp": NOW + 300}).encode())
Make = Callable[..., Introspector]


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as running:
        running.says(ACTIVE)
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(server: Site, clock: Clock) -> Iterator[Make]:
    with ExitStack() as stack:

        def build(**settings: Any) -> Introspector:
            usual = {"client_id": "api", "secret": SECRET, "allow_http": (server.origin,), "clock": clock}
            door = Introspector(
                server.origin + "/introspect", **{**usual, "wall_clock": lambda: clock.now - 1_000 + NOW, **settings}
            )
            stack.callback(door.close)
            stack.callback(server.released.set)
            return door

        yield build


def form(asked: Request) -> dict[str, str]:
    return dict(parse_qsl(asked.body.decode()))


def test_a_token_checked_by_its_provider(server: Site, make: Make) -> None:
    door = make()

    def world(ask: object) -> object:
        assert isinstance(ask, IntrospectionAsk)
        return door.answer(ask)

    assert isinstance(drive(verify("good", IntrospectionPolicy(), NOW), world), Accepted)
    refusal = drive(verify("good", IntrospectionPolicy(audiences=("orders",)), NOW), world)
    assert isinstance(refusal, Refused)
    assert refusal.causes == (Cause.MISSING_CLAIM,)
    (asked,) = server.requests
    assert (asked.method, asked.path) == ("POST", "/introspect")
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.headers["Accept"] == "application/json"
    assert form(asked) == {"token": "good", "token_type_hint": "access_token"}


def test_client_secret_basic(server: Site, make: Make) -> None:
    """Both parts form-encoded first (RFC 6749 2.3.1), so a colon in them is no border."""
    make(client_id="a:b").get("good")
    scheme, _, pair = server.requests[0].headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert [unquote(part) for part in b64decode(pair).decode().split(":")] == ["a:b", SECRET]


def test_client_secret_post(server: Site, make: Make) -> None:
    make(method="client_secret_post").get("good")
    assert "Authorization" not in server.requests[0].headers
    assert form(server.requests[0])["client_id"] == "api"
    assert form(server.requests[0])["client_secret"] == SECRET


def test_bearer(server: Site, make: Make) -> None:
    make(method="bearer", secret="canary-token").get("good")
    assert server.requests[0].headers["Authorization"] == "Bearer canary-token"
    assert set(form(server.requests[0])) == {"token", "token_type_hint"}


def test_no_secret_in_a_repr(make: Make) -> None:
    for method in ("client_secret_basic", "client_secret_post"):
        door = make(method=method)
        assert "canary" not in repr(door)


@pytest.mark.parametrize(
    ("reply", "cause", "facts"),
    [
        (Reply(b"", 401), Cause.MISCONFIGURED, {"setting": "secret", "status": 401}),
        (Reply(b"", 403), Cause.MISCONFIGURED, {"setting": "secret", "status": 403}),
        (Reply(b'{"error":"invalid_client"}', 400), Cause.MISCONFIGURED, {"setting": "secret", "status": 400}),
        (Reply(b'{"error":"invalid_request"}', 400), Cause.PROVIDER_ERROR, {"problem": "status", "status": 400}),
        (Reply(b"", 404), Cause.PROVIDER_ERROR, {"problem": "status", "status": 404}),
        (Reply(b"", 503), Cause.PROVIDER_ERROR, {"problem": "status", "status": 503}),
        (Reply(b"", 302, {"Location": "/"}), Cause.PROVIDER_ERROR, {"problem": "redirect", "status": 302}),
        (Reply(b"<html>"), Cause.PROVIDER_ERROR, {"problem": "not_readable"}),
        (Reply(b"[]"), Cause.PROVIDER_ERROR, {"problem": "not_readable"}),
        (Reply(b"\xff"), Cause.PROVIDER_ERROR, {"problem": "not_readable"}),
        (Reply(b'{"a":' + b"[" * 20_000), Cause.PROVIDER_ERROR, {"problem": "not_readable"}),
        (Reply(b" " * 70_000), Cause.PROVIDER_ERROR, {"problem": "too_large", "status": 200}),
        (Reply(raw=b""), Cause.PROVIDER_UNREACHABLE, {"problem": "closed"}),
        (
            Reply(b"e30.e30.x", headers={"Content-Type": "application/token-introspection+jwt"}),
            Cause.MISCONFIGURED,
            {"setting": "introspection", "problem": "jwt_answer"},
        ),
    ],
)
def test_no_usable_answer_is_an_error_and_never_the_callers_fault(
    server: Site, make: Make, reply: Reply, cause: Cause, facts: dict[str, str | int]
) -> None:
    server.says(reply)
    assert make().get("good") == Unavailable(cause, {**facts, "host": server.origin.removeprefix("http://")})


@pytest.mark.parametrize("error", ["invalid_token", "unsupported_token_type", "invalid_grant"])
def test_some_endpoints_say_400_for_a_token_they_do_not_know(server: Site, make: Make, error: str) -> None:
    """The token chose that, so it is no error of the provider's."""
    server.says(Reply(json.dumps({"error": error}).encode(), 400))
    assert make().get("bad") == Introspected({"active": False})


@pytest.mark.parametrize("reply", [Reply(hang=True), Reply(b" " * 9_999, drip=True)], ids=["hang", "drip"])
def test_a_silent_endpoint_holds_nobody_for_long_and_then_nobody_at_all(
    server: Site, make: Make, clock: Clock, reply: Reply
) -> None:
    server.says(reply)
    door = make(timeout_s=0.2)
    first = door.get("one")
    assert isinstance(first, Unavailable)
    assert (first.cause, first.facts["problem"]) == (Cause.PROVIDER_UNREACHABLE, "timeout")
    until(lambda: not door._asking, "the end of the request")
    assert all(isinstance(door.get(f"other-{number}"), Unavailable) for number in range(200))
    assert server.count == 1
    server.says(ACTIVE)
    clock.now += 1
    assert isinstance(door.get("one"), Introspected)


def test_one_token_that_upsets_the_endpoint_stops_nobody_else(server: Site, make: Make) -> None:
    """Or a caller could switch everybody off by a token that makes the provider answer 500."""
    server.answer = lambda asked: Reply(b"", 500) if form(asked)["token"] == "evil" else ACTIVE
    door = make()
    assert isinstance(door.get("evil"), Unavailable)
    assert isinstance(door.get("good"), Introspected)


def test_answers_are_kept_for_some_seconds(server: Site, make: Make, clock: Clock) -> None:
    door = make()
    door.get("good")
    clock.now += 29.9
    door.get("good")
    assert server.count == 1
    clock.now += 0.1
    server.says(Reply(b'{"active":false}'))
    assert door.get("good") == Introspected({"active": False})
    clock.now += 9.9
    door.get("good")
    assert server.count == 2
    clock.now += 0.1
    door.get("good")
    assert server.count == 3


@pytest.mark.parametrize(
    ("members", "kept_s"),
    [
        ({"exp": NOW + 5}, 5),
        ({"exp": NOW}, 0),
        ({"exp": NOW - 5}, 0),
        ({"exp": NOW + 500}, 30),
        ({}, 30),
        ({"exp": "soon"}, 30),
    ],
)
def test_no_answer_is_kept_beyond_the_tokens_own_end(
    server: Site, make: Make, clock: Clock, members: dict[str, object], kept_s: int
) -> None:
    server.says(Reply(json.dumps({"active": True, **members}).encode()))
    door = make()
    door.get("good")
    clock.now += max(0, kept_s - 0.5)
    door.get("good")
    assert server.count == (1 if kept_s else 2)
    clock.now += 0.5
    door.get("good")
    assert server.count == (2 if kept_s else 3)


def test_invented_tokens_drive_no_good_answer_out(server: Site, make: Make) -> None:
    server.answer = lambda asked: ACTIVE if form(asked)["token"].startswith("good") else Reply(b'{"active":false}')
    door = make(kept=3)
    door.get("good")
    for number in range(10):
        door.get(f"bad-{number}")
    assert server.count == 11
    door.get("good")
    assert server.count == 11
    assert len(door._inactive._answers) == 3
    for number in range(3):
        door.get(f"good-{number}")
    door.get("good")
    assert server.count == 15


def test_forty_threads_with_one_token_one_request(server: Site, make: Make) -> None:
    door = make()
    found: list[object] = []
    threads = [Thread(target=lambda: found.append(door.get("good"))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    assert all(isinstance(answer, Introspected) for answer in found)
    assert server.count == 1


def test_one_connection_is_used_again(server: Site, make: Make) -> None:
    door = make()
    for number in range(5):
        door.get(f"good-{number}")
    assert (server.count, server.connections) == (5, 1)


def test_awaited(server: Site, make: Make) -> None:
    """Forty tasks, one request; the event loop goes on meanwhile."""
    door = make()

    async def world(ask: object) -> object:
        assert isinstance(ask, IntrospectionAsk)
        return await door.aanswer(ask)

    async def gather() -> list[object]:
        return await asyncio.gather(*(adrive(verify("good", IntrospectionPolicy(), NOW), world) for _ in range(40)))

    assert all(isinstance(outcome, Accepted) for outcome in asyncio.run(gather()))
    assert server.count == 1


def test_a_task_that_stops_waiting_stops_nobody_else(server: Site, make: Make) -> None:
    server.says(Reply(hang=True))
    door = make(timeout_s=10.0)

    async def both() -> tuple[bool, Introspected | Unavailable]:
        impatient = asyncio.create_task(door.aget("good"))
        patient = asyncio.create_task(door.aget("good"))
        await asyncio.to_thread(until, lambda: server.count, "the request")
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        waiting = not patient.done()
        server.released.set()
        return waiting, await patient

    waiting, answer = asyncio.run(both())
    assert waiting
    assert isinstance(answer, Unavailable)
    assert (answer.facts["problem"], server.count) == ("closed", 1)


def test_too_late_for_one_who_waits(server: Site, make: Make) -> None:
    """With every worker busy, the wait still ends."""
    server.says(Reply(hang=True))
    door = make(timeout_s=0.2, workers=1)

    async def gather() -> list[object]:
        return await asyncio.gather(*(door.aget(f"token-{number}") for number in range(3)))

    answers = asyncio.run(gather())
    assert [isinstance(answer, Unavailable) and answer.facts["problem"] for answer in answers] == ["timeout"] * 3


def test_discovered(server: Site, make: Make) -> None:
    metadata = {"issuer": server.origin, "introspection_endpoint": server.origin + "/there"}

    def answer(asked: Request) -> Reply:
        return ACTIVE if asked.path == "/there" else Reply(json.dumps(metadata).encode())

    server.answer = answer
    discovery = Discovery(server.origin, allow_http=(server.origin,))
    door = Introspector(None, discovery=discovery, client_id="api", secret="x", allow_http=(server.origin,))
    assert isinstance(door.get("good"), Introspected)
    door.close()
    metadata.pop("introspection_endpoint")
    discovery = Discovery(server.origin, allow_http=(server.origin,))
    door = Introspector(None, discovery=discovery, client_id="api", secret="x", allow_http=(server.origin,))
    answered = door.get("good")
    door.close()
    assert isinstance(answered, Unavailable)
    assert (answered.cause, answered.facts["setting"]) == (Cause.MISCONFIGURED, "introspection_endpoint")


def test_closed(server: Site, make: Make) -> None:
    door = make()
    door.close()
    closed = Unavailable(facts={"problem": "closed"})
    assert door.get("good") == closed
    assert asyncio.run(door.aget("good")) == closed
    assert server.requests == []


def test_settings_that_cannot_work(server: Site) -> None:
    for url in (server.origin, "https://u:p@id.example.com/", None):
        with pytest.raises(ValueError, match="needed"):
            Introspector(url, secret="x")
    for secret in ("a b", "a\r\nX: y", "\u20ac"):
        with pytest.raises(ValueError, match="that can be sent") as refused:
            Introspector("https://id.example.com/", secret=secret, method="bearer")
        assert secret not in str(refused.value)
