"""Guard's other providers end to end (a decision without a server) against the hashes alone and peers, in one run.

Prints ratios, 1 = the hashes and MACs of an accepted credential, nothing else. Peers that are not installed are
skipped with a line that says so. Run: python bench/guard_schemes.py
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from verify_hmac_request import BODY, KNOWN, NAMES, POLICY, SCOPE, peer, with_signature
from verify_hmac_request import NOW as SIGNED_AT
from verify_other import Calls, report

from authwhy.guard import ApiKeyRecord, DigestSecret, Guard, View, api_key, digest, ha1, signed_request
from authwhy.guard.schemes.session import session
from authwhy.stores.memory import MemorySeen
from authwhy.verify.api_key import digest_of
from authwhy.verify.digest_nonce import DigestNonces
from authwhy.verify.hmac_request import sigv4

COMMON = [(b"host", b"orders.example.com"), (b"user-agent", b"curl/8"), (b"accept", b"*/*")]
NOW = 1_767_625_200
LOOPS, ROUNDS = 400, 25


def deciding(guard: Guard, views: Iterator[View] | View, name: str) -> Callable[[], object]:
    """A call that decides; raises RuntimeError when the decision is not the one that its row is about."""
    accepted = name.startswith("accepted")

    def decide() -> None:
        view = views if isinstance(views, View) else next(views)
        decision = guard.decide_sync(view)
        if decision.accepted is not accepted:
            raise RuntimeError(f"{name}: {decision!r}")

    return decide


def view(*lines: tuple[bytes, bytes], method: str = "GET", path: str = "/orders") -> View:
    """A request as a server hands it over."""
    return View(method=method, path=path, raw_path=path.encode(), headers=[*COMMON, *lines], scheme="https")


def without(module: str, what: str) -> bool:
    """Is a peer missing? Says so."""
    if find_spec(module.partition(".")[0]) is not None:
        return False
    print(f"  (not installed, so not measured: {what})")
    return True


def keys() -> None:
    """API key: attainable 1.4, djangorestframework-api-key 4.0."""
    text = "acme_live_k7Qp2Zx9Lm4Vt8Rw1Yc6Bn3Df5"
    stored = digest_of(text)
    guard = Guard(api_key(records=[ApiKeyRecord("k1", stored, "alice")], prefix="acme_live_"), clock=lambda: float(NOW))
    rows = {"accepted": text, "unknown key": text[:-1] + "x", "8 kB garbage": "x" * 8_192}
    calls: Calls = {"bare": lambda: hmac.compare_digest(sha256(text.encode()).hexdigest(), stored)}
    calls |= {name: deciding(guard, view((b"x-api-key", sent.encode())), name) for name, sent in rows.items()}
    report("API key, decided by guard", calls, 2_000, ROUNDS)
    without("rest_framework_api_key", "djangorestframework-api-key")
    guard.close()


def digest_views(nonces: DigestNonces, secret: str) -> Iterator[View]:
    """Requests with one nonce count after the other."""
    nonce, ha2 = nonces.make("ops", "SHA-256", NOW, b"r" * 12), sha256(b"GET:/orders").hexdigest()
    for number in range(1, LOOPS * ROUNDS + 2):
        data = f"{secret}:{nonce}:{number:08x}:f2/wE4q74E6z:auth:{ha2}"
        value = (
            f'Digest username="alice", realm="ops", uri="/orders", algorithm=SHA-256, nonce="{nonce}", '
            f'nc={number:08x}, cnonce="f2/wE4q74E6z", qop=auth, response="{sha256(data.encode()).hexdigest()}"'
        )
        yield view((b"authorization", value.encode()))


def digests() -> None:
    """Digest: attainable 6.4, Flask-HTTPAuth 68 (MD5)."""
    secret, nonce_keys = ha1("alice", "ops", "secret", "SHA-256"), (b"k" * 32,)
    nonces = DigestNonces(nonce_keys)
    known = {"alice": DigestSecret("alice", {"SHA-256": secret})}

    async def account(name: str) -> DigestSecret | None:
        return known.get(name)

    def made(look_up: Any) -> Guard:
        provider = digest(account=look_up, realm="ops", keys=nonce_keys, seen=MemorySeen(10**6), max_nonce_count=10**6)
        return Guard(provider, clock=lambda: float(NOW))

    ready, again, third = (list(digest_views(nonces, secret)) for _ in range(3))
    wrong = next(digest_views(nonces, "x" * 64))
    text = next(digest_views(nonces, secret)).headers[-1][1]
    guard, threaded, asynchronous = made(known), made(known.get), made(account)

    def bare() -> None:
        ha2 = sha256(b"GET:/orders").hexdigest()
        sha256(text[:180] + ha2.encode()).hexdigest()
        hmac.digest(nonce_keys[0], text[:60], "sha256")
        sha256(b":/orders").hexdigest()
        sha256(text[:180]).hexdigest()

    calls: Calls = {
        "bare": bare,
        "accepted, table of secrets": deciding(guard, iter(ready), "accepted"),
        "accepted, look-up in a thread": deciding(threaded, iter(third), "accepted"),
        "accepted, async look-up": deciding(asynchronous, iter(again), "accepted"),
        "wrong password": deciding(guard, wrong, "wrong password"),
        "8 kB garbage": deciding(guard, view((b"authorization", b"Digest " + b"x" * 8_192)), "8 kB garbage"),
    }
    report("Digest (SHA-256, with Authentication-Info), decided by guard", calls, LOOPS, ROUNDS)
    without("flask_httpauth", "Flask-HTTPAuth")
    for one in (guard, threaded, asynchronous):
        one.close()


def signatures() -> None:
    """SigV4: attainable 2.1, botocore's recomputation 11.9."""
    blank = with_signature("0" * 64)
    to_sign, canonical = sigv4.string_to_sign(blank, POLICY), sigv4.canonical_request(blank, POLICY)
    key = sigv4.signing_key(KNOWN.secrets[0], SCOPE)
    if to_sign is None or canonical is None or key is None:
        raise RuntimeError("the request cannot be read")
    good = with_signature(hmac.digest(key, to_sign, "sha256").hex())
    if NAMES not in good.headers[-1][1]:
        raise RuntimeError("not the request that is meant")

    def seen(request: Any, body: bytes = BODY) -> View:
        lines = [(name.encode(), value.encode()) for name, value in request.headers]
        return View(
            method="POST", path=request.path, raw_path=request.path.encode(), query=request.query.encode(),
            headers=lines, scheme="https", read_body=lambda limit: body,
        )  # fmt: skip

    guard = Guard(signed_request(policy=POLICY, secrets={"AKIDEXAMPLE": KNOWN}), clock=lambda: float(SIGNED_AT))

    def bare() -> bool:
        sha256(BODY).hexdigest()
        sha256(canonical).hexdigest()
        return hmac.compare_digest(hmac.digest(key, to_sign, "sha256"), key)

    calls: Calls = {
        "bare": bare,
        "accepted": deciding(guard, seen(good), "accepted"),
        "bad signature": deciding(guard, seen(blank), "bad signature"),
        "body changed": deciding(guard, seen(good, b"{}"), "body changed"),
    }
    if not without("botocore", "botocore"):
        calls["botocore, recomputation"] = peer(good)
    report("SigV4, decided by guard", calls, 1_000, ROUNDS)
    guard.close()


