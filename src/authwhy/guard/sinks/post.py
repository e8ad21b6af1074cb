"""One conversation with a collector: a batch goes out, and what became of it comes back."""

from __future__ import annotations

import http.client
import ssl
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

MEDIA_TYPE = "application/x-ndjson"
MAX_ANSWER_BYTES = 64 << 10
MAX_WAIT_S = 3_600.0
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
# The batch itself is at fault, and it would be at fault tomorrow too.
REFUSED = frozenset((400, 413, 415, 422))
Verdict: TypeAlias = Literal["accepted", "again", "refused"]


class Answer(Struct, frozen=True):
    """`accepted`: the collector has the batch. `again`: not before `wait_s` seconds. `refused`: never."""

    verdict: Verdict
    reason: str = ""
    wait_s: float = 0.0


class Post:
    """Posts NDJSON over one connection that is kept open. Follows no redirect, uses no proxy.

    Raises ValueError for an address that is not https (http only on loopback, or with `insecure`), that carries a
    password, or for a token that does not fit a header (RFC 6750 section 2.1).
    """

    def __init__(self, url: str, token: str | None, timeout_s: float, ca_file: str | None, insecure: bool) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host or parts.username is not None or parts.fragment:
            raise ValueError("the collector's address must be https://host[:port][/path], without a password")
        if parts.scheme == "http" and host not in LOOPBACK and not insecure:
            raise ValueError("events carry names; use https, or insecure=True for a network you trust")
        if token is not None and not (token.isascii() and token.isprintable() and token and " " not in token):
            raise ValueError("the token must be printable ASCII without blanks")
        host.encode("idna")  # raises UnicodeError, a ValueError, here and not in the worker
        self._host, self._port, self._timeout_s = host, parts.port, timeout_s
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._tls = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None
        self._headers = {"Content-Type": MEDIA_TYPE, "User-Agent": "authwhy"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection: http.client.HTTPConnection | None = None

    def send(self, lines: bytes, key: str, dropped: int = 0, timeout_s: float | None = None) -> Answer:
        """Post one batch. `key` lets the collector notice that it has the batch already; never raises OSError.

        `dropped` tells how many events are missing before this batch. `timeout_s` bounds each wait for the network.
        """
        headers = {**self._headers, "Idempotency-Key": f'"{key}"'}
        if dropped:
            headers["Authwhy-Dropped"] = str(dropped)
        limit_s = self._timeout_s if timeout_s is None else min(timeout_s, self._timeout_s)
        reused = self._connection is not None
        try:
            try:
                return self._exchange(lines, headers, limit_s)
            except ConnectionError:
                if not reused:
                    raise
                self.close()  # the collector had closed the idle connection
                return self._exchange(lines, headers, limit_s)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Answer("again", type(error).__name__)

    def _exchange(self, lines: bytes, headers: dict[str, str], limit_s: float) -> Answer:
        connection = self._connection or self._connect()
        self._connection = connection
        connection.timeout = limit_s
        if connection.sock is not None:
            connection.sock.settimeout(limit_s)
        connection.request("POST", self._target, lines, headers)
        response = connection.getresponse()
        body = response.read(MAX_ANSWER_BYTES + 1)
        if len(body) > MAX_ANSWER_BYTES:
            self.close()
        return judge(response.status, response.getheader("Retry-After"), time.time())

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port)
        return http.client.HTTPSConnection(self._host, self._port, context=self._tls)

    def close(self) -> None:
        """Close the connection; the next batch opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError):
                connection.close()


def judge(status: int, retry_after: str | None, now: float) -> Answer:
    """What a status means for the batch: 2xx is acknowledged, a faulty batch is refused, all else is tried again.

    `retry_after` is the header (RFC 9110 section 10.2.3), `now` seconds since 1970.
    """
    if 200 <= status < 300:
        return Answer("accepted")
    reason = f"status {status}"
    return Answer("refused" if status in REFUSED else "again", reason, wait_of(retry_after, now))


def wait_of(retry_after: str | None, now: float) -> float:
    """Seconds that Retry-After asks for, at most an hour; 0 when it says nothing that can be read."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_WAIT_S)
    try:
        return min(max(parsedate_to_datetime(text).timestamp() - now, 0.0), MAX_WAIT_S)
    except (ValueError, OverflowError):
        return 0.0
