"""Reaches a server before a deadline: name, port, TLS; and says in one word what stood in the way."""

from __future__ import annotations

import errno
import socket
import ssl
import time
from collections.abc import Mapping
from http.client import IncompleteRead
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from authwhy.causes import Cause

if TYPE_CHECKING:
    from authwhy.stores.origin import Origin

_Address = tuple[int, Any]  # family, socket address
_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL)
# X509_V_ERR codes of OpenSSL
_DISTRUST = {
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    19: "unknown_authority",
    20: "unknown_authority",
    21: "unknown_authority",
    62: "other_name",
    64: "other_name",
}


class FetchFailed(Exception):
    """Nothing usable was fetched. `cause` is an error cause, `facts` are small and hold no secret.

    provider_unreachable: no answer; provider_error: an answer that cannot be used; untrusted_server and tls_failure:
    TLS; misconfigured: an address that must not be asked. `problem` is one word, `host` the name that was asked, with
    the port unless it is the usual one; `what` is the document that was wanted: metadata or keys.
    """

    def __init__(self, cause: Cause, **facts: str | int) -> None:
        super().__init__(f"{cause.value}: {facts.get('problem', '')}")
        self.cause = cause
        self.facts: Mapping[str, str | int] = facts

    def wanted(self, what: str) -> FetchFailed:
        """The same, telling which document was wanted, unless it tells that already."""
        return FetchFailed(self.cause, **{"what": what, **self.facts})


def connect(origin: Origin, tls: ssl.SSLContext | None, deadline: float) -> socket.socket:
    """A connected socket, with TLS for https. `deadline` is monotonic s. Raises FetchFailed."""
    try:
        sock = _connected(_addresses(origin, deadline), deadline)
    except OSError as error:
        raise broken(error, origin.netloc) from None
    if origin.scheme != "https" or tls is None:
        return sock
    try:
        sock.settimeout(_left(deadline))
        return tls.wrap_socket(sock, server_hostname=origin.host)
    except OSError as error:
        sock.close()
        raise broken(error, origin.netloc) from None


def broken(error: Exception, host: str) -> FetchFailed:
    """What an error of a socket, of TLS or of HTTP means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        problem = _DISTRUST.get(error.verify_code, "not_trusted")
        return FetchFailed(Cause.UNTRUSTED_SERVER, problem=problem, host=host)
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None) or "closed"  # a fixed word of OpenSSL
        return FetchFailed(Cause.TLS_FAILURE, problem=reason.lower().replace(" ", "_"), host=host)
    if isinstance(error, OSError | IncompleteRead):
        return FetchFailed(Cause.PROVIDER_UNREACHABLE, problem=_problem(error), host=host)
    problem = getattr(error, "problem", "not_http")
    return FetchFailed(Cause.PROVIDER_ERROR, problem=problem, host=host)


def _problem(error: OSError | IncompleteRead) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, socket.gaierror):
        return "name_unknown"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionError | IncompleteRead):
        return "closed"
    return "no_route" if error.errno in _NO_ROUTE else "network"


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _addresses(origin: Origin, deadline: float) -> list[_Address]:
    """Look the name up. The system's call knows no time limit, so it runs in a thread that may be left behind."""
    found: SimpleQueue[list[_Address] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
            found.put([(family, address) for family, _, _, _, address in infos])
        except OSError as error:
            found.put(error)
        except UnicodeError:  # a label that is too long or empty
            found.put(socket.gaierror(socket.EAI_NONAME, "not a host name"))

    Thread(target=look_up, name="authwhy-name-lookup", daemon=True).start()
    try:
        answer = found.get(timeout=_left(deadline))
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _connected(addresses: list[_Address], deadline: float) -> socket.socket:
    """The first address that answers; one that is silent gets an equal part of the time that is left."""
    problem: OSError = OSError("no address")
    for index, (family, address) in enumerate(addresses):
        try:
            return _dial(family, address, _left(deadline) / (len(addresses) - index))
        except OSError as error:
            problem = error
    raise problem


def _dial(family: int, address: Any, timeout_s: float) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        sock.connect(address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        sock.close()
        raise
    return sock
