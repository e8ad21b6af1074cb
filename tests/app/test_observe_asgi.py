"""The ASGI wrapper: messages pass untouched and first; refusals are taken."""

import asyncio
from typing import Any

import pytest
from tests.app.observing import asgi_service, call_asgi, scope_of

from authwhy.app.observe_asgi import ObservedAsgi
from authwhy.app.refusal import Refusal

START = {"type": "http.response.start", "status": 401, "headers": [(b"x", b"y")]}


class Observed:
    """Stands where the observer stands, and keeps what it gets."""

    def __init__(self) -> None:
        self.taken: list[Refusal] = []
        self.errors: list[Exception] = []
        self.flushed = 0

    def take(self, refusal: Refusal) -> None:
        """Keep."""
        self.taken.append(refusal)

    def quietly(self, function: Any, *arguments: Any) -> None:
        """As the observer does."""
        try:
            function(*arguments)
        except Exception as error:  # noqa: BLE001
            self.errors.append(error)

    def flush(self) -> None:
        """Count."""
        self.flushed += 1


def sending(*messages: dict[str, Any], then: Exception | None = None) -> Any:
    """An application that sends these."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)
        if then is not None:
            raise then

    return app


def wrapped(app: Any) -> tuple[ObservedAsgi, Observed]:
    """An observed application with a clock that stands."""
    observed = Observed()
    return ObservedAsgi(app, observed, lambda: 12.5), observed  # type: ignore[arg-type]


def test_messages_are_the_applications_own_objects() -> None:
    """Refusal or not."""
    for status in (200, 401):
        messages: list[dict[str, Any]] = [
            {**START, "status": status},
            {"type": "http.response.body", "body": b"a", "more_body": True},
            {"type": "http.response.body", "body": b"b"},
        ]
        app, observed = wrapped(sending(*messages))
        sent = call_asgi(app, scope_of())
        assert all(one is other for one, other in zip(sent, messages, strict=True))
        assert [one.body for one in observed.taken] == ([b"ab"] if status == 401 else [])
        assert observed.errors == []


def test_a_message_is_out_before_it_is_looked_at() -> None:
    """And a stream is passed piece by piece."""
    order: list[str] = []
    app, observed = wrapped(sending(START, {"type": "http.response.body", "body": b"a"}))

    async def send(message: Any) -> None:
        order.append(message["type"])
        assert observed.taken == []

    asyncio.run(app(scope_of(), None, send))  # type: ignore[arg-type]
    assert order == ["http.response.start", "http.response.body"]
    assert len(observed.taken) == 1


def test_an_answer_that_breaks_off_is_taken() -> None:
    """The application's exception is its own."""
    app, observed = wrapped(sending(START, then=RuntimeError("later")))
    with pytest.raises(RuntimeError, match="later"):
        call_asgi(app, scope_of())
    assert [one.status for one in observed.taken] == [401]


def test_the_path_is_the_one_that_came() -> None:
    """Routers change it, and say what the route is called."""

    class Route:
        path = "/shop/{number}"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["path"], scope["route"] = "/7", Route()
        scope["headers"].append((b"late", b"1"))
        await send(START)

    application, observed = wrapped(app)
    call_asgi(application, scope_of("/shop/7"))
    (one,) = observed.taken
    assert (one.view.path, one.route, one.view.peer, one.at) == ("/shop/7", "/shop/{number}", "192.0.2.7", 12.5)


@pytest.mark.parametrize(
    ("messages", "statuses"),
    [
        ([{"type": "websocket.close", "code": 1008, "reason": "token expired"}], [403]),
        ([{"type": "websocket.accept"}, {"type": "websocket.close", "code": 1008}], []),
        (
            [
                {"type": "websocket.http.response.start", "status": 401, "headers": []},
                {"type": "websocket.http.response.body", "body": b"no"},
            ],
            [401],
        ),
    ],
)
def test_websockets_are_refused_before_they_are_accepted(messages: list[dict[str, Any]], statuses: list[int]) -> None:
    """By a close, which servers turn into 403, or by an answer."""
    app, observed = wrapped(sending(*messages))
    call_asgi(app, scope_of(type="websocket"))
    assert [one.status for one in observed.taken] == statuses
    assert all(one.body in (b"token expired", b"no") for one in observed.taken)
    assert observed.errors == []


def test_the_end_of_the_service_flushes() -> None:
    """Servers kill the process soon after."""
    app, observed = wrapped(asgi_service)
    sent = call_asgi(app, {"type": "lifespan"}, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    assert [one["type"] for one in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert observed.flushed == 1


def test_a_fault_of_ours_is_not_the_applications() -> None:
    """A header line of a wrong type is the server's to complain about."""
    app, observed = wrapped(sending({**START, "status": 400, "headers": [5]}))
    assert len(call_asgi(app, scope_of())) == 1
    assert len(observed.errors) == 1
