"""One bounded HTTP request (RFC 9110) to an address that the service's owner named.

https only, unless the owner lists the exact origin; no redirect is followed, no proxy setting of the environment is
read, and one deadline covers everything from the name lookup to the last octet of the body.
"""

from __future__ import annotations

import io
import selectors
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Lock
from typing import TYPE_CHECKING

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.stores.origin import Origin, Target, target_of
from authwhy.stores.reach import FetchFailed, broken, connect

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["FetchFailed", "Fetched", "Fetcher", "fetch"]
TIMEOUT_S = 5.0
"""Seconds for one whole request."""
MAX_BYTES = 512 * 1024
"""Octets of a body; a key set has a few thousand."""
_MAX_HEAD = 32 * 1024  # octets of status line, header fields, chunk sizes and trailers
_CONTROL = frozenset("\r\n\0")


class Fetched(Struct, frozen=True):
    """An answer of `host`, with its port unless that is the usual one. Names of `headers` are in lower case; its repr
    shows no header and no body."""

    host: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Fetched({self.host!r}, {self.status}, {len(self.body)} octets)"


class Fetcher:
    """Makes requests. Safe to share between threads; close it when done.

    `allow_http` lists exact origins (`http://127.0.0.1:8080`) that may be asked without TLS. `ca_file` is a PEM file
    of the authorities to trust instead of the system's. With `keep_idle` one connection is kept open for the next
    request. `timeout_s` covers a whole request. Raises OSError for a `ca_file` that cannot be read.
    """

    def __init__(
        self,
        *,
        allow_http: Iterable[str] = (),
        ca_file: str | None = None,
        timeout_s: float = TIMEOUT_S,
        max_bytes: int = MAX_BYTES,
        keep_idle: bool = False,
    ) -> None:
        self._allow_http = tuple(allow_http)
        self._timeout_s, self._max_bytes = timeout_s, max_bytes
        self._tls = ssl.create_default_context(cafile=ca_file) if ca_file else None
        self._lock = Lock()
        self._idle: _Line | None = None
        self._keep_idle = keep_idle

    def check(self, url: str) -> None:
        """Raises ValueError for an address that `fetch` would refuse to ask."""
        try:
            target_of(url, self._allow_http)
        except FetchFailed as failed:
            raise ValueError(f"{failed.facts.get('problem')}: an https address is needed") from None

    def fetch(
        self, url: str, *, method: str = "GET", body: bytes | None = None, headers: Iterable[tuple[str, str]] = ()
    ) -> Fetched:
        """Ask once and read the answer, whatever its status but for 3xx.

        A connection that was kept is given up for a new one when the server had closed it, so `method` must be one
        that may be repeated. Raises FetchFailed and nothing else.
        """
        deadline = time.monotonic() + self._timeout_s
        target = target_of(url, self._allow_http)
        fields = _fields(headers)
        line = self._take(target.origin)
        if line is not None:
            try:
                return self._exchange(line, target, method, body, fields, deadline)
            except _Gone:
                pass  # closed while it was idle: nothing was answered
        try:
            return self._exchange(self._open(target.origin, deadline), target, method, body, fields, deadline)
        except _Gone as gone:
            raise FetchFailed(Cause.PROVIDER_UNREACHABLE, problem="closed", host=target.origin.netloc) from gone

    def close(self) -> None:
        """Close the idle connection. Requests under way end by themselves, and later ones keep no connection."""
        with self._lock:
            self._keep_idle = False
            line, self._idle = self._idle, None
        if line is not None:
            line.end()

    def _open(self, origin: Origin, deadline: float) -> _Line:
        if origin.scheme == "https" and self._tls is None:
            self._tls = ssl.create_default_context()
        return _Line(origin, connect(origin, self._tls, deadline))

    def _take(self, origin: Origin) -> _Line | None:
        with self._lock:
            line, self._idle = self._idle, None
        if line is None or (line.origin == origin and line.is_quiet()):
            return line
        line.end()
        return None

    def _keep(self, line: _Line) -> None:
        with self._lock:
            if self._idle is None and self._keep_idle:
                self._idle = line
                return
        line.end()

    def _exchange(
        self, line: _Line, target: Target, method: str, body: bytes | None, fields: dict[str, str], deadline: float
    ) -> Fetched:
        keep = False
        try:
            line.begin(deadline, self._max_bytes + _MAX_HEAD)
            connection = HTTPConnection(target.origin.host, target.origin.port)
            connection.sock = line  # all it calls is `sendall`, `makefile` and `close`
            connection.request(method, target.path, body, {"Host": target.origin.netloc, **fields})
            with connection.getresponse() as response:
                answer = self._read(response, target.origin.netloc)
                keep = not response.will_close
            return answer
        except (OSError, HTTPException, ValueError) as error:
            if not line.received and isinstance(error, ConnectionError | ssl.SSLEOFError):
                raise _Gone from None
            raise broken(error, target.origin.netloc) from None
        finally:
            if keep:
                self._keep(line)
            else:
                line.end()

    def _read(self, response: HTTPResponse, host: str) -> Fetched:
        status = response.status
        if 300 <= status < 400:
            raise FetchFailed(Cause.PROVIDER_ERROR, problem="redirect", status=status, host=host)
        body = response.read(self._max_bytes + 1)
        if len(body) > self._max_bytes:
            raise FetchFailed(Cause.PROVIDER_ERROR, problem="too_large", status=status, host=host)
        if response.length:
            raise FetchFailed(Cause.PROVIDER_UNREACHABLE, problem="closed", status=status, host=host)
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            name = name.lower()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return Fetched(host, status, headers, body)


