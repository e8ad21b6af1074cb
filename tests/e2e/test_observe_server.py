"""Observing behind real servers: uvicorn where it is installed, and the standard library's WSGI server."""

import http.client
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from tests.app.observing import token, wsgi_service
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, accepts, free_port, until

import authwhy
from authwhy.causes import Cause
from authwhy.guard.sinks import jsonl
from authwhy.model.event import from_json

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
SERVICE = """
import authwhy
from tests.app.observing import asgi_service
from authwhy.guard.sinks import jsonl
application = authwhy.observe(asgi_service, [jsonl("events.jsonl")], name="orders")
"""


class Quiet(WSGIRequestHandler):
    """No log lines."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[int, Callable[[], list[str]]]]:
    """A WSGI server with the observed service; the port, and the lines of its events once they are written."""
    application = authwhy.observe(wsgi_service, [jsonl(tmp_path / "events.jsonl")])
    server = make_server(HOST, 0, application, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def lines() -> list[str]:
        application.observer.close()
        return (tmp_path / "events.jsonl").read_text().splitlines()

    yield server.server_port, lines
    server.shutdown()
    thread.join()
    server.server_close()
    application.observer.close()


def ask(port: int, credential: str | None = None) -> tuple[int, str | None, bytes]:
    """Status, challenge and body of GET /orders."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    connection.request(
        "GET", "/orders", headers={} if credential is None else {"Authorization": f"Bearer {credential}"}
    )
    answer = connection.getresponse()
    found = answer.status, answer.getheader("WWW-Authenticate"), answer.read()
    connection.close()
    return found


def test_a_wsgi_server(served: tuple[int, Callable[[], list[str]]]) -> None:
    """The answers are the service's own; the file has one event a refusal."""
    port, lines = served
    assert ask(port, token()) == (200, None, b"hello")
    assert ask(port, token(exp=-312)) == (401, 'Bearer realm="orders"', b'{"detail": "Signature has expired"}')
    assert ask(port)[0] == 401
    assert [from_json(line).cause for line in lines()] == [Cause.EXPIRED, Cause.MISSING]


def test_uvicorn(home: Path, start: Start) -> None:
    """Events are on disk after the server was told to stop."""
    pytest.importorskip("uvicorn")
    (home / "service.py").write_text(SERVICE)
    port = free_port()
    words = [sys.executable, "-m", "uvicorn", "service:application", "--port", str(port), "--app-dir", str(home)]
    server = start(
        words, lambda _: accepts(port), env={"PYTHONPATH": ":".join(path for path in [str(ROOT), *sys.path] if path)}
    )
    assert ask(port, token()) == (200, None, b"hello")
    for claims in ({"exp": -312}, {"aud": "https://bills.example.com"}):
        assert ask(port, token(**claims))[0] == 401
    server.stop()
    events = [from_json(line) for line in until(lambda: (home / "events.jsonl").read_text().splitlines(), "events")]
    assert [event.cause for event in events] == [Cause.EXPIRED, Cause.WRONG_AUDIENCE]
    assert {(event.app, event.route, event.address) for event in events} == {("orders", "/orders", HOST)}
