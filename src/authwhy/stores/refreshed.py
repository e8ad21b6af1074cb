"""A value that a provider publishes, kept fresh by one thread: who reads it never waits while there is one to use.

One thread does every load, so there is one at a time (single flight). It starts at the first need, loads again
before the value is due, and with growing pauses while the provider fails: short ones while there is no value to use,
for then every request fails. A failure never replaces a good value.
"""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from threading import Condition, Thread
from typing import Any, Generic, TypeAlias, TypeVar
from weakref import WeakSet

from msgspec import Struct
from msgspec.structs import replace

from authwhy.causes import Cause
from authwhy.stores.reach import FetchFailed
from authwhy.verify.flow import Unavailable

Value = TypeVar("Value")
Flight: TypeAlias = "Future[None]"
"""A load under way; it is done when the value or the failure can be read. It carries no result and no error."""
Clock: TypeAlias = Callable[[], float]
Spread: TypeAlias = Callable[[], float]
"""Between 0 and 1: how much of a pause is left out, so that processes that failed together do not ask together."""
OnStale: TypeAlias = Callable[[int], None]
"""Told the age (s) of an overdue value each time it is used because the provider could not be asked."""

_MOST_SPREAD = 0.2
_EARLY = 0.8  # part of a lifetime after which the value is loaded again
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0  # between loads while the provider fails
_LONGEST_EMPTY_S = 5.0  # the same while there is no value that can be used
_LONGEST_WAIT_S = 3_600.0


_ALL: WeakSet[Refreshed[Any]] = WeakSet()


class Loaded(Struct, Generic[Value], frozen=True):
    """What a load brought. `mark` tells whether the value changed; `lifetime_s` is how long it is fresh."""

    value: Value
    mark: bytes
    lifetime_s: float


class _Kept(Struct, Generic[Value], frozen=True):
    loaded: Loaded[Value]
    at: float
    fresh_until: float
    usable_until: float


