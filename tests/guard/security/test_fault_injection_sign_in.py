"""Row 9 at the addresses that guard serves itself: whatever breaks while somebody signs in, nobody is signed in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.guard import asgi_client
from tests.guard.schemes.browsing import FORM, Browser
from tests.guard.schemes.provider_site import FakeProvider, Shop
from tests.guard.scripted import Scripted, hashed
from tests.guard.security import test_fault_injection as faults
from tests.guard.security.one_time import APP, CODE
from tests.stores.loopback_site import Reply, Site, site
from tests.verify.jose_tokens import NOW

from authwhy.causes import Cause, Kind
from authwhy.guard import (
    Accept,
    Accepted,
    Denied,
    Deny,
    Guard,
    Throttle,
    all_of,
    any_of,
    form,
    oauth2,
    optional,
    session,
    totp,
)
from authwhy.model.outcome import Failure, Refused
from authwhy.stores.memory import MemorySeen, MemorySessions
from authwhy.verify.basic_account import Account
from authwhy.verify.totp import TotpEnrolment

STORED = hashed("pw")
TIMEOUT_S = 0.02
TYPED = {"username": "alice", "password": "pw"}
WAYS = {**faults.FAULTS, **faults.THREADED}


class Part:
    """One thing the application brings; it works until it is broken."""

    def __init__(self, works: Callable[..., object]) -> None:
        self.does = works

    def __call__(self, *arguments: object) -> object:
        return self.does(*arguments)


class Parts:
    """All of them, and the sign-in that they make up."""

    def __init__(self, *, account: bool = False, second: bool = True, throttle: Throttle | None = None) -> None:
        self.verify = Part(lambda credential: credential.username)
        self.account = Part(lambda name: Account(name, STORED))
        self.claims, self.subject = Part(lambda principal: {}), Part(str)
        self.render = Part(lambda page: "<p>" + (page.problem or ""))
        self.enrolment = Part(lambda name: TotpEnrolment(name, APP, True) if second else None)
        sessions, seen = MemorySessions(), MemorySeen()
        self.get, self.put, self.revoke = Part(sessions.get), Part(sessions.put), Part(sessions.revoke)
        self.seen = Part(seen.seen)
        store: Any = type("Store", (), {"blocking": True, "get": self.get, "put": self.put, "revoke": self.revoke})()
        codes: Any = type("Codes", (), {"blocking": True, "seen": self.seen})()
        how: dict[str, Any] = {"account": self.account} if account else {"verify": self.verify}
        given: dict[str, Any] = {"claims": self.claims, "subject": self.subject, "page": self.render, **how}
        self.guard = Guard(
            form("login", **given, totp="code", current_hash=STORED),
            session("web", keys=["k" * 32], store=store, logout="/logout"),
            totp("code", enrolment=self.enrolment, seen=codes),
            Scripted("fine", lambda value: Accept("f")),
            clock=lambda: float(NOW),
            timeout_s=20,
            throttle=throttle,
        )
        self.browser = Browser(self.guard)

    def first(self, **headers: str) -> Any:
        """Name and password."""
        return self.browser.post("/login", TYPED, **headers)

    def code(self) -> Any:
        """The second factor."""
        return self.browser.post("/login/code", {"code": CODE})

    def again(self, path: str, fields: dict[str, str]) -> Any:
        """The same sent in an event loop."""
        body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
        view = self.browser.view("POST", path, origin="https://shop.example", content_type=FORM)
        view.read_body = lambda limit: body
        return asyncio.run(self.guard.world.run(self.guard.serving(path, view)))


@pytest.fixture(autouse=True)
def _release() -> Iterator[None]:
    faults.RELEASE.clear()
    yield
    faults.RELEASE.set()


AT_ONCE = {  # of functions that are called at once, without waiting
    name for name in WAYS if name.startswith("later") or name in ("hangs", "is cancelled", "returns an odd awaitable", *faults.THREADED)
}  # fmt: skip
TEXT = {name for name in WAYS if "Cause" in name}  # a member of an enumeration of texts is a text
# the part, what breaks it honestly or cannot happen to it, and whether it is needed for the password or for the code
STEPS: dict[str, tuple[set[str], str]] = {
    "verify": (set(), "/login"),
    "account": ({"returns None", "later returns None", "returns an odd awaitable"}, "/login"),
    "claims": ({"returns {}"}, "/login"),
    "subject": (AT_ONCE | TEXT, "/login"),
    "enrolment": ({"returns None", "later returns None", "returns an odd awaitable"}, "/login"),
    "put": ({"returns True", "returns False"}, "/login"),
    "get": ({"returns None", *AT_ONCE} - set(faults.THREADED), "/login/code"),
    "seen": ({"returns True", "returns False"}, "/login/code"),
    "revoke": ({"returns True", "returns False"}, "/login/code"),
}
CASES = [
    pytest.param(part, way, id=f"{part} {way}") for part in STEPS for way in WAYS if way not in STEPS[part][0]
]  # fmt: skip


@pytest.mark.parametrize(("part", "way"), CASES)
def test_every_part(part: str, way: str) -> None:
    path = STEPS[part][1]
    fields = TYPED if path == "/login" else {"code": CODE}
    for waits in (True, False) if way in faults.EVERYWHERE else (False,):
        parts = Parts(account=part == "account")
        if path == "/login/code":
            assert parts.first().status == 303
        if way in ("hangs", "blocks"):
            parts.guard.world.timeout_s = TIMEOUT_S
        broken: Part = getattr(parts, part)
        works, broken.does = broken.does, WAYS[way]
        reply = parts.browser.post(path, fields) if waits else parts.again(path, fields)
        event = parts.browser.last
        assert (event.outcome, event.kind) == ("failure", Kind.ERROR), event
        assert reply.status == 503 or (event.cause is Cause.MISCONFIGURED and reply.status in (401, 500))
        assert b"c4n4ry" not in reply.body
        broken.does, parts.guard.world.timeout_s = works, 20
        assert_not_signed_in(parts.browser)
        parts.guard.close()


class Suspended(Deny, frozen=True):
    """A refusal of the application's own make."""


