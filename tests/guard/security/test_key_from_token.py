"""Row 2: a token brings no key, names no address, no file and no query."""

from __future__ import annotations

import builtins
import io
import os
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from tests.guard.scripted import decide, watched
from tests.verify.jose_tokens import AUDIENCE, CLAIMS, ISSUER, signer

from authwhy.causes import Cause
from authwhy.guard import Denied, jwt

ONE, EVIL = signer("ES256"), signer("ES256", "evil", 1)
KIDS = [
    "../../dev/null", "/dev/null", "file:///etc/passwd", "https://evil.example/jwks", "x' UNION SELECT 'a", "$(id)", "`id`", "|id",
    "a\x00b", "\r\nX: y", "\x1b[31mred", "\u202eevil", "\ud83d\ude00", "", " ", "k1 ", "K1", "{{7*7}}", "%s%n", "x" * 4_000,
]  # fmt: skip


@pytest.fixture(autouse=True)
def _shut(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No file, network, process or look-up of names while a token is checked."""

    def never(*arguments: object, **_: object) -> Any:
        raise AssertionError(f"reached for {arguments!r}")

    made = [watched(jwt(issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys, cache=size))[0] for size in (0, 10)]
    for guard in made:  # whatever is imported late is imported now
        decide(guard, {"Authorization": f"Bearer {ONE.token()}"})
        decide(guard, {"Authorization": f"Bearer {EVIL.token()}"})
    with monkeypatch.context() as patch:
        for where, name in (
            (socket.socket, "connect"), (socket, "getaddrinfo"), (socket, "create_connection"), (builtins, "open"), (io, "open"),
            (os, "open"), (os, "stat"), (subprocess, "Popen"),
        ):  # fmt: skip
            patch.setattr(where, name, never)
        yield


def refused(token: str, settings: dict[str, Any] | None = None) -> tuple[Denied, Any]:
    made, events = watched(jwt(issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys, **(settings or {})))
    view_headers = {"Authorization": f"Bearer {token}"}
    from authwhy.guard import View

    found = made.decide_sync(View.of("GET", "/", view_headers))  # an event loop opens sockets of its own
    assert isinstance(found, Denied)
    return found, events[0]


@pytest.mark.parametrize(
    "more",
    [
        {"jwk": EVIL.jwk}, {"jku": "https://evil.example/jwks"}, {"x5u": "file:///etc/passwd"}, {"x5u": "https://evil.example/x"},
        {"x5c": ["AAAA"]}, {"jwk": EVIL.jwk, "kid": "k1"}, {"jwk": {**EVIL.jwk, "kid": "k1"}, "kid": "k1"}, {"jku": 7, "jwk": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_an_embedded_or_linked_key(more: dict[str, Any]) -> None:
    found, _ = refused(EVIL.raw({"alg": "ES256", "kid": "evil", **more}, CLAIMS))
    assert found.cause in (Cause.UNKNOWN_KEY, Cause.BAD_SIGNATURE)
    assert (found.cause is Cause.BAD_SIGNATURE) == (more.get("kid") == "k1")


@pytest.mark.parametrize("kid", KIDS, ids=lambda kid: repr(kid)[:20])
def test_hostile_names_of_keys(kid: str) -> None:
    found, event = refused(EVIL.raw({"alg": "ES256", "kid": kid}, CLAIMS))
    assert found.cause is Cause.UNKNOWN_KEY
    told = event.facts["kid"]
    assert told.isprintable()
    assert len(told) <= 1_024
    assert event.to_json().isascii() or event.to_json().decode().isprintable()


def test_a_name_of_a_megabyte() -> None:
    token = EVIL.raw({"alg": "ES256", "kid": "x" * 1_000_000}, CLAIMS)
    for settings in ({}, {"max_bytes": 4_000_000}):
        found, event = refused(token, settings)
        assert found.cause is Cause.MALFORMED
        assert len(event.to_json()) < 4_000


def test_the_issuer_of_an_unchecked_token_chooses_nothing() -> None:
    found, _ = refused(EVIL.token(iss="https://evil.example"))
    assert found.cause is Cause.UNKNOWN_KEY
