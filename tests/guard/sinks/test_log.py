"""Events as log lines."""

from __future__ import annotations

import logging

import pytest
from msgspec.structs import replace
from tests.guard.sinks.events import failure, success

from authwhy.causes import Cause, Kind
from authwhy.guard.sinks.log import log, structlog_sink
from authwhy.model.event import Event

BROKEN = failure("r-3", Cause.PROVIDER_UNREACHABLE, Kind.ERROR)
HOSTILE = replace(failure(), provider="to\nken", ref="r\x1b[2J", user="eve\r\nroot logged in")


@pytest.mark.parametrize(
    ("event", "level", "message"),
    [
        (success(), logging.INFO, "sign-in success by token ref r-1"),
        (failure(), logging.WARNING, "sign-in failure expired by token ref r-2"),
        (BROKEN, logging.ERROR, "sign-in failure provider_unreachable by token ref r-3"),
        (Event(time="2026-03-01T10:00:00Z", outcome="interrupt"), logging.INFO, "sign-in interrupt"),
    ],
    ids=["success", "refused", "error", "interrupt"],
)
def test_the_level_says_how_bad_it_is(event: Event, level: int, message: str, caplog: pytest.LogCaptureFixture) -> None:
    """A refusal is a warning, an outage an error; the message is short."""
    caplog.set_level(logging.INFO, "authwhy")
    sink = log()
    sink.put(event)
    assert sink.dropped == 0
    (record,) = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == ("authwhy", level, message)


def test_the_fields_are_one_attribute(caplog: pytest.LogCaptureFixture) -> None:
    """A JSON formatter finds them all in one place; absent ones are absent."""
    log("authwhy.test").put(failure())
    fields = caplog.records[0].authwhy  # type: ignore[attr-defined]
    assert fields["facts"] == {"late_s": 312}
    assert fields["causes"] == [{"cause": "expired", "p": 1.0}]
    assert "session" not in fields


def test_a_hostile_name_writes_no_second_line(caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the message nor in a field."""
    log(logging.getLogger("authwhy.hostile")).put(HOSTILE)
    record = caplog.records[0]
    assert record.getMessage().isprintable()
    assert repr(record.authwhy).isprintable()  # type: ignore[attr-defined]
    assert "\n" not in caplog.text.rstrip("\n")


def test_a_level_that_is_off_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Successes are usually many."""
    caplog.set_level(logging.WARNING, "authwhy")
    log().put(success())
    assert caplog.records == []


def test_a_logger_like_structlogs() -> None:
    """The name of the event, then the fields as keywords."""
    calls: list[tuple[str, str, dict[str, object]]] = []

    class Logger:
        def info(self, event: str, **fields: object) -> None:
            calls.append(("info", event, fields))

        def warning(self, event: str, **fields: object) -> None:
            calls.append(("warning", event, fields))

        def error(self, event: str, **fields: object) -> None:
            calls.append(("error", event, fields))

    sink = structlog_sink(Logger())
    for event in (success(), failure(), BROKEN, HOSTILE):
        sink.put(event)
    assert [(level, name) for level, name, _ in calls] == [
        ("info", "sign_in"),
        ("warning", "sign_in"),
        ("error", "sign_in"),
        ("warning", "sign_in"),
    ]
    assert calls[0][2]["user"] == "mara.invented"
    assert repr(calls[3][2]).isprintable()


def test_structlog_itself() -> None:
    """The real one, where it is installed."""
    structlog = pytest.importorskip("structlog", reason="structlog is not installed")
    with structlog.testing.capture_logs() as lines:
        sink = structlog_sink(structlog.get_logger())
        sink.put(failure())
    assert sink.dropped == 0
    assert lines[0]["event"] == "sign_in"
    assert lines[0]["log_level"] == "warning"
    assert lines[0]["provider"] == "token"
