"""Failures in memory: the rules, concurrency, and memory that stays bounded."""

from __future__ import annotations

import sys
import threading

import pytest
from hypothesis import given, settings
from tests.stores.failure_model import ACTS, CORNERS, WINDOW, Act, claim, compare

from authwhy.stores.interface import HELD_S, Claim, Counter, Full, Held
from authwhy.stores.memory_failures import MemoryFailures

NOW = 1_700_000_000.0


@settings(max_examples=400)
@given(ACTS)
def test_every_history_is_answered_as_the_plain_rules_say(acts: list[Act]) -> None:
    """Windows, locks that double, known pairs, forgiveness, reservations that nobody settles."""
    compare(MemoryFailures(), acts)


@pytest.mark.parametrize("acts", CORNERS.values(), ids=CORNERS)
def test_corners_are_answered_as_the_plain_rules_say(acts: list[Act]) -> None:
    """Ends of locks and windows, to the second."""
    compare(MemoryFailures(), acts)


def only(name: str, limit: int = 10) -> Claim:
    """An attempt that counts for one address."""
    return Claim(WINDOW, (Counter("address", name, limit),))


def test_fifty_at_once_let_ten_through() -> None:
    """The place is taken before the password is looked at."""
    store, barrier = MemoryFailures(), threading.Barrier(50)
    answers: list[Held | Full] = []

    def attempt() -> None:
        barrier.wait()
        answers.append(store.reserve(only("a"), NOW))

    threads = [threading.Thread(target=attempt) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = [answer for answer in answers if isinstance(answer, Held)]
    assert len(held) == 10
    assert {answer.busy for answer in answers if isinstance(answer, Full)} == {True}
    locked = [store.fail(one, NOW) for one in held]
    assert locked == [()] * 9 + [("address",)]
    refused = store.reserve(only("a"), NOW)
    assert isinstance(refused, Full)
    assert not refused.busy


def test_none_or_all_places_are_taken() -> None:
    """A refusal by one counter leaves no mark in the others."""
    store = MemoryFailures()
    for name in ("alice", "bob"):
        held = store.reserve(claim("a1", name, limit=2), NOW)
        assert isinstance(held, Held)
        store.fail(held, NOW)
    for _ in range(5):
        assert isinstance(store.reserve(claim("a1", "carol", limit=2), NOW), Full)
    for _ in range(2):
        assert isinstance(store.reserve(claim("a2", "carol", limit=2), NOW), Held)


def test_the_longest_wait_is_told() -> None:
    """Else the caller comes back to meet the next limit."""
    store = MemoryFailures()
    first = store.reserve(claim("a1", "alice", limit=1), NOW)
    assert isinstance(first, Held)
    assert store.fail(first, NOW) == ("address", "identity")
    other = store.reserve(claim("a2", "bob", limit=1), NOW + 50)
    assert isinstance(other, Held)
    store.fail(other, NOW + 50)
    assert store.reserve(claim("a1", "bob", limit=1), NOW + 60) == Full("identity", 90, busy=False)


def test_a_hundred_thousand_addresses_stay_bounded() -> None:
    """An attacker with many addresses cannot fill the memory."""
    store = MemoryFailures(max_counters=1_000)
    for number in range(100_000):
        held = store.reserve(only(f"address {number}"), NOW)
        assert isinstance(held, Held)
        store.fail(held, NOW)
    assert len(store) == 1_000
    entry = next(iter(store._counts.items()))
    assert sum(map(sys.getsizeof, (entry[0], entry[1], entry[1][0]))) < 300


def test_the_least_recently_touched_goes_first() -> None:
    """A counter that is full and asked again and again outlives a flood of others."""
    store = MemoryFailures(max_counters=100)
    held = store.reserve(only("attacked", limit=1), NOW)
    assert isinstance(held, Held)
    store.fail(held, NOW)
    for number in range(3_000):
        other = store.reserve(only(f"other {number}"), NOW)
        assert isinstance(other, Held)
        store.fail(other, NOW)
        if number % 50 == 0:
            assert isinstance(store.reserve(only("attacked", limit=1), NOW), Full)
    assert len(store) == 100


def test_memory_shrinks_again() -> None:
    """Each new counter sweeps out stale ones."""
    store = MemoryFailures()
    for number in range(1_000):
        held = store.reserve(only(f"address {number}"), NOW)
        assert isinstance(held, Held)
        store.fail(held, NOW)
    assert len(store) == 1_000
    later = NOW + WINDOW.per_s
    for number in range(400):
        assert isinstance(store.reserve(only(f"later {number}"), later), Held)
    assert len(store) == 400


def test_what_was_given_back_leaves_nothing() -> None:
    """A success or an outage of an unknown caller costs no memory afterwards."""
    store = MemoryFailures()
    held = store.reserve(only("a"), NOW)
    assert isinstance(held, Held)
    assert len(store) == 1
    store.release(held, NOW)
    assert len(store) == 0


def test_known_pairs_are_bounded() -> None:
    """The pair that signed in longest ago is forgotten first, and then shares the common limits."""
    store = MemoryFailures(max_known=2)
    for name in ("alice", "bob", "carol"):
        held = store.reserve(claim("a1", name, limit=1), NOW)
        assert isinstance(held, Held)
        store.forgive(held, NOW + 10, NOW)
    assert len(store) == 2
    again = [store.reserve(claim("a1", name, limit=1), NOW) for name in ("alice", "bob", "carol")]
    assert [one.known for one in again if isinstance(one, Held)] == [False, True, True]


@pytest.mark.parametrize(
    ("signed_in", "known"),
    [(["alice", "bob", "alice", "carol"], ["alice", "carol"]), (["alice", "bob", "bob"], ["alice", "bob"])],
)
def test_signing_in_again_keeps_a_pair_known(signed_in: list[str], known: list[str]) -> None:
    """The one that did so longest ago is forgotten, and only to make room."""
    store = MemoryFailures(max_known=2)
    for name in signed_in:
        held = store.reserve(claim("a1", name), NOW)
        assert isinstance(held, Held)
        store.forgive(held, NOW + 10, NOW)
    again = {name: store.reserve(claim("a1", name), NOW) for name in ("alice", "bob", "carol")}
    assert [name for name, one in again.items() if isinstance(one, Held) and one.known] == known


def test_a_reservation_of_a_dead_process_is_given_up() -> None:
    """It neither counts as a failure for the whole window nor for ever."""
    store = MemoryFailures()
    assert isinstance(store.reserve(only("a", limit=1), NOW), Held)
    assert isinstance(store.reserve(only("a", limit=1), NOW + HELD_S - 1), Full)
    assert isinstance(store.reserve(only("a", limit=1), NOW + HELD_S), Held)


@pytest.mark.parametrize("bounds", [(2, 1), (3, 0)])
def test_bounds_that_cannot_work(bounds: tuple[int, int]) -> None:
    """One attempt needs three counters."""
    with pytest.raises(ValueError, match="at least"):
        MemoryFailures(*bounds)
