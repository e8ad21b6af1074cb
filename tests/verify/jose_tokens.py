"""Keys and tokens for the JOSE tests, made with `cryptography` and the standard library only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from authwhy.model.policy import KNOWN_ALGORITHMS, JwtPolicy
from authwhy.verify.jwk import KeySet

NOW = 1_767_625_200
ISSUER, AUDIENCE = "https://id.example.com/realms/shop", "https://orders.example.com"
SECRET = b"an invented secret that is long enough even for the widest digest"
CLAIMS: dict[str, object] = {
    "iss": ISSUER,
    "sub": "alice",
    "aud": AUDIENCE,
    "iat": NOW - 60,
    "nbf": NOW - 60,
    "exp": NOW + 300,
    "jti": "f1c5b2a09d",
    "scope": "orders:read orders:write",
}
POLICY = JwtPolicy(algorithms=KNOWN_ALGORITHMS, issuers=(ISSUER,), audiences=(AUDIENCE,))
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
_CURVES: dict[str, tuple[ec.EllipticCurve, str, int]] = {
    "ES256": (ec.SECP256R1(), "P-256", 32),
    "ES384": (ec.SECP384R1(), "P-384", 48),
    "ES512": (ec.SECP521R1(), "P-521", 66),
    "ES256K": (ec.SECP256K1(), "secp256k1", 32),
}
_DIGESTS: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def b64(octets: bytes) -> str:
    """base64url without padding, written independently of the code under test."""
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def unb64(text: str) -> bytes:
    """The reverse."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def segment(part: object) -> str:
    """A header or claims segment; bytes are taken as they are, anything else as compact JSON."""
    return b64(part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode())


def number(value: int, size: int = 0) -> str:
    """A base64url unsigned integer (RFC 7518 2)."""
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def digest_for(alg: str) -> hashes.HashAlgorithm:
    """The digest of an algorithm name."""
    return _DIGESTS[alg[2:5]]


@dataclass(frozen=True)
class Signer:
    """One key pair or secret, and the algorithm it signs with."""

    alg: str
    private: PrivateKey | bytes
    kid: str | None = "k1"
    claims: Mapping[str, object] = field(default_factory=lambda: CLAIMS, hash=False)

    def sign(self, signed: bytes, alg: str | None = None) -> bytes:
        """The raw signature under this or another algorithm of the same key."""
        alg = alg or self.alg
        if isinstance(self.private, bytes):
            return hmac.digest(self.private, signed, f"sha{alg[2:]}")
        if isinstance(self.private, rsa.RSAPrivateKey):
            digest = digest_for(alg)
            pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
            return self.private.sign(signed, pss if alg[0] == "P" else padding.PKCS1v15(), digest)
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.private.sign(signed, ec.ECDSA(digest_for(alg))))
            size = (self.private.key_size + 7) // 8
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        return self.private.sign(signed)

    def token(self, header: Mapping[str, object] | None = None, /, **claims: object) -> str:
        """A good token with these changes; a value of None leaves the member out."""
        head = {"alg": self.alg, "kid": self.kid, "typ": "JWT", **(header or {})}
        body = {**self.claims, **claims}
        return self.raw(
            {name: value for name, value in head.items() if value is not None},
            {name: value for name, value in body.items() if value is not None},
        )

    def raw(self, head: object, body: object, alg: str | None = None) -> str:
        """A token of exactly this header and body, properly signed."""
        signed = f"{segment(head)}.{segment(body)}"
        return f"{signed}.{b64(self.sign(signed.encode(), alg))}"

    @property
    def public(self) -> PublicKey:
        """The public key; fails for a secret."""
        assert not isinstance(self.private, bytes)
        return self.private.public_key()

    @property
    def pem(self) -> bytes:
        """The public key as PEM."""
        return self.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    @property
    def jwk(self) -> dict[str, object]:
        """The public (or shared) key as JWK, with kid."""
        members: dict[str, object]
        if isinstance(self.private, bytes):
            members = {"kty": "oct", "k": b64(self.private)}
        elif isinstance(self.public, rsa.RSAPublicKey):
            numbers = self.public.public_numbers()
            members = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        elif isinstance(self.public, ec.EllipticCurvePublicKey):
            point, (_, crv, size) = self.public.public_numbers(), _CURVES[self.alg]
            members = {"kty": "EC", "crv": crv, "x": number(point.x, size), "y": number(point.y, size)}
        else:
            crv = "Ed25519" if isinstance(self.public, ed25519.Ed25519PublicKey) else "Ed448"
            raw = self.public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            members = {"kty": "OKP", "crv": crv, "x": b64(raw)}
        return members if self.kid is None else {**members, "kid": self.kid}

    @property
    def keys(self) -> KeySet:
        """A set of this key alone."""
        return KeySet.from_jwks({"keys": [self.jwk]})


@cache
def signer(alg: str, kid: str | None = "k1", number: int = 0) -> Signer:
    """A signer for an algorithm; another `number` is another key. RSA keys are shared by all RSA algorithms."""
    return Signer(alg, _private(alg if alg[:2] not in ("RS", "PS") else "RSA", number), kid)


@cache
def _private(kind: str, number: int) -> PrivateKey | bytes:
    if kind.startswith("HS"):
        return SECRET if number == 0 else hashlib.sha512(SECRET + bytes([number])).digest()
    if kind == "RSA":
        return rsa.generate_private_key(65_537, 2048)
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind][0])
    return ed448.Ed448PrivateKey.generate() if kind == "Ed448" else ed25519.Ed25519PrivateKey.generate()
