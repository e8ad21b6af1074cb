"""Whole lines or nothing, at the end of a file that others write too."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.guard.sinks.events import failure

from authwhy.guard.sinks.appending import close_quietly, lock, mend, open_append, unlock, write_whole
from authwhy.guard.sinks.fields import line_of

LINE = line_of(failure())
HOLD = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
fcntl.flock(fd, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "events.jsonl"


@pytest.fixture
def fd(path: Path) -> Iterator[int]:
    """The file, opened."""
    opened = open_append(path)
    yield opened
    close_quietly(opened)


@pytest.fixture
def holder(path: Path, fd: int) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    words = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_file_is_private(path: Path, fd: int) -> None:
    """Events say who signs in where."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_stopped_process_does_not_hold_us_up(fd: int, holder: subprocess.Popen[str]) -> None:
    """The lock is asked for, for a while, and not waited for."""
    with pytest.raises(BlockingIOError):
        lock(fd, 0.01)
    with pytest.raises(BlockingIOError):
        lock(fd)


def test_the_lock_of_a_killed_process_is_free(fd: int, holder: subprocess.Popen[str]) -> None:
    """The kernel gives it back."""
    holder.kill()
    holder.wait(20)
    lock(fd)
    unlock(fd)


def test_a_write_that_does_not_fit_leaves_nothing(path: Path, fd: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The part that fitted is taken back, so the next line does not grow out of it."""
    write_whole(fd, LINE, 0)
    real = os.write
    monkeypatch.setattr(os, "write", lambda to, data: real(to, data[:10]))
    with pytest.raises(OSError, match="10 of"):
        write_whole(fd, LINE, len(LINE))
    assert path.read_bytes() == LINE


def test_no_space_is_an_error() -> None:
    """As the kernel says it."""
    full = os.open("/dev/full", os.O_RDWR)
    with pytest.raises(OSError) as caught:
        write_whole(full, LINE, 0)
    os.close(full)
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (LINE, LINE),
        (LINE + LINE[:-1], LINE),
        (LINE + LINE[:1], LINE),
        (LINE + LINE[:40], LINE),
        (LINE[:200], b""),
        (LINE + b"\0" * 5_000, LINE),
        (b"my notes", b"my notes\n"),
        (LINE + b"somebody else's", LINE + b"somebody else's\n"),
        (LINE + b"x" * (2 << 20), LINE + b"x" * (2 << 20) + b"\n"),
    ],
    ids=["empty", "whole", "newline", "one byte", "start", "only", "zeros", "foreign", "mixed", "huge"],
)
def test_a_torn_line_is_mended(before: bytes, after: bytes, path: Path, fd: int) -> None:
    """Ours is taken away, as it was never acknowledged; a foreign one is ended and kept."""
    path.write_bytes(before)
    assert mend(fd, len(before)) == len(after)
    assert path.read_bytes() == after


def test_closing_a_closed_one_is_fine() -> None:
    """As is closing none."""
    read, write = os.pipe()
    os.close(write)
    close_quietly(read)
    close_quietly(read)
    close_quietly(None)
