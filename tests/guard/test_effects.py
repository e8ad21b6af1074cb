"""Both worlds perform the same calls and end the same way, whatever a call does."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import Any

import pytest

from authwhy.guard.effects import Call, Pause, Step, World, place_of
from authwhy.guard.pool import Ended, Overloaded

PLACES = ("here", "thread", "hash")


@pytest.fixture(params=["async", "sync"])
def run(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Drives a step in one of the two worlds."""
    made: list[World] = []

    def drive(step: Step, timeout_s: float = 5.0, workers: int = 1, queue: int = 4) -> Any:
        world = World(timeout_s=timeout_s, hash_workers=workers, hash_queue=queue)
        made.append(world)
        return asyncio.run(world.run(step)) if request.param == "async" else world.run_sync(step)

    yield drive
    for world in made:
        world.close()


def one(function: Callable[..., object], *arguments: object, place: Any = "here") -> Step:
    """A step of a single call; returns what came of it."""
    try:
        value = yield Call(function, arguments, place)
    except Exception as error:  # noqa: BLE001  looked at by the test
        return error
    return value


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return number * 2


async def raising(error: BaseException) -> None:
    raise error


def throwing(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("place", PLACES)
def test_values(run: Callable[..., Any], place: str) -> None:
    assert run(one(lambda number: number + 1, 1, place=place)) == 2
    assert run(one(double, 2, place=place)) == 4


@pytest.mark.parametrize("place", PLACES)
def test_exceptions(run: Callable[..., Any], place: str) -> None:
    error = LookupError("x")
    assert run(one(throwing, error, place=place)) is error
    assert run(one(raising, error, place=place)) is error


@pytest.mark.parametrize("error", [SystemExit(1), GeneratorExit(), asyncio.CancelledError(), StopIteration()])
@pytest.mark.parametrize("place", ["thread", "hash"])
def test_what_would_end_the_caller(run: Callable[..., Any], error: BaseException, place: str) -> None:
    """`next(empty)` is a common slip, and a StopIteration cannot be raised into a future: nobody may wait for it."""
    found = run(one(throwing, error, place=place))
    assert isinstance(found, Ended)
    assert str(found) == type(error).__name__


def test_a_cancelled_call_is_an_error(run: Callable[..., Any]) -> None:
    assert isinstance(run(one(raising, asyncio.CancelledError())), CancelledError)


def test_the_end_of_the_request_is_not() -> None:
    world = World(timeout_s=5, hash_workers=1, hash_queue=1)
    went_on: list[object] = []

    def step() -> Step:
        went_on.append((yield Call(asyncio.sleep, (60,))))

    async def go() -> None:
        task = asyncio.ensure_future(world.run(step()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    assert went_on == []


def test_hanging(run: Callable[..., Any]) -> None:
    release = threading.Event()
    assert isinstance(run(one(asyncio.sleep, 60), 0.02), TimeoutError)
    assert isinstance(run(one(release.wait, place="thread"), 0.02), TimeoutError)
    assert isinstance(run(one(release.wait, place="hash"), 0.02), TimeoutError)
    release.set()


def test_waiting_for_a_hash_is_load_and_no_outage(run: Callable[..., Any]) -> None:
    """Whoever floods the pool must not be able to raise the alarm for an outage."""
    release = threading.Event()
    ran: list[int] = []

    def both() -> Step:
        first = yield from one(release.wait, place="hash")
        second = yield from one(ran.append, 1, place="hash")
        release.set()
        while isinstance((third := (yield from one(ran.append, 2, place="hash"))), Exception):
            pass  # a busy machine needs another try
        return first, second, third

    first, second, third = run(both(), 0.05)
    assert isinstance(first, TimeoutError)
    assert isinstance(second, Overloaded)
    assert third is None
    assert 1 not in ran  # what was given up is never run


def test_an_application_timeout_passes_as_it_is(run: Callable[..., Any]) -> None:
    error = TimeoutError("mine")
    assert isinstance(run(one(throwing, error, place="hash")), TimeoutError)


def test_too_many_waiting(run: Callable[..., Any]) -> None:
    release = threading.Event()

    def step() -> Step:
        held = yield from one(release.wait, place="hash")
        more = yield from one(release.wait, place="hash")
        release.set()
        return held, more

    held, more = run(step(), 0.02, 1, 0)
    assert isinstance(held, TimeoutError)
    assert isinstance(more, Overloaded)


def test_pause(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without holding up the loop, or in the thread that may wait."""
    slept: list[float] = []

    async def later(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", later)
    monkeypatch.setattr(time, "sleep", slept.append)

    def step() -> Step:
        return (yield Pause(7.5))

    assert run(step()) is None
    assert slept == [7.5]


def test_a_step_that_yields_nonsense(run: Callable[..., Any]) -> None:
    def step() -> Step:
        try:
            yield 7  # type: ignore[misc]
        except AttributeError:
            return "told"

    assert run(step()) == "told"


def test_the_loop_of_a_sync_service_is_kept_and_made_again() -> None:
    world = World(timeout_s=5, hash_workers=1, hash_queue=1)

    async def loop() -> object:
        return asyncio.get_running_loop()

    first = world.run_sync(one(loop))
    assert world.run_sync(one(loop)) is first
    world._pid = -1  # as after a fork, where its thread is gone
    second = world.run_sync(one(loop))
    assert second is not first
    world.close()
    first.call_soon_threadsafe(first.stop)


class Asynchronous:
    async def __call__(self) -> None: ...


class Blocking:
    def __call__(self) -> None: ...


def test_place_of() -> None:
    assert place_of(double) == "here"
    assert place_of(functools.partial(functools.partial(double), 1)) == "here"
    assert place_of(Asynchronous()) == "here"
    assert place_of(Asynchronous().__call__) == "here"
    assert place_of(Blocking()) == "thread"
    assert place_of(len) == "thread"
    assert place_of(functools.partial(time.sleep, 1)) == "thread"
    assert place_of(len, "hash") == "hash"
