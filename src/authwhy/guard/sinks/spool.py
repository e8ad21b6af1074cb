"""Batches of events on disk that wait for their receiver. A batch is one file, and its name is the batch's key."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from authwhy.guard.sinks.appending import close_quietly, lock, open_append, unlock, write_whole

SUFFIX = ".ndjson"
SENDER = "sender.lock"


class Segment(Struct, frozen=True):
    """One batch that nobody writes any more: its key, its lines."""

    key: str
    lines: bytes


class Spool:
    """A folder of segments, oldest first by name, of at most `max_bytes` bytes; several processes may share it.

    The writer of a segment holds its lock, so a segment that can be locked is complete: its writer sealed it or died.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._open: set[int] = set()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.forked()
        self.measure()

    def forked(self) -> None:
        """In a child after a fork: the parent's open segment stays the parent's."""
        self._lock = threading.RLock()
        for fd in self._open:
            close_quietly(fd)
        self._open = set()
        self._fd: int | None = None
        self._name = ""
        self._size = self._count = self._written = self._room = 0
        self._since = 0.0

    def append(self, lines: bytes, count: int, seal_at: int) -> bool:
        """Write `count` lines at once; True when the segment is new or was sealed, so that the sender should look.

        Raises OSError when the spool is full (ENOSPC) or cannot be written.
        """
        with self._lock:
            if len(lines) > self._room:
                raise OSError(errno.ENOSPC, "the spool is full")
            if self._fd is not None and os.fstat(self._fd).st_nlink == 0:
                self._leave()  # somebody removed it
            fd = self._fd if self._fd is not None else self._begin()
            try:
                write_whole(fd, lines, self._size)
            except BaseException:
                self._leave()
                raise
            self._size += len(lines)
            self._room -= len(lines)
            self._written += len(lines)
            self._count += count
            if self._count >= seal_at:
                self._leave()
                return True
            return self._count == count

    def _begin(self) -> int:
        while True:
            name = f"{time.time_ns():020d}-{os.urandom(8).hex()}{SUFFIX}"
            try:
                fd = open_append(self._folder / name, os.O_EXCL)
            except FileNotFoundError:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                continue
            self._open.add(fd)
            with suppress(BlockingIOError):  # a sender looked before the lock was there
                lock(fd)
                if os.fstat(fd).st_nlink:
                    self._fd, self._name, self._size, self._count = fd, name, 0, 0
                    self._since = time.monotonic()
                    return fd
            self._shut(fd)

    def _leave(self) -> None:
        if self._fd is not None:
            self._shut(self._fd)
        self._fd, self._name, self._size, self._count = None, "", 0, 0

    def _shut(self, fd: int) -> None:
        # Unlocked by name, because a child that was just forked may still have a copy of the descriptor.
        with suppress(OSError):
            unlock(fd)
        close_quietly(fd)
        self._open.discard(fd)

    def seal(self) -> None:
        """No more lines for the open segment."""
        with self._lock:
            self._leave()

    def age_s(self) -> float | None:
        """Seconds since the open segment began; None without one."""
        return time.monotonic() - self._since if self._fd is not None else None

    def measure(self) -> None:
        """Learn how many bytes are left, other processes' segments included."""
        before = self._written
        taken = 0
        for path in self._segments():
            with suppress(OSError):
                taken += path.stat().st_size
        with self._lock:
            self._room = self._max_bytes - taken - (self._written - before)

    def _segments(self) -> list[Path]:
        try:
            return sorted(path for path in self._folder.iterdir() if path.name.endswith(SUFFIX))
        except OSError:
            return []

    @contextmanager
    def sender(self) -> Iterator[bool]:
        """True for the one process that may send now, so that batches keep their order."""
        try:
            fd = open_append(self._folder / SENDER)
        except OSError:
            yield False
            return
        self._open.add(fd)
        try:
            try:
                lock(fd)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            self._shut(fd)

    def sealed(self) -> Iterator[Segment]:
        """Every complete segment, oldest first; each is locked while the caller looks at it."""
        for path in self._segments():
            if path.name == self._name:
                continue
            try:
                fd = os.open(path, os.O_RDWR)
            except OSError:
                continue
            self._open.add(fd)
            try:
                lock(fd)
                data = path.read_bytes()
                # A crash may have cut the last line short; that event was never acknowledged.
                lines = data[: data.rfind(b"\n") + 1]
                if lines:
                    yield Segment(path.name.removesuffix(SUFFIX), lines)
                else:
                    path.unlink()
            except OSError:
                continue
            finally:
                self._shut(fd)

    def remove(self, segment: Segment) -> None:
        """Forget a batch that its receiver has."""
        path = self._folder / f"{segment.key}{SUFFIX}"
        with suppress(OSError):
            path.unlink()
        with self._lock:
            self._room += len(segment.lines)
