"""Real servers in threads of the test: wsgiref for WSGI, uvicorn for ASGI; and curl as a client that is not ours."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import uvicorn
from tests.e2e.loopback import HOST, binary, until

MOST_S = 20


class Heard(NamedTuple):
    """The last answer that curl got; `statuses` are those of all of them, in order."""

    statuses: list[int]
    lines: list[tuple[str, str]]
    body: bytes

    @property
    def status(self) -> int:
        """Of the last answer."""
        return self.statuses[-1]

    def all(self, name: str) -> list[str]:
        """The values of a header, named in lower case."""
        return [value for key, value in self.lines if key == name]


def curl(url: str, *options: str, body: bytes = b"") -> Heard:
    """Call with curl; `--data-binary @-` sends the body."""
    words = [binary("curl"), "-sS", "-i", "--noproxy", "*", "--max-time", str(MOST_S), *options, url]
    done = subprocess.run(words, input=body, capture_output=True, timeout=2 * MOST_S, check=True)
    statuses, lines, rest = [], [], done.stdout
    while rest.startswith(b"HTTP/"):
        head, _, rest = rest.partition(b"\r\n\r\n")
        first, *fields = head.decode("latin-1").split("\r\n")
        statuses.append(int(first.split(" ")[1]))
        lines = [(name.lower(), value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    return Heard(statuses, lines, rest)


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class has this name
        """Say nothing."""


@contextmanager
def wsgi(app: Any) -> Iterator[str]:
    """The base address of a WSGI application under wsgiref."""
    with make_server(HOST, 0, app, server_class=_Threaded, handler_class=_Quiet) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def asgi(app: Any, **settings: Any) -> Iterator[str]:
    """The base address of an ASGI application under uvicorn."""
    server = uvicorn.Server(
        uvicorn.Config(
            app, host=HOST, port=0, lifespan="off", ws="none", log_config=None, proxy_headers=False, **settings
        )
    )
    thread = Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, "uvicorn to start")
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://{HOST}:{port}"
    finally:
        server.should_exit = True
        thread.join()


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """A WSGI application that sends back who was accepted and the body, of which it reads no more than was sent."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [str(environ["authwhy"].principal).encode() + b":" + body]


async def aecho(scope: Any, receive: Any, send: Any) -> None:
    """The same for ASGI."""
    body, more = str(scope["authwhy"].principal).encode() + b":", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


class Clock:
    """The time of a guard, s since 1970; a test moves it."""

    def __init__(self, now: float | None = None) -> None:
        self.now = time.time() if now is None else now

    def __call__(self) -> float:
        """Now."""
        return self.now
