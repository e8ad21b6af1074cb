"""One daemon thread that sleeps until it is rung. It starts at the first ring, and anew in a child after a fork."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress

from authwhy.guard.sinks.interface import CLOSE_S

FOREVER = -1.0
AFTER_ERROR_S = 1.0
_workers: weakref.WeakSet[Worker] = weakref.WeakSet()


class Worker:
    """Calls `step(closing)` in its thread; step answers in how many seconds it wants to be called again, or FOREVER.

    `forked` is called in a child after a fork: what the parent holds in memory is the parent's to pass on. A server
    that loads the application before it forks (gunicorn with preload) has no thread yet at that moment.
    """

    def __init__(self, name: str, step: Callable[[bool], float], forked: Callable[[], None]) -> None:
        self._name = name
        self._step = step
        self._forked = forked
        self._awake = False
        self._fresh()
        _workers.add(self)

    def _fresh(self) -> None:
        # A plain lock as a bell: releasing it blocks nobody, not even a signal that interrupts a release.
        self._bell = threading.Lock()
        self._bell.acquire()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self.deadline = float("inf")

    def ring(self) -> None:
        """Wake the thread. Costs under a microsecond, once some 100 for the start of the thread."""
        with suppress(RuntimeError):  # rung already, and not answered yet
            self._bell.release()
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._closing:
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    return  # no thread to be had, or the interpreter is ending: close does the work itself
                self._thread = thread

    def _run(self) -> None:
        bell, wait_s, closing = self._bell, FOREVER, False
        while not closing:
            bell.acquire(timeout=wait_s)
            closing = self._closing
            wait_s = self._safe_step(closing)

    def _safe_step(self, closing: bool) -> float:
        try:
            return self._step(closing)
        except Exception as error:  # noqa: BLE001 - a thread that ends by a fault would end its sink in silence
            from authwhy.guard.sinks.complaints import complain  # it has a worker itself

            complain(self._name, f"failed with {type(error).__name__}")
            return AFTER_ERROR_S

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Let step finish what it holds, for at most `timeout_s` seconds; `deadline` tells step the monotonic end."""
        self.deadline = time.monotonic() + timeout_s
        if self._closing:
            return
        self._closing = True
        thread = self._thread
        if thread is not None and thread.is_alive():
            self.ring()
            thread.join(timeout_s)
        else:
            self._safe_step(True)

    def reborn(self) -> None:
        """In a child after a fork: no thread, no bell of the parent's."""
        self._fresh()
        self._forked()


def _after_fork() -> None:
    for worker in list(_workers):
        worker.reborn()


def _at_exit() -> None:
    for worker in list(_workers):
        worker.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
