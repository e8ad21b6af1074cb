"""A key server, provider or introspection endpoint on loopback, told by each test what to answer; it counts requests."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.verify.jose_tokens import signer

HOST = "127.0.0.1"
PATIENCE_S = 20.0
Value = TypeVar("Value")


@dataclass
class Reply:
    """One answer. `drip` sends the body octet by octet until the client goes; `hang` says nothing at all."""

    body: bytes = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: bool = False
    raw: bytes | None = None


@dataclass
class Request:
    """What was asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Answer = Callable[[Request], Reply]


class Site:
    """A running server; assign `answer` to change what it says."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.answer: Answer = lambda _: Reply()
        self.requests: list[Request] = []
        self.connections = 0
        self.released = Event()
        self.lock = Lock()
        self.origin = f"{scheme}://{HOST}:{server.server_address[1]}"

    def says(self, reply: Reply) -> None:
        """Answer everything like this."""
        self.answer = lambda _: reply

    @property
    def count(self) -> int:
        """Requests so far."""
        return len(self.requests)


@contextmanager
def site(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A server for one test; nothing of it is left afterwards."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5
        disable_nagle_algorithm = True

        def setup(self) -> None:
            with running.lock:
                running.connections += 1
            super().setup()

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            asked = Request(self.command, self.path, dict(self.headers), self.rfile.read(length))
            with running.lock:
                running.requests.append(asked)
            reply = running.answer(asked)
            try:
                self.send(reply)
            except OSError:  # the client gave up
                self.close_connection = True

        do_POST = do_GET  # noqa: N815  the name that http.server looks for

        def send(self, reply: Reply) -> None:
            if reply.hang:
                running.released.wait(PATIENCE_S)
                self.close_connection = True
                return
            if reply.raw is not None:
                self.wfile.write(reply.raw)
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in reply.headers:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if not reply.drip:
                self.wfile.write(reply.body)
                return
            for octet in reply.body:
                self.wfile.write(bytes([octet]))
                if running.released.wait(0.02):
                    return

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = False
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            """Broken handshakes and gone clients are what the tests are about."""

    server = Server((HOST, 0), Door)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    running = Site(server, "http" if tls is None else "https")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield running
    finally:
        running.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def until(condition: Callable[[], Value], what: str) -> Value:
    """The first true value of the condition."""
    end = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {PATIENCE_S:.0f} s for {what}"
        time.sleep(0.002)  # between two looks; nothing relies on its length
    return value


class Clock:
    """Monotonic seconds that only a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def jwks(*kids: str, number: int = 0) -> bytes:
    """A JWK Set with an Ed25519 key for each of these key ids."""
    return json.dumps({"keys": [signer("Ed25519", kid, number).jwk for kid in kids]}).encode()


def certificate(folder: Path, name: str = HOST, days: tuple[int, int] = (-1, 1)) -> tuple[Path, ssl.SSLContext]:
    """The file of an authority of our own, and a server context with a certificate by it."""
    now = datetime.now(UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])

    def build(subject: x509.Name, public: ec.EllipticCurvePublicKey, first: int, last: int) -> x509.CertificateBuilder:
        return x509.CertificateBuilder(
            root_name, subject, public, x509.random_serial_number(), now + timedelta(first), now + timedelta(last)
        ).add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)

    root = (
        build(root_name, root_key.public_key(), -9, 9)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    alternative = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    leaf = (
        build(x509.Name([]), key.public_key(), *days)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    authority, chain = folder / "authority.pem", folder / "server.pem"
    authority.write_bytes(root.public_bytes(pem))
    chain.write_bytes(key.private_bytes(pem, private, serialization.NoEncryption()) + leaf.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return authority, context
