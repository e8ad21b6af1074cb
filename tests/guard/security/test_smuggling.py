"""Row 7: no trick with headers or paths makes a decision more permissive than it is without the trick."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.guard import asgi_client, wsgi_client
from tests.guard.scripted import NOW, authorization, watched
from tests.verify.jose_tokens import AUDIENCE, ISSUER, signer

from authwhy.causes import Cause
from authwhy.guard import Guard, any_of, api_key, basic, deny, jwt, optional
from authwhy.guard.rules import Rule

ONE = signer("ES256")
TOKEN = ONE.token()
BASIC = authorization("mara", "right")["Authorization"]
Headers = list[tuple[str, str]]


def guard() -> tuple[Guard, list[Any]]:
    return watched(
        jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys),
        api_key("key", lookup=lambda key: "robot" if key == "good" else deny(Cause.WRONG_SECRET)),
        basic("staff", verify=lambda c: {"n": c.username} if c.password == "right" else deny(Cause.WRONG_SECRET)),
        trusted_proxies=["10.0.0.0/8"],
    )


def both(rule: Rule, headers: Headers, path: str = "/orders", **more: Any) -> tuple[int, int]:
    """The statuses of an ASGI and a WSGI service."""
    made, _ = guard()
    rules = {"/orders": rule, "/admin/*": rule, "/public/*": None}
    lower = [(name.lower(), value) for name, value in headers]
    one = asgi_client.call(made.asgi(asgi_client.Endpoint(), rules), "GET", path, lower, **more)
    two = wsgi_client.call(made.wsgi(wsgi_client.Endpoint(), rules), "GET", path, headers)
    return one.status, two.status


@pytest.mark.parametrize(
    ("headers", "asgi", "wsgi"),
    [
        ([("Authorization", f"Bearer {TOKEN}")], 200, 200),  # the plain one
        ([("Authorization", BASIC)], 200, 200),
        ([("X-Api-Key", "good")], 200, 200),
        # doubled and joined
        ([("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}")], 400, 400),
        ([("Authorization", BASIC), ("Authorization", f"Bearer {TOKEN}")], 400, 400),
        ([("Authorization", f"Bearer {TOKEN}, {BASIC}")], 400, 400),
        ([("Authorization", f"{BASIC},{BASIC}")], 400, 400),
        ([("Authorization", f"{BASIC},Bearer {TOKEN}")], 400, 400),
        ([("Authorization", f"x,Bearer {TOKEN}")], 401, 401),
        ([("X-Api-Key", "good"), ("X-Api-Key", "bad")], 400, 400),
        ([("X-Api-Key", "good,bad")], 400, 400),
        ([("X-Api-Key", "good,")], 400, 400),
        ([("Authorization", f"Bearer {TOKEN}"), ("X-Api-Key", "good")], 400, 400),
        # the wrong one first or last
        ([("Authorization", "Bearer x"), ("Authorization", f"Bearer {TOKEN}")], 400, 400),
        ([("Authorization", f"Bearer {TOKEN}"), ("Authorization", "")], 400, 401),
        # other spellings of the scheme
        ([("Authorization", f"Bearer:{TOKEN}")], 401, 401),
        ([("Authorization", f"Bearer\t{TOKEN}")], 401, 401),
        ([("Authorization", f" Bearer {TOKEN}")], 401, 401),
        ([("Authorization", f'Bearer "{TOKEN}"')], 401, 401),
        ([("Authorization", f"Bearer {TOKEN} ")], 401, 401),
        ([("Authorization", TOKEN)], 401, 401),
        # obs-fold, and what a careless server leaves of it
        ([("Authorization", f"Bearer\r\n {TOKEN}")], 401, 401),
        ([("Authorization", f"Bearer {TOKEN}\r\n\tx")], 401, 401),
        ([("X-Api-Key", "good\r\n good")], 401, 401),
        # headers that other systems take for the credential
        ([("Proxy-Authorization", f"Bearer {TOKEN}")], 401, 401),
        ([("X-Authorization", f"Bearer {TOKEN}")], 401, 401),
        ([("X-Forwarded-Authorization", f"Bearer {TOKEN}")], 401, 401),
        ([("X-Forwarded-User", "mara"), ("Remote-User", "mara"), ("X-Remote-User", "mara")], 401, 401),
        ([("Authorization_", f"Bearer {TOKEN}")], 401, 401),
        # hop-by-hop: what a proxy makes of it, it must not make it open
        ([("Connection", "authorization"), ("Authorization", "Bearer x")], 401, 401),
        ([("Connection", "close, x-api-key"), ("X-Api-Key", "bad")], 401, 401),
    ],
)  # fmt: skip
def test_credentials(headers: Headers, asgi: int, wsgi: int) -> None:
    assert both(any_of("token", "key", "staff"), headers) == (asgi, wsgi)


def test_underscores() -> None:
    """ASGI keeps them apart. In an environ they are one name (RFC 3875 section 4.1.18), so two are ambiguous there."""
    assert both("key", [("X_Api_Key", "good")])[0] == 401
    assert both("key", [("X_Api_Key", "good"), ("X-Api-Key", "bad")]) == (401, 400)
    assert both("key", [("X_Api_Key", "bad"), ("X-Api-Key", "good")]) == (200, 400)


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Original-URL", "/public/x")], [("X-Rewrite-URL", "/public/x")], [("X-Forwarded-Uri", "/public/x")],
        [("X-Forwarded-Prefix", "/public")], [("X-Forwarded-Path", "/public/x")], [("X-HTTP-Method-Override", "OPTIONS")],
        [("X-Forwarded-For", "10.0.0.1"), ("X-Real-IP", "127.0.0.1"), ("Forwarded", "for=127.0.0.1")],
        [("X-Forwarded-Host", "localhost"), ("Host", "localhost")], [("X-Forwarded-Proto", "https")],
        [("X-Client-Cert", "x"), ("Client-Cert", ":AAAA:"), ("SSL-Client-Cert", "x"), ("X-SSL-Client-Verify", "SUCCESS")],
        [("Origin", "https://shop.example"), ("Access-Control-Request-Method", "GET")], [("Upgrade", "websocket")],
        [("Content-Length", "0"), ("Transfer-Encoding", "chunked")], [("X-Authwhy", "1"), ("Authwhy", "mara")],
    ],
    ids=lambda headers: headers[0][0],
)  # fmt: skip
def test_headers_that_rewrite(headers: Headers) -> None:
    for rule in (any_of("token", "key"), optional("token")):
        plain = both(rule, [])
        assert both(rule, headers) == plain
        assert both(rule, [("Authorization", "Bearer x"), *headers]) == (401, 401)


PATHS = [
    "/public/../admin/x", "/public/%2e%2e/admin/x", "/public/..%2fadmin/x", "/public//..//admin/x", "/public/..;/admin/x",
    "/public/;/../admin/x", "/public/..\\admin\\x", "/public/..%5cadmin", "/admin;x=1/y", "/admin/../admin/x", "//admin/x",
    "/ADMIN/x", "/admin%2fx", "/admin/%2e/x", "/admin.", "/admin/x%00/../../public/x", "/admin/x;/../../public/x", "/./admin/x",
    "/public/../orders", "/orders;a=b", "/orders/", "/orders%20", "/Orders", "/orders/..;/orders", "/public/%252e%252e/orders",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_paths(path: str) -> None:
    assert all(status in (401, 403) for status in both("token", [], path))


def test_the_address_comes_from_listed_proxies_only() -> None:
    for peer, told in (("192.0.2.7", "192.0.2.7"), ("10.0.0.9", "203.0.113.5")):
        made, events = guard()
        headers = [
            ("X-Forwarded-For", "127.0.0.1, 203.0.113.5"),
            ("X-Real-IP", "127.0.0.1"),
            ("Forwarded", "for=127.0.0.1"),
        ]
        lower = [(name.lower(), value) for name, value in headers]
        asgi_client.call(made.asgi(asgi_client.Endpoint(), {"/*": "token"}), headers=lower, client=(peer, 1))
        wsgi_client.call(made.wsgi(wsgi_client.Endpoint(), {"/*": "token"}), headers=headers, REMOTE_ADDR=peer)
        assert [event.address for event in events] == [told, told]


NAMES = st.sampled_from(
    ["authorization", "x-api-key", "authorization_", "x_api_key", "connection", "x-forwarded-for", "x-original-url", "cookie", "te"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["Bearer x", "Bearer ", "", "bad", "bad,bad", "Basic eDp4", "Basic", "Bearer x, Basic eDp4", "a=1", "/public/x", "authorization"]
)  # fmt: skip


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5), st.sampled_from(["/orders", *PATHS]), st.booleans())
def test_without_a_good_credential_nothing_opens(headers: Headers, path: str, perhaps: bool) -> None:
    """Anonymous only where that is allowed, and then only if no credential was sent at all."""
    rule = optional("token", "key", "staff") if perhaps else any_of("token", "key", "staff")
    sent = {name.replace("_", "-") for name, value in headers}
    for status, names in zip(both(rule, headers, path), ({name for name, _ in headers}, sent), strict=True):
        if not perhaps or names & {"authorization", "x-api-key"}:
            assert status in (400, 401, 403)
    assert NOW