class Refreshed(Generic[Value]):
    """Keeps what `load` returns. `load` runs in a thread of its own and raises FetchFailed.

    `stale_s` is how long after its lifetime a value may still be used while the provider fails; `timeout_s` how
    long a caller waits for the first one. `clock` gives monotonic s, `spread` is chance. Safe to share between
    threads, and usable in a process forked later. `close` ends the thread.
    """

    def __init__(
        self,
        load: Callable[[], Loaded[Value]],
        *,
        stale_s: float,
        timeout_s: float,
        on_stale: OnStale | None = None,
        clock: Clock = time.monotonic,
        spread: Spread = random.random,
    ) -> None:
        self._load, self._stale_s, self._timeout_s = load, stale_s, timeout_s
        self._on_stale, self._clock, self._spread = on_stale, clock, spread
        self._changed = Condition()
        self._thread: Thread | None = None
        self._flight: Flight | None = None
        self._kept: _Kept[Value] | None = None
        self._failure: Unavailable | None = None
        self._due, self._pause_s = -math.inf, _FIRST_PAUSE_S
        self._closed = False
        self.version = 0
        """Grows when the value changes; 0 before the first."""
        _ALL.add(self)

    @property
    def current(self) -> Value | None:
        """The value to use now, without any waiting; None when there is none yet, or only one that is too old."""
        kept, now = self._kept, self._clock()
        if now >= self._due:
            self._wake()
        if kept is None or now >= kept.usable_until:
            return None
        if now >= kept.fresh_until and self._on_stale is not None:
            with suppress(Exception):  # an observer that fails never fails a request
                self._on_stale(int(now - kept.at))
        return kept.loaded.value

    @property
    def failure(self) -> Unavailable | None:
        """Why the last load failed, with `retry_s` until the next one; None when it did not fail."""
        failure = self._failure
        if failure is None:
            return None
        retry_s = max(1, math.ceil(self._due - self._clock()))
        return replace(failure, facts={**failure.facts, "retry_s": retry_s})

    @property
    def age_s(self) -> int | None:
        """Seconds since the provider last confirmed the value; None before the first."""
        kept = self._kept
        return None if kept is None else int(self._clock() - kept.at)

    def begin(self, seen: Value | None) -> Flight | Unavailable:
        """Load now, or join the load under way. While the provider fails nobody waits: the failure, at once.

        `seen` is the value, or its absence, that the caller cannot do with: a load that ended since is enough.
        """
        flight = self.begin_if(lambda: True, seen)
        assert flight is not None  # nothing said no
        return flight

    def begin_if(self, may_load: Callable[[], bool], seen: Value | None) -> Flight | Unavailable | None:
        """The same, but `may_load` is asked before a load that nobody else began; None when it says no."""
        failure = self.failure
        if failure is not None:
            if self._clock() >= self._due:
                self._wake()
            return failure
        with self._changed:
            if self._closed:
                return Unavailable(facts={"problem": "closed"})
            kept = self._kept
            if kept is not None and kept.loaded.value is not seen and self._clock() < kept.usable_until:
                return _done()
            self._start()
            if self._flight is None:
                if not may_load():
                    return None
                self._flight = _flight()
                self._changed.notify_all()
            return self._flight

    def wait(self, flight: Flight) -> None:
        """Wait for a load, up to `timeout_s`. Raises nothing."""
        wait([flight], self._timeout_s)

    async def wait_async(self, flight: Flight) -> None:
        """The same without holding the event loop, or any thread."""
        import asyncio  # here: a program without an event loop does not pay for it

        waiting = asyncio.wrap_future(flight)
        try:
            await asyncio.wait([waiting], timeout=self._timeout_s)
        finally:
            waiting.cancel()  # ends this wait only, before its loop may be closed: a flight cannot be cancelled

    def get(self) -> Value | Unavailable:
        """The value; waits, up to `timeout_s`, for the first."""
        value = self.current
        if value is not None:
            return value
        flight = self.begin(None)
        if isinstance(flight, Unavailable):
            return flight
        self.wait(flight)
        value = self.current
        return value if value is not None else self.missing()

    async def aget(self) -> Value | Unavailable:
        """The same; neither the event loop nor a thread waits."""
        value = self.current
        if value is not None:
            return value
        flight = self.begin(None)
        if isinstance(flight, Unavailable):
            return flight
        await self.wait_async(flight)
        value = self.current
        return value if value is not None else self.missing()

    def get_now(self) -> Value | Unavailable:
        """The value, or what comes of a load that is made now, pause or not: for a caller that keeps pauses itself."""
        value = self.current
        if value is not None:
            return value
        with self._changed:
            if self._closed:
                return Unavailable(facts={"problem": "closed"})
            self._start()
            if self._flight is None:
                self._flight = _flight()
                self._changed.notify_all()
            flight = self._flight
        self.wait(flight)
        value = self.current
        return value if value is not None else self.missing()

    def unready(self) -> Unavailable | None:
        """Why there is no value to use now, None when there is one; never waits, and begins the first load."""
        if self.current is not None:
            return None
        begun = self.begin(None)
        if isinstance(begun, Unavailable):
            return begun
        return None if self.current is not None else Unavailable(facts={"problem": "not_loaded"})

    def missing(self) -> Unavailable:
        """Why there is no answer after waiting."""
        return self.failure or Unavailable(facts={"problem": "timeout"})

    def close(self) -> None:
        """End the thread; waits for a load under way, at most `timeout_s`. What was loaded stays usable until old."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(self._timeout_s)

    def after_fork(self) -> None:
        """Make a new lock in a forked process: a thread that is not here may have held the old one."""
        self._changed = Condition()
        self._flight = None

    def _wake(self) -> None:
        """Let the thread look at the clock. Does nothing before the first need."""
        with self._changed:
            if self._thread is not None and not self._closed:
                self._start()
                self._changed.notify_all()

    def _start(self) -> None:
        """Start the thread when there is none: at first, and after a fork."""
        if self._thread is None or not self._thread.is_alive():
            self._flight = None
            self._thread = Thread(target=self._run, name="authwhy-refresh", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while self._wait_until_due():
            self._attempt()
            with self._changed:
                flight, self._flight = self._flight, None
            if flight is not None:
                flight.set_result(None)

    def _wait_until_due(self) -> bool:
        """Wait for a need or for the time; False when closed. Everybody that comes from here on joins."""
        with self._changed:
            while not self._closed and self._flight is None:
                left = self._due - self._clock()
                if left <= 0:
                    self._flight = _flight()
                else:
                    self._changed.wait(min(left, _LONGEST_WAIT_S))
            return not self._closed

    def _attempt(self) -> None:
        try:
            loaded = self._load()
        except FetchFailed as failed:
            self._fail(Unavailable(failed.cause, failed.facts))
        except Exception as error:  # noqa: BLE001  a fault of ours must be seen, and must not end the refreshing
            self._fail(Unavailable(Cause.MISCONFIGURED, {"problem": type(error).__name__}))
        else:
            self._keep(loaded)

    def _keep(self, loaded: Loaded[Value]) -> None:
        kept, now = self._kept, self._clock()
        if kept is not None and kept.loaded.mark == loaded.mark:
            loaded = replace(loaded, value=kept.loaded.value)  # what was prepared for it stays prepared
        fresh_until = now + loaded.lifetime_s
        with self._changed:
            self._kept = _Kept(loaded, now, fresh_until, fresh_until + self._stale_s)
            self._failure, self._pause_s = None, _FIRST_PAUSE_S
            self._due = now + _EARLY * loaded.lifetime_s
            if kept is None or kept.loaded.mark != loaded.mark:
                self.version += 1

    def _fail(self, failure: Unavailable) -> None:
        with self._changed:
            now, kept = self._clock(), self._kept
            usable = kept is not None and now < kept.usable_until
            pause_s = min(self._pause_s, _LONGEST_PAUSE_S if usable else _LONGEST_EMPTY_S)
            self._due = now + pause_s * (1 - _MOST_SPREAD * self._spread())
            self._pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            self._failure = failure


def _flight() -> Flight:
    flight: Flight = Future()
    flight.set_running_or_notify_cancel()  # from now on a waiter that gives up cannot cancel it for the others
    return flight


def _done() -> Flight:
    flight = _flight()
    flight.set_result(None)
    return flight


def _after_fork() -> None:
    for each in tuple(_ALL):
        each.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)
