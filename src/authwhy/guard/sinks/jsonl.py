"""Events as lines of JSON in a file, with rotation by size. Several processes may write the same file."""

from __future__ import annotations

import math
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from authwhy.guard.sinks.appending import close_quietly, lock, mend, open_append, unlock, write_whole
from authwhy.guard.sinks.complaints import complain
from authwhy.guard.sinks.fields import line_of
from authwhy.guard.sinks.interface import CLOSE_S
from authwhy.guard.sinks.queue import CAPACITY, BoundedQueue
from authwhy.guard.sinks.worker import FOREVER, Worker
from authwhy.model.event import Event

MAX_BYTES = 100 << 20
NAME = "jsonl"
# How long a put may wait for another process that writes or rotates; then the line goes through the queue.
PATIENCE_S = 0.005
TRIES = 100


class JsonLines:
    """Appends each event with a single write, before `put` returns when `durable`; so kill -9 loses nothing.

    Every write holds the lock of the current file, so nobody rotates it away in between, and a write that does not
    fit is taken back. A worker syncs to the disk every `sync_s` seconds, against loss of power.
    """

    def __init__(self, path: Path, *, max_bytes: int, keep: int, durable: bool, sync_s: float, capacity: int) -> None:
        if max_bytes < 1 or keep < 1:
            raise ValueError("max_bytes and keep are at least 1")
        self._path, self._max_bytes, self._keep = path, max_bytes, keep
        self._durable, self._sync_s = durable, sync_s
        close_quietly(open_append(path))  # a folder that is not there shows at start, not at the first attempt
        self._fd: int | None = None
        self._retired: list[int] = []
        self._forked()
        self._queue: BoundedQueue[bytes] = BoundedQueue(NAME, self._deliver, capacity=capacity)
        self._worker = Worker("authwhy-jsonl-sync", self._sync, self._forked)

    def _forked(self) -> None:
        self._lock = threading.RLock()
        self._gate = threading.RLock()
        # A lock belongs to the opened file, which a child shares with its parent: the child opens its own.
        for fd in (self._fd, *self._retired):
            close_quietly(fd)
        self._fd = None
        self._retired = []
        self._file = (0, 0)
        self._size = -1
        self._dirty = self._closed = False
        self._behind = not self._durable
        self._next_sync = 0.0
        self._end = math.inf

    @property
    def dropped(self) -> int:
        """How many events could not be written: no space, no folder, a full queue."""
        return self._queue.dropped

    def put(self, event: Event) -> None:
        """Write the event's line now; or queue it when not durable, or while another process holds the file."""
        try:
            line = line_of(event)
            if not (self._behind and self._queued(line)):
                self._append(line)
        except BlockingIOError:
            with self._gate:
                self._behind = True
                self._queue.put(line)
        except Exception as error:  # noqa: BLE001 - a sink never fails a request
            self._queue.drop(1, f"cannot write: {getattr(error, 'strerror', None) or type(error).__name__}")

    def _queued(self, line: bytes) -> bool:
        # The gate keeps the order: either the worker sees this line, or we see that the worker is done.
        with self._gate:
            if self._behind:
                self._queue.put(line)
            return self._behind

    def _deliver(self, lines: list[bytes]) -> None:
        data = b"".join(lines)
        while True:
            try:
                self._append(data)
            except BlockingIOError:
                if time.monotonic() > self._end:
                    raise
                time.sleep(PATIENCE_S)  # in the worker; the other process has had its turn by then, or is stuck
            else:
                break
        with self._gate:
            self._behind = not self._durable or self._closed or self._queue.waiting > 0

    def _append(self, data: bytes) -> None:
        with self._lock:
            try:
                size = self._take(len(data))
                fd = self._current()
                try:
                    write_whole(fd, data, size)
                finally:
                    unlock(fd)
                self._size = size + len(data)
            except BlockingIOError:
                raise  # the file is as it was
            except BaseException:
                self._let_go()
                raise
        if not self._dirty:
            self._dirty = True
            self._worker.ring()

    def _current(self) -> int:
        if self._fd is None:
            self._fd = open_append(self._path)
            status = os.fstat(self._fd)
            self._file, self._size = (status.st_ino, status.st_dev), -1
        return self._fd

    def _take(self, length: int) -> int:
        """Lock the file that stands at the path now and has room; its size. Raises OSError."""
        for _ in range(TRIES):
            fd = self._current()
            lock(fd, PATIENCE_S)
            try:
                status = os.stat(self._path)  # noqa: PTH116 - Path.stat costs as much again
            except FileNotFoundError:
                status = None
            if status is None or (status.st_ino, status.st_dev) != self._file:
                self._retire()  # rotated or removed by somebody else
                continue
            size = status.st_size if status.st_size == self._size else mend(fd, status.st_size)
            if size == 0 or size + length <= self._max_bytes or not self._rotate():
                return size
        raise OSError("the file is replaced again and again")

    def _rotate(self) -> bool:
        """Move path to path.1, path.1 to path.2 ...; the lock of the current file keeps every other process out."""
        names = [self._path]
        while len(names) <= self._keep and (len(names) == 1 or names[-1].exists()):
            names.append(self._path.with_name(f"{self._path.name}.{len(names)}"))
        try:
            for n in range(len(names) - 1, 0, -1):
                names[n - 1].replace(names[n])
        except OSError as error:
            complain(NAME, f"cannot rotate: {error.strerror}")
            return False
        self._retire()
        return True

    def _retire(self) -> None:
        """Leave a file that was rotated; the worker syncs and closes it."""
        if self._fd is not None:
            unlock(self._fd)
            self._retired.append(self._fd)
            self._fd = None

    def _let_go(self) -> None:
        """Close the file; the next put opens and mends whatever stands at the path then."""
        fd, self._fd = self._fd, None
        if fd is not None:
            with suppress(OSError):
                unlock(fd)
        close_quietly(fd)

    def _sync(self, closing: bool) -> float:
        now = time.monotonic()
        if not closing and now < self._next_sync:
            return self._next_sync - now
        self._next_sync = now + self._sync_s
        self._dirty = False
        with self._lock:
            if self._fd is not None:
                self._retired.append(os.dup(self._fd))
            waiting = list(self._retired)
        for fd in waiting:
            try:
                os.fsync(fd)
            except OSError as error:
                complain(NAME, f"cannot sync: {error.strerror}")
            with self._lock:
                self._retired.remove(fd)
                close_quietly(fd)
        return FOREVER

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """Write what is queued and sync; events that come later are dropped and counted."""
        self._end = time.monotonic() + timeout_s
        self._closed = self._behind = True
        self._queue.close(timeout_s)
        self._worker.close(max(0.0, self._end - time.monotonic()))
        with self._lock:
            self._let_go()


def jsonl(
    path: str | Path,
    *,
    max_bytes: int = MAX_BYTES,
    keep: int = 10,
    durable: bool = True,
    sync_s: float = 1.0,
    capacity: int = CAPACITY,
) -> JsonLines:
    """A sink that appends to `path` (mode 0600) and rotates it to `path.1` ... `path.<keep>` at `max_bytes`.

    `durable=False` writes from a worker instead: faster puts, and a crash loses what waits. `sync_s` is in seconds.
    Raises OSError when the file cannot be opened, ValueError for numbers below 1.
    """
    return JsonLines(
        Path(path).absolute(), max_bytes=max_bytes, keep=keep, durable=durable, sync_s=sync_s, capacity=capacity
    )
