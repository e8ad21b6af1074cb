"""A pool runs so many at once, lets so many wait, and keeps nothing of what it ran."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError, wait

import pytest

from authwhy.guard import pool as module
from authwhy.guard.pool import BoundedPool, Ended, Overloaded


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What held calls wait for."""
    event = threading.Event()
    yield event
    event.set()


def test_limits(release: threading.Event) -> None:
    pool = BoundedPool("p", 2, 3)
    lock, running, most, began = threading.Lock(), 0, 0, threading.Semaphore(0)

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        began.release()
        release.wait(5)
        with lock:
            running -= 1

    futures = [pool.submit(work) for _ in range(5)]
    with pytest.raises(Overloaded):
        pool.submit(work)
    assert began.acquire(timeout=5)
    assert began.acquire(timeout=5)
    release.set()
    wait(futures, 5)
    assert most == 2
    assert pool.submit(len, "abc").result(5) == 3
    pool.close()


def test_settings() -> None:
    with pytest.raises(ValueError, match="workers"):
        BoundedPool("p", 0, 1)
    with pytest.raises(ValueError, match="waiting"):
        BoundedPool("p", 1, -1)


def test_what_is_raised() -> None:
    pool = BoundedPool("p", 1, 1)

    def throw(error: BaseException) -> None:
        raise error

    error = ValueError("x")
    assert pool.submit(throw, error).exception(5) is error
    for ending in (SystemExit(1), KeyboardInterrupt(), StopIteration()):
        assert isinstance(pool.submit(throw, ending).exception(5), Ended)
    assert pool.submit(len, "abc").result(5) == 3  # the thread lives on
    pool.close()


class Secret:
    """Something that must not be kept."""


def test_an_idle_thread_keeps_nothing(release: threading.Event) -> None:
    pool = BoundedPool("p", 1, 8)
    run, dropped = Secret(), Secret()
    alive = weakref.ref(run), weakref.ref(dropped)
    held = pool.submit(release.wait)
    done, cancelled = pool.submit(id, run), pool.submit(id, dropped)
    assert cancelled.cancel()
    release.set()
    wait([held, done], 5)
    last = pool.submit(len, "")  # the cancelled one was taken out before
    wait([last], 5)
    del run, dropped, held, done, cancelled, last
    gc.collect()
    assert [reference() for reference in alive] == [None, None]
    pool.close()


def test_a_cancelled_call_never_runs(release: threading.Event) -> None:
    pool = BoundedPool("p", 1, 8)
    ran: list[int] = []
    pool.submit(release.wait)
    waiting = pool.submit(ran.append, 1)
    assert waiting.cancel()
    release.set()
    pool.submit(ran.append, 2).result(5)
    assert ran == [2]
    pool.close()


def test_close(release: threading.Event) -> None:
    pool = BoundedPool("authwhy-test-close", 1, 8)
    began = threading.Event()

    def work() -> None:
        began.set()
        release.wait(5)

    running, waiting = pool.submit(work), pool.submit(len, "")
    assert began.wait(5)
    pool.close()
    with pytest.raises(CancelledError):
        waiting.result(5)
    with pytest.raises(RuntimeError):
        pool.submit(len, "")
    release.set()
    running.result(5)
    for thread in threading.enumerate():
        if thread.name == "authwhy-test-close":
            thread.join(5)  # it ends now, not when it has been idle for long
            assert not thread.is_alive()


def test_idle_threads_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_IDLE_S", 0.01)
    pool = BoundedPool("authwhy-test-idle", 1, 1)
    for _ in range(2):
        assert pool.submit(len, "abc").result(5) == 3
        for thread in threading.enumerate():
            if thread.name == "authwhy-test-idle":
                thread.join(5)
        assert pool._threads == 0
    pool.close()


def test_after_a_fork() -> None:
    pool = BoundedPool("p", 1, 1)
    pool.submit(len, "abc").result(5)
    pool._pid = os.getpid() + 1  # as in a child, where the thread is gone
    assert pool.submit(len, "abcd").result(5) == 4
    pool.close()
