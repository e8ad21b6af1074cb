"""The rules of FailureStore once more, as plainly as possible: the whole history is kept and folded at each question."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from authwhy.stores.interface import HELD_S, Claim, Counter, FailureStore, Full, Held, Window

WINDOW = Window(1_000, 100, 350)
PLACES, NAMES = ("a1", "a2"), ("alice", "bob", "carol")
STEPS = (0, 0, 0, 0, 10, 60, 100, 200, 350, 500, 1_000)
REMEMBER_S = 2_000


def claim(place: str, name: str, *, limit: int = 3, pair: int = 2) -> Claim:
    """An attempt that counts for its address, its identity and the pair."""
    shared = (Counter("address", place, limit), Counter("identity", name, limit))
    return Claim(WINDOW, shared, Counter("pair", f"{name}@{place}", pair))


@dataclass
class Attempt:
    """One attempt, from its reservation to its end."""

    claim: Claim
    at: float
    counted_in: tuple[str, ...]
    end: str = "open"
    failed_at: float = 0
    cleared_in: set[str] = field(default_factory=set)

    def stands_in(self, name: str) -> bool:
        """Is it there, and was that counter not cleared since?"""
        return name in self.counted_in and name not in self.cleared_in


@dataclass
class Model:
    """Every attempt there was, and the locks of each counter since it was last forgotten."""

    attempts: list[Attempt] = field(default_factory=list)
    locks: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    known: dict[str, float] = field(default_factory=dict)

    def level(self, name: str, now: float) -> int:
        """How many locks in a row, each begun less than a window after the one before had ended."""
        chain = 0
        end_before = -float("inf")
        for start, end in self.locks.get(name, []):
            chain = chain + 1 if start < end_before + WINDOW.per_s else 1
            end_before = end
        return chain if now < end_before + WINDOW.per_s else 0

    def failures(self, name: str, now: float) -> list[Attempt]:
        """Those of the window."""
        return [
            one
            for one in self.attempts
            if one.stands_in(name) and one.end == "failed" and one.failed_at > now - WINDOW.per_s
        ]

    def open(self, name: str, now: float) -> int:
        """Reservations that are neither settled nor given up."""
        return sum(one.stands_in(name) and one.end == "open" and one.at > now - HELD_S for one in self.attempts)

    def reserve(self, claim: Claim, now: float) -> Attempt | tuple[str, float, bool]:
        """The attempt, or why not: scope, wait, busy."""
        assert claim.own is not None
        known = self.known.get(claim.own.name, 0) > now
        counters = (claim.own,) if known else claim.counters
        reasons = []
        for counter in counters:
            if self.level(counter.name, now):
                end = self.locks[counter.name][-1][1]
                if now < end:
                    reasons.append((counter.scope, end - now, False))
                elif self.open(counter.name, now):
                    reasons.append((counter.scope, 1.0, True))
            elif len(self.failures(counter.name, now)) + self.open(counter.name, now) >= counter.limit:
                reasons.append((counter.scope, 1.0, True))
        if reasons:
            return sorted(reasons, key=lambda one: (one[2], -one[1]))[0]
        attempt = Attempt(claim, now, tuple(counter.name for counter in counters))
        self.attempts.append(attempt)
        return attempt

    def fail(self, attempt: Attempt, now: float) -> tuple[str, ...]:
        """The scopes it locked."""
        attempt.end, attempt.failed_at, attempt.cleared_in = "failed", now, set()
        locked = []
        for counter in attempt.claim.counters:
            if counter.name not in attempt.counted_in:
                continue
            level = self.level(counter.name, now)
            if level or len(self.failures(counter.name, now)) >= counter.limit:
                lock = min(WINDOW.delay_s * 2**level, WINDOW.max_lock_s)
                self.locks.setdefault(counter.name, []).append((now, now + lock))
                locked.append(counter.scope)
        return tuple(locked)

    def forgive(self, attempt: Attempt, now: float) -> None:
        """The pair's failures are gone; a counter whose last failure went is as new."""
        own = attempt.claim.own
        assert own is not None
        attempt.end = "accepted"
        before = {counter.name: len(self.failures(counter.name, now)) for counter in attempt.claim.counters}
        for one in self.failures(own.name, now):
            one.end = "forgiven"
        for name, count in before.items():
            if count and not self.failures(name, now):
                self.locks.pop(name, None)
        self.known[own.name] = now + REMEMBER_S

    def clear(self, claim: Claim, now: float) -> bool:
        """Each counter is as new; was it not before?"""
        used = False
        for counter in claim.counters:
            name = counter.name
            used = used or bool(self.level(name, now) or self.failures(name, now) or self.open(name, now))
            self.locks.pop(name, None)
            for one in self.attempts:
                one.cleared_in.add(name)
        return used


