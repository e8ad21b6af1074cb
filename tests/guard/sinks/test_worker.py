"""The thread starts late, starts anew after a fork, survives faults and ends."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable

from tests.e2e.loopback import until

from authwhy.guard.sinks.worker import FOREVER, Worker

FORK = """
import os, sys, threading
from authwhy.guard.sinks.worker import FOREVER, Worker
said, done = [], threading.Event()
def step(closing):
    said.append(os.getpid()); done.set(); return FOREVER
worker = Worker("w", step, lambda: (said.clear(), done.clear()))
worker.ring(); assert done.wait(20)
child = os.fork()
if child == 0:
    quiet = said == [] and threading.active_count() == 1
    worker.ring(); assert done.wait(20)
    os._exit(0 if quiet and set(said) == {os.getpid()} else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
LEAVE = """
from authwhy.guard.sinks.worker import FOREVER, Worker
def step(closing):
    if closing: print("closed", flush=True)
    return FOREVER
worker = Worker("w", step, lambda: None)
worker.ring()
"""


def python(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script; forking with threads is what is tested, so its warning (3.12) is off."""
    words = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def note(steps: list[bool], wait_s: float) -> Callable[[bool], float]:
    """A step that notes its calls."""

    def step(closing: bool) -> float:
        steps.append(closing)
        return wait_s

    return step


def test_no_thread_before_the_first_ring() -> None:
    """A server that forks after loading must not have one."""
    steps: list[bool] = []
    worker = Worker("late", note(steps, FOREVER), lambda: None)
    assert not [thread for thread in threading.enumerate() if thread.name == "late"]
    worker.ring()
    until(lambda: steps == [False], "the first step")
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "late"] == [True]
    worker.close()
    assert steps == [False, True]
    assert not [thread for thread in threading.enumerate() if thread.name == "late"]


def test_a_step_says_when_it_wants_to_be_called_again() -> None:
    """Without another ring."""
    steps: list[bool] = []
    worker = Worker("again", note(steps, 0.001), lambda: None)
    worker.ring()
    until(lambda: len(steps) > 3, "steps without rings")
    worker.close()


def test_a_fault_does_not_end_the_thread() -> None:
    """The sink goes on after its own defect."""
    steps: list[bool] = []

    def step(closing: bool) -> float:
        steps.append(closing)
        if len(steps) == 1:
            raise RuntimeError
        return FOREVER

    worker = Worker("faulty", step, lambda: None)
    worker.ring()
    until(lambda: steps, "the fault")
    worker.ring()
    until(lambda: len(steps) >= 2, "the step after the fault")
    worker.close()


def test_closing_waits_no_longer_than_told() -> None:
    """A step that hangs is left behind."""
    gate, inside = threading.Event(), threading.Event()
    ends: list[float] = []

    def step(closing: bool) -> float:
        inside.set()
        gate.wait(60)
        ends.append(worker.deadline)
        return FOREVER

    worker = Worker("hangs", step, lambda: None)
    worker.ring()
    assert inside.wait(20)
    worker.close(0.01)
    assert ends == []
    gate.set()
    until(lambda: len(ends) == 2, "the thread to end")
    assert ends[0] <= time.monotonic()


def test_closing_without_a_thread_steps_once() -> None:
    """Closing twice is closing once."""
    steps: list[bool] = []
    worker = Worker("idle", note(steps, FOREVER), lambda: None)
    worker.close()
    worker.close()
    worker.ring()
    assert steps == [True]


def test_a_forked_child_has_a_worker_of_its_own() -> None:
    """gunicorn loads the application before it forks."""
    done = python(FORK)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_last_step_happens_at_exit() -> None:
    """Nobody has to remember to close."""
    done = python(LEAVE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "closed\n", "")
