"""An observed ASGI application (HTTP and WebSocket)."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING

from authwhy.app.watched_answer import WatchedAnswer
from authwhy.guard.asgi import App, Message, Receive, Scope, Send, view_of
from authwhy.guard.view import View

if TYPE_CHECKING:
    from authwhy.app.observe import Observer

FORBIDDEN = 403  # what servers send for a connection that is closed before it was accepted (ASGI, WebSocket close)


class ObservedAsgi:
    """The application, observed. Its messages go out first and are looked at after."""

    def __init__(self, app: App, observer: Observer, clock: Callable[[], float]) -> None:
        self.app, self.observer, self._clock = app, observer, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] not in ("http", "websocket"):
            try:
                await self.app(scope, receive, send)
            finally:
                if scope["type"] == "lifespan":
                    self.observer.flush()
            return
        path, observer, started = scope["path"], self.observer, perf_counter()
        # for the many answers that are no refusal nothing is made at all
        seen = None if scope["type"] == "http" else self._seen(scope, path, started)

        async def sending(message: Message) -> None:
            nonlocal seen
            try:
                await send(message)
            finally:
                if seen is None and message.get("status", 0) >= 400:
                    seen = self._seen(scope, path, started)
                if seen is not None:
                    observer.quietly(seen.message, message)

        try:
            await self.app(scope, receive, sending)
        finally:
            if seen is not None:
                observer.quietly(seen.end)

    def _seen(self, scope: Scope, path: str, started: float) -> _Seen:
        return _Seen(WatchedAnswer(self.observer, lambda: _described(scope, path), started), self._clock)


class _Seen:
    """What the messages of one connection mean."""

    __slots__ = ("_accepted", "_answer", "_clock", "end")

    def __init__(self, answer: WatchedAnswer, clock: Callable[[], float]) -> None:
        self._answer, self._clock, self._accepted = answer, clock, False
        self.end = answer.end

    def message(self, message: Message) -> None:
        """One message of the application."""
        kind, answer = message["type"], self._answer
        if kind in ("http.response.body", "websocket.http.response.body"):
            if answer.wanted:
                answer.add(message.get("body", b""))
                if not message.get("more_body", False):
                    answer.end()
        elif kind in ("http.response.start", "websocket.http.response.start"):
            answer.start(message["status"], message.get("headers", ()), self._clock())
            self._accepted = True
        elif kind == "websocket.accept":
            self._accepted = True
        elif kind == "websocket.close" and not self._accepted:
            answer.start(FORBIDDEN, (), self._clock())
            answer.add((message.get("reason") or "").encode())
            answer.end()


def _described(scope: Scope, path: str) -> tuple[View, str | None]:
    """The request, with the path as it came: routers change it. The route's own name where the framework tells it."""
    view = view_of(scope)
    view.path, view.headers = path, tuple(view.headers)
    route = getattr(scope.get("route"), "path", None)
    return view, route if isinstance(route, str) else None
