"""Batches on disk: bounded, in order, each held by one process, none lost."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest
from tests.guard.sinks.events import success

from authwhy.guard.sinks.appending import lock
from authwhy.guard.sinks.fields import line_of
from authwhy.guard.sinks.spool import Spool

LINE = line_of(success())
PLENTY = 10**9


def lines(spool: Spool) -> list[bytes]:
    """The lines of every complete segment."""
    return [segment.lines for segment in spool.sealed()]


def test_a_segment_is_a_batch(tmp_path: Path) -> None:
    """New and full segments are announced; the open one is not handed out."""
    spool = Spool(tmp_path, PLENTY)
    assert [spool.append(b"%d\n" % number, 1, 3) for number in range(5)] == [True, False, True, True, False]
    assert lines(spool) == [b"0\n1\n2\n"]
    assert spool.age_s() is not None
    spool.seal()
    assert spool.age_s() is None
    assert lines(spool) == [b"0\n1\n2\n", b"3\n4\n"]


def test_a_batch_keeps_its_key_until_it_is_removed(tmp_path: Path) -> None:
    """So that the receiver notices a second delivery, also after a restart."""
    spool = Spool(tmp_path, PLENTY)
    spool.append(LINE, 1, 1)
    (first,) = spool.sealed()
    (again,) = Spool(tmp_path, PLENTY).sealed()
    assert first == again
    spool.remove(first)
    assert lines(spool) == []


def test_the_oldest_are_kept_when_it_is_full(tmp_path: Path) -> None:
    """And there is room again when something is removed."""
    spool = Spool(tmp_path, 3 * len(LINE))
    for _ in range(3):
        spool.append(LINE, 1, 1)
    with pytest.raises(OSError, match="full") as caught:
        spool.append(LINE, 1, 1)
    assert caught.value.errno == errno.ENOSPC
    spool.remove(next(spool.sealed()))
    spool.append(LINE, 1, 1)
    assert lines(spool) == [LINE] * 3


def test_what_others_wrote_counts_too(tmp_path: Path) -> None:
    """One limit for all processes, and for what an earlier one left."""
    first = Spool(tmp_path, 3 * len(LINE))
    first.append(LINE, 1, 1)
    second = Spool(tmp_path, 3 * len(LINE))
    second.append(LINE, 1, 1)
    second.append(LINE, 1, 1)
    first.measure()
    with pytest.raises(OSError, match="full"):
        first.append(LINE, 1, 1)


def test_what_is_being_written_belongs_to_its_writer(tmp_path: Path) -> None:
    """Another process sees it once it is sealed."""
    writer, reader = Spool(tmp_path, PLENTY), Spool(tmp_path, PLENTY)
    writer.append(LINE, 1, 10)
    assert lines(reader) == []
    writer.append(LINE, 1, 10)
    writer.seal()
    assert lines(reader) == [LINE + LINE]


def test_one_sender_at_a_time(tmp_path: Path) -> None:
    """Else batches of one service would overtake each other."""
    one, other = Spool(tmp_path, PLENTY), Spool(tmp_path, PLENTY)
    with one.sender() as mine:
        assert mine
        with other.sender() as theirs:
            assert not theirs
    with other.sender() as theirs:
        assert theirs


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    """Its put had not returned. A segment with nothing else is removed."""
    (tmp_path / "1-a.ndjson").write_bytes(LINE + LINE[:20])
    (tmp_path / "2-b.ndjson").write_bytes(LINE[:20])
    (tmp_path / "3-c.ndjson").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"mine")
    spool = Spool(tmp_path, PLENTY)
    assert lines(spool) == [LINE]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1-a.ndjson", "notes.txt"]


def test_a_folder_that_is_removed_is_made_again(tmp_path: Path) -> None:
    """The next event is spooled; what was removed is gone."""
    folder = tmp_path / "spool"
    spool = Spool(folder, PLENTY)
    spool.append(LINE, 1, 10)
    shutil.rmtree(folder)
    assert lines(spool) == []
    with spool.sender() as mine:
        assert not mine
    spool.append(LINE, 1, 10)
    spool.seal()
    assert lines(spool) == [LINE]


def test_a_sender_that_looks_before_the_lock_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the new segment for an empty one and removes it; the event goes into another."""
    place = "authwhy.guard.sinks.spool.lock"

    def late(fd: int) -> None:
        monkeypatch.setattr(place, lock)
        assert lines(Spool(tmp_path, PLENTY)) == []
        lock(fd)

    spool = Spool(tmp_path, PLENTY)
    monkeypatch.setattr(place, late)
    spool.append(LINE, 1, 10)
    spool.seal()
    assert lines(spool) == [LINE]


def test_a_child_leaves_its_parents_segment_alone(tmp_path: Path) -> None:
    """It starts a segment of its own."""
    spool = Spool(tmp_path, PLENTY)
    spool.append(b"parent\n", 1, 10)
    spool.forked()
    spool.measure()
    spool.append(b"child\n", 1, 10)
    spool.seal()
    assert lines(spool) == [b"parent\n", b"child\n"]


def test_the_folder_is_private(tmp_path: Path) -> None:
    """Events say who signs in where."""
    spool = Spool(tmp_path / "spool", PLENTY)
    spool.append(LINE, 1, 1)
    assert (tmp_path / "spool").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "spool").iterdir())
