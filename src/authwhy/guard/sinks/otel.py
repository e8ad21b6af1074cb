"""Events as OpenTelemetry log records and metrics, through the application's own providers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from typing import Any

from authwhy.guard.sinks.callback import Callback
from authwhy.guard.sinks.fields import fields_of
from authwhy.guard.sinks.log import level_of, message_of
from authwhy.model.event import Event

SCOPE = "authwhy.guard"
EVENT_NAME = "authwhy.sign_in"
# Fields that the semantic conventions have a name for; every other one is authwhy.<field>.
SEMANTIC: Mapping[str, str] = {
    "address": "client.address",
    "agent": "user_agent.original",
    "port": "client.port",
    "route": "http.route",
    "session": "session.id",
    "status": "http.response.status_code",
    "user": "user.name",
    "user_digest": "user.hash",
}
# What the record says by its own means.
ELSEWHERE = ("schema", "time", "facts", "causes", "refusals", "verb")
# http.request.method takes these and _OTHER, so that a hostile method makes no new value.
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"))
SEVERITIES: Mapping[int, str] = {logging.INFO: "INFO", logging.WARNING: "WARN", logging.ERROR: "ERROR"}
BOUNDARIES_S = (0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


def attributes_of(event: Event) -> dict[str, Any]:
    """The attributes of the log record: flat, text or numbers or lists of text."""
    fields = fields_of(event)
    found = {SEMANTIC.get(name, f"authwhy.{name}"): value for name, value in fields.items() if name not in ELSEWHERE}
    if event.causes:
        found["error.type"] = event.causes[0].cause.value
        found["authwhy.causes"] = [weighed.cause.value for weighed in event.causes]
    if event.verb:
        found["http.request.method"] = event.verb if event.verb in METHODS else "_OTHER"
    found |= {f"authwhy.fact.{name}": value for name, value in fields.get("facts", {}).items() if value is not None}
    for refusal in event.refusals:
        found[f"authwhy.refusal.{refusal.provider}"] = [cause.value for cause in refusal.causes]
    return found


def dimensions_of(event: Event) -> dict[str, str]:
    """The attributes of the metrics: only what has few values, never a user or an address."""
    fields = {
        "authwhy.app": event.app,
        "authwhy.cause": event.cause.value if event.cause else None,
        "authwhy.method": event.method,
        "authwhy.outcome": event.outcome,
        "authwhy.provider": event.provider,
    }
    return {name: value for name, value in fields.items() if value}


def nanoseconds(time: str) -> int | None:
    """RFC 3339 as nanoseconds since 1970; None for what is no time."""
    try:
        return int(datetime.fromisoformat(time).timestamp() * 1_000_000) * 1_000
    except ValueError:
        return None


def otel(*, logger_provider: Any = None, meter_provider: Any = None) -> Callback:
    """A sink for `opentelemetry-api` (extra `otel`); without arguments it uses the global providers.

    Writes a log record for each event (in the current trace), the counter `authwhy.attempts`, the histogram
    `authwhy.duration` in seconds and the counter `authwhy.dropped`. Raises ImportError when the package is missing.
    """
    logs, metrics = import_module("opentelemetry._logs"), import_module("opentelemetry.metrics")
    logger = logs.get_logger(SCOPE, logger_provider=logger_provider)
    meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)
    attempts = meter.create_counter("authwhy.attempts", unit="{attempt}", description="Sign-in attempts")
    lost = meter.create_counter("authwhy.dropped", unit="{event}", description="Events that were not passed on")
    duration = meter.create_histogram(
        "authwhy.duration",
        unit="s",
        description="Time guard took to decide",
        explicit_bucket_boundaries_advisory=BOUNDARIES_S,
    )

    def write(event: Event) -> None:
        severity = SEVERITIES[level_of(event)]
        logger.emit(
            logs.LogRecord(
                timestamp=nanoseconds(event.time),
                severity_number=logs.SeverityNumber[severity],
                severity_text=severity,
                body=message_of(event),
                attributes=attributes_of(event),
                event_name=EVENT_NAME,
            )
        )
        dimensions = dimensions_of(event)
        attempts.add(event.attempts, dimensions)
        if event.duration_us is not None:
            duration.record(event.duration_us / 1_000_000, dimensions)

    return Callback(write, name="otel", report_dropped=lost.add)