def test_a_refusal_of_another_class_is_one() -> None:
    """It is true, and has members, and is nobody."""
    parts = Parts(second=False)
    parts.verify.does = lambda credential: Suspended((Failure(Cause.WRONG_SECRET),))
    assert parts.first().status == 401
    assert parts.browser.last.cause is Cause.WRONG_SECRET
    assert_not_signed_in(parts.browser)
    parts.guard.close()


@pytest.mark.parametrize("nothing", [Deny(()), Refused(())], ids=["Deny", "Refused"])
def test_a_refusal_without_a_reason(nothing: object) -> None:
    """Nothing says that a second factor is owed, so nobody gets as far as that page with a wrong password."""
    parts = Parts()
    parts.verify.does = lambda credential: nothing if not credential.matches(STORED) else "alice"
    assert parts.browser.post("/login", {"username": "alice", "password": "wrong"}).status in (401, 500, 503)
    assert parts.browser.last.kind is Kind.ERROR
    assert parts.browser.cookies == {}
    parts.guard.close()


def assert_not_signed_in(browser: Browser) -> None:
    """No rule lets anybody in with what the browser has now, but as the one who is somebody else, or nobody."""
    for rule in ("web", any_of("web", "fine"), all_of("web", "fine"), optional("web"), optional(all_of("web", "fine"))):
        for fine in ("", "1"):
            found = browser.open("/me", rule, x_fine=fine)
            assert isinstance(found, Denied) or found.principals.keys() <= {"fine"}


@pytest.mark.parametrize("account", [False, True])
def test_all_of_it_works_otherwise(account: bool) -> None:
    """Or everything above would fail for another reason."""
    parts = Parts(account=account)
    assert (parts.first().status, parts.code().status) == (303, 303)
    assert isinstance(parts.browser.open("/me", "web"), Accepted)
    parts.guard.close()


