"""A bounded queue with one worker, shared by every sink that must not do its work inside the request."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from authwhy.guard.sinks.complaints import complain
from authwhy.guard.sinks.interface import CLOSE_S
from authwhy.guard.sinks.worker import FOREVER, Worker

CAPACITY = 10_000
BATCH = 200
Item = TypeVar("Item")


class BoundedQueue(Generic[Item]):
    """`put` appends and returns; the worker hands lists of at most `batch` items to `deliver`, in order.

    The worker waits `every_s` seconds for a batch to fill. When `capacity` items wait, new ones are dropped and
    counted; the worker logs that and passes the number on to `report_dropped` as soon as it delivers again.
    A list whose delivery raises is dropped and counted too.
    """

    def __init__(
        self,
        name: str,
        deliver: Callable[[list[Item]], None],
        *,
        report_dropped: Callable[[int], None] = lambda count: None,
        capacity: int = CAPACITY,
        batch: int = BATCH,
        every_s: float = 0.0,
    ) -> None:
        if capacity < 1 or batch < 1 or every_s < 0:
            raise ValueError("capacity and batch are at least 1, every_s is at least 0")
        self._name, self._deliver, self._report = name, deliver, report_dropped
        self._capacity, self._batch, self._every_s = capacity, batch, every_s
        self._forked()
        self._worker = Worker(f"authwhy-{name}", self._step, self._forked)

    def _forked(self) -> None:
        self._items: deque[Item] = deque()
        self._lock = threading.RLock()
        self.dropped = 0
        self._reported = 0
        self._closed = False
        # How many items must wait before put rings: 1 for a sleeping worker, a batch while one fills, inf while busy.
        self._ring_at: float = 1

    def put(self, item: Item) -> bool:
        """Append, or count as dropped (False) when the queue is full or closed. Never raises."""
        waiting = len(self._items)
        if waiting >= self._capacity or self._closed:
            self.drop(1)
            return False
        self._items.append(item)
        if waiting >= self._ring_at - 1:
            self._ring_at = math.inf
            self._worker.ring()
        return True

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return len(self._items)

    def drop(self, count: int, why: str = "dropped events") -> None:
        """Count items that nobody will get, and say why in the log."""
        with self._lock:
            self.dropped += count
        complain(self._name, why, count)

    def _step(self, closing: bool) -> float:
        if not closing and self._every_s and len(self._items) < self._batch and self._ring_at != self._batch:
            self._ring_at = self._batch  # something came: let the batch fill, once
            return self._every_s
        self._ring_at = math.inf
        while self._items and time.monotonic() < self._worker.deadline:
            items = [self._items.popleft() for _ in range(min(self._batch, len(self._items)))]
            missing = self.dropped - self._reported
            if self._attempt(self._deliver, items, len(items)) and missing and self._attempt(self._report, missing, 0):
                self._reported += missing
        self._ring_at = 1
        return 0.0 if self._items and not closing else FOREVER

    def _attempt(self, function: Callable[[Any], None], argument: object, lost: int) -> bool:
        try:
            function(argument)
        except BaseException as error:  # noqa: BLE001 - foreign code; whatever it raises, the queue goes on
            self.drop(lost, f"failed with {type(error).__name__}")
            return False
        return True

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Deliver what waits, for at most `timeout_s` seconds; what is left then counts as dropped."""
        if self._closed:
            return
        self._closed = True
        self._worker.close(timeout_s)
        if self._items:
            self.drop(len(self._items))
