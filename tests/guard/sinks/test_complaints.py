"""A sink's troubles reach the log: seldom, counted, and from a thread of their own."""

from __future__ import annotations

import logging
import threading

import pytest
from tests.e2e.loopback import until

from authwhy.guard.sinks.complaints import CHECK, LOGGER, Complaints, complain


def test_the_first_is_logged_and_the_rest_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """One line now, one with the number a minute later; here at closing."""
    complaints = Complaints()
    complaints.add("jsonl", "dropped events")
    until(lambda: caplog.messages, "the first line")
    for _ in range(500):
        complaints.add("jsonl", "dropped events", 2)
    complaints._worker.close()
    assert caplog.messages == ["sink jsonl dropped events (1)", "sink jsonl dropped events (1000)"]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_troubles_do_not_hide_each_other(caplog: pytest.LogCaptureFixture) -> None:
    """Each who and what has its own minute."""
    complaints = Complaints()
    complaints.add("a", "failed")
    complaints.add("b", "failed")
    complaints.add("a", "is slow")
    until(lambda: len(caplog.messages) == 3, "three lines")
    assert sorted(caplog.messages) == ["sink a failed (1)", "sink a is slow (1)", "sink b failed (1)"]
    complaints._worker.close()


def test_a_minute_later_it_is_said_again(caplog: pytest.LogCaptureFixture) -> None:
    """Without another trouble to wake it."""
    complaints = Complaints(every_s=0.01)
    complaints.add("a", "failed")
    until(lambda: caplog.messages, "the first line")
    complaints.add("a", "failed", 3)
    until(lambda: "sink a failed (3)" in caplog.messages, "the second line")
    complaints._worker.close()


def test_a_check_of_the_application_is_no_sink(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads the log looks in the service, not at where events go."""
    complaints = Complaints()
    complaints.add(CHECK, "raised KeyError at orders.py:31")
    until(lambda: caplog.messages, "the line")
    assert caplog.messages == ["check raised KeyError at orders.py:31 (1)"]
    complaints._worker.close()


def test_a_log_that_hangs_holds_up_nobody() -> None:
    """Only the thread of the complaints waits."""
    gate, inside = threading.Event(), threading.Event()

    class Hanging(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            inside.set()
            gate.wait(60)

    hanging = Hanging()
    logging.getLogger(LOGGER).addHandler(hanging)
    try:
        complain("hanging log", "failed")
        assert inside.wait(20)
        complain("hanging log", "failed")
        complain("hanging log", "is slow")
        assert not gate.is_set()
    finally:
        gate.set()
        logging.getLogger(LOGGER).removeHandler(hanging)