@pytest.mark.parametrize("way", [name for name in WAYS if name not in AT_ONCE | TEXT | {"returns ''"}])
def test_a_page_that_breaks(way: str) -> None:
    """The application's own page: an outage, told as the usual answer, whatever it was to show."""
    parts = Parts()
    parts.render.does = WAYS[way]
    for reply in (
        parts.browser.get("/login"),
        parts.browser.post("/login", {"username": "alice"}),
        parts.again("/login", {}),
        parts.browser.post("/login", TYPED, origin="https://evil.example"),
    ):
        event = parts.browser.last
        assert (event.outcome, event.kind, reply.status) == ("failure", Kind.ERROR, 503)
        assert b"c4n4ry" not in reply.body
    parts.guard.close()


@pytest.mark.parametrize("method", ["before", "after"])
@pytest.mark.parametrize("way", [name for name in faults.FAULTS if name.startswith("raises")])
def test_counters_that_break(method: str, way: str) -> None:
    parts = Parts(throttle=faults.BrokenThrottle(method, WAYS[way]))
    assert parts.first().status == 503
    assert parts.browser.last.kind is Kind.ERROR
    assert_not_signed_in(parts.browser)
    parts.guard.close()


@pytest.mark.parametrize("way", [way for way in WAYS if way not in STEPS["revoke"][0]])
def test_nobody_is_told_to_be_signed_out_who_is_not(way: str) -> None:
    parts = Parts(second=False)
    assert parts.first().status == 303
    if way in ("hangs", "blocks"):
        parts.guard.world.timeout_s = TIMEOUT_S
    parts.revoke.does = WAYS[way]
    reply = parts.browser.post("/logout")
    assert (reply.status, parts.browser.last.kind) == (503, Kind.ERROR)
    parts.guard.close()


def test_through_an_adapter() -> None:
    """A sign-in that breaks is answered, and the handler does not run."""
    for part in ("verify", "claims", "subject", "enrolment", "put"):
        parts = Parts()
        getattr(parts, part).does = faults.FAULTS["raises ValueError"]
        app = parts.guard.asgi(handler := asgi_client.Endpoint(), {"/*": "web"})
        headers = {"host": "shop.example", "origin": "https://shop.example", "content-type": FORM}
        answer = asgi_client.call(app, "POST", "/login", headers, [b"username=alice&password=pw"])
        assert (answer.status, handler.decisions) == (503, [])
        parts.guard.close()


# signing in elsewhere


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    with site() as made:
        yield made


@pytest.fixture
def running(server: Site) -> Iterator[Site]:
    """The same server for every test; nothing of the one before hangs on it."""
    server.released.clear()
    yield server
    server.released.set()


JSON = {"Content-Type": "application/json", "Connection": "close"}
BROKEN: dict[str, Reply] = {
    "500": Reply(b"{}", 500, JSON), "503": Reply(b"{}", 503, JSON), "502 html": Reply(b"<html>", 502), "404": Reply(b"", 404),
    "302": Reply(b"", 302, {"Location": "/elsewhere"}), "closed": Reply(raw=b""), "html": Reply(b"<html>"), "empty": Reply(b"", 200, JSON),
    "no text": Reply(b"\xff\xfe", 200, JSON), "list": Reply(b"[]", 200, JSON), "null": Reply(b"null", 200, JSON), "true": Reply(b"true"),
    "cut": Reply(b'{"access_token":"c4n4', 200, JSON), "deep": Reply(b'{"x":' + b"[" * 90_000, 200, JSON), "0": Reply(b"0", 200, JSON),
    "large": Reply(b" " * 600_000, 200, JSON), "not http": Reply(raw=b"garbage\r\n\r\n"), "hang": Reply(hang=True),
    "drip": Reply(b" " * 9_999, 200, JSON, drip=True),
}  # fmt: skip
NO_TOKEN: dict[str, Reply] = {
    "no members": Reply(b"{}", 200, JSON), "no token": Reply(b'{"token_type":"Bearer"}', 200, JSON),
    "odd token": Reply(b'{"access_token":7,"token_type":"Bearer"}', 200, JSON),
    "invalid_client": Reply(b'{"error":"invalid_client"}', 401, JSON),
}  # fmt: skip


