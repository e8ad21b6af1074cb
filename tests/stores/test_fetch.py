"""One bounded request, against real servers on loopback."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from tests.stores.loopback_site import Reply, Site, certificate, site, until

from authwhy.causes import Cause
from authwhy.stores.fetch import Fetched, Fetcher, FetchFailed, fetch

SECRET = "canary-3f81"


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as running:
        yield running


def failing(server: Site, reply: Reply, **limits: float) -> tuple[str, object]:
    """The cause and the word for it."""
    server.says(reply)
    with pytest.raises(FetchFailed) as failed:
        fetch(server.origin + "/", allow_http=(server.origin,), **limits)  # type: ignore[arg-type]
    assert failed.value.facts["host"] == server.origin.removeprefix("http://")
    return failed.value.cause.value, failed.value.facts["problem"]


def test_an_answer(server: Site) -> None:
    """Status, header fields in lower case with repetitions joined, and the body; other statuses are answers too."""
    server.says(Reply(b'{"a":1}', 404, {"Cache-Control": "max-age=5", "cache-control": "public"}))
    answer = fetch(
        server.origin + "/keys?a=b",
        method="POST",
        body=b"x=y",
        headers=(("Authorization", SECRET),),
        allow_http=[server.origin],
    )
    assert (answer.host, answer.status, answer.body) == (server.origin.removeprefix("http://"), 404, b'{"a":1}')
    assert answer.headers["cache-control"] == "max-age=5, public"
    (asked,) = server.requests
    assert (asked.method, asked.path, asked.body) == ("POST", "/keys?a=b", b"x=y")
    assert asked.headers["Authorization"] == SECRET
    assert server.origin.endswith(asked.headers["Host"])
    assert "Cookie" not in asked.headers


def test_the_repr_of_an_answer_shows_nothing_secret() -> None:
    assert SECRET not in repr(Fetched("h", 200, {"set-cookie": SECRET}, SECRET.encode()))


def test_redirects_are_not_followed(server: Site) -> None:
    with site() as other:
        for status in (301, 302, 303, 304, 307, 308):
            reply = Reply(b"", status, {"Location": other.origin + "/stolen"})
            assert failing(server, reply) == ("provider_error", "redirect")
        assert other.requests == []


def test_a_large_body_is_not_read_whether_its_length_is_told_or_not(server: Site) -> None:
    big = b"x" * 5_000
    assert failing(server, Reply(big), max_bytes=4_999) == ("provider_error", "too_large")
    told = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + big
    silent = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + big
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" + big + b"\r\n0\r\n\r\n"
    for raw in (told, silent, chunked):
        assert failing(server, Reply(raw=raw), max_bytes=4_999) == ("provider_error", "too_large")
    server.says(Reply(raw=chunked))
    assert fetch(server.origin, allow_http=(server.origin,), max_bytes=5_000).body == big


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 9_000) for n in range(9)) + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 9_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-Trailer: abcdef\r\n" * 9_000,
    ],
    ids=["fields", "interim answers", "trailers"],
)
def test_octets_outside_the_body_are_limited_too(server: Site, raw: bytes) -> None:
    assert failing(server, Reply(raw=raw), max_bytes=1_000) == ("provider_error", "too_large")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", ("provider_error", "not_http")),
        (b"HTTP/1.1 abc\r\n\r\n", ("provider_error", "not_http")),
        (b"", ("provider_unreachable", "closed")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", ("provider_unreachable", "closed")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf", ("provider_unreachable", "closed")),
    ],
)
def test_what_is_no_whole_answer(server: Site, raw: bytes, expected: tuple[str, str]) -> None:
    assert failing(server, Reply(raw=raw)) == expected


@pytest.mark.parametrize("reply", [Reply(hang=True), Reply(b"x" * 9_999, drip=True)], ids=["hang", "drip"])
def test_the_deadline_covers_the_whole_answer(server: Site, reply: Reply) -> None:
    """A server that drips answers properly, after 200 s."""
    assert failing(server, reply, timeout_s=0.3) == ("provider_unreachable", "timeout")


def test_a_name_lookup_that_hangs_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's call cannot be given a limit."""
    release, ended = Event(), Event()

    def stuck(*_: object, **__: object) -> None:
        release.wait(20)
        ended.set()
        raise OSError

    monkeypatch.setattr("socket.getaddrinfo", stuck)
    try:
        with pytest.raises(FetchFailed) as failed:
            fetch("https://id.example.com/", timeout_s=0.05)
    finally:
        release.set()
    assert failed.value.facts["problem"] == "timeout"
    assert until(ended.is_set, "the lookup to end")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://a..example.invalid/", "name_unknown"),
        ("https://" + "a" * 70 + ".invalid/", "name_unknown"),
    ],
)
def test_names_that_nobody_has(url: str, problem: str) -> None:
    with pytest.raises(FetchFailed) as failed:
        fetch(url)
    assert (failed.value.cause, failed.value.facts["problem"]) == (Cause.PROVIDER_UNREACHABLE, problem)


def test_nobody_listens() -> None:
    with site() as gone:
        origin = gone.origin
    with pytest.raises(FetchFailed) as failed:
        fetch(origin, allow_http=(origin,))
    assert (failed.value.cause, failed.value.facts["problem"]) == (Cause.PROVIDER_UNREACHABLE, "refused")


