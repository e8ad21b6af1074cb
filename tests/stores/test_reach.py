"""What stands in the way of a server, in one word. Real servers: tests/stores/test_fetch.py."""

from __future__ import annotations

import errno
import socket
import ssl
import time
from contextlib import ExitStack
from http.client import BadStatusLine, IncompleteRead

import pytest

from authwhy.causes import Cause
from authwhy.stores.origin import Origin
from authwhy.stores.reach import FetchFailed, broken, connect


@pytest.mark.parametrize(
    ("error", "cause", "problem"),
    [
        (TimeoutError(), "provider_unreachable", "timeout"),
        (socket.gaierror(socket.EAI_NONAME, "secret"), "provider_unreachable", "name_unknown"),
        (ConnectionRefusedError(), "provider_unreachable", "refused"),
        (ConnectionResetError(), "provider_unreachable", "closed"),
        (BrokenPipeError(), "provider_unreachable", "closed"),
        (IncompleteRead(b"secret"), "provider_unreachable", "closed"),
        (OSError(errno.ENETUNREACH, "secret"), "provider_unreachable", "no_route"),
        (OSError(errno.EIO, "secret"), "provider_unreachable", "network"),
        (BadStatusLine("secret"), "provider_error", "not_http"),
        (ValueError("secret"), "provider_error", "not_http"),
        (ssl.SSLError(1, "secret"), "tls_failure", "closed"),
    ],
)
def test_every_error_has_a_cause_and_a_word(error: Exception, cause: str, problem: str) -> None:
    """Never the error's own text."""
    failed = broken(error, "id.example.com")
    assert (failed.cause.value, failed.facts) == (cause, {"problem": problem, "host": "id.example.com"})
    assert "secret" not in f"{failed!r}{failed}"


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may have an address that nobody answers at, or of a family this machine does not speak."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        good = server.getsockname()
        found = [(address[0], 1, 6, "", address[1]) for address in ((99, good), (2, closed.getsockname()), (2, good))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with connect(Origin("http", "id.example.com", 80), None, time.monotonic() + 20) as sock:
            assert sock.getpeername() == good
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found[:2])
        with pytest.raises(FetchFailed) as failed:
            connect(Origin("http", "id.example.com", 80), None, time.monotonic() + 20)
    assert failed.value.facts["problem"] == "refused"


def test_a_silent_address_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full queue drops the first packet, as a firewall does."""
    with ExitStack() as stack:
        silent, good = (stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=n)) for n in (0, 9))
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(silent.getsockname())
        found = [(2, 1, 6, "", address.getsockname()) for address in (silent, good)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with connect(Origin("http", "id.example.com", 80), None, time.monotonic() + 1) as sock:
            assert sock.getpeername() == good.getsockname()


def test_a_deadline_that_is_over() -> None:
    with pytest.raises(FetchFailed) as failed:
        connect(Origin("http", "127.0.0.1", 9), None, time.monotonic())
    assert failed.value.facts["problem"] == "timeout"


def test_the_document_that_was_wanted_is_told_once() -> None:
    failed = FetchFailed(Cause.PROVIDER_ERROR, problem="status", status=500).wanted("metadata")
    assert failed.wanted("keys").facts == {"what": "metadata", "problem": "status", "status": 500}
    assert failed.cause is Cause.PROVIDER_ERROR
