"""The signature algorithms of RFC 9421 section 3.3: which key each one goes with, and how it is checked."""

from __future__ import annotations

from functools import lru_cache
from hmac import compare_digest
from hmac import digest as hmac_digest

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from authwhy.verify.hmac_request.interface import SigningSecret
from authwhy.verify.key_material import MAX_RSA_BITS, MIN_RSA_BITS

ALGORITHMS = (
    "hmac-sha256",
    "ed25519",
    "ecdsa-p256-sha256",
    "ecdsa-p384-sha384",
    "rsa-pss-sha512",
    "rsa-v1_5-sha256",
)
_RSA = ("rsa-pss-sha512", "rsa-v1_5-sha256")
_CURVES = {"secp256r1": "ecdsa-p256-sha256", "secp384r1": "ecdsa-p384-sha384"}
_PSS = padding.PSS(padding.MGF1(hashes.SHA512()), 64)


def names_for(secret: SigningSecret) -> tuple[str, ...]:
    """The algorithms that a secret or key can check; none for a key that is too weak or of a kind not known."""
    key = secret.secret
    names: tuple[str, ...] = ()
    if isinstance(key, bytes):
        names = ("hmac-sha256",)
    elif isinstance(key, ed25519.Ed25519PublicKey):
        names = ("ed25519",)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        name = _CURVES.get(key.curve.name)
        names = (name,) if name else ()
    elif isinstance(key, rsa.RSAPublicKey) and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        names = _RSA
    return names if not secret.algorithm else tuple(name for name in names if name == secret.algorithm)


def holds(name: str, secret: SigningSecret, base: bytes, signature: bytes) -> bool:
    """Is this a signature of these octets? `name` is one of `names_for(secret)`. Never raises."""
    key = secret.secret
    if isinstance(key, bytes):
        return compare_digest(hmac_digest(key, base, "sha256"), signature)
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, base)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            _verify_ecdsa(key, base, signature)
        elif isinstance(key, rsa.RSAPublicKey):
            if name == "rsa-pss-sha512":
                key.verify(signature, base, _PSS, hashes.SHA512())
            else:
                key.verify(signature, base, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _verify_ecdsa(key: ec.EllipticCurvePublicKey, base: bytes, signature: bytes) -> None:
    """r and s side by side, of fixed width (RFC 9421 3.3.4). Raises InvalidSignature."""
    half = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * half:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    digest = hashes.SHA256() if half == 32 else hashes.SHA384()
    key.verify(encode_dss_signature(r, s), base, ec.ECDSA(digest))


@lru_cache(maxsize=8)
def dummy(name: str) -> SigningSecret:
    """A key that nobody signs with: what is tried, for the same work, where there is none."""
    if name == "ed25519":
        return SigningSecret("", ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex("58" + "66" * 31)))
    if name.startswith("ecdsa"):
        curve = ec.SECP256R1() if "p256" in name else ec.SECP384R1()
        return SigningSecret("", ec.derive_private_key(2, curve).public_key())
    if name.startswith("rsa"):
        return SigningSecret("", rsa.RSAPublicNumbers(65_537, 2**2048 - 2**1984 - 1).public_key(), algorithm=name)
    return SigningSecret("", b"no secret is known under this name")
