"""An observed WSGI application (PEP 3333)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

from authwhy.app.watched_answer import WatchedAnswer
from authwhy.guard.view import View
from authwhy.guard.wsgi import App, Environ, StartResponse, view_of

if TYPE_CHECKING:
    from authwhy.app.observe import Observer


class ObservedWsgi:
    """The application, observed. A body that is no refusal's goes to the server as the application returned it."""

    def __init__(self, app: App, observer: Observer, clock: Callable[[], float]) -> None:
        self.app, self.observer, self._clock = app, observer, clock

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        observer, started = self.observer, False
        answer = WatchedAnswer(observer, lambda: _described(environ), perf_counter())

        def starting(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            nonlocal started
            write = start_response(status, headers, *exc_info)
            started = True
            observer.quietly(self._head, answer, status, headers)
            if not answer.wanted:
                return write

            def writing(data: bytes) -> None:
                write(data)
                observer.quietly(answer.add, data)

            return writing

        try:
            body = self.app(environ, starting)
        except BaseException:
            observer.quietly(answer.end)
            raise
        if isinstance(body, list | tuple):  # servers look at its length: it stays what it is
            observer.quietly(_whole, answer, body)
            return body
        return body if started and not answer.wanted else _Passing(body, answer, observer)

    def _head(self, answer: WatchedAnswer, status: str, headers: list[tuple[str, str]]) -> None:
        lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        answer.start(int(status[:3]), lines, self._clock())


def _whole(answer: WatchedAnswer, body: Iterable[bytes]) -> None:
    if answer.wanted:
        for chunk in body:
            answer.add(chunk)
        answer.end()


class _Passing:
    """The application's own iterable, looked at while it passes."""

    def __init__(self, body: Iterable[bytes], answer: WatchedAnswer, observer: Observer) -> None:
        self._body, self._answer, self._observer = body, answer, observer
        self._chunks = iter(body)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks)
        except BaseException:
            self._observer.quietly(self._answer.end)
            raise
        self._observer.quietly(self._answer.add, chunk)
        return chunk

    def close(self) -> None:
        """Called by the server in any case (PEP 3333)."""
        self._observer.quietly(self._answer.end)
        close = getattr(self._body, "close", None)
        if close is not None:
            close()


def _described(environ: Environ) -> tuple[View, str | None]:
    """The request, and the route's own name where Flask tells it."""
    rule = getattr(getattr(environ.get("werkzeug.request"), "url_rule", None), "rule", None)
    return view_of(environ), rule if isinstance(rule, str) else None
