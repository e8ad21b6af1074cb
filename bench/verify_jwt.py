"""First check of a JWT: authwhy against the bare signature check, PyJWT and joserfc, all in one run.

Prints ratios (1 = the bare `hashlib` or `cryptography` verification of the same bytes). Run: python bench/verify_jwt.py
"""

from __future__ import annotations

import hmac
import json
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import jwt as pyjwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from joserfc import jwk as jose_jwk
from joserfc import jwt as jose_jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from authwhy.model.outcome import Accepted
from authwhy.model.policy import JwtPolicy
from authwhy.verify import jwt
from authwhy.verify.flow import drive
from authwhy.verify.jwk import KeySet
from authwhy.verify.segments import encode

NOW = 1_767_625_200
ISSUER, AUDIENCE = "https://id.example.com", "https://orders.example.com"
CLAIMS: dict[str, object] = {
    "iss": ISSUER,
    "sub": "alice",
    "aud": AUDIENCE,
    "iat": NOW - 60,
    "nbf": NOW - 60,
    "exp": 4_000_000_000,
    "jti": "f1c5b2a09d",
    "scope": "orders:read orders:write",
}
SECRET = b"a shared secret of 32 octets ...."
ROUNDS = 25
TARGET = {"HS256": 3.0, "RS256": 1.35, "ES256": 1.13, "EdDSA": 1.10}


@dataclass(frozen=True)
class Suite:
    """One algorithm: how to sign, the bare check, and each library with its key prepared."""

    alg: str
    sign: Callable[[bytes], bytes]
    bare: Callable[[bytes, bytes], None]
    keys: KeySet
    pyjwt_key: object
    jose_key: object

    def token(self, header: dict[str, object] | None = None, **claims: object) -> bytes:
        """A signed token; members that are None are left out."""
        head = {"alg": self.alg, "kid": "k1", "typ": "JWT", **(header or {})}
        body = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
        signed = b".".join(encode(json.dumps(part, separators=(",", ":")).encode()) for part in (head, body))
        return signed + b"." + encode(self.sign(signed))


def _bare_hmac(signed: bytes, signature: bytes) -> None:
    if not hmac.compare_digest(hmac.digest(SECRET, signed, "sha256"), signature):
        raise InvalidSignature


def _pem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def suites() -> list[Suite]:
    """The four algorithms of the targets, with new keys."""
    digest, ecdsa, pkcs1 = hashes.SHA256(), ec.ECDSA(hashes.SHA256()), padding.PKCS1v15()
    rsa_key, ec_key = rsa.generate_private_key(65_537, 2048), ec.generate_private_key(ec.SECP256R1())
    ed_key = ed25519.Ed25519PrivateKey.generate()
    rsa_public, ec_public, ed_public = rsa_key.public_key(), ec_key.public_key(), ed_key.public_key()

    def ec_sign(signed: bytes) -> bytes:
        r, s = decode_dss_signature(ec_key.sign(signed, ecdsa))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def ec_bare(signed: bytes, signature: bytes) -> None:
        ec_public.verify(signature, signed, ecdsa)

    found = [
        Suite(
            "HS256",
            lambda signed: hmac.digest(SECRET, signed, "sha256"),
            _bare_hmac,
            KeySet.from_secret(SECRET, "k1"),
            SECRET,
            jose_jwk.OctKey.import_key(SECRET),
        )
    ]
    for alg, public, sign, bare, kind in (
        (
            "RS256",
            rsa_public,
            lambda signed: rsa_key.sign(signed, pkcs1, digest),
            lambda signed, signature: rsa_public.verify(signature, signed, pkcs1, digest),
            jose_jwk.RSAKey,
        ),
        ("ES256", ec_public, ec_sign, ec_bare, jose_jwk.ECKey),
        (
            "EdDSA",
            ed_public,
            ed_key.sign,
            lambda signed, signature: ed_public.verify(signature, signed),
            jose_jwk.OKPKey,
        ),
    ):
        pem = _pem(public)
        found.append(Suite(alg, sign, bare, KeySet.from_pem(pem, "k1"), public, kind.import_key(pem)))
    return found


def _medians(calls: dict[str, Callable[[], object]], loops: int) -> dict[str, float]:
    """Median seconds per call, all calls taking turns so that they share the machine's moods."""
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            started = time.perf_counter()
            for _ in range(loops):
                call()
            samples[name].append((time.perf_counter() - started) / loops)
    return {name: statistics.median(times) for name, times in samples.items()}


