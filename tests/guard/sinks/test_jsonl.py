"""Lines in a file: each once, whole, and there when put has returned."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import pytest
from tests.e2e.loopback import until
from tests.guard.sinks.events import failure, success
from tests.guard.sinks.test_appending import HOLD

from authwhy.guard.sinks.fields import line_of
from authwhy.guard.sinks.jsonl import JsonLines, jsonl
from authwhy.model.event import from_json

# Writes events without end and says after each that put has returned.
ENDLESS = """
import os, sys
from tests.guard.sinks.events import success
from authwhy.guard.sinks import jsonl
sink = jsonl(sys.argv[1], max_bytes=100_000, keep=100_000)
number = 0
while True:
    sink.put(success(str(number)))
    os.write(1, b"%d\\n" % number)
    number += 1
"""
WRITER = """
import sys
from tests.guard.sinks.events import success
from authwhy.guard.sinks import jsonl
path, who, count, durable = sys.argv[1:]
sink = jsonl(path, max_bytes=60_000, keep=100_000, durable=durable == "1")
sys.stdin.readline()
for number in range(int(count)):
    sink.put(success(f"{who}-{number}"))
sink.close(60)
sys.exit(min(sink.dropped, 100))
"""
FORK = """
import os, sys
from tests.guard.sinks.events import success
from authwhy.guard.sinks import jsonl
sink = jsonl(sys.argv[1], max_bytes=5_000, keep=10_000, durable=sys.argv[2] == "1")
sink.put(success("before"))
children = []
for who in range(3):
    child = os.fork()
    if child == 0:
        for number in range(50): sink.put(success(f"{who}-{number}"))
        sink.close(20)
        os._exit(sink.dropped)
    children.append(child)
for number in range(50): sink.put(success(f"parent-{number}"))
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children) or sink.dropped)
"""


def start(script: str, *arguments: object) -> subprocess.Popen[bytes]:
    """A process that runs the script."""
    words = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, *map(str, arguments)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def refs(path: Path) -> list[str]:
    """The references of every event in the file and its rotated ones; every line must be an event."""
    found: list[str] = []
    for one in path.parent.glob(path.name + "*"):
        data = one.read_bytes()
        assert data == b"" or data.endswith(b"\n")
        found += [str(from_json(line).ref) for line in data.splitlines()]
    return found


def stands(path: Path, ref: str) -> bool:
    """True when the event is in the file; the file may just be rotated."""
    try:
        return line_of(success(ref)) in path.read_bytes()
    except FileNotFoundError:
        return False


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """The stream of a process started with pipes."""
    assert stream is not None
    return stream


def test_the_line_is_there_when_put_returns(tmp_path: Path) -> None:
    """That is what durable means."""
    path = tmp_path / "events.jsonl"
    sink = jsonl(path)
    sink.put(success())
    sink.put(failure())
    assert path.read_bytes() == line_of(success()) + line_of(failure())
    sink.close()
    sink.put(success())
    assert sink.dropped == 1
    assert path.read_bytes() == line_of(success()) + line_of(failure())


def test_from_a_worker(tmp_path: Path) -> None:
    """Everything is there after closing."""
    path = tmp_path / "events.jsonl"
    sink = jsonl(str(path), durable=False)
    for number in range(1_000):
        sink.put(success(str(number)))
    sink.close()
    assert refs(path) == [str(number) for number in range(1_000)]
    assert sink.dropped == 0


@pytest.mark.parametrize("durable", [True, False])
def test_rotation_by_size(durable: bool, tmp_path: Path) -> None:
    """The newest is path, then .1, .2; the oldest beyond `keep` goes; no file is larger than told."""
    path = tmp_path / "events.jsonl"
    size = len(line_of(success("000")))
    sink = jsonl(path, max_bytes=3 * size, keep=2, durable=durable, sync_s=0.0)
    for number in range(11):
        sink.put(success(f"{number:03}"))
        if not durable:
            until(lambda ref=f"{number:03}": stands(path, ref), "the line")  # type: ignore[misc]
    sink.close()
    found = [[from_json(line).ref for line in path.with_name(name).read_bytes().splitlines()]
             for name in ("events.jsonl", "events.jsonl.1", "events.jsonl.2")]  # fmt: skip
    assert found == [["009", "010"], ["006", "007", "008"], ["003", "004", "005"]]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["events.jsonl", "events.jsonl.1", "events.jsonl.2"]
    assert sink.dropped == 0


def test_a_rotation_that_a_crash_cut_short_loses_nothing(tmp_path: Path) -> None:
    """A gap in the numbers is filled; nothing beyond it moves."""
    path = tmp_path / "e"
    size = len(line_of(success("0")))
    for name, ref in (("e", "3"), ("e.2", "2"), ("e.3", "1")):
        (tmp_path / name).write_bytes(line_of(success(ref)))
    sink = jsonl(path, max_bytes=size, keep=5)
    sink.put(success("4"))
    sink.close()
    assert {one.name: from_json(one.read_bytes()).ref for one in tmp_path.iterdir()} == {
        "e": "4", "e.1": "3", "e.2": "2", "e.3": "1",
    }  # fmt: skip


def test_a_rotation_that_is_not_allowed_goes_on_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large is better than lost."""

    def refuse(path: Path, target: object) -> Path:
        raise PermissionError(errno.EACCES, "no")

    path = tmp_path / "e"
    sink = jsonl(path, max_bytes=1)
    monkeypatch.setattr(Path, "replace", refuse)
    for number in range(3):
        sink.put(success(str(number)))
    sink.close()
    assert refs(path) == ["0", "1", "2"]
    assert sink.dropped == 0


