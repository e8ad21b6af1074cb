"""One answer on its way out: a refusal's head and the beginning of its body are kept, any other is let go at once."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Protocol

from authwhy.app.refusal import BODY_BYTES, Lines, Refusal, is_refusal
from authwhy.guard.view import View


class Taking(Protocol):
    """Who takes refusals."""

    def take(self, refusal: Refusal) -> None:
        """Queue one."""

    def quietly(self, function: Callable[..., object], *arguments: object) -> None:
        """Call, and count what it raises."""


class WatchedAnswer:
    """`describe()` is asked for the request and its route only when the answer is a refusal.

    `started` is when the request came, by time.perf_counter.
    """

    __slots__ = ("_at", "_body", "_describe", "_duration_us", "_headers", "_observer", "_size", "_started", "_status")

    def __init__(self, observer: Taking, describe: Callable[[], tuple[View, str | None]], started: float) -> None:
        self._observer, self._describe, self._started = observer, describe, started
        self._status = 0
        self._headers: tuple[tuple[bytes, bytes], ...] = ()
        self._body: list[bytes] = []
        self._size = self._duration_us = 0
        self._at = 0.0

    @property
    def wanted(self) -> bool:
        """Is it a refusal that is still being taken?"""
        return self._status != 0

    def start(self, status: int, headers: Lines, now: float) -> None:
        """The head. `now` is s since 1970. A second head replaces the first (PEP 3333, exc_info)."""
        self._status = status if is_refusal(status, headers) else 0
        if self._status:
            self._headers, self._at = tuple(headers), now
            self._duration_us = round((perf_counter() - self._started) * 1e6)

    def add(self, chunk: bytes) -> None:
        """A piece of the body; with the last one that is wanted the refusal is handed on."""
        if not self._status:
            return
        piece = bytes(chunk[: BODY_BYTES - self._size])
        self._body.append(piece)
        self._size += len(piece)
        if self._size >= BODY_BYTES:
            self.end()

    def end(self) -> None:
        """The answer is over, or broke off. A second call does nothing."""
        status, self._status = self._status, 0
        if status:
            view, route = self._describe()
            body = b"".join(self._body)
            self._observer.take(Refusal(view, status, self._headers, body, self._at, self._duration_us, route))
