"""A connection to a directory for one attempt: under one deadline, with a limit of octets, TLS before any secret."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from types import TracebackType

from authwhy.causes import Cause, Kind, meta
from authwhy.stores.ldap_message import (
    LdapMessageError,
    Message,
    Result,
    decode,
    frame,
    start_tls_request,
    unbind_request,
)
from authwhy.stores.ldap_result import SUCCESS, bind_failure
from authwhy.stores.reach import FetchFailed, broken

_MAX_OCTETS = 256 * 1024
_CHUNK = 16 * 1024
_BUSY = 51


class LdapLine:
    """Sends a request and reads its answers. `deadline` is monotonic s. Every method raises FetchFailed only."""

    def __init__(self, sock: socket.socket, host: str, deadline: float) -> None:
        self._sock, self._host, self._deadline = sock, host, deadline
        self._received = bytearray()
        self._left = _MAX_OCTETS
        self._number = 0

    def __enter__(self) -> LdapLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye where that takes no time, and close."""
        with contextlib.suppress(OSError):
            self._sock.settimeout(0)
            self._sock.send(unbind_request(self.next_number()))
        self._sock.close()

    def next_number(self) -> int:
        """A message id for the next request."""
        self._number += 1
        return self._number

    def seconds(self) -> int:
        """Whole seconds that are left, at least 1."""
        return max(1, int(self._deadline - time.monotonic()))

    def secure(self, tls: ssl.SSLContext) -> None:
        """StartTLS (RFC 4511 4.14). What came in before TLS must not be believed afterwards."""
        result = self.result(start_tls_request(self.next_number()), "extended")
        if result.code == _BUSY:
            raise FetchFailed(Cause.PROVIDER_ERROR, problem="busy", host=self._host)
        if result.code != SUCCESS:
            raise FetchFailed(Cause.SERVICE_NOT_ENABLED, problem="start_tls", host=self._host)
        if self._received:
            raise FetchFailed(Cause.TLS_FAILURE, problem="octets_before_tls", host=self._host)
        try:
            self._arm()
            self._sock = tls.wrap_socket(self._sock, server_hostname=self._host)
        except OSError as error:
            raise broken(error, self._host) from None

    def result(self, request: bytes, kind: str) -> Result:
        """Send a request that has one answer."""
        self.send(request)
        message = self.receive()
        if message.kind != kind or not isinstance(message.content, Result):
            raise self._unusable("unexpected_message")
        return message.content

    def send(self, request: bytes) -> None:
        """Write a whole request."""
        try:
            self._arm()
            self._sock.sendall(request)
        except ssl.SSLEOFError:
            raise self._closed() from None
        except OSError as error:
            raise broken(error, self._host) from None

    def receive(self) -> Message:
        """The next message of the request that was sent last."""
        try:
            while (size := frame(self._received)) is None or len(self._received) < size:
                self._read()
            data = bytes(self._received[:size])
            del self._received[:size]
            message = decode(data)
        except LdapMessageError as error:
            raise self._unusable(error.problem) from None
        if message.id == 0 and isinstance(message.content, Result):
            raise self._notice(message.content)
        if message.id != self._number:
            raise self._unusable("other_message_id")
        return message

    def _read(self) -> None:
        try:
            self._arm()
            data = self._sock.recv(_CHUNK)
        except ssl.SSLEOFError:
            raise self._closed() from None
        except OSError as error:
            raise broken(error, self._host) from None
        if not data:
            raise self._closed()
        self._left -= len(data)
        if self._left < 0:
            raise LdapMessageError("too_large")
        self._received += data

    def _arm(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)

    def _notice(self, result: Result) -> FetchFailed:
        """Notice of disconnection (RFC 4511 4.4.1)."""
        failure = bind_failure(result)
        if failure is None or meta(failure.cause).kind is not Kind.ERROR:
            return self._closed()
        return FetchFailed(failure.cause, **{**failure.facts, "host": self._host})  # type: ignore[arg-type]

    def _unusable(self, problem: str) -> FetchFailed:
        return FetchFailed(Cause.PROVIDER_ERROR, problem=problem, host=self._host)

    def _closed(self) -> FetchFailed:
        return FetchFailed(Cause.PROVIDER_UNREACHABLE, problem="closed", host=self._host)
