"""Row 8: what is too long is refused before it costs anything, and hashing holds nobody else up."""

from __future__ import annotations

import asyncio
import base64
import hmac
import threading
from typing import Any

import pytest
from tests.guard.asgi_client import Endpoint, acall
from tests.guard.scripted import authorization, hashed, watched
from tests.verify.jose_tokens import AUDIENCE, CLAIMS, ISSUER, b64, segment, signer

from authwhy.causes import Cause
from authwhy.guard import Denied, View, any_of, api_key, basic, deny, jwt
from authwhy.verify import algorithms, password
from authwhy.verify.basic_account import Account

ONE = signer("ES256")
MB = 1_000_000
STORED = hashed("right")


class Never(Exception):
    """Something costly was done."""


@pytest.fixture
def _nothing_costly(monkeypatch: pytest.MonkeyPatch) -> None:
    """No password hash, no signature, and no digest of anything long."""

    def never(*_: object, **__: object) -> Any:
        raise Never

    monkeypatch.setattr(password.Passwords, "check", never)
    for name in ("_hmac_check", "_ecdsa_check"):
        monkeypatch.setattr(algorithms, name, lambda *_: never)
    plain: Any = hmac.digest

    def digest(key: bytes, octets: bytes, name: str) -> Any:
        if len(octets) > 200_000:
            raise Never
        return plain(key, octets, name)

    monkeypatch.setattr(hmac, "digest", digest)
    from authwhy.guard import quick, token_cache

    def sha256(octets: bytes) -> Any:
        if len(octets) > 200_000:
            raise Never
        from hashlib import sha256 as real

        return real(octets)

    monkeypatch.setattr(token_cache, "sha256", sha256)
    if hasattr(quick, "sha256"):
        monkeypatch.setattr(quick, "sha256", sha256)


def guard() -> Any:
    return watched(
        jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys),
        api_key("key", lookup=lambda key: deny(Cause.WRONG_SECRET)),
        basic("staff", account=lambda name: Account("mara", STORED)),
    )


PBES2 = {"alg": "PBES2-HS256+A128KW", "p2c": 2**31, "p2s": "x", "enc": "A128GCM"}
COSTLY = {
    "password": authorization("mara", "x" * MB),
    "name": authorization("x" * MB, "right"),
    "no colon": {"Authorization": "Basic " + base64.b64encode(b"x" * MB).decode()},
    "token": {"Authorization": "Bearer " + "x" * (10 * MB)},
    "dots": {"Authorization": "Bearer " + "." * (10 * MB)},
    "commas": {"Authorization": "Bearer " + "," * (10 * MB)},
    "blanks": {"Authorization": "Bearer x," + " " * (10 * MB)},
    "words": {"Authorization": "Bearer " + ", a" * (3 * MB)},
    "bare": {"Authorization": "a.b." + "c" * (10 * MB)},
    "segments": {"Authorization": f"Bearer {'A' * MB}.{'A' * MB}.{'A' * MB}"},
    "key": {"X-Api-Key": "k" * (10 * MB)},
    "keys": {"X-Api-Key": "," * (10 * MB)},
    "key of letters": {"X-Api-Key": "\xe9" * (10 * MB)},
    "rounds": {"Authorization": f"Bearer {segment(PBES2)}.{b64(b'x')}.{b64(b'x')}"},
    "rounds of a token": {"Authorization": f"Bearer {segment(PBES2)}.{segment(CLAIMS)}.{b64(b'x' * 64)}"},
    "deep": {"Authorization": f"Bearer {segment(b'[' * 8_000)}.{segment(CLAIMS)}.AAAA"},
    "deep claims": {"Authorization": f"Bearer {segment({'alg': 'ES256'})}.{segment(b'{' + b'[' * 8_000)}.AAAA"},
    "digits": {"Authorization": f"Bearer {segment({'alg': 'ES256'})}.{segment(b'{' + b'1' * 9_000)}.AAAA"},
    "cookie": {"Cookie": "a=1; " * (2 * MB), "Authorization": "Bearer x"},
    "scheme": {"Authorization": "x" * (10 * MB)},
}


@pytest.mark.usefixtures("_nothing_costly")
@pytest.mark.parametrize("name", COSTLY)
def test_refused_before_it_costs(name: str) -> None:
    made, events = guard()
    for rule in (any_of("token", "key", "staff"), "token", "staff"):
        denied = made.decide_sync(View.of("GET", "/", COSTLY[name]), rule)
        assert isinstance(denied, Denied)
        assert denied.kind != "error"
        assert len(denied.body) < 1_000
        assert sum(len(value) for _, value in denied.headers) < 2_000
        assert len(events[-1].to_json()) < 8_000


def test_the_shortcut_too() -> None:
    made, _ = watched(jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys))
    app = made.asgi(Endpoint(), {"/*": "token"})

    async def go() -> None:
        for headers in COSTLY.values():
            lower = {name.lower(): value for name, value in headers.items()}
            assert (await acall(app, headers=lower)).status in (400, 401)

    asyncio.run(go())


def test_passwords_that_share_72_bytes_differ() -> None:
    pytest.importorskip("bcrypt")
    import bcrypt

    common = "x" * 72
    stored = bcrypt.hashpw(common.encode(), bcrypt.gensalt(4)).decode()
    made, _ = watched(basic(account=lambda name: Account("mara", stored)))
    for typed, accepted in ((common, True), (common + "1", False), (common + "2", False)):
        assert made.decide_sync(View.of("GET", "/", authorization("mara", typed))).accepted is accepted


@pytest.mark.parametrize("style", ["account", "verify", "awaited"])
def test_a_flood_of_wrong_passwords(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes at once stay at their cap, the queue at its length, and another route is answered meanwhile."""
    release, running, most, lock = threading.Event(), 0, 0, threading.Lock()

    def slow(*_: object) -> bool:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        assert release.wait(20)
        with lock:
            running -= 1
        return False

    monkeypatch.setattr(password.Passwords, "check", slow)

    async def awaited(credential: Any) -> object:
        return {"n": 1} if await credential.matches(STORED) else deny(Cause.WRONG_SECRET)

    styles: dict[str, dict[str, Any]] = {
        "account": {"account": lambda name: Account("mara", STORED)},
        "verify": {"verify": lambda c: {"n": 1} if c.matches(STORED) else deny(Cause.WRONG_SECRET)},
        "awaited": {"verify": awaited},
    }
    made, _ = watched(
        basic("staff", current_hash=STORED, **styles[style]), jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys),
        hash_workers=3, hash_queue=100, timeout_s=20,
    )  # fmt: skip
    app = made.asgi(Endpoint(), {"/staff": "staff", "/*": "token"})

    async def go() -> tuple[list[int], int]:
        flood = [
            asyncio.ensure_future(
                acall(app, "GET", "/staff", {"authorization": authorization("mara", f"x{n}")["Authorization"]})
            )
            for n in range(500)
        ]
        while sum(task.done() for task in flood) < 397:  # what did not fit is refused at once
            await asyncio.sleep(0.001)
        other = await acall(app, "GET", "/orders", {"authorization": f"Bearer {ONE.token()}"})
        assert not release.is_set()
        release.set()
        return [answer.status for answer in await asyncio.gather(*flood)], other.status

    statuses, other = asyncio.run(go())
    assert other == 200
    assert most == 3
    assert (statuses.count(401), statuses.count(429)) == (103, 397)
    made.close()
