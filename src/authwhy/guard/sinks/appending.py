"""Appending whole lines to a file that other processes write too."""

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no flock; one process may write there
    fcntl = None  # type: ignore[assignment]

from authwhy.guard.sinks.fields import EVENT_START

# Events are private: only the user who runs the service reads them.
MODE = 0o600
TAIL_BYTES = 1 << 20
PAUSE_S = 0.0001


def open_append(path: Path, flags: int = 0) -> int:
    """A descriptor whose every write goes to the end of the file. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | flags, MODE)


def lock(fd: int, wait_s: float = 0.0) -> None:
    """Take the file for this descriptor alone. Raises BlockingIOError when another has it for longer than `wait_s`.

    The kernel gives the lock back when the process dies, however it dies.
    """
    end = 0.0
    while not _locked(fd):
        # flock itself knows no time limit, and a stopped process may hold it for hours
        now = time.monotonic()
        end = end or now + wait_s
        if now >= end:
            raise BlockingIOError(errno.EAGAIN, "another process has the file")
        time.sleep(PAUSE_S)


def _locked(fd: int) -> bool:
    if fcntl is not None:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def unlock(fd: int) -> None:
    """Give the file back."""
    if fcntl is not None:
        fcntl.flock(fd, fcntl.LOCK_UN)


def write_whole(fd: int, data: bytes, size: int) -> None:
    """One write; when only a part of it fits, the file is cut back to `size` bytes. Raises OSError.

    The caller holds the lock, so nobody has written behind that part.
    """
    written = os.write(fd, data)
    if written != len(data):
        os.ftruncate(fd, size)
        raise OSError(f"{written} of {len(data)} bytes fit")


def mend(fd: int, size: int) -> int:
    """Take away a last line that a crash cut short, and answer the new size. Raises OSError.

    Such an event was never acknowledged. A last line that is not ours is ended and kept: nothing else is deleted.
    """
    if size == 0 or _read(fd, 1, size - 1) == b"\n":
        return size
    tail = _read(fd, TAIL_BYTES, max(0, size - TAIL_BYTES))
    line = tail[tail.rfind(b"\n") + 1 :]
    if line.startswith(EVENT_START) or EVENT_START.startswith(line) or not line.strip(b"\0"):
        os.ftruncate(fd, size - len(line))
        return size - len(line)
    os.write(fd, b"\n")
    return size + 1


def _read(fd: int, length: int, start: int) -> bytes:
    os.lseek(fd, start, os.SEEK_SET)
    return os.read(fd, length)


def close_quietly(fd: int | None) -> None:
    """Close, whatever state the descriptor is in."""
    if fd is not None:
        with suppress(OSError):
            os.close(fd)