def test_no_request_for_an_address_that_is_not_listed(server: Site) -> None:
    """Not without TLS, not with credentials in it; the error shows no credential."""
    with pytest.raises(FetchFailed) as failed:
        fetch(server.origin)
    assert failed.value.facts == {"setting": "url", "problem": "not_https"}
    with pytest.raises(FetchFailed) as failed:
        fetch(server.origin.replace("//", f"//u:{SECRET}@"), allow_http=(server.origin,))
    assert failed.value.facts["problem"] == "credentials_in_url"
    assert SECRET not in f"{failed.value!r}{failed.value}"
    assert server.requests == []
    with pytest.raises(ValueError, match="not_https"):
        Fetcher().check(server.origin)


def test_a_header_value_that_cannot_be_sent_is_not_told(server: Site) -> None:
    for value in (SECRET + "\r\nX: y", SECRET + "\u20ac"):
        with pytest.raises(FetchFailed) as failed:
            fetch(server.origin, headers=(("Authorization", value),), allow_http=(server.origin,))
        assert failed.value.cause is Cause.MISCONFIGURED
        assert SECRET not in f"{failed.value!r}{failed.value.__context__!r}"
    assert server.requests == []


def test_one_idle_connection_is_used_again(server: Site) -> None:
    fetcher = Fetcher(allow_http=(server.origin,), keep_idle=True)
    for _ in range(3):
        assert fetcher.fetch(server.origin).status == 200
    assert (server.count, server.connections) == (3, 1)
    fetcher.close()
    assert fetcher.fetch(server.origin).status == 200
    assert server.connections == 2


def test_a_connection_that_the_server_closed_is_replaced(server: Site) -> None:
    """Nobody sees an error for it, and no octet of a late answer is taken for the next one."""
    fetcher = Fetcher(allow_http=(server.origin,), keep_idle=True)
    for raw in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"):
        server.says(Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + raw))
        assert fetcher.fetch(server.origin).body == b"{}"
        server.says(Reply(b"next"))
        assert fetcher.fetch(server.origin).body == b"next"
    fetcher.close()


def test_a_connection_is_for_one_origin(server: Site) -> None:
    fetcher = Fetcher(allow_http=(server.origin, server.origin.replace("127.0.0.1", "localhost")), keep_idle=True)
    server.answer = lambda asked: Reply(asked.headers["Host"].encode())
    for host in ("127.0.0.1", "localhost", "127.0.0.1"):
        assert fetcher.fetch(server.origin.replace("127.0.0.1", host)).body.startswith(host.encode())
    assert server.connections == 3
    fetcher.close()


@pytest.mark.parametrize(
    "late", [b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", b""], ids=["forged", "closing"]
)
def test_a_connection_that_is_of_no_use_any_more(late: bytes) -> None:
    """Octets that came while it was idle are no answer; and one that ends as we ask is replaced."""
    idle, arrived = Event(), Event()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer"

    def serve() -> None:
        first, _ = listening.accept()
        with first:
            first.recv(9_999)
            first.sendall(answer)
            idle.wait(20)
            first.sendall(late)
            arrived.set()
            if not late:
                first.recv(9_999)
        second, _ = listening.accept()
        with second:
            second.recv(9_999)
            second.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        thread = Thread(target=serve)
        thread.start()
        origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        fetcher = Fetcher(allow_http=(origin,), keep_idle=True)
        assert fetcher.fetch(origin).body == b"answer"
        idle.set()
        arrived.wait(20)
        assert fetcher.fetch(origin).body == b"answer"
        fetcher.close()
        thread.join()


def test_tls_by_an_authority_of_our_own(tmp_path: Path) -> None:
    authority, context = certificate(tmp_path)
    with site(context) as server:
        server.says(Reply(b"secret"))
        fetcher = Fetcher(ca_file=str(authority), keep_idle=True)
        assert [fetcher.fetch(server.origin).body for _ in range(2)] == [b"secret"] * 2
        assert server.connections == 1
        fetcher.close()


@pytest.mark.parametrize(
    ("name", "days", "trusted", "problem"),
    [
        ("127.0.0.1", (-1, 1), False, "unknown_authority"),
        ("127.0.0.1", (-3, -1), True, "expired"),
        ("127.0.0.1", (1, 3), True, "not_yet_valid"),
        ("127.0.0.2", (-1, 1), True, "other_name"),
        ("id.example.com", (-1, 1), True, "other_name"),
    ],
)
def test_a_server_that_cannot_be_trusted(
    tmp_path: Path, name: str, days: tuple[int, int], trusted: bool, problem: str
) -> None:
    authority, context = certificate(tmp_path, name, days)
    with site(context) as server:
        with pytest.raises(FetchFailed) as failed:
            fetch(server.origin, ca_file=str(authority) if trusted else None, headers=(("Authorization", SECRET),))
        assert (failed.value.cause, failed.value.facts["problem"]) == (Cause.UNTRUSTED_SERVER, problem)
        assert server.requests == []


def test_no_tls_where_tls_is_asked(server: Site) -> None:
    with pytest.raises(FetchFailed) as failed:
        fetch(server.origin.replace("http:", "https:"))
    assert failed.value.cause is Cause.TLS_FAILURE


def test_an_authority_file_that_is_not_there() -> None:
    with pytest.raises(OSError, match="No such file"):
        Fetcher(ca_file="/nonexistent/authority.pem")
