"""Where guard's events go: one file each, registered here."""

from __future__ import annotations

from authwhy.guard.sinks.callback import as_sink, callback
from authwhy.guard.sinks.interface import Sink
from authwhy.guard.sinks.jsonl import jsonl
from authwhy.guard.sinks.log import log, structlog_sink
from authwhy.guard.sinks.otel import otel
from authwhy.guard.sinks.watch import watch

SINKS = (callback, jsonl, log, otel, watch)

__all__ = ["SINKS", "Sink", "as_sink", "callback", "jsonl", "log", "otel", "structlog_sink", "watch"]
