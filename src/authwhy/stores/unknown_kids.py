"""How often an unknown key id is looked for: out of a budget, and not again soon where it was just absent."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from authwhy.stores.refreshed import Clock

MAX_ABSENT = 1_024
"""Key ids remembered as absent."""
_LONGEST_ABSENT_S = 600.0


class Budget:
    """A token bucket: `burst` at once, and one more every `refill_s`."""

    def __init__(self, burst: int, refill_s: float, clock: Clock) -> None:
        self._burst, self._refill_s, self._clock = burst, refill_s, clock
        self._left, self._at = float(burst), clock()
        self._lock = Lock()

    def take(self) -> bool:
        """One, when there is one."""
        with self._lock:
            now = self._clock()
            self._left = min(self._left + max(0.0, now - self._at) / self._refill_s, self._burst)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


class Absent:
    """Key ids that a good fetch did not bring: each time for twice as long, and no more than a fixed number.

    So one client that keeps sending a wrong key id does not use up the budget that a rotated key needs, and a
    key id that was used before it was published is looked for again soon.
    """

    def __init__(self, first_s: float, clock: Clock) -> None:
        self._first_s, self._clock = first_s, clock
        self._until: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, kid: object) -> bool:
        known = self._until.get(kid) if isinstance(kid, str) else None
        return known is not None and self._clock() < known[0]

    def __len__(self) -> int:
        return len(self._until)

    def add(self, kid: str) -> None:
        """Remember that it is absent."""
        with self._lock:
            known = self._until.pop(kid, None)
            span = self._first_s if known is None else min(2 * known[1], _LONGEST_ABSENT_S)
            self._until[kid] = self._clock() + span, span
            while len(self._until) > MAX_ABSENT:
                self._until.popitem(last=False)
