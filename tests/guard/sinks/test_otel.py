"""Events through the real OpenTelemetry SDK, into its exporters in memory."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from tests.guard.sinks.events import ADDRESS, USER, failure, success
from tests.guard.sinks.test_worker import python

from authwhy.causes import Cause, Kind
from authwhy.guard.sinks.callback import Callback
from authwhy.guard.sinks.otel import attributes_of, dimensions_of, nanoseconds, otel
from authwhy.model.event import Event

SDK = pytest.mark.skipif(
    importlib.util.find_spec("opentelemetry") is None or importlib.util.find_spec("opentelemetry.sdk") is None,
    reason="opentelemetry-sdk is not installed",
)


class Telemetry:
    """The SDK's providers with exporters that keep everything in memory."""

    def __init__(self) -> None:
        logs = importlib.import_module("opentelemetry.sdk._logs")
        export = importlib.import_module("opentelemetry.sdk._logs.export")
        metrics = importlib.import_module("opentelemetry.sdk.metrics")
        readers = importlib.import_module("opentelemetry.sdk.metrics.export")
        self.exporter = export.InMemoryLogRecordExporter()
        self.logs = logs.LoggerProvider(shutdown_on_exit=False)
        self.logs.add_log_record_processor(export.SimpleLogRecordProcessor(self.exporter))
        self.reader = readers.InMemoryMetricReader()
        self.metrics = metrics.MeterProvider([self.reader], shutdown_on_exit=False)

    def sink(self) -> Callback:
        """The sink under test."""
        return otel(logger_provider=self.logs, meter_provider=self.metrics)

    def records(self) -> list[Any]:
        """The log records, in order."""
        return [one.log_record for one in self.exporter.get_finished_logs()]

    def points(self, name: str) -> dict[frozenset[tuple[str, str]], Any]:
        """The points of one metric by their attributes."""
        data = self.reader.get_metrics_data()
        return {
            frozenset(point.attributes.items()): point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        }


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    """Providers of this test alone, shut down at its end."""
    made = Telemetry()
    yield made
    made.logs.shutdown()
    made.metrics.shutdown()


@SDK
def test_each_event_is_a_log_record(telemetry: Telemetry) -> None:
    """With the names of the semantic conventions where they have one."""
    sink = telemetry.sink()
    sink.put(success())
    sink.put(failure())
    sink.put(failure("r-3", Cause.PROVIDER_UNREACHABLE, Kind.ERROR))
    assert sink.dropped == 0
    good, bad, broken = telemetry.records()
    assert [one.severity_text for one in (good, bad, broken)] == ["INFO", "WARN", "ERROR"]
    assert {one.event_name for one in (good, bad, broken)} == {"authwhy.sign_in"}
    assert good.timestamp == 1_772_359_200_250_000_000
    assert good.attributes["user.name"] == USER
    assert "error.type" not in good.attributes
    assert bad.body == "sign-in failure expired by token ref r-2"
    assert bad.attributes["error.type"] == "expired"
    assert bad.attributes["client.address"] == ADDRESS
    assert bad.attributes["http.response.status_code"] == 401
    assert bad.attributes["http.request.method"] == "GET"
    assert bad.attributes["http.route"] == "/orders"
    assert bad.attributes["user.hash"] == "k1:9f2c"
    assert bad.attributes["authwhy.fact.late_s"] == 312
    assert tuple(bad.attributes["authwhy.refusal.token"]) == ("expired",)


@SDK
def test_every_attempt_is_counted_and_timed(telemetry: Telemetry) -> None:
    """By cause, outcome, provider, method and app; in seconds."""
    sink = telemetry.sink()
    for event in (success(), failure(), replace(failure(), address="192.0.2.99", attempts=3)):
        sink.put(event)
    counted = telemetry.points("authwhy.attempts")
    labels = frozenset(dimensions_of(failure()).items())
    assert {key: point.value for key, point in counted.items()} == {
        frozenset(dimensions_of(success()).items()): 1,
        labels: 4,
    }
    timed = telemetry.points("authwhy.duration")[labels]
    assert timed.count == 2
    assert timed.sum == pytest.approx(114e-6)
    assert 0.0001 in timed.explicit_bounds


@SDK
def test_without_arguments_it_is_the_global_providers() -> None:
    """Which do nothing until the application has set some."""
    done: subprocess.CompletedProcess[str] = python(
        "from authwhy.guard.sinks import otel\n"
        "from tests.guard.sinks.events import failure\n"
        "sink = otel(); sink.put(failure()); print(sink.dropped)\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


@pytest.mark.skipif(importlib.util.find_spec("opentelemetry") is not None, reason="opentelemetry is installed")
def test_a_missing_package_shows_at_start() -> None:
    """Not at the first attempt."""
    with pytest.raises(ImportError, match="opentelemetry"):
        otel()


def test_no_metric_has_a_person_or_an_address() -> None:
    """Metrics with a value for each user break the store and tell who there is."""
    for event in (success(), failure()):
        values = dimensions_of(event)
        assert set(values) <= {f"authwhy.{name}" for name in ("app", "cause", "method", "outcome", "provider")}
        assert not {USER, ADDRESS, event.ref, event.user_digest} & set(values.values())


def test_attributes_are_flat_and_printable() -> None:
    """OpenTelemetry takes text, numbers and lists of text."""
    event = replace(failure(), verb="GE\nT", agent="\x1b[2J", notes=("a", "b"), facts={"seen": ("x", "y"), "n": None})
    attributes = attributes_of(event)
    for value in attributes.values():
        assert isinstance(value, str | int | float | bool) or all(isinstance(one, str) for one in value)
    assert attributes["http.request.method"] == "_OTHER"
    assert repr(attributes).isprintable()
    assert attributes["authwhy.fact.seen"] == ["x", "y"]
    assert "authwhy.fact.n" not in attributes


@pytest.mark.parametrize(
    ("time", "expected"),
    [("1970-01-01T00:00:01Z", 10**9), ("1970-01-01T01:00:00.5+01:00", 5 * 10**8), ("yesterday", None), ("", None)],
)
def test_times(time: str, expected: int | None) -> None:
    """RFC 3339 to nanoseconds; a bad time does not lose the event."""
    assert nanoseconds(time) == expected


def test_a_bad_time_is_still_an_event() -> None:
    """Everything else of it is written."""
    assert attributes_of(Event(time="", outcome="success")) == {"authwhy.outcome": "success", "authwhy.attempts": 1}
