"""Failure counters in the memory of one process."""

from __future__ import annotations

import threading
from itertools import count

from authwhy.stores.digest import digest
from authwhy.stores.interface import HELD_S, Claim, Counter, Full, Held, Window

_SWEPT = 4  # stale counters dropped with each new one, so that memory shrinks again after an attack


class _Count:
    """One counter. Entries are (reservation, time); empty tuples cost nothing."""

    __slots__ = ("failures", "level", "open", "until")

    def __init__(self) -> None:
        self.failures: tuple[tuple[str, float], ...] = ()
        self.open: tuple[tuple[str, float], ...] = ()
        self.level = 0
        self.until = 0.0

    def forget(self, window: Window, now: float) -> None:
        """Drop what the window has left behind."""
        if self.failures:
            self.failures = tuple([entry for entry in self.failures if entry[1] > now - window.per_s])
        if self.open:
            self.open = tuple([entry for entry in self.open if entry[1] > now - HELD_S])
        if self.level and now >= self.until + window.per_s:
            self.level = 0

    def full(self, counter: Counter, now: float) -> Full | None:
        """Why one more attempt may not be checked now, or None."""
        if self.level:
            if now < self.until:
                return Full(counter.scope, self.until - now, busy=False)
            room = not self.open
        else:
            room = len(self.failures) + len(self.open) < counter.limit
        return None if room else Full(counter.scope, 1.0, busy=True)

    def close(self, ticket: str) -> None:
        """The reservation is open no longer."""
        self.open = tuple(entry for entry in self.open if entry[0] != ticket)

    def fail(self, ticket: str, limit: int, window: Window, now: float) -> bool:
        """Count one failure; true when it locks the counter."""
        self.failures = (*self.failures, (ticket, now))
        if not self.level and len(self.failures) < limit:
            return False
        self.until = now + min(window.delay_s * 2.0**self.level, window.max_lock_s)
        self.level = min(self.level + 1, 1_000)
        return True

    def stale_at(self, window: Window) -> float:
        """From when on nothing of it matters."""
        last = max([at for _, at in self.failures], default=-window.per_s) + window.per_s
        held = max([at for _, at in self.open], default=-HELD_S) + HELD_S
        return max(last, held, self.until + window.per_s if self.level else 0.0)


class MemoryFailures:
    """Counts for one process; several workers each count for themselves (use RedisFailures to share).

    At most `max_counters` counters and `max_known` known pairs are kept (about 500 and 200 bytes each): the one that
    was not touched for longest goes first, so an attacker has to spend that many attempts to have one forgotten.
    """

    blocking = False

    def __init__(self, max_counters: int = 100_000, max_known: int = 100_000) -> None:
        if max_counters < 3 or max_known < 1:
            raise ValueError("max_counters must be at least 3, max_known at least 1")
        self._max_counters, self._max_known = max_counters, max_known
        self._counts: dict[bytes, tuple[_Count, float]] = {}  # with the time from which it is stale; oldest first
        self._known: dict[bytes, float] = {}  # until when; oldest first
        self._lock = threading.Lock()
        self._ids = count()

    def __len__(self) -> int:
        """How many counters and known pairs are kept now."""
        return len(self._counts) + len(self._known)

    def reserve(self, claim: Claim, now: float) -> Held | Full:
        """Take a place in every counter at once, or in none. Of several full counters the longest wait is told."""
        own = None if claim.own is None else _key(claim.own)
        with self._lock:
            held = Held(claim, str(next(self._ids)), own is not None and self._known.get(own, 0.0) > now)
            keys = [] if held.known else [_key(counter) for counter in claim.shared]
            if own is not None:
                keys.append(own)
            counts = [self._read(key, claim.window, now) for key in keys]
            full = [
                why
                for one, counter in zip(counts, held.counters, strict=True)
                if (why := one.full(counter, now)) is not None
            ]
            if full:
                for key, one in zip(keys, counts, strict=True):  # who is being guessed at is not forgotten
                    self._write(key, one, claim.window, now)
                return max(full, key=lambda why: (not why.busy, why.wait_s))
            for key, one in zip(keys, counts, strict=True):
                one.open = (*one.open, (held.id, now))
                self._write(key, one, claim.window, now)
        return held

    def fail(self, held: Held, now: float) -> tuple[str, ...]:
        """Count it. Returns the scopes that this failure locked."""
        window, locked = held.claim.window, []
        with self._lock:
            for counter in held.counters:
                key = _key(counter)
                one = self._read(key, window, now)
                one.close(held.id)
                if one.fail(held.id, counter.limit, window, now):
                    locked.append(counter.scope)
                self._write(key, one, window, now)
        return tuple(locked)

    def release(self, held: Held, now: float) -> None:
        """Give the place back."""
        with self._lock:
            for counter in held.counters:
                self._remove(_key(counter), held, frozenset((held.id,)), now)

    def forgive(self, held: Held, known_until: float, now: float) -> None:
        """The pair's failures leave every counter; the pair is known from now on."""
        own = held.claim.own
        if own is None:
            self.release(held, now)
            return
        key = _key(own)
        with self._lock:
            pair = self._read(key, held.claim.window, now)
            gone = frozenset((held.id, *(ticket for ticket, _ in pair.failures)))
            touched = held.claim.counters if pair.failures else held.counters
            for counter in touched:
                self._remove(_key(counter), held, gone, now)
            self._known.pop(key, None)
            if len(self._known) >= self._max_known:
                del self._known[next(iter(self._known))]
            self._known[key] = known_until

    def clear(self, counters: tuple[Counter, ...]) -> bool:
        """Forget all that stands in these counters. False when nothing did."""
        with self._lock:
            found = [self._counts.pop(_key(counter), None) for counter in counters]
        return any(found)

    def _remove(self, key: bytes, held: Held, gone: frozenset[str], now: float) -> None:
        """Take entries out of a counter; when its last failure goes so, its lock goes too."""
        one = self._read(key, held.claim.window, now)
        one.close(held.id)
        forgiven = tuple(entry for entry in one.failures if entry[0] not in gone)
        if one.failures and not forgiven:
            one.level = 0
        one.failures = forgiven
        self._write(key, one, held.claim.window, now)

    def _read(self, key: bytes, window: Window, now: float) -> _Count:
        found = self._counts.get(key)
        if found is None:
            return _Count()
        found[0].forget(window, now)
        return found[0]

    def _write(self, key: bytes, one: _Count, window: Window, now: float) -> None:
        """Keep a counter as the newest, or drop it when nothing is in it."""
        new = self._counts.pop(key, None) is None
        if (stale_at := one.stale_at(window)) <= now:
            return
        for _ in range(_SWEPT if new else 0):
            oldest = next(iter(self._counts), None)
            if oldest is None or (self._counts[oldest][1] > now and len(self._counts) < self._max_counters):
                break
            del self._counts[oldest]
        self._counts[key] = (one, stale_at)


def _key(counter: Counter) -> bytes:
    return digest(counter.scope, counter.name)
