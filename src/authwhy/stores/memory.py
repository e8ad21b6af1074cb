"""One-time values, revocations and sessions in the memory of one process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from heapq import heappop, heappush

from authwhy.stores.digest import digest
from authwhy.stores.interface import StoreUnavailable
from authwhy.stores.session_data import pack, unpack

_SWEPT = 32  # expired entries dropped with each call: more than one, so that a full store empties itself


class _Remembered:
    """Digests with the time until which each must be kept. Full means full: nothing is forgotten before its time."""

    def __init__(self, store: str, max_entries: int) -> None:
        if max_entries < 1:
            raise ValueError("max_entries must be at least 1")
        self._store, self._max_entries = store, max_entries
        self._until: dict[bytes, float] = {}
        self._queue: list[tuple[float, bytes]] = []  # an entry whose time was extended stands in it twice
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._queue)

    def __contains__(self, name: bytes) -> bool:
        return name in self._until

    def add(self, name: bytes, until: float, now: float) -> bool:
        """False when it is there already. Raises StoreUnavailable ("full") when there is no room for a new one."""
        with self._lock:
            self._sweep(now)
            if self._until.get(name, now) > now:
                return False
            self._keep(name, until)
            return True

    def extend(self, name: bytes, until: float, now: float) -> None:
        """Keep it until then, or longer where that was said before. Raises StoreUnavailable ("full")."""
        with self._lock:
            self._sweep(now)
            if self._until.get(name, now) < until:
                self._keep(name, until)

    def _sweep(self, now: float) -> None:
        for _ in range(_SWEPT):
            if not self._queue or self._queue[0][0] > now:
                break
            due, old = heappop(self._queue)
            if self._until.get(old) == due:
                del self._until[old]

    def _keep(self, name: bytes, until: float) -> None:
        if len(self._queue) >= self._max_entries:
            raise StoreUnavailable(self._store, "full")
        heappush(self._queue, (until, name))
        self._until[name] = until


class MemorySeen:
    """One-time values of one process; several workers each have their own, so a value can be used once in each.

    At most `max_entries` values (about 250 bytes each) are kept. A full store raises StoreUnavailable.
    """

    blocking = False

    def __init__(self, max_entries: int = 100_000) -> None:
        self._values = _Remembered("memory", max_entries)

    def __len__(self) -> int:
        """How many values are kept now."""
        return len(self._values)

    def seen(self, scope: str, value: str, until: float, now: float) -> bool:
        """Exactly one caller gets False; a value whose time is over is still kept for a second."""
        return not self._values.add(digest(scope, value), max(until, now + 1), now)


class MemoryRevoked:
    """Revocations of one process. At most `max_entries` (about 250 bytes each); a full store raises."""

    blocking = False

    def __init__(self, max_entries: int = 100_000) -> None:
        self._ids = _Remembered("memory", max_entries)

    def __len__(self) -> int:
        """How many revocations are kept now."""
        return len(self._ids)

    def is_revoked(self, issuer: str | None, name: str) -> bool:
        """Is it on the list? What has expired by itself may stay on it."""
        return _revoked_name(issuer, name) in self._ids

    def revoke(self, issuer: str | None, name: str, until: float, now: float) -> None:
        """Put it on the list; of two times the later counts."""
        self._ids.extend(_revoked_name(issuer, name), until, now)


class MemorySessions:
    """Sessions of one process. At most `max_entries`: the one not used for longest ends first."""

    blocking = False

    def __init__(self, max_entries: int = 10_000) -> None:
        if max_entries < 1:
            raise ValueError("max_entries must be at least 1")
        self._max_entries = max_entries
        self._sessions: dict[bytes, tuple[float, bytes]] = {}  # until, data (empty: revoked); oldest first
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many sessions and marks of revoked ones are kept now."""
        return len(self._sessions)

    def get(self, session: str, now: float) -> dict[str, object] | None:
        """A copy of the data."""
        with self._lock:
            found = self._alive(digest(session), now)
        return unpack(found[1]) if found is not None and found[1] else None

    def put(self, session: str, data: Mapping[str, object], until: float, now: float) -> bool:
        """Create or replace; False for a revoked id."""
        packed, name = pack(data), digest(session)
        with self._lock:
            found = self._alive(name, now)
            if found is not None and not found[1]:
                return False
            self._sessions.pop(name, None)
            while (oldest := next(iter(self._sessions), None)) is not None:
                if len(self._sessions) < self._max_entries and self._sessions[oldest][0] > now:
                    break
                del self._sessions[oldest]
            if until > now:
                self._sessions[name] = (until, packed)
        return True

    def touch(self, session: str, until: float, now: float) -> bool:
        """Let it live until then."""
        name = digest(session)
        with self._lock:
            found = self._alive(name, now)
            if found is None or not found[1]:
                return False
            del self._sessions[name]
            if until > now:
                self._sessions[name] = (until, found[1])
        return True

    def revoke(self, session: str, now: float) -> bool:
        """End it; the mark stays as long as the session would have."""
        name = digest(session)
        with self._lock:
            found = self._alive(name, now)
            if found is None or not found[1]:
                return False
            self._sessions[name] = (found[0], b"")
        return True

    def _alive(self, name: bytes, now: float) -> tuple[float, bytes] | None:
        found = self._sessions.get(name)
        return found if found is not None and found[0] > now else None


def _revoked_name(issuer: str | None, name: str) -> bytes:
    return digest(name) if issuer is None else digest(issuer, name)
