"""A value kept fresh by one thread. The loads are functions here; real servers: tests/stores/test_jwks.py."""

from __future__ import annotations

import asyncio
import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import closing
from threading import Event, Thread

import pytest
from tests.stores.loopback_site import Clock, until

from authwhy.causes import Cause
from authwhy.stores.reach import FetchFailed
from authwhy.stores.refreshed import Loaded, Refreshed
from authwhy.verify.flow import Unavailable


class World:
    """Loads a text; a test changes what it brings."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.loads = 0
        self.text = "one"
        self.lifetime_s = 100.0
        self.problem: Exception | None = None
        self.gate = Event()
        self.gate.set()
        self.told: list[int] = []
        self.spread = 0.0
        self.kept = Refreshed(
            self.load, stale_s=1_000.0, timeout_s=10.0, on_stale=self.told.append, clock=self.clock,
            spread=lambda: self.spread,
        )  # fmt: skip

    def load(self) -> Loaded[str]:
        self.loads += 1
        self.gate.wait(20)
        if self.problem is not None:
            raise self.problem
        return Loaded(self.text, self.text.encode(), self.lifetime_s)

    def now(self) -> str | None:
        """The value that is used at this moment."""
        return self.kept.current

    def settled(self, loads: int) -> None:
        """Wait until so many loads are over."""
        until(lambda: self.loads == loads and not self.kept._flight, f"{loads} loads")


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with closing(made.kept):
        yield made
        made.gate.set()


def down(problem: str = "refused") -> FetchFailed:
    return FetchFailed(Cause.PROVIDER_UNREACHABLE, problem=problem)


def test_nothing_is_loaded_before_the_first_need(world: World) -> None:
    assert (world.now(), world.kept.version, world.kept.age_s, world.loads) == (None, 0, None, 0)
    assert world.kept.get() == "one"
    assert (world.now(), world.kept.version, world.kept.age_s, world.loads) == ("one", 1, 0, 1)


def test_forty_callers_one_load(world: World) -> None:
    world.gate.clear()
    found: list[object] = []
    callers = [Thread(target=lambda: found.append(world.kept.get())) for _ in range(40)]
    for caller in callers:
        caller.start()
    until(lambda: world.loads, "the load")
    world.gate.set()
    for caller in callers:
        caller.join()
    assert (found, world.loads) == (["one"] * 40, 1)


def test_a_load_that_ended_since_is_enough(world: World) -> None:
    """Who looked before it ended and asks after it starts no second one."""
    assert world.now() is None
    assert world.kept.get() == "one"
    late = world.kept.begin(None)
    assert not isinstance(late, Unavailable)
    assert (late.done(), world.loads) == (True, 1)
    again = world.kept.begin(world.now())
    assert not isinstance(again, Unavailable)
    world.kept.wait(again)
    assert world.loads == 2


def test_it_is_loaded_again_before_it_is_due_and_nobody_waits(world: World) -> None:
    world.kept.get()
    world.clock.now += 79
    assert world.kept.get() == "one"
    world.gate.clear()
    world.clock.now += 1
    world.text = "two"
    assert world.kept.get() == "one"
    until(lambda: world.loads == 2, "the second load")
    assert (world.kept.get(), world.kept.version) == ("one", 1)
    world.gate.set()
    until(lambda: world.now() == "two", "the new value")
    assert (world.kept.version, world.kept.age_s, world.told) == (2, 0, [])


def test_the_thread_looks_at_the_time_by_itself() -> None:
    """With the real clock, and nobody who asks."""
    loads: list[str] = []

    def load() -> Loaded[str]:
        loads.append("x")
        return Loaded("x", b"x", 0.01)

    with closing(Refreshed(load, stale_s=0.0, timeout_s=10.0)) as kept:
        kept.get()
        until(lambda: len(loads) > 3, "loads nobody asked for")


def test_an_unchanged_value_stays_the_same_object(world: World) -> None:
    """What was prepared for it is not thrown away."""
    world.text = "".join(list("one"))
    first = world.kept.get()
    world.text = "".join(list("one"))
    world.clock.now += 90
    assert world.now() is first
    world.settled(2)
    assert world.now() is first
    assert (world.kept.version, world.kept.age_s) == (1, 0)


def test_a_failure_replaces_no_value_and_its_use_is_told(world: World) -> None:
    world.kept.get()
    world.problem = down()
    world.clock.now += 99
    assert world.now() == "one"
    world.settled(2)
    assert world.told == []
    world.clock.now += 1
    assert world.kept.get() == "one"
    assert world.kept.get() == "one"
    assert (world.told, world.kept.age_s, world.kept.version) == ([100, 100], 100, 1)


def test_a_value_that_is_too_old_is_not_used(world: World) -> None:
    world.kept.get()
    world.problem = down()
    world.clock.now += 1_099
    assert world.now() == "one"
    world.settled(2)
    world.clock.now += 1
    assert world.now() is None
    failure = world.kept.get()
    assert isinstance(failure, Unavailable)
    assert failure.cause is Cause.PROVIDER_UNREACHABLE
    assert failure.facts["problem"] == "refused"


def test_an_observer_that_fails_fails_no_request(world: World) -> None:
    def broken(_: int) -> None:
        raise RuntimeError

    with closing(Refreshed(world.load, stale_s=9.0, timeout_s=10.0, on_stale=broken, clock=world.clock)) as kept:
        kept.get()
        world.problem = down()
        world.clock.now += 101
        assert kept.current == "one"


@pytest.mark.parametrize(
    ("usable", "expected"), [(True, [1, 2, 4, 8, 16, 32, 60, 60]), (False, [1, 2, 4, 5, 5, 5, 5, 5])]
)
def test_while_the_provider_fails_nobody_waits_and_pauses_grow(world: World, usable: bool, expected: list[int]) -> None:
    """At most to 5 s while there is no value: every request fails then. A success starts at 1 s again."""
    if usable:
        world.kept.get()
        world.clock.now += 80
    world.problem = down()
    pauses = []
    assert isinstance(world.kept.get(), str if usable else Unavailable)
    for loads in range(1 + usable, 9 + usable):
        world.settled(loads)
        failure = world.kept.failure
        assert failure is not None
        pauses.append(failure.facts["retry_s"])
        world.gate.clear()
        assert world.kept.begin(None) == failure
        world.clock.now += float(pauses[-1]) - 0.5
        assert isinstance(world.kept.begin(None), Unavailable)
        assert world.loads == loads
        world.clock.now += 0.5
        assert isinstance(world.kept.begin(None), Unavailable)
        until(lambda loads=loads: world.loads == loads + 1, "the next try")  # type: ignore[misc]
        world.gate.set()
    assert pauses == expected
    world.settled(9 + usable)
    world.problem = None
    world.text = "two"
    world.clock.now += 60
    world.kept.begin(None)
    until(lambda: world.now() == "two", "the provider to be back")
    world.problem = down()
    world.clock.now += 80
    assert world.now() == "two"
    world.settled(11 + usable)
    assert world.kept.failure is not None
    assert world.kept.failure.facts["retry_s"] == 1


@pytest.mark.parametrize(("spread", "left_s"), [(0.0, 1.0), (0.5, 0.9), (1.0, 0.8)])
def test_processes_that_failed_together_do_not_ask_together(world: World, spread: float, left_s: float) -> None:
    world.problem = down()
    world.spread = spread
    world.kept.get()
    assert world.kept._due - world.clock.now == pytest.approx(left_s)


def test_who_keeps_pauses_itself_asks_at_once(world: World) -> None:
    """A pause of ours would hide from it that the provider is back."""
    world.problem = down()
    assert isinstance(world.kept.get(), Unavailable)
    failure = world.kept.get_now()
    assert isinstance(failure, Unavailable)
    assert (failure.facts["problem"], world.loads) == ("refused", 2)
    world.problem = None
    assert isinstance(world.kept.get(), Unavailable)
    assert world.kept.get_now() == "one"
    assert (world.kept.get_now(), world.kept.failure, world.loads) == ("one", None, 3)


def test_unready(world: World) -> None:
    """Asking is enough to begin; nobody waits."""
    world.gate.clear()
    for _ in range(3):
        assert world.kept.unready() == Unavailable(facts={"problem": "not_loaded"})
    world.problem = down()
    world.gate.set()
    until(lambda: world.kept.failure, "the failure")
    why = world.kept.unready()
    assert why is not None
    assert (why.facts["problem"], world.loads) == ("refused", 1)
    world.problem = None
    world.clock.now += 1
    world.kept.unready()
    until(lambda: world.kept.unready() is None, "the value")


def test_a_fault_of_ours_is_seen_and_does_not_end_the_thread(world: World) -> None:
    world.problem = ZeroDivisionError("canary")
    failure = world.kept.get()
    assert isinstance(failure, Unavailable)
    assert (failure.cause, failure.facts["problem"]) == (Cause.MISCONFIGURED, "ZeroDivisionError")
    world.problem = None
    world.clock.now += 1
    world.kept.begin(None)
    until(lambda: world.now() == "one", "the next try")


def test_who_waits_too_long_is_told_so(world: World) -> None:
    world.gate.clear()
    with closing(Refreshed(world.load, stale_s=9.0, timeout_s=0.01, clock=world.clock)) as kept:
        assert kept.get() == Unavailable(facts={"problem": "timeout"})
        world.gate.set()
        until(lambda: kept.current, "the load to end")


def test_one_that_stops_waiting_stops_nobody_else(world: World) -> None:
    """A cancelled task must not cancel the load that others wait for."""
    world.gate.clear()

    async def both() -> object:
        flight = world.kept.begin(None)
        assert not isinstance(flight, Unavailable)
        impatient = asyncio.create_task(world.kept.wait_async(flight))
        patient = asyncio.create_task(world.kept.wait_async(flight))
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        assert not patient.done()
        world.gate.set()
        await patient
        return world.now()

    assert asyncio.run(both()) == "one"


def test_a_load_that_outlives_its_event_loop(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.gate.clear()
    kept = Refreshed(world.load, stale_s=9.0, timeout_s=0.01, clock=world.clock)

    async def impatient() -> None:
        flight = kept.begin(None)
        assert not isinstance(flight, Unavailable)
        await kept.wait_async(flight)

    with closing(kept):
        asyncio.run(impatient())
        world.gate.set()
        until(lambda: kept.current, "the load to end")
    assert caplog.records == []


def test_closed(world: World) -> None:
    """What was loaded stays usable; nothing is loaded any more."""
    world.kept.get()
    world.kept.close()
    world.clock.now += 90
    assert world.now() == "one"
    world.clock.now += 10_000
    for answer in (world.kept.get(), world.kept.get_now(), world.kept.unready()):
        assert answer == Unavailable(facts={"problem": "closed"})
    assert world.loads == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("moment", ["idle", "first load", "lock held"])
def test_a_forked_process_starts_its_own_thread(world: World, moment: str) -> None:
    """Whatever the threads that are not in the new process were doing."""
    if moment == "first load":
        world.gate.clear()
        world.kept.begin(None)
        until(lambda: world.loads, "the load")
    else:
        world.kept.get()
        world.clock.now += 90
    if moment == "lock held":
        held, release = Event(), Event()

        def hold() -> None:
            with world.kept._changed:
                held.set()
                release.wait(20)

        holder = Thread(target=hold)
        holder.start()
        held.wait(20)
    child = fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(20)
            world.gate = Event()
            world.gate.set()
            until(lambda: (world.kept.get(), world.kept.age_s) == ("one", 0), "a load in the child")
            status = 0
        finally:
            os._exit(status)
    if moment == "lock held":
        release.set()
        holder.join()
    assert os.waitpid(child, 0)[1] == 0


def fork() -> int:
    """From Python 3.12 on, forking with threads is warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