def cookies() -> None:
    """Signed cookie: attainable 2.4; itsdangerous 5.6, Flask 7.9, Django 7.4. Guard's also looks the session up."""
    secret = "0123456789abcdef" * 2
    web = session("web", keys=[secret], secure=False)
    guard = Guard(web)
    lines = guard.world.run_sync(web.start(view(), int(time.time()), "alice"))
    pair = lines[0][1].split(b";")[0]
    signed = pair.partition(b"=")[2].rpartition(b".")[0]
    forged = pair[:-4] + bytes(reversed(pair[-4:])) if pair[-4:] != pair[-4:][::-1] else pair[:-1]
    calls: Calls = {
        "bare": lambda: hmac.compare_digest(hmac.digest(secret.encode(), signed, "sha256"), signed[:32]),
        "accepted": deciding(guard, view((b"cookie", pair)), "accepted"),
        "bad signature": deciding(guard, view((b"cookie", forged)), "bad signature"),
    }
    calls |= peers(secret)
    report("session cookie, decided by guard", calls, 1_000, ROUNDS)
    guard.close()


def peers(secret: str) -> Calls:
    """What reads a signed cookie elsewhere; none of them keeps anything at the server."""
    calls: Calls = {}
    if not without("itsdangerous", "itsdangerous"):
        signer: Any = import_module("itsdangerous").URLSafeTimedSerializer(
            secret, "cookie-session", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )
        value = signer.dumps({"sid": "x" * 22})
        calls["itsdangerous, loads"] = lambda: signer.loads(value, max_age=3_600)
    if not without("flask", "Flask"):
        flask: Any = import_module("flask")
        app = flask.Flask("bench")
        app.secret_key = secret
        serializer: Any = import_module("flask.sessions").SecureCookieSessionInterface().get_signing_serializer(app)
        cookie = serializer.dumps({"sid": "x" * 22})
        calls["Flask, signing serializer"] = lambda: serializer.loads(cookie, max_age=3_600)
    if not without("django", "Django"):
        signing: Any = import_module("django.core.signing")
        if not import_module("django.conf").settings.configured:
            import_module("django.conf").settings.configure()
        made = signing.dumps({"sid": "x" * 22}, key=secret)
        calls["Django, signing.loads"] = lambda: signing.loads(made, key=secret, max_age=3_600)
    if not without("starlette", "Starlette"):
        stamped: Any = import_module("itsdangerous").TimestampSigner(secret)
        data = stamped.sign(base64.b64encode(json.dumps({"sid": "x" * 22}).encode()))
        calls["Starlette, as SessionMiddleware"] = lambda: json.loads(
            base64.b64decode(stamped.unsign(data, max_age=3_600))
        )
    return calls


def main() -> None:
    """All of them."""
    keys()
    digests()
    signatures()
    cookies()


if __name__ == "__main__":
    main()
