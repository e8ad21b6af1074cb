"""Events as log lines, through the standard library or through structlog."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from authwhy.causes import Kind
from authwhy.guard.sinks.callback import Callback
from authwhy.guard.sinks.fields import fields_of
from authwhy.model.event import Event
from authwhy.render.words import printable

LOGGER = "authwhy"
EVENT_NAME = "sign_in"


class StructuredLogger(Protocol):
    """What structlog's loggers and those like it offer."""

    def info(self, event: str, **fields: Any) -> Any:
        """Log at level INFO."""

    def warning(self, event: str, **fields: Any) -> Any:
        """Log at level WARNING."""

    def error(self, event: str, **fields: Any) -> Any:
        """Log at level ERROR."""


def level_of(event: Event) -> int:
    """INFO without a cause, ERROR when something broke, WARNING for every other refusal."""
    if event.cause is None:
        return logging.INFO
    return logging.ERROR if event.kind is Kind.ERROR else logging.WARNING


def message_of(event: Event) -> str:
    """A short sentence: outcome, cause, provider, reference."""
    words = [f"sign-in {event.outcome}"]
    if event.cause is not None:
        words.append(event.cause.value)
    if event.provider:
        words.append(f"by {printable(event.provider)}")
    if event.ref:
        words.append(f"ref {printable(event.ref)}")
    return " ".join(words)


def log(logger: str | logging.Logger = LOGGER) -> Callback:
    """A sink that logs each event with the standard library; the fields are the attribute `authwhy` of the record.

    structlog users who route the standard library through it see the same. Levels as in `level_of`.
    """
    target = logging.getLogger(logger) if isinstance(logger, str) else logger

    def write(event: Event) -> None:
        level = level_of(event)
        if target.isEnabledFor(level):
            target.log(level, message_of(event), extra={"authwhy": fields_of(event)})

    return Callback(write, name="log")


def structlog_sink(logger: StructuredLogger) -> Callback:
    """A sink for structlog and loggers like it: `logger.info("sign_in", **fields)`, or `warning`, `error`."""

    def write(event: Event) -> None:
        level = level_of(event)
        emit = {logging.INFO: logger.info, logging.WARNING: logger.warning}.get(level, logger.error)
        emit(EVENT_NAME, **fields_of(event))

    return Callback(write, name="structlog")
