"""The signature algorithms: which key each one needs, and a check prepared once per key.

RFC 7518 3, RFC 8037 3.1, RFC 8812 3.2, RFC 9864 2.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import Final, Literal, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hmac import HMAC
from msgspec import Struct

from authwhy.verify.segments import encode, octets

NativeKey: TypeAlias = (
    bytes | rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
)
"""What signs and verifies: secret octets, or a public key of `cryptography`."""

SignatureCheck: TypeAlias = Callable[[bytes, bytes], bool]
"""(signing input, signature segment as written) -> does it hold? Never raises."""


class Algorithm(Struct, frozen=True):
    """One `alg` name. `curves` are the `crv` values it goes with.

    `size` is the signature in octets, 0 where the key decides.
    """

    name: str
    family: Literal["HS", "RS", "PS", "ES", "Ed"]
    kty: Literal["oct", "RSA", "EC", "OKP"]
    curves: tuple[str, ...] = ()
    digest: type[hashes.HashAlgorithm] = hashes.SHA256
    size: int = 0


ALGORITHMS: Final = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm("HS256", "HS", "oct", (), hashes.SHA256, 32),
        Algorithm("HS384", "HS", "oct", (), hashes.SHA384, 48),
        Algorithm("HS512", "HS", "oct", (), hashes.SHA512, 64),
        Algorithm("RS256", "RS", "RSA", (), hashes.SHA256),
        Algorithm("RS384", "RS", "RSA", (), hashes.SHA384),
        Algorithm("RS512", "RS", "RSA", (), hashes.SHA512),
        Algorithm("PS256", "PS", "RSA", (), hashes.SHA256),
        Algorithm("PS384", "PS", "RSA", (), hashes.SHA384),
        Algorithm("PS512", "PS", "RSA", (), hashes.SHA512),
        Algorithm("ES256", "ES", "EC", ("P-256",), hashes.SHA256, 64),
        Algorithm("ES384", "ES", "EC", ("P-384",), hashes.SHA384, 96),
        Algorithm("ES512", "ES", "EC", ("P-521",), hashes.SHA512, 132),
        Algorithm("ES256K", "ES", "EC", ("secp256k1",), hashes.SHA256, 64),
        Algorithm("EdDSA", "Ed", "OKP", ("Ed25519", "Ed448")),
        Algorithm("Ed25519", "Ed", "OKP", ("Ed25519",), size=64),
        Algorithm("Ed448", "Ed", "OKP", ("Ed448",), size=114),
    )
}
"""Every algorithm known here; `none` is deliberately not one (RFC 8725 3.2)."""


def fitting(kty: str, crv: str | None) -> tuple[str, ...]:
    """The algorithms that a key of this type and curve can check."""
    return tuple(
        name
        for name, algorithm in ALGORITHMS.items()
        if algorithm.kty == kty and (not algorithm.curves or crv in algorithm.curves)
    )


def signature_size(algorithm: Algorithm, native: NativeKey) -> int:
    """Octets of a complete signature with this key."""
    if algorithm.size:
        return algorithm.size
    if isinstance(native, rsa.RSAPublicKey):
        return (native.key_size + 7) // 8
    return 114 if isinstance(native, ed448.Ed448PublicKey) else 64


def signature_check(algorithm: Algorithm, native: NativeKey) -> SignatureCheck:
    """Prepare the check of one algorithm with one key. Raises TypeError when they do not belong together."""
    if algorithm.family == "HS" and isinstance(native, bytes):
        return _hmac_check(native, algorithm.digest())
    if algorithm.family == "RS" and isinstance(native, rsa.RSAPublicKey):
        return _rsa_check(native, padding.PKCS1v15(), algorithm.digest())
    if algorithm.family == "PS" and isinstance(native, rsa.RSAPublicKey):
        digest = algorithm.digest()
        return _rsa_check(native, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    if algorithm.family == "ES" and isinstance(native, ec.EllipticCurvePublicKey):
        return _ecdsa_check(native, algorithm.size // 2, algorithm.digest())
    if algorithm.family == "Ed" and isinstance(native, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return _eddsa_check(native)
    raise TypeError(f"{algorithm.name} cannot be checked with this key")


def _hmac_check(secret: bytes, digest: hashes.HashAlgorithm) -> SignatureCheck:
    keyed = HMAC(secret, digest).copy

    def check(signed: bytes, signature: bytes) -> bool:
        mac = keyed()
        mac.update(signed)
        return compare_digest(encode(mac.finalize()), signature)

    return check


def _rsa_check(
    key: rsa.RSAPublicKey, scheme: padding.AsymmetricPadding, digest: hashes.HashAlgorithm
) -> SignatureCheck:
    verify = key.verify

    def check(signed: bytes, signature: bytes) -> bool:
        raw = octets(signature)
        if type(raw) is not bytes:
            return False
        try:
            verify(raw, signed, scheme, digest)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            return False
        return True

    return check


def _ecdsa_check(key: ec.EllipticCurvePublicKey, half: int, digest: hashes.HashAlgorithm) -> SignatureCheck:
    verify, scheme, whole, number = key.verify, ec.ECDSA(digest), 2 * half, int.from_bytes

    def check(signed: bytes, signature: bytes) -> bool:
        raw = octets(signature)
        if type(raw) is not bytes or len(raw) != whole:  # r and s, fixed width (RFC 7518 3.4); DER is refused
            return False
        try:
            verify(encode_dss_signature(number(raw[:half], "big"), number(raw[half:], "big")), signed, scheme)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            return False
        return True

    return check


def _eddsa_check(key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) -> SignatureCheck:
    verify = key.verify

    def check(signed: bytes, signature: bytes) -> bool:
        raw = octets(signature)
        if type(raw) is not bytes:
            return False
        try:
            verify(raw, signed)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            return False
        return True

    return check
