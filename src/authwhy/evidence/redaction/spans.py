"""Replacing pieces of a text in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """Replace text[start:end] by `new`."""

    start: int
    end: int
    new: str


def splice(text: str, spans: Iterable[Span]) -> str:
    """Apply all replacements. Of two that overlap both are applied, so that no part of either stays readable."""
    parts: list[str] = []
    done = 0
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if span.end <= done:
            continue
        parts += (text[done : span.start], span.new)
        done = span.end
    return "".join(parts) + text[done:] if parts else text
