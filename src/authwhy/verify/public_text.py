"""Is this "secret" in truth a public key? Then anybody who knows the key could make HS256 tokens (RFC 8725 2.1)."""

from __future__ import annotations

import binascii

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

_SSH = (b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-")
_POINTS: dict[int, ec.EllipticCurve] = {65: ec.SECP256R1(), 97: ec.SECP384R1(), 133: ec.SECP521R1()}
_MAX = 65_536


def holds_public_key(secret: bytes) -> bool:
    """True for PEM, SSH, DER, JWK and uncompressed-point forms of a key, also once in base64 or hex. Never raises."""
    text = secret.strip()
    if len(text) > _MAX:
        return b"-----BEGIN " in text
    return _is_key(secret) or _is_key(text) or any(_is_key(inner) for inner in _unwrapped(text))


def _is_key(octets: bytes) -> bool:
    text = b"-----BEGIN " in octets or (octets.startswith(_SSH) and b" AAAA" in octets[:80])
    return text or _is_jwk(octets) or _is_der(octets) or _is_point(octets)


def _unwrapped(text: bytes) -> list[bytes]:
    """What the text says when it is base64 or hex of something."""
    compact = b"".join(text.split())
    inner = []
    for decode in (_base64, binascii.unhexlify):
        try:
            inner.append(decode(compact))
        except ValueError:
            continue
    return inner


def _base64(text: bytes) -> bytes:
    standard = text.translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    return binascii.a2b_base64(standard + b"=" * (-len(standard) % 4), strict_mode=True)


def _is_jwk(octets: bytes) -> bool:
    if octets[:1] != b"{":
        return False
    try:
        members = msgspec.json.decode(octets, type=dict[str, object])
    except (ValueError, RecursionError):
        return False
    return "keys" in members or members.get("kty") in ("RSA", "EC", "OKP")


def _is_der(octets: bytes) -> bool:
    if octets[:1] != b"\x30":
        return False
    for load in (load_der_public_key, x509.load_der_x509_certificate):
        try:
            load(octets)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        return True
    return False


def _is_point(octets: bytes) -> bool:
    curve = _POINTS.get(len(octets))
    if curve is None or octets[0] != 4:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(curve, octets)
    except ValueError:
        return False
    return True
