"""The seams of shared state: failures, one-time values, revocations, sessions; and the tuples that register stores.

Every call is synchronous. `blocking` says whether it does I/O, so that an event loop runs it in a thread. `now` and
`until` are seconds since 1970. Every call may raise StoreUnavailable: that is an outage, never a bad credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from authwhy.causes import Cause

Problem: TypeAlias = Literal["unreachable", "timeout", "refused", "full"]
HELD_S = 60.0
"""A reservation that nobody settles (its process died) is given up after this many seconds."""


class StoreUnavailable(Exception):
    """The store cannot answer. `cause` is an error cause and `facts` says which store and why; no text of a caller."""

    def __init__(self, store: str, problem: Problem) -> None:
        super().__init__(f"{store}: {problem}")
        self.cause = Cause.PROVIDER_UNREACHABLE if problem in ("unreachable", "timeout") else Cause.PROVIDER_ERROR
        self.facts: Mapping[str, str] = {"provider": store, "problem": problem}


class Window(Struct, frozen=True):
    """How failures are counted, in seconds: for `per_s`, and how long a full counter locks, at first and at most."""

    per_s: float
    delay_s: float
    max_lock_s: float


class Counter(Struct, frozen=True):
    """One thing failures are counted for: its scope (address, identity, pair), its name there and its limit."""

    scope: str
    name: str
    limit: int


class Claim(Struct, frozen=True):
    """What one attempt counts for. `own` is the pair of identity and place: when it is known (an earlier success),
    the attempt counts for it alone and `shared` is neither asked nor raised."""

    window: Window
    shared: tuple[Counter, ...] = ()
    own: Counter | None = None

    @property
    def counters(self) -> tuple[Counter, ...]:
        """Every counter, the shared ones first."""
        return self.shared if self.own is None else (*self.shared, self.own)


class Held(Struct, frozen=True):
    """A reservation: one attempt that may now be checked. To be settled once, by fail, release or forgive."""

    claim: Claim
    id: str
    known: bool

    @property
    def counters(self) -> tuple[Counter, ...]:
        """The counters it stands in."""
        own = self.claim.own
        return (own,) if self.known and own is not None else self.claim.counters


class Full(Struct, frozen=True):
    """No reservation: the counter of this scope is full for `wait_s` more seconds.

    `busy` is true when attempts that are still being checked fill it, so that it may be free in a moment.
    """

    scope: str
    wait_s: float
    busy: bool


class FailureStore(Protocol):
    """Counts failed attempts in sliding windows.

    A counter has room while its failures of the last `per_s` seconds and its open reservations are fewer than its
    limit. The failure that fills it locks it for `delay_s`; after that one attempt at a time is let through, and each
    that fails doubles the lock, up to `max_lock_s`. A lock that ended `per_s` ago is forgotten.
    """

    blocking: bool

    def reserve(self, claim: Claim, now: float) -> Held | Full:
        """Take a place in every counter at once, or in none."""

    def fail(self, held: Held, now: float) -> tuple[str, ...]:
        """The attempt failed: count it. Returns the scopes that this failure locked."""

    def release(self, held: Held, now: float) -> None:
        """The attempt says nothing about guessing (an outage, a missing permission): give its place back."""

    def forgive(self, held: Held, known_until: float, now: float) -> None:
        """The attempt succeeded: the pair's failures leave every counter, nobody else's do, and the pair is known.

        A counter that loses its last failure so loses its lock.
        """

    def clear(self, counters: tuple[Counter, ...]) -> bool:
        """Somebody who may decides so: forget all that stands in these counters. False when nothing did."""


class SeenStore(Protocol):
    """One-time values: nonces, jti, one-time codes."""

    blocking: bool

    def seen(self, scope: str, value: str, until: float, now: float) -> bool:
        """Was it seen before? Recorded at once: of all callers with one value exactly one gets False until `until`.

        A full store raises StoreUnavailable rather than forget a value that could still be replayed.
        """


class RevokedStore(Protocol):
    """Revoked tokens, sessions and certificates, by the name that RevokedAsk gives as id."""

    blocking: bool

    def is_revoked(self, issuer: str | None, name: str) -> bool:
        """Is it on the list?"""

    def revoke(self, issuer: str | None, name: str, until: float, now: float) -> None:
        """Put it on the list, at least until it expires by itself. A full store raises rather than forget another."""


class SessionStore(Protocol):
    """Sessions: plain data (what JSON can hold, and bytes) by id. The id is a credential and is kept as a digest."""

    blocking: bool

    def get(self, session: str, now: float) -> dict[str, object] | None:
        """A copy of the data; None when there is no such session, or it has expired or was revoked."""

    def put(self, session: str, data: Mapping[str, object], until: float, now: float) -> bool:
        """Create or replace. False for a revoked id: a request that was under way cannot bring a session back.

        Raises ValueError for data that is not plain or larger than the store takes.
        """

    def touch(self, session: str, until: float, now: float) -> bool:
        """Let it live until then. False when there is no such session."""

    def revoke(self, session: str, now: float) -> bool:
        """End it. False when there was none."""


FAILURE_STORES = (("memory_failures", "MemoryFailures"), ("redis_failures", "RedisFailures"))
SEEN_STORES = (("memory", "MemorySeen"), ("redis", "RedisSeen"))
REVOKED_STORES = (("memory", "MemoryRevoked"), ("redis", "RedisRevoked"))
SESSION_STORES = (("memory", "MemorySessions"), ("redis", "RedisSessions"))
"""Each implementation as its module in this package and its class."""
