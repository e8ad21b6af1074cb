"""An event as text: as a line of JSON that always exists, and as plain fields that are safe to print."""

from __future__ import annotations

from typing import Any

import msgspec

from authwhy.model.event import Event
from authwhy.render.words import printable

EVENT_START = b'{"schema":"authwhy.event/1"'


def line_of(event: Event) -> bytes:
    """One line with its newline. A text that UTF-8 cannot say (a lone surrogate from a hostile header) is escaped."""
    try:
        return event.to_json() + b"\n"
    except UnicodeEncodeError:
        return msgspec.json.encode(_safe(msgspec.to_builtins(event))) + b"\n"


def fields_of(event: Event) -> dict[str, Any]:
    """Every field that is set, as plain values; control characters are made visible in every text and name."""
    fields = msgspec.to_builtins(event)
    return {name: _safe(value) for name, value in fields.items() if value is not None and value not in ((), [], {})}


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(str(name)): _safe(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(one) for one in value]
    return value