def elsewhere(provider: FakeProvider, kind: str, **more: Any) -> Shop:
    """A service that signs people in there."""
    if kind == "oidc":
        return Shop(provider, **more)
    at = provider.issuer
    made = oauth2(
        "sso", authorize=f"{at}/authorize", token=f"{at}/token", userinfo=f"{at}/userinfo", subject="id", client_id="orders",
        client_secret="canary", redirect_uri="https://shop.example/callback", allow_http=[at], **more,
    )  # fmt: skip
    return Shop(provider, made)


def assert_nobody_came(shop: Shop, reply: Any) -> None:
    """An error, no redirect that would begin again, and no session."""
    event = shop.browser.last
    assert (event.outcome, event.kind) == ("failure", Kind.ERROR), event
    assert reply.status == (500 if event.cause is Cause.MISCONFIGURED else 503)
    assert b"c4n4ry" not in reply.body
    assert b"c4n4ry" not in event.to_json()
    assert "__Host-session" not in shop.browser.cookies
    for rule in ("web", any_of("web"), all_of("web"), optional("web")):
        found = shop.browser.open("/me", rule)
        assert isinstance(found, Denied) or found.anonymous


ASKED = [("oidc", "/token"), ("oauth2", "/token"), ("oauth2", "/userinfo"), ("oidc", "/keys"), ("oidc", "/.well-known")]


@pytest.mark.parametrize(("kind", "asked"), ASKED)
@pytest.mark.parametrize("way", [*BROKEN, *NO_TOKEN])
def test_a_provider_that_breaks(running: Site, kind: str, asked: str, way: str) -> None:
    """At every request that a sign-in makes; the browser brought nothing wrong."""
    if asked != "/token" and way in NO_TOKEN:
        return
    provider = FakeProvider(running)
    with elsewhere(provider, kind) as shop:
        begun = shop.begin() if asked != "/.well-known" else {}
        plain, reply = running.answer, {**BROKEN, **NO_TOKEN}[way]
        running.answer = lambda request: reply if request.path.startswith(asked) else plain(request)
        if way in ("hang", "drip"):
            shop.guard.world.timeout_s = TIMEOUT_S
        assert_nobody_came(shop, shop.back(begun) if begun else shop.browser.get("/login"))
        running.released.set()  # or closing would wait for it


@pytest.mark.parametrize("kind", ["oidc", "oauth2"])
@pytest.mark.parametrize("way", [way for way in WAYS if way != "returns {}" and "Deny(" not in way])
def test_claims_of_the_application(running: Site, kind: str, way: str) -> None:
    provider = FakeProvider(running)
    with elsewhere(provider, kind, claims=WAYS[way]) as shop:
        begun = shop.begin()
        if way in ("hangs", "blocks"):
            shop.guard.world.timeout_s = 0.1
        assert_nobody_came(shop, shop.back(begun))


@pytest.mark.parametrize("kind", ["oidc", "oauth2"])
@pytest.mark.parametrize(
    "way", ["returns None", "returns 0", "returns NotImplemented", "raises ValueError", "raises OSError"]
)
def test_a_session_store_that_breaks(running: Site, kind: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = FakeProvider(running)
    with elsewhere(provider, kind) as shop:
        monkeypatch.setattr(shop.web.store, "put", WAYS[way])
        assert_nobody_came(shop, shop.sign_in())


@pytest.mark.parametrize("kind", ["oidc", "oauth2"])
def test_the_sign_in_elsewhere_would_be_good(running: Site, kind: str) -> None:
    with elsewhere(FakeProvider(running), kind) as shop:
        assert shop.sign_in().status == 303
        assert isinstance(shop.browser.open("/me", "web"), Accepted)