def _pyjwt(suite: Suite) -> Callable[[bytes], object]:
    key, algorithms = suite.pyjwt_key, [suite.alg]

    def call(token: bytes) -> object:
        try:
            return pyjwt.decode(token, key, algorithms=algorithms, audience=AUDIENCE, issuer=ISSUER)  # type: ignore[arg-type]
        except pyjwt.PyJWTError as error:
            return error

    return call


def _joserfc(suite: Suite) -> Callable[[bytes], object]:
    registry = JWSRegistry(algorithms=[suite.alg], strict_check_header=False)
    claims = jose_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": AUDIENCE}
    )
    key = suite.jose_key

    def call(token: bytes) -> object:
        try:
            found = jose_jwt.decode(token, key, registry=registry)  # type: ignore[arg-type]
            claims.validate(found.claims)
        except JoseError as error:
            return error
        return found

    return call


def _tokens(suite: Suite) -> dict[str, bytes]:
    good = suite.token()
    head, body, signature = good.split(b".")
    raw = suite.token(sub="mallory").split(b".")[2]
    none = encode(json.dumps({"alg": "none", "kid": "k1", "typ": "JWT"}, separators=(",", ":")).encode())
    garbage = bytes(b"abcdefghijklmnop"[index * 7 % 16] for index in range(8_192))
    return {
        "accepted": good,
        "bad signature": head + b"." + body + b"." + raw,
        "unknown key": suite.token({"kid": "k9"}),
        "alg none": none + b"." + body + b".",
        "wrong issuer": suite.token(iss="https://id.example.com/"),
        "wrong audience": suite.token(aud="https://other.example.com"),
        "expired": suite.token(exp=NOW - 312),
        "not yet valid": suite.token(nbf=NOW + 312),
        "missing scope": suite.token(scope="orders:list"),
        "missing claim": suite.token(jti=None),
        "with a final newline": good + b"\n",
        "cut in the claims": good[: len(head) + 40],
        "duplicate member": head + b"." + encode(b'{"iss":"a","iss":"b"}') + b"." + signature,
        "8 kB garbage": garbage,
        "8 kB garbage, two dots": garbage[:100] + b"." + garbage[100:8_000] + b"." + garbage[8_000:],
        "8 kB of dots": b"." * 8_192,
    }


def measure(suite: Suite, loops: int) -> list[tuple[str, dict[str, float]]]:
    """Rows of (case, ratio by library), 1 = the bare check of the accepted token."""
    policy = JwtPolicy(
        algorithms=(suite.alg,),
        issuers=(ISSUER,),
        audiences=(AUDIENCE,),
        required=("jti",),
        scope=("orders:read",),
    )
    tokens = _tokens(suite)
    good = tokens["accepted"]
    signed, _, _ = good.rpartition(b".")
    raw = suite.sign(signed)
    keys, peers = suite.keys, {"PyJWT": _pyjwt(suite), "joserfc": _joserfc(suite)}
    rows = []
    for name, token in tokens.items():
        text = token.decode()
        calls: dict[str, Callable[[], object]] = {"bare": lambda: suite.bare(signed, raw)}
        if suite.alg == "ES256":  # the bare check wants DER
            der = _der(raw)
            calls["bare"] = lambda der=der: suite.bare(signed, der)  # type: ignore[misc]
        calls["check"] = lambda text=text: jwt.check(text, policy, NOW, keys)  # type: ignore[misc]
        calls["flow"] = lambda text=text: drive(jwt.verify(text, policy, NOW), lambda _: keys)  # type: ignore[misc]
        calls |= {peer: lambda call=call, token=token: call(token) for peer, call in peers.items()}  # type: ignore[misc]
        outcome = jwt.check(text, policy, NOW, keys)
        if isinstance(outcome, Accepted) != (name == "accepted"):
            raise RuntimeError(f"{suite.alg}, {name}: {outcome}")
        times = _medians(calls, loops)
        rows.append((name, {peer: value / times["bare"] for peer, value in times.items()}))
    return rows


def _der(raw: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))


def main() -> None:
    """Print one table per algorithm."""
    warnings.simplefilter("ignore")
    for suite in suites():
        rows = measure(suite, 2_000 if suite.alg == "HS256" else 100)
        accepted = rows[0][1]["check"]
        print(f"\n{suite.alg}: 1 = the bare check; target of the first check: {TARGET[suite.alg]}")
        print(f"{'':26}{'authwhy':>9}{'flow':>9}{'PyJWT':>9}{'joserfc':>9}{'of an accept':>15}")
        for name, ratio in rows:
            columns = "".join(f"{ratio[peer]:9.2f}" for peer in ("check", "flow", "PyJWT", "joserfc"))
            print(f"{name:26}{columns}{ratio['check'] / accepted:15.2f}")


if __name__ == "__main__":
    main()
