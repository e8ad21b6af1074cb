"""A verifier's questions reach their doors, each in its place, and nothing is answered that is not wired."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from authwhy.causes import Cause
from authwhy.guard.effects import Call, World
from authwhy.guard.schemes.asking import Door, Doors, by_function, seen_by, through
from authwhy.model.outcome import Accepted, Outcome, refused
from authwhy.stores.interface import StoreUnavailable
from authwhy.stores.memory import MemorySeen
from authwhy.verify.flow import Ask, Flow, RevokedAsk, SeenAsk


def flow(*asks: Ask) -> Flow:
    """Asks these, in order; accepted with what was answered."""
    answers: list[object] = []
    for ask in asks:
        answers.append((yield ask))  # noqa: PERF401  a comprehension cannot yield
    return Accepted({"answers": tuple(answers)})


SEEN, REVOKED = SeenAsk("s", "v", 10), RevokedAsk("i", "n")


def run(doors: Doors, *asks: Ask, heard: dict[type[Ask], object] | None = None) -> Outcome:
    """In a thread, as a WSGI server does."""
    world = World(timeout_s=5, hash_workers=1, hash_queue=1)
    try:
        outcome: Outcome = world.run_sync(through(flow(*asks), doors, heard))
        return outcome
    finally:
        world.close()


def test_doors() -> None:
    """Each kind of question has its own; one without is answered by None."""
    heard: dict[type[Ask], object] = {}
    assert run({SeenAsk: Door(lambda ask: ask.value)}, SEEN, REVOKED, heard=heard) == Accepted({"answers": ("v", None)})
    assert heard == {SeenAsk: "v", RevokedAsk: None}


def test_no_question() -> None:
    """An outcome without any."""

    def at_once() -> Flow:
        yield from ()
        return refused(Cause.MALFORMED)

    with pytest.raises(StopIteration) as end:
        next(through(at_once(), {}))
    assert end.value.value == refused(Cause.MALFORMED)


async def _of_loop(issuer: str, name: str) -> str:
    return f"{issuer}/{name}"


@pytest.mark.parametrize(
    ("function", "place"), [(lambda issuer, name: f"{issuer}/{name}", "thread"), (_of_loop, "here")]
)
def test_by_function(function: Callable[..., object], place: str) -> None:
    """An application's function gets the fields, in a thread unless it is async."""
    door = by_function(function, "issuer", "id")
    assert door is not None
    assert door.place == place
    assert run({RevokedAsk: door}, REVOKED) == Accepted({"answers": ("i/n",)})
    assert by_function(None, "issuer") is None


def test_what_a_door_raises() -> None:
    """Comes through: the decision says what it means."""
    store = MemorySeen(1)
    store.seen("a", "b", 100, 0)
    with pytest.raises(StoreUnavailable):
        run({SeenAsk: seen_by(store, 0)}, SEEN)


def test_seen_by() -> None:
    """Recorded at once; a store that waits is asked in a thread."""

    class Waiting(MemorySeen):
        blocking = True

    store: Any = MemorySeen()
    assert run({SeenAsk: seen_by(store, 0)}, SEEN, SEEN) == Accepted({"answers": (False, True)})
    steps = through(flow(SEEN), {SeenAsk: seen_by(Waiting(), 0)})
    call = next(steps)
    assert isinstance(call, Call)
    assert call.place == "thread"
