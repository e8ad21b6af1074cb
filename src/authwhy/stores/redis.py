"""Shared state on a Redis or Valkey server, for services that run in several processes.

Names are keyed digests: who reads the server's memory learns neither identities nor addresses nor session ids.
The server must not evict keys (`maxmemory-policy noeviction`), or a one-time value could be used twice; and what a
replica had not yet copied when it took over is lost. On a cluster all keys of one call must share a slot: use a
prefix in braces, such as `{authwhy}:`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from authwhy.stores.digest import digest
from authwhy.stores.interface import Problem, StoreUnavailable
from authwhy.stores.session_data import pack, unpack

MARGIN_S = 60
"""One-time values are kept this much longer, for the differences between the clocks of several machines."""
_MAX_TTL_S = 10 * 366 * 86_400  # Redis refuses times that overflow

_PUT = """
if redis.call('GET', KEYS[1]) == '' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1"""
_TOUCH = """
if redis.call('STRLEN', KEYS[1]) == 0 then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])"""
_REVOKE = """
if redis.call('STRLEN', KEYS[1]) == 0 then return 0 end
redis.call('SET', KEYS[1], '', 'KEEPTTL')
return 1"""


class RedisServer:
    """A connection pool and the key for names. Safe to share between threads and stores; connects when first used.

    `key` is a secret of 16 to 64 bytes, the same in every process. `timeout_s` bounds connecting and each answer;
    a command that broke with its connection is sent once more, so that an outage costs at most twice that.

    Raises ValueError for another key length or an address that cannot be read, ImportError without the redis package.
    """

    def __init__(self, url: str, *, key: bytes, prefix: str = "authwhy:", timeout_s: float = 0.25) -> None:
        if not 16 <= len(key) <= 64:
            raise ValueError("key must have 16 to 64 bytes")
        try:
            redis: Any = import_module("redis")
            no_delay = import_module("redis.backoff").NoBackoff()
            once = import_module("redis.retry").Retry(no_delay, 1)
        except ImportError:
            raise ImportError("RedisServer needs the redis package: pip install 'authwhy[redis]'") from None
        self._key, self._prefix = key, prefix.encode()
        self._error, self._connection = redis.RedisError, redis.ConnectionError
        self._denied, self._timeout = redis.AuthenticationError, redis.TimeoutError
        self.client: Any = redis.Redis.from_url(
            url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=once
        )

    def name(self, kind: str, *parts: str) -> bytes:
        """The key under which something is kept."""
        return self._prefix + kind.encode() + b":" + digest(kind, *parts, key=self._key).hex().encode()

    def script(self, text: str) -> Callable[[Sequence[bytes], Sequence[object]], Any]:
        """A Lua script as a call: keys, arguments. It is sent once and then named by its digest."""
        script = self.client.register_script(text)
        return lambda keys, arguments: self.ask(script, keys, arguments)

    def ask(self, command: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """The server's answer. Raises StoreUnavailable."""
        try:
            return command(*arguments, **options)
        except self._timeout as error:
            raise StoreUnavailable("redis", "timeout") from error
        except self._connection as error:
            problem: Problem = "refused" if isinstance(error, self._denied) else "unreachable"
            raise StoreUnavailable("redis", problem) from error
        except self._error as error:
            raise StoreUnavailable("redis", "refused") from error

    def close(self) -> None:
        """Close every connection."""
        self.client.close()


class RedisSeen:
    """One-time values."""

    blocking = True

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    def seen(self, scope: str, value: str, until: float, now: float) -> bool:
        """SET NX EX with a mark of this call, so that a command sent again does not take itself for a replay."""
        name, mark = self._server.name("seen", scope, value), os.urandom(8)
        ttl = min(max(math.ceil(until - now), 1) + MARGIN_S, _MAX_TTL_S)
        client = self._server.client
        if self._server.ask(client.set, name, mark, ex=ttl, nx=True):
            return False
        return bool(self._server.ask(client.get, name) != mark)


class RedisRevoked:
    """Revocations; each leaves the server when what it names has expired by itself."""

    blocking = True

    def __init__(self, server: RedisServer) -> None:
        self._server = server

    def is_revoked(self, issuer: str | None, name: str) -> bool:
        """Is it on the list?"""
        return bool(self._server.ask(self._server.client.exists, self._name(issuer, name)))

    def revoke(self, issuer: str | None, name: str, until: float, now: float) -> None:
        """Put it on the list; of two times the later counts."""
        ttl = min(max(math.ceil(until - now), 1) + MARGIN_S, _MAX_TTL_S)
        key, client = self._name(issuer, name), self._server.client
        if not self._server.ask(client.set, key, b"1", ex=ttl, nx=True):
            self._server.ask(client.expire, key, ttl, gt=True)

    def _name(self, issuer: str | None, name: str) -> bytes:
        return self._server.name("revoked", *(() if issuer is None else (issuer,)), name)


class RedisSessions:
    """Sessions; the server's clock ends them. An empty value marks a revoked one until it would have expired."""

    blocking = True

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._put, self._touch, self._revoke = (server.script(text) for text in (_PUT, _TOUCH, _REVOKE))

    def get(self, session: str, now: float) -> dict[str, object] | None:
        """A copy of the data."""
        packed = self._server.ask(self._server.client.get, self._server.name("session", session))
        return unpack(packed) if packed else None

    def put(self, session: str, data: Mapping[str, object], until: float, now: float) -> bool:
        """Create or replace; False for a revoked id."""
        return bool(self._put([self._server.name("session", session)], [pack(data), _milliseconds(until - now)]))

    def touch(self, session: str, until: float, now: float) -> bool:
        """Let it live until then."""
        return bool(self._touch([self._server.name("session", session)], [_milliseconds(until - now)]))

    def revoke(self, session: str, now: float) -> bool:
        """End it; the mark stays as long as the session would have."""
        return bool(self._revoke([self._server.name("session", session)], []))


def _milliseconds(seconds: float) -> int:
    return min(max(math.ceil(seconds * 1000), 1), _MAX_TTL_S * 1000)
