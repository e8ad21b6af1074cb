"""A directory's side of LDAP for tests, written apart from the code it checks: answers in BER, and a scripted server."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

PATIENCE_S = 20.0
POLICY = b"1.3.6.1.4.1.42.2.27.8.5.1"


def ber(tag: int, *parts: bytes, long: int = 0) -> bytes:
    """One element; `long` writes its length in that many octets, as Active Directory does."""
    body = b"".join(parts)
    if not long and len(body) > 127:
        long = 1 if len(body) < 256 else 2 if len(body) < 65_536 else 4
    size = bytes([0x80 | long]) + len(body).to_bytes(long, "big") if long else bytes([len(body)])
    return bytes([tag]) + size + body


def integer(value: int, tag: int = 2) -> bytes:
    """A number that is not negative."""
    octets = 1
    while value >= 1 << (8 * octets - 1):
        octets += 1
    return ber(tag, value.to_bytes(octets, "big"))


def result(
    number: int, code: int, text: str = "", *, tag: int = 0x61, policy: bytes | None = None, extra: bytes = b""
) -> bytes:
    """An answer with a result code: a bind's (0x61), a search's end (0x65), an extended one (0x78)."""
    operation = ber(tag, integer(code, 10), ber(4), ber(4, text.encode()), extra)
    controls = b"" if policy is None else ber(0xA0, ber(0x30, ber(4, POLICY), ber(4, policy)))
    return ber(0x30, integer(number), operation, controls)


def state(*, error: int | None = None, expires_in_s: int | None = None, grace_left: int | None = None) -> bytes:
    """The value of the password policy control."""
    warning = b""
    if expires_in_s is not None:
        warning = ber(0xA0, integer(expires_in_s, 0x80))
    elif grace_left is not None:
        warning = ber(0xA0, integer(grace_left, 0x81))
    return ber(0x30, warning, b"" if error is None else integer(error, 0x81))


def entry(number: int, dn: str, attributes: dict[str, list[bytes]]) -> bytes:
    """A search result entry."""
    pairs = [
        ber(0x30, ber(4, name.encode()), ber(0x31, *(ber(4, value) for value in values)))
        for name, values in attributes.items()
    ]
    return ber(0x30, integer(number), ber(0x64, ber(4, dn.encode()), ber(0x30, *pairs)))


def reference(number: int) -> bytes:
    """A search result that is elsewhere."""
    return ber(0x30, integer(number), ber(0x73, ber(4, b"ldap://other.example/")))


def asked(request: bytes) -> tuple[int, int, bytes]:
    """Message id, tag of the operation and its contents."""
    assert request[0] == 0x30
    at = 2 + (request[1] & 0x7F if request[1] & 0x80 else 0)
    assert request[at] == 2
    size = request[at + 1]
    number = int.from_bytes(request[at + 2 : at + 2 + size], "big")
    at += 2 + size
    more = request[at + 1] & 0x7F if request[at + 1] & 0x80 else 0
    return number, request[at], request[at + 2 + more :]


class Script:
    """A server that answers each request by a call: octets to send, none for silence, None to hang up."""

    def __init__(self, port: int) -> None:
        self.url = f"ldap://127.0.0.1:{port}"
        self.requests: list[bytes] = []
        self.answer: Callable[[bytes], bytes | None] = lambda _: b""
        self.drip = False
        self.greeting = b""
        self.released = Event()

    @property
    def operations(self) -> list[int]:
        """What was asked, as tags."""
        return [asked(request)[1] for request in self.requests]


@contextmanager
def scripted() -> Iterator[Script]:
    """A scripted server for one test; nothing of it is left afterwards."""
    listener = socket.create_server(("127.0.0.1", 0))
    script = Script(listener.getsockname()[1])

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer, suppress(OSError):
                peer.settimeout(PATIENCE_S)
                peer.sendall(script.greeting)
                talk(peer)

    def talk(peer: socket.socket) -> None:
        while request := peer.recv(65_536):
            script.requests.append(request)
            answer = script.answer(request)
            if answer is None:
                return
            if not script.drip:
                peer.sendall(answer)
                continue
            for octet in answer:
                peer.sendall(bytes([octet]))
                if script.released.wait(0.02):
                    break

    thread = Thread(target=serve)
    thread.start()
    try:
        yield script
    finally:
        script.released.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
