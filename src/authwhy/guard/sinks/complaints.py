"""What broke beside a request, a sink or an application's own check: one log line a minute for each trouble, written
by a thread of its own.

A log that hangs must not hold up the request whose event was dropped, so no sink writes to the log in `put`.
The lines tell how often and of what type, never what was in an event.
"""

from __future__ import annotations

import logging
import threading
import time

from authwhy.guard.sinks.worker import FOREVER, Worker

LOGGER = "authwhy.guard"
EVERY_S = 60.0
CHECK = "check"
"""Who complains where it is no sink but a check of the application that broke."""


class Complaints:
    """Counts troubles by who and what, and logs each as a warning at most once in `every_s` seconds."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._logger = logging.getLogger(LOGGER)
        self._forked()
        self._worker = Worker("authwhy-complaints", self._step, self._forked)

    def _forked(self) -> None:
        self._lock = threading.RLock()
        self._counts: dict[tuple[str, str], int] = {}
        self._next: dict[tuple[str, str], float] = {}

    def add(self, who: str, what: str, count: int = 1) -> None:
        """Note a trouble. `who` names the sink, `what` the trouble in a few words without any content."""
        key = (who, what)
        with self._lock:
            known = self._counts.get(key, 0)
            self._counts[key] = known + count
        if not known:
            self._worker.ring()

    def _step(self, closing: bool) -> float:
        now = time.monotonic()
        with self._lock:
            due = [key for key in self._counts if closing or self._next.get(key, 0.0) <= now]
            lines = [(*key, self._counts.pop(key)) for key in due]
            self._next.update(dict.fromkeys(due, now + self._every_s))
            waits = [self._next[key] - now for key in self._counts]
        for who, what, count in lines:
            whose = who if who == CHECK else f"sink {who}"
            self._logger.warning("%s %s (%d)", whose, what, count, extra={"authwhy_sink": who})
        return min(waits, default=FOREVER)


_COMPLAINTS = Complaints()


def complain(who: str, what: str, count: int = 1) -> None:
    """Note a trouble of a sink; it reaches the log as a warning of the logger `authwhy.guard`."""
    _COMPLAINTS.add(who, what, count)
