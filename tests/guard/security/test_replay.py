"""Row 10, replay: a one-time token twice, one after the other and fifty at once, gives exactly one success."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.guard import asgi_client, wsgi_client
from tests.guard.scripted import NOW, watched
from tests.verify.jose_tokens import AUDIENCE, ISSUER, signer

from authwhy.causes import Cause
from authwhy.guard import Denied, View, any_of, jwt
from authwhy.stores.memory import MemorySeen

ONE = signer("ES256")


def one_time(**more: Any) -> Any:
    store = MemorySeen()
    return watched(
        jwt(
            "token",
            issuer=ISSUER,
            audience=AUDIENCE,
            keys=ONE.keys,
            seen=lambda scope, value, until: store.seen(scope, value, until, NOW),
            **more,
        )
    )


def view(token: str) -> View:
    return View.of("GET", "/", {"Authorization": f"Bearer {token}"})


def test_one_after_the_other() -> None:
    made, events = one_time()
    token = ONE.token()
    decisions = [made.decide_sync(view(token)) for _ in range(3)]
    assert [one.accepted for one in decisions] == [True, False, False]
    assert [event.cause for event in events] == [None, Cause.REPLAYED, Cause.REPLAYED]
    assert isinstance(decisions[1], Denied)
    assert decisions[1].code == "invalid_token"
    assert made.decide_sync(view(ONE.token(jti="another"))).accepted


def test_fifty_at_once_in_a_loop() -> None:
    made, _ = one_time()
    token = ONE.token()

    async def go() -> list[Any]:
        return await asyncio.gather(*(made.decide(view(token)) for _ in range(50)))

    assert [one.accepted for one in asyncio.run(go())].count(True) == 1


def test_fifty_at_once_in_threads() -> None:
    made, _ = one_time()
    token = ONE.token()
    with ThreadPoolExecutor(16) as threads:
        decisions = list(threads.map(lambda _: made.decide_sync(view(token)), range(50)))
    assert [one.accepted for one in decisions].count(True) == 1


def test_through_the_adapters() -> None:
    made, _ = one_time(cookie="sid")
    endpoints = asgi_client.Endpoint(), wsgi_client.Endpoint()
    asgi, wsgi = made.asgi(endpoints[0], {"/*": "token"}), made.wsgi(endpoints[1], {"/*": any_of("token")})
    token = ONE.token()
    statuses = []
    for _ in range(3):
        statuses.append(asgi_client.call(asgi, headers={"authorization": f"Bearer {token}"}).status)
        statuses.append(wsgi_client.call(wsgi, headers={"Authorization": f"Bearer {token}"}).status)
        statuses.append(asgi_client.call(asgi, headers={"cookie": f"sid={token}"}).status)
    assert statuses == [200] + [401] * 8
    assert len(endpoints[0].decisions) + len(endpoints[1].decisions) == 1


@pytest.mark.parametrize("claims", [{"exp": 1}, {"aud": "other"}, {"iss": "https://evil.example"}, {"nbf": NOW + 9}])
def test_a_refused_token_is_not_spent(claims: dict[str, object]) -> None:
    """Or anybody could spend somebody else's."""
    made, _ = one_time()
    assert not made.decide_sync(view(ONE.token(**claims))).accepted
    assert not made.decide_sync(view(signer("ES256", "k1", 1).token())).accepted
    assert made.decide_sync(view(ONE.token())).accepted


def test_a_token_without_a_name_or_an_end_is_not_one_time() -> None:
    made, _ = one_time(required=())
    for claims in ({"jti": None}, {"exp": None}):
        denied = made.decide_sync(view(ONE.token(**claims)))
        assert isinstance(denied, Denied)
        assert denied.cause is Cause.MISSING_CLAIM
