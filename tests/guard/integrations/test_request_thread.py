"""Look-ups that may block run in the request's thread; everything else runs where the guard wants it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.guard.integrations.service import User, a_guard, look_up

from authwhy.causes import Cause
from authwhy.guard import Accepted, Denied, View
from authwhy.guard.answers import Decision
from authwhy.guard.effects import Call, Pause, Step, World
from authwhy.guard.integrations.request_thread import in_the_requests_thread

THREADS: list[str] = []
SEEN = View.of("GET", "/", {"X-Api-Key": "good-key"})
DOWN = View.of("GET", "/", {"X-Api-Key": "down"})


def noted(key: Any) -> Any:
    """Notes the thread."""
    THREADS.append(threading.current_thread().name)
    return look_up(key)


async def later(key: Any) -> Any:
    """The same, async."""
    await asyncio.sleep(0)
    return look_up(key)


def bridge(function: Callable[..., object]) -> Callable[..., object]:
    """What asgiref's sync_to_async does, without its threads."""

    async def called(*arguments: object) -> object:
        await asyncio.sleep(0)
        return function(*arguments)

    return called


def decided(lookup: Callable[[Any], object], view: View, asynchronous: bool) -> Decision:
    """One decision."""
    guard, _ = a_guard(lookup)
    step = guard.deciding(view, "key")
    try:
        if asynchronous:
            found: Decision = asyncio.run(guard.world.run(in_the_requests_thread(step, bridge)))
        else:
            found = guard.world.run_sync(in_the_requests_thread(step))
    finally:
        guard.close()
    return found


@pytest.mark.parametrize("asynchronous", [True, False])
@pytest.mark.parametrize("lookup", [noted, later, lambda key: later(key)], ids=["sync", "async", "returns a coroutine"])
def test_accepted(lookup: Callable[[Any], object], asynchronous: bool) -> None:
    THREADS.clear()
    decision = decided(lookup, SEEN, asynchronous)
    assert isinstance(decision, Accepted)
    assert isinstance(decision.principal, User)
    assert set(THREADS) <= {threading.current_thread().name}
    assert len(THREADS) == (lookup is noted)


@pytest.mark.parametrize("asynchronous", [True, False])
@pytest.mark.parametrize("lookup", [noted, later, lambda key: later(key)], ids=["sync", "async", "returns a coroutine"])
def test_an_outage_is_an_outage(lookup: Callable[[Any], object], asynchronous: bool) -> None:
    decision = decided(lookup, DOWN, asynchronous)
    assert isinstance(decision, Denied)
    assert decision.cause is Cause.PROVIDER_UNREACHABLE


def test_hashing_and_pauses_are_left_as_they_are() -> None:
    def step() -> Step:
        yield Pause(0.0)
        return (yield Call(lambda: threading.current_thread().name, (), "hash"))

    world = World(timeout_s=5, hash_workers=1, hash_queue=1)
    assert world.run_sync(in_the_requests_thread(step())).startswith("authwhy-hash")
    world.close()
