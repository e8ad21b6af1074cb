"""Whatever is used once, at two services that share a Redis server: exactly one success, in turn and at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, accepts, binary, free_port
from tests.guard.security.one_time import KINDS, Sending

from authwhy.stores.redis import RedisSeen, RedisServer

pytestmark = pytest.mark.e2e
pytest.importorskip("redis", reason="the redis package is not installed")
EACH = 25


@pytest.fixture(scope="module")
def url(start: Start, home: Path) -> str:
    """A server for all tests."""
    port = free_port()
    words = [binary("redis-server"), "--port", str(port), "--bind", HOST, "--save", "", "--dir", str(home)]
    start(words, lambda _: accepts(port))
    return f"redis://{HOST}:{port}/0"


@pytest.fixture
def services(url: str, request: pytest.FixtureRequest) -> Iterator[list[Sending]]:
    """Two of one kind, each with connections of its own."""
    doors = [RedisServer(url, key=b"the key of this test", timeout_s=20) for _ in range(2)]
    doors[0].client.flushall()
    made = [KINDS[request.param](RedisSeen(door)) for door in doors]
    yield made
    for one in made:
        one.guard.close()
    for door in doors:
        door.close()


EVERY = pytest.mark.parametrize("services", KINDS, indirect=True)


@EVERY
def test_in_turn(services: list[Sending]) -> None:
    """Used at one, used up at the other."""
    first, second = services
    assert [*first.in_turn(1), *second.in_turn(2), *first.in_turn(1)] == [True, False, False, False]


@EVERY
def test_in_threads(services: list[Sending]) -> None:
    """Half of them at each service."""
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(one.in_threads, EACH) for one in services]
        found = [good for job in jobs for good in job.result()]
    assert (found.count(True), len(found)) == (1, 2 * EACH)


@EVERY
def test_in_one_loop(services: list[Sending]) -> None:
    """The same, awaited."""

    async def go() -> list[Any]:
        return await asyncio.gather(*(one.guard.world.run(one.attempt()) for _ in range(EACH) for one in services))

    found = [services[0].good(each) for each in asyncio.run(go())]
    assert (found.count(True), len(found)) == (1, 2 * EACH)
