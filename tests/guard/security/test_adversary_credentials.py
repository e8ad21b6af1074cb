"""What an attacker found about credentials: cookies of other sites, keys in events, codes guessed by many names."""

from __future__ import annotations

from itertools import count
from typing import Any

import msgspec
import pytest
from tests.guard import asgi_client
from tests.guard.scripted import watched

from authwhy.causes import Cause
from authwhy.guard import (
    Account,
    ConfigurationError,
    Denied,
    Guard,
    Throttle,
    TotpEnrolment,
    View,
    api_key,
    form,
    jwt,
    session,
    totp,
)

HASH = "pbkdf2_sha256$1000$salt$Q/9Kvus9r/Z5pRD/V9eBFX31v5LhSkQG2Q44eDQAprk="
SECRET = "a-secret-of-at-least-32-bytes......"
HOST = {"Host": "shop.example"}
CROSS = {**HOST, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
OWN = {**HOST, "Origin": "https://shop.example"}


def cookie_guard(**more: Any) -> Guard:
    return Guard(
        api_key("key", header=None, cookie="k", lookup=lambda key: "mara", **more),
        jwt("token", secret=SECRET, cookie="k", **more),
    )


@pytest.mark.parametrize("rule", ["key", "token"])
def test_another_site_cannot_use_a_credential_that_browsers_send_unasked(rule: str) -> None:
    def cause(made: Guard, method: str, headers: dict[str, str], protocol: str = "http") -> Cause | None:
        view = View.of(method, "/transfer", {**headers, "Cookie": "k=abcdefgh"})
        view.protocol = protocol  # type: ignore[assignment]
        decision = made.decide_sync(view, rule)
        return decision.cause if isinstance(decision, Denied) else None

    good = None if rule == "key" else Cause.MALFORMED  # the token's own check comes after
    made = cookie_guard()
    for headers in (CROSS, HOST, {**HOST, "Origin": "null"}):
        assert cause(made, "POST", headers) is Cause.CSRF_FAILED
        assert cause(made, "GET", headers) is good
        assert cause(made, "GET", headers, "websocket") is Cause.CSRF_FAILED
    assert cause(made, "POST", OWN) is good
    assert cause(cookie_guard(csrf=None), "POST", CROSS) is good
    assert cause(cookie_guard(trusted_origins=["https://evil.example"]), "POST", CROSS) is good


@pytest.mark.parametrize("wrong", [{"csrf": "token"}, {"trusted_origins": ["evil.example"]}])
def test_an_origin_check_that_cannot_work(wrong: dict[str, Any]) -> None:
    for make in (lambda: api_key(cookie="k", records=(), **wrong), lambda: jwt(secret=SECRET, cookie="k", **wrong)):
        with pytest.raises(ConfigurationError):
            make()


@pytest.mark.parametrize("answer", [lambda key: key, str, lambda key: {"name": key}, lambda key: {"id": f"key {key}"}])
def test_a_key_that_the_look_up_hands_back_is_in_no_event(answer: Any) -> None:
    made, events = watched(api_key("key", lookup=answer))
    assert made.decide_sync(View.of("GET", "/", {"X-Api-Key": "canary-7f3a9"})).accepted
    assert events[0].user is None
    assert b"canary" not in msgspec.json.encode(events[0])


def test_a_view_tells_no_header() -> None:
    view = View.of("GET", "/orders?token=canary", {"Authorization": "Bearer canary"})
    assert repr(view) == "View('GET', '/orders')"


def test_codes_are_counted_for_the_account_not_for_the_name_that_was_typed() -> None:
    """A look-up may take many spellings; each had five guesses at the same person's code."""
    account = Account("alice", HASH)
    enrolled = TotpEnrolment("alice", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    made = Guard(
        form("login", account=lambda name: account if name.replace(".", "") == "alice" else None, totp="code"),
        session("web", keys=["k" * 32]),
        totp("code", enrolment=lambda name: enrolled if name == "alice" else None),
        throttle=Throttle(failures=5, per=900),
    )
    app, peers = made.asgi(asgi_client.Endpoint(), {"/*": "web"}), count(1)
    json = {"host": "h.example", "origin": "https://h.example", "content-type": "application/json"}

    def post(path: str, body: bytes, cookie: str = "") -> asgi_client.Answer:
        peer = (f"203.0.113.{next(peers)}", 1)
        return asgi_client.call(app, "POST", path, {**json, "cookie": cookie}, [body], client=peer)

    statuses = []
    for name in ("alice", "a.lice", "al.ice", "ali.ce"):
        for _ in range(4):
            owed = post("/login", msgspec.json.encode({"username": name, "password": "right"}))
            if cookies := owed.lines("set-cookie"):
                statuses.append(post("/login/code", b'{"code": "000000"}', cookies[0].partition(";")[0]).status)
    assert statuses.count(401) <= 5
    assert statuses.count(429) >= 8
