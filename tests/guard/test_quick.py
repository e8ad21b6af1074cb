"""The shortcut gives exactly what the whole way gives: answer, decision and event."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.guard.asgi_client import Answer, Endpoint, acall, call
from tests.guard.scripted import NOW
from tests.verify.jose_tokens import AUDIENCE, ISSUER, signer

from authwhy.guard import Guard, any_of, api_key, basic, custom, deny, jwt, need, optional, skip
from authwhy.guard.asgi import AsgiGuard
from authwhy.guard.quick import shortcut
from authwhy.guard.rules import Rule
from authwhy.model.event import Event

ONE = signer("ES256")
GOOD = ONE.token()
TOKENS = [
    GOOD,
    ONE.token(exp=NOW + 0.5),
    ONE.token(exp=NOW - 1),
    ONE.token(nbf=NOW + 60),
    ONE.token(nbf=NOW - 0.5),
    ONE.token(aud="other"),
    ONE.token(iss="https://evil.example"),
    ONE.token(scope="admin", acr="mfa", auth_time=NOW - 10),
    ONE.token(sub=7),
    ONE.token(cnf={"jkt": "x" * 43}),
    signer("ES256", number=1).token(),
    signer("ES256", "other").token(),
    signer("HS256").token(),
    GOOD[:-4],
    GOOD + ",x",
    "",
    "a.b.c",
    "x" * 20_000,
]
RULES: list[Rule] = [
    "token",
    "key",
    any_of("token", "key"),
    any_of("key", "token"),
    any_of("staff", "token"),
    optional("token"),
    optional("key", "token"),
    need("token", scope="orders:read"),
    need("token", scope="admin", acr="mfa", max_age=60),
    need(any_of("key", "token"), scope="admin"),
    need(optional("token"), scope="admin"),
]
VALUES = st.one_of(
    st.sampled_from(TOKENS).map("Bearer {}".format),
    st.sampled_from(TOKENS).map("bearer {}".format),
    st.sampled_from(TOKENS).map("Bearer  {}".format),
    st.sampled_from(TOKENS),
    st.sampled_from(
        ["Bearer", "Bearer:x", "Bearer\tx", "Basic eDp5", "Hawk x", "", f"Bearer {GOOD}, Basic eDp5", "Bearer é"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30).map("Bearer {}".format),
)
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.just("authorization"), VALUES),
        st.tuples(st.just("x-api-key"), st.sampled_from(["good", "bad", "a,b", ""])),
        st.tuples(st.just("authorization_"), VALUES),
        st.sampled_from(
            [
                ("sec-fetch-mode", "cors"), ("sec-fetch-mode", "navigate"), ("x-requested-with", "XMLHttpRequest"),
                ("cookie", "a=1"), ("user-agent", "curl/8\x1b"), ("accept", "text/html"), ("x-forwarded-for", "198.51.100.1"),
                ("origin", "https://shop.example"), ("access-control-request-method", "GET"),
            ]
        ),
    ),
    max_size=3,
)  # fmt: skip
SETTINGS: list[dict[str, Any]] = [
    {},
    {"strict": True},
    {"malformed_status": 400, "resource_metadata": "https://api.example/x", "trusted_proxies": ["192.0.2.0/24"]},
]


def made(told: bool, rule: Rule, **more: Any) -> tuple[AsgiGuard, Endpoint, list[Event]]:
    events: list[Event] = []
    guard = Guard(
        jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys, realm="shop"),
        api_key("key", lookup=lambda key: "robot" if key == "good" else deny("wrong_secret"), inline=True),
        basic("staff", verify=lambda credential: deny("wrong_secret")),
        events=[events.append] if told else [],
        clock=lambda: NOW + 0.25,
        fingerprint_key=b"k" * 32,
        **more,
    )
    endpoint = Endpoint()
    return guard.asgi(endpoint, {"/*": rule}), endpoint, events


def shape(answer: Answer, endpoint: Endpoint, events: list[Event]) -> Any:
    """All that can be seen, but for what differs from one request to the next."""
    decisions = [
        None if one is None else (one.principal, one.provider, one.principals, one.claims, one.scope, one.headers)
        for one in endpoint.decisions
    ]
    told = []
    for event in events:
        fields = dict(event) | {"ref": None, "duration_us": None}
        told.append(fields)
    body = answer.problem() | {"ref": None} if answer.status >= 400 and answer.body else answer.body
    return answer.status, answer.headers, body, decisions, told


@given(
    st.sampled_from(RULES), st.sampled_from(SETTINGS), st.booleans(), st.lists(HEADERS, min_size=1, max_size=4),
    st.sampled_from(["GET", "POST", "HEAD", "OPTIONS"]),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_same(rule: Rule, more: dict[str, Any], told: bool, requests: list[list[tuple[str, str]]], method: str) -> None:
    short, long = made(told, rule, **more), made(told, rule, **more)
    vars(long[0])["_shorten"] = lambda *_: None

    async def go() -> None:
        for headers in [*requests, *requests]:
            seen = []
            for app, endpoint, events in (short, long):
                endpoint.decisions.clear()
                events.clear()
                seen.append(shape(await acall(app, method, "/orders", headers), endpoint, events))
            assert seen[0] == seen[1]
            assert long[0]._short == {}

    asyncio.run(go())


ODD = [
    "Bearer",
    "Bearer:x",
    "Bearer\tx",
    "Basic eDp5",
    "Hawk x",
    "",
    f"Bearer {GOOD}, Basic eDp5",
    f"Bearer  {GOOD}",
    GOOD,
]


@pytest.mark.parametrize(
    "rule", ["token", any_of("key", "token"), need("token", scope="admin"), optional("token")], ids=str
)
def test_same_for_every_kind_of_token(rule: Rule) -> None:
    """Each three times: unknown, remembered, remembered again."""
    short, long = made(True, rule), made(True, rule)
    vars(long[0])["_shorten"] = lambda *_: None

    async def go() -> None:
        for value in [*map("Bearer {}".format, TOKENS), *ODD]:
            for _ in range(3):
                seen = []
                for app, endpoint, events in (short, long):
                    endpoint.decisions.clear()
                    events.clear()
                    seen.append(shape(await acall(app, "GET", "/orders", {"authorization": value}), endpoint, events))
                assert seen[0] == seen[1], value

    asyncio.run(go())


def test_it_is_taken() -> None:
    """Or the test above would compare the whole way with itself."""
    for rule in ("token", "key", any_of("token", "key"), optional("token"), need("token", scope="orders:read")):
        app, _, _ = made(False, rule)
        call(app, "GET", "/orders")
        assert app._short["/orders"] is not None


def test_it_is_not_taken() -> None:
    token = jwt("token", keys=ONE.keys)
    guard = Guard(
        token, jwt("other", keys=ONE.keys), jwt("cookie", keys=ONE.keys, cookie="sid"), api_key("q", lookup=len, query="k"),
        custom("mine", lambda view: None),
    )  # fmt: skip
    for rule in (
        any_of("token", "other"),
        "cookie",
        "q",
        "mine",
        any_of("token", "mine"),
        skip("token", lambda view: True),
    ):
        assert shortcut(guard, rule) is None


class Failing:
    """A key store of the application that breaks after its first answers."""

    fixed = False

    def __init__(self) -> None:
        self.works = True

    @property
    def version(self) -> int:
        return 1

    @property
    def current(self) -> Any:
        if not self.works:
            raise RuntimeError("canary")
        return ONE.keys

    def get(self, kid: str | None) -> Any:
        return self.current

    def close(self) -> None: ...


@pytest.mark.parametrize("told", [True, False])
def test_a_key_store_that_breaks_is_an_outage_here_too(told: bool) -> None:
    events: list[Event] = []
    keys = Failing()
    guard = Guard(jwt("token", keys=keys, cache=0), events=[events.append] if told else [], clock=lambda: float(NOW))
    app = guard.asgi(endpoint := Endpoint(), {"/*": "token"})
    headers = {"authorization": f"Bearer {GOOD}"}
    assert [call(app, headers=headers).status for _ in range(2)] == [200, 200]
    keys.works = False
    answer = call(app, headers=headers)
    assert (answer.status, answer.problem()["code"], len(endpoint.decisions)) == (503, "unavailable", 2)
    assert b"canary" not in answer.body
    assert not told or events[-1].kind == "error"
