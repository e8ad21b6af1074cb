"""Row 1: every algorithm name with every kind of key, and every text form of a public key as a shared secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.guard.scripted import decide, watched
from tests.verify.jose_tokens import AUDIENCE, CLAIMS, ISSUER, Signer, b64, segment, signer

import authwhy.verify.jwk as keys_module
from authwhy.causes import Cause
from authwhy.guard import Denied, jwt
from authwhy.model.policy import KNOWN_ALGORITHMS

KEYS = [
    signer(alg) for alg in ("RS256", "PS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed448", "HS256", "HS512")
]
NONE = ["".join(word) for word in itertools.product("nN", "oO", "nN", "eE")]
NAMES = [
    *KNOWN_ALGORITHMS,
    *NONE,
    "",
    "hs256",
    "HS256 ",
    "ES256\x00",
    "dir",
    "A256KW",
    "RSA-OAEP",
    "PBES2-HS256+A128KW",
    "null",
]


def decision(one: Signer, token: str, **settings: Any) -> Any:
    made, _ = watched(jwt(issuer=ISSUER, audience=AUDIENCE, keys={"keys": [one.jwk]}, **settings))
    return decide(made, {"Authorization": f"Bearer {token}"})


def token(head: dict[str, Any], secret: bytes | None, one: Signer | None = None) -> str:
    signed = f"{segment(head)}.{segment(CLAIMS)}"
    if one is not None:
        return f"{signed}.{b64(one.sign(signed.encode()))}"
    digest = hashlib.sha512 if head["alg"].endswith("512") else hashlib.sha256
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), digest) if secret is not None else b'')}"


@pytest.mark.parametrize("one", KEYS, ids=lambda one: one.alg)
def test_every_name_with_every_key(one: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature of this key under another name is refused without looking at the signature."""
    fitting = one.keys.keys[0].algorithms
    checked: list[str] = []
    plain: Any = vars(keys_module)["signature_check"]

    def noting(algorithm: Any, native: Any) -> Any:
        checked.append(algorithm.name)
        return plain(algorithm, native)

    monkeypatch.setattr(keys_module, "signature_check", noting)
    made, _ = watched(jwt(issuer=ISSUER, audience=AUDIENCE, keys={"keys": [one.jwk]}, algorithms=KNOWN_ALGORITHMS))
    for name in NAMES:
        if name in fitting:
            continue
        found = decide(made, {"Authorization": f"Bearer {token({'alg': name, 'kid': 'k1'}, None, one)}"})
        assert isinstance(found, Denied)
        assert found.cause is Cause.UNSUPPORTED_ALGORITHM, name
    assert checked == []
    assert decide(made, {"Authorization": f"Bearer {one.token()}"}).accepted
    assert checked == [one.alg]


ALLOWED: list[dict[str, Any]] = [{}, {"algorithms": KNOWN_ALGORITHMS}]


def public_texts(one: Signer) -> list[bytes]:
    """Everything that a careless library would take for a shared secret."""
    public = one.public
    texts = []
    for encoding, form in (
        (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        (Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ):
        texts.append(public.public_bytes(encoding, form))
    texts += [json.dumps(one.jwk).encode(), json.dumps(one.jwk, separators=(",", ":")).encode()]
    texts += [base64.b64encode(texts[1]), str(one.jwk.get("n", one.jwk.get("x"))).encode(), b""]
    return [form for text in texts for form in (text, text.strip(), text + b"\n", text.replace(b"\n", b"\r\n"))]


@pytest.mark.parametrize("one", [one for one in KEYS if one.alg[:2] != "HS"], ids=lambda one: one.alg)
def test_a_public_key_is_no_secret(one: Signer) -> None:
    made = [
        watched(jwt(issuer=ISSUER, audience=AUDIENCE, keys=keys, **settings))[0]
        for keys in ({"keys": [one.jwk]}, one.pem)
        for settings in ALLOWED
    ]
    for secret, name in itertools.product(public_texts(one), ("HS256", "HS512")):
        forged = token({"alg": name, "kid": "k1"}, secret)
        for guard in made:
            found = decide(guard, {"Authorization": f"Bearer {forged}"})
            assert isinstance(found, Denied)
            assert found.cause is Cause.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize("name", NONE)
@pytest.mark.parametrize("signature", ["", "AA", "A" * 43])
def test_none(name: str, signature: str) -> None:
    one = signer("ES256")
    for head in ({"alg": name}, {"alg": name, "kid": "k1", "typ": "JWT"}):
        found = decision(one, f"{segment(head)}.{segment(CLAIMS)}.{signature}")
        assert isinstance(found, Denied)
        assert found.cause is Cause.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize(
    "more",
    [
        {"crit": ["exp2"], "exp2": 1}, {"crit": ["b64"], "b64": False}, {"crit": ["http://x/y"], "http://x/y": None},
        {"b64": False}, {"crit": []}, {"crit": ["alg"]}, {"crit": ["missing"]}, {"crit": "exp"}, {"crit": ["a", "a"], "a": 1},
        {"crit": [1]}, {"crit": None},
    ],
    ids=str,
)  # fmt: skip
def test_unknown_critical_extensions(more: dict[str, Any]) -> None:
    one = signer("ES256")
    found = decision(one, one.raw({"alg": "ES256", "kid": "k1", **more}, CLAIMS))
    assert isinstance(found, Denied)
    assert found.cause in (Cause.UNSUPPORTED_ALGORITHM, Cause.MALFORMED)


def test_a_secret_shorter_than_the_key_is_no_key() -> None:
    """And a key of the set that says what it is for is used for that alone."""
    one = signer("HS256")
    made, _ = watched(jwt(keys={"keys": [{**one.jwk, "alg": "HS512"}]}, algorithms=KNOWN_ALGORITHMS))
    found = decide(made, {"Authorization": f"Bearer {one.token()}"})
    assert isinstance(found, Denied)
    assert found.cause is Cause.UNSUPPORTED_ALGORITHM
