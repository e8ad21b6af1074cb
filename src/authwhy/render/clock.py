"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(at: float) -> str:
    """2026-01-31 14:02:11Z, or the number itself where the calendar ends."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(at)
