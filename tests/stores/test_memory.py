"""One-time values, revocations and sessions in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.stores.interface import StoreUnavailable
from authwhy.stores.memory import MemoryRevoked, MemorySeen, MemorySessions

NOW = 1_700_000_000.0


def at_once(call: Callable[[], bool], times: int = 50) -> list[bool]:
    """The results of one call made by many threads together."""
    barrier, results = threading.Barrier(times), list[bool]()

    def run() -> None:
        barrier.wait()
        results.append(call())

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_of_fifty_is_the_first() -> None:
    """The record is made in the same moment as the answer."""
    store = MemorySeen()
    assert sorted(at_once(lambda: store.seen("jti", "n1", NOW + 10, NOW))) == [False] + [True] * 49


def test_a_time_that_is_over_still_counts_once() -> None:
    """Whoever asks late is a replay of whoever asked at the same time."""
    store = MemorySeen()
    assert at_once(lambda: store.seen("jti", "n1", NOW - 10, NOW)).count(False) == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 9)), max_size=60), st.integers(1, 4))
def test_no_value_is_accepted_twice_inside_its_time(asked: list[tuple[int, int, int]], room: int) -> None:
    """Whatever else was asked, and however small the store: it refuses rather than forgets."""
    store, now, accepted = MemorySeen(room), NOW, dict[str, float]()
    for step, value, life in asked:
        now += step
        name, until = f"value {value}", now + life
        try:
            seen = store.seen("jti", name, until, now)
        except StoreUnavailable:
            assert len(store) == room
            continue
        if not seen:
            assert accepted.get(name, 0) <= now
            accepted[name] = max(until, now + 1)
        else:
            assert accepted[name] > now
        assert len(store) <= room


def test_scopes_are_apart() -> None:
    """The same value under another issuer is another value."""
    store = MemorySeen()
    assert [store.seen(scope, "n", NOW + 9, NOW) for scope in ("a", "b", "a")] == [False, False, True]


def test_a_full_store_empties_itself() -> None:
    """Once the times are over, new values find room."""
    store = MemorySeen(max_entries=100)
    for number in range(100):
        assert not store.seen("jti", str(number), NOW + 10, NOW)
    with pytest.raises(StoreUnavailable, match="full"):
        store.seen("jti", "new", NOW + 10, NOW + 9)
    assert store.seen("jti", "5", NOW + 10, NOW + 9)
    assert not store.seen("jti", "new", NOW + 30, NOW + 10)
    assert len(store) < 100


def test_revoked_until_it_expires_by_itself() -> None:
    """Of the issuer that is named, and of no other."""
    store = MemoryRevoked()
    store.revoke("https://id.example", "t1", NOW + 10, NOW)
    store.revoke(None, "s1", NOW + 10, NOW)
    asked = [("https://id.example", "t1"), (None, "s1"), (None, "t1"), ("https://other.example", "t1"), (None, "s2")]
    assert [store.is_revoked(*one) for one in asked] == [True, True, False, False, False]
    store.revoke(None, "s3", NOW + 99, NOW + 50)
    assert not store.is_revoked(None, "s1")
    assert len(store) == 1


def test_a_revocation_that_was_extended() -> None:
    """Lasts to the later end."""
    store = MemoryRevoked()
    store.revoke(None, "s1", NOW + 10, NOW)
    store.revoke(None, "s1", NOW + 50, NOW)
    store.revoke(None, "s2", NOW + 50, NOW + 20)
    assert store.is_revoked(None, "s1")
    assert len(store) == 2


def test_a_session_that_was_replaced_is_the_newest() -> None:
    """Another one makes room."""
    store = MemorySessions(max_entries=3)
    for name in ("s1", "s2", "s1", "s3", "s4"):
        store.put(name, {}, NOW + 10, NOW)
    assert [store.get(name, NOW) for name in ("s1", "s2", "s3", "s4")] == [{}, None, {}, {}]


def test_revocations_are_not_forgotten_for_others() -> None:
    """A full list refuses; and one entry revoked again and again does not fill it."""
    store = MemoryRevoked(max_entries=2)
    for later in range(5):
        store.revoke(None, "s1", NOW + 10, NOW + later)
    store.revoke(None, "s2", NOW + 10, NOW)
    with pytest.raises(StoreUnavailable, match="full"):
        store.revoke(None, "s3", NOW + 10, NOW)
    assert store.is_revoked(None, "s1")
    assert len(store) == 2


def test_a_session_lives() -> None:
    """Put, get a copy, keep alive, replace, expire."""
    store = MemorySessions()
    data: dict[str, object] = {"user": "alice", "roles": ["staff"], "at": 5}
    assert store.put("s1", data, NOW + 10, NOW)
    found = store.get("s1", NOW)
    assert found == data
    assert found is not None
    found["user"] = "mallory"
    assert store.get("s1", NOW) == data
    assert store.touch("s1", NOW + 20, NOW + 5)
    assert store.get("s1", NOW + 19) == data
    assert store.put("s1", {"user": "bob"}, NOW + 30, NOW + 19)
    assert store.get("s1", NOW + 29) == {"user": "bob"}
    assert store.get("s1", NOW + 30) is None
    assert not store.touch("s1", NOW + 99, NOW + 30)
    assert store.get("s2", NOW) is None


def test_a_revoked_session_does_not_come_back() -> None:
    """Neither by a request that was under way nor by keeping it alive."""
    store = MemorySessions()
    assert not store.revoke("s1", NOW)
    store.put("s1", {}, NOW + 10, NOW)
    assert store.get("s1", NOW) == {}
    assert store.revoke("s1", NOW)
    assert store.get("s1", NOW) is None
    assert not store.put("s1", {"late": True}, NOW + 99, NOW + 1)
    assert not store.touch("s1", NOW + 99, NOW + 1)
    assert not store.revoke("s1", NOW + 1)
    assert store.get("s1", NOW + 1) is None


def test_sessions_are_bounded() -> None:
    """The one not used for longest ends first; no id stands in memory."""
    store = MemorySessions(max_entries=100)
    store.put("kept", {"user": "alice"}, NOW + 99, NOW)
    for number in range(10_000):
        store.put(f"session-{number}", {}, NOW + 99, NOW)
        assert store.touch("kept", NOW + 99, NOW)
    assert len(store) == 100
    assert store.get("kept", NOW) == {"user": "alice"}
    assert b"kept" not in repr(store._sessions).encode()


def test_expired_sessions_make_room_first() -> None:
    """They leave with the next new one."""
    store = MemorySessions()
    for number in range(50):
        store.put(str(number), {}, NOW + 10, NOW)
    store.put("new", {}, NOW + 50, NOW + 10)
    assert len(store) == 1


def test_a_session_that_ends_at_once_is_not_kept() -> None:
    """An end in the past is an end."""
    store = MemorySessions()
    assert store.put("s1", {}, NOW, NOW)
    store.put("s2", {}, NOW + 10, NOW)
    assert store.touch("s2", NOW - 1, NOW)
    assert store.get("s2", NOW) is None
    assert len(store) == 0


@pytest.mark.parametrize("store", [MemorySeen, MemoryRevoked, MemorySessions])
def test_room_for_nothing(store: Callable[[int], object]) -> None:
    """At least one entry."""
    with pytest.raises(ValueError, match="at least 1"):
        store(0)