def test_somebody_else_rotates(tmp_path: Path) -> None:
    """logrotate moves the file, or removes it: the next event is in the new one."""
    path = tmp_path / "e"
    sink = jsonl(path)
    sink.put(success("0"))
    path.rename(tmp_path / "moved")
    sink.put(success("1"))
    path.unlink()
    sink.put(success("2"))
    sink.close()
    assert [from_json(line).ref for line in (tmp_path / "moved").read_bytes().splitlines()] == ["0"]
    assert refs(path) == ["2"]
    assert sink.dropped == 0


def test_a_torn_line_is_gone_when_the_next_is_written(tmp_path: Path) -> None:
    """Also when another process tore it while we had the file open."""
    path = tmp_path / "e"
    path.write_bytes(line_of(success("0")) + line_of(success("torn"))[:50])
    sink = jsonl(path)
    sink.put(success("1"))
    assert refs(path) == ["0", "1"]
    with path.open("ab") as other:
        other.write(line_of(success("torn"))[:50])
    sink.put(success("2"))
    sink.close()
    assert refs(path) == ["0", "1", "2"]


@pytest.mark.parametrize("durable", [True, False])
def test_a_folder_that_is_gone_comes_back(durable: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Meanwhile events are counted; put never raises."""
    path = tmp_path / f"log-{durable}" / "e"
    path.parent.mkdir()
    sink = jsonl(path, durable=durable)
    sink.put(success("0"))
    until(lambda: refs(path) == ["0"], "the first line")
    shutil.rmtree(path.parent)
    for count in (1, 2):
        sink.put(success("lost"))
        until(lambda count=count: sink.dropped == count, "the count")  # type: ignore[misc]
    path.parent.mkdir()
    sink.put(success("1"))
    until(lambda: refs(path) == ["1"], "the line after")
    sink.close()
    assert sink.dropped == 2


def test_a_full_disk_is_counted_and_recovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when a part of a line fitted."""
    path = tmp_path / "e"
    sink = jsonl(path)
    sink.put(success("0"))
    real = os.write
    room = [30]

    def write(fd: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        part, room[0] = data[: room[0]], 0
        return real(fd, part)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        sink.put(success("part"))
        sink.put(success("none"))
    assert sink.dropped == 2
    sink.put(success("1"))
    sink.close()
    assert refs(path) == ["0", "1"]


def test_what_a_stopped_process_holds_back_comes_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """put does not wait for a process that holds the file; the lines arrive, in order, when it is gone."""
    path = tmp_path / "e"
    sink = jsonl(path)
    sink.put(success("0"))
    tries: list[int] = []
    append = sink._append

    def counted(data: bytes) -> None:
        tries.append(len(data))
        append(data)

    monkeypatch.setattr(sink, "_append", counted)
    with start(HOLD, path) as holder:
        assert pipe(holder.stdout).readline() == b"held\n"
        for number in range(1, 100):
            sink.put(success(str(number)))
        until(lambda: len(tries) > 5, "the worker to try several times")
        assert refs(path) == ["0"]
        holder.kill()
    until(lambda: not sink._behind, "the queue to be written")
    sink.put(success("100"))
    assert refs(path) == [str(number) for number in range(101)]
    sink.close()
    assert sink.dropped == 0


def test_kill_9_loses_no_acknowledged_event(tmp_path: Path) -> None:
    """Everything whose put had returned is in the files, once; at most one more is."""
    path = tmp_path / "events.jsonl"
    with start(ENDLESS, path) as process:
        stream = pipe(process.stdout)
        for _ in range(500):
            stream.readline()
        process.send_signal(signal.SIGKILL)
        acknowledged = 500 + stream.read().count(b"\n")
    found = sorted(map(int, refs(path)))
    assert found == list(range(len(found)))
    assert acknowledged <= len(found) <= acknowledged + 1
    assert len(list(tmp_path.iterdir())) > 1


@pytest.mark.parametrize("durable", [1, 0])
def test_four_processes_write_and_rotate(durable: int, tmp_path: Path) -> None:
    """Every line of each exactly once, whole, in its own order."""
    path = tmp_path / "events.jsonl"
    count = 1_500
    writers = [start(WRITER, path, who, count, durable) for who in "abcd"]
    for writer in writers:
        pipe(writer.stdin).write(b"go\n")
        pipe(writer.stdin).flush()
    for writer in writers:
        assert writer.wait(120) == 0
        pipe(writer.stdin).close()
        pipe(writer.stdout).close()
    found = refs(path)
    assert sorted(found) == sorted(f"{who}-{number}" for who in "abcd" for number in range(count))
    rotated = sorted(tmp_path.glob("*.jsonl.*"), key=lambda one: -int(one.suffix[1:]))
    assert len(rotated) > 10
    if durable:
        ordered = [str(from_json(line).ref) for one in (*rotated, path) for line in one.read_bytes().splitlines()]
        for who in "abcd":
            assert [ref for ref in ordered if ref[0] == who] == [f"{who}-{number}" for number in range(count)]


@pytest.mark.parametrize("durable", [1, 0])
def test_after_a_fork_each_process_has_its_own_lock(durable: int, tmp_path: Path) -> None:
    """Parent and children write and rotate one file; nothing is lost and nothing twice."""
    path = tmp_path / "events.jsonl"
    with start(FORK, path, durable) as process:
        assert process.wait(60) == 0
    wanted = ["before"] + [f"{who}-{number}" for who in ("0", "1", "2", "parent") for number in range(50)]
    assert sorted(refs(path)) == sorted(wanted)


def test_many_threads(tmp_path: Path) -> None:
    """Every line once, with rotation going on."""
    path = tmp_path / "e"
    sink = jsonl(path, max_bytes=5_000, keep=10_000)

    def write(who: int) -> None:
        for number in range(300):
            sink.put(success(f"{who}-{number}"))

    threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sink.close()
    assert sorted(refs(path)) == sorted(f"{who}-{number}" for who in range(4) for number in range(300))
    assert sink.dropped == 0


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """After many rotations and failures too."""
    before = set(Path("/proc/self/fd").iterdir())
    path = tmp_path / "log" / "e"
    path.parent.mkdir()
    sink: JsonLines = jsonl(path, max_bytes=1, keep=2)
    for _ in range(50):
        sink.put(success())
    shutil.rmtree(path.parent)
    for _ in range(50):
        sink.put(success())
    sink.close()
    assert sink.dropped == 50
    assert {fd.name for fd in Path("/proc/self/fd").iterdir()} <= {fd.name for fd in before}


@pytest.mark.parametrize("numbers", [{"max_bytes": 0}, {"keep": 0}, {"capacity": 0}])
def test_nonsense_is_refused_at_once(numbers: dict[str, int], tmp_path: Path) -> None:
    """As is a folder that is not there."""
    with pytest.raises(ValueError, match="at least 1"):
        jsonl(tmp_path / "e", **numbers)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        jsonl(tmp_path / "absent" / "e")
