"""A callable is called in the request, in order; whatever it does, the request goes on."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from tests.e2e.loopback import until
from tests.guard.sinks.events import USER, failure, success

from authwhy.guard.sinks.callback import as_sink, callback
from authwhy.model.event import Event


def test_it_is_called_inline_and_in_order() -> None:
    """When put returns the function has run, in the same thread; so tests need no waiting."""
    seen: list[tuple[str | None, str]] = []
    sink = callback(lambda event: seen.append((event.ref, threading.current_thread().name)))
    for number in range(3):
        sink.put(success(str(number)))
    here = threading.current_thread().name
    assert seen == [("0", here), ("1", here), ("2", here)]
    assert sink.dropped == 0


@pytest.mark.parametrize("error", [ValueError(USER), SystemExit(1), asyncio.CancelledError()])
def test_what_it_raises_is_counted_and_logged(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """The log has the type of the error, and nothing of the event."""

    def fails(event: Event) -> None:
        raise error

    fails.__name__ = f"fails_{type(error).__name__}"
    sink = callback(fails)
    sink.put(success())
    sink.put(success())
    assert sink.dropped == 2
    until(lambda: f"sink callback {fails.__name__} failed with {type(error).__name__}" in caplog.text, "the warning")
    assert USER not in caplog.text


def test_ctrl_c_is_the_persons() -> None:
    """A keyboard interrupt is not swallowed with the function's own faults."""

    def interrupted(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        callback(interrupted).put(success())


def test_a_slow_function_is_moved_to_a_worker() -> None:
    """One slow call is put up with; then requests do not wait for it, even when it hangs."""
    gate = threading.Event()
    seen: list[tuple[str | None, bool]] = []
    here = threading.current_thread()

    def slow(event: Event) -> None:
        if threading.current_thread() is not here:
            gate.wait(60)
        elif event.ref == "0":
            end = time.perf_counter() + 0.02
            while time.perf_counter() < end:
                pass
        seen.append((event.ref, threading.current_thread() is here))

    sink = callback(slow, slow_s=0.02)
    for number in range(4):
        sink.put(success(str(number)))
    assert seen == [("0", True)]
    gate.set()
    sink.close()
    assert seen == [("0", True), ("1", False), ("2", False), ("3", False)]


def test_a_worker_that_hangs_costs_events_not_time() -> None:
    """The queue of a slow function is bounded, and the count is exact."""
    gate, inside = threading.Event(), threading.Event()

    def hangs(event: Event) -> None:
        if event.ref != "first":
            inside.set()
            gate.wait(60)

    sink = callback(hangs, slow_s=0.0, capacity=2)
    sink.put(success("first"))
    sink.put(success("hangs"))
    assert inside.wait(20)
    for _ in range(5):
        sink.put(success())
    assert sink.dropped == 3
    gate.set()
    sink.close()
    assert sink.dropped == 3


def test_an_async_function_runs_on_the_running_loop() -> None:
    """As tasks of the same loop, after the request; faults are counted."""
    seen: list[str | None] = []

    async def store(event: Event) -> None:
        await asyncio.sleep(0)
        if event.ref == "bad":
            raise ValueError
        seen.append(event.ref)

    sink = callback(store)

    async def serve() -> None:
        for ref in ("a", "bad", "b"):
            sink.put(success(ref))
        assert seen == []
        while sink._tasks:
            await asyncio.sleep(0)

    asyncio.run(serve())
    assert seen == ["a", "b"]
    assert sink.dropped == 1


def test_tasks_are_bounded_and_a_loop_that_ends_takes_them_along() -> None:
    """An async function that hangs does not fill the memory."""

    async def hangs(event: Event) -> None:
        await asyncio.Event().wait()

    sink = callback(hangs, tasks=3)

    async def serve() -> None:
        for _ in range(5):
            sink.put(success())
        await asyncio.sleep(0)
        assert len(sink._tasks) == 3
        assert sink.dropped == 2

    asyncio.run(serve())
    assert len(sink._tasks) == 0
    assert sink.dropped == 5


def test_an_async_function_without_a_loop_runs_in_the_worker() -> None:
    """A WSGI service may share its async function with an ASGI one."""
    seen: list[tuple[str | None, bool]] = []

    async def store(event: Event) -> None:
        await asyncio.sleep(0)
        seen.append((event.ref, threading.current_thread() is threading.main_thread()))

    sink = callback(store)
    sink.put(success("a"))
    sink.put(failure("b"))
    sink.close()
    assert seen == [("a", False), ("b", False)]


def test_an_async_function_that_the_queue_has_no_room_for() -> None:
    """It is counted, and leaves no warning about something never awaited."""
    gate, inside = threading.Event(), threading.Event()

    async def hangs(event: Event) -> None:
        inside.set()
        gate.wait(60)

    sink = callback(hangs, capacity=1)
    sink.put(success())
    assert inside.wait(20)
    sink.put(success())
    sink.put(success())
    assert sink.dropped == 1
    gate.set()
    sink.close()


def test_sinks_and_callables_are_taken_as_they_are() -> None:
    """What is neither is refused at start."""
    sink = callback(print)
    assert as_sink(sink) is sink
    seen: list[Event] = []
    as_sink(seen.append).put(success())
    assert seen == [success()]
    with pytest.raises(TypeError, match="not to str"):
        as_sink("https://watch.example")  # type: ignore[arg-type]
