"""Witnesses decide the side: whose clock, whose key. Pure readings of the evidence."""

from __future__ import annotations

from authwhy.diagnose.times import parse_time
from authwhy.model.evidence import Evidence


def server_time(evidence: Evidence) -> float | None:
    """The server's clock when it refused: the Date header of the last refusing response (RFC 9110 6.6.1)."""
    for exchange in reversed(evidence.exchanges):
        response = exchange.response
        if response is not None and response.status >= 400 and (at := parse_time(response.header("Date"))):
            return at
    return None


def client_time(evidence: Evidence) -> float | None:
    """The caller's clock at the same exchange, where the input recorded it (HAR startedDateTime)."""
    for exchange in reversed(evidence.exchanges):
        response = exchange.response
        if response is not None and response.status >= 400 and exchange.at is not None:
            return exchange.at
    return None


def clock_offset(evidence: Evidence) -> float | None:
    """Server clock minus caller clock in seconds, where one input shows both; None otherwise."""
    server, client = server_time(evidence), client_time(evidence)
    return server - client if server is not None and client is not None else None
