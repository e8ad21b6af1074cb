"""The queue is bounded, ordered, counts what it drops, and loses nothing at the end."""

from __future__ import annotations

import subprocess
import threading

import pytest
from tests.e2e.loopback import until
from tests.guard.sinks.test_worker import python

from authwhy.guard.sinks.queue import BoundedQueue

FORK = """
import os, sys
from authwhy.guard.sinks.queue import BoundedQueue
def deliver(items):
    os.write(1, "".join(f"{who} {item}\\n" for item in items).encode())
who = "parent"
queue = BoundedQueue("q", deliver, every_s=60.0)
queue.put(1); queue.put(2)
child = os.fork()
if child == 0:
    who = "child"
    queue.put(3); queue.put(4); queue.close(20); os._exit(queue.dropped)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
queue.put(5)
sys.exit(status)
"""


def test_everything_arrives_in_order() -> None:
    """In lists that are never longer than a batch."""
    lists: list[list[int]] = []
    queue = BoundedQueue("order", lists.append, batch=7, capacity=10_000)
    for number in range(1_000):
        assert queue.put(number)
    queue.close(20)
    assert [number for one in lists for number in one] == list(range(1_000))
    assert max(map(len, lists)) <= 7
    assert queue.dropped == 0


def test_a_batch_fills_before_it_goes() -> None:
    """The worker waits for the batch or for the time, whichever is first."""
    lists: list[list[int]] = []
    queue = BoundedQueue("fills", lists.append, batch=10, every_s=3_600.0)
    for number in range(10):
        queue.put(number)
    until(lambda: lists == [list(range(10))], "the full batch")
    queue.put(10)
    queue.close(20)
    assert lists == [list(range(10)), [10]]


def test_a_batch_that_does_not_fill_goes_in_time() -> None:
    """One event is not kept back."""
    lists: list[list[int]] = []
    queue = BoundedQueue("time", lists.append, batch=10, every_s=0.01)
    queue.put(1)
    until(lambda: lists == [[1]], "the batch of one")
    queue.put(2)
    until(lambda: lists == [[1], [2]], "the next one")
    queue.close()


def test_a_receiver_that_hangs_fills_the_queue_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    """put goes on returning; what does not fit is counted, and passed on once there is room."""
    gate, inside = threading.Event(), threading.Event()
    seen: list[int] = []
    missing: list[int] = []

    def deliver(items: list[int]) -> None:
        inside.set()
        gate.wait(60)
        seen.extend(items)

    queue = BoundedQueue("hangs", deliver, report_dropped=missing.append, capacity=5, batch=1)
    queue.put(0)
    assert inside.wait(20)
    assert [queue.put(number) for number in range(1, 9)] == [True] * 5 + [False] * 3
    assert queue.dropped == 3
    until(lambda: "sink hangs dropped events" in caplog.text, "the warning")
    assert missing == []
    gate.set()
    until(lambda: missing == [3], "the report")
    queue.close(20)
    assert seen == [0, 1, 2, 3, 4, 5]
    assert missing == [3]


@pytest.mark.parametrize("error", [ValueError("secret content"), SystemExit()])
def test_a_receiver_that_raises_loses_only_its_list(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """The next list is delivered; the log has the type, not the message."""
    seen: list[int] = []
    name = f"raises {type(error).__name__}"

    def deliver(items: list[int]) -> None:
        if items == [1]:
            raise error
        seen.extend(items)

    queue = BoundedQueue(name, deliver, batch=1)
    for number in range(3):
        queue.put(number)
    queue.close(20)
    assert (seen, queue.dropped) == ([0, 2], 1)
    until(lambda: f"sink {name} failed with {type(error).__name__} (1)" in caplog.messages, "the warning")
    assert "secret content" not in caplog.text


def test_closing_does_not_wait_for_ever() -> None:
    """What is left counts as dropped, and so does what comes later."""
    gate, inside = threading.Event(), threading.Event()

    def deliver(items: list[int]) -> None:
        inside.set()
        gate.wait(60)

    queue = BoundedQueue("stuck", deliver, batch=1)
    queue.put(1)
    assert inside.wait(20)
    queue.put(2)
    queue.close(0.01)
    assert queue.dropped == 1
    assert not queue.put(3)
    assert queue.dropped == 2
    gate.set()


def test_counting_is_exact_with_many_threads() -> None:
    """Every item is either delivered or counted."""
    seen: list[int] = []
    queue = BoundedQueue("threads", seen.extend, capacity=50)
    threads = [threading.Thread(target=lambda: [queue.put(n) for n in range(2_000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.close(20)
    assert len(seen) + queue.dropped == 8_000


def test_a_child_delivers_its_own_and_not_its_parents() -> None:
    """After a fork each side passes on what it was given, once; the parent's rest goes out at exit."""
    done: subprocess.CompletedProcess[str] = python(FORK)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == ["child 3", "child 4", "parent 1", "parent 2", "parent 5"]


@pytest.mark.parametrize("numbers", [{"capacity": 0}, {"batch": 0}, {"every_s": -1.0}])
def test_nonsense_is_refused_at_once(numbers: dict[str, int]) -> None:
    """At start, not at the first event."""
    with pytest.raises(ValueError, match="at least"):
        BoundedQueue("nonsense", print, **numbers)  # type: ignore[arg-type]
