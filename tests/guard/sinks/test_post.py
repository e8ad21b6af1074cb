"""One batch over real HTTP, and what every kind of answer means for it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.e2e.loopback import HOST, free_port
from tests.guard.sinks.collector import Collector, Received
from tests.guard.sinks.events import failure, success

from authwhy.guard.sinks.fields import line_of
from authwhy.guard.sinks.post import MAX_WAIT_S, Answer, Post, judge, wait_of

LINES = line_of(success()) + line_of(failure())
NOW = 1_772_359_200.0


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that acknowledges everything."""
    with Collector() as running:
        yield running


def post(url: str, token: str | None = None, timeout_s: float = 20.0) -> Post:
    """A conversation with nothing special."""
    return Post(url, token, timeout_s, None, insecure=False)


def test_a_batch_is_acknowledged(collector: Collector) -> None:
    """What goes out: the lines, their type, their key, the token, what is missing."""
    conversation = post(collector.url + "?zone=a", "t0ken-invented")
    assert conversation.send(LINES, "k-1", dropped=3) == Answer("accepted")
    conversation.close()
    (request,) = collector.received
    assert request.path == "/v1/events?zone=a"
    assert request.body == LINES
    headers = request.headers
    assert headers["Content-Type"] == "application/x-ndjson"
    assert headers["Idempotency-Key"] == '"k-1"'
    assert headers["Authorization"] == "Bearer t0ken-invented"
    assert headers["Authwhy-Dropped"] == "3"


def test_the_connection_is_kept(collector: Collector) -> None:
    """One handshake for many batches; and a connection the collector has closed meanwhile is replaced at once."""
    conversation = post(collector.url)
    assert conversation.send(LINES, "k-1").verdict == "accepted"
    first = conversation._connection
    assert first is not None
    opened = first.sock
    assert conversation.send(LINES, "k-2").verdict == "accepted"
    assert first.sock is opened
    opened.shutdown(socket.SHUT_RDWR)
    assert conversation.send(LINES, "k-3").verdict == "accepted"
    assert conversation._connection is not first
    conversation.close()
    assert collector.refs == ["r-1", "r-2"] * 3
    assert "Authorization" not in collector.received[0].headers
    assert "Authwhy-Dropped" not in collector.received[0].headers


def test_a_collector_that_closes_without_an_answer(collector: Collector) -> None:
    """The batch stays; nobody knows whether it was taken, and its key will tell."""
    collector.reply = lambda received: (0, {})
    conversation = post(collector.url)
    answer = conversation.send(LINES, "k-1")
    assert (answer.verdict, answer.reason) == ("again", "RemoteDisconnected")
    assert len(collector.received) == 1


def test_nobody_listens() -> None:
    """An outage, not a fault."""
    answer = post(f"http://{HOST}:{free_port()}/").send(LINES, "k-1")
    assert (answer.verdict, answer.reason) == ("again", "ConnectionRefusedError")


def test_a_collector_that_hangs(collector: Collector) -> None:
    """The wait is bounded."""

    def hang(received: Received) -> tuple[int, dict[str, str]]:
        collector.gone.wait(60)
        return 0, {}

    collector.reply = hang
    answer = post(collector.url).send(LINES, "k-1", timeout_s=0.05)
    assert (answer.verdict, answer.reason) == ("again", "TimeoutError")


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 999999999999 Odd\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5_000,
        b"\0" * 100_000,
    ],
    ids=["ssh", "status", "headers", "zeros"],
)
def test_what_is_no_http_is_an_outage(answer: bytes) -> None:
    """Whatever comes back, the batch stays and nothing is raised."""
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert post(f"http://{HOST}:{server.getsockname()[1]}/").send(LINES, "k").verdict == "again"
        thread.join(20)


def test_an_endless_body_is_not_read() -> None:
    """The acknowledgement is in the status; the connection is given up."""
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n" + b"x" * 70_000)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        conversation = post(f"http://{HOST}:{server.getsockname()[1]}/")
        assert conversation.send(LINES, "k").verdict == "accepted"
        assert conversation._connection is None
        thread.join(20)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "accepted"), (202, "accepted"), (204, "accepted")]
    + [(status, "refused") for status in (400, 413, 415, 422)]
    + [(status, "again") for status in (100, 301, 307, 401, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504, 599)],
)
def test_statuses(status: int, verdict: str) -> None:
    """A batch is given up only when it is itself at fault; a wrong token or address is put right by somebody."""
    assert judge(status, None, NOW).verdict == verdict


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0.0),
        ("", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("Sun, 01 Mar 2026 10:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 09:00:00 GMT", 0.0),
        ("99999", MAX_WAIT_S),
        ("9" * 5_000, MAX_WAIT_S),
        ("Fri, 01 Mar 2030 10:00:00 GMT", MAX_WAIT_S),
        ("-5", 0.0),
        ("\u0667", 0.0),
        ("soon", 0.0),
    ],
)
def test_retry_after(header: str | None, seconds: float) -> None:
    """Seconds or a date (RFC 9110 section 10.2.3), never more than an hour."""
    assert wait_of(header, NOW) == seconds


@given(st.text())
def test_retry_after_is_hostile_text_too(header: str) -> None:
    """Nothing is raised, and the wait stays in its bounds."""
    assert 0.0 <= wait_of(header, NOW) <= MAX_WAIT_S


@pytest.mark.parametrize(
    "url",
    [
        "watch.example",
        "ftp://watch.example/",
        "https://",
        "https://name:word@watch.example/",
        "https://watch.example/#part",
        "http://watch.example/",
        "https://watch.example:port/",
        f"https://{'a' * 64}.example/",
    ],
)
def test_addresses_that_cannot_be_used(url: str) -> None:
    """They are refused at start; the error does not repeat a password in them."""
    with pytest.raises(ValueError) as caught:
        post(url)
    assert "name:word" not in str(caught.value)


def test_plain_http_is_a_decision() -> None:
    """Events carry names."""
    Post("http://watch.example/", None, 1.0, None, insecure=True)
    with pytest.raises(ValueError, match="use https"):
        Post("http://watch.example/", None, 1.0, None, insecure=False)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "gr\u00fcn"])
def test_tokens_that_fit_no_header(token: str) -> None:
    """Refused at start, and not repeated."""
    with pytest.raises(ValueError, match="printable ASCII"):
        post("https://watch.example/", token)
