"""One guard for the tests of all frameworks: tokens, keys, passwords, and providers that use every part of an answer."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import jwt as pyjwt

from authwhy.causes import Cause
from authwhy.guard import Base, Guard, View, api_key, basic, deny, jwt
from authwhy.guard.answers import Accept, Deny, Presented
from authwhy.guard.effects import Call, Step
from authwhy.guard.schemes.interface import Asked, Reply
from authwhy.model.event import Event

SECRET = "a-secret-that-only-these-tests-know-0123456789"
PAGE = "https://page.example"
CORS = {"Origin": PAGE}
LINES = (
    (b"set-cookie", b"sid=2; Path=/; HttpOnly"),
    (b"set-cookie", b"seen=1; Path=/"),
    (b"authentication-info", b'n="2"'),
)


def token(**claims: Any) -> str:
    """A good token of alice, or one with other claims."""
    now = int(time.time())
    return pyjwt.encode({"sub": "alice", "exp": now + 300, "scope": "orders:read", **claims}, SECRET, "HS256")


def bearer(**claims: Any) -> dict[str, str]:
    """Headers with a token."""
    return {"Authorization": f"Bearer {token(**claims)}"}


def password(name: str, secret: str) -> dict[str, str]:
    """Headers with a name and a password."""
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{secret}'.encode()).decode()}"}


def signature(body: bytes) -> dict[str, str]:
    """Headers with the digest of a body, which stands for a signature."""
    return {"X-Signature": hashlib.sha256(body).hexdigest()}


class Renewing(Base):
    """A session that is renewed with every answer, and a page to sign in on."""

    ambient = True
    cookie = "sid"

    def find(self, view: View) -> Presented | None:
        """The session's cookie."""
        values = view.cookies("sid")
        return Presented("cookie:sid", values[0]) if values else None

    def check(self, presented: Presented, view: View, now: int) -> Accept | Deny:
        """One session is good."""
        return Accept("visitor", headers=LINES) if presented.value == "1" else deny(Cause.SESSION_INVALID)

    def routes(self) -> dict[str, str]:
        """A page to sign in on, and one that refuses."""
        return {"/sign-in": "form", "/sign-in/broken": "broken"}

    def serve(self, route: str, view: View, now: int) -> Step:
        """The page."""
        yield Call(str)
        if route == "broken":
            return deny(Cause.PROVIDER_UNREACHABLE)
        return Reply(200, ((b"content-type", b"text/plain"), *LINES), b"sign in here")


class Signed(Base):
    """Reads the body."""

    def find(self, view: View) -> Presented | None:
        """The digest."""
        text = view.header(b"x-signature")
        return None if text is None else Presented("header:x-signature", text)

    def check(self, presented: Presented, view: View, now: int) -> Step:
        """At most 1,000 bytes are read."""
        assert view.read_body is not None
        body = yield Call(view.read_body, (1_000,))
        if body is None:
            return deny(Cause.MALFORMED)
        good = hashlib.sha256(body).hexdigest() == presented.value
        return Accept("signer") if good else deny(Cause.BAD_SIGNATURE)

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """Its own scheme."""
        return ("Signed",)


class User:
    """What the application knows of a caller."""

    def __init__(self, name: str) -> None:
        self.name = self.id = name


def look_up(key: str) -> User | Deny | None:
    """Two keys, one of which finds the store down."""
    if key == "down":
        raise ConnectionError
    return User("robot") if key == "good-key" else deny(Cause.UNKNOWN_IDENTITY)


def a_guard(lookup: Callable[[Any], object] = look_up, **more: Any) -> tuple[Guard, list[Event]]:
    """The guard, and the events it tells."""
    events: list[Event] = []
    guard = Guard(
        jwt("token", secret=SECRET, principal=lambda claims: User(claims["sub"])),
        api_key("key", lookup=lookup),
        basic("staff", verify=lambda one: User(one.username) if one.password == "right" else deny(Cause.WRONG_SECRET)),
        Renewing("session"),
        Signed("signed"),
        events=[events.append],
        **more,
    )
    return guard, events


def is_the_guards(event: Event, status: int, lines: list[tuple[str, str]], body: bytes) -> list[str]:
    """The answer on the wire is the guard's own, for this event. Returns the challenges, line by line."""
    headers = {name.lower(): value for name, value in lines}
    assert status == event.status
    assert headers["content-type"] == "application/problem+json"
    assert headers["cache-control"] == "no-store"
    assert headers["content-length"] == str(len(body))
    assert json.loads(body)["ref"] == event.ref
    assert json.loads(body)["status"] == status
    return [value for name, value in lines if name.lower() == "www-authenticate"]
