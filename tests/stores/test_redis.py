"""The Redis door without a server: what it refuses, and what an outage looks like. The rest is tests/e2e."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from tests.e2e.loopback import free_port

from authwhy.causes import Cause
from authwhy.stores.interface import StoreUnavailable
from authwhy.stores.redis import RedisRevoked, RedisSeen, RedisServer, RedisSessions

KEY = b"canary-key-canary-key"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A door to a port where nobody listens."""
    pytest.importorskip("redis", reason="the redis package is not installed")
    door = RedisServer(f"redis://user:canary-password@127.0.0.1:{free_port()}/0", key=KEY)
    yield door
    door.close()


CALLS: list[Callable[[RedisServer], object]] = [
    lambda door: RedisSeen(door).seen("canary-scope", "canary-value", 10, 0),
    lambda door: RedisRevoked(door).is_revoked("canary-issuer", "canary-name"),
    lambda door: RedisRevoked(door).revoke(None, "canary-name", 10, 0),
    lambda door: RedisSessions(door).get("canary-session", 0),
    lambda door: RedisSessions(door).put("canary-session", {"canary": "canary"}, 10, 0),
    lambda door: RedisSessions(door).touch("canary-session", 10, 0),
    lambda door: RedisSessions(door).revoke("canary-session", 0),
]


@pytest.mark.parametrize("call", CALLS)
def test_nobody_listens(server: RedisServer, call: Callable[[RedisServer], object]) -> None:
    """A typed outage without a name or a secret in it."""
    with pytest.raises(StoreUnavailable, match="unreachable") as caught:
        call(server)
    assert caught.value.cause is Cause.PROVIDER_UNREACHABLE
    assert "canary" not in f"{caught.value} {caught.value.facts} {caught.value.__cause__} {server!r}"


def test_somebody_listens_and_says_nothing() -> None:
    """Waiting ends."""
    pytest.importorskip("redis", reason="the redis package is not installed")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        door = RedisServer(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", key=KEY, timeout_s=0.05)
        with pytest.raises(StoreUnavailable, match="timeout"):
            RedisSeen(door).seen("jti", "n", 10, 0)
        door.close()


def test_names_tell_nothing(server: RedisServer) -> None:
    """And depend on the key, the kind and every part."""
    other = RedisServer("redis://127.0.0.1", key=b"another-key-another-key")
    names = [
        server.name("seen", "a", "b"),
        server.name("seen", "ab"),
        server.name("known", "a", "b"),
        other.name("seen", "a", "b"),
    ]
    assert len({name.rpartition(b":")[2] for name in names}) == 4
    assert names[0].startswith(b"authwhy:seen:")
    assert names[0] == server.name("seen", "a", "b")


@pytest.mark.parametrize("key", [b"", b"k" * 15, b"k" * 65])
def test_keys_that_cannot_work(key: bytes) -> None:
    """Too short to be secret, or longer than BLAKE2b takes."""
    with pytest.raises(ValueError, match="16 to 64 bytes"):
        RedisServer("redis://127.0.0.1", key=key)


def test_without_the_package_it_says_what_to_install() -> None:
    """And importing the module does not need it."""
    script = (
        "import sys; sys.modules['redis'] = None\n"
        "from authwhy.stores.redis import RedisServer\n"
        "try: RedisServer('redis://127.0.0.1', key=b'k' * 16)\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "pip install 'authwhy[redis]'" in done.stdout


def test_importing_it_does_not_import_the_client() -> None:
    """That costs half a second."""
    script = "import sys, authwhy.stores.redis_failures; print('redis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
