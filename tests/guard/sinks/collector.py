"""A collector on loopback: real HTTP, and whatever misbehaviour a test asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from msgspec import Struct
from tests.e2e.loopback import HOST, free_port

from authwhy.model.event import from_json

Reply = tuple[int, dict[str, str]]


class Received(Struct, frozen=True):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """The name of the batch."""
        return self.headers["Idempotency-Key"]

    @property
    def refs(self) -> list[str]:
        """The references of its events."""
        return [str(from_json(line).ref) for line in self.body.splitlines()]


class Collector:
    """Answers with `reply(received)`; a status of 0 means to close the connection without an answer.

    Keeps what it acknowledged, each batch once by its key, in `refs`; and every request in `received`.
    """

    def __init__(self, reply: Callable[[Received], Reply] = lambda received: (204, {}), port: int = 0) -> None:
        self.reply = reply
        self.port = port or free_port()
        self.url = f"http://{HOST}:{self.port}/v1/events"
        self.received: list[Received] = []
        self.refs: list[str] = []
        self.keys: set[str] = set()
        self.gone = threading.Event()
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def take(self, received: Received) -> Reply:
        """What becomes of a request."""
        self.received.append(received)
        reply = self.reply(received)
        with self._lock:
            if 200 <= reply[0] < 300 and received.key not in self.keys:
                self.keys.add(received.key)
                self.refs += received.refs
        return reply

    def __enter__(self) -> Collector:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) != length:  # the sender was killed while it sent
                    self.close_connection = True
                    return
                status, headers = collector.take(Received(self.path, dict(self.headers), body))
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *words: object) -> None:
                pass  # a client that went away is part of the tests

        self._server = Server((HOST, self.port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gone.set()
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
