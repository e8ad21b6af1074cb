"""Keys from the network: fetched when asked for, used while the provider is away, and said to be old then."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from tests.stores.loopback_site import Reply, Site, site
from tests.verify.jose_tokens import signer

from authwhy.causes import Cause
from authwhy.guard import Accepted, Denied, Guard, View, jwt
from authwhy.guard.schemes.fetched_keys import Fetched
from authwhy.model.event import Event
from authwhy.verify.flow import Unavailable
from authwhy.verify.jwk import KeySet

KEY = signer("ES256")
KEYS = Reply(json.dumps({"keys": [KEY.jwk]}).encode())


class Clock:
    """Seconds that pass when a test says so."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as running:
        running.says(KEYS)
        yield running


def source(server: Site, clock: Clock) -> Fetched:
    """A source that asks this server."""
    return Fetched(server.origin + "/jwks", "", (server.origin,), clock)


def test_fetched_when_asked_for(server: Site) -> None:
    keys = source(server, Clock())
    assert (keys.current, keys.version, server.count) == (None, 0, 0)
    assert isinstance(keys.get(None), KeySet)
    assert isinstance(keys.current, KeySet)
    assert (keys.version, keys.overdue_s, server.count) == (1, None, 1)
    keys.close()


def test_an_issuer_names_its_keys(server: Site) -> None:
    metadata = {"issuer": server.origin, "jwks_uri": f"{server.origin}/jwks"}
    server.answer = lambda request: KEYS if request.path == "/jwks" else Reply(json.dumps(metadata).encode())
    keys = Fetched(None, server.origin, (server.origin,))
    assert isinstance(keys.get(None), KeySet)
    keys.close()


def test_no_provider_is_no_key(server: Site) -> None:
    server.says(Reply(status=500))
    keys = source(server, Clock())
    assert isinstance(keys.get(None), Unavailable)
    keys.close()


def test_old_keys_go_on_and_each_event_says_so(server: Site) -> None:
    """Also for a token that was accepted before, which then takes the long way."""
    clock, told = Clock(), list[Event]()
    keys = source(server, clock)
    guard = Guard(jwt("token", keys=keys), events=[told.append])
    view = {"Authorization": f"Bearer {KEY.token(exp=int(time.time()) + 600)}"}
    assert isinstance(guard.decide_sync(View.of("GET", "/", view)), Accepted)
    server.says(Reply(status=500))
    clock.now += 700
    for _ in range(2):
        assert isinstance(guard.decide_sync(View.of("GET", "/", view)), Accepted)
    assert [event.notes for event in told] == [(), ("stale_keys",), ("stale_keys",)]
    assert told[-1].facts["keys_age_s"] == 700
    clock.now += 90_000
    denied = guard.decide_sync(View.of("GET", "/", view))
    assert isinstance(denied, Denied)
    assert (denied.status, denied.cause) == (503, Cause.PROVIDER_ERROR)
    guard.close()
