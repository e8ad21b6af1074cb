"""Key sets under attack and in an outage: guard's JwksStore against PyJWT's PyJWKClient, in process, in one run.

A rotated key, on a quiet store and right after a flood of 200 invented key ids; and a key server that hangs while the
set is overdue and tokens with known and unknown key ids come together. The event loop's stall is the longest gap
between two ticks of a task beside the requests. Run: python bench/guard_keys.py
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt as pyjwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from authwhy.guard import Guard, jwt
from authwhy.guard.view import View
from authwhy.stores.jwks import JwksStore

ISSUER, AUDIENCE = "https://id.example", "orders"
UNKNOWN, KNOWN = 200, 5
TIMEOUT_S, LIFETIME_S, TICK_S = 0.5, 1.0, 0.001
KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("k1", "k2", "stranger")}
Check = Callable[[str], Awaitable[bool]]


def token(kid: str, key: str) -> str:
    """A token by one of the keys."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": kid, "exp": int(time.time()) + 3_600}
    return pyjwt.encode(claims, KEYS[key], algorithm="ES256", headers={"kid": kid})


class KeyServer(ThreadingHTTPServer):
    """Answers with the key set of the moment, counts, and hangs on request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/keys"
        self.fetches = 0
        self.names: tuple[str, ...] = ("k1",)
        self.answering = threading.Event()
        self.answering.set()

    def body(self) -> bytes:
        """The key set."""
        every = []
        for name in self.names:
            public = ECAlgorithm.to_jwk(KEYS[name].public_key(), as_dict=True)
            every.append({**public, "kid": name, "alg": "ES256", "use": "sig"})
        return json.dumps({"keys": every}).encode()


class _Handler(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        self.server.fetches += 1
        self.server.answering.wait()
        body = self.server.body()
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/jwk-set+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # who asked has given up

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


@contextmanager
def key_server() -> Iterator[KeyServer]:
    """A key server on loopback."""
    server = KeyServer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.answering.set()
        server.shutdown()
        thread.join()
        server.server_close()


# the ways


@contextmanager
def by_guard(url: str) -> Iterator[Check]:
    """Guard; a lifetime shorter than the least it would take from a provider, so that the set is soon overdue."""
    store = JwksStore(url, allow_http=(url.removesuffix("/keys"),), timeout_s=TIMEOUT_S, shortest_s=LIFETIME_S,
                      longest_s=LIFETIME_S)  # fmt: skip
    guard = Guard(jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=store))

    async def check(text: str) -> bool:
        return (await guard.decide(View.of("GET", "/", {"Authorization": f"Bearer {text}"}))).accepted

    try:
        yield check
    finally:
        guard.close()


def _decoder(url: str) -> Callable[[str], bool]:
    client = pyjwt.PyJWKClient(url, lifespan=int(LIFETIME_S), timeout=TIMEOUT_S)

    def check(text: str) -> bool:
        try:
            key = client.get_signing_key_from_jwt(text).key
            return bool(pyjwt.decode(text, key, algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER))
        except pyjwt.PyJWTError:
            return False

    return check


@contextmanager
def by_pyjwt(url: str) -> Iterator[Check]:
    """PyJWT as most async services call it: inline."""
    decode = _decoder(url)

    async def check(text: str) -> bool:
        return decode(text)

    yield check


@contextmanager
def by_pyjwt_in_thread(url: str) -> Iterator[Check]:
    """PyJWT in a thread."""
    decode = _decoder(url)

    async def check(text: str) -> bool:
        return await asyncio.to_thread(decode, text)

    yield check


WAYS = {"guard": by_guard, "PyJWKClient, inline": by_pyjwt, "PyJWKClient, to_thread": by_pyjwt_in_thread}


# the measurements


class Ticker:
    """The longest time the event loop did not come round, in s."""

    def __init__(self) -> None:
        self.stall = 0.0
        self._task: asyncio.Task[None] | None = None

    async def _tick(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.perf_counter()
            self.stall, last = max(self.stall, now - last - TICK_S), now

    async def __aenter__(self) -> Ticker:
        self._task = asyncio.create_task(self._tick())
        await asyncio.sleep(10 * TICK_S)
        self.stall = 0.0
        return self

    async def __aexit__(self, *raised: object) -> None:
        assert self._task is not None
        await asyncio.sleep(10 * TICK_S)
        self._task.cancel()


async def _all(check: Check, texts: Iterable[str]) -> tuple[list[bool], list[float]]:
    """Answers and when (s) they came, all asked at once."""
    started = time.perf_counter()

    async def one(text: str) -> tuple[bool, float]:
        return await check(text), time.perf_counter() - started

    found = await asyncio.gather(*(one(text) for text in texts))
    return [good for good, _ in found], [at for _, at in found]


async def measured(way: str) -> None:
    """Print one way's figures."""
    with key_server() as server, WAYS[way](server.url) as check:
        assert await check(token("k1", "k1"))
        server.names = ("k1", "k2")
        fetched = server.fetches
        rotated = await check(token("k2", "k2"))
        print(f"  {way}\n    rotated key, quiet: {_said(rotated)} after {server.fetches - fetched} fetches")
    with key_server() as server, WAYS[way](server.url) as check:
        assert await check(token("k1", "k1"))
        fetched = server.fetches
        async with Ticker() as ticker:
            good, _ = await _all(check, [token(f"unknown-{n}", "stranger") for n in range(UNKNOWN)])
        assert not any(good)
        print(f"    {UNKNOWN} unknown kids: {server.fetches - fetched} fetches, stall {ticker.stall * 1e3:.0f} ms")
        server.names = ("k1", "k2")
        rotated = await check(token("k2", "k2"))
        print(f"    rotated key right after them: {_said(rotated)}")
    with key_server() as server, WAYS[way](server.url) as check:
        assert await check(token("k1", "k1"))
        await asyncio.sleep(1.1 * LIFETIME_S)
        server.answering.clear()
        fetched = server.fetches
        texts = [text for n in range(KNOWN) for text in (token(f"more-{n}", "stranger"), token("k1", "k1"))]
        async with Ticker() as ticker:
            good, at = await _all(check, texts)
        known = good[1::2]
        print(
            f"    key server hangs, set overdue: {sum(known)} of {KNOWN} known tokens accepted, the last answer to one"
            f" after {max(at[1::2]) / TIMEOUT_S:.3f} timeouts, loop stalled {ticker.stall / TIMEOUT_S:.4f} timeouts,"
            f" {server.fetches - fetched} fetches"
        )


def _said(accepted: bool) -> str:
    return "accepted" if accepted else "refused"


def main() -> None:
    """Target 8."""
    print(f"a timeout is {TIMEOUT_S} s, the set's lifetime {LIFETIME_S} s; PyJWT {pyjwt.__version__}")
    for way in WAYS:
        asyncio.run(measured(way))


if __name__ == "__main__":
    main()
