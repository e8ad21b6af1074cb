"""Threads with a limit on how many calls may wait: more work than that is refused at once, not queued."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from time import monotonic
from typing import Any

_IDLE_S = 30.0


class Overloaded(Exception):
    """So many calls are waiting that one more would only wait too; nothing was run."""


class Ended(Exception):
    """A call ended by something that would also end whoever waits for it: SystemExit, a cancellation, StopIteration."""


class Job(Future[Any]):
    """A call in a pool."""

    def __init__(self) -> None:
        super().__init__()
        self._queued, self._began = monotonic(), 0.0

    def begin(self) -> bool:
        """Its turn has come; False when it was given up before."""
        self._began = monotonic()
        return self.set_running_or_notify_cancel()

    def give_up(self) -> bool:
        """Nobody waits for it any more: it is not run if it has not begun.

        True when it has waited for longer than it has run: load is why there is no answer, and no outage.
        """
        if self.cancel() or self.cancelled():
            return True
        raised = self.done() and self.exception() is not None  # its own TimeoutError
        return not raised and self._began - self._queued > monotonic() - self._began


class BoundedPool:
    """At most `workers` calls run, at most `waiting` wait. Threads start when needed and end when idle.

    A call whose future was cancelled before it began is never run. Safe to use after a fork: the child starts anew.
    """

    def __init__(self, name: str, workers: int, waiting: int) -> None:
        if workers < 1 or waiting < 0:
            raise ValueError("workers must be at least 1, waiting must not be negative")
        self.name, self.workers, self.waiting = name, workers, waiting
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._jobs: deque[tuple[Job, Callable[..., Any], tuple[object, ...]]] = deque()
        self._lock = threading.Lock()
        self._ready = threading.Condition(self._lock)
        self._threads = 0
        self._idle = 0
        self._closed = False

    def submit(self, function: Callable[..., Any], *arguments: object) -> Job:
        """Queue a call. Raises Overloaded when too many wait already, RuntimeError after close()."""
        if self._pid != os.getpid():  # threads do not survive a fork
            self._reset()
        future = Job()
        with self._lock:
            if self._closed:
                raise RuntimeError(f"{self.name} is closed")
            if len(self._jobs) >= self.waiting + self._idle and self._threads >= self.workers:
                raise Overloaded(self.name)
            self._jobs.append((future, copy_context().run, (function, *arguments)))
            if self._idle >= len(self._jobs):
                self._ready.notify()
            elif self._threads < self.workers:
                self._threads += 1
                self._idle += 1  # until it has taken up work
                threading.Thread(target=self._work, name=self.name, daemon=True).start()
        return future

    def _work(self) -> None:
        new = 1
        while True:
            with self._lock:
                self._idle, new = self._idle - new, 0  # together with taking a call: submit() looks at both
                while not self._jobs:
                    if self._closed:
                        self._threads -= 1
                        return
                    self._idle += 1
                    woken = self._ready.wait(_IDLE_S)
                    self._idle -= 1
                    if not self._jobs and not woken:
                        self._threads -= 1
                        return
                future, function, arguments = self._jobs.popleft()
            if future.begin():
                _run(future, function, arguments)
            del future, function, arguments  # an idle thread must not keep a password alive

    def close(self) -> None:
        """Refuse new calls, drop waiting ones, let threads end."""
        with self._lock:
            self._closed = True
            dropped, self._jobs = list(self._jobs), deque()
            self._ready.notify_all()
        for future, _, _ in dropped:
            future.cancel()


def _run(future: Future[Any], function: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    """Whoever asked gets to see what was raised, but for what cannot be raised into a future or a coroutine."""
    try:
        value = function(*arguments)
    except BaseException as error:  # noqa: BLE001  a thread of ours must not end, and somebody waits
        bare = isinstance(error, Exception) and not isinstance(error, StopIteration)
        future.set_exception(error if bare else Ended(type(error).__name__))
    else:
        future.set_result(value)
