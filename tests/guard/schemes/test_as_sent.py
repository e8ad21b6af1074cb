"""Path, target and body as a caller sent them, and whose fault it is when they cannot be had."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.guard.answers import Deny
from authwhy.guard.effects import World
from authwhy.guard.schemes.as_sent import body_of, path_of, scheme_of, target_of, url_of
from authwhy.guard.view import View


@pytest.mark.parametrize(
    ("raw", "path", "expected"),
    [
        (b"/caf%C3%A9/%2F", "/caf\xe9//", "/caf%C3%A9/%2F"),
        (None, "/caf\xe9/a b/50%;x=1", "/caf%C3%A9/a%20b/50%25;x=1"),
        (b"http://a.example:8080/x", "/x", "/x"),
        (b"HTTPS://a.example", "/", "/"),
        (b"*", "*", "*"),
        (b"/http://a.example/x", "/x", "/http://a.example/x"),
        (b"/\xff", "/", "/\xff"),
    ],
)
def test_paths(raw: bytes | None, path: str, expected: str) -> None:
    """As on the request line, or the usual spelling of what the server tells."""
    view = View(method="GET", path=path, raw_path=raw)
    assert (path_of(view), target_of(view)) == (expected, expected)
    view.query = b"a=%2F"
    assert target_of(view) == expected + "?a=%2F"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_encoded_path_is_ascii_and_means_the_same(path: str) -> None:
    """What a server decoded can be had back."""
    encoded = path_of(View(method="GET", path=path))
    assert encoded.isascii()
    assert unquote_to_bytes(encoded).decode() == path


@pytest.mark.parametrize(("scheme", "seen"), [("http", "http"), ("https", "https"), ("ws", "http"), ("wss", "https")])
def test_address(scheme: str, seen: str) -> None:
    """A WebSocket's address is the one of its handshake."""
    view = View(method="GET", path="/x", scheme=scheme, headers=[(b"host", b"a.example:8443")], query=b"q")
    assert (scheme_of(view), url_of(view)) == (seen, f"{seen}://a.example:8443/x")


def body(read: Any = None, **more: Any) -> object:
    """What is read, in an event loop and in a thread."""
    world = World(timeout_s=0.05, hash_workers=1, hash_queue=1)
    steps = [body_of(View(method="POST", path="/", read_body=read, **more), 10) for _ in range(2)]
    first, second = world.run_sync(steps[0]), asyncio.run(world.run(steps[1]))
    world.close()
    assert first == second
    return first


def told(answer: object) -> tuple[str, object]:
    """Cause and problem of a refusal."""
    assert isinstance(answer, Deny)
    return str(answer.cause), answer.failures[0].facts["problem"]


def test_bodies() -> None:
    """Read within the limit; none where HTTP says that there is none, or for a handshake."""
    assert body(lambda limit: b"x" * limit) == b"x" * 10
    assert body(headers=[(b"content-length", b"0")]) == b""
    assert body(lambda limit: b"never", protocol="websocket") == b""
    assert told(body(lambda limit: None)) == ("malformed", "too_large")


@pytest.mark.parametrize("field", [b"content-length", b"transfer-encoding"])
def test_a_body_that_nobody_can_read(field: bytes) -> None:
    """Taking it for empty would accept a signature over nothing: the set-up is at fault."""
    assert told(body(headers=[(field, b"5")])) == ("misconfigured", "no_body")


def test_a_caller_that_does_not_send_is_no_outage() -> None:
    """Too slow, or gone: its own fault, so no error cause."""

    async def slow(limit: int) -> bytes:
        await asyncio.sleep(60)
        return b""

    def gone(limit: int) -> bytes:
        raise ConnectionResetError

    assert [told(body(each)) for each in (slow, gone)] == [("malformed", "not_read")] * 2
