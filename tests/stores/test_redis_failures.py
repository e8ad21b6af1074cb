"""Failures on Redis without a server; the rules and the races are in tests/e2e/test_redis_stores.py."""

from __future__ import annotations

import pytest
from tests.e2e.loopback import free_port
from tests.stores.failure_model import claim

from authwhy.stores.interface import Claim, Counter, Held, StoreUnavailable, Window
from authwhy.stores.redis import RedisServer
from authwhy.stores.redis_failures import RedisFailures


def test_every_call_reports_an_outage() -> None:
    """Typed, so that the throttle can be open or closed."""
    pytest.importorskip("redis", reason="the redis package is not installed")
    door = RedisServer(f"redis://127.0.0.1:{free_port()}/0", key=b"k" * 16)
    store = RedisFailures(door)
    full = claim("a1", "alice")
    single = Claim(Window(900, 30, 3600), (Counter("address", "a1", 3),))
    for held in (Held(full, "1", known=False), Held(full, "1", known=True), Held(single, "1", known=False)):
        with pytest.raises(StoreUnavailable):
            store.reserve(held.claim, 0)
        with pytest.raises(StoreUnavailable):
            store.fail(held, 0)
        with pytest.raises(StoreUnavailable):
            store.release(held, 0)
        with pytest.raises(StoreUnavailable):
            store.forgive(held, 10, 0)
        with pytest.raises(StoreUnavailable):
            store.clear(held.counters)
    door.close()