Act = tuple[str, int, int, int]
"""What, how many seconds after the act before, and where by whom (of PLACES and NAMES)."""
ACTS: st.SearchStrategy[list[Act]] = st.lists(
    st.tuples(
        st.sampled_from(
            ["wrong", "wrong", "wrong", "right", "reserve", "reserve", "fail", "forgive", "release", "clear"]
        ),
        st.sampled_from(STEPS),
        st.integers(0, 1),
        st.integers(0, 2),
    ),
    min_size=10,
    max_size=60,
)
_LOCKED: list[Act] = [("wrong", 0, 0, 0), ("wrong", 0, 0, 1), ("wrong", 0, 0, 0)]
CORNERS: dict[str, list[Act]] = {
    "one at a time after a lock": [*_LOCKED, ("reserve", 100, 0, 1), ("reserve", 0, 0, 1), ("reserve", 0, 0, 2)],
    "the lock doubles": [*_LOCKED, ("wrong", 100, 0, 1), ("reserve", 0, 0, 2), ("reserve", 199, 0, 2), ("wrong", 1, 0, 2)],
    "the last moment of a lock": [*_LOCKED, ("reserve", 99, 0, 1), ("reserve", 1, 0, 1)],
    "a lock is forgotten": [*_LOCKED, ("reserve", 1_100, 0, 1), ("reserve", 0, 0, 1), ("reserve", 0, 0, 2)],
    "a lock is not yet forgotten": [*_LOCKED, ("reserve", 1_099, 0, 1), ("reserve", 0, 0, 1), ("reserve", 0, 0, 2)],
    "a success leaves the lock to the others": [*_LOCKED, ("right", 100, 0, 1), ("wrong", 0, 0, 2), ("reserve", 0, 0, 0)],
    "a success that forgives nothing": [*_LOCKED, ("right", 1_050, 0, 2), ("reserve", 0, 0, 0), ("reserve", 0, 0, 1)],
    "a success forgives all of its own": [
        ("wrong", 0, 0, 2), ("wrong", 0, 0, 2), ("right", 100, 0, 2), ("wrong", 0, 0, 0), ("wrong", 0, 0, 1), ("reserve", 0, 0, 1),
    ],
    "a success opens what it alone had locked": [
        ("wrong", 0, 0, 2), ("wrong", 0, 0, 2), ("wrong", 100, 0, 2), ("right", 200, 0, 2), ("reserve", 0, 0, 0), ("reserve", 0, 0, 1),
    ],
    "a known pair has its own limit": [
        ("right", 0, 0, 0), ("wrong", 0, 1, 0), ("wrong", 0, 1, 0), ("wrong", 0, 0, 1), ("wrong", 0, 0, 1), ("wrong", 0, 0, 2),
        ("reserve", 0, 1, 0), ("reserve", 0, 0, 2), ("wrong", 0, 0, 0), ("wrong", 0, 0, 0), ("wrong", 0, 0, 0),
    ],
    "a pair is known no longer": [
        ("right", 0, 0, 0), ("wrong", 1_950, 0, 1), ("wrong", 0, 0, 1), ("wrong", 0, 0, 2), ("reserve", 49, 0, 0), ("reserve", 1, 0, 0),
    ],
    "reservations are given up": [("reserve", 0, 0, 0), ("reserve", 0, 0, 0), ("reserve", 59, 0, 0), ("reserve", 1, 0, 0)],
    "cleared": [*_LOCKED, ("clear", 0, 0, 0), ("reserve", 0, 0, 0), ("reserve", 0, 0, 0), ("reserve", 0, 0, 1)],
    "cleared while one is checked": [
        ("reserve", 0, 0, 0), ("clear", 0, 0, 0), ("fail", 0, 0, 0), ("wrong", 0, 0, 1), ("wrong", 0, 0, 2), ("reserve", 0, 0, 1),
    ],
    "the window ends": [("wrong", 0, 0, 0), ("wrong", 0, 0, 1), ("wrong", 1_000, 0, 2), ("wrong", 0, 0, 2), ("reserve", 0, 0, 0)],
}  # fmt: skip
"""Histories that go where few random ones do."""


def compare(store: FailureStore, acts: list[Act], start: float = 1_700_000_000.0) -> None:
    """Play one history on both; every answer must be the same."""
    model, now = Model(), start
    running: list[tuple[Held, Attempt]] = []
    for what, step, one, two in acts:
        now += step
        if what in ("reserve", "wrong", "right"):
            wanted = claim(PLACES[one], NAMES[two])
            expected, seen = model.reserve(wanted, now), store.reserve(wanted, now)
            if not isinstance(expected, Attempt):
                assert isinstance(seen, Full), expected
                assert (seen.wait_s, seen.busy) == expected[1:], (seen, expected)
                continue
            assert isinstance(seen, Held), seen
            running.append((seen, expected))
        if what == "clear":
            wanted = claim(PLACES[one], NAMES[two])
            used, found = model.clear(wanted, now), store.clear(wanted.counters)
            assert found or not used  # what is stale may still be there
        if not running or what == "clear":
            continue
        held, attempt = running.pop() if what in ("wrong", "right") else running[0]
        if what in ("fail", "forgive", "release"):
            del running[0]
        if what in ("fail", "wrong"):
            assert store.fail(held, now) == model.fail(attempt, now)
        elif what in ("forgive", "right"):
            store.forgive(held, now + REMEMBER_S, now)
            model.forgive(attempt, now)
        elif what == "release":
            store.release(held, now)
            attempt.end = "released"