def fetch(
    url: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Iterable[tuple[str, str]] = (),
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = MAX_BYTES,
    allow_http: Iterable[str] = (),
    ca_file: str | None = None,
) -> Fetched:
    """One request on a connection of its own; see Fetcher. Raises FetchFailed, and OSError for a bad `ca_file`."""
    fetcher = Fetcher(allow_http=allow_http, ca_file=ca_file, timeout_s=timeout_s, max_bytes=max_bytes)
    return fetcher.fetch(url, method=method, body=body, headers=headers)


def _fields(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    fields = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "authwhy", **dict(headers)}
    for name, value in fields.items():  # http.client would put the value, a secret maybe, into its error
        if not value.isascii() or not _CONTROL.isdisjoint(name + value):
            raise FetchFailed(Cause.MISCONFIGURED, setting="headers", problem="not_ascii")
    return fields


class _Gone(Exception):
    """The connection ended before an octet of the answer came."""


class _Line(io.RawIOBase):
    """A connected socket under a deadline and a limit of octets for the exchange that is on it.

    http.client sees a socket and its file; `close` leaves the connection open, `end` is what closes it.
    """

    def __init__(self, origin: Origin, sock: socket.socket) -> None:
        self.origin = origin
        self.received = False
        self._sock = sock
        self._deadline = self._left = 0.0

    def begin(self, deadline: float, limit: float) -> None:
        """Start an exchange that ends at `deadline` (monotonic s) and brings no more than `limit` octets."""
        self.received, self._deadline, self._left = False, deadline, limit

    def is_quiet(self) -> bool:
        """Nothing came while the connection was idle, its end included."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._sock, selectors.EVENT_READ)
            return not waiting.select(0)

    def _arm(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)

    def sendall(self, data: bytes) -> None:
        """Write everything before the deadline."""
        rest = memoryview(data)
        while rest:
            self._arm()
            rest = rest[self._sock.send(rest) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        """The readable side."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what is there, waiting no longer than the deadline."""
        self._arm()
        count = self._sock.recv_into(buffer)
        self.received = self.received or count > 0
        self._left -= count
        if self._left < 0:
            raise _TooLarge
        return count

    def close(self) -> None:
        """Leave the connection as it is."""

    def end(self) -> None:
        """Close the connection."""
        self._sock.close()


class _TooLarge(HTTPException):
    """More octets than an answer may have."""

    problem = "too_large"
